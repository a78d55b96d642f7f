r"""Streams: an external state that shows values one after another, :math:`\eta_t = v_t`.

A stream is a process that remembers how far it has come. A process that remembers something has a
method ``fork()``, which returns another one in the same state. Each chain of a simulator goes on
with a fork of its own, and so does a copy of a world; the process that they came from is left
alone, so that a simulator is a snapshot here, too.

A process whose answers are settled beforehand, whatever is done, can say so: ``ahead(count)``
returns those of the next steps, and ``skip(count)`` passes over them. Then backends make many steps
per call, as with evidence that stays. A stream of values that are all there is such a process; one
that is read from an iterator is not, for nobody knows what that waits for.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array

__all__ = ["Stream", "checked_numbers"]

_ENDS = ("hold", "stop", "cycle")


def checked_numbers(value: Any, where: str, what: str, most: int) -> FloatArray:
    """Return finite numbers of at most so many dimensions, which nobody changes, or raise.

    Examples
    --------
    >>> checked_numbers([1, 2], "LinearGaussian", "offset", 1)
    array([1., 2.])
    """
    try:
        array = real_array(value)
    except (TypeError, ValueError):
        rule = f"the {what} consists of real numbers"
        raise SettingTypeError(Fault(where, rule, repr(value), "give floats")) from None
    if not np.all(np.isfinite(array)):
        rule = f"the {what} is finite"
        raise SettingError(Fault(where, rule, repr(value), "replace NaN and inf"))
    if array.ndim > most:
        rule = f"the {what} has at most {most} dimensions"
        raise SettingError(Fault(where, rule, f"shape {array.shape}", "give fewer"))
    array.setflags(write=False)
    return array


class _Tape:
    """The values of an iterable, each taken from it once, when it is first asked for."""

    def __init__(self, iterable: Iterable[ArrayLike]) -> None:
        self._rest: Iterator[ArrayLike] = iter(iterable)
        self._read: list[ArrayLike] = []
        self._settled = isinstance(iterable, (Sequence, np.ndarray))
        self._whole: FloatArray | None = None

    def whole(self) -> FloatArray | None:
        """All values, shape (T,) or (T, k), where they are known, sound and alike."""
        if self._settled and self._whole is None:
            self._settled = False  # unless it is shown below
            values = [*self._read, *self._rest]
            self._read, self._rest = values, iter(())
            try:
                self._whole = checked_numbers(values, "Stream", "values", 2)
            except (SettingError, SettingTypeError):
                return None  # whoever comes to the value that is wrong will say so
            self._settled = self._whole.size > 0
        return self._whole if self._settled else None

    def reach(self, place: int) -> int:
        """How many values there are, as far as `place` asks."""
        while len(self._read) <= place:
            try:
                self._read.append(next(self._rest))
            except StopIteration:
                break
        return len(self._read)

    def __getitem__(self, place: int) -> ArrayLike:
        return self._read[place]


class Stream:
    r"""Values one after another, whatever the actions: a recording, a generator, a schedule.

    .. math:: \eta_t = v_{t}, \qquad t = 1, 2, \ldots

    A stream knows how far it has come. Its forks read the same values, each at its own pace; what
    was taken from an iterator is kept for those that come later.

    Parameters
    ----------
    values : iterable of float or array_like of shape (k,)
        For the first step, the second, and so on. May be without end.
    then : {"hold", "stop", "cycle"}
        After the last: hold it, refuse to go on (an error), or begin again.

    Raises
    ------
    SettingError, SettingTypeError
        If it is no iterable; when asked for more than there is, under ``"stop"``.

    Examples
    --------
    >>> tide, rng = Stream([0.0, 1.0, 2.0], then="cycle"), np.random.default_rng(0)
    >>> [float(tide(0.0, np.zeros(0), rng)) for _ in range(4)]
    [0.0, 1.0, 2.0, 0.0]
    """

    __slots__ = ("_place", "_tape", "_then")

    def __init__(
        self,
        values: Iterable[ArrayLike],
        then: Literal["hold", "stop", "cycle"] = "hold",
    ) -> None:
        if then not in _ENDS:
            rule = "then is 'hold', 'stop' or 'cycle'"
            raise SettingError(Fault("Stream", rule, repr(then), "give then='hold'"))
        if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
            rule, mend = "the values are an iterable of numbers", "give a list or a generator"
            raise SettingTypeError(Fault("Stream", rule, repr(values), mend))
        self._tape = _Tape(values)
        self._then: str = then
        self._place = 0

    @property
    def position(self) -> int:
        """How many values it has given."""
        return self._place

    def fork(self) -> Stream:
        """Another one, as far as this one has come; from now on each goes on by itself."""
        return copy.copy(self)

    def __call__(self, value: Any, actions: Any, rng: np.random.Generator) -> FloatArray:
        """The next value."""
        place = self._place
        count = self._tape.reach(place)
        if not count or (count <= place and self._then == "stop"):
            rule = "a stream gives as many values as it has"
            mend = "give then='hold' or 'cycle', or make fewer steps" if count else "give it values"
            raise SettingError(Fault("Stream", rule, f"step {place + 1} of {count}", mend))
        self._place += 1
        chosen = place % count if self._then == "cycle" else min(place, count - 1)
        return checked_numbers(self._tape[chosen], "Stream", "value", 1)

    def ahead(self, count: int) -> FloatArray | None:
        """The values of the next steps, as far as there are some; it stays where it is.

        Parameters
        ----------
        count : int
            Of how many steps.

        Returns
        -------
        ndarray of shape (n,) or (n, k), or None
            n < count where the stream stops. None where it has to be asked step by step.

        Examples
        --------
        >>> tide = Stream([0.0, 1.0, 2.0], then="cycle")
        >>> tide.skip(2)
        >>> tide.ahead(3)
        array([2., 0., 1.])
        """
        whole = self._tape.whole()
        if whole is None:
            return None
        if self._then == "stop":
            following: FloatArray = whole[self._place : self._place + count]
            return following
        places = np.arange(self._place, self._place + count)
        last = len(whole)
        return whole[places % last if self._then == "cycle" else np.minimum(places, last - 1)]

    def skip(self, count: int) -> None:
        """Go on as if it had given so many values."""
        self._place += count

    def __repr__(self) -> str:
        return f"Stream(then={self._then!r}, position={self._place})"
