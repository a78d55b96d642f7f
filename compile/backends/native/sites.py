r"""Dense networks, one row after another: sequential, chromatic and random schedules.

Each update is the product of one row of J with the newest states, :math:`h_i = b_i + \sum_j J_{ij}
\sigma_j`, so that J is stored by target. Rows of one colour do not touch, and need not be treated
at once to be treated as if. Learning follows the sweep, with the field that each row saw last.
"""

from __future__ import annotations

from typing import Any

from deepparticle.compile.backends.native.compiling import inlined, kernel
from deepparticle.compile.backends.native.distributions import (
    expected_row,
    expected_rows,
    sampled_row,
)
from deepparticle.compile.backends.native.lanes import (
    LANES,
    accumulate,
    broadcast,
    load,
    multiply_add,
    store,
    total_of,
    zero_number,
    zeros,
)
from deepparticle.compile.backends.native.random_numbers import GROUP, draw_sites
from deepparticle.compile.backends.native.rows import keep_rows, prepare_rows, remember_rows
from deepparticle.compile.backends.native.team import barrier

__all__ = ["choose_sites", "errors_of_updated", "run_sites", "update_row"]


@inlined
def choose_sites(
    rows: Any, given: Any, scratch: Any, member: Any, chain: Any, step: Any, order: Any, sites: Any
) -> None:
    """Lay out the rows of a step, one after another: a scan, or rows that are drawn."""
    own = member * rows.width
    if order.size:
        for turn in range(rows.size):
            sites[own + turn] = order[turn]
        return
    network, number = chain // given.chains, chain % given.chains
    if given.sites.size:
        begin = ((network * given.steps + step) * given.chains + number) * rows.size
        for turn in range(rows.size):
            sites[own + turn] = given.sites[begin + turn]
        return
    moment = given.drawn + step
    draw_sites(
        sites, own, rows.size, given.seeds, network, moment, number, scratch.words, member * GROUP
    )


@inlined
def update_row(
    rows: Any, given: Any, cells: Any, chain: Any, step: Any, row: Any, inputs: Any, uniform: Any
) -> None:
    """Infer the state of one row, whose inputs are given."""
    network, number = chain // given.chains, chain % given.chains
    shown = given.shown[(network * given.steps + step) * given.chains + number] * rows.width
    precision = given.precision[network * rows.width + row]
    field = inputs + rows.bias[row]
    argument = precision * (field + given.evidence[shown + row])
    if given.stochastic:
        state = sampled_row(rows.kinds, rows.variances, row, argument, uniform)
    else:
        state = expected_row(rows.kinds, rows.variances, row, argument)
    here = chain * rows.stride + row
    cells.state[here] = state
    cells.field[here] = field
    cells.argument[here] = argument
    cells.used[here] = precision


@inlined
def errors_of_updated(
    rows: Any, given: Any, cells: Any, scratch: Any, own: Any, chain: Any
) -> None:
    r"""After a sweep: :math:`\alpha_i (\sigma'_i - L(h_i))/C` of the rows that updated, else 0."""
    at, of_network = chain * rows.stride, chain // given.chains * rows.width
    for row in range(0, rows.width, LANES):
        error = load(cells.state, at + row)
        if given.predicting:
            field = load(cells.field, at + row)
            error = error - expected_rows(rows.code, rows.kinds, rows.variances, row, field)
        error = load(given.rate, of_network + row) * error
        store(cells.errors, at + row, error * load(scratch.updated, own + row))


@inlined
def _inputs(couplings: Any, begin: Any, width: Any, state: Any, at: Any) -> Any:
    zero = zeros(couplings)
    a, b, c, d = zero, zero, zero, zero
    for source in range(0, width, 4 * LANES):
        here, there = begin + source, at + source
        a = multiply_add(load(couplings, here), load(state, there), a)
        here, there = here + LANES, there + LANES
        b = multiply_add(load(couplings, here), load(state, there), b)
        here, there = here + LANES, there + LANES
        c = multiply_add(load(couplings, here), load(state, there), c)
        here, there = here + LANES, there + LANES
        d = multiply_add(load(couplings, here), load(state, there), d)
    return total_of((a + b) + (c + d))


@inlined
def _learn(
    rows: Any, given: Any, cells: Any, couplings: Any, plastic: Any, network: Any, row: Any
) -> None:
    """Let the couplings that lead to one row learn from all chains."""
    begin = (network * rows.size + row) * rows.width
    for source in range(0, rows.width, LANES):
        change = zeros(couplings)
        for chain in range(network * given.chains, (network + 1) * given.chains):
            at = chain * rows.stride
            error = broadcast(cells.errors[at + row])
            change = multiply_add(error, load(cells.state, at + source), change)
        if plastic.size:
            change = change * load(plastic, row * rows.width + source)
        store(couplings, begin + source, load(couplings, begin + source) + change)
    zero_number(couplings, begin + row)


@kernel
def run_sites(
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
    order: Any,
    sites: Any,
) -> None:
    """Make the steps of a block: networks are divided among members, or else chains.

    `order` are the rows of a scan; without elements, rows are drawn.
    """
    alone = given.networks > 1
    part, parts = (0, 1) if alone else (member, members)
    own = member * rows.width
    begin_network = given.networks * member // members if alone else 0
    end_network = given.networks * (member + 1) // members if alone else 1
    for network in range(begin_network, end_network):
        begin = network * given.chains + given.chains * part // parts
        end = network * given.chains + given.chains * (part + 1) // parts
        slot = 0
        for step in range(given.steps):
            for chain in range(begin, end):
                at = chain * rows.stride
                remember_rows(rows, given, cells, chain, step, 0, rows.width)
                prepare_rows(rows, given, scratch, own, chain, step, 0, rows.width)
                choose_sites(rows, given, scratch, member, chain, step, order, sites)
                for row in range(rows.width):
                    scratch.updated[own + row] = 0
                for turn in range(rows.size):
                    row = sites[own + turn]
                    if given.clocked and scratch.due[own + row] == 0:
                        continue
                    begins = (network * rows.size + row) * rows.width
                    inputs = _inputs(couplings, begins, rows.width, cells.state, at)
                    number = turn if order.size == 0 else row
                    uniform = scratch.uniforms[own + number]
                    update_row(rows, given, cells, chain, step, row, inputs, uniform)
                    scratch.updated[own + row] = 1
                for row in range(0, rows.width, LANES):
                    accumulate(cells.total, at + row, load(cells.state, at + row))
                if given.learning:
                    errors_of_updated(rows, given, cells, scratch, own, chain)
                if kept.steps[step]:
                    keep_rows(rows, given, cells, kept, chain, slot, 0, rows.width)
            if given.learning:
                barrier(meeting, parts)
                for row in range(rows.size * part // parts, rows.size * (part + 1) // parts):
                    _learn(rows, given, cells, couplings, plastic, network, row)
                barrier(meeting, parts)
            if kept.steps[step]:
                slot += 1
