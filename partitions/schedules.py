r"""Schedules by name: in which turns the rows of a world update within a step.

The rows of a *turn* update at once, from the same states; the turns of a step follow one another,
and each sees the newest states of those before it.

===============  ==================================================================================
schedule         turns
===============  ==================================================================================
``synchronous``  one, of all rows
``sequential``   one for each row, in row order
``chromatic``    one for each colour class, whose rows do not touch
                 (:mod:`deepparticle.partitions.colouring`)
``random``       one for each of N rows that are drawn with replacement, in every step anew
``langevin``     one, of all rows, which move for a time step instead of being drawn anew
===============  ==================================================================================

A schedule of your own is a function of the paths of the rows and of who touches whom, which gives
the turns of every step. Rows of a turn that touch each other see the old states of each other:
such a step is synchronous within its turns and sequential between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from deepparticle.blankets._types import IntArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.naming import checked_registration, nearest
from deepparticle.partitions.arrays import coupling_entries
from deepparticle.partitions.colouring import colour_classes, touching_rows
from deepparticle.partitions.columns import leaf_columns

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = [
    "AT_ONCE",
    "SCHEDULES",
    "checked_schedule",
    "register_schedule",
    "turn_of_rows",
    "turns_inside",
    "turns_of",
]

SCHEDULES = ("synchronous", "sequential", "chromatic", "random", "langevin")
"""Those that come with the library."""

AT_ONCE = ("synchronous", "langevin")
"""The schedules in which all sense the old states."""

Turns: TypeAlias = Callable[[Sequence[str], Any], Any]
"""``turns(paths, touching)``: sequences of rows."""


def _row_by_row(paths: Sequence[str], _touching: Any) -> Any:
    return np.arange(len(paths), dtype=np.intp)[:, None]


def _by_colour(_paths: Sequence[str], touching: Any) -> Any:
    return colour_classes(touching)


# Those without a function have the same turns in every world, or other ones in every step.
_TURNS: dict[str, Turns | None] = {
    **dict.fromkeys(SCHEDULES),
    "sequential": _row_by_row,
    "chromatic": _by_colour,
}


def register_schedule(name: Any) -> Callable[[Turns], Turns]:
    """Make a schedule known by its name, to worlds, simulators, `verify` and analyses.

    Parameters
    ----------
    name : str
        A name of its own; not empty. Registering a name of yours again replaces the schedule.

    Returns
    -------
    callable
        A decorator for ``turns(paths, touching)``, which gives the function back. `paths` are
        those of the N rows in row order; `touching` is a symmetric ``scipy.sparse.csr_array`` of
        bool, shape ``(N, N)``: which rows are coupled, in either direction. It returns the turns of
        a step: sequences of rows, in which every row comes exactly once.

    Raises
    ------
    SettingError, SettingTypeError
        If the name is no string, or that of a schedule that comes with the library. When the
        schedule is used: if a row is missing, comes twice or does not exist, or if the function
        returns other turns when it is asked again.

    Examples
    --------
    >>> import deepparticle as dp
    >>> @dp.register_schedule("backwards, as in the recipe")
    ... def backwards(paths, touching):
    ...     return [[row] for row in reversed(range(len(paths)))]
    >>> world = dp.from_couplings([[0.0, 0.5], [0.2, 0.0]], name="pair")
    >>> dp.Simulator(world, schedule="backwards, as in the recipe").program.turns
    (array([1]), array([0]))
    """
    where = "register_schedule"
    mend = 'give a name: @register_schedule("outside-in")'
    checked_registration(name, SCHEDULES, where, "a schedule", mend)

    def decorate(turns: Turns) -> Turns:
        if not callable(turns):
            mend = "put it above def turns(paths, touching)"
            raise SettingTypeError(Fault(where, "a schedule is a function", repr(turns), mend))
        _TURNS[name] = turns
        return turns

    return decorate


def checked_schedule(value: object, where: str) -> str:
    """Return the name of a schedule that is known, or raise an error that names `where`.

    Examples
    --------
    >>> checked_schedule("random", "step")
    'random'
    """
    if not isinstance(value, str) or value not in _TURNS:
        known = ", ".join(map(repr, _TURNS))
        close = nearest(str(value), list(_TURNS), 1)
        mend = f"did you mean {close[0]!r}?" if close else "register it: @register_schedule"
        raise SettingError(Fault(where, f"the schedule is one of {known}", repr(value), mend))
    return value


def turns_of(
    schedule: str, paths: Sequence[str], targets: IntArray, sources: IntArray
) -> tuple[IntArray, ...]:
    """The turns of a step.

    Parameters
    ----------
    schedule : str
    paths : sequence of str
        Of the N rows.
    targets, sources : ndarray of int, shape (E,)
        The rows between which there are couplings.

    Returns
    -------
    tuple of ndarray of intp
        The rows of each turn, ascending. Empty for the schedules whose turns are always the same,
        or drawn: ``synchronous``, ``langevin`` and ``random``.

    Raises
    ------
    SettingError
        If a schedule of your own does not give every row one turn.

    Examples
    --------
    >>> turns_of("chromatic", ["a", "b", "c"], np.array([0, 1]), np.array([1, 2]))
    (array([0, 2]), array([1]))
    """
    made = _TURNS[schedule]
    if made is None:
        return ()
    size = len(paths)

    def ask() -> tuple[IntArray, ...]:
        touching = None
        if made is not _row_by_row:
            touching = touching_rows(targets, sources, size)
        found = made(paths, touching)
        if schedule in SCHEDULES:
            return tuple(found)
        return _checked_turns(found, schedule, paths)

    turns = ask()
    if schedule not in SCHEDULES:
        again = ask()
        same = len(again) == len(turns) and all(map(np.array_equal, again, turns))
        if not same:
            raise _refusal(
                schedule,
                "the same world has the same turns whenever it is asked for them",
                "others the second time",
                "draw nothing in it, or from a generator with a fixed seed",
            )
    for rows in turns:
        rows.setflags(write=False)
    return turns


def turns_inside(partition: Partition, schedule: str) -> tuple[IntArray, ...]:
    """The turns of the leaves inside a partition, made once per structure; see `turns_of`."""

    def find() -> tuple[IntArray, ...]:
        entries = coupling_entries(partition)
        paths = leaf_columns(partition).paths
        return turns_of(schedule, paths, entries.targets, entries.sources)

    # The function is part of the key: a name of yours may be given to another one.
    return partition._remembered(("turns", _TURNS[schedule]), find)


def turn_of_rows(turns: Sequence[IntArray], size: int) -> IntArray:
    """The number of each row's turn, shape (N,); 0 where there are no turns.

    Examples
    --------
    >>> turn_of_rows([np.array([0, 2]), np.array([1])], 3)
    array([0, 1, 0])
    """
    found = np.zeros(size, dtype=np.intp)
    for number, rows in enumerate(turns):
        found[rows] = number
    return found


def _checked_turns(found: Any, schedule: str, paths: Sequence[str]) -> tuple[IntArray, ...]:
    """What a schedule of a user's own returned, as turns that hold every row once."""
    size = len(paths)
    rule = f"it returns turns, sequences of rows 0…{size - 1}"
    try:
        turns = [np.asarray(rows) for rows in found]
    except (TypeError, ValueError):
        raise _refusal(schedule, rule, repr(found)[:60], "return [[0], [1, 2]], say") from None
    turns = [rows for rows in turns if rows.size]
    for rows in turns:
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            got = f"a turn {np.array2string(rows, threshold=6)}"
            raise _refusal(schedule, rule, got, "return [[0], [1, 2]], say")
    every = np.concatenate(turns) if turns else np.zeros(0, dtype=np.intp)
    beyond = every[(every < 0) | (every >= size)]
    if beyond.size:
        raise _refusal(schedule, rule, f"row {beyond[0]}", "leave it out")
    counts = np.bincount(every, minlength=size)
    wrong = np.flatnonzero(counts != 1)
    if wrong.size:
        row = int(wrong[0])
        comes = "no turn" if counts[row] == 0 else f"{counts[row]} turns"
        more = f" ({wrong.size - 1} more like it)" if wrong.size > 1 else ""
        raise _refusal(
            schedule,
            "every row has one turn in a step",
            f"{comes} for row {row}, {paths[row]!r}{more}",
            "give each row to exactly one of the turns",
        )
    return tuple(np.sort(rows).astype(np.intp) for rows in turns)


def _refusal(schedule: str, rule: str, got: str, mend: str) -> SettingError:
    return SettingError(Fault(f"schedule {schedule!r}", rule, got, mend))
