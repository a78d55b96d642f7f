"""What the leaves of a partition hold, as columns in row order; paths are made when asked for.

A population already keeps its numbers in arrays, so that its part of a column is a copy of one: a
million members need not be made to be read. Explicit subparticles are read one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.member import SETTINGS, Member
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.naming import SEPARATOR
from deepparticle.partitions.arrays import blocks_of
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["LeafColumns", "LeafPaths", "column_of", "leaf_columns"]


class LeafPaths(Sequence[str]):
    """The paths of leaves in row order, a string at a time.

    Equal to every sequence of the same strings; ``paths.rows`` is the mapping from path to row.

    Parameters
    ----------
    runs : sequence of (tuple of str) or (str, int)
        One after the other: the paths of explicit leaves, or a population's path and its size.

    Examples
    --------
    >>> paths = LeafPaths([("a", "b"), ("cortex", 1_000_000)])
    >>> len(paths), paths[1], paths[-1]
    (1000002, 'b', 'cortex/999999')
    >>> paths.rows["cortex/7"], paths.rows.get("cortex/x")
    (9, None)
    """

    def __init__(self, runs: Sequence[tuple[str, ...] | tuple[str, int]]) -> None:
        self._starts: list[int] = []
        self._names: list[tuple[str, ...] | None] = []
        self._prefixes: list[str] = []
        self._populations: dict[str, tuple[int, int]] = {}
        self._explicit: dict[str, int] | None = None
        self._count = 0
        for run in runs:
            self._starts.append(self._count)
            size = run[-1] if len(run) == 2 else None
            if isinstance(size, int):
                prefix = str(run[0]) + SEPARATOR
                self._names.append(None)
                self._prefixes.append(prefix)
                self._populations[prefix] = (self._count, size)
                self._count += size
            else:
                self._names.append(run)  # type: ignore[arg-type]
                self._prefixes.append("")
                self._count += len(run)

    @property
    def rows(self) -> Mapping[str, int]:
        """From path to row, without making the paths of populations."""
        return _Rows(self)

    def _row(self, path: object) -> int | None:
        if not isinstance(path, str):
            return None
        cut = path.rfind(SEPARATOR) + 1
        population = self._populations.get(path[:cut])
        if population is not None:
            start, size = population
            number = path[cut:]
            # "007" is not a name, "7" is; what is longer than the size is no number to read.
            if not number.isdecimal() or len(number) > len(str(size)) or str(int(number)) != number:
                return None
            return start + int(number) if int(number) < size else None
        if self._explicit is None:
            self._explicit = {
                name: start + offset
                for start, names in zip(self._starts, self._names, strict=True)
                if names is not None
                for offset, name in enumerate(names)
            }
        return self._explicit.get(path)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[str, ...]: ...
    def __getitem__(self, row: int | slice) -> str | tuple[str, ...]:
        if isinstance(row, slice):
            return tuple(self[one] for one in range(*row.indices(self._count)))
        place = range(self._count)[row]
        run = bisect_right(self._starts, place) - 1
        names, offset = self._names[run], place - self._starts[run]
        return f"{self._prefixes[run]}{offset}" if names is None else names[offset]

    def __iter__(self) -> Iterator[str]:
        ends = [*self._starts[1:], self._count]
        for start, end, names, prefix in zip(
            self._starts, ends, self._names, self._prefixes, strict=True
        ):
            if names is None:
                yield from (f"{prefix}{offset}" for offset in range(end - start))
            else:
                yield from names

    def __contains__(self, path: object) -> bool:
        return self._row(path) is not None

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The row of a path; ValueError if there is none."""
        row = self._row(value)
        if row is None or row not in range(*slice(start, stop).indices(self._count)):
            raise ValueError(f"{value!r} is not one of the paths")
        return row

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str) or not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == its for mine, its in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(repr(path) for path in self[:4])
        return f"<{self._count} paths: {shown}{', …' if self._count > 4 else ''}>"


class _Rows(Mapping[str, int]):
    """The other direction of `LeafPaths`."""

    def __init__(self, paths: LeafPaths) -> None:
        self._paths = paths

    def __getitem__(self, path: str) -> int:
        row = self._paths._row(path)
        if row is None:
            raise KeyError(path)
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True, eq=False)
class LeafColumns:
    r"""What the leaves of a partition hold, in row order.

    Parameters
    ----------
    paths : LeafPaths
        Their paths, from the root.
    bias, state : ndarray of shape (N,)
        :math:`b_i` in nats per unit of state, and :math:`\sigma_i`.
    field, evidence, argument, used_precision : ndarray of shape (N,)
        What their last inference rested on: :math:`h_i`, :math:`u_i`, :math:`\theta_i` and
        :math:`\beta_i`.
    precision, learning_rate : ndarray of shape (N,)
        With what is inherited from the partitions around.
    clock : ndarray of intp, shape (N,)
        The same, in steps.
    distributions : tuple of (StateDistribution, ndarray of intp)
        The distinct distributions, in the order of their first rows, each with its rows.
    """

    paths: LeafPaths
    bias: FloatArray
    state: FloatArray
    field: FloatArray
    evidence: FloatArray
    argument: FloatArray
    used_precision: FloatArray
    precision: FloatArray
    learning_rate: FloatArray
    clock: IntArray
    distributions: tuple[tuple[StateDistribution, IntArray], ...]


