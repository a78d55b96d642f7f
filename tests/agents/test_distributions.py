"""State distributions: exact values first, then the laws that every family obeys.

The exact values come from mpmath, with as many digits as the differences in them cancel.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.gaussian import Gaussian
from deepparticle.agents.registry import distribution_named, register_distribution
from deepparticle.agents.spin import Spin
from deepparticle.blankets.errors import SettingError, SettingTypeError

Array = NDArray[np.floating[Any]]


@register_distribution
@dataclasses.dataclass(frozen=True)
class Ternary(StateDistribution):
    """A fourth family, states -1, 0 and 1: what the recipe asks for, and no more."""

    kind: ClassVar[str] = "ternary"
    support = (-1.0, 1.0)

    def _log_partition(self, b: Array) -> Array:
        return np.logaddexp(np.logaddexp(b, -b), 0)

    def _mean(self, b: Array) -> Array:
        e = np.exp(-np.abs(b))
        mean: Array = np.copysign(np.expm1(-2 * np.abs(b)) / (1 + e + e * e), b)
        return mean

    def _variance(self, b: Array) -> Array:
        e = np.exp(-np.abs(b))
        variance: Array = e * (1 + 4 * e + e * e) / (1 + e + e * e) ** 2
        return variance

    def _sample(self, b: Array, u: Array) -> Array:
        low = np.exp(-b - self._log_partition(b))
        zero = np.exp(-self._log_partition(b))
        states: Array = np.heaviside(u - low, 1) + np.heaviside(u - (low + zero), 1) - 1
        return states


CONTINUOUS = ContinuousBernoulli()
FAMILIES = [CONTINUOUS, Spin(), Gaussian(), Gaussian(2.5), Ternary()]
METHODS = ["log_partition", "mean", "variance", "entropy"]

every_family = pytest.mark.parametrize("family", FAMILIES, ids=repr)


@pytest.fixture(autouse=True)
def strict_arithmetic() -> Iterator[None]:
    """Nothing overflows, divides by zero or becomes invalid on the way to a finite value."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


# ---------------------------------------------------------------------- exact values


def _digits(*differences: float) -> int:
    """Decimal digits that survive a Taylor remainder of second order in each difference."""
    small = [-math.log10(abs(x)) for x in differences if x]
    return 60 + 2 * math.ceil(max([0.0, *small]))


def _exact(family: StateDistribution) -> tuple[Callable[[Any], Any], ...]:
    """Log-partition, mean and variance of an mpmath number, as the books write them."""
    cosh, sinh = mpmath.cosh, mpmath.sinh
    if isinstance(family, ContinuousBernoulli):
        return (
            lambda b: mpmath.log(2 * sinh(b) / b) if b else mpmath.log(2),
            lambda b: mpmath.coth(b) - 1 / b if b else mpmath.mpf(0),
            lambda b: 1 / b**2 - mpmath.csch(b) ** 2 if b else mpmath.mpf(1) / 3,
        )
    if isinstance(family, Spin):
        return lambda b: mpmath.log(2 * cosh(b)), mpmath.tanh, lambda b: mpmath.sech(b) ** 2
    if isinstance(family, Gaussian):
        v = mpmath.mpf(family.base_variance)
        return (
            lambda b: (v * b**2 + mpmath.log(2 * mpmath.pi * v)) / 2,
            lambda b: v * b,
            lambda b: v,
        )
    return (
        lambda b: mpmath.log(1 + 2 * cosh(b)),
        lambda b: 2 * sinh(b) / (1 + 2 * cosh(b)),
        lambda b: (2 * cosh(b) + 4) / (1 + 2 * cosh(b)) ** 2,
    )


def _exact_entropy(family: StateDistribution, b: Any) -> Any:
    log_partition, mean, variance = _exact(family)
    value = log_partition(b) - b * mean(b)
    if isinstance(family, Gaussian):
        value += (variance(b) + mean(b) ** 2) / (2 * mpmath.mpf(family.base_variance))
    return value


