"""Square matrices as they come from a caller: of drifts, of couplings, of noise."""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array

__all__ = [
    "TOLERANCE",
    "dynamics_and_noise",
    "inverse_of_positive",
    "square_matrix",
    "without_diagonal",
]

# Entries of a product of matrices that should be zero are a few units in the last place of the
# products that they are sums of; what is meant not to be zero is far above this.
TOLERANCE = 1e-9


def dynamics_and_noise(
    dynamics: ArrayLike, noise: ArrayLike, first: str, second: str
) -> tuple[FloatArray, FloatArray]:
    """A square matrix of dynamics and a symmetric one of noise, of the same size.

    Parameters
    ----------
    dynamics : array_like of shape (n, n)
    noise : array_like of shape (n, n) or (n,)
        A vector is a diagonal.
    first, second : str
        What to call them.

    Raises
    ------
    SettingError, SettingTypeError
        For another shape, or what is not finite or no number.

    Examples
    --------
    >>> dynamics_and_noise([[-1.0]], [2.0], "drift", "diffusion")
    (array([[-1.]]), array([[2.]]))
    """
    matrix = square_matrix(dynamics, first)
    array = _numbers(noise, second)
    spread = np.diag(array) if array.ndim == 1 else square_matrix(array, second)
    if spread.shape != matrix.shape:
        raise SettingError(
            Fault(
                second,
                f"the {second} has the size of the {first}, {matrix.shape}",
                f"shape {array.shape}",
                "give one number per state, or a matrix",
            )
        )
    if not np.allclose(spread, spread.T):
        raise SettingError(
            Fault(second, f"the {second} is symmetric", "another matrix", "give (D + D.T) / 2")
        )
    return matrix, spread


def square_matrix(values: ArrayLike, what: str) -> FloatArray:
    """A square matrix of finite numbers, called `what` in messages.

    Examples
    --------
    >>> square_matrix([[0, 1], [1, 0]], "drift").shape
    (2, 2)
    """
    array = _numbers(values, what)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise SettingError(
            Fault(
                what,
                f"the {what} is a square matrix, target × source",
                f"shape {array.shape}",
                "give an array of shape (n, n)",
            )
        )
    return array


def inverse_of_positive(matrix: FloatArray, what: str) -> FloatArray:
    """The inverse of a symmetric matrix that is positive definite, called `what` in messages.

    Raises
    ------
    SettingError
        If it is not positive definite.

    Examples
    --------
    >>> inverse_of_positive(np.array([[2.0]]), "noise")
    array([[0.5]])
    """
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        least = float(np.min(np.linalg.eigvalsh(matrix)))
        raise SettingError(
            Fault(
                what,
                f"the {what} is positive definite",
                f"an eigenvalue of {least:.3g}",
                "give every state some variance of its own",
            )
        ) from None
    inverse: FloatArray = np.linalg.inv(matrix)
    return inverse


def without_diagonal(joined: BoolArray) -> BoolArray:
    """Clear the diagonal of a graph, in place."""
    np.fill_diagonal(joined, False)
    return joined


def _numbers(values: ArrayLike, what: str) -> FloatArray:
    try:
        array = real_array(values)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(what, f"the {what} holds numbers", repr(values)[:60], "give an array of floats")
        ) from None
    if not np.all(np.isfinite(array)):
        raise SettingError(
            Fault(what, f"the {what} is finite", "NaN or inf", "replace NaN and inf")
        )
    return array
