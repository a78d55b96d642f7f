r"""Large dense networks with many chains: products by BLAS, everything else in one pass.

Where J and the states of all chains are large, :math:`h = b + \sigma J^T` is a product of matrices
that BLAS makes at twice the rate of :mod:`.chains`. Between two products a team divides the chains
and makes the rest of a step while their inputs pass through the cache once.
"""

from __future__ import annotations

from typing import Any

from deepparticle.compile.backends.native.compiling import kernel
from deepparticle.compile.backends.native.rows import advance, keep_rows, prepare_rows

__all__ = ["update_chains"]


@kernel
def update_chains(
    member: Any,
    members: Any,
    rows: Any,
    given: Any,
    cells: Any,
    kept: Any,
    scratch: Any,
    inputs: Any,
    step: Any,
    slot: Any,
) -> None:
    """Make one step of all chains, whose inputs are given, divided among members."""
    own, chains = member * rows.width, given.networks * given.chains
    for chain in range(chains * member // members, chains * (member + 1) // members):
        prepare_rows(rows, given, scratch, own, chain, step, 0, rows.width)
        at = chain * rows.stride
        advance(rows, given, cells, scratch, inputs, at, own, chain, step, 0, rows.width)
        if kept.steps[step]:
            keep_rows(rows, given, cells, kept, chain, slot, 0, rows.width)
