"""Simulation 6: faces, kept and reconstructed from noise, beside simpler methods.

Light is high, as in a photograph. All numbers are Pearson's correlations with the original, with
their sign, so that an attractor that is a face's negative is seen to be one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.figures.arguments import array_of, images_of, some, titles_of
from deepparticle.figures.numbers import correlation, written
from deepparticle.figures.style import BLUE, COLUMN, GREY, INK, PAGE, VERMILION, new_figure, plain
from deepparticle.figures.tiles import Tiles, in_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["face_gallery", "method_bars", "reconstruction_panel", "retention_panel"]


def face_gallery(
    images: ArrayLike,
    shape: tuple[int, int],
    titles: Sequence[str] | None = None,
    *,
    columns: int = 10,
    title: str = "",
) -> Figure:
    """Draw faces in rows, each on the scale of its own largest magnitude.

    Parameters
    ----------
    images : array_like of shape (P, N)
        P may be 0.
    shape : tuple of int
        Rows and columns of an image.
    titles : sequence of P str, optional
        Written below the images.
    columns : int
        Of the gallery.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes with P images.

    Examples
    --------
    >>> figure = face_gallery(np.eye(3, 4), (2, 2), columns=2)
    >>> len(figure.axes[0].images), figure.axes[0].images[0].get_cmap().name
    (3, 'gray')
    """
    array = images_of(images, shape, "face_gallery", "images")
    words = titles_of(titles, len(array), "face_gallery", "titles")
    rows = in_rows(array, columns) or [[]]
    tiles = Tiles(rows, shape, below=in_rows(words, columns), cmap="gray")
    return tiles.figure(COLUMN if tiles.columns <= 5 else PAGE, title)


def retention_panel(
    patterns: ArrayLike,
    attractors: ArrayLike,
    correlations: ArrayLike,
    shape: tuple[int, int],
    *,
    count: int = 10,
    title: str = "",
) -> Figure:
    """Draw faces with the states to which they relax, and how much the two correlate.

    Shown are faces at equal steps of rank from the lowest to the highest correlation, not the best
    ones; the histogram is of all.

    Parameters
    ----------
    patterns, attractors : array_like of shape (P, N)
        Each face and the state at which the network rests when it begins there.
    correlations : array_like of shape (P,)
        Of the two; NaN where a network did not come to rest.
    shape : tuple of int
        Rows and columns of an image.
    count : int
        Faces to show.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Two rows of images, and the histogram of all correlations with their mean.

    Examples
    --------
    >>> patterns = np.eye(3, 4)
    >>> figure = retention_panel(patterns, patterns, [1.0, 1.0, 1.0], (2, 2), count=2)
    >>> figure.axes[1].get_title()
    'retention: mean r = 1.00 of 3'
    """
    where = "retention_panel"
    faces = some(images_of(patterns, shape, where, "patterns"), where, "patterns")
    states = array_of(attractors, where, "attractors", len(faces), faces.shape[1])
    r = array_of(correlations, where, "correlations", len(faces))
    known = np.flatnonzero(np.isfinite(r))
    ranked = known[np.argsort(r[known], kind="stable")]
    steps = np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(np.intp)
    chosen = ranked[steps]
    tiles = Tiles(
        [list(faces[chosen]), list(states[chosen])],
        shape,
        ("face", "attractor"),
        below=[[], [f"r = {written(value)}" for value in r[chosen]]],
        cmap="gray",
    )
    high = tiles.height(PAGE - 0.2) + 0.2
    figure = new_figure(PAGE, high + 1.7, title)
    top, bottom = figure.subplots(2, 1, height_ratios=[high, 1.6])
    tiles.draw(top, PAGE - 0.2)
    _histogram(bottom, r[known], len(faces))
    return figure


def _histogram(ax: Any, r: FloatArray, count: int) -> None:
    low = -1.0 if r.size and r.min() < 0.0 else 0.0
    ax.hist(r, bins=np.linspace(low, 1.0, 41), color=BLUE, edgecolor="white", linewidth=0.4)
    mean = float(r.mean()) if r.size else np.nan
    if r.size:
        ax.axvline(mean, color=INK, linestyle="--", linewidth=1.0)
    said = f"retention: mean r = {written(mean)} of {r.size}"
    if r.size < count:
        said += f" ({count - r.size} not at rest)"
    plain(ax, said, "correlation of face and attractor", "faces")
    ax.set_xlim(low, 1.0)
    ax.yaxis.get_major_locator().set_params(integer=True)


def reconstruction_panel(
    original: ArrayLike,
    noisy: ArrayLike,
    images: ArrayLike,
    evidence_strengths: ArrayLike,
    precisions: ArrayLike,
    shape: tuple[int, int],
    *,
    title: str = "",
) -> Figure:
    """Draw one noisy face, reconstructed at several precisions and strengths of evidence.

    Parameters
    ----------
    original, noisy : array_like of shape (N,)
    images : array_like of shape (R, C, N)
        Responses: a row for each precision, a column for each strength of evidence.
    evidence_strengths : array_like of shape (C,)
    precisions : array_like of shape (R,)
    shape : tuple of int
        Rows and columns of an image.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        The original and the noisy face at the left; the grid of responses with their correlation to
        the original, the best in bold.

    Examples
    --------
    >>> face = np.eye(2).ravel()
    >>> figure = reconstruction_panel(face, face, [[face, -face]], [0.1, 1.0], [2.0], (2, 2))
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['precision 2', 'evidence 0.1', '1.00', 'evidence 1', '−1.00']
    """
    where = "reconstruction_panel"
    size = shape[0] * shape[1]
    strengths = array_of(evidence_strengths, where, "evidence_strengths", "columns")
    beta = array_of(precisions, where, "precisions", "rows")
    some(strengths, where, "evidence_strengths")
    some(beta, where, "precisions")
    true = array_of(original, where, "original", size)
    shown = array_of(noisy, where, "noisy", size)
    grid = array_of(images, where, "images", beta.size, strengths.size, size)
    scores = np.array([[correlation(image, true) for image in row] for row in grid])
    left = Tiles(
        [[true], [shown]],
        shape,
        above=[["original"], ["noisy"]],
        below=[[""], [written(correlation(shown, true))]],
        cmap="gray",
    )
    right = Tiles(
        [list(row) for row in grid],
        shape,
        [f"precision {value:g}" for value in beta],
        above=[[f"evidence {value:g}" for value in strengths]],
        below=[[written(score) for score in row] for row in scores],
        cmap="gray",
    )
    width = COLUMN if strengths.size <= 3 else 0.75 * PAGE
    # One tile of the grid is as large as one of the two at the left.
    tile = (width - 0.6) / (strengths.size + 1.3)
    room = width - tile - 0.4
    high = max(left.height(tile), right.height(room))
    figure = new_figure(width, high + 0.2, title)
    axes = figure.subplots(1, 2, width_ratios=[tile, room])
    left.draw(axes[0], tile)
    right.draw(axes[1], room)
    if np.isfinite(scores).any():
        best = written(np.nanmax(scores))
        for text in axes[1].texts:
            if text.get_text() == best:
                text.set_fontweight("bold")
    return figure


def method_bars(
    scores: Mapping[str, tuple[float, float]],
    *,
    reference: tuple[str, float] | None = None,
    highlighted: str | None = None,
    label: str = "correlation with the original",
    title: str = "",
) -> Figure:
    """Draw the scores of several methods as dots with error bars, the highest above.

    Dots, as the length of a bar from 0 would say little where all scores are alike.

    Parameters
    ----------
    scores : mapping of str to (mean, sd)
        By method; a standard deviation of NaN or 0 draws no bar.
    reference : (name, score), optional
        A vertical line, for example that of the noisy input.
    highlighted : str, optional
        The method in question: its dot has another colour and shape.
    label : str
        What is scored.
    title : str

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = method_bars(
    ...     {"J = 0": (0.43, 0.01), "PCA": (0.84, 0.01)}, reference=("noisy", 0.45)
    ... )
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['PCA', 'J = 0']
    """
    some(scores, "method_bars", "scores")
    table = array_of(list(scores.values()), "method_bars", "scores", "methods", 2)
    names = list(scores)
    # NaN comes last.
    order = np.argsort(-table[:, 0], kind="stable")
    figure = new_figure(COLUMN, 0.75 + 0.24 * len(names), title)
    ax = figure.subplots()
    for place, number in enumerate(order.tolist()):
        mean, sd = table[number]
        special = names[number] == highlighted
        ax.errorbar(
            mean,
            place,
            xerr=sd if np.isfinite(sd) and sd > 0.0 else None,
            color=VERMILION if special else BLUE,
            marker="D" if special else "o",
            markersize=5,
            linewidth=1.2,
            capsize=2,
        )
        ax.annotate(
            written(mean, 3),
            (1.0, place),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=INK,
        )
    if reference is not None:
        ax.axvline(reference[1], color=GREY, linewidth=0.9, linestyle="--")
        ax.annotate(
            f"{reference[0]} {written(reference[1])}",
            (reference[1], 1.0),
            (0, 2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
            color=INK,
        )
    plain(ax, "", label)
    ax.set_yticks(range(len(names)), [names[number] for number in order.tolist()])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.margins(x=0.08)
    ax.grid(axis="y", color="#ececec", linewidth=0.6)
    ax.set_axisbelow(True)
    return figure
