"""The laws of a deep particular partition, checked on the objects of a world, all faults at once.

Linear in the number of members and boundary states. For graphs that are not worlds yet, the same
laws are in :mod:`deepparticle.blankets.laws`.

- *Nesting*: every member lies in exactly one partition, below the root, without cycles.
- *Complete coverage*: every boundary state is in the blankets of both of its ends, and both ends
  belong to this world.
- *Sparse flows*: subparticles meet through boundary states, external states through macro-scale
  ones; nothing is coupled to itself. Since every connection is a boundary state with one source and
  one target, no edge joins inside and outside and no state has parents in both, at any level.
- *Numbers*: weights, biases and states are finite, states inside their support.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.errors import Fault
from deepparticle.blankets.naming import name_fault
from deepparticle.partitions.population import Population
from deepparticle.partitions.tree import Tree

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["faults_of"]


def faults_of(partition: Partition) -> list[Fault]:
    """Every violated law inside `partition`, in order; empty for a lawful one."""
    faults: list[Fault] = []
    leaves: list[Any] = []
    seen: set[int] = set()
    _check_nesting(partition, partition.parent is None, seen, leaves, faults)
    ends = set(leaves) | set(partition.externals)
    for leaf in leaves:
        faults += _leaf_faults(leaf, ends, partition.parent is None)
    return faults


def _check_nesting(
    place: Any, is_root: bool, seen: set[int], leaves: list[Any], faults: list[Fault]
) -> None:
    # A member that was seen is not entered again, so that a cycle ends in a message.
    seen.add(id(place))
    for key, member in place._members.items():
        where = f"{place}/{key}" if place.path else str(key)
        if id(member) in seen:
            faults.append(
                Fault(
                    where,
                    "the nesting is a tree, without cycles",
                    "a member that lies in two places",
                    "move it to one partition",
                )
            )
            continue
        seen.add(id(member))
        fault = name_fault(member.name, where)
        if fault is not None:
            faults.append(fault)
        if member.name != key:
            faults.append(
                Fault(
                    where,
                    "a member is kept under its own name",
                    repr(member.name),
                    "use rename()",
                )
            )
        if member.parent is not place:
            faults.append(
                Fault(
                    where,
                    "a member lies in the partition that holds it",
                    str(member.parent),
                    "use move()",
                )
            )
        if isinstance(member, ExternalState):
            if not is_root:
                faults.append(
                    Fault(
                        where,
                        "only the root holds external states",
                        f"one in {str(place)!r}",
                        "use world.add_external()",
                    )
                )
        elif isinstance(member, Subparticle):
            leaves.append(member)
        elif isinstance(member, Population):
            faults += _population_faults(member)
            leaves += [member[row] for row in range(member.size)]
        elif isinstance(member, Tree):
            _check_nesting(member, False, seen, leaves, faults)


def _population_faults(population: Population) -> Iterator[Fault]:
    for what, values in (("couplings", population.weights), *population.cells.items()):
        if not np.all(np.isfinite(values)):
            where = np.argwhere(~np.isfinite(values))[0].tolist()
            yield Fault(
                str(population),
                f"the {what.strip('_')} are finite",
                f"{values[tuple(where)]} at {where}",
                "replace NaN and inf",
            )
    stray = np.argwhere((population.weights != 0.0) & ~population.exists_mask)
    for row, column in stray[stray[:, 0] != stray[:, 1]][:1].tolist():
        yield Fault(
            f"{population}/{column} → {population}/{row}",
            "a coupling passes through a boundary state",
            f"a weight of {population.weights[row, column]:g} where none exists",
            "use couple()",
        )
    if np.any(np.diagonal(population.weights)):
        row = int(np.flatnonzero(np.diagonal(population.weights))[0])
        yield Fault(
            f"{population}/{row}",
            "a subparticle is not coupled to itself",
            f"weight {population.weights[row, row]:g}",
            "set the diagonal to 0",
        )


def _leaf_faults(leaf: Any, ends: set[Any], whole: bool) -> Iterator[Fault]:
    low, high = leaf.distribution.support
    if not np.isfinite(leaf.bias):
        yield Fault(str(leaf), "the bias is finite", repr(leaf.bias), "set a finite bias")
    if not low <= leaf.state <= high or not np.isfinite(leaf.state):
        yield Fault(
            str(leaf),
            f"the state lies in [{low:g}, {high:g}]",
            repr(leaf.state),
            "set a state inside the support",
        )
    for source, boundary in leaf._incoming.items():
        yield from _boundary_faults(boundary, source, leaf, ends, whole)
    for target, boundary in leaf._outgoing.items():
        if target.is_external:
            yield from _boundary_faults(boundary, leaf, target, ends, whole)
        elif target._incoming.get(leaf) is not boundary:
            yield Fault(
                str(boundary),
                "complete coverage: a boundary state is in the blankets of both of its ends",
                f"one that {str(target)!r} does not sense",
                "use couple() and uncouple()",
            )


def _boundary_faults(
    boundary: Any, source: Any, target: Any, ends: set[Any], whole: bool
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
    elif (
        source._outgoing.get(target) is not boundary or target._incoming.get(source) is not boundary
    ):
        yield Fault(
            where,
            "complete coverage: a boundary state is in the blankets of both of its ends",
            "one that only one end holds",
            "use couple() and uncouple()",
        )
    if not np.isfinite(boundary.weight):
        yield Fault(where, "the weight is finite", repr(boundary.weight), "set a finite weight")
    if whole and (source not in ends or target not in ends):
        yield Fault(
            where,
            "both ends of a boundary state belong to one world",
            "an end outside this world",
            "uncouple it, or add the other end",
        )
