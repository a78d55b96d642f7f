r"""What symmetry does: the energy is blind to the antisymmetric part of the couplings.

.. math:: \sigma^T K \sigma = \sigma^T K^\dagger \sigma, \qquad
          \theta = \nabla\bigl(c^T\sigma + \tfrac12 \sigma^T K^\dagger \sigma\bigr) + A\sigma,
          \qquad K^\dagger = \tfrac12(K + K^T), \quad A = \tfrac12(K - K^T) .
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from deepparticle.analysis.laws import total_variation
from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.analysis.symmetry import antisymmetric_part, symmetric_part
from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

_DRAWS = 5
_SCHEDULES = ("random", "sequential", "langevin")
_BIAS = (0.5, -0.2)


def _exponent(subject: Subject, states: FloatArray) -> FloatArray:
    """c·σ + ½ σᵀK†σ, pair by pair: (K_ij + K_ji) σ_i σ_j for i < j."""
    upper = np.triu(subject.scaled + subject.scaled.T, 1)
    found: FloatArray = states @ subject.drive + 0.5 * np.sum((states @ upper) * states, axis=-1)
    return found


def _check(subject: Subject) -> Check:
    """Both sides of the splitting of θ, and the two quadratic forms, at random states."""
    states = subject.draw(_DRAWS, "symmetry")
    slopes = np.empty_like(states)
    for row in range(subject.size):
        up, down = states.copy(), states.copy()
        up[:, row], down[:, row] = 1.0, -1.0
        # The exponent is linear in each state: the difference quotient is its slope.
        slopes[:, row] = (_exponent(subject, up) - _exponent(subject, down)) / 2.0
    symmetric = symmetric_part(subject.scaled)
    whole = np.sum(states * (states @ subject.scaled.T), axis=1)
    blind = np.sum(states * (states @ symmetric.T), axis=1)
    rest = states @ antisymmetric_part(subject.scaled).T
    return compared(
        ("σᵀKσ; θ_i", [*whole, *subject.argument(states).ravel()]),
        ("σᵀK†σ; slope of c·σ + ½ σᵀK†σ, plus (Aσ)_i", [*blind, *(slopes + rest).ravel()]),
        terms=subject.terms(np.maximum(np.abs(states), 1.0)),
        entries=(
            *(f"σᵀKσ at state {draw}" for draw in range(1, _DRAWS + 1)),
            *(f"θ of {path} at state {d}" for d in range(1, _DRAWS + 1) for path in subject.paths),
        ),
        unit="nats",
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    one, two = sympy.symbols("sigma_1 sigma_2", real=True)
    there, back = sympy.symbols("K_12 K_21", real=True)
    mean, half = (there + back) / 2, (there - back) / 2
    return Proof(
        [
            equality(
                "of a pair only the sum of its couplings enters",
                one * there * two + two * back * one,
                2 * mean * one * two,
            ),
            equality(
                "the antisymmetric part does no work along any state",
                one * (half * two) + two * (-half * one),
                sympy.S(0),
            ),
            equality(
                "but the update of one state sees it",
                there * two,
                sympy.Derivative(mean * one * two, one) + half * two,
            ),
            equality(
                "its flow has no sources and no sinks",
                sympy.Derivative(half * two, one) + sympy.Derivative(-half * one, two),
                sympy.S(0),
            ),
        ]
    )


@cache
def _distances(antisymmetric: float) -> tuple[float, ...]:
    """Total variation between the law of a pair with J† = 2 and that of J† alone, by schedule."""
    couplings = np.array([[0.0, 2.0 + antisymmetric], [2.0 - antisymmetric, 0.0]])
    alone = symmetric_part(couplings)
    return tuple(
        total_variation(
            stationary_law(couplings, _BIAS, schedule=schedule),
            stationary_law(alone, _BIAS, schedule=schedule),
        )
        for schedule in _SCHEDULES
    )


def _counterexample() -> CounterExample:
    return CounterExample(
        "A pair with J_12 = 4 and J_21 = 0, b = (.5, −.2): the total variation between its "
        "stationary law and that of J_12 = J_21 = 2, updated at random, in a fixed order, and in "
        "continuous time between walls.",
        compared(
            ("total variation", _distances(2.0)),
            ("no difference", np.zeros(len(_SCHEDULES))),
            entries=_SCHEDULES,
        ),
        margin=0.1,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.figures.style import BLUE, GREY, PAGE, SERIES, legend, new_figure, plain

    figure = new_figure(PAGE, 2.8)
    left, right = figure.subplots(1, 2)
    targets, sources = np.nonzero(np.triu(np.abs(subject.scaled) + np.abs(subject.scaled.T), 1))
    there, back = subject.scaled[targets, sources], subject.scaled[sources, targets]
    reach = 1.1 * max(float(np.max(np.abs(subject.scaled), initial=0.0)), 0.1)
    left.plot([-reach, reach], [-reach, reach], color=GREY, linewidth=0.8, label="symmetric")
    left.plot(
        [-reach, reach], [reach, -reach], ":", color=GREY, linewidth=0.8, label="antisymmetric"
    )
    left.plot(there, back, "o", color=BLUE, markersize=3, label="pairs")
    left.set_aspect("equal")
    plain(left, f"‖K − Kᵀ‖ / ‖K‖ = {subject.asymmetry:.2f}", "K_ij", "K_ji")
    legend(left, loc="center left", bbox_to_anchor=(1.0, 0.5))
    sizes = (0.0, 1.0, 2.0)
    curves = np.array([_distances(size) for size in sizes]).T
    for curve, schedule, (colour, marker, line) in zip(curves, _SCHEDULES, SERIES, strict=False):
        right.plot(sizes, curve, marker + line, color=colour, markersize=3, label=schedule)
    plain(
        right,
        "a pair with K† = 2",
        "antisymmetric part k",
        "total variation from the law of K†",
    )
    legend(right)
    return figure


STEP = Step(
    name="symmetry",
    title="What symmetry does",
    statement=(
        "In the exponent of the joint law only the sum K_ij + K_ji of a pair appears: the "
        "antisymmetric part A of the couplings cancels. In the updates it does not: each "
        "subparticle uses its own K_ij. So the argument of every update has two parts. One climbs "
        "the exponent of the joint law; the other, Aσ, goes around it. With symmetric couplings "
        "there is only the first, and a network that is updated one subparticle at a time settles "
        "to the joint law."
    ),
    equation="σᵀKσ = σᵀK†σ,  K† = (K + Kᵀ)/2,  A = (K − Kᵀ)/2\nθ = ∇(c·σ + ½ σᵀK†σ) + Aσ",
    latex=(
        r"\sigma^T K \sigma = \sigma^T K^\dagger \sigma, \qquad \theta = \nabla_\sigma "
        r"\Bigl(c^T\sigma + \tfrac12 \sigma^T K^\dagger \sigma\Bigr) + A\sigma, \qquad "
        r"K^\dagger = \tfrac12 (K + K^T),\ A = \tfrac12 (K - K^T)"
    ),
    symbols={
        "Kᵀ": "K with sources and targets exchanged",
        "K†": "the symmetric part of K",
        "A": "the antisymmetric part",
        "σᵀKσ": "the sum of all K_ij σ_i σ_j",
        "∇": "the slopes in all states",
    },
    assumptions=("additive evidence", "frozen couplings"),
    rests_on=("joint-law",),
    source="equations antisymmetric-coupling and hopfield-joint, and appendix 5",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The stationary law depends on the symmetric part of the couplings alone.",
        needed=(
            "On [−1, 1] this is so where A = 0, and only there. The flow Aσ has no sources or "
            "sinks and runs along the levels of |σ|², but not along those of the exponent, and it "
            "runs into the walls. A small A changes the law little, which is another statement."
        ),
    ),
    refuting=_counterexample,
)
