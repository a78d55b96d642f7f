"""Several threads in one kernel, which wait for each other between the parts of a step.

Kernels run without the interpreter's lock, so that ordinary threads run them at the same time. A
*team* makes one call per member; members share the arrays, take their part of the rows or of the
networks by number, and meet at a `barrier`, which is cheaper than to enter a parallel loop anew for
each part: the sweep of a lattice has two, and takes a tenth of a millisecond. Threads are started
for each block, so that none is left waiting, and several simulators may run at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from deepparticle.blankets._types import IntArray
from deepparticle.compile.backends.native.compiling import inlined
from deepparticle.compile.backends.native.lanes import _address
from deepparticle.compile.backends.native.toolkit import binding, intrinsic, ir, numba, types

__all__ = ["barrier", "new_barrier", "processors", "run_team"]


def processors() -> int:
    """How many threads may run at once; ``NUMBA_NUM_THREADS`` in the environment limits it."""
    return int(numba.config.NUMBA_NUM_THREADS)


def new_barrier() -> IntArray:
    """What the members of a team meet at: how many have come, and how often all had."""
    # Each on a cache line of its own.
    return np.zeros(16, dtype=np.int64)


_ARRIVED, _MEETINGS = 0, 8

# After this many looks without success another thread may need the processor.
_PATIENCE = 2000


@intrinsic
def _add_atomically(_context: Any, array: Any, index: Any, number: Any) -> Any:
    """Add to an integer in memory that several threads see; return what it was."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = _address(context, builder, signature.args[0], *values[:2])
        return builder.atomic_rmw("add", address, values[2], "seq_cst")

    return array.dtype(array, types.intp, array.dtype), generate


@intrinsic
def _look(_context: Any, array: Any, index: Any) -> Any:
    """An integer in memory that other threads change, as it is now."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = _address(context, builder, signature.args[0], *values)
        return builder.load_atomic(address, "seq_cst", 8)

    return array.dtype(array, types.intp), generate


_CAN_YIELD = binding.address_of_symbol("sched_yield") is not None


@intrinsic
def _let_others_run(_context: Any) -> Any:
    """Offer the processor to other threads, where the system can be asked to."""

    def generate(context: Any, builder: Any, _signature: Any, _values: Any) -> Any:
        if _CAN_YIELD:
            kind = ir.FunctionType(ir.IntType(32), [])
            module = builder.module
            function = module.globals.get("sched_yield") or ir.Function(module, kind, "sched_yield")
            builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), generate


@inlined
def barrier(meeting: Any, members: Any) -> None:
    """Wait until all members of a team have come here."""
    if members == 1:
        return
    before = _look(meeting, _MEETINGS)
    if _add_atomically(meeting, _ARRIVED, np.int64(1)) == members - 1:
        meeting[_ARRIVED] = 0
        _add_atomically(meeting, _MEETINGS, np.int64(1))
        return
    looks = 0
    while _look(meeting, _MEETINGS) == before:
        looks += 1
        if looks > _PATIENCE:
            _let_others_run()


def run_team(members: int, call: Callable[[int, int], None]) -> None:
    """Call ``call(member, members)`` for each member at once, in this thread and in new ones.

    Where no more threads can be started, the team is smaller than asked for.
    """
    if members == 1:
        call(0, 1)
        return
    started = threading.Event()
    agreed = [1]
    failures: list[BaseException] = []

    def take_part(member: int) -> None:
        started.wait()
        try:
            call(member, agreed[0])
        except BaseException as failure:  # handed on to the caller
            failures.append(failure)

    threads: list[threading.Thread] = []
    try:
        for member in range(1, members):
            thread = threading.Thread(target=take_part, args=(member,), daemon=True)
            thread.start()
            threads.append(thread)
    except RuntimeError:
        pass
    agreed[0] = 1 + len(threads)
    started.set()
    try:
        call(0, agreed[0])
    finally:
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
