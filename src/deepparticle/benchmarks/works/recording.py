"""What recording costs: states and free energy every tenth step, against no record."""

from __future__ import annotations

from dataclasses import replace

from deepparticle.benchmarks.results import Outcome, Row, ratio_to
from deepparticle.benchmarks.runs import Trial, backend_contenders, learning, race
from deepparticle.benchmarks.settings import Settings

__all__ = ["measure"]

RECORD, EVERY = ("states", "free_energy"), 10


def measure(settings: Settings, progress: bool) -> Outcome:
    """Time each backend with and without a record."""
    outcome = Outcome()
    size = settings.size
    work = f"one network, N = {size}, learning; per step"

    def make(name: str) -> Trial:
        trial = learning(name, size, record=RECORD, every=EVERY)
        named = replace(trial.contender, name=f"{name}, recording")
        return replace(trial, contender=named)

    silent = backend_contenders(outcome, "recording", lambda name: learning(name, size))
    recorded = backend_contenders(outcome, "recording", make)
    found = race(outcome, "recording", [*silent, *recorded], settings, progress)
    for contender in silent:
        name, again = contender.name, f"{contender.name}, recording"
        outcome.rows.append(Row("recording", work, name, found[name], note="no record"))
        if again in found:
            ratio = ratio_to(found[again], found[name])
            outcome.rows.append(
                Row(
                    "recording",
                    work,
                    again,
                    found[again],
                    f"{ratio:.3g} × without",
                    ratio,
                    note=f"{' and '.join(RECORD)}, every {EVERY} steps".replace("_", " "),
                )
            )
    return outcome
