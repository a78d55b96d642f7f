"""Currents and circulation: none in equilibrium, and otherwise those that quadrature says."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import deepparticle as dp
from deepparticle.analysis.circulation import Circulation, circulation, circulation_of
from deepparticle.analysis.currents import probability_currents
from deepparticle.analysis.entropy_production import entropy_production
from deepparticle.analysis.exact_currents import ExactCurrents, exact_currents
from deepparticle.analysis.exact_entropy_production import exact_entropy_production
from deepparticle.analysis.quadrature import interpolation
from deepparticle.blankets._types import FloatArray

BIAS = [0.5, -0.2]
ONE_WAY = np.array([[0.0, 4.0], [0.0, 0.0]])
TURNING = np.array([[0.0, 1.5], [-2.5, 0.0]])
EITHER_WAY = np.array([[0.0, 2.0], [2.0, 0.0]])
SCHEDULES = ("synchronous", "sequential", "random", "langevin")


def simulator(K: FloatArray, **settings: Any) -> dp.Simulator:
    return dp.Simulator(dp.from_couplings(K, bias=BIAS), **settings)


def in_quadrants(found: ExactCurrents) -> FloatArray:
    """The exact current, integrated over the four quadrants of the square, shape (2, 2, 2)."""
    x, y = (axis.nodes for axis in found.law.grid.axes)
    values = found.current.reshape(x.size, y.size, 2)
    nodes, weights = np.polynomial.legendre.leggauss(30)
    halves = 0.5 * np.array([nodes - 1.0, nodes + 1.0]).reshape(-1)
    values = interpolation(y, interpolation(x, values, 0)(halves), 1)(halves)
    scale = 0.5 * weights
    parts: FloatArray = np.einsum("iajbk,a,b->ijk", values.reshape(2, 30, 2, 30, 2), scale, scale)
    return parts


# ---------------------------------------------------------------------- exactly


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), schedule=st.sampled_from(SCHEDULES[:3]))
def test_currents_have_no_sources_and_vanish_in_equilibrium(seed: int, schedule: str) -> None:
    rng = np.random.default_rng(seed)
    K = rng.uniform(-2.0, 2.0, (2, 2)) * (1 - np.eye(2))
    found = exact_currents(K, BIAS, schedule=schedule)
    # No net displacement: E[y] = E[x].
    np.testing.assert_allclose(found.law.weights @ found.current, 0.0, atol=1e-12)
    still = exact_currents(0.5 * (K + K.T), BIAS, schedule=schedule)
    assert abs(still.rotation) < 1e-12
    np.testing.assert_allclose(still.current, 0.0, atol=1e-12)


def test_the_ends_of_sweeps_go_round_even_in_equilibrium() -> None:
    # A fixed scan is not reversible step by step: its reversal runs the scan backwards. Only the
    # single updates tell that nothing flows.
    found = exact_currents(EITHER_WAY, BIAS, schedule="sequential", between="steps")
    assert found.rotation == pytest.approx(-0.1457, abs=1e-4)
    assert exact_entropy_production(EITHER_WAY, BIAS, schedule="sequential") < 1e-12
    sim = simulator(EITHER_WAY, schedule="sequential", seed=2)
    assert circulation_of(sim.fork(chains=40).infer(steps=300).states).significant()[0, 1]
    updates = circulation(sim, steps=300, chains=40)
    assert abs(updates.values[0, 1]) < 4 * updates.standard_error[0, 1]


# What a pair produces: so many times its circulation times A, in the unit of the schedule.
FACTORS = {"synchronous": 2.0, "sequential": 1.0, "random": 0.5, "langevin": 1.0}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("K", [ONE_WAY, TURNING], ids=["one way", "turning"])
def test_production_is_affinity_times_circulation(schedule: str, K: FloatArray) -> None:
    found = exact_currents(K, BIAS, schedule=schedule)
    production = FACTORS[schedule] * 0.5 * (K[1, 0] - K[0, 1]) * found.rotation
    expected = exact_entropy_production(K, BIAS, schedule=schedule)
    assert production == pytest.approx(expected, rel=1e-7)


def test_three_rows_that_drive_one_another_in_a_ring() -> None:
    ring = 1.5 * np.roll(np.eye(3), 1, axis=0)  # 0 drives 1 drives 2 drives 0
    for schedule in ("synchronous", "random"):
        turned = exact_currents(ring, schedule=schedule).circulation
        np.testing.assert_allclose(turned, -turned.T, atol=1e-14)
        assert turned[0, 1] == pytest.approx(turned[1, 2], abs=1e-12)
        assert turned[0, 1] == pytest.approx(turned[2, 0], abs=1e-12)
        assert turned[0, 1] > 0.01  # the driver leads


# ---------------------------------------------------------------------- samples


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_records_agree_with_quadrature(schedule: str) -> None:
    sim = simulator(TURNING, schedule=schedule, chains=100, seed=4)
    steps = 4000 if schedule == "langevin" else 400
    states = sim.infer(steps=steps, burn_in=100, record="states").states
    found = probability_currents(states, bins=2, limits=[[-1, 1], [-1, 1]])
    exact = exact_currents(sim, between="steps")
    time = 0.01 if schedule == "langevin" else 1.0
    slack = 0.1 * abs(exact.rotation * time) if schedule == "langevin" else 0.0  # of the time step
    assert abs(found.rotation - exact.rotation * time) < 4 * found.rotation_error + slack
    expected = in_quadrants(exact) * time  # quadrants have area 1
    slack = 0.1 * np.abs(expected).max() if schedule == "langevin" else 0.0
    assert np.all(np.abs(found.current - expected) < 4 * found.standard_error + slack)
    assert np.abs(expected / found.standard_error).max() > 10  # and it is seen


def test_the_net_flux_and_the_current_tell_the_same() -> None:
    # Coarse bins: j_a = ½ Σ_b flux_ab (r_b − r_a), with the centres of bins for states.
    states = simulator(TURNING, chains=30, seed=1).infer(steps=300, burn_in=30).states
    centred = np.sign(states) * 0.5
    found = probability_currents(centred, bins=2, limits=[[-1, 1], [-1, 1]])
    x, y = found.centres
    centres = np.array([[a, b] for a in x for b in y])
    flux = found.net_flux.toarray()
    np.testing.assert_allclose(flux, -flux.T)
    by_flux = 0.5 * (flux @ centres - flux.sum(axis=1)[:, None] * centres)
    np.testing.assert_allclose(found.current.reshape(-1, 2), by_flux, atol=1e-12)
    assert found.density.sum() == pytest.approx(1.0)  # bins have area 1


def test_no_current_is_seen_in_equilibrium() -> None:
    states = (
        simulator(EITHER_WAY, schedule="random", chains=50, seed=2)
        .infer(steps=400, burn_in=50)
        .states
    )
    found = probability_currents(states, bins=4)
    scores = found.current / found.standard_error
    assert np.abs(scores).max() < 4.5  # 32 of them
    assert 0.7 < scores.std() < 1.3  # the errors are the right ones
    assert abs(found.rotation) < 4 * found.rotation_error


def test_a_plane_can_be_two_directions() -> None:
    states = np.random.default_rng(0).normal(size=(100, 2, 5))
    directions = np.random.default_rng(1).normal(size=(2, 5))
    one = probability_currents(states, plane=directions, bins=3)
    other = probability_currents(states @ directions.T, bins=3)
    np.testing.assert_allclose(one.current, other.current)
    rows = probability_currents(states, plane=(3, -1), bins=3)
    picked = probability_currents(states[..., [3, 4]], bins=3)
    np.testing.assert_allclose(rows.current, picked.current)


def test_what_lies_outside_the_limits_is_in_no_bin() -> None:
    circle = np.stack([np.cos(np.arange(200.0)), np.sin(np.arange(200.0))], axis=1)
    found = probability_currents(circle, bins=2, limits=[[0, 1], [0, 1]])
    assert 0.2 < found.density.sum() * 0.25 < 0.3
    assert found.net_flux.shape == (4, 4)
    assert repr(found).startswith("<Currents in 2×2 bins, rotation 0.84")


# ---------------------------------------------------------------------- circulation


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_circulation_agrees_with_quadrature(schedule: str) -> None:
    sim = simulator(TURNING, schedule=schedule, seed=1)
    exact = exact_currents(sim).rotation
    found = circulation(sim, steps=2000 if schedule == "langevin" else 400, chains=64)
    slack = 0.1 * abs(exact) if schedule == "langevin" else 0.0
    assert abs(found.values[0, 1] - exact) < 4 * found.standard_error[0, 1] + slack
    np.testing.assert_array_equal(found.values, -found.values.T)
    assert found.significant()[0, 1]
    assert found.unit == ("unit of time" if schedule == "langevin" else "step")


def test_circulation_of_a_record_is_the_same_quantity_with_more_noise() -> None:
    sim = simulator(TURNING, chains=40, seed=3)
    run = circulation_of(sim.infer(steps=400, burn_in=50).states)
    expected = circulation(simulator(TURNING, seed=3), steps=400, chains=40)
    exact = exact_currents(sim).rotation
    assert abs(run.values[0, 1] - exact) < 4 * run.standard_error[0, 1]
    assert expected.standard_error[0, 1] < 0.8 * run.standard_error[0, 1]
    assert run.parts == 40


def test_the_pairs_of_a_large_network_that_are_driven_one_way_are_found() -> None:
    size, pairs = 40, [(0, 1), (5, 9), (30, 12)]
    K = np.zeros((size, size))
    for source, target in pairs:
        K[target, source] = 2.0
    K[20, 21] = K[21, 20] = 2.0  # in equilibrium
    sim = dp.Simulator(dp.from_couplings(K, bias=0.2), schedule="sequential", seed=5)
    found = circulation(sim, steps=400, chains=20)
    named = np.argwhere(np.triu(found.significant(0.01)))
    assert sorted(map(tuple, named.tolist())) == sorted((min(p), max(p)) for p in pairs)
    led = [(lead, follow) for lead, follow, _, _ in found.strongest(3)]
    assert sorted(led) == sorted(pairs)


@pytest.mark.parametrize("schedule", [*SCHEDULES, "chromatic"])
def test_the_circulation_of_all_pairs_adds_up_to_the_production(schedule: str) -> None:
    # The same run: what they are measured on is the same, up to the means that are taken off.
    size, factors = 12, {**FACTORS, "random": 1 / 12, "chromatic": 1.0}
    rng = np.random.default_rng(0)
    K = 0.3 * rng.normal(size=(size, size)) * (1 - np.eye(size))
    K *= rng.random(K.shape) < 0.3
    world = dp.from_couplings(scipy.sparse.csr_array(K))
    sim = dp.Simulator(world, schedule=schedule, seed=2, layout="dense")
    turned = circulation(sim, steps=400, chains=32).values
    production = entropy_production(sim, steps=400, chains=32)
    by_pairs = factors[schedule] * 0.5 * np.triu((K.T - K) * turned, 1).sum()
    assert by_pairs == pytest.approx(production.value, rel=0.02)


def test_each_network_has_its_own_circulation_and_clocks_are_heeded() -> None:
    sim = simulator(TURNING, networks=2, seed=1)
    sim.couplings = np.stack([TURNING, -TURNING])
    found = circulation(sim, steps=200)
    assert found.values.shape == (2, 2, 2)
    assert np.all(found.values[:, 0, 1] * [1, -1] < 0.0)
    with pytest.raises(dp.SettingError, match="the pairs of one network"):
        found.strongest()
    slow = simulator(TURNING, clock=[1, 2], seed=1)
    measured = circulation(slow, steps=400, chains=64)
    assert abs(measured.values[0, 1] - exact_currents(slow).rotation) < (
        4 * measured.standard_error[0, 1]
    )
    both = circulation_of(sim.fork(chains=20).infer(steps=60).states)
    assert both.values.shape == (2, 2, 2)
    assert repr(both).startswith("<Circulation of 2 networks of 2 states: at most ")


def test_false_discoveries_are_rare() -> None:
    rng = np.random.default_rng(0)
    quiet = [circulation_of(rng.normal(size=(100, 20, 6))).significant() for _ in range(40)]
    wrong = np.mean([found.any() for found in quiet])
    assert wrong < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 40)
    nothing = Circulation(np.zeros((1, 1)), np.zeros((1, 1)), 4)
    assert not nothing.significant().any()
    assert nothing.scores.tolist() == [[0.0]]


# ---------------------------------------------------------------------- errors


def test_records_of_another_shape_are_refused() -> None:
    with pytest.raises(dp.SettingError, match=r"\(steps, N\) or \(steps, chains, N\)"):
        probability_currents(np.zeros((5, 2)))
    with pytest.raises(dp.SettingError, match=r"a plane is two of the rows 0…2"):
        probability_currents(np.zeros((50, 3)), plane=(0, 7))
    with pytest.raises(dp.SettingError, match="more than 40 steps"):
        circulation_of(np.zeros((30, 2)))
    with pytest.raises(dp.SettingError, match="one network at a time"):
        exact_currents(simulator(TURNING, networks=2))
