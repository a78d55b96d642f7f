r"""The score test of the one-step law: a state follows from its own blanket, and nothing else.

One simultaneous update of a lawful network makes every new state from what its blanket shows,
:math:`\sigma_i' \sim p(\cdot\,;\theta_i)`, whatever else there is. Then the residual

.. math:: r_i = \sigma_i' - L(\theta_i), \qquad E[r_i \mid \text{everything before}] = 0, \qquad
          E[r_i^2 \mid \text{everything before}] = \phi''(\theta_i)

is a martingale difference, and so is :math:`r_i\,g` for any function :math:`g` of what was there
before. The sum over transitions is asymptotically normal,

.. math:: z = \frac{\sum_t r_i(t)\, g(t)}{\sqrt{\max\bigl(\sum_t r_i^2 g^2,\;
          \sum_t \phi''(\theta_i)\, g^2\bigr)}} \;\to\; N(0, 1) ,

and its score is that of an extra term :math:`\epsilon g` in :math:`\theta_i`: it grows like
:math:`\sqrt{t}` when there is one. Under the law both sums under the root are alike. The greater of
them is taken, since either may be far too small while rare events have not yet come, or have come
too often: a spin that is nearly always up has :math:`r_i` nearly constant until it flips.

Partial correlation asks something else: whether :math:`\sigma_i'` and :math:`g` are uncorrelated
once the blanket's *linear* effect is removed. :math:`L` is not linear, so what it bends is left
over, and correlates with everything that moves with the blanket. In lawful networks of continuous
Bernoulli states partial correlation finds leaks that do not exist
(``tests/partitions/test_certifying.py`` shows how often).

(Score tests: C. R. Rao 1948. Central limit theorem for martingales: P. Hall and C. C. Heyde,
*Martingale Limit Theory and Its Application*, 1980, section 3.2. Corrections for many tests:
S. Holm 1979; Y. Benjamini and Y. Hochberg 1995.)
"""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.errors import Fault, SettingError

__all__ = ["CORRECTIONS", "corrected", "joint_statistics", "score_statistics", "two_sided"]

CORRECTIONS = ("holm", "benjamini-hochberg", "none")
"""How p-values are corrected for their number: family-wise, false discovery rate, not at all."""

# A function that varies by no more than this part of its size is a constant up to rounding.
_ROUNDING = 1e-10


def score_statistics(
    residuals: FloatArray, variances: FloatArray, functions: FloatArray, *, centre: bool = True
) -> FloatArray:
    r"""The statistic :math:`z` of every residual with every function.

    Parameters
    ----------
    residuals : ndarray of shape (t, m)
        :math:`r = \sigma' - L(\theta)` of t transitions and m states, in units of state; 0 where a
        state was not updated.
    variances : ndarray of shape (t, m)
        :math:`\phi''(\theta)`, in squared units of state; 0 where a state was not updated.
    functions : ndarray of shape (t, k)
        :math:`g`, known before the transition; any units.
    centre : bool
        Whether to subtract the mean of each function, which asks for dependence on how it *varies*
        and leaves the mean of :math:`r` out of the question.

    Returns
    -------
    ndarray of shape (m, k)
        Asymptotically N(0, 1) under the law; NaN where nothing can be asked, because the function
        does not vary (or is 0) in these transitions.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> outside = rng.normal(size=(1000, 1))
    >>> lawful = rng.normal(size=(1000, 1))
    >>> variances = np.ones((1000, 1))
    >>> bool(abs(score_statistics(lawful, variances, outside)[0, 0]) < 2)
    True
    >>> leaking = lawful + 0.2 * outside
    >>> bool(score_statistics(leaking, variances, outside)[0, 0] > 4)
    True
    """
    size = np.max(np.abs(functions), axis=0, initial=0.0)
    g = functions - functions.mean(axis=0) if centre else functions
    constant = np.max(np.abs(g), axis=0, initial=0.0) <= _ROUNDING * size
    squares = g * g
    spread = np.maximum((residuals * residuals).T @ squares, variances.T @ squares)
    return _ratio(residuals.T @ g, spread, (spread > 0.0) & ~constant)


def joint_statistics(residuals: FloatArray, variances: FloatArray) -> FloatArray:
    r"""The statistic of every two residuals of one transition: whether they share noise.

    .. math:: z_{ij} = \frac{\sum_t r_i r_j}{\sqrt{\max\bigl(\sum_t r_i^2 r_j^2,\;
              \sum_t \phi''(\theta_i)\,\phi''(\theta_j)\bigr)}}

    Parameters
    ----------
    residuals, variances : ndarray of shape (t, m)
        As of `score_statistics`.

    Returns
    -------
    ndarray of shape (m, m)
        Symmetric; asymptotically N(0, 1) off the diagonal; NaN where two are never updated at once.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> r = rng.normal(size=(1000, 2))
    >>> r[:, 1] += 0.5 * r[:, 0]
    >>> bool(joint_statistics(r, np.ones((1000, 2)))[0, 1] > 4)
    True
    """
    squares = residuals * residuals
    spread = np.maximum(squares.T @ squares, variances.T @ variances)
    return _ratio(residuals.T @ residuals, spread, spread > 0.0)


def two_sided(z: FloatArray) -> FloatArray:
    r"""The p-values :math:`2\Phi(-|z|)`; NaN stays NaN.

    Examples
    --------
    >>> two_sided(np.array([0.0, 1.959964])).round(4)
    array([1.  , 0.05])
    """
    from scipy.special import ndtr

    p_values: FloatArray = 2.0 * ndtr(-np.abs(z))
    return p_values


def corrected(p_values: FloatArray, correction: str = "holm") -> FloatArray:
    """P-values corrected for their number.

    Parameters
    ----------
    p_values : ndarray of shape (n,)
        Numbers from 0 to 1, of any dependence (for ``benjamini-hochberg``: positive dependence).
    correction : {"holm", "benjamini-hochberg", "none"}
        ``holm``: the probability of *any* false alarm is at most the level at which they are read.
        ``benjamini-hochberg``: the expected share of false ones among the alarms is.

    Returns
    -------
    ndarray of shape (n,)
        In the same order.

    Raises
    ------
    SettingError
        For another correction.

    Examples
    --------
    >>> corrected(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    >>> corrected(np.array([0.01, 0.04, 0.03]), "benjamini-hochberg")
    array([0.03, 0.04, 0.04])
    """
    if correction not in CORRECTIONS:
        raise SettingError(
            Fault(
                "correction",
                "the correction is one of " + ", ".join(map(repr, CORRECTIONS)),
                repr(correction),
                "use one of them",
            )
        )
    if correction == "none" or not p_values.size:
        return p_values.copy()
    if correction == "benjamini-hochberg":
        from scipy.stats import false_discovery_control

        adjusted: FloatArray = false_discovery_control(p_values, method="bh")
        return adjusted
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * np.arange(p_values.size, 0, -1)
    result = np.empty_like(p_values)
    result[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return result


def _ratio(sums: FloatArray, spread: FloatArray, known: BoolArray) -> FloatArray:
    scale = np.sqrt(np.where(known, spread, 1.0))
    z: FloatArray = np.where(known, sums / scale, np.nan)
    return z
