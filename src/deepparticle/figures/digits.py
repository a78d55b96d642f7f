"""The digits network at a glance: what it saw, what it became, what it recalls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepparticle.blankets._types import ArrayLike
from deepparticle.figures.arguments import array_of, images_of, of_one_network, some
from deepparticle.figures.numbers import written
from deepparticle.figures.style import (
    BLUE,
    GREY,
    PAGE,
    VERMILION,
    legend,
    new_figure,
    plain,
    raw_and_mean,
    show_matrix,
)
from deepparticle.figures.tiles import Tiles
from deepparticle.figures.trials import chosen_trials, example_tiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepparticle.analysis.recall import Recall

__all__ = ["digits_overview"]

_EXAMPLES = 5


def digits_overview(
    training: ArrayLike,
    relaxed: ArrayLike,
    attractor_of: ArrayLike,
    retrieval: Recall,
    generalisation: Recall,
    couplings: ArrayLike,
    free_energy: ArrayLike,
    *,
    shape: tuple[int, int] = (8, 8),
    title: str = "",
) -> Figure:
    """Draw training patterns, attractors, recall, couplings and free energy.

    Parameters
    ----------
    training : array_like of shape (P, N)
        The patterns that were learned.
    relaxed : array_like of shape (P, N)
        The state to which each of them relaxes.
    attractor_of : array_like of shape (P,)
        The number of the attractor that each of them reaches, −1 for none.
    retrieval, generalisation : Recall
        Trials with trained and with unseen patterns.
    couplings : array_like of shape (N, N)
        J, target × source.
    free_energy : array_like of shape (steps,)
        Σ F_i per step, in nats.
    shape : tuple of int
        Of a pattern as an image.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Patterns above attractors; examples of recall around the median gain; couplings, free
        energy, and r² of responses against that of their inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from deepparticle.analysis import Recall
    >>> patterns = np.eye(3, 4)
    >>> trials = Recall(np.arange(3), patterns, patterns + np.eye(3, 4, k=1), patterns)
    >>> figure = digits_overview(
    ...     patterns, patterns, [0, 1, 2], trials, trials, np.eye(4), [2.0, 1.0], shape=(2, 2)
    ... )
    >>> [len(ax.images) for ax in figure.axes[:3]]
    [6, 9, 9]
    """
    where = "digits_overview"
    patterns = some(images_of(training, shape, where, "training"), where, "training")
    states = array_of(relaxed, where, "relaxed", *patterns.shape)
    numbers = array_of(attractor_of, where, "attractor_of", len(patterns)).tolist()
    words = ["not at rest" if n < 0 else f"attractor {n + 1:g}" for n in numbers]
    tests = (
        ("trained", of_one_network(retrieval, where), BLUE, "o"),
        ("unseen", of_one_network(generalisation, where), VERMILION, "^"),
    )
    seen = Tiles([list(patterns), list(states)], shape, ("learned", "attractor"), below=[[], words])
    shown = [
        example_tiles(
            trials, chosen_trials(trials, _EXAMPLES, "median", where), shape, numbers=True
        )
        for _, trials, _, _ in tests
    ]
    half = PAGE / 2 - 0.2
    heights = [seen.height(PAGE) + 0.1, max(one.height(half) for one in shown) + 0.35, 2.4]
    figure = new_figure(PAGE, sum(heights), title)
    places: Any = figure.subfigures(3, 1, height_ratios=heights)
    seen.draw(places[0].subplots(), PAGE)
    for ax, tiles, (name, trials, colour, _) in zip(
        places[1].subplots(1, 2), shown, tests, strict=True
    ):
        tiles.draw(ax, half)
        gain = written(trials.score, 3, signed=True)
        ax.set_title(f"{name}: numbers are r², median gain {gain}", fontsize=8.5, color=colour)
    left, middle, right = places[2].subplots(1, 3, width_ratios=[1.15, 1.0, 1.0])
    show_matrix(left, couplings, "couplings J")
    raw_and_mean(middle, array_of(free_energy, where, "free_energy", "steps"))
    plain(middle, "free energy while learning", "step", "Σ local free energy (nats)")
    legend(middle)
    right.plot([0, 1], [0, 1], color=GREY, linewidth=1.0, zorder=1)
    for name, trials, colour, marker in tests:
        right.scatter(
            trials.input_variance,
            trials.output_variance,
            s=9,
            color=colour,
            marker=marker,
            alpha=0.6,
            linewidths=0,
            label=name,
            zorder=2,
        )
    plain(right, "better than its input", "r² of the noisy input", "r² of the response")
    right.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    legend(right, loc="lower right")
    return figure
