"""The ``objects`` backend: steps the objects one by one. It is the definition.

It works on a copy of the world, so that a simulator is a snapshot. Each chain is loaded into the
objects, stepped with :func:`deepparticle.partitions.stepping.update_states`, and read back.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.base import Backend, StepInput, Variables
from deepparticle.compile.program import Program
from deepparticle.partitions.arrays import coupling_arrays, write_couplings
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.stepping import learn_from_step, update_order, update_states

__all__ = ["ObjectBackend"]

_CELLS = {
    "state": "_state",
    "field": "_field",
    "argument": "_argument",
    "used_precision": "_used_precision",
}


class ObjectBackend(Backend):
    """Every subparticle senses, infers, acts and learns by itself."""

    name: ClassVar[str] = "objects"

    def __init__(
        self,
        program: Program,
        chains: int,
        dtype: np.dtype[Any],
        world: Partition,
    ) -> None:
        super().__init__(program, chains, dtype)
        self._world = world.copy()
        self._leaves = self._world.subparticles
        initial = self.initial()
        self._chains = {name: getattr(initial, name) for name in _CELLS}

    @property
    def variables(self) -> Variables:
        """The variables now, read off the objects."""
        return Variables(
            couplings=coupling_arrays(self._world)[0].astype(self.dtype), **self._chains
        )

    @variables.setter
    def variables(self, variables: Variables) -> None:
        self._chains = {name: np.array(getattr(variables, name)) for name in _CELLS}
        now = coupling_arrays(self._world)[0]
        write_couplings(self._world, variables.couplings, variables.couplings != now)

    def _load(self, chain: int) -> None:
        for name, cell in _CELLS.items():
            for leaf, value in zip(self._leaves, self._chains[name][chain].tolist(), strict=True):
                setattr(leaf, cell, value)

    def _store(self, chain: int) -> None:
        for name, cell in _CELLS.items():
            self._chains[name][chain] = [getattr(leaf, cell) for leaf in self._leaves]

    def step(self, given: StepInput) -> None:
        """Every particle once, in every chain."""
        random = given.randomness
        changes: dict[Any, float] = {}
        for chain in range(self.chains):
            self._load(chain)
            rows = update_states(
                self._leaves,
                self.program.schedule,
                given.time,
                None if random.uniforms is None else random.uniforms[chain],
                update_order(
                    self._world,
                    self.program.schedule,
                    None if random.sites is None else random.sites[chain],
                ),
                given.evidence[chain],
                given.precision,
                np.ones(self.program.size, dtype=np.intp) if given.clock is None else given.clock,
            )
            self._store(chain)
            if given.learning_rate is None:
                continue
            if self.chains == 1:
                learn_from_step(self._leaves, rows, given.learning_rate)
            else:
                self._collect(rows, given.learning_rate, changes)
        for boundary, change in changes.items():
            boundary.weight += change / self.chains

    def _collect(self, rows: list[int], rates: FloatArray, changes: dict[Any, float]) -> None:
        for row in rows:
            error = self._leaves[row].prediction_error
            for boundary in self._leaves[row].incoming():
                if boundary.kind == "boundary" and boundary.plastic:
                    change = boundary.increment(error, float(rates[row]))
                    changes[boundary] = changes.get(boundary, 0.0) + change
