r"""A law on the nodes of a quadrature: its moments, its entropy, and its distance from another.

With probabilities :math:`P_k = w_k\,q(x_k)`, where :math:`w_k` integrates against the base measure
and q is the density against it, expectations are sums, :math:`E[f] = \sum_k P_k f(x_k)`, as
exact as the quadrature is for :math:`q f` (:mod:`deepparticle.analysis.quadrature`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from deepparticle.analysis.quadrature import Grid, interpolation
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError

__all__ = ["StationaryLaw", "total_variation"]

# Nodes per state of a grid on which kinks are integrated, by the number of states.
_FINE = {1: 2000, 2: 400, 3: 80, 4: 36}


@dataclass(frozen=True, eq=False)
class StationaryLaw:
    r"""A law on the nodes of a quadrature.

    Parameters
    ----------
    grid : Grid
    probabilities : ndarray of shape (M,)
        Of the nodes; the weights of the quadrature are in them.
    schedule : str
    method : str
        ``"Boltzmann"``, ``"Little"``, ``"transition"`` or ``"Fokker-Planck"``.
    log_partition : float or None
        :math:`\ln Z` of a Boltzmann or Little law, in nats; None where there is none.
    phases : ndarray of shape (period, M)
        The law after each step of a period of the clocks; their mean is `probabilities`.
    """

    grid: Grid
    probabilities: FloatArray
    schedule: str
    method: str
    log_partition: float | None = None
    phases: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def points(self) -> FloatArray:
        """The states, shape (M, N)."""
        return self.grid.points

    @property
    def weights(self) -> FloatArray:
        """The weights of integrals against the base measure, shape (M,)."""
        return self.grid.weights

    @property
    def density(self) -> FloatArray:
        r"""The density against the base measure at the points, shape (M,)."""
        return self.probabilities / self.weights

    @property
    def mean(self) -> FloatArray:
        r""":math:`E[\sigma_i]`, shape (N,)."""
        result: FloatArray = self.probabilities @ self.points
        return result

    @property
    def second_moments(self) -> FloatArray:
        r""":math:`E[\sigma_i \sigma_j]`, shape (N, N)."""
        result: FloatArray = (self.points * self.probabilities[:, None]).T @ self.points
        return result

    @property
    def covariance(self) -> FloatArray:
        r""":math:`E[\sigma_i \sigma_j] - E[\sigma_i]E[\sigma_j]`, shape (N, N)."""
        centred = self.points - self.mean
        result: FloatArray = (centred * self.probabilities[:, None]).T @ centred
        return result

    @property
    def correlations(self) -> FloatArray:
        """Pearson's correlations, shape (N, N)."""
        covariance = self.covariance
        scale = np.sqrt(np.diagonal(covariance))
        result: FloatArray = covariance / np.outer(scale, scale)
        return result

    @cached_property
    def entropy(self) -> float:
        r""":math:`-\int p \ln p`, in nats; differential where states are continuous."""
        here = self.probabilities > 0.0
        logs = np.log(self.density[here]) + self.grid.log_base[here]
        return -float(self.probabilities[here] @ logs)

    def expectation(self, values: ArrayLike) -> Any:
        """The mean of a function that is given at the points, shape (M, ...)."""
        return np.tensordot(self.probabilities, np.asarray(values), axes=1)

    def refined(self, count: int | None = None) -> StationaryLaw:
        """The same law on a finer grid, by interpolation of its density.

        Parameters
        ----------
        count : int, optional
            Nodes per state.

        Returns
        -------
        StationaryLaw
        """
        count = _FINE[len(self.grid.axes)] if count is None else count
        values = self.density.reshape(self.grid.shape)
        for row, axis in enumerate(self.grid.axes):
            if not axis.discrete:
                values = interpolation(axis.nodes, values, row)(axis.refined(count).nodes)
        grid = Grid(tuple(axis.refined(count) for axis in self.grid.axes))
        probabilities = np.maximum(values.reshape(-1), 0.0) * grid.weights
        return replace(
            self,
            grid=grid,
            probabilities=probabilities / probabilities.sum(),
            phases=np.zeros((0, 0)),
        )

    def __repr__(self) -> str:
        return (
            f"<StationaryLaw of {len(self.grid.axes)} states, {self.schedule}, {self.method}, "
            f"{self.probabilities.size} points>"
        )


def total_variation(law: StationaryLaw, other: StationaryLaw) -> float:
    r"""How far two laws are from each other: the largest difference of a probability.

    .. math:: \mathrm{TV}(p, q) = \tfrac12 \int |p - q| = \sup_S |p(S) - q(S)|

    Where states are continuous, both densities are interpolated to a finer grid, since the
    integrand has kinks; the error is then about 1e-7 for two or three states, and 1e-4 for four.

    Parameters
    ----------
    law, other : StationaryLaw
        Over states of the same families.

    Returns
    -------
    float
        0…1.

    Raises
    ------
    SettingError
        If the laws are over different states.

    Examples
    --------
    >>> from deepparticle.analysis.stationary_law import stationary_law
    >>> pair = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> gibbs, little = (stationary_law(pair, schedule=name) for name in ("random", "synchronous"))
    >>> total_variation(gibbs, gibbs), round(total_variation(gibbs, little), 4)
    (0.0, 0.1254)
    """
    kinds = [[(axis.ends, axis.discrete) for axis in each.grid.axes] for each in (law, other)]
    if kinds[0] != kinds[1]:
        raise SettingError(
            Fault(
                "total_variation",
                "both laws are over the same states",
                f"{law!r} and {other!r}",
                "compare laws of networks with the same families of states, in the same order",
            )
        )
    if all(axis.discrete for axis in law.grid.axes):
        return 0.5 * float(np.abs(law.probabilities - other.probabilities).sum())
    fine, against = law.refined(), other.refined()
    if not np.array_equal(fine.points, against.points):
        raise SettingError(
            Fault(
                "total_variation",
                "laws of states without bounds reach equally far",
                f"{law!r} and {other!r}",
                "give both the same number of nodes",
            )
        )
    return 0.5 * float(np.abs(fine.probabilities - against.probabilities).sum())
