r"""Integrals over the belief of each subparticle, by quadrature and not by its closed forms.

.. math:: \ln Z(\theta) = \ln \int m(x)\,e^{\theta x}\,dx, \qquad
          E_\theta[f] = \int f(x)\,m(x)\,e^{\theta x}\,dx \Big/ Z(\theta)

Checks hold the closed forms of the families (log-partition, mean, divergence) against these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.analysis.quadrature import axis_rule
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.derivation.subject import Subject

__all__ = ["expectations", "log_normalisers"]

# Beyond so many standard deviations a normal law has 2e-23 left.
_REACH = 10.0

# An exponential law is left out where it is e^-60 of its largest value.
_NEGLIGIBLE = 60.0

# Nodes of a Gauss-Legendre rule that leave less than 1e-13 of either law over that reach.
_NODES = 80


def log_normalisers(subject: Subject, arguments: FloatArray) -> FloatArray:
    r"""The logarithm of :math:`\int m(x)\,e^{\theta x}\,dx` of each row, in nats.

    Parameters
    ----------
    subject : Subject
    arguments : ndarray of shape (..., N)
        θ, in nats per unit of state.

    Returns
    -------
    ndarray of shape (..., N)

    Examples
    --------
    >>> from deepparticle.derivation.subject import subject_of
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> _ = world.add_subparticle("a")
    >>> log_normalisers(subject_of(world), np.array([1.0])).round(6)  # ln 2 sinh(1)
    array([0.854587])
    """
    found = np.empty(np.shape(arguments))
    for rows, _, logs in _integrands(subject, arguments):
        top = logs.max(axis=-1)
        found[..., rows] = top + np.log(np.exp(logs - top[..., None]).sum(axis=-1))
    return found


def expectations(
    subject: Subject,
    arguments: FloatArray,
    values: Callable[[FloatArray, IntArray], FloatArray],
) -> FloatArray:
    r"""The expectation of a function of its state, under the belief of each row.

    Parameters
    ----------
    subject : Subject
    arguments : ndarray of shape (..., N)
        θ of the beliefs.
    values : callable
        Takes states of shape (..., n, nodes) and the n rows that they are of; gives values of the
        same shape.

    Returns
    -------
    ndarray of shape (..., N)
    """
    found = np.empty(np.shape(arguments))
    for rows, states, logs in _integrands(subject, arguments):
        masses = np.exp(logs - logs.max(axis=-1, keepdims=True))
        masses /= masses.sum(axis=-1, keepdims=True)
        found[..., rows] = (masses * values(states, rows)).sum(axis=-1)
    return found


def _integrands(
    subject: Subject, arguments: FloatArray
) -> Iterator[tuple[IntArray, FloatArray, FloatArray]]:
    """Of each family: its rows, nodes, and the logarithms of the weighted integrand there."""
    for family, rows in subject.families():
        tilts = arguments[..., rows, None]
        states, logs = _rule(family, arguments[..., rows])
        yield (
            rows,
            np.broadcast_to(states, np.broadcast_shapes(states.shape, tilts.shape)),
            (tilts * states + logs),
        )


def _rule(family: StateDistribution, arguments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Nodes, and the logarithms of their weights against the base measure."""
    base = axis_rule(family, 2)
    if base.discrete:
        return base.nodes, np.log(base.weights)
    axis = axis_rule(ContinuousBernoulli(), _NODES)
    low, high = family.support
    if math.isfinite(low) and math.isfinite(high):
        # A steep law lies at one end: of what is further in it has e^-60 of its largest density.
        steep = np.maximum(np.abs(arguments), _NEGLIGIBLE / (high - low))[..., None]
        width = 0.5 * _NEGLIGIBLE / steep
        end = np.where(np.signbit(arguments), low, high)[..., None]
        states = end - np.copysign(width, arguments[..., None]) * (1.0 + axis.nodes)
    else:
        # A rule for the base measure would not reach a law that is far from it.
        width = _REACH * np.sqrt(family.variance(arguments))[..., None]
        states = family.mean(arguments)[..., None] + width * axis.nodes
    return states, np.log(axis.weights * width) + base.log_base(states)
