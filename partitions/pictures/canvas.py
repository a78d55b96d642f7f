"""Placing: packed boxes at their places, and beside the outermost one what lies outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from deepparticle.agents.external import ExternalState
from deepparticle.partitions.pictures.geometry import (
    Box,
    Mosaic,
    Point,
    Spot,
    letters,
    spread,
    unit,
)
from deepparticle.partitions.pictures.joining import Wire
from deepparticle.partitions.pictures.packing import SHORT, Pack
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["Anchor", "Canvas"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a link may end: a circle or a rectangle, and the boxes around it, innermost first."""

    x: float
    y: float
    half_width: float
    half_height: float
    is_round: bool
    boxes: tuple[str, ...]
    hub: tuple[float, float, float] | None = None  # centre and pitch of the ring that it is on

    def edge(self, towards: Point) -> Point:
        """The point of its edge that faces another point."""
        if not self.is_round:
            return (
                min(max(towards[0], self.x - self.half_width), self.x + self.half_width),
                min(max(towards[1], self.y - self.half_height), self.y + self.half_height),
            )
        dx, dy = unit(towards[0] - self.x, towards[1] - self.y)
        return self.x + self.half_width * dx, self.y + self.half_width * dy


class Canvas:
    """What has been placed so far."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.spots: list[Spot] = []
        self.mosaics: list[Mosaic] = []
        self.anchors: dict[str, Anchor] = {}

    def put(self, pack: Pack, x: float, y: float, parent: str | None) -> None:
        """Place a packed box, with all that it holds, at (x, y)."""
        member = pack.member
        path: str = member.path
        is_population = isinstance(member, Population)
        self.boxes[path] = Box(
            path,
            member.name,
            "population" if is_population else "partition",
            parent,
            pack.depth,
            x,
            y,
            pack.width,
            pack.height,
            pack.title,
            pack.leaves,
        )
        chain: tuple[str, ...] = (path,)
        while parent is not None:
            chain = (*chain, parent)
            parent = self.boxes[parent].parent
        left, top, width, height = pack.block
        centre = (x + left + width / 2, y + top + height / 2)
        self.anchors[path] = Anchor(*centre, width / 2, height / 2, False, chain)
        hub = (*centre, pack.pitch) if pack.ring else None
        for sx, sy, radius, room, name, state in pack.spots:
            spot = Spot(
                f"{path}/{name}" if path else name,
                name,
                "cell" if is_population else "leaf",
                path,
                x + sx,
                y + sy,
                radius,
                state,
                room,
            )
            self.spots.append(spot)
            self.anchors[spot.path] = Anchor(spot.x, spot.y, radius, radius, True, chain, hub)
        for mx, my, width, height, what, values, largest in pack.mosaics:
            self.mosaics.append(
                Mosaic(
                    path,
                    what,
                    x + mx,
                    y + my,
                    width,
                    height,
                    tuple(map(tuple, values.tolist())),
                    largest,
                )
            )
        for ix, iy, inner in pack.inner:
            self.put(inner, x + ix, y + iy, path)

    def put_outside(self, partition: Partition, wires: Sequence[Wire]) -> None:
        """Place what lies outside the outermost box, near what it is joined to."""
        world = self.boxes[partition.path]
        middle = world.y + world.height / 2
        outside: dict[str, Any] = {}
        if partition.parent is None:
            outside = {external.path: external for external in partition.externals}
        heights: dict[str, list[float]] = {}
        sensed: set[str] = set()
        acted: set[str] = set()
        for wire in wires:
            for end, other in ((wire.source, wire.target), (wire.target, wire.source)):
                if end.path not in self.anchors:
                    outside[end.path] = end
                    heights.setdefault(end.path, []).append(self.anchors[other.path].y)
                    (sensed if end is wire.source else acted).add(end.path)
        right = [path for path in outside if path in acted and path not in sensed]
        left = [path for path in outside if path not in right]
        for paths, start, sign in ((left, world.x, -1.0), (right, world.x + world.width, 1.0)):
            wanted = {
                path: sum(heights[path]) / len(heights[path]) if path in heights else middle
                for path in paths
            }
            ordered = sorted(paths, key=wanted.__getitem__)
            room = max((_shown_width(outside[path]) for path in paths), default=0.0)
            columns = max(1, math.ceil(4.4 * len(paths) / max(1.3 * world.height, 18.0)))
            half = max(world.height - 3.0, 4.4 * (len(paths) / columns)) / 2
            places = spread(
                [wanted[path] for path in ordered], middle - half, middle + half, 6.0 / columns
            )
            for index, (path, y) in enumerate(zip(ordered, places, strict=True)):
                x = start + sign * (3.2 + room / 2 + (index % columns) * (room + 0.8))
                self._put_outsider(outside[path], path, x, y, room)

    def _put_outsider(self, member: Any, path: str, x: float, y: float, room: float) -> None:
        value = getattr(member, "value", getattr(member, "state", None))
        is_external = isinstance(member, ExternalState)
        name = member.name if is_external else path
        kind: Literal["external", "outside"] = "external" if is_external else "outside"
        radius = 1.25 if is_external else 1.0
        state = float(value) if isinstance(value, (int, float)) else None
        self.spots.append(
            Spot(
                path,
                name,
                kind,
                None,
                x,
                y,
                radius,
                state,
                0.0 if letters(name, 1.0) <= SHORT else room,
            )
        )
        self.anchors[path] = Anchor(x, y, radius, radius, True, ())


def _shown_width(member: Any) -> float:
    name = member.name if isinstance(member, ExternalState) else member.path
    return 2.5 if letters(name, 1.0) <= SHORT else min(max(letters(name, 0.8), 2.5), 9.0)
