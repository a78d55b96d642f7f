"""The parts of a picture as plain geometry: boxes, states, crossings and links.

Lengths are in radii of a leaf; x points to the right, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from deepparticle.blankets.boundary import BoundaryKind

__all__ = [
    "Box",
    "Crossing",
    "Layout",
    "Link",
    "Mosaic",
    "Point",
    "Rectangle",
    "Spot",
    "letters",
    "captioned",
    "unit",
    "spread",
]

Point: TypeAlias = tuple[float, float]
Rectangle: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom
_NARROW, _WIDE = frozenset("ijltfrI.,:;|!'()[] "), frozenset("mwMW@%—…")


def letters(text: str, size: float) -> float:
    """The width that `text` will have at most, about, in common sans-serif letters of `size`.

    Examples
    --------
    >>> round(letters("mine", 2.0), 2) > round(letters("line", 2.0), 2)
    True
    """
    return size * sum(
        0.4
        if letter in _NARROW
        else 0.98
        if letter in _WIDE or ord(letter) > 0x2E7F
        else 0.76
        if letter.isupper()
        else 0.64
        for letter in text
    )


@dataclass(frozen=True, slots=True)
class Box:
    """A partition or population, drawn as a box.

    Parameters
    ----------
    path, name : str
        Whom it shows; the path of a root is ``""``.
    kind : {"partition", "population"}
    parent : str or None
        The path of the box around it.
    depth : int
        0 for the outermost box.
    x, y, width, height : float
        The upper left corner and the extent.
    title : float
        The size of the letters of its title.
    leaves : int
        How many subparticles are inside, at any depth.
    """

    path: str
    name: str
    kind: Literal["partition", "population"]
    parent: str | None
    depth: int
    x: float
    y: float
    width: float
    height: float
    title: float
    leaves: int

    @property
    def caption(self) -> str:
        """The name, and for populations the size."""
        return captioned(self.name, self.leaves, self.kind == "population")


def captioned(name: str, leaves: int, is_population: bool) -> str:
    """The title of a box: the name, and for populations the size."""
    return f"{name} · {leaves}" if is_population else name


@dataclass(frozen=True, slots=True)
class Spot:
    """A state, drawn as a small figure.

    Parameters
    ----------
    path, name : str
        Whom it shows.
    kind : {"leaf", "cell", "external", "outside"}
        A subparticle, a member of a population, an external state, or, where a partition inside a
        world is drawn alone, what it is coupled to beyond.
    box : str or None
        The path of the box that holds it.
    x, y, radius : float
        The centre, and the radius (for cells half the side).
    state : float or None
        The value of the state; None for external states that are vectors.
    room : float
        The width for a name underneath; 0 where the name goes inside, or nowhere.
    """

    path: str
    name: str
    kind: Literal["leaf", "cell", "external", "outside"]
    box: str | None
    x: float
    y: float
    radius: float
    state: float | None
    room: float = 0.0


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Numbers of a population, drawn as a small image.

    Parameters
    ----------
    box : str
        The path of the population.
    what : {"states", "couplings"}
    x, y, width, height : float
    values : tuple of rows of float
        States as they are, couplings in units of the largest one; NaN where there is nothing.
    largest : float
        The unit of the values.
    """

    box: str
    what: Literal["states", "couplings"]
    x: float
    y: float
    width: float
    height: float
    values: tuple[tuple[float, ...], ...]
    largest: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """A place on the border of a box where a boundary state crosses it.

    Parameters
    ----------
    box : str
        Whose blanket this is part of.
    kind : {"sensory", "active"}
        Sensory where the link enters the box, active where it leaves.
    x, y : float
        A point on the border.
    flow : tuple of float
        The direction of the link, a unit vector across the border.
    """

    box: str
    kind: Literal["sensory", "active"]
    x: float
    y: float
    flow: Point


@dataclass(frozen=True, slots=True)
class Link:
    """A boundary state, or a bundle of them, drawn as an arrow.

    Parameters
    ----------
    source, target : str
        Paths of spots, or of boxes for bundles.
    kind : {"boundary", "sensory", "active"}
    weight : float
        The coupling; the mean over a bundle.
    count : int
        How many boundary states it stands for.
    curve : tuple of points
        Cubic Bézier curves joined end to end: 3k + 1 points.
    crossings : tuple of Crossing
        From the source to the target.
    """

    source: str
    target: str
    kind: BoundaryKind
    weight: float
    count: int
    curve: tuple[Point, ...]
    crossings: tuple[Crossing, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The geometry of a whole picture.

    Parameters
    ----------
    boxes : tuple of Box
        Outermost first.
    spots, mosaics, links : tuple
        What is inside and beside them.
    hidden : int
        How many boundary states between explicit ends were too many to be drawn.
    x, y, width, height : float
        What everything fits into.
    """

    boxes: tuple[Box, ...]
    spots: tuple[Spot, ...]
    mosaics: tuple[Mosaic, ...]
    links: tuple[Link, ...]
    hidden: int
    x: float
    y: float
    width: float
    height: float


def unit(dx: float, dy: float) -> Point:
    """The direction of a vector; for none at all, to the right."""
    length = math.hypot(dx, dy)
    return (dx / length, dy / length) if length > 1e-9 else (1.0, 0.0)


def spread(wanted: Sequence[float], low: float, high: float, gap: float) -> list[float]:
    """Places at least `gap` apart between `low` and `high`, near the wanted ones (ascending).

    Pushing everything upwards and pushing everything downwards both keep the distances, and so does
    their mean, which is nearer to what was wanted. If there is too little room, all gaps shrink.
    """
    count = len(wanted)
    gap = min(gap, (high - low) / max(count - 1, 1))
    up, down = list(wanted), list(wanted)
    for index in range(count):
        up[index] = max(wanted[index], low if index == 0 else up[index - 1] + gap)
    for index in reversed(range(count)):
        down[index] = min(wanted[index], high if index == count - 1 else down[index + 1] - gap)
    up = [min(place, high - (count - 1 - index) * gap) for index, place in enumerate(up)]
    down = [max(place, low + index * gap) for index, place in enumerate(down)]
    return [(a + b) / 2 for a, b in zip(up, down, strict=True)]
