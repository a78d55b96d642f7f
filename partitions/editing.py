"""Editing a world: remove, rename, move, copy. Each leaves a lawful world or refuses."""

from __future__ import annotations

import copy as copying
from typing import TYPE_CHECKING, Any

from deepparticle.agents.external import ExternalState, forked
from deepparticle.agents.member import INHERITED, Member
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.boundary import Boundary, ExplicitBoundary
from deepparticle.blankets.errors import BlanketError, Fault, PartitionError
from deepparticle.blankets.naming import checked_name
from deepparticle.partitions.macroscale import MacroscaleBlock, MacroscaleState
from deepparticle.partitions.population import Population, PopulationMember
from deepparticle.partitions.wiring import disconnect, keeping_components

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["copy_member", "copy_world", "move", "remove", "rename"]


def _parts(member: Any) -> list[Any]:
    """`member` and everything inside it, leaves of populations only where they were made."""
    if isinstance(member, Population):
        # Those that were not made have no boundary state of their own.
        return [member, *(member._members[row] for row in sorted(member._members))]
    if isinstance(member, (Subparticle, ExternalState)):
        return [member]
    return [member, *(part for entry in member for part in _parts(entry))]


def _explicit(ends: list[Any]) -> list[Boundary]:
    """The explicit boundary states that touch `ends`, each once, in order."""
    found: dict[int, Boundary] = {}
    for end in ends:
        incoming, outgoing = _kept(end)
        for boundary in (*incoming.values(), *outgoing.values()):
            found.setdefault(id(boundary), boundary)
    return list(found.values())


def _kept(end: Any) -> tuple[dict[Any, Boundary], dict[Any, Boundary]]:
    """What a leaf or an external state keeps one by one, in and out."""
    if isinstance(end, ExternalState):
        return end._acted_on_by, end._sensed_by
    return end._incoming, end._outgoing


def _movable(place: Partition, reference: Any, verb: str) -> Any:
    member = place.resolve(reference)
    if isinstance(member, PopulationMember):
        raise PartitionError(
            Fault(
                str(member),
                f"a member of a population cannot be {verb} by itself",
                repr(member.path),
                "edit the whole population, or build explicit subparticles",
            )
        )
    if member.parent is None:
        raise PartitionError(
            Fault(
                str(member),
                f"the root cannot be {verb}",
                repr(str(member)),
                "name something inside it",
            )
        )
    return member


def remove(place: Partition, reference: Any) -> Member:
    """Take a member out of its world; see `Partition.remove`."""
    member = _movable(place, reference, "removed")
    parts = _parts(member)
    inside = set(parts)
    blocks = [block for part in parts for block in getattr(part, "blocks", ())]
    parent = member.parent
    with keeping_components(place):
        for block in blocks:
            if block.external not in inside or block.population not in inside:
                block.discard()
        ends = [part for part in parts if isinstance(part, (Subparticle, ExternalState))]
        crossing = [
            boundary
            for boundary in _explicit(ends)
            if boundary.source not in inside or boundary.target not in inside
        ]
        for boundary in crossing:
            disconnect(boundary)
        del parent._members[member.name]
        parent._changed()
        member._parent = None
    if hasattr(member, "_revision"):
        # What it remembers is stamped with revisions of the old world, and must never fit again.
        member._revision = parent.revision
    return member  # type: ignore[no-any-return]


def rename(place: Partition, reference: Any, name: str) -> None:
    """Give a member another name; see `Partition.rename`."""
    member = place.resolve(reference)
    new = checked_name(name, str(member))
    if isinstance(member, PopulationMember):
        _movable(place, member, "renamed")
    if member.parent is None:
        member._name = new
        return
    siblings = member.parent._members
    if new in siblings and siblings[new] is not member:
        raise PartitionError(
            Fault(
                str(member),
                "the names of siblings differ",
                repr(new),
                "choose a name that is not taken",
            )
        )
    # The order of members is the order of rows, so the dictionary is rebuilt in place.
    entries = list(siblings.values())
    member._name = new
    siblings.clear()
    siblings.update((entry.name, entry) for entry in entries)
    place._changed()


def _receiving(place: Partition, into: Any) -> Partition:
    from deepparticle.partitions.partition import Partition

    target = place.resolve(into)
    if not isinstance(target, Partition):
        raise PartitionError(
            Fault(
                str(target),
                "only a partition holds members",
                f"a {type(target).__name__}",
                "name a partition",
            )
        )
    return target


