"""Where a run is cut into blocks changes no number: neither states, nor records, nor couplings."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile import engine
from deepparticle.compile.backends.base import Backend, Block, Trace
from deepparticle.compile.backends.choosing import backend_class, installed_backends

J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
PATTERNS = np.array([[1.0, 0.0, -1.0], [0.0, 0.5, 0.5], [-1.0, -1.0, 1.0]])
EVERYTHING = tuple(dp.compile.run.RECORDS)

# Compiled kernels are compiled for every form of a world.
KERNELS = [
    pytest.param(name, marks=[] if name == "numpy" else pytest.mark.slow)
    for name in installed_backends()
]
every_backend = pytest.mark.parametrize("backend", ["objects", *KERNELS])
every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)

# Blocks of single steps, small ones that end anywhere, and as large as can be.
CUTS: tuple[dict[str, Any], ...] = (
    {"_WORK": 1},
    {"_NUMBERS": 1},
    {"_NUMBERS": 60},
    {"_NUMBERS": 100, "_GROWTH": 3.0},
    {"_GROWTH": 0.0},
    {"_GROWTH": 1e9},
)
# What is summed over a block is summed in another order.
ROUNDING = 1e-10


def net(**settings: Any) -> dp.Partition:
    return dp.from_couplings(J, bias=[0.1, 0.0, -0.2], name="net", **settings)


def simulator(backend: str = "numpy", **settings: Any) -> dp.Simulator:
    settings = {"learning_rate": 0.1, "stream": "shared", "seed": 3, **settings}
    return dp.Simulator(net(), backend, **settings)


def outcome(call: Callable[[dp.Simulator], dp.Run], made: dp.Simulator) -> dict[str, Any]:
    """Everything that a call leaves behind."""
    run = call(made)
    return {
        **{f"record {name}": values for name, values in run.records.items()},
        **{f"variable {name}": values for name, values in vars(made.variables).items()},
        "mean": run.mean,
        "patterns": run.patterns,
        "steps": np.array([run.steps, made.time]),
        "next": made.infer(steps=2).states,
    }


def assert_cuts_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], dp.Simulator],
    call: Callable[[dp.Simulator], dp.Run],
) -> None:
    expected = outcome(call, make())
    for cuts in CUTS:
        with monkeypatch.context() as patch:
            for name, value in cuts.items():
                patch.setattr(engine, name, value)
            found = outcome(call, make())
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            assert found[name].shape == values.shape, (name, cuts)
            np.testing.assert_allclose(
                found[name], values, rtol=ROUNDING, atol=ROUNDING, err_msg=f"{name} {cuts}"
            )


# ---------------------------------------------------------------------- cuts


@every_backend
@every_schedule
@pytest.mark.parametrize("mode", ["stochastic", "deterministic"])
def test_learning_does_not_depend_on_cuts(
    monkeypatch: pytest.MonkeyPatch, backend: str, schedule: str, mode: str
) -> None:
    assert_cuts_change_nothing(
        monkeypatch,
        lambda: simulator(backend, schedule=schedule, networks=2, chains=2),
        lambda made: made.learn(
            PATTERNS, epochs=6, steps=4, mode=mode, record=EVERYTHING, every=3, reset=True
        ),
    )


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("every", [1, 2, 5, 100])
@pytest.mark.parametrize(
    "record", [(), "states", "weight_change", "mean_field", "published", EVERYTHING]
)
def test_records_of_learning_do_not_depend_on_cuts(
    monkeypatch: pytest.MonkeyPatch, record: Any, every: int, steps: int
) -> None:
    assert_cuts_change_nothing(
        monkeypatch,
        simulator,
        lambda made: made.learn(PATTERNS, epochs=5, steps=steps, record=record, every=every),
    )


@every_backend
@every_schedule
def test_inference_does_not_depend_on_cuts(
    monkeypatch: pytest.MonkeyPatch, backend: str, schedule: str
) -> None:
    assert_cuts_change_nothing(
        monkeypatch,
        lambda: simulator(backend, schedule=schedule, chains=2, clock=[1, 2, 3]),
        lambda made: made.infer(
            PATTERNS[0], steps=23, burn_in=5, record=EVERYTHING, every=4, precision=0.7
        ),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("schedule", ["synchronous", "random"])
def test_random_numbers_of_every_type_do_not_depend_on_cuts(
    monkeypatch: pytest.MonkeyPatch, schedule: str, dtype: str
) -> None:
    # An odd count of float32 leaves half of a random word over.
    def states() -> FloatArray:
        return dp.Simulator(net(), schedule=schedule, dtype=dtype).infer(steps=9).states

    expected = states()
    monkeypatch.setattr(engine, "_NUMBERS", 1)
    np.testing.assert_array_equal(states(), expected)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("epochs", [2, None])
def test_a_stream_of_patterns_does_not_depend_on_cuts(
    monkeypatch: pytest.MonkeyPatch, reset: bool, epochs: int | None
) -> None:
    assert_cuts_change_nothing(
        monkeypatch,
        lambda: simulator(networks=2),
        lambda made: made.learn(
            iter(PATTERNS), [1.0, 2.0], epochs, steps=5, reset=reset, record=EVERYTHING, every=2
        ),
    )


def test_a_stream_presents_what_a_list_presents() -> None:
    runs = [
        simulator().learn(given, steps=4, order=order, record=EVERYTHING, reset=True)
        for given, order in ((PATTERNS, "cyclic"), (iter(PATTERNS), "random"))
    ]
    for name, values in runs[0].records.items():
        np.testing.assert_allclose(runs[1].records[name], values, atol=ROUNDING)


def test_processes_do_not_depend_on_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    def process(value: FloatArray, actions: FloatArray, rng: np.random.Generator) -> FloatArray:
        return 0.5 * value + rng.normal(size=value.shape)

    def make() -> dp.Simulator:
        world = net()
        world["evidence"].process = process
        return dp.Simulator(world, networks=2, learning_rate=0.1, seed=[1, 2])

    # Some patterns clamp the external state, and some let the process answer.
    patterns = [{}, {"evidence": 0.3}, {"evidence": [0.1, 0.2, 0.3]}]
    assert_cuts_change_nothing(
        monkeypatch,
        make,
        lambda made: made.learn(patterns, epochs=7, steps=3, record=EVERYTHING, every=2),
    )


def test_resets_fall_on_the_first_steps_of_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    for cuts in ({}, *CUTS):
        with monkeypatch.context() as patch:
            for name, value in cuts.items():
                patch.setattr(engine, name, value)
            run = simulator(learning_rate=None).learn(
                np.zeros((1, 3)),
                epochs=4,
                steps=3,
                reset=True,
                learning_rate=0.0,
                mode="deterministic",
                record="states",
            )
        np.testing.assert_allclose(run.states, np.tile(run.states[:3], (4, 1)), atol=1e-15)


def test_weight_change_is_the_norm_of_the_change_of_each_step() -> None:
    made, single = simulator(networks=2), simulator(networks=2)
    run = made.learn(PATTERNS, order="cyclic", steps=3, record="weight_change", every=2)
    norms = []
    for step in range(9):
        before = single.couplings
        single.learn(PATTERNS[step // 3], steps=1, record=())
        norms.append(np.linalg.norm(single.couplings - before, axis=(1, 2)))
    np.testing.assert_allclose(run.weight_change, np.array(norms)[::2], rtol=1e-12)


# ---------------------------------------------------------------------- what a backend is asked


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[Block]:
    """The blocks that the numpy backend is given."""
    seen: list[Block] = []
    kind = backend_class("numpy")
    run = kind.run

    def watched(self: Backend, block: Block) -> Trace:
        seen.append(block)
        return run(self, block)

    monkeypatch.setattr(kind, "run", watched)
    return seen


def test_inference_of_a_small_network_is_one_block(blocks: list[Block]) -> None:
    simulator().infer(steps=500, burn_in=100, record=EVERYTHING)
    assert [block.steps for block in blocks] == [100, 500]
    assert [block.time for block in blocks] == [0, 100]


def test_blocks_of_learning_grow_and_end_with_epochs(blocks: list[Block]) -> None:
    simulator(learning_rate=1e-3).learn(PATTERNS, epochs=200, steps=5)
    steps = np.array([block.steps for block in blocks])
    assert steps.sum() == 1000
    assert not np.any(steps % 5)
    assert steps[0] == 5
    assert steps[-2] > 50
    done = np.concatenate([[0], np.cumsum(steps)[:-1]])
    assert np.all(steps <= np.maximum(5, 0.1 * done))


def test_blocks_hold_no_more_random_numbers_than_said(
    monkeypatch: pytest.MonkeyPatch, blocks: list[Block]
) -> None:
    monkeypatch.setattr(engine, "_NUMBERS", 100)
    simulator(chains=2).infer(steps=50, record=())
    assert {block.steps for block in blocks} == {16, 2}
    assert all(block.uniforms is not None and block.uniforms.size <= 100 for block in blocks)


def test_blocks_hold_no_more_kept_values_than_said(
    monkeypatch: pytest.MonkeyPatch, blocks: list[Block]
) -> None:
    monkeypatch.setattr(engine, "_NUMBERS", 30)
    simulator().infer(steps=200, mode="deterministic", record="states", every=7)
    assert sum(block.steps for block in blocks) == 200
    assert all(block.kept.sum() * 3 <= 30 for block in blocks)


def test_what_nobody_records_is_not_kept(blocks: list[Block]) -> None:
    simulator().infer(steps=5, record=())
    simulator().learn(PATTERNS, record="free_energy")
    assert blocks[0].keep == ()
    assert blocks[1].keep == ("argument",)


def test_records_of_couplings_that_rest_do_not_cut(blocks: list[Block]) -> None:
    simulator().infer(steps=50, record=("published", "mean_field", "weight_change"))
    assert [block.steps for block in blocks] == [50]


# ---------------------------------------------------------------------- divergence


@pytest.mark.parametrize("limit", [1, 3, 7, 10, 13])
def test_learning_that_runs_away_is_found_wherever_blocks_end(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    couplings = -6.0 * (1.0 - np.eye(6))
    monkeypatch.setattr(engine, "_NUMBERS", 6 * limit)
    made = dp.Simulator(dp.from_couplings(couplings), seed=1)
    with pytest.raises(dp.DivergenceError, match="oppose each other"):
        made.learn([[0.5] * 6], epochs=400, learning_rate=0.3, precision=0.5)
    # By single steps it is found at 890; the ends of epochs are looked at wherever blocks end.
    assert 800 < made.time <= 1000


@pytest.mark.parametrize("cuts", CUTS)
def test_unbounded_states_are_stopped_in_the_same_step(
    monkeypatch: pytest.MonkeyPatch, cuts: dict[str, Any]
) -> None:
    def stopped() -> tuple[int, FloatArray, FloatArray]:
        world = dp.from_couplings(3.0 * (1.0 - np.eye(2)), bias=0.1, distribution=dp.Gaussian())
        made = dp.Simulator(world, seed=2)
        with pytest.raises(dp.DivergenceError) as caught:
            made.infer(steps=500)
        return made.time, caught.value.run.states, made.state

    expected = stopped()
    for name, value in cuts.items():
        monkeypatch.setattr(engine, name, value)
    found = stopped()
    assert found[0] == expected[0]
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-10)
    np.testing.assert_allclose(found[2], expected[2], rtol=1e-10)
