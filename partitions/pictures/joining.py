"""What a picture joins: single boundary states, and bundles of many between two places."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.boundary import Boundary, BoundaryKind
from deepparticle.partitions.macroscale import MacroscaleBlock, block_of_state
from deepparticle.partitions.population import Population, PopulationMember

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["Wire", "blocks_inside", "explicit_boundaries", "strongest", "wires_of"]


@dataclass(frozen=True, slots=True)
class Wire:
    """A boundary state, or a bundle, before it has a curve."""

    source: Any
    target: Any
    kind: BoundaryKind
    weight: float
    count: int = 1


def explicit_boundaries(partition: Partition) -> Iterator[Boundary]:
    """Every boundary state of what is inside that is an object of its own, each once.

    Those inside a population are a matrix, and drawn as one; those between an external state and
    a whole population are a block (`blocks_inside`).
    """
    whole = partition.parent is None
    for member in partition.walk():
        leaves: Iterable[Any] = ()
        if isinstance(member, Population):
            leaves = [member._members[row] for row in sorted(member._members)]
        elif isinstance(member, Subparticle):
            leaves = (member,)
        blocks = list(getattr(member, "blocks", ()))
        for leaf in leaves:
            yield from (one for one in leaf._incoming.values() if block_of_state(one) not in blocks)
            for boundary in leaf._outgoing.values():
                if block_of_state(boundary) not in blocks and (
                    boundary.target.is_external or not (whole or boundary.target in partition)
                ):
                    yield boundary


def blocks_inside(partition: Partition) -> Iterator[MacroscaleBlock]:
    """The blocks of macro-scale boundary states of the populations inside."""
    for member in partition.walk():
        if isinstance(member, Population):
            yield from member.blocks


def wires_of(partition: Partition, most_cells: int) -> list[Wire]:
    """What is joined to what, in the order in which it was made."""
    # What joins many leaves of one box to one thing outside is one bundle, not a brush of arrows.
    whole = partition.parent is None

    def is_inside(end: Any) -> bool:
        return not end.is_external and (whole or end in partition)

    def coarse(end: Any, other: Any) -> Any:
        if isinstance(end, PopulationMember):
            return end.population
        return end.parent if not is_inside(other) and is_inside(end) else end

    groups: dict[tuple[int, int], tuple[Any, Any, list[Boundary]]] = {}
    wires = []
    for block in blocks_inside(partition):
        ends = block.external, block.population
        source, target = ends if block.inwards else ends[::-1]
        kind: BoundaryKind = "sensory" if block.inwards else "active"
        if len(block) > 3 or block.population.size > most_cells:
            mean = math.fsum(block.weights.tolist()) / len(block)
            wires.append(Wire(source, target, kind, mean, len(block)))
        else:
            groups[id(source), id(target)] = (source, target, list(block))
    for boundary in explicit_boundaries(partition):
        a, b = boundary.source, boundary.target
        first, second = coarse(a, b), coarse(b, a)
        groups.setdefault((id(first), id(second)), (first, second, []))[2].append(boundary)
    for source, target, group in groups.values():
        populations = [end for end in (source, target) if isinstance(end, Population)]
        limit = 3 if populations else 8
        if any(end.size > most_cells or end not in partition for end in populations):
            limit = 0
        if len(group) > limit:
            mean = math.fsum(boundary.weight for boundary in group) / len(group)
            wires.append(Wire(source, target, group[0].kind, mean, len(group)))
        else:
            wires += [Wire(one.source, one.target, one.kind, one.weight) for one in group]
    return wires


def strongest(wires: list[Wire], most: int) -> tuple[list[Wire], int]:
    """The strongest wires, in their order, and how many boundary states were left out."""
    if len(wires) <= most:
        return wires, 0
    # A dense web is legible only if much less of it is drawn than there would be ink for: four
    # arrows for every state that they join.
    ends = {id(end) for wire in wires for end in (wire.source, wire.target)}
    most = min(most, max(most // 4, 4 * len(ends)))
    # A stable sort: of equally strong ones the first stay.
    order = sorted(range(len(wires)), key=lambda index: -abs(wires[index].weight))
    dropped = [wires[index].count for index in order[most:]]
    return [wires[index] for index in sorted(order[:most])], sum(dropped)
