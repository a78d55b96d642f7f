"""Networkx views of a world: its states and flows, its nesting, its blankets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepparticle.agents.external import ExternalState
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.blanket import Blanket
from deepparticle.blankets.boundary import ActiveState, Boundary, SensoryState
from deepparticle.blankets.errors import Fault, PartitionError
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    import networkx

    from deepparticle.partitions.partition import Partition

__all__ = ["blanket_of", "boundary_node", "nesting_tree", "state_graph"]


def boundary_node(boundary: Boundary) -> str:
    """The name of a boundary state in the graph: ``"brain/a→brain/b"``."""
    return f"{boundary.source.path}→{boundary.target.path}"


def state_graph(partition: Partition) -> networkx.DiGraph:
    """The states of a partition and what flows between them.

    Parameters
    ----------
    partition : Partition
        For the root, the whole world; otherwise the inside and its blanket, with the ends outside.

    Returns
    -------
    networkx.DiGraph
        Nodes are paths, ``"brain/a→brain/b"`` for boundary states. Every node has ``kind`` and
        ``path``; internal states also ``bias``, ``state`` and ``distribution``; boundary, sensory
        and active states ``weight``, ``plastic``, ``sensory_of`` and ``active_of`` (paths);
        external states ``value``.
    """
    import networkx

    graph: networkx.DiGraph = networkx.DiGraph(name=partition.name)
    if partition.parent is None:
        for external in partition.externals:
            _add_end(graph, external)
    for leaf in partition.subparticles:
        _add_end(graph, leaf)
    boundaries = list(partition.boundaries())
    for boundary in boundaries:
        _add_end(graph, boundary.source)
        _add_end(graph, boundary.target)
    for boundary in boundaries:
        node = boundary_node(boundary)
        while node in graph:  # a subparticle may be called "a→b"
            node += "′"
        graph.add_node(
            node,
            kind=boundary.kind,
            path=node,
            sensory_of=boundary.target.path,
            active_of=boundary.source.path,
            weight=boundary.weight,
            plastic=boundary.plastic,
        )
        graph.add_edge(boundary.source.path, node)
        graph.add_edge(node, boundary.target.path)
    return graph


def _add_end(graph: networkx.DiGraph, end: Any) -> None:
    if end.path in graph:
        return
    if isinstance(end, ExternalState):
        graph.add_node(end.path, kind="external", path=end.path, value=end.value)
    else:
        graph.add_node(
            end.path,
            kind="internal",
            path=end.path,
            bias=end.bias,
            state=end.state,
            distribution=end.distribution,
        )


def nesting_tree(partition: Partition) -> networkx.DiGraph:
    """The tree of what is inside what, from `partition` to its leaves.

    Returns
    -------
    networkx.DiGraph
        Nodes are paths (``""`` for the root) with attributes ``kind`` (``partition``,
        ``population``, ``subparticle``) and ``name``; edges lead inwards.
    """
    import networkx

    from deepparticle.partitions.partition import Partition

    tree: networkx.DiGraph = networkx.DiGraph(name=partition.name)

    def add(member: Any) -> None:
        kind = (
            "partition"
            if isinstance(member, Partition)
            else "population"
            if isinstance(member, Population)
            else "subparticle"
        )
        tree.add_node(member.path, kind=kind, name=member.name)
        if not isinstance(member, Subparticle):
            for inner in member:
                if not isinstance(inner, ExternalState):
                    add(inner)
                    tree.add_edge(member.path, inner.path)

    add(partition)
    return tree


def blanket_of(member: Any) -> Blanket:
    """The boundary states with exactly one end inside `member`, in row order."""
    if isinstance(member, ExternalState):
        raise PartitionError(
            Fault(
                str(member),
                "a particle has a blanket",
                "an external state",
                "ask for the blanket of a partition or subparticle",
            )
        )
    sensory, active = [], []
    for leaf in (member,) if isinstance(member, Subparticle) else member.subparticles:
        incoming, outgoing = _crossing(member, leaf)
        sensory += [SensoryState(one) for one in incoming]
        active += [ActiveState(one) for one in outgoing]
    return Blanket(str(member), tuple(sensory), tuple(active))


def _crossing(member: Any, leaf: Any) -> tuple[list[Boundary], list[Boundary]]:
    """The boundary states of a leaf inside `member` whose other end is outside, in and out."""
    # Inside a whole population nothing crosses, and its boundary states need no views.
    whole = leaf is not member
    incoming = leaf._incoming.values() if whole else leaf.incoming()
    outgoing = leaf._outgoing.values() if whole else leaf.outgoing()

    def is_outside(end: Any) -> bool:
        if isinstance(member, Subparticle):
            return True
        if isinstance(member, Population):
            return getattr(end, "population", None) is not member
        return member._row(end) is None

    return (
        [one for one in incoming if is_outside(one.source)],
        [one for one in outgoing if is_outside(one.target)],
    )
