r"""Simulation 1: two correlated images become two nearly orthogonal attractors.

A network of 25 subparticles learns two images that correlate by r = .77. Its attractors
correlate by about −.19; while it learns, its free energies fall; and it answers noisy and new
images in terms of its attractors (Spisak & Friston 2026, simulation 1). Correlations are
Pearson's r with its sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.figures.arguments import array_of, images_of, some, titles_of
from deepparticle.figures.network import network_drawing
from deepparticle.figures.numbers import correlation, correlations, running_mean, written
from deepparticle.figures.style import (
    COLUMN,
    DIVERGING,
    GREY,
    INK,
    PAGE,
    SERIES,
    colour_bar,
    legend,
    new_figure,
    plain,
    raw_and_mean,
)
from deepparticle.figures.tiles import Tiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "free_energy_curves",
    "network_drawing",
    "orthogonal_basis",
    "projections_over_time",
    "recall_panel",
]

# Up to so many images are written with a number in each cell of their correlation matrix.
_FEW = 5


def orthogonal_basis(
    images: ArrayLike,
    attractors: ArrayLike,
    shape: tuple[int, int],
    *,
    names: Sequence[str] = ("training images", "attractors"),
    title: str = "",
) -> Figure:
    """Draw training images above, attractors below, and how much they correlate.

    Parameters
    ----------
    images : array_like of shape (P, N)
        What was learned.
    attractors : array_like of shape (A, N)
        What it became; A may be 0.
    shape : tuple of int
        Rows and columns of an image.
    names : sequence of two str
        Of the two rows.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Four axes: images and their correlation matrix, attractors and theirs; one fewer for each
        set of less than two.

    Examples
    --------
    >>> figure = orthogonal_basis(np.eye(2, 4), np.eye(2, 4), (2, 2))
    >>> [ax.get_title(loc="left") for ax in figure.axes[::2]]
    ['training images: r = −0.33', 'attractors: r = −0.33']
    """
    sets = [
        images_of(given, shape, "orthogonal_basis", what)
        for given, what in ((images, "images"), (attractors, "attractors"))
    ]
    most = max(len(states) for states in sets)
    width = COLUMN if most <= _FEW else PAGE
    # Tiles of both rows are equally large, and so are the matrices beside them.
    square = 1.0
    room = width - square - 0.5
    rows = [Tiles([[*states, *[None] * (most - len(states))]], shape) for states in sets]
    heights = [max(tiles.height(room), square) + 0.3 for tiles in rows]
    figure = new_figure(width, sum(heights), title)
    places: Any = figure.subfigures(2, 1, height_ratios=heights)
    for place, states, tiles, name in zip(places, sets, rows, names, strict=True):
        left, right = place.subplots(1, 2, width_ratios=[room, square + 0.2])
        tiles.draw(left, room)
        left.set_anchor("W")
        matrix = correlations(states, states)
        left.set_title(f"{name}: {_in_words(matrix)}", loc="left", fontsize=8.5, color=INK)
        if len(states) < 2:
            right.remove()
        else:
            _correlation_matrix(right, matrix)
    return figure


def _in_words(matrix: FloatArray) -> str:
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    if not pairs.size:
        return "one" if len(matrix) else "none"
    if pairs.size == 1:
        return f"r = {written(float(pairs[0]))}"
    known = np.abs(pairs[np.isfinite(pairs)])
    return f"mean |r| = {written(float(known.mean()) if known.size else np.nan)}"


def _correlation_matrix(ax: Any, matrix: FloatArray) -> None:
    shown = ax.imshow(matrix, cmap=DIVERGING, vmin=-1.0, vmax=1.0)
    ax.set_xticks([])
    ax.set_yticks([])
    if len(matrix) <= _FEW:
        for (row, column), value in np.ndenumerate(matrix):
            colour = "white" if abs(value) > 0.6 else INK
            text = written(float(value))
            ax.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    else:
        colour_bar(ax, shown, "r", shrink=0.8, ticks=[-1, 0, 1])


def free_energy_curves(
    series: Mapping[str, ArrayLike],
    *,
    smooth: int | None = None,
    unit: str = "nats",
    title: str = "",
) -> Figure:
    """Draw free energies and their parts over time, one panel for each, under their names.

    Parameters
    ----------
    series : mapping of str to array_like of shape (steps,)
        For example complexity, accuracy, local and published free energy, in this order from top to
        bottom; all of one length.
    smooth : int, optional
        Steps of the running mean; by default a hundredth of all.
    unit : str
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes per series; all share the step axis.

    Examples
    --------
    >>> figure = free_energy_curves({"complexity": [3.0, 2.0, 1.0], "accuracy": [0.0, 1.0, 1.0]})
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['complexity', 'accuracy']
    """
    some(series, "free_energy_curves", "series")
    first = np.size(next(iter(series.values())))
    figure = new_figure(COLUMN, 0.35 + 1.05 * len(series), title)
    axes = figure.subplots(len(series), 1, sharex=True, squeeze=False)[:, 0]
    for ax, (name, values), (colour, _, _) in zip(
        axes, series.items(), _cycled(len(series)), strict=True
    ):
        curve = array_of(values, "free_energy_curves", f"series[{name!r}]", first)
        raw_and_mean(ax, curve, smooth, colour)
        plain(ax, up=unit)
        ax.set_title(name, loc="left", fontsize=8.5, color=INK)
        ax.locator_params(axis="y", nbins=4)
    axes[-1].set_xlabel("step", fontsize=8)
    axes[-1].set_xlim(0, first + 1)
    figure.align_ylabels(axes)
    keys, _ = axes[0].get_legend_handles_labels()
    legend(figure, handles=keys, loc="outside upper right", ncols=2)
    return figure


def _cycled(count: int) -> list[tuple[str, str, str]]:
    return [SERIES[number % len(SERIES)] for number in range(count)]


def recall_panel(
    target: ArrayLike,
    noisy: ArrayLike,
    response: ArrayLike,
    shape: tuple[int, int],
    *,
    title: str = "",
) -> Figure:
    """Draw one recall: the true image, its noisy version, the response, and their correlations.

    Parameters
    ----------
    target, noisy, response : array_like of shape (N,)
    shape : tuple of int
        Rows and columns of an image.
    title : str
        For example ``"retrieval"`` or ``"generalisation"``.

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes with three images, each on the scale of its own largest magnitude.

    Examples
    --------
    >>> figure = recall_panel([1.0, 0.0], [1.0, 0.5], [2.0, 0.0], (1, 2))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['noisy input', 'r = 1.00', 'response', 'r = 1.00', 'true image']
    """
    size = shape[0] * shape[1]
    true, shown, answer = (
        array_of(given, "recall_panel", what, size)
        for given, what in ((target, "target"), (noisy, "noisy"), (response, "response"))
    )
    below = [f"r = {written(correlation(given, true))}" for given in (shown, answer)]
    tiles = Tiles(
        [[shown, answer, true]],
        shape,
        above=[["noisy input", "response", "true image"]],
        below=[below],
    )
    return tiles.figure(COLUMN, title)


def projections_over_time(
    projections: ArrayLike,
    labels: Sequence[str],
    *,
    smooth: int | None = None,
    unit: str = "projection onto attractor",
    title: str = "",
) -> Figure:
    """Draw how a state moves among attractors: its projection onto each of them, over time.

    Parameters
    ----------
    projections : array_like of shape (steps, K)
        Onto each of K attractors.
    labels : sequence of K str
    smooth : int, optional
        Steps of the running mean; by default a hundredth of all.
    unit : str
        What is projected, for the axis.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Two axes: projections over time, and how often each value was taken.

    Examples
    --------
    >>> figure = projections_over_time([[0.1, 0.9], [0.2, 0.7], [0.8, 0.1]], ["a", "b"], smooth=1)
    >>> [line.get_label() for line in figure.axes[0].lines[:2]]
    ['a', 'b']
    """
    array = array_of(projections, "projections_over_time", "projections", "steps", "attractors")
    some(array, "projections_over_time", "projections")
    names = titles_of(labels, array.shape[1], "projections_over_time", "labels")
    figure = new_figure(COLUMN, 2.1, title)
    ax, side = figure.subplots(1, 2, sharey=True, width_ratios=[3.2, 1.0])
    width = max(1, len(array) // 100) if smooth is None else smooth
    for values, name, (colour, _, style) in zip(array.T, names, _cycled(len(names)), strict=True):
        middle, mean = running_mean(values, width)
        ax.plot(middle, mean, color=colour, linestyle=style, linewidth=1.0, label=name)
        # Every step counts, also those that the running mean smooths away.
        side.hist(
            values[np.isfinite(values)],
            bins=30,
            orientation="horizontal",
            histtype="step",
            color=colour,
            linestyle=style,
            density=True,
        )
    for each in (ax, side):
        each.axhline(0.0, color=GREY, linewidth=0.6, zorder=0)
    plain(ax, across="step" if width < 2 else f"step (mean of {width})", up=unit)
    plain(side, across="density")
    ax.set_xlim(0, len(array) + 1)
    keys, _ = ax.get_legend_handles_labels()
    legend(figure, handles=keys, loc="outside upper left", ncols=3)
    return figure
