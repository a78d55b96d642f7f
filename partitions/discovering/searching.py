r"""The innermost parts of a network, and the network of its parts.

*Innermost parts.* A set of nodes is split by the candidate that keeps most, if that is beyond
chance and leaks less than 1; what comes out is split likewise, until nothing is. Nodes that are
coupled to no other of the set stand alone, and what falls apart without them is apart: nothing
crosses.

*Levels.* The innermost parts become the nodes of a smaller network, joined by what is coupled
between them, whose innermost parts are the next level outwards; and so on, until a level stays
whole. By chance then only those couplings are exchanged that cross between its nodes.

Levels are found from inside because mistakes are harmless there. On the way inwards it does not
matter whether a split is into parts, parts of parts, or some of both, of which the candidate that
keeps most is at times a mixture; outwards all nodes are of one level, and what groups them is
coupled at one strength.

A level divides its subparticles among its sets. So that a false split has the probability
`significance` for the level, not for each set, a set is allowed the share of it that it has of the
subparticles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.partitions.discovering.chance import exchanged, tail
from deepparticle.partitions.discovering.clustering import Clustering
from deepparticle.partitions.discovering.leak import Leak, filled, leak_of, merged

__all__ = ["LEAST", "Search", "levels_of", "pieces_of"]

LEAST = 4
"""Three nodes have three couplings, which their three strengths explain without any parts."""

# Candidates come with more and more parts. What is kept rises until the parts are the true ones,
# and falls from there on: twice as many, and some more where they are few, do not keep more.
_BEYOND = 4

# Mean and deviation of what few nodes keep vary more; their networks are small, and cheap.
_TIMES = 10

# No more are made when so many of the first do as well.
_HOPELESS = 0.25


@dataclass(frozen=True)
class Search:
    """How to look for parts.

    Parameters
    ----------
    clustering : callable
        Proposes candidates.
    permutations : int
        The number of exchanged networks that a split is compared with.
    significance : float
        How small the p-value of a split of everything must be.
    rng : numpy.random.Generator
    tick : callable
        Is called for each exchanged network.
    """

    clustering: Clustering
    permutations: int
    significance: float
    rng: np.random.Generator
    tick: Callable[[], object]
    _leaks: dict[bytes, list[Leak]] = field(default_factory=dict, repr=False)

    def best(self, strengths: FloatArray) -> tuple[IntArray, Leak]:
        """The candidate that keeps most, of equals the first; those far beyond are not tried."""
        best: tuple[IntArray, Leak] | None = None
        network = filled(strengths)
        for labels in self.clustering(network, self.rng):
            leak = leak_of(network, labels)
            if best is None or leak.kept > best[1].kept:
                best = labels, leak
            elif labels.max() > 2 * best[0].max() + _BEYOND:
                break
        assert best is not None  # every algorithm proposes something
        return best

    def by_chance(self, strengths: FloatArray, rows: IntArray) -> list[Leak]:
        """The leaks of the best splits of exchanged networks of these rows."""
        key = np.sort(rows).tobytes()
        if key not in self._leaks:
            inner, nodes = strengths[np.ix_(rows, rows)], np.arange(len(rows))
            self._leaks[key] = self._draw(inner, nodes, self.permutations)
        return self._leaks[key]

    def _draw(self, strengths: FloatArray, nodes: IntArray, count: int) -> list[Leak]:
        crossing = nodes[:, None] != nodes[None, :]
        leaks = []
        for _ in range(count):
            network = exchanged(strengths, crossing, self.rng)
            leaks.append(self.best(_between(network, nodes))[1])
            self.tick()
        return leaks

    def split(self, strengths: FloatArray, rows: IntArray, nodes: IntArray) -> IntArray | None:
        """The best split of a set that does not fall apart, or None if chance does as well.

        Parameters
        ----------
        strengths : ndarray of shape (N, N)
            Of all subparticles.
        rows : ndarray of int, shape (n,)
            Those in the set.
        nodes : ndarray of int, shape (n,)
            The node of each, from 0 on.
        """
        inner = strengths[np.ix_(rows, rows)]
        labels, leak = self.best(_between(inner, nodes))
        if leak.kept <= 0.0:
            return None
        if len(labels) == len(nodes):
            kept = [one.kept for one in self.by_chance(strengths, rows)]
            p_value = tail(leak.kept, np.array(kept))
        else:
            p_value = self._tail_of_few(leak.kept, inner, nodes)
        return labels if self.beyond(p_value, len(rows), len(strengths)) else None

    def _tail_of_few(self, value: float, strengths: FloatArray, nodes: IntArray) -> float:
        kept: list[float] = []
        p_value = 1.0
        for _ in range(_TIMES):
            kept += [one.kept for one in self._draw(strengths, nodes, self.permutations)]
            p_value = tail(value, np.array(kept))
            if p_value > _HOPELESS:
                break
        return p_value

    def beyond(self, p_value: float, size: int, total: int) -> bool:
        """Whether a split of `size` among `total` subparticles is beyond chance."""
        return p_value < self.significance * size / total


def levels_of(strengths: FloatArray, search: Search) -> list[IntArray]:
    """The parts of each level, from the innermost on outwards.

    Parameters
    ----------
    strengths : ndarray of shape (N, N)
    search : Search

    Returns
    -------
    list of ndarray of int, shape (N,)
        The part of each subparticle; empty where everything is one whole.
    """
    levels: list[IntArray] = []
    nodes = np.arange(len(strengths))
    while True:
        groups = _innermost(strengths, nodes, search)
        found = int(groups.max()) + 1
        if found == 1 or found == nodes.max() + 1:
            return levels
        nodes = groups[nodes]
        levels.append(nodes)


def pieces_of(strengths: FloatArray) -> IntArray:
    """The piece of each node, which is coupled to no other piece.

    Examples
    --------
    >>> pair = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    >>> pieces_of(pair).tolist()
    [0, 0, 1]
    """
    from scipy.sparse.csgraph import connected_components

    return connected_components(strengths, directed=False)[1].astype(np.intp)


def _between(strengths: FloatArray, nodes: IntArray) -> FloatArray:
    """The network of nodes."""
    if nodes.max() + 1 == len(nodes):  # each node is one subparticle, in this order
        return strengths
    network = merged(strengths, nodes)
    np.fill_diagonal(network, 0.0)
    return network


def _innermost(strengths: FloatArray, nodes: IntArray, search: Search) -> IntArray:
    """The innermost part of each node."""
    groups = np.zeros(int(nodes.max()) + 1, dtype=np.intp)
    found = 0
    stack = [np.arange(len(groups))]
    while stack:
        inside = stack.pop()
        labels: IntArray | None = None
        if len(inside) > 1:
            rows = np.flatnonzero(np.isin(nodes, inside))
            inner = np.unique(nodes[rows], return_inverse=True)[1]
            labels = pieces_of(_between(strengths[np.ix_(rows, rows)], inner))
            if labels.max() == 0:
                labels = search.split(strengths, rows, inner) if len(inside) >= LEAST else None
        if labels is None:
            groups[inside] = found
            found += 1
        else:
            stack += [inside[labels == part] for part in range(int(labels.max()), -1, -1)]
    return groups
