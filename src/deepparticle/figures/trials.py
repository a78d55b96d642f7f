"""Trials of recall: explained variance before and after, and single trials as images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deepparticle.blankets._types import IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.figures.numbers import written
from deepparticle.figures.style import BLUE, INK, VERMILION, plain
from deepparticle.figures.tiles import Tiles

if TYPE_CHECKING:
    from deepparticle.analysis.recall import Recall

__all__ = ["Which", "chosen_trials", "example_tiles", "variance_pairs"]

Which = Literal["median", "best", "worst", "first"]
"""Those around the median gain, those of the highest or the lowest, or the first."""


def variance_pairs(
    ax: Any, trials: Recall, label: str, ends: tuple[str, str] = ("input", "response")
) -> None:
    """Draw, per trial, a line from r² of the input to r² of the response, and boxes of both.

    Parameters
    ----------
    ax : matplotlib Axes
    trials : Recall
        Of one network.
    label : str
        The title. The median gain, and in how many trials there is one, are written inside.
    ends : pair of str
        What the two ends of a line are called.
    """
    pairs = np.stack([trials.input_variance, trials.output_variance])
    rises = pairs[1] > pairs[0]
    for better, colour in ((rises, BLUE), (~rises, VERMILION)):
        if better.any():
            ax.plot([0.0, 1.0], pairs[:, better], color=colour, linewidth=0.5, alpha=0.35)
    ax.boxplot(
        pairs.T,
        positions=[-0.22, 1.22],
        widths=0.22,
        showfliers=False,
        medianprops={"color": INK, "linewidth": 1.4},
        boxprops={"linewidth": 0.8},
        whiskerprops={"linewidth": 0.8},
        capprops={"linewidth": 0.8},
        manage_ticks=False,
    )
    ax.set_xticks([-0.22, 1.22], ends)
    ax.set_xlim(-0.5, 1.5)
    ax.set_ylim(-0.02, 1.02)
    plain(ax, label)
    ax.text(
        0.5,
        0.02,
        f"gain {written(trials.score, signed=True)}\n{np.mean(rises):.0%} better",
        transform=ax.transAxes,
        ha="center",
        va="bottom",
        fontsize=7,
        color=INK,
    )


def chosen_trials(trials: Recall, count: int, which: Which, where: str) -> IntArray:
    """The numbers of the trials to show, by their gain in explained variance.

    Parameters
    ----------
    trials : Recall
        Of one network.
    count : int
        How many, if there are as many.
    which : {"median", "best", "worst", "first"}
    where : str
        The figure, for the message.

    Returns
    -------
    ndarray of shape (count,)
        In the order of their gain; the first ones in that of the trials.

    Raises
    ------
    SettingError
        For another choice.
    """
    ranked = np.argsort(trials.output_variance - trials.input_variance, kind="stable")
    count = max(1, min(count, len(ranked)))
    if which == "first":
        return np.arange(count)
    starts = {"median": (len(ranked) - count) // 2, "best": len(ranked) - count, "worst": 0}
    if which not in starts:
        raise SettingError(
            Fault(
                where,
                'which is "median", "best", "worst" or "first"',
                repr(which),
                'give which="median"',
            )
        )
    return ranked[starts[which] : starts[which] + count]


def example_tiles(
    trials: Recall,
    chosen: IntArray,
    shape: tuple[int, int],
    *,
    numbers: bool = False,
    names: bool = True,
) -> Tiles:
    """Single trials as three rows of images: noisy input, response, true pattern.

    Parameters
    ----------
    trials : Recall
        Of one network.
    chosen : ndarray of int
        Which trials.
    shape : tuple of int
        Rows and columns of an image.
    numbers : bool
        Write r² with the true pattern below inputs and responses.
    names : bool
        Write at the left what the rows are.
    """
    variances = (trials.input_variance, trials.output_variance) if numbers else ()
    return Tiles(
        [list(images[chosen]) for images in (trials.noisy, trials.responses, trials.targets)],
        shape,
        ("noisy", "response", "true") if names else (),
        below=[[written(value) for value in given[chosen]] for given in variances],
    )
