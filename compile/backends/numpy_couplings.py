r"""The couplings of the ``numpy`` backend: dense, dense with deferred learning, or sparse.

All three send states along couplings, :math:`\sum_j J_{ij} \sigma_j`, and learn
:math:`\Delta J_{ij} = \sum_c \varepsilon_i^{(c)} \sigma_j^{(c)}` where a coupling is plastic.

Where everything is sent or learned at once, states have a single axis that holds networks, chains
and rows: elementwise functions are faster on it, and small networks are all overhead.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.program import Program

__all__ = ["Couplings", "DeferredCouplings", "DenseCouplings", "SparseCouplings", "couplings_for"]

# From so many rows on, a write to all of J costs more than the corrections that put it off: J does
# not fit in the cache of a core any more.
_DEFERRED_FROM = 384


def _pending(size: int) -> int:
    """How many changes K are put off before they are folded in.

    A step reads the pending pairs, K N numbers on average (K/2 of them, twice N long), and its
    share of a fold, which reads and writes J, is 2N²/K numbers. Their sum is least at K = √(2N): 91
    for N = 4096, where a step was measured to take the same time with 64 and with 128.
    """
    return round(math.sqrt(2 * size))


# J is folded by bands of rows of so many bytes, whose changes stay in the cache of a core.
_BAND = 2**20


def couplings_for(program: Program, networks: int, chains: int, values: FloatArray) -> Couplings:
    """The couplings that suit a program.

    Parameters
    ----------
    program : Program
    networks, chains : int
    values : ndarray of shape (R, N, N), or (R, E) in the sparse layout
    """
    if program.layout == "sparse":
        return SparseCouplings(program, values, chains)
    if (
        networks == 1
        and 2 * chains < _pending(program.size)
        and program.size >= _DEFERRED_FROM
        and program.learns_everywhere
        and program.at_once
    ):
        return DeferredCouplings(program, values, chains)
    return DenseCouplings(program, values, chains)


class Couplings(ABC):
    """Couplings of some networks, and what is done with them.

    Parameters
    ----------
    program : Program
    values : ndarray of shape (R, N, N), or (R, E) in the sparse layout
        Taken over, and changed in place.
    chains : int
    """

    def __init__(self, program: Program, values: FloatArray, chains: int) -> None:
        self._program = program
        self._values = values
        self._shape = (len(values), chains, program.size)

    @property
    def values(self) -> FloatArray:
        """The couplings now."""
        return self._values

    def changed(self) -> None:  # noqa: B027 - most keep nothing beside the values
        """The values were changed in place."""

    @abstractmethod
    def inputs(self, state: FloatArray) -> FloatArray:
        """What the states (R·C·N) send to all rows, shape (R·C·N); a new array."""

    @abstractmethod
    def inputs_of(self, turn: int, rows: IntArray, state: FloatArray) -> FloatArray:
        """What they send to some rows (k) of the turn of that number, shape (R, C, k)."""

    @abstractmethod
    def inputs_each(self, rows: IntArray, state: FloatArray) -> FloatArray:
        """What they send to one row in each network and chain (R, C), shape (R, C)."""

    @abstractmethod
    def learn(self, error: FloatArray, state: FloatArray) -> None:
        """Learn from errors (R·C·N), rates included, and the new states (R·C·N)."""


class DenseCouplings(Couplings):
    """J as matrices, (R, N, N)."""

    def __init__(self, program: Program, values: FloatArray, chains: int) -> None:
        super().__init__(program, values, chains)
        self._networks = np.arange(len(values))[:, None]
        self._single = values[0] if self._shape[:2] == (1, 1) else None
        self._diagonals = values.reshape(len(values), -1)[:, :: program.size + 1]
        self._mask: FloatArray | None = None
        if not program.learns_everywhere:
            self._mask = program.plastic.astype(values.dtype)
        self._change = values[:0]

    def part(self, span: slice) -> DenseCouplings:
        """Those of some networks, as a view."""
        return DenseCouplings(self._program, self._values[span], self._shape[1])

    def inputs(self, state: FloatArray) -> FloatArray:
        """A product of matrices; a matrix with a vector where there is one chain."""
        if self._single is not None:
            single: FloatArray = self._single.dot(state)
            return single
        networks, chains, size = self._shape
        sent: FloatArray
        if chains > 1:
            sent = state.reshape(self._shape) @ self._values.swapaxes(1, 2)
        else:
            sent = np.matmul(self._values, state.reshape(networks, size, 1))
        return sent.reshape(-1)

    def inputs_of(self, turn: int, rows: IntArray, state: FloatArray) -> FloatArray:
        """A product with the rows wanted."""
        sent: FloatArray = state @ self._values[:, rows].swapaxes(1, 2)
        return sent

    def inputs_each(self, rows: IntArray, state: FloatArray) -> FloatArray:
        """A scalar product in each network and chain."""
        sent: FloatArray = np.einsum("rcn,rcn->rc", self._values[self._networks, rows], state)
        return sent

    def learn(self, error: FloatArray, state: FloatArray) -> None:
        """Add the outer products, masked."""
        if not len(self._change):
            self._change = np.empty_like(self._values)
        change = self._change
        if self._single is not None:
            # A product of matrices makes an outer product in half the time of ``multiply``.
            error[:, None].dot(state[None], change[0])
        else:
            errors, states = error.reshape(self._shape), state.reshape(self._shape)
            product = np.matmul if self._shape[1] > 1 else np.multiply
            product(errors.swapaxes(1, 2), states, out=change)
        if self._mask is not None:
            change *= self._mask
        self._values += change
        if self._mask is None:
            self._diagonals.fill(0.0)


class DeferredCouplings(DenseCouplings):
    r"""J of one large network, whose changes are written many at a time.

    The last K pairs :math:`(\varepsilon, \sigma)` are kept in two arrays, E and S. With them,

    .. math:: J\sigma = J_0\sigma + E^T (S\sigma) - \sum_k \varepsilon_k \odot s_k \odot \sigma,

    where the last term takes out the diagonal, which stays 0. When the arrays are full, one product
    of matrices folds them into :math:`J_0`: exact, but for the order of sums, while J is written K
    times less often.
    """

    def __init__(self, program: Program, values: FloatArray, chains: int) -> None:
        super().__init__(program, values, chains)
        self._limit = _pending(program.size)
        shape = (self._limit, program.size)
        self._errors = np.zeros(shape, values.dtype)
        self._states = np.zeros(shape, values.dtype)
        self._on_diagonal = np.zeros(program.size, values.dtype)
        self._count = 0

    @property
    def values(self) -> FloatArray:
        """The couplings now, with everything folded in."""
        self._fold()
        return self._values

    def inputs(self, state: FloatArray) -> FloatArray:
        """As the equation says."""
        sent = super().inputs(state)
        if self._count:
            errors, states = self._errors[: self._count], self._states[: self._count]
            chains = state.reshape(self._shape[1:])
            sent += (chains.dot(states.T).dot(errors)).reshape(-1)
            sent -= (chains * self._on_diagonal).reshape(-1)
        return sent

    def learn(self, error: FloatArray, state: FloatArray) -> None:
        """Keep the pairs; fold them in when there are many."""
        chains = self._shape[1]
        span = slice(self._count, self._count + chains)
        errors, states = error.reshape(self._shape[1:]), state.reshape(self._shape[1:])
        self._errors[span], self._states[span] = errors, states
        self._on_diagonal += (errors * states).sum(axis=0)
        self._count += chains
        if self._count + chains > self._limit:
            self._fold()

    def _fold(self) -> None:
        if not self._count:
            return
        errors, states = self._errors[: self._count], self._states[: self._count]
        # SciPy's BLAS would add to J in place, but its idle threads spin and take a core from the
        # products of NumPy's own: steps of N = 4096 took more than twice as long.
        matrix, band = self._values[0], max(1, _BAND // self._values[0, 0].nbytes)
        for start in range(0, len(matrix), band):
            rows = slice(start, start + band)
            matrix[rows] += errors[:, rows].T.dot(states)
        self._diagonals.fill(0.0)
        self._on_diagonal.fill(0.0)
        self._count = 0


class SparseCouplings(Couplings):
    """Only the couplings that exist, (R, E), as compressed rows."""

    def __init__(self, program: Program, values: FloatArray, chains: int) -> None:
        super().__init__(program, values, chains)
        self._targets, self._sources = program.entries
        self._starts = program.starts
        self._matrices = [self._matrix(row, self._sources, self._starts) for row in values]
        self._frozen = None if program.learns_everywhere else ~program.plastic
        self._parts: dict[int, tuple[IntArray, list[Any]]] = {}
        self._stale: set[int] = set()

    def _matrix(self, values: FloatArray, sources: IntArray, starts: IntArray) -> Any:
        from scipy.sparse import csr_array

        shape = (len(starts) - 1, self._program.size)
        matrix = csr_array((values, sources.astype(np.int32), starts.astype(np.int32)), shape=shape)
        matrix.data = values  # SciPy copies what is less than half of a larger array
        return matrix

    @property
    def values(self) -> FloatArray:
        """The couplings now."""
        return self._values

    def inputs(self, state: FloatArray) -> FloatArray:
        """A sparse product in each network."""
        if self._shape[:2] == (1, 1):
            sent: FloatArray = self._matrices[0] @ state
            return sent
        states = state.reshape(self._shape)
        sent = np.empty_like(states)
        for network, matrix in enumerate(self._matrices):
            sent[network] = (matrix @ states[network].T).T
        return sent.reshape(-1)

    def inputs_of(self, turn: int, rows: IntArray, state: FloatArray) -> FloatArray:
        """A sparse product with the rows of a turn."""
        if len(rows) == 1:
            entries = slice(*self._starts[rows[0] : rows[0] + 2])
            sources = self._sources[entries]
            sent: FloatArray = np.einsum(
                "rcn,rn->rc", state[..., sources], self._values[:, entries]
            )
            return sent[..., None]
        whole = self._program.turns[turn]
        chosen = slice(None) if len(rows) == len(whole) else np.searchsorted(whole, rows)
        result = np.empty((*state.shape[:2], len(rows)), state.dtype)
        for network, matrix in enumerate(self._part(turn, whole)):
            result[network] = (matrix @ state[network].T)[chosen].T
        return result

    def _part(self, turn: int, rows: IntArray) -> list[Any]:
        """The rows of a turn as matrices of their own, with the values of now."""
        if turn not in self._parts:
            counts = np.diff(self._starts)[rows]
            starts = np.concatenate([[0], np.cumsum(counts)])
            places = np.arange(starts[-1]) + np.repeat(self._starts[rows] - starts[:-1], counts)
            sources = self._sources[places]
            parts = [self._matrix(values[places], sources, starts) for values in self._values]
            self._parts[turn] = (places, parts)
        places, parts = self._parts[turn]
        if turn in self._stale:
            for part, values in zip(parts, self._values, strict=True):
                np.take(values, places, out=part.data)
            self._stale.discard(turn)
        return parts

    def inputs_each(self, rows: IntArray, state: FloatArray) -> FloatArray:
        """A sparse scalar product in each network and chain."""
        sent = np.empty(rows.shape, state.dtype)
        for at in np.ndindex(*rows.shape):
            entries = slice(*self._starts[rows[at] : rows[at] + 2])
            sent[at] = state[at][self._sources[entries]] @ self._values[at[0], entries]
        return sent

    def changed(self) -> None:
        """The parts that are kept hold the values of before."""
        self._stale.update(self._parts)

    def learn(self, error: FloatArray, state: FloatArray) -> None:
        """Add the product of the error of the target and the state of the source to each entry."""
        errors, states = error.reshape(self._shape), state.reshape(self._shape)
        for network, values in enumerate(self._values):
            for chain in range(self._shape[1]):
                change = errors[network, chain][self._targets]
                change *= states[network, chain][self._sources]
                if self._frozen is not None:
                    change[self._frozen] = 0.0
                values += change
        self._stale.update(self._parts)
