"""Angles and recall, on networks whose answer is known."""

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.analysis import (
    angles_between,
    deviation_from_orthogonality,
    explained_variance,
    recall,
)


def ferromagnet(weight: float = 2.0, size: int = 6) -> dp.Simulator:
    return dp.Simulator(dp.from_couplings(weight * (1.0 - np.eye(size))))


def test_angles_leave_out_the_diagonal() -> None:
    angles = angles_between(np.eye(4))
    assert angles.shape == (6,)
    np.testing.assert_allclose(angles, 90.0)


def test_deviation_counts_acute_and_obtuse_angles_alike() -> None:
    assert deviation_from_orthogonality([[1.0, 0.0], [-1.0, 1e-9]]) == pytest.approx(90.0)
    assert deviation_from_orthogonality([[1.0, 0.0], [-1.0, 1.0]]) == pytest.approx(45.0)


def test_pairs_that_are_one_pattern_up_to_sign_can_be_left_out() -> None:
    states = [[1.0, 0.0], [-1.0, 1e-3], [1.0, 1.0]]
    assert deviation_from_orthogonality(states) == pytest.approx((90 + 45 + 45) / 3, abs=0.1)
    assert deviation_from_orthogonality(states, exclude=1.0) == pytest.approx(45.0, abs=0.1)


def test_without_pairs_there_is_no_deviation() -> None:
    assert np.isnan(deviation_from_orthogonality([[1.0, 0.0]]))


def test_explained_variance_is_a_squared_correlation() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 30))
    expected = [np.corrcoef(x, y)[0, 1] ** 2 for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(explained_variance(a, b), expected)
    np.testing.assert_allclose(explained_variance(-3 * a + 1, b), expected)
    assert explained_variance(np.ones(3), np.arange(3.0)) == 0.0


@pytest.mark.parametrize("reset", [False, True])
def test_recall_gains_on_a_stored_pattern_and_not_without_couplings(reset: bool) -> None:
    pattern = np.sign(np.random.default_rng(1).normal(size=40))
    stored = np.outer(pattern, pattern) * 0.3
    np.fill_diagonal(stored, 0.0)
    scores = []
    for couplings in (stored, np.zeros((40, 40))):
        simulator = dp.Simulator(dp.from_couplings(couplings))
        shown = recall(
            simulator, pattern[None], evidence_strength=1.0, trials=20, steps=50, reset=reset
        )
        assert shown.responses.shape == (20, 40)
        scores.append(shown.score)
    assert scores[0] > 0.3
    assert scores[1] < 0.05


def test_recall_leaves_the_simulator_as_it_is() -> None:
    simulator = ferromagnet()
    simulator.infer(steps=3)
    before = simulator.state
    recall(simulator, np.eye(6), evidence_strength=1.0, trials=3, steps=5)
    np.testing.assert_array_equal(simulator.state, before)
    assert simulator.time == 3


def test_noise_is_measured_in_deviations_of_the_pattern() -> None:
    patterns = 5.0 * np.random.default_rng(0).normal(size=(1, 4000))
    world = dp.Partition("wide")
    world.add_population("p", 4000)
    world.sense(world.add_external("shown"), "p")
    shown = recall(
        dp.Simulator(world), patterns, evidence_strength=0.0, noise=2.0, steps=1, trials=2
    )
    noise = (shown.noisy - shown.targets).std() / patterns.std()
    assert noise == pytest.approx(2.0, rel=0.05)
