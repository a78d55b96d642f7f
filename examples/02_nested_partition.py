"""A nested partition: build it, check it, look at it, keep it, and edit it.

An organism with a brain and a body. The brain holds a fast area (vision) and a slow one (memory,
whose clock ticks once in four steps); the body holds a skin and a muscle. Two external states lie
outside: the light, which is only sensed, and the ground, which is sensed and acted upon.

    world
    └── organism                precision 0.8
        ├── brain               learning rate 0.05
        │   ├── vision          left, right
        │   └── memory          before, now        clock 4
        └── body                skin, muscle

Nothing here runs for long; the point is what a partition is and what it refuses.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import deepparticle as dp


def build() -> dp.Partition:
    world = dp.Partition("world")
    organism = world.add_partition("organism", precision=0.8)
    brain = organism.add_partition("brain", learning_rate=0.05)
    vision = brain.add_partition("vision")
    memory = brain.add_partition("memory", clock=4)
    body = organism.add_partition("body")

    left, right = vision.add_subparticle("left"), vision.add_subparticle("right")
    before, now = memory.add_subparticle("before", bias=0.1), memory.add_subparticle("now")
    skin, muscle = body.add_subparticle("skin"), body.add_subparticle("muscle", state=0.5)

    # Couplings are boundary states: each lies in the blankets of both of its ends, and in that of
    # every partition whose border it crosses.
    world.couple(left, right, -0.6)
    world.couple(right, left, -0.6)
    world.couple([left, right], now, [[0.9, 0.7]])  # a block: targets × sources
    world.couple(now, before, 1.2)
    world.couple(before, left, 0.4)
    world.couple(now, muscle, 0.8)
    world.couple(skin, muscle, -0.5)
    world.couple(skin, now, 0.3)

    # External states meet subparticles only through macro-scale sensory and active states.
    light, ground = world.add_external("light"), world.add_external("ground", 0.2)
    world.sense(light, [left, right], weight=[1.0, 0.8])
    light.value = [1.0, -0.5]  # one component for each that senses it, in row order
    world.sense(ground, skin)
    world.act(muscle, ground)
    return world


def look(world: dp.Partition) -> None:
    world.check()  # silent when the laws hold, otherwise one error with every fault
    print("The laws of a deep particular partition hold. The report says what that means:\n")
    print(world.report())

    print("\nWhat separates the brain from everything else:")
    print(world.blanket("organism/brain"))

    print("\nSettings are inherited from outside inwards; the innermost wins:")
    for path in ("organism/brain/vision/left", "organism/brain/memory/now", "organism/body/skin"):
        particle = world[path]
        print(
            f"  {path:<28} precision {particle.precision:g}, "
            f"learning rate {particle.learning_rate:g}, clock {particle.clock}"
        )


def step(world: dp.Partition, seed: int) -> None:
    """Four steps of the definition: the memory updates in the first of them only."""
    rng = np.random.default_rng(seed)
    print("\nFour steps by hand (states of left, now, muscle):")
    for _ in range(4):
        world.step(rng, schedule="sequential")
        shown = [
            world[path].state
            for path in (
                "organism/brain/vision/left",
                "organism/brain/memory/now",
                "organism/body/muscle",
            )
        ]
        print(f"  t = {world.time}: " + "  ".join(f"{state:+.3f}" for state in shown))


def keep(world: dp.Partition, folder: Path) -> None:
    """A saved world is the same world: structure, numbers, settings and the time."""
    path = folder / "organism.json"
    world.save(path)
    loaded = dp.load(path)
    assert np.array_equal(loaded.couplings, world.couplings)
    assert np.array_equal(loaded.states, world.states)
    assert loaded["organism/brain/memory/now"].clock == 4
    world.step(1)
    loaded.step(1)
    assert np.array_equal(loaded.states, world.states)
    print(f"\nwrote {path}; the world loaded from it takes the same next step")


def edit(world: dp.Partition) -> None:
    """Edits leave a lawful world or refuse, and the refusal says what to do instead."""
    print("\nEdits that are fine: copy, rename, move, add")
    world.copy("organism/brain/memory", "memory2")
    world.rename("organism/brain/memory2", "habit")
    world.move("organism/body/skin", "organism/brain")
    world.add_partition("other").add_subparticle("cell")
    world.check()
    print(f"  now {len(world.subparticles)} subparticles; row order follows the tree:")
    print("  " + ", ".join(particle.path for particle in world.subparticles))

    print("\nEdits that are refused:")
    for attempt in (
        lambda: world.couple("light", "organism/brain/memory/now", 0.5),
        lambda: world.couple("organism/brain/skin", "organism/brain/skin", 0.5),
        lambda: world.move("organism", "organism/brain"),
        lambda: world.couple("organism/brain/memry/now", "organism/body/muscle"),
    ):
        try:
            attempt()
        except dp.PartitionError as refusal:
            print(f"  {type(refusal).__name__}: {refusal}")

    print("\nA graph made elsewhere can break several laws at once; all are named:")
    graph = world.graph
    graph.add_edge("light", "organism/brain/memory/now")
    graph.add_edge("organism/brain/memory/now", "organism/body/muscle")
    try:
        dp.from_networkx(graph)
    except dp.PartitionError as faults:
        print(f"  {faults.faults[0]}\n  … and {len(faults.faults) - 1} more")


def draw(world: dp.Partition, folder: Path) -> None:
    """Boxes inside boxes, with the blankets on their borders; as pixels and as vectors."""
    axes = world.draw(title="An organism: three levels, two external states")
    figure = axes.figure
    assert isinstance(figure, Figure)
    for suffix in ("png", "svg"):
        path = folder / f"organism.{suffix}"
        figure.savefig(path, dpi=150)
        print(f"wrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="A nested partition.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    world = build()
    look(world)
    step(world, options.seed)
    draw(world, options.out)
    keep(world, options.out)
    edit(world)


if __name__ == "__main__":
    main()
