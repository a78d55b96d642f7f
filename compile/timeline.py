"""Which evidence is shown when; a step of a block as a block of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.axes import Axes
from deepparticle.compile.backends.base import Block, Trace

__all__ = ["Timeline", "evidence_kept", "one_step"]


@dataclass(frozen=True, eq=False)
class Timeline:
    """Which evidence is shown when, where that is known beforehand.

    Parameters
    ----------
    rows : ndarray of shape (T, N)
        The distinct vectors of evidence.
    patterns : ndarray of int, shape (P, R, C)
        Which of them each pattern shows to each network and chain.
    order : ndarray of int, shape (epochs, R)
        Which pattern each epoch presents to each network.
    epoch : int
        The steps of an epoch.
    """

    rows: FloatArray
    patterns: IntArray
    order: IntArray
    epoch: int

    @classmethod
    def of(cls, givens: Sequence[FloatArray], order: IntArray, epoch: int, axes: Axes) -> Timeline:
        """From evidence of shape (R or 1, C or 1, N), one per pattern."""
        networks, chains, size = axes.shape
        rows = np.concatenate([given.reshape(-1, size) for given in givens])
        places, first = [], 0
        for given in givens:
            lead = given.shape[:2]
            place = np.arange(first, first + lead[0] * lead[1]).reshape(lead)
            places.append(np.broadcast_to(place, (networks, chains)))
            first += place.size
        return cls(rows, np.stack(places), order, epoch)

    @property
    def steps(self) -> int:
        """The steps of all epochs."""
        return len(self.order) * self.epoch

    def shown(self, start: int, stop: int) -> IntArray:
        """The rows shown in the steps from `start` to `stop`, shape (R, steps, C)."""
        pattern = self.order[np.arange(start, stop) // self.epoch]  # (steps, R)
        return np.moveaxis(self.patterns[pattern, np.arange(pattern.shape[1])], 0, 1)


def one_step(block: Block, step: int) -> Block:
    """One step of a block, as a block of its own."""
    at = slice(step, step + 1)
    return replace(
        block,
        time=block.time + step,
        steps=1,
        shown=block.shown[:, at],
        uniforms=None if block.uniforms is None else block.uniforms[:, at],
        sites=None if block.sites is None else block.sites[:, at],
        deviates=None if block.deviates is None else block.deviates[:, at],
        reset=None if block.reset is None else block.reset[at],
        kept=block.kept[at],
    )


def evidence_kept(block: Block, trace: Trace) -> FloatArray:
    """The evidence of the steps that were kept, shape (R, K, C, N)."""
    if block.worlds:
        return trace.kept["evidence"]
    return block.evidence[block.shown[:, block.kept]]
