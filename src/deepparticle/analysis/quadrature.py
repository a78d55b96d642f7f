r"""Quadrature over the states of a few subparticles: exact integrals in the place of samples.

A family :math:`p(x; b) = m(x)\,e^{bx - \phi(b)}` is integrated against its base measure m,

.. math:: \int m(x)\,f(x)\,dx \approx \sum_k w_k\,f(x_k),

by Gauss–Legendre for continuous Bernoulli states (m = 1 on [−1, 1]), by Gauss–Hermite for Gaussian
ones (:math:`m = e^{-x^2/2v}`), and by the sum over −1 and 1 for spins. With n nodes a Gauss rule is
exact for polynomials up to degree 2n − 1, and for what is analytic around the interval its error
falls geometrically (Trefethen 2013, *Approximation Theory and Approximation Practice*, chapter 19).
Several states have the tensor product of their rules.

A family of one's own joins with a rule of its own: ``@axis_rule.register`` on a function of the
distribution and a count, that returns an `Axis`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, reduce, singledispatch
from typing import Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.gaussian import Gaussian
from deepparticle.agents.spin import Spin
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError

__all__ = ["Axis", "Grid", "axis_rule", "grid_of", "interpolation", "sufficient_nodes"]

# A grid of more points than this is not made: 32 MiB for every number that a point has.
_MOST_POINTS = 2**22

# What a rule may miss of an integral, as a part of it.
_TOLERANCE = 1e-14


@cache
def _legendre(count: int) -> tuple[FloatArray, FloatArray]:
    """The Gauss-Legendre rule on [-1, 1], read-only."""
    from scipy.special import roots_legendre

    nodes, weights = roots_legendre(count)
    nodes.setflags(write=False)
    weights.setflags(write=False)
    return nodes, weights


@dataclass(frozen=True, eq=False)
class Axis:
    """The rule of one state.

    Parameters
    ----------
    nodes : ndarray of shape (n,)
        Ascending, in units of state.
    weights : ndarray of shape (n,)
        Of integrals against the base measure.
    ends : tuple of float
        Where the nodes lie between; infinite for states without bounds.
    log_base : callable, optional
        ln m of states, in nats; 0 without it.
    discrete : bool
        Whether the nodes are all the states there are.
    """

    nodes: FloatArray
    weights: FloatArray
    ends: tuple[float, float]
    log_base: Callable[[FloatArray], FloatArray] = np.zeros_like
    discrete: bool = False

    def refined(self, count: int) -> Axis:
        """A finer rule between the same ends, for integrands with kinks.

        Parameters
        ----------
        count : int
            The number of nodes. A discrete state keeps its own; a state without bounds is followed
            as far as these nodes go.
        """
        if self.discrete:
            return self
        low, high = np.clip(self.ends, self.nodes[0], self.nodes[-1])
        if np.all(np.isfinite(self.ends)):
            low, high = self.ends
        nodes, weights = _legendre(count)
        nodes = low + (high - low) * (nodes + 1.0) / 2.0
        base = np.exp(self.log_base(nodes))
        return Axis(nodes, weights * base * (high - low) / 2.0, (low, high), self.log_base)


@singledispatch
def axis_rule(distribution: StateDistribution, count: int) -> Axis:
    """The quadrature of one family of states.

    Parameters
    ----------
    distribution : StateDistribution
    count : int
        The number of nodes, where it can be chosen.

    Returns
    -------
    Axis

    Raises
    ------
    SettingTypeError
        For a family without a rule.

    Examples
    --------
    >>> rule = axis_rule(ContinuousBernoulli(), 3)
    >>> round(float(rule.weights @ rule.nodes**4), 12)  # the integral of x^4 over [-1, 1] is 2/5
    0.4
    """
    raise SettingTypeError(
        Fault(
            "quadrature",
            "the family of a state has a rule",
            type(distribution).__name__,
            "write one with @axis_rule.register (deepparticle.analysis.quadrature), or sample",
        )
    )


@axis_rule.register
def _(distribution: ContinuousBernoulli, count: int) -> Axis:
    nodes, weights = _legendre(count)
    return Axis(nodes, weights, (-1.0, 1.0))


@axis_rule.register
def _(distribution: Spin, count: int) -> Axis:
    return Axis(np.array([-1.0, 1.0]), np.ones(2), (-1.0, 1.0), discrete=True)


@axis_rule.register
def _(distribution: Gaussian, count: int) -> Axis:
    from scipy.special import roots_hermitenorm

    nodes, weights = roots_hermitenorm(count)
    variance = distribution.base_variance
    scale = math.sqrt(variance)

    def log_base(states: FloatArray) -> FloatArray:
        return -0.5 * states * states / variance

    return Axis(nodes * scale, weights * scale, (-math.inf, math.inf), log_base)


@dataclass(frozen=True, eq=False)
class Grid:
    """The tensor product of the rules of several states; the last state varies fastest.

    Parameters
    ----------
    axes : tuple of Axis
    """

    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers of nodes."""
        return tuple(axis.nodes.size for axis in self.axes)

    @cached_property
    def points(self) -> FloatArray:
        """All states, shape (M, N)."""
        mesh = np.meshgrid(*(axis.nodes for axis in self.axes), indexing="ij")
        return np.stack([values.reshape(-1) for values in mesh], axis=1)

    @cached_property
    def weights(self) -> FloatArray:
        """The weight of each state in integrals against the base measure, shape (M,)."""
        product: FloatArray = reduce(np.multiply.outer, [axis.weights for axis in self.axes])
        return np.asarray(product).reshape(-1)

    @cached_property
    def log_base(self) -> FloatArray:
        """The logarithm of the base measure of each state, shape (M,), in nats."""
        total: FloatArray = reduce(np.add.outer, [axis.log_base(axis.nodes) for axis in self.axes])
        return np.asarray(total).reshape(-1)


