"""What the derivation assumes, each with the question that a partition can answer about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.blankets.conditional import Delta
from deepparticle.blankets.errors import PartitionError
from deepparticle.derivation.subject import Subject

__all__ = ["ASSUMPTIONS", "Assumption"]

# Couplings that are asymmetric by rounding alone count as symmetric.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Assumption:
    """Something that the argument takes for granted from some step on.

    Parameters
    ----------
    name : str
    words : str
        What it says, in a sentence.
    latex : str
    holds : callable
        Whether it holds for a partition; None where a partition at rest cannot say, because it is
        about how it is run.
    """

    name: str
    words: str
    latex: str
    holds: Callable[[Subject], bool | None]


def _sparse(subject: Subject) -> bool:
    try:
        subject.world.check()
    except PartitionError:
        return False
    return True


def _all_deltas(subject: Subject) -> bool:
    return all(isinstance(one.conditional, Delta) for one in subject.boundaries)


def _continuous_bernoulli(subject: Subject) -> bool:
    return all(isinstance(kind, ContinuousBernoulli) for kind in subject.distributions)


def _symmetric(subject: Subject) -> bool:
    return subject.asymmetry <= _ROUNDING


def _equal_clocks(subject: Subject) -> bool:
    return subject.network.clocks_agree


def _of_the_run(subject: Subject) -> None:
    """A partition at rest does not say how it will be run."""


_ALL = (
    Assumption(
        "sparse flows",
        "the outside reaches the inside through sensory states only, and the inside reaches the "
        "outside through active states only, at every level",
        r"\dot\eta = f_\eta(\eta, s, a),\ \dot s = f_s(\eta, s, a),\ \dot a = f_a(s, a, \mu),\ "
        r"\dot\mu = f_\mu(s, a, \mu)",
        _sparse,
    ),
    Assumption(
        "independent fluctuations",
        "each state has a noise of its own, independent of all others",
        r"\omega_\eta \perp \omega_s \perp \omega_a \perp \omega_\mu",
        _of_the_run,
    ),
    Assumption(
        "complete coverage",
        "every internal state belongs to exactly one subparticle",
        r"\bigcup_i \pi_i = \mu",
        _sparse,
    ),
    Assumption(
        "continuous Bernoulli states",
        "internal states follow a continuous Bernoulli law on [−1, 1]",
        r"p(\sigma_i) \propto e^{b_i \sigma_i},\ \sigma_i \in [-1, 1]",
        _continuous_bernoulli,
    ),
    Assumption(
        "delta couplings",
        "a boundary state copies its source, scaled and without noise",
        r"p(s_{ij} \mid \sigma_j) = \delta(s_{ij} - J_{ij} \sigma_j)",
        _all_deltas,
    ),
    Assumption(
        "additive evidence",
        "what is sensed adds to the bias, and precision scales the sum",
        r"p(\sigma_i \mid s_i) \propto e^{\beta_i (b_i + u_i + \sum_j s_{ij}) \sigma_i}",
        _of_the_run,
    ),
    Assumption(
        "symmetric couplings",
        "precision times coupling is the same in both directions of every pair",
        r"\beta_i J_{ij} = \beta_j J_{ji}",
        _symmetric,
    ),
    Assumption(
        "equal clocks",
        "all subparticles update in the same steps",
        r"k_i = k",
        _equal_clocks,
    ),
    Assumption(
        "single-site updates",
        "one subparticle updates after another, and each sees the newest states",
        r"\sigma_i' \sim p(\sigma_i \mid \sigma'_{<i}, \sigma_{>i})",
        _of_the_run,
    ),
    Assumption(
        "frozen couplings",
        "nothing is learned meanwhile",
        r"\Delta J = 0",
        _of_the_run,
    ),
    Assumption(
        "constant evidence",
        "what the external states show does not change meanwhile",
        r"\dot u = 0",
        _of_the_run,
    ),
    Assumption(
        "steady state",
        "enough time has passed for the start to be forgotten",
        r"\dot p(\sigma) = 0",
        _of_the_run,
    ),
)

ASSUMPTIONS = {one.name: one for one in _ALL}
"""By name, in the order in which the argument meets them."""
