r"""Who sees whose new state decides what is sampled.

.. math:: p(\sigma)\,T(\sigma \to \sigma') = p(\sigma')\,T(\sigma' \to \sigma)

for :math:`p \propto m\,e^{c\cdot\sigma + \frac12\sigma^TK\sigma}` (Boltzmann) if one particle
updates at a time, and for :math:`p \propto m\,e^{c\cdot\sigma + \sum_i\phi(\theta_i)}` (Little) if
all update at once; K symmetric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.derivation.beliefs import expectations
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.particles import states_of
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject
from deepparticle.derivation.transitions import log_transition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

_DRAWS = 12


def _boltzmann(subject: Subject, states: FloatArray) -> FloatArray:
    """The logarithm of the law of single-site updates, up to a constant."""
    pairs: FloatArray = np.einsum("...i,ij,...j->...", states, subject.scaled, states)
    found: FloatArray = states @ subject.drive + 0.5 * pairs
    return found


def _little(subject: Subject, states: FloatArray) -> FloatArray:
    """The logarithm of the law of synchronous updates, likewise."""
    logs: FloatArray = subject.log_partition(subject.argument(states)).sum(axis=-1)
    found: FloatArray = states @ subject.drive + logs
    return found


def _flows(subject: Subject) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of some steps ln p + ln T, there and back: one at a time, and all at once; shape (2, draws).

    And the sizes of the terms that they are sums of.

    All at once means all that are due in the first step in which somebody is: with equal clocks
    everybody.
    """
    old, other = subject.draw(2 * _DRAWS, "schedules").reshape(2, _DRAWS, subject.size)
    places = np.arange(subject.size)
    chosen = subject.rng("schedules, rows").integers(subject.size, size=(_DRAWS, 1)) == places
    due = subject.network.due(np.array([subject.columns.clock.min()]))[0]
    there, back = [], []
    for law, rows in ((_boltzmann, chosen), (_little, due)):
        new = np.where(rows, other, old)
        there.append(law(subject, old) + log_transition(subject, old, new, rows))
        back.append(law(subject, new) + log_transition(subject, new, old, rows))
    # The larger states of both ends, in every product of two, bound all that is summed.
    terms = subject.terms(np.maximum(np.abs(old), np.abs(other)))
    return np.array(there), np.array(back), terms


