"""Ctrl-C: the run so far comes back, what was learned is kept, the handler of before returns."""

import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.interrupting import interruptible

every_backend = pytest.mark.parametrize("backend", ["objects", "numpy"])


def world() -> dp.Partition:
    return dp.from_couplings(np.zeros((3, 3)), bias=0.3, learning_rate=0.1)


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def press_at(step: int, times: int = 1) -> Any:
    """A process during whose answer in that step Ctrl-C is pressed."""
    count = 0

    def process(value: FloatArray, actions: FloatArray, rng: np.random.Generator) -> FloatArray:
        nonlocal count
        if count == step:
            for _ in range(times):
                press_ctrl_c()
        count += 1
        return value

    return process


@pytest.fixture(autouse=True)
def handler() -> Iterator[Any]:
    """A handler of the caller's, which must be in place again afterwards."""

    def mine(number: int, frame: Any) -> None:
        raise AssertionError("Ctrl-C reached the caller")

    previous = signal.signal(signal.SIGINT, mine)
    yield mine
    found = signal.signal(signal.SIGINT, previous)
    assert found is mine


# ---------------------------------------------------------------------- infer


@every_backend
def test_inference_returns_the_steps_it_made(backend: str) -> None:
    made = world()
    made["evidence"].process = press_at(4)
    simulator = dp.Simulator(made, backend)
    run = simulator.infer(steps=100)
    assert run.interrupted
    assert run.steps == simulator.time == 5  # the step in which it was pressed is finished
    assert run.states.shape == (5, 3)
    np.testing.assert_allclose(run.mean, run.states.mean(axis=0))
    assert repr(run).endswith(", interrupted>")


def test_a_run_that_nobody_interrupts_says_so() -> None:
    simulator = dp.Simulator(world())
    assert not simulator.infer(steps=5).interrupted
    assert not simulator.learn(np.eye(3)).interrupted


@pytest.mark.parametrize("chains", [None, 2])
def test_interrupted_during_burn_in_nothing_was_recorded(chains: int | None) -> None:
    made = world()
    made["evidence"].process = press_at(1)
    run = dp.Simulator(made, chains=chains).infer(steps=5, burn_in=100)
    assert run.interrupted
    assert run.steps == 0
    axes = () if chains is None else (chains,)
    assert run.states.shape == (0, *axes, 3)
    assert run.free_energy.shape == (0, *axes)


def test_afterwards_it_goes_on() -> None:
    made = world()
    made["evidence"].process = press_at(4)
    simulator = dp.Simulator(made)
    parts = [simulator.infer(steps=100).states, simulator.infer(steps=3).states]
    whole = dp.Simulator(world()).infer(steps=8).states
    np.testing.assert_array_equal(np.concatenate(parts), whole)


# ---------------------------------------------------------------------- learn


def patterns(press_before: int) -> Iterator[FloatArray]:
    for index in range(1000):
        if index == press_before:
            press_ctrl_c()
        yield np.eye(3)[index % 3]


@every_backend
def test_learning_keeps_what_was_learned_until_then(backend: str) -> None:
    simulator = dp.Simulator(world(), backend)
    run = simulator.learn(patterns(press_before=4), epochs=500, steps=5)
    assert run.interrupted
    assert run.steps == simulator.time == 20
    assert run.patterns.tolist() == [0, 1, 2, 3]
    assert run.free_energy.shape == (20,)
    expected = dp.Simulator(world(), backend)
    expected.learn(np.eye(3), order=[0, 1, 2, 0], steps=5)
    np.testing.assert_array_equal(simulator.couplings, expected.couplings)
    simulator.write_back()


def test_learning_stops_inside_an_epoch() -> None:
    made = world()
    made["evidence"].process = press_at(12)
    simulator = dp.Simulator(made)
    # Patterns that clamp nothing let the process answer.
    run = simulator.learn(({} for _ in range(9)), epochs=9, steps=5)
    assert run.interrupted
    assert (run.steps, run.patterns.tolist()) == (13, [0, 1, 2])


def test_interrupted_before_the_first_step_nothing_changed() -> None:
    simulator = dp.Simulator(world())
    run = simulator.learn(patterns(press_before=0), record=("states", "weight_change"))
    assert run.interrupted
    assert (run.steps, simulator.time, run.patterns.size) == (0, 0, 0)
    assert run.states.shape == (0, 3)
    assert run.weight_change.shape == (0,)
    np.testing.assert_array_equal(simulator.couplings, 0.0)


# ---------------------------------------------------------------------- the handler


def test_the_second_ctrl_c_raises_at_once() -> None:
    made = world()
    made["evidence"].process = press_at(3, times=2)
    simulator = dp.Simulator(made)
    with pytest.raises(KeyboardInterrupt):
        simulator.infer(steps=100)
    assert simulator.time == 3


def test_the_handler_of_the_caller_returns_after_an_error_too(handler: Any) -> None:
    made = world()
    made["evidence"].process = lambda value, actions, rng: np.nan
    with pytest.raises(dp.SettingError):
        dp.Simulator(made).infer(steps=5)
    assert signal.getsignal(signal.SIGINT) is handler


def test_inside_the_first_press_only_raises_a_flag(handler: Any) -> None:
    with interruptible() as interruption:
        assert not interruption
        press_ctrl_c()
        assert interruption
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is handler


def test_other_threads_leave_the_handler_alone(handler: Any) -> None:
    seen: list[Any] = []

    def work() -> None:
        with interruptible() as interruption:
            seen.append(signal.getsignal(signal.SIGINT))
            seen.append(bool(interruption))
        seen.append(dp.Simulator(world()).infer(steps=3).steps)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [handler, False, 3]
