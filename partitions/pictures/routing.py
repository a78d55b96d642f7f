"""Routing: every link crosses each border at a place of its own, and avoids what it can.

A boundary state crosses the border of every box that holds exactly one of its ends: it is an active
state of the boxes that it leaves and a sensory state of those that it enters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.partitions.pictures.canvas import Canvas
from deepparticle.partitions.pictures.courses import BOWS, Course, bowed, burden_of, detour
from deepparticle.partitions.pictures.curves import curve_through
from deepparticle.partitions.pictures.geometry import (
    Box,
    Crossing,
    Link,
    Point,
    Rectangle,
    letters,
    spread,
    unit,
)
from deepparticle.partitions.pictures.joining import Wire

__all__ = ["Router"]

_SLOT = 0.72  # between the crossings on a border, which are 0.5 wide


@dataclass(slots=True)
class Port:
    """A crossing that still looks for its place on a border."""

    box: str
    kind: Literal["sensory", "active"]
    side: str
    along: float
    inner: Port | None = None  # the crossing of the same link on the next box inwards


_OUTWARDS: dict[str, Point] = {
    "top": (0.0, -1.0),
    "right": (1.0, 0.0),
    "bottom": (0.0, 1.0),
    "left": (-1.0, 0.0),
}


class Router:
    """Gives every wire a curve: from edge to edge, through a place of its own on each border."""

    def __init__(self, canvas: Canvas) -> None:
        self._boxes = canvas.boxes
        self._anchors = canvas.anchors
        # What stands directly in a box; further inside, the boxes around hide it from the links.
        obstacles: dict[str | None, list[tuple[str | None, Rectangle]]] = {}
        for box in self._boxes.values():
            corners = (box.x, box.y, box.x + box.width, box.y + box.height)
            obstacles.setdefault(box.parent, []).append((box.path, corners))
            title = (
                box.x + 0.8,
                box.y + 0.4,
                box.x + 0.9 + letters(box.caption, box.title),
                box.y + 0.5 + 1.1 * box.title,
            )
            obstacles.setdefault(box.path, []).append((None, title))
        for spot in canvas.spots:
            if spot.kind != "cell":
                x, y, r = spot.x, spot.y, spot.radius
                obstacles.setdefault(spot.box, []).append((spot.path, (x - r, y - r, x + r, y + r)))
                half = min(letters(spot.name, 0.75), spot.room) / 2
                if half:
                    name = (x - half, y + r + 0.2, x + half, y + r + 1.1)
                    obstacles[spot.box].append((None, name))
        for image in canvas.mosaics:
            corners = (image.x, image.y - 1.0, image.x + image.width, image.y + image.height)
            obstacles.setdefault(image.box, []).append((f"{image.box}/", corners))
        self._obstacles = obstacles

    def route(self, wires: Sequence[Wire]) -> tuple[Link, ...]:
        """The links of all wires, in their order."""
        courses = [self._course(wire, number) for number, wire in enumerate(wires)]
        ports = [self._ports(wire, course) for wire, course in zip(wires, courses, strict=True)]
        self._share_borders([port for line in ports for port in line])
        return tuple(
            self._link(wire, course, line)
            for wire, course, line in zip(wires, courses, ports, strict=True)
        )

    def _course(self, wire: Wire, number: int) -> Course:
        """A way that avoids what the wire has no business with, as far as a short one does."""
        start, end = self._anchors[wire.source.path], self._anchors[wire.target.path]
        # A link from outside also passes what stands beside the outermost box.
        beside = () if start.boxes and end.boxes else (None,)
        ours = {*start.boxes, *end.boxes}
        for path in (wire.source.path, wire.target.path):
            # The images of a population are in nobody's way to all of it. No path ends in "/".
            ours |= {path, f"{path}/"}
        near = [
            (path, corners)
            for box in dict.fromkeys((*start.boxes, *end.boxes, *beside))
            for path, corners in self._obstacles.get(box, ())
            if path is None or path not in ours
        ]
        if len(near) > 300:
            return bowed(start, end, BOWS[0])
        obstacles = np.array([corners for _, corners in near]).reshape(-1, 4)
        obstacles += (-0.2, -0.2, 0.2, 0.2)
        # A single leaf is not worth a detour, nor is a title.
        worthy = np.array([path in self._boxes or (path or "").endswith("/") for path, _ in near])
        common = next((path for path in start.boxes if path in end.boxes), None)
        around_all = None if common is None else self._boxes[common]
        inside = (
            None
            if around_all is None
            else np.array(
                [
                    around_all.x,
                    around_all.y,
                    around_all.x + around_all.width,
                    around_all.y + around_all.height,
                ]
            )
        )
        straight = math.dist((start.x, start.y), (end.x, end.y))
        best, least = bowed(start, end, BOWS[0]), math.inf
        met: FloatArray = np.zeros((0, 4))
        for index in range(len(BOWS) + 4):
            if index < len(BOWS):
                course = bowed(start, end, BOWS[index])
            elif len(met):
                around = (*met[:, :2].min(axis=0), *met[:, 2:].max(axis=0))
                course = detour(start, end, around, index - len(BOWS), 0.4 + 0.27 * (number % 3))
            length, blocked, hit = burden_of(course, obstacles, inside)
            met = obstacles[hit & worthy] if index == 0 else met
            burden = blocked + 0.15 * max(length - straight, 0.0)
            if burden < least - 1e-9:
                best, least = course, burden
            if blocked == 0.0 and index < len(BOWS):
                break
        best.obstacles = obstacles
        return best

    def _ports(self, wire: Wire, course: Course) -> list[Port]:
        start, end = self._anchors[wire.source.path], self._anchors[wire.target.path]
        left = [path for path in start.boxes if path not in end.boxes]
        entered = [path for path in reversed(end.boxes) if path not in start.boxes]
        points = course.points
        ports = [self._crossing(path, "active", points) for path in left]
        for inner, outer in pairwise(ports):
            outer.inner = None if course.stops else inner
        entries = [self._crossing(path, "sensory", points[::-1]) for path in entered]
        for outer, inner in pairwise(entries):
            outer.inner = None if course.stops else inner
        # What stands beside the outermost box is joined to the side that faces it.
        for outsider, line, index in ((end, ports, -1), (start, entries, 0)):
            if not outsider.boxes:
                side = "left" if outsider.x < self._boxes[line[index].box].x else "right"
                if line[index].side != side:
                    line[index].side, line[index].along = side, outsider.y
        return ports + entries

    def _crossing(
        self, path: str, kind: Literal["sensory", "active"], curve: Sequence[Point]
    ) -> Port:
        """Where a curve that begins inside a box first leaves it."""
        box = self._boxes[path]
        step = next((step for step, place in enumerate(curve) if not _within(place, box)), -1)
        (px, py), (x, y) = curve[step - 1], curve[step]
        exits = {
            "left": (box.x - px, x - px),
            "right": (box.x + box.width - px, x - px),
            "top": (box.y - py, y - py),
            "bottom": (box.y + box.height - py, y - py),
        }
        # The border that is met first, as a fraction of the step across it.
        fractions = {
            side: reach / move for side, (reach, move) in exits.items() if move and reach / move > 0
        }
        side = min(fractions, key=fractions.__getitem__, default="right")
        fraction = fractions.get(side, 1.0)
        along = px + fraction * (x - px) if side in ("top", "bottom") else py + fraction * (y - py)
        return Port(path, kind, side, along)

    def _share_borders(self, ports: Sequence[Port]) -> None:
        """Move the crossings of one side of a box apart, innermost boxes first."""
        sides: dict[tuple[str, str], list[Port]] = {}
        for port in ports:
            sides.setdefault((port.box, port.side), []).append(port)
        for path, side in sorted(sides, key=lambda key: -self._boxes[key[0]].depth):
            box, group = self._boxes[path], sides[path, side]
            for port in group:
                # Straight on from the border within, rather than in waves.
                if port.inner is not None and port.inner.side == side:
                    port.along = 0.25 * port.along + 0.75 * port.inner.along
            low, high = (
                (box.x, box.x + box.width)
                if side in ("top", "bottom")
                else (box.y, box.y + box.height)
            )
            low, high = low + 0.9, high - 0.9
            # Beside the title rather than through it, where that leaves enough room.
            title = 1.2 + letters(box.caption, 1.1 * box.title)
            beside = low
            if side == "top":
                beside = box.x + title
            elif side == "left" or (side == "right" and title > box.width - 1.0):
                beside = box.y + 1.3 * box.title + 0.5
            low = beside if high - beside > _SLOT * (len(group) - 1) else low
            group.sort(key=lambda port: port.along)
            places = spread([port.along for port in group], low, high, _SLOT)
            for port, place in zip(group, places, strict=True):
                port.along = place

    def _link(self, wire: Wire, course: Course, ports: Sequence[Port]) -> Link:
        start, end = self._anchors[wire.source.path], self._anchors[wire.target.path]
        stops: list[tuple[Point, Point]] = []
        crossings = []
        for port in ports:
            box, outwards = self._boxes[port.box], _OUTWARDS[port.side]
            sign = 1.0 if port.kind == "active" else -1.0
            flow = (sign * outwards[0], sign * outwards[1])
            place = {
                "top": (port.along, box.y),
                "bottom": (port.along, box.y + box.height),
                "left": (box.x, port.along),
                "right": (box.x + box.width, port.along),
            }[port.side]
            stops.append((place, flow))
            crossings.append(Crossing(port.box, port.kind, *place, flow))
        for stop in course.stops:
            # Behind the boxes that have been left when it is passed, before those entered later.
            inside = [_within(stop[0], self._boxes[port.box]) for port in ports]
            passed = sum(
                within is (port.kind == "sensory")
                for within, port in zip(inside, ports, strict=True)
            )
            stops.insert(passed + len(stops) - len(ports), stop)
        begin, finish = (stops[0][0], stops[-1][0]) if stops else (course.control, course.control)
        first, last = start.edge(begin), end.edge(finish)
        knots = [
            (
                first,
                unit(begin[0] - start.x, begin[1] - start.y) if start.is_round else stops[0][1],
            ),
            *stops,
            (last, unit(end.x - finish[0], end.y - finish[1]) if end.is_round else stops[-1][1]),
        ]
        return Link(
            wire.source.path,
            wire.target.path,
            wire.kind,
            wire.weight,
            wire.count,
            curve_through(knots, start, end, course.obstacles),
            tuple(crossings),
        )


def _within(place: Point, box: Box) -> bool:
    return box.x < place[0] < box.x + box.width and box.y < place[1] < box.y + box.height
