r"""Baselines: what simpler methods make of the same patterns.

Couplings of two classical rules, of which the first forgets beyond .14 N random patterns (Hopfield
1982; Amit, Gutfreund & Sompolinsky 1985) and the second holds up to N linearly independent ones
(Personnaz, Guyon & Dreyfus 1985; Kanter & Sompolinsky 1987):

.. math:: J^{\text{Hebb}} = \frac1N \sum_\mu x^\mu x^{\mu\top}, \qquad
          J^{\text{projection}} = X^+ X

with the patterns as rows of X, and bases of their subspace for linear reconstruction without any
dynamics: principal components, by algebra or by Sanger's rule (Sanger 1989).

* L. Personnaz, I. Guyon & G. Dreyfus, *J. Physique Lett.* 46, L359 (1985).
* I. Kanter & H. Sompolinsky, *Phys. Rev. A* 35, 380 (1987).
* T. D. Sanger, *Neural Networks* 2, 459 (1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import DivergenceError, Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.arguments import checked_array
from deepparticle.partitions.stepping import checked_generator

__all__ = [
    "Components",
    "hebbian_couplings",
    "linear_reconstruction",
    "principal_components",
    "projection_couplings",
    "reconstruct_from_components",
    "sanger_components",
]


@dataclass(frozen=True, eq=False)
class Components:
    """Directions in which patterns vary most.

    Parameters
    ----------
    vectors : ndarray of shape (K, N)
        Of unit length (Sanger's rule: nearly), the most variable direction first.
    mean : ndarray of shape (N,)
        Of the patterns.
    variances : ndarray of shape (K,)
        Of the patterns along each.
    """

    vectors: FloatArray
    mean: FloatArray
    variances: FloatArray

    def __len__(self) -> int:
        return len(self.vectors)


def hebbian_couplings(patterns: ArrayLike) -> FloatArray:
    r"""Couplings of the Hebb rule (Hopfield 1982).

    .. math:: J_{ij} = \frac1N \sum_\mu x^\mu_i x^\mu_j, \quad J_{ii} = 0

    Parameters
    ----------
    patterns : array_like of shape (P, N)
        Dimensionless, of order 1.

    Returns
    -------
    ndarray of shape (N, N)
        Symmetric.

    Examples
    --------
    >>> hebbian_couplings([[1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    array = _matrix(patterns, "hebbian_couplings")
    couplings: FloatArray = array.T @ array / array.shape[1]
    np.fill_diagonal(couplings, 0.0)
    return couplings


def projection_couplings(patterns: ArrayLike, *, zero_diagonal: bool = True) -> FloatArray:
    r"""Couplings of the projection (pseudo-inverse) rule.

    .. math:: J = X^+ X,

    the orthogonal projection onto the span of the patterns: each is a fixed point of
    :math:`x = J x`, however correlated they are.

    Parameters
    ----------
    patterns : array_like of shape (P, N)
    zero_diagonal : bool
        Whether self-couplings are left out (Kanter & Sompolinsky 1987), as a world needs. With them
        (Personnaz et al. 1985) J is a projection, but wide of attraction no more: close to P = N it
        holds *every* state.

    Returns
    -------
    ndarray of shape (N, N)
        Symmetric.

    Examples
    --------
    >>> projection_couplings([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0]]).round(12)
    array([[0. , 0.5, 0. ],
           [0.5, 0. , 0. ],
           [0. , 0. , 0. ]])
    """
    array = _matrix(patterns, "projection_couplings")
    couplings: FloatArray = np.linalg.pinv(array) @ array
    couplings = (couplings + couplings.T) / 2.0
    if zero_diagonal:
        np.fill_diagonal(couplings, 0.0)
    return couplings


def principal_components(patterns: ArrayLike, count: int) -> Components:
    r"""The leading eigenvectors of the covariance of the patterns.

    .. math:: C w_k = \lambda_k w_k, \qquad
              C = \tfrac{1}{P-1} \sum_\mu (x^\mu - \bar x)(x^\mu - \bar x)^\top

    Parameters
    ----------
    patterns : array_like of shape (P, N)
    count : int
        K, at most min(P, N).

    Returns
    -------
    Components

    Raises
    ------
    SettingError
        If there are not so many components.

    Examples
    --------
    >>> found = principal_components([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]], 1)
    >>> np.abs(found.vectors), found.variances.round(3)
    (array([[1., 0.]]), array([2.667]))
    """
    where = "principal_components"
    array = _matrix(patterns, where)
    count = _checked_components(count, array, where)
    from sklearn.decomposition import PCA

    fitted = PCA(count, svd_solver="full").fit(array)
    return Components(fitted.components_, fitted.mean_, fitted.explained_variance_)


def sanger_components(
    patterns: ArrayLike,
    count: int,
    *,
    learning_rate: float = 1e-3,
    epochs: int = 200,
    seed: int = 0,
) -> Components:
    r"""Principal components by Sanger's rule, one pattern after another.

    .. math:: y = W (x - \bar x), \qquad
              \Delta W = \eta \left( y (x - \bar x)^\top - \mathrm{LT}[y y^\top]\, W \right)

    with LT the lower triangle, diagonal included: each row is taught what the rows above have left
    unexplained. It is the online orthogonalisation with which Spisak & Friston (2026) compare
    their own rule. With a small rate W comes close to `principal_components`, up to signs.

    Parameters
    ----------
    patterns : array_like of shape (P, N)
    count : int
        K, at most min(P, N).
    learning_rate : float
        η, well below 1 over the mean squared length of a centred pattern.
    epochs : int
        How often every pattern is shown, in an order drawn anew each time.
    seed : int
        For the first W and the order.

    Returns
    -------
    Components

    Raises
    ------
    SettingError
        If there are not so many components.
    DivergenceError
        If W runs away, for too large a rate.

    Examples
    --------
    >>> found = sanger_components(
    ...     [[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]], 1, learning_rate=0.02
    ... )
    >>> np.abs(found.vectors).round(2)
    array([[1., 0.]])
    """
    where = "sanger_components"
    array = _matrix(patterns, where)
    count = _checked_components(count, array, where)
    epochs = checked_count(epochs, where, "epochs", 1)
    rng = checked_generator(seed, where)
    mean = array.mean(axis=0)
    centred = array - mean
    W = rng.standard_normal((count, array.shape[1])) / np.sqrt(array.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(epochs):
            for x in centred[rng.permutation(len(centred))]:
                y = W @ x
                W += learning_rate * (np.outer(y, x) - np.tril(np.outer(y, y)) @ W)
            if not np.all(np.isfinite(W)):
                break
    if not np.all(np.isfinite(W)):
        squared = float((centred**2).sum(axis=1).mean())
        raise DivergenceError(
            Fault(
                where,
                f"the learning rate is well below {1.0 / squared:.2g}, one over the mean squared "
                "length of a centred pattern",
                f"{learning_rate:g}, with which the components run away",
                f"give learning_rate={0.1 / squared:.1g}",
            )
        )
    return Components(W, mean, (centred @ W.T).var(axis=0, ddof=1))


def linear_reconstruction(
    noisy: ArrayLike, basis: ArrayLike, *, mean: ArrayLike = 0.0
) -> FloatArray:
    r"""The point nearest to a noisy pattern in the span of a basis.

    .. math:: \hat x = m + B^+ B\,(y - m)

    The best that a linear method can do with independent noise and nothing known about the patterns
    but their subspace: a baseline without learning, when the basis is the stored patterns.

    Parameters
    ----------
    noisy : array_like of shape (..., N)
        y.
    basis : array_like of shape (K, N)
        Rows B; they need be neither orthogonal nor independent.
    mean : float or array_like of shape (N,)
        m, a point that the subspace goes through.

    Returns
    -------
    ndarray of shape (..., N)

    Examples
    --------
    >>> linear_reconstruction([1.0, 2.0, 3.0], [[1.0, 1.0, 0.0]]).round(12)
    array([1.5, 1.5, 0. ])
    """
    rows = _matrix(basis, "linear_reconstruction")
    offset = np.asarray(mean, dtype=np.float64)
    difference = np.asarray(noisy, dtype=np.float64) - offset
    result: FloatArray = offset + difference @ (np.linalg.pinv(rows) @ rows).T
    return result


def reconstruct_from_components(noisy: ArrayLike, components: Components) -> FloatArray:
    """The point nearest to a noisy pattern in the affine subspace of components.

    Parameters
    ----------
    noisy : array_like of shape (..., N)
    components : Components

    Returns
    -------
    ndarray of shape (..., N)

    Examples
    --------
    >>> line = principal_components([[1.0, 0.0], [3.0, 0.0]], 1)
    >>> reconstruct_from_components([5.0, 4.0], line)
    array([5., 0.])
    """
    return linear_reconstruction(noisy, components.vectors, mean=components.mean)


def _matrix(patterns: ArrayLike, where: str) -> FloatArray:
    array = checked_array(patterns, where, "a pattern")
    if array.ndim != 2 or 0 in array.shape:
        rule, mend = "patterns have shape (P, N)", "give one row per pattern"
        raise SettingError(Fault(where, rule, f"shape {array.shape}", mend))
    return array


def _checked_components(count: int, array: FloatArray, where: str) -> int:
    number, most = checked_count(count, where, "count", 1), min(array.shape)
    if number > most:
        rule = (
            f"{array.shape[0]} patterns of {array.shape[1]} states have at most {most} components"
        )
        raise SettingError(Fault(where, rule, f"count={number}", f"give count ≤ {most}"))
    return number
