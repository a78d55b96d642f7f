r"""What holds at every level of a world, and what leaks. States, never raises.

Three notions of independence are kept apart.

*path-wise*
    the paths of inside and outside are independent given the paths of the blanket: a law, which
    `check` enforces. Where it is broken, the levels at which it leaks and the leaking paths are
    named;
*one step*
    a subparticle's next state depends on nothing but its own blanket: true by construction, and
    tested on the samples of a run by `certify`;
*at equal time in the steady state*
    given the blanket read at one instant. A Dirac boundary state with :math:`J_{ij} \ne 0`
    *determines* :math:`\sigma_j`: where that leaves nothing open inside or outside, independence is
    vacuous. Otherwise it holds for symmetric K = diag(β) J, and for asymmetric K the leak is
    measured (:mod:`deepparticle.partitions.equal_time`).

What becomes of them where boundary states are noisy, :math:`s_{ij} = J_{ij}\,\sigma_j + sd_{ij}\,
z_{ij}(t)`, with a :math:`z` that is drawn anew in each step:

*path-wise*
    the same law, of the same wiring. :math:`z_{ij}` is a parent of :math:`s_{ij}` and of nothing
    else; a state without parents and with one child neither opens nor closes a path, so that
    d-separation is that of the graph without it. Given is the path of :math:`s`, with its noise.
*one step*
    the same law, *given* :math:`s`: :math:`\sigma_i' \sim p(\cdot\,; \theta_i)`,
    :math:`\theta_i = \beta_i (b_i + \sum_j s_{ij} + u_i)`, whatever else there is, and
    :math:`\sigma_j` is part of that "else": :math:`\sigma_i' \perp \sigma_j \mid s_{ij}` says
    something now. Given :math:`\sigma_j` in the place of :math:`s_{ij}` the law is another, the
    mixture :math:`\int p(\sigma_i'; \theta_i + \beta_i \sqrt{v_i} z)\,\varphi(z)\,dz` with
    :math:`v_i = \sum_j sd_{ij}^2`: that is what a run without :math:`s` can be tested against.
*at equal time*
    :math:`s_{ij}` does not determine :math:`\sigma_j`, it tells
    :math:`\kappa = J_{ij}^2 / sd_{ij}^2` of it. "σ_i ⟂ σ_j | s_ij, a_ij" is no longer vacuous; it
    is false in general, for symmetric K as for any other: a coupled pair depends on each other,
    and what is told of both does not make up for being given them. The leak is measured.

Blankets overlap: a boundary state between two partitions side by side belongs to both of theirs,
and is counted in both, and as shared. Insides never do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, PartitionError, SettingError
from deepparticle.blankets.leaks import LAWS
from deepparticle.partitions.arrays import CouplingEntries
from deepparticle.partitions.borders import Borders
from deepparticle.partitions.checking import faults_of
from deepparticle.partitions.columns import leaf_columns
from deepparticle.partitions.equal_time import EqualTime, EqualTimeLeaks

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
        0 for the partition that was asked.
    leaves, sensory, active : int
        How many subparticles are inside, and boundary states in its blanket.
    shared : int
        Boundary states of its blanket that belong to the blanket of a partition beside it, too.
    vacuous : int
        Boundary states of its blanket that determine the state behind them (Dirac, weight not 0):
        given them, independence at one instant says nothing about that state.
    noisy : int
        Boundary states of its blanket that tell something of the state behind them, and do not
        determine it.
    asymmetry : float
        :math:`\|K - K^T\| / \|K\|` of the couplings inside, 0 where there are none.
    leaks : tuple of Fault
        Where the path-wise law is broken at this level; empty where it holds.
    free_inside, free_outside : int
        States that the blanket, read at one instant, does not determine.
    listeners : int or None
        Pairs of uncoupled subparticles inside that some third one listens to: under the synchronous
        schedule they depend on each other at equal time. None where they are too many to count.
    equal_time : tuple of EqualTime
        What holds at equal time, and how large the leak is, by schedule.
    """

    path: str
    depth: int
    leaves: int
    sensory: int
    active: int
    shared: int
    vacuous: int
    noisy: int
    asymmetry: float
    leaks: tuple[Fault, ...]
    free_inside: int
    free_outside: int
    listeners: int | None
    equal_time: tuple[EqualTime, ...]

    @property
    def path_wise(self) -> bool:
        """Whether inside and outside are independent path-wise, given the blanket."""
        return not self.leaks

    @property
    def one_step(self) -> bool:
        """Whether they are in one step: objects read what their wiring shows, and nothing else."""
        return not self.leaks


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
    symmetric : bool
        Whether K of the whole world is.
    reason : str
        Why equal-time leaks have no numbers, where they have none.
    noisy : bool
        Whether any boundary state of the whole world is no Dirac delta.
    """

    name: str
    faults: tuple[Fault, ...]
    levels: tuple[LevelReport, ...]
    symmetric: bool = True
    reason: str = ""
    noisy: bool = False

    @property
    def lawful(self) -> bool:
        """Whether `check` passes."""
        return not self.faults

    def __str__(self) -> str:
        verdict = "lawful at every level" if self.lawful else f"{len(self.faults)} faults"
        lines = [f"Partition {self.name!r}: {verdict}"]
        lines += [f"  ! {fault}" for fault in self.faults]
        lines.append(
            f"  {'partition':<28}{'leaves':>7}{'s':>6}{'a':>6}{'shared':>8}{'vacuous':>9}"
            f"{'|K-Kᵀ|/|K|':>12}" + ("   noisy" if self.noisy else "")
        )
        for level in self.levels:
            lines.append(
                f"  {self._name(level):<28} {level.leaves:>6} {level.sensory:>5} {level.active:>5}"
                f" {level.shared:>7} {level.vacuous:>8} {level.asymmetry:>11.3g}"
                + (f" {level.noisy:>7}" if self.noisy else "")
            )
        lines.append(self._path_wise())
        return "\n".join([*lines, self._one_step(), *self._equal_time()])

    __repr__ = __str__

    def _name(self, level: LevelReport) -> str:
        return "  " * level.depth + (level.path.rsplit("/", 1)[-1] or self.name)

    def _path_wise(self) -> str:
        broken = [level.path or self.name for level in self.levels if level.leaks]
        if broken:
            return f"  path-wise:  broken at {', '.join(map(repr, broken))}, see above"
        if not self.lawful:
            return "  path-wise:  not to be relied on before the faults are mended"
        return "  path-wise:  holds at every level (inside ⟂ outside given the blanket's paths)"

    def _one_step(self) -> str:
        if not all(level.one_step for level in self.levels):
            return "  one step:   broken there, too (a state is read past the blanket)"
        holds = "holds by construction (a subparticle reads only its blanket)"
        line = f"  one step:   {holds}; certify(run) tests it"
        if self.noisy:
            line += f"\n{' ' * 14}given what boundary states showed, noise included; given the "
            line += f"states behind\n{' ' * 14}them, averaged over it"
        return line

    def _equal_time(self) -> list[str]:
        if not self.levels:
            return ["  equal time: nothing can be said before the faults are mended"]
        if self.noisy:
            line = "some boundary states are noisy: what they show does not determine a state, and"
            line += f"\n{' ' * 14}nothing is implied; leaks in nats, at one instant:"
        elif self.symmetric:
            line = "K is symmetric, it is implied: by single-site schedules, and by the synchronous"
            line += f"\n{' ' * 14}one if all clocks are equal, as far as there is a stationary law"
        else:
            line = "K is not symmetric, nothing is implied; leaks in nats, at one instant:"
        if self.reason:
            line += f"\n{' ' * 14}(without numbers: {self.reason})"
        head = (
            f"  {'partition':<28}{'free in':>8}{'out':>6}{'listeners':>11}"
            f"{'synchronous':>13}{'pairs':>8}{'sequential':>12}{'pairs':>8}"
        )
        return [f"  equal time: {line}", head, *map(self._open, self.levels)]

    def _open(self, level: LevelReport) -> str:
        listeners = "–" if level.listeners is None else level.listeners
        numbers = ""
        for one, width in zip(level.equal_time, (13, 12), strict=True):
            leak = one.status if one.leak is None else _nats(one.leak, one.method)
            pairs = "–" if one.pairs is None else _nats(one.pairs, one.method)
            numbers += f"{leak:>{width}}{pairs:>8}"
        return (
            f"  {self._name(level):<28}{level.free_inside:>8}{level.free_outside:>6}"
            f"{listeners:>11}{numbers}"
        )


def _nats(information: float, method: str) -> str:
    return ("~" if method == "linearised" and information else "") + f"{information:.2g}"


def report_of(partition: Partition) -> PartitionReport:
    """Make the report of a partition and everything inside."""
    faults = tuple(faults_of(partition))
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return _measured(partition, faults)
    except (PartitionError, SettingError, RecursionError, np.linalg.LinAlgError):
        # Numbers that are not finite, a nesting without end: faults name them, if not here then
        # outside this part of the world.
        if not faults and not faults_of(partition.world):
            raise
        return PartitionReport(str(partition), faults, ())


def _measured(partition: Partition, faults: tuple[Fault, ...]) -> PartitionReport:
    world = partition.world
    borders = Borders(world)
    columns = leaf_columns(world)
    # A world of one population is asked for the same rows twice.
    asymmetry = lru_cache(maxsize=1)(partial(_asymmetry, borders.entries, columns.precision))
    open_states = EqualTimeLeaks(borders, columns, asymmetry(0, world.leaf_count))
    top = partition.path.count("/") + bool(partition.path)
    levels = []
    for place in borders.places:
        if partition.path and not f"{place.path}/".startswith(f"{partition.path}/"):
            continue
        sensory, active = borders.sensory(place), borders.active(place)
        freedom = open_states.of(place)
        level = LevelReport(
            path=place.path,
            depth=place.depth - top,
            leaves=place.size,
            sensory=len(sensory),
            active=len(active),
            shared=int(np.count_nonzero(sensory.shared) + np.count_nonzero(active.shared)),
            vacuous=int(np.count_nonzero(sensory.known) + np.count_nonzero(active.known)),
            noisy=int(np.count_nonzero(sensory.told) + np.count_nonzero(active.told)),
            asymmetry=asymmetry(place.start, place.size),
            leaks=_leaks(faults, place.path or world.name),
            free_inside=freedom.inside,
            free_outside=freedom.outside,
            listeners=open_states.listeners(place),
            equal_time=freedom.equal_time,
        )
        levels.append(level)
    return PartitionReport(
        str(partition),
        faults,
        tuple(levels),
        open_states.symmetric,
        open_states.reason,
        open_states.noisy,
    )


def _leaks(faults: tuple[Fault, ...], level: str) -> tuple[Fault, ...]:
    """Those among the faults that say that a level leaks."""
    return tuple(fault for fault in faults if fault.where == level and fault.rule in LAWS)


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
