"""The suite measures, goes on where something is missing or broken, and writes it down."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

from deepparticle.benchmarks import suite
from deepparticle.benchmarks.machine import OtherWork, core_count
from deepparticle.benchmarks.probe import probe
from deepparticle.benchmarks.results import Curve, Goal, Measurement, Omission, Outcome, Row
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.suite import WORKS, run_benchmarks
from deepparticle.benchmarks.works.grid import GridScores
from deepparticle.reproduce.simulations.digits_grid import CELLS, cell_number


def measured(settings: Settings, progress: bool) -> Outcome:
    times = Measurement((1.0,) * settings.repeats)
    goal = Goal(2.0, "≤ 2 × yardstick")
    return Outcome(
        [Row("P1", "work", "numpy", times, "3 × yardstick", 3.0, goal)],
        [Omission("P1", "jax", "not here")] * 2,
        [Curve("N", "numpy", (1.0, 2.0), (times, times))],
    )


def broken(settings: Settings, progress: bool) -> Outcome:
    raise ZeroDivisionError("a fault")


def stopped(settings: Settings, progress: bool) -> Outcome:
    raise KeyboardInterrupt


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(suite, "WORKS", {"P1": measured, "P2": broken, "P3": stopped, "P4": broken})
    return []


def test_everything_is_written_down(said: list[str], tmp_path: Path) -> None:
    result = run_benchmarks(["P1"], tmp_path, say=said.append, progress=False)
    assert result.page == tmp_path / "benchmarks.md"
    assert not result.failed
    text = result.page.read_text(encoding="utf-8")
    assert "**missed by 50 %**" in text
    for path in re.findall(r"\]\(([^)]*)\)", text):
        assert (tmp_path / path).is_file(), path
    numbers = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    (row,) = numbers["rows"]
    assert row["measured"]["values"] == [1.0] * 5
    assert row["verdict"] == "missed by 50 %"
    assert numbers["machine"]["cores"] == result.machine["cores"]
    # What is asked for at every size is said once.
    assert len(numbers["omissions"]) == 1
    assert "  P1 numpy: ≤ 2 × yardstick, missed by 50 % (3 × yardstick)" in said


def test_a_fault_costs_one_work_only(said: list[str]) -> None:
    result = run_benchmarks(["P2", "P1"], None, say=said.append, progress=False)
    assert result.failed
    assert [row.key for row in result.outcome.rows] == ["P1"]
    assert any("FAILED: ZeroDivisionError: a fault" in line for line in said)


def test_an_interrupt_keeps_what_was_measured(said: list[str], tmp_path: Path) -> None:
    result = run_benchmarks(["P1", "P3", "P4"], tmp_path, say=said.append, progress=False)
    assert result.interrupted
    assert len(result.outcome.rows) == 1
    assert "interrupted" in (tmp_path / "benchmarks.md").read_text(encoding="utf-8")


def test_a_name_that_does_not_exist_is_refused(said: list[str]) -> None:
    with pytest.raises(ValueError, match="no benchmark is called 'P9'; there are: P1"):
        run_benchmarks(["P9"], None, say=said.append)
    with pytest.raises(ValueError, match="at least 1"):
        run_benchmarks(["P1"], None, repeats=0, say=said.append)
    assert not said


def test_a_probe_runs_in_an_interpreter_of_its_own() -> None:
    answer = probe("import")
    assert answer["seconds"] > 0.0
    assert "deepparticle" in answer["modules"]
    built = probe("build", "50")
    assert min(built["build"], built["check"], built["lower"]) > 0.0


def test_a_probe_says_what_went_wrong() -> None:
    with pytest.raises(RuntimeError, match="ValueError"):
        probe("build", "many")
    with pytest.raises(ImportError, match="nonsense"):
        probe("first-call", "nonsense")


def test_scores_that_are_wrong_are_noticed() -> None:
    retrieval, generalisation = np.zeros((2, 380))
    for regime, cell in CELLS.items():
        retrieval[cell_number(regime)] = cell["retrieval"][1][0]
        generalisation[cell_number(regime)] = cell["generalisation"][1][0]
    assert GridScores(retrieval, generalisation).deviation == 0.0
    retrieval[cell_number("balanced")] += 10 * 0.013
    assert GridScores(retrieval, generalisation).deviation == pytest.approx(10.0)


@pytest.mark.slow
def test_a_quick_run_measures_everything(tmp_path: Path) -> None:
    said: list[str] = []
    result = run_benchmarks(out=tmp_path, quick=True, say=said.append, progress=False)
    faults = [omission for omission in result.outcome.omissions if omission.failed]
    assert not faults
    assert result.page is not None
    text = result.page.read_text(encoding="utf-8")
    assert "A quick run" in text
    assert {row.key for row in result.outcome.rows} == set(list(WORKS)[:10])
    assert {curve.figure for curve in result.outcome.curves} == {"N", "R", "edges", "couplings"}
    numpy_rows = {row.key for row in result.outcome.rows if row.contender == "numpy"}
    assert numpy_rows >= {"P1", "P2", "P3", "P4", "P5", "P8", "recording", "objects"}


def test_work_of_others_is_noticed_and_own_work_is_not() -> None:
    others = OtherWork()
    begun = time.monotonic()
    while time.monotonic() - begun < 0.3:
        sum(range(1000))
    cores = others.cores()
    if cores is None:
        pytest.skip("the system does not say")
    assert 0.0 <= cores <= core_count()
