"""The JAX kernels of a distribution are its own: to rounding, over all biases and quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.lowering import lower

pytest.importorskip("jax")

import jax
import jax.numpy as jnp

from deepparticle.compile.backends.jax import JaxBackend, Kernels, jax_kernels
from deepparticle.compile.backends.jax.distributions import has_kernels

DISTRIBUTIONS = (dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian(), dp.Gaussian(0.5))
MAGNITUDES = np.concatenate([[0.0], np.logspace(-20, 5, 1001), np.linspace(0.9, 1.1, 41)])
BIASES = np.concatenate([-MAGNITUDES, MAGNITUDES])


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=repr)
def test_means_in_float64(distribution: dp.StateDistribution) -> None:
    with jax.enable_x64(True):
        means = np.asarray(jax.jit(jax_kernels(distribution).mean)(BIASES))
    np.testing.assert_allclose(means, distribution.mean(BIASES), rtol=2e-15, atol=1e-300)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=repr)
def test_samples_in_float64(distribution: dp.StateDistribution) -> None:
    uniforms = np.concatenate([[0, 2.0**-53, 1 - 2.0**-53], np.random.default_rng(0).random(40)])
    biases, uniforms = np.meshgrid(BIASES, uniforms)
    with jax.enable_x64(True):
        states = np.asarray(jax.jit(jax_kernels(distribution).sample)(biases, uniforms))
    expected = distribution.sample(biases, uniforms)
    if isinstance(distribution, dp.Spin):
        # A uniform number equal to the probability but for a rounding error may fall either side.
        chance = 1 / (1 + np.exp(np.minimum(2 * biases, 700)))
        decided = np.abs(uniforms - chance) > 1e-15
        assert np.mean(decided) > 0.99
        states, expected = states[decided], np.asarray(expected)[decided]
    np.testing.assert_allclose(states, expected, rtol=2e-14, atol=2e-14)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=repr)
def test_float32_stays_and_is_as_exact_as_on_numpy(distribution: dp.StateDistribution) -> None:
    biases = BIASES.astype(np.float32)
    uniforms = np.random.default_rng(1).integers(2**24, size=biases.shape) * np.float32(2**-24)
    kernels = jax_kernels(distribution)
    means = np.asarray(jax.jit(kernels.mean)(biases))
    states = np.asarray(jax.jit(kernels.sample)(biases, uniforms))
    assert means.dtype == states.dtype == np.float32
    np.testing.assert_allclose(means, distribution.mean(biases.astype(float)), rtol=1e-6, atol=1e-9)
    expected = distribution.sample(biases, uniforms)
    if not isinstance(distribution, dp.Spin):
        np.testing.assert_allclose(states, expected, rtol=2e-6, atol=2e-6)
    assert np.all(np.isfinite(states))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_the_unit_interval(dtype: type) -> None:
    with jax.enable_x64(dtype is np.float64):
        biases = jnp.asarray([-1e5, -50, -1, 0, 1, 50, 1e5], dtype)
        sample = jax.jit(jax_kernels(dp.ContinuousBernoulli()).sample)
        for end in (0, 1):
            states = np.asarray(sample(biases, jnp.full_like(biases, end)))
            np.testing.assert_allclose(states, 2 * end - 1, atol=1e-6)
            assert np.all(np.abs(states) <= 1)


@dataclass(frozen=True)
class Unknown(dp.Spin):
    """A spin with another mean, for which nobody wrote kernels."""

    kind = "unknown to jax"

    def _mean(self, b: FloatArray) -> FloatArray:
        return np.tanh(b) / 2


@dataclass(frozen=True)
class Renamed(dp.Spin):
    """A spin by another name, with the formulas of a spin."""

    kind = "renamed for jax"


def test_an_unknown_distribution_is_refused_by_name() -> None:
    world = dp.Partition("world")
    world.add_subparticle("a", distribution=Unknown())
    program = lower(world)
    reason = JaxBackend.refusal(program, 1, 1, np.dtype("float64"))
    assert reason is not None
    assert "Unknown" in reason
    assert "jax_kernels.register" in reason


def test_known_ones_and_their_like_are_not_refused() -> None:
    assert all(has_kernels(distribution) for distribution in DISTRIBUTIONS)
    assert has_kernels(Renamed())
    world = dp.Partition("world")
    world.add_subparticle("a")
    assert JaxBackend.refusal(lower(world), 1, 1, np.dtype("float32")) is None


def test_kernels_can_be_registered() -> None:
    @dataclass(frozen=True)
    class Half(dp.Spin):
        kind = "half, with kernels"

        def _mean(self, b: FloatArray) -> FloatArray:
            return np.tanh(b) / 2

    assert not has_kernels(Half())

    @jax_kernels.register(Half)
    def _(distribution: Half) -> Kernels:
        return Kernels(lambda b: jnp.tanh(b) / 2, jax_kernels(dp.Spin()).sample)

    assert has_kernels(Half())
    world = dp.Partition("world")
    world.add_subparticle("a", distribution=Half())
    assert JaxBackend.refusal(lower(world), 1, 1, np.dtype("float32")) is None


def test_without_kernels_there_is_an_error() -> None:
    with pytest.raises(NotImplementedError, match="object"):
        jax_kernels(object())  # type: ignore[arg-type]
