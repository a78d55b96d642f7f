"""Where a world is drawn: boxes inside boxes, leaves, blankets and couplings, as plain geometry.

What is inside what is a tree, and a tree can be drawn as nested boxes. Three passes do it, without
randomness and without iteration, so that the same world always looks the same:

1. *pack*, from the inside outwards. The leaves of one partition form a ring where they are coupled
   to one another (no three of them lie on a line, so every coupling is a chord of its own) and a
   grid elsewhere; a population is a grid of small cells. The leaves and the boxes of a partition
   are then set in rows, like words in a paragraph, in the line length that gives the most compact
   box. Siblings cannot overlap and children lie strictly inside, by construction;
2. *place* what lies outside beside the outermost box: what is sensed to the left, what is only
   acted on to the right, each at the height of what it is joined to;
3. *route*. A boundary state crosses the border of every box that holds exactly one of its ends: it
   is an active state of the boxes that it leaves and a sensory state of those that it enters. It
   has a place of its own on each of these borders, and its curve passes through all of them.

Lengths are in radii of a leaf; x points to the right, y downwards. :mod:`.drawing` and
:mod:`.markup` turn the geometry into pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.boundary import Boundary, BoundaryKind
from deepparticle.partitions.population import Population, PopulationMember

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = [
    "Box",
    "Crossing",
    "Layout",
    "Link",
    "Mosaic",
    "Spot",
    "explicit_boundaries",
    "layout",
    "letters",
]

Point: TypeAlias = tuple[float, float]
_Rectangle: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom

_PAD = 1.5  # between a border and what is inside: an arrow that crosses must show its direction
_GAP = 2.6  # between siblings: two arrowheads and their crossings
_SLOT = 0.72  # between the crossings on a border, which are 0.5 wide
_ASPECT = 1.4  # the shape of a box to strive for: width over height
_BOWS = (0.22, -0.32, 0.5, -0.6, 0.85, -0.95)  # how far curves may bow, in lengths, best first
_SAMPLES = 28  # points on a curve that are tested against obstacles
_NARROW, _WIDE = frozenset("ijltfrI.,:;|!'()[] "), frozenset("mwMW@%—…")
_SHORT = 3.3  # names up to this width, in letter sizes, fit into their circle
_LONG = 9.0  # those up to this one stand on one line under it, others on two


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
        return _caption(self.name, self.leaves, self.kind == "population")


def _caption(name: str, leaves: int, is_population: bool) -> str:
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


def layout(partition: Partition, *, most_links: int = 400, most_cells: int = 400) -> Layout:
    """Lay a partition out.

    Parameters
    ----------
    partition : Partition
        A world, or a partition inside one, which is drawn with what its blanket joins it to.
    most_links : int
        Where there are more, only the strongest are drawn.
    most_cells : int
        Larger populations are summarised in a `Mosaic` of averages.

    Returns
    -------
    Layout

    Examples
    --------
    >>> from deepparticle.partitions.partition import Partition
    >>> world = Partition("world")
    >>> brain = world.add_partition("brain")
    >>> _ = brain.add_subparticle("a"), world.add_subparticle("b")
    >>> _ = world.couple("brain/a", "b", 0.8)
    >>> plan = layout(world)
    >>> [box.path for box in plan.boxes], [spot.path for spot in plan.spots]
    (['', 'brain'], ['b', 'brain/a'])
    >>> [(crossing.box, crossing.kind) for crossing in plan.links[0].crossings]
    [('brain', 'active')]
    """
    wires = _wires(partition, most_cells)
    coupled = {id(wire.source.parent) for wire in wires if wire.source.parent is wire.target.parent}
    wires, hidden = _strongest(wires, most_links)
    canvas = _Canvas()
    canvas.put(_pack(partition, 0, coupled, most_cells), 0.0, 0.0, None)
    canvas.put_outside(partition, wires)
    links = _Router(canvas).route(wires)
    spots = tuple(canvas.spots)
    world = canvas.boxes[partition.path]
    left = min([world.x, *(s.x - max(s.radius, s.room / 2) for s in spots if s.box is None)])
    top = min([world.y, *(s.y - s.radius for s in spots if s.box is None)])
    right = max(
        [world.x + world.width, *(s.x + max(s.radius, s.room / 2) for s in spots if s.box is None)]
    )
    bottom = max([world.y + world.height, *(s.y + s.radius + 1.2 for s in spots if s.box is None)])
    return Layout(
        tuple(canvas.boxes.values()),
        spots,
        tuple(canvas.mosaics),
        links,
        hidden,
        left - 0.5,
        top - 0.5,
        right - left + 1.0,
        bottom - top + 1.0,
    )


# ------------------------------------------------------------------------------ what is joined


@dataclass(frozen=True, slots=True)
class _Wire:
    """A boundary state, or a bundle, before it has a curve."""

    source: Any
    target: Any
    kind: BoundaryKind
    weight: float
    count: int = 1


def explicit_boundaries(partition: Partition) -> Iterator[Boundary]:
    """Every boundary state of what is inside that is an object of its own, each once.

    Those inside a population are a matrix, and drawn as one.
    """
    whole = partition.parent is None
    for member in partition.walk():
        leaves: Iterable[Any] = ()
        if isinstance(member, Population):
            leaves = [member._members[row] for row in sorted(member._members)]
        elif isinstance(member, Subparticle):
            leaves = (member,)
        for leaf in leaves:
            yield from leaf._incoming.values()
            for boundary in leaf._outgoing.values():
                if boundary.target.is_external or not (whole or boundary.target in partition):
                    yield boundary


def _wires(partition: Partition, most_cells: int) -> list[_Wire]:
    # What joins many leaves of one box to one thing outside is one bundle, not a brush of arrows.
    whole = partition.parent is None

    def is_inside(end: Any) -> bool:
        return not end.is_external and (whole or end in partition)

    def coarse(end: Any, other: Any) -> Any:
        if isinstance(end, PopulationMember):
            return end.population
        return end.parent if not is_inside(other) and is_inside(end) else end

    groups: dict[tuple[int, int], tuple[Any, Any, list[Boundary]]] = {}
    for boundary in explicit_boundaries(partition):
        a, b = boundary.source, boundary.target
        ends = coarse(a, b), coarse(b, a)
        groups.setdefault((id(ends[0]), id(ends[1])), (*ends, []))[2].append(boundary)
    wires = []
    for source, target, group in groups.values():
        populations = [end for end in (source, target) if isinstance(end, Population)]
        limit = 3 if populations else 8
        if any(end.size > most_cells or end not in partition for end in populations):
            limit = 0
        if len(group) > limit:
            mean = math.fsum(boundary.weight for boundary in group) / len(group)
            wires.append(_Wire(source, target, group[0].kind, mean, len(group)))
        else:
            wires += [_Wire(one.source, one.target, one.kind, one.weight) for one in group]
    return wires


def _strongest(wires: list[_Wire], most: int) -> tuple[list[_Wire], int]:
    if len(wires) <= most:
        return wires, 0
    # A dense web is legible only if much less of it is drawn than there would be ink for: four
    # arrows for every state that they join.
    ends = {id(end) for wire in wires for end in (wire.source, wire.target)}
    most = min(most, max(most // 4, 4 * len(ends)))
    # A stable sort: of equally strong ones the first stay.
    order = sorted(range(len(wires)), key=lambda index: -abs(wires[index].weight))
    dropped = [wires[index].count for index in order[most:]]
    return [wires[index] for index in sorted(order[:most])], sum(dropped)


# ------------------------------------------------------------------------------ packing


@dataclass(slots=True)
class _Pack:
    """A packed box: what it holds, relative to its own upper left corner."""

    member: Any
    depth: int
    width: float = 0.0
    height: float = 0.0
    title: float = 1.0
    leaves: int = 0
    block: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    pitch: float = 0.0  # between neighbouring leaves
    ring: bool = False
    inner: list[tuple[float, float, _Pack]] = field(default_factory=list)
    spots: list[tuple[float, float, float, float, str, float]] = field(default_factory=list)
    mosaics: list[tuple[float, float, float, float, Any, FloatArray, float]] = field(
        default_factory=list
    )

    def close(self, width: float, height: float, pad: float = _PAD) -> Point:
        """Put a border around contents of that size; returns where the contents begin."""
        self.title = min(max(0.05 * max(width, height), 0.95), 4.0)
        caption = _caption(self.member.name, self.leaves, isinstance(self.member, Population))
        # Room beside the title, where arrows may come in.
        inside = max(width, min(letters(caption, 1.1 * self.title) + 0.8, 14.0 * self.title), 2.0)
        self.width = inside + 2 * pad
        strip = 1.75 * self.title + 0.55
        self.height = strip + max(height, 1.0) + pad
        return pad + (inside - width) / 2, strip


def _shelves(sizes: Sequence[Point], gap: float) -> tuple[float, float, list[Point]]:
    """Set boxes in rows, in order; the width, the height and the corners."""
    best: tuple[tuple[float, float], list[list[int]], list[float], list[float]] | None = None
    if not sizes:
        return 0.0, 0.0, []
    ends = [0.0, *np.cumsum([width + gap for width, _ in sizes]).tolist()]
    widest = max(width + gap for width, _ in sizes)
    if len(sizes) <= 10:
        limits = {b - a for b in ends for a in ends if b - a > widest - 1e-9}
    else:
        rows = range(1, 3 + int(2 * math.sqrt(len(sizes))))
        limits = {max(widest, slack * ends[-1] / row) for row in rows for slack in (1.0, 1.15)}
    for limit in sorted(limits):
        lines: list[list[int]] = []
        used = math.inf
        for index, (width, _) in enumerate(sizes):
            if used + width + gap > limit + 1e-9:
                lines.append([])
                used = 0.0
            lines[-1].append(index)
            used += width + gap
        widths = [sum(sizes[i][0] + gap for i in line) - gap for line in lines]
        heights = [max(sizes[i][1] for i in line) for line in lines]
        width, height = max(widths), sum(heights) + gap * (len(lines) - 1)
        score = (max(width, _ASPECT * height), width * height)
        if best is None or score < best[0]:
            best = (score, lines, widths, heights)
    assert best is not None
    _, lines, widths, heights = best
    corners: list[Point] = [(0.0, 0.0)] * len(sizes)
    y = 0.0
    for line, width, height in zip(lines, widths, heights, strict=True):
        x = (max(widths) - width) / 2
        for index in line:
            corners[index] = (x, y + (height - sizes[index][1]) / 2)
            x += sizes[index][0] + gap
        y += height + gap
    return max(widths), y - gap, corners


def _leaf_block(count: int, widest: float, ring: bool) -> tuple[float, float, list[Point], float]:
    """Width, height, centres and pitch of `count` circles of radius 1, on a ring or in a grid."""
    # A short name fits into its circle; others stand underneath, on two lines if they are long.
    below = 0.0 if widest <= _SHORT else 1.2 if widest <= _LONG else 2.0
    # Few leaves can afford longer arrows between neighbours than many.
    pitch = 5.0 if count < 3 else 4.4 if count < 9 else 3.7 if count < 20 else 3.3
    if below:
        pitch = max(pitch, 4.0, 0.75 * min(widest, _LONG) + 0.7)
    if ring:
        radius = pitch / (2 * math.sin(math.pi / count))
        start = -math.pi / 2 - (math.pi / count if count % 2 == 0 else 0.0)
        angles = [start + 2 * math.pi * index / count for index in range(count)]
        centres = [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]
    else:
        columns = count if count < 4 else math.ceil(math.sqrt(_ASPECT * count))
        centres = [
            (pitch * (index % columns), pitch * (index // columns)) for index in range(count)
        ]
    side = max(1.0, pitch / 2 - 0.35) if below else 1.0
    left, top = min(x for x, _ in centres) - side, min(y for _, y in centres) - 1.0
    width = max(x for x, _ in centres) + side - left
    height = max(y for _, y in centres) + 1.0 + below - top
    return width, height, [(x - left, y - top) for x, y in centres], pitch


def _pack(partition: Partition, depth: int, coupled: set[int], most_cells: int) -> _Pack:
    pack = _Pack(partition, depth)
    leaves = [member for member in partition if isinstance(member, Subparticle)]
    items: list[_Pack | None] = []
    sizes: list[Point] = []
    centres: list[Point] = []
    for member in partition:
        if isinstance(member, Population):
            items.append(_pack_population(member, depth + 1, most_cells))
        elif not isinstance(member, (Subparticle, ExternalState)):
            items.append(_pack(member, depth + 1, coupled, most_cells))  # type: ignore[arg-type]
        elif leaves and member is leaves[0]:
            items.append(None)
        else:
            continue
        inner = items[-1]
        if inner is None:
            widest = max(letters(leaf.name, 1.0) for leaf in leaves)
            pack.ring = id(partition) in coupled and 3 <= len(leaves) <= 48
            width, height, centres, pack.pitch = _leaf_block(len(leaves), widest, pack.ring)
            sizes.append((width, height))
        else:
            sizes.append((inner.width, inner.height))
    width, height, corners = _shelves(sizes, _GAP)
    # Arrows also pass between the border and the boxes inside.
    left, top = pack.close(width, height, _PAD if len(items) < 2 else 1.4 * _PAD)
    for inner, (x, y), size in zip(items, corners, sizes, strict=True):
        x, y = x + left, y + top
        if inner is not None:
            pack.inner.append((x, y, inner))
            continue
        pack.block = (x, y, *size)
        room = 0.0 if widest <= _SHORT else pack.pitch - 0.5
        for leaf, (cx, cy) in zip(leaves, centres, strict=True):
            pack.spots.append((x + cx, y + cy, 1.0, room, leaf.name, leaf.state))
    pack.leaves = len(leaves) + sum(inner.leaves for _, _, inner in pack.inner)
    return pack


def _pack_population(population: Population, depth: int, most_cells: int) -> _Pack:
    pack = _Pack(population, depth, leaves=population.size)
    states = population.cells["_state"]
    columns = math.ceil(math.sqrt(population.size))
    rows = math.ceil(population.size / columns)
    side = min(1.6, max(0.5, 8.0 / columns)) if population.size <= most_cells else 9.0 / columns
    width, height = side * columns, side * rows
    # None stands for a dense matrix, all of whose entries exist: no need to make that mask.
    joined = population._exists is None or bool(population._exists.any())
    whole = width + (1.6 + max(height, 5.0) if joined else 0.0)
    left, top = pack.close(whole, max(height, 5.0 if joined else 0.0) + 1.0)
    # Above each image is one line that says what it shows.
    top += 1.0
    pack.block = (left, top, whole, max(height, 5.0 if joined else 0.0))
    if population.size <= most_cells:
        for row, state in enumerate(states.tolist()):
            x, y = left + side * (row % columns + 0.5), top + side * (row // columns + 0.5)
            pack.spots.append((x, y, 0.45 * side, 0.0, str(row), state))
    else:
        grid = np.full(rows * columns, np.nan)
        grid[: population.size] = states
        pack.mosaics.append(
            (left, top, width, height, "states", _averaged(grid.reshape(rows, columns)), 1.0)
        )
    if joined:
        weights = _reduced(population.weights)
        largest = float(np.max(np.abs(weights))) or 1.0
        extent = max(height, 5.0)
        pack.mosaics.append(
            (left + width + 1.6, top, extent, extent, "couplings", weights / largest, largest)
        )
    return pack


def _averaged(grid: FloatArray) -> FloatArray:
    """The means of square blocks, at most 20 each way; NaN counts as nothing."""
    step = math.ceil(max(grid.shape) / 20)
    known = ~np.isnan(grid)
    sums, counts = np.where(known, grid, 0.0), known.astype(np.float64)
    for axis in (0, 1):
        starts = np.arange(0, grid.shape[axis], step)
        sums, counts = (np.add.reduceat(values, starts, axis=axis) for values in (sums, counts))
    return np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)


def _reduced(matrix: FloatArray) -> FloatArray:
    """The strongest entry of each block, at most 32 blocks each way."""
    starts = np.arange(0, len(matrix), math.ceil(len(matrix) / 32))
    high = np.maximum.reduceat(np.maximum.reduceat(matrix, starts, axis=0), starts, axis=1)
    low = np.minimum.reduceat(np.minimum.reduceat(matrix, starts, axis=0), starts, axis=1)
    return np.where(high >= -low, high, low)


# ------------------------------------------------------------------------------ placing


@dataclass(frozen=True, slots=True)
class _Anchor:
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
        dx, dy = _unit(towards[0] - self.x, towards[1] - self.y)
        return self.x + self.half_width * dx, self.y + self.half_width * dy


def _unit(dx: float, dy: float) -> Point:
    length = math.hypot(dx, dy)
    return (dx / length, dy / length) if length > 1e-9 else (1.0, 0.0)


class _Canvas:
    """What has been placed so far."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.spots: list[Spot] = []
        self.mosaics: list[Mosaic] = []
        self.anchors: dict[str, _Anchor] = {}

    def put(self, pack: _Pack, x: float, y: float, parent: str | None) -> None:
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
        self.anchors[path] = _Anchor(*centre, width / 2, height / 2, False, chain)
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
            self.anchors[spot.path] = _Anchor(spot.x, spot.y, radius, radius, True, chain, hub)
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

    def put_outside(self, partition: Partition, wires: Sequence[_Wire]) -> None:
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
            places = _spread(
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
                0.0 if letters(name, 1.0) <= _SHORT else room,
            )
        )
        self.anchors[path] = _Anchor(x, y, radius, radius, True, ())


