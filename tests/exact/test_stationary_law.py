"""Exact laws of small networks: closed forms against transitions, and both against other judges.

`support.quadrature` is one of them: it shares no code with the library, not even log-partitions.
Others are linear algebra (Gaussian states), enumeration (spins), samples, and the numbers of the
theory notes, section 5.
"""

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from support.quadrature import boltzmann, deviations, little

import deepparticle as dp
from deepparticle.analysis.frozen import FrozenNetwork, frozen_network
from deepparticle.analysis.laws import StationaryLaw, total_variation
from deepparticle.analysis.quadrature import grid_of
from deepparticle.analysis.stationary_law import _of_transition, law_of, stationary_law
from deepparticle.analysis.transition import step_operators
from deepparticle.blankets._types import FloatArray

CB, SPIN = dp.ContinuousBernoulli(), dp.Spin()
BIAS = [0.5, -0.2]
ONE_WAY = np.array([[0.0, 4.0], [0.0, 0.0]])  # symmetric part 2, antisymmetric part 2
EITHER_WAY = 0.5 * (ONE_WAY + ONE_WAY.T)
DISCRETE_TIME = ("synchronous", "sequential", "chromatic", "random")


def world_of(
    K: FloatArray, bias: Any, kinds: tuple[dp.StateDistribution, ...] | None = None
) -> dp.Partition:
    world = dp.Partition("world")
    scene = world.add_external("scene")
    for row in range(len(K)):
        kind = CB if kinds is None else kinds[row]
        world.add_subparticle(
            str(row),
            bias=bias[row],
            distribution=kind,
            state=-1.0 if kind == SPIN else 0.0,
        )
    leaves: Any = world.subparticles
    for target, source in np.argwhere(K != 0.0).tolist():
        world.couple(leaves[source], leaves[target], K[target, source])
    world.sense(scene, leaves)
    return world


def correlation(law: StationaryLaw) -> float:
    return float(law.correlations[0, 1])


def by_transition(network: FrozenNetwork, nodes: int = 16) -> StationaryLaw:
    """The law from the transition, where a closed form would have been taken."""
    return _of_transition(network, grid_of(network.distributions, nodes, "test"))


# ---------------------------------------------------------------------- known numbers


@pytest.mark.parametrize(
    ("schedule", "expected", "distance"),
    [("random", 0.380, 0.175), ("sequential", 0.000, 0.287), ("langevin", 0.500, 0.116)],
)
def test_an_antisymmetric_part_moves_the_law_by_as_much_as_the_schedule_says(
    schedule: str, expected: float, distance: float
) -> None:
    law = stationary_law(ONE_WAY, BIAS, schedule=schedule)
    symmetric = stationary_law(EITHER_WAY, BIAS, schedule="random")
    assert correlation(law) == pytest.approx(expected, abs=5e-4)
    assert correlation(symmetric) == pytest.approx(0.568, abs=5e-4)
    assert total_variation(law, symmetric) == pytest.approx(distance, abs=6e-4)


def test_the_law_depends_on_the_order_of_the_scan() -> None:
    # The other order is the same network with its rows exchanged.
    law = stationary_law(ONE_WAY.T, BIAS[::-1], schedule="sequential")
    assert correlation(law) == pytest.approx(0.760, abs=5e-4)


def test_the_synchronous_pair_is_uncorrelated() -> None:
    law = stationary_law(EITHER_WAY, BIAS)
    assert law.method == "Little"
    assert correlation(law) == pytest.approx(0.0, abs=1e-14)


# ---------------------------------------------------------------------- symmetric couplings

FAMILIES: list[tuple[dp.StateDistribution, ...]] = [
    (CB, CB),
    (SPIN, CB),
    (SPIN, SPIN, SPIN),
    (CB, CB, CB),
    (dp.Gaussian(0.5), CB),
    (dp.Gaussian(0.5), dp.Gaussian(0.7), CB),
    (CB, SPIN, CB, CB),
]


