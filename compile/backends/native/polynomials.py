r"""Polynomials that stand for functions on an interval, fitted when this module is imported.

Interpolation at Chebyshev nodes: on an interval of half-width :math:`w` around :math:`c`, a
function that is analytic up to a singularity at distance :math:`d` from :math:`c` is met with an
error that falls like :math:`\rho^{-n-1}` with the degree n, where
:math:`\rho = d/w + \sqrt{(d/w)^2 - 1}` (Bernstein 1912; Trefethen 2013, *Approximation Theory and
Approximation Practice*, chapter 8). Each degree below is the least that leaves no more than a
rounding error of its type, 6e-8 or 1e-16; the conversion to powers of x adds up to twenty of the
latter.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from deepparticle.blankets._types import FloatArray

__all__ = ["EXPM1", "LANGEVIN", "LANGEVIN_RANGE", "LOG1P", "LOG1P_SERIES", "fitted"]

Coefficients = tuple[float, ...]


def fitted(
    function: Callable[[FloatArray], FloatArray], degree: int, low: float, high: float
) -> Coefficients:
    """The coefficients, lowest first, of the polynomial that meets a function between two bounds.

    Examples
    --------
    >>> np.allclose(fitted(np.square, 2, 0.0, 1.0), [0.0, 0.0, 1.0])
    True
    """
    chebyshev = Chebyshev.interpolate(function, degree, domain=[low, high])
    # The same polynomial in powers of x: intervals here are short, and powers of them well scaled.
    return tuple(chebyshev.convert(kind=Polynomial).coef.tolist())


def _expm1_ratio(r: FloatArray) -> FloatArray:
    near = np.where(r == 0, 1.0, r)
    ratio: FloatArray = np.where(r == 0, 1.0, np.expm1(near) / near)
    return ratio


# (e^r - 1)/r after range reduction, |r| <= ln 2 / 2 and a little more for the rounding of the
# reduction. Entire: the error is that of the next Taylor term over 2^n.
_HALF = 0.5001 * math.log(2)
EXPM1 = {
    "single": fitted(_expm1_ratio, 5, -_HALF, _HALF),
    "double": fitted(_expm1_ratio, 11, -_HALF, _HALF),
}


def _log1p_rest(f: FloatArray) -> FloatArray:
    # (log(1 + f) - f)/f^2; near 0, where that cancels, its Taylor series.
    small = np.abs(f) < 1e-2
    f_far = np.where(small, 1.0, f)
    series = sum((-1) ** (k + 1) * f**k / (k + 2) for k in range(8))
    rest: FloatArray = np.where(small, series, (np.log1p(f_far) - f_far) / f_far**2)
    return rest


# log(1 + f) = f + f^2 Q(f) for 1 + f between sqrt(1/2) and sqrt 2; singular at f = -1, rho = 5.8.
_LOW, _HIGH = math.sqrt(0.5) - 1.0, math.sqrt(2.0) - 1.0
LOG1P = fitted(_log1p_rest, 8, _LOW - 1e-6, _HIGH + 1e-6)


def _artanh_ratio(z: FloatArray) -> FloatArray:
    s = np.sqrt(np.maximum(z, 1e-30))
    ratio: FloatArray = np.arctanh(s) / s
    return ratio


# In double precision that degree would be 21; with s = f/(2 + f), log(1 + f) = 2 artanh s, whose
# series in s^2 < 0.0295 is singular at 1: rho = 134.
LOG1P_SERIES = fitted(_artanh_ratio, 7, 0.0, (_HIGH / (2.0 + _HIGH)) ** 2 * 1.001)

# The Langevin function L(h) = coth h - 1/h over h, in z = h^2. The closed form loses a factor
# 1/L(h) = 2.3 of its precision where the polynomial ends. Poles at z = -pi^2: rho = 19.5.
LANGEVIN_RANGE = 1.5


def _langevin_ratio(z: FloatArray) -> FloatArray:
    # Lambert's continued fraction, L(h)/h = 1/(3 + z/(5 + z/(7 + ...))), all terms positive.
    fraction: FloatArray = np.full_like(z, 61.0)
    for k in range(59, 1, -2):
        fraction = k + z / fraction
    return 1.0 / fraction


LANGEVIN = {
    "single": fitted(_langevin_ratio, 6, 0.0, LANGEVIN_RANGE**2),
    "double": fitted(_langevin_ratio, 13, 0.0, LANGEVIN_RANGE**2),
}
