"""Simulation 1: two correlated images become nearly orthogonal attractors.

A number is inside its band when |mean over n networks − reference| ≤ 4 sd / √n.
"""

from typing import Any

import numpy as np
import pytest

import deepparticle as dp

pytestmark = pytest.mark.slow

NETWORKS = 12
NOISE = 0.1
# What independent runs of the protocol gave: mean and standard deviation over networks.
REFERENCES = {
    "attractor correlation": (-0.19, 0.035),
    "published free energy, first 50 steps": (-447.0, 2.0),
    "published free energy, last 500 steps": (-535.5, 1.2),
    "asymmetry": (0.79, 0.02),
    "retrieval of the noisy bar": (0.98, 0.01),
}


def one_network(seed: int) -> dict[str, float]:
    images = dp.datasets.cross_and_bar()
    world = dp.from_couplings(np.zeros((25, 25)), name="images")
    simulator = dp.Simulator(world, seed=seed)
    run = simulator.learn(
        images, 30.0, epochs=500, steps=10, learning_rate=0.01, precision=0.1, record="published"
    )
    starts = dp.ContinuousBernoulli().mean(0.1 * images)
    relaxed = simulator.relax(starts)
    assert np.all(relaxed.converged)
    # The reference does not say how noisy the bar was, nor for how long it was shown. Here: a tenth
    # of the evidence of learning and its precision, as for the digits; noise sd .1; 1000 steps.
    noisy = images[1] + NOISE * np.random.default_rng(seed).normal(size=25)
    response = simulator.infer(
        3.0 * noisy, steps=1000, precision=0.1, start=np.zeros(25), record=()
    ).mean
    return {
        "attractor correlation": float(np.corrcoef(relaxed.states[0], relaxed.states[1])[0, 1]),
        "published free energy, first 50 steps": float(run.published[:50].mean()),
        "published free energy, last 500 steps": float(run.published[-500:].mean()),
        "asymmetry": dp.analysis.asymmetry(simulator.couplings),
        "retrieval of the noisy bar": float(np.corrcoef(response, images[1])[0, 1]),
    }


@pytest.fixture(scope="module")
def networks() -> dict[str, Any]:
    results = [one_network(seed) for seed in range(NETWORKS)]
    return {name: np.array([result[name] for result in results]) for name in REFERENCES}


@pytest.mark.parametrize("name", list(REFERENCES))
def test_simulation_1_is_inside_the_band(networks: dict[str, Any], name: str) -> None:
    mean, deviation = REFERENCES[name]
    assert abs(networks[name].mean() - mean) <= 4 * deviation / np.sqrt(NETWORKS), networks[name]


def test_the_images_are_correlated_as_published() -> None:
    vertical, horizontal = dp.datasets.cross_and_bar()
    correlation = np.corrcoef(vertical, horizontal)[0, 1]
    assert correlation == pytest.approx(0.771, abs=5e-4)
