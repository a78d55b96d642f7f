"""Boxes lie in boxes, nothing overlaps, and a box is crossed exactly where its blanket says."""

from __future__ import annotations

import math
import time
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import portrait, worlds

import deepparticle as dp
from deepparticle.partitions.pictures.geometry import Box, Layout, Spot, spread
from deepparticle.partitions.pictures.layout import layout

SLACK = 1e-9


def on_border(box: Box, x: float, y: float) -> bool:
    sides = (x - box.x, box.x + box.width - x, y - box.y, box.y + box.height - y)
    return min(sides) > -SLACK and min(abs(side) for side in sides) < SLACK


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def corners(thing: Box | Spot) -> tuple[float, float, float, float]:
    if isinstance(thing, Box):
        return thing.x, thing.y, thing.x + thing.width, thing.y + thing.height
    r = thing.radius
    return thing.x - r, thing.y - r, thing.x + r, thing.y + r


def contents(plan: Layout) -> dict[str | None, list[Box | Spot]]:
    found: dict[str | None, list[Box | Spot]] = {}
    for box in plan.boxes:
        found.setdefault(box.parent, []).append(box)
    for spot in plan.spots:
        found.setdefault(spot.box, []).append(spot)
    return found


def family(partitions: int, leaves: int, *, coupled: bool = True) -> dp.Partition:
    world = dp.Partition("world")
    for number in range(partitions):
        part = world.add_partition(f"part {number}")
        for leaf in range(leaves):
            part.add_subparticle(f"{leaf}")
        if coupled:
            part.couple_ring(0.5)
    return world


# ------------------------------------------------------------------------------ laws


@settings(deadline=None, max_examples=60)
@given(worlds(max_leaves=24))
def test_nothing_overlaps_and_everything_lies_inside(world: dp.Partition) -> None:
    plan = layout(world)
    boxes = {box.path: box for box in plan.boxes}
    for place, things in contents(plan).items():
        for a, b in combinations(things, 2):
            assert not overlap(corners(a), corners(b)), f"{a.path!r} overlaps {b.path!r}"
        if place is None:
            continue
        around = boxes[place]
        for thing in things:
            left, top, right, bottom = corners(thing)
            # Above is the title; on the other sides there is room for arrowheads.
            assert top > around.y + around.title
            assert left > around.x + 0.9
            assert right < around.x + around.width - 0.9
            assert bottom < around.y + around.height - 0.9


@settings(deadline=None, max_examples=60)
@given(worlds(max_leaves=24))
def test_everything_is_there_once(world: dp.Partition) -> None:
    plan = layout(world)
    shown = [spot.path for spot in plan.spots if spot.kind != "external"]
    assert sorted(shown) == sorted(leaf.path for leaf in world.subparticles)
    outside = [spot.path for spot in plan.spots if spot.kind == "external"]
    assert sorted(outside) == sorted(external.path for external in world.externals)
    nests = [m for m in world.walk() if isinstance(m, (dp.Partition, dp.Population))]
    assert sorted(box.path for box in plan.boxes) == sorted(["", *(nest.path for nest in nests)])
    states = {leaf.path: leaf.state for leaf in world.subparticles}
    assert {s.path: s.state for s in plan.spots if s.kind != "external"} == states


@settings(deadline=None, max_examples=60)
@given(worlds(max_leaves=16))
def test_crossings_are_the_blankets(world: dp.Partition) -> None:
    plan = layout(world)
    assert plan.hidden == 0
    boxes = {box.path: box for box in plan.boxes}
    drawn: Counter[tuple[str, str]] = Counter()
    for link in plan.links:
        for crossing in link.crossings:
            assert on_border(boxes[crossing.box], crossing.x, crossing.y)
            assert (crossing.x, crossing.y) in link.curve
            drawn[crossing.box, crossing.kind] += link.count
    for path in boxes:
        blanket = world.blanket(path) if path else world.blanket()
        assert drawn[path, "sensory"] == len(blanket.sensory)
        assert drawn[path, "active"] == len(blanket.active)


@settings(deadline=None, max_examples=40)
@given(worlds(max_leaves=12))
def test_links_lead_from_edge_to_edge(world: dp.Partition) -> None:
    plan = layout(world)
    spots = {spot.path: spot for spot in plan.spots}
    for link in plan.links:
        assert len(link.curve) % 3 == 1
        assert all(math.isfinite(number) for point in link.curve for number in point)
        for path, point in ((link.source, link.curve[0]), (link.target, link.curve[-1])):
            if path in spots:
                spot = spots[path]
                assert math.dist(point, (spot.x, spot.y)) == pytest.approx(spot.radius)


