r"""Independence of paths, by d-separation over two time slices.

The graph of a particular partition is cyclic (:math:`\mu \to a \to \eta \to s \to \mu`), so
d-separation is asked of its unrolled form: every state at time :math:`t` drives itself and its
children at :math:`t+1`. For paths, two slices decide. This is the slow and independent judge of
:func:`deepparticle.blankets.laws.pathwise_faults`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import TYPE_CHECKING

from deepparticle.blankets.laws import ParticularPartition, particular_partition

if TYPE_CHECKING:
    import networkx

__all__ = ["path_independent", "two_slices"]


def two_slices(graph: networkx.DiGraph) -> networkx.DiGraph:
    """Unroll a graph of states over two time steps; nodes are ``(state, time)``.

    Examples
    --------
    >>> import networkx as nx
    >>> sorted(two_slices(nx.DiGraph([("a", "b")])).edges)
    [(('a', 0), ('a', 1)), (('a', 0), ('b', 1)), (('b', 0), ('b', 1))]
    """
    import networkx

    slices: networkx.DiGraph = networkx.DiGraph()
    for node in graph.nodes:
        slices.add_edge((node, 0), (node, 1))
    for source, target in graph.edges:
        slices.add_edge((source, 0), (target, 1))
    return slices


def path_independent(
    graph: networkx.DiGraph,
    things: Collection[Hashable],
    roles: ParticularPartition | None = None,
) -> bool:
    r"""Whether :math:`\mu \perp \eta \mid s, a` path-wise, for the thing made of `things`.

    Parameters
    ----------
    graph : networkx.DiGraph
        States with attribute ``kind``.
    things : collection of nodes
        The internal states inside.
    roles : ParticularPartition, optional
        By default :func:`~deepparticle.blankets.laws.particular_partition`.

    Returns
    -------
    bool
        True also where one side is empty.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph([("a", "a→b"), ("a→b", "b")])
    >>> nx.set_node_attributes(graph, {"a": "internal", "b": "internal", "a→b": "boundary"}, "kind")
    >>> path_independent(graph, {"b"})
    True
    """
    import networkx

    parts = particular_partition(graph, things) if roles is None else roles

    def over_time(nodes: tuple[Hashable, ...]) -> set[tuple[Hashable, int]]:
        return {(node, time) for node in nodes for time in (0, 1)}

    inside, outside = over_time(parts.internal), over_time(parts.external)
    if not inside or not outside:
        return True
    return bool(
        networkx.is_d_separator(two_slices(graph), inside, outside, over_time(parts.blanket))
    )
