r"""A thing and its blanket: all states of a world in their four roles, and what drives what.

Relative to a thing (a subparticle, or a partition of them) every state is external, sensory, active
or internal. In a particular partition

.. math:: f_\eta(\eta, s, a), \quad f_s(\eta, s, a), \quad f_a(s, a, \mu), \quad f_\mu(s, a, \mu),

no arrow joins external and internal states, and no state is driven by both. What breaks that is
drawn in red.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.laws import ParticularPartition
from deepparticle.blankets.laws import particular_partition as roles_of
from deepparticle.blankets.naming import SEPARATOR, nearest
from deepparticle.figures.style import (
    GREEN,
    GREY,
    INK,
    ORANGE,
    PAGE,
    legend,
    new_figure,
)

if TYPE_CHECKING:
    import networkx
    from matplotlib.figure import Figure

__all__ = ["particular_partition"]

# Of a larger world no drawing of all states can be read.
_MOST = 60

_LEAK = "#B00020"

# The height of a line of states, and of what stands above and below them, in inches.
_LINE, _AROUND = 0.32, 0.85

# Role, heading, colour and place of its column: the blanket is between outside and inside. Sensory
# and active states have the colours that they have on the borders of a drawn world.
_COLUMNS = (
    ("external", "external η", GREY, 0.0),
    ("sensory", "sensory s", GREEN, 1.0),
    ("active", "active a", ORANGE, 1.0),
    ("internal", "internal μ", INK, 2.0),
)


def particular_partition(graph: networkx.DiGraph, inside: str = "", *, title: str = "") -> Figure:
    """Draw all states in their roles relative to one thing, and what drives what.

    Parameters
    ----------
    graph : networkx.DiGraph
        States with attribute ``kind``, as of ``world.graph``; it may break the law.
    inside : str
        The path of a partition or a subparticle; by default the whole world.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        External states at the left, the blanket between, internal states at the right. A boundary
        state with both ends on one side is drawn as an arrow. An arrow is red if it leads past the
        blanket, or into a state that is driven from both sides.

    Raises
    ------
    SettingError
        If there is no subparticle of that path, or there are too many states to be read.

    Examples
    --------
    >>> import deepparticle as dp
    >>> world = dp.Partition("world")
    >>> eye, brain = world.add_subparticle("eye"), world.add_subparticle("brain")
    >>> _ = world.couple(eye, brain, 1.0)
    >>> _ = world.sense(world.add_external("scene"), eye)
    >>> figure = particular_partition(world.graph, "brain")
    >>> [text.get_text() for text in figure.axes[0].texts if "→" in text.get_text()]
    ['eye→brain']
    """
    roles = _roles(graph, inside)
    hidden = {
        node
        for side in (roles.internal, roles.external)
        for node in side
        if graph.nodes[node]["kind"] not in ("internal", "external")
        and graph.in_degree(node) == graph.out_degree(node) == 1
        and {*graph.predecessors(node), *graph.successors(node)} <= set(side)
    }
    shown = {role: [n for n in getattr(roles, role) if n not in hidden] for role, *_ in _COLUMNS}
    rows = max(len(shown["external"]), len(shown["internal"]), _blanket_rows(shown))
    figure = new_figure(PAGE, _AROUND + _LINE * rows, title)
    ax: Any = figure.subplots()
    ax.set(xlim=(-0.55, 2.55), ylim=(rows + 0.1, -1.0))
    ax.axis("off")
    boxes = _boxes(ax, shown, rows)
    leaks = _leaks(graph, roles)
    for source, target in graph.edges:
        if source in hidden:
            continue
        through = target if target in hidden else None
        end = next(iter(graph.successors(target))) if through is not None else target
        _arrow(ax, boxes[source], boxes[end], leak=(source, target) in leaks)
    _keys(ax, bool(leaks))
    return figure


def _roles(graph: networkx.DiGraph, inside: str) -> ParticularPartition:
    leaves = [str(node) for node, kind in graph.nodes(data="kind") if kind == "internal"]
    things = [
        leaf
        for leaf in leaves
        if not inside or leaf == inside or leaf.startswith(inside + SEPARATOR)
    ]
    where = "particular_partition"
    if not things:
        holders = {leaf.rsplit(SEPARATOR, 1)[0] for leaf in leaves if SEPARATOR in leaf}
        close = nearest(inside, sorted({*leaves, *holders}), 1)
        mend = f"did you mean {close[0]!r}?" if close else "give the path of a subparticle"
        raise SettingError(Fault(where, "a thing has a subparticle inside", repr(inside), mend))
    if graph.number_of_nodes() > _MOST:
        raise SettingError(
            Fault(
                where,
                f"a world of at most {_MOST} states can be read",
                f"{graph.number_of_nodes()} states",
                "draw a part of it, or use world.blanket() for the list",
            )
        )
    return roles_of(graph, things)


def _blanket_rows(shown: dict[str, list[Hashable]]) -> int:
    # The two headings inside the middle column take a line between them.
    return len(shown["sensory"]) + len(shown["active"]) + 1


def _boxes(ax: Any, shown: dict[str, list[Hashable]], rows: int) -> dict[Hashable, Any]:
    """Write every state into its column; returns the text of each."""
    boxes = {}
    middle = max(0.0, (rows - _blanket_rows(shown)) / 2)
    tops = {"sensory": middle, "active": middle + len(shown["sensory"]) + 1}
    for role, heading, colour, x in _COLUMNS:
        top = tops.get(role, (rows - len(shown[role])) / 2)
        ax.text(x, top - 0.75, heading, ha="center", va="center", fontsize=8.5, color=INK)
        for row, node in enumerate(shown[role]):
            boxes[node] = ax.text(
                x,
                top + row + 0.15,
                _short(str(node)),
                ha="center",
                va="center",
                fontsize=7.5,
                color=INK,
                bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": colour},
                zorder=3,
            )
    return boxes


def _short(node: str) -> str:
    """``body/eye/left→body/brain/a`` is left→a: the paths are in the title, if anywhere."""
    return "→".join(part.rsplit(SEPARATOR, 1)[-1] for part in node.split("→"))


def _leaks(graph: networkx.DiGraph, roles: ParticularPartition) -> set[tuple[Hashable, Hashable]]:
    """The arrows that break the law: past the blanket, or into a state driven from both sides."""
    inside, outside = set(roles.internal), set(roles.external)
    found = set()
    for node in graph.nodes:
        parents = list(graph.predecessors(node))
        sides = [[one for one in parents if one in side] for side in (inside, outside)]
        wrong = sides[1] if node in inside else sides[0] if node in outside else []
        if node not in inside and node not in outside and all(sides):
            wrong = [*sides[0], *sides[1]]
        found |= {(one, node) for one in wrong}
    return found


def _arrow(ax: Any, source: Any, target: Any, leak: bool) -> None:
    from matplotlib.patches import FancyArrowPatch

    start, end = source.get_position(), target.get_position()
    same = start[0] == end[0]
    # Arcs within a column swing out to its own side, upward ones further than downward ones.
    outward = 1.0 if start[0] < 1.0 else -1.0
    bend = outward * (0.35 if end[1] > start[1] else -0.6) if same else 0.0
    if abs(start[0] - end[0]) > 1.5:
        bend = -0.25  # past the blanket, not behind the states in it
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            patchA=source.get_bbox_patch(),
            patchB=target.get_bbox_patch(),
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=1.6 if leak else 0.8,
            linestyle="--" if leak else "-",
            color=_LEAK if leak else INK,
            zorder=2,
        )
    )


def _keys(ax: Any, leaking: bool) -> None:
    from matplotlib.lines import Line2D

    if leaking:
        key = Line2D([], [], color=_LEAK, linestyle="--", linewidth=1.6, label="breaks the law")
        legend(ax, handles=[key], loc="lower left")
