"""Baselines against linear algebra."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.analysis import (
    hebbian_couplings,
    linear_reconstruction,
    principal_components,
    projection_couplings,
    reconstruct_from_components,
    retention,
    sanger_components,
)


def spread_patterns(count: int = 300, seed: int = 0) -> np.ndarray[Any, Any]:
    """Patterns whose variances along hidden axes are 9, 4, 1, .25, .25, .25."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    scale = np.array([3.0, 2.0, 1.0, 0.5, 0.5, 0.5])
    patterns: np.ndarray[Any, Any] = 1.0 + (rng.normal(size=(count, 6)) * scale) @ axes.T
    return patterns


def test_hebb_is_the_sum_of_outer_products() -> None:
    patterns = np.random.default_rng(0).normal(size=(3, 7))
    expected = np.sum([np.outer(x, x) for x in patterns], axis=0) / 7
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(hebbian_couplings(patterns), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(2, 8), st.integers(0, 2**16))
def test_the_projection_rule_is_a_projection_onto_the_patterns(
    count: int, size: int, seed: int
) -> None:
    patterns = np.random.default_rng(seed).normal(size=(count, size))
    J = projection_couplings(patterns, zero_diagonal=False)
    np.testing.assert_allclose(patterns @ J.T, patterns, atol=1e-8)
    np.testing.assert_allclose(J @ J, J, atol=1e-8)
    np.testing.assert_array_equal(J, J.T)
    assert np.trace(J) == pytest.approx(min(count, size))
    without = projection_couplings(patterns)
    np.testing.assert_array_equal(np.diag(without), 0.0)
    np.testing.assert_array_equal(without + np.diag(np.diag(J)), J)


def test_for_orthogonal_patterns_both_rules_are_one() -> None:
    from scipy.linalg import hadamard

    patterns = hadamard(8)[:3].astype(float)
    np.testing.assert_allclose(
        projection_couplings(patterns), hebbian_couplings(patterns), atol=1e-12
    )


def test_projection_keeps_correlated_patterns_that_hebb_confuses() -> None:
    rng = np.random.default_rng(3)
    patterns = np.sign(rng.normal(size=(12, 60)) + rng.normal(size=60))
    assert retention(projection_couplings(patterns), patterns).min() > 0.999
    assert retention(hebbian_couplings(patterns), patterns).mean() < 0.7


def test_principal_components_are_eigenvectors_of_the_covariance() -> None:
    patterns = spread_patterns()
    found = principal_components(patterns, 3)
    values, vectors = np.linalg.eigh(np.cov(patterns.T))
    np.testing.assert_allclose(found.variances, values[::-1][:3])
    cosines = np.abs(np.sum(found.vectors * vectors[:, ::-1].T[:3], axis=1))
    np.testing.assert_allclose(cosines, 1.0)
    np.testing.assert_allclose(found.mean, patterns.mean(axis=0))
    assert len(found) == 3


@pytest.mark.parametrize("seed", range(3))
def test_sangers_rule_converges_to_the_principal_components(seed: int) -> None:
    patterns = spread_patterns()
    exact = principal_components(patterns, 3)
    found = sanger_components(patterns, 3, learning_rate=1e-3, epochs=50, seed=seed)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1.0, atol=0.01)
    cosines = np.abs(np.sum(found.vectors * exact.vectors, axis=1))
    assert cosines.min() > 0.999
    np.testing.assert_allclose(found.variances, exact.variances, rtol=0.03)


def test_sangers_rule_that_runs_away_says_what_rate_it_bears() -> None:
    message = "sanger_components: the learning rate is well below ... (got 1, with which ... Mend: "
    with pytest.raises(dp.DivergenceError, match=says(message + "give learning_rate=")) as caught:
        sanger_components(spread_patterns(), 2, learning_rate=1.0)
    assert is_complete(caught.value)


def test_linear_reconstruction_is_least_squares() -> None:
    rng = np.random.default_rng(0)
    basis, noisy, mean = rng.normal(size=(3, 9)), rng.normal(size=(2, 5, 9)), rng.normal(size=9)
    found = linear_reconstruction(noisy, basis, mean=mean)
    weights = np.linalg.lstsq(basis.T, (noisy - mean).reshape(-1, 9).T, rcond=None)[0]
    np.testing.assert_allclose(found, (mean + (basis.T @ weights).T).reshape(2, 5, 9))
    np.testing.assert_allclose(linear_reconstruction(found, basis, mean=mean), found)
    doubled = np.concatenate([basis, basis])
    np.testing.assert_allclose(linear_reconstruction(noisy, doubled, mean=mean), found)


def test_all_components_together_change_nothing_but_noise_outside() -> None:
    patterns = spread_patterns(5)
    components = principal_components(patterns, 4)
    np.testing.assert_allclose(reconstruct_from_components(patterns, components), patterns)
    from sklearn.decomposition import PCA

    fitted = PCA(2).fit(patterns)
    noisy = patterns + 1.0
    expected = fitted.inverse_transform(fitted.transform(noisy))
    found = reconstruct_from_components(noisy, principal_components(patterns, 2))
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hebbian_couplings([1.0, 2.0]), "hebbian_couplings: patterns have shape (P, N)"),
        (lambda: projection_couplings(np.empty((0, 3))), "(P, N) (got shape (0, 3)). Mend: give"),
        (lambda: hebbian_couplings([[np.inf]]), "hebbian_couplings: a pattern is finite (got inf"),
        (
            lambda: principal_components(np.eye(3, 5), 4),
            "3 patterns of 5 states have at most 3 components (got count=4). Mend: give count ≤ 3",
        ),
        (
            lambda: sanger_components(np.eye(3), 0),
            "sanger_components: count is at least 1 (got 0)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, message: str) -> None:
    with pytest.raises(dp.SettingError, match=says(message)) as caught:
        call()
    assert is_complete(caught.value)
