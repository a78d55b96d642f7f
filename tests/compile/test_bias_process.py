"""Biases that change in time: by hand, on every backend, in files, and in what is recorded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.agents.biasing import steps_of_one_bias
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.choosing import installed_backends

CB = dp.ContinuousBernoulli()
J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
COURSE = np.array([[1.0, 0.0, -1.0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [-2.0, 0.0, 2.0]])

every_backend = pytest.mark.parametrize("backend", ["objects", *installed_backends()])
every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)


def wave(time: int) -> FloatArray:
    result: FloatArray = np.sin(0.3 * time + np.arange(3))
    return result


def net(**settings: Any) -> dp.Partition:
    return dp.from_couplings(J, bias=[0.1, 0.0, -0.2], name="net", **settings)


def nested() -> dp.Partition:
    """A world with processes at three depths: for all, for a partition, and for one leaf each."""
    world = dp.Partition("world", learning_rate=0.05)
    brain = world.add_partition("brain")
    for name in ("a", "b"):
        brain.add_subparticle(name, bias=0.3)
    world.add_population("pool", 3, bias=-0.1)
    world.add_subparticle("c")
    world.couple_all(0.4)
    world.bias_process = lambda time: 0.1 * time
    brain.bias_process = [[1.0, -1.0], [0.5, 0.0]]
    world["brain/b"].bias_process = [0.0, 0.1, 0.2]
    world["pool/1"].bias_process = lambda time: -time / 10
    return world


# ---------------------------------------------------------------------- what holds when


@pytest.mark.parametrize("process", [COURSE, wave], ids=["array", "function"])
@every_backend
def test_the_biases_of_a_step_are_those_of_its_time(backend: str, process: Any) -> None:
    # Without couplings and noise the states are the means of the biases.
    world = dp.from_couplings(np.zeros((3, 3)))
    world.bias_process = process
    run = dp.Simulator(world, backend).infer(steps=9, mode="deterministic", record="states")
    expected = [process(t) if callable(process) else process[t % 4] for t in range(9)]
    np.testing.assert_allclose(run.states, CB.mean(np.array(expected)), atol=1e-14)


def test_the_innermost_process_wins() -> None:
    world = nested()
    for time in range(5):
        world.step(0, mode="deterministic")
        expected = [[1.0, 0.5][time % 2], [0.0, 0.1, 0.2][time % 3], 0.1 * time]
        biases = [leaf.bias for leaf in world.subparticles]
        assert biases == pytest.approx([*expected, -time / 10, 0.1 * time, 0.1 * time])


@every_schedule
def test_a_world_by_hand_and_the_simulator_follow_the_same_course(schedule: str) -> None:
    world = nested()
    simulators = [dp.Simulator(world, one, schedule, seed=3) for one in ("objects", "numpy")]
    runs = [one.learn(np.zeros((1, 6)), steps=12, record="states") for one in simulators]
    rng = np.random.default_rng(3)
    for step in range(12):
        world.step(rng, schedule)
        for run in runs:
            np.testing.assert_allclose(run.states[step], world.states, atol=1e-12)
    for simulator in simulators:
        np.testing.assert_allclose(simulator.couplings, world.couplings, atol=1e-12)


@pytest.mark.parametrize("schedule", ["synchronous", "random"])
@every_backend
def test_all_backends_are_equal(backend: str, schedule: str) -> None:
    series = ("states", "local_free_energy", "mean_field", "published", "prediction_error")
    runs = []
    for name in ("numpy", backend):
        made = dp.Simulator(nested(), name, schedule, networks=2, chains=2, stream="shared", seed=1)
        runs.append(made.learn(np.zeros((1, 6)), epochs=2, steps=5, record=series, every=2))
    for name, values in runs[0].records.items():
        np.testing.assert_allclose(runs[1].records[name], values, atol=1e-11, err_msg=name)


def test_time_is_that_of_the_simulator_and_goes_on_between_calls() -> None:
    world = net()
    world.bias_process = COURSE
    whole, cut = (dp.Simulator(world, seed=2) for _ in range(2))
    run = whole.infer(steps=11, burn_in=2)
    cut.infer(steps=2)
    parts = [cut.infer(steps=count).states for count in (3, 1, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), run.states)


def test_a_call_overrides_the_world_and_is_over_afterwards() -> None:
    plain, other = dp.Simulator(net(), seed=2), dp.Simulator(net(), seed=2)
    given = plain.infer(steps=6, bias_process=COURSE).states
    world = net()
    world.bias_process = COURSE
    of_world = dp.Simulator(world, seed=2)
    np.testing.assert_array_equal(of_world.infer(steps=6).states, given)
    other.infer(steps=6, bias_process=lambda time: COURSE[time % 4])
    np.testing.assert_array_equal(plain.state, other.state)
    # Now the biases of the world hold again.
    fresh = dp.Simulator(net(), seed=9)
    state = plain.state
    run = plain.infer(steps=1, mode="deterministic")
    expected = fresh.infer(steps=1, mode="deterministic", start=state)
    np.testing.assert_array_equal(run.states, expected.states)


def test_what_changes_rarely_is_run_in_long_blocks() -> None:
    slow = np.repeat(COURSE, 50, axis=0)
    assert steps_of_one_bias(slow, 0, 1000) == 50
    assert steps_of_one_bias(slow, 49, 1000) == 1
    assert steps_of_one_bias(slow, 60, 1000) == 90  # the second and the third are equal
    assert steps_of_one_bias(np.ones(7), 3, 1000) == 1000
    assert steps_of_one_bias(np.array([1.0, 2.0, 1.0]), 2, 1000) == 2  # round the end
    assert steps_of_one_bias(slow, 0, 10) == 10


def test_what_is_predicted_and_the_free_energy_follow_the_bias() -> None:
    world = net()
    world.bias_process = wave
    run = dp.Simulator(world, seed=4).infer(steps=6, record=("local_free_energy", "complexity"))
    rng = np.random.default_rng(4)
    for step in range(6):
        world.step(rng)
        each = [leaf.free_energy() for leaf in world.subparticles]
        values = [one.value for one in each]
        np.testing.assert_allclose(run.local_free_energy[step], values, atol=1e-12)
        assert run.complexity[step] == pytest.approx(sum(one.complexity for one in each))


def test_a_course_of_its_own_is_followed_without_anything_sensed() -> None:
    # Three patterns one after another, as a sequence of biases: the states go through them.
    patterns = 3.0 * np.sign(np.random.default_rng(0).normal(size=(3, 40)))
    sim = dp.Simulator(dp.from_couplings(np.zeros((40, 40))), seed=1)
    states = sim.infer(steps=30, bias_process=patterns, record="states").states
    overlap = states @ patterns.T
    np.testing.assert_array_equal(np.argmax(overlap, axis=1), np.arange(30) % 3)


# ---------------------------------------------------------------------- copies, files, refusals


def test_copies_keep_their_processes() -> None:
    world = nested()
    twin = world.copy()
    for one in (world, twin):
        for _ in range(3):
            one.step(5)
    np.testing.assert_array_equal(twin.states, world.states)
    assert [leaf.bias for leaf in twin.subparticles] == [leaf.bias for leaf in world.subparticles]


def test_files_hold_no_processes(tmp_path: Path) -> None:
    world = net()
    world.bias_process = wave
    message = r"net: a file holds no biases that change in time.*\(got wave\).*processes='drop'"
    with pytest.raises(dp.SettingError, match=message):
        world.save(tmp_path / "world.json")
    world.save(tmp_path / "world.json", processes="drop")
    assert dp.load(tmp_path / "world.json").bias_process is None


@pytest.mark.parametrize(
    ("process", "message"),
    [
        ("often", r"a bias process is a function or an array \(got 'often'\)"),
        (0.5, r"a bias process has a row for each step \(got shape \(\)\)"),
        (np.zeros((0, 3)), "a row for each step"),
        ([0.1, np.nan], "the biases of a bias process are finite"),
    ],
)
def test_processes_that_cannot_be(process: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        net().bias_process = process
    simulator = dp.Simulator(net())
    with pytest.raises((ValueError, TypeError), match=message):
        simulator.infer(steps=1, bias_process=process)


@pytest.mark.parametrize(
    ("process", "message"),
    [
        (np.zeros((4, 2)), r"one number, or one for each of 3 subparticles \(got shape \(2,\)"),
        (lambda time: None, "a bias process gives numbers"),
        (lambda time: np.inf, "finite"),
    ],
)
def test_what_a_process_gives_is_checked(process: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        dp.Simulator(net()).infer(steps=1, bias_process=process)
    world = net()
    world.bias_process = process
    with pytest.raises((ValueError, TypeError), match=message):
        world.step(0)


def test_external_states_have_processes_of_another_kind() -> None:
    with pytest.raises(dp.SettingTypeError, match=r"evidence: biases are those of subparticles"):
        net().externals[0].bias_process = [0.1]


def test_the_step_that_is_shown_says_so() -> None:
    assert "b = biases(t)" in dp.lower(nested()).explain()
    assert "biases(t)" not in dp.lower(net()).explain()
