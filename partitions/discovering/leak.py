r"""Blanket leak: how much of the coupling crosses a border, of what chance would let cross.

Boundary states have a size, whatever their sign and direction, and each lies in the blankets of
both of its ends. Between the subparticles i and j of a set V it is

.. math:: W_{ij} = |J_{ij}| + |J_{ji}|, \qquad s_i = \sum_j W_{ij}, \qquad S = \sum_i s_i .

Joined at random, but with as many ends as they have and none with themselves, i and j would have

.. math:: E_{ij} = x_i x_j \; (i \ne j), \qquad x_i \sum_{j \ne i} x_j = s_i .

A split of V lets the share x of the coupling cross from part to part, and chance would let
:math:`x_0`. The *leak* of the split is the ratio, what it *keeps* the difference:

.. math:: x = \frac1S \sum_{A \ne B} \sum_{i \in A, j \in B} W_{ij}, \qquad
          x_0 = \frac1S \sum_{A \ne B} \sum_{i \in A, j \in B} E_{ij}, \qquad
          \ell = \frac{x}{x_0}, \qquad q = x_0 - x = x_0\,(1 - \ell) .

A leak of 0 is a border that nothing crosses, a leak of 1 one that might as well run elsewhere: if
all pairs are coupled alike, every split has leak 1. If all pairs of siblings are coupled alike,
merging some of them leaves :math:`\ell` as it is, while q grows with the number of parts: the split
that keeps most is the finest among those that leak alike.

Let everyone be coupled to itself, too, by the :math:`x_i^2` that chance has in mind. In that
network (`filled`) the leak is one minus Newman's assortativity (M. E. J. Newman, Mixing patterns in
networks, Physical Review E 67, 2003, eq. 2), for two parts it is the normalised cut (J. Shi & J.
Malik, Normalized cuts and image segmentation, IEEE PAMI 22, 2000, eq. 2), and q is proportional to
the modularity (M. E. J. Newman, Modularity and community structure in networks, PNAS 103, 2006). So
what was made for these works for the leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray

__all__ = ["Leak", "border_size", "coupling_strengths", "filled", "leak_of", "merged"]

# Where one has half of all ends, as in a star, x has no finite solution: some rounds do.
_ROUNDS, _EXACT = 100, 1e-9


@dataclass(frozen=True, slots=True)
class Leak:
    """What crosses the borders of a split.

    Parameters
    ----------
    crossing : float
        The share x of the coupling that crosses, from 0 to 1.
    expected : float
        The share :math:`x_0` that would cross if ends were joined at random; 0 without a border.

    Examples
    --------
    >>> Leak(0.1, 0.5).ratio, Leak(0.1, 0.5).kept
    (0.2, 0.4)
    """

    crossing: float
    expected: float

    @property
    def ratio(self) -> float:
        """The leak x / x₀; 0 where there is no border."""
        return self.crossing / self.expected if self.expected > 0 else 0.0

    @property
    def kept(self) -> float:
        """What the split keeps from crossing, x₀ − x."""
        return self.expected - self.crossing


def coupling_strengths(couplings: Any) -> FloatArray:
    """The strengths W = |J| + |J|ᵀ, without diagonal.

    Parameters
    ----------
    couplings : ndarray or scipy sparse array of shape (N, N)

    Returns
    -------
    ndarray of shape (N, N)

    Examples
    --------
    >>> coupling_strengths(np.array([[0.0, -2.0], [1.0, 0.0]]))
    array([[0., 3.],
           [3., 0.]])
    """
    sizes = abs(couplings)
    strengths: FloatArray = np.asarray(sizes.toarray() if hasattr(sizes, "toarray") else sizes)
    strengths = strengths + strengths.T
    np.fill_diagonal(strengths, 0.0)
    return strengths


def _members(labels: IntArray) -> FloatArray:
    return np.eye(int(labels.max()) + 1)[labels]


def merged(strengths: FloatArray, labels: IntArray) -> FloatArray:
    """The strengths between parts, and inside each on the diagonal, shape ``(parts, parts)``.

    Examples
    --------
    >>> merged(np.ones((3, 3)) - np.eye(3), np.array([0, 0, 1]))
    array([[2., 2.],
           [2., 0.]])
    """
    members = _members(labels)
    between: FloatArray = members.T @ (strengths @ members)
    return between


def filled(strengths: FloatArray) -> FloatArray:
    """Strengths with what chance would couple everyone to itself, x², on the diagonal.

    Parameters
    ----------
    strengths : ndarray of shape (n, n)
        W, symmetric, with zero diagonal.

    Returns
    -------
    ndarray of shape (n, n)

    Examples
    --------
    >>> filled(np.ones((3, 3)) - np.eye(3)).round(6)
    array([[1., 1., 1.],
           [1., 1., 1.],
           [1., 1., 1.]])
    """
    sums = strengths.sum(axis=1)
    total = float(sums.sum())
    result = strengths.copy()
    if total > 0.0:
        x = sums / np.sqrt(total)
        for _ in range(_ROUNDS):
            # The mean of two rounds, in logarithms: it neither runs away nor goes to and fro.
            x, before = np.sqrt(x * sums / (x.sum() - x)), x
            if np.abs(x - before).max() <= _EXACT * x.max():
                break
        np.fill_diagonal(result, x * x)
    return result


def leak_of(network: FloatArray, labels: IntArray) -> Leak:
    """The leak of a split.

    Parameters
    ----------
    network : ndarray of shape (n, n)
        As `filled` makes it.
    labels : ndarray of int, shape (n,)
        The part of each subparticle, from 0 on.

    Examples
    --------
    >>> ring = np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)
    >>> leak = leak_of(filled(ring), np.array([0, 0, 0, 1, 1, 1]))  # 2 of 6; of 15 pairs, 9
    >>> round(leak.crossing, 4), round(leak.expected, 4), round(leak.ratio, 4)
    (0.3333, 0.6, 0.5556)
    """
    between = merged(network, labels)
    ends = between.sum(axis=1)
    total = float(ends.sum() - np.trace(network))
    if total <= 0.0:
        return Leak(0.0, 0.0)
    expected = np.outer(ends, ends) / ends.sum()
    np.fill_diagonal(between, 0.0)
    np.fill_diagonal(expected, 0.0)
    return Leak(float(between.sum()) / total, float(expected.sum()) / total)


def border_size(strengths: FloatArray, labels: IntArray) -> int:
    """How many subparticles have a boundary state (of weight other than 0) that crosses.

    Examples
    --------
    >>> chain = np.diag([1.0, 0.5, 1.0], 1)
    >>> border_size(chain + chain.T, np.array([0, 0, 1, 1]))
    2
    """
    crossing = (strengths != 0.0) & (labels[:, None] != labels[None, :])
    return int(np.count_nonzero(crossing.any(axis=1)))
