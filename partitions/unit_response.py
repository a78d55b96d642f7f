r"""How a unit answers to a field from outside, and the subparticle that answers like it.

With the gains :math:`D = \mathrm{diag}(\beta_i \phi''(\theta_i))` of its members at a reference,

.. math:: \delta S = g^T \delta h, \qquad g = D x, \qquad (I - J^T D)\, x = w,

where :math:`J` are the couplings inside. The effective gain is :math:`G = g^T v` with
:math:`v = w / w^T w`, the share of each member in the field of the unit :math:`p = g / G`. A
subparticle with mean :math:`L(\theta)` and precision :math:`\beta` has the gain
:math:`\beta\,\phi''(\theta)`; so with :math:`L(\theta) = S^*` its precision is
:math:`G / \phi''(\theta)`. (Derivation and limits: :mod:`deepparticle.partitions.coarsening`.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.gaussian import Gaussian
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.partitions.columns import LeafColumns

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["UnitResponse", "checked_family", "unit_response"]

# Up to this many members the eigenvalues of a unit are all computed, beyond it the leading one.
_DENSE = 400
_SPARSE_DENSITY = 0.1

# To which that one is found, relative to itself: whether it is below 1 is what is asked.
_LOOSE = 1e-3

# The largest argument that is looked for; there the states of a bounded family are at their bounds.
_LARGEST = 1e12


@dataclass(frozen=True, eq=False)
class UnitResponse:
    r"""A unit as a subparticle.

    Parameters
    ----------
    fields : ndarray of shape (n,)
        :math:`p`.
    gain, precision, argument : float
        :math:`G`, :math:`\beta` and :math:`\theta`.
    distribution : StateDistribution
    """

    fields: FloatArray
    gain: float
    precision: float
    argument: float
    distribution: StateDistribution


def checked_family(family: Any, where: str) -> StateDistribution | str | None:
    """Return what a caller gave as the distribution of units, if it can be one."""
    if family is None or family == "gaussian" or isinstance(family, StateDistribution):
        return family  # type: ignore[no-any-return]
    raise SettingTypeError(
        Fault(
            where,
            'the distribution of units is a StateDistribution, "gaussian" or None',
            repr(family),
            "give for example ContinuousBernoulli(), or None for that of the members",
        )
    )


def unit_response(
    columns: LeafColumns,
    inner: scipy.sparse.csr_array | None,
    rows: slice,
    weights: FloatArray,
    variance: FloatArray,
    arguments: FloatArray,
    resting: float,
    family: StateDistribution | str | None,
    where: str,
) -> UnitResponse:
    r"""The response of one unit.

    Parameters
    ----------
    columns : LeafColumns
        Of the world.
    inner : csr_array of shape (n, n), optional
        The couplings inside; None leaves them out.
    rows : slice
        The rows of the unit.
    weights, variance, arguments : ndarray of shape (n,)
        :math:`w`, and :math:`\phi''(\theta)` and :math:`\theta` at the reference.
    resting : float
        The state :math:`S^*` of the unit there.
    family : StateDistribution, "gaussian" or None
    where : str
        The unit, for messages.

    Raises
    ------
    SettingError
        If the unit would order by itself, does not answer to a field, or rests at a bound.
    """
    precision = columns.precision[rows]
    gains = precision * variance
    adjoint = weights
    if inner is not None and inner.nnz:
        adjoint = _adjoint(inner, gains, weights, where)
    lift = weights / (weights @ weights)
    gain = float((gains * adjoint) @ lift)
    # Without precision nothing is listened to, and members count as they would under little.
    counts = (variance if not np.any(precision) else gains) * adjoint
    if counts @ lift <= 0.0:
        raise SettingError(
            Fault(
                where,
                "a unit answers to a field with a change of its state in the same direction",
                f"a gain of {gain:.3g}",
                'coarsen a finer level, or leave couplings inside out with internal="ignore"',
            )
        )
    kinds = _kinds(columns, rows)
    spread = float((adjoint * variance) @ weights)
    distribution = _distribution(kinds, weights, family, spread, where)
    argument = _argument(
        distribution,
        resting,
        np.sign(weights) * arguments if kinds == [distribution] else np.zeros(1),
        where,
    )
    return UnitResponse(
        counts / (counts @ lift),
        gain,
        gain / distribution.variance(argument),
        argument,
        distribution,
    )


def _adjoint(
    inner: scipy.sparse.csr_array, gains: FloatArray, weights: FloatArray, where: str
) -> FloatArray:
    """Solve (I - Jᵀ D) x = w, if the unit comes to rest by itself."""
    size = len(weights)
    dense = size <= _DENSE or inner.nnz > _SPARSE_DENSITY * size * size
    couplings: Any = inner.toarray() if dense else inner
    leading = _leading_real_part(couplings, gains)
    if leading >= 1.0:
        raise SettingError(
            Fault(
                where,
                "a unit has a response while it does not order by itself: the eigenvalues of D J "
                "inside have real parts below 1",
                f"{leading:.4g}",
                "coarsen a finer level, start= from one of its attractors, or leave couplings "
                'inside out with internal="ignore"',
            )
        )
    if dense:
        solved: FloatArray = np.linalg.solve(np.eye(size) - couplings.T * gains, weights)
        return solved
    from scipy.sparse import diags_array, eye_array
    from scipy.sparse.linalg import spsolve

    system = eye_array(size) - couplings.T @ diags_array(gains)
    sparse: FloatArray = spsolve(system.tocsc(), weights)
    return sparse


def _leading_real_part(couplings: Any, gains: FloatArray) -> float:
    """The largest real part of the eigenvalues of D J."""
    from scipy.sparse import diags_array

    # D J has the eigenvalues of the matrix below, which is symmetric if J is.
    root = np.sqrt(gains)
    size = len(root)
    if isinstance(couplings, np.ndarray):
        system = root[:, None] * couplings * root
    else:
        system = diags_array(root) @ couplings @ diags_array(root)
    if size <= _DENSE:
        return float(np.linalg.eigvals(system).real.max())
    from scipy.sparse.linalg import eigs, eigsh

    # No real part is larger than the largest eigenvalue of the symmetric part, found faster.
    options: dict[str, Any] = {"k": 1, "v0": np.ones(size), "return_eigenvectors": False}
    bound = eigsh((system + system.T) / 2, which="LA", tol=_LOOSE, **options)
    if bound[0] < 1.0 - 10 * _LOOSE:
        return float(bound[0])
    return float(eigs(system, which="LR", tol=_LOOSE, **options)[0].real)


def _kinds(columns: LeafColumns, rows: slice) -> list[StateDistribution]:
    """The distributions of the members."""
    return [
        kind
        for kind, places in columns.distributions
        if np.any((places >= rows.start) & (places < rows.stop))
    ]


def _distribution(
    kinds: list[StateDistribution],
    weights: FloatArray,
    family: StateDistribution | str | None,
    spread: float,
    where: str,
) -> StateDistribution:
    if isinstance(family, StateDistribution):
        return family
    bounds = np.array([kind.support for kind in kinds])
    gaussian = any(isinstance(kind, Gaussian) for kind in kinds)
    mirrored = np.all(bounds[:, 0] == -bounds[:, 1]) or bool(np.all(weights > 0.0))
    if family is None and not gaussian:
        if len(kinds) == 1 and mirrored:
            return kinds[0]
        if np.all(np.abs(bounds) <= 1.0):
            return ContinuousBernoulli()
    if spread <= 0.0:
        raise SettingError(
            Fault(
                where,
                "a Gaussian unit has a positive variance, that of its response",
                f"{spread:.3g}",
                'leave couplings inside out with internal="ignore", or give distribution=',
            )
        )
    return Gaussian(base_variance=spread)


def _argument(
    distribution: StateDistribution, resting: float, near: FloatArray, where: str
) -> float:
    """The argument at which a state has its mean at `resting`."""
    if isinstance(distribution, Gaussian):
        return resting / distribution.base_variance

    def surplus(argument: float) -> float:
        return distribution.mean(argument) - resting

    low, high = float(near.min()), float(near.max())
    step = 1.0
    while surplus(low) > 0.0 and low > -_LARGEST:
        low, step = low - step, 2 * step
    step = 1.0
    while surplus(high) < 0.0 and high < _LARGEST:
        high, step = high + step, 2 * step
    if surplus(low) > 0.0 or surplus(high) < 0.0:
        raise SettingError(
            Fault(
                where,
                f"the state of a unit rests inside the support of {distribution!r}",
                repr(resting),
                "give distribution=Gaussian(…) or another state, or another start=",
            )
        )
    if low == high or surplus(low) == 0.0:
        return low
    from scipy.optimize import brentq

    found: float = brentq(surplus, low, high, xtol=1e-15, rtol=8.9e-16)
    return found
