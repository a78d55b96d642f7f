"""Statements of the paper that were measured: what holds, and what does not (theory.md, section 8).

Those about single runs and stationary laws are in `tests/exact`, those about the sequence and about
forgetting beside the simulations.
"""

import numpy as np
import pytest

from deepparticle.analysis import asymmetry, deviation_from_orthogonality
from deepparticle.datasets import digits
from deepparticle.reproduce.simulations.digits import text_rate
from deepparticle.reproduce.simulations.digits_grid import cell_number, evaluate_grid, learn_grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def grid() -> dict[str, np.ndarray]:
    return evaluate_grid(learn_grid(0, "auto", 5000), seed=0, trials=50)


def test_couplings_of_the_grid_are_not_close_to_symmetric(grid: dict[str, np.ndarray]) -> None:
    parts = np.asarray(asymmetry(grid["couplings"]))
    assert parts.min() == pytest.approx(0.14, abs=0.03)
    assert np.median(parts) == pytest.approx(0.27, abs=0.02)
    assert parts.max() == pytest.approx(0.47, abs=0.06)


def test_retrieval_and_generalisation_prefer_other_precisions(grid: dict[str, np.ndarray]) -> None:
    best = {
        name: np.argmax(grid[name].reshape(20, 19), axis=1).mean()
        for name in ("retrieval", "generalisation")
    }
    assert best["generalisation"] + 1.0 < best["retrieval"]


def test_only_the_balanced_attractors_are_more_orthogonal_than_the_data(
    grid: dict[str, np.ndarray],
) -> None:
    of_data = deviation_from_orthogonality(digits().train)
    balanced, precise = (
        grid["deviation"][cell_number(regime)] for regime in ("balanced", "high complexity")
    )
    assert balanced < of_data < precise


def test_the_grid_is_filled_from_one_attractor_to_ten(grid: dict[str, np.ndarray]) -> None:
    counts = grid["attractors"].reshape(20, 19)
    np.testing.assert_array_equal(counts[:, 0], 1.0)
    assert np.all(counts[5:, -1] >= 9.0)
    # More precision, more attractors: hardly any step down along a row.
    assert np.mean(np.diff(counts, axis=1) >= -1.0) > 0.97


@pytest.mark.parametrize("seed", range(3))
def test_digits_cannot_be_learned_at_the_rate_of_the_text(seed: int) -> None:
    found = text_rate(seed, 5000, "auto")
    assert found["diverged"]
    assert found["lowest"] < -100.0