def _shown_width(member: Any) -> float:
    name = member.name if isinstance(member, ExternalState) else member.path
    return 2.5 if letters(name, 1.0) <= _SHORT else min(max(letters(name, 0.8), 2.5), 9.0)


def _spread(wanted: Sequence[float], low: float, high: float, gap: float) -> list[float]:
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


# ------------------------------------------------------------------------------ routing


@dataclass(slots=True)
class _Port:
    """A crossing that still looks for its place on a border."""

    box: str
    kind: Literal["sensory", "active"]
    side: str
    along: float
    inner: _Port | None = None  # the crossing of the same link on the next box inwards


@dataclass(slots=True)
class _Course:
    """A rough way from centre to centre, and the points that the curve must pass on it."""

    points: tuple[Point, ...]
    stops: tuple[tuple[Point, Point], ...] = ()  # places and directions, between the boxes
    control: Point = (0.0, 0.0)
    obstacles: FloatArray | None = None  # rectangles to avoid


def _bowed(start: _Anchor, end: _Anchor, bow: float) -> _Course:
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
    return _Course(tuple(points), control=(x, y))


def _detour(
    start: _Anchor, end: _Anchor, around: Sequence[float], side: int, distance: float
) -> _Course:
    """A way beside a rectangle, above, below, left or right of it, between the boxes."""
    left, top, right, bottom = (float(edge) for edge in around)
    left, top, right, bottom = left - distance, top - distance, right + distance, bottom + distance
    ends = (start.x, start.y), (end.x, end.y)
    if side < 2:
        a, b = ((min(max(x, left), right), (top, bottom)[side]) for x, _ in ends)
    else:
        a, b = (((left, right)[side - 2], min(max(y, top), bottom)) for _, y in ends)
    flow = _unit(b[0] - a[0], b[1] - a[1])
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
        stops = [(a, _unit(*along))]
    return _Course(tuple(points), tuple(stops))


