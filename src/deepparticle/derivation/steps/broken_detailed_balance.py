r"""What asymmetric couplings do: some steps become more frequent than their reverse.

.. math:: \ln\frac{T(\sigma \to \sigma')}{T(\sigma' \to \sigma)}
          = \Bigl[c\cdot\sigma + \sum_i\phi(\theta_i)\Bigr]_{\sigma}^{\sigma'}
          + \sigma'^T (K - K^T)\,\sigma .

(Seifert 2012, *Rep. Prog. Phys.* 75, 126001, for what the second term is: entropy produced.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.analysis.exact_entropy_production import exact_entropy_production
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.simulator import Simulator
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject
from deepparticle.derivation.transitions import log_transition
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

_DRAWS = 20
_STEPS = 200


def _check(subject: Subject) -> Check:
    """Log densities of a step there and back, against potential and antisymmetric part."""
    old, new = subject.draw(2 * _DRAWS, "broken-detailed-balance").reshape(2, _DRAWS, subject.size)
    ratio = log_transition(subject, old, new) - log_transition(subject, new, old)
    climbed = _potential(subject, new, subject.scaled) - _potential(subject, old, subject.scaled)
    return compared(
        ("ln T(σ → σ') − ln T(σ' → σ)", ratio),
        (
            "change of c·σ + Σ φ(θ), plus σ'ᵀ(K − Kᵀ)σ",
            climbed + _produced(subject.scaled, old, new),
        ),
        # The larger states of both ends, in every product of two, bound all that is summed.
        terms=subject.terms(np.maximum(np.abs(old), np.abs(new))),
        entries=tuple(f"pair {number}" for number in range(1, _DRAWS + 1)),
        unit="nats",
    )


def _potential(subject: Subject, states: FloatArray, scaled: FloatArray) -> FloatArray:
    """The logarithm of Little's law with couplings K, against the base measure."""
    logs = subject.log_partition(subject.drive + states @ scaled.T)
    found: FloatArray = states @ subject.drive + logs.sum(axis=-1)
    return found


def _produced(scaled: FloatArray, old: FloatArray, new: FloatArray) -> FloatArray:
    found: FloatArray = np.einsum("...i,ij,...j->...", new, scaled - scaled.T, old)
    return found


def _prove() -> Proof:
    sympy = symbolic_algebra()
    s, t = sympy.symbols("sigma_1:3", real=True), sympy.symbols("tau_1:3", real=True)
    r, c = sympy.symbols("rho_1:3", real=True), sympy.symbols("c_1:3", real=True)
    up, down = sympy.symbols("K_12 K_21", real=True)
    phi = [sympy.Function(f"phi_{number}") for number in (1, 2)]

    def arguments(x: tuple[Any, ...]) -> tuple[Any, Any]:
        return c[0] + up * x[1], c[1] + down * x[0]

    def step(x: tuple[Any, ...], y: tuple[Any, ...]) -> Any:
        return sum(
            argument * state - one(argument)
            for argument, state, one in zip(arguments(x), y, phi, strict=True)
        )

    def potential(x: tuple[Any, ...]) -> Any:
        linear = sum(bias * state for bias, state in zip(c, x, strict=True))
        return linear + sum(one(argument) for argument, one in zip(arguments(x), phi, strict=True))

    def produced(x: tuple[Any, ...], y: tuple[Any, ...]) -> Any:
        return (up - down) * (y[0] * x[1] - y[1] * x[0])

    def ratio(x: tuple[Any, ...], y: tuple[Any, ...]) -> Any:
        return step(x, y) - step(y, x)

    cycle = ((s, t), (t, r), (r, s))
    return Proof(
        [
            equality(
                "a step of two particles from σ to τ, against its reverse",
                ratio(s, t),
                sympy.Add(potential(t), -potential(s), produced(s, t), evaluate=False),
            ),
            equality(
                "around a cycle from σ over τ and ρ back to σ the potential drops out",
                sympy.Add(*(ratio(*one) for one in cycle), evaluate=False),
                sympy.Add(*(produced(*one) for one in cycle), evaluate=False),
            ),
        ]
    )


def _pair(slow: int) -> float:
    """The entropy production of a symmetric pair, one of which updates every so many steps."""
    world = Partition("world")
    first = world.add_subparticle("a", bias=0.5)
    second = world.add_subparticle("b", bias=-0.2, clock=slow)
    world.couple(first, second, 2.0)
    world.couple(second, first, 2.0)
    return exact_entropy_production(Simulator(world, backend="numpy"), schedule="synchronous")


