"""Writing couplings into the boundary states of a world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepparticle.blankets._types import FloatArray
from deepparticle.partitions.arrays import blocks_of, explicit_couplings
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["write_couplings"]


def write_couplings(world: Partition, couplings: FloatArray) -> None:
    """Set the weight of every boundary state between subparticles.

    Parameters
    ----------
    world : Partition
    couplings : ndarray of shape (N, N)
        ``J[target, source]`` in row order; entries without a boundary state are ignored.
    """
    for row, block in blocks_of(world):
        if isinstance(block, Population):
            span = slice(row, row + block.size)
            block.weights[...] = couplings[span, span] * block.exists_mask
    for target, source, boundary in explicit_couplings(world):
        boundary.weight = float(couplings[target, source])
