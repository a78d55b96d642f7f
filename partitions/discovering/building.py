"""From a proposal to a world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.naming import SEPARATOR
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    from deepparticle.partitions.discovering.proposal import Proposal

__all__ = ["build"]

# What a person can look at: as an object, a boundary state takes 300 bytes and ten microseconds.
_EXPLICIT = 200_000
# Beyond so many objects between populations, a world takes more than half a gigabyte.
_CROSSING = 2_000_000


def build(proposal: Proposal, name: str, options: Mapping[str, Any]) -> Partition:
    """Make the world of a proposal; see `Proposal.partition`."""
    if proposal.source.graph is not None:
        from deepparticle.partitions.constructors import from_networkx

        graph, weight = proposal.source.graph, proposal.source.weight
        nesting = proposal.nesting(name)
        return from_networkx(graph, weight=weight, nesting=nesting, name=name, **options)
    settings = dict(options)
    bias = _biases(settings.pop("bias", 0.0), len(proposal.names), name)
    distribution, plastic = settings.pop("distribution", None), settings.pop("plastic", True)
    world = Partition(name, **settings)
    couplings, order = proposal.couplings, proposal.order
    explicit = _count(couplings) <= _EXPLICIT
    place_of = -1 - np.arange(len(order))  # rows of one population get the same number
    for number, (path, branch) in enumerate(proposal.branches()):
        holder, _, own = path.rpartition(SEPARATOR)
        around = world[holder] if holder else world
        if not explicit and not branch.parts:
            around.add_population(
                own or "population",
                len(branch.rows),
                couplings=couplings[np.ix_(branch.rows, branch.rows)],
                bias=bias[branch.rows],
                distribution=distribution,
                plastic=plastic,
            )
            place_of[branch.rows] = number
            continue
        place = around.add_partition(own) if path else world
        for row in branch.direct.tolist():
            place.add_subparticle(
                proposal.names[row], bias=float(bias[row]), distribution=distribution
            )
    if explicit and not hasattr(couplings, "tocoo"):
        weights = couplings[np.ix_(order, order)]
    else:
        weights = _crossing(couplings, place_of, order, name)
    world.couple(list(world.subparticles), list(world.subparticles), weights, plastic=plastic)
    return world


def _biases(bias: Any, size: int, where: str) -> FloatArray:
    try:
        return np.broadcast_to(real_array(bias), (size,))
    except (TypeError, ValueError):
        raise SettingError(
            Fault(
                where,
                f"the bias is a number or has shape ({size},)",
                f"shape {np.shape(bias)}" if np.ndim(bias) else repr(bias)[:60],
                f"give {size} numbers, in the order of rows in which the couplings were given",
            )
        ) from None


def _count(couplings: Any) -> int:
    """How many boundary states there are."""
    size = int(couplings.shape[0])
    return int(couplings.nnz) if hasattr(couplings, "tocoo") else size * (size - 1)


def _crossing(couplings: Any, place_of: IntArray, order: IntArray, where: str) -> Any:
    """The entries between places, in the order of the world; those inside are there already."""
    from scipy.sparse import csr_array

    if hasattr(couplings, "tocoo"):
        entries = couplings.tocoo()
        targets, sources, values = entries.row, entries.col, entries.data
        keep = place_of[targets] != place_of[sources]
        targets, sources, values = targets[keep], sources[keep], values[keep]
    else:
        _, sizes = np.unique(place_of, return_counts=True)
        _refuse_many(int(len(order) ** 2 - np.sum(sizes.astype(np.int64) ** 2)), where)
        targets, sources = np.nonzero(place_of[:, None] != place_of[None, :])
        values = couplings[targets, sources]
    _refuse_many(len(values), where)
    rank = np.argsort(order)
    return csr_array((values, (rank[targets], rank[sources])), shape=couplings.shape)


def _refuse_many(count: int, where: str) -> None:
    if count > _CROSSING:
        raise SettingError(
            Fault(
                where,
                f"at most {_CROSSING} boundary states join one part with another",
                f"{count}",
                "leave out weak couplings (a scipy sparse array has only those that it stores), or "
                "build the world of one population with from_couplings",
            )
        )
