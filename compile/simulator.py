"""The simulator: a snapshot of a world, run by a backend.

It is lowered once, runs fast, and what it learned can be written back into the objects. Each step
consumes randomness from one seeded generator in a fixed order (see
:mod:`deepparticle.partitions.stepping`), so that the same seed gives the same run on ``objects``
and ``numpy``; the order of patterns comes from a spawned child stream.
"""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from deepparticle.agents.biasing import bias_at, checked_bias_process
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import (
    DivergenceError,
    Fault,
    PartitionError,
    SettingError,
)
from deepparticle.blankets.numbers import checked_count, finite_number
from deepparticle.compile.arguments import (
    checked_array,
    checked_couplings,
    checked_devices,
    checked_dtype,
    checked_folder,
    checked_states,
    per_row,
    refuse_overflow,
    row_clocks,
    row_time_steps,
)
from deepparticle.compile.axes import Axes
from deepparticle.compile.backends.base import Backend, Variables
from deepparticle.compile.backends.choosing import BACKENDS, backend_names, chosen_backend
from deepparticle.compile.backends.numpy_backend import NumpyBackend
from deepparticle.compile.backends.object_backend import ObjectBackend
from deepparticle.compile.backends.stepping import SteppingBackend
from deepparticle.compile.divergence import DivergenceMonitor, DivergenceWarning
from deepparticle.compile.engine import Call, Engine, Timeline
from deepparticle.compile.evidence import named_by_path, resolved_evidence
from deepparticle.compile.interrupting import interruptible
from deepparticle.compile.lowering import lower
from deepparticle.compile.presentation import Presentation
from deepparticle.compile.program import Program
from deepparticle.compile.relaxation import Relaxation, relax
from deepparticle.compile.rules import row_rules, rules_of
from deepparticle.compile.run import Recorder, Run, checked_records
from deepparticle.compile.seeding import STREAMS, checked_streams
from deepparticle.compile.series import Folder
from deepparticle.partitions.arrays import coupling_entries, write_entries
from deepparticle.partitions.biases import BiasRows
from deepparticle.partitions.columns import write_action_weights, write_states
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.schedules import checked_schedule
from deepparticle.partitions.stepping import MODES, checked_option

__all__ = ["BACKENDS", "Simulator"]


