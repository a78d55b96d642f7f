"""Read networkx graphs: their nodes, what holds them, and graphs of states.

Whatever describes the nesting, paths on nodes or a tree beside the graph, becomes one flat list of
members, and :func:`deepparticle.partitions.placing.place_members` says what is wrong with it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import networkx
import numpy as np

from deepparticle.agents.registry import distribution_named
from deepparticle.agents.subparticle import Subparticle, checked_distribution
from deepparticle.blankets.errors import Fault, SettingTypeError
from deepparticle.blankets.laws import graph_faults
from deepparticle.blankets.naming import SEPARATOR
from deepparticle.blankets.numbers import finite_number
from deepparticle.partitions.collecting import Collector
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.placing import Entry, place_members

__all__ = [
    "Attributes",
    "Placed",
    "add_entries",
    "from_state_graph",
    "leaf_entries",
    "nested_entries",
]


@dataclass(frozen=True)
class Attributes:
    """Which attributes of nodes and edges hold what; see `from_networkx`."""

    weight: str = "weight"
    bias: str = "bias"
    state: str = "state"
    distribution: str = "distribution"
    plastic: str = "plastic"


@dataclass(frozen=True)
class Placed:
    """A member of the flat list, and the node of the graph that it is (None for a partition)."""

    entry: Entry
    node: Hashable = None


# ---------------------------------------------------------------------- where leaves lie


def leaf_entries(graph: networkx.Graph, partition: str | None) -> list[Placed]:
    """The nodes of a plain graph, and the partitions that an attribute puts them in."""
    placed: list[Placed] = []
    known: set[str] = set()
    for node, data in graph.nodes(data=True):
        where = f"node {node!r}"
        holder = "" if partition is None else _path_of(data.get(partition))
        if holder is None:
            placed.append(Placed(Entry("subparticle", str(node), None, where), node))
            continue
        placed += _partitions(holder, known, where)
        path = f"{holder}{SEPARATOR}{node}" if holder else str(node)
        placed.append(Placed(Entry("subparticle", path, holder, where), node))
    return placed


def _path_of(value: object) -> str | None:
    """A path; numbers of modules are names too, and what is not there is None."""
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return None if missing else str(value)


def _partitions(path: str, known: set[str], where: str) -> list[Placed]:
    """The partitions along a path that are not known yet, outermost first."""
    found = []
    names = path.split(SEPARATOR) if path else []
    for depth in range(1, len(names) + 1):
        inner = SEPARATOR.join(names[:depth])
        if inner not in known:
            known.add(inner)
            parent = SEPARATOR.join(names[: depth - 1])
            found.append(Placed(Entry("partition", inner, parent, where)))
    return found


def nested_entries(
    graph: networkx.Graph, nesting: networkx.DiGraph, collector: Collector
) -> tuple[list[Placed], str | None]:
    """The members that a tree of partitions holds, in the order of the tree.

    Returns
    -------
    placed : list of Placed
    root : str or None
        The name of the single root, which is the world.
    """
    if not isinstance(nesting, networkx.DiGraph):
        raise SettingTypeError(
            Fault(
                "nesting",
                "the nesting is a directed graph, from outside inwards",
                type(nesting).__name__,
                "give a networkx.DiGraph such as world.nesting",
            )
        )
    _tree_faults(graph, nesting, collector)
    outermost = [node for node in nesting if nesting.in_degree(node) == 0 and node not in graph]
    single = outermost[0] if len(outermost) == 1 else None
    placed: list[Placed] = []
    seen: set[Hashable] = set()
    stack: list[tuple[Hashable, str]] = [(node, "") for node in reversed(outermost)]
    while stack:
        node, parent = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node is single:
            stack += [(inner, "") for inner in reversed(list(nesting.successors(node)))]
            continue
        name = _name_in(nesting, node)
        path = f"{parent}{SEPARATOR}{name}" if parent else name
        leaf = node in graph
        kind = "subparticle" if leaf else "partition"
        entry = Entry(kind, path, parent, f"node {node!r} of the nesting")
        placed.append(Placed(entry, node if leaf else None))
        if not leaf:
            stack += [(inner, path) for inner in reversed(list(nesting.successors(node)))]
    return placed, None if single is None else _name_in(nesting, single)


def _name_in(nesting: networkx.DiGraph, node: Hashable) -> str:
    return str(nesting.nodes[node].get("name", node))


def _tree_faults(graph: networkx.Graph, nesting: networkx.DiGraph, collector: Collector) -> None:
    for node in graph:
        if node not in nesting or nesting.in_degree(node) == 0:
            collector.add(
                f"node {node!r}",
                "a subparticle lies in one partition",
                "a leaf outside every partition",
                "add an edge from its partition to it to the nesting",
            )
        elif nesting.out_degree(node):
            inner = next(iter(nesting.successors(node)))
            collector.add(
                f"node {node!r}",
                "only a partition holds members",
                f"a node of the graph that holds {inner!r}",
                "name a partition",
            )
    for node in nesting:
        holders = list(nesting.predecessors(node))
        if len(holders) > 1:
            collector.add(
                f"node {node!r} of the nesting",
                "the nesting is a tree",
                "a member of " + " and of ".join(map(repr, holders)),
                "leave it in one of them",
            )
    for component in networkx.strongly_connected_components(nesting):
        inner_tree = nesting.subgraph(component)
        if inner_tree.number_of_edges():
            names = [source for source, *_ in networkx.find_cycle(inner_tree)]
            collector.add(
                f"node {names[0]!r} of the nesting",
                "the nesting is a tree",
                "a cycle in the nesting: " + " → ".join(map(str, [*names, names[0]])),
                "remove one of these edges",
            )


# ---------------------------------------------------------------------- leaves


def add_entries(
    world: Partition,
    placed: list[Placed],
    graph: networkx.Graph,
    attributes: Attributes,
    collector: Collector,
) -> dict[Hashable, Subparticle]:
    """Build what can be placed; return the subparticles by their nodes."""
    placement = place_members([one.entry for one in placed], _mend_of_parent)
    collector.faults += placement.faults
    leaves: dict[Hashable, Subparticle] = {}
    for index in placement.order:
        entry, node = placed[index].entry, placed[index].node
        parent: Partition = world[entry.parent] if entry.parent else world
        name = entry.path.rpartition(SEPARATOR)[2]
        if entry.kind == "partition":
            parent.add_partition(name)
        else:
            leaves[node] = _add_leaf(
                parent, name, graph.nodes[node], attributes, entry.where, collector
            )
    return leaves


def _mend_of_parent(entry: Entry) -> str:
    return "give the node the path of its partition ('' for the world itself)"


def _add_leaf(
    parent: Partition,
    name: str,
    data: Mapping[str, Any],
    attributes: Attributes,
    where: str,
    collector: Collector,
) -> Subparticle:
    leaf = parent.add_subparticle(name)
    with collector.at(where):
        given = data.get(attributes.distribution)
        if isinstance(given, str):
            given = distribution_named(given)
        if given is not None:
            leaf._distribution = checked_distribution(given, where)
    with collector.at(where):
        leaf._initialise(finite_number(data.get(attributes.bias, 0.0), "", "bias"), 0.0)
    with collector.at(where):
        leaf.state = data.get(attributes.state, 0.0)
    return leaf


# ---------------------------------------------------------------------- graphs of states


def from_state_graph(
    graph: networkx.Graph,
    attributes: Attributes,
    name: str | None,
    settings: Mapping[str, Any],
) -> Partition:
    """Rebuild a world from a graph of states; see `from_networkx`.

    Examples
    --------
    >>> world = Partition("world")
    >>> _ = world.couple(world.add_subparticle("a"), world.add_subparticle("b"), 0.8)
    >>> from_state_graph(world.graph, Attributes(), None, {})["b"].sensory["a"].weight
    0.8
    """
    if not graph.is_directed():
        raise SettingTypeError(
            Fault(
                "from_networkx",
                "a graph of states is directed",
                type(graph).__name__,
                "give a networkx.DiGraph such as world.graph",
            )
        )
    collector = Collector()
    if graph.is_multigraph():
        seen = set()
        for u, v in graph.edges():
            if (u, v) in seen:
                collector.add(
                    f"{u} → {v}", "a coupling is made once", "parallel edges", "remove one of them"
                )
            seen.add((u, v))
    states: networkx.DiGraph = networkx.DiGraph(graph)
    collector.faults += graph_faults(states)
    world = Partition(name or str(graph.name) or "world", **settings)
    placed: list[Placed] = []
    known: set[str] = set()
    externals: dict[Hashable, Any] = {}
    for node, data in graph.nodes(data=True):
        path = str(data.get("path", node))
        if data.get("kind") == "internal":
            parent = path.rpartition(SEPARATOR)[0]
            placed += _partitions(parent, known, str(node))
            placed.append(Placed(Entry("subparticle", path, parent, str(node)), node))
        elif data.get("kind") == "external":
            with collector.at(str(node)):
                externals[node] = world.add_external(path)
    # Externals are not in the list, so a partition of the same name is seen only now.
    taken = {external.name: node for node, external in externals.items()}
    for one in placed:
        if one.entry.path in taken:
            collector.add(
                one.entry.where,
                "the names of siblings differ",
                repr(one.entry.path),
                f"rename it, or the external state {taken[one.entry.path]}",
            )
    placed = [one for one in placed if one.entry.path not in taken]
    ends = {**add_entries(world, placed, graph, attributes, collector), **externals}
    _join(world, states, ends, attributes, collector)
    for node, external in externals.items():
        value = graph.nodes[node].get("value", 0.0)
        # How many entries it has depends on who senses it: not known while links are missing.
        if not collector.faults or not isinstance(value, (list, tuple, np.ndarray)):
            with collector.at(str(node)):
                external.value = value
    collector.refuse()
    return world


def _join(
    world: Partition,
    graph: networkx.DiGraph,
    ends: Mapping[Hashable, Any],
    attributes: Attributes,
    collector: Collector,
) -> None:
    for node, data in graph.nodes(data=True):
        parents, children = list(graph.predecessors(node)), list(graph.successors(node))
        lawful = len(parents) == 1 and len(children) == 1 and parents != children
        if node in ends or not lawful or parents[0] not in ends or children[0] not in ends:
            continue
        source, target = ends[parents[0]], ends[children[0]]
        weight = data.get(attributes.weight, 1.0)
        if source.is_external or target.is_external:
            join = world.sense if source.is_external else world.act
            with collector.at(str(node)):
                join(source, target, weight).plastic = data.get(attributes.plastic, False)
        else:
            learns = data.get(attributes.plastic, True)
            with collector.at(str(node)):
                world.couple(source, target, weight, plastic=learns)
