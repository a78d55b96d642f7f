r"""Levels: what a world consists of, seen from so deep.

The nesting of a deep particular partition is a tree. Cut at depth :math:`k` it falls into *units*:
the partitions at that depth, and the subparticles that lie above it. Units cover the inside
completely and have no internal state in common (Spisak & Friston 2026, "Deep particular partitions
and subparticles"). Their blankets overlap: a boundary state between two units,

.. math:: s_{ij} = a_{ji} = J_{ij}\,\sigma_j, \qquad i \in A, \; j \in B \ne A,

is sensory for :math:`A`, active for :math:`B`, and belongs to both blankets.

Rows are depth first, so that a unit is a range of rows, and units come in the order of their rows.
A partition with no subparticle inside has no internal state, and is not a unit.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.blanket import Blanket
from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError
from deepparticle.blankets.naming import unknown_path
from deepparticle.partitions.leaf_paths import LeafPaths
from deepparticle.partitions.population import Population, PopulationMember
from deepparticle.partitions.tree import Reference, Tree

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["Level", "level_at", "level_of_units"]


@dataclass(frozen=True, eq=False)
class Level:
    """The units of a partition at one level, in row order. Made by ``world.level(k)``.

    Parameters
    ----------
    partition : Partition
        What is cut into units.
    depth : int or None
        Where it is cut, 0 being the partition itself; None for units that were named one by one.
    paths : LeafPaths
        Their paths from the root; ``""`` for the root itself.
    starts : ndarray of intp, shape (U + 1,)
        Unit A has the rows from ``starts[A]`` to ``starts[A + 1]`` of the partition.
    revision : int
        Of the structure that was cut.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> left, right = world.add_partition("left"), world.add_partition("right")
    >>> a, b, c = left.add_subparticle("a"), left.add_subparticle("b"), right.add_subparticle("c")
    >>> _ = world.couple(b, c, 0.5)
    >>> level = world.level(1)
    >>> list(level.paths), [rows.tolist() for rows in level.members]
    (['left', 'right'], [[0, 1], [2]])
    >>> [str(state) for state in level.between]  # in the blankets of both
    ['left/b → right/c']
    """

    partition: Partition
    depth: int | None
    paths: LeafPaths
    starts: IntArray
    revision: int
    blocks: tuple[tuple[int, Member, bool], ...] = field(repr=False)
    """Unit by unit: its number, the object, and whether this stands for all members of a
    population, each a unit of its own."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> IntArray:
        """How many subparticles are inside each unit, shape ``(U,)``."""
        return np.diff(self.starts)

    @property
    def members(self) -> tuple[IntArray, ...]:
        """The rows of each unit."""
        return tuple(
            np.arange(first, last, dtype=np.intp)
            for first, last in zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)
        )

    @property
    def unit_of(self) -> IntArray:
        """The unit of each row, shape ``(N,)``."""
        return np.repeat(np.arange(len(self), dtype=np.intp), self.sizes)

    @property
    def units(self) -> tuple[Any, ...]:
        """The units themselves: partitions, populations and subparticles."""
        self.refuse_changes()
        return tuple(
            unit
            for _, member, each in self.blocks
            for unit in (member.subparticles if each else (member,))  # type: ignore[attr-defined]
        )

    @property
    def between(self) -> tuple[Boundary, ...]:
        """The boundary states between two units: each is in the blankets of both."""
        self.refuse_changes()
        return tuple(self._between())

    def _between(self) -> Iterator[Boundary]:
        unit_of, row_of = self.unit_of, self.partition._row
        for leaf in self.partition.subparticles:
            here = unit_of[row_of(leaf)]
            for boundary in leaf.incoming():
                source = row_of(boundary.source)
                if source is not None and unit_of[source] != here:
                    yield boundary

    def blanket(self, unit: Reference) -> Blanket:
        """The boundary states that separate one unit from the rest.

        Parameters
        ----------
        unit : Member or str
            One of the units, or its path.
        """
        from deepparticle.partitions.graphs import blanket_of

        return blanket_of(self.units[self.index(unit)])

    @property
    def blankets(self) -> dict[str, Blanket]:
        """The blanket of every unit, by its path."""
        from deepparticle.partitions.graphs import blanket_of

        return {path: blanket_of(unit) for path, unit in zip(self.paths, self.units, strict=True)}

    def shared(self, first: Reference, second: Reference) -> tuple[Boundary, ...]:
        """The boundary states that the blankets of two units have in common.

        Parameters
        ----------
        first, second : Member or str
            Two units, or their paths.

        Returns
        -------
        tuple of Boundary
            In the order of the first blanket: what it senses, then what it acts through.
        """
        one, other = self.blanket(first), self.blanket(second)
        theirs = {view.boundary for view in (*other.sensory, *other.active)}
        mine = (view.boundary for view in (*one.sensory, *one.active))
        return tuple(boundary for boundary in mine if boundary in theirs)

    def mean(self, states: ArrayLike) -> FloatArray:
        r"""The macro-scale states :math:`S_A = \frac{1}{|A|} \sum_{i \in A} \sigma_i`.

        Parameters
        ----------
        states : array_like of shape (..., N)
            The states of the subparticles, in row order.

        Returns
        -------
        ndarray of shape (..., U)

        Raises
        ------
        SettingError
            If the last axis has another length.
        """
        array = np.asarray(states, dtype=np.float64)
        if array.ndim == 0 or array.shape[-1] != self.starts[-1]:
            raise SettingError(
                Fault(
                    f"a level of {str(self.partition)!r}",
                    f"there is one state per subparticle, shape (..., {self.starts[-1]})",
                    f"shape {array.shape}",
                    "give the states of all subparticles, in row order",
                )
            )
        sums: FloatArray = np.add.reduceat(array, self.starts[:-1], axis=-1)
        return sums / self.sizes

    def index(self, unit: Reference) -> int:
        """The number of a unit.

        Raises
        ------
        UnknownPathError
            If it is none of them; the message lists the nearest.
        """
        path = unit if isinstance(unit, str) else getattr(unit, "path", repr(unit))
        number = self.paths.rows.get(path)
        if number is None:
            raise unknown_path(f"a level of {str(self.partition)!r}", path, self.paths)
        return number

    def refuse_changes(self) -> None:
        """Raise PartitionError if the structure of the world has changed since."""
        if self.revision != self.partition.revision:
            raise PartitionError(
                Fault(
                    f"a level of {str(self.partition)!r}",
                    "a level is that of a world as it was when it was cut",
                    f"{self.partition.revision - self.revision} changes of structure since",
                    "ask for the level again",
                )
            )

    def __repr__(self) -> str:
        where = "" if self.depth is None else f" {self.depth}"
        lines = [f"<Level{where} of {str(self.partition)!r}: {len(self)} units"]
        shown = zip(self.paths[:12], self.sizes.tolist(), strict=False)
        lines += [f"  {path or str(self.partition)!s:<28} {size:>6}" for path, size in shown]
        if len(self) > 12:
            lines.append(f"  … and {len(self) - 12} more")
        return "\n".join(lines) + ">"


