"""The native backend makes the steps of the definition, in every schedule, layout and setting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.worlds import worlds_for

import deepparticle as dp
from deepparticle.compile.backends.base import KEPT, Backend, Block, Trace, Variables
from deepparticle.compile.backends.object_backend import ObjectBackend
from deepparticle.compile.lowering import lower
from deepparticle.compile.program import Program

pytest.importorskip("numba")

from deepparticle.compile.backends.native import NativeBackend, layouts

FLOAT64, FLOAT32 = np.dtype("float64"), np.dtype("float32")
SCHEDULES = ("synchronous", "sequential", "chromatic", "random", "langevin")
LAYOUTS = ("dense", "sparse")


def _block(
    backend: Backend, rng: np.random.Generator, steps: int, *, own: bool = False, **changes: Any
) -> Block:
    """A block in which everything that can differ from place to place and step to step does."""
    networks, chains, size = backend.networks, backend.chains, backend.program.size
    shape, dtype = (networks, steps, chains), backend.dtype
    by_site = backend.program.schedule == "random"
    block = Block(
        time=int(rng.integers(6)),
        steps=steps,
        stochastic=True,
        evidence=(rng.normal(size=(3, size)) * backend.program.senses).astype(dtype),
        shown=rng.integers(3, size=shape),
        precision=rng.uniform(0.2, 0.8, size=(networks, size)).astype(dtype),
        learning_rate=rng.uniform(0, 0.05, size=(networks, size)).astype(dtype),
        clock=rng.integers(1, 4, size=size),
        uniforms=None if own else rng.random((*shape, size)).astype(dtype),
        sites=rng.integers(size, size=(*shape, size)) if by_site and not own else None,
        reset=rng.random(steps) < 0.3,
        keep=KEPT,
        kept=rng.random(steps) < 0.7,
    )
    if backend.program.diffuses:
        time_step = rng.uniform(0.001, 0.5, size=(networks, size)).astype(dtype)
        block = replace(block, time_step=time_step)
    return replace(block, **changes)


def _deviation(trace: Trace, now: Variables, expected: Trace, then: Variables) -> float:
    pairs = [(getattr(trace, name), getattr(expected, name)) for name in _TRACED]
    pairs += [(trace.kept[name], expected.kept[name]) for name in expected.kept]
    pairs += [(getattr(now, name), getattr(then, name)) for name in (*KEPT, "couplings")]
    worst = 0.0
    for found, wanted in pairs:
        assert found.shape == wanted.shape
        error = np.abs(found - wanted) / np.maximum(1, np.abs(wanted))
        worst = max(worst, float(np.max(error, initial=0.0)))
    return worst


_TRACED = ("total", "previous", "state", "field")


def _started(backend: Backend, rng: np.random.Generator) -> Variables:
    """Give networks and chains different couplings and states."""
    now = backend.variables.copy()
    now.couplings *= rng.uniform(
        0.5, 1.0, size=(len(now.couplings),) + (1,) * (now.couplings.ndim - 1)
    )
    now.state *= rng.random((*now.state.shape[:2], 1))
    backend.variables = now
    return now


@given(
    data=st.data(),
    schedule=st.sampled_from(SCHEDULES),
    layout=st.sampled_from(LAYOUTS),
    networks=st.sampled_from([1, 2]),
    chains=st.sampled_from([1, 2, 5]),
    stochastic=st.booleans(),
    learns=st.booleans(),
    clocks=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
def test_steps_of_any_world(
    data: st.DataObject,
    schedule: str,
    layout: str,
    networks: int,
    chains: int,
    stochastic: bool,
    learns: bool,
    clocks: bool,
    seed: int,
) -> None:
    world = data.draw(worlds_for(schedule, max_leaves=10))
    program, rng = lower(world, schedule, layout), np.random.default_rng(seed)
    native = NativeBackend(program, networks, chains, FLOAT64)
    objects = ObjectBackend(program, networks, chains, FLOAT64, world)
    objects.variables = _started(native, rng)
    for steps in (1, 3):
        block = _block(native, rng, steps)
        if not stochastic:
            block = replace(block, stochastic=False, uniforms=None)
        block = replace(
            block,
            learning_rate=block.learning_rate if learns else None,
            clock=block.clock if clocks else None,
        )
        trace, expected = native.run(block), objects.run(block)
        # In several steps, the rounding errors of one are amplified by the next.
        bound = 1e-12 if steps == 1 else 1e-10
        assert _deviation(trace, native.variables, expected, objects.variables) < bound
        objects.variables = native.variables.copy()


def _world(size: int, seed: int = 0, **settings: Any) -> dp.Partition:
    rng = np.random.default_rng(seed)
    couplings = rng.normal(size=(size, size)) / np.sqrt(size)
    np.fill_diagonal(couplings, 0.0)
    return dp.from_couplings(couplings, bias=rng.normal(size=size), **settings)


def _lattice(side: int, periodic: bool) -> tuple[dp.Partition, Any]:
    import scipy.sparse

    rng, places = np.random.default_rng(2), np.arange(side * side).reshape(side, side)
    couplings = np.zeros((side * side,) * 2)
    for axis in (0, 1):
        there = np.roll(places, -1, axis)
        inside = slice(None) if periodic else slice(-1)
        left = places[inside] if axis == 0 else places[:, inside]
        right = there[inside] if axis == 0 else there[:, inside]
        couplings[left, right], couplings[right, left] = rng.normal(size=(2, *left.shape))
    return dp.from_couplings(scipy.sparse.csr_array(couplings)), couplings


@pytest.mark.parametrize("size", [1, 63, 65, 130])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_steps_of_several_panels(size: int, schedule: str) -> None:
    world, rng = _world(size), np.random.default_rng(size)
    program = lower(world, schedule, "dense")
    native = NativeBackend(program, 1, 1, FLOAT64)
    objects = ObjectBackend(program, 1, 1, FLOAT64, world)
    objects.variables = _started(native, rng)
    block = _block(native, rng, 2, clock=None)
    trace, expected = native.run(block), objects.run(block)
    assert _deviation(trace, native.variables, expected, objects.variables) < 1e-11


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("schedule", ["synchronous", "chromatic"])
def test_steps_of_lattices(periodic: bool, schedule: str) -> None:
    (world, _), rng = _lattice(18, periodic), np.random.default_rng(3)
    program = lower(world, schedule, "sparse")
    native = NativeBackend(program, 1, 1, FLOAT64)
    objects = ObjectBackend(program, 1, 1, FLOAT64, world)
    objects.variables = _started(native, rng)
    block = _block(native, rng, 2)
    trace, expected = native.run(block), objects.run(block)
    assert _deviation(trace, native.variables, expected, objects.variables) < 1e-11


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("schedule", ["synchronous", "langevin"])
def test_single_precision(layout: str, schedule: str) -> None:
    # From the same numbers, so that the uniform ones are the same too.
    program, rng = lower(_world(70), schedule, layout), np.random.default_rng(5)
    single, double = (NativeBackend(program, 2, 1, kind) for kind in (FLOAT32, FLOAT64))
    block = _block(single, rng, 1)
    trace = single.run(block)
    wide: dict[str, Any] = {
        name: value.astype(np.float64)
        for name, value in vars(block).items()
        if isinstance(value, np.ndarray) and value.dtype == np.float32
    }
    expected = double.run(replace(block, **wide))
    assert trace.state.dtype == np.float32
    assert _deviation(trace, single.variables, expected, double.variables) < 1e-5


def _words(networks: int) -> Any:
    return np.random.default_rng(11).integers(2**32, size=(networks, 8), dtype=np.uint32)


def _same(left: Variables, right: Variables) -> bool:
    names = (*KEPT, "couplings")
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)


def _parts(block: Block, *lengths: int) -> list[Block]:
    assert block.reset is not None
    parts, start = [], 0
    for length in lengths:
        at = slice(start, start + length)
        parts.append(
            replace(
                block,
                time=block.time + start,
                steps=length,
                shown=block.shown[:, at],
                reset=block.reset[at],
                kept=block.kept[at],
            )
        )
        start += length
    return parts


CASES = [
    (schedule, layout, networks, chains)
    for schedule in SCHEDULES
    for layout in LAYOUTS
    for networks, chains in ((2, 1), (1, 5), (1, 1))
]


@pytest.mark.parametrize(("schedule", "layout", "networks", "chains"), CASES)
def test_own_stream_knows_no_cuts_and_no_threads(
    schedule: str, layout: str, networks: int, chains: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = lower(_world(200), schedule, layout)

    def made(lengths: tuple[int, ...], threads: int) -> Variables:
        monkeypatch.setattr(layouts, "processors", lambda: threads)
        if threads > 1:
            monkeypatch.setattr(layouts, "_WORTH_THREADS", 0)
            monkeypatch.setattr(layouts, "_WORTH_DIVIDING", 0)
        backend = NativeBackend(program, networks, chains, FLOAT64)
        backend.seed(_words(networks))
        whole = _block(backend, np.random.default_rng(1), 6, own=True)
        for block in _parts(whole, *lengths):
            backend.run(block)
        return backend.variables.copy()

    once = made((6,), 1)
    assert np.all(np.isfinite(once.state))
    assert _same(once, made((1, 3, 2), 1))
    assert _same(once, made((6,), 3))


def test_stream_of_a_network_is_its_own() -> None:
    program, words = lower(_world(20), "synchronous"), _words(3)
    together = NativeBackend(program, 3, 2, FLOAT64)
    together.seed(words)
    block = _block(together, np.random.default_rng(1), 4, own=True)
    states = together.run(block).state
    assert not np.array_equal(states[0], states[1])
    for network in range(3):
        alone = NativeBackend(program, 1, 2, FLOAT64)
        alone.seed(words[network : network + 1])
        one = slice(network, network + 1)
        assert block.learning_rate is not None
        part = replace(
            block,
            shown=block.shown[one],
            precision=block.precision[one],
            learning_rate=block.learning_rate[one],
        )
        assert np.array_equal(alone.run(part).state[0], states[network])


def test_variables_go_out_and_in() -> None:
    for schedule in ("synchronous", "chromatic"):
        program = lower(_lattice(6, False)[0], schedule, "sparse")
        backend = NativeBackend(program, 2, 3, FLOAT64)
        rng = np.random.default_rng(0)
        cells: dict[str, Any] = {name: rng.normal(size=(2, 3, 36)) for name in KEPT}
        given = Variables(couplings=rng.normal(size=(2, len(program.couplings))), **cells)
        backend.variables = given
        assert _same(backend.variables, given)
        assert _same(backend.variables.copy(), given)
        with pytest.raises(AttributeError, match="colour"):
            _ = backend.variables.colour  # type: ignore[attr-defined]


def test_frequencies_of_spins_follow_the_boltzmann_law() -> None:
    # Chromatic, own stream: p(1, 1) of two coupled spins, beside its exact value. Sweeps of 4000
    # chains after a burn-in; one look per chain, so that looks are independent.
    world = dp.Partition("pair")
    a, b = (world.add_subparticle(name, distribution=dp.Spin()) for name in "ab")
    world.couple(a, b, 0.5)
    world.couple(b, a, 0.5)
    program = lower(world, "chromatic", "sparse")
    backend = NativeBackend(program, 1, 4000, FLOAT32)
    backend.seed(_words(1))
    still = {
        "learning_rate": None,
        "clock": None,
        "reset": None,
        "evidence": np.zeros((3, 2), "f4"),
    }
    block = _block(backend, np.random.default_rng(0), 30, own=True, **still)
    ones = np.ones_like(block.precision)
    states = backend.run(replace(block, precision=ones)).state[0]
    both = float(np.mean(np.all(states == states[:, :1], axis=1)))
    exact = 1 / (1 + np.exp(-2 * 0.5))
    assert abs(both - exact) < 4 * np.sqrt(exact * (1 - exact) / 4000)


def _refusal(program: Program, dtype: Any) -> str | None:
    return NativeBackend.refusal(program, 1, 1, np.dtype(dtype))


def test_it_says_what_it_cannot_run() -> None:
    class Loaded(dp.Spin):
        pass

    world = dp.Partition("world")
    world.add_subparticle("a", distribution=dp.Gaussian(2.0))
    assert _refusal(lower(world), "float32") is None
    assert _refusal(lower(world), "float16") == "it knows no float16 numbers"
    world.add_subparticle("b", distribution=Loaded())
    assert _refusal(lower(world), "float64") == "it knows no Loaded states"
