r"""Leaking paths: where a graph of states breaks the path-wise law, and at which levels.

For one thing with inside :math:`\mu` and outside :math:`\eta`, the paths of both are independent
given those of the blanket if and only if no edge joins :math:`\mu` and :math:`\eta` and no state
has parents in both (:mod:`deepparticle.blankets.laws`). A deep partition asks this of every
partition at every level, and of every subparticle. Asked one after the other, that is edges ×
partitions. Here it is asked of all of them at once. With

- :math:`C(x)` the partitions around a state :math:`x`, from the whole to itself (none for an
  external state),
- :math:`W(x)` the partitions in which :math:`x` is internal, and :math:`\bar O(x)` those of which
  it is not outside:

==================  =====================================  =====================================
state               :math:`W`                              :math:`\bar O`
==================  =====================================  =====================================
internal            :math:`C(x)`                           :math:`C(x)`
external            none                                   none
boundary            :math:`S \cap T`                       :math:`S \cup T`
==================  =====================================  =====================================

(:math:`S` unites the :math:`C` of its internal sources, :math:`T` those of its internal targets),
the edge :math:`x \to y` leaks exactly in :math:`W(x) \setminus \bar O(y)` and in
:math:`W(y) \setminus \bar O(x)`, and the common child of :math:`x` and :math:`y` in
:math:`W(x) \setminus \bar O(y)` and the reverse. These sets have about as many members as the
nesting is deep, so that the whole is linear in edges × depth.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from deepparticle.blankets.errors import Fault
from deepparticle.blankets.naming import SEPARATOR

if TYPE_CHECKING:
    import networkx

__all__ = ["LAWS", "child_fault", "edge_fault", "leaking_paths"]

LAWS = (
    "no edge joins its inside and its outside",
    "no state has parents both inside and outside",
)
"""The two halves of the path-wise law, as faults name them."""


def edge_fault(level: str, source: Hashable, target: Hashable) -> Fault:
    """The fault of an edge that joins the inside and the outside of `level`.

    Examples
    --------
    >>> print(edge_fault("brain", "scene", "brain/a"))
    brain: no edge joins its inside and its outside (got the path scene → brain/a). Mend: put a \
boundary state between them: couple(), sense() or act().
    """
    return Fault(
        level,
        LAWS[0],
        f"the path {source} → {target}",
        "put a boundary state between them: couple(), sense() or act()",
    )


def child_fault(level: str, first: Hashable, node: Hashable, second: Hashable) -> Fault:
    """The fault of a state that has one parent inside `level` and one outside.

    Examples
    --------
    >>> print(child_fault("brain", "brain/a", "brain/a→c", "scene").value)
    the path brain/a → brain/a→c ← scene
    """
    return Fault(
        level,
        LAWS[1],
        f"the path {first} → {node} ← {second}",
        f"give {node} one driving state, or split it into two boundary states",
    )


def leaking_paths(graph: networkx.DiGraph) -> list[Fault]:
    """Every level of a graph of states at which the path-wise law is broken, with the path.

    Linear in edges × depth of nesting.

    Parameters
    ----------
    graph : networkx.DiGraph
        States with attribute ``kind`` (``internal``, ``external``, or a kind of boundary state);
        internal ones with ``path``, by default the node itself. The partitions around a state are
        the leading names of its path; the whole is called like the graph.

    Returns
    -------
    list of Fault
        Level by level, from outside inwards in the order in which they appear; each names the
        level, the law and the path. An edge between two states that are not boundary states is
        named at every level that it leaks at; of the edges at one boundary state, and of the
        parents of one state, one witness is named per level.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph([("scene", "brain/a")], name="world")
    >>> nx.set_node_attributes(graph, {"scene": "external", "brain/a": "internal"}, "kind")
    >>> for fault in leaking_paths(graph):
    ...     print(fault.where, "|", fault.value)
    world | the path scene → brain/a
    brain | the path scene → brain/a
    brain/a | the path scene → brain/a
    """
    roles = _Roles(graph)
    found: dict[int, list[Fault]] = {}
    for level, fault in (*_edges(graph, roles), *_children(graph, roles)):
        found.setdefault(level, []).append(fault)
    return [fault for level in sorted(found) for fault in dict.fromkeys(found[level])]


class _Roles:
    """Of which levels each state is internal, and of which it is not outside."""

    def __init__(self, graph: networkx.DiGraph) -> None:
        whole = str(graph.name) or "the whole"
        self.names = [whole]
        numbers: dict[str, int] = {}
        around: dict[Hashable, frozenset[int]] = {}
        for node, data in graph.nodes(data=True):
            if data["kind"] == "external":
                around[node] = frozenset()
            elif data["kind"] == "internal":
                chain = [0]
                path = ""
                for name in str(data.get("path", node)).split(SEPARATOR):
                    path = f"{path}{SEPARATOR}{name}" if path else name
                    if path not in numbers:
                        numbers[path] = len(self.names)
                        self.names.append(path)
                    chain.append(numbers[path])
                around[node] = frozenset(chain)
        self.states = around
        self.within: dict[Hashable, frozenset[int]] = dict(around)
        self.around: dict[Hashable, frozenset[int]] = dict(around)
        nothing: frozenset[int] = frozenset()
        for node in graph.nodes:
            if node not in around:
                sources = nothing.union(*(around.get(one, nothing) for one in graph.pred[node]))
                targets = nothing.union(*(around.get(one, nothing) for one in graph.succ[node]))
                self.within[node] = sources & targets
                self.around[node] = sources | targets

    def outside(self, level: int, nodes: Iterable[Hashable]) -> Iterator[Hashable]:
        """The first of `nodes` that is outside of a level, if one is."""
        return islice((node for node in nodes if level not in self.around[node]), 1)


def _edges(graph: networkx.DiGraph, roles: _Roles) -> Iterator[tuple[int, Fault]]:
    names, states = roles.names, roles.states
    for source, target in graph.edges:
        if source in states and target in states:
            for level in sorted(states[source] ^ states[target]):
                yield level, edge_fault(names[level], source, target)
    # From the side of the state that is internal. Where it has many neighbours, those that are not
    # outside are passed over: each as often as it has levels.
    for node in graph.nodes:
        sources, targets = _ends(graph.pred, node, states), _ends(graph.succ, node, states)
        for level in sorted(roles.within[node]):
            for source in roles.outside(level, sources):
                yield level, edge_fault(names[level], source, node)
            for target in roles.outside(level, targets):
                yield level, edge_fault(names[level], node, target)


def _ends(
    neighbours: Mapping[Hashable, Iterable[Hashable]],
    node: Hashable,
    states: Mapping[Hashable, frozenset[int]],
) -> list[Hashable]:
    """The neighbours of a node; of a state that is no boundary, only the boundary states."""
    if node in states:
        return [one for one in neighbours[node] if one not in states]
    return list(neighbours[node])


def _children(graph: networkx.DiGraph, roles: _Roles) -> Iterator[tuple[int, Fault]]:
    for node in graph.nodes:
        parents = list(graph.pred[node])
        if len(parents) < 2:
            continue
        inside: dict[int, Hashable] = {}
        for parent in parents:
            for level in roles.within[parent]:
                inside.setdefault(level, parent)
        for level in sorted(inside):
            for outsider in roles.outside(level, parents):
                yield level, child_fault(roles.names[level], inside[level], node, outsider)
