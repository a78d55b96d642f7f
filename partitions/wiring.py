"""Wiring: boundary states between subparticles, blocks of them, and external states.

Everything is checked before anything is made, so that a refused call changes nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle
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
from deepparticle.partitions.population import PopulationMember, checked_matrix

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
    "lattice_edges",
    "ring_edges",
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
    sources, targets = block_of(place, source), block_of(place, target)
    _refuse_externals(place, sources, targets)
    if place._is_leaf(source) and place._is_leaf(target):
        a, b = sources[0], targets[0]
        value = finite_number(weight, f"{a.path} → {b.path}", "weight")
        if a is b:
            _refuse_self(a, value)
        _refuse_existing(a, b)
        boundary = connect(a, b, value, bool(plastic))
        place._changed()
        return boundary
    pairs = list(_block_pairs(place, sources, targets, weight))
    for a, b, _ in pairs:
        _refuse_existing(a, b)
    made = tuple(connect(a, b, value, bool(plastic)) for a, b, value in pairs)
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
    if _is_number(weight):
        matrix = np.full(shape, finite_number(weight, where, "weight"))
        columns = {leaf: column for column, leaf in enumerate(sources)}
        for row, leaf in enumerate(targets):
            if leaf in columns:
                matrix[row, columns[leaf]] = 0.0
        stored = None
    else:
        matrix, stored = checked_matrix(weight, shape, where, "weights")
    for row, leaf in enumerate(targets):
        for column, other in enumerate(sources):
            if leaf is other:
                if matrix[row, column] != 0.0:
                    _refuse_self(leaf, f"{matrix[row, column]:g} at [{row}, {column}]")
            elif stored is None or stored[row, column]:
                yield other, leaf, float(matrix[row, column])


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
    place: Partition, edges: Iterable[tuple[int, int]], weight: Any, plastic: bool
) -> tuple[Boundary, ...]:
    """Couple the leaves of `place` along (source row, target row) pairs."""
    _refuse_unclear(place, plastic)
    value = finite_number(weight, str(place), "weight")
    leaves = place.subparticles
    pairs = [(leaves[source], leaves[target]) for source, target in edges]
    for source, target in pairs:
        _refuse_existing(source, target)
    made = tuple(connect(source, target, value, plastic) for source, target in pairs)
    place._changed()
    return made


def ring_edges(count: int, directed: bool) -> list[tuple[int, int]]:
    """The (source, target) pairs of a ring of `count` leaves.

    Examples
    --------
    >>> ring_edges(3, directed=True)
    [(0, 1), (1, 2), (2, 0)]
    """
    import networkx

    graph = networkx.cycle_graph(count, create_using=networkx.DiGraph)
    edges = [edge for edge in graph.edges if edge[0] != edge[1]]
    if directed:
        return edges
    # A ring of two has one pair, which "both ways" must not make twice.
    return list(dict.fromkeys(edges + [(target, source) for source, target in edges]))


def lattice_edges(place: Partition, shape: Any, periodic: bool) -> list[tuple[int, int]]:
    """The (source, target) pairs of a grid, both ways, in row order of its sites."""
    import networkx

    try:
        sides = tuple(operator.index(side) for side in shape)
    except TypeError:
        raise SettingTypeError(
            Fault(
                str(place),
                "the shape of a lattice holds whole numbers",
                repr(shape),
                "give for example (8, 8)",
            )
        ) from None
    count = len(place.subparticles)
    if any(side < 1 for side in sides) or int(np.prod(sides)) != count:
        raise SettingError(
            Fault(
                str(place),
                f"a lattice has as many sites as leaves ({count})",
                f"shape {sides}",
                f"choose sides whose product is {count}",
            )
        )
    grid = networkx.grid_graph(dim=list(reversed(sides)), periodic=periodic)
    rows = {
        site: int(np.ravel_multi_index(site if len(sides) > 1 else (site,), sides))
        for site in grid.nodes
    }
    pairs = {(rows[a], rows[b]) for a, b in grid.edges if a != b}
    return sorted(pairs | {(b, a) for a, b in pairs})


def _described(weight: Any) -> str:
    try:
        shape = np.shape(weight)
    except ValueError:  # rows of different lengths
        shape = ()
    return f"shape {shape}" if shape else repr(weight)[:60]


def connect_external(
    place: Partition, external: Any, target: Any, weight: Any, inwards: bool
) -> tuple[Boundary, ...]:
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
    leaves = block_of(place, target)
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
        weights = np.broadcast_to(real_array(weight), (len(leaves),))
    except (TypeError, ValueError):
        raise SettingError(
            Fault(
                where,
                f"the weight is a number or has shape ({len(leaves)},)",
                _described(weight),
                "give one weight per subparticle",
            )
        ) from None
    values = [finite_number(value, where, "weight") for value in weights.tolist()]
    for leaf in leaves:
        _refuse_existing(outside, leaf) if inwards else _refuse_existing(leaf, outside)
    sensing = len(outside.sensing) + len(leaves) if inwards else np.size(outside.value)
    if np.ndim(outside.value) == 1 and np.size(outside.value) != sensing:
        raise SettingError(
            Fault(
                str(outside),
                "its value has one entry per sensing subparticle",
                f"{np.size(outside.value)} entries and {sensing} to sense it",
                "set a scalar value, connect, then set the new vector",
            )
        )
    # Evidence is not learned: what the world shows is not the particle's to change.
    made = tuple(
        connect(outside, leaf, value, False) if inwards else connect(leaf, outside, value, False)
        for leaf, value in zip(leaves, values, strict=True)
    )
    place._changed()
    return made
