"""The report: every number has its place, and nothing is judged in a quick run."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from deepparticle.reproduce.measures import Claim, Comparison, Measure, Reproduction
from deepparticle.reproduce.report import as_json, number_text, page, table_lines
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation


def nothing(settings: Settings) -> Mapping[str, Any]:
    return {"steps": 3}


SIMULATION = Simulation(
    "test", "A title", "A story.", (2, 1), nothing, lambda _: [], lambda *_: Reproduction(())
)
RESULT = Reproduction(
    (
        Measure("inside", (1.0, 1.1), 1.05, (1.0, 0.1)),
        Measure("outside", (2.0, 2.1), None, (1.0, 0.1)),
        Measure("|x| without", (float("nan"),)),
    ),
    (
        Comparison("score", {"network": (0.5, 0.7), "none": (0.25,)}),
        Comparison("other", {"network": (2.0,)}),
    ),
    (Claim("a statement", "does not hold", "a number"),),
    notes=("a note",),
    details={"curve": np.array([1.0, np.nan]), "count": np.int64(3)},
)
MACHINE = {"deepparticle": "1.0", "NumPy": "2.0"}
FULL, QUICK = Settings((0, 1)), Settings((0, 1), quick=True)


def test_the_page_has_every_part() -> None:
    text = page(SIMULATION, FULL, RESULT, MACHINE, 1.0)
    assert "| inside | 1.05 | 0.7172 … 1.283 | 1.050 ± 0.071 | 2 | inside |" in text
    assert "OUTSIDE" in text
    assert "| none | 0.25 | – |" in text
    assert "| a statement | **does not hold** | a number |" in text
    assert "- a note" in text
    assert "- steps: 3" in text


def test_a_bar_in_a_name_does_not_break_the_table() -> None:
    rows = [
        line
        for line in page(SIMULATION, FULL, RESULT, MACHINE, 1.0).splitlines()
        if "without" in line
    ]
    assert [row.count("|") for row in rows] == [7]


def test_a_quick_run_judges_nothing() -> None:
    text = page(SIMULATION, QUICK, RESULT, MACHINE, 1.0)
    assert "OUTSIDE" not in text
    assert "does not hold" not in text
    assert "A quick run" in text
    lines = "\n".join(table_lines(RESULT, QUICK))
    assert "OUTSIDE" not in lines
    assert "DOES NOT HOLD" not in lines


def test_the_terminal_sees_the_verdicts() -> None:
    lines = "\n".join(table_lines(RESULT, FULL))
    assert "OUTSIDE" in lines
    assert "DOES NOT HOLD: a statement (a number)" in lines


def test_json_has_no_nan() -> None:
    text = as_json(SIMULATION, FULL, RESULT, MACHINE, 1.0)
    found = json.loads(text)
    assert "NaN" not in text
    assert found["details"] == {"curve": [1.0, None], "count": 3}
    assert [measure["inside"] for measure in found["measures"]] == [True, False, None]


@pytest.mark.parametrize(
    ("value", "deviation", "text"),
    [
        (0.28734, 0.0131, "0.287 ± 0.013"),
        (-447.2, 2.0, "-447.2 ± 2.0"),
        (1234.5, 250.0, "1234 ± 250"),
        (10.0, 0.0, "10 ± 0"),
        (float("nan"), 0.1, "–"),
        (0.5, float("nan"), "0.5"),
    ],
)
def test_numbers_have_as_many_digits_as_their_spread(
    value: float, deviation: float, text: str
) -> None:
    assert number_text(value, deviation) == text
