"""Axes: which shapes a caller may give, and which a caller sees."""

import itertools
from typing import Any

import numpy as np
import pytest

from deepparticle.compile.axes import Axes

every_axes = pytest.mark.parametrize(
    ("networks", "chains"), list(itertools.product([None, 1, 2], [None, 1, 4]))
)


@every_axes
def test_what_a_caller_sees_is_what_a_caller_may_give(
    networks: int | None, chains: int | None
) -> None:
    axes = Axes(networks, chains, 3)
    array = np.arange(np.prod(axes.shape), dtype=float).reshape(axes.shape)
    seen = axes.seen(array)
    assert seen.shape == (*axes.outer, 3)
    inner = axes.inner(seen)
    assert inner is not None
    np.testing.assert_array_equal(inner, array)


@every_axes
def test_a_vector_and_axes_of_length_one_stand_for_all(
    networks: int | None, chains: int | None
) -> None:
    axes = Axes(networks, chains, 3)
    for shape in ((3,), (*(1 for _ in axes.outer), 3)):
        inner = axes.inner(np.ones(shape))
        assert inner is not None
        assert inner.shape == (1, 1, 3)
    for kept in range(len(axes.outer)):
        lead = [1] * len(axes.outer)
        lead[kept] = axes.outer[kept]
        inner = axes.inner(np.ones((*lead, 3)))
        assert inner is not None
        assert np.broadcast_shapes(inner.shape, axes.shape) == axes.shape


def test_axes_are_told_apart_by_place_and_not_by_length() -> None:
    array = np.arange(6.0).reshape(2, 3)
    networks, chains = Axes(2, None, 3).inner(array), Axes(None, 2, 3).inner(array)
    assert networks is not None
    assert chains is not None
    np.testing.assert_array_equal(networks, array[:, None])
    np.testing.assert_array_equal(chains, array[None])


@pytest.mark.parametrize(
    ("networks", "chains", "shape"),
    [
        (None, None, ()),
        (None, None, (2,)),
        (None, None, (2, 3)),
        (None, None, (1, 1, 3)),
        (2, None, (3, 3)),
        (2, None, (0, 3)),
        (2, None, (1, 2, 3)),
        (None, 4, (2, 3)),
        (2, 4, (4, 3)),
        (2, 4, (2, 3)),
        (2, 4, (4, 2, 3)),
        (2, 4, (2, 4, 1)),
        (2, 4, (1, 2, 4, 3)),
    ],
)
def test_other_shapes_have_no_place(networks: Any, chains: Any, shape: tuple[int, ...]) -> None:
    assert Axes(networks, chains, 3).inner(np.ones(shape)) is None


def test_the_last_axis_may_have_another_length_where_it_is_said() -> None:
    axes = Axes(2, 4, 3)
    inner = axes.inner(np.ones((2, 1, 5)), 5)
    assert inner is not None
    assert inner.shape == (2, 1, 5)
    assert axes.inner(np.ones((2, 1, 3)), 5) is None
    assert axes.words(5) == "(5,) or (2, 4, 5)"


@pytest.mark.parametrize("first", [0, 1, 2])
def test_axes_are_dropped_wherever_they_begin(first: int) -> None:
    lead = (7, 8)[:first]
    assert Axes(None, 4, 3).seen(np.ones((*lead, 1, 4, 3)), first).shape == (*lead, 4, 3)
    assert Axes(2, None, 3).seen(np.ones((*lead, 2, 1)), first).shape == (*lead, 2)
    assert Axes(None, None, 3).seen(np.ones((*lead, 1, 1)), first).shape == lead
    # Axes of length 1 that a caller asked for stay.
    assert Axes(1, 1, 3).seen(np.ones((*lead, 1, 1)), first).shape == (*lead, 1, 1)
