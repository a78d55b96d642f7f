"""The program: frozen arrays, a map from every object to its slot, and a step told as code."""

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.agents.diffusion import fold
from deepparticle.agents.elementwise import normal_quantile
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.backends.numpy_backend import NumpyBackend
from deepparticle.compile.backends.stepping import Randomness, StepInput
from deepparticle.compile.explaining import step_code
from deepparticle.partitions.colouring import colours_of

CB = dp.ContinuousBernoulli()


def small() -> dp.Partition:
    world = dp.Partition("small")
    brain = world.add_partition("brain")
    a, b = brain.add_subparticle("a", bias=0.1), brain.add_subparticle("b")
    c = world.add_subparticle("c")
    scene = world.add_external("scene")
    world.couple(a, b, 0.8)
    world.couple(b, c, -0.4)
    world.sense(scene, [a, c])
    world.act(c, scene)
    return world


def ring(plastic: bool = True) -> dp.Partition:
    world = dp.Partition("ring")
    for row in range(4):
        world.add_subparticle(str(row), bias=0.3 * row - 0.2)
    world.couple_ring(0.7, plastic=plastic)
    return world


# ---------------------------------------------------------------------- frozen


def test_arrays_cannot_be_written() -> None:
    program = dp.lower(small())
    arrays = [value for value in vars(program).values() if isinstance(value, np.ndarray)]
    for slot in program.externals:
        arrays += [value for value in vars(slot).values() if isinstance(value, np.ndarray)]
    arrays += [group.rows for group in program.groups]
    assert len(arrays) > 15
    assert not any(array.flags.writeable for array in arrays)


def test_attributes_cannot_be_replaced() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        dp.lower(small()).name = "other"  # type: ignore[misc]


def test_a_setting_given_to_a_simulator_is_copied_not_frozen() -> None:
    precision, rate = np.ones(3), np.ones(3)
    simulator = dp.Simulator(small(), precision=precision, learning_rate=rate)
    precision[0], rate[0] = 5.0, 5.0
    assert simulator.program.precision[0] == simulator.program.learning_rate[0] == 1.0


# ---------------------------------------------------------------------- the map


def test_every_object_has_its_slot() -> None:
    program = dp.lower(small())
    assert dict(program.slots()) == {
        "brain/a": "sigma[0]",
        "brain/b": "sigma[1]",
        "c": "sigma[2]",
        "brain/a→brain/b": "J[1, 0]",
        "brain/b→c": "J[2, 1]",
        "scene": "eta[0]",
        "scene→brain/a": "u[0] += w[0]*eta[0]",
        "scene→c": "u[2] += w[2]*eta[0]",
        "c→scene": "a[0] <- w[2]*sigma[2]",
    }


def test_the_map_names_exactly_the_states_of_the_graph() -> None:
    world = small()
    slots = list(dp.lower(world).slots())
    assert len(slots) == len(world.graph)
    assert {path for path, _ in slots} == set(world.graph)


def test_asking_for_one_slot_gives_what_the_map_says() -> None:
    program = dp.lower(small())
    for path, slot in program.slots():
        assert program.slot(path) == slot


def test_the_slot_of_a_boundary_state_holds_its_weight() -> None:
    world = small()
    program = dp.lower(world)
    assert program.couplings[program.row("c"), program.row("brain/b")] == -0.4
    assert world["c"].sensory["brain/b"].weight == -0.4


def test_names_may_hold_an_arrow() -> None:
    world = dp.Partition("world")
    world.add_subparticle("left→right")
    world.add_subparticle("up")
    world.couple("left→right", "up", 0.5)
    program = dp.lower(world)
    assert program.slot("left→right") == "sigma[0]"
    assert program.slot("left→right→up") == "J[1, 0]"


@pytest.mark.parametrize(
    ("path", "meant"),
    [("brian/a", "'brain/a'"), ("brain/a→c", "'brain/b→c'"), ("brain/a→brain/x", "→brain/b'")],
)
def test_an_unknown_path_is_answered_with_the_nearest(path: str, meant: str) -> None:
    with pytest.raises(dp.UnknownPathError, match="did you mean") as caught:
        dp.lower(small()).slot(path)
    assert meant in str(caught.value)


