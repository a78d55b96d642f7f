r"""Macro-scale boundary states between one external state and a whole population, in arrays.

``world.sense(scene, cortex)`` with a population of a million members makes a million sensory states
:math:`s_i = w_i \eta`. They are a *block*: weights and plasticity in two arrays, and objects made
when asked for, as inside the population. A block is whole. When one of its states is taken away,
or the external state is joined to single members as well, it is *unfolded* into objects that are
kept one by one, with their numbers where they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload
from weakref import WeakValueDictionary

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.boundary import (
    ActiveState,
    Boundary,
    BoundaryEnd,
    SensoryState,
    checked_conditional,
)
from deepparticle.blankets.conditional import BoundaryConditional, Delta
from deepparticle.blankets.numbers import finite_number

if TYPE_CHECKING:
    from deepparticle.partitions.population import Population, PopulationMember

__all__ = ["BlockViews", "MacroscaleBlock", "MacroscaleState", "block_of_state"]


class MacroscaleState(Boundary):
    """One state of a block."""

    __slots__ = ("_block", "_row")

    def __init__(self, block: MacroscaleBlock, row: int) -> None:
        self._block = block
        self._row = row

    @property
    def source(self) -> BoundaryEnd:
        """The state that drives this one."""
        block = self._block
        return block.external if block.inwards else block.population[self._row]

    @property
    def target(self) -> BoundaryEnd:
        """The state that this one drives."""
        block = self._block
        return block.population[self._row] if block.inwards else block.external

    @property
    def conditional(self) -> BoundaryConditional:
        """The distribution of this state given its source."""
        other = self._block.others.get(self._row)
        return Delta(float(self._block.weights[self._row])) if other is None else other

    @conditional.setter
    def conditional(self, conditional: BoundaryConditional) -> None:
        block, row = self._block, self._row
        block.weights[row] = checked_conditional(conditional, self).weight
        if type(conditional) is Delta:
            block.others.pop(row, None)
        else:
            block.others[row] = conditional

    @property
    def weight(self) -> float:
        """The coupling, whatever the array holds: a check has to see what is there."""
        return float(self._block.weights[self._row])

    @weight.setter
    def weight(self, weight: float) -> None:
        self.conditional = self.conditional.with_weight(finite_number(weight, str(self), "weight"))

    @property
    def plastic(self) -> bool:
        """Whether learning changes the weight."""
        return bool(self._block.plastic[self._row])

    @plastic.setter
    def plastic(self, plastic: bool) -> None:
        self._block.plastic[self._row] = bool(plastic)

    @property
    def block(self) -> MacroscaleBlock:
        """The block in whose arrays it is."""
        return self._block


class MacroscaleBlock(Sequence[Boundary]):
    """The boundary states between an external state and every member of a population.

    Parameters
    ----------
    external : ExternalState
    population : Population
    inwards : bool
        Whether members sense the external state; else they act on it.
    weights : ndarray of shape (size,)
        Kept, not copied.
    plastic : ndarray of bool, shape (size,)
        The same.
    """

    def __init__(
        self,
        external: ExternalState,
        population: Population,
        inwards: bool,
        weights: FloatArray,
        plastic: BoolArray,
    ) -> None:
        self.external = external
        self.population = population
        self.inwards = inwards
        self.weights = weights
        self.plastic = plastic
        self.others: dict[int, BoundaryConditional] = {}
        """Conditionals that are not Dirac deltas, by row."""
        self._states: WeakValueDictionary[int, MacroscaleState] = WeakValueDictionary()

    def __getstate__(self) -> dict[str, Any]:
        # As in a population: states are made again when asked for.
        return {key: value for key, value in vars(self).items() if key != "_states"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._states = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self.weights)

    def state(self, row: int) -> MacroscaleState:
        """The boundary state of one member; one object at a time for each."""
        found = self._states.get(row)
        if found is None:
            found = self._states[row] = MacroscaleState(self, row)
        return found

    @overload
    def __getitem__(self, row: int) -> Boundary: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[Boundary, ...]: ...
    def __getitem__(self, row: int | slice) -> Boundary | tuple[Boundary, ...]:
        if isinstance(row, slice):
            return tuple(self.state(one) for one in range(*row.indices(len(self))))
        return self.state(range(len(self))[row])

    def values(self) -> FloatArray:
        r"""The values :math:`w_i \sigma_i` that act on the external state, shape ``(size,)``."""
        values: FloatArray = self.weights * self.population.cells["_emitted"]
        for row in self.others:
            values[row] = self.state(row).state
        return values

    # ------------------------------------------------------------------ joining

    def join(self) -> None:
        """Enter the blankets of both of its ends."""
        self.external.blocks.append(self)
        self.population.blocks.append(self)
        for member in self.population._members.values():
            self.enter(member)

    def enter(self, member: PopulationMember) -> None:
        """Show its own state to a member that has just been made."""
        side = member._incoming if self.inwards else member._outgoing
        side[self.external] = self.state(member.row)

    def _leave(self) -> None:
        self.external.blocks.remove(self)
        self.population.blocks.remove(self)

    def discard(self) -> None:
        """Leave the blankets of both of its ends."""
        self._leave()
        for member in self.population._members.values():
            del (member._incoming if self.inwards else member._outgoing)[self.external]

    def unfold(self) -> Iterator[tuple[PopulationMember, Boundary]]:
        """Leave as a block, and give out the members, each with the state that it keeps."""
        members = self.population.subparticles
        self._leave()
        for member in members:
            yield member, self.state(member.row)

    def copy(self, external: ExternalState, population: Population) -> MacroscaleBlock:
        """The same between other ends, not yet joined."""
        twin = MacroscaleBlock(
            external, population, self.inwards, self.weights.copy(), self.plastic.copy()
        )
        twin.others = dict(self.others)
        return twin

    @property
    def uniform(self) -> bool:
        """Whether all of its states are the same, bit by bit."""
        bits = self.weights.view(np.int64)
        return (
            not self.others
            and bool(np.all(bits == bits[0]))
            and bool(np.all(self.plastic == self.plastic[0]))
        )

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


def block_of_state(boundary: Boundary) -> MacroscaleBlock | None:
    """The block in whose arrays a boundary state is, if it is in one."""
    return boundary.block if isinstance(boundary, MacroscaleState) else None


View = TypeVar("View", bound=SensoryState | ActiveState)


class BlockViews(Sequence[View], Generic[View]):
    """The sensory (or active) states of a whole population, in row order, made when asked for."""

    def __init__(self, view: type[View], block: MacroscaleBlock) -> None:
        self._view = view
        self.block = block

    def __len__(self) -> int:
        return len(self.block)

    @overload
    def __getitem__(self, row: int) -> View: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[View, ...]: ...
    def __getitem__(self, row: int | slice) -> View | tuple[View, ...]:
        if isinstance(row, slice):
            return tuple(self._view(state) for state in self.block[row])
        return self._view(self.block[row])

    def __repr__(self) -> str:
        return (
            f"<{len(self)} {self._view.__name__}s between {str(self.block.external)!r} "
            f"and {str(self.block.population)!r}>"
        )
