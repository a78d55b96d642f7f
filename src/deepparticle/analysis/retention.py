r"""Retention and reconstruction: whether a network keeps a pattern, and finds it in noise.

*Retention*: from a stored pattern x, deterministic dynamics run without evidence; how much of x is
left is the correlation

.. math:: r(\sigma_T, x), \qquad \sigma_0 = x, \quad \sigma_{t+1} = L(\beta (b + J\sigma_t)).

*Reconstruction*: the pattern with noise is the evidence and the start of a stochastic run; the
response is the mean state after burn-in,

.. math:: y = x + \nu s_x \xi, \quad \xi \sim N(0, 1), \qquad
          r(\langle\sigma_t\rangle, x) \text{ beside } r(y, x),

with ν in standard deviations :math:`s_x` of the pattern. The defaults are the protocol of
simulation 6 of Spisak & Friston (2026). A state cannot leave the support of its distribution, while
a standardised pattern can: starts are clipped to it. (Not to clip them changes the retention of
faces by .005: after one step at β = 100, what counts is the signs of the field.) All patterns are
run side by side.
"""

from __future__ import annotations

import numpy as np

from deepparticle.analysis.networks import Network, simulator_of
from deepparticle.analysis.recall import Recall, correlation
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.arguments import checked_array
from deepparticle.compile.simulator import Simulator

__all__ = ["reconstruction", "retention"]


def retention(
    network: Network,
    patterns: ArrayLike,
    *,
    precision: ArrayLike | None = 100.0,
    steps: int = 150,
    start_scale: float = 1.0,
) -> FloatArray:
    """The correlation of each pattern with the state to which the network takes it.

    Where the synchronous dynamics end on an orbit of two states, it is that of the last state.

    Parameters
    ----------
    network : Simulator, or couplings of shape ([networks,] N, N)
        A simulator is left as it is.
    patterns : array_like of shape (P, N), with networks also (networks, P, N)
        What was stored.
    precision : float or array_like, optional
        As of `Simulator.infer`; None takes that of the simulator.
    steps : int
        Deterministic steps.
    start_scale : float
        Starts are so many times the patterns, clipped to the support of the states.

    Returns
    -------
    ndarray of shape ([networks,] P)
        −1…1; 0 where the state is constant, for example all zero.

    Raises
    ------
    SettingError, SettingTypeError
        If the patterns do not fit the network.

    Examples
    --------
    >>> stored = [[1.0, 1.0, -1.0, -1.0]]
    >>> couplings = np.outer(stored, stored) - np.eye(4)
    >>> retention(couplings, stored)
    array([1.])
    """
    simulator = simulator_of(network)
    array = _every_pattern(patterns, simulator, "retention")
    runner = simulator.fork(chains=array.shape[-2])
    start = _inside(simulator, start_scale * array)
    runner.infer(None, steps, mode="deterministic", start=start, precision=precision, record=())
    return correlation(runner.state, array)


def reconstruction(
    network: Network,
    patterns: ArrayLike,
    *,
    noise: float = 2.0,
    precision: ArrayLike | None = 2.0,
    steps: int = 100,
    burn_in: int = 5,
    evidence_strength: ArrayLike = 1.0,
    seed: int = 0,
) -> Recall:
    """Show every pattern once with noise, as evidence and as start, and average the response.

    Parameters
    ----------
    network : Simulator, or couplings of shape ([networks,] N, N)
        A simulator is left as it is.
    patterns : array_like of shape (P, N), with networks also (networks, P, N)
        What was stored.
    noise : float
        Standard deviation of the added noise, in standard deviations of the pattern.
    precision : float or array_like, optional
        As of `Simulator.infer`; None takes that of the simulator.
    steps : int
        Stochastic steps in all.
    burn_in : int
        The first so many of them are not averaged.
    evidence_strength : float or array_like of shape (networks,)
        Scales the noisy pattern, as evidence and as start.
    seed : int
        For the noise and the run.

    Returns
    -------
    Recall
        With one trial per pattern, in their order: ``signed_input`` and ``signed_output`` have
        shape (P[, networks]), and their means are the numbers of simulation 6.

    Raises
    ------
    SettingError, SettingTypeError
        If the patterns do not fit the network, or nothing is left after burn-in.

    Examples
    --------
    >>> import deepparticle as dp
    >>> stored = dp.datasets.random_patterns(1, 200, seed=7)
    >>> shown = reconstruction(np.outer(stored, stored) - np.eye(200), stored)
    >>> shown.signed_input.round(2), shown.signed_output.round(2)
    (array([0.39]), array([1.]))
    """
    where = "reconstruction"
    simulator = simulator_of(network)
    targets = _every_pattern(patterns, simulator, where)
    if checked_count(burn_in, where, "burn_in") >= checked_count(steps, where, "steps", 1):
        rule, mend = "steps are left after burn-in", "give burn_in < steps"
        raise SettingError(Fault(where, rule, f"burn_in={burn_in} of {steps} steps", mend))
    rng = np.random.default_rng(seed)
    spread = targets.std(axis=-1, keepdims=True)
    noisy = targets + noise * spread * rng.standard_normal(targets.shape)
    shown = np.asarray(evidence_strength, dtype=np.float64)[..., None, None] * noisy
    runner = simulator.fork(chains=targets.shape[-2], seed=int(rng.integers(2**32)))
    responses = runner.infer(
        shown,
        steps - burn_in,
        burn_in,
        start=_inside(simulator, shown),
        precision=precision,
        record=(),
    ).mean
    # Patterns are chains here, which come after networks; in a `Recall` trials come first.
    targets, noisy, responses = (np.moveaxis(part, -2, 0) for part in (targets, noisy, responses))
    chosen = np.broadcast_to(
        np.arange(len(targets)).reshape(-1, *[1] * (targets.ndim - 2)), targets.shape[:-1]
    )
    return Recall(chosen.astype(np.intp), targets, noisy, responses)


def _every_pattern(patterns: ArrayLike, simulator: Simulator, where: str) -> FloatArray:
    """The patterns of every network, shape ([networks,] P, N)."""
    array = np.atleast_2d(checked_array(patterns, f"{where}, patterns", "a pattern"))
    size = simulator.program.size
    lead = () if array.ndim == 2 else (simulator.networks,)
    if array.shape[-1] != size or array.shape[:-2] != lead or not array.shape[-2]:
        own = "" if simulator.networks is None else f" or ({simulator.networks}, P, {size})"
        rule = f"patterns have shape (P, {size}){own}"
        mend = "give one row per pattern, of one number per subparticle"
        raise SettingError(Fault(where, rule, f"shape {array.shape}", mend))
    several = () if simulator.networks is None else (simulator.networks,)
    return np.broadcast_to(array, (*several, *array.shape[-2:]))


def _inside(simulator: Simulator, states: FloatArray) -> FloatArray:
    """The states nearest to these that are in the support of their distributions."""
    low, high = np.empty((2, simulator.program.size))
    for group in simulator.program.groups:
        low[group.rows], high[group.rows] = group.distribution.support
    clipped: FloatArray = np.clip(states, low, high)
    return clipped
