"""Which rows learn by which rule, as a run needs to know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepparticle.agents.learning import (
    Factors,
    LearningRule,
    checked_learning_rule,
    learning_rule_named,
)
from deepparticle.blankets._types import IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.program import Program

__all__ = [
    "PUBLISHED",
    "RowsOfRule",
    "common_factors",
    "product_refusal",
    "row_rules",
    "rules_of",
]

PUBLISHED = Factors(subtracts_prediction=True, looks_back=False)


class RowsOfRule(NamedTuple):
    """Rows that learn by one rule."""

    rule: LearningRule
    rows: IntArray


def row_rules(value: Any, program: Program, where: str) -> NDArray[np.object_]:
    """The names of rules of all rows, shape (N,).

    Parameters
    ----------
    value : str, sequence of str, or None
        One for all, or one for each row; None for those of the program.
    program : Program
    where : str

    Raises
    ------
    SettingError
        For a name that is not known, or another number of them.
    """
    if value is None:
        return program.learning_rule
    if isinstance(value, str) or not isinstance(value, (Sequence, np.ndarray)):
        name = checked_learning_rule(value, where, "learning_rule")
        return np.full(program.size, name, dtype=object)
    names = [checked_learning_rule(one, where, "learning_rule") for one in value]
    if len(names) != program.size:
        rule = f"learning_rule is a name, or {program.size} of them"
        mend = "give one name per subparticle"
        raise SettingError(Fault(where, rule, f"{len(names)} names", mend))
    return np.array(names, dtype=object)


def rules_of(names: NDArray[np.object_]) -> tuple[RowsOfRule, ...]:
    """The rules that occur, with their rows, in the order of the first of these."""
    return tuple(
        RowsOfRule(learning_rule_named(name), np.flatnonzero(names == name))
        for name in dict.fromkeys(names.tolist())
    )


def common_factors(rules: Sequence[RowsOfRule]) -> Factors | None:
    """The product by which all rows learn that learn at all; None where there is no such.

    Examples
    --------
    >>> frozen = RowsOfRule(learning_rule_named("frozen"), np.array([0]))
    >>> common_factors([frozen, RowsOfRule(learning_rule_named("hebbian"), np.array([1]))])
    Factors(subtracts_prediction=False, looks_back=False)
    """
    learning = [one.rule for one in rules if one.rule.name != "frozen"]
    if not learning:
        return PUBLISHED
    factors = learning[0].factors
    return factors if all(rule.factors == factors for rule in learning) else None


def product_refusal(program: Program, rules: Sequence[RowsOfRule]) -> str | None:
    """Why a backend that learns by outer products cannot learn by these rules, or None.

    It knows rules that are a product, one for all rows; and of those that look back, only where all
    rows update at once, so that all saw the same states.
    """
    factors = common_factors(rules)
    learning = [one.rule for one in rules if one.rule.name != "frozen"]
    names = " and ".join(repr(rule.name) for rule in learning)
    unknown = " and no ".join(repr(rule.name) for rule in learning if rule.factors is None)
    if unknown:
        return f"it knows no {unknown}"
    if factors is None:
        return f"it knows one rule for all rows, not {names}"
    if factors.looks_back and not program.at_once:
        return f"it knows no {names} in the {program.schedule} schedule"
    return None
