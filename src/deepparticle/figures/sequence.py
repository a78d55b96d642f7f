r"""Simulation 3: a sequence of digits in asymmetric couplings.

Couplings split into a symmetric and an antisymmetric part,

.. math:: J = \tfrac12 (J + J^T) + \tfrac12 (J - J^T).

The attractors of the symmetric part are the members of the sequence; both parts together move from
one to the next (Spisak & Friston 2026, simulation 3). How regular the cycle is, is read off the
overlaps of a free run with the patterns: how long it dwells at each, and to which it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.analysis.symmetry import antisymmetric_part, asymmetry, symmetric_part
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.figures.arguments import array_of, images_of, some, titles_of
from deepparticle.figures.numbers import correlations, written
from deepparticle.figures.style import (
    BLUE,
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
from deepparticle.figures.tiles import Tiles, in_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["attractors_beside_patterns", "coupling_parts", "cycle_overview", "free_run"]


def coupling_parts(couplings: ArrayLike, *, title: str = "") -> Figure:
    r"""Draw couplings, their symmetric and their antisymmetric part, on one colour scale.

    The titles say how asymmetric they are, :math:`\lVert J - J^T\rVert / \lVert J\rVert`, and which
    share of :math:`\lVert J\rVert^2` each part holds (the two shares add up to 1).

    Parameters
    ----------
    couplings : array_like of shape (N, N)
        J, target × source.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Three matrices and one colour bar, whose scale ends at the 99th percentile of the magnitudes
        of J.

    Examples
    --------
    >>> figure = coupling_parts([[0.0, 1.0], [0.0, 0.0]])
    >>> [ax.get_title() for ax in figure.axes[:3]]
    ['J: asymmetry 1.41', 'symmetric part: 50%', 'antisymmetric part: 50%']
    """
    size = len(np.atleast_1d(couplings))
    J = array_of(couplings, "coupling_parts", "couplings", size, size)
    even, odd = symmetric_part(J), antisymmetric_part(J)
    power = float(np.sum(J**2)) or 1.0
    figure = new_figure(PAGE, 2.45, title)
    axes = figure.subplots(1, 3, sharey=True)
    limit = float(np.quantile(np.abs(J), 0.99))
    for ax, part, words in (
        (axes[0], J, f"J: asymmetry {written(float(asymmetry(J)))}"),
        (axes[1], even, f"symmetric part: {np.sum(even**2) / power:.0%}"),
        (axes[2], odd, f"antisymmetric part: {np.sum(odd**2) / power:.0%}"),
    ):
        shown = show_matrix(ax, part, words, limit=limit, bar=False)
        if ax is not axes[0]:
            ax.set_ylabel("")
    colour_bar(list(axes), shown, "coupling", shrink=0.8, extend="both")
    return figure


def free_run(
    states: ArrayLike,
    shape: tuple[int, int],
    labels: Sequence[str] | None = None,
    *,
    first: int = 1,
    columns: int = 15,
    title: str = "",
) -> Figure:
    """Draw the states of a free run, frame after frame, with a word below each.

    Parameters
    ----------
    states : array_like of shape (frames, N)
    shape : tuple of int
        Rows and columns of an image.
    labels : sequence of str, one per frame, optional
        For example the best matching pattern, ``"2"``, or ``"−2"`` for its inverse.
    first : int
        The step of the first frame: rows are named by their first step.
    columns : int
        Frames in a row.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes with an image per frame; black is +1, white −1.

    Examples
    --------
    >>> figure = free_run([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], (1, 2), ["1", "1", "2"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1', '1', '1', '2']
    """
    array = some(images_of(states, shape, "free_run", "states"), "free_run", "states")
    words = titles_of(labels, len(array), "free_run", "labels")
    rows = in_rows(array, columns)
    rows[-1] = rows[-1] + [None] * (min(columns, len(array)) - len(rows[-1]))
    tiles = Tiles(
        rows,
        shape,
        names=[str(first + columns * number) for number in range(len(rows))],
        below=in_rows(words, columns),
        limit=max(1.0, float(np.nanmax(np.abs(array)))),
    )
    width = PAGE if len(array) > 8 else COLUMN
    return tiles.figure(width, title)


def attractors_beside_patterns(
    patterns: ArrayLike,
    attractors: ArrayLike,
    shape: tuple[int, int],
    *,
    labels: Sequence[str] | None = None,
    title: str = "",
) -> Figure:
    """Draw each pattern with the attractor below it that matches it best, and their correlation.

    Best is the largest magnitude of the correlation: an attractor that is a pattern's inverse
    belongs to it, and its correlation is negative. Attractors that match no pattern best follow at
    the right.

    Parameters
    ----------
    patterns : array_like of shape (P, N)
    attractors : array_like of shape (A, N)
        A may be 0.
    shape : tuple of int
        Rows and columns of an image.
    labels : sequence of P str, optional
        Of the patterns; by default their numbers, from 1.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes with two rows of images.

    Examples
    --------
    >>> patterns = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    >>> figure = attractors_beside_patterns(patterns, patterns[:1], (1, 3))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['pattern', '1', '2', 'attractor', 'r = 1.00', 'r = −0.50']
    """
    where = "attractors_beside_patterns"
    shown = some(images_of(patterns, shape, where, "patterns"), where, "patterns")
    found = images_of(attractors, shape, where, "attractors")
    if labels is None:
        labels = [str(number + 1) for number in range(len(shown))]
    names = titles_of(labels, len(shown), where, "labels")
    matrix = correlations(shown, found)
    known = np.abs(np.where(np.isfinite(matrix), matrix, 0.0))
    best = known.argmax(axis=1) if len(found) else np.zeros(0, dtype=np.intp)
    others = [number for number in range(len(found)) if number not in best]
    lower = [found[number] for number in [*best, *others]] or [None] * len(shown)
    words = [f"r = {written(matrix[row, number])}" for row, number in enumerate(best)]
    tiles = Tiles(
        [[*shown, *[None] * len(others)], lower],
        shape,
        names=("pattern", "attractor" if len(found) else "no attractor"),
        above=[names],
        below=[[], words + [""] * len(others)],
    )
    return tiles.figure(COLUMN if tiles.columns <= 6 else PAGE, title)


def cycle_overview(
    overlaps: ArrayLike,
    dwell_times: ArrayLike,
    transitions: ArrayLike,
    period: float,
    *,
    labels: Sequence[str] | None = None,
    steps: int = 120,
    title: str = "",
) -> Figure:
    """Draw how regularly a free run cycles through its patterns.

    Parameters
    ----------
    overlaps : array_like of shape (steps, K)
        With each of K patterns, for example their correlation with the state, per step.
    dwell_times : array_like of shape (visits,)
        How many steps each visit to a pattern lasted; may be empty.
    transitions : array_like of shape (K, K)
        How often pattern k (row, *from*) was followed by pattern l (column, *to*), as counts or
        shares; what is drawn are shares of each row.
    period : float
        Steps of one cycle; NaN where there is none.
    labels : sequence of K str, optional
        Of the patterns; by default their numbers, from 1.
    steps : int
        How many of the last steps to draw.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Overlaps over time, histogram of dwell times, transition matrix.

    Examples
    --------
    >>> overlaps = np.tile(np.eye(3), (4, 1))
    >>> figure = cycle_overview(overlaps, np.ones(12), np.roll(np.eye(3), 1, axis=1), 3.0)
    >>> figure.axes[0].get_title()
    'period 3.0 steps'
    """
    where = "cycle_overview"
    array = some(array_of(overlaps, where, "overlaps", "steps", "patterns"), where, "overlaps")
    count = array.shape[1]
    times = array_of(dwell_times, where, "dwell_times", "visits")
    moves = array_of(transitions, where, "transitions", count, count)
    if labels is None:
        labels = [str(number + 1) for number in range(count)]
    names = titles_of(labels, count, where, "labels")
    figure = new_figure(PAGE, 3.6, title)
    axes = figure.subplot_mosaic(
        [["overlaps", "overlaps"], ["dwell", "moves"]], width_ratios=[1.3, 1]
    )
    said = f"period {written(period, 1)} steps" if np.isfinite(period) else "no cycle"
    _overlaps(axes["overlaps"], array, names, steps, said)
    _dwell_times(axes["dwell"], times)
    _transitions(axes["moves"], moves, names)
    return figure


def _overlaps(ax: Any, overlaps: FloatArray, names: list[str], steps: int, said: str) -> None:
    start = max(0, len(overlaps) - steps)
    time = np.arange(start + 1, len(overlaps) + 1)
    for number, name in enumerate(names):
        colour, _, style = SERIES[number % len(SERIES)]
        ax.plot(
            time,
            overlaps[start:, number],
            color=colour,
            linestyle=style,
            linewidth=1.1,
            marker=".",
            markersize=2.5,
            label=name,
        )
    ax.axhline(0.0, color=GREY, linewidth=0.6, zorder=0)
    plain(ax, said, "step", "overlap")
    ax.set_xlim(start + 0.5, len(overlaps) + 0.5)
    legend(ax, loc="center left", bbox_to_anchor=(1.0, 0.5), title="pattern", title_fontsize=7)


def _dwell_times(ax: Any, times: FloatArray) -> None:
    times = times[np.isfinite(times)]
    if not times.size:
        plain(ax, "no visit ended", "steps at one pattern", "visits")
        return
    edges = np.arange(np.floor(times.min()), np.floor(times.max()) + 2) - 0.5
    ax.hist(times, bins=edges, color=BLUE, edgecolor="white", linewidth=0.4)
    ax.axvline(times.mean(), color=INK, linestyle="--", linewidth=1.0)
    said = f"dwell time: {written(times.mean(), 1)} ± {written(times.std(), 1)} steps"
    plain(ax, said, "steps at one pattern", "visits")


def _transitions(ax: Any, moves: FloatArray, names: list[str]) -> None:
    total = np.nansum(moves, axis=1, keepdims=True)
    shares = np.divide(moves, total, out=np.full_like(moves, np.nan), where=total > 0.0)
    ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for (row, column), share in np.ndenumerate(shares):
        words = "–" if np.isnan(share) else f"{share:.0%}"
        colour = "white" if share > 0.6 else INK
        ax.text(column, row, words, ha="center", va="center", fontsize=7, color=colour)
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    plain(ax, "transitions", "to", "from")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
