r"""Independence at one instant, in the steady state: what is implied, and how large the leak is.

Given a blanket that is read at one instant, the states behind its Dirac boundaries are known
(:mod:`deepparticle.partitions.borders`). What is left to ask is whether the *free* states inside
and the free states outside are independent given those that are known:

.. math:: I(\mu_{free};\, \eta_{free} \mid \text{the states that the blanket determines}).

With symmetric :math:`K` this is 0 under single-site schedules, where the known states separate the
graph of :math:`K`, and under the synchronous one, where they separate the graph that joins whom a
common listener joins: a listener inside that hears a state outside makes it known, and the other
way round. With asymmetric :math:`K` nothing is implied, and the information is computed where the
stationary law can be had (:mod:`deepparticle.partitions.steady_laws`).

A noisy boundary state determines nothing. It is read as it would be sensed next,
:math:`s_{ij} = J_{ij}\sigma_j + sd_{ij} z` with a fresh :math:`z` (that of the last step has
already gone into the states, and would be a second tie between them). Then

.. math:: I(\mu_{free};\, \eta_{free} \mid \text{the states that the blanket determines},\,
          \text{and what it tells of others}),

where what is told of others is :mod:`deepparticle.partitions.observations`. Symmetry of :math:`K`
implies nothing here. First, because the states behind noise are no longer given: the edge between
a free state inside and a free state outside stays open; what is told of them only weakens the
dependence. Second, because the steady state is no longer Boltzmann's or Little's: noise in the
argument makes the law of a step a mixture, and the stationary law has to be computed even where
the noise lies inside. That what was vacuous for deltas leaks a little where there is a little noise
is no fault: no law promises anything at equal time.

A finer question is asked of every two subparticles inside that no coupling joins: the information
that they have of each other given all others. It is 0 for symmetric :math:`K` under single-site
schedules, and under the synchronous one if they have no listener in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.agents.gaussian import Gaussian
from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.conditional import BoundaryConditional, GaussianBoundary
from deepparticle.partitions.borders import Borders, Crossing, Place
from deepparticle.partitions.columns import LeafColumns, other_conditionals
from deepparticle.partitions.listeners import listener_pairs
from deepparticle.partitions.steady_laws import SteadyLaw, steady_laws

__all__ = ["EqualTime", "EqualTimeLeaks", "Freedom"]

SCHEDULES = ("synchronous", "sequential")

# Rounding leaves so much of an information that is zero.
_ZERO = 1e-9

# What is told of a state of size 1 to a millionth of it is known.
_CERTAIN = 1e12

# In a matrix that is symmetric but for rounding.
_SYMMETRIC = 1e-12


def _is_delta(conditional: BoundaryConditional) -> bool:
    return isinstance(conditional, GaussianBoundary) and conditional.sd == 0.0


@dataclass(frozen=True)
class EqualTime:
    """What holds for one partition at one instant in the steady state of one schedule.

    Parameters
    ----------
    schedule : str
        ``"synchronous"`` or ``"sequential"`` (read at the end of a sweep).
    status : {"vacuous", "holds", "leaks", "unknown"}
        ``vacuous``: the blanket determines all that is inside, or all that is outside.
    leak : float or None
        The information between the free states inside and outside given the blanket, in nats; None
        where it is vacuous or unknown.
    pairs : float or None
        The largest information that two uncoupled subparticles inside have of each other given all
        others, in nats; None where there are none, or it is unknown.
    method : {"law", "exact", "linearised", ""}
        Where the numbers come from: implied by the stationary law, computed from it, or estimated
        around the fixed point of the deterministic dynamics.
    """

    schedule: str
    status: str
    leak: float | None
    pairs: float | None
    method: str


@dataclass(frozen=True)
class Freedom:
    """What a blanket that is read at one instant leaves open.

    Parameters
    ----------
    inside, outside : int
        How many states inside, and how many outside, it does not determine. (Clamped external
        states do not count: they do not vary.)
    equal_time : tuple of EqualTime
        What holds, by schedule.
    """

    inside: int
    outside: int
    equal_time: tuple[EqualTime, ...]


class EqualTimeLeaks:
    """The equal-time independences of a world, place by place.

    Parameters
    ----------
    borders : Borders
    columns : LeafColumns
        Of the same world.
    asymmetry : float
        Of its whole K.
    """

    def __init__(self, borders: Borders, columns: LeafColumns, asymmetry: float) -> None:
        world, entries = borders.world, borders.entries
        self._borders = borders
        self._size = entries.size
        effective = entries.weights * columns.precision[entries.targets] != 0.0
        self._targets, self._sources = entries.targets[effective], entries.sources[effective]
        self._listeners = listener_pairs(self._targets, self._sources, self._size)
        self.symmetric = asymmetry < _SYMMETRIC
        """Whether K is."""
        self._laws, self.reason = steady_laws(world)
        self._processes = [one.process is not None for one in borders.externals]
        clamped = not any(
            process and len(borders.senses(number))
            for number, process in enumerate(self._processes)
        )
        self.noisy = any(not _is_delta(one.conditional) for one in other_conditionals(world))
        """Whether any boundary state is no delta."""
        # Gaussian states can run away: then there is no law, whatever the symmetry.
        bounded = not any(isinstance(one, Gaussian) for one, _ in columns.distributions)
        alike = bool(np.all(columns.clock == columns.clock[:1]))
        self._implied = {
            schedule: self.symmetric
            and clamped
            and not self.noisy
            and (bounded or schedule in self._laws)
            and (alike or schedule == "sequential")
            for schedule in SCHEDULES
        }
        self._uncoupled: BoolArray | None = None

    def listeners(self, place: Place) -> int | None:
        """How many uncoupled pairs inside have a listener in common; None for too many to count."""
        if self._listeners is None:
            return None
        return self._listeners.within(place.start, place.stop)

    def of(self, place: Place) -> Freedom:
        """What is free at a place, and what holds for it under each schedule."""
        sensory, active = self._borders.sensory(place), self._borders.active(place)
        known_outside = np.unique(sensory.outer[sensory.known & (sensory.outer >= 0)])
        known_inside = np.unique(active.inner[active.known])
        # An external state varies if it answers by a process; whoever senses it knows it.
        externals = sum(
            process and not np.any(place.holds(self._borders.senses(number)))
            for number, process in enumerate(self._processes)
        )
        inside = place.size - len(known_inside)
        outside = self._size - place.size - len(known_outside) + externals
        found = []
        for schedule in SCHEDULES:
            pairs, method = self._pairs(schedule, place)
            law = None if externals else self._laws.get(schedule)
            leak: float | None = None
            if law is not None and inside and outside and not self._implied[schedule]:
                leak, found_by = self._leak(law, place, sensory, active)
            if not inside or not outside:
                found.append(EqualTime(schedule, "vacuous", None, pairs, method))
            elif self._implied[schedule]:
                found.append(EqualTime(schedule, "holds", 0.0, pairs, method or "law"))
            elif leak is None:
                found.append(EqualTime(schedule, "unknown", None, pairs, method))
            else:
                leak = leak if leak > _ZERO else 0.0
                status = "leaks" if leak else "holds"
                found.append(EqualTime(schedule, status, leak, pairs, found_by))
        return Freedom(inside, outside, tuple(found))

    def _leak(
        self, law: SteadyLaw, place: Place, sensory: Crossing, active: Crossing
    ) -> tuple[float | None, str]:
        """The information between inside and outside given what the blanket shows."""
        known = [sensory.outer[sensory.known & (sensory.outer >= 0)], active.inner[active.known]]
        told = np.zeros(self._size)
        np.add.at(told, sensory.outer, np.where(sensory.outer >= 0, sensory.told, 0.0))
        np.add.at(told, active.inner, active.told)
        given = np.unique(np.concatenate([*known, np.flatnonzero(told > _CERTAIN)]))
        told[given] = 0.0
        rows = np.setdiff1d(np.arange(self._size), given)
        here = place.holds(rows)
        noisy = {row: float(told[row]) for row in np.flatnonzero(told).tolist()}
        return law.information(rows[here], rows[~here], given, noisy)

    def _pairs(self, schedule: str, place: Place) -> tuple[float | None, str]:
        law: Any = self._laws.get(schedule)
        if self._implied[schedule]:
            apart = schedule == "sequential" or self.listeners(place) == 0
            if apart and (law is None or self._apart(place, law.pairs) is not None):
                return 0.0, "law"
        if law is None:
            return None, ""
        greatest = self._apart(place, law.pairs)
        if greatest is None:
            return None, ""
        return (greatest if greatest > _ZERO else 0.0), law.method

    def _apart(self, place: Place, pairs: FloatArray) -> float | None:
        """The greatest entry among pairs of rows inside that are not coupled."""
        if self._uncoupled is None:
            self._uncoupled = ~np.eye(self._size, dtype=np.bool_)
            self._uncoupled[self._targets, self._sources] = False
            self._uncoupled[self._sources, self._targets] = False
        span = slice(place.start, place.stop)
        found = pairs[span, span][self._uncoupled[span, span]]
        return float(found.max()) if len(found) else None
