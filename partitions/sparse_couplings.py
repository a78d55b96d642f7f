"""Couplings of a population as compressed rows (CSR): only what exists.

For each target there are its sources in ascending order, their weights, and whether they learn, 13
bytes per boundary state. Single edits are noted, and worked in when the rows are read next, so that
a thousand edits cost as much as one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, PartitionError
from deepparticle.partitions.coupling_storage import CouplingStorage

__all__ = ["SparseCouplings"]


class SparseCouplings(CouplingStorage):
    """Compressed rows: only what exists.

    Parameters
    ----------
    size : int
        The number of members N.
    targets, sources : ndarray of int, shape (count,)
        Sorted by target, then source, none on the diagonal.
    values : ndarray of shape (count,)
        Their weights.
    plastic : bool
        Whether learning changes them.
    """

    def __init__(
        self, size: int, targets: IntArray, sources: IntArray, values: FloatArray, plastic: bool
    ) -> None:
        self.size = size
        self._default = plastic
        self._set(targets, sources, values, np.full(len(values), plastic))

    def _set(
        self, targets: IntArray, sources: IntArray, values: FloatArray, plastic: BoolArray
    ) -> None:
        counts = np.bincount(targets, minlength=self.size)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        # Row numbers of four bytes are enough for any population that fits in memory.
        self._sources = sources.astype(np.int32)
        self._values = values
        self._plastic = plastic
        self._by_source: tuple[IntArray, IntArray] | None = None
        # Edits that the rows do not show yet.
        self._added: dict[tuple[int, int], tuple[float, bool]] = {}
        self._discarded: set[int] = set()

    def _settle(self) -> None:
        """Work noted edits into the rows."""
        if not self._added and not self._discarded:
            return
        keep = np.ones(len(self._values), dtype=np.bool_)
        keep[list(self._discarded)] = False
        places = np.array(list(self._added), dtype=np.intp).reshape(-1, 2)
        notes = list(self._added.values())
        targets = np.concatenate([self._targets()[keep], places[:, 0]])
        sources = np.concatenate([self._sources[keep], places[:, 1]])
        values = np.concatenate([self._values[keep], [weight for weight, _ in notes]])
        plastic = np.concatenate(
            [self._plastic[keep], np.array([one for _, one in notes], dtype=np.bool_)]
        )
        order = np.lexsort((sources, targets))
        self._set(targets[order], sources[order], values[order], plastic[order])

    def _targets(self) -> IntArray:
        return np.repeat(np.arange(self.size), np.diff(self._starts))

    def _place(self, row: int, column: int) -> int:
        """Where the rows hold an entry; -1 where they do not."""
        start, end = int(self._starts[row]), int(self._starts[row + 1])
        place = start + int(self._sources[start:end].searchsorted(column))
        if place == end or self._sources[place] != column or place in self._discarded:
            return -1
        return place

    @property
    def weights(self) -> Any:
        """The couplings as a `scipy.sparse.csr_array` that shares its numbers with the storage.

        Writing to an entry that exists changes its boundary state.
        """
        import scipy.sparse

        self._settle()
        shape = (self.size, self.size)
        starts = self._starts
        if len(self._values) <= np.iinfo(np.int32).max:
            starts = starts.astype(np.int32)
        return scipy.sparse.csr_array((self._values, self._sources, starts), shape=shape)

    @property
    def count(self) -> int:
        """How many boundary states exist."""
        return len(self._values) + len(self._added) - len(self._discarded)

    def has(self, row: int, column: int) -> bool:
        """Whether one exists."""
        return (row, column) in self._added or self._place(row, column) >= 0

    def sources(self, row: int) -> IntArray:
        """From which members boundary states lead to `row`, ascending."""
        self._settle()
        return self._sources[self._starts[row] : self._starts[row + 1]].astype(np.intp)

    def targets(self, column: int) -> IntArray:
        """To which members boundary states lead from `column`, ascending."""
        places, starts = self._column_places()
        chosen = places[starts[column] : starts[column + 1]]
        found: IntArray = np.searchsorted(self._starts, chosen, side="right") - 1
        return found

    def _column_places(self) -> tuple[IntArray, IntArray]:
        """The places of all entries by source, and where those of each source begin."""
        self._settle()
        if self._by_source is None:
            counts = np.bincount(self._sources, minlength=self.size)
            starts = np.concatenate([[0], np.cumsum(counts)])
            self._by_source = np.argsort(self._sources, kind="stable"), starts
        return self._by_source

    def weight(self, row: int, column: int) -> float:
        """The weight of one that exists; 0 for one that was removed."""
        note = self._added.get((row, column))
        if note is not None:
            return note[0]
        place = self._place(row, column)
        return float(self._values[place]) if place >= 0 else 0.0

    def _existing(self, row: int, column: int) -> int:
        place = self._place(row, column)
        if place < 0:
            raise PartitionError(
                Fault(
                    f"{column} → {row}",
                    "only a boundary state that exists can be changed",
                    "one that was removed from its population",
                    "make it again with couple()",
                )
            )
        return place

    def set_weight(self, row: int, column: int, weight: float) -> None:
        """Set the weight of one that exists."""
        note = self._added.get((row, column))
        if note is None:
            self._values[self._existing(row, column)] = weight
        else:
            self._added[row, column] = (float(weight), note[1])

    def is_plastic(self, row: int, column: int) -> bool:
        """Whether learning changes one."""
        note = self._added.get((row, column))
        if note is not None:
            return note[1]
        place = self._place(row, column)
        return bool(self._plastic[place]) if place >= 0 else self._default

    def set_plastic(self, row: int | None, column: int | None, plastic: bool) -> None:
        """Set whether learning changes one, a row, a column or (None, None) all."""
        if row is not None and column is not None:
            note = self._added.get((row, column))
            if note is None:
                self._plastic[self._existing(row, column)] = bool(plastic)
            else:
                self._added[row, column] = (note[0], bool(plastic))
            return
        self._settle()
        if row is not None:
            self._plastic[self._starts[row] : self._starts[row + 1]] = bool(plastic)
        elif column is not None:
            places, starts = self._column_places()
            self._plastic[places[starts[column] : starts[column + 1]]] = bool(plastic)
        else:
            self._default = bool(plastic)
            self._plastic[:] = bool(plastic)

    @property
    def plastic_by_default(self) -> bool:
        """Whether learning changes all, where none exists to ask."""
        return self._default

    def add(self, row: int, column: int, weight: float, plastic: bool) -> None:
        """Make one that does not exist."""
        self._added[row, column] = (float(weight), bool(plastic))

    def add_all(
        self, rows: IntArray, columns: IntArray, weights: FloatArray, plastic: bool
    ) -> None:
        """Make many, different ones, that do not exist."""
        self._settle()
        targets = np.concatenate([self._targets(), rows])
        sources = np.concatenate([self._sources, columns])
        values = np.concatenate([self._values, weights])
        flags = np.concatenate([self._plastic, np.full(len(rows), plastic)])
        order = np.lexsort((sources, targets))
        self._set(targets[order], sources[order], values[order], flags[order])

    def first_of(self, rows: IntArray, columns: IntArray) -> tuple[int, int] | None:
        """The first of many that exists already, if there is one."""
        self._settle()
        keys = self._targets() * self.size + self._sources
        there = np.flatnonzero(np.isin(rows * self.size + columns, keys)) if keys.size else keys
        return (int(rows[there[0]]), int(columns[there[0]])) if there.size else None

    def discard(self, row: int, column: int) -> None:
        """Remove one that exists."""
        if self._added.pop((row, column), None) is None:
            self._discarded.add(self._place(row, column))

    def entries(self) -> tuple[IntArray, IntArray, FloatArray, BoolArray]:
        """All of them: targets, sources, weights and whether they are plastic."""
        self._settle()
        sources = self._sources.astype(np.intp)
        return self._targets(), sources, self._values.copy(), self._plastic.copy()

    def write(self, values: FloatArray, changed: BoolArray | None = None) -> None:
        """Set weights from an array in the order of `entries`, all or those that `changed`."""
        self._settle()
        chosen = slice(None) if changed is None else changed
        self._values[chosen] = values[chosen]

    def fill(self, couplings: FloatArray, exists: BoolArray, plastic: BoolArray) -> None:
        """Write into matrices of zeros, of shape ``(N, N)``, what exists, and how."""
        targets, sources, weights, flags = self.entries()
        couplings[targets, sources] = weights
        exists[targets, sources] = True
        plastic[targets, sources] = flags

    def write_matrix(self, matrix: FloatArray, changed: BoolArray | None = None) -> None:
        """Set weights from a matrix of shape ``(N, N)``, where boundary states exist."""
        targets, sources = self.entries()[:2]
        self.write(matrix[targets, sources], None if changed is None else changed[targets, sources])

    def broken(self) -> list[tuple[int, int]]:
        """Where a number is not finite."""
        self._settle()
        places = np.flatnonzero(~np.isfinite(self._values))
        rows = np.searchsorted(self._starts, places, side="right") - 1
        columns = self._sources[places]
        return list(zip(rows.tolist(), columns.tolist(), strict=True))

    def copy(self) -> SparseCouplings:
        """The same with numbers of its own."""
        self._settle()
        twin = SparseCouplings(self.size, *self.entries()[:3], self._default)
        twin._plastic = self._plastic.copy()
        return twin
