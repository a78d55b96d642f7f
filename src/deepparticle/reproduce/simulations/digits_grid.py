r"""The grid of simulation 2: 380 networks, learned side by side, and what they score.

One network for each evidence 1 … 20 and each of 19 precisions from .01 to 1, spaced evenly in the
logarithm. Each learns one image of each digit, 5000 epochs of 10 steps, learning rate .001, states
carried over. Scores: the median over 100 trials of the gain in explained variance, a tenth of the
evidence of learning, precision 1; attractors from :math:`L(0.1 \cdot \text{evidence} \cdot
\text{image})`, deterministic, precision 1, without evidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.analysis import (
    Recall,
    asymmetry,
    attractors_of_each,
    deviation_from_orthogonality,
    recall,
    symmetric_part,
)
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.simulator import Simulator
from deepparticle.datasets import digits
from deepparticle.partitions.constructors import from_couplings
from deepparticle.reproduce.parts import Arrays, completed

__all__ = [
    "CELLS",
    "EVIDENCES",
    "PRECISIONS",
    "REGIMES",
    "STEPS",
    "cell_number",
    "evaluate_grid",
    "grid_simulator",
    "learn_grid",
    "settings_of_all",
    "trials_of",
]

EVIDENCES = np.arange(1.0, 21.0)
PRECISIONS = np.geomspace(0.01, 1.0, 19)
STEPS, RATE = 10, 1e-3

REGIMES = {
    "high complexity": (16, 14),
    "balanced": (11, 11),
    "low complexity": (6, 4),
}
"""The regimes of the paper's panels C, D and E: the evidence, and the number of the precision."""

CELLS: dict[str, dict[str, tuple[float, tuple[float, float]]]] = {
    "high complexity": {
        "retrieval": (0.27, (0.260, 0.025)),
        "generalisation": (-0.0505, (-0.052, 0.014)),
        "attractors": (10.0, (10.0, 0.0)),
        "deviation": (27.6, (27.5, 0.3)),
    },
    "balanced": {
        "retrieval": (0.292, (0.288, 0.013)),
        "generalisation": (0.07, (0.064, 0.016)),
        "attractors": (10.0, (9.4, 0.6)),
        "deviation": (17.3, (19.8, 1.9)),
    },
    "low complexity": {
        "retrieval": (0.1645, (0.161, 0.009)),
        "generalisation": (0.0845, (0.085, 0.011)),
        "attractors": (1.0, (1.0, 0.0)),
    },
}
"""For each regime: the published number, and mean and standard deviation over independent runs."""


def settings_of_all() -> tuple[FloatArray, FloatArray]:
    """Evidence and precision of every network, both of shape (380,)."""
    return np.repeat(EVIDENCES, len(PRECISIONS)), np.tile(PRECISIONS, len(EVIDENCES))


def cell_number(regime: str) -> int:
    """Which of the 380 networks belongs to a regime.

    Examples
    --------
    >>> evidence, precision = settings_of_all()
    >>> number = cell_number("balanced")
    >>> float(evidence[number]), round(float(precision[number]), 4)
    (11.0, 0.1668)
    """
    evidence, precision = REGIMES[regime]
    return (evidence - 1) * len(PRECISIONS) + precision


def grid_simulator(seed: int, backend: str) -> Simulator:
    """A simulator of 380 networks that know nothing yet, each with its precision."""
    size = digits().train.shape[1]
    return Simulator(
        from_couplings(np.zeros((size, size), dtype=np.float32), name="digits"),
        backend,
        networks=len(EVIDENCES) * len(PRECISIONS),
        seed=seed,
        dtype="float32",
        precision=settings_of_all()[1],
        learning_rate=RATE,
    )


def learn_grid(seed: int, backend: str, epochs: int) -> Simulator:
    """All 380 networks, learned in one call."""
    simulator = grid_simulator(seed, backend)
    evidence, _ = settings_of_all()
    completed(simulator.learn(digits().train, evidence, epochs, STEPS, record=()))
    return simulator


def evaluate_grid(simulator: Simulator, seed: int, trials: int) -> Arrays:
    """Scores, attractors and couplings of all networks.

    Parameters
    ----------
    simulator : Simulator
        As `learn_grid` gives it.
    seed : int
    trials : int

    Returns
    -------
    dict
        ``retrieval``, ``generalisation`` and their signed forms, ``attractors``, ``deviation``
        (degrees; NaN with less than two attractors), ``resting`` (starts that came to rest),
        ``asymmetry``, ``lowest`` (the lowest eigenvalue of J†), each of shape (380,);
        ``couplings`` (380, 64, 64); and of each regime what its panels show.
    """
    evidence, _ = settings_of_all()
    data = digits()
    found: Arrays = {}
    weak = 0.1 * evidence
    tested = {"retrieval": data.train, "generalisation": data.test}
    for number, (name, shown) in enumerate(tested.items()):
        trial = recall(
            simulator,
            shown,
            evidence_strength=weak,
            precision=1.0,
            trials=trials,
            seed=2 * seed + number + 1,
        )
        found[name], found[f"signed {name}"] = trial.scores, trial.signed_scores
        for regime in REGIMES:
            found |= _of_regime(trial, regime, name)
    starts = ContinuousBernoulli().mean(weak[:, None, None] * data.train)
    each = attractors_of_each(simulator, starts, precision=1.0)
    couplings = np.asarray(simulator.couplings)
    for regime in REGIMES:
        one = each[cell_number(regime)]
        found[f"states, {regime}"], found[f"of start, {regime}"] = one.states, one.of_start
    found |= {
        "attractors": np.array([len(one) for one in each], dtype=np.float64),
        # An attractor and its inverse are one pattern up to sign: such pairs are left out.
        "deviation": np.array(
            [deviation_from_orthogonality(one.states, exclude=1.0) for one in each]
        ),
        "resting": np.array([np.mean(one.of_start >= 0) for one in each]),
        "asymmetry": np.array([asymmetry(J) for J in couplings]),
        "lowest": np.linalg.eigvalsh(symmetric_part(couplings))[:, 0],
        "couplings": couplings,
    }
    return found


_KEPT = ("chosen", "targets", "noisy", "responses")


def _of_regime(trials: Recall, regime: str, name: str) -> Arrays:
    number = cell_number(regime)
    return {f"{part} of {name}, {regime}": getattr(trials, part)[:, number] for part in _KEPT}


def trials_of(found: Arrays, regime: str, name: str) -> Any:
    """The trials of one regime again, as `Recall`."""
    return Recall(*(found[f"{part} of {name}, {regime}"] for part in _KEPT))
