r"""Who is joined by a common listener.

Under the synchronous schedule with symmetric :math:`K` the stationary law is Little's,
:math:`p \propto \prod_i m(\sigma_i) \exp(c^T\sigma + \sum_i \phi(c_i + \sum_j K_{ij}\sigma_j))`.
Each :math:`\phi` ties together all whom :math:`i` listens to, and :math:`i` itself is not among
them: at equal time two states depend on each other given all the rest if and only if some third
listens to both, :math:`K_{ij}K_{ik} \ne 0`. In a chain 1–2–3 the ends depend on each other and
neither on the middle.
"""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import IntArray

__all__ = ["ListenerPairs", "listener_pairs"]

# Up to so many rows a matrix is multiplied; beyond, pairs are made listener by listener, up to so
# many (tenths of a second each).
_MATRIX = 1024
_PAIRS = 5_000_000


class ListenerPairs:
    """Pairs of rows that are not coupled, but have a listener in common.

    Parameters
    ----------
    first, second : ndarray of intp
        ``first < second``, sorted.
    """

    def __init__(self, first: IntArray, second: IntArray) -> None:
        self._first = first
        self._second = second

    def within(self, start: int, stop: int) -> int:
        """How many lie between two rows.

        Examples
        --------
        >>> chain = np.array([0, 1, 1, 2]), np.array([1, 0, 2, 1])
        >>> listener_pairs(*chain, 3).within(0, 3)
        1
        """
        low, high = np.searchsorted(self._first, [start, stop]).tolist()
        return int(np.count_nonzero(self._second[low:high] < stop))


def listener_pairs(targets: IntArray, sources: IntArray, size: int) -> ListenerPairs | None:
    """All pairs of rows that are not coupled, but have a listener in common.

    Parameters
    ----------
    targets, sources : ndarray of intp
        Who listens to whom: the couplings that are not 0.
    size : int
        The number of rows.

    Returns
    -------
    ListenerPairs or None
        None where there may be more than five million of them.
    """
    import scipy.sparse

    if len(targets) == size * (size - 1):  # all are coupled
        return ListenerPairs(*np.zeros((2, 0), dtype=np.intp))
    heard = np.bincount(targets, minlength=size).astype(np.float64)
    if size > _MATRIX and float(np.sum(heard * heard)) > _PAIRS:
        return None
    ones = np.ones(len(targets), dtype=np.float32)
    listens = scipy.sparse.csr_array((ones, (targets, sources)), shape=(size, size))
    if size <= _MATRIX:
        dense = listens.toarray()
        joined = (dense.T @ dense > 0.0) & ~(dense > 0.0) & ~(dense.T > 0.0)
        first, second = np.nonzero(np.triu(joined, 1))
        return ListenerPairs(first, second)
    common = scipy.sparse.triu(listens.T @ listens, 1).tocoo()
    keys = common.row.astype(np.int64) * size + common.col
    coupled = np.minimum(targets, sources) * size + np.maximum(targets, sources)
    keys = np.setdiff1d(keys, coupled)
    return ListenerPairs(keys // size, keys % size)
