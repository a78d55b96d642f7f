r"""Learning rules: what a boundary state asks for, from what its two ends know.

The boundary state between source :math:`j` and target :math:`i` changes its weight by
:math:`\Delta J_{ij} = \alpha_i\, r` once per step, where the rule :math:`r` may know the new state
of the target and what it had predicted, the new state of the source and the one that had entered
the field :math:`h_i` before, and the weight itself: nothing else touches it.

========================  ======================================  ==================================
rule                      :math:`r`                               is
========================  ======================================  ==================================
``published``             :math:`(\sigma'_i - L(h_i))\sigma'_j`   that of Spisak & Friston (2026),
                                                                  "Learning"
``previous-presynaptic``  :math:`(\sigma'_i - L(h_i))\sigma_j`    the gradient of
                                                                  :math:`\ln p(\sigma'_i; h_i)`
``hebbian``               :math:`\sigma'_i\,\sigma'_j`            the published one without what was
                                                                  predicted
``frozen``                0                                       no learning
========================  ======================================  ==================================

:math:`\sigma_j` is the state that :math:`i` saw at its last update: in the synchronous schedule the
old one, in a scan the new one of those that came before :math:`i`. A rule of your own is a function
of the five, for numbers and arrays alike:

>>> @register_learning_rule("oja, as in the recipe")
... def oja(state, prediction, source, previous, weight):
...     return state * source - state**2 * weight
>>> learning_rule_named("oja, as in the recipe").change(0.5, 0.0, 1.0, 0.9, 0.2)
0.45
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.naming import checked_registration, nearest

__all__ = [
    "Factors",
    "LearningRule",
    "checked_learning_rule",
    "learning_rule_named",
    "register_learning_rule",
]

Change: TypeAlias = Callable[[Any, Any, Any, Any, Any], Any]
"""``change(state, prediction, source, previous, weight)``, elementwise."""


class Factors(NamedTuple):
    """A rule that is a product: of the target's state or its error, and a state of the source."""

    subtracts_prediction: bool
    looks_back: bool


@dataclass(frozen=True)
class LearningRule:
    """A learning rule.

    Parameters
    ----------
    name : str
    change : callable
        ``change(state, prediction, source, previous, weight)``: the change of the weight per unit
        of learning rate.
    looks_back : bool
        Whether it uses `previous`, which a target has to remember from when it sensed.
    factors : Factors or None
        Where the change is a product of two factors, of which compiled backends make outer
        products; None for any other function.
    """

    name: str
    change: Change
    looks_back: bool = True
    factors: Factors | None = None


def _product(factors: Factors) -> Change:
    def change(state: Any, prediction: Any, source: Any, previous: Any, _weight: Any) -> Any:
        error = state - prediction if factors.subtracts_prediction else state
        return error * (previous if factors.looks_back else source)

    return change


def _nothing(_state: Any, _prediction: Any, _source: Any, _previous: Any, weight: Any) -> Any:
    return 0.0 * weight


_RULES: dict[str, LearningRule] = {
    name: LearningRule(name, _product(factors), factors.looks_back, factors)
    for name, factors in (
        ("published", Factors(True, False)),
        ("previous-presynaptic", Factors(True, True)),
        ("hebbian", Factors(False, False)),
    )
}
_RULES["frozen"] = LearningRule("frozen", _nothing, looks_back=False)
_BUILT_IN = frozenset(_RULES)


def register_learning_rule(name: Any, *, looks_back: bool = True) -> Callable[[Change], Change]:
    """Make a rule known by its name, to partitions, simulators and files.

    Parameters
    ----------
    name : str
        A name of its own; not empty. Registering a name of yours again replaces the rule.
    looks_back : bool
        Whether the rule uses `previous`; if not, nothing is remembered for it.

    Returns
    -------
    callable
        A decorator for ``change(state, prediction, source, previous, weight)``, which returns the
        change per unit of learning rate, for numbers and for arrays that broadcast. It gives the
        function back.

    Raises
    ------
    SettingError, SettingTypeError
        If the name is no string, or that of a rule that comes with the library.

    Examples
    --------
    >>> @register_learning_rule("decay, as in the recipe", looks_back=False)
    ... def decay(state, prediction, source, previous, weight):
    ...     return (state - prediction) * source - 0.1 * weight
    """
    where = "register_learning_rule"
    mend = 'give a name: @register_learning_rule("oja")'
    checked_registration(name, _BUILT_IN, where, "a rule", mend)

    def decorate(change: Change) -> Change:
        if not callable(change):
            mend = "put it above def rule(state, prediction, source, previous, weight)"
            raise SettingTypeError(Fault(where, "a rule is a function", repr(change), mend))
        _RULES[name] = LearningRule(name, change, looks_back)
        return change

    return decorate


def checked_learning_rule(value: object, where: str, what: str) -> str:
    """Return the name of a rule that is known, or raise an error that names `where`.

    Examples
    --------
    >>> checked_learning_rule("hebbian", "brain", "learning_rule")
    'hebbian'
    """
    if not isinstance(value, str) or value not in _RULES:
        known = ", ".join(repr(name) for name in _RULES)
        close = nearest(str(value), list(_RULES), 1)
        mend = f"did you mean {close[0]!r}?" if close else "register it: @register_learning_rule"
        raise SettingError(Fault(where, f"the {what} is one of {known}", repr(value), mend))
    return value


def learning_rule_named(name: str) -> LearningRule:
    """The rule of that name.

    Raises
    ------
    SettingError
        If there is none.

    Examples
    --------
    >>> learning_rule_named("hebbian").change(0.5, 0.2, -1.0, 0.0, 3.0)
    -0.5
    """
    return _RULES[checked_learning_rule(name, "learning_rule_named", "learning_rule")]
