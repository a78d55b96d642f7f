"""Lesson 5 tells what comes out: angles of attractors and errors, and what saturation does."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("marimo")

from deepparticle.analysis import angles_between, correlation
from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons


def run(**values: Any) -> dict[str, Any]:
    return find_lesson(5).run(values)[1]


def angle(states: Any) -> float:
    return float(angles_between(states)[0])


def of_error(found: dict[str, Any]) -> float:
    return float(np.degrees(np.arccos(found["overlap"])))


def test_attractors_are_further_apart_than_what_was_shown() -> None:
    found = run()
    assert angle(found["images"]) == pytest.approx(40, abs=0.5)
    assert angle(found["state_of"]) == pytest.approx(76, abs=0.5)
    assert angle(found["found"].states) == pytest.approx(92, abs=0.5)
    assert len(found["hebbian"]) == 1


def test_what_is_known_pulls_no_more() -> None:
    before, after = run(shown=0), run(shown=30)
    assert before["drives"] == pytest.approx([4.7, 4.7], abs=0.05)
    assert after["drives"] == pytest.approx([0.6, 4.8], abs=0.05)
    assert [of_error(one) for one in (before, after)] == pytest.approx([76, 91], abs=0.5)


@pytest.mark.parametrize(("precision", "degrees"), [("0.05", 81), ("0.5", 110)])
def test_the_error_is_orthogonal_in_between_only(precision: str, degrees: int) -> None:
    assert of_error(run(precision=precision)) == pytest.approx(degrees, abs=0.5)


def test_at_high_precision_attractors_are_copies() -> None:
    found = run(precision="1")
    pushed = np.sign(found["images"])
    assert angle(pushed) == pytest.approx(69, abs=0.5)
    assert angle(found["found"].states) == pytest.approx(69, abs=0.5)
    assert correlation(found["found"].states, pushed) == pytest.approx(1.0, abs=5e-3)


@pytest.mark.parametrize("strength", [15, 20, 30, 40])
def test_they_are_orthogonal_where_evidence_and_precision_balance(strength: int) -> None:
    found = run(strength=strength)
    means, betas = found["angles"].mean(axis=1), found["betas"]
    above = int(np.flatnonzero(means >= 90).max())  # the highest precision with 90° or more
    share = (means[above] - 90) / (means[above] - means[above + 1])
    crossing = betas[above] * (betas[above + 1] / betas[above]) ** share
    assert crossing * strength == pytest.approx(3, abs=0.6)
    assert means[-1] < 70
    lowest = found["angles"][0]
    if strength <= 30:  # one attractor, or none
        assert np.all(np.isnan(lowest) | (lowest < 1))
