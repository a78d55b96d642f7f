"""A world as a picture: boxes inside boxes, with their blankets on the borders.

==================  ===============================================================================
what                how it is drawn
==================  ===============================================================================
partition           a rounded box, the darker the deeper; a population holds a grid of cells
subparticle         a circle, filled by its state: blue −1, white 0, red +1
external state      a hexagon outside the outermost box
coupling            an arrow from source to target: red positive, blue negative, width by weight
sensory state       a green disc on the border of every box that a coupling enters
active state        a golden diamond on the border of every box that a coupling leaves
==================  ===============================================================================

The colours are told apart with any colour vision, and no two things differ by colour alone. `scene`
turns the geometry of :mod:`.layout` into a list of shapes, back to front, in the same units; `draw`
paints them with matplotlib, and :mod:`.markup` writes them as SVG.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from deepparticle.partitions.layout import Box, Layout, Link, Mosaic, Point, Spot, layout, letters

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from deepparticle.partitions.partition import Partition

__all__ = [
    "Disc",
    "Image",
    "Label",
    "Outline",
    "Panel",
    "Scene",
    "Shape",
    "draw",
    "scene",
    "state_colour",
]

_INK, _FAINT, _PAPER = "#22303C", "#66737F", "#FFFFFF"
_DEPTHS = ("#F5F7F9", "#E9EDF2", "#DCE3EA", "#CFD8E2", "#C3CEDA")
_BORDERS = ("#8B98A6", "#7C8A99", "#6E7D8D", "#607082", "#526476")
_NEGATIVE, _ZERO, _POSITIVE = (43, 102, 177), (250, 249, 246), (196, 69, 45)
_SENSORY, _ACTIVE = "#009E73", "#F2B705"
_WEAK = "#8D98A3"


def state_colour(value: float | None) -> str:
    """The colour of a state: blue at −1 and below, near white at 0, red at 1 and above.

    Examples
    --------
    >>> state_colour(-1.0), state_colour(0.0), state_colour(7.0)
    ('#2b66b1', '#faf9f6', '#c4452d')
    """
    if value is None or math.isnan(value):
        return "#e4e7ea"
    part = min(abs(value), 1.0)
    end = _POSITIVE if value > 0 else _NEGATIVE
    mixed = (round(zero + part * (one - zero)) for zero, one in zip(_ZERO, end, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


# ------------------------------------------------------------------------------ shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Something to paint.

    Parameters
    ----------
    role : str
        What it shows: ``"box"``, ``"leaf"``, ``"coupling"``, ``"sensory"``, …
    path : str
        Of whom; for couplings ``"a→b"``.
    about : str
        One line for a tooltip.
    """

    role: str
    path: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(Shape):
    """A rounded rectangle."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    stroke: str | None = None
    line: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc(Shape):
    """A filled circle."""

    x: float
    y: float
    radius: float
    fill: str
    stroke: str = _INK
    line: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline(Shape):
    """A filled polygon, or (`curved`) an open line of cubic Bézier curves."""

    points: tuple[Point, ...]
    curved: bool = False
    fill: str | None = None
    stroke: str | None = None
    line: float = 0.0
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Shape):
    """One line of text; `y` is its base line, `halo` the colour of a rim around the letters."""

    x: float
    y: float
    text: str
    size: float
    anchor: Literal["start", "middle", "end"] = "middle"
    colour: str = _INK
    bold: bool = False
    halo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Shape):
    """A grid of colours, in rows from the top."""

    x: float
    y: float
    width: float
    height: float
    colours: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """Shapes, back to front, and the rectangle that they fit into."""

    shapes: tuple[Shape, ...]
    x: float
    y: float
    width: float
    height: float


# ------------------------------------------------------------------------------ the scene


def scene(plan: Layout, *, weights: bool = True, labels: bool = True, legend: bool = True) -> Scene:
    """The shapes of a picture.

    Parameters
    ----------
    plan : Layout
        From :func:`deepparticle.partitions.layout.layout`.
    weights : bool
        Whether colour and width of the arrows show the couplings; a handful is also written out.
    labels : bool
        Whether subparticles and external states show their names.
    legend : bool
        Whether a legend stands underneath.

    Returns
    -------
    Scene
    """
    x, y, width, height = plan.x, plan.y, plan.width, plan.height
    below: list[Shape] = []
    if legend:
        scale = min(max(width / 42.0, 0.85), 6.0)
        room = max(width, 19.0 * scale)
        x, width = x - (room - width) / 2, room
        below, used = _legend(plan, scale, x, y + height, width)
        height += used
    shapes: list[Shape] = [
        Panel(role="paper", x=x, y=y, width=width, height=height, radius=0.8, fill=_PAPER)
    ]
    for box in plan.boxes:
        shapes += _box(box, plan)
    for mosaic in plan.mosaics:
        shapes += _mosaic(mosaic)
    # Arrows may lead to single cells of a population, which must not hide them.
    for spot in plan.spots:
        if spot.kind == "cell":
            shapes += _spot(spot, labels)
    shapes += _links(plan, weights)
    for spot in plan.spots:
        if spot.kind != "cell":
            shapes += _spot(spot, labels)
    shapes += _crossings(plan)
    holders = {box.parent for box in plan.boxes}
    for box in plan.boxes:
        shapes += _title(box, box.path in holders)
    return Scene((*shapes, *below), x, y, width, height)


def _shade(depth: int, colours: tuple[str, ...]) -> str:
    return colours[min(depth, len(colours) - 1)]


def _fitted(text: str, size: float, room: float) -> str:
    """`text`, or its beginning and an ellipsis."""
    if letters(text, size) <= room:
        return text
    while len(text) > 1 and letters(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _box(box: Box, plan: Layout) -> Iterator[Shape]:
    counts = {"sensory": 0, "active": 0}
    for link in plan.links:
        for crossing in link.crossings:
            if crossing.box == box.path:
                counts[crossing.kind] += link.count
    yield Panel(
        role="box",
        path=box.path,
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        radius=0.8,
        fill=_shade(box.depth, _DEPTHS),
        stroke=_shade(box.depth, _BORDERS),
        line=0.12,
        about=f"{box.path or box.name}: {box.kind} of {box.leaves}, blanket of "
        f"{counts['sensory']} sensory and {counts['active']} active states",
    )


def _title(box: Box, holds_boxes: bool) -> Iterator[Shape]:
    text = _fitted(box.caption, box.title, box.width - 1.6)
    yield Label(
        role="title",
        path=box.path,
        x=box.x + 0.85,
        y=box.y + 0.4 + box.title,
        text=text,
        size=box.title,
        anchor="start",
        bold=True,
        halo=_shade(box.depth, _DEPTHS),
    )
    if box.leaves == 0 and not holds_boxes:
        yield Label(
            role="note",
            path=box.path,
            x=box.x + box.width / 2,
            y=box.y + box.height - 1.3,
            text="empty",
            size=0.75,
            colour=_FAINT,
        )


def _mosaic(mosaic: Mosaic) -> Iterator[Shape]:
    about = (
        f"{mosaic.box}: couplings, target × source, largest {mosaic.largest:.3g}"
        if mosaic.what == "couplings"
        else f"{mosaic.box}: states, averaged"
    )
    yield Image(
        role=mosaic.what,
        path=mosaic.box,
        x=mosaic.x,
        y=mosaic.y,
        width=mosaic.width,
        height=mosaic.height,
        about=about,
        colours=tuple(tuple(map(state_colour, row)) for row in mosaic.values),
    )
    x, y = mosaic.x, mosaic.y
    right, bottom = x + mosaic.width, y + mosaic.height
    yield Outline(
        role="frame",
        points=((x, y), (right, y), (right, bottom), (x, bottom)),
        stroke=_WEAK,
        line=0.06,
    )
    text = (
        f"couplings, up to {mosaic.largest:.2g}"
        if mosaic.what == "couplings"
        else "states, averaged"
    )
    yield Label(
        role="note",
        path=mosaic.box,
        x=x,
        y=y - 0.35,
        text=text,
        size=min(0.75, mosaic.width / letters(text, 1.0)),
        anchor="start",
        colour=_FAINT,
    )


def _spot(spot: Spot, labels: bool) -> Iterator[Shape]:
    fill = state_colour(spot.state)
    value = "" if spot.state is None else f"state {spot.state:+.4g}"
    about = f"{spot.path}: {value or 'external state, a vector'}"
    x, y, r = spot.x, spot.y, spot.radius
    if spot.kind == "cell":
        yield Panel(
            role="cell",
            path=spot.path,
            about=about,
            x=x - r,
            y=y - r,
            width=2 * r,
            height=2 * r,
            radius=0.25 * r,
            fill=fill,
            stroke=_WEAK,
            line=0.03,
        )
        return
    if spot.kind == "external":
        corners = tuple(
            (x + r * math.cos(math.pi * k / 3), y + r * math.sin(math.pi * k / 3)) for k in range(6)
        )
        yield Outline(
            role="external",
            path=spot.path,
            about=about,
            points=corners,
            fill=fill,
            stroke=_INK,
            line=0.12,
        )
    else:
        yield Disc(
            role=spot.kind,
            path=spot.path,
            about=about,
            x=x,
            y=y,
            radius=r,
            fill=fill,
            stroke=_INK if spot.kind == "leaf" else _WEAK,
            line=0.1,
        )
    if not labels:
        return
    if spot.room:
        size = 0.75
        most = max(int(spot.room / (0.6 * size)), 4)
        lines = textwrap.wrap(spot.name, most) or [spot.name]
        if len(lines) > 2:
            lines = [lines[0], " ".join(lines[1:])]
        for number, line in enumerate(lines):
            yield Label(
                role="name",
                path=spot.path,
                x=x,
                size=size,
                y=y + r + 0.95 + 1.1 * number * size,
                text=_fitted(line, size, spot.room),
                halo=_PAPER if spot.box is None else _shade(1, _DEPTHS),
            )
    else:
        reach = 1.6 if spot.kind == "external" else 1.7
        size = min(0.85, reach * r / letters(spot.name, 1.0))
        dark = spot.state is not None and abs(spot.state) > 0.55
        yield Label(
            role="name",
            path=spot.path,
            x=x,
            y=y + 0.36 * size,
            text=spot.name,
            size=size,
            colour=_PAPER if dark else _INK,
        )


def _along(curve: tuple[Point, ...], steps: int) -> list[tuple[float, float, float, float]]:
    """Points on a Bézier line, each with the unit normal to the left of the direction of travel."""
    found = []
    for index in range(0, len(curve) - 1, 3):
        a, b, c, d = curve[index : index + 4]
        for step in range(1, steps):
            t = step / steps
            s = 1.0 - t
            x, y = (
                s**3 * a[k] + 3 * s * s * t * b[k] + 3 * s * t * t * c[k] + t**3 * d[k]
                for k in (0, 1)
            )
            dx, dy = (
                s * s * (b[k] - a[k]) + 2 * s * t * (c[k] - b[k]) + t * t * (d[k] - c[k])
                for k in (0, 1)
            )
            length = math.hypot(dx, dy) or 1.0
            found.append((x, y, dy / length, -dx / length))
    return found


def _apart(place: Point, half: float, thing: tuple[float, float, float, float]) -> float:
    """How far a text of half that width, at a place, is from a rectangle."""
    x, y, w, h = thing
    return math.hypot(
        max(abs(place[0] - x) - half - w, 0.0), max(abs(place[1] - y) - 0.25 - h, 0.0)
    )


def _notes(plan: Layout, notes: dict[int, str]) -> Iterator[Label]:
    """Texts beside links (by index): near the middle, where nothing else is."""
    size = 0.65
    # (x, y, half the width, half the height) of what a text should not touch, and borders, which it
    # had better not.
    borders: list[tuple[float, float, float, float]] = []
    crowd = [(x, y, 0.0, 0.0) for link in plan.links for x, y, _, _ in _along(link.curve, 8)]
    crowd += [(s.x, s.y, 0.9 * s.radius, 0.9 * s.radius) for s in plan.spots]
    crowd += [
        (m.x + m.width / 2, m.y + m.height / 2, m.width / 2, m.height / 2) for m in plan.mosaics
    ]
    for box in plan.boxes:
        x, y, w, h = box.x + box.width / 2, box.y + box.height / 2, box.width / 2, box.height / 2
        borders += [(x, box.y, w, 0.0), (x, y + h, w, 0.0), (box.x, y, 0.0, h), (x + w, y, 0.0, h)]
        half = letters(box.caption, box.title) / 2
        crowd.append((box.x + 0.85 + half, box.y + 0.4 + box.title / 2, half, box.title / 2))
    for index, text in notes.items():
        half = letters(text, size) / 2
        link = plan.links[index]
        # A wide text stands further from a steep line than from a level one.
        steps = _along(link.curve, 12)
        # From the middle outwards: of equally quiet places the first is taken.
        outwards = [
            step
            for pair in zip_longest(reversed(steps[: len(steps) // 2]), steps[len(steps) // 2 :])
            for step in pair
            if step
        ]
        places = [
            (x + sign * u * (0.25 + half), y + sign * v * 0.55)
            for x, y, u, v in outwards
            for sign in (1.0, -1.0)
        ]
        room = [
            min(
                0.2,
                *(_apart(place, half, thing) for thing in crowd),
                *(0.1 + _apart(place, half, border) for border in borders),
            )
            for place in places
        ]
        x, y = places[room.index(max(room))]
        crowd.append((x, y, half, 0.25))
        yield Label(
            role="weight",
            path=f"{link.source}→{link.target}",
            x=x,
            y=y + 0.36 * size,
            text=text,
            size=size,
            halo=_shade(0, _DEPTHS),
        )


def _links(plan: Layout, weights: bool) -> list[Shape]:
    # Macro-scale states have weights of another order than couplings: each is scaled by its own.
    largest: dict[bool, float] = {}
    for link in plan.links:
        macro = link.kind != "boundary"
        largest[macro] = max(largest.get(macro, 0.0), abs(link.weight))
    lines: list[tuple[float, list[Shape]]] = []
    notes: dict[int, str] = {}
    for index, link in enumerate(plan.links):
        part = abs(link.weight) / (largest[link.kind != "boundary"] or 1.0)
        signed = weights and link.weight != 0.0
        colour = state_colour(math.copysign(1.0, link.weight)) if signed else _WEAK
        width = 0.06 + 0.14 * part if weights else 0.1
        path = f"{link.source}→{link.target}"
        about = _about(link)
        opacity = 1.0 if len(plan.links) <= 60 else 0.3 + 0.65 * part**2
        head = 0.5 + 1.2 * width
        (ax, ay), (bx, by) = link.curve[-2:]
        length = math.dist((ax, ay), (bx, by)) or 1.0
        dx, dy = (bx - ax) / length, (by - ay) / length
        # The line ends inside the head: a wide line would show beside its point.
        back = min(0.8 * head, 0.9 * length)
        shaft = (*link.curve[:-1], (bx - back * dx, by - back * dy))
        side = 0.36 * head
        corners = (
            (bx, by),
            (bx - head * dx - side * dy, by - head * dy + side * dx),
            (bx - head * dx + side * dy, by - head * dy - side * dx),
        )
        lines.append(
            (
                part,
                [
                    Outline(
                        role="coupling",
                        path=path,
                        about=about,
                        points=shaft,
                        curved=True,
                        stroke=colour,
                        line=width,
                        opacity=opacity,
                    ),
                    Outline(role="head", path=path, points=corners, fill=colour, opacity=opacity),
                ],
            )
        )
        note = f"{link.count} ×" if link.count > 1 else ""
        if weights and len(plan.links) <= 8:
            note = f"{note} {link.weight:.2g}".strip().replace("-", "−")
        if note and len(notes) < 24:
            notes[index] = note
    # Weak ones first, so that strong ones lie on top.
    lines.sort(key=lambda line: line[0])
    return [shape for _, pair in lines for shape in pair] + [*_notes(plan, notes)]


def _about(link: Link) -> str:
    ends = f"{link.source} → {link.target}"
    if link.count > 1:
        return f"{ends}: {link.count} boundary states, mean weight {link.weight:.4g}"
    return f"{ends}: weight {link.weight:.4g}"


def _marker(
    kind: str, x: float, y: float, size: float = 1.0, path: str = "", about: str = ""
) -> Shape:
    if kind == "sensory":
        return Disc(
            role=kind,
            path=path,
            about=about,
            x=x,
            y=y,
            radius=0.26 * size,
            fill=_SENSORY,
            stroke=_INK,
            line=0.06 * size,
        )
    r = 0.34 * size
    return Outline(
        role=kind,
        path=path,
        about=about,
        fill=_ACTIVE,
        stroke=_INK,
        line=0.06 * size,
        points=((x - r, y), (x, y - r), (x + r, y), (x, y + r)),
    )


def _crossings(plan: Layout) -> Iterator[Shape]:
    names = {box.path: box.path or box.name for box in plan.boxes}
    for link in plan.links:
        for crossing in link.crossings:
            yield _marker(
                crossing.kind,
                crossing.x,
                crossing.y,
                path=crossing.box,
                about=f"{crossing.kind} state of {names[crossing.box]}: {_about(link)}",
            )


# ------------------------------------------------------------------------------ the legend


def _legend(
    plan: Layout, scale: float, x: float, y: float, width: float
) -> tuple[list[Shape], float]:
    """Entries in centred rows below the picture, then the caption; and the height used."""
    size = 0.8 * scale

    def line(weight: float) -> Callable[[float, float], list[Shape]]:
        colour = state_colour(weight)
        return lambda u, v: [
            Outline(
                role="legend",
                points=((u, v), (u + 1.3 * scale, v)),
                stroke=colour,
                line=0.16 * scale,
            ),
            Outline(
                role="legend",
                fill=colour,
                points=(
                    (u + 1.8 * scale, v),
                    (u + scale, v - 0.3 * scale),
                    (u + scale, v + 0.3 * scale),
                ),
            ),
        ]

    def bar(u: float, v: float) -> list[Shape]:
        colours = (tuple(state_colour(step / 8 - 1) for step in range(17)),)
        return [
            Image(
                role="legend",
                x=u,
                y=v - 0.35 * scale,
                width=3.4 * scale,
                height=0.7 * scale,
                colours=colours,
            )
        ]

    def marker(kind: str) -> Callable[[float, float], list[Shape]]:
        return lambda u, v: [
            replace(_marker(kind, u + 0.4 * scale, v, 1.15 * scale), role="legend")
        ]

    kinds = {crossing.kind for link in plan.links for crossing in link.crossings}
    signs = {math.copysign(1.0, link.weight) for link in plan.links if link.weight}
    entries: list[tuple[str, float, Callable[[float, float], list[Shape]]]] = []
    entries += [
        (f"{kind} state", 1.1, marker(kind)) for kind in ("sensory", "active") if kind in kinds
    ]
    entries += [
        (f"{name} coupling", 2.1, line(sign))
        for name, sign in (("positive", 1.0), ("negative", -1.0))
        if sign in signs
    ]
    if plan.spots:
        entries.append(("state, −1 to 1", 3.7, bar))
    rows: list[list[tuple[str, float, float, Any]]] = [[]]
    used = 0.0
    for text, room, paint in entries:
        extent = room * scale + letters(text, size) + 1.2 * scale
        if rows[-1] and used + extent > width:
            rows.append([])
            used = 0.0
        rows[-1].append((text, room * scale, extent, paint))
        used += extent
    shapes: list[Shape] = []
    baseline = y + 0.9 * scale
    for row in rows:
        u = x + (width - sum(extent for _, _, extent, _ in row) + 1.2 * scale) / 2
        for text, room, extent, paint in row:
            shapes += paint(u, baseline)
            shapes.append(
                Label(
                    role="legend",
                    x=u + room,
                    y=baseline + 0.35 * size,
                    text=text,
                    size=size,
                    anchor="start",
                    colour=_FAINT,
                )
            )
            u += extent
        baseline += 1.45 * scale if row else 0.0
    if plan.hidden:
        drawn = sum(link.count for link in plan.links)
        text = f"The {drawn} strongest of {drawn + plan.hidden} explicit boundary states are drawn."
        for part in textwrap.wrap(text, max(int(width / (0.6 * size)), 20)):
            shapes.append(
                Label(
                    role="caption",
                    x=x + width / 2,
                    y=baseline + 0.35 * size,
                    text=part,
                    size=size,
                    colour=_FAINT,
                )
            )
            baseline += 1.45 * scale
    return shapes, baseline - y - 0.1 * scale


# ------------------------------------------------------------------------------ matplotlib


def draw(
    partition: Partition,
    ax: Axes | None = None,
    *,
    weights: bool = True,
    labels: bool = True,
    legend: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw a partition with matplotlib.

    Parameters
    ----------
    partition : Partition
        A world, or a partition inside one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure of a fitting size.
    weights : bool
        Whether colour and width of the arrows show the couplings; a handful is also written out.
    labels : bool
        Whether subparticles and external states show their names.
    legend : bool
        Whether a legend stands underneath.
    title : str, optional
        A title above the axes.

    Returns
    -------
    matplotlib.axes.Axes
        Every artist has a ``gid``, ``"role:path"``, for example ``"leaf:brain/a"``.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from deepparticle.partitions.partition import Partition
    >>> world = Partition("world")
    >>> _ = world.add_partition("brain").add_subparticle("a")
    >>> ax = world.draw(Figure().add_subplot())
    >>> [patch.get_gid() for patch in ax.patches][:4]
    ['paper', 'box:', 'box:brain', 'leaf:brain/a']
    """
    picture = scene(layout(partition), weights=weights, labels=labels, legend=legend)
    if ax is None:
        import matplotlib.pyplot

        # A leaf is about a centimetre across, unless the whole would then not fit on a screen.
        inches = min(0.21, 13.0 / picture.width, 9.0 / picture.height)
        size = (picture.width * inches, picture.height * inches + (0.35 if title else 0.0))
        top = picture.height * inches / size[1]
        _, ax = matplotlib.pyplot.subplots(
            figsize=size, gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": top}
        )
    ax.set(
        xlim=(picture.x, picture.x + picture.width), ylim=(picture.y + picture.height, picture.y)
    )
    ax.set_aspect("equal")
    ax.set_axis_off()
    if title is not None:
        ax.set_title(title)
    # Letters and lines are measured in points, everything else in our unit.
    extent = ax.get_window_extent()
    pixels = min(extent.width / picture.width, extent.height / picture.height)
    points = pixels * 72.0 / ax.get_figure(root=True).dpi  # type: ignore[union-attr]
    for order, shape in enumerate(picture.shapes):
        _paint(ax, shape, points, 1.0 + order * 1e-5)
    return ax


