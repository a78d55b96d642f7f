r"""Who learns: the boundary state, which touches both ends, and nothing else.

.. math:: \Delta J_{ij} = \alpha_i\,\varepsilon_i\,\sigma'_j, \qquad
          \varepsilon_i \text{ from the target } i, \quad \sigma'_j \text{ from the source } j .
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.boundary import Boundary
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.particles import placed, plastic_boundaries, sensed, states_of
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject, subject_of
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

# As many boundary states are tried in a large network.
_MOST = 40


def _ends(boundary: Boundary) -> tuple[Subparticle, Subparticle]:
    """Source and target of a boundary state between subparticles."""
    source, target = boundary.source, boundary.target
    assert isinstance(source, Subparticle)
    assert isinstance(target, Subparticle)
    return source, target


def _change(boundary: Boundary) -> float:
    """What a boundary state would learn now by the published rule, per unit of learning rate."""
    _, target = _ends(boundary)
    target.learning_rule = "published"
    return next(change for one, change in target.changes(1.0) if one is boundary)


def _scramble(leaves: tuple[Subparticle, ...], spared: set[str], rng: np.random.Generator) -> None:
    """Give all but some subparticles another state and another bias."""
    for leaf in leaves:
        if leaf.path not in spared:
            leaf.bias = float(rng.normal())
            leaf.state = leaf.distribution.sample(float(rng.normal()), float(rng.random()))


def _scrambled_change(
    subject: Subject,
    leaves: tuple[Subparticle, ...],
    source: int,
    target: int,
    uniforms: FloatArray,
) -> float:
    """The same change in a world in which everything is different that the ends do not touch."""
    for leaf, bias, state in zip(leaves, subject.bias, states_of(subject), strict=True):
        leaf.bias, leaf.state = float(bias), float(state)
    ends = (leaves[source], leaves[target])
    touched = {leaf.path for leaf in ends}
    touched |= {boundary.source.path for leaf in ends for boundary in leaf.incoming()}
    rng = subject.rng(f"ownership, {source} → {target}")
    _scramble(leaves, touched, rng)
    for leaf, uniform in zip(ends, uniforms, strict=True):
        leaf.sense()
        leaf.infer(float(uniform))
    # Now that both have made up their minds, not even their neighbours matter.
    _scramble(leaves, {leaf.path for leaf in ends}, rng)
    boundary = ends[1].boundary_from(ends[0])
    assert boundary is not None
    return _change(boundary)


def _check(subject: Subject) -> Check:
    uniforms = subject.rng("ownership").random(subject.size)
    leaves = sensed(subject, uniforms=uniforms)
    boundaries = plastic_boundaries(subject, leaves, "ownership, which", _MOST)
    rows = {path: row for row, path in enumerate(subject.paths)}
    others, scrambled = placed(subject), []
    for one in boundaries:
        source, target = rows[one.source.path], rows[one.target.path]
        pair = uniforms[[source, target]]
        scrambled.append(_scrambled_change(subject, others, source, target, pair))
    return compared(
        ("ΔJ_ij / α with all other states scrambled", np.array(scrambled)),
        ("ΔJ_ij / α", np.array([_change(one) for one in boundaries])),
        entries=tuple(str(one) for one in boundaries),
    )


def _beside(other: float) -> tuple[Subparticle, ...]:
    """Subparticles a, b and c after inference, where b senses c in some state and a does not."""
    world = Partition("world")
    source, target = world.add_subparticle("a", state=0.5), world.add_subparticle("b", state=0.2)
    beside = world.add_subparticle("c", state=other)
    world.couple(source, target, 0.5)
    world.couple(target, source, 0.5)
    world.couple(beside, target, 4.0, plastic=False)
    return sensed(subject_of(world), uniforms=np.full(3, 0.95))


def _change_beside(other: float) -> float:
    """What a → b learns there."""
    source, target, _ = _beside(other)
    boundary = target.boundary_from(source)
    assert boundary is not None
    return _change(boundary)


def _counterexample() -> CounterExample:
    return CounterExample(
        "Two worlds in which a subparticle a, its state and all that it senses are the same. What "
        "a → b learns is not: b also senses c, which is −1 in one of them and 1 in the other.",
        compared(
            ("ΔJ_ba / α, c = −1", _change_beside(-1.0)), ("ΔJ_ba / α, c = 1", _change_beside(1.0))
        ),
        margin=0.2,
    )


def _influences(subject: Subject, target: int, source: int) -> FloatArray:
    """How much another state of each subparticle changes ΔJ / α: before the step, and after it.

    Returns
    -------
    ndarray of shape (2, N)
    """
    leaves, others = placed(subject), subject.draw(1, "ownership, other states")[0]
    uniforms = subject.rng("ownership").random(subject.size)
    boundary = leaves[target].boundary_from(leaves[source])
    assert boundary is not None
    boundary.plastic = True

    def learned() -> float:
        for row in (target, source):
            leaves[row].sense()
            leaves[row].infer(float(uniforms[row]))
        return _change(boundary)

    found, usual = np.zeros((2, subject.size)), learned()
    for row, leaf in enumerate(leaves):
        leaf.state = float(others[row])
        found[0, row] = abs(learned() - usual)
        leaf.state = float(states_of(subject)[row])
    learned()
    for row, leaf in enumerate(leaves):
        new = leaf.state
        leaf.state = float(others[row])
        found[1, row] = abs(_change(boundary) - usual)
        leaf.state = new
    return found


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import along_rows
    from deepparticle.derivation.matrix_frame import strongest_pair
    from deepparticle.figures.style import PAGE, SKY, VERMILION, legend, new_figure, plain

    figure = new_figure(PAGE, 2.7)
    left, right = figure.subplots(1, 2, width_ratios=[1.0, 1.3])
    target, source, weight = strongest_pair(subject)
    _draw_blankets(left, subject, target, source, weight)
    places = along_rows(right, subject)
    if weight != 0.0:
        before, after = _influences(subject, target, source)
        right.bar(places - 0.2, before, 0.4, color=SKY, label="old states, before the step")
        right.bar(places + 0.2, after, 0.4, color=VERMILION, label="new states, when it learns")
        legend(right, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(right, up="by how much another state\nchanges ΔJ / α")
    return figure


def _draw_blankets(axes: Any, subject: Subject, target: int, source: int, weight: float) -> None:
    """All subparticles around a circle: the two ends of a boundary state, and what these sense."""
    from deepparticle.derivation.drawing import size_of
    from deepparticle.figures.style import BLUE, GREY, INK, ORANGE, SKY, VERMILION, legend, plain

    angles = 2.0 * np.pi * np.arange(subject.size) / subject.size
    places = np.column_stack([np.sin(angles), np.cos(angles)])
    size = size_of(subject.size) + 1.0
    axes.plot(*places.T, "o", color=GREY, markersize=size, label="sensed by neither", zorder=1)
    if weight != 0.0:
        for end, heard, label in (
            (source, SKY, "sensed by the source"),
            (target, ORANGE, "sensed by the target"),
        ):
            rows = np.flatnonzero(subject.scaled[end])
            for row in rows.tolist():
                line = places[np.array([row, end])].T
                axes.plot(*line, color=heard, linewidth=0.8, zorder=0)
            axes.plot(*places[rows].T, "o", color=heard, markersize=size, label=label, zorder=2)
        ends = ((source, BLUE, "s", "source"), (target, VERMILION, "D", "target"))
        for end, colour, marker, name in ends:
            label = f"{name}, {subject.paths[end]}"
            axes.plot(
                *places[end], marker, color=colour, markersize=size + 1, label=label, zorder=3
            )
        arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": size, "shrinkB": size}
        axes.annotate("", places[target], places[source], arrowprops=arrow)
    # The labels are for readers of the axes; what is drawn has no scale.
    plain(axes, "", "subparticles in row order", "around a circle")
    axes.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal")
    axes.set_axis_off()
    legend(axes, loc="center left", bbox_to_anchor=(0.98, 0.5), markerscale=0.8)


STEP = Step(
    name="ownership",
    title="Who owns the learning rule",
    statement=(
        "A coupling changes by the error of its target times the state of its source. No particle "
        "knows both: the source does not see what the target expected, nor the target the bare "
        "state of the source. But the boundary state between them touches both, being the action "
        "of one and the sensation of the other; so it can learn, and it needs nothing else. Change "
        "every other state of the world, and it learns the same."
    ),
    equation="ΔJ_ij = α_i ε_i σ'_j,   ε_i from its target i,  σ'_j from its source j",
    latex=(
        r"\Delta J_{ij} = \alpha_i\, \underbrace{\varepsilon_i}_{\text{target}}\, "
        r"\underbrace{\sigma'_j}_{\text{source}}"
    ),
    assumptions=("sparse flows", "delta couplings"),
    rests_on=("learning-rule", "subparticles"),
    source="section Learning",
    comparing=_check,
    drawing=_figure,
    condition=Condition(
        published="A particle lowers its free energy by changing how its own actions are made.",
        needed=(
            "The change needs the prediction error of the target, which the acting particle does "
            "not sense. Action and sensation are one boundary state: that is what learns."
        ),
    ),
    refuting=_counterexample,
)
