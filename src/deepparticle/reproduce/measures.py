r"""What a reproduction says: measures beside published numbers, baselines, and claims.

A measure has one value per network (per seed). It is *inside the band* of a reference with mean
:math:`m` and standard deviation :math:`s` of a single network if

.. math:: \left|\tfrac1n\sum_k x_k - m\right| \le 4\, s / \sqrt n

for n networks. References come from independent runs of the same protocol; what the paper printed
is shown beside them, since it is one run and has no spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

__all__ = ["Claim", "Comparison", "Measure", "Reproduction", "Verdict"]

Verdict = Literal["holds", "holds in part", "does not hold"]


def _statistics(values: tuple[float, ...]) -> tuple[float, float]:
    finite = np.array([value for value in values if np.isfinite(value)])
    if not finite.size:
        return float("nan"), float("nan")
    deviation = float(finite.std(ddof=1)) if finite.size > 1 else float("nan")
    return float(finite.mean()), deviation


@dataclass(frozen=True)
class Measure:
    """One row of the table: what was published, what is expected, what this run gave.

    Parameters
    ----------
    name : str
        With its unit.
    values : tuple of float
        One per network; NaN where a network has none (an angle of a single attractor).
    published : float, optional
        The number in the paper.
    reference : tuple of float, optional
        Mean and standard deviation over single networks, from independent runs.
    note : str

    Examples
    --------
    >>> measure = Measure("retrieval", (0.28, 0.29, 0.30, 0.29), 0.292, (0.288, 0.013))
    >>> f"{measure.mean:.3f} ± {measure.deviation:.3f}", measure.inside
    ('0.290 ± 0.008', True)
    """

    name: str
    values: tuple[float, ...]
    published: float | None = None
    reference: tuple[float, float] | None = None
    note: str = ""

    @property
    def count(self) -> int:
        """How many networks have a value."""
        return int(np.isfinite(self.values).sum())

    @property
    def mean(self) -> float:
        """The mean over networks; NaN without any value."""
        return _statistics(self.values)[0]

    @property
    def deviation(self) -> float:
        """The standard deviation over networks; NaN with fewer than two values."""
        return _statistics(self.values)[1]

    @property
    def band(self) -> tuple[float, float] | None:
        """Where the mean of so many networks belongs: four standard errors around the reference."""
        if self.reference is None:
            return None
        mean, deviation = self.reference
        width = 4.0 * deviation / np.sqrt(max(self.count, 1))
        return float(mean - width), float(mean + width)

    @property
    def inside(self) -> bool | None:
        """Whether this run is inside the band; None without a reference."""
        band = self.band
        return None if band is None else bool(band[0] <= self.mean <= band[1])

    def summary(self) -> dict[str, Any]:
        """Everything about it, as JSON understands it."""
        return {
            "name": self.name,
            "published": self.published,
            "reference": self.reference,
            "band": self.band,
            "values": list(self.values),
            "mean": self.mean,
            "standard deviation": self.deviation,
            "inside": self.inside,
            "note": self.note,
        }


@dataclass(frozen=True)
class Comparison:
    """The same score of several methods on the same data.

    Parameters
    ----------
    score : str
        What is compared, with its unit; more is better unless the name says otherwise.
    methods : mapping of str to tuple of float
        Values per network or repeat; the network itself among them.

    Examples
    --------
    >>> Comparison("retrieval", {"this network": (0.3, 0.2), "no couplings": (0.1,)}).statistics
    {'this network': (0.25, 0.07071067811865474), 'no couplings': (0.1, nan)}
    """

    score: str
    methods: Mapping[str, tuple[float, ...]]

    @property
    def statistics(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each method."""
        return {name: _statistics(values) for name, values in self.methods.items()}

    def summary(self) -> dict[str, Any]:
        """Everything about it, as JSON understands it."""
        return {
            "score": self.score,
            "methods": {
                name: {"values": list(self.methods[name]), "mean": mean, "standard deviation": sd}
                for name, (mean, sd) in self.statistics.items()
            },
        }


@dataclass(frozen=True)
class Claim:
    """A statement of the paper, and what this run says of it.

    Parameters
    ----------
    statement : str
        In our words.
    verdict : {"holds", "holds in part", "does not hold"}
        Computed from the numbers of this run.
    evidence : str
        The numbers.
    """

    statement: str
    verdict: Verdict
    evidence: str

    def summary(self) -> dict[str, Any]:
        """Everything about it, as JSON understands it."""
        return {
            "statement": self.statement,
            "verdict": self.verdict,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, eq=False)
class Reproduction:
    """What one simulation found.

    Parameters
    ----------
    measures : tuple of Measure
    comparisons : tuple of Comparison
    claims : tuple of Claim
    figures : mapping of str to matplotlib.figure.Figure
        By the name of their files, in the order in which the report shows them.
    captions : mapping of str to str
        What each figure shows.
    notes : tuple of str
        What a reader should know besides.
    details : mapping
        More numbers, for ``results.json``.
    """

    measures: tuple[Measure, ...]
    comparisons: tuple[Comparison, ...] = ()
    claims: tuple[Claim, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
