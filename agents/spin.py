r"""Spin states: -1 or +1.

.. math:: p(x; b) = \frac{e^{\,b x}}{2 \cosh b}, \qquad x \in \{-1, +1\},

the state of a Boltzmann machine, and the two-valued sibling of the continuous Bernoulli states of
Spisak & Friston (2026, *Neurocomputing*, 133472). The bias :math:`b` is half the log-odds.

* log-partition :math:`\phi(b) = \ln(2 \cosh b)`
* mean :math:`\tanh b`
* variance :math:`1/\cosh^2 b`
* entropy :math:`H(b) = \phi(b) - b \tanh b`
* quantile at :math:`r`: -1 if :math:`r < P(-1) = 1/(1 + e^{2b})`, else +1

With :math:`\epsilon = e^{-2|b|}`, the odds of the unlikely state, each is written so that nothing
overflows and, for large :math:`|b|`, the smallness of :math:`\epsilon` is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.registry import register_distribution
from deepparticle.blankets._types import FloatArray

__all__ = ["Spin"]


@register_distribution
@dataclass(frozen=True)
class Spin(StateDistribution):
    r"""The distribution of a spin, :math:`p(x; b) \propto e^{bx}` on :math:`\{-1, +1\}`.

    Examples
    --------
    >>> spin = Spin()
    >>> round(spin.mean(1.0), 6)  # tanh 1
    0.761594
    >>> spin.sample(0.0, np.array([0.2, 0.8]))
    array([-1.,  1.])
    >>> round(spin.entropy(0.0), 6), spin.kl(20.0, 20.0)  # ln 2
    (0.693147, 0.0)
    """

    kind: ClassVar[str] = "spin"

    @property
    def support(self) -> tuple[float, float]:
        """The interval (-1, 1): the states are its ends, the expected state lies inside."""
        return -1.0, 1.0

    def _log_partition(self, b: FloatArray) -> FloatArray:
        return np.logaddexp(b, -b)

    def _mean(self, b: FloatArray) -> FloatArray:
        return np.tanh(b)

    def _variance(self, b: FloatArray) -> FloatArray:
        # 1/cosh a = 2 e^-a / (1 + e^-2a), without the overflow of cosh.
        a = np.abs(b)
        variance: FloatArray = (2 * np.exp(-a) / (1 + np.exp(-2 * a))) ** 2
        return variance

    def _sample(self, b: FloatArray, u: FloatArray) -> FloatArray:
        from scipy.special import expit  # slow to import, and only spins need it

        return np.copysign(1, u - expit(-2 * b))

    def _entropy(self, b: FloatArray) -> FloatArray:
        a = np.abs(b)
        odds = np.exp(-2 * a)
        entropy: FloatArray = np.log1p(odds) + 2 * a * odds / (1 + odds)
        return entropy

    def _kl_far(self, q: FloatArray, b: FloatArray) -> FloatArray:
        # With q > 0 (else both are mirrored), the definition is an average over the unlikely state,
        #   2 (|b| - q) P_q(-1) + ln(1 + e^-2|b|) - ln(1 + e^-2q),
        # and, if b is on the other side, the likely state is wrong too: 2 |b| (1 - 2 P_q(-1)) more.
        a_q, a = np.abs(q), np.abs(b)
        odds_q, odds = np.exp(-2 * a_q), np.exp(-2 * a)
        unlikely = odds_q / (1 + odds_q)
        divergence: FloatArray = (
            2 * (a - a_q) * unlikely
            + np.log1p((odds - odds_q) / (1 + odds_q))
            + np.where((b < 0) == (q < 0), 0, 2 * a * (1 - 2 * unlikely))
        )
        return divergence
