r"""Entropy production: how far the steps of a network are from looking alike backwards.

With frozen couplings and constant evidence, in the stationary state, it is the divergence of a
transition from its reversal,

.. math:: \mathbb{E}\,\ln \frac{p(x)\,P(x \to y)}{p(y)\,\tilde P(y \to x)} \;\ge\; 0

(Seifert 2012, *Rep. Prog. Phys.* 75, 126001). Here it is the mean of what the steps of long runs
produce (:mod:`deepparticle.analysis.step_production`), with the standard error of independent
chains. Nothing of a run is kept, so that hundreds of networks are measured in one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.analysis.frozen import LANGEVIN, FrozenNetwork, frozen_network
from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.analysis.sampling import Block, measure
from deepparticle.analysis.step_production import step_production, unit_of
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError

__all__ = [
    "EntropyProduction",
    "ProductionMeter",
    "entropy_production",
    "refuse_irregular_clocks",
]


@dataclass(frozen=True, eq=False)
class EntropyProduction:
    """A measured entropy production.

    Parameters
    ----------
    value : float or ndarray of shape (networks,)
        In the unit of the schedule.
    standard_error : float or ndarray of shape (networks,)
        From independent chains.
    unit : str
        Nats per step, sweep, micro-step or unit of time.
    schedule : str
    chains, steps : int
        What it was measured on.
    period : int
        The period of the clocks, in steps; `value` is the mean over it.
    """

    value: Any
    standard_error: Any
    unit: str
    schedule: str
    chains: int
    steps: int
    period: int = 1

    def __repr__(self) -> str:
        run = f"{self.schedule}, {self.chains} chains of {self.steps} steps"
        if np.ndim(self.value):
            low, high = np.min(self.value), np.max(self.value)
            return (
                f"<EntropyProduction of {np.size(self.value)} networks: "
                f"{low:.4g} … {high:.4g} {self.unit}, {run}>"
            )
        return (
            f"<EntropyProduction: {self.value:.4g} ± {self.standard_error:.2g} {self.unit}, {run}>"
        )


def refuse_irregular_clocks(network: FrozenNetwork, where: str) -> None:
    """Raise SettingError where the states between steps would have to be known.

    That is with clocks that differ in the schedule ``random``, whose law then changes within a
    step, and with paces that differ in continuous time.
    """
    random = network.schedule == "random" and not network.clocks_agree
    if random or (network.schedule == LANGEVIN and not network.one_pace):
        raise SettingError(
            Fault(
                where,
                f"in schedule {network.schedule!r} all rows have one pace",
                f"clocks {np.unique(network.clock).tolist()}, "
                f"time steps {np.unique(network.time_step).tolist()}",
                "give all rows the same clock and time_step, or use another schedule",
            )
        )


def entropy_production(
    network: Network,
    evidence: Any = None,
    *,
    steps: int = 1000,
    burn_in: int = 200,
    chains: int = 16,
    seed: int = 0,
    precision: ArrayLike | None = None,
    progress: bool = False,
) -> EntropyProduction:
    r"""Measure the entropy production of a network that neither learns nor is shown anything new.

    .. math:: \mathbb{E}\,\ln \frac{p(x)\,P(x \to y)}{p(y)\,\tilde P(y \to x)},

    by the estimator of the schedule (:mod:`deepparticle.analysis.step_production`). In continuous
    time a run of finite steps leaves out a part of the order of the time step.

    Parameters
    ----------
    network : Simulator or array_like of shape (N, N)
        With its schedule and, if it has several, all its networks at once; left as it is. A matrix
        is synchronous.
    evidence : optional
        As of `Simulator.infer`, one constant vector for each network.
    steps, burn_in : int
        Steps per chain that are measured, and before that. Clocks round `steps` up to whole
        periods.
    chains : int
        Independent chains of each network, at least 2.
    seed : int
    precision : optional
        As of `Simulator.infer`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    EntropyProduction
        ``value``, ``standard_error``, ``unit``; an array of values where there are networks.

    Raises
    ------
    SettingError
        If evidence is not constant, chains are fewer than two, or clocks differ in a schedule that
        does not allow for it.

    See Also
    --------
    exact_entropy_production : For two subparticles, by quadrature.

    Examples
    --------
    >>> import deepparticle as dp
    >>> one_way = dp.from_couplings([[0.0, 4.0], [0.0, 0.0]], bias=[0.5, -0.2])
    >>> found = entropy_production(dp.Simulator(one_way, schedule="sequential"), steps=200)
    >>> found.unit, bool(found.value > 4 * found.standard_error)
    ('nats per sweep', True)
    """
    where = "entropy_production"
    simulator = simulator_of(network)
    frozen = frozen_network(simulator, evidence, precision=precision, where=where)
    meter = ProductionMeter(frozen, where)
    measure(
        [meter],
        simulator,
        frozen,
        steps=steps,
        burn_in=burn_in,
        chains=chains,
        seed=seed,
        where=where,
        progress=progress,
    )
    return meter.result()


class ProductionMeter:
    """Adds up what the steps of a run produce, in each chain.

    Parameters
    ----------
    network : FrozenNetwork
    where : str
        Who asks, for messages.
    """

    def __init__(self, network: FrozenNetwork, where: str) -> None:
        refuse_irregular_clocks(network, where)
        self._network = network
        self._total: Any = 0.0
        self._steps = 0

    def take(self, block: Block) -> None:
        """Take note of a block."""
        network = self._network
        due = None if network.period == 1 else network.due(block.times)[:, None]
        produced = step_production(network, block.before, block.after, due)
        self._total = self._total + produced.sum(axis=1)
        self._steps += len(block.times)

    def result(self) -> EntropyProduction:
        """The entropy production so far."""
        each: FloatArray = self._total / self._steps
        chains, network = each.shape[1], self._network
        value, error = each.mean(axis=1), each.std(axis=1, ddof=1) / np.sqrt(chains)
        alone = network.networks is None
        return EntropyProduction(
            float(value[0]) if alone else value,
            float(error[0]) if alone else error,
            unit_of(network.schedule),
            network.schedule,
            chains,
            self._steps,
            network.period,
        )
