r"""Limit cycles: the orbits on which deterministic dynamics end, of any period.

Without noise a step is a map, :math:`\sigma_{t+1} = F(\sigma_t)`, under whatever schedule. A cycle
of period d is an orbit that repeats itself after d steps and not before; a fixed point has d = 1.
Symmetric couplings have d ≤ 2 under the synchronous schedule and d = 1 under single-site ones;
asymmetric couplings can have any d, and orbits that never close (Spisak & Friston 2026, simulation
3, walk through three patterns).

Closed is an orbit whose *state* repeats itself and no longer drifts, see
:mod:`deepparticle.analysis.orbits`. What is too slow or too small to tell, what drifts round a
torus, and what is chaotic, stays *open*.

**Modulo sign.** Without bias and evidence F is odd, so that with a cycle C also −C is one. Either
they are two cycles, which then count as one; or −C is C itself half a period later,
:math:`\sigma_{t+d/2} = -\sigma_t`, and then d is even (or C is the fixed point 0). Such a cycle is
*self-inverse*. Periods are always those of states with their sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.analysis.orbits import Closing, distance
from deepparticle.analysis.starts import Starts, checked_starts, single_network
from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import DivergenceError, Fault, SettingError
from deepparticle.blankets.numbers import checked_count, finite_number
from deepparticle.compile.arguments import checked_array
from deepparticle.compile.simulator import Simulator

__all__ = ["LimitCycles", "limit_cycles"]

# How many numbers the states of one group of starts may have in memory: 256 MiB.
_NUMBERS = 2**25


@dataclass(frozen=True, eq=False)
class LimitCycles:
    """Distinct cycles, fixed points included.

    Parameters
    ----------
    cycles : tuple of ndarray of shape (period, N)
        In the order in which they were found; the phase is that of the first start that got there.
    of_start : ndarray of shape (starts,)
        Which cycle each start went to; −1 where it did not reach one.
    self_inverse : ndarray of bool, shape (A,)
        Whether a cycle passes through −x for each of its states x.
    """

    cycles: tuple[FloatArray, ...]
    of_start: IntArray
    self_inverse: BoolArray

    @property
    def periods(self) -> IntArray:
        """How many steps each cycle takes, shape (A,); 1 for a fixed point."""
        return np.array([len(cycle) for cycle in self.cycles], dtype=np.intp)

    @property
    def basins(self) -> FloatArray:
        """The share of starts that went to each cycle, shape (A,)."""
        reached = self.of_start[self.of_start >= 0]
        shares: FloatArray = np.bincount(reached, minlength=len(self)) / self.of_start.size
        return shares

    @property
    def open(self) -> int:
        """Starts that reached no cycle."""
        return int(np.sum(self.of_start < 0))

    def __len__(self) -> int:
        return len(self.cycles)


def limit_cycles(
    network: Network,
    starts: Starts = 200,
    *,
    longest: int = 64,
    tolerance: float = 0.01,
    residual: float = 1e-9,
    evidence: Any = None,
    precision: ArrayLike | None = None,
    max_steps: int = 10_000,
    modulo_sign: bool = False,
    seed: Any = 0,
) -> LimitCycles:
    r"""The distinct cycles on which deterministic dynamics end, fixed points included.

    .. math:: \sigma_{t+d} = \sigma_t, \qquad \sigma_{t+1} = F(\sigma_t)

    Parameters
    ----------
    network : Simulator, or couplings of shape (N, N)
        A simulator is left as it is; its schedule and its backend are used (``native`` is by far
        the fastest where many starts stay open).
    starts : int, or array_like of shape (P, N)
        Initial states, or how many random ones, uniform in [−1, 1].
    longest : int
        The longest period that is looked for, in steps; at least the common cycle of the clocks.
    tolerance : float
        Cycles of the same period that differ by at most this everywhere, up to a shift in time, are
        the same; in units of the state.
    residual : float
        How exactly an orbit must repeat itself, in units of the state. (No better than rounding
        lets it: 2e-6 for a simulator in float32.)
    evidence : None, array_like of shape (N,) or (P, N), or dict
        As of `Simulator.infer`, with starts in the place of chains. It must hold all external
        states that have a process.
    precision : optional
        As of `Simulator.infer`.
    max_steps : int
        At least four times `longest`.
    modulo_sign : bool
        Whether a cycle and its inverse are the same.
    seed : int
        For random starts.

    Returns
    -------
    LimitCycles

    Raises
    ------
    SettingError, SettingTypeError
        For the schedule ``random``, under which a step is no map, for several networks, and for
        numbers that do not fit.

    Examples
    --------
    Three states that hand on their value, one to the next, and the last to the first.

    >>> ring = 6.0 * np.roll(np.eye(3), 1, axis=0)
    >>> found = limit_cycles(ring, starts=100, longest=8)
    >>> sorted(found.periods.tolist()), found.open
    ([1, 1, 3, 3], 0)
    >>> found = limit_cycles(ring, starts=100, longest=8, modulo_sign=True)
    >>> sorted(found.periods.tolist()), float(found.basins.sum().round(12))
    ([1, 3], 1.0)
    """
    where = "limit_cycles"
    simulator = simulator_of(network)
    single_network(simulator, where, "give the couplings of one, sim.couplings[0]")
    given = checked_starts(starts, simulator, seed, where)
    common = _common_cycle(simulator, where)
    longest = checked_count(longest, where, "longest", 1)
    if longest < common:
        rule, mend = f"longest covers the common cycle of the clocks, {common}", f"longest={common}"
        raise SettingError(Fault(where, rule, repr(longest), f"give {mend} or more"))
    max_steps = checked_count(max_steps, where, "max_steps", 4 * longest)
    limit = finite_number(residual, where, "residual")
    if limit <= 0.0:
        rule, mend = "residual is positive", "give residual=1e-9, for example"
        raise SettingError(Fault(where, rule, repr(residual), mend))
    _refuse_processes(simulator, evidence, where)
    closing = Closing.of(common, longest, limit, simulator.state.dtype)
    search = _Search(simulator, precision, closing, max_steps)
    ends: list[FloatArray | None] = [None] * len(given)
    size = max(1, _NUMBERS // (2 * closing.longest * given.shape[1]))
    for first in range(0, len(given), size):
        group = np.arange(first, min(first + size, len(given)))
        for start, cycle in search.closed_orbits(given, evidence, group):
            ends[start] = cycle
    return _distinct(ends, tolerance, modulo_sign)


@dataclass(frozen=True, eq=False)
class _Search:
    """How orbits are followed until they close."""

    simulator: Simulator
    precision: ArrayLike | None
    closing: Closing
    max_steps: int

    def closed_orbits(
        self, starts: FloatArray, evidence: Any, group: IntArray
    ) -> Iterator[tuple[int, FloatArray]]:
        """The cycles that the starts of a group end on, with the numbers of the starts."""
        try:
            found = list(self._closed_orbits(starts, evidence, group))
        except DivergenceError:
            # One run that leaves for infinity ends those beside it; what leaves reaches no cycle.
            if len(group) == 1:
                return
            for half in np.array_split(group, 2):
                yield from self.closed_orbits(starts, evidence, half)
            return
        yield from found

    def _closed_orbits(
        self, starts: FloatArray, evidence: Any, group: IntArray
    ) -> Iterator[tuple[int, FloatArray]]:
        window = 2 * self.closing.longest
        state, earlier, elapsed = starts[group], np.zeros((0, 0, 0)), 0
        ends = [window]
        while 2 * ends[-1] <= self.max_steps:
            ends.append(2 * ends[-1])
        for end in ends:
            runner = self.simulator.fork(chains=len(group))
            latest = runner.infer(
                _of_starts(evidence, group, len(starts)),
                steps=window,
                burn_in=end - elapsed - window,
                mode="deterministic",
                start=state,
                precision=self.precision,
                record="states",
            ).states
            closed = np.zeros(len(group), dtype=np.bool_)
            if elapsed:
                for chain, start in enumerate(group.tolist()):
                    cycle = self.closing.cycle(latest[:, chain], earlier[:, chain], end - elapsed)
                    if cycle is not None:
                        closed[chain] = True
                        yield start, cycle
            if closed.all():
                return
            group, earlier, elapsed = group[~closed], np.asarray(latest[:, ~closed]), end
            state = earlier[-1]


def _distinct(
    ends: Sequence[FloatArray | None], tolerance: float, modulo_sign: bool
) -> LimitCycles:
    signs = (1.0, -1.0) if modulo_sign else (1.0,)
    kept: list[FloatArray] = []
    of_start = np.full(len(ends), -1, dtype=np.intp)
    for start, cycle in enumerate(ends):
        if cycle is None:
            continue
        for place, other in enumerate(kept):
            if any(_same(other, sign * cycle, tolerance) for sign in signs):
                of_start[start] = place
                break
        else:
            of_start[start] = len(kept)
            kept.append(cycle)
    inverse = [_same(cycle, -cycle, tolerance) for cycle in kept]
    return LimitCycles(tuple(kept), of_start, np.array(inverse, dtype=np.bool_))


def _same(left: FloatArray, right: FloatArray, tolerance: float) -> bool:
    """Whether two cycles are one, up to a shift in time."""
    if len(left) != len(right):
        return False
    shifts = np.flatnonzero(np.abs(left - right[0]).max(axis=-1) <= tolerance)
    return any(distance(np.roll(left, -shift, axis=0), right) <= tolerance for shift in shifts)


def _common_cycle(simulator: Simulator, where: str) -> int:
    if simulator.program.schedule == "random":
        rule = "a step is a map: it has the same order of updates each time"
        mend = "use another schedule, or attractors for its fixed points"
        raise SettingError(Fault(where, rule, "schedule 'random'", mend))
    return int(np.lcm.reduce(simulator.program.clock))


def _refuse_processes(simulator: Simulator, evidence: Any, where: str) -> None:
    if evidence is not None and not isinstance(evidence, Mapping):
        return
    held = {getattr(key, "path", key) for key in evidence or ()}
    for slot in simulator.program.externals:
        if slot.process is not None and slot.path not in held:
            rule = "a step is a map of the states: no external state answers them"
            value = f"{slot.path!r}, which has a process"
            mend = f"hold it with evidence={{{slot.path!r}: value}}"
            raise SettingError(Fault(where, rule, value, mend))


def _of_starts(evidence: Any, group: IntArray, count: int) -> Any:
    """The evidence for some of `count` starts."""
    if evidence is None:
        return None
    if isinstance(evidence, Mapping):
        return {key: _of_starts(value, group, count) for key, value in evidence.items()}
    array = checked_array(evidence, "limit_cycles", "evidence")
    return array[group] if array.ndim == 2 and len(array) == count else array
