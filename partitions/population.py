"""Populations: many subparticles whose numbers live in arrays.

A population of 4096 fully coupled subparticles has 16.8 million boundary states. They live in one
array, and ``population[i]``, ``population[i].sensory[j]`` are views made when asked for, with the
behaviour of explicit objects: writing through a view changes the array, and what reads the array
sees it. Members of a population can also be coupled to anything outside it; such boundary states
are explicit objects.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload
from weakref import WeakValueDictionary

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle, checked_distribution
from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray, IntArray
from deepparticle.blankets.boundary import Boundary, BoundaryEnd
from deepparticle.blankets.conditional import BoundaryConditional, Delta
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.naming import unknown_path
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.coupling_input import stored

if TYPE_CHECKING:
    import scipy.sparse

    from deepparticle.partitions.macroscale import MacroscaleBlock

__all__ = ["Population", "PopulationBoundaries", "PopulationBoundary", "PopulationMember"]


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
        return Delta(self._population.storage.weight(self._row, self._column))

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
        self._population.storage.set_weight(self._row, self._column, conditional.weight)

    @property
    def plastic(self) -> bool:
        """Whether learning changes the entry."""
        return self._population.storage.is_plastic(self._row, self._column)

    @plastic.setter
    def plastic(self, plastic: bool) -> None:
        self._population.storage.set_plastic(self._row, self._column, plastic)


class PopulationBoundaries(Sequence[Boundary]):
    """Many boundary states of one population, made when asked for.

    Parameters
    ----------
    population : Population
    rows, columns : ndarray of int, shape (count,)
        The members that they lead to, and from.
    """

    def __init__(self, population: Population, rows: IntArray, columns: IntArray) -> None:
        self._population = population
        self._rows = rows
        self._columns = columns

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Boundary: ...
    @overload
    def __getitem__(self, index: slice) -> PopulationBoundaries: ...
    def __getitem__(self, index: int | slice) -> Boundary | PopulationBoundaries:
        rows, columns = self._rows[index], self._columns[index]
        if isinstance(index, slice):
            return PopulationBoundaries(self._population, rows, columns)
        return self._population.boundary(int(rows), int(columns))

    def __repr__(self) -> str:
        return f"<{len(self)} boundary states inside {str(self._population)!r}>"


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
        self._seen: dict[BoundaryEnd, float] = {}
        for block in population.blocks:
            block.enter(self)

    @property
    def _distribution(self) -> StateDistribution:  # type: ignore[override]
        return self.population.distribution

    def incoming(self) -> Iterator[Boundary]:
        """The boundary states that it senses: the population's in row order, then the others."""
        for column in self.population.storage.sources(self.row).tolist():
            yield self.population.boundary(self.row, column)
        yield from self._incoming.values()

    def outgoing(self) -> Iterator[Boundary]:
        """The boundary states that it acts through: the population's first, then the others."""
        for row in self.population.storage.targets(self.row).tolist():
            yield self.population.boundary(row, self.row)
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
        exists = self.population.storage.has(self.row, column)
        return self.population.boundary(self.row, column) if exists else None

    def boundary_to(self, target: BoundaryEnd) -> Boundary | None:
        """The boundary state that leads to `target`, if there is one."""
        row = self._sibling(target)
        if row is None:
            return self._outgoing.get(target)
        exists = self.population.storage.has(row, self.row)
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
        Sparse: only the stored entries do. None: no boundary state exists. What is given sparse, or
        not at all, is kept sparse beyond 512 members, where fewer than one pair in ten is coupled.
    bias : float or array_like of shape (size,)
        Prior biases, in nats per unit of state.
    distribution : StateDistribution, optional
        The same for all; ``ContinuousBernoulli()`` by default.
    plastic : bool
        Whether learning changes the couplings.
    precision, learning_rate, clock, time_step, learning_rule : optional
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
        self.storage = stored(couplings, n, str(self), plastic)
        """Where the couplings are kept: `DenseCouplings` or `SparseCouplings`."""
        self.blocks: list[MacroscaleBlock] = []
        """Its macro-scale boundary states, of all members with one external state at a time."""
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

    @property
    def weights(self) -> Any:
        """The couplings ``J[target, source]``, shape ``(size, size)``; what is written is theirs.

        Returns
        -------
        ndarray, or scipy.sparse.csr_array where only what exists is kept
        """
        return self.storage.weights

    @property
    def exists_mask(self) -> BoolArray:
        """Which boundary states exist, shape ``(size, size)``."""
        return self._masks()[0]

    @property
    def plastic_mask(self) -> BoolArray:
        """Which existing boundary states are plastic, shape ``(size, size)``."""
        return self._masks()[1]

    def _masks(self) -> tuple[BoolArray, BoolArray]:
        couplings = np.zeros((self.size, self.size))
        exists, plastic = np.zeros((2, self.size, self.size), dtype=np.bool_)
        self.storage.fill(couplings, exists, plastic)
        return exists, plastic

    def set_plastic(self, row: int | None, column: int | None, plastic: bool) -> None:
        """Set whether learning changes an entry, a row, a column or (None, None) all."""
        self.storage.set_plastic(row, column, plastic)

    def boundary(self, row: int, column: int) -> PopulationBoundary:
        """The boundary state from member `column` to member `row`; one view at a time for each."""
        view = self._views.get((row, column))
        if view is None:
            view = PopulationBoundary(self, row, column)
            self._views[row, column] = view
        return view

    def connect(self, row: int, column: int, weight: float, plastic: bool) -> PopulationBoundary:
        """Make the boundary state from member `column` to member `row`."""
        self.storage.add(row, column, weight, plastic)
        return self.boundary(row, column)

    def disconnect(self, row: int, column: int) -> None:
        """Remove the boundary state from member `column` to member `row`."""
        self.storage.discard(row, column)

    def twin(self) -> Population:
        """A copy of the arrays under the same name, outside every world."""
        copy = Population(self.name, self.size, distribution=self.distribution)
        copy.own_settings = dict(self.own_settings)
        copy.bias_process = self.bias_process
        copy.cells = {cell: values.copy() for cell, values in self.cells.items()}
        copy.storage = self.storage.copy()
        for row, member in self._members.items():
            copy[row].own_settings = dict(member.own_settings)
            copy[row].bias_process = member.bias_process
        return copy

    def __repr__(self) -> str:
        return (
            f"<Population {str(self)!r}: {self.size} × {self.distribution!r}, "
            f"{self.storage.count} boundary states>"
        )
