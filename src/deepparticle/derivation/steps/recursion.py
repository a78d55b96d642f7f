r"""The network is a particle: what holds of the parts holds of the whole.

.. math:: S_A = w_A^T \sigma_A, \qquad L(\theta_A) = S^*_A, \qquad
          \frac{dS_A}{dh_A} = G_A = w_A^T (I - D J_{AA})^{-1} D\, v_A = \beta_A\,\phi''(\theta_A)

(:mod:`deepparticle.partitions.coarsening`): a unit of subparticles has an expected state and a
response, and the subparticle with the same two stands for it one level up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.errors import SettingError
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.particles import sensed
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject, subject_of
from deepparticle.partitions.coarse_worlds import Coarsening
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

# A field so small that what it adds to a response is below the tolerance, and far above rounding.
_NUDGE = 1e-4
_TOLERANCE = 1e-6

_NEWTON_STEPS = 4


def _coarse(subject: Subject) -> Partition | None:
    """The units of the first level as subparticles, or the whole as one where the world is flat.

    None where a unit has no response: it orders by itself, or nothing is at rest.
    """
    units = len(subject.world.level(1))
    try:
        return subject.world.coarsen(1 if units < subject.size else 0, evidence=subject.evidence)
    except SettingError:
        return None


def _rows(made: Coarsening, unit: int) -> IntArray:
    return np.flatnonzero(made.level.unit_of == unit)


def _gain(subject: Subject, made: Coarsening, unit: int) -> float:
    """How the mean of a unit follows a field on all its members, all others held: a difference."""
    rows = _rows(made, unit)
    inside = subject.scaled[np.ix_(rows, rows)]
    resting = subject.argument(made.reference)
    slopes = subject.variance(resting)[rows, None] * inside
    moved = subject.precision[rows] * 1.0
    moved += inside @ np.linalg.solve(
        np.eye(rows.size) - slopes, subject.variance(resting)[rows] * moved
    )
    # What a field moves most, relative to how far a sigmoid bends, sets how small it has to be.
    farthest = float(np.max(np.abs(moved) / np.maximum(1.0, np.abs(resting[rows]))))
    nudge = _NUDGE / farthest if farthest > 0.0 else _NUDGE

    def settled(field: float) -> float:
        states = made.reference.copy()
        for _ in range(_NEWTON_STEPS):
            arguments = subject.argument(states) + subject.precision * field
            surplus = (subject.mean(arguments) - states)[rows]
            slopes = subject.variance(arguments)[rows, None] * inside
            states[rows] += np.linalg.solve(np.eye(rows.size) - slopes, surplus)
        return float(made.weights[rows] @ states[rows])

    return (settled(nudge) - settled(-nudge)) / (2.0 * nudge)


def _check(subject: Subject) -> Check:
    """A step of the members and then the macro-scale states, against a step of the units."""
    coarse = _coarse(subject)
    if coarse is None:
        nothing: FloatArray = np.zeros(0)
        return compared(("w·σ after a step", nothing), ("S after a step", nothing))
    made, above = coarse.coarsening, subject_of(coarse)
    stepped = made.states([leaf.state for leaf in sensed(subject, made.reference)])
    gains = [_gain(subject, made, unit) for unit in range(above.size)]
    leaves = sensed(above, made.resting)
    precise = [leaf.precision * leaf.distribution.variance(leaf.argument) for leaf in leaves]
    return compared(
        (
            "w·σ after a step of the members, and how it follows a field",
            np.array([stepped, gains]),
        ),
        (
            "S after a step of the units, and β φ''(θ)",
            np.array([[leaf.state for leaf in leaves], precise]),
        ),
        tolerance=_TOLERANCE,
        entries=tuple(f"{path}, {what}" for what in ("state", "gain") for path in above.paths),
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    gain, inside, between, count = sympy.symbols("D J K n", positive=True)
    field = sympy.Symbol("h", real=True)
    mean, state = sympy.Function("L"), sympy.Function("m")
    slope = gain / (1 - gain * (count - 1) * inside)
    unit = gain / (1 - gain * inside)
    argument = field + (count - 1) * inside * state(field)
    return Proof(
        [
            equality(
                "n equal members, each coupled to all others: how their state follows a field",
                sympy.Derivative(mean(argument), field),
                sympy.Subs(sympy.Derivative(mean(field), field), field, argument)
                * (1 + (count - 1) * inside * sympy.Derivative(state(field), field)),
            ),
            equality(
                "which, with the gain D of one member, is solved by the gain of the unit",
                gain * (1 + (count - 1) * inside * slope),
                slope,
            ),
            equality(
                "two such units of two members, joined by K: in two levels as in one",
                unit / (1 - unit * 2 * between),
                gain / (1 - gain * (inside + 2 * between)),
            ),
        ]
    )


def _rests(start: float) -> float:
    """Where a strongly coupled pair rests, as one unit, from a start."""
    world = Partition("world")
    pair = world.add_partition("pair")
    first, second = pair.add_subparticle("a"), pair.add_subparticle("b")
    world.couple(first, second, 6.0)
    world.couple(second, first, 6.0)
    return float(world.coarsen(1, start=[start, start]).coarsening.resting[0])


def _counterexample() -> CounterExample:
    return CounterExample(
        "Two subparticles with J = 6 in both directions, no bias, nothing shown: the macro-scale "
        "state of the unit if it starts at 1, and if it starts at −1. A single subparticle has one "
        "expected state; this unit has two and remembers.",
        compared(("S from 1", _rests(1.0)), ("S from −1", _rests(-1.0))),
        margin=1.0,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.figures.style import GREY, PAGE, VERMILION, legend, new_figure, plain

    figure = new_figure(PAGE, 2.7)
    left, right = figure.subplots(1, 2)
    coarse = _coarse(subject)
    if coarse is None:
        plain(left, "a unit orders by itself: it has no response", "field on a unit", "its state")
        plain(right, "", "unit", "gain")
        return figure
    made, above = coarse.coarsening, subject_of(coarse)
    _draw_response(left, subject, made, above)
    alone = subject.precision * subject.variance(subject.argument(made.reference))
    means = np.add.reduceat(alone * made.weights, made.level.starts[:-1])
    places = np.arange(above.size)
    right.bar(places - 0.2, means, 0.4, color=GREY, label="members alone, on average")
    right.bar(places + 0.2, made.gains, 0.4, color=VERMILION, label="the unit")
    right.set_xlim(-0.9, above.size - 0.1)
    if above.size <= 6:
        right.set_xticks(places, above.paths, rotation=30 if above.size > 3 else 0)
    legend(right, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(right, "", "unit", "gain: state per field")
    return figure


def _draw_response(axes: Any, subject: Subject, made: Coarsening, above: Subject) -> None:
    """The largest unit under a field on all its members, and the subparticle that stands for it."""
    from deepparticle.figures.style import BLUE, GREY, VERMILION, legend, plain

    unit = int(np.argmax(made.level.sizes))
    rows = _rows(made, unit)
    fields = np.linspace(-4.0, 4.0, 41)
    states = np.tile(made.reference, (fields.size, 1))
    for _ in range(400):  # damped, so that no unit swings to and fro
        arguments = subject.argument(states) + subject.precision * fields[:, None]
        moves = 0.5 * (subject.mean(arguments) - states)[:, rows]
        states[:, rows] += moves
        if np.max(np.abs(moves)) < 1e-5:
            break
    resting, family = above.argument(made.resting)[unit], above.distributions[unit]
    stands = family.mean(resting + above.precision[unit] * fields)
    axes.plot(
        fields, states[:, rows] @ made.weights[rows], color=BLUE, label="its members together"
    )
    axes.plot(fields, stands, "--", color=VERMILION, label="one subparticle")
    axes.plot(0.0, made.resting[unit], "o", color=GREY, markersize=5, label="at rest")
    legend(axes)
    plain(axes, f"unit {above.paths[unit]}, N = {rows.size}", "field on all members", "mean state")


STEP = Step(
    name="recursion",
    title="The network is a particle",
    statement=(
        "Look at a whole network from afar. Its mean state is one number; what reaches it from "
        "outside moves this number along a sigmoid. That is what one subparticle does: so a "
        "network can stand as a subparticle in a larger one, with a bias and a precision that "
        "give it the same state at rest and the same response. A network that excites itself "
        "responds more than its members would, which makes it more precise. The same step can be "
        "taken again, up to any level."
    ),
    equation=(
        "S_A = w_A·σ_A,  L(θ_A) = S*_A\ndS_A/dh_A = G_A = w_Aᵀ(I − D J_AA)⁻¹ D v_A = β_A φ''(θ_A)"
    ),
    latex=(
        r"S_A = w_A^T \sigma_A, \quad L(\theta_A) = S^*_A, \qquad \frac{dS_A}{dh_A} = w_A^T (I - D "
        r"J_{AA})^{-1} D\, v_A = \beta_A\, \phi''(\theta_A)"
    ),
    symbols={
        "A": "a unit, a part of the network, and here not the antisymmetric part of K",
        "S_A": "its state, a mean of the states σ_A of its members",
        "w_A": "the weights of the members in it",
        "S*_A": "this state at rest",
        "θ_A": "the argument of the subparticle that stands for it, and β_A its precision",
        "h_A": "a field on all its members",
        "v_A": "how much of the field each of them gets",
        "G_A": "the gain of the unit",
        "J_AA": "the couplings inside it",
        "D": "the gains β φ'' of its members, on a diagonal",
        "I": "the identity",
    },
    assumptions=("delta couplings", "additive evidence", "frozen couplings", "constant evidence"),
    rests_on=("particular-partition", "macro-posterior"),
    source="section Stochastic retrieval, last paragraph, and Discussion",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The network behaves like one particle of the same kind, at any depth.",
        needed=(
            "Its couplings are so weak that it does not order by itself (all eigenvalues of D J "
            "inside it have real parts below 1), and the field is small. Otherwise it has several "
            "states at rest, as a memory has, and no single subparticle stands for it."
        ),
    ),
    refuting=_counterexample,
)
