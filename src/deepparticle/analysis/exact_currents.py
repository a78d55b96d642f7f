r"""The probability currents of a few subparticles, by quadrature.

With x and y the states before and after a transition, the current density is

.. math:: j(x) = \tfrac12\Bigl[p(x)\,E[y - x \mid x] + \int (x - y)\,p(y)\,P(y \to x)\,dy\Bigr]

(:mod:`deepparticle.analysis.currents`), and in continuous time that of the Fokker–Planck equation,
:math:`j = (c + K\sigma)\,p - \nabla p`. The transitions are the single updates of a step, whose
currents are added up: these vanish in equilibrium, as does the circulation :math:`\Omega_{ij} =
E[x_i y_j - x_j y_i]`. What a record shows is the transition of whole steps, which with a fixed scan
goes round even in equilibrium.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.analysis.fokker_planck import current_of
from deepparticle.analysis.frozen import LANGEVIN, FrozenNetwork, frozen_network
from deepparticle.analysis.laws import StationaryLaw
from deepparticle.analysis.networks import Network
from deepparticle.analysis.stationary_law import law_of
from deepparticle.analysis.transition import step_operators
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.partitions.stepping import checked_option

__all__ = ["ExactCurrents", "exact_currents"]


@dataclass(frozen=True, eq=False)
class ExactCurrents:
    r"""The currents of a small network, by quadrature.

    Parameters
    ----------
    law : StationaryLaw
    current : ndarray of shape (M, N)
        j at the points of the law, a density against the base measure; per step, in continuous
        time per unit of time.
    circulation : ndarray of shape (N, N)
        :math:`\Omega_{ij} = E[x_i y_j - x_j y_i]`, per step or unit of time.
    """

    law: StationaryLaw
    current: FloatArray
    circulation: FloatArray

    @property
    def rotation(self) -> float:
        """The mean angular momentum in the plane of the first two states."""
        return float(self.circulation[0, 1])


def exact_currents(
    network: Network,
    evidence: Any = None,
    *,
    schedule: str | None = None,
    precision: ArrayLike | None = None,
    nodes: int | None = None,
    between: str = "updates",
) -> ExactCurrents:
    r"""The probability currents of a network of two to four subparticles.

    .. math:: j(x) = \tfrac12\Bigl[p(x)\,E[y - x \mid x] + \int (x - y)\,p(y)\,P(y \to x)\,dy\Bigr]

    and in continuous time :math:`j = (c + K\sigma)\,p - \nabla p`.

    Parameters
    ----------
    network, evidence, schedule, precision, nodes
        As of `stationary_law`.
    between : {"updates", "steps"}
        ``updates`` adds up the currents of the updates of a step, which are what produces entropy;
        ``steps`` is the current between the ends of steps, which is what a record shows. They
        differ in schedules that update one row after another.

    Returns
    -------
    ExactCurrents
        With clocks that differ, the mean over their period.

    Examples
    --------
    >>> turning = [[0.0, -1.0], [1.0, 0.0]]  # 0 drives 1 along, 1 drives 0 back
    >>> exact_currents(turning, schedule="langevin").rotation > 0  # from the first to the second
    True
    >>> abs(exact_currents([[0.0, 1.0], [1.0, 0.0]], schedule="random").rotation) < 1e-12
    True
    """
    where = "exact_currents"
    found = frozen_network(network, evidence, schedule=schedule, precision=precision, where=where)
    found = found.single(where)
    checked_option(between, ("updates", "steps"), where, "between")
    law = law_of(found, nodes)
    if found.schedule == LANGEVIN:
        current = current_of(law.density, law.grid, found.dense[0], found.drive[0])
        turned = (law.points * law.weights[:, None]).T @ current
        return ExactCurrents(law, current, turned - turned.T)
    return _of_steps(found, law, between == "updates")


def _of_steps(network: FrozenNetwork, law: StationaryLaw, singly: bool) -> ExactCurrents:
    points, shape = law.points, law.grid.shape
    flow = np.zeros_like(points)
    turned = np.zeros((network.size, network.size))
    start = law.phases[-1]
    for step in step_operators(network, law.grid):
        for operator in step.operators if singly else (step,):
            end = operator.forward(start.reshape(shape)).reshape(-1)
            # Where a state is expected to go, and where it came from (times its probability).
            expected = _each(operator.backward, points, shape)
            origin = _each(operator.forward, points * start[:, None], shape)
            flow += 0.5 * (start[:, None] * (expected - points))
            flow += 0.5 * (end[:, None] * points - origin)
            turned += (points * start[:, None]).T @ expected
            start = end
    turned = (turned - turned.T) / network.period
    return ExactCurrents(law, flow / (network.period * law.weights[:, None]), turned)


def _each(
    act: Callable[[FloatArray], FloatArray], columns: FloatArray, shape: tuple[int, ...]
) -> FloatArray:
    """An operator on each column, given at the points of a grid."""
    return np.stack([act(column.reshape(shape)).reshape(-1) for column in columns.T], axis=1)
