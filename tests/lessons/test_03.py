"""Lesson 3 tells what comes out: which schedule samples Boltzmann's law, and which does not."""

from typing import Any

import pytest

pytest.importorskip("marimo")

from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons


def laws(**values: Any) -> tuple[Any, Any]:
    found = find_lesson(3).run(values)[1]
    return found["law"], found["boltzmann"]


@pytest.mark.parametrize("schedule", ["sequential", "random", "langevin"])
def test_with_equal_couplings_boltzmanns_law_is_sampled(schedule: str) -> None:
    law, boltzmann = laws(schedule=schedule)
    assert law.mean == pytest.approx(boltzmann.mean, abs=2e-3)
    assert law.correlations[0, 1] == pytest.approx(boltzmann.correlations[0, 1], abs=2e-3)


def test_at_once_the_means_stay_and_the_correlation_vanishes() -> None:
    law, boltzmann = laws(schedule="synchronous")
    assert law.mean == pytest.approx(boltzmann.mean, abs=1e-12)
    assert law.correlations[0, 1] == pytest.approx(0.0, abs=1e-12)
    assert boltzmann.correlations[0, 1] == pytest.approx(0.568, abs=5e-4)


@pytest.mark.parametrize(
    ("schedule", "forth", "back", "told"),
    [
        ("sequential", 0, 4, 0.76),
        ("sequential", 4, 0, 0.00),
        ("random", 0, 4, 0.38),
        ("synchronous", 0, 4, 0.00),
        ("langevin", 0, 4, 0.49),
    ],
)
def test_no_schedule_has_the_law_of_the_symmetric_part(
    schedule: str, forth: float, back: float, told: float
) -> None:
    law, boltzmann = laws(schedule=schedule, forth=forth, back=back)
    assert law.correlations[0, 1] == pytest.approx(told, abs=5e-3)
    assert boltzmann.correlations[0, 1] == pytest.approx(0.57, abs=5e-3)
