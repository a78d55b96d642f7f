r"""Sequences: how a run walks through patterns, in which order, how long each, with which sign.

At each step the *best* pattern is the one with the largest :math:`|r_k|`, the Pearson correlation
of state and pattern; its sign is that of :math:`r_k`. Then

- a *transition* is a step at which the best pattern changes; it goes *forward* where the trained
  order does, 1 → 2 → 3 → 1, and *backward* where the reverse does;
- a *dwell* is the number of steps between two successive transitions. The first and the last of a
  record are cut off by its ends, and are left out;
- a *period* is the number of steps between two entries into a pattern, between which all others
  were the best one at some step. A brief return that skips one of them does not end a cycle;
- the *dominant period* looks at no best pattern. It is the lag of the first revival of

  .. math:: C(\tau) = \frac{\sum_{t,k} \tilde r_k(t)\, \tilde r_k(t+\tau)}
                           {\sum_{t,k} \tilde r_k(t)^2}, \qquad \tilde r_k = r_k - \bar r_k,

  the largest value after C has first been negative, interpolated by a parabola; its height tells a
  clock (near 1) from noise (near 0).

Without bias and evidence the law of a run is the same with all signs inverted: a network that
learned 1 → 2 → 3 walks through −1 → −2 → −3 as well, and a start decides which. Should signs
alternate from one cycle to the next, the dominant period is twice the period.

Spisak & Friston (2026, simulation 3) show such a run; what they call recall of the sequence is
measured here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepparticle.analysis.projections import projections
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.arguments import checked_array

__all__ = ["SequenceStatistics", "sequence_statistics"]


@dataclass(frozen=True, eq=False)
class SequenceStatistics:
    """What a walk through K patterns is like; counts and times are pooled over runs.

    Parameters
    ----------
    overlaps : ndarray of shape (steps, [...,] K)
        The correlations :math:`r_k` of states and patterns.
    best : ndarray of int, shape (steps, [...])
        The number of the best pattern at each step.
    signs : ndarray of shape (steps, [...])
        The sign of its correlation: 1, −1, or 0 where a state has no direction.
    transitions : ndarray of int, shape (K, K)
        How often the best pattern changed from row to column.
    forward, backward : float
        The shares of the transitions that follow the trained order, and the reverse; NaN where
        there are no transitions. (Two patterns have one order, which both follow.)
    dwells : ndarray of int, shape (D,)
        The complete dwells, in steps, run after run.
    dwelt_in : ndarray of int, shape (D,)
        In which pattern.
    periods : ndarray of int, shape (P,)
        The periods, in steps, run after run and pattern after pattern. Those of different patterns
        in one run overlap in time.
    dominant_period : float
        In steps; NaN where the overlaps do not oscillate.
    revival : float
        The height of the autocorrelation there, from 0 for noise to 1 for a clock; NaN likewise.
    """

    overlaps: FloatArray
    best: IntArray
    signs: FloatArray
    transitions: IntArray
    forward: float
    backward: float
    dwells: IntArray
    dwelt_in: IntArray
    periods: IntArray
    dominant_period: float
    revival: float

    @property
    def mean_dwell(self) -> float:
        """The mean of the complete dwells, in steps; NaN without any."""
        return _mean(self.dwells)

    @property
    def deviation_of_dwell(self) -> float:
        """Their standard deviation, in steps; NaN with fewer than two."""
        return _deviation(self.dwells)

    @property
    def mean_period(self) -> float:
        """The mean of the periods, in steps; NaN without any."""
        return _mean(self.periods)

    @property
    def deviation_of_period(self) -> float:
        """Their standard deviation, in steps; NaN with fewer than two."""
        return _deviation(self.periods)

    @property
    def inverted(self) -> FloatArray:
        """The share of its steps that each run spends in inverted patterns, shape (...)."""
        return np.asarray(np.mean(self.signs < 0, axis=0))

    @property
    def inverted_runs(self) -> float:
        """The share of runs that spend most of their steps in inverted patterns."""
        return float(np.mean(self.inverted > 0.5))

    @property
    def sign_flips(self) -> IntArray:
        """How often the sign changes in each run, shape (...); steps without one are passed over.

        A run with any is not wholly in one of the two cycles.
        """
        runs = self.signs.reshape(len(self.signs), -1).T
        flips = [int(np.count_nonzero(np.diff(run[run != 0.0]))) for run in runs]
        return np.array(flips, dtype=np.intp).reshape(self.signs.shape[1:])


def sequence_statistics(
    states: ArrayLike, patterns: ArrayLike, *, order: Sequence[int] | None = None
) -> SequenceStatistics:
    r"""Measure how one or many runs walk through patterns.

    .. math:: k(t) = \arg\max_k |r_k(t)|, \qquad r_k = \mathrm{corr}(\sigma, x_k)

    Parameters
    ----------
    states : array_like of shape (steps, N), or (steps, ..., N) for many runs
        Every step of them, for example ``run.states`` of `Simulator.infer`.
    patterns : array_like of shape (K, N)
        At least two, none of them constant.
    order : sequence of int, optional
        The trained order, each pattern once; by default that of the rows.

    Returns
    -------
    SequenceStatistics

    Raises
    ------
    SettingError, SettingTypeError
        If the arrays do not fit each other, or the order does not name each pattern once.

    Examples
    --------
    Three patterns, two steps each, for five rounds.

    >>> patterns = np.array([[1.0, 0.0, 0.0, -1.0], [0.0, 1.0, 0.0, -1.0], [0.0, 0.0, 1.0, -1.0]])
    >>> walk = sequence_statistics(patterns[[0, 0, 1, 1, 2, 2] * 5], patterns)
    >>> walk.transitions
    array([[0, 5, 0],
           [0, 0, 5],
           [4, 0, 0]])
    >>> walk.forward, walk.mean_dwell, walk.mean_period, round(walk.dominant_period, 1)
    (1.0, 2.0, 6.0, 6.0)
    >>> float(walk.inverted), int(walk.sign_flips)
    (0.0, 0)
    """
    where = "sequence_statistics"
    array = checked_array(states, where, "the state")
    rows = checked_array(patterns, where, "a pattern")
    if array.ndim < 2 or rows.ndim != 2 or len(rows) < 2 or not len(array):
        rule = "states have shape (steps, ..., N) and patterns (K, N), with K ≥ 2"
        value = f"shapes {array.shape} and {rows.shape}"
        raise SettingError(Fault(where, rule, value, "give all steps, and at least two patterns"))
    constant = np.flatnonzero(np.ptp(rows, axis=1) == 0.0)
    if constant.size:
        rule, value = "a pattern has a direction", f"pattern {constant[0]}, which is constant"
        raise SettingError(Fault(where, rule, value, "leave it out"))
    count = len(rows)
    trained = np.arange(count) if order is None else np.asarray(order)
    if trained.dtype.kind not in "iu" or sorted(np.ravel(trained)) != list(range(count)):
        rule = f"the order names each of the {count} patterns once"
        raise SettingError(Fault(where, rule, repr(order), f"give order={list(range(count))}"))
    overlaps = projections(array, rows, kind="correlation")
    best = np.abs(overlaps).argmax(axis=-1)
    signs = np.sign(np.take_along_axis(overlaps, best[..., None], axis=-1)[..., 0])
    walks = [_Walk.of(walk) for walk in best.reshape(len(best), -1).T]
    transitions = np.zeros((count, count), dtype=np.intp)
    for walk in walks:
        np.add.at(transitions, (walk.visited[:-1], walk.visited[1:]), 1)
    total, following = transitions.sum(), np.roll(trained, -1)
    dominant, revival = _dominant_period(overlaps.reshape(len(best), -1, count))
    return SequenceStatistics(
        overlaps,
        best,
        signs,
        transitions,
        float(transitions[trained, following].sum() / total) if total else float("nan"),
        float(transitions[following, trained].sum() / total) if total else float("nan"),
        np.concatenate([np.diff(walk.entered) for walk in walks]),
        np.concatenate([walk.visited[1:-1] for walk in walks]),
        np.concatenate([walk.periods(count) for walk in walks]),
        dominant,
        revival,
    )


@dataclass(frozen=True, eq=False)
class _Walk:
    """A run as the patterns that it visited one after another.

    Parameters
    ----------
    visited : ndarray of int, shape (V,)
    entered : ndarray of int, shape (V − 1,)
        The steps at which all but the first were entered.
    """

    visited: IntArray
    entered: IntArray

    @classmethod
    def of(cls, best: IntArray) -> _Walk:
        entered = np.flatnonzero(np.diff(best)) + 1
        return cls(best[np.concatenate([[0], entered])], entered)

    def periods(self, count: int) -> IntArray:
        """The times between entries into a pattern, with all others visited between."""
        found: list[int] = []
        for pattern in range(count):
            since, others = -1, set[int]()
            for visited, entered in zip(self.visited[1:], self.entered, strict=True):
                if visited != pattern:
                    others.add(int(visited))
                elif since < 0 or len(others) == count - 1:
                    if since >= 0:
                        found.append(int(entered) - since)
                    since, others = int(entered), set()
        return np.array(found, dtype=np.intp)


def _dominant_period(overlaps: FloatArray) -> tuple[float, float]:
    """The first revival of the autocorrelation of overlaps (steps, runs, K): lag and height."""
    from scipy.signal import correlate

    steps = len(overlaps)
    series = (overlaps - overlaps.mean(axis=0)).reshape(steps, -1).T
    total = np.zeros(steps)
    for one in series:
        total += correlate(one, one, method="fft")[steps - 1 :]
    height = total / max(total[0], np.finfo(np.float64).tiny)
    # At lag τ there are only so many products; without this the parabola leans to short lags.
    fair = height * steps / np.arange(steps, 0, -1)
    below = np.flatnonzero(height < 0.0)
    if not below.size:
        return float("nan"), float("nan")
    lag = int(below[0] + np.argmax(height[below[0] :]))
    if height[lag] <= 0.0 or lag + 1 == steps:
        return float("nan"), float("nan")
    before, at, after = fair[lag - 1 : lag + 2]
    bend = before - 2 * at + after
    shift = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return float(lag + np.clip(shift, -0.5, 0.5)), float(at)


def _mean(values: IntArray) -> float:
    return float(np.mean(values)) if values.size else float("nan")


def _deviation(values: IntArray) -> float:
    return float(np.std(values, ddof=1)) if values.size > 1 else float("nan")
