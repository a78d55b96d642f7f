r"""Probability currents: what flows round in a stationary state that is not in equilibrium.

With x and y the states before and after a step, the current of a process in discrete time is

.. math:: j(x) = \tfrac12\Bigl[p(x)\,E[y - x \mid x] + \int (x - y)\,p(y)\,P(y \to x)\,dy\Bigr] :

half of each displacement belongs to where it begins and half to where it ends. Under detailed
balance the two halves cancel. Counted in bins it is the antisymmetric part of the transitions,
:math:`j_a = \tfrac12 \sum_b (n_{ab} - n_{ba})(r_b - r_a)` (Battle et al. 2016, *Science* 352, 604;
Zia & Schmittmann 2007, *J. Stat. Mech.* P07012). In a plane it has a rotation,

.. math:: \Omega_{12} = E[x_1 \Delta x_2 - x_2 \Delta x_1] = E[x_1 y_2 - x_2 y_1] ,

the mean angular momentum. For every pair of rows it is measured by
:mod:`deepparticle.analysis.circulation`; a few rows have exact currents
(:mod:`deepparticle.analysis.exact_currents`). What is recorded at the ends of sweeps with a fixed
scan goes round even in equilibrium: the reversal of such a process runs the scan backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.arguments import checked_array

__all__ = ["Currents", "probability_currents"]

# A standard error needs about so many parts of a record; chains are cut in time to have them.
_PARTS = 20


@dataclass(frozen=True, eq=False)
class Currents:
    """The currents of a record in a plane, in bins.

    Parameters
    ----------
    edges : tuple of ndarray, shapes (bx + 1,) and (by + 1,)
        Of the bins, in units of the coordinates.
    density : ndarray of shape (bx, by)
        Probability per unit of area.
    current : ndarray of shape (bx, by, 2)
        j: per unit of area and step, in units of the coordinates.
    standard_error : ndarray of shape (bx, by, 2)
    net_flux : scipy sparse array of shape (bx · by, bx · by)
        Transitions from one bin to another less those back, per step; antisymmetric. Bins are
        numbered with the second coordinate running fastest.
    rotation, rotation_error : float
        The mean angular momentum about the mean, per step.
    """

    edges: tuple[FloatArray, FloatArray]
    density: FloatArray
    current: FloatArray
    standard_error: FloatArray
    net_flux: Any
    rotation: float
    rotation_error: float

    @property
    def centres(self) -> tuple[FloatArray, FloatArray]:
        """The middles of the bins along each coordinate."""
        x, y = self.edges
        return 0.5 * (x[1:] + x[:-1]), 0.5 * (y[1:] + y[:-1])

    def __repr__(self) -> str:
        bins = "×".join(str(size) for size in self.density.shape)
        return (
            f"<Currents in {bins} bins, rotation {self.rotation:.3g} ± {self.rotation_error:.2g} "
            "per step>"
        )


def probability_currents(
    states: ArrayLike,
    *,
    plane: Sequence[int] | ArrayLike = (0, 1),
    bins: int = 16,
    limits: ArrayLike | None = None,
) -> Currents:
    r"""The currents of a recorded series, projected on a plane.

    .. math:: j_a = \frac1{2\,T\,\text{area}} \Bigl[\sum_{x_t \in a} (x_{t+1} - x_t) +
              \sum_{x_{t+1} \in a} (x_{t+1} - x_t)\Bigr]

    Parameters
    ----------
    states : array_like of shape (steps, N) or (steps, chains, N)
        Consecutive states of one stationary network, such as ``run.states``.
    plane : two row numbers, or array_like of shape (2, N)
        What the coordinates are: two of the states, or two directions on which all are projected.
    bins : int
        Per coordinate.
    limits : array_like of shape (2, 2), optional
        The lowest and the highest value of each coordinate; by default those of the record. What
        lies outside is in no bin.

    Returns
    -------
    Currents
        With standard errors from independent chains, cut in time where they are fewer than twenty
        (a part should be much longer than the autocorrelation time).

    Raises
    ------
    SettingError
        For too short a record, or a plane that does not fit.

    Examples
    --------
    >>> angle = 0.1 * np.arange(1000)
    >>> circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    >>> round(probability_currents(circle).rotation, 4)  # sin 0.1 per step
    0.0998
    """
    where = "probability_currents"
    series = checked_array(states, where, "the series of states")
    series = series[:, None] if series.ndim == 2 else series
    if series.ndim != 3 or len(series) <= _PARTS:
        raise SettingError(
            Fault(
                where,
                f"a series has shape (steps, N) or (steps, chains, N), more than {_PARTS} steps",
                f"shape {np.shape(states)}",
                "give run.states of one network",
            )
        )
    count = checked_count(bins, where, "bins", 1)
    points = series @ _directions(plane, series.shape[2], where).T
    if limits is None:
        lows, highs = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    else:
        lows, highs = np.broadcast_to(checked_array(limits, where, "limits"), (2, 2)).T
    highs = np.where(highs > lows, highs, lows + 1.0)  # a coordinate that rests has a bin too
    edges = (
        np.linspace(lows[0], highs[0], count + 1),
        np.linspace(lows[1], highs[1], count + 1),
    )
    return _counted(points, _bins(points, lows, highs, count), edges, count)


def _directions(plane: Any, size: int, where: str) -> FloatArray:
    """The plane as two directions, shape (2, N)."""
    array = checked_array(plane, where, "the plane")
    if array.shape == (2,) and np.all(array == np.round(array)) and np.all(np.abs(array) < size):
        return np.eye(size)[array.astype(np.intp)]
    if array.shape != (2, size):
        raise SettingError(
            Fault(
                where,
                f"a plane is two of the rows 0…{size - 1}, or directions of shape (2, {size})",
                f"{plane!r}"[:60],
                "give plane=(0, 1), for example",
            )
        )
    return array


def _bins(points: FloatArray, lows: FloatArray, highs: FloatArray, count: int) -> IntArray:
    """The number of the bin of each point, shape (T, C); −1 outside."""
    scaled = (points - lows) / (highs - lows) * count
    along = np.floor(scaled).astype(np.intp)
    along[scaled == count] = count - 1  # the upper limit itself
    inside = np.all((along >= 0) & (along < count), axis=-1)
    place: IntArray = np.where(inside, along[..., 0] * count + along[..., 1], -1)
    return place


def _counted(
    points: FloatArray, place: IntArray, edges: tuple[FloatArray, FloatArray], count: int
) -> Currents:
    from scipy.sparse import coo_array, csr_array

    steps, chains = len(points) - 1, points.shape[1]
    cells = count * count
    pieces = -(-_PARTS // chains)
    part = (np.arange(steps) * pieces // steps)[:, None] * chains + np.arange(chains)
    parts = pieces * chains
    moved = np.diff(points, axis=0)
    lengths: FloatArray = np.bincount(part.reshape(-1), minlength=parts).astype(np.float64)

    def in_bins(ends: IntArray, values: FloatArray) -> FloatArray:
        kept = ends >= 0
        at = part[kept] * cells + ends[kept]
        sums: Any = np.bincount(at, weights=values[kept], minlength=parts * cells)
        shaped: FloatArray = sums.reshape(parts, cells)
        return shaped

    start, end = place[:-1], place[1:]
    area = float(np.prod([edge[1] - edge[0] for edge in edges]))
    current = np.stack(
        [0.5 * (in_bins(start, one) + in_bins(end, one)) for one in np.moveaxis(moved, -1, 0)],
        axis=-1,
    )
    current /= lengths[:, None, None] * area
    weight = lengths / lengths.sum()
    kept = (start >= 0) & (end >= 0)
    transitions = csr_array(
        coo_array((np.ones(int(kept.sum())), (start[kept], end[kept])), shape=(cells, cells))
    )
    centred = points - points.mean(axis=(0, 1))
    momentum = centred[:-1, :, 0] * moved[..., 1] - centred[:-1, :, 1] * moved[..., 0]
    rotations = np.bincount(part.reshape(-1), momentum.reshape(-1), parts) / lengths
    density = np.bincount(place[place >= 0], minlength=cells) / (place.size * area)
    mean = np.tensordot(weight, current, axes=1)
    shape = (count, count)
    return Currents(
        edges,
        density.reshape(shape),
        mean.reshape(*shape, 2),
        (current.std(axis=0, ddof=1) / np.sqrt(parts)).reshape(*shape, 2),
        csr_array(transitions - transitions.T) / (steps * chains),
        float(weight @ rotations),
        float(rotations.std(ddof=1) / np.sqrt(parts)),
    )
