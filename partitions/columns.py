"""What the leaves of a partition hold, as columns in row order.

A population already keeps its numbers in arrays, so that its part of a column is a copy of one: a
million members need not be made to be read. Explicit subparticles are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.external import ExternalState
from deepparticle.agents.member import INHERITED, Member
from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.conditional import Delta, GaussianBoundary
from deepparticle.blankets.naming import SEPARATOR
from deepparticle.partitions.arrays import blocks_of
from deepparticle.partitions.leaf_paths import LeafPaths
from deepparticle.partitions.macroscale import block_of_state
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = [
    "ExternalColumns",
    "LeafColumns",
    "LeafPaths",
    "column_of",
    "external_columns",
    "leaf_columns",
    "noise_variances",
    "other_conditionals",
    "write_action_weights",
    "write_states",
]


@dataclass(frozen=True, eq=False)
class LeafColumns:
    r"""What the leaves of a partition hold, in row order.

    Parameters
    ----------
    paths : LeafPaths
        Their paths, from the root.
    bias, state : ndarray of shape (N,)
        :math:`b_i` in nats per unit of state, and :math:`\sigma_i`.
    field, evidence, argument, used_precision : ndarray of shape (N,)
        What their last inference rested on: :math:`h_i`, :math:`u_i`, :math:`\theta_i` and
        :math:`\beta_i`.
    precision, learning_rate : ndarray of shape (N,)
        With what is inherited from the partitions around.
    clock : ndarray of intp, shape (N,)
        The same, in steps.
    time_step : ndarray of shape (N,)
        The same, in units of time.
    learning_rule : ndarray of object, shape (N,)
        The same: names of rules.
    distributions : tuple of (StateDistribution, ndarray of intp)
        The distinct distributions, in the order of their first rows, each with its rows.
    """

    paths: LeafPaths
    bias: FloatArray
    state: FloatArray
    field: FloatArray
    evidence: FloatArray
    argument: FloatArray
    used_precision: FloatArray
    precision: FloatArray
    learning_rate: FloatArray
    clock: IntArray
    time_step: FloatArray
    learning_rule: NDArray[np.object_]
    distributions: tuple[tuple[StateDistribution, IntArray], ...]


# What a leaf holds itself, under the names of its attributes; a population's cells are called the
# same after an underscore.
_HELD = ("bias", "state", "field", "evidence", "argument", "_used_precision")
_held = attrgetter(*_HELD)

# How inherited settings are kept, where not as floats.
_TYPES: dict[str, Any] = {"clock": np.intp, "learning_rule": np.object_}


def leaf_columns(partition: Partition) -> LeafColumns:
    """What the leaves inside hold, as arrays in row order.

    Linear in the number of members; members of populations are not made, but read from their
    arrays.

    Parameters
    ----------
    partition : Partition

    Returns
    -------
    LeafColumns
        Copies.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world", precision=0.5)
    >>> _ = world.add_subparticle("a", bias=0.2)
    >>> _ = world.add_population("cortex", 2, bias=[0.1, -0.1], precision=2.0)
    >>> columns = leaf_columns(world)
    >>> list(columns.paths), columns.bias.tolist(), columns.precision.tolist()
    (['a', 'cortex/0', 'cortex/1'], [0.2, 0.1, -0.1], [0.5, 2.0, 2.0])
    """
    count = partition.leaf_count
    held: dict[str, Any] = {name: np.empty(count) for name in _HELD}
    inherited: dict[str, Any] = {
        name: np.empty(count, dtype=_TYPES.get(name, np.float64)) for name in INHERITED
    }
    places = _Places()
    runs: list[Any] = []
    kinds: dict[int, tuple[StateDistribution, list[Any]]] = {}
    explicit: list[str] = []
    rows: list[int] = []
    values: list[Any] = []
    own: list[Any] = []
    for row, block in blocks_of(partition):
        path, settings = places.of(block)
        kind = kinds.setdefault(id(block.distribution), (block.distribution, []))
        if isinstance(block, Population):
            if explicit:
                runs.append(tuple(explicit))
                explicit = []
            runs.append((path, block.size))
            span = slice(row, row + block.size)
            kind[1].append(np.arange(row, row + block.size))
            for name in _HELD:
                held[name][span] = block.cells[f"_{name.lstrip('_')}"]
            for name, value in zip(INHERITED, settings, strict=True):
                inherited[name][span] = value
            for offset, member in block._members.items():
                for name, value in member.own_settings.items():
                    inherited[name][row + offset] = value
        else:
            explicit.append(path)
            rows.append(row)
            kind[1].append(row)
            values.append(_held(block))
            own.append(settings)
    if explicit:
        runs.append(tuple(explicit))
    if rows:
        for name, column in zip(_HELD, zip(*values, strict=True), strict=True):
            held[name][rows] = column
        for name, column in zip(INHERITED, zip(*own, strict=True), strict=True):
            inherited[name][rows] = column
    held["used_precision"] = held.pop("_used_precision")
    return LeafColumns(LeafPaths(runs), **held, **inherited, distributions=_distinct(kinds))


def column_of(partition: Partition, name: str) -> FloatArray:
    """One number of every leaf inside, in row order.

    Parameters
    ----------
    name : {"bias", "state", "field", "evidence", "argument"}

    Returns
    -------
    ndarray of shape (N,)
        A copy.
    """
    column = np.empty(partition.leaf_count)
    for row, block in blocks_of(partition):
        if isinstance(block, Population):
            column[row : row + block.size] = block.cells[f"_{name}"]
        else:
            column[row] = getattr(block, name)
    return column


def write_states(partition: Partition, states: FloatArray) -> None:
    """Set the states of the leaves inside, as ``leaf.state = …`` does one by one.

    Parameters
    ----------
    states : ndarray of shape (N,)
        In row order.

    Raises
    ------
    SettingError
        For a state that is not finite or outside the support; those before it are set.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> _ = world.add_population("cortex", 2)
    >>> write_states(world, np.array([0.5, -0.5]))
    >>> world["cortex/1"].state
    -0.5
    """
    for row, block in blocks_of(partition):
        if not isinstance(block, Population):
            block.state = float(states[row])
            continue
        own = np.asarray(states[row : row + block.size], dtype=np.float64)
        low, high = block.distribution.support
        wrong = np.flatnonzero(~(np.isfinite(own) & (own >= low) & (own <= high)))
        for first in wrong[:1].tolist():
            block[first].state = float(own[first])  # raises, in the words of one leaf
        block.cells["_state"][:] = block.cells["_emitted"][:] = own


def write_action_weights(world: Partition, path: str, weights: FloatArray) -> None:
    """Write weights of shape ``(m,)`` into the active states on an external state, in row order.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> particle, scene = world.add_subparticle("particle"), world.add_external("scene")
    >>> active = world.act(particle, scene, 0.5)
    >>> write_action_weights(world, "scene", np.array([0.25]))
    >>> active.weight
    0.25
    """
    external: Any = world[path]
    block = external._single_block(inwards=False)
    if block is not None:
        block.weights[:] = weights
        return
    for end, weight in zip(external.acting, weights.tolist(), strict=True):
        external.boundary_from(end).weight = weight


@dataclass(frozen=True, eq=False)
class ExternalColumns:
    """Who senses an external state and who acts on it, in row order.

    Parameters
    ----------
    sensing, acting : ndarray of intp
        Their rows.
    sensing_weights, acting_weights : ndarray of float64
        The weights of the macro-scale states between.
    acting_plastic : ndarray of bool
        Whether the active states may learn.
    """

    sensing: IntArray
    sensing_weights: FloatArray
    acting: IntArray
    acting_weights: FloatArray
    acting_plastic: BoolArray


def external_columns(world: Partition, external: ExternalState) -> ExternalColumns:
    """Who senses an external state and who acts on it, without making members of populations.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> _ = world.add_population("cortex", 3)
    >>> scene = world.add_external("scene")
    >>> _ = world.sense(scene, "cortex", 0.5)
    >>> columns = external_columns(world, scene)
    >>> columns.sensing.tolist(), columns.sensing_weights.tolist(), columns.acting.tolist()
    ([0, 1, 2], [0.5, 0.5, 0.5], [])
    """
    found: list[Any] = []
    for inwards in (True, False):
        explicit = external._sensed_by if inwards else external._acted_on_by
        rows = [np.array([world.row_of(end) for end in explicit], dtype=np.intp)]  # type: ignore[arg-type]
        weights = [np.array([one.weight for one in explicit.values()], dtype=np.float64)]
        learns = [np.array([one.plastic for one in explicit.values()], dtype=np.bool_)]
        for block in external.blocks:
            if block.inwards == inwards:
                # By the population, not by its first member, which would be made for that.
                first = world.row_of(block.population)
                rows.append(np.arange(first, first + len(block), dtype=np.intp))
                weights.append(block.weights)
                learns.append(block.plastic)
        joined = np.concatenate(rows)
        order = np.argsort(joined)
        found += [joined[order], np.concatenate(weights)[order]]
    found.append(np.concatenate(learns)[order])
    return ExternalColumns(*found)


def other_conditionals(world: Partition) -> Iterator[Boundary]:
    """The boundary states of a world that are not Dirac deltas, each once.

    Those inside populations always are.
    """
    ends: list[Any] = list(world.externals)
    for _, place in blocks_of(world):
        ends += place._members.values() if isinstance(place, Population) else [place]
    for end in ends:
        external = isinstance(end, ExternalState)
        for boundary in (end._acted_on_by if external else end._incoming).values():
            block = block_of_state(boundary)
            folded = block is not None and block in block.external.blocks
            if not folded and type(boundary.conditional) is not Delta:
                yield boundary
        for block in end.blocks if external else ():
            yield from (block[row] for row in sorted(block.others))


def noise_variances(world: Partition) -> FloatArray:
    r"""The variance that noisy boundary states add to what each row senses.

    .. math:: v_i = \sum_j sd_{ij}^2

    Every boundary state has one target, so that the noise of one row is none of another's.

    Returns
    -------
    ndarray of shape (N,)
        In squared units of :math:`h_i`.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> a, b = world.add_subparticle("a"), world.add_subparticle("b")
    >>> world.couple(a, b).conditional = GaussianBoundary(0.8, sd=0.5)
    >>> noise_variances(world).tolist()
    [0.0, 0.25]
    """
    variances: FloatArray = np.zeros(world.leaf_count)
    for boundary in other_conditionals(world):
        if isinstance(boundary.conditional, GaussianBoundary):
            target: Any = boundary.target
            variances[world.row_of(target)] += boundary.conditional.sd * boundary.conditional.sd
    return variances


class _Places:
    """Paths and settings of members, from those of the partition around, each found once."""

    def __init__(self) -> None:
        self._known: dict[Member, tuple[str, tuple[float | str, ...]]] = {}

    def of(self, member: Member) -> tuple[str, tuple[float | str, ...]]:
        parent = member.parent
        if parent is None:
            return member.path, tuple(getattr(member, name) for name in INHERITED)
        if parent not in self._known:
            self._known[parent] = (
                parent.path,
                tuple(getattr(parent, name) for name in INHERITED),
            )
        outer, settings = self._known[parent]
        path = f"{outer}{SEPARATOR}{member.name}" if outer else member.name
        own = member.own_settings
        if own:
            pairs = zip(INHERITED, settings, strict=True)
            settings = tuple(own.get(name, inherited) for name, inherited in pairs)
        return path, settings


def _distinct(
    kinds: Mapping[int, tuple[StateDistribution, list[Any]]],
) -> tuple[tuple[StateDistribution, IntArray], ...]:
    # By identity first, which costs nothing per leaf; then those that are equal are one.
    merged: dict[StateDistribution, list[Any]] = {}
    for distribution, parts in kinds.values():
        merged.setdefault(distribution, []).extend(parts)
    return tuple(
        (distribution, np.sort(np.hstack(parts)).astype(np.intp))
        for distribution, parts in merged.items()
    )
