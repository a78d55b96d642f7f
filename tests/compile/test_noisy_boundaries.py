"""Noisy boundary states: their law, by hand and in kernels, in files, and who refuses them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

import deepparticle as dp
from deepparticle.compile.backends.choosing import installed_backends

every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)
ALONE = dp.Gaussian(1.0)
KERNELS = [one for one in installed_backends() if one != "native"]
"""Those that know noisy boundary states."""


def noisy_world(**settings: Any) -> dp.Partition:
    """Four subparticles in two partitions and a population; most boundary states are noisy."""
    world = dp.Partition("world", **settings)
    left, right = world.add_partition("left"), world.add_partition("right", clock=2)
    for place, names in ((left, "ab"), (right, "cd")):
        for name in names:
            place.add_subparticle(name, bias=0.2)
    pool = world.add_population("pool", 2, couplings=[[0.0, 0.3], [-0.4, 0.0]])
    made: list[Any] = [
        world.couple("left/a", "left/b", 0.7),
        world.couple("left/b", "right/c", -0.6),
        world.couple("right/c", "right/d", 0.5),
        world.couple("right/d", "left/a", -0.5),
        world.couple("right/d", pool[1], 0.9),
        world.couple(pool[0], "left/b", 0.4, plastic=False),
        world.couple("right/c", "left/b", 0.3),
    ]
    for number, boundary in enumerate(made):
        if number != 2:
            boundary.conditional = dp.GaussianBoundary(boundary.weight, 0.1 + 0.1 * number)
    scene = world.add_external("scene", 0.3)
    scene.process = lambda value, actions, rng: value + 0.1 * rng.normal()
    world.sense(scene, ["left/a", "right/c"])
    return world


def chain(sd: float) -> dp.Partition:
    """a → b with a held by nothing; both Gaussian, so that everything is a normal law."""
    world = dp.Partition("chain")
    a, b = (world.add_subparticle(name, distribution=ALONE) for name in "ab")
    world.couple(a, b, 0.8).conditional = dp.GaussianBoundary(0.8, sd)
    return world


# ---------------------------------------------------------------------- the law


def test_a_boundary_state_is_a_copy_with_an_error() -> None:
    world = chain(0.5)
    a, b = world.subparticles
    a.state = 2.0
    boundary = b.sensory["a"].boundary
    assert boundary is a.active["b"].boundary
    assert boundary.state == 1.6  # no step has been made
    boundary.deviate = -3.0
    assert boundary.state == pytest.approx(1.6 - 1.5)
    assert b.sensory["a"].state == a.active["b"].state == boundary.state
    b.sense()
    assert b.field == pytest.approx(0.1)
    b.sense()
    assert b.field == pytest.approx(0.1)  # the noise of a step stays


@pytest.mark.parametrize("backend", ["objects", *KERNELS])
def test_the_noise_of_a_step_is_normal(backend: str) -> None:
    # b = 0.8 a + 0.5 z + x: its variance is 0.64 + 0.25 + 1, and it goes with a by 0.8.
    chains = 300 if backend == "objects" else 4000
    simulator = dp.Simulator(chain(0.5), backend, chains=chains, seed=1)
    states = simulator.infer(steps=30, burn_in=2, record="states").states
    old, new = states[:-1, :, 0].ravel(), states[1:, :, 1].ravel()
    error = np.sqrt(2.0 / new.size)
    assert abs(new.var() / 1.89 - 1.0) < 4 * error
    assert abs(np.mean(old * new) - 0.8) < 4 * np.sqrt(1.89 + 0.64) / np.sqrt(new.size)
    assert abs(np.mean(new)) < 4 * np.sqrt(1.89 / new.size)


def test_without_noise_it_is_a_delta() -> None:
    noisy, plain = chain(0.0), chain(0.0)
    plain["b"].sensory["a"].conditional = dp.Delta(0.8)
    runs = [
        dp.Simulator(world, seed=3).infer(steps=10, record="states").states
        for world in (noisy, plain)
    ]
    # The states follow the same numbers only in the first step: the noise takes some, too.
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    expected = [
        dp.Simulator(world).infer(steps=5, mode="deterministic", start=[1.0, 0.0]).states
        for world in (chain(2.0), plain)
    ]
    np.testing.assert_array_equal(expected[0], expected[1])  # deterministic mode leaves it out


# ---------------------------------------------------------------------- kernels are the objects


@every_schedule
@pytest.mark.parametrize("mode", ["stochastic", "deterministic"])
def test_steps_by_hand_are_those_of_the_simulator(schedule: str, mode: str) -> None:
    world = noisy_world(learning_rate=0.05)
    simulators = [
        dp.Simulator(world, one, schedule, seed=3, stream="shared") for one in ("objects", *KERNELS)
    ]
    runs = [
        one.learn([{}] * 3, steps=4, mode=mode, record=("states", "free_energy"))
        for one in simulators
    ]
    rng = np.random.default_rng(3)
    for step in range(12):
        world.step(rng, schedule, mode=mode)
        for run in runs:
            np.testing.assert_allclose(run.states[step], world.states, atol=1e-12)
            energy = sum(leaf.free_energy().value for leaf in world.subparticles)
            assert run.free_energy[step] == pytest.approx(energy, abs=1e-11)
    for simulator in simulators:
        np.testing.assert_allclose(simulator.couplings, world.couplings, atol=1e-12)
        # All drew the same amount of randomness.
        assert rng.bit_generator.state == simulator._engine._streams[0].bit_generator.state


@every_schedule
@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_networks_and_chains_have_noise_of_their_own(schedule: str, layout: str) -> None:
    runs = []
    given: dict[str, Any] = {"networks": 2, "chains": 3, "layout": layout, "seed": 5}
    for backend in ("objects", *KERNELS):
        made = dp.Simulator(noisy_world(), backend, schedule, stream="shared", **given)
        runs.append(made.learn([{}], steps=3, learning_rate=0.1, record="states"))
    for run in runs[1:]:
        np.testing.assert_allclose(run.states, runs[0].states, atol=1e-12)


@every_schedule
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("backend", [one for one in KERNELS if one != "numpy"])
def test_blocks_of_steps_have_new_noise_in_each(backend: str, schedule: str, layout: str) -> None:
    world = noisy_world(precision=0.5)  # it contracts
    world["scene"].process = None
    given: dict[str, Any] = {"chains": 2, "layout": layout, "seed": 6, "stream": "shared"}
    runs = [
        dp.Simulator(world, one, schedule, **given).infer(
            steps=40, record=("states", "free_energy", "prediction_error")
        )
        for one in ("numpy", backend)
    ]
    for name, values in runs[0].records.items():
        np.testing.assert_allclose(runs[1].records[name], values, atol=1e-11)
    assert len(np.unique(runs[1].free_energy)) == 80


@pytest.mark.parametrize("backend", [one for one in KERNELS if one != "numpy"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_stream_of_its_own_has_noise_of_the_same_law(backend: str, dtype: str) -> None:
    """Two silent sources with noisy boundary states: the field is the bias and noise."""
    world = dp.Partition("noise")
    target = world.add_subparticle("target", bias=0.5)
    for name, sd in (("one", 0.3), ("two", 0.4)):
        source = world.add_subparticle(name)
        world.couple(source, target, 0.0).conditional = dp.GaussianBoundary(0.0, sd)
    chains, steps = 500, 40
    sim = dp.Simulator(world, backend, chains=chains, seed=2, dtype=dtype)
    fields = []
    for _ in range(steps):
        sim.infer(steps=1, record=())
        fields.append(sim.variables.field[0])
    found, count = np.array(fields)[..., 0] - 0.5, chains * steps
    assert np.array(fields).dtype == dtype
    assert np.all(np.array(fields)[..., 1:] == 0.0)  # nothing is noisy there
    assert abs(found.mean()) < 4 * 0.5 / np.sqrt(count)
    assert abs(found.std() / 0.5 - 1.0) < 4 / np.sqrt(2 * count)
    assert abs(np.mean((found / 0.5) ** 4) - 3.0) < 4 * np.sqrt(96 / count)
    # From step to step, and from chain to chain, they have nothing to do with each other.
    for left, right in ((found[:-1], found[1:]), (found[:, :-1], found[:, 1:])):
        assert abs(np.mean(left * right)) < 4 * 0.25 / np.sqrt(left.size)
    whole = dp.Simulator(world, backend, chains=chains, seed=2, dtype=dtype)
    whole.infer(steps=steps, record=())
    np.testing.assert_array_equal(whole.variables.field[0], fields[-1])  # wherever blocks end
    still = dp.Simulator(world, backend, dtype=dtype)
    still.infer(steps=3, mode="deterministic")
    assert still.variables.field[0, 0].tolist() == [0.5, 0.0, 0.0]


def test_verify_proves_it() -> None:
    found = dp.verify(noisy_world(), steps=3)
    assert found.ok, found


def test_the_noise_enters_what_was_predicted() -> None:
    # What is learned is what was not predicted from what was sensed, noise included.
    world = chain(0.5)
    world.learning_rate = 0.1
    a, b = world.subparticles
    a.state, boundary = 1.0, b.sensory["a"].boundary
    boundary.deviate = 1.2
    b.sense()
    b.infer(uniform=0.9)
    b.learn()
    error = float(ndtri(0.9))  # of a Gaussian state, whatever its mean
    assert boundary.weight == pytest.approx(0.8 + 0.1 * error * 1.0)
    assert boundary.conditional == dp.GaussianBoundary(boundary.weight, 0.5)


def test_learned_weights_are_written_back_with_their_noise() -> None:
    world = noisy_world()
    simulator = dp.Simulator(world, seed=1, learning_rate=0.1)
    simulator.learn([{}], steps=5)
    before = [one.conditional for one in world.boundaries()]
    simulator.write_back()
    after = [one.conditional for one in world.boundaries()]
    assert [type(one) for one in after] == [type(one) for one in before]
    assert [getattr(one, "sd", None) for one in after] == [
        getattr(one, "sd", None) for one in before
    ]
    np.testing.assert_array_equal(world.couplings, simulator.couplings)
    assert before != after


# ---------------------------------------------------------------------- copies, files, refusals


def test_copies_and_files_keep_the_noise(tmp_path: Path) -> None:
    world = noisy_world()
    world.externals[0].process = None
    world.save(tmp_path / "world.json")
    twins = [world.copy(), dp.load(tmp_path / "world.json")]
    for one in (world, *twins):
        rng = np.random.default_rng(2)
        for _ in range(4):
            one.step(rng)
    for twin in twins:
        np.testing.assert_array_equal(twin.states, world.states)
        assert [one.conditional for one in twin.boundaries()] == [
            one.conditional for one in world.boundaries()
        ]


@pytest.mark.skipif("native" not in installed_backends(), reason="needs numba")
def test_native_refuses_with_a_word() -> None:
    with pytest.raises(dp.SettingError, match=r"it knows no noisy boundary states.*'numpy'"):
        dp.Simulator(noisy_world(), "native")
    assert dp.Simulator(noisy_world(), "auto").backend != "native"


def test_populations_have_no_noise() -> None:
    inside: Any = noisy_world()["pool/0"].sensory["pool/1"]
    with pytest.raises(dp.SettingTypeError, match="in an array has no noise"):
        inside.boundary.deviate = 1.0
    with pytest.raises(dp.SettingTypeError, match="are Dirac deltas"):
        inside.conditional = dp.GaussianBoundary(0.3, 0.1)


def test_a_part_of_a_world_has_the_noise_of_what_it_senses() -> None:
    world = noisy_world()
    world["left"].step(0)
    drawn = [one for one in world.boundaries() if one.deviate != 0.0]
    assert drawn
    assert all(one.target.path.startswith("left/") for one in drawn)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((0.5, -0.1), dp.SettingError, r"GaussianBoundary: the sd is not negative \(got -0\.1\)"),
        ((np.nan, 0.1), dp.SettingError, "weight is finite"),
        ((0.5, "much"), dp.SettingTypeError, "sd"),
    ],
)
def test_numbers_that_cannot_be(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        dp.GaussianBoundary(*given)


def test_the_noise_of_the_outside_is_that_of_its_process() -> None:
    world = noisy_world()
    view = world["left/a"].sensory["scene"]
    message = "a noisy boundary state lies between two subparticles"
    with pytest.raises(dp.SettingTypeError, match=message):
        view.conditional = dp.GaussianBoundary(1.0, 0.1)


def test_files_with_other_parameters_are_refused() -> None:
    from deepparticle.blankets.conditional import conditional_named

    assert conditional_named("gaussian", 0.5, sd=0.1) == dp.GaussianBoundary(0.5, 0.1)
    with pytest.raises(dp.SettingError, match="a weight and a parameter 'sd'"):
        conditional_named("gaussian", 0.5)
    with pytest.raises(dp.SettingError, match=r"kind 'delta' has a weight \(got sd\)"):
        conditional_named("delta", 0.5, sd=0.1)


def test_the_step_that_is_shown_says_so() -> None:
    assert "the noise of boundary states" in dp.lower(noisy_world()).explain()