def _paint(ax: Axes, shape: Shape, points: float, order: float) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
    from matplotlib.path import Path
    from matplotlib.patheffects import withStroke

    gid = f"{shape.role}:{shape.path}" if shape.role not in ("paper", "legend") else shape.role
    artist: Any
    if isinstance(shape, Panel):
        artist = FancyBboxPatch(
            (shape.x, shape.y),
            shape.width,
            shape.height,
            boxstyle=f"round,pad=0,rounding_size={shape.radius}",
            facecolor=shape.fill,
            edgecolor=shape.stroke or "none",
            linewidth=shape.line * points,
        )
    elif isinstance(shape, Disc):
        artist = Circle(
            (shape.x, shape.y),
            shape.radius,
            facecolor=shape.fill,
            edgecolor=shape.stroke,
            linewidth=shape.line * points,
        )
    elif isinstance(shape, Outline):
        codes = None
        if shape.curved:
            codes = [Path.MOVETO] + [Path.CURVE4] * (len(shape.points) - 1)
        closed = not shape.curved and len(shape.points) > 2
        path = (
            Path([*shape.points, shape.points[0]], closed=True)
            if closed
            else Path(list(shape.points), codes)
        )
        artist = PathPatch(
            path,
            facecolor=shape.fill or "none",
            edgecolor=shape.stroke or "none",
            linewidth=shape.line * points,
            alpha=shape.opacity,
            capstyle="butt",
            joinstyle="miter",
        )
    elif isinstance(shape, Image):
        from matplotlib.colors import to_rgb
        from matplotlib.image import AxesImage

        # Not ax.imshow, which would turn the axes to its own limits and aspect.
        artist = AxesImage(
            ax,
            interpolation="nearest",
            origin="upper",
            resample=False,
            extent=(shape.x, shape.x + shape.width, shape.y + shape.height, shape.y),
        )
        artist.set_data([[to_rgb(colour) for colour in row] for row in shape.colours])
        artist.set_gid(gid)
        artist.set_zorder(order)
        ax.add_image(artist)
        return
    elif isinstance(shape, Label):
        size = shape.size * points
        if size < 2.5:
            return  # smaller than anyone can read
        side = {"start": "left", "middle": "center", "end": "right"}[shape.anchor]
        artist = ax.text(
            shape.x,
            shape.y,
            shape.text,
            fontsize=size,
            color=shape.colour,
            horizontalalignment=side,
            verticalalignment="baseline",
            zorder=order,
            fontweight="bold" if shape.bold else "normal",
            parse_math=False,
            clip_on=False,
        )
        if shape.halo:
            artist.set_path_effects([withStroke(linewidth=0.3 * size, foreground=shape.halo)])
        artist.set_gid(gid)
        return
    artist.set_gid(gid)
    artist.set_zorder(order)
    ax.add_patch(artist)
