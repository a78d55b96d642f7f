"""Worlds in array code run inside the loop of jax, and all backends make the same run."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.errors import is_complete, says
from support.worlds import worlds_for

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile import engine

pytest.importorskip("jax")

from deepparticle.compile.backends.jax import JaxBackend

SCHEDULES = ("synchronous", "sequential", "chromatic", "random", "langevin")
SERIES = ("states", "free_energy", "published", "mean_field", "prediction_error")


@dp.array_process(normals=2, uniforms=1)
def jostled(value: Any, actions: Any, draws: Any, xp: Any) -> Any:
    """It decays, is pushed, and now and then is kicked."""
    kick = xp.where(draws.uniforms[0] < 0.3, draws.normals[1], 0.0)
    return 0.7 * value + 0.2 * xp.tanh(xp.sum(actions)) + 0.1 * draws.normals[0] + 0.3 * kick


def process_for(external: Any, number: int) -> Any:
    """One of the kinds in turn: of the user, linear, or a differential equation."""
    size = np.size(external.value) if np.ndim(external.value) else None
    if number % 3 == 0:
        return jostled
    if number % 3 == 1:
        matrix = 0.6 if size is None else 0.6 * np.eye(size) + 0.1 * np.eye(size, k=1)
        return dp.LinearGaussian(matrix, 0.1, deviation=0.2, offset=0.1)
    return dp.StochasticDifferential(
        lambda v, a, xp: xp.sin(a.sum()) - v, lambda v, xp: xp.cosh(0.1 * v), 0.1, array_code=True
    )


def answering(world: dp.Partition, first: int = 0) -> dp.Partition:
    for number, external in enumerate(world.externals):
        external.process = process_for(external, number + first)
    return world


def loop(process: Any = jostled, *, learns: bool = False, **settings: Any) -> dp.Partition:
    """Two particles that sense and move one number; bounded states, mixed clocks."""
    world = dp.Partition("loop", learning_rate=0.02, **settings)
    left, right = world.add_subparticle("left"), world.add_subparticle("right", bias=0.3, clock=2)
    world.couple(left, right, 0.4)
    world.couple(right, left, -0.3)
    level = world.add_external("level", 0.5, process, expectation=0.0 if learns else None)
    world.sense(level, [left, right], [1.0, -0.5])
    world.act(left, level, 0.2, plastic=learns)
    world.act(right, level, -0.4)
    return world


def deviation(left: Any, right: Any) -> float:
    scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
    return float(np.max(np.abs(np.subtract(left, right)) / scale, initial=0.0))


def assert_same_runs(runs: list[dp.Run], tolerance: float) -> None:
    for other in runs[1:]:
        assert other.steps == runs[0].steps
        for name, values in runs[0].records.items():
            assert other.records[name].shape == values.shape
            worst = deviation(values, other.records[name])
            assert worst <= tolerance, f"{name} differs by {worst:.1e}"


def worlds_of(simulator: dp.Simulator) -> list[FloatArray]:
    surroundings = simulator._engine.surroundings
    return [*surroundings.values, *surroundings.acting_weights]


def assert_same_simulators(simulators: list[dp.Simulator], tolerance: float) -> None:
    first = simulators[0]
    for other in simulators[1:]:
        assert other.time == first.time
        for left, right in zip(worlds_of(first), worlds_of(other), strict=True):
            assert left.shape == right.shape
            assert deviation(left, right) <= tolerance
        for name, values in vars(first.variables).items():
            worst = deviation(values, getattr(other.variables, name))
            assert worst <= tolerance, f"{name} differs by {worst:.1e}"
        for one, another in zip(first._engine._streams, other._engine._streams, strict=True):
            assert one.bit_generator.state == another.bit_generator.state


def simulators_of(
    world: dp.Partition, schedule: str = "synchronous", **given: Any
) -> list[dp.Simulator]:
    backends = ("objects", "numpy", "jax")
    return [dp.Simulator(world, one, schedule, stream="shared", **given) for one in backends]


class Calls:
    """Counts the blocks that a backend makes, and their steps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[int] = []
        run = JaxBackend.run

        def counted(backend: JaxBackend, block: Any) -> Any:
            self.steps.append(block.steps)
            return run(backend, block)

        monkeypatch.setattr(JaxBackend, "run", counted)


