"""What crosses a border, from arrays, against the blankets made of objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from support.worlds import worlds

import deepparticle as dp
from deepparticle.partitions.borders import Borders, Crossing, places_of


def ends(world: dp.Partition, views: Any, side: str) -> list[tuple[int, int, float]]:
    """Inner row, outer row and weight of the views of a blanket."""
    found = []
    for view in views:
        inner, outer = view.boundary.target, view.boundary.source
        if side == "active":
            inner, outer = outer, inner
        row = -1 if outer.is_external else world.row_of(outer)
        found.append((world.row_of(inner), row, view.weight))
    return sorted(found)


def crossing(found: Crossing) -> list[tuple[int, int]]:
    return sorted(zip(found.inner.tolist(), found.outer.tolist(), strict=True))


@settings(deadline=None, max_examples=80)
@given(worlds())
def test_crossings_are_the_blankets(world: dp.Partition) -> None:
    borders = Borders(world)
    for place in borders.places:
        blanket = world.blanket(place.path) if place.path else world.blanket()
        for side, views, found in (
            ("sensory", blanket.sensory, borders.sensory(place)),
            ("active", blanket.active, borders.active(place)),
        ):
            expected = ends(world, views, side)
            assert crossing(found) == [one[:2] for one in expected]
            assert np.count_nonzero(found.known) == sum(weight != 0.0 for *_, weight in expected)


@settings(deadline=None, max_examples=80)
@given(worlds())
def test_a_boundary_state_is_shared_if_it_is_in_the_blanket_of_another_partition(
    world: dp.Partition,
) -> None:
    borders = Borders(world)
    blankets = {
        place.path: {
            view.boundary
            for view in (*world.blanket(place.path).sensory, *world.blanket(place.path).active)
        }
        for place in borders.places
        if place.path
    }
    for place in borders.places:
        if not place.path:
            continue
        # Beside this one: neither around it nor inside of it.
        beside = [
            states
            for path, states in blankets.items()
            if not f"{place.path}/".startswith(f"{path}/")
            and not f"{path}/".startswith(f"{place.path}/")
        ]
        expected = sum(any(state in other for other in beside) for state in blankets[place.path])
        found = borders.sensory(place), borders.active(place)
        assert sum(int(one.shared.sum()) for one in found) == expected
        # Never an internal state.
        for other in borders.places:
            apart = other.stop <= place.start or other.start >= place.stop
            nested = (other.start >= place.start and other.stop <= place.stop) or (
                other.start <= place.start and other.stop >= place.stop
            )
            assert apart or nested


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_places_are_ranges_of_rows(world: dp.Partition) -> None:
    for place in places_of(world):
        member: Any = world[place.path] if place.path else world
        rows = [world.row_of(leaf) for leaf in member.subparticles]
        assert rows == list(range(place.start, place.stop))
        assert place.size == len(rows)
        assert place.depth == (place.path.count("/") + 1 if place.path else 0)


class Noisy(dp.BoundaryConditional):
    """A boundary state that does not determine its source."""

    kind = "noisy, for a test"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def value(self, source_state: float) -> float:
        return self.weight * source_state

    def with_weight(self, weight: float) -> Noisy:
        return Noisy(weight)


def test_only_a_delta_that_is_not_zero_determines_its_source() -> None:
    world = dp.Partition("world")
    left, right = world.add_partition("left"), world.add_partition("right")
    for place in (left, right):
        for name in "abc":
            place.add_subparticle(name)
    scene = world.add_external("scene")
    for name, weight in zip("abc", (1.0, 0.0, 1.0), strict=True):
        world.couple(f"left/{name}", f"right/{name}", weight)
        world.sense(scene, f"left/{name}", weight)
        world.act(f"right/{name}", scene, weight)
    world["right/c"].sensory["left/c"].boundary.conditional = Noisy(1.0)
    world["left/c"].sensory["scene"].boundary.conditional = Noisy(1.0)
    world["right/c"].active["scene"].boundary.conditional = Noisy(1.0)
    borders = Borders(world)
    places = {place.path: place for place in borders.places}
    assert borders.sensory(places["right"]).known.tolist() == [True, False, False]
    assert borders.active(places["left"]).known.tolist() == [True, False, False]
    assert borders.senses(0).tolist() == [0]
    assert borders.acts().tolist() == [3]
    assert borders.known.tolist() == [True, False, False]


def test_a_world_without_anything() -> None:
    borders = Borders(dp.Partition("void"))
    assert len(borders.places) == 1
    assert len(borders.sensory(borders.places[0])) == 0
    assert len(borders.active(borders.places[0])) == 0


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_partition_has_an_empty_blanket(size: int) -> None:
    world = dp.Partition("world")
    world.add_partition("hollow")
    for number in range(size):
        world.add_subparticle(f"a{number}")
    borders = Borders(world)
    assert len(borders.sensory(borders.places[1])) == len(borders.active(borders.places[1])) == 0
