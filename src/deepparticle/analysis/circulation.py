r"""Circulation: between which subparticles something flows round.

.. math:: \Omega_{ij} = E \sum_{\text{updates}}
          (\sigma_i\,\Delta\sigma_j - \sigma_j\,\Delta\sigma_i),

summed over the updates of a step, with the states that each of them sees: the mean angular momentum
in the plane of i and j (Zia & Schmittmann 2007, *J. Stat. Mech.* P07012). It is positive where i
leads and j follows, and 0 for every pair in equilibrium. Where all rows update at once it is the
antisymmetric part of the lagged covariance, :math:`C_{ij}(1) - C_{ji}(1)`, which a record has too.
The record of a sweep is not enough: between the ends of sweeps with a fixed scan states move round
even in equilibrium, because later rows have seen earlier ones.

It says where entropy is produced, each pair's affinity times its current: with
:math:`A = (K - K^T)/2` the production is

.. math:: \sum_{i<j} A_{ji}\,\Omega_{ij} ,

per sweep, unit of time, or N micro-steps, and twice that per synchronous step.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from deepparticle.analysis.entropy_production import refuse_irregular_clocks
from deepparticle.analysis.frozen import LANGEVIN, FrozenNetwork, frozen_network
from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.analysis.sampling import Block, measure
from deepparticle.analysis.step_production import expected_next
from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.arguments import checked_array

__all__ = ["Circulation", "CirculationMeter", "circulation", "circulation_of"]

# A standard error needs about so many parts of a record; chains are cut in time to have them.
_PARTS = 20


@dataclass(frozen=True, eq=False)
class Circulation:
    r"""The circulation of every pair of rows.

    Parameters
    ----------
    values : ndarray of shape ([networks,] N, N)
        :math:`\Omega_{ij}`, antisymmetric, in squared units of state per `unit`.
    standard_error : ndarray of the same shape
    parts : int
        Independent parts of the record from which the error comes: one more than its degrees of
        freedom.
    unit : str
        ``"step"``, or ``"unit of time"``.
    """

    values: FloatArray
    standard_error: FloatArray
    parts: int
    unit: str = "step"

    @property
    def scores(self) -> FloatArray:
        """The values in standard errors; 0 where both are."""
        with np.errstate(divide="ignore", invalid="ignore"):
            result: FloatArray = self.values / self.standard_error
        result[np.isnan(result)] = 0.0
        return result

    def significant(self, level: float = 0.05) -> BoolArray:
        """Which pairs circulate, with a bounded rate of false discoveries in each network.

        Student's t of each pair, and the rule of Benjamini & Hochberg (1995, *J. R. Stat. Soc.* B
        57, 289) over the pairs of a network.

        Parameters
        ----------
        level : float
            The expected part of false ones among those that are named.

        Returns
        -------
        ndarray of bool, shape ([networks,] N, N)
            Symmetric.
        """
        from scipy.stats import false_discovery_control, t

        size = self.values.shape[-1]
        found = np.zeros(self.values.shape, dtype=np.bool_)
        if size < 2:
            return found
        rows, columns = np.triu_indices(size, 1)
        chance = 2.0 * t.sf(np.abs(self.scores[..., rows, columns]), self.parts - 1)
        named = false_discovery_control(chance, axis=-1) <= level
        found[..., rows, columns] = named
        found[..., columns, rows] = named
        return found

    def strongest(self, count: int = 10) -> list[tuple[int, int, float, float]]:
        """The pairs with the largest circulation of one network.

        Parameters
        ----------
        count : int
            How many.

        Returns
        -------
        list of (int, int, float, float)
            The row that leads, the row that follows, the circulation and its standard error.
        """
        if self.values.ndim != 2:
            raise SettingError(
                Fault(
                    "strongest",
                    "the pairs of one network",
                    f"{len(self.values)} networks",
                    "take one: Circulation(found.values[r], found.standard_error[r], found.parts)",
                )
            )
        rows, columns = np.triu_indices(len(self.values), 1)
        sizes = self.values[rows, columns]
        order = np.argsort(-np.abs(sizes), kind="stable")[:count]
        return [
            (
                int((rows if sizes[at] >= 0 else columns)[at]),
                int((columns if sizes[at] >= 0 else rows)[at]),
                float(abs(sizes[at])),
                float(self.standard_error[rows[at], columns[at]]),
            )
            for at in order.tolist()
        ]

    def __repr__(self) -> str:
        networks = "" if self.values.ndim == 2 else f"{len(self.values)} networks of "
        return (
            f"<Circulation of {networks}{self.values.shape[-1]} states: "
            f"at most {np.abs(self.values).max(initial=0.0):.3g} per {self.unit}>"
        )


def circulation_of(states: ArrayLike) -> Circulation:
    r"""The circulation of a recorded series.

    .. math:: \Omega_{ij} = C_{ij}(1) - C_{ji}(1)

    Of a schedule with sweeps it is another quantity than `circulation`, and does not vanish in
    equilibrium; see the description of this module.

    Parameters
    ----------
    states : array_like of shape (steps, N), (steps, chains, N) or (steps, networks, chains, N)
        Consecutive states of a stationary run, such as ``run.states``.

    Returns
    -------
    Circulation
        With standard errors from independent chains, cut in time where they are fewer than twenty
        (a part should be much longer than the autocorrelation time).

    Raises
    ------
    SettingError
        For another shape, or too short a record.

    Examples
    --------
    >>> angle = 0.1 * np.arange(1000)
    >>> circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # the second follows the first
    >>> circulation_of(circle).strongest()[0][:2]
    (0, 1)
    """
    where = "circulation_of"
    series = checked_array(states, where, "the series of states")
    full = series[:, None] if series.ndim == 2 else series
    full = full[:, None] if full.ndim == 3 else full
    if full.ndim != 4 or len(full) <= 2 * _PARTS:
        raise SettingError(
            Fault(
                where,
                "a series has shape (steps, [[networks,] chains,] N), "
                f"more than {2 * _PARTS} steps",
                f"shape {series.shape}",
                "give run.states of consecutive steps",
            )
        )
    each = np.moveaxis(full, 0, 1)
    pieces = -(-_PARTS // each.shape[2])
    bounds = np.arange(pieces + 1) * (len(full) - 1) // pieces
    parts = []
    for low, high in pairwise(bounds.tolist()):
        tally = _Tally()
        tally.take(each[:, low:high], each[:, low + 1 : high + 1])
        parts.append(_turned(tally.lagged()))
    return _assembled(np.concatenate(parts, axis=1), series.ndim < 4, "step")


def _turned(lagged: FloatArray) -> FloatArray:
    """The antisymmetric part of E[σ_i Δσ_j], shape (..., N, N)."""
    return lagged - lagged.swapaxes(-1, -2)


def _assembled(parts: FloatArray, alone: bool, unit: str) -> Circulation:
    count = parts.shape[1]
    values = parts.mean(axis=1)
    errors = parts.std(axis=1, ddof=1) / np.sqrt(count)
    return Circulation(values[0] if alone else values, errors[0] if alone else errors, count, unit)


def circulation(
    network: Network,
    evidence: Any = None,
    *,
    steps: int = 1000,
    burn_in: int = 200,
    chains: int = 16,
    seed: int = 0,
    precision: ArrayLike | None = None,
    progress: bool = False,
) -> Circulation:
    r"""Run a network and measure the circulation of every pair of its rows.

    .. math:: \Omega_{ij} = E \sum_{\text{updates}}
              (\sigma_i\,\Delta\sigma_j - \sigma_j\,\Delta\sigma_i)

    In discrete time the expected change :math:`L(\theta_j) - \sigma_j` stands for
    :math:`\Delta\sigma_j`: the mean is the same, with less noise. Nothing of the run is kept.

    Parameters
    ----------
    network : Simulator or array_like of shape (N, N)
        With all its networks at once; left as it is.
    evidence, steps, burn_in, chains, seed, precision, progress
        As of `entropy_production`.

    Returns
    -------
    Circulation
        Per step (a sweep, or N micro-steps); in continuous time per unit of time.

    Raises
    ------
    SettingError
        As of `entropy_production`.

    Examples
    --------
    >>> one_way = [[0.0, 0.0], [2.0, 0.0]]  # 0 drives 1
    >>> found = circulation(one_way, steps=200)
    >>> found.strongest()[0][:2], found.significant().tolist()
    ((0, 1), [[False, True], [True, False]])
    """
    where = "circulation"
    simulator = simulator_of(network)
    frozen = frozen_network(simulator, evidence, precision=precision, where=where)
    meter = CirculationMeter(frozen, where)
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


class CirculationMeter:
    """Adds up what goes round in the steps of a run, in each chain.

    Parameters
    ----------
    network : FrozenNetwork
    where : str
        Who asks, for messages.
    """

    def __init__(self, network: FrozenNetwork, where: str) -> None:
        refuse_irregular_clocks(network, where)
        self._network = network
        self._tally = _Tally(network.turn if network.turn.any() else None)

    def take(self, block: Block) -> None:
        """Take note of a block."""
        network, moved = self._network, block.after
        if network.schedule != LANGEVIN:
            due = None if network.period == 1 else network.due(block.times)[:, None]
            moved = expected_next(network, block.before, block.after, due)
        self._tally.take(block.before, moved, block.after)

    def result(self) -> Circulation:
        """The circulation so far."""
        network, parts = self._network, _turned(self._tally.lagged())
        if network.schedule == LANGEVIN:
            parts = parts / network.time_step.flat[0]
        unit = "unit of time" if network.schedule == LANGEVIN else "step"
        return _assembled(parts, network.networks is None, unit)


class _Tally:
    r"""Sums for the lagged covariance :math:`E[\sigma_i \Delta\sigma_j]` of networks and chains.

    Parameters
    ----------
    turn : ndarray of shape (N,), optional
        When each row updates within a sweep: j then sees the new states of rows with an earlier
        turn. Without it all see the old ones.
    """

    def __init__(self, turn: IntArray | None = None) -> None:
        self._earlier = None if turn is None else turn[:, None] < turn  # i before j
        self._sums: list[FloatArray] = []
        self._steps = 0

    def take(self, before: FloatArray, moved: FloatArray, after: FloatArray | None = None) -> None:
        """Add steps, arrays of shape (R, B, C, N): old states, where they move, new states."""
        old = np.moveaxis(before, 2, 1)
        change = np.moveaxis(moved, 2, 1) - old
        found = [change.sum(axis=2), *_with(old, change)]
        if self._earlier is not None and after is not None:
            found += _with(np.moveaxis(after, 2, 1), change)
        self._steps += old.shape[2]
        if self._sums:
            found = [a + b for a, b in zip(self._sums, found, strict=True)]
        self._sums = found

    def lagged(self) -> FloatArray:
        """The covariance of what is seen with the change of the one that sees it, (R, C, N, N)."""
        change, *seen = self._sums
        parts = [
            products / self._steps - states[..., :, None] * change[..., None, :] / self._steps**2
            for states, products in zip(seen[0::2], seen[1::2], strict=True)
        ]
        if self._earlier is None:
            return parts[0]
        return np.where(self._earlier, parts[1], parts[0])


def _with(states: FloatArray, change: FloatArray) -> list[FloatArray]:
    """Sums over steps: of states (R, C, B, N), and of their products with a change."""
    return [states.sum(axis=2), states.swapaxes(-1, -2) @ change]
