r"""Relaxation: deterministic dynamics until the *state* rests.

A fixed point is where :math:`\sigma = L(\beta(b + J\sigma + u))`. Relaxation stops when the
residual :math:`\max_i |L(\theta_i) - \sigma_i|` is at most the tolerance: for the synchronous
schedule that is the change of state in the next step, and fixed points are the same for all
schedules.
Stopping on the change of a free energy instead would accept orbits of period 2, along which it is
constant; here they are recognised and reported as such.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.backends.stepping import Randomness, StepInput, SteppingBackend
from deepparticle.compile.groups import group_map

__all__ = ["Relaxation", "relax"]

# An oscillation that dies out slowly looks like an orbit for a while. It is called an orbit when it
# swings by more than this many tolerances (or a hundredth, where the tolerance is loose) and
# repeats itself to a thousandth of the tolerance.
_SWING = 1e3
_LOOSE_SWING = 1e-2

# The longest common cycle of the clocks over which orbits are looked for.
_LONGEST_CYCLE = 1000
_REPEAT = 1e-3


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Where deterministic dynamics came to rest.

    Parameters
    ----------
    states : ndarray of shape ([networks,] [starts,] N)
        The last states.
    converged : bool or ndarray of bool, shape ([networks,] [starts])
        Whether they are fixed points, to the tolerance.
    steps : int or ndarray of int, of the same shape
        Steps made until then.
    period : int or ndarray of int, of the same shape
        1 for a fixed point, 2 for an orbit of two states, 0 where neither was reached.
    """

    states: FloatArray
    converged: BoolArray | bool
    steps: IntArray | int
    period: IntArray | int

    def __repr__(self) -> str:
        periods = np.atleast_1d(np.asarray(self.period))
        fixed, orbits = int(np.sum(periods == 1)), int(np.sum(periods == 2))
        return (
            f"<Relaxation of {periods.size}: {fixed} fixed points, {orbits} orbits of period 2, "
            f"{periods.size - fixed - orbits} not converged>"
        )


def relax(
    backend: SteppingBackend,
    evidence: FloatArray,
    precision: FloatArray,
    clock: IntArray | None,
    sites: Iterator[IntArray] | None,
    tolerance: float,
    max_steps: int,
) -> tuple[FloatArray, BoolArray, IntArray, IntArray]:
    """Step `backend` without noise or learning until every chain rests.

    Parameters
    ----------
    backend : SteppingBackend
        Holding one start per chain.
    evidence : ndarray of shape (R, C, N)
    precision : ndarray of shape (R, N)
    clock : ndarray of shape (N,) or None
    sites : iterator of ndarray of shape (R, C, N), optional
        For the random schedule.
    tolerance : float
    max_steps : int

    Returns
    -------
    states, converged, steps, period
        As of `Relaxation`, with all axes.
    """
    program = backend.program
    lead = (backend.networks, backend.chains)
    beta = precision[:, None]
    converged = np.zeros(lead, dtype=np.bool_)
    period = np.zeros(lead, dtype=np.intp)
    steps = np.full(lead, max_steps, dtype=np.intp)
    states = backend.variables.state.copy()
    cycle = 1 if clock is None else int(np.lcm.reduce(clock))
    # An orbit is judged over whole cycles of the clocks, when the same rows are due again. It is
    # not looked for where rows are drawn, nor where a cycle is too long to remember two of them.
    watched = sites is None and cycle <= _LONGEST_CYCLE
    history = deque([states.copy()], maxlen=2 * cycle + 1 if watched else 1)
    threshold = min(_SWING * tolerance, max(_LOOSE_SWING, 10.0 * tolerance))
    couplings = backend.variables.couplings
    for time in range(max_steps + 1):
        state = backend.variables.state
        open_ = period == 0
        field = program.bias + program.inputs(couplings, state)
        residual = group_map(program, "mean", beta * (field + evidence)) - state
        rests = open_ & (np.abs(residual).max(axis=-1) <= tolerance)
        swings = np.zeros(lead, dtype=np.bool_)
        if watched and len(history) > 2 * cycle and time % cycle == 0:
            swing = np.abs(state - history[-1 - cycle]).max(axis=-1)
            repeat = np.abs(state - history[-1 - 2 * cycle]).max(axis=-1)
            swings = open_ & ~rests & (swing > threshold) & (repeat <= _REPEAT * tolerance)
        for chosen, kind in ((rests, 1), (swings, 2)):
            states[chosen], steps[chosen], period[chosen] = state[chosen], time, kind
        converged |= rests
        lost = ~np.isfinite(state).all(axis=-1)
        if np.all((period > 0) | lost) or time == max_steps:
            break
        random = Randomness(None, None if sites is None else next(sites))
        backend.step(StepInput(time, random, evidence, beta, None, clock))
        history.append(backend.variables.state.copy())
    unfinished = period == 0
    states[unfinished] = backend.variables.state[unfinished]
    return states, converged, steps, period
