"""Simulation 3: three digits, learned in a fixed order, are walked through in that order.

A number is inside its band when |mean over n networks − reference| ≤ 4 sd / √n (theory notes,
sections 5 and 6). Dwells are complete ones. The reference holds for all three digits together: the
second is dwelt in for 5.3 steps, the others for 3.0.
"""

from dataclasses import dataclass

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.analysis import (
    Attractors,
    SequenceStatistics,
    antisymmetric_part,
    asymmetry,
    attractors_of_each,
    limit_cycles,
    sequence_statistics,
    symmetric_part,
)
from deepparticle.blankets._types import FloatArray

pytestmark = pytest.mark.slow

NETWORKS = 8
CHAINS = 20
DIGITS = dp.datasets.digits().train[1:4]


@dataclass(frozen=True, eq=False)
class Networks:
    """What several networks learned, and how they run freely from random starts."""

    couplings: FloatArray
    runs: list[SequenceStatistics]
    pooled: SequenceStatistics
    attractors: list[Attractors]


@pytest.fixture(scope="module")
def networks() -> Networks:
    size = DIGITS.shape[1]
    world = dp.from_couplings(np.zeros((size, size)), name="sequence")
    seeds = list(range(NETWORKS))
    simulator = dp.Simulator(world, networks=NETWORKS, seed=seeds)
    simulator.learn(
        DIGITS,
        20.0,
        epochs=2000,
        steps=1,
        order="cyclic",
        learning_rate=1e-3,
        precision=1.0,
        record=(),
    )
    free = simulator.fork(chains=CHAINS, seed=[100 + seed for seed in seeds])
    starts = np.random.default_rng(0).uniform(-1, 1, size=(NETWORKS, CHAINS, size))
    states = free.infer(steps=600, burn_in=60, start=starts, record="states").states
    return Networks(
        simulator.couplings,
        [sequence_statistics(states[:, each], DIGITS) for each in range(NETWORKS)],
        sequence_statistics(states, DIGITS),
        attractors_of_each(symmetric_part(simulator), dp.ContinuousBernoulli().mean(0.1 * DIGITS)),
    )


def assert_inside(values: FloatArray, reference: float, deviation: float) -> None:
    assert abs(values.mean() - reference) <= 4 * deviation / np.sqrt(NETWORKS), values


def test_the_couplings_are_as_asymmetric_as_published(networks: Networks) -> None:
    assert_inside(asymmetry(networks.couplings), 0.9813, 0.0021)
    norms = [
        np.linalg.norm(part(networks.couplings), axis=(1, 2))
        for part in (symmetric_part, antisymmetric_part)
    ]
    np.testing.assert_allclose(np.hypot(*norms), np.linalg.norm(networks.couplings, axis=(1, 2)))


def test_the_digits_follow_in_the_trained_order(networks: Networks) -> None:
    # About one transition in ten thousand is a flicker, one step back and forth again.
    pooled = networks.pooled
    assert pooled.transitions.sum() > 20_000
    assert pooled.forward >= 0.999
    assert pooled.backward <= 0.001
    assert np.trace(pooled.transitions) == 0


def test_a_digit_is_dwelt_in_for_several_steps(networks: Networks) -> None:
    assert_inside(np.array([run.mean_dwell for run in networks.runs]), 3.7, 0.1)


def test_the_period_is_that_of_three_dwells_not_of_three_steps(networks: Networks) -> None:
    # Three dwells of deviation .1 each.
    assert_inside(np.array([run.mean_period for run in networks.runs]), 11.4, 0.3)
    assert_inside(np.array([run.dominant_period for run in networks.runs]), 11.4, 0.3)
    for run in networks.runs:
        assert run.mean_period == pytest.approx(3 * run.mean_dwell, rel=0.01)
        assert run.dominant_period == pytest.approx(run.mean_period, rel=0.01)
        assert run.revival > 0.75


def test_half_of_the_starts_run_the_inverted_cycle(networks: Networks) -> None:
    pooled = networks.pooled
    assert abs(pooled.inverted_runs - 0.5) <= 4 * 0.5 / np.sqrt(NETWORKS * CHAINS)
    assert set(np.unique(pooled.inverted)) == {0.0, 1.0}
    assert pooled.sign_flips.sum() == 0


def test_the_symmetric_part_has_an_attractor_near_each_digit(networks: Networks) -> None:
    similarity = []
    for found in networks.attractors:
        assert found.of_start.tolist() == [0, 1, 2]
        similarity.append(np.diagonal(np.corrcoef(found.states, DIGITS)[:3, 3:]))
    # The reference has two digits.
    np.testing.assert_allclose(np.mean(similarity, axis=0), [0.93, 0.91, 0.90], atol=0.0055)


def test_without_noise_no_run_comes_to_rest(networks: Networks) -> None:
    # Some close after 11 steps, or after some turns of eleven and a bit; most drift round a torus.
    for couplings in networks.couplings:
        found = limit_cycles(couplings, 20, longest=64, max_steps=2048)
        assert np.all(found.periods > 10)
        assert not found.self_inverse.any()
