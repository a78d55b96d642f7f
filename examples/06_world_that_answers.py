"""A world that answers: a particle that senses a drifting quantity and acts on it.

So far the world was clamped evidence. Here the external state is a process: in every step it takes
its own value and the active states that reach it, and gives its next value. A particle that senses
it and acts on it closes a loop,

    η  →  s  →  σ  →  a  →  η,

and keeps η near 0 although η drifts upwards by itself. Nobody tells the particle to do so: its
boundary states have fixed weights, its sensory state makes it active when η is high, and its active
state lowers η. The loop is then cut in one place or the other, which leaves everything else as it
is, and η drifts away.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

DRIFT, NOISE = 0.05, 0.1
SENSITIVITY, STRENGTH = 4.0, -0.4
STEPS = 600


@dataclass
class Drift:
    """The process η' = η + drift + Σ a + noise; it keeps a record of its values.

    A process is any callable ``process(value, actions, rng)``. ``actions`` holds the active states
    that reach the external state, in row order: none, if nothing acts on it.
    """

    history: list[float] = field(default_factory=list)

    def __call__(self, value: Array, actions: Array, rng: np.random.Generator) -> Array:
        """The next value of η."""
        following = value + DRIFT + actions.sum() + NOISE * rng.standard_normal()
        self.history.append(float(following))
        return np.asarray(following)


def build(senses: bool = True, acts: bool = True) -> tuple[dp.Partition, Drift]:
    world = dp.Partition("world")
    particle = world.add_subparticle("particle")
    process = Drift()
    weather = world.add_external("weather", 0.0, process)
    if senses:
        world.sense(weather, particle, SENSITIVITY)
    if acts:
        world.act(particle, weather, STRENGTH)
    world.check()
    return world, process


def by_hand(seed: int) -> None:
    """Three steps with the objects; in each the world answers first, to the action before."""
    world, _ = build()
    weather, particle = world["weather"], world["particle"]
    rng = np.random.default_rng(seed)
    print(f"{'step':<6}{'η':>9}{'s = w η':>10}{'σ':>9}{'a = w σ':>10}")
    for _ in range(3):
        world.step(rng)
        sensed = particle.sensory["weather"].state
        acted = particle.active["weather"].state
        print(
            f"{world.time:<6}{weather.value:>+9.4f}{sensed:>+10.4f}{particle.state:>+9.4f}"
            f"{acted:>+10.4f}"
        )


def run(senses: bool, acts: bool, seed: int) -> tuple[Array, Array]:
    """The values of η and of σ over a run of the compiled world."""
    world, process = build(senses, acts)
    states = dp.Simulator(world, seed=seed).infer(steps=STEPS, record="states").states
    return np.array(process.history), states[:, 0]


def main() -> None:
    parser = argparse.ArgumentParser(description="A particle acts on a world that answers.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    by_hand(options.seed)

    print(f"\n{STEPS} steps, compiled")
    print(f"  {'':<24}{'mean η':>9}{'sd of η':>9}{'last η':>9}{'mean σ':>9}")
    traces = {}
    for title, senses, acts in (
        ("closed loop", True, True),
        ("it senses, cannot act", True, False),
        ("it acts, cannot sense", False, True),
    ):
        eta, sigma = run(senses, acts, options.seed)
        traces[title] = eta
        numbers = f"{eta.mean():>+9.3f}{eta.std():>9.3f}{eta[-1]:>+9.2f}{sigma.mean():>+9.3f}"
        print(f"  {title:<24}{numbers}")
        if senses and acts:
            action = STRENGTH * sigma.mean()
            print(f"    (its mean action of {action:+.3f} undoes the drift of {DRIFT:+.2f})")

    figure = Figure(figsize=(8.0, 4.2), layout="constrained")
    ax = figure.subplots()
    for (title, eta), colour in zip(traces.items(), ("#0072B2", "#D55E00", "#CC79A7"), strict=True):
        ax.plot(np.arange(1, STEPS + 1), eta, color=colour, linewidth=1.2, label=title)
    ax.axhline(0.0, color="#999999", linewidth=0.8)
    ax.set_title("An external state that drifts, with and without the loop", fontsize=11)
    ax.set_xlabel("step")
    ax.set_ylabel("η")
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    path = options.out / "world_that_answers.png"
    figure.savefig(path, dpi=150)
    print(f"\nwrote {path}")


if __name__ == "__main__":
    main()
