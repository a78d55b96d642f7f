"""Continuous time, exactly: weak order, stationary laws, Ornstein-Uhlenbeck, gradient flow.

The stationary law of a time step τ is found without sampling: what a step expects of a polynomial
of the new state is again a polynomial of the old one, to rounding, and the moments that a step
leaves as they are solve linear equations.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov
from scipy.special import ndtr, ndtri
from support.fokker_planck import fokker_planck
from support.quadrature import Law, boltzmann

import deepparticle as dp
from deepparticle.agents.diffusion import diffused
from deepparticle.blankets._types import FloatArray

CB = dp.ContinuousBernoulli()
DRIVE = np.array([0.5, -0.2])
SYMMETRIC = np.array([[0.0, 2.0], [2.0, 0.0]])
# The same symmetric part, and an antisymmetric part of 2: the second drives the first.
DIRECTED = np.array([[0.0, 4.0], [0.0, 0.0]])

Step = Callable[[float, FloatArray, float, float], FloatArray]


# ---------------------------------------------------------------------- weak order


def folded(state: float, uniform: FloatArray, drift: float, tau: float) -> FloatArray:
    """The step of the library, for one old state and many random numbers."""
    old, theta = np.full_like(uniform, state), np.full_like(uniform, drift)
    return diffused(CB, theta, old, np.array(tau), uniform)


def clipped(state: float, uniform: FloatArray, drift: float, tau: float) -> FloatArray:
    """The control: stopped at the walls instead of mirrored."""
    moved = state + tau * drift + np.sqrt(2 * tau) * ndtri(uniform)
    result: FloatArray = np.clip(moved, -1.0, 1.0)
    return result


@cache
def second_moment(step: Step, drift: float, tau: float) -> float:
    """E[σ²] under the stationary law of a step, by Legendre polynomials of degree 79."""
    degree = 80
    nodes, _ = np.polynomial.legendre.leggauss(degree)
    z, width = np.linspace(-8, 8, 4001, retstep=True)
    weights, uniform = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * width, ndtr(z)
    basis = np.polynomial.legendre.legvander(nodes, degree - 1)
    expected = [
        weights @ np.polynomial.legendre.legvander(step(x, uniform, drift, tau), degree - 1)
        for x in nodes.tolist()
    ]
    equations = np.linalg.solve(basis, expected).T - np.eye(degree)
    equations[0] = np.eye(degree)[0]
    moments = np.linalg.solve(equations, np.eye(degree)[0])
    return float((2 * moments[2] + 1) / 3)


def errors(step: Step, drift: float, taus: tuple[float, ...]) -> FloatArray:
    exact = CB.variance(drift) + CB.mean(drift) ** 2
    return np.array([second_moment(step, drift, tau) - exact for tau in taus])


@pytest.mark.parametrize("drift", [0.8, 1.5])
def test_mirrors_have_weak_order_one(drift: float) -> None:
    found = errors(folded, drift, (0.02, 0.01, 0.005))
    orders = np.log2(found[:-1] / found[1:])
    assert np.all((orders > 0.88) & (orders < 1.05)), orders
    assert orders[1] > orders[0]  # nearer to 1 the smaller the step
    assert np.all(np.abs(found) < 1.2 * np.array([0.02, 0.01, 0.005]))


@pytest.mark.parametrize("drift", [0.8, 1.5])
def test_walls_that_stop_have_order_one_half(drift: float) -> None:
    found = errors(clipped, drift, (0.02, 0.01, 0.005))
    orders = np.log2(found[:-1] / found[1:])
    assert np.all((orders > 0.45) & (orders < 0.51)), orders
    # At the step that is the default this is twelve times the error of a mirror.
    assert found[1] > 12 * np.abs(errors(folded, drift, (0.01,))[0])


def test_without_drift_mirrors_are_exact() -> None:
    # The uniform law is that of every step, however long.
    for tau in (0.5, 0.05, 0.01):
        assert abs(errors(folded, 0.0, (tau,))[0]) < 1e-6
        assert errors(clipped, 0.0, (tau,))[0] > 0.02


def test_two_steps_give_the_law_without_a_step() -> None:
    # Order one: the error of 2 E(τ/2) − E(τ) is of order τ².
    coarse, fine = errors(folded, 1.5, (0.02, 0.01))
    assert abs(2 * fine - coarse) < abs(coarse) / 10


# ---------------------------------------------------------------------- stationary laws


def world_of(K: FloatArray, bias: FloatArray = DRIVE, **settings: Any) -> dp.Partition:
    return dp.from_couplings(K, bias=bias, **settings)


def chain_moments(world: dp.Partition, tau: float, seed: int, **settings: Any) -> FloatArray:
    """Means and second moments (σ₁, σ₂, σ₁², σ₁σ₂, σ₂²) of every chain, (chains, 5)."""
    simulator = dp.Simulator(
        world, schedule="langevin", chains=4000, seed=seed, time_step=tau, **settings
    )
    every = max(1, round(0.1 / tau))
    run = simulator.infer(
        steps=round(12 / tau), burn_in=round(4 / tau), record="states", every=every
    )
    x, y = run.states[..., 0], run.states[..., 1]
    return np.stack([(part).mean(axis=0) for part in (x, y, x * x, x * y, y * y)], axis=-1)


def extrapolated(world: dp.Partition, tau: float, **settings: Any) -> tuple[FloatArray, FloatArray]:
    """Moments without the first order in τ, and their standard errors."""
    coarse = chain_moments(world, tau, 1, **settings)
    fine = chain_moments(world, tau / 2, 2, **settings)
    value = 2 * fine.mean(axis=0) - coarse.mean(axis=0)
    error = np.hypot(2 * fine.std(axis=0, ddof=1), coarse.std(axis=0, ddof=1)) / np.sqrt(len(fine))
    return value, error


def moments_of(law: Law) -> FloatArray:
    second = law.second_moments
    return np.array([*law.mean, second[0, 0], second[0, 1], second[1, 1]])


def correlation(moments: FloatArray) -> float:
    x, y, xx, xy, yy = moments.tolist()
    return float((xy - x * y) / np.sqrt((xx - x * x) * (yy - y * y)))


# What the second order in τ may leave, at τ = 0.02.
SECOND_ORDER = 0.002


@pytest.mark.parametrize("precision", [(1.0, 1.0), (0.5, 2.0)])
def test_a_symmetric_pair_has_boltzmanns_law(precision: tuple[float, float]) -> None:
    beta = np.array(precision)
    K = SYMMETRIC / 1.5
    value, error = extrapolated(world_of(K / beta[:, None]), 0.02, precision=beta)
    exact = moments_of(boltzmann((CB, CB), beta * DRIVE, K))
    assert np.all(np.abs(value - exact) < 4 * error + SECOND_ORDER), (value - exact) / error


def test_a_small_error_in_the_couplings_is_noticed() -> None:
    # How sharp that is: couplings that are wrong by a tenth are rejected.
    value, error = extrapolated(world_of(SYMMETRIC), 0.02)
    law = boltzmann((CB, CB), DRIVE, 0.9 * SYMMETRIC)
    assert np.abs((value - moments_of(law)) / error).max() > 8.0


def test_one_state_has_its_own_law() -> None:
    value, error = extrapolated(world_of(np.zeros((2, 2)), np.array([1.5, 0.0])), 0.02)
    exact = [CB.mean(1.5), 0.0, CB.variance(1.5) + CB.mean(1.5) ** 2, 0.0, 1 / 3]
    assert np.all(np.abs(value - exact) < 4 * error + SECOND_ORDER)


def test_a_directed_pair_has_a_law_of_its_own() -> None:
    # Exactly: correlation .500, and .116 in total variation from the law of the symmetric part.
    law, symmetric = (fokker_planck(DRIVE, K) for K in (DIRECTED, SYMMETRIC))
    assert law.correlations[0] == pytest.approx(0.500, abs=5e-4)
    assert symmetric.correlations[0] == pytest.approx(0.568, abs=5e-4)
    distance = 0.5 * np.abs(law.probabilities - symmetric.probabilities).sum()
    assert distance == pytest.approx(0.116, abs=5e-4)
    value, error = extrapolated(world_of(DIRECTED), 0.02)
    assert np.all(np.abs(value - moments_of(law)) < 4 * error + SECOND_ORDER)
    assert correlation(value) == pytest.approx(0.500, abs=0.01)
    # The sample tells the two laws apart by far.
    assert np.abs((value - moments_of(symmetric)) / error).max() > 10.0


@pytest.mark.parametrize("settings", [{"clock": [1, 2]}, {"clock": [3, 1]}])
def test_clocks_leave_the_law_of_a_symmetric_pair(settings: dict[str, Any]) -> None:
    # A held state loses time: the pair is slower in one direction, and its law is the same.
    value, error = extrapolated(world_of(SYMMETRIC / 1.5), 0.02, **settings)
    exact = moments_of(boltzmann((CB, CB), DRIVE, SYMMETRIC / 1.5))
    assert np.all(np.abs(value - exact) < 4 * error + 2 * SECOND_ORDER), (value - exact) / error


def test_a_partition_with_a_smaller_time_step_is_slower() -> None:
    world = dp.Partition("world", time_step=0.02)
    world.add_subparticle("fast")
    world.add_partition("slow", time_step=0.002).add_subparticle("a")
    states = dp.Simulator(world, schedule="langevin", chains=3000, seed=3).infer(steps=20).states
    # Far from the walls a state has gone √(2τt): the times differ by ten.
    spread = states[4].std(axis=0)
    assert spread[0] / spread[1] == pytest.approx(np.sqrt(10.0), rel=0.06)


# ---------------------------------------------------------------------- Ornstein-Uhlenbeck


VARIANCE = 0.5
OU = {
    "symmetric": np.array([[0.0, 0.8, 0.0], [0.8, 0.0, -0.5], [0.0, -0.5, 0.0]]),
    "directed": np.array([[0.0, 0.9, -0.3], [0.1, 0.0, 1.2], [-0.7, 0.0, 0.0]]),
}


def gaussian_world(K: FloatArray) -> dp.Partition:
    return dp.from_couplings(K, bias=[0.3, -0.1, 0.2], distribution=dp.Gaussian(VARIANCE))


def generator(K: FloatArray) -> FloatArray:
    """The drift matrix K − V⁻¹, of which the stable one is a matrix of a linear process."""
    result: FloatArray = K - np.eye(3) / VARIANCE
    return result


@pytest.mark.parametrize("name", OU)
@pytest.mark.parametrize("backend", ["objects", "numpy"])
def test_gaussian_states_are_an_ornstein_uhlenbeck_process(name: str, backend: str) -> None:
    # A step without noise is σ + τ(b + (K − V⁻¹)σ), to rounding.
    K, tau = OU[name], 0.05
    simulator = dp.Simulator(gaussian_world(K), backend, "langevin", chains=4, time_step=tau)
    starts = np.vstack([np.zeros(3), np.eye(3)])
    run = simulator.infer(steps=1, mode="deterministic", start=starts)
    bias = np.array([0.3, -0.1, 0.2])
    np.testing.assert_allclose(
        run.states[0], starts + tau * (bias + starts @ generator(K).T), atol=1e-15
    )


@pytest.mark.parametrize("name", OU)
def test_its_covariance_is_that_of_the_lyapunov_equation(name: str) -> None:
    # Continuous time: BΣ + ΣBᵀ = −2; a step τ: Σ = AΣAᵀ + 2τ with A = 1 + τB, of weak order one.
    K = OU[name]
    B = generator(K)
    exact = solve_continuous_lyapunov(B, -2 * np.eye(3))
    steps = {
        tau: solve_discrete_lyapunov(np.eye(3) + tau * B, 2 * tau * np.eye(3))
        for tau in (0.08, 0.04, 0.02)
    }
    gaps = [np.abs(steps[tau] - exact).max() for tau in (0.08, 0.04, 0.02)]
    assert np.log2(gaps[0] / gaps[1]) == pytest.approx(1.0, abs=0.2)
    assert np.log2(gaps[1] / gaps[2]) == pytest.approx(1.0, abs=0.1)
    simulator = dp.Simulator(
        gaussian_world(K), schedule="langevin", chains=4000, seed=5, time_step=0.04
    )
    states = simulator.infer(steps=400, burn_in=200, record="states", every=20).states
    mean = np.linalg.solve(B, -np.array([0.3, -0.1, 0.2]))
    deviations = states - mean
    covariance = np.einsum("tci,tcj->cij", deviations, deviations) / len(states)
    error = covariance.std(axis=0, ddof=1) / np.sqrt(covariance.shape[0])
    assert np.all(np.abs(covariance.mean(axis=0) - steps[0.04]) < 4 * error)
    if name == "symmetric":  # Boltzmann's law: the precision matrix is V⁻¹ − K
        np.testing.assert_allclose(np.linalg.inv(exact), -B, atol=1e-12)


# ---------------------------------------------------------------------- gradient flow


def energy(states: FloatArray, c: FloatArray, K: FloatArray) -> FloatArray:
    result: FloatArray = -states @ c - 0.5 * np.einsum("ti,ij,tj->t", states, K, states)
    return result


@pytest.mark.parametrize("seed", range(5))
def test_without_noise_a_symmetric_network_runs_downhill_and_rests(seed: int) -> None:
    rng = np.random.default_rng(seed)
    K = rng.normal(size=(6, 6))
    K = np.triu(K, 1) + np.triu(K, 1).T
    c = rng.normal(size=6) * 0.3
    simulator = dp.Simulator(world_of(K, c), schedule="langevin", time_step=0.02)
    start = rng.uniform(-0.5, 0.5, 6)
    states = simulator.infer(steps=2000, mode="deterministic", start=start).states
    assert np.diff(energy(np.vstack([start, states]), c, K)).max() <= 1e-12
    found = simulator.relax(start)
    assert found.converged
    np.testing.assert_allclose(found.states, states[-1], atol=1e-6)
    # At rest the drift is 0, or a wall holds the state against it.
    drift, at = c + K @ found.states, found.states
    held = (np.abs(at) == 1.0) & (np.sign(drift) == np.sign(at))
    assert np.all(held | (np.abs(drift) < 1e-8))
    assert held.any()


def test_a_rest_of_gaussian_states_solves_a_linear_equation() -> None:
    simulator = dp.Simulator(gaussian_world(OU["directed"]), schedule="langevin", time_step=0.05)
    expected = np.linalg.solve(generator(OU["directed"]), -np.array([0.3, -0.1, 0.2]))
    np.testing.assert_allclose(simulator.relax().states, expected, atol=1e-8)
