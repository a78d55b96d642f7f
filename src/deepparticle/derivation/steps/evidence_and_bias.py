r"""What a particle expects is not what it comes to believe.

.. math:: \hat\sigma_i = L(h_i), \quad h_i = b_i + \sum_j J_{ij}\sigma_j, \qquad
          \sigma'_i \sim p(\cdot\,;\theta_i), \quad \theta_i = \beta_i (h_i + u_i) .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.analysis.quadrature import axis_rule
from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.particles import sensed, states_of
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]


def _check(subject: Subject) -> Check:
    """What each subparticle expected and what it inferred, as it says, and from arrays."""
    leaves = sensed(subject)
    field = subject.bias + subject.couplings @ states_of(subject)
    return compared(
        (
            "prediction and argument of the objects",
            [[leaf.prediction for leaf in leaves], [leaf.argument for leaf in leaves]],
        ),
        (
            "L(b + Jσ), and β (b + Jσ + u)",
            [subject.mean(field), subject.precision * (field + subject.evidence)],
        ),
        entries=tuple(
            f"{path}, {what}" for what in ("prediction", "argument") for path in subject.paths
        ),
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    theta = sympy.Symbol("theta", positive=True)
    sigma, prediction = sympy.symbols("sigma mu", real=True)
    density = theta * sympy.exp(theta * sigma) / (2 * sympy.sinh(theta))
    langevin = sympy.coth(theta) - 1 / theta
    return Proof(
        [
            equality(
                "the expected error of a prediction μ is what inference has added to it",
                sympy.Integral((sigma - prediction) * density, (sigma, -1, 1)),
                langevin - prediction,
            ),
            equality(
                "so that nothing is left where the prediction contains the evidence, μ = L(θ)",
                sympy.Integral((sigma - langevin) * density, (sigma, -1, 1)),
                sympy.Integer(0),
            ),
        ]
    )


def _expected_change(evidence: FloatArray, anticipated: bool) -> float:
    """E[(σ'_a − prediction) σ'_b] of a pair in its steady state, all by quadrature."""
    couplings, rule = np.array([[0.0, 1.0], [1.0, 0.0]]), axis_rule(ContinuousBernoulli(), 40)
    law = stationary_law(couplings, evidence, schedule="synchronous")
    fields = law.points @ couplings.T

    def mean(arguments: FloatArray) -> FloatArray:
        masses = np.exp(np.multiply.outer(arguments, rule.nodes)) * rule.weights
        found: FloatArray = masses @ rule.nodes / masses.sum(axis=-1)
        return found

    new = mean(fields + evidence)
    predicted = mean(fields + evidence if anticipated else fields)
    return float(law.expectation((new - predicted)[:, 0] * new[:, 1]))


def _counterexample() -> CounterExample:
    evidence = np.array([2.0, 1.0])
    return CounterExample(
        "A pair with J = 1 that is shown (2, 1), all at once, β = 1: the expected change of a "
        "coupling per unit of learning rate, if the prediction is made before the evidence, and "
        "if it contains the evidence. The second is 0 whatever is shown.",
        compared(
            ("E[ΔJ]/α, before", _expected_change(evidence, anticipated=False)),
            ("E[ΔJ]/α, after", _expected_change(evidence, anticipated=True)),
        ),
        margin=0.1,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import along_rows, size_of
    from deepparticle.figures.style import BLUE, GREY, PAGE, VERMILION, new_figure, plain

    leaves = sensed(subject)
    figure = new_figure(PAGE, 3.2)
    upper, lower = figure.subplots(2, 1, sharex=True)
    places = along_rows(lower, subject)
    upper.bar(places, subject.bias, 0.7, color=GREY, label="prior bias b")
    size = size_of(subject.size)
    ring = {"marker": "o", "linestyle": "", "color": BLUE, "markerfacecolor": "none"}
    dot = {"marker": "o", "linestyle": "", "color": VERMILION, "markersize": 0.6 * size}
    upper.plot(places, [leaf.field for leaf in leaves], **ring, markersize=size, label="field h")
    upper.plot(places, [leaf.argument for leaf in leaves], **dot, label="argument θ")
    upper.axhline(0.0, color=GREY, linewidth=0.6)
    predicted, inferred = ([getattr(leaf, name) for leaf in leaves] for name in _SIDES)
    lower.vlines(places, predicted, inferred, color=GREY, linewidth=0.8)
    lower.plot(places, predicted, **ring, markersize=size, label="prediction L(h)")
    lower.plot(places, inferred, **dot, label="inferred L(θ)")
    for axes in (upper, lower):
        axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    plain(upper, up="nats per unit of state")
    plain(lower, up="expected state")
    return figure


# What a subparticle expected, and its state after an inference without noise.
_SIDES = ("prediction", "state")


STEP = Step(
    name="evidence-and-bias",
    title="Prior bias and evidence",
    statement=(
        "Two things push a state: what the particle knows, its prior bias and what its neighbours "
        "say, and what it is shown, the evidence u from outside. Both enter the inference, times "
        "the precision. Only the first enters the prediction: what the particle expected before "
        "the evidence came. The difference between what it then inferred and what it had predicted "
        "is its prediction error, from which it will learn."
    ),
    equation=(
        "predicted: L(h_i),  h_i = b_i + Σ_j J_ij σ_j\ninferred:  L(θ_i),  θ_i = β_i (h_i + u_i)"
    ),
    latex=(
        r"\hat\sigma_i = L(h_i), \quad h_i = b_i + \sum_j J_{ij} \sigma_j; \qquad "
        r"\mathbb{E}[\sigma'_i] = L(\theta_i), \quad \theta_i = \beta_i (h_i + u_i)"
    ),
    symbols={
        "h_i": "the field of i, its bias and what its neighbours say",
    },
    assumptions=("delta couplings", "additive evidence"),
    rests_on=("inference-rule",),
    source="section Learning, first paragraph, and equation learning-rule",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The bias may come from outside, and the prediction is L(b + Σ J σ).",
        needed=(
            "The bias in the prediction is the prior one. With evidence in it, and β = 1, what is "
            "predicted is what is inferred, and the expected change of every coupling is 0."
        ),
    ),
    refuting=_counterexample,
)
