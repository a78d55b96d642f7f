"""Every estimator of entropy production against quadrature at N = 2, and against itself.

Theory notes, section 5c. Exact first: the expectation of each estimator over all pairs of states on
a grid equals the integral of its definition, which cancels nothing. Then samples, within four
standard errors. Then what must hold for every network: it is positive, and zero for symmetric K.
"""

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from support.quadrature import nodes_of

import deepparticle as dp
from deepparticle.analysis.entropy_production import EntropyProduction, entropy_production
from deepparticle.analysis.exact_entropy_production import exact_entropy_production
from deepparticle.analysis.frozen import FrozenNetwork, frozen_network
from deepparticle.analysis.stationary_law import law_of
from deepparticle.analysis.step_production import langevin_production, step_production
from deepparticle.blankets._types import FloatArray

CB, SPIN = dp.ContinuousBernoulli(), dp.Spin()
BIAS = [0.5, -0.2]
ONE_WAY = np.array([[0.0, 4.0], [0.0, 0.0]])
TURNING = np.array([[0.0, 1.5], [-2.5, 0.0]])
EITHER_WAY = np.array([[0.0, 2.0], [2.0, 0.0]])
DISCRETE_TIME = ("synchronous", "sequential", "chromatic", "random")
KINDS = [(CB, CB), (SPIN, CB), (SPIN, SPIN)]
NODES = 16


def simulator(
    K: FloatArray, kinds: tuple[dp.StateDistribution, ...] = (CB, CB), **settings: Any
) -> dp.Simulator:
    world = dp.Partition("world")
    for row, kind in enumerate(kinds):
        state = 1.0 if kind == SPIN else 0.0
        world.add_subparticle(str(row), bias=BIAS[row], distribution=kind, state=state)
    leaves: Any = world.subparticles
    world.sense(world.add_external("scene"), leaves)
    for target, source in np.argwhere(K).tolist():
        world.couple(leaves[source], leaves[target], K[target, source])
    return dp.Simulator(world, **settings)


# ---------------------------------------------------------------------- expectations, exactly


def transition(
    network: FrozenNetwork, points: FloatArray, weights: list[FloatArray], rows: list[int]
) -> FloatArray:
    """The matrix of an update of some rows on all pairs of points, spelled out."""
    theta = network.drive[0] + points @ network.dense[0].T
    matrix = np.ones((len(points), len(points)))
    for row, kind in enumerate(network.distributions):
        if row in rows:
            nodes, _ = nodes_of(kind, NODES)
            weight = weights[row][np.searchsorted(nodes, points[:, row] - 1e-9)]
            log_partition = np.asarray(kind.log_partition(theta[:, row]))
            exponent = np.outer(theta[:, row], points[:, row]) - log_partition[:, None]
            matrix *= np.exp(exponent) * weight
        else:
            matrix *= points[:, row, None] == points[:, row]
    return matrix


CLOCKS = [(1, 1), (1, 2), (3, 2)]
# In the random schedule clocks that differ ask for the states within a step.
MEASURED = [(s, c) for s in DISCRETE_TIME for c in CLOCKS if s != "random" or c == (1, 1)]


@pytest.mark.parametrize(("schedule", "clock"), MEASURED, ids=str)
@pytest.mark.parametrize("kinds", KINDS, ids=lambda kinds: " ".join(k.kind for k in kinds))
def test_the_expectation_of_each_estimator_is_the_entropy_production(
    schedule: str, kinds: tuple[dp.StateDistribution, ...], clock: tuple[int, int]
) -> None:
    network = frozen_network(simulator(TURNING, kinds, schedule=schedule, clock=clock))
    law = law_of(network, NODES)
    weights = [nodes_of(kind, NODES)[1] for kind in kinds]
    points = law.points
    before = np.broadcast_to(points[None, :, None], (1, len(points), len(points), 2))
    after = np.broadcast_to(points[None, None, :], before.shape)
    found, start = 0.0, law.phases[-1]
    for due, end in zip(network.due(np.arange(network.period)), law.phases, strict=True):
        rows = np.flatnonzero(due).tolist()
        if schedule == "synchronous":
            matrix = transition(network, points, weights, rows)
        elif schedule == "random":
            one, other = (transition(network, points, weights, [row]) for row in rows)
            matrix = 0.5 * (one + other)
        else:
            matrix = np.eye(len(points))
            for row in sorted(rows, key=lambda row: int(network.turn[row])):
                matrix = matrix @ transition(network, points, weights, [row])
        np.testing.assert_allclose(
            start @ matrix, end if schedule != "random" else start, atol=1e-12
        )
        each = step_production(network, before, after, due)
        found += float((start[:, None] * matrix * each[0]).sum())
        start = end
    expected = exact_entropy_production(
        simulator(TURNING, kinds, schedule=schedule, clock=clock), nodes=NODES
    )
    assert expected > 0.01
    assert found / network.period == pytest.approx(expected, abs=1e-12)


