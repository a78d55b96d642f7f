"""The simulator: shapes, continuing, seeds, overrides, clocks, and what it refuses to run."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray

CB = dp.ContinuousBernoulli()
J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
U = np.array([0.4, -1.0, 0.2])

every_backend = pytest.mark.parametrize("backend", ["objects", "numpy"])
every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)


def net(**settings: Any) -> dp.Partition:
    return dp.from_couplings(J, bias=[0.1, 0.0, -0.2], name="net", **settings)


def nested() -> dp.Partition:
    """Explicit leaves a and b (inside fast), and a population of two: four rows."""
    world = dp.Partition("nested")
    fast = world.add_partition("fast")
    a, b = fast.add_subparticle("a", bias=0.3), fast.add_subparticle("b")
    pair = world.add_population("pair", 2, couplings=[[0.0, 0.2], [-0.6, 0.0]])
    world.couple(a, b, 0.5)
    world.couple(b, pair[1], -0.7)
    world.couple(pair[0], a, 0.4, plastic=False)
    return world


def same(left: dp.Run, right: dp.Run) -> bool:
    assert left.records.keys() == right.records.keys()
    return all(np.array_equal(left.records[name], right.records[name]) for name in left.records)


# ---------------------------------------------------------------------- shapes


@every_backend
@every_schedule
def test_without_chains_there_is_no_chain_axis(backend: str, schedule: str) -> None:
    simulator = dp.Simulator(net(), backend, schedule)
    run = simulator.infer(U, steps=7)
    assert run.states.shape == (7, 3)
    assert run.free_energy.shape == (7,)
    assert run.mean.shape == simulator.state.shape == (3,)


@every_backend
@every_schedule
def test_chains_are_an_axis_before_the_rows(backend: str, schedule: str) -> None:
    simulator = dp.Simulator(net(), backend, schedule, chains=4)
    run = simulator.infer(U, steps=5)
    assert run.states.shape == (5, 4, 3)
    assert run.free_energy.shape == (5, 4)
    assert run.mean.shape == simulator.state.shape == (4, 3)
    assert len(np.unique(run.states[-1, :, 0])) == 4  # each has its own randomness


def test_one_chain_is_an_axis_too() -> None:
    assert dp.Simulator(net(), chains=1).infer(steps=5).states.shape == (5, 1, 3)


def test_chains_share_couplings() -> None:
    assert dp.Simulator(net(), chains=4).couplings.shape == (3, 3)


# ---------------------------------------------------------------------- time


@every_backend
def test_burn_in_is_made_but_neither_recorded_nor_averaged(backend: str) -> None:
    whole = dp.Simulator(net(), backend, seed=5).infer(U, steps=12)
    simulator = dp.Simulator(net(), backend, seed=5)
    run = simulator.infer(U, steps=8, burn_in=4)
    np.testing.assert_array_equal(run.states, whole.states[4:])
    np.testing.assert_allclose(run.mean, whole.states[4:].mean(axis=0))
    assert (run.steps, simulator.time) == (8, 12)


@every_backend
def test_inference_continues_from_where_it_was(backend: str) -> None:
    whole = dp.Simulator(net(), backend, seed=5).infer(U, steps=9)
    simulator = dp.Simulator(net(), backend, seed=5)
    parts = [simulator.infer(U, steps=steps).states for steps in (4, 5)]
    np.testing.assert_array_equal(np.concatenate(parts), whole.states)


@every_backend
def test_start_replaces_the_state(backend: str) -> None:
    simulator = dp.Simulator(net(), backend)
    simulator.infer(U, steps=3)
    start = np.array([0.5, -0.5, 1.0])
    run = simulator.infer(U, steps=1, mode="deterministic", start=start)
    field = np.array([0.1, 0.0, -0.2]) + J @ start
    np.testing.assert_allclose(run.states[0], CB.mean(field + U), atol=1e-14)


def test_one_start_serves_all_chains_or_each_has_its_own() -> None:
    simulator = dp.Simulator(net(), chains=2)
    starts = np.array([[0.5, -0.5, 1.0], [0.0, 0.1, 0.2]])
    own = simulator.infer(steps=1, mode="deterministic", start=starts).states[0]
    shared = simulator.infer(steps=1, mode="deterministic", start=starts[1]).states[0]
    np.testing.assert_array_equal(shared, [own[1], own[1]])
    assert not np.allclose(own[0], own[1])


# ---------------------------------------------------------------------- randomness


@every_backend
@every_schedule
def test_the_same_seed_gives_the_same_run(backend: str, schedule: str) -> None:
    runs = [
        dp.Simulator(net(learning_rate=0.1), backend, schedule, seed=seed).learn(
            np.eye(3), epochs=6, steps=4, record=("states", "free_energy")
        )
        for seed in (7, 7, 8)
    ]
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


@every_schedule
def test_both_backends_share_the_stream(schedule: str) -> None:
    runs = [
        dp.Simulator(net(), backend, schedule, chains=2, seed=7).infer(U, steps=20)
        for backend in ("objects", "numpy")
    ]
    np.testing.assert_allclose(runs[0].states, runs[1].states, atol=1e-12)


def test_a_seed_can_be_a_sequence_and_none_is_fresh() -> None:
    runs = [dp.Simulator(net(), seed=seed).infer(steps=3) for seed in ([1, 2], [1, 2], [2, 1])]
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])
    fresh = [dp.Simulator(net(), seed=None).infer(steps=3) for _ in range(2)]
    assert not same(fresh[0], fresh[1])


def test_a_refused_call_leaves_the_streams_where_they_were() -> None:
    simulator = dp.Simulator(net(), learning_rate=0.1)
    for wrong in ({"record": "nothing"}, {"every": 0}, {"order": [9]}, {"precision": -1}):
        with pytest.raises(ValueError, match="learn"):
            simulator.learn(np.eye(3), epochs=9, **wrong)
    fresh = dp.Simulator(net(), learning_rate=0.1)
    run, expected = (one.learn(np.eye(3), epochs=9) for one in (simulator, fresh))
    assert run.patterns.tolist() == expected.patterns.tolist()
    assert same(run, expected)


# ---------------------------------------------------------------------- continuous time


def gone(simulator: dp.Simulator, **given: Any) -> Any:
    """How far each state goes in one step without noise, from 0."""
    run = simulator.infer(U, 1, mode="deterministic", start=np.zeros(3), **given)
    return run.states[0]


@every_backend
def test_a_time_step_is_set_on_the_world_the_simulator_and_the_call(backend: str) -> None:
    drift = np.array([0.1, 0.0, -0.2]) + U
    assert_close = np.testing.assert_allclose
    plain = dp.Simulator(net(), backend, "langevin")
    assert plain.program.time_step.tolist() == [0.01] * 3
    assert_close(gone(plain), 0.01 * drift, atol=1e-15)
    assert_close(gone(plain, time_step=0.1), 0.1 * drift, atol=1e-15)
    of_world = dp.Simulator(net(time_step=0.03), backend, "langevin")
    assert_close(gone(of_world), 0.03 * drift, atol=1e-15)
    own = dp.Simulator(net(time_step=0.03), backend, "langevin", time_step=[0.2, 0.1, 0.05])
    assert own.program.time_step.tolist() == [0.2, 0.1, 0.05]
    assert_close(gone(own), [0.2, 0.1, 0.05] * drift, atol=1e-15)
    assert_close(gone(own, time_step=0.3), 0.3 * drift, atol=1e-15)
    assert_close(gone(own), [0.2, 0.1, 0.05] * drift, atol=1e-15)
    grid = dp.Simulator(net(), backend, "langevin", networks=2, time_step=[0.1, 0.2])
    assert_close(gone(grid), [0.1 * drift, 0.2 * drift], atol=1e-15)


@pytest.mark.parametrize(
    ("schedule", "value", "message"),
    [
        ("langevin", 0.0, r"time_step is above zero \(got 0\.0\)\. Mend: give time_step=0\.01"),
        ("langevin", [0.1, 0.0, 0.1], r"time_step is above zero \(got 0\.0\)"),
        ("langevin", -1.0, "the time_step is not negative"),
        ("langevin", [0.1, 0.1], "time_step is a number or has shape"),
        ("random", 0.1, r"'langevin' \(got schedule 'random'\)\. Mend: leave time_step out"),
    ],
)
def test_time_steps_that_cannot_be(schedule: str, value: Any, message: str) -> None:
    with pytest.raises(dp.SettingError, match=message):
        dp.Simulator(net(), schedule=schedule, time_step=value)
    simulator = dp.Simulator(net(), schedule=schedule, learning_rate=0.1)
    for call in (simulator.infer, simulator.relax, lambda **given: simulator.learn(U, **given)):
        with pytest.raises(dp.SettingError, match=message):
            call(time_step=value)


# ---------------------------------------------------------------------- overrides


def first_step(world: dp.Partition, call: Any = None, **simulator: Any) -> FloatArray:
    made = dp.Simulator(world, **simulator)
    run = made.infer(U, steps=1, mode="deterministic", precision=call)
    states: FloatArray = run.states[0]
    return states


def test_precision_is_that_of_the_call_or_the_simulator_or_the_partition() -> None:
    def expected(beta: Any) -> FloatArray:
        theta: FloatArray = np.asarray(beta) * (np.array([0.1, 0.0, -0.2]) + U)
        return CB.mean(theta)

    world = net(precision=0.5)
    world["population"].precision = 0.25
    rows = [0.1, 2.0, 3.0]
    np.testing.assert_allclose(first_step(net()), expected(1.0))
    np.testing.assert_allclose(first_step(net(precision=0.5)), expected(0.5))
    np.testing.assert_allclose(first_step(world), expected(0.25))
    np.testing.assert_allclose(first_step(world, precision=3.0), expected(3.0))
    np.testing.assert_allclose(first_step(world, precision=rows), expected(rows))
    np.testing.assert_allclose(first_step(world, 4.0, precision=3.0), expected(4.0))
    np.testing.assert_allclose(first_step(world, np.array(rows), precision=3.0), expected(rows))


def learned(world: dp.Partition, call: Any = None, **simulator: Any) -> FloatArray:
    made = dp.Simulator(world, **simulator)
    made.learn(U, steps=1, mode="deterministic", learning_rate=call)
    change: FloatArray = made.couplings - J
    return change


def test_the_learning_rate_is_that_of_the_call_or_the_simulator_or_the_partition() -> None:
    unit = learned(net(learning_rate=1.0))
    world = net(learning_rate=0.5)
    world["population"].learning_rate = 0.25
    rows = np.array([0.1, 0.0, 3.0])
    np.testing.assert_allclose(learned(world), 0.25 * unit)
    np.testing.assert_allclose(learned(world, learning_rate=3.0), 3.0 * unit)
    np.testing.assert_allclose(learned(world, learning_rate=rows), rows[:, None] * unit)
    np.testing.assert_allclose(learned(world, 4.0, learning_rate=3.0), 4.0 * unit)
    np.testing.assert_allclose(learned(world, rows, learning_rate=3.0), rows[:, None] * unit)


def moved(world: dp.Partition, call: Any = None, **simulator: Any) -> list[list[int]]:
    made = dp.Simulator(world, **simulator)
    states = made.infer(steps=6, clock=call).states
    before = np.concatenate([np.zeros((1, states.shape[1])), states[:-1]])
    changes: list[list[int]] = (states != before).astype(int).T.tolist()
    return changes


def test_the_clock_is_that_of_the_call_or_the_simulator_or_the_partition() -> None:
    always, second, third = [1] * 6, [1, 0] * 3, [1, 0, 0] * 2
    world = nested()
    assert moved(world) == [always] * 4
    world.clock = 3
    world["fast"].clock = 2
    assert moved(world) == [second, second, third, third]
    assert moved(world, clock=1) == [always] * 4
    assert moved(world, clock=[1, 2, 3, 1]) == [always, second, third, always]
    assert moved(world, 2, clock=3) == [second] * 4
    assert moved(world, np.array([3, 1, 1, 2]), clock=3) == [third, always, always, second]


def test_an_override_ends_with_its_call() -> None:
    simulator = dp.Simulator(net(), clock=1)
    simulator.infer(U, steps=2, precision=50.0, clock=2)
    np.testing.assert_array_equal(simulator.program.precision, 1.0)
    states = simulator.infer(U, steps=2).states
    assert not np.any(states[0] == states[1])


# ---------------------------------------------------------------------- clocks


@every_backend
@every_schedule
def test_a_unit_updates_when_its_clock_divides_the_step_number(backend: str, schedule: str) -> None:
    simulator = dp.Simulator(net(), backend, schedule, clock=[1, 2, 3])
    states = simulator.infer(U, steps=13).states
    for row, clock in enumerate([1, 2, 3]):
        changes = np.flatnonzero(np.diff(states[:, row])) + 1
        assert np.all(changes % clock == 0)
        assert changes.size >= 2 if schedule == "random" else changes.size == 12 // clock


@every_backend
def test_step_numbers_count_burn_in_and_earlier_calls(backend: str) -> None:
    simulator = dp.Simulator(net(), backend, clock=[1, 1, 4])
    simulator.infer(steps=2, burn_in=1)  # t = 0, 1, 2
    held = simulator.infer(steps=1).states[0, 2]  # t = 3
    due = simulator.infer(steps=1).states[0, 2]  # t = 4
    assert simulator.time == 5
    assert held != due
    assert np.all(simulator.infer(steps=3).states[:, 2] == due)


@every_backend
@every_schedule
def test_a_held_unit_consumes_its_random_number(backend: str, schedule: str) -> None:
    # No couplings: what row 0 does depends on its own random numbers alone.
    alone = dp.from_couplings(np.zeros((2, 2)))
    held, free = (
        dp.Simulator(alone, backend, schedule, clock=clock, seed=2).infer(steps=40).states[:, 0]
        for clock in ([1, 3], [1, 1])
    )
    np.testing.assert_array_equal(held, free)


@every_backend
@every_schedule
def test_a_held_unit_does_not_learn(backend: str, schedule: str) -> None:
    simulator = dp.Simulator(net(), backend, schedule, clock=[1, 2, 2], learning_rate=0.1)
    before = simulator.couplings
    simulator.learn(U, steps=1)  # t = 0: all are due
    if schedule != "random":
        assert np.all((simulator.couplings != before).any(axis=1))
    before = simulator.couplings
    simulator.learn(U, epochs=1, steps=1)  # t = 1: rows 1 and 2 are held
    np.testing.assert_array_equal(simulator.couplings[1:], before[1:])
    if schedule != "random":
        assert np.any(simulator.couplings[0] != before[0])


def test_a_held_unit_keeps_the_free_energy_of_its_last_update() -> None:
    simulator = dp.Simulator(net(), clock=[1, 2, 2])
    series = simulator.infer(U, steps=4, record="local_free_energy").local_free_energy
    np.testing.assert_array_equal(series[0, 1:], series[1, 1:])
    assert np.all(series[1, 1:] != series[2, 1:])


# ---------------------------------------------------------------------- what can be set


@every_backend
def test_couplings_can_be_set(backend: str) -> None:
    simulator = dp.Simulator(net(), backend)
    simulator.couplings = 2.0 * J
    np.testing.assert_array_equal(simulator.couplings, 2.0 * J)
    state = simulator.infer(steps=1, mode="deterministic", start=[0.0, 1.0, 0.0]).states[0]
    assert state[2] == pytest.approx(CB.mean(-0.2 + 2.0 * 0.1), abs=1e-14)


def test_what_is_handed_out_is_a_copy() -> None:
    simulator = dp.Simulator(net())
    simulator.couplings[0, 1] = 99.0
    simulator.state[0] = 0.5
    simulator.variables.state[0, 0] = 0.5
    np.testing.assert_array_equal(simulator.couplings, J)
    np.testing.assert_array_equal(simulator.state, 0.0)


def test_what_is_handed_in_is_copied() -> None:
    given, state = 2.0 * J, np.array([0.1, 0.2, 0.3])
    simulator = dp.Simulator(net())
    simulator.couplings, simulator.state = given, state
    given[0, 1], state[0] = 99.0, 0.9
    np.testing.assert_array_equal(simulator.couplings, 2.0 * J)
    np.testing.assert_array_equal(simulator.state, [0.1, 0.2, 0.3])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_evidence_changed_in_place_between_calls_is_seen(dtype: str) -> None:
    simulator = dp.Simulator(net(), dtype=dtype)
    evidence = U.copy()
    first = simulator.infer(evidence, steps=1, mode="deterministic", start=np.zeros(3)).states
    evidence *= -1.0
    second = simulator.infer(evidence, steps=1, mode="deterministic", start=np.zeros(3)).states
    assert not np.allclose(first, second)


@every_backend
def test_variables_carry_everything_over(backend: str) -> None:
    first = dp.Simulator(net(learning_rate=0.1), backend, chains=2, seed=1)
    first.learn(U, epochs=3, steps=5)
    second = dp.Simulator(net(learning_rate=0.1), "numpy", chains=2, seed=9)
    second.variables = first.variables
    for name, value in vars(first.variables).items():
        np.testing.assert_array_equal(getattr(second.variables, name), value)
    runs = [one.infer(U, steps=5, mode="deterministic") for one in (first, second)]
    np.testing.assert_allclose(runs[0].states, runs[1].states, atol=1e-14)


def test_float32_stays_float32_and_agrees_to_its_precision() -> None:
    run = {
        dtype: dp.Simulator(net(), dtype=dtype, chains=2).infer(U, steps=1, mode="deterministic")
        for dtype in ("float32", "float64")
    }
    assert run["float32"].states.dtype == np.float32
    assert run["float64"].states.dtype == np.float64
    np.testing.assert_allclose(run["float32"].states, run["float64"].states, atol=1e-6)
    simulator = dp.Simulator(net(), dtype=np.float32, learning_rate=0.1)
    for mode in ("stochastic", "deterministic"):
        simulator.learn(U, steps=3, mode=mode)
        simulator.infer(U, steps=3, mode=mode, clock=2)
    assert {value.dtype for value in vars(simulator.variables).values()} == {np.dtype("float32")}


def test_auto_says_which_backend_it_chose() -> None:
    assert dp.Simulator(net(), "auto").backend in ("native", "jax", "numpy")
    assert dp.Simulator(net(), "objects").backend == "objects"


def test_its_repr_tells_what_it_is() -> None:
    simulator = dp.Simulator(net(), schedule="random", chains=3)
    simulator.infer(steps=2)
    text = repr(simulator)
    assert text == "<Simulator of 'net': 3 subparticles, numpy, random, 3 chains, float64, t = 2>"


# ---------------------------------------------------------------------- the world and its twin


@every_backend
def test_a_simulator_is_a_snapshot(backend: str) -> None:
    world = nested()
    simulator = dp.Simulator(world, backend, seed=3)
    expected = dp.Simulator(world, backend, seed=3).infer(steps=5)
    world["fast/a"].bias = 5.0
    world["fast/a"].active["fast/b"].weight = 5.0
    world["pair/0"].sensory["pair/1"].weight = 5.0
    world.precision = 7.0
    np.testing.assert_array_equal(simulator.infer(steps=5).states, expected.states)


@every_backend
def test_running_leaves_the_world_as_it_is(backend: str) -> None:
    world = nested()
    couplings, states = world.couplings, world.states
    dp.Simulator(world, backend, learning_rate=0.5).learn(np.zeros(4), steps=10)
    np.testing.assert_array_equal(world.couplings, couplings)
    np.testing.assert_array_equal(world.states, states)
    assert world.time == 0


@every_backend
def test_what_was_learned_is_written_back_into_explicit_objects_and_populations(
    backend: str,
) -> None:
    world = nested()
    simulator = dp.Simulator(world, backend, learning_rate=0.5)
    simulator.learn(np.zeros(4), steps=10)
    simulator.write_back()
    np.testing.assert_array_equal(world.couplings, simulator.couplings)
    learned = simulator.couplings
    assert world["fast/b"].sensory["fast/a"].weight == learned[1, 0] != 0.5
    assert world["pair/0"].sensory["1"].weight == learned[2, 3] != 0.2
    assert world["fast/a"].sensory["pair/0"].weight == learned[0, 2] == 0.4  # not plastic
    np.testing.assert_array_equal(world.states, 0.0)
    world.check()


def test_states_are_written_back_when_asked_for() -> None:
    world = nested()
    simulator = dp.Simulator(world)
    simulator.infer(steps=3)
    simulator.write_back(states=True)
    np.testing.assert_array_equal(world.states, simulator.state)


def test_states_of_many_chains_cannot_be_written_back() -> None:
    world = nested()
    simulator = dp.Simulator(world, chains=2, learning_rate=0.5)
    simulator.learn(np.zeros(4), steps=5)
    with pytest.raises(dp.SettingError, match=r"one state per subparticle \(got 2 chains\)"):
        simulator.write_back(states=True)
    np.testing.assert_array_equal(world.couplings, nested().couplings)
    simulator.write_back()
    np.testing.assert_array_equal(world.couplings, simulator.couplings)


@pytest.mark.parametrize(
    "edit",
    [
        lambda world: world.add_subparticle("new"),
        lambda world: world.remove("pair"),
        lambda world: world.couple("fast/b", "fast/a", 0.1),
        lambda world: world.couple(world["pair/1"], "fast/b"),
        lambda world: world.uncouple("fast/a", "fast/b"),
        lambda world: world.rename("fast/a", "z"),
        lambda world: world.add_external("scene"),
    ],
    ids=["add", "remove", "couple", "couple a population", "uncouple", "rename", "external"],
)
def test_write_back_refuses_a_world_whose_structure_changed(
    edit: Callable[[dp.Partition], object],
) -> None:
    world = nested()
    simulator = dp.Simulator(world)
    edit(world)
    before = world.couplings
    with pytest.raises(dp.PartitionError, match=r"1 changes of structure since.*new Simulator"):
        simulator.write_back()
    np.testing.assert_array_equal(world.couplings, before)


def test_a_fork_has_the_couplings_and_goes_its_own_way() -> None:
    simulator = dp.Simulator(net(learning_rate=0.5), seed=4)
    simulator.learn(U, epochs=4)
    state, learned = simulator.state, simulator.couplings
    twin = simulator.fork(chains=5, seed=9)
    assert (twin.time, twin.state.shape) == (0, (5, 3))
    np.testing.assert_array_equal(twin.couplings, learned)
    np.testing.assert_array_equal(twin.state, 0.0)
    twin.learn(U, epochs=4)
    assert not np.allclose(twin.couplings, learned)
    np.testing.assert_array_equal(simulator.couplings, learned)
    np.testing.assert_array_equal(simulator.state, state)


@every_backend
def test_a_fork_keeps_the_overrides_of_its_simulator(backend: str) -> None:
    simulator = dp.Simulator(net(), backend, precision=7.0)
    run, again = (one.infer(U, steps=5) for one in (simulator, simulator.fork()))
    np.testing.assert_array_equal(run.states, again.states)


# ---------------------------------------------------------------------- refusals


def untouched(simulator: dp.Simulator, call: Callable[[], object]) -> None:
    """Check that a call that is refused changed nothing: it goes on like a fresh one."""
    before = simulator.variables
    call()
    for name, value in vars(simulator.variables).items():
        np.testing.assert_array_equal(value, getattr(before, name))
    assert simulator.time == 0
    fresh = dp.Simulator(net(), chains=2, learning_rate=0.1).infer(U, steps=2)
    assert same(simulator.infer(U, steps=2), fresh)


WRONG_COUNTS = [
    (-1, dp.SettingError, r"is at least \d \(got -1\)"),
    (2.5, dp.SettingTypeError, r"is a whole number \(got 2\.5\)"),
    (3.0, dp.SettingTypeError, r"is a whole number \(got 3\.0\)"),
    (True, dp.SettingTypeError, r"is a whole number \(got True\)"),
    ("9", dp.SettingTypeError, r"is a whole number \(got '9'\)"),
    (float("nan"), dp.SettingTypeError, r"is a whole number \(got nan\)"),
    (None, dp.SettingTypeError, r"is a whole number \(got None\)"),
]


@pytest.mark.parametrize(("value", "error", "message"), WRONG_COUNTS)
@pytest.mark.parametrize("what", ["steps", "burn_in", "every"])
def test_infer_refuses_wrong_counts(
    what: str, value: Any, error: type[Exception], message: str
) -> None:
    def call() -> None:
        with pytest.raises(error, match=rf"infer: {what} {message}"):
            simulator.infer(U, **{what: value})

    simulator = dp.Simulator(net(), chains=2, learning_rate=0.1)
    untouched(simulator, call)


@pytest.mark.parametrize(("value", "error", "message"), WRONG_COUNTS[:-1])
@pytest.mark.parametrize("what", ["steps", "epochs", "every"])
def test_learn_refuses_wrong_counts(
    what: str, value: Any, error: type[Exception], message: str
) -> None:
    def call() -> None:
        with pytest.raises(error, match=rf"learn: {what} {message}"):
            simulator.learn(U, **{what: value})

    simulator = dp.Simulator(net(), chains=2, learning_rate=0.1)
    untouched(simulator, call)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"steps": 0}, ValueError, r"infer: steps is at least 1 \(got 0\)"),
        ({"mode": "determinstic"}, ValueError, r"the mode .* did you mean 'deterministic'\?"),
        ({"record": "state"}, ValueError, r"the record .* did you mean 'states'\?"),
        ({"record": ("states", "energy")}, ValueError, r"the record is one of .*'energy'"),
        ({"record": 3}, TypeError, r"record is a sequence of names \(got 3\)"),
        ({"precision": -0.5}, ValueError, r"the precision is not negative \(got -0\.5\)"),
        ({"precision": np.inf}, ValueError, "the precision is finite"),
        ({"precision": "high"}, TypeError, r"precision holds numbers \(got 'high'\)"),
        ({"precision": [1.0, 2.0]}, ValueError, r"shape \(3,\) \(got shape \(2,\)\)"),
        ({"precision": [1.0, -2.0, 0.0]}, ValueError, r"precision is not negative \(got -2\.0\)"),
        ({"precision": [1.0, np.nan, 0.0]}, ValueError, r"precision is finite \(got nan at \[1\]"),
        ({"precision": [[1.0], [1.0, 2.0]]}, TypeError, "precision holds numbers"),
        ({"clock": 0}, ValueError, r"the clock is at least 1 \(got 0\)"),
        ({"clock": 1.5}, TypeError, r"the clock is a whole number of steps \(got 1\.5\)"),
        ({"clock": [1, 2]}, ValueError, r"shape \(3,\) \(got 2 numbers\)"),
        ({"clock": [1, 2, 0]}, ValueError, r"the clock is at least 1 \(got 0\)"),
        ({"start": [0.0, 0.0]}, ValueError, r"shape \(3,\) or \(2, 3\) \(got shape \(2,\)\)"),
        ({"start": np.zeros((3, 3))}, ValueError, r"shape \(3,\) or \(2, 3\) \(got shape \(3, 3"),
        ({"start": [0.0, np.nan, 0.0]}, ValueError, r"infer, start: .* finite \(got nan at \[1\]"),
        ({"start": [0.0, 1.5, 0.0]}, ValueError, r"population/1.*lies in \[-1, 1\] \(got 1\.5\)"),
        ({"start": "zero"}, TypeError, r"infer, start: the state holds numbers"),
    ],
)
def test_infer_refuses_wrong_settings(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    def call() -> None:
        with pytest.raises(error, match=message):
            simulator.infer(U, **given)

    simulator = dp.Simulator(net(), chains=2, learning_rate=0.1)
    untouched(simulator, call)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"mode": "random"}, ValueError, r"the mode is one of 'stochastic', 'deterministic'"),
        ({"order": "cyclical"}, ValueError, r"the order .* did you mean 'cyclic'\?"),
        ({"order": [0, 1]}, ValueError, r"order names patterns 0…0 \(got 0…1\)"),
        ({"order": [-1]}, ValueError, "order names patterns 0…0"),
        ({"order": [0.5]}, TypeError, "order is 'random', 'cyclic' or a sequence of whole numbers"),
        ({"order": [True]}, TypeError, "a sequence of whole numbers"),
        ({"order": [[0], [0, 0]]}, TypeError, "a sequence of whole numbers"),
        ({"order": []}, TypeError, "a sequence of whole numbers"),
        ({"order": None}, TypeError, "a sequence of whole numbers"),
        ({"evidence_strength": np.nan}, ValueError, "the evidence_strength is finite"),
        ({"evidence_strength": "strong"}, TypeError, "the evidence_strength is a real number"),
        ({"learning_rate": -1.0}, ValueError, "the learning_rate is not negative"),
        ({"learning_rate": np.nan}, ValueError, "the learning_rate is finite"),
        ({"learning_rate": [1.0]}, ValueError, r"learning_rate is a number or has shape \(3,\)"),
        ({"record": ["free energy"]}, ValueError, r"did you mean 'free_energy'\?"),
        ({"precision": np.ones((2, 3))}, ValueError, r"precision .* \(got shape \(2, 3\)\)"),
        ({"clock": -1}, ValueError, "the clock is at least 1"),
    ],
)
def test_learn_refuses_wrong_settings(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    def call() -> None:
        with pytest.raises(error, match=message):
            simulator.learn(U, **given)

    simulator = dp.Simulator(net(), chains=2, learning_rate=0.1)
    untouched(simulator, call)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"backend": "numppy"}, ValueError, r"'numpy', 'objects' .* did you mean 'numpy'"),
        ({"backend": None}, ValueError, r"the backend is one of .* \(got None\)"),
        ({"schedule": "parallel"}, ValueError, r"the schedule is one of 'synchronous', 'sequen"),
        ({"chains": 0}, ValueError, r"chains is at least 1 \(got 0\)"),
        ({"chains": 2.0}, TypeError, r"chains is a whole number \(got 2\.0\)"),
        ({"dtype": "int64"}, ValueError, r"the dtype is 'float64' or 'float32' \(got 'int64'\)"),
        ({"dtype": "floaty"}, ValueError, "the dtype is 'float64' or 'float32'"),
        ({"seed": -1}, ValueError, r"the seed is a whole number ≥ 0 \(got -1\)"),
        ({"seed": "lucky"}, ValueError, r"the seed is a whole number ≥ 0 \(got 'lucky'\)"),
        ({"precision": -1}, ValueError, "the precision is not negative"),
        ({"learning_rate": [0.1, 0.1]}, ValueError, r"learning_rate .* \(got shape \(2,\)\)"),
        ({"clock": 1.0}, TypeError, "the clock is a whole number"),
    ],
)
def test_a_simulator_refuses_wrong_settings(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        dp.Simulator(net(), **given)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.zeros((2, 2)), ValueError, r"couplings have shape \(3, 3\) \(got shape \(2, 2\)\)"),
        (np.full((3, 3), np.nan), ValueError, r"couplings is finite \(got nan at \[0, 0\]\)"),
        (np.eye(3), ValueError, r"a coupling needs a boundary state \(got 1 at \[0, 0\]"),
        ("strong", TypeError, "couplings holds numbers"),
        (J * 1j, TypeError, "couplings holds numbers"),
    ],
)
def test_couplings_that_do_not_fit_are_refused(
    given: Any, error: type[Exception], message: str
) -> None:
    simulator = dp.Simulator(net())
    with pytest.raises(error, match=message):
        simulator.couplings = given
    np.testing.assert_array_equal(simulator.couplings, J)


def test_a_coupling_without_a_boundary_state_is_refused_with_the_mend() -> None:
    simulator = dp.Simulator(nested())
    given = simulator.couplings
    given[0, 1] = 0.3
    message = r"0\.3 at \[0, 1\].*couple 'fast/b' to 'fast/a' in the world"
    with pytest.raises(dp.SettingError, match=message):
        simulator.couplings = given


def test_states_outside_their_support_are_refused() -> None:
    world = dp.from_couplings(np.zeros((2, 2)), distribution=dp.Gaussian())
    spin = world.add_subparticle("spin", distribution=dp.Spin())
    simulator = dp.Simulator(world)
    simulator.state = [5.0, -7.0, 1.0]
    with pytest.raises(dp.SettingError, match=r"'spin': the state of Spin\(\) lies in \[-1, 1\]"):
        simulator.state = [5.0, -7.0, -2.0]
    np.testing.assert_array_equal(simulator.state, [5.0, -7.0, 1.0])
    assert spin.state == 0.0


def test_a_misspelled_attribute_is_refused() -> None:
    simulator: Any = dp.Simulator(dp.from_couplings(np.zeros((2, 2))))
    with pytest.raises(AttributeError, match="precison"):
        simulator.precison = 2.0
