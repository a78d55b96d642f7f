r"""The reader's own partition, read once: what every check of the derivation computes with.

.. math:: K = \mathrm{diag}(\beta)\,J, \qquad c = \beta \odot (b + u), \qquad \theta = c + K\sigma .
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.analysis.frozen import FrozenNetwork, frozen_network
from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.boundary import Boundary
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.columns import LeafColumns, leaf_columns
from deepparticle.partitions.partition import Partition

__all__ = ["MOST", "Subject", "subject_of"]

MOST = 256
"""A derivation names every state and every pair; of more, nobody reads the equations."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A partition as the derivation sees it: frozen at the moment at which it was given.

    Parameters
    ----------
    world : Partition
        A copy of the whole world. Nobody steps it: `copy` gives one that may be stepped.
    columns : LeafColumns
        What its leaves hold, in row order.
    network : FrozenNetwork
        Its couplings, drives and families as arrays.
    seed : int
        For everything that a check draws.
    """

    world: Partition
    columns: LeafColumns
    network: FrozenNetwork
    seed: int

    @property
    def size(self) -> int:
        """The number of subparticles N."""
        return self.network.size

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the subparticles, in row order."""
        return tuple(self.columns.paths)

    @cached_property
    def couplings(self) -> FloatArray:
        """J, dense, target × source, shape (N, N)."""
        found = self.world.couplings
        return np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=float)

    @cached_property
    def scaled(self) -> FloatArray:
        """K = diag(β) J, shape (N, N)."""
        return self.precision[:, None] * self.couplings

    @property
    def bias(self) -> FloatArray:
        """The prior biases b, shape (N,)."""
        return self.columns.bias

    @property
    def precision(self) -> FloatArray:
        """β, shape (N,)."""
        return self.columns.precision

    @property
    def evidence(self) -> FloatArray:
        """u: what the external states show at this moment, shape (N,)."""
        found: FloatArray = self.network.evidence[0]
        return found

    @property
    def drive(self) -> FloatArray:
        """The drives c = β (b + u), shape (N,)."""
        found: FloatArray = self.network.drive[0]
        return found

    @property
    def state(self) -> FloatArray:
        """σ, shape (N,)."""
        return self.columns.state

    @cached_property
    def distributions(self) -> tuple[StateDistribution, ...]:
        """The family of each row's state."""
        return tuple(self.network.distributions)

    @property
    def asymmetry(self) -> float:
        """‖K − Kᵀ‖ / ‖K‖, 0 without couplings."""
        norm = float(np.linalg.norm(self.scaled))
        return float(np.linalg.norm(self.scaled - self.scaled.T)) / norm if norm > 0.0 else 0.0

    @property
    def boundaries(self) -> tuple[Boundary, ...]:
        """The boundary states between subparticles, by target, then by source."""
        found = [
            boundary
            for leaf in self.world.subparticles
            for boundary in leaf.incoming()
            if not boundary.source.is_external
        ]
        return tuple(found)

    @cached_property
    def ends(self) -> IntArray:
        """The rows of target and source of each of `boundaries`, shape (n, 2)."""
        rows = {path: row for row, path in enumerate(self.paths)}
        found = [(rows[one.target.path], rows[one.source.path]) for one in self.boundaries]
        return np.array(found, dtype=np.intp).reshape(-1, 2)

    def names_of(self, boundaries: tuple[Boundary, ...]) -> tuple[str, ...]:
        """``source → target`` of each."""
        return tuple(f"{one.source.path} → {one.target.path}" for one in boundaries)

    def argument(self, states: FloatArray) -> FloatArray:
        """θ = c + Kσ for states of shape (…, N)."""
        found: FloatArray = self.drive + states @ self.scaled.T
        return found

    def terms(self, states: FloatArray) -> FloatArray:
        """The sizes of what is summed in c·σ + ½ σᵀKσ, all added up: what rounding is relative to.

        For states of shape (…, N); of shape (…).
        """
        sizes = np.abs(states)
        found: FloatArray = sizes @ np.abs(self.drive) + np.sum(
            sizes * (sizes @ np.abs(self.scaled).T), axis=-1
        )
        return found

    def mean(self, arguments: FloatArray) -> FloatArray:
        """L(θ), each row by its own family; shape (…, N)."""
        return self._by_family("mean", arguments)

    def variance(self, arguments: FloatArray) -> FloatArray:
        """φ''(θ), each row by its own family; shape (…, N)."""
        return self._by_family("variance", arguments)

    def log_partition(self, arguments: FloatArray) -> FloatArray:
        """φ(θ), each row by its own family; shape (…, N)."""
        return self._by_family("log_partition", arguments)

    def _by_family(self, kernel: str, arguments: FloatArray) -> FloatArray:
        found = np.empty(np.shape(arguments))
        for distribution, rows in self.families():
            found[..., rows] = getattr(distribution, kernel)(arguments[..., rows])
        return found

    def families(self) -> Iterator[tuple[StateDistribution, IntArray]]:
        """Each distinct family with its rows."""
        return iter(self.columns.distributions)

    def rng(self, what: str) -> np.random.Generator:
        """A generator of its own for each step, so that one more draw moves no other number."""
        return np.random.default_rng([self.seed, zlib.crc32(what.encode())])

    def draw(self, count: int, what: str) -> FloatArray:
        """Random states, each from its own prior p(σ; c), shape (count, N)."""
        uniforms = self.rng(what).random((count, self.size))
        found = np.empty_like(uniforms)
        for distribution, rows in self.families():
            arguments = np.broadcast_to(self.drive[rows], (count, len(rows)))
            found[:, rows] = distribution.sample(arguments, uniforms[:, rows])
        return found

    def copy(self) -> Partition:
        """A copy of the world that may be stepped."""
        found: Partition = self.world.copy()
        return found