def move(place: Partition, reference: Any, into: Any) -> None:
    """Move a member into another partition of its world; see `Partition.move`."""
    member = _movable(place, reference, "moved")
    target = _receiving(place, into)
    if isinstance(member, ExternalState):
        raise BlanketError(
            Fault(
                str(member),
                "only the root holds external states",
                f"a move into {str(target)!r}",
                "leave it where it is",
            )
        )
    lies = "itself" if target is member else f"{target.path!r}, which lies inside it"
    outer: Member | None = target
    while outer is not None:
        if outer is member:
            raise PartitionError(
                Fault(
                    str(member),
                    "the nesting is a tree, without cycles",
                    f"a move into {lies}",
                    "move it elsewhere, or move the inner partition out first",
                )
            )
        outer = outer.parent
    if member.parent is target:
        return
    if member.name in target._members:
        raise PartitionError(
            Fault(
                str(target),
                "the names of siblings differ",
                repr(member.name),
                "rename one of them first",
            )
        )
    with keeping_components(place):
        del member.parent._members[member.name]
        target._adopt(member)


def _twin(member: Any, twins: dict[Any, Any]) -> Any:
    """A copy of `member` and what is inside, without explicit boundary states."""
    if isinstance(member, Population):
        twin: Any = member.twin()
        twins[member] = twin
        for row in member._members:
            twins[member[row]] = twin[row]
        return twin
    twin = copying.copy(member)
    twin._parent = None
    twin.own_settings = dict(member.own_settings)
    if isinstance(member, ExternalState):
        twin._acted_on_by, twin._sensed_by, twin.blocks = {}, {}, []
        twin._value, twin._order = member._value.copy(), None
        twin.process = forked(member.process)
        twins[member] = twin
        return twin
    if isinstance(member, Subparticle):
        twin._incoming, twin._outgoing, twin._seen = {}, {}, {}
        twins[member] = twin
        return twin
    twin._members, twin._cache, twin._revision = {}, {}, 0
    for entry in member:
        inner = _twin(entry, twins)
        inner._parent = twin
        twin._members[inner.name] = inner
    return twin


def _join_twins(twins: dict[Any, Any]) -> None:
    # By ends rather than by boundary: both dictionaries keep the order of the originals.
    made: dict[int, Boundary] = {}
    blocks: dict[MacroscaleBlock, MacroscaleBlock] = {}
    for original, twin in twins.items():
        # The lists of both ends keep their own order; the members follow theirs below.
        for block in getattr(original, "blocks", ()):
            if block.external in twins and block.population in twins:
                if block not in blocks:
                    blocks[block] = block.copy(twins[block.external], twins[block.population])
                twin.blocks.append(blocks[block])

    def twin_of(boundary: Boundary) -> Boundary:
        if isinstance(boundary, MacroscaleState) and boundary.block in blocks:
            return blocks[boundary.block].state(boundary._row)
        if id(boundary) not in made:
            made[id(boundary)] = ExplicitBoundary(
                twins[boundary.source],
                twins[boundary.target],
                boundary.conditional,
                boundary.plastic,
            )
        return made[id(boundary)]

    for original, twin in twins.items():
        if isinstance(original, Population):
            continue
        for kept, copied in zip(_kept(original), _kept(twin), strict=True):
            for end, boundary in kept.items():
                if end in twins:
                    copied[twins[end]] = twin_of(boundary)


def copy_world(place: Partition, name: str | None) -> Partition:
    """Copy a partition as a world of its own; see `Partition.copy`."""
    twins: dict[Any, Any] = {}
    twin: Partition = _twin(place, twins)
    if name is not None:
        twin._name = checked_name(name, str(place))
    _join_twins(twins)
    if place.parent is not None:
        # What it inherited from outside comes along as its own settings.
        for setting in INHERITED:
            setattr(twin, setting, getattr(place, setting))
    return twin


def copy_member(place: Partition, reference: Any, name: str | None, into: Any) -> Any:
    """Copy one member beside the original or into another partition; see `Partition.copy`."""
    member = _movable(place, reference, "copied")
    target = member.parent if into is None else _receiving(place, into)
    if isinstance(member, ExternalState) and target.parent is not None:
        raise BlanketError(
            Fault(
                str(member),
                "only the root holds external states",
                f"a copy into {str(target)!r}",
                "copy it within the root",
            )
        )
    new = checked_name(member.name if name is None else name, str(member))
    if new in target._members:
        raise PartitionError(
            Fault(
                str(target),
                "the names of siblings differ",
                repr(new),
                "give the copy another name: copy(path, name)",
            )
        )
    twins: dict[Any, Any] = {}
    twin = _twin(member, twins)
    twin._name = new
    _join_twins(twins)
    target._adopt(twin)
    return twin
