"""The tree beneath a partition: members, paths, rows.

Row order (of couplings, evidence and states) is depth first, in the order in which members were
added. What depends on the structure alone is computed once per revision of the world.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from deepparticle.agents.external import ExternalState
from deepparticle.agents.member import Member
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.errors import Fault, PartitionError, SettingTypeError
from deepparticle.blankets.naming import SEPARATOR, unknown_path
from deepparticle.partitions.population import Population, PopulationMember

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["Reference", "Tree", "ancestors"]

Result = TypeVar("Result")
Reference: TypeAlias = Member | str
"""How methods refer to an object: the object itself or its path."""


class Tree(Member):
    """A named member that holds others.

    Parameters
    ----------
    name : str
        Without ``"/"``.
    **settings
        ``precision``, ``learning_rate``, ``clock``, ``time_step``, ``learning_rule``: inherited by
        everything inside.
    """

    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__(name, **settings)
        self._members: dict[str, Member] = {}
        self._revision = 0
        self._cache: dict[Hashable, Any] = {}

    # ------------------------------------------------------------------ addressing

    @property
    def world(self) -> Partition:
        """The root partition."""
        root: Any = self.root
        return root  # type: ignore[no-any-return]

    @property
    def revision(self) -> int:
        """Counts the changes of structure of this world."""
        return self.world._revision

    @property
    def members(self) -> tuple[Member, ...]:
        """What lies directly inside, in the order in which it was added."""
        return tuple(self._members.values())

    @property
    def partitions(self) -> tuple[Tree | Population, ...]:
        """The partitions and populations directly inside."""
        return tuple(m for m in self._members.values() if isinstance(m, (Tree, Population)))

    @property
    def externals(self) -> tuple[ExternalState, ...]:
        """The external states of this world."""
        return tuple(m for m in self.world._members.values() if isinstance(m, ExternalState))

    @property
    def subparticles(self) -> tuple[Subparticle, ...]:
        """The leaves inside, at any depth: the rows of ``couplings``."""
        return self._remembered("subparticles", lambda: tuple(self._leaves()))

    def row_of(self, leaf: Member) -> int:
        """The row of a subparticle in the arrays of this partition.

        Examples
        --------
        >>> from deepparticle.partitions import Partition
        >>> world = Partition("world")
        >>> _, b = world.add_subparticle("a"), world.add_subparticle("b")
        >>> world.row_of(b)
        1
        """
        row = self._row(leaf)
        if row is None:
            raise PartitionError(
                Fault(
                    str(self),
                    "a row belongs to a subparticle of this partition",
                    str(leaf),
                    "ask the world that holds it",
                )
            )
        return row

    @property
    def leaf_count(self) -> int:
        """The number of subparticles inside, at any depth, members of populations included."""
        return self._remembered("leaf count", self._count_leaves)

    def _count_leaves(self) -> int:
        return sum(
            member.size if isinstance(member, Population) else isinstance(member, Subparticle)
            for member in self.walk()
        )

    def _row(self, leaf: Any) -> int | None:
        # Populations by their first rows: a million members need no dictionary.
        starts: dict[Any, int] = self._remembered("starts", self._first_rows)
        if isinstance(leaf, PopulationMember):
            start = starts.get(leaf.population)
            return None if start is None else start + leaf.row
        return starts.get(leaf)

    def _first_rows(self) -> dict[Member, int]:
        starts: dict[Member, int] = {}
        row = 0
        for member in self.walk():
            if isinstance(member, (Subparticle, Population)):
                starts[member] = row
                row += member.size if isinstance(member, Population) else 1
        return starts

    def walk(self) -> Iterator[Member]:
        """Everything inside, depth first; the members of populations are not unfolded."""
        open_places: list[tuple[Tree, Iterator[Member]]] = [(self, iter(self))]
        entered = {self}
        while open_places:
            place, members = open_places[-1]
            member = next(members, None)
            if member is None:
                open_places.pop()
                entered.discard(place)
                continue
            yield member
            if isinstance(member, Tree):
                if member in entered:
                    raise RecursionError(f"{member} lies inside itself: see check()")
                entered.add(member)
                open_places.append((member, iter(member)))

    def __getitem__(self, path: str) -> Any:
        found = self._find(path)
        if found is None:
            # Short of the whole tree only when it is small enough to search for what was meant.
            names = [
                member.path[len(self.path) + 1 if self.path else 0 :] for member in self.walk()
            ]
            raise unknown_path(str(self), path, names)
        return found

    def __contains__(self, path: object) -> bool:
        if isinstance(path, str):
            return self._find(path) is not None
        return isinstance(path, Member) and self in ancestors(path)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def __len__(self) -> int:
        return len(self._members)

    def __bool__(self) -> bool:
        return True

    def _find(self, path: str) -> Member | None:
        if not isinstance(path, str):
            raise SettingTypeError(
                Fault(
                    str(self), "a path is a string", repr(path), "use for example world['brain/a']"
                )
            )
        place: Any = self
        for name in path.split(SEPARATOR):
            if isinstance(place, Tree):
                place = place._members.get(name)
            elif isinstance(place, Population):
                place = place.find(name)
            else:
                return None
            if place is None:
                return None
        return place  # type: ignore[no-any-return]

    def resolve(self, reference: Reference) -> Any:
        """The object that `reference` names: itself, a path from here, or a path from the root.

        Raises
        ------
        UnknownPathError
            If the path leads nowhere; the message lists the nearest names.
        PartitionError
            If the object belongs to another world.
        SettingTypeError
            If it is neither a member nor a path.
        """
        if isinstance(reference, str):
            found = self._find(reference)
            if found is None and self.parent is not None:
                found = self.world._find(reference)
            return self[reference] if found is None else found
        if not isinstance(reference, Member):
            raise SettingTypeError(
                Fault(
                    str(self),
                    "an object is named by itself or by its path",
                    repr(reference),
                    "give a member of this world or a string such as 'brain/a'",
                )
            )
        if reference.root is not self.root:
            raise PartitionError(
                Fault(
                    str(self),
                    "only objects of one world can be joined",
                    f"{str(reference)!r} of world {str(reference.root)!r}",
                    f"add it to {str(self.root)!r} or use a path of this world",
                )
            )
        return reference

    def _leaves(self) -> Iterator[Subparticle]:
        for member in self._members.values():
            if isinstance(member, Subparticle):
                yield member
            elif isinstance(member, (Tree, Population)):
                yield from member.subparticles

    def _remembered(self, key: Hashable, make: Callable[[], Result]) -> Result:
        # What depends on the structure alone is computed once per revision.
        stamp = self.world._revision
        if self._cache.get("revision") != stamp:
            self._cache = {"revision": stamp}
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]  # type: ignore[no-any-return]

    def _changed(self) -> None:
        self.world._revision += 1

    def _adopt(self, member: Member) -> None:
        if member.name in self._members:
            raise PartitionError(
                Fault(
                    str(self),
                    "the names of siblings differ",
                    repr(member.name),
                    f"choose another name, or use {self!s}[{member.name!r}]",
                )
            )
        member._parent = self
        self._members[member.name] = member
        self._changed()


def ancestors(member: Any) -> Iterable[Member]:
    """The members around `member`, from the inside out."""
    place = member.parent
    while place is not None:
        yield place
        place = place.parent