def interpolation(nodes: FloatArray, values: FloatArray, axis: int = 0) -> Any:
    """The polynomial through values at some nodes, along one axis of them.

    Parameters
    ----------
    nodes : ndarray of shape (n,)
    values : ndarray
        Its axis `axis` has length n.
    axis : int

    Returns
    -------
    scipy.interpolate.BarycentricInterpolator

    Examples
    --------
    >>> nodes = np.array([-1.0, 0.0, 2.0])
    >>> round(float(interpolation(nodes, nodes**2)(3.0)), 12)
    9.0
    """
    from scipy.interpolate import BarycentricInterpolator

    # The weights 1/Π(x_i − x_j) up to a factor. SciPy would find them in a random order.
    apart = nodes[:, None] - nodes
    np.fill_diagonal(apart, 1.0)
    sizes = -np.log(np.abs(apart)).sum(axis=1)
    weights = np.prod(np.sign(apart), axis=1) * np.exp(sizes - sizes.max())
    return BarycentricInterpolator(nodes, values, axis=axis, wi=weights)


def grid_of(distributions: Sequence[StateDistribution], count: int, where: str) -> Grid:
    """The grid of some states.

    Parameters
    ----------
    distributions : sequence of N StateDistribution
    count : int
        Nodes per state, where the number can be chosen.
    where : str
        Who asks, for messages.

    Raises
    ------
    SettingError
        If the grid would have too many points.

    Examples
    --------
    >>> grid_of([ContinuousBernoulli(), Spin()], 5, "example").points.shape
    (10, 2)
    """
    grid = Grid(tuple(axis_rule(distribution, count) for distribution in distributions))
    points = math.prod(grid.shape)
    if points > _MOST_POINTS:
        raise SettingError(
            Fault(
                where,
                f"the grid of all states has at most {_MOST_POINTS} points",
                f"{points} points, {count} nodes for each of {len(distributions)} states",
                "give fewer nodes, or sample instead",
            )
        )
    return grid


def sufficient_nodes(
    distributions: Sequence[StateDistribution], couplings: FloatArray, drive: FloatArray
) -> int:
    r"""How many nodes per state leave about 1e-14 of an integral under a law or a transition.

    A law grows in :math:`x_i` no faster than :math:`e^{\theta x_i}`, which the rule has to
    integrate. A transition :math:`e^{y_i\theta_i(x) - \phi(\theta_i(x))}` has its nearest poles at
    :math:`\theta_i = \pm i\pi` (spins :math:`\pm i\pi/2`), that is :math:`\pi/|K_{ij}|` off the
    axis of :math:`x_j`: with
    :math:`\rho = \pi/|K_{ij}| + \sqrt{1 + (\pi/|K_{ij}|)^2}` n nodes leave :math:`\rho^{-2n}`.

    Parameters
    ----------
    distributions : sequence of N StateDistribution
    couplings : ndarray of shape (N, N)
        K.
    drive : ndarray of shape (N,)
        c.

    Returns
    -------
    int

    Examples
    --------
    >>> pair = np.array([[0.0, 2.0], [2.0, 0.0]])
    >>> sufficient_nodes([ContinuousBernoulli()] * 2, pair, np.zeros(2))
    16
    """
    strength = np.abs(couplings)
    steepest = float(np.max(np.abs(drive) + np.maximum(strength.sum(axis=0), strength.sum(axis=1))))
    nodes = _for_exponentials(steepest)
    pole = math.pi / 2.0 if any(isinstance(kind, Spin) for kind in distributions) else math.pi
    if strength.max(initial=0.0) > 0.0:
        distance = pole / float(strength.max())
        growth = math.log(distance + math.hypot(1.0, distance))
        nodes = max(nodes, math.ceil(-math.log(_TOLERANCE) / (2.0 * growth)))
    variances = np.array(
        [kind.base_variance if isinstance(kind, Gaussian) else 0.0 for kind in distributions]
    )
    if variances.any():
        nodes = max(nodes, _for_gaussians(variances, couplings, steepest))
    return nodes


def _for_exponentials(steepest: float) -> int:
    """Nodes of a Gauss–Legendre rule that integrate e^(bx) up to a bias."""
    expected = ContinuousBernoulli().log_partition(steepest)
    for count in range(12, 400, 4):
        nodes, weights = _legendre(count)
        found = float(weights @ np.exp(steepest * nodes - expected))
        if abs(found - 1.0) < 20 * _TOLERANCE:
            # Moments of second order and a logarithm come on top.
            return count + 4
    return 400


def _for_gaussians(variances: FloatArray, couplings: FloatArray, steepest: float) -> int:
    r"""Nodes of a Gauss–Hermite rule that integrate a Gaussian of another width and another place.

    Of :math:`e^{\kappa x^2/2}` n nodes leave :math:`(\kappa/(2 - \kappa))^n`; they reach
    :math:`2\sqrt n` standard deviations.
    """
    scale = np.sqrt(variances)
    width = float(np.linalg.norm(scale[:, None] * couplings * scale, 2))
    ratio = width / (2.0 - width) if width < 1.0 else 1.0
    # Beyond 160 nodes the outermost weights are no longer floating-point numbers.
    count = 160 if ratio > 0.8 else math.ceil(-math.log(_TOLERANCE) / -math.log(max(ratio, 1e-3)))
    reach = (steepest * float(scale.max()) + 8.0) / 2.0
    return min(160, max(count, 32, math.ceil(reach * reach)))