@settings(deadline=None, max_examples=30)
@given(worlds(max_leaves=12))
def test_the_same_world_looks_the_same_and_stays_as_it_is(world: dp.Partition) -> None:
    before, revision = portrait(world), world.revision
    assert layout(world) == layout(world)
    assert portrait(world) == before
    assert world.revision == revision


@given(
    st.lists(st.floats(-50, 50), max_size=30),
    st.floats(-20, 0),
    st.floats(0.1, 20),
    st.floats(0.1, 3),
)
def test_crossings_keep_their_distance(
    wanted: list[float], low: float, high: float, gap: float
) -> None:
    wanted.sort()
    places = spread(wanted, low, high, gap)
    assert len(places) == len(wanted)
    assert all(low - 1e-6 <= place <= high + 1e-6 for place in places)
    least = min(gap, (high - low) / max(len(wanted) - 1, 1))
    assert all(b - a >= least - 1e-6 for a, b in pairwise(places))


def test_crossings_stay_where_there_is_room() -> None:
    assert spread([1.0, 4.0], 0.0, 10.0, 0.7) == [1.0, 4.0]


# ------------------------------------------------------------------------------ places


def test_external_states_stand_outside_by_what_they_do() -> None:
    world = dp.Partition("world")
    leaf = world.add_subparticle("a")
    for name in ("seen", "moved", "both", "alone"):
        world.add_external(name)
    world.sense("seen", leaf)
    world.act(leaf, "moved")
    world.sense("both", leaf)
    world.act(leaf, "both")
    plan = layout(world)
    (box,) = plan.boxes
    places = {spot.path: spot.x for spot in plan.spots if spot.kind == "external"}
    left = {path for path, x in places.items() if x < box.x - 1.0}
    right = {path for path, x in places.items() if x > box.x + box.width + 1.0}
    assert left == {"seen", "both", "alone"}
    assert right == {"moved"}


def test_a_partition_inside_is_drawn_with_what_its_blanket_joins_it_to() -> None:
    world = dp.Partition("world")
    brain, body = world.add_partition("brain"), world.add_partition("body")
    brain.add_subparticle("a")
    body.add_subparticle("b")
    body.add_subparticle("unrelated")
    world.add_external("scene")
    world.couple("brain/a", "body/b", -1.0)
    world.sense("scene", "brain/a")
    plan = layout(brain)
    assert [box.path for box in plan.boxes] == ["brain"]
    assert {spot.path: spot.kind for spot in plan.spots} == {
        "brain/a": "leaf",
        "body/b": "outside",
        "scene": "external",
    }
    assert [[c.kind for c in link.crossings] for link in plan.links] == [["sensory"], ["active"]]


def test_there_and_back_are_two_curves() -> None:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a"), world.add_subparticle("b")
    world.couple(a, b)
    world.couple(b, a)
    there, back = layout(world).links
    apart = [math.dist(p, q) for p, q in zip(there.curve, reversed(back.curve), strict=True)]
    assert min(apart[1:-1]) > 0.3


def test_crossings_do_not_cover_one_another() -> None:
    world = dp.Partition("world")
    many, one = world.add_partition("many"), world.add_partition("one")
    target = one.add_subparticle("target")
    for number in range(6):
        world.couple(many.add_subparticle(f"{number}"), target)
    crossings = [crossing for link in layout(world).links for crossing in link.crossings]
    assert len(crossings) == 12
    for a, b in combinations(crossings, 2):
        assert math.dist((a.x, a.y), (b.x, b.y)) > 0.6


def test_a_link_goes_around_a_box_between_its_ends() -> None:
    world = dp.Partition("world")
    for name in ("left", "middle", "right"):
        part = world.add_partition(name)
        for leaf in "abcd":
            part.add_subparticle(leaf)
    world.couple("left/b", "right/a", 1.0)
    plan = layout(world)
    middle = next(box for box in plan.boxes if box.path == "middle")
    (link,) = plan.links
    assert {crossing.box for crossing in link.crossings} == {"left", "right"}
    for index in range(0, len(link.curve) - 1, 3):
        p = np.array(link.curve[index : index + 4])
        for t in np.linspace(0.0, 1.0, 20):
            x, y = (
                (1 - t) ** 3 * p[0]
                + 3 * t * (1 - t) ** 2 * p[1]
                + 3 * t**2 * (1 - t) * p[2]
                + (t**3 * p[3])
            )
            left, top, right, bottom = corners(middle)
            assert not (left < x < right and top < y < bottom)


