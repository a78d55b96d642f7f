r"""Relaxation: deterministic dynamics until the *state* rests.

A fixed point is where :math:`\sigma = L(\beta(b + J\sigma + u))`. Relaxation stops when the
residual :math:`\max_i |L(\theta_i) - \sigma_i|` is at most the tolerance: for the synchronous
schedule that is the change of state in the next step, and fixed points are the same for all
schedules. The drift of the schedule ``langevin`` has other ones: its residual is that of the drift
that walls do not stop, :math:`\max_i |\mathrm{clip}(\sigma_i + f_i) - \sigma_i|`.
Stopping on the change of a free energy instead would accept orbits of period 2, along which it is
constant; here they are recognised and reported as such.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from deepparticle.agents.diffusion import drifted
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.backends.base import KEPT, Variables
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
    make: Callable[[int, int, Variables], SteppingBackend],
    start: Variables,
    evidence: FloatArray,
    precision: FloatArray,
    clock: IntArray | None,
    sites: Iterator[IntArray] | None,
    tolerance: float,
    max_steps: int,
    time_step: FloatArray | None = None,
) -> tuple[FloatArray, BoolArray, IntArray, IntArray]:
    """Make steps without noise or learning until every chain rests.

    Parameters
    ----------
    make : callable
        ``make(networks, chains, variables)`` gives a backend that holds these variables.
    start : Variables
        With one start per chain.
    evidence : ndarray of shape (R, C, N)
    precision : ndarray of shape (R, N)
    clock : ndarray of shape (N,) or None
    sites : iterator of ndarray of shape (R, C, N), optional
        For the random schedule.
    tolerance : float
    max_steps : int
    time_step : ndarray of shape (R, N), optional
        For the schedule ``langevin``.

    Returns
    -------
    states, converged, steps, period
        As of `Relaxation`, with all axes.
    """
    lead: tuple[int, int] = (start.state.shape[0], start.state.shape[1])
    states = start.state.copy()
    steps, period = np.full(lead, max_steps, dtype=np.intp), np.zeros(lead, dtype=np.intp)
    cycle = 1 if clock is None else int(np.lcm.reduce(clock))
    # An orbit is judged over whole cycles of the clocks, when the same rows are due again. It is
    # not looked for where rows are drawn, nor where a cycle is too long to remember two of them.
    watched = sites is None and cycle <= _LONGEST_CYCLE
    history = deque([states.copy()], maxlen=2 * cycle + 1 if watched else 1)
    threshold = min(_SWING * tolerance, max(_LOOSE_SWING, 10.0 * tolerance))
    # The networks and chains that are still stepped, of all.
    at = np.ix_(*map(np.arange, lead))
    backend = make(lead[0], lead[1], start)
    program, couplings = backend.program, start.couplings
    beta = precision[:, None]
    tau = None if time_step is None else time_step[:, None]
    for time in range(max_steps + 1):
        state = backend.cell("state")
        open_ = period[at] == 0
        field = program.bias + program.inputs(couplings, state)
        argument = beta * (field + evidence)
        if tau is None:
            residual = group_map(program, "mean", argument) - state
        else:
            residual = group_map(program, drifted, argument, state, np.ones_like(state)) - state
        rests = open_ & (np.abs(residual).max(axis=-1) <= tolerance)
        swings = np.zeros(open_.shape, dtype=np.bool_)
        if watched and len(history) > 2 * cycle and time % cycle == 0:
            swing = np.abs(state - history[-1 - cycle]).max(axis=-1)
            repeat = np.abs(state - history[-1 - 2 * cycle]).max(axis=-1)
            swings = open_ & ~rests & (swing > threshold) & (repeat <= _REPEAT * tolerance)
        lost = ~np.isfinite(state).all(axis=-1)
        for chosen, kind in ((rests, 1), (swings, 2), (open_ & lost, -1)):
            places = tuple(index[chosen] for index in np.broadcast_arrays(*at))
            states[places], steps[places], period[places] = state[chosen], time, kind
        open_ = period[at] == 0
        if time == max_steps or not open_.any():
            break
        kept = [np.flatnonzero(open_.any(axis=axis)) for axis in (1, 0)]
        if 2 * kept[0].size * kept[1].size <= open_.size:
            # The few that take long need not drag all others along.
            inner = np.ix_(*kept)
            now = backend.variables
            cells = {name: getattr(now, name)[inner] for name in KEPT}
            couplings, beta = couplings[kept[0]], beta[kept[0]]
            tau = None if tau is None else tau[kept[0]]
            at, evidence = (at[0][kept[0]], at[1][:, kept[1]]), evidence[inner]
            history = deque((one[inner] for one in history), maxlen=history.maxlen)
            backend = make(kept[0].size, kept[1].size, Variables(**cells, couplings=couplings))
        random = Randomness(None, None if sites is None else next(sites)[at])
        backend.step(StepInput(time, random, evidence, beta, None, clock, tau))
        history.append(backend.cell("state").copy())
    unfinished = period[at] == 0
    places = tuple(index[unfinished] for index in np.broadcast_arrays(*at))
    states[places] = backend.cell("state")[unfinished]
    steps[period < 0] = max_steps
    return states, period == 1, steps, np.maximum(period, 0)
