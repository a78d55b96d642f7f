r"""Attractors: where deterministic dynamics come to rest, found from given starts.

A start is relaxed until no state moves by more than the tolerance (see
:mod:`deepparticle.compile.relaxation`). Orbits of period 2 and runs that did not converge are
counted and kept apart: they are not attractors, and not distinct ones either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.compile.relaxation import Relaxation
from deepparticle.compile.simulator import Simulator

__all__ = ["Attractors", "attractors", "attractors_of_each", "distinct_states"]


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

    def __len__(self) -> int:
        return len(self.states)


def distinct_states(states: ArrayLike, tolerance: float = 0.01) -> tuple[FloatArray, IntArray]:
    """Keep one of each set of states that differ by at most `tolerance` everywhere.

    Parameters
    ----------
    states : array_like of shape (P, N)
    tolerance : float
        In units of the state.

    Returns
    -------
    distinct : ndarray of shape (A, N)
        First come, first kept.
    index : ndarray of shape (P,)
        Which of them each state is.

    Examples
    --------
    >>> distinct_states([[0.0, 1.0], [0.001, 1.0], [1.0, 0.0]])[1]
    array([0, 0, 1])
    """
    array = np.asarray(states, dtype=np.float64)
    kept: list[int] = []
    index = np.zeros(len(array), dtype=np.intp)
    for number, state in enumerate(array):
        near = np.abs(array[kept] - state).max(axis=1, initial=0.0) <= tolerance
        if kept and near.any():
            index[number] = int(np.argmax(near))
        else:
            index[number] = len(kept)
            kept.append(number)
    return array[kept], index


def attractors(
    simulator: Simulator,
    starts: ArrayLike,
    *,
    tolerance: float = 0.01,
    **relaxation: Any,
) -> Attractors:
    """The distinct fixed points that are reached from `starts`.

    Parameters
    ----------
    simulator : Simulator
        Left as it is.
    starts : array_like of shape (P, N)
        Initial states.
    tolerance : float
        Fixed points that differ by at most this everywhere are the same.
    **relaxation
        ``evidence``, ``precision``, ``max_steps`` … as of `Simulator.relax`.

    Returns
    -------
    Attractors

    Examples
    --------
    >>> import deepparticle as dp
    >>> sim = dp.Simulator(dp.from_couplings([[0.0, 9.0], [9.0, 0.0]]))
    >>> len(attractors(sim, [[0.5, 0.5], [0.1, 0.2], [-0.5, -0.5]]))
    2
    """
    given = np.atleast_2d(np.asarray(starts, dtype=np.float64))
    return _distinct(simulator.relax(given, **relaxation), tolerance)


def attractors_of_each(
    simulator: Simulator,
    starts: ArrayLike,
    *,
    tolerance: float = 0.01,
    **relaxation: Any,
) -> list[Attractors]:
    """The distinct fixed points of each of several networks; parameters as of `attractors`.

    Parameters
    ----------
    simulator : Simulator
        With networks.
    starts : array_like of shape (P, N), or (networks, P, N)
        Initial states.

    Returns
    -------
    list of Attractors

    Examples
    --------
    >>> import deepparticle as dp
    >>> sim = dp.Simulator(dp.from_couplings([[0.0, 9.0], [9.0, 0.0]]), networks=2)
    >>> sim.couplings = [[[0.0, 9.0], [9.0, 0.0]], [[0.0, 0.1], [0.1, 0.0]]]
    >>> [len(one) for one in attractors_of_each(sim, [[0.5, 0.5], [-0.5, -0.5]])]
    [2, 1]
    """
    given = np.atleast_2d(np.asarray(starts, dtype=np.float64))
    found = simulator.relax(given if given.ndim > 2 else given[None], **relaxation)
    parts = zip(found.states, found.converged, found.steps, found.period, strict=True)  # type: ignore[arg-type]
    return [_distinct(Relaxation(*part), tolerance) for part in parts]


def _distinct(found: Relaxation, tolerance: float) -> Attractors:
    rests = np.asarray(found.converged)
    states, index = distinct_states(found.states[rests], tolerance)
    of_start = np.full(len(rests), -1, dtype=np.intp)
    of_start[rests] = index
    periods = np.asarray(found.period)
    return Attractors(states, of_start, int(np.sum(periods == 2)), int(np.sum(periods == 0)))
