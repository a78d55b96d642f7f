r"""What crosses the border of every partition of a world, from its arrays.

Rows are depth first, so that a partition is a range of rows, and a boundary state crosses its
border when one of its ends lies in the range and the other does not. A boundary state that leads
from one partition to another beside it belongs to the blankets of both: blankets overlap, insides
do not.

Given its value, a Dirac boundary state with a weight that is not 0 *determines* the state behind
it, :math:`\sigma_j = s_{ij} / J_{ij}`. Whatever is said about independence given a blanket that is
read at one instant says nothing about the states that the blanket determines. A noisy one,
:math:`s_{ij} = J_{ij}\sigma_j + sd\,z`, does not determine it, but tells something of it; several
that tell of one state are like one that tells it with the standard deviation
:math:`(\sum_i J_{ij}^2/sd_{ij}^2)^{-1/2}`, since their weighted mean is sufficient.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.conditional import GaussianBoundary
from deepparticle.partitions.arrays import CouplingEntries, coupling_entries
from deepparticle.partitions.columns import external_columns, other_conditionals
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.agents.external import ExternalState
    from deepparticle.partitions.partition import Partition

__all__ = ["Borders", "Crossing", "Place", "places_of"]


@dataclass(frozen=True)
class Place:
    """A partition or population, as the rows from `start` to `stop` of its world.

    Parameters
    ----------
    path : str
        ``""`` for the world.
    depth : int
        0 for the world.
    start, stop : int
    """

    path: str
    depth: int
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many subparticles are inside."""
        return self.stop - self.start

    def holds(self, rows: IntArray) -> BoolArray:
        """Which of `rows` lie inside."""
        inside: BoolArray = (rows >= self.start) & (rows < self.stop)
        return inside


def places_of(world: Partition) -> list[Place]:
    """The world and every partition and population in it, depth first.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> _ = world.add_partition("brain").add_subparticle("a")
    >>> _ = world.add_population("cortex", 3)
    >>> for place in places_of(world):
    ...     print(place)
    Place(path='', depth=0, start=0, stop=4)
    Place(path='brain', depth=1, start=0, stop=1)
    Place(path='cortex', depth=1, start=1, stop=4)
    """
    places = [Place("", 0, 0, world.leaf_count)]
    row = 0
    for member in world.walk():
        if isinstance(member, Subparticle):
            row += 1
        elif not member.is_external:
            holder: Any = member
            size = holder.size if isinstance(member, Population) else holder.leaf_count
            path = member.path
            places.append(Place(path, path.count("/") + 1, row, row + size))
            row += size if isinstance(member, Population) else 0
    return places


@dataclass(frozen=True, eq=False)
class Crossing:
    """The boundary states of one blanket, as arrays.

    Parameters
    ----------
    inner, outer : ndarray of intp
        The row inside and the row outside; -1 for an external state.
    known : ndarray of bool
        Whether it determines the state behind it.
    told : ndarray
        What a noisy one tells of the state behind it, :math:`J_{ij}^2/sd_{ij}^2` in inverse squared
        units of state; 0 where it is not noisy, or shows nothing.
    shared : ndarray of bool
        Whether it belongs to the blanket of another partition beside this one, too.
    """

    inner: IntArray
    outer: IntArray
    known: BoolArray
    told: FloatArray
    shared: BoolArray

    def __len__(self) -> int:
        return len(self.inner)


@dataclass(frozen=True, eq=False)
class _Macro:
    """Who senses an external state, or acts on it."""

    rows: IntArray
    known: BoolArray

    @classmethod
    def of(cls, rows: IntArray, weights: FloatArray, noisy: list[int]) -> _Macro:
        return cls(rows, (weights != 0.0) & ~np.isin(rows, noisy))


