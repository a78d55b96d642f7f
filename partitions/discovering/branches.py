"""The tree of parts: levels become branches, and every split has to hold on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.partitions.discovering.chance import tail
from deepparticle.partitions.discovering.leak import Leak, border_size, filled, leak_of
from deepparticle.partitions.discovering.searching import LEAST, Search, levels_of, pieces_of

__all__ = ["Branch", "Split", "canonical_order", "grow"]

# Rings of neighbours by which rows are sorted; sums in another order differ in the last digits.
_RINGS, _DIGITS = 4, 9


@dataclass(frozen=True, slots=True)
class Split:
    """A split that was tried, and what became of it.

    Parameters
    ----------
    size : int
        How many subparticles were to be split.
    parts : tuple of int
        The sizes of the parts, largest first.
    leak : Leak
        What crosses between them.
    border : int
        How many subparticles have a boundary state that crosses: those whose sensory and active
        states are the blankets of the parts.
    by_chance : ndarray of shape (permutations,)
        The leaks of the best splits of exchanged networks; empty where nothing crosses, and no
        comparison is needed.
    p_value : float
        How probable as much is by chance: that as much is kept, or as little leaks, whichever is
        less probable, times two.
    accepted : bool
        Whether that is improbable enough.
    """

    size: int
    parts: tuple[int, ...]
    leak: Leak
    border: int
    by_chance: FloatArray
    p_value: float
    accepted: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """A part: its rows, the parts inside, and the split that made them (or was refused).

    Parameters
    ----------
    rows : ndarray of int
        All that is inside, ascending.
    parts : tuple of Branch
        In the order of their first rows. Rows in none of them lie in this part directly.
    split : Split or None
        None where there was nothing to try.
    """

    rows: IntArray
    parts: tuple[Branch, ...] = ()
    split: Split | None = None

    @property
    def direct(self) -> IntArray:
        """The rows that lie in no part inside."""
        inside = [part.rows for part in self.parts]
        return np.setdiff1d(self.rows, np.concatenate(inside)) if inside else self.rows


def canonical_order(strengths: FloatArray) -> IntArray:
    """An order of rows that does not depend on the given one, but for ties.

    Rows are sorted by what they are coupled to, what that is coupled to, and so on. Only where all
    that ties, as in graphs with symmetries, the given order counts.

    Examples
    --------
    >>> chain = np.diag([1.0, 2.0], 1)
    >>> canonical_order(chain + chain.T).tolist()
    [0, 2, 1]
    """
    scale = max(float(strengths.sum(axis=1).max()), np.finfo(np.float64).tiny)
    ring, keys = np.ones(len(strengths)), []
    for _ in range(_RINGS):
        ring = strengths @ ring / scale
        keys.append(np.round(ring, _DIGITS))
    return np.lexsort(keys[::-1])


def grow(strengths: FloatArray, search: Search, depth: int | None) -> Branch:
    """Find the levels, and nest them.

    Parameters
    ----------
    strengths : ndarray of shape (N, N)
    search : Search
    depth : int or None
        The number of levels at most, counted from outside.

    Returns
    -------
    Branch
        The whole, with its parts.
    """
    order = canonical_order(strengths)
    sorted_strengths = strengths[np.ix_(order, order)]
    levels = levels_of(sorted_strengths, search) if depth != 0 else []
    rows = np.arange(len(order))
    return _branch(sorted_strengths, rows, levels[::-1], order, search, depth)


def _branch(
    strengths: FloatArray,
    rows: IntArray,
    levels: list[IntArray],
    order: IntArray,
    search: Search,
    depth: int | None,
) -> Branch:
    """A part with everything inside; `rows` and `levels` are in canonical order."""
    parts: list[Branch] = []
    split = None
    if depth != 0:
        deeper = None if depth is None else depth - 1
        while levels:
            labels, levels = levels[0], levels[1:]
            if not _divides(strengths, rows, labels):
                continue
            split = _judged(strengths, rows, labels, search, acceptable=True)
            if split.accepted:
                parts = [
                    _branch(strengths, rows[labels[rows] == part], levels, order, search, deeper)
                    for part in np.unique(labels[rows])
                    if np.count_nonzero(labels[rows] == part) > 1
                ]
                parts.sort(key=lambda part: int(part.rows[0]))
                break
        else:
            split = split or _refused(strengths, rows, search)
    return Branch(np.sort(order[rows]), tuple(parts), split)


def _divides(strengths: FloatArray, rows: IntArray, labels: IntArray) -> bool:
    """Whether a level divides a part, or is the same again, with or without who is uncoupled."""
    sizes = np.bincount(labels[rows])
    if np.count_nonzero(sizes) < 2:
        return False
    if np.count_nonzero(sizes > 1) > 1:
        return True
    inner = strengths[np.ix_(rows, rows)]
    return border_size(inner, labels[rows]) > 0


def _judged(
    strengths: FloatArray, rows: IntArray, labels: IntArray, search: Search, *, acceptable: bool
) -> Split:
    """Compare a split with chance. Where nothing crosses there is nothing to compare."""
    inner, own = strengths[np.ix_(rows, rows)], np.unique(labels[rows], return_inverse=True)[1]
    leak = leak_of(filled(inner), own)
    drawn = search.by_chance(strengths, rows) if leak.crossing > 0.0 else []
    by_chance = np.array([one.ratio for one in drawn])
    p_value = 0.0
    if drawn:
        kept = np.array([one.kept for one in drawn])
        p_value = min(1.0, 2.0 * min(tail(leak.kept, kept), tail(-leak.ratio, -by_chance)))
    beyond = leak.kept > 0.0 and search.beyond(p_value, len(rows), len(strengths))
    return Split(
        size=len(rows),
        parts=tuple(sorted(np.bincount(own).tolist(), reverse=True)),
        leak=leak,
        border=border_size(inner, own),
        by_chance=by_chance,
        p_value=p_value,
        accepted=acceptable and beyond,
    )


def _refused(strengths: FloatArray, rows: IntArray, search: Search) -> Split | None:
    """The best split of a part that stays whole."""
    inner = strengths[np.ix_(rows, rows)]
    if len(rows) < LEAST or pieces_of(inner).max() > 0:
        return None
    labels = np.full(len(strengths), -1, dtype=np.intp)
    labels[rows] = search.best(inner)[0]
    return _judged(strengths, rows, labels, search, acceptable=False)
