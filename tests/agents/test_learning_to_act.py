"""Active states learn from the answers of the world: what, from what, and on every backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says

import deepparticle as dp

CARRY, GAIN, NOISE, SENSE, RATE = 0.9, 0.5, 0.3, 3.0, 0.02


def room(value: Any, actions: Any, rng: np.random.Generator) -> Any:
    return CARRY * value + GAIN * actions.sum() + NOISE * rng.standard_normal()


def build(process: Any = room, weight: float = 0.0, **settings: Any) -> dp.Partition:
    """A particle that senses a level, and learns to act on it."""
    world = dp.Partition("world", learning_rate=RATE, **settings)
    particle = world.add_subparticle("particle")
    level = world.add_external("level", 1.0, process, expectation=0.0)
    world.sense(level, particle, SENSE)
    world.act(particle, level, weight, plastic=True)
    return world


def weight(world: dp.Partition) -> float:
    return float(world["particle"].active["level"].weight)


def test_one_step_by_hand() -> None:
    world = build(lambda value, actions, rng: CARRY * value + GAIN * actions.sum(), weight=0.4)
    world["particle"].state = 0.5
    world.step(mode="deterministic")
    answer = CARRY + GAIN * 0.4 * 0.5
    assert world["level"].value == pytest.approx(answer)
    # The action that the world answered to, not the state that followed the answer.
    assert weight(world) == pytest.approx(0.4 + RATE * (0.0 - answer) * 0.5)
    assert world["particle"].state == dp.ContinuousBernoulli().mean(SENSE * answer)


def test_what_is_expected_may_depend_on_the_value_before() -> None:
    world = build(lambda value, actions, rng: 2.0 * value, weight=0.4)
    world["level"].expectation = lambda value: 1.5 * value
    world["particle"].state = 1.0
    world.step(0)
    assert weight(world) == pytest.approx(0.4 + RATE * (1.5 - 2.0))


def test_it_learns_from_what_its_boundary_state_touches_and_nothing_else() -> None:
    """Other actors, other external states and other weights do not enter its change."""
    changes = []
    for other in (0.0, 5.0):
        world = build(lambda value, actions, rng: 2.0, weight=0.4)
        stranger = world.add_subparticle("stranger", state=0.7, bias=other)
        level = world.add_external("elsewhere", other, lambda v, a, rng: v, expectation=other)
        world.act(stranger, level, other, plastic=True)
        world.act(stranger, "level", other)
        world["particle"].state = 0.5
        world.step(0)
        changes.append(weight(world))
        assert stranger.active["level"].weight == other  # not plastic
        assert stranger.active["elsewhere"].weight == other  # as expected
    assert changes[0] == changes[1] == pytest.approx(0.4 - RATE * 2.0 * 0.5)


def test_it_comes_to_rest_where_no_other_weight_leaves_less_of_the_answer() -> None:
    """Least mean squares: w = −A⟨ησ⟩/(g⟨σ²⟩), in the loop that this weight makes."""
    world = build()
    sim = dp.Simulator(world, networks=12, seed=0)
    sim.learn(None, steps=300, record=(), learning_rate=0.1)
    sim.learn(None, steps=200, record=())
    late = []
    for _ in range(10):
        sim.learn(None, steps=40, record=())
        late.append(sim.action_weights["level"][:, 0])
    learned = np.mean(late, axis=0)
    mean, error = learned.mean(), learned.std(ddof=1) / np.sqrt(len(learned))
    # The optimum at the mean weight, from a run with frozen weights: the regression of Aη on gσ.
    values, states = record_loop(float(mean))
    slope = -CARRY * np.sum(values * states) / (GAIN * np.sum(states**2))
    assert error < 0.02
    assert abs(mean - slope) < 4 * error + 0.02 * abs(slope)
    assert mean < -0.3


def record_loop(action: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    values: list[float] = []

    def process(value: Any, actions: Any, rng: np.random.Generator) -> Any:
        following = room(value, actions, rng)
        values.append(float(following))
        return following

    sim = dp.Simulator(build(process, action), chains=10, seed=5)
    states = sim.infer(steps=1000, burn_in=50).states[..., 0].ravel()
    return np.array(values[50 * 10 :]), states


@pytest.mark.parametrize("backend", ["objects", "numpy", "native", "jax"])
@pytest.mark.parametrize("schedule", ["synchronous", "random"])
def test_every_backend_learns_what_the_objects_learn(backend: str, schedule: str) -> None:
    if backend in ("native", "jax"):
        pytest.importorskip({"native": "numba", "jax": "jax"}[backend])
    by_hand = build(weight=0.3)
    sim = dp.Simulator(build(weight=0.3), backend, schedule, stream="shared", seed=4)
    sim.learn(None, steps=15)
    rng = np.random.default_rng(4)
    for _ in range(15):
        by_hand.step(rng, schedule)
    assert sim.action_weights["level"] == pytest.approx([weight(by_hand)], abs=1e-12)
    assert sim.state == pytest.approx(by_hand.states, abs=1e-12)
    assert weight(by_hand) != 0.3


def test_chains_learn_their_mean_and_networks_their_own() -> None:
    still = build(lambda value, actions, rng: 2.0 * np.ones(()), weight=0.4)
    sim = dp.Simulator(still, networks=2, chains=3, seed=0, learning_rate=[0.1, 0.2])
    states = np.arange(6.0).reshape(2, 3, 1) / 10
    sim.state = states
    sim.learn(None, steps=1)
    expected = 0.4 - np.array([[0.1], [0.2]]) * 2.0 * states.mean(axis=1)
    assert sim.action_weights["level"] == pytest.approx(expected)
    assert sim.fork(chains=2).action_weights["level"] == pytest.approx(expected)
    sim.write_back(network=1)
    assert weight(still) == pytest.approx(float(expected[1, 0]))


def test_inferring_does_not_learn_and_neither_do_frozen_rows_or_a_clamped_world() -> None:
    for world, learn in (
        (build(), False),
        (build(learning_rule="frozen"), True),
        (build(None), True),
    ):
        sim = dp.Simulator(world, seed=0)
        (sim.learn if learn else sim.infer)(None, steps=5)
        rng = np.random.default_rng(0)
        for _ in range(5):
            world.step(rng, learn=learn)
        assert sim.action_weights["level"].tolist() == [0.0] == [weight(world)]
    sim = dp.Simulator(build(), seed=0)
    sim.learn({"level": [1.0]}, steps=5)
    assert sim.action_weights["level"].tolist() == [0.0]


def test_a_population_learns_in_its_arrays() -> None:
    explicit, folded = dp.Partition("world"), dp.Partition("world")
    for world in (explicit, folded):
        world.learning_rate = 0.1
        if world is folded:
            crowd: Any = world.add_population("crowd", 3)
        else:
            crowd = [world.add_subparticle(f"p{number}") for number in range(3)]
        level = world.add_external("level", 1.0, room, expectation=0.5)
        world.sense(level, crowd, 2.0)
        world.act(crowd, level, [0.1, 0.2, 0.3], plastic=True)
        rng = np.random.default_rng(1)
        for _ in range(4):
            world.step(rng)
    found = [[one.weight for one in world["level"].blocks[-1]] for world in (folded,)]
    expected = [explicit[f"p{number}"].active["level"].weight for number in range(3)]
    assert found[0] == pytest.approx(expected)
    sim = dp.Simulator(folded, seed=3)
    sim.learn(None, steps=4)
    sim.write_back()
    assert [one.weight for one in folded["level"].blocks[-1]] == pytest.approx(
        sim.action_weights["level"]
    )
    assert len(folded["level"].blocks) == 2


def test_what_is_expected_is_saved(tmp_path: Path) -> None:
    world = build(weight=0.25)
    world.save(tmp_path / "world.json", processes="drop")
    again = dp.load(tmp_path / "world.json", processes={"level": room})
    assert again["level"].expectation == 0.0
    assert again["particle"].active["level"].plastic
    assert world.copy()["level"].expectation == 0.0
    world["level"].process = None
    world["level"].expectation = lambda value: value
    with pytest.raises(dp.SettingError, match=says("what is expected of this external state is")):
        world.save(tmp_path / "other.json")


def test_errors_of_learning_to_act() -> None:
    world = dp.Partition("world")
    particle, scene = world.add_subparticle("particle"), world.add_external("scene")
    with pytest.raises(dp.SettingError, match=says("plastic=True without an expectation")) as one:
        world.act(particle, scene, plastic=True)
    assert is_complete(one.value)
    with pytest.raises(dp.SettingTypeError, match=says("scene: the expectation is a real number")):
        scene.expectation = "nothing"  # type: ignore[assignment]
    pair = dp.Partition("pair")
    leaves = [pair.add_subparticle(name) for name in "ab"]
    scene = pair.add_external("scene", 0.0, lambda v, a, rng: np.ones(2), expectation=0.0)
    pair.sense(scene, leaves)
    pair.act(leaves, scene, plastic=True)
    message = says("scene: active states learn from an external state that is one number")
    with pytest.raises(dp.SettingError, match=message) as two:
        pair.step(0)
    assert is_complete(two.value)
    with pytest.raises(dp.SettingError, match=message):
        dp.Simulator(pair, learning_rate=0.1).learn(None, steps=1)
    wild = dp.Simulator(build(lambda v, a, rng: 1e200 * (1 + a.sum())), learning_rate=1e200)
    with pytest.raises(dp.SettingError, match=says("learn with a smaller learning_rate")):
        wild.learn(None, steps=3)


def test_a_world_that_learns_to_act_verifies() -> None:
    dp.verify(build(weight=0.3), steps=5).raise_if_failed()
