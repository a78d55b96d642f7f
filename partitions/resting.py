r"""Where a world rests: a fixed point of its expected states.

.. math:: m = L(\theta), \qquad \theta = c + K m, \qquad
          K = \mathrm{diag}(\beta)\,J, \quad c = \beta\,(b + u)

(Spisak & Friston 2026, "Inference": least action). It is looked for near a start, first by damped
iteration, which ends where the dynamics would end if they moved by half a step at a time, and then,
where that does not come to rest, by a root finder.

Around such a point the world is linear to first order: :math:`\delta m = D\,(J \delta m + \delta
u)` with the gains :math:`D = \mathrm{diag}(\beta_i\,\phi''_i(\theta_i))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.partitions.columns import LeafColumns

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["RestingPoint", "by_distribution", "resting_point"]

# Damped iteration either settles within this many steps or the root finder is asked.
_ITERATIONS = 2000
_DAMPING = 0.5

# A residual of rounding, and one that is accepted, relative to max(1, magnitude).
_ROUNDING = 1e-15
_TOLERANCE = 1e-10
_ROOT_TOLERANCE = 1e-13

# Beyond this many rows the root finder does without a matrix.
_MANY_ROWS = 1000


@dataclass(frozen=True, eq=False)
class RestingPoint:
    r"""A fixed point.

    Parameters
    ----------
    states : ndarray of shape (N,)
        The expected states :math:`m`.
    arguments : ndarray of shape (N,)
        :math:`\theta = c + K m`, in nats per unit of state.
    """

    states: FloatArray
    arguments: FloatArray


def by_distribution(
    distributions: Sequence[tuple[StateDistribution, IntArray]], method: str, values: FloatArray
) -> FloatArray:
    """Apply a method of each row's distribution to an array of shape ``(..., N)``.

    Examples
    --------
    >>> from deepparticle.agents import Gaussian, Spin
    >>> pair = [(Spin(), np.array([1])), (Gaussian(2.0), np.array([0]))]
    >>> by_distribution(pair, "variance", np.zeros(2))
    array([2., 1.])
    """
    if len(distributions) == 1:
        whole: FloatArray = getattr(distributions[0][0], method)(values)
        return whole
    result = np.empty_like(values)
    for distribution, rows in distributions:
        result[..., rows] = getattr(distribution, method)(values[..., rows])
    return result


def resting_point(
    columns: LeafColumns,
    couplings: scipy.sparse.csr_array,
    evidence: FloatArray,
    start: FloatArray,
    where: str,
) -> RestingPoint:
    """The fixed point near a start.

    Parameters
    ----------
    columns : LeafColumns
        Bias, precision and distributions.
    couplings : csr_array of shape (N, N)
        J[target, source].
    evidence : ndarray of shape (N,)
        What is sensed at the macro scale, :math:`u`.
    start : ndarray of shape (N,)
        States.
    where : str
        Who asks, for messages.

    Returns
    -------
    RestingPoint

    Raises
    ------
    SettingError
        If none is found.

    Examples
    --------
    >>> import scipy.sparse
    >>> from deepparticle.partitions import Partition
    >>> from deepparticle.partitions.columns import leaf_columns
    >>> world = Partition("world")
    >>> _ = world.add_subparticle("a", bias=1.0)
    >>> found = resting_point(
    ...     leaf_columns(world), scipy.sparse.csr_array((1, 1)), np.zeros(1), np.zeros(1), "world"
    ... )
    >>> found.states.round(4)  # L(1)
    array([0.313])
    """

    def arguments(states: FloatArray) -> FloatArray:
        found: FloatArray = columns.precision * (columns.bias + couplings @ states + evidence)
        return found

    def surplus(states: FloatArray) -> FloatArray:
        return by_distribution(columns.distributions, "mean", arguments(states)) - states

    states = np.array(start)
    with np.errstate(over="ignore", invalid="ignore"):  # unbounded states may run away
        for _ in range(_ITERATIONS):
            step = surplus(states)
            if _is_small(step, states, _ROUNDING):
                break
            states = states + _DAMPING * step
            if not np.all(np.isfinite(states)):
                states = np.array(start)
                break
    if not _is_small(surplus(states), states, _TOLERANCE):
        states = _root(surplus, states)
    if not _is_small(surplus(states), states, _TOLERANCE):
        raise SettingError(
            Fault(
                where,
                "the expected states come to rest, and the world is linearised there",
                f"a residual of {np.abs(surplus(states)).max():.2g} from this start",
                "give another start=, for example a state that sim.relax() found",
            )
        )
    return RestingPoint(states, arguments(states))


def _is_small(step: FloatArray, states: FloatArray, tolerance: float) -> bool:
    return bool(np.all(np.abs(step) <= tolerance * np.maximum(1.0, np.abs(states))))


def _root(surplus: Any, states: FloatArray) -> FloatArray:
    import scipy.optimize

    method = "hybr" if len(states) <= _MANY_ROWS else "krylov"
    solver: Any = scipy.optimize.root
    found: FloatArray = np.asarray(solver(surplus, states, method=method, tol=_ROOT_TOLERANCE).x)
    return found if np.all(np.isfinite(found)) else states
