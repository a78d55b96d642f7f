r"""What inference is: variational free energy is divergence plus surprise.

.. math:: F[q] = E_q[\ln q(\eta) - \ln p(\eta, s)]
          = \mathrm{KL}[q(\eta) \,\|\, p(\eta \mid s)] - \ln p(s) \ge -\ln p(s) .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.generative_pair import pair_of
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

_PAIRS, _NODES = 6, 160


def _check(subject: Subject) -> Check:
    functionals, sums, entries, terms = [], [], [], []
    for target, source in subject.ends[:_PAIRS].tolist():
        pair = pair_of(subject, target, source)
        for bias in pair.prior + subject.rng("free-energy").normal(size=2):
            functionals.append(pair.free_energy(bias, _NODES))
            # Other nodes, so that the sides share no error of the quadrature.
            sums.append(pair.divergence(bias, _NODES + 9) + pair.surprise(_NODES + 9))
            terms.append(pair.terms(bias))
            entries.append(f"η = {subject.paths[source]}, s = {subject.paths[target]}")
    return compared(
        ("F[q] = E_q[ln q(η) − ln p(η, s)]", functionals),
        ("KL[q ‖ p(η|s)] − ln p(s)", sums),
        terms=terms,
        entries=tuple(entries),
        unit="nats",
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    q = sympy.Symbol("q", positive=True)
    one, two = sympy.symbols("p_1 p_2", positive=True)
    seen = one + two
    functional = q * (sympy.log(q) - sympy.log(one))
    functional += (1 - q) * (sympy.log(1 - q) - sympy.log(two))
    divergence = q * (sympy.log(q) - sympy.log(one / seen))
    divergence += (1 - q) * (sympy.log(1 - q) - sympy.log(two / seen))
    best = one / seen
    least = best * (sympy.log(best) - sympy.log(one))
    least += (two / seen) * (sympy.log(two / seen) - sympy.log(two))
    return Proof(
        [
            equality(
                "a hidden state with two values, p(η_k, s) = p_k: divergence and surprise",
                functional,
                divergence - sympy.log(seen),
            ),
            equality(
                "the slope is 0 where q is the posterior p_1 / (p_1 + p_2)",
                sympy.Derivative(functional, q),
                sympy.log(q) - sympy.log(1 - q) - sympy.log(one) + sympy.log(two),
            ),
            equality("and only surprise is left there", least, -sympy.log(seen)),
            equality(
                "it is a minimum, as the curvature is positive",
                sympy.Derivative(functional, q, 2),
                1 / (q * (1 - q)),
            ),
        ]
    )


def _counterexample() -> CounterExample:
    from deepparticle.partitions.partition import Partition

    world = Partition("world")
    brain = world.add_partition("brain")
    a, b = brain.add_subparticle("a"), brain.add_subparticle("b")
    world.couple(a, b, 2.0)
    world.couple(b, a, -2.0)
    world.sense(world.add_external("light", 0.5), a)
    world.check()
    flows = world.flows("brain", kind="langevin")
    _, sensory, active, internal = flows.now
    # The drift is linear, so that differences are its slopes.
    moved = [
        flows.internal(sensory, active, internal + step) - flows.internal(sensory, active, internal)
        for step in np.eye(2) * 0.5
    ]
    slopes = np.stack(moved, axis=1) / 0.5
    return CounterExample(
        "Two subparticles with J_ba = 2 and J_ab = −2 in one blanket, which is lawful. A gradient "
        "has symmetric derivatives; the flow inside has not.",
        compared(("∂f_a/∂μ_b", slopes[0, 1]), ("∂f_b/∂μ_a", slopes[1, 0])),
        margin=3.9,
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.matrix_frame import strongest_pair
    from deepparticle.figures.style import BLUE, COLUMN, GREY, VERMILION, legend, new_figure, plain

    target, source, _ = strongest_pair(subject)
    pair = pair_of(subject, target, source)
    biases = pair.prior + np.linspace(-4.0, 4.0, 61)
    curve = np.array([pair.free_energy(bias, _NODES) for bias in biases])
    surprise = pair.surprise(_NODES)
    figure = new_figure(COLUMN, 2.6)
    axes = figure.subplots()
    axes.plot(biases, curve, color=BLUE, label="free energy F")
    axes.axhline(surprise, color=VERMILION, linestyle="--", label="surprise −ln p(s)")
    axes.fill_between(biases, surprise, curve, color=GREY, alpha=0.25, lw=0, label="divergence")
    hidden, seen = subject.paths[source], subject.paths[target]
    plain(axes, f"η: {hidden}, s: {seen}", "bias of the belief q about η", "nats")
    legend(axes)
    return figure


STEP = Step(
    name="free-energy",
    title="Inference as a descent",
    statement=(
        "Bayes' rule gives the law of a hidden cause η after something was sensed, p(η|s). To "
        "compute it one needs p(s), how probable the sensation was at all, which sums over all "
        "causes. The way round: keep a belief q(η) and improve it. The free energy F of a belief "
        "needs only the joint law p(η, s), and it is the divergence of the belief from the "
        "posterior plus the surprise −ln p(s). Surprise does not depend on the belief; so "
        "whatever lowers F brings the belief nearer to the posterior, and F is never less than "
        "the surprise. In a network the hidden cause of what one subparticle does is the state of "
        "another."
    ),
    equation="F[q] = E_q[ln q(η) − ln p(η, s)] = KL[q(η) ‖ p(η|s)] − ln p(s) ≥ −ln p(s)",
    latex=(
        r"F[q] = \mathbb{E}_q[\ln q(\eta) - \ln p(\eta, s)] = "
        r"D_{\mathrm{KL}}[q(\eta) \,\|\, p(\eta \mid s)] - \ln p(s) \ge -\ln p(s)"
    ),
    symbols={
        "p": "a probability, or a density",
        "q(η)": "the belief, a density too",
        "E_q": "the average over what q holds possible",
        "KL[q ‖ p]": (
            "the divergence of q from p, E_q[ln q − ln p], which is 0 where they are the same, "
            "and else positive"
        ),
        "F[q]": "the free energy of the belief, in nats, as all that is made of ln",
    },
    assumptions=(),
    rests_on=("particular-partition",),
    source="equations free-energy-principle and free-energy-functional",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
    condition=Condition(
        published="A particle that keeps its blanket has internal states that descend F.",
        needed=(
            "A blanket alone does not make the flow inside a gradient: asymmetric couplings inside "
            "add a part that circulates. And F belongs to a generative model, which the blanket "
            "does not give: from here on it is the one that the particle's own update implies."
        ),
    ),
    refuting=_counterexample,
)