def _exact_kl(family: StateDistribution, q: float, b: float) -> Any:
    log_partition, mean, _ = _exact(family)
    with mpmath.workdps(_digits(q - b, q, b) + min(400, int(2 * min(abs(q), abs(b))))):
        x, y = mpmath.mpf(q), mpmath.mpf(b)
        return (x - y) * mean(x) - log_partition(x) + log_partition(y)


def biases() -> Array:
    """Zero, every magnitude from 1e-300 to 1e6, and the seams between formulas; both signs."""
    seams = np.array([1e-17, 0.5, 1.0, 3.0, np.pi, 8.0, 40.0, 354.0, 373.0, 710.0])
    magnitudes = np.concatenate(
        [
            np.logspace(-300, -4, 75),
            np.logspace(-4, 6, 160),
            np.linspace(0.1, 45, 150),
            seams,
            np.nextafter(seams, 0),
        ]
    )
    return np.concatenate([[0.0, -0.0], magnitudes, -magnitudes])


def _relative_error(values: Array, exact: list[Any]) -> Array:
    """Relative to the exact value, or to the smallest normal number where it underflows."""
    floor = mpmath.mpf(np.finfo(values.dtype).tiny) * 1e8
    pairs = zip(values.tolist(), exact, strict=True)
    return np.array([float(abs(x - y) / max(abs(y), floor)) for x, y in pairs])


@every_family
@pytest.mark.parametrize("index", range(3), ids=METHODS[:3])
def test_cumulants_are_exact(family: StateDistribution, index: int) -> None:
    b = biases()
    exact = []
    for x in b.tolist():
        with mpmath.workdps(_digits(x)):
            exact.append(_exact(family)[index](mpmath.mpf(x)))
    assert _relative_error(getattr(family, METHODS[index])(b), exact).max() <= 1e-12


@every_family
def test_entropy_is_exact(family: StateDistribution) -> None:
    b = biases() if not isinstance(family, Ternary) else np.linspace(-30, 30, 100)
    for x, value in zip(b.tolist(), family.entropy(b).tolist(), strict=True):
        with mpmath.workdps(_digits(x)):
            exact = _exact_entropy(family, mpmath.mpf(x))
        assert abs(value - exact) <= 1e-12 * max(1, abs(exact)), x


def test_entropy_counts_the_base_measure() -> None:
    class PairOfSpins(Ternary):
        """Half the sum of two spins: 0 comes about in two ways, m(x) = 1, 2, 1."""

        def _log_partition(self, b: Array) -> Array:
            return 2 * np.logaddexp(b / 2, -b / 2)

        def _mean(self, b: Array) -> Array:
            return np.tanh(b / 2)

        def _expected_log_base(self, b: Array) -> Array:
            weight: Array = np.log(2) / (1 + np.cosh(b))
            return weight

    for b in (-3.0, 0.0, 0.4, 7.0):
        p = np.array([math.exp(-b), 2.0, math.exp(b)])
        p /= p.sum()
        assert PairOfSpins().entropy(b) == pytest.approx(-(p @ np.log(p)), rel=1e-13)


def _pairs(family: StateDistribution) -> list[tuple[float, float]]:
    """Pairs of biases: on all scales, a small step apart, and on both sides of each seam."""
    magnitudes = [0.0, 1e-300, 1e-160, 1e-100, 1e-30, 1e-12, *np.logspace(-8, 6, 29).tolist()]
    magnitudes += [1.5, 2.9, 3.1, 5.0, 7.9, 8.1, 20.0, 39.0, 300.0, 340.0, 360.0, 400.0]
    pairs = [(q, side * b) for q in magnitudes for b in magnitudes for side in (1, -1)]
    for q in magnitudes:
        for step in (1e-15, 1e-12, 1e-8, 1e-4, 0.01, 0.3, 0.45, 0.49, 0.51, 0.9):
            pairs += [(q, q * (1 + step)), (q, q * (1 - step)), (q, q / (1 - step))]
        for step in (1e-150, 1e-15, 1e-12, 1e-8, 1e-4, 0.01, 0.5, 1.0, 1.99, 2.01, 3.0, 8.0):
            pairs += [(q, q + step), (q, q - step)]
    if isinstance(family, Ternary):  # the generic forms alone: no promise for saturated states
        pairs = [(q, b) for q, b in pairs if max(abs(q), abs(b)) < 5]
    return pairs if isinstance(family, ContinuousBernoulli) else pairs[::3]


