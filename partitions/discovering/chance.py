r"""Chance: networks with the same couplings at other places, and how rarely they do as well.

Every algorithm finds a split that keeps something, in any network. The question is what the same
algorithm finds in networks that differ from this one in nothing but their places:

- where some pairs are not coupled, couplings are exchanged two at a time, i–j and k–l for i–l and
  k–j, so that everyone keeps the number of its partners (S. Maslov & K. Sneppen, Specificity and
  stability in topology of protein networks, Science 296, 2002);
- their strengths are then dealt out again at random.

Let B such networks have the values :math:`v_1 … v_B` (of what is kept, or of minus the leak), with
mean m and standard deviation d. If c > 0 of them are v or more, the next one is so with probability
p = (c + 1) / (B + 1). If none is, the tail is read off: the best of many splits is the largest of
many numbers, for which Gumbel's law of extremes with this mean and deviation has

.. math:: p = 1 - \exp(-e^{-z}), \qquad z = \frac{\pi}{\sqrt 6} \frac{v - m}{d} + \gamma .

The comparison is fair, since with nothing to find the network is one of those that it is compared
with; only the tail is an assumption, and a cautious one. It puts p = 0.001 at 4.9 deviations; in
networks of 6 to 48 subparticles with nothing to find, 3.1 to 3.6 were measured, and in networks of
few nodes, which vary less evenly, 2 of 2400 lay beyond 4.2 and none beyond 4.9.
"""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray

__all__ = ["exchanged", "tail"]

# Each round tries to exchange every coupling once; where half of them can be, ten rounds leave
# 1/1000 at its place.
_ROUNDS = 10


def tail(value: float, values: FloatArray) -> float:
    """How probable as much as `value` is by chance.

    Parameters
    ----------
    value : float
    values : ndarray of shape (B,)
        Those of exchanged networks.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=20)
    >>> tail(8.0, values) < 0.001, tail(values.max(), values) == 2 / 21
    (True, True)
    """
    from scipy.stats import gumbel_r

    count, mean, deviation = len(values), float(values.mean()), float(values.std(ddof=1))
    as_much = int(np.count_nonzero(values >= value - 1e-12))  # or but for rounding
    if as_much:
        return (as_much + 1) / (count + 1)
    if deviation == 0.0:
        return 0.0
    scale = np.sqrt(6.0) / np.pi * deviation
    return float(gumbel_r.sf(value, mean - np.euler_gamma * scale, scale))


def exchanged(strengths: FloatArray, free: BoolArray, rng: np.random.Generator) -> FloatArray:
    """The network with its couplings exchanged among the pairs that are free.

    Parameters
    ----------
    strengths : ndarray of shape (n, n)
        W, symmetric, with zero diagonal.
    free : ndarray of bool, shape (n, n)
        Which pairs take part, symmetric, with false diagonal; the others stay.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n, n)

    Examples
    --------
    >>> ring = np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)
    >>> other = exchanged(ring, ~np.eye(6, dtype=bool), np.random.default_rng(0))
    >>> other.sum(axis=0).tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    """
    rows, columns = np.nonzero(np.triu(free, 1))
    values = strengths[rows, columns]
    coupled = (strengths != 0.0) & free
    there = values != 0.0
    # Exchanging what is not coupled keeps the numbers of partners too, and is what moves where
    # nearly all pairs are.
    few = 2 * int(there.sum()) <= len(there)
    if not there.all():
        moved = _swapped(coupled if few else free & ~coupled, free, rng)
        there = moved[rows, columns] == few
    dealt = np.zeros(len(values))
    dealt[there] = rng.permutation(values[values != 0.0])
    result = strengths.copy()
    result[rows, columns] = result[columns, rows] = dealt
    return result


def _swapped(pairs: BoolArray, free: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Pairs i–j, k–l become i–l, k–j where these are free and new; many at once.

    networkx exchanges one at a time, and gives up where only few exchanges are possible.
    """
    pairs = pairs.copy()
    ends: IntArray = np.argwhere(np.triu(pairs))
    half = len(ends) // 2
    for _ in range(_ROUNDS):
        order = rng.permutation(len(ends))
        first, second = order[:half], order[half : 2 * half]
        turned = rng.random(half) < 0.5
        i, j = ends[first].T
        k, l = np.where(turned[:, None], ends[second][:, ::-1], ends[second]).T
        new = free & ~pairs
        keep = new[i, l] & new[k, j]
        first, second, i, j, k, l = (each[keep] for each in (first, second, i, j, k, l))
        # Two exchanges of one round must not make the same pair.
        codes = np.concatenate([_code(i, l, len(pairs)), _code(k, j, len(pairs))])
        _, place, count = np.unique(codes, return_inverse=True, return_counts=True)
        single = (count[place] == 1).reshape(2, -1).all(axis=0)
        first, second, i, j, k, l = (each[single] for each in (first, second, i, j, k, l))
        for one, other, there in ((i, j, False), (k, l, False), (i, l, True), (k, j, True)):
            pairs[one, other] = pairs[other, one] = there
        ends[first], ends[second] = np.stack([i, l], axis=1), np.stack([k, j], axis=1)
    return pairs


def _code(one: IntArray, other: IntArray, size: int) -> IntArray:
    code: IntArray = np.minimum(one, other) * size + np.maximum(one, other)
    return code
