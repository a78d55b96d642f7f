"""Applying each row's distribution to arrays whose last axis is the rows."""

from __future__ import annotations

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.compile.program import Program

__all__ = ["group_map"]


def group_map(program: Program, method: str, argument: FloatArray, *more: FloatArray) -> FloatArray:
    """Apply a method of each row's distribution to arrays of shape (..., N)."""
    if len(program.groups) == 1:
        result: FloatArray = getattr(program.groups[0].distribution, method)(argument, *more)
        return result
    result = np.empty_like(argument)
    for group in program.groups:
        parts = [values[..., group.rows] for values in (argument, *more)]
        result[..., group.rows] = getattr(group.distribution, method)(*parts)
    return result
