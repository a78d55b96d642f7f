r"""Dense networks, all rows at once, several chains: products of matrices, in blocks of registers.

Chains of a network share J, so that a coupling that was loaded serves many of them: four chains
times 32 targets are eight registers of sums, and each needs two loads of couplings and four of
states per eight multiplications. Without learning chains have nothing to do with each other, and a
team divides them; learning,

.. math:: J_{ij} \mathrel{+}= \sum_c e_i^{(c)} \sigma_j'^{(c)}, \qquad
          e_i = \tfrac1C\,\alpha_i \varepsilon_i,

is divided by panels of targets (:mod:`.panels`). Rules that look back, which put the old states
:math:`\sigma_j` there, are made here for one chain too.
"""

from __future__ import annotations

from typing import Any

from deepparticle.compile.backends.native.compiling import inlined, kernel
from deepparticle.compile.backends.native.lanes import (
    LANES,
    broadcast,
    copy_numbers,
    load,
    multiply_add,
    store,
    zero_number,
    zeros,
)
from deepparticle.compile.backends.native.panels import PANEL
from deepparticle.compile.backends.native.rows import (
    advance,
    keep_rows,
    prepare_rows,
    remember_rows,
)
from deepparticle.compile.backends.native.team import barrier

__all__ = ["run_chains"]

_TILE = 4
"""Chains, or sources, that are treated at once."""

# States and inputs of this many chains stay in cache, while the couplings pass by.
_GROUP = 64

# Errors of 32 targets and states of a line of sources stay in the first level of cache.
_CHUNK = 128


@inlined
def _read_tile(
    couplings: Any, begin: Any, count: Any, state: Any, p: Any, q: Any, r: Any, s: Any
) -> Any:
    """The inputs of 32 targets in four chains, whose states begin at p, q, r and s."""
    zero = zeros(couplings)
    p0, p1, q0, q1 = zero, zero, zero, zero
    r0, r1, s0, s1 = zero, zero, zero, zero
    for source in range(count):
        left = load(couplings, begin + source * PANEL)
        right = load(couplings, begin + source * PANEL + LANES)
        value = broadcast(state[p + source])
        p0, p1 = multiply_add(left, value, p0), multiply_add(right, value, p1)
        value = broadcast(state[q + source])
        q0, q1 = multiply_add(left, value, q0), multiply_add(right, value, q1)
        value = broadcast(state[r + source])
        r0, r1 = multiply_add(left, value, r0), multiply_add(right, value, r1)
        value = broadcast(state[s + source])
        s0, s1 = multiply_add(left, value, s0), multiply_add(right, value, s1)
    return p0, p1, q0, q1, r0, r1, s0, s1


@inlined
def _read(
    rows: Any, couplings: Any, network: Any, state: Any, inputs: Any, first: Any, last: Any
) -> None:
    """The inputs of all rows in a group of chains."""
    panels = rows.width // PANEL
    end = (last - 1) * rows.stride
    for panel in range(panels):
        for half in range(0, PANEL, 2 * LANES):
            begin = (network * panels + panel) * rows.width * PANEL + half
            column = panel * PANEL + half
            for chain in range(first, last, _TILE):
                # Where fewer than four are left, the last of them is done several times.
                p = chain * rows.stride
                q, r = min(p + rows.stride, end), min(p + 2 * rows.stride, end)
                s = min(p + 3 * rows.stride, end)
                sums = _read_tile(couplings, begin, rows.size, state, p, q, r, s)
                store(inputs, p + column, sums[0])
                store(inputs, p + column + LANES, sums[1])
                store(inputs, q + column, sums[2])
                store(inputs, q + column + LANES, sums[3])
                store(inputs, r + column, sums[4])
                store(inputs, r + column + LANES, sums[5])
                store(inputs, s + column, sums[6])
                store(inputs, s + column + LANES, sums[7])


@inlined
def _change(couplings: Any, plastic: Any, here: Any, mask: Any, left: Any, right: Any) -> None:
    if plastic.size:
        left = left * load(plastic, mask)
        right = right * load(plastic, mask + LANES)
    store(couplings, here, load(couplings, here) + left)
    store(couplings, here + LANES, load(couplings, here + LANES) + right)


