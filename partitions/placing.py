"""Who lies in whom, as a flat list says it: what is wrong with it, and what can be placed.

A spec names for every member its path and the path of its parent; a networkx graph can do the same.
Unlike objects, such a list can say things that are no nesting: leaves outside every partition,
partitions that lie in one another, two members of one name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import networkx

from deepparticle.blankets.errors import Fault
from deepparticle.blankets.naming import SEPARATOR, name_fault, nearest

__all__ = ["Entry", "Placement", "place_members"]


@dataclass(frozen=True)
class Entry:
    """One member of a flat list.

    Parameters
    ----------
    kind : str
        ``partition``, ``subparticle``, ``population`` or ``external``.
    path : str
        Its path from the root.
    parent : str or None
        The path of the partition that holds it, ``""`` for the root; None if nothing holds it.
    where : str
        What to call it in messages, for example its place in a file.
    """

    kind: str
    path: str
    parent: str | None
    where: str


@dataclass
class Placement:
    """What follows from a flat list.

    Parameters
    ----------
    order : list of int
        The entries that can be built, holders before what they hold, siblings in their own order.
    faults : list of Fault
        Why the others cannot.
    """

    order: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def place_members(
    entries: Sequence[Entry], mend: Callable[[Entry], str], unusable: Collection[str] = ()
) -> Placement:
    """Find the order in which members can be built, and every fault of their nesting.

    Parameters
    ----------
    entries : sequence of Entry
        The members, holders and held in any order.
    mend : callable
        How to say, in this kind of list, where a member lies.
    unusable : collection of str
        Paths of members that are left out for other faults: what lies in them is left out with
        them, and is not a fault of its own.

    Examples
    --------
    >>> entries = [Entry("subparticle", "a", None, "first"), Entry("partition", "p", "p", "second")]
    >>> for fault in place_members(entries, lambda entry: "give it a parent").faults:
    ...     print(fault)
    first: a subparticle lies in one partition (got a leaf outside every partition). \
Mend: give it a parent.
    second: the nesting is a tree (got a cycle in the nesting: p → p). Mend: give one of them a \
parent outside the cycle.
    """
    first: dict[str, int] = {}
    found: list[tuple[int, Fault]] = []
    for index, entry in enumerate(entries):
        if entry.path in first:
            other = entries[first[entry.path]].where
            found.append(
                (
                    index,
                    Fault(
                        entry.where,
                        "the names of siblings differ",
                        repr(entry.path),
                        f"rename it, or {other}",
                    ),
                )
            )
        else:
            first[entry.path] = index
    circular: set[int] = set()
    for cycle in _cycles(entries, first):
        found.append((cycle[0], _cycle_fault([entries[index] for index in cycle])))
        circular.update(cycle)
    held: dict[str, list[int]] = {}
    for index in first.values():
        entry = entries[index]
        if index in circular:
            continue
        fault = None
        if entry.parent not in unusable:
            fault = _parent_fault(entry, entries, first, mend)
        fault = fault or _path_fault(entry)
        if fault is None and entry.parent is not None:
            held.setdefault(entry.parent, []).append(index)
        elif fault is not None:
            found.append((index, fault))
    # In the order of the list, for whoever mends it from top to bottom.
    found.sort(key=lambda pair: pair[0])
    placement = Placement(faults=[fault for _, fault in found])
    # From the root inwards, so that what hangs below an unplaced member stays unplaced too.
    stack = held.get("", [])[::-1]
    while stack:
        index = stack.pop()
        placement.order.append(index)
        if entries[index].kind == "partition":
            stack += held.get(entries[index].path, [])[::-1]
    return placement


def _cycles(entries: Sequence[Entry], first: dict[str, int]) -> Iterator[list[int]]:
    """The entries along each cycle, from the one that comes first in the list."""
    tree: networkx.DiGraph = networkx.DiGraph()
    for index in first.values():
        entry = entries[index]
        if entry.kind == "partition" and entry.parent in first:
            tree.add_edge(entry.parent, entry.path)
    for names in networkx.simple_cycles(tree):
        cycle = [first[name] for name in names]
        start = cycle.index(min(cycle))
        yield cycle[start:] + cycle[:start]


def _cycle_fault(cycle: Sequence[Entry]) -> Fault:
    names = [entry.path for entry in (*cycle, cycle[0])]
    return Fault(
        cycle[0].where,
        "the nesting is a tree",
        "a cycle in the nesting: " + " → ".join(names),
        "give one of them a parent outside the cycle",
    )


def _parent_fault(
    entry: Entry, entries: Sequence[Entry], first: dict[str, int], mend: Callable[[Entry], str]
) -> Fault | None:
    if entry.kind == "external":
        if entry.parent == "":
            return None
        return Fault(
            entry.where,
            "only the root holds external states",
            f"{entry.path!r} in {entry.parent!r}",
            mend(entry),
        )
    leaf = entry.kind in ("subparticle", "population")
    rule = f"a {entry.kind} lies in one partition" + ("" if leaf else " or in the world")
    outside = f"a {'leaf' if leaf else 'partition'} outside every partition"
    if entry.parent is None:
        return Fault(entry.where, rule, outside, mend(entry))
    if entry.parent == "":
        return None
    if entry.parent not in first:
        partitions = [other.path for other in entries if other.kind == "partition"]
        close = nearest(entry.parent, partitions)
        advice = f"did you mean {' or '.join(map(repr, close))}?" if close else mend(entry)
        return Fault(entry.where, rule, f"{outside}: there is no {entry.parent!r}", advice)
    holder = entries[first[entry.parent]]
    if holder.kind != "partition":
        return Fault(
            entry.where,
            "only a partition holds members",
            f"the {holder.kind} {holder.path!r} as parent",
            "name a partition",
        )
    return None


def _path_fault(entry: Entry) -> Fault | None:
    prefix = f"{entry.parent}{SEPARATOR}" if entry.parent else ""
    if not entry.path.startswith(prefix):
        return Fault(
            entry.where,
            "a path is the path of the parent, '/' and a name",
            f"{entry.path!r} in {entry.parent!r}",
            f"write {prefix + entry.path!r}",
        )
    return name_fault(entry.path[len(prefix) :], entry.where)
