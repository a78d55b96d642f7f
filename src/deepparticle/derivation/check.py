"""A numerical check: both sides of an equation on one partition, and what they differ by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.derivation.assumptions import ASSUMPTIONS
from deepparticle.derivation.text import WIDTH, number_text, wrapped

__all__ = ["Check", "Condition", "CounterExample", "compared"]

_ROUNDING = 1e-12

# So many entries of a check are shown, the worst first; the rest is counted.
_ENTRIES = 6


@dataclass(frozen=True, eq=False)
class Check:
    """Both sides of an equation.

    Parameters
    ----------
    left_name, right_name : str
        What they are, in words or as a formula.
    left, right : ndarray of shape (n,)
        Their values; empty where a partition has nothing that the equation speaks of.
    tolerance : float
        By how much they may differ in any entry, in the unit of the sides.
    entries : tuple of str
        What each entry is of: a path, a boundary state, a pair.
    unit : str
    assumptions : mapping of str to bool or None
        Which assumptions of the step hold for the partition; None where a partition cannot say.
    """

    left_name: str
    right_name: str
    left: FloatArray
    right: FloatArray
    tolerance: float
    entries: tuple[str, ...] = ()
    unit: str = ""
    assumptions: Mapping[str, bool | None] = field(default_factory=dict)

    @property
    def residual(self) -> float:
        """The largest difference between the sides; 0 where there is nothing to compare."""
        return float(np.max(np.abs(self.left - self.right))) if self.left.size else 0.0

    @property
    def holds(self) -> bool:
        """Whether the sides agree within the tolerance."""
        return self.residual <= self.tolerance

    @property
    def vacuous(self) -> bool:
        """Whether there was nothing to compare."""
        return self.left.size == 0

    @property
    def promised(self) -> bool:
        """Whether all assumptions hold that a partition can be asked for: then the sides agree."""
        return all(holds is not False for holds in self.assumptions.values())

    @property
    def broken(self) -> tuple[str, ...]:
        """The assumptions that do not hold."""
        return tuple(name for name, holds in self.assumptions.items() if holds is False)

    def under(self, assumptions: Mapping[str, bool | None]) -> Check:
        """The same check, with what is known of the assumptions."""
        return replace(self, assumptions=dict(assumptions))

    @property
    def assumption_lines(self) -> tuple[str, ...]:
        """Which assumptions hold, a line each; a dot where a partition cannot say."""
        signs = {True: "✓", False: "✗", None: "·"}
        return tuple(
            f"{signs[holds]} {ASSUMPTIONS[name].words}" for name, holds in self.assumptions.items()
        )

    def __str__(self) -> str:
        if self.vacuous:
            return "nothing to compare: the partition has nothing that this equation speaks of"
        worst = np.argsort(-np.abs(self.left - self.right), kind="stable")[:_ENTRIES].tolist()
        names = self.entries or ("",) * self.left.size
        width = max(len(names[row]) for row in worst)
        heads, lines = (self.left_name, self.right_name), []
        if width + sum(2 + max(12, len(head)) for head in heads) > WIDTH:
            lines = [wrapped(f"left: {heads[0]}"), wrapped(f"right: {heads[1]}")]
            heads = ("left", "right")
        first, second = (max(12, len(head)) for head in heads)
        room = WIDTH - first - second - 4
        names = tuple(name if len(name) <= room else f"…{name[1 - room :]}" for name in names)
        width = min(width, room)
        lines.append(f"{'':{width}}  {heads[0]:>{first}}  {heads[1]:>{second}}")
        lines += [
            f"{names[row]:{width}}  {number_text(self.left[row]):>{first}}"
            f"  {number_text(self.right[row]):>{second}}"
            for row in worst
        ]
        more = self.left.size - len(worst)
        if more:
            lines.append(f"… and {more} more, which differ less")
        unit = f" {self.unit}" if self.unit else ""
        verdict = "both sides agree" if self.holds else "the sides differ"
        lines.append(
            f"{verdict}: residual {self.residual:.2g}{unit}, tolerance {self.tolerance:.2g}"
        )
        if self.broken:
            broken = ", ".join(self.broken)
            lines.append(wrapped(f"not promised here, as an assumption does not hold: {broken}"))
        return "\n".join(lines)

    def __repr__(self) -> str:
        verdict = "nothing to compare" if self.vacuous else "holds" if self.holds else "fails"
        return (
            f"<Check: {self.left_name} = {self.right_name}, {verdict}, residual {self.residual:.3g}"
            f" over {self.left.size}>"
        )


def compared(
    left: tuple[str, ArrayLike],
    right: tuple[str, ArrayLike],
    *,
    tolerance: float = 1e-9,
    terms: ArrayLike = (),
    entries: tuple[str, ...] = (),
    unit: str = "",
) -> Check:
    """Compare two named sides, each a name and values; the tolerance scales with the values.

    A relative tolerance of 1e-9 is what sums of some hundred float64 numbers leave, with room. It
    is relative to the largest value, and absolute below 1. Where large terms cancel, so that the
    sides are far smaller than what they were computed from, give the sizes of these `terms`: of
    the largest, 1e-12 is rounding.

    Examples
    --------
    >>> compared(("1 + 1", 2.0), ("2", 2.0))
    <Check: 1 + 1 = 2, holds, residual 0 over 1>
    >>> compared(("L(1)", [0.313]), ("1/3", [0.333])).holds
    False
    """
    first, second = (
        np.atleast_1d(np.asarray(values, dtype=float)).ravel() for _, values in (left, right)
    )
    scale = max([1.0, *(float(np.max(np.abs(side))) for side in (first, second) if side.size)])
    rounding = _ROUNDING * float(np.max(np.abs(np.asarray(terms, dtype=float)), initial=0.0))
    allowed = max(tolerance * scale, rounding)
    return Check(left[0], right[0], first, second, allowed, entries, unit)


@dataclass(frozen=True, eq=False)
class CounterExample:
    """A case in which an equation fails once its condition is dropped.

    Parameters
    ----------
    words : str
        What the case is.
    check : Check
        Its two sides.
    margin : float
        By how much they differ at least, which is far more than the errors of both.
    """

    words: str
    check: Check
    margin: float

    @property
    def refutes(self) -> bool:
        """Whether the sides really differ by the margin."""
        return self.check.residual >= self.margin

    def __str__(self) -> str:
        sides = (
            (self.check.left_name, self.check.left),
            (self.check.right_name, self.check.right),
        )
        shown = [f"  {name} = {', '.join(map(number_text, side.tolist()))}" for name, side in sides]
        return "\n".join([wrapped(self.words), *shown])


@dataclass(frozen=True)
class Condition:
    """What a sentence of the manuscript needs in order to be true.

    Parameters
    ----------
    published : str
        The sentence, in our words.
    needed : str
        The condition.
    """

    published: str
    needed: str
