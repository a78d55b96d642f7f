"""Learning: the closed formula of one step, chains, plasticity, reset, and what stays as it is.

Each formula is written out with arrays here, independently of both backends.
"""

from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray

CB = dp.ContinuousBernoulli()
BIAS = np.array([0.1, 0.0, -0.2])
J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
U = np.array([0.4, -1.0, 0.2])
START = np.array([0.3, -0.8, 0.5])
OFF_DIAGONAL = 1.0 - np.eye(3)

every_backend = pytest.mark.parametrize("backend", ["objects", "numpy"])
every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)


def net(**settings: Any) -> dp.Partition:
    return dp.from_couplings(J, bias=BIAS, name="net", **settings)


def closed_formula(
    field: FloatArray, new: FloatArray, rate: float | FloatArray = 0.1
) -> FloatArray:
    """ΔJ_ij = α_i (σ'_i − L(h_i)) σ'_j for i ≠ j."""
    rates = np.broadcast_to(rate, 3)
    return np.outer(rates * (new - CB.mean(field)), new) * OFF_DIAGONAL


# ---------------------------------------------------------------------- one step


@every_backend
def test_one_synchronous_step_is_the_closed_formula(backend: str) -> None:
    rng = np.random.default_rng(11)
    uniforms = rng.random(3)
    simulator = dp.Simulator(net(precision=0.7), backend, seed=11)
    simulator.state = START
    simulator.learn(U, steps=1, learning_rate=0.1)
    field = BIAS + J @ START
    new = CB.sample(0.7 * (field + U), uniforms)
    np.testing.assert_allclose(simulator.state, new, atol=1e-14)
    np.testing.assert_allclose(simulator.couplings - J, closed_formula(field, new), atol=1e-15)


@every_backend
def test_one_sequential_step_uses_the_field_that_each_row_saw(backend: str) -> None:
    simulator = dp.Simulator(net(precision=0.7), backend, "sequential")
    simulator.state = START
    simulator.learn(U, steps=1, mode="deterministic", learning_rate=0.1)
    state, field = START.copy(), np.zeros(3)
    for row in range(3):
        field[row] = BIAS[row] + J[row] @ state
        state[row] = CB.mean(0.7 * (field[row] + U[row]))
    np.testing.assert_allclose(simulator.state, state, atol=1e-14)
    np.testing.assert_allclose(simulator.couplings - J, closed_formula(field, state), atol=1e-15)


@every_backend
def test_one_random_step_teaches_the_rows_that_were_drawn_once(backend: str) -> None:
    rng = np.random.default_rng(8)
    uniforms, sites = rng.random(3), rng.integers(3, size=3)
    assert len(set(sites)) == 2  # one row twice, one never: the case of interest
    simulator = dp.Simulator(net(), backend, "random", seed=8)
    simulator.state = START
    simulator.learn(U, steps=1, learning_rate=0.1)
    state, field = START.copy(), BIAS.copy()
    for turn, row in enumerate(sites):
        field[row] = BIAS[row] + J[row] @ state
        state[row] = CB.sample(np.array([field[row] + U[row]]), uniforms[turn])[0]
    rates = 0.1 * np.isin(np.arange(3), sites)
    np.testing.assert_allclose(simulator.state, state, atol=1e-14)
    expected = closed_formula(field, state, rates)
    np.testing.assert_allclose(simulator.couplings - J, expected, atol=1e-15)


@every_backend
def test_each_row_learns_at_its_own_rate(backend: str) -> None:
    rates = np.array([0.1, 0.0, 2.0])
    simulator = dp.Simulator(net(learning_rate=5.0), backend, learning_rate=rates)
    simulator.state = START
    simulator.learn(U, steps=1, mode="deterministic")
    field = BIAS + J @ START
    expected = closed_formula(field, CB.mean(field + U), rates)
    np.testing.assert_allclose(simulator.couplings - J, expected, atol=1e-14)


@every_backend
def test_other_distributions_learn_with_their_own_prediction(backend: str) -> None:
    world = dp.Partition("pair", learning_rate=0.1)
    spin = world.add_subparticle("spin", distribution=dp.Spin(), state=1.0)
    gauss = world.add_subparticle("gauss", distribution=dp.Gaussian(2.0), state=0.5)
    world.couple(spin, gauss, 0.3)
    world.couple(gauss, spin, -0.6)
    world.sense(world.add_external("scene", 0.8), [spin, gauss])
    simulator = dp.Simulator(world, backend)
    simulator.learn({"scene": [0.8]}, steps=1, mode="deterministic")
    new_spin, new_gauss = np.tanh(-0.3 + 0.8), 2.0 * (0.3 + 0.8)
    change = simulator.couplings - world.couplings
    assert change[0, 1] == pytest.approx(0.1 * (new_spin - np.tanh(-0.3)) * new_gauss)
    assert change[1, 0] == pytest.approx(0.1 * (new_gauss - 2.0 * 0.3) * new_spin)


