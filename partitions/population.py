"""Populations: many subparticles whose numbers live in arrays.

A population of 4096 fully coupled subparticles has 16.8 million boundary states. They live in one
array, and ``population[i]``, ``population[i].sensory[j]`` are views made when asked for, with the
behaviour of explicit objects: writing through a view changes the array, and what reads the array
sees it. Members of a population can also be coupled to anything outside it; such boundary states
are explicit objects.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle, checked_distribution
from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray
from deepparticle.blankets.boundary import Boundary, BoundaryEnd
from deepparticle.blankets.conditional import BoundaryConditional, Delta
from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError
from deepparticle.blankets.naming import unknown_path
from deepparticle.blankets.numbers import real_array

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["Population", "PopulationBoundary", "PopulationMember", "checked_matrix"]


def checked_matrix(
    matrix: Any, shape: tuple[int, int], where: str, what: str = "couplings"
) -> tuple[FloatArray, BoolArray | None]:
    """Return `matrix` as a dense float64 copy and the mask of its entries.

    Parameters
    ----------
    matrix : array_like or scipy sparse array of shape (targets, sources)
    shape : tuple of int
        What its shape must be.

    Returns
    -------
    values : ndarray of shape (targets, sources)
    stored : ndarray of bool or None
        None for a dense matrix, all of whose entries exist; the stored entries of a sparse one.

    Raises
    ------
    SettingError, SettingTypeError
        For another shape, or values that are not finite numbers.
    """
    # scipy.sparse takes 40 ms to import, and only sparse arrays need it.
    is_sparse = hasattr(matrix, "tocoo")
    stored: BoolArray | None = None
    if is_sparse:
        entries = matrix.tocoo()
        if tuple(entries.shape) == shape:
            stored = np.zeros(shape, dtype=np.bool_)
            stored[entries.row, entries.col] = True
    try:
        values = real_array(matrix.toarray() if is_sparse else matrix)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(
                where,
                f"the {what} are a matrix of numbers",
                repr(matrix)[:60],
                "give an array of floats",
            )
        ) from None
    if values.shape != shape:
        raise SettingError(
            Fault(
                where,
                f"the {what} have shape {shape}, target × source",
                f"shape {values.shape}",
                f"give an array of shape {shape}",
            )
        )
    if not np.all(np.isfinite(values)):
        target, source = np.argwhere(~np.isfinite(values))[0]
        raise SettingError(
            Fault(
                where,
                f"the {what} are finite",
                f"{values[target, source]} at [{target}, {source}]",
                "replace NaN and inf",
            )
        )
    return values, stored


class PopulationBoundary(Boundary):
    """A view of one entry of a population's couplings, as a boundary state."""

    __slots__ = ("_column", "_population", "_row")

    def __init__(self, population: Population, row: int, column: int) -> None:
        self._population = population
        self._row = row
        self._column = column

    @property
    def source(self) -> BoundaryEnd:
        """The member that drives this state."""
        return self._population[self._column]

    @property
    def target(self) -> BoundaryEnd:
        """The member that this state drives."""
        return self._population[self._row]

    @property
    def conditional(self) -> BoundaryConditional:
        """A delta with the entry of the population's couplings as its weight."""
        return Delta(float(self._population.weights[self._row, self._column]))

    @conditional.setter
    def conditional(self, conditional: BoundaryConditional) -> None:
        if not isinstance(conditional, Delta):
            raise SettingTypeError(
                Fault(
                    str(self),
                    "the boundary states inside a population are Dirac deltas",
                    repr(conditional),
                    "couple explicit subparticles instead",
                )
            )
        self._population.weights[self._row, self._column] = conditional.weight

    @property
    def plastic(self) -> bool:
        """Whether learning changes the entry."""
        return self._population.is_plastic(self._row, self._column)

    @plastic.setter
    def plastic(self, plastic: bool) -> None:
        self._population.set_plastic(self._row, self._column, plastic)


class PopulationMember(Subparticle):
    """A subparticle whose numbers live in the arrays of its population."""

    def __init__(self, population: Population, row: int) -> None:
        self.population = population
        self.row = row
        self._name = str(row)
        self._parent = population
        self.own_settings = {}
        self._incoming: dict[BoundaryEnd, Boundary] = {}
        self._outgoing: dict[BoundaryEnd, Boundary] = {}

    @property
    def _distribution(self) -> StateDistribution:  # type: ignore[override]
        return self.population.distribution

    def incoming(self) -> Iterator[Boundary]:
        """The boundary states that it senses: the population's in row order, then the others."""
        exists = self.population.exists(self.row, None)
        for column in np.flatnonzero(exists):
            yield self.population.boundary(self.row, int(column))
        yield from self._incoming.values()

    def outgoing(self) -> Iterator[Boundary]:
        """The boundary states that it acts through: the population's first, then the others."""
        exists = self.population.exists(None, self.row)
        for row in np.flatnonzero(exists):
            yield self.population.boundary(int(row), self.row)
        yield from self._outgoing.values()

    def _sibling(self, other: BoundaryEnd) -> int | None:
        if isinstance(other, PopulationMember) and other.population is self.population:
            return other.row
        return None

    def boundary_from(self, source: BoundaryEnd) -> Boundary | None:
        """The boundary state that comes from `source`, if there is one."""
        column = self._sibling(source)
        if column is None:
            return self._incoming.get(source)
        exists = self.population.exists(self.row, column)
        return self.population.boundary(self.row, column) if exists else None

    def boundary_to(self, target: BoundaryEnd) -> Boundary | None:
        """The boundary state that leads to `target`, if there is one."""
        row = self._sibling(target)
        if row is None:
            return self._outgoing.get(target)
        exists = self.population.exists(row, self.row)
        return self.population.boundary(row, self.row) if exists else None


