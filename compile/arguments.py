"""What callers give to a simulator, checked before anything runs."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from deepparticle.agents.member import checked_clock, checked_non_negative
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array
from deepparticle.compile.program import Program

__all__ = [
    "checked_array",
    "checked_count",
    "checked_couplings",
    "checked_dtype",
    "checked_states",
    "per_row",
    "refuse_overflow",
    "row_clocks",
]


def checked_count(value: object, where: str, what: str, least: int = 0) -> int:
    """Return `value` as a whole number ≥ `least`.

    Raises
    ------
    SettingTypeError
        For anything that is not a whole number, 2.5 and True included.
    SettingError
        If it is less than `least`.

    Examples
    --------
    >>> checked_count(100, "infer", "steps")
    100
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise SettingTypeError(
            Fault(where, f"{what} is a whole number", repr(value), f"give {what}=100, for example")
        ) from None
    if number < least:
        raise SettingError(
            Fault(where, f"{what} is at least {least}", repr(number), f"give {what} ≥ {least}")
        )
    return number


def checked_array(value: Any, where: str, what: str) -> FloatArray:
    """Return `value` as a new float64 array of finite numbers."""
    try:
        array = real_array(value)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(where, f"{what} holds numbers", repr(value)[:60], "give an array of floats")
        ) from None
    if not np.all(np.isfinite(array)):
        index = np.argwhere(~np.isfinite(array))[0].tolist()
        raise SettingError(
            Fault(
                where,
                f"{what} is finite",
                f"{array[tuple(index)]} at {index}",
                "replace NaN and inf",
            )
        )
    return array


def per_row(value: Any, program: Program, default: FloatArray, where: str, what: str) -> FloatArray:
    """A non-negative setting as one number per row: a scalar, ``(N,)``, or None for `default`."""
    if value is None:
        return default
    if not isinstance(value, Sequence) and np.ndim(value) == 0:
        return np.full(program.size, checked_non_negative(value, where, what))
    array = checked_array(value, where, what)
    if array.shape != (program.size,):
        raise SettingError(
            Fault(
                where,
                f"{what} is a number or has shape ({program.size},)",
                f"shape {array.shape}",
                "give one number per subparticle",
            )
        )
    if np.any(array < 0):
        raise SettingError(
            Fault(where, f"{what} is not negative", repr(float(array.min())), f"give {what} ≥ 0")
        )
    return array


def row_clocks(value: Any, program: Program, where: str) -> IntArray | None:
    """Clocks as one whole number per row, or None where every row updates in every step."""
    if value is None:
        return None if program.same_clock else program.clock
    single = not isinstance(value, Sequence) and np.ndim(value) == 0
    entries = [value] * program.size if single else list(value)
    clocks = [checked_clock(entry, where, "clock") for entry in entries]
    if len(clocks) != program.size:
        raise SettingError(
            Fault(
                where,
                f"clock is a number or has shape ({program.size},)",
                f"{len(clocks)} numbers",
                "give one number per subparticle",
            )
        )
    rows = np.array(clocks, dtype=np.intp)
    return None if np.all(rows == 1) else rows


def checked_states(
    states: ArrayLike, program: Program, where: str, chains: int | None
) -> FloatArray:
    """Return `states` as an array of shape ``(N,)`` or ``(chains, N)`` inside the support.

    Raises
    ------
    SettingError
        For NaN, another shape, or a state outside the support of its distribution.
    """
    array = checked_array(states, where, "the state")
    size = program.size
    if (
        array.ndim not in (1, 2)
        or array.shape[-1] != size
        or (chains is not None and array.ndim == 2 and array.shape[0] != chains)
    ):
        first = "starts" if chains is None else chains
        raise SettingError(
            Fault(
                where,
                f"states have shape ({size},) or ({first}, {size})",
                f"shape {array.shape}",
                "give one number per subparticle",
            )
        )
    for group in program.groups:
        low, high = group.distribution.support
        outside = np.argwhere((array[..., group.rows] < low) | (array[..., group.rows] > high))
        if outside.size:
            at = tuple(outside[0])
            row = int(group.rows[at[-1]])
            raise SettingError(
                Fault(
                    f"{where}, {program.paths[row]!r}",
                    f"the state of {group.distribution!r} lies in [{low:g}, {high:g}]",
                    f"{array[..., group.rows][at]:g}",
                    "give a state inside the support",
                )
            )
    return array


def checked_couplings(couplings: ArrayLike, program: Program, where: str) -> FloatArray:
    """Return `couplings` as an array of shape ``(N, N)``, 0 where no boundary state exists.

    Raises
    ------
    SettingError
        For NaN, another shape, or a coupling without a boundary state.
    """
    array = checked_array(couplings, where, "couplings")
    size = program.size
    if array.shape != (size, size):
        raise SettingError(
            Fault(
                where,
                f"couplings have shape {(size, size)}",
                f"shape {array.shape}",
                "give J[target, source]",
            )
        )
    stray = np.argwhere((array != 0.0) & ~program.exists)
    if stray.size:
        row, column = stray[0].tolist()
        raise SettingError(
            Fault(
                where,
                "a coupling needs a boundary state",
                f"{array[row, column]:g} at [{row}, {column}], where none exists",
                f"couple {program.paths[column]!r} to {program.paths[row]!r} "
                "in the world, then make a new Simulator",
            )
        )
    return array


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    """Return `dtype` as float64 or float32, or raise SettingError."""
    for kind in (np.dtype(np.float64), np.dtype(np.float32)):
        if dtype in (kind, kind.name, kind.type):
            return kind
    fault = Fault(
        "Simulator", "the dtype is 'float64' or 'float32'", repr(dtype), "use one of them"
    )
    raise SettingError(fault)


def refuse_overflow(program: Program, dtype: np.dtype[Any]) -> None:
    """Raise SettingError if a number of `program` cannot be represented in `dtype`."""
    largest = float(np.finfo(dtype).max)
    for what in ("couplings", "bias", "precision"):
        size = float(np.max(np.abs(getattr(program, what))))
        if size > largest:
            raise SettingError(
                Fault(
                    "Simulator",
                    f"the {what} can be represented as {dtype}",
                    f"{size:g}",
                    "use dtype='float64'",
                )
            )
