"""Calling a kernel with numbers or arrays of any shape and floating type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepparticle.blankets._types import FloatArray

__all__ = ["Number", "for_each", "for_pairs", "in_blocks", "normal_quantile"]

Number: TypeAlias = float | np.floating[Any] | np.integer[Any]
"""One real number, of Python or of NumPy."""


def in_blocks(kernel: Callable[..., FloatArray], block: int, *arrays: FloatArray) -> FloatArray:
    """Call a kernel with pieces of at most `block` elements, with one axis, of equal arrays."""
    flat = [array.reshape(-1) for array in arrays]
    result = np.empty_like(flat[0])
    for start in range(0, result.size, block):
        piece = slice(start, start + block)
        result[piece] = kernel(*(array[piece] for array in flat))
    return result.reshape(arrays[0].shape)


def for_each(kernel: Callable[[FloatArray], FloatArray], values: NDArray[Any]) -> FloatArray:
    """Call a kernel with a floating array that has at least one axis."""
    if values.dtype.char not in "fd":
        values = values.astype(_floating(values.dtype))
    if values.ndim:
        return kernel(values)
    return kernel(values.reshape(1)).reshape(())


def for_pairs(
    kernel: Callable[[FloatArray, FloatArray], FloatArray],
    first: Number | NDArray[Any],
    second: Number | NDArray[Any],
) -> FloatArray:
    """Call a kernel with two floating arrays of one type and one shape."""
    # A Python float, unlike a NumPy one, takes the type of the array beside it.
    first = first if isinstance(first, np.ndarray) else float(first)
    second = second if isinstance(second, np.ndarray) else float(second)
    if (
        not isinstance(first, np.ndarray)
        or not isinstance(second, np.ndarray)
        or first.shape != second.shape
        or first.dtype != second.dtype
        or first.dtype.char not in "fd"
    ):
        common = _floating(np.result_type(first, second))
        first, second = np.broadcast_arrays(
            np.asarray(first, dtype=common), np.asarray(second, dtype=common)
        )
    if first.ndim:
        return kernel(first, second)
    return kernel(first.reshape(1), second.reshape(1)).reshape(())


def normal_quantile(uniform: FloatArray) -> FloatArray:
    """The quantile of the standard normal distribution, finite at both ends of [0, 1].

    Random numbers are multiples of 2^-53 (float32: 2^-24), and 0 stands for all below the first of
    them: it gets the quantile of that one, -8.2 (-5.3). 1 likewise.
    """
    from scipy.special import ndtri  # slow to import, and not everyone needs it

    step = np.finfo(uniform.dtype).epsneg
    normal: FloatArray = ndtri(np.minimum(np.maximum(uniform, step), 1 - step))
    return normal


def _floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which is computed: float32 at least for floats, float64 for all others."""
    return np.result_type(dtype, np.float32 if dtype.kind == "f" else np.float64)
