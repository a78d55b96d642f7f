"""The laws of a particular partition, against d-separation over two time slices."""

from __future__ import annotations

import itertools
from typing import Any

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets import graph_faults, particular_partition, path_independent
from deepparticle.blankets.laws import pathwise_faults

Graph = networkx.DiGraph


def internal(*names: str) -> Any:
    graph: Any = networkx.DiGraph()
    graph.add_nodes_from(names, kind="internal")
    return graph


def add_boundary(graph: Any, source: str, target: str, kind: str = "boundary") -> str:
    node = f"{source}→{target}"
    graph.add_node(node, kind=kind)
    graph.add_edges_from([(source, node), (node, target)])
    return node


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Any, set[str]]:
    """Small graphs of states, mostly lawful, with violations planted; and a thing in them."""
    count = draw(st.integers(2, 5))
    leaves = [f"a{i}" for i in range(count)]
    graph = internal(*leaves)
    pairs = list(itertools.permutations(leaves, 2))
    for source, target in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)):
        add_boundary(graph, source, target)
    if draw(st.booleans()):
        graph.add_node("η", kind="external")
        for leaf in draw(st.lists(st.sampled_from(leaves), unique=True, max_size=2)):
            add_boundary(graph, "η", leaf, "sensory")
        for leaf in draw(st.lists(st.sampled_from(leaves), unique=True, max_size=2)):
            add_boundary(graph, leaf, "η", "active")
    nodes = list(graph)
    # Planted: any edge whatsoever, to and from any state.
    for _ in range(draw(st.integers(0, 2))):
        graph.add_edge(draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes)))
    graph.remove_edges_from(list(networkx.selfloop_edges(graph)))
    inside = set(draw(st.lists(st.sampled_from(leaves), unique=True, min_size=1)))
    return graph, inside


@settings(deadline=None, max_examples=600)
@given(graphs())
def test_the_path_wise_law_is_d_separation(case: tuple[Any, set[str]]) -> None:
    graph, inside = case
    roles = particular_partition(graph, inside)
    lawful = not list(pathwise_faults(graph, inside, "thing"))
    if roles.internal and roles.external:
        assert lawful == path_independent(graph, inside)
    else:
        assert path_independent(graph, inside)


@settings(deadline=None, max_examples=300)
@given(graphs())
def test_a_graph_without_faults_is_independent_at_every_level(case: tuple[Any, set[str]]) -> None:
    graph, inside = case
    if not graph_faults(graph):
        assert path_independent(graph, inside)
        assert not list(pathwise_faults(graph, inside, "thing"))


@pytest.mark.parametrize("seed", range(3))
def test_larger_graphs_agree_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(60):
        leaves = [f"a{i}" for i in range(7)]
        graph = internal(*leaves)
        for source, target in itertools.permutations(leaves, 2):
            if rng.random() < 0.15:
                add_boundary(graph, source, target)
        nodes = list(graph)
        for _ in range(rng.integers(0, 3)):
            first, second = rng.choice(len(nodes), size=2, replace=False)
            graph.add_edge(nodes[first], nodes[second])
        inside = set(rng.choice(leaves, size=rng.integers(1, 6), replace=False).tolist())
        assert (not list(pathwise_faults(graph, inside, "thing"))) == path_independent(
            graph, inside
        )


@settings(deadline=None, max_examples=60)
@given(worlds(max_leaves=6))
def test_every_world_is_lawful_at_every_level(world: dp.Partition) -> None:
    graph = world.graph
    assert graph_faults(graph) == []
    for member in world.walk():
        if not isinstance(member, dp.ExternalState):
            leaves = [member] if isinstance(member, dp.Subparticle) else member.subparticles  # type: ignore[attr-defined]
            inside = {leaf.path for leaf in leaves}
            assert not list(pathwise_faults(graph, inside, member.path))
            assert path_independent(graph, inside)


@settings(deadline=None, max_examples=60)
@given(worlds(), st.data())
def test_a_planted_edge_is_found(world: dp.Partition, data: st.DataObject) -> None:
    """Any edge between two states that are not neighbours breaks a law, and is named."""
    graph = world.graph
    nodes = sorted(graph)
    source = data.draw(st.sampled_from(nodes))
    others = [node for node in nodes if node != source and not graph.has_edge(source, node)]
    if not others:
        return
    target = data.draw(st.sampled_from(others))
    graph.add_edge(source, target)
    faults = graph_faults(graph)
    assert faults
    text = "\n".join(map(str, faults))
    assert source in text
    assert target in text


# ---------------------------------------------------------------------- roles


def test_roles_are_relative_to_the_thing() -> None:
    graph = internal("a", "b", "c")
    ab, bc, ca = (add_boundary(graph, *pair) for pair in [("a", "b"), ("b", "c"), ("c", "a")])
    inner = particular_partition(graph, {"a", "b"})
    assert inner.internal == ("a", "b", ab)
    assert inner.sensory == (ca,)
    assert inner.active == (bc,)
    assert inner.external == ("c",)
    assert inner.blanket == (ca, bc)
    one = particular_partition(graph, {"b"})
    assert (one.internal, one.sensory, one.active) == (("b",), (ab,), (bc,))
    assert one.external == ("a", "c", ca)


