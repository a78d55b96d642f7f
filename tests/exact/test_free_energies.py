"""The free energies, each against its definition (theory notes, section 4)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from support.quadrature import nodes_of
from support.worlds import worlds, worlds_for

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.energies import mean_field_free_energy

CB = dp.ContinuousBernoulli()
FAMILIES = [CB, dp.Spin(), dp.Gaussian(), dp.Gaussian(2.5)]

every_family = pytest.mark.parametrize("family", FAMILIES, ids=repr)


def in_a_blanket(family: dp.StateDistribution, **settings: Any) -> dp.Subparticle:
    """A subparticle that senses two others and the world, and has just inferred."""
    world = dp.Partition("world")
    x = world.add_subparticle("x", bias=0.4, distribution=family, **settings)
    world.couple(world.add_subparticle("y", state=0.7), x, 1.5)
    world.couple(world.add_subparticle("z", state=-0.6), x, 0.8)
    world.couple(x, "y", 2.0)
    world.sense(world.add_external("scene", -0.9), x)
    x.sense()
    x.infer(uniform=0.3)
    return x


# ---------------------------------------------------------------------- local


@every_family
@pytest.mark.parametrize("precision", [0.3, 1.0, 2.5])
def test_the_local_free_energy_is_its_definition(
    family: dp.StateDistribution, precision: float
) -> None:
    # F_i(b_q) = ∫ q ln(q / p_prior) − β L(b_q) (Σ J σ + u), with q ∝ m e^{b_q x}, by quadrature.
    x = in_a_blanket(family, precision=precision)
    nodes, weights = nodes_of(family, 60)

    def density(b: float) -> FloatArray:
        values: FloatArray = np.exp(b * nodes)
        values /= weights @ values
        return values

    for b_q in (-0.8, 0.0, 1.1):
        q, prior = density(b_q), density(precision * 0.4)
        complexity = weights @ (q * np.log(q / prior))
        accuracy = precision * (weights @ (q * nodes)) * (1.5 * 0.7 - 0.8 * 0.6 - 0.9)
        found = x.free_energy(b_q)
        assert found.complexity == pytest.approx(complexity, abs=1e-10)
        assert found.accuracy == pytest.approx(accuracy, abs=1e-10)
        assert found.value == pytest.approx(complexity - accuracy, abs=1e-10)


@every_family
@pytest.mark.parametrize("precision", [0.3, 1.0, 2.5])
def test_inference_minimises_the_local_free_energy(
    family: dp.StateDistribution, precision: float
) -> None:
    x = in_a_blanket(family, precision=precision)
    found = minimize_scalar(
        lambda b_q: x.free_energy(float(b_q)).value, bracket=(-1.0, 1.0), options={"xtol": 1e-10}
    )
    assert found.x == pytest.approx(x.argument, abs=1e-6)
    assert found.fun == pytest.approx(x.least_free_energy(), abs=1e-12)


@every_family
def test_the_minimum_is_the_difference_of_log_partitions(family: dp.StateDistribution) -> None:
    x = in_a_blanket(family, precision=0.7)
    theta = 0.7 * (0.4 + 1.5 * 0.7 - 0.8 * 0.6 - 0.9)
    assert x.argument == pytest.approx(theta, abs=1e-15)
    least = family.log_partition(0.7 * 0.4) - family.log_partition(theta)
    assert x.free_energy().value == pytest.approx(least, abs=1e-14)
    assert x.least_free_energy() == pytest.approx(least, abs=1e-14)


@every_family
@given(b_q=st.floats(-20.0, 20.0), precision=st.floats(0.0, 3.0))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_excess_over_the_minimum_is_a_divergence(
    family: dp.StateDistribution, b_q: float, precision: float
) -> None:
    x = in_a_blanket(family, precision=precision)
    excess = x.free_energy(b_q).value - x.least_free_energy()
    divergence = family.kl(b_q, x.argument)
    assert divergence >= 0.0
    assert excess == pytest.approx(divergence, rel=1e-10, abs=1e-12)


def test_complexity_and_accuracy_are_what_their_names_say() -> None:
    x = in_a_blanket(CB, precision=0.7)
    # To stay at the prior costs nothing; to be surer of what is sensed is more accurate.
    assert x.free_energy(0.7 * 0.4).complexity == 0.0
    sensed = 1.5 * 0.7 - 0.8 * 0.6 - 0.9
    accuracies = [x.free_energy(b_q * np.sign(sensed)).accuracy for b_q in (0.0, 1.0, 5.0, 50.0)]
    assert accuracies[0] == 0.0
    assert np.all(np.diff(accuracies) > 0.0)
    assert accuracies[-1] < 0.7 * abs(sensed)


def test_it_needs_no_knowledge_beyond_the_blanket() -> None:
    # Neither y's bias nor what y senses enters, as a normalised p(σ_y | σ_x) would ask for.
    x = in_a_blanket(CB)
    world: Any = x.root
    before = x.free_energy(0.5)
    world["y"].bias = 9.0
    world["y"].sensory["x"].weight = -7.0
    assert x.free_energy(0.5) == before


@pytest.mark.parametrize("backend", ["objects", "numpy"])
@pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_the_recorded_free_energy_is_the_sum_of_what_the_objects_say(
    backend: str, schedule: str, data: st.DataObject, seed: int
) -> None:
    world = data.draw(worlds_for(schedule, min_leaves=4))
    run = dp.Simulator(world, backend, schedule, seed=seed).infer(
        steps=5, record=("free_energy", "local_free_energy", "complexity", "accuracy")
    )
    rng = np.random.default_rng(seed)
    for step in range(5):
        world.step(rng, schedule, learn=False)
        each = [leaf.free_energy() for leaf in world.subparticles]
        values = [one.value for one in each]
        np.testing.assert_allclose(run.local_free_energy[step], values, rtol=1e-9, atol=1e-10)
        for name, expected in (
            ("free_energy", sum(values)),
            ("complexity", sum(one.complexity for one in each)),
            ("accuracy", sum(one.accuracy for one in each)),
        ):
            assert run.records[name][step] == pytest.approx(expected, rel=1e-9, abs=1e-10)


TERMS = (
    ("free_energy", "complexity", "accuracy"),
    ("published", "published_complexity", "published_accuracy"),
)


@pytest.mark.parametrize(("whole", "complexity", "accuracy"), TERMS)
@pytest.mark.parametrize("schedule", ["synchronous", "random"])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(world=worlds(min_leaves=2), seed=st.integers(0, 2**32 - 1))
def test_a_free_energy_is_its_complexity_minus_its_accuracy(
    whole: str, complexity: str, accuracy: str, schedule: str, world: dp.Partition, seed: int
) -> None:
    one = dp.Simulator(world, schedule=schedule, chains=2, precision=0.7, seed=seed)
    u = np.where(one.program.senses, 0.8, 0.0)
    run = one.learn(
        u, epochs=2, steps=3, learning_rate=0.01, record=(whole, complexity, accuracy), every=2
    )
    terms = run.records[complexity], run.records[accuracy]
    size = 1 + np.abs(terms[0]) + np.abs(terms[1])
    assert np.all(np.abs(run.records[whole] - (terms[0] - terms[1])) <= 1e-12 * size)
    assert np.all(run.records[complexity] >= 0.0)


# ---------------------------------------------------------------------- mean-field


def symmetric(seed: int, size: int = 5, scale: float = 2.0) -> tuple[FloatArray, ...]:
    """J, b, u and β with symmetric K = diag(β) J and zero diagonal."""
    rng = np.random.default_rng(seed)
    beta = rng.uniform(0.4, 2.0, size)
    K = rng.normal(size=(size, size)) * scale / np.sqrt(size)
    K = np.triu(K, 1) + np.triu(K, 1).T
    return K / beta[:, None], rng.normal(size=size) * 0.5, rng.normal(size=size) * 0.5, beta


def mean_field_at(
    m: FloatArray, J: FloatArray, b: FloatArray, u: FloatArray, beta: FloatArray
) -> float:
    """F_MF(m) = −c·m − ½ mᵀKm − Σ H(m_i), with H from a numerical inverse of L."""
    theta = inverse_mean(m)
    entropy = CB.entropy(theta).sum()
    return float(-(beta * (b + u)) @ m - 0.5 * m @ (beta[:, None] * J) @ m - entropy)


def inverse_mean(m: FloatArray) -> FloatArray:
    low, high = np.full(m.shape, -700.0), np.full(m.shape, 700.0)
    for _ in range(80):
        middle = 0.5 * (low + high)
        below = CB.mean(middle) < m
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    result: FloatArray = 0.5 * (low + high)
    return result


def simulator(
    J: FloatArray, b: FloatArray, beta: FloatArray, schedule: str = "sequential"
) -> dp.Simulator:
    return dp.Simulator(dp.from_couplings(J, bias=b), schedule=schedule, precision=beta)


def gradient(m: FloatArray, *network: FloatArray, step: float = 1e-5) -> FloatArray:
    moves = step * np.eye(m.size)
    return np.array(
        [
            (mean_field_at(m + move, *network) - mean_field_at(m - move, *network)) / (2 * step)
            for move in moves
        ]
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_field_is_stationary_at_the_deterministic_fixed_points(seed: int) -> None:
    J, b, u, beta = network = symmetric(seed)
    starts = np.random.default_rng(seed).uniform(-0.9, 0.9, size=(6, 5))
    found = simulator(J, b, beta).relax(starts, u, tolerance=1e-13)
    assert np.all(found.converged)
    for m in found.states:
        assert np.abs(gradient(m, *network)).max() < 1e-7


@pytest.mark.parametrize("seed", range(5))
def test_and_nowhere_else(seed: int) -> None:
    # ∂F/∂m = L⁻¹(m) − θ(m): its sign is that of m − L(θ(m)).
    J, b, u, beta = network = symmetric(seed)
    for m in np.random.default_rng(seed).uniform(-0.9, 0.9, size=(6, 5)):
        residual = m - CB.mean(beta * (b + J @ m + u))
        slope = gradient(m, *network)
        assert np.abs(residual).max() > 1e-3
        np.testing.assert_array_equal(np.sign(slope), np.sign(residual))


@pytest.mark.parametrize("seed", range(20))
def test_it_never_rises_under_sequential_deterministic_updates(seed: int) -> None:
    J, b, u, beta = symmetric(seed, scale=4.0)
    one = simulator(J, b, beta)
    one.state = np.random.default_rng(seed).uniform(-1, 1, 5)
    # The recorded F_MF is that of the mean states, which here are the states after each sweep.
    run = one.infer(u, steps=60, mode="deterministic", record=("mean_field", "states"))
    assert np.diff(run.mean_field).max() <= 1e-12
    np.testing.assert_allclose(
        run.mean_field[:3], [mean_field_at(m, J, b, u, beta) for m in run.states[:3]], atol=1e-9
    )


def test_it_can_rise_under_synchronous_updates() -> None:
    rises = 0
    for seed in range(10):
        J, b, u, beta = symmetric(seed, scale=4.0)
        one = simulator(J, b, beta, "synchronous")
        one.state = np.random.default_rng(seed).uniform(-1, 1, 5)
        run = one.infer(u, steps=60, mode="deterministic", record="mean_field")
        rises += int(np.diff(run.mean_field).max() > 1e-6)
    assert rises > 0


@pytest.mark.parametrize("schedule", ["synchronous", "sequential"])
def test_it_is_recorded_at_expected_states_never_at_samples(schedule: str) -> None:
    J, b, u, beta = symmetric(1)
    one = simulator(J, b, beta, schedule)
    for _ in range(5):
        run = one.infer(u, steps=1, record=("mean_field", "states"))
        expected = CB.mean(one.variables.argument[0, 0])
        assert not np.allclose(run.states[0], expected, atol=0.05)
        assert run.mean_field[0] == pytest.approx(mean_field_at(expected, J, b, u, beta), abs=1e-9)


def test_for_two_states_it_bounds_the_log_partition() -> None:
    # F_MF ≥ −ln Z, with equality without coupling.
    nodes, weights = nodes_of(CB, 60)
    c = np.array([0.5, -0.2])
    for k in (0.0, 0.7, 2.0):
        K = np.array([[0.0, k], [k, 0.0]])
        joint = np.exp(c[0] * nodes[:, None] + c[1] * nodes + k * np.outer(nodes, nodes))
        log_z = float(np.log(weights @ joint @ weights))
        m = simulator(K, c, np.ones(2)).relax(tolerance=1e-13).states
        excess = mean_field_at(m, K, c, np.zeros(2), np.ones(2)) + log_z
        assert excess == pytest.approx(0.0, abs=1e-9) if k == 0.0 else excess > 1e-3


# ---------------------------------------------------------------------- published


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("chains", [None, 3])
def test_the_published_one_equals_the_mean_field_up_to_named_terms(
    seed: int, chains: int | None
) -> None:
    # F_published = F_MF(L) − (b + u)·L − ½ LᵀJL + Σ φ(b + u), at L = L(b + u + Jσ), without β.
    J, b, u, beta = symmetric(seed)
    one = dp.Simulator(
        dp.from_couplings(J, bias=b), chains=chains, precision=beta, learning_rate=0.1, seed=seed
    )
    for _ in range(4):
        run = one.learn(u, steps=1, record="published")
        couplings, states = one.couplings, np.atleast_2d(one.state)
        theta = b + u + states @ couplings.T
        L = CB.mean(theta)
        whole = theta[None], couplings[None], u, np.ones(5)
        mean_field = mean_field_free_energy(one.program, *whole)[0]
        expected = (
            mean_field
            - L @ (b + u)
            - 0.5 * np.einsum("ci,ij,cj->c", L, couplings, L)
            + CB.log_partition(b + u).sum()
        )
        np.testing.assert_allclose(np.atleast_1d(run.published[0]), expected, atol=1e-11)


def test_the_published_one_is_not_stationary_at_the_fixed_points() -> None:
    # Why it is kept for curves alone: it is lower beside a fixed point, to first order.
    J, b, u, _ = symmetric(2)
    one = simulator(J, b, np.ones(5))
    m = one.relax(evidence=u, tolerance=1e-13).states

    def published(state: FloatArray) -> float:
        theta = b + u + J @ state
        L = CB.mean(theta)
        return float(CB.kl(theta, b + u).sum() - (b + u) @ L - L @ J @ L)

    slopes = [(published(m + move) - published(m - move)) / 2e-5 for move in 1e-5 * np.eye(5)]
    assert np.abs(slopes).max() > 1e-2
