"""Curves: cubic Bézier pieces through given places in given directions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.partitions.pictures.canvas import Anchor
from deepparticle.partitions.pictures.courses import points_inside
from deepparticle.partitions.pictures.geometry import Point

__all__ = ["Knot", "curve_through"]

Knot: TypeAlias = tuple[Point, Point]  # a place and the direction in which it is passed


def curve_through(
    knots: list[Knot], start: Anchor, end: Anchor, obstacles: FloatArray | None
) -> tuple[Point, ...]:
    """Cubic curves through all knots; those that meet an obstacle give way if they can."""
    if obstacles is not None:
        # Nor should it reach a circle from behind.
        own = [
            (end.x - 0.7, end.y - 0.7, end.x + 0.7, end.y + 0.7)
            for end in (start, end)
            if end.is_round and end.half_width >= 1.0
        ]
        obstacles = np.concatenate([obstacles, np.array(own).reshape(-1, 4)])
    curve: list[Point] = [knots[0][0]]
    for index, (p, q) in enumerate(pairwise(knots)):
        piece = _piece(p, q, 1.0)
        if obstacles is not None and len(knots) > 2 and _met(piece, obstacles):
            ways = [piece]
            if index == 0 and start.is_round:
                ways += [_piece(_turned(p, start, turn), q, 1.0) for turn in _TURNS]
            elif index == len(knots) - 2 and end.is_round:
                ways += [_piece(p, _turned(q, end, turn), 1.0) for turn in _TURNS]
            else:
                ways += [_piece(p, q, scale) for scale in (0.45, 1.8, 2.6, 0.1)]
            piece = min(ways, key=lambda way: _met(way, obstacles))
            if index == 0:
                curve = [piece[0]]
        curve += piece[1:]
    return tuple(curve)


_TURNS = (0.45, -0.45, 0.9, -0.9)  # of the ends of a link around their circles, in radians


def _turned(knot: Knot, anchor: Anchor, turn: float) -> Knot:
    """The same end of a link on another point of its circle."""
    (x, y), (dx, dy) = knot
    c, s = math.cos(turn), math.sin(turn)
    x, y = x - anchor.x, y - anchor.y
    return (
        (anchor.x + c * x - s * y, anchor.y + s * x + c * y),
        (c * dx - s * dy, s * dx + c * dy),
    )


def _met(piece: Sequence[Point], obstacles: FloatArray) -> int:
    """How many of the points of a cubic curve lie in obstacles."""
    t = np.linspace(0.0, 1.0, 18)[:, np.newaxis]
    a, b, c, d = np.array(piece)
    points = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t * t * (1 - t) * c + t**3 * d
    return int(np.count_nonzero(points_inside(points, obstacles)))


def _piece(start: Knot, end: Knot, scale: float) -> tuple[Point, Point, Point, Point]:
    """A cubic curve between two knots; a small `scale` makes it straighter, a large one rounder."""
    (p, flow_p), (q, flow_q) = start, end
    dx, dy = q[0] - p[0], q[1] - p[1]
    reach = 0.4 * math.hypot(dx, dy)
    # Not further along a direction than the other end lies, or the curve would swing out and back;
    # but far enough to round a corner.
    least = max(0.25 * reach, min(0.9, reach))
    out = scale * min(reach, max(0.7 * abs(dx * flow_p[0] + dy * flow_p[1]), least))
    back = scale * min(reach, max(0.7 * abs(dx * flow_q[0] + dy * flow_q[1]), least))
    return (
        p,
        (p[0] + out * flow_p[0], p[1] + out * flow_p[1]),
        (q[0] - back * flow_q[0], q[1] - back * flow_q[1]),
        q,
    )
