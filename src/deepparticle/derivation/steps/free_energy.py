r"""What inference is: variational free energy is divergence plus surprise.

.. math:: F[q] = E_q[\ln q(\eta) - \ln p(\eta, s)]
          = \mathrm{KL}[q(\eta) \,\|\, p(\eta \mid s)] - \ln p(s) \ge -\ln p(s) .
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.analysis.quadrature import axis_rule, sufficient_nodes
from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.check import Check, Condition, CounterExample, compared
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

_PAIRS = 12


@dataclass(frozen=True)
class _Pair:
    """A subparticle that is hidden (η), another that it drives and whose state s is seen.

    Its generative model: the law of the hidden state, and that of the seen one given the hidden.
    """

    hidden: StateDistribution
    seen: StateDistribution
    prior: float
    drive: float
    coupling: float
    state: float

    def surprise(self, nodes: int) -> float:
        """−ln p(s), in nats."""
        rule = axis_rule(self.hidden, nodes)
        return -float(_log_sum(np.log(rule.weights) + self._joint(rule.nodes)))

    def divergence(self, bias: float, nodes: int) -> float:
        """KL[q‖p(η|s)] for q with some bias, in nats."""
        rule = axis_rule(self.hidden, nodes)
        log_q = bias * rule.nodes - self.hidden.log_partition(bias)
        posterior = self._joint(rule.nodes)
        posterior = posterior - _log_sum(np.log(rule.weights) + posterior)
        return float((rule.weights * np.exp(log_q)) @ (log_q - posterior))

    def free_energy(self, bias: float, nodes: int) -> float:
        """E_q[ln q(η) − ln p(η)] in closed form, less E_q[ln p(s|η)]; in nats."""
        rule = axis_rule(self.hidden, nodes)
        q = rule.weights * np.exp(bias * rule.nodes - self.hidden.log_partition(bias))
        complexity: float = self.hidden.kl(bias, self.prior)
        return complexity - float(q @ self._likelihood(rule.nodes))

    def nodes(self, bias: float) -> int:
        """How many nodes integrate against this pair's laws."""
        coupling = np.array([[0.0, self.coupling], [self.coupling, 0.0]])
        drive = np.array([max(abs(self.prior), abs(bias)), abs(self.drive)])
        return sufficient_nodes([self.hidden, self.seen], coupling, drive)

    def _likelihood(self, hidden: FloatArray) -> FloatArray:
        """The log density ln p(s|η), against the base measure."""
        argument = self.drive + self.coupling * hidden
        found: FloatArray = argument * self.state - self.seen.log_partition(argument)
        return found

    def _joint(self, hidden: FloatArray) -> FloatArray:
        prior = self.prior * hidden - self.hidden.log_partition(self.prior)
        found: FloatArray = prior + self._likelihood(hidden)
        return found


def _log_sum(logs: FloatArray) -> float:
    from scipy.special import logsumexp

    return float(logsumexp(logs))


def _pair(subject: Subject, target: int, source: int) -> _Pair:
    """The pair with all other states as they are."""
    arguments, coupling = subject.argument(subject.state), float(subject.scaled[target, source])
    back = float(subject.scaled[source, target])
    return _Pair(
        hidden=subject.distributions[source],
        seen=subject.distributions[target],
        prior=float(arguments[source] - back * subject.state[target]),
        drive=float(arguments[target] - coupling * subject.state[source]),
        coupling=coupling,
        state=float(subject.state[target]),
    )


def _check(subject: Subject) -> Check:
    functionals, sums, entries = [], [], []
    for target, source in subject.ends[:_PAIRS].tolist():
        pair = _pair(subject, target, source)
        for bias in pair.prior + subject.rng("free-energy").normal(size=2):
            nodes = pair.nodes(bias)
            functionals.append(pair.free_energy(bias, nodes))
            # Other nodes, so that the sides share no error of the quadrature.
            sums.append(pair.divergence(bias, nodes + 9) + pair.surprise(nodes + 9))
            entries.append(f"η = {subject.paths[source]}, s = {subject.paths[target]}")
    return compared(
        ("F[q] = E_q[ln q(η) − ln p(η, s)]", functionals),
        ("KL[q ‖ p(η|s)] − ln p(s)", sums),
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
    pair = _pair(subject, target, source)
    biases = pair.prior + np.linspace(-4.0, 4.0, 81)
    nodes = max(pair.nodes(biases[0]), pair.nodes(biases[-1]))
    curve = np.array([pair.free_energy(bias, nodes) for bias in biases])
    surprise = pair.surprise(nodes)
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
