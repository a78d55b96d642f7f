r"""The joint law of all internal states, and its factor ½.

.. math:: p(\sigma) \propto m(\sigma) \exp\bigl(c^T\sigma + \tfrac12 \sigma^T K \sigma\bigr)
          \quad\Leftrightarrow\quad p(\sigma_i \mid \sigma_{\setminus i}) = p(\sigma_i; \theta_i)
          \ \text{for all } i, \qquad K = K^T .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.analysis.laws import total_variation
from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

_DRAWS = 20


def _exponent(subject: Subject, states: FloatArray, factor: float) -> FloatArray:
    found: FloatArray = states @ subject.drive + factor * np.einsum(
        "...i,ij,...j->...", states, subject.scaled, states
    )
    return found


def _sides(subject: Subject, factor: float = 0.5) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of every row: how the exponent of the joint changes with the state, its argument θ, terms.

    The exponent is linear in each state, as there is no coupling of a state with itself; so its
    slope is a difference quotient, without error.
    """
    states = subject.draw(_DRAWS, "joint-law")
    slopes = np.empty_like(states)
    for row in range(subject.size):
        up, down = states.copy(), states.copy()
        up[:, row], down[:, row] = 1.0, -1.0
        slopes[:, row] = (_exponent(subject, up, factor) - _exponent(subject, down, factor)) / 2.0
    return slopes, subject.argument(states), subject.terms(np.maximum(np.abs(states), 1.0))


def _check(subject: Subject) -> Check:
    slopes, arguments, terms = _sides(subject)
    return compared(
        ("slope of c·σ + ½ σᵀKσ in σ_i", slopes.T),
        ("θ_i = c_i + Σ_j K_ij σ_j", arguments.T),
        terms=terms,
        entries=tuple(path for path in subject.paths for _ in range(_DRAWS)),
        unit="nats per unit of state",
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    s = sympy.symbols("sigma_1:4", real=True)
    c = sympy.symbols("c_1:4", real=True)
    k = {
        frozenset((i, j)): sympy.Symbol(f"K_{i + 1}{j + 1}", real=True)
        for i in range(3)
        for j in range(i + 1, 3)
    }
    coupling = [[0 if i == j else k[frozenset((i, j))] for j in range(3)] for i in range(3)]
    pairs = sum(coupling[i][j] * s[i] * s[j] for i in range(3) for j in range(3))
    linear = sum(c[i] * s[i] for i in range(3))
    theta = c[0] + coupling[0][1] * s[1] + coupling[0][2] * s[2]
    return Proof(
        [
            equality(
                "with the factor ½ the conditional of one state is that of the update",
                sympy.Derivative(linear + pairs / 2, s[0]),
                theta,
            ),
            equality(
                "without it every coupling counts twice",
                sympy.Derivative(linear + pairs, s[0]),
                2 * theta - c[0],
            ),
        ]
    )


def _counterexample() -> CounterExample:
    couplings, bias = np.array([[0.0, 2.0], [2.0, 0.0]]), [0.5, -0.2]
    law = stationary_law(couplings, bias, schedule="sequential")
    doubled = stationary_law(2.0 * couplings, bias, schedule="sequential")
    return CounterExample(
        "A pair with J = 2 and b = (.5, −.2): the total variation between the law that single-site "
        "updates have and the law without the factor ½, which is that of a pair with J = 4.",
        compared(("total variation", total_variation(law, doubled)), ("no difference", 0.0)),
        margin=0.25,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.figures.style import BLUE, COLUMN, GREY, VERMILION, legend, new_figure, plain

    figure = new_figure(COLUMN, 2.8)
    axes = figure.subplots()
    for factor, colour, marker, label in (
        (0.5, BLUE, "o", "with the factor ½"),
        (1.0, VERMILION, "x", "without it"),
    ):
        slopes, arguments, _ = _sides(subject, factor)
        axes.plot(
            arguments.ravel(), slopes.ravel(), marker, color=colour, markersize=3, label=label
        )
    ends = axes.get_xlim()
    axes.plot(ends, ends, color=GREY, linewidth=0.8, zorder=0)
    plain(axes, "", "argument of the update θ", "slope of the joint exponent")
    legend(axes)
    return figure


STEP = Step(
    name="joint-law",
    title="The joint law, and its factor ½",
    statement=(
        "Is there one law of all states together, of which every particle's inference is the "
        "conditional? If precision times coupling is the same in both directions of every pair, "
        "there is: a Boltzmann law. In the sum over all ordered pairs each pair occurs twice, "
        "once as K_ij and once as K_ji, and the factor ½ counts it once."
    ),
    equation="p(σ) ∝ exp(Σ_i c_i σ_i + ½ Σ_ij K_ij σ_i σ_j)\nc = β (b + u),  K_ij = β_i J_ij",
    latex=(
        r"p(\sigma) \propto \exp\Bigl(\sum_i c_i \sigma_i + \tfrac12 \sum_{ij} K_{ij} \sigma_i "
        r"\sigma_j\Bigr) \quad\Rightarrow\quad p(\sigma_i \mid \sigma_{\setminus i}) \propto "
        r"e^{\theta_i \sigma_i}"
    ),
    symbols={
        "σ": "all states together",
        "c_i": "the drive of i, which pushes its state if all others are 0",
        "K_ij": "the coupling from j to i times the precision of i",
    },
    assumptions=("additive evidence", "symmetric couplings"),
    rests_on=("marginalisation",),
    source="equations multiple-integrator-joint and hopfield-joint",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The exponent is Σ b_i σ_i + Σ_{i≠j} J_ij σ_i σ_j, over ordered pairs.",
        needed="A factor ½ before the second sum, or a sum over unordered pairs.",
    ),
    refuting=_counterexample,
)
