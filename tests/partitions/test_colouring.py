"""Rows of a colour do not touch, and the chromatic schedule is a scan in the order of colours."""

import networkx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import worlds

import deepparticle as dp
from deepparticle.partitions.colouring import colours_of
from deepparticle.partitions.schedules import turns_inside


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 12), st.floats(0.0, 1.0), st.integers(0, 2**31))
def test_colours_are_a_partition_of_the_rows_into_rows_that_do_not_touch(
    size: int, density: float, seed: int
) -> None:
    exists = np.random.default_rng(seed).random((size, size)) < density
    np.fill_diagonal(exists, False)
    classes = colours_of(exists)
    assert sorted(row for rows in classes for row in rows.tolist()) == list(range(size))
    for rows in classes:
        assert not exists[np.ix_(rows, rows)].any()


@pytest.mark.parametrize("periodic", [False, True])
def test_a_lattice_without_odd_cycles_has_two_colours(periodic: bool) -> None:
    world = dp.Partition("lattice")
    for site in range(16):
        world.add_subparticle(f"s{site}")
    world.couple_lattice((4, 4), 0.3, periodic=periodic)
    checkerboard = [rows.tolist() for rows in turns_inside(world, "chromatic")]
    assert [[sum(divmod(row, 4)) % 2 for row in rows] for rows in checkerboard] == [
        [0] * 8,
        [1] * 8,
    ]


def test_a_fully_coupled_network_has_a_colour_for_every_row() -> None:
    classes = turns_inside(dp.from_couplings(np.zeros((5, 5))), "chromatic")
    assert [rows.tolist() for rows in classes] == [[0], [1], [2], [3], [4]]


def test_an_uncoupled_world_is_updated_at_once() -> None:
    world = dp.Partition("dust")
    world.add_population("grains", 7)
    assert [rows.tolist() for rows in turns_inside(world, "chromatic")] == [list(range(7))]


def test_colours_follow_the_structure() -> None:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a"), world.add_subparticle("b")
    assert len(turns_inside(world, "chromatic")) == 1
    world.couple(a, b)
    assert len(turns_inside(world, "chromatic")) == 2


@settings(max_examples=15, deadline=None, derandomize=True)
@given(worlds(), st.integers(0, 2**31))
def test_chromatic_is_a_sequential_scan_of_the_rows_by_colour(
    world: dp.Partition, seed: int
) -> None:
    by_hand, at_once = world.copy(), world.copy()
    uniforms = np.random.default_rng(seed).random(len(world.subparticles))
    leaves = by_hand.subparticles
    for rows in turns_inside(by_hand, "chromatic"):
        for row in rows.tolist():
            if by_hand.time % leaves[row].clock == 0:
                leaves[row].sense()
                leaves[row].infer(float(uniforms[row]))
                leaves[row].act()
    at_once.step(np.random.default_rng(seed), "chromatic", learn=False)
    np.testing.assert_array_equal(at_once.states, by_hand.states)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 14), st.floats(0.0, 0.6), st.integers(0, 2**31))
def test_two_colours_for_every_graph_that_has_two_and_the_same_for_sparse_arrays(
    size: int, density: float, seed: int
) -> None:
    exists = np.random.default_rng(seed).random((size, size)) < density
    np.fill_diagonal(exists, False)
    classes = colours_of(exists)
    assert (len(classes) <= 2) == networkx.is_bipartite(
        networkx.from_numpy_array(exists | exists.T)
    )
    for form in (scipy.sparse.coo_array, scipy.sparse.csr_array, scipy.sparse.csc_array):
        again = colours_of(form(exists))
        assert [rows.tolist() for rows in again] == [rows.tolist() for rows in classes]


@pytest.mark.parametrize(("sides", "colours"), [((200, 300), 2), ((201, 300), 4)])
def test_a_large_lattice(sides: tuple[int, int], colours: int) -> None:
    couplings = dp.partitions.lattice_couplings(sides, periodic=True)
    classes = colours_of(couplings)
    assert len(classes) <= colours
    of_row = np.empty(couplings.shape[0], dtype=int)
    for colour, rows in enumerate(classes):
        of_row[rows] = colour
    one, other = couplings.nonzero()
    assert not np.any(of_row[one] == of_row[other])
