"""Checks of lawful worlds with numbers that nobody would choose: what is promised has to hold.

Couplings and biases from 1e-3 to 1e3, precisions of 0, 1e-8 and 1e4, normal laws as narrow as 1e-3
and as wide as 1e3, alone and together.
"""

import numpy as np
import pytest
from numpy.random import Generator

import deepparticle as dp
from deepparticle.derivation import STEPS, Step
from deepparticle.derivation.beliefs import expectations, log_normalisers
from deepparticle.derivation.subject import subject_of

each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)

PRECISIONS = (0.0, 1e-8, 1e-3, 0.5, 1.0, 30.0, 1e4)


def size(rng: Generator) -> float:
    """A scale between 1e-3 and 1e3, or nothing at all."""
    return float(10.0 ** rng.uniform(-3.0, 3.0)) if rng.random() < 0.7 else 0.0


def family(rng: Generator, kind: str) -> dp.StateDistribution:
    if kind == "mixed":
        kind = str(rng.choice(["bernoulli", "spin", "normal"]))
    if kind == "spin":
        return dp.Spin()
    if kind == "normal":
        return dp.Gaussian(float(10.0 ** rng.uniform(-3.0, 3.0)))
    return dp.ContinuousBernoulli()


def extreme(seed: int) -> dp.Partition:
    """A lawful world, with one clock, of up to ten subparticles in partitions or not."""
    rng = np.random.default_rng(seed)
    world = host = dp.Partition("world")
    kind = str(rng.choice(["bernoulli", "bernoulli", "spin", "normal", "mixed"]))
    strength, bias, precision = size(rng), size(rng), float(rng.choice(PRECISIONS))
    leaves = []
    for row in range(int(rng.choice([1, 2, 3, 4, 6, 10]))):
        if rng.random() < 0.15:
            host = world.add_partition(f"part{row}")
        law = family(rng, kind)
        state = rng.choice([-1.0, 1.0]) if isinstance(law, dp.Spin) else rng.uniform(-1.0, 1.0)
        leaves.append(
            host.add_subparticle(
                f"n{row}",
                bias=float(bias * rng.normal()),
                state=float(state),
                distribution=law,
                precision=float(rng.choice(PRECISIONS)) if rng.random() < 0.05 else precision,
                learning_rate=float(rng.choice([0.0, 1e-3, 0.1, 10.0])),
            )
        )
    symmetric, density = rng.random() < 0.7, rng.choice([0.0, 0.3, 1.0])
    for row, one in enumerate(leaves):
        for other in leaves[:row]:
            if rng.random() < density:
                weights = strength * rng.normal(size=2)
                world.couple(one, other, float(weights[0]))
                world.couple(other, one, float(weights[0 if symmetric else 1]))
    if rng.random() < 0.5:
        light = world.add_external("light", float(bias * rng.normal()))
        world.sense(light, leaves[0], float(rng.normal()))
    return world


@each_step
def test_what_is_promised_holds_at_any_size(step: Step) -> None:
    for seed in range(30):
        check = step.check(extreme(seed), seed)
        assert np.all(np.isfinite([check.left, check.right])), (seed, check)
        assert check.holds or check.broken, (seed, check)


@pytest.mark.parametrize("argument", [0.0, -1e-9, 3.0, -40.0, 700.0, -1e4, 1e7])
@pytest.mark.parametrize("law", [dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian(0.01)], ids=str)
def test_integrals_over_a_belief_reach_any_slope(
    argument: float, law: dp.StateDistribution
) -> None:
    world = dp.Partition("world")
    world.add_subparticle("a", distribution=law, state=1.0)
    subject, arguments = subject_of(world), np.array([argument])
    mean = expectations(subject, arguments, lambda states, rows: states)[0]
    spread = expectations(subject, arguments, lambda states, rows: (states - mean) ** 2)[0]
    ratio = log_normalisers(subject, arguments)[0] - log_normalisers(subject, 0.0 * arguments)[0]
    assert mean == pytest.approx(law.mean(argument), rel=1e-11, abs=1e-15)
    # Densities around a mean that is 1e6 spreads away from 0 are known to four digits.
    assert spread == pytest.approx(law.variance(argument), rel=1e-4, abs=1e-30)
    expected = law.log_partition(argument) - law.log_partition(0.0)
    assert ratio == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_a_belief_between_strong_claims_is_found() -> None:
    world = dp.Partition("world")
    a = world.add_subparticle("a", bias=-102.0, distribution=dp.Spin(), state=-1.0)
    b = world.add_subparticle("b", bias=-102.0, distribution=dp.Spin(), state=-1.0)
    world.couple(a, b, -107.6)
    world.couple(b, a, -107.6)
    check = dp.derivation.step("inference-rule").check(world)
    assert check.right == pytest.approx(np.tanh([5.6, 5.6]), abs=1e-12)
    assert check.residual < 1e-7  # 1 − tanh(5.6) is 2.7e-5


@pytest.mark.parametrize("precision", [1e-8, 1.0, 1e4])
@pytest.mark.parametrize("variance", [1e-3, 1.0, 1e3])
def test_the_response_of_a_lone_subparticle_is_measured_at_any_size(
    precision: float, variance: float
) -> None:
    world = dp.Partition("world", precision=precision)
    world.add_subparticle("a", bias=0.3, distribution=dp.Gaussian(variance))
    check = dp.derivation.step("recursion").check(world)
    assert check.left[1] == pytest.approx(precision * variance, rel=1e-6)
    assert check.holds


def test_states_that_run_away_have_no_response_to_speak_of() -> None:
    world = dp.Partition("world")
    a, b = (world.add_subparticle(name, distribution=dp.Gaussian(9.0), bias=1.0) for name in "ab")
    world.couple(a, b, 2.0)
    world.couple(b, a, 2.0)
    check = dp.derivation.step("recursion").check(world)
    assert check.vacuous or check.holds


def test_a_large_network_is_checked_too() -> None:
    rng = np.random.default_rng(0)
    chosen = np.triu(rng.random((256, 256)) < 0.02, 1)
    half = chosen * rng.normal(size=(256, 256)) / np.sqrt(5.0)
    world = dp.from_couplings(half + half.T, bias=rng.normal(size=256))
    for name in ("flows", "joint-law", "schedules", "learning-rule", "orthogonalisation"):
        check = dp.derivation.step(name).check(world)
        assert check.holds, check
