"""P2: one small network, learning, per step."""

from __future__ import annotations

from dataclasses import replace

from deepparticle.benchmarks.results import Goal, Outcome, Row, ratio_to
from deepparticle.benchmarks.runs import (
    BACKENDS,
    add_contenders,
    backend_contenders,
    learning,
    race,
)
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.yardstick import Roofline

__all__ = ["measure"]

RELATIVE = {
    "native": Goal(3.0, "native ≤ 3 × roofline.c"),
    "jax": Goal(12.0, "JAX ≤ 12 × roofline.c"),
}
NUMPY = Goal(25e-6, "NumPy ≤ 25 µs")


def measure(settings: Settings, progress: bool) -> Outcome:
    """Compare the backends with the hand-written step."""
    outcome = Outcome()
    work = f"one network, N = {settings.size}, learning; per step"
    contenders = backend_contenders(outcome, "P2", lambda name: learning(name, settings.size))
    with Roofline() as roofline:
        one = "roofline.c, one core"
        add_contenders(
            outcome, "P2", contenders, "roofline.c", lambda: roofline.contender(settings.size)
        )
        found = race(outcome, "P2", contenders, settings, progress)
    ours = [name for name in found if name in BACKENDS]
    known = one in found
    if known:
        outcome.rows.append(Row("P2", work, one, found[one]))
    for name in ours:
        row = Row("P2", work, name, found[name])
        if known:
            ratio = ratio_to(found[name], found[one])
            row = replace(
                row, compared=f"{ratio:.3g} × roofline.c", value=ratio, goal=RELATIVE.get(name)
            )
        if name == "numpy":
            row = replace(row, value=found[name].median, goal=NUMPY)
        outcome.rows.append(row)
    return outcome
