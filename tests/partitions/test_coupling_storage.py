"""A population behaves the same, whether it keeps its couplings dense or sparse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import SCHEDULES, portrait, worlds, worlds_for

import deepparticle as dp
from deepparticle.blankets.errors import PartitionError, SettingError
from deepparticle.partitions.arrays import coupling_arrays, coupling_entries
from deepparticle.partitions.coupling_input import stored
from deepparticle.partitions.dense_couplings import DenseCouplings
from deepparticle.partitions.schedules import turns_inside
from deepparticle.partitions.sparse_couplings import SparseCouplings


def with_sparse_storage(world: dp.Partition) -> dp.Partition:
    """A copy of a world whose populations keep what exists only."""
    twin: dp.Partition = world.copy()
    for place in twin.walk():
        if isinstance(place, dp.Population):
            targets, sources, weights, plastic = place.storage.entries()
            default = place.storage.plastic_by_default
            place.storage = SparseCouplings(place.size, targets, sources, weights, default)
            for row, column, learns in zip(targets, sources, plastic, strict=True):
                place.storage.set_plastic(int(row), int(column), bool(learns))
    return twin


def assert_same(world: dp.Partition, twin: dp.Partition) -> None:
    assert portrait(twin) == portrait(world)
    for mine, its in zip(coupling_arrays(world), coupling_arrays(twin), strict=True):
        np.testing.assert_array_equal(its, mine)


# ---------------------------------------------------------------------- which form


@pytest.mark.parametrize(
    ("size", "density", "form"),
    [
        (512, 0.01, DenseCouplings),
        (513, 0.01, SparseCouplings),
        (600, 0.09, SparseCouplings),
        (600, 0.11, DenseCouplings),
    ],
)
def test_what_is_given_sparse_is_kept_sparse_where_it_pays(
    size: int, density: float, form: type
) -> None:
    matrix = scipy.sparse.random_array((size, size), density=density, rng=np.random.default_rng(0))
    matrix.setdiag(0.0)
    population = dp.Population("grains", size, couplings=matrix)
    assert type(population.storage) is form
    target, source = (int(place) for place in np.argwhere(matrix.toarray())[0])
    assert population[target].sensory[str(source)].weight == matrix.toarray()[target, source]


def test_what_is_given_dense_or_not_at_all() -> None:
    assert type(stored(np.zeros((600, 600)), 600, "", True)) is DenseCouplings
    assert type(stored(None, 600, "", True)) is SparseCouplings
    assert type(stored(None, 60, "", True)) is DenseCouplings


def test_entries_that_are_given_twice_are_summed_and_zeros_exist() -> None:
    rows, columns = [0, 0, 3, 3], [1, 1, 2, 3]
    matrix = scipy.sparse.coo_array(([1.0, 2.0, 0.0, 0.0], (rows, columns)), shape=(600, 600))
    storage = stored(matrix, 600, "", True)
    assert storage.count == 2
    assert storage.weight(0, 1) == 3.0
    assert storage.has(3, 2)
    assert not storage.has(3, 3)


@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        (
            scipy.sparse.coo_array(([1.0], ([4], [4])), shape=(600, 600)),
            PartitionError,
            "cortex/4: a subparticle is not coupled to itself (got J[4, 4] = 1). Mend: set",
        ),
        (
            scipy.sparse.coo_array(([np.nan], ([4], [5])), shape=(600, 600)),
            SettingError,
            "cortex: the couplings are finite (got nan at [4, 5]). Mend: replace NaN and inf.",
        ),
        (
            scipy.sparse.coo_array((600, 601)),
            SettingError,
            "cortex: the couplings have shape (600, 600), target × source (got shape (600, 601)",
        ),
        (
            scipy.sparse.coo_array(([1j], ([4], [5])), shape=(600, 600)),
            TypeError,
            "cortex: the couplings are a matrix of numbers (got <COOrdinate sparse array",
        ),
    ],
)
def test_sparse_couplings_that_cannot_be_used(matrix: Any, error: type, message: str) -> None:
    with pytest.raises(error) as caught:
        dp.Population("cortex", 600, couplings=matrix)
    assert str(caught.value).startswith(message)


# ---------------------------------------------------------------------- one behaviour


@settings(max_examples=40, deadline=None, derandomize=True)
@given(worlds(max_steps=1))
def test_both_forms_look_the_same(world: dp.Partition) -> None:
    twin = with_sparse_storage(world)
    assert_same(world, twin)
    twin.check()
    assert str(twin.report()) == str(world.report())
    assert repr(twin) == repr(world)
    assert twin._repr_svg_() == world._repr_svg_()
    assert list(twin.graph.edges) == list(world.graph.edges)
    assert [rows.tolist() for rows in turns_inside(twin, "chromatic")] == [
        rows.tolist() for rows in turns_inside(world, "chromatic")
    ]
    assert_same(world.copy(), twin.copy())


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.data(), st.sampled_from(SCHEDULES), st.integers(0, 2**31))
def test_both_forms_step_and_learn_the_same(data: st.DataObject, schedule: str, seed: int) -> None:
    world = data.draw(worlds_for(schedule))
    twin = with_sparse_storage(world)
    for one in (world, twin):
        one.learning_rate = 1e-3
        for step in range(3):
            one.step(seed + step, schedule)
    assert_same(world, twin)


def random_edit(world: dp.Partition, seed: int) -> None:
    """One of the edits of couplings, the same one for equal worlds."""
    rng = np.random.default_rng(seed)
    leaves = world.subparticles
    source, target = (leaves[int(row)] for row in rng.choice(len(leaves), 2, replace=False))
    existing = target.boundary_from(source)
    if existing is None:
        world.couple(source, target, float(rng.normal()), plastic=bool(rng.random() < 0.5))
    elif rng.random() < 0.4:
        world.uncouple(source, target)
    elif rng.random() < 0.5:
        existing.weight = float(rng.normal())
    else:
        existing.plastic = not existing.plastic
    population = target.parent
    if isinstance(population, dp.Population) and rng.random() < 0.2:
        row, column = [(0, None), (None, 1), (None, None)][int(rng.integers(3))]
        population.set_plastic(row, column, bool(rng.random() < 0.5))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(worlds(), st.lists(st.integers(0, 2**31), max_size=12), st.booleans())
def test_both_forms_are_edited_the_same(
    world: dp.Partition, seeds: list[int], looking: bool
) -> None:
    twin = with_sparse_storage(world)
    for seed in seeds:
        for one in (world, twin):
            random_edit(one, seed)
        if looking:
            assert coupling_entries(twin).weights.tolist() == (
                coupling_entries(world).weights.tolist()
            )
    assert_same(world, twin)
    twin.check()


def test_both_forms_are_saved_and_loaded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    matrix = scipy.sparse.random_array((700, 700), density=0.01, rng=rng)
    matrix.setdiag(0.0)
    world = dp.from_couplings(matrix, name="net")
    world["population"].set_plastic(3, None, False)
    assert isinstance(world["population"].storage, SparseCouplings)
    world.save(tmp_path / "net")
    again = dp.load(tmp_path / "net")
    assert isinstance(again["population"].storage, SparseCouplings)
    assert portrait(again) == portrait(world)


def test_a_boundary_state_that_was_removed() -> None:
    world = dp.Partition("world")
    cortex = world.add_population("cortex", 600)
    kept = world.couple("cortex/1", "cortex/2", 0.5)
    world.uncouple("cortex/1", "cortex/2")
    assert kept.weight == 0.0
    with pytest.raises(PartitionError, match="only a boundary state that exists can be changed"):
        kept.weight = 1.0
    assert world.couple("cortex/1", "cortex/2", 0.25).weight == 0.25
    assert cortex.storage.count == 1


def test_writing_through_the_matrix_of_what_exists() -> None:
    matrix = scipy.sparse.coo_array(([0.5], ([4], [5])), shape=(600, 600))
    cortex = dp.Population("cortex", 600, couplings=matrix)
    cortex.weights[4, 5] = 0.75
    assert cortex[4].sensory["5"].weight == 0.75
    cortex[4].sensory["5"].weight = 0.25
    assert cortex.weights[4, 5] == 0.25


def test_check_finds_what_is_not_finite_in_a_sparse_form() -> None:
    matrix = scipy.sparse.coo_array(([0.5], ([4], [5])), shape=(600, 600))
    world = dp.from_couplings(matrix)
    world["population"].weights.data[0] = np.inf
    with pytest.raises(PartitionError) as caught:
        world.check()
    assert str(caught.value) == (
        "population: the couplings are finite (got inf at [4, 5]). Mend: replace NaN and inf."
    )


def test_a_sparse_block_of_couplings_of_a_population_with_itself() -> None:
    world = dp.Partition("world")
    world.add_population("cortex", 600)
    rows = np.arange(599)
    ring = scipy.sparse.coo_array((np.full(599, 0.5), (rows, rows + 1)), shape=(600, 600))
    made = world.couple("cortex", "cortex", ring)
    assert len(made) == 599
    assert made[3] is world["cortex/3"].sensory["4"].boundary
    assert [str(one) for one in made[1:3]] == ["cortex/2 → cortex/1", "cortex/3 → cortex/2"]
    with pytest.raises(PartitionError, match="cortex/1 → cortex/0: a coupling is made once"):
        world.couple("cortex", "cortex", ring)
    with pytest.raises(PartitionError, match="cortex/0: a subparticle is not coupled to itself"):
        world.couple("cortex", "cortex", scipy.sparse.eye_array(600))


# ---------------------------------------------------------------------- scale


def test_a_lattice_of_65536_leaves_is_built_checked_and_read() -> None:
    world = dp.from_couplings(dp.partitions.lattice_couplings((256, 256), 0.3, periodic=True))
    world.check()
    entries = coupling_entries(world)
    assert entries.count == 4 * 65536
    report = world.report()
    assert report.lawful
    assert report.levels[0].leaves == report.levels[0].sensory == 65536
    assert report.levels[0].asymmetry == 0.0
    assert [len(rows) for rows in turns_inside(world, "chromatic")] == [32768, 32768]
    assert world.couplings.nnz == entries.count
    assert "65536" in repr(world)
    # None of this needs the members.
    assert not world["population"]._members
