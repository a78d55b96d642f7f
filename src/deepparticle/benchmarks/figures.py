"""How the cost grows, and how near each goal is, as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.benchmarks.results import Curve, Outcome
from deepparticle.benchmarks.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["benchmark_figures", "cost_figure", "goals_figure"]

# Okabe–Ito colours, distinguishable with any colour vision; markers say the same once more.
_STYLES = {
    "numpy": ("#0072B2", "o", "NumPy"),
    "native": ("#D55E00", "^", "native"),
    "jax": ("#009E73", "s", "JAX"),
    "thrml": ("#CC79A7", "D", "thrml"),
    "objects": ("#0072B2", "o", "objects"),
}
_YARDSTICK, _MISSED, _REACHED, _INK = "#777777", "#D55E00", "#0072B2", "#333333"
_AXES = {
    "N": ("subparticles N", "time per step", "One network, learning"),
    "R": ("networks R", "time per network-step", "Networks of 64 side by side, learning"),
    "edges": ("boundary states", "time per step", "A sparse network, inference"),
    "couplings": (
        "explicit couplings",
        "time per coupling",
        "Objects built, checked and lowered",
    ),
}


def benchmark_figures(outcome: Outcome, settings: Settings) -> dict[str, Figure]:
    """Every figure for which there are numbers, by its name."""
    figures = {}
    for name in _AXES:
        curves = [curve for curve in outcome.curves if curve.figure == name]
        if any(len(curve.sizes) > 1 for curve in curves):
            figures[name] = cost_figure(name, curves)
    if not settings.quick and any(row.verdict for row in outcome.rows):
        figures["goals"] = goals_figure(outcome)
    return figures


def cost_figure(name: str, curves: list[Curve]) -> Figure:
    """Time against size, both logarithmic; bands are quartiles.

    Parameters
    ----------
    name : {"N", "R", "edges", "couplings"}
    curves : list of Curve

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, LogLocator

    across, up, title = _AXES[name]
    figure = Figure(figsize=(6.6, 4.2), layout="constrained")
    ax: Any = figure.subplots()
    for curve in curves:
        known = curve.contender in _STYLES
        colour, marker, label = _STYLES.get(curve.contender, (_YARDSTICK, "", curve.contender))
        medians = [measured.median for measured in curve.measured]
        low, high = np.transpose([measured.quartiles for measured in curve.measured])
        ax.fill_between(curve.sizes, low, high, color=colour, alpha=0.2, linewidth=0)
        ax.plot(
            curve.sizes,
            medians,
            color=colour,
            marker=marker,
            markersize=5,
            linewidth=1.6,
            linestyle="-" if known else "--",
            label=label,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(EngFormatter("s"))
    if name == "couplings":
        # A constant cost is the point: the axis must not stretch what is flat.
        ax.set_ylim(1e-6, 1e-4)
    low, high = ax.get_ylim()
    # Decades alone leave a narrow range with a single label.
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 300.0 * low else (1.0,)))
    sizes = sorted({size for curve in curves for size in curve.sizes})
    ax.set_xticks(sizes, [f"{size:,.0f}".replace(",", "\u202f") for size in sizes])
    ax.minorticks_off()
    ax.set_title(title, fontsize=11, color=_INK)
    ax.set_xlabel(across)
    ax.set_ylabel(up)
    ax.grid(True, axis="y", color="#eeeeee", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    return figure


def goals_figure(outcome: Outcome) -> Figure:
    """Each goal as a multiple of its bound: reached left of 1, missed right of it."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    judged = [row for row in outcome.rows if row.goal is not None and row.value is not None]
    figure = Figure(figsize=(8.4, 1.0 + 0.36 * len(judged)), layout="constrained")
    ax: Any = figure.subplots()
    shares, labels = [], []
    for row in judged:
        assert row.goal is not None
        assert row.value is not None
        shares.append(max(row.goal.share(row.value), 1e-3))
        labels.append(f"{row.key}  {row.contender}: {row.goal.text}")
    places = np.arange(len(judged))
    for place, share in zip(places, shares, strict=True):
        reached = share <= 1.0
        colour = _REACHED if reached else _MISSED
        ax.plot([1.0, share], [place, place], color=colour, linewidth=2.2, zorder=2)
        ax.plot([share], [place], color=colour, marker="o" if reached else "X", zorder=3)
        # What missed its bound by a hair must not read as 1.
        text = f"{max(share, 1.01):.3g}" if not reached else f"{share:.2g}"
        ax.annotate(
            text,
            (share, place),
            xytext=(-8 if reached else 8, 0),
            textcoords="offset points",
            ha="right" if reached else "left",
            va="center",
            fontsize=8,
            color=colour,
        )
    ax.axvline(1.0, color=_INK, linewidth=1.0, zorder=1)
    ax.set_xscale("log")
    ax.set_xlim(min(0.1, 0.5 * min(shares)), max(3.0, 2.0 * max(shares)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks(places, labels, fontsize=9)
    ax.invert_yaxis()
    ax.set_ylim(len(judged) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("measured ÷ bound")
    above = ax.get_xaxis_transform()
    ax.text(0.93, 1.01, "◂ reached", transform=above, ha="right", fontsize=9, color=_REACHED)
    ax.text(1.07, 1.01, "missed ▸", transform=above, ha="left", fontsize=9, color=_MISSED)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return figure
