"""Ready-made worlds: their answers, their stationary laws, their errors."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov
from support.errors import is_complete, says

import deepparticle as dp

NOBODY = np.zeros(0)


def seeded() -> np.random.Generator:
    return np.random.default_rng(0)


def watched(process: Any, value: Any = 0.0, sensing: int = 1) -> dp.Partition:
    """A world whose external state is sensed, and nothing else."""
    world = dp.Partition("world")
    scene = world.add_external("scene", 0.0, process)
    for number in range(sensing):
        world.sense(scene, world.add_subparticle(f"p{number}", distribution=dp.Gaussian()))
    scene.value = value
    return world


def shown(world: dp.Partition, steps: int) -> list[Any]:
    rng = seeded()
    found = []
    for _ in range(steps):
        world.step(rng)
        found.append(world["scene"].value)
    return found


# ---------------------------------------------------------------------------------- streams


@pytest.mark.parametrize(
    ("then", "expected"),
    [("hold", [1.0, 2.0, 3.0, 3.0, 3.0]), ("cycle", [1.0, 2.0, 3.0, 1.0, 2.0])],
)
def test_a_stream_shows_its_values_in_order(then: Any, expected: list[float]) -> None:
    assert shown(watched(dp.Stream([1.0, 2.0, 3.0], then)), 5) == expected


def test_a_stream_that_stops_says_so() -> None:
    world = watched(dp.Stream(iter([1.0, 2.0]), "stop"))
    assert shown(world, 2) == [1.0, 2.0]
    with pytest.raises(dp.SettingError, match=says("as many values as it has (got step 3 of 2)")):
        world.step(0)


def test_a_stream_without_end_is_read_as_far_as_needed() -> None:
    read = []

    def counting() -> Any:
        for number in itertools.count():
            read.append(number)
            yield float(number)

    assert shown(watched(dp.Stream(counting())), 4) == [0.0, 1.0, 2.0, 3.0]
    assert read == [0, 1, 2, 3]


def test_vectors_stream_too() -> None:
    rows = np.arange(6.0).reshape(3, 2)
    found = shown(watched(dp.Stream(rows), [0.0, 0.0], sensing=2), 3)
    assert np.array_equal(found, rows)


def test_chains_and_copies_of_a_stream_each_begin_where_it_was() -> None:
    stream = dp.Stream(iter([1.0, 2.0, 3.0, 4.0]))
    world = watched(stream)
    world.step(0)
    twin = world.copy()
    sim = dp.Simulator(world, chains=3, seed=0)
    # Gaussian states with precision 1 have the value as their mean: chains agree but for noise.
    means = sim.infer(steps=3, mode="deterministic").states[..., 0]
    assert np.array_equal(means, np.repeat([[2.0], [3.0], [4.0]], 3, axis=1))
    again = dp.Simulator(world, seed=0).infer(steps=3, mode="deterministic").states[:, 0]
    assert again.tolist() == [2.0, 3.0, 4.0]
    assert stream.position == 1
    assert shown(twin, 2) == [2.0, 3.0]
    assert shown(world, 2) == [2.0, 3.0]


# ---------------------------------------------------------------------------------- linear


def loop_of_two() -> tuple[dp.Partition, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A linear world with two components and two Gaussian particles: M and N of the whole loop."""
    transition = np.array([[0.8, 0.2], [-0.1, 0.7]])
    action = np.array([[1.0, 0.0], [0.3, -0.5]])
    noise = np.array([[0.3, 0.1], [0.1, 0.2]])
    sensing, acting = np.array([0.6, -0.4]), np.array([-0.5, 0.7])
    coupling, variance = 0.3, 0.5
    world = dp.Partition("loop")
    pair = world.add_partition("pair")
    state = dp.Gaussian(base_variance=variance)
    leaves = [pair.add_subparticle(name, distribution=state) for name in "ab"]
    pair.couple(leaves[0], leaves[1], coupling)
    eta = world.add_external("eta", 0.0, dp.LinearGaussian(transition, action, covariance=noise))
    world.sense(eta, leaves, sensing)
    world.act(leaves, eta, acting)
    eta.value = np.zeros(2)
    # The world first: η' = Aη + B diag(w) σ + ξ; then σ' = V (diag(s) η' + J σ) + √V ζ.
    sensed = variance * np.diag(sensing)
    driven = action @ np.diag(acting)
    couplings = variance * np.array([[0.0, 0.0], [coupling, 0.0]])
    carries = np.block([[transition, driven], [sensed @ transition, sensed @ driven + couplings]])
    enters = np.vstack([np.eye(2), sensed])
    spread = enters @ noise @ enters.T
    spread[2:, 2:] += variance * np.eye(2)
    return world, carries, spread


