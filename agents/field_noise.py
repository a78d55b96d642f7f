r"""A state whose argument has Gaussian noise: what is left to say once the noise is averaged out.

A subparticle that senses noisy boundary states, :math:`s_{ij} = J_{ij}\sigma_j + sd_{ij}\,z_{ij}`,
infers from the argument :math:`\theta_i = a + w z`, of which the states tell only

.. math:: a = \beta_i \bigl(b_i + \sum_j J_{ij}\sigma_j + u_i\bigr), \qquad
          w = \beta_i \sqrt{v_i}, \qquad v_i = \sum_j sd_{ij}^2, \qquad z \sim N(0, 1) .

Given the states alone its new state follows a mixture, with

.. math:: M(a) = E_z[L(a + wz)], \qquad
          V(a) = E_z[\phi''(a + wz)] + \mathrm{Var}_z[L(a + wz)], \qquad
          M'(a) = E_z[\phi''(a + wz)] .

The averages are taken by the trapezoidal rule, :math:`\int f\varphi\,dz \approx h \sum_k (f\varphi)
(kh)`. For a function that is analytic up to a distance :math:`d` from the real line its error is of
the order of :math:`e^{d^2/2 - 2\pi d/h}` (L. N. Trefethen and J. A. C. Weideman, *SIAM Review* 56,
2014, theorem 5.1). :math:`L(a + wz)` has its poles at :math:`d = \pi/2w` (spins) or beyond, which
gives the step :math:`h`. (Gauss–Hermite quadrature, exact for polynomials, would need a number of
nodes that grows like :math:`w^2` instead of :math:`w`.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.blankets._types import FloatArray

__all__ = ["NoisyMoments", "normal_nodes", "noisy_moments"]

# The logarithm of the error that is asked for (1e-10), and the standard deviation at which the
# normal law is cut off (3e-12 lies beyond).
_DIGITS = 23.0
_REACH = 7.0

# A noise of more than 200 nats gets no finer a step. Where L is a mere jump, the error is that of
# the place of the jump: a thousandth.
_MANY = 8192


@dataclass(frozen=True, eq=False)
class NoisyMoments:
    r"""Moments of states whose arguments have noise.

    Parameters
    ----------
    mean : ndarray
        :math:`M`, in units of state.
    variance : ndarray
        :math:`V`, in squared units of state.
    slope : ndarray
        :math:`M'`, in squared units of state (per nat).
    """

    mean: FloatArray
    variance: FloatArray
    slope: FloatArray


def normal_nodes(deviation: float) -> tuple[FloatArray, FloatArray]:
    r"""Nodes and weights for averages over a standard normal :math:`z` of what has poles.

    Parameters
    ----------
    deviation : float
        :math:`w \ge 0`, in nats: averaged is a function of :math:`wz` that is analytic up to the
        distance :math:`\pi/2` from the real line.

    Returns
    -------
    nodes, weights : ndarray of shape (n,)
        The weights sum to 1.

    Examples
    --------
    >>> z, weights = normal_nodes(2.0)
    >>> len(z), round(float(weights @ z**2), 9)
    (75, 1.0)
    """
    distance = min(0.9 * math.pi / 2 / deviation, 6.0) if deviation > 0.0 else 6.0
    step = 2.0 * math.pi * distance / (_DIGITS + distance * distance / 2.0)
    half = min(math.ceil(_REACH / step), _MANY // 2)
    nodes = np.linspace(-_REACH, _REACH, 2 * half + 1)
    weights = np.exp(-nodes * nodes / 2.0)
    return nodes, weights / weights.sum()


def noisy_moments(
    distribution: StateDistribution, argument: FloatArray, deviation: FloatArray
) -> NoisyMoments:
    r"""The moments of a state whose argument has noise.

    Parameters
    ----------
    distribution : StateDistribution
    argument : ndarray
        :math:`a`, in nats per unit of state; any shape.
    deviation : ndarray
        :math:`w \ge 0`, in the same units; broadcasts to the shape of `argument`.

    Returns
    -------
    NoisyMoments
        Arrays of the shape of `argument`. Where `deviation` is 0 they are :math:`L`,
        :math:`\phi''` and :math:`\phi''`.

    Examples
    --------
    A spin behind noise answers less steeply; its variance is still what its mean leaves of 1.

    >>> from deepparticle.agents.spin import Spin
    >>> moments = noisy_moments(Spin(), np.array([1.0]), np.array([2.0]))
    >>> bool(moments.mean[0] < Spin().mean(1.0))
    True
    >>> round(float(moments.variance[0] + moments.mean[0] ** 2), 9)
    1.0
    """
    argument = np.asarray(argument, dtype=np.float64)
    spread: FloatArray = np.broadcast_to(np.asarray(deviation, dtype=np.float64), argument.shape)
    plain, slope = distribution.mean(argument), distribution.variance(argument)
    noisy = spread > 0.0
    if not np.any(noisy):
        return NoisyMoments(plain, slope, slope)
    centre, width, mean = argument[noisy], spread[noisy], plain[noisy]
    shift, square, curve = np.zeros_like(mean), np.zeros_like(mean), np.zeros_like(mean)
    nodes, weights = normal_nodes(float(width.max()))
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        seen = centre + width * node
        step = distribution.mean(seen) - mean  # from the plain mean, so that little cancels
        shift += weight * step
        square += weight * step * step
        curve += weight * distribution.variance(seen)
    variance = slope.copy()
    plain[noisy] = mean + shift
    slope[noisy] = curve
    variance[noisy] = curve + np.maximum(square - shift * shift, 0.0)
    return NoisyMoments(plain, variance, slope)
