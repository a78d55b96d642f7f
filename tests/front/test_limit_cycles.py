"""Limit cycles, held against enumeration, against linear dynamics, and against their own law."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from support.errors import says

import deepparticle as dp
from deepparticle.analysis import LimitCycles, attractors, limit_cycles
from deepparticle.blankets._types import FloatArray

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
mean = dp.ContinuousBernoulli().mean


def ring(size: int, weight: float) -> FloatArray:
    """Each subparticle hands its state on to the next, the last one to the first."""
    couplings: FloatArray = weight * np.roll(np.eye(size), 1, axis=0)
    return couplings


def orbits_of_signs(size: int, sign: int) -> list[list[tuple[int, ...]]]:
    """The orbits of rows of signs under x → sign × (x shifted by one place)."""
    found: list[list[tuple[int, ...]]] = []
    for start in product([1, -1], repeat=size):
        if any(start in orbit for orbit in found):
            continue
        orbit, state = [start], start
        while (state := tuple(sign * each for each in (state[-1], *state[:-1]))) != start:
            orbit.append(state)
        found.append(orbit)
    return found


def gaussian(couplings: FloatArray, **options: Any) -> dp.Simulator:
    """Linear dynamics: without noise each state becomes its field."""
    return dp.Simulator(dp.from_couplings(couplings, distribution=dp.Gaussian(), **options))


def step_of(simulator: dp.Simulator, states: FloatArray, **options: Any) -> FloatArray:
    twin = simulator.fork(chains=len(states))
    run = twin.infer(steps=1, mode="deterministic", start=states, record="states", **options)
    return np.asarray(run.states[-1])


def assert_law(simulator: dp.Simulator, found: LimitCycles, count: int, **options: Any) -> None:
    """What holds of every result, without clocks."""
    assert found.basins.sum() + found.open / count == pytest.approx(1.0)
    assert found.of_start.shape == (count,)
    assert np.all(found.basins > 0.0)
    assert found.periods.tolist() == [len(cycle) for cycle in found.cycles]
    for cycle in found.cycles:
        after = step_of(simulator, cycle, **options)
        np.testing.assert_allclose(after, np.roll(cycle, -1, axis=0), atol=1e-7)
    for period, inverse, cycle in zip(found.periods, found.self_inverse, found.cycles, strict=True):
        if inverse and period > 1:
            assert period % 2 == 0
            np.testing.assert_allclose(np.roll(cycle, period // 2, axis=0), -cycle, atol=0.02)


# --- Known answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", [3, 4, 6])
def test_a_ring_has_one_cycle_per_necklace(size: int, sign: int) -> None:
    # Above a gain of 3, where the slope of L at 0 is 1/3, each value settles at ± m, m = L(6 m).
    orbits = orbits_of_signs(size, sign)
    starts = 0.5 * np.array(list(product([1.0, -1.0], repeat=size)))
    found = limit_cycles(ring(size, sign * 6.0), starts, longest=2 * size)
    assert found.periods.tolist() == [len(orbit) for orbit in orbits]
    np.testing.assert_allclose(found.basins, found.periods / 2**size)
    settled = brentq(lambda x: mean(6.0 * x) - x, 0.1, 1.0, xtol=1e-15)
    np.testing.assert_allclose(np.abs(np.concatenate(found.cycles)), settled, atol=1e-8)
    inverse = [tuple(-each for each in orbit[0]) in orbit for orbit in orbits]
    assert found.self_inverse.tolist() == inverse
    up_to_sign = limit_cycles(ring(size, sign * 6.0), starts, longest=2 * size, modulo_sign=True)
    assert len(up_to_sign) == sum(inverse) + (len(orbits) - sum(inverse)) // 2
    assert up_to_sign.basins.sum() == pytest.approx(1.0)


def test_a_linear_ring_repeats_itself_from_every_start() -> None:
    starts = np.random.default_rng(0).normal(size=(4, 7))
    found = limit_cycles(gaussian(ring(7, 1.0)), starts, longest=16)
    assert found.periods.tolist() == [7, 7, 7, 7]
    assert found.of_start.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(np.sort(found.cycles[0][0]), np.sort(starts[0]))
    inverse = limit_cycles(
        gaussian(ring(7, 1.0)), [starts[0], -np.roll(starts[0], 3)], longest=16, modulo_sign=True
    )
    assert inverse.of_start.tolist() == [0, 0]
    assert inverse.self_inverse.tolist() == [False]


@pytest.mark.parametrize("residual", [1e-9, 1e-6, 1e-4])
@pytest.mark.parametrize("gain", [0.98, 0.999, 0.9999, 1 - 1e-6, 1 + 1e-6, 1 - 1e-10])
def test_a_spiral_into_the_fixed_point_is_no_cycle(gain: float, residual: float) -> None:
    # After seven steps the state is what it was, times gain⁷.
    starts = np.random.default_rng(0).normal(size=(3, 7))
    found = limit_cycles(gaussian(ring(7, gain)), starts, longest=16, residual=residual)
    soon = gain**5000 < residual
    assert found.periods.tolist() == ([1] if soon else [])
    assert found.open == (0 if soon else 3)


def test_a_drift_round_a_torus_stays_open() -> None:
    # Scaled to modulus 1, the complex eigenvalues turn the state by an angle of no whole share.
    couplings = np.array([[0.0, -1.0, 0.3], [1.0, 0.0, 0.2], [0.5, -0.4, 0.0]])
    values = np.linalg.eigvals(couplings)
    turn = values[np.argmax(values.imag)]
    assert abs(turn) == np.abs(values).max()
    found = limit_cycles(gaussian(couplings / abs(turn)), np.eye(3))
    assert (len(found), found.open) == (0, 3)


def test_what_converges_slower_than_any_geometric_sequence_stays_open() -> None:
    # At a gain of exactly 3 the state decays like 1/√t; it moves by 1e-6 per step after 10⁴ steps.
    found = limit_cycles(ring(3, 3.0), [[0.5, 0.5, 0.5]])
    assert (len(found), found.open) == (0, 1)


def test_an_antiferromagnet_swings_only_if_all_update_at_once() -> None:
    couplings = [[0.0, -9.0], [-9.0, 0.0]]
    together = limit_cycles(couplings, [[0.5, 0.4]])
    assert together.periods.tolist() == [2]
    assert together.self_inverse.tolist() == [True]
    in_turn = dp.Simulator(dp.from_couplings(couplings), schedule="sequential")
    found = limit_cycles(in_turn, [[0.5, 0.4], [-0.5, 0.4]])
    assert found.periods.tolist() == [1]
    np.testing.assert_allclose(found.cycles[0][0, 0], -found.cycles[0][0, 1])


def test_clocks_make_an_orbit_longer() -> None:
    # The slow one inverts the fast one every third step, the fast one copies the slow one.
    world = dp.from_couplings([[0.0, 9.0], [-9.0, 0.0]])
    simulator = dp.Simulator(world, clock=[1, 3])
    found = limit_cycles(simulator, [[0.9, 0.9], [-0.9, 0.9]], longest=12)
    assert found.periods.tolist() == [6]
    assert found.self_inverse.tolist() == [True]
    run = simulator.infer(steps=600, mode="deterministic", start=[0.9, 0.9]).states
    np.testing.assert_allclose(run[-6:], run[-12:-6], atol=1e-12)
    assert np.abs(run[-3:] - run[-6:-3]).max() > 1.0


def test_a_fixed_point_is_a_fixed_point_under_any_clocks() -> None:
    simulator = dp.Simulator(dp.from_couplings([[0.0, 9.0], [9.0, 0.0]]), clock=[2, 5])
    found = limit_cycles(simulator, [[0.5, 0.5], [-0.5, -0.5]], longest=29)
    assert found.periods.tolist() == [1, 1]
    message = says(
        "limit_cycles: longest covers the common cycle of the clocks, 10 (got 9). "
        "Mend: give longest=10 or more."
    )
    with pytest.raises(dp.SettingError, match=message):
        limit_cycles(simulator, longest=9)


def test_evidence_is_per_start_or_for_all() -> None:
    couplings = 2.0 * (1.0 - np.eye(3))
    evidence = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    starts = np.zeros((3, 3))
    found = limit_cycles(couplings, starts, evidence=evidence, precision=0.5)
    for start, given_ in zip(range(3), evidence, strict=True):
        cycle = found.cycles[found.of_start[start]]
        np.testing.assert_allclose(mean(0.5 * (couplings @ cycle[0] + given_)), cycle[0], atol=1e-8)
    named = limit_cycles(couplings, starts, evidence={"evidence": evidence}, precision=0.5)
    np.testing.assert_array_equal(named.of_start, found.of_start)
    same = limit_cycles(couplings, starts, evidence=evidence[0], precision=0.5)
    assert same.of_start.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(same.cycles[0], found.cycles[0])


def test_starts_in_groups_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    couplings = 3.0 * rng.normal(size=(5, 5)) * ~np.eye(5, dtype=bool)
    evidence = rng.normal(size=(30, 5))
    together = limit_cycles(couplings, 30, evidence=evidence, longest=8)
    # Seven starts at a time: 5 numbers each, in a window of twice 8 steps.
    monkeypatch.setitem(limit_cycles.__globals__, "_NUMBERS", 7 * 5 * 16)
    in_groups = limit_cycles(couplings, 30, evidence=evidence, longest=8)
    np.testing.assert_array_equal(in_groups.of_start, together.of_start)
    assert in_groups.periods.tolist() == together.periods.tolist()


def test_what_leaves_for_infinity_reaches_no_cycle() -> None:
    starts = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    found = limit_cycles(gaussian(ring(3, 1.5)), starts, longest=8)
    assert found.of_start.tolist() == [-1, 0, -1]
    assert found.open == 2
    np.testing.assert_array_equal(found.cycles[0], np.zeros((1, 3)))


def test_single_precision_is_enough() -> None:
    world = dp.from_couplings(ring(3, 6.0))
    single = limit_cycles(dp.Simulator(world, dtype="float32"), 20, longest=8)
    double = limit_cycles(world.couplings, 20, longest=8)
    np.testing.assert_array_equal(single.of_start, double.of_start)
    assert single.periods.tolist() == double.periods.tolist()


# --- Laws -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(generators, st.integers(1, 8), st.floats(0.5, 8.0), st.booleans(), st.booleans())
def test_every_cycle_is_one_and_every_start_is_accounted_for(
    rng: np.random.Generator, size: int, scale: float, biased: bool, in_turn: bool
) -> None:
    couplings = scale * rng.normal(size=(size, size)) * ~np.eye(size, dtype=bool)
    world = dp.from_couplings(couplings, bias=rng.normal(size=size) * biased)
    simulator = dp.Simulator(world, schedule="sequential" if in_turn else "synchronous")
    options: dict[str, Any] = {
        "starts": 12,
        "seed": int(rng.integers(2**32)),
        "longest": 12,
        "max_steps": 400,
    }
    found = limit_cycles(simulator, **options)
    assert_law(simulator, found, 12)
    up_to_sign = limit_cycles(simulator, modulo_sign=True, **options)
    assert len(found) / 2 <= len(up_to_sign) <= len(found)
    np.testing.assert_array_equal(up_to_sign.of_start < 0, found.of_start < 0)
    # Where both find a fixed point, it is the same one.
    rests = attractors(simulator, options["starts"], seed=options["seed"], max_steps=800)
    for start in range(12):
        number = found.of_start[start]
        if number >= 0 and found.periods[number] == 1:
            assert rests.of_start[start] >= 0
            state = rests.states[rests.of_start[start]]
            np.testing.assert_allclose(found.cycles[number][0], state, atol=0.02)


@settings(max_examples=25, deadline=None)
@given(generators, st.integers(2, 8), st.floats(0.5, 8.0))
def test_symmetric_couplings_have_no_cycle_longer_than_two(
    rng: np.random.Generator, size: int, scale: float
) -> None:
    couplings = scale * rng.normal(size=(size, size)) * ~np.eye(size, dtype=bool)
    world = dp.from_couplings(couplings + couplings.T, bias=rng.normal(size=size))
    for schedule, longest in (("synchronous", 2), ("sequential", 1), ("chromatic", 1)):
        simulator = dp.Simulator(world, schedule=schedule)
        found = limit_cycles(simulator, 6, longest=12, seed=0, max_steps=500)
        assert np.all(found.periods <= longest)


@settings(max_examples=15, deadline=None)
@given(generators, st.integers(2, 5), st.lists(st.integers(1, 3), min_size=5, max_size=5))
def test_periods_are_those_of_a_long_run(
    rng: np.random.Generator, size: int, clock: list[int]
) -> None:
    couplings = 5.0 * rng.normal(size=(size, size)) * ~np.eye(size, dtype=bool)
    simulator = dp.Simulator(dp.from_couplings(couplings), clock=clock[:size])
    starts = rng.uniform(-1, 1, size=(4, size))
    found = limit_cycles(simulator, starts, longest=24, max_steps=800)
    run = simulator.fork(chains=4).infer(steps=2000, mode="deterministic", start=starts).states
    for start in range(4):
        if found.of_start[start] < 0:
            continue
        tail = run[-600:, start]
        repeats = [lag for lag in range(1, 25) if np.abs(tail[lag:] - tail[:-lag]).max() <= 1e-7]
        assert repeats
        assert repeats[0] == found.periods[found.of_start[start]]


# --- What is refused ------------------------------------------------------------------------------


def test_a_random_order_of_updates_is_no_map() -> None:
    simulator = dp.Simulator(dp.from_couplings(ring(3, 1.0)), schedule="random")
    message = says(
        "limit_cycles: a step is a map: it has the same order of updates each time (got schedule "
        "'random'). Mend: use another schedule, or attractors for its fixed points."
    )
    with pytest.raises(dp.SettingError, match=message):
        limit_cycles(simulator)


def test_a_world_that_answers_is_held() -> None:
    world = dp.Partition("world")
    cell = world.add_subparticle("cell")
    scene = world.add_external("scene", 0.5, process=lambda value, action, rng: -value)
    world.sense(scene, cell)
    simulator = dp.Simulator(world)
    message = says(
        "limit_cycles: a step is a map of the states: no external state answers them (got "
        "'scene', which has a process). Mend: hold it with evidence={'scene': value}."
    )
    with pytest.raises(dp.SettingError, match=message):
        limit_cycles(simulator, 3)
    for held in ({"scene": 1.0}, {scene: 1.0}, [1.0]):
        found = limit_cycles(simulator, 3, evidence=held)
        np.testing.assert_allclose(found.cycles[0], [[mean(1.0)]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"longest": 0}, "limit_cycles: longest is at least 1 (got 0). Mend: give longest ≥ 1."),
        (
            {"longest": 8, "max_steps": 31},
            "limit_cycles: max_steps is at least 32 (got 31). Mend: give max_steps ≥ 32.",
        ),
        (
            {"residual": 0.0},
            "limit_cycles: residual is positive (got 0.0). Mend: give residual=1e-9, for example.",
        ),
        (
            {"network": np.zeros((2, 3, 3))},
            (
                "limit_cycles: it looks at one network (got 2 networks). "
                "Mend: give the couplings of one, sim.couplings[0]."
            ),
        ),
    ],
)
def test_settings_that_cannot_be_used_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(dp.SettingError, match=says(message)):
        limit_cycles(**{"network": np.zeros((3, 3)), **options})
