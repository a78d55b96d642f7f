"""The steps from flows to symmetry: what the tests common to all steps do not cover."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from support.worlds import worlds

import deepparticle as dp
from deepparticle.derivation.generative_pair import GenerativePair
from deepparticle.derivation.steps import (
    delta_couplings,
    flows,
    free_energy,
    marginalisation,
    particular_partition,
    subparticles,
    symmetry,
)

STEPS = {
    module.STEP.name: module.STEP
    for module in (
        flows,
        particular_partition,
        free_energy,
        subparticles,
        delta_couplings,
        marginalisation,
        symmetry,
    )
}

few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def _pair(noise: float | None = None, **settings: Any) -> dp.Partition:
    world = dp.Partition("world", **settings)
    a, b = world.add_subparticle("a", bias=0.3), world.add_subparticle("b", state=0.6)
    for source, target in ((a, b), (b, a)):
        boundary = world.couple(source, target, 1.5)
        if noise is not None:
            boundary.conditional = dp.GaussianBoundary(1.5, noise)
    return world


@pytest.mark.parametrize("name", ["delta-couplings", "marginalisation"])
def test_with_noise_at_the_boundary_the_sides_differ_and_it_is_said_why(name: str) -> None:
    check = STEPS[name].check(_pair(noise=0.5))
    assert check.broken == ("delta couplings",)
    assert not check.holds
    assert STEPS[name].check(_pair(noise=0.0)).holds


@few
@given(world=worlds())
def test_without_a_boundary_state_the_slope_is_exactly_0(world: dp.Partition) -> None:
    check = STEPS["flows"].check(world)
    coupled = {f"{b.source.path} → {b.target.path}" for b in world.boundaries()}
    apart = np.array([entry not in coupled for entry in check.entries])
    assert np.all(check.left[apart] == 0.0)
    assert len(check.entries) == len(set(check.entries)) == len(world.subparticles) ** 2


@few
@given(world=worlds(min_leaves=3))
def test_every_leak_is_found_by_both_judges(world: dp.Partition) -> None:
    check = STEPS["particular-partition"].check(world)
    assert np.all(check.left[0::2] == 1.0)
    assert np.all(check.left[1::2] == 0.0)
    assert np.array_equal(check.left, check.right)
    assert check.left.size > 0


@few
@given(
    hidden=st.sampled_from([dp.ContinuousBernoulli(), dp.Gaussian(2.0)]),
    seen=st.sampled_from([dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian()]),
    numbers=st.tuples(*[st.floats(-2, 2)] * 3),
)
def test_surprise_is_that_of_adaptive_quadrature(
    hidden: Any, seen: Any, numbers: tuple[float, float, float]
) -> None:
    prior, drive, coupling = numbers
    pair = GenerativePair(hidden, seen, prior, drive, coupling, state=1.0)

    def joint(eta: float) -> float:
        argument = drive + coupling * eta
        logs = prior * eta - hidden.log_partition(prior) + argument - seen.log_partition(argument)
        logs -= eta**2 / 4.0 if isinstance(hidden, dp.Gaussian) else 0.0
        logs -= 0.5 if isinstance(seen, dp.Gaussian) else 0.0
        return float(np.exp(logs))

    low, high = np.clip(hidden.support, -40.0, 40.0)
    total = quad(joint, low, high, epsabs=1e-13, epsrel=1e-12, limit=400)[0]
    assert pair.surprise(160) == pytest.approx(-np.log(total), abs=1e-8)
    assert pair.free_energy(prior, 160) >= pair.surprise(160) - 1e-12


@given(numbers=st.tuples(*[st.floats(-3, 3)] * 3), state=st.sampled_from([-1.0, 1.0]))
def test_of_two_spins_the_least_free_energy_is_the_surprise_of_bayes_rule(
    numbers: tuple[float, float, float], state: float
) -> None:
    prior, drive, coupling = numbers
    pair = GenerativePair(dp.Spin(), dp.Spin(), prior, drive, coupling, state)
    spins = np.array([-1.0, 1.0])
    hidden = np.exp(prior * spins) / (2 * np.cosh(prior))
    argument = drive + coupling * spins
    joint = hidden * np.exp(argument * state) / (2 * np.cosh(argument))
    posterior = 0.5 * np.log(joint[1] / joint[0])
    assert pair.surprise(1) == pytest.approx(-np.log(joint.sum()), abs=1e-12)
    assert pair.free_energy(posterior, 1) == pytest.approx(-np.log(joint.sum()), abs=1e-12)
    assert pair.free_energy(posterior + 0.5, 1) > pair.surprise(1)


def test_a_strong_coupling_does_not_spoil_the_quadrature() -> None:
    for kind in (dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian(base_variance=4.0)):
        world = dp.Partition("world")
        a = world.add_subparticle("a", bias=-5.0, state=1.0, distribution=kind)
        b = world.add_subparticle("b", state=-1.0)
        world.couple(a, b, 200.0)
        world.couple(b, a, -100.0)
        for step in STEPS.values():
            check = step.check(world)
            assert check.holds, f"{step.name}: {check}"


@pytest.mark.parametrize("name", STEPS)
def test_a_check_asks_nothing_of_the_outside_and_ignores_clocks(name: str) -> None:
    def refuse(value: Any, actions: Any, rng: np.random.Generator) -> Any:
        raise AssertionError("the outside was asked to answer")

    world = _pair(clock=3, precision=0.5)
    light = world.add_external("light", 0.8, process=refuse)
    world.sense(light, "a", 2.0)
    world.act("b", light, 1.0)
    world.time = 1  # nobody is due
    check = STEPS[name].check(world)
    assert check.promised
    assert check.holds
    assert check.left.size > 0
    assert world.states.tolist() == [0.0, 0.6]


def test_every_row_is_counted_once_at_every_level() -> None:
    world = dp.Partition("world")
    brain = world.add_partition("brain")
    brain.add_partition("column").add_subparticle("a")
    brain.add_population("sheet", 3)
    world.add_subparticle("body")
    check = STEPS["subparticles"].check(world)
    assert check.entries[:5] == tuple(
        f"{path}, level 1"
        for path in ("brain/column/a", *(f"brain/sheet/{n}" for n in range(3)), "body")
    )
    assert len(check.entries) == 3 * 5
    assert check.holds


def test_how_far_an_antisymmetric_part_moves_the_law_of_a_pair() -> None:
    example = STEPS["symmetry"].counterexample()
    assert example is not None
    assert example.check.left.round(3).tolist() == [0.175, 0.287, 0.116]
