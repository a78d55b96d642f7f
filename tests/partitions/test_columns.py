"""Columns hold what the leaves hold, and paths are the same sequence as a tuple of them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from support.worlds import worlds

import deepparticle as dp
from deepparticle.partitions.columns import LeafPaths, leaf_columns


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
    assert 3 not in paths
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
