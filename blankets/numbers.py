"""Numbers as they come from a caller: real, finite, and of a type to compute with."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError

__all__ = ["checked_count", "finite_number", "real_array"]


def checked_count(value: object, where: str, what: str, least: int = 0) -> int:
    """Return `value` as a whole number ≥ `least`.

    Raises
    ------
    SettingTypeError
        For anything that is not a whole number, 2.5 and True included.
    SettingError
        If it is less than `least`.

    Examples
    --------
    >>> checked_count(100, "infer", "steps")
    100
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise SettingTypeError(
            Fault(where, f"{what} is a whole number", repr(value), f"give {what}=100, for example")
        ) from None
    if number < least:
        raise SettingError(
            Fault(where, f"{what} is at least {least}", repr(number), f"give {what} ≥ {least}")
        )
    return number


def finite_number(value: object, where: str, what: str) -> float:
    """Return `value` as a float, or raise an error that names `where` and `what`.

    Parameters
    ----------
    value : object
        What was given: any real scalar.
    where : str
        The object that it was given to.
    what : str
        The name of the quantity, for example ``"weight"``.

    Raises
    ------
    SettingTypeError
        If `value` is not a real scalar.
    SettingError
        If `value` is infinite or not a number.

    Examples
    --------
    >>> finite_number(2, "a", "bias")
    2.0
    """
    try:
        if isinstance(value, (str, bytes, bool)):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(where, f"the {what} is a real number", repr(value), f"give the {what} as a float")
        ) from None
    if not math.isfinite(number):
        raise SettingError(
            Fault(where, f"the {what} is finite", repr(number), f"give a finite {what}")
        )
    return number


def real_array(values: Any) -> FloatArray:
    """Return `values` as a new float64 array.

    Raises
    ------
    TypeError, ValueError
        If they are complex (whose imaginary part would be lost), ragged, or no numbers at all.

    Examples
    --------
    >>> real_array([1, 2])
    array([1., 2.])
    """
    if np.iscomplexobj(values):
        raise TypeError("complex numbers")
    return np.array(values, dtype=np.float64)
