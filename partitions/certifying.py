r"""Certify a run: the one-step law, tested on samples.

Every subparticle is asked whether its residual (:mod:`deepparticle.partitions.transitions`) goes
with any function :math:`g` of variables that it must not depend on
(:mod:`deepparticle.partitions.outside`), by the score test of
:mod:`deepparticle.blankets.score_test`. The functions are

=============  ===================================================================================
``state``      a state that it does not sense: of another subparticle, of an external state, or its
               own last one
``square``     the square of one
``earlier``    any state one step before the old one, also of what it senses
``product``    the product of two variables, one of which it does not sense
``noise``      the residual of another subparticle in the same step
``partition``  for a partition as a whole: its summed residual, with the mean of what lies outside
               of its blanket; the reverse; and with the summed residual of the outside
=============  ===================================================================================

and, beside them, what it does sense and a constant (``declared``), which say whether the run is one
of this world at all. Each statement has a p-value; they are corrected together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.member import checked_clock, checked_non_negative
from deepparticle.blankets.conditional import BoundaryConditional, Delta, GaussianBoundary
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.score_test import corrected, two_sided
from deepparticle.partitions.borders import Borders
from deepparticle.partitions.certificate import Certificate
from deepparticle.partitions.columns import LeafColumns, leaf_columns, other_conditionals
from deepparticle.partitions.outside import outside_of
from deepparticle.partitions.statements import FUNCTIONS, OneStepTests
from deepparticle.partitions.transitions import declared_transitions, recorded_states

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["certificate_of"]

_WHERE = "certify"

# Up to so many variables all products are asked about: their number grows with the square.
_FEW_VARIABLES = 16

# Up to so many numbers are kept for each function: a few hundred megabytes.
_MANY = 20_000_000

# The normal law of the statistic is good to a few per cent in its tails from here on.
_ENOUGH = 200


def certificate_of(
    world: Partition,
    run: Any,
    evidence: Any,
    *,
    schedule: str,
    functions: str | Iterable[str] | None,
    correction: str,
    significance: float,
    precision: Any,
    clock: Any,
    time: int,
) -> Certificate:
    """Certify a run; parameters as of `Partition.certify`."""
    if world.parent is not None:
        raise _refusal(
            "a run is one of a whole world",
            f"the partition {world.path!r}",
            f"use world.certify(run).level({world.path!r})",
        )
    world.check()
    if not 0.0 < significance < 1.0:
        raise _refusal("the significance lies between 0 and 1", repr(significance), "give 0.05")
    other = [one for one in other_conditionals(world) if not _has_a_law(one.conditional)]
    for boundary in other[:1]:
        raise _refusal(
            "every boundary state is a Dirac delta or Gaussian, so that the law of what it showed "
            "can be told",
            f"{boundary.conditional!r} between {boundary}",
            "certify a world of these",
        )
    borders, columns = Borders(world), _columns(world, precision, clock)
    states = recorded_states(run, borders.entries.size)
    shape = states.shape[:-1]
    outside = outside_of(world, borders, columns.paths, shape, evidence)
    chosen = _chosen(functions, outside.known.shape)
    transitions = declared_transitions(
        world,
        borders,
        columns,
        states.reshape(shape[0], -1, states.shape[-1]),
        outside.evidence,
        schedule,
        time,
    )
    if not transitions.drawn:
        raise _refusal(
            "new states are drawn, so that there is something to test",
            "a run in which every new state is its expectation",
            'certify a run of mode="stochastic"',
        )
    tests = OneStepTests(borders, outside, transitions, chosen)
    statements = tests.statements()
    p_values = corrected(two_sided(statements.statistics), correction)
    notes = []
    if len(transitions.residuals) < _ENOUGH:
        notes.append(f"fewer than {_ENOUGH} transitions: p-values are rough")
    noisy = int(np.count_nonzero((borders.entries.weights != 0.0) & ~borders.known))
    if noisy:
        notes.append(
            f"what {noisy} noisy boundary states showed is not recorded: new states are held "
            "against their law given the states, the noise averaged out"
        )
    left_out = [name for name in FUNCTIONS if name not in chosen]
    if left_out:
        notes.append(f"not asked about: {', '.join(left_out)}")
    return Certificate(
        name=world.name,
        schedule=schedule,
        transitions=len(transitions.residuals),
        significance=significance,
        correction=correction,
        paths=columns.paths,
        variables=outside.names,
        places=tuple(place.path for place in borders.places),
        statements=statements,
        p_values=p_values,
        levels=tuple(tests.level(place, statements, p_values) for place in borders.places),
        vacuous=int(np.count_nonzero(outside.known)),
        constant=tests.constant,
        notes=tuple(notes),
    )


def _has_a_law(conditional: BoundaryConditional) -> bool:
    """Whether what a boundary state showed follows from the states, up to Gaussian noise."""
    return isinstance(conditional, Delta | GaussianBoundary)


def _chosen(functions: Any, shape: tuple[int, int]) -> tuple[str, ...]:
    """The functions to ask about, by default all that are not too many."""
    rows, variables = shape
    if functions is None:
        names = [name for name in FUNCTIONS if name != "product" or variables <= _FEW_VARIABLES]
    else:
        names = [functions] if isinstance(functions, str) else list(functions)
        for name in names:
            if name not in FUNCTIONS:
                known = ", ".join(map(repr, FUNCTIONS))
                raise _refusal(f"functions are among {known}", repr(name), "use some of them")
    products = variables * (variables - 1) // 2 if "product" in names else 0
    if rows * max(variables, products) > _MANY:
        raise _refusal(
            f"there are at most {_MANY:,} statements about each function",
            f"{rows} subparticles and {max(variables, products)} variables or products",
            'leave out "product", or certify a smaller world',
        )
    return tuple(name for name in FUNCTIONS if name in names)


def _columns(world: Partition, precision: Any, clock: Any) -> LeafColumns:
    """What the leaves hold, with the precision and the clock of the run."""
    columns = leaf_columns(world)
    count = len(columns.paths)
    given: dict[str, Any] = {}
    if precision is not None:
        values = [checked_non_negative(one, _WHERE, "precision") for one in _each(precision, count)]
        given["precision"] = np.array(values)
    if clock is not None:
        clocks = [checked_clock(one, _WHERE, "clock") for one in _each(clock, count)]
        given["clock"] = np.array(clocks, dtype=np.intp)
    return dataclasses.replace(columns, **given)


def _each(value: Any, count: int) -> list[Any]:
    """One value for each row."""
    values = [value] * count if np.ndim(value) == 0 else list(value)
    if len(values) != count:
        raise _refusal(
            f"a setting is one number, or one per subparticle ({count})",
            f"{len(values)} numbers",
            "give what the run was given",
        )
    return values


def _refusal(rule: str, value: str, mend: str) -> SettingError:
    return SettingError(Fault(_WHERE, rule, value, mend))
