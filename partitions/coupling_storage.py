"""How a population keeps the boundary states among its members: dense, or only those that exist.

Both forms answer the same questions. `DenseCouplings` holds matrices of shape ``(N, N)``; a fully
coupled population of 4096 members takes 128 MiB. `SparseCouplings` holds compressed rows (CSR): for
each target its sources in ascending order, their weights, and whether they learn, 13 bytes per
boundary state. Single edits of a sparse form are noted, and worked in when the rows are read next,
so that a thousand edits cost as much as one.

*Entries* are the boundary states in row-major order: by target, then by source.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array

__all__ = [
    "CouplingStorage",
    "DenseCouplings",
    "SparseCouplings",
    "checked_entries",
    "checked_matrix",
    "stored",
]

# A matrix of 512 × 512 takes 2 MiB and is read at once: below that, sparse forms save nothing. An
# entry of a sparse form takes 13 bytes and one of a dense form 9, but reading entries one by one
# costs more than reading them in rows: sparse pays where nine in ten are not there.
_LARGE = 512
_SPARSE_DENSITY = 0.1


# ---------------------------------------------------------------------- what is given


def _refuse_no_numbers(matrix: Any, where: str, what: str) -> SettingTypeError:
    return SettingTypeError(
        Fault(
            where,
            f"the {what} are a matrix of numbers",
            repr(matrix)[:60],
            "give an array of floats",
        )
    )


def _refuse_shape(shape: Any, wanted: tuple[int, int], where: str, what: str) -> SettingError:
    return SettingError(
        Fault(
            where,
            f"the {what} have shape {wanted}, target × source",
            f"shape {shape}",
            f"give an array of shape {wanted}",
        )
    )


def _refuse_infinite(value: float, target: int, source: int, where: str, what: str) -> SettingError:
    return SettingError(
        Fault(
            where,
            f"the {what} are finite",
            f"{value} at [{target}, {source}]",
            "replace NaN and inf",
        )
    )


def checked_matrix(
    matrix: Any, shape: tuple[int, int], where: str, what: str = "couplings"
) -> FloatArray:
    """Return `matrix` as a dense float64 copy.

    Parameters
    ----------
    matrix : array_like of shape (targets, sources)
    shape : tuple of int
        What its shape must be.

    Raises
    ------
    SettingError, SettingTypeError
        For another shape, or values that are not finite numbers.

    Examples
    --------
    >>> checked_matrix([[0, 1]], (1, 2), "cortex")
    array([[0., 1.]])
    """
    try:
        values = real_array(matrix)
    except (TypeError, ValueError):
        raise _refuse_no_numbers(matrix, where, what) from None
    if values.shape != shape:
        raise _refuse_shape(values.shape, shape, where, what)
    finite = np.isfinite(values)
    if not finite.all():
        target, source = np.argwhere(~finite)[0].tolist()
        raise _refuse_infinite(values[target, source], target, source, where, what)
    return values


def checked_entries(
    matrix: Any, shape: tuple[int, int], where: str, what: str = "couplings"
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the stored entries of a scipy sparse array: targets, sources, float64 values.

    Entries are sorted by target, then source; those stored twice are summed, as scipy does.

    Raises
    ------
    SettingError, SettingTypeError
        For another shape, or values that are not finite numbers.

    Examples
    --------
    >>> import scipy.sparse
    >>> targets, sources, values = checked_entries(scipy.sparse.eye_array(2), (2, 2), "cortex")
    >>> targets.tolist(), sources.tolist(), values.tolist()
    ([0, 1], [0, 1], [1.0, 1.0])
    """
    if tuple(matrix.shape) != shape:
        raise _refuse_shape(tuple(matrix.shape), shape, where, what)
    rows = matrix.tocsr(copy=True)
    rows.sum_duplicates()
    try:
        values = real_array(rows.data)
    except (TypeError, ValueError):
        raise _refuse_no_numbers(matrix, where, what) from None
    targets = np.repeat(np.arange(shape[0]), np.diff(rows.indptr))
    sources = rows.indices.astype(np.intp)
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite))
        at = int(targets[first]), int(sources[first])
        raise _refuse_infinite(values[first], *at, where, what)
    return targets, sources, values


def stored(matrix: Any, size: int, where: str, plastic: bool) -> CouplingStorage:
    """Choose how to keep the couplings of `size` members.

    Parameters
    ----------
    matrix : array_like or scipy sparse array of shape (size, size), or None
        Dense: every off-diagonal boundary state exists. Sparse: only the stored entries do. None:
        none exists. What is given sparse, or is empty, is kept so if it has more than 512 members
        and fewer than one in ten pairs coupled.
    plastic : bool
        Whether learning changes them.

    Raises
    ------
    SettingError, SettingTypeError
        For another shape, or values that are not finite numbers.
    PartitionError
        For a diagonal that is not 0.

    Examples
    --------
    >>> stored(None, 3, "cortex", True).count, type(stored(None, 1000, "cortex", True)).__name__
    (0, 'SparseCouplings')
    """
    plastic = bool(plastic)
    if matrix is not None and not hasattr(matrix, "tocoo"):
        dense = checked_matrix(matrix, (size, size), where)
        _refuse_loops(np.arange(size), np.diagonal(dense), where)
        return DenseCouplings(dense, None, plastic)
    targets, sources = np.zeros((2, 0), dtype=np.intp)
    values: FloatArray = np.zeros(0)
    if matrix is not None:
        targets, sources, values = checked_entries(matrix, (size, size), where)
        off = targets != sources
        if not off.all():
            _refuse_loops(targets[~off], values[~off], where)
            targets, sources, values = targets[off], sources[off], values[off]
    if size > _LARGE and len(values) < _SPARSE_DENSITY * size * size:
        return SparseCouplings(size, targets, sources, values, plastic)
    weights, mask = np.zeros((size, size)), np.zeros((size, size), dtype=np.bool_)
    weights[targets, sources] = values
    mask[targets, sources] = True
    return DenseCouplings(weights, mask, plastic)


