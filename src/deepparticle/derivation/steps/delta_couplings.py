r"""What lies between two subparticles: a boundary state that copies its source, scaled.

.. math:: p(s_{ij} \mid \sigma_j) = \delta(s_{ij} - J_{ij} \sigma_j) .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject
from deepparticle.partitions.stepping import draw_noise, update_states

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]


def _after_a_step(subject: Subject) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Boundary states as the objects show them, J, and σ of their sources; after one inference."""
    world, rng = subject.copy(), subject.rng("delta-couplings")
    draw_noise(world, rng, "stochastic")
    rows = [range(subject.size)]
    update_states(world.subparticles, "synchronous", 0, rng.random(subject.size), rows)
    shown = [
        boundary.state
        for leaf in world.subparticles
        for boundary in leaf.incoming()
        if not boundary.source.is_external
    ]
    targets, sources = subject.ends.T
    return np.array(shown), subject.couplings[targets, sources], world.states[sources]


def _check(subject: Subject) -> Check:
    shown, weights, states = _after_a_step(subject)
    return compared(
        ("boundary state s_ij after a step", shown),
        ("J_ij σ_j", weights * states),
        entries=subject.names_of(subject.boundaries),
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    s, state, weight = sympy.symbols("s sigma_j J_ij", real=True)
    delta = sympy.DiracDelta(s - weight * state)
    everywhere = (s, -sympy.oo, sympy.oo)
    return Proof(
        [
            equality("it is a law", sympy.Integral(delta, everywhere), sympy.S(1)),
            equality(
                "its mean is the scaled source",
                sympy.Integral(s * delta, everywhere),
                weight * state,
            ),
            equality(
                "and it has no spread",
                sympy.Integral((s - weight * state) ** 2 * delta, everywhere),
                sympy.S(0),
            ),
        ]
    )


def _counterexample() -> CounterExample:
    chain = np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 2.0], [0.0, 2.0, 0.0]])
    law = stationary_law(chain, schedule="synchronous")
    first, middle, last = law.points.T
    # All that 1 senses is s_12 = 2 σ_2, so that s_12 = 1.9… is one plane of the grid.
    plane = law.probabilities * (middle == middle.max())
    plane = plane / plane.sum()
    means = plane @ first, plane @ last
    covariance = plane @ (first * last) - means[0] * means[1]
    spread = np.sqrt((plane @ first**2 - means[0] ** 2) * (plane @ last**2 - means[1] ** 2))
    return CounterExample(
        "A chain 1 – 2 – 3 with J = 2, updated synchronously, in its steady state. All that 1 "
        "senses is s_12, which gives away σ_2. Among moments at which s_12 is near 2, 1 and 3 "
        "are still correlated: both remember what 2 was a step ago.",
        compared(("correlation of σ_1 and σ_3, given s_12", covariance / spread), ("none", 0.0)),
        margin=0.1,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.figures.style import BLUE, COLUMN, GREY, new_figure, plain

    shown, weights, states = _after_a_step(subject)
    figure = new_figure(COLUMN, 2.6)
    axes = figure.subplots()
    reach = 1.05 * max(1.0, float(np.max(np.abs(states), initial=0.0)))
    for place in np.argsort(-np.abs(weights))[:12]:
        line = weights[place] * np.array([-reach, reach])
        axes.plot([-reach, reach], line, color=GREY, linewidth=0.6, zorder=0)
    axes.plot(states, shown, "o", color=BLUE, markersize=3)
    axes.set_xlim(-reach, reach)
    axes.locator_params(axis="x", nbins=5)
    plain(axes, "lines: s = Jσ, of the strongest", "source σ_j", "boundary state s_ij")
    return figure


STEP = Step(
    name="delta-couplings",
    title="A boundary state that copies",
    statement=(
        "The simplest boundary state between two subparticles follows its source without noise: "
        "it is the state of the source times a number, the coupling J_ij, read from j to i. As a "
        "law of s_ij given σ_j this is a Dirac delta, which is 0 everywhere but at J_ij σ_j. Each "
        "direction has a coupling of its own, and a coupling of 0 is no coupling. Such a boundary "
        "state hides nothing: who knows s_ij knows σ_j."
    ),
    equation="p(s_ij | σ_j) = δ(s_ij − J_ij σ_j)\np(a_ij | σ_i) = δ(a_ij − J_ji σ_i)",
    latex=(
        r"p(s_{ij} \mid \sigma_j) = \delta(s_{ij} - J_{ij}\sigma_j), \qquad "
        r"p(a_{ij} \mid \sigma_i) = \delta(a_{ij} - J_{ji}\sigma_i)"
    ),
    symbols={
        "J_ij": "the coupling from j to i",
        "δ": "Dirac's delta",
    },
    assumptions=("delta couplings",),
    rests_on=("subparticles",),
    source="the emergence of attractor networks, conditionals of boundary states",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published=("The boundary states at this moment separate a subparticle from all others."),
        needed=(
            "Given s_ij, σ_j is no longer unknown, so that of i and j nothing is said. Of i and "
            "others it is true of paths; at one moment in the steady state it needs updates one "
            "at a time and symmetric couplings."
        ),
    ),
    refuting=_counterexample,
)
