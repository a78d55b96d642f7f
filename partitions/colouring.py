"""Colour classes: rows that do not touch each other, and may therefore update at once.

Two rows touch when they are coupled in either direction. Within a class no row's field depends on
another's state, so that updating a class in parallel is exactly updating its rows one by one: the
*chromatic* schedule is a sequential scan in the order of the colours.

Every connected part is searched breadth first from its first row. Where no two rows at an even
distance from it touch, and no two at an odd one, the two parities are its colours: two colours
suffice exactly for graphs without odd cycles, such as lattices. Elsewhere rows take, in the order
of the search, the first colour that none of their neighbours has. Linear in rows and couplings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import BoolArray, IntArray

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["colour_classes", "colours_of", "touching_rows"]


def colours_of(exists: BoolArray | scipy.sparse.sparray) -> tuple[IntArray, ...]:
    """Colour the undirected graph of couplings, greedily and deterministically.

    Parameters
    ----------
    exists : ndarray of bool or scipy sparse array of shape (N, N)
        Which couplings exist, target × source; for a sparse array, its stored entries.

    Returns
    -------
    tuple of ndarray
        The rows of each colour, ascending. Two colours for a graph without odd cycles, such as a
        lattice; N for a fully coupled one.

    Examples
    --------
    >>> chain = np.diag([True, True], k=1)
    >>> [rows.tolist() for rows in colours_of(chain)]
    [[0, 2], [1]]
    """
    given: Any = exists
    if hasattr(given, "tocoo"):
        entries = given.tocoo()
        targets, sources = entries.row, entries.col
    else:
        targets, sources = np.nonzero(given)
    return colour_classes(touching_rows(targets, sources, given.shape[0]))


def touching_rows(targets: IntArray, sources: IntArray, size: int) -> Any:
    """Which rows touch, as a symmetric `csr_array` of bool without a diagonal, shape (N, N).

    Parameters
    ----------
    targets, sources : ndarray of int, shape (E,)
        The rows between which there are couplings.
    size : int
        N.

    Examples
    --------
    >>> touching_rows(np.array([0, 2]), np.array([1, 2]), 3).toarray().astype(int)
    array([[0, 1, 0],
           [1, 0, 0],
           [0, 0, 0]])
    """
    import scipy.sparse

    # Numbers of four bytes halve the memory, and are what the searches of scipy work with.
    rows, columns = targets.astype(np.int32), sources.astype(np.int32)
    off = rows != columns
    if not off.all():
        rows, columns = rows[off], columns[off]
    present = np.ones(len(rows), dtype=np.bool_)
    one_way = scipy.sparse.csr_array((present, (rows, columns)), shape=(size, size))
    return one_way + one_way.T


def colour_classes(touching: Any) -> tuple[IntArray, ...]:
    """The colour classes of a graph, given as `touching_rows` makes it; see `colours_of`."""
    from scipy.sparse.csgraph import connected_components

    size = touching.shape[0]
    if size == 0:
        return ()
    _, parts = connected_components(touching, directed=False)
    order, parity = _searched(touching, np.unique(parts, return_index=True)[1])
    colours = parity.astype(np.intp)
    rows = np.repeat(np.arange(size, dtype=np.int32), np.diff(touching.indptr))
    clashes = parity[rows] == parity[touching.indices]
    if clashes.any():
        odd = np.zeros(int(parts.max()) + 1, dtype=np.bool_)
        odd[parts[rows[clashes]]] = True
        _colour_greedily(colours, order[odd[parts[order]]], touching)
    classes = np.argsort(colours, kind="stable")
    ends = np.cumsum(np.bincount(colours))
    return tuple(np.split(classes, ends[:-1]))


def _searched(touching: Any, first: IntArray) -> tuple[IntArray, BoolArray]:
    """The rows in the order of a search from the rows `first`, and the parity of their distance."""
    import scipy.sparse
    from scipy.sparse.csgraph import breadth_first_order

    size = touching.shape[0]
    # One more row, from which an edge leads to every part: one search sees them all.
    root = size
    graph = scipy.sparse.csr_array(
        (
            np.ones(touching.nnz + len(first), dtype=np.float32),
            np.concatenate([touching.indices, first.astype(touching.indices.dtype)]),
            np.append(touching.indptr, touching.nnz + len(first)),
        ),
        shape=(size + 1, size + 1),
    )
    order, before = breadth_first_order(graph, root)
    # The parity of a row differs from that of the row before it. Jumping from each row to the one
    # before, then two, four, … before, sums the parities of a path in a logarithm of its length.
    before[root] = root
    odd = np.arange(size + 1) != root
    while not np.all(before == root):
        odd = odd ^ odd[before]
        before = before[before]
    # The first rows are at distance 1 from the added one.
    parity: BoolArray = ~odd[:size]
    return order[1:].astype(np.intp), parity


def _colour_greedily(colours: IntArray, order: IntArray, touching: Any) -> None:
    """Give the rows in `order` the first colours that their neighbours do not have."""
    colours[order] = -1
    starts, neighbours = touching.indptr.tolist(), touching.indices
    # Which row saw a colour last; the end is where the mark of rows without one goes.
    seen = np.full(int(np.diff(touching.indptr).max()) + 3, -1)
    most = 0
    for row in order.tolist():
        seen[colours[neighbours[starts[row] : starts[row + 1]]]] = row
        # One colour more than were needed so far is always free.
        colour = int((seen[: most + 1] != row).argmax())
        most = max(most, colour + 1)
        colours[row] = colour
