"""Lattices are those of networkx, at any size."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deepparticle as dp
from deepparticle.blankets.errors import PartitionError, SettingError, SettingTypeError
from deepparticle.partitions.lattices import lattice_couplings, lattice_edges, ring_edges


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans())
def test_neighbours_are_those_of_a_grid_graph(sides: list[int], periodic: bool) -> None:
    grid = networkx.grid_graph(dim=list(reversed(sides)), periodic=periodic)
    wanted = set()
    for pair in grid.edges:
        one, other = (
            int(np.ravel_multi_index(site if len(sides) > 1 else (site,), sides)) for site in pair
        )
        if one != other:
            wanted |= {(one, other), (other, one)}
    sources, targets = lattice_edges(tuple(sides), periodic)
    assert list(zip(sources.tolist(), targets.tolist(), strict=True)) == sorted(wanted)


@pytest.mark.parametrize("count", range(1, 6))
@pytest.mark.parametrize("directed", [False, True])
def test_rings(count: int, directed: bool) -> None:
    sources, targets = ring_edges(count, directed)
    pairs = list(zip(sources.tolist(), targets.tolist(), strict=True))
    there = [(row, (row + 1) % count) for row in range(count) if count > 1]
    back = [] if directed or count == 2 else [(b, a) for a, b in there]
    assert pairs == there + back


@pytest.mark.parametrize("size", [36, 900])
def test_populations_and_explicit_leaves_make_the_same_lattice(size: int) -> None:
    side = int(np.sqrt(size))
    explicit, array = dp.Partition("explicit"), dp.Partition("array")
    for site in range(size):
        explicit.add_subparticle(f"s{site}")
    array.add_population("spins", size)
    for world in (explicit, array):
        made = world.couple_lattice((side, side), 0.3, periodic=True)
        assert len(made) == 4 * size
        assert made[0].weight == 0.3
    np.testing.assert_array_equal(array.couplings, explicit.couplings)
    given_whole = dp.from_couplings(lattice_couplings((side, side), 0.3, periodic=True))
    np.testing.assert_array_equal(given_whole.couplings, explicit.couplings)
    with pytest.raises(PartitionError, match="spins/0 → spins/1: a coupling is made once"):
        array.couple_lattice((side, side))


def test_shapes_that_cannot_be_used() -> None:
    with pytest.raises(SettingError) as caught:
        lattice_couplings((3, 0))
    assert str(caught.value) == (
        "lattice_couplings: the sides of a lattice are at least 1 (got shape (3, 0)). "
        "Mend: give for example (8, 8)."
    )
    with pytest.raises(SettingTypeError, match="the shape of a lattice holds whole numbers"):
        lattice_couplings((2.5, 2))
    with pytest.raises(SettingError, match="the weight is finite"):
        lattice_couplings((2, 2), float("nan"))


@pytest.mark.slow
def test_a_million_leaves() -> None:
    world = dp.from_couplings(lattice_couplings((1000, 1000), 0.3, periodic=True))
    world.check()
    assert world.report().levels[0].leaves == 1_000_000
    assert world.couplings.nnz == 4_000_000
    assert not world["population"]._members
