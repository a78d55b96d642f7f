"""Wiring: boundary states between subparticles, blocks of them, and external states.

Everything is checked before anything is made, so that a refused call changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.boundary import Boundary, ExplicitBoundary
from deepparticle.blankets.conditional import Delta
from deepparticle.blankets.errors import (
    BlanketError,
    Fault,
    PartitionError,
    SettingError,
    SettingTypeError,
)
from deepparticle.blankets.numbers import finite_number, real_array
from deepparticle.partitions.arrays import blocks_of
from deepparticle.partitions.coupling_input import checked_entries, checked_matrix
from deepparticle.partitions.lattices import checked_shape
from deepparticle.partitions.macroscale import MacroscaleBlock
from deepparticle.partitions.population import Population, PopulationBoundaries, PopulationMember
from deepparticle.partitions.sparse_couplings import SparseCouplings

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = [
    "block_of",
    "connect",
    "connect_external",
    "couple",
    "couple_edges",
    "disconnect",
    "keeping_components",
    "lattice_shape",
    "uncouple",
]


def block_of(place: Partition, reference: Any) -> list[Member]:
    """The subparticles (or the external state) that `reference` names, in row order.

    Parameters
    ----------
    place : Partition
        Where paths start.
    reference : Member, str, or a sequence of them
    """
    if isinstance(reference, Sequence) and not isinstance(reference, str):
        return [leaf for entry in reference for leaf in block_of(place, entry)]
    member = place.resolve(reference)
    if isinstance(member, (Subparticle, ExternalState)):
        return [member]
    return list(member.subparticles)


def _leaf_of(place: Partition, reference: Any) -> Subparticle | None:
    """The subparticle that `reference` names, or None for a block or an external state."""
    if isinstance(reference, (str, Member)):
        member = place.resolve(reference)
        return member if isinstance(member, Subparticle) else None
    return None


def _population_of(place: Partition, reference: Any) -> Population | None:
    member = place.resolve(reference) if isinstance(reference, (str, Member)) else None
    return member if isinstance(member, Population) else None


def _refuse_unclear(place: Partition, plastic: object) -> None:
    if not isinstance(plastic, (bool, np.bool_)):
        raise SettingTypeError(
            Fault(
                str(place),
                "plastic is True or False",
                repr(plastic),
                "give plastic=True or plastic=False",
            )
        )


def _refuse_externals(
    place: Partition, sources: Iterable[Member], targets: Iterable[Member]
) -> None:
    targets = list(targets)
    for source in sources:
        for end in (source, *targets):
            if end.is_external:
                outgoing = end is source
                other = targets[0] if outgoing and targets else source
                mend = (
                    f"world.sense({end.path!r}, {other.path!r})"
                    if outgoing
                    else f"world.act({source.path!r}, {end.path!r})"
                )
                kind = "sensory" if outgoing else "active"
                raise BlanketError(
                    Fault(
                        f"{source.path} → {(other if outgoing else end).path}",
                        "an external state and an internal state meet only through a "
                        f"macro-scale {kind} state",
                        f"a direct coupling with {end.path!r}",
                        f"use {mend}",
                    )
                )


def _refuse_self(leaf: Member, weight: object) -> None:
    raise PartitionError(
        Fault(
            leaf.path,
            "a subparticle is not coupled to itself",
            f"weight {weight}",
            "leave the diagonal 0; a constant drive is its bias",
        )
    )


def _refuse_existing(source: Any, target: Any) -> None:
    if target.boundary_from(source) is not None:
        kind = "coupling" if not (source.is_external or target.is_external) else "connection"
        raise PartitionError(
            Fault(
                f"{source.path} → {target.path}",
                f"a {kind} is made once",
                f"one that exists already, with weight {target.boundary_from(source).weight:g}",
                "change the weight of the boundary state, or remove it first with uncouple()",
            )
        )


@contextmanager
def keeping_components(place: Partition) -> Iterator[None]:
    """Let every subparticle keep its own component of the vectors that it senses.

    The components of an external state are in row order, which editing may change.
    """
    before = [
        (external, dict(zip(external.sensing, external._value.tolist(), strict=True)))
        for external in place.externals
        if external._value.ndim == 1 and external.sensing
    ]
    yield
    for external, components in before:
        if external.root is place.root:
            kept = [components[end] for end in external.sensing]
            external._value = np.array(kept) if kept else np.zeros(())


def connect(source: Any, target: Any, weight: float, plastic: bool) -> Boundary:
    """Make one boundary state, unchecked: where both ends share a population, in its arrays."""
    if (
        isinstance(source, PopulationMember)
        and isinstance(target, PopulationMember)
        and source.parent is target.parent
    ):
        return source.population.connect(target.row, source.row, weight, plastic)
    boundary = ExplicitBoundary(source, target, Delta(weight), plastic)
    source._outgoing[target] = boundary
    target._incoming[source] = boundary
    return boundary


def disconnect(boundary: Boundary) -> None:
    """Remove one boundary state from both of its ends."""
    source: Any = boundary.source
    target: Any = boundary.target
    if target._incoming.pop(source, None) is not None:
        source._outgoing.pop(target, None)
    else:
        source.population.disconnect(target.row, source.row)


def couple(place: Partition, source: Any, target: Any, weight: Any, plastic: bool) -> Any:
    """Couple leaf to leaf or block to block; see `Partition.couple`."""
    _refuse_unclear(place, plastic)
    a, b = _leaf_of(place, source), _leaf_of(place, target)
    if a is not None and b is not None:
        # One by one is how most worlds are built: no path is written unless something is wrong.
        value = weight
        if type(weight) is not float or not math.isfinite(weight):
            value = finite_number(weight, f"{a.path} → {b.path}", "weight")
        if a is b:
            _refuse_self(a, value)
        _refuse_existing(a, b)
        boundary = connect(a, b, value, bool(plastic))
        place._changed()
        return boundary
    population = _population_of(place, source)
    inside = population is not None and population is _population_of(place, target)
    if population is not None and inside and hasattr(weight, "tocoo"):
        where, size = f"block coupling in {str(place)!r}", population.size
        rows, columns, values = checked_entries(weight, (size, size), where, "weights")
        off = rows != columns
        for row, value in zip(rows[~off].tolist(), values[~off].tolist(), strict=True):
            if value != 0.0:
                _refuse_self(population[row], f"{value:g} at [{row}, {row}]")
        return _couple_inside(place, population, rows[off], columns[off], values[off], plastic)
    sources, targets = block_of(place, source), block_of(place, target)
    _refuse_externals(place, sources, targets)
    pairs = list(_block_pairs(place, sources, targets, weight))
    for one, other, _ in pairs:
        _refuse_existing(one, other)
    made = tuple(connect(one, other, value, bool(plastic)) for one, other, value in pairs)
    place._changed()
    return made


def _refuse_twice(leaves: Sequence[Member], what: str, where: str) -> None:
    seen: set[Member] = set()
    for leaf in leaves:
        if leaf in seen:
            raise PartitionError(
                Fault(
                    where, f"the {what} of a block differ", f"{leaf.path!r} twice", "name it once"
                )
            )
        seen.add(leaf)


def _is_number(weight: Any) -> bool:
    try:
        return np.ndim(weight) == 0 and not hasattr(weight, "tocoo")
    except ValueError:  # rows of different lengths
        return False


def _block_pairs(
    place: Partition, sources: list[Member], targets: list[Member], weight: Any
) -> Iterator[tuple[Member, Member, float]]:
    where = f"block coupling in {str(place)!r}"
    shape = (len(targets), len(sources))
    _refuse_twice(sources, "sources", where)
    _refuse_twice(targets, "targets", where)
    if hasattr(weight, "tocoo"):
        rows, columns, values = checked_entries(weight, shape, where, "weights")
        entries = zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True)
        for row, column, value in entries:
            if sources[column] is not targets[row]:
                yield sources[column], targets[row], value
            elif value != 0.0:
                _refuse_self(targets[row], f"{value:g} at [{row}, {column}]")
    elif _is_number(weight):
        value = finite_number(weight, where, "weight")
        for leaf in targets:
            for other in sources:
                if other is not leaf:
                    yield other, leaf, value
    else:
        matrix = checked_matrix(weight, shape, where, "weights")
        for row, (leaf, line) in enumerate(zip(targets, matrix.tolist(), strict=True)):
            for column, (other, value) in enumerate(zip(sources, line, strict=True)):
                if other is not leaf:
                    yield other, leaf, value
                elif value != 0.0:
                    _refuse_self(leaf, f"{value:g} at [{row}, {column}]")


def uncouple(place: Partition, source: Any, target: Any) -> None:
    """Remove the boundary state between two objects; see `Partition.uncouple`."""
    a, b = place.resolve(source), place.resolve(target)
    lookup = b.boundary_from(a) if isinstance(b, (Subparticle, ExternalState)) else None
    if lookup is None:
        known = ", ".join(repr(path) for path in list(getattr(b, "sensory", []))[:4]) or "nothing"
        raise PartitionError(
            Fault(
                f"{a.path} → {b.path}",
                "only a boundary state that exists can be removed",
                "no such boundary state",
                f"{b.path!r} senses {known}",
            )
        )
    with keeping_components(place):
        disconnect(lookup)
        place._changed()


def couple_edges(
    place: Partition, edges: tuple[IntArray, IntArray], weight: Any, plastic: bool
) -> Sequence[Boundary]:
    """Couple the leaves of `place` along edges, given as their source rows and target rows."""
    _refuse_unclear(place, plastic)
    value = finite_number(weight, str(place), "weight")
    sources, targets = edges
    blocks = blocks_of(place)
    if len(blocks) == 1 and isinstance(blocks[0][1], Population):
        values = np.full(len(sources), value)
        return _couple_inside(place, blocks[0][1], targets, sources, values, plastic)
    leaves = place.subparticles
    rows = zip(sources.tolist(), targets.tolist(), strict=True)
    pairs = [(leaves[source], leaves[target]) for source, target in rows]
    for one, other in pairs:
        _refuse_existing(one, other)
    made = tuple(connect(one, other, value, bool(plastic)) for one, other in pairs)
    place._changed()
    return made


def _couple_inside(
    place: Partition,
    population: Population,
    targets: IntArray,
    sources: IntArray,
    values: FloatArray,
    plastic: bool,
) -> Sequence[Boundary]:
    """Couple members of one population, in its arrays."""
    there = population.storage.first_of(targets, sources)
    if there is not None:
        _refuse_existing(population[there[1]], population[there[0]])
    population.storage.add_all(targets, sources, values, bool(plastic))
    place._changed()
    made = PopulationBoundaries(population, targets, sources)
    # Where entries are few, the objects are what was asked for; where many, they are in the arrays.
    return made if isinstance(population.storage, SparseCouplings) else tuple(made)


def lattice_shape(place: Partition, shape: Any) -> tuple[int, ...]:
    """The sides of a lattice with as many sites as `place` has leaves."""
    sides, count = checked_shape(shape, str(place)), place.leaf_count
    if any(side < 1 for side in sides) or int(np.prod(sides)) != count:
        raise SettingError(
            Fault(
                str(place),
                f"a lattice has as many sites as leaves ({count})",
                f"shape {sides}",
                f"choose sides whose product is {count}",
            )
        )
    return sides


def _described(weight: Any) -> str:
    try:
        shape = np.shape(weight)
    except ValueError:  # rows of different lengths
        shape = ()
    return f"shape {shape}" if shape else repr(weight)[:60]


def connect_external(
    place: Partition,
    external: Any,
    target: Any,
    weight: Any,
    inwards: bool,
    plastic: bool = False,
) -> Sequence[Boundary]:
    """Make macro-scale sensory (`inwards`) or active states; see `Partition.sense` and `.act`."""
    outside = place.resolve(external)
    method = "sense(external, subparticle)" if inwards else "act(subparticle, external)"
    if not isinstance(outside, ExternalState):
        raise BlanketError(
            Fault(
                str(outside),
                "a macro-scale boundary state joins an external state",
                f"a {type(outside).__name__}",
                f"use {method}, or couple() between subparticles",
            )
        )
    population = _population_of(place, target)
    leaves = block_of(place, target) if population is None else []
    count = len(leaves) if population is None else population.size
    _refuse_twice(leaves, "subparticles", str(outside))
    for leaf in leaves:
        if leaf.is_external:
            raise BlanketError(
                Fault(
                    str(leaf),
                    "external states do not act on one another through a blanket",
                    f"two external states in {method}",
                    "let a process couple them",
                )
            )
    where = (
        f"{str(outside)!r} and {str(target) if isinstance(target, (str, Member)) else 'a block'}"
    )
    try:
        weights = np.broadcast_to(real_array(weight), (count,))
    except (TypeError, ValueError):
        raise SettingError(
            Fault(
                where,
                f"the weight is a number or has shape ({count},)",
                _described(weight),
                "give one weight per subparticle",
            )
        ) from None
    for value in weights[~np.isfinite(weights)][:1].tolist():
        finite_number(value, where, "weight")
    for leaf in leaves if population is None else _joined(population, outside, inwards):
        _refuse_existing(outside, leaf) if inwards else _refuse_existing(leaf, outside)
    sensing = outside.count_of(inwards=True) + count if inwards else np.size(outside.value)
    if np.ndim(outside.value) == 1 and np.size(outside.value) != sensing:
        raise SettingError(
            Fault(
                str(outside),
                "its value has one entry per sensing subparticle",
                f"{np.size(outside.value)} entries and {sensing} to sense it",
                "set a scalar value, connect, then set the new vector",
            )
        )
    if plastic and outside.expectation is None:
        raise SettingError(
            Fault(
                where,
                "an active state learns from what is expected of the external state",
                "plastic=True without an expectation",
                f"set world[{outside.name!r}].expectation = 0.0, for example, before",
            )
        )
    # Evidence is not learned: what the world shows is not the particle's to change.
    made: Sequence[Boundary]
    if population is not None:
        learns = np.full(count, plastic, dtype=np.bool_)
        made = MacroscaleBlock(outside, population, inwards, weights.copy(), learns)
        made.join()
    else:
        made = tuple(
            connect(outside, leaf, value, False)
            if inwards
            else connect(leaf, outside, value, plastic)
            for leaf, value in zip(leaves, weights.tolist(), strict=True)
        )
    place._changed()
    return made


def _joined(population: Population, external: ExternalState, inwards: bool) -> list[Member]:
    """The first member that is joined to an external state already, if there is one."""
    for block in population.blocks:
        if block.external is external and block.inwards == inwards:
            return [population[0]]
    # Members that were not made have no boundary state of their own.
    for row in sorted(population._members):
        member = population._members[row]
        if external in (member._incoming if inwards else member._outgoing):
            return [member]
    return []
