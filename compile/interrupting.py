"""Ctrl-C between steps: a run ends where it can be kept, and nothing learned is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interruption", "interruptible"]


class Interruption:
    """Whether Ctrl-C was pressed since the run began."""

    def __init__(self) -> None:
        self.requested = False

    def __bool__(self) -> bool:
        return self.requested


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn the first Ctrl-C into a flag that a loop reads between steps; the second one raises.

    Only the main thread can do this; elsewhere the flag stays down and Ctrl-C raises at once.

    Examples
    --------
    >>> with interruptible() as interruption:
    ...     for step in range(3):
    ...         if interruption:
    ...             break
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    previous = signal.getsignal(signal.SIGINT)
    if previous in (None, signal.SIG_IGN):  # not Python's, or ignored on purpose: not ours
        yield interruption
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if interruption.requested:
            raise KeyboardInterrupt
        interruption.requested = True

    signal.signal(signal.SIGINT, handle)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, previous)