@pytest.mark.parametrize("kinds", FAMILIES, ids=lambda kinds: " ".join(k.kind for k in kinds))
def test_closed_forms_agree_with_an_independent_quadrature(
    kinds: tuple[dp.StateDistribution, ...],
) -> None:
    rng = np.random.default_rng(len(kinds))
    K = np.triu(rng.uniform(-0.8, 0.8, (len(kinds), len(kinds))), 1)
    K, bias = K + K.T, rng.uniform(-1.0, 1.0, len(kinds))
    evidence = rng.uniform(-0.5, 0.5, len(kinds))
    world = world_of(K, bias, kinds)
    for schedule, judge in (("random", boltzmann), ("synchronous", little)):
        law = stationary_law(dp.Simulator(world, schedule=schedule), evidence)
        expected = judge(kinds, bias + evidence, K)
        np.testing.assert_allclose(law.mean, expected.mean, atol=1e-12)
        np.testing.assert_allclose(law.second_moments, expected.second_moments, atol=1e-12)
        pairs = np.triu_indices(len(kinds), 1)
        np.testing.assert_allclose(law.correlations[pairs], expected.correlations, atol=1e-11)


@pytest.mark.parametrize("schedule", DISCRETE_TIME)
@pytest.mark.parametrize(
    "kinds", [(CB, CB), (SPIN, CB), (CB, CB, CB)], ids=lambda kinds: str(len(kinds))
)
def test_the_transition_leaves_the_closed_form_as_it_is(
    schedule: str, kinds: tuple[dp.StateDistribution, ...]
) -> None:
    rng = np.random.default_rng(1)
    K = np.triu(rng.uniform(-2.0, 2.0, (len(kinds), len(kinds))), 1)
    network = frozen_network(
        dp.Simulator(world_of(K + K.T, rng.uniform(-1, 1, len(kinds)), kinds), schedule=schedule)
    )
    nodes = 16 if len(kinds) == 2 else 12
    closed, found = law_of(network, nodes), by_transition(network, nodes)
    assert found.method == "transition" != closed.method
    np.testing.assert_allclose(found.probabilities, closed.probabilities, atol=1e-12)
    [step] = step_operators(network, closed.grid)
    law = closed.probabilities.reshape(closed.grid.shape)
    np.testing.assert_allclose(step.forward(law), law, atol=1e-14)


def test_the_fokker_planck_equation_gives_boltzmann_for_symmetric_couplings() -> None:
    from deepparticle.analysis.fokker_planck import current_of, stationary_density

    K = np.array([[0.0, 1.2, -0.8], [1.2, 0.0, 0.5], [-0.8, 0.5, 0.0]])
    drive = np.array([0.4, -0.3, 0.1])
    closed = law_of(frozen_network(K, drive, schedule="langevin"), 14)
    density = stationary_density(closed.grid, K, drive)
    np.testing.assert_allclose(density, closed.density, atol=1e-10)
    np.testing.assert_allclose(current_of(density, closed.grid, K, drive), 0.0, atol=1e-8)


def test_the_stationary_current_has_no_sources_and_stays_within_the_walls() -> None:
    # Integrated against a polynomial: ∫ ∇ψ · j = 0.
    from deepparticle.analysis.fokker_planck import current_of, stationary_density

    law = stationary_law(ONE_WAY, BIAS, schedule="langevin")
    density = stationary_density(law.grid, ONE_WAY, np.array(BIAS))
    current = current_of(density, law.grid, ONE_WAY, np.array(BIAS))
    x, y = law.points.T
    for slope in ((1 + 0 * x, 0 * y), (y, x), (3 * x**2 * y**2, 2 * x**3 * y)):
        assert law.weights @ (np.stack(slope, axis=1) * current).sum(axis=1) == pytest.approx(
            0.0, abs=1e-12
        )


def test_log_partition_and_entropy_are_those_of_single_states_without_couplings() -> None:
    kinds, bias = (CB, SPIN, dp.Gaussian(0.5)), np.array([0.7, -0.4, 1.2])
    for schedule in ("random", "synchronous"):
        simulator = dp.Simulator(world_of(np.zeros((3, 3)), bias, kinds), schedule=schedule)
        law = stationary_law(simulator)
        entropy = sum(kind.entropy(float(b)) for kind, b in zip(kinds, bias, strict=True))
        assert law.entropy == pytest.approx(entropy, abs=1e-11)
    log_partition = sum(kind.log_partition(float(b)) for kind, b in zip(kinds, bias, strict=True))
    gibbs = stationary_law(simulator, schedule="random")
    assert gibbs.log_partition == pytest.approx(log_partition, abs=1e-12)


