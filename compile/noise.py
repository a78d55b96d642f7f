r"""The noise of boundary states, as the rows they belong to receive it.

With :math:`s_{ij} = J_{ij}\sigma_j + d_{ij} z_{ij}` the field of a row is

.. math:: h_i = b_i + \sum_j J_{ij}\sigma_j + \sum_j d_{ij} z_{ij}, \qquad z_{ij} \sim N(0, 1),

with independent deviates, drawn anew in each step. The last sum is normal with variance
:math:`\sum_j d_{ij}^2`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray

__all__ = ["Noise"]


class Noise(NamedTuple):
    """The noisy boundary states: their target rows (M,), and standard deviations (M,)."""

    targets: IntArray
    deviations: FloatArray

    def added(self, deviates: FloatArray, size: int) -> FloatArray:
        """What they add to the fields of N rows, shape (..., N), for deviates of shape (..., M)."""
        total = np.zeros((*deviates.shape[:-1], size), deviates.dtype)
        rows: Any = (..., self.targets)
        np.add.at(total, rows, deviates * self.deviations.astype(deviates.dtype))
        return total

    def of_rows(self, size: int) -> FloatArray:
        """The standard deviation of what they add to the field of each row, shape (N,)."""
        variances = np.bincount(self.targets, self.deviations**2, minlength=size)
        deviations: FloatArray = np.sqrt(variances)
        return deviations
