"""Applying each row's distribution to arrays whose last axis is the rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.program import Program

__all__ = ["group_map"]


def group_map(
    program: Program,
    method: str | Callable[..., FloatArray],
    argument: FloatArray,
    *more: FloatArray,
) -> FloatArray:
    """Apply a method of each row's distribution to arrays of shape (..., N).

    Parameters
    ----------
    program : Program
    method : str or callable
        The name of a method, or a function whose first argument is the distribution.
    argument, *more : ndarray of shape (..., N)
    """

    def apply(distribution: StateDistribution, *parts: FloatArray) -> FloatArray:
        if callable(method):
            return method(distribution, *parts)
        value: FloatArray = getattr(distribution, method)(*parts)
        return value

    if len(program.groups) == 1:
        return apply(program.groups[0].distribution, argument, *more)
    result = np.empty_like(argument)
    for group in program.groups:
        parts = [values[..., group.rows] for values in (argument, *more)]
        result[..., group.rows] = apply(group.distribution, *parts)
    return result
