"""Worlds from couplings and from networkx graphs."""

from __future__ import annotations

from typing import Any

import networkx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import portrait, worlds

import deepparticle as dp

# ---------------------------------------------------------------------- from_couplings


def test_a_dense_matrix_makes_every_boundary_state() -> None:
    world = dp.from_couplings([[0.0, 0.5, 0.0], [0.0, 0.0, 0.0], [-0.2, 0.0, 0.0]])
    world.check()
    population = world["population"]
    assert world.name == "net"
    assert [member.path for member in world.members] == ["population", "evidence"]
    assert list(population[0].sensory) == ["population/1", "population/2", "evidence"]
    assert population[0].sensory["1"].weight == 0.5
    assert population[1].sensory["0"].weight == 0.0
    assert all(view.plastic for view in population[0].sensory.values() if view.weight != 1.0)
    assert world.couplings.tolist() == [[0, 0.5, 0], [0, 0, 0], [-0.2, 0, 0]]


def test_a_sparse_array_makes_only_what_it_stores() -> None:
    # The explicit zero from 1 to 0 is stored, and therefore a boundary state.
    stored = ([0.5, 0.0, -0.2], ([1, 0, 2], [0, 1, 0]))
    couplings = scipy.sparse.coo_array(stored, shape=(3, 3))
    for matrix in (couplings, couplings.tocsr(), couplings.tocsc(), couplings.todok()):
        world = dp.from_couplings(matrix)
        world.check()
        leaves = world["population"]
        assert list(leaves[0].sensory) == ["population/1", "evidence"]
        assert list(leaves[1].sensory) == ["population/0", "evidence"]
        assert list(leaves[2].sensory) == ["population/0", "evidence"]


def test_every_subparticle_senses_the_evidence_with_weight_one() -> None:
    world = dp.from_couplings(np.zeros((4, 4)))
    assert [end.path for end in world["evidence"].sensing] == [f"population/{i}" for i in range(4)]
    assert [leaf.sensory["evidence"].weight for leaf in world.subparticles] == [1.0] * 4
    assert not any(leaf.sensory["evidence"].plastic for leaf in world.subparticles)
    assert world["evidence"].value == 0.0


def test_options_of_from_couplings() -> None:
    world = dp.from_couplings(
        np.zeros((2, 2)),
        bias=[0.1, 0.2],
        name="pair",
        distribution=dp.Spin(),
        plastic=False,
        precision=0.5,
        learning_rate=0.01,
        clock=2,
    )
    leaves = world.subparticles
    assert world.name == "pair"
    assert world.biases.tolist() == [0.1, 0.2]
    assert all(leaf.distribution == dp.Spin() for leaf in leaves)
    assert not any(view.plastic for leaf in leaves for view in leaf.sensory.values())
    assert (leaves[0].precision, leaves[0].learning_rate, leaves[0].clock) == (0.5, 0.01, 2)


def test_couplings_are_copied() -> None:
    couplings = np.zeros((2, 2))
    world = dp.from_couplings(couplings)
    couplings[0, 1] = 7.0
    assert world.couplings[0, 1] == 0.0


def test_one_subparticle() -> None:
    world = dp.from_couplings([[0.0]])
    world.check()
    assert list(world.subparticles[0].sensory) == ["evidence"]


# ---------------------------------------------------------------------- plain graphs


def test_an_edge_is_a_boundary_state_from_source_to_target() -> None:
    graph: networkx.DiGraph = networkx.DiGraph([("u", "v"), ("v", "w", {"weight": -0.3})])
    world = dp.from_networkx(graph)
    world.check()
    assert [leaf.path for leaf in world.subparticles] == ["u", "v", "w"]
    assert world.couplings.tolist() == [[0, 0, 0], [1, 0, 0], [0, -0.3, 0]]
    assert world.externals == ()
    assert world.name == "world"


