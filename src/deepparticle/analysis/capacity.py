r"""Memory capacity: how many random patterns a network keeps, and finds in noise.

P random patterns of N signs are stored by some rule. Their *load* is P / N. Against it stand
*retention* and *reconstruction* (:mod:`deepparticle.analysis.retention`), means over patterns.

The Hebb rule breaks down at a load of .138 (Amit, Gutfreund & Sompolinsky 1985); the projection
rule keeps linearly independent patterns, up to 1 (Personnaz et al. 1985); no rule keeps more than 2
random patterns per state (Gardner, *J. Phys. A* 21, 257, 1988). Simulation 5 of Spisak & Friston
(2026) claims that learning by free energy holds well beyond .14.

How well a pattern is found in noise depends on how much couplings count beside the evidence, and
rules give couplings of different size: J of the Hebb rule has eigenvalues of order 1, what was
learned may be many times larger. So that rules, not sizes, are compared, precision and evidence
strength of the reconstruction can be lists: each rule then has the best pair at each load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, TypeAlias

import numpy as np
from tqdm.auto import tqdm

from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.analysis.retention import reconstruction, retention
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.arguments import checked_array
from deepparticle.compile.simulator import Simulator
from deepparticle.datasets.random_patterns import random_patterns
from deepparticle.partitions.constructors import from_couplings

__all__ = ["CapacityCurve", "Rule", "capacity_curve", "learned_couplings"]

Rule: TypeAlias = Callable[[FloatArray, int], Network]
"""``rule(patterns, seed)`` gives the couplings, or a simulator, that stores the patterns."""


@dataclass(frozen=True, eq=False)
class CapacityCurve:
    """How well patterns are kept, against how many there are.

    Parameters
    ----------
    size : int
        N.
    counts : ndarray of int, shape (L,)
        P.
    retention : ndarray of shape (L, repeats)
        Mean correlation over patterns, one number per network.
    noisy, reconstruction : ndarray of shape (L, repeats)
        The same of the noisy input and of the response.
    precision, evidence_strength : ndarray of shape (L,)
        With which the reconstruction was made.
    """

    size: int
    counts: IntArray
    retention: FloatArray
    noisy: FloatArray
    reconstruction: FloatArray
    precision: FloatArray
    evidence_strength: FloatArray

    @property
    def loads(self) -> FloatArray:
        """The patterns per state P / N, shape (L,)."""
        result: FloatArray = self.counts / self.size
        return result

    def mean(self, measure: str = "retention") -> FloatArray:
        """Mean over networks, shape (L,), of ``retention``, ``noisy`` or ``reconstruction``."""
        result: FloatArray = getattr(self, measure).mean(axis=1)
        return result

    def deviation(self, measure: str = "retention") -> FloatArray:
        """Standard deviation over networks, shape (L,); NaN for a single one."""
        values: FloatArray = getattr(self, measure)
        if values.shape[1] < 2:
            return np.full(len(values), np.nan)
        result: FloatArray = values.std(axis=1, ddof=1)
        return result

    def capacity(self, threshold: float = 0.9, measure: str = "retention") -> float:
        """The largest load of the curve up to which the mean is nowhere below a threshold.

        Parameters
        ----------
        threshold : float
            A correlation.
        measure : {"retention", "reconstruction"}

        Returns
        -------
        float
            P / N; 0 if the first load fails already. It is a point of the curve, not interpolated.

        Examples
        --------
        >>> rows = np.array([[1.0], [0.95], [0.4], [0.92]])
        >>> counts = np.array([5, 10, 20, 40])
        >>> CapacityCurve(100, counts, rows, rows, rows, counts, counts).capacity()
        0.1
        """
        kept = self.mean(measure) >= threshold
        below = len(kept) if kept.all() else int(np.argmin(kept))
        return float(self.loads[below - 1]) if below else 0.0


def learned_couplings(
    patterns: ArrayLike,
    *,
    evidence_strength: float = 10.0,
    precision: float = 0.3,
    learning_rate: float | None = None,
    epochs: int | None = None,
    steps: int = 10,
    reset: bool = True,
    backend: str = "auto",
    seed: int = 0,
    progress: bool = False,
) -> FloatArray:
    r"""Couplings that a network of continuous Bernoulli states learns from patterns, J = 0 before.

    .. math:: \Delta J_{ij} = \alpha (\sigma'_i - L(h_i))\, \sigma'_j

    The defaults store random signs up to P ≈ .75 N: evidence and precision make states follow the
    pattern with little noise (:math:`\beta u = \pm 3`, mean state .67), and rate and number of
    presentations suffice for h to predict it. Learning is a stochastic gradient step for N
    regressions on N inputs, of squared length of order N: the rate that it bears goes with 1 / N.
    For large networks, 0.2 / N and 50 presentations of each pattern do nearly as well.

    Parameters
    ----------
    patterns : array_like of shape (P, N)
    evidence_strength, precision : float
        While learning.
    learning_rate : float, optional
        α; by default 0.1 / N.
    epochs : int, optional
        Presentations in all, in random order; by default 100 for each pattern, at least 1000.
    steps : int
        Of each presentation.
    reset : bool
        Whether the state returns to 0 before each.
    backend : str
        As of `Simulator`.
    seed : int
    progress : bool

    Returns
    -------
    ndarray of shape (N, N)

    Examples
    --------
    >>> import deepparticle as dp
    >>> patterns = dp.datasets.random_patterns(3, 30)
    >>> couplings = learned_couplings(patterns, backend="numpy")
    >>> dp.analysis.retention(couplings, patterns).round(2)
    array([1., 1., 1.])
    """
    array = np.atleast_2d(checked_array(patterns, "learned_couplings, patterns", "a pattern"))
    count, size = array.shape
    world = from_couplings(np.zeros((size, size)), name="memory")
    simulator = Simulator(world, backend, seed=seed)
    simulator.learn(
        array,
        evidence_strength,
        max(1000, 100 * count) if epochs is None else epochs,
        steps,
        reset=reset,
        precision=precision,
        learning_rate=0.1 / size if learning_rate is None else learning_rate,
        record=(),
        progress=progress,
    )
    learned: FloatArray = simulator.couplings
    return learned


def capacity_curve(
    train: Rule,
    counts: Sequence[int],
    size: int,
    *,
    repeats: int = 3,
    precision: float | Sequence[float] = 2.0,
    evidence_strength: float | Sequence[float] = 1.0,
    noise: float = 2.0,
    retention_precision: float = 100.0,
    backend: str = "auto",
    seed: int = 0,
    progress: bool = False,
) -> CapacityCurve:
    """Store random patterns by a rule, and test what is kept, for several numbers of them.

    Parameters
    ----------
    train : callable
        ``train(patterns, seed)`` for patterns of shape (P, N) gives couplings or a simulator.
    counts : sequence of int
        Numbers of patterns P, ascending.
    size : int
        States N.
    repeats : int
        Networks per number, each with patterns of its own.
    precision, evidence_strength : float or sequence of float
        Of the reconstruction. From lists, each load takes the pair with the best mean over its
        networks; more pairs than networks make that mean a little too good.
    noise : float
        Of the reconstruction, in standard deviations of the pattern.
    retention_precision : float
        Of the retention.
    backend : str
        That runs couplings; a simulator has its own.
    seed : int
        For patterns, learning, noise and runs.
    progress : bool

    Returns
    -------
    CapacityCurve

    Raises
    ------
    SettingError, SettingTypeError
        If the numbers of patterns are not ascending whole numbers.

    Examples
    --------
    >>> from deepparticle.analysis import hebbian_couplings
    >>> curve = capacity_curve(lambda x, seed: hebbian_couplings(x), [2, 40], 60, backend="numpy")
    >>> curve.capacity(), bool(curve.mean()[1] < 0.6)
    (0.03333333333333333, True)
    """
    where = "capacity_curve"
    numbers = [checked_count(count, where, "a count", 1) for count in counts]
    if not numbers or any(a >= b for a, b in pairwise(numbers)):
        mend = "give counts=[5, 10, 20], for example"
        raise SettingError(Fault(where, "counts ascend", repr(list(counts)), mend))
    repeats = checked_count(repeats, where, "repeats", 1)
    pairs = list(product(np.atleast_1d(precision), np.atleast_1d(evidence_strength)))
    kept = np.empty((len(numbers), repeats))
    noisy, found = np.empty((2, len(numbers), repeats, len(pairs)))
    seeds = np.random.SeedSequence(seed).spawn(len(numbers) * repeats)
    with tqdm(total=len(seeds), desc=where, disable=not progress, unit="network") as bar:
        for at, own in zip(np.ndindex(len(numbers), repeats), seeds, strict=True):
            rng = np.random.default_rng(own)
            patterns = random_patterns(numbers[at[0]], size, rng)
            learning, testing = rng.integers(2**32, size=2).tolist()
            network: Any = simulator_of(train(patterns, learning), backend=backend)
            kept[at] = retention(network, patterns, precision=retention_precision).mean()
            for place, (beta, strength) in enumerate(pairs):
                # The same noise for every pair, so that they are compared on the same trials.
                shown = reconstruction(
                    network,
                    patterns,
                    noise=noise,
                    precision=beta,
                    evidence_strength=strength,
                    seed=testing,
                )
                noisy[(*at, place)] = shown.signed_input.mean()
                found[(*at, place)] = shown.signed_output.mean()
            bar.update()
    best = found.mean(axis=1).argmax(axis=1)
    rows = np.arange(len(numbers))
    chosen = np.array(pairs)[best]
    return CapacityCurve(
        size,
        np.array(numbers, dtype=np.intp),
        kept,
        noisy[rows, :, best],
        found[rows, :, best],
        chosen[:, 0],
        chosen[:, 1],
    )
