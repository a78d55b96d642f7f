"""Exact laws of two states, side by side on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepparticle.analysis.laws import StationaryLaw
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.figures.style import COLUMN, SEQUENTIAL, colour_bar, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["pair_densities"]

# So many points of a density are a smooth picture at the width of a column.
_POINTS = 61


def pair_densities(
    laws: Sequence[StationaryLaw],
    titles: Sequence[str] | None = None,
    *,
    names: tuple[str, str] = ("σ₁", "σ₂"),
) -> Figure:
    """Draw the densities of two states under several laws, on one scale.

    Parameters
    ----------
    laws : sequence of StationaryLaw
        Each of two states that fill an interval.
    titles : sequence of str, optional
        One for each; by default the schedule and the correlation.
    names : pair of str
        Of the states.

    Returns
    -------
    matplotlib.figure.Figure
        A square for each law and one colour bar.

    Raises
    ------
    SettingError
        For laws of another number of states, or of states without a density or without bounds.

    Examples
    --------
    >>> from deepparticle.analysis import stationary_law
    >>> couplings = [[0.0, 2.0], [2.0, 0.0]]
    >>> laws = [stationary_law(couplings, schedule=one) for one in ("random", "synchronous")]
    >>> [ax.get_title() for ax in pair_densities(laws).axes[:2]]
    ['random: r = .58', 'synchronous: r = .00']
    """
    for law in laws:
        axes = law.grid.axes
        bounded = all(not one.discrete and np.all(np.isfinite(one.ends)) for one in axes)
        if len(axes) != 2 or not bounded:
            raise SettingError(
                Fault(
                    "pair_densities",
                    "a law is one of two states that fill an interval",
                    f"{len(axes)} states, {'bounded' if bounded else 'discrete or without bounds'}",
                    "give laws of two continuous Bernoulli subparticles",
                )
            )
    shown = [law.refined(_POINTS) for law in laws]
    top = max(float(law.density.max()) for law in shown)
    if titles is None:
        titles = [f"{law.schedule}: r = {_short(law.correlations[0, 1])}" for law in laws]
    width = COLUMN * 0.75 * len(laws) + 0.8
    figure = new_figure(width, COLUMN * 0.8)
    panels = figure.subplots(1, len(laws), squeeze=False)[0]
    for ax, law, title in zip(panels, shown, titles, strict=True):
        first, second = (one.refined(_POINTS).nodes for one in law.grid.axes)
        mesh = ax.pcolormesh(
            first,
            second,
            law.density.reshape(law.grid.shape).T,
            cmap=SEQUENTIAL,
            vmin=0.0,
            vmax=top,
            shading="gouraud",
            rasterized=True,
        )
        plain(ax, title, *names)
        ax.set(aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1), xlim=(-1, 1), ylim=(-1, 1))
    colour_bar(list(panels), mesh, "density")
    return figure


def _short(value: float) -> str:
    """A correlation with two digits and without the leading 0."""
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("0.", ".", 1)
