r"""How far the moments of two stationary networks are apart, and how far by chance.

.. math:: d_1 = \frac{\lVert m - m' \rVert}{\sqrt{\mathrm{tr}\,M'}}, \qquad
          d_2 = \frac{\lVert M - M' \rVert_F}{\lVert M' \rVert_F},
          \qquad m = E[\sigma], \quad M = E[\sigma\sigma^T] .

Both are measured on runs, whose noise alone puts them apart. Each run is split into two halves of
its chains: a difference of halves has no mean, and four times the variance of a whole run. So the
noise floor is known, :math:`f^2 = \tfrac14(\lVert M_1 - M_2\rVert^2 + \lVert M'_1 - M'_2\rVert^2)`,
and :math:`d^2 - f^2` estimates the square of the distance without bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.analysis.sampling import Block
from deepparticle.blankets._types import FloatArray

__all__ = ["MomentDistance", "MomentMeter", "moment_distance"]


@dataclass(frozen=True)
class MomentDistance:
    """Relative distances of first and second moments.

    Parameters
    ----------
    means, second_moments : float or ndarray of shape (networks,)
        As measured, noise included.
    means_floor, second_moments_floor : float or ndarray of shape (networks,)
        What noise alone amounts to, as a root mean square.
    """

    means: Any
    means_floor: Any
    second_moments: Any
    second_moments_floor: Any

    @property
    def means_beyond_noise(self) -> Any:
        """The distance of the means with the noise taken off; 0 where noise explains all."""
        return _beyond(self.means, self.means_floor)

    @property
    def second_moments_beyond_noise(self) -> Any:
        """The distance of second moments with the noise taken off; 0 where noise explains all."""
        return _beyond(self.second_moments, self.second_moments_floor)


def _beyond(distance: Any, floor: Any) -> Any:
    square = np.maximum(np.square(distance) - np.square(floor), 0.0)
    return np.sqrt(square) if np.ndim(square) else float(np.sqrt(square))


class MomentMeter:
    """Adds up the moments of two halves of the chains of a run.

    Parameters
    ----------
    alone : bool
        Whether a caller sees no axis of networks.
    """

    def __init__(self, alone: bool) -> None:
        self.alone = alone
        self._sums: list[list[FloatArray]] = [[], []]
        self._counts = [0, 0]

    def take(self, block: Block) -> None:
        """Take note of a block."""
        chains = block.after.shape[2]
        for half, part in enumerate((slice(0, chains // 2), slice(chains // 2, None))):
            states = block.after[:, :, part]
            flat = states.reshape(len(states), -1, states.shape[-1])
            found = [flat.sum(axis=1), flat.swapaxes(-1, -2) @ flat]
            self._counts[half] += flat.shape[1]
            before = self._sums[half]
            self._sums[half] = (
                [a + b for a, b in zip(before, found, strict=True)] if before else found
            )

    def halves(self) -> list[list[FloatArray]]:
        """The means (R, N) and second moments (R, N, N) of each half."""
        return [
            [total / count for total in sums]
            for sums, count in zip(self._sums, self._counts, strict=True)
        ]


def moment_distance(meter: MomentMeter, other: MomentMeter) -> MomentDistance:
    """The distance of the moments of two runs, relative to those of the second.

    Parameters
    ----------
    meter, other : MomentMeter
        That have seen the two runs, with an even number of chains of equal length.

    Returns
    -------
    MomentDistance

    Examples
    --------
    >>> from deepparticle.analysis.frozen import frozen_network
    >>> from deepparticle.analysis.networks import simulator_of
    >>> from deepparticle.analysis.sampling import measure
    >>> sim, meters = simulator_of([[0.0, 2.0], [2.0, 0.0]]), [MomentMeter(True), MomentMeter(True)]
    >>> for seed, meter in enumerate(meters):
    ...     run = dict(steps=200, burn_in=50, chains=8, seed=seed, where="example")
    ...     measure([meter], sim, frozen_network(sim), **run)
    >>> found = moment_distance(*meters)  # of a network from itself
    >>> found.second_moments < 4 * found.second_moments_floor
    True
    """
    mine, theirs = meter.halves(), other.halves()
    mean, second = (
        [0.5 * (a + b) for a, b in zip(*halves, strict=True)] for halves in (mine, theirs)
    )
    scales = [
        np.sqrt(np.trace(second[1], axis1=-2, axis2=-1)),
        np.linalg.norm(second[1], axis=(-2, -1)),
    ]
    found: list[Any] = []
    for order, scale in enumerate(scales):
        axes = tuple(range(-1 - order, 0))

        def size(difference: FloatArray, axes: tuple[int, ...] = axes) -> FloatArray:
            return np.asarray(np.sqrt(np.sum(difference**2, axis=axes)))

        noise = [size(halves[0][order] - halves[1][order]) for halves in (mine, theirs)]
        found += [
            size(mean[order] - second[order]) / scale,
            0.5 * np.hypot(*noise) / scale,
        ]
    if meter.alone:
        found = [float(each[0]) for each in found]
    return MomentDistance(*found)