def test_reversing_a_sweep_with_the_same_scan_would_be_wrong() -> None:
    # Theory notes: a false .29 for a symmetric network; with the scan reversed it is 0.
    network = frozen_network(EITHER_WAY, BIAS, schedule="sequential")
    law = law_of(network, NODES)
    weights = [nodes_of(CB, NODES)[1]] * 2
    first, second = (transition(network, law.points, weights, [row]) for row in (0, 1))
    ahead = law.probabilities[:, None] * (first @ second)
    same = (law.probabilities[:, None] * (first @ second)).T
    back = (law.probabilities[:, None] * (second @ first)).T
    divergences = [float((ahead * np.log(ahead / other)).sum()) for other in (same, back)]
    assert divergences[0] == pytest.approx(0.29, abs=0.005)
    assert divergences[1] == pytest.approx(0.0, abs=1e-13)
    assert exact_entropy_production(EITHER_WAY, BIAS, schedule="sequential") == pytest.approx(
        0.0, abs=1e-13
    )


def test_clocks_that_differ_produce_entropy_even_in_a_symmetric_network() -> None:
    found = exact_entropy_production(simulator(EITHER_WAY, clock=[1, 2]))
    assert found == pytest.approx(0.1457, abs=1e-4)
    # In single-site schedules they do not.
    for schedule in ("sequential", "random"):
        quiet = exact_entropy_production(simulator(EITHER_WAY, clock=[1, 2], schedule=schedule))
        assert quiet == pytest.approx(0.0, abs=1e-13)


def test_a_clock_that_all_share_only_slows_the_production() -> None:
    for schedule in DISCRETE_TIME:
        own = exact_entropy_production(simulator(TURNING, schedule=schedule))
        slow = exact_entropy_production(simulator(TURNING, schedule=schedule, clock=3))
        assert slow == pytest.approx(own / 3, rel=1e-11)
        fast, held = (
            entropy_production(
                simulator(TURNING, schedule=schedule, clock=clock, seed=1), steps=steps, burn_in=60
            )
            for clock, steps in ((1, 100), (3, 300))
        )
        assert abs(fast.value / 3 - held.value) < 4 * np.hypot(
            fast.standard_error / 3, held.standard_error
        )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), schedule=st.sampled_from((*DISCRETE_TIME, "langevin")))
def test_it_is_positive_and_zero_for_symmetric_couplings(seed: int, schedule: str) -> None:
    rng = np.random.default_rng(seed)
    K = rng.uniform(-2.0, 2.0, (2, 2)) * (1 - np.eye(2))
    bias = rng.uniform(-1.0, 1.0, 2)
    found = exact_entropy_production(K, bias, schedule=schedule, nodes=20)
    still = exact_entropy_production(0.5 * (K + K.T), bias, schedule=schedule, nodes=20)
    assert still == pytest.approx(0.0, abs=1e-10)
    assert found > -1e-12
    if abs(K[0, 1] - K[1, 0]) > 0.1:
        assert found > 1e-5


def test_without_symmetric_part_the_sign_of_the_antisymmetric_part_does_not_matter() -> None:
    turn = np.array([[0.0, 1.5], [-1.5, 0.0]])
    for schedule in (*DISCRETE_TIME, "langevin"):
        values = [exact_entropy_production(sign * turn, schedule=schedule) for sign in (1, -1)]
        assert values[0] == pytest.approx(values[1], rel=1e-9)


