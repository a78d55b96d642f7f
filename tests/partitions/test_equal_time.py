"""Independence at one instant: what symmetry implies, and how large leaks are, computed exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.partitions import equal_time
from deepparticle.partitions.borders import Borders
from deepparticle.partitions.columns import leaf_columns
from deepparticle.partitions.equal_time import EqualTime, EqualTimeLeaks

SPIN, GAUSSIAN, CB = dp.Spin(), dp.Gaussian(), dp.ContinuousBernoulli()


def random_world(
    seed: int, distribution: dp.StateDistribution, *, symmetric: bool, count: int = 7
) -> dp.Partition:
    """Three partitions, one inside another, sparsely coupled."""
    rng = np.random.default_rng(seed)
    world = dp.Partition("world")
    places = [world.add_partition("left"), world.add_partition("right")]
    places.append(places[0].add_partition("core"))
    for number in range(count):
        state = -1.0 if isinstance(distribution, dp.Spin) else 0.0
        place = places[rng.integers(3)]
        place.add_subparticle(
            f"a{number}", distribution=distribution, state=state, bias=float(rng.normal())
        )
    exists = np.triu(rng.random((count, count)) < 0.3, 1)
    J = np.where(exists, rng.normal(size=(count, count)), 0.0)
    scale = 0.35 if isinstance(distribution, dp.Gaussian) else 1.0
    back = J.T if symmetric else np.where(rng.random((count, count)) < 0.5, 0.3 * J.T, 0.0)
    J = J + back
    leaves: Any = world.subparticles
    for target, source in np.argwhere(J).tolist():
        world.couple(leaves[source], leaves[target], scale * float(J[target, source]))
    return world


def asymmetry(world: dp.Partition) -> float:
    K = world.couplings * leaf_columns(world).precision[:, None]
    norm = float(np.linalg.norm(K))
    return float(np.linalg.norm(K - K.T)) / norm if norm else 0.0


def leaks_of(world: dp.Partition) -> tuple[Borders, EqualTimeLeaks]:
    borders = Borders(world)
    return borders, EqualTimeLeaks(borders, leaf_columns(world), asymmetry(world))


def of(world: dp.Partition, path: str) -> dict[str, EqualTime]:
    borders, leaks = leaks_of(world)
    place = next(one for one in borders.places if one.path == path)
    return {one.schedule: one for one in leaks.of(place).equal_time}


@pytest.mark.parametrize("distribution", [SPIN, GAUSSIAN], ids=repr)
def test_what_symmetry_implies_is_true(distribution: dp.StateDistribution) -> None:
    """Wherever independence is implied, the information computed from the law itself is 0."""
    held = vacuous = 0
    for seed in range(25):
        world = random_world(seed, distribution, symmetric=True)
        borders, leaks = leaks_of(world)
        assert leaks.symmetric
        for place in borders.places:
            for one in leaks.of(place).equal_time:
                vacuous += one.status == "vacuous"
                law = leaks._laws.get(one.schedule)
                if one.status == "vacuous":
                    continue
                # Gaussian states can run away, and then there is no law to speak of.
                assert one.status == ("unknown" if law is None else "holds")
                if law is None:
                    continue
                assert one.leak == 0.0
                held += 1
                sensory, active = borders.sensory(place), borders.active(place)
                known = np.union1d(sensory.outer[sensory.known], active.inner[active.known])
                rows = np.setdiff1d(np.arange(7), known)
                inside = place.holds(rows)
                information, _ = law.information(rows[inside], rows[~inside], known)
                assert information is not None
                assert information < 1e-9
    assert held > 30
    assert vacuous > 30


@pytest.mark.parametrize("distribution", [SPIN, GAUSSIAN], ids=repr)
def test_pairs_depend_on_each_other_exactly_where_the_law_says(
    distribution: dp.StateDistribution,
) -> None:
    """Symmetric K: neighbours under the sequential schedule, those with a common listener under
    the synchronous one."""
    for seed in range(15):
        world = random_world(seed, distribution, symmetric=True)
        _, leaks = leaks_of(world)
        J = world.couplings != 0.0
        common = (J.astype(float).T @ J.astype(float) > 0.0) & ~np.eye(7, dtype=bool)
        for schedule, joined in (("sequential", J), ("synchronous", common)):
            law = leaks._laws.get(schedule)
            if law is not None:
                np.testing.assert_array_equal(law.pairs > 1e-9, joined)


def test_asymmetric_couplings_leak_and_the_leak_has_a_number() -> None:
    found: dict[str, list[float]] = {"synchronous": [], "sequential": []}
    for seed in range(40):
        world = random_world(seed, SPIN, symmetric=False)
        borders, leaks = leaks_of(world)
        for place in borders.places:
            for one in leaks.of(place).equal_time:
                assert one.status != "unknown"
                if one.status != "vacuous":
                    assert one.method == "exact"
                    assert one.leak is not None
                    found[one.schedule].append(one.leak)
    for values in found.values():
        assert len(values) > 30
        assert np.mean(np.array(values) > 1e-6) > 0.15
        assert max(values) < 2 * np.log(2.0)


def chain(J: FloatArray, distribution: dp.StateDistribution = GAUSSIAN) -> dp.Partition:
    """A subparticle each in `left` and `right` beside two in the blankets between them."""
    world = dp.Partition("world")
    for name, members in (("left", "ab"), ("right", "cd")):
        place = world.add_partition(name)
        for member in members:
            place.add_subparticle(member, distribution=distribution)
    leaves: Any = world.subparticles
    for target, source in np.argwhere(J).tolist():
        world.couple(leaves[source], leaves[target], float(J[target, source]))
    return world


def test_the_leak_of_a_linear_world_is_that_of_long_runs() -> None:
    """A ring of three in `left`, which shows one of its states to one of two in `right`."""
    world = dp.Partition("world")
    for name, members in (("left", "abe"), ("right", "dc")):
        place = world.add_partition(name)
        for member in members:
            place.add_subparticle(member, distribution=GAUSSIAN)
    for source, target, weight in (
        ("left/a", "left/b", 0.8),
        ("left/b", "left/e", 0.8),
        ("left/e", "left/a", -0.7),
        ("left/b", "right/c", 0.8),
        ("right/c", "left/b", -0.5),
        ("right/c", "right/d", 0.9),
        ("right/d", "right/c", 0.6),
    ):
        world.couple(source, target, weight)
    found = of(world, "left")
    for schedule in ("synchronous", "sequential"):
        sim = dp.Simulator(world, schedule=schedule, chains=500, seed=0)
        states = sim.infer(steps=100, burn_in=50, record="states").states.reshape(-1, 5)
        # Given b and c, which the blanket shows: how much a and e tell of d.
        given = np.column_stack([np.ones(len(states)), states[:, [1, 4]]])
        rest = states[:, [0, 2, 3]]
        left = np.cov((rest - given @ np.linalg.lstsq(given, rest, rcond=None)[0]).T)
        volumes = np.linalg.det(left[:2, :2]) * left[2, 2] / np.linalg.det(left)
        assert found[schedule].status == "leaks"
        assert found[schedule].method == "exact"
        leak: Any = found[schedule].leak
        assert leak > 0.002
        assert leak == pytest.approx(0.5 * np.log(volumes), rel=0.15)


def test_where_the_blanket_shows_everything_nothing_is_left_to_ask() -> None:
    J = np.ones((4, 4)) - np.eye(4)
    world = chain(0.1 * J)
    borders, leaks = leaks_of(world)
    for place in borders.places:
        freedom = leaks.of(place)
        assert {one.status for one in freedom.equal_time} == {"vacuous"}
        assert all(one.leak is None for one in freedom.equal_time)
        if place.path:
            assert (freedom.inside, freedom.outside) == (0, 0)


def test_couplings_of_zero_show_nothing() -> None:
    world = chain(np.zeros((4, 4)))
    world.couple("left/a", "right/c", 0.0)
    borders, leaks = leaks_of(world)
    freedom = leaks.of(borders.places[1])
    assert (freedom.inside, freedom.outside) == (2, 2)
    assert [one.leak for one in freedom.equal_time] == [0.0, 0.0]


# ---------------------------------------------------------------------- where nothing is implied


def test_clocks_a_process_noise_and_running_away() -> None:
    J = np.zeros((4, 4))
    J[0, 1] = J[1, 0] = J[1, 2] = J[2, 1] = J[2, 3] = J[3, 2] = 0.4
    world = chain(J, SPIN)
    assert [one.status for one in of(world, "left").values()] == ["holds", "holds"]
    world["left/a"].clock = 2
    found = of(world, "left")
    assert found["synchronous"].status == "unknown"
    assert found["sequential"].status == "holds"  # Boltzmann's law, whatever the clocks
    world["left/a"].clock = None
    scene = world.add_external("scene", 0.0, lambda value, actions, rng: value)
    assert [one.status for one in of(world, "left").values()] == ["holds", "holds"]
    world.sense(scene, "left/a")
    assert [one.status for one in of(world, "left").values()] == ["unknown", "unknown"]
    world = chain(3.0 * J)
    assert [one.status for one in of(world, "left").values()] == ["unknown", "unknown"]


def test_a_process_that_is_acted_upon_and_not_sensed_is_free() -> None:
    world = chain(np.zeros((4, 4)), SPIN)
    scene = world.add_external("scene", 0.0, lambda value, actions, rng: actions.sum())
    world.act("left/a", scene)
    borders, leaks = leaks_of(world)
    freedom = leaks.of(borders.places[0])
    # a is known through what it does to the scene; b and the others are not, nor is the scene.
    assert (freedom.inside, freedom.outside) == (3, 1)


def test_precision_makes_a_symmetric_matrix_asymmetric() -> None:
    leaks = []
    for seed in range(20):
        world = random_world(seed, SPIN, symmetric=True)
        world["left"].precision = 0.3
        crossing = len(Borders(world).sensory(Borders(world).places[1]))
        assert leaks_of(world)[1].symmetric == (crossing == 0)
        leaks += [one.leak for path in ("left", "right") for one in of(world, path).values()]
    assert max(leak for leak in leaks if leak is not None) > 1e-4


def test_both_schedules_are_reported_in_one_order() -> None:
    borders, leaks = leaks_of(chain(np.zeros((4, 4))))
    assert tuple(one.schedule for one in leaks.of(borders.places[0]).equal_time) == (
        equal_time.SCHEDULES
    )
