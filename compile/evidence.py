r"""Evidence: what the subparticles sense of the world, :math:`u_i = \sum_k w_{ik}\,\eta_k`.

Evidence can be given as

- ``None``: what the external states hold, processes included;
- an array over subparticles in row order, ``(N,)`` or ``(chains, N)``: clamps the macro-scale
  sensory states to these sums. Rows that sense nothing must be 0, since anything else would bypass
  the blanket;
- a dict ``{external: value}``, by path or object: clamps external states to a number or to one
  number per subparticle that senses them (row order), also per chain; the others hold what they
  hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepparticle.agents.external import Process
from deepparticle.agents.member import Member
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import (
    BlanketError,
    Fault,
    PartitionError,
    SettingError,
    SettingTypeError,
)
from deepparticle.blankets.naming import unknown_path
from deepparticle.compile.arguments import checked_array
from deepparticle.compile.program import ExternalSlot, Program

__all__ = ["named_by_path", "Surroundings", "array_evidence", "dict_evidence"]


def array_evidence(program: Program, evidence: Any, where: str) -> FloatArray:
    """Evidence given as an array, checked: shape ``(N,)`` or ``(chains, N)``.

    Raises
    ------
    BlanketError
        If a row that senses nothing is given evidence.
    SettingError
        For NaN or another shape.
    """
    array = checked_array(evidence, where, "evidence")
    if array.ndim not in (1, 2) or array.shape[-1] != program.size:
        raise SettingError(
            Fault(
                where,
                f"evidence has shape ({program.size},) or (chains, {program.size})",
                f"shape {array.shape}",
                "give one number per subparticle, in row order",
            )
        )
    bypassing = np.flatnonzero(np.any(np.atleast_2d(array) != 0.0, axis=0) & ~program.senses)
    if bypassing.size:
        row = int(bypassing[0])
        raise BlanketError(
            Fault(
                f"{where}, {program.paths[row]!r}",
                "evidence reaches a subparticle only through "
                "a macro-scale sensory state, and it senses nothing",
                f"{np.atleast_2d(array)[:, row].tolist()[0]:g} in row {row}"
                + (f" and {bypassing.size - 1} more rows" if bypassing.size > 1 else ""),
                f"connect it first with world.sense(external, {program.paths[row]!r}), or give 0",
            )
        )
    return array


def dict_evidence(
    program: Program, evidence: Mapping[Any, Any], where: str, chains: int | None
) -> dict[int, FloatArray]:
    """Evidence given as a dict, checked: the number of the external state → its value."""
    numbers = {slot.path: number for number, slot in enumerate(program.externals)}
    values: dict[int, FloatArray] = {}
    for key, value in evidence.items():
        path = key if isinstance(key, str) else getattr(key, "path", repr(key))
        if path not in numbers:
            raise unknown_path(f"{where}, evidence", path, numbers)
        slot = program.externals[numbers[path]]
        array = checked_array(value, f"{where}, evidence[{path!r}]", "a value")
        count = slot.sensing.size
        if array.ndim > 2 or (array.ndim and array.shape[-1] != count):
            raise SettingError(
                Fault(
                    f"{where}, evidence[{path!r}]",
                    f"a value is one number, or one per subparticle that senses it ({count})",
                    f"shape {array.shape}",
                    f"give a scalar or shape ({count},)",
                )
            )
        if array.ndim == 2 and array.shape[0] != (chains or 1):
            raise SettingError(
                Fault(
                    f"{where}, evidence[{path!r}]",
                    f"a value per chain has {chains or 1} rows",
                    f"shape {array.shape}",
                    f"give shape ({count},), or make the Simulator with chains={array.shape[0]}",
                )
            )
        values[numbers[path]] = array
    return values


class Surroundings:
    """The external states around a program, as they are now, for every chain.

    Parameters
    ----------
    program : Program
    chains : int
        The size of the chain axis.
    """

    def __init__(self, program: Program, chains: int) -> None:
        self._program = program
        self._chains = chains
        self.values: list[FloatArray] = [
            np.repeat(slot.value[None], chains, axis=0) for slot in program.externals
        ]

    def evidence(
        self,
        given: Any,
        state: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """The evidence of this step, shape ``(chains, N)``; processes answer once.

        Parameters
        ----------
        given : None, ndarray, or dict of int to ndarray
            As returned by `array_evidence` or `dict_evidence`.
        state : ndarray of shape (chains, N)
            The states that act on the external states.
        rng : numpy.random.Generator
            What processes draw from.
        """
        if not isinstance(given, np.ndarray):
            for number, slot in enumerate(self._program.externals):
                if slot.process is not None and (given is None or number not in given):
                    self._answer(number, slot, slot.process, state, rng)
        return self._total(given)

    def _answer(
        self,
        number: int,
        slot: ExternalSlot,
        process: Process,
        state: FloatArray,
        rng: np.random.Generator,
    ) -> None:
        answers = []
        for chain in range(self._chains):
            actions = slot.acting_weights * state[chain, slot.acting]
            answer = process(np.array(self.values[number][chain]), actions, rng)
            if answer is None:
                raise SettingTypeError(
                    Fault(
                        f"the process of {slot.path!r}",
                        "its answer is a number or an array",
                        "None",
                        "end the function with 'return value'",
                    )
                )
            array = checked_array(answer, f"the process of {slot.path!r}", "its answer")
            count = slot.sensing.size
            if array.ndim > 1 or (array.ndim == 1 and count and array.size != count):
                raise SettingError(
                    Fault(
                        f"the process of {slot.path!r}",
                        "its answer is one number, or one per "
                        f"subparticle that senses it ({count})",
                        f"shape {array.shape}",
                        "return an array of that shape",
                    )
                )
            answers.append(array)
        # A process may answer with one number in one chain and with a vector in another.
        self.values[number] = np.stack(np.broadcast_arrays(*answers))

    def held_evidence(self, given: Any, count: int) -> FloatArray:
        """The evidence of what the external states hold now, without letting processes answer.

        Parameters
        ----------
        given : None, ndarray, or dict of int to ndarray
        count : int
            The number of rows wanted; with another number of chains, the first chain's values.

        Returns
        -------
        ndarray of shape (count, N)
        """
        held = Surroundings(self._program, count)
        for number, values in enumerate(self.values):
            chosen = values if values.shape[0] == count else values[:1]
            held.values[number] = np.repeat(chosen, count // chosen.shape[0], axis=0)
        return held._total(given)

    def _total(self, given: Any) -> FloatArray:
        shape = (self._chains, self._program.size)
        if isinstance(given, np.ndarray):
            return np.broadcast_to(given, shape)
        total = np.zeros(shape)
        for number, slot in enumerate(self._program.externals):
            if not slot.sensing.size:
                continue
            value = self.values[number]
            value = value[:, None] if value.ndim == 1 else value
            if given is not None and number in given:
                value = given[number]
            # A row senses an external state at most once, so no entry is added to twice.
            total[:, slot.sensing] += slot.sensing_weights * np.broadcast_to(
                value, (self._chains, slot.sensing.size)
            )
        return total


def resolved_evidence(program: Program, evidence: Any, chains: int | None, where: str) -> Any:
    """Evidence as a caller gives it, checked, ready for `Surroundings.evidence`."""
    if evidence is None:
        return None
    if isinstance(evidence, Mapping):
        return dict_evidence(program, evidence, where, chains)
    if isinstance(evidence, (str, bytes)):
        raise SettingTypeError(
            Fault(
                where,
                "evidence is an array, a dict or None",
                repr(evidence),
                f"give {{{evidence!r}: value}}",
            )
        )
    array = array_evidence(program, evidence, where)
    if array.ndim == 2 and array.shape[0] != (chains or 1):
        raise SettingError(
            Fault(
                where,
                f"evidence per chain has {chains or 1} rows",
                f"shape {array.shape}",
                f"make the Simulator with chains={array.shape[0]}",
            )
        )
    return array


def named_by_path(world: Member, given: Any, where: str) -> Any:
    """Evidence or patterns as a dict by path, where they are a dict by object; anything else as is.

    Raises
    ------
    PartitionError
        If an object belongs to another world.
    SettingError
        If an external state is named twice, by object and by path.
    """
    if not isinstance(given, Mapping):
        return given
    named: dict[Any, Any] = {}
    for key, value in given.items():
        if isinstance(key, Member) and key.root is not world:
            raise PartitionError(
                Fault(
                    where,
                    f"evidence names external states of the world {str(world)!r}",
                    f"{str(key)!r} of world {str(key.root)!r}",
                    "name them by path, or take them from that world",
                )
            )
        path = key.path if isinstance(key, Member) else key
        if path in named:
            raise SettingError(
                Fault(
                    where,
                    "evidence names each external state once",
                    f"{path!r} twice",
                    "leave one of them out",
                )
            )
        named[path] = value
    return named
