"""The scene: the geometry of a picture turned into shapes, back to front."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from deepparticle.partitions.pictures.geometry import Box, Layout, Link, Mosaic, Spot, letters
from deepparticle.partitions.pictures.legend import legend_of
from deepparticle.partitions.pictures.notes import notes_of
from deepparticle.partitions.pictures.shapes import (
    BORDERS,
    DEPTHS,
    FAINT,
    INK,
    PAPER,
    WEAK,
    Disc,
    Image,
    Label,
    Outline,
    Panel,
    Scene,
    Shape,
    mark,
    shade,
    state_colour,
)

__all__ = ["scene"]


def scene(plan: Layout, *, weights: bool = True, labels: bool = True, legend: bool = True) -> Scene:
    """The shapes of a picture.

    Parameters
    ----------
    plan : Layout
        From :func:`deepparticle.partitions.pictures.layout.layout`.
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
        below, used = legend_of(plan, scale, x, y + height, width)
        height += used
    shapes: list[Shape] = [
        Panel(role="paper", x=x, y=y, width=width, height=height, radius=0.8, fill=PAPER)
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
        fill=shade(box.depth, DEPTHS),
        stroke=shade(box.depth, BORDERS),
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
        halo=shade(box.depth, DEPTHS),
    )
    if box.leaves == 0 and not holds_boxes:
        yield Label(
            role="note",
            path=box.path,
            x=box.x + box.width / 2,
            y=box.y + box.height - 1.3,
            text="empty",
            size=0.75,
            colour=FAINT,
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
        stroke=WEAK,
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
        colour=FAINT,
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
            stroke=WEAK,
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
            stroke=INK,
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
            stroke=INK if spot.kind == "leaf" else WEAK,
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
                halo=PAPER if spot.box is None else shade(1, DEPTHS),
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
            colour=PAPER if dark else INK,
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
        colour = state_colour(math.copysign(1.0, link.weight)) if signed else WEAK
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
    return [shape for _, pair in lines for shape in pair] + [*notes_of(plan, notes)]


def _about(link: Link) -> str:
    ends = f"{link.source} → {link.target}"
    if link.count > 1:
        return f"{ends}: {link.count} boundary states, mean weight {link.weight:.4g}"
    return f"{ends}: weight {link.weight:.4g}"


def _crossings(plan: Layout) -> Iterator[Shape]:
    names = {box.path: box.path or box.name for box in plan.boxes}
    for link in plan.links:
        for crossing in link.crossings:
            yield mark(
                crossing.kind,
                crossing.x,
                crossing.y,
                path=crossing.box,
                about=f"{crossing.kind} state of {names[crossing.box]}: {_about(link)}",
            )
