r"""Attractors: where deterministic dynamics come to rest, found from given or random starts.

A start is relaxed until no state moves by more than the residual (see
:mod:`deepparticle.compile.relaxation`). Orbits of period 2 and runs that did not converge are
counted and kept apart: they are not attractors, and not distinct ones either. Cycles of any period
are looked for in :mod:`deepparticle.analysis.limit_cycles`.

The *basin* of an attractor is the set of states that go there; its size is estimated by the share
of starts. Without bias and evidence dynamics are odd, :math:`L(-\theta) = -L(\theta)`: with x also
−x is a fixed point. Modulo sign the two are one attractor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.analysis.starts import Starts, checked_starts, single_network
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.relaxation import Relaxation

__all__ = ["Attractors", "attractors", "attractors_of_each", "distinct_states"]

# Two states that differ nearly always do so in one of these many rows already: those in which the
# states spread the most. Only what is left after them is compared in all rows.
_PROBES = 16


@dataclass(frozen=True, eq=False)
class Attractors:
    """Distinct fixed points.

    Parameters
    ----------
    states : ndarray of shape (A, N)
        In the order in which they were found.
    of_start : ndarray of shape (starts,)
        Which attractor each start went to; −1 where it did not converge to one.
    orbits : int
        Starts that ended on an orbit of period 2.
    open : int
        Starts that ended on neither.
    """

    states: FloatArray
    of_start: IntArray
    orbits: int
    open: int

    @property
    def basins(self) -> FloatArray:
        """The share of starts that went to each attractor, shape (A,)."""
        rests = self.of_start[self.of_start >= 0]
        shares: FloatArray = np.bincount(rests, minlength=len(self)) / self.of_start.size
        return shares

    def __len__(self) -> int:
        return len(self.states)


def distinct_states(
    states: ArrayLike, tolerance: float = 0.01, *, modulo_sign: bool = False
) -> tuple[FloatArray, IntArray]:
    """Keep one of each set of states that differ by at most `tolerance` everywhere.

    Parameters
    ----------
    states : array_like of shape (P, N)
    tolerance : float
        In units of the state.
    modulo_sign : bool
        Whether a state and its inverse, x and −x, are one.

    Returns
    -------
    distinct : ndarray of shape (A, N)
        First come, first kept.
    index : ndarray of shape (P,)
        Which of them each state is.

    Raises
    ------
    SettingError
        If the states are not a matrix.

    Examples
    --------
    >>> distinct_states([[0.0, 1.0], [0.001, 1.0], [1.0, 0.0], [0.0, -1.0]])[1]
    array([0, 0, 1, 2])
    >>> distinct_states([[0.0, 1.0], [0.001, 1.0], [1.0, 0.0], [0.0, -1.0]], modulo_sign=True)[1]
    array([0, 0, 1, 0])
    """
    array = np.asarray(states, dtype=np.float64)
    if array.ndim != 2:
        rule, mend = "states have shape (P, N)", "give one row per state"
        raise SettingError(Fault("distinct_states", rule, f"shape {array.shape}", mend))
    signs = (1.0, -1.0) if modulo_sign else (1.0,)
    if not len(array):
        return array, np.zeros(0, dtype=np.intp)
    probes = array[:, np.argsort(-array.var(axis=0), kind="stable")[:_PROBES]]
    known = np.empty_like(probes)
    kept: list[int] = []
    index = np.zeros(len(array), dtype=np.intp)
    for number, (probe, state) in enumerate(zip(probes, array, strict=True)):
        distances = [np.abs(known[: len(kept)] - sign * probe).max(axis=1) for sign in signs]
        near = np.flatnonzero(np.minimum.reduce(distances) <= tolerance)
        for place in near.tolist():
            other = array[kept[place]]
            if any(np.abs(other - sign * state).max() <= tolerance for sign in signs):
                index[number] = place
                break
        else:
            index[number] = len(kept)
            known[len(kept)] = probe
            kept.append(number)
    return array[kept], index


def attractors(
    network: Network,
    starts: Starts = 200,
    *,
    tolerance: float = 0.01,
    modulo_sign: bool = False,
    residual: float = 1e-9,
    seed: Any = 0,
    **relaxation: Any,
) -> Attractors:
    r"""The distinct fixed points that are reached from `starts`.

    .. math:: \sigma = L(\beta(b + J\sigma + u))

    Spisak & Friston (2026) start near the patterns that were learned (simulations 1 to 3), or from
    200 random states (simulation 6).

    Parameters
    ----------
    network : Simulator, or couplings of shape (N, N)
        A simulator is left as it is.
    starts : int, or array_like of shape (P, N)
        Initial states, or how many random ones, uniform in [−1, 1].
    tolerance : float
        Fixed points that differ by at most this everywhere are the same.
    modulo_sign : bool
        Whether x and −x are the same.
    residual : float
        The largest residual of a fixed point, in units of the state.
    seed : int
        For random starts.
    **relaxation
        ``evidence``, ``precision``, ``max_steps`` … as of `Simulator.relax`.

    Returns
    -------
    Attractors

    Raises
    ------
    SettingError
        For a simulator of several networks, or starts that do not fit.

    Examples
    --------
    >>> import deepparticle as dp
    >>> sim = dp.Simulator(dp.from_couplings([[0.0, 9.0], [9.0, 0.0]]))
    >>> len(attractors(sim, [[0.5, 0.5], [0.1, 0.2], [-0.5, -0.5]]))
    2
    >>> found = attractors([[0.0, 9.0], [-9.0, 0.0]], starts=10, precision=0.1)
    >>> found.states.round(6) + 0.0, found.basins
    (array([[0., 0.]]), array([1.]))
    """
    simulator = simulator_of(network)
    single_network(simulator, "attractors", "use attractors_of_each")
    given = checked_starts(starts, simulator, seed, "attractors")
    found = simulator.relax(given, tolerance=residual, **relaxation)
    return _distinct(found, tolerance, modulo_sign)


def attractors_of_each(
    network: Network,
    starts: Starts = 200,
    *,
    tolerance: float = 0.01,
    modulo_sign: bool = False,
    residual: float = 1e-9,
    seed: Any = 0,
    **relaxation: Any,
) -> list[Attractors]:
    """The distinct fixed points of each of several networks; parameters as of `attractors`.

    Parameters
    ----------
    network : Simulator with networks, or couplings of shape (networks, N, N)
    starts : int, or array_like of shape (P, N) or (networks, P, N)
        Initial states, or how many random ones, the same for each network.
    tolerance, modulo_sign, residual, seed, **relaxation
        As of `attractors`.

    Returns
    -------
    list of Attractors

    Raises
    ------
    SettingError
        For a simulator of one network, or starts that do not fit.

    Examples
    --------
    >>> pair = [[[0.0, 9.0], [9.0, 0.0]], [[0.0, 0.1], [0.1, 0.0]]]
    >>> [len(one) for one in attractors_of_each(pair, [[0.5, 0.5], [-0.5, -0.5]])]
    [2, 1]
    """
    simulator = simulator_of(network)
    if simulator.networks is None:
        rule, mend = "it looks at several networks", "use attractors"
        raise SettingError(Fault("attractors_of_each", rule, "one", mend))
    given = checked_starts(starts, simulator, seed, "attractors_of_each")
    given = given if given.ndim > 2 else given[None]
    found = simulator.relax(given, tolerance=residual, **relaxation)
    parts = zip(found.states, found.converged, found.steps, found.period, strict=True)  # type: ignore[arg-type]
    return [_distinct(Relaxation(*part), tolerance, modulo_sign) for part in parts]


def _distinct(found: Relaxation, tolerance: float, modulo_sign: bool) -> Attractors:
    rests = np.asarray(found.converged)
    states, index = distinct_states(found.states[rests], tolerance, modulo_sign=modulo_sign)
    of_start = np.full(len(rests), -1, dtype=np.intp)
    of_start[rests] = index
    periods = np.asarray(found.period)
    return Attractors(states, of_start, int(np.sum(periods == 2)), int(np.sum(periods == 0)))
