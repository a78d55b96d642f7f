"""Learning that runs away is named and stopped; learning that does not is left alone."""

import pickle
from typing import Any

import numpy as np
import pytest

import deepparticle as dp

every_backend = pytest.mark.parametrize("backend", ["objects", "numpy"])


def blank(size: int, **settings: Any) -> dp.Partition:
    return dp.from_couplings(np.zeros((size, size)), name="net", **settings)


def runaway(evidence_at: float = 0.5, **settings: Any) -> dp.Simulator:
    """Two linear states that amplify each other more with every step they learn."""
    world = dp.from_couplings(
        [[0.0, evidence_at], [evidence_at, 0.0]], distribution=dp.Gaussian(), name="linear"
    )
    return dp.Simulator(world, learning_rate=0.5, **settings)


# ---------------------------------------------------------------------- digits


def test_digits_learned_too_fast_diverge() -> None:
    # The same happens at α = .01, where the published text puts it, after some 25 000 steps.
    simulator = dp.Simulator(blank(64), learning_rate=0.03, precision=0.1668)
    with pytest.raises(dp.DivergenceError) as caught:
        simulator.learn(dp.datasets.digits().train, 11.0, epochs=2000)
    assert 3000 < simulator.time < 15_000
    message = str(caught.value)
    assert message.startswith("learning of 'net': learning converges; it ran away by step ")
    assert f"step {simulator.time} " in message
    assert "successive states oppose each other under constant evidence" in message
    assert "use a smaller learning_rate than 0.03" in message
    assert "error.run" in message

    run = caught.value.run
    assert run.steps == simulator.time
    assert run.free_energy.shape == (simulator.time,)
    assert run.patterns.size == simulator.time // 10
    assert not run.interrupted
    assert np.all(np.isfinite(run.free_energy))
    assert np.all(np.isfinite(simulator.couplings))

    # It came in time to see why: the state flips under constant evidence.
    states = simulator.infer(
        11.0 * dp.datasets.digits().train[run.patterns[-1]], steps=2, record="states"
    ).states
    cosine = states[0] @ states[1] / np.linalg.norm(states[0]) / np.linalg.norm(states[1])
    assert cosine < -0.4
    # And what was learned can be kept.
    simulator.write_back()


@pytest.mark.parametrize("seed", [0, 1])
def test_digits_learned_at_the_published_rate_do_not(seed: int) -> None:
    simulator = dp.Simulator(blank(64), learning_rate=0.001, precision=0.1668, seed=seed)
    run = simulator.learn(dp.datasets.digits().train, 11.0, epochs=1000)
    assert run.steps == 10_000


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_network_of_simulation_1_does_not(seed: int) -> None:
    simulator = dp.Simulator(blank(25), learning_rate=0.01, precision=0.1, seed=seed)
    run = simulator.learn(dp.datasets.cross_and_bar(), 30.0, epochs=500)
    assert run.steps == 5000


def test_a_network_that_flips_without_learning_does_not() -> None:
    # Opposing states and large fields, but J does not grow: the couplings are what they were.
    world = dp.from_couplings(9.0 * (np.eye(4) - 1.0))
    simulator = dp.Simulator(world, learning_rate=1e-9)
    simulator.state = np.ones(4)
    simulator.learn(np.zeros(4), epochs=100)


def test_epochs_of_one_step_are_not_judged_by_opposing_states() -> None:
    # Alternating patterns make alternating states: nothing runs away.
    simulator = dp.Simulator(blank(4), learning_rate=0.01)
    pattern = np.array([1.0, -1.0, 1.0, 1.0])
    simulator.learn([pattern, -pattern], 20.0, epochs=400, steps=1, order="cyclic")


# ---------------------------------------------------------------------- unbounded states


