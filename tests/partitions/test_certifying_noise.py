"""Certificates of worlds with noisy boundary states: calibrated, and able to find what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.score_test import two_sided
from deepparticle.partitions.borders import Borders
from deepparticle.partitions.certificate import KINDS
from deepparticle.partitions.columns import leaf_columns
from deepparticle.partitions.transitions import declared_transitions

CB, SPIN, GAUSSIAN = dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian()


def noisy_network(seed: int, distributions: Any = (CB,), hidden: float = 0.0) -> Any:
    """Two partitions of three, sparsely coupled; six in ten boundary states are noisy.

    With `hidden` a coupling is added between two that have none: returned are the world, the twin
    with that coupling, and its ends.
    """
    rng = np.random.default_rng(seed)
    world = dp.Partition("world")
    places = [world.add_partition("left"), world.add_partition("right")]
    for number in range(6):
        distribution = distributions[number % len(distributions)]
        places[number // 3].add_subparticle(
            f"a{number}",
            bias=float(0.5 * rng.normal()),
            distribution=distribution,
            precision=float(rng.choice([0.5, 1.0, 1.5])),
            state=-1.0 if isinstance(distribution, dp.Spin) else 0.0,
        )
    leaves: Any = world.subparticles
    free = []
    for target in leaves:
        for source in leaves:
            if source is target:
                continue
            if rng.random() >= 0.35:
                free.append((source.path, target.path))
                continue
            weak = dp.Gaussian in (type(target.distribution), type(source.distribution))
            weight = float(rng.normal()) * (0.15 if weak else 2.0)
            boundary = world.couple(source, target, weight)
            if rng.random() < 0.6:
                boundary.conditional = dp.GaussianBoundary(weight, float(rng.uniform(0.2, 1.5)))
    twin = world.copy(name=world.name)
    ends = free[rng.integers(len(free))]
    if hidden:
        twin.couple(*ends, hidden)
    return world, twin, ends


def run_of(world: dp.Partition, seed: int, steps: int, schedule: str = "synchronous") -> FloatArray:
    simulator = dp.Simulator(world, schedule=schedule, chains=4, seed=seed)
    return simulator.infer(steps=steps + 2, burn_in=20, record="states").states


# ---------------------------------------------------------------------- false alarms


def unguarded(world: dp.Partition, states: FloatArray, schedule: str) -> FloatArray:
    """z of every state with every residual, by the declared variance alone."""
    t = declared_transitions(
        world, Borders(world), leaf_columns(world), states, np.zeros_like(states), schedule, 0
    )
    found = []
    for row in range(states.shape[-1]):
        g = t.seen_by(row) - t.seen_by(row).mean(axis=0)
        found.append((t.residuals[:, row] @ g) / np.sqrt(t.variances[:, row] @ (g * g)))
    return np.concatenate(found)


def alarms(runs: int, distributions: Any, schedule: str, steps: int) -> tuple[Any, Any, float]:
    """Shares of p-values up to .05 in each run, without and with the guard, and of failures."""
    plain, guarded, failed = [], [], 0
    for seed in range(runs):
        world, _, _ = noisy_network(seed, distributions)
        states = run_of(world, 10_000 + seed, steps, schedule)
        certificate = world.certify(states, schedule=schedule)
        plain.append(np.mean(two_sided(unguarded(world, states, schedule)) <= 0.05))
        guarded.append(np.mean(two_sided(certificate.statements.statistics) <= 0.05))
        failed += not certificate.ok
    return np.array(plain), np.array(guarded), failed / runs


def assert_calibrated(runs: int, distributions: Any, schedule: str, steps: int) -> None:
    plain, guarded, failed = alarms(runs, distributions, schedule, steps)
    error = float(plain.std(ddof=1)) / np.sqrt(runs)
    # By the declared variance of the mixture: the nominal rate.
    assert abs(plain.mean() - 0.05) < 3.0 * error
    # The greater of two variances is the safe side of it.
    assert 0.038 < guarded.mean() < 0.05 + 3.0 * float(guarded.std(ddof=1)) / np.sqrt(runs)
    # Holm: any false alarm at all, at most .05.
    assert failed < 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / runs)


def test_false_alarms_are_as_frequent_as_they_say() -> None:
    """400 lawful noisy networks, 1000 transitions each."""
    assert_calibrated(400, (CB,), "synchronous", 250)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("distributions", "schedule"),
    [
        ((CB,), "sequential"),
        ((CB,), "chromatic"),
        ((SPIN,), "synchronous"),
        ((GAUSSIAN,), "synchronous"),
        ((CB, SPIN, GAUSSIAN), "sequential"),
    ],
    ids=str,
)
def test_false_alarms_of_other_states_and_schedules(distributions: Any, schedule: str) -> None:
    assert_calibrated(200, distributions, schedule, 250)


@pytest.mark.parametrize("distribution", [CB, SPIN, GAUSSIAN], ids=repr)
def test_residuals_have_the_declared_mean_and_variance(distribution: Any) -> None:
    """One row behind much noise, 200 000 draws: within four standard errors."""
    world = dp.Partition("world")
    a = world.add_subparticle("a", distribution=SPIN, state=-1.0)
    b = world.add_subparticle("b", distribution=distribution, state=-1.0)
    world.couple(a, b, 1.5).conditional = dp.GaussianBoundary(1.5, 2.0)
    states = dp.Simulator(world, chains=1000, seed=0).infer(steps=202, record="states").states
    t = declared_transitions(
        world, Borders(world), leaf_columns(world), states, np.zeros_like(states), "synchronous", 0
    )
    for seen in (-1.0, 1.0):
        asked = t.before[:, 0] == seen
        r, v = t.residuals[asked, 1], t.variances[asked, 1]
        assert np.ptp(v) < 1e-12
        count = np.sqrt(len(r))
        assert abs(r.mean()) < 4.0 * np.sqrt(v[0]) / count
        assert abs(np.mean(r * r) - v[0]) < 4.0 * np.std(r * r) / count
        # Without the noise, neither is right.
        theta = np.array([1.5 * seen])
        assert abs(np.mean(r * r) - distribution.variance(theta)[0]) > 20 * np.std(r * r) / count


def test_the_noise_has_to_be_declared() -> None:
    """What runs with noise is no run of the same world of deltas, and the other way round."""
    rejected = {"noise not declared": 0, "noise not there": 0}
    for seed in range(12):
        noisy, _, _ = noisy_network(seed)
        plain = noisy.copy(name="plain")
        for boundary in list(plain.boundaries()):
            boundary.conditional = dp.Delta(boundary.weight)
        rejected["noise not declared"] += not plain.certify(run_of(noisy, seed, 2500)).ok
        rejected["noise not there"] += not noisy.certify(run_of(plain, seed, 2500)).ok
    assert min(rejected.values()) >= 10, rejected


# ---------------------------------------------------------------------- power


def power(steps: int, weight: float, runs: int) -> tuple[float, float]:
    found = named = 0
    for seed in range(runs):
        world, twin, (source, target) = noisy_network(seed, hidden=weight)
        certificate = world.certify(run_of(twin, seed, steps))
        found += not certificate.ok
        worst: Any = certificate.worst
        words = f"{target} depends on {source} although it does not sense it"
        named += not certificate.ok and worst.words == words
    return found / runs, named / runs


def test_a_hidden_coupling_is_found_and_named() -> None:
    few, _ = power(25, 0.8, 25)
    many, named = power(800, 0.8, 25)
    assert few < 0.6
    assert many >= 0.95
    assert named > 0.7


@pytest.mark.slow
def test_power_grows_to_one_with_run_length() -> None:
    powers = [power(steps, 0.5, 40)[0] for steps in (25, 100, 400, 1600)]
    assert powers == sorted(powers)
    assert powers[0] < 0.3
    assert powers[-1] > 0.95


def hearsay() -> dp.Partition:
    """left: a, b; right: c, d. a tells b, c and d, each through its own noise; d tells a."""
    world = dp.Partition("world")
    for name, members in (("left", "ab"), ("right", "cd")):
        place = world.add_partition(name)
        for member in members:
            place.add_subparticle(member)
    for source, target in (
        ("left/a", "left/b"),
        ("left/a", "right/c"),
        ("left/a", "right/d"),
        ("right/d", "left/a"),
    ):
        world.couple(source, target).conditional = dp.GaussianBoundary(1.0, 1.0)
    return world


Noise = Callable[[FloatArray, np.random.Generator], FloatArray]


def sampled(noise: Noise, extra: Any = None, steps: int = 4000) -> FloatArray:
    """States of `hearsay` with any noise on what the four rows sense."""
    rng = np.random.default_rng(0)
    world = hearsay()
    J, states = world.couplings, np.zeros((steps, 4))
    last: FloatArray = np.zeros(4)
    for step in range(1, steps):
        last = noise(last, rng)
        theta = J @ states[step - 1] + last
        if extra is not None:
            theta = theta + extra(states[step - 1])
        states[step] = CB.sample(theta, rng.random(4))
    return states


def fresh(last: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rng.normal(size=4)


def common(last: FloatArray, rng: np.random.Generator) -> FloatArray:
    drawn = rng.normal(size=4)
    drawn[2] = drawn[1]
    return drawn


def lasting(last: FloatArray, rng: np.random.Generator) -> FloatArray:
    drawn = rng.normal(size=4)
    drawn[1] = 0.9 * last[1] + np.sqrt(1.0 - 0.81) * drawn[1]
    return drawn


def test_noise_as_declared_passes() -> None:
    certificate = hearsay().certify(sampled(fresh))
    certificate.raise_if_failed()
    text = str(certificate)
    assert "what 4 noisy boundary states showed is not recorded" in text
    assert certificate.vacuous == 0  # nothing is determined


def test_noise_that_two_share_is_found() -> None:
    """One boundary state with two targets would be in no blanket; here is what it would do."""
    certificate = hearsay().certify(sampled(common))
    worst: Any = certificate.worst
    assert worst.words == "left/b and right/c share noise within a step"
    assert certificate.level("left").together == worst.p_value < 0.001


def test_noise_that_lasts_is_found() -> None:
    worst: Any = hearsay().certify(sampled(lasting)).worst
    assert worst.words == ("left/b depends on its own last state although nothing shows it to it")
    assert worst.p_value < 1e-6


def test_a_wrong_weight_behind_noise_is_one_of_the_declaration() -> None:
    """c follows a twice as much: it is not a leak of any level, since a and c are coupled."""

    def more(now: FloatArray) -> FloatArray:
        return np.array([0.0, 0.0, now[0], 0.0])

    certificate = hearsay().certify(sampled(fresh, more))
    worst: Any = certificate.worst
    assert worst.words == "right/c does not follow left/a as declared"
    right = certificate.level("right")
    assert right.inwards is not None
    assert right.inwards > 0.01


def test_behind_noise_there_is_something_to_say_where_a_delta_makes_it_vacuous() -> None:
    """a tells c, and d goes with a although nothing shows a to it.

    With a delta, right knows a: it is d that goes with what it does not sense, and the partition
    has nothing to be blamed for. Behind noise it does not know a, and leaks.
    """
    rng = np.random.default_rng(1)
    inwards = {}
    for sd in (0.0, 1.0):
        world = dp.Partition("world")
        for name, members in (("left", "a"), ("right", "cd")):
            place = world.add_partition(name)
            for member in members:
                place.add_subparticle(member)
        world.couple("left/a", "right/c").conditional = dp.GaussianBoundary(1.0, sd)
        states = np.zeros((2000, 3))
        for step in range(1, 2000):
            now = states[step - 1]
            theta = np.array([0.0, now[0] + sd * rng.normal(), 0.8 * now[0]])
            states[step] = CB.sample(theta, rng.random(3))
        certificate = world.certify(states, functions=("state", "square", "partition"))
        worst: Any = certificate.worst
        assert worst.words == "right/d depends on left/a although it does not sense it"
        inwards[sd] = certificate.level("right").inwards
        assert certificate.vacuous == (sd == 0.0)
    assert inwards[0.0] is None
    assert inwards[1.0] == pytest.approx(0.0, abs=1e-6)


# ---------------------------------------------------------------------- ways to call it


@pytest.mark.parametrize("schedule", ["synchronous", "sequential", "chromatic"])
def test_the_objects_keep_the_law(schedule: str) -> None:
    world, _, _ = noisy_network(3)
    world["left"].clock = 2
    rng, states = np.random.default_rng(0), []
    for _ in range(600):
        world.step(rng, schedule, learn=False)
        states.append(world.states)
    certificate = world.certify(np.array(states), schedule=schedule, time=0)
    assert two_sided(certificate.statements.statistics).min() > 1e-4
    assert {KINDS[kind] for kind in certificate.statements.kinds.tolist()} >= {"declared", "state"}


def test_deterministic_runs_leave_the_noise_out_and_are_refused() -> None:
    world = hearsay()
    run = dp.Simulator(world).infer(steps=9, mode="deterministic", start=[0.5, 0.1, -0.4, 0.2])
    with pytest.raises(dp.SettingError, match="new states are drawn"):
        world.certify(run)


def test_precision_of_the_run_scales_the_noise_as_well() -> None:
    world, _, _ = noisy_network(0)
    simulator = dp.Simulator(world, chains=8, seed=0)
    run = simulator.infer(steps=1500, precision=2.5, record="states")
    assert world.certify(run, precision=2.5).ok
    assert not world.certify(run).ok


def test_the_least_p_value_of_lawful_worlds_is_uniform_enough() -> None:
    """Of one statement (b follows a as declared) over 300 runs: Kolmogorov–Smirnov."""
    world = hearsay()
    p_values = []
    simulator = dp.Simulator(world, networks=300, chains=4, seed=5)
    states = simulator.infer(steps=150, burn_in=5, record="states").states
    for network in range(300):
        told = world.certify(states[:, network], functions="state").statements
        index = (told.kinds == 0) & (told.subjects == 1) & (told.first == 0)
        p_values.append(float(two_sided(told.statistics[index])[0]))
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 0.001
