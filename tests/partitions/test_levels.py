"""Levels of a world: what they consist of, and blankets that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.errors import STRANGER, Case, example, is_complete, says

import deepparticle as dp


def nested() -> dp.Partition:
    """Two areas of two columns of two leaves, a leaf beside them, and one inside an area."""
    world = dp.Partition("world")
    for area in ("left", "right"):
        place = world.add_partition(area)
        for column in ("one", "two"):
            inner = place.add_partition(column)
            for name in "ab":
                inner.add_subparticle(name)
    world["left"].add_subparticle("hub")
    world.add_subparticle("alone")
    world.add_partition("nothing").add_partition("inside")
    return world


def test_levels_from_the_whole_to_the_leaves() -> None:
    world = nested()
    assert [list(world.level(depth).paths) for depth in range(3)] == [
        [""],
        ["left", "right", "alone"],
        ["left/one", "left/two", "left/hub", "right/one", "right/two", "alone"],
    ]
    leaves = [leaf.path for leaf in world.subparticles]
    assert list(world.level(3).paths) == list(world.level(7).paths) == leaves
    assert world.level(1).sizes.tolist() == [5, 4, 1]
    assert [rows.tolist() for rows in world.level(2).members] == [
        [0, 1],
        [2, 3],
        [4],
        [5, 6],
        [7, 8],
        [9],
    ]
    assert world.level(0).units == (world,)
    assert world.level(1).units == (world["left"], world["right"], world["alone"])


def test_a_level_of_a_part_counts_from_there() -> None:
    level = nested()["left"].level(1)
    assert list(level.paths) == ["left/one", "left/two", "left/hub"]
    assert level.starts.tolist() == [0, 2, 4, 5]


def test_populations_are_units_and_their_members_are() -> None:
    world = dp.Partition("world")
    cortex = world.add_population("cortex", 1000)
    world.add_subparticle("a")
    assert world.level(1).units == (cortex, world["a"])
    level = world.level(2)
    assert len(level) == 1001
    assert level.paths[999] == "cortex/999"
    assert not cortex._members  # none was made
    assert level.units[3] is cortex[3]


def test_macro_scale_states_are_means() -> None:
    world = nested()
    states = np.random.default_rng(0).normal(size=(4, 3, 10))
    found = world.level(1).mean(states)
    assert found.shape == (4, 3, 3)
    np.testing.assert_allclose(found[..., 0], states[..., :5].mean(axis=-1))
    np.testing.assert_allclose(found[..., 2], states[..., 9])


def test_blankets_overlap_in_boundary_states_and_never_in_internal_states() -> None:
    world = nested()
    there = world.couple("left/one/a", "right/two/b", 0.5)
    back = world.couple("right/two/b", "left/one/a", -0.2)
    inside = world.couple("left/one/a", "left/two/a", 1.0)
    scene = world.add_external("scene")
    sensed = world.sense(scene, "left/one/a")
    for depth in (1, 2, 3):
        level = world.level(depth)
        blankets = level.blankets
        owners = {
            boundary: [
                path
                for path, blanket in blankets.items()
                if boundary in {view.boundary for view in (*blanket.sensory, *blanket.active)}
            ]
            for boundary in (there, back, inside, sensed.boundary)
        }
        # One boundary state, two blankets; what is sensed at the macro scale is in one.
        assert [len(owners[one]) for one in (there, back)] == [2, 2]
        assert len(owners[inside]) == (0 if depth == 1 else 2)
        assert len(owners[sensed.boundary]) == 1
        first, second = owners[there]
        assert set(level.shared(first, second)) == {there, back}
        assert set(level.between) == {there, back} | ({inside} if depth > 1 else set())
    level = world.level(1)
    assert level.shared("left", "right") == (back, there)  # what left senses comes first
    assert level.shared("left", "alone") == ()
    assert level.blanket("left").sensory[0].boundary in (back, sensed.boundary)
    rows = np.concatenate(level.members)
    assert len(set(rows.tolist())) == len(rows) == 10


def test_printing_a_level() -> None:
    assert repr(nested().level(1)).splitlines()[:2] == [
        "<Level 1 of 'world': 3 units",
        "  left                              5",
    ]
    many = dp.from_couplings(np.zeros((20, 20))).level(2)
    assert repr(many).endswith("… and 8 more>")


def forget(world: dp.Partition) -> None:
    level = world.level(1)
    world.add_subparticle("new")
    _ = level.units


def stale(world: dp.Partition) -> None:
    level = world.level(1)
    world.add_subparticle("new")
    world.coarsen(level)


ERRORS: dict[str, Case] = {
    "a depth that is no number": (
        dp.SettingTypeError,
        lambda w: w.level("brain"),
        "world.level: a depth is a whole number (got 'brain'). Mend: give 0 for the whole",
    ),
    "a depth below 0": (
        dp.SettingError,
        lambda w: w.level(-1),
        "world.level: a depth is at least 0 (got -1). Mend: give 0 for the whole, 1 for",
    ),
    "a unit that is none": (
        dp.UnknownPathError,
        lambda w: w.level(1).blanket("brian"),
        "a level of 'world': a path names an existing object (got 'brian'). Mend: did you mean 'br",
    ),
    "states of another number": (
        dp.SettingError,
        lambda w: w.level(1).mean(np.zeros(3)),
        "a level of 'world': there is one state per subparticle, shape (..., 7) (got shape (3,))",
    ),
    "a level of an earlier structure": (
        dp.PartitionError,
        forget,
        "a level is that of a world as it was when it was cut (got 1 changes of structure since)",
    ),
    "coarsening by a level of an earlier structure": (
        dp.PartitionError,
        stale,
        "a level is that of a world as it was when it was cut (got 1 changes of structure since)",
    ),
    "a level of another world": (
        dp.PartitionError,
        lambda w: w.coarsen(example().level(1)),
        "world.coarsen: a level is cut from the partition that is coarsened (got a level of",
    ),
    "an unknown path": (
        dp.UnknownPathError,
        lambda w: w.coarsen(["brain", "inner", "cortexx", "lonely"]),
        "world: a path names an existing object (got 'cortexx'). Mend: did you mean 'cortex'",
    ),
    "a member of another world": (
        dp.PartitionError,
        lambda w: w.coarsen(["brain", STRANGER]),
        "only objects of one world can be joined (got 'a' of world 'elsewhere')",
    ),
    "an external state": (
        dp.PartitionError,
        lambda w: w.coarsen(["brain", "inner", "cortex", "lonely", "scene"]),
        "world.coarsen: a unit has internal states (got the external state 'scene'). Mend: leave",
    ),
    "one inside the other": (
        dp.PartitionError,
        lambda w: w.coarsen(["brain", "brain/a", "inner", "cortex", "lonely"]),
        (
            "world.coarsen: units have no subparticle in common (got 'brain/a', which lies inside "
            "'brain'). Mend: name one of them."
        ),
    ),
    "a member of a population inside it": (
        dp.PartitionError,
        lambda w: w.coarsen(["brain", "inner", "cortex", "cortex/0", "lonely"]),
        "units have no subparticle in common (got 'cortex/0', which lies inside 'cortex')",
    ),
    "twice the same": (
        dp.PartitionError,
        lambda w: w.coarsen(["brain", "inner", "cortex", "lonely", w["brain"]]),
        "world.coarsen: each unit is named once (got 'brain' twice). Mend: name it once.",
    ),
    "leaves in no unit": (
        dp.PartitionError,
        lambda w: w.coarsen(["brain", "cortex"]),
        (
            "world.coarsen: complete coverage: every subparticle is inside one of the units (got "
            "'inner/core/c' and 1 more in none of them). Mend: name what holds it"
        ),
    ),
    "members of a population in no unit": (
        dp.PartitionError,
        lambda w: w.coarsen(["brain", "inner", "lonely", "cortex/1"]),
        "every subparticle is inside one of the units (got 'cortex/0' and 1 more in none of them)",
    ),
    "a part of a world": (
        dp.PartitionError,
        lambda w: w["brain"].coarsen(1),
        "brain.coarsen: a whole world is coarsened ... Mend: use world['brain'].copy().coarsen(…)",
    ),
    "a world without subparticles": (
        dp.PartitionError,
        lambda w: dp.Partition("empty").coarsen(1),
        "empty.coarsen: a unit has subparticles (got none in this world). Mend: add some first.",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    kind, act, message = ERRORS[name]
    with pytest.raises(kind, match=says(message)) as caught:
        act(example())
    assert is_complete(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(dp.PartitionError) as caught:
        example().coarsen(["brain", "brain/a", "scene"])
    assert len(caught.value.faults) == 2


def test_units_may_be_named_in_any_order_and_at_any_depth() -> None:
    world = example()
    named: list[Any] = ["lonely", world["cortex"], "inner/core", "brain/b", "brain/a"]
    coarse = world.coarsen(named)
    assert [leaf.path for leaf in coarse.subparticles] == [
        "brain/a",
        "brain/b",
        "inner/core",
        "cortex",
        "lonely",
    ]
    one = world.coarsen([*named[:1], "cortex/0", "cortex/2", "cortex/1", *named[2:]])
    assert isinstance(one["cortex"], dp.Population)
