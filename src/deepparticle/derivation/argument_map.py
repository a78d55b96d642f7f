"""The argument as a picture: what rests on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepparticle.derivation.argument import dependencies, step
from deepparticle.derivation.step import Step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_dependencies"]

_ROW = 0.26  # inches


def draw_dependencies(current: Step | str | int | None = None) -> Figure:
    """Draw the steps in their order, and an arc from each to those that rest on it.

    Parameters
    ----------
    current : Step, str or int, optional
        A step to mark, with all that it rests on, directly or not; or its name or number.

    Returns
    -------
    matplotlib Figure
        A page wide.

    Raises
    ------
    SettingError
        If there is no such step.

    Examples
    --------
    >>> figure = draw_dependencies()
    >>> len(figure.axes)
    1
    """
    import networkx
    from matplotlib.patches import FancyArrowPatch

    from deepparticle.figures.style import BLUE, GREY, INK, PAGE, new_figure

    graph = dependencies()
    if current is not None and not isinstance(current, Step):
        current = step(current)
    marked = networkx.ancestors(graph, current.name) | {current.name} if current else set()
    numbers = networkx.get_node_attributes(graph, "number")
    figure = new_figure(PAGE, _ROW * len(graph) + 0.2)
    axes = figure.subplots()
    axes.axis("off")
    axes.set(xlim=(-0.5, 0.7), ylim=(len(graph) + 0.6, 0.4))
    for name, number in numbers.items():
        here = name in marked
        axes.plot(0.0, number, "o", color=BLUE if here else INK, markersize=4)
        axes.text(
            0.03,
            number,
            f"{number}. {graph.nodes[name]['title']}",
            va="center",
            fontsize=9,
            color=BLUE if here else INK,
            weight="bold" if current is not None and name == current.name else "normal",
        )
    for premise, name in graph.edges:
        here = premise in marked and name in marked
        axes.add_patch(
            FancyArrowPatch(
                (0.0, numbers[premise]),
                (0.0, numbers[name]),
                connectionstyle="arc3,rad=0.45",
                arrowstyle="-|>",
                mutation_scale=7,
                shrinkA=3,
                shrinkB=3,
                color=BLUE if here else GREY,
                linewidth=1.2 if here else 0.7,
                zorder=2 if here else 1,
            )
        )
    return figure
