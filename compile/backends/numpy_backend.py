r"""The ``numpy`` backend: array code, all networks and chains at once.

With σ of shape (C, N), one synchronous step of a network is

.. math:: h = b + \sigma J^T, \quad \theta = \beta (h + u), \quad
          \sigma' \sim p(\cdot; \theta), \quad
          J \mathrel{+}= \tfrac1C (\alpha\varepsilon)^T \sigma', \quad \varepsilon = \sigma' - L(h).

Where rows take turns, a step is a loop over the turns, whose rows update at once; the random
schedule loops over single sites. Each update is vectorised over networks and chains.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from deepparticle.agents.diffusion import diffused, drifted
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.backends.base import Block, Trace, Variables
from deepparticle.compile.backends.numpy_couplings import (
    Couplings,
    DenseCouplings,
    couplings_for,
)
from deepparticle.compile.backends.numpy_learning import Seen, learn_by_rules
from deepparticle.compile.backends.stepping import StepInput, SteppingBackend
from deepparticle.compile.groups import group_map
from deepparticle.compile.program import Program
from deepparticle.compile.rules import PUBLISHED, common_factors

__all__ = ["NumpyBackend"]

# How states move in a time step, without a uniform number and with one.
_MOVES: dict[int, Callable[..., FloatArray]] = {1: drifted, 2: diffused}

# Networks are stepped in groups whose couplings fit in the cache of a core together, in bytes.
_CACHE = 2**20


class NumpyBackend(SteppingBackend):
    """Vectorised steps."""

    name: ClassVar[str] = "numpy"

    def __init__(self, program: Program, networks: int, chains: int, dtype: np.dtype[Any]) -> None:
        super().__init__(program, networks, chains, dtype)
        self._bias = program.bias.astype(dtype)
        self._seen: Seen | None = None
        self._noise: FloatArray | None = None
        self._adopt(self.initial())

    def _adopt(self, variables: Variables) -> None:
        self._cells = variables
        self._couplings = couplings_for(
            self.program, self.networks, self.chains, variables.couplings
        )

    @property
    def variables(self) -> Variables:
        """The variables now: the arrays themselves."""
        self._cells.couplings = self._couplings.values
        return self._cells

    @variables.setter
    def variables(self, variables: Variables) -> None:
        self._adopt(variables.copy())

    def set_bias(self, bias: FloatArray) -> None:
        """Go on with these biases, shape (N,)."""
        self._bias = bias.astype(self.dtype)

    def cell(self, name: str) -> FloatArray:
        """One of the variables but the couplings: the array itself."""
        values: FloatArray = getattr(self._cells, name)
        return values

    # ------------------------------------------------------------------ whole blocks

    def run(self, block: Block) -> Trace:
        """Make the steps of a block: without a scan and clocks, in one loop for some networks."""
        stepwise = block.clock is not None or block.factors is None or block.deviates is not None
        if not self.program.at_once or stepwise:
            return super().run(block)
        couplings = self._couplings
        size = self.program.couplings.size * self.dtype.itemsize
        group = max(1, _CACHE // max(1, size))
        if group >= self.networks or not isinstance(couplings, DenseCouplings):
            trace, last = self._synchronous_block(block, couplings, slice(None))
        else:
            parts = [slice(start, start + group) for start in range(0, self.networks, group)]
            made = [self._synchronous_block(block, couplings.part(part), part) for part in parts]
            trace, last = (
                {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
                for pieces in zip(*made, strict=True)
            )
        now = self._cells
        now.state, now.field = last["state"], last["field"]
        now.argument, now.used_precision = last["argument"], last["used_precision"]
        return Trace(trace, last["total"], last["previous"], now.state, now.field)

    def _kernels(self, shape: tuple[int, ...]) -> tuple[Callable[..., FloatArray], ...]:
        """Sampling and expectation, for arrays with one axis that hold networks, chains, rows."""
        if len(self.program.groups) == 1:
            distribution = self.program.groups[0].distribution
            return distribution._sample, distribution._mean
        program = self.program

        def sample(argument: FloatArray, uniforms: FloatArray) -> FloatArray:
            pair = argument.reshape(shape), uniforms.reshape(shape)
            return group_map(program, "sample", *pair).reshape(-1)

        def mean(argument: FloatArray) -> FloatArray:
            return group_map(program, "mean", argument.reshape(shape)).reshape(-1)

        return sample, mean

    def _synchronous_block(
        self, block: Block, couplings: Couplings, part: slice
    ) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """What is kept of the steps of some networks, and what there is after the last one.

        No array that there was before is written to, so that nothing needs to be copied.
        """
        shape = self._cells.state[part].shape

        def flat(values: FloatArray) -> FloatArray:
            filled = np.empty(shape, self.dtype)
            filled[...] = values
            return filled.reshape(-1)

        sample, mean = self._kernels(shape)
        state = self._cells.state[part].reshape(-1)
        precision = flat(block.precision[part, None])
        bias = flat(self._bias) if self._bias.any() else None
        rate = None
        if block.learning_rate is not None:
            rate = flat(block.learning_rate[part, None]) / self.dtype.type(self.chains)
        time_step = None if block.time_step is None else flat(block.time_step[part, None])
        uniforms: Any = [None] * block.steps
        if block.uniforms is not None:
            # Networks come first in a block; here all of one step lie side by side.
            uniforms = np.ascontiguousarray(block.uniforms[part].swapaxes(0, 1))
            uniforms = uniforms.reshape(block.steps, -1)
        shown = block.shown[part]
        changes = np.any(shown[:, 1:] != shown[:, :-1], axis=(0, 2)).tolist()
        resets = [False] * block.steps if block.reset is None else block.reset.tolist()
        keeps = block.kept.tolist() if block.keep else [False] * block.steps
        kept: dict[str, list[FloatArray]] = {name: [] for name in block.keep}
        inputs, learn = couplings.inputs, couplings.learn
        assert block.factors is not None
        subtracts, looks_back = block.factors
        total: Any = 0
        for step, (new, reset, keep, drawn) in enumerate(
            zip([True, *changes], resets, keeps, uniforms, strict=True)
        ):
            if reset:
                state = np.zeros_like(state)
            if new:
                evidence = flat(block.evidence[shown[:, step]])
            previous = state
            field = inputs(state)
            if bias is not None:
                field += bias
            argument = field + evidence
            argument *= precision
            if time_step is not None:
                cells = (argument, state, time_step) + (() if drawn is None else (drawn,))
                state = self._moved(*(cell.reshape(shape) for cell in cells)).reshape(-1)
            else:
                state = mean(argument) if drawn is None else sample(argument, drawn)
            if rate is not None:
                error = state - mean(field) if subtracts else state.copy()
                error *= rate
                learn(error, previous if looks_back else state)
            total = total + state if step else state
            if keep:
                values = {
                    "state": state,
                    "field": field,
                    "argument": argument,
                    "used_precision": precision,
                }
                for name, series in kept.items():
                    series.append(values[name].reshape(shape))
        empty = np.zeros((shape[0], 0, *shape[1:]), self.dtype)
        last = {
            "state": state,
            "field": field,
            "argument": argument,
            "used_precision": precision,
            "total": total,
            "previous": previous,
        }
        return (
            {name: np.stack(series, axis=1) if series else empty for name, series in kept.items()},
            {name: values.reshape(shape) for name, values in last.items()},
        )

    def _moved(self, argument: FloatArray, state: FloatArray, *more: FloatArray) -> FloatArray:
        """The states a time step later; `more` are time steps, and uniform numbers if any."""
        return group_map(self.program, _MOVES[len(more)], argument, state, *more)

    # ------------------------------------------------------------------ single steps

    def step(self, given: StepInput) -> None:
        """One step of the program's schedule, for all networks and chains."""
        rules = () if given.learning_rate is None else given.rules
        seen = None
        if common_factors(rules) != PUBLISHED:
            seen = Seen(self.program, self._cells.state)
        self._seen, self._noise = seen, self._noise_of(given)
        if given.randomness.sites is not None:
            updated: BoolArray | None = self._random_sites(given, given.randomness.sites)
        elif self.program.turns:
            updated = self._scan(given)
        else:
            updated = self._synchronous(given)
        if given.learning_rate is not None and seen is None:
            self._learn(given.learning_rate, updated)
        elif given.learning_rate is not None and seen is not None:
            now = self._cells
            learn_by_rules(
                self.program,
                rules,
                self._couplings.values,
                given.learning_rate,
                updated,
                now.state,
                group_map(self.program, "mean", now.field),
                seen,
            )
            self._couplings.changed()

    def _noise_of(self, given: StepInput) -> FloatArray | None:
        """What noisy boundary states add to the fields of their targets, shape (R, C, N)."""
        noise = self.program.noise
        if given.deviates is None or noise is None:
            return None
        return noise.added(given.deviates, self.program.size)

    def _synchronous(self, given: StepInput) -> BoolArray | None:
        now = self._cells
        field = self._couplings.inputs(now.state.reshape(-1)).reshape(now.state.shape)
        field += self._bias
        if self._noise is not None:
            field += self._noise
        argument = given.precision * (field + given.evidence)
        uniforms = given.randomness.uniforms
        drawn = () if uniforms is None else (uniforms,)
        if given.time_step is not None:
            state = self._moved(argument, now.state, given.time_step, *drawn)
        else:
            state = group_map(self.program, "sample" if drawn else "mean", argument, *drawn)
        due: Any = True
        if given.clock is not None:
            due = np.broadcast_to(given.time % given.clock == 0, state.shape)
        for name, values in (
            ("state", state),
            ("field", field),
            ("argument", argument),
            ("used_precision", given.precision),
        ):
            np.copyto(getattr(now, name), values, where=due)
        return None if given.clock is None else due

    def _scan(self, given: StepInput) -> BoolArray:
        # Turn after turn, the rows of a turn at once.
        now = self._cells
        updated = np.zeros(now.state.shape, dtype=np.bool_)
        uniforms = given.randomness.uniforms
        for turn, rows in enumerate(self.program.turns):
            if given.clock is not None:
                rows = rows[given.time % given.clock[rows] == 0]
                if not rows.size:
                    continue
            if self._seen is not None:
                self._seen.note(rows, now.state)
            field = self._couplings.inputs_of(turn, rows, now.state) + self._bias[rows]
            if self._noise is not None:
                field += self._noise[..., rows]
            argument = given.precision[..., rows] * (field + given.evidence[..., rows])
            drawn = () if uniforms is None else (uniforms[..., rows],)
            now.state[..., rows] = self._drawn(rows, argument, *drawn)
            now.field[..., rows] = field
            now.argument[..., rows] = argument
            now.used_precision[..., rows] = given.precision[..., rows]
            updated[..., rows] = True
        return updated

    def _drawn(self, rows: IntArray, argument: FloatArray, *uniforms: FloatArray) -> FloatArray:
        """New states of rows along the last axis: samples, or expectations without uniforms."""
        method, groups = "sample" if uniforms else "mean", self.program.groups
        kinds = self.program.kinds[rows]
        if len(groups) == 1 or len(rows) == 1:
            only = groups[kinds[0]].distribution
            drawn: FloatArray = getattr(only, method)(argument, *uniforms)
            return drawn
        state = np.empty_like(argument)
        for number in np.unique(kinds).tolist():
            parts = (values[..., kinds == number] for values in (argument, *uniforms))
            state[..., kinds == number] = getattr(groups[number].distribution, method)(*parts)
        return state

    def _random_sites(self, given: StepInput, sites: IntArray) -> BoolArray:
        now = self._cells
        updated = np.zeros(now.state.shape, dtype=np.bool_)
        for turn in range(self.program.size):
            rows = sites[..., turn]
            due = np.ones(rows.shape, dtype=np.bool_)
            if given.clock is not None:
                due = given.time % given.clock[rows] == 0
                if not due.any():
                    continue
            self._update(given, turn, rows, due)
            at = (*np.nonzero(due), rows[due])
            updated[at] = True
        return updated

    def _update(self, given: StepInput, turn: int, rows: IntArray, due: BoolArray) -> None:
        # One single-site update in each network and chain; the rows differ.
        now = self._cells
        networks, chains = np.nonzero(due)
        chosen = rows[due]
        at = (networks, chains, chosen)
        if self._seen is not None:
            self._seen.note_each(networks, chains, chosen, now.state)
        field = self._bias[chosen] + self._couplings.inputs_each(rows, now.state)[due]
        if self._noise is not None:
            field += self._noise[at]
        precision = given.precision[networks, 0, chosen]
        argument = precision * (field + given.evidence[at])
        uniforms = given.randomness.uniforms
        drawn = () if uniforms is None else (uniforms[networks, chains, turn],)
        now.state[at] = self._drawn(chosen, argument, *drawn)
        now.field[at] = field
        now.argument[at] = argument
        now.used_precision[at] = precision

    def _learn(self, rates: FloatArray, updated: BoolArray | None) -> None:
        now = self._cells
        error = now.state - group_map(self.program, "mean", now.field)
        error *= rates
        if updated is not None:
            error *= updated
        if self.chains > 1:
            error /= self.chains
        self._couplings.learn(error.reshape(-1), now.state.reshape(-1))