@pytest.mark.parametrize("backend", ["numpy", "objects"])
def test_a_linear_loop_has_the_covariance_of_lyapunovs_equation(backend: str) -> None:
    world, carries, spread = loop_of_two()
    exact = solve_discrete_lyapunov(carries, spread)[2:, 2:]
    chains, steps = (400, 60) if backend == "numpy" else (20, 60)
    sim = dp.Simulator(world, backend, chains=chains, seed=3)
    states = sim.infer(steps=steps, burn_in=40, record="states").states
    # One estimate per chain: they are independent of each other.
    products = np.einsum("tci,tcj->cij", states, states) / steps
    error = products.std(axis=0, ddof=1) / np.sqrt(chains)
    assert np.all(np.abs(products.mean(axis=0) - exact) < 4 * error)
    if backend == "numpy":
        assert np.all(error < 0.05 * exact.max())


def test_without_noise_the_linear_loop_is_a_matrix_product() -> None:
    world, carries, _ = loop_of_two()
    world["eta"].process = dp.LinearGaussian(
        world["eta"].process.transition, world["eta"].process.action
    )
    world["eta"].value = [1.0, -1.0]
    now = np.array([1.0, -1.0, 0.0, 0.0])
    for _ in range(5):
        world.step(mode="deterministic")
        now = carries @ now
        assert np.allclose([*world["eta"].value, *world.states], now, atol=1e-14)


def test_a_number_as_transition_sums_or_weighs_the_actions() -> None:
    acted = np.array([1.0, 2.0])
    assert float(dp.LinearGaussian(0.5, 2.0)(1.0, acted, seeded())) == 6.5
    assert float(dp.LinearGaussian(0.5, [1.0, -1.0])(1.0, acted, seeded())) == -0.5
    assert float(dp.LinearGaussian(1.0, [[1.0, 3.0]], offset=1.0)(0.0, acted, seeded())) == 8.0


def test_deviation_and_covariance_are_two_ways_to_say_the_same() -> None:
    by_deviation = dp.LinearGaussian(np.eye(2), deviation=[0.5, 2.0])
    by_covariance = dp.LinearGaussian(np.eye(2), covariance=np.diag([0.25, 4.0]))
    rng = seeded()
    first, second = (
        np.array([process(np.zeros(2), NOBODY, rng) for _ in range(4000)])
        for process in (by_deviation, by_covariance)
    )
    for sample in (first, second):
        assert np.allclose(sample.std(axis=0), [0.5, 2.0], rtol=4 / np.sqrt(2 * 4000))
    assert dp.LinearGaussian(1.0, covariance=[[4.0]])(0.0, NOBODY, seeded()) == pytest.approx(
        dp.LinearGaussian(1.0, deviation=2.0)(0.0, NOBODY, seeded())
    )


# ---------------------------------------------------------------------------------- differential


def test_an_ornstein_uhlenbeck_world_has_its_closed_variance() -> None:
    rate, amplitude, tau = 0.8, 0.6, 0.1
    process = dp.StochasticDifferential(lambda value, actions: -rate * value, amplitude, tau)
    rng, found = seeded(), []
    value: Any = np.zeros(500)
    for step in range(400):
        value = process(value, NOBODY, rng)
        if step >= 100:
            found.append(value)
    # As many independent copies as components.
    each = np.mean(np.square(found), axis=0)
    exact = amplitude**2 / (2 * rate - rate**2 * tau)
    assert abs(each.mean() - exact) < 4 * each.std(ddof=1) / np.sqrt(len(each))
    assert 4 * each.std(ddof=1) / np.sqrt(len(each)) < 0.05 * exact


