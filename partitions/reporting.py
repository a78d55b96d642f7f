r"""What holds at every level of a world, and what leaks. States, never raises.

Three notions of independence are kept apart. A Dirac boundary state with :math:`J_{ij} \ne 0`
*determines* :math:`\sigma_j`, so :math:`\sigma_i \perp \sigma_j \mid s_{ij}, a_{ij}` read at one
instant is vacuous for coupled pairs.

*path-wise*
    the paths of inside and outside are independent given the paths of the blanket: a law, which
    `check` enforces;
*one step*
    a subparticle's next state depends on nothing but its own blanket: true by construction;
*at equal time in the steady state*
    with K = diag(β) J symmetric, separation in K's graph (single-site schedules) holds; with
    asymmetric K nothing is implied, and the leak has to be measured. Its driver is the
    antisymmetric part A = (K − Kᵀ)/2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, PartitionError, SettingError
from deepparticle.partitions.arrays import CouplingEntries, coupling_entries
from deepparticle.partitions.checking import faults_of
from deepparticle.partitions.columns import leaf_columns
from deepparticle.partitions.graphs import blanket_weights
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["LevelReport", "PartitionReport", "report_of"]


# Beyond one pair in ten coupled, a dense matrix is transposed faster than a sparse one.
_SPARSE_DENSITY = 0.1


@dataclass(frozen=True)
class LevelReport:
    r"""What holds for one partition.

    Parameters
    ----------
    path : str
        The partition; ``""`` for the root.
    depth : int
        0 for the root.
    leaves, sensory, active : int
        How many subparticles are inside, and boundary states in its blanket.
    vacuous : int
        Boundary states of its blanket that determine the state behind them (weight not 0): given
        them, independence at one instant says nothing about that state.
    asymmetry : float
        :math:`\|K - K^T\| / \|K\|` of the couplings inside, 0 where there are none.
    """

    path: str
    depth: int
    leaves: int
    sensory: int
    active: int
    vacuous: int
    asymmetry: float


@dataclass(frozen=True)
class PartitionReport:
    """What holds in a world: printable.

    Parameters
    ----------
    name : str
        The world.
    faults : tuple of Fault
        Violations of the path-wise law and the others that `check` enforces.
    levels : tuple of LevelReport
        The world and every partition and population inside, outermost first; empty where faults
        leave nothing to measure.
    """

    name: str
    faults: tuple[Fault, ...]
    levels: tuple[LevelReport, ...]

    @property
    def lawful(self) -> bool:
        """Whether `check` passes."""
        return not self.faults

    def __str__(self) -> str:
        lines = [
            f"Partition {self.name!r}: "
            + ("lawful at every level" if self.lawful else f"{len(self.faults)} faults")
        ]
        lines += [f"  ! {fault}" for fault in self.faults]
        lines.append(
            f"  {'partition':<28}{'leaves':>7}{'s':>6}{'a':>6}{'vacuous':>9}{'|K-Kᵀ|/|K|':>12}"
        )
        for level in self.levels:
            name = "  " * level.depth + (level.path.rsplit("/", 1)[-1] or self.name)
            lines.append(
                f"  {name:<28} {level.leaves:>6} {level.sensory:>5} {level.active:>5}"
                f" {level.vacuous:>8} {level.asymmetry:>11.3g}"
            )
        lines.append(
            "  path-wise: "
            + ("holds" if self.lawful else "broken, see above")
            + " (inside ⟂ outside given the blanket's paths)"
        )
        lines.append("  one step:  holds by construction (a subparticle reads only its blanket)")
        if not self.levels:
            lines.append("  equal time: nothing can be said before the faults are mended")
        elif self.levels[0].asymmetry < 1e-12:
            lines.append(
                "  equal time: K is symmetric, the stationary law (if there is one) is closed-form "
                "under single-site\n              schedules, and under the synchronous one if all "
                "clocks are equal"
            )
        else:
            lines.append("  equal time: K is not symmetric, nothing is implied; measure the leak")
        return "\n".join(lines)

    __repr__ = __str__


def report_of(partition: Partition) -> PartitionReport:
    """Make the report of a partition and everything inside."""
    faults = tuple(faults_of(partition))
    try:
        levels = _levels(partition)
    except (PartitionError, SettingError, RecursionError):
        # Numbers that are not finite, a nesting without end: `faults` name them.
        if not faults:
            raise
        levels = ()
    return PartitionReport(str(partition), faults, levels)


def _levels(partition: Partition) -> tuple[LevelReport, ...]:
    entries, precision = coupling_entries(partition), leaf_columns(partition).precision
    root_depth = partition.path.count("/") + bool(partition.path)
    # A world of one population is asked for the same rows twice.
    asymmetry = lru_cache(maxsize=1)(partial(_asymmetry, entries, precision))
    levels = []
    for place, row in _places(partition):
        size = place.size if isinstance(place, Population) else place.leaf_count
        sensory, active = blanket_weights(place)
        depth = place.path.count("/") + bool(place.path) - root_depth
        levels.append(
            LevelReport(
                path=place.path,
                depth=depth,
                leaves=size,
                sensory=len(sensory),
                active=len(active),
                vacuous=int(np.count_nonzero(sensory) + np.count_nonzero(active)),
                asymmetry=asymmetry(row, size),
            )
        )
    return tuple(levels)


def _places(partition: Partition) -> Iterator[tuple[Any, int]]:
    """The partition and those inside, populations too, each with its first row."""
    yield partition, 0
    row = 0
    for member in partition.walk():
        if isinstance(member, Subparticle):
            row += 1
        elif not member.is_external:
            yield member, row
            row += member.size if isinstance(member, Population) else 0


def _asymmetry(entries: CouplingEntries, precision: FloatArray, row: int, size: int) -> float:
    """How far K is from symmetric among `size` rows from `row` on."""
    import scipy.sparse

    inner = entries.within(row, size)
    targets, sources = entries.targets[inner] - row, entries.sources[inner] - row
    scaled = entries.weights[inner] * precision[targets + row]
    norm = float(np.linalg.norm(scaled))
    if norm == 0.0:
        return 0.0
    if len(scaled) > _SPARSE_DENSITY * size * size:
        dense = np.zeros((size, size))
        dense[targets, sources] = scaled
        return float(np.linalg.norm(dense - dense.T)) / norm
    k = scipy.sparse.csr_array((scaled, (targets, sources)), shape=(size, size))
    return float(np.linalg.norm((k - k.T).data)) / norm
