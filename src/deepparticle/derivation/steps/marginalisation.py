r"""The boundary state integrated out: what the state of one subparticle says about another's.

.. math:: p(\sigma_i \mid \sigma_j) = \int p(\sigma_i \mid s_{ij})\,p(s_{ij} \mid \sigma_j)\,ds_{ij}
          \propto e^{(b_i + J_{ij} \sigma_j)\,\sigma_i}, \qquad
          E[\sigma_i] = L\Bigl(\beta_i\bigl(b_i + u_i + \sum_j J_{ij} \sigma_j\bigr)\Bigr) .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.gaussian import Gaussian
from deepparticle.analysis.quadrature import axis_rule
from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject
from deepparticle.partitions.stepping import draw_noise, update_states

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

_NODES = 80


def _check(subject: Subject) -> Check:
    """One step of the objects, each reading its boundary states; and the same from arrays.

    What the external states show is held, and every clock strikes.
    """
    world = subject.copy()
    draw_noise(world, subject.rng("marginalisation"), "stochastic")
    update_states(world.subparticles, "synchronous", 0, None, [range(subject.size)])
    sensed = subject.couplings @ subject.state
    arguments = subject.precision * (subject.bias + subject.evidence + sensed)
    return compared(
        ("expected state after reading the boundary", world.states),
        ("L(β_i (b_i + u_i + Σ_j J_ij σ_j))", subject.mean(arguments)),
        entries=subject.paths,
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    b, s, weight, mine, other = sympy.symbols("b_i s_ij J_ij sigma_i sigma_j", real=True)
    everywhere = (s, -sympy.oo, sympy.oo)
    delta = sympy.DiracDelta(s - weight * other)
    bias = b + weight * other
    normaliser = 2 * sympy.sinh(b + s) / (b + s)
    return Proof(
        [
            equality(
                "the delta puts J_ij σ_j in the place of s_ij",
                sympy.Integral(sympy.exp((b + s) * mine) * delta, everywhere),
                sympy.exp(bias * mine),
            ),
            equality(
                "with the normaliser under the integral the law comes out normalised",
                sympy.Integral(sympy.exp((b + s) * mine) / normaliser * delta, everywhere),
                sympy.exp(bias * mine) * bias / (2 * sympy.sinh(bias)),
            ),
        ]
    )


def _expected(family: StateDistribution, arguments: FloatArray, noise: float) -> FloatArray:
    """The mean state where the argument θ has normal noise, by Gauss–Hermite."""
    rule = axis_rule(Gaussian(), _NODES)
    weights = rule.weights / rule.weights.sum()
    found: FloatArray = family.mean(arguments[:, None] + noise * rule.nodes) @ weights
    return found


def _counterexample() -> CounterExample:
    noise, state = 2.0, ContinuousBernoulli()
    rule, hermite = axis_rule(state, _NODES), axis_rule(Gaussian(), _NODES)
    arguments = noise * hermite.nodes
    second = state.variance(arguments) + state.mean(arguments) ** 2
    mixture = float(second @ hermite.weights / hermite.weights.sum())
    # ∫ e^{sσ} N(s; 0, sd²) ds = e^{sd² σ²/2}, normalised afterwards.
    left_out = rule.weights * np.exp(noise**2 * rule.nodes**2 / 2.0)
    return CounterExample(
        "No bias, a source at 0, and a boundary state with noise of sd 2: the mean of σ_i², with "
        "the normaliser of p(σ_i|s_ij) under the integral, and with it left out until the end.",
        compared(("E[σ_i²]", mixture), ("left out", left_out @ rule.nodes**2 / left_out.sum())),
        margin=0.05,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.matrix_frame import strongest_pair
    from deepparticle.figures.style import PAGE, SERIES, VERMILION, legend, new_figure, plain

    target, source, coupling = strongest_pair(subject)
    rest = float(subject.argument(subject.state)[target] - coupling * subject.state[source])
    beta, family = float(subject.precision[target]), subject.distributions[target]
    low, high = np.clip(subject.distributions[source].support, -3.0, 3.0)
    states = np.linspace(low, high, 121)
    figure = new_figure(PAGE, 2.6)
    left, right = figure.subplots(1, 2)
    arguments = rest + coupling * states
    exact = family.mean(arguments)
    for sd, (colour, _, line) in zip((0.0, 0.5, 1.0, 2.0, 4.0), SERIES, strict=False):
        label = "delta" if sd == 0.0 else f"noise of sd {sd:g}"
        curve = _expected(family, arguments, beta * sd)
        left.plot(states, curve, line, color=colour, label=label)
    names = f"{subject.paths[source]} → {subject.paths[target]}, the rest held"
    left.locator_params(axis="x", nbins=5)
    plain(left, names, "source σ_j", "E[σ_i | σ_j]")
    legend(left)
    widths = np.linspace(0.0, 2.0, 41)
    gaps = [np.max(np.abs(_expected(family, arguments, beta * sd) - exact)) for sd in widths]
    right.plot(widths, gaps, color=VERMILION)
    right.locator_params(axis="x", nbins=5)
    plain(right, "", "sd of the boundary's noise", "largest shift of the curve")
    return figure


STEP = Step(
    name="marginalisation",
    title="One subparticle given another",
    statement=(
        "Subparticle i does not see the state of j but a boundary state, and what it senses adds "
        "to its bias. How likely are its own states given σ_j? Sum over all values that the "
        "boundary state may have, each with its probability. Since a delta leaves only one value, "
        "J_ij σ_j, the sum is the law of σ_i with the bias b_i + J_ij σ_j. With many neighbours "
        "and an outside the biases add up, precision β scales the sum, and the expected state is "
        "a sigmoid function of it: a model neuron, which nobody has put in."
    ),
    equation=(
        "p(σ_i | σ_j) = ∫ p(σ_i | s_ij) p(s_ij | σ_j) ds_ij ∝ e^{(b_i + J_ij σ_j) σ_i}\n"
        "E[σ_i] = L(θ_i),  θ_i = β_i (b_i + u_i + Σ_j J_ij σ_j)"
    ),
    latex=(
        r"p(\sigma_i \mid \sigma_j) = \int p(\sigma_i \mid s_{ij})\, p(s_{ij} \mid \sigma_j)\, "
        r"ds_{ij} \propto e^{(b_i + J_{ij}\sigma_j)\sigma_i}, \qquad \mathbb{E}[\sigma_i] = "
        r"L\Bigl(\beta_i \bigl(b_i + u_i + \sum_j J_{ij}\sigma_j\bigr)\Bigr)"
    ),
    symbols={
        "∫": "the sum over all values that a number may have",
        "Σ_j": "the sum over all others",
        "∝": "“in proportion to”",
        "E[σ_i]": "the expected state",
        "β_i": "the precision of i",
        "u_i": "the evidence, what it senses of the outside",
        "θ_i": "its argument, all that pushes its state",
    },
    assumptions=("delta couplings", "additive evidence"),
    rests_on=("continuous-bernoulli", "delta-couplings"),
    source="equation sigma-given-mu and appendix 4",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="Under the integral p(σ_i | s_ij) is needed only up to its normaliser.",
        needed=(
            "The normaliser depends on s_ij. A delta makes a constant of it; a noisy boundary "
            "state does not, and then it has to stay under the integral."
        ),
    ),
    refuting=_counterexample,
)
