r"""Inference is the minimisation of one particle's free energy.

.. math:: \frac{dF_i}{db_q} = (b_q - \theta_i)\,\phi''(b_q) = 0 \quad\Leftrightarrow\quad
          b_q = \theta_i = \beta_i\Bigl(b_i + \sum_j J_{ij}\sigma_j + u_i\Bigr) .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.derivation.check import Check, compared
from deepparticle.derivation.particles import sensed, states_of
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

# Places at which a free energy is looked at before its valley is searched.
_PLACES = 41

# A minimum of numbers with an error of 1e-16 is flat over about the square root of that.
_TOLERANCE = 1e-6


def _least(leaf: Subparticle) -> float:
    """The belief at which a subparticle's own free energy is least, by search alone."""
    from scipy.optimize import minimize_scalar

    # All that adds up to the argument, without its signs: the minimum cannot lie beyond.
    sensed_here = leaf.field - leaf.bias + leaf.evidence
    reach = leaf.precision * (abs(leaf.bias) + abs(sensed_here)) + 1.0
    # Closer together near 0: strong beliefs of one sign differ by less than rounding.
    places = np.sinh(np.linspace(-np.arcsinh(reach), np.arcsinh(reach), _PLACES))
    lowest = int(np.argmin([leaf.free_energy(place).value for place in places]))
    bounds = places[max(lowest - 1, 0)], places[min(lowest + 1, _PLACES - 1)]
    found = minimize_scalar(
        lambda belief: leaf.free_energy(float(belief)).value,
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(found.x)


def _check(subject: Subject) -> Check:
    """The expected states of the beliefs that a search finds best, and L(θ)."""
    found = np.array([_least(leaf) for leaf in sensed(subject)])
    return compared(
        ("E_q[σ_i] of the least F_i", subject.mean(found)),
        ("L(θ_i)", subject.mean(subject.argument(states_of(subject)))),
        tolerance=_TOLERANCE,
        entries=subject.paths,
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    q, b, x, beta = sympy.symbols("b_q b x beta", positive=True)
    phi = sympy.Function("phi")
    theta = beta * (b + x)
    mean = sympy.diff(phi(q), q)
    energy = (q - beta * b) * mean - phi(q) + phi(beta * b) - beta * x * mean
    langevin = sympy.coth(q) - 1 / q
    own = (q - b) * langevin - sympy.log(2 * sympy.sinh(q) / q) - x * langevin
    return Proof(
        [
            equality(
                "the slope of the free energy, in any family",
                sympy.Derivative(energy, q),
                (q - theta) * sympy.diff(phi(q), q, 2),
            ),
            equality(
                "of a continuous Bernoulli state with β = 1",
                sympy.Derivative(own, q),
                (q - b - x) * (1 / q**2 - 1 / sympy.sinh(q) ** 2),
            ),
            equality(
                "where it is 0 the curvature is a variance, so that this is the minimum",
                sympy.Subs(sympy.Derivative(energy, (q, 2)), q, theta),
                sympy.Subs(sympy.Derivative(phi(q), (q, 2)), q, theta),
            ),
        ]
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import diagonal, size_of
    from deepparticle.figures.style import (
        GREY,
        PAGE,
        SERIES,
        VERMILION,
        legend,
        new_figure,
        plain,
    )

    leaves, arguments = sensed(subject), subject.argument(states_of(subject))
    figure = new_figure(PAGE, 2.5)
    left, right = figure.subplots(1, 2)
    order = np.argsort(arguments)
    shown = np.unique(order[np.linspace(0, subject.size - 1, 3).round().astype(int)])
    low, high = arguments[shown].min() - 3.0, arguments[shown].max() + 3.0
    beliefs = np.linspace(low, high, 121)
    for row, (colour, marker, style) in zip(shown.tolist(), SERIES, strict=False):
        least = leaves[row].least_free_energy()
        values = [leaves[row].free_energy(belief).value - least for belief in beliefs]
        left.plot(beliefs, values, style, color=colour, label=subject.paths[row])
        left.plot(arguments[row], 0.0, marker, color=colour, markersize=5)
    legend(left)
    plain(left, "", "belief $b_q$ (markers: θ)", "$F$ above its least value, nats")
    found = subject.mean(np.array([_least(leaf) for leaf in leaves]))
    right.plot(
        subject.mean(arguments), found, "o", color=VERMILION, markersize=size_of(subject.size)
    )
    plain(right, "", "$L(θ)$", "expected state of the least $F$")
    diagonal(right, GREY)
    return figure


STEP = Step(
    name="inference-rule",
    title="The inference rule",
    statement=(
        "Where the slope of the free energy is zero, the belief is best. The slope is the "
        "distance of the belief from θ, times a variance, which is positive; so there is one "
        "minimum, at b_q = θ: prior bias plus everything sensed, times the precision. The "
        "expected state is then L(θ), which is the activation function of a neuron, and a state "
        "drawn from the belief is a stochastic neuron. Nobody put them in; they follow from "
        "Bayes' rule, for states between −1 and 1."
    ),
    equation=(
        "dF_i/db_q = (b_q − θ_i) φ''(b_q)\n"
        "E_q[σ_i] = L(θ_i),   θ_i = β_i (b_i + Σ_j J_ij σ_j + u_i)"
    ),
    latex=(
        r"\frac{dF_i}{db_q} = (b_q - \theta_i)\, \phi''(b_q) \quad\Rightarrow\quad "
        r"\mathbb{E}_q[\sigma_i] = L(\theta_i), \qquad \theta_i = \beta_i \Bigl(b_i + \sum_j "
        r"J_{ij} \sigma_j + u_i\Bigr)"
    ),
    symbols={
        "dF_i/db_q": "the slope of the free energy in the bias of the belief",
        "φ''": "the slope of L, which is the variance of a state",
    },
    assumptions=("delta couplings", "additive evidence"),
    rests_on=("complexity-accuracy",),
    source="equation inference-rule",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
)
