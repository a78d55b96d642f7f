r"""Exponentials, logarithms, means and quantiles, as expressions without branches.

The quantile of a continuous Bernoulli state with bias :math:`b`, :math:`a = |b|`, at :math:`r`
counted from the light end (:math:`q = 1 - r` from the heavy one),

.. math:: x = \operatorname{sign}(b)\,(1 + \ell/a), \qquad
          \ell = \ln w, \quad w = r + q\,e^{-2a} = 1 + q\,(e^{-2a} - 1),

keeps its digits everywhere: for small :math:`a` through the last form, whose logarithm is that of
1 plus a small number, for large :math:`a` through the first, whose terms are positive. A step of
the logarithm's range reduction tells which one is used.
"""

from __future__ import annotations

import math

from deepparticle.compile.backends.native.expressions import Expression
from deepparticle.compile.backends.native.polynomials import (
    EXPM1,
    LANGEVIN,
    LANGEVIN_RANGE,
    LOG1P,
    LOG1P_SERIES,
)

__all__ = [
    "CONTINUOUS_BERNOULLI",
    "GAUSSIAN",
    "SPIN",
    "continuous_bernoulli_diffused",
    "continuous_bernoulli_drifted",
    "continuous_bernoulli_mean",
    "continuous_bernoulli_quantile",
    "mixed_diffused",
    "mixed_drifted",
    "mixed_mean",
    "mixed_quantile",
    "normal_quantile",
    "spin_mean",
    "spin_quantile",
]

CONTINUOUS_BERNOULLI, SPIN, GAUSSIAN = 0, 1, 2
"""Codes of the families, by which `mixed_mean` and `mixed_quantile` tell rows apart."""

# A bias below which the density is uniform to a rounding error, and one that no state exceeds:
# divisions by both, and products with both, stay lawful in single precision.
_LEAST, _LARGEST = 1e-17, 1e30

# ln 2 in two parts, the first so short that its product with an exponent is exact: 9 bits of 24,
# and 32 of 53. The rest of the longer one is from a table of ln 2 = 0.69314718055994530941723212...
_LN2 = {
    "single": (0.693359375, math.log(2) - 0.693359375),
    "double": (0.6931471803691238, 1.9082149292705877e-10),
}

# The lowest exponent whose exponential is taken, a normal number still; and the one from which the
# inverse overflows, so that a probability which is computed with it is 0.
_LOWEST = {"single": (-87.0, -88.72), "double": (-708.0, -709.78)}


def _precision(x: Expression) -> str:
    return "single" if x.is_single else "double"


def _powers(x: Expression) -> tuple[Expression, Expression]:
    """The numbers ``exp(x)`` and ``exp(x) - 1`` for x <= 0, both to a rounding error."""
    precision = _precision(x)
    x = x.at_least(_LOWEST[precision][0])
    high, low = _LN2[precision]
    whole = (x * (1.0 / math.log(2))).rounded()
    rest = whole.times_plus(-low, whole.times_plus(-high, x))
    less_one = rest * rest.polynomial(EXPM1[precision])
    width, bias = (23, 127) if x.is_single else (52, 1023)
    scale = (whole.to_integer().plus(bias) << width).from_bits()
    return scale.times_plus(less_one, scale), scale.times_plus(less_one, scale - 1.0)


def _log1p_near(f: Expression) -> Expression:
    """The logarithm of 1 + f, for 1 + f between the roots of 1/2 and of 2."""
    if f.is_single:
        return (f * f).times_plus(f.polynomial(LOG1P), f)
    s = f / (f + 2.0)
    return s * 2.0 * (s * s).polynomial(LOG1P_SERIES)


def _log(w: Expression, less_one: Expression) -> Expression:
    """The logarithm of w > 0, given w - 1 too, which is more precise where w is near 1."""
    width = 23 if w.is_single else 52
    bits = w.bits()
    # The bits of sqrt(1/2): beyond each power of 2 of it begins the next exponent.
    root = 0x3F3504F3 if w.is_single else 0x3FE6A09E667F3BCD
    exponent = bits.minus(root).shifted_with_sign(width)
    mantissa = bits.minus(exponent << width).from_bits()
    f = exponent.is_equal(0).select(less_one, mantissa - 1.0)
    high, low = _LN2[_precision(w)]
    whole = exponent.to_float()
    return whole.times_plus(high, whole.times_plus(low, _log1p_near(f)))


def _magnitude(bias: Expression) -> Expression:
    return abs(bias).at_least(_LEAST).at_most(_LARGEST)


def continuous_bernoulli_quantile(bias: Expression, uniform: Expression) -> Expression:
    """The state below which lies the mass `uniform`."""
    a = _magnitude(bias)
    side = a.constant(1.0).with_sign_of(bias)  # -0.0 counts as negative
    other = 1.0 - uniform
    mirrored = side < 0.0
    r, q = mirrored.select(other, uniform), mirrored.select(uniform, other)
    power, less_one = _powers(a * -2.0)
    x = _log(q.times_plus(power, r), q * less_one) / a + 1.0
    # At the light end itself w is the power, which may be too small for a float.
    x = r.is_equal(0.0).select(-1.0, x.at_least(-1.0))
    return x * side


def continuous_bernoulli_mean(bias: Expression) -> Expression:
    """The Langevin function, coth b - 1/b."""
    a = _magnitude(bias)
    small = abs(bias).at_most(LANGEVIN_RANGE)
    near = small * (small * small).polynomial(LANGEVIN[_precision(a)])
    # coth a - 1/a = (2 + m)/(-m) - 1/a with m = e^-2a - 1
    _, less_one = _powers(a * -2.0)
    far = (a.times_plus(less_one + 2.0, less_one)) / (a * -less_one)
    return (a < LANGEVIN_RANGE).select(near, far).with_sign_of(bias)


