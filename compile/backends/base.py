r"""What every backend does: hold the variables of a program and step them.

Arrays inside a backend always have a chain axis: states, fields and arguments are ``(C, N)``.
Chains share couplings; where they learn, the change is the mean over chains,

.. math:: \Delta J_{ij} = \alpha_i \frac{1}{C} \sum_c \varepsilon_i^{(c)} \sigma_j'^{(c)} .
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.program import Program

__all__ = ["Backend", "Randomness", "StepInput", "Variables"]


@dataclass(frozen=True, eq=False)
class Randomness:
    """The random numbers of one step.

    Parameters
    ----------
    uniforms : ndarray of shape (C, N) or None
        None takes expectations instead of samples.
    sites : ndarray of shape (C, N) or None
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
    evidence : ndarray of shape (C, N)
        :math:`u`.
    precision : ndarray of shape (N,)
        :math:`\beta`.
    learning_rate : ndarray of shape (N,) or None
        :math:`\alpha`; None does not learn.
    clock : ndarray of shape (N,) or None
        Rows update when ``time % clock == 0``; None: in every step.
    """

    time: int
    randomness: Randomness
    evidence: FloatArray
    precision: FloatArray
    learning_rate: FloatArray | None
    clock: IntArray | None = None


@dataclass(eq=False)
class Variables:
    """All that changes from step to step; enough to go on exactly.

    Parameters
    ----------
    state, field, argument, used_precision : ndarray of shape (C, N)
        σ, h, θ and β, the last three as of each row's last update.
    couplings : ndarray of shape (N, N)
        J.
    """

    state: FloatArray
    field: FloatArray
    argument: FloatArray
    used_precision: FloatArray
    couplings: FloatArray

    def copy(self) -> Variables:
        """An independent copy."""
        return Variables(*(np.array(value) for value in vars(self).values()))


class Backend(ABC):
    """Steps the variables of a program.

    Parameters
    ----------
    program : Program
    chains : int
        The size C of the chain axis.
    dtype : numpy dtype
        float32 or float64.
    """

    name: ClassVar[str]

    def __init__(self, program: Program, chains: int, dtype: np.dtype[Any]) -> None:
        self.program = program
        self.chains = chains
        self.dtype = dtype

    def initial(self) -> Variables:
        """The variables with which the world was lowered, the same in every chain."""

        def repeated(values: FloatArray) -> FloatArray:
            return np.tile(values.astype(self.dtype), (self.chains, 1))

        program = self.program
        return Variables(
            state=repeated(program.state),
            field=repeated(program.field),
            argument=repeated(program.argument),
            used_precision=repeated(program.used_precision),
            couplings=program.couplings.astype(self.dtype),
        )

    @property
    @abstractmethod
    def variables(self) -> Variables:
        """The variables now; arrays may be the backend's own, so copy what you keep."""

    @variables.setter
    @abstractmethod
    def variables(self, variables: Variables) -> None: ...

    @abstractmethod
    def step(self, given: StepInput) -> None:
        """Make one step of the program's schedule."""
