r"""Simulation 2: regimes of high, balanced and low complexity.

Each regime is shown by its attractors, the angles between them, how much better its responses are
than its noisy inputs, and examples (Spisak & Friston 2026, simulation 2, panels C to E). Angles are
those of the raw states, 0…180°; explained variance is the squared correlation :math:`r^2` with the
true pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.analysis.geometry import angles_between
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.figures.arguments import images_of, of_one_network, some, titles_of
from deepparticle.figures.rose import checked_angles, rose
from deepparticle.figures.style import COLUMN, INK, PAGE, new_figure
from deepparticle.figures.tiles import Tiles, in_rows
from deepparticle.figures.trials import Which, chosen_trials, example_tiles, variance_pairs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepparticle.analysis.recall import Recall

__all__ = [
    "RegimePanel",
    "attractor_gallery",
    "paired_variance",
    "polar_angles",
    "recall_examples",
    "regime_overview",
]

# Attractors beside each other in one regime of the overview.
_ACROSS = 5


@dataclass(frozen=True, eq=False)
class RegimePanel:
    """What is drawn of one regime.

    Parameters
    ----------
    name : str
        For example ``"D: balanced complexity"``.
    attractors : array_like of shape (A, N)
        Distinct; A may be 0.
    retrieval, generalisation : Recall
        Trials of one network with trained and with unseen patterns.
    """

    name: str
    attractors: ArrayLike
    retrieval: Recall
    generalisation: Recall


def attractor_gallery(
    states: ArrayLike,
    shape: tuple[int, int],
    titles: Sequence[str] | None = None,
    *,
    columns: int = 10,
    title: str = "",
) -> Figure:
    """Draw states as images, in rows.

    Parameters
    ----------
    states : array_like of shape (A, N)
        A may be 0.
    shape : tuple of int
        Rows and columns of an image.
    titles : sequence of A str, optional
        Written below the images; by default their numbers, from 1.
    columns : int
        Of the gallery.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes with A images; black is +1, white −1, or more where states are larger.

    Examples
    --------
    >>> figure = attractor_gallery([[1.0, -1.0], [0.5, 0.5]], (1, 2), ["first", "second"])
    >>> len(figure.axes[0].images)
    2
    """
    array = images_of(states, shape, "attractor_gallery", "states")
    if titles is None:
        titles = [str(number + 1) for number in range(len(array))]
    names = titles_of(titles, len(array), "attractor_gallery", "titles")
    return _gallery(array, shape, names, columns).figure(PAGE, title)


def _gallery(
    states: FloatArray,
    shape: tuple[int, int],
    names: Sequence[str],
    columns: int,
    least: int = 1,
) -> Tiles:
    rows = in_rows(states, columns)
    # Few tiles are as large as many, and leave places empty.
    rows += [[] for _ in range(least - len(rows))]
    rows[0] = rows[0] + [None] * (columns - len(rows[0]))
    limit = max(1.0, float(np.abs(states).max(initial=0.0)))
    return Tiles(rows, shape, below=in_rows(names, columns), limit=limit)


def polar_angles(
    angles: ArrayLike, reference_angles: ArrayLike | None = None, *, title: str = ""
) -> Figure:
    """Draw the angles between attractors as a rose over half a circle.

    The *area* of a sector is proportional to the share of pairs in it: its radius is the square
    root of the share, and the rings are labelled with shares.

    Parameters
    ----------
    angles : array_like of shape (pairs,)
        Degrees, 0…180; empty for a single attractor.
    reference_angles : array_like of shape (pairs,), optional
        Those of the training patterns, drawn as an outline.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of polar axes.

    Examples
    --------
    >>> figure = polar_angles([80.0, 95.0, 100.0], [60.0, 70.0])
    >>> print(figure.axes[0].get_title())
    3 angles
    mean |90° − angle| = 8.3°
    """
    array, reference = (
        checked_angles(given, "polar_angles", what)
        for given, what in ((angles, "angles"), (reference_angles, "reference_angles"))
    )
    figure = new_figure(COLUMN, 2.3, title)
    ax = figure.add_subplot(projection="polar")
    rose(ax, array, reference)
    return figure


def paired_variance(
    recall_a: Recall,
    recall_b: Recall,
    labels: tuple[str, str] = ("retrieval", "one-shot generalisation"),
    *,
    title: str = "",
) -> Figure:
    """Draw, trial by trial, the explained variance of the noisy input and of the response.

    Parameters
    ----------
    recall_a, recall_b : Recall
        Trials of one network each.
    labels : pair of str
        Of the two.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Two axes: per trial a line from r² of its input to r² of its response, and box plots of
        both (median, quartiles, whiskers to the last trial within 1.5 interquartile ranges).

    Examples
    --------
    >>> from deepparticle.analysis import Recall
    >>> patterns = np.eye(3)
    >>> trials = Recall(np.arange(3), patterns, patterns + np.eye(3, k=1), patterns)
    >>> figure = paired_variance(trials, trials)
    >>> len(figure.axes)
    2
    """
    figure = new_figure(COLUMN, 2.3, title)
    axes = figure.subplots(1, 2, sharey=True)
    for ax, trials, label in zip(axes, (recall_a, recall_b), labels, strict=True):
        variance_pairs(ax, of_one_network(trials, "paired_variance"), label)
    axes[0].set_ylabel("r² with the true pattern", fontsize=8)
    return figure


def recall_examples(
    recall: Recall,
    shape: tuple[int, int],
    count: int = 5,
    which: Which = "median",
    *,
    title: str = "",
) -> Figure:
    """Draw single trials: noisy input, response and true pattern, with their r².

    Parameters
    ----------
    recall : Recall
        Trials of one network.
    shape : tuple of int
        Rows and columns of an image.
    count : int
        How many trials, if there are as many.
    which : {"median", "best", "worst", "first"}
        Those around the median gain in explained variance, those of the highest or of the lowest,
        or the first ones. What is shown is written into the figure.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes with three rows of images.

    Examples
    --------
    >>> from deepparticle.analysis import Recall
    >>> patterns = np.eye(3)
    >>> trials = Recall(np.arange(3), patterns, patterns + np.eye(3, k=1), patterns)
    >>> figure = recall_examples(trials, (1, 3), count=2)
    >>> len(figure.axes[0].images)
    6
    """
    trials = of_one_network(recall, "recall_examples")
    images_of(trials.targets, shape, "recall_examples", "patterns")
    chosen = chosen_trials(trials, count, which, "recall_examples")
    tiles = example_tiles(trials, chosen, shape, numbers=True)
    width = COLUMN if len(chosen) <= 6 else PAGE
    height = tiles.height(width - 0.2)
    figure = new_figure(width, height + 0.5, title)
    ax = figure.subplots()
    tiles.draw(ax, width - 0.2)
    words = {"median": "around the median gain", "first": "the first"}
    ax.set_title(
        f"{len(chosen)} of {len(trials.targets)} trials, "
        f"{words.get(which, f'of the {which} gain')}\nnumbers: r² with the true pattern",
        fontsize=8,
        color=INK,
    )
    return figure


def regime_overview(
    training: ArrayLike,
    regimes: Sequence[RegimePanel],
    shape: tuple[int, int] = (8, 8),
    *,
    examples: int = 3,
    title: str = "",
) -> Figure:
    """Draw the training patterns and, side by side, what the regimes made of them.

    Parameters
    ----------
    training : array_like of shape (P, N)
        The same in all regimes.
    regimes : sequence of RegimePanel
        One to three, from left to right.
    shape : tuple of int
        Rows and columns of an image.
    examples : int
        Trials around the median gain shown of each test.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Training patterns; then per regime: attractors, the rose of their angles (with that of the
        training patterns as outline), r² before and after for retrieval and for generalisation,
        examples of both.

    Examples
    --------
    >>> from deepparticle.analysis import Recall
    >>> patterns = np.eye(3, 4)
    >>> trials = Recall(np.arange(3), patterns, patterns + np.eye(3, 4, k=1), patterns)
    >>> panel = RegimePanel("balanced", patterns, trials, trials)
    >>> figure = regime_overview(patterns, [panel], (2, 2))
    >>> len(figure.axes)
    7
    """
    patterns = images_of(training, shape, "regime_overview", "training")
    panels = some(regimes, "regime_overview", "regimes")
    states = [
        images_of(panel.attractors, shape, "regime_overview", f"attractors of {panel.name!r}")
        for panel in panels
    ]
    column, half = PAGE / 3 - 0.15, PAGE / 6 - 0.25
    width = column * len(panels) + 0.3
    rows = max(1, *(-(-len(found) // _ACROSS) for found in states))
    galleries = [_gallery(found, shape, [""] * len(found), _ACROSS, rows) for found in states]
    seen = Tiles([list(patterns)], shape)
    tests = [
        (label, of_one_network(trials, "regime_overview"))
        for panel in panels
        for label, trials in (
            ("retrieval", panel.retrieval),
            ("one-shot", panel.generalisation),
        )
    ]
    shown = [
        example_tiles(
            trials,
            chosen_trials(trials, examples, "median", "regime_overview"),
            shape,
            names=number == 0,
        )
        for number, (_, trials) in enumerate(tests)
    ]
    high = seen.height(0.7 * width) + 0.35
    heights = [
        # Images are as large as the height allows: that leaves room beside them.
        galleries[0].height(0.85 * column) + 0.35,
        1.65,
        1.7,
        max(tiles.height(0.82 * half) for tiles in shown) + 0.1,
    ]
    figure = new_figure(width, high + sum(heights) + 0.2, title)
    places: Any = figure.subfigures(2, 1, height_ratios=[high, sum(heights)])
    ax = places[0].subplots()
    seen.draw(ax, 0.7 * width)
    ax.set_title("training patterns", fontsize=8.5, color=INK)
    grid = places[1].add_gridspec(4, len(panels), height_ratios=heights)
    reference = _known_angles(patterns)
    for number, (panel, found, gallery) in enumerate(zip(panels, states, galleries, strict=True)):
        ax = places[1].add_subplot(grid[0, number])
        gallery.draw(ax, column)
        count = f"{len(found)} attractor{'s'[: len(found) != 1]}"
        ax.set_title(f"{panel.name}\n{count}", fontsize=8.5, color=INK)
        ax = places[1].add_subplot(grid[1, number], projection="polar")
        rose(ax, _known_angles(found), reference, words=number == 0)
        pairs = grid[2, number].subgridspec(1, 2)
        below = grid[3, number].subgridspec(1, 2)
        for place in (0, 1):
            label, trials = tests[2 * number + place]
            ax = places[1].add_subplot(pairs[place])
            variance_pairs(ax, trials, label, ("in", "out"))
            ax.tick_params(labelleft=number + place == 0)
            if number + place == 0:
                ax.set_ylabel("r² with the true pattern", fontsize=8)
            shown[2 * number + place].draw(places[1].add_subplot(below[place]), half)
    return figure


def _known_angles(states: FloatArray) -> FloatArray:
    # A state that is zero everywhere has no direction.
    return angles_between(states[np.linalg.norm(states, axis=1) > 1e-6])