def test_in_continuous_time_the_current_and_the_work_agree() -> None:
    # ∫ |j|²/p and ∫ (Aσ)·j, of which the second converges faster.
    from deepparticle.analysis.fokker_planck import current_of

    law = law_of(frozen_network(ONE_WAY, BIAS, schedule="langevin"))
    current = current_of(law.density, law.grid, ONE_WAY, np.array(BIAS))
    A = 0.5 * (ONE_WAY - ONE_WAY.T)
    work = float(law.weights @ np.sum((law.points @ A.T) * current, axis=1))
    assert exact_entropy_production(ONE_WAY, BIAS, schedule="langevin") == pytest.approx(
        work, abs=1e-8
    )


# ---------------------------------------------------------------------- samples


@pytest.mark.parametrize(("schedule", "clock"), MEASURED, ids=str)
@pytest.mark.parametrize("kinds", KINDS[:2], ids=lambda kinds: " ".join(k.kind for k in kinds))
def test_samples_agree_with_quadrature(
    schedule: str, kinds: tuple[dp.StateDistribution, ...], clock: tuple[int, int]
) -> None:
    sim = simulator(ONE_WAY, kinds, schedule=schedule, clock=clock)
    expected = exact_entropy_production(sim)
    found = entropy_production(sim, steps=300, burn_in=100, chains=64, seed=4)
    assert isinstance(found.value, float)
    assert abs(found.value - expected) < 4 * found.standard_error
    assert found.standard_error < 0.02 * expected


@pytest.mark.parametrize("schedule", DISCRETE_TIME)
def test_symmetric_networks_produce_nothing_whatever_was_sampled(schedule: str) -> None:
    found = entropy_production(simulator(EITHER_WAY, schedule=schedule), steps=20, chains=4)
    assert abs(found.value) < 1e-14


def test_many_networks_have_one_value_each() -> None:
    scales = np.array([0.0, 0.5, 1.0])
    sim = simulator(TURNING, networks=3, seed=5)
    sim.couplings = scales[:, None, None] * TURNING
    found = entropy_production(sim, steps=200, chains=32)
    assert found.value.shape == found.standard_error.shape == (3,)
    for value, error, scale in zip(found.value, found.standard_error, scales, strict=True):
        expected = exact_entropy_production(scale * TURNING, BIAS)
        assert abs(value - expected) <= 4 * error + 1e-14
    assert "of 3 networks: 0 …" in repr(found)


def test_sparse_layouts_and_evidence_and_precision() -> None:
    rng = np.random.default_rng(7)
    K = np.where(rng.random((30, 30)) < 0.15, rng.normal(size=(30, 30)), 0.0) * (1 - np.eye(30))
    evidence = rng.normal(size=30)
    for schedule in ("synchronous", "sequential", "chromatic"):
        values: list[EntropyProduction] = []
        for matrix, layout in ((K, "dense"), (scipy.sparse.csr_array(K), "sparse")):
            world = dp.from_couplings(matrix, bias=0.1)
            sim = dp.Simulator(world, schedule=schedule, layout=layout, seed=3)
            values.append(entropy_production(sim, evidence, steps=200, precision=0.7))
        a, b = values
        assert abs(a.value - b.value) < 4 * np.hypot(a.standard_error, b.standard_error)
        if schedule != "chromatic":  # a dense layout has other colours
            assert a.value == pytest.approx(b.value, rel=1e-9)


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    from deepparticle.analysis import sampling

    sim = simulator(TURNING, schedule="sequential", clock=[2, 3])
    whole = entropy_production(sim, steps=60, burn_in=7, chains=3)
    monkeypatch.setattr(sampling, "_NUMBERS", 50)
    pieces = entropy_production(sim, steps=60, burn_in=7, chains=3)
    assert pieces.value == pytest.approx(whole.value, rel=1e-12)
    assert sim.time == 0  # left as it is


