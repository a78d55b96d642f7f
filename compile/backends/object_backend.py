"""The ``objects`` backend: steps the objects one by one. It is the definition.

It works on a copy of the world, so that a simulator is a snapshot. Each chain is loaded into the
objects, stepped with :func:`deepparticle.partitions.stepping.update_states`, and read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.base import Variables
from deepparticle.compile.backends.stepping import StepInput, SteppingBackend
from deepparticle.compile.program import Program
from deepparticle.compile.rules import RowsOfRule
from deepparticle.partitions.arrays import coupling_entries, noisy_boundaries, write_entries
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.stepping import learn_from_step, update_states, update_turns

__all__ = ["ObjectBackend"]

_CELLS = {
    "state": "_state",
    "field": "_field",
    "argument": "_argument",
    "used_precision": "_used_precision",
}


class ObjectBackend(SteppingBackend):
    """Every subparticle senses, infers, acts and learns by itself."""

    name: ClassVar[str] = "objects"
    slowness: ClassVar[float] = 5000.0

    def __init__(
        self,
        program: Program,
        networks: int,
        chains: int,
        dtype: np.dtype[Any],
        world: Partition,
    ) -> None:
        super().__init__(program, networks, chains, dtype)
        # Networks have couplings of their own, so each has a world of its own.
        self._worlds = [world.copy() for _ in range(networks)]
        self._entries = coupling_entries(world)
        self._noisy = [noisy_boundaries(one) for one in self._worlds]
        self._rules: list[str] = []
        initial = self.initial()
        self._cells = {name: getattr(initial, name) for name in _CELLS}

    @property
    def variables(self) -> Variables:
        """The variables now, read off the objects."""
        return Variables(
            couplings=np.stack([self._read(world) for world in self._worlds]), **self._cells
        )

    @variables.setter
    def variables(self, variables: Variables) -> None:
        self._cells = {name: np.array(getattr(variables, name)) for name in _CELLS}
        for world, couplings in zip(self._worlds, variables.couplings, strict=True):
            values = self._values(couplings)
            now = coupling_entries(world).weights
            write_entries(world, self._entries, values, values != now)

    def set_bias(self, bias: FloatArray) -> None:
        """Go on with these biases, shape (N,)."""
        for world in self._worlds:
            for leaf, value in zip(world.subparticles, bias.tolist(), strict=True):
                leaf.bias = value

    def cell(self, name: str) -> FloatArray:
        """One of the variables but the couplings: the array itself."""
        values: FloatArray = self._cells[name]
        return values

    def _values(self, couplings: FloatArray) -> FloatArray:
        """The couplings of a program as values of the entries of a world."""
        if self.program.layout == "sparse":
            return couplings
        values: FloatArray = couplings[self._entries.targets, self._entries.sources]
        return values

    def _read(self, world: Partition) -> FloatArray:
        values = coupling_entries(world).weights.astype(self.dtype)
        if self.program.layout == "sparse":
            return values
        couplings = np.zeros((self.program.size,) * 2, self.dtype)
        couplings[self._entries.targets, self._entries.sources] = values
        return couplings

    def step(self, given: StepInput) -> None:
        """Every particle once, in every network and chain."""
        if given.learning_rate is not None:
            self._teach(given.rules)
        for network, world in enumerate(self._worlds):
            changes: dict[Any, float] = {}
            for chain in range(self.chains):
                self._step(given, network, chain, world, changes)
            for boundary, change in changes.items():
                boundary.weight += change / self.chains

    def _teach(self, rules: tuple[RowsOfRule, ...]) -> None:
        """Give every particle its rule: they are copies, and may differ from the world's."""
        names = np.full(self.program.size, "published", dtype=object)
        for rule, rows in rules:
            names[rows] = rule.name
        if self._rules == names.tolist():
            return
        self._rules = names.tolist()
        for world in self._worlds:
            for leaf, name in zip(world.subparticles, self._rules, strict=True):
                leaf.learning_rule = name

    def _step(
        self,
        given: StepInput,
        network: int,
        chain: int,
        world: Partition,
        changes: dict[Any, float],
    ) -> None:
        at, random, schedule = (network, chain), given.randomness, self.program.schedule
        for number, boundary in enumerate(self._noisy[network]):
            boundary.deviate = 0.0 if given.deviates is None else float(given.deviates[at][number])
        leaves = world.subparticles
        for name, cell in _CELLS.items():
            for leaf, value in zip(leaves, self._cells[name][at].tolist(), strict=True):
                setattr(leaf, cell, value)
        rows = update_states(
            leaves,
            schedule,
            given.time,
            None if random.uniforms is None else random.uniforms[at],
            update_turns(world, schedule, None if random.sites is None else random.sites[at]),
            given.evidence[at],
            given.precision[network, 0],
            np.ones(self.program.size, dtype=np.intp) if given.clock is None else given.clock,
            None if given.time_step is None else given.time_step[network, 0],
        )
        for name, cell in _CELLS.items():
            self._cells[name][at] = [getattr(leaf, cell) for leaf in leaves]
        if given.learning_rate is None:
            return
        if self.chains == 1:
            learn_from_step(leaves, rows, given.learning_rate[network, 0])
        else:
            _collect(leaves, rows, given.learning_rate[network, 0], changes)


def _collect(
    leaves: Sequence[Subparticle], rows: list[int], rates: FloatArray, changes: dict[Any, float]
) -> None:
    """Add what each boundary state would learn from one chain."""
    for row in rows:
        for boundary, change in leaves[row].changes(float(rates[row])):
            if boundary.plastic:
                changes[boundary] = changes.get(boundary, 0.0) + change
