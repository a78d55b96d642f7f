"""The page says what was measured, what was missed, and what was left out."""

from deepparticle.benchmarks.report import omission_line, page, row_lines, summary
from deepparticle.benchmarks.results import Goal, Measurement, Omission, Outcome, Row
from deepparticle.benchmarks.settings import FULL, QUICK

GOAL = Goal(2.0, "best backend ≤ 2 × roofline.c")
YARDSTICK = Row("P1", "work", "roofline.c", Measurement((1e-6, 1.1e-6, 0.9e-6)))
REACHED = Row(
    "P1", "work", "native", Measurement((1.5e-6,) * 3), "1.5 × roofline.c", 1.5, GOAL, "by the way"
)
MISSED = Row("P2", "other work", "jax", Measurement((5e-6,) * 3), "5 × roofline.c", 5.0, GOAL)
OMITTED = Omission("P4", "thrml", "No module named 'thrml'")
OUTCOME = Outcome([YARDSTICK, REACHED, MISSED], [OMITTED])
MACHINE = {"processor": "a | b", "cores": "2"}


def test_the_page_has_a_row_for_everything() -> None:
    text = page(MACHINE, FULL, OUTCOME, {"N": "images/benchmarks-N.png"})
    assert "| processor | a \\| b |" in text
    assert "## P1: Many networks at once\n\nWork.\n" in text
    assert "| roofline.c | 1 µs (950 ns … 1.05 µs) |  |  |  |  |" in text
    assert (
        "| native | 1.5 µs (1.5 … 1.5 µs) | 1.5 × roofline.c | best backend ≤ 2 × roofline.c | "
        "reached | by the way |" in text
    )
    assert "| 5 × roofline.c | best backend ≤ 2 × roofline.c | **missed by 150 %** |" in text
    assert "- P4, thrml: left out: No module named 'thrml'" in text
    assert "](images/benchmarks-N.png)" in text
    assert max(len(line) for line in text.splitlines() if "|" not in line) < 200


def test_a_miss_is_said_at_the_top() -> None:
    lines = summary(OUTCOME, FULL)
    assert lines == [
        "1 of 2 goals reached",
        "  P2 jax: best backend ≤ 2 × roofline.c, missed by 150 % (5 × roofline.c)",
    ]
    text = page(MACHINE, FULL, OUTCOME, {})
    assert text.index("1 of 2 goals reached. Missed:") < text.index("## P1")


def test_small_sizes_are_not_judged_and_say_so() -> None:
    text = page(MACHINE, QUICK, OUTCOME, {})
    assert "A quick run" in text
    assert "not judged" in text
    assert "missed" not in text
    assert summary(OUTCOME, QUICK) == []


def test_an_interrupted_run_says_so() -> None:
    assert "interrupted" in page(MACHINE, FULL, OUTCOME, {}, interrupted=True)


def test_a_terminal_shows_the_verdict() -> None:
    (line,) = row_lines(MISSED, FULL)
    assert "jax" in line
    assert line.endswith("best backend ≤ 2 × roofline.c: MISSED BY 150 %")
    assert list(row_lines(REACHED, FULL))[1].strip() == "by the way"


def test_a_fault_is_not_called_an_omission() -> None:
    assert "left out: No module" in omission_line(OMITTED)
    assert "FAILED: wrong" in omission_line(Omission("P1", "jax", "wrong", failed=True))
