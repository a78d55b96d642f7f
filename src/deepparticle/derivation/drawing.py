"""What the figures of several steps share: rows of subparticles along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.derivation.subject import Subject

__all__ = ["along_rows", "diagonal", "size_of"]

# More names than this, or longer ones, cannot be read under a figure of a page.
_MOST_NAMES = 8
_LONGEST = 12


def along_rows(ax: Any, subject: Subject) -> FloatArray:
    """Give an axis one place per subparticle, with its name where names can be read."""
    rows = np.arange(subject.size, dtype=float)
    margin = 0.02 * subject.size + 0.4
    ax.set_xlim(-margin, subject.size - 1 + margin)
    names = subject.paths
    if len(names) <= _MOST_NAMES and max(len(name) for name in names) <= _LONGEST:
        ax.set_xticks(rows, names, rotation=30 if len(names) > 4 else 0)
    ax.set_xlabel("subparticle", fontsize=8)
    return rows


def size_of(count: int) -> float:
    """The size of one of so many markers, in points."""
    return float(np.clip(6.0 - count / 20.0, 2.0, 5.0))


def diagonal(ax: Any, colour: str) -> None:
    """Draw the line on which two sides are equal, behind everything, from corner to corner."""
    low, high = (np.array([ax.get_xlim(), ax.get_ylim()]) @ np.eye(2)).T
    ends = [max(low), min(high)]
    ax.plot(ends, ends, color=colour, linewidth=0.8, zorder=0)
