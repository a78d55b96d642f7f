r"""Biases that change in time: the internal sequence dynamics of a particle.

A *bias process* says which prior bias :math:`b_i(t)` holds in step :math:`t`: a function of
:math:`t`, or an array whose rows are taken in turn, :math:`b(t) = B_{t \bmod T}`. A subparticle's
expectations then follow a course of their own, whatever it senses (Spisak & Friston 2026,
"Learning": sequences need asymmetric couplings, or dynamics that lie inside). What is predicted,
:math:`L(h_i)` with :math:`h_i = b_i(t) + \sum_j s_{ij}`, follows it; so do the free energies. A
function may be asked for a step more than once, and should give the same for the same t.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array

__all__ = ["BiasProcess", "bias_at", "checked_bias_process", "steps_of_one_bias"]

BiasProcess: TypeAlias = Callable[[int], Any] | FloatArray
"""``process(t)`` gives one number for all, or one for each; or an array (T,) or (T, n)."""


def checked_bias_process(value: Any, where: str) -> BiasProcess | None:
    """Return `value` as a function, or as an array of shape (T,) or (T, n); None as it is.

    Raises
    ------
    SettingError, SettingTypeError
        For anything else, an array without rows, and numbers that are not finite.

    Examples
    --------
    >>> checked_bias_process([[0.5, -0.5], [0.0, 1.0]], "pair").shape
    (2, 2)
    """
    if value is None or callable(value):
        process: BiasProcess | None = value
        return process
    mend = "give a function of the step, or an array of shape (steps,) or (steps, subparticles)"
    try:
        array = real_array(value)
    except (TypeError, ValueError):
        rule = "a bias process is a function or an array"
        raise SettingTypeError(Fault(where, rule, repr(value)[:60], mend)) from None
    if array.ndim not in (1, 2) or not array.size:
        rule = "a bias process has a row for each step"
        raise SettingError(Fault(where, rule, f"shape {array.shape}", mend))
    if not np.all(np.isfinite(array)):
        rule = "the biases of a bias process are finite"
        raise SettingError(Fault(where, rule, "NaN or inf", "replace them"))
    return array


def bias_at(process: BiasProcess, time: int, count: int, where: str) -> FloatArray:
    """The biases of `count` subparticles in a step.

    Parameters
    ----------
    process : callable or ndarray of shape (T,) or (T, n)
    time : int
        The step number t.
    count : int
    where : str
        For messages.

    Returns
    -------
    ndarray of shape (count,)
        In nats per unit of state.

    Raises
    ------
    SettingError, SettingTypeError
        If what the process gives is not one number, or one for each.

    Examples
    --------
    >>> bias_at(np.array([0.5, -0.5]), 3, 2, "pair")
    array([-0.5, -0.5])
    >>> bias_at(lambda t: [t, 2 * t], 3, 2, "pair")
    array([3., 6.])
    """
    given = process(time) if callable(process) else process[time % len(process)]
    mend = f"give one number, or {count}"
    try:
        if given is None:  # a function that forgot to return
            raise TypeError
        values = real_array(given)
    except (TypeError, ValueError):
        rule = "a bias process gives numbers"
        raise SettingTypeError(Fault(where, rule, repr(given)[:60], mend)) from None
    if values.shape not in ((), (count,)):
        rule = f"a bias process gives one number, or one for each of {count} subparticles"
        raise SettingError(Fault(where, rule, f"shape {values.shape} at step {time}", mend))
    if not np.all(np.isfinite(values)):
        rule = "the biases of a bias process are finite"
        raise SettingError(Fault(where, rule, f"NaN or inf at step {time}", "give finite numbers"))
    biases: FloatArray = np.broadcast_to(values, (count,)).copy()
    return biases


def steps_of_one_bias(process: BiasProcess, time: int, most: int) -> int:
    """For how many steps from `time` on the biases stay as they are; 1 where nobody knows.

    Examples
    --------
    >>> steps_of_one_bias(np.array([0.5, 0.5, 0.5, -0.5]), 1, 100)
    2
    """
    if callable(process):
        return 1
    rows = process.reshape(len(process), -1)
    now = rows[time % len(rows)]
    later = rows[np.arange(time, time + min(most, len(rows))) % len(rows)]
    changes = np.flatnonzero(np.any(later != now, axis=1))
    if changes.size:
        return int(changes[0])
    return most if len(later) == len(rows) else len(later)
