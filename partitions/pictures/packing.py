"""Packing, from the inside outwards: how large every box is, and where its contents stand in it.

The leaves of one partition form a ring where they are coupled to one another (no three of them lie
on a line, so every coupling is a chord of its own) and a grid elsewhere; a population is a grid of
small cells. The leaves and the boxes of a partition are then set in rows, like words in a
paragraph, in the line length that gives the most compact box.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray
from deepparticle.partitions.pictures.geometry import Point, captioned, letters
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["LONG", "SHORT", "Pack", "pack_partition"]

_PAD = 1.5  # between a border and what is inside: an arrow that crosses must show its direction
_GAP = 2.6  # between siblings: two arrowheads and their crossings
_ASPECT = 1.4  # the shape of a box to strive for: width over height
SHORT = 3.3  # names up to this width, in letter sizes, fit into their circle
LONG = 9.0  # those up to this one stand on one line under it, others on two


@dataclass(slots=True)
class Pack:
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
    inner: list[tuple[float, float, Pack]] = field(default_factory=list)
    spots: list[tuple[float, float, float, float, str, float]] = field(default_factory=list)
    mosaics: list[tuple[float, float, float, float, Any, FloatArray, float]] = field(
        default_factory=list
    )

    def close(self, width: float, height: float, pad: float = _PAD) -> Point:
        """Put a border around contents of that size; returns where the contents begin."""
        self.title = min(max(0.05 * max(width, height), 0.95), 4.0)
        caption = captioned(self.member.name, self.leaves, isinstance(self.member, Population))
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
    below = 0.0 if widest <= SHORT else 1.2 if widest <= LONG else 2.0
    # Few leaves can afford longer arrows between neighbours than many.
    pitch = 5.0 if count < 3 else 4.4 if count < 9 else 3.7 if count < 20 else 3.3
    if below:
        pitch = max(pitch, 4.0, 0.75 * min(widest, LONG) + 0.7)
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


def pack_partition(partition: Partition, depth: int, coupled: set[int], most_cells: int) -> Pack:
    """Pack a partition with all that is inside; `coupled` holds the ids of those with a ring."""
    pack = Pack(partition, depth)
    leaves = [member for member in partition if isinstance(member, Subparticle)]
    items: list[Pack | None] = []
    sizes: list[Point] = []
    centres: list[Point] = []
    for member in partition:
        if isinstance(member, Population):
            items.append(_pack_population(member, depth + 1, most_cells))
        elif not isinstance(member, (Subparticle, ExternalState)):
            items.append(pack_partition(member, depth + 1, coupled, most_cells))  # type: ignore[arg-type]
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
        room = 0.0 if widest <= SHORT else pack.pitch - 0.5
        for leaf, (cx, cy) in zip(leaves, centres, strict=True):
            pack.spots.append((x + cx, y + cy, 1.0, room, leaf.name, leaf.state))
    pack.leaves = len(leaves) + sum(inner.leaves for _, _, inner in pack.inner)
    return pack


def _pack_population(population: Population, depth: int, most_cells: int) -> Pack:
    pack = Pack(population, depth, leaves=population.size)
    states = population.cells["_state"]
    columns = math.ceil(math.sqrt(population.size))
    rows = math.ceil(population.size / columns)
    side = min(1.6, max(0.5, 8.0 / columns)) if population.size <= most_cells else 9.0 / columns
    width, height = side * columns, side * rows
    # A single member has no boundary state inside its population, and no picture of couplings.
    joined = population.storage.count > 0
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
        weights = _reduced(population)
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


def _reduced(population: Population) -> FloatArray:
    """The strongest coupling of each block of the matrix, at most 32 blocks each way."""
    step = math.ceil(population.size / 32)
    weights = population.weights
    if isinstance(weights, np.ndarray):
        starts = np.arange(0, population.size, step)
        high = np.maximum.reduceat(np.maximum.reduceat(weights, starts, axis=0), starts, axis=1)
        low = np.minimum.reduceat(np.minimum.reduceat(weights, starts, axis=0), starts, axis=1)
    else:
        targets, sources, values, _ = population.storage.entries()
        high, low = np.zeros((2, *[math.ceil(population.size / step)] * 2))
        np.maximum.at(high, (targets // step, sources // step), values)
        np.minimum.at(low, (targets // step, sources // step), values)
    return np.where(high >= -low, high, low)
