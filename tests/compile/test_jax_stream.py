"""The own stream of the jax backend: known bits, no cuts, the right laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.compile.backends.base import Block
from deepparticle.compile.lowering import lower

pytest.importorskip("jax")

import jax
import jax.numpy as jnp

from deepparticle.compile.backends.jax import JaxBackend
from deepparticle.compile.backends.jax.stream import (
    Moment,
    keys_at,
    rows_drawn,
    threefry,
    uniforms,
)

WORDS = np.random.default_rng(0).integers(2**32, size=(2, 8), dtype=np.uint32)


def backend_of(
    schedule: str, world: dp.Partition, networks: int = 1, chains: int = 1, dtype: str = "float64"
) -> JaxBackend:
    backend = JaxBackend(lower(world, schedule), networks, chains, np.dtype(dtype))
    backend.seed(WORDS[:networks])
    return backend


def own_block(backend: JaxBackend, time: int, steps: int, **changes: Any) -> Block:
    shape = (backend.networks, backend.program.size)
    given: dict[str, Any] = {
        "time": time,
        "steps": steps,
        "stochastic": True,
        "evidence": np.zeros((1, shape[1])),
        "shown": np.zeros((shape[0], steps, backend.chains), dtype=np.intp),
        "precision": np.ones(shape),
        "learning_rate": None,
        "clock": None,
        "uniforms": None,
        "sites": None,
        "reset": None,
        "keep": ("state",),
        "kept": np.ones(steps, dtype=np.bool_),
    }
    return Block(**{**given, **changes})


def small_world() -> dp.Partition:
    rng = np.random.default_rng(1)
    couplings = rng.normal(scale=0.5, size=(5, 5)) * ~np.eye(5, dtype=bool)
    return dp.from_couplings(couplings, bias=rng.normal(size=5))


def moment(time: int, chains: int, size: int) -> Moment:
    keys = jnp.asarray(keys_at(WORDS, time)[0])
    low = jnp.asarray(np.uint32(time & 0xFFFFFFFF))
    return Moment(keys, low, jnp.arange(size, dtype=np.uint32), chains)


def test_known_answers_of_threefry() -> None:
    # From the Random123 distribution, file kat_vectors, threefry2x32 with 20 rounds.
    most = np.uint32(0xFFFFFFFF)
    for number, expected in (
        (np.zeros(4, dtype=np.uint32), (0x6B200159, 0x99BA4EFE)),
        (np.full(4, most), (0x1CB996FC, 0xBB002BE7)),
    ):
        key, high, low = (number[:1], number[1:2]), number[2:3], number[3:]
        assert tuple(int(word[0]) for word in threefry(key, high, low)) == expected


def test_the_bits_of_the_first_step_are_those_of_jax() -> None:
    with jax.threefry_partitionable(True):
        bits = jax.random.bits(jax.random.wrap_key_data(jnp.asarray(WORDS[0, :2])), (3, 5))
    numbers = np.asarray(uniforms(moment(0, 3, 5), np.float32))
    np.testing.assert_array_equal(numbers, (np.asarray(bits) >> 8) * np.float32(2**-24))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_numbers(dtype: type) -> None:
    with jax.enable_x64(dtype is np.float64):
        numbers = np.asarray(uniforms(moment(7, 500, 400), dtype))
    assert numbers.dtype == dtype
    assert 0 <= numbers.min() < numbers.max() < 1
    # 200 000 numbers: the standard errors of mean and variance are 6.5e-4 and 1.7e-4.
    assert abs(numbers.mean() - 1 / 2) < 4 * 6.5e-4
    assert abs(numbers.var() - 1 / 12) < 4 * 1.7e-4
    counts = np.histogram(numbers, bins=100, range=(0, 1))[0]
    chi2 = np.sum((counts - 2000) ** 2 / 2000)  # mean 99, standard deviation 14.1
    assert abs(chi2 - 99) < 4 * 14.1


@pytest.mark.parametrize("size", [7, 1000, 100_003])
def test_drawn_rows(size: int) -> None:
    high, low = moment(3, 2, size).bits(1)
    rows = np.asarray(rows_drawn(moment(3, 2, size)))
    bits = np.asarray(high ^ low).astype(np.uint64)
    np.testing.assert_array_equal(rows, bits * np.uint64(size) >> np.uint64(32))


def test_keys_change_when_the_counter_comes_round() -> None:
    assert np.array_equal(keys_at(WORDS, 5), keys_at(WORDS, 2**32 - 1))
    keys = {keys_at(WORDS, turn << 32).tobytes() for turn in range(4)}
    assert len(keys) == 4


@pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)
@pytest.mark.parametrize("time", [0, 2**32 - 7])
def test_cuts_into_blocks_change_nothing(schedule: str, time: int) -> None:
    whole, parts = (backend_of(schedule, small_world(), 2, 3) for _ in range(2))
    states = whole.run(own_block(whole, time, 12)).kept["state"]
    pieces = []
    for steps in (1, 4, 7):
        pieces.append(parts.run(own_block(parts, time, steps)).kept["state"])
        time += steps
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), states)


def test_networks_chains_and_seeds_differ() -> None:
    backend = backend_of("synchronous", small_world(), 2, 2)
    start = backend.variables.copy()
    states = backend.run(own_block(backend, 0, 1)).state
    assert len(np.unique(states)) == states.size
    backend.variables = start
    again = backend.run(own_block(backend, 0, 1)).state
    np.testing.assert_array_equal(again, states)
    backend.seed(WORDS[::-1])
    backend.variables = start
    np.testing.assert_array_equal(backend.run(own_block(backend, 0, 1)).state, states[::-1])


@pytest.mark.parametrize("schedule", ["sequential", "chromatic", "random"])
def test_the_stationary_law_of_two_spins(schedule: str) -> None:
    couplings, bias = np.array([[0, 0.6], [0.6, 0]]), np.array([0.3, -0.2])
    world = dp.from_couplings(couplings, bias=bias, distribution=dp.Spin())
    backend = backend_of(schedule, world, 1, 2000, "float32")
    burn_in, steps = 50, 50
    backend.run(own_block(backend, 0, burn_in))
    states = backend.run(own_block(backend, burn_in, steps)).kept["state"][0]
    spins = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    weights = np.exp(spins @ bias + 0.6 * spins[:, 0] * spins[:, 1])
    weights /= weights.sum()
    # Chains are independent: the standard error is that of 2000 means over the steps.
    for values, exact in (
        (states[..., 0], weights @ spins[:, 0]),
        (states[..., 1], weights @ spins[:, 1]),
        (states[..., 0] * states[..., 1], weights @ spins.prod(axis=1)),
    ):
        means = values.mean(axis=0)
        error = means.std(ddof=1) / np.sqrt(means.size)
        assert abs(means.mean() - exact) < 4 * error


@pytest.mark.parametrize("distribution", [dp.ContinuousBernoulli(), dp.Gaussian(0.5)])
def test_free_states_have_the_moments_of_their_distribution(
    distribution: dp.StateDistribution,
) -> None:
    world = dp.Partition("world")
    world.add_subparticle("a", bias=0.7, distribution=distribution)
    backend = backend_of("synchronous", world, 1, 20_000, "float32")
    states = backend.run(own_block(backend, 0, 1)).state
    error = np.sqrt(distribution.variance(0.7) / states.size)
    assert abs(states.mean(dtype=float) - distribution.mean(0.7)) < 4 * error
    assert abs(states.var(dtype=float) / distribution.variance(0.7) - 1) < 4 * np.sqrt(2 / 20_000)
