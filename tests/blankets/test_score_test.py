"""The score test: its statistic by hand, its null law, its power, and what keeps it honest."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import deepparticle as dp
from deepparticle.blankets.score_test import (
    corrected,
    joint_statistics,
    score_statistics,
    two_sided,
)


def test_the_statistic_by_hand() -> None:
    r = np.array([[1.0], [-2.0], [0.5], [0.0]])
    v = np.array([[1.0], [1.0], [1.0], [0.0]])
    g = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, 0.0], [4.0, 2.0]])
    z = score_statistics(r, v, g, centre=False)
    # Σ r g = 2.5 and 2; Σ r²g² = 3.25 and 4, Σ v g² = 10 and 4.
    np.testing.assert_allclose(z, [[2.5 / np.sqrt(10.0), 2.0 / np.sqrt(4.0)]])
    centred = score_statistics(r, v, g)
    deviation = g - g.mean(axis=0)
    spread = np.maximum((r**2).T @ deviation**2, v.T @ deviation**2)
    np.testing.assert_allclose(centred, r.T @ deviation / np.sqrt(spread))


def test_what_does_not_vary_cannot_be_asked() -> None:
    r, v = np.ones((5, 1)), np.ones((5, 1))
    g = np.column_stack([np.full(5, 0.1), np.zeros(5), np.arange(5.0)])
    z = score_statistics(r, v, g)
    assert np.isnan(z[0, :2]).all()
    assert np.isfinite(z[0, 2])
    z = score_statistics(r, v, g, centre=False)
    assert np.isfinite(z[0, 0])
    assert np.isnan(z[0, 1])
    assert np.isnan(score_statistics(0.0 * r, 0.0 * v, g)).all()
    assert np.isnan(two_sided(np.array([np.nan, 1.0]))[0])


def test_the_null_law_is_normal() -> None:
    """Residuals whose variance moves with the function, as it does in a network."""
    rng = np.random.default_rng(0)
    z = []
    for _ in range(400):
        g = rng.normal(size=(500, 5))
        theta = g[:, :1] + 0.5
        family = dp.ContinuousBernoulli()
        states = family.sample(theta, rng.random(theta.shape))
        r, v = states - family.mean(theta), family.variance(theta)
        z.append(score_statistics(r, v, g)[0])
    found = np.concatenate(z)
    assert scipy.stats.kstest(found, "norm").pvalue > 0.001
    # 2000 statistics: a standard error of .005 of the rate, and of .016 of the deviation.
    assert abs(np.mean(two_sided(found) <= 0.05) - 0.05) < 0.02
    assert abs(np.std(found) - 1.0) < 0.05


def test_rare_events_that_have_not_come_yet_raise_no_alarm() -> None:
    """A spin that is nearly always up: its residual is a small constant until it flips.

    Normalised by what was observed alone, the statistic of a constant is √t as long as nothing
    happens; normalised by what was expected alone, it is far out when one event too many comes.
    """
    rng = np.random.default_rng(0)
    family = dp.Spin()
    theta = np.full((100, 1), 3.5)
    observed_alone, expected_alone, both = [], [], []
    for _ in range(2000):
        r = family.sample(theta, rng.random(theta.shape)) - family.mean(theta)
        v = family.variance(theta)
        total = float(r.sum())
        observed_alone.append(total / np.sqrt(float((r * r).sum())))
        expected_alone.append(total / np.sqrt(float(v.sum())))
        both.append(score_statistics(r, v, np.ones((100, 1)), centre=False)[0, 0])
    assert np.mean(np.abs(observed_alone) > 4.0) > 0.5
    assert np.mean(np.abs(expected_alone) > 4.0) > 0.001
    assert np.mean(np.abs(both) > 1.96) < 0.05
    assert np.max(np.abs(both)) < 3.0


def test_power_grows_with_the_number_of_transitions() -> None:
    rng = np.random.default_rng(0)
    mean = []
    for count in (100, 400, 1600, 6400):
        g = rng.normal(size=(count, 20))
        r = rng.normal(size=(count, 1)) + 0.1 * g[:, :1]
        z = score_statistics(r, np.ones((count, 1)), g)
        mean.append(z[0, 0])
        assert np.abs(z[0, 1:]).max() < 4.0
    # z ≈ .1 √t
    np.testing.assert_allclose(mean[2:], [4.0, 8.0], atol=2.5)


def test_joint_statistics_ask_for_shared_noise() -> None:
    rng = np.random.default_rng(0)
    r = rng.normal(size=(2000, 4))
    r[:, 3] = 0.3 * r[:, 0] + np.sqrt(1 - 0.09) * r[:, 3]
    z = joint_statistics(r, np.ones_like(r))
    np.testing.assert_array_equal(z, z.T)
    assert z[0, 3] > 8.0
    assert np.abs(z[[0, 0, 1, 1], [1, 2, 2, 3]]).max() < 3.5
    # Two that are never updated in the same step cannot be asked.
    odd = np.arange(2000)[:, None] % 2 == np.array([0, 1, 0, 0])
    z = joint_statistics(np.where(odd, r, 0.0), np.where(odd, 1.0, 0.0))
    assert np.isnan(z[0, 1])
    assert np.isfinite(z[0, 2])


@pytest.mark.parametrize("seed", range(5))
def test_corrections(seed: int) -> None:
    p = np.random.default_rng(seed).random(30) ** 2
    holm = corrected(p)
    # By its definition: step down from the least, as long as each is small enough for those left.
    order = np.argsort(p)
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for rank, index in enumerate(order.tolist()):
            if p[index] > level / (30 - rank):
                break
            rejected.add(index)
        assert set(np.flatnonzero(holm <= level).tolist()) == rejected
    np.testing.assert_array_equal(corrected(p, "none"), p)
    adjusted = corrected(p, "benjamini-hochberg")
    np.testing.assert_allclose(adjusted, scipy.stats.false_discovery_control(p))
    assert np.all(p <= adjusted + 1e-15)
    assert np.all(adjusted <= holm + 1e-15)
    assert corrected(np.zeros(0)).size == 0


def test_another_correction_is_refused() -> None:
    with pytest.raises(dp.SettingError) as caught:
        corrected(np.ones(3), "bonferoni")
    assert str(caught.value) == (
        "correction: the correction is one of 'holm', 'benjamini-hochberg', 'none' "
        "(got 'bonferoni'). Mend: use one of them."
    )
