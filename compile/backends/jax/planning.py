"""From a program to the plan and the tables with which its steps are compiled."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import jax.numpy as jnp
import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.blankets._types import IntArray
from deepparticle.compile.backends.jax.layouts import layout_of
from deepparticle.compile.backends.jax.steps import Plan, Stretch, Tables
from deepparticle.compile.program import Group, Program

__all__ = ["FEW_STRETCHES", "LONG_STRETCH", "MOST_STRETCHES", "plan_of", "tables_of"]

FEW_STRETCHES = 4
"""So many stretches of a scan are always written out, one after another."""

MOST_STRETCHES = 64
LONG_STRETCH = 32
"""So many are where their mean length is at least this.

Each takes a tenth of a second or more to compile. A scan is by definition the same row by row,
which is a loop, compiled once; but updating many rows at once is faster.
"""


def plan_of(program: Program) -> Plan:
    """How the rows of a program update."""
    distributions = tuple(group.distribution for group in program.groups)
    scan: tuple[Stretch, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    if program.at_once:
        updates = "together"
        stretches = _stretches(program.groups)
    elif program.schedule == "random":
        updates = "sites"
    elif program.schedule == "chromatic" and _is_short(program):
        updates = "stretches"
        scan = _stretches(program.scan)
        stretches = _merged(scan)
    else:
        updates = "rows"
    if not stretches and len(distributions) == 1:
        stretches = (Stretch(distributions[0], 0, program.size),)
    return Plan(updates, scan, stretches, distributions)


def _is_short(program: Program) -> bool:
    count = len(program.scan)
    most = min(MOST_STRETCHES, program.size // LONG_STRETCH)
    return count <= max(FEW_STRETCHES, most)


def _stretches(groups: Iterable[Group]) -> tuple[Stretch, ...]:
    ends = itertools.accumulate((len(group.rows) for group in groups), initial=0)
    return tuple(
        Stretch(group.distribution, start, stop)
        for group, (start, stop) in zip(groups, itertools.pairwise(ends), strict=True)
    )


def _merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    merged: list[Stretch] = []
    for stretch in stretches:
        if merged and merged[-1].distribution == stretch.distribution:
            merged[-1] = merged[-1]._replace(stop=stretch.stop)
        else:
            merged.append(stretch)
    return tuple(merged)


def tables_of(program: Program, plan: Plan, dtype: np.dtype[Any]) -> Tables:
    """What the steps of a program look up, on the default device.

    Parameters
    ----------
    program : Program
    plan : Plan
    dtype : numpy dtype
    """
    size = program.size
    single = plan.updates in {"rows", "sites"}
    held = program.scan if plan.updates == "stretches" else program.groups
    order = np.arange(size) if single else np.concatenate([group.rows for group in held])
    moved = None if _is_identity(order) else order
    turns = np.concatenate(program.turns) if plan.updates == "rows" else None
    noise = None if program.noise is None else program.noise.of_rows(size)[order]
    return Tables(
        layout=layout_of(program, moved, single),
        bias=jnp.asarray(program.bias[order].astype(dtype)),
        rows=jnp.asarray(order.astype(np.uint32)),
        kinds=None if plan.stretches else jnp.asarray(_kinds(program, plan.distributions)),
        turns=None if turns is None or _is_identity(turns) else jnp.asarray(turns.astype(np.int32)),
        order=None if moved is None else jnp.asarray(moved.astype(np.int32)),
        deviations=None if noise is None else jnp.asarray(noise.astype(dtype)),
    )


def _is_identity(order: IntArray) -> bool:
    return bool(np.array_equal(order, np.arange(order.size)))


def _kinds(program: Program, distributions: tuple[StateDistribution, ...]) -> Any:
    kinds = np.zeros(program.size, dtype=np.int32)
    for group in program.groups:
        kinds[group.rows] = distributions.index(group.distribution)
    return kinds
