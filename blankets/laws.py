r"""The laws of a particular partition, as checks on a graph of states.

A particular partition splits states into external :math:`\eta`, sensory :math:`s`, active :math:`a`
and internal :math:`\mu` with sparse flows (Spisak & Friston 2026, eq. 1),

.. math:: f_\eta(\eta, s, a),\quad f_s(\eta, s, a),\quad f_a(s, a, \mu),\quad f_\mu(s, a, \mu).

Read as a graph with an edge from each state to those whose flow depends on it, the paths of
:math:`\mu` and :math:`\eta` are independent given the paths of :math:`s` and :math:`a` if and
only if

1. no edge joins :math:`\mu` and :math:`\eta`, and
2. no state has parents in both

(two time slices decide; :func:`deepparticle.blankets.independence.path_independent` asks the same
question of d-separation). In a *deep* particular partition this holds at every level, and the
subparticles cover the inside completely: every state that is not external is the internal state of
one subparticle, or a boundary state between two states.

Graphs have one node per state with attribute ``kind`` (``internal``, ``boundary``, ``sensory``,
``active`` or ``external``) and, for internal ones, ``path``; the partitions around a state are the
leading names of its path. The checks are linear in edges; naming the levels that a violation leaks
at (:mod:`deepparticle.blankets.leaks`) is linear in edges × depth.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepparticle.blankets.errors import Fault
from deepparticle.blankets.leaks import child_fault, edge_fault, leaking_paths
from deepparticle.blankets.naming import SEPARATOR, name_fault

if TYPE_CHECKING:
    import networkx

__all__ = [
    "KINDS",
    "ParticularPartition",
    "graph_faults",
    "particular_partition",
    "pathwise_faults",
]

KINDS = ("internal", "boundary", "sensory", "active", "external")

# What may drive what: the sparse flows, with the blanket between any two states.
_LAWFUL = {
    ("internal", "boundary"),
    ("boundary", "internal"),
    ("external", "sensory"),
    ("sensory", "internal"),
    ("internal", "active"),
    ("active", "external"),
}


@dataclass(frozen=True)
class ParticularPartition:
    r"""The roles of all states of a graph, relative to one thing.

    Parameters
    ----------
    internal, sensory, active, external : tuple of nodes
        :math:`\mu, s, a, \eta` in the order of the graph.
    """

    internal: tuple[Hashable, ...]
    sensory: tuple[Hashable, ...]
    active: tuple[Hashable, ...]
    external: tuple[Hashable, ...]

    @property
    def blanket(self) -> tuple[Hashable, ...]:
        """Sensory and active states."""
        return self.sensory + self.active


def particular_partition(
    graph: networkx.DiGraph, things: Collection[Hashable]
) -> ParticularPartition:
    """Give every state its role, relative to the subparticles in `things`.

    A boundary state with both ends inside is internal to the whole; with one end inside it is
    sensory (comes in) or active (goes out); with none it is external.

    Parameters
    ----------
    graph : networkx.DiGraph
        States with attribute ``kind``.
    things : collection of nodes
        The internal states of the subparticles that make up the thing.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph([("a", "a→b"), ("a→b", "b")])
    >>> nx.set_node_attributes(graph, {"a": "internal", "b": "internal", "a→b": "boundary"}, "kind")
    >>> particular_partition(graph, {"b"}).sensory
    ('a→b',)
    """
    inside = set(things)
    roles: dict[str, list[Hashable]] = {"internal": [], "sensory": [], "active": [], "external": []}
    for node, kind in graph.nodes(data="kind"):
        if kind in ("internal", "external"):
            roles["internal" if node in inside else "external"].append(node)
            continue
        comes_from_inside = any(parent in inside for parent in graph.predecessors(node))
        leads_inside = any(child in inside for child in graph.successors(node))
        if comes_from_inside and leads_inside:
            roles["internal"].append(node)
        elif leads_inside:
            roles["sensory"].append(node)
        else:
            roles["active" if comes_from_inside else "external"].append(node)
    return ParticularPartition(*(tuple(roles[role]) for role in roles))


def pathwise_faults(
    graph: networkx.DiGraph, things: Collection[Hashable], name: str
) -> Iterator[Fault]:
    """Violations of the path-wise law for one thing: each names the leaking path.

    Parameters
    ----------
    graph : networkx.DiGraph
        States with attribute ``kind``.
    things : collection of nodes
        The internal states inside.
    name : str
        What to call the thing in messages.
    """
    roles = particular_partition(graph, things)
    inside, outside = set(roles.internal), set(roles.external)
    for source, target in graph.edges:
        if (source in inside and target in outside) or (source in outside and target in inside):
            yield edge_fault(name, source, target)
    for node in graph.nodes:
        parents = list(graph.predecessors(node))
        first = next((parent for parent in parents if parent in inside), None)
        second = next((parent for parent in parents if parent in outside), None)
        if first is not None and second is not None:
            yield child_fault(name, first, node, second)


def graph_faults(graph: networkx.DiGraph) -> list[Fault]:
    """All violations of the laws of a deep particular partition.

    Parameters
    ----------
    graph : networkx.DiGraph
        States with attribute ``kind``; internal ones with ``path`` (by default the node itself).

    Returns
    -------
    list of Fault
        Empty for a lawful graph: node by node, edge by edge, then level by level.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph([("a", "b")])
    >>> nx.set_node_attributes(graph, "internal", "kind")
    >>> print(graph_faults(graph)[0])
    a → b: a coupling passes through a boundary state (got internal → internal). \
