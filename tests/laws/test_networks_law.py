"""Networks side by side are simulators side by side, on every generated nested world.

Network r of a simulator with seeds [s₀, s₁, …] makes the steps of a simulator with seed s_r and
with the couplings, precision, learning rate and evidence strength of network r. Between calls of a
few steps both are put into a common state, since chaotic networks amplify rounding.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support.worlds import worlds_for

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.base import Variables
from deepparticle.compile.backends.choosing import installed_backends
from deepparticle.compile.verify import lipschitz_bound

STEP_TOLERANCE = 1e-12
RUN_TOLERANCE = 1e-10
SERIES = ("states", "free_energy", "local_free_energy", "prediction_error", "weight_change")
ENERGIES = ("mean_field", "published")

every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)
every_mode = pytest.mark.parametrize("mode", ["stochastic", "deterministic"])
every_layout = pytest.mark.parametrize("layout", ["dense", "sparse"])
# Compiled kernels are compiled for every world.
every_kernel = pytest.mark.parametrize(
    "backend",
    [
        pytest.param(name, marks=[] if name == "numpy" else pytest.mark.slow)
        for name in installed_backends()
    ],
)

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
chain_counts = st.sampled_from([None, None, 1, 3])
network_counts = st.sampled_from([1, 2, 3])


def for_examples(count: int, *case: str, **strategies: Any) -> Callable[[Any], Any]:
    """Run what is decorated now, on generated examples, which are different for each case."""

    def run(check: Callable[..., None]) -> None:
        limits = settings(
            max_examples=count,
            deadline=None,
            database=None,
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


def add_processes(world: dp.Partition) -> None:
    """Let every other external state answer: to what it was, to actions, and to chance."""

    def answer(value: FloatArray, actions: FloatArray, rng: np.random.Generator) -> FloatArray:
        new: FloatArray = 0.5 * value + rng.normal(scale=0.3, size=value.shape)
        new += 0.1 * np.tanh(actions.sum())
        return new

    for external in world.externals[::2]:
        external.process = answer


def of_network(variables: Variables, network: int) -> Variables:
    """The variables of one network, with a network axis of length 1."""
    at = slice(network, network + 1)
    return Variables(**{name: np.array(values[at]) for name, values in vars(variables).items()})


def assert_same_variables(left: Variables, right: Variables, tolerance: float, when: str) -> None:
    for name, values in vars(left).items():
        assert values.shape == getattr(right, name).shape, name
        worst = deviation(values, getattr(right, name))
        assert worst <= tolerance, f"{name} differs by {worst:.1e} after {when}"


class Beside:
    """A simulator of several networks, and one simulator for each of them."""

    def __init__(
        self,
        world: dp.Partition,
        backend: str,
        schedule: str,
        layout: str,
        networks: int,
        chains: int | None,
        rng: np.random.Generator,
    ) -> None:
        size = len(world.subparticles)
        shared: dict[str, Any] = {"layout": layout, "chains": chains, "stream": "shared"}
        self.precision = rng.uniform(0.0, 1.5, size=(networks, size))
        # Every third row, or so, does not learn.
        self.rate = 0.05 * rng.random((networks, size)) * (rng.random((networks, size)) < 0.7)
        self.rate[:, 0] = 0.05
        seeds = rng.integers(2**31, size=networks).tolist()
        self.batch = dp.Simulator(
            world,
            backend,
            schedule,
            networks=networks,
            seed=seeds,
            precision=self.precision,
            learning_rate=self.rate,
            **shared,
        )
        self.singles = [
            dp.Simulator(
                world,
                backend,
                schedule,
                seed=one,
                precision=self.precision[network],
                learning_rate=self.rate[network],
                **shared,
            )
            for network, one in enumerate(seeds)
        ]
        own = [simulator.couplings * factor for simulator, factor in self._factors(rng)]
        self.batch.couplings = np.stack(own) if layout == "dense" else own
        for simulator, couplings in zip(self.singles, own, strict=True):
            simulator.couplings = couplings
        self.start = self.batch.variables

    def _factors(self, rng: np.random.Generator) -> Any:
        return [(simulator, rng.uniform(0.5, 1.0)) for simulator in self.singles]

    def contract(self) -> None:
        """Scale the couplings of each network until its dynamics contracts."""
        now = self.batch.variables
        for network, simulator in enumerate(self.singles):
            bound = lipschitz_bound(simulator.program)
            now.couplings[network] *= min(1.0, 0.6 / max(bound, 1e-9))
        self.batch.variables = now
        self.synchronise()

    def synchronise(self) -> None:
        now = self.batch.variables
        if np.abs(now.field).max() > 100.0:  # what Gaussian states learn may run away
            self.batch.variables = now = self.start
        for network, simulator in enumerate(self.singles):
            simulator.variables = of_network(now, network)

    def compare(self, runs: tuple[dp.Run, list[dp.Run]], tolerance: float, when: str) -> None:
        whole, parts = runs
        for network, (simulator, part) in enumerate(zip(self.singles, parts, strict=True)):
            told = f"{when} of network {network}"
            now = of_network(self.batch.variables, network)
            assert_same_variables(now, simulator.variables, tolerance, told)
            assert simulator.time == self.batch.time
            assert whole.steps == part.steps
            assert deviation(whole.mean[network], part.mean) <= tolerance
            for name, values in part.records.items():
                found = whole.records[name][:, network]
                assert found.shape == values.shape, name
                worst = deviation(found, values)
                assert worst <= tolerance, f"{name} differs by {worst:.1e} after {told}"
            if part.patterns.size:
                np.testing.assert_array_equal(whole.patterns[:, network], part.patterns)


def each_evidence(program: dp.Program, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    drawn: FloatArray = np.where(program.senses, 2.0 * rng.normal(size=(*shape, program.size)), 0.0)
    return drawn


def learned(pair: Beside, mode: str, steps: int, rng: np.random.Generator) -> Any:
    """Learn from patterns that all networks share, or that each has for itself."""
    program, networks = pair.batch.program, pair.batch.networks or 1
    axes = () if pair.batch.chains is None else (pair.batch.chains,)
    options: dict[str, Any] = {
        "epochs": 3,
        "steps": steps,
        "mode": mode,
        "record": SERIES,
        "reset": bool(rng.random() < 0.3),
    }
    form = rng.integers(4)
    if form == 0:
        patterns = each_evidence(program, (2,), rng)
        strength = rng.uniform(0.5, 2.0, size=networks)
        return (
            pair.batch.learn(patterns, strength, **options),
            [
                one.learn(patterns, strength[network], **options)
                for network, one in enumerate(pair.singles)
            ],
        )
    if form == 1:
        patterns = each_evidence(program, (2, networks, *axes), rng)
        return (
            pair.batch.learn(patterns, order=[1, 0], **options),
            [
                one.learn(patterns[:, network], order=[1, 0], **options)
                for network, one in enumerate(pair.singles)
            ],
        )
    # Some of the dicts clamp an external state with a process, and some do not.
    clamped = [
        {slot.path: rng.normal() for slot in program.externals if rng.random() < 0.6}
        for _ in range(3)
    ]
    given: Callable[[], Any] = (lambda: clamped) if form == 2 else (lambda: iter(clamped))
    return (
        pair.batch.learn(given(), **options),
        [one.learn(given(), **options) for one in pair.singles],
    )


def inferred(pair: Beside, mode: str, steps: int, rng: np.random.Generator) -> Any:
    """Infer from what external states hold, or from evidence of each network."""
    networks = pair.batch.networks or 1
    axes = () if pair.batch.chains is None else (pair.batch.chains,)
    options: dict[str, Any] = {"steps": steps, "mode": mode, "burn_in": 1}
    options["record"] = tuple(name for name in SERIES if name != "weight_change")
    if rng.random() < 0.5:
        evidence: Any = None
        parts: Any = [None] * networks
    else:
        evidence = each_evidence(pair.batch.program, (networks, *axes), rng)
        parts = list(evidence)
    return (
        pair.batch.infer(evidence, **options),
        [one.infer(parts[network], **options) for network, one in enumerate(pair.singles)],
    )


def examples_for(backend: str, count: int) -> int:
    """Kernels that are compiled for each world are given fewer worlds."""
    return count if backend == "numpy" else 1


# ---------------------------------------------------------------------- one network of several


@every_kernel
@every_layout
@every_schedule
@every_mode
def test_each_network_runs_as_a_simulator_of_its_own(
    backend: str, layout: str, schedule: str, mode: str
) -> None:
    case = (backend, layout, schedule, mode)

    @for_examples(
        examples_for(backend, 3),
        *case,
        world=nested_worlds(schedule),
        networks=network_counts,
        chains=chain_counts,
        rng=generators,
    )
    def check(
        world: dp.Partition, networks: int, chains: int | None, rng: np.random.Generator
    ) -> None:
        add_processes(world)
        pair = Beside(world, backend, schedule, layout, networks, chains, rng)
        for call in range(8):
            act = inferred if call % 4 == 3 else learned
            pair.compare(act(pair, mode, 1, rng), 1e-11, f"call {call}")
            pair.synchronise()


@every_kernel
@every_schedule
@every_mode
def test_free_runs_of_contractive_networks_side_by_side_are_the_same(
    backend: str, schedule: str, mode: str
) -> None:
    @for_examples(
        examples_for(backend, 3),
        backend,
        schedule,
        mode,
        world=nested_worlds(schedule),
        layout=st.sampled_from(["dense", "sparse"]),
        chains=chain_counts,
        rng=generators,
    )
    def check(
        world: dp.Partition, layout: str, chains: int | None, rng: np.random.Generator
    ) -> None:
        add_processes(world)
        pair = Beside(world, backend, schedule, layout, 3, chains, rng)
        pair.contract()
        options: dict[str, Any] = {"mode": mode, "record": ("states", "free_energy", *ENERGIES)}
        for evidence in (None, each_evidence(pair.batch.program, (), rng)):
            runs = (
                pair.batch.infer(evidence, 40, **options),
                [one.infer(evidence, 40, **options) for one in pair.singles],
            )
            pair.compare(runs, RUN_TOLERANCE, "a free run")


# ---------------------------------------------------------------------- objects and kernels


@every_kernel
@every_layout
@every_schedule
@every_mode
def test_objects_and_kernels_agree_on_networks_times_chains(
    backend: str, layout: str, schedule: str, mode: str
) -> None:
    @for_examples(
        examples_for(backend, 3),
        backend,
        layout,
        schedule,
        mode,
        world=nested_worlds(schedule),
        networks=network_counts,
        chains=chain_counts,
        rng=generators,
    )
    def check(
        world: dp.Partition, networks: int, chains: int | None, rng: np.random.Generator
    ) -> None:
        add_processes(world)
        size = len(world.subparticles)
        options: dict[str, Any] = {
            "networks": networks,
            "chains": chains,
            "seed": int(rng.integers(2**31)),
            "layout": layout,
            "stream": "shared",
            "precision": rng.uniform(0.0, 1.5, size=(networks, size)),
            "learning_rate": 0.05 * rng.random((networks, size)),
        }
        both = [dp.Simulator(world, name, schedule, **options) for name in ("objects", backend)]
        start = both[0].variables
        for step in range(12):
            patterns = each_evidence(both[0].program, (2,), rng)
            clock = None if step % 3 else rng.integers(1, 3, size=size)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", dp.compile.divergence.DivergenceWarning)
                runs = [
                    one.learn(patterns, epochs=1, steps=1, mode=mode, record=SERIES, clock=clock)
                    if step % 4
                    else one.infer(steps=1, mode=mode, record=SERIES, clock=clock)
                    for one in both
                ]
            told = f"step {step}"
            left, right = (one.variables for one in both)
            assert_same_variables(left, right, STEP_TOLERANCE, told)
            for name, values in runs[0].records.items():
                worst = deviation(values, runs[1].records[name])
                assert worst <= STEP_TOLERANCE, f"{name} differs by {worst:.1e} after {told}"
            if np.abs(left.field).max() > 100.0:
                both[0].variables = start
            both[1].variables = both[0].variables


# ---------------------------------------------------------------------- worlds of one network


@every_kernel
@every_schedule
def test_writing_back_one_network_gives_its_world(backend: str, schedule: str) -> None:
    @for_examples(
        examples_for(backend, 3), backend, schedule, world=nested_worlds(schedule), rng=generators
    )
    def check(world: dp.Partition, rng: np.random.Generator) -> None:
        batch = dp.Simulator(
            world, backend, schedule, networks=3, seed=4, layout="dense", stream="shared"
        )
        patterns = each_evidence(batch.program, (2,), rng)
        batch.learn(patterns, epochs=1, steps=2, learning_rate=[0.05, 0.0, 0.02])
        for network in (2, 0, 1, 2):
            batch.write_back(network=network, states=True)
            np.testing.assert_array_equal(world.couplings, batch.couplings[network])
            states = [leaf.state for leaf in world.subparticles]
            np.testing.assert_array_equal(states, batch.state[network])