def test_precision_scales_bias_evidence_and_couplings() -> None:
    simulator = dp.Simulator(world_of(EITHER_WAY, BIAS), schedule="random", precision=0.5)
    law = stationary_law(simulator, [0.3, 0.1])
    expected = boltzmann((CB, CB), 0.5 * np.add(BIAS, [0.3, 0.1]), 0.5 * EITHER_WAY)
    np.testing.assert_allclose(law.second_moments, expected.second_moments, atol=1e-13)
    own = stationary_law(simulator, precision=[1.0, 0.2])
    assert own.method == "transition"  # mixed precision breaks the symmetry of K


def test_gibbs_laws_stay_under_any_clocks() -> None:
    simulator = dp.Simulator(world_of(EITHER_WAY, BIAS), schedule="sequential", clock=[1, 3])
    law = stationary_law(simulator)
    assert law.method == "Boltzmann"
    assert law.phases.shape == (3, law.points.shape[0])
    found = by_transition(frozen_network(simulator))
    np.testing.assert_allclose(
        found.probabilities,
        by_transition(frozen_network(EITHER_WAY, BIAS, schedule="sequential")).probabilities,
        atol=1e-12,
    )


# ---------------------------------------------------------------------- asymmetric couplings


def test_spins_are_enumerated() -> None:
    # The transition matrix of eight states, written out.
    rng = np.random.default_rng(3)
    K, bias = rng.normal(size=(3, 3)) * (1 - np.eye(3)), rng.normal(size=3)
    world = world_of(K, bias, (SPIN,) * 3)
    states = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])

    def update(rows: list[int]) -> FloatArray:
        theta = bias + states @ K.T
        matrix = np.ones((8, 8))
        for row in range(3):
            chance = 1.0 / (1.0 + np.exp(-2.0 * theta[:, row, None] * states[:, row]))
            same = states[:, row, None] == states[:, row]
            matrix *= chance if row in rows else same
        return matrix

    steps: dict[str, FloatArray] = {
        "synchronous": update([0, 1, 2]),
        "sequential": update([0]) @ update([1]) @ update([2]),
        "random": (update([0]) + update([1]) + update([2])) / 3,
    }
    for schedule, matrix in steps.items():
        values, vectors = np.linalg.eig(matrix.T)
        law = np.real(vectors[:, np.argmax(values.real)])
        found = stationary_law(dp.Simulator(world, schedule=schedule))
        np.testing.assert_array_equal(found.points, states)
        np.testing.assert_allclose(found.probabilities, law / law.sum(), atol=1e-13)


@pytest.mark.parametrize("schedule", ["synchronous", "sequential"])
def test_gaussian_states_have_the_law_of_linear_algebra(schedule: str) -> None:
    # σ' = V (c + Kσ) + noise of variance V: the covariance solves a Lyapunov equation.
    K, bias = np.array([[0.0, 0.5], [-0.4, 0.0]]), np.array([0.3, -0.6])
    V = np.diag([0.5, 0.8])
    kinds = (dp.Gaussian(0.5), dp.Gaussian(0.8))
    found = stationary_law(dp.Simulator(world_of(K, bias, kinds), schedule=schedule))
    if schedule == "synchronous":
        B, noise = V @ K, V
    else:
        # Solved for the new states: (1 − V K_lower) σ' = V K_upper σ + V c + noise.
        inverse = np.linalg.inv(np.eye(2) - V @ np.tril(K))
        B, noise = inverse @ V @ np.triu(K), inverse @ V @ inverse.T
    covariance = scipy.linalg.solve_discrete_lyapunov(B, noise)
    mean = np.linalg.solve(np.eye(2) - V @ K, V @ bias)
    np.testing.assert_allclose(found.mean, mean, atol=1e-11)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-11)
    entropy = 0.5 * np.linalg.slogdet(2 * np.pi * np.e * covariance)[1]
    assert found.entropy == pytest.approx(entropy, abs=1e-10)


