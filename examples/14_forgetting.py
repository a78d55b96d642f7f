"""Left to itself, does a network keep what it learned? Drift and diffusion of J (simulation 4).

The digits network of the balanced regime is left alone: no evidence, but learning goes on. If
spontaneous activity visits the attractors, it might learn them again and again, and so keep them
(Spisak & Friston 2026, simulation 4). What should one expect of the rule,

    ΔJ_ij = α (σ'_i − L(h_i)) σ'_j,   when σ'_i is drawn with no evidence, from β h_i alone?

At precision β = 1 its expectation is L(h_i), which is what is subtracted, and in synchronous steps
σ'_i and σ'_j are independent of each other, given the states before. So the mean change is exactly
0: J takes a random walk, it diffuses, ‖J(t) − J(0)‖² ∝ t. It neither learns nor unlearns. At any
other precision the mean of σ'_i is not what was predicted, and J drifts, ‖J(t) − J(0)‖² ∝ t². At
that of learning, β = .17, states are weaker than predicted, and what was learned is unlearned.

Three networks learn 50 000 steps and then run freely for 50 000 more, at both precisions, side by
side; it takes some ten seconds. Beside them stands the same network with frozen couplings: what its
scores scatter by is chance. ``--steps 250000`` goes on to where learning runs away at β = .17,
``--steps 5000`` is a short run.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

EVIDENCE, PRECISION, LEARNING_RATE = 11.0, 0.1668, 1e-3
EPOCHS, STEPS = 5000, 10
NETWORKS = 3
FREE = {"precision 1": 1.0, f"precision {PRECISION:g}": PRECISION}
LOOKS = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)  # at these shares of the free run
LIKENESS, TESTS = "correlation of J with itself", ("retrieval", "generalisation")


@dataclass(frozen=True, eq=False)
class History:
    """What was left after some free steps.

    Parameters
    ----------
    times : ndarray of shape (T,)
    measures : mapping
        By precision, then by name: ndarray of shape (NETWORKS, T).
    frozen : mapping
        The scores of the frozen networks, by name, of the same shape.
    displacement : mapping
        ‖J(t) − J(0)‖² by precision, of the same shape.
    ran_away : mapping
        Whether learning ran away before, by precision, of the same shape.
    before, after : ndarray of shape (N, N)
        Couplings of the first network at precision 1.
    """

    times: Array
    measures: Mapping[str, Mapping[str, Array]]
    frozen: Mapping[str, Array]
    displacement: Mapping[str, Array]
    ran_away: Mapping[str, NDArray[np.bool_]]
    before: Array
    after: Array


def simulator_of(couplings: Array, precision: Any, seed: int) -> dp.Simulator:
    """Networks with these couplings, shape (R, N, N), side by side."""
    count, size, _ = couplings.shape
    world = dp.from_couplings(np.zeros((size, size)), name="digits", learning_rate=LEARNING_RATE)
    simulator = dp.Simulator(world, backend="auto", networks=count, precision=precision, seed=seed)
    simulator.couplings = couplings
    return simulator


def learn(data: dp.datasets.Digits, epochs: int, seed: int) -> Array:
    """Couplings of networks that learned the ten digits, shape (NETWORKS, N, N)."""
    size = data.train.shape[1]
    simulator = simulator_of(np.zeros((NETWORKS, size, size)), PRECISION, seed)
    simulator.learn(data.train, EVIDENCE, epochs, STEPS, record=())
    return np.asarray(simulator.couplings)


def scores(simulator: dp.Simulator, data: dp.datasets.Digits, seed: int) -> dict[str, Array]:
    """The gains in r² of all networks, for digits that were learned and for others."""
    return {
        name: dp.analysis.recall(
            simulator,
            patterns,
            evidence_strength=0.1 * EVIDENCE,
            precision=1.0,
            seed=seed + number,
        ).scores
        for number, (name, patterns) in enumerate(zip(TESTS, (data.train, data.test), strict=True))
    }


def go_on(simulator: dp.Simulator, steps: int) -> NDArray[np.bool_]:
    """Run freely and go on learning; which networks ran away."""
    nothing = np.zeros((1, simulator.program.size))
    with warnings.catch_warnings():
        # It is expected of long runs, and is shown.
        warnings.simplefilter("ignore", dp.DivergenceWarning)
        run = simulator.learn(nothing, epochs=steps // STEPS, steps=STEPS, record=())
    return np.asarray(run.diverged)


def run_free(learned: Array, data: dp.datasets.Digits, steps: int, seed: int) -> History:
    """All networks at all precisions side by side, looked at from time to time."""
    before = np.concatenate([learned] * len(FREE))
    free = simulator_of(before, np.repeat(list(FREE.values()), NETWORKS), seed)
    frozen = simulator_of(learned, 1.0, seed)
    times = STEPS * np.round(np.array(LOOKS) * steps / STEPS).astype(np.intp)
    off = ~np.eye(before.shape[-1], dtype=np.bool_)
    gone = np.zeros(len(before), dtype=np.bool_)
    found: list[dict[str, Array]] = []
    control: list[dict[str, Array]] = []
    for look, span in enumerate(np.diff(times, prepend=0).tolist()):
        if span:
            gone = gone | go_on(free, span)
        now = np.asarray(free.couplings)
        found.append(
            {
                LIKENESS: dp.analysis.correlation(now[:, off], before[:, off]),
                "displacement": ((now - before) ** 2).sum(axis=(1, 2)),
                "ran away": gone.astype(np.float64),
                **scores(free, data, seed + 2 * look),
            }
        )
        control.append(scores(frozen, data, seed + 2 * look))
    series = {
        name: np.stack([each[name] for each in found], axis=1).reshape(len(FREE), NETWORKS, -1)
        for name in found[0]
    }
    by_precision = {
        label: {name: values[place] for name, values in series.items()}
        for place, label in enumerate(FREE)
    }
    return History(
        times.astype(np.float64),
        {
            label: {name: values[name] for name in (LIKENESS, *TESTS)}
            for label, values in by_precision.items()
        },
        {name: np.stack([each[name] for each in control], axis=1) for name in TESTS},
        {label: values["displacement"] for label, values in by_precision.items()},
        {label: values["ran away"].astype(np.bool_) for label, values in by_precision.items()},
        before[0],
        now[0],
    )


# ------------------------------------------------------------------------------ numbers


def drift_and_diffusion(history: History, label: str) -> tuple[float, float]:
    """The a and c of ‖J(t) − J(0)‖² = a t + c t²: a line through its ratio to t."""
    calm = ~history.ran_away[label].any(axis=0) & (history.times > 0.0)
    t, moved = history.times[calm], history.displacement[label].mean(axis=0)[calm]
    diffusion, drift = np.polynomial.polynomial.polyfit(t, moved / t, 1).tolist()
    return diffusion, drift


def tell(history: History) -> dict[str, tuple[float, float]]:
    fits = {}
    for label, measures in history.measures.items():
        print(f"\nfree run with learning, {label} (means of {NETWORKS} networks)")
        print(f"  {'steps':>8}{'r of J':>9}{'retrieval':>11}{'one-shot':>10}{'‖J − J₀‖²':>12}")
        for at, time in enumerate(history.times.tolist()):
            means = [measures[name][:, at].mean() for name in (LIKENESS, *TESTS)]
            moved = history.displacement[label][:, at].mean()
            print(
                f"  {time:>8.0f}{means[0]:>9.3f}{means[1]:>+11.3f}{means[2]:>+10.3f}{moved:>12.1f}"
            )
        diffusion, drift = fits[label] = drift_and_diffusion(history, label)
        calm = history.times[~history.ran_away[label].any(axis=0)].max()
        share = drift * calm / (diffusion + drift * calm)
        slower = " (J moves ever more slowly)" if share < -0.1 else ""
        print(f"  share of drift in the displacement after {calm:.0f} steps: {share:+.0%}{slower}")
        gone = int(history.ran_away[label][:, -1].sum())
        if gone:
            print(f"  learning ran away in {gone} of {NETWORKS} networks")
    print("\nfrozen couplings, tested as often (mean and standard deviation of a test)")
    for name, values in history.frozen.items():
        print(f"  {name:<16}{values.mean():+.3f} ± {values.std(ddof=1):.3f}")
    return fits


# ------------------------------------------------------------------------------ pictures


def draw(history: History, fits: Mapping[str, tuple[float, float]], folder: Path) -> None:
    figures = {
        "forgetting": dp.figures.forgetting(
            history.times, history.measures, {next(iter(FREE)): history.frozen}
        ),
        # What ran away would hide all the rest.
        "forgetting_displacement": dp.figures.drift_and_diffusion(
            history.times,
            {
                label: np.where(history.ran_away[label], np.nan, moved)
                for label, moved in history.displacement.items()
            },
            fits,
        ),
        "forgetting_couplings": dp.figures.couplings_before_and_after(
            history.before, history.after, names=("after learning", "after the free run")
        ),
    }
    print()
    for name, figure in figures.items():
        save(figure, folder / f"{name}.png")


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=150)
    print(f"wrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="A network is left to itself.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="5000 as published")
    parser.add_argument("--steps", type=int, default=50_000, help="free steps, 1000 or more")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    data = dp.datasets.digits()
    learned = learn(data, options.epochs, options.seed)
    print(f"{NETWORKS} networks learned {options.epochs} × {STEPS} steps")
    history = run_free(learned, data, options.steps, options.seed)
    draw(history, tell(history), options.out)


if __name__ == "__main__":
    main()
