r"""The stationary law of a world with frozen couplings, where it can be had as numbers.

With :math:`K = \mathrm{diag}(\beta)J` and :math:`c = \beta(b + u)`, all external states clamped:

*linear*
    Gaussian states of base variances :math:`V`: :math:`\sigma' = V(c + K\sigma) + \xi` with
    :math:`\xi \sim N(0, V)` under the synchronous schedule; a sequential sweep, with the part
    :math:`K_<` of :math:`K` that looks at rows above, is
    :math:`\sigma' = (1 - VK_<)^{-1}(Vc + VK_>\sigma + \xi)`. The law is Gaussian, with the
    covariance of :func:`~deepparticle.blankets.linear.covariance_of_steps`. Exact.
*few*
    A handful of spins, or of continuous Bernoulli states on the nodes of a quadrature: the matrix
    of one step, and the vector that it leaves as it is. Exact to the error of the quadrature.
*linearised*
    Anything else up to some size: the linear law around the fixed point :math:`m = L(c + Km)`, with
    :math:`V = \mathrm{diag}\,\phi''(c + Km)`. An estimate, good where states stay near :math:`m`.

Noisy boundary states add :math:`\beta_i^2 \sum_j sd_{ij}^2` to the variance of an argument. Given
the states a new one then follows a mixture (:mod:`deepparticle.agents.field_noise`): its variance
takes the place of :math:`V`, the slope of its mean that of :math:`V` before :math:`c + K\sigma`,
and a matrix of steps is averaged over the noise. What they show of a state, read at one instant, is
another variable, :math:`y = \sigma_j + \kappa_j^{-1/2} z` with a fresh :math:`z`, the next to be
sensed; in a table it is one more axis.

A law can be had as numbers only where clocks are equal, boundary states are Dirac deltas or
Gaussian, and no process answers; why there is none is said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.field_noise import NoisyMoments, noisy_moments, normal_nodes
from deepparticle.agents.gaussian import Gaussian
from deepparticle.agents.spin import Spin
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.conditional import Delta, GaussianBoundary
from deepparticle.blankets.errors import SettingError
from deepparticle.blankets.gaussian import conditional_information, partial_correlations
from deepparticle.blankets.linear import covariance_of_steps
from deepparticle.blankets.tables import table_information
from deepparticle.partitions.columns import (
    external_columns,
    leaf_columns,
    noise_variances,
    other_conditionals,
)
from deepparticle.partitions.observations import observed_covariance, observed_table

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["SteadyLaw", "steady_laws"]

# The matrix of a step has the square of this many entries: six nodes for each of four states. Its
# stationary vector takes tenths of a second.
_FEW_STATES = 1296

# A covariance is solved for in time N³: a few hundredths of a second.
_MANY_LEAVES = 256

# The quadrature of exp(θx) is this good, in relative terms, at the largest θ that occurs; and this
# many standard deviations of noise are let in.
_QUADRATURE = 1e-5
_NOISE = 4.0

Nodes: TypeAlias = Sequence[tuple[FloatArray, FloatArray]]
"""Values and weights of each row."""

Told: TypeAlias = Mapping[int, float]
"""What noisy boundary states tell of a row, :math:`\\kappa` in inverse squared units of state."""


@dataclass(frozen=True, eq=False)
class SteadyLaw:
    """A stationary law, as a covariance or as a table of probabilities.

    Parameters
    ----------
    method : {"exact", "linearised"}
    covariance : ndarray of shape (N, N), optional
    table : ndarray of shape (m_1, ..., m_N), optional
    nodes : sequence of (ndarray, ndarray), optional
        Of a table: the values and weights of each axis.
    estimate : SteadyLaw, optional
        Of a table: what is linearised, for what it cannot tell.
    """

    method: str
    covariance: FloatArray | None = field(default=None, repr=False)
    table: FloatArray | None = field(default=None, repr=False)
    nodes: Nodes = field(default=(), repr=False)
    estimate: SteadyLaw | None = field(default=None, repr=False)

    def information(
        self, first: IntArray, second: IntArray, given: IntArray, told: Told | None = None
    ) -> tuple[float | None, str]:
        """The information that two sets of rows have of each other given a third, in nats.

        Parameters
        ----------
        first, second, given : ndarray of intp
        told : dict of int to float, optional
            What is told of rows through noise, which is given as well.

        Returns
        -------
        information : float or None
            None where it cannot be told.
        method : str
        """
        rows = first.tolist(), second.tolist(), given.tolist()
        if not len(first) or not len(second):
            return 0.0, self.method
        if self.covariance is not None:
            covariance, more = observed_covariance(self.covariance, told or {})
            return conditional_information(covariance, *rows[:2], rows[2] + more), self.method
        assert self.table is not None
        observed = observed_table(self.table, self.nodes, told or {})
        if observed is not None:
            table, more = observed
            return table_information(table, *rows[:2], rows[2] + more), self.method
        if self.estimate is None:
            return None, ""
        return self.estimate.information(first, second, given, told)

    @cached_property
    def pairs(self) -> FloatArray:
        """The information that each two rows have of each other given all the rest, (N, N)."""
        if self.covariance is not None:
            square = np.minimum(partial_correlations(self.covariance) ** 2, 1.0 - 1e-15)
            found: FloatArray = -0.5 * np.log1p(-square)
            np.fill_diagonal(found, 0.0)
            return found
        assert self.table is not None
        count = self.table.ndim
        found = np.zeros((count, count))
        for i in range(count):
            for j in range(i):
                rest = [row for row in range(count) if row not in (i, j)]
                found[i, j] = found[j, i] = table_information(self.table, [i], [j], rest)
        return found


def steady_laws(world: Partition) -> tuple[dict[str, SteadyLaw], str]:
    """The stationary laws of a world under the synchronous and the sequential schedule.

    Parameters
    ----------
    world : Partition
        A root. Couplings are taken as they are, external states as clamped to what they hold.

    Returns
    -------
    laws : dict of str to SteadyLaw
        By schedule; those that can be had.
    reason : str
        Why some cannot, ``""`` if all can.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> for name in "ab":
    ...     _ = world.add_subparticle(name, distribution=Gaussian())
    >>> _ = world.couple_all(0.5)
    >>> laws, _ = steady_laws(world)
    >>> laws["sequential"].covariance.round(4).tolist()  # the inverse of 1 - K
    [[1.3333, 0.6667], [0.6667, 1.3333]]
    """
    # What overflows is found by its not being finite.
    with np.errstate(all="ignore"):
        dynamics, reason = _dynamics(world)
        if dynamics is None:
            return {}, reason
        found = {schedule: dynamics.law(schedule) for schedule in ("synchronous", "sequential")}
    laws = {schedule: law for schedule, law in found.items() if law is not None}
    return laws, "" if len(laws) == 2 else "no stationary law was found"


@dataclass(frozen=True, eq=False)
class _Dynamics:
    """Frozen dynamics: K, c, the noise of arguments, and the distributions of the rows."""

    K: FloatArray
    c: FloatArray
    deviation: FloatArray
    groups: tuple[tuple[StateDistribution, IntArray], ...]

    def law(self, schedule: str) -> SteadyLaw | None:
        if all(isinstance(distribution, Gaussian) for distribution, _ in self.groups):
            covariance = self._covariance(self._moments(self.c), schedule)
            return None if covariance is None else SteadyLaw("exact", covariance=covariance)
        nodes = self._nodes()
        if nodes is not None:
            table = _stationary(self._step(nodes, schedule))
            if table is not None:
                table = table.reshape([len(points) for points, _ in nodes])
                estimate = self._linearised(schedule) if np.any(self.deviation) else None
                return SteadyLaw("exact", table=table, nodes=nodes, estimate=estimate)
        return self._linearised(schedule)

    # ------------------------------------------------------------------ linear

    def _linearised(self, schedule: str) -> SteadyLaw | None:
        rest = self._rest()
        if rest is None:
            return None
        covariance = self._covariance(self._moments(self.c + self.K @ rest), schedule)
        return None if covariance is None else SteadyLaw("linearised", covariance=covariance)

    def _moments(self, theta: FloatArray) -> NoisyMoments:
        found = np.empty((3, len(theta)))
        for distribution, rows in self.groups:
            one = noisy_moments(distribution, theta[rows], self.deviation[rows])
            found[:, rows] = one.mean, one.variance, one.slope
        return NoisyMoments(*found)

    def _covariance(self, moments: NoisyMoments, schedule: str) -> FloatArray | None:
        step: FloatArray = moments.slope[:, None] * self.K
        noise = np.diag(moments.variance)
        if schedule == "sequential":
            sweep = np.linalg.inv(np.eye(len(step)) - np.tril(step, -1))
            step, noise = sweep @ np.triu(step, 1), sweep @ noise @ sweep.T
        try:
            covariance = covariance_of_steps(step, noise)
            np.linalg.cholesky(covariance)
        except (SettingError, np.linalg.LinAlgError):
            return None
        return covariance

    def _rest(self) -> FloatArray | None:
        """Where the deterministic dynamics come to rest, if they do."""
        m = self._moments(self.c).mean
        for _ in range(500):
            new = (m + self._moments(self.c + self.K @ m).mean) / 2.0
            if not np.all(np.isfinite(new)):
                return None
            if np.max(np.abs(new - m), initial=0.0) < 1e-12:
                return new
            m = new
        return None

    # ------------------------------------------------------------------ few states

    def _nodes(self) -> list[tuple[FloatArray, FloatArray]] | None:
        """Values and weights of each row, if their product is small and the quadrature good."""
        kinds: list[Any] = [None] * len(self.c)
        for distribution, rows in self.groups:
            for row in rows.tolist():
                kinds[row] = distribution
        spins = sum(isinstance(kind, Spin) for kind in kinds)
        smooth = sum(isinstance(kind, ContinuousBernoulli) for kind in kinds)
        if spins + smooth < len(kinds) or 2**spins > _FEW_STATES:
            return None
        count = 2
        if smooth:
            # One more where the root is whole but rounds down.
            count = min(32, int((_FEW_STATES / 2**spins) ** (1.0 / smooth) + 1e-9))
            if count < 2:
                return None
        points, weights = np.polynomial.legendre.leggauss(count)
        # A state occurs in its own exponent and in those of all who listen to it.
        strength = np.abs(self.K)
        exponents = np.abs(self.c) + strength.sum(axis=0) + strength.sum(axis=1)
        exponents += _NOISE * self.deviation
        steepest = float(np.max(exponents, initial=0.0))
        if smooth:
            by_nodes = float(np.log(weights @ np.exp(steepest * (points - 1.0)))) + steepest
            if abs(by_nodes - ContinuousBernoulli().log_partition(steepest)) > _QUADRATURE:
                return None
        spin = np.array([-1.0, 1.0]), np.ones(2)
        return [spin if isinstance(kind, Spin) else (points, weights) for kind in kinds]

    def _step(self, nodes: list[tuple[FloatArray, FloatArray]], schedule: str) -> FloatArray:
        """The probabilities of one step, from each joint state (row) to each (column)."""
        grid = np.meshgrid(*(points for points, _ in nodes), indexing="ij")
        theta = np.stack([axis.ravel() for axis in grid], axis=1) @ self.K.T + self.c
        updates = []
        for row, (points, weights) in enumerate(nodes):
            average = np.zeros((len(theta), len(points)))
            for z, mass in zip(*normal_nodes(float(self.deviation[row])), strict=True):
                seen = theta[:, row : row + 1] + self.deviation[row] * z
                logs = np.log(weights) + seen * points
                p = np.exp(logs - logs.max(axis=1, keepdims=True))
                average += mass * p / p.sum(axis=1, keepdims=True)
            updates.append(average)
        size = len(theta)
        if schedule == "synchronous":
            steps = np.ones((size, 1))
            for p in updates:
                steps = (steps[:, :, None] * p[:, None, :]).reshape(size, -1)
            return steps
        shape = [len(points) for points, _ in nodes]
        steps = np.eye(size)
        for row, p in enumerate(updates):
            # Forget the old value of the row; draw a new one, which the others decide.
            marginal = steps.reshape(size, *shape).sum(axis=row + 1, keepdims=True)
            own = p[np.arange(size), np.unravel_index(np.arange(size), shape)[row]].reshape(shape)
            steps = (marginal * own).reshape(size, size)
        return steps


def _stationary(steps: FloatArray) -> FloatArray | None:
    """The distribution that a stochastic matrix leaves as it is."""
    size = len(steps)
    p: FloatArray = np.full(size, 1.0 / size)
    # Step after step: networks forget in a few dozen. (einsum, since the threads of a BLAS cost
    # more than they bring for a matrix of this size.)
    for _ in range(1000):
        new = np.einsum("i,ij->j", p, steps)
        change = float(np.abs(new - p).sum())
        p = new / new.sum()
        if change < 1e-14:
            return p
    equations = steps.T - np.eye(size)
    equations[-1] = 1.0  # probabilities sum to 1; one of the other equations follows from the rest
    right = np.zeros(size)
    right[-1] = 1.0
    try:
        p = np.linalg.solve(equations, right)
    except np.linalg.LinAlgError:
        return None
    if not np.all(np.isfinite(p)) or p.min() < -1e-9:
        return None
    p = np.maximum(p, 0.0)
    result: FloatArray = p / p.sum()
    return result


def _dynamics(world: Partition) -> tuple[_Dynamics | None, str]:
    """K and c of a world, or in words why they do not make a law."""
    count = world.leaf_count
    if not 0 < count <= _MANY_LEAVES:
        return None, f"not computed for more than {_MANY_LEAVES} subparticles" if count else ""
    for boundary in other_conditionals(world):
        if not isinstance(boundary.conditional, Delta | GaussianBoundary):
            return None, f"the law of {boundary.conditional!r} is not known"
    columns = leaf_columns(world)
    if np.any(columns.clock != columns.clock[0]):
        return None, "clocks differ, so that the law is periodic"
    evidence = np.zeros(count)
    for external in world.externals:
        found = external_columns(world, external)
        if not len(found.sensing):
            continue
        if external.process is not None:
            return None, f"{external.path!r} answers by a process"
        evidence[found.sensing] += found.sensing_weights * external.value
    K = columns.precision[:, None] * world.couplings
    c = columns.precision * (columns.bias + evidence)
    deviation = columns.precision * np.sqrt(noise_variances(world))
    if not all(np.all(np.isfinite(one)) for one in (K, c, deviation)):
        return None, "numbers overflow"
    return _Dynamics(K, c, deviation, columns.distributions), ""
