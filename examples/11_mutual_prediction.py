"""Two partitions that meet only through their blankets come to predict one another.

Each of two particles has a voice, an ear, and two memories of what it said. All that passes between
them are two external states: each particle makes the sound of one of them and hears the other,

    voice of left   →  air to the right  →  ear of right
    voice of right  →  air to the left   →  ear of left.

A voice says +1 or −1, at random, but for a reflex that leans towards what was heard just before:
left says the same, right says the opposite. Neither knows of the reflex of the other. Three steps
after it has spoken, the answer arrives, when what it said has just passed through its memories:

    voice  →  first memory  →  second memory  ⇢  ear.

What an ear expects before it hears is L(h), made of states inside its own particle. These couplings
(⇢, and those from voice and first memory) start at 0 and learn by the rule that is a gradient,
ΔJ = α (σ' − L(h)) σ. Each comes to hold a model of the other in them: the coupling from the second
memory to the ear becomes positive if the partner agrees, negative if it contradicts.

Measured in frozen runs on the way: by how many bits the expectation of an ear predicts the next
sound better than a coin does, 1 + ⟨log₂ p(sound)⟩. Their mutual information is at least that.
Controls: the *loop is cut*, and the air carries random sounds; the *partner is shuffled*, and the
air plays what the voices of another pair said, which has a rhythm of its own (theirs), but does not
answer; *only left learns*.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

SIDES = ("left", "right")
LEANING = {"left": 1.0, "right": -1.0}  # the reflexes: agrees, contradicts
MEMORIES = ("first", "second")
FIRMNESS = 3.0  # how surely a state is passed on: tanh(3) = .995
RATE = 0.015
LOOKS = (0, 50, 100, 200, 400, 800)  # steps of learning, after which predictions are tested
TESTING, RUNS = 250, 10
CONDITIONS = ("closed loop", "loop cut", "shuffled partner", "only left learns")
COLOURS, MARKERS = {"left": "#0072B2", "right": "#D55E00"}, {"left": "o", "right": "s"}
SHADES = dict(zip(CONDITIONS, ("#000000", "#E69F00", "#009E73", "#CC79A7"), strict=True))


def passing(value: Array, actions: Array, rng: np.random.Generator) -> Array:
    """What is said is heard, once."""
    return np.asarray(actions.sum())


def noise(value: Array, actions: Array, rng: np.random.Generator) -> Array:
    """A sound of the same size at random, whatever is said."""
    return np.asarray(rng.choice([-1.0, 1.0]))


@dataclass
class Air:
    """The process of an external state, which writes down what is heard."""

    answer: Callable[..., Array]
    log: list[float] = field(default_factory=list)

    def fork(self) -> Air:
        """What each network of a simulator goes on with: streams remember, and have forks."""
        fork = getattr(self.answer, "fork", None)
        return self if fork is None else replace(self, answer=fork())

    def __call__(self, value: Array, actions: Array, rng: np.random.Generator) -> Array:
        """The sound that is heard."""
        sound = self.answer(value, actions, rng)
        self.log.append(float(sound))
        return sound


def build(condition: str, recordings: Mapping[str, Array] | None = None) -> dp.Partition:
    world = dp.Partition("world", learning_rate=RATE, learning_rule="previous-presynaptic")
    for side in SIDES:
        answer: Any = noise if condition == "loop cut" else passing
        if condition == "shuffled partner" and recordings is not None:
            answer = dp.Stream(recordings[side], then="cycle")
        world.add_external(f"air to the {side}", 0.0, Air(answer))
    for side, other in (SIDES, SIDES[::-1]):
        particle = world.add_partition(side)
        if condition == "only left learns" and side == "right":
            particle.learning_rate = 0.0
        voice, first, second, ear = (
            particle.add_subparticle(name, distribution=dp.Spin(), state=1.0)
            for name in ("voice", *MEMORIES, "ear")
        )
        particle.couple(ear, voice, LEANING[side], plastic=False)
        particle.couple(voice, first, FIRMNESS, plastic=False)
        particle.couple(first, second, FIRMNESS, plastic=False)
        particle.couple([voice, first, second], ear, 0.0)  # what it learns
        world.sense(f"air to the {side}", ear, FIRMNESS)
        world.act(voice, f"air to the {other}")
    world.check()
    return world


# ------------------------------------------------------------------------------ runs


@dataclass(frozen=True, eq=False)
class Found:
    """What became of the pairs in one condition.

    Parameters
    ----------
    gains : dict of str to ndarray of shape (looks, runs)
        Bits predicted, by side.
    models : dict of str to ndarray of shape (3, runs)
        The couplings from voice and memories to the ear, by side.
    """

    gains: dict[str, Array]
    models: dict[str, Array]


def predicted(world: dp.Partition, simulator: dp.Simulator) -> dict[str, Array]:
    """Bits by which each side predicts what it hears in a frozen run, shape (runs,)."""
    logs = {side: world[f"air to the {side}"].process.log for side in SIDES}
    for log in logs.values():
        log.clear()
    states = simulator.infer(steps=TESTING, record="states").states
    couplings, gains = simulator.couplings, {}
    for side in SIDES:
        # What it expects is made of the states before: tanh h, for spins.
        fields = np.einsum(
            "trj,rj->tr", states[:-1], couplings[:, world.row_of(world[f"{side}/ear"])]
        )
        sounds = np.array(logs[side]).reshape(TESTING, -1)[1:]
        likelihood = (1.0 + sounds * np.tanh(fields)) / 2.0
        gains[side] = 1.0 + np.mean(np.log2(likelihood), axis=0)
    return gains


def run(
    condition: str, seed: int, runs: int, recordings: Mapping[str, Array] | None = None
) -> Found:
    world = build(condition, recordings)
    simulator = dp.Simulator(world, networks=runs, seed=seed)
    looks = []
    for number, steps in enumerate(np.diff(LOOKS, prepend=0).tolist()):
        if steps:
            simulator.learn(None, steps=steps, record=())
        looks.append(predicted(world, simulator.fork(seed=seed + 1 + number)))
    models = {}
    for side in SIDES:
        sources = [world.row_of(world[f"{side}/{name}"]) for name in ("voice", *MEMORIES)]
        models[side] = simulator.couplings[:, world.row_of(world[f"{side}/ear"]), sources].T
    return Found({side: np.stack([look[side] for look in looks]) for side in SIDES}, models)


def recorded(seed: int) -> dict[str, Array]:
    """What the voices of another pair said: what each side would have heard."""
    world = build("closed loop")
    states = dp.Simulator(world, seed=seed).infer(steps=LOOKS[-1], record="states").states
    return {
        side: states[:, world.row_of(world[f"{other}/voice"])]
        for side, other in (SIDES, SIDES[::-1])
    }


def run_all(seed: int, runs: int) -> dict[str, Found]:
    recordings = recorded(seed + 1000)
    return {name: run(name, seed, runs, recordings) for name in CONDITIONS}


def reachable() -> float:
    """The bits of someone who knows the reflex of the other, and what itself said."""
    # On the way: two memories, and the ear of the other.
    agrees = (1.0 + np.tanh(FIRMNESS) ** 3 * np.tanh(1.0)) / 2.0
    return float(1.0 + agrees * np.log2(agrees) + (1.0 - agrees) * np.log2(1.0 - agrees))


def error_of(values: Array) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


# ------------------------------------------------------------------------------ pictures


def draw(found: Mapping[str, Found], path: Path) -> None:
    figure = Figure(figsize=(9.6, 5.8), layout="constrained")
    grid = figure.add_gridspec(2, 4)
    first = None
    for place, (name, one) in enumerate(found.items()):
        ax = figure.add_subplot(grid[0, place], sharey=first)
        first = first or ax
        for side in SIDES:
            mean = one.gains[side].mean(axis=1)
            error = one.gains[side].std(axis=1, ddof=1) / np.sqrt(one.gains[side].shape[1])
            style: dict[str, Any] = {"color": COLOURS[side], "marker": MARKERS[side]}
            ax.errorbar(LOOKS, mean, error, lw=1.3, ms=4, mfc="white", label=side, **style)
        ax.axhline(reachable(), color="#777777", lw=0.9, ls=":")
        ax.axhline(0.0, color="#999999", lw=0.8)
        ax.set_title(name, fontsize=10)
        ax.set_xlabel("steps of learning", fontsize=9)
        ax.set_ylim(-0.15, 0.56)
        if place:
            ax.tick_params(labelleft=False)
            ax.text(LOOKS[-1], reachable() + 0.01, "can be reached", fontsize=8, ha="right")
        else:
            ax.set_ylabel("bits predicted of a sound", fontsize=9)
            ax.legend(frameon=False, fontsize=8, loc="center right")
    for place, (side, other) in enumerate((SIDES, SIDES[::-1])):
        ax = figure.add_subplot(grid[1, 2 * place : 2 * place + 2])
        for number, (name, one) in enumerate(found.items()):
            for source, values in enumerate(one.models[side]):
                at = source + 0.2 * (number - 1.5) + np.linspace(-0.06, 0.06, len(values))
                label = name if source == 0 else None
                ax.plot(at, values, "o", ms=3, color=SHADES[name], mfc="white", label=label)
        ax.axhline(0.0, color="#999999", lw=0.8)
        verb = "agrees" if LEANING[other] > 0.0 else "contradicts"
        ax.set_title(f"What {side} learned: its partner {verb}", fontsize=10)
        ax.set_xticks(range(3), ["voice → ear", "first memory → ear", "second memory → ear"])
        ax.set_ylim(-1.6, 1.6)
        if place:
            ax.legend(frameon=False, fontsize=8, loc="lower left", ncols=2)
        else:
            ax.set_ylabel("coupling J", fontsize=9)
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description="Two partitions come to predict one another.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    world = build("closed loop")
    print(f"verified: {dp.verify(world, steps=3).ok}")
    blanket = world.blanket("left")
    print("left senses", *(one.source.path for one in blanket.sensory), sep="  ")
    print("and acts on", *(one.target.path for one in blanket.active), sep="  ")

    found = run_all(options.seed, options.runs)
    print(f"\nbits predicted of a sound, {options.runs} pairs; {reachable():.2f} can be reached")
    print(f"  {'':<18}{'left':>15}{'right':>16}")
    for name, one in found.items():
        last = [one.gains[side][-1] for side in SIDES]
        cells = (f"{values.mean():+.3f} ± {error_of(values):.3f}" for values in last)
        print(f"  {name:<18}" + "".join(f"{cell:>16}" for cell in cells))
    print("\nthe coupling from the second memory to the ear, closed loop")
    for side, other in (SIDES, SIDES[::-1]):
        values = found["closed loop"].models[side][-1]
        print(
            f"  {side:<6}{values.mean():+.2f} ± {error_of(values):.2f}"
            f"   (the reflex of {other}: {LEANING[other]:+.0f})"
        )
    path = options.out / "mutual_prediction.png"
    draw(found, path)
    print(f"\nwrote {path}")


if __name__ == "__main__":
    main()