def test_of_everything_only_what_is_external_is_outside() -> None:
    graph = internal("a", "b")
    add_boundary(graph, "a", "b")
    graph.add_node("η", kind="external")
    sensory, active = (
        add_boundary(graph, "η", "a", "sensory"),
        add_boundary(graph, "b", "η", "active"),
    )
    roles = particular_partition(graph, {"a", "b"})
    assert roles.external == ("η",)
    assert roles.sensory == (sensory,)
    assert roles.active == (active,)


# ---------------------------------------------------------------------- each law by itself


def lawful() -> Any:
    graph = internal("a", "b", "c")
    for source, target in [("a", "b"), ("b", "c")]:
        add_boundary(graph, source, target)
    graph.add_node("η", kind="external")
    add_boundary(graph, "η", "a", "sensory")
    add_boundary(graph, "c", "η", "active")
    return graph


def test_a_lawful_graph_has_no_faults() -> None:
    assert graph_faults(lawful()) == []
    assert graph_faults(networkx.DiGraph()) == []


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (
            [("a", "c")],
            "a → c: a coupling passes through a boundary state (got internal → internal)",
        ),
        ([("a", "a")], "a → a: a subparticle is not coupled to itself (got internal → internal)"),
        (
            [("η", "b")],
            "η → b: external and internal states meet only through a macro-scale sensory",
        ),
        (
            [("b", "η")],
            "b → η: external and internal states meet only through a macro-scale active",
        ),
        ([("η", "a→b")], "η → a→b: the flows are f_η(η,s,a), f_s(η,s,a), f_a(s,a,μ), f_μ(s,a,μ)"),
        ([("η→a", "a→b")], "η→a → a→b: the flows are"),
        (
            [("c", "a→b")],
            (
                "a→b: complete coverage: a boundary state has one source and one target "
                "(got sources a, c and targets b)"
            ),
        ),
        (
            [("a→b", "c")],
            (
                "a→b: complete coverage: a boundary state has one source and one target "
                "(got sources a and targets b, c)"
            ),
        ),
        ([("a→b", "a")], "a→b: complete coverage"),
    ],
)
def test_an_unlawful_edge(edges: list[tuple[str, str]], message: str) -> None:
    graph = lawful()
    graph.add_edges_from(edges)
    faults = [str(fault) for fault in graph_faults(graph)]
    assert any(message in fault for fault in faults), faults
    assert all("Mend: " in fault for fault in faults)


def test_a_boundary_state_from_a_state_to_itself() -> None:
    graph = lawful()
    add_boundary(graph, "b", "b")
    assert "b→b: a subparticle is not coupled to itself (got b → b→b → b)" in str(
        graph_faults(graph)[0]
    )


def test_a_boundary_state_without_ends() -> None:
    graph = lawful()
    graph.add_node("dangling", kind="boundary")
    assert "dangling: complete coverage" in str(graph_faults(graph)[0])
    assert "(got sources none and targets none)" in str(graph_faults(graph)[0])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"kind": "hidden"},
            "b: the kind of a state is one of internal, boundary, sensory, active",
        ),
        ({"kind": None}, "b: the kind of a state is one of"),
        ({"path": "left//b"}, "b: a name is not empty (got '')"),
        ({"path": ""}, "b: a name is not empty (got '')"),
    ],
)
def test_an_unlawful_node(data: dict[str, Any], message: str) -> None:
    graph = lawful()
    graph.nodes["b"].update(data)
    assert message in str(graph_faults(graph)[0])


@pytest.mark.parametrize("weight", [np.nan, np.inf, "much", None])
def test_an_unlawful_weight(weight: Any) -> None:
    graph = lawful()
    graph.nodes["a→b"]["weight"] = weight
    assert f"a→b: the weight is a finite number (got {weight!r})" in str(graph_faults(graph)[0])


def test_all_faults_at_once_level_by_level() -> None:
    graph = lawful()
    for leaf in "abc":
        graph.nodes[leaf]["path"] = f"left/{leaf}" if leaf != "c" else "right/c"
    graph.add_edge("a", "c")
    graph.nodes["a→b"]["weight"] = np.nan
    faults = graph_faults(graph)
    assert list(dict.fromkeys(fault.where for fault in faults)) == [
        "a→b",
        "a → c",
        "left",
        "left/a",
        "right",
        "right/c",
    ]
    assert all("the path a → c" in fault.value for fault in faults[2:])
    # At the level of the whole, and of b, nothing leaks.
    assert "left/b" not in {fault.where for fault in faults}


def test_a_common_child_of_inside_and_outside_leaks() -> None:
    graph = internal("a", "b", "c")
    node = add_boundary(graph, "a", "c")
    graph.add_edge("b", node)
    faults = list(pathwise_faults(graph, {"a"}, "a"))
    assert [fault.rule for fault in faults] == ["no state has parents both inside and outside"]
    assert faults[0].value == "the path a → a→c ← b"
    assert not path_independent(graph, {"a"})


def test_where_one_side_is_empty_nothing_can_leak() -> None:
    graph = internal("a", "b")
    graph.add_edge("a", "b")
    assert path_independent(graph, {"a", "b"})
    assert not path_independent(graph, {"a"})
