"""The legend of a picture, of what occurs in it, and the caption of what was left out."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from deepparticle.partitions.pictures.geometry import Layout, letters
from deepparticle.partitions.pictures.shapes import (
    FAINT,
    Image,
    Label,
    Outline,
    Shape,
    mark,
    state_colour,
)

__all__ = ["legend_of"]


def legend_of(
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
        return lambda u, v: [replace(mark(kind, u + 0.4 * scale, v, 1.15 * scale), role="legend")]

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
                    colour=FAINT,
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
                    colour=FAINT,
                )
            )
            baseline += 1.45 * scale
    return shapes, baseline - y - 0.1 * scale
