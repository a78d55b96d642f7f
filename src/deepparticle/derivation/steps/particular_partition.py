r"""What a blanket is: paths inside and outside are independent, given the paths between them.

.. math:: \eta(\cdot) \perp \mu(\cdot) \mid s(\cdot), a(\cdot) \quad\Leftrightarrow\quad
          \text{no edge joins } \mu \text{ and } \eta,
          \text{ and no state has parents in both.}
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np

from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.blankets.independence import path_independent
from deepparticle.blankets.laws import ParticularPartition, particular_partition
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject
from deepparticle.partitions.flow_terms import rows_of
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    import networkx
    from matplotlib.figure import Figure

__all__ = ["STEP"]

# d-separation walks over every edge of two time slices: so many edges take about 5 ms. Of a larger
# world a part is drawn, and of many things the first are asked about.
_EDGES, _ASKED = 600, 6


def _things(subject: Subject) -> dict[str, set[str]]:
    """The subparticles inside each partition, and each subparticle alone, by path."""
    world = subject.world
    inside = [m for m in world.walk() if isinstance(m, Partition | Population) and m is not world]
    nested = {
        member.path: {subject.paths[row] for row in rows_of(world, member).tolist()}
        for member in inside
    }
    alone = {path: {path} for path in subject.paths}
    return {path: things for path, things in {**nested, **alone}.items() if things}


def _part(subject: Subject, rng: np.random.Generator) -> networkx.DiGraph:
    """The graph of states, or as much of it as is judged in time: some subparticles, all outside.

    A boundary state stays if both of its ends do.
    """
    graph = subject.world.graph
    share = np.sqrt(min(1.0, _EDGES / (graph.number_of_edges() + 1)))
    count = max(2, int(share * subject.size))
    kept = {subject.paths[row] for row in rng.permutation(subject.size)[:count].tolist()}
    nodes = [
        node
        for node, kind in graph.nodes(data="kind")
        if kind == "external"
        or node in kept
        or (kind != "internal" and all(n in kept or _outside(graph, n) for n in _ends(graph, node)))
    ]
    found: networkx.DiGraph = graph.subgraph(nodes).copy()
    return found


def _ends(graph: networkx.DiGraph, node: Hashable) -> list[Hashable]:
    return [*graph.predecessors(node), *graph.successors(node)]


def _outside(graph: networkx.DiGraph, node: Hashable) -> bool:
    return bool(graph.nodes[node]["kind"] == "external")


def _by_structure(graph: networkx.DiGraph, roles: ParticularPartition) -> bool:
    """Whether no edge joins μ and η, and no state has parents in both."""
    inside, outside = set(roles.internal), set(roles.external)
    reached = [
        {child for node in side for child in graph.successors(node)} for side in (inside, outside)
    ]
    return not (reached[0] & outside or reached[1] & inside or reached[0] & reached[1])


def _leaking(
    graph: networkx.DiGraph, roles: ParticularPartition, rng: np.random.Generator
) -> tuple[networkx.DiGraph, str]:
    """The graph with one leak: an edge past the blanket, or a state with parents in both."""
    inside, outside = (side[rng.integers(len(side))] for side in (roles.internal, roles.external))
    found = graph.copy()
    if roles.blanket and rng.random() < 0.5:
        shared = roles.blanket[rng.integers(len(roles.blanket))]
        found.add_edges_from([(inside, shared), (outside, shared)])
        return found, f"if {inside} and {outside} drove {shared}"
    source, target = (inside, outside) if rng.random() < 0.5 else (outside, inside)
    found.add_edge(source, target)
    return found, f"if {source} drove {target}"


def _check(subject: Subject) -> Check:
    """Two judges of each thing, as it is and with a leak."""
    rng = subject.rng("particular-partition")
    graph = _part(subject, rng)
    separated: list[bool] = []
    lawful: list[bool] = []
    entries: list[str] = []
    for path, members in _things(subject).items():
        things = {one for one in members if one in graph}
        roles = particular_partition(graph, things)
        if not (things and roles.external) or len(entries) >= 2 * _ASKED:
            continue
        leaking, words = _leaking(graph, roles, rng)
        for judged, entry in ((graph, path), (leaking, f"{path}, {words}")):
            separated.append(path_independent(judged, things, roles))
            lawful.append(_by_structure(judged, roles))
            entries.append(entry)
    return compared(
        ("1 if μ and η are d-separated over two time slices", separated),
        ("1 if no edge joins μ and η and no state has parents in both", lawful),
        tolerance=0.5,
        entries=tuple(entries),
    )


def _counterexample() -> CounterExample:
    chain = np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 2.0], [0.0, 2.0, 0.0]])
    law = stationary_law(chain, schedule="random")
    return CounterExample(
        "A chain 1 – 2 – 3 with J = 2, updated one at a time. No boundary state joins 1 and 3, so "
        "that s_13 and a_13 are empty, and independence given them is independence.",
        compared(("correlation of σ_1 and σ_3", law.correlations[0, 2]), ("none", 0.0)),
        margin=0.2,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.figures.style import (
        BLUE,
        COLUMN,
        GREY,
        INK,
        VERMILION,
        legend,
        new_figure,
        plain,
    )

    graph = subject.world.graph
    things = _things(subject)
    shown = list(things)[:12]
    sizes = np.array(
        [
            [len(part) for part in (roles.internal, roles.sensory, roles.active, roles.external)]
            for roles in (particular_partition(graph, things[path]) for path in shown)
        ]
    )
    figure = new_figure(COLUMN, 1.0 + 0.2 * len(shown))
    axes = figure.subplots()
    left = np.zeros(len(shown))
    kinds = ("internal μ", "sensory s", "active a", "external η")
    for kind, colour, counts in zip(kinds, (INK, BLUE, VERMILION, GREY), sizes.T, strict=True):
        axes.barh(shown, counts, left=left, color=colour, height=0.7, label=kind)
        left = left + counts
    axes.invert_yaxis()
    plain(axes, "", "states", "thing")
    legend(axes, ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    return figure


STEP = Step(
    name="particular-partition",
    title="A thing and its blanket",
    statement=(
        "If inside and outside meet only through sensory and active states, then these states are "
        "a blanket: who has watched all of them, all the time, learns nothing more about the "
        "inside from the outside. For this no equation is needed, only the drawing of who drives "
        "whom. Two things must not occur in it: an edge between inside and outside, and a state "
        "driven by both, since two causes of one effect tell about each other once the effect is "
        "known. Every subparticle, and every partition of subparticles, is such a thing."
    ),
    equation="η(·) ⟂ μ(·) | s(·), a(·)",
    latex=r"\eta(\cdot) \perp \mu(\cdot) \mid s(\cdot), a(\cdot)",
    symbols={
        "η(·)": "the whole path of η through time",
        "⟂": "“is independent of”",
        "|": "“given”",
    },
    assumptions=("sparse flows", "independent fluctuations"),
    rests_on=("flows",),
    source="equation conditional-independence, and σ_i ⟂ σ_j | a_ij, s_ij",
    comparing=_check,
    drawing=_figure,
    condition=Condition(
        published=(
            "Internal states are independent given the boundary states between them; with no such "
            "states where two subparticles are not coupled."
        ),
        needed=(
            "It is said of paths, and of all boundary states of one of them. At one instant, and "
            "given only the states between two of them, a common neighbour suffices to make two "
            "subparticles dependent."
        ),
    ),
    refuting=_counterexample,
)
