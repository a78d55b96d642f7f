"""Columns hold what the leaves hold, and paths are the same sequence as a tuple of them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from support.worlds import portrait, worlds

import deepparticle as dp
from deepparticle.blankets.conditional import Delta
from deepparticle.blankets.errors import SettingError
from deepparticle.partitions.columns import (
    LeafPaths,
    external_columns,
    leaf_columns,
    other_conditionals,
    write_states,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(worlds(max_steps=1))
def test_columns_are_what_the_leaves_hold(world: dp.Partition) -> None:
    leaves, columns = world.subparticles, leaf_columns(world)
    for name in ("bias", "state", "field", "evidence", "argument", "precision", "learning_rate"):
        wanted = [getattr(leaf, name) for leaf in leaves]
        assert getattr(columns, name).tolist() == wanted
        assert getattr(columns, name).dtype == np.float64
    assert columns.used_precision.tolist() == [leaf._used_precision for leaf in leaves]
    assert columns.clock.tolist() == [leaf.clock for leaf in leaves]
    assert columns.clock.dtype == np.intp
    assert world.states.tolist() == columns.state.tolist()
    assert world.biases.tolist() == columns.bias.tolist()
    seen: list[dp.StateDistribution | None] = [None] * len(leaves)
    for distribution, rows in columns.distributions:
        for row in rows.tolist():
            seen[row] = distribution
    assert seen == [leaf.distribution for leaf in leaves]
    assert len({kind for kind, _ in columns.distributions}) == len(columns.distributions)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(worlds())
def test_paths_are_those_of_the_leaves(world: dp.Partition) -> None:
    wanted = tuple(leaf.path for leaf in world.subparticles)
    paths = leaf_columns(world).paths
    assert paths == wanted
    assert list(paths) == list(wanted)
    assert [paths[row] for row in range(len(wanted))] == list(wanted)
    assert paths[-1] == wanted[-1]
    assert paths[1:] == wanted[1:]
    assert dict(paths.rows) == {path: row for row, path in enumerate(wanted)}
    assert all(path in paths for path in wanted)


def test_what_is_no_path() -> None:
    paths = LeafPaths([("a",), ("cortex", 10)])
    for other in ("b", "cortex", "cortex/", "cortex/10", "cortex/07", "cortex/-1", "a/0", ""):
        assert other not in paths
        assert paths.rows.get(other) is None
    assert paths.index("cortex/3") == 4
    with pytest.raises(ValueError, match="'b' is not one of the paths"):
        paths.index("b")
    with pytest.raises(IndexError):
        paths[11]
    assert paths != ("a",)
    assert paths != "a"
    assert repr(paths) == "<11 paths: 'a', 'cortex/0', 'cortex/1', 'cortex/2', …>"


def test_two_leaves_are_no_population() -> None:
    assert list(LeafPaths([("a", "b"), ("c", 2)])) == ["a", "b", "c/0", "c/1"]


def test_columns_of_a_million_leaves_need_no_members() -> None:
    world = dp.Partition("world", precision=0.5)
    cortex = world.add_population("cortex", 1_000_000)
    cortex[7].precision = 2.0
    columns = leaf_columns(world)
    assert columns.precision[[6, 7]].tolist() == [0.5, 2.0]
    assert columns.paths[999_999] == "cortex/999999"
    assert columns.paths.rows["cortex/123456"] == 123_456
    assert len(cortex._members) == 1
    assert len(pickle.dumps(columns.paths)) < 1000


@settings(max_examples=40, deadline=None, derandomize=True)
@given(worlds())
def test_external_columns_are_who_senses_and_who_acts(world: dp.Partition) -> None:
    for place in world.partitions:
        if isinstance(place, dp.Population) and world.externals:
            free = world.add_external(f"whole {place.name}")
            world.sense(free, place, np.linspace(0.0, 1.0, place.size))
            world.act(place, free)
    rows = leaf_columns(world).paths.rows
    for external in world.externals:
        columns = external_columns(world, external)
        assert columns.sensing.tolist() == [rows[end.path] for end in external.sensing]
        assert columns.acting.tolist() == [rows[end.path] for end in external.acting]
        assert columns.sensing_weights.tolist() == [
            external._outgoing[end].weight for end in external.sensing
        ]
        assert columns.acting_weights.tolist() == [
            external._incoming[end].weight for end in external.acting
        ]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(worlds(max_steps=1))
def test_states_are_written_as_one_by_one(world: dp.Partition) -> None:
    twin = world.copy()
    states = np.where(np.arange(len(world.subparticles)) % 2, 1.0, -1.0)
    write_states(world, states)
    for leaf, state in zip(twin.subparticles, states.tolist(), strict=True):
        leaf.state = state
    assert portrait(world) == portrait(twin)


def test_states_outside_the_support_are_refused() -> None:
    world = dp.Partition("world")
    world.add_population("cortex", 3)
    with pytest.raises(SettingError, match=r"cortex/1: the state of .* lies in \[-1, 1\]"):
        write_states(world, np.array([0.0, 2.0, 3.0]))


class Noisy(Delta):
    """Another conditional."""


def test_other_conditionals_are_found_wherever_they_are() -> None:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a"), world.add_subparticle("b")
    world.add_population("cortex", 3)
    scene = world.add_external("scene")
    views = world.sense(scene, "cortex")
    boundaries = [
        world.couple(a, b),
        world.couple(a, "cortex/1"),
        world.act(b, world.add_external("lever")).boundary,
        views[2].boundary,
    ]
    world.couple(b, a)
    assert list(other_conditionals(world)) == []
    for boundary in boundaries:
        boundary.conditional = Noisy(0.5)
    assert {str(one) for one in other_conditionals(world)} == {str(one) for one in boundaries}
    assert len(list(other_conditionals(world))) == len(boundaries)
    world.uncouple(scene, "cortex/0")
    assert len(list(other_conditionals(world))) == len(boundaries)
