r"""The exact stationary law of a small network, in any schedule.

With :math:`K = \mathrm{diag}(\beta)J` and :math:`c = \beta(b + u)` (Spisak & Friston 2026; the
factor ½ is what the conditionals of the update need):

===============================  ===================================================================
schedule                         law
===============================  ===================================================================
sequential, chromatic, random,   symmetric K: Boltzmann's,
langevin                         :math:`p \propto m(\sigma)\,e^{c\cdot\sigma +
                                 \frac12\sigma^TK\sigma}`
your own                         the same, where rows of one turn do not touch
synchronous                      symmetric K, equal clocks: Little's (1974, *Math. Biosci.* 19),
                                 :math:`p \propto m(\sigma)\,e^{c\cdot\sigma}
                                 \prod_i e^{\phi_i(c_i + (K\sigma)_i)}`
all in discrete time             otherwise: the left eigenvector of the transition on the nodes
                                 (:mod:`deepparticle.analysis.transition`), read at the end of a
                                 step, that is of a sweep
langevin                         otherwise: the Fokker–Planck equation
                                 (:mod:`deepparticle.analysis.fokker_planck`)
===============================  ===================================================================

Laws on a grid of up to four states. With clocks that differ the law changes from step to step with
the period of the clocks; what is given is its mean over a period, which is what the records of a
run follow, and the law after each step beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.analysis.frozen import LANGEVIN, FrozenNetwork, frozen_network
from deepparticle.analysis.laws import StationaryLaw
from deepparticle.analysis.networks import Network
from deepparticle.analysis.quadrature import Grid, grid_of, sufficient_nodes
from deepparticle.analysis.transition import Composition, step_operators
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count

__all__ = ["law_of", "stationary_law"]

_MOST_STATES = 4

# K that is asymmetric by rounding alone has the law of a symmetric one, to rounding.
_SYMMETRIC = 1e-14

# How far a transition may be from keeping all probability before its law is refused.
_LOSS = 1e-9

# Nodes per state of the Fokker-Planck equation, by the number of states.
_CONTINUOUS_NODES = {1: 24, 2: 32, 3: 14}


def stationary_law(
    network: Network,
    evidence: Any = None,
    *,
    schedule: str | None = None,
    precision: ArrayLike | None = None,
    nodes: int | None = None,
) -> StationaryLaw:
    r"""The exact stationary law of a network of up to four subparticles.

    .. math:: p(\sigma) \propto m(\sigma)\,e^{c\cdot\sigma + \frac12\sigma^TK\sigma}
              \quad\text{(symmetric K, single-site schedules)};

    the other cases are in the description of this module.

    Parameters
    ----------
    network : Simulator or array_like of shape (N, N)
        N ≤ 4; one network. Its couplings are frozen.
    evidence : optional
        As of `Simulator.infer`, one constant vector.
    schedule : str, optional
        Another one than that of the simulator; ``"langevin"`` is continuous time, for states that
        all are continuous Bernoulli. A matrix is synchronous by default.
    precision : optional
        As of `Simulator.infer`.
    nodes : int, optional
        Nodes of the quadrature per state; by default as many as leave about 1e-14.

    Returns
    -------
    StationaryLaw
        ``points``, ``probabilities``, ``mean``, ``second_moments``, ``covariance``,
        ``correlations``, ``entropy``, ``log_partition``.

    Raises
    ------
    SettingError
        For more than four states, several networks, evidence that is not constant, a law that does
        not exist (Gaussian states whose couplings are too strong), or a grid that is too coarse or
        too large.

    Examples
    --------
    With asymmetric couplings the law depends on the schedule, and is not that of their symmetric
    part:

    >>> couplings, bias = np.array([[0.0, 4.0], [0.0, 0.0]]), [0.5, -0.2]
    >>> for schedule in ("random", "sequential", "langevin"):
    ...     law = stationary_law(couplings, bias, schedule=schedule)
    ...     print(schedule, abs(law.correlations[0, 1].round(3)))
    random 0.38
    sequential 0.0
    langevin 0.5
    >>> symmetric = stationary_law((couplings + couplings.T) / 2, bias, schedule="random")
    >>> symmetric.method, symmetric.correlations[0, 1].round(3)
    ('Boltzmann', np.float64(0.568))
    """
    where = "stationary_law"
    found = frozen_network(network, evidence, schedule=schedule, precision=precision, where=where)
    return law_of(found.single(where), nodes)


def law_of(network: FrozenNetwork, nodes: int | None = None) -> StationaryLaw:
    """The law of a network that has been read already; parameters as of `stationary_law`."""
    where = "stationary_law"
    if network.size > _MOST_STATES:
        raise SettingError(
            Fault(
                where,
                f"exact laws are for at most {_MOST_STATES} subparticles",
                f"{network.size}",
                "use deepparticle.analysis.moments, which samples larger networks",
            )
        )
    kinds, coupled = network.distributions, network.dense[0]
    symmetric = bool(network.asymmetries[0] <= _SYMMETRIC)
    continuous = network.schedule == LANGEVIN
    if nodes is None:
        nodes = sufficient_nodes(kinds, coupled, network.drive[0])
        if continuous and not symmetric:
            nodes = max(nodes, _CONTINUOUS_NODES.get(network.size, 0))
    else:
        nodes = checked_count(nodes, where, "nodes", 2)
    grid = grid_of(kinds, nodes, where)
    if symmetric and (network.singly or continuous):
        return _closed(network, grid, "Boltzmann")
    if continuous:
        return _continuous(network, grid)
    if symmetric and network.schedule == "synchronous" and network.clocks_agree:
        return _closed(network, grid, "Little")
    return _of_transition(network, grid)


def _closed(network: FrozenNetwork, grid: Grid, method: str) -> StationaryLaw:
    """Boltzmann's or Little's law."""
    _refuse_explosion(network, method)
    logs = np.log(grid.weights) + grid.points @ network.drive[0]
    sent = grid.points @ network.dense[0].T
    if method == "Boltzmann":
        logs += 0.5 * np.einsum("mi,mi->m", grid.points, sent)
    else:
        logs += network.log_partition(network.drive[0] + sent).sum(axis=1)
    largest = float(logs.max())
    values = np.exp(logs - largest)
    total = float(values.sum())
    probabilities = values / total
    return StationaryLaw(
        grid,
        probabilities,
        network.schedule,
        method,
        largest + float(np.log(total)),
        np.tile(probabilities, (network.period, 1)),
    )


def _refuse_explosion(network: FrozenNetwork, method: str) -> None:
    """Gaussian states need V⁻¹ − K positive definite (Boltzmann), or ρ(VK) < 1 (Little)."""
    rows = [row for row, kind in enumerate(network.distributions) if np.isinf(kind.support[1])]
    if not rows:
        return
    variances = np.array([network.distributions[row].variance(0.0) for row in rows])
    scale = np.sqrt(variances)
    inner = scale[:, None] * network.dense[0][np.ix_(rows, rows)] * scale
    spectrum = np.linalg.eigvalsh(inner)
    largest = float(spectrum.max() if method == "Boltzmann" else np.abs(spectrum).max())
    if largest >= 1.0:
        raise SettingError(
            Fault(
                "stationary_law",
                "Gaussian states have a law: the largest eigenvalue of VK is below 1",
                f"{largest:g}",
                "weaken the couplings between Gaussian states, or their precision",
            )
        )


def _of_transition(network: FrozenNetwork, grid: Grid) -> StationaryLaw:
    """The law that a period of steps leaves as it is."""
    from scipy.sparse.linalg import LinearOperator, eigs

    steps = step_operators(network, grid)
    whole = Composition(steps)
    count = grid.weights.size

    def forward(values: FloatArray) -> FloatArray:
        return whole.forward(values.reshape(grid.shape)).reshape(-1)

    operator: Any = LinearOperator((count, count), matvec=forward, dtype=np.float64)
    # Deterministic: it begins with the law of rows that are driven by c alone.
    logs = grid.points @ network.drive[0]
    start = grid.weights * np.exp(logs - logs.max())
    # The eigenvalue 1 has the largest real part; in absolute terms a network that swings has others
    # near it.
    values, vectors = eigs(operator, k=1, which="LR", v0=start)
    law = np.abs(vectors[:, 0].real)
    loss = abs(complex(values[0]) - 1.0)
    if not loss < _LOSS:
        raise SettingError(
            Fault(
                "stationary_law",
                "the transition on the grid keeps all probability",
                f"an eigenvalue that differs from 1 by {loss:.1e}, "
                f"with {max(grid.shape)} nodes per state",
                "give more nodes; of Gaussian states, weaken the couplings",
            )
        )
    phases = []
    law = law.reshape(grid.shape)
    for step in steps:
        law = step.forward(law)
        law = law / law.sum()
        phases.append(law.reshape(-1))
    return StationaryLaw(
        grid, np.mean(phases, axis=0), network.schedule, "transition", None, np.array(phases)
    )


def _continuous(network: FrozenNetwork, grid: Grid) -> StationaryLaw:
    """The law in continuous time, with asymmetric couplings."""
    from deepparticle.analysis.fokker_planck import stationary_density

    others = [kind for kind in network.distributions if not isinstance(kind, ContinuousBernoulli)]
    if others:
        raise SettingError(
            Fault(
                "stationary_law",
                "in continuous time asymmetric couplings join continuous Bernoulli states",
                f"{others[0]!r} states",
                "sample instead: a Simulator with schedule='langevin'",
            )
        )
    if not network.one_pace:
        raise SettingError(
            Fault(
                "stationary_law",
                "in continuous time all rows with asymmetric couplings have one pace",
                "clocks or time steps that differ",
                "give all the same clock and time_step, or sample instead",
            )
        )
    density = stationary_density(grid, network.dense[0], network.drive[0])
    probabilities = np.maximum(density, 0.0) * grid.weights
    probabilities /= probabilities.sum()
    return StationaryLaw(
        grid, probabilities, network.schedule, "Fokker-Planck", None, probabilities[None]
    )
