"""Several partitions in one world that answers: they meet in it, and in nothing else.

That the loop of each worked world beats its controls is tested in ``tests/docs/test_examples.py``,
from what the examples print: ten seeds or more of each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deepparticle as dp

NAMES = ("north", "east", "west")


def shared(cut: tuple[str, ...] = (), plastic: bool = False) -> dp.Partition:
    """Three partitions, each of an eye and a hand, and one unstable level for all of them."""
    world = dp.Partition("world", learning_rate=0.05)
    process = dp.LinearGaussian(1.02, deviation=0.1)
    level = world.add_external("level", 0.0, process, expectation=0.0)
    for name in NAMES:
        agent = world.add_partition(name, precision=2.0)
        eye, hand = agent.add_subparticle("eye"), agent.add_subparticle("hand")
        agent.couple(eye, hand, 1.5, plastic=False)
        if name not in cut:
            world.sense(level, eye, 2.0)
        world.act(hand, level, -0.05, plastic=plastic)
    return world


def test_they_meet_in_the_external_state_alone() -> None:
    world = shared()
    world.check()
    for name in NAMES:
        blanket = world.blanket(name)
        assert {one.source.path for one in blanket.sensory} == {"level"}
        assert {one.target.path for one in blanket.active} == {"level"}
    assert len(world["level"].actions) == 3
    dp.verify(world, steps=3).raise_if_failed()


@pytest.mark.parametrize("backend", ["objects", "numpy", "native", "jax"])
def test_every_backend_makes_the_same_run_of_all_of_them(backend: str) -> None:
    if backend in ("native", "jax"):
        pytest.importorskip({"native": "numba", "jax": "jax"}[backend])
    by_hand, rng = shared(plastic=True), np.random.default_rng(6)
    sim = dp.Simulator(shared(plastic=True), backend, stream="shared", seed=6)
    states = sim.learn(None, steps=12, record="states").states
    expected = []
    for _ in range(12):
        by_hand.step(rng)
        expected.append(by_hand.states)
    assert np.allclose(states, expected, atol=1e-12)
    weights = [by_hand[name]["hand"].active["level"].weight for name in NAMES]
    assert np.allclose(sim.action_weights["level"], weights, atol=1e-12)
    assert len(set(weights)) == 3  # each learns from what it did


def levels(world: dp.Partition, runs: int, seed: int) -> np.ndarray[Any, Any]:
    """Root mean square of the level over the last steps, one of each run."""
    found: list[float] = []
    answer: Any = world["level"].process

    def process(value: Any, actions: Any, rng: np.random.Generator) -> Any:
        following = answer(value, actions, rng)
        found.append(float(following))
        return following

    world["level"].process = process
    dp.Simulator(world, chains=runs, seed=seed).infer(steps=200, record=())
    late: np.ndarray[Any, Any] = np.sqrt(np.mean(np.square(found).reshape(200, runs)[100:], axis=0))
    return late


def test_together_they_hold_what_runs_away_when_two_of_them_are_blind() -> None:
    together = levels(shared(), 12, 0)
    blind = levels(shared(cut=("north", "east")), 12, 0)
    all_blind = levels(shared(cut=NAMES), 12, 0)
    for cut, margin in ((blind, 1.5), (all_blind, 3.0)):
        gain = np.log(cut / together)
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        assert gain.mean() - 2 * error > np.log(margin), (gain.mean(), error)
