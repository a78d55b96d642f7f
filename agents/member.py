r"""What every object of a world has: a name, a place, and settings inherited from outside inwards.

The innermost setting wins: a subparticle that sets no precision of its own uses that of the
partition around it, and so on up to the root, and beyond that the default.

==================  =========  ================================================================
setting             default    meaning
==================  =========  ================================================================
``precision``       1          :math:`\beta \ge 0`, scales the argument of inference (theory: iT)
``learning_rate``   0          :math:`\alpha \ge 0`, scales learning
``clock``           1          updates when ``t mod clock = 0``; a whole number ≥ 1
``time_step``       0.01       :math:`\tau > 0`, the time of a step of the schedule ``langevin``
``learning_rule``   published  a name, see :mod:`deepparticle.agents.learning`
==================  =========  ================================================================
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, overload

from deepparticle.agents.biasing import BiasProcess, checked_bias_process
from deepparticle.agents.learning import checked_learning_rule
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.naming import SEPARATOR, checked_name, nearest
from deepparticle.blankets.numbers import finite_number

__all__ = ["Inherited", "Member", "checked_clock", "checked_non_negative", "checked_positive"]

Value = TypeVar("Value", float, int, str)


def checked_non_negative(value: object, where: str, what: str) -> float:
    """Return `value` as a finite float ≥ 0, or raise an error that names `where` and `what`.

    Examples
    --------
    >>> checked_non_negative(0.17, "brain", "precision")
    0.17
    """
    number = finite_number(value, where, what)
    if number < 0:
        raise SettingError(
            Fault(where, f"the {what} is not negative", repr(number), f"give a {what} ≥ 0")
        )
    return number


def checked_positive(value: object, where: str, what: str) -> float:
    """Return `value` as a finite float > 0, or raise an error that names `where` and `what`.

    Examples
    --------
    >>> checked_positive(0.01, "brain", "time_step")
    0.01
    """
    number = finite_number(value, where, what)
    if number <= 0:
        raise SettingError(
            Fault(where, f"the {what} is above zero", repr(number), f"give a {what} > 0")
        )
    return number


def checked_clock(value: object, where: str, what: str) -> int:
    """Return `value` as a whole number ≥ 1, or raise an error that names `where` and `what`.

    Examples
    --------
    >>> checked_clock(3, "slow", "clock")
    3
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise SettingTypeError(
            Fault(where, f"the {what} is a whole number of steps", repr(value), "give 1, 2, 3, …")
        ) from None
    if number < 1:
        raise SettingError(
            Fault(
                where, f"the {what} is at least 1", repr(number), f"{what}=1 updates in every step"
            )
        )
    return number


class Inherited(Generic[Value]):
    """A setting that is inherited inwards; setting it to None inherits again.

    Parameters
    ----------
    default : float, int or str
        What holds where no one set anything.
    check : callable
        ``check(value, where, what)`` returns the value or raises.
    """

    def __init__(self, default: Value, check: Callable[[object, str, str], Value]) -> None:
        self.default: Value = default
        self._check: Callable[[object, str, str], Value] = check

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, member: None, owner: type) -> Inherited[Value]: ...
    @overload
    def __get__(self, member: Member, owner: type) -> Value: ...
    def __get__(self, member: Member | None, owner: type) -> Value | Inherited[Value]:
        if member is None:
            return self
        place: Member | None = member
        while place is not None:
            own = place.own_settings.get(self._name)
            if own is not None:
                return cast("Value", own)
            place = place.parent
        return self.default

    def __set__(self, member: Member, value: Value | None) -> None:
        if value is None:
            member.own_settings.pop(self._name, None)
        else:
            member.own_settings[self._name] = self._check(value, str(member), self._name)


SETTINGS = ("precision", "learning_rate", "clock", "time_step")
"""What a member inherits from the partition around it, as numbers."""

INHERITED = (*SETTINGS, "learning_rule")
"""All that a member inherits."""


def _unknown_setting(where: str, setting: str, value: object) -> Fault:
    close = nearest(setting, INHERITED, 1)
    mend = f"did you mean {close[0]!r}?" if close else "leave it out"
    known = ", ".join(repr(name) for name in INHERITED)
    return Fault(where, f"the settings are {known}", f"{setting}={value!r}", mend)


class Member:
    """A named object of a world.

    Parameters
    ----------
    name : str
        Without ``"/"``; unique among its siblings.
    """

    precision: Inherited[float] = Inherited(1.0, checked_non_negative)
    learning_rate: Inherited[float] = Inherited(0.0, checked_non_negative)
    clock: Inherited[int] = Inherited(1, checked_clock)
    time_step: Inherited[float] = Inherited(0.01, checked_positive)
    learning_rule: Inherited[str] = Inherited("published", checked_learning_rule)

    is_external: bool = False
    _bias_process: BiasProcess | None = None

    def __init__(self, name: str, **settings: Any) -> None:
        self._name = checked_name(name, type(self).__name__)
        self._parent: Member | None = None
        self.own_settings: dict[str, float | int | str] = {}
        for setting, value in settings.items():
            if not isinstance(getattr(type(self), setting, None), Inherited):
                raise SettingTypeError(_unknown_setting(str(self), setting, value))
            setattr(self, setting, value)

    @property
    def name(self) -> str:
        """The short name; rename with ``partition.rename``."""
        return self._name

    @property
    def parent(self) -> Member | None:
        """The partition that holds this object, or None for a root."""
        return self._parent

    @property
    def root(self) -> Member:
        """The world that this object belongs to."""
        place: Member = self
        while place._parent is not None:
            place = place._parent
        return place

    @property
    def path(self) -> str:
        """The names from below the root down to here, joined by ``"/"``; ``""`` for the root."""
        names = []
        place: Member = self
        while place._parent is not None:
            names.append(place._name)
            place = place._parent
        return SEPARATOR.join(reversed(names))

    @property
    def bias_process(self) -> BiasProcess | None:
        """Which prior biases hold inside in each step (:mod:`deepparticle.agents.biasing`).

        A function of the step number t, or an array whose rows are taken in turn: one number for
        all subparticles inside, or one for each in row order. The innermost process wins. None
        leaves the biases as they are.
        """
        return self._bias_process

    @bias_process.setter
    def bias_process(self, process: Any) -> None:
        if self.is_external:
            raise SettingTypeError(
                Fault(
                    str(self),
                    "biases are those of subparticles",
                    "an external state",
                    "set .process, by which an external state changes",
                )
            )
        self._bias_process = checked_bias_process(process, str(self))

    def __str__(self) -> str:
        return self.path or self._name