def _refuse_loops(rows: IntArray, weights: FloatArray, where: str) -> None:
    loops = np.flatnonzero(weights)
    if loops.size:
        row, weight = int(rows[loops[0]]), float(weights[loops[0]])
        raise PartitionError(
            Fault(
                f"{where}/{row}",
                "a subparticle is not coupled to itself",
                f"J[{row}, {row}] = {weight:g}",
                "set the diagonal to 0, use its bias instead",
            )
        )


# ---------------------------------------------------------------------- what is kept


class CouplingStorage(ABC):
    """The boundary states among the members of one population.

    A *row* is a target, a *column* a source, both numbers of members.
    """

    size: int
    """The number of members."""

    @property
    @abstractmethod
    def weights(self) -> Any:
        """The couplings as a matrix of shape ``(N, N)`` that shares its numbers with this."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many boundary states exist."""

    @abstractmethod
    def has(self, row: int, column: int) -> bool:
        """Whether one exists."""

    @abstractmethod
    def sources(self, row: int) -> IntArray:
        """From which members boundary states lead to `row`, ascending."""

    @abstractmethod
    def targets(self, column: int) -> IntArray:
        """To which members boundary states lead from `column`, ascending."""

    @abstractmethod
    def weight(self, row: int, column: int) -> float:
        """The weight of one that exists."""

    @abstractmethod
    def set_weight(self, row: int, column: int, weight: float) -> None:
        """Set the weight of one that exists."""

    @abstractmethod
    def is_plastic(self, row: int, column: int) -> bool:
        """Whether learning changes one."""

    @abstractmethod
    def set_plastic(self, row: int | None, column: int | None, plastic: bool) -> None:
        """Set whether learning changes one, a row, a column or (None, None) all."""

    @property
    @abstractmethod
    def plastic_by_default(self) -> bool:
        """Whether learning changes all, where none exists to ask."""

    @abstractmethod
    def add(self, row: int, column: int, weight: float, plastic: bool) -> None:
        """Make one that does not exist."""

    @abstractmethod
    def add_all(
        self, rows: IntArray, columns: IntArray, weights: FloatArray, plastic: bool
    ) -> None:
        """Make many, different ones, that do not exist."""

    @abstractmethod
    def first_of(self, rows: IntArray, columns: IntArray) -> tuple[int, int] | None:
        """The first of many that exists already, if there is one."""

    @abstractmethod
    def discard(self, row: int, column: int) -> None:
        """Remove one that exists."""

    @abstractmethod
    def entries(self) -> tuple[IntArray, IntArray, FloatArray, BoolArray]:
        """All of them: targets, sources, weights and whether they are plastic."""

    @abstractmethod
    def write(self, values: FloatArray, changed: BoolArray | None = None) -> None:
        """Set weights from an array in the order of `entries`, all or those that `changed`."""

    @abstractmethod
    def masks(self) -> tuple[BoolArray, BoolArray]:
        """Which exist, and which of them are plastic, each of shape ``(N, N)``."""

    @abstractmethod
    def broken(self) -> list[tuple[int, int]]:
        """Where a number is not finite, or stands where no boundary state can be or is."""

    @abstractmethod
    def copy(self) -> CouplingStorage:
        """The same with numbers of its own."""


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
        targets, sources = np.nonzero(self._all())
        plastic = self._plastic
        flags = (
            np.full(len(targets), plastic)
            if isinstance(plastic, bool)
            else plastic[targets, sources]
        )
        return targets, sources, self._weights[targets, sources], flags

    def write(self, values: FloatArray, changed: BoolArray | None = None) -> None:
        """Set weights from an array in the order of `entries`, all or those that `changed`."""
        places = np.flatnonzero(self._all())
        chosen = slice(None) if changed is None else changed
        # A matrix of a caller may be no contiguous block, so that a flat view would be a copy.
        self._weights[np.unravel_index(places[chosen], self._weights.shape)] = values[chosen]

    def masks(self) -> tuple[BoolArray, BoolArray]:
        """Which exist, and which of them are plastic, each of shape ``(N, N)``."""
        exists = self._all()
        return exists, exists & self._plastic

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

    def masks(self) -> tuple[BoolArray, BoolArray]:
        """Which exist, and which of them are plastic, each of shape ``(N, N)``."""
        targets, sources, _, flags = self.entries()
        exists = np.zeros((self.size, self.size), dtype=np.bool_)
        plastic = np.zeros((self.size, self.size), dtype=np.bool_)
        exists[targets, sources] = True
        plastic[targets, sources] = flags
        return exists, plastic

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
