"""Capacity of rules whose capacity is known, and of learning by free energy."""

from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.analysis import (
    CapacityCurve,
    capacity_curve,
    hebbian_couplings,
    learned_couplings,
    projection_couplings,
    retention,
)
from deepparticle.blankets._types import FloatArray


def hebb(patterns: FloatArray, seed: int) -> FloatArray:
    return hebbian_couplings(patterns)


def projection(patterns: FloatArray, seed: int) -> FloatArray:
    return projection_couplings(patterns)


def hebbian_spins(patterns: FloatArray, seed: int) -> dp.Simulator:
    """A Hopfield network: at a precision of 100 or more the mean of a spin is a sign."""
    world = dp.from_couplings(hebbian_couplings(patterns), distribution=dp.Spin())
    return dp.Simulator(world, seed=seed)


def fep(patterns: FloatArray, seed: int) -> FloatArray:
    return learned_couplings(patterns, backend="numpy", seed=seed)


def test_a_hopfield_network_forgets_beyond_a_load_of_014() -> None:
    curve = capacity_curve(
        hebbian_spins, [10, 20, 50], 200, repeats=2, retention_precision=1e4, precision=10.0
    )
    np.testing.assert_allclose(curve.loads, [0.05, 0.1, 0.25])
    kept = curve.mean()
    assert kept[0] > 0.999
    assert kept[1] > 0.98  # the theory of large N: .996 (Amit et al. 1985)
    assert kept[2] < 0.6
    assert curve.capacity() == 0.1


@pytest.mark.slow
def test_the_breakdown_is_at_014_for_large_networks() -> None:
    """Overlap .97 below and about .35 above .138, in the limit; N = 1500 smears the jump."""
    counts = [180, 270]  # loads .12 and .18
    below, above = capacity_curve(
        hebbian_spins, counts, 1500, repeats=1, retention_precision=1e4, precision=10.0
    ).mean()
    assert below > 0.98
    assert above < 0.6


def test_the_projection_rule_keeps_what_is_independent() -> None:
    curve = capacity_curve(projection, [10, 40, 60, 80], 80, repeats=2, backend="numpy")
    assert np.all(curve.mean()[:3] > 0.999)
    # As many patterns as states span everything: nothing but the diagonal is left.
    assert curve.mean()[3] == 0.0
    assert curve.capacity(0.99) == 0.75


def test_learning_by_free_energy_keeps_half_as_many_patterns_as_states() -> None:
    curve = capacity_curve(fep, [8, 40], 80, repeats=1, backend="numpy")
    assert np.all(curve.retention > 0.99)
    assert curve.mean("reconstruction")[0] > 0.9
    assert np.all(curve.reconstruction > curve.noisy + 0.1)


def test_of_several_settings_each_load_has_the_best() -> None:
    settings: dict[str, Any] = {"repeats": 2, "backend": "numpy", "seed": 4}
    several = capacity_curve(
        projection, [4, 30], 60, precision=[2.0, 10.0], evidence_strength=[0.1, 1.0], **settings
    )
    single = {
        (beta, strength): capacity_curve(
            projection, [4, 30], 60, precision=beta, evidence_strength=strength, **settings
        ).reconstruction
        for beta in (2.0, 10.0)
        for strength in (0.1, 1.0)
    }
    for place in range(2):
        means = {pair: rows[place].mean() for pair, rows in single.items()}
        best = max(means, key=means.__getitem__)
        assert (several.precision[place], several.evidence_strength[place]) == best
        np.testing.assert_array_equal(several.reconstruction[place], single[best][place])


def test_a_curve_is_retention_and_reconstruction_of_random_patterns() -> None:
    seen: list[FloatArray] = []

    def remember(patterns: FloatArray, seed: int) -> FloatArray:
        seen.append(patterns)
        return hebbian_couplings(patterns)

    curve = capacity_curve(remember, [3, 9], 40, repeats=2, backend="numpy", noise=0.5)
    assert [patterns.shape for patterns in seen] == [(3, 40), (3, 40), (9, 40), (9, 40)]
    assert np.any(seen[0] != seen[1])
    assert curve.counts.tolist() == [3, 9]
    for number, patterns in enumerate(seen):
        kept = retention(hebbian_couplings(patterns), patterns).mean()
        assert curve.retention.ravel()[number] == pytest.approx(kept)
        error = 1.0 / np.sqrt(patterns.size)
        assert abs(curve.noisy.ravel()[number] - 1 / np.sqrt(1.25)) < 4 * error
    assert curve.deviation().shape == (2,)
    again = capacity_curve(hebb, [3, 9], 40, repeats=2, backend="numpy", noise=0.5)
    np.testing.assert_array_equal(again.reconstruction, curve.reconstruction)


def test_the_capacity_is_the_last_load_before_the_first_failure() -> None:
    counts = np.array([10, 20, 30])
    one = np.ones(3)

    def curve(*kept: float) -> CapacityCurve:
        rows = np.array(kept)[:, None]
        return CapacityCurve(100, counts, rows, rows, rows, one, one)

    assert curve(1.0, 0.95, 0.4).capacity() == 0.2
    assert curve(1.0, 0.4, 0.95).capacity() == 0.1
    assert curve(1.0, 0.95, 0.91).capacity(0.9, "reconstruction") == 0.3
    assert curve(0.1, 0.1, 0.1).capacity() == 0.0
    assert np.isnan(curve(1.0, 1.0, 1.0).deviation()).all()


def test_learned_couplings_are_those_of_a_simulator_that_learns() -> None:
    patterns = dp.datasets.random_patterns(3, 20)
    simulator = dp.Simulator(dp.from_couplings(np.zeros((20, 20))), seed=5)
    simulator.learn(patterns, 4.0, 30, 6, reset=True, precision=0.5, learning_rate=0.02, record=())
    found = learned_couplings(
        patterns,
        evidence_strength=4.0,
        precision=0.5,
        learning_rate=0.02,
        epochs=30,
        steps=6,
        backend="numpy",
        seed=5,
    )
    np.testing.assert_array_equal(found, simulator.couplings)


def test_every_network_learns_with_a_seed_of_its_own() -> None:
    seeds: list[int] = []

    def remember(patterns: FloatArray, seed: int) -> FloatArray:
        seeds.append(seed)
        return hebbian_couplings(patterns)

    capacity_curve(remember, [2, 3], 10, repeats=3, backend="numpy")
    assert len(set(seeds)) == 6


@pytest.mark.parametrize("counts", [[], [5, 5], [10, 5]])
def test_counts_ascend(counts: list[int]) -> None:
    message = f"capacity_curve: counts ascend (got {counts}). Mend: give counts=[5, 10, 20]"
    with pytest.raises(dp.SettingError, match=says(message)) as caught:
        capacity_curve(hebb, counts, 20)
    assert is_complete(caught.value)


def test_without_couplings_nothing_is_kept_and_noise_is_passed_on() -> None:
    def nothing(patterns: FloatArray, seed: int) -> FloatArray:
        return np.zeros((40, 40))

    curve = capacity_curve(nothing, [3], 40, repeats=1, backend="numpy")
    assert curve.retention[0, 0] == 0.0
    # Saturation costs part of what the noisy input tells.
    assert 0.8 * curve.noisy[0, 0] < curve.reconstruction[0, 0] < curve.noisy[0, 0]