def test_an_amplitude_may_depend_on_the_value() -> None:
    process = dp.StochasticDifferential(lambda value, actions: 0.0, lambda value: value, 1.0)
    assert float(process(0.0, NOBODY, seeded())) == 0.0
    drawn = seeded().standard_normal()
    assert float(process(2.0, NOBODY, seeded())) == pytest.approx(2.0 + 2.0 * drawn)


@pytest.mark.parametrize(
    "process",
    [
        dp.LinearGaussian(0.9, deviation=0.3),
        dp.StochasticDifferential(lambda value, actions: actions.sum() - value, 0.3, 0.1),
    ],
    ids=["linear", "differential"],
)
def test_the_same_seed_gives_the_same_run_and_chains_differ(process: Any) -> None:
    world = watched(process)
    runs = [
        dp.Simulator(world, backend, chains=3, seed=7).infer(steps=20).states
        for backend in ("numpy", "numpy", "objects")
    ]
    assert np.array_equal(runs[0], runs[1])
    assert np.allclose(runs[0], runs[2], atol=1e-12)
    values = dp.Simulator(world, chains=400, seed=1).infer(steps=60, mode="deterministic").states
    # Deterministic states are the values of η; those of different chains are uncorrelated.
    left, right = values[-1, :200, 0], values[-1, 200:, 0]
    assert abs(np.corrcoef(left, right)[0, 1]) < 4 / np.sqrt(200)


# ---------------------------------------------------------------------------------- errors


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: dp.Stream(3.0), "Stream: the values are an iterable of numbers (got 3.0)"),  # type: ignore[arg-type]
    (lambda: dp.Stream([1.0], "end"), "then is 'hold', 'stop' or 'cycle' (got 'end')"),  # type: ignore[arg-type]
    (lambda: dp.Stream([])(0.0, NOBODY, seeded()), "(got step 1 of 0). Mend: give it values"),
    (lambda: dp.Stream([np.nan])(0.0, NOBODY, seeded()), "the value is finite"),
    (lambda: dp.LinearGaussian([0.5, 0.5]), "square matrix (got shape (2,))"),
    (lambda: dp.LinearGaussian("a"), "the transition consists of real numbers"),
    (lambda: dp.LinearGaussian(np.zeros((1, 1, 1))), "at most 2 dimensions"),
    (lambda: dp.LinearGaussian(np.eye(2), [[1.0]]), "one row per component (2)"),
    (lambda: dp.LinearGaussian(np.eye(2), offset=[1.0]), "the offset is a number, or one per"),
    (lambda: dp.LinearGaussian(1.0, deviation=-1.0), "a standard deviation is not negative"),
    (lambda: dp.LinearGaussian(1.0, deviation=1.0, covariance=[[1.0]]), "the noise is given once"),
    (lambda: dp.LinearGaussian(np.eye(2), covariance=[[1, 2], [0, 1]]), "covariance is symmetric"),
    (lambda: dp.LinearGaussian(np.eye(2), covariance=[[1, 2], [2, 1]]), "no negative eigenvalue"),
    (lambda: dp.LinearGaussian(1.0, [1.0])(0.0, NOBODY, seeded()), "for 1 active states (got 0"),
    (lambda: dp.LinearGaussian(1.0)(np.zeros(2), NOBODY, seeded()), "state is one number"),
    (lambda: dp.LinearGaussian(np.eye(2))(np.zeros(3), NOBODY, seeded()), "of 2 components"),
    (lambda: dp.StochasticDifferential(1.0), "the drift is a function"),  # type: ignore[arg-type]
    (lambda: dp.StochasticDifferential(max, 1.0, 0.0), "the time_step is above zero"),
    (
        lambda: dp.StochasticDifferential(lambda v, a: [1.0, 2.0])(0.0, NOBODY, seeded()),
        "the drift has the shape of the value, ()",
    ),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=[case[1][:40] for case in WRONG])
def test_an_error_says_what_to_do(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises((dp.SettingError, dp.SettingTypeError), match=says(message)) as raised:
        wrong()
    assert is_complete(raised.value)
