"""Meters of a steady state in worlds with noisy boundary states: a refusal, not a wrong number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.partitions.steady_laws import steady_laws


def pair(sd: float, schedule: str = "sequential") -> tuple[dp.Partition, dp.Simulator]:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a", bias=0.5), world.add_subparticle("b", bias=-0.2)
    for source, target in ((a, b), (b, a)):
        world.couple(source, target).conditional = dp.GaussianBoundary(1.5, sd)
    return world, dp.Simulator(world, "numpy", schedule, seed=0)


METERS: dict[str, Callable[[dp.Simulator], Any]] = {
    "stationary_law": dp.analysis.stationary_law,
    "exact_entropy_production": dp.analysis.exact_entropy_production,
    "entropy_production": lambda sim: dp.analysis.entropy_production(sim, steps=20),
    "exact_currents": dp.analysis.exact_currents,
    "circulation": lambda sim: dp.analysis.circulation(sim, steps=20),
    "steady_state": lambda sim: dp.analysis.steady_state(sim, steps=20),
    "moments": lambda sim: dp.analysis.moments(sim, method="exact"),
}


@pytest.mark.parametrize("name", METERS)
def test_what_rests_on_the_law_of_a_step_is_refused(name: str) -> None:
    _, noisy = pair(2.0)
    message = rf"{name}: boundary states are Dirac deltas.*got 2 noisy.*dp\.Delta"
    with pytest.raises(dp.SettingError, match=message):
        METERS[name](noisy)
    _, quiet = pair(0.0)  # a noise of nothing is none
    METERS[name](quiet)


@pytest.mark.parametrize("schedule", ["synchronous", "sequential"])
def test_moments_are_sampled_and_agree_with_the_law_of_the_mixture(schedule: str) -> None:
    pytest.importorskip("arviz_stats")
    world, simulator = pair(2.0, schedule)
    found = dp.analysis.moments(simulator, steps=20_000, chains=10)
    assert found.method == "sampled"
    law: Any = steady_laws(world)[0][schedule]
    values = law.nodes[0][0]
    expected = [law.table.sum(axis=1) @ values, law.table.sum(axis=0) @ values]
    assert np.all(np.abs(found.mean - expected) < 4.0 * found.mean_error)
    exact = dp.analysis.moments(pair(0.0, schedule)[1])
    assert exact.method == "exact"
    # The noise matters: twenty standard errors.
    assert np.max(np.abs(found.mean - exact.mean) / found.mean_error) > 20.0
