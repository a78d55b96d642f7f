"""Entries and matrices hold what the objects hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets.errors import SettingError
from deepparticle.partitions.arrays import (
    coupling_arrays,
    coupling_entries,
    write_couplings,
    write_entries,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(worlds())
def test_entries_are_the_boundary_states_among_the_leaves_in_row_major_order(
    world: dp.Partition,
) -> None:
    entries = coupling_entries(world)
    leaves = world.subparticles
    wanted = [
        (row, column, boundary.weight, boundary.plastic)
        for row, leaf in enumerate(leaves)
        for column, source in enumerate(leaves)
        if (boundary := leaf.boundary_from(source)) is not None
    ]
    found = zip(
        entries.targets.tolist(),
        entries.sources.tolist(),
        entries.weights.tolist(),
        entries.plastic.tolist(),
        strict=True,
    )
    assert list(found) == wanted
    assert entries.size == len(leaves)
    assert entries.count == len(wanted)
    assert entries.starts.tolist() == [
        sum(entry[0] < row for entry in wanted) for row in range(len(leaves) + 1)
    ]
    couplings, exists, plastic = coupling_arrays(world)
    index = entries.targets, entries.sources
    np.testing.assert_array_equal(couplings[index], entries.weights)
    np.testing.assert_array_equal(np.argwhere(exists), np.transpose(index))
    np.testing.assert_array_equal(plastic[index], entries.plastic)
    np.testing.assert_array_equal(world.couplings, couplings)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(worlds(), st.integers(0, 2**31), st.booleans())
def test_what_is_written_is_what_is_read(world: dp.Partition, seed: int, all_of_it: bool) -> None:
    rng = np.random.default_rng(seed)
    entries = coupling_entries(world)
    values = rng.normal(size=entries.count)
    changed = None if all_of_it else rng.random(entries.count) < 0.5
    write_entries(world, entries, values, changed)
    wanted = values if changed is None else np.where(changed, values, entries.weights)
    np.testing.assert_array_equal(coupling_entries(world).weights, wanted)
    matrix = rng.normal(size=(entries.size, entries.size))
    write_couplings(world, matrix)
    np.testing.assert_array_equal(
        coupling_entries(world).weights, matrix[entries.targets, entries.sources]
    )


def world_of_both() -> dp.Partition:
    world = dp.Partition("world")
    world.add_population("cortex", 3, couplings=np.ones((3, 3)) - np.eye(3))
    world.couple(world.add_subparticle("a"), "cortex/1", 0.5)
    return world


def test_entries_of_another_structure_are_refused_and_nothing_is_written() -> None:
    world = world_of_both()
    entries = coupling_entries(world)
    world.uncouple("a", "cortex/1")
    world.couple("a", "cortex/2", 0.25)
    before = world.couplings
    with pytest.raises(SettingError) as caught:
        write_entries(world, entries, np.zeros(entries.count))
    assert str(caught.value) == (
        "world: the entries are those of this world as it is now (got 7 entries of 4 rows that "
        "belong to another structure). Mend: make them again with coupling_entries(world)."
    )
    world.add_subparticle("b")
    with pytest.raises(SettingError, match="belong to another structure"):
        write_entries(world, entries, np.zeros(entries.count))
    np.testing.assert_array_equal(world.couplings[:4, :4], before)


def test_there_is_one_value_per_entry() -> None:
    world = world_of_both()
    with pytest.raises(SettingError) as caught:
        write_entries(world, coupling_entries(world), np.zeros(3))
    assert str(caught.value) == (
        "world: there is one value per entry, shape (7,) (got shape (3,)). "
        "Mend: give the weights of the entries, changed."
    )


def test_a_partition_inside_a_world_has_its_own_rows() -> None:
    world = dp.Partition("world")
    outer = world.add_subparticle("outer")
    brain = world.add_partition("brain")
    a, b = brain.add_subparticle("a"), brain.add_subparticle("b")
    world.couple(outer, a, 0.1)
    world.couple(b, a, 0.2)
    entries = coupling_entries(brain)
    assert (entries.size, entries.targets.tolist(), entries.sources.tolist()) == (2, [0], [1])
    assert entries.density == 0.5
    assert brain.row_of(b) == 1


def test_a_hundred_thousand_explicit_couplings() -> None:
    rng = np.random.default_rng(0)
    world = dp.Partition("world")
    leaves = [world.add_subparticle(f"s{row}") for row in range(500)]
    targets, sources = np.divmod(rng.choice(500 * 499, size=100_000, replace=False), 499)
    sources += sources >= targets
    weights = rng.normal(size=100_000)
    for target, source, weight in zip(
        targets.tolist(), sources.tolist(), weights.tolist(), strict=True
    ):
        world.couple(leaves[source], leaves[target], weight)
    world.check()
    entries = coupling_entries(world)
    order = np.lexsort((sources, targets))
    np.testing.assert_array_equal(entries.targets, targets[order])
    np.testing.assert_array_equal(entries.sources, sources[order])
    np.testing.assert_array_equal(entries.weights, weights[order])
