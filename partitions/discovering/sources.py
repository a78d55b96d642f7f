"""What a partition can be proposed for: couplings, a graph, or recorded activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.laws import KINDS
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.collecting import shown
from deepparticle.partitions.coupling_input import checked_entries, checked_matrix
from deepparticle.partitions.discovering.activity import (
    ESTIMATES,
    checked_activity,
    effective_couplings,
)
from deepparticle.partitions.stepping import checked_option
from deepparticle.partitions.tree import Tree

if TYPE_CHECKING:
    import networkx

__all__ = ["SOURCES", "Source", "read_source"]

SOURCES = ("auto", "couplings", "graph", "activity")

# The strengths of so many take half a gigabyte, and each comparison with chance as much again.
_LARGEST = 8192


@dataclass(frozen=True, slots=True)
class Source:
    """Couplings, and who is coupled.

    Parameters
    ----------
    couplings : ndarray or scipy.sparse.csr_array of shape (N, N)
        Target × source. Dense: every pair has a boundary state. Sparse: what is stored has one.
    names : tuple of str
    graph : networkx.Graph or None
        Where they come from, if from a graph.
    weight : str
        The edge attribute that holds them there.
    """

    couplings: Any
    names: tuple[str, ...]
    graph: networkx.Graph | None = None
    weight: str = "weight"


def read_source(source: Any, kind: str, estimate: str, weight: str, where: str) -> Source:
    """Read what was given.

    Parameters
    ----------
    source : array_like, scipy sparse array, networkx.Graph, or an object with ``states``
    kind : {"auto", "couplings", "graph", "activity"}
    estimate : {"transfer", "partial"}
    weight : str
        The edge attribute that holds the coupling.

    Raises
    ------
    SettingError, SettingTypeError, PartitionError
        For what cannot be read.

    Examples
    --------
    >>> read_source([[0, 1], [2, 0]], "auto", "transfer", "weight", "discover").names
    ('0', '1')
    """
    checked_option(kind, SOURCES, where, "kind")
    checked_option(estimate, ESTIMATES, where, "estimate")
    if isinstance(source, Tree):
        raise SettingTypeError(
            Fault(
                where,
                "a partition is proposed for couplings, a graph or activity",
                "a partition already",
                "give its couplings, world.couplings",
            )
        )
    states = getattr(source, "states", None)
    given: Any = source if states is None else states
    if kind == "auto":
        kind = "activity" if states is not None else _kind_of(given, where)
    if kind == "graph":
        return _from_graph(given, weight, where)
    if kind == "activity":
        couplings: Any = effective_couplings(checked_activity(given, where), estimate)
    else:
        couplings = _checked_couplings(given, where)
    names = tuple(str(row) for row in range(_checked_size(couplings.shape[0], where)))
    return Source(couplings, names)


def _kind_of(given: Any, where: str) -> str:
    if hasattr(given, "adj"):
        return "graph"
    if hasattr(given, "tocoo"):
        return "couplings"
    try:
        shape = np.shape(given)
    except ValueError:
        shape = ()
    if len(shape) == 3 or (len(shape) == 2 and shape[0] > shape[1] > 0):
        return "activity"
    if len(shape) == 2 and shape[0] < shape[1]:
        raise SettingError(
            Fault(
                where,
                "couplings are square, target × source, and activity has more steps than "
                "subparticles, (steps, N)",
                f"shape {shape}",
                "transpose what has its steps along the second axis, or say "
                'kind="couplings" or kind="activity"',
            )
        )
    return "couplings"


def _checked_couplings(given: Any, where: str) -> Any:
    """A square matrix of finite numbers with zero diagonal: a copy, sparse if it was."""
    from scipy.sparse import csr_array

    shape = tuple(given.shape) if hasattr(given, "tocoo") else None
    if shape is None:
        try:
            given = real_array(given)
        except (TypeError, ValueError):
            raise SettingTypeError(
                Fault(
                    where,
                    "a partition is proposed for couplings, a graph or activity",
                    shown(given),
                    "give an array of floats, a scipy sparse array, a networkx graph, or a run "
                    "that recorded its states",
                )
            ) from None
        shape = given.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise SettingError(
            Fault(
                where,
                "the couplings are a square matrix, target × source",
                f"shape {shape}",
                "give an array of shape (N, N) with N ≥ 2",
            )
        )
    if hasattr(given, "tocoo"):
        targets, sources, values = checked_entries(given, shape, where)
        off = targets != sources
        loops, rows = values[~off], targets[~off]
        couplings: Any = csr_array((values[off], (targets[off], sources[off])), shape=shape)
    else:
        couplings = checked_matrix(given, shape, where)
        loops, rows = np.diagonal(couplings), np.arange(shape[0])
    if np.any(loops):
        first = int(np.flatnonzero(loops)[0])
        raise SettingError(
            Fault(
                where,
                "a subparticle is not coupled to itself",
                f"J[{rows[first]}, {rows[first]}] = {loops[first]:g}",
                'set the diagonal to 0, or say kind="activity" if these are recorded states',
            )
        )
    return couplings


def _checked_size(size: int, where: str) -> int:
    if size < 2:
        raise SettingError(
            Fault(
                where,
                "something can be divided",
                f"{size} subparticle" + ("" if size else "s"),
                "give at least two",
            )
        )
    if size > _LARGEST:
        raise SettingError(
            Fault(
                where,
                f"a partition is proposed for at most {_LARGEST} subparticles",
                f"{size}",
                "give a part of them, or what is between groups of them",
            )
        )
    return size


def _from_graph(graph: Any, weight: str, where: str) -> Source:
    """The couplings of a plain graph, which `from_networkx` checks."""
    from scipy.sparse import csr_array

    from deepparticle.partitions.constructors import from_networkx

    if any(isinstance(kind, str) and kind in KINDS for _, kind in _kinds(graph, where)):
        raise SettingError(
            Fault(
                where,
                "the nodes of the graph are subparticles",
                "a graph of states, which has its blankets already",
                "give the couplings, world.couplings",
            )
        )
    _checked_size(len(graph), where)
    world = from_networkx(graph, weight=weight)
    rows: dict[Any, int] = {particle: row for row, particle in enumerate(world.subparticles)}
    found = [
        (rows[boundary.target], rows[boundary.source], boundary.weight)
        for boundary in world.boundaries()
    ]
    targets, sources, weights = zip(*found, strict=True) if found else ((), (), ())
    shape = (len(rows), len(rows))
    couplings = csr_array((np.array(weights, dtype=np.float64), (targets, sources)), shape=shape)
    return Source(couplings, tuple(particle.name for particle in rows), graph, weight)


def _kinds(graph: Any, where: str) -> Any:
    import networkx

    if not isinstance(graph, networkx.Graph):
        raise SettingTypeError(
            Fault(
                where,
                "the graph is a networkx graph",
                shown(graph),
                'give a networkx graph, or say kind="couplings"',
            )
        )
    return graph.nodes(data="kind")
