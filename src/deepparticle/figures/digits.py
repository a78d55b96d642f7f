"""The digits network at a glance: what it saw, what it became, what it recalls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepparticle.analysis.recall import Recall

__all__ = ["digits_overview"]

# Okabe–Ito colours, distinguishable with any colour vision.
_TRAINED, _UNSEEN, _INK = "#0072B2", "#D55E00", "#333333"
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
    """
    from matplotlib.figure import Figure

    patterns, states = np.asarray(training), np.asarray(relaxed)
    count = len(patterns)
    figure = Figure(figsize=(11.0, 10.2), layout="constrained")
    if title:
        figure.suptitle(title, fontsize=13, color=_INK)
    places: Any = figure.subfigures(3, 1, height_ratios=[2.3, 3.5, 3.6])
    top, middle, bottom = places
    _tiles(top, patterns, states, np.asarray(attractor_of), count, shape)
    left, right = middle.subfigures(1, 2, wspace=0.04)
    _examples(left, retrieval, shape, "recalled: trained digits", _TRAINED)
    _examples(right, generalisation, shape, "recalled: digits never seen", _UNSEEN)
    axes = bottom.subplots(1, 3, width_ratios=[1.0, 1.25, 1.0])
    _matrix(axes[0], np.asarray(couplings))
    _curve(axes[1], np.asarray(free_energy))
    _gain(axes[2], retrieval, generalisation)
    return figure


def _image(ax: Any, pattern: FloatArray, shape: tuple[int, int], limit: float) -> None:
    ax.imshow(
        pattern.reshape(shape), cmap="gray_r", vmin=-limit, vmax=limit, interpolation="nearest"
    )
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_color("#bbbbbb")


def _tiles(
    place: Any,
    patterns: FloatArray,
    states: FloatArray,
    attractor_of: Any,
    count: int,
    shape: tuple[int, int],
) -> None:
    axes = place.subplots(2, count, squeeze=False)
    limit = float(np.abs(patterns).max())
    for column in range(count):
        _image(axes[0, column], patterns[column], shape, limit)
        _image(axes[1, column], states[column], shape, 1.0)
        number = int(attractor_of[column])
        axes[1, column].set_xlabel(
            "not at rest" if number < 0 else f"attractor {number + 1}", fontsize=8, color=_INK
        )
    axes[0, 0].set_ylabel("learned", fontsize=10, color=_INK)
    axes[1, 0].set_ylabel("attractor", fontsize=10, color=_INK)


def _examples(place: Any, trials: Recall, shape: tuple[int, int], title: str, colour: str) -> None:
    # The trials around the median gain: neither the best nor the worst.
    gain = trials.output_variance - trials.input_variance
    ranked = np.argsort(gain)
    start = max(0, (len(ranked) - _EXAMPLES) // 2)
    chosen = ranked[start : start + _EXAMPLES]
    axes = place.subplots(3, len(chosen), squeeze=False)
    place.suptitle(f"{title} (median gain in r² {trials.score:+.3f})", fontsize=11, color=colour)
    rows = (("noisy", trials.noisy), ("recalled", trials.responses), ("true", trials.targets))
    for row, (label, images) in enumerate(rows):
        for column, trial in enumerate(chosen):
            image = images[trial]
            _image(axes[row, column], image, shape, float(np.abs(image).max()) or 1.0)
        axes[row, 0].set_ylabel(label, fontsize=10, color=_INK)
    for column, trial in enumerate(chosen):
        axes[2, column].set_xlabel(
            f"r² {trials.input_variance[trial]:.2f} → {trials.output_variance[trial]:.2f}",
            fontsize=8,
            color=_INK,
        )


def _matrix(ax: Any, couplings: FloatArray) -> None:
    limit = float(np.quantile(np.abs(couplings), 0.99)) or 1.0
    image = ax.imshow(couplings, cmap="PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set_title("couplings J", fontsize=11, color=_INK)
    ax.set_xlabel("source subparticle")
    ax.set_ylabel("target subparticle")
    ax.figure.colorbar(image, ax=ax, shrink=0.8, extend="both")


def _curve(ax: Any, free_energy: FloatArray) -> None:
    # Single steps scatter with the pattern shown; a running mean over 1 % shows the trend.
    steps = np.arange(1, free_energy.size + 1)
    width = max(1, free_energy.size // 100)
    ax.plot(
        steps[:: max(1, width // 10)],
        free_energy[:: max(1, width // 10)],
        color="#c9c9c9",
        linewidth=0.6,
        label="single steps",
    )
    if free_energy.size >= width:
        smooth = np.convolve(free_energy, np.full(width, 1.0 / width), mode="valid")
        ax.plot(
            steps[width - 1 :],
            smooth,
            color=_TRAINED,
            linewidth=1.8,
            label=f"mean of {width} steps",
        )
    ax.set_title("free energy while learning", fontsize=11, color=_INK)
    ax.set_xlabel("step")
    ax.set_ylabel("Σ local free energy (nats)")
    ax.legend(frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def _gain(ax: Any, retrieval: Recall, generalisation: Recall) -> None:
    ax.plot([0, 1], [0, 1], color="#999999", linewidth=1.0, zorder=1)
    for trials, colour, marker, label in (
        (retrieval, _TRAINED, "o", "trained"),
        (generalisation, _UNSEEN, "^", "unseen"),
    ):
        ax.scatter(
            trials.input_variance,
            trials.output_variance,
            s=14,
            color=colour,
            marker=marker,
            alpha=0.6,
            linewidths=0,
            label=label,
            zorder=2,
        )
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_aspect("equal")
    ax.set_title("better than its input", fontsize=11, color=_INK)
    ax.set_xlabel("r² of the noisy input")
    ax.set_ylabel("r² of the response")
    ax.legend(frameon=False, fontsize=8, loc="lower right")
    ax.spines[["top", "right"]].set_visible(False)
