"""Which precision, and how much evidence? Networks side by side, and three regimes (simulation 2).

Ten images of digits, one of each, are learned by networks that differ in two numbers only: how
precise their inference is while they learn, and how strong the evidence. All of them are one call:
``networks=R`` runs R copies of the same world side by side, each with couplings, random numbers and
settings of its own. What comes out falls into three regimes (Spisak & Friston 2026, simulation 2):

C  high complexity   the images themselves become attractors, and what is new is forced into them
D  balanced          ten attractors, more orthogonal than the images; known and new are recalled
E  low complexity    one attractor is left, the zero state, and yet new digits are reconstructed

A score is the median gain in r²: how much better than its noisy input the response explains the
digit. Three things belong beside every score, and are printed here. r² is blind to sign, so that an
inverted digit counts as recalled; the gain in r is not. A network without couplings, J = 0, already
answers with something like its input. And whoever knows the ten images can project the input onto
their span, which takes one product of matrices.

Evidence 6, 11 and 16 at 19 precisions take some ten seconds; ``--full`` is the whole grid, 20 × 19
networks, about a minute with the extra ``native``; ``--epochs 1000`` is a short run.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

PRECISIONS = np.geomspace(0.01, 1.0, 19)
ROWS, ALL_ROWS = (6.0, 11.0, 16.0), tuple(np.arange(1.0, 21.0).tolist())
STEPS, LEARNING_RATE = 10, 1e-3
# The regimes of the paper: evidence, and the number of the precision.
REGIMES = {
    "C: high complexity": (16.0, 14),
    "D: balanced": (11.0, 11),
    "E: low complexity": (6.0, 4),
}
TESTS = ("retrieval", "generalisation")


@dataclass(frozen=True, eq=False)
class Networks:
    """Networks side by side, and what they were found to do.

    ``trials`` holds the trials of all networks for each test, ``attractors`` one set per network.
    """

    evidence: Array
    precision: Array
    simulator: dp.Simulator
    trials: Mapping[str, dp.analysis.Recall]
    attractors: list[dp.analysis.Attractors]

    def number(self, evidence: float, precision: float) -> int:
        """Which of the networks has these settings."""
        same = (self.evidence == evidence) & (self.precision == precision)
        return int(np.flatnonzero(same)[0])

    @property
    def deviations(self) -> Array:
        """The mean deviation of attractors from 90°, per network; NaN for a single one."""
        # An attractor and its inverse are one pattern up to sign: such pairs are left out.
        return np.array([deviation(found.states) for found in self.attractors])

    @property
    def counts(self) -> Array:
        """How many attractors each network has."""
        return np.array([float(len(found)) for found in self.attractors])


def deviation(states: Array) -> float:
    return dp.analysis.deviation_from_orthogonality(states, exclude=1.0)


def learn(rows: tuple[float, ...], data: dp.datasets.Digits, epochs: int, seed: int) -> Networks:
    """One network for each evidence and each precision; all learn in one call."""
    evidence, precision = np.repeat(rows, len(PRECISIONS)), np.tile(PRECISIONS, len(rows))
    size = data.train.shape[1]
    world = dp.from_couplings(np.zeros((size, size)), name="digits", learning_rate=LEARNING_RATE)
    simulator = dp.Simulator(
        world, backend="auto", networks=len(evidence), precision=precision, seed=seed
    )
    simulator.learn(data.train, evidence, epochs, STEPS, record=())
    print(
        f"{len(evidence)} networks learned {epochs} × {STEPS} steps each, side by side "
        f"(backend {simulator.backend})"
    )
    # Tests are made with a tenth of the evidence of learning, at precision 1.
    weak = 0.1 * evidence
    trials = {
        name: dp.analysis.recall(
            simulator, patterns, evidence_strength=weak, precision=1.0, seed=seed + number
        )
        for number, (name, patterns) in enumerate(zip(TESTS, (data.train, data.test), strict=True))
    }
    starts = dp.ContinuousBernoulli().mean(weak[:, None, None] * data.train)
    attractors = dp.analysis.attractors_of_each(simulator, starts, precision=1.0)
    return Networks(evidence, precision, simulator, trials, attractors)


# ------------------------------------------------------------------------------ numbers


def along_precision(networks: Networks, evidence: float, data: dp.datasets.Digits) -> None:
    """One row of the grid: from a single attractor to the images themselves."""
    print(f"\nevidence {evidence:g}: gains in r², attractors and their deviation from 90°")
    print(f"  {'precision':>9}{'retrieval':>11}{'one-shot':>10}{'attractors':>12}{'deviation':>11}")
    scores = {name: trials.scores for name, trials in networks.trials.items()}
    for precision in PRECISIONS.tolist():
        at = networks.number(evidence, precision)
        angle = networks.deviations[at]
        print(
            f"  {precision:>9.4f}{scores['retrieval'][at]:>+11.3f}"
            f"{scores['generalisation'][at]:>+10.3f}{networks.counts[at]:>12.0f}"
            + ("–" if np.isnan(angle) else f"{angle:.1f}°").rjust(11)
        )
    print(f"  the ten images themselves deviate by {deviation(data.train):.1f}°")


def compare(networks: Networks, data: dp.datasets.Digits, seed: int) -> None:
    """The regimes beside a network without couplings and a linear projection."""
    print("\nmedian gain in r² (and in r, which knows the sign)")
    print(f"  {'':<38}{'retrieval':>18}{'one-shot':>18}")
    for regime, (evidence, place) in REGIMES.items():
        at = networks.number(evidence, PRECISIONS[place])
        row = [
            (float(trials.scores[at]), float(trials.signed_scores[at]))
            for trials in networks.trials.values()
        ]
        show(f"{regime} ({evidence:g} / {PRECISIONS[place]:.4f})", row)
    balanced = 0.1 * REGIMES["D: balanced"][0]
    nothing, linear = [], []
    for number, patterns in enumerate((data.train, data.test)):
        trials = dp.analysis.recall(
            np.zeros(networks.simulator.couplings.shape[1:]),
            patterns,
            evidence_strength=balanced,
            precision=1.0,
            seed=seed + number,
        )
        nothing.append((trials.score, float(trials.signed_scores)))
        # The same noisy digits, projected onto the span of the ten images: no dynamics at all.
        responses = dp.analysis.linear_reconstruction(trials.noisy, data.train)
        projected = dp.analysis.Recall(trials.chosen, trials.targets, trials.noisy, responses)
        linear.append((projected.score, float(projected.signed_scores)))
    show("J = 0, evidence as in D", nothing)
    show("linear projection onto the ten images", linear)


def show(name: str, row: list[tuple[float, float]]) -> None:
    print(f"  {name:<38}" + "".join(f"{a:>+9.3f} ({b:+.3f})" for a, b in row))


# ------------------------------------------------------------------------------ pictures


def of_one(trials: dp.analysis.Recall, at: int) -> dp.analysis.Recall:
    """The trials of one network."""
    return dp.analysis.Recall(
        trials.chosen[:, at],
        trials.targets[:, at],
        trials.noisy[:, at],
        trials.responses[:, at],
    )


def draw(
    networks: Networks, rows: tuple[float, ...], data: dp.datasets.Digits, folder: Path
) -> None:
    grid = (len(rows), len(PRECISIONS))
    landscapes = dp.figures.landscapes(
        networks.trials["retrieval"].scores.reshape(grid),
        networks.trials["generalisation"].scores.reshape(grid),
        networks.deviations.reshape(grid),
        networks.counts.reshape(grid),
        rows,
        PRECISIONS,
        marked={
            name[0]: (evidence, float(PRECISIONS[place]))
            for name, (evidence, place) in REGIMES.items()
        },
        reference_deviation=deviation(data.train),
    )
    save(landscapes, folder / "regimes_landscapes.png")
    panels = []
    for name, (evidence, place) in REGIMES.items():
        at = networks.number(evidence, PRECISIONS[place])
        tests = [of_one(networks.trials[test], at) for test in TESTS]
        panels.append(dp.figures.RegimePanel(name, networks.attractors[at].states, *tests))
    overview = dp.figures.regime_overview(data.train, panels, data.shape)
    save(overview, folder / "regimes.png")


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=150)
    print(f"wrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Ten digits, learned in many regimes.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=5000, help="5000 as published")
    parser.add_argument("--full", action="store_true", help="all 20 × 19 networks")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    data = dp.datasets.digits()
    rows = ALL_ROWS if options.full else ROWS
    networks = learn(rows, data, options.epochs, options.seed)
    along_precision(networks, REGIMES["D: balanced"][0], data)
    compare(networks, data, options.seed)
    print()
    draw(networks, rows, data, options.out)


if __name__ == "__main__":
    main()
