r"""A network with frozen couplings and constant evidence, as the numbers that its law depends on.

With precision :math:`\beta`, bias b, evidence u and couplings J,

.. math:: K = \mathrm{diag}(\beta)\,J, \qquad c = \beta\,(b + u), \qquad
          \theta = c + K\sigma, \qquad A = \tfrac12 (K - K^T).

Everything that is said of a stationary process (its law, its currents, its entropy production) is
a function of K, c, the families of the states, the schedule and the clocks. Matrices of several
networks are applied to states of shape ``(R, ..., N)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from deepparticle.agents.distribution import StateDistribution
from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.arguments import per_row
from deepparticle.compile.evidence import named_by_path, resolved_evidence
from deepparticle.compile.groups import group_map
from deepparticle.compile.program import Program
from deepparticle.partitions.schedules import (
    AT_ONCE,
    SCHEDULES,
    checked_schedule,
    turn_of_rows,
    turns_of,
)

__all__ = ["LANGEVIN", "FrozenNetwork", "applied", "frozen_network", "noisy_boundaries"]

LANGEVIN = "langevin"
"""The schedule in continuous time."""

_EARLIER_OR_NOT = np.less, np.greater_equal


def applied(matrices: Any, states: FloatArray) -> FloatArray:
    """The matrix of each network times its states.

    Parameters
    ----------
    matrices : ndarray of shape (R, N, N), or sequence of R sparse arrays
    states : ndarray of shape (R, ..., N)

    Returns
    -------
    ndarray of shape (R, ..., N)

    Examples
    --------
    >>> applied(np.array([[[0.0, 2.0], [1.0, 0.0]]]), np.array([[[1.0, 10.0]]]))
    array([[[20.,  1.]]])
    """
    flat = states.reshape(len(states), -1, states.shape[-1])
    if isinstance(matrices, np.ndarray):
        product: FloatArray = flat @ matrices.swapaxes(-1, -2)
    else:
        product = np.stack([(each @ one.T).T for each, one in zip(matrices, flat, strict=True)])
    return product.reshape(states.shape)


@dataclass(frozen=True, eq=False)
class FrozenNetwork:
    """One network, or several side by side, that learns nothing and is shown one thing.

    Parameters
    ----------
    program : Program
        Names the rows and the families of their states.
    schedule : str
        Of those that are known.
    networks : int or None
        None: a caller sees no such axis.
    couplings : ndarray of shape (R, N, N), or tuple of R sparse arrays
        K, target × source.
    drive : ndarray of shape (R, N)
        c, in nats per unit of state.
    evidence : ndarray of shape (R, N)
        u.
    precision : ndarray of shape (R, N)
        β.
    clock : ndarray of shape (N,)
    time_step : ndarray of shape (R, N)
        The time of a step in the schedule ``langevin``; 1 in all others.
    """

    program: Program
    schedule: str
    networks: int | None
    couplings: Any
    drive: FloatArray
    evidence: FloatArray
    precision: FloatArray
    clock: IntArray
    time_step: FloatArray

    @property
    def size(self) -> int:
        """The number of subparticles N."""
        return self.program.size

    @property
    def period(self) -> int:
        """After how many steps the clocks strike together again."""
        return int(np.lcm.reduce(self.clock))

    @property
    def clocks_agree(self) -> bool:
        """Whether all rows are due in the same steps."""
        return bool(np.all(self.clock == self.clock[0]))

    @property
    def one_pace(self) -> bool:
        """Whether time passes equally fast for all rows of all networks."""
        return self.clocks_agree and bool(np.all(self.time_step == self.time_step.flat[0]))

    @property
    def distributions(self) -> list[StateDistribution]:
        """The family of each row's state."""
        found = [self.program.groups[0].distribution] * self.size
        for group in self.program.groups:
            for row in group.rows.tolist():
                found[row] = group.distribution
        return found

    @cached_property
    def turn(self) -> IntArray:
        """When each row updates within a sweep, shape (N,); 0 where all update at once."""
        turns = turns_of(self.schedule, self.program.paths, *self.program.entries)
        return turn_of_rows(turns, self.size)

    @cached_property
    def singly(self) -> bool:
        """Whether rows may as well update one by one: none misses what is new in its turn."""
        if self.schedule in SCHEDULES:
            return self.schedule not in AT_ONCE
        return all(abs(one).max() == 0.0 for one in self.couplings_at_once)

    def updates(self, rows: Sequence[int]) -> list[list[int]]:
        """Rows that are due in a sweep, in order: those together that have to update at once."""
        order = sorted(rows, key=lambda row: int(self.turn[row]))
        if self.singly:
            return [[row] for row in order]
        return [list(some) for _, some in groupby(order, lambda row: int(self.turn[row]))]

    def due(self, times: IntArray) -> BoolArray:
        """Which rows update in the steps of these numbers, shape (len(times), N)."""
        found: BoolArray = times[:, None] % self.clock == 0
        return found

    def matrices(self, part: Callable[[Any], Any]) -> Any:
        """The same function of K for each network, as `applied` takes it."""
        if isinstance(self.couplings, np.ndarray):
            return np.stack([part(one) for one in self.couplings])
        return tuple(part(one) for one in self.couplings)

    @cached_property
    def dense(self) -> FloatArray:
        """K as arrays, shape (R, N, N)."""
        if isinstance(self.couplings, np.ndarray):
            return self.couplings
        return np.stack([one.toarray() for one in self.couplings])

    @cached_property
    def antisymmetric(self) -> Any:
        """A, of each network."""
        return self.matrices(lambda one: 0.5 * (one - one.T))

    @cached_property
    def couplings_by_turn(self) -> tuple[Any, Any]:
        """K from rows that updated earlier in a sweep, and from the others."""
        earlier, others = (self._by_turn(self.couplings, one) for one in _EARLIER_OR_NOT)
        return earlier, others

    @cached_property
    def couplings_at_once(self) -> Any:
        """K from rows that update at once."""
        return self._by_turn(self.couplings, np.equal)

    @cached_property
    def antisymmetric_by_turn(self) -> tuple[Any, Any]:
        """A from rows that updated earlier in a sweep, and from the others."""
        earlier, others = (self._by_turn(self.antisymmetric, one) for one in _EARLIER_OR_NOT)
        return earlier, others

    def _by_turn(self, matrices: Any, related: Callable[[Any, Any], Any]) -> Any:
        """What comes from rows whose turn is so related to that of the target."""
        if isinstance(matrices, np.ndarray):
            return matrices * related(self.turn, self.turn[:, None])
        from scipy.sparse import csr_array

        parts: list[Any] = []
        for one in matrices:
            entries = one.tocoo()
            kept = related(self.turn[entries.col], self.turn[entries.row])
            places = entries.row[kept], entries.col[kept]
            parts.append(csr_array((entries.data[kept], places), shape=one.shape))
        return tuple(parts)

    @cached_property
    def asymmetries(self) -> FloatArray:
        """The largest entry of A over the largest of K, shape (R,); 0 without couplings."""
        largest = [
            float(abs(one).max()) if one.shape[0] and one.size else 0.0 for one in self.couplings
        ]
        parts = [float(abs(one).max()) if one.size else 0.0 for one in self.antisymmetric]
        return np.array([a / k if k else 0.0 for a, k in zip(parts, largest, strict=True)])

    def arguments(self, states: FloatArray) -> FloatArray:
        r""":math:`\theta = c + K\sigma` of states ``(R, ..., N)``."""
        return applied(self.couplings, states) + self.drive_over(states)

    def drive_over(self, states: FloatArray) -> FloatArray:
        """c, with axes that broadcast against states ``(R, ..., N)``."""
        return self.drive.reshape(len(self.drive), *(1,) * (states.ndim - 2), self.size)

    def mean(self, arguments: FloatArray) -> FloatArray:
        r"""The expected states :math:`L(\theta)`."""
        return group_map(self.program, "mean", arguments)

    def log_partition(self, arguments: FloatArray) -> FloatArray:
        r"""The log-partitions :math:`\phi(\theta)`."""
        return group_map(self.program, "log_partition", arguments)

    def single(self, where: str) -> FrozenNetwork:
        """The network itself, where it is one: what is exact is made for one at a time.

        Raises
        ------
        SettingError
            If there is an axis of networks.
        """
        if self.networks is not None:
            raise SettingError(
                Fault(
                    where,
                    "one network at a time",
                    f"{self.networks} networks",
                    "give the couplings of one, sim.couplings[r], or a Simulator without networks=",
                )
            )
        return self

    def symmetric_part(self) -> FrozenNetwork:
        r"""The same network with :math:`\tfrac12(K + K^T)` in the place of K."""
        return replace(self, couplings=self.matrices(lambda one: 0.5 * (one + one.T)))


