r"""Fair rivals: the classical couplings, at the gain that suits them best.

Learned couplings have a size of their own; those of Hebb's rule and of the projection rule have
none, since their rules are homogeneous. They are therefore tried at several gains,
:math:`g \, J`, side by side, and the best score counts: a comparison that favours the rival.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.constructors import from_couplings

__all__ = ["GAINS", "at_best_gain", "side_by_side"]

GAINS = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0)
"""From where the mean :math:`L` is a contraction (its slope is at most ⅓) to where it saturates."""


def side_by_side(couplings: ArrayLike, backend: str = "auto", **settings: Any) -> Simulator:
    """A simulator of networks that differ in their couplings only.

    Parameters
    ----------
    couplings : array_like of shape (R, N, N)
    backend : str
    **settings
        As of `Simulator`.

    Returns
    -------
    Simulator

    Examples
    --------
    >>> side_by_side(np.zeros((3, 2, 2)), "numpy").networks
    3
    """
    stack = np.asarray(couplings)
    simulator = Simulator(
        from_couplings(np.zeros(stack.shape[1:])), backend, networks=len(stack), **settings
    )
    simulator.couplings = stack
    return simulator


def at_best_gain(couplings: FloatArray, scores: Callable[[FloatArray], FloatArray]) -> float:
    """The best score of couplings over `GAINS`.

    Parameters
    ----------
    couplings : ndarray of shape (N, N)
    scores : callable
        Takes couplings of shape (R, N, N), gives scores of shape (R,).

    Returns
    -------
    float

    Examples
    --------
    >>> at_best_gain(np.eye(2), lambda J: -np.abs(J[:, 0, 0] - 9.0))
    -1.0
    """
    return float(np.max(scores(np.multiply.outer(GAINS, couplings))))
