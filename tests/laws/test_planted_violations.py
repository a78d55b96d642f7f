"""Planted violations of the path-wise law: every one is found, at every level at which it leaks.

The methods of a world refuse to make them, so they come in through the two doors that take foreign
structure: graphs of states, and spec files. Which levels leak is judged level by level, by the
roles of all states relative to each thing, and for a part of them by d-separation.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets import graph_faults, path_independent
from deepparticle.blankets.laws import pathwise_faults
from deepparticle.blankets.leaks import LAWS
from deepparticle.partitions.files.spec import from_spec, to_spec

WORLDS = 75


@cache
def lawful(seed: int) -> dp.Partition:
    """A world of four levels with nine subparticles and two external states."""
    rng = np.random.default_rng(seed)
    world = dp.Partition("world")
    places = [world]
    for name in "ABC":
        places.append(places[rng.integers(len(places))].add_partition(name))
    core = places[-1].add_partition("inner").add_partition("core")
    places.append(core)
    for number in range(9):
        # Two in the core, so that something is deep and has a sibling; two in the world itself.
        place = (core, core, world, world)[number] if number < 4 else places[rng.integers(5)]
        place.add_subparticle(f"a{number}")
    leaves: Any = world.subparticles
    wires = [(source, target) for source in leaves for target in leaves if source is not target]
    for index in rng.permutation(len(wires))[:16].tolist():
        source, target = wires[index]
        world.couple(source, target, float(rng.normal()))
    for name in ("scene", "ground"):
        external = world.add_external(name)
        for leaf in rng.permutation(leaves)[:3].tolist():
            world.sense(external, leaf)
        for leaf in rng.permutation(leaves)[:2].tolist():
            world.act(leaf, external)
    return world


def depth(node: str) -> int:
    return node.count("/")


def pairs_of(world: dp.Partition) -> Iterator[tuple[str, Any, Any]]:
    """Pairs of subparticles that meet without a boundary state, by where they lie."""
    leaves = world.subparticles
    for first, second in combinations(leaves, 2):
        if first.parent is second.parent:
            yield "between siblings", first, second
        if depth(first.path) >= 3 and first.parent is second.parent:
            yield "inside a deep level", first, second
        if abs(depth(first.path) - depth(second.path)) >= 2:
            yield "past two levels", first, second
        if first.path.split("/")[0] != second.path.split("/")[0]:
            yield "between partitions", first, second


def edges_of(world: dp.Partition, graph: Any) -> Iterator[tuple[str, str, str]]:
    """Edges that break a flow, by kind."""
    of_kind: dict[str, list[str]] = {}
    for node, kind in graph.nodes(data="kind"):
        of_kind.setdefault(kind, []).append(node)
    internal, external = of_kind["internal"], of_kind["external"]
    for leaf in internal:
        for one in external:
            yield "external → internal", one, leaf
            yield "internal → external", leaf, one
            if depth(leaf) >= 3:
                yield "external → deep", one, leaf
    for kind, first, second in pairs_of(world):
        yield f"internal → internal, {kind}", first.path, second.path
        yield f"internal → internal, {kind}", second.path, first.path
    for node in of_kind["boundary"]:
        for leaf in internal:
            yield "a second parent", leaf, node
            yield "a second child", node, leaf
        for one in external:
            yield "an external parent", one, node
            yield "an external child", node, one
        for other in of_kind["boundary"]:
            if other != node:
                yield "boundary → boundary", node, other
    for kind in ("sensory", "active"):
        for node in of_kind[kind]:
            for leaf in internal:
                yield f"a co-parent of a {kind} state", leaf, node
            for one in external:
                yield f"an external co-parent of a {kind} state", one, node


def planted(seed: int) -> Iterator[tuple[str, Any, str, str]]:
    """For each kind of edge a graph with one such edge, which was not there before."""
    world, rng = lawful(seed), np.random.default_rng(seed)
    graph = world.graph
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for kind, source, target in edges_of(world, graph):
        if not graph.has_edge(source, target):
            by_kind.setdefault(kind, []).append((source, target))
    for kind, edges in by_kind.items():
        source, target = edges[rng.integers(len(edges))]
        broken = graph.copy()
        broken.add_edge(source, target)
        yield kind, broken, source, target


def things(graph: Any) -> dict[str, set[str]]:
    """The subparticles inside of each level of a graph: the whole, partitions, subparticles."""
    found: dict[str, set[str]] = {"world": set()}
    for node, kind in graph.nodes(data="kind"):
        if kind == "internal":
            names = node.split("/")
            found["world"].add(node)
            for size in range(1, len(names) + 1):
                found.setdefault("/".join(names[:size]), set()).add(node)
    return found


def named(faults: Any) -> dict[str, list[str]]:
    """The levels that faults say leak, with the paths."""
    levels: dict[str, list[str]] = {}
    for fault in faults:
        if fault.rule in LAWS:
            levels.setdefault(fault.where, []).append(fault.value)
    return levels


def judged(graph: Any) -> dict[str, list[str]]:
    """The same, one level after the other."""
    levels = {}
    for level, inside in things(graph).items():
        paths = [fault.value for fault in pathwise_faults(graph, inside, level)]
        if paths:
            levels[level] = paths
    return levels


def test_more_than_a_thousand_planted_edges_are_all_found() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(WORLDS):
        for kind, graph, source, target in planted(seed):
            leaking = judged(graph)
            if not leaking:
                continue  # it breaks another law, not this one
            kinds[kind] += 1
            with pytest.raises(dp.PartitionError) as caught:
                dp.from_networkx(graph)
            found = named(caught.value.faults)
            # Every level that leaks is named, and no other, each with a path that leaks there.
            assert list(found) == [level for level in found if level in leaking]
            assert set(found) == set(leaking), f"{kind}: {source} → {target}"
            for level, paths in found.items():
                assert set(paths) <= set(leaking[level])
            text = str(caught.value)
            assert source in text
            assert target in text
    assert kinds.total() > 1000
    assert len(kinds) >= 14, kinds
    assert min(kinds.values()) >= 20, kinds


@pytest.mark.parametrize("seed", range(4))
def test_d_separation_agrees_about_every_level(seed: int) -> None:
    for _, graph, _, _ in planted(seed):
        found = named(graph_faults(graph))
        for level, inside in things(graph).items():
            assert (level in found) == (not path_independent(graph, inside))


@pytest.mark.slow
def test_d_separation_agrees_about_five_hundred() -> None:
    count = 0
    for seed in range(40):
        for _, graph, _, _ in planted(seed):
            found = named(graph_faults(graph))
            count += bool(found)
            for level, inside in things(graph).items():
                assert (level in found) == (not path_independent(graph, inside))
    assert count > 500


def test_several_planted_edges_are_all_named() -> None:
    for seed in range(20):
        graph = lawful(seed).graph
        edges = []
        for _, _, source, target in planted(seed):
            graph.add_edge(source, target)
            edges.append((source, target))
        faults = graph_faults(graph)
        leaking, found = judged(graph), named(faults)
        assert set(found) == set(leaking)
        for level, paths in found.items():
            assert set(paths) <= set(leaking[level])
        text = "\n".join(map(str, faults))
        assert all(source in text and target in text for source, target in edges)


# ---------------------------------------------------------------------- spec files


def bypasses(world: dp.Partition) -> Iterator[tuple[str, str, Any, Any]]:
    """Connections that a spec file can ask for without a boundary state."""
    leaves, externals = world.subparticles, world.externals
    for kind, first, second in pairs_of(world):
        for source, target in ((first, second), (second, first)):
            if target.boundary_from(source) is None:
                yield "couplings", f"internal → internal, {kind}", source, target
    for leaf in leaves:
        where = "deep" if depth(leaf.path) >= 3 else "shallow"
        for external in externals:
            if leaf.boundary_from(external) is None:
                yield "sensory", f"external → internal, {where}", external, leaf
                yield "couplings", f"external → internal as a coupling, {where}", external, leaf
            if leaf.boundary_to(external) is None:
                yield "active", f"internal → external, {where}", leaf, external


def test_connections_without_a_boundary_state_are_found_in_specs(tmp_path: Path) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(40):
        world, rng = lawful(seed), np.random.default_rng(seed)
        spec = to_spec(world).model_dump(exclude_unset=True)
        by_kind: dict[str, list[tuple[str, Any, Any]]] = {}
        for section, kind, source, target in bypasses(world):
            by_kind.setdefault(kind, []).append((section, source, target))
        for kind, wires in by_kind.items():
            section, source, target = wires[rng.integers(len(wires))]
            entry = {"source": source.path, "target": target.path}
            broken = {**spec, section: [*spec[section], entry]}
            kinds[kind] += 1
            if seed < 3:  # through a file, too
                path = tmp_path / "broken.json"
                path.write_text(json.dumps(broken), encoding="utf-8")
                with pytest.raises(dp.PartitionError):
                    dp.load(path)
            with pytest.raises(dp.PartitionError) as caught:
                from_spec(broken)
            assert len(caught.value.faults) == 1
            graph = world.graph
            graph.add_edge(source.path, target.path)
            levels = ", ".join(map(repr, judged_edge(graph, source.path, target.path)))
            assert f"the path {source.path} → {target.path} leaks at {levels}" in str(caught.value)
    assert kinds.total() > 300
    assert min(kinds.values()) >= 20, kinds


def judged_edge(graph: Any, source: str, target: str) -> list[str]:
    """The levels at which an edge leaks, from outside inwards, those of its source first."""
    path = f"the path {source} → {target}"
    leaking = [level for level, paths in judged(graph).items() if path in paths]
    around = [source, target]
    ends = [level for end in around for level in things(graph) if f"{end}/".startswith(f"{level}/")]
    order = list(dict.fromkeys(["world", *ends]))
    return sorted(leaking, key=order.index)


def test_external_states_inside_and_members_in_two_places_are_found_in_specs() -> None:
    for seed in range(30):
        world = lawful(seed)
        spec = to_spec(world).model_dump(exclude_unset=True)
        place = world.subparticles[0].parent
        assert place is not None
        stray = {"kind": "external", "path": f"{place.path}/stray", "parent": place.path}
        with pytest.raises(dp.PartitionError, match="only the root holds external states"):
            from_spec({**spec, "members": [*spec["members"], stray]})
        leaf = next(one for one in spec["members"] if one["kind"] == "subparticle")
        other = next(
            one.path for one in world.walk() if isinstance(one, dp.Partition) and one is not place
        )
        with pytest.raises(dp.PartitionError):
            from_spec({**spec, "members": [*spec["members"], {**leaf, "parent": other}]})


# ---------------------------------------------------------------------- and what is lawful passes


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_every_generated_lawful_world_passes_through_all_doors(world: dp.Partition) -> None:
    world.check()
    graph = world.graph
    assert graph_faults(graph) == []
    dp.from_networkx(graph).check()
    from_spec(to_spec(world)).check()
    report = world.report()
    assert report.lawful
    assert not any(level.leaks for level in report.levels)


@pytest.mark.parametrize("seed", range(20))
def test_the_worlds_before_planting_are_lawful(seed: int) -> None:
    world = lawful(seed)
    world.check()
    assert judged(world.graph) == {}
    assert isinstance(dp.from_networkx(world.graph), dp.Partition)
    assert networkx.is_directed(world.graph)
