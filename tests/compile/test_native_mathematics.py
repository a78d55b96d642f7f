"""Formulas of the native kernels: against the distributions, over every bias and uniform number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

import deepparticle as dp

pytest.importorskip("numba")

import numba

from deepparticle.compile.backends.native import lanes, mathematics, polynomials


def _applied(formula: Any, *arrays: Any) -> Any:
    """A formula over whole arrays, sixteen numbers at once and, once more, one at a time."""
    if len(arrays) == 1:

        @numba.njit
        def run(out: Any, single: Any, a: Any) -> None:
            for i in range(0, len(a), 16):
                lanes.store(out, i, formula(lanes.load(a, i)))
            for i in range(len(a)):
                single[i] = formula(a[i])
    else:

        @numba.njit
        def run(out: Any, single: Any, a: Any, b: Any) -> None:
            for i in range(0, len(a), 16):
                lanes.store(out, i, formula(lanes.load(a, i), lanes.load(b, i)))
            for i in range(len(a)):
                single[i] = formula(a[i], b[i])

    out, single = np.empty_like(arrays[0]), np.empty_like(arrays[0])
    run(out, single, *arrays)
    assert np.array_equal(out, single)
    return out


def _biases() -> Any:
    sizes = np.concatenate(
        [
            [0.0, 1e-300, 1e-30, 1.4999999, 1.5, 40.0, 43.6, 44.0, 87.0, 354.0, 372.0],
            np.logspace(-20, 6, 300),
            np.linspace(0.01, 60.0, 300),
        ]
    )
    return np.concatenate([sizes, -sizes])


def _grid(dtype: Any) -> tuple[Any, Any]:
    least = 2.0**-24 if dtype == "float32" else 2.0**-53
    uniforms = [0.0, least, 1e-6, 0.1, 0.3, 0.5, 0.7, 0.9, 1 - 1e-6, 1 - least]
    uniforms += np.random.default_rng(1).random(30).tolist()
    b, u = np.meshgrid(_biases(), uniforms)
    count = b.size // 16 * 16
    return b.ravel()[:count].astype(dtype), u.ravel()[:count].astype(dtype)


TOLERANCE = {"float64": 1e-13, "float32": 1e-6}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_quantile_of_continuous_bernoulli(dtype: str) -> None:
    b, u = _grid(dtype)
    found = _applied(lanes.formula(mathematics.continuous_bernoulli_quantile), b, u)
    expected = dp.ContinuousBernoulli().sample(b.astype(float), u.astype(float))
    assert np.max(np.abs(found - expected)) < TOLERANCE[dtype]
    assert np.all(np.abs(found) <= 1.0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_means(dtype: str) -> None:
    b, _ = _grid(dtype)
    for name, family in (
        ("continuous_bernoulli_mean", dp.ContinuousBernoulli()),
        ("spin_mean", dp.Spin()),
    ):
        found = _applied(lanes.formula(getattr(mathematics, name)), b)
        expected = family.mean(b.astype(float))
        assert np.max(np.abs(found - expected)) < TOLERANCE[dtype]
        assert np.all(np.abs(found) <= 1.0)
        small = np.abs(b) < 0.1  # there relative errors are small too
        error = np.abs(found - expected)[small] - 10 * TOLERANCE[dtype] * np.abs(expected[small])
        assert np.max(error) < 1e-37  # the least normal number of single precision


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_quantile_of_spins(dtype: str) -> None:
    b, u = _grid(dtype)
    found = _applied(lanes.formula(mathematics.spin_quantile), b, u)
    expected = dp.Spin().sample(b, u)
    # Where the uniform number is the probability to a rounding error, either state is right.
    probability = 1.0 / (1.0 + np.exp(np.minimum(2.0 * b.astype(float), 700.0)))
    clear = np.abs(u.astype(float) - probability) > 4 * np.finfo(dtype).eps * probability
    clear |= u == 0
    assert np.array_equal(found[clear], expected[clear])
    assert np.mean(clear) > 0.8


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_normal_quantile(dtype: str) -> None:
    step = np.finfo(dtype).epsneg
    u = np.concatenate([[0.0, 1.0], np.logspace(-16, -0.301, 7999), 1 - np.logspace(-16, -1, 7999)])
    u = u.astype(dtype)
    found = _applied(lanes.formula(mathematics.normal_quantile), u)
    expected = ndtri(np.clip(u, step, 1 - step).astype(float))
    assert np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected))) < TOLERANCE[dtype]


def test_no_bias_gives_no_number() -> None:
    # What has overflowed stays within the bounds; the field says that it has.
    b = np.array([np.inf, -np.inf, np.nan, 3e38] * 4, dtype=np.float32)
    u = np.full(16, 0.3, dtype=np.float32)
    for name in ("continuous_bernoulli_quantile", "spin_quantile"):
        assert np.all(np.abs(_applied(lanes.formula(getattr(mathematics, name)), b, u)) <= 1.0)


def test_fits_leave_a_rounding_error() -> None:
    def langevin_ratio(z: Any) -> Any:
        return dp.ContinuousBernoulli().mean(np.sqrt(z)) / np.sqrt(z)

    cases: tuple[tuple[str, Any, tuple[float, float]], ...] = (
        ("EXPM1", lambda r: np.expm1(r) / r, (-0.3466, 0.3466)),
        ("LANGEVIN", langevin_ratio, (1e-6, 2.25)),
    )
    for name, function, ends in cases:
        x = np.linspace(*ends, 1000)  # 0 is not among them
        for precision, bound in (("single", 6e-8), ("double", 4e-15)):
            fitted = np.polynomial.polynomial.polyval(x, getattr(polynomials, name)[precision])
            assert np.max(np.abs(fitted / function(x) - 1)) < bound