# ---------------------------------------------------------------------- the same run


@pytest.mark.parametrize("schedule", SCHEDULES)
@settings(
    max_examples=5,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
@given(data=st.data())
def test_generated_worlds_run_alike(schedule: str, data: st.DataObject) -> None:
    """Some steps from a common state, inferring and learning, in blocks and one by one."""
    drawn = worlds_for(schedule, max_leaves=6).filter(lambda world: len(world.externals) > 0)
    world = answering(data.draw(drawn), data.draw(st.integers(0, 2)))
    chains, networks = data.draw(st.sampled_from([(None, None), (3, None), (None, 2), (2, 2)]))
    mode = data.draw(st.sampled_from(["stochastic", "deterministic"]))
    given = {"chains": chains, "networks": networks, "seed": data.draw(st.integers(0, 2**31))}
    sims = simulators_of(world, schedule, **given)
    for steps, tolerance in ((1, 1e-12), (3, 1e-10)):
        runs = [one.infer(steps=steps, mode=mode, record=SERIES) for one in sims]
        assert_same_runs(runs, tolerance)
        assert_same_simulators(sims, tolerance)
        rate: dict[str, Any] = {"learning_rate": 0.01, "record": SERIES}
        runs = [one.learn(None, steps=steps, mode=mode, **rate) for one in sims]
        assert_same_runs(runs, tolerance)
        assert_same_simulators(sims, tolerance)


@pytest.mark.parametrize("mode", ["stochastic", "deterministic"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_long_run_of_a_loop_that_contracts(schedule: str, mode: str) -> None:
    sims = simulators_of(loop(precision=0.7), schedule, chains=2, seed=5)
    runs = [one.infer(steps=300, burn_in=20, mode=mode, record=SERIES) for one in sims]
    assert_same_runs(runs, 1e-12)
    assert_same_simulators(sims, 1e-12)


def test_every_chain_and_network_has_a_world_of_its_own() -> None:
    sim = dp.Simulator(loop(), "jax", networks=2, chains=3, seed=1)
    sim.infer(steps=50)
    values = worlds_of(sim)[0]
    assert values.shape == (2, 3)
    assert len(np.unique(values)) == 6


def test_networks_are_those_of_simulators_of_their_own() -> None:
    both = dp.Simulator(loop(), "jax", networks=2, seed=[3, 4], stream="shared")
    together = both.infer(steps=80).states
    for network, seed in enumerate((3, 4)):
        alone = dp.Simulator(loop(), "jax", seed=seed, stream="shared").infer(steps=80).states
        np.testing.assert_allclose(together[:, network], alone, atol=1e-12)


def test_the_own_stream_and_where_blocks_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its own numbers, only the world is drawn for here: in blocks or step by step."""
    runs, calls = [], Calls(monkeypatch)
    for limit in (2**22, 60, 1):
        monkeypatch.setattr(engine, "_NUMBERS", limit)
        sim = dp.Simulator(loop(precision=0.7), "jax", seed=2)
        runs.append(sim.infer(steps=100, record=SERIES))
    monkeypatch.setattr(JaxBackend, "holds_worlds", False)
    runs.append(dp.Simulator(loop(precision=0.7), "jax", seed=2).infer(steps=100, record=SERIES))
    assert_same_runs(runs, 1e-12)
    assert calls.steps == [100, 20, 20, 20, 20, 20, *[1] * 200]


def test_epochs_resets_and_clamped_externals() -> None:
    """What is clamped, in every network something else, is shown beside what answers."""
    world = loop(precision=0.7)
    scene = world.add_external("scene", 0.3)
    world.sense(scene, "left", 2.0)
    sims = simulators_of(world, networks=2, chains=2, seed=8)
    patterns = [{"scene": 1.0}, {"scene": -1.0}, {}]
    given: dict[str, Any] = {"epochs": 6, "steps": 7, "reset": True, "learning_rate": 1e-3}
    runs = [one.learn(patterns, record=SERIES, every=3, **given) for one in sims]
    assert_same_runs(runs, 1e-12)
    assert_same_simulators(sims, 1e-12)


def test_many_epochs_are_few_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks grow as long as learning is calm, over the ends of epochs, as without a world."""
    world = loop(precision=0.5, learns=True)
    scene = world.add_external("scene", 0.3)
    world.sense(scene, "left", 2.0)
    patterns = [{"scene": 1.0}, {"scene": -1.0}, {"scene": 0.2}]
    given: dict[str, Any] = {"epochs": 300, "steps": 3, "learning_rate": 1e-3, "every": 2}
    calls, sims = Calls(monkeypatch), simulators_of(world, networks=2, chains=2, seed=8)[1:]
    runs = [one.learn(patterns, reset=True, record="states", **given) for one in sims]
    assert_same_runs(runs, 1e-10)
    assert_same_simulators(sims, 1e-10)
    assert np.array_equal(runs[0].patterns, runs[1].patterns)
    assert sum(calls.steps) == 900
    assert len(calls.steps) < 60
    assert all(steps % 3 == 0 for steps in calls.steps)


def test_patterns_that_clamp_what_answers_are_epochs_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls, sims = Calls(monkeypatch), simulators_of(loop(precision=0.5), networks=2, seed=8)
    patterns = [{"level": 1.0}, {}, np.array([0.5, -0.5])]
    runs = [
        one.learn(patterns, epochs=8, steps=4, record="states", learning_rate=1e-3) for one in sims
    ]
    assert_same_runs(runs, 1e-12)
    assert_same_simulators(sims, 1e-12)
    both = [set(each) for each in runs[0].patterns.tolist()]
    assert calls.steps.count(1) == 4 * sum(1 in each and each != {1} for each in both)
    assert calls.steps.count(4) == sum(each == {1} or 1 not in each for each in both)


def test_a_record_of_each_step_and_a_bias_in_time() -> None:
    world = loop(precision=0.7)
    world["left"].bias_process = [0.1, 0.1, 0.1, -0.4, -0.4]
    sims = simulators_of(world, seed=8)
    runs = [one.learn(None, steps=40, record=("weight_change", *SERIES)) for one in sims]
    assert_same_runs(runs, 1e-12)
    assert_same_simulators(sims, 1e-12)


def test_a_value_that_becomes_a_vector() -> None:
    """The first answer gives it the shape that it keeps: that one is made by Python."""
    world = loop(dp.LinearGaussian([[0.8, 0.1], [0.0, 0.7]], 0.2, deviation=0.1))
    sims = simulators_of(world, seed=3)
    assert_same_runs([one.infer(steps=30, record=SERIES) for one in sims], 1e-12)
    assert worlds_of(sims[-1])[0].shape == (1, 1, 2)


def test_the_world_is_float64_whatever_the_states_are() -> None:
    @dp.array_process
    def creep(value: Any, actions: Any, draws: Any, xp: Any) -> Any:
        return value + 1e-9

    sim = dp.Simulator(loop(creep), "jax", dtype="float32")
    states = sim.infer(steps=1000).states
    assert states.dtype == np.float32
    assert worlds_of(sim)[0].dtype == np.float64
    np.testing.assert_allclose(worlds_of(sim)[0], 0.5 + 1e-6, atol=1e-13)


# ---------------------------------------------------------------------- exact


def test_without_noise_a_linear_loop_is_a_matrix_product() -> None:
    """Gaussian states of precision 1 and variance 1 show their field."""
    world = dp.Partition("linear")
    one = world.add_subparticle("one", distribution=dp.Gaussian())
    level = world.add_external("level", 1.0, dp.LinearGaussian(0.9, -0.5))
    world.sense(level, one, 0.7)
    world.act(one, level, 0.8)
    states = dp.Simulator(world, "jax").infer(steps=60, mode="deterministic").states[:, 0]
    matrix = np.array([[0.9, -0.4], [0.7 * 0.9, 0.7 * -0.4]])  # (η, σ) ↦ (η', 0.7 η')
    now, expected = np.array([1.0, 0.0]), []
    for _ in range(60):
        now = matrix @ now
        expected.append(now[1])
    np.testing.assert_allclose(states, expected, rtol=1e-12, atol=1e-15)


def test_the_stationary_variance_of_a_differential_equation() -> None:
    """Euler and Maruyama at dη = −kη dt + g dW: variance g² / (2k − k²τ), over chains."""
    rate, amplitude, step, chains = 1.5, 0.6, 0.1, 4000
    process = dp.StochasticDifferential(
        lambda v, a, xp: -rate * v, amplitude, step, array_code=True
    )
    sim = dp.Simulator(loop(process), "jax", chains=chains, seed=6)
    sim.infer(steps=100, record=())
    found = np.var(worlds_of(sim)[0])
    exact = amplitude**2 / (2 * rate - rate**2 * step)
    assert abs(found / exact - 1.0) < 4 * np.sqrt(2 / chains)  # standard error of a variance


# ---------------------------------------------------------------------- active states learn


@pytest.mark.parametrize("networks", [None, 3])
def test_active_states_learn_alike(networks: int | None) -> None:
    rate: Any = 0.05 if networks is None else [0.0, 0.02, 0.1]
    sims = simulators_of(loop(learns=True), chains=2, networks=networks, learning_rate=rate)
    for one in sims:
        one.learn(None, steps=200)
    assert_same_simulators(sims, 1e-12)
    weights = sims[-1].action_weights["level"].reshape(-1, 2)
    moved = np.abs(weights - [0.2, -0.4]) > 1e-3
    expected = [[True, False]] if networks is None else [[False, False], *[[True, False]] * 2]
    assert moved.tolist() == expected


def test_expectations_that_are_functions_are_asked_step_by_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, calls = loop(learns=True), Calls(monkeypatch)
    world["level"].expectation = lambda value: 0.5 * value
    sims = simulators_of(world)
    for one in sims:
        one.learn(None, steps=20)
    assert_same_simulators(sims, 1e-12)
    assert calls.steps == [1] * 20
    dp.Simulator(world, "jax").infer(steps=20)  # nothing is learned, hence nothing asked
    assert calls.steps[20:] == [20]


# ---------------------------------------------------------------------- calls from the host


def test_python_is_called_once_per_block(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = itertools.count()

    @dp.array_process(normals=1)
    def counted(value: Any, actions: Any, draws: Any, xp: Any) -> Any:
        next(asked)
        return 0.9 * value + actions.sum() + 0.1 * draws.normals[0]

    calls, steps, chains = Calls(monkeypatch), 20_000, 4
    sim = dp.Simulator(loop(counted), "jax", chains=chains, seed=0)
    sim.infer(steps=steps, record=())
    assert sum(calls.steps) == steps
    assert len(calls.steps) <= 3
    assert next(asked) <= 4  # once for its shape, once or twice to be compiled
    dp.Simulator(loop(counted), "numpy", chains=chains).infer(steps=10)
    assert next(asked) >= 10 * chains


def test_one_plain_process_among_them_makes_single_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    world = loop(precision=0.7)
    other = world.add_external("other", 1.0, lambda value, actions, rng: 0.9 * value + rng.normal())
    world.sense(other, "right")
    calls, sims = Calls(monkeypatch), simulators_of(world, seed=4)
    assert_same_runs([one.infer(steps=30, record=SERIES) for one in sims], 1e-12)
    assert_same_simulators(sims, 1e-12)
    assert calls.steps == [1] * 30
    runs = [one.infer({"other": 0.5}, steps=30, record=SERIES) for one in sims]  # it is clamped
    assert_same_runs(runs, 1e-12)
    assert calls.steps[30:] == [30]


def test_auto_takes_the_backend_whose_loop_holds_the_world() -> None:
    assert dp.Simulator(loop(), "auto").backend == "jax"
    assert dp.Simulator(loop(dp.LinearGaussian(0.5)), "auto").backend == "jax"
    mixed = loop()
    mixed.sense(mixed.add_external("tide", 0.0, dp.Stream([0.0, 1.0])), "left")
    assert dp.Simulator(mixed, "auto").backend == "jax"
    plain = dp.Simulator(loop(lambda value, actions, rng: value), "auto").backend
    assert plain == dp.Simulator(loop(dp.Stream([0.0, 1.0])), "auto").backend
    assert plain == dp.Simulator(loop(None), "auto").backend


# ---------------------------------------------------------------------- what goes wrong


@dp.array_process
def growing(value: Any, actions: Any, draws: Any, xp: Any) -> Any:
    return 10.0 * value**2


def test_a_value_without_bound_is_refused_in_its_step() -> None:
    times, states = [], []
    for backend in ("numpy", "jax"):
        world = loop(growing)
        world["level"].value = 2.0
        sim = dp.Simulator(world, backend, stream="shared")
        with (
            np.errstate(over="ignore"),
            pytest.raises(dp.SettingError, match="the process of 'level': its answer is finite"),
        ):
            sim.infer(steps=50)
        times.append(sim.time)
        states.append(sim.state)
        assert np.all(np.isfinite(worlds_of(sim)[0]))
    assert times[0] == times[1] > 5
    np.testing.assert_allclose(states[0], states[1], atol=1e-12)


def test_active_weights_without_bound_are_refused() -> None:
    world = loop(dp.LinearGaussian(1.0, -1e200), learns=True)
    sim = dp.Simulator(world, "jax", learning_rate=1e200)
    message = "the active states on 'level': learning converges"
    with pytest.raises(dp.SettingError, match=message) as raised:
        sim.learn(None, steps=50)
    assert is_complete(raised.value)


def test_states_that_run_away_are_found_in_the_same_step() -> None:
    steps = []
    for backend in ("numpy", "jax"):
        world = dp.Partition("away")
        one = world.add_subparticle("one", distribution=dp.Gaussian())
        level = world.add_external("level", 1.0, dp.LinearGaussian(0.5, 1.0, deviation=0.1))
        world.sense(level, one)
        other = world.add_subparticle("other", distribution=dp.Gaussian())
        world.couple(one, other, 3.0)
        world.couple(other, one, 3.0)
        sim = dp.Simulator(world, backend, seed=1)
        with pytest.raises(dp.DivergenceError) as raised:
            sim.infer(steps=4000)
        steps.append((sim.time, raised.value.run.steps, len(raised.value.run.states)))
    assert steps[0] == steps[1]


WRONG: list[tuple[Callable[..., Any], str]] = [
    (lambda v, a, draws, xp: v if v > 0 else -v, "TracerBoolConversionError"),
    (lambda v, a, draws, xp: np.sin(v), "TracerArrayConversionError"),
    (lambda v, a, draws, xp: None, "TypeError"),
    (lambda v, a, draws, xp: xp.random.normal(), "AttributeError"),
]


@pytest.mark.parametrize(("function", "name"), WRONG, ids=[name for _, name in WRONG])
def test_what_is_no_array_code_is_refused_with_a_mend(
    function: Callable[..., Any], name: str
) -> None:
    sim = dp.Simulator(loop(dp.ArrayProcess(function)), "jax")
    message = says(
        "the process of 'level': array code computes with arrays of JAX, and asks for none of "
        f"their values (got {name} ... use xp in the place of np, xp.where in the place of if"
    )
    with pytest.raises(dp.SettingTypeError, match=message) as raised:
        sim.infer(steps=3)
    assert is_complete(raised.value)


def test_an_answer_of_the_wrong_shape_is_refused_as_elsewhere() -> None:
    @dp.array_process
    def three(value: Any, actions: Any, draws: Any, xp: Any) -> Any:
        return xp.ones(3)

    for backend in ("numpy", "jax"):
        with pytest.raises(dp.SettingError, match=r"senses it \(2\) \(got shape \(3,\)\)"):
            dp.Simulator(loop(three), backend).infer(steps=3)
    misfit = dp.LinearGaussian(0.5, [1.0, 2.0, 3.0])
    for backend in ("numpy", "jax"):
        with pytest.raises(dp.SettingError, match="the action is for 3 active states"):
            dp.Simulator(loop(misfit), backend).infer(steps=3)
