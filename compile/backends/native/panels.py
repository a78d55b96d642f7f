r"""Dense networks, all rows at once, one chain: learning and the next field in one pass over J.

The inputs of the next step, :math:`\sum_j J'_{ij} \sigma'_j`, need the couplings and states that
this step leaves behind, and so does learning, :math:`J'_{ij} = J_{ij} + e_i \sigma'_j` with
:math:`e_i = \alpha_i \varepsilon_i`. Each coupling is therefore read once, changed, used for the
inputs and written.

J is stored by *panels* of 64 targets: panel p holds ``J[64 p : 64 (p + 1), j]`` for one source j
after the other, so that the pass runs through memory in order with inputs and errors of the panel
in registers. Sums are taken in the same order whether they are taken while learning or afresh, so
that a run does not depend on where it is cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.native.compiling import inlined, kernel
from deepparticle.compile.backends.native.lanes import (
    LANES,
    aligned,
    broadcast,
    load,
    multiply_add,
    store,
    without,
    zeros,
)
from deepparticle.compile.backends.native.rows import (
    advance,
    keep_rows,
    prepare_rows,
    remember_rows,
)
from deepparticle.compile.backends.native.team import barrier

__all__ = ["PANEL", "from_panels", "run_panels", "to_panels"]

PANEL = 64
"""Targets in a panel: four registers of inputs and four of errors."""


def to_panels(couplings: FloatArray, width: int) -> FloatArray:
    """Matrices J[target, source] of shape (..., N, N) as panels (..., width/64, width, 64)."""
    *axes, size, _ = couplings.shape
    panels: FloatArray = aligned((*axes, width // PANEL, width, PANEL), couplings.dtype)
    for panel in range(width // PANEL):
        targets = couplings[..., panel * PANEL : (panel + 1) * PANEL, :]
        panels[..., panel, :size, : targets.shape[-2]] = np.swapaxes(targets, -1, -2)
    return panels


def from_panels(panels: FloatArray, size: int) -> FloatArray:
    """The matrices again, as a copy.

    Examples
    --------
    >>> J = np.arange(9.0).reshape(1, 3, 3)
    >>> np.array_equal(from_panels(to_panels(J, 64), 3), J)
    True
    """
    *axes, count, width, _ = panels.shape
    by_target = np.moveaxis(panels, -2, -1).reshape(*axes, count * PANEL, width)
    return by_target[..., :size, :size].copy()


@inlined
def _read_panel(
    couplings: Any, begin: Any, count: Any, state: Any, at: Any, inputs: Any, to: Any
) -> None:
    """The inputs of one panel; sources in pairs, so that sums do not wait for each other."""
    zero = zeros(couplings)
    a0, a1, a2, a3 = zero, zero, zero, zero
    b0, b1, b2, b3 = zero, zero, zero, zero
    for source in range(0, count, 2):
        here = begin + source * PANEL
        first = broadcast(state[at + source])
        a0 = multiply_add(load(couplings, here), first, a0)
        a1 = multiply_add(load(couplings, here + LANES), first, a1)
        a2 = multiply_add(load(couplings, here + 2 * LANES), first, a2)
        a3 = multiply_add(load(couplings, here + 3 * LANES), first, a3)
        here += PANEL
        second = broadcast(state[at + source + 1])
        b0 = multiply_add(load(couplings, here), second, b0)
        b1 = multiply_add(load(couplings, here + LANES), second, b1)
        b2 = multiply_add(load(couplings, here + 2 * LANES), second, b2)
        b3 = multiply_add(load(couplings, here + 3 * LANES), second, b3)
    store(inputs, to, a0 + b0)
    store(inputs, to + LANES, a1 + b1)
    store(inputs, to + 2 * LANES, a2 + b2)
    store(inputs, to + 3 * LANES, a3 + b3)


@inlined
def _learned(couplings: Any, here: Any, error: Any, source: Any) -> Any:
    changed = multiply_add(error, source, load(couplings, here))
    store(couplings, here, changed)
    return changed


@inlined
def _learn_sources(
    couplings: Any, begin: Any, low: Any, high: Any, state: Any, at: Any, errors: Any, sums: Any
) -> Any:
    """Learn from the sources of a run, none of which is a target of the panel."""
    e0, e1, e2, e3 = errors
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    for source in range(low, high, 2):
        here = begin + source * PANEL
        first = broadcast(state[at + source])
        a0 = multiply_add(_learned(couplings, here, e0, first), first, a0)
        a1 = multiply_add(_learned(couplings, here + LANES, e1, first), first, a1)
        a2 = multiply_add(_learned(couplings, here + 2 * LANES, e2, first), first, a2)
        a3 = multiply_add(_learned(couplings, here + 3 * LANES, e3, first), first, a3)
        here += PANEL
        second = broadcast(state[at + source + 1])
        b0 = multiply_add(_learned(couplings, here, e0, second), second, b0)
        b1 = multiply_add(_learned(couplings, here + LANES, e1, second), second, b1)
        b2 = multiply_add(_learned(couplings, here + 2 * LANES, e2, second), second, b2)
        b3 = multiply_add(_learned(couplings, here + 3 * LANES, e3, second), second, b3)
    return a0, a1, a2, a3, b0, b1, b2, b3


@inlined
def _learn_own_sources(
    couplings: Any,
    begin: Any,
    low: Any,
    high: Any,
    state: Any,
    at: Any,
    lane: Any,
    errors: Any,
    sums: Any,
) -> Any:
    """The same for up to sixteen sources that are the targets from `lane` on, one for each.

    They do not act on themselves. Errors and sums begin with those targets and go round.
    """
    e0, e1, e2, e3 = errors
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    second_lane = (lane + LANES) % PANEL
    third_lane = (lane + 2 * LANES) % PANEL
    fourth_lane = (lane + 3 * LANES) % PANEL
    for source in range(low, high, 2):
        here = begin + source * PANEL
        first = broadcast(state[at + source])
        hole = without(e0, source - low)
        a0 = multiply_add(_learned(couplings, here + lane, hole, first), first, a0)
        a1 = multiply_add(_learned(couplings, here + second_lane, e1, first), first, a1)
        a2 = multiply_add(_learned(couplings, here + third_lane, e2, first), first, a2)
        a3 = multiply_add(_learned(couplings, here + fourth_lane, e3, first), first, a3)
        here += PANEL
        second = broadcast(state[at + source + 1])
        hole = without(e0, source - low + 1)
        b0 = multiply_add(_learned(couplings, here + lane, hole, second), second, b0)
        b1 = multiply_add(_learned(couplings, here + second_lane, e1, second), second, b1)
        b2 = multiply_add(_learned(couplings, here + third_lane, e2, second), second, b2)
        b3 = multiply_add(_learned(couplings, here + fourth_lane, e3, second), second, b3)
    return a0, a1, a2, a3, b0, b1, b2, b3


@inlined
def _learn_panel(
    couplings: Any,
    begin: Any,
    count: Any,
    column: Any,
    state: Any,
    at: Any,
    errors: Any,
    inputs: Any,
) -> None:
    """Let a panel learn and give its next inputs; `column` is its first target."""
    zero = zeros(couplings)
    to = at + column
    e = (
        load(errors, to),
        load(errors, to + LANES),
        load(errors, to + 2 * LANES),
        load(errors, to + 3 * LANES),
    )
    s = (zero, zero, zero, zero, zero, zero, zero, zero)
    s = _learn_sources(couplings, begin, 0, min(column, count), state, at, e, s)
    for lane in range(0, PANEL, LANES):
        low = column + lane
        s = _learn_own_sources(
            couplings, begin, low, min(low + LANES, count), state, at, lane, e, s
        )
        e = (e[1], e[2], e[3], e[0])
        s = (s[1], s[2], s[3], s[0], s[5], s[6], s[7], s[4])
    s = _learn_sources(couplings, begin, column + PANEL, count, state, at, e, s)
    store(inputs, to, s[0] + s[4])
    store(inputs, to + LANES, s[1] + s[5])
    store(inputs, to + 2 * LANES, s[2] + s[6])
    store(inputs, to + 3 * LANES, s[3] + s[7])


@inlined
def _learn_masked_panel(
    couplings: Any,
    plastic: Any,
    begin: Any,
    mask: Any,
    count: Any,
    column: Any,
    state: Any,
    at: Any,
    errors: Any,
    inputs: Any,
) -> None:
    """The same where some couplings do not learn; `plastic` is 1 or 0, and 0 on the diagonal."""
    for lane in range(column, column + PANEL, LANES):
        error = load(errors, at + lane)
        a, b = zeros(couplings), zeros(couplings)
        for source in range(0, count, 2):
            here = source * PANEL + lane - column
            first, second = broadcast(state[at + source]), broadcast(state[at + source + 1])
            rate = error * load(plastic, mask + here)
            a = multiply_add(_learned(couplings, begin + here, rate, first), first, a)
            here += PANEL
            rate = error * load(plastic, mask + here)
            b = multiply_add(_learned(couplings, begin + here, rate, second), second, b)
        store(inputs, at + lane, a + b)


@kernel
def run_panels(
    member: Any,
    members: Any,
    meeting: Any,
    rows: Any,
    given: Any,
    cells: Any,
    kept: Any,
    scratch: Any,
    couplings: Any,
    plastic: Any,
    inputs: Any,
    known: Any,
) -> None:
    """Make the steps of a block: several networks are divided among members, or else the panels.

    `plastic` has no element where everything learns; `inputs` belong to the couplings and states at
    the beginning if `known`, and to those at the end afterwards.
    """
    alone = given.networks > 1
    part, parts = (0, 1) if alone else (member, members)
    panels = rows.width // PANEL
    first, last = panels * part // parts, panels * (part + 1) // parts
    low, high = first * PANEL, last * PANEL
    own = member * rows.width
    count = rows.size + rows.size % 2  # the padded rows are not all read
    begin_network = given.networks * member // members if alone else 0
    end_network = given.networks * (member + 1) // members if alone else 1
    for network in range(begin_network, end_network):
        at = network * rows.width
        if not known:
            for panel in range(first, last):
                begin = (network * panels + panel) * rows.width * PANEL
                to = at + panel * PANEL
                _read_panel(couplings, begin, count, cells.state, at, inputs, to)
            barrier(meeting, parts)
        slot = 0
        for step in range(given.steps):
            if given.reset[step]:
                for row in range(low, high, LANES):
                    store(inputs, at + row, zeros(inputs))
            remember_rows(rows, given, cells, network, step, low, high)
            prepare_rows(rows, given, scratch, own, network, step, low, high)
            advance(rows, given, cells, scratch, inputs, at, own, network, step, low, high)
            barrier(meeting, parts)
            for panel in range(first, last):
                begin = (network * panels + panel) * rows.width * PANEL
                column = panel * PANEL
                to = at + column
                if not given.learning:
                    _read_panel(couplings, begin, count, cells.state, at, inputs, to)
                elif plastic.size:
                    mask = panel * rows.width * PANEL
                    _learn_masked_panel(
                        couplings,
                        plastic,
                        begin,
                        mask,
                        count,
                        column,
                        cells.state,
                        at,
                        cells.errors,
                        inputs,
                    )
                else:
                    _learn_panel(
                        couplings, begin, count, column, cells.state, at, cells.errors, inputs
                    )
            if kept.steps[step]:
                keep_rows(rows, given, cells, kept, network, slot, low, high)
                slot += 1
            barrier(meeting, parts)
