"""What callers give to a simulator, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deepparticle.agents.member import checked_clock, checked_non_negative
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array
from deepparticle.compile.axes import Axes
from deepparticle.compile.program import Program

__all__ = [
    "checked_array",
    "checked_couplings",
    "checked_devices",
    "checked_dtype",
    "checked_folder",
    "checked_states",
    "per_row",
    "refuse_overflow",
    "row_clocks",
    "row_time_steps",
]


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


def per_row(
    value: Any, axes: Axes, default: FloatArray | None, where: str, what: str
) -> FloatArray:
    """A non-negative setting as one number per network and row.

    Parameters
    ----------
    value : float or array_like
        A number; ``(N,)``, one per row; with networks ``(R,)``, one per network, or ``(R, N)``,
        where either length may be 1. None for `default`.
    axes : Axes
    default : ndarray of shape (R, N) or (N,)

    Returns
    -------
    ndarray of shape (R, N)
    """
    networks, _, size = axes.shape
    if value is None:
        assert default is not None
        return np.array(np.broadcast_to(default, (networks, size)))
    if not isinstance(value, Sequence) and np.ndim(value) == 0:
        return np.full((networks, size), checked_non_negative(value, where, what))
    array = checked_array(value, where, what)
    given = array.shape
    if axes.networks is None:
        wanted, fits = f"({size},)", given == (size,)
    else:
        wanted = f"({networks},) or ({networks}, {size})"
        fits = given == (networks,) or (
            array.ndim == 2 and given[0] in (1, networks) and given[1] in (1, size)
        )
        array = array[:, None] if array.ndim == 1 else array
    if not fits:
        mend = "give one number per subparticle"
        if axes.networks is not None:
            mend = f"give one number per network, or shape (1, {size}) for one per subparticle"
        rule = f"{what} is a number or has shape {wanted}"
        raise SettingError(Fault(where, rule, f"shape {given}", mend))
    if np.any(array < 0):
        raise SettingError(
            Fault(where, f"{what} is not negative", repr(float(array.min())), f"give {what} ≥ 0")
        )
    return np.array(np.broadcast_to(array, (networks, size)))


def row_time_steps(
    value: Any, program: Program, axes: Axes, default: FloatArray, where: str
) -> FloatArray:
    """Time steps as one number per network and row, all above zero; see `per_row`.

    Raises
    ------
    SettingError
        If one is not above zero, or is given where no schedule uses it.
    """
    if value is None:
        return per_row(None, axes, default, where, "time_step")
    if not program.diffuses:
        rule, mend = "time_step is of the schedule 'langevin'", "leave time_step out"
        raise SettingError(Fault(where, rule, f"schedule {program.schedule!r}", mend))
    steps = per_row(value, axes, None, where, "time_step")
    if not np.all(steps > 0):
        rule, mend = "time_step is above zero", "give time_step=0.01, for example"
        raise SettingError(Fault(where, rule, repr(float(steps.min())), mend))
    return steps


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


def checked_states(states: ArrayLike, program: Program, axes: Axes, where: str) -> FloatArray:
    """Return `states` with all axes, inside the support.

    Returns
    -------
    ndarray of shape (R or 1, C or 1, N)

    Raises
    ------
    SettingError
        For NaN, another shape, or a state outside the support of its distribution.
    """
    array = checked_array(states, where, "the state")
    full = axes.inner(array)
    if full is None:
        rule = f"states have shape {axes.words()}"
        mend = "give one number per subparticle"
        raise SettingError(Fault(where, rule, f"shape {array.shape}", mend))
    for group in program.groups:
        low, high = group.distribution.support
        outside = np.argwhere((full[..., group.rows] < low) | (full[..., group.rows] > high))
        if outside.size:
            at = tuple(outside[0])
            row = int(group.rows[at[-1]])
            raise SettingError(
                Fault(
                    f"{where}, {program.paths[row]!r}",
                    f"the state of {group.distribution!r} lies in [{low:g}, {high:g}]",
                    f"{full[..., group.rows][at]:g}",
                    "give a state inside the support",
                )
            )
    return full


def checked_couplings(couplings: Any, program: Program, axes: Axes, where: str) -> FloatArray:
    """Return `couplings` as the program holds them, for every network.

    Parameters
    ----------
    couplings : array_like or scipy sparse array of shape (N, N), or one of these per network
        ``J[target, source]``, 0 where no boundary state exists.

    Returns
    -------
    ndarray of shape (R, N, N), or (R, E) in the sparse layout

    Raises
    ------
    SettingError
        For NaN, another shape, or a coupling without a boundary state.
    """
    networks, _, size = axes.shape
    several = isinstance(couplings, (list, tuple)) and any(
        hasattr(one, "tocoo") for one in couplings
    )
    if _is_sparse(couplings) or several:
        given = list(couplings) if several else [couplings]
        shape: Any = [np.shape(one) for one in given] if several else np.shape(couplings)
        fits = all(np.shape(one) == (size, size) for one in given)
        fits = fits and len(given) in (1, networks)
        read = [_of_sparse(one, program, where) for one in given] if fits else []
    else:
        array = checked_array(couplings, where, "couplings")
        shape = array.shape
        fits = shape == (size, size) or (
            axes.networks is not None and shape in ((networks, size, size), (1, size, size))
        )
        read = (
            [_of_dense(one, program, where) for one in array.reshape(-1, size, size)]
            if fits
            else []
        )
    if not fits:
        lead = "" if axes.networks is None else f" or {(networks, size, size)}"
        rule = f"couplings have shape {(size, size)}{lead}"
        raise SettingError(
            Fault(
                where, rule, f"{'shapes' if several else 'shape'} {shape}", "give J[target, source]"
            )
        )
    return np.array(np.broadcast_to(np.stack(read), (networks, *read[0].shape)))


def _is_sparse(matrix: Any) -> bool:
    return hasattr(matrix, "tocoo")


def _of_dense(matrix: FloatArray, program: Program, where: str) -> FloatArray:
    targets, sources = program.entries
    kept = matrix[targets, sources]
    if np.count_nonzero(kept) != np.count_nonzero(matrix):
        stray = matrix.copy()
        stray[targets, sources] = 0.0
        row, column = np.argwhere(stray)[0].tolist()
        raise _stray(matrix[row, column], row, column, program, where)
    return matrix if program.layout == "dense" else kept


def _of_sparse(matrix: Any, program: Program, where: str) -> FloatArray:
    if not _is_sparse(matrix):
        return _of_dense(checked_array(matrix, where, "couplings"), program, where)
    entries = matrix.tocsr(copy=True)
    entries.sum_duplicates()
    entries.eliminate_zeros()
    values = checked_array(entries.data, where, "couplings")
    if program.layout == "dense":
        return _of_dense(entries.toarray(), program, where)
    # Both lists are sorted by target, then source: where an entry belongs is found by bisection.
    targets, sources = program.entries
    place = np.repeat(np.arange(program.size), np.diff(entries.indptr)) * program.size
    place = place + entries.indices
    places = targets * program.size + sources
    found = np.minimum(np.searchsorted(places, place), max(places.size - 1, 0))
    wrong = np.flatnonzero(places[found] != place) if places.size else np.arange(place.size)
    if wrong.size:
        row, column = divmod(int(place[wrong[0]]), program.size)
        raise _stray(values[wrong[0]], row, column, program, where)
    result = np.zeros(places.size)
    result[found] = values
    return result


def _stray(value: float, row: int, column: int, program: Program, where: str) -> SettingError:
    return SettingError(
        Fault(
            where,
            "a coupling needs a boundary state",
            f"{value:g} at [{row}, {column}], where none exists",
            f"couple {program.paths[column]!r} to {program.paths[row]!r} "
            "in the world, then make a new Simulator",
        )
    )


def checked_folder(folder: Any, where: str) -> Path | None:
    """Return `folder` as a path to a folder, which need not exist yet; None as it is."""
    if folder is None:
        return None
    try:
        path = Path(folder)
    except TypeError:
        mend = "give folder='run', for example"
        raise SettingTypeError(Fault(where, "folder is a path", repr(folder), mend)) from None
    nearest = next((one for one in (path, *path.parents) if one.exists()), path)
    if nearest.exists() and not nearest.is_dir():
        mend = "give the path of a folder, or one that does not exist yet"
        raise SettingError(Fault(where, "series are written to a folder", repr(str(path)), mend))
    return path


def checked_devices(devices: Any, backend: str) -> list[Any] | None:
    """Return `devices` as a list, or None; only the backend ``jax`` knows any."""
    if devices is None:
        return None
    if backend != "jax":
        rule, mend = "devices are chosen for backend 'jax'", "leave devices out"
        raise SettingError(Fault("Simulator", rule, f"backend {backend!r}", mend))
    if isinstance(devices, str) or not isinstance(devices, Sequence) or not devices:
        rule, mend = "devices are a sequence of jax devices", "give jax.devices(), for example"
        raise SettingTypeError(Fault("Simulator", rule, repr(devices)[:60], mend))
    return list(devices)


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
        size = float(np.max(np.abs(getattr(program, what)), initial=0.0))
        if size > largest:
            raise SettingError(
                Fault(
                    "Simulator",
                    f"the {what} can be represented as {dtype}",
                    f"{size:g}",
                    "use dtype='float64'",
                )
            )
