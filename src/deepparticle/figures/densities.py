"""Exact laws of two states side by side on one scale, and the currents of probability in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.analysis.exact_currents import ExactCurrents
from deepparticle.analysis.laws import StationaryLaw
from deepparticle.analysis.quadrature import interpolation
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.figures.numbers import written
from deepparticle.figures.style import (
    COLUMN,
    SEQUENTIAL,
    VERMILION,
    colour_bar,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["pair_currents", "pair_densities"]

# So many points of a density are a smooth picture at the width of a column.
_POINTS = 61

# Arrows along each axis, and a current so small that it is rounding.
_ARROWS, _NOTHING = 11, 1e-9


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
    _refuse_others(laws, "pair_densities")
    if titles is None:
        titles = [f"{law.schedule}: r = {_short(law.correlations[0, 1])}" for law in laws]
    figure, _ = _densities(laws, titles, names, SEQUENTIAL)
    return figure


def pair_currents(
    currents: Sequence[ExactCurrents],
    titles: Sequence[str] | None = None,
    *,
    names: tuple[str, str] = ("σ₁", "σ₂"),
) -> Figure:
    r"""Draw the densities of two states, and over each the current of probability.

    All panels share one scale of density and one of arrows,

    .. math:: j(x) = \tfrac12\Bigl[p(x)\,E[y - x \mid x] +
              \int (x - y)\,p(y)\,P(y \to x)\,dy\Bigr] .

    Parameters
    ----------
    currents : sequence of ExactCurrents
        Each of two states that fill an interval.
    titles : sequence of str, optional
        One for each; by default the schedule and the rotation.
    names : pair of str
        Of the states.

    Returns
    -------
    matplotlib.figure.Figure
        A square for each, with arrows whose length is proportional to the current; a key says how
        large the longest is. Where there is no current there are no arrows.

    Raises
    ------
    SettingError
        As of `pair_densities`.

    Examples
    --------
    >>> from deepparticle.analysis import exact_currents
    >>> turning = [[0.0, -1.0], [1.0, 0.0]]  # the first state drives the second along
    >>> figure = pair_currents([exact_currents(turning, schedule="random")])
    >>> figure.axes[0].get_title()
    'random: rotation 0.22'
    """
    laws = [one.law for one in currents]
    _refuse_others(laws, "pair_currents")
    if titles is None:
        titles = [f"{one.law.schedule}: rotation {written(one.rotation)}" for one in currents]
    figure, panels = _densities(laws, titles, names, "Greys")
    fields = [_arrows(one) for one in currents]
    largest = max(float(np.hypot(*along).max()) for _, along in fields)
    for ax, (places, along) in zip(panels, fields, strict=True):
        if largest > _NOTHING:
            first, second = places
            field = ax.quiver(
                first,
                second,
                *(part.T for part in along),
                color=VERMILION,
                angles="xy",
                scale_units="xy",
                # The longest arrow reaches from one place to the next.
                scale=largest / float(first[1] - first[0]),
                width=0.008,
            )
    if largest > _NOTHING:
        ax.quiverkey(
            field, 0.82, -0.16, largest, f"{largest:.2g}", labelpos="E", fontproperties={"size": 7}
        )
    return figure


def _refuse_others(laws: Sequence[StationaryLaw], where: str) -> None:
    for law in laws:
        axes = law.grid.axes
        bounded = all(not one.discrete and np.all(np.isfinite(one.ends)) for one in axes)
        if len(axes) != 2 or not bounded:
            raise SettingError(
                Fault(
                    where,
                    "a law is one of two states that fill an interval",
                    f"{len(axes)} states, {'bounded' if bounded else 'discrete or without bounds'}",
                    "give laws of two continuous Bernoulli subparticles",
                )
            )


def _densities(
    laws: Sequence[StationaryLaw],
    titles: Sequence[str],
    names: tuple[str, str],
    colours: str,
) -> tuple[Figure, list[Any]]:
    """A square for each law, and the figure that they are in."""
    shown = [law.refined(_POINTS) for law in laws]
    top = max(float(law.density.max()) for law in shown)
    figure = new_figure(COLUMN * 0.75 * len(laws) + 0.8, COLUMN * 0.8)
    panels = list(figure.subplots(1, len(laws), squeeze=False)[0])
    for ax, law, title in zip(panels, shown, titles, strict=True):
        first, second = (one.refined(_POINTS).nodes for one in law.grid.axes)
        mesh = ax.pcolormesh(
            first,
            second,
            law.density.reshape(law.grid.shape).T,
            cmap=colours,
            vmin=0.0,
            vmax=top,
            shading="gouraud",
            rasterized=True,
        )
        plain(ax, title, *names)
        ax.set(aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1), xlim=(-1, 1), ylim=(-1, 1))
    colour_bar(panels, mesh, "density")
    return figure, panels


def _arrows(found: ExactCurrents) -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
    """Places along both axes, and the current there, shape (2, places, places)."""
    grid = found.law.grid
    values = found.current.T.reshape(2, *grid.shape)
    places = []
    for row, axis in enumerate(grid.axes):
        low, high = axis.ends
        # The middles of equal parts: an arrow on a wall would be cut.
        middle = low + (high - low) * (np.arange(_ARROWS) + 0.5) / _ARROWS
        values = interpolation(axis.nodes, values, row + 1)(middle)
        places.append(middle)
    return (places[0], places[1]), values


def _short(value: float) -> str:
    """A correlation with two digits and without the leading 0."""
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("0.", ".", 1)
