"""Handwritten digits: learned from one example each, recalled from noise, completed from a half.

This is the main job (``deepparticle demo``) with the public names only, and one question more. The
network is built out of objects, one subparticle per pixel; it is compiled; it learns ten images,
one of each digit, in the balanced regime of Spisak & Friston (2026, simulation 2). Then:

1. How many attractors does it have, and how orthogonal are they?
2. How much better than its noisy input does the response explain a digit, trained or unseen?
3. What does it see when only the upper half of a digit is shown? A pixel in the lower half gets no
   evidence at all: what it knows comes from its sensory states of the others.

It takes about ten seconds; ``--epochs 500`` is a shorter run.
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

EVIDENCE, PRECISION, LEARNING_RATE = 11.0, 0.1668, 1e-3
STEPS = 10
SIDE = 8


def build() -> dp.Partition:
    world = dp.Partition("world")
    retina = world.add_partition("retina", precision=PRECISION, learning_rate=LEARNING_RATE)
    for row in range(SIDE):
        for column in range(SIDE):
            retina.add_subparticle(f"r{row}c{column}")
    retina.couple_all(0.0)
    digit = world.add_external("digit")
    world.sense(digit, retina)
    world.check()
    return world


def learn(world: dp.Partition, patterns: Array, epochs: int, seed: int) -> dp.Simulator:
    simulator = dp.Simulator(world, seed=seed)
    run = simulator.learn(patterns, EVIDENCE, epochs=epochs, steps=STEPS)
    tenth = max(1, run.steps // 10)
    print(
        f"learned {epochs} × {STEPS} steps; local free energy {run.free_energy[:tenth].mean():.2f} "
        f"→ {run.free_energy[-tenth:].mean():.2f} nats"
    )
    simulator.write_back()  # the couplings are in the objects again
    middle = world["retina/r3c3"]
    neighbours = [view for view in middle.sensory.values() if not view.source.is_external]
    strongest = max(neighbours, key=lambda view: abs(view.weight))
    print(f"what the pixel {middle.name} listens to most: {strongest!r}")
    return simulator


def measure(simulator: dp.Simulator, data: dp.datasets.Digits, seed: int) -> None:
    """The three measures of the paper; it publishes 10 attractors, gains of .292 and .07."""
    weak = 0.1 * EVIDENCE
    starts = dp.ContinuousBernoulli().mean(weak * data.train)
    found = dp.analysis.attractors(simulator, starts, precision=1.0)
    print(f"\nattractors {len(found)}, images {len(data.train)}")
    for name, states in (("attractors", found.states), ("images", data.train)):
        if len(states) > 1:
            # An attractor and its inverse are one pattern up to sign: such pairs are left out.
            angle = dp.analysis.deviation_from_orthogonality(states, exclude=1.0)
            print(f"  {name:<12}{angle:5.1f}° from orthogonal, in the mean over pairs")
    for name, patterns in (("trained", data.train), ("unseen", data.test)):
        trials = dp.analysis.recall(
            simulator, patterns, evidence_strength=weak, precision=1.0, seed=seed
        )
        print(
            f"noisy {name + ' digits':<15}r² with the clean one "
            f"{np.median(trials.input_variance):.3f} → {np.median(trials.output_variance):.3f}, "
            f"median gain {trials.score:+.3f}"
        )


# ------------------------------------------------------------------------------ half a digit


def complete(simulator: dp.Simulator, patterns: Array, hidden: NDArray[np.bool_]) -> Array:
    """The mean response to patterns of which the hidden pixels give no evidence, (P, N)."""
    chains = simulator.fork(chains=len(patterns), seed=0)
    evidence = np.where(hidden, 0.0, 2.0 * patterns)
    run = chains.infer(evidence, steps=200, burn_in=20, precision=1.0, record=())
    return run.mean


def agreement(responses: Array, patterns: Array) -> float:
    """The median over patterns of the correlation between response and pattern."""
    pairs = zip(responses, patterns, strict=True)
    values = [np.asarray(np.corrcoef(response, pattern))[0, 1] for response, pattern in pairs]
    return float(np.median(values))


def halves(simulator: dp.Simulator, data: dp.datasets.Digits, path: Path) -> None:
    hidden = np.repeat(np.arange(SIDE) >= SIDE // 2, SIDE)
    first = [int(np.flatnonzero(data.test_labels == label)[0]) for label in range(10)]
    average = data.train.mean(axis=0)[hidden]
    print("\nShown the upper half only: how well the hidden half is filled in (correlation)")
    for name, patterns in (("trained", data.train), ("unseen", data.test[:300])):
        filled = complete(simulator, patterns, hidden)[:, hidden]
        truth = patterns[:, hidden]
        guess = np.broadcast_to(average, truth.shape)
        print(
            f"  {name:<9}{agreement(filled, truth):.3f}   "
            f"(guessing the average of the ten digits: {agreement(guess, truth):.3f})"
        )
    draw(
        [
            ("trained", data.train, complete(simulator, data.train, hidden)),
            ("unseen", data.test[first], complete(simulator, data.test[first], hidden)),
        ],
        hidden,
        path,
    )


def draw(groups: list[tuple[str, Array, Array]], hidden: NDArray[np.bool_], path: Path) -> None:
    figure = Figure(figsize=(9.2, 6.4), layout="constrained")
    places: Any = figure.subfigures(2, 1, hspace=0.04)
    for place, (name, patterns, responses) in zip(places, groups, strict=True):
        place.suptitle(f"{name} digits", fontsize=12)
        axes = place.subplots(3, len(patterns))
        shown = np.where(hidden, np.nan, patterns)
        rows = (("shown", shown), ("response", responses), ("whole", patterns))
        for row, (label, images) in enumerate(rows):
            for column, image in enumerate(images):
                ax = axes[row, column]
                limit = float(np.nanmax(np.abs(image)))
                ax.set_facecolor("#E8DCC8")  # where nothing is shown
                ax.imshow(image.reshape(SIDE, SIDE), cmap="gray_r", vmin=-limit, vmax=limit)
                ax.set_xticks([])
                ax.set_yticks([])
                for spine in ax.spines.values():
                    spine.set_color("#BBBBBB")
            axes[row, 0].set_ylabel(label, fontsize=10)
    figure.savefig(path, dpi=130)
    print(f"\nwrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Ten digits, learned, recalled and completed.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=5000, help="5000 as published")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    data = dp.datasets.digits()
    simulator = learn(build(), data.train, options.epochs, options.seed)
    measure(simulator, data, options.seed)
    halves(simulator, data, options.out / "digits_completed.png")


if __name__ == "__main__":
    main()
