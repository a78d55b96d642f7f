"""Courses: rough ways from one state to another, and how much they meet that is in the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.partitions.pictures.canvas import Anchor
from deepparticle.partitions.pictures.geometry import Point, unit

__all__ = ["BOWS", "Course", "bowed", "burden_of", "detour", "points_inside"]

BOWS = (0.22, -0.32, 0.5, -0.6, 0.85, -0.95)  # how far curves may bow, in lengths, best first
_SAMPLES = 28  # points on a curve that are tested against obstacles


@dataclass(slots=True)
class Course:
    """A rough way from centre to centre, and the points that the curve must pass on it."""

    points: tuple[Point, ...]
    stops: tuple[tuple[Point, Point], ...] = ()  # places and directions, between the boxes
    control: Point = (0.0, 0.0)
    obstacles: FloatArray | None = None  # rectangles to avoid


def bowed(start: Anchor, end: Anchor, bow: float) -> Course:
    """A quadratic curve; positive bows lie to the left of the direction of travel.

    So the way there and the way back differ.
    """
    dx, dy = end.x - start.x, end.y - start.y
    length = math.hypot(dx, dy) or 1.0
    x, y = (start.x + end.x) / 2, (start.y + end.y) / 2
    if start.hub is not None and start.hub == end.hub and length > 1.2 * start.hub[2]:
        # A chord of a ring bends towards the centre, away from the circles beside its ends.
        cx, cy = start.hub[0] - x, start.hub[1] - y
        pull = min(0.5, 0.6 * length / (math.hypot(cx, cy) or 1.0))
        x, y = x + pull * cx, y + pull * cy
    offset = math.copysign(min(abs(bow) * length, 4.0 if abs(bow) < 0.3 else 16.0), bow)
    x, y = x + offset * dy / length, y - offset * dx / length
    points = []
    for step in range(_SAMPLES + 1):
        t = step / _SAMPLES
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        points.append((a * start.x + b * x + c * end.x, a * start.y + b * y + c * end.y))
    return Course(tuple(points), control=(x, y))


def detour(
    start: Anchor, end: Anchor, around: Sequence[float], side: int, distance: float
) -> Course:
    """A way beside a rectangle, above, below, left or right of it, between the boxes."""
    left, top, right, bottom = (float(edge) for edge in around)
    left, top, right, bottom = left - distance, top - distance, right + distance, bottom + distance
    ends = (start.x, start.y), (end.x, end.y)
    if side < 2:
        a, b = ((min(max(x, left), right), (top, bottom)[side]) for x, _ in ends)
    else:
        a, b = (((left, right)[side - 2], min(max(y, top), bottom)) for _, y in ends)
    flow = unit(b[0] - a[0], b[1] - a[1])
    corners = [ends[0], a, b, ends[1]]
    # Straight on to the height of what stands beside the outermost box.
    if side < 2 and not start.boxes:
        corners.insert(1, (start.x, a[1]))
    if side < 2 and not end.boxes:
        corners.insert(-1, (end.x, b[1]))
    points = [ends[0]]
    for (px, py), (qx, qy) in pairwise(corners):
        points += [
            (px + (qx - px) * step / 12, py + (qy - py) * step / 12) for step in range(1, 13)
        ]
    stops = [(a, flow), (b, flow)]
    if math.dist(a, b) < 0.5:
        along = (end.x - start.x, 0.0) if side < 2 else (0.0, end.y - start.y)
        stops = [(a, unit(*along))]
    return Course(tuple(points), tuple(stops))


def burden_of(
    course: Course, obstacles: FloatArray, inside: FloatArray | None
) -> tuple[float, float, BoolArray]:
    """The length of a course, how much of it runs where it should not, and what it meets."""
    points = np.array(course.points)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    hits = points_inside(points[1:], obstacles)
    blocked = hits.sum(axis=1).astype(np.float64)
    if inside is not None:
        # What joins two things inside one box has no business outside it.
        blocked += ~points_inside(points[1:], inside[np.newaxis] + (0.4, 0.4, -0.4, -0.4))[:, 0]
    met: BoolArray = np.any(hits, axis=0)
    return float(lengths.sum()), float(lengths @ blocked), met


def points_inside(points: FloatArray, rectangles: FloatArray) -> BoolArray:
    """Which points lie in which rectangles, shape ``(points, rectangles)``."""
    x, y = points[:, :1], points[:, 1:]
    found: BoolArray = (
        (x > rectangles[:, 0])
        & (x < rectangles[:, 2])
        & (y > rectangles[:, 1])
        & (y < rectangles[:, 3])
    )
    return found
