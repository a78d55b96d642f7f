"""P8: how long until the first answer; each time in an interpreter of its own."""

from __future__ import annotations

from typing import Any

from deepparticle.benchmarks.probe import probe
from deepparticle.benchmarks.results import Goal, Outcome, Row, time_text
from deepparticle.benchmarks.runs import BACKENDS, add_contenders, race
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.timing import Contender, Elapsed

__all__ = ["measure"]

GOALS = {
    "numpy": Goal(0.05, "NumPy ≤ 50 ms"),
    "jax": Goal(3.0, "JAX ≤ 3 s"),
    "import": Goal(0.5, "≤ 0.5 s"),
}
FRESH = "native, nothing compiled before"
HEAVY = ("jax", "matplotlib", "sklearn")


def measure(settings: Settings, progress: bool) -> Outcome:
    """Time the import, and the first call of each backend."""
    outcome = Outcome()
    answers: dict[str, list[dict[str, Any]]] = {}

    def contender(name: str) -> Contender:
        def ask(amount: int) -> Elapsed:
            if name == "import":
                answer = probe("import")
            else:
                answer = probe("first-call", name.partition(",")[0], forget=name == FRESH)
            answers.setdefault(name, []).append(answer)
            return Elapsed(answer["seconds"])

        return Contender(name, ask, amount=1)

    contenders: list[Contender] = []
    # Compiling everything takes its time: a quick run does without.
    fresh = () if settings.quick else (FRESH,)
    for name in ("import", *BACKENDS, *fresh):
        add_contenders(outcome, "P8", contenders, name, lambda name=name: contender(name))  # type: ignore[misc]
    found = race(outcome, "P8", contenders, settings, progress)
    for name, measured in found.items():
        if name == "import":
            loaded = [each for each in HEAVY if each in answers[name][-1]["modules"]]
            note = f"imports {', '.join(loaded)}" if loaded else f"none of {', '.join(HEAVY)}"
            work = "import deepparticle"
        else:
            work = f"first call: Simulator and 10 learning steps, N = {settings.size}"
            again = sorted(answer["again"] for answer in answers[name])
            note = f"the second call takes {time_text(again[len(again) // 2])}"
        row = Row(
            "P8", work, name, measured, value=measured.median, goal=GOALS.get(name), note=note
        )
        outcome.rows.append(row)
        if name == "import" and loaded:
            outcome.rows.append(
                Row(
                    "P8",
                    "import deepparticle",
                    "heavy packages that it imports",
                    measured,
                    value=float(len(loaded)),
                    goal=Goal(0.5, "none"),
                    note=note,
                )
            )
    return outcome
