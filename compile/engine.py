"""The loop: one step after another, each with its randomness and its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.compile.backends.base import Backend, Randomness, StepInput
from deepparticle.compile.divergence import DivergenceMonitor
from deepparticle.compile.evidence import Surroundings
from deepparticle.compile.interrupting import Interruption
from deepparticle.compile.run import Recorder

__all__ = ["Call", "Engine"]


@dataclass(frozen=True, eq=False)
class Call:
    """What holds during one call of a simulator.

    Parameters
    ----------
    mode : str
        ``stochastic`` or ``deterministic``.
    precision : ndarray of shape (N,)
    learning_rate : ndarray of shape (N,) or None
        None does not learn.
    clock : ndarray of shape (N,) or None
    """

    mode: str
    precision: FloatArray
    learning_rate: FloatArray | None
    clock: IntArray | None


class Engine:
    """A backend in time: draws what each step needs, in a fixed order, and counts steps.

    Parameters
    ----------
    backend : Backend
    rng : numpy.random.Generator
        Per step: one block of uniforms (C, N) unless deterministic; then, for the random schedule,
        the rows (C, N); then whatever the processes of the external states draw.
    """

    def __init__(self, backend: Backend, rng: np.random.Generator) -> None:
        self.backend = backend
        self.surroundings = Surroundings(backend.program, backend.chains)
        self.time = 0
        self._rng = rng
        self._shown: tuple[Any, FloatArray] | None = None
        # Evidence that is the same for many steps is converted once.
        self._last: tuple[Any, FloatArray] | None = None

    def randomness(self, mode: str) -> Randomness:
        """Draw what one step needs."""
        shape = (self.backend.chains, self.backend.program.size)
        uniforms: FloatArray | None = None
        if mode == "stochastic":
            kind = np.float32 if self.backend.dtype == np.float32 else np.float64
            uniforms = self._rng.random(shape, dtype=kind)
        sites = None
        if self.backend.program.schedule == "random":
            sites = self._rng.integers(shape[1], size=shape)
        return Randomness(uniforms, sites)

    def evidence(self, given: Any) -> FloatArray:
        """The evidence of this step, shape (C, N)."""
        if isinstance(given, np.ndarray) and self._last is not None and self._last[0] is given:
            return self._last[1]
        now = self.surroundings.evidence(given, self.backend.variables.state, self._rng)
        converted = now.astype(self.backend.dtype, copy=False)
        self._last = (given, converted)
        return converted

    def step(self, call: Call, given: Any, recorder: Recorder | None) -> FloatArray:
        """Make one step; return its evidence."""
        randomness = self.randomness(call.mode)
        evidence = self.evidence(given)
        if recorder is not None:
            recorder.before(self.backend.variables)
        self.backend.step(
            StepInput(
                self.time, randomness, evidence, call.precision, call.learning_rate, call.clock
            )
        )
        self.time += 1
        if recorder is not None:
            recorder.after(self.backend.variables, evidence, call.precision)
        return evidence

    def epoch(
        self,
        call: Call,
        given: Any,
        steps: int,
        recorder: Recorder,
        monitor: DivergenceMonitor,
        interruption: Interruption,
    ) -> None:
        """Present one pattern for so many steps, and look whether learning still makes sense."""
        # An epoch of one step can be compared with the last one where that showed the same.
        before = self._shown[1] if self._shown is not None and self._shown[0] is given else None
        evidence = None
        for number in range(steps):
            if interruption:
                return
            if number == steps - 1 and steps > 1:
                before = self.backend.variables.state.copy()
            evidence = self.step(call, given, recorder)
            monitor.look_step(self.backend.variables, self.time)
        if evidence is not None:
            monitor.look_epoch(before, self.backend.variables, evidence, self.time)
            self._shown = (given, self.backend.variables.state.copy())
