r"""Projections: where states are, in terms of a few patterns or attractors.

With states x and the rows :math:`b_k` of a basis:

===============  ==============================================================================
kind             projection onto :math:`b_k`
===============  ==============================================================================
``cosine``       :math:`x\cdot b_k / (\lVert x\rVert\,\lVert b_k\rVert)`
``correlation``  the same of x and :math:`b_k` less their means: Pearson's correlation
``coordinates``  :math:`c_k` in :math:`x \approx \sum_k c_k b_k`, the least-squares point in the
                 span
===============  ==============================================================================

The first two look at one row at a time, and keep their sign. Rows that overlap share what they
explain, so that squared cosines of several do not add up; coordinates take the overlap into
account. `explained_by_span` says how much of a state lies in the span at all:
:math:`\lVert \hat x\rVert^2 / \lVert x\rVert^2` for the nearest point :math:`\hat x` of the span.
Spisak & Friston (2026, simulation 1) follow a run over time in this way.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.arguments import checked_array
from deepparticle.partitions.stepping import checked_option

__all__ = ["KINDS", "Kind", "explained_by_span", "projections"]

Kind: TypeAlias = Literal["cosine", "correlation", "coordinates"]
KINDS = ("cosine", "correlation", "coordinates")


def projections(states: ArrayLike, basis: ArrayLike, *, kind: Kind = "cosine") -> FloatArray:
    r"""Project states onto the rows of a basis.

    .. math:: \frac{x \cdot b_k}{\lVert x\rVert\,\lVert b_k\rVert}, \qquad\text{or}\qquad
              \arg\min_c \Bigl\lVert x - \sum_k c_k b_k\Bigr\rVert

    Parameters
    ----------
    states : array_like of shape (..., N)
        For example ``run.states``, of shape (steps, [networks,] [chains,] N).
    basis : array_like of shape (K, N), or (N,) for a single row
        Patterns or attractors.
    kind : {"cosine", "correlation", "coordinates"}

    Returns
    -------
    ndarray of shape (..., K)
        Cosines and correlations are −1…1, and 0 where a state or a row of the basis is zero (for
        correlations: constant). Coordinates are states per unit of the basis; where rows of the
        basis depend on each other, the shortest coordinates.

    Raises
    ------
    SettingError, SettingTypeError
        If the arrays do not fit each other, or hold something else than finite numbers.

    Examples
    --------
    >>> projections([[1.0, 1.0], [0.0, -2.0]], [[1.0, 0.0], [0.0, 1.0]]).round(3) + 0.0
    array([[ 0.707,  0.707],
           [ 0.   , -1.   ]])
    >>> projections([3.0, 1.0], [[1.0, 0.0], [1.0, 1.0]], kind="coordinates").round(6)
    array([2., 1.])
    """
    checked_option(kind, KINDS, "projections", "kind")
    array, rows = _checked(states, basis, "projections")
    if kind == "coordinates":
        result: FloatArray = array @ np.linalg.pinv(rows)
        return result
    if kind == "correlation":
        array, rows = _centred(array), _centred(rows)
    return _unit(array) @ _unit(rows).T


def explained_by_span(states: ArrayLike, basis: ArrayLike) -> FloatArray:
    r"""The share of each state that lies in the span of a basis.

    .. math:: \frac{\lVert \hat x\rVert^2}{\lVert x\rVert^2}, \qquad
              \hat x = \arg\min_{y \in \mathrm{span}} \lVert x - y\rVert

    States are not centred. K random directions explain K / N on average.

    Parameters
    ----------
    states : array_like of shape (..., N)
    basis : array_like of shape (K, N), or (N,) for a single row

    Returns
    -------
    ndarray of shape (...)
        0…1; 0 where the state is zero.

    Raises
    ------
    SettingError, SettingTypeError
        As of `projections`.

    Examples
    --------
    >>> explained_by_span([[3.0, 4.0, 0.0], [0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]]).round(6)
    array([0.36, 0.  ])
    """
    array, rows = _checked(states, basis, "explained_by_span")
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    # Directions that are there by rounding alone, as numpy.linalg.matrix_rank tells them.
    smallest = values.max(initial=0.0) * max(rows.shape) * np.finfo(np.float64).eps
    inside = _unit(array) @ directions[values > smallest].T
    result: FloatArray = np.minimum(np.vecdot(inside, inside), 1.0)
    return result


def _centred(array: FloatArray) -> FloatArray:
    centred = array - array.mean(axis=-1, keepdims=True)
    # What is left of a constant row is the rounding of its mean, and has no direction.
    rounding = 4 * np.finfo(np.float64).eps * np.abs(array).max(axis=-1, keepdims=True)
    result: FloatArray = np.where(np.abs(centred) > rounding, centred, 0.0)
    return result


def _unit(array: FloatArray) -> FloatArray:
    norms = np.linalg.norm(array, axis=-1, keepdims=True)
    result: FloatArray = np.divide(array, norms, out=np.zeros_like(array), where=norms > 0.0)
    return result


def _checked(states: ArrayLike, basis: ArrayLike, where: str) -> tuple[FloatArray, FloatArray]:
    array = checked_array(states, where, "the state")
    rows = np.atleast_2d(checked_array(basis, where, "the basis"))
    if rows.ndim != 2 or not array.ndim or array.shape[-1] != rows.shape[-1]:
        rule = "states have shape (..., N) and the basis (K, N), with the same N"
        value = f"shapes {array.shape} and {rows.shape}"
        raise SettingError(Fault(where, rule, value, "give one row of N numbers per pattern"))
    return array, rows