@every_family
def test_divergence_is_exact(family: StateDistribution) -> None:
    q, b = np.array(_pairs(family)).T
    values = family.kl(q, b)
    exact = [_exact_kl(family, *pair) for pair in zip(q.tolist(), b.tolist(), strict=True)]
    assert (values >= 0).all()
    assert _relative_error(values, exact).max() <= 1e-12
    np.testing.assert_array_equal(family.kl(-q, -b), values)


def uniforms() -> Array:
    """The ends, their neighbours, and all between."""
    lower = np.concatenate([[0.0, 5e-324, 1e-310], np.logspace(-300, -1, 40)])
    middle = np.random.default_rng(1).random(40)
    upper = 1 - np.concatenate([2.0 ** -np.arange(1, 54), np.logspace(-9, -1, 9), [0.0]])
    return np.concatenate([lower, middle, upper])


def test_continuous_quantiles_are_exact() -> None:
    magnitudes = [0.0, 1e-300, 1e-100, 1e-18, 1e-16, 1e-9, 1e-4, *np.logspace(-3, 2, 26).tolist()]
    magnitudes += [39.99, 40.0, 40.01, 300.0, 353.0, 356.0, 365.0, 373.0, 380.0, 744.0, 1e3, 1e6]
    u = uniforms()
    assert len(u) > 100
    for b in [sign * x for x in magnitudes for sign in (1, -1)]:
        values = CONTINUOUS.sample(np.full_like(u, b), u)
        assert (np.abs(values) <= 1).all()
        for r, value in zip(u.tolist(), values.tolist(), strict=True):
            with mpmath.workdps(340 if min(abs(b) or 1, r) < 1e-30 else 60):
                x, y = mpmath.mpf(b), mpmath.mpf(r)
                if b == 0:
                    exact = 2 * y - 1
                elif abs(b) < 500 or r >= 1e-100:
                    exact = mpmath.log(y * mpmath.exp(x) + (1 - y) * mpmath.exp(-x)) / x
                else:  # e^-2b is nothing beside the least positive uniform number
                    exact = 1 + mpmath.log(y) / x if r and b > 0 else mpmath.mpf(-1)
                assert abs(value - exact) <= 1e-15, (b, r)


def test_spin_quantiles_jump_where_they_should() -> None:
    b = np.linspace(-20, 20, 81)
    threshold = np.array([float(1 / (1 + mpmath.exp(2 * x))) for x in b.tolist()])
    spin = Spin()
    assert (spin.sample(b, threshold * (1 - 1e-14)) == -1).all()
    assert (spin.sample(b, threshold * (1 + 1e-14) + 1e-16) == 1).all()
    np.testing.assert_array_equal(spin.sample(np.array([-1e6, 1e6]), 0.0), [-1, 1])


