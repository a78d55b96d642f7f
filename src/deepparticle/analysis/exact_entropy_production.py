r"""The entropy production of two subparticles, by quadrature of its definition.

.. math:: \int p(x)\,P(x \to y)\,
          \ln \frac{p(x)\,P(x \to y)}{p'(y)\,\tilde P(y \to x)}\;dx\,dy

where :math:`p'` is the law after the transition and :math:`\tilde P` runs its updates in the
opposite order (Seifert 2012, *Rep. Prog. Phys.* 75, 126001). Nothing is cancelled beforehand: it
judges the estimators of :mod:`deepparticle.analysis.step_production`. In continuous time it is
:math:`\int |j|^2/p`, with the probability current j of the Fokker–Planck equation.

An update of some rows leaves the others where they are, so that the integral is over x and the new
states alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.analysis.fokker_planck import current_of
from deepparticle.analysis.frozen import LANGEVIN, FrozenNetwork, frozen_network
from deepparticle.analysis.laws import StationaryLaw
from deepparticle.analysis.networks import Network
from deepparticle.analysis.stationary_law import law_of
from deepparticle.analysis.transition import Update, conditionals
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError

__all__ = ["exact_entropy_production", "production_of"]


def exact_entropy_production(
    network: Network,
    evidence: Any = None,
    *,
    schedule: str | None = None,
    precision: ArrayLike | None = None,
    nodes: int | None = None,
) -> float:
    r"""The entropy production of two coupled subparticles, in the unit of the schedule.

    .. math:: \int p(x)\,P(x \to y)\,
              \ln \frac{p(x)\,P(x \to y)}{p'(y)\,\tilde P(y \to x)}\;dx\,dy

    Parameters
    ----------
    network : Simulator or array_like of shape (2, 2)
    evidence, schedule, precision, nodes : optional
        As of `stationary_law`.

    Returns
    -------
    float
        Nats per step (synchronous), sweep (sequential, chromatic), micro-step (random) or unit of
        time (langevin); with clocks that differ, the mean over a period of steps or sweeps.

    Raises
    ------
    SettingError
        For another number of subparticles, and as of `stationary_law`.

    Examples
    --------
    >>> one_way, either_way = [[0.0, 4.0], [0.0, 0.0]], [[0.0, 2.0], [2.0, 0.0]]
    >>> for schedule in ("synchronous", "sequential", "random", "langevin"):
    ...     found = exact_entropy_production(one_way, [0.5, -0.2], schedule=schedule)
    ...     print(schedule, round(found, 4))
    synchronous 1.1892
    sequential 1.1892
    random 0.2973
    langevin 1.8708
    >>> abs(exact_entropy_production(either_way, [0.5, -0.2], schedule="sequential")) < 1e-12
    True
    """
    where = "exact_entropy_production"
    found = frozen_network(network, evidence, schedule=schedule, precision=precision, where=where)
    return production_of(found.single(where), nodes)


def production_of(network: FrozenNetwork, nodes: int | None = None) -> float:
    """The same of a network that has been read already."""
    if network.size != 2:
        raise SettingError(
            Fault(
                "exact_entropy_production",
                "the integral is over the states of two subparticles, twice",
                f"{network.size} subparticles",
                "use entropy_production, which samples",
            )
        )
    law = law_of(network, nodes)
    if network.schedule == LANGEVIN:
        return _in_continuous_time(network, law)
    ahead, total = law.phases[-1], 0.0
    for due, phase in zip(network.due(np.arange(network.period)), law.phases, strict=True):
        rows = np.flatnonzero(due).tolist()
        total += _of_step(network, law, rows, ahead, phase)
        ahead = phase
    return total / network.period


def _in_continuous_time(network: FrozenNetwork, law: StationaryLaw) -> float:
    density = law.probabilities / law.weights
    current = current_of(density, law.grid, network.dense[0], network.drive[0])
    return float(law.weights @ (np.sum(current**2, axis=1) / density))


def _of_step(
    network: FrozenNetwork, law: StationaryLaw, rows: list[int], start: FloatArray, end: FloatArray
) -> float:
    """One step, from one law to the next; for the random schedule the mean of its micro-steps."""
    shape = law.grid.shape
    if network.schedule != "random":
        around = start.reshape(shape), end.reshape(shape)
        order = network.updates(rows)
        if len(order) == 2:
            [lead], [last] = order
            return _sweep(network, law, [lead, last], *around)
        return _at_once(network, law, rows, *around)
    total, chance, now = 0.0, 1.0 / network.size, start.reshape(shape)
    updates = [Update(network, law.grid, [row]) for row in rows]
    for _ in range(network.size):
        rest = 1.0 - chance * len(rows)
        after = sum((chance * update.forward(now) for update in updates), rest * now)
        total += rest * _divergence(now, after)
        total += sum(chance * _at_once(network, law, [row], now, after) for row in rows)
        now = after
    return total / network.size


def _divergence(forward: FloatArray, backward: FloatArray) -> float:
    from scipy.special import rel_entr

    return float(np.sum(rel_entr(forward, backward)))


def _chances(network: FrozenNetwork, law: StationaryLaw, row: int) -> FloatArray:
    """The probabilities of a row's new states, shape (other state, new state)."""
    found, _ = conditionals(network, law.grid, row)
    return np.broadcast_to(found, (law.grid.shape[1 - row], law.grid.shape[row]))


def _at_once(
    network: FrozenNetwork,
    law: StationaryLaw,
    rows: list[int],
    start: FloatArray,
    end: FloatArray,
) -> float:
    """Some rows update at once, each seeing the old state of the other."""
    if not rows:
        return _divergence(start, end)
    if len(rows) == 1:
        [row] = rows
        chance = _chances(network, law, row)
        # The row that updates comes last: (other, old) and (other, new).
        old, new = (np.moveaxis(each, row, 1) for each in (start, end))
        return _divergence(
            old[:, :, None] * chance[:, None, :], new[:, None, :] * chance[:, :, None]
        )
    first, second = _chances(network, law, 0), _chances(network, law, 1)
    # Letters: old states a, b; new states c, d.
    forward = np.einsum("ab,bc,ad->abcd", start, first, second)
    backward = np.einsum("cd,da,cb->abcd", end, first, second)
    return _divergence(forward, backward)


def _sweep(
    network: FrozenNetwork,
    law: StationaryLaw,
    order: list[int],
    start: FloatArray,
    end: FloatArray,
) -> float:
    """Two rows one after another, and back in the opposite order."""
    lead, last = (_chances(network, law, row) for row in order)
    # With the row that leads first: old states a, b; new states c, d.
    start, end = (np.moveaxis(each, order[0], 0) for each in (start, end))
    forward = np.einsum("ab,bc,cd->abcd", start, lead, last)
    backward = np.einsum("cd,cb,ba->abcd", end, last, lead)
    return _divergence(forward, backward)
