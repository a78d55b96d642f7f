r"""Simulation 5: how run time and memory grow with the size of a network.

One step of a fully coupled network of N subparticles reads (and, while learning, writes)
:math:`N^2` couplings, so its time cannot grow slower than :math:`N^2` for large N. Memory is shown
against the load P/N, patterns per subparticle: Hopfield's network with Hebbian couplings fails
beyond .138 (Amit, Gutfreund & Sompolinsky 1985), a projection network at 1 (Personnaz, Guyon &
Dreyfus 1985; Kanter & Sompolinsky 1987).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from deepparticle.blankets._types import ArrayLike
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.figures.arguments import array_of, some
from deepparticle.figures.style import COLUMN, GREY, INK, PAGE, SERIES, legend, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["capacity_curves", "throughput"]

_HOPFIELD_LIMIT = 0.138
"""Patterns per unit that Hebbian couplings can hold (Amit, Gutfreund & Sompolinsky 1985)."""


def throughput(
    sizes: ArrayLike,
    measured: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    title: str = "",
) -> Figure:
    r"""Draw the time of a step and the couplings computed per second against the size.

    Parameters
    ----------
    sizes : array_like of shape (S,)
        Subparticles N, ascending.
    measured : mapping of str to (median, quartiles)
        By backend: seconds per step, an array_like of shape (S,), and their lower and upper
        quartiles, of shape (2, S); NaN where a size was not run.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Two log–log panels: seconds per step with a reference line :math:`\propto N^2` through the
        largest size of the fastest backend, and :math:`N^2` over seconds.

    Examples
    --------
    >>> times = {"numpy": ([1e-5, 4e-5], [[1e-5, 3e-5], [2e-5, 5e-5]])}
    >>> figure = throughput([64, 128], times)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['seconds per step', 'couplings per second']
    """
    N = some(array_of(sizes, "throughput", "sizes", "sizes"), "throughput", "sizes")
    some(measured, "throughput", "measured")
    figure = new_figure(PAGE, 3.0, title)
    left, right = figure.subplots(1, 2)
    ends = []
    for (name, (median, quartiles)), (colour, marker, style) in zip(
        measured.items(), _series(len(measured)), strict=True
    ):
        seconds = array_of(median, "throughput", f"median of {name!r}", N.size)
        low, high = array_of(quartiles, "throughput", f"quartiles of {name!r}", 2, N.size)
        for ax, values, below, above in (
            (left, seconds, seconds - low, high - seconds),
            (right, N**2 / seconds, N**2 / seconds - N**2 / high, N**2 / low - N**2 / seconds),
        ):
            ax.errorbar(
                N,
                values,
                [below, above],
                color=colour,
                marker=marker,
                linestyle=style,
                markersize=3.5,
                linewidth=1.1,
                elinewidth=0.8,
                capsize=1.5,
                label=name,
            )
        known = np.flatnonzero(np.isfinite(seconds))
        if known.size:
            ends.append((-N[known[-1]], seconds[known[-1]]))
    if ends:
        size, fastest = min(ends)
        left.plot(N, fastest * (N / size) ** 2, color=GREY, linewidth=0.9, zorder=0, label="∝ N²")
    # Ticks are at the sizes: those of a logarithmic axis crowd each other over less than a decade.
    ticks = N[:: -(-N.size // 6)]
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks(ticks, [f"{size:g}" for size in ticks])
        ax.set_xticks([], minor=True)
        ax.grid(color="#e6e6e6", linewidth=0.5)
    plain(left, "time", "subparticles N", "seconds per step")
    plain(right, "throughput, N² / time", "subparticles N", "couplings per second")
    keys, _ = left.get_legend_handles_labels()
    legend(figure, handles=keys, loc="outside lower center", ncols=6)
    return figure


def _series(count: int) -> list[tuple[str, str, str]]:
    return [SERIES[number % len(SERIES)] for number in range(count)]


def capacity_curves(
    loads: ArrayLike,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    kind: str = "retention (r)",
    *,
    size: int | None = None,
    references: Mapping[str, float] | None = None,
    limit: float | None = _HOPFIELD_LIMIT,
    title: str = "",
) -> Figure:
    """Draw how well patterns are kept against how many there are, for several learning rules.

    Parameters
    ----------
    loads : array_like of shape (L,)
        Patterns per subparticle P/N, ascending.
    curves : mapping of str to (mean, sd)
        By rule: two array_like of shape (L,), mean and standard deviation over networks; NaN where
        a load was not run.
    kind : str
        What is drawn, with its unit: ``"retention (r)"``, ``"reconstruction (r²)"``.
    size : int, optional
        N, where all networks have the same: a second axis counts patterns.
    references : mapping of str to float, optional
        Levels to compare with, for example that of the noisy input.
    limit : float, optional
        The load at which Hebbian couplings fail; None leaves it out.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes (and a second axis), mean ± 1 standard deviation of a single network.

    Examples
    --------
    >>> figure = capacity_curves([0.1, 0.2], {"Hebb": ([1.0, 0.4], [0.0, 0.1])}, size=100)
    >>> figure.axes[0].get_ylabel()
    'retention (r)'
    """
    where = "capacity_curves"
    x = some(array_of(loads, where, "loads", "loads"), where, "loads")
    some(curves, where, "curves")
    if size is not None and size < 1:
        raise SettingError(Fault(where, "size is at least 1", repr(size), "give size=N"))
    figure = new_figure(COLUMN, 2.9, title)
    ax = figure.subplots()
    for (name, (mean, sd)), (colour, marker, style) in zip(
        curves.items(), _series(len(curves)), strict=True
    ):
        middle = array_of(mean, where, f"mean of {name!r}", x.size)
        spread = array_of(sd, where, f"sd of {name!r}", x.size)
        ax.fill_between(x, middle - spread, middle + spread, color=colour, alpha=0.2, linewidth=0)
        ax.plot(
            x,
            middle,
            color=colour,
            marker=marker,
            linestyle=style,
            markersize=3.5,
            linewidth=1.2,
            label=name,
        )
    if limit is not None:
        ax.axvline(
            limit, color=INK, linewidth=0.9, linestyle=(0, (1, 1)), label=f"P = {limit:.2f} N"
        )
    for name, level in (references or {}).items():
        ax.axhline(level, color=GREY, linewidth=0.9)
        ax.annotate(
            name,
            (0.0, level),  # curves begin high above a level, and may end on it
            (2, 2),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="left",
            fontsize=7,
            color=INK,
        )
    plain(ax, "", "patterns per subparticle, P / N", kind)
    ax.set_xlim(0.0, None)
    if size is not None:
        counts = ax.secondary_xaxis(
            "top",
            functions=(lambda load: np.multiply(load, size), lambda count: np.divide(count, size)),
        )
        counts.set_xlabel(f"patterns P (N = {size})", fontsize=8)
        counts.tick_params(labelsize=7)
    keys, _ = ax.get_legend_handles_labels()
    legend(figure, handles=keys, loc="outside lower center", ncols=2)
    return figure
