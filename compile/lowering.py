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

from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.conditional import Delta
from deepparticle.blankets.errors import Fault, PartitionError, SettingTypeError
from deepparticle.compile.program import ExternalSlot, Group, PassReport, Program, frozen
from deepparticle.partitions.arrays import coupling_arrays
from deepparticle.partitions.colouring import colours_of
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.population import Population
from deepparticle.partitions.stepping import SCHEDULES, checked_option

__all__ = ["Flat", "flatten", "flatten_rule", "lower"]


@dataclass
class Flat:
    """A world as two lists: subparticles in row order, and external states."""

    leaves: list[Subparticle] = field(default_factory=list)
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


_VERBS = ("sense", "infer", "act", "learn")


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
    flat.leaves.extend(member.subparticles)


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


def _refuse_other_conditionals(flat: Flat) -> None:
    # Every boundary state comes in somewhere: at a leaf, or at an external state.
    ends: list[Any] = [*flat.leaves, *flat.externals]
    for end in ends:
        for boundary in end._incoming.values():
            if type(boundary.conditional) is not Delta:
                raise SettingTypeError(
                    Fault(
                        str(boundary),
                        "the kernels know boundary states that are Dirac deltas",
                        repr(boundary.conditional),
                        "use Delta(weight), or step the objects by hand with world.step()",
                    )
                )


def _index_external(external: ExternalState, rows: dict[Any, int]) -> ExternalSlot:
    sensing = [(rows[end], external._outgoing[end].weight) for end in external.sensing]
    acting = [(rows[end], external._incoming[end].weight) for end in external.acting]
    return ExternalSlot(
        path=external.path,
        value=frozen(external.value, np.float64),
        sensing=frozen([row for row, _ in sensing], np.intp),
        sensing_weights=frozen([weight for _, weight in sensing], np.float64),
        acting=frozen([row for row, _ in acting], np.intp),
        acting_weights=frozen([weight for _, weight in acting], np.float64),
        process=external.process,
    )


def _groups(leaves: list[Subparticle]) -> tuple[Group, ...]:
    rows: dict[Any, list[int]] = {}
    for row, leaf in enumerate(leaves):
        rows.setdefault(leaf.distribution, []).append(row)
    return tuple(Group(kind, frozen(members, np.intp)) for kind, members in rows.items())


def _scan(
    groups: tuple[Group, ...], exists: BoolArray, schedule: str
) -> tuple[tuple[Group, ...], str]:
    """The blocks of rows that a scan updates at once, and what to say of them."""
    size = len(exists)
    if schedule == "synchronous":
        return (), "all rows at once, from the old states"
    if schedule == "random":
        return (), f"{size} rows per step, drawn with replacement"
    if schedule == "sequential":
        classes = tuple(np.arange(size).reshape(size, 1))
        said = "row order, each sees the newest"
    else:
        classes = colours_of(exists)
        said = f"{len(classes)} colours, the rows of each at once"
    # Rows of one colour do not touch, so that those of different distributions may take turns.
    blocks = [
        Group(group.distribution, frozen(np.intersect1d(rows, group.rows), np.intp))
        for rows in classes
        for group in groups
    ]
    return tuple(block for block in blocks if block.rows.size), said


def _reports(
    flat: Flat,
    couplings: FloatArray,
    exists: BoolArray,
    plastic: BoolArray,
    clocks: Any,
    groups: tuple[Group, ...],
    schedule: str,
    order: str,
) -> tuple[PassReport, ...]:
    count, size = int(exists.sum()), len(flat.leaves)
    density = count / max(1, size * (size - 1))
    special = []
    if int(plastic.sum()) == size * (size - 1):
        special.append("no plasticity mask")
    elif not plastic.any():
        special.append("no learning")
    if np.all(np.asarray(clocks) == 1):
        special.append("no clocks")
    if len(groups) == 1:
        special.append("one distribution")
    return (
        PassReport(
            "flatten",
            f"{size} subparticles → rows 0…{size - 1}; {len(flat.externals)} external states",
        ),
        PassReport("index", f"{count} boundary states → entries J[target, source]"),
        PassReport("layout", f"dense {size} × {size}, {density:.0%} of the pairs coupled"),
        PassReport("schedule", f"{schedule}: {order}"),
        PassReport("specialise", ", ".join(special) or "nothing to drop"),
    )


def lower(world: Partition, schedule: str = "synchronous") -> Program:
    """Lower a world to a program.

    Parameters
    ----------
    world : Partition
        A root; a partition inside a world has no external states, so lower a ``copy()`` of it.
    schedule : {"synchronous", "sequential", "chromatic", "random"}
        The order of updates.

    Returns
    -------
    Program
        Frozen; printable with ``program.explain()``.

    Raises
    ------
    PartitionError
        If the world breaks a law (all faults), is empty, or is not a root.

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
    checked_option(schedule, SCHEDULES, "lower", "schedule")
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
    _refuse_other_conditionals(flat)
    rows = {leaf: row for row, leaf in enumerate(flat.leaves)}
    couplings, exists, plastic = coupling_arrays(world)
    groups = _groups(flat.leaves)
    scan, order = _scan(groups, exists, schedule)
    clocks = [leaf.clock for leaf in flat.leaves]

    def column(name: str, dtype: Any = np.float64) -> Any:
        return frozen([getattr(leaf, name) for leaf in flat.leaves], dtype)

    return Program(
        name=world.name,
        schedule=schedule,
        paths=tuple(leaf.path for leaf in flat.leaves),
        couplings=couplings,
        exists=exists,
        plastic=plastic,
        bias=column("bias"),
        precision=column("precision"),
        learning_rate=column("learning_rate"),
        clock=frozen(clocks, np.intp),
        state=column("state"),
        field=column("field"),
        argument=column("argument"),
        used_precision=column("_used_precision"),
        groups=groups,
        scan=scan,
        externals=tuple(_index_external(external, rows) for external in flat.externals),
        revision=world.revision,
        passes=_reports(flat, couplings, exists, plastic, clocks, groups, schedule, order),
    )
