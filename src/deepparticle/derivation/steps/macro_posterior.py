r"""The network as a whole performs Bayesian inference: prior times likelihood.

.. math:: p(\sigma \mid s) \propto
          \underbrace{m(\sigma)\,e^{(\beta b)\cdot\sigma + \frac12 \sigma^T K \sigma}}_{prior}\;
          \underbrace{e^{(\beta u)\cdot\sigma}}_{likelihood} .

What one particle after another infers multiplies to this: with
:math:`\sigma^{(i)}` the states after i of N have moved from σ to σ' (Brook 1964, *Biometrika* 51),

.. math:: \ln\frac{p(\sigma' \mid s)}{p(\sigma \mid s)}
          = \sum_i \theta_i(\sigma^{(i)})\,(\sigma'_i - \sigma_i)
          + \ln\frac{m(\sigma')}{m(\sigma)} .
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.analysis.quadrature import Grid, grid_of, sufficient_nodes
from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.analysis.transition import Composition, step_operators
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.simulator import Simulator
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.particles import placed
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

# Each draw asks every subparticle for its whole blanket: of large networks a few must do.
_DRAWS, _LOOKS = 6, 20_000

# Up to so many states, on a grid of so many points, laws are integrated whole.
_WHOLE, _POINTS = 3, 2**16

# A law that needs more nodes per state is too steep for a grid.
_NODES = 200

# Single updates of one chain that a figure may take, and chains side by side.
_UPDATES, _CHAINS = 4500, 60


def _pairs(subject: Subject, most: int) -> FloatArray:
    """Two states each, shape (2, draws, N)."""
    draws = max(1, min(most, _LOOKS // subject.size**2))
    return subject.draw(2 * draws, "macro-posterior").reshape(2, draws, subject.size)


def _scanned(subject: Subject, old: FloatArray, new: FloatArray) -> float:
    """The log ratio of the posterior, from what one subparticle after another infers."""
    leaves, total = placed(subject, old), 0.0
    for leaf, state, moved in zip(leaves, old.tolist(), new.tolist(), strict=True):
        leaf.sense()
        leaf.infer()
        total += leaf.argument * (moved - state)
        leaf.state = moved
    return total


def _terms(subject: Subject, states: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The logarithms of prior and likelihood, up to constants and the base measure."""
    pairs: FloatArray = np.einsum("...i,ij,...j->...", states, subject.scaled, states)
    prior: FloatArray = states @ (subject.precision * subject.bias) + 0.5 * pairs
    likelihood: FloatArray = states @ (subject.precision * subject.evidence)
    return prior, likelihood


def _grid(subject: Subject) -> Grid | None:
    """A grid of all states, where they are few and bounded."""
    kinds = subject.distributions
    if subject.size > _WHOLE or not all(np.all(np.isfinite(kind.support)) for kind in kinds):
        return None
    nodes = sufficient_nodes(kinds, subject.scaled, subject.drive)
    if nodes > _NODES or nodes**subject.size > _POINTS:
        return None
    return grid_of(kinds, nodes, "macro-posterior")


def _laws(subject: Subject, grid: Grid) -> tuple[FloatArray, FloatArray]:
    """The prior, and the prior weighed by the likelihood, as probabilities of the grid's points."""
    prior, likelihood = _terms(subject, grid.points)
    logs = np.log(grid.weights) + np.array([prior, prior + likelihood])
    masses = np.exp(logs - logs.max(axis=1, keepdims=True))
    first, second = masses / masses.sum(axis=1, keepdims=True)
    return first, second