def test_gaussian_quantiles_are_exact_and_finite() -> None:
    state, step = Gaussian(4.0), 2.0**-53
    for r in [step, 1e-15, 1e-9, 1e-3, 0.02425, 0.3, 0.5, 0.7, 0.97575, 1 - 1e-9, 1 - step]:
        with mpmath.workdps(40):
            exact = 2 + 2 * mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(r) - 1)
        assert abs(state.sample(0.5, r) - exact) <= 4e-15 * max(1, abs(exact)), r
    # A uniform number of 0 stands for all below the least step of a generator: it is no outlier.
    assert state.sample(1.0, 0.0) == state.sample(1.0, step) > -13
    assert state.sample(1.0, 1.0) == state.sample(1.0, 1 - step) < 21
    single = state.sample(np.zeros(2, np.float32), np.array([0, 1], np.float32))
    assert single.tolist() == pytest.approx([-10.6, 10.6], abs=0.1)


# ---------------------------------------------------------------------- laws of every family

bias_values = st.floats(-60, 60)
uniform_values = st.integers(0, 2**53).map(lambda k: k / 2**53)
families = st.sampled_from(FAMILIES)
quick = settings(deadline=None)  # a busy machine is no failure
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


@quick
@given(families, bias_values, st.floats(-1, 1))
def test_mean_and_variance_are_derivatives(
    family: StateDistribution, b: float, step: float
) -> None:
    path = b + step * (1 + _NODES) / 2
    for whole, slope in ((family.log_partition, family.mean), (family.mean, family.variance)):
        rise = whole(b + step) - whole(b)
        scale = abs(whole(b)) + abs(whole(b + step)) + 1
        assert abs(rise - step / 2 * (_WEIGHTS @ slope(path))) <= 1e-13 * scale


@quick
@given(families, bias_values, bias_values)
def test_divergence_is_never_negative_and_zero_only_at_home(
    family: StateDistribution, q: float, b: float
) -> None:
    assert family.kl(q, q) == 0
    assert family.kl(q, b) >= 0
    if abs(q - b) > 1e-3 and max(abs(q), abs(b)) < 10:
        assert family.kl(q, b) > 0


@quick
@given(families, bias_values, uniform_values, uniform_values)
def test_quantiles_rise(family: StateDistribution, b: float, low: float, high: float) -> None:
    first, second = (family.sample(b, u) for u in sorted((low, high)))
    assert first <= second + 1e-15 * max(1, abs(second))


@quick
@given(families, bias_values, uniform_values)
def test_mirror(family: StateDistribution, b: float, r: float) -> None:
    mirrored = -family.sample(-b, 1 - r)
    if isinstance(family, ContinuousBernoulli | Gaussian):
        assert mirrored == pytest.approx(family.sample(b, r), rel=1e-13, abs=2e-15)
    else:  # at a jump, the two may stand on different sides of it
        assert family.sample(b, r - 1e-15) <= mirrored <= family.sample(b, r + 1e-15)
    assert family.mean(-b) == -family.mean(b)
    for even in (family.log_partition, family.variance, family.entropy):
        assert even(-b) == even(b)


@every_family
@pytest.mark.parametrize("b", [0.0, 0.3, -2.0, 7.0, -50.0])
def test_quantiles_have_the_declared_moments(family: StateDistribution, b: float) -> None:
    states = family.sample(b, (np.arange(20_000) + 0.5) / 20_000)
    assert abs(states.mean() - family.mean(b)) <= 1e-4
    assert abs(states.var() - family.variance(b)) <= 1e-3
    low, high = family.support
    assert low <= states.min() <= states.max() <= high


@quick
@given(st.floats(-1e6, 1e6))
def test_langevin_doubles(b: float) -> None:
    doubled = CONTINUOUS.mean(b) / 2 + math.tanh(b) / 2
    assert CONTINUOUS.mean(2 * b) == pytest.approx(doubled, rel=4e-15, abs=1e-320)


def test_the_expansion_finds_the_poles_of_coth() -> None:
    from deepparticle.agents.continuous_bernoulli import _POLES, _WEIGHTS

    poles, weights = _POLES[::-1], _WEIGHTS[::-1]
    np.testing.assert_allclose(poles[:3], np.pi**2 * np.array([1, 4, 9]), rtol=1e-9)
    np.testing.assert_allclose(weights[:3], 2, rtol=1e-6)
    for k in range(1, 8):  # its moments are the coefficients of the power series
        moment = (weights / poles**k).sum()
        exact = 2 * mpmath.zeta(2 * k) / mpmath.pi ** (2 * k)
        assert moment == pytest.approx(float(exact), rel=1e-13)


