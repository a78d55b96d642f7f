"""From a matrix as a caller gives it to checked entries, and to the form in which they are kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.coupling_storage import CouplingStorage
from deepparticle.partitions.dense_couplings import DenseCouplings
from deepparticle.partitions.sparse_couplings import SparseCouplings

__all__ = ["checked_entries", "checked_matrix", "stored"]

# A matrix of 512 × 512 takes 2 MiB and is read at once: below that, sparse forms save nothing. An
# entry of a sparse form takes 13 bytes and one of a dense form 9, but reading entries one by one
# costs more than reading them in rows: sparse pays where nine in ten are not there.
_LARGE = 512
_SPARSE_DENSITY = 0.1


def _refuse_no_numbers(matrix: Any, where: str, what: str) -> SettingTypeError:
    return SettingTypeError(
        Fault(
            where,
            f"the {what} are a matrix of numbers",
            repr(matrix)[:60],
            "give an array of floats",
        )
    )


def _refuse_shape(shape: Any, wanted: tuple[int, int], where: str, what: str) -> SettingError:
    return SettingError(
        Fault(
            where,
            f"the {what} have shape {wanted}, target × source",
            f"shape {shape}",
            f"give an array of shape {wanted}",
        )
    )


def _refuse_infinite(value: float, target: int, source: int, where: str, what: str) -> SettingError:
    return SettingError(
        Fault(
            where,
            f"the {what} are finite",
            f"{value} at [{target}, {source}]",
            "replace NaN and inf",
        )
    )


def checked_matrix(
    matrix: Any, shape: tuple[int, int], where: str, what: str = "couplings"
) -> FloatArray:
    """Return `matrix` as a dense float64 copy.

    Parameters
    ----------
    matrix : array_like of shape (targets, sources)
    shape : tuple of int
        What its shape must be.

    Raises
    ------
    SettingError, SettingTypeError
        For another shape, or values that are not finite numbers.

    Examples
    --------
    >>> checked_matrix([[0, 1]], (1, 2), "cortex")
    array([[0., 1.]])
    """
    try:
        values = real_array(matrix)
    except (TypeError, ValueError):
        raise _refuse_no_numbers(matrix, where, what) from None
    if values.shape != shape:
        raise _refuse_shape(values.shape, shape, where, what)
    finite = np.isfinite(values)
    if not finite.all():
        target, source = np.argwhere(~finite)[0].tolist()
        raise _refuse_infinite(values[target, source], target, source, where, what)
    return values


def checked_entries(
    matrix: Any, shape: tuple[int, int], where: str, what: str = "couplings"
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the stored entries of a scipy sparse array: targets, sources, float64 values.

    Entries are sorted by target, then source; those stored twice are summed, as scipy does.

    Raises
    ------
    SettingError, SettingTypeError
        For another shape, or values that are not finite numbers.

    Examples
    --------
    >>> import scipy.sparse
    >>> targets, sources, values = checked_entries(scipy.sparse.eye_array(2), (2, 2), "cortex")
    >>> targets.tolist(), sources.tolist(), values.tolist()
    ([0, 1], [0, 1], [1.0, 1.0])
    """
    if tuple(matrix.shape) != shape:
        raise _refuse_shape(tuple(matrix.shape), shape, where, what)
    rows = matrix.tocsr(copy=True)
    rows.sum_duplicates()
    try:
        values = real_array(rows.data)
    except (TypeError, ValueError):
        raise _refuse_no_numbers(matrix, where, what) from None
    targets = np.repeat(np.arange(shape[0]), np.diff(rows.indptr))
    sources = rows.indices.astype(np.intp)
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite))
        at = int(targets[first]), int(sources[first])
        raise _refuse_infinite(values[first], *at, where, what)
    return targets, sources, values


def stored(matrix: Any, size: int, where: str, plastic: bool) -> CouplingStorage:
    """Choose how to keep the couplings of `size` members.

    Parameters
    ----------
    matrix : array_like or scipy sparse array of shape (size, size), or None
        Dense: every off-diagonal boundary state exists. Sparse: only the stored entries do. None:
        none exists. What is given sparse, or is empty, is kept so if it has more than 512 members
        and fewer than one in ten pairs coupled.
    plastic : bool
        Whether learning changes them.

    Raises
    ------
    SettingError, SettingTypeError
        For another shape, or values that are not finite numbers.
    PartitionError
        For a diagonal that is not 0.

    Examples
    --------
    >>> stored(None, 3, "cortex", True).count, type(stored(None, 1000, "cortex", True)).__name__
    (0, 'SparseCouplings')
    """
    plastic = bool(plastic)
    if matrix is not None and not hasattr(matrix, "tocoo"):
        dense = checked_matrix(matrix, (size, size), where)
        _refuse_loops(np.arange(size), np.diagonal(dense), where)
        return DenseCouplings(dense, None, plastic)
    targets, sources = np.zeros((2, 0), dtype=np.intp)
    values: FloatArray = np.zeros(0)
    if matrix is not None:
        targets, sources, values = checked_entries(matrix, (size, size), where)
        off = targets != sources
        if not off.all():
            _refuse_loops(targets[~off], values[~off], where)
            targets, sources, values = targets[off], sources[off], values[off]
    if size > _LARGE and len(values) < _SPARSE_DENSITY * size * size:
        return SparseCouplings(size, targets, sources, values, plastic)
    weights, mask = np.zeros((size, size)), np.zeros((size, size), dtype=np.bool_)
    weights[targets, sources] = values
    mask[targets, sources] = True
    return DenseCouplings(weights, mask, plastic)


def _refuse_loops(rows: IntArray, weights: FloatArray, where: str) -> None:
    loops = np.flatnonzero(weights)
    if loops.size:
        row, weight = int(rows[loops[0]]), float(weights[loops[0]])
        raise PartitionError(
            Fault(
                f"{where}/{row}",
                "a subparticle is not coupled to itself",
                f"J[{row}, {row}] = {weight:g}",
                "set the diagonal to 0, use its bias instead",
            )
        )
