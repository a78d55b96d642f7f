"""Which partition is in the data? Nested parts found in couplings, in activity, and in a club.

A network of 72 is made of 4 modules of 3 submodules of 6. Couplings are strong in submodules and
weaker in modules, of any sign, not symmetric, with noise on top, and the rows are shuffled. From
the matrix alone `discover` proposes a nested partition: it splits where little crosses, measured by
the *blanket leak*,

    leak = share of the coupling that crosses a border / share that would by chance,

and stops where networks with the same couplings at other places can be split as well. The
same question is then put to recorded activity of the network, to noise, to networks of two sizes
with more and more noise, and to a real one: Zachary's karate club, which split in two.

Agreement with the truth is the adjusted Rand index: 1 for the same parts, 0 for as many in common
as by chance. It takes half a minute; ``--repeats 1`` is a shorter run.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

import deepparticle as dp

Array = NDArray[np.floating[Any]]
Rows = NDArray[np.integer[Any]]

SUBMODULE, MODULE = 1.0, 0.3  # mean size of couplings within them
SIZES = {30: (3, 2, 5), 72: (4, 3, 6)}
LEVELS = ("#B4431F", "#1F4E79")


def planted(shape: tuple[int, int, int], noise: float, seed: int) -> tuple[Array, Rows, Rows]:
    """Shuffled couplings, and the module and the submodule of each row."""
    rng = np.random.default_rng(seed)
    modules, submodules, units = shape
    size = modules * submodules * units
    module = np.repeat(np.arange(modules), submodules * units)
    submodule = np.repeat(np.arange(modules * submodules), units)
    scale = np.where(module[:, None] == module, MODULE, 0.0)
    scale[submodule[:, None] == submodule] = SUBMODULE
    couplings = scale * rng.choice([-1, 1], (size, size)) * rng.uniform(0.5, 1.5, (size, size))
    couplings += noise * rng.normal(size=(size, size))
    np.fill_diagonal(couplings, 0.0)
    order = rng.permutation(size)
    return couplings[np.ix_(order, order)], module[order], submodule[order]


def agreement(proposal: dp.Proposal, module: Rows, submodule: Rows) -> tuple[float, float]:
    """Of the outermost parts with the modules, and of the innermost with the submodules."""
    outermost = proposal.labels[min(1, proposal.depth)]
    return (
        float(adjusted_rand_score(module, outermost)),
        float(adjusted_rand_score(submodule, proposal.labels[-1])),
    )


# ------------------------------------------------------------------------------ four questions


def from_couplings(noise: float, seed: int) -> tuple[Array, dp.Proposal]:
    couplings, module, submodule = planted(SIZES[72], noise, seed)
    proposal = dp.propose_partition(couplings, seed=seed)
    print(f"From couplings, noise {noise:g}")
    print(proposal)
    outer, inner = agreement(proposal, module, submodule)
    print(f"agreement: modules {outer:.2f}, submodules {inner:.2f}")

    # `discover` gives the world itself; its rows are in another order, which the proposal knows.
    world = dp.discover(couplings, seed=seed)
    world.check()
    order = proposal.order
    assert np.array_equal(world.couplings, couplings[np.ix_(order, order)])
    print(f"a world: {len(world.subparticles)} subparticles, the first is {world.subparticles[0]}")
    return couplings, proposal


def from_activity(seed: int) -> None:
    couplings, module, submodule = planted(SIZES[72], 0.05, seed)
    print("\nFrom activity: how far σ of one step predicts σ of the next, by least squares")
    simulator = dp.Simulator(dp.from_couplings(couplings), seed=seed)
    run = simulator.infer(steps=1000, burn_in=50, record="states")
    for steps in (150, 200, 1000):
        found = dp.propose_partition(run.states[:steps], seed=seed)
        outer, inner = agreement(found, module, submodule)
        print(f"  {steps:>4} steps   modules {outer:.2f}, submodules {inner:.2f}")


def from_noise(seed: int, repeats: int) -> None:
    count = 10 * repeats
    found = 0
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        couplings = rng.normal(size=(24, 24)) * (1.0 - np.eye(24))
        found += dp.propose_partition(couplings, seed=number).depth > 0
    print(f"\nFrom noise: parts are found in {found} of {count} random matrices")


def from_a_club(seed: int) -> None:
    graph = nx.karate_club_graph()
    club = [graph.nodes[node]["club"] for node in graph]
    # With 34 members the evidence that their few communities form two sides is not strong: p is not
    # far from .01, which is the limit unless one says so.
    proposal = dp.propose_partition(graph, significance=0.05, seed=seed)
    print("\nFrom the karate club")
    print(proposal)
    for level, labels in enumerate(proposal.labels[1:], 1):
        print(f"agreement of level {level} with the split: {adjusted_rand_score(club, labels):.3f}")


# ------------------------------------------------------------------------------ noise


def against_noise(noises: Array, repeats: int, seed: int) -> dict[int, Array]:
    """For each size the agreement, of shape (noises, repeats, 2)."""
    print("\nAgreement (modules, submodules) against noise, mean over networks")
    print("  noise   " + "".join(f"{noise:>13.2f}" for noise in noises))
    curves: dict[int, Array] = {}
    for size, shape in SIZES.items():
        values = np.zeros((len(noises), repeats, 2))
        for place, noise in enumerate(noises.tolist()):
            for number in range(repeats):
                couplings, module, submodule = planted(shape, noise, seed + 100 + number)
                proposal = dp.propose_partition(couplings, seed=number)
                values[place, number] = agreement(proposal, module, submodule)
        curves[size] = values
        means = values.mean(axis=1)
        print(f"  N = {size:<4}" + "".join(f"   {a:>4.2f}, {b:>4.2f}" for a, b in means))
    return curves


# ------------------------------------------------------------------------------ the picture


def runs_of(labels: Iterable[int]) -> list[tuple[int, int]]:
    """Where each part begins among sorted rows, and how many it has."""
    values = np.array(list(labels))
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    ends = np.r_[starts[1:], len(values)]
    return list(zip(starts.tolist(), (ends - starts).tolist(), strict=True))


def show(ax: Axes, matrix: Array, title: str) -> None:
    limit = float(np.quantile(np.abs(matrix), 0.99))
    ax.imshow(matrix, cmap="PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set_title(title, fontsize=11)
    ax.set_xlabel("source")
    ax.set_ylabel("target")
    ax.set_xticks([])
    ax.set_yticks([])


def draw(
    couplings: Array, proposal: dp.Proposal, curves: dict[int, Array], noises: Array
) -> Figure:
    figure = Figure(figsize=(13.2, 4.6), layout="constrained")
    before, after, curve = figure.subplots(1, 3)
    order = proposal.order
    show(before, couplings, "couplings as they were given")
    show(after, couplings[np.ix_(order, order)], "the same in the order of the parts found")
    for level, colour in reversed(list(enumerate(LEVELS, 1))):
        for start, size in runs_of(proposal.labels[min(level, proposal.depth)][order].tolist()):
            corner = (start - 0.5, start - 0.5)
            width = 2.4 if level == 1 else 1.4
            after.add_patch(
                Rectangle(corner, size, size, fill=False, edgecolor=colour, linewidth=width)
            )
    for (size, values), marker in zip(curves.items(), "o^", strict=True):
        for which, (name, colour) in enumerate(zip(("modules", "submodules"), LEVELS, strict=True)):
            mean = values[..., which].mean(axis=1)
            style = "--" if size == min(curves) else "-"
            curve.plot(
                noises, mean, style, marker=marker, color=colour, label=f"{name}, N = {size}"
            )
    curve.axhline(0.0, color="#999999", linewidth=0.8)
    curve.set_xlabel("noise, in units of the strongest couplings")
    curve.set_ylabel("adjusted Rand index")
    curve.set_ylim(-0.06, 1.06)
    curve.set_title("agreement with the planted parts", fontsize=11)
    curve.spines[["top", "right"]].set_visible(False)
    curve.legend(fontsize=9, frameon=False)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description="Which partition is in the data?")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3, help="networks per point of the curve")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    couplings, proposal = from_couplings(0.3, options.seed)
    from_activity(options.seed)
    from_noise(options.seed, options.repeats)
    from_a_club(options.seed)
    noises = np.array([0.0, 0.2, 0.35, 0.5, 0.65, 0.8])
    curves = against_noise(noises, options.repeats, options.seed)
    path = options.out / "discover.png"
    draw(couplings, proposal, curves, noises).savefig(path, dpi=130)
    print(f"\nwrote {path}")


if __name__ == "__main__":
    main()
