r"""Subparticles: things inside a thing, whose blankets share boundary states.

.. math:: s_{ij} = a_{ji}, \qquad \bigcup_i \pi_i = \mu .
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.check import Check, compared
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject
from deepparticle.partitions.columns import write_states
from deepparticle.partitions.flow_terms import rows_of
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]


def _levels(world: Partition) -> Iterator[list[Any]]:
    """The members at each depth, from the outside inwards; a subparticle stays to the last."""
    members: list[Any] = list(world.members)
    while True:
        members = [one for one in members if one not in world.externals]
        yield members
        if not any(isinstance(one, Partition | Population) for one in members):
            return
        members = [
            inner
            for one in members
            for inner in (_inner(one) if isinstance(one, Partition | Population) else [one])
        ]


def _inner(member: Any) -> list[Any]:
    return list(member.members) if isinstance(member, Partition) else list(member)


def _coverage(world: Partition) -> FloatArray:
    """In how many members of each level every row is, shape (levels, N)."""
    counts = []
    for members in _levels(world):
        count = np.zeros(world.leaf_count)
        for member in members:
            count[rows_of(world, member)] += 1.0
        counts.append(count)
    return np.array(counts)


def _check(subject: Subject) -> Check:
    """Each boundary state asked of its target and of its source; and each row counted."""
    world = subject.copy()
    write_states(world, subject.draw(1, "subparticles")[0])
    sensed, shown, entries = [], [], []
    for leaf in world.subparticles:
        for boundary in leaf.incoming():
            source: Any = boundary.source
            if source.is_external:
                continue
            sensed.append(leaf.sensory[source].state)
            # One that its source does not know of would have no other side.
            known = source.boundary_to(leaf) is not None
            shown.append(source.active[leaf].state if known else np.nan)
            entries.append(f"{source.path} → {leaf.path}")
    coverage = _coverage(world)
    depths, rows = coverage.shape
    entries += [
        f"{subject.paths[row]}, level {depth + 1}" for depth in range(depths) for row in range(rows)
    ]
    return compared(
        ("s_ij as i senses it; members that hold i", [*sensed, *coverage.ravel()]),
        ("a_ji as j shows it; 1", [*shown, *np.ones(coverage.size)]),
        entries=tuple(entries),
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.matrix_frame import frame_of_subparticles
    from deepparticle.figures.style import BLUE, COLUMN, GREY, VERMILION, legend, new_figure

    targets, sources = subject.ends.T
    degrees = np.bincount(subject.ends.ravel(), minlength=subject.size)
    chosen = int(np.argmax(degrees))
    figure = new_figure(COLUMN, COLUMN + 0.3)
    axes = figure.subplots()
    size = min(6.0, 130.0 / subject.size)
    path = subject.paths[chosen]
    for kept, colour, marker, label in (
        ((targets != chosen) & (sources != chosen), GREY, "o", "boundary state of others"),
        (targets == chosen, BLUE, "s", f"sensory state of {path}"),
        (sources == chosen, VERMILION, "D", f"active state of {path}"),
    ):
        across, down = sources[kept], targets[kept]
        axes.plot(across, down, marker, color=colour, markersize=size, mew=0, label=label)
    frame_of_subparticles(axes, subject)
    legend(axes, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


STEP = Step(
    name="subparticles",
    title="Things inside a thing",
    statement=(
        "What is inside a blanket can itself consist of things, with blankets of their own. These "
        "subparticles never share an internal state: each lies in exactly one of them, and "
        "together they make up the inside. But they do share boundary states. What subparticle i "
        "senses of j and what j shows to i is one and the same state, seen from two sides; so for "
        "i the internal state of j is part of the outside. The same can be said again of what is "
        "inside a subparticle, and of the whole in a larger whole."
    ),
    equation="s_ij = a_ji,  s_ji = a_ij\nall π_i together = μ,  each σ_i in one π_i at every level",
    latex=r"s_{ij} = a_{ji}, \quad s_{ji} = a_{ij}, \qquad \bigcup_{i=1}^n \pi_i = \mu",
    symbols={
        "π_i": "subparticle i",
        "σ_i": "its internal state",
        "s_ij": "what i senses of j",
        "a_ij": "what i shows to j",
    },
    assumptions=("sparse flows", "complete coverage"),
    rests_on=("flows",),
    source="deep particular partitions and subparticles",
    comparing=_check,
    drawing=_figure,
)
