r"""The statements of the one-step law about one run, and how each comes out.

Every subparticle is asked whether its residual (:mod:`deepparticle.partitions.transitions`) goes
with any function of variables that it must not depend on (:mod:`deepparticle.partitions.outside`),
by the score test of :mod:`deepparticle.blankets.score_test`. The functions are

=============  ===================================================================================
``state``      a state that it does not sense: of another subparticle, of an external state, or its
               own last one
``square``     the square of one
``earlier``    any state one step before the one that it could see, also of what it senses
``product``    the product of two variables, one of which it does not sense
``noise``      the residual of another subparticle in the same step
``partition``  for a partition as a whole: its summed residual, with the mean of what lies outside
               of its blanket; the reverse; and with the summed residual of the outside
=============  ===================================================================================

and, beside them, what it does sense and a constant (``declared``), which say whether the run is one
of this world at all. In a sweep the newest states that a row could see take the place of the old.

A noisy boundary state is sensed, but does not determine what is behind it. What a run shows of it
are the states alone, so that all statements are made given the states, with the noise averaged out;
that :math:`i` goes with the source of a noisy boundary state of its own is then ``declared`` as
well. (Whether it does so through :math:`s_{ij}` alone, or also past it, is the same as another
weight or another noise: without :math:`s_{ij}` the two cannot be told apart.) For a *partition*
there is more to say than behind Dirac deltas: given :math:`s` with its noise, a source outside is
not determined, and no other subparticle inside may go with it. Those statements count as
``inwards`` (or ``outwards``); behind a delta they would be vacuous.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.score_test import joint_statistics, score_statistics
from deepparticle.partitions.borders import Borders, Place
from deepparticle.partitions.certificate import KINDS, LevelCertificate, Statements
from deepparticle.partitions.outside import Outside
from deepparticle.partitions.transitions import Transitions

__all__ = ["FUNCTIONS", "OneStepTests"]

FUNCTIONS = ("state", "square", "earlier", "product", "noise", "partition")
"""What subparticles are asked about, beside what is declared."""

_Part: TypeAlias = tuple[Any, Any, Any, Any, Any]


class OneStepTests:
    """The statements about one run.

    Parameters
    ----------
    borders : Borders
    outside : Outside
    transitions : Transitions
    chosen : sequence of str
        Of `FUNCTIONS`.
    """

    def __init__(
        self, borders: Borders, outside: Outside, transitions: Transitions, chosen: Sequence[str]
    ) -> None:
        self._borders = borders
        self._known, self._followed = outside.known, outside.followed
        self._transitions = transitions
        self._chosen = chosen
        shape = (len(transitions.residuals), outside.series.shape[-1])
        self._now = outside.series[2:].reshape(shape)
        self._earlier = outside.series[1:-1].reshape(shape)
        self.constant = 0
        """Pairs of a subparticle and a variable that cannot be asked: it did not vary."""

    def statements(self) -> Statements:
        """All of them, kind by kind."""
        parts = [*self._of_states(), *self._of_functions()]
        if "noise" in self._chosen:
            z = joint_statistics(self._transitions.residuals, self._transitions.variances)
            rows, others = np.nonzero(np.triu(np.isfinite(z), 1))
            parts.append(_part("noise", rows, others, z[rows, others]))
        if "partition" in self._chosen:
            parts += self._of_places()
        return Statements(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    # ------------------------------------------------------------------ of subparticles

    def _of_states(self) -> Iterator[_Part]:
        """Dependence on states as they are: on what is declared, and on what is not."""
        r, v = self._transitions.residuals, self._transitions.variances
        mean = score_statistics(r, v, np.ones((len(r), 1)), centre=False)
        yield _matrix("declared", mean, np.isfinite(mean), first=-1)
        z = self._scores(lambda variables: variables)
        yield _matrix("declared", z, self._followed)
        self.constant = int(np.count_nonzero(~self._followed & np.isnan(z)))
        if "state" in self._chosen:
            yield _matrix("state", z, ~self._followed)

    def _of_functions(self) -> Iterator[_Part]:
        if "square" in self._chosen:
            z = self._scores(lambda variables: variables * variables)
            yield _matrix("square", z, ~self._followed)
        if "earlier" in self._chosen:
            z = self._scores(lambda variables: variables, earlier=True)
            # An external state that stays as it is was no other one step earlier.
            still = np.all(self._earlier == self._now, axis=0)
            asked = np.ones_like(self._followed)
            asked[:, asked.shape[1] - len(still) :] = ~still
            yield _matrix("earlier", z, asked)
        if "product" in self._chosen:
            first, second = np.triu_indices(self._followed.shape[1], 1)
            z = self._scores(lambda variables: variables[:, first] * variables[:, second])
            asked = ~(self._followed[:, first] & self._followed[:, second])
            rows, pairs = np.nonzero(asked & np.isfinite(z))
            yield _part("product", rows, first[pairs], z[rows, pairs], second[pairs])

    def _scores(
        self, function: Callable[[FloatArray], FloatArray], earlier: bool = False
    ) -> FloatArray:
        """The statistic of every row with a function of what it could see, or had seen before."""
        t = self._transitions
        external = self._earlier if earlier else self._now
        states = t.missed_by if earlier else t.seen_by
        if t.rank is None:  # all could see the same
            variables = np.concatenate([states(0), external], axis=1)
            return score_statistics(t.residuals, t.variances, function(variables))
        found = []
        for row in range(t.residuals.shape[1]):
            variables = np.concatenate([states(row), external], axis=1)
            own = slice(row, row + 1)
            found.append(
                score_statistics(t.residuals[:, own], t.variances[:, own], function(variables))
            )
        return np.concatenate(found)

    # ------------------------------------------------------------------ of partitions

    def _of_places(self) -> Iterator[_Part]:
        t = self._transitions
        variables = np.concatenate([t.before, self._now], axis=1)
        spread = variables.std(axis=0)
        varies = spread > 0.0
        standard = (variables - variables.mean(axis=0)) / np.where(varies, spread, 1.0)
        for number, place in enumerate(self._borders.places):
            sides = self._sides(place)
            if np.count_nonzero(sides.rows) < 2:
                continue  # of a single subparticle everything has been said
            r = np.stack([t.residuals @ sides.rows, t.residuals @ ~sides.rows], axis=1)
            v = np.stack([t.variances @ sides.rows, t.variances @ ~sides.rows], axis=1)
            # What some of them follow through noise is not one of the whole's: they go with it.
            beyond = sides.beyond & varies & ~self._followed[sides.rows].any(axis=0)
            within = sides.within & varies & ~self._followed[~sides.rows].any(axis=0)
            if np.any(beyond):
                z = score_statistics(r[:, :1], v[:, :1], standard @ beyond[:, None])
                yield _matrix("inwards", z, np.isfinite(z), number, -1)
            if np.any(within) and not np.all(sides.rows):
                z = score_statistics(r[:, 1:], v[:, 1:], standard @ within[:, None])
                yield _matrix("outwards", z, np.isfinite(z), number, -1)
            if not np.all(sides.rows):
                z = joint_statistics(r, v)[:1, 1:]
                yield _matrix("together", z, np.isfinite(z), number, -1)

    def _sides(self, place: Place) -> _Sides:
        count, total = self._known.shape
        numbers = np.arange(total)
        inside = place.holds(numbers) & (numbers < count)
        rows = inside[:count]
        acts = np.isin(numbers, self._borders.acts()) & (numbers < count)
        return _Sides(
            rows=rows,
            inside=inside,
            within=inside & ~acts & ~self._known[~rows].any(axis=0),
            beyond=~inside & ~self._known[rows].any(axis=0),
        )

    def level(self, place: Place, statements: Statements, p_values: FloatArray) -> LevelCertificate:
        """What the statements say about one partition."""
        sides = self._sides(place)
        number = self._borders.places.index(place)
        kind, first, second = statements.kinds, statements.first, statements.second
        of_rows = kind < KINDS.index("inwards")
        subject = of_rows & sides.rows[np.where(of_rows, statements.subjects, 0)]
        stranger = of_rows & ~subject

        def about(variables: BoolArray, earlier: BoolArray) -> BoolArray:
            """Statements about a function of such variables."""
            asked = np.isin(kind, [KINDS.index("state"), KINDS.index("square")]) & variables[first]
            asked |= (kind == KINDS.index("earlier")) & earlier[first]
            products = variables[first] | variables[second]
            found: BoolArray = asked | ((kind == KINDS.index("product")) & products)
            return found

        def least(asked: BoolArray, whole: str) -> float | None:
            asked = asked | ((kind == KINDS.index(whole)) & (statements.subjects == number))
            return float(p_values[asked].min()) if np.any(asked) else None

        noise = (kind == KINDS.index("noise")) & (subject != sides.inside[first])
        return LevelCertificate(
            path=place.path,
            depth=place.depth,
            inwards=least(subject & about(sides.beyond, ~sides.inside), "inwards"),
            outwards=least(stranger & about(sides.within, sides.inside), "outwards"),
            together=least(noise, "together"),
        )


@dataclass(frozen=True, eq=False)
class _Sides:
    """What lies inside and outside of a partition, and what its blanket leaves open.

    Parameters
    ----------
    rows : ndarray of bool, shape (N,)
        The subparticles inside.
    inside : ndarray of bool, shape (N + M,)
        The variables inside.
    within, beyond : ndarray of bool, shape (N + M,)
        Those inside, and those outside, that the blanket does not determine.
    """

    rows: BoolArray
    inside: BoolArray
    within: BoolArray
    beyond: BoolArray


def _part(kind: str, subjects: Any, first: Any, z: FloatArray, second: Any = None) -> _Part:
    count = len(subjects)
    codes = np.full(count, KINDS.index(kind), dtype=np.intp)
    none = np.full(count, -1, dtype=np.intp)
    return codes, subjects, first, none if second is None else second, z


def _matrix(
    kind: str, z: FloatArray, asked: BoolArray, subject: int | None = None, first: int | None = None
) -> _Part:
    """The entries of a matrix, row × variable, that are asked and can be told."""
    rows, variables = np.nonzero(asked & np.isfinite(z))
    values = z[rows, variables]
    if subject is not None:
        rows = np.full(len(rows), subject, dtype=np.intp)
    if first is not None:
        variables = np.full(len(rows), first, dtype=np.intp)
    return _part(kind, rows, variables, values)
