"""Array types that every room uses, named once.

Row order is the order of ``Partition.subparticles``; ``J[target, source]`` is the coupling *from*
``source`` *to* ``target``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ArrayLike", "BoolArray", "FloatArray", "IntArray"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
"""Real numbers: states, biases, evidence ``(N,)`` or ``(chains, N)``; couplings ``(N, N)``."""

IntArray: TypeAlias = NDArray[np.intp]
"""Row numbers."""

BoolArray: TypeAlias = NDArray[np.bool_]
"""Masks, for example which couplings exist or are plastic."""
