r"""Numbers as figures show them: a true minus sign, a dash for NaN, a correlation, a running mean.

The correlation is Pearson's,

.. math:: r = \frac{(x - \bar x) \cdot (y - \bar y)}{\lVert x - \bar x\rVert\,
   \lVert y - \bar y\rVert},

with its sign, and NaN where one of the two is constant: a state that is zero everywhere correlates
with nothing.
"""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray

__all__ = ["correlation", "correlations", "running_mean", "written"]


def written(value: float, digits: int = 2, *, signed: bool = False) -> str:
    """A number as text.

    Examples
    --------
    >>> written(-0.194), written(0.771, signed=True), written(float("nan"))
    ('−0.19', '+0.77', '–')
    """
    if not np.isfinite(value):
        return "–"
    # Adding 0.0 makes a rounded −0.0 a 0.0.
    return f"{round(float(value), digits) + 0.0:{'+' if signed else ''}.{digits}f}".replace(
        "-", "−"
    )


def correlations(first: ArrayLike, second: ArrayLike) -> FloatArray:
    """Pearson's correlation of every row of `first` with every row of `second`.

    Parameters
    ----------
    first, second : array_like of shape (P, N), (Q, N)

    Returns
    -------
    ndarray of shape (P, Q)
        NaN where a row is constant.

    Examples
    --------
    >>> correlations([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]], [[2.0, 1.0, 0.0]])
    array([[-1.],
           [nan]])
    """
    a, b = _unit(first), _unit(second)
    result: FloatArray = np.clip(a @ b.T, -1.0, 1.0)
    return result


def _unit(rows: ArrayLike) -> FloatArray:
    array = np.asarray(rows, dtype=np.float64)
    array = array - array.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(array, axis=1, keepdims=True)
    # What rounding leaves of a constant row is not a direction.
    unit: FloatArray = array / np.where(norm > 1e-12 * np.sqrt(array.shape[1]), norm, np.nan)
    return unit


def correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Pearson's correlation of two vectors of shape (N,); NaN where one is constant.

    Examples
    --------
    >>> round(correlation([0.0, 1.0, 2.0], [0.0, 2.0, 4.0]), 12)
    1.0
    """
    return float(correlations(np.atleast_2d(first), np.atleast_2d(second))[0, 0])


def running_mean(values: ArrayLike, width: int) -> tuple[FloatArray, FloatArray]:
    """The mean over `width` neighbours, and where the middle of each window is.

    Parameters
    ----------
    values : array_like of shape (steps,)
    width : int
        At least 1; what is longer than the series is cut to it.

    Returns
    -------
    middle, mean : ndarray of shape (steps − width + 1,)
        Steps are counted from 1.

    Examples
    --------
    >>> running_mean([1.0, 2.0, 6.0], 3)
    (array([2.]), array([3.]))
    """
    array = np.asarray(values, dtype=np.float64)
    width = max(1, min(width, array.size))
    mean = np.convolve(array, np.full(width, 1.0 / width), mode="valid")
    return np.arange(mean.size) + (width + 1) / 2.0, mean
