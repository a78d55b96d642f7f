"""Shapes and colours: what a picture is painted with, by matplotlib or as SVG.

The colours are told apart with any colour vision, and no two things differ by colour alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from deepparticle.partitions.pictures.geometry import Point

__all__ = [
    "ACTIVE",
    "BORDERS",
    "DEPTHS",
    "Disc",
    "FAINT",
    "INK",
    "Image",
    "Label",
    "Outline",
    "PAPER",
    "Panel",
    "SENSORY",
    "Scene",
    "Shape",
    "WEAK",
    "mark",
    "shade",
    "state_colour",
]

INK, FAINT, PAPER = "#22303C", "#66737F", "#FFFFFF"
DEPTHS = ("#F5F7F9", "#E9EDF2", "#DCE3EA", "#CFD8E2", "#C3CEDA")
BORDERS = ("#8B98A6", "#7C8A99", "#6E7D8D", "#607082", "#526476")
_NEGATIVE, _ZERO, _POSITIVE = (43, 102, 177), (250, 249, 246), (196, 69, 45)
SENSORY, ACTIVE = "#009E73", "#F2B705"
WEAK = "#8D98A3"


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
    stroke: str = INK
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
    colour: str = INK
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


def shade(depth: int, colours: tuple[str, ...]) -> str:
    """The colour for a depth: the last one for all that lies deeper."""
    return colours[min(depth, len(colours) - 1)]


def mark(
    kind: str, x: float, y: float, size: float = 1.0, path: str = "", about: str = ""
) -> Shape:
    """A sensory state as a disc, an active state as a diamond."""
    if kind == "sensory":
        return Disc(
            role=kind,
            path=path,
            about=about,
            x=x,
            y=y,
            radius=0.26 * size,
            fill=SENSORY,
            stroke=INK,
            line=0.06 * size,
        )
    r = 0.34 * size
    return Outline(
        role=kind,
        path=path,
        about=about,
        fill=ACTIVE,
        stroke=INK,
        line=0.06 * size,
        points=((x - r, y), (x, y - r), (x + r, y), (x, y + r)),
    )
