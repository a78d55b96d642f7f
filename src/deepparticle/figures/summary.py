r"""Published numbers beside those of this run, in units of their spread.

Measures have different units; what they share is how far they are from their reference. Each is
drawn as

.. math:: z = (\text{value} - \text{mean})/\text{sd},

where mean and sd are those of single networks in independent runs of the protocol. The mean of n
networks is inside the band if :math:`|z| \le 4/\sqrt n`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.figures.arguments import array_of, some
from deepparticle.figures.numbers import written
from deepparticle.figures.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAGE,
    VERMILION,
    legend,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["published_against_measured"]

Row: TypeAlias = tuple[str, float | None, float, float, ArrayLike]

# Where the axis ends, in standard deviations; what is beyond is drawn there as a triangle.
_REACH = 8.0
_BAND = "#d9e8f2"


def published_against_measured(rows: Sequence[Row], *, title: str = "") -> Figure:
    """Draw what this run measured and what was published, against independent references.

    Parameters
    ----------
    rows : sequence of (name, published, mean, sd, values)
        The name of a measure; its published value, None or NaN where there is none; mean and
        standard deviation of the reference; and the values of this run, array_like of shape (n,),
        one per network. With sd 0, whatever differs from the mean is beyond the axis.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        A row for each measure: the band 4/√n, a dot for each network, a line for their mean, a
        diamond for the published value; at the right, published value and mean of this run in
        their own units.

    Examples
    --------
    >>> figure = published_against_measured([("retrieval", 0.292, 0.288, 0.013, [0.28, 0.29])])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['retrieval']
    """
    where = "published_against_measured"
    some(rows, where, "rows")
    figure = new_figure(PAGE, 0.85 + 0.26 * len(rows), title)
    ax = figure.subplots()
    ax.axvline(0.0, color=GREY, linewidth=0.7, zorder=0)
    for place, (name, published, mean, sd, given) in enumerate(rows):
        what = f"values of {name!r}"
        values = some(array_of(given, where, what, "networks"), where, what)
        known = values[np.isfinite(values)]
        band = 4.0 / np.sqrt(max(1, known.size))
        ax.barh(place, 2 * band, left=-band, height=0.7, color=_BAND, zorder=0)
        middle = np.array([known.mean() if known.size else np.nan])
        z = _standardised(middle, mean, sd)
        inside = bool(np.abs(z[0]) <= band + 1e-12)
        colour = BLUE if inside else VERMILION
        _dots(ax, _standardised(known, mean, sd), place, colour, "o", 9, 0.55)
        ax.plot(
            np.clip(z, -_REACH, _REACH) * np.ones(2),
            [place - 0.35, place + 0.35],
            color=colour,
            linewidth=1.6,
        )
        report = np.array([np.nan if published is None else published], dtype=np.float64)
        _dots(ax, _standardised(report, mean, sd), place, ORANGE, "D", 20, 1.0)
        digits = _digits(sd)
        _beside(ax, place, (written(report[0], digits), INK), (written(middle[0], digits), colour))
    _beside(ax, -0.75, ("published", INK), ("this run", INK))
    plain(ax, "", "(value − reference) / standard deviation of one network")
    ax.set_yticks(range(len(rows)), [row[0] for row in rows])
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(-_REACH * 1.06, _REACH * 1.06)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    _key(figure)
    return figure


def _standardised(values: FloatArray, mean: float, sd: float) -> FloatArray:
    off = values - mean
    if sd > 0.0:
        result: FloatArray = off / sd
        return result
    return np.where(off == 0.0, 0.0, np.copysign(np.inf, off))


def _dots(
    ax: Any, z: FloatArray, place: int, colour: str, marker: str, size: float, alpha: float
) -> None:
    style = {"color": colour, "alpha": alpha, "linewidths": 0.4, "edgecolors": "white"}
    within = np.abs(z) <= _REACH
    ax.scatter(z[within], np.full(int(within.sum()), place), s=size, marker=marker, **style)
    for beyond, arrow in ((z > _REACH, ">"), (z < -_REACH, "<")):
        if beyond.any():
            end = _REACH if arrow == ">" else -_REACH
            ax.scatter([end], [place], s=2.0 * size, marker=arrow, **style)


def _digits(sd: float) -> int:
    """Decimals that show a tenth of the standard deviation; 3 where there is none."""
    return max(0, 1 - int(np.floor(np.log10(sd)))) if sd > 0.0 else 3


def _beside(ax: Any, place: float, *columns: tuple[str, str]) -> None:
    """Write words and their colours at the right of a row, in columns."""
    for number, (words, colour) in enumerate(columns):
        ax.annotate(
            words,
            (1.0, place),
            (48.0 * (number + 1), 0.0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=7,
            color=colour,
            annotation_clip=False,
        )


def _key(figure: Any) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    run: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 1.6}
    keys = [
        Patch(color=_BAND, label="band of the mean, 4/√n"),
        Line2D([], [], color=BLUE, label="this run, inside", **run),
        Line2D([], [], color=VERMILION, label="outside", **run),
        Line2D([], [], color=ORANGE, marker="D", markersize=4, linewidth=0, label="published"),
    ]
    legend(figure, handles=keys, loc="outside lower center", ncols=4)
