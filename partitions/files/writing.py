"""From a world to its spec: everything that it takes to continue exactly."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import networkx
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.external import ExternalState
from deepparticle.agents.registry import distribution_named
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.conditional import GaussianBoundary
from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError
from deepparticle.partitions.arrays import blocks_of
from deepparticle.partitions.biases import bias_rows
from deepparticle.partitions.files.faults import faults_of_validation
from deepparticle.partitions.files.models import FORMAT, VERSION, WorldSpec
from deepparticle.partitions.macroscale import MacroscaleBlock, block_of_state
from deepparticle.partitions.population import Population, PopulationMember

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["MEMORY", "to_spec"]

MEMORY = {
    "shown": "_emitted",
    "field": "_field",
    "evidence": "_evidence",
    "argument": "_argument",
    "precision": "_used_precision",
}
"""What a subparticle remembers of its last step: the word in spec files and where it is kept."""

_SECTIONS = {"boundary": "couplings", "sensory": "sensory", "active": "active"}

# What need not be said.
_USUAL: dict[str, Any] = {
    "time": 0,
    "settings": {},
    "bias": 0.0,
    "state": 0.0,
    "memory": {},
    "couplings": None,
    "plastic": True,
    "member_settings": {},
    "value": 0.0,
    "process": None,
    "expectation": None,
}

# Beyond this many numbers a person no longer reads an array in a text file.
_INLINE = 1000


def to_spec(partition: Partition, *, processes: str = "refuse") -> WorldSpec:
    """Describe a world as a value.

    Parameters
    ----------
    partition : Partition
        A world; a partition inside one is described as a world of its own, without the boundary
        states that lead out of it.
    processes : {"refuse", "drop"}
        What to do with external states that have a process: a Python function cannot be described.
        ``"drop"`` keeps its name, to be told to whoever loads the world.

    Returns
    -------
    WorldSpec
        Arrays with more than 1000 numbers are in its ``arrays``.

    Raises
    ------
    PartitionError
        If the world breaks a law: the faults of `Partition.check`.
    SettingError
        If an external state has a process, or a distribution is not registered.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> _ = world.couple(world.add_subparticle("a"), world.add_subparticle("b"), 0.8)
    >>> to_spec(world).couplings[0].boundary
    BoundarySpec(kind='delta', weight=0.8, sd=None)
    """
    partition.check()
    world = partition if partition.parent is None else partition.copy()
    faults = _process_faults(world, processes) + _distribution_faults(world)
    if processes == "refuse":
        faults += _bias_faults(world)
    if faults:
        raise SettingError(faults)
    arrays: dict[str, NDArray[Any]] = {}
    members = [_unusual(_member(member, arrays)) for member in world.walk()]
    raw: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "name": world.name,
        **_unusual({"time": world.time, "settings": dict(world.own_settings)}),
        "members": members,
        **{section: entries for section, entries in _connections(world).items() if entries},
    }
    try:
        return WorldSpec.model_validate(raw).with_arrays(arrays)
    except ValidationError as error:
        raise PartitionError(faults_of_validation(error, raw)) from None


def _process_faults(world: Partition, processes: str) -> list[Fault]:
    if processes not in ("refuse", "drop"):
        return [
            Fault(
                "save",
                "processes is 'refuse' or 'drop'",
                repr(processes),
                "use processes='drop' to save without the functions",
            )
        ]
    if processes == "drop":
        return []
    return [
        Fault(
            str(external),
            "a file holds no Python function, and this external state has a process",
            _name_of(external.process),
            "save with processes='drop', and give it again: load(path, "
            f"processes={{{external.path!r}: ...}})",
        )
        for external in world.externals
        if external.process is not None
    ] + [
        Fault(
            str(external),
            "a file holds no Python function, and what is expected of this external state is one",
            _name_of(external.expectation),
            "save with processes='drop', and set its .expectation again after loading",
        )
        for external in world.externals
        if callable(external.expectation)
    ]


def _bias_faults(world: Partition) -> list[Fault]:
    return [
        Fault(
            one.path,
            "a file holds no biases that change in time, and here is a bias process",
            _name_of(one.process) if callable(one.process) else "an array",
            "save with processes='drop', and set .bias_process again after loading",
        )
        for one in bias_rows(world)
    ]


def _distribution_faults(world: Partition) -> list[Fault]:
    """Distributions that could not be read again."""
    faults = []
    for member in world.walk():
        if isinstance(member, (Subparticle, Population)):
            raw = _distribution(member.distribution)
            try:
                same = distribution_named(**raw) == member.distribution
            except (SettingError, SettingTypeError):
                same = False
            if not same:
                faults.append(
                    Fault(
                        str(member),
                        "the distribution is registered under its kind",
                        repr(member.distribution),
                        "decorate its class with @register_distribution",
                    )
                )
    return faults


def _name_of(process: Any) -> str:
    return str(getattr(process, "__qualname__", None) or repr(process))


def _distribution(distribution: StateDistribution) -> dict[str, Any]:
    raw: dict[str, Any] = {"kind": getattr(distribution, "kind", "")}
    if dataclasses.is_dataclass(distribution):
        raw.update(dataclasses.asdict(distribution))
    return raw


def _unusual(raw: dict[str, Any]) -> dict[str, Any]:
    # By their representation: -0.0 equals 0.0, and is not the same.
    return {
        key: value
        for key, value in raw.items()
        if key not in _USUAL or repr(value) != repr(_USUAL[key])
    }


# ---------------------------------------------------------------------- members


def _member(member: Any, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    raw: dict[str, Any] = {"path": member.path, "parent": member.parent.path}
    if isinstance(member, Subparticle):
        fresh = {
            "shown": member.state,
            "field": member.bias,
            "evidence": 0.0,
            "argument": member.bias,
            "precision": 1.0,
        }
        kept = {word: getattr(member, cell) for word, cell in MEMORY.items()}
        return {
            "kind": "subparticle",
            **raw,
            "distribution": _distribution(member.distribution),
            "bias": member.bias,
            "state": member.state,
            "settings": dict(member.own_settings),
            "memory": {word: kept[word] for word in MEMORY if not _same(kept[word], fresh[word])},
        }
    if isinstance(member, Population):
        return {"kind": "population", **raw, **_population(member, arrays)}
    if isinstance(member, ExternalState):
        value = np.asarray(member.value, dtype=np.float64)
        process = None if member.process is None else _name_of(member.process)
        return {
            "kind": "external",
            **raw,
            "process": process,
            "expectation": None if callable(member.expectation) else member.expectation,
            "value": _stored(value, f"{member.path}.value", arrays),
        }
    return {"kind": "partition", **raw, "settings": dict(member.own_settings), "time": member.time}


def _population(population: Population, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    where = population.path
    cells = population.cells
    ones, zeros = np.ones(population.size), np.zeros(population.size)
    fresh = {
        "shown": cells["_state"],
        "field": cells["_bias"],
        "evidence": zeros,
        "argument": cells["_bias"],
        "precision": ones,
    }
    settings = {
        str(row): dict(population[row].own_settings)
        for row in sorted(population._members)
        if population[row].own_settings
    }
    return {
        "size": population.size,
        "distribution": _distribution(population.distribution),
        "bias": _vector(cells["_bias"], f"{where}.bias", arrays),
        "state": _vector(cells["_state"], f"{where}.state", arrays),
        "couplings": _couplings(population, arrays),
        **_plasticity(population, arrays),
        "settings": dict(population.own_settings),
        "member_settings": settings,
        "memory": {
            word: _vector(cells[cell], f"{where}.memory.{word}", arrays)
            for word, cell in MEMORY.items()
            if not _same(cells[cell], fresh[word])
        },
    }


def _couplings(population: Population, arrays: dict[str, NDArray[Any]]) -> dict[str, Any] | None:
    storage = population.storage
    if storage.count == 0:
        return None
    key = f"{population.path}.couplings"
    if storage.count == population.size * (population.size - 1):
        weights = storage.weights
        weights = weights.toarray() if hasattr(weights, "tocoo") else weights
        return {"layout": "dense", "weights": _stored(weights, f"{key}.weights", arrays)}
    targets, sources, weights, _ = storage.entries()
    return {
        "layout": "sparse",
        **_pairs(targets, sources, key, arrays),
        "weights": _stored(weights, f"{key}.weights", arrays),
    }


def _plasticity(population: Population, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """What most boundary states are, and those that are not."""
    targets, sources, _, plastic = population.storage.entries()
    # Where none exists, only the switch for all can have been set.
    by_default = population.storage.plastic_by_default
    most = bool(plastic.sum() * 2 >= len(plastic)) if len(plastic) else by_default
    others = plastic != most
    if not others.any():
        return {"plastic": most}
    key = f"{population.path}.plastic_except"
    return {
        "plastic": most,
        "plastic_except": _pairs(targets[others], sources[others], key, arrays),
    }


def _pairs(
    targets: NDArray[Any], sources: NDArray[Any], key: str, arrays: dict[str, NDArray[Any]]
) -> dict[str, Any]:
    # Half the size of the platform's integers, and enough for any matrix that fits in memory.
    return {
        word: _stored(rows.astype(np.int32), f"{key}.{word}", arrays)
        for word, rows in (("targets", targets), ("sources", sources))
    }


def _same(first: Any, second: Any) -> bool:
    """Whether two floats, or arrays of them, are equal bit by bit: -0.0 is not 0.0."""
    return np.asarray(first).tobytes() == np.asarray(second).tobytes()


def _vector(values: NDArray[Any], key: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """One number where all are the same."""
    if _same(values, np.full(values.shape, values[0])):
        return float(values[0])
    return _stored(values, key, arrays)


def _stored(values: NDArray[Any], key: str, arrays: dict[str, NDArray[Any]]) -> Any:
    if values.size <= _INLINE:
        # Tuples, since a spec is frozen.
        listed = values.tolist()
        return tuple(map(tuple, listed)) if values.ndim == 2 else listed
    arrays[key] = values.copy()
    return {"stored": key}


# ---------------------------------------------------------------------- boundary states


def _connections(world: Partition) -> dict[str, list[dict[str, Any]]]:
    """The explicit boundary states, in an order that every end agrees with."""
    entries: dict[str, list[dict[str, Any]]] = {section: [] for section in _SECTIONS.values()}
    listed: list[dict[str, Any]] = []
    sections: list[str] = []
    for source, target, boundary in _runs(_in_order_of_making(world)):
        section = _SECTIONS[boundary.kind]
        conditional = boundary.conditional
        entry: dict[str, Any] = {
            "source": source,
            "target": target,
            "boundary": {"kind": getattr(conditional, "kind", ""), "weight": conditional.weight},
        }
        if isinstance(conditional, GaussianBoundary):
            entry["boundary"]["sd"] = conditional.sd
        if boundary.plastic != (section == "couplings"):
            entry["plastic"] = boundary.plastic
        entries[section].append(entry)
        listed.append(entry)
        sections.append(section)
    # Without word of another order, files are read section by section.
    if sections != sorted(sections, key=list(_SECTIONS.values()).index):
        for made, entry in enumerate(listed):
            entry["made"] = made
    return entries


_Order: TypeAlias = list[Boundary | MacroscaleBlock]


def _in_order_of_making(world: Partition) -> _Order:
    """Merge the orders in which the ends keep their boundary states, couplings first if possible.

    Every end keeps its own in the order in which they were made, so that these orders never
    contradict one another. A block of a population whose states are all the same is one of them.
    """
    for end in world.externals:
        for block in [one for one in end.blocks if not one.uniform]:
            end._unfolded(block.inwards)
    # What comes in somewhere is everything; what each end keeps is in order.
    incoming: list[_Order] = []
    outgoing: list[_Order] = []
    for _, place in blocks_of(world):
        leaves: Any = (place,)
        if isinstance(place, Population):
            leaves = (place._members[row] for row in sorted(place._members))
            incoming.append([one for one in place.blocks if one.inwards])
            outgoing.append([one for one in place.blocks if not one.inwards])
        for leaf in leaves:
            incoming.append(_listed(leaf._incoming))
            outgoing.append(_listed(leaf._outgoing))
    for external in world.externals:
        acting = [one for one in external.blocks if not one.inwards]
        sensing = [one for one in external.blocks if one.inwards]
        incoming.append([*_listed(external._acted_on_by), *acting])
        outgoing.append([*_listed(external._sensed_by), *sensing])
    found = list({id(one): one for order in incoming for one in order}.values())
    place_of = {id(one): index for index, one in enumerate(found)}
    graph: networkx.DiGraph = networkx.DiGraph()
    graph.add_nodes_from(range(len(found)))
    for order in (*incoming, *outgoing):
        graph.add_edges_from(pairwise(place_of[id(one)] for one in order))
    rank = list(_SECTIONS)
    sort = networkx.lexicographical_topological_sort(
        graph, key=lambda index: (rank.index(_first(found[index]).kind), index)
    )
    return [found[index] for index in sort]


def _listed(kept: dict[Any, Boundary]) -> _Order:
    """What one end keeps, with the block in the place of each state that belongs to one."""
    listed: _Order = []
    for one in kept.values():
        block = block_of_state(one)
        folded = block is not None and block in block.external.blocks
        listed.append(block if folded and block is not None else one)
    return listed


def _first(one: Boundary | MacroscaleBlock) -> Boundary:
    return one[0] if isinstance(one, MacroscaleBlock) else one


def _runs(boundaries: _Order) -> Iterator[tuple[str, str, Boundary]]:
    """Source, target and one of those between, for each block of a population or single state."""
    start = 0
    while start < len(boundaries):
        one = boundaries[start]
        first = _first(one)
        source, target = first.source.path, first.target.path
        member = first.source if first.kind == "active" else first.target
        length = 1
        whole = isinstance(one, MacroscaleBlock)
        if first.kind != "boundary" and isinstance(member, PopulationMember) and member.row == 0:
            size = member.population.size
            run = boundaries[start : start + size]
            if not whole and len(run) == size > 1:
                whole = all(
                    isinstance(other, Boundary) and _is_block(first, other, member.population, row)
                    for row, other in enumerate(run)
                )
                length = size if whole else 1
        if whole and isinstance(member, PopulationMember):
            path = member.population.path
            source, target = (path, target) if first.kind == "active" else (source, path)
        yield source, target, first
        start += length


def _is_block(first: Boundary, other: Boundary, population: Population, row: int) -> bool:
    if first.kind != other.kind:
        return False
    member, external = (
        (other.source, other.target) if other.kind == "active" else (other.target, other.source)
    )
    return (
        isinstance(member, PopulationMember)
        and member.population is population
        and member.row == row
        and external is (first.target if first.kind == "active" else first.source)
        and other.plastic == first.plastic
        and other.conditional == first.conditional
        and _same(other.weight, first.weight)
    )
