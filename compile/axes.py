"""The axes of a simulation: networks side by side, chains in each, rows of subparticles.

Inside the engine an array always has all three, ``(R, C, N)``. A caller's array has those that the
simulator was made with, ``([networks,] [chains,] N)``; an axis of length 1 stands for all, and so
does a single vector ``(N,)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from numpy.typing import NDArray

__all__ = ["Axes"]

_Array = TypeVar("_Array", bound=NDArray[Any])


@dataclass(frozen=True)
class Axes:
    """Which axes there are, and how long they are.

    Parameters
    ----------
    networks, chains : int or None
        None: a caller sees no such axis.
    size : int
        The number of rows N.

    Examples
    --------
    >>> import numpy as np
    >>> axes = Axes(networks=None, chains=5, size=3)
    >>> axes.shape, axes.words()
    ((1, 5, 3), '(3,) or (5, 3)')
    >>> axes.inner(np.zeros((5, 3))).shape
    (1, 5, 3)
    """

    networks: int | None
    chains: int | None
    size: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(R, C, N)``."""
        return self.networks or 1, self.chains or 1, self.size

    @property
    def outer(self) -> tuple[int, ...]:
        """The lengths of the axes that a caller sees before the rows."""
        return tuple(count for count in (self.networks, self.chains) if count is not None)

    def words(self, rows: int | None = None) -> str:
        """The shapes that a caller may give, for messages."""
        size = self.size if rows is None else rows
        single = f"({size},)"
        if not self.outer:
            return single
        return f"{single} or ({', '.join(map(str, (*self.outer, size)))})"

    def inner(self, array: _Array, rows: int | None = None) -> _Array | None:
        """An array of a caller with all axes, each of its full length or 1; None if it has others.

        Parameters
        ----------
        array : ndarray of shape (rows,) or ([networks,] [chains,] rows)
        rows : int, optional
            The length of the last axis, by default N.
        """
        size = self.size if rows is None else rows
        if array.ndim == 0 or array.shape[-1] != size:
            return None
        lead = array.shape[:-1]
        if not lead or (lead == (1,) and not self.outer):
            return array.reshape(1, 1, size)  # type: ignore[return-value]
        if len(lead) != len(self.outer) or any(
            given not in (1, full) for given, full in zip(lead, self.outer, strict=True)
        ):
            return None
        networks = lead[0] if self.networks is not None else 1
        chains = lead[-1] if self.chains is not None else 1
        return array.reshape(networks, chains, size)  # type: ignore[return-value]

    def seen(self, array: _Array, first: int = 0) -> _Array:
        """An array with axes R and C at `first` and after it, without those that a caller lacks."""
        dropped = [
            first + offset
            for offset, count in enumerate((self.networks, self.chains))
            if count is None
        ]
        return array.squeeze(tuple(dropped))  # type: ignore[return-value]