# ---------------------------------------------------------------------- numbers and arrays


@every_family
def test_numbers_and_arrays_agree(family: StateDistribution) -> None:
    b = biases()
    u = np.random.default_rng(2).random(b.size)
    u[::7] = 0.0
    for name in METHODS:
        values = getattr(family, name)(b)
        one_by_one = [getattr(family, name)(x) for x in b.tolist()]
        assert {type(x) for x in one_by_one} == {float}
        np.testing.assert_allclose(one_by_one, values, rtol=1e-15, atol=1e-15)
    for name, first, second in (("sample", b, u), ("kl", b, b[::-1])):
        values = getattr(family, name)(first, second)
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        one_by_one = [getattr(family, name)(x, y) for x, y in pairs]
        assert {type(x) for x in one_by_one} == {float}
        np.testing.assert_allclose(one_by_one, values, rtol=2e-15, atol=1e-15)


@every_family
def test_shapes_broadcast_and_inputs_stay(family: StateDistribution) -> None:
    rng = np.random.default_rng(3)
    rows, columns = rng.normal(size=(5, 1)) * 9, rng.random((1, 3000))
    kept = rows.copy(), columns.copy()
    for method in (family.sample, family.kl):
        table = method(rows, columns)
        assert table.shape == (5, 3000)
        for row, bias in enumerate(rows[:, 0].tolist()):
            np.testing.assert_allclose(table[row], method(bias, columns[0]), rtol=1e-13)
        assert method(rows[:, 0], 0.5).shape == (5,)
        assert method(np.zeros((0, 2)), 0.5).shape == (0, 2)
        assert isinstance(method(np.array(0.3), 0.5), np.ndarray)
        assert method(np.array(0.3), np.array(0.5)).shape == ()
    wide = rng.normal(size=(3, 7, 1000)) * 9  # more than a block
    for name in METHODS:
        values = getattr(family, name)(wide)
        flat = [getattr(family, name)(piece) for piece in wide.reshape(21, 1000)]
        np.testing.assert_allclose(values.reshape(21, 1000), flat, rtol=1e-13, atol=1e-15)
        assert getattr(family, name)(wide[:, ::2, 0].T).shape == (4, 3)
        assert getattr(family, name)(np.zeros(0)).shape == (0,)
        assert getattr(family, name)(np.array(0.3)).shape == ()
    np.testing.assert_array_equal(rows, kept[0])
    np.testing.assert_array_equal(columns, kept[1])


@every_family
def test_types_of_numbers(family: StateDistribution) -> None:
    single, double = np.ones(3, np.float32), np.ones(3)
    for name in METHODS:
        method = getattr(family, name)
        assert method(single).dtype == np.float32
        assert method(double).dtype == np.float64
        assert method(np.arange(3)).dtype == np.float64
        assert method(np.arange(3, dtype=np.int8)).dtype == np.float64
        assert method(np.ones(3, np.float16)).dtype == np.float32
        assert {type(method(x)) for x in (1, 1.0, np.float32(1), np.float64(1))} == {float}
    for method in (family.sample, family.kl):
        assert method(single, single).dtype == np.float32
        assert method(single, 0.5).dtype == np.float32
        assert method(single, np.float64(0.5)).dtype == np.float32
        assert method(0, single).dtype == np.float32
        assert method(single, double).dtype == np.float64
        assert method(np.arange(3), 0).dtype == np.float64
        assert method(np.arange(3), single).dtype == np.float64
        assert type(method(1, np.float32(0.5))) is float


