"""Lowering: from a world of objects to a program of arrays, by named passes.

1. *flatten* — paths become rows: every object is handed to the rule for its type;
2. *index* — boundary states become (target row, source row) entries, external ones weights by row;
3. *layout* — entries become arrays;
4. *schedule* — in which order rows update;
5. *specialise* — what this program does not need: masks, clocks, learning.

Every pass is a pure function of the one before; its result can be printed. Lowering finds the rule
for an object by its type (:func:`functools.singledispatch`): a new kind of object is taught with
``@flatten_rule.register``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np

from deepparticle.agents.diffusion import refuse_jumping
from deepparticle.agents.external import ExternalState, forked
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.conditional import GaussianBoundary
from deepparticle.blankets.errors import Fault, PartitionError, SettingTypeError
from deepparticle.compile.program import (
    ExternalSlot,
    Group,
    Noise,
    PartitionRows,
    PassReport,
    Program,
    frozen,
)
from deepparticle.partitions.arrays import (
    CouplingEntries,
    coupling_entries,
    noisy_boundaries,
)
from deepparticle.partitions.biases import bias_rows
from deepparticle.partitions.columns import external_columns, leaf_columns, other_conditionals
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.population import Population
from deepparticle.partitions.schedules import checked_schedule, turns_inside
from deepparticle.partitions.stepping import checked_option

__all__ = ["LAYOUTS", "Flat", "flatten", "flatten_rule", "lower"]

LAYOUTS = ("auto", "dense", "sparse")


# A matrix with fewer than one entry in so many is lowered sparse, if it has so many rows: a sparse
# product costs that much more per entry than a dense one, and learning even more.
_SPARSE_BELOW = 1 / 30
_SPARSE_FROM = 128


@dataclass
class Flat:
    """A world as two lists: subparticles and populations in row order, and external states."""

    leaves: list[Subparticle | Population] = field(default_factory=list)
    externals: list[ExternalState] = field(default_factory=list)


@singledispatch
def flatten_rule(member: Any, flat: Flat) -> None:
    """Append what `member` contributes to `flat`; register a function per type.

    Raises
    ------
    SettingTypeError
        For a type without a rule; the message lists those that have one.
    """
    known = ", ".join(kind.__name__ for kind in flatten_rule.registry if kind is not object)
    raise SettingTypeError(
        Fault(
            str(member),
            f"lowering has a rule for {known}",
            f"a {type(member).__name__}",
            "register one with @flatten_rule.register",
        )
    )


_VERBS = ("sense", "infer", "diffuse", "act", "learn")


@flatten_rule.register
def _(member: Subparticle, flat: Flat) -> None:
    own = [verb for verb in _VERBS if getattr(type(member), verb) is not getattr(Subparticle, verb)]
    if own:
        raise SettingTypeError(
            Fault(
                str(member),
                "a kernel does what Subparticle does",
                f"a {type(member).__name__} with its own {', '.join(own)}",
                "step it by hand with world.step(), or register a rule with @flatten_rule.register",
            )
        )
    flat.leaves.append(member)


@flatten_rule.register
def _(member: Population, flat: Flat) -> None:
    flat.leaves.append(member)


@flatten_rule.register
def _(member: ExternalState, flat: Flat) -> None:
    flat.externals.append(member)


@flatten_rule.register
def _(member: Partition, flat: Flat) -> None:
    for inner in member:
        flatten_rule(inner, flat)


def flatten(world: Partition) -> Flat:
    """First pass: rows in depth-first order."""
    flat = Flat()
    flatten_rule(world, flat)
    return flat


def _refuse_unknown_types(world: Partition) -> None:
    # Before the laws are checked, which know the members of this library only. The nesting may be
    # anything at this point, so that each partition is entered once.
    seen: set[int] = set()
    stack: list[Any] = [world]
    while stack:
        place = stack.pop()
        if flatten_rule.dispatch(type(place)) is flatten_rule.dispatch(object):
            flatten_rule(place, Flat())
        if isinstance(place, Partition) and id(place) not in seen:
            seen.add(id(place))
            stack.extend(place)


def _refuse_other_conditionals(world: Partition) -> None:
    for boundary in other_conditionals(world):
        if type(boundary.conditional) is GaussianBoundary:
            continue
        raise SettingTypeError(
            Fault(
                str(boundary),
                "the kernels know boundary states that are Dirac deltas or Gaussian",
                repr(boundary.conditional),
                "use Delta(weight) or GaussianBoundary(weight, sd), or step the objects by hand "
                "with world.step()",
            )
        )


def _index_external(world: Partition, external: ExternalState) -> ExternalSlot:
    columns = external_columns(world, external)
    return ExternalSlot(
        path=external.path,
        value=frozen(external.value, np.float64),
        sensing=frozen(columns.sensing, np.intp),
        sensing_weights=frozen(columns.sensing_weights, np.float64),
        acting=frozen(columns.acting, np.intp),
        acting_weights=frozen(columns.acting_weights, np.float64),
        process=forked(external.process),
        expectation=external.expectation,
        plastic=frozen(columns.acting_plastic, np.bool_),
    )


@dataclass(frozen=True, eq=False)
class _Arrays:
    """The couplings in the layout that was chosen; fields as of `Program`."""

    couplings: FloatArray
    exists: BoolArray | None
    plastic: BoolArray
    targets: IntArray | None
    sources: IntArray | None
    summary: str


def _laid_out(entries: CouplingEntries, layout: str) -> _Arrays:
    size, share = entries.size, f"{entries.density:.0%} of the pairs coupled"
    if layout == "auto":
        sparse = size >= _SPARSE_FROM and entries.density < _SPARSE_BELOW
        layout = "sparse" if sparse else "dense"
    if layout == "sparse":
        return _Arrays(
            entries.weights,
            None,
            entries.plastic,
            entries.targets,
            entries.sources,
            f"sparse, {entries.count} entries by target, then source",
        )
    couplings, exists, plastic = (np.zeros((size, size), kind) for kind in (float, bool, bool))
    at = entries.targets, entries.sources
    couplings[at], exists[at], plastic[at] = entries.weights, True, entries.plastic
    return _Arrays(couplings, exists, plastic, None, None, f"dense {size} × {size}, {share}")


_ORDERS = {
    "synchronous": "all rows at once, from the old states",
    "langevin": "all rows move at once for a time step, from the old states",
    "random": "{rows} rows per step, drawn with replacement",
    "sequential": "row order, each sees the newest",
    "chromatic": "{turns} colours, the rows of each at once",
}


def _noise(world: Partition) -> Noise | None:
    noisy = noisy_boundaries(world)
    if not noisy:
        return None
    targets = [world.row_of(boundary.target) for boundary in noisy]
    deviations = [boundary.conditional.sd for boundary in noisy]
    return Noise(frozen(targets, np.intp), frozen(deviations, np.float64))


def _partition_rows(place: Partition, start: int) -> Iterator[PartitionRows]:
    """A partition, and those inside it, depth first; rows have the same order."""
    yield PartitionRows(place.path, start, start + place.leaf_count)
    for member in place:
        if isinstance(member, Partition):
            yield from _partition_rows(member, start)
            start += member.leaf_count
        elif isinstance(member, Population):
            yield PartitionRows(member.path, start, start + member.size)
            start += member.size
        elif isinstance(member, Subparticle):
            start += 1


def _reports(
    flat: Flat,
    entries: CouplingEntries,
    clock: IntArray,
    groups: tuple[Group, ...],
    said: Mapping[str, str],
) -> tuple[PassReport, ...]:
    size = entries.size
    special = []
    if entries.plastic.all() and entries.count == size * (size - 1):
        special.append("no plasticity mask")
    elif not entries.plastic.any():
        special.append("no learning")
    if np.all(clock == 1):
        special.append("no clocks")
    if len(groups) == 1:
        special.append("one distribution")
    return (
        PassReport(
            "flatten",
            f"{size} subparticles → rows 0…{size - 1}; {len(flat.externals)} external states",
        ),
        PassReport("index", f"{entries.count} boundary states → entries J[target, source]"),
        PassReport("layout", said["layout"]),
        PassReport("schedule", said["schedule"]),
        PassReport("specialise", ", ".join(special) or "nothing to drop"),
    )


def lower(world: Partition, schedule: str = "synchronous", layout: str = "auto") -> Program:
    """Lower a world to a program.

    Parameters
    ----------
    world : Partition
        A root; a partition inside a world has no external states, so lower a ``copy()`` of it.
    schedule : {"synchronous", "sequential", "chromatic", "random", "langevin"} or one of your own
        The order of updates; ``langevin`` moves continuous states for a ``time_step``, by default
        0.01, instead of drawing them anew.
    layout : {"auto", "dense", "sparse"}
        Whether couplings that do not exist have a place in J; ``auto`` decides by density.

    Returns
    -------
    Program
        Frozen; printable with ``program.explain()``.

    Raises
    ------
    PartitionError
        If the world breaks a law (all faults), is empty, or is not a root.
    SettingError
        If states that can only jump, such as spins, should move (``langevin``).

    Examples
    --------
    >>> import deepparticle as dp
    >>> world = dp.from_couplings([[0.0, 0.5], [0.2, 0.0]], name="pair")
    >>> dp.lower(world)
    <Program of 'pair': 2 subparticles, 2 couplings (2 plastic), 1 external, synchronous>
    """
    if not isinstance(world, Partition):
        raise SettingTypeError(
            Fault(
                "lower",
                "a world is a Partition",
                repr(world)[:60],
                "use dp.Partition, dp.from_couplings or dp.from_networkx",
            )
        )
    if world.parent is not None:
        raise PartitionError(
            Fault(
                str(world),
                "a program is made from a whole world",
                "a partition inside one",
                f"lower the world, or a copy: world[{world.path!r}].copy()",
            )
        )
    checked_schedule(schedule, "lower")
    checked_option(layout, LAYOUTS, "lower", "layout")
    _refuse_unknown_types(world)
    world.check()
    flat = flatten(world)
    if not flat.leaves:
        raise PartitionError(
            Fault(
                str(world),
                "a world to lower has subparticles",
                "none",
                "add one with add_subparticle()",
            )
        )
    _refuse_other_conditionals(world)
    columns, entries = leaf_columns(world), coupling_entries(world)
    if schedule == "langevin":
        for kind, rows in columns.distributions:
            refuse_jumping(kind, columns.paths[int(rows[0])])
    arrays = _laid_out(entries, layout)
    groups = tuple(Group(kind, frozen(rows, np.intp)) for kind, rows in columns.distributions)
    turns = turns_inside(world, schedule)
    order = _ORDERS.get(schedule, "{turns} turns, the rows of each at once")
    order = order.format(rows=entries.size, turns=len(turns))
    said = {"layout": arrays.summary, "schedule": f"{schedule}: {order}"}
    return Program(
        name=world.name,
        schedule=schedule,
        paths=columns.paths,
        couplings=arrays.couplings,
        exists=arrays.exists,
        plastic=arrays.plastic,
        targets=arrays.targets,
        sources=arrays.sources,
        bias=columns.bias,
        precision=columns.precision,
        learning_rate=columns.learning_rate,
        clock=columns.clock,
        time_step=columns.time_step,
        learning_rule=columns.learning_rule,
        state=columns.state,
        field=columns.field,
        argument=columns.argument,
        used_precision=columns.used_precision,
        groups=groups,
        turns=turns,
        externals=tuple(_index_external(world, external) for external in flat.externals),
        revision=world.revision,
        partitions=tuple(_partition_rows(world, 0)),
        biases=bias_rows(world),
        noise=_noise(world),
        passes=_reports(flat, entries, columns.clock, groups, said),
    )
