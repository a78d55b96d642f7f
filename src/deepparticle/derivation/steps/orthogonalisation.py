r"""What is learned is what was not predicted, so that memories do not overlap.

.. math:: \frac{d\varepsilon_i}{d\alpha} = -\phi''(h_i)\,\varepsilon_i \sum_j \sigma_j^2, \qquad
          \text{linear and with unit gain: } \varepsilon = \sigma - P\sigma \perp
          \text{ what is stored} .

(Personnaz, Guyon & Dreyfus 1985, *J. Physique Lett.* 46, L359, for networks that project.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.analysis.recall import correlation
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.simulator import Simulator
from deepparticle.datasets import cross_and_bar
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.particles import placed
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject
from deepparticle.partitions.arrays import coupling_entries
from deepparticle.partitions.constructors import from_couplings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

# The error of a difference quotient is of the order of the square of this.
_NUDGE = 1e-4
_TOLERANCE = 1e-6

# Of a large network so many learn; each looks at its whole blanket several times.
_MOST = 64

# Simulation 1 of the manuscript: evidence, precision, learning rate, steps per presentation; and
# when its attractors are looked at.
_EVIDENCE, _PRECISION, _RATE, _STEPS = 30.0, 0.1, 0.01, 10
_EPOCHS = (50, 70, 90, 120, 160, 220, 300)


def _rows(subject: Subject) -> IntArray:
    """Who learns: everybody, or some of many."""
    chosen = subject.rng("orthogonalisation, who").permutation(subject.size)[:_MOST]
    return np.sort(chosen)


def _errors(subject: Subject, pattern: FloatArray, rates: FloatArray) -> FloatArray:
    """The prediction errors at a pattern of those who learn, after one update at that pattern."""
    everybody = placed(subject, pattern)
    leaves = [everybody[row] for row in _rows(subject).tolist()]
    for leaf in leaves:
        leaf.learning_rule = "published"
        leaf.sense()
    for leaf, rate in zip(leaves, rates.tolist(), strict=True):
        leaf.learn(rate)
    for leaf in leaves:
        leaf.sense()
    return np.array([leaf.prediction_error for leaf in leaves])


def _energy(subject: Subject, pattern: FloatArray) -> FloatArray:
    """Of each row, the sum of σ_j² over what it can learn from."""
    entries = coupling_entries(subject.world)
    seen = np.where(entries.plastic, pattern[entries.sources] ** 2, 0.0)
    return np.bincount(entries.targets, seen, minlength=subject.size).astype(float)


def _check(subject: Subject) -> Check:
    pattern = subject.draw(1, "orthogonalisation")[0]
    energy = _energy(subject, pattern)
    rows = _rows(subject)
    learns = energy[rows] > 0.0
    rates = _NUDGE / np.maximum(1.0, energy[rows])
    start, near, far = (_errors(subject, pattern, number * rates) for number in range(3))
    slopes = (4.0 * near - 3.0 * start - far) / (2.0 * rates)
    fields = subject.bias + subject.couplings @ pattern
    expected = (-subject.variance(fields) * (pattern - subject.mean(fields)) * energy)[rows]
    return compared(
        ("dε_i/dα, by learning", slopes[learns]),
        ("−φ''(h_i) ε_i Σ_j σ_j²", expected[learns]),
        tolerance=_TOLERANCE,
        entries=tuple(subject.paths[row] for row in rows[learns]),
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    first = sympy.Matrix(sympy.symbols("a_1:4", positive=True))
    second = sympy.Matrix(sympy.symbols("b_1:4", positive=True))
    projected = first * first.dot(second) / first.dot(first)
    h, state, energy, rate = sympy.symbols("h sigma S alpha", positive=True)
    mean = sympy.Function("L")
    error = state - mean(h)
    return Proof(
        [
            equality(
                "at the pattern that was learned, with S = Σ σ_j², the error shrinks",
                sympy.Subs(
                    sympy.Derivative(state - mean(h + rate * error * energy), rate), rate, 0
                ),
                -sympy.Derivative(mean(h), h) * error * energy,
            ),
            equality(
                "linear: having stored a, what is not predicted of b is orthogonal to a",
                first.dot(second - projected),
                sympy.Integer(0),
            ),
        ]
    )


def _overlap(gain: float) -> float:
    """The cosine between what is stored and what is not predicted of another pattern."""
    law = ContinuousBernoulli()
    stored, shown = (0.9 * image / np.abs(image).max() for image in cross_and_bar())
    projection = np.outer(stored, stored) / (stored @ stored)
    residual = shown - law.mean(gain * projection @ shown)
    return float(residual @ stored / np.linalg.norm(residual) / np.linalg.norm(stored))


def _counterexample() -> CounterExample:
    return CounterExample(
        "Two images that overlap, 25 pixels each, one of them stored by its exact projection P: "
        "the cosine between the stored image and the prediction error at the other one, with "
        "J = P, and with J = 3P, which has unit gain around 0.",
        compared(
            ("cosine, predicted by L", [_overlap(1.0), _overlap(3.0)]),
            ("cosine, predicted by projection", [0.0, 0.0]),
            entries=("J = P", "J = 3P"),
        ),
        margin=0.15,
    )


def _attractors(seed: int) -> FloatArray:
    """How the attractors of two images correlate, while a network learns them; simulation 1."""
    images = cross_and_bar()
    simulator = Simulator(from_couplings(np.zeros((25, 25))), backend="numpy", seed=seed)
    starts, done, found = ContinuousBernoulli().mean(0.1 * images), 0, []
    for epochs in _EPOCHS:
        simulator.learn(
            images,
            _EVIDENCE,
            epochs - done,
            _STEPS,
            learning_rate=_RATE,
            precision=_PRECISION,
            record=(),
        )
        done = epochs
        first, second = simulator.relax(starts, precision=1.0).states
        found.append(correlation(first, second))
    return np.array(found)


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import along_rows, size_of
    from deepparticle.figures.style import BLUE, GREY, PAGE, VERMILION, legend, new_figure, plain

    figure = new_figure(PAGE, 2.7)
    left, right = figure.subplots(1, 2)
    pattern = subject.draw(1, "orthogonalisation")[0]
    rows = _rows(subject)
    rates = np.ones(rows.size) / max(1.0, float(np.max(_energy(subject, pattern), initial=0.0)))
    places, size = along_rows(left, subject)[rows], size_of(subject.size)
    for number, colour in ((0, GREY), (1, BLUE)):
        errors = _errors(subject, pattern, number * rates)
        label = "after one update at it" if number else "at a new pattern"
        left.plot(places, errors, "o", color=colour, markersize=size, label=label)
    left.vlines(
        places, errors, _errors(subject, pattern, 0.0 * rates), color=GREY, linewidth=0.8, zorder=0
    )
    left.axhline(0.0, color=GREY, linewidth=0.6, zorder=0)
    legend(left, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(left, up="prediction error ε")
    right.axhline(
        float(correlation(*cross_and_bar())),
        color=VERMILION,
        linestyle="--",
        label="the two images",
    )
    right.plot(
        _EPOCHS, _attractors(subject.seed), "o-", color=BLUE, markersize=4, label="attractors"
    )
    right.axhline(0.0, color=GREY, linewidth=0.6, zorder=0)
    legend(right, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(right, "", "presentations, in simulation 1", "correlation")
    return figure


STEP = Step(
    name="orthogonalisation",
    title="Residuals: why memories become orthogonal",
    statement=(
        "The prediction error is what is left of a pattern when the part that the couplings "
        "already predict is taken away. Learning a pattern makes the error at this pattern "
        "smaller, so that the next one is learned only as far as it is new. If prediction were the "
        "projection on what is stored, the residual would be orthogonal to it, and memories would "
        "be made orthogonal one after the other, as in the Gram-Schmidt procedure. The network "
        "predicts with a sigmoid, so that this holds approximately."
    ),
    equation=(
        "dε_i/dα = −φ''(h_i) ε_i Σ_j σ_j²\n"
        "linear, unit gain: ε = σ − Pσ, orthogonal to what is stored"
    ),
    latex=(
        r"\frac{d\varepsilon_i}{d\alpha} = -\phi''(h_i)\, \varepsilon_i \sum_j \sigma_j^2, \qquad "
        r"\varepsilon = \sigma - P \sigma \perp \text{what is stored (linear, unit gain)}"
    ),
    symbols={
        "dε_i/dα": "how the error at the pattern changes while it is learned",
        "P": "the projection on the patterns that are stored",
    },
    assumptions=("delta couplings",),
    rests_on=("learning-rule",),
    source="section Emergence of approximately orthogonal attractors",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The prediction is approximately the projection on what has been stored.",
        needed=(
            "States so small that L is linear, and couplings that undo its slope of 1/3. "
            "Otherwise part of the error lies along what is stored."
        ),
    ),
    refuting=_counterexample,
)
