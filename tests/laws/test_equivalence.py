"""The objects and the kernel are the same thing, on every generated nested world.

Both are given the same random numbers. Per step they start from a common state, since chaotic
networks amplify rounding; on contractive networks they are also compared over free runs.
Deviations are relative to max(1, magnitude).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support.schedules import OWN
from support.worlds import add_noise, worlds_for

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.base import Variables
from deepparticle.compile.verify import lipschitz_bound

TOLERANCE = 1e-12
STEPS = 200
SERIES = ("free_energy", "local_free_energy", "prediction_error", "weight_change")

RULES = ("published", "previous-presynaptic", "hebbian", "frozen")

every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin", OWN]
)
every_mode = pytest.mark.parametrize("mode", ["stochastic", "deterministic"])
generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def for_examples(count: int, *case: str, **strategies: Any) -> Callable[[Any], Any]:
    """Run what is decorated now, on generated examples, which are different for each case."""

    def run(check: Callable[..., None]) -> None:
        limits = settings(
            max_examples=count,
            deadline=None,
            database=None,
            # Shrinking would repeat hundreds of long runs; a failure names its step and its world.
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow],
        )
        seed(" ".join(case))(limits(given(**strategies)(check)))()

    return run


def nested_worlds(schedule: str) -> st.SearchStrategy[dp.Partition]:
    return st.one_of(worlds_for(schedule), worlds_for(schedule, min_leaves=6))


def deviation(left: Any, right: Any) -> float:
    scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
    differences: FloatArray = np.abs(np.subtract(left, right)) / scale
    return float(np.max(differences, initial=0.0))


def assert_equal(left: Variables, right: Variables, when: object) -> None:
    for name, values in vars(left).items():
        worst = deviation(values, getattr(right, name))
        assert worst <= TOLERANCE, f"{name} differs by {worst:.1e} after {when}"


def assert_equal_runs(runs: list[dp.Run], when: object) -> None:
    left, right = runs
    for name, values in left.records.items():
        worst = deviation(values, right.records[name])
        assert worst <= TOLERANCE, f"{name} differs by {worst:.1e} after {when}"


def add_processes(world: dp.Partition) -> None:
    """Let every other external state answer: to what it was, to actions, and to chance."""

    def answer(value: FloatArray, actions: FloatArray, rng: np.random.Generator) -> FloatArray:
        new: FloatArray = 0.5 * value + rng.normal(scale=0.3, size=value.shape)
        new += 0.1 * np.tanh(actions.sum())
        return new

    for external in world.externals[::2]:
        external.process = answer


# ---------------------------------------------------------------------- step by step


def drawn_patterns(program: dp.Program, chains: int | None, rng: np.random.Generator) -> Any:
    """One pattern to learn: an array, per chain or not, or a dict of some external states."""
    form = rng.integers(4)
    axes = () if chains is None else (chains,)
    if form == 0:
        return np.where(program.senses, 2.0 * rng.normal(size=program.size), 0.0)
    if form == 1:
        return [np.where(program.senses, 2.0 * rng.normal(size=(*axes, program.size)), 0.0)]
    clamped = {}
    for slot in program.externals:
        if form == 2 and rng.random() < 0.6:
            shapes: list[tuple[int, ...]] = [(), (slot.sensing.size,), (*axes, slot.sensing.size)]
            clamped[slot.path] = rng.normal(size=shapes[rng.integers(3)])
    return [clamped]


def one_step(simulator: dp.Simulator, patterns: Any, **given: Any) -> dp.Run:
    """Learn from one pattern for one step; without patterns, infer from what external states hold.

    What Gaussian states learn may run away: then the run that the error carries.
    """
    if patterns is None:
        del given["learning_rate"], given["learning_rule"]
        return simulator.infer(None, steps=1, **given)
    stream = iter(patterns) if isinstance(patterns, list) else patterns
    try:
        run = simulator.learn(stream, epochs=1, steps=1, **given)
    except dp.DivergenceError as error:
        run = error.run
    return run


@every_schedule
@every_mode
def test_each_of_200_learning_steps_is_the_same(schedule: str, mode: str) -> None:
    chain_counts = st.sampled_from([None, None, 1, 3])

    @for_examples(
        12, schedule, mode, world=nested_worlds(schedule), chains=chain_counts, rng=generators
    )
    def check(world: dp.Partition, chains: int | None, rng: np.random.Generator) -> None:
        compare_learning(schedule, mode, world, chains, rng)


def compare_learning(
    schedule: str, mode: str, world: dp.Partition, chains: int | None, rng: np.random.Generator
) -> None:
    add_processes(world)
    add_noise(world, rng)
    number = int(rng.integers(2**31))
    objects, kernel = (
        dp.Simulator(world, backend, schedule, chains=chains, seed=number)
        for backend in ("objects", "numpy")
    )
    start = objects.variables
    # Every third row, or so, does not learn.
    rate = 0.05 * rng.random(kernel.program.size) * (rng.random(kernel.program.size) < 0.7)
    for step in range(STEPS):
        # Evidence None exists for inference alone.
        patterns = None if step % 10 == 9 else drawn_patterns(kernel.program, chains, rng)
        # Mostly the published rule, sometimes another one for each row.
        rule = rng.choice(RULES, size=kernel.program.size).tolist() if step % 4 == 3 else None
        runs = [
            one_step(
                one, patterns, mode=mode, learning_rate=rate, learning_rule=rule, record=SERIES
            )
            for one in (objects, kernel)
        ]
        assert_equal(objects.variables, kernel.variables, f"step {step}")
        assert_equal_runs(runs, f"step {step}")
        if np.abs(objects.variables.field).max() > 100.0:
            objects.variables = start
        kernel.variables = objects.variables
    assert objects.time == kernel.time == STEPS


# ---------------------------------------------------------------------- free runs


@every_schedule
@every_mode
def test_free_runs_of_contractive_networks_are_the_same(schedule: str, mode: str) -> None:
    chain_counts = st.sampled_from([None, 2])

    @for_examples(
        6, schedule, mode, world=nested_worlds(schedule), chains=chain_counts, rng=generators
    )
    def check(world: dp.Partition, chains: int | None, rng: np.random.Generator) -> None:
        compare_free_runs(schedule, mode, world, chains, rng)


def compare_free_runs(
    schedule: str, mode: str, world: dp.Partition, chains: int | None, rng: np.random.Generator
) -> None:
    add_processes(world)
    add_noise(world, rng)
    # Without walls a step of continuous time stretches differences by up to 1 + τ‖K‖.
    time: dict[str, Any] = {"time_step": 1e-3} if schedule == "langevin" else {}
    objects, kernel = (
        dp.Simulator(world, backend, schedule, chains=chains, seed=5, **time)
        for backend in ("objects", "numpy")
    )
    # Samples of continuous Bernoulli states follow θ by up to 1/2, their means by up to 1/3.
    bound = lipschitz_bound(kernel.program)
    couplings = kernel.couplings * min(1.0, 0.6 / max(bound, 1e-9))
    objects.couplings = kernel.couplings = couplings
    evidence = np.where(kernel.program.senses, rng.normal(size=kernel.program.size), 0.0)
    for clamped in (None, evidence):
        runs = [
            one.infer(clamped, STEPS, mode=mode, record=("states", "free_energy", "published"))
            for one in (objects, kernel)
        ]
        assert_equal_runs(runs, "a free run")


# ---------------------------------------------------------------------- stepping by hand


def variables_of(world: dp.Partition) -> Variables:
    """What a world holds, read off its objects, as a simulator holds it."""

    def column(name: str) -> FloatArray:
        return np.array([[[getattr(leaf, name) for leaf in world.subparticles]]])

    return Variables(
        state=column("state"),
        field=column("field"),
        argument=column("argument"),
        used_precision=column("_used_precision"),
        couplings=world.couplings[None],
    )


@every_schedule
@every_mode
def test_a_step_of_the_world_is_a_step_of_the_simulator(schedule: str, mode: str) -> None:
    numbers = st.integers(0, 2**32 - 1)

    @for_examples(
        15, schedule, mode, world=nested_worlds(schedule), learn=st.booleans(), number=numbers
    )
    def check(world: dp.Partition, learn: bool, number: int) -> None:
        compare_stepping(schedule, mode, world, learn, number)


def compare_stepping(
    schedule: str, mode: str, world: dp.Partition, learn: bool, number: int
) -> None:
    add_processes(world)
    add_noise(world, np.random.default_rng(number))
    simulator = dp.Simulator(world, "numpy", schedule, seed=number)
    rng = np.random.default_rng(number)
    assert_equal(variables_of(world), simulator.variables, "lowering")
    for step in range(30):
        world.step(rng, schedule, mode=mode, learn=learn)
        if learn:
            # The rates of the world are those of the program; given so that they may all be 0.
            simulator.learn([{}], steps=1, mode=mode, learning_rate=simulator.program.learning_rate)
        else:
            simulator.infer(steps=1, mode=mode)
        assert_equal(variables_of(world), simulator.variables, f"step {step}")
        total = sum(leaf.free_energy().value for leaf in world.subparticles)
        least = sum(leaf.least_free_energy() for leaf in world.subparticles)
        assert deviation(total, least) <= 1e-10
        simulator.variables = variables_of(world)
    assert world.time == simulator.time == 30
    # Both drew the same amount of randomness.
    assert rng.random() == simulator._engine._streams[0].random()


@every_schedule
def test_learning_rates_of_the_world_are_used_when_stepping_by_hand(schedule: str) -> None:
    # The generated worlds learn slowly. Here every object learns fast, and at a rate of its own.
    world = dp.Partition("world", learning_rate=0.3)
    for row in range(4):
        world.add_subparticle(str(row), bias=0.2 * row, learning_rate=[None, 0.5, 0.0, 1.0][row])
    world.couple_all(0.4)
    simulator = dp.Simulator(world, schedule=schedule, seed=1)
    before, rng = world.couplings, np.random.default_rng(1)
    for _ in range(20):
        world.step(rng, schedule)
    simulator.learn(np.zeros(4), steps=20)
    np.testing.assert_allclose(simulator.couplings, world.couplings, atol=1e-11)
    change = np.abs(world.couplings - before).max(axis=1)
    assert change[2] == 0.0
    assert np.all(change[[0, 1, 3]] > 0.05)
