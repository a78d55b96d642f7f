r"""What all kernels share: the arrays of a block, and the update of a run of rows.

Arrays are flat. Those with a number per row are padded to `width` rows, a multiple of 64, so that
sixteen rows are loaded at once and 64 random numbers made at once; the rows beyond N have state 0
and couple to nothing. What changes has its numbers per chain: those of chain c of network r begin
at :math:`rC + c` times the `stride`, which is a cache line longer than the width where there are
several chains, since columns of a power of 2 would all compete for the same few lines of cache.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.backends.native.compiling import inlined
from deepparticle.compile.backends.native.distributions import (
    diffused_rows,
    drifted_rows,
    expected_rows,
    sampled_rows,
)
from deepparticle.compile.backends.native.lanes import (
    LANES,
    accumulate,
    chosen,
    copy_numbers,
    is_set,
    load,
    store,
    zero_number,
    zeros,
)
from deepparticle.compile.backends.native.random_numbers import draw_uniforms

__all__ = [
    "Cells",
    "Given",
    "Kept",
    "Rows",
    "Scratch",
    "advance",
    "keep_rows",
    "prepare_rows",
    "remember_rows",
]


class Rows(NamedTuple):
    """What a program says of its rows; N, widths, a common code or `MIXED`, and arrays by row."""

    size: int
    width: int
    stride: int
    code: int
    bias: FloatArray
    kinds: FloatArray
    variances: FloatArray


class Given(NamedTuple):
    """A block: numbers, then arrays by network (and step, and chain).

    `uniforms` and `sites` have no element where they are drawn here; `seeds` has eight words per
    network, `drawn` the steps for which numbers were drawn before. Fields and arguments are wanted
    after every step if it is `noting` them, else after the last one only.
    """

    networks: int
    chains: int
    steps: int
    time: int
    drawn: int
    stochastic: bool
    learning: bool
    clocked: bool
    noting: bool
    diffusing: bool
    predicting: bool
    looking_back: bool
    precision: FloatArray
    rate: FloatArray
    clock: IntArray
    time_step: FloatArray
    evidence: FloatArray
    shown: IntArray
    uniforms: FloatArray
    sites: IntArray
    seeds: Any
    reset: BoolArray


class Cells(NamedTuple):
    r"""What steps change, by chain and row; `errors` are :math:`\alpha_i \varepsilon_i / C`.

    `before` are the states before a step, kept where learning looks back.
    """

    state: FloatArray
    field: FloatArray
    argument: FloatArray
    used: FloatArray
    previous: FloatArray
    errors: FloatArray
    before: FloatArray
    total: FloatArray


class Kept(NamedTuple):
    """Which steps are kept, how many, and arrays ``(R, K, C, N)``, empty if they are not kept."""

    steps: BoolArray
    slots: int
    state: FloatArray
    field: FloatArray
    argument: FloatArray
    used: FloatArray


class Scratch(NamedTuple):
    """Working memory, `width` numbers for each member of a team."""

    uniforms: FloatArray
    due: FloatArray
    updated: FloatArray
    words: Any


@inlined
def prepare_rows(
    rows: Any, given: Any, scratch: Any, own: Any, chain: Any, step: Any, low: Any, high: Any
) -> None:
    """Lay out the random numbers of one step and chain, and who is due, for the rows of a run."""
    if given.stochastic:
        network, number = chain // given.chains, chain % given.chains
        if given.uniforms.size == 0:
            moment = given.drawn + step
            draw_uniforms(
                scratch.uniforms, own + low, own + high, given.seeds, network, moment, number, low
            )
        else:
            begin = ((network * given.steps + step) * given.chains + number) * rows.size
            count = min(high, rows.size) - low
            copy_numbers(scratch.uniforms, own + low, given.uniforms, begin + low, count)
    if given.clocked:
        for row in range(low, high):
            scratch.due[own + row] = (given.time + step) % given.clock[row] == 0


@inlined
def _moved(
    rows: Any, given: Any, scratch: Any, own: Any, row: Any, argument: Any, before: Any, tau: Any
) -> Any:
    """The states of sixteen rows a time step later (schedule ``langevin``)."""
    if given.stochastic:
        uniform = load(scratch.uniforms, own + row)
        return diffused_rows(
            rows.code, rows.kinds, rows.variances, row, argument, before, tau, uniform
        )
    return drifted_rows(rows.code, rows.kinds, rows.variances, row, argument, before, tau)


@inlined
def advance(
    rows: Any,
    given: Any,
    cells: Any,
    scratch: Any,
    inputs: Any,
    inputs_at: Any,
    own: Any,
    chain: Any,
    step: Any,
    low: Any,
    high: Any,
) -> None:
    r"""Make one step of the rows of a run, whose inputs :math:`\sum_j J_{ij}\sigma_j` are given.

    Leaves :math:`\alpha_i (\sigma'_i - L(h_i))/C` in ``cells.errors``, where there is learning;
    without :math:`L(h_i)`, where the rule does not subtract what was predicted.
    """
    at, of_network = chain * rows.stride, chain // given.chains * rows.width
    network, number = chain // given.chains, chain % given.chains
    shown = given.shown[(network * given.steps + step) * given.chains + number] * rows.width
    for row in range(low, high, LANES):
        field = load(inputs, inputs_at + row) + load(rows.bias, row)
        precision = load(given.precision, of_network + row)
        argument = precision * (field + load(given.evidence, shown + row))
        if given.diffusing:
            before = load(cells.state, at + row)
            tau = load(given.time_step, of_network + row)
            state = _moved(rows, given, scratch, own, row, argument, before, tau)
        elif given.stochastic:
            uniform = load(scratch.uniforms, own + row)
            state = sampled_rows(rows.code, rows.kinds, rows.variances, row, argument, uniform)
        else:
            state = expected_rows(rows.code, rows.kinds, rows.variances, row, argument)
        if given.learning:
            error = state
            if given.predicting:
                error = error - expected_rows(rows.code, rows.kinds, rows.variances, row, field)
            error = load(given.rate, of_network + row) * error
            if given.clocked:
                error = error * load(scratch.due, own + row)
            store(cells.errors, at + row, error)
        if given.clocked:
            due = is_set(load(scratch.due, own + row))
            state = chosen(due, state, load(cells.state, at + row))
            field = chosen(due, field, load(cells.field, at + row))
            argument = chosen(due, argument, load(cells.argument, at + row))
            precision = chosen(due, precision, load(cells.used, at + row))
        store(cells.state, at + row, state)
        if given.noting or step == given.steps - 1:
            store(cells.field, at + row, field)
            store(cells.argument, at + row, argument)
        if given.clocked or step == 0:
            store(cells.used, at + row, precision)
        accumulate(cells.total, at + row, state)
    for row in range(rows.size, high):  # beyond the last row nothing happens
        zero_number(cells.state, at + row)


@inlined
def remember_rows(
    rows: Any, given: Any, cells: Any, chain: Any, step: Any, low: Any, high: Any
) -> None:
    """Before a step: return the states of a run of rows to 0, or note them, where it is time."""
    at = chain * rows.stride
    if given.reset[step]:
        for row in range(low, high, LANES):
            store(cells.state, at + row, zeros(cells.state))
    if step == given.steps - 1:
        copy_numbers(cells.previous, at + low, cells.state, at + low, high - low)


@inlined
def keep_rows(
    rows: Any, given: Any, cells: Any, kept: Any, chain: Any, slot: Any, low: Any, high: Any
) -> None:
    """After a step that is kept, the `slot`-th: copy what is wanted of a run of rows."""
    at = chain * rows.stride
    network, number = chain // given.chains, chain % given.chains
    to = ((network * kept.slots + slot) * given.chains + number) * rows.size
    count = min(high, rows.size) - low
    if kept.state.size:
        copy_numbers(kept.state, to + low, cells.state, at + low, count)
    if kept.field.size:
        copy_numbers(kept.field, to + low, cells.field, at + low, count)
    if kept.argument.size:
        copy_numbers(kept.argument, to + low, cells.argument, at + low, count)
    if kept.used.size:
        copy_numbers(kept.used, to + low, cells.used, at + low, count)
