"""What a whole population senses is a block, and behaves as the same states made one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import SCHEDULES, portrait

import deepparticle as dp
from deepparticle.blankets.conditional import BoundaryConditional, Delta
from deepparticle.blankets.errors import PartitionError, SettingError, SettingTypeError
from deepparticle.partitions.files.writing import to_spec


def pair(whole: bool, weights: Any = 0.5) -> dp.Partition:
    """A population that senses a scene and acts on it: as blocks, or member by member."""
    world = dp.from_couplings([[0, 0.5, 0], [0.2, 0, -0.4], [0.3, 0.1, 0]], learning_rate=0.1)
    scene = world.add_external("scene", 0.7)
    cortex = world["population"]
    ends = cortex if whole else list(cortex)
    world.sense(scene, ends, weights)
    world.act(ends, scene, 2.0)
    return world


def one_by_one(world: dp.Partition) -> None:
    world.sense("scene", world.add_subparticle("late"), 0.1)


def spread(world: dp.Partition) -> None:
    world["scene"].value = [0.1, 0.2, 0.3]


def spread_then_fewer(world: dp.Partition) -> None:
    spread(world)
    world.uncouple("scene", "population/1")


EDITS: dict[str, Callable[[dp.Partition], Any]] = {
    "nothing": lambda world: None,
    "look": lambda world: world.subparticles,
    "uncouple": lambda world: world.uncouple("scene", "population/1"),
    "uncouple acting": lambda world: world.uncouple("population/0", "scene"),
    "sense more": one_by_one,
    "weight": lambda world: setattr(world["population/1"].sensory["scene"], "weight", 0.3),
    "plastic": lambda world: setattr(world["population/1"].active["scene"], "plastic", True),
    "rename": lambda world: world.rename("population", "cortex"),
    "move": lambda world: world.move("population", world.add_partition("brain")),
    "remove the external": lambda world: world.remove("scene"),
    "remove the population": lambda world: world.remove("population"),
    "vector": spread,
    "vector, then fewer": spread_then_fewer,
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_blocks_are_what_single_states_are(edit: str, schedule: str, tmp_path: Path) -> None:
    made = []
    for whole in (True, False):
        world = pair(whole)
        EDITS[edit](world)
        copied = world.copy()
        for one in (world, copied):
            one.step(1, schedule)
            one.check()
        assert portrait(copied) == portrait(world)
        made.append(world)
    whole_one, single = made
    assert portrait(whole_one) == portrait(single)
    assert str(whole_one.report()) == str(single.report())
    assert list(whole_one.graph.edges) == list(single.graph.edges)
    for external, other in zip(whole_one.externals, single.externals, strict=True):
        np.testing.assert_array_equal(external.actions, other.actions)
        assert repr(external) == repr(other)
    whole_one.save(tmp_path / "whole")
    assert portrait(dp.load(tmp_path / "whole")) == portrait(whole_one)


def test_a_uniform_block_is_one_entry_of_a_file_and_another_is_not() -> None:
    assert [entry.target for entry in to_spec(pair(True)).sensory] == ["population"] * 2
    varied = to_spec(pair(True, [0.5, 0.25, 0.125])).sensory
    assert [entry.target for entry in varied] == [
        "population",
        "population/0",
        "population/1",
        "population/2",
    ]


def test_views_are_a_sequence_made_when_asked_for() -> None:
    world = dp.Partition("world")
    cortex = world.add_population("cortex", 100_000)
    views = world.sense(world.add_external("scene"), cortex, 0.5)
    assert len(views) == 100_000
    assert not cortex._members
    assert views[7] == world["cortex/7"].sensory["scene"]
    assert views[7].boundary is cortex[7].sensory["scene"].boundary
    assert [view.weight for view in views[-2:]] == [0.5, 0.5]
    assert repr(views) == "<100000 SensoryStates between 'scene' and 'cortex'>"
    world.check()
    assert world.report().levels[1].sensory == 100_000
    assert len(cortex._members) == 1


def test_a_block_is_made_once() -> None:
    world = pair(True)
    with pytest.raises(PartitionError) as caught:
        world.sense("scene", "population")
    assert str(caught.value) == (
        "scene → population/0: a connection is made once (got one that exists already, with "
        "weight 0.5). Mend: change the weight of the boundary state, or remove it first with "
        "uncouple()."
    )
    world = dp.Partition("world")
    world.add_population("cortex", 3)
    world.sense(world.add_external("scene"), "cortex/1")
    with pytest.raises(PartitionError, match="scene → cortex/1: a connection is made once"):
        world.sense("scene", "cortex")


def test_weights_that_cannot_be_used() -> None:
    world = dp.Partition("world")
    world.add_population("cortex", 3)
    world.add_external("scene")
    with pytest.raises(SettingError, match="'scene' and cortex: the weight is finite"):
        world.sense("scene", "cortex", [0.0, np.nan, 1.0])
    with pytest.raises(SettingError, match=r"the weight is a number or has shape \(3,\)"):
        world.sense("scene", "cortex", [0.0, 1.0])
    assert not world["cortex"].blocks


class Halved(BoundaryConditional):
    """Half of what its source shows."""

    kind = "halved"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def value(self, source_state: float) -> float:
        return 0.5 * self.weight * source_state

    def with_weight(self, weight: float) -> Halved:
        return Halved(weight)


def test_single_states_may_have_other_conditionals() -> None:
    world = pair(True)
    boundary = world["population/1"].active["scene"].boundary
    boundary.conditional = Halved(2.0)
    world["population/1"].state = 0.5
    assert world["population/1"].active["scene"].state == 0.5
    assert world["scene"].actions.tolist() == [0.0, 0.5, 0.0]
    assert isinstance(world.copy()["population/1"].active["scene"].conditional, Halved)
    boundary.conditional = Delta(1.0)
    assert world["scene"].actions.tolist() == [0.0, 0.5, 0.0]
    with pytest.raises(SettingTypeError, match="a boundary state owns a conditional distribution"):
        boundary.conditional = 0.5


def test_check_names_what_is_wrong_in_a_block() -> None:
    world = pair(True)
    world["population"].blocks[1].weights[2] = np.nan
    with pytest.raises(PartitionError) as caught:
        world.check()
    assert str(caught.value) == (
        "scene → population/2: the weight is finite (got nan). Mend: set a finite weight."
    )
    assert not world.report().lawful
    world = pair(True)
    world["scene"].blocks.remove(world["population"].blocks[1])
    with pytest.raises(PartitionError, match="complete coverage"):
        world.check()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(sorted(EDITS)[1:]), max_size=4))
def test_edits_in_any_order(edits: list[str]) -> None:
    worlds = [pair(True), pair(False)]
    outcomes = []
    for world in worlds:
        errors = []
        for edit in edits:
            try:
                EDITS[edit](world)
            except (PartitionError, SettingError) as error:
                errors.append(str(error))
        world.check()
        outcomes.append((errors, portrait(world)))
    assert outcomes[0] == outcomes[1]
