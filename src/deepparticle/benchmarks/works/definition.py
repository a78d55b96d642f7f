"""What the definition costs: the plain objects, stepped one by one, for scale."""

from __future__ import annotations

from deepparticle.benchmarks.results import Outcome, Row, ratio_to
from deepparticle.benchmarks.runs import backend_contenders, learning, race
from deepparticle.benchmarks.settings import Settings

__all__ = ["measure"]

SIZE = 16


def measure(settings: Settings, progress: bool) -> Outcome:
    """Time the objects beside NumPy, in double precision."""
    outcome = Outcome()
    contenders = backend_contenders(
        outcome,
        "objects",
        lambda name: learning(name, SIZE, dtype="float64"),
        backends=("objects", "numpy"),
    )
    found = race(outcome, "objects", contenders, settings, progress)
    for name, measured in found.items():
        compared = ""
        if name == "objects" and "numpy" in found:
            compared = f"{ratio_to(measured, found['numpy']):.0f} × NumPy"
        work = f"one network, N = {SIZE}, learning, float64; per step"
        outcome.rows.append(Row("objects", work, name, measured, compared))
    return outcome
