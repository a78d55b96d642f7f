"""What is settled beforehand is read in blocks: the same run on every backend, in few calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.errors import says

import deepparticle as dp
from deepparticle.compile import engine
from deepparticle.compile.backends.base import Backend
from deepparticle.compile.backends.choosing import backend_class, installed_backends

BACKENDS = ("objects", *installed_backends())
every_backend = pytest.mark.parametrize("backend", BACKENDS)
SERIES = ("states", "free_energy", "published", "mean_field")
TIDE = np.sin(np.arange(23.0))


def shore(process: Any, **settings: Any) -> dp.Partition:
    """Two particles that see one external state, one of them also another that is clamped."""
    world = dp.Partition("shore", precision=0.7, **settings)
    left, right = world.add_subparticle("left"), world.add_subparticle("right", bias=0.3)
    world.couple(left, right, 0.4)
    world.couple(right, left, -0.3)
    world.sense(world.add_external("rock", 0.7), left)
    tide = world.add_external("tide", 0.2, process)
    world.sense(tide, [left, right], [1.0, -0.5])
    return world


def asked(process: Any) -> Any:
    """The same process, which has to be asked step by step."""

    class Asked:
        def fork(self) -> Any:
            return asked(process.fork())

        def __call__(self, value: Any, actions: Any, rng: np.random.Generator) -> Any:
            return process(value, actions, rng)

    return Asked()


def count_blocks(monkeypatch: pytest.MonkeyPatch, backend: str) -> list[int]:
    made: list[int] = []
    kind: type[Backend] = backend_class(backend)
    run = kind.run

    def counted(self: Backend, block: Any) -> Any:
        made.append(block.steps)
        return run(self, block)

    monkeypatch.setattr(kind, "run", counted)
    return made


@every_backend
@pytest.mark.parametrize("then", ["hold", "cycle"])
@pytest.mark.parametrize("shape", [(), (2,)])
def test_it_is_the_run_in_which_it_is_asked(
    backend: str, then: Any, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.multiply.outer(TIDE, np.ones(shape))
    blocks = count_blocks(monkeypatch, backend)
    given: dict[str, Any] = {"networks": 2, "chains": 2, "seed": 3, "stream": "shared"}
    runs, sims = [], []
    for process in (dp.Stream(values, then), asked(dp.Stream(values, then))):
        sim = dp.Simulator(shore(process), backend, **given)
        runs.append(sim.infer(steps=40, burn_in=5, record=SERIES))
        sim.learn([{}, {"rock": -1.0}], steps=6, learning_rate=1e-3)
        sims.append(sim)
    for name, values in runs[0].records.items():
        np.testing.assert_allclose(runs[1].records[name], values, atol=1e-12)
    for name, values in vars(sims[0].variables).items():
        np.testing.assert_allclose(getattr(sims[1].variables, name), values, atol=1e-12)
    last = [sim._engine.surroundings.values[1] for sim in sims]
    assert last[0].shape == last[1].shape == (2, 2, *shape)
    assert np.array_equal(last[0], last[1])
    if backend == "objects":  # its blocks are short, since its steps are slow
        assert sum(blocks) == 2 * 57
        assert blocks[:2] == [5, 5]
    else:
        assert blocks == [5, 40, 6, 6, *[1] * 57]


@every_backend
def test_a_clamped_stream_stays_where_it_is(backend: str) -> None:
    runs = []
    for process in (dp.Stream(TIDE), asked(dp.Stream(TIDE))):
        sim = dp.Simulator(shore(process), backend, seed=1, stream="shared")
        sim.infer(steps=4)
        sim.infer({"tide": 2.0}, steps=4)
        runs.append(sim.infer(steps=4).states)
    np.testing.assert_allclose(runs[0], runs[1], atol=1e-12)


def test_where_blocks_are_cut_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    for limit in (2**22, 14, 1):
        monkeypatch.setattr(engine, "_NUMBERS", limit)
        runs.append(dp.Simulator(shore(dp.Stream(TIDE)), seed=1).infer(steps=30).states)
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0], runs[2])


@every_backend
def test_a_stream_that_stops_says_so_in_its_step(backend: str) -> None:
    world = shore(dp.Stream([0.5, 1.0, 1.5], then="stop"))
    sim = dp.Simulator(world, backend, chains=2)
    with pytest.raises(dp.SettingError, match=says("as many values as it has (got step 4 of 3)")):
        sim.infer(steps=10)
    assert sim.time == 3
    assert np.all(sim._engine.surroundings.values[1] == 1.5)


def test_a_value_that_is_wrong_is_found_in_its_step() -> None:
    sim = dp.Simulator(shore(dp.Stream([0.5, 1.0, np.nan])))
    with pytest.raises(dp.SettingError, match="Stream: the value is finite"):
        sim.infer(steps=10)
    assert sim.time == 2
    sim = dp.Simulator(shore(dp.Stream(np.zeros((4, 3)))))
    with pytest.raises(dp.SettingError, match=r"senses it \(2\) \(got shape \(3,\)\)"):
        sim.infer(steps=10)


def test_an_iterator_is_read_when_its_step_comes() -> None:
    read = []

    def values() -> Any:
        for number in range(100):
            read.append(number)
            yield float(number)

    sim = dp.Simulator(shore(dp.Stream(values())))
    sim.infer(steps=7)
    assert read == list(range(7))


def test_a_stream_beside_a_plain_process_is_asked_with_it() -> None:
    runs = []
    for process in (dp.Stream(TIDE), asked(dp.Stream(TIDE))):
        world = shore(process)
        world["rock"].process = lambda value, actions, rng: 0.9 * value + rng.normal()
        runs.append(dp.Simulator(world, seed=4).infer(steps=30).states)
    assert np.array_equal(runs[0], runs[1])


@pytest.mark.skipif("jax" not in installed_backends(), reason="needs jax")
def test_a_stream_beside_array_code_is_in_the_same_block(monkeypatch: pytest.MonkeyPatch) -> None:
    world = shore(dp.Stream(TIDE, "cycle"))
    world["rock"].process = dp.LinearGaussian(0.8, deviation=0.3)
    blocks, runs = count_blocks(monkeypatch, "jax"), []
    for backend in ("objects", "numpy", "jax"):
        sim = dp.Simulator(world, backend, chains=2, seed=4, stream="shared")
        runs.append(sim.infer(steps=60, record=SERIES))
    assert blocks == [60]
    for run in runs[1:]:
        for name, values in runs[0].records.items():
            np.testing.assert_allclose(run.records[name], values, atol=1e-12)


def test_active_states_learn_from_answers_one_by_one() -> None:
    weights = []
    for process in (dp.Stream(TIDE), asked(dp.Stream(TIDE))):
        world = shore(process, learning_rate=0.1)
        world["tide"].expectation = 0.0
        world.act("left", "tide", 0.5, plastic=True)
        sim = dp.Simulator(world, seed=2)
        sim.learn(None, steps=30)
        weights.append(sim.action_weights["tide"])
    assert np.array_equal(weights[0], weights[1])
    assert abs(weights[0][0] - 0.5) > 1e-3


def test_a_run_that_diverges_leaves_the_stream_at_its_step() -> None:
    values = []
    for process in (dp.Stream(TIDE, "cycle"), asked(dp.Stream(TIDE, "cycle"))):
        world = dp.Partition("away")
        one, other = (world.add_subparticle(name, distribution=dp.Gaussian()) for name in "ab")
        world.couple(one, other, 3.0)
        world.couple(other, one, 3.0)
        world.sense(world.add_external("tide", 0.0, process), one)
        sim = dp.Simulator(world, seed=1)
        with pytest.raises(dp.DivergenceError):
            sim.infer(steps=4000)
        values.append((sim.time, sim._engine.surroundings.values[0].item()))
    assert values[0] == values[1]
