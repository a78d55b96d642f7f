"""The table: lines while measuring, and the page at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from textwrap import wrap

from deepparticle.benchmarks.results import Omission, Outcome, Row
from deepparticle.benchmarks.settings import Settings

__all__ = ["omission_line", "page", "row_lines", "summary"]

TITLES = {
    "P1": "Many networks at once",
    "P2": "One small network",
    "P3": "One large network",
    "P4": "A lattice of spins",
    "P5": "Many chains",
    "P6": "Explicit objects",
    "P7": "The whole of simulation 2",
    "P8": "Until the first answer",
    "recording": "Recording",
    "objects": "The definition",
}
FIGURES = {
    "goals": "Every goal, as measured ÷ bound: left of the line it is reached",
    "N": "One network, learning, float32: time per step against the number of subparticles",
    "R": "Networks of 64 side by side, learning, float32: time per network-step, by the clock and "
    "on all cores, against their number",
    "edges": "A sparse network (10 boundary states per subparticle), synchronous inference, "
    "float32: time per step against the number of boundary states",
    "couplings": "Explicit objects built, checked and lowered: time per coupling against their "
    "number",
}
INTRODUCTION = """
Written by `make bench`, not by hand. Contenders and yardsticks were timed in turns, in one run,
through the public interface, after a first call that is not counted (but under "until the first
answer", where it is what counts). Times are medians of {repeats} repetitions, with the quartiles
in brackets; a ratio is the median of the ratios within each round. Nothing is recorded where a row
does not say so. Before it is timed, every backend is held against NumPy (on the lattice: against
thrml): the moments of its states must agree within their standard errors, or it is not timed. The
raw numbers are in [benchmarks.json](benchmarks.json). The yardsticks are, for P1 and P2, the
learning step written by hand in C for one core of this machine (roofline.c, in the package); for
P3 and P5, the matrix products of the BLAS behind NumPy, in float32; for P4, thrml.
"""


def verdict_text(row: Row, settings: Settings) -> str:
    """The verdict, which small sizes do not deserve."""
    if row.goal is None:
        return ""
    return "not judged" if settings.quick else row.verdict


def row_lines(row: Row, settings: Settings) -> Iterator[str]:
    """A row for a terminal."""
    verdict = verdict_text(row, settings)
    judged = f"  {row.goal.text}: {verdict.upper()}" if row.goal is not None else ""
    yield f"    {row.contender:<34}{row.measured!s:<34}{row.compared}{judged}".rstrip()
    if row.note:
        yield f"      {row.note}"


def omission_line(omission: Omission) -> str:
    """What is missing, for a terminal."""
    verb = "FAILED" if omission.failed else "left out"
    return f"    {omission.contender:<34}{verb}: {omission.why}"


def summary(outcome: Outcome, settings: Settings) -> list[str]:
    """How many goals are reached, and which are not."""
    judged = [row for row in outcome.rows if row.verdict]
    if settings.quick or not judged:
        return []
    missed = [row for row in judged if row.verdict != "reached"]
    lines = [f"{len(judged) - len(missed)} of {len(judged)} goals reached"]
    for row in missed:
        assert row.goal is not None
        lines.append(
            f"  {row.key} {row.contender}: {row.goal.text}, {row.verdict} "
            f"({row.compared or row.measured})"
        )
    return lines


def page(
    machine: Mapping[str, str],
    settings: Settings,
    outcome: Outcome,
    figures: Mapping[str, str],
    *,
    interrupted: bool = False,
    disturbed: bool = False,
) -> str:
    """The whole page.

    Parameters
    ----------
    machine : mapping of str to str
    settings : Settings
    outcome : Outcome
    figures : mapping of str to str
        The path of each figure, relative to the page.
    interrupted, disturbed : bool

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        "# Benchmarks",
        "",
        *wrap(INTRODUCTION.strip().format(repeats=settings.repeats), 118),
        "",
    ]
    if settings.quick:
        lines += ["**A quick run: sizes are small, the numbers say nothing about the goals.**", ""]
    if interrupted:
        lines += ["**This run was interrupted: rows are missing.**", ""]
    if disturbed:
        lines += [
            "**Not a quiet machine: other programs ran beside; see the last line below.**",
            "",
        ]
    lines += ["| machine | |", "|---|---|"]
    lines += [f"| {name} | {_cell(text)} |" for name, text in machine.items()]
    said = summary(outcome, settings)
    if said:
        lines += ["", "## Goals", "", f"{said[0]}." if len(said) == 1 else f"{said[0]}. Missed:"]
        if len(said) > 1:
            lines += ["", *(f"- {line.strip()}" for line in said[1:])]
    if "goals" in figures:
        lines += ["", *_figure("goals", figures)]
    for key, rows in groupby(outcome.rows, key=lambda row: row.key):
        lines += ["", f"## {_title(key)}", *_tables(list(rows), settings)]
    drawn = [name for name in FIGURES if name in figures and name != "goals"]
    if drawn:
        lines += ["", "## How the cost grows"]
        for name in drawn:
            lines += ["", *_figure(name, figures)]
    lines += _left_out(outcome)
    return "\n".join(lines) + "\n"


def _title(key: str) -> str:
    title = TITLES.get(key, key)
    return f"{key}: {title}" if key.startswith("P") else title


def _tables(rows: list[Row], settings: Settings) -> Iterator[str]:
    for work, group in groupby(rows, key=lambda row: row.work):
        yield from (
            "",
            f"{_sentence(work)}.",
            "",
            "| contender | median (quartiles) | against its yardstick | goal | reached? | note |",
            "|---|---|---|---|---|---|",
        )
        for row in group:
            verdict = verdict_text(row, settings)
            cells = (
                row.contender,
                str(row.measured),
                row.compared,
                "" if row.goal is None else row.goal.text,
                f"**{verdict}**" if verdict.startswith("missed") else verdict,
                row.note,
            )
            yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _figure(name: str, figures: Mapping[str, str]) -> list[str]:
    return [f"![{FIGURES[name]}]({figures[name]})", "", f"*{FIGURES[name]}.*"]


def _left_out(outcome: Outcome) -> list[str]:
    if not outcome.omissions:
        return []
    lines = ["", "## Left out", ""]
    for omission in outcome.omissions:
        verb = "failed" if omission.failed else "left out"
        lines.append(f"- {omission.key}, {omission.contender}: {verb}: {omission.why}")
    return lines


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
