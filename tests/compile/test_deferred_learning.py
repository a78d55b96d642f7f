"""Changes of one large network are written many at a time; nothing but rounding tells."""

from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.compile import engine
from deepparticle.compile.backends import numpy_couplings
from deepparticle.compile.backends.numpy_couplings import (
    DeferredCouplings,
    DenseCouplings,
    couplings_for,
)

SIZE = 12


def net(seed: int = 0, size: int = SIZE, **settings: Any) -> dp.Partition:
    rng = np.random.default_rng(seed)
    couplings = 0.3 * rng.normal(size=(size, size)) * ~np.eye(size, dtype=bool)
    return dp.from_couplings(couplings, bias=rng.normal(size=size), **settings)


def kind_of(simulator: dp.Simulator) -> type:
    backend: Any = simulator._engine.backend
    return type(backend._couplings)


@pytest.fixture
def deferred(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks are large enough."""
    monkeypatch.setattr(numpy_couplings, "_DEFERRED_FROM", 2)


def simulator(**settings: Any) -> dp.Simulator:
    return dp.Simulator(net(), learning_rate=0.05, seed=1, **settings)


def reference(**settings: Any) -> dp.Simulator:
    """The same, with couplings that are written in every step."""
    made = simulator(**settings)
    backend: Any = made._engine.backend
    now = backend.variables.copy()
    backend._couplings = DenseCouplings(made.program, now.couplings, backend.chains)
    return made


def assert_same(left: dp.Simulator, right: dp.Simulator) -> None:
    for name, values in vars(left.variables).items():
        np.testing.assert_allclose(
            values, getattr(right.variables, name), rtol=1e-10, atol=1e-10, err_msg=name
        )


# ---------------------------------------------------------------------- when


def test_only_one_large_dense_plastic_synchronous_network_defers() -> None:
    program = dp.lower(net(size=400))
    values = program.couplings[None].copy()
    assert isinstance(couplings_for(program, 1, 1, values), DeferredCouplings)
    assert isinstance(couplings_for(program, 1, 4, values), DeferredCouplings)
    assert type(couplings_for(program, 1, 32, values)) is DenseCouplings
    assert type(couplings_for(program, 2, 1, np.repeat(values, 2, axis=0))) is DenseCouplings
    for world, schedule in ((net(size=64), "synchronous"), (net(size=400), "sequential")):
        program = dp.lower(world, schedule)
        assert type(couplings_for(program, 1, 1, program.couplings[None].copy())) is DenseCouplings
    world = net(size=400)
    world["population"][0].sensory["population/1"].plastic = False
    program = dp.lower(world)
    assert type(couplings_for(program, 1, 1, program.couplings[None].copy())) is DenseCouplings


# ---------------------------------------------------------------------- the same numbers


@pytest.mark.usefixtures("deferred")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("chains", [None, 1, 3, 15])
@pytest.mark.parametrize("pending", [1, 2, 7, 32, 64])
def test_it_learns_what_is_learned_step_by_step(
    monkeypatch: pytest.MonkeyPatch, pending: int, chains: int | None, dtype: str
) -> None:
    made = simulator(chains=chains, dtype=dtype)
    expected = reference(chains=chains, dtype=dtype)
    if (chains or 1) <= pending:
        monkeypatch.setattr(numpy_couplings, "_pending", lambda size: pending)
        made.variables = made.variables  # taken over anew, with arrays of that size
    assert (kind_of(made), kind_of(expected)) in (
        (DeferredCouplings, DenseCouplings),
        (DenseCouplings, DenseCouplings),
    )
    patterns = np.random.default_rng(2).normal(size=(3, SIZE))
    # In float32, and between steps that amplify, only a few steps can be compared.
    epochs, tolerance = (12, 1e-9) if dtype == "float64" else (2, 1e-3)
    for one in (made, expected):
        one.learn(patterns, epochs=epochs, steps=4, record=())
    np.testing.assert_allclose(made.couplings, expected.couplings, atol=tolerance)
    np.testing.assert_array_equal(np.diagonal(made.couplings), 0.0)


@pytest.mark.usefixtures("deferred")
@pytest.mark.parametrize("band", [1, 5 * 8 * SIZE, 2**20])
def test_bands_of_rows_are_folded_one_by_one(monkeypatch: pytest.MonkeyPatch, band: int) -> None:
    monkeypatch.setattr(numpy_couplings, "_BAND", band)
    made, expected = simulator(), reference()
    for one in (made, expected):
        one.learn(np.ones(SIZE), steps=70, record=())
    assert kind_of(made) is DeferredCouplings
    assert_same(made, expected)


@pytest.mark.usefixtures("deferred")
@pytest.mark.parametrize("record", [(), ("states", "free_energy"), tuple(dp.compile.run.RECORDS)])
@pytest.mark.parametrize("every", [1, 3])
def test_records_see_what_is_pending(record: tuple[str, ...], every: int) -> None:
    made, expected = simulator(), reference()
    assert kind_of(made) is DeferredCouplings
    patterns = np.random.default_rng(2).normal(size=(3, SIZE))
    options: dict[str, Any] = {"epochs": 5, "steps": 5, "record": record, "every": every}
    runs = [one.learn(patterns, **options) for one in (made, expected)]
    for name, values in runs[0].records.items():
        np.testing.assert_allclose(values, runs[1].records[name], atol=1e-9, err_msg=name)
    assert_same(made, expected)


@pytest.mark.usefixtures("deferred")
def test_inference_between_learning_sees_what_is_pending() -> None:
    made, expected = simulator(), reference()
    for _ in range(5):
        runs = []
        for one in (made, expected):
            one.learn(np.ones(SIZE), steps=3, record=())
            runs.append(one.infer(steps=2).states)
        np.testing.assert_allclose(runs[0], runs[1], atol=1e-10)
    assert_same(made, expected)


@pytest.mark.usefixtures("deferred")
def test_clocks_and_resets_and_rates_of_rows() -> None:
    made, expected = simulator(), reference()
    rate = np.linspace(0.0, 0.2, SIZE)
    clock = np.arange(SIZE) % 3 + 1
    for options in ({"reset": True}, {"clock": clock}, {"learning_rate": rate, "clock": clock}):
        for one in (made, expected):
            one.learn(np.ones((2, SIZE)), epochs=3, steps=5, **options)
        assert_same(made, expected)


@pytest.mark.usefixtures("deferred")
@pytest.mark.parametrize("numbers", [1, 5 * SIZE, 2**21])
def test_it_does_not_depend_on_cuts(monkeypatch: pytest.MonkeyPatch, numbers: int) -> None:
    expected = reference()
    expected.learn(np.ones(SIZE), epochs=10, steps=7)
    monkeypatch.setattr(engine, "_NUMBERS", numbers)
    made = simulator()
    made.learn(np.ones(SIZE), epochs=10, steps=7)
    assert_same(made, expected)


@pytest.mark.usefixtures("deferred")
def test_what_is_read_and_set_is_folded_in() -> None:
    made, expected = simulator(), reference()
    for one in (made, expected):
        one.learn(np.ones(SIZE), steps=5)
    before = made.couplings
    np.testing.assert_allclose(before, expected.couplings, atol=1e-12)
    made.learn(np.ones(SIZE), steps=5)
    assert not np.array_equal(made.couplings, before)  # what was handed out is a copy
    made.couplings = before
    np.testing.assert_array_equal(made.couplings, before)
    world = net()
    learner = dp.Simulator(world, learning_rate=0.05, seed=1)
    assert kind_of(learner) is DeferredCouplings
    learner.learn(np.ones(SIZE), steps=5)
    learner.write_back()
    np.testing.assert_array_equal(world.couplings, learner.couplings)
    np.testing.assert_array_equal(world.couplings, before)


@pytest.mark.usefixtures("deferred")
def test_a_fork_takes_what_is_pending_and_goes_its_own_way() -> None:
    made = simulator()
    made.learn(np.ones(SIZE), steps=5)
    fork = made.fork(chains=2)
    np.testing.assert_array_equal(fork.couplings, made.couplings)
    before = made.couplings
    fork.learn(np.ones(SIZE), steps=5)
    np.testing.assert_array_equal(made.couplings, before)


@pytest.mark.usefixtures("deferred")
def test_unbounded_states_are_made_again_from_where_they_were_sound() -> None:
    world = dp.from_couplings(0.5 * (1 - np.eye(4)), distribution=dp.Gaussian())
    made = dp.Simulator(world, learning_rate=0.5)
    assert kind_of(made) is DeferredCouplings
    with pytest.raises(dp.DivergenceError):
        made.learn(np.ones(4), epochs=100)
    assert made.time < 15
    assert np.all(np.isfinite(made.couplings))


def test_a_large_network_as_it_comes() -> None:
    size = 400
    rng = np.random.default_rng(0)
    world = dp.from_couplings(np.zeros((size, size)))
    made = dp.Simulator(world, learning_rate=0.01, precision=0.2)
    assert kind_of(made) is DeferredCouplings
    patterns = np.sign(rng.normal(size=(2, size)))
    made.learn(patterns, 5.0, order="cyclic", epochs=8, mode="deterministic", record=())
    expected = np.zeros((size, size))
    state, kind = np.zeros(size), dp.ContinuousBernoulli()
    for step in range(80):
        field = expected @ state
        state = kind.mean(0.2 * (field + 5.0 * patterns[step // 10 % 2]))
        expected += 0.01 * np.outer(state - kind.mean(field), state)
        np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(made.couplings, expected, atol=1e-10)
