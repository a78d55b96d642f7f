r"""Continuous time: how an internal state moves in a short time, between the walls of its support.

The Langevin equation of a state with argument :math:`\theta` follows the slope of its log density
and is shaken by white noise :math:`W` (Spisak & Friston 2026, "Particular partitions": a random
dynamical system with a flow and fluctuations),

.. math:: d\sigma = f(\theta, \sigma)\,dt + \sqrt2\,dW, \qquad
          f = \frac{\partial}{\partial\sigma} \ln p(\sigma; \theta)
            = \theta + \frac{d}{d\sigma} \ln m(\sigma),

so that :math:`p(\sigma; \theta)` is its stationary law for a :math:`\theta` that is held. In
:math:`[-1, 1]`, where :math:`m` is constant, :math:`f = \theta`; for a Gaussian with base variance
:math:`v` it is :math:`\theta - \sigma/v`, an Ornstein-Uhlenbeck process. Walls reflect. A time step
:math:`\tau` is one of Euler and Maruyama, mirrored at the walls as often as it takes,

.. math:: \sigma' = \mathrm{fold}\bigl(\sigma + \tau f + \sqrt{2\tau}\, z\bigr), \qquad
          z = \Phi^{-1}(r),

with a uniform random number :math:`r`. Its stationary law differs from the exact one by a multiple
of :math:`\tau` (weak order 1); if the state were stopped at the wall instead (clipped), it would be
:math:`\sqrt\tau`, since the state would stay at the wall with a probability of that order
(Gobet 2001, *Ann. I. H. Poincaré* B 37; Bossy, Gobet & Talay 2004, *J. Appl. Probab.* 41). Without
noise the state follows the slope until a wall stops it: mirrored, it would jump to and fro there.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.elementwise import Number, normal_quantile
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError

__all__ = ["diffused", "drifted", "fold", "refuse_jumping"]


def refuse_jumping(distribution: StateDistribution, where: str) -> None:
    """Raise SettingError for states that can only jump, such as spins."""
    if not distribution.is_continuous:
        raise SettingError(
            Fault(
                where,
                "schedule 'langevin' moves continuous states",
                f"{distribution!r} states",
                "use another schedule, or ContinuousBernoulli() or Gaussian() states; a family of "
                "your own says is_continuous = True",
            )
        )


@overload
def fold(position: Number, support: tuple[float, float]) -> float: ...
@overload
def fold(position: NDArray[Any], support: tuple[float, float]) -> FloatArray: ...
def fold(position: Number | NDArray[Any], support: tuple[float, float]) -> float | FloatArray:
    r"""Mirror a position at the walls of an interval, as often as it takes to lie inside.

    .. math:: \mathrm{fold}(x) = l + |y - 2w\,[\,y/2w\,]|, \qquad y = x - l, \quad w = h - l,

    where :math:`[\cdot]` is the nearest whole number; what lies inside stays as it is.

    Parameters
    ----------
    position : float or ndarray
    support : tuple of float
        The walls :math:`l < h`; either may be infinite.

    Returns
    -------
    float or ndarray of the same shape

    Examples
    --------
    >>> fold(1.25, (-1.0, 1.0)), fold(-5.5, (-1.0, 1.0)), fold(7.0, (-np.inf, np.inf))
    (0.75, -0.5, 7.0)
    """
    if not isinstance(position, np.ndarray):
        return float(fold(np.array([float(position)]), support)[0])
    low, high = support
    if np.isinf(low) and np.isinf(high):
        return position
    if np.isinf(high):
        return low + np.abs(position - low)
    if np.isinf(low):
        return high - np.abs(high - position)
    kind = position.dtype.type
    low, double = kind(low), kind(2 * (high - low))
    from_low = position - low
    mirrored = np.abs(from_low - double * np.rint(from_low / double)) + low
    inside = (position >= low) & (position <= kind(high))
    return np.where(inside, position, mirrored)


def diffused(
    distribution: StateDistribution,
    argument: FloatArray,
    state: FloatArray,
    time_step: FloatArray,
    uniform: FloatArray,
) -> FloatArray:
    r"""The states a time step later, :math:`\mathrm{fold}(\sigma + \tau f + \sqrt{2\tau} z)`.

    Parameters
    ----------
    distribution : StateDistribution
        Of continuous states.
    argument, state : ndarray of shape (..., N)
        :math:`\theta`, in nats per unit of state, and :math:`\sigma`.
    time_step : ndarray that broadcasts against (..., N)
        :math:`\tau`, in units of time.
    uniform : ndarray of shape (..., N)
        Random numbers in [0, 1].

    Returns
    -------
    ndarray of shape (..., N)
        In the support.

    Examples
    --------
    >>> from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
    >>> move = np.array([1.0]), np.array([0.9]), np.array([0.02]), np.array([0.9])
    >>> diffused(ContinuousBernoulli(), *move).round(4)  # 0.9 + 0.02 + 0.2 · 1.2816, mirrored at 1
    array([0.8237])
    """
    position = state + time_step * distribution.slope(argument, state)
    position += np.sqrt(2 * time_step) * normal_quantile(uniform)
    return fold(position, distribution.support)


def drifted(
    distribution: StateDistribution,
    argument: FloatArray,
    state: FloatArray,
    time_step: FloatArray,
) -> FloatArray:
    r"""The same without noise: :math:`\sigma + \tau f`, stopped at a wall.

    Examples
    --------
    >>> from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
    >>> drifted(ContinuousBernoulli(), np.array([2.0]), np.array([0.5, 0.99]), np.array([0.01]))
    array([0.52, 1.  ])
    """
    position = state + time_step * distribution.slope(argument, state)
    low, high = distribution.support
    stopped: FloatArray = np.clip(position, low, high)
    return stopped
