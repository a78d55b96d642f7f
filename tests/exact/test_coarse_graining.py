"""Coarse-graining where the answer is known: equal members, linear worlds, two blocks of spins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.float64]


def blocks_world(
    couplings: Array,
    sizes: list[int],
    distribution: dp.StateDistribution | None = None,
    bias: Any = 0.0,
    **settings: Any,
) -> dp.Partition:
    """Partitions A0, A1, … of subparticles with these couplings; all sense the external `scene`."""
    world = dp.Partition("world", **settings)
    biases = iter(np.broadcast_to(bias, (sum(sizes),)).tolist())
    for number, size in enumerate(sizes):
        place = world.add_partition(f"A{number}")
        for member in range(size):
            place.add_subparticle(f"m{member}", distribution=distribution, bias=next(biases))
    for row, leaf in enumerate(world.subparticles):
        for column, other in enumerate(world.subparticles):
            if couplings[row, column] != 0.0:
                world.couple(other, leaf, couplings[row, column])
    world.sense(world.add_external("scene"), world)
    return world


def mean_field(strengths: Array, sizes: list[int]) -> Array:
    """Couplings J_AB / n_B between all members of A and B, but for each with itself."""
    unit_of = np.repeat(np.arange(len(sizes)), sizes)
    couplings: Array = strengths[unit_of][:, unit_of] / np.array(sizes)[unit_of]
    np.fill_diagonal(couplings, 0.0)
    return couplings


def resting(world: dp.Partition, evidence: Array) -> Array:
    found = dp.Simulator(world).relax(evidence=evidence, tolerance=1e-14, max_steps=100_000)
    assert np.all(found.converged)
    return np.asarray(found.states)


# ------------------------------------------------------------------ equal members


@pytest.mark.parametrize("distribution", [dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian(0.5)])
def test_equal_members_that_are_not_coupled_to_each_other(
    distribution: dp.StateDistribution,
) -> None:
    # The expected states agree at any evidence, not to first order only.
    strengths = np.array([[0.0, 0.9, -0.4], [0.6, 0.0, 0.8], [1.1, -0.7, 0.0]])
    world = blocks_world(
        mean_field(strengths, [3, 5, 4]), [3, 5, 4], distribution, bias=0.2, precision=0.8
    )
    coarse = world.coarsen(1)
    np.testing.assert_allclose(coarse.couplings, strengths, atol=1e-12)
    weak = 0.1 if isinstance(distribution, dp.Gaussian) else 1.0
    for drive in weak * np.random.default_rng(1).normal(scale=3.0, size=(5, 3)):
        fine = resting(world, np.repeat(drive, [3, 5, 4]))
        np.testing.assert_allclose(
            resting(coarse, drive), coarse.coarsening.states(fine), atol=1e-10
        )


def test_couplings_inside_enter_the_gain() -> None:
    # One block, J0/n inside: G = D/(1 - D J0 (n-1)/n), with D = β/3 at the fixed point 0.
    n, strength, precision = 6, 1.5, 0.9
    world = blocks_world(mean_field(np.array([[strength]]), [n]), [n], precision=precision)
    coarse = world.coarsen(1)
    gain = precision / 3 / (1 - precision / 3 * strength * (n - 1) / n)
    np.testing.assert_allclose(coarse.coarsening.gains, [gain], rtol=1e-12)
    assert coarse["A0"].precision == pytest.approx(3 * gain, rel=1e-12)
    assert coarse["A0"].bias == pytest.approx(0.0, abs=1e-12)
    ignoring = world.coarsen(1, internal="ignore")
    assert ignoring["A0"].precision == pytest.approx(precision, rel=1e-12)


def test_the_response_is_right_to_first_order() -> None:
    # Equal members with couplings inside, biases and asymmetric couplings between three blocks: the
    # fixed point is exact, and what is missed grows with the square of the evidence.
    strengths = np.array([[1.0, 0.9, -0.4], [0.6, -0.8, 0.8], [1.1, -0.7, 1.4]])
    sizes = [4, 6, 5]
    bias = np.repeat([0.7, -0.5, 0.9], sizes)
    world = blocks_world(mean_field(strengths, sizes), sizes, bias=bias)
    coarse = world.coarsen(1)
    made = coarse.coarsening
    np.testing.assert_allclose(
        resting(coarse, np.zeros(3)), made.states(resting(world, np.zeros(15))), atol=1e-12
    )
    np.testing.assert_allclose(made.resting, resting(coarse, np.zeros(3)), atol=1e-12)
    direction = np.array([1.0, -0.6, 0.4])
    errors = []
    for scale in (0.1, 0.05, 0.025):
        fine = made.states(resting(world, np.repeat(scale * direction, sizes)))
        errors.append(np.abs(resting(coarse, scale * direction) - fine).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(errors > np.full(3, 1e-9))  # or else the order could not be told
    np.testing.assert_allclose(orders, 2.0, atol=0.15)


def exact_magnetisations(n: int, within: float, between: float, bias: Array) -> Array:
    """The means of two blocks of n spins under Boltzmann's law, by enumeration."""
    from scipy.special import gammaln, logsumexp

    ups = np.arange(n + 1)
    entropy = gammaln(n + 1) - gammaln(ups + 1) - gammaln(n - ups + 1)
    s = (2.0 * ups - n) / n
    own = [entropy + n * (b * s + within * s * s / 2) for b in bias]
    weight = own[0][:, None] + own[1][None, :] + n * between * s[:, None] * s[None, :]
    law = np.exp(weight - logsumexp(weight))
    return np.array([(law.sum(axis=1) * s).sum(), (law.sum(axis=0) * s).sum()])


