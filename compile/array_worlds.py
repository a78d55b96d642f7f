r"""External states that answer within a block: those whose processes are array code.

A backend that compiles its loop takes such worlds into it
(:mod:`deepparticle.agents.array_processes`): in every step they answer first, to the states of the
step before, with the random numbers that were drawn for the whole block; the evidence of the step
is what it shows besides, plus :math:`w_i \eta_i` of theirs. Every chain has worlds of its own.
Where one of the processes that answer is plain Python, the block is a single step, and all of them
answer before it. (What is settled beforehand is no more than evidence,
:mod:`deepparticle.compile.foretold`.)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from deepparticle.agents.array_processes import ArrayProcess, Draws, array_form
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.evidence import Surroundings, is_open
from deepparticle.compile.program import Program

__all__ = ["Answered", "ArrayWorld", "array_worlds", "evidence_with", "one_step_of", "settle"]


@dataclass(frozen=True, eq=False)
class ArrayWorld:
    r"""An external state that answers in each step of a block.

    Parameters
    ----------
    number : int
        Which of the program's external states.
    path : str
    form : ArrayProcess
        Its process.
    value : ndarray of shape (R, C) or (R, C, k)
        :math:`\eta` before the block.
    sensing : ndarray of int, shape (k,)
        The rows that sense it, with the weights `sensing_weights`.
    sensing_weights : ndarray of shape (k,)
    acting : ndarray of int, shape (m,)
        The rows that act on it.
    acting_weights : ndarray of shape (R, m)
        The weights of their active states before the block.
    expectation : float or None
        What is expected of it, where active states learn.
    plastic : ndarray of bool, shape (m,)
        Which of them do.
    draws : Draws
        Of shape (R, S, C, n) each: the random numbers of all S answers.
    """

    number: int
    path: str
    form: ArrayProcess
    value: FloatArray
    sensing: IntArray
    sensing_weights: FloatArray
    acting: IntArray
    acting_weights: FloatArray
    expectation: float | None
    plastic: BoolArray
    draws: Draws


class Answered(NamedTuple):
    """What became of an external state in a block.

    Parameters
    ----------
    value, before : ndarray of shape (R, C) or (R, C, k)
        In the last step, and in the step before it.
    weights : ndarray of shape (R, m)
        Of the active states.
    sound : ndarray of bool, shape (R,)
        Whether all its values and weights were finite.
    """

    value: FloatArray
    before: FloatArray
    weights: FloatArray
    sound: BoolArray


def array_worlds(
    program: Program,
    surroundings: Surroundings,
    givens: Sequence[object],
    learns: bool,
    besides: Collection[int] = (),
) -> tuple[ArrayWorld, ...] | None:
    """The external states that answer, if all of them can within a block; otherwise None.

    Parameters
    ----------
    program : Program
    surroundings : Surroundings
    givens : sequence of None, ndarray, or dict of int to ndarray
        The evidence of each network.
    learns : bool
        Whether active states learn.
    besides : collection of int
        External states that need not be asked.
    """
    worlds = []
    for number, slot in enumerate(program.externals):
        opened = [is_open(number, given) for given in givens]
        if slot.process is None or number in besides or not any(opened):
            continue
        value = surroundings.values[number]
        form = array_form(slot.process, value.shape[2:])
        if form is None or not all(opened):
            return None
        expectation = slot.expectation if learns and slot.learns else None
        if expectation is not None and (callable(expectation) or value.ndim > 2):
            return None
        worlds.append(
            ArrayWorld(
                number,
                slot.path,
                form,
                value,
                slot.sensing,
                slot.sensing_weights,
                slot.acting,
                surroundings.acting_weights[number],
                expectation,
                slot.plastic,
                Draws(np.empty(0), np.empty(0)),
            )
        )
    return tuple(worlds)


def evidence_with(
    base: FloatArray, worlds: Sequence[ArrayWorld], values: Sequence[FloatArray]
) -> FloatArray:
    r"""The evidence besides the worlds, plus what they show, shape (R, C, N).

    Parameters
    ----------
    base : ndarray of shape (R, C, N)
    worlds : sequence of ArrayWorld
    values : sequence of ndarray of shape (R, C) or (R, C, k)
        Theirs.
    """
    total = base.astype(np.float64)
    for world, value in zip(worlds, values, strict=True):
        shown = value if value.ndim == 3 else value[..., None]
        if world.sensing.size:
            total[..., world.sensing] += world.sensing_weights * shown
    return total.astype(base.dtype)


def one_step_of(
    worlds: Sequence[ArrayWorld], surroundings: Surroundings, step: int
) -> tuple[ArrayWorld, ...]:
    """The worlds of one step of a block, as they are now."""
    at = slice(step, step + 1)
    return tuple(
        replace(
            world,
            value=surroundings.values[world.number],
            acting_weights=surroundings.acting_weights[world.number],
            draws=Draws(*(numbers[:, at] for numbers in world.draws)),
        )
        for world in worlds
    )


def settle(
    worlds: Sequence[ArrayWorld], answers: Sequence[Answered], surroundings: Surroundings
) -> None:
    """Take over what became of the worlds.

    Raises
    ------
    SettingError
        If a value or a weight is not finite.
    """
    for world, answer in zip(worlds, answers, strict=True):
        if not np.all(answer.sound):
            if np.all(np.isfinite(answer.value)):
                where, rule = f"the active states on {world.path!r}", "learning converges"
                got, mend = "weights that are not finite", "learn with a smaller learning_rate"
            else:
                where, rule = f"the process of {world.path!r}", "its answer is finite"
                got, mend = "NaN or inf", "keep the value within bounds"
            raise SettingError(Fault(where, rule, got, mend))
    for world, answer in zip(worlds, answers, strict=True):
        surroundings.values[world.number] = answer.value
        surroundings.acting_weights[world.number] = answer.weights
