"""The linear case: what matrices say, against each other, against graphs and against paths."""

from __future__ import annotations

from typing import Any

import networkx
import numpy as np
import pytest
from support.errors import says

import deepparticle as dp
from deepparticle.blankets import linear
from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.gaussian import equal_time_graph, partial_correlations
from deepparticle.blankets.laws import particular_partition, pathwise_faults
from deepparticle.blankets.linear import (
    covariance_of_flow,
    covariance_of_steps,
    moral_graph,
    pathwise_graph_of_flow,
    pathwise_graph_of_steps,
    spectral_precision_of_flow,
    spectral_precision_of_steps,
)

FREQUENCIES = (0.0, 0.3, 1.0, 2.7, 11.0)


def sparse(rng: np.random.Generator, count: int, density: float) -> FloatArray:
    """Couplings, generic where there are any."""
    exists = rng.random((count, count)) < density
    np.fill_diagonal(exists, False)
    return np.where(exists, rng.normal(size=(count, count)), 0.0)


def stable(couplings: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A drift with these couplings and a decay that keeps it from running away."""
    decay = 1.1 * np.abs(couplings).sum(axis=1) + rng.uniform(0.5, 1.5, len(couplings))
    return couplings - np.diag(decay)


def zeros_at_sampled_frequencies(matrices: list[Any]) -> BoolArray:
    largest = max(float(np.abs(matrix).max()) for matrix in matrices)
    joined: BoolArray = np.any([np.abs(matrix) > 1e-9 * largest for matrix in matrices], axis=0)
    np.fill_diagonal(joined, False)
    return joined


# ---------------------------------------------------------------------- what solves what


@pytest.mark.parametrize("seed", range(20))
def test_the_covariances_are_stationary(seed: int) -> None:
    rng = np.random.default_rng(seed)
    B = stable(sparse(rng, 6, 0.4), rng)
    root = rng.normal(size=(6, 6))
    D = root @ root.T
    covariance = covariance_of_flow(B, D)
    np.testing.assert_allclose(B @ covariance + covariance @ B.T, -2.0 * D, atol=1e-10)
    A = B / (np.abs(np.linalg.eigvals(B)).max() * 1.2)
    covariance = covariance_of_steps(A, D)
    np.testing.assert_allclose(A @ covariance @ A.T + D, covariance, atol=1e-10)
    np.testing.assert_array_equal(covariance, covariance.T)


@pytest.mark.parametrize("seed", range(20))
def test_the_covariance_is_the_integral_of_the_spectral_density(seed: int) -> None:
    """Fourier's way to the same number: the mean over frequencies, in discrete time exact."""
    rng = np.random.default_rng(seed)
    A = sparse(rng, 5, 0.5)
    A /= max(1.0, 2.0 * np.abs(np.linalg.eigvals(A)).max())
    Q = np.diag(rng.uniform(0.5, 2.0, 5))
    frequencies = np.linspace(0.0, 2.0 * np.pi, 256, endpoint=False)
    densities = [np.linalg.inv(spectral_precision_of_steps(A, Q, float(w))) for w in frequencies]
    mean = np.mean(densities, axis=0)
    np.testing.assert_allclose(mean.imag, 0.0, atol=1e-10)
    np.testing.assert_allclose(mean.real, covariance_of_steps(A, Q), atol=1e-10)


def test_for_a_symmetric_drift_equal_time_independence_is_separation_in_its_graph() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        couplings = sparse(rng, 7, 0.25)
        B = stable(couplings + couplings.T, rng)
        B = (B + B.T) / 2.0
        covariance = covariance_of_flow(B, np.ones(7))
        np.testing.assert_allclose(np.linalg.inv(covariance), -B, atol=1e-9)
        np.testing.assert_array_equal(
            equal_time_graph(covariance), (B != 0.0) & ~np.eye(7, dtype=bool)
        )


# ---------------------------------------------------------------------- path-wise zeros


def test_path_wise_zeros_are_parents_and_co_parents() -> None:
    """In 400 random sparse systems, flows and steps: coefficients, frequencies and the graph."""
    pairs = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(3, 9))
        couplings = sparse(rng, count, float(rng.choice([0.1, 0.2, 0.4])))
        B = stable(couplings, rng)
        D = rng.uniform(0.5, 2.0, count)
        joined = pathwise_graph_of_flow(B, D)
        np.testing.assert_array_equal(joined, moral_graph(B))
        matrices = [spectral_precision_of_flow(B, D, w) for w in FREQUENCIES]
        np.testing.assert_array_equal(joined, zeros_at_sampled_frequencies(matrices))
        # In discrete time a state need not drive itself.
        joined = pathwise_graph_of_steps(couplings, D)
        np.testing.assert_array_equal(joined, moral_graph(couplings))
        matrices = [spectral_precision_of_steps(couplings, D, w) for w in FREQUENCIES]
        np.testing.assert_array_equal(joined, zeros_at_sampled_frequencies(matrices))
        pairs += int(np.count_nonzero(~joined))
    assert pairs > 3000  # zeros were there to be found


