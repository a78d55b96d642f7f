"""Lesson 1 tells what comes out: where leaks are, how many steps show them, and at one instant."""

from typing import Any

import pytest

pytest.importorskip("marimo")

from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons

BODY_TOO = {"scene → b", "b → scene", "scene → a→b"}


def run(**values: Any) -> dict[str, Any]:
    return find_lesson(1).run(values)[1]


@pytest.mark.parametrize("leak", ["none", "left → b", *sorted(BODY_TOO)])
def test_a_leak_is_one_of_a_thing(leak: str) -> None:
    found = run(leak=leak)["faults"]
    levels = {fault.where for fault in found if "→" not in fault.where}
    if leak == "none":
        assert not found
    elif leak == "left → b":
        assert levels == {"body/eye", "body/eye/left", "body/brain", "body/brain/b"}
    else:
        assert "body" in levels


@pytest.mark.parametrize(
    ("hidden", "steps", "ok"),
    [
        (0.0, "8000", True),
        (0.1, "8000", True),
        (0.2, "500", True),
        (0.2, "2000", False),
        (0.4, "500", False),
        (0.4, "8000", False),
    ],
)
def test_how_many_steps_it_takes(hidden: float, steps: str, ok: bool) -> None:
    certificate = run(hidden=hidden, steps=steps)["certificate"]
    assert certificate.ok is ok
    if not ok:
        assert certificate.worst.path == "body/brain/b"


def test_a_score_grows_with_the_coupling_and_the_square_root_of_the_steps() -> None:
    scores = {
        (hidden, steps): run(hidden=hidden, steps=steps)["certificate"].worst.statistic
        for hidden, steps in ((0.4, "8000"), (0.8, "2000"), (0.8, "8000"))
    }
    # One run each: a score has a standard deviation of about 1.
    assert scores[0.4, "8000"] == pytest.approx(scores[0.8, "2000"], abs=3)
    assert scores[0.8, "8000"] == pytest.approx(2 * scores[0.8, "2000"], abs=4)


def test_the_present_state_of_the_middle_is_enough_in_one_row_only() -> None:
    found = run(row=2.0)
    assert found["together"] == pytest.approx({"sequential": 0.372, "synchronous": 0.372}, abs=5e-4)
    assert found["left_over"]["sequential"] == 0.0
    assert found["left_over"]["synchronous"] == pytest.approx(0.0735, abs=5e-5)
    assert run(row=0.0)["left_over"]["synchronous"] == 0.0


def test_with_unequal_couplings_it_depends_on_who_comes_last() -> None:
    import numpy as np

    import deepparticle as dp

    outwards, back = 3.0, 1.0
    middle_second = np.array([[0, outwards, 0], [back, 0, back], [0, outwards, 0]])
    order = [0, 2, 1]
    for couplings, left in (
        (middle_second, 0.0),
        (middle_second[np.ix_(order, order)], 0.069),
    ):
        row = dp.from_couplings(couplings)
        row.check()
        found = {one.schedule: one.pairs for one in row.report().levels[0].equal_time}
        assert found["sequential"] == pytest.approx(left, abs=5e-4)
