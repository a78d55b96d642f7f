r"""Gaussian states: the whole real line, with a variance that no bias changes.

.. math:: p(x; b) = \frac{1}{\sqrt{2 \pi v}}\, e^{-(x - b v)^2 / 2v}
          \;\propto\; e^{-x^2/2v}\, e^{\,b x},

the linear member of the exponential families of internal states (Spisak & Friston 2026,
*Neurocomputing*, 133472): networks of such states are solved by linear algebra. The base measure is
:math:`m(x) = e^{-x^2/2v}` with the *base variance* :math:`v`.

* log-partition :math:`\phi(b) = \tfrac12 v b^2 + \tfrac12 \ln(2 \pi v)`
* mean :math:`b v`, variance :math:`v`
* entropy :math:`H = \tfrac12 \ln(2 \pi e v)`
* divergence :math:`\mathrm{KL}[b_q \| b] = \tfrac12 v (b - b_q)^2`
* quantile at :math:`r`: :math:`b v + \sqrt{v}\,\Phi^{-1}(r)`, finite at both ends of [0, 1]
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.elementwise import normal_quantile
from deepparticle.agents.registry import register_distribution
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import finite_number

__all__ = ["Gaussian"]


@register_distribution
@dataclass(frozen=True)
class Gaussian(StateDistribution):
    r"""The Gaussian distribution with mean :math:`b v` and variance :math:`v`.

    Parameters
    ----------
    base_variance : float
        The variance :math:`v` of the base measure, in squared units of state; finite and positive.
        (The method `variance` gives it back for every bias.)

    Raises
    ------
    SettingError, SettingTypeError
        If `base_variance` is not a finite number above zero.

    Examples
    --------
    >>> state = Gaussian(base_variance=4.0)
    >>> state.mean(0.5), state.variance(0.5)
    (2.0, 4.0)
    >>> state.sample(0.5, np.array([0.5, 0.975]))
    array([2.        , 5.91992797])
    """

    kind: ClassVar[str] = "gaussian"
    is_continuous: ClassVar[bool] = True
    base_variance: float = 1.0

    def __post_init__(self) -> None:
        number = finite_number(self.base_variance, "Gaussian", "base_variance")
        if number <= 0:
            rule, mend = "the base_variance is above zero", "give a positive variance"
            raise SettingError(Fault("Gaussian", rule, repr(number), mend))
        object.__setattr__(self, "base_variance", number)

    @property
    def support(self) -> tuple[float, float]:
        """The real line."""
        return -math.inf, math.inf

    def _log_partition(self, b: FloatArray) -> FloatArray:
        return self.base_variance / 2 * b * b + math.log(2 * math.pi * self.base_variance) / 2

    def _mean(self, b: FloatArray) -> FloatArray:
        return b * self.base_variance

    def _variance(self, b: FloatArray) -> FloatArray:
        return np.full_like(b, self.base_variance)

    def _sample(self, b: FloatArray, u: FloatArray) -> FloatArray:
        return b * self.base_variance + math.sqrt(self.base_variance) * normal_quantile(u)

    def _log_base_slope(self, x: FloatArray) -> FloatArray:
        return -x / self.base_variance

    # Entropy and divergence in closed form: the general ones would subtract terms in v b^2.

    def _entropy(self, b: FloatArray) -> FloatArray:
        return np.full_like(b, (1 + math.log(2 * math.pi * self.base_variance)) / 2)

    def _kl(self, q: FloatArray, b: FloatArray) -> FloatArray:
        step = b - q
        return step * (step * (self.base_variance / 2))
