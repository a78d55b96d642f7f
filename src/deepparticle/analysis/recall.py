r"""Recall: how much better than its noisy input a network's response explains a pattern.

A pattern x is shown with noise as weak evidence; the response is the mean state of a stochastic
run.
The score is the gain in explained variance (Spisak & Friston 2026, simulation 2),

.. math:: r^2(\text{response}, x) - r^2(\text{noisy}, x),

with r Pearson's correlation, and its median over trials. Note that :math:`r^2` is blind to sign: a
response that is the negative of the pattern has the full score. The *signed* scores are gains in r
itself, for which the negative counts as the worst.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray

__all__ = ["Recall", "correlation", "explained_variance", "recall"]


def _centred(values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    # The mean of equal numbers need not be equal to them, to the last digit.
    constant = np.ptp(array, axis=-1, keepdims=True) == 0.0
    result: FloatArray = np.where(constant, 0.0, array - array.mean(axis=-1, keepdims=True))
    return result


def _unit(values: ArrayLike) -> FloatArray:
    """Centred and of length 1, or 0 where they are constant."""
    array = _centred(values)
    # The largest to 1 first: squares of numbers can be too small or too large where these are not.
    for order in (np.inf, 2):
        length = np.linalg.norm(array, order, axis=-1, keepdims=True)
        array = array / np.where(length > 0.0, length, 1.0)
    return array


def correlation(response: ArrayLike, pattern: ArrayLike) -> FloatArray:
    r"""The Pearson correlation along the last axis, r.

    .. math:: r = \frac{\sum_i (y_i - \bar y)(x_i - \bar x)}
        {\sqrt{\sum_i (y_i - \bar y)^2 \sum_i (x_i - \bar x)^2}}

    Parameters
    ----------
    response, pattern : array_like of shape (..., N)
        y and x.

    Returns
    -------
    ndarray of shape (...,)
        −1…1; 0 where one of them is constant.

    Examples
    --------
    >>> correlation([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]], [-2.0, -4.0, -6.0]).round(12)
    array([-1.,  0.])
    """
    a, b = _unit(response), _unit(pattern)
    result: FloatArray = (a * b).sum(axis=-1)
    return np.clip(result, -1.0, 1.0)


def explained_variance(response: ArrayLike, pattern: ArrayLike) -> FloatArray:
    r"""The squared Pearson correlation along the last axis, :math:`r^2`.

    Parameters
    ----------
    response, pattern : array_like of shape (..., N)

    Returns
    -------
    ndarray of shape (...,)
        0…1; 0 where one of them is constant.

    Examples
    --------
    >>> float(explained_variance([1.0, 2.0, 3.0], [-2.0, -4.0, -6.0]))
    1.0
    """
    a, b = _centred(response), _centred(pattern)
    power = (a * a).sum(-1) * (b * b).sum(-1)
    result: FloatArray = np.divide(
        (a * b).sum(-1) ** 2, power, out=np.zeros_like(power), where=power > 0.0
    )
    return result


@dataclass(frozen=True, eq=False)
class Recall:
    """The trials of one test of recall.

    Parameters
    ----------
    chosen : ndarray of shape (trials[, networks])
        Which pattern was shown.
    targets, noisy, responses : ndarray of shape (trials, [networks,] N)
    """

    chosen: IntArray
    targets: FloatArray
    noisy: FloatArray
    responses: FloatArray

    @property
    def input_variance(self) -> FloatArray:
        """How much the noisy input explains of the target, per trial."""
        return explained_variance(self.noisy, self.targets)

    @property
    def output_variance(self) -> FloatArray:
        """How much the response explains of the target, per trial."""
        return explained_variance(self.responses, self.targets)

    @property
    def scores(self) -> FloatArray:
        """The median gain in explained variance, shape ([networks])."""
        median: FloatArray = np.median(self.output_variance - self.input_variance, axis=0)
        return np.asarray(median)

    @property
    def score(self) -> float:
        """The median gain in explained variance of the only network; of several, see `scores`."""
        return self.scores.item()

    @property
    def signed_input(self) -> FloatArray:
        """The correlation of the noisy input with the target, per trial."""
        return correlation(self.noisy, self.targets)

    @property
    def signed_output(self) -> FloatArray:
        """The correlation of the response with the target, per trial."""
        return correlation(self.responses, self.targets)

    @property
    def signed_scores(self) -> FloatArray:
        """The median gain in correlation, shape ([networks])."""
        median: FloatArray = np.median(self.signed_output - self.signed_input, axis=0)
        return np.asarray(median)


def recall(
    network: Network,
    patterns: ArrayLike,
    *,
    evidence_strength: ArrayLike,
    noise: float = 1.0,
    steps: int = 100,
    trials: int = 100,
    reset: bool = False,
    precision: ArrayLike | None = None,
    seed: int = 0,
) -> Recall:
    """Show noisy patterns to a network and average its responses.

    By default trials follow one another in one network, each beginning where the last one ended, as
    in the paper. That matters: a network of high precision stays in an attractor for long, so that
    the memory of the last trial costs it part of the score.

    Parameters
    ----------
    network : Simulator, or couplings of shape ([networks,] N, N)
        Its couplings are used, frozen; a simulator is left as it is. Several networks are tested
        side by side, each in trials of its own.
    patterns : array_like of shape (P, N)
        What can be shown; each trial draws one.
    evidence_strength : float or array_like of shape (networks,)
        Scales the noisy pattern to evidence (the paper uses a tenth of that of learning).
    noise : float
        Standard deviation of the added noise, in standard deviations of the pattern.
    steps : int
        Steps to average over.
    trials : int
        How many.
    reset : bool
        Start every trial at state 0 instead; trials are then run side by side.
    precision : float or array_like, optional
        As of `Simulator`; by default that of the simulator.
    seed : int
        For the choice of patterns, the noise and the runs.

    Returns
    -------
    Recall

    Examples
    --------
    >>> import deepparticle as dp
    >>> sim = dp.Simulator(dp.from_couplings(np.zeros((25, 25))))
    >>> shown = dp.datasets.cross_and_bar()
    >>> recall(sim, shown, evidence_strength=1.0, trials=4).responses.shape
    (4, 25)
    """
    simulator = simulator_of(network)
    array = np.asarray(patterns, dtype=np.float64)
    rng = np.random.default_rng(seed)
    networks = () if simulator.networks is None else (simulator.networks,)
    chosen = rng.integers(len(array), size=(trials, *networks))
    targets = array[chosen]
    spread = targets.std(axis=-1, keepdims=True)
    noisy = targets + noise * spread * rng.standard_normal(targets.shape)
    own_seed = int(rng.integers(2**32))
    shown = np.asarray(evidence_strength, dtype=np.float64)[..., None] * noisy
    if reset:
        runner = simulator.fork(chains=trials, seed=own_seed)
        start = np.zeros(array.shape[1])
        # Trials are chains here, which come after networks.
        given = np.moveaxis(shown, 0, -2)
        means = runner.infer(given, steps, start=start, precision=precision, record=()).mean
        responses = np.moveaxis(means, -2, 0)
    else:
        runner = simulator.fork(seed=own_seed)
        responses = np.stack(
            [runner.infer(one, steps, precision=precision, record=()).mean for one in shown]
        )
    return Recall(chosen.astype(np.intp), targets, noisy, responses)