class Borders:
    """The boundary states of a world, and which of them cross the border of a place.

    Parameters
    ----------
    world : Partition
        A root.
    """

    def __init__(self, world: Partition) -> None:
        self.world = world
        self.places = places_of(world)
        self.entries: CouplingEntries = coupling_entries(world)
        self.externals: tuple[ExternalState, ...] = world.externals
        noisy, told, noisy_sensing, noisy_acting = self._other_conditionals()
        self.known: BoolArray = self.entries.weights != 0.0
        """Which couplings determine their source."""
        self.known[noisy] = False
        self.told: FloatArray = np.zeros(len(self.known))
        """What noisy ones tell of it, as of `Crossing`."""
        self.told[noisy] = told
        self._sensing: list[_Macro] = []
        self._acting: list[_Macro] = []
        for external in self.externals:
            found = external_columns(world, external)
            sensing, acting = noisy_sensing.get(external, []), noisy_acting.get(external, [])
            self._sensing.append(_Macro.of(found.sensing, found.sensing_weights, sensing))
            self._acting.append(_Macro.of(found.acting, found.acting_weights, acting))

    def _other_conditionals(
        self,
    ) -> tuple[list[int], list[float], dict[Any, list[int]], dict[Any, list[int]]]:
        """The boundary states that do not determine their source.

        Entries, what they tell of it, and rows by external state.
        """
        world, size = self.world, self.entries.size
        keys: list[int] = []
        told: list[float] = []
        sensing: dict[Any, list[int]] = {}
        acting: dict[Any, list[int]] = {}
        for boundary in other_conditionals(world):
            source: Any = boundary.source
            target: Any = boundary.target
            conditional = boundary.conditional
            if source.is_external:
                sensing.setdefault(source, []).append(world.row_of(target))
            elif target.is_external:
                acting.setdefault(target, []).append(world.row_of(source))
            elif not isinstance(conditional, GaussianBoundary):
                keys.append(world.row_of(target) * size + world.row_of(source))
                told.append(0.0)
            elif conditional.sd > 0.0:  # without noise it is a delta
                keys.append(world.row_of(target) * size + world.row_of(source))
                ratio = conditional.weight / conditional.sd
                told.append(ratio * ratio)  # which, unlike a power, may overflow
        if not keys:
            return [], [], sensing, acting
        own = self.entries.targets * size + self.entries.sources
        return np.searchsorted(own, keys).tolist(), told, sensing, acting

    # ------------------------------------------------------------------ crossing

    def sensory(self, place: Place) -> Crossing:
        """What comes in through the border of a place."""
        entries = self.entries
        first, last = np.searchsorted(entries.targets, [place.start, place.stop]).tolist()
        span = slice(first, last)
        return self._crossing(
            place, entries.targets[span], entries.sources[span], span, self._sensing
        )

    def active(self, place: Place) -> Crossing:
        """What goes out through the border of a place."""
        if place.size == self.entries.size:
            span: Any = slice(0, 0)
        else:
            order, sources = self._by_source
            first, last = np.searchsorted(sources, [place.start, place.stop]).tolist()
            span = order[first:last]
        entries = self.entries
        return self._crossing(
            place, entries.sources[span], entries.targets[span], span, self._acting
        )

    def _crossing(
        self, place: Place, inner: IntArray, outer: IntArray, span: Any, macro: list[_Macro]
    ) -> Crossing:
        crosses = ~place.holds(outer)
        inner, outer = inner[crosses], outer[crosses]
        known, told = self.known[span][crosses], self.told[span][crosses]
        starts, stops = self._around
        shared = ~((starts[outer] <= place.start) & (stops[outer] >= place.stop))
        parts: list[Any] = [(inner, outer, known, told, shared)]
        for one in macro:
            first, last = np.searchsorted(one.rows, [place.start, place.stop]).tolist()
            rows = one.rows[first:last]
            outside = np.full(len(rows), -1, dtype=np.intp)
            none = np.zeros(len(rows))
            parts.append((rows, outside, one.known[first:last], none, none > 0.0))
        return Crossing(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    @cached_property
    def _by_source(self) -> tuple[IntArray, IntArray]:
        order = np.argsort(self.entries.sources, kind="stable")
        return order, self.entries.sources[order]

    @cached_property
    def _around(self) -> tuple[IntArray, IntArray]:
        """The range of the innermost place around each row."""
        starts = np.zeros(self.entries.size, dtype=np.intp)
        stops = np.zeros(self.entries.size, dtype=np.intp)
        for place in self.places:  # from outside inwards
            starts[place.start : place.stop] = place.start
            stops[place.start : place.stop] = place.stop
        return starts, stops

    # ------------------------------------------------------------------ what is determined

    def senses(self, number: int) -> IntArray:
        """The rows for which the external state `number` is determined by what they sense."""
        macro = self._sensing[number]
        return macro.rows[macro.known]

    def acts(self) -> IntArray:
        """The rows that an active state on some external state determines."""
        found = [macro.rows[macro.known] for macro in self._acting]
        return np.unique(np.concatenate([np.zeros(0, dtype=np.intp), *found]))
