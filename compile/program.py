r"""The program: a world as arrays, frozen, with a map from every object to its slot.

=====================  =================  ====================================================
array                  shape              holds
=====================  =================  ====================================================
``couplings``          (N, N)             J, target × source
``exists, plastic``    (N, N)             which boundary states exist, which of them learn
                                          (sparse layout: ``couplings`` and ``plastic`` are
                                          ``(E,)``, aligned with ``targets`` and ``sources``)
``bias``               (N,)               b
``precision``          (N,)               β
``learning_rate``      (N,)               α
``clock``              (N,)               updates when t mod clock = 0
``time_step``          (N,)               τ, for the schedule ``langevin``
``learning_rule``      (N,)               names of rules
``state``              (N,)               σ₀
``groups``             –                  rows that share a distribution
``turns``              –                  rows that update at once, one turn after another
``externals``          –                  who senses η with which weight, who acts on it
``partitions``         –                  the rows inside each partition, at every level
``noise``              –                  which boundary states are noisy, or None
``biases``             –                  which rows have biases that change in time
=====================  =================  ====================================================

Rows are the world's subparticles in order. In the sparse layout only the couplings that exist have
an entry, sorted by target, then source. `Program.explain` prints the map and the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.external import Expectation, Process
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.naming import unknown_path
from deepparticle.compile.noise import Noise
from deepparticle.partitions.biases import BiasRows
from deepparticle.partitions.columns import LeafPaths
from deepparticle.partitions.schedules import AT_ONCE, SCHEDULES, turn_of_rows

__all__ = ["ExternalSlot", "Group", "Noise", "PartitionRows", "PassReport", "Program"]


@dataclass(frozen=True)
class PassReport:
    """What one lowering pass did, in a sentence."""

    name: str
    summary: str

    def __str__(self) -> str:
        return f"{self.name:<11}{self.summary}"


@dataclass(frozen=True, eq=False)
class Group:
    """Rows whose internal states share a distribution."""

    distribution: StateDistribution
    rows: IntArray


class PartitionRows(NamedTuple):
    """A partition or population, and the rows inside it: from `start` up to `stop`."""

    path: str
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class ExternalSlot:
    r"""One external state as arrays.

    Parameters
    ----------
    path : str
    value : ndarray of shape () or (k,)
        :math:`\eta` at lowering.
    sensing : ndarray of shape (k,)
        The rows that sense it, and with which weight: :math:`u_i = w_i \eta_i`.
    sensing_weights : ndarray of shape (k,)
    acting : ndarray of shape (m,)
        The rows that act on it, and with which weight: :math:`a_i = w_i \sigma_i`.
    acting_weights : ndarray of shape (m,)
    process : callable or None
        ``process(value, actions, rng) -> value``.
    expectation : float, callable or None
        What is expected of it, where active states may learn.
    plastic : ndarray of bool, shape (m,)
        Which of the active states learn.
    """

    path: str
    value: FloatArray
    sensing: IntArray
    sensing_weights: FloatArray
    acting: IntArray
    acting_weights: FloatArray
    process: Process | None
    expectation: Expectation | None
    plastic: BoolArray

    @property
    def learns(self) -> bool:
        """Whether active states on it learn from its answers."""
        answers = self.process is not None and self.expectation is not None
        return answers and bool(self.plastic.any())


@dataclass(frozen=True, eq=False)
class Program:
    """A lowered world. Made by :func:`deepparticle.lower`; arrays are read-only."""

    name: str
    schedule: str
    paths: LeafPaths
    couplings: FloatArray
    exists: BoolArray | None
    plastic: BoolArray
    targets: IntArray | None
    sources: IntArray | None
    bias: FloatArray
    precision: FloatArray
    learning_rate: FloatArray
    clock: IntArray
    time_step: FloatArray
    learning_rule: NDArray[np.object_]
    state: FloatArray
    field: FloatArray
    argument: FloatArray
    used_precision: FloatArray
    groups: tuple[Group, ...]
    turns: tuple[IntArray, ...]
    externals: tuple[ExternalSlot, ...]
    revision: int
    passes: tuple[PassReport, ...] = ()
    partitions: tuple[PartitionRows, ...] = ()
    biases: tuple[BiasRows, ...] = ()
    noise: Noise | None = None

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def _rows(self) -> Mapping[str, int]:
        return self.paths.rows

    @property
    def size(self) -> int:
        """The number of subparticles N."""
        return len(self.paths)

    @property
    def at_once(self) -> bool:
        """Whether all rows update at once, from the old states."""
        return self.schedule in AT_ONCE

    @cached_property
    def kinds(self) -> IntArray:
        """The number of each row's group, shape (N,)."""
        kinds = np.zeros(self.size, dtype=np.intp)
        for number, group in enumerate(self.groups):
            kinds[group.rows] = number
        return kinds

    @cached_property
    def touches(self) -> bool:
        """Whether rows that have the same turn are coupled, so that they see old states."""
        if self.schedule in SCHEDULES:
            return False
        turn = turn_of_rows(self.turns, self.size)
        targets, sources = self.entries
        return bool(np.any((turn[targets] == turn[sources]) & (targets != sources)))

    @cached_property
    def scan(self) -> tuple[Group, ...]:
        """The turns in parts of one distribution each; what they do is the same in any order.

        That is where no row touches another of its turn (`touches`).
        """
        return tuple(
            Group(self.groups[number].distribution, rows[self.kinds[rows] == number])
            for rows in self.turns
            for number in np.unique(self.kinds[rows]).tolist()
        )

    @property
    def diffuses(self) -> bool:
        """Whether states move for a short time instead of being drawn anew."""
        return self.schedule == "langevin"

    @property
    def senses(self) -> BoolArray:
        """Which rows sense an external state, shape (N,)."""
        mask = np.zeros(self.size, dtype=np.bool_)
        for external in self.externals:
            mask[external.sensing] = True
        return mask

    @property
    def layout(self) -> str:
        """``"dense"`` or ``"sparse"``."""
        return "dense" if self.targets is None else "sparse"

    @property
    def entries(self) -> tuple[IntArray, IntArray]:
        """Target and source rows of the couplings that exist, by target, then source."""
        if self.targets is not None and self.sources is not None:
            return self.targets, self.sources
        assert self.exists is not None
        targets, sources = np.nonzero(self.exists)
        return targets, sources

    @cached_property
    def starts(self) -> IntArray:
        """Where the entries of each row begin in the sparse layout, shape (N + 1,)."""
        counts = np.bincount(self.entries[0], minlength=self.size)
        starts: IntArray = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        return starts

    @property
    def coupling_count(self) -> int:
        """The number of couplings that exist."""
        return self.couplings.size if self.exists is None else int(self.exists.sum())

    @property
    def learns_everywhere(self) -> bool:
        """Whether every coupling of the layout, but for the diagonal, exists and is plastic."""
        places = self.couplings.size - (self.size if self.layout == "dense" else 0)
        return bool(self.plastic.sum() == places)

    def matrix(self, couplings: FloatArray) -> Any:
        """Couplings of one network as a matrix J[target, source].

        Parameters
        ----------
        couplings : ndarray of shape (N, N), or (E,) in the sparse layout

        Returns
        -------
        ndarray or scipy.sparse.csr_array of shape (N, N)
            A copy; sparse in the sparse layout.
        """
        if self.sources is None:
            return couplings.copy()
        from scipy.sparse import csr_array

        return csr_array(
            (couplings.copy(), self.sources.copy(), self.starts.copy()),
            shape=(self.size, self.size),
        )

    def inputs(self, couplings: FloatArray, state: FloatArray) -> FloatArray:
        r"""What the states send along the couplings, :math:`\sum_j J_{ij} \sigma_j`.

        Parameters
        ----------
        couplings : ndarray of shape (R, N, N), or (R, E) in the sparse layout
        state : ndarray of shape (R, C, N)

        Returns
        -------
        ndarray of shape (R, C, N)
        """
        if self.layout == "dense":
            sent: FloatArray = state @ couplings.swapaxes(-1, -2)
            return sent
        sent = np.empty(np.broadcast_shapes(state.shape, (len(couplings), 1, 1)), state.dtype)
        for network, values in enumerate(couplings):
            matrix = self.matrix(values)
            sent[network] = (matrix @ state[network].T).T
        return sent

    @property
    def bounded(self) -> bool:
        """Whether all states have bounds."""
        return all(np.all(np.isfinite(group.distribution.support)) for group in self.groups)

    @property
    def same_clock(self) -> bool:
        """Whether every row updates in every step."""
        return bool(np.all(self.clock == 1))

    def row(self, path: str) -> int:
        """The row of a subparticle.

        Raises
        ------
        UnknownPathError
            With the nearest paths.
        """
        if path not in self._rows:
            raise unknown_path(f"program of {self.name!r}", path, self.paths)
        return self._rows[path]

    def slot(self, path: str) -> str:
        """Which array slot an object became.

        Parameters
        ----------
        path : str
            Of a subparticle or external state; ``"brain/a→brain/b"`` for a boundary state.

        Examples
        --------
        >>> import deepparticle as dp
        >>> world = dp.Partition("world")
        >>> _, _ = world.add_subparticle("a"), world.add_subparticle("b")
        >>> _ = world.couple("a", "b", 0.8)
        >>> dp.lower(world).slot("a→b")
        'J[1, 0]'
        """
        for number, external in enumerate(self.externals):
            if path == external.path:
                return f"eta[{number}]"
            for ends, rows, slot in (
                ("{0}→{1}", external.sensing, "u[{0}] += w[{0}]*eta[{1}]"),
                ("{1}→{0}", external.acting, "a[{1}] <- w[{0}]*sigma[{0}]"),
            ):
                for row in rows.tolist():
                    if path == ends.format(external.path, self.paths[row]):
                        return slot.format(row, number)
        if path in self._rows or "→" not in path:
            return f"sigma[{self.row(path)}]"
        names = path.split("→")
        for cut in range(1, len(names)):  # a name may hold an arrow too
            column = self._rows.get("→".join(names[:cut]))
            row = self._rows.get("→".join(names[cut:]))
            if row is not None and column is not None and self._has(row, column):
                return f"J[{row}, {column}]"
        raise unknown_path(f"program of {self.name!r}", path, self._boundary_paths())

    def _has(self, row: int, column: int) -> bool:
        if self.exists is not None:
            return bool(self.exists[row, column])
        assert self.sources is not None
        return column in self.sources[self.starts[row] : self.starts[row + 1]]

    def _boundary_paths(self) -> Iterator[str]:
        for row, column in zip(*self.entries, strict=True):
            yield f"{self.paths[column]}→{self.paths[row]}"

    def slots(self) -> Iterator[tuple[str, str]]:
        """Every object of the world with its slot: leaves, boundary states, external states."""
        for row, path in enumerate(self.paths):
            yield path, f"sigma[{row}]"
        for row, column in zip(*self.entries, strict=True):
            yield f"{self.paths[column]}→{self.paths[row]}", f"J[{row}, {column}]"
        for number, external in enumerate(self.externals):
            yield external.path, f"eta[{number}]"
            for row in external.sensing.tolist():
                yield f"{external.path}→{self.paths[row]}", f"u[{row}] += w[{row}]*eta[{number}]"
            for row in external.acting.tolist():
                yield f"{self.paths[row]}→{external.path}", f"a[{number}] <- w[{row}]*sigma[{row}]"

    def explain(self, limit: int = 40) -> str:
        """Say which object became which slot, and the step as a few lines of array code.

        Parameters
        ----------
        limit : int
            How many objects to list; the rest are counted.

        Returns
        -------
        str
            Print it: ``print(program.explain())``.
        """
        from deepparticle.compile.explaining import explanation

        return explanation(self, limit)

    def __repr__(self) -> str:
        return (
            f"<Program of {self.name!r}: {self.size} subparticles, "
            f"{self.coupling_count} couplings ({int(self.plastic.sum())} plastic), "
            f"{len(self.externals)} external, {self.schedule}>"
        )


def frozen(values: Any, dtype: Any) -> Any:
    """A read-only copy of `values` as an array."""
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array
