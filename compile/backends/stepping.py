"""Backends that make one step at a time: a block is a loop over its steps."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.backends.base import Backend, Block, Trace
from deepparticle.compile.rules import RowsOfRule

__all__ = ["Randomness", "StepInput", "SteppingBackend"]


@dataclass(frozen=True, eq=False)
class Randomness:
    """The random numbers of one step.

    Parameters
    ----------
    uniforms : ndarray of shape (R, C, N) or None
        None takes expectations instead of samples.
    sites : ndarray of int, shape (R, C, N), or None
        The rows to update, for the random schedule.
    """

    uniforms: FloatArray | None
    sites: IntArray | None = None


@dataclass(frozen=True, eq=False)
class StepInput:
    r"""Everything that one step is given, besides the variables.

    Parameters
    ----------
    time : int
        The step number, for clocks.
    randomness : Randomness
    evidence : ndarray of shape (R, C, N)
        :math:`u`.
    precision : ndarray of shape (R, 1, N)
        :math:`\beta`.
    learning_rate : ndarray of shape (R, 1, N) or None
        :math:`\alpha`; None does not learn.
    clock : ndarray of shape (N,) or None
        Rows update when ``time % clock == 0``; None: in every step.
    time_step : ndarray of shape (R, 1, N) or None
        :math:`\tau`, for the schedule ``langevin``.
    rules : tuple of RowsOfRule
        Which rows learn by which rule: all rows, where a simulator learns. Empty: all by the
        published one.
    deviates : ndarray of shape (R, C, M) or None
        The standard normal deviates of the noisy boundary states; None: no noise.
    """

    time: int
    randomness: Randomness
    evidence: FloatArray
    precision: FloatArray
    learning_rate: FloatArray | None
    clock: IntArray | None = None
    time_step: FloatArray | None = None
    rules: tuple[RowsOfRule, ...] = ()
    deviates: FloatArray | None = None


class SteppingBackend(Backend):
    """A backend that states what one step is."""

    @abstractmethod
    def step(self, given: StepInput) -> None:
        """Make one step of the program's schedule."""

    @abstractmethod
    def cell(self, name: str) -> FloatArray:
        """One of the variables but the couplings: the array itself, of `KEPT`."""

    def run(self, block: Block) -> Trace:
        """Make the steps of a block one after another."""
        shape = (self.networks, self.chains, self.program.size)
        total = np.zeros(shape)
        kept: dict[str, list[FloatArray]] = {name: [] for name in block.keep}
        precision = block.precision[:, None]
        rate = None if block.learning_rate is None else block.learning_rate[:, None]
        time_step = None if block.time_step is None else block.time_step[:, None]
        evidence = previous = None
        for step in range(block.steps):
            if block.reset is not None and block.reset[step]:
                self.cell("state")[...] = 0.0
            # Evidence that stays is looked up once.
            if evidence is None or np.any(block.shown[:, step] != block.shown[:, step - 1]):
                evidence = block.evidence[block.shown[:, step]]
            if step == block.steps - 1:
                previous = self.cell("state").copy()
            uniforms = None if block.uniforms is None else block.uniforms[:, step]
            sites = None if block.sites is None else block.sites[:, step]
            self.step(
                StepInput(
                    block.time + step,
                    Randomness(uniforms, sites),
                    evidence,
                    precision,
                    rate,
                    block.clock,
                    time_step,
                    block.rules,
                    None if block.deviates is None else block.deviates[:, step],
                )
            )
            if block.keep and block.kept[step]:
                for name, values in kept.items():
                    values.append(self.cell(name).copy())
            total += self.cell("state")
        assert previous is not None
        return Trace(
            {
                name: np.stack(values, axis=1) if values else np.zeros((shape[0], 0, *shape[1:]))
                for name, values in kept.items()
            },
            total,
            previous,
            self.cell("state").copy(),
            self.cell("field").copy(),
        )
