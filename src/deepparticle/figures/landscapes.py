"""Simulation 2: four landscapes over precision and strength of evidence.

How well patterns are retrieved, how well unseen ones are reconstructed, how far attractors are from
orthogonal and how many there are, each as a heat map over the precision (log axis) and the strength
of evidence of learning; the best regions of the first two are outlined on all that they belong to
(Spisak & Friston 2026, simulation 2).

Gains are coloured by a scale that is white at 0, deviations by one that is white at the deviation
of the training patterns: where a network answers worse than its own input, or is less orthogonal
than its data, that is seen. Scales end at the 98th percentile, so that a single cell does not take
the colour from all others. Where a network has a single attractor there is no angle, and the cell
is hatched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.figures.arguments import array_of, some
from deepparticle.figures.style import (
    COLUMN,
    DIVERGING,
    INK,
    PAGE,
    SEQUENTIAL,
    colour_bar,
    legend,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["best_region", "landscape", "landscapes"]

# Line style and colour of the first and the second outline: told apart on any colour below them.
_OUTLINES = (("black", "-"), ("black", (0, (2.2, 1.2))))

# How a cell without a value looks.
_NOTHING: dict[str, Any] = {"facecolor": "#ececec", "hatch": "/////", "edgecolor": "#b5b5b5"}


def best_region(values: ArrayLike, share: float = 0.1) -> tuple[FloatArray, float]:
    """A landscape without its grain, and the level above which its best cells are.

    Neighbouring networks differ by chance. The landscape is averaged over neighbouring cells (a
    Gaussian of one cell's width; cells with NaN carry no weight), and the level leaves the given
    share of the cells above it.

    Parameters
    ----------
    values : array_like of shape (evidences, precisions)
        High is good.
    share : float
        0…1.

    Returns
    -------
    smooth : ndarray of shape (evidences, precisions)
        NaN where `values` is.
    level : float
        NaN where nothing is known.

    Examples
    --------
    >>> smooth, level = best_region(np.add.outer(np.arange(10.0), np.zeros(10)), share=0.2)
    >>> np.flatnonzero(smooth[:, 0] >= level).tolist()
    [8, 9]
    """
    from scipy.ndimage import gaussian_filter

    array = array_of(values, "best_region", "values", "evidences", "precisions")
    known = np.isfinite(array)
    if not known.any():
        return array, float("nan")
    mass = gaussian_filter(known.astype(np.float64), 1.0, mode="nearest")
    sums = gaussian_filter(np.where(known, array, 0.0), 1.0, mode="nearest")
    smooth = np.full_like(array, np.nan)
    smooth[known] = sums[known] / mass[known]
    return smooth, float(np.quantile(smooth[known], 1.0 - share))


def landscape(
    values: ArrayLike,
    evidences: ArrayLike,
    precisions: ArrayLike,
    title: str = "",
    *,
    label: str = "",
    centre: float | None = None,
    contours: Mapping[str, ArrayLike] | None = None,
    marked: Mapping[str, tuple[float, float]] | None = None,
    best: float = 0.1,
) -> Figure:
    """Draw one measure over precision and strength of evidence.

    Parameters
    ----------
    values : array_like of shape (evidences, precisions)
        NaN where there is none: such cells are hatched.
    evidences : array_like of shape (evidences,)
        Ascending.
    precisions : array_like of shape (precisions,)
        Ascending and positive.
    title : str
    label : str
        Of the colour bar: the measure with its unit.
    centre : float, optional
        The value that is white, between two colours of equal reach; otherwise one colour map runs
        over all values.
    contours : mapping of str to array_like of shape (evidences, precisions), optional
        Up to two landscapes whose best regions are outlined, see `best_region`.
    marked : mapping of str to (evidence, precision), optional
        Settings to point out, by short names.
    best : float
        The share of cells in a best region.

    Returns
    -------
    matplotlib.figure.Figure
        The heat map and its colour bar.

    Examples
    --------
    >>> figure = landscape([[0.1, 0.3], [float("nan"), 0.2]], [1, 2], [0.1, 1.0], "retrieval")
    >>> figure.axes[0].get_xscale(), figure.axes[0].get_ylabel()
    ('log', 'evidence strength')
    """
    axis_y, axis_x = _axes_of(evidences, precisions, "landscape")
    figure = new_figure(COLUMN, 2.7)
    ax = figure.subplots()
    outlines = _outlined(contours or {}, axis_y, axis_x, best, "landscape")
    array = array_of(values, "landscape", "values", axis_y.size, axis_x.size)
    _draw(ax, array, axis_y, axis_x, title, label, centre)
    _outline(ax, outlines, axis_y, axis_x)
    _mark(ax, marked or {})
    plain(ax, across="precision", up="evidence strength")
    _explain(figure, outlines, "no value" if np.isnan(array).any() else "", best, columns=2)
    return figure


def landscapes(
    retrieval: ArrayLike,
    generalisation: ArrayLike,
    deviation: ArrayLike,
    attractors: ArrayLike,
    evidences: ArrayLike,
    precisions: ArrayLike,
    *,
    marked: Mapping[str, tuple[float, float]] | None = None,
    best: float = 0.1,
    reference_deviation: float | None = None,
    title: str = "",
) -> Figure:
    """Draw the four landscapes of simulation 2 with the best regions of the first two.

    Parameters
    ----------
    retrieval, generalisation : array_like of shape (evidences, precisions)
        Median gains in explained variance.
    deviation : array_like of shape (evidences, precisions)
        Mean deviation of attractors from orthogonality in degrees; NaN for a single attractor.
    attractors : array_like of shape (evidences, precisions)
        How many there are (over several networks, on average).
    evidences : array_like of shape (evidences,)
        Ascending.
    precisions : array_like of shape (precisions,)
        Ascending and positive.
    marked : mapping of str to (evidence, precision), optional
        The regimes, for example ``{"D": (11, 0.1668)}``.
    best : float
        The share of cells in a best region.
    reference_deviation : float, optional
        That of the training patterns: white, and marked on the colour bar.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Four heat maps in the order of the parameters, then their colour bars.

    Examples
    --------
    >>> values = np.arange(4.0).reshape(2, 2)
    >>> figure = landscapes(values, values, values, values, [1, 2], [0.1, 1.0])
    >>> [ax.get_title(loc="left") for ax in figure.axes[:4]]
    ['retrieval', 'one-shot generalisation', 'deviation from orthogonality', 'attractors']
    """
    axis_y, axis_x = _axes_of(evidences, precisions, "landscapes")
    given = [
        array_of(values, "landscapes", what, axis_y.size, axis_x.size)
        for values, what in (
            (retrieval, "retrieval"),
            (generalisation, "generalisation"),
            (deviation, "deviation"),
            (attractors, "attractors"),
        )
    ]
    figure = new_figure(PAGE, 5.4, title)
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    scores = {"retrieval": given[0], "generalisation": given[1]}
    outlines = _outlined(scores, axis_y, axis_x, best, "landscapes")
    labels = (
        ("retrieval", "gain in r²", 0.0, outlines[:1]),
        ("one-shot generalisation", "gain in r²", 0.0, outlines[1:]),
        (
            "deviation from orthogonality",
            "mean |90° − angle| (degrees)",
            reference_deviation,
            outlines,
        ),
        ("attractors", "number", None, outlines),
    )
    bars = []
    for ax, values, (name, label, centre, shown) in zip(axes.flat, given, labels, strict=True):
        bars.append(_draw(ax, values, axis_y, axis_x, name, label, centre))
        _outline(ax, shown, axis_y, axis_x)
        _mark(ax, marked or {})
        plain(ax)
    for ax in axes[1]:
        ax.set_xlabel("precision", fontsize=8)
    for ax in axes[:, 0]:
        ax.set_ylabel("evidence strength", fontsize=8)
    if reference_deviation is not None:
        bars[2].ax.axhline(reference_deviation, color="black", linewidth=1.4)
        bars[2].ax.set_title("line: data", fontsize=7, color=INK)
    nothing = "no value (a single attractor has no angle)"
    _explain(figure, outlines, nothing if np.isnan(given[2]).any() else "", best, columns=3)
    return figure


_Outline = tuple[str, FloatArray, float, Any, Any]


def _axes_of(
    evidences: ArrayLike, precisions: ArrayLike, where: str
) -> tuple[FloatArray, FloatArray]:
    axis_y = some(array_of(evidences, where, "evidences", "evidences"), where, "evidences")
    axis_x = some(array_of(precisions, where, "precisions", "precisions"), where, "precisions")
    return axis_y, axis_x


def _edges(centres: FloatArray) -> FloatArray:
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = 0.5 * (centres[1:] + centres[:-1])
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def _scale(known: FloatArray, centre: float | None) -> tuple[float, float, str]:
    """Where the colours end, and at which ends there are values beyond."""
    if not known.size:
        return 0.0, 1.0, "neither"
    if centre is None:
        low, high = float(known.min()), float(np.quantile(known, 0.98))
    else:
        reach = float(np.quantile(np.abs(known - centre), 0.98)) or 1.0
        low, high = centre - reach, centre + reach
    beyond = (bool(known.min() < low), bool(known.max() > high))
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}
    return low, high, extend.get(beyond, "neither")


def _draw(
    ax: Any,
    values: FloatArray,
    evidences: FloatArray,
    precisions: FloatArray,
    title: str,
    label: str,
    centre: float | None,
) -> Any:
    from matplotlib.ticker import MaxNLocator, NullFormatter

    ax.patch.set(**_NOTHING, linewidth=0.0)
    low, high, extend = _scale(values[np.isfinite(values)], centre)
    mesh = ax.pcolormesh(
        10.0 ** _edges(np.log10(precisions)),
        _edges(evidences),
        np.ma.masked_invalid(values),
        cmap=SEQUENTIAL if centre is None else DIVERGING,
        vmin=low,
        vmax=high,
        rasterized=True,
    )
    ax.set_xscale("log")
    if precisions[-1] < 10.0 * precisions[0]:
        # Less than a decade may hold no power of ten.
        ax.set_xticks(sorted({precisions[0], precisions[-1]}))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_title(title, loc="left", fontsize=8.5, color=INK)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    bar = colour_bar(ax, mesh, label, pad=0.02, extend=extend)
    bar.ax.locator_params(nbins=6)
    return bar


def _outlined(
    contours: Mapping[str, ArrayLike],
    evidences: FloatArray,
    precisions: FloatArray,
    best: float,
    where: str,
) -> list[_Outline]:
    outlines = []
    for (name, values), (colour, style) in zip(contours.items(), _OUTLINES, strict=False):
        array = array_of(values, where, f"contours[{name!r}]", evidences.size, precisions.size)
        outlines.append((name, *best_region(array, best), colour, style))
    return outlines


def _outline(
    ax: Any, outlines: list[_Outline], evidences: FloatArray, precisions: FloatArray
) -> None:
    from matplotlib.patheffects import withStroke

    # Outlines run to the edges of the outer cells, not only to their middles.
    log_x = np.log10(precisions)
    x = 10.0 ** np.concatenate([_edges(log_x)[:1], log_x, _edges(log_x)[-1:]])
    y = np.concatenate([_edges(evidences)[:1], evidences, _edges(evidences)[-1:]])
    for _, smooth, level, colour, style in outlines:
        known = smooth[np.isfinite(smooth)]
        # Equal values have no best region, and matplotlib warns of them.
        if known.size and known.min() < level < known.max():
            lines = ax.contour(
                x,
                y,
                np.pad(smooth, 1, mode="edge"),
                levels=[level],
                colors=[colour],
                linestyles=[style],
                linewidths=1.3,
            )
            lines.set_path_effects([withStroke(linewidth=2.6, foreground="white")])


def _mark(ax: Any, marked: Mapping[str, tuple[float, float]]) -> None:
    for name, (evidence, precision) in marked.items():
        ax.text(
            precision,
            evidence,
            name,
            fontsize=7,
            fontweight="bold",
            ha="center",
            va="center",
            bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "black"},
        )


def _explain(
    figure: Any, outlines: list[_Outline], nothing: str, best: float, *, columns: int
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys: list[Any] = [
        Line2D([], [], color=colour, linestyle=style, label=f"best {best:.0%} of {name}")
        for name, _, _, colour, style in outlines
    ]
    if nothing:
        keys.append(Patch(**_NOTHING, label=nothing))
    if keys:
        legend(figure, handles=keys, loc="outside lower center", ncols=columns)
