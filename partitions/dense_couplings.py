"""Couplings of a population as matrices: a fully coupled one of 4096 members takes 128 MiB."""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.partitions.coupling_storage import CouplingStorage

__all__ = ["DenseCouplings"]


class DenseCouplings(CouplingStorage):
    """Matrices.

    Parameters
    ----------
    weights : ndarray of shape (N, N)
        Kept, not copied; 0 where no boundary state exists.
    mask : ndarray of bool, shape (N, N), or None
        Which boundary states exist; None: all but the diagonal, which needs no memory.
    plastic : bool or ndarray of bool, shape (N, N)
        Which of them learning changes.
    """

    def __init__(
        self, weights: FloatArray, mask: BoolArray | None, plastic: bool | BoolArray
    ) -> None:
        self.size = len(weights)
        self._weights = weights
        self._mask = mask
        self._plastic = plastic

    def _all(self) -> BoolArray:
        return ~np.eye(self.size, dtype=np.bool_) if self._mask is None else self._mask

    @property
    def weights(self) -> FloatArray:
        """The couplings as an array of shape ``(N, N)``: the numbers themselves."""
        return self._weights

    @property
    def count(self) -> int:
        """How many boundary states exist."""
        if self._mask is None:
            return self.size * (self.size - 1)
        return int(np.count_nonzero(self._mask))

    def has(self, row: int, column: int) -> bool:
        """Whether one exists."""
        return row != column if self._mask is None else bool(self._mask[row, column])

    def sources(self, row: int) -> IntArray:
        """From which members boundary states lead to `row`, ascending."""
        if self._mask is None:
            return np.delete(np.arange(self.size), row)
        return np.flatnonzero(self._mask[row])

    def targets(self, column: int) -> IntArray:
        """To which members boundary states lead from `column`, ascending."""
        if self._mask is None:
            return np.delete(np.arange(self.size), column)
        return np.flatnonzero(self._mask[:, column])

    def weight(self, row: int, column: int) -> float:
        """The weight of one that exists."""
        return float(self._weights[row, column])

    def set_weight(self, row: int, column: int, weight: float) -> None:
        """Set the weight of one that exists."""
        self._weights[row, column] = weight

    def is_plastic(self, row: int, column: int) -> bool:
        """Whether learning changes one."""
        plastic = self._plastic
        return plastic if isinstance(plastic, bool) else bool(plastic[row, column])

    def set_plastic(self, row: int | None, column: int | None, plastic: bool) -> None:
        """Set whether learning changes one, a row, a column or (None, None) all."""
        if row is None and column is None:
            self._plastic = bool(plastic)
            return
        if isinstance(self._plastic, bool):
            self._plastic = np.full((self.size, self.size), self._plastic)
        rows = slice(None) if row is None else row
        columns = slice(None) if column is None else column
        self._plastic[rows, columns] = bool(plastic)

    @property
    def plastic_by_default(self) -> bool:
        """Whether learning changes all, where none exists to ask."""
        return self.is_plastic(0, 0)

    def add(self, row: int, column: int, weight: float, plastic: bool) -> None:
        """Make one that does not exist."""
        self._mask = self._all()
        self._mask[row, column] = True
        self._weights[row, column] = weight
        if self.is_plastic(row, column) != plastic:
            self.set_plastic(row, column, plastic)

    def add_all(
        self, rows: IntArray, columns: IntArray, weights: FloatArray, plastic: bool
    ) -> None:
        """Make many, different ones, that do not exist."""
        self._mask = self._all()
        self._mask[rows, columns] = True
        self._weights[rows, columns] = weights
        if self._plastic is not plastic:
            if isinstance(self._plastic, bool):
                self._plastic = np.full((self.size, self.size), self._plastic)
            self._plastic[rows, columns] = plastic

    def first_of(self, rows: IntArray, columns: IntArray) -> tuple[int, int] | None:
        """The first of many that exists already, if there is one."""
        there = np.flatnonzero(rows != columns if self._mask is None else self._mask[rows, columns])
        return (int(rows[there[0]]), int(columns[there[0]])) if there.size else None

    def discard(self, row: int, column: int) -> None:
        """Remove one that exists."""
        self._mask = self._all()
        self._mask[row, column] = False
        self._weights[row, column] = 0.0

    def entries(self) -> tuple[IntArray, IntArray, FloatArray, BoolArray]:
        """All of them: targets, sources, weights and whether they are plastic."""
        exists, plastic = self._all(), self._plastic
        targets, sources = np.nonzero(exists)
        flags = np.full(len(targets), plastic) if isinstance(plastic, bool) else plastic[exists]
        return targets, sources, self._weights[exists], flags

    def write(self, values: FloatArray, changed: BoolArray | None = None) -> None:
        """Set weights from an array in the order of `entries`, all or those that `changed`."""
        chosen = self._all()
        if changed is not None:
            exists, chosen = chosen, np.zeros_like(chosen)
            chosen[exists] = changed
            values = values[changed]
        self._weights[chosen] = values

    def fill(self, couplings: FloatArray, exists: BoolArray, plastic: BoolArray) -> None:
        """Write into matrices of zeros, of shape ``(N, N)``, what exists, and how."""
        exists[:] = self._all()
        np.copyto(couplings, self._weights, where=exists)
        np.copyto(plastic, self._plastic, where=exists)

    def write_matrix(self, matrix: FloatArray, changed: BoolArray | None = None) -> None:
        """Set weights from a matrix of shape ``(N, N)``, where boundary states exist."""
        exists = self._all()
        np.copyto(self._weights, matrix, where=exists if changed is None else exists & changed)

    def broken(self) -> list[tuple[int, int]]:
        """Where a number is not finite, or stands where no boundary state can be or is."""
        wrong = ~np.isfinite(self._weights)
        wrong |= (self._weights != 0.0) & ~self._all()
        return [(row, column) for row, column in np.argwhere(wrong).tolist()]

    def copy(self) -> DenseCouplings:
        """The same with numbers of its own."""
        mask = None if self._mask is None else self._mask.copy()
        plastic = self._plastic if isinstance(self._plastic, bool) else self._plastic.copy()
        return DenseCouplings(self._weights.copy(), mask, plastic)
