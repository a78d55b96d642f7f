r"""The certificate of a run: which statements of the one-step law were tested, and what came out.

A statement is that one subparticle does not depend on one function of what lies outside of it. Each
has a statistic and a p-value; the p-values are corrected together for their number, by which any
part of them can be read together: the levels are such parts. For a partition there are three,

- *inwards*: :math:`\mu' \perp \eta \mid \mu, s, a`: what is inside does not depend on what lies
  outside of its blanket,
- *outwards*: :math:`\eta' \perp \mu \mid \eta, s, a`: and the reverse,
- *together*: :math:`\mu' \perp \eta' \mid \mu, \eta, s, a`: what happens inside and outside in one
  step shares no noise,

each as strong as its strongest statement. Where the blanket determines all variables that could be
asked, there is none, and the answer is "vacuous".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.naming import unknown_path

__all__ = ["Certificate", "Finding", "LevelCertificate", "Statements"]

KINDS = (
    "declared",
    "state",
    "square",
    "earlier",
    "product",
    "noise",
    "inwards",
    "outwards",
    "together",
)
"""What a statement is about; the last three are about a partition as a whole."""

# So many findings are written out.
_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Statements:
    """What was tested, as arrays of one length.

    Parameters
    ----------
    kinds : ndarray of intp
        Places in `KINDS`.
    subjects : ndarray of intp
        The row that is asked; for a partition as a whole, its place.
    first, second : ndarray of intp
        The variables that it is asked about; -1 where there is none.
    statistics : ndarray
        Asymptotically N(0, 1) under the law.
    """

    kinds: IntArray
    subjects: IntArray
    first: IntArray
    second: IntArray
    statistics: FloatArray

    def __len__(self) -> int:
        return len(self.kinds)


@dataclass(frozen=True)
class Finding:
    """A statement in words, and how it came out.

    Parameters
    ----------
    path : str
        The subparticle, or the partition, that is asked.
    kind : str
        One of `KINDS`.
    words : str
        What the data say if the statement is rejected.
    statistic : float
        Asymptotically N(0, 1) under the law.
    p_value : float
        Corrected for the number of statements.
    """

    path: str
    kind: str
    words: str
    statistic: float
    p_value: float

    def __str__(self) -> str:
        return f"{self.words}, {_p(self.p_value)}"


@dataclass(frozen=True)
class LevelCertificate:
    """What came out for one partition.

    Parameters
    ----------
    path : str
        ``""`` for the world.
    depth : int
        0 for the world.
    inwards, outwards, together : float or None
        The least corrected p-value among the statements of each part; None where there is none to
        make (vacuous).
    """

    path: str
    depth: int
    inwards: float | None
    outwards: float | None
    together: float | None


@dataclass(frozen=True, eq=False)
class Certificate:
    r"""What a run says about the one-step law of a world: printable.

    Parameters
    ----------
    name : str
        The world.
    schedule : str
    transitions : int
        How many were looked at, over all chains.
    significance : float
        Findings are what has a p-value up to this.
    correction : str
        How p-values were corrected.
    paths : sequence of str
        Of the subparticles, in row order.
    variables : tuple of str
        Of the external variables, which come after the subparticles.
    places : tuple of str
        The partitions.
    statements : Statements
    p_values : ndarray of shape (len(statements),)
        Corrected, in the order of the statements.
    levels : tuple of LevelCertificate
        The world and every partition and population inside.
    vacuous, constant : int
        Pairs of a subparticle and a variable that were not asked: because its blanket determines
        the variable, or because that did not vary during the run.
    notes : tuple of str
    """

    name: str
    schedule: str
    transitions: int
    significance: float
    correction: str
    paths: Sequence[str]
    variables: tuple[str, ...]
    places: tuple[str, ...]
    statements: Statements
    p_values: FloatArray
    levels: tuple[LevelCertificate, ...]
    vacuous: int
    constant: int
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no statement of the law is rejected."""
        return not np.any(self.p_values <= self.significance)

    @property
    def worst(self) -> Finding | None:
        """The statement with the least p-value; None where there was none to test."""
        return self._finding(int(self._order[0])) if len(self._order) else None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The statements that are rejected, the clearest first."""
        count = int(np.count_nonzero(self.p_values <= self.significance))
        return tuple(self._finding(index) for index in self._order[:count].tolist())

    def level(self, path: str) -> LevelCertificate:
        """What came out for the partition at `path`.

        Raises
        ------
        UnknownPathError
            If there is none.
        """
        for one in self.levels:
            if one.path == path:
                return one
        raise unknown_path(str(self.name), path, [one.path for one in self.levels])

    def raise_if_failed(self) -> None:
        """Raise AssertionError with the certificate if a statement of the law is rejected."""
        if not self.ok:
            raise AssertionError(str(self))

    # ------------------------------------------------------------------ words

    @cached_property
    def _order(self) -> IntArray:
        """The clearest first: p-values that are all 0 or 1 are told apart by their statistics."""
        order: IntArray = np.lexsort((-np.abs(self.statements.statistics), self.p_values))
        return order

    def _variable(self, number: int) -> str:
        count = len(self.paths)
        return self.paths[number] if number < count else self.variables[number - count]

    def _finding(self, index: int) -> Finding:
        told = self.statements
        kind = KINDS[told.kinds[index]]
        subject, first, second = (
            int(one[index]) for one in (told.subjects, told.first, told.second)
        )
        if kind in KINDS[-3:]:
            path = self.places[subject]
            words = _OF_PLACES[kind].format(path or self.name)
        else:
            path = self.paths[subject]
            words = self._words(kind, path, subject, first, second)
        return Finding(
            path, kind, words, float(told.statistics[index]), float(self.p_values[index])
        )

    def _words(self, kind: str, path: str, row: int, first: int, second: int) -> str:
        if kind == "declared":
            if first < 0:
                return f"{path} does not have its declared mean"
            return f"{path} does not follow {self._variable(first)} as declared"
        if kind == "noise":
            return f"{path} and {self._variable(first)} share noise within a step"
        what = "its own state" if first == row else self._variable(first)
        if kind == "state":
            if first == row:
                return f"{path} depends on its own last state although nothing shows it to it"
            return f"{path} depends on {what} although it does not sense it"
        if kind == "square":
            return f"{path} depends on the square of {what} although it does not sense it"
        if kind == "earlier" and first == row:
            return f"{path} depends on the state before its last one"
        if kind == "earlier":
            return f"{path} depends on {what} one step earlier than it could sense it"
        other = "its own state" if second == row else self._variable(second)
        return (
            f"{path} depends on the product of {what} and {other}, one of which it does not sense"
        )

    def __str__(self) -> str:
        verdict = "the one-step law is not rejected" if self.ok else "the one-step law is REJECTED"
        count = len(self.statements)
        lines = [
            f"Certificate of {self.name!r}: {verdict}",
            f"  schedule {self.schedule!r}, {self.transitions} transitions",
            f"  {count} statements at significance {self.significance:g}, {self.correction!r}",
            f"  not asked: {self.vacuous} vacuous (Dirac boundaries), {self.constant} did not vary",
        ]
        lines += [f"  ! {finding}" for finding in self.findings[:_SHOWN]]
        if len(self.findings) > _SHOWN:
            lines.append(f"  ! … and {len(self.findings) - _SHOWN} more")
        if self.ok and self.worst is not None:
            lines.append(f"  nearest to a leak: {self.worst}")
        if any(finding.kind == "declared" for finding in self.findings):
            lines.append(
                "  (What ran is not what is declared: was it other evidence, precision, couplings?)"
            )
        lines += [f"  ({note})" for note in self.notes]
        lines.append(f"  {'partition':<28}{'inwards':>12}{'outwards':>12}{'together':>12}")
        for level in self.levels:
            name = "  " * level.depth + (level.path.rsplit("/", 1)[-1] or self.name)
            parts = (level.inwards, level.outwards, level.together)
            lines.append(f"  {name:<28}" + "".join(f"{self._read(p):>12}" for p in parts))
        return "\n".join(lines)

    __repr__ = __str__

    def _read(self, p_value: float | None) -> str:
        if p_value is None:
            return "vacuous"
        return f"{p_value:.2g}" + (" !" if p_value <= self.significance else "")


_OF_PLACES = {
    "inwards": "{} as a whole depends on what lies outside of its blanket",
    "outwards": "what lies outside of {} depends on its inside as a whole",
    "together": "{} as a whole shares noise with what lies outside of it",
}


def _p(p_value: float) -> str:
    return f"p = {p_value:.2g}" if p_value > 1e-300 else "p < 1e-300"
