r"""Continuous Bernoulli states: a tilted uniform density on [-1, 1].

.. math:: p(x; b) = \frac{b}{2 \sinh b}\, e^{\,b x}, \qquad -1 \le x \le 1,

the internal state of Spisak & Friston (2026, *Neurocomputing*, 133472); on [0, 1] it is the
continuous Bernoulli distribution of Loaiza-Ganem & Cunningham (2019, *NeurIPS*). The bias
:math:`b` is half the log-odds of the two ends.

* log-partition :math:`\phi(b) = \ln(2 \sinh b / b)`
* mean :math:`L(b) = \coth b - 1/b`, the Langevin function
* variance :math:`\phi''(b) = 1/b^2 - 1/\sinh^2 b`
* entropy :math:`H(b) = \phi(b) - b\,L(b)`
* quantile at :math:`r`, for :math:`b > 0`: :math:`x = \ln(1 + r\,(e^{2b} - 1))/b - 1`;
  for :math:`b < 0`, both :math:`r` and :math:`x` are mirrored

Coded as they stand, these lose digits near :math:`b = 0`, where large terms cancel, and overflow
above :math:`b = 710`. Mean and variance below :math:`|b| = 8` come from the expansion of coth over
its poles (Euler, Mittag-Leffler),

.. math:: L(b) = \sum_{k \ge 1} \frac{2b}{b^2 + \pi^2 k^2}, \qquad
   \phi''(b) = \sum_{k \ge 1} \frac{2(\pi^2 k^2 - b^2)}{(b^2 + \pi^2 k^2)^2}.

Its tail is slow, but after a Gauss quadrature nine terms do: see `_pole_expansion`. The other
formulas are rewritten with :math:`e^{-2|b|}`, so that one expression serves every bias.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.elementwise import in_blocks
from deepparticle.agents.registry import register_distribution
from deepparticle.blankets._types import BoolArray, FloatArray

__all__ = ["ContinuousBernoulli"]


def _pole_expansion(terms: int) -> tuple[FloatArray, FloatArray]:
    r"""Poles :math:`x_j` and weights of :math:`L(b)/b = \sum_k 2/(b^2 + \pi^2 k^2)`, compressed.

    With masses :math:`2 s_k` at :math:`s_k = 1/(\pi k)^2` the sum is :math:`\sum_k 2 s_k/(1 + b^2
    s_k)`, whose moments are the zeta values of the power series :math:`L(b) = 2 \sum_k (-1)^{k+1}
    \zeta(2k)\,(b/\pi)^{2k}/b`. Gauss quadrature for these masses keeps twice as many moments as it
    has nodes. Lambert's continued fraction :math:`L(b) = b/(3 + b^2/(5 + b^2/(7 + \cdots)))`, that
    is :math:`(b/3)/(1 + a_2 b^2/(1 + a_3 b^2/(1 + \cdots)))` with :math:`a_k = 1/(4k^2 - 1)`, gives
    its Jacobi matrix (Golub & Welsch 1969): eigenvalues are nodes, first components weights. The
    first poles come out as :math:`\pi^2, 4\pi^2, 9\pi^2`, each with weight 2; the last stands for
    all the rest.
    """
    k = np.arange(2, 2 * terms + 1)
    a = np.concatenate([[0.0], 1.0 / (4.0 * k**2 - 1.0)])  # a[0] stands for a_1: it joins no node
    diagonal = a[0::2] + a[1::2]
    beside = np.sqrt(a[1:-1:2] * a[2::2])
    nodes, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return 1.0 / nodes, vectors[0] ** 2 / 3.0 / nodes


# Up to 8, nine terms leave less than a rounding error, and seven (4e-9) less than one of float32.
# Most arrays of biases fit in this range, and then cost one formula; in the closed forms nothing
# cancels above 1.
_RANGE = 8.0
_POLES, _WEIGHTS = _pole_expansion(9)
_POLE_PAIRS = list(zip(_POLES.tolist(), _WEIGHTS.tolist(), strict=True))

# Sums over the poles take nine numbers per element, and a sample five: blocks of this size stay in
# cache, which makes large arrays two to three times faster.
_BLOCK = 4096
_SAMPLE_BLOCK = 8 * _BLOCK

# A bias below which the density is uniform to a rounding error, and which keeps divisions lawful:
# (e^2a - 1)/a = 2 + 2a rounds to 2.
_UNIFORM = 1e-17

# A bias from which e^-2a = 2e-35 is nothing beside 1; e^2a = 6e34 is still a float32.
_STEEP = 40.0


class _Constants:
    """The numbers above as arrays of one type: a ufunc takes twice as long to read a Python one."""

    def __init__(self, dtype: type[np.floating[Any]]) -> None:
        poles, weights = _pole_expansion(7 if dtype is np.float32 else 9)
        self.poles, self.weights = poles[:, None].astype(dtype), weights.astype(dtype)
        self.uniform, self.steep, self.range, self.zero, self.one = (
            np.array(number, dtype) for number in (_UNIFORM, _STEEP, _RANGE, 0.0, 1.0)
        )


_CONSTANTS = {np.dtype(kind).char: _Constants(kind) for kind in (np.float32, np.float64)}

# Both magnitudes above this, and far apart: the divergence of two exponential distributions, and
# corrections below 1e-2.
_SATURATED = 3.0


@register_distribution
@dataclass(frozen=True)
class ContinuousBernoulli(StateDistribution):
    r"""The continuous Bernoulli distribution on [-1, 1], :math:`p(x; b) \propto e^{bx}`.

    Accuracy in float64, for :math:`|b|` of 0 and from 1e-300 to 1e6: log-partition, mean, variance
    and divergence to 1e-12 of their values, entropy to 1e-12 of the larger of its value and 1,
    quantiles to 1e-15.

    Examples
    --------
    >>> state = ContinuousBernoulli()
    >>> round(state.mean(1.0), 6), round(state.variance(0.0), 6)  # coth 1 - 1, and 1/3
    (0.313035, 0.333333)
    >>> state.sample(np.array([-800.0, 0.0, 800.0]), 0.5)
    array([-0.99913357,  0.        ,  0.99913357])
    >>> state
    ContinuousBernoulli()
    """

    kind: ClassVar[str] = "continuous-bernoulli"
    is_continuous: ClassVar[bool] = True

    @property
    def support(self) -> tuple[float, float]:
        """The interval (-1, 1), whose ends the states can reach."""
        return -1.0, 1.0

    def _log_partition(self, b: FloatArray) -> FloatArray:
        a = np.maximum(np.abs(b), _UNIFORM)
        log_partition: FloatArray = a + np.log(-np.expm1(-2 * a) / a)
        return log_partition

    def _mean(self, b: FloatArray) -> FloatArray:
        return _by_range(b, _mean_by_poles, _mean_in_closed_form)

    def _variance(self, b: FloatArray) -> FloatArray:
        return _by_range(b, _variance_by_poles, _variance_in_closed_form)

    def _entropy(self, b: FloatArray) -> FloatArray:
        a = np.maximum(np.abs(b), _UNIFORM)
        mass = -np.expm1(-2 * a)
        entropy: FloatArray = np.log(mass / a) + (1 - 2 * a * np.exp(-2 * a) / mass)
        return entropy

    def _sample(self, b: FloatArray, u: FloatArray) -> FloatArray:
        if u.size > _SAMPLE_BLOCK:
            return in_blocks(self._sample, _SAMPLE_BLOCK, b, u)
        constants = _CONSTANTS[b.dtype.char]
        a = np.abs(b)
        np.maximum(a, constants.uniform, out=a)
        side = np.copysign(constants.one, b)
        # The end from which r is counted is the light one: its mass must not be rounded away. This
        # is u, or 1 - u where b is negative, without a branch.
        r = np.minimum(side, constants.zero)
        r += u
        np.abs(r, out=r)
        steep = a > constants.steep
        if np.count_nonzero(steep):
            state = _steep_log_ratio(np.maximum(a, _STEEP), r)
            gentle = ~steep
            state[gentle] = np.log1p(r[gentle] * np.expm1(2 * a[gentle]))
        else:
            state = a + a
            np.expm1(state, out=state)
            state *= r
            np.log1p(state, out=state)
        state /= a
        state -= constants.one
        # Rounding can lead past the heavy end, never past the light one.
        np.minimum(state, constants.one, out=state)
        state *= side
        return state

    def _is_near(self, q: FloatArray, b: FloatArray) -> BoolArray:
        # The variance is 1/b^2 far out: smooth on the scale of b itself.
        same_side = (b < 0) == (q < 0)
        same_scale = 2 * np.abs(b - q) <= np.minimum(np.abs(b), np.abs(q))
        near: BoolArray = super()._is_near(q, b) | (same_side & same_scale)
        return near

    def _kl_far(self, q: FloatArray, b: FloatArray) -> FloatArray:
        divergence = self._log_partition(b) - b * self._mean(q) - self._entropy(q)
        a_q, a = np.abs(q), np.abs(b)
        saturated = ((b < 0) == (q < 0)) & (np.minimum(a_q, a) > _SATURATED)
        if np.count_nonzero(saturated):
            a_q, a = a_q[saturated], a[saturated]
            ratio = a / a_q
            tail = np.exp(-2 * a_q)
            divergence[saturated] = (
                (ratio - 1 - np.log(ratio))
                - 2 * (a - a_q) * tail / (1 - tail)
                - np.log1p(-tail)
                + np.log1p(-np.exp(-2 * a))
            )
        return divergence

    def _log_partition_of(self, b: float) -> float:
        a = max(abs(b), _UNIFORM)
        return a + math.log(-math.expm1(-2 * a) / a)

    def _mean_of(self, b: float) -> float:
        if abs(b) < _RANGE:
            z = b * b
            return b * math.fsum(weight / (pole + z) for pole, weight in _POLE_PAIRS)
        return 1 / math.tanh(b) - 1 / b

    def _sample_of(self, b: float, u: float) -> float:
        a = max(abs(b), _UNIFORM)
        side = math.copysign(1.0, b)
        r = 1 - u if side < 0 else u
        if a > _STEEP:
            log_ratio = float(_steep_log_ratio(np.array([a]), np.array([r]))[0])
        else:
            log_ratio = math.log1p(r * math.expm1(2 * a))
        return side * min(log_ratio / a - 1, 1.0)


def _by_range(
    b: FloatArray,
    by_poles: Callable[[FloatArray], FloatArray],
    in_closed_form: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """The expansion where ``|b| < 8``, the closed form elsewhere; each only where it is needed."""
    if b.ndim > 1 or b.size > _BLOCK:
        return in_blocks(lambda piece: _by_range(piece, by_poles, in_closed_form), _BLOCK, b)
    near = np.abs(b) < _CONSTANTS[b.dtype.char].range
    count = np.count_nonzero(near)
    if count == near.size:
        return by_poles(b)
    if count == 0:
        return in_closed_form(b)
    result = by_poles(np.where(near, b, 0))
    far = ~near
    result[far] = in_closed_form(b[far])
    return result


def _mean_by_poles(b: FloatArray) -> FloatArray:
    constants = _CONSTANTS[b.dtype.char]
    terms = constants.poles + b * b
    np.reciprocal(terms, out=terms)
    sums: FloatArray = constants.weights.dot(terms)
    return b * sums


def _mean_in_closed_form(b: FloatArray) -> FloatArray:
    return np.reciprocal(np.tanh(b)) - np.reciprocal(b)


def _variance_by_poles(b: FloatArray) -> FloatArray:
    z = b * b
    constants = _CONSTANTS[b.dtype.char]
    terms = constants.poles + z
    np.multiply(terms, terms, out=terms)
    np.divide(constants.poles - z, terms, out=terms)
    sums: FloatArray = constants.weights.dot(terms)
    return sums


def _variance_in_closed_form(b: FloatArray) -> FloatArray:
    a = np.abs(b)
    # 1/sinh a = 2 e^-a / (1 - e^-2a): sinh would overflow, and so would the square of a.
    variance: FloatArray = np.reciprocal(a) ** 2 - (2 * np.exp(-a) / np.expm1(-2 * a)) ** 2
    return variance


def _steep_log_ratio(a: FloatArray, r: FloatArray) -> FloatArray:
    """The logarithm of ``1 + r (e^2a - 1)`` for ``a >= 40``, where the -1 is beyond rounding."""
    log_r = np.full_like(r, -np.inf)
    np.log(r, out=log_r, where=r > 0)
    return np.logaddexp(log_r + 2 * a, 0)