@every_backend
@pytest.mark.parametrize("chains", [None, 2])
def test_unbounded_states_that_blow_up_are_stopped_within_a_few_steps(
    backend: str, chains: int | None
) -> None:
    simulator = runaway(backend=backend, chains=chains)
    with pytest.raises(dp.DivergenceError, match=r"'linear'.*the field of 'population/") as caught:
        simulator.learn([3.0, 3.0], epochs=100, record=("states", "free_energy"))
    assert simulator.time < 10
    assert caught.value.run.steps == len(caught.value.run.states) == simulator.time
    assert np.all(np.isfinite(simulator.couplings))
    assert np.all(np.isfinite(simulator.state))


def test_unbounded_states_that_stay_small_are_left_alone() -> None:
    world = dp.from_couplings([[0.0, 0.5], [0.5, 0.0]], distribution=dp.Gaussian())
    simulator = dp.Simulator(world, learning_rate=1e-4)
    assert simulator.learn([1.0, -1.0], epochs=100).steps == 1000


def test_bounded_states_may_have_any_field() -> None:
    world = dp.from_couplings([[0.0, 1e9], [1e9, 0.0]])
    run = dp.Simulator(world, learning_rate=0.1).learn([1.0, 1.0], epochs=3)
    assert run.steps == 30


# ---------------------------------------------------------------------- the error


def test_the_error_is_an_arithmetic_error_that_carries_the_run() -> None:
    with pytest.raises(ArithmeticError) as caught:
        runaway().learn([3.0, 3.0], epochs=100)
    assert isinstance(caught.value, dp.DivergenceError)
    assert isinstance(caught.value.run, dp.compile.Run)
    (fault,) = caught.value.faults
    assert fault.mend.startswith("use a smaller learning_rate than 0.5, a tenth of it")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


def test_after_a_divergence_the_simulator_can_be_used() -> None:
    simulator = runaway()
    with pytest.raises(dp.DivergenceError):
        simulator.learn([3.0, 3.0], epochs=100)
    simulator.couplings = np.zeros((2, 2))
    simulator.state = np.zeros(2)
    assert np.all(np.isfinite(simulator.infer(steps=50).states))


def test_inference_that_runs_away_is_stopped_and_named() -> None:
    world = dp.Partition("world")
    world.add_population(
        "p", 3, couplings=2.0 * (1 - np.eye(3)), distribution=dp.Gaussian(), bias=0.1
    )
    simulator = dp.Simulator(world, seed=0)
    with pytest.raises(dp.DivergenceError, match="lower the couplings") as error:
        simulator.infer(steps=1000)
    assert 0 < error.value.run.steps < 1000
    assert np.all(np.isfinite(error.value.run.states))


def test_a_divergence_survives_pickling() -> None:
    error = dp.DivergenceError(dp.Fault("a", "b", "c", "d"))
    error.run = "what was recorded"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.run) == (str(error), error.run)


def test_one_step_epochs_of_the_same_pattern_are_watched() -> None:
    # Synchronous states that oppose each other, and a rate that strengthens what opposes them.
    couplings = -6.0 * (1.0 - np.eye(6))
    simulator = dp.Simulator(dp.from_couplings(couplings), seed=1)
    with pytest.raises(dp.DivergenceError, match="oppose each other"):
        simulator.learn([[0.5] * 6], epochs=4000, steps=1, learning_rate=0.3, precision=0.5)


def test_what_is_not_finite_is_neither_learned_on_nor_written_back() -> None:
    world = dp.from_couplings(np.zeros((2, 2)))
    simulator = dp.Simulator(world, dtype="float32", seed=0)
    with np.errstate(all="ignore"), pytest.raises(dp.DivergenceError, match="ran away"):
        simulator.learn([[1.0, -1.0]], epochs=20, learning_rate=1e308)
    with pytest.raises(dp.DivergenceError, match="write_back to 'net': what is written back is"):
        simulator.write_back()
    assert not world.couplings.any()


def test_couplings_beyond_the_arithmetic_are_refused() -> None:
    world = dp.from_couplings([[0.0, 1e300], [0.0, 0.0]])
    with pytest.raises(dp.SettingError, match="couplings can be represented as float32"):
        dp.Simulator(world, dtype="float32")
