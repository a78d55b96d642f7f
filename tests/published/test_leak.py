"""The open question of the revised manuscript: how much the antisymmetric part moves the law.

Measured on every tenth network of the grid of simulation 2, and on eight networks of simulation 3;
over all of them the medians are 13 %, 4 % for a random antisymmetric part of the same norm, and
31 … 40 % for sequences (``deepparticle reproduce leak``).
"""

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from deepparticle.reproduce.simulations.leak import KINDS, SCHEDULES, of_sequences, over_the_grid

pytestmark = pytest.mark.slow

STEPS = 200


@pytest.fixture(scope="module")
def grid() -> dict[str, Any]:
    return over_the_grid(0, 5000, STEPS, 10, "auto")


@pytest.fixture(scope="module")
def sequences() -> dict[str, Any]:
    return of_sequences(0, STEPS, "auto")


def leaks(found: dict[str, Any], schedule: str) -> list[np.ndarray]:
    return [found[f"leak, {schedule}, {kind}"] for kind in KINDS]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_law_is_not_that_of_the_symmetric_part(grid: dict[str, Any], schedule: str) -> None:
    learned, drawn = leaks(grid, schedule)
    assert len(learned) == 38
    assert 0.08 < np.median(learned) < 0.2
    # What learning leaves is no small antisymmetric part that happens to lie well: a random one
    # of the same norm moves the law less.
    assert np.median(drawn) < 0.6 * np.median(learned)
    # Some networks are so nearly symmetric that noise makes their small production negative.
    assert np.median(grid[f"production, {schedule}, learned"]) > 0.03


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_orthogonal_attractors_do_not_make_the_leak_small(
    grid: dict[str, Any], schedule: str
) -> None:
    learned, _ = leaks(grid, schedule)
    several = np.isfinite(grid["deviation"])
    assert several.sum() >= 20
    assert abs(spearmanr(grid["deviation"][several], learned[several]).statistic) < 0.6
    orthogonal = several & (grid["deviation"] <= np.nanmedian(grid["deviation"]))
    assert np.median(learned[orthogonal]) > 0.05


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_sequences_leak_most(
    grid: dict[str, Any], sequences: dict[str, Any], schedule: str
) -> None:
    learned, _ = leaks(sequences, schedule)
    assert 0.2 < np.median(learned) < 0.55
    assert np.median(learned) > np.median(leaks(grid, schedule)[0])
