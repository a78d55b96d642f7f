"""P7: the whole grid of simulation 2, learned and evaluated, by the clock.

380 networks, one for each evidence 1 … 20 and each of 19 precisions from .01 to 1, each learns ten
digits for 5000 epochs of 10 steps; then retrieval and one-shot generalisation are scored, 100
trials of 100 steps each, one after another without a reset, as in the paper (see theory.md).

What was computed is held against the published numbers in three cells, so that fast and wrong is
noticed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepparticle.analysis.recall import recall
from deepparticle.benchmarks.results import Goal, Outcome, Row
from deepparticle.benchmarks.runs import add_contenders, race
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.timing import Contender, timed
from deepparticle.blankets._types import FloatArray
from deepparticle.datasets import Digits, digits
from deepparticle.reproduce.simulations.digits_grid import (
    CELLS,
    EVIDENCES,
    PRECISIONS,
    STEPS,
    cell_number,
    learn_grid,
    settings_of_all,
)

__all__ = ["GridScores", "measure", "simulate_grid"]

GOAL = Goal(60.0, "≤ 60 s on two cores")
TRIAL_STEPS = 100


@dataclass(frozen=True, eq=False)
class GridScores:
    """Median gains in explained variance, shape (380,): evidence × precision."""

    retrieval: FloatArray
    generalisation: FloatArray

    @property
    def deviation(self) -> float:
        """The largest deviation from the references, in standard deviations of one network."""
        deviations = []
        for regime, cell in CELLS.items():
            for name in ("retrieval", "generalisation"):
                mean, spread = cell[name][1]
                score = getattr(self, name)[cell_number(regime)]
                deviations.append(abs(score - mean) / spread)
        return float(max(deviations))


def simulate_grid(backend: str, epochs: int, trials: int, seed: int = 0) -> GridScores:
    """Learn and evaluate the whole grid with one simulator.

    Parameters
    ----------
    backend : str
    epochs : int
        Presentations of a digit while learning.
    trials : int
        Of each test.
    seed : int

    Returns
    -------
    GridScores
    """
    simulator, data = learn_grid(seed, backend, epochs), digits()
    weak = 0.1 * settings_of_all()[0]
    return GridScores(
        *(
            recall(
                simulator,
                shown,
                evidence_strength=weak,
                steps=TRIAL_STEPS,
                trials=trials,
                precision=1.0,
                seed=2 * seed + number + 1,
            ).scores
            for number, shown in enumerate((data.train, data.test))
        )
    )


def measure(settings: Settings, progress: bool) -> Outcome:
    """Time the grid with the backend that the library picks by itself."""
    outcome = Outcome()
    scores: list[GridScores] = []

    def make() -> Contender:
        # Data and compiled code are there before the clock starts.
        _: Digits = digits()
        simulate_grid("auto", 2, 1)

        def run(amount: int) -> None:
            scores.append(simulate_grid("auto", settings.epochs, settings.trials, seed=len(scores)))

        return Contender("auto", timed(run), amount=1, ready=True)

    contenders: list[Contender] = []
    add_contenders(outcome, "P7", contenders, "auto", make)
    found = race(outcome, "P7", contenders, settings, progress)
    work = (
        f"simulation 2: {len(EVIDENCES) * len(PRECISIONS)} networks × {settings.epochs * STEPS} "
        f"learning steps, then 2 × {settings.trials} trials of {TRIAL_STEPS} steps"
    )
    for name, measured in found.items():
        note = f"{measured.cores:.1f} cores busy"
        if not settings.quick:
            worst = float(np.median([each.deviation for each in scores]))
            note += (
                f"; scores of three published cells within {worst:.1f} standard deviations of a "
                "single network (median over the runs of the largest of 6)"
            )
        outcome.rows.append(
            Row("P7", work, name, measured, value=measured.median, goal=GOAL, note=note)
        )
        outcome.details["grid deviations"] = [each.deviation for each in scores]
    return outcome
