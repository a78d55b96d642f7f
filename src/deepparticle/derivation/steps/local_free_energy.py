r"""What one subparticle can minimise: a free energy made of its own blanket alone.

.. math:: F_i(b_q) = \mathrm{KL}[p(\cdot\,;b_q) \,\|\, p(\cdot\,;\beta_i b_i)]
                     - \beta_i L(b_q) \Bigl(\sum_j J_{ij}\sigma_j + u_i\Bigr)
                   = \mathrm{KL}[p(\cdot\,;b_q) \,\|\, p(\cdot\,;\theta_i)] - \ln Z_i .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.analysis.quadrature import axis_rule
from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.beliefs import expectations, log_normalisers
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.particles import sensed, states_of
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]


def _beliefs(subject: Subject) -> FloatArray:
    """Three beliefs of each row: its prior, its posterior, and a third from between and beyond."""
    prior, posterior = subject.precision * subject.bias, subject.argument(states_of(subject))
    between = subject.rng("local-free-energy").uniform(-0.5, 1.5, subject.size)
    return np.array([prior, posterior, prior + between * (posterior - prior)])


def _check(subject: Subject) -> Check:
    """E_q[ln q − ln prior − ln likelihood] by quadrature, and as the objects say it."""
    beliefs = _beliefs(subject)
    prior = subject.precision * subject.bias
    slope = subject.precision * (subject.couplings @ states_of(subject) + subject.evidence)
    constant = log_normalisers(subject, prior) - log_normalisers(subject, beliefs)
    integrated = constant + expectations(
        subject,
        beliefs,
        lambda states, rows: (beliefs - prior - slope)[:, rows, None] * states,
    )
    # Rounding of an exponent moves the mean under it by that share of a standard deviation.
    exponents = np.abs(beliefs * subject.mean(beliefs))
    moved = 1e-3 * exponents * np.sqrt(subject.variance(beliefs))
    found = [
        [leaf.free_energy(belief).value for belief in of_row]
        for leaf, of_row in zip(sensed(subject), beliefs.T, strict=True)
    ]
    return compared(
        ("E_q[ln q − ln prior − ln likelihood]", integrated.T),
        ("F_i(b_q)", np.array(found)),
        terms=moved * np.abs(beliefs - prior - slope),
        entries=tuple(
            f"{path}, {belief}" for path in subject.paths for belief in ("prior", "θ", "another")
        ),
        unit="nats",
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    b, x, q, beta = sympy.symbols("b x b_q beta", positive=True)
    sigma = sympy.Symbol("sigma", real=True)
    mean = sympy.Symbol("m", real=True)
    phi = sympy.Function("phi")
    theta = beta * (b + x)
    evidence = phi(theta) - phi(beta * b)
    density = beta * b * sympy.exp(beta * b * sigma) / (2 * sympy.sinh(beta * b))
    return Proof(
        [
            equality(
                "prior times likelihood is evidence times posterior, in logarithms",
                (beta * b * sigma - phi(beta * b)) + beta * x * sigma,
                sympy.Add(evidence, theta * sigma - phi(theta), evaluate=False),
            ),
            equality(
                "so that, with the mean m of q, F is a divergence minus the log evidence",
                (q - beta * b) * mean - phi(q) + phi(beta * b) - beta * x * mean,
                (q - theta) * mean - phi(q) + phi(theta) - evidence,
            ),
            equality(
                "and for a continuous Bernoulli state the evidence is an integral",
                sympy.Integral(density * sympy.exp(beta * x * sigma), (sigma, -1, 1)),
                (2 * sympy.sinh(theta) / theta) / (2 * sympy.sinh(beta * b) / (beta * b)),
            ),
        ]
    )


def _literal(belief: float, bias: float, other: float, coupling: float, shown: float) -> float:
    """The published functional of a pair, with the conditional of the other state normalised."""
    rule = axis_rule(ContinuousBernoulli(), 60)

    def log_integral(argument: FloatArray) -> FloatArray:
        found: FloatArray = np.log(np.exp(np.multiply.outer(argument, rule.nodes)) @ rule.weights)
        return found

    density = np.exp(belief * rule.nodes - log_integral(np.array(belief)))
    complexity = (belief - bias) * rule.nodes
    complexity = complexity - log_integral(np.array(belief)) + log_integral(np.array(bias))
    field = other + coupling * rule.nodes
    accuracy = field * shown - log_integral(field)
    return float(rule.weights @ (density * (complexity - accuracy)))


def _counterexample() -> CounterExample:
    from scipy.optimize import minimize_scalar

    bias, other, coupling, shown = 0.5, 2.0, 2.0, 1.0
    least = minimize_scalar(
        _literal, bounds=(-5.0, 5.0), args=(bias, other, coupling, shown), method="bounded"
    )
    law = ContinuousBernoulli()
    return CounterExample(
        "A pair with J = 2 and b = (.5, 2), the other state at 1: the expected state of the "
        "belief that makes the published functional least, and that of the update.",
        compared(
            ("E_q[σ] with a normalised conditional", law.mean(float(least.x))),
            ("L(θ)", law.mean(bias + coupling * shown)),
        ),
        margin=0.1,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import along_rows, size_of
    from deepparticle.figures.style import BLUE, GREY, PAGE, VERMILION, legend, new_figure, plain

    leaves = sensed(subject)
    prior, posterior = subject.precision * subject.bias, subject.argument(states_of(subject))
    row = int(np.argmax(np.abs(posterior - prior)))
    figure = new_figure(PAGE, 2.5)
    left, right = figure.subplots(1, 2)
    reach = max(1.0, abs(posterior[row] - prior[row]))
    low = min(prior[row], posterior[row]) - reach
    beliefs = np.linspace(low, max(prior[row], posterior[row]) + reach, 121)
    values = np.array([leaves[row].free_energy(belief).value for belief in beliefs])
    least = leaves[row].least_free_energy()
    left.plot(beliefs, values, color=BLUE, label="free energy F")
    left.axhline(least, color=VERMILION, linestyle="--", label="− ln evidence")
    left.fill_between(beliefs, least, values, color=BLUE, alpha=0.12, label="divergence")
    left.plot(prior[row], leaves[row].free_energy(prior[row]).value, "o", color=GREY, label="prior")
    left.plot(posterior[row], least, "o", color=VERMILION, label="posterior")
    legend(left)
    plain(left, subject.paths[row], "belief $b_q$", "nats")
    places = along_rows(right, subject)
    start = [leaf.free_energy(bias).value for leaf, bias in zip(leaves, prior, strict=True)]
    end = [leaf.least_free_energy() for leaf in leaves]
    right.vlines(places, end, start, color=GREY, linewidth=0.8)
    size = size_of(subject.size)
    right.plot(places, start, "o", color=GREY, markersize=size, label="F of the prior belief")
    right.plot(places, end, "o", color=VERMILION, markersize=size, label="F of the posterior")
    right.set_ylabel("nats", fontsize=8)
    legend(right, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(right)
    return figure


STEP = Step(
    name="local-free-energy",
    title="The free energy of one particle",
    statement=(
        "A particle believes that its state follows its prior, with the bias β b. What it senses "
        "is a likelihood e^{βxσ} with x = Σ J σ + u, the sum of its sensory states. A belief q is "
        "rated by how far it is from the prior (complexity) and how well it explains what is "
        "sensed (accuracy): free energy is complexity minus accuracy. That is the divergence of q "
        "from Bayes' posterior minus the logarithm of the evidence, which no belief can change. "
        "Everything in it can be read off the particle's own blanket."
    ),
    equation=(
        "F_i(b_q) = KL[b_q ‖ β_i b_i] − β_i L(b_q) (Σ_j J_ij σ_j + u_i)\n"
        "         = KL[b_q ‖ θ_i] − ln Z_i,   ln Z_i = φ(θ_i) − φ(β_i b_i)"
    ),
    latex=(
        r"F_i(b_q) = \mathrm{KL}[b_q \,\|\, \beta_i b_i] - \beta_i L(b_q) \Bigl(\sum_j J_{ij} "
        r"\sigma_j + u_i\Bigr) = \mathrm{KL}[b_q \,\|\, \theta_i] - \bigl(\phi(\theta_i) - "
        r"\phi(\beta_i b_i)\bigr)"
    ),
    symbols={
        "F_i": "the free energy of particle i",
        "b_q": (
            "the bias of its belief, and in a divergence the belief itself, as the other biases "
            "stand for their laws there"
        ),
        "Z_i": "what Bayes' rule divides by, the evidence for the particle's own model",
    },
    assumptions=("delta couplings", "additive evidence"),
    rests_on=("free-energy", "marginalisation"),
    source="equations free-energy-rnn and free-energy-parametrized, and appendix 6",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The accuracy is the expected ln p of all other states given σ_i.",
        needed=(
            "That law is not normalised: its normaliser depends on σ_i, and with it the functional "
            "has another minimum, and needs the biases of others, which no blanket shows. What a "
            "particle can minimise has the likelihood e^{βxσ} of what it senses."
        ),
    ),
    refuting=_counterexample,
)
