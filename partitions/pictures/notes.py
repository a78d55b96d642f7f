"""Notes: short texts beside links, where nothing else is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import zip_longest

from deepparticle.partitions.pictures.geometry import Layout, Point, letters
from deepparticle.partitions.pictures.shapes import DEPTHS, Label, shade

__all__ = ["notes_of"]


def along(curve: tuple[Point, ...], steps: int) -> list[tuple[float, float, float, float]]:
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


def notes_of(plan: Layout, notes: dict[int, str]) -> Iterator[Label]:
    """Texts beside links (by index): near the middle, where nothing else is."""
    size = 0.65
    # (x, y, half the width, half the height) of what a text should not touch, and borders, which it
    # had better not.
    borders: list[tuple[float, float, float, float]] = []
    crowd = [(x, y, 0.0, 0.0) for link in plan.links for x, y, _, _ in along(link.curve, 8)]
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
        steps = along(link.curve, 12)
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
            halo=shade(0, DEPTHS),
        )