@every_family
def test_single_precision(family: StateDistribution) -> None:
    magnitudes = np.concatenate([np.logspace(-37, 6, 300), np.linspace(0.1, 60, 200)])
    b = np.concatenate([[0], magnitudes, -magnitudes]).astype(np.float32)
    for name in METHODS:
        values = getattr(family, name)(b)
        exact = getattr(family, name)(b.astype(np.float64))
        floor = 1.0 if name in ("log_partition", "entropy") else 1e-30
        assert (np.abs(values - exact) <= 2e-6 * np.maximum(np.abs(exact), floor)).all(), name
    r = np.concatenate([[0, 1e-30, 1 - 2.0**-24, 1], np.random.default_rng(4).random(50)])
    u = np.broadcast_to(r.astype(np.float32), (b.size, r.size))
    values = family.sample(b[:, None], u)
    low, high = family.support
    assert np.isfinite(values).all()
    assert low <= values.min() <= values.max() <= high
    if isinstance(family, ContinuousBernoulli):
        exact = family.sample(b[:, None].astype(np.float64), u.astype(np.float64))
        assert np.abs(values - exact).max() <= 1e-6
    others = np.roll(b, 17)
    values, exact = family.kl(b, others), family.kl(b.astype(np.float64), others.astype(np.float64))
    if not isinstance(family, Ternary):
        assert (np.abs(values - exact) <= 3e-6 * exact + 1e-30).all()


# ---------------------------------------------------------------------- names and parameters


def test_the_kinds_of_spec_files() -> None:
    kinds = [family.kind for family in FAMILIES]
    assert kinds == ["continuous-bernoulli", "spin", "gaussian", "gaussian", "ternary"]
    for family in FAMILIES:
        parameters = json.loads(json.dumps(dataclasses.asdict(family)))  # type: ignore[call-overload]
        again = distribution_named(family.kind, **parameters)
        assert again == family
        assert hash(again) == hash(family)
    assert repr(Gaussian(2.5)) == "Gaussian(base_variance=2.5)"
    assert Gaussian(1.0) != Gaussian(2.0)


def test_an_unknown_kind_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'continuous-bernoulli'.*got 'poisson'"):
        distribution_named("poisson")
    with pytest.raises(ValueError, match=r"parameters of 'gaussian' are 'base_variance'.*'width'"):
        distribution_named("gaussian", width=1.0)


def test_registering_needs_a_dataclass_with_a_kind_of_its_own() -> None:
    class Bare(Spin):
        kind = "spin"

    class Nameless(StateDistribution):
        pass

    with pytest.raises(SettingError, match=r"belongs to deepparticle\.agents\.spin\.Spin"):
        register_distribution(Bare)
    with pytest.raises(SettingTypeError, match="has a kind"):
        register_distribution(Nameless)  # type: ignore[type-abstract]
    Nameless.kind = "nameless"
    with pytest.raises(SettingTypeError, match="is a dataclass"):
        register_distribution(Nameless)  # type: ignore[type-abstract]
    assert type(distribution_named("spin")) is Spin
    assert register_distribution(Ternary) is Ternary  # a notebook cell may run twice


@pytest.mark.parametrize("variance", [0.0, -1.0, math.inf, math.nan])
def test_gaussian_variance_is_finite_and_positive(variance: float) -> None:
    with pytest.raises(ValueError, match=rf"Gaussian: .*base_variance.*got {variance!r}.*Mend"):
        Gaussian(variance)


def test_gaussian_variance_is_a_number() -> None:
    with pytest.raises(TypeError, match="base_variance"):
        Gaussian("wide")  # type: ignore[arg-type]
    assert type(Gaussian(2).base_variance) is float


@every_family
def test_instances_are_frozen(family: StateDistribution) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        family.anything = 1  # type: ignore[attr-defined]


def test_a_family_must_be_complete() -> None:
    with pytest.raises(TypeError, match="abstract"):
        StateDistribution()  # type: ignore[abstract]
