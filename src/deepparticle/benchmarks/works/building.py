"""P6: worlds of explicit objects, built, checked and lowered; per coupling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deepparticle.benchmarks.probe import probe
from deepparticle.benchmarks.results import Curve, Goal, Measurement, Outcome, Row
from deepparticle.benchmarks.runs import omitted, race
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.timing import Contender, Elapsed

__all__ = ["measure"]

TIME = Goal(20e-6, "≤ 20 µs per coupling")
MEMORY = Goal(1000.0, "≤ 1 kB per coupling")
# Twofold leaves room for caches, which a larger world fits less well; a quadratic cost would be
# a hundredfold.
LINEAR = Goal(2.0, "≤ 2 × the cost in the smallest world")


def measure(settings: Settings, progress: bool) -> Outcome:
    """Build worlds of several sizes, each time in an interpreter of its own."""
    outcome = Outcome()
    answers: dict[int, list[dict[str, Any]]] = {}
    contenders = []
    for count in settings.couplings:
        name = f"{count:,} couplings".replace(",", " ")

        def build(amount: int, count: int = count) -> Elapsed:
            answer = probe("build", str(count))
            answers.setdefault(count, []).append(answer)
            return Elapsed(answer["build"] + answer["check"] + answer["lower"])

        with omitted(outcome, "P6", name):
            build(1)
            contenders.append(Contender(name, build, float(count), amount=1, ready=True))
    found = race(outcome, "P6", contenders, settings, progress)
    contenders = [contender for contender in contenders if contender.name in found]
    if not contenders:
        return outcome
    sizes = [int(contender.unit) for contender in contenders]
    measured = [found[contender.name] for contender in contenders]
    per_coupling = "explicit objects built, checked and lowered; per coupling"
    for size, time in zip(sizes, measured, strict=True):
        outcome.rows.append(
            Row(
                "P6",
                per_coupling,
                f"{size:,} couplings".replace(",", " "),
                time,
                value=time.median,
                goal=TIME,
                note=_parts(answers[size], size),
            )
        )
    largest = sizes[-1]
    if len(sizes) > 1:
        growth = measured[-1].median / measured[0].median
        outcome.rows.append(
            Row(
                "P6",
                "the same; growth of the cost per coupling",
                f"{largest:,} couplings".replace(",", " "),
                measured[-1],
                f"{growth:.3g} × that of {sizes[0]:,} couplings".replace(",", " "),
                growth,
                LINEAR,
            )
        )
    kept = [answer["memory"] / largest for answer in answers[largest] if answer["memory"]]
    if kept:
        memory = Measurement(tuple(kept[-settings.repeats :]), "B")
        outcome.rows.append(
            Row(
                "P6",
                "the same; largest memory, per coupling",
                f"{largest:,} couplings".replace(",", " "),
                memory,
                value=memory.median,
                goal=MEMORY,
                note="the most that the process ever held, lowering included",
            )
        )
    outcome.curves.append(
        Curve("couplings", "objects", tuple(float(size) for size in sizes), tuple(measured))
    )
    return outcome


def _parts(answers: list[dict[str, Any]], size: int) -> str:
    def median_of(name: str) -> float:
        values: list[float] = sorted(answer[name] for answer in answers)
        return 1e6 * values[len(values) // 2] / size

    text: Callable[[str], str] = lambda name: f"{name} {median_of(name):.3g} µs"  # noqa: E731
    return ", ".join(text(name) for name in ("build", "check", "lower"))
