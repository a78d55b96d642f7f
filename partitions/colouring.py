"""Colour classes: rows that do not touch each other, and may therefore update at once.

Two rows touch when they are coupled in either direction. Within a class no row's field depends on
another's state, so that updating a class in parallel is exactly updating its rows one by one: the
*chromatic* schedule is a sequential scan in the order of the colours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.blankets._types import BoolArray, IntArray
from deepparticle.partitions.arrays import coupling_arrays

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["colour_classes", "colours_of"]


def colours_of(exists: BoolArray) -> tuple[IntArray, ...]:
    """Colour the undirected graph of couplings, greedily and deterministically.

    Parameters
    ----------
    exists : ndarray of bool, shape (N, N)
        Which couplings exist, target × source.

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
    import networkx

    touching = np.argwhere(np.triu(exists | exists.T, 1))
    graph: networkx.Graph = networkx.empty_graph(len(exists))
    graph.add_edges_from(touching.tolist())
    # Breadth first: two colours suffice for it wherever two colours suffice.
    colours = networkx.greedy_color(graph, strategy="connected_sequential_bfs")
    of_row = np.array([colours[row] for row in range(len(exists))], dtype=np.intp)
    return tuple(np.flatnonzero(of_row == colour) for colour in range(int(of_row.max()) + 1))


def colour_classes(partition: Partition) -> tuple[IntArray, ...]:
    """The colour classes of the leaves inside a partition, computed once per structure."""
    return partition._remembered("colours", lambda: colours_of(coupling_arrays(partition)[1]))
