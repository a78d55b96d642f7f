r"""Complexity and accuracy, each in closed form.

.. math:: \mathrm{KL}[b_q \,\|\, b] = (b_q - b)\,L(b_q) - \phi(b_q) + \phi(b), \qquad
          E_q[\ln p(s \mid \sigma)] = x\,L(b_q) .
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.derivation.beliefs import expectations, log_normalisers
from deepparticle.derivation.check import Check, compared
from deepparticle.derivation.particles import sensed, states_of
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]


def _check(subject: Subject) -> Check:
    """Both terms of each subparticle's posterior: integrals of logarithms, and closed forms."""
    prior, posterior = subject.precision * subject.bias, subject.argument(states_of(subject))
    weights = [
        leaf.precision * (leaf.field - leaf.bias + leaf.evidence) for leaf in sensed(subject)
    ]
    log_ratio = log_normalisers(subject, prior) - log_normalisers(subject, posterior)
    complexity = expectations(
        subject,
        posterior,
        lambda states, rows: (posterior - prior)[rows, None] * states + log_ratio[rows, None],
    )
    accuracy = expectations(
        subject, posterior, lambda states, rows: np.array(weights)[rows, None] * states
    )
    mean = subject.mean(posterior)
    return compared(
        ("E_q[ln q − ln prior], E_q[ln likelihood]", [complexity, accuracy]),
        (
            "(θ − βb) L(θ) − φ(θ) + φ(βb), β x L(θ)",
            [
                (posterior - prior) * mean
                - subject.log_partition(posterior)
                + subject.log_partition(prior),
                (posterior - prior) * mean,
            ],
        ),
        entries=tuple(
            f"{path}, {term}" for term in ("complexity", "accuracy") for path in subject.paths
        ),
        unit="nats",
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    q, b = sympy.symbols("b_q b", positive=True)
    x, sigma = sympy.symbols("x sigma", real=True)

    def phi(bias: Any) -> Any:
        return sympy.log(2) + sympy.log(sympy.sinh(bias)) - sympy.log(bias)

    density = q * sympy.exp(q * sigma) / (2 * sympy.sinh(q))
    langevin = sympy.coth(q) - 1 / q
    closed = (q - b) * langevin - phi(q) + phi(b)
    normaliser = sympy.Function("phi")
    ratio = (q - b) * sigma - normaliser(q) + normaliser(b)

    def published(bias: Any) -> Any:
        return sympy.log(bias) - sympy.log(sympy.sinh(bias)) + bias * langevin

    return Proof(
        [
            equality(
                "the complexity of a continuous Bernoulli belief",
                sympy.Integral(density * ratio, (sigma, -1, 1)),
                (q - b) * langevin - normaliser(q) + normaliser(b),
            ),
            equality(
                "with φ(b) = ln(2 sinh(b)/b), in the published form and in this one",
                published(q) - published(b),
                closed,
            ),
            equality(
                "the accuracy is what was sensed times the mean",
                sympy.Integral(density * x * sigma, (sigma, -1, 1)),
                x * langevin,
            ),
        ]
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import along_rows
    from deepparticle.figures.style import BLUE, INK, PAGE, VERMILION, legend, new_figure, plain

    leaves = sensed(subject)
    prior, posterior = subject.precision * subject.bias, subject.argument(states_of(subject))
    row = int(np.argmax(np.abs(posterior - prior)))
    figure = new_figure(PAGE, 2.5)
    left, right = figure.subplots(1, 2)
    ends = sorted((prior[row], posterior[row]))
    reach = max(1.0, ends[1] - ends[0])
    beliefs = np.linspace(ends[0] - reach, ends[1] + reach, 121)
    terms = [leaves[row].free_energy(belief) for belief in beliefs]
    left.plot(beliefs, [one.complexity for one in terms], "--", color=VERMILION, label="complexity")
    left.plot(beliefs, [-one.accuracy for one in terms], "-.", color=BLUE, label="− accuracy")
    left.plot(beliefs, [one.value for one in terms], color=INK, label="their sum F")
    left.axvline(prior[row], color=VERMILION, linewidth=0.6, linestyle=":")
    left.axvline(posterior[row], color=INK, linewidth=0.6, linestyle=":")
    legend(left)
    plain(left, subject.paths[row], "belief $b_q$ (dotted: prior and posterior)", "nats")
    places = along_rows(right, subject)
    found = [leaf.free_energy() for leaf in leaves]
    width = 0.4
    right.bar(
        places - width / 2,
        [one.complexity for one in found],
        width,
        color=VERMILION,
        label="complexity",
    )
    right.bar(
        places + width / 2, [one.accuracy for one in found], width, color=BLUE, label="accuracy"
    )
    right.axhline(0.0, color=INK, linewidth=0.6)
    right.set_ylabel("nats, of the posterior", fontsize=8)
    legend(right)
    plain(right)
    return figure


STEP = Step(
    name="complexity-accuracy",
    title="Complexity and accuracy",
    statement=(
        "Both terms of the free energy have a closed form, made of the log-partition φ and its "
        "slope L. Complexity is the divergence of the belief from the prior: what it costs, in "
        "nats, to change one's mind. Accuracy is what was sensed, x, times the state that the "
        "belief expects. A belief that moves towards what is sensed gains accuracy in proportion "
        "to the expected state and pays complexity, which rises faster; so there is a best one."
    ),
    equation="KL[b_q ‖ βb] = (b_q − βb) L(b_q) − φ(b_q) + φ(βb)\naccuracy = β x L(b_q)",
    latex=(
        r"\mathrm{KL}[b_q \,\|\, \beta b] = (b_q - \beta b)\, L(b_q) - \phi(b_q) + "
        r"\phi(\beta b), \qquad \text{accuracy} = \beta x\, L(b_q)"
    ),
    symbols={
        "x": "what is sensed, Σ_j J_ij σ_j + u_i",
    },
    assumptions=("delta couplings", "additive evidence"),
    rests_on=("local-free-energy", "continuous-bernoulli"),
    source="equation kl-divergence-cb and appendix 6",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
)