def level_at(partition: Partition, depth: Any) -> Level:
    """The partitions at a depth, and the leaves above it; see `Partition.level`."""
    try:
        if isinstance(depth, (bool, np.bool_)):
            raise TypeError
        wanted = operator.index(depth)
    except TypeError:
        raise SettingTypeError(
            Fault(
                f"{partition}.level",
                "a depth is a whole number",
                repr(depth),
                "give 0 for the whole, 1 for what lies directly inside, …",
            )
        ) from None
    if wanted < 0:
        raise SettingError(
            Fault(
                f"{partition}.level",
                "a depth is at least 0",
                repr(wanted),
                "give 0 for the whole, 1 for what lies directly inside, …",
            )
        )
    return level_of_units(partition, list(_units_at(partition, wanted)), wanted)


def _units_at(member: Any, depth: int) -> Iterator[tuple[Any, bool]]:
    """The units of a member, each with whether it stands for all members of a population."""
    if isinstance(member, Subparticle):
        yield member, False
    elif isinstance(member, Population):
        yield member, depth > 0
    elif isinstance(member, Tree):
        if depth == 0:
            yield member, False
        else:
            for inner in member:
                yield from _units_at(inner, depth - 1)


def level_of_units(partition: Partition, found: list[tuple[Any, bool]], depth: int | None) -> Level:
    """The level of given units; those without a subparticle inside are left out.

    Parameters
    ----------
    partition : Partition
    found : list of (Member, bool)
        In row order, covering the partition: units, or populations whose members are units each.
    depth : int or None
        Where they are.
    """
    runs: list[Any] = []
    sizes: list[Any] = []
    blocks: list[tuple[int, Member, bool]] = []
    names: list[str] = []
    number = 0
    for member, each in found:
        size = _size_of(member)
        if size == 0:
            continue
        blocks.append((number, member, each))
        if each:
            if names:
                runs.append(tuple(names))
                names = []
            runs.append((member.path, size))
            sizes.append(np.ones(size, dtype=np.intp))
            number += size
        else:
            names.append(member.path)
            sizes.append([size])
            number += 1
    if names:
        runs.append(tuple(names))
    starts = np.zeros(number + 1, dtype=np.intp)
    if sizes:
        np.cumsum(np.concatenate(sizes), out=starts[1:])
    return Level(partition, depth, LeafPaths(runs), starts, partition.revision, tuple(blocks))


def _size_of(member: Any) -> int:
    if isinstance(member, (Subparticle, PopulationMember)):
        return 1
    size: int = member.size if isinstance(member, Population) else member.leaf_count
    return size
