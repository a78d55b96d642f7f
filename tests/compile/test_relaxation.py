"""Relaxation stops when the *state* rests; orbits and unfinished runs are called by their names."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import deepparticle as dp
from deepparticle.blankets._types import FloatArray

CB = dp.ContinuousBernoulli()
BIAS = np.array([0.1, 0.0, -0.2])
J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
U = np.array([0.4, -1.0, 0.2])

every_backend = pytest.mark.parametrize("backend", ["objects", "numpy"])
SCHEDULES = ["synchronous", "sequential", "chromatic", "random"]
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


def net(**settings: Any) -> dp.Partition:
    return dp.from_couplings(J, bias=BIAS, name="net", **settings)


def pair(weight: float) -> dp.Partition:
    return dp.from_couplings([[0.0, weight], [weight, 0.0]], name="pair")


def amplitude(weight: float) -> float:
    """The positive root of m = L(|weight| m)."""
    return float(brentq(lambda m: CB.mean(abs(weight) * m) - m, 0.05, 1.0, xtol=1e-15))


# ---------------------------------------------------------------------- fixed points


@every_backend
@every_schedule
def test_a_fixed_point_is_a_fixed_point(backend: str, schedule: str) -> None:
    found = dp.Simulator(net(), backend, schedule).relax([0.9, -0.5, 0.1], U, 2.0)
    assert found.converged is True
    assert found.period == 1
    assert found.states.shape == (3,)
    residual = CB.mean(2.0 * (BIAS + J @ found.states + U)) - found.states
    assert np.abs(residual).max() <= 1e-9


def test_all_schedules_agree_on_fixed_points() -> None:
    simulators = [dp.Simulator(net(), schedule=schedule) for schedule in SCHEDULES]
    ends = [simulator.relax(evidence=U).states for simulator in simulators]
    np.testing.assert_allclose(ends, [ends[0]] * len(ends), atol=1e-8)


@every_schedule
def test_mixed_distributions_rest_at_their_own_means(schedule: str) -> None:
    world = dp.Partition("mixed", precision=0.8)
    for name, distribution in (("cb", CB), ("spin", dp.Spin()), ("gauss", dp.Gaussian(0.5))):
        world.add_subparticle(name, bias=0.3, distribution=distribution)
    world.couple_ring(0.6)
    found = dp.Simulator(world, schedule=schedule).relax()
    theta = 0.8 * (0.3 + world.couplings @ found.states)
    expected = [CB.mean(theta[0]), np.tanh(theta[1]), 0.5 * theta[2]]
    np.testing.assert_allclose(found.states, expected, atol=1e-9)


def test_two_memories_are_two_fixed_points() -> None:
    found = dp.Simulator(pair(6.0)).relax([[0.3, 0.2], [-0.1, -0.4]])
    m = amplitude(6.0)
    np.testing.assert_allclose(found.states, [[m, m], [-m, -m]], atol=1e-8)
    assert np.all(found.converged)


def test_whoever_rests_already_makes_no_step() -> None:
    simulator = dp.Simulator(net())
    rest = simulator.relax(evidence=U, tolerance=1e-13).states
    again = simulator.relax(rest, U)
    assert again.steps == 0
    np.testing.assert_array_equal(again.states, rest)


def test_the_tolerance_is_the_residual_that_is_left() -> None:
    simulator = dp.Simulator(net())
    ends = [simulator.relax(evidence=U, tolerance=10.0**-digits) for digits in (3, 6, 12)]
    assert ends[0].steps < ends[1].steps < ends[2].steps
    residuals = [np.abs(CB.mean(BIAS + J @ end.states + U) - end.states).max() for end in ends]
    assert residuals[0] <= 1e-3
    assert 1e-12 < residuals[1] <= 1e-6
    assert residuals[2] <= 1e-12


def test_float32_simulators_relax_to_the_same_fixed_points() -> None:
    single, double = (dp.Simulator(net(), dtype=dtype).relax(evidence=U) for dtype in "fd")
    assert single.converged
    np.testing.assert_allclose(single.states, double.states, atol=1e-6)


# ---------------------------------------------------------------------- orbits


@every_backend
def test_an_orbit_of_two_states_is_reported_and_not_called_a_fixed_point(backend: str) -> None:
    found = dp.Simulator(pair(-8.0), backend).relax([0.5, 0.5])
    assert (found.converged, found.period) == (False, 2)
    assert found.steps < 100
    np.testing.assert_allclose(np.abs(found.states), amplitude(8.0), atol=1e-9)
    assert found.states[0] == found.states[1]


def test_the_free_energy_does_not_see_that_an_orbit_moves() -> None:
    # Why relaxation looks at states: along this orbit the mean-field free energy is constant.
    simulator = dp.Simulator(pair(-8.0))
    simulator.state = [0.5, 0.5]
    run = simulator.infer(None, 4, 100, "deterministic", record=("states", "mean_field"))
    assert np.ptp(run.mean_field) < 1e-12
    assert np.all(np.abs(np.diff(run.states, axis=0)) > 1.0)


@pytest.mark.parametrize("schedule", ["sequential", "random"])
def test_single_site_schedules_settle_where_the_synchronous_one_flips(schedule: str) -> None:
    found = dp.Simulator(pair(-8.0), schedule=schedule).relax([0.5, 0.5])
    m = amplitude(8.0)
    assert found.period == 1
    assert sorted(found.states) == pytest.approx([-m, m], abs=1e-8)


def test_fixed_points_and_orbits_are_told_apart_start_by_start() -> None:
    found = dp.Simulator(pair(-8.0)).relax([[0.5, 0.5], [0.5, -0.5], [0.0, 0.0]])
    assert np.asarray(found.period).tolist() == [2, 1, 1]
    assert np.asarray(found.converged).tolist() == [False, True, True]
    assert repr(found) == "<Relaxation of 3: 2 fixed points, 1 orbits of period 2, 0 not converged>"


@pytest.mark.parametrize("weight", [-2.9, -2.99])
def test_an_oscillation_that_dies_out_slowly_is_no_orbit(weight: float) -> None:
    # Successive states oppose each other and shrink by |weight|/3 per step.
    found = dp.Simulator(pair(weight)).relax([1.0, 1.0])
    assert (found.converged, found.period) == (True, 1)
    assert found.steps > 10 / (3 + weight)
    np.testing.assert_allclose(found.states, 0.0, atol=1e-8)


def test_an_oscillation_that_has_not_died_out_yet_is_neither() -> None:
    # At the critical coupling it dies out like 1/√t.
    found = dp.Simulator(pair(-3.0)).relax([1.0, 1.0], max_steps=3000)
    assert (found.converged, found.period, found.steps) == (False, 0, 3000)


def test_a_longer_cycle_is_neither() -> None:
    # A ring that inverts its state once around turns for ever: period 6.
    ring = 9.0 * np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = dp.Simulator(dp.from_couplings(ring)).relax([0.9, 0.1, -0.8], max_steps=500)
    assert (found.converged, found.period, found.steps) == (False, 0, 500)


def test_with_clocks_an_orbit_is_judged_over_whole_cycles() -> None:
    # With clock 2 every state is repeated once: the step before looks like a fixed point.
    simulator = dp.Simulator(pair(-8.0))
    assert simulator.relax([0.5, 0.5], clock=2).period == 2
    assert simulator.relax([0.5, -0.5], clock=2).period == 1
    # With unequal clocks one waits for the other, and both settle.
    settled = simulator.relax([0.5, 0.5], clock=[1, 2])
    assert settled.period == 1
    assert np.prod(np.sign(settled.states)) == -1


# ---------------------------------------------------------------------- what was not reached


def test_what_did_not_rest_is_reported_with_its_last_state() -> None:
    simulator = dp.Simulator(net())
    found = simulator.relax([0.9, 0.9, 0.9], U, max_steps=2)
    assert (found.converged, found.period, found.steps) == (False, 0, 2)
    run = simulator.infer(U, steps=2, mode="deterministic", start=[0.9, 0.9, 0.9])
    np.testing.assert_array_equal(found.states, run.states[-1])


@every_schedule
def test_the_states_of_one_start_do_not_depend_on_the_others(schedule: str) -> None:
    starts = np.random.default_rng(0).uniform(-1, 1, size=(4, 3))
    simulator = dp.Simulator(net(), schedule=schedule)
    together = simulator.relax(starts, U)
    for start, state in zip(starts, together.states, strict=True):
        np.testing.assert_allclose(simulator.relax(start, U).states, state, atol=1e-8)


# ---------------------------------------------------------------------- shapes and arguments


def test_a_batch_of_starts_has_an_axis_and_one_start_has_none() -> None:
    simulator = dp.Simulator(net())
    one, batch = simulator.relax(np.zeros(3)), simulator.relax(np.zeros((5, 3)))
    assert (one.states.shape, np.shape(one.converged), np.shape(one.steps)) == ((3,), (), ())
    assert batch.states.shape == (5, 3)
    assert [np.shape(part) for part in (batch.converged, batch.steps, batch.period)] == [(5,)] * 3
    assert isinstance(one.converged, bool)


@pytest.mark.parametrize("chains", [None, 4])
def test_by_default_it_starts_where_the_simulator_is(chains: int | None) -> None:
    simulator = dp.Simulator(pair(6.0), chains=chains, seed=3)
    simulator.infer(steps=3)
    found = simulator.relax()
    np.testing.assert_array_equal(found.states, simulator.relax(simulator.state).states)
    assert found.states.shape == simulator.state.shape


def test_each_start_can_have_its_own_evidence() -> None:
    simulator = dp.Simulator(net())
    evidence = np.array([U, -U])
    found = simulator.relax(np.zeros((2, 3)), evidence)
    by_name = simulator.relax(np.zeros((2, 3)), {"evidence": evidence})
    for row in range(2):
        alone = simulator.relax(np.zeros(3), evidence[row]).states
        np.testing.assert_allclose(found.states[row], alone, atol=1e-12)
        np.testing.assert_allclose(by_name.states[row], alone, atol=1e-12)


def test_without_evidence_external_states_hold_their_values() -> None:
    world = net()
    world["evidence"].value = U
    found = dp.Simulator(world).relax(np.zeros((2, 3)))
    expected = dp.Simulator(net()).relax(np.zeros(3), U).states
    np.testing.assert_allclose(found.states, [expected, expected], atol=1e-12)


def test_precision_is_that_of_the_call_or_the_simulator_or_the_world() -> None:
    ends: list[FloatArray] = [
        dp.Simulator(net(precision=2.0)).relax(evidence=U).states,
        dp.Simulator(net(), precision=2.0).relax(evidence=U).states,
        dp.Simulator(net(), precision=5.0).relax(evidence=U, precision=[2.0, 2.0, 2.0]).states,
    ]
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[0], ends[2])


@every_backend
@every_schedule
@pytest.mark.parametrize("chains", [None, 2])
def test_the_simulator_stays_as_it_is(backend: str, schedule: str, chains: int | None) -> None:
    simulator, undisturbed = (
        dp.Simulator(net(), backend, schedule, chains=chains, learning_rate=0.1) for _ in range(2)
    )
    for one in (simulator, undisturbed):
        one.learn(U, steps=3)
    simulator.relax(evidence=U)
    simulator.relax(np.zeros((7, 3)))
    assert simulator.time == undisturbed.time
    for name, value in vars(undisturbed.variables).items():
        np.testing.assert_array_equal(getattr(simulator.variables, name), value)
    runs = [one.learn(np.eye(3), epochs=4, record="states") for one in (simulator, undisturbed)]
    np.testing.assert_array_equal(runs[0].states, runs[1].states)
    np.testing.assert_array_equal(runs[0].patterns, runs[1].patterns)


def test_it_relaxes_with_the_couplings_as_learned() -> None:
    simulator = dp.Simulator(net())
    simulator.couplings = 3.0 * J
    state = simulator.relax(evidence=U).states
    np.testing.assert_allclose(CB.mean(BIAS + 3.0 * J @ state + U), state, atol=1e-9)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"start": [0.0]}, ValueError, r"relax, start: .*\(3,\) \(got shape \(1,"),
        ({"start": [0.0, 2.0, 0.0]}, ValueError, r"lies in \[-1, 1\] \(got 2\)"),
        ({"start": [0.0, np.nan, 0.0]}, ValueError, "the state is finite"),
        ({"start": np.zeros((1, 1, 3))}, ValueError, r"got shape \(1, 1, 3\)"),
        ({"evidence": [1.0]}, ValueError, r"relax: evidence has shape \(3,\)"),
        ({"evidence": np.zeros((2, 3))}, ValueError, r"shape \(3,\) \(got shape \(2, 3\)\)"),
        ({"evidence": {"scene": 1.0}}, KeyError, "a path names an existing object"),
        ({"precision": -1.0}, ValueError, "the precision is not negative"),
        ({"clock": 0}, ValueError, "the clock is at least 1"),
        ({"tolerance": 0.0}, ValueError, r"tolerance is positive \(got 0\.0\)"),
        ({"tolerance": np.nan}, ValueError, "the tolerance is finite"),
        ({"tolerance": "small"}, TypeError, "the tolerance is a real number"),
        ({"tolerance": [1e-9, 1e-9]}, TypeError, "the tolerance is a real number"),
        ({"max_steps": 0}, ValueError, "max_steps is at least 1"),
        ({"max_steps": 1e4}, TypeError, "max_steps is a whole number"),
    ],
)
def test_wrong_arguments_are_refused(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        dp.Simulator(net()).relax(**given)


def test_an_orbit_is_seen_with_a_loose_tolerance_too() -> None:
    swinging = dp.Simulator(dp.from_couplings(-4.0 * (1.0 - np.eye(4))))
    for tolerance in (1e-9, 1e-4, 1e-2):
        found = swinging.relax([0.5] * 4, tolerance=tolerance)
        assert (found.period, found.converged) == (2, False)


def test_clocks_without_a_short_common_cycle_need_no_long_memory() -> None:
    net_ = dp.from_couplings(0.5 * (1.0 - np.eye(3)), bias=0.3)
    found = dp.Simulator(net_, clock=[97, 89, 83]).relax(max_steps=20_000)
    assert found.converged
    assert found.period == 1