def test_an_undirected_edge_goes_both_ways() -> None:
    graph: networkx.Graph = networkx.Graph([(0, 1, {"strength": 0.5}), (1, 2)], name="chain")
    world = dp.from_networkx(graph, weight="strength")
    assert world.name == "chain"
    assert world.couplings.tolist() == [[0, 0.5, 0], [0.5, 0, 1], [0, 1, 0]]


@settings(deadline=None)
@given(st.integers(1, 8), st.floats(0, 1), st.integers(0, 99))
def test_couplings_equal_the_adjacency_of_the_graph(size: int, density: float, seed: int) -> None:
    graph = networkx.gnp_random_graph(size, density, seed=seed, directed=True)
    rng = np.random.default_rng(seed)
    for _, _, data in graph.edges(data=True):
        data["weight"] = rng.normal()
    world = dp.from_networkx(graph)
    # networkx writes source × target.
    assert np.array_equal(world.couplings, networkx.to_numpy_array(graph).T)


def test_a_multigraph_without_parallel_edges() -> None:
    graph: Any = networkx.MultiDiGraph([("a", "b"), ("b", "a")])
    assert dp.from_networkx(graph).couplings.tolist() == [[0, 1], [1, 0]]


def test_a_node_attribute_names_the_partition() -> None:
    graph: networkx.DiGraph = networkx.DiGraph()
    graph.add_node("a", module="brain/left")
    graph.add_node("b", module="brain/right")
    graph.add_node("c", module="")
    graph.add_node("d", module="brain/left")
    graph.add_node("e", module=7)
    graph.add_edge("a", "c")
    world = dp.from_networkx(graph, partition="module", name="nested", precision=0.5)
    world.check()
    assert world.name == "nested"
    assert [leaf.path for leaf in world.subparticles] == [
        "brain/left/a",
        "brain/left/d",
        "brain/right/b",
        "c",
        "7/e",
    ]
    assert world["c"].sensory["brain/left/a"].weight == 1.0
    assert world["brain/left/a"].precision == 0.5


def test_attributes_of_nodes_and_edges() -> None:
    graph: networkx.DiGraph = networkx.DiGraph()
    graph.add_node("a", bias=0.3, state=0.5, distribution=dp.Gaussian(base_variance=2.0))
    graph.add_node("b", distribution="spin", h=0.1)
    graph.add_edge("a", "b", plastic=False)
    graph.add_edge("b", "a")
    world = dp.from_networkx(graph)
    a, b = world.subparticles
    assert (a.bias, a.state, a.distribution) == (0.3, 0.5, dp.Gaussian(base_variance=2.0))
    assert (b.bias, b.state, b.distribution) == (0.0, 0.0, dp.Spin())
    assert not b.sensory["a"].plastic
    assert a.sensory["b"].plastic
    assert dp.from_networkx(graph, bias="h").biases.tolist() == [0.0, 0.1]
    # As new: nothing has been sensed or inferred.
    fresh = dp.Partition("world")
    fresh.add_subparticle("a", bias=0.3, state=0.5, distribution=dp.Gaussian(base_variance=2.0))
    assert portrait(world)["leaves"][0]["cells"] == portrait(fresh)["leaves"][0]["cells"]


def test_an_empty_graph_is_an_empty_world() -> None:
    world = dp.from_networkx(networkx.DiGraph())
    world.check()
    assert len(world) == 0


# ---------------------------------------------------------------------- nesting


def test_a_tree_beside_the_graph_is_the_nesting() -> None:
    graph: networkx.DiGraph = networkx.DiGraph([("a", "b"), ("b", "c")])
    tree: networkx.DiGraph = networkx.DiGraph(
        [
            ("all", "left"),
            ("all", "right"),
            ("left", "core"),
            ("right", "c"),
            ("core", "a"),
            ("left", "b"),
            ("all", "empty"),
        ]
    )
    world = dp.from_networkx(graph, nesting=tree)
    world.check()
    assert world.name == "all"
    assert [leaf.path for leaf in world.subparticles] == ["left/core/a", "left/b", "right/c"]
    assert len(world["empty"]) == 0
    assert world["right/c"].sensory["left/b"].weight == 1.0


