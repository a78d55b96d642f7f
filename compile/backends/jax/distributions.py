r"""Expected states and samples of the distributions, in the array language of JAX.

The kernels of a :class:`~deepparticle.agents.distribution.StateDistribution` are NumPy code, which
XLA cannot compile. Here is each one's mean :math:`L(b)` and quantile again, found by the type of
the distribution; a family of your own is taught with ``jax_kernels.register``:

>>> from dataclasses import dataclass
>>> import jax.numpy as jnp
>>> from deepparticle.agents.spin import Spin
>>> from deepparticle.compile.backends.jax import Kernels, jax_kernels
>>> @dataclass(frozen=True)
... class Bit(Spin):  # 0 or 1: p(1; b) = 1/(1 + exp(-b)), and the rest of the recipe
...     kind = "bit, for JAX"
...
...     def _mean(self, b): ...
...     def _sample(self, b, u): ...
>>> @jax_kernels.register
... def _(distribution: Bit) -> Kernels:
...     def mean(b):
...         return 1 / (1 + jnp.exp(-b))
...
...     def sample(b, u):
...         return jnp.where(u < 1 - mean(b), 0.0, 1.0)
...
...     return Kernels(mean, sample)

Kernels receive arrays of one floating type and any shape, and keep both.

The sample of a continuous Bernoulli state is written without the overflow of :math:`e^{2a}`: with
:math:`a = |b|`, and :math:`r` counted from the light end,

.. math:: x = \frac{\ln(1 + r\,(e^{2a} - 1))}{a} - 1
            = 1 + \frac{\ln(r + (1 - r)\,e^{-2a})}{a},

of which the first loses no digits for small :math:`a`, the second none for large.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import ndtri

from deepparticle.agents.continuous_bernoulli import _UNIFORM, ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.gaussian import Gaussian
from deepparticle.agents.spin import Spin

__all__ = ["Kernels", "can_diffuse", "diffused", "has_kernels", "jax_kernels"]


class Kernels(NamedTuple):
    r"""What a step needs of a distribution.

    Parameters
    ----------
    mean : callable
        ``mean(bias)``: the expected states.
    sample : callable
        ``sample(bias, uniform)``: the states at these quantiles.
    log_base_slope : callable, optional
        ``log_base_slope(state)``: :math:`d \ln m/dx`, where the base measure is not constant, for
        the schedule ``langevin``.
    """

    mean: Callable[[Array], Array]
    sample: Callable[[Array, Array], Array]
    log_base_slope: Callable[[Array], Array] | None = None


@singledispatch
def jax_kernels(distribution: StateDistribution) -> Kernels:
    """The JAX kernels of a distribution; register a function per type.

    Raises
    ------
    NotImplementedError
        For a type without kernels.
    """
    raise NotImplementedError(f"no JAX kernels for {distribution!r}")


def has_kernels(distribution: StateDistribution) -> bool:
    """Whether kernels are registered that compute what this distribution computes.

    Those of a base class serve a derived one only where that left the formulas as they were.
    """
    kind = type(distribution)
    serving = jax_kernels.dispatch(kind)
    if serving is jax_kernels.dispatch(object):
        return False
    registered = next(base for base in kind.__mro__ if base in jax_kernels.registry)
    return all(getattr(kind, name) is getattr(registered, name) for name in ("_mean", "_sample"))


def can_diffuse(distribution: StateDistribution) -> bool:
    """Whether its kernels say how its states move: in words of JAX, or since nothing is to say."""
    kind = type(distribution)
    if kind._log_base_slope is StateDistribution._log_base_slope:
        return True
    registered: Any = next(base for base in kind.__mro__ if base in jax_kernels.registry)
    same = kind._log_base_slope is registered._log_base_slope
    return same and jax_kernels(distribution).log_base_slope is not None


def diffused(
    distribution: StateDistribution,
    argument: Array,
    state: Array,
    time_step: Array,
    uniform: Array | None,
) -> Array:
    """The states a time step later: shaken and mirrored, or without uniform numbers stopped.

    As :mod:`deepparticle.agents.diffusion` says.
    """
    slope, low, high = argument, *distribution.support
    base = jax_kernels(distribution).log_base_slope
    if base is not None:
        slope = slope + base(state)
    position = state + time_step * slope
    if uniform is None:
        return jnp.clip(position, low, high)
    position = position + jnp.sqrt(2 * time_step) * normal_quantile(uniform)
    if math.isinf(low) and math.isinf(high):
        return position
    if math.isinf(high):
        return low + jnp.abs(position - low)
    if math.isinf(low):
        return high - jnp.abs(high - position)
    from_low, double = position - low, 2 * (high - low)
    mirrored = jnp.abs(from_low - double * jnp.rint(from_low / double)) + low
    return jnp.where((position >= low) & (position <= high), position, mirrored)


def normal_quantile(u: Array) -> Array:
    """The quantile of the standard normal distribution.

    As on NumPy: 0 stands for all numbers below the first multiple of 2^-53 (2^-24), and gets the
    quantile of that one; 1 likewise.
    """
    step = float(np.finfo(u.dtype).epsneg)
    return ndtri(jnp.clip(u, step, 1 - step))


# Where one form hands over to the other, for means and for samples: above it nothing cancels in
# the closed forms, and below it eight levels of the continued fraction leave less than a rounding
# error.
_SMALL = 1.0
_LEVELS = 8


def _continued_fraction(levels: int) -> tuple[list[float], list[float]]:
    r"""Lambert's :math:`L(b) = b/(3 + z/(5 + z/(7 + \cdots)))`, with :math:`z = b^2`, as a ratio.

    Returns the coefficients of two polynomials in z, of the highest power first. All are positive,
    so that nothing cancels.
    """
    above, below = [1.0], [2.0 * levels + 1]
    for odd in range(2 * levels - 1, 1, -2):
        # odd + z above/below, upside down
        shifted = [*above, 0.0]
        longer = [0.0] * (len(shifted) - len(below)) + below
        shifted = [0.0] * (len(longer) - len(shifted)) + shifted
        above, below = below, [odd * c + d for c, d in zip(longer, shifted, strict=True)]
    return [c / below[-1] for c in above], [c / below[-1] for c in below]


_ABOVE, _BELOW = _continued_fraction(_LEVELS)


def _polynomial(coefficients: list[float], z: Array) -> Array:
    value = jnp.full_like(z, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * z + coefficient
    return value


def _continuous_bernoulli_mean(b: Array) -> Array:
    a = jnp.abs(b)
    small = a < _SMALL
    near, far = jnp.minimum(a, _SMALL), jnp.maximum(a, _SMALL)
    z = near * near
    tail = jnp.exp(-2 * far)
    # coth a - 1/a over one denominator: divisions are slow.
    above = jnp.where(small, near * _polynomial(_ABOVE, z), far * (1 + tail) - (1 - tail))
    below = jnp.where(small, _polynomial(_BELOW, z), far * (1 - tail))
    return jnp.copysign(above / below, b)


def _continuous_bernoulli_sample(b: Array, u: Array) -> Array:
    a = jnp.maximum(jnp.abs(b), _UNIFORM)
    mirrored = jnp.signbit(b)
    r = jnp.where(mirrored, 1 - u, u)
    small = jnp.log1p(r * jnp.expm1(2 * jnp.minimum(a, _SMALL))) / a - 1
    large = 1 + jnp.log(r + (1 - r) * jnp.exp(-2 * a)) / a
    # Rounding can lead past the heavy end; and at r = 0 a steep bias gives ln 0.
    x = jnp.clip(jnp.where(a < _SMALL, small, large), -1, 1)
    return jnp.where(mirrored, -x, x)


@jax_kernels.register
def _(distribution: ContinuousBernoulli) -> Kernels:
    return Kernels(_continuous_bernoulli_mean, _continuous_bernoulli_sample)


@jax_kernels.register
def _(distribution: Spin) -> Kernels:
    def sample(b: Array, u: Array) -> Array:
        # The probability of -1; where the exponential overflows, it is 0.
        down = 1 / (1 + jnp.exp(2 * b))
        return jnp.where(u < down, jnp.full_like(b, -1), jnp.ones_like(b))

    return Kernels(jnp.tanh, sample)


@jax_kernels.register
def _(distribution: Gaussian) -> Kernels:
    variance = distribution.base_variance

    def mean(b: Array) -> Array:
        return b * variance

    def sample(b: Array, u: Array) -> Array:
        return b * variance + math.sqrt(variance) * normal_quantile(u)

    return Kernels(mean, sample, lambda x: -x / variance)
