"""Stationary laws as numbers, against closed forms, quadrature and simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.quadrature import boltzmann, little, nodes_of

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.partitions.steady_laws import SteadyLaw, steady_laws

CB, SPIN, GAUSSIAN = dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian(0.5)
SCHEDULES = ("synchronous", "sequential")


def world_of(distributions: Any, J: Any, bias: Any, precision: float = 1.0) -> dp.Partition:
    world = dp.Partition("world", precision=precision)
    for number, (distribution, one) in enumerate(zip(distributions, bias, strict=True)):
        state = -1.0 if isinstance(distribution, dp.Spin) else 0.0
        world.add_subparticle(f"a{number}", distribution=distribution, bias=one, state=state)
    world.couple_all(J)
    return world


def couplings(seed: int, count: int, symmetric: bool, scale: float = 1.0) -> FloatArray:
    J = scale * np.random.default_rng(seed).normal(size=(count, count))
    J = (J + J.T) / 2.0 if symmetric else J
    np.fill_diagonal(J, 0.0)
    return J


def values(law: SteadyLaw, distributions: Any) -> tuple[FloatArray, FloatArray]:
    """All joint states of a table, and their probabilities."""
    assert law.table is not None
    points = [
        nodes_of(distribution, size)[0]
        for distribution, size in zip(distributions, law.table.shape, strict=True)
    ]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*points, indexing="ij")], axis=1)
    return grid, law.table.ravel()


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(
    "distributions", [(SPIN,) * 5, (CB, CB), (CB,) * 3, (SPIN, CB, SPIN)], ids=str
)
def test_with_symmetric_couplings_the_law_is_the_closed_form(
    distributions: Any, schedule: str
) -> None:
    for seed in range(4):
        count = len(distributions)
        J, bias = couplings(seed, count, True), np.random.default_rng(seed).normal(size=count)
        laws, reason = steady_laws(world_of(distributions, J, bias, 0.8))
        assert reason == ""
        assert laws[schedule].method == "exact"
        kind = little if schedule == "synchronous" else boltzmann
        closed = kind(distributions, 0.8 * bias, 0.8 * J)
        grid, p = values(laws[schedule], distributions)
        np.testing.assert_allclose(p @ grid, closed.mean, atol=1e-6)
        np.testing.assert_allclose((grid * p[:, None]).T @ grid, closed.second_moments, atol=1e-5)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_law_of_gaussian_states_is_stationary(schedule: str, symmetric: bool) -> None:
    """One sweep, row by row as it is defined, of the moments themselves."""
    for seed in range(5):
        J = couplings(seed, 4, symmetric, 0.5)
        laws, _ = steady_laws(world_of((GAUSSIAN,) * 4, J, np.zeros(4)))
        law = laws[schedule]
        assert law.method == "exact"
        covariance = law.covariance
        assert covariance is not None
        step: Any = 0.5 * J
        if schedule == "synchronous":
            after: Any = step @ covariance @ step.T + 0.5 * np.eye(4)
        else:
            after = covariance
            for row in range(4):
                update = np.eye(4)
                update[row] = step[row]
                after = update @ after @ update.T
                after[row, row] += 0.5
        np.testing.assert_allclose(after, covariance, atol=1e-12)
        if symmetric and schedule == "sequential":
            exact = np.linalg.inv(2.0 * np.eye(4) - J)
            np.testing.assert_allclose(covariance, exact, atol=1e-12)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_with_asymmetric_couplings_the_law_is_that_of_long_runs(schedule: str) -> None:
    J = np.array([[0.0, 2.0, 0.0], [-1.5, 0.0, 1.0], [2.0, 0.0, 0.0]])
    for distributions in ((SPIN,) * 3, (CB,) * 3, (SPIN, CB, CB)):
        world = world_of(distributions, J, [0.5, -0.2, 0.1])
        law = steady_laws(world)[0][schedule]
        grid, p = values(law, distributions)
        sim = dp.Simulator(world, schedule=schedule, chains=400, seed=1)
        states = sim.infer(steps=100, burn_in=30, record="states").states
        second = np.einsum("tci,tcj->cij", states, states) / len(states)
        error = second.std(axis=0, ddof=1) / np.sqrt(400)
        exact = (grid * p[:, None]).T @ grid
        deviation = np.abs(second.mean(axis=0) - exact) / np.maximum(error, 1e-9)
        off = ~np.eye(3, dtype=bool)
        assert np.all(deviation[off] < 4.5)
        assert np.all(np.abs(states.mean(axis=(0, 1)) - p @ grid) < 0.02)


def test_the_linear_estimate_is_good_where_couplings_are_weak() -> None:
    """Nine continuous Bernoulli states are too many for a table."""
    J = couplings(3, 9, False, 0.2)
    world = world_of((CB,) * 9, J, np.random.default_rng(0).normal(size=9))
    laws, reason = steady_laws(world)
    assert reason == ""
    for schedule in SCHEDULES:
        law = laws[schedule]
        assert law.method == "linearised"
        sim = dp.Simulator(world, schedule=schedule, chains=400, seed=1)
        states = sim.infer(steps=200, burn_in=20, record="states").states
        sampled = np.cov(states.reshape(-1, 9).T)
        assert law.covariance is not None
        assert np.abs(sampled - law.covariance).max() < 0.02


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_information_of_pairs_is_that_of_two_sets_of_one(schedule: str) -> None:
    for distributions in ((SPIN,) * 4, (GAUSSIAN,) * 4):
        law = steady_laws(world_of(distributions, couplings(1, 4, False, 0.8), np.zeros(4)))[0]
        for i, j in ((0, 1), (1, 3), (2, 0)):
            rest = np.array([row for row in range(4) if row not in (i, j)])
            information, _ = law[schedule].information(np.array([i]), np.array([j]), rest)
            assert law[schedule].pairs[i, j] == pytest.approx(information, abs=1e-12)
        assert np.all(np.diagonal(law[schedule].pairs) == 0.0)


# ---------------------------------------------------------------------- where there is none


def answering(world: dp.Partition) -> None:
    world.sense(world.add_external("scene", 0.0, lambda value, actions, rng: value), "a0")


def clocked(world: dp.Partition) -> None:
    world["a0"].clock = 2


def runaway(world: dp.Partition) -> None:
    for leaf in world.subparticles:
        leaf._distribution = dp.Gaussian()
    world["a0"].sensory["a1"].weight = world["a1"].sensory["a0"].weight = 5.0


def overflowing(world: dp.Partition) -> None:
    world.precision = 1e300
    world["a0"].sensory["a1"].weight = 1e300


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (answering, "'scene' answers by a process"),
        (clocked, "clocks differ, so that the law is periodic"),
        (runaway, "no stationary law was found"),
        (overflowing, "numbers overflow"),
    ],
)
def test_where_there_is_none_the_reason_is_said(change: Any, reason: str) -> None:
    world = world_of((CB, CB), couplings(0, 2, False), (0.0, 0.0))
    change(world)
    laws, said = steady_laws(world)
    assert laws == {}
    assert said == reason


def test_a_large_world_is_left_alone() -> None:
    laws, reason = steady_laws(dp.from_couplings(np.zeros((257, 257))))
    assert laws == {}
    assert reason == "not computed for more than 256 subparticles"
    assert steady_laws(dp.Partition("void")) == ({}, "")


def test_evidence_that_is_clamped_is_part_of_the_law() -> None:
    world = world_of((SPIN, SPIN), [[0.0, 1.0], [1.0, 0.0]], (0.0, 0.0))
    scene = world.add_external("scene")
    world.sense(scene, [world["a0"], world["a1"]], [1.0, -2.0])
    scene.value = [0.5, 0.25]
    grid, p = values(steady_laws(world)[0]["sequential"], (SPIN, SPIN))
    closed = boltzmann((SPIN, SPIN), np.array([0.5, -0.5]), world.couplings)
    np.testing.assert_allclose(p @ grid, closed.mean, atol=1e-12)
