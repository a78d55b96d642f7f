"""Reports of worlds with noisy boundary states: what is no longer vacuous, and how large it is."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.stats import norm
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.gaussian import conditional_information
from deepparticle.blankets.tables import table_information
from deepparticle.partitions import observations
from deepparticle.partitions.observations import observed_covariance, observed_table
from deepparticle.partitions.steady_laws import steady_laws

CB, SPIN, GAUSSIAN = dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian()
SCHEDULES = ("synchronous", "sequential")


def pair(
    distribution: Any, sd: float | None, forth: float = 0.8, back: float = 0.8
) -> dp.Partition:
    """a in `left` and b in `right`, coupled both ways."""
    world = dp.Partition("world")
    one_of: Any = {"distribution": distribution, "state": -1.0}
    a = world.add_partition("left").add_subparticle("a", bias=0.3, **one_of)
    b = world.add_partition("right").add_subparticle("b", **one_of)
    for one, other, weight in ((a, b, forth), (b, a, back)):
        boundary = world.couple(one, other, weight)
        if sd is not None:
            boundary.conditional = dp.GaussianBoundary(weight, sd)
    return world


def left(world: dp.Partition) -> Any:
    level = next(level for level in world.report().levels if level.path == "left")
    return level, {one.schedule: one for one in level.equal_time}


# ---------------------------------------------------------------------- what is said


def test_what_is_vacuous_for_deltas_is_not_for_noisy_boundaries() -> None:
    for sd, vacuous, noisy, free in ((None, 2, 0, 0), (0.0, 2, 0, 0), (0.7, 0, 2, 1)):
        level, found = left(pair(SPIN, sd))
        assert (level.vacuous, level.noisy) == (vacuous, noisy)
        assert (level.free_inside, level.free_outside) == (free, free)
        assert level.path_wise
        assert level.one_step
        if not free:
            assert {one.status for one in found.values()} == {"vacuous"}
            continue
        # K is symmetric, and that implies nothing any more. (Two that update at once are two chains
        # that do not meet.)
        assert found["sequential"].status == "leaks"
        assert (found["sequential"].leak or 0.0) > 0.01
        assert (found["synchronous"].status, found["synchronous"].leak) == ("holds", 0.0)


def test_what_a_report_says() -> None:
    report = pair(SPIN, 0.7).report()
    text = str(report)
    assert report.noisy
    assert report.symmetric
    assert "path-wise:  holds at every level" in text
    assert "given what boundary states showed, noise included" in text
    assert "some boundary states are noisy: what they show does not determine a state, and" in text
    assert "it is implied" not in text
    for sd in (None, 0.0):
        text = str(pair(SPIN, sd).report())
        assert "nois" not in text
        assert "K is symmetric, it is implied" in text


@settings(deadline=None, max_examples=40)
@given(worlds(max_steps=1), st.data())
def test_generated_worlds_with_noise_have_consistent_reports(
    world: dp.Partition, data: st.DataObject
) -> None:
    inner = [
        boundary
        for boundary in world.boundaries()
        if boundary.kind == "boundary" and type(boundary).__name__ == "ExplicitBoundary"
    ]
    sizes = st.sampled_from([None, 0.0, 0.3, 2.0, 1e-9, 1e200])
    for boundary in inner:
        sd = data.draw(sizes)
        if sd is not None:
            boundary.conditional = dp.GaussianBoundary(boundary.weight, sd)
    world.check()  # the path-wise law is one of the wiring
    report = world.report()
    assert str(report)
    for level in report.levels:
        assert not level.leaks
        assert level.vacuous + level.noisy <= level.sensory + level.active
        for one in level.equal_time:
            assert one.leak is None or one.leak >= 0.0
            vacuous = not level.free_inside or not level.free_outside
            assert (one.status == "vacuous") == vacuous
            if one.status in ("leaks", "holds"):
                assert one.leak is not None
                assert np.isfinite(one.leak)


# ---------------------------------------------------------------------- exact numbers


def spins(sd: float, schedule: str) -> FloatArray:
    """The stationary law of `pair` of spins, from its four states and adaptive integrals."""

    def up(theta: float) -> float:
        value, _ = quad(
            lambda z: norm.pdf(z) / (1.0 + np.exp(-2.0 * (theta + sd * z))), -10, 10, epsabs=1e-13
        )
        return float(value)

    states = list(product((-1.0, 1.0), repeat=2))
    steps = np.zeros((4, 4))
    for (i, (a, b)), (j, (x, y)) in product(enumerate(states), repeat=2):
        p = up(0.3 + 0.8 * b)
        q = up(0.8 * (a if schedule == "synchronous" else x))
        steps[i, j] = (p if x > 0 else 1.0 - p) * (q if y > 0 else 1.0 - q)
    values, vectors = np.linalg.eig(steps.T)
    law = vectors[:, np.argmax(values.real)].real
    table: FloatArray = (law / law.sum()).reshape(2, 2)
    return table


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("sd", [0.3, 1.0])
def test_the_leak_between_two_spins_is_the_integral(sd: float, schedule: str) -> None:
    law = spins(sd, schedule)
    found = steady_laws(pair(SPIN, sd))[0][schedule].table
    assert found is not None
    assert np.abs(found - law).max() < 1e-9
    width = sd / 0.8

    def density(x: float, y: float) -> FloatArray:
        a = norm.pdf(np.array([-1.0, 1.0]), x, width)
        b = norm.pdf(np.array([-1.0, 1.0]), y, width)
        joint: FloatArray = law * np.outer(a, b)
        return joint

    def integrand(x: float, y: float) -> float:
        joint = density(x, y)
        total = joint.sum()
        if total < 1e-14:
            return 0.0
        apart = np.outer(joint.sum(axis=1), joint.sum(axis=0)) / total
        return float(np.sum(joint * np.log(np.maximum(joint, 1e-300) / np.maximum(apart, 1e-300))))

    reach = 1.0 + 7.0 * width
    expected, _ = dblquad(integrand, -reach, reach, -reach, reach, epsabs=1e-8)
    leak = left(pair(SPIN, sd))[1][schedule]
    assert leak.method == "exact"
    assert leak.leak == pytest.approx(expected, abs=1e-6)
    assert (expected > 1e-5) == (schedule == "sequential")
    if (sd, schedule) == (1.0, "sequential"):
        assert leak.leak == pytest.approx(0.036, abs=5e-4)  # as docs/theory.md says


def gaussians(sd: float) -> dp.Partition:
    """Three Gaussian states, a and b in `left` and c in `right`; not symmetric."""
    world = dp.Partition("world")
    for name, members in (("left", "ab"), ("right", "c")):
        place = world.add_partition(name)
        for member in members:
            place.add_subparticle(member, distribution=GAUSSIAN)
    for source, target, weight in (
        ("left/a", "left/b", 0.5),
        ("left/a", "right/c", 0.6),
        ("left/b", "right/c", 0.7),
        ("right/c", "left/a", -0.4),
        ("right/c", "left/b", 0.3),
    ):
        boundary = world.couple(source, target, weight)
        if target != "left/b" or source == "right/c":
            boundary.conditional = dp.GaussianBoundary(weight, sd)
    return world


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_leak_of_gaussian_states_is_that_of_long_runs(schedule: str) -> None:
    """The blanket is read in samples: its states are drawn anew from what the run recorded."""
    sd = 0.6
    world = gaussians(sd)
    simulator = dp.Simulator(world, "numpy", schedule, chains=2000, seed=0)
    states = simulator.infer(steps=300, burn_in=50, record="states").states.reshape(-1, 3)
    law = steady_laws(world)[0][schedule]
    assert law.covariance is not None
    assert np.abs(np.cov(states.T) - law.covariance).max() < 0.02
    J = np.array([0.6, 0.7, -0.4, 0.3])
    shown = J * states[:, [0, 1, 2, 2]]
    shown += sd * np.random.default_rng(1).normal(size=shown.shape)
    joint = np.cov(np.column_stack([states, shown]).T)
    expected = conditional_information(joint, [0, 1], [2], [3, 4, 5, 6])
    found = left(world)[1][schedule]
    assert found.method == "exact"
    # Two boundary states tell of c, and are one to the report: they are sufficient.
    assert found.leak == pytest.approx(expected, rel=0.03)
    assert expected > 0.001


@pytest.mark.parametrize("distribution", [CB, SPIN], ids=repr)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_law_of_noisy_states_is_that_of_long_runs(distribution: Any, schedule: str) -> None:
    world = pair(distribution, 1.2, 1.0, -0.5)
    law = steady_laws(world)[0][schedule]
    assert law.table is not None
    values = [points for points, _ in law.nodes]
    mean = np.array([law.table.sum(axis=1 - row) @ values[row] for row in (0, 1)])
    product_ = float(values[0] @ law.table @ values[1])
    simulator = dp.Simulator(world, "numpy", schedule, chains=1000, seed=2)
    states = simulator.infer(steps=200, burn_in=20, record="states").states.reshape(-1, 2)
    error = 4.0 / np.sqrt(len(states) / 3.0)
    np.testing.assert_allclose(states.mean(axis=0), mean, atol=error)
    assert np.mean(states[:, 0] * states[:, 1]) == pytest.approx(product_, abs=error)
    # Without the noise it is another one: by total variation.
    plain = steady_laws(pair(distribution, None, 1.0, -0.5))[0][schedule]
    assert plain.table is not None
    assert np.abs(plain.table - law.table).sum() / 2.0 > 0.03


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_less_noise_leaves_less_open(schedule: str) -> None:
    """In the linear case to the end: with a noise of nothing, nothing is left."""
    leaks = [left(gaussians(sd))[1][schedule].leak or 0.0 for sd in (1e-7, 1e-3, 0.03, 0.1, 0.3)]
    assert leaks[0] == 0.0
    assert leaks == sorted(leaks)
    assert leaks[1] < 1e-4 * leaks[-1]


# ---------------------------------------------------------------------- what is told


def test_two_that_tell_of_one_are_one() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 3))
    covariance = root @ root.T + np.eye(3)
    once, rows = observed_covariance(covariance, {1: 4.0 + 9.0})
    # The same by hand: two observations, J = 1 with sd 1/2, and J = 3 with sd 1.
    shows = np.array([[0.0, 1.0, 0.0], [0.0, 3.0, 0.0]])
    both = np.block(
        [
            [covariance, covariance @ shows.T],
            [shows @ covariance, shows @ covariance @ shows.T + np.diag([0.25, 1.0])],
        ]
    )
    assert conditional_information(once, [0], [1, 2], rows) == pytest.approx(
        conditional_information(both, [0], [1, 2], [3, 4]), rel=1e-10
    )


def test_continuous_states_on_nodes_and_on_more_of_them_are_told_alike() -> None:
    def leak(count: int, sd: float) -> float | None:
        points, weights = np.polynomial.legendre.leggauss(count)
        law = np.exp(np.outer(points, points)) * np.outer(weights, weights)
        observed = observed_table(law / law.sum(), [(points, weights)] * 2, {0: sd**-2})
        if observed is None:
            return None
        table, axes = observed
        return table_information(table, [0], [1], axes)

    few, many = leak(16, 0.5), leak(64, 0.5)
    assert few is not None
    assert few == pytest.approx(many, abs=1e-7)
    # Sixteen nodes do not tell an error of .1; they say so.
    assert leak(16, 0.1) is None
    assert leak(64, 0.1) == pytest.approx(leak(96, 0.1), abs=1e-7)


def test_what_a_table_cannot_tell_is_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = left(pair(SPIN, 0.7))[1]["synchronous"]
    monkeypatch.setattr(observations, "_ENTRIES", 50)
    found = left(pair(SPIN, 0.7))[1]["synchronous"]
    assert (exact.method, found.method) == ("exact", "linearised")
    assert exact.leak is not None
    assert found.leak == pytest.approx(exact.leak, rel=1.0)
    assert "~" in str(pair(SPIN, 0.7).report())
