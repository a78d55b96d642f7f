"""Lesson 7 tells the numbers that come out: what makes levels slow, and what a unit loses."""

from typing import Any

import pytest

pytest.importorskip("marimo")

import deepparticle as dp
from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons

NOTHING: dict[str, Any] = {"ratio": 1, "between": 0.0, "inside": 0.0}


def run(**values: Any) -> dict[str, Any]:
    return find_lesson(7).run(values)[1]


def times(found: dict[str, Any]) -> list[float]:
    return list(found["mean_times"].values())


def test_levels_as_such_have_no_pace() -> None:
    found = run(**NOTHING)
    assert times(found) == pytest.approx([1.0] * 5, abs=0.05)
    clocks = run(**{**NOTHING, "ratio": 4})["mean_times"]
    assert clocks["a cell"] == pytest.approx(1.0, abs=0.05)
    assert clocks["an area"] == pytest.approx(3.5, abs=0.05)


def test_what_is_shared_makes_the_whole_slower_than_its_parts() -> None:
    opened = run(ratio=4)
    assert opened["mean_times"]["a cell"] == pytest.approx(2.9, abs=0.05)
    assert opened["mean_times"]["the cells"] == pytest.approx(6.1, abs=0.05)
    assert times(opened) == sorted(times(opened))
    # Equal members that do not know of each other: the expected states agree to rounding.
    unit = opened["exact"].units.index("left/column1/cells")
    assert opened["exact"].relative_error.value[unit] < 1e-12


def test_a_unit_loses_its_memory_and_then_its_stand_in() -> None:
    found = run(**{**NOTHING, "inside": 2.0})
    assert found["mean_times"]["a cell"] == pytest.approx(1.3, abs=0.05)
    assert found["mean_times"]["the cells"] == pytest.approx(3.7, abs=0.05)
    unit = found["exact"].units.index("left/column1/cells")
    assert found["exact"].relative_error.value[unit] == pytest.approx(0.015, abs=5e-4)
    coarse = found["coarse"]
    again = dp.Simulator(coarse, chains=8, seed=1).infer(steps=2000, burn_in=100)
    pace = dp.analysis.time_scales(again, coarse)["left/column1/cells"]
    assert pace.value == pytest.approx(1.0, abs=0.05)

    assert run(**{**NOTHING, "inside": 3.25})["refusal"] == ""
    refused = run(**{**NOTHING, "inside": 3.5})
    assert refused["coarse"] is None
    assert "does not order by itself" in refused["refusal"]
    assert "(got 1.021)" in refused["refusal"]
