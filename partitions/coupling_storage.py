"""How a population keeps the boundary states among its members: the questions that it answers.

:class:`~deepparticle.partitions.dense_couplings.DenseCouplings` holds matrices of shape ``(N, N)``;
:class:`~deepparticle.partitions.sparse_couplings.SparseCouplings` only what exists. *Entries* are
the boundary states in row-major order: by target, then by source.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray

__all__ = ["CouplingStorage"]


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
    def fill(self, couplings: FloatArray, exists: BoolArray, plastic: BoolArray) -> None:
        """Write into matrices of zeros, of shape ``(N, N)``, what exists, and how."""

    @abstractmethod
    def write_matrix(self, matrix: FloatArray, changed: BoolArray | None = None) -> None:
        """Set weights from a matrix of shape ``(N, N)``, where boundary states exist."""

    @abstractmethod
    def broken(self) -> list[tuple[int, int]]:
        """Where a number is not finite, or stands where no boundary state can be or is."""

    @abstractmethod
    def copy(self) -> CouplingStorage:
        """The same with numbers of its own."""
