r"""How couplings are held while steps are made: dense, by neighbours, or by entries.

A layout answers three questions of a step, for one network with states of shape (C, N): what
reaches all rows, or a stretch of them, :math:`\sum_j J_{ij}\sigma_j`; what reaches a single row;
and what the couplings are after learning,
:math:`J_{ij} + \sum_c \varepsilon_i^{(c)}\sigma_j^{(c)}`.

===============  =============================================================================
layout           holds
===============  =============================================================================
`Dense`          J, shape (N, N)
`Neighbours`     the first coupling of each row, the second of each, and so on, (D, N), and where
                 they come from. Gathers of equal width are what XLA does fast. A row with more than
                 D sources has its other couplings in rows of their own, which are added to it
`Entries`        the couplings by target, (E,), where a row is a stretch of varying length: for
                 schedules that update single rows
===============  =============================================================================

Outside a block couplings are held as the program holds them; `enter` and `leave` translate, once
per block.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from deepparticle.blankets._types import BoolArray, IntArray
from deepparticle.compile.program import Program

__all__ = ["Dense", "Entries", "Layout", "Neighbours", "layout_of"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Dense:
    """J as a matrix.

    Parameters
    ----------
    plastic : Array of bool, shape (N, N), or None
        Which couplings learn; None: all but the diagonal.
    order : Array of int32, shape (N,), or None
        The row of the program that each row here is; None: the same.
    """

    plastic: Array | None
    order: Array | None

    def enter(self, couplings: Array) -> Array:
        """Take J of the program, (N, N)."""
        if self.order is None:
            return couplings
        return couplings[self.order[:, None], self.order]

    def leave(self, couplings: Array) -> Array:
        """Give J of the program back."""
        if self.order is None:
            return couplings
        back = jnp.argsort(self.order)
        return couplings[back[:, None], back]

    def inputs(self, couplings: Array, state: Array, start: int, stop: int) -> Array:
        """What reaches a stretch of rows, shape (C, stop - start)."""
        if stop - start < couplings.shape[0]:
            couplings = couplings[start:stop]
        # Contract the last axes: of a product with the transpose, XLA would make the transpose.
        inputs: Array = lax.dot_general(state, couplings, (((1,), (1,)), ((), ())))
        return inputs

    def row_inputs(self, couplings: Array, state: Array, row: Array) -> Array:
        """What reaches one row, shape (C,)."""
        sources: Array = lax.dynamic_index_in_dim(couplings, row, keepdims=False)
        return state @ sources

    def site_inputs(self, couplings: Array, state: Array, rows: Array) -> Array:
        """What reaches a row of each chain, shape (C,)."""
        if state.shape[0] == 1:
            return self.row_inputs(couplings, state, rows[0])
        sources = couplings.at[rows].get(mode="promise_in_bounds")
        return jnp.sum(sources * state, axis=1)

    def learned(self, couplings: Array, error: Array, state: Array) -> Array:
        """J after learning."""
        # Where there is one chain the sum is one product, which is fused with the rest.
        change = error.reshape(-1, 1) * state if state.shape[0] == 1 else error.T @ state
        if self.plastic is None:
            shape = couplings.shape
            plastic = lax.broadcasted_iota(np.int32, shape, 0) != lax.broadcasted_iota(
                np.int32, shape, 1
            )
        else:
            plastic = self.plastic
        return couplings + jnp.where(plastic, change, jnp.zeros_like(change))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Neighbours:
    """Sparse couplings, so many for each row.

    Parameters
    ----------
    sources : Array of int32, shape (D, M)
        Where each coupling comes from; the first N of the M rows are the rows themselves, the rest
        hold what did not fit. Empty places point at row 0.
    entries : Array of int32, shape (D, M)
        Which entry of the program each is; E, one too many, where the place is empty.
    targets : Array of int32, shape (M - N,)
        The rows to which the further ones belong.
    places : Array of int32, shape (E,)
        Where each entry of the program is, in the flattened (D, M).
    plastic : Array of bool, shape (D, M)
    """

    sources: Array
    entries: Array
    targets: Array
    places: Array
    plastic: Array

    def enter(self, couplings: Array) -> Array:
        """Take the entries of the program, (E,)."""
        with_empty = jnp.pad(couplings, (0, 1))
        return with_empty.at[self.entries].get(mode="promise_in_bounds")

    def leave(self, couplings: Array) -> Array:
        """Give the entries of the program back."""
        return couplings.reshape(-1).at[self.places].get(mode="promise_in_bounds")

    def inputs(self, couplings: Array, state: Array, start: int, stop: int) -> Array:
        """What reaches a stretch of rows, shape (C, stop - start)."""
        sent = self._sent(couplings, state, start, stop)
        count, size = self.targets.shape[0], state.shape[1]
        if not count:
            return sent
        more = self._sent(couplings, state, size, size + count)
        # What belongs to rows outside the stretch falls off its end.
        places = self.targets - start
        places = jnp.where(places < 0, stop - start, places)
        return sent.at[:, places].add(more, mode="drop")

    def learned(self, couplings: Array, error: Array, state: Array) -> Array:
        """The couplings after learning."""
        errors = jnp.concatenate([error, error[:, self.targets]], axis=1)
        changed = []
        for couplings_then, sources, plastic in zip(
            couplings, self.sources, self.plastic, strict=True
        ):
            heard = state.at[:, sources].get(mode="promise_in_bounds")
            change = jnp.sum(errors * heard, axis=0)
            changed.append(couplings_then + jnp.where(plastic, change, jnp.zeros_like(change)))
        return jnp.stack(changed)

    def _sent(self, couplings: Array, state: Array, start: int, stop: int) -> Array:
        # One coupling of each row after another, for sums over a short axis do not vectorise.
        sent = jnp.zeros((state.shape[0], stop - start), state.dtype)
        for each in range(couplings.shape[0]):
            sources = self.sources[each, start:stop]
            heard = state.at[:, sources].get(mode="promise_in_bounds")
            sent = sent + couplings[each, start:stop] * heard
        return sent


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Entries:
    """Sparse couplings by target, with one empty entry at the end.

    Parameters
    ----------
    sources, targets : Array of int32, shape (E + 1,)
    starts : Array of int32, shape (N + 1,)
        Where the entries of each row begin.
    places : Array of int32, shape (D,)
        0, 1, 2, … up to the greatest number of sources of a row.
    plastic : Array of bool, shape (E + 1,)
    """

    sources: Array
    targets: Array
    starts: Array
    places: Array
    plastic: Array

    def enter(self, couplings: Array) -> Array:
        """Take the entries of the program, (E,)."""
        return jnp.pad(couplings, (0, 1))

    def leave(self, couplings: Array) -> Array:
        """Give the entries of the program back."""
        return couplings[:-1]

    def row_inputs(self, couplings: Array, state: Array, row: Array) -> Array:
        """What reaches one row, shape (C,)."""
        sources, weights = self._stretch(couplings, row)
        return state.at[:, sources].get(mode="promise_in_bounds") @ weights

    def site_inputs(self, couplings: Array, state: Array, rows: Array) -> Array:
        """What reaches a row of each chain, shape (C,)."""

        def one(state: Array, row: Array) -> Array:
            sources, weights = self._stretch(couplings, row)
            return state.at[sources].get(mode="promise_in_bounds") @ weights

        return jax.vmap(one)(state, rows)

    def _stretch(self, couplings: Array, row: Array) -> tuple[Array, Array]:
        first = _item(self.starts, row)
        places = first + self.places
        empty = self.sources.shape[0] - 1
        places = jnp.where(places < _item(self.starts, row + 1), places, empty)
        sources = self.sources.at[places].get(mode="promise_in_bounds")
        return sources, couplings.at[places].get(mode="promise_in_bounds")

    def learned(self, couplings: Array, error: Array, state: Array) -> Array:
        """The couplings after learning."""
        errors = error.at[:, self.targets].get(mode="promise_in_bounds")
        heard = state.at[:, self.sources].get(mode="promise_in_bounds")
        change = jnp.sum(errors * heard, axis=0)
        return couplings + jnp.where(self.plastic, change, jnp.zeros_like(change))


def _item(values: Array, index: Array) -> Array:
    return values.at[index].get(mode="promise_in_bounds")


Layout = Dense | Neighbours | Entries


def layout_of(program: Program, order: IntArray | None, single: bool) -> Layout:
    """The layout for a program.

    Parameters
    ----------
    program : Program
    order : ndarray of int, shape (N,), or None
        The row of the program that each row of the layout is; None: the same.
    single : bool
        Whether rows are updated one by one.
    """
    if program.layout == "dense":
        return Dense(
            None if program.learns_everywhere else jnp.asarray(_ordered(program.plastic, order)),
            None if order is None else _indices(order),
        )
    if single:
        return _entries(program)
    return _neighbours(program, order)


def _ordered(matrix: BoolArray, order: IntArray | None) -> BoolArray:
    return matrix if order is None else matrix[np.ix_(order, order)]


def _indices(values: IntArray) -> Array:
    return jnp.asarray(values.astype(np.int32))


def _entries(program: Program) -> Entries:
    targets, sources = program.entries
    greatest = int(np.diff(program.starts).max(initial=1))
    return Entries(
        _indices(np.append(sources, 0)),
        _indices(np.append(targets, 0)),
        _indices(program.starts),
        _indices(np.arange(greatest)),
        jnp.asarray(np.append(program.plastic, False)),
    )


def _neighbours(program: Program, order: IntArray | None) -> Neighbours:
    targets, sources = program.entries
    size, count = program.size, targets.size
    if order is not None:
        inverse = np.argsort(order)
        targets, sources = inverse[targets], inverse[sources]
    degrees = np.bincount(targets, minlength=size)
    # Wide enough for most rows: at most half the places of the first N rows are empty, and what
    # does not fit fills at most N/2 further rows, and one begun for each row that has any.
    width = max(1, min(int(degrees.max(initial=1)), -(-2 * count // size)))
    by_target = np.argsort(targets, kind="stable")
    rank = np.empty(count, dtype=np.intp)
    rank[by_target] = np.arange(count) - np.repeat(np.cumsum(degrees) - degrees, degrees)
    further = np.maximum(-(-degrees // width) - 1, 0)
    first = size + np.cumsum(further) - further
    turn, column = np.divmod(rank, width)
    row = np.where(turn == 0, targets, first[targets] + turn - 1)
    shape = (width, size + int(further.sum()))
    held_sources = np.zeros(shape, dtype=np.intp)
    held_entries = np.full(shape, count)
    plastic = np.zeros(shape, dtype=np.bool_)
    held_sources[column, row] = sources
    held_entries[column, row] = np.arange(count)
    plastic[column, row] = program.plastic
    return Neighbours(
        _indices(held_sources),
        _indices(held_entries),
        _indices(np.repeat(np.arange(size), further)),
        _indices(column * shape[1] + row),
        jnp.asarray(plastic),
    )