@inlined
def _learn_tile(
    couplings: Any,
    plastic: Any,
    here: Any,
    mask: Any,
    stride: Any,
    errors: Any,
    errors_at: Any,
    state: Any,
    at: Any,
    count: Any,
) -> None:
    """Add to the couplings of 32 targets from four sources what `count` chains contribute."""
    zero = zeros(couplings)
    p0, p1, q0, q1 = zero, zero, zero, zero
    r0, r1, s0, s1 = zero, zero, zero, zero
    for _ in range(count):
        left, right = load(errors, errors_at), load(errors, errors_at + LANES)
        value = broadcast(state[at])
        p0, p1 = multiply_add(left, value, p0), multiply_add(right, value, p1)
        value = broadcast(state[at + 1])
        q0, q1 = multiply_add(left, value, q0), multiply_add(right, value, q1)
        value = broadcast(state[at + 2])
        r0, r1 = multiply_add(left, value, r0), multiply_add(right, value, r1)
        value = broadcast(state[at + 3])
        s0, s1 = multiply_add(left, value, s0), multiply_add(right, value, s1)
        errors_at += stride
        at += stride
    _change(couplings, plastic, here, mask, p0, p1)
    _change(couplings, plastic, here + PANEL, mask + PANEL, q0, q1)
    _change(couplings, plastic, here + 2 * PANEL, mask + 2 * PANEL, r0, r1)
    _change(couplings, plastic, here + 3 * PANEL, mask + 3 * PANEL, s0, s1)


@inlined
def _learn(
    rows: Any, given: Any, cells: Any, couplings: Any, plastic: Any, network: Any, panel: Any
) -> None:
    """Let the couplings of one panel learn from all chains."""
    source_states = cells.before if given.looking_back else cells.state
    panels = rows.width // PANEL
    mask = panel * rows.width * PANEL
    begin = network * panels * rows.width * PANEL + mask
    for chunk in range(0, given.chains, _CHUNK):
        count = min(_CHUNK, given.chains - chunk)
        at = (network * given.chains + chunk) * rows.stride
        for half in range(0, PANEL, 2 * LANES):
            for source in range(0, rows.size, _TILE):
                place = source * PANEL + half
                _learn_tile(
                    couplings,
                    plastic,
                    begin + place,
                    mask + place,
                    rows.stride,
                    cells.errors,
                    at + panel * PANEL + half,
                    source_states,
                    at + source,
                    count,
                )
    for lane in range(PANEL):
        zero_number(couplings, begin + (panel * PANEL + lane) * PANEL + lane)


@kernel
def run_chains(
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
) -> None:
    """Make the steps of a block: networks are divided among members, or else chains and panels."""
    alone = given.networks > 1
    part, parts = (0, 1) if alone else (member, members)
    own = member * rows.width
    panels = rows.width // PANEL
    begin_network = given.networks * member // members if alone else 0
    end_network = given.networks * (member + 1) // members if alone else 1
    for network in range(begin_network, end_network):
        begin = network * given.chains + given.chains * part // parts
        end = network * given.chains + given.chains * (part + 1) // parts
        slot = 0
        for step in range(given.steps):
            for first in range(begin, end, _GROUP):
                last = min(first + _GROUP, end)
                for chain in range(first, last):
                    remember_rows(rows, given, cells, chain, step, 0, rows.width)
                    if given.looking_back:
                        here = chain * rows.stride
                        copy_numbers(cells.before, here, cells.state, here, rows.width)
                _read(rows, couplings, network, cells.state, inputs, first, last)
                for chain in range(first, last):
                    at = chain * rows.stride
                    prepare_rows(rows, given, scratch, own, chain, step, 0, rows.width)
                    advance(
                        rows, given, cells, scratch, inputs, at, own, chain, step, 0, rows.width
                    )
                    if kept.steps[step]:
                        keep_rows(rows, given, cells, kept, chain, slot, 0, rows.width)
            if given.learning:
                barrier(meeting, parts)
                for panel in range(panels * part // parts, panels * (part + 1) // parts):
                    _learn(rows, given, cells, couplings, plastic, network, panel)
                barrier(meeting, parts)
            if kept.steps[step]:
                slot += 1
