"""A network as a drawing: subparticles as nodes, the strongest couplings as arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.figures.arguments import array_of, images_of
from deepparticle.figures.numbers import written
from deepparticle.figures.style import BLUE, COLUMN, INK, VERMILION, legend, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["network_drawing"]


def network_drawing(
    couplings: ArrayLike,
    shape: tuple[int, int] | None = None,
    *,
    threshold: float | None = None,
    states: ArrayLike | None = None,
    title: str = "",
) -> Figure:
    """Draw subparticles as nodes and the strongest couplings between them as arrows.

    Arrows bend to their right on the way from source to target, so that the two directions of a
    pair lie beside each other; their width is proportional to the magnitude. Positive couplings are
    solid and blue, negative ones dashed and red.

    Parameters
    ----------
    couplings : array_like of shape (N, N)
        J, target × source; the diagonal is left out.
    shape : tuple of int, optional
        Rows and columns of the image whose pixels the subparticles stand for: nodes are drawn
        there; otherwise on a circle, beginning at the right, counter-clockwise.
    threshold : float, optional
        The magnitude from which a coupling is drawn; by default that of the 2N strongest.
    states : array_like of shape (N,), optional
        Fills the nodes; black is the largest magnitude, white its negative.
    title : str

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = network_drawing([[0.0, 2.0], [-1.0, 0.0]], threshold=1.5)
    >>> figure.axes[0].get_title()
    '1 of 2 couplings: |J| ≥ 1.50'
    """
    import networkx as nx
    from matplotlib.lines import Line2D

    size = len(np.atleast_1d(couplings))
    J = array_of(couplings, "network_drawing", "couplings", size, size)
    if shape is not None:
        images_of(np.zeros((1, size)), shape, "network_drawing", "couplings")
    magnitudes = np.abs(J[~np.eye(size, dtype=bool)])
    if threshold is None:
        drawn = np.sort(magnitudes[magnitudes > 0.0])[-2 * size :]
        threshold = float(drawn[0]) if drawn.size else 0.0
    graph = nx.DiGraph()
    graph.add_nodes_from(range(size))
    for target, source in np.argwhere((np.abs(J) >= threshold) & (J != 0.0)).tolist():
        if target != source:
            graph.add_edge(source, target, weight=J[target, source])
    if shape is None:
        places = nx.circular_layout(graph)
    else:
        places = {node: (node % shape[1], -(node // shape[1])) for node in graph}
    figure = new_figure(COLUMN, COLUMN + 0.2, title)
    ax = figure.subplots()
    room = 2000.0 / size if shape is None else 4000.0 / size
    node_size = min(room, 160.0)
    fill: FloatArray = -np.ones(size)
    if states is not None:
        fill = array_of(states, "network_drawing", "states", size)
    limit = float(np.abs(fill).max()) or 1.0
    nx.draw_networkx_nodes(
        graph,
        places,
        ax=ax,
        node_size=node_size,
        node_color=fill,
        cmap="gray_r",
        vmin=-limit,
        vmax=limit,
        edgecolors=INK,
        linewidths=0.7,
    )
    strongest = magnitudes[magnitudes > 0.0].max(initial=0.0) or 1.0
    for sign, colour, style in ((1.0, BLUE, "-"), (-1.0, VERMILION, "--")):
        edges = [pair for pair in graph.edges if sign * graph.edges[pair]["weight"] > 0.0]
        # networkx cannot draw no edges in a style.
        if edges:
            nx.draw_networkx_edges(
                graph,
                places,
                ax=ax,
                edgelist=edges,
                edge_color=colour,
                style=style,
                width=[1.8 * abs(graph.edges[pair]["weight"]) / strongest for pair in edges],
                arrowsize=6,
                node_size=node_size,
                connectionstyle="arc3,rad=0.14",
            )
    ax.axis("off")
    ax.margins(0.06)
    ax.set_aspect("equal")
    ax.set_title(
        f"{graph.number_of_edges()} of {magnitudes.size} couplings: |J| ≥ {written(threshold)}",
        fontsize=8.5,
        color=INK,
    )
    keys = [Line2D([], [], color=BLUE), Line2D([], [], color=VERMILION, linestyle="--")]
    legend(
        ax,
        handles=keys,
        labels=["positive", "negative; arrows lead from source to target"],
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=2,
        columnspacing=1.0,
    )
    return figure
