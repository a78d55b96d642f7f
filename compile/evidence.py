r"""Evidence: what the subparticles sense of the world, :math:`u_i = \sum_k w_{ik}\,\eta_k`.

Evidence can be given as

- ``None``: what the external states hold, processes included;
- an array over subparticles in row order, ``(N,)`` or ``([networks,] [chains,] N)``: clamps the
  macro-scale sensory states to these sums. Rows that sense nothing must be 0, since anything else
  would bypass the blanket;
- a dict ``{external: value}``, by path or object: clamps external states to a number or to one
  number per subparticle that senses them (row order), also per network and chain; the others hold
  what they hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from deepparticle.agents.external import Process, forked, response_error
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
from deepparticle.compile.axes import Axes
from deepparticle.compile.program import ExternalSlot, Program

__all__ = [
    "Surroundings",
    "array_evidence",
    "dict_evidence",
    "is_open",
    "named_by_path",
    "refuse_bypass",
    "resolved_evidence",
]


def array_evidence(program: Program, evidence: Any, axes: Axes, where: str) -> FloatArray:
    """Evidence given as an array, checked, with all axes.

    Returns
    -------
    ndarray of shape (R or 1, C or 1, N)

    Raises
    ------
    BlanketError
        If a row that senses nothing is given evidence.
    SettingError
        For NaN or another shape.
    """
    array = checked_array(evidence, where, "evidence")
    full = axes.inner(array)
    if full is None:
        mend = "give one number per subparticle, in row order"
        if array.ndim == 2 and array.shape[-1] == program.size and axes.networks is None:
            mend = f"make the Simulator with chains={len(array)} for evidence per chain"
        rule = f"evidence has shape {axes.words()}"
        raise SettingError(Fault(where, rule, f"shape {array.shape}", mend))
    refuse_bypass(program, full, where)
    return full


def refuse_bypass(program: Program, evidence: FloatArray, where: str) -> None:
    """Raise BlanketError if a row that senses nothing is given evidence, shape (..., N)."""
    rows = evidence.reshape(-1, program.size)
    bypassing = np.flatnonzero(np.any(rows != 0.0, axis=0) & ~program.senses)
    if bypassing.size:
        row = int(bypassing[0])
        raise BlanketError(
            Fault(
                f"{where}, {program.paths[row]!r}",
                "evidence reaches a subparticle only through "
                "a macro-scale sensory state, and it senses nothing",
                f"{float(rows[np.flatnonzero(rows[:, row])[0], row]):g} in row {row}"
                + (f" and {bypassing.size - 1} more rows" if bypassing.size > 1 else ""),
                f"connect it first with world.sense(external, {program.paths[row]!r}), or give 0",
            )
        )


def dict_evidence(
    program: Program, evidence: Mapping[Any, Any], axes: Axes, where: str
) -> dict[int, FloatArray]:
    """Evidence given as a dict, checked: the number of the external state → its value.

    Returns
    -------
    dict of int to ndarray of shape (R or 1, C or 1, k or 1)
    """
    numbers = {slot.path: number for number, slot in enumerate(program.externals)}
    values: dict[int, FloatArray] = {}
    for key, value in evidence.items():
        path = key if isinstance(key, str) else getattr(key, "path", repr(key))
        if path not in numbers:
            raise unknown_path(f"{where}, evidence", path, numbers)
        count = program.externals[numbers[path]].sensing.size
        array = checked_array(value, f"{where}, evidence[{path!r}]", "a value")
        full = array.reshape(1, 1, 1) if array.ndim == 0 else axes.inner(array, count)
        if full is None:
            raise SettingError(
                Fault(
                    f"{where}, evidence[{path!r}]",
                    "a value is one number, or one per subparticle that senses it: "
                    f"shape {axes.words(count)}",
                    f"shape {array.shape}",
                    f"give a scalar or shape ({count},)",
                )
            )
        values[numbers[path]] = full
    return values


def is_open(number: int, given: Any) -> bool:
    """Whether an external state is not clamped by evidence as of `resolved_evidence`."""
    return not isinstance(given, np.ndarray) and (given is None or number not in given)


class Surroundings:
    """The external states around a program, as they are now, for every network and chain.

    Parameters
    ----------
    program : Program
    axes : Axes
    """

    def __init__(self, program: Program, axes: Axes) -> None:
        self._program = program
        self._axes = axes
        self.values: list[FloatArray] = [
            np.array(np.broadcast_to(slot.value, (*axes.shape[:2], *slot.value.shape)))
            for slot in program.externals
        ]
        self.acting_weights: list[FloatArray] = [
            np.tile(slot.acting_weights, (axes.shape[0], 1)) for slot in program.externals
        ]
        """The weights of the active states, shape (R, m): networks learn their own."""
        self._processes: dict[tuple[int, int, int], Process | None] = {}

    def answers(self, given: Any) -> bool:
        """Whether a process answers in each step under this evidence."""
        return bool(self.opened(given))

    def opened(self, given: Any) -> tuple[int, ...]:
        """The external states whose processes answer in each step under this evidence."""
        return tuple(
            number
            for number, slot in enumerate(self._program.externals)
            if slot.process is not None and is_open(number, given)
        )

    def advance(
        self,
        givens: Sequence[Any],
        state: FloatArray,
        streams: Sequence[np.random.Generator],
        learning_rate: FloatArray | None = None,
    ) -> None:
        """Let the processes that are not clamped answer once, and active states learn from it.

        Parameters
        ----------
        givens : sequence of None, ndarray, or dict of int to ndarray
            For each network, as returned by `resolved_evidence`.
        state : ndarray of shape (R, C, N)
            The states that act on the external states.
        streams : sequence of numpy.random.Generator
            What processes draw from, for each network.
        learning_rate : ndarray of shape (R, N) or None
            None does not learn.
        """
        for number, slot in enumerate(self._program.externals):
            if slot.process is None:
                continue
            open_ = [is_open(number, given) for given in givens]
            if any(open_):
                before = self.values[number]
                self._answer(number, slot, open_, state, streams)
                if learning_rate is not None and slot.learns:
                    self._learn(number, slot, open_, before, state, learning_rate)

    def _answer(
        self,
        number: int,
        slot: ExternalSlot,
        open_: Sequence[bool],
        state: FloatArray,
        streams: Sequence[np.random.Generator],
    ) -> None:
        networks, chains, _ = self._axes.shape
        answers = []
        for network, chain in np.ndindex(networks, chains):
            if not open_[network]:
                answers.append(self.values[number][network, chain])
                continue
            actions = self.acting_weights[number][network] * state[network, chain, slot.acting]
            held = np.array(self.values[number][network, chain])
            process = self.process_of(number, network, chain)
            answer = process(held, actions, streams[network])
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
        alike = np.stack(np.broadcast_arrays(*answers))
        self.values[number] = alike.reshape(networks, chains, *alike.shape[1:])

    def process_of(self, number: int, network: int, chain: int) -> Any:
        """The process of an external state: if it remembers something, another in each chain."""
        key = number, network, chain
        if key not in self._processes:
            self._processes[key] = forked(self._program.externals[number].process)
        return self._processes[key]

    def _learn(
        self,
        number: int,
        slot: ExternalSlot,
        open_: Sequence[bool],
        before: FloatArray,
        state: FloatArray,
        learning_rate: FloatArray,
    ) -> None:
        """The rule of :meth:`deepparticle.agents.ExternalState.learn`, in the mean over chains."""
        assert slot.expectation is not None
        after, chains = self.values[number], self._axes.shape[1]
        for network in np.flatnonzero(open_).tolist():
            errors = np.array(
                [
                    response_error(slot.expectation, *values, slot.path)
                    for values in zip(before[network], after[network], strict=True)
                ]
            )
            rate = np.where(slot.plastic, learning_rate[network, slot.acting], 0.0)
            with np.errstate(over="ignore", invalid="ignore"):  # seen below
                change = rate * (errors @ state[network][:, slot.acting]) / chains
                self.acting_weights[number][network] += change
            if not np.all(np.isfinite(self.acting_weights[number][network])):
                raise SettingError(
                    Fault(
                        f"the active states on {slot.path!r}",
                        "learning converges",
                        "weights that are not finite",
                        "learn with a smaller learning_rate",
                    )
                )

    def held_in(self, chains: int) -> Surroundings:
        """The same values for another number of chains: those of the first chain where it differs.

        Parameters
        ----------
        chains : int
        """
        networks = self._axes.networks
        held = Surroundings(self._program, Axes(networks, chains, self._axes.size))
        for number, values in enumerate(self.values):
            chosen = values if values.shape[1] == chains else values[:, :1]
            shape = (values.shape[0], chains, *values.shape[2:])
            held.values[number] = np.array(np.broadcast_to(chosen, shape))
        return held

    def evidence(self, given: Any, without: Collection[int] = ()) -> FloatArray:
        """The evidence of what the external states hold now, processes included.

        Parameters
        ----------
        given : None, ndarray, or dict of int to ndarray
            As returned by `resolved_evidence`.
        without : collection of int
            External states that are left out.

        Returns
        -------
        ndarray of shape (R or 1, C or 1, N)
        """
        if isinstance(given, np.ndarray):
            return given
        parts: list[tuple[ExternalSlot, FloatArray]] = []
        for number, slot in enumerate(self._program.externals):
            if not slot.sensing.size or number in without:
                continue
            if given is not None and number in given:
                value = given[number]
            else:
                value = self.values[number]
                value = value[..., None] if value.ndim == 2 else value
                if slot.process is None:  # it holds the same everywhere
                    value = value[:1, :1]
            parts.append((slot, slot.sensing_weights * value))
        lead = np.broadcast_shapes((1, 1), *(value.shape[:2] for _, value in parts))
        total = np.zeros((*lead, self._program.size))
        for slot, value in parts:
            # A row senses an external state at most once, so no entry is added to twice.
            total[..., slot.sensing] += value
        return total

    def evidence_of_each(self, givens: Sequence[Any], without: Collection[int] = ()) -> FloatArray:
        """The evidence where each network is given something else; shape (R or 1, C or 1, N)."""
        if all(given is givens[0] for given in givens):
            return self.evidence(givens[0], without)
        shape = self._axes.shape
        parts = [
            np.broadcast_to(self.evidence(given, without), shape)[network]
            for network, given in enumerate(givens)
        ]
        return np.stack(parts)


def resolved_evidence(program: Program, evidence: Any, axes: Axes, where: str) -> Any:
    """Evidence as a caller gives it, checked, ready for `Surroundings.evidence`."""
    if evidence is None:
        return None
    if isinstance(evidence, Mapping):
        return dict_evidence(program, evidence, axes, where)
    if isinstance(evidence, (str, bytes)):
        raise SettingTypeError(
            Fault(
                where,
                "evidence is an array, a dict or None",
                repr(evidence),
                f"give {{{evidence!r}: value}}",
            )
        )
    return array_evidence(program, evidence, axes, where)


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
