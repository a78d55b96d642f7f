"""Timing in turns.

Contenders are timed in turns, one repetition of each per round and another one first in each
round, so that whatever changes on the machine during the run meets all of them. Before that each
makes calls that are not counted, which compile, warm up and find out how much work fills the
wanted time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tqdm.auto import tqdm

from deepparticle.benchmarks.results import Measurement

__all__ = ["Contender", "Elapsed", "in_turns", "timed"]


@dataclass(frozen=True)
class Elapsed:
    """Seconds of wall time, and of processor time of all threads (0: not measured)."""

    wall: float
    processor: float = 0.0


@dataclass(frozen=True)
class Contender:
    """Something that does an amount of work and says how long it took.

    Parameters
    ----------
    name : str
    measure : callable
        Does so much work and returns the time; it need not be the time that the call took.
    unit : float
        Units of work in an amount of 1: times are reported per unit.
    amount : int, optional
        Always do so much; by default as much as fills the wanted time.
    ready : bool
        Whether its first call counts already.
    """

    name: str
    measure: Callable[[int], Elapsed]
    unit: float = 1.0
    amount: int | None = None
    ready: bool = False


def timed(call: Callable[[int], object]) -> Callable[[int], Elapsed]:
    """Measure a call by the clock.

    Examples
    --------
    >>> timed(lambda amount: sum(range(amount)))(1000).wall > 0
    True
    """

    def measure(amount: int) -> Elapsed:
        processor, wall = time.process_time(), time.perf_counter()
        call(amount)
        return Elapsed(time.perf_counter() - wall, time.process_time() - processor)

    return measure


def fitting_amount(contender: Contender, seconds: float) -> int:
    """How much work takes about so long; warms up, with the very amount that is returned."""
    if contender.amount is not None:
        if not contender.ready:
            contender.measure(contender.amount)
        return contender.amount
    amount = 1
    while True:
        # A new amount may be compiled anew: the first call with it says nothing.
        contender.measure(amount)
        wall = contender.measure(amount).wall
        if wall >= 0.5 * seconds:
            return amount
        wanted = math.ceil(amount * seconds / max(wall, 1e-9))
        amount = max(amount + 1, min(20 * amount, wanted))


def in_turns(
    contenders: Sequence[Contender],
    repeats: int,
    seconds: float,
    *,
    title: str = "",
    progress: bool = False,
    failed: Callable[[str, Exception], None] | None = None,
) -> dict[str, Measurement]:
    """Time contenders in turns.

    Parameters
    ----------
    contenders : sequence of Contender
        With different names.
    repeats : int
        Rounds.
    seconds : float
        How long one repetition should take.
    title : str
        For the progress bar.
    progress : bool
    failed : callable, optional
        Told of a contender that fails, which then drops out; by default the error is raised.

    Returns
    -------
    dict of str to Measurement
        Seconds per unit, by the name of the contender; the repetitions of all are in the order of
        the rounds.

    Examples
    --------
    >>> double = Contender("double", lambda amount: Elapsed(2.0 * amount), unit=4.0)
    >>> in_turns([double], repeats=3, seconds=2.0)["double"].values
    (0.5, 0.5, 0.5)
    """
    found: dict[str, list[Elapsed]] = {contender.name: [] for contender in contenders}
    amounts: dict[str, int] = {}
    running = list(contenders)
    with tqdm(
        total=len(running) * (repeats + 1),
        desc=title,
        disable=not progress,
        leave=False,
        unit="turn",
    ) as bar:
        for turn in range(-1, repeats):  # the first one warms up
            first = turn % len(running) if running else 0
            for contender in running[first:] + running[:first] if turn >= 0 else list(running):
                name = contender.name
                bar.set_postfix_str(name if turn >= 0 else f"{name}, warming up")
                try:
                    if turn < 0:
                        amounts[name] = fitting_amount(contender, seconds)
                    else:
                        found[name].append(contender.measure(amounts[name]))
                except Exception as error:
                    if failed is None:
                        raise
                    failed(name, error)
                    running.remove(contender)
                bar.update()
    return {
        contender.name: _measurement(
            found[contender.name], amounts[contender.name] * contender.unit
        )
        for contender in running
    }


def _measurement(elapsed: Sequence[Elapsed], units: float) -> Measurement:
    wall = sum(each.wall for each in elapsed)
    cores = sum(each.processor for each in elapsed) / wall if wall > 0.0 else 0.0
    return Measurement(tuple(each.wall / units for each in elapsed), cores=cores)
