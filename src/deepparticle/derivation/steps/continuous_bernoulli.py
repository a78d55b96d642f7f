r"""What an internal state can be: a continuous Bernoulli state on [−1, 1].

.. math:: p(\sigma) = \frac{b\,e^{b\sigma}}{2\sinh b}, \qquad \phi(b) = \ln\frac{2\sinh b}{b},
          \qquad L(b) = \phi'(b) = \coth b - \frac1b .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.derivation.beliefs import expectations
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]


def _check(subject: Subject) -> Check:
    """The mean of each state's law under its present argument, by quadrature and in closed form."""
    arguments = subject.argument(subject.state)
    return compared(
        ("∫ σ p(σ; θ) dσ", expectations(subject, arguments, lambda states, rows: states)),
        ("L(θ)", subject.mean(arguments)),
        entries=subject.paths,
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    b, x = sympy.Symbol("b", positive=True), sympy.Symbol("sigma", real=True)
    density = b * sympy.exp(b * x) / (2 * sympy.sinh(b))
    langevin = sympy.coth(b) - 1 / b
    return Proof(
        [
            equality(
                "the normaliser",
                sympy.Integral(sympy.exp(b * x), (x, -1, 1)),
                2 * sympy.sinh(b) / b,
            ),
            equality(
                "the slope of the log-partition",
                sympy.Derivative(sympy.log(2 * sympy.sinh(b) / b), b),
                langevin,
            ),
            equality("is the mean", sympy.Integral(x * density, (x, -1, 1)), langevin),
            equality(
                "and the slope of the mean is the variance",
                sympy.Derivative(langevin, b),
                sympy.Integral((x - langevin) ** 2 * density, (x, -1, 1)),
            ),
        ]
    )


def _counterexample() -> CounterExample:
    bias, state = 1.0, ContinuousBernoulli()
    density = np.exp(bias * np.array([-1.0, 1.0]) - state.log_partition(bias))
    return CounterExample(
        "A bias of 1: the logarithm of the odds of the two ends of the interval.",
        compared(("ln p(1) / p(−1)", np.log(density[1] / density[0])), ("b", bias), unit="nats"),
        margin=0.99,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.figures.style import BLUE, PAGE, VERMILION, legend, new_figure, plain

    arguments = subject.argument(subject.state)
    figure = new_figure(PAGE, 2.4)
    left, right = figure.subplots(1, 2)
    states = np.linspace(-1.0, 1.0, 201)
    law = ContinuousBernoulli()
    for bias, style in ((0.0, ":"), (1.0, "--"), (4.0, "-")):
        density = np.exp(bias * states - law.log_partition(bias))
        left.plot(states, density, style, color=BLUE, label=f"b = {bias:g}")
    plain(left, "", "state σ", "density p(σ; b)")
    left.set_xticks((-1, -0.5, 0, 0.5, 1))
    legend(left)
    reach = max(6.0, 1.1 * float(np.max(np.abs(arguments))))
    axis = np.linspace(-reach, reach, 201)
    right.plot(axis, law.mean(axis), color=BLUE, label="L(θ)")
    right.plot(
        arguments, subject.mean(arguments), "o", color=VERMILION, markersize=4, label="subparticles"
    )
    plain(right, "", "argument θ", "expected state")
    legend(right)
    return figure


STEP = Step(
    name="continuous-bernoulli",
    title="An internal state between −1 and 1",
    statement=(
        "An internal state is a number between −1 and 1. With a bias b, a state σ is e^{bσ} times "
        "as probable as 0. One number says all about such a law: its normaliser is 2 sinh(b)/b, "
        "and the slope of the logarithm of that is the mean, the Langevin function L, a sigmoid. "
        "A bias of 0 is a flat law; a large bias leaves the state near one end."
    ),
    equation="p(σ; b) = b e^{bσ} / (2 sinh b)\nL(b) = φ'(b) = coth b − 1/b",
    latex=(
        r"p(\sigma; b) = \frac{b\, e^{b\sigma}}{2 \sinh b}, \qquad "
        r"\mathbb{E}[\sigma] = L(b) = \phi'(b) = \coth b - \frac{1}{b}"
    ),
    symbols={
        "b": "the bias",
        "φ(b)": "ln(2 sinh(b)/b), the logarithm of the normaliser",
        "φ'": "its slope",
        "L(b)": "the mean",
    },
    assumptions=("continuous Bernoulli states",),
    rests_on=(),
    source="equation prior-sigma and appendices 1, 2 and 4",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The bias is the log-odds of the event that a state stands for.",
        needed="It is half of them: on [−1, 1] the ends differ by 2, so that ln p(1)/p(−1) = 2b.",
    ),
    refuting=_counterexample,
)