def _counterexample() -> CounterExample:
    return CounterExample(
        "A pair with J = 2 in both directions and b = (.5, −.2), updating at once: its entropy "
        "production, exactly, if one of the two updates only in every other step, and if both "
        "update in every step.",
        compared(
            ("entropy produced, unequal clocks", _pair(2)),
            ("entropy produced, equal clocks", _pair(1)),
            unit="nats per step",
        ),
        margin=0.05,
    )


def _course(subject: Subject, scaled: FloatArray) -> FloatArray:
    """Of a course of synchronous steps with couplings K: ln T there and back, summed so far."""
    uniforms = subject.rng("a course").random((_STEPS, subject.size))
    states = [subject.state]
    for numbers in uniforms:
        arguments = subject.drive + scaled @ states[-1]
        new = np.empty(subject.size)
        for family, rows in subject.families():
            new[rows] = family.sample(arguments[rows], numbers[rows])
        states.append(new)
    path = np.array(states)
    potential = _potential(subject, path, scaled)
    produced = np.cumsum(_produced(scaled, path[:-1], path[1:]))
    found: FloatArray = potential - potential[0] + np.concatenate([[0.0], produced])
    return found


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.matrix_frame import frame_of_subparticles
    from deepparticle.figures.style import (
        BLUE,
        GREY,
        PAGE,
        VERMILION,
        legend,
        new_figure,
        plain,
        show_matrix,
    )

    figure = new_figure(PAGE, 2.7)
    left, right = figure.subplots(1, 2, width_ratios=[1.3, 1.0])
    own, symmetric = subject.scaled, 0.5 * (subject.scaled + subject.scaled.T)
    names = ["the couplings of this partition", "their symmetric part"]
    if subject.asymmetry == 0.0:
        # Nothing to see: so one sees what it would be if one direction were the stronger.
        rows = np.arange(subject.size)
        own = subject.scaled * (1.0 + 0.5 * np.sign(rows[:, None] - rows))
        names = ["made stronger towards later rows", names[0]]
    for scaled, colour, style, label in (
        (own, VERMILION, "-", names[0]),
        (symmetric, BLUE, "--", names[1]),
    ):
        left.plot(_course(subject, scaled), style, color=colour, label=label)
    left.axhline(0.0, color=GREY, linewidth=0.6, zorder=0)
    legend(left, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    plain(left, "", "step, all at once", "Σ ln T(σ → σ')/T(σ' → σ)")
    show_matrix(right, 0.5 * (own - own.T), f"antisymmetric part of K,\n{names[0]}")
    frame_of_subparticles(right, subject)
    return figure


STEP = Step(
    name="broken-detailed-balance",
    title="Sequences: broken detailed balance",
    statement=(
        "Film a network and play the film backwards. With symmetric couplings nobody can tell; "
        "with asymmetric ones some steps are more frequent than their reverse, and so states "
        "follow one another in an order. How much more frequent is the change of a potential, "
        "which averages out, plus a term that contains only the antisymmetric part of K. Its "
        "mean is the entropy that the network produces in each step: zero if K is symmetric, and "
        "else the price of remembering a sequence."
    ),
    equation=("ln T(σ → σ')/T(σ' → σ) = [c·σ' + Σ φ(θ')] − [c·σ + Σ φ(θ)] + σ'ᵀ(K − Kᵀ)σ"),
    latex=(
        r"\ln \frac{T(\sigma \to \sigma')}{T(\sigma' \to \sigma)} = \Bigl[c^T \sigma' + \sum_i "
        r"\phi(\theta'_i)\Bigr] - \Bigl[c^T \sigma + \sum_i \phi(\theta_i)\Bigr] + \sigma'^T (K - "
        r"K^T)\, \sigma"
    ),
    assumptions=("delta couplings", "additive evidence", "frozen couplings", "constant evidence"),
    rests_on=("schedules", "symmetry"),
    source="equation antisymmetric-coupling, appendix 5 and simulation 3",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="Symmetric couplings are in equilibrium; asymmetric ones break detailed balance.",
        needed=(
            "Equal clocks, too, if particles update at once. One that updates less often than its "
            "neighbour breaks detailed balance with symmetric couplings."
        ),
    ),
    refuting=_counterexample,
)
