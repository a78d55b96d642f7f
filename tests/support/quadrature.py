r"""Exact stationary laws of small networks, by quadrature, and how far samples are from them.

With symmetric :math:`K = \mathrm{diag}(\beta)J`, with :math:`c = \beta(b + u)` and base measure m:

- Boltzmann: :math:`p(\sigma) \propto m(\sigma)\, \exp(c\cdot\sigma + \tfrac12\sigma^TK\sigma)`;
- Little: :math:`p(\sigma) \propto m(\sigma)\, e^{c\cdot\sigma} \prod_i e^{\phi_i(\theta_i)}` with
  :math:`\theta = c + K\sigma`.

Integrals over continuous Bernoulli states are Gauss–Legendre, over Gaussian states Gauss–Hermite,
and over spins sums; a network has the tensor grid of its states. The log-partitions are not those
of the library, but :math:`\phi(b) = \ln\int m(x)\,e^{bx}dx` on the same nodes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import deepparticle as dp
from deepparticle.blankets._types import FloatArray

__all__ = ["Law", "boltzmann", "deviations", "little", "nodes_of"]


def nodes_of(distribution: dp.StateDistribution, count: int = 40) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of integrals against the base measure of a distribution."""
    if isinstance(distribution, dp.Spin):
        return np.array([-1.0, 1.0]), np.ones(2)
    if isinstance(distribution, dp.Gaussian):
        nodes, weights = np.polynomial.hermite_e.hermegauss(count)
        return nodes * np.sqrt(distribution.base_variance), weights
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


@dataclass(frozen=True, eq=False)
class Law:
    """A distribution on a grid.

    Parameters
    ----------
    points : ndarray of shape (M, N)
    probabilities : ndarray of shape (M,)
    """

    points: FloatArray
    probabilities: FloatArray

    @property
    def mean(self) -> FloatArray:
        """The expected states, shape (N,)."""
        result: FloatArray = self.probabilities @ self.points
        return result

    @property
    def second_moments(self) -> FloatArray:
        """E[σ_i σ_j], shape (N, N)."""
        result: FloatArray = (self.points * self.probabilities[:, None]).T @ self.points
        return result

    @property
    def correlations(self) -> FloatArray:
        """The correlations of all pairs i < j."""
        return _correlations(self.mean, self.second_moments)


def _correlations(mean: FloatArray, second_moments: FloatArray) -> FloatArray:
    covariance = second_moments - np.outer(mean, mean)
    scale = np.sqrt(np.diagonal(covariance))
    matrix = covariance / np.outer(scale, scale)
    result: FloatArray = matrix[np.triu_indices(len(mean), 1)]
    return result


def _grid(distributions: Sequence[dp.StateDistribution]) -> tuple[FloatArray, FloatArray]:
    rules = [nodes_of(distribution) for distribution in distributions]
    points = np.array(list(itertools.product(*(nodes for nodes, _ in rules))))
    weights = np.array([np.prod(part) for part in itertools.product(*(rule[1] for rule in rules))])
    return points, np.log(weights)


def _normalised(points: FloatArray, logs: FloatArray) -> Law:
    values = np.exp(logs - logs.max())
    return Law(points, values / values.sum())


def boltzmann(distributions: Sequence[dp.StateDistribution], c: FloatArray, K: FloatArray) -> Law:
    """The law of single-site schedules."""
    points, logs = _grid(distributions)
    interaction = 0.5 * np.einsum("mi,ij,mj->m", points, K, points)
    return _normalised(points, logs + points @ c + interaction)


def little(distributions: Sequence[dp.StateDistribution], c: FloatArray, K: FloatArray) -> Law:
    """The law of the synchronous schedule."""
    points, logs = _grid(distributions)
    theta = c + points @ K.T
    for row, distribution in enumerate(distributions):
        nodes, weights = nodes_of(distribution)
        logs = logs + np.log(np.exp(np.outer(theta[:, row], nodes)) @ weights)
    return _normalised(points, logs + points @ c)


def deviations(states: FloatArray, law: Law) -> dict[str, FloatArray]:
    """How many standard errors samples are from a law, in means, second moments and correlations.

    Parameters
    ----------
    states : ndarray of shape (steps, chains, N)
        Chains are independent: the standard error of a mean is that of the means of the chains.
        Correlations have the jackknife error over twenty groups of chains.
    law : Law

    Returns
    -------
    dict of str to ndarray
    """
    pairs = np.triu_indices(states.shape[2])
    means = states.mean(axis=0)
    moments = np.einsum("tci,tcj->cij", states, states) / states.shape[0]

    def errors(samples: FloatArray, exact: FloatArray) -> FloatArray:
        error = samples.std(axis=0, ddof=1) / np.sqrt(samples.shape[0])
        difference = samples.mean(axis=0) - exact
        # The square of a spin is 1, without error.
        sure = error < 1e-12
        return np.where(
            sure,
            np.where(np.abs(difference) < 1e-9, 0.0, np.inf),
            difference / np.where(sure, 1.0, error),
        )

    groups = np.arange(states.shape[1]) % 20
    left_out = np.array(
        [
            _correlations(
                means[groups != group].mean(axis=0), moments[groups != group].mean(axis=0)
            )
            for group in range(20)
        ]
    )
    error = np.sqrt(19.0 / 20.0 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    whole = _correlations(means.mean(axis=0), moments.mean(axis=0))
    return {
        "means": errors(means, law.mean),
        "second moments": errors(moments[:, *pairs], law.second_moments[pairs]),
        "correlations": (whole - law.correlations) / error,
    }
