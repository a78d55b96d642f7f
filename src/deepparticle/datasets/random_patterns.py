r"""Random patterns, the yardstick of memory.

.. math:: x^\mu_i \in \{-1, +1\}, \quad P(x^\mu_i = 1) = \tfrac12, \text{ all independent}

Patterns share nothing that a network could use, so that how many of them it keeps is its capacity
(Hopfield, *PNAS* 79, 2554, 1982; Amit, Gutfreund & Sompolinsky, *Phys. Rev. Lett.* 55, 1530, 1985).
"""

from __future__ import annotations

from typing import Any

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.numbers import checked_count
from deepparticle.partitions.stepping import checked_generator

__all__ = ["random_patterns"]


def random_patterns(count: int, size: int, seed: Any = 0) -> FloatArray:
    r"""Independent fair signs, :math:`x^\mu_i = \pm 1`.

    Parameters
    ----------
    count : int
        How many patterns, P.
    size : int
        States of each, N.
    seed : int or numpy.random.Generator

    Returns
    -------
    ndarray of shape (P, N)
        Of −1 and 1. They are not standardised: the mean of one pattern is 0 only on average.

    Raises
    ------
    SettingError, SettingTypeError
        If a count is not a whole number of at least 1, or the seed cannot be used.

    Examples
    --------
    >>> random_patterns(2, 4)
    array([[ 1.,  1.,  1., -1.],
           [-1., -1., -1., -1.]])
    """
    shape = tuple(
        checked_count(value, "random_patterns", name, 1)
        for name, value in (("count", count), ("size", size))
    )
    rng = checked_generator(seed, "random_patterns")
    return 2.0 * rng.integers(2, size=shape) - 1.0
