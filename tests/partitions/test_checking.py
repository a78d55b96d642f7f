"""Check on objects: what only reaching into them can break is found, with the leaking path."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import is_complete
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets import ExplicitBoundary
from deepparticle.blankets.leaks import LAWS
from deepparticle.partitions.strays import Strays, leaking_levels


def nested() -> dp.Partition:
    """Two partitions, one of them deep, whose members meet in the usual way."""
    world = dp.Partition("world")
    left, right = world.add_partition("left"), world.add_partition("right")
    core = left.add_partition("core")
    for place, names in ((left, "ab"), (core, "cd"), (right, "xy")):
        for name in names:
            place.add_subparticle(name)
    world.couple("left/a", "left/core/c", 0.5)
    world.couple("left/core/c", "left/core/d", 0.5)
    world.couple("left/core/d", "right/x", 0.5)
    scene = world.add_external("scene")
    world.sense(scene, "left/a")
    world.act("right/y", scene)
    return world


def leaks_of(world: dp.Partition) -> dict[str, list[str]]:
    with pytest.raises(dp.PartitionError) as caught:
        world.check()
    assert is_complete(caught.value)
    found: dict[str, list[str]] = {}
    for fault in caught.value.faults:
        if fault.rule in LAWS:
            found.setdefault(fault.where, []).append(fault.value)
    assert [level.path for level in world.report().levels if level.leaks] == [
        place for place in ("", "left", "left/core", "right") if (place or "world") in found
    ]
    return found


def test_a_boundary_state_that_a_third_state_holds_leaks_where_it_leads_out() -> None:
    world = nested()
    inner = world["left/core/d"].sensory["left/core/c"].boundary
    # x listens in on what c shows to d.
    world["right/x"]._incoming[world["left/core/c"]] = inner
    found = leaks_of(world)
    path = "the path left/core/c→left/core/d → right/x"
    assert found == {"left": [path], "left/core": [path]}


def test_a_boundary_state_with_a_second_source() -> None:
    world = nested()
    inner = world["left/core/d"].sensory["left/core/c"].boundary
    world["right/y"]._outgoing[world["left/core/d"]] = inner
    found = leaks_of(world)
    node = "left/core/c→left/core/d"
    assert found["left/core"] == [
        f"the path right/y → {node}",
        f"the path left/core/c → {node} ← right/y",
    ]
    # A common child of c and y leaks wherever one of them lies inside and the other does not.
    assert set(found) == {"left", "left/core", "left/core/c", "right", "right/y"}


def test_a_boundary_state_that_drives_itself_from_elsewhere() -> None:
    """Its own source is another one than the state that holds it: both are parents."""
    world = nested()
    held = world["left/core/d"]._incoming[world["left/core/c"]]
    held._source = world["scene"]
    found = leaks_of(world)
    assert "the path scene → scene→left/core/d" in found["left/core"]
    assert any("← scene" in path or "scene →" in path for path in found["world"])


def test_what_breaks_no_path_wise_law_is_not_said_to_leak() -> None:
    world = nested()
    world["left/core/d"]._incoming[world["left/core/c"]]._conditional = dp.Delta(0.1)
    object.__setattr__(world["left/core/d"].sensory["left/core/c"].conditional, "weight", np.inf)
    stranger = dp.Partition("elsewhere").add_subparticle("x")
    world["left/a"]._incoming[stranger] = ExplicitBoundary(stranger, world["left/a"], dp.Delta(1.0))
    with pytest.raises(dp.PartitionError) as caught:
        world.check()
    assert not any(fault.rule in LAWS for fault in caught.value.faults)
    assert len(caught.value.faults) >= 2


def test_partitions_share_boundary_states_but_no_internal_state() -> None:
    world = nested()
    left, right = world.blanket("left"), world.blanket("right")
    shared = left.active[0].boundary
    assert right.sensory[0].boundary is shared
    world.check()
    world["right"]._members["d"] = world["left/core/d"]
    with pytest.raises(dp.PartitionError) as caught:
        world.check()
    assert str(caught.value.faults[0]) == (
        "right/d: the nesting is a tree, without cycles (got a member that lies in two places). "
        "Mend: move it to one partition: partitions may share boundary states, never internal ones."
    )


def test_a_part_of_a_world_is_checked_by_itself() -> None:
    world = nested()
    world["left"].check()
    inner = world["left/core/d"].sensory["left/core/c"].boundary
    world["left/b"]._incoming[world["left/core/c"]] = inner
    world["right"].check()
    with pytest.raises(dp.PartitionError, match="left/core: no edge joins its inside"):
        world["left"].check()


@settings(deadline=None, max_examples=60)
@given(worlds(min_leaves=3, populations=False), st.data())
def test_a_shared_boundary_state_leaks_exactly_where_it_leads_past_a_blanket(
    world: dp.Partition, data: st.DataObject
) -> None:
    boundaries = [one for one in world.boundaries() if one.kind == "boundary"]
    if not boundaries:
        return
    shared = data.draw(st.sampled_from(boundaries))
    thieves = [
        leaf
        for leaf in world.subparticles
        if leaf not in (shared.source, shared.target) and leaf.boundary_from(shared.source) is None
    ]
    if not thieves:
        return
    thief = data.draw(st.sampled_from(thieves))
    thief._incoming[shared.source] = shared
    with pytest.raises(dp.PartitionError) as caught:
        world.check()
    leaking = {fault.where for fault in caught.value.faults if fault.rule in LAWS}

    def around(end: Any) -> set[str]:
        names = end.path.split("/")
        return {"world", *("/".join(names[:size]) for size in range(1, len(names) + 1))}

    # A level leaks if the boundary state is internal to it and the thief is not.
    inside = around(shared.source) & (around(shared.target) | around(thief))
    assert leaking == inside - (around(shared.target) & around(thief))


def test_levels_that_a_direct_connection_leaks_at() -> None:
    world = nested()
    assert leaking_levels(world, world["left/core/c"], world["left/b"]) == [
        "left/core",
        "left/core/c",
        "left/b",
    ]
    assert leaking_levels(world, world["left/a"], world["left/a"]) == []
    assert Strays(world).leaks() == []


# ---------------------------------------------------------------------- cost


def modules(count: int, depth: int = 4) -> dp.Partition:
    """A world of modules of eight, so many levels deep, with eight couplings per subparticle."""
    rng = np.random.default_rng(0)
    world = dp.Partition("world")
    for number in range(count // 8):
        place = world
        for level in range(depth):
            name = f"p{number >> (depth - 1 - level)}"
            place = place[name] if name in place else place.add_partition(name)
        for leaf in range(8):
            place.add_subparticle(f"a{leaf}")
    leaves = world.subparticles
    for row, target in enumerate(leaves):
        for column in rng.choice(count, 8, replace=False).tolist():
            if column != row:
                world.couple(leaves[column], target, 0.1)
    return world


def calls_of(function: Callable[[], object]) -> int:
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


def test_the_work_of_check_is_linear_in_edges() -> None:
    small, large = modules(64), modules(512)
    small.check()
    ratio = len(list(large.boundaries())) / len(list(small.boundaries()))
    assert calls_of(large.check) < 1.25 * ratio * calls_of(small.check)


@pytest.mark.slow
def test_the_time_of_check_is_linear_in_edges() -> None:
    """From 4000 to 64 000 boundary states; the best of several runs, within a factor of three."""
    seconds, edges = [], []
    for count in (512, 8192):
        world = modules(count)
        best = np.inf
        for _ in range(7):
            start = time.perf_counter()
            world.check()
            best = min(best, time.perf_counter() - start)
        seconds.append(best)
        edges.append(len(list(world.boundaries())))
    assert seconds[1] / seconds[0] < 3.0 * edges[1] / edges[0]


def test_a_nesting_deeper_than_the_stack_is_checked() -> None:
    world = dp.Partition("world")
    place = world
    for _ in range(2000):
        place = place.add_partition("p")
    leaf = place.add_subparticle("a")
    world.couple(leaf, world.add_subparticle("b"))
    world.check()
