"""External states whose answers are settled beforehand: they are evidence that changes in time.

A process with the methods ``ahead`` and ``skip`` (:mod:`deepparticle.agents.streams`) is not asked
step by step: its answers to the steps of a block are read at once, on every backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepparticle.agents.external import offered
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.array_worlds import ArrayWorld, array_worlds
from deepparticle.compile.backends.base import Backend
from deepparticle.compile.evidence import Surroundings, is_open
from deepparticle.compile.program import Program

__all__ = ["Foretold", "foretold", "known_ahead"]


def foretold(
    program: Program, surroundings: Surroundings, givens: Sequence[object], learns: bool
) -> tuple[int, ...]:
    """Which external states answer in every network, and know beforehand what.

    Parameters
    ----------
    program : Program
    surroundings : Surroundings
    givens : sequence of None, ndarray, or dict of int to ndarray
        The evidence of each network.
    learns : bool
        Whether active states learn: from answers that are told one by one.
    """
    found = []
    for number, slot in enumerate(program.externals):
        if offered(slot.process, "ahead") is None or (learns and slot.learns):
            continue
        if not all(is_open(number, given) for given in givens):
            continue
        first = surroundings.process_of(number, 0, 0).ahead(1)
        # What does not fit the subparticles that sense it is refused where it is asked.
        if first is not None and first.shape[1:] in ((), slot.sensing.shape):
            found.append(number)
    return tuple(found)


def known_ahead(
    backend: Backend, surroundings: Surroundings, givens: Sequence[object], learns: bool
) -> tuple[tuple[int, ...], tuple[ArrayWorld, ...]] | None:
    """What is settled beforehand, and the worlds that the backend takes, if these are all.

    Parameters
    ----------
    backend : Backend
    surroundings : Surroundings
    givens : sequence of None, ndarray, or dict of int to ndarray
    learns : bool
        As of `foretold`.

    Returns
    -------
    tuple of int, tuple of ArrayWorld
        None if something has to be asked in every step.
    """
    told = foretold(backend.program, surroundings, givens, learns)
    if not told and not backend.holds_worlds:
        return None
    worlds = array_worlds(backend.program, surroundings, givens, learns, told)
    if worlds is None or (worlds and not backend.takes(worlds)):
        return None
    return told, worlds


class Foretold:
    """The answers of such external states to the next steps, for every network and chain.

    Parameters
    ----------
    program : Program
    surroundings : Surroundings
    numbers : sequence of int
        Which external states.
    count : int
        Of how many steps; there may be fewer, where a stream stops.

    Attributes
    ----------
    steps : int
        Of how many there are.
    """

    def __init__(
        self, program: Program, surroundings: Surroundings, numbers: Sequence[int], count: int
    ) -> None:
        self._program = program
        self._surroundings = surroundings
        self._numbers = numbers
        self._answers: list[list[list[FloatArray]]] = []
        self.steps = count
        for number in numbers:
            networks, chains = surroundings.values[number].shape[:2]
            answers = [
                [
                    surroundings.process_of(number, network, chain).ahead(count)
                    for chain in range(chains)
                ]
                for network in range(networks)
            ]
            self._answers.append(answers)
            self.steps = min([self.steps, *(len(one) for each in answers for one in each)])

    def shown(self, rows: FloatArray, places: IntArray) -> tuple[FloatArray, IntArray]:
        """The evidence of the steps with what they show, as of `Block`.

        Parameters
        ----------
        rows : ndarray of shape (T, N)
            What is shown besides.
        places : ndarray of int, shape (R, S, C)
            Which of the rows.

        Returns
        -------
        evidence : ndarray of shape (T', N)
        shown : ndarray of int, shape (R, S, C)
        """
        sensed = [self._program.externals[number].sensing.size > 0 for number in self._numbers]
        if not any(sensed):
            return rows, places
        total = rows[_shared(places)]
        for number, answers in zip(self._numbers, self._answers, strict=True):
            slot = self._program.externals[number]
            values = np.array([[one[: self.steps] for one in each] for each in answers])
            values = _shared(np.moveaxis(values, 2, 1))
            values = values if values.ndim == 4 else values[..., None]
            shape = np.broadcast_shapes(total.shape[:3], values.shape[:3])
            total = np.array(np.broadcast_to(total, (*shape, total.shape[-1])))
            if slot.sensing.size:
                total[..., slot.sensing] += slot.sensing_weights * values
        found = np.arange(total[..., 0].size).reshape(total.shape[:3])
        return total.reshape(-1, total.shape[-1]), np.broadcast_to(found, places.shape)

    def settle(self, made: int) -> None:
        """Take over the answers to the steps that were made."""
        if not made:
            return
        for number, answers in zip(self._numbers, self._answers, strict=True):
            last = [[one[made - 1] for one in each] for each in answers]
            self._surroundings.values[number] = np.array(last, dtype=np.float64)
            for network, each in enumerate(answers):
                for chain in range(len(each)):
                    self._surroundings.process_of(number, network, chain).skip(made)


def _shared(values: Any) -> Any:
    """Values of shape (R, S, C, ...), with R = C = 1 where all networks and chains have the same.

    They have as a rule: all chains of a stream begin at the same place.
    """
    first = values[:1, :, :1]
    return first if np.array_equal(values, np.broadcast_to(first, values.shape)) else values
