"""Learning to act: a particle finds out what its actions do, and is surprised less and less.

A body has two levels, warmth and sugar. Left alone, both drift away from what the particle expects
to sense, and stay there. It has an internal state for each of them, and each of the two acts on
both levels, with four weights that start at 0: it does not know how to act. It expects sensations
near 0, a prior p(s) with mean 0, and it is surprised by others, −ln p(s).

What can an action learn from? A boundary state inside a particle learns from the prediction error
of its target. The target of an active state is the world, which predicts nothing; in its place
stands what the particle expected of the level minus what it became,

    Δw_i = α ε_η σ_i,    ε_η = expected η − η',

where σ_i is what it showed when the world answered with η'. Both are at the two ends of this one
boundary state. Actions that were followed by too much become weaker, those followed by too little
stronger, until what an internal state shows and what then is amiss no longer go together. The rule
takes for granted that a push in one direction moves the level in that direction.

Controls: *loop cut*, it acts and learns, but cannot sense; *no learning*; *random signs*, the
weights that were learned, with signs drawn at random; and *contrary world*, in which every push
moves the levels the other way: there, what the rule takes for granted is false, and learning makes
it worse.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

LEVELS = ("warmth", "sugar")
DRIFT = {"warmth": 0.08, "sugar": -0.08}
CARRY, PUSH, NOISE = 0.95, 0.5, 0.1
SENSITIVITY = 3.0
PRIOR = 0.5  # the standard deviation that it expects of the levels; of s = w η, w times as much
RATE, STEPS, LATE, LOOK, RUNS = 0.002, 1200, 300, 40, 10  # weights are looked at every 40 steps
CEILING, RAN_AWAY = 200.0, 1e4  # what is shown, and what no level of a living body reaches
CONDITIONS = ("closed loop", "loop cut", "no learning", "random signs", "contrary world")
COLOURS = dict(
    zip(CONDITIONS, ("#0072B2", "#E69F00", "#000000", "#CC79A7", "#D55E00"), strict=True)
)


@dataclass
class Recorded:
    """A process that writes down its answers: those of all networks, step after step."""

    answer: Callable[..., Array]
    log: list[float] = field(default_factory=list)

    def __call__(self, value: Array, actions: Array, rng: np.random.Generator) -> Array:
        """The answer of the process."""
        following = self.answer(value, actions, rng)
        self.log.append(float(following))
        return following


def build(condition: str, weights: Array | None = None) -> dp.Partition:
    world = dp.Partition("world")
    particle = world.add_partition("particle", learning_rate=RATE)
    cells = [particle.add_subparticle(f"{name} cell") for name in LEVELS]
    push = -PUSH if condition == "contrary world" else PUSH
    for number, (name, cell) in enumerate(zip(LEVELS, cells, strict=True)):
        response = dp.LinearGaussian(CARRY, push, NOISE, DRIFT[name])
        rest = DRIFT[name] / (1.0 - CARRY)
        level = world.add_external(name, rest, Recorded(response), expectation=0.0)
        if condition != "loop cut":
            world.sense(level, cell, SENSITIVITY)
        start = np.zeros(2) if weights is None else weights[number]
        world.act(cells, level, start, plastic=True)
    world.check()
    return world


@dataclass(frozen=True, eq=False)
class Found:
    """What became of the particles in one condition.

    Parameters
    ----------
    levels : ndarray of shape (STEPS, runs, 2)
    weights : ndarray of shape (looks, runs, 2, 2)
        Of each level, of each cell, on the way.
    """

    levels: Array
    weights: Array

    @property
    def surprise(self) -> Array:
        """−ln p(s) of both sensations, in nats above that of the expected ones: (STEPS, runs)."""
        values: Array = 0.5 * np.sum((self.levels / PRIOR) ** 2, axis=-1)
        return values

    @property
    def late(self) -> Array:
        """The mean surprise of the last steps, shape (runs,)."""
        values: Array = self.surprise[-LATE:].mean(axis=0)
        return values


def run(condition: str, seed: int, runs: int) -> Found:
    """Particles side by side, each in a body of its own."""
    world = build(condition)
    simulator = dp.Simulator(world, networks=runs, seed=seed)
    weights = []
    for _ in range(STEPS // LOOK):
        if condition == "no learning":
            simulator.infer(steps=LOOK, record=())
        else:
            simulator.learn(None, steps=LOOK, record=())
        weights.append([simulator.action_weights[name] for name in LEVELS])
    return Found(levels_of(world, runs), np.moveaxis(np.array(weights), 1, 2))


def run_random_signs(learned: Array, seed: int) -> Found:
    """Each with the learned weights of one of the others, but for their signs; frozen."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=learned.shape)
    weights = signs * np.abs(learned)
    found = []
    for number, each in enumerate(weights):
        world = build("random signs", each)
        dp.Simulator(world, seed=seed + number).infer(steps=STEPS, record=())
        found.append(levels_of(world, 1))
    return Found(np.concatenate(found, axis=1), weights[None])


def levels_of(world: dp.Partition, runs: int) -> Array:
    """What the levels were, shape (STEPS, runs, 2)."""
    logs = [np.array(world[name].process.log).reshape(STEPS, runs) for name in LEVELS]
    return np.stack(logs, axis=-1)


