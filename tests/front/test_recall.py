"""Signed scores see what squared ones do not; networks are simulators or matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import deepparticle as dp
from deepparticle.analysis import (
    Recall,
    correlation,
    explained_variance,
    hebbian_couplings,
    recall,
)
from deepparticle.blankets._types import FloatArray


def test_correlation_is_pearsons_along_the_last_axis() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 3, 5, 30))
    expected = [
        [np.corrcoef(x, y)[0, 1] for x, y in zip(*rows, strict=True)]
        for rows in zip(a, b, strict=True)
    ]
    np.testing.assert_allclose(correlation(a, b), expected, rtol=1e-12)


def test_correlation_has_a_sign_and_no_scale() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 40))
    np.testing.assert_allclose(correlation(-3e-200 * a + 1e-200, b), -correlation(a, b))
    np.testing.assert_allclose(correlation(1e150 * a, b), correlation(a, b))


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e30, 1 / 3])
def test_what_is_constant_correlates_with_nothing(constant: float) -> None:
    """Also where the mean of equal numbers is not that number, to the last digit."""
    flat = np.full(7, constant)
    assert correlation(flat, np.arange(7.0)) == 0.0
    assert explained_variance(flat, np.arange(7.0)) == 0.0


@given(arrays(np.float64, (2, 6), elements=st.floats(-100, 100, width=16)))
def test_the_square_of_the_correlation_is_the_explained_variance(pair: FloatArray) -> None:
    r = correlation(*pair)
    assert -1.0 <= r <= 1.0
    np.testing.assert_allclose(r**2, explained_variance(*pair), atol=1e-9)


def test_signed_scores_punish_the_negative_of_a_pattern() -> None:
    target = np.random.default_rng(2).normal(size=(4, 100))
    noisy = target + np.random.default_rng(3).normal(size=(4, 100))
    shown = Recall(np.zeros(4, dtype=np.intp), target, noisy, -target)
    np.testing.assert_allclose(shown.output_variance, 1.0)
    np.testing.assert_allclose(shown.signed_output, -1.0)
    np.testing.assert_allclose(shown.signed_input**2, shown.input_variance)
    assert shown.score > 0.3
    assert shown.signed_scores == pytest.approx(np.median(-1.0 - shown.signed_input))


def test_signed_scores_have_the_axis_of_networks() -> None:
    patterns = dp.datasets.random_patterns(2, 30)
    couplings = np.stack([hebbian_couplings(patterns), np.zeros((30, 30))])
    shown = recall(couplings, patterns, evidence_strength=1.0, trials=6, steps=5)
    assert shown.signed_output.shape == (6, 2)
    assert shown.signed_scores.shape == (2,)


@pytest.mark.parametrize("reset", [False, True])
def test_a_matrix_is_as_good_as_its_simulator(reset: bool) -> None:
    patterns = dp.datasets.random_patterns(2, 30)
    couplings = hebbian_couplings(patterns)
    both = [
        recall(network, patterns, evidence_strength=0.5, trials=5, steps=8, reset=reset)
        for network in (couplings, dp.Simulator(dp.from_couplings(couplings)))
    ]
    np.testing.assert_array_equal(both[0].responses, both[1].responses)
