r"""What responses tell of hidden causes, and what keeps a network away from equilibrium.

Information is mutual information between the hidden cause and the response; the information that
the noisy input itself holds bounds it from above (data processing), and is drawn as a line. The
entropy production of a stationary network is 0 exactly where detailed balance holds; where it does
not, probability flows in circles, which a field of arrows over the density shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.figures.arguments import array_of, some
from deepparticle.figures.style import (
    BLUE,
    COLUMN,
    GREY,
    INK,
    SEQUENTIAL,
    VERMILION,
    colour_bar,
    legend,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["current_field", "entropy_production_curve", "information_against_orthogonality"]


def information_against_orthogonality(
    deviation: ArrayLike,
    information: ArrayLike,
    precisions: ArrayLike,
    *,
    input_information: float | None = None,
    data_deviation: float | None = None,
    unit: str = "bits",
    title: str = "",
) -> Figure:
    """Draw how much responses tell of their causes, against how orthogonal attractors are.

    Parameters
    ----------
    deviation : array_like of shape (R,)
        Mean deviation of attractors from orthogonality in degrees, per network; NaN for a single
        attractor: such networks have a column of their own.
    information : array_like of shape (R,)
        Mutual information of cause and response.
    precisions : array_like of shape (R,)
        Positive; the colour, on a logarithmic scale.
    input_information : float, optional
        That of cause and noisy input: a horizontal line.
    data_deviation : float, optional
        That of the training patterns: a vertical line.
    unit : str
        Of information.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        The scatter, the column of networks without an angle, and the colour bar.

    Examples
    --------
    >>> figure = information_against_orthogonality([20.0, np.nan], [2.0, 1.0], [0.1, 0.01])
    >>> [len(ax.collections[0].get_offsets()) for ax in figure.axes[:2]]
    [1, 1]
    """
    from matplotlib.colors import LogNorm

    where = "information_against_orthogonality"
    x = some(array_of(deviation, where, "deviation", "networks"), where, "deviation")
    y = array_of(information, where, "information", x.size)
    beta = array_of(precisions, where, "precisions", x.size)
    if beta.min() <= 0.0:
        raise SettingError(
            Fault(where, "precisions are positive", f"{beta.min():g}", "leave such networks out")
        )
    figure = new_figure(COLUMN, 2.6, title)
    ax, side = figure.subplots(1, 2, sharey=True, width_ratios=[5.0, 1.0])
    # LogNorm needs a range.
    low, high = float(beta.min()), float(beta.max())
    norm = LogNorm(low, high if high > low else 10.0 * low)
    angle = np.isfinite(x)
    # Points without an angle are spread by their precision, so that they do not hide each other.
    for each, across, chosen in ((ax, x, angle), (side, np.log(beta), ~angle)):
        shown = each.scatter(
            across[chosen],
            y[chosen],
            c=beta[chosen],
            norm=norm,
            cmap=SEQUENTIAL,
            s=12,
            linewidths=0.3,
            edgecolors="white",
        )
        if input_information is not None:
            each.axhline(input_information, color=VERMILION, linestyle="--", linewidth=1.0)
    if input_information is not None:
        _say(ax, "noisy input", (0.98, input_information), ("axes fraction", "data"), "right")
    if data_deviation is not None:
        ax.axvline(data_deviation, color=GREY, linestyle=":", linewidth=1.2)
        _say(ax, " data", (data_deviation, 0.02), ("data", "axes fraction"), "left")
    plain(ax, "", "deviation from 90° (degrees)", f"information ({unit})")
    if not angle.any():
        ax.set_xlim(0.0, 45.0)
    plain(side, "", "no\nangle")
    side.set_xticks([])
    side.margins(x=0.2)
    colour_bar([ax, side], shown, "precision", pad=0.02, format="{x:g}")
    return figure


def _say(
    ax: Any, words: str, place: tuple[float, float], frame: tuple[str, str], side: str
) -> None:
    ax.annotate(
        words,
        place,
        (0, 2),
        xycoords=frame,
        textcoords="offset points",
        ha=side,
        va="bottom",
        fontsize=7,
        color=INK,
    )


def entropy_production_curve(
    across: ArrayLike,
    production: ArrayLike,
    errors: ArrayLike | None = None,
    *,
    exact: tuple[ArrayLike, ArrayLike] | None = None,
    label: str = "strength of the antisymmetric part",
    unit: str = "nats per step",
    logarithmic: bool = False,
    title: str = "",
) -> Figure:
    """Draw entropy production against a setting or over time.

    Parameters
    ----------
    across : array_like of shape (K,)
        The setting.
    production : array_like of shape (K,)
        Estimates.
    errors : array_like of shape (K,), optional
        Their standard errors; drawn are ± 2.
    exact : pair of array_like of shape (M,), optional
        A curve to compare with: where, and how much.
    label, unit : str
        Of the two axes.
    logarithmic : bool
        Of the setting.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes with a line at 0, detailed balance.

    Examples
    --------
    >>> figure = entropy_production_curve([0.0, 1.0], [0.0, 0.4], [0.01, 0.02])
    >>> figure.axes[0].get_ylabel()
    'entropy production (nats per step)'
    """
    where = "entropy_production_curve"
    x = some(array_of(across, where, "across", "settings"), where, "across")
    y = array_of(production, where, "production", x.size)
    figure = new_figure(COLUMN, 2.6, title)
    ax = figure.subplots()
    ax.axhline(0.0, color=GREY, linewidth=0.7, zorder=0)
    if exact is not None:
        line = array_of(exact[0], where, "exact[0]", "points")
        values = array_of(exact[1], where, "exact[1]", line.size)
        ax.plot(line, values, color=INK, linewidth=1.0, label="exact")
    bars = None if errors is None else 2.0 * array_of(errors, where, "errors", x.size)
    ax.errorbar(
        x,
        y,
        bars,
        color=BLUE,
        marker="o",
        markersize=3.5,
        linestyle="none" if exact is not None else "-",
        linewidth=1.0,
        elinewidth=0.9,
        capsize=2,
        label="measured" + ("" if errors is None else " ± 2 standard errors"),
    )
    if logarithmic:
        ax.set_xscale("log")
    plain(ax, "", label, f"entropy production ({unit})")
    legend(ax, loc="best")
    return figure


def current_field(
    x: ArrayLike,
    y: ArrayLike,
    density: ArrayLike,
    current_x: ArrayLike,
    current_y: ArrayLike,
    *,
    names: tuple[str, str] = ("σ₁", "σ₂"),
    arrows: int = 11,
    title: str = "",
) -> Figure:
    """Draw a density of two states, and over it the current of probability.

    Parameters
    ----------
    x : array_like of shape (X,)
        Values of the first state, ascending and equally spaced.
    y : array_like of shape (Y,)
        Values of the second.
    density : array_like of shape (X, Y)
        ``density[k, l]`` is that at ``(x[k], y[l])``: the first axis is the first state.
    current_x, current_y : array_like of shape (X, Y)
        The components of the current along the first and the second state.
    names : pair of str
        Of the states.
    arrows : int
        About how many along each axis; each stands where the grid has a point.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Density in grey, arrows whose length is proportional to the current, a colour bar.

    Examples
    --------
    >>> grid = np.linspace(-1.0, 1.0, 8)
    >>> a, b = np.meshgrid(grid, grid, indexing="ij")
    >>> figure = current_field(grid, grid, np.exp(a * b), -b, a)
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('σ₁', 'σ₂')
    """
    where = "current_field"
    first = some(array_of(x, where, "x", "first"), where, "x")
    second = some(array_of(y, where, "y", "second"), where, "y")
    size = (first.size, second.size)
    p, jx, jy = (
        array_of(given, where, what, *size)
        for given, what in (
            (density, "density"),
            (current_x, "current_x"),
            (current_y, "current_y"),
        )
    )
    figure = new_figure(COLUMN, 3.0, title)
    ax = figure.subplots()
    mesh = ax.pcolormesh(
        first, second, p.T, cmap="Greys", shading="nearest", vmin=0.0, rasterized=True
    )
    at = [_thinned(length, arrows) for length in size]
    every = np.ix_(*at)
    largest = float(np.nanmax(np.hypot(jx[every], jy[every])))
    spacing = 2.0 / max(len(at[0]), len(at[1]))
    span = float(max(np.ptp(first), np.ptp(second))) or 1.0
    if largest > 0.0:
        # The longest arrow reaches from one place to the next.
        field = ax.quiver(
            first[at[0]],
            second[at[1]],
            jx[every].T,
            jy[every].T,
            color=VERMILION,
            angles="xy",
            scale_units="xy",
            scale=largest / (0.5 * spacing * span),
            width=0.006,
        )
        ax.quiverkey(
            field, 0.85, 1.04, largest, f"{largest:.2g}", labelpos="E", fontproperties={"size": 7}
        )
    plain(ax, "" if largest > 0.0 else "no current: detailed balance", *names)
    ax.set_aspect("equal")
    colour_bar(ax, mesh, "density", shrink=0.8)
    return figure


def _thinned(length: int, wanted: int) -> Any:
    """Places of about so many of `length` points, as far from both ends."""
    stride = max(1, length // max(1, wanted))
    start = ((length - 1) % stride) // 2
    return np.arange(start, length, stride)
