"""The report of a reproduction: a table for the terminal, ``report.md`` and ``results.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

import numpy as np

from deepparticle.reproduce.measures import Comparison, Measure, Reproduction
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation

__all__ = ["as_json", "number_text", "page", "table_lines"]


def number_text(value: float | None, deviation: float | None = None) -> str:
    """A number, and its spread, to three significant digits of the spread or the number.

    Examples
    --------
    >>> number_text(0.28734, 0.0131), number_text(1234.5), number_text(None), number_text(10.0, 0.0)
    ('0.287 ± 0.013', '1234', '–', '10 ± 0')
    """
    if value is None or not np.isfinite(value):
        return "–"
    if deviation is None or not np.isfinite(deviation):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    if deviation <= 1e-9 * abs(value):  # nothing but rounding
        return f"{value:.4g} ± 0"
    places = max(0, 1 - int(np.floor(np.log10(deviation))))
    return f"{value:.{places}f} ± {deviation:.{places}f}"


def _verdict(measure: Measure, quick: bool) -> str:
    if measure.inside is None:
        return ""
    if quick:
        return "not judged"
    return "inside" if measure.inside else "OUTSIDE"


def _band_text(measure: Measure) -> str:
    band = measure.band
    return "–" if band is None else f"{band[0]:.4g} … {band[1]:.4g}"


def table_lines(result: Reproduction, settings: Settings) -> Iterator[str]:
    """The table *published | expected | this run*, for a terminal."""
    if result.measures:
        width = max(len(measure.name) for measure in result.measures) + 2
        yield f"  {'':<{width}}{'published':>10}{'expected':>22}{'this run':>20}"
    for measure in result.measures:
        verdict = _verdict(measure, settings.quick)
        yield (
            f"  {measure.name:<{width}}{number_text(measure.published):>10}"
            f"{_band_text(measure):>22}{number_text(measure.mean, measure.deviation):>20}"
            f"  {verdict}"
        ).rstrip()
    for comparison in result.comparisons:
        shown = ", ".join(
            f"{name} {number_text(mean, deviation)}"
            for name, (mean, deviation) in comparison.statistics.items()
        )
        yield f"  {comparison.score}: {shown}"
    if not settings.quick:
        for claim in result.claims:
            yield f"  {claim.verdict.upper()}: {claim.statement} ({claim.evidence})"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "∣") for cell in cells) + " |"


def _measure_table(measures: tuple[Measure, ...], quick: bool) -> Iterator[str]:
    yield _row("measure", "published", "expected (4 standard errors)", "this run", "n", "verdict")
    yield _row("---", "---:", "---:", "---:", "---:", "---")
    for measure in measures:
        yield _row(
            measure.name + (f" ({measure.note})" if measure.note else ""),
            number_text(measure.published),
            _band_text(measure),
            number_text(measure.mean, measure.deviation),
            str(measure.count),
            _verdict(measure, quick),
        )


def _comparison_table(comparisons: tuple[Comparison, ...]) -> Iterator[str]:
    methods = list(dict.fromkeys(name for each in comparisons for name in each.methods))
    yield _row("method", *(each.score for each in comparisons))
    yield _row("---", *("---:" for _ in comparisons))
    for method in methods:
        cells = (each.statistics.get(method) for each in comparisons)
        yield _row(method, *("–" if cell is None else number_text(*cell) for cell in cells))


def page(
    simulation: Simulation,
    settings: Settings,
    result: Reproduction,
    machine: Mapping[str, str],
    seconds: float,
) -> str:
    """The report as Markdown.

    Parameters
    ----------
    simulation : Simulation
    settings : Settings
    result : Reproduction
    machine : mapping of str to str
    seconds : float
        How long this run took, parts that were read not included.

    Returns
    -------
    str
    """
    lines = [f"# {simulation.title}", "", *wrap(simulation.story, 118), ""]
    if settings.quick:
        lines += ["**A quick run: short, and not meant for the bands and claims.**", ""]
    seeds = settings.seeds
    several = f"seeds {seeds[0]} … {seeds[-1]}" if len(seeds) > 2 else f"seeds {list(seeds)}"
    lines.append(
        f"{len(seeds)} network{'s' * (len(seeds) > 1)} ({several}), backend `{settings.backend}`, "
        f"deepparticle {machine.get('deepparticle', '')}, NumPy {machine.get('NumPy', '')}; "
        f"{seconds:.0f} s for what was not there yet."
    )
    lines.append("")
    if result.measures:
        lines += ["## Published and measured", "", *_measure_table(result.measures, settings.quick)]
        lines += ["", "Numbers are means ± standard deviations over networks.", ""]
    if result.comparisons:
        lines += ["## What simpler methods score on the same data", ""]
        lines += [*_comparison_table(result.comparisons), ""]
    if result.claims:
        lines += ["## Where the published statement holds, and where not", ""]
        lines += [_row("statement", "verdict", "numbers of this run"), _row("---", "---", "---")]
        for claim in result.claims:
            verdict = "not judged" if settings.quick else f"**{claim.verdict}**"
            lines.append(_row(claim.statement, verdict, claim.evidence))
        lines.append("")
    if result.figures:
        lines += ["## Figures", ""]
        for name in result.figures:
            caption = result.captions.get(name, "")
            lines += [f"![{caption or name}]({name}.png)", ""]
            if caption:
                lines += [*wrap(caption, 118), ""]
    if result.notes:
        lines += ["## Notes", ""]
        for note in result.notes:
            first, *rest = wrap(note, 116)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        lines.append("")
    lines += ["## Protocol", ""]
    lines += [f"- {name}: {value}" for name, value in simulation.parameters(settings).items()]
    lines += ["", "The numbers are in [results.json](results.json).", ""]
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    """The same in what JSON knows, which has no NaN."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def as_json(
    simulation: Simulation,
    settings: Settings,
    result: Reproduction,
    machine: Mapping[str, str],
    seconds: float,
) -> str:
    """Numbers, seeds, versions and parameters; parameters as of `page`."""
    content = {
        "simulation": simulation.name,
        "title": simulation.title,
        "quick": settings.quick,
        "seeds": settings.seeds,
        "backend": settings.backend,
        "parameters": simulation.parameters(settings),
        "measures": [measure.summary() for measure in result.measures],
        "comparisons": [comparison.summary() for comparison in result.comparisons],
        "claims": [claim.summary() for claim in result.claims],
        "details": result.details,
        "seconds": round(seconds, 3),
        "versions": machine,
    }
    return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
