r"""What every backend does: hold the variables of a program and make blocks of steps.

Arrays inside a backend always have a network axis and a chain axis: states, fields and arguments
are ``(R, C, N)``. Networks have couplings of their own, ``(R, N, N)`` (``(R, E)`` in the sparse
layout, one number per existing coupling, in the order of the program's entries). Chains share the
couplings of their network; where they learn, the change is the mean over chains,

.. math:: \Delta J_{ij} = \alpha_i \frac{1}{C} \sum_c \varepsilon_i^{(c)} \sigma_j'^{(c)} .

A *block* is a number of consecutive steps with everything they are given: a backend that compiles
makes all of them in one call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepparticle.agents.learning import Factors
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.array_worlds import Answered, ArrayWorld
from deepparticle.compile.program import Program
from deepparticle.compile.rules import RowsOfRule, common_factors

__all__ = ["KEPT", "Backend", "Block", "Trace", "Variables"]

KEPT = ("state", "field", "argument", "used_precision")
"""The variables that a block can keep of its steps; with worlds, their ``evidence`` too."""


@dataclass(frozen=True, eq=False)
class Block:
    r"""Consecutive steps, and everything they are given besides the variables.

    The axes are networks R, steps S, chains C and rows N. Floating arrays have the type of the
    backend.

    Parameters
    ----------
    time : int
        The number of the first step, for clocks.
    steps : int
        S.
    stochastic : bool
        Whether states are sampled; otherwise they are expectations.
    evidence : ndarray of shape (T, N)
        The distinct vectors :math:`u` that occur, but for what `worlds` show.
    shown : ndarray of int, shape (R, S, C)
        Which of them each network and chain is shown in each step.
    precision : ndarray of shape (R, N)
        :math:`\beta`.
    learning_rate : ndarray of shape (R, N) or None
        :math:`\alpha`; None does not learn.
    clock : ndarray of int, shape (N,), or None
        Rows update when ``time % clock == 0``; None: in every step.
    uniforms : ndarray of shape (R, S, C, N) or None
        Random numbers. None, in a stochastic block: the backend's own stream, of the sites too.
        In the random schedule the k-th update of a step uses the k-th number, in all others row i
        uses the i-th.
    sites : ndarray of int, shape (R, S, C, N), or None
        The rows to update one after another, for the random schedule.
    reset : ndarray of bool, shape (S,), or None
        Before which steps the state returns to 0.
    keep : tuple of str
        The variables to keep, of `KEPT`.
    kept : ndarray of bool, shape (S,)
        After which steps they are kept.
    time_step : ndarray of shape (R, N) or None
        :math:`\tau`, for the schedule ``langevin``.
    rules : tuple of RowsOfRule
        Which rows learn by which rule: all rows, where a simulator learns. Empty: all by the
        published one.
    deviates : ndarray of shape (R, S, C, M) or None
        The standard normal deviates of the M noisy boundary states; None: no noise.
    worlds : tuple of ArrayWorld
        The external states that answer in each step, before the others.
    """

    time: int
    steps: int
    stochastic: bool
    evidence: FloatArray
    shown: IntArray
    precision: FloatArray
    learning_rate: FloatArray | None
    clock: IntArray | None
    uniforms: FloatArray | None
    sites: IntArray | None
    reset: BoolArray | None
    keep: tuple[str, ...]
    kept: BoolArray
    time_step: FloatArray | None = None
    rules: tuple[RowsOfRule, ...] = ()
    deviates: FloatArray | None = None
    worlds: tuple[ArrayWorld, ...] = ()

    @property
    def factors(self) -> Factors | None:
        """The product by which all rows learn; None where there is no such."""
        return common_factors(self.rules)


@dataclass(frozen=True, eq=False)
class Trace:
    """What a block leaves behind, besides the variables.

    Parameters
    ----------
    kept : dict of str to ndarray of shape (R, K, C, N)
        The variables that were kept, after each of the K steps that were to be kept.
    total : ndarray of shape (R, C, N)
        The sum of the states over all steps of the block.
    previous, state, field : ndarray of shape (R, C, N)
        The states before the last step, and the states and fields after it.
    worlds : tuple of Answered
        What became of the block's worlds.
    """

    kept: dict[str, FloatArray]
    total: FloatArray
    previous: FloatArray
    state: FloatArray
    field: FloatArray
    worlds: tuple[Answered, ...] = ()


@dataclass(eq=False)
class Variables:
    """All that changes from step to step; enough to go on exactly (but for random numbers).

    Parameters
    ----------
    state, field, argument, used_precision : ndarray of shape (R, C, N)
        σ, h, θ and β, the last three as of each row's last update.
    couplings : ndarray of shape (R, N, N), or (R, E) in the sparse layout
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

    A backend has a ``name``, holds `variables`, takes other biases (`set_bias`) and makes blocks of
    steps (`run`; a :class:`~deepparticle.compile.SteppingBackend` makes them from single ones). It
    says what it cannot do (`refusal`, `rule_refusal`). The rest has defaults.
    :func:`deepparticle.register_backend` makes it known.

    Parameters
    ----------
    program : Program
    networks, chains : int
        The sizes R and C of the axes.
    dtype : numpy dtype
        float32 or float64.
    """

    name: ClassVar[str]

    own_stream: ClassVar[bool] = False
    """Whether it can draw random numbers itself."""

    holds_worlds: ClassVar[bool] = False
    """Whether external states in array code can answer within a block."""

    slowness: ClassVar[float] = 1.0
    """The time of an entry of J and a step, in nanoseconds, roughly."""

    def __init__(self, program: Program, networks: int, chains: int, dtype: np.dtype[Any]) -> None:
        self.program = program
        self.networks = networks
        self.chains = chains
        self.dtype = dtype

    @classmethod
    def refusal(
        cls, program: Program, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> str | None:
        """Why it cannot run this (a clause such as "it knows no …"), or None where it can."""
        return None

    @classmethod
    def rule_refusal(cls, program: Program, rules: tuple[RowsOfRule, ...]) -> str | None:
        """Why it cannot learn by these rules (a clause such as "it knows no …"), or None."""
        return None

    def takes(self, worlds: tuple[ArrayWorld, ...]) -> bool:
        """Whether it lets these external states answer within a block, as they are now.

        Raises
        ------
        SettingTypeError
            If what was marked as array code is none.
        """
        return False

    def work(self) -> int:
        """The time of one step in nanoseconds, roughly: where runs are cut into blocks."""
        entries, size = self.program.couplings.size, self.program.size
        # Chains beyond the first are columns of a product of matrices, and cheap.
        cells = entries * (1.0 + 0.03 * (self.chains - 1)) + 32 * size * self.chains
        return int(self.slowness * (self.networks * cells + 10_000))

    def initial(self) -> Variables:
        """The variables with which the world was lowered, the same everywhere."""

        def repeated(values: FloatArray, *axes: int) -> FloatArray:
            copies: FloatArray = np.tile(values.astype(self.dtype), (*axes, *(1,) * values.ndim))
            return copies

        program, axes = self.program, (self.networks, self.chains)
        return Variables(
            state=repeated(program.state, *axes),
            field=repeated(program.field, *axes),
            argument=repeated(program.argument, *axes),
            used_precision=repeated(program.used_precision, *axes),
            couplings=repeated(program.couplings, self.networks),
        )

    @property
    @abstractmethod
    def variables(self) -> Variables:
        """The variables now; arrays may be the backend's own, so copy what you keep."""

    @variables.setter
    @abstractmethod
    def variables(self, variables: Variables) -> None: ...

    @abstractmethod
    def set_bias(self, bias: FloatArray) -> None:
        """Go on with these biases, shape (N,)."""

    def seed(self, words: NDArray[np.uint32]) -> None:  # noqa: B027 - most have no stream
        """Begin the backend's own stream of random numbers.

        Parameters
        ----------
        words : ndarray of uint32, shape (R, 8)
            Random bits, for each network.
        """

    @abstractmethod
    def run(self, block: Block) -> Trace:
        """Make the steps of a block, in the order of the program's schedule."""
