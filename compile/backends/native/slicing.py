r"""Sparse couplings in slices of sixteen rows, so that sixteen fields are summed at once.

A *slice* is sixteen rows that follow one another. Its couplings lie as a list of *diagonals* and
*picks* of sixteen each, one coupling per row (sliced ELLPACK: Monakov, Lokhmotov & Avetisyan 2010;
Kreutzer et al. 2014, *SIAM J. Sci. Comput.* 36):

* a diagonal couples row i to row i + d for one distance d, so that the sixteen states it needs are
  one load; rows that have no such coupling get the weight 0;
* a pick couples each row to any other, and its sixteen states are fetched one by one.

In lattices, rings and bands a few diagonals hold everything; a slice is made of diagonals where
that takes at most two more of them than picks.

Rows that update at once must be neighbours in memory. For the chromatic schedule rows are therefore
moved to *positions*, one block of the scan after the other, each from a multiple of 64 on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from deepparticle.blankets._types import IntArray
from deepparticle.compile.backends.native.lanes import LANES, padded
from deepparticle.compile.backends.native.random_numbers import GROUP
from deepparticle.compile.program import Program

__all__ = ["Slices", "placed", "sliced"]

_MORE_DIAGONALS = 2


class Slices(NamedTuple):
    """The pattern of a network's couplings.

    ``starts`` says where the lists of the slices begin, ``(slices + 1,)``; ``runs`` has for each
    item of a list the first of sixteen sources in a row, or -1 for a pick; ``sources``, sixteen per
    item, are used for picks.
    """

    starts: IntArray
    runs: IntArray
    sources: Any


def placed(program: Program) -> tuple[IntArray, IntArray]:
    """The position of each row, ``(N,)``, and where the blocks of positions begin and end.

    Rows of a block, but for the synchronous schedule, are not coupled to each other.
    """
    size = program.size
    if program.schedule != "chromatic" or program.layout == "dense":
        return np.arange(size), np.array([0, padded(size, GROUP)])
    positions, bounds = np.zeros(size, dtype=np.int64), [0]
    for block in program.scan:
        positions[block.rows] = bounds[-1] + np.arange(len(block.rows))
        bounds.append(padded(bounds[-1] + len(block.rows), GROUP))
    return positions, np.array(bounds, dtype=np.int64)


def sliced(
    targets: IntArray, sources: IntArray, positions: IntArray, width: int
) -> tuple[Slices, IntArray]:
    """Lay out couplings, given by target and source rows and sorted by target.

    Returns
    -------
    Slices
    ndarray of shape (E,)
        The place of each coupling in an array of sixteen numbers per item.
    """
    to, origin = positions[targets], positions[sources]
    slices, lane = np.divmod(to, LANES)
    distance = origin - to
    # Every distance that occurs in a slice, numbered within the slice.
    keys, of_entry = np.unique(slices * (2 * width) + distance + width, return_inverse=True)
    slice_of_key = keys // (2 * width)
    count = width // LANES
    diagonals = np.bincount(slice_of_key, minlength=count)
    number_of_key = np.arange(len(keys)) - (np.cumsum(diagonals) - diagonals)[slice_of_key]
    # Every coupling, numbered within its row.
    begins = np.concatenate([[True], targets[1:] != targets[:-1]]) if len(targets) else targets
    order = np.arange(len(targets))
    number_in_row = (
        order - np.maximum.accumulate(np.where(begins, order, 0)) if len(order) else order
    )
    picks = np.zeros(count, dtype=np.int64)
    np.maximum.at(picks, slices, number_in_row + 1)
    straight = diagonals <= picks + _MORE_DIAGONALS
    depth = np.where(straight, diagonals, picks)
    starts = np.concatenate([[0], np.cumsum(depth)]).astype(np.int64)

    item = starts[slices] + np.where(straight[slices], number_of_key[of_entry], number_in_row)
    places = item * LANES + lane
    laid_out = np.zeros(starts[-1] * LANES, dtype=np.int32)
    laid_out[places] = origin
    runs = np.full(starts[-1], -1, dtype=np.int64)
    first = slice_of_key * LANES + (keys % (2 * width) - width)
    # At either end of the network sixteen in a row may lead beyond it: those are picked.
    usable = straight[slice_of_key] & (first >= 0) & (first + LANES <= width)
    runs[(starts[slice_of_key] + number_of_key)[usable]] = first[usable]
    return Slices(starts, runs, laid_out), places
