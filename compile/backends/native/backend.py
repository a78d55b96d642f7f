"""The ``native`` backend: which kernel makes the steps of which program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.base import Backend, Block, Trace, Variables
from deepparticle.compile.backends.native.distributions import families, unknown_families
from deepparticle.compile.backends.native.lanes import LANES, aligned
from deepparticle.compile.backends.native.layouts import Layout, layout_of
from deepparticle.compile.backends.native.rows import Cells, Given, Kept, Rows
from deepparticle.compile.backends.native.slicing import placed
from deepparticle.compile.program import Program
from deepparticle.compile.rules import PUBLISHED, RowsOfRule, product_refusal

__all__ = ["NativeBackend"]

_CELLS = {"state": "state", "field": "field", "argument": "argument", "used_precision": "used"}


class _View(Variables):
    """Variables whose couplings are read when they are looked at.

    They lie in memory as the kernels want them, and mostly only the states are asked for.
    """

    def __init__(self, read: Callable[[], FloatArray], cells: dict[str, FloatArray]) -> None:
        vars(self).update(cells)
        self._read = read

    def __getattr__(self, name: str) -> Any:
        if name != "couplings":
            raise AttributeError(name)
        vars(self)[name] = self._read()
        return vars(self)[name]

    def copy(self) -> Variables:
        """An independent copy."""
        cells = {name: np.array(getattr(self, name)) for name in _CELLS}
        return Variables(couplings=np.array(self.couplings), **cells)


class NativeBackend(Backend):
    """Steps compiled for this machine, in threads.

    All steps of a block are made in one call. In float64 a step agrees with the objects to rounding
    errors; in float32 states do to 1e-6. Random numbers of its own depend on nothing but the words
    it was seeded with and the number of steps since (:mod:`.random_numbers`).
    """

    name: ClassVar[str] = "native"
    own_stream: ClassVar[bool] = True

    def __init__(self, program: Program, networks: int, chains: int, dtype: np.dtype[Any]) -> None:
        super().__init__(program, networks, chains, dtype)
        self._positions, bounds = placed(program)
        width = int(bounds[-1])
        # Where rows are moved there are places between them, which kernels treat as rows too.
        size = program.size if np.array_equal(self._positions, range(program.size)) else width
        self._moved = not np.array_equal(self._positions, range(program.size))
        self._width = width
        code, kinds, variances = families(program)
        self._rows = Rows(
            size,
            width,
            width if chains == 1 else width + LANES,
            code,
            self._by_row(program.bias),
            self._by_row(kinds),
            self._by_row(variances, 1.0),
        )
        numbers = (networks * chains * self._rows.stride,)
        self._cells = Cells(
            state=aligned(numbers, dtype),
            field=aligned(numbers, dtype),
            argument=aligned(numbers, dtype),
            used=aligned(numbers, dtype),
            previous=aligned(numbers, dtype),
            errors=aligned(numbers, dtype),
            before=aligned(numbers, dtype),
            total=aligned(numbers, np.float64),
        )
        self._layout: Layout = layout_of(program, self._rows, networks, chains, dtype)
        self._seeds = np.zeros(networks * 8, dtype=np.uint32)
        self._no_numbers = np.zeros(0, dtype=dtype)
        self._drawn = 0
        self.variables = self.initial()

    def work(self) -> int:
        """The time of one step in nanoseconds, roughly: where runs are cut into blocks."""
        return int(self._layout.nanoseconds())

    @classmethod
    def refusal(
        cls, program: Program, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> str | None:
        """Why it cannot run this, or None where it can."""
        if program.noise is not None:
            return "it knows no noisy boundary states"
        unknown = unknown_families(program)
        if unknown:
            return f"it knows no {' and no '.join(unknown)} states"
        if program.touches:
            return "it knows no turns of rows that touch each other"
        if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
            return f"it knows no {np.dtype(dtype)} numbers"
        return None

    @classmethod
    def rule_refusal(cls, program: Program, rules: tuple[RowsOfRule, ...]) -> str | None:
        """Why it cannot learn by these rules: it makes outer products, the same for all rows."""
        return product_refusal(program, rules)

    def seed(self, words: NDArray[np.uint32]) -> None:
        """Begin its stream of random numbers: one seed of eight words per network."""
        self._seeds = np.array(words, dtype=np.uint32).reshape(-1)
        self._drawn = 0

    # ------------------------------------------------------------------ variables

    def _by_row(self, values: Any, beyond: float = 0.0) -> FloatArray:
        """Numbers by row, (..., N), padded and flat."""
        values = np.asarray(values)
        rows: FloatArray = aligned((*values.shape[:-1], self._width), self.dtype)
        rows[...] = beyond
        rows[..., self._positions] = values
        return rows.reshape(-1)

    def _in_rows(self, numbers: FloatArray, *axes: int) -> FloatArray:
        """Flat numbers as an array of shape (..., N), a copy."""
        whole = numbers.reshape(*axes, -1)
        rows: FloatArray = (
            whole[..., self._positions] if self._moved else whole[..., : self.program.size].copy()
        )
        return rows

    def _of_chains(self, cells: FloatArray) -> FloatArray:
        return self._in_rows(cells, self.networks, self.chains)

    @property
    def variables(self) -> Variables:
        """The variables now, as copies; couplings are converted when they are asked for."""
        return _View(
            self._layout.couplings,
            {name: self._of_chains(getattr(self._cells, cell)) for name, cell in _CELLS.items()},
        )

    @variables.setter
    def variables(self, variables: Variables) -> None:
        for name, cell in _CELLS.items():
            numbers = getattr(self._cells, cell).reshape(self.networks, self.chains, -1)
            numbers[..., self._positions] = getattr(variables, name)
        self._layout.take(np.asarray(variables.couplings))

    def set_bias(self, bias: FloatArray) -> None:
        """Go on with these biases, shape (N,)."""
        self._rows = self._rows._replace(bias=self._by_row(bias))
        self._layout.rows = self._rows

    # ------------------------------------------------------------------ steps

    def run(self, block: Block) -> Trace:
        """Make the steps of a block, in the order of the program's schedule."""
        kept = self._kept(block)
        self._cells.total[...] = 0
        self._layout.run(self._given(block), self._cells, kept)
        self._drawn += block.steps
        axes = (self.networks, kept.slots, self.chains)
        return Trace(
            kept={name: self._kept_rows(getattr(kept, _CELLS[name]), *axes) for name in block.keep},
            total=self._of_chains(self._cells.total),
            previous=self._of_chains(self._cells.previous),
            state=self._of_chains(self._cells.state),
            field=self._of_chains(self._cells.field),
        )

    def _kept_rows(self, numbers: FloatArray, *axes: int) -> FloatArray:
        rows = numbers.reshape(*axes, self._rows.size)
        return rows[..., self._positions] if self._moved else rows

    def _clock(self, clock: Any) -> Any:
        rows = np.ones(self._width, dtype=np.int64)
        if clock is not None:
            rows[self._positions] = clock
        return rows

    def _rate(self, rate: Any) -> Any:
        return self._no_numbers if rate is None else self._by_row(rate / self.chains)

    def _given(self, block: Block) -> Given:
        factors = PUBLISHED if block.learning_rate is None else block.factors
        assert factors is not None
        evidence, shown = block.evidence, block.shown
        if len(evidence) > 1 and evidence.size > shown.size:
            # Of many patterns a short block shows few.
            used, shown = np.unique(shown, return_inverse=True)
            evidence = self._by_row(evidence[used])
        else:
            evidence = self._by_row(evidence)
        return Given(
            networks=self.networks,
            chains=self.chains,
            steps=block.steps,
            time=block.time,
            drawn=self._drawn,
            stochastic=block.stochastic,
            learning=block.learning_rate is not None,
            clocked=block.clock is not None,
            noting=block.clock is not None or bool(block.kept.any()),
            diffusing=block.time_step is not None,
            predicting=factors.subtracts_prediction,
            looking_back=factors.looks_back,
            precision=self._by_row(block.precision),
            rate=self._rate(block.learning_rate),
            clock=self._clock(block.clock),
            time_step=self._no_numbers
            if block.time_step is None
            else self._by_row(block.time_step),
            evidence=evidence,
            shown=_flat(shown, np.int64),
            uniforms=self._no_numbers if block.uniforms is None else self._numbers(block.uniforms),
            sites=_flat(() if block.sites is None else block.sites, np.int64),
            seeds=self._seeds,
            reset=_flat(np.zeros(block.steps) if block.reset is None else block.reset, np.bool_),
        )

    def _numbers(self, uniforms: FloatArray) -> FloatArray:
        numbers: FloatArray = self._by_row(uniforms) if self._moved else _flat(uniforms, self.dtype)
        return numbers

    def _kept(self, block: Block) -> Kept:
        flags = _flat(block.kept, np.bool_)
        if not block.keep:
            flags = np.zeros(block.steps, dtype=np.bool_)
        count = int(flags.sum())
        size = self.networks * count * self.chains * self._rows.size
        arrays = {
            cell: np.empty(size if name in block.keep else 0, dtype=self.dtype)
            for name, cell in _CELLS.items()
        }
        return Kept(steps=flags, slots=count, **arrays)


def _flat(values: Any, dtype: Any) -> Any:
    """An array with one axis for a kernel: of one type, which read-only and odd ones have not."""
    flat = np.ascontiguousarray(values, dtype).reshape(-1)
    return flat if flat.flags.writeable and flat.flags.aligned else flat.copy()