def spin_quantile(bias: Expression, uniform: Expression) -> Expression:
    """The state -1 below P(-1), else +1.

    With the odds E = e^-2|b| of the unlikely state, P(-1) is E/(1 + E) or 1/(1 + E).
    """
    exponent = abs(bias).at_most(_LARGEST) * -2.0
    power, _ = _powers(exponent)
    odds = (exponent < _LOWEST[_precision(bias)][1]).select(0.0, power)
    bound = (bias < 0.0).select(1.0, odds)
    up = uniform.times_plus(odds, uniform) >= bound
    return up.select(uniform.constant(1.0), -1.0)


def spin_mean(bias: Expression) -> Expression:
    """The hyperbolic tangent, -m/(2 + m) with m = e^-2a - 1."""
    _, less_one = _powers(_magnitude(bias) * -2.0)
    # Below the least magnitude, tanh is the bias itself.
    tangent = -less_one / (less_one + 2.0)
    return (abs(bias) < 1e-12).select(bias, tangent.with_sign_of(bias))


# Wichura (1988), algorithm AS 241: the quantile of the normal distribution as three ratios of
# polynomials, relative error 1e-16. Coefficients from the lowest; numerator, denominator.
_CENTRE = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
_MIDDLE = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
_TAIL = (
    (
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)


def _ratio(x: Expression, pair: tuple[tuple[float, ...], tuple[float, ...]]) -> Expression:
    return x.polynomial(pair[0]) / x.polynomial(pair[1])


def normal_quantile(uniform: Expression) -> Expression:
    """The quantile of the standard normal distribution, finite at both ends of [0, 1]."""
    # 0 stands for all below the first multiple of the step of random numbers; 1 likewise.
    step = 2.0**-24 if uniform.is_single else 2.0**-53
    u = uniform.at_least(step).at_most(1.0 - step)
    from_centre = u - 0.5
    p = (from_centre < 0.0).select(u, 1.0 - u)
    distance = (-_log(p, p - 1.0)).root()
    x = _ratio(distance - 1.6, _MIDDLE)
    if not u.is_single:  # the first number of single precision has distance 4.1
        x = (distance < 5.0).select(x, _ratio(distance - 5.0, _TAIL))
    z = (0.180625 - from_centre * from_centre).at_least(0.0)
    centre = from_centre * _ratio(z, _CENTRE)
    return (abs(from_centre) < 0.425).select(centre, x.with_sign_of(from_centre))


def mixed_quantile(
    kind: Expression, variance: Expression, bias: Expression, uniform: Expression
) -> Expression:
    """The state at a uniform number in each row's own family, whose codes are given as floats."""
    gaussian = variance.root().times_plus(normal_quantile(uniform), bias * variance)
    continuous = continuous_bernoulli_quantile(bias, uniform)
    return _by_kind(kind, continuous, spin_quantile(bias, uniform), gaussian)


def mixed_mean(kind: Expression, variance: Expression, bias: Expression) -> Expression:
    """The expected state in each row's own family, whose codes are given as floats."""
    continuous = continuous_bernoulli_mean(bias)
    return _by_kind(kind, continuous, spin_mean(bias), bias * variance)


def continuous_bernoulli_diffused(
    bias: Expression, state: Expression, time_step: Expression, uniform: Expression
) -> Expression:
    """The state a time step later, mirrored at -1 and 1 as often as it takes to lie inside."""
    x = _shaken(time_step.times_plus(bias, state), time_step, uniform)
    from_low = x + 1.0
    turns = (from_low * 0.25).rounded()
    mirrored = abs(turns.times_plus(-4.0, from_low)) - 1.0
    return (abs(x) > 1.0).select(mirrored, x)


def continuous_bernoulli_drifted(
    bias: Expression, state: Expression, time_step: Expression
) -> Expression:
    """The same without noise, stopped at -1 and 1."""
    return time_step.times_plus(bias, state).at_least(-1.0).at_most(1.0)


def mixed_diffused(
    kind: Expression,
    variance: Expression,
    bias: Expression,
    state: Expression,
    time_step: Expression,
    uniform: Expression,
) -> Expression:
    """The same in each row's own family, of those that are continuous."""
    continuous = continuous_bernoulli_diffused(bias, state, time_step, uniform)
    drifted = time_step.times_plus(bias - state / variance, state)
    return kind.is_equal(float(CONTINUOUS_BERNOULLI)).select(
        continuous, _shaken(drifted, time_step, uniform)
    )


def mixed_drifted(
    kind: Expression,
    variance: Expression,
    bias: Expression,
    state: Expression,
    time_step: Expression,
) -> Expression:
    """The same without noise."""
    return kind.is_equal(float(CONTINUOUS_BERNOULLI)).select(
        continuous_bernoulli_drifted(bias, state, time_step),
        time_step.times_plus(bias - state / variance, state),
    )


def _shaken(position: Expression, time_step: Expression, uniform: Expression) -> Expression:
    return (time_step * 2.0).root().times_plus(normal_quantile(uniform), position)


def _by_kind(
    kind: Expression, continuous: Expression, spin: Expression, gaussian: Expression
) -> Expression:
    others = kind.is_equal(float(SPIN)).select(spin, gaussian)
    return kind.is_equal(float(CONTINUOUS_BERNOULLI)).select(continuous, others)
