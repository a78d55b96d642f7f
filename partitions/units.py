"""Units that are named: which partitions and subparticles shall be one each.

Whatever names them, they are a level: none lies inside another, together they cover the partition,
and they come in the order of their rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.errors import Fault, PartitionError
from deepparticle.partitions.levels import Level, level_at, level_of_units
from deepparticle.partitions.population import Population
from deepparticle.partitions.tree import Reference, Tree, ancestors

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["checked_level", "level_of_paths"]


def level_of_paths(partition: Partition, references: Sequence[Reference]) -> Level:
    """The units that are named, in row order.

    Parameters
    ----------
    partition : Partition
    references : sequence of Member or str
        Partitions, populations and subparticles. None lies inside another, and together they cover
        the partition.

    Raises
    ------
    UnknownPathError
        If a path leads nowhere.
    PartitionError
        With *all* faults, if units overlap, leave a subparticle out, lie outside, or are no units.
    """
    where = f"{partition}.coarsen"
    named = [partition.resolve(reference) for reference in references]
    faults = [_no_unit(where, member, partition) for member in named]
    chosen = {id(member) for member in named}
    for number, member in enumerate(named):
        if member in named[:number]:
            faults.append(
                Fault(where, "each unit is named once", f"{member.path!r} twice", "name it once")
            )
        around = [one for one in ancestors(member) if id(one) in chosen]
        if around:
            faults.append(
                Fault(
                    where,
                    "units have no subparticle in common",
                    f"{member.path!r}, which lies inside {str(around[0])!r}",
                    "name one of them",
                )
            )
    _refuse(faults)
    found, missing = _in_row_order(partition, chosen)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise PartitionError(
            Fault(
                where,
                "complete coverage: every subparticle is inside one of the units",
                f"{missing[0]!r}{more} in none of them",
                "name what holds it, or the subparticle itself",
            )
        )
    return level_of_units(partition, found, None)


def _no_unit(where: str, member: Any, partition: Partition) -> Fault | None:
    if member.is_external:
        return Fault(
            where,
            "a unit has internal states",
            f"the external state {member.path!r}",
            "leave it out: external states are carried over",
        )
    if member is not partition and partition not in ancestors(member):
        return Fault(
            where,
            "a unit lies inside the partition",
            f"{str(member)!r}",
            f"name partitions and subparticles inside {str(partition)!r}",
        )
    return None


def _refuse(faults: Sequence[Fault | None]) -> None:
    found = [fault for fault in faults if fault is not None]
    if found:
        raise PartitionError(dict.fromkeys(found))


def _in_row_order(
    partition: Partition, chosen: set[int]
) -> tuple[list[tuple[Any, bool]], list[str]]:
    found: list[tuple[Any, bool]] = []
    missing: list[str] = []

    def visit(member: Any) -> None:
        if id(member) in chosen:
            found.append((member, False))
        elif isinstance(member, Subparticle):
            missing.append(member.path)
        elif isinstance(member, Population):
            made = member._members.values()
            named = {one.row for one in made if id(one) in chosen}
            if len(named) == member.size:
                found.append((member, True))
            else:
                missing.extend(
                    f"{member.path}/{row}" for row in sorted(set(range(member.size)) - named)
                )
        elif isinstance(member, Tree):
            for inner in member:
                visit(inner)

    visit(partition)
    return found, missing


def checked_level(partition: Partition, level_or_paths: Any) -> Level:
    """A level of `partition` from a level, a depth, or a sequence of members and paths.

    Raises
    ------
    PartitionError
        If the level is that of another partition, or of an earlier structure.
    """
    if isinstance(level_or_paths, Level):
        if level_or_paths.partition is not partition:
            raise PartitionError(
                Fault(
                    f"{partition}.coarsen",
                    "a level is cut from the partition that is coarsened",
                    f"a level of {str(level_or_paths.partition)!r}",
                    f"use {partition}.level(k)",
                )
            )
        level_or_paths.refuse_changes()
        return level_or_paths
    if isinstance(level_or_paths, (str, Member)):
        return level_of_paths(partition, [level_or_paths])
    if isinstance(level_or_paths, Sequence):
        return level_of_paths(partition, level_or_paths)
    return level_at(partition, level_or_paths)
