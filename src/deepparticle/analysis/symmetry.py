r"""The symmetric and the antisymmetric part of couplings.

Every matrix of couplings is the sum of two parts that are orthogonal to each other,

.. math:: J = J^\dagger + A, \quad J^\dagger = \tfrac12 (J + J^T), \quad A = \tfrac12 (J - J^T),
          \quad \lVert J\rVert^2 = \lVert J^\dagger\rVert^2 + \lVert A\rVert^2

(Frobenius norms; Spisak & Friston 2026, simulation 3). The symmetric part alone has an energy,
which single-site dynamics descends, and so rests in fixed points. The antisymmetric part makes
currents: it is what carries a network on from one pattern to the next. With mixed precision the
parts that matter are those of :math:`K = \mathrm{diag}(\beta)\,J`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.analysis.networks import Network, couplings_of
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError

__all__ = ["antisymmetric_part", "asymmetry", "symmetric_part"]


def symmetric_part(network: Network) -> FloatArray:
    r"""The symmetric part of couplings, :math:`J^\dagger = (J + J^T) / 2`.

    Parameters
    ----------
    network : Simulator, or array_like of shape (..., N, N)
        Of several networks, that of each.

    Returns
    -------
    ndarray of shape (..., N, N)
        A new array, in nats per unit of state squared. To run it with the biases and settings of a
        simulator, give it to a fork: ``twin = sim.fork(); twin.couplings = symmetric_part(sim)``.

    Raises
    ------
    SettingError
        If the last two axes differ in length.

    Examples
    --------
    >>> symmetric_part([[0.0, 1.0], [0.5, 0.0]])
    array([[0.  , 0.75],
           [0.75, 0.  ]])
    """
    couplings = _square(network, "symmetric_part")
    result: FloatArray = (couplings + couplings.mT) / 2
    return result


def antisymmetric_part(network: Network) -> FloatArray:
    r"""The antisymmetric part of couplings, :math:`A = (J - J^T) / 2`.

    Parameters
    ----------
    network : Simulator, or array_like of shape (..., N, N)
        Of several networks, that of each.

    Returns
    -------
    ndarray of shape (..., N, N)
        A new array, in nats per unit of state squared.

    Raises
    ------
    SettingError
        If the last two axes differ in length.

    Examples
    --------
    >>> antisymmetric_part([[0.0, 1.0], [0.5, 0.0]])
    array([[ 0.  ,  0.25],
           [-0.25,  0.  ]])
    """
    couplings = _square(network, "antisymmetric_part")
    result: FloatArray = (couplings - couplings.mT) / 2
    return result


def asymmetry(network: Network) -> Any:
    r"""How far couplings are from symmetric.

    .. math:: \frac{\lVert J - J^T\rVert}{\lVert J\rVert} = 2\,\frac{\lVert A\rVert}{\lVert J\rVert}

    in Frobenius norms (Spisak & Friston 2026).

    Parameters
    ----------
    network : Simulator, or array_like of shape (..., N, N)

    Returns
    -------
    float, or ndarray of shape (...)
        0 for symmetric, 2 for antisymmetric couplings, √2 where the two parts are equally large; 0
        where all couplings are.

    Raises
    ------
    SettingError
        If the last two axes differ in length.

    Examples
    --------
    >>> asymmetry([[0.0, 1.0], [-1.0, 0.0]])
    2.0
    >>> asymmetry([[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [-1.0, 0.0]]])
    array([0., 2.])
    """
    couplings = _square(network, "asymmetry")
    norms = np.linalg.norm(couplings, axis=(-2, -1))
    differences = np.linalg.norm(couplings - couplings.mT, axis=(-2, -1))
    ratio = np.divide(differences, norms, out=np.zeros(norms.shape), where=norms > 0.0)
    return ratio if ratio.ndim else float(ratio)


def _square(network: Network, where: str) -> FloatArray:
    couplings = couplings_of(network)
    if couplings.ndim < 2 or couplings.shape[-2] != couplings.shape[-1]:
        rule = "couplings are square matrices, target × source"
        mend = "give an array of shape (..., N, N)"
        raise SettingError(Fault(where, rule, f"shape {couplings.shape}", mend))
    return couplings
