r"""Sparse networks: all rows at once, or one colour class after another, in slices of sixteen rows.

Inputs :math:`\sum_j J_{ij}\sigma_j` of a run of rows are summed along the lists of their slices
(:mod:`.slicing`), then the rows are advanced while both are in cache. Members of a team take their
part of each block and meet when it is done.
"""

from __future__ import annotations

from typing import Any

from deepparticle.compile.backends.native.compiling import inlined, kernel
from deepparticle.compile.backends.native.lanes import (
    LANES,
    accumulate,
    copy_numbers,
    gather,
    load,
    multiply_add,
    store,
    zeros,
)
from deepparticle.compile.backends.native.random_numbers import GROUP
from deepparticle.compile.backends.native.rows import (
    advance,
    keep_rows,
    prepare_rows,
    remember_rows,
)
from deepparticle.compile.backends.native.sites import (
    choose_sites,
    errors_of_updated,
    update_row,
)
from deepparticle.compile.backends.native.team import barrier

__all__ = ["run_slices", "run_sparse_sites"]

_RUN = 8 * GROUP
"""Rows that are summed and then advanced: a few kilobytes per array."""


@inlined
def _states(slices: Any, item: Any, state: Any, at: Any) -> Any:
    """The sixteen states that an item couples to."""
    first = slices.runs[item]
    if first >= 0:
        return load(state, at + first)
    return gather(state, at, load(slices.sources, item * LANES))


@inlined
def _sum_inputs(
    slices: Any, values: Any, offset: Any, state: Any, at: Any, inputs: Any, low: Any, high: Any
) -> None:
    for row in range(low, high, LANES):
        sums = zeros(values)
        number = row // LANES
        for item in range(slices.starts[number], slices.starts[number + 1]):
            weight = load(values, offset + item * LANES)
            sums = multiply_add(weight, _states(slices, item, state, at), sums)
        store(inputs, at + row, sums)


@inlined
def _learn(
    rows: Any,
    given: Any,
    cells: Any,
    slices: Any,
    values: Any,
    plastic: Any,
    network: Any,
    low: Any,
    high: Any,
) -> None:
    """Let the couplings that lead to a run of rows learn from all chains."""
    source_states = cells.before if given.looking_back else cells.state
    offset = network * plastic.size
    for row in range(low, high, LANES):
        number = row // LANES
        for item in range(slices.starts[number], slices.starts[number + 1]):
            change = zeros(values)
            for chain in range(network * given.chains, (network + 1) * given.chains):
                at = chain * rows.stride
                error = load(cells.errors, at + row)
                change = multiply_add(error, _states(slices, item, source_states, at), change)
            here = item * LANES
            before = load(values, offset + here)
            store(values, offset + here, multiply_add(load(plastic, here), change, before))


@kernel
def run_slices(
    member: Any,
    members: Any,
    meeting: Any,
    rows: Any,
    given: Any,
    cells: Any,
    kept: Any,
    scratch: Any,
    slices: Any,
    values: Any,
    plastic: Any,
    inputs: Any,
    bounds: Any,
    at_once: Any,
) -> None:
    """Make the steps of a block: networks are divided among members, or else rows.

    Blocks of rows between `bounds` update one after another. If `at_once`, the rows of a block may
    be coupled, and none is advanced before the inputs of all are known.
    """
    alone = given.networks > 1
    part, parts = (0, 1) if alone else (member, members)
    own = member * rows.width
    begin_network = given.networks * member // members if alone else 0
    end_network = given.networks * (member + 1) // members if alone else 1
    groups = rows.width // GROUP
    low, high = groups * part // parts * GROUP, groups * (part + 1) // parts * GROUP
    for network in range(begin_network, end_network):
        begin, end = network * given.chains, (network + 1) * given.chains
        offset = network * plastic.size
        slot = 0
        for step in range(given.steps):
            if given.reset[step] or step == given.steps - 1:
                for chain in range(begin, end):
                    remember_rows(rows, given, cells, chain, step, low, high)
                barrier(meeting, parts)
            if given.looking_back:
                for chain in range(begin, end):
                    here = chain * rows.stride + low
                    copy_numbers(cells.before, here, cells.state, here, high - low)
            for block in range(len(bounds) - 1):
                start = bounds[block]
                runs = (bounds[block + 1] - start + _RUN - 1) // _RUN
                first = start + runs * part // parts * _RUN
                last = min(start + runs * (part + 1) // parts * _RUN, bounds[block + 1])
                if at_once:
                    for chain in range(begin, end):
                        at = chain * rows.stride
                        _sum_inputs(slices, values, offset, cells.state, at, inputs, first, last)
                    barrier(meeting, parts)
                for chain in range(begin, end):
                    at = chain * rows.stride
                    for lower in range(first, last, _RUN):
                        upper = min(lower + _RUN, last)
                        if not at_once:
                            _sum_inputs(
                                slices, values, offset, cells.state, at, inputs, lower, upper
                            )
                        prepare_rows(rows, given, scratch, own, chain, step, lower, upper)
                        advance(
                            rows, given, cells, scratch, inputs, at, own, chain, step, lower, upper
                        )
                barrier(meeting, parts)
            if given.learning:
                _learn(rows, given, cells, slices, values, plastic, network, low, high)
                barrier(meeting, parts)
            if kept.steps[step]:
                for chain in range(begin, end):
                    keep_rows(rows, given, cells, kept, chain, slot, low, high)
                slot += 1
                barrier(meeting, parts)


@kernel
def run_sparse_sites(
    member: Any,
    members: Any,
    meeting: Any,
    rows: Any,
    given: Any,
    cells: Any,
    kept: Any,
    scratch: Any,
    slices: Any,
    values: Any,
    plastic: Any,
    order: Any,
    sites: Any,
) -> None:
    """Make the steps of a block one row after another (:mod:`.sites`)."""
    alone = given.networks > 1
    part, parts = (0, 1) if alone else (member, members)
    own = member * rows.width
    begin_network = given.networks * member // members if alone else 0
    end_network = given.networks * (member + 1) // members if alone else 1
    groups = rows.width // GROUP
    low, high = groups * part // parts * GROUP, groups * (part + 1) // parts * GROUP
    for network in range(begin_network, end_network):
        begin = network * given.chains + given.chains * part // parts
        end = network * given.chains + given.chains * (part + 1) // parts
        offset = network * plastic.size
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
                    number, lane = row // LANES, row % LANES
                    inputs = rows.bias[row] - rows.bias[row]  # a zero of the right type
                    for item in range(slices.starts[number], slices.starts[number + 1]):
                        place = item * LANES + lane
                        source = slices.sources[place]
                        inputs += values[offset + place] * cells.state[at + source]
                    uniform = scratch.uniforms[own + (turn if order.size == 0 else row)]
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
                _learn(rows, given, cells, slices, values, plastic, network, low, high)
                barrier(meeting, parts)
            if kept.steps[step]:
                slot += 1