def _check(subject: Subject) -> Check:
    old, new = _pairs(subject, _DRAWS)
    scanned = [_scanned(subject, *pair) for pair in zip(old, new, strict=True)]
    climbed = np.sum(_terms(subject, new), axis=0) - np.sum(_terms(subject, old), axis=0)
    entries = [f"ln p(σ'|s)/p(σ|s), pair {number}" for number in range(1, len(old) + 1)]
    grid = _grid(subject)
    if grid is not None:
        # A law that is drawn from in single updates is left as it is by a period of sweeps.
        _, posterior = _laws(subject, grid)
        sweep = Composition(step_operators(replace(subject.network, schedule="sequential"), grid))
        after = sweep.forward(posterior.reshape(grid.shape)).reshape(-1)
        scanned = [*scanned, *(after @ grid.points)]
        climbed = np.concatenate([climbed, posterior @ grid.points])
        entries += [f"mean of {path} after a sweep" for path in subject.paths]
    return compared(
        ("what one after another infers", np.array(scanned)),
        ("prior and likelihood", climbed),
        terms=[*subject.terms(old), *subject.terms(new)],
        entries=tuple(entries),
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    s, t = sympy.symbols("sigma_1:4", real=True), sympy.symbols("tau_1:4", real=True)
    b, u = sympy.symbols("b_1:4", real=True), sympy.symbols("u_1:4", real=True)
    beta = sympy.Symbol("beta", positive=True)
    first, second, third = sympy.symbols("K_12 K_13 K_23", real=True)
    coupling = sympy.Matrix([[0, first, second], [first, 0, third], [second, third, 0]])

    def prior(x: tuple[Any, ...]) -> Any:
        state = sympy.Matrix(x)
        return beta * sympy.Matrix(b).dot(state) + (state.T * coupling * state)[0] / 2

    def likelihood(x: tuple[Any, ...]) -> Any:
        return beta * sympy.Matrix(u).dot(sympy.Matrix(x))

    path = [s, (t[0], s[1], s[2]), (t[0], t[1], s[2])]
    moves = [
        (beta * (b[row] + u[row]) + (coupling[row, :] * sympy.Matrix(state))[0]) * (t[row] - s[row])
        for row, state in enumerate(path)
    ]
    return Proof(
        [
            equality(
                "three particles move from σ to τ, one after the other: their inferences add up",
                sympy.Add(*moves, evaluate=False),
                sympy.Add(prior(t), likelihood(t), -prior(s), -likelihood(s), evaluate=False),
            ),
            equality(
                "of which what is shown is the likelihood, an addition to the bias",
                sympy.Add(*moves, evaluate=False)
                - sympy.Add(*moves, evaluate=False).subs(dict.fromkeys(u, 0)),
                sympy.Add(likelihood(t), -likelihood(s), evaluate=False),
            ),
        ]
    )


def _counterexample() -> CounterExample:
    couplings = np.array([[0.0, 3.0, 3.0], [3.0, 0.0, -3.0], [3.0, -3.0, 0.0]])
    shown = [1.0, 1.0, -0.5]
    one, both = (stationary_law(couplings, shown, schedule=name) for name in _SCHEDULES)
    return CounterExample(
        "Three subparticles with J = (3, 3, −3) that are shown (1, 1, −.5): their mean states in "
        "the steady state, exactly, if one updates at a time, and if all update at once.",
        compared(
            ("time average, at once", both.mean),
            ("E[σ|s]", one.mean),
            entries=("first", "second", "third"),
        ),
        margin=0.3,
    )


_SCHEDULES = ("sequential", "synchronous")


def _means(subject: Subject) -> tuple[FloatArray, FloatArray] | None:
    """The mean states under prior and posterior: exact for a few, by sampling for many.

    None where there are none: where states without bounds excite each other.
    """
    grid = _grid(subject)
    if grid is not None and subject.asymmetry == 0.0:
        first, second = _laws(subject, grid)
        return first @ grid.points, second @ grid.points
    free = [row for row, kind in enumerate(subject.distributions) if np.isinf(kind.support[1])]
    scale = np.sqrt(subject.variance(np.zeros(subject.size)))[free]
    inner = scale[:, None] * subject.scaled[np.ix_(free, free)] * scale
    if free and np.linalg.norm(inner, 2) >= 1.0:
        return None
    simulator = Simulator(
        subject.copy(), "numpy", chains=_CHAINS, seed=subject.seed, schedule="sequential"
    )
    steps = max(30, min(150, _UPDATES // subject.size))
    runs = [
        simulator.infer(shown, steps, record=())
        for shown in (0.0 * subject.evidence, subject.evidence)
    ]
    first, second = (np.asarray(run.mean).reshape(-1, subject.size).mean(axis=0) for run in runs)
    return first, second


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import along_rows, diagonal, size_of
    from deepparticle.figures.style import BLUE, GREY, PAGE, VERMILION, legend, new_figure, plain

    figure = new_figure(PAGE, 2.7)
    left, right = figure.subplots(1, 2)
    old, new = _pairs(subject, 4 * _DRAWS)
    scanned = [_scanned(subject, *pair) for pair in zip(old, new, strict=True)]
    terms = np.array(_terms(subject, new)) - np.array(_terms(subject, old))
    left.plot(terms[0], scanned, "x", color=GREY, markersize=4, label="prior alone")
    left.plot(
        terms.sum(axis=0), scanned, "o", color=BLUE, markersize=4, label="with the likelihood"
    )
    plain(left, "", "ln p(σ')/p(σ), from the whole", "the same, inferred one by one")
    diagonal(left, GREY)
    legend(left)
    places, means = along_rows(right, subject), _means(subject)
    if means is not None:
        right.vlines(places, *means, color=GREY, linewidth=0.8, zorder=0)
        size = size_of(subject.size)
        right.plot(places, means[0], "o", color=GREY, markersize=size, label="prior")
        right.plot(places, means[1], "o", color=VERMILION, markersize=0.7 * size, label="posterior")
        legend(right, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(right, up="mean state, one at a time" if means else "no steady state")
    return figure


STEP = Step(
    name="macro-posterior",
    title="The whole network infers",
    statement=(
        "Couplings and prior biases are the network's prior for all states together: the Boltzmann "
        "law. What it is shown is a likelihood that adds the evidence, times the precision, to the "
        "biases. Their product is the posterior of the whole; and it is what comes out if one "
        "particle after another infers from what it senses. So the mean of the states over time "
        "is the network's answer: what it expects, given what it was shown."
    ),
    equation=(
        "p(σ|s) ∝ exp((βb)·σ + ½ σᵀKσ) × exp((βu)·σ)\n"
        "ln p(σ'|s)/p(σ|s) = Σ_i θ_i (σ'_i − σ_i), one after another\n"
        "⟨σ⟩ = E[σ|s]"
    ),
    latex=(
        r"p(\sigma \mid s) \propto e^{(\beta b)^T \sigma + \frac12 \sigma^T K \sigma} \cdot "
        r"e^{(\beta u)^T \sigma}, \qquad \ln \frac{p(\sigma' \mid s)}{p(\sigma \mid s)} = \sum_i "
        r"\theta_i(\sigma'_{<i}, \sigma_{>i})\, (\sigma'_i - \sigma_i), \qquad \langle \sigma "
        r"\rangle = \mathbb{E}[\sigma \mid s]"
    ),
    symbols={
        "p(σ|s)": "the law of all states, given all that is sensed from outside",
        "⟨σ⟩": "the average of the states over time",
    },
    assumptions=(
        "delta couplings",
        "additive evidence",
        "symmetric couplings",
        "single-site updates",
        "frozen couplings",
        "constant evidence",
        "steady state",
    ),
    rests_on=("schedules", "evidence-and-bias"),
    source="section Stochastic retrieval, equation posterior-distribution",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The average of the states over time is their mean under the posterior.",
        needed=(
            "One particle updates at a time. If all update at once, the average is the mean under "
            "another law."
        ),
    ),
    refuting=_counterexample,
)
