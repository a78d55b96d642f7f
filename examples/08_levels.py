"""Levels: fast inside slow, and a coarse world that stands for a fine one.

Three levels of partitions, each with a pace of its own: two areas, three columns in each, and in
each column a few slow subparticles that set its tone and many fast cells that follow it,

    world ─ area (clock 36) ─┬─ context                    updates every 36 steps
                             └─ column (clock 6) ─┬─ tone  updates every 6 steps
                                                  └─ cells update every step (clock 1)

A single cell forgets from step to step. The mean of a column, of an area and of the whole do not:
what is fast averages out, and what is left is slow. Seen from level to level, the world slows down.

Then the world is coarse-grained: contexts, tones and cells become one subparticle each, with
couplings, gains, clocks and external states to match, and the coarse world of 14 is run against the
fine world of 96, under the same evidence. Its expected states agree exactly, the means of a noisy
run nearly; fluctuations and times agree if its states are as narrow as a mean of many, Gaussian.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

AREAS, COLUMNS = ("north", "south"), ("1", "2", "3")
CONTEXT, TONE, CELLS = 3, 3, 12  # subparticles of each kind
AREA_CLOCK, COLUMN_CLOCK = 36, 6
SENSITIVITY = (1.0, 0.5, -0.5)  # of the three northern columns to the scene

STEPS, CHAINS = 4000, 16
SCENE = np.linspace(-4.0, 4.0, 9)

SHOWN = ("north/column1/cells", "north/column3/cells", "south/column1/tone")

INK, BLUE, ORANGE, GREEN, GREY = "#333333", "#0072B2", "#D55E00", "#009E73", "#999999"


def build() -> dp.Partition:
    """Context → tones → cells in each area; northern cells see a scene, and talk to the south."""
    world = dp.Partition("world")
    for name in AREAS:
        area = world.add_partition(name, clock=AREA_CLOCK)
        context = area.add_population("context", CONTEXT)
        for number in COLUMNS:
            column = area.add_partition(f"column{number}", clock=COLUMN_CLOCK)
            tone = column.add_population("tone", TONE)
            cells = column.add_population("cells", CELLS, clock=1)
            world.couple(context, tone, 2.5 / CONTEXT)
            world.couple(tone, cells, 2.5 / TONE)
    scene = world.add_external("scene")
    for number, sensitivity in zip(COLUMNS, SENSITIVITY, strict=True):
        world.sense(scene, f"north/column{number}/cells", sensitivity)
        world.couple(f"north/column{number}/cells", f"south/column{number}/tone", 1.5 / CELLS)
    world.check()
    return world


def spread(states: Array) -> Array:
    """The standard deviation of each macro-scale state, over steps and chains."""
    return np.asarray(states.std(axis=(0, 1)))


# ------------------------------------------------------------------------------ the picture


def draw_times(ax: Axes, fine: dp.analysis.TimeScales, coarse: dp.analysis.TimeScales) -> None:
    """The times of all units from the cells outwards; the coarse world beside them."""
    rng = np.random.default_rng(0)
    groups = {
        "a cell": [path for path in fine.paths if "/cells/" in path],
        "the cells of\na column": [path for path in fine.paths if path.endswith("/cells")],
        "a column": [path for path in fine.paths if path.count("/") == 1 and "column" in path],
        "an area": list(AREAS),
        "the world": [""],
    }
    for clock, name in ((COLUMN_CLOCK, "clock of a column"), (AREA_CLOCK, "clock of an area")):
        ax.axhline(clock, color="#cccccc", lw=0.8, ls="--")
        ax.text(-0.45, clock * 1.03, name, fontsize=7.5, color=GREY, va="bottom")
    for place, paths in enumerate(groups.values()):
        times = np.array([float(fine[path].value) for path in paths])
        ax.plot(place + rng.uniform(-0.14, 0.14, times.size), times, ".", color=GREY, ms=4)
        ax.plot([place - 0.25, place + 0.25], [times.mean()] * 2, color=BLUE, lw=2.2)
        found = [float(coarse[path].value) for path in paths if path in coarse.paths]
        if found:
            ax.plot(place + 0.36, np.mean(found), "D", color=ORANGE, ms=5)
    ax.plot([], [], ".", color=GREY, label="fine, each one")
    ax.plot([], [], color=BLUE, lw=2.2, label="fine, mean")
    ax.plot([], [], "D", color=ORANGE, ms=5, label="coarse (Gaussian), mean")
    ax.set_xticks(range(len(groups)), list(groups), fontsize=8)
    ax.set_yscale("log")
    ticks = [3, 6, 12, 24, 36]
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    ax.set_yticks([], minor=True)
    ax.set_ylim(3, 50)
    ax.set_ylabel("autocorrelation time (steps)", fontsize=9)
    ax.set_title("Fast inside slow", fontsize=10)
    ax.legend(frameon=False, fontsize=7.5, loc="lower right")


def draw_traces(ax: Axes, world: dp.Partition, states: Array) -> None:
    """One chain: a cell, the mean of its column and the mean of its area."""
    span = slice(200, 200 + 5 * AREA_CLOCK)
    column = world.level(2).mean(states[span, 0])[:, world.level(2).index("north/column2")]
    area = world.level(1).mean(states[span, 0])[:, 0]
    cell = states[span, 0, world.row_of(world["north/column2/cells/0"])]
    time = np.arange(len(cell))
    for offset, values, colour, name in (
        (3.0, cell, GREY, "a cell"),
        (1.4, column, BLUE, "its column"),
        (0.0, area, GREEN, "its area"),
    ):
        ax.axhline(offset, color="#dddddd", lw=0.6)
        ax.plot(time, offset + values, color=colour, lw=0.9 if name == "a cell" else 1.5)
        ax.text(time[-1] + 3, offset, name, color=colour, fontsize=8, va="center")
    ax.set_yticks([])
    ax.set_xlim(0, time[-1])
    ax.set_xticks(range(0, len(time) + 1, AREA_CLOCK))
    ax.set_xlabel("step", fontsize=9)
    ax.set_title("One chain, at three levels", fontsize=10)


def draw_responses(ax: Axes, found: dp.analysis.LevelComparison) -> None:
    """Mean macro-scale states against the value of the scene."""
    for path, colour, marker in zip(SHOWN, (BLUE, ORANGE, GREEN), "os^", strict=True):
        unit = found.units.index(path)
        ax.plot(SCENE, found.coarse.value[:, unit], color=colour, lw=1.6)
        ax.errorbar(
            SCENE,
            found.fine.value[:, unit],
            2 * found.fine.standard_error[:, unit],
            color=colour,
            fmt=marker,
            ms=4.5,
            mfc="white",
            capsize=1.5,
            lw=0.9,
            label=path,
        )
    ax.plot([], [], color=INK, lw=1.6, label="coarse world")
    ax.set_xlabel("scene", fontsize=9)
    ax.set_ylabel("mean state", fontsize=9)
    ax.set_title("Response curves: points fine, lines coarse", fontsize=10)
    ax.set_ylim(-0.85, 1.25)
    ax.set_yticks([-0.5, 0.0, 0.5])
    ax.legend(frameon=False, fontsize=7.5, loc="upper center", handlelength=1.4, ncols=2)


def draw_calibration(ax: Axes, found: dp.analysis.LevelComparison) -> None:
    """What the coarse world predicts of each mean, and what is observed of the fine one."""
    ax.plot([-0.9, 0.9], [-0.9, 0.9], color="#cccccc", lw=0.9)
    for kind, colour, marker in (
        ("cells", BLUE, "o"),
        ("tone", GREEN, "^"),
        ("context", GREY, "s"),
    ):
        chosen = [number for number, path in enumerate(found.units) if path.endswith(kind)]
        ax.errorbar(
            found.coarse.value[:, chosen].ravel(),
            found.fine.value[:, chosen].ravel(),
            xerr=found.coarse.standard_error[:, chosen].ravel(),
            yerr=found.fine.standard_error[:, chosen].ravel(),
            fmt=marker,
            ms=3.5,
            color=colour,
            mfc="white",
            lw=0.7,
            label=kind,
        )
    ax.set_xlabel("predicted: mean in the coarse world", fontsize=9)
    ax.set_ylabel("observed: mean in the fine world", fontsize=9)
    ax.set_title(f"All {len(found.units)} units under {len(SCENE)} scenes", fontsize=10)
    ax.set_xticks([-0.5, 0.0, 0.5])
    ax.set_yticks([-0.5, 0.0, 0.5])
    ax.set_aspect("equal")
    ax.legend(frameon=False, fontsize=7.5, loc="upper left")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fast inside slow; a coarse and a fine world.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    world = build()
    for depth in range(4):
        level = world.level(depth)
        shared = f"{len(level.between):>5} boundary states between them"
        print(f"level {depth}: {len(level):>3} units, {shared}")

    print(f"\nautocorrelation times, {CHAINS} chains of {STEPS} steps")
    fine = dp.Simulator(world, chains=CHAINS, seed=options.seed)
    states = fine.infer(steps=STEPS, burn_in=100, record="states").states
    times = dp.analysis.time_scales(states, world)
    print(times)

    units = [unit for unit in world.walk() if isinstance(unit, dp.Population)]
    print(f"\n{len(units)} units, each a population of the fine world; without evidence")
    print(f"  {'':<22}{'time in steps':^27}{'standard deviation':^30}")
    print(f"  {'unit':<22}" + f"{'fine':>8}{'CB':>8}{'Gaussian':>11}" * 2)
    bounded, narrow = world.coarsen(units), world.coarsen(units, distribution="gaussian")
    paces, spreads = [times], [spread(bounded.coarsening.states(states))]
    for coarse in (bounded, narrow):
        simulator = dp.Simulator(coarse, chains=CHAINS, seed=options.seed + 1)
        run = simulator.infer(steps=STEPS, burn_in=100, record="states")
        paces.append(dp.analysis.time_scales(run, coarse))
        spreads.append(spread(run.states))
    for path in ("north/context", "north/column1/tone", "north/column1/cells"):
        unit = bounded.coarsening.units.index(path)
        pace = [float(one[path].value) for one in paces]
        wide = [float(one[unit]) for one in spreads]
        columns = "{:>8.1f}{:>8.1f}{:>11.1f}{:>8.2f}{:>8.2f}{:>11.2f}"
        print(f"  {path:<22}" + columns.format(*pace, *wide))

    print(f"\nthe same evidence for both: the scene from {SCENE[0]:g} to {SCENE[-1]:g}")
    sweep = [{"scene": value} for value in SCENE.tolist()]
    steps, burn_in = 4 * AREA_CLOCK, AREA_CLOCK
    span: dict[str, Any] = {"steps": steps, "burn_in": burn_in, "seed": options.seed + 2}
    found = dp.analysis.compare_levels(fine, bounded, sweep, chains=48, **span)
    gaussian = dp.analysis.compare_levels(fine, narrow, sweep, chains=48, **span)
    expected = dp.analysis.compare_levels(fine, bounded, sweep, mode="deterministic", **span)
    print("  (error: mean square of fine − coarse means, relative to the variance of fine means)")
    print(f"  {'':<22}{'expected':>10}{'CB':^42}{'Gaussian':>13}")
    print(f"  {'unit':<22}{'error':>10}{'correlation':>13}{'error':>14}{'slope':>14}{'error':>15}")
    for path in SHOWN:
        unit = found.units.index(path)
        error = float(expected.relative_error.value[unit])
        exact = "< 1e-12" if error < 1e-12 else f"{error:.0e}"
        cells = [
            f"{one.value[unit]:>6.3f} ± {one.standard_error[unit]:.3f}"
            for one in (found.relative_error, found.slope, gaussian.relative_error)
        ]
        print(
            f"  {path:<22}{exact:>10}"
            f"{found.correlation.value[unit]:>13.4f}" + "".join(f"{cell:>15}" for cell in cells)
        )
    print("  Expected states agree to rounding: the members of a unit are equal, and not coupled")
    print("  to each other. The noise of a single bounded state makes the units that listen to it")
    print(
        "  less sensitive (slope > 1). A Gaussian has the noise of a mean, but does not saturate."
    )

    figure = Figure(figsize=(9.6, 6.8), layout="constrained")
    axes = figure.subplots(2, 2)
    draw_traces(axes[0, 0], world, states)
    draw_times(axes[0, 1], times, paces[2])
    draw_responses(axes[1, 0], found)
    draw_calibration(axes[1, 1], found)
    for ax in axes.ravel():
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    path = options.out / "levels.png"
    figure.savefig(path, dpi=150)
    print(f"\nwrote {path}")


if __name__ == "__main__":
    main()
