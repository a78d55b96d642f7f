"""Retention and reconstruction on networks whose answer is known, and their protocol by hand."""

from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.analysis import correlation, hebbian_couplings, reconstruction, retention

CB = dp.ContinuousBernoulli()


def test_orthogonal_patterns_are_kept_and_an_empty_network_keeps_nothing() -> None:
    from scipy.linalg import hadamard

    patterns = hadamard(16)[1:4].astype(float)
    np.testing.assert_allclose(retention(hebbian_couplings(patterns), patterns), 1.0)
    np.testing.assert_array_equal(retention(np.zeros((16, 16)), patterns), 0.0)


def test_an_antiferromagnet_turns_the_pattern_round_in_every_step() -> None:
    pattern = dp.datasets.random_patterns(1, 10)
    couplings = -10.0 * hebbian_couplings(pattern)
    assert retention(couplings, pattern, steps=150) == pytest.approx(1.0)
    assert retention(couplings, pattern, steps=151) == pytest.approx(-1.0)


def test_retention_is_the_deterministic_dynamics_by_hand() -> None:
    rng = np.random.default_rng(0)
    couplings = rng.normal(size=(12, 12)) / 4
    np.fill_diagonal(couplings, 0.0)
    patterns = dp.datasets.standardised(rng.normal(size=(3, 12)))
    assert np.abs(patterns).max() > 1.0  # the start is clipped to what states can be
    state = np.clip(0.8 * patterns, -1.0, 1.0)
    for _ in range(7):
        state = CB.mean(3.0 * state @ couplings.T)
    found = retention(couplings, patterns, precision=3.0, steps=7, start_scale=0.8)
    np.testing.assert_allclose(found, correlation(state, patterns), rtol=1e-10)


def test_reconstruction_is_the_stochastic_dynamics_by_hand() -> None:
    rng = np.random.default_rng(0)
    couplings = rng.normal(size=(8, 8)) / 4
    np.fill_diagonal(couplings, 0.0)
    patterns = dp.datasets.standardised(rng.normal(size=(3, 8)))
    simulator = dp.Simulator(dp.from_couplings(couplings, bias=0.1))
    settings: dict[str, Any] = {"precision": 1.5, "evidence_strength": 0.7, "noise": 0.3}
    shown = reconstruction(simulator, patterns, steps=9, burn_in=4, seed=3, **settings)
    assert shown.chosen.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(shown.targets, patterns)

    draws = np.random.default_rng(3)
    noisy = patterns + 0.3 * patterns.std(axis=1, keepdims=True) * draws.standard_normal((3, 8))
    np.testing.assert_allclose(shown.noisy, noisy)
    runner = simulator.fork(chains=3, seed=int(draws.integers(2**32)))
    evidence = 0.7 * noisy
    runner.state = np.clip(evidence, -1.0, 1.0)
    states = runner.infer(evidence, steps=9, precision=1.5).states
    np.testing.assert_allclose(shown.responses, states[4:].mean(axis=0))


def test_without_couplings_the_response_is_known() -> None:
    """Mean states are then L(β u), and the mean of 95 samples has the error of independent ones."""
    patterns = dp.datasets.random_patterns(40, 80)
    shown = reconstruction(np.zeros((80, 80)), patterns)
    expected = CB.mean(2.0 * shown.noisy)
    z = (shown.responses - expected) / np.sqrt(CB.variance(2.0 * shown.noisy) / 95)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert z.var() == pytest.approx(1.0, abs=4 * np.sqrt(2.0 / z.size))
    # r(y, x) = 1/√5 for noise of two standard deviations.
    error = shown.signed_input.std(ddof=1) / np.sqrt(40)
    assert abs(shown.signed_input.mean() - 1 / np.sqrt(5)) < 4 * error