def run_all(seed: int, runs: int) -> dict[str, Found]:
    found = {name: run(name, seed, runs) for name in CONDITIONS if name != "random signs"}
    found["random signs"] = run_random_signs(found["closed loop"].weights[-1], seed)
    return {name: found[name] for name in CONDITIONS}


def error_of(values: Array) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


# ------------------------------------------------------------------------------ pictures


def draw(found: Mapping[str, Found], path: Path) -> None:
    figure = Figure(figsize=(9.6, 6.0), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.5, 1))
    steps = np.arange(1, STEPS + 1)
    ax = figure.add_subplot(grid[0, 0])
    for name, one in found.items():
        # Means over the runs and over the steps between two looks.
        curve = one.surprise.reshape(-1, LOOK, one.surprise.shape[1]).mean(axis=(1, 2))
        dashes = "--" if name == "no learning" else "-"
        seen = np.where(curve < 2 * CEILING, curve, np.nan)
        ax.plot(steps[LOOK // 2 :: LOOK], seen, color=COLOURS[name], lw=1.6, ls=dashes, label=name)
    ax.annotate(
        "runs away",
        (LOOK, 0.8 * CEILING),
        fontsize=8,
        color=COLOURS["contrary world"],
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
    )
    ax.set_yscale("log")
    ax.set_ylim(0.2, CEILING)
    ax.set_ylabel("surprise, nats", fontsize=9)
    ax.set_title("How surprised the particles are, as they learn to act", fontsize=10)
    ax.legend(frameon=False, fontsize=8, ncols=3, loc="center right", bbox_to_anchor=(1.0, 0.42))
    dots = figure.add_subplot(grid[0, 1])
    shown = [name for name in CONDITIONS if name != "contrary world"]
    for place, name in enumerate(shown):
        late = found[name].late
        spread = np.linspace(-0.18, 0.18, len(late))
        dots.plot(place + spread, late, "o", color=COLOURS[name], ms=3.5, mfc="white")
        dots.plot([place - 0.3, place + 0.3], [late.mean()] * 2, color=COLOURS[name], lw=2)
    dots.set_yscale("log")
    dots.set_xticks(range(len(shown)), [name.replace(" ", "\n") for name in shown])
    dots.set_title(f"The last {LATE} steps, run by run", fontsize=10)
    dots.set_ylabel("surprise, nats", fontsize=9)
    ax = figure.add_subplot(grid[1, 0])
    levels = found["closed loop"].levels[:, 0]
    for number, (name, colour) in enumerate(zip(LEVELS, ("#D55E00", "#0072B2"), strict=True)):
        ax.plot(steps, levels[:, number], color=colour, lw=1.0, label=name)
    ax.axhspan(-PRIOR, PRIOR, color="#DDDDDD", label="expected, ± one sd")
    ax.set_title("One of them: its body", fontsize=10)
    ax.set_ylabel("level η", fontsize=9)
    ax.legend(frameon=False, fontsize=8, ncols=3, loc="upper right")
    marks = figure.add_subplot(grid[1, 1])
    looks = LOOK * np.arange(1, STEPS // LOOK + 1)
    for level in range(2):
        for cell in range(2):
            weights = found["closed loop"].weights[:, :, level, cell]
            own = level == cell
            style: dict[str, Any] = {
                "color": "#0072B2" if own else "#E69F00",
                "lw": 0.8,
                "alpha": 0.6,
            }
            label = None if level else ("on the level it senses" if own else "on the other level")
            for number, each in enumerate(weights.T):
                marks.plot(looks, each, label=None if number else label, **style)
    marks.axhline(0.0, color="#999999", lw=0.8)
    marks.set_title("All of them: what their actions became", fontsize=10)
    marks.set_ylabel("weight w of an active state", fontsize=9)
    marks.legend(frameon=False, fontsize=8, loc="center right")
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
        if ax is not dots:
            ax.set_xlim(0, STEPS)
            ax.set_xlabel("step", fontsize=9)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description="A particle learns to act.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    print(f"verified: {dp.verify(build('closed loop'), steps=5).ok}")
    found = run_all(options.seed, options.runs)
    print(f"\n{options.runs} particles; surprise in nats above the least, mean ± standard error")
    print(f"  {'':<16}{f'first {LATE} steps':>18}{f'last {LATE} steps':>20}")
    for name, one in found.items():
        if not np.all(one.late < RAN_AWAY):
            print(f"  {name:<16}{'':>18}{'ran away':>20}")
            continue
        first = one.surprise[:LATE].mean(axis=0)
        early, late = (f"{part.mean():.2f} ± {error_of(part):.2f}" for part in (first, one.late))
        print(f"  {name:<16}{early:>18}{late:>20}")
    learned = found["closed loop"].weights[-1].mean(axis=0)
    print("\nlearned weights, means over the particles")
    for name, row in zip(LEVELS, learned, strict=True):
        cells = ", ".join(f"{cell} cell {w:+.2f}" for cell, w in zip(LEVELS, row, strict=True))
        print(f"  on {name:<8}{cells}")
    path = options.out / "learning_to_act.png"
    draw(found, path)
    print(f"\nwrote {path}")


if __name__ == "__main__":
    main()