@pytest.mark.parametrize("schedule", DISCRETE_TIME)
@pytest.mark.parametrize("clock", [(1, 1, 1), (1, 2, 1)], ids=["same clocks", "other clocks"])
def test_samples_follow_the_law(schedule: str, clock: tuple[int, ...]) -> None:
    K = np.array([[0.0, 2.0, 0.0], [-1.5, 0.0, 1.0], [0.8, 0.0, 0.0]])
    kinds = (CB, CB, SPIN)
    simulator = dp.Simulator(
        world_of(K, [0.3, -0.2, 0.1], kinds), schedule=schedule, chains=200, seed=2, clock=clock
    )
    law = stationary_law(simulator)
    states = simulator.infer(None, 240, 40, record="states").states
    judged = deviations(states, law)  # type: ignore[arg-type]
    for what in ("means", "second moments"):
        assert np.abs(judged[what]).max() < 4.0, what


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), schedule=st.sampled_from(DISCRETE_TIME))
def test_every_law_is_stationary(seed: int, schedule: str) -> None:
    rng = np.random.default_rng(seed)
    count = 2 if schedule == "synchronous" else int(rng.integers(2, 4))
    K = rng.uniform(-2, 2, (count, count)) * (1 - np.eye(count))
    network = frozen_network(K, rng.uniform(-1, 1, count), schedule=schedule)
    law = law_of(network)
    assert law.probabilities.min() >= 0.0
    assert law.probabilities.sum() == pytest.approx(1.0, abs=1e-12)
    [step] = step_operators(network, law.grid)
    before = law.probabilities.reshape(law.grid.shape)
    np.testing.assert_allclose(step.forward(before), before, atol=1e-12)
    # The two directions of an operator are adjoint.
    function = rng.normal(size=law.grid.shape)
    ahead = float((step.forward(before) * function).sum())
    assert float((before * step.backward(function)).sum()) == pytest.approx(ahead, abs=1e-10)


def test_four_states_are_within_reach_of_single_site_schedules() -> None:
    rng = np.random.default_rng(5)
    K = rng.uniform(-1, 1, (4, 4)) * (1 - np.eye(4))
    law = stationary_law(K, schedule="sequential", nodes=12)
    finer = stationary_law(K, schedule="sequential", nodes=16)
    np.testing.assert_allclose(law.second_moments, finer.second_moments, atol=1e-11)


def test_more_nodes_change_nothing() -> None:
    for schedule in ("synchronous", "sequential", "random"):
        own = stationary_law(1.5 * ONE_WAY, BIAS, schedule=schedule)
        finer = stationary_law(1.5 * ONE_WAY, BIAS, schedule=schedule, nodes=60)
        np.testing.assert_allclose(own.second_moments, finer.second_moments, atol=1e-13)
        assert own.entropy == pytest.approx(finer.entropy, abs=1e-12)
    own = stationary_law(ONE_WAY, BIAS, schedule="langevin")
    finer = stationary_law(ONE_WAY, BIAS, schedule="langevin", nodes=48)
    np.testing.assert_allclose(own.second_moments, finer.second_moments, atol=1e-11)


# ---------------------------------------------------------------------- total variation


def test_total_variation_of_spins_is_a_sum() -> None:
    laws = [stationary_law(dp.Simulator(world_of(np.zeros((1, 1)), [b], (SPIN,)))) for b in (0, 1)]
    expected = 0.5 * np.tanh(1.0)
    assert total_variation(*laws) == pytest.approx(expected, abs=1e-15)


def test_total_variation_of_continuous_states_finds_the_kink() -> None:
    # Uniform against e^x / 2 sinh 1: they cross at ln sinh 1.
    laws = [stationary_law(np.zeros((1, 1)), [b], nodes=12) for b in (0.0, 1.0)]
    crossing = np.log(np.sinh(1.0))
    below = 0.5 * (crossing + 1.0) - (np.exp(crossing) - np.exp(-1.0)) / (2.0 * np.sinh(1.0))
    assert total_variation(*laws) == pytest.approx(below, abs=1e-7)
    finer = stationary_law(np.zeros((1, 1)), [1.0], nodes=20)
    assert total_variation(laws[0], finer) == pytest.approx(below, abs=1e-7)


