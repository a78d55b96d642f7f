"""Boundary states that are not where they should be, and the levels at which they leak.

In a lawful world a boundary state is held by its source and by its target, and by nobody else. One
that a third state holds, too, or that is held under another name, may carry the inside of a
partition past its blanket. Which partitions that concerns follows from the graph of these boundary
states alone: all others have one source and one target, through which nothing leaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.errors import Fault
from deepparticle.blankets.leaks import leaking_paths

if TYPE_CHECKING:
    import networkx

    from deepparticle.partitions.partition import Partition

__all__ = ["Strays", "leaking_levels"]


class Strays:
    """The boundary states of a world that are not held by their two ends, or not only by them.

    Parameters
    ----------
    world : Partition
    """

    def __init__(self, world: Partition) -> None:
        self._world = world
        self._sources: dict[Boundary, dict[Any, None]] = {}
        self._targets: dict[Boundary, dict[Any, None]] = {}

    def add(self, boundary: Boundary, source: Any, target: Any) -> None:
        """Take note of a boundary state that `source` and `target` hold, whoever its ends are."""
        self._sources.setdefault(boundary, {}).update(dict.fromkeys((boundary.source, source)))
        self._targets.setdefault(boundary, {}).update(dict.fromkeys((boundary.target, target)))

    def leaks(self) -> list[Fault]:
        """What leaks through them, level by level; see `leaking_paths`."""
        if not self._sources:
            return []
        states = _States(self._world)
        for boundary, sources in self._sources.items():
            targets = self._targets[boundary]
            parents, children = map(states.add, sources), map(states.add, targets)
            states.join([*parents], [*children], boundary)
        return leaking_paths(states.graph)


def leaking_levels(world: Partition, source: Any, target: Any) -> list[str]:
    """The levels that leak where a source drives a target without a boundary state.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> brain = world.add_partition("brain")
    >>> leaking_levels(world, world.add_external("scene"), brain.add_subparticle("a"))
    ['world', 'brain', 'brain/a']
    """
    states = _States(world)
    states.graph.add_edge(states.add(source), states.add(target))
    return [fault.where for fault in leaking_paths(states.graph)]


class _States:
    """A graph of states in the making."""

    def __init__(self, world: Partition) -> None:
        import networkx

        self.graph: networkx.DiGraph = networkx.DiGraph(name=world.name)
        self._world = world
        self._known: dict[Any, str] = {}

    def add(self, end: Any) -> str:
        """The node of a subparticle or external state."""
        if end not in self._known:
            self._known[end] = self._free(str(end))
            # What belongs to another world lies outside of everything here.
            outside = end.is_external or end.root is not self._world
            kind = "external" if outside else "internal"
            self.graph.add_node(self._known[end], kind=kind, path=end.path)
        return self._known[end]

    def join(self, sources: list[str], targets: list[str], boundary: Boundary) -> None:
        """Add a boundary state, as from its own source to its own target."""
        ends = self._known[boundary.source], self._known[boundary.target]
        node = self._free(f"{ends[0]}→{ends[1]}")
        self.graph.add_node(node, kind=boundary.kind)
        self.graph.add_edges_from((source, node) for source in sources)
        self.graph.add_edges_from((node, target) for target in targets)

    def _free(self, name: str) -> str:
        while name in self.graph:
            name += "′"
        return name
