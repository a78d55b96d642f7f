r"""What was measured, and whether it reaches its goal.

A measurement is a list of repetitions; it is summarised by its median and its quartiles, which a
single disturbed repetition does not move. The ratio to a yardstick is the median of the ratios
within each round,

.. math:: \rho = \operatorname{median}_k \; t_k / y_k,

because the two were timed right after each other: a machine that slows down slows down both.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

__all__ = [
    "Curve",
    "Goal",
    "Measurement",
    "Omission",
    "Outcome",
    "Row",
    "judged",
    "ratio_to",
    "size_text",
    "time_text",
]


@dataclass(frozen=True)
class Measurement:
    """The repetitions of one measurement.

    Parameters
    ----------
    values : tuple of float
        One per repetition, per unit of work.
    unit : {"s", "B"}
        Seconds or bytes.
    cores : float
        Cores that were busy: processor time over wall time; 0 where that was not measured.

    Examples
    --------
    >>> measured = Measurement((3e-6, 1e-6, 2e-6))
    >>> measured.median, str(measured)
    (2e-06, '2 µs (1.5 … 2.5 µs)')
    """

    values: tuple[float, ...]
    unit: str = "s"
    cores: float = 0.0

    @property
    def median(self) -> float:
        """The middle repetition."""
        return float(np.median(self.values))

    @property
    def quartiles(self) -> tuple[float, float]:
        """Half of the repetitions lie between these."""
        low, high = np.quantile(self.values, [0.25, 0.75])
        return float(low), float(high)

    def times(self, factor: float) -> Measurement:
        """The same in another unit of work."""
        return Measurement(tuple(factor * value for value in self.values), self.unit, self.cores)

    def __str__(self) -> str:
        text = time_text if self.unit == "s" else size_text
        if len(self.values) == 1:
            return f"{text(self.median)} (once)"
        low, high = (text(value) for value in self.quartiles)
        if low.split()[1] == high.split()[1]:
            low = low.split()[0]
        return f"{text(self.median)} ({low} … {high})"


def ratio_to(measured: Measurement, yardstick: Measurement) -> float:
    """The median over the rounds of `measured` ÷ `yardstick`.

    Examples
    --------
    >>> ratio_to(Measurement((2.0, 6.0, 4.0)), Measurement((1.0, 2.0, 2.0)))
    2.0
    """
    pairs = zip(measured.values, yardstick.values, strict=True)
    return float(np.median([value / unit for value, unit in pairs]))


@dataclass(frozen=True)
class Goal:
    """A bound that is to be reached.

    Parameters
    ----------
    limit : float
        The bound.
    text : str
        What is bounded, with its unit: ``"≤ 2 × roofline.c"``.
    at_least : bool
        Whether more is better.

    Examples
    --------
    >>> Goal(2.0, "≤ 2 × roofline.c").verdict(2.5)
    'missed by 25 %'
    >>> Goal(0.7, "≥ 70 % of the matrix product", at_least=True).verdict(0.8)
    'reached'
    """

    limit: float
    text: str
    at_least: bool = False

    def share(self, value: float) -> float:
        """How much of the bound is used: at most 1 where the goal is reached."""
        return self.limit / value if self.at_least else value / self.limit

    def verdict(self, value: float) -> str:
        """``reached``, or by how much of the bound it was missed."""
        if self.share(value) <= 1.0:
            return "reached"
        missed = abs(value - self.limit) / self.limit
        return f"missed by {max(1, round(100 * missed))} %"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    key : str
        The goal that it belongs to: ``"P1"``.
    work, contender : str
        What was done, and by what.
    measured : Measurement
        Per unit of work.
    compared : str
        The ratio to the yardstick, in words; empty for a yardstick.
    value : float, optional
        What the goal bounds.
    goal : Goal, optional
    note : str
        What a reader should know besides.
    """

    key: str
    work: str
    contender: str
    measured: Measurement
    compared: str = ""
    value: float | None = None
    goal: Goal | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether the goal is reached; empty without one."""
        if self.goal is None or self.value is None:
            return ""
        return self.goal.verdict(self.value)


def judged(row: Row, *goals: Goal | None) -> list[Row]:
    """The row once for each goal that there is; once without, if there is none.

    Examples
    --------
    >>> row = Row("P1", "work", "numpy", Measurement((1.0,)), value=1.0)
    >>> [each.verdict for each in judged(row, Goal(2.0, "≤ 2"), None, Goal(0.5, "≤ 0.5"))]
    ['reached', 'missed by 100 %']
    """
    found = [replace(row, goal=goal) for goal in goals if goal is not None]
    return found or [row]


@dataclass(frozen=True)
class Omission:
    """A contender that could not be measured, and why."""

    key: str
    contender: str
    why: str
    failed: bool = False


@dataclass(frozen=True)
class Curve:
    """How the cost of one contender changes with the size of the work."""

    figure: str
    contender: str
    sizes: tuple[float, ...]
    measured: tuple[Measurement, ...]


@dataclass
class Outcome:
    """What one work, or all of them, found."""

    rows: list[Row] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def add(self, other: Outcome) -> None:
        """Take over what another one found."""
        self.rows += other.rows
        self.omissions += other.omissions
        self.curves += other.curves
        self.details |= other.details


def _scaled(value: float, factors: tuple[tuple[float, str], ...]) -> str:
    # The largest unit that leaves at least 1, else the smallest there is.
    factor, name = next((pair for pair in factors if abs(value) >= pair[0]), factors[-1])
    digits = value / factor
    return f"{digits:.0f} {name}" if abs(digits) >= 100 else f"{digits:.3g} {name}"


def time_text(seconds: float) -> str:
    """Seconds with a fitting unit.

    Examples
    --------
    >>> time_text(2.345e-7), time_text(0.0123), time_text(75.0)
    ('234 ns', '12.3 ms', '75 s')
    """
    return _scaled(seconds, ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")))


def size_text(count: float) -> str:
    """Bytes with a fitting unit.

    Examples
    --------
    >>> size_text(812.0), size_text(2.5e9)
    ('812 B', '2.5 GB')
    """
    return _scaled(count, ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")))
