"""States behind Gaussian noise: their moments, against adaptive integration and in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

import deepparticle as dp
from deepparticle.agents.field_noise import noisy_moments, normal_nodes

CB, SPIN = dp.ContinuousBernoulli(), dp.Spin()


def integral(function: Any, argument: float, deviation: float) -> float:
    """The average over the noise, with the place where states turn over given as a hint."""
    turn = -argument / deviation
    value, _ = quad(
        lambda z: function(argument + deviation * z) * norm.pdf(z),
        -9.0,
        9.0,
        points=[turn] if abs(turn) < 8.9 else None,
        limit=2000,
        epsabs=1e-13,
        epsrel=1e-12,
    )
    return float(value)


@pytest.mark.parametrize("distribution", [CB, SPIN, dp.Gaussian(0.7)], ids=repr)
@pytest.mark.parametrize("deviation", [0.01, 0.3, 1.0, 3.0, 10.0, 40.0])
@pytest.mark.parametrize("argument", [-3.0, 0.0, 0.4, 8.0, 60.0])
def test_moments_are_the_integrals(distribution: Any, deviation: float, argument: float) -> None:
    moments = noisy_moments(distribution, np.array([argument]), np.array([deviation]))
    mean = integral(distribution.mean, argument, deviation)
    slope = integral(distribution.variance, argument, deviation)
    spread = integral(lambda x: (distribution.mean(x) - mean) ** 2, argument, deviation)
    assert moments.mean[0] == pytest.approx(mean, rel=1e-9, abs=1e-9)
    assert moments.slope[0] == pytest.approx(slope, rel=1e-9, abs=1e-9)
    assert moments.variance[0] == pytest.approx(slope + spread, rel=1e-9, abs=1e-9)


def test_gauss_hermite_with_as_many_nodes_is_worse() -> None:
    """Why the trapezoidal rule: for spins behind a noise of 10 nats, 1e-9 against 1e-3."""
    deviation, argument = 10.0, 0.4
    exact = integral(SPIN.mean, argument, deviation)
    nodes, weights = normal_nodes(deviation)
    roots, masses = np.polynomial.hermite_e.hermegauss(128)
    ours = float(weights @ SPIN.mean(argument + deviation * nodes))
    theirs = float(masses @ SPIN.mean(argument + deviation * roots) / masses.sum())
    assert abs(ours - exact) < 1e-9
    assert abs(theirs - exact) > 1e-4


@given(st.floats(-50.0, 50.0), st.floats(0.0, 30.0), st.sampled_from([CB, SPIN, dp.Gaussian(2.0)]))
def test_laws_of_the_moments(argument: float, deviation: float, distribution: Any) -> None:
    given_ = np.array([argument, -argument]), np.array([deviation, deviation])
    moments = noisy_moments(distribution, *given_)
    # Odd, as the distributions are symmetric.
    assert moments.mean[0] == pytest.approx(-moments.mean[1], abs=1e-9)
    # Noise adds to the variance what the mean varies by.
    assert np.all(moments.variance >= moments.slope - 1e-12)
    low, high = distribution.support
    assert low <= moments.mean[0] <= high
    if distribution is SPIN:  # its square is always 1
        assert moments.variance[0] == pytest.approx(1.0 - moments.mean[0] ** 2, abs=1e-9)
    if isinstance(distribution, dp.Gaussian):
        assert moments.mean[0] == pytest.approx(2.0 * argument, abs=1e-9)
        assert moments.variance[0] == pytest.approx(2.0 + 4.0 * deviation**2, rel=1e-8)


def test_without_noise_nothing_is_averaged() -> None:
    argument = np.linspace(-3.0, 4.0, 7)
    deviation = np.array([0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 0.5])
    moments, quiet = noisy_moments(CB, argument, deviation), deviation == 0.0
    np.testing.assert_array_equal(moments.mean[quiet], CB.mean(argument)[quiet])
    np.testing.assert_array_equal(moments.variance[quiet], CB.variance(argument)[quiet])
    np.testing.assert_array_equal(moments.slope[quiet], CB.variance(argument)[quiet])
    assert np.all(np.abs(moments.mean - CB.mean(argument))[~quiet] > 1e-3)
    # Each row with its own deviation, whatever the others have.
    alone = noisy_moments(CB, argument[3:4], deviation[3:4])
    assert moments.mean[3] == pytest.approx(alone.mean[0], abs=1e-9)


def test_very_large_noise_is_bounded_in_cost() -> None:
    nodes, weights = normal_nodes(1e9)
    assert len(nodes) == 8193
    assert weights.sum() == pytest.approx(1.0)
    # L is a jump; its mean is that of the sign, up to the spacing of the nodes.
    moments = noisy_moments(SPIN, np.array([1e9]), np.array([1e9]))
    assert moments.mean[0] == pytest.approx(2.0 * norm.cdf(1.0) - 1.0, abs=1e-3)
