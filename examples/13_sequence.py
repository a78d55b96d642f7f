"""Digits in a fixed order become a cycle; the same digits in random order do not (simulation 3).

The digits 1, 2, 3 are shown again and again, each for a single step. While one of them is shown, a
subparticle still senses what the others made of the one before, so that what it learns to predict
is the *next* digit. Its couplings become asymmetric. They split into

    J = ½ (J + Jᵀ) + ½ (J − Jᵀ),

a symmetric part with one attractor for each digit, and an antisymmetric part that carries the
network on from one to the next: a network that is left to itself walks through 1, 2, 3, 1, 2, 3 …
(Spisak & Friston 2026, simulation 3). It does so in the order that it learned, but not at the pace:
each digit was shown for one step and is dwelt in for nearly four, a whole cycle takes more than
eleven. And without evidence nothing distinguishes a state from its inverse. Half of all starts run
the cycle of the inverted digits.

The control learns the same images, as often, one step each, but in random order. Its couplings are
far more symmetric, its states stay where they are, and it produces no entropy, as far as one can
tell: a film of it looks the same backwards. A film of the cycle does not. (All of it takes a few
seconds.)
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

SHOWN = (1, 2, 3)
LABELS = [str(digit) for digit in SHOWN]
EVIDENCE, PRECISION, LEARNING_RATE = 20.0, 1.0, 1e-3
PRESENTATIONS = 2000
CHAINS, BURN_IN, STEPS = 50, 60, 600
STARTS = 40


def learn(patterns: Array, order: str, seed: int) -> dp.Simulator:
    size = patterns.shape[1]
    world = dp.from_couplings(
        np.zeros((size, size)), precision=PRECISION, learning_rate=LEARNING_RATE
    )
    simulator = dp.Simulator(world, seed=seed)
    simulator.learn(patterns, EVIDENCE, epochs=PRESENTATIONS, steps=1, order=order, record=())
    return simulator


# ------------------------------------------------------------------------------ couplings


def symmetric_attractors(couplings: Array, patterns: Array) -> dp.analysis.Attractors:
    """The fixed points of the symmetric part alone, from weak versions of the digits."""
    starts = dp.ContinuousBernoulli().mean(0.1 * patterns)
    return dp.analysis.attractors(dp.analysis.symmetric_part(couplings), starts)


def look(couplings: Array, patterns: Array) -> None:
    print(f"  asymmetry ‖J − Jᵀ‖ / ‖J‖                {dp.analysis.asymmetry(couplings):.3f}")
    found = symmetric_attractors(couplings, patterns)
    likeness = [
        float(dp.analysis.correlation(found.states[number], pattern))
        for number, pattern in zip(found.of_start, patterns, strict=True)
        if number >= 0
    ]
    print(
        f"  the symmetric part has {len(found)} attractors near the digits, which correlate with "
        f"them by {', '.join(f'{r:.2f}' for r in likeness)}"
    )
    # Without noise, from random states: does the whole of J come to rest?
    whole = dp.analysis.attractors(couplings, STARTS, modulo_sign=True, max_steps=1000)
    resting = int(np.sum(whole.of_start >= 0))
    ends = f", in {len(whole)} attractors modulo sign" if resting else ""
    print(f"  the whole of J: {resting} of {STARTS} random starts come to rest{ends}")


# ------------------------------------------------------------------------------ the free run


def run_free(simulator: dp.Simulator, seed: int) -> Array:
    """States of shape (STEPS, CHAINS, N) of a network that is shown nothing and learns nothing."""
    chains = simulator.fork(chains=CHAINS, seed=seed)
    starts = np.random.default_rng(seed).uniform(-1.0, 1.0, chains.state.shape)
    return chains.infer(steps=STEPS, burn_in=BURN_IN, start=starts, record="states").states


def walk(states: Array, patterns: Array) -> dp.analysis.SequenceStatistics:
    """Which digit is the best match at each step, with which sign, and what follows what."""
    found = dp.analysis.sequence_statistics(states, patterns)
    changes = int(found.transitions.sum())
    print(f"  {CHAINS} free runs of {STEPS} steps: the best matching digit changes {changes} times")
    if len(found.periods):
        print(f"    in the trained order in {found.forward:.2%} of them")
        print(
            f"    a digit is dwelt in for {found.mean_dwell:.2f} ± {found.deviation_of_dwell:.2f} "
            "steps ("
            + ", ".join(
                f"{label}: {found.dwells[found.dwelt_in == number].mean():.1f}"
                for number, label in enumerate(LABELS)
            )
            + "), and was shown for one"
        )
        print(
            f"    a cycle takes {found.mean_period:.2f} ± {found.deviation_of_period:.2f} steps; "
            f"the autocorrelation revives after {found.dominant_period:.2f}, to {found.revival:.2f}"
        )
    print(
        f"    {found.inverted_runs:.0%} of the runs are in the inverted digits; the sign changes "
        f"{int(found.sign_flips.sum())} times"
    )
    return found


# ------------------------------------------------------------------------------ pictures


def draw(
    couplings: Array,
    states: Array,
    found: dp.analysis.SequenceStatistics,
    patterns: Array,
    folder: Path,
) -> None:
    shape = dp.datasets.digits().shape
    save(dp.figures.coupling_parts(couplings), folder / "sequence_couplings.png")
    attractors = symmetric_attractors(couplings, patterns).states
    save(
        dp.figures.attractors_beside_patterns(patterns, attractors, shape, labels=LABELS),
        folder / "sequence_attractors.png",
    )
    # The first run that is upright: others, as many, look like its negative.
    run, frames = int(np.argmin(found.inverted)), 45
    words = [LABELS[best] for best in found.best[:frames, run]]
    save(
        dp.figures.free_run(
            states[:frames, run], shape, words, title="a free run, and the digit that matches best"
        ),
        folder / "sequence_free_run.png",
    )
    save(
        dp.figures.cycle_overview(
            found.overlaps[:, run],
            found.dwells,
            found.transitions,
            found.mean_period,
            labels=LABELS,
            steps=90,
            title=f"overlaps in this run; dwell times and transitions in all {CHAINS}",
        ),
        folder / "sequence_cycle.png",
    )


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=150)
    print(f"wrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Digits in a fixed order become a cycle.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    patterns = dp.datasets.digits().train[list(SHOWN)]
    results = {}
    for order in ("cyclic", "random"):
        simulator = learn(patterns, order, options.seed)
        print(f"{order} order, {PRESENTATIONS} presentations of one step")
        look(simulator.couplings, patterns)
        states = run_free(simulator, options.seed + 1)
        found = walk(states, patterns)
        produced = dp.analysis.entropy_production(simulator, seed=options.seed)
        print(
            f"    entropy production {produced.value:.2f} ± {produced.standard_error:.2f} "
            f"{produced.unit}\n"
        )
        results[order] = (simulator.couplings, states, found)
    draw(*results["cyclic"], patterns, options.out)


if __name__ == "__main__":
    main()
