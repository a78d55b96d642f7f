"""Building a coarse world: the objects, from the numbers.

The nesting above the level is kept, with its names and settings; units become subparticles under
their own names, in the order of their rows; external states, and what meets them, are carried over.
A population whose members are all units of their own stays a population.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.partitions.coarse_externals import CoarseExternal
from deepparticle.partitions.coarsening import Aggregates
from deepparticle.partitions.columns import other_conditionals
from deepparticle.partitions.levels import Level
from deepparticle.partitions.wiring import connect, connect_external

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["build_coarse"]


def build_coarse(
    world: Partition, level: Level, found: Aggregates, externals: Mapping[str, CoarseExternal]
) -> Partition:
    """The partition whose leaves are the units of a level.

    Parameters
    ----------
    world : Partition
        The fine one.
    level : Level
        Of it.
    found : Aggregates
        The numbers of the units.
    externals : mapping of str to CoarseExternal
        How they meet the external states, by path.

    Returns
    -------
    Partition
    """
    return _Builder(world, level, found).build(externals)


def _agree(inherited: Any, value: Any) -> bool:
    """Whether a setting need not be made, being inherited up to rounding."""
    if isinstance(value, float):
        return math.isclose(inherited, value, rel_tol=1e-12)
    return bool(inherited == value)


class _Builder:
    """Builds the partition; numbers come from `Aggregates`."""

    def __init__(self, world: Partition, level: Level, found: Aggregates) -> None:
        self._world = world
        self._level = level
        self._found = found
        self._numbers: dict[Any, int] = {member: number for number, member, _ in level.blocks}
        # Populations whose members are units, each with the first of these.
        self._kept: dict[Any, int] = {
            member: number for number, member, each in level.blocks if each
        }

    def build(self, externals: Mapping[str, CoarseExternal]) -> Partition:
        from deepparticle.partitions.partition import Partition

        world = self._world
        coarse = Partition(world.name, **world.own_settings)
        coarse.time = world.time
        if world in self._numbers:  # the whole is one unit
            self._add(coarse, world)
        for member in world:
            if isinstance(member, ExternalState):
                process = externals[member.path].process(member.process)
                coarse.add_external(member.name, 0.0, process, member.expectation)
            elif world not in self._numbers:
                self._add(coarse, member)
        self._couple(coarse)
        for external in coarse.externals:
            between = externals[external.path]
            self._join(coarse, external, between.sensing, between.sensing_weights, inwards=True)
            self._join(coarse, external, between.acting, between.acting_weights, inwards=False)
            for unit in between.acting[between.acting_plastic].tolist():
                self._leaf(coarse, unit).boundary_to(external).plastic = True
            external.value = between.value(world[external.path].value)
        self._keep_conditionals(coarse)
        return coarse

    def _add(self, place: Partition, member: Any) -> None:
        found, number = self._found, self._numbers.get(member)
        if number is None:
            inner = place.add_partition(member.name, **member.own_settings)
            for entry in member:
                self._add(inner, entry)
        elif member in self._kept:
            twin = member.twin()
            twin.cells["_bias"][:] = found.bias[number : number + member.size]
            place._adopt(twin)
        else:
            leaf = place.add_subparticle(
                member.name,
                bias=found.bias[number],
                distribution=found.distributions[number],
                state=found.state[number],
            )
            for name, values in found.settings.items():
                value = values[number] if values.dtype == np.object_ else values[number].item()
                if value is not None and not _agree(getattr(leaf, name), value):
                    setattr(leaf, name, value)

    def _leaf(self, coarse: Partition, unit: int) -> Any:
        whole = self._world in self._numbers
        return coarse.subparticles[0] if whole else coarse[self._level.paths[unit]]

    def _couple(self, coarse: Partition) -> None:
        entries = self._found.couplings
        # A population that is kept has its own couplings already.
        places = np.full(len(self._level), -1)
        for order, (member, number) in enumerate(self._kept.items()):
            places[number : number + member.size] = order
        there = places[entries.targets]
        new = np.flatnonzero((there < 0) | (there != places[entries.sources]))
        leaves: dict[int, Any] = {}
        for unit in np.unique([entries.targets[new], entries.sources[new]]).tolist():
            leaves[unit] = self._leaf(coarse, unit)
        for target, source, weight, plastic in zip(
            entries.targets[new].tolist(),
            entries.sources[new].tolist(),
            entries.weights[new].tolist(),
            entries.plastic[new].tolist(),
            strict=True,
        ):
            connect(leaves[source], leaves[target], weight, plastic)
        coarse._changed()

    def _keep_conditionals(self, coarse: Partition) -> None:
        """Boundary states between single subparticles, or these and the outside, stay as they are.

        Those between other units are deltas: the noise of single boundary states is not carried
        over, their mean is.
        """
        units = self._level.paths.rows
        for boundary in other_conditionals(self._world):
            ends = boundary.source, boundary.target
            if all(end.is_external or end.path in units for end in ends):
                source, target = (coarse[end.path] for end in ends)
                twin = target.boundary_from(source)
                twin.conditional = boundary.conditional.with_weight(twin.weight)

    def _join(
        self,
        coarse: Partition,
        external: ExternalState,
        units: IntArray,
        weights: FloatArray,
        inwards: bool,
    ) -> None:
        single = np.ones(len(units), dtype=np.bool_)
        for member, number in self._kept.items():
            first, last = np.searchsorted(units, [number, number + member.size]).tolist()
            if last - first == member.size:
                single[first:last] = False
                whole = coarse[member.path]
                connect_external(coarse, external, whole, weights[first:last], inwards)
        if single.any():
            ends = [self._leaf(coarse, unit) for unit in units[single].tolist()]
            connect_external(coarse, external, ends, weights[single], inwards)