@pytest.mark.parametrize("within", [0.0, 0.2])
def test_the_error_of_the_coarse_fixed_point_falls_as_one_over_n(within: float) -> None:
    # Two blocks of n spins. The exact means under Boltzmann's law are known for any n; what the
    # coarse world rests at misses the fluctuations of the others, whose variance is of order 1/n.
    between, bias = 0.3, np.array([0.3, -0.1])
    sizes = np.array([8, 16, 32])
    errors = []
    for n in sizes.tolist():
        strengths = np.array([[within, between], [between, within]])
        world = blocks_world(
            mean_field(strengths, [n, n]), [n, n], dp.Spin(), bias=np.repeat(bias, n)
        )
        rests = world.coarsen(1).coarsening.resting
        errors.append(np.abs(rests - exact_magnetisations(n, within, between, bias)).max())
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(
        np.array(errors) * sizes < 0.1
    )  # measured: .028 without couplings inside, .093 with
    np.testing.assert_allclose(rates, 1.0, atol=0.2)  # .97 to .99, and .82 to .91


# ------------------------------------------------------------------ linear worlds


def invariant_couplings(
    rng: np.random.Generator, sizes: list[int], signs: Array, within: bool, symmetric: bool
) -> Array:
    """Couplings that see and change only w_A = signs/|A| of each block, and anything beside it.

    Row sums and column sums of the blocks are constant, in the coordinates of the signs.
    """
    total = sum(sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    couplings = np.zeros((total, total))
    for a, n in enumerate(sizes):
        for b, m in enumerate(sizes):
            if a == b:
                ring = rng.normal(size=n) * 0.1
                ring[0] = 0.0
                ring = (ring + ring[(-np.arange(n)) % n]) / 2 if symmetric else ring
                if not within:
                    ring[1:] -= ring[1:].mean()
                block = np.array([np.roll(ring, shift) for shift in range(n)])
            elif b < a and symmetric:
                block = couplings[starts[b] : starts[b + 1], starts[a] : starts[a + 1]].T
            else:
                block = rng.normal(size=(n, m)) * 0.1
                block += -block.mean(axis=0) - block.mean(axis=1, keepdims=True) + block.mean()
                block += rng.normal() * 0.5 / np.sqrt(n * m)
            couplings[starts[a] : starts[a + 1], starts[b] : starts[b + 1]] = block
    couplings *= signs[:, None] * signs[None, :]
    np.fill_diagonal(couplings, 0.0)
    return couplings


def gaussian_law(world: dp.Partition) -> tuple[Array, Array]:
    """Mean and covariance under single-site schedules: the precision matrix is V⁻¹ - K."""
    beta = np.array([leaf.precision for leaf in world.subparticles])
    variance = np.array([leaf.distribution.variance(0.0) for leaf in world.subparticles])
    covariance = np.linalg.inv(np.diag(1 / variance) - beta[:, None] * world.couplings)
    return covariance @ (beta * world.biases), covariance


SIZES = [3, 5, 4]


@pytest.mark.parametrize("mirrored", [False, True], ids=["mean", "projection"])
@pytest.mark.parametrize("seed", range(3))
def test_the_law_of_an_invariant_subspace_is_exact(seed: int, mirrored: bool) -> None:
    rng = np.random.default_rng(seed)
    signs = np.where(rng.random(12) < 0.5, -1.0, 1.0) if mirrored else np.ones(12)
    couplings = invariant_couplings(rng, SIZES, signs, within=True, symmetric=True)
    world = blocks_world(
        couplings, SIZES, dp.Gaussian(0.8), bias=rng.normal(size=12), precision=1.2
    )
    options: dict[str, Any] = {"state": "projection", "direction": signs} if mirrored else {}
    coarse = world.coarsen(1, **options)
    mean, covariance = gaussian_law(world)
    made = coarse.coarsening
    w = np.zeros((3, 12))
    w[made.level.unit_of, np.arange(12)] = made.weights
    coarse_mean, coarse_covariance = gaussian_law(coarse)
    np.testing.assert_allclose(coarse_mean, w @ mean, atol=1e-10)
    np.testing.assert_allclose(coarse_covariance, w @ covariance @ w.T, atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_means_of_an_invariant_subspace_are_exact(seed: int) -> None:
    # Asymmetric couplings, couplings inside, any evidence.
    rng = np.random.default_rng(seed)
    couplings = invariant_couplings(rng, SIZES, np.ones(12), within=True, symmetric=False)
    world = blocks_world(couplings, SIZES, dp.Gaussian(0.8), bias=rng.normal(size=12))
    coarse = world.coarsen(1)
    for evidence in rng.normal(size=(4, 12)):
        np.testing.assert_allclose(
            resting(coarse, coarse.coarsening.evidence(evidence)),
            coarse.coarsening.states(resting(world, evidence)),
            atol=1e-10,
        )


@pytest.mark.parametrize("seed", range(3))
def test_every_step_is_exact_where_nothing_is_coupled_to_its_own_unit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    signs = np.where(rng.random(12) < 0.5, -1.0, 1.0)
    couplings = invariant_couplings(rng, SIZES, signs, within=False, symmetric=False)
    world = blocks_world(couplings, SIZES, dp.Gaussian(0.8), bias=rng.normal(size=12))
    coarse = world.coarsen(1, "projection", direction=signs)
    made = coarse.coarsening
    start, evidence = rng.normal(size=(2, 12))
    fine = dp.Simulator(world).infer(evidence, 30, mode="deterministic", start=start)
    found = dp.Simulator(coarse).infer(
        made.evidence(evidence), 30, mode="deterministic", start=made.states(start)
    )
    np.testing.assert_allclose(found.states, made.states(fine.states), atol=1e-10)
    # And the noise of a step: independent, of variance wᵀ V w.
    noise = [leaf.distribution.variance(0.0) for leaf in coarse.subparticles]
    np.testing.assert_allclose(noise, 0.8 / np.array(SIZES), atol=1e-10)


def test_the_leading_eigenvector_finds_the_invariant_direction() -> None:
    rng = np.random.default_rng(5)
    signs = np.array([1.0, -1.0, 1.0, 1.0, -1.0, 1.0])
    couplings = np.outer(signs, signs) * 0.4
    np.fill_diagonal(couplings, 0.0)
    world = blocks_world(
        couplings, [6], dp.Gaussian(), bias=rng.normal(size=6) * 0.1, precision=0.3
    )
    made = world.coarsen(1, "projection").coarsening
    np.testing.assert_allclose(made.weights, signs / 6, atol=1e-12)
