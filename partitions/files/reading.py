"""From a spec to its world, or to every fault that it has.

The world is built through its own methods, which know the laws; what they refuse becomes a fault
with its place in the file, and reading goes on without it. What only a file can get wrong, its form
and its nesting, is looked at before.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.external import ExternalState, Process
from deepparticle.agents.registry import distribution_named
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.conditional import Delta, conditional_named
from deepparticle.blankets.errors import Fault, PartitionError
from deepparticle.blankets.naming import SEPARATOR, name_fault, unknown_path
from deepparticle.blankets.numbers import finite_number
from deepparticle.partitions.collecting import Collector, shown
from deepparticle.partitions.files import models
from deepparticle.partitions.files.faults import faults_of_validation, place_of
from deepparticle.partitions.files.populations import ArrayReader, add_population, set_settings
from deepparticle.partitions.files.writing import MEMORY
from deepparticle.partitions.macroscale import BlockViews
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.placing import Entry, place_members
from deepparticle.partitions.population import Population
from deepparticle.partitions.strays import leaking_levels

__all__ = ["from_spec", "header_fault"]

_SECTIONS = ("members", "couplings", "sensory", "active")


def from_spec(
    spec: models.WorldSpec | Mapping[str, Any],
    *,
    arrays: Mapping[str, NDArray[Any]] | None = None,
    processes: Mapping[str, Process] | None = None,
) -> Partition:
    """Build the world that a spec describes.

    Parameters
    ----------
    spec : WorldSpec or mapping
        A spec, or what was read from JSON.
    arrays : mapping, optional
        The stored arrays by their keys; by default those of the spec.
    processes : mapping, optional
        The processes of external states by their names, which a spec cannot hold.

    Returns
    -------
    Partition

    Raises
    ------
    PartitionError
        With *all* faults, each with its place in the spec.

    Warns
    -----
    UserWarning
        If an external state had a process and is not given one: it stays clamped.

    Examples
    --------
    >>> world = from_spec(
    ...     {
    ...         "format": "deepparticle",
    ...         "version": 1,
    ...         "name": "world",
    ...         "members": [
    ...             {"kind": "subparticle", "path": "a", "parent": ""},
    ...             {"kind": "subparticle", "path": "b", "parent": "", "bias": 0.5},
    ...         ],
    ...         "couplings": [{"source": "a", "target": "b", "boundary": {"weight": 0.8}}],
    ...     }
    ... )
    >>> world["b"].sensory["a"].weight
    0.8
    """
    if isinstance(spec, models.WorldSpec):
        form = _Form(spec, spec.model_dump())
        arrays = spec.arrays if arrays is None else arrays
    else:
        form = _checked_form(spec)
    reading = _Reading(form, {} if arrays is None else arrays, processes or {})
    world = reading.world()
    reading.collector.refuse()
    return world


class _Form:
    """A spec of the right form, what is left of it, and where its entries were."""

    def __init__(self, spec: models.WorldSpec, raw: Mapping[str, Any]) -> None:
        self.spec = spec
        self.raw = raw
        self.faults: list[Fault] = []
        self.unusable: set[str] = set()
        self.indices = {key: list(range(len(getattr(spec, key)))) for key in _SECTIONS}


def _checked_form(raw: Mapping[str, Any]) -> _Form:
    header = header_fault(raw)
    if header is not None:
        raise PartitionError(header)
    try:
        return _Form(models.WorldSpec.model_validate(raw), raw)
    except ValidationError as error:
        failed = error
    faults = faults_of_validation(failed, raw)
    # What has the right form is read all the same, so that its faults are named in the same breath.
    locations = [found["loc"] for found in failed.errors()]
    wrong = {location[:2] for location in locations if location[0] in _SECTIONS}
    spoiled = {location[0] for location in locations if location[0] not in _SECTIONS}
    spoiled |= {section for section in _SECTIONS if (section,) in wrong}
    if "members" in spoiled:
        raise PartitionError(faults)
    kept = {key: value for key, value in raw.items() if key not in spoiled}
    kept.setdefault("name", "world")
    indices = {}
    for section in _SECTIONS:
        entries = kept.get(section, ())
        indices[section] = [i for i in range(len(entries)) if (section, i) not in wrong]
        kept[section] = [entries[i] for i in indices[section]]
    try:
        form = _Form(models.WorldSpec.model_validate(kept), raw)
    except ValidationError:
        raise PartitionError(faults) from None
    form.faults, form.indices = faults, indices
    members = raw.get("members", ())
    form.unusable = {
        str(members[i]["path"])
        for section, i in sorted(wrong - {(section,) for section in _SECTIONS})
        if section == "members" and isinstance(members[i], Mapping) and "path" in members[i]
    }
    return form


def header_fault(raw: Any) -> Fault | None:
    """What makes everything else in a spec meaningless, if anything.

    Examples
    --------
    >>> print(header_fault({"format": "deepparticle", "version": 2}))
    version: this release reads version 1 (got 2). Mend: update deepparticle.
    """
    if not isinstance(raw, Mapping):
        return Fault(
            "the spec",
            "a spec is an object with 'format', 'version' and 'members'",
            shown(raw),
            "give what save() wrote",
        )
    if raw.get("format") != models.FORMAT:
        value = repr(raw["format"]) if "format" in raw else "nothing"
        return Fault(
            "format", f"the format is {models.FORMAT!r}", value, "give a file that save() wrote"
        )
    version = raw.get("version")
    if isinstance(version, bool) or version != models.VERSION:
        newer = isinstance(version, int) and version > models.VERSION
        return Fault(
            "version",
            f"this release reads version {models.VERSION}",
            repr(version) if "version" in raw else "nothing",
            "update deepparticle" if newer else "give a file that save() wrote",
        )
    return None


class _Reading:
    """One reading of a spec: the world so far, and the faults so far."""

    def __init__(
        self,
        form: _Form,
        arrays: Mapping[str, NDArray[Any]],
        processes: Mapping[str, Process],
    ) -> None:
        self.spec = form.spec
        self.form = form
        self.processes = processes
        self.collector = Collector()
        self.collector.faults += form.faults
        self.arrays = ArrayReader(arrays, self.collector)
        self.unusable = set(form.unusable)

    def place(self, section: str, number: int, *keys: str) -> str:
        return place_of(self.form.raw, section, self.form.indices[section][number], *keys)

    def world(self) -> Partition:
        name = name_fault(self.spec.name, "name")
        if name is not None:
            self.collector.faults.append(name)
        world = Partition("world" if name is not None else self.spec.name)
        set_settings(world, self.spec.settings, self.collector, lambda key: f"settings.{key}")
        world.time = self._time(self.spec.time, "time")
        self._add_members(world)
        for number, section in self._in_order_of_making():
            self._connect(world, section, number)
        self._set_externals(world)
        return world

    def _time(self, time: int, where: str) -> int:
        if time < 0:
            self.collector.add(
                where, "the time counts the steps so far", str(time), "give a whole number ≥ 0"
            )
            return 0
        return time

    # ------------------------------------------------------------------ members

    def _add_members(self, world: Partition) -> None:
        members = self.spec.members
        entries = [
            Entry(member.kind, member.path, member.parent, self.place("members", number))
            for number, member in enumerate(members)
        ]
        placement = place_members(entries, _mend_of_parent, self.unusable)
        self.collector.faults += placement.faults
        built = set()
        for number in placement.order:
            if self._add(world, number) is not None:
                built.add(members[number].path)
        self.unusable |= {member.path for member in members}
        self.unusable -= built

    def _add(self, world: Partition, number: int) -> Any:
        spec = self.spec.members[number]
        parent: Partition = world[spec.parent] if spec.parent else world
        name = spec.path.rpartition(SEPARATOR)[2]
        collector = self.collector

        def place(*keys: str) -> str:
            return self.place("members", number, *keys)

        member: Any
        if isinstance(spec, models.ExternalSpec):
            return parent.add_external(name)
        if isinstance(spec, models.PartitionSpec):
            member = parent.add_partition(name)
            member.time = self._time(spec.time, place("time"))
        elif isinstance(spec, models.PopulationSpec):
            distribution = self._distribution(spec.distribution, place("distribution"))
            member = add_population(parent, name, spec, distribution, self.arrays, place)
            if member is None:
                return None
        else:
            distribution = self._distribution(spec.distribution, place("distribution"))
            bias = 0.0
            with collector.at(place("bias")):
                bias = finite_number(spec.bias, "", "bias")
            member = parent.add_subparticle(name, distribution=distribution, bias=bias)
            # Without its distribution nobody knows where its state may lie.
            if distribution is not None:
                with collector.at(place("state")):
                    member.state = spec.state
            self._remember(member, spec.memory, place)
        set_settings(member, spec.settings, collector, lambda key: place("settings", key))
        return member

    def _distribution(
        self, spec: models.DistributionSpec | None, where: str
    ) -> StateDistribution | None:
        """The distribution, or None if it is not known."""
        if spec is None:
            return ContinuousBernoulli()
        with self.collector.at(where):
            return distribution_named(spec.kind, **(spec.model_extra or {}))
        return None

    def _remember(self, leaf: Subparticle, memory: models.MemorySpec, place: Any) -> None:
        for word, value in memory.model_dump(exclude_none=True).items():
            with self.collector.at(place("memory", word)):
                setattr(leaf, MEMORY[word], finite_number(value, "", word))

    # ------------------------------------------------------------------ boundary states

    def _in_order_of_making(self) -> list[tuple[int, str]]:
        listed: list[tuple[float, int, str]] = []
        for section in _SECTIONS[1:]:
            for number, entry in enumerate(getattr(self.spec, section)):
                made = float("inf") if entry.made is None else entry.made
                listed.append((made, number, section))
        # A stable sort: without word of another order, section by section.
        listed.sort(key=lambda item: item[0])
        return [(number, section) for _, number, section in listed]

    def _connect(self, world: Partition, section: str, number: int) -> None:
        spec: models.ConnectionSpec = getattr(self.spec, section)[number]
        where = self.place(section, number)
        source = self._end(world, spec.source, where)
        target = self._end(world, spec.target, where)
        if spec.boundary is None:
            self.collector.add(
                where,
                "a coupling passes through a boundary state",
                "a coupling across a blanket without a boundary state"
                + _leak(world, source, target),
                'give "boundary": {"kind": "delta", "weight": ...}',
            )
        if source is None or target is None or spec.boundary is None:
            return
        if not self._joinable((source, target), section, where):
            return
        with self.collector.at(where):
            given = spec.boundary.model_dump(exclude_none=True)
            conditional = conditional_named(given.pop("kind"), given.pop("weight"), **given)
            join: Any = {
                "couplings": world.couple,
                "sensory": world.sense,
                "active": world.act,
            }[section]
            made = join(source, target, conditional.weight)
            if isinstance(made, BlockViews) and type(conditional) is Delta:
                made.block.plastic[:] = spec.plastic
                return
            for one in made if isinstance(made, Sequence) else (made,):
                boundary: Boundary = one if isinstance(one, Boundary) else one.boundary
                boundary.plastic = spec.plastic
                boundary.conditional = conditional

    def _end(self, world: Partition, path: str, where: str) -> Any:
        """The object at one end, or None: with a fault, unless what it names has one already."""
        found = world._find(path)
        if found is None:
            names = path.split(SEPARATOR)
            outer = {SEPARATOR.join(names[:depth]) for depth in range(1, len(names) + 1)}
            if not outer & self.unusable:
                known = [member.path for member in world.walk()]
                error = unknown_path(where, path, known)
                self.collector.faults += error.faults
        return found

    def _joinable(self, ends: tuple[Any, Any], section: str, where: str) -> bool:
        for end in ends:
            block = isinstance(end, Population) and section != "couplings"
            if not block and not isinstance(end, (Subparticle, ExternalState)):
                kind = "population" if isinstance(end, Population) else "partition"
                self.collector.add(
                    where,
                    "a boundary state joins two states",
                    f"the {kind} {end.path!r}",
                    "name what lies inside it",
                )
                return False
        return True

    # ------------------------------------------------------------------ external states

    def _set_externals(self, world: Partition) -> None:
        whole = not self.collector.faults
        for name in self.processes:
            if not isinstance(world._find(name), ExternalState):
                known = [external.path for external in world.externals]
                self.collector.faults += unknown_path("processes", name, known).faults
        for number, spec in enumerate(self.spec.members):
            external = world._find(spec.path)
            if not isinstance(spec, models.ExternalSpec) or not isinstance(external, ExternalState):
                continue
            where = self.place("members", number, "value")
            shape = () if isinstance(spec.value, float) else (None,)
            value = self.arrays.read(spec.value, shape, where)
            # How many entries it has depends on who senses it: not known while links are missing.
            if value is not None and (whole or value.ndim == 0):
                with self.collector.at(where):
                    external.value = value
            process = self.processes.get(spec.path)
            external.process = process
            with self.collector.at(self.place("members", number, "expectation")):
                external.expectation = spec.expectation
            if process is None and spec.process is not None and whole:
                warnings.warn(
                    f"{spec.path}: a file holds no Python function, so the process "
                    f"{spec.process!r} of this external state was not saved with it; it stays "
                    f"clamped. Give it: load(path, processes={{{spec.path!r}: ...}})",
                    UserWarning,
                    stacklevel=5,
                )


def _leak(world: Partition, source: Any, target: Any) -> str:
    """Where a connection without a boundary state leaks, if both of its ends are states."""
    if not all(isinstance(end, (Subparticle, ExternalState)) for end in (source, target)):
        return ""
    levels = ", ".join(map(repr, leaking_levels(world, source, target)))
    return f": the path {source} → {target} leaks at {levels}" if levels else ""


def _mend_of_parent(entry: Entry) -> str:
    if entry.kind == "external":
        return 'write "parent": ""'
    return 'give the path of a partition as "parent", or "" for the world'
