"""Patterns as rows of small images with a word above or below each, all in one set of axes.

One set of axes for a whole gallery keeps all tiles equally large and equally far apart, whatever
is written around them, and is fast to lay out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike
from deepparticle.figures.style import GREY, INK, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Tiles", "in_rows"]

# A line of 7 points with the space around it, and the margin for the names of rows, in inches.
_LINE, _MARGIN = 0.135, 0.2
# Between tiles, in widths of a tile.
_GAP = 0.1


def in_rows(things: Iterable[Any], columns: int) -> list[list[Any]]:
    """Cut a sequence into rows of at most `columns`.

    Examples
    --------
    >>> in_rows("abcde", 2)
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    listed = list(things)
    return [listed[start : start + columns] for start in range(0, len(listed), columns)]


@dataclass(frozen=True, eq=False)
class Tiles:
    """Images in rows and columns.

    Parameters
    ----------
    rows : sequence of sequences of array_like of shape (N,), or None for an empty place
    shape : tuple of int
        Rows and columns of pixels of an image.
    names : sequence of str
        One per row, written at its left; or none.
    above, below : sequence of sequences of str
        What is written at each image, arranged as `rows`; or nothing.
    limit : float, optional
        The magnitude that is shown black (and its negative white); by default the largest magnitude
        of each image.
    cmap : str
        ``"gray"`` shows high values light.

    Examples
    --------
    >>> tiles = Tiles([[[1.0, -1.0], [-1.0, 1.0]]], (1, 2), below=[["one", "two"]])
    >>> round(tiles.height(2.0), 2)
    0.61
    >>> len(tiles.figure(2.0).axes[0].images)
    2
    """

    rows: Sequence[Sequence[ArrayLike | None]]
    shape: tuple[int, int]
    names: Sequence[str] = ()
    above: Sequence[Sequence[str]] = ()
    below: Sequence[Sequence[str]] = ()
    limit: float | None = None
    cmap: str = "gray_r"

    @property
    def columns(self) -> int:
        """The length of the longest row."""
        return max((len(row) for row in self.rows), default=0) or 1

    def tile(self, width: float) -> float:
        """The width of a tile where the whole is so many inches wide."""
        free = width - (_MARGIN if self.names else 0.0)
        return free / (self.columns * (1.0 + _GAP) - _GAP)

    def height(self, width: float) -> float:
        """The height in inches where the whole is so many inches wide."""
        tile = self.tile(width)
        return sum(sum(self._heights(row, tile)) for row in range(len(self.rows))) * tile

    def _heights(self, row: int, tile: float) -> tuple[float, float, float]:
        """Of the words above, of the image, and of the words below with a gap, in tiles."""
        line = _LINE / tile
        above, below = (
            max((text.count("\n") + 1 for text in texts[row] if text), default=0) * line
            if row < len(texts)
            else 0.0
            for texts in (self.above, self.below)
        )
        last = row == len(self.rows) - 1
        return above, self.shape[0] / self.shape[1], below + (0.0 if last else _GAP)

    def draw(self, ax: Any, width: float) -> None:
        """Draw into axes that are about so many inches wide."""
        tile, top = self.tile(width), 0.0
        for number, row in enumerate(self.rows):
            above, height, below = self._heights(number, tile)
            top += above
            # A name stands upright where the image is as high as it is long.
            self._name(ax, number, top + height / 2, 90 if height * tile > 0.45 else 0)
            for column, pattern in enumerate(row):
                if pattern is not None:
                    self._image(ax, pattern, column * (1.0 + _GAP), top, height)
                    self._words(ax, number, column, top, height)
            top += height + below
        if all(pattern is None for row in self.rows for pattern in row):
            ax.text(0.0, top / 2, "none", fontsize=7.5, color=GREY, va="center")
        ax.set_xlim(0.0, self.columns * (1.0 + _GAP) - _GAP)
        ax.set_ylim(top, 0.0)
        ax.set_aspect("equal", anchor="N")
        ax.axis("off")

    def _image(self, ax: Any, pattern: ArrayLike, left: float, top: float, height: float) -> None:
        image = np.asarray(pattern, dtype=np.float64).reshape(self.shape)
        finite = np.abs(image[np.isfinite(image)])
        limit = (self.limit or finite.max(initial=0.0)) or 1.0
        ax.imshow(
            image,
            cmap=self.cmap,
            vmin=-limit,
            vmax=limit,
            interpolation="nearest",
            extent=(left, left + 1.0, top + height, top),
        )
        ax.add_artist(_frame(left, top, height))

    def _words(self, ax: Any, row: int, column: int, top: float, height: float) -> None:
        middle = column * (1.0 + _GAP) + 0.5
        for texts, y, points, side in (
            (self.above, top, 2.0, "bottom"),
            (self.below, top + height, -2.0, "top"),
        ):
            if row < len(texts) and column < len(texts[row]) and texts[row][column]:
                ax.annotate(
                    texts[row][column],
                    (middle, y),
                    (0.0, points),
                    textcoords="offset points",
                    ha="center",
                    va=side,
                    fontsize=7,
                    color=INK,
                )

    def _name(self, ax: Any, row: int, middle: float, rotation: float) -> None:
        if row < len(self.names):
            ax.annotate(
                self.names[row],
                (0.0, middle),
                (-3.0, 0.0),
                textcoords="offset points",
                rotation=rotation,
                ha="right",
                va="center",
                fontsize=7.5,
                color=INK,
            )

    def figure(self, width: float, title: str = "") -> Figure:
        """A figure of nothing else."""
        figure = new_figure(width, self.height(width - 0.1) + 0.1, title)
        self.draw(figure.subplots(), width - 0.1)
        return figure


def _frame(left: float, top: float, height: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((left, top), 1.0, height, fill=False, edgecolor="#bbbbbb", linewidth=0.6)
