"""The couplings of a partition as a matrix, ``J[target, source]`` in row order, out and in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["coupling_arrays", "coupling_matrix", "write_couplings"]

# Beyond this many rows a matrix with fewer than one entry in ten is returned sparse.
_LARGE = 2048
_SPARSE_DENSITY = 0.1


def blocks_of(partition: Partition) -> list[tuple[int, Subparticle | Population]]:
    """The explicit leaves and the populations inside, each with its first row."""
    blocks: list[tuple[int, Subparticle | Population]] = []
    row = 0
    for member in partition.walk():
        if isinstance(member, Subparticle):
            blocks.append((row, member))
            row += 1
        elif isinstance(member, Population):
            blocks.append((row, member))
            row += member.size
    return blocks


def coupling_arrays(partition: Partition) -> tuple[FloatArray, BoolArray, BoolArray]:
    """The couplings among the leaves inside, which of them exist, and which are plastic.

    Returns
    -------
    couplings : ndarray of shape (N, N)
    exists, plastic : ndarray of bool, shape (N, N)
        ``plastic`` is True only where a coupling exists.
    """
    count = len(partition.subparticles)
    couplings = np.zeros((count, count))
    exists = np.zeros((count, count), dtype=np.bool_)
    plastic = np.zeros((count, count), dtype=np.bool_)
    for row, block in blocks_of(partition):
        if isinstance(block, Population):
            span = slice(row, row + block.size)
            couplings[span, span] = block.weights * block.exists_mask
            exists[span, span] = block.exists_mask
            plastic[span, span] = block.plastic_mask & block.exists_mask
    for target, source, boundary in explicit_couplings(partition):
        couplings[target, source] = boundary.weight
        exists[target, source] = True
        plastic[target, source] = boundary.plastic
    return couplings, exists, plastic


def explicit_couplings(partition: Partition) -> list[tuple[int, int, Any]]:
    """The explicit boundary states among the leaves inside, as (target row, source row, it)."""
    rows: dict[Any, int] = partition._remembered(
        "rows", lambda: {leaf: row for row, leaf in enumerate(partition.subparticles)}
    )
    found = []
    for leaf, row in rows.items():
        for source, boundary in leaf._incoming.items():
            column = rows.get(source)
            if column is not None:
                found.append((row, column, boundary))
    return found


def coupling_matrix(partition: Partition) -> Any:
    """The couplings, dense, or a scipy sparse array when large and sparse."""
    count = len(partition.subparticles)
    if count > _LARGE:
        entries = explicit_couplings(partition)
        stored = len(entries)
        for _, block in blocks_of(partition):
            if isinstance(block, Population):
                stored += int(np.count_nonzero(block.exists_mask))
        if stored < _SPARSE_DENSITY * count * count:
            return _sparse(partition, count)
    return coupling_arrays(partition)[0]


def _sparse(partition: Partition, count: int) -> Any:
    import scipy.sparse

    rows: list[Any] = [np.zeros(0, dtype=np.intp)]
    columns: list[Any] = [np.zeros(0, dtype=np.intp)]
    values: list[Any] = [np.zeros(0)]
    for row, block in blocks_of(partition):
        if isinstance(block, Population):
            target, source = np.nonzero(block.exists_mask)
            rows.append(target + row)
            columns.append(source + row)
            values.append(block.weights[target, source])
    entries = explicit_couplings(partition)
    rows.append([entry[0] for entry in entries])
    columns.append([entry[1] for entry in entries])
    values.append([entry[2].weight for entry in entries])
    index = (np.concatenate(rows).astype(np.intp), np.concatenate(columns).astype(np.intp))
    return scipy.sparse.csr_array((np.concatenate(values), index), shape=(count, count))


def write_couplings(
    world: Partition, couplings: FloatArray, changed: BoolArray | None = None
) -> None:
    """Set the weights of boundary states between subparticles.

    Parameters
    ----------
    world : Partition
    couplings : ndarray of shape (N, N)
        ``J[target, source]`` in row order, finite; entries without a boundary state are ignored.
    changed : ndarray of bool, shape (N, N), optional
        Which of them to write; by default all.
    """
    for row, block in blocks_of(world):
        if isinstance(block, Population):
            span = slice(row, row + block.size)
            chosen = block.exists_mask if changed is None else changed[span, span]
            chosen = chosen & block.exists_mask
            block.weights[chosen] = couplings[span, span][chosen]
    for target, source, boundary in explicit_couplings(world):
        if changed is None or changed[target, source]:
            boundary.weight = float(couplings[target, source])
