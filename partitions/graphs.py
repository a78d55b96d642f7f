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
    leaves = (member,) if isinstance(member, Subparticle) else member.subparticles
    inside = set(leaves)
    sensory, active = [], []
    for leaf in leaves:
        # Inside a whole population nothing crosses, and its boundary states need no views.
        whole = isinstance(member, Population) or (leaf.parent in _populations(member))
        incoming = leaf._incoming.values() if whole else leaf.incoming()
        outgoing = leaf._outgoing.values() if whole else leaf.outgoing()
        sensory += [SensoryState(one) for one in incoming if one.source not in inside]
        active += [ActiveState(one) for one in outgoing if one.target not in inside]
    return Blanket(str(member), tuple(sensory), tuple(active))


def _populations(member: Any) -> list[Any]:
    if isinstance(member, (Subparticle, Population)):
        return []
    found: list[Any] = member._remembered(
        "populations", lambda: [part for part in member.walk() if isinstance(part, Population)]
    )
    return found