class Simulator:
    """Runs a world.

    Parameters
    ----------
    world : Partition
        A root. The simulator is a snapshot of it: later changes of the world are not seen.
    backend : {"numpy", "native", "jax", "objects", "auto"} or one of your own
        ``objects`` steps a copy of the objects one by one (the definition), ``numpy`` arrays;
        ``native`` and ``jax`` are compiled (extras of these names). ``auto`` picks the fastest that
        is installed and fits, and ``sim.backend`` says which.
    schedule : {"synchronous", "sequential", "chromatic", "random", "langevin"} or one of your own
        The order of updates; part of what is simulated, each with its own stationary law.
        ``langevin`` is continuous time: states move for a ``time_step`` (0.01 by default) between
        reflecting walls, :mod:`deepparticle.agents.diffusion`.
    chains : int, optional
        So many copies of the states side by side, sharing couplings; None has no chain axis.
    networks : int, optional
        So many copies of the whole network side by side, with couplings and random numbers of their
        own; None has no network axis. Arrays then are ``(networks, [chains,] N)``.
    seed : int, sequence of int, numpy.random.SeedSequence or None
        Same seed, same run. None draws a fresh one. With networks, a sequence of as many seeds
        gives each its own: network r then runs as a Simulator with the r-th seed would.
    dtype : {"float64", "float32"}
        The precision of the arithmetic.
    layout : {"auto", "dense", "sparse"}
        See `lower`.
    stream : {"own", "shared"}
        Where random numbers come from. ``own``: the generator of the backend, which is the fast
        one (``numpy`` and ``objects`` have none and share theirs). ``shared``: that of NumPy on
        every backend, so that all of them make the same run.
    devices : sequence of jax.Device, optional
        For ``backend="jax"``: what to spread networks over, or the rows of one large dense network.
        By default all devices share several networks, and a single network has one.
    precision, learning_rate : float or array_like, optional
        Override those of the world: a number, ``(N,)``, or with networks ``(networks,)`` or
        ``(networks, N)``.
    clock : int or array_like of shape (N,), optional
    time_step : float or array_like, optional
        Of the schedule ``langevin``, in units of time; shapes as of `precision`.
    learning_rule : str or sequence of str, optional
        The name of a rule of :mod:`deepparticle.agents.learning`, for all rows or for each.

    Examples
    --------
    >>> import numpy as np, deepparticle as dp
    >>> world = dp.from_couplings(np.array([[0.0, 1.0], [1.0, 0.0]]), bias=[0.5, -0.2])
    >>> sim = dp.Simulator(world, seed=1)
    >>> sim.infer(steps=100).states.shape
    (100, 2)
    >>> grid = dp.Simulator(world, networks=3, precision=[0.1, 1.0, 10.0])
    >>> grid.infer(steps=100).mean.shape, grid.couplings.shape
    ((3, 2), (3, 2, 2))
    """

    # With slots a misspelled setting (sim.precison = 2) is refused instead of ignored.
    __slots__ = (
        "__weakref__",
        "_axes",
        "_class",
        "_devices",
        "_dtype",
        "_engine",
        "_known",
        "_order_streams",
        "_program",
        "_settings",
        "_snapshot",
        "_stream",
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
        layout: str = "auto",
        stream: str = "own",
        devices: Sequence[Any] | None = None,
        precision: ArrayLike | None = None,
        learning_rate: ArrayLike | None = None,
        clock: ArrayLike | None = None,
        time_step: ArrayLike | None = None,
        learning_rule: str | Sequence[str] | None = None,
    ) -> None:
        where = "Simulator"
        checked_option(backend, backend_names(), where, "backend")
        checked_schedule(schedule, where)
        self._stream = checked_option(stream, STREAMS, where, "stream")
        counts = {
            name: None if count is None else checked_count(count, where, name, 1)
            for name, count in (("networks", networks), ("chains", chains))
        }
        self._dtype = checked_dtype(dtype)
        program = lower(world, schedule, layout)
        self._axes = Axes(**counts, size=program.size)
        clocks = row_clocks(clock, program, where)
        settings = {
            name: per_row(value, self._axes, getattr(program, name), where, name)
            for name, value in (("precision", precision), ("learning_rate", learning_rate))
        }
        settings["time_step"] = row_time_steps(
            time_step, program, self._axes, program.time_step, where
        )
        self._settings = settings
        if networks is None:  # the program shows what holds
            program = dataclasses.replace(
                program, **{name: values[0].copy() for name, values in settings.items()}
            )
        self._program = dataclasses.replace(
            program,
            clock=np.ones(program.size, dtype=np.intp) if clocks is None else clocks,
            learning_rule=row_rules(learning_rule, program, where),
        )
        refuse_overflow(self._program, self._dtype)
        self._world = world
        self._class = chosen_backend(backend, self._program, *self._axes.shape[:2], self._dtype)
        given = checked_devices(devices, self._class.name)
        self._devices = None if given is None else {"devices": given}
        # The objects backend works on objects of its own, whatever becomes of the world.
        self._snapshot = world.copy() if self._class is ObjectBackend else None
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
        count = None if chains is None else checked_count(chains, "fork", "chains", 1)
        twin._axes = dataclasses.replace(self._axes, chains=count)
        twin._start(seed)
        now = twin._engine.backend.variables.copy()
        now.couplings = self._engine.couplings().copy()
        twin._engine.backend.variables = now
        learned = self._engine.surroundings.acting_weights
        twin._engine.surroundings.acting_weights = [weights.copy() for weights in learned]
        return twin

    def _start(self, seed: Any) -> None:
        streams = checked_streams(seed, self._axes.networks, "Simulator")
        self._order_streams = [stream.spawn(1)[0] for stream in streams]
        backend = self._make_backend(self._class, *self._axes.shape[:2], self._dtype)
        own = self._stream == "own" and self._class.own_stream
        self._engine = Engine(backend, self._axes, streams, own)

    def _make_backend(
        self, kind: type[Backend], networks: int, chains: int, dtype: np.dtype[Any]
    ) -> Backend:
        if self._snapshot is not None:
            return ObjectBackend(self._program, networks, chains, dtype, self._snapshot)
        make: Any = kind
        chosen = {} if self._devices is None or kind is not self._class else self._devices
        made: Backend = make(self._program, networks, chains, dtype, **chosen)
        return made

    # ------------------------------------------------------------------ what it holds

    @property
    def program(self) -> Program:
        """The program that is run; ``print(sim.program.explain())``."""
        return self._program

    @property
    def backend(self) -> str:
        """The name of the backend in use."""
        return self._class.name

    @property
    def networks(self) -> int | None:
        """How many networks run side by side; None without that axis."""
        return self._axes.networks

    @property
    def chains(self) -> int | None:
        """How many chains each network has; None without that axis."""
        return self._axes.chains

    @property
    def time(self) -> int:
        """Steps made over the life of this simulator, burn-in included; clocks count from it."""
        return self._engine.time

    @property
    def couplings(self) -> Any:
        """The couplings J now, ``J[target, source]``; a copy. Can be set.

        An array of shape ``([networks,] N, N)``; in the sparse layout a scipy sparse array, or a
        list of them, one per network.
        """
        now = self._engine.couplings()
        if self._program.layout == "dense":
            return now.copy() if self._axes.networks is not None else now[0].copy()
        matrices = [self._program.matrix(values) for values in now]
        return matrices if self._axes.networks is not None else matrices[0]

    @couplings.setter
    def couplings(self, couplings: Any) -> None:
        array = checked_couplings(couplings, self._program, self._axes, "Simulator.couplings")
        now = self._engine.backend.variables.copy()
        now.couplings = array.astype(self._dtype)
        self._engine.backend.variables = now

    @property
    def action_weights(self) -> dict[str, FloatArray]:
        r"""The weights of the active states now, by the path of the external state; a copy.

        :math:`w_i` of :math:`a_i = w_i\sigma_i`, in the row order of those who act, shape
        ``([networks,] m)``. Plastic ones learn in `learn`, from the answers of the world.
        """
        several = self._axes.networks is not None
        return {
            slot.path: weights.copy() if several else weights[0].copy()
            for slot, weights in zip(
                self._program.externals, self._engine.surroundings.acting_weights, strict=True
            )
        }

    @property
    def state(self) -> FloatArray:
        """The states σ now, shape ``([networks,] [chains,] N)``; a copy. Can be set."""
        return self._axes.seen(self._engine.backend.variables.state).copy()

    @state.setter
    def state(self, state: ArrayLike) -> None:
        self._set_state(checked_states(state, self._program, self._axes, "Simulator.state"))

    def _set_state(self, state: FloatArray) -> None:
        now = self._engine.backend.variables
        now.state = np.array(np.broadcast_to(state, self._axes.shape), dtype=self._dtype)
        self._engine.backend.variables = now

    @property
    def variables(self) -> Variables:
        """Everything that changes (σ, h, θ, J), as a copy with a network and a chain axis.

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
        time_step: ArrayLike | None = None,
        bias_process: Any = None,
        record: str | Iterable[str] = ("states", "free_energy"),
        every: int = 1,
        folder: str | PathLike[str] | None = None,
        progress: bool = False,
    ) -> Run:
        """Infer with frozen couplings, from the present state.

        Parameters
        ----------
        evidence : None, array_like of shape (N,) or ([networks,] [chains,] N), or dict
            See :mod:`deepparticle.compile.evidence`.
        steps : int
            Steps in the run, after burn-in.
        burn_in : int
            Steps before them, which are made but neither recorded nor averaged.
        mode : {"stochastic", "deterministic"}
            Sample the new states, or take their expectation.
        start : array_like of shape (N,) or ([networks,] [chains,] N), optional
            Start here instead of continuing.
        precision, clock, time_step : optional
            For this call only.
        bias_process : callable or array_like of shape (T,) or (T, N), optional
            The biases of each step t of the simulator, for this call: a function of t, or rows that
            are taken in turn (:mod:`deepparticle.agents.biasing`). By default those of the world.
        record : sequence of str
            Names of series, see `deepparticle.compile.run.RECORDS`.
        every : int
            Steps between two records.
        folder : path, optional
            Write the series to ``.npy`` files there, one each, while the run goes on, instead of
            keeping them in memory; what is too large for memory goes to temporary files anyway.
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
        call = self._call(where, mode, precision, None, clock, time_step, bias_process=bias_process)
        given = resolved_evidence(
            self._program, named_by_path(self._world, evidence, where), self._axes, where
        )
        recorder = self._recorder(record, every, steps, call, folder, where)
        if start is not None:
            self._set_state(checked_states(start, self._program, self._axes, "infer, start"))
        engine = self._engine
        monitor = DivergenceMonitor(self._program, self._axes, None, None)
        once = np.zeros((1, self._axes.shape[0]), dtype=np.intp)
        answers = engine.surroundings.answers(given)
        with (
            interruptible() as interruption,
            tqdm(total=burn_in + steps, desc=where, disable=not progress, unit="step") as bar,
            self._kept(recorder, recorder.run),
        ):
            for taking, count in ((None, burn_in), (recorder, steps)):
                if answers and count:
                    shown = [given], once, count
                    engine.live(call, *shown, taking, monitor, interruption, advance=bar.update)
                elif count:
                    held = [engine.surroundings.evidence(given)]
                    timeline = Timeline.of(held, once, count, self._axes)
                    engine.play(call, timeline, taking, monitor, interruption, advance=bar.update)
        return self._finished(recorder, monitor, bool(interruption))

    def learn(
        self,
        patterns: Any,
        evidence_strength: ArrayLike = 1.0,
        epochs: int | None = None,
        steps: int = 10,
        order: str | Sequence[int] = "random",
        reset: bool = False,
        *,
        mode: str = "stochastic",
        learning_rate: ArrayLike | None = None,
        learning_rule: str | Sequence[str] | None = None,
        precision: ArrayLike | None = None,
        clock: ArrayLike | None = None,
        time_step: ArrayLike | None = None,
        bias_process: Any = None,
        record: str | Iterable[str] = ("free_energy",),
        every: int = 1,
        folder: str | PathLike[str] | None = None,
        progress: bool = False,
    ) -> Run:
        r"""Infer and learn at once, while patterns are presented as evidence.

        Parameters
        ----------
        patterns : array_like of shape (P, N), dict {external: (P,) or (P, k)}, iterable or None
            What to present; ``(P, [networks,] [chains,] N)`` for patterns of their own. An
            iterable of single patterns is consumed, one per epoch. None: what the external states
            hold and answer, as of `infer`, in one epoch.
        evidence_strength : float or array_like of shape (networks,)
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
        learning_rate, learning_rule, precision, clock, time_step, bias_process : optional
            For this call only, as of `infer`.
        record, every, folder, progress
            As of `infer`; the default keeps the free energy only.

        Returns
        -------
        Run
            ``run.free_energy``, ``run.patterns``, …; partial if interrupted, with everything
            learned until then kept in ``sim.couplings``.

        Raises
        ------
        DivergenceError
            If learning runs away; see :mod:`deepparticle.compile.divergence`. Of several networks,
            those that do are named in a warning and in ``run.diverged``.
        """
        where = "learn"
        steps = checked_count(steps, where, "steps", 1)
        if epochs is not None:
            epochs = checked_count(epochs, where, "epochs", 1)
        call = self._call(
            where, mode, precision, learning_rate, clock, time_step, learning_rule, bias_process
        )
        assert call.learning_rate is not None
        if learning_rate is None and not np.any(self._settings["learning_rate"]):
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
        checked_folder(folder, where)
        presentation = Presentation(
            self._program,
            self._axes,
            named_by_path(self._world, patterns, where),
            evidence_strength,
            order,
            epochs,
            self._order_streams,
        )
        total = presentation.epochs * steps
        recorder = self._recorder(record, every, total, call, folder, where)
        monitor = DivergenceMonitor(
            self._program, self._axes, self._engine.couplings(), call.learning_rate
        )

        def presented() -> IntArray:
            begun = presentation.presented(-(-recorder.steps // steps))
            return begun if self._axes.networks is not None else begun[:, 0]

        with (
            interruptible() as interruption,
            tqdm(total=total or None, desc=where, disable=not progress, unit="step") as bar,
            self._kept(recorder, lambda interrupted: recorder.run(interrupted, presented())),
        ):
            self._engine.learn(
                call,
                presentation,
                steps,
                recorder,
                monitor,
                interruption,
                reset=reset,
                advance=bar.update,
            )
        return self._finished(recorder, monitor, bool(interruption), presented())

    def relax(
        self,
        start: ArrayLike | None = None,
        evidence: Any = None,
        precision: ArrayLike | None = None,
        *,
        clock: ArrayLike | None = None,
        time_step: ArrayLike | None = None,
        tolerance: float = 1e-9,
        max_steps: int = 10_000,
    ) -> Relaxation:
        """Follow the deterministic dynamics to where the state rests; the simulator stays as it is.

        With the biases of the program: what changes in time has no rest.

        Parameters
        ----------
        start : array_like of shape (N,) or ([networks,] [starts,] N), optional
            By default the present state.
        evidence : optional
            As of `infer`, with starts in the place of chains.
        precision, clock, time_step : optional
            For this call only.
        tolerance : float
            The largest residual of a fixed point, in units of the state
            (:mod:`deepparticle.compile.relaxation`).
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
        start = checked_array(start, "relax, start", "the state")
        axes = self._axes_of_starts(start)
        states = checked_states(start, self._program, axes, "relax, start")
        given = resolved_evidence(
            self._program, named_by_path(self._world, evidence, where), axes, where
        )
        # A residual of 1e-9 is below what float32 can tell. Kernels that make blocks of steps have
        # nothing to gain here, where every step is looked at.
        double = np.dtype(np.float64)
        kind = ObjectBackend if self._snapshot is not None else NumpyBackend

        def make(networks: int, chains: int, variables: Variables) -> SteppingBackend:
            backend = self._make_backend(kind, networks, chains, double)
            assert isinstance(backend, SteppingBackend)
            backend.variables = variables
            return backend

        cells = np.zeros(axes.shape), np.zeros(axes.shape), np.zeros(axes.shape)
        couplings = self._engine.couplings().astype(double)
        first = np.array(np.broadcast_to(states, axes.shape))
        held = self._engine.surroundings.held_in(axes.shape[1]).evidence(given)
        found = relax(
            make,
            Variables(first, *cells, couplings),
            np.broadcast_to(held, axes.shape),
            per_row(precision, axes, self._settings["precision"], where, "precision"),
            row_clocks(clock, self._program, where),
            self._site_stream(axes) if self._program.schedule == "random" else None,
            limit,
            max_steps,
            self._time_steps(time_step, axes, where),
        )
        if not axes.outer:
            return Relaxation(
                found[0][0, 0], bool(found[1][0, 0]), int(found[2][0, 0]), int(found[3][0, 0])
            )
        seen: list[Any] = [axes.seen(part) for part in found]
        return Relaxation(*seen)

    def _axes_of_starts(self, start: FloatArray) -> Axes:
        """The axes of a relaxation: starts are chains of it."""
        extra = start.ndim - 1 - (self._axes.networks is not None)
        starts = None if extra < 1 else checked_count(start.shape[-2], "relax", "starts", 1)
        return dataclasses.replace(self._axes, chains=starts)

    def _site_stream(self, axes: Axes) -> Iterator[IntArray]:
        # Where relaxation ends does not depend on these, so they do not disturb the run's stream.
        rng = np.random.default_rng(0)
        while True:
            yield rng.integers(axes.size, size=axes.shape)

    # ------------------------------------------------------------------ writing back

    def write_back(self, *, states: bool = False, network: int | None = None) -> None:
        """Write the learned couplings, and weights of active states, into the world.

        Parameters
        ----------
        states : bool
            Also write the states (without a chain axis only).
        network : int, optional
            Those of which network, where there are several.

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
        count = self._axes.networks
        if (count is None) != (network is None) or (
            count is not None and checked_count(network, "write_back", "network") >= count
        ):
            raise SettingError(
                Fault(
                    "write_back",
                    "a world is one network",
                    f"network={network!r} of {'one' if count is None else count}",
                    "leave network= out" if count is None else f"give network=0…{count - 1}",
                )
            )
        if states and self._axes.chains is not None:
            raise SettingError(
                Fault(
                    "write_back",
                    "a world has one state per subparticle",
                    f"{self._axes.chains} chains",
                    "write back without states=True",
                )
            )
        learned = self._engine.couplings()[network or 0]
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
        changed, known = learned != self._known, learned.copy()
        if self._program.layout == "dense":
            learned, changed = learned[self._program.entries], changed[self._program.entries]
        write_entries(self._world, coupling_entries(self._world), learned, changed)
        self._known = known
        for slot, weights in zip(
            self._program.externals, self._engine.surroundings.acting_weights, strict=True
        ):
            if slot.learns:
                write_action_weights(self._world, slot.path, weights[network or 0])
        if states:
            now = self._engine.backend.variables.state[network or 0, 0]
            write_states(self._world, now)

    # ------------------------------------------------------------------ within a call

    def _time_steps(self, value: Any, axes: Axes, where: str) -> FloatArray | None:
        default = self._settings["time_step"]
        steps = row_time_steps(value, self._program, axes, default, where)
        return steps if self._program.diffuses else None

    def _call(
        self,
        where: str,
        mode: str,
        precision: Any,
        learning_rate: Any,
        clock: Any,
        time_step: Any,
        learning_rule: Any = None,
        bias_process: Any = None,
    ) -> Call:
        checked_option(mode, MODES, where, "mode")

        def setting(name: str, value: Any) -> FloatArray:
            values = per_row(value, self._axes, self._settings[name], where, name)
            return values.astype(self._dtype)

        steps = self._time_steps(time_step, self._axes, where)
        rules = rules_of(row_rules(learning_rule, self._program, where))
        reason = self._class.rule_refusal(self._program, rules) if where == "learn" else None
        if reason is not None:
            rule = f"backend {self._class.name!r} can learn by the rule"
            mend = "use backend='numpy', which learns by every rule"
            raise SettingError(Fault(where, rule, reason, mend))
        rate = setting("learning_rate", learning_rate) if where == "learn" else None
        for one in rules:
            if rate is not None and one.rule.name == "frozen":
                rate[:, one.rows] = 0.0
        return Call(
            mode,
            setting("precision", precision),
            rate,
            row_clocks(clock, self._program, where),
            None if steps is None else steps.astype(self._dtype),
            rules,
            self._biases(bias_process, where),
        )

    def _biases(self, process: Any, where: str) -> tuple[BiasRows, ...]:
        checked = checked_bias_process(process, f"{where}, bias_process")
        if checked is None:
            return self._program.biases
        size = self._program.size
        bias_at(checked, self._engine.time, size, f"{where}, bias_process")  # of the right shape
        return (BiasRows(checked, 0, size, f"{where}, bias_process"),)

    def _recorder(
        self, record: Any, every: int, steps: int, call: Call, folder: Any, where: str
    ) -> Recorder:
        return Recorder(
            self._program,
            self._axes,
            checked_records(record, where),
            checked_count(every, where, "every", 1),
            steps,
            Folder(checked_folder(folder, where)),
            precision=call.precision,
            held=call.clock is not None or self._program.schedule == "random",
            learning=call.learning_rate is not None,
        )

    @contextmanager
    def _kept(self, recorder: Recorder, run: Callable[[bool], Run]) -> Iterator[None]:
        """Whatever ends a call, what was recorded until then can be read."""
        try:
            yield
        except DivergenceError as error:
            error.run = run(False)
            raise
        finally:
            recorder.close()

    def _finished(
        self,
        recorder: Recorder,
        monitor: DivergenceMonitor,
        interrupted: bool,
        patterns: IntArray | None = None,
    ) -> Run:
        several = self._axes.networks is not None
        for message in monitor.messages:
            warnings.warn(message, DivergenceWarning, stacklevel=3)  # at the caller
        return recorder.run(interrupted, patterns, monitor.diverged if several else None)

    def __repr__(self) -> str:
        counts = zip(("networks", "chains"), (self._axes.networks, self._axes.chains), strict=True)
        several = "".join(f", {count} {name}" for name, count in counts if count is not None)
        return (
            f"<Simulator of {self._program.name!r}: {self._program.size} subparticles, "
            f"{self.backend}, {self._program.schedule}{several}, {self._dtype}, t = {self.time}>"
        )
