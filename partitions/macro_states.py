r"""Macro-scale states: what of the members of a unit is looked at.

==============  ===================================================================================
state           :math:`S_A` of the unit :math:`A`
==============  ===================================================================================
``mean``        :math:`\frac{1}{|A|} \sum_i \sigma_i`
``projection``  :math:`d_A^T \sigma_A / \lVert d_A \rVert_1` on a direction :math:`d`: a given one,
                for example a stored pattern, or the leading eigenvector of the symmetric part of
                :math:`K_{AA}`
a callable      :math:`f(\sigma_A)`, differentiable; its gradient at the reference takes the place
                of :math:`w`
==============  ===================================================================================

With the 1-norm, the mean is the projection on :math:`d = 1`, and states in [−1, 1] have projections
in [−1, 1]. A unit that is a single subparticle keeps its state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.columns import LeafColumns
from deepparticle.partitions.levels import Level
from deepparticle.partitions.population import Population
from deepparticle.partitions.stepping import checked_option
from deepparticle.partitions.tree import Tree

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["STATES", "MacroStates", "StateFunction", "compound_units", "macro_states"]

STATES = ("mean", "projection")
StateFunction = Callable[[Any], ArrayLike]
"""``function(states of the members, shape (…, n)) -> shape (…)``."""

# Central differences: the error of the quotient, step² + rounding/step, is least near here.
_STEP = 1e-5

# Up to this many members the eigenvectors of a unit are computed densely.
_DENSE = 400


@dataclass(frozen=True, eq=False)
class MacroStates:
    r"""The macro-scale states of a level, and their linear part at a reference.

    Parameters
    ----------
    level : Level
    weights : ndarray of shape (N,)
        :math:`w`: how much each subparticle counts in the state of its unit.
    lifts : ndarray of shape (N,)
        :math:`v = w / w^T w`, unit by unit: what the state of a unit says of each member.
    function : callable or None
        Where the states are not linear.
    """

    level: Level
    weights: FloatArray
    lifts: FloatArray
    function: StateFunction | None

    def of(self, states: FloatArray) -> FloatArray:
        """The macro-scale states of states of shape ``(..., N)``, shape ``(..., U)``."""
        starts = self.level.starts[:-1]
        found: FloatArray = np.add.reduceat(states * self.weights, starts, axis=-1)
        if self.function is not None:
            for number, rows, _ in compound_units(self.level):
                found[..., number] = _applied(self.function, states[..., rows], self.level, number)
        return found

    def lifted(self, values: FloatArray) -> FloatArray:
        """The states :math:`v_A S_A` of macro-scale states ``(..., U)``, shape ``(..., N)``."""
        spread: FloatArray = np.repeat(values, self.level.sizes, axis=-1)
        return spread * self.lifts


def compound_units(level: Level) -> Iterator[tuple[int, slice, Any]]:
    """The units that are not single subparticles: their numbers, rows and objects."""
    for number, member, each in level.blocks:
        if isinstance(member, (Tree, Population)) and not each:
            yield number, slice(*level.starts[number : number + 2].tolist()), member


def macro_states(
    level: Level,
    columns: LeafColumns,
    couplings: scipy.sparse.csr_array,
    reference: FloatArray,
    state: Any,
    direction: Any,
    where: str,
) -> MacroStates:
    """The macro-scale states that a caller asks for.

    Parameters
    ----------
    level : Level
    columns : LeafColumns
    couplings : csr_array of shape (N, N)
    reference : ndarray of shape (N,)
        Where a callable is differentiated.
    state : {"mean", "projection"} or callable
    direction : array_like of shape (N,), optional
        For a projection.
    where : str
        Who asks, for messages.
    """
    function = state if callable(state) else None
    if function is None:
        checked_option(state, STATES, where, "state")
    if direction is not None and (function is not None or state != "projection"):
        raise SettingError(
            Fault(
                where,
                "a direction belongs to a projection",
                f"state={'a callable' if function is not None else repr(state)}",
                'give state="projection", or leave direction= out',
            )
        )
    along = None if direction is None else _checked_direction(direction, columns, where)
    weights = np.ones(len(columns.bias))
    lifts = np.ones(len(columns.bias))
    for number, rows, member in compound_units(level):
        if function is not None:
            own = _gradient(function, columns, reference, rows, level, number)
        elif state == "mean" or rows.stop - rows.start == 1:
            own = np.full(rows.stop - rows.start, 1.0 / (rows.stop - rows.start))
        else:
            own = _direction(columns, couplings, rows) if along is None else along[rows]
            if not np.any(own):
                raise SettingError(
                    Fault(
                        f"{where}, {str(member)!r}",
                        "the direction of a projection is not zero",
                        "0 for every member",
                        "give another direction",
                    )
                )
            own = own / np.abs(own).sum()
        weights[rows], lifts[rows] = own, own / (own @ own)
    return MacroStates(level, weights, lifts, function)


def _checked_direction(direction: Any, columns: LeafColumns, where: str) -> FloatArray:
    count = len(columns.bias)
    try:
        array = real_array(direction)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(where, "a direction holds numbers", repr(direction)[:60], "give floats")
        ) from None
    if array.shape != (count,) or not np.all(np.isfinite(array)):
        raise SettingError(
            Fault(
                where,
                f"a direction is finite and has shape ({count},)",
                f"shape {array.shape}" if array.shape != (count,) else "NaN or inf",
                "give one number per subparticle, in row order",
            )
        )
    return array


def _direction(columns: LeafColumns, couplings: scipy.sparse.csr_array, rows: slice) -> FloatArray:
    """The leading eigenvector of the symmetric part of K inside a unit."""
    size = rows.stop - rows.start
    inner = couplings[rows, rows] * columns.precision[rows][:, None]
    if not inner.count_nonzero():
        return np.ones(size)  # no direction is better than another
    symmetric = (inner + inner.T) / 2
    if size <= _DENSE:
        vector: FloatArray = np.linalg.eigh(symmetric.toarray())[1][:, -1]
    else:
        from scipy.sparse.linalg import eigsh

        vector = eigsh(symmetric, k=1, which="LA", v0=np.ones(size))[1][:, 0]
    # An eigenvector has no sign of its own: here most of it points up.
    total = vector.sum()
    up = total if abs(total) > 1e-9 * np.abs(vector).sum() else vector[np.abs(vector).argmax()]
    return vector if up > 0 else -vector


def _gradient(
    function: StateFunction,
    columns: LeafColumns,
    reference: FloatArray,
    rows: slice,
    level: Level,
    number: int,
) -> FloatArray:
    """The gradient of a function of the members of a unit, by central differences."""
    size = rows.stop - rows.start
    low, high = _supports(columns, rows)
    here = reference[rows]
    ups = np.clip(here + _STEP * np.maximum(1.0, np.abs(here)), low, high)
    downs = np.clip(here - _STEP * np.maximum(1.0, np.abs(here)), low, high)
    points = np.tile(here, (2 * size, 1))
    points[np.arange(size), np.arange(size)] = ups
    points[size + np.arange(size), np.arange(size)] = downs
    values = _applied(function, points, level, number)
    gradient: FloatArray = (values[:size] - values[size:]) / (ups - downs)
    if not np.any(np.abs(gradient) > _STEP):
        raise SettingError(
            Fault(
                f"the state of {level.paths[number]!r}",
                "a macro-scale state changes with the states of its members",
                "a gradient of 0 at the reference",
                "give another function, or another start= for the reference",
            )
        )
    return gradient


def _supports(columns: LeafColumns, rows: slice) -> tuple[FloatArray, FloatArray]:
    low, high = np.empty((2, len(columns.bias)))
    for distribution, places in columns.distributions:
        low[places], high[places] = distribution.support
    return low[rows], high[rows]


def _applied(function: StateFunction, states: FloatArray, level: Level, number: int) -> FloatArray:
    where = f"the state of {level.paths[number] or str(level.partition)!r}"
    try:
        values = real_array(function(states))
    except (TypeError, ValueError) as error:
        raise SettingTypeError(
            Fault(
                where,
                "the function gives numbers for an array of states",
                f"{type(error).__name__}: {error}",
                "let it work along the last axis, for example lambda s: s.mean(axis=-1)",
            )
        ) from error
    if values.shape != states.shape[:-1]:
        raise SettingError(
            Fault(
                where,
                f"the function gives shape {states.shape[:-1]} for states {states.shape}",
                f"shape {values.shape}",
                "let it work along the last axis, for example lambda s: s.mean(axis=-1)",
            )
        )
    if not np.all(np.isfinite(values)):
        raise SettingError(
            Fault(where, "the function gives finite numbers", "NaN or inf", "mend the function")
        )
    return values