def test_the_standard_error_is_that_of_repetitions() -> None:
    sim = simulator(TURNING, schedule="sequential")
    runs = [entropy_production(sim, steps=60, chains=8, seed=seed) for seed in range(60)]
    spread = np.std([run.value for run in runs], ddof=1)
    stated = np.sqrt(np.mean([run.standard_error**2 for run in runs]))
    assert stated == pytest.approx(spread, rel=0.35)  # 4 sd of a standard deviation of 60


# ---------------------------------------------------------------------- continuous time


def folded(position: FloatArray) -> FloatArray:
    """Mirrored at -1 and 1: a triangular wave."""
    wave: FloatArray = np.abs((position - 1.0) % 4.0 - 2.0) - 1.0
    return wave


def mirrored_run(step: float, time: float, chains: int, seed: int) -> FloatArray:
    """The mean of the estimator over time, in chains of an integrator of the test's own."""
    rng = np.random.default_rng(seed)
    states: FloatArray = rng.uniform(-1.0, 1.0, (chains, 2))
    A = 0.5 * (ONE_WAY - ONE_WAY.T)[None]
    total, count = np.zeros(chains), int(time / step)
    for number in range(count + int(4.0 / step)):
        drift = np.array(BIAS) + states @ ONE_WAY.T
        noise = rng.standard_normal(states.shape)
        after = folded(states + step * drift + np.sqrt(2.0 * step) * noise)
        if number >= int(4.0 / step):
            total += langevin_production(A, states[None], after[None])[0]
        states = after
    return total / (count * step)


def test_the_estimator_of_continuous_time_converges_to_quadrature() -> None:
    # Weak order 1: two steps, extrapolated to none.
    expected = exact_entropy_production(ONE_WAY, BIAS, schedule="langevin")
    runs = [mirrored_run(step, 20.0, 1500, seed) for step, seed in ((0.02, 1), (0.01, 2))]
    (coarse, fine), errors = (
        [run.mean() for run in runs],
        [run.std(ddof=1) / np.sqrt(run.size) for run in runs],
    )
    value, error = 2 * fine - coarse, np.hypot(2 * errors[1], errors[0])
    assert error < 0.03 * expected
    assert abs(value - expected) < 4 * error
    assert coarse < fine < expected  # what steps leave out


def test_a_simulator_in_continuous_time_is_measured_in_units_of_time() -> None:
    sim = simulator(ONE_WAY, schedule="langevin", time_step=0.005)
    found = entropy_production(sim, steps=2000, burn_in=400, chains=100)
    expected = exact_entropy_production(sim)
    assert found.unit == "nats per unit of time"
    assert abs(found.value - expected) < 4 * found.standard_error + 10 * 0.005 * expected
    uneven = simulator(ONE_WAY, schedule="langevin", time_step=[0.01, 0.02])
    with pytest.raises(dp.SettingError, match=r"one pace.*time steps \[0\.01, 0\.02\]"):
        entropy_production(uneven)


# ---------------------------------------------------------------------- words


def test_random_scans_with_clocks_that_differ_are_left_to_quadrature() -> None:
    sim = simulator(ONE_WAY, schedule="random", clock=[1, 2])
    with pytest.raises(dp.SettingError, match=r"all rows have one pace.*clocks \[1, 2\]"):
        entropy_production(sim)
    assert exact_entropy_production(sim) == pytest.approx(0.2044, abs=1e-4)


def test_units_and_words() -> None:
    found = entropy_production(ONE_WAY, steps=20, chains=2)
    assert found.unit == "nats per step"
    assert repr(found).endswith("nats per step, synchronous, 2 chains of 20 steps>")
    with pytest.raises(dp.SettingError, match="chains is at least 2"):
        entropy_production(ONE_WAY, chains=1)
    with pytest.raises(dp.SettingError, match=r"two subparticles, twice.*use entropy_production"):
        exact_entropy_production(np.zeros((3, 3)))


def test_a_stopped_run_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped:
        interrupted = True

    monkeypatch.setattr(dp.Simulator, "infer", lambda *given, **more: Stopped())
    with pytest.raises(KeyboardInterrupt):
        entropy_production(ONE_WAY, steps=20, chains=2)
