"""Simulations by name: computed, concluded, drawn and written down."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deepparticle.benchmarks.machine import describe_machine
from deepparticle.compile.backends.choosing import BACKENDS
from deepparticle.partitions.stepping import checked_option
from deepparticle.reproduce.measures import Reproduction
from deepparticle.reproduce.parts import compute
from deepparticle.reproduce.report import as_json, page, table_lines
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation
from deepparticle.reproduce.simulations import SIMULATIONS

__all__ = ["SIMULATIONS", "Reproduced", "reproduce"]


@dataclass(frozen=True, eq=False)
class Reproduced:
    """One simulation, done.

    Parameters
    ----------
    simulation : Simulation
    settings : Settings
    result : Reproduction
    folder : Path or None
        Where it was written.
    seconds : float
    """

    simulation: Simulation
    settings: Settings
    result: Reproduction
    folder: Path | None
    seconds: float

    @property
    def outside(self) -> tuple[str, ...]:
        """The measures outside their bands; none are judged in a quick run."""
        if self.settings.quick:
            return ()
        return tuple(each.name for each in self.result.measures if each.inside is False)


def reproduce(
    name: str,
    out: Path | str | None = None,
    *,
    quick: bool = False,
    seeds: Sequence[int] | None = None,
    backend: str = "auto",
    dataset: str = "lfw",
    fresh: bool = False,
    say: Callable[[str], None] = print,
    progress: bool = False,
) -> Reproduced:
    """Run one simulation of the paper, and write figures, numbers and a report.

    What is in the folder already, from the same parameters, is not computed again: a run that was
    interrupted goes on where it was.

    Parameters
    ----------
    name : str
        A key of `SIMULATIONS`.
    out : path, optional
        The folder for ``report.md``, ``results.json``, the figures as PNG and SVG, and ``parts``;
        None writes nothing.
    quick : bool
        A small version of it.
    seeds : sequence of int, optional
        One network each; by default those of the simulation.
    backend : str
        As of `deepparticle.Simulator`.
    dataset : {"lfw", "olivetti"}
        For the faces.
    fresh : bool
        Do not read what is in the folder.
    say : callable
        Where lines go.
    progress : bool
        Show progress bars.

    Returns
    -------
    Reproduced

    Raises
    ------
    ValueError
        For a simulation or a backend that does not exist.
    """
    checked_option(name, tuple(SIMULATIONS), "reproduce", "name")
    checked_option(backend, BACKENDS, "reproduce", "backend")
    simulation = SIMULATIONS[name]
    settings = Settings(
        tuple(range(simulation.seeds[quick])) if seeds is None else tuple(seeds),
        quick,
        backend,
        dataset,
        progress,
    )
    begun = time.perf_counter()
    folder = None if out is None else Path(out)
    say(f"{simulation.name}: {simulation.title}")
    found = compute(
        simulation.parts(settings),
        None if folder is None else folder / "parts",
        fresh=fresh,
        progress=progress,
        title=simulation.name,
    )
    result = simulation.conclude(settings, found)
    if not quick:
        result = _with_summary(result)
    done = Reproduced(simulation, settings, result, folder, time.perf_counter() - begun)
    for line in table_lines(result, settings):
        say(line)
    if folder is not None:
        _write(done, folder, describe_machine())
        done = replace(done, seconds=time.perf_counter() - begun)
        say(f"  written: {folder / 'report.md'} ({done.seconds:.0f} s)")
    return done


def _with_summary(result: Reproduction) -> Reproduction:
    """With a picture of all measures that have a reference, if any, in front of the others."""
    from deepparticle.figures import published_against_measured

    rows = [
        (each.name, each.published, *each.reference, each.values)
        for each in result.measures
        if each.reference is not None
    ]
    if not rows:
        return result
    caption = "Every measure of this run, and what was published, in standard deviations of one "
    caption += "network around the mean of independent runs."
    return replace(
        result,
        figures={"measures": published_against_measured(rows), **result.figures},
        captions={"measures": caption, **result.captions},
    )


def _write(done: Reproduced, folder: Path, machine: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in done.result.figures.items():
        figure.savefig(folder / f"{name}.png", dpi=200)
        figure.savefig(folder / f"{name}.svg")
    given = (done.simulation, done.settings, done.result, machine, done.seconds)
    (folder / "results.json").write_text(as_json(*given), encoding="utf-8")
    (folder / "report.md").write_text(page(*given), encoding="utf-8")