def subject_of(partition: Partition | Subject, seed: int = 0) -> Subject:
    """Read a partition.

    Parameters
    ----------
    partition : Partition
        A world; or a partition inside one, which is then looked at without what is around it.
    seed : int

    Returns
    -------
    Subject

    Raises
    ------
    SettingTypeError, SettingError
        For anything else, for an empty one, for more than `MOST` subparticles, and for a seed that
        is no whole number ≥ 0.

    Examples
    --------
    >>> world = Partition("world", precision=0.5)
    >>> a, b = world.add_subparticle("a", bias=1.0), world.add_subparticle("b")
    >>> _ = world.couple(a, b, 2.0)
    >>> subject = subject_of(world)
    >>> subject.scaled.tolist(), subject.drive.tolist(), subject.asymmetry.__round__(3)
    ([[0.0, 0.0], [1.0, 0.0]], [0.5, 0.0], 1.414)
    """
    if isinstance(partition, Subject):
        return partition
    checked_count(seed, "derivation", "seed")
    if not isinstance(partition, Partition):
        raise SettingTypeError(
            Fault(
                "derivation",
                "it is checked on a partition",
                type(partition).__name__,
                "give a Partition; of a matrix make one with dp.from_couplings(J)",
            )
        )
    count = partition.leaf_count
    if not 1 <= count <= MOST:
        raise SettingError(
            Fault(
                f"derivation on {str(partition)!r}",
                f"it is checked on 1 to {MOST} subparticles",
                f"{count}",
                "give a partition with some" if count == 0 else "give a part of it, world['brain']",
            )
        )
    world: Partition = partition.copy()
    shown = {external.path: external.value for external in world.externals if external.sensing}
    network = frozen_network(
        Simulator(world, backend="numpy"),
        shown or None,
        schedule="synchronous",
        where="derivation",
        noisy=True,  # steps that need delta couplings say so
    )
    return Subject(world, leaf_columns(world), network, seed)
