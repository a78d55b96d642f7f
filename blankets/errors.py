"""The errors of the house: each names the object, the rule, the value received and the mend.

A :class:`Fault` is one violated rule, as a value. Errors carry their faults, so a program can read
what a person reads: ``error.faults[0].mend``.

==============================  =======================================================
:class:`PartitionError`         a graph that is not a deep particular partition
:class:`BlanketError`           a connection that would bypass a Markov blanket
:class:`UnknownPathError`       a path that leads nowhere (also a ``KeyError``)
:class:`SettingError`           a number, shape or option that cannot be used
:class:`SettingTypeError`       the same for a wrong type (also a ``TypeError``)
:class:`DivergenceError`        learning ran away; carries the run until then
==============================  =======================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "BlanketError",
    "DivergenceError",
    "Fault",
    "PartitionError",
    "SettingError",
    "SettingTypeError",
    "UnknownPathError",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One violated rule.

    Parameters
    ----------
    where : str
        The object, by its path (or file position).
    rule : str
        What must hold.
    value : str
        What was received instead.
    mend : str
        What to do about it.

    Examples
    --------
    >>> print(Fault("a", "a name has no '/'", "'a/b'", "use '_'"))
    a: a name has no '/' (got 'a/b'). Mend: use '_'.
    """

    where: str
    rule: str
    value: str
    mend: str

    def __str__(self) -> str:
        stop = "" if self.mend.endswith("?") else "."
        return f"{self.where}: {self.rule} (got {self.value}). Mend: {self.mend}{stop}"


class _FaultError(Exception):
    """An exception made of faults."""

    faults: tuple[Fault, ...]

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(str(self))

    def __str__(self) -> str:
        if len(self.faults) == 1:
            return str(self.faults[0])
        lines = "\n".join(f"  {number}. {fault}" for number, fault in enumerate(self.faults, 1))
        return f"{len(self.faults)} faults:\n{lines}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults,)


class PartitionError(_FaultError, ValueError):
    """A graph is not a lawful deep particular partition; ``faults`` lists every violation.

    Examples
    --------
    >>> raise PartitionError(Fault("a", "a bias is finite", "nan", "give a number"))
    Traceback (most recent call last):
        ...
    deepparticle.blankets.errors.PartitionError: a: a bias is finite (got nan). Mend: give a number.
    """


class BlanketError(PartitionError):
    """A connection would join inside and outside without passing a boundary state."""


class UnknownPathError(PartitionError, KeyError):
    """A path names no object of this world."""


class SettingError(_FaultError, ValueError):
    """A setting has a value that cannot be used."""


class SettingTypeError(_FaultError, TypeError):
    """A setting has a type that cannot be used."""


class DivergenceError(_FaultError, ArithmeticError):
    """Learning ran away and was stopped; ``run`` holds what was recorded until then."""

    run: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults,), {"run": self.run}
