"""The couplings of a partition as arrays in row order, out and in.

Two forms of the same thing: *entries*, the boundary states that exist, one after the other in
row-major order; and *matrices*, ``J[target, source]`` of shape ``(N, N)``. Entries take memory for
what exists, matrices for what could: a lattice of a million leaves has four million entries, and a
matrix of a trillion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = [
    "CouplingEntries",
    "coupling_arrays",
    "coupling_entries",
    "coupling_matrix",
    "noisy_boundaries",
    "write_couplings",
    "write_entries",
]

# Beyond this many rows a matrix with fewer than one entry in ten is returned sparse.
_LARGE = 2048
_SPARSE_DENSITY = 0.1


@dataclass(frozen=True, eq=False)
class CouplingEntries:
    """The boundary states among the leaves of a partition, sorted by target, then source.

    Parameters
    ----------
    size : int
        The number of rows N.
    targets, sources : ndarray of intp, shape (count,)
        Their rows.
    weights : ndarray of float64, shape (count,)
        ``J[target, source]``, a copy.
    plastic : ndarray of bool, shape (count,)
        Whether learning changes them.
    """

    size: int
    targets: IntArray
    sources: IntArray
    weights: FloatArray
    plastic: BoolArray

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.targets)

    @property
    def density(self) -> float:
        """Which part of the ordered pairs of different rows is coupled, between 0 and 1."""
        return self.count / max(1, self.size * (self.size - 1))

    @property
    def starts(self) -> IntArray:
        """Where the entries of each target begin, shape ``(N + 1,)``: the row pointers of CSR."""
        return np.searchsorted(self.targets, np.arange(self.size + 1)).astype(np.intp)

    def within(self, row: int, size: int) -> Any:
        """Which entries join two of the `size` rows from `row` on: an index of the arrays."""
        start, end = np.searchsorted(self.targets, [row, row + size]).tolist()
        sources = self.sources[start:end]
        inner = (sources >= row) & (sources < row + size)
        return slice(start, end) if inner.all() else start + np.flatnonzero(inner)


# ---------------------------------------------------------------------- rows


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


@dataclass(frozen=True)
class _Explicit:
    """The couplings that are objects of their own, in row-major order."""

    targets: IntArray
    sources: IntArray
    boundaries: list[Boundary]


def _explicit_couplings(partition: Partition) -> _Explicit:
    def find() -> _Explicit:
        targets: list[int] = []
        sources: list[int] = []
        boundaries: list[Boundary] = []
        row_of = partition._row
        for start, block in blocks_of(partition):
            leaves: Any = (
                sorted(block._members.items()) if isinstance(block, Population) else ((0, block),)
            )
            for offset, leaf in leaves:
                for source, boundary in leaf._incoming.items():
                    column = row_of(source)
                    if column is not None:
                        targets.append(start + offset)
                        sources.append(column)
                        boundaries.append(boundary)
        rows, columns = np.array(targets, dtype=np.intp), np.array(sources, dtype=np.intp)
        order = np.lexsort((columns, rows))
        if not np.array_equal(order, np.arange(len(order))):
            rows, columns = rows[order], columns[order]
            boundaries = [boundaries[index] for index in order.tolist()]
        return _Explicit(rows, columns, boundaries)

    return partition._remembered("explicit couplings", find)


# ---------------------------------------------------------------------- out


def coupling_entries(partition: Partition) -> CouplingEntries:
    """The boundary states among the leaves inside, explicit ones and those of populations.

    Linear in their number; nothing of shape ``(N, N)`` is made for populations that are stored
    sparse.

    Returns
    -------
    CouplingEntries

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> a, b = world.add_subparticle("a"), world.add_subparticle("b")
    >>> _ = world.couple(a, b, 0.8)
    >>> entries = coupling_entries(world)
    >>> entries.targets.tolist(), entries.sources.tolist(), entries.weights.tolist()
    ([1], [0], [0.8])
    """
    explicit = _explicit_couplings(partition)
    count = len(explicit.boundaries)
    parts: list[tuple[Any, Any, Any, Any]] = []
    for row, block in blocks_of(partition):
        if isinstance(block, Population):
            targets, sources, weights, plastic = block.storage.entries()
            targets += row
            sources += row
            parts.append((targets, sources, weights, plastic))
    if count or not parts:
        weights = np.fromiter((one.weight for one in explicit.boundaries), np.float64, count)
        plastic = np.fromiter((one.plastic for one in explicit.boundaries), np.bool_, count)
        parts.append((explicit.targets, explicit.sources, weights, plastic))
    targets, sources, weights, plastic = (
        np.concatenate(part) if len(part) > 1 else part[0] for part in zip(*parts, strict=True)
    )
    if count and len(parts) > 1:
        # Populations alone are in order already: their rows follow one another.
        order = np.lexsort((sources, targets))
        targets, sources = targets[order], sources[order]
        weights, plastic = weights[order], plastic[order]
    return CouplingEntries(partition.leaf_count, targets, sources, weights, plastic)


def noisy_boundaries(partition: Partition) -> list[Any]:
    """The noisy boundary states among the leaves inside, by target, then source.

    Those inside populations are deltas.
    """
    explicit = _explicit_couplings(partition).boundaries
    return [boundary for boundary in explicit if boundary.conditional.is_noisy]


def coupling_arrays(partition: Partition) -> tuple[FloatArray, BoolArray, BoolArray]:
    """The couplings among the leaves inside, which of them exist, and which are plastic.

    Returns
    -------
    couplings : ndarray of shape (N, N)
    exists, plastic : ndarray of bool, shape (N, N)
        ``plastic`` is True only where a coupling exists.
    """
    count = partition.leaf_count
    couplings = np.zeros((count, count))
    exists = np.zeros((count, count), dtype=np.bool_)
    plastic = np.zeros((count, count), dtype=np.bool_)
    for row, block in blocks_of(partition):
        if isinstance(block, Population):
            span = slice(row, row + block.size), slice(row, row + block.size)
            block.storage.fill(couplings[span], exists[span], plastic[span])
    explicit = _explicit_couplings(partition)
    index = explicit.targets, explicit.sources
    couplings[index] = [boundary.weight for boundary in explicit.boundaries]
    exists[index] = True
    plastic[index] = [boundary.plastic for boundary in explicit.boundaries]
    return couplings, exists, plastic


def coupling_matrix(partition: Partition) -> Any:
    """The couplings, dense, or a `scipy.sparse.csr_array` when large and sparse.

    Large is more than 2048 rows; sparse is fewer than one entry in ten.
    """
    count = partition.leaf_count
    if count > _LARGE:
        stored = len(_explicit_couplings(partition).boundaries)
        for _, block in blocks_of(partition):
            stored += block.storage.count if isinstance(block, Population) else 0
        if stored < _SPARSE_DENSITY * count * count:
            import scipy.sparse

            entries = coupling_entries(partition)
            parts = (entries.weights, entries.sources, entries.starts)
            return scipy.sparse.csr_array(parts, shape=(count, count))
    return coupling_arrays(partition)[0]


# ---------------------------------------------------------------------- in


def write_entries(
    world: Partition,
    entries: CouplingEntries,
    values: FloatArray,
    changed: BoolArray | None = None,
) -> None:
    """Set the weights of boundary states from numbers that lie in the order of `entries`.

    Parameters
    ----------
    world : Partition
    entries : CouplingEntries
        Of this world, since whose making its structure has not changed.
    values : ndarray of shape (count,)
        The new weights, finite.
    changed : ndarray of bool, shape (count,), optional
        Which of them to write; by default all.

    Raises
    ------
    SettingError
        If the entries are not those of this world, or there is not one value for each.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> _ = world.add_population("cortex", 2, couplings=np.zeros((2, 2)))
    >>> write_entries(world, coupling_entries(world), np.array([0.5, -0.5]))
    >>> world.couplings.tolist()
    [[0.0, 0.5], [-0.5, 0.0]]
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (entries.count,):
        raise SettingError(
            Fault(
                str(world),
                f"there is one value per entry, shape ({entries.count},)",
                f"shape {numbers.shape}",
                "give the weights of the entries, changed",
            )
        )
    explicit = _explicit_couplings(world)
    parts = [(row, block) for row, block in blocks_of(world) if isinstance(block, Population)]
    found = sum(block.storage.count for _, block in parts) + len(explicit.boundaries)
    own = [entries.within(row, block.size) for row, block in parts]
    places = _places(entries, explicit)
    fits = entries.size == world.leaf_count and entries.count == found
    fits = fits and all(
        np.size(numbers[inner]) == block.storage.count
        for inner, (_, block) in zip(own, parts, strict=True)
    )
    if not fits or places is None:
        raise SettingError(
            Fault(
                str(world),
                "the entries are those of this world as it is now",
                f"{entries.count} entries of {entries.size} rows that belong to another structure",
                "make them again with coupling_entries(world)",
            )
        )
    for inner, (_, block) in zip(own, parts, strict=True):
        block.storage.write(numbers[inner], None if changed is None else changed[inner])
    _write_explicit(explicit, numbers[places], None if changed is None else changed[places])


def _places(entries: CouplingEntries, explicit: _Explicit) -> IntArray | None:
    """Where explicit couplings are among the entries; None if one of them is not."""
    if not explicit.boundaries:
        return np.zeros(0, dtype=np.intp)
    keys = entries.targets * entries.size + entries.sources
    asked = explicit.targets * entries.size + explicit.sources
    places = np.searchsorted(keys, asked)
    there = keys.size > 0 and np.array_equal(keys[np.minimum(places, keys.size - 1)], asked)
    return places if there else None


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
            span = slice(row, row + block.size), slice(row, row + block.size)
            block.storage.write_matrix(couplings[span], None if changed is None else changed[span])
    explicit = _explicit_couplings(world)
    index = explicit.targets, explicit.sources
    _write_explicit(explicit, couplings[index], None if changed is None else changed[index])


def _write_explicit(explicit: _Explicit, values: FloatArray, changed: BoolArray | None) -> None:
    chosen = range(len(values)) if changed is None else np.flatnonzero(changed).tolist()
    numbers = values.tolist()
    for index in chosen:
        explicit.boundaries[index].weight = numbers[index]
