"""Long stationary runs, block by block: what is measured on them need not fit in memory.

A run starts at states drawn from the base measures (chains that begin far apart show by how they
meet whether the run is long enough), forgets its burn-in, and hands out consecutive states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from tqdm.auto import tqdm

from deepparticle.analysis.frozen import FrozenNetwork
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.groups import group_map
from deepparticle.compile.run import Run
from deepparticle.compile.simulator import Simulator

__all__ = ["Block", "Meter", "measure", "sampled_blocks"]

# So many numbers are held of a run at once (16 MiB), and a few times as many in computations.
_NUMBERS = 2**21


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive steps of a run.

    Parameters
    ----------
    times : ndarray of int, shape (B,)
        The number of each step, for clocks.
    before, after : ndarray of shape (R, B, C, N)
        The states before and after each of the steps, of every network and chain.
    """

    times: IntArray
    before: FloatArray
    after: FloatArray


class Meter(Protocol):
    """What can be measured on a run."""

    def take(self, block: Block) -> None:
        """Take note of a block."""
        ...


def measure(
    meters: Sequence[Meter],
    simulator: Simulator,
    network: FrozenNetwork,
    *,
    steps: int,
    burn_in: int,
    chains: int,
    seed: int,
    where: str,
    progress: bool = False,
) -> None:
    """Show one run to several meters; parameters as of `sampled_blocks`.

    Clocks round the steps up to whole periods, and two chains are the fewest that have an error.
    """
    steps = checked_count(steps, where, "steps", 2)
    for block in sampled_blocks(
        simulator,
        network,
        steps=-(-steps // network.period) * network.period,
        burn_in=burn_in,
        chains=checked_count(chains, where, "chains", 2),
        seed=seed,
        where=where,
        progress=progress,
    ):
        for meter in meters:
            meter.take(block)


def sampled_blocks(
    simulator: Simulator,
    network: FrozenNetwork,
    *,
    steps: int,
    burn_in: int,
    chains: int,
    seed: int,
    where: str,
    progress: bool = False,
) -> Iterator[Block]:
    """Run a copy of a simulator and hand out its states.

    Parameters
    ----------
    simulator : Simulator
        Left as it is.
    network : FrozenNetwork
        The same network: its evidence and precision hold during the run.
    steps, burn_in : int
        Steps per chain, handed out and before that.
    chains : int
        Independent chains of each network.
    seed : int
        Of starts and runs.
    where : str
        Who asks, for messages and for the progress bar.
    progress : bool
        Show a progress bar.

    Yields
    ------
    Block

    Examples
    --------
    >>> from deepparticle.analysis.frozen import frozen_network
    >>> from deepparticle.analysis.networks import simulator_of
    >>> sim = simulator_of([[0.0, 1.0], [1.0, 0.0]])
    >>> run = dict(steps=30, burn_in=10, chains=4, seed=0, where="example")
    >>> [block.after.shape for block in sampled_blocks(sim, frozen_network(sim), **run)]
    [(1, 30, 4, 2)]
    """
    steps = checked_count(steps, where, "steps", 1)
    burn_in = checked_count(burn_in, where, "burn_in")
    chains = checked_count(chains, where, "chains", 1)
    streams = np.random.SeedSequence(checked_count(seed, where, "seed")).spawn(2)
    copy = simulator.fork(chains=chains, seed=streams[0])
    alone = network.networks is None
    shape = (len(network.drive), chains, network.size)
    drawn = np.random.default_rng(streams[1]).random(shape)
    start = group_map(network.program, "sample", np.zeros(shape), drawn)
    copy.state = start[0] if alone else start
    evidence = network.evidence[0] if alone else network.evidence[:, None]
    precision = network.precision[0] if alone else network.precision
    length = max(1, _NUMBERS // int(np.prod(shape)))
    with tqdm(total=burn_in + steps, desc=where, disable=not progress, unit="step") as bar:
        if burn_in:
            _finished(copy.infer(evidence, burn_in, precision=precision, record=()))
            bar.update(burn_in)
        last = copy.state
        for done in range(0, steps, length):
            count = min(length, steps - done)
            time = copy.time
            run = copy.infer(evidence, count, precision=precision, record="states")
            _finished(run)
            states = np.concatenate([last[None], run.states]).astype(np.float64, copy=False)
            last = run.states[-1]
            states = states[:, None] if alone else states
            each = np.moveaxis(states, 0, 1)
            yield Block(np.arange(time, time + count), each[:, :-1], each[:, 1:])
            bar.update(count)


def _finished(run: Run) -> None:
    """Ctrl-C ends what is measured on a run, not only the run."""
    if run.interrupted:
        raise KeyboardInterrupt
