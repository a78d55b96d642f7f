"""The laws of levels: units cover the inside, and a coarse world is a world like any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, reject, settings
from hypothesis import strategies as st
from support.worlds import portrait, worlds

import deepparticle as dp
from deepparticle.agents.member import SETTINGS
from deepparticle.partitions.arrays import coupling_entries
from deepparticle.partitions.columns import leaf_columns

depths = st.integers(0, 5)
LEAVES = 9
"""A depth below all leaves of the generated worlds."""


def coarsened(world: dp.Partition, level: Any, **options: Any) -> dp.Partition:
    """A coarse world; where a unit would order by itself, without the couplings inside it."""
    try:
        return world.coarsen(level, **options)
    except dp.SettingError as error:
        if "come to rest" in str(error):
            reject()
        if "a unit" not in str(error):
            raise
        event("a unit that orders by itself")
        return world.coarsen(level, internal="ignore", **options)


@settings(max_examples=60, deadline=None)
@given(worlds(), depths)
def test_units_cover_the_inside_and_share_no_internal_state(
    world: dp.Partition, depth: int
) -> None:
    level = world.level(depth)
    rows = np.concatenate(level.members)
    assert rows.tolist() == list(range(len(world.subparticles)))
    assert np.array_equal(level.unit_of, np.repeat(np.arange(len(level)), level.sizes))
    inside = [
        {unit} if isinstance(unit, dp.Subparticle) else set(unit.subparticles)
        for unit in level.units
    ]
    for number, members in enumerate(inside):
        assert {world.row_of(leaf) for leaf in members} == set(level.members[number].tolist())
    for unit, path in zip(level.units, level.paths, strict=True):
        assert unit.path == path
        at = path.count("/") + bool(path)
        assert at == depth or (at < depth and isinstance(unit, dp.Subparticle))


@settings(max_examples=60, deadline=None)
@given(worlds(), depths)
def test_a_boundary_state_between_two_units_is_in_both_blankets(
    world: dp.Partition, depth: int
) -> None:
    level = world.level(depth)
    seen: dict[dp.Boundary, list[str]] = {}
    for path, blanket in level.blankets.items():
        for view in (*blanket.sensory, *blanket.active):
            seen.setdefault(view.boundary, []).append(path)
    between = set(level.between)
    for boundary, owners in seen.items():
        assert len(owners) == (2 if boundary in between else 1)
        assert (boundary in between) == (boundary.kind == "boundary")
    assert between <= set(seen)


@settings(max_examples=60, deadline=None)
@given(worlds(max_steps=2), depths, st.sampled_from(["mean", "projection"]))
def test_a_coarse_world_is_lawful(world: dp.Partition, depth: int, state: str) -> None:
    level = world.level(depth)
    coarse = coarsened(world, level, state=state)
    coarse.check()
    assert coarse.report().lawful
    names = [leaf.path for leaf in coarse.subparticles]
    assert names == (list(level.paths) if depth else ["world"])
    assert [one.path for one in coarse.externals] == [one.path for one in world.externals]
    # Units are joined where their members are, and nowhere else.
    unit_of, entries = level.unit_of, coupling_entries(world)
    pairs = zip(unit_of[entries.targets].tolist(), unit_of[entries.sources].tolist(), strict=True)
    made = coupling_entries(coarse)
    joined = set(zip(made.targets.tolist(), made.sources.tolist(), strict=True))
    assert joined == {(a, b) for a, b in pairs if a != b}
    assert portrait(coarse) == portrait(coarsened(world, depth, state=state))


@settings(max_examples=60, deadline=None)
@given(worlds(), depths, st.sampled_from(["response", "ignore"]))
def test_the_coarse_world_rests_where_the_fine_one_does(
    world: dp.Partition, depth: int, internal: str
) -> None:
    try:
        coarse = world.coarsen(depth, internal=internal)
    except dp.SettingError:
        assert internal == "response"
        return
    made = coarse.coarsening
    columns = leaf_columns(world)
    fine = columns.precision * (columns.bias + world.couplings @ made.reference)
    rests = columns_mean(world, fine)
    np.testing.assert_allclose(rests, made.reference, atol=1e-9)
    np.testing.assert_allclose(made.states(made.reference), made.resting, atol=1e-12)
    units = leaf_columns(coarse)
    argument = units.precision * (units.bias + coarse.couplings @ made.resting)
    np.testing.assert_allclose(columns_mean(coarse, argument), made.resting, atol=1e-9)


def columns_mean(world: dp.Partition, arguments: Any) -> Any:
    return [
        leaf.distribution.mean(argument)
        for leaf, argument in zip(world.subparticles, arguments.tolist(), strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(worlds(max_steps=2))
def test_coarsening_to_the_leaves_is_the_identity(world: dp.Partition) -> None:
    coarse = world.coarsen(LEAVES)
    assert coarse.name == world.name
    assert coarse.time == world.time
    before, after = leaf_columns(world), leaf_columns(coarse)
    assert list(after.paths) == list(before.paths)
    assert np.array_equal(coarse.couplings, world.couplings)
    for name in ("bias", "state", *SETTINGS):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name), name)
    for one, other in zip(world.subparticles, coarse.subparticles, strict=True):
        assert one.distribution == other.distribution
    entries = coupling_entries(world), coupling_entries(coarse)
    assert np.array_equal(entries[0].plastic, entries[1].plastic)
    for external in world.externals:
        twin = coarse[external.path]
        assert np.array_equal(twin.value, external.value)
        assert [end.path for end in twin.sensing] == [end.path for end in external.sensing]
        assert np.array_equal(twin.actions, external.actions)
    assert [type(m) for m in coarse.walk()] == [type(m) for m in world.walk()]


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_the_whole_is_one_subparticle(world: dp.Partition) -> None:
    coarse = coarsened(world, 0)
    assert [leaf.path for leaf in coarse.subparticles] == [world.name]
    assert coarse.couplings.tolist() == [[0.0]]


@settings(max_examples=60, deadline=None)
@given(worlds(), depths, st.integers(0, 2**32 - 1))
def test_evidence_means_the_same_however_it_is_given(
    world: dp.Partition, depth: int, seed: int
) -> None:
    coarse = coarsened(world, depth)
    made = coarse.coarsening
    rng = np.random.default_rng(seed)
    named: dict[str, Any] = {
        one.path: rng.normal(size=np.shape(one.value)) for one in world.externals
    }
    for path, value in named.items():
        world[path].value = value
        coarse[path].value = made.evidence({path: value})[path]
    fine, found = (
        np.array([sum(view.state for view in macro(leaf)) for leaf in each.subparticles])
        for each in (world, coarse)
    )
    np.testing.assert_allclose(found, made.evidence(fine), atol=1e-12)


def macro(leaf: dp.Subparticle) -> list[dp.SensoryState]:
    return [view for view in leaf.sensory.values() if view.source.is_external]


@settings(max_examples=5, deadline=None)
@given(worlds(max_leaves=8), st.integers(0, 2))
def test_kernels_agree_on_a_coarse_world(world: dp.Partition, depth: int) -> None:
    dp.verify(coarsened(world, depth), steps=2).raise_if_failed()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(worlds(), depths, st.sampled_from(["mean", "projection"]))
def test_kernels_agree_on_many_coarse_worlds(world: dp.Partition, depth: int, state: str) -> None:
    dp.verify(coarsened(world, depth, state=state), steps=5).raise_if_failed()
