r"""Do two samples come from one distribution? Two distances, judged by permutations.

.. math::
   \mathcal{E} &= 2\,E\lVert X - Y\rVert - E\lVert X - X'\rVert - E\lVert Y - Y'\rVert \\
   \mathcal{M} &= \lVert E X - E Y\rVert^2 + \lVert E XX^T - E YY^T\rVert_F^2

The energy distance is 0 exactly when X and Y have the same law (Székely & Rizzo 2013, *J. Stat.
Plan. Inference* 143, 1249). It sees everything and, in many dimensions, nothing well: a change in
how states depend on one another is better seen by the distance of the first and second moments,
which sees that alone. Both are maximum mean discrepancies (Gretton et al. 2012, *J. Mach. Learn.
Res.* 13, 723), with the kernels :math:`-\lVert x - y\rVert` and :math:`x\cdot y + (x\cdot y)^2`.

Where both laws are one, every division of the pooled sample is as likely as the one at hand: the
p-value is how many divisions drawn at random have a distance as large.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepparticle.blankets._types import ArrayLike
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.arguments import checked_array
from deepparticle.partitions.stepping import checked_option

__all__ = ["STATISTICS", "TwoSampleTest", "two_sample_test"]

STATISTICS = ("energy", "moments")
"""What two samples can be compared by."""

# Permutations at a time; their weights and one product are held.
_AT_ONCE = 100


@dataclass(frozen=True)
class TwoSampleTest:
    """A test whether two samples come from one distribution.

    Parameters
    ----------
    statistic : str
        ``"energy"`` or ``"moments"``.
    distance : float
        In units of state (energy), or the sum of squares (moments, about the pooled mean).
    p_value : float
        The chance of so large a distance if they do.
    samples : int
        In each of the two.
    """

    statistic: str
    distance: float
    p_value: float
    samples: int

    def __repr__(self) -> str:
        return (
            f"<TwoSampleTest: {self.statistic} {self.distance:.3g}, p = {self.p_value:.3g}, "
            f"{self.samples} samples each>"
        )


def two_sample_test(
    sample: ArrayLike,
    other: ArrayLike,
    *,
    statistic: str = "energy",
    permutations: int = 999,
    seed: int = 0,
) -> TwoSampleTest:
    r"""Test whether two samples come from one distribution.

    .. math:: \mathcal{D} = \sum_{ab} w_a w_b\,k(z_a, z_b), \qquad
              w_a = \tfrac1n \text{ or } -\tfrac1m

    over the pooled sample z, with the kernel k of the statistic.

    Parameters
    ----------
    sample, other : array_like of shape (n, N) and (m, N)
        Independent states: of a run, one of each chain, or so far apart that they have forgotten
        each other.
    statistic : {"energy", "moments"}
        What to compare: see the description of this module.
    permutations : int
        Divisions of the pooled sample to compare with; the smallest p-value is
        1/(permutations + 1).
    seed : int
        For these.

    Returns
    -------
    TwoSampleTest

    Raises
    ------
    SettingError
        For samples of fewer than two states, or of different lengths of state.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 100, 3))
    >>> two_sample_test(x, y).p_value > 0.05, two_sample_test(x, y + 0.7).p_value
    (True, 0.001)
    """
    from scipy.spatial.distance import cdist

    where = "two_sample_test"
    x, y = (checked_array(each, where, "a sample") for each in (sample, other))
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise SettingError(
            Fault(
                where,
                "two samples have shapes (n, N) and (m, N), at least two states each",
                f"shapes {x.shape} and {y.shape}",
                "give states as rows",
            )
        )
    count = checked_count(permutations, where, "permutations", 1)
    checked_count(seed, where, "seed")
    checked_option(statistic, STATISTICS, where, "statistic")
    pooled = np.concatenate([x, y])
    if statistic == "energy":
        kernel = -cdist(pooled, pooled)
    else:
        pooled -= pooled.mean(axis=0)  # the same for every division
        kernel = pooled @ pooled.T
        kernel += kernel**2
    weights = np.repeat([1.0 / len(x), -1.0 / len(y)], [len(x), len(y)])
    distance = float(weights @ kernel @ weights)
    rng = np.random.default_rng(seed)
    as_large = 0
    for first in range(0, count, _AT_ONCE):
        drawn = np.tile(weights, (min(_AT_ONCE, count - first), 1))
        rng.permuted(drawn, axis=1, out=drawn)
        found = np.einsum("pi,pi->p", drawn @ kernel, drawn)
        # A division that is the one at hand may differ from it by rounding.
        as_large += int(np.sum(found >= distance * (1.0 - 1e-12)))
    return TwoSampleTest(statistic, distance, (as_large + 1) / (count + 1), min(len(x), len(y)))
