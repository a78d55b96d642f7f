"""The non-equilibrium meter, its parts, and what it says of networks whose answer is known."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import deepparticle as dp
from deepparticle.analysis.frozen import frozen_network
from deepparticle.analysis.laws import total_variation
from deepparticle.analysis.moment_distance import MomentDistance, MomentMeter, moment_distance
from deepparticle.analysis.sampling import measure
from deepparticle.analysis.stationary_law import stationary_law
from deepparticle.analysis.steady_state import steady_state
from deepparticle.analysis.symmetric_twin import symmetric_twin
from deepparticle.analysis.two_sample import two_sample_test

BIAS = [0.5, -0.2]
ONE_WAY = np.array([[0.0, 4.0], [0.0, 0.0]])
EITHER_WAY = np.array([[0.0, 2.0], [2.0, 0.0]])


def simulator(K: Any, bias: Any = BIAS, **settings: Any) -> dp.Simulator:
    return dp.Simulator(dp.from_couplings(K, bias=bias, name="pair"), **settings)


# ---------------------------------------------------------------------- the two-sample tests


@pytest.mark.parametrize("statistic", ["energy", "moments"])
def test_false_alarms_come_at_the_nominal_rate(statistic: str) -> None:
    rng = np.random.default_rng(0)
    chances = []
    for seed in range(200):
        x, y = rng.uniform(-1, 1, (2, 30, 4)) + 0.5
        found = two_sample_test(x, y[:25], statistic=statistic, permutations=99, seed=seed)
        chances.append(found.p_value)
    for level in (0.05, 0.2, 0.5):
        rate = np.mean(np.array(chances) <= level)
        assert abs(rate - level) < 4 * np.sqrt(level * (1 - level) / 200)


def test_the_energy_distance_is_its_definition() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(7, 2)), rng.normal(size=(5, 2)) + 1
    between, within, within_y = (
        np.mean([np.linalg.norm(a - b) for a in one for b in other])
        for one, other in ((x, y), (x, x), (y, y))
    )
    found = two_sample_test(x, y, permutations=9)
    assert found.distance == pytest.approx(2 * between - within - within_y, abs=1e-12)
    assert found.samples == 5
    assert repr(found).startswith("<TwoSampleTest: energy ")


def test_the_distance_of_moments_is_its_definition() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 9, 3))
    y = y + 0.3
    pooled = np.concatenate([x, y]).mean(axis=0)
    a, b = x - pooled, y - pooled
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.sum((a.T @ a / 9 - b.T @ b / 9) ** 2)
    found = two_sample_test(x, y, statistic="moments", permutations=9)
    assert found.distance == pytest.approx(expected, rel=1e-12)


def test_a_change_of_dependence_is_seen_by_moments_and_one_of_shape_by_the_energy() -> None:
    rng = np.random.default_rng(3)
    independent = rng.normal(size=(200, 10))
    mixed = (
        rng.normal(size=(200, 10)) @ np.linalg.cholesky(np.full((10, 10), 0.3) + 0.7 * np.eye(10)).T
    )
    assert two_sample_test(independent, mixed, statistic="moments").p_value == 0.001
    signs, flat = rng.choice([-1.0, 1.0], (200, 1)), rng.normal(size=(200, 1))
    assert two_sample_test(signs, flat).p_value == 0.001


def test_samples_that_do_not_fit_are_refused() -> None:
    with pytest.raises(dp.SettingError, match=r"shapes \(n, N\) and \(m, N\).*give states as rows"):
        two_sample_test(np.zeros((4, 2)), np.zeros((4, 3)))
    with pytest.raises(dp.SettingError, match="the statistic is one of 'energy', 'moments'"):
        two_sample_test(np.zeros((4, 2)), np.zeros((4, 2)), statistic="mean")


# ---------------------------------------------------------------------- the twin


def test_the_twin_has_the_symmetric_part_of_what_acts() -> None:
    kinds = (dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian(0.5))
    world = dp.Partition("mixed")
    for row, kind in enumerate(kinds):
        world.add_subparticle(str(row), bias=0.1 * row, distribution=kind, precision=1 + row)
    world.couple("0", "1", 0.5)
    world.couple("2", "0", -0.4)
    world.sense(world.add_external("scene"), ["0", "2"])
    sim = dp.Simulator(world, schedule="random", clock=[1, 2, 1])
    read = frozen_network(sim, [0.3, 0.0, -0.1])
    twin, symmetric = symmetric_twin(sim, read)
    K = np.array([[0.0, 0.0, -0.4], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(twin.couplings, 0.5 * (K + K.T))
    np.testing.assert_allclose(symmetric.drive, read.drive)
    assert symmetric.distributions == list(kinds)
    assert symmetric.schedule == "random"
    np.testing.assert_array_equal(symmetric.clock, [1, 2, 1])


def test_the_twin_of_many_sparse_networks() -> None:
    K = scipy.sparse.csr_array(np.triu(np.ones((6, 6)), 4))
    sim = dp.Simulator(
        dp.from_couplings(K),
        schedule="chromatic",
        layout="sparse",
        networks=2,
        precision=[1.0, 2.0],
    )
    twin, read = symmetric_twin(sim, frozen_network(sim, np.arange(12.0).reshape(2, 6)))
    assert twin.program.layout == "sparse"
    for network, beta in enumerate((1.0, 2.0)):
        expected = 0.5 * beta * (K + K.T).toarray()
        np.testing.assert_allclose(twin.couplings[network].toarray(), expected)
        np.testing.assert_allclose(
            read.drive[network], beta * np.arange(6 * network, 6 * network + 6)
        )


# ---------------------------------------------------------------------- moment distances


def distance_between(a: dp.Simulator, b: dp.Simulator, seed: int) -> MomentDistance:
    meters = MomentMeter(True), MomentMeter(True)
    for place, (each, meter) in enumerate(zip((a, b), meters, strict=True)):
        run = {"steps": 200, "burn_in": 50, "chains": 20, "seed": 100 * seed + place}
        measure([meter], each, frozen_network(each), where="test", **run)  # type: ignore[arg-type]
    return moment_distance(*meters)


def test_the_noise_floor_is_the_distance_of_a_network_from_itself() -> None:
    sim = simulator(EITHER_WAY, schedule="sequential")
    found = [distance_between(sim, sim, seed) for seed in range(40)]
    for name in ("means", "second_moments"):
        distances = np.array([getattr(each, name) for each in found])
        floors = np.array([getattr(each, f"{name}_floor") for each in found])
        ratio = np.mean(distances**2) / np.mean(floors**2)
        assert 0.5 < ratio < 2.0  # 4 standard errors of a ratio of 40 squares


def test_distances_beyond_noise_are_those_of_quadrature() -> None:
    sim, symmetric = simulator(ONE_WAY, schedule="random"), simulator(EITHER_WAY, schedule="random")
    a, b = stationary_law(sim), stationary_law(symmetric)
    found = distance_between(sim, symmetric, 1)
    exact = np.linalg.norm(a.mean - b.mean) / np.sqrt(np.trace(b.second_moments))
    assert found.means_beyond_noise == pytest.approx(exact, abs=4 * found.means_floor)
    exact = np.linalg.norm(a.second_moments - b.second_moments) / np.linalg.norm(b.second_moments)
    assert found.second_moments_beyond_noise == pytest.approx(
        exact, abs=4 * found.second_moments_floor
    )
    assert exact > 8 * found.second_moments_floor
    nothing = MomentDistance(0.1, 0.2, np.array([0.5, 0.1]), np.array([0.3, 0.3]))
    assert nothing.means_beyond_noise == 0.0
    np.testing.assert_allclose(nothing.second_moments_beyond_noise, [0.4, 0.0])


# ---------------------------------------------------------------------- the meter


@pytest.mark.parametrize("schedule", ["synchronous", "sequential", "random"])
def test_a_pair_is_measured_and_known(schedule: str) -> None:
    sim = simulator(ONE_WAY, schedule=schedule)
    found = steady_state(sim, steps=400, samples=200, seed=3)
    exact = found.exact_entropy_production
    assert exact is not None
    produced = found.entropy_production
    assert abs(produced.value - exact) < 4 * produced.standard_error
    expected = total_variation(
        stationary_law(sim), stationary_law(simulator(EITHER_WAY, schedule=schedule))
    )
    assert found.total_variation == pytest.approx(expected, abs=1e-9)
    assert found.moment_distance.second_moments > 3 * found.moment_distance.second_moments_floor
    assert found.two_sample["moments"][0].p_value < 0.05
    assert found.circulation.strongest()[0][:2] == (1, 0)
    assert found.asymmetry == pytest.approx(np.sqrt(2.0))
    assert sim.time == 0


def test_equilibrium_is_recognised() -> None:
    found = steady_state(simulator(EITHER_WAY, schedule="random"), steps=400, samples=200)
    assert abs(found.entropy_production.value) < 1e-14
    assert found.total_variation == 0.0
    assert not found.circulation.significant().any()
    assert found.two_sample["energy"][0].p_value > 0.01
    assert found.asymmetry == 0.0


def test_a_report_is_words() -> None:
    found = steady_state(simulator(ONE_WAY, schedule="sequential"), steps=100, samples=50)
    lines = found.report().splitlines()
    assert lines[0] == "Steady state of 'pair', sequential"
    assert lines[1].split()[:4] == ["asymmetry", "of", "K", "1.414,"]
    assert lines[2].endswith("nats per sweep")
    assert lines[3].split() == ["by", "quadrature", "1.18917"]
    assert lines[5].split() == ["total", "variation", "0.2874,", "exact"]
    assert "noise alone" in lines[6]
    assert lines[8].startswith("    test of energy")
    assert "1 of 1 pairs" in lines[10]
    assert lines[11].strip().startswith("population/1 → population/0: ")
    assert str(found) == found.report()


def test_larger_networks_and_many_of_them() -> None:
    rng = np.random.default_rng(0)
    J = 0.25 * rng.normal(size=(20, 20)) * (1 - np.eye(20))
    sim = dp.Simulator(dp.from_couplings(J), networks=3)
    sim.couplings = np.stack([J, 0.5 * (J + J.T), 0.5 * (J - J.T)])
    found = steady_state(sim, steps=200, samples=30)
    np.testing.assert_allclose(found.asymmetry[1:], [0.0, 2.0], atol=1e-12)
    assert found.entropy_production.value.shape == (3,)
    assert found.moment_distance.means.shape == (3,)
    assert len(found.two_sample["energy"]) == 3
    assert found.circulation.values.shape == (3, 20, 20)
    assert (found.total_variation, found.no_exact_law) == (None, "several networks")
    text = found.report()
    assert "entropy production    " in text
    assert "… " in text
    alone = steady_state(dp.Simulator(dp.from_couplings(J)), steps=40, chains=3, samples=0)
    assert alone.two_sample == {}
    assert "not known: exact laws end at 4 subparticles" in alone.report()
    assert alone.entropy_production.chains == 4  # both halves are of one size


def test_where_quadrature_does_not_reach_it_is_said_why() -> None:
    rng = np.random.default_rng(0)
    J = rng.normal(size=(4, 4)) * (1 - np.eye(4))
    found = steady_state(J, steps=40, samples=0)
    assert found.total_variation is None
    assert "one step on the grid takes at most" in found.no_exact_law


@pytest.mark.parametrize(
    ("size", "schedule", "nodes"),
    [(3, "synchronous", 12), (3, "random", None), (4, "sequential", None), (4, "synchronous", 7)],
)
def test_distances_of_three_and_four_are_exact(size: int, schedule: str, nodes: int | None) -> None:
    """From the law by quadrature, which samples of both networks agree with."""
    rng = np.random.default_rng(size)
    K = 0.8 * rng.normal(size=(size, size)) * (1 - np.eye(size))
    sim = simulator(K, 0.3 * rng.normal(size=size), schedule=schedule)
    found = steady_state(sim, steps=1000, samples=0, nodes=nodes)
    laws = [
        stationary_law(simulator(one, sim.program.bias, schedule=schedule), nodes=nodes)
        for one in (K, 0.5 * (K + K.T))
    ]
    assert found.total_variation == pytest.approx(total_variation(*laws), abs=1e-9)
    assert found.total_variation is not None
    assert found.total_variation > 0.005
    own, other = (law.second_moments for law in laws)
    exact = np.linalg.norm(own - other) / np.linalg.norm(other)
    distance = found.moment_distance
    slack = 4 * distance.second_moments_floor
    assert distance.second_moments_beyond_noise == pytest.approx(exact, abs=slack)


def test_continuous_time_is_measured_like_the_rest() -> None:
    sim = simulator(ONE_WAY, schedule="langevin", time_step=0.02)
    found = steady_state(sim, steps=2000, chains=40, samples=0)
    expected = stationary_law(EITHER_WAY, BIAS, schedule="langevin")
    assert found.total_variation == pytest.approx(0.1164, abs=1e-4)
    assert found.exact_entropy_production == pytest.approx(1.8708, abs=1e-4)
    assert found.entropy_production.unit == "nats per unit of time"
    distance = found.moment_distance
    exact = np.linalg.norm(
        stationary_law(sim).second_moments - expected.second_moments
    ) / np.linalg.norm(expected.second_moments)
    slack = 4 * distance.second_moments_floor + 0.02
    assert distance.second_moments_beyond_noise == pytest.approx(exact, abs=slack)


def test_evidence_and_precision_reach_both_networks() -> None:
    sim = simulator(ONE_WAY, schedule="random")
    found = steady_state(sim, [1.0, -1.0], precision=0.5, steps=100, samples=0)
    drive = 0.5 * np.add(BIAS, [1.0, -1.0])
    expected = total_variation(
        stationary_law(0.5 * ONE_WAY, drive, schedule="random"),
        stationary_law(0.5 * EITHER_WAY, drive, schedule="random"),
    )
    assert found.total_variation == pytest.approx(expected, abs=1e-12)
