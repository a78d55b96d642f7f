r"""The gate before the clock: fast and wrong is not fast.

What is timed is first sampled. Some moments :math:`m_t` of every step are held against those of a
reference that makes the same run with other random numbers; with :math:`d_t` their difference and
:math:`\bar d_1 \dots \bar d_B` its means over consecutive batches of steps,

.. math:: z = \frac{\sqrt{B}\,\bar d}{\operatorname{sd}(\bar d_1 \dots \bar d_B)}

is the deviation in standard errors. Batches longer than the correlation in time make it honest.
"""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import FloatArray

__all__ = ["ALLOWED", "OtherLawError", "agreement", "pass_gate"]

BATCHES = 20
# With 19 degrees of freedom, three moments and some thirty gates in a run, 5 standard errors are
# exceeded by chance in one of a hundred runs.
ALLOWED = 5.0


class OtherLawError(RuntimeError):
    """A contender does not sample what its reference samples: their speeds do not compare."""


def agreement(one: FloatArray, other: FloatArray, batches: int = BATCHES) -> float:
    """The largest difference between the moments of two runs, in standard errors.

    Parameters
    ----------
    one, other : ndarray of shape (steps, moments)
    batches : int

    Returns
    -------
    float
        Infinite if anything is not a number.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one, other = rng.normal(size=(2, 200, 3))
    >>> agreement(one, other) < 5 < agreement(one, other + 1)
    True
    """
    difference = np.asarray(one, dtype=np.float64) - other
    if not np.all(np.isfinite(difference)):
        return float("inf")
    means = np.stack([part.mean(axis=0) for part in np.array_split(difference, batches)])
    size = np.abs(means.mean(axis=0))
    error = means.std(axis=0, ddof=1) / np.sqrt(batches)
    with np.errstate(divide="ignore"):  # a difference without any scatter is infinitely large
        deviation = np.divide(size, error, out=np.zeros_like(size), where=size > 0.0)
    return float(np.max(deviation))


def pass_gate(name: str, found: FloatArray, reference_name: str, reference: FloatArray) -> float:
    """The deviation of a contender from its reference, in standard errors.

    Raises
    ------
    OtherLawError
        If it is larger than chance allows.
    """
    deviation = agreement(found, reference)
    if deviation > ALLOWED:
        raise OtherLawError(
            f"{name} does not sample the law of {reference_name}: their moments differ by "
            f"{deviation:.1f} standard errors, so their speeds do not compare"
        )
    return deviation