@every_backend
@pytest.mark.parametrize("schedule", ["synchronous", "sequential", "chromatic", "random"])
def test_what_was_predicted_teaches_nothing(backend: str, schedule: str) -> None:
    # Deterministic, β = 1 and no evidence: the new state is the prediction.
    simulator = dp.Simulator(net(), backend, schedule, learning_rate=1.0)
    simulator.state = START
    simulator.learn(np.zeros(3), steps=5, mode="deterministic")
    np.testing.assert_array_equal(simulator.couplings, J)


# ---------------------------------------------------------------------- chains


@every_backend
@every_schedule
def test_the_change_with_chains_is_the_mean_of_what_each_chain_asks_for(
    backend: str, schedule: str
) -> None:
    starts = np.array([START, -START, [0.9, 0.1, 0.0]])
    evidence = np.array([U, 2.0 * U, -U])
    together = dp.Simulator(net(), backend, schedule, chains=3, learning_rate=0.1, seed=2)
    together.state = starts
    rng = np.random.default_rng(2)
    uniforms = rng.random((3, 3))
    sites = rng.integers(3, size=(3, 3)) if schedule == "random" else None
    together.learn(iter([evidence]), steps=1)
    changes = []
    for chain in range(3):
        alone = dp.Simulator(net(), backend, schedule, learning_rate=0.1)
        alone.state = starts[chain]
        drawn = Replay(uniforms[chain], None if sites is None else sites[chain])
        alone._engine._streams = [drawn]
        alone.learn(evidence[chain], steps=1)
        np.testing.assert_allclose(alone.state, together.state[chain], atol=1e-14)
        changes.append(alone.couplings - J)
    np.testing.assert_allclose(together.couplings - J, np.mean(changes, axis=0), atol=1e-14)


