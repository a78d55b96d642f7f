r"""Orbits: when one is closed, judged by its states at two times.

A run without noise is looked at after T/2 and after T steps. Its orbit is closed with period d when
over a whole period the state is, to the residual,

1. what it was d steps ago, and
2. what it was in the same phase at T/2.

What moves at all must besides be coming to rest: within the second half of the run it went at least
twice as far as its present pace would take it in the same time, unless it moved by mere rounding.
For an error that shrinks by a constant factor, what is left of it is then below the residual. This
tells a cycle from a spiral into a fixed point, which nearly repeats itself while it shrinks slowly.
And a cycle must swing: over every divisor of d the state differs by more than a thousand residuals.
A free energy is not looked at: it can be constant along an orbit.

With clocks a step depends on t modulo the least common multiple of the clocks, the common cycle. An
orbit then is closed when it repeats itself after whole common cycles; its period may be shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray

__all__ = ["Closing", "distance"]

# Rounding sets how well an orbit can repeat itself: where a step errs by one rounding and shrinks
# earlier errors by one part in k, k of them add up. No residual is below 16 of them, and what moves
# by less than 4096 is taken to stand still.
_ROUNDINGS = 16
_STILL = 4096
# The least that a cycle moves, in residuals, as in `deepparticle.compile.relaxation`.
_SWING = 1e3


@dataclass(frozen=True)
class Closing:
    """What a closed orbit is.

    Parameters
    ----------
    common : int
        The common cycle of the clocks, in steps.
    longest : int
        The longest time to a repetition that is looked for, in whole common cycles; in steps.
    residual : float
        How exactly states repeat themselves, in units of the state.
    still : float
        What moves by less than this stands still.

    Examples
    --------
    >>> closing = Closing.of(common=1, longest=4, residual=1e-9, dtype=np.float64)
    >>> swing = np.array([[1.0], [-1.0]] * 4)
    >>> closing.cycle(swing, swing, apart=16)
    array([[ 1.],
           [-1.]])
    >>> closing.cycle(0.9 * swing, swing, apart=16) is None
    True
    """

    common: int
    longest: int
    residual: float
    still: float

    @classmethod
    def of(cls, common: int, longest: int, residual: float, dtype: Any) -> Closing:
        """What a closed orbit is, in the arithmetic of `dtype`."""
        rounding = float(np.finfo(dtype).eps)
        whole = longest - longest % common
        return cls(common, whole, max(residual, _ROUNDINGS * rounding), _STILL * rounding)

    def cycle(self, latest: FloatArray, earlier: FloatArray, apart: int) -> FloatArray | None:
        """The cycle on which an orbit ends.

        Parameters
        ----------
        latest, earlier : ndarray of shape (2 × longest, N)
            The orbit until now, and until `apart` steps before.
        apart : int
            In whole common cycles.

        Returns
        -------
        ndarray of shape (period, N), or None
            None where the orbit is not closed yet.
        """
        lags = np.arange(self.common, self.longest + 1, self.common)
        near = np.abs(latest[-1] - latest[-1 - lags]).max(axis=-1) <= self.residual
        for lag in lags[near].tolist():
            # So that the phases agree, the earlier look ends a whole number of lags ago.
            last = len(earlier) - (-apart) % lag
            pace = _gap(latest[-2 * lag :], lag)
            drift = distance(latest[-lag:], earlier[last - lag : last])
            if max(pace, drift) <= self.residual:
                # What still drifts at one lag does so at its multiples.
                drifts = drift > self.still and 2 * pace * apart > drift * lag
                return None if drifts else self._shortest(latest, lag)
        return None

    def _shortest(self, latest: FloatArray, lag: int) -> FloatArray | None:
        """The last period of an orbit that repeats itself after `lag` steps, if it swings."""
        divisors = [number for number in range(1, lag + 1) if lag % number == 0]
        gaps = {number: _gap(latest[-lag - number :], number) for number in divisors}
        period = next(number for number in divisors if gaps[number] <= self.residual)
        swings = [gaps[number] for number in divisors if number < period and period % number == 0]
        if any(swing <= _SWING * self.residual for swing in swings):
            return None
        return np.array(latest[-period:], dtype=np.float64)


def distance(left: FloatArray, right: FloatArray) -> float:
    """The largest difference of two arrays of states."""
    return float(np.abs(left - right).max())


def _gap(states: FloatArray, lag: int) -> float:
    return distance(states[lag:], states[:-lag])
