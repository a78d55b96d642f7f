"""Leaking paths of all levels at once, against the law asked level by level."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepparticle.blankets.laws import pathwise_faults
from deepparticle.blankets.leaks import LAWS, leaking_paths

KINDS = ("internal", "internal", "external", "boundary", "boundary", "sensory", "active")


def random_graph(rng: np.random.Generator, count: int, edges: int) -> Any:
    """States of all kinds, in partitions of up to three levels, joined without any law."""
    graph: Any = networkx.DiGraph(name="world")
    for number in range(count):
        kind = KINDS[rng.integers(len(KINDS))]
        names = [f"p{name}" for name in rng.integers(2, size=rng.integers(4))]
        path = "/".join([*names, f"a{number}"])
        graph.add_node(path if kind == "internal" else f"{kind}{number}", kind=kind)
    nodes = list(graph)
    for source, target in rng.integers(count, size=(edges, 2)).tolist():
        if source != target:
            graph.add_edge(nodes[source], nodes[target])
    return graph


def level_by_level(graph: Any) -> dict[str, set[str]]:
    levels: dict[str, set[str]] = {"world": set()}
    for node, kind in graph.nodes(data="kind"):
        if kind == "internal":
            names = node.split("/")
            levels["world"].add(node)
            for size in range(1, len(names) + 1):
                levels.setdefault("/".join(names[:size]), set()).add(node)
    found = {
        level: {fault.value for fault in pathwise_faults(graph, inside, level)}
        for level, inside in levels.items()
    }
    return {level: paths for level, paths in found.items() if paths}


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 2**32 - 1), st.integers(2, 14), st.integers(0, 30))
def test_all_levels_at_once_are_all_levels_one_by_one(seed: int, count: int, edges: int) -> None:
    """In graphs that break every law at once, the same levels leak, each by a path that is one."""
    graph = random_graph(np.random.default_rng(seed), count, edges)
    expected = level_by_level(graph)
    found: dict[str, set[str]] = {}
    for fault in leaking_paths(graph):
        assert fault.rule in LAWS
        found.setdefault(fault.where, set()).add(fault.value)
    assert set(found) == set(expected)
    for level, paths in found.items():
        assert paths <= expected[level]
        # Edges between two states that are not boundary states are all named.
        states = {
            node for node, kind in graph.nodes(data="kind") if kind in ("internal", "external")
        }
        direct = {f"the path {u} → {v}" for u, v in graph.edges if u in states and v in states}
        assert direct & expected[level] <= paths
        # Both halves of the law are looked at.
        for sign in ("→ ", "←"):
            assert any(sign in path for path in paths) or not any(
                sign in path for path in expected[level]
            )


def test_levels_come_from_outside_inwards_and_the_whole_is_called_like_the_graph() -> None:
    graph: Any = networkx.DiGraph([("scene", "brain/left/a")], name="garden")
    networkx.set_node_attributes(graph, {"scene": "external", "brain/left/a": "internal"}, "kind")
    assert [fault.where for fault in leaking_paths(graph)] == [
        "garden",
        "brain",
        "brain/left",
        "brain/left/a",
    ]
    graph.name = ""
    assert leaking_paths(graph)[0].where == "the whole"


def test_a_path_attribute_says_where_a_state_lies() -> None:
    graph: Any = networkx.DiGraph([(1, 2)])
    graph.add_node(1, kind="internal", path="left/a")
    graph.add_node(2, kind="internal", path="left/b")
    assert {fault.where for fault in leaking_paths(graph)} == {"left/a", "left/b"}
    assert leaking_paths(graph)[0].value == "the path 1 → 2"


def test_nothing_leaks_where_there_is_nothing() -> None:
    assert leaking_paths(networkx.DiGraph()) == []


def test_a_hub_is_not_asked_again_by_each_of_its_neighbours() -> None:
    """One boundary state with many ends: as many witnesses as levels, not as pairs of ends."""
    graph: Any = networkx.DiGraph()
    for number in range(300):
        graph.add_node(f"p{number}/a", kind="internal")
        graph.add_edge(f"p{number}/a", "hub")
        graph.add_edge("hub", f"p{number}/a")
    graph.nodes["hub"]["kind"] = "boundary"
    faults = leaking_paths(graph)
    assert len(faults) <= 3 * 601
    assert {fault.where for fault in faults} == {
        level for number in range(300) for level in (f"p{number}", f"p{number}/a")
    }


# ---------------------------------------------------------------------- cost


def chain_of_modules(count: int) -> Any:
    """Modules of eight states, four levels deep, each joined to its neighbours; one edge leaks."""
    rng = np.random.default_rng(0)
    graph: Any = networkx.DiGraph(name="world")
    leaves = [f"p{k // 64}/q{k // 32}/r{k // 16}/s{k // 8}/a{k}" for k in range(count)]
    graph.add_nodes_from(leaves, kind="internal")
    for target in range(count):
        for source in rng.integers(count, size=4).tolist():
            if source != target:
                node = f"{source}→{target}"
                graph.add_node(node, kind="boundary")
                graph.add_edges_from([(leaves[source], node), (node, leaves[target])])
    graph.add_edge(leaves[0], leaves[-1])
    return graph


def calls_of(function: Callable[[], object]) -> int:
    """How many functions are called, of Python and of C: a clock that no other program disturbs."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def test_the_work_is_linear_in_edges() -> None:
    small, large = chain_of_modules(128), chain_of_modules(1024)
    leaking_paths(small)  # whatever is loaded once
    ratio = large.number_of_edges() / small.number_of_edges()
    work = calls_of(lambda: leaking_paths(large)) / calls_of(lambda: leaking_paths(small))
    assert work < 1.25 * ratio
    # Five levels around either end, none of them around both.
    assert len({fault.where for fault in leaking_paths(large)}) == 10


@pytest.mark.parametrize("depth", [4, 400])
def test_a_deep_nesting_is_no_recursion(depth: int) -> None:
    deep = "/".join(["p"] * depth)
    graph: Any = networkx.DiGraph([("b", deep)], name="world")
    networkx.set_node_attributes(graph, "internal", "kind")
    assert len(leaking_paths(graph)) == depth + 1