@pytest.mark.parametrize("seed", range(30))
def test_path_wise_zeros_are_those_of_the_joint_law_of_whole_paths(seed: int) -> None:
    """The brute way: the precision matrix of all states at all times, written down."""
    rng = np.random.default_rng(seed)
    count, times = 5, 6
    A = sparse(rng, count, 0.25)
    noise = rng.uniform(0.5, 2.0, count)
    size = count * times
    steps = np.eye(size)
    for time in range(1, times):
        now, old = slice(time * count, (time + 1) * count), slice((time - 1) * count, time * count)
        steps[now, old] = -A
    precision = steps.T @ np.diag(np.tile(1.0 / noise, times)) @ steps
    paths = precision.reshape(times, count, times, count)
    dependent = np.any(np.abs(paths) > 1e-12, axis=(0, 2))
    np.fill_diagonal(dependent, False)
    np.testing.assert_array_equal(dependent, pathwise_graph_of_steps(A, noise))


def test_where_numbers_cancel_there_is_an_independence_that_no_graph_shows() -> None:
    # 0 and 1 both drive 2 and 3, with effects that cancel.
    A = np.zeros((4, 4))
    A[2, :2], A[3, :2] = (1.0, 1.0), (1.0, -1.0)
    assert not pathwise_graph_of_steps(A, np.ones(4))[0, 1]
    assert moral_graph(A)[0, 1]


def random_states(rng: np.random.Generator) -> Any:
    """A graph of states of four subparticles, lawful, with up to two edges of any kind planted."""
    graph: Any = networkx.DiGraph()
    leaves = [f"a{number}" for number in range(4)]
    graph.add_nodes_from(leaves, kind="internal")
    graph.add_node("η", kind="external")
    for source in (*leaves, "η"):
        for target in (*leaves, "η"):
            if source != target and rng.random() < 0.3:
                kind = "sensory" if source == "η" else "active" if target == "η" else "boundary"
                graph.add_node(f"{source}→{target}", kind=kind)
                graph.add_edges_from(
                    [(source, f"{source}→{target}"), (f"{source}→{target}", target)]
                )
    nodes = list(graph)
    for _ in range(rng.integers(3)):
        source, target = rng.integers(len(nodes), size=2).tolist()
        if source != target:
            graph.add_edge(nodes[source], nodes[target])
    return graph


def test_the_law_that_check_enforces_is_that_of_the_spectral_zeros() -> None:
    """A flow with noise of its own in every state, boundary states too: 400 graphs."""
    verdicts = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        graph = random_states(rng)
        nodes = list(graph)
        edges = networkx.to_numpy_array(graph, nodes).T > 0.0
        B = stable(np.where(edges, rng.normal(size=edges.shape), 0.0), rng)
        joined = pathwise_graph_of_flow(B, rng.uniform(0.5, 2.0, len(nodes)))
        for size in (1, 2, 3):
            things = {f"a{number}" for number in rng.permutation(4)[:size]}
            roles = particular_partition(graph, things)
            inside = [nodes.index(node) for node in roles.internal]
            outside = [nodes.index(node) for node in roles.external]
            lawful = not list(pathwise_faults(graph, things, "thing"))
            assert lawful == (not np.any(joined[np.ix_(inside, outside)]))
            verdicts.append(lawful)
    assert 0.2 < np.mean(verdicts) < 0.8


# ---------------------------------------------------------------------- the two are not the same


