"""The jax backend makes the steps of the definition, in every schedule, layout and setting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.worlds import worlds_for

import deepparticle as dp
from deepparticle.compile.backends.base import KEPT, Backend, Block, Trace, Variables
from deepparticle.compile.backends.object_backend import ObjectBackend
from deepparticle.compile.lowering import lower

pytest.importorskip("jax")

from deepparticle.compile.backends.jax import JaxBackend
from deepparticle.compile.backends.jax.planning import FEW_STRETCHES

FLOAT64 = np.dtype("float64")
SCHEDULES = ("synchronous", "sequential", "chromatic", "random", "langevin")


def random_block(
    backend: Backend,
    rng: np.random.Generator,
    *,
    steps: int,
    time: int = 0,
    stochastic: bool = True,
    learns: bool = False,
    patterns: int = 3,
    settles: bool = False,
) -> Block:
    """A block in which everything that can differ from place to place and step to step does."""
    networks, chains, size = backend.networks, backend.chains, backend.program.size
    shape = (networks, steps, chains)
    by_site = backend.program.schedule == "random"
    return Block(
        time=time,
        steps=steps,
        stochastic=stochastic,
        evidence=rng.normal(size=(patterns, size)) * backend.program.senses,
        shown=rng.integers(patterns, size=shape),
        precision=rng.uniform(0.2, 0.8, size=(networks, size)),
        learning_rate=rng.uniform(0, 0.1, size=(networks, size)) if learns else None,
        clock=rng.integers(1, 4, size=size) if settles else None,
        uniforms=rng.random((*shape, size)) if stochastic else None,
        sites=rng.integers(size, size=(*shape, size)) if by_site else None,
        reset=rng.random(steps) < 0.3 if settles else None,
        keep=KEPT,
        kept=rng.random(steps) < 0.7,
        time_step=rng.uniform(0.001, 0.5, size=(networks, size))
        if backend.program.diffuses
        else None,
    )


def assert_same(trace: Trace, expected: Trace, tolerance: float) -> None:
    for name in ("total", "previous", "state", "field"):
        np.testing.assert_allclose(
            getattr(trace, name), getattr(expected, name), rtol=tolerance, atol=tolerance
        )
    assert trace.kept.keys() == expected.kept.keys()
    for name, values in expected.kept.items():
        assert trace.kept[name].shape == values.shape
        np.testing.assert_allclose(trace.kept[name], values, rtol=tolerance, atol=tolerance)


def assert_same_variables(now: Variables, expected: Variables, tolerance: float) -> None:
    for name, values in vars(expected.copy()).items():
        np.testing.assert_allclose(getattr(now, name), values, rtol=tolerance, atol=tolerance)


def compare(
    world: dp.Partition,
    schedule: str,
    layout: str,
    rng: np.random.Generator,
    networks: int = 1,
    chains: int = 1,
    **options: Any,
) -> None:
    """Single steps from a common state to 1e-12; then a block of several to 1e-10."""
    program = lower(world, schedule, layout)
    backend = JaxBackend(program, networks, chains, FLOAT64)
    reference = ObjectBackend(program, networks, chains, FLOAT64, world)
    time = 0
    for steps, tolerance in ((1, 1e-12), (1, 1e-12), (3, 1e-10)):
        block = random_block(reference, rng, steps=steps, time=time, **options)
        trace = backend.run(block)
        expected = reference.run(block)
        assert_same(trace, expected, tolerance)
        assert_same_variables(backend.variables, reference.variables, tolerance)
        reference.variables = backend.variables.copy()
        time += steps


def mixed_world(seed: int, size: int = 7, smooth: bool = False) -> dp.Partition:
    """A small world of all distributions in turn, half of the pairs coupled, some of them fixed.

    Without spins, whose states cannot move, if it is `smooth`.
    """
    rng = np.random.default_rng(seed)
    world = dp.Partition("world")
    third: dp.StateDistribution = dp.Gaussian() if smooth else dp.Spin()
    kinds = (dp.ContinuousBernoulli(), dp.Gaussian(0.5), third, dp.ContinuousBernoulli())
    for row in range(size):
        kind, bias = kinds[row % len(kinds)], float(rng.normal())
        world.add_subparticle(f"a{row}", bias=bias, distribution=kind)
    for source in world.subparticles:
        for target in world.subparticles:
            if source is not target and rng.random() < 0.5:
                weight = float(rng.normal(scale=0.3))
                world.couple(source, target, weight, plastic=bool(rng.random() < 0.7))
    return world


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_everything_at_once(schedule: str, layout: str) -> None:
    rng = np.random.default_rng(1)
    options: dict[str, Any] = {"networks": 2, "chains": 3, "learns": True, "settles": True}
    compare(mixed_world(0, smooth=schedule == "langevin"), schedule, layout, rng, **options)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_one_network_of_one_distribution(schedule: str, layout: str) -> None:
    rng = np.random.default_rng(2)
    couplings = rng.normal(size=(5, 5)) * ~np.eye(5, dtype=bool)
    world = dp.from_couplings(couplings, bias=rng.normal(size=5))
    compare(world, schedule, layout, rng, stochastic=schedule != "synchronous", learns=True)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_deterministic_chains_of_frozen_couplings(schedule: str) -> None:
    rng = np.random.default_rng(3)
    world = mixed_world(1, smooth=schedule == "langevin")
    compare(world, schedule, "dense", rng, chains=2, stochastic=False, patterns=1)


@pytest.mark.parametrize("schedule", ["synchronous", "chromatic", "random"])
def test_a_hub_has_more_sources_than_the_others(schedule: str) -> None:
    # With 12 spokes the hub's couplings do not fit beside those of the others.
    rng = np.random.default_rng(4)
    couplings = np.zeros((13, 13))
    couplings[5, np.arange(13) != 5] = rng.normal(size=12)
    couplings[:5, 5] = rng.normal(size=5)
    couplings[7, 8] = 0.5
    world = dp.from_couplings(scipy.sparse.csr_array(couplings), distribution=dp.Spin())
    compare(world, schedule, "sparse", rng, chains=2, learns=True)


def test_many_colours_are_a_loop_over_rows() -> None:
    # In a clique no two rows share a colour.
    rng = np.random.default_rng(5)
    size = FEW_STRETCHES + 1
    couplings = rng.normal(size=(size, size)) * ~np.eye(size, dtype=bool)
    compare(dp.from_couplings(couplings), "chromatic", "dense", rng, learns=True)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("schedule", ["synchronous", "sequential"])
def test_nothing_is_coupled(schedule: str, layout: str) -> None:
    world = dp.Partition("world")
    for name in "abc":
        world.add_subparticle(name, bias=0.5)
    compare(world, schedule, layout, np.random.default_rng(6), learns=True)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    schedule=st.sampled_from(SCHEDULES),
    layout=st.sampled_from(["dense", "sparse"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_generated_worlds(data: st.DataObject, schedule: str, layout: str, seed: int) -> None:
    world = data.draw(worlds_for(schedule, max_leaves=8, max_steps=1))
    compare(world, schedule, layout, np.random.default_rng(seed), learns=True, settles=True)


def test_float32_is_near_float64() -> None:
    rng = np.random.default_rng(7)
    program = lower(mixed_world(2))
    single = JaxBackend(program, 1, 2, np.dtype("float32"))
    double = JaxBackend(program, 1, 2, FLOAT64)
    block = random_block(double, rng, steps=1, stochastic=False, learns=True)
    trace = single.run(block)
    assert trace.state.dtype == trace.total.dtype == np.float32
    assert single.variables.couplings.dtype == np.float32
    # A step is a few dozen roundings of 6e-8 to numbers of at most 10.
    assert_same(trace, double.run(block), 2e-5)


def test_totals_in_float32_do_not_lose_digits() -> None:
    # 30 000 equal states: a plain sum in float32 is off by 1e-4 of its value.
    world = dp.Partition("world")
    world.add_subparticle("a", bias=0.3)
    backend = JaxBackend(lower(world), 1, 1, np.dtype("float32"))
    block = random_block(backend, np.random.default_rng(8), steps=1, stochastic=False, patterns=1)
    steps = 30_000
    long = Block(
        **{
            **vars(block),
            "steps": steps,
            "shown": np.zeros((1, steps, 1), dtype=np.intp),
            "keep": (),
            "kept": np.zeros(steps, dtype=np.bool_),
        }
    )
    trace = backend.run(long)
    np.testing.assert_allclose(trace.total / steps, trace.state, rtol=2e-7)


def test_variables_can_be_set_and_read() -> None:
    rng = np.random.default_rng(9)
    backend = JaxBackend(lower(mixed_world(3)), 2, 2, FLOAT64)
    given_variables = backend.variables.copy()
    for name, values in vars(given_variables).items():
        setattr(given_variables, name, rng.normal(size=values.shape))
    backend.variables = given_variables
    kept = given_variables.copy()
    for values in vars(given_variables).values():
        values[:] = np.nan  # what was given can be changed afterwards
    assert_same_variables(backend.variables, kept, 0)
    now = backend.variables
    now.state = np.zeros_like(now.state)
    backend.variables = now
    assert not backend.variables.state.any()
    np.testing.assert_array_equal(backend.variables.couplings, kept.couplings)
    with pytest.raises(ValueError, match="read-only"):
        backend.variables.couplings[0] = 1


def test_a_block_of_no_steps_changes_nothing() -> None:
    backend = JaxBackend(lower(mixed_world(4)), 1, 1, FLOAT64)
    before = backend.variables.copy()
    trace = backend.run(random_block(backend, np.random.default_rng(10), steps=0, learns=True))
    assert_same_variables(backend.variables, before, 0)
    assert not trace.total.any()
    assert trace.kept["state"].shape == (1, 0, 1, backend.program.size)
