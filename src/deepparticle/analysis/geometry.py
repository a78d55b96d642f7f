"""Angles between states."""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray

__all__ = ["angles_between", "deviation_from_orthogonality"]


def angles_between(states: ArrayLike) -> FloatArray:
    r"""The angles between all pairs of distinct rows.

    .. math:: \arccos\frac{x \cdot y}{\lVert x\rVert\,\lVert y\rVert}

    of the raw states (not centred); the diagonal is left out.

    Parameters
    ----------
    states : array_like of shape (P, N)
        Not all zero in any row.

    Returns
    -------
    ndarray of shape (P (P − 1) / 2,)
        Degrees, 0…180, in the order of ``numpy.triu_indices(P, 1)``.

    Examples
    --------
    >>> angles_between([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
    array([ 90., 180.,  90.])
    """
    array = np.asarray(states, dtype=np.float64)
    if len(array) < 2:  # no pair, and a single state may be zero
        return np.zeros(0)
    unit = array / np.linalg.norm(array, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[np.triu_indices(array.shape[0], 1)]
    result: FloatArray = np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))
    return result


def deviation_from_orthogonality(states: ArrayLike, *, exclude: float = 0.0) -> float:
    r"""The mean of :math:`|90° - \text{angle}|` over pairs of rows, in degrees.

    Parameters
    ----------
    states : array_like of shape (P, N)
    exclude : float
        Leave out pairs within so many degrees of parallel or antiparallel. An attractor and its
        inverse are one pattern up to sign, and say nothing about orthogonality; the paper's
        analysis leaves out 1°.

    Returns
    -------
    float
        NaN where no pair is left.

    Examples
    --------
    >>> deviation_from_orthogonality([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    30.0
    >>> deviation_from_orthogonality([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], exclude=1.0)
    0.0
    """
    deviations = np.abs(90.0 - angles_between(states))
    kept = deviations[deviations <= 90.0 - exclude]
    return float(np.mean(kept).round(12)) if kept.size else float("nan")
