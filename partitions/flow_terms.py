r"""What flows are made of: who senses what, on either side of the border of a partition.

Every term is a sparse matrix that is applied to states of shape ``(…, number of states)``; see
:mod:`deepparticle.partitions.flows` for the equations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.external import Process, forked
from deepparticle.agents.field_noise import noisy_moments
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.conditional import GaussianBoundary
from deepparticle.partitions.arrays import blocks_of, coupling_entries
from deepparticle.partitions.columns import LeafColumns, external_columns, other_conditionals
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    import scipy.sparse

    from deepparticle.partitions.flows import ParticularStates
    from deepparticle.partitions.partition import Partition

__all__ = ["Answer", "LeafFlow", "Places", "rows_of", "sparse_matrix", "times"]


class LeafFlow:
    """The flow of subparticles on one side of a border.

    Parameters
    ----------
    columns : LeafColumns
        Of the world.
    rows : ndarray of intp, shape (n,)
        Theirs.
    own : csr_array of shape (n, …)
        What they sense of their own side.
    border : csr_array of shape (n, …)
        What they sense of the boundary states that lead to them.
    noise : ndarray of shape (n,)
        The variance that noisy boundary states of their own side add to it.
    """

    def __init__(
        self,
        columns: LeafColumns,
        rows: IntArray,
        own: scipy.sparse.csr_array,
        border: scipy.sparse.csr_array,
        noise: FloatArray,
    ) -> None:
        self._bias, self._precision = columns.bias[rows], columns.precision[rows]
        self._deviation = self._precision * np.sqrt(noise)
        groups = ((kind, np.isin(rows, places)) for kind, places in columns.distributions)
        self._groups = [(kind, np.flatnonzero(there)) for kind, there in groups if there.any()]
        self._own, self._border = own, border

    def __len__(self) -> int:
        return len(self._bias)

    def flow(
        self, states: FloatArray, side: FloatArray, border: FloatArray, kind: str
    ) -> FloatArray:
        """Their flow in their states, for the states of their side and of the border."""
        sensed = times(self._own, side) + times(self._border, border)
        arguments = self._precision * (self._bias + sensed)
        states = np.broadcast_to(states, arguments.shape)
        change = np.zeros(arguments.shape)
        for distribution, places in self._groups:
            argument, state = arguments[..., places], states[..., places]
            if kind == "synchronous":
                moments = noisy_moments(distribution, argument, self._deviation[places])
                change[..., places] = moments.mean - state
            else:
                change[..., places] = distribution.slope(argument, state)
        return change


@dataclass(frozen=True, eq=False)
class Answer:
    """An external state with a process: what it holds, and the actions that reach it."""

    process: Process
    places: IntArray
    whole: bool
    outer: scipy.sparse.csr_array
    inner: scipy.sparse.csr_array

    def flow(self, eta: FloatArray, a: FloatArray, draws: int, seed: int) -> FloatArray:
        """The mean change, for states of shape (…, external) and (…, active)."""
        actions = times(self.outer, eta) + times(self.inner, a)
        values = np.broadcast_to(eta[..., self.places], actions.shape[:-1] + self.places.shape)
        change = np.zeros(values.shape)
        # The same random numbers for all states, so that the flow is a function of them.
        for at in np.ndindex(values.shape[:-1]):
            rng = np.random.default_rng(seed)
            for _ in range(draws):
                value = values[at][0].copy() if self.whole else values[at].copy()
                # One that remembers something answers from where it is, to every state.
                process: Any = forked(self.process)
                answer = process(np.asarray(value), actions[at].copy(), rng)
                change[at] += np.asarray(answer, dtype=np.float64) - value
        return change / draws


class Places:
    """Where the states of a world are among those outside and inside."""

    def __init__(self, world: Partition, inside: IntArray, outside: IntArray) -> None:
        self._world = world
        self._inside, self._outside = inside, outside
        self._place = np.empty(world.leaf_count, dtype=np.intp)
        self._place[inside], self._place[outside] = np.arange(len(inside)), np.arange(len(outside))
        self._is_inside = np.zeros(world.leaf_count, dtype=np.bool_)
        self._is_inside[inside] = True
        self._columns = [external_columns(world, one) for one in world.externals]
        sizes = [np.size(one.value) for one in world.externals]
        self._first = len(outside) + np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
        self._number = {one: number for number, one in enumerate(world.externals)}

    def names(self, columns: LeafColumns) -> tuple[str, ...]:
        """The names of the states in η."""
        held = [
            external.path if np.ndim(external.value) == 0 else f"{external.path}[{index}]"
            for external in self._world.externals
            for index in range(np.size(external.value))
        ]
        return (*(columns.paths[row] for row in self._outside.tolist()), *held)

    def of(self, end: Any) -> int:
        """The place of a subparticle among those of its side."""
        return int(self._place[self._world.row_of(end)])

    def _component(self, number: int, row: int) -> int:
        """The place in η of what a row senses of an external state."""
        first = int(self._first[number])
        if np.ndim(self._world.externals[number].value) == 0:
            return first
        return first + int(np.searchsorted(self._columns[number].sensing, row))

    def behind(self, boundary: Any) -> int:
        """The place in η of the source of a sensory state."""
        if boundary.source.is_external:
            row = self._world.row_of(boundary.target)
            return self._component(self._number[boundary.source], row)
        return self.of(boundary.source)

    def noise(self) -> FloatArray:
        """What noisy boundary states that cross no border add to the variance of each row, (N,)."""
        variances: FloatArray = np.zeros(self._world.leaf_count)
        for boundary in other_conditionals(self._world):
            if isinstance(boundary.conditional, GaussianBoundary):
                source: Any = boundary.source
                target: Any = boundary.target
                row, other = self._world.row_of(target), self._world.row_of(source)
                if self._is_inside[row] == self._is_inside[other]:
                    variances[row] += boundary.conditional.sd * boundary.conditional.sd
        return variances

    def couplings(self, rows: IntArray) -> scipy.sparse.csr_array:
        """The couplings among rows of one side."""
        return self._entries(rows, (len(rows), len(rows)), [])

    def couplings_outside(self, count: int) -> scipy.sparse.csr_array:
        """What rows outside sense of the outside, external states included."""
        sensed = [
            (int(self._place[row]), self._component(number, row), weight)
            for number, columns in enumerate(self._columns)
            for row, weight in zip(
                columns.sensing.tolist(), columns.sensing_weights.tolist(), strict=True
            )
            if not self._is_inside[row]
        ]
        return self._entries(self._outside, (len(self._outside), count), sensed)

    def _entries(
        self, rows: IntArray, shape: tuple[int, int], more: list[tuple[int, int, float]]
    ) -> scipy.sparse.csr_array:
        entries = coupling_entries(self._world)
        side = np.zeros(entries.size, dtype=np.bool_)
        side[rows] = True
        kept = side[entries.targets] & side[entries.sources]
        triples = zip(
            self._place[entries.targets[kept]].tolist(),
            self._place[entries.sources[kept]].tolist(),
            entries.weights[kept].tolist(),
            strict=True,
        )
        return sparse_matrix([*triples, *more], shape)

    def answers(self, active: Sequence[Any], sizes: ParticularStates) -> list[Answer]:
        """The external states that have a process."""
        found = []
        shown = {
            (one.target, self._world.row_of(one.source)): n
            for n, one in enumerate(active)
            if one.target.is_external
        }
        for number, (external, columns) in enumerate(
            zip(self._world.externals, self._columns, strict=True)
        ):
            if external.process is None:
                continue
            outer, inner = [], []
            for index, (row, weight) in enumerate(
                zip(columns.acting.tolist(), columns.acting_weights.tolist(), strict=True)
            ):
                if self._is_inside[row]:
                    inner.append((index, shown[external, row], 1.0))
                else:
                    outer.append((index, int(self._place[row]), weight))
            count = len(columns.acting)
            found.append(
                Answer(
                    external.process,
                    np.arange(self._first[number], self._first[number + 1], dtype=np.intp),
                    np.ndim(external.value) == 0,
                    sparse_matrix(outer, (count, sizes.external)),
                    sparse_matrix(inner, (count, sizes.active)),
                )
            )
        return found


def rows_of(world: Partition, member: Any) -> IntArray:
    """The rows of what is inside a partition, population or subparticle."""
    if isinstance(member, Subparticle):
        return np.array([world.row_of(member)], dtype=np.intp)
    first: Any = member[0] if isinstance(member, Population) else None
    size = member.size if first is not None else member.leaf_count
    if first is None and size:
        block = blocks_of(member)[0][1]
        first = block[0] if isinstance(block, Population) else block
    start = world.row_of(first) if size else 0
    return np.arange(start, start + size, dtype=np.intp)


def sparse_matrix(
    triples: Sequence[tuple[int, int, float]], shape: tuple[int, int]
) -> scipy.sparse.csr_array:
    """A matrix of entries (row, column, value)."""
    from scipy.sparse import csr_array

    rows, columns, values = zip(*triples, strict=True) if triples else ((), (), ())
    index = np.array(rows, dtype=np.intp), np.array(columns, dtype=np.intp)
    return csr_array((np.array(values, dtype=np.float64), index), shape=shape)


def times(matrix: scipy.sparse.csr_array, states: FloatArray) -> FloatArray:
    """A matrix times states of shape (…, columns), shape (…, rows)."""
    lead = states.shape[:-1]
    flat = states.reshape(math.prod(lead), states.shape[-1])
    product: FloatArray = np.asarray((matrix @ flat.T).T)
    return product.reshape(*lead, matrix.shape[0])
