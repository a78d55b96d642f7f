"""P4: a square lattice of spins, chromatic Gibbs sampling, in flips per second, against thrml.

The gate comes first: both programs must sample the same law. A backend that does not pass it gets
no ratio.
"""

from __future__ import annotations

from dataclasses import replace

from deepparticle.agents.spin import Spin
from deepparticle.benchmarks.gate import pass_gate
from deepparticle.benchmarks.results import Goal, Outcome, Row, ratio_to
from deepparticle.benchmarks.runs import BACKENDS, add_contenders, omitted, race
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.timing import Contender, timed
from deepparticle.benchmarks.works.lattice_law import Lattice, moments
from deepparticle.benchmarks.works.lattice_thrml import thrml_contender
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.constructors import from_couplings
from deepparticle.reproduce.parts import completed

__all__ = ["measure"]

GOAL = Goal(2.0, "best backend ≥ 2 × thrml", at_least=True)
SPACING, BURN_IN = 5, 200


def ours(lattice: Lattice, backend: str, samples: int) -> tuple[Contender, FloatArray]:
    """A backend as a contender (an amount of 1 is one sweep), and the moments of its samples."""
    world = from_couplings(lattice.couplings, bias=lattice.bias, distribution=Spin())
    simulator = Simulator(world, backend, "chromatic", seed=0, dtype="float32")
    run = completed(
        simulator.infer(steps=SPACING * samples, burn_in=BURN_IN, record=("states",), every=SPACING)
    )
    found = moments(lattice, run.states)

    def sweep(amount: int) -> None:
        completed(simulator.infer(steps=amount, record=()))

    return Contender(backend, timed(sweep)), found


def measure(settings: Settings, progress: bool) -> Outcome:
    """Pass the gate, then count flips."""
    outcome = Outcome()
    lattice = Lattice.random(settings.lattice)
    size = lattice.side**2
    work = f"{lattice.side} × {lattice.side} spins, chromatic Gibbs, float32; per sweep"
    contenders: list[Contender] = []
    found_moments: dict[str, FloatArray] = {}

    def make(name: str) -> Contender:
        if name == "thrml":
            contender, found_moments[name] = thrml_contender(
                lattice, settings.samples, SPACING, BURN_IN
            )
        else:
            contender, found_moments[name] = ours(lattice, name, settings.samples)
        return contender

    for name in (*BACKENDS, "thrml"):
        add_contenders(outcome, "P4", contenders, name, lambda name=name: make(name))  # type: ignore[misc]
    found = race(outcome, "P4", contenders, settings, progress)
    rows: dict[str, Row] = {}
    for name, measured in found.items():
        note = f"{1e-6 * size / measured.median:.3g} million flips/s"
        row = Row("P4", work, name, measured, note=note)
        if "thrml" in found and name != "thrml":
            with omitted(outcome, "P4", f"{name}, ratio"):
                deviation = pass_gate(name, found_moments[name], "thrml", found_moments["thrml"])
                ratio = 1.0 / ratio_to(measured, found["thrml"])
                row = replace(
                    row,
                    compared=f"{ratio:.3g} × as fast as thrml",
                    value=ratio,
                    note=f"{note}; same law as thrml: largest of 3 differences {deviation:.1f} "
                    "standard errors",
                )
        rows[name] = row
    values = {name: row.value for name, row in rows.items() if row.value is not None}
    best = max(values, key=lambda name: values[name], default="")
    outcome.rows += [
        replace(row, goal=GOAL) if row.contender == best else row for row in rows.values()
    ]
    return outcome
