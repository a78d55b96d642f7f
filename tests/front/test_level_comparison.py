"""A coarse run against a fine one, and the time scales of a world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.errors import example, is_complete, says

import deepparticle as dp

Array = NDArray[np.float64]


def two_blocks(size: int, weight: float = 1.0) -> dp.Partition:
    """Left drives right; left senses a scene."""
    world = dp.Partition("world")
    left = world.add_partition("left").add_population("cells", size)
    right = world.add_partition("right").add_population("cells", size)
    world.couple(left, right, weight / size)
    world.sense(world.add_external("scene"), left)
    return world


SWEEP = [{"scene": value} for value in (-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0)]


def test_expected_states_of_equal_members_agree() -> None:
    world = two_blocks(10)
    found = dp.analysis.compare_levels(
        dp.Simulator(world), world.coarsen(1), SWEEP, mode="deterministic", steps=5, burn_in=3
    )
    np.testing.assert_allclose(found.fine.value, found.coarse.value, atol=1e-12)
    np.testing.assert_allclose(found.relative_error.value, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.slope.value, 1.0, atol=1e-10)
    np.testing.assert_allclose(found.intercept.value, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.correlation.value, 1.0, atol=1e-12)
    np.testing.assert_allclose(found.course_correlation.value, 1.0, atol=1e-12)
    assert not found.slope.standard_error.any()
    assert found.fine_course.shape == (7 * 8, 2)
    cb = dp.ContinuousBernoulli()
    for number, one in enumerate(SWEEP):
        left = cb.mean(one["scene"])
        np.testing.assert_allclose(found.fine.value[number], [left, cb.mean(left)], atol=1e-12)


def test_a_response_curve_of_noisy_runs() -> None:
    # Left listens to the scene alone: its mean is the same in both worlds, and known.
    world = two_blocks(8)
    found = dp.analysis.compare_levels(
        dp.Simulator(world), world.coarsen(1), SWEEP, steps=200, burn_in=5, chains=20, seed=3
    )
    exact = dp.ContinuousBernoulli().mean(np.array([one["scene"] for one in SWEEP]))
    for side in (found.fine, found.coarse):
        deviations = (side.value[:, 0] - exact) / side.standard_error[:, 0]
        assert np.abs(deviations).max() < 4.0
    assert found.fine.standard_error[3, 0] == pytest.approx(np.sqrt(1 / 3 / 8 / 4000), rel=0.6)
    assert found.coarse.standard_error[3, 0] == pytest.approx(np.sqrt(1 / 3 / 4000), rel=0.6)
    error, slope = found.relative_error, found.slope
    assert np.all(np.abs(error.value) < 4 * error.standard_error + 1e-3)
    assert abs(slope.value[0] - 1.0) < 4 * slope.standard_error[0]
    assert np.all(found.correlation.value > 0.99)
    assert np.all(found.course_correlation.value > 0.7)  # noise lowers it


def test_standard_errors_and_calibration_are_calibrated() -> None:
    """Two simulations of one world: slope − 1, intercept and error are 0, ± their own errors."""
    world = two_blocks(1)
    coarse = world.coarsen(9)  # the world itself
    scores = []
    for seed in range(40):
        found = dp.analysis.compare_levels(
            dp.Simulator(world), coarse, SWEEP, steps=20, burn_in=2, chains=12, seed=seed
        )
        scores.append(
            [
                (found.slope.value - 1.0) / found.slope.standard_error,
                found.intercept.value / found.intercept.standard_error,
                found.relative_error.value / found.relative_error.standard_error,
            ]
        )
    z = np.array(scores)  # (seeds, statistics, units)
    for number in range(3):
        values = z[:, number].ravel()
        # The jackknife of 12 chains is a little wide; 80 values tell a spread to about 8 %.
        assert abs(values.mean()) < 0.6
        assert 0.5 < values.std() < 1.5


def test_a_wrong_coarse_world_is_told() -> None:
    world = two_blocks(6, weight=3.0)
    coarse = world.coarsen(1)
    coarse["right"].sensory["left"].weight *= 0.5
    found = dp.analysis.compare_levels(
        dp.Simulator(world), coarse, SWEEP, mode="deterministic", steps=4, burn_in=3
    )
    assert found.relative_error.value[1] > 0.1
    assert found.slope.value[1] > 1.5
    assert found.relative_error.value[0] < 1e-12
    assert "right" in str(found)
    assert repr(found).startswith("<LevelComparison: 2 units under 7 evidence")


def test_runs_are_compared_as_they_were_recorded() -> None:
    world = two_blocks(5)
    coarse = world.coarsen(1)
    simulator = dp.Simulator(world, chains=10, seed=4)
    shown = np.array([np.repeat([value, 0.0], 5) for value in (-3.0, 0.0, 3.0)])
    runs = [simulator.infer(one, steps=60, record="states") for one in shown]
    found = dp.analysis.compare_levels(runs, coarse, shown, burn_in=10, seed=1)
    assert found.fine_course.shape == (180, 2)
    expected = np.stack([coarse.coarsening.states(run.states[10:]).mean((0, 1)) for run in runs])
    np.testing.assert_allclose(found.fine.value, expected)
    assert np.all(found.correlation.value > 0.95)
    single = dp.analysis.compare_levels(runs[0], coarse, shown[0], burn_in=10)
    assert np.isnan(single.relative_error.value).all()  # one evidence: nothing varies
    assert single.fine.value.shape == (1, 2)
    alone = dp.Simulator(world, seed=4).infer(steps=30)
    assert np.isnan(dp.analysis.compare_levels(alone, coarse, burn_in=5).fine.standard_error).all()


def spoiled(world: dp.Partition) -> dp.Partition:
    coarse = world.coarsen(1)
    coarse.remove("lonely")
    return coarse


ERRORS: dict[str, tuple[type[Exception], Callable[[Any], object], str]] = {
    "a world that is not coarse": (
        dp.PartitionError,
        lambda w: dp.analysis.compare_levels(dp.Simulator(w), w),
        "world: a world that coarsen() made knows the finer one (got a world that was made other",
    ),
    "no world at all": (
        dp.SettingTypeError,
        lambda w: dp.analysis.compare_levels(
            dp.Simulator(w),
            dp.Simulator(w.coarsen(1)),  # type: ignore[arg-type]
        ),
        "compare_levels: the coarse world is a partition, made by coarsen() (got <Simulator of 'wo",
    ),
    "an edited coarse world": (
        dp.PartitionError,
        lambda w: dp.analysis.compare_levels(dp.Simulator(w), spoiled(w)),
        "compare_levels: a coarse world has the subparticles that it was made with (got 3",
    ),
    "another fine world": (
        dp.PartitionError,
        lambda w: dp.analysis.compare_levels(dp.Simulator(two_blocks(2)), w.coarsen(1)),
        (
            "compare_levels: the coarse world was made from the world of the simulator (got a "
            "simulator of 4 subparticles, and a coarsening of 7 with other paths)"
        ),
    ),
    "several networks": (
        dp.SettingError,
        lambda w: dp.analysis.compare_levels(dp.Simulator(w, networks=2), w.coarsen(1)),
        "compare_levels: one network is compared (got a simulator of 2). Mend: give a Simulator",
    ),
    "runs without their evidence": (
        dp.SettingError,
        lambda w: dp.analysis.compare_levels([dp.Simulator(w).infer()] * 2, w.coarsen(1)),
        "compare_levels: there is one run per evidence (got 2 runs for 1 evidence)",
    ),
    "runs that are too short": (
        dp.SettingError,
        lambda w: dp.analysis.compare_levels(dp.Simulator(w).infer(steps=9), w.coarsen(1)),
        "compare_levels: runs are longer than burn_in (got 50). Mend: give a smaller burn_in.",
    ),
    "states of another world": (
        dp.SettingError,
        lambda w: dp.analysis.time_scales(np.zeros((50, 3)), w),
        "time_scales: states have shape (steps, [chains,] 7), with at least 2 steps (got shape (50",
    ),
    "the time of what is not there": (
        dp.UnknownPathError,
        lambda w: dp.analysis.time_scales(np.zeros((50, 7)), w)["brian"],
        "time scales: a path names an existing object (got 'brian'). Mend: did you mean 'brain'",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    kind, act, message = ERRORS[name]
    with pytest.raises(kind, match=says(message)) as caught:
        act(example())
    assert is_complete(caught.value)


# ------------------------------------------------------------------ time scales


def autoregression(coefficients: Array, steps: int, chains: int, seed: int) -> Array:
    from scipy.signal import lfilter

    noise = np.random.default_rng(seed).normal(size=(steps + 200, chains, len(coefficients)))
    series = [
        lfilter([1.0], [1.0, -a], noise[..., number], axis=0)[200:]
        for number, a in enumerate(coefficients.tolist())
    ]
    return np.stack(series, axis=-1)


def test_autocorrelation_times_that_are_known() -> None:
    # x' = a x + noise has (1 + a)/(1 - a).
    coefficients = np.array([-0.5, 0.0, 0.5, 0.9])
    found = dp.analysis.autocorrelation_time(autoregression(coefficients, 8000, 10, seed=0))
    exact = (1 + coefficients) / (1 - coefficients)
    assert np.all(np.abs(found.value - exact) < 4 * found.standard_error)
    assert np.all(found.standard_error < 0.1 * exact)


def test_standard_errors_of_times_are_right() -> None:
    many = [
        dp.analysis.autocorrelation_time(autoregression(np.full(50, 0.8), 4000, 1, seed))
        for seed in range(4)
    ]
    times = np.concatenate([one.value for one in many])
    errors = np.concatenate([one.standard_error for one in many])
    assert times.std() == pytest.approx(errors.mean(), rel=0.25)
    assert abs(times.mean() - 9.0) < 0.5


def test_a_linear_unit_is_as_slow_as_its_couplings_make_it() -> None:
    # n Gaussian states that listen to their mean: S' = M S + noise, times (1 + M)/(1 - M) and 1.
    size, strength = 6, 0.6
    couplings = np.full((size, size), strength / (size - 1))
    np.fill_diagonal(couplings, 0.0)
    world = dp.Partition("world")
    world.add_population("unit", size, couplings=couplings, distribution=dp.Gaussian())
    run = dp.Simulator(world, chains=20, seed=1).infer(steps=4000, burn_in=50, record="states")
    found = dp.analysis.time_scales(run, world)
    time = found["unit"]
    assert abs(time.value - (1 + strength) / (1 - strength)) < 4 * time.standard_error
    assert found[""].value == time.value
    assert bool(np.all(found.reliable))


def test_clocks_make_levels_slow() -> None:
    # A leader updates every 10 steps; those who follow it do so in every step.
    world = dp.Partition("world")
    area = world.add_partition("area", clock=10)
    leader = area.add_subparticle("leader")
    cells = area.add_population("cells", 30, clock=1)
    world.couple(leader, cells, 3.0)
    run = dp.Simulator(world, chains=20, seed=2).infer(steps=3000, burn_in=20, record="states")
    found = dp.analysis.time_scales(run, world)
    assert found["area/cells/0"].value + 2 < found["area/cells"].value
    assert abs(found["area/leader"].value - 10.0) < 4 * found["area/leader"].standard_error
    # The mean follows the leader one step later: held for 10 steps as well, but for the noise.
    gain, noise = dp.ContinuousBernoulli(), 30
    uniform = np.linspace(-1, 1, 2001)
    signal = gain.mean(3.0 * uniform).var()
    share = signal / (signal + gain.variance(3.0 * uniform).mean() / noise)
    expected = 1.0 + share * (10.0 - 1.0)
    assert abs(found["area/cells"].value - expected) < 4 * found["area/cells"].standard_error
    assert found.paths[:3] == ("", "area", "area/cells")
    assert found.depths[:4].tolist() == [0, 1, 2, 2]
    assert found.at(None).value == pytest.approx(found.times.value[3:].mean())
    lines = str(found).splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "partitions at depth 0",
        "partitions at depth 1",
        "partitions at depth 2",
        "subparticles",
    ]


def test_what_does_not_change_has_no_time() -> None:
    world = dp.from_couplings(np.zeros((2, 2)))
    states = np.zeros((100, 2))
    states[:, 1] = np.random.default_rng(0).normal(size=100)
    found = dp.analysis.time_scales(states, world)
    assert np.isnan(found["population/0"].value)
    assert np.isfinite(found["population/1"].value)
