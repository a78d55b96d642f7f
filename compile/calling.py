"""What holds during one call of a simulator."""

from __future__ import annotations

from dataclasses import dataclass

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.rules import RowsOfRule
from deepparticle.partitions.biases import BiasRows

__all__ = ["Call"]


@dataclass(frozen=True, eq=False)
class Call:
    """What holds during one call of a simulator.

    Parameters
    ----------
    mode : str
        ``stochastic`` or ``deterministic``.
    precision : ndarray of shape (R, N)
    learning_rate : ndarray of shape (R, N) or None
        None does not learn.
    clock : ndarray of shape (N,) or None
    time_step : ndarray of shape (R, N) or None
        For the schedule ``langevin``.
    rules : tuple of RowsOfRule
        By which rule each row learns.
    biases : tuple of BiasRows
        Which rows have biases that change in time; those that come later win.
    """

    mode: str
    precision: FloatArray
    learning_rate: FloatArray | None
    clock: IntArray | None
    time_step: FloatArray | None
    rules: tuple[RowsOfRule, ...] = ()
    biases: tuple[BiasRows, ...] = ()