def _array_cell(cell: str) -> Any:
    def read(member: PopulationMember) -> float:
        return float(member.population.cells[cell][member.row])

    def write(member: PopulationMember, value: float) -> None:
        member.population.cells[cell][member.row] = value

    return property(read, write)


_CELLS = ("_bias", "_state", "_emitted", "_field", "_evidence", "_argument", "_used_precision")
for _cell in _CELLS:
    setattr(PopulationMember, _cell, _array_cell(_cell))


class Population(Member):
    """Array-backed subparticles, named ``"0"``, ``"1"``, … in row order.

    Parameters
    ----------
    name : str
        Unique among its siblings.
    size : int
        The number of subparticles, at least 1.
    couplings : array_like or scipy sparse array of shape (size, size), optional
        ``J[target, source]`` with zero diagonal. Dense: every off-diagonal boundary state exists.
        Sparse: only the stored entries do. None: no boundary state exists.
    bias : float or array_like of shape (size,)
        Prior biases, in nats per unit of state.
    distribution : StateDistribution, optional
        The same for all; ``ContinuousBernoulli()`` by default.
    plastic : bool
        Whether learning changes the couplings.
    precision, learning_rate, clock : optional
        Settings that the members inherit.

    Examples
    --------
    >>> cortex = Population("cortex", 3, couplings=[[0, 1, 0], [2, 0, 0], [0, 0, 0]])
    >>> cortex[1].sensory["0"].weight
    2.0
    """

    def __init__(
        self,
        name: str,
        size: int,
        *,
        couplings: ArrayLike | scipy.sparse.sparray | None = None,
        bias: ArrayLike = 0.0,
        distribution: StateDistribution | None = None,
        plastic: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(name, **settings)
        self.size = self._checked_size(size)
        chosen = ContinuousBernoulli() if distribution is None else distribution
        self.distribution = checked_distribution(chosen, str(self))
        n = self.size
        try:
            biases = real_array(bias)
        except (TypeError, ValueError):
            raise SettingTypeError(
                Fault(str(self), "the biases are numbers", repr(bias)[:60], "give floats")
            ) from None
        if biases.ndim > 1 or (biases.ndim == 1 and biases.size != n):
            raise SettingError(
                Fault(
                    str(self),
                    f"the bias is a number or has shape ({n},)",
                    f"shape {biases.shape}",
                    f"give {n} numbers",
                )
            )
        if not np.all(np.isfinite(biases)):
            raise SettingError(
                Fault(str(self), "the biases are finite", "NaN or inf", "replace them")
            )
        self.cells: dict[str, FloatArray] = {cell: np.zeros(n) for cell in _CELLS}
        self.cells["_bias"][:] = biases
        self.cells["_field"][:] = biases
        self.cells["_argument"][:] = biases
        self.cells["_used_precision"][:] = 1.0
        self.weights: FloatArray
        self._exists: BoolArray | None
        if couplings is None:
            self.weights = np.zeros((n, n))
            self._exists = np.zeros((n, n), dtype=np.bool_)
        else:
            self.weights, self._exists = checked_matrix(couplings, (n, n), str(self))
            diagonal = np.flatnonzero(np.diagonal(self.weights))
            if diagonal.size:
                row = int(diagonal[0])
                raise PartitionError(
                    Fault(
                        f"{name}/{row}",
                        "a subparticle is not coupled to itself",
                        f"J[{row}, {row}] = {self.weights[row, row]:g}",
                        "set the diagonal to 0, use its bias instead",
                    )
                )
            if self._exists is not None:
                np.fill_diagonal(self._exists, False)
        self._plastic: bool | BoolArray = bool(plastic)
        self._members: dict[int, PopulationMember] = {}
        self._views: WeakValueDictionary[tuple[int, int], PopulationBoundary] = (
            WeakValueDictionary()
        )

    def __getstate__(self) -> dict[str, Any]:
        # Views are made again when asked for; a copy must not keep those of the original.
        return {key: value for key, value in vars(self).items() if key != "_views"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._views = WeakValueDictionary()

    def _checked_size(self, size: object) -> int:
        try:
            number = operator.index(size)  # type: ignore[arg-type]
        except TypeError:
            raise SettingTypeError(
                Fault(str(self), "the size is a whole number", repr(size), "give 1, 2, 3, …")
            ) from None
        if number < 1:
            raise SettingError(
                Fault(
                    str(self),
                    "a population has at least one member",
                    repr(number),
                    "give a size ≥ 1",
                )
            )
        return number

    @property
    def subparticles(self) -> tuple[PopulationMember, ...]:
        """Views of all members, in row order."""
        return tuple(self[row] for row in range(self.size))

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[PopulationMember]:
        return iter(self.subparticles)

    def __getitem__(self, key: int | str) -> PopulationMember:
        row = self._row(key)
        if row is None:
            known = ["0", str(self.size - 1)] if self.size > 1 else ["0"]
            raise unknown_path(str(self), str(key), known)
        if row not in self._members:
            self._members[row] = PopulationMember(self, row)
        return self._members[row]

    def find(self, name: str) -> PopulationMember | None:
        """The member with that name, or None."""
        return None if self._row(name) is None else self[name]

    def _row(self, key: int | str) -> int | None:
        if isinstance(key, str):
            # "007" and "+7" are not names, "7" is.
            if not key.isdecimal() or str(int(key)) != key:
                return None
            row = int(key)
        else:
            row = operator.index(key)
            row += self.size if row < 0 else 0
        return row if 0 <= row < self.size else None

    def exists(self, row: int | None, column: int | None) -> Any:
        """Whether boundary states exist: one entry, a row, a column (None: all), or all."""
        rows = slice(None) if row is None else row
        columns = slice(None) if column is None else column
        if self._exists is not None:
            return self._exists[rows, columns]
        full = ~np.eye(self.size, dtype=np.bool_) if row is None and column is None else None
        if full is not None:
            return full
        if row is not None and column is not None:
            return row != column
        line = np.ones(self.size, dtype=np.bool_)
        line[row if row is not None else column] = False
        return line

    @property
    def exists_mask(self) -> BoolArray:
        """Which boundary states exist, shape ``(size, size)``."""
        mask: BoolArray = self.exists(None, None)
        return mask

    @property
    def plastic_mask(self) -> BoolArray:
        """Which existing boundary states are plastic, shape ``(size, size)``."""
        if isinstance(self._plastic, bool):
            return np.broadcast_to(np.bool_(self._plastic), (self.size, self.size))
        return self._plastic

    def is_plastic(self, row: int, column: int) -> bool:
        """Whether learning changes one entry."""
        if isinstance(self._plastic, bool):
            return self._plastic
        return bool(self._plastic[row, column])

    def set_plastic(self, row: int | None, column: int | None, plastic: bool) -> None:
        """Set whether learning changes an entry, a row, a column or (None, None) all."""
        if row is None and column is None:
            self._plastic = bool(plastic)
            return
        if isinstance(self._plastic, bool):
            self._plastic = np.full((self.size, self.size), self._plastic)
        rows = slice(None) if row is None else row
        columns = slice(None) if column is None else column
        self._plastic[rows, columns] = bool(plastic)

    def boundary(self, row: int, column: int) -> PopulationBoundary:
        """The boundary state from member `column` to member `row`; one view at a time for each."""
        view = self._views.get((row, column))
        if view is None:
            view = PopulationBoundary(self, row, column)
            self._views[row, column] = view
        return view

    def connect(self, row: int, column: int, weight: float, plastic: bool) -> PopulationBoundary:
        """Make the boundary state from member `column` to member `row`."""
        if self._exists is None:
            self._exists = self.exists_mask
        self._exists[row, column] = True
        self.weights[row, column] = weight
        if self.is_plastic(row, column) != plastic:
            self.set_plastic(row, column, plastic)
        return self.boundary(row, column)

    def disconnect(self, row: int, column: int) -> None:
        """Remove the boundary state from member `column` to member `row`."""
        if self._exists is None:
            self._exists = self.exists_mask
        self._exists[row, column] = False
        self.weights[row, column] = 0.0

    def twin(self) -> Population:
        """A copy of the arrays under the same name, outside every world."""
        copy = Population(self.name, self.size, distribution=self.distribution)
        copy.own_settings = dict(self.own_settings)
        copy.cells = {cell: values.copy() for cell, values in self.cells.items()}
        copy.weights = self.weights.copy()
        copy._exists = None if self._exists is None else self._exists.copy()
        copy._plastic = self._plastic if isinstance(self._plastic, bool) else self._plastic.copy()
        for row, member in self._members.items():
            copy[row].own_settings = dict(member.own_settings)
        return copy

    def __repr__(self) -> str:
        count = int(np.count_nonzero(self.exists_mask))
        return (
            f"<Population {str(self)!r}: {self.size} × {self.distribution!r}, "
            f"{count} boundary states>"
        )