class Replay(np.random.Generator):
    """A generator that gives one chain the numbers that it had among others."""

    def __init__(self, uniforms: FloatArray, sites: Any) -> None:
        super().__init__(np.random.PCG64(0))
        self._uniforms, self._sites = uniforms, sites

    def random(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["out"][...] = self._uniforms

    def integers(self, *args: Any, **kwargs: Any) -> Any:
        return self._sites[None]


# ---------------------------------------------------------------------- what stays


@every_backend
@every_schedule
@pytest.mark.parametrize("chains", [None, 2])
def test_boundary_states_without_plasticity_keep_their_weight(
    backend: str, schedule: str, chains: int | None
) -> None:
    world = net(learning_rate=0.5)
    world["population/0"].sensory["2"].plastic = False
    world["population/2"].sensory["1"].plastic = False
    simulator = dp.Simulator(world, backend, schedule, chains=chains)
    simulator.learn(U, epochs=5, steps=5)
    kept = simulator.couplings == J
    np.fill_diagonal(kept, False)
    assert np.argwhere(kept).tolist() == [[0, 2], [2, 1]]


@every_backend
@every_schedule
def test_what_does_not_exist_does_not_appear(backend: str, schedule: str) -> None:
    world = dp.Partition("ring", learning_rate=0.5)
    for name in "abcd":
        world.add_subparticle(name, bias=0.2)
    world.couple_ring(0.3, directed=True)
    simulator = dp.Simulator(world, backend, schedule)
    simulator.learn(np.zeros(4), epochs=3, steps=5)
    assert np.array_equal(simulator.couplings != 0.0, world.couplings != 0.0)
    assert not np.any(simulator.couplings == 0.3)


@every_backend
def test_the_weights_of_external_states_are_not_learned(backend: str) -> None:
    world = net(learning_rate=0.5)
    simulator = dp.Simulator(world, backend)
    simulator.learn({"evidence": [3.0]}, epochs=5)
    simulator.write_back()
    assert world["population/0"].sensory["evidence"].weight == 1.0


@every_backend
@every_schedule
def test_inference_does_not_learn(backend: str, schedule: str) -> None:
    simulator = dp.Simulator(net(), backend, schedule, learning_rate=1.0)
    simulator.infer(U, steps=5)
    np.testing.assert_array_equal(simulator.couplings, J)


@every_schedule
def test_the_diagonal_stays_zero(schedule: str) -> None:
    simulator = dp.Simulator(net(), schedule=schedule, learning_rate=0.5, chains=2)
    simulator.learn(U, epochs=5)
    np.testing.assert_array_equal(np.diagonal(simulator.couplings), 0.0)


# ---------------------------------------------------------------------- a call


@every_backend
def test_evidence_is_scaled_by_its_strength(backend: str) -> None:
    left, right = (dp.Simulator(net(), backend, learning_rate=0.1) for _ in range(2))
    runs = [left.learn(U, 3.0, steps=4), right.learn(3.0 * U, steps=4)]
    np.testing.assert_array_equal(runs[0].free_energy, runs[1].free_energy)
    np.testing.assert_array_equal(left.couplings, right.couplings)


def test_an_epoch_is_one_pattern_presented_for_so_many_steps() -> None:
    simulator = dp.Simulator(net(), learning_rate=0.1)
    run = simulator.learn(np.eye(3), epochs=4, steps=5, order="cyclic", record="states")
    assert run.states.shape == (20, 3)
    assert (run.steps, simulator.time) == (20, 20)
    assert run.patterns.tolist() == [0, 1, 2, 0]


def test_learning_continues_from_where_it_was() -> None:
    whole = dp.Simulator(net(), learning_rate=0.1)
    parts = dp.Simulator(net(), learning_rate=0.1)
    whole.learn(np.eye(3), epochs=6, order="cyclic")
    for _ in range(2):
        parts.learn(np.eye(3), epochs=3, order="cyclic")
    np.testing.assert_array_equal(parts.couplings, whole.couplings)
    np.testing.assert_array_equal(parts.state, whole.state)


@every_backend
def test_reset_returns_the_state_to_zero_before_each_epoch(backend: str) -> None:
    simulator = dp.Simulator(net(), backend, learning_rate=0.1)
    simulator.state = START
    run = simulator.learn(
        U, epochs=3, steps=2, order="cyclic", reset=True, mode="deterministic", record="states"
    )
    couplings = J.copy()
    for epoch in range(3):
        state = np.zeros(3)
        for step in range(2):
            field = BIAS + couplings @ state
            state = CB.mean(field + U)
            couplings += closed_formula(field, state)
            np.testing.assert_allclose(run.states[2 * epoch + step], state, atol=1e-13)
    np.testing.assert_allclose(simulator.couplings, couplings, atol=1e-13)


def test_without_reset_the_state_is_carried_over() -> None:
    simulator = dp.Simulator(net(), learning_rate=0.1)
    simulator.state = START
    run = simulator.learn(U, steps=1, mode="deterministic", record="states")
    np.testing.assert_allclose(run.states[0], CB.mean(BIAS + J @ START + U), atol=1e-14)


@pytest.mark.parametrize("rate", [None, 0.0, [0.0, 0.0, 0.0]])
def test_learning_without_a_rate_is_refused_unless_it_was_asked_for(rate: Any) -> None:
    simulator = dp.Simulator(net())
    if rate is None:
        message = r"learning needs a learning rate \(got 0 for every .*learning_rate=1e-3"
        with pytest.raises(dp.SettingError, match=message):
            simulator.learn(U)
        assert simulator.time == 0
    else:
        simulator.learn(U, steps=2, learning_rate=rate)
        np.testing.assert_array_equal(simulator.couplings, J)
        assert simulator.time == 2


def test_learning_lowers_the_prediction_error() -> None:
    simulator = dp.Simulator(dp.from_couplings(np.zeros((6, 6))), learning_rate=0.05, precision=0.5)
    pattern = np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0])
    run = simulator.learn(pattern, 8.0, epochs=60, record="prediction_error")
    assert run.prediction_error[-100:].mean() < 0.5 * run.prediction_error[:20].mean()


def test_only_what_changed_is_written_back() -> None:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a", state=0.5), world.add_subparticle("b", state=-0.5)
    world.couple(a, b, 0.1, plastic=False)
    world.couple(b, a, 0.1)
    world.sense(world.add_external("scene"), [a, b])
    simulator = dp.Simulator(world, dtype="float32")
    simulator.learn([[1.0, -1.0]], epochs=3, learning_rate=0.1)
    b.sensory["a"].weight = 5.0  # by hand, and not plastic: not the simulator's to change
    simulator.write_back()
    assert b.sensory["a"].weight == 5.0
    assert a.sensory["b"].weight == float(simulator.couplings[0, 1]) != 0.1


def test_going_back_is_written_back_too() -> None:
    world = dp.from_couplings(np.zeros((2, 2)))
    simulator = dp.Simulator(world)
    for couplings in (np.array([[0.0, 1.0], [2.0, 0.0]]), np.zeros((2, 2))):
        simulator.couplings = couplings
        simulator.write_back()
        np.testing.assert_array_equal(world.couplings, couplings)
