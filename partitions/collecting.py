"""Go on after a refusal and tell every fault at the end, where a whole description is read."""

from __future__ import annotations

import dataclasses

from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError

__all__ = ["Collector", "shown"]


class Collector:
    """The faults so far.

    Examples
    --------
    >>> from deepparticle.blankets.numbers import finite_number
    >>> collector, bias = Collector(), 0.0
    >>> with collector.at("members[0].bias"):
    ...     bias = finite_number(float("nan"), "a", "bias")
    >>> print(collector.faults[0])
    members[0].bias: the bias is finite (got nan). Mend: give a finite bias.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, where: str, rule: str, value: str, mend: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(where, rule, value, mend))

    def at(self, where: str) -> _At:
        """A block that ends at its first refusal, whose faults are noted at `where`."""
        return _At(self, where)

    def refuse(self) -> None:
        """Raise a `PartitionError` with all faults, if there are any."""
        if self.faults:
            raise PartitionError(dict.fromkeys(self.faults))


class _At:
    # Not a generator: mypy must see that such a block may end early.
    def __init__(self, collector: Collector, where: str) -> None:
        self._collector = collector
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if not isinstance(error, (PartitionError, SettingError, SettingTypeError)):
            return False
        faults = [dataclasses.replace(fault, where=self._where) for fault in error.faults]
        self._collector.faults += faults
        return True


def shown(value: object) -> str:
    """The value as it is shown in a message: on one line and not too long.

    Examples
    --------
    >>> shown("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= 65 else f"{text[:64]}…"