def test_several_roots_are_partitions_of_the_world() -> None:
    graph: networkx.DiGraph = networkx.DiGraph([("a", "b")])
    tree: networkx.DiGraph = networkx.DiGraph([("left", "a"), ("right", "b")])
    world = dp.from_networkx(graph, nesting=tree, name="both")
    assert world.name == "both"
    assert [leaf.path for leaf in world.subparticles] == ["left/a", "right/b"]


@settings(deadline=None, max_examples=50)
@given(worlds(populations=False, externals=False, settings=False))
def test_the_nesting_of_a_world_nests_its_couplings(world: dp.Partition) -> None:
    plain = networkx.from_numpy_array(world.couplings.T, create_using=networkx.DiGraph)
    plain = networkx.relabel_nodes(
        plain, {i: leaf.path for i, leaf in enumerate(world.subparticles)}
    )
    again = dp.from_networkx(plain, nesting=world.nesting)
    assert [member.path for member in again.walk()] == [member.path for member in world.walk()]
    assert np.array_equal(again.couplings, world.couplings)


# ---------------------------------------------------------------------- graphs of states


def without_order(graph: networkx.DiGraph) -> tuple[Any, Any]:
    nodes = {
        node: {
            key: np.asarray(value).tolist() if key == "value" else value
            for key, value in data.items()
        }
        for node, data in graph.nodes(data=True)
    }
    return nodes, set(graph.edges)


@settings(deadline=None)
@given(worlds(max_steps=1))
def test_a_graph_of_states_is_rebuilt_as_it_is(world: dp.Partition) -> None:
    graph = world.graph
    again = dp.from_networkx(graph)
    again.check()
    assert again.name == world.name
    assert [leaf.path for leaf in again.subparticles] == [leaf.path for leaf in world.subparticles]
    assert np.array_equal(again.couplings, world.couplings)
    assert np.array_equal(again.states, world.states)
    assert np.array_equal(again.biases, world.biases)
    assert without_order(again.graph) == without_order(graph)


def test_a_graph_of_states_made_by_hand() -> None:
    graph: networkx.DiGraph = networkx.DiGraph()
    graph.add_node("me", kind="internal", path="body/me", bias=0.2)
    graph.add_node("sky", kind="external", value=0.5)
    graph.add_node("eye", kind="sensory", weight=2.0)
    graph.add_node("hand", kind="active")
    graph.add_edges_from([("sky", "eye"), ("eye", "me"), ("me", "hand"), ("hand", "sky")])
    world = dp.from_networkx(graph, learning_rate=0.1)
    world.check()
    assert world["body/me"].sensory["sky"].weight == 2.0
    assert world["body/me"].active["sky"].weight == 1.0
    assert world["sky"].value == 0.5
    assert world["body/me"].learning_rate == 0.1


def test_a_subparticle_may_be_called_like_a_boundary_state() -> None:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a"), world.add_subparticle("b")
    odd = world.add_subparticle("a→b")
    world.couple(a, b, 0.8)
    world.couple(odd, a, 0.3)
    again = dp.from_networkx(world.graph)
    assert np.array_equal(again.couplings, world.couplings)


def test_large_graphs_of_states_are_checked_in_reasonable_time() -> None:
    # Linear in the number of boundary states: asking every level would take minutes.
    world = dp.Partition("world")
    ring = world.add_partition("ring")
    for number in range(3000):
        ring.add_subparticle(str(number))
    ring.couple_ring(0.5)
    assert len(dp.from_networkx(world.graph)["ring"]) == 3000


@pytest.mark.parametrize("kind", [networkx.MultiDiGraph, networkx.DiGraph])
def test_a_graph_of_states_of_either_kind(kind: Any) -> None:
    world = dp.Partition("world")
    world.couple(world.add_subparticle("a"), world.add_subparticle("b"), 0.8)
    assert dp.from_networkx(kind(world.graph)).couplings.tolist() == [[0, 0], [0.8, 0]]
