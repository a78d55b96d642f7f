r"""Moments of a stationary network: exact where they can be, sampled with a warrant elsewhere.

.. math:: E[\sigma_i], \qquad E[\sigma_i \sigma_j]

Up to four subparticles come from the exact law (:mod:`deepparticle.analysis.stationary_law`).
Larger networks are run, in several chains that begin far apart, and every number comes with what is
known of its error: the Monte-Carlo standard error, the bulk effective sample size, and the
rank-normalised split :math:`\hat R`, which compares the chains (Vehtari, Gelman, Simpson, Carpenter
& Bürkner 2021, *Bayesian Analysis* 16, 667; computed by the package ``arviz-stats``). Their advice:
trust a run with :math:`\hat R \le 1.01` and an effective sample size of 400 or more, in every
quantity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.analysis.frozen import FrozenNetwork, frozen_network, noisy_boundaries
from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.analysis.sampling import sampled_blocks
from deepparticle.analysis.stationary_law import law_of
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.stepping import checked_option

__all__ = ["Moments", "moments"]

_EXACT = 4

# Of pairs there are many: beyond so many rows they have an error from the chains, and no more.
_PAIRS = 16

_LARGEST_R_HAT = 1.01
_LEAST_SIZE = 400.0

# So many products of states are judged at once (64 MiB).
_NUMBERS = 2**23


@dataclass(frozen=True, eq=False)
class Moments:
    r"""First and second moments, and how well they are known.

    Parameters
    ----------
    mean : ndarray of shape (N,)
        :math:`E[\sigma_i]`.
    second_moments : ndarray of shape (N, N)
        :math:`E[\sigma_i \sigma_j]`.
    mean_error, second_moment_error : ndarray of the same shapes
        Standard errors; 0 where exact.
    mean_size, second_moment_size : ndarray of the same shapes
        Bulk effective sample sizes; infinite where exact or constant, NaN where not computed.
    mean_r_hat, second_moment_r_hat : ndarray of the same shapes
        Rank-normalised split R-hat; 1 where exact or constant, NaN where not computed.
    method : str
        ``"exact"`` or ``"sampled"``.
    samples : int
        States that were averaged over all chains; 0 where exact.
    """

    mean: FloatArray
    second_moments: FloatArray
    mean_error: FloatArray
    second_moment_error: FloatArray
    mean_size: FloatArray
    second_moment_size: FloatArray
    mean_r_hat: FloatArray
    second_moment_r_hat: FloatArray
    method: str
    samples: int

    @property
    def covariance(self) -> FloatArray:
        r""":math:`E[\sigma_i \sigma_j] - E[\sigma_i]E[\sigma_j]`, shape (N, N)."""
        return self.second_moments - np.outer(self.mean, self.mean)

    @property
    def correlations(self) -> FloatArray:
        """Pearson's correlations, shape (N, N)."""
        covariance = self.covariance
        scale = np.sqrt(np.diagonal(covariance))
        result: FloatArray = covariance / np.outer(scale, scale)
        return result

    @property
    def largest_r_hat(self) -> float:
        """The largest R-hat of those that were computed."""
        return float(np.nanmax([*self.mean_r_hat, *self.second_moment_r_hat.reshape(-1)]))

    @property
    def smallest_size(self) -> float:
        """The smallest effective sample size of those that were computed."""
        return float(np.nanmin([*self.mean_size, *self.second_moment_size.reshape(-1)]))

    @property
    def converged(self) -> bool:
        """Whether R-hat is at most 1.01 and the effective sample size at least 400 everywhere."""
        return self.largest_r_hat <= _LARGEST_R_HAT and self.smallest_size >= _LEAST_SIZE

    def __repr__(self) -> str:
        size = self.mean.size
        if self.method == "exact":
            return f"<Moments of {size} states, exact>"
        verdict = "" if self.converged else "NOT CONVERGED: give more steps; "
        return (
            f"<Moments of {size} states, sampled: {verdict}R-hat ≤ {self.largest_r_hat:.4f}, "
            f"effective sample size ≥ {self.smallest_size:.0f} of {self.samples}>"
        )


