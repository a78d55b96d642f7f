"""How fast each level is: autocorrelation times of subparticles and partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepparticle.analysis.time_scales import TimeScales
from deepparticle.blankets._types import BoolArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.figures.style import BLUE, COLUMN, GREY, legend, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["time_scales"]

# How far the dots of a group are spread, in units of the way to the next group.
_SPREAD = 0.14


def time_scales(
    times: TimeScales,
    groups: Mapping[str, Sequence[str]] | None = None,
    *,
    title: str = "",
) -> Figure:
    r"""Draw the autocorrelation times :math:`\tau = 1 + 2\sum_t \rho(t)` of a world, by level.

    Parameters
    ----------
    times : TimeScales
    groups : mapping of str to sequence of str, optional
        Which paths stand in which column, from left to right. By default all subparticles, then
        partitions and populations from the innermost depth to the whole. A unit that does not
        change has no time, and is left out, as is a group of such units.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        A dot for each unit and a bar for their mean, in steps on a logarithmic scale.

    Raises
    ------
    SettingError, UnknownPathError
        If nothing has a time, or a path is not in this world.

    Examples
    --------
    >>> import deepparticle as dp
    >>> world = dp.Partition("world")
    >>> for name, clock in (("slow", 10), ("fast", 1)):
    ...     _ = world.add_partition(name, clock=clock).add_population("cells", 3)
    >>> run = dp.Simulator(world, seed=1, chains=8).infer(steps=600)
    >>> figure = time_scales(dp.analysis.time_scales(run, world))
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['subparticles', 'depth 2', 'depth 1', 'the whole']
    """
    columns = _by_depth(times) if groups is None else groups
    found = {name: [float(times[path].value) for path in paths] for name, paths in columns.items()}
    found = {name: values for name, values in found.items() if np.isfinite(values).any()}
    if not found:
        raise SettingError(
            Fault(
                "time_scales",
                "some of the units change, and have a time",
                "none",
                "give a run in which states are drawn, or other groups",
            )
        )
    figure = new_figure(COLUMN + 1.0, 2.7, title)
    ax = figure.subplots()
    rng = np.random.default_rng(0)  # places the dots beside each other, and says nothing
    for place, each in enumerate(found.values()):
        values = np.array(each)[np.isfinite(each)]
        across = place + rng.uniform(-_SPREAD, _SPREAD, values.size) * (values.size > 1)
        ax.plot(across, values, ".", color=GREY, markersize=4)
        ax.plot([place - 0.25, place + 0.25], [values.mean()] * 2, color=BLUE, linewidth=2.2)
    ax.plot([], [], ".", color=GREY, label="each one")
    ax.plot([], [], color=BLUE, linewidth=2.2, label="mean")
    ax.set_yscale("log", base=2)
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xticks(range(len(found)), list(found))
    ax.set_xlim(-0.5, len(found) - 0.4)
    plain(ax, "", "", "autocorrelation time (steps)")
    legend(ax, loc="upper left")
    low, high = ax.get_ylim()
    ax.set_ylim(low, max(high, 2.0 * low) * 1.5)
    return figure


def _by_depth(times: TimeScales) -> dict[str, list[str]]:
    def at(chosen: BoolArray) -> list[str]:
        return [times.paths[place] for place in np.flatnonzero(chosen)]

    columns = {"subparticles": at(times.leaf)}
    for depth in range(int(times.depths[~times.leaf].max(initial=0)), -1, -1):
        name = f"depth {depth}" if depth else "the whole"
        columns[name] = at(~times.leaf & (times.depths == depth))
    return columns
