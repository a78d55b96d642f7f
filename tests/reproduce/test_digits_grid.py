"""The grid of simulation 2: its cells, its scores, and the regimes that the figures show."""

import numpy as np

from deepparticle.datasets import digits
from deepparticle.reproduce.simulations.digits_grid import (
    EVIDENCES,
    PRECISIONS,
    REGIMES,
    cell_number,
    evaluate_grid,
    grid_simulator,
    settings_of_all,
    trials_of,
)


def test_the_grid_is_that_of_simulation_2() -> None:
    assert len(EVIDENCES) * len(PRECISIONS) == 380
    named = {
        regime: (EVIDENCES[evidence - 1], round(float(PRECISIONS[precision]), 4))
        for regime, (evidence, precision) in REGIMES.items()
    }
    assert named == {
        "high complexity": (16.0, 0.3594),
        "balanced": (11.0, 0.1668),
        "low complexity": (6.0, 0.0278),
    }


def test_the_cell_of_a_regime_has_its_settings() -> None:
    evidence, precision = settings_of_all()
    for regime, (strength, number) in REGIMES.items():
        cell = cell_number(regime)
        assert (evidence[cell], precision[cell]) == (strength, PRECISIONS[number])


def test_networks_that_know_nothing_score_as_their_input() -> None:
    found = evaluate_grid(grid_simulator(0, "numpy"), seed=0, trials=4)
    assert found["retrieval"].shape == (380,)
    # Without couplings the mean response is a blurred input: it explains less of the image.
    assert found["retrieval"].mean() < 0.0
    np.testing.assert_array_equal(found["attractors"], 1.0)
    assert np.all(np.isnan(found["deviation"]))
    assert np.all(found["resting"] == 1.0)
    np.testing.assert_array_equal(found["asymmetry"], 0.0)
    np.testing.assert_array_equal(found["states, balanced"], 0.0)


def test_the_trials_of_a_regime_are_kept_whole() -> None:
    found = evaluate_grid(grid_simulator(0, "numpy"), seed=0, trials=4)
    shown = trials_of(found, "balanced", "retrieval")
    np.testing.assert_array_equal(shown.targets, digits().train[shown.chosen])
    assert shown.score == found["retrieval"][cell_number("balanced")]
