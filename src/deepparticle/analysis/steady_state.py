r"""The non-equilibrium meter: what is stationary in a network, and what goes round in it.

Three questions about a network that neither learns nor is shown anything new:

1. How much entropy do its steps produce? Zero means that its film could run backwards
   (:mod:`deepparticle.analysis.entropy_production`).
2. How far is its stationary law from the one that the symmetric part of its couplings has alone?
   The total variation is exact for a few subparticles; beyond, moments are compared with those of
   the symmetric twin, above the noise of both, and single states are put to two-sample tests.
3. Between which subparticles does something go round? With
   :math:`\Omega_{ij} = E\sum(\sigma_i\Delta\sigma_j - \sigma_j\Delta\sigma_i)` and
   :math:`A = (K - K^T)/2` each pair produces :math:`A_{ji}\Omega_{ij}`
   (:mod:`deepparticle.analysis.circulation`).

The second is the *leak* of the antisymmetric part, which the revised manuscript of Spisak & Friston
(2026) holds to be small for orthogonal attractors; in the box [−1, 1] it vanishes only with A.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.analysis.circulation import Circulation, CirculationMeter
from deepparticle.analysis.entropy_production import EntropyProduction, ProductionMeter
from deepparticle.analysis.exact_entropy_production import production_of
from deepparticle.analysis.frozen import FrozenNetwork, frozen_network
from deepparticle.analysis.laws import total_variation
from deepparticle.analysis.moment_distance import MomentDistance, MomentMeter, moment_distance
from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.analysis.sampling import measure, sampled_blocks
from deepparticle.analysis.stationary_law import law_of
from deepparticle.analysis.symmetric_twin import symmetric_twin
from deepparticle.analysis.two_sample import STATISTICS, TwoSampleTest, two_sample_test
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.simulator import Simulator

__all__ = ["SteadyState", "steady_state"]

# Exact laws are tried up to so many rows.
_EXACT = 4


@dataclass(frozen=True, eq=False)
class SteadyState:
    """What was found out about a stationary network.

    Parameters
    ----------
    name, schedule : str
        Of the network.
    paths : sequence of str
        The names of its rows.
    asymmetry : float or ndarray of shape (networks,)
        ‖K − Kᵀ‖ / ‖K‖.
    entropy_production : EntropyProduction
        Measured.
    exact_entropy_production : float or None
        For two subparticles.
    total_variation : float or None
        Distance from the law of the symmetric part, for up to four subparticles.
    no_exact_law : str
        Why it is None.
    moment_distance : MomentDistance
        From the symmetric part, relative to it.
    two_sample : dict of str to tuple of TwoSampleTest
        States against those of the symmetric part, by each statistic of
        :mod:`deepparticle.analysis.two_sample`, one test for each network; empty without samples.
    circulation : Circulation
    """

    name: str
    schedule: str
    paths: Sequence[str]
    asymmetry: Any
    entropy_production: EntropyProduction
    exact_entropy_production: float | None
    total_variation: float | None
    no_exact_law: str
    moment_distance: MomentDistance
    two_sample: dict[str, tuple[TwoSampleTest, ...]]
    circulation: Circulation

    def report(self, pairs: int = 5) -> str:
        """All of it in words; ``print(found.report())``.

        Parameters
        ----------
        pairs : int
            How many of the pairs that circulate most to name.
        """
        produced, distance = self.entropy_production, self.moment_distance
        error = _words(produced.standard_error, ".2g")
        lines = [
            f"Steady state of {self.name!r}, {self.schedule}",
            f"  asymmetry of K        {_words(self.asymmetry)}, of 0 (symmetric) to 2",
            f"  entropy production    {_words(produced.value)} ± {error} {produced.unit}",
        ]
        if self.exact_entropy_production is not None:
            lines.append(f"    by quadrature       {self.exact_entropy_production:.6g}")
        lines.append("  distance from the law of the symmetric part alone")
        if self.total_variation is not None:
            lines.append(f"    total variation     {self.total_variation:.4f}, exact")
        else:
            lines.append(f"    total variation     not known: {self.no_exact_law}")
        for label, value, floor in (
            ("means", distance.means, distance.means_floor),
            ("second moments", distance.second_moments, distance.second_moments_floor),
        ):
            lines.append(f"    {label:<20}{_words(value)}, noise alone {_words(floor)}")
        for label, tests in self.two_sample.items():
            chance = np.array([test.p_value for test in tests])
            shown = _words(chance if len(chance) > 1 else chance[0], ".3g")
            lines.append(f"    test of {label:<12}p = {shown}, {tests[0].samples} states each")
        return "\n".join([*lines, *self._currents(pairs)])

    def _currents(self, pairs: int) -> list[str]:
        found = self.circulation
        size = found.values.shape[-1]
        named = np.triu(found.significant()).sum(axis=(-2, -1))
        counted = f"{_words(named, '.0f')} of {size * (size - 1) // 2} pairs"
        lines = [f"  circulation           {counted} (5 % of them falsely, on average)"]
        if found.values.ndim == 2:
            significant = found.significant()
            for lead, follow, value, error in found.strongest(pairs):
                if significant[lead, follow]:
                    pair = f"{self.paths[lead]} → {self.paths[follow]}"
                    lines.append(f"    {pair}: {value:.4g} ± {error:.2g} per {found.unit}")
        return lines

    def __str__(self) -> str:
        return self.report()


def _words(value: Any, style: str = ".4g") -> str:
    """A number, or the range of the numbers of several networks."""
    if np.ndim(value) == 0:
        return format(float(value), style)
    return f"{format(float(np.min(value)), style)} … {format(float(np.max(value)), style)}"


def steady_state(
    network: Network,
    evidence: Any = None,
    *,
    steps: int = 1000,
    burn_in: int = 200,
    chains: int = 16,
    samples: int = 400,
    seed: int = 0,
    precision: ArrayLike | None = None,
    nodes: int | None = None,
    progress: bool = False,
) -> SteadyState:
    r"""Measure how far a network is from equilibrium, and what goes round in it.

    Parameters
    ----------
    network : Simulator or array_like of shape (N, N)
        With its schedule and, if it has several, all its networks; left as it is. A matrix is
        synchronous.
    evidence : optional
        As of `Simulator.infer`, one constant vector for each network.
    steps, burn_in : int
        Steps per chain that are measured, and before that. They should be many more than states
        take to forget (in continuous time, many more than 1/time_step).
    chains : int
        Independent chains of each network, an even number.
    samples : int
        Independent states of each network for the two-sample tests; 0 leaves them out.
    seed : int
    precision : optional
        As of `Simulator.infer`.
    nodes : int, optional
        Nodes per state of the exact law, as of `stationary_law`. The number that is taken by itself
        can be more than needed, and too many for four states that update at once: 8 or 9 do there.
    progress : bool
        Show progress bars.

    Returns
    -------
    SteadyState
        ``entropy_production``, ``total_variation`` (up to four subparticles), ``moment_distance``,
        ``two_sample``, ``circulation``; ``print(found)`` is a report.

    Raises
    ------
    SettingError
        As of `entropy_production`.

    Examples
    --------
    >>> import deepparticle as dp
    >>> one_way = dp.from_couplings([[0.0, 0.0], [4.0, 0.0]], bias=[0.5, -0.2], name="one way")
    >>> found = steady_state(dp.Simulator(one_way, schedule="random"), steps=300, samples=100)
    >>> round(found.total_variation, 3), found.circulation.strongest()[0][:2]
    (0.161, (0, 1))
    """
    where = "steady_state"
    simulator = simulator_of(network)
    frozen = frozen_network(simulator, evidence, precision=precision, where=where)
    chains = checked_count(chains, where, "chains", 2)
    chains += chains % 2  # both halves are of one size
    samples = checked_count(samples, where, "samples")
    alone = frozen.networks is None
    twin, symmetric = symmetric_twin(simulator, frozen)
    production, turning = ProductionMeter(frozen, where), CirculationMeter(frozen, where)
    mine, theirs = MomentMeter(alone), MomentMeter(alone)
    seeds = np.random.SeedSequence(checked_count(seed, where, "seed")).generate_state(5).tolist()
    run: dict[str, Any] = {"burn_in": burn_in, "where": where, "progress": progress}
    both = ((simulator, frozen), (twin, symmetric))
    for (each, read), meters, own in zip(
        both, ([production, turning, mine], [theirs]), seeds[:2], strict=True
    ):
        measure(meters, each, read, steps=steps, chains=chains, seed=own, **run)  # type: ignore[arg-type]
    tests: dict[str, tuple[TwoSampleTest, ...]] = {}
    if samples:
        states = [
            _last_states(each, read, chains=samples, seed=own, **run)
            for (each, read), own in zip(both, seeds[2:4], strict=True)
        ]
        for statistic in STATISTICS:
            tests[statistic] = tuple(
                two_sample_test(one, other, statistic=statistic, seed=seeds[4])
                for one, other in zip(*states, strict=True)
            )
    exact, distance, reason = _exactly(frozen, nodes)
    asymmetry = _asymmetry(frozen)
    return SteadyState(
        frozen.program.name,
        frozen.schedule,
        frozen.program.paths,
        float(asymmetry[0]) if alone else asymmetry,
        production.result(),
        exact,
        distance,
        reason,
        moment_distance(mine, theirs),
        tests,
        turning.result(),
    )


def _last_states(
    simulator: Simulator, network: FrozenNetwork, *, chains: int, burn_in: int, **run: Any
) -> FloatArray:
    """One state of each of many chains, shape (R, chains, N)."""
    blocks = sampled_blocks(
        simulator, network, steps=1, burn_in=burn_in, chains=max(chains, 2), **run
    )
    return next(blocks).after[:, -1]


def _exactly(network: FrozenNetwork, nodes: int | None) -> tuple[float | None, float | None, str]:
    """The entropy production and the total variation, where quadrature reaches."""
    if network.networks is not None:
        return None, None, "several networks"
    if network.size > _EXACT:
        return None, None, f"exact laws end at {_EXACT} subparticles"
    try:
        distance = total_variation(law_of(network, nodes), law_of(network.symmetric_part(), nodes))
    except SettingError as error:  # the grid is too large, or a family has no rule
        return None, None, f"{error.faults[0].rule} (got {error.faults[0].value})"
    produced = None
    if network.size == 2:
        produced = production_of(network)
    return produced, distance, ""


def _asymmetry(network: FrozenNetwork) -> FloatArray:
    """‖K − Kᵀ‖ / ‖K‖ of each network."""

    def size(matrix: Any) -> float:
        entries = matrix if isinstance(matrix, np.ndarray) else matrix.data
        return float(np.linalg.norm(entries))

    sizes = [size(one) for one in network.couplings]
    parts = [2.0 * size(one) for one in network.antisymmetric]
    return np.array(
        [part / whole if whole else 0.0 for part, whole in zip(parts, sizes, strict=True)]
    )
