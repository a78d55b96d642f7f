r"""Learning by any rule on arrays, coupling by coupling.

For each network the change of its couplings is the mean over chains of

.. math:: \alpha_i\, r(\sigma'_i, L(h_i), \sigma'_j, \sigma_j, J_{ij}),

with the rule of each target row. Rules that are a product of a factor of the target and the new or
old state of the source, the same for all rows, are outer products and do not need this where all
rows update at once (:mod:`deepparticle.compile.backends.numpy_backend`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.program import Program
from deepparticle.compile.rules import RowsOfRule

__all__ = ["Seen", "learn_by_rules"]


class Seen:
    """What each row saw of its sources when it updated last.

    Where all rows update at once that is the old state. In scans each row saw a mixture of old and
    new states, and is noted by itself.

    Parameters
    ----------
    program : Program
    state : ndarray of shape (R, C, N)
        The states before the step.
    """

    def __init__(self, program: Program, state: FloatArray) -> None:
        self._program = program
        self._old = state.copy()
        self._noted: FloatArray | None = None
        if not program.at_once:
            if program.layout == "sparse":
                self._noted = state[..., program.entries[1]]
            else:
                shape = (*state.shape, program.size)
                self._noted = np.array(np.broadcast_to(state[..., None, :], shape))

    def note(self, rows: IntArray, state: FloatArray) -> None:
        """Rows of a scan are about to update, in every network and chain."""
        if self._noted is None:
            return
        if self._program.layout == "dense":
            self._noted[..., rows, :] = state[..., None, :]
            return
        for row in rows.tolist():
            entries = slice(*self._program.starts[row : row + 2])
            self._noted[..., entries] = state[..., self._program.entries[1][entries]]

    def note_each(
        self, networks: IntArray, chains: IntArray, rows: IntArray, state: FloatArray
    ) -> None:
        """A row of its own is about to update in each of these networks and chains."""
        if self._noted is None:
            return
        if self._program.layout == "dense":
            self._noted[networks, chains, rows] = state[networks, chains]
            return
        places = zip(networks.tolist(), chains.tolist(), rows.tolist(), strict=True)
        for network, chain, row in places:
            entries = slice(*self._program.starts[row : row + 2])
            sources = self._program.entries[1][entries]
            self._noted[network, chain, entries] = state[network, chain, sources]

    def sources(self, network: int, chain: int) -> FloatArray:
        """The states of the sources, (N, N) or (1, N) by target, or (E,) by entry."""
        if self._noted is not None:
            noted: FloatArray = self._noted[network, chain]
            return noted
        old: FloatArray = self._old[network, chain]
        if self._program.layout == "sparse":
            return old[self._program.entries[1]]
        return old[None]


def learn_by_rules(
    program: Program,
    rules: Sequence[RowsOfRule],
    couplings: FloatArray,
    rates: FloatArray,
    updated: BoolArray | None,
    state: FloatArray,
    prediction: FloatArray,
    seen: Seen,
) -> None:
    r"""Change couplings in place.

    Parameters
    ----------
    program : Program
    rules : sequence of RowsOfRule
    couplings : ndarray of shape (R, N, N), or (R, E) in the sparse layout
    rates : ndarray of shape (R, 1, N)
    updated : ndarray of bool, shape (R, C, N), or None
        Which rows learn; None: all.
    state, prediction : ndarray of shape (R, C, N)
        After the step: :math:`\sigma'`, and :math:`L(h)`.
    seen : Seen
    """
    chains = state.shape[1]
    for network, values in enumerate(couplings):
        change = np.zeros_like(values)
        for chain in range(chains):
            rate = rates[network, 0] / chains
            if updated is not None:
                rate = rate * updated[network, chain]
            ends = rate, state[network, chain], prediction[network, chain]
            previous = seen.sources(network, chain)
            for rule, rows in rules:
                _ask(program, rule.change, rows, change, values, *ends, previous)
        values += np.where(program.plastic, change, 0.0)


def _ask(
    program: Program,
    asks: Any,
    rows: IntArray,
    change: FloatArray,
    values: FloatArray,
    rate: FloatArray,
    state: FloatArray,
    prediction: FloatArray,
    previous: FloatArray,
) -> None:
    """Add to `change` what the rows ask for."""
    if program.layout == "dense":
        seen = previous if len(previous) == 1 else previous[rows]
        asked = asks(state[rows, None], prediction[rows, None], state[None], seen, values[rows])
        change[rows] += rate[rows, None] * asked
        return
    targets, sources = program.entries
    entries = np.flatnonzero(np.isin(targets, rows))
    to, origin = targets[entries], sources[entries]
    asked = asks(state[to], prediction[to], state[origin], previous[entries], values[entries])
    change[entries] += rate[to] * asked
