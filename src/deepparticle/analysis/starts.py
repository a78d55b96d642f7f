"""Starts of deterministic dynamics: those that are given, or so many random ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.arguments import checked_array
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.stepping import checked_generator

__all__ = ["Starts", "checked_starts", "single_network"]

Starts: TypeAlias = ArrayLike | int
"""Initial states of shape (P, N), or the number of random ones."""


def checked_starts(starts: Starts, simulator: Simulator, seed: Any, where: str) -> FloatArray:
    """Starts as an array.

    Parameters
    ----------
    starts : int, or array_like of shape (P, N) or (N,), with networks also (networks, P, N)
        A whole number stands for so many random starts, uniform in [−1, 1].
    simulator : Simulator
    seed : int or numpy.random.Generator
        For random starts. Each of several networks gets the same.
    where : str
        Who asks, for messages.

    Returns
    -------
    ndarray of shape ([networks,] P, N)

    Raises
    ------
    SettingError, SettingTypeError
        If they do not fit the network.

    Examples
    --------
    >>> import deepparticle as dp
    >>> sim = dp.Simulator(dp.from_couplings([[0.0, 1.0], [1.0, 0.0]]))
    >>> checked_starts(2, sim, 0, "example").round(2)
    array([[ 0.27, -0.46],
           [-0.92, -0.97]])
    """
    size = simulator.program.size
    if not isinstance(starts, Sequence) and np.ndim(starts) == 0:
        count = checked_count(starts, where, "starts", 1)
        return checked_generator(seed, where).uniform(-1.0, 1.0, (count, size))
    array = np.atleast_2d(checked_array(starts, f"{where}, starts", "the state"))
    lead = () if array.ndim == 2 else (simulator.networks,)
    if array.shape[-1] != size or array.shape[:-2] != lead or not array.shape[-2]:
        several = "" if simulator.networks is None else f" or ({simulator.networks}, P, {size})"
        rule = f"starts are a whole number or have shape (P, {size}){several}"
        mend = "give one row of states per start, or starts=200, for example"
        raise SettingError(Fault(where, rule, f"shape {array.shape}", mend))
    return array


def single_network(simulator: Simulator, where: str, mend: str) -> None:
    """Refuse a simulator of several networks; `mend` says what to do instead.

    Raises
    ------
    SettingError
    """
    if simulator.networks is not None:
        rule, value = "it looks at one network", f"{simulator.networks} networks"
        raise SettingError(Fault(where, rule, value, mend))
