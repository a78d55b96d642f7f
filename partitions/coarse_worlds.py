"""A coarse world: a partition whose leaves are the units of another, and where it came from.

The quantities are those of :mod:`deepparticle.partitions.coarsening`, the objects are made by
:mod:`deepparticle.partitions.coarse_building`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError
from deepparticle.blankets.naming import unknown_path
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.arrays import coupling_entries
from deepparticle.partitions.coarse_building import build_coarse
from deepparticle.partitions.coarse_externals import CoarseExternal, coarse_external
from deepparticle.partitions.coarsening import aggregates
from deepparticle.partitions.columns import LeafPaths, leaf_columns
from deepparticle.partitions.levels import Level
from deepparticle.partitions.macro_states import MacroStates, macro_states
from deepparticle.partitions.resting import resting_point
from deepparticle.partitions.stepping import checked_option
from deepparticle.partitions.unit_response import checked_family
from deepparticle.partitions.units import checked_level

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["INTERNAL", "Coarsening", "coarsen"]

INTERNAL = ("response", "ignore")


@dataclass(frozen=True, eq=False)
class Coarsening:
    r"""How a coarse world was made: ``coarse.coarsening``.

    Parameters
    ----------
    leaves : LeafPaths
        The subparticles of the fine world.
    level : Level
        Its units, the subparticles of the coarse one.
    weights, lifts, fields : ndarray of shape (N,)
        :math:`w`, :math:`v` and :math:`p`: how much a subparticle counts in the state of its unit,
        what that says of it, and how much its field counts in that of the unit.
    gains, resting : ndarray of shape (U,)
        The effective gains :math:`G_A`, and the fixed point :math:`S^*` of both worlds.
    reference : ndarray of shape (N,)
        The fixed point :math:`m` of the fine world.
    externals : mapping of str to CoarseExternal

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> left = world.add_partition("left")
    >>> for name in "ab":
    ...     _ = left.add_subparticle(name)
    >>> made = world.coarsen(1).coarsening
    >>> made.states([0.5, -0.1]), made.lifted([0.2])
    (array([0.2]), array([0.2, 0.2]))
    """

    leaves: LeafPaths
    level: Level
    weights: FloatArray
    lifts: FloatArray
    fields: FloatArray
    gains: FloatArray
    resting: FloatArray
    reference: FloatArray
    externals: Mapping[str, CoarseExternal]
    macro: MacroStates

    @property
    def units(self) -> LeafPaths:
        """The paths of the units."""
        return self.level.paths

    def states(self, states: ArrayLike) -> FloatArray:
        """The macro-scale states of fine states ``(..., N)``, shape ``(..., U)``."""
        return self.macro.of(_checked(states, len(self.weights), "states"))

    def lifted(self, states: ArrayLike) -> FloatArray:
        """The fine states :math:`v_A S_A` of macro-scale states ``(..., U)``, ``(..., N)``."""
        return self.macro.lifted(_checked(states, len(self.level), "macro-scale states"))

    def evidence(self, evidence: Any) -> Any:
        r"""The same evidence for the coarse world.

        Parameters
        ----------
        evidence : None, array_like of shape (..., N), or dict
            As for ``Simulator.infer`` on the fine world.

        Returns
        -------
        None, ndarray of shape (..., U), or dict
            Arrays become :math:`u_A = p_A^T u_A`; values of external states the means that units
            sense of them.
        """
        if evidence is None:
            return None
        if not isinstance(evidence, Mapping):
            starts = self.level.starts[:-1]
            sums: FloatArray = np.add.reduceat(
                _checked(evidence, len(self.weights), "evidence") * self.fields, starts, axis=-1
            )
            return sums
        found = {}
        for key, value in evidence.items():
            path = key if isinstance(key, str) else getattr(key, "path", repr(key))
            if path not in self.externals:
                raise unknown_path("evidence", path, self.externals)
            found[path] = self.externals[path].value(value)
        return found

    def __repr__(self) -> str:
        return (
            f"<Coarsening of {str(self.level.partition)!r}: {len(self.weights)} subparticles "
            f"to {len(self.level)} units>"
        )


def _checked(values: Any, size: int, what: str) -> FloatArray:
    try:
        array = real_array(values)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault("coarsening", f"{what} are numbers", repr(values)[:60], "give floats")
        ) from None
    if array.ndim == 0 or array.shape[-1] != size:
        raise SettingError(
            Fault(
                "coarsening",
                f"{what} have shape (..., {size})",
                f"shape {array.shape}",
                "give one number for each, in row order",
            )
        )
    return array


def coarsen(
    world: Partition,
    level_or_paths: Any,
    state: Any,
    direction: Any,
    internal: str,
    distribution: Any,
    start: Any,
    evidence: Any,
) -> Partition:
    """Make the coarse world of a level; see `Partition.coarsen`."""
    import scipy.sparse

    where = f"{world}.coarsen"
    if world.parent is not None:
        raise PartitionError(
            Fault(
                where,
                "a whole world is coarsened",
                f"{world.path!r}, which lies in a world",
                f"use world[{world.path!r}].copy().coarsen(…), a world of its own, or name it "
                "among the paths of the whole",
            )
        )
    checked_option(internal, INTERNAL, where, "way with couplings inside")
    family = checked_family(distribution, where)
    level = checked_level(world, level_or_paths)
    if not len(level):
        raise PartitionError(
            Fault(where, "a unit has subparticles", "none in this world", "add some first")
        )
    columns, entries = leaf_columns(world), coupling_entries(world)
    count = entries.size
    parts = (entries.weights, entries.sources, entries.starts)
    matrix = scipy.sparse.csr_array(parts, shape=(count, count))
    zeros = np.zeros(count)
    sensed = zeros if evidence is None else _one_each(evidence, count, where, "evidence")
    first = zeros if start is None else _one_each(start, count, where, "a start")
    reference = resting_point(columns, matrix, sensed, first, where)
    macro = macro_states(level, columns, matrix, reference.states, state, direction, where)
    found = aggregates(
        macro,
        columns,
        entries,
        matrix,
        reference,
        sensed,
        response=internal == "response",
        family=family,
        where=where,
    )
    externals = {
        external.path: coarse_external(world, external, level.unit_of, found.fields, macro.lifts)
        for external in world.externals
    }
    coarse = build_coarse(world, level, found, externals)
    coarse._coarsening = Coarsening(
        leaves=columns.paths,
        level=level,
        weights=macro.weights,
        lifts=macro.lifts,
        fields=found.fields,
        gains=found.gains,
        resting=found.resting,
        reference=reference.states,
        externals=externals,
        macro=macro,
    )
    return coarse


def _one_each(values: Any, count: int, where: str, what: str) -> FloatArray:
    try:
        array = real_array(values)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(where, f"{what} holds numbers", repr(values)[:60], "give floats")
        ) from None
    if array.shape != (count,) or not np.all(np.isfinite(array)):
        raise SettingError(
            Fault(
                where,
                f"{what} is finite and has shape ({count},)",
                f"shape {array.shape}" if array.shape != (count,) else "NaN or inf",
                "give one number per subparticle, in row order",
            )
        )
    return array
