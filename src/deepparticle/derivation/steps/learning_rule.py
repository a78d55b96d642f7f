r"""Learning descends the surprise of a particle at its own new state.

.. math:: -\frac{\partial}{\partial J_{ij}} \bigl[-\ln p(\sigma'_i; h_i)\bigr]
          = (\sigma'_i - L(h_i))\,\sigma_j = \varepsilon_i\,\sigma_j .
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.boundary import Boundary
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.particles import plastic_boundaries, sensed, states_of
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject, subject_of
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

# As many boundary states are tried in a large network; each costs two looks at a whole blanket.
_MOST = 100

# The error of a central difference is of the order of its square, and of 1e-16 over it.
_NUDGE = 1e-4
_TOLERANCE = 1e-6


def _learning(subject: Subject, states: FloatArray | None = None) -> tuple[Subparticle, ...]:
    """The subparticles in the middle of a step: new states drawn, and not yet shown."""
    uniforms = subject.rng("learning-rule, new states").random(subject.size)
    return sensed(subject, states, uniforms)


def _surprise(leaf: Subparticle) -> float:
    """−ln p(σ'_i; h_i) against the base measure, for what its blanket shows now; in nats."""
    leaf.sense()
    return leaf.distribution.log_partition(leaf.field) - leaf.field * leaf.state


def _descent(boundary: Boundary) -> float:
    """How fast the surprise of the target falls with the weight, by a difference."""
    target, weight, found = boundary.target, boundary.weight, []
    assert isinstance(target, Subparticle)
    for nudged in (weight - _NUDGE, weight + _NUDGE):
        boundary.weight = nudged
        found.append(_surprise(target))
    boundary.weight = weight
    target.sense()
    return (found[0] - found[1]) / (2.0 * _NUDGE)


def _asked(boundaries: list[Boundary], rule: str) -> FloatArray:
    """What boundary states would learn now by a rule, per unit of learning rate."""
    found: dict[Boundary, float] = {}
    for leaf in dict.fromkeys(boundary.target for boundary in boundaries):
        assert isinstance(leaf, Subparticle)
        leaf.learning_rule = rule
        leaf.sense()
        found.update(leaf.changes(learning_rate=1.0))
    return np.array([found[boundary] for boundary in boundaries])


def _check(subject: Subject) -> Check:
    leaves = _learning(subject)
    boundaries = plastic_boundaries(subject, leaves, "learning-rule, which", _MOST)
    slopes = [_descent(boundary) for boundary in boundaries]
    fields = np.abs(subject.bias) + np.abs(subject.couplings) @ np.abs(states_of(subject))
    sizes = fields * np.abs([leaf.state for leaf in leaves]) + np.abs(subject.log_partition(fields))
    return compared(
        ("−∂/∂J_ij [−ln p(σ'_i; h_i)]", np.array(slopes)),
        ("ΔJ_ij / α = ε_i σ_j", _asked(boundaries, "previous-presynaptic")),
        tolerance=_TOLERANCE,
        terms=sizes / _NUDGE,
        entries=tuple(str(boundary) for boundary in boundaries),
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    j, b, source = sympy.symbols("J b sigma_j", positive=True)
    new, rate = sympy.Symbol("sigma_i", real=True), sympy.Symbol("alpha", positive=True)
    h = b + j * source
    phi = sympy.Function("phi")
    surprise = phi(h) - h * new
    error = new - phi(h).diff(b)
    langevin = sympy.coth(h) - 1 / h
    return Proof(
        [
            equality(
                "surprise falls with the coupling by error times input, in any family",
                -sympy.Derivative(surprise, j),
                error * source,
            ),
            equality(
                "of a continuous Bernoulli state",
                -sympy.Derivative(sympy.log(2 * sympy.sinh(h) / h) - h * new, j),
                (new - langevin) * source,
            ),
            equality(
                "a change along it never makes surprise rise, to first order",
                rate * error * source * -sympy.Derivative(surprise, j),
                rate * (error * source) ** 2,
            ),
        ]
    )


def _slope_along(rule: str) -> float:
    """How surprise changes along what a rule asks for, where evidence turns both states round."""
    world = Partition("world")
    first, second = world.add_subparticle("a", state=0.9), world.add_subparticle("b", state=0.9)
    world.couple(first, second, 0.5)
    world.couple(second, first, 0.5)
    scene = world.add_external("scene", -4.0)
    world.sense(scene, first, 1.0)
    world.sense(scene, second, 1.0)
    leaves = sensed(subject_of(world))
    boundaries = [boundary for leaf in leaves for boundary in leaf.incoming() if boundary.plastic]
    learned = [one for one in boundaries if not one.source.is_external]
    slopes = np.array([-_descent(one) for one in learned])
    return float(slopes @ _asked(learned, rule))


def _counterexample() -> CounterExample:
    return CounterExample(
        "A pair with J = .5 in the states (.9, .9) is shown evidence of −4 each, which turns both "
        "states round: how fast the surprise of the two changes along the published update, and "
        "along the gradient. The published update makes it rise.",
        compared(
            ("change of surprise, published rule", _slope_along("published")),
            ("change of surprise, with the old σ_j", _slope_along("previous-presynaptic")),
            unit="nats per α",
        ),
        margin=1.0,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import diagonal
    from deepparticle.figures.style import BLUE, GREY, PAGE, VERMILION, legend, new_figure, plain

    leaves = _learning(subject)
    boundaries = plastic_boundaries(subject, leaves, "learning-rule, which", _MOST)
    slopes = np.array([_descent(boundary) for boundary in boundaries])
    figure = new_figure(PAGE, 2.6)
    left, right = figure.subplots(1, 2)
    for rule, colour, marker, label in (
        ("previous-presynaptic", BLUE, "o", "ε σ_j: the old state of the source"),
        ("published", VERMILION, "x", "ε σ'_j: its new state"),
    ):
        left.plot(
            slopes,
            _asked(boundaries, rule),
            marker,
            color=colour,
            markersize=4,
            label=label,
        )
    plain(left, "", "how fast surprise falls with $J_{ij}$", "what is learned, ΔJ / α")
    diagonal(left, GREY)
    legend(left)
    if boundaries:
        _draw_surprise(right, boundaries[int(np.argmax(np.abs(slopes)))])
    plain(right, "", "coupling $J_{ij}$", "surprise $-\\ln p(σ'_i; h_i)$, nats")
    return figure


def _draw_surprise(axes: Any, boundary: Boundary) -> None:
    """Surprise against one weight, and where one step of learning takes it."""
    from deepparticle.figures.style import BLUE, INK, VERMILION, legend

    target, weight = boundary.target, boundary.weight
    assert isinstance(target, Subparticle)

    def surprise(value: float) -> float:
        boundary.weight = value
        return _surprise(target)

    slope, here = _descent(boundary), surprise(weight)
    reach = 2.0 + 2.0 * abs(slope)
    weights = np.linspace(weight - reach, weight + reach, 81)
    axes.plot(weights, [surprise(value) for value in weights], color=BLUE, label=str(boundary))
    axes.plot(weight, here, "o", color=INK, markersize=5, label="now")
    learned = weight + slope
    axes.plot(
        learned, surprise(learned), "o", color=VERMILION, markersize=5, label="learned, α = 1"
    )
    boundary.weight = weight
    legend(axes)


STEP = Step(
    name="learning-rule",
    title="The learning rule",
    statement=(
        "A particle expected L(h) and found itself at σ'. How surprising that was, −ln p(σ'; h), "
        "depends on the couplings of its sensory states; so it can be less surprised next time if "
        "they change. Surprise falls fastest if each coupling changes by the prediction error ε = "
        "σ' − L(h) times the state at the other end. The first term of the product, σ'_i σ_j, is "
        "Hebb's rule; the second takes away what had been predicted of it."
    ),
    equation="−∂/∂J_ij [−ln p(σ'_i; h_i)] = ε_i σ_j,   ε_i = σ'_i − L(h_i)\nΔJ_ij = α_i ε_i σ_j",
    latex=(
        r"-\frac{\partial}{\partial J_{ij}} \bigl[-\ln p(\sigma'_i; h_i)\bigr] = \varepsilon_i "
        r"\sigma_j, \qquad \varepsilon_i = \sigma'_i - L(h_i), \qquad \Delta J_{ij} = \alpha_i "
        r"\varepsilon_i \sigma_j"
    ),
    symbols={
        "∂/∂J_ij": "the slope in a coupling",
        "ε_i": "the prediction error of i",
        "α_i": "its learning rate",
        "ΔJ_ij": "how much the coupling changes",
    },
    assumptions=("delta couplings",),
    rests_on=("inference-rule", "evidence-and-bias"),
    source="equation learning-rule",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The change contains the new states of both ends, ε_i σ'_j, and descends F.",
        needed=(
            "It is the gradient with the state of the source that had entered the prediction, "
            "σ_j. With the new one it descends as long as successive states resemble each other."
        ),
    ),
    refuting=_counterexample,
)
