r"""Candidates for a split, from the algorithms of scipy and networkx.

``"spectral"``
    For two parts the leak is the normalised cut, which the eigenvectors of
    :math:`D^{-1/2} W D^{-1/2}` minimise in relaxed form. The first k of them place the
    subparticles on a sphere, where Ward's method joins the near ones to k parts, for each k (A. Y.
    Ng, M. I. Jordan & Y. Weiss, On spectral clustering, NIPS 14, 2001). A weak coupling of all
    with all, in sum as large as one subparticle's, is added to W first, so that a few that hang on
    by a thread are not all that is found (A. A. Amini et al., Pseudo-likelihood methods for
    community detection in large sparse networks, Annals of Statistics 41, 2013).
``"hierarchical"``
    Average linkage (UPGMA), the strongest couplings first; cut into k parts, for each k.
``"louvain"``, ``"greedy"``
    The communities of networkx, which move or merge to keep more; one candidate each.

Groups in noise can be told apart while there are fewer than about √n of them. Up to twice as many
are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray

if TYPE_CHECKING:
    import networkx

__all__ = ["CLUSTERINGS", "Clustering"]

Clustering = Callable[[FloatArray, np.random.Generator], Iterator[IntArray]]
"""From a filled network ``(n, n)``, n ≥ 3, to candidates: the part of each one, from 0 on."""


def _numbers_of_parts(size: int) -> range:
    return range(2, min(size - 1, int(np.ceil(2.0 * np.sqrt(size)))) + 1)


def _numbered(labels: Any) -> IntArray:
    parts: IntArray = np.unique(labels, return_inverse=True)[1]
    return parts


def _spectral(network: FloatArray, rng: np.random.Generator) -> Iterator[IntArray]:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.linalg import eigh

    size, numbers = len(network), _numbers_of_parts(len(network))
    joined = network + network.sum() / size**2
    roots = np.sqrt(joined.sum(axis=1))
    last = (size - numbers[-1], size - 1)
    vectors = eigh(joined / np.outer(roots, roots), subset_by_index=last)[1][:, ::-1]
    for number in numbers:
        places = vectors[:, :number]
        places = places / np.linalg.norm(places, axis=1, keepdims=True)
        yield _numbered(fcluster(linkage(places, "ward"), number, "maxclust"))


def _hierarchical(network: FloatArray, rng: np.random.Generator) -> Iterator[IntArray]:
    from scipy.cluster.hierarchy import fcluster, linkage

    upper = network[np.triu_indices(len(network), 1)]
    tree = linkage(upper.max() - upper, "average")
    for number in _numbers_of_parts(len(network)):
        yield _numbered(fcluster(tree, number, "maxclust"))


def _louvain(network: FloatArray, rng: np.random.Generator) -> Iterator[IntArray]:
    import networkx

    graph = _graph(network)
    seed = int(rng.integers(2**31))
    yield _communities(networkx.community.louvain_communities(graph, seed=seed), len(graph))


def _greedy(network: FloatArray, rng: np.random.Generator) -> Iterator[IntArray]:
    import networkx

    graph = _graph(network)
    found = networkx.community.greedy_modularity_communities(graph, weight="weight")
    yield _communities(found, len(graph))


def _graph(network: FloatArray) -> networkx.Graph:
    import networkx

    # In networkx a loop adds twice its weight to the ends of a node.
    return networkx.from_numpy_array(network - np.diag(np.diag(network) / 2))


def _communities(found: Iterable[Iterable[int]], size: int) -> IntArray:
    labels = np.zeros(size, dtype=np.intp)
    # networkx gives sets: the order of parts is that of their first members.
    for number, rows in enumerate(sorted(sorted(part) for part in found)):
        labels[rows] = number
    return labels


CLUSTERINGS: dict[str, Clustering] = {
    "spectral": _spectral,
    "hierarchical": _hierarchical,
    "louvain": _louvain,
    "greedy": _greedy,
}
"""The methods by name."""
