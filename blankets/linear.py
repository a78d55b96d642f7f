r"""The linear case, in which every independence can be read off a matrix: the ground truth.

An Ornstein–Uhlenbeck process with drift :math:`B` and diffusion :math:`D`,

.. math:: dx = B x\,dt + \sqrt{2 D}\,dW ,

and its sibling in discrete time, :math:`x' = A x + \xi` with :math:`\xi \sim N(0, Q)`, are
Gaussian, and a zero in an inverse covariance is a conditional independence given all the rest.
There are two inverse covariances, and two independences.

*At equal time*, of the states at one instant. The stationary covariance :math:`\Sigma` solves
:math:`B\Sigma + \Sigma B^T + 2D = 0`, or :math:`\Sigma = A\Sigma A^T + Q`; the zeros are those of
:math:`\Sigma^{-1}` (:mod:`deepparticle.blankets.gaussian`).

*Path-wise*, of whole histories. The inverse of the spectral density is, up to a factor,

.. math:: (i\omega - B)^H D^{-1} (i\omega - B) = \omega^2 D^{-1}
          + i\omega\,(D^{-1}B - B^T D^{-1}) + B^T D^{-1} B ,

and in discrete time :math:`(1 - e^{-i\omega}A)^H Q^{-1} (1 - e^{-i\omega}A)`. An entry that
vanishes for every :math:`\omega` is one whose coefficients all vanish. With noise that each state
has for itself (diagonal :math:`D`), that is the case where :math:`i` and :math:`j` do not drive
each other and nothing is driven by both: :math:`B_{ij} = B_{ji} = 0` and
:math:`\sum_k B_{ki}B_{kj}/D_{kk} = 0`. Parents and co-parents: the law that
:mod:`deepparticle.blankets.laws` checks on graphs. Where numbers cancel, an independence holds that
no graph shows; generic numbers do not cancel.

For a symmetric :math:`B` and :math:`D = 1`, :math:`\Sigma^{-1} = -B`: at equal time only neighbours
depend on each other, path-wise also those with a neighbour in common. For any other :math:`B` the
zeros of :math:`B` say nothing about those of :math:`\Sigma^{-1}`.

(Conditional independence by the spectral density: R. Dahlhaus, Graphical interaction models for
multivariate time series, Metrika 51, 2000. Blankets of Ornstein–Uhlenbeck processes: M. Aguilera,
B. Millidge, A. Tschantz and C. L. Buckley, How particular is the physics of the free energy
principle?, Physics of Life Reviews 40, 2022.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.matrices import (
    TOLERANCE,
    dynamics_and_noise,
    inverse_of_positive,
    square_matrix,
    without_diagonal,
)

__all__ = [
    "covariance_of_flow",
    "covariance_of_steps",
    "moral_graph",
    "pathwise_graph_of_flow",
    "pathwise_graph_of_steps",
    "spectral_precision_of_flow",
    "spectral_precision_of_steps",
]

# ---------------------------------------------------------------------- equal time


def covariance_of_flow(drift: ArrayLike, diffusion: ArrayLike) -> FloatArray:
    r"""The stationary covariance of :math:`dx = Bx\,dt + \sqrt{2D}\,dW`.

    .. math:: B\Sigma + \Sigma B^T = -2D

    Parameters
    ----------
    drift : array_like of shape (n, n)
        :math:`B`, per unit of time; row = target, column = source. Its eigenvalues have negative
        real parts.
    diffusion : array_like of shape (n, n) or (n,)
        :math:`D`, symmetric, in squared units of state per unit of time; a vector is a diagonal.

    Returns
    -------
    ndarray of shape (n, n)

    Raises
    ------
    SettingError
        For another shape, numbers that are not finite, or a drift without a stationary law.

    Examples
    --------
    >>> covariance_of_flow([[-1.0, 0.5], [0.5, -1.0]], [1.0, 1.0]).round(4)
    array([[1.3333, 0.6667],
           [0.6667, 1.3333]])
    """
    from scipy.linalg import solve_continuous_lyapunov

    B, D = dynamics_and_noise(drift, diffusion, "drift", "diffusion")
    growth = float(np.max(np.linalg.eigvals(B).real, initial=-np.inf))
    if growth >= 0.0:
        raise _unstable("drift", "the real parts of its eigenvalues are negative", growth)
    solution: FloatArray = solve_continuous_lyapunov(B, -2.0 * D)
    return (solution + solution.T) / 2.0


def covariance_of_steps(transition: ArrayLike, noise: ArrayLike) -> FloatArray:
    r"""The stationary covariance of :math:`x' = Ax + \xi`, :math:`\xi \sim N(0, Q)`.

    .. math:: \Sigma = A\Sigma A^T + Q

    Parameters
    ----------
    transition : array_like of shape (n, n)
        :math:`A`, of spectral radius below 1.
    noise : array_like of shape (n, n) or (n,)
        :math:`Q`, symmetric, in squared units of state; a vector is a diagonal.

    Returns
    -------
    ndarray of shape (n, n)

    Raises
    ------
    SettingError
        For another shape, numbers that are not finite, or a transition without a stationary law.

    Examples
    --------
    >>> covariance_of_steps([[0.0, 0.5], [0.5, 0.0]], [1.0, 1.0]).round(4)
    array([[1.3333, 0.    ],
           [0.    , 1.3333]])
    """
    from scipy.linalg import solve_discrete_lyapunov

    A, Q = dynamics_and_noise(transition, noise, "transition", "noise")
    radius = float(np.max(np.abs(np.linalg.eigvals(A)), initial=0.0))
    if radius >= 1.0:
        raise _unstable("transition", "its spectral radius is below 1", radius)
    solution: FloatArray = solve_discrete_lyapunov(A, Q)
    return (solution + solution.T) / 2.0


# ---------------------------------------------------------------------- path-wise


def spectral_precision_of_flow(
    drift: ArrayLike, diffusion: ArrayLike, frequency: float
) -> NDArray[Any]:
    r"""The inverse spectral density :math:`(i\omega - B)^H D^{-1} (i\omega - B)`.

    Parameters
    ----------
    drift, diffusion : array_like
        As of `covariance_of_flow`; D is positive definite. No stationary law is needed.
    frequency : float
        :math:`\omega`, in radians per unit of time.

    Returns
    -------
    ndarray of complex, shape (n, n)
        Hermitian.

    Examples
    --------
    >>> spectral_precision_of_flow([[-2.0]], [1.0], 1.0).tolist()
    [[(5+0j)]]
    """
    B, D = dynamics_and_noise(drift, diffusion, "drift", "diffusion")
    response = 1j * frequency * np.eye(len(B)) - B
    result: NDArray[Any] = response.conj().T @ inverse_of_positive(D, "diffusion") @ response
    return result


def spectral_precision_of_steps(
    transition: ArrayLike, noise: ArrayLike, frequency: float
) -> NDArray[Any]:
    r"""The inverse spectral density :math:`(1 - e^{-i\omega}A)^H Q^{-1} (1 - e^{-i\omega}A)`.

    Parameters
    ----------
    transition, noise : array_like
        As of `covariance_of_steps`; Q is positive definite. No stationary law is needed.
    frequency : float
        :math:`\omega`, in radians per step.

    Returns
    -------
    ndarray of complex, shape (n, n)
        Hermitian.

    Examples
    --------
    >>> spectral_precision_of_steps([[0.5]], [1.0], 0.0).tolist()
    [[(0.25+0j)]]
    """
    A, Q = dynamics_and_noise(transition, noise, "transition", "noise")
    response = np.eye(len(A)) - np.exp(-1j * frequency) * A
    result: NDArray[Any] = response.conj().T @ inverse_of_positive(Q, "noise") @ response
    return result


def pathwise_graph_of_flow(
    drift: ArrayLike, diffusion: ArrayLike, tolerance: float = TOLERANCE
) -> BoolArray:
    r"""Which histories depend on each other given all the other histories.

    The entries of :math:`(i\omega - B)^H D^{-1} (i\omega - B)` that are not zero for every
    :math:`\omega`: those of :math:`D^{-1}`, :math:`D^{-1}B - B^TD^{-1}` and :math:`B^TD^{-1}B`.

    Parameters
    ----------
    drift, diffusion : array_like
        As of `covariance_of_flow`; D is positive definite. No stationary law is needed.
    tolerance : float
        Coefficients up to this part of the largest of their matrix count as zero.

    Returns
    -------
    ndarray of bool, shape (n, n)
        Symmetric, without a diagonal.

    Examples
    --------
    In a chain the two ends have a neighbour in common:

    >>> chain = [[-1.0, 0.4, 0.0], [0.4, -1.0, 0.4], [0.0, 0.4, -1.0]]
    >>> pathwise_graph_of_flow(chain, [1.0, 1.0, 1.0])[0].tolist()
    [False, True, True]
    """
    B, D = dynamics_and_noise(drift, diffusion, "drift", "diffusion")
    inverse = inverse_of_positive(D, "diffusion")
    driven = inverse @ B
    return _any_of(tolerance, inverse, driven - driven.T, B.T @ driven)


def pathwise_graph_of_steps(
    transition: ArrayLike, noise: ArrayLike, tolerance: float = TOLERANCE
) -> BoolArray:
    r"""Which histories depend on each other given all the other histories, in discrete time.

    The entries of :math:`(1 - e^{-i\omega}A)^H Q^{-1} (1 - e^{-i\omega}A)` that are not zero for
    every :math:`\omega`: those of :math:`Q^{-1} + A^TQ^{-1}A`, :math:`Q^{-1}A` and its transpose.

    Parameters
    ----------
    transition, noise : array_like
        As of `covariance_of_steps`; Q is positive definite. No stationary law is needed.
    tolerance : float
        Coefficients up to this part of the largest of their matrix count as zero.

    Returns
    -------
    ndarray of bool, shape (n, n)
        Symmetric, without a diagonal.

    Examples
    --------
    >>> pathwise_graph_of_steps([[0.0, 0.4], [0.0, 0.0]], [1.0, 1.0]).tolist()
    [[False, True], [True, False]]
    """
    A, Q = dynamics_and_noise(transition, noise, "transition", "noise")
    inverse = inverse_of_positive(Q, "noise")
    driven = inverse @ A
    return _any_of(tolerance, inverse + A.T @ driven, driven, driven.T)


def moral_graph(drives: ArrayLike) -> BoolArray:
    r"""Parents and co-parents: what a graph alone says about histories.

    Parameters
    ----------
    drives : array_like of shape (n, n)
        Where not zero, the column drives the row. A state that drives itself is a parent of itself:
        in continuous time all do.

    Returns
    -------
    ndarray of bool, shape (n, n)
        Who drives whom, in either direction, or drives a third together with it; without a
        diagonal.

    Examples
    --------
    >>> moral_graph([[0, 0, 0], [0, 0, 0], [1, 1, 0]]).astype(int).tolist()
    [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    """
    edges = square_matrix(drives, "drives") != 0.0
    numbers = edges.astype(np.float64)
    joined: BoolArray = edges | edges.T | (numbers.T @ numbers > 0.0)
    return without_diagonal(joined)


def _any_of(tolerance: float, *coefficients: FloatArray) -> BoolArray:
    joined = np.zeros(coefficients[0].shape, dtype=np.bool_)
    for matrix in coefficients:
        joined |= np.abs(matrix) > tolerance * np.max(np.abs(matrix), initial=0.0)
    return without_diagonal(joined)


def _unstable(what: str, rule: str, received: float) -> SettingError:
    return SettingError(
        Fault(
            what,
            f"a stationary law exists: {rule}",
            f"{received:.4g}",
            "weaken the couplings, or ask for path-wise independence, which needs no such law",
        )
    )
