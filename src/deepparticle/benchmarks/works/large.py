"""P3: one large network, learning, per step, against one matrix-vector product of its size."""

from __future__ import annotations

from deepparticle.benchmarks.results import Goal, Outcome, Row, ratio_to
from deepparticle.benchmarks.runs import BACKENDS, backend_contenders, learning, race
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.yardstick import matrix_vector

__all__ = ["measure"]

GOAL = Goal(3.0, "best backend ≤ 3 × matrix-vector product")


def measure(settings: Settings, progress: bool) -> Outcome:
    """Compare the backends with NumPy's product."""
    outcome = Outcome()
    size = settings.large
    work = f"one network, N = {size}, learning, float32; per step"
    contenders = backend_contenders(outcome, "P3", lambda name: learning(name, size))
    yardstick = matrix_vector(size)
    found = race(outcome, "P3", [*contenders, yardstick], settings, progress)
    ours = [name for name in found if name in BACKENDS]
    product = found[yardstick.name]
    outcome.rows.append(Row("P3", work, yardstick.name, product, note="one product, float32"))
    ratios = {name: ratio_to(found[name], product) for name in ours}
    best = min(ratios, key=lambda name: ratios[name], default="")
    for name in ours:
        outcome.rows.append(
            Row(
                "P3",
                work,
                name,
                found[name],
                f"{ratios[name]:.3g} × matrix-vector product",
                ratios[name],
                GOAL if name == best else None,
            )
        )
    return outcome