# ------------------------------------------------------------------------------ summaries


def test_only_the_strongest_of_very_many_links_are_drawn() -> None:
    world = dp.Partition("dense")
    for number in range(25):
        world.add_subparticle(f"{number}")
    weights = np.random.default_rng(0).normal(size=(25, 25)) * ~np.eye(25, dtype=bool)
    world.couple_all(weights)
    plan = layout(world)
    assert 0 < len(plan.links) <= 400
    assert len(plan.links) + plan.hidden == 600
    ordered = np.sort(np.abs(weights).ravel())[::-1]
    drawn = sorted((abs(link.weight) for link in plan.links), reverse=True)
    np.testing.assert_array_equal(drawn, ordered[: len(drawn)])
    assert layout(world, most_links=600).hidden == 0


def test_a_brush_of_links_is_one_bundle() -> None:
    world = dp.Partition("world")
    world.add_population("cortex", 64)
    world.add_external("evidence")
    world.sense("evidence", "cortex", np.linspace(0.5, 1.5, 64))
    plan = layout(world)
    (link,) = plan.links
    assert (link.source, link.target, link.count) == ("evidence", "cortex", 64)
    assert link.weight == pytest.approx(1.0)
    assert [(c.box, c.kind) for c in link.crossings] == [("", "sensory"), ("cortex", "sensory")]


def test_a_single_link_of_a_population_leads_to_its_cell() -> None:
    world = dp.Partition("world")
    population = world.add_population("cortex", 9)
    world.add_subparticle("a")
    world.couple("a", population[4])
    (link,) = layout(world).links
    assert (link.source, link.target) == ("a", "cortex/4")


def test_a_large_population_is_a_mosaic_of_averages() -> None:
    world = dp.Partition("world")
    population = world.add_population("cortex", 1600)
    population.cells["_state"][:] = np.repeat(np.linspace(-1, 1, 40), 40)  # row by row
    plan = layout(world)
    assert not plan.spots
    (mosaic,) = plan.mosaics
    assert mosaic.what == "states"
    expected = np.linspace(-1, 1, 40).reshape(20, 2).mean(axis=1)
    np.testing.assert_allclose(mosaic.values, np.tile(expected[:, None], 20))
    box = next(box for box in plan.boxes if box.path == "cortex")
    assert box.caption == "cortex · 1600"
    assert box.x < mosaic.x
    assert mosaic.x + mosaic.width < box.x + box.width
    assert mosaic.y + mosaic.height < box.y + box.height


def test_the_couplings_of_a_population_keep_their_strongest() -> None:
    couplings = np.zeros((64, 64))
    couplings[3, 10], couplings[2, 11], couplings[40, 7] = 0.1, -2.0, 1.0
    world = dp.Partition("world")
    world.add_population("cortex", 64, couplings=couplings)
    (mosaic,) = layout(world).mosaics
    values = np.array(mosaic.values)
    assert mosaic.largest == 2.0
    assert values.shape == (32, 32)
    assert (values[1, 5], values[20, 3]) == (-1.0, 0.5)  # target × source
    assert np.count_nonzero(values) == 2


# ------------------------------------------------------------------------------ extremes


@pytest.mark.parametrize("leaves", [0, 1, 2, 3, 49])
def test_worlds_without_partitions(leaves: int) -> None:
    world = dp.Partition("world")
    for number in range(leaves):
        world.add_subparticle(f"leaf number {number}")
    plan = layout(world)
    assert len(plan.spots) == leaves
    assert plan.width > 0 < plan.height


def test_large_worlds_are_quick() -> None:
    # On a quiet machine 5 ms for the boxes, 60 ms with 400 links to be routed around them.
    still, busy = family(16, 16, coupled=False), family(16, 16)
    for world, bound in ((still, 0.5), (busy, 3.0)):
        begin = time.perf_counter()
        plan = layout(world)
        assert time.perf_counter() - begin < bound
        assert len(plan.spots) == 256
