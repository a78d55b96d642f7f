r"""Simulation 4: what a network keeps while it runs freely and goes on learning.

Couplings after t free steps are compared with those at the start: by their correlation, by what is
still retrieved and generalised, and by the squared displacement

.. math:: D(t) = \lVert J(t) - J(0)\rVert^2 \approx a\,t + c\,t^2,

whose linear part is diffusion and whose quadratic part is drift: independent changes add up
in D itself, changes in one direction in its root. A control whose couplings are frozen shows what
the tests scatter by themselves (Spisak & Friston 2026, simulation 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.figures.arguments import array_of, some
from deepparticle.figures.numbers import correlation, written
from deepparticle.figures.style import (
    COLUMN,
    GREY,
    INK,
    PAGE,
    SERIES,
    colour_bar,
    legend,
    new_figure,
    plain,
    show_matrix,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["couplings_before_and_after", "drift_and_diffusion", "forgetting"]


def forgetting(
    times: ArrayLike,
    measures: Mapping[str, Mapping[str, ArrayLike]],
    controls: Mapping[str, Mapping[str, ArrayLike]] | None = None,
    *,
    logarithmic: bool = False,
    title: str = "",
) -> Figure:
    """Draw what is left after a time of free running, at several precisions.

    Parameters
    ----------
    times : array_like of shape (T,)
        Free steps, ascending, beginning at 0.
    measures : mapping of str to mapping of str to array_like of shape (seeds, T)
        By the label of the precision, for example ``"precision 1"``, then by the name of the
        measure, for example ``"correlation of J with itself"``, ``"retrieval"``. There is a panel
        for each measure; labels may lack some.
    controls : mapping, optional
        The same for networks whose couplings were frozen.
    logarithmic : bool
        A time axis that is logarithmic from its first positive time on, with 0 on it.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        A panel per measure: per label the mean over seeds and a band of ± 1 standard deviation of a
        single network (none for one seed); controls are thin and dotted.

    Examples
    --------
    >>> runs = {"precision 1": {"retrieval": [[0.5, 0.25], [0.5, 0.75]]}}
    >>> figure = forgetting([0, 1000], runs)
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [0.5, 0.5]
    """
    time = some(array_of(times, "forgetting", "times", "times"), "forgetting", "times")
    some(measures, "forgetting", "measures")
    names = list(dict.fromkeys(name for given in measures.values() for name in given))
    some(names, "forgetting", "measures")
    frozen = controls or {}
    figure = new_figure(COLUMN, 0.5 + 1.45 * len(names), title)
    axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    labels = list(dict.fromkeys([*measures, *frozen]))
    for ax, name in zip(axes, names, strict=True):
        for number, label in enumerate(labels):
            series = SERIES[number % len(SERIES)]
            for group, control in ((measures, False), (frozen, True)):
                if name in group.get(label, {}):
                    what = f"{'controls' if control else 'measures'}[{label!r}][{name!r}]"
                    values = array_of(group[label][name], "forgetting", what, "seeds", time.size)
                    _mean_and_band(ax, time, values, label, series, control)
        plain(ax)
        ax.set_title(name, loc="left", fontsize=8.5, color=INK)
        ax.axhline(0.0, color=GREY, linewidth=0.6, zorder=0)
    axes[-1].set_xlabel("free steps", fontsize=8)
    _time_axis(axes[-1], time, logarithmic)
    # A label that lacks a measure is found in another panel.
    keys: dict[str, Any] = {}
    for ax in axes:
        handles, words = ax.get_legend_handles_labels()
        keys = dict(zip(words, handles, strict=True)) | keys
    legend(figure, handles=list(keys.values()), loc="outside lower center", ncols=2)
    return figure


def _mean_and_band(
    ax: Any,
    time: FloatArray,
    values: FloatArray,
    label: str,
    series: tuple[str, str, str],
    control: bool,
) -> None:
    colour, marker, style = series
    mean = values.mean(axis=0)
    if control:
        ax.plot(time, mean, color=colour, linestyle=":", linewidth=1.0, label=f"{label}, frozen J")
        return
    if len(values) > 1:
        spread = values.std(axis=0, ddof=1)
        ax.fill_between(time, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    ax.plot(
        time,
        mean,
        color=colour,
        linestyle=style,
        marker=marker,
        markersize=3,
        linewidth=1.2,
        label=f"{label} (n = {len(values)})",
    )


def _time_axis(ax: Any, time: FloatArray, logarithmic: bool) -> None:
    from matplotlib.ticker import EngFormatter

    later = time[time > 0.0]
    if logarithmic and later.size:
        # Linear as far as the first time, so that 0 has a place.
        ax.set_xscale("symlog", linthresh=float(later.min()))
        ax.set_xlim(0.0, float(time.max()) * 1.1)
        steps = (1.0,) if later.max() >= 100.0 * later.min() else (1.0, 2.0, 5.0)
        powers = 10.0 ** np.arange(np.floor(np.log10(later.min())), np.log10(later.max()) + 1.0)
        ticks = np.outer(powers, steps).ravel()
        ax.set_xticks([0.0, *ticks[(ticks >= later.min()) & (ticks <= later.max())]])
    else:
        ax.set_xlim(0.0, float(time.max()) * 1.02 or 1.0)
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))


def drift_and_diffusion(
    times: ArrayLike,
    displacement: Mapping[str, ArrayLike],
    fits: Mapping[str, tuple[float, float]],
    *,
    title: str = "",
) -> Figure:
    r"""Draw how far couplings have moved, and which part of it is diffusion, which drift.

    Parameters
    ----------
    times : array_like of shape (T,)
        Free steps, ascending, beginning at 0.
    displacement : mapping of str to array_like of shape (seeds, T)
        :math:`D(t) = \lVert J(t) - J(0)\rVert^2`, by the label of the precision.
    fits : mapping of str to (float, float)
        The coefficients a (diffusion, per step) and c (drift, per step²) of
        :math:`D(t) = a t + c t^2` for each label. A negative c says that J is drawn back.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        A panel per label: mean over seeds with a band of ± 1 standard deviation, the fit, and its
        two parts.

    Examples
    --------
    >>> figure = drift_and_diffusion(
    ...     [0, 1, 2], {"precision 1": [[0, 3, 8]]}, {"precision 1": (2, 1)}
    ... )
    >>> [line.get_label() for line in figure.axes[0].lines[:4]]
    ['measured (n = 1)', 'fit', 'diffusion, ∝ t', 'drift, ∝ t²']
    """
    where = "drift_and_diffusion"
    time = some(array_of(times, where, "times", "times"), where, "times")
    some(displacement, where, "displacement")
    count = len(displacement)
    width = COLUMN if count == 1 else PAGE
    figure = new_figure(width, 2.6, title)
    axes = figure.subplots(1, count, squeeze=False)[0]
    for ax, (label, given) in zip(axes, displacement.items(), strict=True):
        values = array_of(given, where, f"displacement[{label!r}]", "seeds", time.size)
        linear, quadratic = array_of(fits.get(label, ()), where, f"fits[{label!r}]", 2)
        mean = values.mean(axis=0)
        if len(values) > 1:
            spread = values.std(axis=0, ddof=1)
            ax.fill_between(time, mean - spread, mean + spread, color=GREY, alpha=0.3, linewidth=0)
        ax.plot(
            time,
            mean,
            color=INK,
            marker="o",
            markersize=3,
            linestyle="none",
            label=f"measured (n = {len(values)})",
        )
        fine = np.linspace(0.0, float(time.max()), 200)
        parts = (
            (linear * fine + quadratic * fine**2, INK, "-", "fit"),
            (linear * fine, SERIES[0][0], "--", "diffusion, ∝ t"),
            (quadratic * fine**2, SERIES[1][0], "-.", "drift, ∝ t²"),
        )
        for curve, colour, style, name in parts:
            ax.plot(fine, curve, color=colour, linestyle=style, linewidth=1.1, label=name)
        plain(ax, label, "free steps")
        ax.axhline(0.0, color=GREY, linewidth=0.6, zorder=0)
        _time_axis(ax, time, False)
    axes[0].set_ylabel("‖J(t) − J(0)‖²", fontsize=8)
    legend(axes[0], loc="upper left")
    return figure


def couplings_before_and_after(
    before: ArrayLike,
    after: ArrayLike,
    *,
    names: tuple[str, str] = ("after learning", "after free running"),
    title: str = "",
) -> Figure:
    """Draw couplings before and after on one colour scale, and one against the other.

    Parameters
    ----------
    before, after : array_like of shape (N, N)
        J, target × source.
    names : pair of str
        Of the two.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Two matrices, a two-dimensional histogram of all couplings off the diagonal (its title says
        their correlation), and a colour bar for each kind.

    Examples
    --------
    >>> figure = couplings_before_and_after([[0.0, 1.0], [2.0, 0.0]], [[0.0, 2.0], [4.0, 0.0]])
    >>> figure.axes[2].get_title()
    'r = 1.000'
    """
    from matplotlib.colors import LogNorm

    where = "couplings_before_and_after"
    size = len(np.atleast_1d(before))
    first = array_of(before, where, "before", size, size)
    second = array_of(after, where, "after", size, size)
    figure = new_figure(PAGE, 2.4, title)
    left, middle, right = figure.subplots(1, 3)
    limit = float(np.quantile(np.abs(np.stack([first, second])), 0.99))
    for ax, J, name in ((left, first, names[0]), (middle, second, names[1])):
        shown = show_matrix(ax, J, name, limit=limit, bar=False)
    middle.set_ylabel("")
    colour_bar([left, middle], shown, shrink=0.8, extend="both")
    off = ~np.eye(size, dtype=bool)
    pairs = np.stack([first[off], second[off]])
    # What lies beyond the scale is counted in the outermost bins.
    reach = limit or 1.0
    kept = np.clip(pairs, -reach, reach)
    counts = right.hist2d(
        *kept,
        bins=40,
        range=[[-reach, reach]] * 2,
        cmap="Greys",
        norm=LogNorm(vmin=1.0),
        rasterized=True,
    )
    right.plot([-reach, reach], [-reach, reach], color=SERIES[0][0], linewidth=0.8)
    right.set_aspect("equal")
    plain(right, f"r = {written(correlation(*pairs), 3)}", names[0], names[1])
    colour_bar(right, counts[3], "couplings", shrink=0.8)
    return figure