def _check(subject: Subject) -> Check:
    there, back, terms = _flows(subject)
    return compared(
        ("ln p(σ) T(σ → σ')", there),
        ("ln p(σ') T(σ' → σ)", back),
        terms=terms,
        entries=tuple(
            f"{schedule}, pair {number}"
            for schedule in ("single-site", "synchronous")
            for number in range(1, _DRAWS + 1)
        ),
        unit="nats",
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    s, t = sympy.symbols("sigma_1:3", real=True), sympy.symbols("tau_1:3", real=True)
    c, k = sympy.symbols("c_1:3", real=True), sympy.Symbol("K", real=True)
    phi = [sympy.Function(f"phi_{number}") for number in (1, 2)]

    def argument(row: int, state: tuple[Any, ...]) -> Any:
        return c[row] + k * state[1 - row]

    def boltzmann(x: tuple[Any, ...]) -> Any:
        return c[0] * x[0] + c[1] * x[1] + k * x[0] * x[1]

    def little(x: tuple[Any, ...]) -> Any:
        return c[0] * x[0] + c[1] * x[1] + sum(phi[i](argument(i, x)) for i in (0, 1))

    def step(row: int, x: tuple[Any, ...], y: tuple[Any, ...]) -> Any:
        return argument(row, x) * y[row] - phi[row](argument(row, x))

    new = (t[0], s[1])
    return Proof(
        [
            equality(
                "one at a time, from σ to τ: Boltzmann's law balances every step in detail",
                sympy.Add(boltzmann(s), step(0, s, new), evaluate=False),
                sympy.Add(boltzmann(new), step(0, new, s), evaluate=False),
            ),
            equality(
                "all at once: Little's law does",
                sympy.Add(little(s), step(0, s, t), step(1, s, t), evaluate=False),
                sympy.Add(little(t), step(0, t, s), step(1, t, s), evaluate=False),
            ),
        ]
    )


def _counterexample() -> CounterExample:
    couplings, bias = np.array([[0.0, 2.0], [2.0, 0.0]]), [0.5, -0.2]
    one, both = (
        stationary_law(couplings, bias, schedule=name) for name in ("sequential", "synchronous")
    )
    return CounterExample(
        "A pair with J = 2 and b = (.5, −.2): the correlation of the two states in the steady "
        "state, exactly, if one updates after the other, and if both update at once.",
        compared(
            ("correlation, one at a time", one.correlations[0, 1]),
            ("correlation, at once", both.correlations[0, 1]),
        ),
        margin=0.5,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.drawing import diagonal
    from deepparticle.figures.style import BLUE, GREY, PAGE, VERMILION, legend, new_figure, plain

    figure = new_figure(PAGE, 2.6)
    left, right = figure.subplots(1, 2)
    _draw_pair(left, subject)
    names = ("one at a time, Boltzmann", "all at once, Little")
    there, back, _ = _flows(subject)
    for name, colour, marker, one, other in zip(
        names, (BLUE, VERMILION), "ox", there, back, strict=True
    ):
        right.plot(one, other, marker, color=colour, markersize=4, label=name)
    plain(right, "", "ln p(σ) T(σ → σ')", "ln p(σ') T(σ' → σ)")
    diagonal(right, GREY)
    legend(right)
    return figure


def _draw_pair(axes: Any, subject: Subject) -> None:
    """Of the strongest pair, with all others held: how one state goes with the other."""
    from deepparticle.figures.style import BLUE, VERMILION, legend, plain

    symmetric = 0.5 * (subject.scaled + subject.scaled.T)
    here, there = np.unravel_index(np.argmax(np.abs(symmetric)), symmetric.shape)
    coupling, partner = symmetric[here, there], subject.distributions[there]
    fields = subject.argument(states_of(subject)) - symmetric[:, there] * states_of(subject)[there]
    back = subject.argument(states_of(subject))[there] - coupling * states_of(subject)[here]
    ends = partner.support if np.all(np.isfinite(partner.support)) else (-3.0, 3.0)
    shown = np.linspace(*ends, 61)

    def weight(states: FloatArray, _rows: IntArray) -> FloatArray:
        # What the partner's normaliser adds to the law of one state when both update at once.
        logs = partner.log_partition(back + coupling * states)
        found: FloatArray = np.exp(logs - logs.max(axis=-1, keepdims=True))
        return found

    total = expectations(subject, fields, weight)[here]
    mean = expectations(subject, fields, lambda states, rows: states * weight(states, rows))[here]
    one = subject.distributions[here].mean(fields[here] + coupling * shown)
    axes.plot(shown, one, color=BLUE, label="one at a time, Boltzmann")
    axes.plot(
        shown, np.full_like(shown, mean / total), "--", color=VERMILION, label="at once, Little"
    )
    legend(axes)
    title = f"{subject.paths[here]} and {subject.paths[there]}, the strongest pair"
    if coupling == 0.0:
        title = "nothing is coupled here"
    plain(
        axes, title, f"state of {subject.paths[there]}", f"expected state of {subject.paths[here]}"
    )


STEP = Step(
    name="schedules",
    title="Who updates when",
    statement=(
        "Each particle draws its state from its own posterior. What the network samples as a "
        "whole depends on who sees whose new state. If one updates at a time and sees the newest "
        "states of the others, this is Gibbs sampling, and the law of the joint step, "
        "Boltzmann's, is what it settles to. If all update at once from the old states it is "
        "another one, due to Little. For both, each update is as frequent as its reverse "
        "(detailed balance), which one checks for any two states without running anything."
    ),
    equation=(
        "p(σ) T(σ → σ') = p(σ') T(σ' → σ)\n"
        "one at a time: p ∝ m(σ) exp(c·σ + ½ σᵀKσ)\n"
        "all at once:   p ∝ m(σ) exp(c·σ + Σ_i φ(θ_i))"
    ),
    latex=(
        r"p(\sigma)\, T(\sigma \to \sigma') = p(\sigma')\, T(\sigma' \to \sigma), \qquad "
        r"p_{\text{one at a time}} \propto m\, e^{c^T\sigma + \frac12 \sigma^T K \sigma}, \quad "
        r"p_{\text{at once}} \propto m\, e^{c^T\sigma + \sum_i \phi(\theta_i)}"
    ),
    symbols={
        "σ'": "the states after an update",
        "T(σ → σ')": "how probable the update is, from σ",
        "m(σ)": "the law that states have where nothing pushes them, which is flat on [−1, 1]",
    },
    assumptions=(
        "delta couplings",
        "symmetric couplings",
        "equal clocks",
        "frozen couplings",
        "constant evidence",
        "steady state",
    ),
    rests_on=("joint-law", "inference-rule"),
    source="sections Inference and Stochastic retrieval",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="The update performs Gibbs sampling of the joint law.",
        needed=(
            "One particle updates at a time, and each sees the newest states. If all update at "
            "once, as in the published simulations, they sample Little's law."
        ),
    ),
    refuting=_counterexample,
)