def moments(
    network: Network,
    evidence: Any = None,
    *,
    schedule: str | None = None,
    precision: ArrayLike | None = None,
    method: str = "auto",
    steps: int = 2000,
    burn_in: int = 500,
    chains: int = 8,
    seed: int = 0,
    nodes: int | None = None,
    progress: bool = False,
) -> Moments:
    r"""The first and second moments of a network that neither learns nor is shown anything new.

    .. math:: E[\sigma_i], \qquad E[\sigma_i \sigma_j]

    Parameters
    ----------
    network : Simulator or array_like of shape (N, N)
        One network; left as it is.
    evidence : optional
        As of `Simulator.infer`, one constant vector.
    schedule : str, optional
        Of a matrix, synchronous by default. A simulator has its own; for exact moments another can
        be asked for.
    precision : optional
        As of `Simulator.infer`.
    method : {"auto", "exact", "sampled"}
        ``auto`` is exact up to four subparticles, where no boundary state is noisy.
    steps, burn_in, chains, seed
        Of the run: steps per chain that are averaged, and before that; at least two chains.
    nodes : int, optional
        Of exact moments, as of `stationary_law`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Moments
        ``mean``, ``second_moments``, their errors, effective sample sizes and R-hats (of products
        of two states up to 16 subparticles), and ``converged``.

    Raises
    ------
    SettingError
        As of `stationary_law`; for several networks; for sampling without the extra ``arviz``.

    Examples
    --------
    >>> pair = [[0.0, 2.0], [2.0, 0.0]]
    >>> found = moments(pair, [0.5, -0.2], schedule="random")
    >>> found, found.correlations.round(3)[0, 1]
    (<Moments of 2 states, exact>, np.float64(0.568))
    """
    where = "moments"
    checked_option(method, ("auto", "exact", "sampled"), where, "method")
    own: dict[str, Any] = {} if schedule is None else {"schedule": schedule}
    simulator = network if isinstance(network, Simulator) else simulator_of(network, **own)
    frozen = frozen_network(
        simulator,
        evidence,
        schedule=schedule,
        precision=precision,
        where=where,
        noisy=method != "exact",
    ).single(where)
    few = frozen.size <= _EXACT and not noisy_boundaries(frozen.program)
    if method == "exact" or (method == "auto" and few):
        return _exact(frozen, nodes)
    if frozen.schedule != simulator.program.schedule:
        raise SettingError(
            Fault(
                where,
                "a simulator samples in its own schedule",
                f"schedule={schedule!r} of one that is {simulator.program.schedule}",
                f"make a Simulator with schedule={schedule!r}",
            )
        )
    chains = checked_count(chains, where, "chains", 2)
    statistics = _statistics()
    blocks = sampled_blocks(
        simulator,
        frozen,
        steps=checked_count(steps, where, "steps", 4),  # R-hat halves a chain, and needs two each
        burn_in=burn_in,
        chains=chains,
        seed=seed,
        where=where,
        progress=progress,
    )
    # One copy of the states is held: what judges them needs whole chains.
    states = np.concatenate([block.after[0] for block in blocks])
    return _sampled(states, statistics)


def _exact(network: FrozenNetwork, nodes: int | None) -> Moments:
    law = law_of(network, nodes)
    one, two = np.zeros(network.size), np.zeros((network.size, network.size))
    return Moments(
        law.mean,
        law.second_moments,
        one,
        two,
        np.full_like(one, np.inf),
        np.full_like(two, np.inf),
        np.ones_like(one),
        np.ones_like(two),
        "exact",
        0,
    )


def _statistics() -> Any:
    """The functions of arviz-stats on arrays."""
    try:
        from arviz_stats.base import array_stats  # type: ignore[attr-defined]
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "arviz_stats":
            raise
        raise SettingError(
            Fault(
                "moments",
                "sampled moments need arviz-stats, which judges their error",
                "which is not installed",
                "pip install 'deepparticle[arviz]'",
            )
        ) from error
    return array_stats


def _sampled(states: FloatArray, statistics: Any) -> Moments:
    """Moments of states of shape (steps, chains, N)."""
    steps, chains, size = states.shape
    mean, error, count, r_hat = _judged(states, statistics)
    products = np.einsum("tci,tcj->cij", states, states, optimize=True) / steps
    spread = products.std(axis=0, ddof=1) / np.sqrt(chains)
    sizes, r_hats = np.full((size, size), np.nan), np.full((size, size), np.nan)
    if size <= _PAIRS:
        for rows, columns, values in _pairs(states):
            at = (rows, columns), (columns, rows)
            found = _judged(values, statistics)
            for target, each in zip((spread, sizes, r_hats), found[1:], strict=True):
                target[at[0]] = target[at[1]] = each
    return Moments(
        mean,
        products.mean(axis=0),
        error,
        spread,
        count,
        sizes,
        r_hat,
        r_hats,
        "sampled",
        steps * chains,
    )


def _pairs(states: FloatArray) -> Iterator[tuple[Any, Any, FloatArray]]:
    """The products of all pairs of rows, some at a time."""
    rows, columns = np.triu_indices(states.shape[2])
    some = max(1, _NUMBERS // (states.shape[0] * states.shape[1]))
    for first in range(0, rows.size, some):
        at = slice(first, first + some)
        yield rows[at], columns[at], states[..., rows[at]] * states[..., columns[at]]


def _judged(
    values: FloatArray, statistics: Any
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Means, standard errors, effective sample sizes and R-hats of series (steps, chains, M)."""
    count = values.shape[2]
    mean: FloatArray = values.mean(axis=(0, 1))
    error, size, r_hat = np.zeros(count), np.full(count, np.inf), np.ones(count)
    # The square of a spin is known: there is nothing to judge.
    varies = np.ptp(values, axis=(0, 1)) > 0.0
    if varies.any():
        axes = {"draw_axis": 0, "chain_axis": 1}
        error[varies] = statistics.mcse(values[..., varies], method="mean", **axes)
        size[varies] = statistics.ess(values[..., varies], method="bulk", **axes)
        r_hat[varies] = statistics.rhat(values[..., varies], method="rank", **axes)
    return mean, error, size, r_hat