def test_total_variation_of_gaussian_states() -> None:
    from scipy.stats import norm

    kind = (dp.Gaussian(1.0),)
    laws = [
        stationary_law(dp.Simulator(world_of(np.zeros((1, 1)), [b], kind)), nodes=60)
        for b in (0.0, 1.0)
    ]
    expected = norm.cdf(0.5) - norm.cdf(-0.5)
    assert total_variation(*laws) == pytest.approx(expected, abs=1e-5)


# ---------------------------------------------------------------------- errors


def test_what_has_no_exact_law_is_refused_with_a_mend() -> None:
    with pytest.raises(dp.SettingError, match=r"at most 4 subparticles.*moments"):
        stationary_law(np.zeros((5, 5)))
    several = dp.Simulator(dp.from_couplings(EITHER_WAY), networks=3)
    with pytest.raises(dp.SettingError, match=r"one network at a time \(got 3 networks\)"):
        stationary_law(several)
    with pytest.raises(dp.SettingError, match="did you mean 'sequential'"):
        stationary_law(EITHER_WAY, schedule="sequentail")
    with pytest.raises(dp.SettingError, match="give more nodes"):
        stationary_law(10 * ONE_WAY, schedule="sequential", nodes=6)
    with pytest.raises(dp.SettingError, match="nodes is at least 2"):
        stationary_law(EITHER_WAY, nodes=1)
    with pytest.raises(dp.SettingError, match="at most 4194304 points"):
        stationary_law(np.zeros((4, 4)), nodes=50)
    full = 0.1 * (1 - np.eye(4)) + np.triu(0.1 * np.ones((4, 4)), 1)
    with pytest.raises(dp.SettingError, match=r"multiplications.*couple fewer"):
        stationary_law(full, nodes=24)
    with pytest.raises(dp.SettingError, match="at most 10000 points"):
        stationary_law(ONE_WAY, schedule="langevin", nodes=120)


def test_states_without_a_law_or_a_rule_are_refused() -> None:
    strong = np.array([[0.0, 3.0], [3.0, 0.0]])
    explosive = dp.Simulator(world_of(strong, [0, 0], (dp.Gaussian(),) * 2), schedule="random")
    with pytest.raises(dp.SettingError, match="largest eigenvalue of VK is below 1"):
        stationary_law(explosive)
    mixed = dp.Simulator(world_of(ONE_WAY, [0, 0], (dp.Gaussian(), CB)), schedule="random")
    with pytest.raises(dp.SettingError, match="continuous Bernoulli states"):
        stationary_law(mixed, schedule="langevin")

    class Own(dp.ContinuousBernoulli):
        pass

    from deepparticle.analysis.quadrature import axis_rule

    assert axis_rule(Own(), 5).nodes.size == 5  # a subclass has the rule of its family
    with pytest.raises(dp.SettingTypeError, match=r"axis_rule\.register"):
        axis_rule(object(), 5)  # type: ignore[arg-type]


def test_evidence_must_be_constant() -> None:
    world = world_of(EITHER_WAY, BIAS)
    world.externals[0].process = lambda value, actions, rng: value
    with pytest.raises(dp.SettingError, match=r"evidence is constant.*clamp it"):
        stationary_law(dp.Simulator(world))
    clamped = stationary_law(dp.Simulator(world), {"scene": 0.5})
    np.testing.assert_allclose(
        clamped.mean, stationary_law(EITHER_WAY, np.array(BIAS) + 0.5).mean, atol=1e-13
    )
    chains = dp.Simulator(world, chains=2)
    with pytest.raises(dp.SettingError, match="same evidence"):
        stationary_law(chains, [[0.0, 1.0], [1.0, 0.0]])


def test_laws_of_different_states_are_not_compared() -> None:
    spins = stationary_law(dp.Simulator(world_of(EITHER_WAY, BIAS, (SPIN, SPIN))))
    with pytest.raises(dp.SettingError, match="over the same states"):
        total_variation(spins, stationary_law(EITHER_WAY, BIAS))


def test_a_law_says_what_it_is() -> None:
    law = stationary_law(EITHER_WAY, BIAS, nodes=10)
    assert repr(law) == "<StationaryLaw of 2 states, synchronous, Little, 100 points>"
    assert law.expectation(law.points).tolist() == pytest.approx(law.mean.tolist())
