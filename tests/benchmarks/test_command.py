"""The command: what it takes, and what its exit status says."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from deepparticle.benchmarks import command
from deepparticle.benchmarks.results import Omission, Outcome
from deepparticle.benchmarks.settings import QUICK
from deepparticle.benchmarks.suite import BenchmarkResult


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_command(parser.add_subparsers())
    return parser.parse_args(["bench", *arguments])


def test_options_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def run(only: Any, out: Any, **settings: Any) -> BenchmarkResult:
        asked.update(settings, only=only, out=out)
        return BenchmarkResult({}, QUICK, Outcome())

    monkeypatch.setattr(command, "run_benchmarks", run)
    given = options("--only", "P1", "edges", "--quick", "--repeats", "7", "--out", "here")
    assert command.run_command(given) == 0
    assert list(asked["only"]) == ["P1", "edges"]
    assert asked["out"] == Path("here")
    assert (asked["quick"], asked["repeats"]) == (True, 7)


@pytest.mark.parametrize(
    ("omissions", "interrupted", "status"),
    [
        ([Omission("P1", "jax", "not installed")], False, 0),
        ([Omission("P1", "jax", "a fault", failed=True)], False, 1),
        ([], True, 130),
    ],
)
def test_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, omissions: list[Omission], interrupted: bool, status: int
) -> None:
    result = BenchmarkResult({}, QUICK, Outcome([], omissions), None, interrupted)
    monkeypatch.setattr(command, "run_benchmarks", lambda *given, **settings: result)
    assert command.run_command(options()) == status


@pytest.mark.parametrize("arguments", [("--only", "P99"), ("--repeats", "0"), ("--repeats", "x")])
def test_a_typo_is_named(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        options(*arguments)
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err