def test_noise_is_measured_in_deviations_of_each_pattern() -> None:
    patterns = np.random.default_rng(0).normal(size=(2, 3000)) * [[1.0], [20.0]]
    world = dp.Partition("wide")
    world.add_population("p", 3000)
    world.sense(world.add_external("shown"), "p")
    shown = reconstruction(dp.Simulator(world), patterns, steps=2, burn_in=1)
    ratio = (shown.noisy - patterns).std(axis=1) / patterns.std(axis=1)
    np.testing.assert_allclose(ratio, 2.0, rtol=4 / np.sqrt(2 * 3000))


def test_a_stored_pattern_is_found_in_noise_and_its_negative_is_not() -> None:
    patterns = dp.datasets.random_patterns(3, 200)
    couplings = 5.0 * hebbian_couplings(patterns)
    shown = reconstruction(couplings, patterns)
    assert shown.signed_output.min() > 0.95
    assert np.all(shown.signed_input < 0.65)


@pytest.mark.parametrize("own", [False, True])
def test_several_networks_stand_side_by_side(own: bool) -> None:
    patterns = np.stack([dp.datasets.random_patterns(2, 40, seed=seed) for seed in range(3)])
    couplings = np.stack([hebbian_couplings(one) for one in patterns])
    given = patterns if own else patterns[0]
    kept = retention(couplings, given)
    each = [retention(J, given[number] if own else given) for number, J in enumerate(couplings)]
    np.testing.assert_allclose(kept, each)
    shown = reconstruction(couplings, given, evidence_strength=[0.5, 1.0, 2.0])
    assert shown.responses.shape == (2, 3, 40)
    assert shown.signed_output.shape == shown.chosen.shape == (2, 3)
    assert shown.chosen[:, 1].tolist() == [0, 1]
    np.testing.assert_array_equal(shown.targets[1], patterns[:, 1] if own else given[[1] * 3])
    assert len(np.unique(shown.noisy[0, :, 0])) == 3  # noise of their own


def test_spins_start_inside_their_support_too() -> None:
    patterns = dp.datasets.random_patterns(2, 60)
    world = dp.from_couplings(hebbian_couplings(patterns), distribution=dp.Spin())
    np.testing.assert_allclose(retention(dp.Simulator(world), 3.0 * patterns), 1.0)


def test_a_simulator_is_left_as_it_is() -> None:
    patterns = dp.datasets.random_patterns(2, 20)
    simulator = dp.Simulator(dp.from_couplings(hebbian_couplings(patterns)))
    simulator.infer(steps=3)
    before = simulator.state
    retention(simulator, patterns, steps=4)
    reconstruction(simulator, patterns, steps=4, burn_in=1)
    np.testing.assert_array_equal(simulator.state, before)
    assert simulator.time == 3
    after = dp.Simulator(dp.from_couplings(hebbian_couplings(patterns)))
    after.infer(steps=3)
    np.testing.assert_array_equal(simulator.infer(steps=2).states, after.infer(steps=2).states)


def test_its_own_precision_is_taken_where_none_is_given() -> None:
    patterns = dp.datasets.random_patterns(5, 30)
    couplings = 3.0 * hebbian_couplings(patterns)
    simulator = dp.Simulator(dp.from_couplings(couplings), precision=1.2)
    np.testing.assert_array_equal(
        retention(simulator, patterns, precision=None),
        retention(couplings, patterns, precision=1.2),
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda J: retention(J, np.ones((2, 5))),
            "retention: patterns have shape (P, 4) (got shape (2, 5)). Mend: give one row",
        ),
        (
            lambda J: retention(np.stack([J, J]), np.ones((3, 1, 4))),
            "retention: patterns have shape (P, 4) or (2, P, 4) (got shape (3, 1, 4))",
        ),
        (
            lambda J: reconstruction(J, np.full((1, 4), np.nan)),
            "reconstruction, patterns: a pattern is finite (got nan at [0, 0])",
        ),
        (
            lambda J: reconstruction(J, np.ones((1, 4)), steps=5),
            "reconstruction: steps are left after burn-in (got burn_in=5 of 5 steps). Mend: give",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, message: str) -> None:
    with pytest.raises(dp.SettingError, match=says(message)) as caught:
        call(np.zeros((4, 4)))
    assert is_complete(caught.value)
