"""The laws of a deep particular partition, checked on the objects of a world, all faults at once.

Linear in the number of members and boundary states. For graphs that are not worlds yet, the same
laws are in :mod:`deepparticle.blankets.laws`.

- *Nesting*: every member lies in exactly one partition, below the root, without cycles. Partitions
  that lie side by side share boundary states (what leads from one to the other is in both of their
  blankets), but never an internal state.
- *Complete coverage*: every boundary state is in the blankets of both of its ends, and both ends
  belong to this world.
- *Sparse flows*: subparticles meet through boundary states, external states through macro-scale
  ones; nothing is coupled to itself. Since every connection is a boundary state with one source and
  one target, no edge joins inside and outside and no state has parents in both, at any level.
  Where one is held by other states than its two ends, every level that this leaks at is named,
  with the path.
- *Numbers*: weights, biases and states are finite, states inside their support.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.errors import Fault
from deepparticle.blankets.naming import SEPARATOR, name_fault
from deepparticle.partitions.population import Population
from deepparticle.partitions.strays import Strays
from deepparticle.partitions.tree import Tree

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["faults_of"]


def faults_of(partition: Partition) -> list[Fault]:
    """Every violated law inside `partition`, in order; empty for a lawful one."""
    faults: list[Fault] = []
    leaves: list[Subparticle] = []
    seen: set[int] = {id(partition)}
    _check_nesting(partition, seen, leaves, faults)
    # Ends are looked for in a whole world only: a part of one has neighbours outside.
    known = seen if partition.parent is None else None
    strays = Strays(partition.world)
    for leaf in leaves:
        faults += _leaf_faults(leaf, known, strays)
    return faults + strays.leaks()


def _check_nesting(
    partition: Partition, seen: set[int], leaves: list[Subparticle], faults: list[Fault]
) -> None:
    # Depth first without recursion, since a nesting may be deeper than Python's stack. A member
    # that was seen is not entered again, so that a cycle ends in a message.
    open_places: list[tuple[Any, str, Iterator[tuple[str, Any]]]] = [
        (partition, partition.path, iter(partition._members.items()))
    ]
    while open_places:
        place, path, members = open_places[-1]
        key, member = next(members, ("", None))
        if member is None:
            open_places.pop()
            continue
        where = f"{path}{SEPARATOR}{key}" if path else str(key)
        if id(member) in seen:
            faults.append(
                Fault(
                    where,
                    "the nesting is a tree, without cycles",
                    "a member that lies in two places",
                    "move it to one partition: partitions may share boundary states, "
                    "never internal ones",
                )
            )
            continue
        seen.add(id(member))
        faults += _place_faults(member, key, place, where)
        if isinstance(member, Subparticle):
            leaves.append(member)
        elif isinstance(member, Population):
            faults += _population_faults(member)
            leaves += [member[row] for row in _rows_to_check(member)]
        elif isinstance(member, Tree):
            open_places.append((member, where, iter(member._members.items())))


def _place_faults(member: Any, key: str, place: Any, where: str) -> Iterator[Fault]:
    fault = name_fault(member.name, where)
    if fault is not None:
        yield fault
    if member.name != key:
        yield Fault(where, "a member is kept under its own name", repr(member.name), "use rename()")
    if member.parent is not place:
        yield Fault(
            where, "a member lies in the partition that holds it", str(member.parent), "use move()"
        )
    if isinstance(member, ExternalState) and place.parent is not None:
        yield Fault(
            where,
            "only the root holds external states",
            f"one in {str(place)!r}",
            "use world.add_external()",
        )


def _population_faults(population: Population) -> Iterator[Fault]:
    storage = population.storage
    broken = [(row, column, storage.weight(row, column)) for row, column in storage.broken()]
    infinite = [(one[2], list(one[:2])) for one in broken if not np.isfinite(one[2])]
    yield from _not_finite(population, "couplings", infinite)
    for cell, values in population.cells.items():
        if not np.all(np.isfinite(values)):
            row = int(np.argmin(np.isfinite(values)))
            yield from _not_finite(population, cell.strip("_"), [(values[row], [row])])
    stray = [one for one in broken if one[0] != one[1] and not storage.has(one[0], one[1])]
    for row, column, weight in stray[:1]:
        yield Fault(
            f"{population}/{column} → {population}/{row}",
            "a coupling passes through a boundary state",
            f"a weight of {weight:g} where none exists",
            "use couple()",
        )
    loops = [one for one in broken if one[0] == one[1]]
    for row, _, weight in loops[:1]:
        yield Fault(
            f"{population}/{row}",
            "a subparticle is not coupled to itself",
            f"weight {weight:g}",
            "set the diagonal to 0",
        )


def _rows_to_check(population: Population) -> list[int]:
    """The members with boundary states of their own, or with numbers that are not lawful."""
    cells = population.cells
    low, high = population.distribution.support
    bias, state = cells["_bias"], cells["_state"]
    wrong = ~(np.isfinite(bias) & np.isfinite(state) & (state >= low) & (state <= high))
    for block in population.blocks:
        wrong |= ~np.isfinite(block.weights)
        # One that its external state does not know is told for the first member.
        wrong[0] |= block not in block.external.blocks or block.external.root is not population.root
    return sorted({*np.flatnonzero(wrong).tolist(), *population._members})


def _not_finite(
    population: Population, what: str, found: list[tuple[float, list[int]]]
) -> Iterator[Fault]:
    for value, where in found[:1]:
        yield Fault(
            str(population),
            f"the {what} are finite",
            f"{value} at {where}",
            "replace NaN and inf",
        )


def _leaf_faults(leaf: Any, known: set[int] | None, strays: Strays) -> Iterator[Fault]:
    low, high = leaf.distribution.support
    bias, state = leaf.bias, leaf.state
    if not math.isfinite(bias):
        yield Fault(str(leaf), "the bias is finite", repr(bias), "set a finite bias")
    if not low <= state <= high or not math.isfinite(state):
        yield Fault(
            str(leaf),
            f"the state lies in [{low:g}, {high:g}]",
            repr(state),
            "set a state inside the support",
        )
    for source, boundary in leaf._incoming.items():
        if not _is_lawful(boundary, source, leaf, known):
            strays.add(boundary, source, leaf)
            yield from _boundary_faults(boundary, source, leaf, known)
    for target, boundary in leaf._outgoing.items():
        if target.is_external:
            if not _is_lawful(boundary, leaf, target, known):
                strays.add(boundary, leaf, target)
                yield from _boundary_faults(boundary, leaf, target, known)
        elif target._incoming.get(leaf) is not boundary:
            strays.add(boundary, leaf, target)
            yield Fault(
                str(boundary),
                "complete coverage: a boundary state is in the blankets of both of its ends",
                f"one that {str(target)!r} does not sense",
                "use couple() and uncouple()",
            )


def _is_known(end: Any, known: set[int] | None) -> bool:
    # Members of a population are known by it.
    return known is None or id(getattr(end, "population", end)) in known


def _is_lawful(boundary: Any, source: Any, target: Any, known: set[int] | None) -> bool:
    """The same questions as below, without the words that tell of a fault."""
    return (
        source is not target
        and boundary.source is source
        and boundary.target is target
        and source.boundary_to(target) is boundary
        and target.boundary_from(source) is boundary
        and math.isfinite(boundary.weight)
        and _is_known(source, known)
        and _is_known(target, known)
    )


def _boundary_faults(
    boundary: Any, source: Any, target: Any, known: set[int] | None
) -> Iterator[Fault]:
    where = f"{source} → {target}"
    if source is target:
        yield Fault(
            where,
            "a subparticle is not coupled to itself",
            f"weight {boundary.weight:g}",
            "uncouple it, use its bias",
        )
    if boundary.source is not source or boundary.target is not target:
        yield Fault(
            where,
            "a boundary state joins the two states that hold it",
            str(boundary),
            "use couple() and uncouple()",
        )
    elif source.boundary_to(target) is not boundary or target.boundary_from(source) is not boundary:
        yield Fault(
            where,
            "complete coverage: a boundary state is in the blankets of both of its ends",
            "one that only one end holds",
            "use couple() and uncouple()",
        )
    if not math.isfinite(boundary.weight):
        yield Fault(where, "the weight is finite", repr(boundary.weight), "set a finite weight")
    if not (_is_known(source, known) and _is_known(target, known)):
        yield Fault(
            where,
            "both ends of a boundary state belong to one world",
            "an end outside this world",
            "uncouple it, or add the other end",
        )