def test_an_unknown_row_is_answered_with_the_nearest() -> None:
    with pytest.raises(dp.UnknownPathError, match=r"small.*'brain/z'.*did you mean 'brain/"):
        dp.lower(small()).row("brain/z")


# ---------------------------------------------------------------------- the lesson


def test_explain_shows_passes_slots_and_the_step() -> None:
    program = dp.lower(small())
    text = program.explain()
    assert text.startswith("<Program of 'small': 3 subparticles, 2 couplings (2 plastic), 1 ext")
    for report in program.passes:
        assert str(report) in text
    for path, slot in program.slots():
        assert any(line.split() == [*path.split(), *slot.split()] for line in text.splitlines())
    assert "theta = beta * (h + u)" in text
    assert "3 × ContinuousBernoulli()" in text


def test_explain_counts_what_it_does_not_list() -> None:
    text = dp.lower(small()).explain(limit=2)
    assert "brain/b " in text
    assert "brain/a→brain/b" not in text
    assert "… and 7 more" in text


def test_the_code_shows_clocks_and_plasticity_only_where_there_are_any() -> None:
    world = ring()
    assert "clock" not in step_code(dp.lower(world))
    assert "* plastic" in step_code(dp.lower(world))  # a ring is not coupled everywhere
    world.clock = 2
    assert "due = t % clock == 0" in step_code(dp.lower(world))
    assert "J +=" not in step_code(dp.lower(ring(plastic=False)))
    everywhere = dp.lower(dp.from_couplings(np.zeros((3, 3))))
    assert "* plastic" not in step_code(everywhere)


@pytest.mark.parametrize("clock", [[1, 1, 1, 1], [1, 2, 3, 1]])
@pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)
def test_the_code_that_is_shown_makes_the_step_that_is_run(schedule: str, clock: list[int]) -> None:
    program = replace(dp.lower(ring(), schedule), clock=np.array(clock))
    time = 3
    rng = np.random.default_rng(3)
    uniforms, u = rng.random(4), rng.normal(size=4)
    sites: IntArray = rng.integers(4, size=4)
    beta, alpha, sigma = np.full(4, 0.8), np.full(4, 0.1), rng.uniform(-1, 1, 4)
    backend = NumpyBackend(program, 1, 1, np.dtype(np.float64))
    backend.variables.state[0, 0] = sigma

    def sample(theta: FloatArray, uniform: FloatArray) -> FloatArray:
        return CB.sample(np.asarray(theta), uniform)

    shown: dict[str, Any] = {
        "N": 4,
        "b": program.bias,
        "J": np.array(program.couplings),
        "plastic": program.plastic,
        "sigma": sigma.copy(),
        "h": np.zeros(4),
        "theta": np.zeros(4),
        "u": u,
        "beta": beta,
        "alpha": alpha,
        "uniforms": uniforms,
        "sites": sites,
        "colours": colours_of(program.couplings != 0.0),
        "sample": sample,
        "mean": CB.mean,
        "tau": np.full(4, 0.05),
        "slope": CB.slope,
        "normal_quantile": normal_quantile,
        "fold": lambda position: fold(position, CB.support),
        "t": time,
        "clock": program.clock,
        **{name: getattr(np, name) for name in ("arange", "isin", "outer", "sqrt", "where")},
    }
    assert program.exists is not None
    exec(step_code(program), shown)
    full = (1, 1, 4)
    drawn = Randomness(
        uniforms.reshape(full), sites.reshape(full) if schedule == "random" else None
    )
    evidence, precision, rate = (values.reshape(full) for values in (u, beta, alpha))
    tau = np.full(full, 0.05) if schedule == "langevin" else None
    backend.step(StepInput(time, drawn, evidence, precision, rate, program.clock, tau))
    now = backend.variables
    np.testing.assert_allclose(shown["sigma"], now.state[0, 0], atol=1e-12)
    np.testing.assert_allclose(shown["J"], now.couplings[0], atol=1e-12)
    assert not np.array_equal(now.couplings[0], program.couplings)
