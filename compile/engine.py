"""The loop: blocks of steps, each with its randomness and its evidence.

A run is cut into blocks, since one call for many steps costs a compiled backend as much as one call
for one step. Where the cuts are depends on the run alone, never on the clock, and changes no number
but by rounding of means: the random numbers of a step are the same wherever its block begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from deepparticle.agents.biasing import bias_at, steps_of_one_bias
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.compile.array_worlds import (
    ArrayWorld,
    evidence_with,
    one_step_of,
    settle,
)
from deepparticle.compile.axes import Axes
from deepparticle.compile.backends.base import Backend, Block
from deepparticle.compile.calling import Call
from deepparticle.compile.divergence import DivergenceMonitor
from deepparticle.compile.evidence import Surroundings
from deepparticle.compile.foretold import Foretold, known_ahead
from deepparticle.compile.interrupting import Interruption
from deepparticle.compile.presentation import Presentation
from deepparticle.compile.randomness import Drawn, drawn
from deepparticle.compile.run import Recorder
from deepparticle.compile.timeline import Timeline, evidence_kept, one_step

__all__ = ["Call", "Engine", "Timeline"]

# A block has at most so many random numbers and kept values (32 MiB of float64), and at most so
# much work, so that Ctrl-C and the progress bar are answered several times a second.
_NUMBERS = 2**22
_WORK = 2**28

# While learning, blocks grow by this part of what was learned until then: divergence is looked for
# at their ends, and should be found before a run has made many times the steps that led to it.
_GROWTH = 1 / 10


class Engine:
    """A backend in time: gives each block what it needs, in a fixed order, and counts steps.

    Parameters
    ----------
    backend : Backend
    axes : Axes
    streams : sequence of numpy.random.Generator
        One per network, drawn from in the order of :mod:`deepparticle.compile.randomness`; plain
        processes draw for themselves, after the others.
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

    def _randomness(
        self, mode: str, steps: int, worlds: tuple[ArrayWorld, ...] = ()
    ) -> tuple[Drawn, tuple[ArrayWorld, ...]]:
        networks, chains, size = self.axes.shape
        program, stochastic = self.backend.program, mode == "stochastic"
        by_site = program.schedule == "random"
        shared = not (self._own_stream and (stochastic or not by_site))
        noise = program.noise
        numbers = drawn(
            self._streams,
            (networks, steps, chains, size),
            self.backend.dtype,
            uniforms=shared and stochastic,
            sites=shared and by_site,
            deviates=0 if noise is None or not (shared and stochastic) else noise.targets.size,
            worlds=[world.form for world in worlds],
        )
        return numbers, tuple(
            replace(world, draws=draws) for world, draws in zip(worlds, numbers.worlds, strict=True)
        )

    def _block(
        self,
        call: Call,
        rows: FloatArray,
        shown: IntArray,
        numbers: Drawn,
        recorder: Recorder | None,
        reset: BoolArray | None = None,
        worlds: tuple[ArrayWorld, ...] = (),
    ) -> Block:
        steps = shown.shape[1]
        kept = np.zeros(steps, dtype=np.bool_)
        if recorder is not None and recorder.records:
            kept[-recorder.steps % recorder.every :: recorder.every] = True
        keep = () if recorder is None else recorder.keep
        if worlds and recorder is not None and recorder.needs_evidence:
            keep = (*keep, "evidence")
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
            uniforms=numbers.uniforms,
            sites=numbers.sites,
            deviates=numbers.deviates,
            reset=reset,
            keep=keep,
            kept=kept,
            worlds=worlds,
        )

    def _make(
        self,
        block: Block,
        recorder: Recorder | None,
        monitor: DivergenceMonitor,
        ends_epoch: bool,
    ) -> None:
        # Unbounded states and worlds may overflow within a block, which is seen at its end.
        quiet: Any = nullcontext() if monitor.bounded else np.errstate(all="ignore")
        if recorder is not None and recorder.needs_change and block.kept.any():
            recorder.before(self.couplings())
        risky = not monitor.bounded and block.steps > 1
        before = self.backend.variables.copy() if risky or block.worlds else None
        with quiet:
            trace = self.backend.run(block)
        lost = not all(np.all(answer.sound) for answer in trace.worlds)
        lost = lost or (risky and monitor.sees_loss(trace))
        if before is not None and lost:
            # Again from where the numbers were sound, up to the step in which they are lost.
            self.backend.variables = before
            if block.steps > 1:
                self._make_each(block, recorder, monitor, ends_epoch)
                return
        settle(block.worlds, trace.worlds, self.surroundings)
        self.time += block.steps
        if recorder is not None:
            with nullcontext() if monitor.bounded else np.errstate(all="ignore"):
                recorder.take(
                    trace, block.steps, self.couplings, lambda: evidence_kept(block, trace)
                )
        shown = [one.value for one in trace.worlds]
        evidence = evidence_with(block.evidence[block.shown[:, -1]], block.worlds, shown)
        if ends_epoch or not monitor.bounded:
            earlier = None
            if block.steps > 1:
                shown = [one.before for one in trace.worlds]
                earlier = evidence_with(block.evidence[block.shown[:, -2]], block.worlds, shown)
            elif self._last is not None and self._last[0] is monitor:
                earlier = self._last[1]
            same = np.zeros(len(evidence), dtype=np.bool_)
            if earlier is not None and ends_epoch:
                same = np.all(evidence == earlier, axis=(1, 2))
            monitor.look(trace, evidence, same, self.couplings, self.time)
        self._last = (monitor, evidence)

    def _make_each(
        self,
        block: Block,
        recorder: Recorder | None,
        monitor: DivergenceMonitor,
        ends_epoch: bool,
    ) -> None:
        for step in range(block.steps):
            worlds = one_step_of(block.worlds, self.surroundings, step)
            part = replace(one_step(block, step), worlds=worlds)
            self._make(part, recorder, monitor, ends_epoch and step == block.steps - 1)

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
            numbers, _ = self._randomness(call.mode, stop - done)
            shown = timeline.shown(done, stop)
            block = self._block(call, timeline.rows, shown, numbers, recorder, resets)
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
        worlds: tuple[ArrayWorld, ...] = (),
        changes: bool = False,
    ) -> int:
        networks, chains, size = self.axes.shape
        numbers, work = networks * chains * size, self.backend.work()
        limit = max(1, _WORK // work)
        if changes or (not self._own_stream and call.mode == "stochastic"):
            noise = self.backend.program.noise
            most = size if noise is None else max(size, noise.targets.size)
            limit = min(limit, max(1, _NUMBERS // (networks * chains * most)))
        if worlds:
            needed = sum(world.form.normals + world.form.uniforms for world in worlds)
            limit = min(limit, max(1, _NUMBERS // (networks * chains * max(needed, 1))))
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
            stop = recorder.cut(done, stop)
        return max(stop, done + 1)

    def live(
        self,
        call: Call,
        patterns: Sequence[Any],
        order: IntArray,
        epoch: int,
        recorder: Recorder | None,
        monitor: DivergenceMonitor,
        interruption: Interruption,
        *,
        reset: bool = False,
        advance: Callable[[int], object] = lambda steps: None,
    ) -> None:
        """Make steps in which the processes of the external states answer.

        The world answers first, to the actions before; then active states learn from the answer.
        Steps are made one at a time, unless what answers is settled beforehand, or is array code
        that the backend takes into its own loop.

        Parameters
        ----------
        patterns : sequence of None, ndarray or dict of int to ndarray
            What is given, as of `resolved_evidence`: all leave the same external states open, or
            all are given in one epoch.
        order : ndarray of int, shape (epochs, R)
            Which pattern each epoch presents to each network.
        epoch : int
            The steps of an epoch; other parameters as of `play`.
        """
        around, program = self.surroundings, self.backend.program
        once, steps, done = np.zeros_like(order[:1]), len(order) * epoch, 0
        beside: dict[frozenset[int], Timeline] = {}
        while done < steps and not interruption:
            givens = [patterns[index] for index in order[done // epoch].tolist()]
            ahead = known_ahead(self.backend, around, givens, call.learning_rate is not None)
            told, worlds, stop = *(ahead or ((), ())), done + 1
            if ahead is not None:
                without = frozenset((*told, *(world.number for world in worlds)))
                if without not in beside:
                    rows = [around.evidence(given, without) for given in patterns]
                    beside[without] = Timeline.of(rows, order, epoch, self.axes)
                now = beside[without]
                stop = self._next_cut(done, now, call, recorder, monitor, worlds, bool(told))
            known = Foretold(program, around, told, stop - done)
            if not known.steps:  # a stream that has stopped says so when it is asked
                ahead, worlds, known = None, (), Foretold(program, around, (), 1)
            stop = done + known.steps
            # The order of the draws is part of what is promised: uniforms, rows, processes.
            self._set_bias(call, recorder)
            numbers, worlds = self._randomness(call.mode, stop - done, worlds)
            resets = reset & (np.arange(done, stop) % epoch == 0)
            if ahead is None:
                state = self.backend.variables.state
                if resets[0]:
                    state = np.zeros_like(state)
                around.advance(givens, state, self._streams, call.learning_rate)
                now = Timeline.of([around.evidence_of_each(givens)], once, steps, self.axes)
            shown = known.shown(now.rows, now.shown(done, stop))
            block = self._block(call, *shown, numbers, recorder, resets, worlds)
            before = self.time
            try:
                self._make(block, recorder, monitor, stop % epoch == 0)
            finally:
                known.settle(self.time - before)
            advance(stop - done)
            done = stop

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
        held: tuple[Any, ...] = recorder, monitor, interruption

        def present(givens: Sequence[Any], order: IntArray) -> None:
            if any(map(self.surroundings.opened, givens)):
                self.live(call, givens, order, steps, *held, reset=reset, advance=advance)
                return
            rows = [self.surroundings.evidence(given) for given in givens]
            timeline = Timeline.of(rows, order, steps, self.axes)
            self.play(call, timeline, *held, reset=reset, advance=advance)

        opened = {self.surroundings.opened(given) for given in presentation.givens}
        if presentation.stream is None and len(opened) == 1:
            present(presentation.givens, presentation.order)
            return
        each_its_own = np.arange(self.axes.shape[0])[None]
        for each in presentation:
            if interruption:
                return
            present(each, each_its_own)
