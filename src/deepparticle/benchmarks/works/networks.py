"""P1: many small networks side by side, learning, per network-step and core."""

from __future__ import annotations

import math
from dataclasses import replace

from deepparticle.benchmarks.machine import core_count
from deepparticle.benchmarks.results import (
    Goal,
    Measurement,
    Outcome,
    Row,
    judged,
    ratio_to,
    time_text,
)
from deepparticle.benchmarks.runs import (
    BACKENDS,
    add_contenders,
    backend_contenders,
    learning,
    race,
)
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.yardstick import Roofline

__all__ = ["cores_used", "measure"]

BEST = Goal(2.0, "best backend ≤ 2 × roofline.c")
NUMPY = Goal(20.0, "NumPy ≤ 20 × roofline.c")


def cores_used(measured: Measurement) -> int:
    """The cores that a contender occupied, in whole cores: one that it waited in counts too."""
    return min(core_count(), max(1, math.ceil(measured.cores - 0.1)))


def measure(settings: Settings, progress: bool) -> Outcome:
    """Compare the backends with the hand-written step."""
    outcome = Outcome()
    size, count = settings.size, settings.networks
    work = f"{count} networks, N = {size}, learning; per network-step and core"
    contenders = backend_contenders(outcome, "P1", lambda name: learning(name, size, count))
    with Roofline() as roofline:
        one = "roofline.c, one core"
        busy = f"roofline.c, {core_count()} at once"
        added = add_contenders(
            outcome, "P1", contenders, "roofline.c", lambda: roofline.contender(size)
        )
        if added and core_count() > 1:
            add_contenders(
                outcome, "P1", contenders, busy, lambda: roofline.contender(size, core_count())
            )
        # A call has costs of its own for each network; runs are long, so repetitions are, too.
        found = race(outcome, "P1", contenders, settings, progress, share=4.0)
    ours = [name for name in found if name in BACKENDS]
    known = one in found
    per_core = {
        name: found[name].times(cores_used(found[name]) if name in ours else 1) for name in found
    }
    outcome.rows += [Row("P1", work, name, per_core[name]) for name in found if name not in ours]
    ratios = {name: ratio_to(per_core[name], found[one]) for name in ours if known}
    best = min(ratios, key=lambda name: ratios[name], default="")
    for name in ours:
        cores = cores_used(found[name])
        row = Row(
            "P1",
            work,
            name,
            per_core[name],
            note=f"{time_text(found[name].median)} by the clock, with {found[name].cores:.1f} "
            f"cores busy, which counts as {cores}",
        )
        if known:
            compared = f"{ratios[name]:.3g} × roofline.c"
            if busy in found:
                compared += f" ({ratio_to(per_core[name], found[busy]):.3g} × with all cores busy)"
            row = replace(row, compared=compared, value=ratios[name])
            numpy = NUMPY if name == "numpy" else None
            outcome.rows += judged(row, numpy, BEST if name == best else None)
        else:
            outcome.rows.append(row)
    return outcome