def _burden(
    course: _Course, obstacles: FloatArray, inside: FloatArray | None
) -> tuple[float, float, BoolArray]:
    """The length of a course, how much of it runs where it should not, and what it meets."""
    points = np.array(course.points)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    hits = _inside(points[1:], obstacles)
    blocked = hits.sum(axis=1).astype(np.float64)
    if inside is not None:
        # What joins two things inside one box has no business outside it.
        blocked += ~_inside(points[1:], inside[np.newaxis] + (0.4, 0.4, -0.4, -0.4))[:, 0]
    met: BoolArray = np.any(hits, axis=0)
    return float(lengths.sum()), float(lengths @ blocked), met


_OUTWARDS: dict[str, Point] = {
    "top": (0.0, -1.0),
    "right": (1.0, 0.0),
    "bottom": (0.0, 1.0),
    "left": (-1.0, 0.0),
}


class _Router:
    """Gives every wire a curve: from edge to edge, through a place of its own on each border."""

    def __init__(self, canvas: _Canvas) -> None:
        self._boxes = canvas.boxes
        self._anchors = canvas.anchors
        # What stands directly in a box; further inside, the boxes around hide it from the links.
        obstacles: dict[str | None, list[tuple[str | None, _Rectangle]]] = {}
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

    def route(self, wires: Sequence[_Wire]) -> tuple[Link, ...]:
        """The links of all wires, in their order."""
        courses = [self._course(wire, number) for number, wire in enumerate(wires)]
        ports = [self._ports(wire, course) for wire, course in zip(wires, courses, strict=True)]
        self._share_borders([port for line in ports for port in line])
        return tuple(
            self._link(wire, course, line)
            for wire, course, line in zip(wires, courses, ports, strict=True)
        )

    def _course(self, wire: _Wire, number: int) -> _Course:
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
            return _bowed(start, end, _BOWS[0])
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
        best, least = _bowed(start, end, _BOWS[0]), math.inf
        met: FloatArray = np.zeros((0, 4))
        for index in range(len(_BOWS) + 4):
            if index < len(_BOWS):
                course = _bowed(start, end, _BOWS[index])
            elif len(met):
                around = (*met[:, :2].min(axis=0), *met[:, 2:].max(axis=0))
                course = _detour(start, end, around, index - len(_BOWS), 0.4 + 0.27 * (number % 3))
            length, blocked, hit = _burden(course, obstacles, inside)
            met = obstacles[hit & worthy] if index == 0 else met
            burden = blocked + 0.15 * max(length - straight, 0.0)
            if burden < least - 1e-9:
                best, least = course, burden
            if blocked == 0.0 and index < len(_BOWS):
                break
        best.obstacles = obstacles
        return best

    def _ports(self, wire: _Wire, course: _Course) -> list[_Port]:
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
    ) -> _Port:
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
        return _Port(path, kind, side, along)

    def _share_borders(self, ports: Sequence[_Port]) -> None:
        """Move the crossings of one side of a box apart, innermost boxes first."""
        sides: dict[tuple[str, str], list[_Port]] = {}
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
            places = _spread([port.along for port in group], low, high, _SLOT)
            for port, place in zip(group, places, strict=True):
                port.along = place

    def _link(self, wire: _Wire, course: _Course, ports: Sequence[_Port]) -> Link:
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
                _unit(begin[0] - start.x, begin[1] - start.y) if start.is_round else stops[0][1],
            ),
            *stops,
            (last, _unit(end.x - finish[0], end.y - finish[1]) if end.is_round else stops[-1][1]),
        ]
        return Link(
            wire.source.path,
            wire.target.path,
            wire.kind,
            wire.weight,
            wire.count,
            _curve(knots, start, end, course.obstacles),
            tuple(crossings),
        )


def _within(place: Point, box: Box) -> bool:
    return box.x < place[0] < box.x + box.width and box.y < place[1] < box.y + box.height


_Knot: TypeAlias = tuple[Point, Point]  # a place and the direction in which it is passed


def _curve(
    knots: list[_Knot], start: _Anchor, end: _Anchor, obstacles: FloatArray | None
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


def _turned(knot: _Knot, anchor: _Anchor, turn: float) -> _Knot:
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
    return int(np.count_nonzero(_inside(points, obstacles)))


def _inside(points: FloatArray, rectangles: FloatArray) -> BoolArray:
    """Which points lie in which rectangles, shape ``(points, rectangles)``."""
    x, y = points[:, :1], points[:, 1:]
    found: BoolArray = (
        (x > rectangles[:, 0])
        & (x < rectangles[:, 2])
        & (y > rectangles[:, 1])
        & (y < rectangles[:, 3])
    )
    return found


def _piece(start: _Knot, end: _Knot, scale: float) -> tuple[Point, Point, Point, Point]:
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
