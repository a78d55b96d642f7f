r"""Worlds from couplings and from networkx graphs.

A matrix of couplings, ``J[target, source]``, becomes one population that senses one external state
``evidence``. A plain graph becomes explicit subparticles, its edges boundary states,

.. math:: u \to v \text{ with weight } w \quad\Rightarrow\quad s_{vu} \sim \delta(w\,\sigma_u),
          \; J_{vu} = w,

nested as a node attribute or a tree says. A graph of states, such as ``world.graph``, already has
its blankets: it is checked against the laws of a particular partition and rebuilt as it is.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.blankets._types import ArrayLike
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.laws import KINDS
from deepparticle.blankets.numbers import finite_number, real_array
from deepparticle.partitions.collecting import Collector, shown
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    import networkx
    import scipy.sparse

    from deepparticle.partitions.graph_reading import Attributes

__all__ = ["from_couplings", "from_networkx"]


def from_couplings(
    couplings: ArrayLike | scipy.sparse.sparray,
    *,
    bias: ArrayLike | None = None,
    name: str = "net",
    distribution: StateDistribution | None = None,
    plastic: bool = True,
    **settings: Any,
) -> Partition:
    """Make a world of one population from its couplings.

    The world holds the population ``population`` and the external state ``evidence``, which every
    subparticle senses with weight 1.

    Parameters
    ----------
    couplings : array_like or scipy sparse array of shape (N, N)
        ``J[target, source]`` with zero diagonal. Dense: every off-diagonal boundary state exists,
        zero or not. Sparse: only the stored entries do.
    bias : float or array_like of shape (N,), optional
        Prior biases, in nats per unit of state; 0 by default.
    name : str
        The name of the world.
    distribution : StateDistribution, optional
        The same for all; ``ContinuousBernoulli()`` by default.
    plastic : bool
        Whether learning changes the couplings.
    **settings
        ``precision``, ``learning_rate``, ``clock``, ``time_step``, ``learning_rule`` of the
        world.

    Returns
    -------
    Partition

    Raises
    ------
    SettingError, SettingTypeError
        If the couplings are not a square matrix of finite numbers, or the bias does not fit.
    PartitionError
        If the diagonal is not zero.

    Examples
    --------
    >>> world = from_couplings([[0, 0.5], [-0.2, 0]], bias=0.1, precision=0.5)
    >>> world["population/1"].sensory["0"].weight
    -0.2
    >>> world["population/1"].sensory["evidence"]
    <SensoryState of 'population/1' from 'evidence': weight=1>
    """
    matrix: Any = couplings
    # The population copies an array of numbers; a large one need not be copied here as well.
    numbers = isinstance(couplings, np.ndarray) and couplings.dtype.kind in "fiu"
    if not numbers and not hasattr(couplings, "tocoo"):
        try:
            matrix = real_array(couplings)
        except (TypeError, ValueError):
            raise SettingTypeError(
                Fault(
                    str(name),
                    "the couplings are a matrix of numbers",
                    shown(couplings),
                    "give an array of floats",
                )
            ) from None
    shape = tuple(matrix.shape)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise SettingError(
            Fault(
                str(name),
                "the couplings are a square matrix, target × source",
                f"shape {shape}",
                "give an array of shape (N, N) with N ≥ 1",
            )
        )
    world = Partition(name, **settings)
    population = world.add_population(
        "population",
        shape[0],
        couplings=matrix,
        bias=0.0 if bias is None else bias,
        distribution=distribution,
        plastic=plastic,
    )
    world.sense(world.add_external("evidence"), population)
    return world


def from_networkx(
    graph: networkx.Graph,
    *,
    weight: str = "weight",
    partition: str | None = None,
    nesting: networkx.DiGraph | None = None,
    name: str | None = None,
    bias: str = "bias",
    state: str = "state",
    distribution: str = "distribution",
    plastic: str = "plastic",
    **settings: Any,
) -> Partition:
    """Make a world from a graph.

    Parameters
    ----------
    graph : networkx.Graph or DiGraph
        A plain graph: every node becomes a subparticle called ``str(node)``, every edge a boundary
        state, in both directions if the graph is undirected. Or a graph of states, whose nodes have
        the attribute ``kind`` as in ``world.graph``: it is rebuilt as it is, with its externals,
        its paths and its attributes (populations become partitions of explicit subparticles;
        settings are not part of such a graph).
    weight : str
        The edge attribute that holds the coupling; 1 where an edge has none.
    partition : str, optional
        The node attribute that holds the path of the partition around, for example
        ``"brain/left"``; every node needs it then.
    nesting : networkx.DiGraph, optional
        The tree of what holds what, from outside inwards, with the nodes of `graph` as its leaves,
        as in ``world.nesting``. Its nodes are called by their attribute ``name``, or else
        ``str(node)``. A single root is the world itself. The tree gives the order of rows.
    name : str, optional
        The name of the world; by default that of the graph, or ``"world"``.
    bias, state, distribution : str
        The node attributes that hold these; where a node has none, they are as of `Subparticle`. A
        distribution is an object or the name of a registered kind.
    plastic : str
        The edge attribute that says whether learning changes the weight; true where there is none.
    **settings
        ``precision``, ``learning_rate``, ``clock``, ``time_step``, ``learning_rule`` of the
        world.

    Returns
    -------
    Partition

    Raises
    ------
    PartitionError
        With *all* faults: names that cannot be used, self-couplings, parallel edges, weights that
        are not finite, couplings without a boundary state, leaves outside every partition, cycles
        in the nesting.
    SettingTypeError
        If `graph` or `nesting` is not a networkx graph of the right type.

    Examples
    --------
    >>> import networkx
    >>> graph = networkx.DiGraph()
    >>> graph.add_node("a", module="left", bias=0.2)
    >>> graph.add_node("b", module="right")
    >>> graph.add_edge("a", "b", weight=0.8)
    >>> world = from_networkx(graph, partition="module")
    >>> world["right/b"].sensory["left/a"].weight
    0.8
    """
    # networkx takes a tenth of a second to import, and most programs never meet a graph.
    import networkx

    from deepparticle.partitions.graph_reading import (
        Attributes,
        add_entries,
        from_state_graph,
        leaf_entries,
        nested_entries,
    )

    if not isinstance(graph, networkx.Graph):
        raise SettingTypeError(
            Fault(
                "from_networkx",
                "the graph is a networkx graph",
                shown(graph),
                "give for example a networkx.DiGraph",
            )
        )
    attributes = Attributes(weight, bias, state, distribution, plastic)
    collector = Collector()
    of_states = any(
        data.get("kind") in KINDS
        for _, data in graph.nodes(data=True)
        if isinstance(data.get("kind"), str)
    )
    if sum([partition is not None, nesting is not None, of_states]) > 1:
        raise SettingError(
            Fault(
                "from_networkx",
                "the nesting is given once",
                "a graph of states, whose paths say it, and another nesting"
                if of_states
                else "partition= and nesting=",
                "leave one of them out",
            )
        )
    if of_states:
        return from_state_graph(graph, attributes, name, settings)
    if nesting is None:
        entries = leaf_entries(graph, partition)
        root = None
    else:
        entries, root = nested_entries(graph, nesting, collector)
    world = Partition(name or root or str(graph.name) or "world", **settings)
    leaves = add_entries(world, entries, graph, attributes, collector)
    _couple_edges(world, graph, leaves, attributes, collector)
    collector.refuse()
    return world


def _couple_edges(
    world: Partition,
    graph: networkx.Graph,
    leaves: dict[Hashable, Any],
    attributes: Attributes,
    collector: Collector,
) -> None:
    directed = graph.is_directed()
    joined: set[Hashable] = set()
    for u, v, data in graph.edges(data=True):
        where = f"edge {u} → {v}" if directed else f"edge {u} – {v}"
        pair: Hashable = (u, v) if directed else frozenset((u, v))
        value = None
        with collector.at(where):
            value = finite_number(data.get(attributes.weight, 1.0), "", "weight")
        if u == v:
            collector.add(
                where,
                "a subparticle is not coupled to itself",
                f"weight {data.get(attributes.weight, 1.0)}",
                "remove the edge; a constant drive is its bias",
            )
        elif pair in joined:
            collector.add(
                where,
                "a coupling is made once",
                "parallel edges",
                "merge them into one edge, for example with the sum of their weights",
            )
        elif value is not None and u in leaves and v in leaves:
            learns = data.get(attributes.plastic, True)
            for source, target in [(u, v)] if directed else [(u, v), (v, u)]:
                with collector.at(where):
                    world.couple(leaves[source], leaves[target], value, plastic=learns)
        joined.add(pair)
