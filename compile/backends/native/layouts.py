"""How the couplings of a program lie in memory, and which kernel runs over them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.backends.native.chains import run_chains
from deepparticle.compile.backends.native.lanes import aligned
from deepparticle.compile.backends.native.panels import from_panels, run_panels, to_panels
from deepparticle.compile.backends.native.products import update_chains
from deepparticle.compile.backends.native.random_numbers import GROUP
from deepparticle.compile.backends.native.rows import Cells, Given, Kept, Rows, Scratch
from deepparticle.compile.backends.native.sites import run_sites
from deepparticle.compile.backends.native.slices import run_slices, run_sparse_sites
from deepparticle.compile.backends.native.slicing import placed, sliced
from deepparticle.compile.backends.native.team import new_barrier, processors, run_team
from deepparticle.compile.program import Program

__all__ = ["Layout", "layout_of"]


class Layout(ABC):
    """Couplings in the order that a kernel wants, and the call of that kernel."""

    def __init__(
        self, program: Program, rows: Rows, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> None:
        self.program = program
        self.rows = rows
        self.networks = networks
        self.chains = chains
        self.dtype = dtype
        self.members = processors()
        numbers = (self.members * rows.width,)
        self.scratch = Scratch(
            uniforms=aligned(numbers, dtype),
            due=aligned(numbers, dtype),
            updated=aligned(numbers, dtype),
            words=aligned((self.members * GROUP,), np.uint32),
        )

    @abstractmethod
    def nanoseconds(self) -> float:
        """The time of one step, roughly."""

    @abstractmethod
    def couplings(self) -> FloatArray:
        """The couplings now, in the order of `Variables`; a copy."""

    @abstractmethod
    def take(self, couplings: FloatArray) -> None:
        """Go on with these couplings, and with states that may be new too."""

    @abstractmethod
    def run(self, given: Given, cells: Cells, kept: Kept) -> None:
        """Make the steps of a block."""

    def team(self, operations: float) -> int:
        """How many threads a block is worth.

        Parameters
        ----------
        operations : float
            Roughly how many couplings are visited.
        """
        return self.members if operations > _WORTH_THREADS else 1


# Threads take 0.1 ms to start, in which one visits a million couplings: they come where it would
# take several times as long without them.
_WORTH_THREADS = 4e6

# Couplings that one step visits, from which on members that divide it have many times as much to do
# between two barriers as these take: 10 µs.
_WORTH_DIVIDING = 200_000


# Products that BLAS makes faster than :mod:`.chains`: from here on its threads and those of a team,
# which are started for every step, take little of the time.
_MANY_CHAINS = 32
_LARGE_PRODUCT = 2**24


class _Dense(Layout):
    """Dense, and everything or a part of it plastic."""

    def __init__(
        self, program: Program, rows: Rows, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(program, rows, networks, chains, dtype)
        self._plastic = np.zeros(0, dtype=dtype)
        if not program.learns_everywhere:
            self._plastic = self._laid_out(program.plastic.astype(dtype)).reshape(-1)

    @abstractmethod
    def _laid_out(self, matrices: FloatArray) -> FloatArray:
        """Matrices (..., N, N) in the order of the kernel."""

    def take(self, couplings: FloatArray) -> None:
        self._couplings = self._laid_out(couplings.astype(self.dtype, copy=False))


class _Panels(_Dense):
    """Dense, all rows at once."""

    def __init__(
        self, program: Program, rows: Rows, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(program, rows, networks, chains, dtype)
        self._inputs = aligned((networks * chains * rows.stride,), dtype)
        self._known = False

    def nanoseconds(self) -> float:
        return self.networks * self.chains * (0.06 * self.rows.size**2 + 3.0 * self.rows.size)

    def _laid_out(self, matrices: FloatArray) -> FloatArray:
        return to_panels(matrices, self.rows.width)

    def couplings(self) -> FloatArray:
        return from_panels(self._couplings, self.rows.size)

    def take(self, couplings: FloatArray) -> None:
        super().take(couplings)
        self._known = False

    def run(self, given: Given, cells: Cells, kept: Kept) -> None:
        chains = self.networks * self.chains
        each = self.rows.size**2
        members = self.team(given.steps * each * chains)
        if chains == 1 and each < _WORTH_DIVIDING:
            members = 1
        meeting, flat = new_barrier(), self._couplings.reshape(-1)

        def call(member: int, team: int) -> None:
            who = (member, team, meeting)
            what = (self.rows, given, cells, kept, self.scratch, flat, self._plastic, self._inputs)
            if self.chains == 1 and not given.looking_back:
                run_panels(*who, *what, self._known)
            else:
                run_chains(*who, *what)

        run_team(members, call)
        self._known = self.chains == 1 and not given.looking_back


class _Products(_Dense):
    """Dense, all rows at once, with so many chains that BLAS makes the products."""

    def __init__(
        self, program: Program, rows: Rows, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(program, rows, networks, chains, dtype)
        self._inputs = aligned((networks * chains * rows.stride,), dtype)

    def nanoseconds(self) -> float:
        return self.networks * self.chains * (0.01 * self.rows.size**2 + 3.0 * self.rows.size)

    def _laid_out(self, matrices: FloatArray) -> FloatArray:
        return np.array(matrices, order="C")

    def couplings(self) -> FloatArray:
        return self._couplings.copy()

    def _by_chain(self, numbers: FloatArray) -> FloatArray:
        """Flat numbers as a view of shape (R, C, N)."""
        whole = numbers.reshape(self.networks, self.chains, self.rows.stride)
        return whole[..., : self.rows.size]

    def run(self, given: Given, cells: Cells, kept: Kept) -> None:
        state, errors = self._by_chain(cells.state), self._by_chain(cells.errors)
        inputs, slot = self._by_chain(self._inputs), 0
        for step in range(given.steps):
            if given.reset[step]:
                cells.state[...] = 0
            if step == given.steps - 1:
                cells.previous[...] = cells.state
            before = state.copy() if given.looking_back else state
            np.matmul(state, self._couplings.swapaxes(1, 2), out=inputs)

            def call(member: int, team: int, step: int = step, slot: int = slot) -> None:
                what = (self.rows, given, cells, kept, self.scratch, self._inputs)
                update_chains(member, team, *what, step, slot)

            run_team(self.members, call)
            if given.learning:
                self._learn(errors, before)
            slot += int(kept.steps[step])

    def _learn(self, errors: FloatArray, state: FloatArray) -> None:
        change = np.matmul(errors.swapaxes(1, 2), state)
        if self._plastic.size:
            change *= self._plastic.reshape(change.shape[1:])
        self._couplings += change
        size = self.rows.size
        self._couplings.reshape(self.networks, -1)[:, :: size + 1] = 0


class _Sites(_Dense):
    """Dense, one row after another."""

    def __init__(
        self, program: Program, rows: Rows, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(program, rows, networks, chains, dtype)
        self._order = scan_order(program)
        self._sites = np.zeros(self.members * rows.width, dtype=np.int64)

    def nanoseconds(self) -> float:
        return self.networks * self.chains * (0.1 * self.rows.size**2 + 60.0 * self.rows.size)

    def _laid_out(self, matrices: FloatArray) -> FloatArray:
        laid_out: FloatArray = aligned((*matrices.shape[:-1], self.rows.width), self.dtype)
        laid_out[..., : self.rows.size] = matrices
        return laid_out

    def couplings(self) -> FloatArray:
        return self._couplings[..., : self.rows.size].copy()

    def run(self, given: Given, cells: Cells, kept: Kept) -> None:
        chains = self.networks * self.chains
        members = self.team(given.steps * self.rows.size**2 * chains)
        if chains == 1:
            members = 1
        meeting, flat = new_barrier(), self._couplings.reshape(-1)

        def call(member: int, team: int) -> None:
            who = (member, team, meeting)
            what = (self.rows, given, cells, kept, self.scratch, flat, self._plastic)
            run_sites(*who, *what, self._order, self._sites)

        run_team(members, call)


class _Sparse(Layout):
    """Couplings that exist only, in slices of rows."""

    def __init__(
        self, program: Program, rows: Rows, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(program, rows, networks, chains, dtype)
        targets, sources = program.entries
        positions, self._bounds = placed(program)
        self._slices, self._places = sliced(targets, sources, positions, rows.width)
        self._values = aligned((networks, self._slices.sources.size), dtype)
        self._plastic = aligned((self._slices.sources.size,), dtype)
        self._plastic[self._places] = program.plastic
        self._at_once = program.at_once
        self._serial = not program.at_once and program.schedule != "chromatic"
        if self._serial:
            self._order = scan_order(program)
            self._sites = np.zeros(self.members * rows.width, dtype=np.int64)
        else:
            self._inputs = aligned((networks * chains * rows.stride,), dtype)

    def nanoseconds(self) -> float:
        each = 80.0 if self._serial else 4.0
        size: float = self._values.shape[1] + each * self.rows.width
        return self.networks * self.chains * size

    def couplings(self) -> FloatArray:
        values: FloatArray = self._values[:, self._places]
        return values

    def take(self, couplings: FloatArray) -> None:
        self._values[:, self._places] = couplings

    def run(self, given: Given, cells: Cells, kept: Kept) -> None:
        chains = self.networks * self.chains
        each = self._values.shape[1] + 8 * self.rows.width
        members = self.team(given.steps * each * chains)
        if self.networks == 1 and (chains == 1 if self._serial else each < _WORTH_DIVIDING):
            members = 1
        meeting, flat = new_barrier(), self._values.reshape(-1)

        def call(member: int, team: int) -> None:
            who = (member, team, meeting)
            what = (self.rows, given, cells, kept, self.scratch, self._slices, flat, self._plastic)
            if self._serial:
                run_sparse_sites(*who, *what, self._order, self._sites)
            else:
                run_slices(*who, *what, self._inputs, self._bounds, self._at_once)

        run_team(members, call)


def scan_order(program: Program) -> IntArray:
    """The rows of a scan, one after another; no element where rows are drawn."""
    return np.array([row for rows in program.turns for row in rows], dtype=np.int64)


def layout_of(
    program: Program, rows: Rows, networks: int, chains: int, dtype: np.dtype[Any]
) -> Layout:
    """The layout for a program."""
    if program.layout == "sparse":
        return _Sparse(program, rows, networks, chains, dtype)
    if not program.at_once:
        return _Sites(program, rows, networks, chains, dtype)
    large = chains >= _MANY_CHAINS and chains * program.size**2 >= _LARGE_PRODUCT
    return (_Products if large else _Panels)(program, rows, networks, chains, dtype)
