"""Specs: a world as a value, and back, exact to the last bit."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import Any

import numpy as np
import pydantic
import pytest
from hypothesis import given, settings
from support.worlds import portrait, schedules_of, worlds

import deepparticle as dp
from deepparticle.agents import register_distribution
from deepparticle.partitions.files import spec as format_of_specs
from deepparticle.partitions.files.spec import WorldSpec, from_spec, to_spec


def through_json(spec: WorldSpec) -> Any:
    return json.loads(spec.model_dump_json(exclude_unset=True))


@settings(deadline=None, max_examples=150)
@given(worlds(max_steps=3))
def test_a_world_comes_back_from_its_spec(world: dp.Partition) -> None:
    spec = to_spec(world)
    assert portrait(from_spec(spec)) == portrait(world)
    again = from_spec(through_json(spec), arrays=spec.arrays)
    assert portrait(again) == portrait(world)
    assert to_spec(again) == spec


@settings(deadline=None, max_examples=50)
@given(worlds(max_steps=2))
def test_a_run_goes_on_from_a_spec_as_it_would_have(world: dp.Partition) -> None:
    again = from_spec(to_spec(world))
    for schedule in schedules_of(world):
        for one in (world, again):
            one.step(7, schedule)
    assert portrait(again) == portrait(world)


@settings(deadline=None, max_examples=50)
@given(worlds(max_steps=2))
def test_the_order_of_making_survives(world: dp.Partition) -> None:
    # Uncoupling and coupling again puts a boundary state last in both of its blankets.
    for leaf in world.subparticles:
        for boundary in list(leaf._incoming.values())[:1]:
            if not boundary.source.is_external:
                world.uncouple(boundary.source, leaf)  # type: ignore[arg-type]
                world.couple(boundary.source, leaf, 0.25)  # type: ignore[arg-type]
    assert portrait(from_spec(to_spec(world))) == portrait(world)


def test_the_example_of_the_documentation_is_a_world() -> None:
    text = format_of_specs.__doc__ or ""
    world = from_spec(json.loads(text[text.index("    {") : text.index("    }\n\n") + 6]))
    world.check()
    assert [leaf.path for leaf in world.subparticles] == [
        "brain/a",
        "brain/cortex/0",
        "brain/cortex/1",
        "brain/cortex/2",
    ]
    assert world["brain/a"].precision == 0.17
    assert world["brain/a"].distribution == dp.Gaussian(base_variance=2.0)
    assert len(world["scene"].sensing) == 3
    assert world.couplings[1, 0] == 0.8


def test_a_spec_is_short_where_nothing_is_special() -> None:
    world = dp.Partition("world")
    world.couple(world.add_subparticle("a"), world.add_subparticle("b"), 0.8)
    assert through_json(to_spec(world)) == {
        "format": "deepparticle",
        "version": 1,
        "name": "world",
        "members": [
            {
                "kind": "subparticle",
                "path": "a",
                "parent": "",
                "distribution": {"kind": "continuous-bernoulli"},
            },
            {
                "kind": "subparticle",
                "path": "b",
                "parent": "",
                "distribution": {"kind": "continuous-bernoulli"},
            },
        ],
        "couplings": [{"source": "a", "target": "b", "boundary": {"kind": "delta", "weight": 0.8}}],
    }


def test_a_population_that_senses_is_one_line() -> None:
    spec = to_spec(dp.from_couplings(np.zeros((50, 50))))
    assert [(entry.source, entry.target) for entry in spec.sensory] == [("evidence", "population")]
    assert len(from_spec(spec)["evidence"].sensing) == 50


def test_a_population_that_senses_unevenly_is_not() -> None:
    world = dp.from_couplings(np.zeros((3, 3)))
    world["population/1"].sensory["evidence"].weight = 2.0
    world.act("population", world["evidence"], [1.0, 1.0, -1.0])
    spec = to_spec(world)
    assert len(spec.sensory) == 3
    assert len(spec.active) == 3
    assert portrait(from_spec(spec)) == portrait(world)


def test_a_population_that_acts_is_one_line() -> None:
    world = dp.from_couplings(np.zeros((3, 3)))
    world.act("population", "evidence", 0.5)
    spec = to_spec(world)
    assert [(entry.source, entry.target) for entry in spec.active] == [("population", "evidence")]
    assert portrait(from_spec(spec)) == portrait(world)


def test_only_some_plastic() -> None:
    world = dp.from_couplings(np.zeros((4, 4)))
    population = world["population"]
    population[2].sensory["1"].plastic = False
    again = from_spec(to_spec(world))["population"]
    assert np.array_equal(
        again.plastic_mask & again.exists_mask, population.plastic_mask & population.exists_mask
    )
    population.set_plastic(None, None, False)
    population[2].sensory["1"].plastic = True
    spec = to_spec(world).members[0]
    assert isinstance(spec, format_of_specs.WorldSpec) is False
    again = from_spec(to_spec(world))["population"]
    assert np.argwhere(again.plastic_mask & again.exists_mask).tolist() == [[2, 1]]


def test_large_arrays_are_kept_apart() -> None:
    couplings = np.random.default_rng(0).normal(size=(40, 40)) * ~np.eye(40, dtype=bool)
    world = dp.from_couplings(couplings)
    spec = to_spec(world)
    assert set(spec.arrays) == {"population.couplings.weights"}
    assert "0.1257" not in spec.model_dump_json()
    assert portrait(from_spec(spec)) == portrait(world)
    # The arrays of a spec are its own.
    world["population"].weights[0, 1] = 9.0
    assert from_spec(spec).couplings[0, 1] == couplings[0, 1]
    with pytest.raises(TypeError):
        spec.arrays["population.couplings.weights"] = couplings  # type: ignore[index]


def test_a_partition_is_described_as_a_world_of_its_own() -> None:
    world = dp.Partition("world", precision=0.17)
    brain = world.add_partition("brain", learning_rate=0.1)
    a, b = brain.add_subparticle("a"), brain.add_subparticle("b")
    outside = world.add_subparticle("c")
    brain.couple(a, b, 0.8)
    world.couple(outside, a, 0.3)
    world.sense(world.add_external("scene"), a)
    again = from_spec(to_spec(brain))
    again.check()
    assert again.name == "brain"
    assert [leaf.path for leaf in again.subparticles] == ["a", "b"]
    assert list(again["a"].sensory) == []
    assert (again["a"].precision, again["a"].learning_rate) == (0.17, 0.1)
    assert list(a.sensory) == ["c", "scene"]


def test_specs_are_frozen_and_comparable() -> None:
    world = dp.from_couplings(np.zeros((40, 40)), bias=np.arange(40.0))
    spec = to_spec(world)
    assert spec == to_spec(world)
    assert spec != "spec"
    with pytest.raises(pydantic.ValidationError):
        spec.name = "other"  # type: ignore[misc]
    world["population/3"].bias = 0.5
    assert spec != to_spec(world)
    world["population/3"].bias = 3.0
    assert spec == to_spec(world)
    world["population/3"].sensory["0"].weight = 0.5
    assert spec != to_spec(world)


def test_the_way_to_a_spec_changes_nothing() -> None:
    world = dp.from_couplings(np.zeros((3, 3)))
    before, revision = portrait(world), world.revision
    to_spec(world)
    assert portrait(world) == before
    assert world.revision == revision


def test_reading_a_mapping_changes_nothing() -> None:
    raw = through_json(to_spec(dp.from_couplings(np.zeros((3, 3)))))
    before = copy.deepcopy(raw)
    from_spec(raw)
    assert raw == before


def swing(value: Any, actions: Any, rng: np.random.Generator) -> Any:
    return -value


def moving() -> dp.Partition:
    world = dp.Partition("world")
    world.sense(world.add_external("scene", 0.5, swing), world.add_subparticle("a"))
    return world


def test_a_process_is_refused() -> None:
    with pytest.raises(dp.SettingError, match="scene: a file holds no Python function") as caught:
        to_spec(moving())
    assert "(got swing)" in str(caught.value)
    assert "processes='drop'" in str(caught.value)


def test_a_process_is_dropped_and_given_again() -> None:
    spec = to_spec(moving(), processes="drop")
    world = from_spec(spec, processes={"scene": swing})
    assert portrait(world) == portrait(moving())
    with pytest.warns(UserWarning, match=r"scene: .*'swing' of this external state was not saved"):
        world = from_spec(spec)
    assert world["scene"].process is None
    assert world["scene"].value == 0.5


def test_a_process_for_nobody() -> None:
    spec = to_spec(moving(), processes="drop")
    with pytest.raises(dp.PartitionError, match=r"got 'scenes'.*did you mean 'scene'"):
        from_spec(spec, processes={"scene": swing, "scenes": swing})


def test_what_to_do_with_processes_is_one_of_two() -> None:
    with pytest.raises(dp.SettingError, match=r"processes is 'refuse' or 'drop' \(got 'keep'"):
        to_spec(moving(), processes="keep")


def test_an_unlawful_world_has_no_spec() -> None:
    world = dp.Partition("world")
    world.add_subparticle("a")._state = 7.0
    with pytest.raises(dp.PartitionError, match="the state lies in"):
        to_spec(world)


def test_a_memory_that_is_not_finite_has_no_spec() -> None:
    world = dp.Partition("world")
    world.add_subparticle("a")._field = float("inf")
    with pytest.raises(dp.PartitionError, match=r"memory\.field of 'a'.*finite"):
        from_spec(to_spec(world))


@dataclasses.dataclass(frozen=True)
class Unregistered(dp.Spin):
    kind = "unregistered"


@register_distribution
@dataclasses.dataclass(frozen=True)
class Shifted(dp.Spin):
    """A spin with a parameter, registered as a user would."""

    kind = "shifted spin of the tests"
    shift: float = 0.0


def test_a_distribution_that_is_not_registered_has_no_spec() -> None:
    world = dp.Partition("world")
    world.add_subparticle("a", distribution=Unregistered())
    with pytest.raises(dp.SettingError, match=r"a: the distribution is registered.*@register_dist"):
        to_spec(world)


def test_a_registered_distribution_keeps_its_parameters() -> None:
    world = dp.Partition("world")
    world.add_subparticle("a", distribution=Shifted(0.25))
    world.add_population("n", 2, distribution=Shifted(0.5))
    again = from_spec(through_json(to_spec(world)))
    assert again["a"].distribution == Shifted(0.25)
    assert again["n"].distribution == Shifted(0.5)


def test_members_may_come_in_any_order() -> None:
    raw = {
        "format": "deepparticle",
        "version": 1,
        "name": "world",
        "members": [
            {"kind": "subparticle", "path": "p/b", "parent": "p"},
            {"kind": "subparticle", "path": "c", "parent": ""},
            {"kind": "partition", "path": "p", "parent": ""},
            {"kind": "subparticle", "path": "p/a", "parent": "p"},
        ],
    }
    assert [leaf.path for leaf in from_spec(raw).subparticles] == ["c", "p/b", "p/a"]


def test_a_coupling_within_a_population() -> None:
    raw = {
        "format": "deepparticle",
        "version": 1,
        "name": "world",
        "members": [{"kind": "population", "path": "n", "parent": "", "size": 2}],
        "couplings": [
            {"source": "n/0", "target": "n/1", "boundary": {"weight": 0.5}, "plastic": False}
        ],
    }
    world = from_spec(raw)
    assert world["n/1"].sensory["0"].weight == 0.5
    assert not world["n/1"].sensory["0"].plastic


def test_negative_zero_survives() -> None:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a", bias=-0.0), world.add_subparticle("b", state=-0.0)
    world.couple(a, b, -0.0)
    world.add_population("n", 2, bias=[0.0, -0.0])
    assert portrait(from_spec(through_json(to_spec(world)))) == portrait(world)
