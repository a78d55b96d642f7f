"""The loop: blocks of steps, each with its randomness and its evidence.

A run is cut into blocks, since one call for many steps costs a compiled backend as much as one call
for one step. Where the cuts are depends on the run alone, never on the clock, and changes no number
but by rounding of means: the random numbers of a step are the same wherever its block begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from deepparticle.agents.biasing import bias_at, steps_of_one_bias
from deepparticle.agents.elementwise import normal_quantile
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.axes import Axes
from deepparticle.compile.backends.base import Backend, Block
from deepparticle.compile.divergence import DivergenceMonitor
from deepparticle.compile.evidence import Surroundings
from deepparticle.compile.interrupting import Interruption
from deepparticle.compile.presentation import Presentation
from deepparticle.compile.rules import RowsOfRule
from deepparticle.compile.run import Recorder, recorded
from deepparticle.partitions.biases import BiasRows

__all__ = ["Call", "Engine", "Timeline"]

# A block has at most so many random numbers and kept values (32 MiB of float64), and at most so
# much work, so that Ctrl-C and the progress bar are answered several times a second.
_NUMBERS = 2**22
_WORK = 2**28

# While learning, blocks grow by this part of what was learned until then: divergence is looked for
# at their ends, and should be found before a run has made many times the steps that led to it.
_GROWTH = 1 / 10


@dataclass(frozen=True, eq=False)
class Call:
    """What holds during one call of a simulator.

    Parameters
    ----------
    mode : str
        ``stochastic`` or ``deterministic``.
    precision : ndarray of shape (R, N)
    learning_rate : ndarray of shape (R, N) or None
        None does not learn.
    clock : ndarray of shape (N,) or None
    time_step : ndarray of shape (R, N) or None
        For the schedule ``langevin``.
    rules : tuple of RowsOfRule
        By which rule each row learns.
    biases : tuple of BiasRows
        Which rows have biases that change in time; those that come later win.
    """

    mode: str
    precision: FloatArray
    learning_rate: FloatArray | None
    clock: IntArray | None
    time_step: FloatArray | None
    rules: tuple[RowsOfRule, ...] = ()
    biases: tuple[BiasRows, ...] = ()


class _Drawn(NamedTuple):
    """The random numbers of a block, as `Block` names them."""

    uniforms: FloatArray | None
    sites: IntArray | None
    deviates: FloatArray | None


@dataclass(frozen=True, eq=False)
class Timeline:
    """Which evidence is shown when, where that is known beforehand.

    Parameters
    ----------
    rows : ndarray of shape (T, N)
        The distinct vectors of evidence.
    patterns : ndarray of int, shape (P, R, C)
        Which of them each pattern shows to each network and chain.
    order : ndarray of int, shape (epochs, R)
        Which pattern each epoch presents to each network.
    epoch : int
        The steps of an epoch.
    """

    rows: FloatArray
    patterns: IntArray
    order: IntArray
    epoch: int

    @classmethod
    def of(cls, givens: Sequence[FloatArray], order: IntArray, epoch: int, axes: Axes) -> Timeline:
        """From evidence of shape (R or 1, C or 1, N), one per pattern."""
        networks, chains, size = axes.shape
        rows = np.concatenate([given.reshape(-1, size) for given in givens])
        places, first = [], 0
        for given in givens:
            lead = given.shape[:2]
            place = np.arange(first, first + lead[0] * lead[1]).reshape(lead)
            places.append(np.broadcast_to(place, (networks, chains)))
            first += place.size
        return cls(rows, np.stack(places), order, epoch)

    @property
    def steps(self) -> int:
        """The steps of all epochs."""
        return len(self.order) * self.epoch

    def shown(self, start: int, stop: int) -> IntArray:
        """The rows shown in the steps from `start` to `stop`, shape (R, steps, C)."""
        pattern = self.order[np.arange(start, stop) // self.epoch]  # (steps, R)
        return np.moveaxis(self.patterns[pattern, np.arange(pattern.shape[1])], 0, 1)


class Engine:
    """A backend in time: gives each block what it needs, in a fixed order, and counts steps.

    Parameters
    ----------
    backend : Backend
    axes : Axes
    streams : sequence of numpy.random.Generator
        One per network. Per step: one array of uniforms (C, N) unless deterministic; then, for the
        random schedule, the rows (C, N); then, for M noisy boundary states, one array of uniforms
        (C, M) unless deterministic; then whatever the processes of the external states draw.
    own_stream : bool
        Whether the backend draws for itself.
    """

    def __init__(
        self,
        backend: Backend,
        axes: Axes,
        streams: Sequence[np.random.Generator],
        own_stream: bool,
    ) -> None:
        self.backend = backend
        self.axes = axes
        self.surroundings = Surroundings(backend.program, axes)
        self.time = 0
        self._streams = streams
        # States without bounds may be lost in the middle of a block, which is then made again: with
        # the same random numbers, so that these are drawn here.
        self._own_stream = own_stream and backend.program.bounded
        if self._own_stream:
            words = [stream.spawn(1)[0].integers(2**32, size=8) for stream in streams]
            backend.seed(np.array(words, dtype=np.uint32))
        self._bias = backend.program.bias
        # What the last step showed in which call, to compare a block of one step with it.
        self._last: tuple[DivergenceMonitor, FloatArray] | None = None

    def couplings(self) -> FloatArray:
        """The couplings now, as the backend holds them."""
        return self.backend.variables.couplings

    # ------------------------------------------------------------------ what a block is given

    def _set_bias(self, call: Call, recorder: Recorder | None) -> None:
        """Set the biases of the next block, throughout which they hold."""
        bias = self.backend.program.bias
        if call.biases:
            bias = bias.copy()
            for one in call.biases:
                count = one.stop - one.start
                bias[one.start : one.stop] = bias_at(one.process, self.time, count, one.path)
        if not np.array_equal(bias, self._bias):
            self._bias = bias
            self.backend.set_bias(bias)
        if recorder is not None:
            recorder.set_bias(bias)

    def _randomness(self, mode: str, steps: int) -> _Drawn:
        networks, chains, size = self.axes.shape
        shape = (networks, steps, chains, size)
        stochastic = mode == "stochastic"
        by_site = self.backend.program.schedule == "random"
        if self._own_stream and (stochastic or not by_site):
            return _Drawn(None, None, None)
        noise = self.backend.program.noise
        deviates = None
        if stochastic and noise is not None:
            deviates = np.empty((*shape[:3], noise.targets.size), self.backend.dtype)
        uniforms = np.empty(shape, self.backend.dtype) if stochastic else None
        sites = np.empty(shape, dtype=np.intp) if by_site else None
        kind: Any = self.backend.dtype.type
        for network, stream in enumerate(self._streams):
            if sites is None and deviates is None:
                if uniforms is not None:
                    stream.random(dtype=kind, out=uniforms[network])
                continue
            for step in range(steps):
                if uniforms is not None:
                    stream.random(dtype=kind, out=uniforms[network, step])
                if sites is not None:
                    sites[network, step] = stream.integers(size, size=(chains, size))
                if deviates is not None:
                    drawn = stream.random(deviates.shape[2:], dtype=kind)
                    deviates[network, step] = normal_quantile(drawn)
        return _Drawn(uniforms, sites, deviates)

    def _block(
        self,
        call: Call,
        rows: FloatArray,
        shown: IntArray,
        drawn: _Drawn,
        recorder: Recorder | None,
        reset: BoolArray | None = None,
    ) -> Block:
        steps = shown.shape[1]
        kept = np.zeros(steps, dtype=np.bool_)
        if recorder is not None and recorder.records:
            kept[-recorder.steps % recorder.every :: recorder.every] = True
        return Block(
            time=self.time,
            steps=steps,
            stochastic=call.mode == "stochastic",
            evidence=rows.astype(self.backend.dtype, copy=False),
            shown=shown,
            precision=call.precision,
            learning_rate=call.learning_rate,
            clock=call.clock,
            time_step=call.time_step,
            rules=call.rules,
            uniforms=drawn.uniforms,
            sites=drawn.sites,
            deviates=drawn.deviates,
            reset=reset,
            keep=() if recorder is None else recorder.keep,
            kept=kept,
        )

    def _make(
        self,
        block: Block,
        recorder: Recorder | None,
        monitor: DivergenceMonitor,
        ends_epoch: bool,
    ) -> None:
        # Unbounded states may overflow within a block; the monitor says so at its end.
        quiet: Any = nullcontext() if monitor.bounded else np.errstate(all="ignore")
        if recorder is not None and recorder.needs_change and block.kept.any():
            recorder.before(self.couplings())
        risky = not monitor.bounded and block.steps > 1
        before = self.backend.variables.copy() if risky else None
        with quiet:
            trace = self.backend.run(block)
        if before is not None and monitor.sees_loss(trace):
            # Again from where the numbers were sound, up to the step in which they are lost.
            self.backend.variables = before
            for step in range(block.steps):
                last = ends_epoch and step == block.steps - 1
                self._make(_one_step(block, step), recorder, monitor, last)
            return
        self.time += block.steps
        if recorder is not None:
            kept_rows = block.shown[:, block.kept]
            with nullcontext() if monitor.bounded else np.errstate(all="ignore"):
                recorder.take(trace, block.steps, self.couplings, lambda: block.evidence[kept_rows])
        evidence = block.evidence[block.shown[:, -1]]
        if ends_epoch or not monitor.bounded:
            earlier = None
            if block.steps > 1:
                earlier = block.evidence[block.shown[:, -2]]
            elif self._last is not None and self._last[0] is monitor:
                earlier = self._last[1]
            same = np.zeros(len(evidence), dtype=np.bool_)
            if earlier is not None and ends_epoch:
                same = np.all(evidence == earlier, axis=(1, 2))
            monitor.look(trace, evidence, same, self.couplings, self.time)
        self._last = (monitor, evidence)

    # ------------------------------------------------------------------ a call of the simulator

    def play(
        self,
        call: Call,
        timeline: Timeline,
        recorder: Recorder | None,
        monitor: DivergenceMonitor,
        interruption: Interruption,
        *,
        reset: bool = False,
        advance: Callable[[int], object] = lambda steps: None,
    ) -> int:
        """Make the steps of a timeline; return how many were made before an interruption.

        Parameters
        ----------
        call : Call
        timeline : Timeline
        recorder : Recorder or None
        monitor : DivergenceMonitor
        interruption : Interruption
        reset : bool
            Whether the states return to 0 before each epoch.
        advance : callable
            Called with the number of steps of every block, for the progress bar.
        """
        done = 0
        while done < timeline.steps and not interruption:
            stop = self._next_cut(done, timeline, call, recorder, monitor)
            resets = None
            if reset:
                resets = np.arange(done, stop) % timeline.epoch == 0
            self._set_bias(call, recorder)
            drawn = self._randomness(call.mode, stop - done)
            shown = timeline.shown(done, stop)
            block = self._block(call, timeline.rows, shown, drawn, recorder, resets)
            self._make(block, recorder, monitor, stop % timeline.epoch == 0)
            advance(stop - done)
            done = stop
        return done

    def _next_cut(
        self,
        done: int,
        timeline: Timeline,
        call: Call,
        recorder: Recorder | None,
        monitor: DivergenceMonitor,
    ) -> int:
        networks, chains, size = self.axes.shape
        numbers, work = networks * chains * size, self.backend.work()
        limit = max(1, _WORK // work)
        if not self._own_stream and call.mode == "stochastic":
            limit = min(limit, max(1, _NUMBERS // numbers))
        if recorder is not None and recorder.keep:
            limit = min(limit, max(1, _NUMBERS // numbers) * recorder.every)
        looks = call.learning_rate is not None or not monitor.bounded
        if looks:
            grown = int(done * _GROWTH) if monitor.calm else 0
            limit = min(limit, max(timeline.epoch, grown))
        for one in call.biases:
            limit = min(limit, steps_of_one_bias(one.process, self.time, limit))
        stop = min(done + limit, timeline.steps)
        if looks and stop < timeline.steps and stop - stop % timeline.epoch > done:
            stop -= stop % timeline.epoch  # at the end of an epoch, where learning is looked at
        if recorder is not None:
            stop = self._cut_for(recorder, done, stop)
        return max(stop, done + 1)

    @staticmethod
    def _cut_for(recorder: Recorder, done: int, stop: int) -> int:
        # Couplings that change are read between blocks: after each step that records them, and
        # before it, where the record is their change.
        steps, every = recorder.steps, recorder.every
        if recorder.needs_couplings or recorder.needs_change:
            following = done + (-steps % every) + 1
            stop = min(stop, following)
            if (
                recorder.needs_change
                and recorded(steps, steps + stop - done, every)
                and (stop - done > 1)
            ):
                stop -= 1
        return stop

    def live(
        self,
        call: Call,
        givens: Sequence[Any],
        steps: int,
        recorder: Recorder | None,
        monitor: DivergenceMonitor,
        interruption: Interruption,
        *,
        reset: bool = False,
        advance: Callable[[int], object] = lambda steps: None,
    ) -> int:
        """Make steps one at a time, the processes of the external states answering in each.

        The world answers first, to the actions before; then active states learn from the answer.

        Parameters
        ----------
        givens : sequence of None, ndarray or dict of int to ndarray
            What each network is given, as of `resolved_evidence`; other parameters as of `play`.
        """
        once = np.zeros((1, self.axes.shape[0]), dtype=np.intp)
        for step in range(steps):
            if interruption:
                return step
            # The order of the draws is part of what is promised: uniforms, rows, processes.
            self._set_bias(call, recorder)
            drawn = self._randomness(call.mode, 1)
            state = self.backend.variables.state
            if reset and step == 0:
                state = np.zeros_like(state)
            self.surroundings.advance(givens, state, self._streams, call.learning_rate)
            now = Timeline.of([self.surroundings.evidence_of_each(givens)], once, 1, self.axes)
            resets = np.array([reset and step == 0])
            block = self._block(call, now.rows, now.shown(0, 1), drawn, recorder, resets)
            self._make(block, recorder, monitor, step == steps - 1)
            advance(1)
        return steps

    def learn(
        self,
        call: Call,
        presentation: Presentation,
        steps: int,
        recorder: Recorder,
        monitor: DivergenceMonitor,
        interruption: Interruption,
        *,
        reset: bool,
        advance: Callable[[int], object],
    ) -> None:
        """Learn from what is presented, so many steps per epoch; parameters as of `play`."""
        if presentation.stream is None and not any(
            self.surroundings.answers(given) for given in presentation.givens
        ):
            givens = [self.surroundings.evidence(given) for given in presentation.givens]
            timeline = Timeline.of(givens, presentation.order, steps, self.axes)
            self.play(call, timeline, recorder, monitor, interruption, reset=reset, advance=advance)
            return
        once = np.zeros((1, self.axes.shape[0]), dtype=np.intp)
        for each in presentation:
            if interruption:
                return
            if any(self.surroundings.answers(given) for given in each):
                self.live(
                    call, each, steps, recorder, monitor, interruption, reset=reset, advance=advance
                )
                continue
            rows = [self.surroundings.evidence_of_each(each)]
            self.play(
                call,
                Timeline.of(rows, once, steps, self.axes),
                recorder,
                monitor,
                interruption,
                reset=reset,
                advance=advance,
            )


def _one_step(block: Block, step: int) -> Block:
    """One step of a block, as a block of its own."""
    at = slice(step, step + 1)
    return replace(
        block,
        time=block.time + step,
        steps=1,
        shown=block.shown[:, at],
        uniforms=None if block.uniforms is None else block.uniforms[:, at],
        sites=None if block.sites is None else block.sites[:, at],
        deviates=None if block.deviates is None else block.deviates[:, at],
        reset=None if block.reset is None else block.reset[at],
        kept=block.kept[at],
    )