def frozen_network(
    network: Network,
    evidence: Any = None,
    *,
    schedule: str | None = None,
    precision: ArrayLike | None = None,
    where: str = "frozen_network",
    noisy: bool = False,
) -> FrozenNetwork:
    """Read a network off a simulator, or off a matrix of couplings.

    Parameters
    ----------
    network : Simulator or array_like of shape (N, N)
    evidence : optional
        As of `Simulator.infer`; one vector for each network.
    schedule : str, optional
        By default that of the simulator, and synchronous for a matrix.
    precision : optional
        As of `Simulator.infer`.
    where : str
        Who asks, for messages.
    noisy : bool
        Whether boundary states may be noisy: for those who only sample, and take no law of a step
        from the numbers.

    Returns
    -------
    FrozenNetwork

    Raises
    ------
    SettingError
        If a process answers in each step, or chains are shown different evidence: the process then
        has no stationary law of this kind. If boundary states are noisy: new states then follow a
        mixture, of which these numbers are not all that there is to know.

    Examples
    --------
    >>> found = frozen_network([[0.0, 1.0], [3.0, 0.0]], precision=0.5)
    >>> found.couplings[0], found.antisymmetric[0]
    (array([[0. , 0.5],
           [1.5, 0. ]]), array([[ 0. , -0.5],
           [ 0.5,  0. ]]))
    """
    simulator = simulator_of(network)
    program, axes = simulator.program, simulator._axes
    if schedule is None:
        schedule = program.schedule
    checked_schedule(schedule, where)
    if noisy_boundaries(program) and not noisy:
        raise SettingError(
            Fault(
                where,
                "boundary states are Dirac deltas, so that a step has the law that is declared",
                f"{noisy_boundaries(program)} noisy boundary states",
                "replace them: boundary.conditional = dp.Delta(boundary.weight)",
            )
        )
    named = named_by_path(simulator._world, evidence, where)
    given = resolved_evidence(program, named, axes, where)
    if simulator._engine.surroundings.answers(given):
        raise SettingError(
            Fault(
                where,
                "the evidence is constant",
                "an external state with a process",
                "clamp it: give evidence as an array or a dict",
            )
        )
    shown = simulator._engine.surroundings.evidence(given)
    if shown.shape[1] > 1 and np.any(shown != shown[:, :1]):
        raise SettingError(
            Fault(
                where,
                "all chains of a network are shown the same evidence",
                f"{shown.shape[1]} different vectors",
                f"give one vector of shape ({axes.size},)",
            )
        )
    networks = axes.shape[0]
    shown = np.array(np.broadcast_to(shown[:, 0], (networks, axes.size)))
    one = np.ones((networks, axes.size))
    beta = per_row(precision, axes, simulator._settings["precision"], where, "precision")
    return FrozenNetwork(
        program,
        schedule,
        axes.networks,
        _scaled(simulator.couplings, beta, axes.networks is None),
        beta * (program.bias + shown),
        shown,
        beta,
        np.asarray(program.clock),
        np.asarray(simulator._settings["time_step"] if program.schedule == LANGEVIN else one),
    )


def noisy_boundaries(program: Program) -> int:
    """How many boundary states have noise."""
    return 0 if program.noise is None else int(np.count_nonzero(program.noise.deviations))


def _scaled(couplings: Any, beta: FloatArray, alone: bool) -> Any:
    """K of each network, from J as the simulator shows it."""
    each = [couplings] if alone else list(couplings)
    if isinstance(each[0], np.ndarray):
        return beta[:, :, None] * np.asarray(each, dtype=np.float64)
    from scipy.sparse import csr_array

    return tuple(
        csr_array(one.astype(np.float64).multiply(row[:, None]))
        for row, one in zip(beta, each, strict=True)
    )