# What a leaf holds itself, under the names of its attributes; a population's cells are called the
# same after an underscore.
_HELD = ("bias", "state", "field", "evidence", "argument", "_used_precision")
_held = attrgetter(*_HELD)


def leaf_columns(partition: Partition) -> LeafColumns:
    """What the leaves inside hold, as arrays in row order.

    Linear in the number of members; members of populations are not made, but read from their
    arrays.

    Parameters
    ----------
    partition : Partition

    Returns
    -------
    LeafColumns
        Copies.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world", precision=0.5)
    >>> _ = world.add_subparticle("a", bias=0.2)
    >>> _ = world.add_population("cortex", 2, bias=[0.1, -0.1], precision=2.0)
    >>> columns = leaf_columns(world)
    >>> list(columns.paths), columns.bias.tolist(), columns.precision.tolist()
    (['a', 'cortex/0', 'cortex/1'], [0.2, 0.1, -0.1], [0.5, 2.0, 2.0])
    """
    count = partition.leaf_count
    held: dict[str, Any] = {name: np.empty(count) for name in _HELD}
    inherited: dict[str, Any] = {
        name: np.empty(count, dtype=np.intp if name == "clock" else np.float64) for name in SETTINGS
    }
    places = _Places()
    runs: list[Any] = []
    kinds: dict[int, tuple[StateDistribution, list[Any]]] = {}
    explicit: list[str] = []
    rows: list[int] = []
    values: list[Any] = []
    own: list[Any] = []
    for row, block in blocks_of(partition):
        path, settings = places.of(block)
        kind = kinds.setdefault(id(block.distribution), (block.distribution, []))
        if isinstance(block, Population):
            if explicit:
                runs.append(tuple(explicit))
                explicit = []
            runs.append((path, block.size))
            span = slice(row, row + block.size)
            kind[1].append(np.arange(row, row + block.size))
            for name in _HELD:
                held[name][span] = block.cells[f"_{name.lstrip('_')}"]
            for name, value in zip(SETTINGS, settings, strict=True):
                inherited[name][span] = value
            for offset, member in block._members.items():
                for name, value in member.own_settings.items():
                    inherited[name][row + offset] = value
        else:
            explicit.append(path)
            rows.append(row)
            kind[1].append(row)
            values.append(_held(block))
            own.append(settings)
    if explicit:
        runs.append(tuple(explicit))
    if rows:
        for name, column in zip(_HELD, zip(*values, strict=True), strict=True):
            held[name][rows] = column
        for name, column in zip(SETTINGS, zip(*own, strict=True), strict=True):
            inherited[name][rows] = column
    held["used_precision"] = held.pop("_used_precision")
    return LeafColumns(LeafPaths(runs), **held, **inherited, distributions=_distinct(kinds))


def column_of(partition: Partition, name: str) -> FloatArray:
    """One number of every leaf inside, in row order.

    Parameters
    ----------
    name : {"bias", "state", "field", "evidence", "argument"}

    Returns
    -------
    ndarray of shape (N,)
        A copy.
    """
    column = np.empty(partition.leaf_count)
    for row, block in blocks_of(partition):
        if isinstance(block, Population):
            column[row : row + block.size] = block.cells[f"_{name}"]
        else:
            column[row] = getattr(block, name)
    return column


class _Places:
    """Paths and settings of members, from those of the partition around, each found once."""

    def __init__(self) -> None:
        self._known: dict[Member, tuple[str, tuple[float, ...]]] = {}

    def of(self, member: Member) -> tuple[str, tuple[float, ...]]:
        parent = member.parent
        if parent is None:
            return member.path, tuple(getattr(member, name) for name in SETTINGS)
        if parent not in self._known:
            self._known[parent] = (
                parent.path,
                tuple(getattr(parent, name) for name in SETTINGS),
            )
        outer, settings = self._known[parent]
        path = f"{outer}{SEPARATOR}{member.name}" if outer else member.name
        own = member.own_settings
        if own:
            pairs = zip(SETTINGS, settings, strict=True)
            settings = tuple(own.get(name, inherited) for name, inherited in pairs)
        return path, settings


def _distinct(
    kinds: Mapping[int, tuple[StateDistribution, list[Any]]],
) -> tuple[tuple[StateDistribution, IntArray], ...]:
    # By identity first, which costs nothing per leaf; then those that are equal are one.
    merged: dict[StateDistribution, list[Any]] = {}
    for distribution, parts in kinds.values():
        merged.setdefault(distribution, []).extend(parts)
    return tuple(
        (distribution, np.sort(np.hstack(parts)).astype(np.intp))
        for distribution, parts in merged.items()
    )
