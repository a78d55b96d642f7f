"""Angles as a rose over half a circle.

The *area* of a sector is proportional to the share of angles in it, as areas are what a reader
compares: the radius is the square root of the share, and the rings are labelled with shares.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.figures.arguments import array_of
from deepparticle.figures.numbers import written
from deepparticle.figures.style import BLUE, INK, VERMILION

__all__ = ["checked_angles", "rose"]

# Ten degrees each.
_BINS = 18


def checked_angles(angles: ArrayLike | None, where: str, what: str) -> FloatArray:
    """Return angles in degrees without NaN; None for none.

    Raises
    ------
    SettingError
        If one is not in 0…180.

    Examples
    --------
    >>> checked_angles([90.0, float("nan")], "polar_angles", "angles")
    array([90.])
    """
    array = array_of([] if angles is None else angles, where, what, "pairs")
    array = array[np.isfinite(array)]
    if array.size and (array.min() < 0.0 or array.max() > 180.0):
        raise SettingError(
            Fault(
                where,
                f"{what} are degrees, 0…180",
                f"{array.min():g} … {array.max():g}",
                "give them as angles_between does",
            )
        )
    return array


def rose(ax: Any, angles: FloatArray, reference: FloatArray, *, words: bool = True) -> None:
    """Draw angles, and those of a reference as an outline.

    Parameters
    ----------
    ax : matplotlib PolarAxes
    angles, reference : ndarray of shape (pairs,)
        Degrees, 0…180; either may be empty.
    words : bool
        Say in a legend which is which.
    """
    edges = np.linspace(0.0, 180.0, _BINS + 1)
    shares = [np.histogram(given, edges)[0] / max(1, given.size) for given in (angles, reference)]
    ax.bar(
        np.radians(edges[:-1]),
        np.sqrt(shares[0]),
        width=np.pi / _BINS,
        align="edge",
        color=BLUE,
        edgecolor="white",
        linewidth=0.4,
        label="attractors",
    )
    if reference.size:
        ax.plot(
            np.radians(np.repeat(edges, 2)[1:-1]),
            np.sqrt(np.repeat(shares[1], 2)),
            color=VERMILION,
            linewidth=1.2,
            label="training patterns",
        )
    top = max(0.2, float(np.max(shares)))
    ax.set_thetamin(0.0)
    ax.set_thetamax(180.0)
    ax.set_thetagrids([0, 30, 60, 90, 120, 150, 180])
    ax.set_ylim(0.0, np.sqrt(1.05 * top))
    rings = np.array([0.1, 0.4, 1.0])
    rings = rings[rings <= 1.05 * top]
    ax.set_rgrids(np.sqrt(rings), [f"{ring:.0%}" for ring in rings], angle=0.0)
    ax.plot([np.pi / 2] * 2, [0.0, np.sqrt(1.05 * top)], color=INK, linewidth=1.0, linestyle="--")
    ax.grid(color="#dddddd", linewidth=0.5)
    ax.tick_params(labelsize=7, pad=1)
    if angles.size:
        deviation = written(float(np.abs(90.0 - angles).mean()), 1)
        said = f"{angles.size} angle{'s'[: angles.size > 1]}\nmean |90° − angle| = {deviation}°"
    else:
        said = "no pair of attractors:\nno angle"
    # Half a circle lies in the middle half of its square axes: words go where nothing is drawn.
    ax.set_title(said, fontsize=8.5, color=INK, y=0.75, pad=19)
    if words and reference.size:
        ax.legend(
            loc="upper center", bbox_to_anchor=(0.5, 0.19), ncols=2, frameon=False, fontsize=7
        )
