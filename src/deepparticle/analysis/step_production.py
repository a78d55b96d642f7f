r"""What the steps of a network produce in entropy, as functions of the states around them.

Entropy production, with frozen couplings and constant evidence, is the divergence of a stationary
transition from its reversal,

.. math:: \mathbb{E}\,\ln \frac{p(x)\,P(x \to y)}{p(y)\,\tilde P(y \to x)} \;\ge\; 0

(Seifert 2012, *Rep. Prog. Phys.* 75, 126001), where the reversal runs the updates of a step, and
the steps of a period, in the opposite order. The conditionals :math:`e^{y_i\theta_i -
\phi_i(\theta_i)}` leave little of it. With :math:`K = \mathrm{diag}(\beta)J`,
:math:`A = (K - K^T)/2`, :math:`\theta = c + K\sigma` and :math:`L = \phi'`:

======================  =================================================================
schedule                entropy production
======================  =================================================================
synchronous             :math:`E[L(\theta)^T (K - K^T)\,\sigma]` per step
sequential, chromatic   :math:`E \sum_i \Delta\sigma_i\,(A\sigma^{(i)})_i` per sweep, where
                        :math:`\sigma^{(i)}` is what i sees at its update; the scan is
                        reversed, so that i then sees the same
random                  :math:`E[L(\theta)^T A\sigma]/N` per micro-step
synchronous, with       :math:`E \sum_t \ln K_t(x_{t+1} \mid x_t)/K_t(x_t \mid x_{t+1})`
clocks that differ      over a period, here per step
your own                as sequential, where rows of one turn do not touch; otherwise the
                        logarithm above, summed over the turns of a sweep
langevin                :math:`E[\sigma'^T A\sigma]/\tau` per unit of time: the work of
                        :math:`A\sigma` at the midpoint (Stratonovich), for the rest of the
                        drift is a gradient
======================  =================================================================

It vanishes for symmetric K, except where the law that an update keeps is not that of the next: with
clocks that differ in the synchronous schedule, and where rows of one turn touch. Expectations over
a new state given the old ones are taken exactly: :math:`\Delta\sigma_i` is replaced by
:math:`L(\theta_i) - \sigma_i`, which has the same mean and less noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.analysis.frozen import LANGEVIN, FrozenNetwork, applied
from deepparticle.blankets._types import BoolArray, FloatArray

__all__ = ["expected_next", "langevin_production", "step_production", "unit_of"]

_UNITS = {
    "synchronous": "nats per step",
    "random": "nats per micro-step",
    LANGEVIN: "nats per unit of time",
}


def unit_of(schedule: str) -> str:
    """The unit of the entropy production in a schedule.

    Examples
    --------
    >>> unit_of("synchronous"), unit_of("sequential")
    ('nats per step', 'nats per sweep')
    """
    return _UNITS.get(schedule, "nats per sweep")


def expected_next(
    network: FrozenNetwork, before: FloatArray, after: FloatArray, due: BoolArray | None = None
) -> FloatArray:
    r"""The expected new states :math:`L(\theta_i)`, of what each row sees at its update.

    Parameters
    ----------
    network : FrozenNetwork
        In discrete time. Of the random schedule, what a row becomes if it is drawn first.
    before, after : ndarray of shape (R, ..., N)
        The states around a step; `after` tells what later rows of a sweep see.
    due : ndarray of bool that broadcasts against them, optional
        Which rows update; the others stay as they are.

    Returns
    -------
    ndarray of shape (R, ..., N)
    """
    if network.schedule in ("synchronous", "random"):
        theta = network.arguments(before)
    else:
        new, old = network.couplings_by_turn
        theta = network.drive_over(before) + applied(new, after) + applied(old, before)
    mean = network.mean(theta)
    return mean if due is None else np.where(due, mean, before)


def langevin_production(antisymmetric: Any, before: FloatArray, after: FloatArray) -> FloatArray:
    r"""The work of the antisymmetric part of the drift between two states.

    .. math:: \sigma'^T A \sigma = \bigl(A\,\tfrac{\sigma + \sigma'}2\bigr)^T (\sigma' - \sigma),

    since :math:`x^T A x = 0`; divided by the time between them, its mean is the entropy production.

    Parameters
    ----------
    antisymmetric : ndarray of shape (R, N, N), or sequence of R sparse arrays
        A.
    before, after : ndarray of shape (R, ..., N)
        States a short time apart.

    Returns
    -------
    ndarray of shape (R, ...)
        In nats.

    Examples
    --------
    >>> turning = np.array([[[0.0, -1.0], [1.0, 0.0]]])  # drives from the first to the second axis
    >>> langevin_production(turning, np.array([[[1.0, 0.0]]]), np.array([[[0.9, 0.1]]]))
    array([[0.1]])
    """
    work: FloatArray = np.sum(after * applied(antisymmetric, before), axis=-1)
    return work


def step_production(
    network: FrozenNetwork, before: FloatArray, after: FloatArray, due: BoolArray | None = None
) -> FloatArray:
    """What a step produces, in the unit of its schedule, up to terms that vanish in the mean.

    Parameters
    ----------
    network : FrozenNetwork
    before, after : ndarray of shape (R, ..., N)
        The states around the step. Synchronous and random steps need the first alone, unless
        clocks differ.
    due : ndarray of bool that broadcasts against them, optional
        Which rows are due in it.

    Returns
    -------
    ndarray of shape (R, ...)

    Examples
    --------
    >>> from deepparticle.analysis.frozen import frozen_network
    >>> network = frozen_network([[0.0, 4.0], [0.0, 0.0]], schedule="random")
    >>> step_production(network, np.array([[[0.0, 0.5]]]), np.array([[[0.0, 0.5]]])).round(4)
    array([[0.2687]])
    """
    if network.schedule == LANGEVIN:
        return langevin_production(network.antisymmetric, before, after) / network.time_step.flat[0]
    if network.schedule == "random":
        theta = network.arguments(before)
        work = network.mean(theta) * applied(network.antisymmetric, before)
        found: FloatArray = np.sum(work if due is None else due * work, axis=-1)
        return found / network.size
    if network.schedule == "synchronous" and network.clocks_agree:
        work = network.mean(network.arguments(before)) * applied(network.antisymmetric, before)
        found = np.sum(work if due is None else due * work, axis=-1)
        return 2.0 * found
    if not network.singly:
        return _of_updates_at_once(network, before, after, due)
    new, old = network.antisymmetric_by_turn
    seen = applied(new, after) + applied(old, before)
    moved = expected_next(network, before, after, due) - before
    return np.asarray(np.sum(moved * seen, axis=-1))


def _of_updates_at_once(
    network: FrozenNetwork, before: FloatArray, after: FloatArray, due: BoolArray | None
) -> FloatArray:
    # What a row saw, and what it sees in the reversal: the new states of its turn instead of the
    # old ones. The log-partitions do not cancel. Where y enters linearly, its expectation given
    # what was seen stands for it.
    new, old = network.couplings_by_turn
    theta = network.drive_over(before) + applied(new, after) + applied(old, before)
    mean = network.mean(theta)
    mean = mean if due is None else np.where(due, mean, before)
    back = theta + applied(network.couplings_at_once, mean - before)
    after_turn = theta + applied(network.couplings_at_once, after - before)
    forward = mean * theta - network.log_partition(theta)
    backward = before * back - network.log_partition(after_turn)
    difference = forward - backward
    found: FloatArray = np.sum(difference if due is None else due * difference, axis=-1)
    return found
