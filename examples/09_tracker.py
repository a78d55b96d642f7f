"""A tracker: an eye and its muscles keep a drifting target in the middle of the view.

A target wanders by itself, a stochastic differential equation. Where it appears on the retina is
the only thing that reaches the particle,

    offset = position of the target − direction of gaze,

and the only thing that the particle can do is to turn its gaze. It is a partition of two: the eye
holds a fovea that notices small offsets and saturates at large ones, and a periphery that tells
large ones apart; the motor partition holds two muscles that pull against each other. The eye does
not act, the muscles do not sense: what the eye infers reaches them through the blanket between.

The world answers first in each step, then the particle senses, infers and acts:

    target, gaze  →  offset  →  eye  →  motor  →  gaze.

The loop is then cut, in one place at a time: the eye is blind, or its nerve does not reach the
muscles, or the muscles do not reach the gaze, or they are replayed from another day: the gaze then
moves as much as it did, but not because of this target.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

STEPS, BURN_IN, RUNS = 600, 50, 12
FOVEA = 1.0  # what lies within one unit of the middle is seen sharply
GAINS = {"fovea": 2.5, "periphery": 0.5}
PULLS = {"left": -0.12, "right": 0.12}
CONDITIONS = ("closed loop", "blind", "nerve cut", "muscles cut", "replayed")
COLOURS = dict(
    zip(CONDITIONS, ("#0072B2", "#D55E00", "#CC79A7", "#E69F00", "#009E73"), strict=True)
)


def wander(position: Array, actions: Array) -> Array:
    """The drift of the target: it is drawn back to the middle of the scene, but slowly."""
    return -0.02 * position


MOTION = dp.StochasticDifferential(wander, diffusion=0.45, time_step=0.25)


@dataclass
class View:
    """The process of the offset. It remembers where target and gaze are, and writes it down.

    A process with a memory says so by ``fork()``: every network of a simulator goes on with a fork
    of its own. The log is common to all of them.
    """

    replay: Iterator[float] | None = None
    log: list[tuple[float, float]] = field(default_factory=list)
    target: Array = field(default_factory=lambda: np.zeros(()))
    gaze: float = 0.0

    def fork(self) -> View:
        """Another one that is where this one is."""
        return replace(self)

    def __call__(self, value: Array, actions: Array, rng: np.random.Generator) -> Array:
        """The target moves, the gaze turns; what is seen is their difference."""
        self.target = MOTION(self.target, actions, rng)
        turn = float(actions.sum()) if self.replay is None else next(self.replay)
        self.gaze += turn
        self.log.append((float(self.target), self.gaze))
        return np.asarray(self.target - self.gaze)


def build(condition: str, view: View) -> dp.Partition:
    world = dp.Partition("world")
    tracker = world.add_partition("tracker")
    eye = tracker.add_partition("eye", precision=2.0)
    motor = tracker.add_partition("motor", precision=4.0)
    for name in GAINS:
        eye.add_subparticle(name)
    for name in PULLS:
        motor.add_subparticle(name)
    offset = world.add_external("offset", 0.0, view)
    if condition != "blind":
        world.sense(offset, eye, list(GAINS.values()))
    if condition != "nerve cut":
        # The right muscle is driven by offsets to the right, the left one by those to the left.
        tracker.couple(eye, motor, [[-1.0, -1.0], [1.0, 1.0]])
    motor.couple_all(-0.5)  # and each holds the other back
    if condition != "muscles cut":
        world.act(motor, offset, list(PULLS.values()))
    world.check()
    return world


def run(condition: str, seed: int, runs: int, replay: Array | None = None) -> Array:
    """Positions of target and gaze, shape (STEPS, runs, 2)."""
    view = View(None if replay is None else iter(replay.ravel().tolist()))
    simulator = dp.Simulator(build(condition, view), networks=runs, seed=seed)
    simulator.infer(steps=STEPS, record=())
    return np.array(view.log).reshape(STEPS, runs, 2)


def run_all(seed: int, runs: int) -> dict[str, Array]:
    found = {name: run(name, seed, runs) for name in CONDITIONS[:-1]}
    # What the muscles did on another day, each with a target of its own.
    other = run("closed loop", seed + 1, runs)[..., 1]
    found["replayed"] = run("closed loop", seed, runs, np.diff(other, axis=0, prepend=0.0))
    return found


def scores(positions: Array) -> tuple[Array, Array]:
    """Root mean square offset, and share of the time in the fovea; one of each per run."""
    offset = positions[BURN_IN:, :, 0] - positions[BURN_IN:, :, 1]
    return np.sqrt(np.mean(offset**2, axis=0)), np.mean(np.abs(offset) <= FOVEA, axis=0)


def draw(found: dict[str, Array], path: Path) -> None:
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    grid = figure.add_gridspec(2, 3, width_ratios=(1, 1, 1.2))
    steps = np.arange(1, STEPS + 1)
    shown = figure.add_subplot(grid[0, :]), figure.add_subplot(grid[1, :2])
    titles = "The loop is closed: gaze follows the target", "Replayed: gaze moves, but not with it"
    for ax, name, title in zip(shown, ("closed loop", "replayed"), titles, strict=True):
        target, gaze = found[name][:, 0].T
        ax.fill_between(
            steps, target - FOVEA, target + FOVEA, color="#DDDDDD", label="in the fovea"
        )
        ax.plot(steps, target, color="#333333", linewidth=1.2, label="target")
        ax.plot(steps, gaze, color=COLOURS[name], linewidth=1.1, label="gaze")
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("step", fontsize=9)
        ax.set_ylabel("position", fontsize=9)
        ax.set_xlim(0, STEPS)
        ax.margins(y=0.14)
        ax.legend(frameon=False, fontsize=8, ncols=3, loc="upper right")
    ax = figure.add_subplot(grid[1, 2])
    for place, name in enumerate(CONDITIONS):
        errors, _ = scores(found[name])
        spread = np.linspace(-0.18, 0.18, len(errors))
        ax.plot(place + spread, errors, "o", color=COLOURS[name], ms=3.5, mfc="white")
        ax.plot([place - 0.3, place + 0.3], [errors.mean()] * 2, color=COLOURS[name], lw=2)
    ax.set_xticks(range(len(CONDITIONS)), [name.replace(" ", "\n") for name in CONDITIONS])
    ax.set_xlim(-0.6, len(CONDITIONS) - 0.4)
    ax.set_yscale("log")
    ax.set_yticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
    ax.minorticks_off()
    ax.set_ylabel("offset, root mean square", fontsize=9)
    ax.set_title(f"{len(errors)} runs each, and their mean", fontsize=10)
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description="A tracker keeps a drifting target in view.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    world = build("closed loop", View())
    print(f"verified: {dp.verify(world, steps=5).ok}")
    blanket = world.blanket("tracker/eye")
    print("the eye senses", ", ".join(sorted({str(one.source.path) for one in blanket.sensory})))
    print("it acts on    ", ", ".join(sorted({str(one.target.path) for one in blanket.active})))

    found = run_all(options.seed, options.runs)
    print(f"\n{options.runs} runs of {STEPS} steps; offset in units of the fovea")
    print(f"  {'':<14}{'rms offset ± s.e.':>20}{'in the fovea':>15}")
    for name, positions in found.items():
        errors, share = scores(positions)
        error = errors.std(ddof=1) / np.sqrt(len(errors))
        print(f"  {name:<14}{errors.mean():>13.2f} ± {error:.2f}{share.mean():>14.0%}")
    path = options.out / "tracker.png"
    draw(found, path)
    print(f"\nwrote {path}")


if __name__ == "__main__":
    main()
