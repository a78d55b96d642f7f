"""The simulator: a snapshot of a world, run by a backend.

It is lowered once, runs fast, and what it learned can be written back into the objects. Each step
consumes randomness from one seeded generator in a fixed order (see
:mod:`deepparticle.partitions.stepping`), so that the same seed gives the same run on ``objects``
and ``numpy``; the order of patterns comes from a spawned child stream.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import (
    DivergenceError,
    Fault,
    PartitionError,
    SettingError,
)
from deepparticle.blankets.numbers import finite_number
from deepparticle.compile.arguments import (
    checked_count,
    checked_couplings,
    checked_dtype,
    checked_states,
    per_row,
    refuse_overflow,
    row_clocks,
)
from deepparticle.compile.backends.base import Backend, Variables
from deepparticle.compile.backends.numpy_backend import NumpyBackend
from deepparticle.compile.backends.object_backend import ObjectBackend
from deepparticle.compile.divergence import DivergenceMonitor
from deepparticle.compile.engine import Call, Engine
from deepparticle.compile.evidence import named_by_path, resolved_evidence
from deepparticle.compile.interrupting import interruptible
from deepparticle.compile.lowering import lower
from deepparticle.compile.presentation import Presentation
from deepparticle.compile.program import Program
from deepparticle.compile.relaxation import Relaxation, relax
from deepparticle.compile.run import Recorder, Run, checked_records
from deepparticle.partitions.arrays import write_couplings
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.stepping import (
    MODES,
    SCHEDULES,
    checked_generator,
    checked_option,
)

__all__ = ["BACKENDS", "Simulator"]

BACKENDS = ("auto", "numpy", "objects")


class Simulator:
    """Runs a world.

    Parameters
    ----------
    world : Partition
        A root. The simulator is a snapshot of it: later changes of the world are not seen.
    backend : {"numpy", "objects", "auto"}
        ``objects`` steps a copy of the objects one by one (the definition), ``numpy`` dense arrays;
        ``auto`` picks the fastest that fits and ``sim.backend`` says which.
    schedule : {"synchronous", "sequential", "chromatic", "random"}
        The order of updates; part of what is simulated, each with its own stationary law.
    chains : int, optional
        So many copies of the states side by side, sharing couplings; None has no chain axis.
    networks : None
        Several networks side by side are not in this version.
    seed : int, sequence of int, numpy.random.SeedSequence or None
        Same seed, same run. None draws a fresh one.
    dtype : {"float64", "float32"}
        The precision of the arithmetic.
    precision, learning_rate, clock : float or array_like of shape (N,), optional
        Override those of the world.

    Examples
    --------
    >>> import numpy as np, deepparticle as dp
    >>> world = dp.from_couplings(np.array([[0.0, 1.0], [1.0, 0.0]]), bias=[0.5, -0.2])
    >>> sim = dp.Simulator(world, seed=1)
    >>> sim.infer(steps=100).states.shape
    (100, 2)
    """

    # With slots a misspelled setting (sim.precison = 2) is refused instead of ignored.
    __slots__ = (
        "__weakref__",
        "_chains",
        "_dtype",
        "_engine",
        "_known",
        "_name",
        "_order_rng",
        "_program",
        "_snapshot",
        "_world",
    )

    def __init__(
        self,
        world: Partition,
        backend: str = "numpy",
        schedule: str = "synchronous",
        *,
        chains: int | None = None,
        networks: int | None = None,
        seed: int | Sequence[int] | np.random.SeedSequence | None = 0,
        dtype: Any = "float64",
        precision: ArrayLike | None = None,
        learning_rate: ArrayLike | None = None,
        clock: ArrayLike | None = None,
    ) -> None:
        where = "Simulator"
        checked_option(backend, BACKENDS, where, "backend")
        checked_option(schedule, SCHEDULES, where, "schedule")
        self._chains = None if chains is None else checked_count(chains, where, "chains", 1)
        if networks is not None:
            raise SettingError(
                Fault(
                    where,
                    "one simulator runs one network in this version",
                    f"networks={networks!r}",
                    "make a Simulator for each, or use chains= for many states of one network",
                )
            )
        self._dtype = checked_dtype(dtype)
        program = lower(world, schedule)
        clocks = row_clocks(clock, program, where)
        self._program = dataclasses.replace(
            program,
            precision=per_row(precision, program, program.precision, where, "precision"),
            learning_rate=per_row(
                learning_rate, program, program.learning_rate, where, "learning_rate"
            ),
            clock=np.ones(program.size, dtype=np.intp) if clocks is None else clocks,
        )
        refuse_overflow(self._program, self._dtype)
        self._world = world
        self._name = "numpy" if backend == "auto" else backend
        # Kept for relaxation on the objects backend, which needs objects of its own.
        self._snapshot = world.copy() if self._name == "objects" else None
        # What the world holds, as far as this simulator knows: lowered from it, or written back.
        self._known = program.couplings.astype(self._dtype)
        self._start(seed)

    def fork(self, *, chains: int | None = None, seed: Any = 0) -> Simulator:
        """Another simulator of the same program with the couplings as they are now.

        Parameters
        ----------
        chains : int, optional
            Its chain axis.
        seed : int
            Its own stream of random numbers.

        Returns
        -------
        Simulator
            At the initial states, at time 0; independent of this one from now on.

        Examples
        --------
        >>> import deepparticle as dp
        >>> sim = dp.Simulator(dp.from_couplings([[0.0, 1.0], [1.0, 0.0]]))
        >>> sim.fork(chains=5).state.shape
        (5, 2)
        """
        twin = copy.copy(self)
        twin._chains = None if chains is None else checked_count(chains, "fork", "chains", 1)
        twin._start(seed)
        twin.couplings = self.couplings
        return twin

    def _start(self, seed: Any) -> None:
        rng = checked_generator(seed, "Simulator")
        self._order_rng = rng.spawn(1)[0]
        self._engine = Engine(self._make_backend(self._chains or 1, self._dtype), rng)

    def _make_backend(self, chains: int, dtype: np.dtype[Any]) -> Backend:
        if self._snapshot is not None:
            return ObjectBackend(self._program, chains, dtype, self._snapshot)
        return NumpyBackend(self._program, chains, dtype)

    # ------------------------------------------------------------------ what it holds

    @property
    def program(self) -> Program:
        """The program that is run; ``print(sim.program.explain())``."""
        return self._program

    @property
    def backend(self) -> str:
        """The name of the backend in use."""
        return self._name

    @property
    def time(self) -> int:
        """Steps made over the life of this simulator, burn-in included; clocks count from it."""
        return self._engine.time

    @property
    def couplings(self) -> FloatArray:
        """The couplings J now, ``J[target, source]``, shape ``(N, N)``; a copy. Can be set."""
        return self._engine.backend.variables.couplings.copy()

    @couplings.setter
    def couplings(self, couplings: ArrayLike) -> None:
        array = checked_couplings(couplings, self._program, "Simulator.couplings")
        now = self._engine.backend.variables.copy()
        now.couplings = array.astype(self._dtype)
        self._engine.backend.variables = now

    @property
    def state(self) -> FloatArray:
        """The states σ now, shape ``(N,)`` or ``(chains, N)``; a copy. Can be set."""
        state = self._engine.backend.variables.state
        return state[0].copy() if self._chains is None else state.copy()

    @state.setter
    def state(self, state: ArrayLike) -> None:
        array = checked_states(state, self._program, "Simulator.state", self._chains or 1)
        now = self._engine.backend.variables.copy()
        now.state = np.array(np.broadcast_to(array, now.state.shape), dtype=self._dtype)
        self._engine.backend.variables = now

    @property
    def variables(self) -> Variables:
        """Everything that changes (σ, h, θ, J), as a copy with a chain axis.

        Setting it goes on from there (at the present time, with the present stream of random
        numbers); used to resynchronise two simulators.
        """
        return self._engine.backend.variables.copy()

    @variables.setter
    def variables(self, variables: Variables) -> None:
        self._engine.backend.variables = variables

    # ------------------------------------------------------------------ running

    def infer(
        self,
        evidence: Any = None,
        steps: int = 100,
        burn_in: int = 0,
        mode: str = "stochastic",
        *,
        start: ArrayLike | None = None,
        precision: ArrayLike | None = None,
        clock: ArrayLike | None = None,
        record: str | Iterable[str] = ("states", "free_energy"),
        every: int = 1,
        progress: bool = False,
    ) -> Run:
        """Infer with frozen couplings, from the present state.

        Parameters
        ----------
        evidence : None, array_like of shape (N,) or (chains, N), or dict
            See :mod:`deepparticle.compile.evidence`.
        steps : int
            Steps in the run, after burn-in.
        burn_in : int
            Steps before them, which are made but neither recorded nor averaged.
        mode : {"stochastic", "deterministic"}
            Sample the new states, or take their expectation.
        start : array_like of shape (N,) or (chains, N), optional
            Start here instead of continuing.
        precision, clock : optional
            For this call only.
        record : sequence of str
            Names of series, see `deepparticle.compile.run.RECORDS`.
        every : int
            Steps between two records.
        progress : bool
            Show a progress bar.

        Returns
        -------
        Run
            ``run.states``, ``run.mean``, ``run.free_energy``, …; partial if interrupted.
        """
        where = "infer"
        steps = checked_count(steps, where, "steps", 1)
        burn_in = checked_count(burn_in, where, "burn_in")
        call = self._call(where, mode, precision, None, clock)
        given = resolved_evidence(
            self._program, named_by_path(self._world, evidence, where), self._chains, where
        )
        recorder = self._recorder(record, every, steps, where)
        if start is not None:
            self.state = checked_states(start, self._program, "infer, start", self._chains or 1)
        monitor = DivergenceMonitor(self._program, self._engine.backend.variables.couplings, 0.0)
        with interruptible() as interruption:
            bar = tqdm(range(burn_in + steps), desc="infer", disable=not progress, unit="step")
            try:
                for number in bar:
                    if interruption:
                        break
                    self._engine.step(call, given, recorder if number >= burn_in else None)
                    monitor.look_step(self._engine.backend.variables, self.time)
            except DivergenceError as error:
                error.run = recorder.run(False)
                raise
        return recorder.run(bool(interruption))

    def learn(
        self,
        patterns: Any,
        evidence_strength: float = 1.0,
        epochs: int | None = None,
        steps: int = 10,
        order: str | Sequence[int] = "random",
        reset: bool = False,
        *,
        mode: str = "stochastic",
        learning_rate: ArrayLike | None = None,
        precision: ArrayLike | None = None,
        clock: ArrayLike | None = None,
        record: str | Iterable[str] = ("free_energy",),
        every: int = 1,
        progress: bool = False,
    ) -> Run:
        r"""Infer and learn at once, while patterns are presented as evidence.

        Parameters
        ----------
        patterns : array_like of shape (P, N), dict {external: (P,) or (P, k)}, or iterable
            What to present. An iterable of single patterns is consumed, one per epoch.
        evidence_strength : float
            Scales the patterns.
        epochs : int, optional
            How many presentations; by default each pattern once, or the whole iterable.
        steps : int
            Steps per epoch.
        order : {"random", "cyclic"} or sequence of int
            Which pattern each epoch presents.
        reset : bool
            Whether the state returns to 0 before each epoch.
        mode : {"stochastic", "deterministic"}
        learning_rate, precision, clock : optional
            For this call only.
        record, every, progress
            As of `infer`; the default keeps the free energy only.

        Returns
        -------
        Run
            ``run.free_energy``, ``run.patterns``, …; partial if interrupted, with everything
            learned until then kept in ``sim.couplings``.

        Raises
        ------
        DivergenceError
            If learning runs away; see :mod:`deepparticle.compile.divergence`.
        """
        where = "learn"
        steps = checked_count(steps, where, "steps", 1)
        if epochs is not None:
            epochs = checked_count(epochs, where, "epochs", 1)
        call = self._call(where, mode, precision, learning_rate, clock)
        assert call.learning_rate is not None
        if learning_rate is None and not np.any(call.learning_rate):
            raise SettingError(
                Fault(
                    "learn",
                    "learning needs a learning rate",
                    "0 for every subparticle",
                    "give learning_rate=1e-3 here, on the Simulator, or on a partition",
                )
            )
        # Everything is checked before the order of the patterns draws from its stream.
        record, every = checked_records(record, where), checked_count(every, where, "every", 1)
        presentation = Presentation(
            self._program,
            named_by_path(self._world, patterns, where),
            evidence_strength,
            order,
            epochs,
            self._chains,
            self._order_rng,
        )
        total = presentation.epochs * steps if presentation.epochs else 0
        recorder = self._recorder(record, every, total, where)
        monitor = DivergenceMonitor(
            self._program,
            self._engine.backend.variables.couplings,
            float(np.max(call.learning_rate)),
        )
        presented: list[int] = []
        with interruptible() as interruption:
            bar = tqdm(
                presentation,
                total=presentation.epochs or None,
                desc="learn",
                disable=not progress,
                unit="epoch",
            )
            try:
                for index, given in bar:
                    if interruption:
                        break
                    presented.append(index)
                    if reset:
                        self.state = np.zeros(self._program.size)
                    self._engine.epoch(call, given, steps, recorder, monitor, interruption)
            except DivergenceError as error:
                error.run = recorder.run(False, presented)
                raise
        return recorder.run(bool(interruption), presented)

    def relax(
        self,
        start: ArrayLike | None = None,
        evidence: Any = None,
        precision: ArrayLike | None = None,
        *,
        clock: ArrayLike | None = None,
        tolerance: float = 1e-9,
        max_steps: int = 10_000,
    ) -> Relaxation:
        """Follow the deterministic dynamics to where the state rests; the simulator stays as it is.

        Parameters
        ----------
        start : array_like of shape (N,) or (starts, N), optional
            By default the present state.
        evidence : optional
            As of `infer`; arrays and values may have one row per start.
        precision, clock : optional
            For this call only.
        tolerance : float
            The largest residual of a fixed point, in units of the state.
        max_steps : int

        Returns
        -------
        Relaxation
            ``states``, ``converged``, ``steps``, ``period`` (1 fixed point, 2 orbit, 0 neither).
        """
        where = "relax"
        max_steps = checked_count(max_steps, where, "max_steps", 1)
        limit = finite_number(tolerance, where, "tolerance")
        if limit <= 0.0:
            raise SettingError(
                Fault(
                    where,
                    "tolerance is positive",
                    repr(tolerance),
                    "give tolerance=1e-9, for example",
                )
            )
        if start is None:
            start = self.state
        states = checked_states(start, self._program, "relax, start", None)
        count = 1 if states.ndim == 1 else states.shape[0]
        given = resolved_evidence(
            self._program, named_by_path(self._world, evidence, where), count, where
        )
        # A residual of 1e-9 is below what float32 can tell.
        double = np.dtype(np.float64)
        backend = self._make_backend(count, double)
        now = backend.initial()
        now.state = np.array(np.broadcast_to(states, now.state.shape))
        now.couplings = self.couplings.astype(double)
        backend.variables = now
        found = relax(
            backend,
            self._engine.surroundings.held_evidence(given, count),
            per_row(precision, self._program, self._program.precision, where, "precision"),
            row_clocks(clock, self._program, where),
            self._site_stream(count) if self._program.schedule == "random" else None,
            limit,
            max_steps,
        )
        if states.ndim == 1:
            return Relaxation(found[0][0], bool(found[1][0]), int(found[2][0]), int(found[3][0]))
        return Relaxation(*found)

    def _site_stream(self, chains: int) -> Iterator[IntArray]:
        # Where relaxation ends does not depend on these, so they do not disturb the run's stream.
        size, rng = self._program.size, np.random.default_rng(0)
        while True:
            yield rng.integers(size, size=(chains, size))

    # ------------------------------------------------------------------ writing back

    def write_back(self, *, states: bool = False) -> None:
        """Write the learned couplings into the boundary states of the world.

        Parameters
        ----------
        states : bool
            Also write the states (without a chain axis only).

        Raises
        ------
        PartitionError
            If the structure of the world changed since it was lowered.
        """
        if self._world.revision != self._program.revision:
            raise PartitionError(
                Fault(
                    str(self._world),
                    "what was learned is written into the world it was lowered "
                    "from, as it was then",
                    f"{self._world.revision - self._program.revision} changes of structure since",
                    "make a new Simulator after editing, and learn again",
                )
            )
        if states and self._chains is not None:
            raise SettingError(
                Fault(
                    "write_back",
                    "a world has one state per subparticle",
                    f"{self._chains} chains",
                    "write back without states=True",
                )
            )
        learned = self._engine.backend.variables.couplings
        if not np.all(np.isfinite(learned)):
            raise DivergenceError(
                Fault(
                    f"write_back to {str(self._world)!r}",
                    "what is written back is finite",
                    f"{int(np.count_nonzero(~np.isfinite(learned)))} couplings that are not",
                    "learn again with a smaller learning_rate",
                )
            )
        # Weights that did not change stay as they are in the world, also under float32.
        write_couplings(self._world, learned, learned != self._known)
        self._known = learned.copy()
        if states:
            for leaf, value in zip(self._world.subparticles, self.state.tolist(), strict=True):
                leaf.state = value

    # ------------------------------------------------------------------ within a call

    def _call(self, where: str, mode: str, precision: Any, learning_rate: Any, clock: Any) -> Call:
        checked_option(mode, MODES, where, "mode")
        program = self._program
        rate = None
        if where == "learn":
            rate = per_row(learning_rate, program, program.learning_rate, where, "learning_rate")
        return Call(
            mode,
            per_row(precision, program, program.precision, where, "precision").astype(self._dtype),
            None if rate is None else rate.astype(self._dtype),
            row_clocks(clock, program, where),
        )

    def _recorder(self, record: Any, every: int, steps: int, where: str) -> Recorder:
        return Recorder(
            self._program,
            checked_records(record, where),
            checked_count(every, where, "every", 1),
            steps,
            self._chains,
        )

    def __repr__(self) -> str:
        chains = "" if self._chains is None else f", {self._chains} chains"
        return (
            f"<Simulator of {self._program.name!r}: {self._program.size} subparticles, "
            f"{self._name}, {self._program.schedule}{chains}, {self._dtype}, t = {self.time}>"
        )
