"""The leak of the antisymmetric part: how far it moves the stationary law, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from deepparticle.blankets._types import ArrayLike
from deepparticle.figures.arguments import array_of, some
from deepparticle.figures.style import GREY, PAGE, SERIES, legend, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["leak_against_orthogonality"]


def leak_against_orthogonality(
    deviation: ArrayLike,
    leaks: Mapping[str, ArrayLike],
    productions: Mapping[str, ArrayLike],
    *,
    data_deviation: float | None = None,
    measure: str = "distance of second moments",
    unit: str = "nats per step",
    title: str = "",
) -> Figure:
    """Draw, against the orthogonality of attractors, how large the leak of each network is.

    Parameters
    ----------
    deviation : array_like of shape (R,)
        Mean deviation of attractors from orthogonality in degrees, per network; networks with NaN
        (a single attractor) are left out.
    leaks : mapping of str to array_like of shape (R,)
        By the name of the antisymmetric part (that which was learned, a random one of equal norm):
        relative distance of the stationary law from that of the symmetric part alone.
    productions : mapping of str to array_like of shape (R,)
        Their entropy productions, under the same names.
    data_deviation : float, optional
        That of the training patterns: a vertical line.
    measure, unit : str
        Of leaks, and of entropy productions.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Two panels; both vertical axes are logarithmic.

    Examples
    --------
    >>> figure = leak_against_orthogonality(
    ...     [20.0, 25.0], {"learned": [0.1, 0.2]}, {"learned": [1, 2]}
    ... )
    >>> [ax.get_yscale() for ax in figure.axes]
    ['log', 'log']
    """
    where = "leak_against_orthogonality"
    x = some(array_of(deviation, where, "deviation", "networks"), where, "deviation")
    angle = np.isfinite(x)
    figure = new_figure(PAGE, 2.8, title)
    panels = figure.subplots(1, 2)
    texts = (
        (leaks, "leak of the antisymmetric part", measure),
        (productions, "irreversibility", unit),
    )
    for ax, (groups, name, up) in zip(panels, texts, strict=True):
        for (label, values), (colour, marker, _) in zip(groups.items(), SERIES, strict=False):
            y = array_of(values, where, label, x.size)
            # On a logarithmic axis, what noise hides has no place: it is not drawn.
            kept = angle & (y > 0.0)
            ax.scatter(
                x[kept],
                y[kept],
                s=9,
                color=colour,
                marker=marker,
                alpha=0.5,
                linewidths=0,
                label=label,
            )
        if data_deviation is not None:
            ax.axvline(data_deviation, color=GREY, linestyle=":", linewidth=1.2, label="data")
        ax.set_yscale("log")
        plain(ax, name, "deviation of attractors from 90° (degrees)", up)
    legend(panels[0], loc="best")
    return figure
