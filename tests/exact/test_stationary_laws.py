"""Schedules sample the stationary laws that are theirs, exactly (theory notes, section 3).

Two and three subparticles against quadrature: sequential and random schedules sample the Boltzmann
law, the synchronous one Little's. Means, second moments and correlations lie within four standard
errors, taken from independent chains; samples of one law are rejected under the other, by far.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from support.quadrature import Law, boltzmann, deviations, little

import deepparticle as dp
from deepparticle.blankets._types import FloatArray

CB, SPIN = dp.ContinuousBernoulli(), dp.Spin()
CHAINS, STEPS, BURN_IN = 400, 300, 60
SINGLE_SITE = ("sequential", "chromatic", "random")


@dataclass(frozen=True)
class Network:
    """A small network with symmetric K."""

    name: str
    distributions: tuple[dp.StateDistribution, ...]
    bias: tuple[float, ...]
    K: tuple[tuple[float, ...], ...]
    precision: tuple[float, ...]
    evidence: tuple[float, ...] = field(default=())

    @property
    def couplings(self) -> FloatArray:
        """J, for which diag(β) J = K."""
        result: FloatArray = np.array(self.K) / np.array(self.precision)[:, None]
        return result

    @property
    def drive(self) -> FloatArray:
        evidence = np.array(self.evidence) if self.evidence else 0.0
        result: FloatArray = np.array(self.precision) * (np.array(self.bias) + evidence)
        return result

    def law(self, schedule: str) -> Law:
        kind = little if schedule == "synchronous" else boltzmann
        return kind(self.distributions, self.drive, np.array(self.K))


def pair(k: float) -> tuple[tuple[float, ...], ...]:
    return ((0.0, k), (k, 0.0))


def triangle(k12: float, k13: float, k23: float) -> tuple[tuple[float, ...], ...]:
    return ((0.0, k12, k13), (k12, 0.0, k23), (k13, k23, 0.0))


NETWORKS = [
    Network("pair", (CB, CB), (0.5, -0.2), pair(2.0), (1.0, 1.0)),
    Network("mixed precision", (CB, CB), (0.4, 0.3), pair(-2.5), (0.4, 2.0), (1.0, -0.5)),
    Network("triangle", (CB, CB, CB), (0.2, 0.0, -0.4), triangle(2.0, -1.5, 1.0), (1.0,) * 3),
    Network(
        "chain with evidence",
        (CB, CB, CB),
        (0.1, -0.3, 0.2),
        triangle(2.2, 0.0, 1.8),
        (0.5, 1.0, 2.0),
        (0.8, 0.0, -0.3),
    ),
    Network("spins", (SPIN, SPIN, SPIN), (0.2, 0.0, -0.1), triangle(0.7, -0.5, 0.4), (1.0,) * 3),
    Network("spin and continuous", (SPIN, CB), (0.1, -0.2), pair(1.3), (0.8, 1.6), (0.3, 0.4)),
    Network("gaussian and continuous", (dp.Gaussian(0.5), CB), (0.3, 0.1), pair(1.2), (0.6, 1.0)),
]
SCHEDULES = ("synchronous", *SINGLE_SITE)

every_network = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


def correlation(states: FloatArray) -> float:
    """The correlation of two states, given as (samples, 2)."""
    x, y = states[:, 0] - states[:, 0].mean(), states[:, 1] - states[:, 1].mean()
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def world_of(network: Network) -> dp.Partition:
    world = dp.Partition(network.name)
    scene = world.add_external("scene")
    for row, distribution in enumerate(network.distributions):
        world.add_subparticle(
            str(row),
            bias=network.bias[row],
            distribution=distribution,
            precision=network.precision[row],
            state=-1.0 if distribution == SPIN else 0.0,
        )
    leaves: Any = world.subparticles
    for target, source in np.argwhere(np.array(network.K) != 0.0).tolist():
        world.couple(leaves[source], leaves[target], network.couplings[target, source])
    world.sense(scene, leaves)
    return world


@cache
def samples(network: Network, schedule: str) -> FloatArray:
    """States of shape (STEPS, CHAINS, N), after burn-in."""
    seed = [NETWORKS.index(network), SCHEDULES.index(schedule)]
    simulator = dp.Simulator(world_of(network), schedule=schedule, chains=CHAINS, seed=seed)
    evidence: ArrayLike | None = network.evidence or None
    return simulator.infer(evidence, STEPS, BURN_IN, record="states").states


# ---------------------------------------------------------------------- the laws


@every_network
@every_schedule
def test_samples_follow_the_law_of_their_schedule(network: Network, schedule: str) -> None:
    found = deviations(samples(network, schedule), network.law(schedule))
    for what, values in found.items():
        assert np.all(np.abs(values) < 4.0), f"{what}: {values} standard errors"


@every_network
@every_schedule
def test_samples_are_rejected_under_the_law_of_the_other_schedules(
    network: Network, schedule: str
) -> None:
    other = "sequential" if schedule == "synchronous" else "synchronous"
    found = deviations(samples(network, schedule), network.law(other))
    assert np.abs(found["second moments"]).max() > 15.0
    assert np.abs(found["correlations"]).max() > 15.0


@every_schedule
def test_a_small_error_in_the_couplings_is_noticed(schedule: str) -> None:
    # How sharp the test is: couplings that are wrong by a twentieth are rejected.
    network = NETWORKS[2]
    kind = little if schedule == "synchronous" else boltzmann
    wrong = kind(network.distributions, network.drive, 1.05 * np.array(network.K))
    found = deviations(samples(network, schedule), wrong)
    assert max(np.abs(values).max() for values in found.values()) > 5.0


@every_schedule
def test_the_objects_sample_the_same_law(schedule: str) -> None:
    network = NETWORKS[1]
    simulator = dp.Simulator(world_of(network), "objects", schedule, chains=100, seed=3)
    states = simulator.infer(network.evidence, 60, 20, record="states").states
    found = deviations(states, network.law(schedule))
    assert all(np.all(np.abs(values) < 4.0) for values in found.values())


# ---------------------------------------------------------------------- known values


def test_the_pair_is_correlated_in_single_site_schedules_alone() -> None:
    # Theory notes, section 5: .568 against .000.
    network = NETWORKS[0]
    assert network.law("sequential").correlations[0] == pytest.approx(0.568, abs=5e-4)
    assert network.law("synchronous").correlations[0] == pytest.approx(0.0, abs=1e-12)
    for schedule, expected in (("synchronous", 0.0), ("sequential", 0.568), ("random", 0.568)):
        states = samples(network, schedule).reshape(-1, 2)
        assert correlation(states) == pytest.approx(expected, abs=0.01)


def test_the_synchronous_law_can_have_the_wrong_signs() -> None:
    # A triangle with one positive pair that the two other couplings do not favour.
    network = NETWORKS[2]
    right, wrong = (network.law(schedule).correlations for schedule in ("random", "synchronous"))
    assert np.any(np.sign(right) != np.sign(wrong))


@pytest.mark.parametrize(("first", "expected"), [(0, 0.0), (1, 0.760)])
def test_with_asymmetric_couplings_the_law_depends_on_the_scan(first: int, expected: float) -> None:
    # Symmetric part 2, antisymmetric part 2: one coupling, of 4. Theory notes, section 3.
    K, bias = np.array([[0.0, 4.0], [0.0, 0.0]]), np.array([0.5, -0.2])
    order = [first, 1 - first]
    world = dp.from_couplings(K[np.ix_(order, order)], bias=bias[order])
    simulator = dp.Simulator(world, schedule="sequential", chains=CHAINS, seed=1)
    states = simulator.infer(None, STEPS, BURN_IN, record="states").states.reshape(-1, 2)
    assert correlation(states) == pytest.approx(expected, abs=0.01)
    symmetric = boltzmann((CB, CB), bias, 0.5 * (K + K.T))
    assert abs(expected - symmetric.correlations[0]) > 0.15


def test_mixed_precision_with_symmetric_couplings_breaks_the_law() -> None:
    # K = diag(β) J is not symmetric then; no Boltzmann law of a symmetrised K holds.
    J, beta = np.array(pair(2.5)), np.array([0.4, 2.0])
    world = dp.from_couplings(J, bias=[0.5, -0.2])
    simulator = dp.Simulator(world, schedule="sequential", chains=CHAINS, seed=1, precision=beta)
    states = simulator.infer(None, STEPS, BURN_IN, record="states").states
    K = beta[:, None] * J
    law = boltzmann((CB, CB), beta * np.array([0.5, -0.2]), 0.5 * (K + K.T))
    found = deviations(states, law)
    assert max(np.abs(values).max() for values in found.values()) > 15.0


# ---------------------------------------------------------------------- the quadrature itself


def test_spins_are_enumerated() -> None:
    law = boltzmann((SPIN, SPIN), np.array([0.3, 0.0]), np.array(pair(0.5)))
    states = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    weights = np.exp(0.3 * states[:, 0] + 0.5 * states.prod(axis=1))
    np.testing.assert_allclose(law.probabilities, weights / weights.sum(), atol=1e-15)
    np.testing.assert_array_equal(law.points, states)


def test_without_couplings_both_laws_are_those_of_single_states() -> None:
    kinds = (CB, SPIN, dp.Gaussian(0.5))
    c = np.array([0.7, -0.4, 1.2])
    for law in (boltzmann(kinds, c, np.zeros((3, 3))), little(kinds, c, np.zeros((3, 3)))):
        means = [kind.mean(float(bias)) for kind, bias in zip(kinds, c, strict=True)]
        variances = [kind.variance(float(bias)) for kind, bias in zip(kinds, c, strict=True)]
        np.testing.assert_allclose(law.mean, means, atol=1e-12)
        covariance = law.second_moments - np.outer(law.mean, law.mean)
        np.testing.assert_allclose(covariance, np.diag(variances), atol=1e-12)


def test_gaussian_boltzmann_laws_have_the_covariance_of_linear_algebra() -> None:
    kinds = (dp.Gaussian(0.5), dp.Gaussian(0.5))
    c, K = np.array([0.3, -0.2]), np.array(pair(1.1))
    law = boltzmann(kinds, c, K)
    covariance = np.linalg.inv(2.0 * np.eye(2) - K)
    np.testing.assert_allclose(law.mean, covariance @ c, atol=1e-9)
    np.testing.assert_allclose(
        law.second_moments - np.outer(law.mean, law.mean), covariance, atol=1e-9
    )


def test_little_is_invariant_under_a_synchronous_step() -> None:
    # ∫ p(σ) Π p(σ'_i | θ_i(σ)) dσ = p(σ'), on the nodes of the quadrature.
    network = NETWORKS[5]
    law = network.law("synchronous")
    theta = network.drive + law.points @ np.array(network.K).T
    log_kernel = np.zeros((len(law.points), len(law.points)))
    for row, kind in enumerate(network.distributions):
        log_kernel += np.outer(theta[:, row], law.points[:, row])
        log_kernel -= kind.log_partition(theta[:, row])[:, None]
    free = boltzmann(network.distributions, np.zeros(2), np.zeros((2, 2))).probabilities
    after = law.probabilities @ np.exp(log_kernel) * free
    np.testing.assert_allclose(after / after.sum(), law.probabilities, atol=1e-13)