Mend: put a boundary state between them.
    """
    faults = list(_node_faults(graph))
    if any(fault.rule.startswith("the kind") for fault in faults):
        return faults
    faults += _edge_faults(graph)
    faults += _boundary_faults(graph)
    if not faults:
        # Boundary states with one source and one target leave no other way from inside to outside:
        # the path-wise law holds at every level. Where something is wrong, ask who is affected.
        return []
    return list(dict.fromkeys([*faults, *leaking_paths(graph)]))


def _node_faults(graph: networkx.DiGraph) -> Iterator[Fault]:
    for node, data in graph.nodes(data=True):
        kind: Any = data.get("kind")
        if kind not in KINDS:
            yield Fault(
                str(node),
                "the kind of a state is one of " + ", ".join(KINDS),
                repr(kind),
                "set the node attribute 'kind'",
            )
        elif kind == "internal":
            for name in str(data.get("path", node)).split(SEPARATOR):
                fault = name_fault(name, str(node))
                if fault is not None:
                    yield fault
        elif kind != "external":
            weight = data.get("weight", 1.0)
            if not isinstance(weight, (int, float)) or not math.isfinite(weight):
                yield Fault(
                    str(node), "the weight is a finite number", repr(weight), "replace NaN and inf"
                )


def _edge_faults(graph: networkx.DiGraph) -> Iterator[Fault]:
    kinds = graph.nodes(data="kind")
    for source, target in graph.edges:
        joined = (kinds[source], kinds[target])
        if joined in _LAWFUL:
            continue
        value = " → ".join(joined)
        where = f"{source} → {target}"
        if joined == ("internal", "internal"):
            rule = "a coupling passes through a boundary state"
            mend = "put a boundary state between them"
            if source == target:
                rule, mend = "a subparticle is not coupled to itself", "use its bias"
            yield Fault(where, rule, value, mend)
        elif set(joined) == {"internal", "external"}:
            kind = "sensory" if joined[0] == "external" else "active"
            yield Fault(
                where,
                f"external and internal states meet only through a macro-scale {kind} state",
                value,
                f"put a macro-scale {kind} state between them",
            )
        else:
            yield Fault(
                where,
                "the flows are f_η(η,s,a), f_s(η,s,a), f_a(s,a,μ), f_μ(s,a,μ) with "
                "one boundary state between two states",
                value,
                "remove the edge",
            )


def _listed(nodes: list[Hashable]) -> str:
    return ", ".join(map(str, nodes)) or "none"


def _boundary_faults(graph: networkx.DiGraph) -> Iterator[Fault]:
    for node, kind in graph.nodes(data="kind"):
        if kind in ("internal", "external"):
            continue
        parents, children = list(graph.predecessors(node)), list(graph.successors(node))
        if len(parents) != 1 or len(children) != 1:
            yield Fault(
                str(node),
                "complete coverage: a boundary state has one source and one target",
                f"sources {_listed(parents)} and targets {_listed(children)}",
                "join it to one state on each side, or remove it",
            )
        elif parents == children:
            yield Fault(
                str(node),
                "a subparticle is not coupled to itself",
                f"{parents[0]} → {node} → {parents[0]}",
                "use its bias",
            )