def test_equal_time_and_path_wise_differ() -> None:
    chain = np.array([[-1.0, 0.4, 0.0], [0.4, -1.0, 0.4], [0.0, 0.4, -1.0]])
    # The ends of a symmetric chain: independent at one instant, given the middle; not path-wise,
    # since both drive the middle.
    assert not equal_time_graph(covariance_of_flow(chain, np.ones(3)))[0, 2]
    assert pathwise_graph_of_flow(chain, np.ones(3))[0, 2]
    # A directed chain: path-wise independent given the middle; not at one instant, which does not
    # tell what the middle was before.
    chain = np.array([[-1.0, 0.0, 0.0], [2.0, -1.0, 0.0], [0.0, 2.0, -1.0]])
    assert not pathwise_graph_of_flow(chain, np.ones(3))[0, 2]
    covariance = covariance_of_flow(chain, np.ones(3))
    assert equal_time_graph(covariance)[0, 2]
    # Σ = (1, 1, 1; 1, 3, 4; 1, 4, 9) by hand, from the Lyapunov equation.
    np.testing.assert_allclose(covariance, [[1, 1, 1], [1, 3, 4], [1, 4, 9]], atol=1e-12)
    assert partial_correlations(covariance)[0, 2] == pytest.approx(-1.0 / np.sqrt(22.0))


@pytest.mark.parametrize("schedule", ["synchronous", "sequential"])
def test_a_chain_of_gaussian_subparticles(schedule: str) -> None:
    """Who depends on whom at equal time turns round with the schedule (theory, section 7)."""
    K = np.array([[0.0, 0.4, 0.0], [0.4, 0.0, 0.4], [0.0, 0.4, 0.0]])
    if schedule == "synchronous":
        covariance = covariance_of_steps(K, np.ones(3))
        expected = [(0, 2)]
    else:
        sweep = np.linalg.inv(np.eye(3) - np.tril(K))
        covariance = covariance_of_steps(sweep @ np.triu(K), sweep @ sweep.T)
        np.testing.assert_allclose(np.linalg.inv(covariance), np.eye(3) - K, atol=1e-12)
        expected = [(0, 1), (1, 2)]
    found = np.argwhere(np.triu(equal_time_graph(covariance))).tolist()
    assert [tuple(pair) for pair in found] == expected
    world = dp.Partition("world")
    for name in "123":
        world.add_subparticle(name, distribution=dp.Gaussian())
    world.couple_all(K)
    states = dp.Simulator(world, schedule=schedule, chains=400, seed=0).infer(steps=50, burn_in=50)
    sampled = np.cov(states.states.reshape(-1, 3).T)
    # Standard errors from the spread over chains are below .02.
    np.testing.assert_allclose(sampled, covariance, atol=0.08)


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: covariance_of_flow(np.zeros((2, 3)), np.ones(2)),
            "drift: the drift is a square matrix, target × source (got shape (2, 3)).",
        ),
        (
            lambda: covariance_of_flow(-np.eye(2), np.ones(3)),
            "diffusion: the diffusion has the size of the drift, (2, 2) (got shape (3,)).",
        ),
        (
            lambda: covariance_of_flow(np.eye(2), np.ones(2)),
            (
                "drift: a stationary law exists: the real parts of its eigenvalues are negative "
                "(got 1). Mend: weaken the couplings"
            ),
        ),
        (
            lambda: covariance_of_steps(2.0 * np.eye(2), np.ones(2)),
            "transition: a stationary law exists: its spectral radius is below 1 (got 2).",
        ),
        (
            lambda: covariance_of_steps(np.zeros((2, 2)), [[1.0, 0.5], [0.0, 1.0]]),
            "noise: the noise is symmetric",
        ),
        (
            lambda: covariance_of_steps([[np.nan]], [1.0]),
            "transition: the transition is finite (got NaN or inf).",
        ),
        (
            lambda: covariance_of_steps([["x"]], [1.0]),
            "transition: the transition holds numbers (got [['x']]).",
        ),
        (
            lambda: pathwise_graph_of_flow(-np.eye(2), [1.0, 0.0]),
            "diffusion: the diffusion is positive definite (got an eigenvalue of 0).",
        ),
        (
            lambda: spectral_precision_of_steps(np.eye(2), [1.0, -1.0], 0.0),
            "noise: the noise is positive definite (got an eigenvalue of -1).",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(call: Any, message: str) -> None:
    with pytest.raises((dp.SettingError, dp.SettingTypeError), match=says(message)):
        call()


def test_every_function_of_the_module_is_public() -> None:
    assert all(hasattr(linear, name) for name in linear.__all__)
