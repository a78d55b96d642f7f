"""What all figures share: colours for any colour vision, sizes for a column, images as tiles.

Colours are those of Okabe & Ito (2008). A column of a journal is 89 mm wide, a page 183 mm; text
is set at 7 to 9 points, so that a figure is readable at the size at which it is printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike
from deepparticle.figures.numbers import running_mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "COLUMN",
    "DIVERGING",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PAGE",
    "PURPLE",
    "SEQUENTIAL",
    "SERIES",
    "SKY",
    "VERMILION",
    "YELLOW",
    "colour_bar",
    "legend",
    "new_figure",
    "plain",
    "raw_and_mean",
    "show_matrix",
    "show_pattern",
]

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW = "#E69F00", "#56B4E9", "#F0E442"
GREY, INK = "#999999", "#333333"

SERIES = (
    (BLUE, "o", "-"),
    (VERMILION, "^", "--"),
    (GREEN, "s", "-."),
    (PURPLE, "D", ":"),
    (ORANGE, "v", "-"),
    (SKY, "P", "--"),
)
"""Colour, marker and line style of the first, second … series: told apart without colour too."""

DIVERGING = "PuOr_r"
"""The colour map of what has a sign."""

SEQUENTIAL = "cividis"
"""The colour map of what has none."""

COLUMN, PAGE = 3.5, 7.2
"""The width of a column and of a page, in inches."""


def new_figure(width: float, height: float, title: str = "") -> Figure:
    """An empty figure of so many inches, with constrained layout and small type.

    A title adds a quarter of an inch to the height: what is below it keeps its size.

    Examples
    --------
    >>> new_figure(COLUMN, 2.0).get_size_inches().tolist()
    [3.5, 2.0]
    >>> new_figure(COLUMN, 2.0, "title").get_size_inches().tolist()
    [3.5, 2.25]
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height + (0.25 if title else 0.0)), dpi=150)
    figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.05)
    if title:
        figure.suptitle(title, fontsize=9, color=INK)
    return figure


def plain(ax: Any, title: str = "", across: str = "", up: str = "") -> Any:
    """Title and labels at the size of the house, and no frame above and at the right."""
    if title:
        ax.set_title(title, fontsize=8.5, color=INK)
    if across:
        ax.set_xlabel(across, fontsize=8)
    if up:
        ax.set_ylabel(up, fontsize=8)
    ax.tick_params(which="both", labelsize=7)
    if ax.name == "rectilinear":
        ax.spines[["top", "right"]].set_visible(False)
    return ax


def colour_bar(ax: Any, shown: Any, label: str = "", **settings: Any) -> Any:
    """A colour bar at the size of the house.

    Parameters
    ----------
    ax : matplotlib Axes, or list of them
        Beside which it stands.
    shown : matplotlib ScalarMappable
        Whose colours it explains.
    label : str
    **settings
        As of `Figure.colorbar`.

    Returns
    -------
    matplotlib Colorbar
    """
    first = ax[0] if isinstance(ax, list) else ax
    bar = first.figure.colorbar(shown, ax=ax, **settings)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(which="both", labelsize=7)
    return bar


def legend(ax: Any, **places: Any) -> Any:
    """A legend of axes or of a figure, without a frame; parameters as of its method `legend`."""
    return ax.legend(**{"frameon": False, "fontsize": 7, "handlelength": 1.8, **places})


def raw_and_mean(ax: Any, values: ArrayLike, smooth: int | None = None, colour: str = BLUE) -> None:
    """Draw a series step by step in grey, and its running mean over it.

    Parameters
    ----------
    ax : matplotlib Axes
    values : array_like of shape (steps,)
    smooth : int, optional
        Steps to average over; by default a hundredth of them.
    colour : str
        Of the mean.
    """
    series = np.asarray(values, dtype=np.float64)
    width = max(1, series.size // 100) if smooth is None else max(1, min(smooth, series.size))
    # Many points make a vector graphic large: single steps are pixels in it.
    ax.plot(
        np.arange(1, series.size + 1),
        series,
        color="#c9c9c9" if width > 1 else colour,
        linewidth=0.5 if width > 1 else 1.0,
        rasterized=True,
        label="single steps",
    )
    if width > 1:
        middle, mean = running_mean(series, width)
        ax.plot(middle, mean, color=colour, linewidth=1.4, label=f"mean of {width} steps")


def show_pattern(
    ax: Any,
    pattern: ArrayLike,
    shape: tuple[int, int],
    limit: float | None = None,
    *,
    title: str = "",
    below: str = "",
    cmap: str = "gray_r",
) -> Any:
    """Draw a pattern as an image; with the usual colour map black is +limit, white −limit.

    Parameters
    ----------
    ax : matplotlib Axes
    pattern : array_like of shape (N,)
    shape : tuple of int
    limit : float, optional
        By default the largest magnitude in the pattern.
    title, below : str
    cmap : str
        ``"gray"`` shows high values light, as in a photograph.

    Returns
    -------
    matplotlib AxesImage
    """
    image = np.asarray(pattern, dtype=np.float64).reshape(shape)
    top = limit if limit is not None else float(np.nanmax(np.abs(image)))
    shown = ax.imshow(
        image, cmap=cmap, vmin=-(top or 1.0), vmax=top or 1.0, interpolation="nearest"
    )
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_color("#bbbbbb")
    if title:
        ax.set_title(title, fontsize=7.5, color=INK)
    if below:
        ax.set_xlabel(below, fontsize=7, color=INK)
    return shown


def show_matrix(
    ax: Any,
    matrix: ArrayLike,
    title: str = "",
    *,
    limit: float | None = None,
    bar: bool = True,
) -> Any:
    """Draw a matrix that has a sign; the scale ends at the 99th percentile of magnitudes.

    Parameters
    ----------
    ax : matplotlib Axes
    matrix : array_like of shape (N, M)
    title : str
    limit : float, optional
        The end of the scale.
    bar : bool
        Add a colour bar.

    Returns
    -------
    matplotlib AxesImage
    """
    array = np.asarray(matrix, dtype=np.float64)
    top = limit if limit is not None else float(np.quantile(np.abs(array), 0.99))
    shown = ax.imshow(
        array, cmap=DIVERGING, vmin=-(top or 1.0), vmax=top or 1.0, interpolation="nearest"
    )
    ax.set_title(title, fontsize=8.5, color=INK)
    ax.set_xlabel("source", fontsize=8)
    ax.set_ylabel("target", fontsize=8)
    ax.tick_params(labelsize=7)
    if bar:
        colour_bar(ax, shown, shrink=0.8, extend="both")
    return shown
