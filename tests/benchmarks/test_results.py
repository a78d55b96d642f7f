"""Medians, ratios within rounds, and verdicts that hide nothing."""

import pytest

from deepparticle.benchmarks.results import Goal, Measurement, Row, ratio_to, size_text, time_text


def test_a_disturbed_repetition_does_not_move_the_median() -> None:
    assert Measurement((1.0, 1.1, 0.9, 1.0, 50.0)).median == 1.0


def test_a_ratio_is_taken_within_rounds() -> None:
    # The machine is ten times slower in the last two rounds; the ratio is 2 in all of them.
    yardstick = Measurement((1.0, 10.0, 10.0))
    assert ratio_to(Measurement((2.0, 20.0, 20.0)), yardstick) == 2.0


def test_rounds_must_match() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio_to(Measurement((1.0,)), Measurement((1.0, 2.0)))


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (Goal(2.0, "≤ 2"), 2.0, "reached"),
        (Goal(2.0, "≤ 2"), 3.0, "missed by 50 %"),
        # A miss by less than a percent is a miss.
        (Goal(2.0, "≤ 2"), 2.001, "missed by 1 %"),
        (Goal(0.7, "≥ 70 %", at_least=True), 0.7, "reached"),
        (Goal(0.7, "≥ 70 %", at_least=True), 0.35, "missed by 50 %"),
    ],
)
def test_verdicts(goal: Goal, value: float, verdict: str) -> None:
    assert goal.verdict(value) == verdict
    assert Row("P1", "work", "x", Measurement((1.0,)), value=value, goal=goal).verdict == verdict


def test_a_yardstick_has_no_verdict() -> None:
    assert Row("P1", "work", "x", Measurement((1.0,))).verdict == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.31e-7, "231 ns"), (9.99e-6, "9.99 µs"), (0.05, "50 ms"), (59.94, "59.9 s"), (0.0, "0 ns")],
)
def test_times_are_said_in_a_fitting_unit(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_bytes_are_said_in_a_fitting_unit() -> None:
    assert [size_text(size) for size in (987.0, 1.2e3, 3.4e8)] == ["987 B", "1.2 kB", "340 MB"]


def test_a_single_repetition_has_no_quartiles_to_show() -> None:
    assert str(Measurement((2.0,))) == "2 s (once)"
