r"""The ``numpy`` backend: dense array code, all chains at once.

With σ of shape (C, N), one synchronous step is

.. math:: h = b + \sigma J^T, \quad \theta = \beta (h + u), \quad
          \sigma' \sim p(\cdot; \theta), \quad
          J \mathrel{+}= \tfrac1C (\alpha\varepsilon)^T \sigma', \quad \varepsilon = \sigma' - L(h).

The sequential and chromatic schedules loop over blocks of rows that update at once, the random one
over single sites; each update is vectorised over chains.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.backends.base import Backend, StepInput, Variables
from deepparticle.compile.program import Program

__all__ = ["NumpyBackend", "group_map"]


def group_map(program: Program, method: str, argument: FloatArray, *more: FloatArray) -> FloatArray:
    """Apply a method of each row's distribution to arrays of shape (..., N)."""
    if len(program.groups) == 1:
        result: FloatArray = getattr(program.groups[0].distribution, method)(argument, *more)
        return result
    result = np.empty_like(argument)
    for group in program.groups:
        parts = [values[..., group.rows] for values in (argument, *more)]
        result[..., group.rows] = getattr(group.distribution, method)(*parts)
    return result


class NumpyBackend(Backend):
    """Dense vectorised steps."""

    name: ClassVar[str] = "numpy"

    def __init__(self, program: Program, chains: int, dtype: np.dtype[Any]) -> None:
        super().__init__(program, chains, dtype)
        self._bias = program.bias.astype(dtype)
        self._plastic: FloatArray | None = None
        if not program.learns_everywhere:
            self._plastic = program.plastic.astype(dtype)
        self._distributions = [program.groups[0].distribution] * program.size
        for group in program.groups:
            for row in group.rows.tolist():
                self._distributions[row] = group.distribution
        self._variables = self.initial()
        self._change = np.empty_like(self._variables.couplings)
        self._precision: FloatArray | None = None
        self._used_precision = self._variables.used_precision

    @property
    def variables(self) -> Variables:
        """The variables now: the arrays themselves."""
        return self._variables

    @variables.setter
    def variables(self, variables: Variables) -> None:
        self._variables = variables.copy()

    def step(self, given: StepInput) -> None:
        """One step of the program's schedule, for all chains."""
        sites = given.randomness.sites
        if sites is not None:
            updated: BoolArray | None = self._random_sites(given, sites)
        elif self.program.scan:
            updated = self._scan(given)
        else:
            updated = self._synchronous(given)
        if given.learning_rate is not None:
            self._learn(given.learning_rate, updated)

    def _synchronous(self, given: StepInput) -> BoolArray | None:
        now = self._variables
        field = now.state @ now.couplings.T
        field += self._bias
        argument = given.precision * (field + given.evidence)
        uniforms = given.randomness.uniforms
        if uniforms is None:
            state = group_map(self.program, "mean", argument)
        else:
            state = group_map(self.program, "sample", argument, uniforms)
        if given.clock is None:
            now.state, now.field, now.argument = state, field, argument
            if self._precision is not given.precision:  # the same for all steps of a call
                self._precision = given.precision
                self._used_precision = np.broadcast_to(given.precision, state.shape)
            now.used_precision = self._used_precision
            return None
        due: BoolArray = np.broadcast_to(given.time % given.clock == 0, state.shape)
        now.state = np.where(due, state, now.state)
        now.field = np.where(due, field, now.field)
        now.argument = np.where(due, argument, now.argument)
        now.used_precision = np.where(due, given.precision, now.used_precision)
        return due

    def _scan(self, given: StepInput) -> BoolArray:
        # Sequential and chromatic: block after block, the rows of a block at once.
        now = self._variables
        now.used_precision = np.array(now.used_precision)  # may be a read-only broadcast
        updated = np.zeros(now.state.shape, dtype=np.bool_)
        uniforms = given.randomness.uniforms
        for block in self.program.scan:
            rows = block.rows
            if given.clock is not None:
                rows = rows[given.time % given.clock[rows] == 0]
                if not rows.size:
                    continue
            field = now.state @ now.couplings[rows].T + self._bias[rows]
            argument = given.precision[rows] * (field + given.evidence[:, rows])
            if uniforms is None:
                now.state[:, rows] = block.distribution.mean(argument)
            else:
                now.state[:, rows] = block.distribution.sample(argument, uniforms[:, rows])
            now.field[:, rows] = field
            now.argument[:, rows] = argument
            now.used_precision[:, rows] = given.precision[rows]
            updated[:, rows] = True
        return updated

    def _random_sites(self, given: StepInput, sites: IntArray) -> BoolArray:
        now = self._variables
        now.used_precision = np.array(now.used_precision)  # may be a read-only broadcast
        updated = np.zeros(now.state.shape, dtype=np.bool_)
        every = np.arange(self.chains)
        for turn in range(self.program.size):
            chains, rows = every, sites[:, turn]
            if given.clock is not None:
                due = given.time % given.clock[rows] == 0
                chains, rows = every[due], rows[due]
                if not chains.size:
                    continue
            self._update(given, turn, chains, rows)
            updated[chains, rows] = True
        return updated

    def _update(self, given: StepInput, turn: int, chains: IntArray, rows: IntArray) -> None:
        # One single-site update per chain; the rows of the chains differ.
        now = self._variables
        inputs = np.einsum("cn,cn->c", now.couplings[rows], now.state[chains])
        field = self._bias[rows] + inputs
        argument = given.precision[rows] * (field + given.evidence[chains, rows])
        uniforms = given.randomness.uniforms
        state = np.empty_like(argument)
        kinds = [self._distributions[row] for row in rows.tolist()]
        for kind in dict.fromkeys(kinds):
            members = [index for index, other in enumerate(kinds) if other is kind]
            if uniforms is None:
                state[members] = kind.mean(argument[members])
            else:
                state[members] = kind.sample(argument[members], uniforms[chains[members], turn])
        now.state[chains, rows] = state
        now.field[chains, rows] = field
        now.argument[chains, rows] = argument
        now.used_precision[chains, rows] = given.precision[rows]

    def _learn(self, rates: FloatArray, updated: BoolArray | None) -> None:
        now = self._variables
        error = now.state - group_map(self.program, "mean", now.field)
        error *= rates
        if updated is not None:
            error *= updated
        if self.chains > 1:
            error /= self.chains
        if self.chains == 1:
            change = np.multiply.outer(error[0], now.state[0], out=self._change)
        else:
            change = np.matmul(error.T, now.state, out=self._change)
        if self._plastic is None:
            change.reshape(-1)[:: self.program.size + 1] = 0.0
        else:
            change *= self._plastic
        now.couplings += change
