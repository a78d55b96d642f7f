"""Moments: exact for a few subparticles, and of long runs with an error that can be believed."""

import builtins
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.analysis.moments import Moments, moments

BIAS = [0.5, -0.2]
PAIR = np.array([[0.0, 2.0], [2.0, 0.0]])


def deviations(sampled: Moments, exact: Moments) -> Any:
    """Differences in standard errors; what has none is exact."""
    pairs = np.triu_indices(exact.mean.size)
    difference = [
        *(sampled.mean - exact.mean),
        *(sampled.second_moments - exact.second_moments)[pairs],
    ]
    error = np.array([*sampled.mean_error, *sampled.second_moment_error[pairs]])
    known = error == 0.0
    assert np.abs(np.array(difference)[known]).max(initial=0.0) < 1e-12
    return np.array(difference)[~known] / error[~known]


def test_a_few_subparticles_are_exact() -> None:
    sim = dp.Simulator(dp.from_couplings(PAIR, bias=BIAS), schedule="sequential")
    found = moments(sim)
    assert found.method == "exact"
    assert found.converged
    assert found.correlations[0, 1] == pytest.approx(0.568, abs=5e-4)
    assert moments(sim, schedule="synchronous").correlations[0, 1] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_array_equal(found.second_moment_error, 0.0)


@pytest.mark.parametrize("schedule", ["synchronous", "sequential", "random"])
def test_sampled_moments_agree_with_exact_ones_within_their_errors(schedule: str) -> None:
    pytest.importorskip("arviz_stats")
    K = np.array([[0.0, 2.0, 0.0], [-1.0, 0.0, 1.0], [0.5, 0.0, 0.0]])
    world = dp.Partition("world")
    for row, kind in enumerate((dp.ContinuousBernoulli(), dp.ContinuousBernoulli(), dp.Spin())):
        state = 1.0 if row == 2 else 0.0
        world.add_subparticle(str(row), bias=0.2 * row, distribution=kind, state=state)
    leaves: Any = world.subparticles
    for target, source in np.argwhere(K).tolist():
        world.couple(leaves[source], leaves[target], K[target, source])
    sim = dp.Simulator(world, schedule=schedule)
    sampled = moments(sim, method="sampled", precision=0.8, seed=3)
    assert sampled.converged
    assert sampled.samples == 16000
    assert sampled.second_moment_error[2, 2] == 0.0  # the square of a spin is 1
    assert np.abs(deviations(sampled, moments(sim, precision=0.8))).max() < 4.0


def test_errors_are_those_of_repetitions_where_the_chain_is_sticky() -> None:
    pytest.importorskip("arviz_stats")
    sticky = dp.Simulator(dp.from_couplings(4.0 * PAIR / 2.0, bias=[0.1, 0.1]), schedule="random")
    runs = [
        moments(sticky, method="sampled", steps=400, chains=4, burn_in=50, seed=seed)
        for seed in range(40)
    ]
    spread = np.std([run.mean for run in runs], axis=0, ddof=1)
    stated = np.sqrt(np.mean([run.mean_error**2 for run in runs], axis=0))
    naive = np.sqrt(moments(sticky).covariance.diagonal() / 1600)
    assert np.all(spread > 2.5 * naive)  # so it is sticky
    np.testing.assert_allclose(stated, spread, rtol=0.4)


def test_chains_that_have_not_met_are_called_out() -> None:
    pytest.importorskip("arviz_stats")
    stuck = dp.Simulator(dp.from_couplings(10.0 * PAIR), schedule="sequential")
    found = moments(stuck, method="sampled", steps=50, chains=8, burn_in=0)
    assert not found.converged
    assert found.largest_r_hat > 1.01
    assert "NOT CONVERGED: give more steps; R-hat ≤" in repr(found)


def test_larger_networks_are_sampled_and_pairs_get_the_error_of_chains() -> None:
    pytest.importorskip("arviz_stats")
    size = 20
    world = dp.from_couplings(0.1 * (1 - np.eye(size)), bias=0.3)
    found = moments(dp.Simulator(world, schedule="chromatic"), steps=300, burn_in=50, chains=20)
    assert found.method == "sampled"
    assert np.isnan(found.second_moment_r_hat).all()
    assert np.all(found.second_moment_error > 0)
    assert np.isfinite(found.largest_r_hat)
    assert found.covariance.shape == (size, size)
    # All rows are alike, so that their means scatter by their errors.
    scatter = (found.mean - found.mean.mean()) / found.mean_error
    assert 0.4 < scatter.std() < 1.6


def test_a_simulator_samples_in_its_own_schedule_and_one_network_at_a_time() -> None:
    sim = dp.Simulator(dp.from_couplings(PAIR))
    with pytest.raises(dp.SettingError, match=r"samples in its own schedule.*schedule='random'"):
        moments(sim, schedule="random", method="sampled")
    several = dp.Simulator(dp.from_couplings(PAIR), networks=2)
    with pytest.raises(dp.SettingError, match="one network at a time"):
        moments(several)
    with pytest.raises(dp.SettingError, match="the method is one of 'auto', 'exact', 'sampled'"):
        moments(PAIR, method="quick")


def test_without_the_extra_sampling_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("arviz_stats"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(dp.SettingError, match=r"pip install 'deepparticle\[arviz\]'"):
        moments(PAIR, method="sampled")
    assert moments(PAIR).method == "exact"
