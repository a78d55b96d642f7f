"""Editing: add, remove, rename, move, copy; each leaves a lawful world."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import portrait, schedules_of, worlds

import deepparticle as dp


def family() -> dp.Partition:
    """Two partitions, coupled within and across, and a world outside."""
    world = dp.Partition("world", precision=0.5)
    for side in ("left", "right"):
        part = world.add_partition(side, learning_rate=0.1)
        part.couple(part.add_subparticle("a", bias=0.2), part.add_subparticle("b"), 0.8)
    world.couple("left/a", "right/a", 0.3)
    world.couple("right/b", "left/b", -0.4)
    world.sense(world.add_external("scene"), ["left/a", "right/a"])
    world.act("left/b", "scene")
    return world


def paths(world: dp.Partition) -> list[str]:
    return [leaf.path for leaf in world.subparticles]


# ---------------------------------------------------------------------- add


def test_rows_are_depth_first_in_the_order_of_adding() -> None:
    world = dp.Partition("world")
    world.add_subparticle("z")
    outer = world.add_partition("outer")
    world.add_subparticle("a")
    inner = outer.add_partition("inner")
    outer.add_subparticle("y")
    inner.add_subparticle("x")
    world.add_population("n", 2)
    outer.add_subparticle("b")
    assert paths(world) == ["z", "outer/inner/x", "outer/y", "outer/b", "a", "n/0", "n/1"]
    assert [world.row_of(leaf) for leaf in world.subparticles] == list(range(7))
    assert [leaf.path for leaf in outer.subparticles] == ["outer/inner/x", "outer/y", "outer/b"]
    assert [member.path for member in world.members] == ["z", "outer", "a", "n"]


def test_settings_are_inherited_and_the_innermost_wins() -> None:
    world = dp.Partition("world", precision=0.5, clock=2)
    outer = world.add_partition("outer", learning_rate=0.1)
    leaf = outer.add_subparticle("a", precision=2.0)
    assert (leaf.precision, leaf.learning_rate, leaf.clock) == (2.0, 0.1, 2)
    outer.precision = 3.0
    assert leaf.precision == 2.0
    leaf.precision = None
    assert leaf.precision == 3.0
    outer.precision = None
    assert leaf.precision == 0.5
    assert dp.Partition("w").add_subparticle("a").precision == 1.0


def test_members_of_populations_inherit_too() -> None:
    world = dp.Partition("world", precision=0.5)
    population = world.add_population("n", 3, learning_rate=0.1)
    population[1].precision = 2.0
    assert [leaf.precision for leaf in world.subparticles] == [0.5, 2.0, 0.5]
    assert [leaf.learning_rate for leaf in world.subparticles] == [0.1] * 3


def test_addressing() -> None:
    world = family()
    left = world["left"]
    assert world["left/a"] is left["a"]
    assert left.resolve("right/a") is world["right/a"]
    assert "left/a" in world
    assert "left/c" not in world
    assert world["left/a"] in left
    assert world["right/a"] not in left
    assert left.world is world
    assert world["left/a"].root is world
    assert len(world) == 3
    assert [member.name for member in world] == ["left", "right", "scene"]


# ---------------------------------------------------------------------- remove


def test_remove_takes_what_crosses_along() -> None:
    world = family()
    right = world.remove("right")
    world.check()
    assert paths(world) == ["left/a", "left/b"]
    assert list(world["left/b"].sensory) == ["left/a"]
    assert [end.path for end in world["scene"].sensing] == ["left/a"]
    # What was removed is a lawful world of its own.
    assert isinstance(right, dp.Partition)
    right.check()
    assert right.parent is None
    assert paths(right) == ["a", "b"]
    assert list(right["b"].sensory) == ["a"]
    assert list(right["a"].sensory) == []
    right.step(0)


@pytest.mark.parametrize("path", ["left/a", "scene"])
def test_remove_one(path: str) -> None:
    world = family()
    gone = world.remove(path)
    world.check()
    assert path not in world
    assert gone.parent is None
    assert not gone._incoming  # type: ignore[attr-defined]
    assert not gone._outgoing  # type: ignore[attr-defined]


def test_remove_a_population() -> None:
    world = dp.from_couplings(np.ones((3, 3)) - np.eye(3))
    world.add_subparticle("a")
    world.couple("population", "a", 0.5)
    population = world.remove("population")
    world.check()
    assert paths(world) == ["a"]
    assert list(world["a"].sensory) == []
    assert isinstance(population, dp.Population)
    assert list(population[0].sensory) == ["1", "2"]


def test_a_removed_partition_forgets_the_rows_of_its_old_world() -> None:
    """What it remembered is stamped with revisions of the old world, which its own may reach."""
    for edits in range(8):
        world = dp.Partition("world")
        part = world.add_partition("part")
        part.add_subparticle("a")
        assert len(part.subparticles) == 1
        world.remove(part)
        for number in range(edits):
            part.add_subparticle(str(number))
        assert len(part.subparticles) == 1 + edits


# ---------------------------------------------------------------------- rename


def test_rename_keeps_rows_and_boundary_states() -> None:
    world = family()
    before = world.couplings
    boundary = world["left/b"].sensory["a"].boundary
    world.rename("left", "west")
    world.rename("west/a", "first")
    world.check()
    assert paths(world) == ["west/first", "west/b", "right/a", "right/b"]
    assert np.array_equal(world.couplings, before)
    assert world["west/b"].sensory["west/first"].boundary is boundary
    assert str(boundary) == "west/first → west/b"
    assert [member.name for member in world] == ["west", "right", "scene"]


def test_rename_the_root_and_to_the_same_name() -> None:
    world = family()
    world.rename(world, "universe")
    world.rename("left", "left")
    assert world.name == "universe"
    assert paths(world)[0] == "left/a"


# ---------------------------------------------------------------------- move


def test_move_keeps_boundary_states() -> None:
    world = family()
    boundary = world["right/a"].sensory["left/a"].boundary
    world.move("left/a", world)
    world.check()
    assert paths(world) == ["left/b", "right/a", "right/b", "a"]
    assert world["right/a"].sensory["a"].boundary is not None
    assert world["right/a"].boundary_from(world["a"]) is boundary
    assert world["left/b"].sensory["a"].weight == 0.8
    assert world["a"].learning_rate == 0.0


def test_move_a_partition_into_another() -> None:
    world = family()
    world.move("left", "right")
    world.check()
    assert paths(world) == ["right/a", "right/b", "right/left/a", "right/left/b"]
    assert world["right/left/b"].sensory["right/left/a"].weight == 0.8
    assert world["right/b"].active["right/left/b"].weight == -0.4


def test_move_where_it_is_already() -> None:
    world = family()
    before, revision = portrait(world), world.revision
    world.move("left/a", "left")
    assert portrait(world) == before
    assert world.revision == revision


# ---------------------------------------------------------------------- copy


def test_copy_beside_the_original() -> None:
    world = family()
    copy = world.copy("left", "third")
    world.check()
    assert copy is world["third"]
    assert paths(world)[-2:] == ["third/a", "third/b"]
    assert copy["b"].sensory["third/a"].weight == 0.8
    assert copy["a"].bias == 0.2
    # What crosses the blanket of the original is not copied.
    assert list(copy["a"].active) == ["third/b"]
    assert list(copy["a"].sensory) == []
    # Nothing is shared.
    copy["b"].sensory["third/a"].weight = 7.0
    copy["a"].bias = 7.0
    assert world["left/b"].sensory["left/a"].weight == 0.8
    assert world["left/a"].bias == 0.2


def test_copy_into_another_partition() -> None:
    world = family()
    world.copy("left/a", into="right", name="c")
    world.copy("left", into="right")
    world.check()
    assert paths(world)[2:] == ["right/a", "right/b", "right/c", "right/left/a", "right/left/b"]


def test_copy_a_partition_into_itself() -> None:
    world = family()
    world.copy("left", "inner", "left")
    world.check()
    assert paths(world)[:4] == ["left/a", "left/b", "left/inner/a", "left/inner/b"]


def test_copy_an_external_state() -> None:
    world = family()
    world["scene"].value = 0.7
    world.copy("scene", "backdrop")
    world.check()
    assert world["backdrop"].value == 0.7
    assert world["backdrop"].sensing == ()


@settings(deadline=None, max_examples=100)
@given(worlds(max_steps=2))
def test_the_copy_of_a_world_is_its_equal_and_shares_nothing(world: dp.Partition) -> None:
    before = portrait(world)
    copy = world.copy()
    copy.check()
    assert portrait(copy) == before
    for schedule in schedules_of(world):
        copy.step(3, schedule)
    assert portrait(world) == before
    for schedule in schedules_of(world):
        world.step(3, schedule)
    assert portrait(copy) == portrait(world)


def test_the_copy_of_a_partition_brings_what_it_inherited() -> None:
    world = family()
    copy = world["left"].copy(name="alone")
    copy.check()
    assert copy.parent is None
    assert copy.name == "alone"
    assert (copy["a"].precision, copy["a"].learning_rate) == (0.5, 0.1)
    assert list(copy["b"].sensory) == ["a"]


# ---------------------------------------------------------------------- vectors of evidence


def vectored() -> dp.Partition:
    world = family()
    scene = world["scene"]
    scene.value = [1.0, 2.0]
    assert evidence(world) == {"left/a": 1.0, "right/a": 2.0}
    return world


def evidence(world: dp.Partition) -> dict[str, float]:
    """What every leaf senses of the scene."""
    return {end.path: end.sensory["scene"].state for end in world["scene"].sensing}


def test_moving_takes_its_component_along() -> None:
    world = vectored()
    world.move("left/a", world)
    assert evidence(world) == {"right/a": 2.0, "a": 1.0}
    assert world["scene"].value.tolist() == [2.0, 1.0]


def test_removing_takes_its_component_away() -> None:
    world = vectored()
    world.remove("left")
    assert evidence(world) == {"right/a": 2.0}
    assert world["scene"].value.tolist() == [2.0]
    world.remove("right")
    assert world["scene"].value == 0.0


def test_uncoupling_takes_its_component_away() -> None:
    world = vectored()
    world.uncouple("scene", "left/a")
    assert evidence(world) == {"right/a": 2.0}
    world.check()


def test_a_value_is_not_shared_with_the_caller() -> None:
    world = family()
    value = np.array([1.0, 2.0])
    world["scene"].value = value
    value[0] = 9.0
    assert evidence(world) == {"left/a": 1.0, "right/a": 2.0}


# ---------------------------------------------------------------------- any sequence of edits


@settings(deadline=None, max_examples=150)
@given(st.data(), worlds(max_leaves=6))
def test_every_edit_leaves_a_lawful_world_or_changes_nothing(
    data: st.DataObject, world: dp.Partition
) -> None:
    for number in range(data.draw(st.integers(1, 6))):
        before = portrait(world)
        try:
            edit(data, world, f"new{number}")
        except (dp.PartitionError, dp.SettingError, dp.SettingTypeError):
            assert portrait(world) == before
        world.check()
        assert world.report().lawful
        for external in world.externals:
            # Nobody's vector (a copy has one) waits for a scalar; otherwise one entry for each.
            if np.ndim(external.value) == 1 and external.sensing:
                assert np.size(external.value) == len(external.sensing)
        assert [world.row_of(leaf) for leaf in world.subparticles] == list(
            range(len(world.subparticles))
        )
        world.step(number)


def edit(data: st.DataObject, world: dp.Partition, name: str) -> None:
    members: list[Any] = [*world.walk(), *world.subparticles[:3], world]
    one = data.draw(st.sampled_from(members))
    other = data.draw(st.sampled_from(members))
    match data.draw(
        st.sampled_from(
            ["add", "remove", "rename", "move", "copy", "couple", "uncouple", "sense", "act"]
        )
    ):
        case "add" if isinstance(one, dp.Partition):
            one.add_subparticle(name)
        case "remove":
            world.remove(one)
        case "rename":
            world.rename(one, data.draw(st.sampled_from([name, other.name, "", "x/y"])))
        case "move":
            world.move(one, other)
        case "copy":
            world.copy(one, data.draw(st.sampled_from([name, None])), other)
        case "couple":
            world.couple(one, other, 0.5)
        case "uncouple":
            world.uncouple(one, other)
        case "sense":
            world.sense(one, other)
        case "act":
            world.act(one, other)
