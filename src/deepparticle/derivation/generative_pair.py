r"""A hidden state and one that it drives: the smallest generative model in a network.

.. math:: p(\eta, s) = p(\eta; c_\eta)\,p(s; c_s + K\eta)

with everything else held. What inference is about can be computed for it by quadrature in one
dimension: the surprise :math:`-\ln p(s)`, the divergence of a belief from the posterior
:math:`p(\eta|s)`, and the free energy of a belief.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.analysis.quadrature import axis_rule
from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.subject import Subject

__all__ = ["GenerativePair", "pair_of"]

# From so many places in turn is the top of an unbounded density looked for.
_ROUNDS = 4

# Densities are left out where they are e^-50 of their largest value.
_NEGLIGIBLE = 50.0


@dataclass(frozen=True)
class GenerativePair:
    """A hidden state and a seen one that it drives.

    Parameters
    ----------
    hidden, seen : StateDistribution
        The families of η and s.
    prior : float
        The bias of the hidden state.
    drive, coupling : float
        The bias of the seen one is drive + coupling · η.
    state : float
        The seen state s.

    Examples
    --------
    >>> from deepparticle.agents.spin import Spin
    >>> pair = GenerativePair(Spin(), Spin(), prior=0.3, drive=0.0, coupling=1.0, state=1.0)
    >>> round(pair.surprise(20), 6), round(pair.free_energy(1.3, 20), 6)  # 1.3 is the posterior
    (0.492771, 0.492771)
    """

    hidden: StateDistribution
    seen: StateDistribution
    prior: float
    drive: float
    coupling: float
    state: float

    def surprise(self, nodes: int) -> float:
        """−ln p(s), in nats."""
        eta, weights = self._rule(self._log_joint, nodes)
        logs = self._log_joint(eta)
        largest = float(logs.max())
        return -largest - math.log(weights @ np.exp(logs - largest))

    def divergence(self, bias: float, nodes: int) -> float:
        """KL[q‖p(η|s)] for q with some bias, in nats."""
        evidence = -self.surprise(nodes)

        def ratio(eta: FloatArray) -> FloatArray:
            return self._log_law(bias, eta) - (self._log_joint(eta) - evidence)

        return self._expectation(bias, ratio, nodes)

    def free_energy(self, bias: float, nodes: int) -> float:
        """E_q[ln q(η) − ln p(η)] in closed form, less E_q[ln p(s|η)]; in nats."""
        accuracy = self._expectation(bias, self._log_likelihood, nodes)
        complexity: float = self.hidden.kl(bias, self.prior)
        return complexity - accuracy

    def terms(self, bias: float) -> float:
        """The size of what a free energy is summed from: what rounding is relative to; in nats."""
        expected = abs(self.hidden.mean(bias))
        seen = (abs(self.drive) + abs(self.coupling) * expected) * abs(self.state)
        return float(expected * (abs(bias) + abs(self.prior)) + seen)

    def _log_law(self, bias: float, eta: FloatArray) -> FloatArray:
        """The log density of a hidden state with a bias."""
        base = axis_rule(self.hidden, 2).log_base(np.asarray(eta, dtype=float))
        found: FloatArray = base + bias * eta - self.hidden.log_partition(bias)
        return found

    def _log_likelihood(self, eta: FloatArray) -> FloatArray:
        """The log density ln p(s|η)."""
        argument = self.drive + self.coupling * np.asarray(eta, dtype=float)
        base = axis_rule(self.seen, 2).log_base(np.asarray(self.state))
        found: FloatArray = base + argument * self.state - self.seen.log_partition(argument)
        return found

    def _log_joint(self, eta: FloatArray) -> FloatArray:
        return self._log_law(self.prior, eta) + self._log_likelihood(eta)

    def _mode(self, log_density: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Where a log density is largest; all that are asked for are concave."""
        from scipy.optimize import minimize_scalar

        axis = axis_rule(self.hidden, 2)
        if axis.discrete:
            return np.asarray(axis.nodes[np.argmax(log_density(axis.nodes))])

        def height(eta: float) -> float:
            return -float(log_density(np.asarray(eta)))

        if np.all(np.isfinite(axis.ends)):
            return np.asarray(minimize_scalar(height, bounds=axis.ends, method="bounded").x)
        mode = 0.0
        for _ in range(_ROUNDS):  # what is found is exact relative to how far it is away
            mode += float(minimize_scalar(lambda far, near=mode: height(near + far)).x)
        return np.asarray(mode)

    def _expectation(
        self, bias: float, values: Callable[[FloatArray], FloatArray], nodes: int
    ) -> float:
        """The expectation of a function of η under q with some bias.

        Far from 0 the logarithm of a density is a small difference of large numbers; what rounding
        leaves in it, divided by the sum of all weights, falls out.
        """
        eta, weights = self._rule(lambda eta: self._log_law(bias, eta), nodes)
        logs = self._log_law(bias, eta)
        masses = weights * np.exp(logs - logs.max())
        return float(masses @ values(eta) / masses.sum())

    def _rule(
        self, log_density: Callable[[FloatArray], FloatArray], nodes: int
    ) -> tuple[FloatArray, FloatArray]:
        """Gauss–Legendre nodes and weights between places where something bends or begins."""
        axis = axis_rule(self.hidden, 2)
        if axis.discrete:
            return axis.nodes, axis.weights
        mode = self._mode(log_density)
        edges, top = [float(mode)], log_density(mode) - _NEGLIGIBLE
        for side, end in zip((-1.0, 1.0), axis.ends, strict=True):
            width = 1e-6
            while abs(width) < abs(end - mode) and log_density(mode + side * width) > top:
                width *= 2.0
            edges.append(float(np.clip(mode + side * width, *axis.ends)))
        # φ of a strong coupling bends where the argument of what is seen changes its sign.
        bend = -self.drive / self.coupling if self.coupling else math.inf
        edges += [bend] if min(edges) < bend < max(edges) else []
        edges.sort()
        panel = axis_rule(ContinuousBernoulli(), nodes)
        centres, halves = np.add(edges[1:], edges[:-1]) / 2.0, np.diff(edges) / 2.0
        places = centres[:, None] + halves[:, None] * panel.nodes
        return places.ravel(), (halves[:, None] * panel.weights).ravel()


def pair_of(subject: Subject, target: int, source: int) -> GenerativePair:
    """A subparticle (hidden) and another that it drives (seen), all other states as they are."""
    arguments, coupling = subject.argument(subject.state), float(subject.scaled[target, source])
    back = float(subject.scaled[source, target])
    return GenerativePair(
        hidden=subject.distributions[source],
        seen=subject.distributions[target],
        prior=float(arguments[source] - back * subject.state[target]),
        drive=float(arguments[target] - coupling * subject.state[source]),
        coupling=coupling,
        state=float(subject.state[target]),
    )
