"""All works in one run: measured one after another, said while they are measured, written down."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepparticle.benchmarks.machine import OtherWork, describe_machine
from deepparticle.benchmarks.report import omission_line, page, row_lines, summary
from deepparticle.benchmarks.results import Outcome
from deepparticle.benchmarks.runs import omitted
from deepparticle.benchmarks.settings import FULL, QUICK, Settings
from deepparticle.benchmarks.works import (
    building,
    chains,
    definition,
    grid,
    large,
    latency,
    lattice,
    networks,
    recording,
    scaling,
    single,
)

__all__ = ["WORKS", "BenchmarkResult", "run_benchmarks"]

WORKS: dict[str, Callable[[Settings, bool], Outcome]] = {
    "P1": networks.measure,
    "P2": single.measure,
    "P3": large.measure,
    "P4": lattice.measure,
    "P5": chains.measure,
    "P6": building.measure,
    "P7": grid.measure,
    "P8": latency.measure,
    "recording": recording.measure,
    "objects": definition.measure,
    "N": scaling.against_size,
    "R": scaling.against_networks,
    "edges": scaling.against_edges,
}
"""What can be measured, by the name that ``--only`` takes."""

# A system that does nothing keeps a few hundredths of a core busy.
QUIET = 0.1


@dataclass(frozen=True, eq=False)
class BenchmarkResult:
    """One run of the benchmarks.

    Parameters
    ----------
    machine : dict of str to str
    settings : Settings
    outcome : Outcome
    page : Path or None
        What was written.
    interrupted : bool
        Whether Ctrl-C ended it early; what was measured until then is kept.
    disturbed : bool
        Whether other programs took so much of the machine that the numbers are not to be trusted.
    """

    machine: dict[str, str]
    settings: Settings
    outcome: Outcome
    page: Path | None = None
    interrupted: bool = False
    disturbed: bool = False

    @property
    def failed(self) -> bool:
        """Whether a contender that is there could not be measured."""
        return any(omission.failed for omission in self.outcome.omissions)


def run_benchmarks(
    only: Sequence[str] = (),
    out: Path | str | None = "deepparticle-benchmarks",
    *,
    quick: bool = False,
    repeats: int | None = None,
    say: Callable[[str], None] = print,
    progress: bool = True,
) -> BenchmarkResult:
    """Measure, print a table while measuring, and write a page, its figures and the numbers.

    Parameters
    ----------
    only : sequence of str
        Keys of `WORKS`; by default all.
    out : path or None
        The folder for ``benchmarks.md``, ``benchmarks.json`` and ``images/benchmarks-*.png``; None
        writes nothing.
    quick : bool
        Small sizes, which show that everything works and say nothing about the goals.
    repeats : int, optional
        Rounds of turns; 5 by default, 3 if quick.
    say : callable
        Where lines go.
    progress : bool
        Show progress bars.

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    ValueError
        For a work that does not exist, or no repetition.
    """
    unknown = [name for name in only if name not in WORKS]
    if unknown:
        raise ValueError(f"no benchmark is called {unknown[0]!r}; there are: {', '.join(WORKS)}")
    settings = QUICK if quick else FULL
    if repeats is not None:
        if repeats < 1:
            raise ValueError(f"repeats is at least 1 (got {repeats}); leave it out for 5")
        settings = replace(settings, repeats=repeats)
    machine = describe_machine()
    for name, text in machine.items():
        say(f"  {name:<22}{text}")
    if quick:
        say("  QUICK: small sizes, which show that everything works; goals are not judged")
    outcome, interrupted, others = Outcome(), False, OtherWork()
    try:
        for key in only or WORKS:
            say(f"{key}")
            outcome.add(_measured(key, settings, say, progress))
    except KeyboardInterrupt:
        interrupted = True
        say("interrupted; going on with what was measured")
    cores = others.cores()
    machine["cores busy with other things"] = "unknown" if cores is None else f"{cores:.2f}"
    disturbed = cores is not None and cores > QUIET
    if disturbed:
        say(f"NOT A QUIET MACHINE: other programs kept {cores:.2f} cores busy during the run")
    for line in summary(outcome, settings):
        say(line)
    result = BenchmarkResult(machine, settings, outcome, None, interrupted, disturbed)
    if out is None:
        return result
    written = _write(result, Path(out))
    say(f"written: {written}")
    return replace(result, page=written)


def _measured(key: str, settings: Settings, say: Callable[[str], None], progress: bool) -> Outcome:
    found = Outcome()
    with omitted(found, key, "all"):
        found = WORKS[key](settings, progress)
    # A figure asks for the same backend at every size, and is told the same.
    found.omissions = list(dict.fromkeys(found.omissions))
    for row in found.rows:
        for line in row_lines(row, settings):
            say(line)
    for curve in found.curves:
        pairs = zip(curve.sizes, curve.measured, strict=True)
        points = ", ".join(f"{size:g}: {measured.median:.3g}" for size, measured in pairs)
        say(f"    {curve.contender:<34}{points} (seconds)")
    for omission in found.omissions:
        say(omission_line(omission))
    return found


def _write(result: BenchmarkResult, folder: Path) -> Path:
    from deepparticle.benchmarks.figures import benchmark_figures

    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    names = {}
    for name, figure in benchmark_figures(result.outcome, result.settings).items():
        names[name] = f"images/benchmarks-{name}.png"
        figure.savefig(folder / names[name], dpi=150)
    numbers: dict[str, Any] = {
        "machine": result.machine,
        "interrupted": result.interrupted,
        **dataclasses.asdict(result.outcome),
        "settings": dataclasses.asdict(result.settings),
    }
    for row, entry in zip(result.outcome.rows, numbers["rows"], strict=True):
        entry["median"], entry["quartiles"] = row.measured.median, row.measured.quartiles
        entry["verdict"] = "" if result.settings.quick else row.verdict
    (folder / "benchmarks.json").write_text(
        json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    path = folder / "benchmarks.md"
    path.write_text(
        page(
            result.machine,
            result.settings,
            result.outcome,
            names,
            interrupted=result.interrupted,
            disturbed=result.disturbed,
        ),
        encoding="utf-8",
    )
    return path
