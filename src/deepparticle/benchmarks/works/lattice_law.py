r"""A square lattice of spins, and the moments by which two programs are compared on it.

With weights :math:`w` on the edges and biases :math:`b`, both have to sample

.. math:: p(x) \propto \exp\Big(\sum_{(i,j)} w_{ij} x_i x_j + \sum_i b_i x_i\Big),
          \qquad x_i \in \{-1, +1\}.

The moments are the coupling energy, the bias energy and the magnetisation, all per spin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray

__all__ = ["Lattice", "moments"]


@dataclass(frozen=True, eq=False)
class Lattice:
    """Spins on a square lattice with open edges, random couplings and random biases.

    The couplings are weak enough for correlations to be short: every program forgets its start
    within tens of sweeps, so that a short run tells whether it samples the right law.
    """

    side: int
    pairs: IntArray
    weights: FloatArray
    bias: FloatArray

    @classmethod
    def random(cls, side: int) -> Lattice:
        """The lattice of so many spins squared."""
        rng = np.random.default_rng(4)
        rows = np.arange(side * side).reshape(side, side)
        across = np.stack([rows[:, :-1].ravel(), rows[:, 1:].ravel()], axis=1)
        down = np.stack([rows[:-1].ravel(), rows[1:].ravel()], axis=1)
        pairs = np.concatenate([across, down])
        weights = rng.normal(0.1, 0.3, len(pairs)).astype(np.float32)
        bias = rng.normal(0.05, 0.2, side * side).astype(np.float32)
        return cls(side, pairs.astype(np.intp), weights.astype(float), bias.astype(float))

    @property
    def couplings(self) -> Any:
        """J as a sparse array; each pair is coupled both ways."""
        import scipy.sparse

        left, right = self.pairs.T
        size = self.side**2
        both = np.concatenate([left, right]), np.concatenate([right, left])
        return scipy.sparse.csr_array((np.tile(self.weights, 2), both), shape=(size, size))


def moments(lattice: Lattice, states: Any) -> FloatArray:
    """Coupling energy, bias energy and magnetisation per spin of each sample, shape (samples, 3).

    Examples
    --------
    >>> moments(Lattice.random(4), np.ones((7, 16))).shape
    (7, 3)
    """
    spins = np.asarray(states, dtype=np.float32)
    left, right = lattice.pairs.T
    size = spins.shape[-1]
    energy = -(spins[:, left] * spins[:, right]) @ lattice.weights / size
    return np.stack([energy, -spins @ lattice.bias / size, spins.mean(-1)], axis=1)
