"""Another partition as the world: whose turn it is, randomness, copies, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says

import deepparticle as dp


def half(name: str, bias: float, sense: float, act: float) -> dp.Partition:
    """A world of two subparticles with an ear and a mouth."""
    world = dp.Partition(name)
    body = world.add_partition("body")
    first, second = body.add_subparticle("first", bias=bias), body.add_subparticle("second")
    body.couple(first, second, 1.5)
    world.sense(world.add_external("ear"), first, sense)
    world.act(second, world.add_external("mouth"), act)
    return world


def closed(**options: Any) -> dp.Partition:
    """One world, in which another one is what it hears."""
    world = half("self", 0.4, 2.0, 0.8)
    other = half("other", -0.2, -1.5, 1.2)
    world["ear"].process = dp.OtherPartition(other, hears="ear", speaks="mouth", **options)
    world.act("body/second", "ear", 0.8)
    return world


def test_two_worlds_are_one_in_which_the_other_has_the_first_turn() -> None:
    world = closed(mode="deterministic")
    both = dp.Partition("both")
    leaves = [
        both.add_subparticle(name, bias=bias)
        for name, bias in (("o1", -0.2), ("o2", 0.0), ("s1", 0.4), ("s2", 0.0))
    ]
    both.couple(leaves[0], leaves[1], 1.5)
    both.couple(leaves[2], leaves[3], 1.5)
    # What one shows reaches the other through two weights in a row.
    both.couple(leaves[3], leaves[0], 0.8 * -1.5)
    both.couple(leaves[1], leaves[2], 1.2 * 2.0)
    for _ in range(6):
        world.step(mode="deterministic")
        # The same with explicit turns: the other one from the old state, then this one.
        for turn in (leaves[:2], leaves[2:]):
            for leaf in turn:
                leaf.sense()
            for leaf in turn:
                leaf.infer()
            for leaf in turn:
                leaf.act()
        other = world["ear"].process.world
        assert np.allclose([*other.states, *world.states], both.states, atol=1e-15)


def test_the_same_seed_gives_the_same_run_on_objects_and_arrays_and_chains_differ() -> None:
    world = closed()
    sims = [dp.Simulator(world, backend, seed=2) for backend in ("objects", "numpy", "numpy")]
    runs = [sim.infer(steps=20).states for sim in sims]
    assert np.allclose(runs[0], runs[1], atol=1e-12)
    assert np.array_equal(runs[1], runs[2])
    by_hand, rng = closed(), np.random.default_rng(2)
    states = []
    for _ in range(20):
        by_hand.step(rng)
        states.append(by_hand.states)
    assert np.allclose(runs[1], states, atol=1e-12)
    # The world it was lowered from has not moved, nor has the other one.
    assert not np.any(world["ear"].process.world.states)
    chains = dp.Simulator(world, chains=200, seed=0).infer(steps=8).states[-1]
    assert abs(np.corrcoef(chains[:100, 1], chains[100:, 1])[0, 1]) < 4 / np.sqrt(100)


def test_the_other_one_may_learn_and_a_copy_does_not_share_it() -> None:
    world = closed(learn=True)
    world["ear"].process.world.learning_rate = 0.1
    twin = world.copy()
    world.step(0)
    world.step(1)
    learned = world["ear"].process.world.couplings[1, 0]
    assert learned != 1.5
    assert twin["ear"].process.world.couplings[1, 0] == 1.5


def test_each_active_state_can_be_heard_by_itself() -> None:
    other = half("other", 0.0, 1.0, 0.5)
    other.act("body/first", "mouth", 2.0)
    world = dp.Partition("self")
    ear = world.add_external("ear")
    world.sense(ear, [world.add_subparticle("left"), world.add_subparticle("right")])
    ear.process = dp.OtherPartition(other, hears="ear", speaks="mouth", each=True)
    world.step(0)
    heard = ear.process.world
    assert np.array_equal(ear.value, heard["mouth"].actions)
    assert ear.process.world.time == 1


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: dp.OtherPartition("a", hears="e", speaks="m"), "the other one is a partition"),  # type: ignore[arg-type]
    (
        lambda: dp.OtherPartition(half("w", 0, 1, 1)["body"], hears="ear", speaks="mouth"),
        "the other one is a world, a root (got 'body' inside another)",
    ),
    (
        lambda: dp.OtherPartition(half("w", 0, 1, 1), hears="body", speaks="mouth"),
        "worlds meet through external states",
    ),
    (
        lambda: dp.OtherPartition(half("w", 0, 1, 1), hears="ear", speaks="ear"),
        "nothing acts on 'ear'",
    ),
    (
        lambda: dp.OtherPartition(half("w", 0, 1, 1), hears="eye", speaks="mouth"),
        "eye",
    ),
    (
        lambda: dp.OtherPartition(half("w", 0, 1, 1), hears="ear", speaks="mouth", mode="x"),
        "the mode is one of",
    ),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=[case[1][:30] for case in WRONG])
def test_an_error_says_what_to_do(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError), match=says(message)) as raised:
        wrong()
    assert is_complete(raised.value)


def test_worlds_that_meet_verify() -> None:
    dp.verify(closed(), steps=5).raise_if_failed()
