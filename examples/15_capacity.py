"""How many random patterns does a network keep? Three rules and the line at .14 N (simulation 5).

Random signs have nothing in common that a network could use: how many of them it keeps, is its
capacity. A hundred subparticles store P random patterns by three rules,

learned     J as it develops while the patterns are shown, ΔJ_ij = α (σ'_i − L(h_i)) σ'_j
Hebb        J = Σ x xᵀ / N (Hopfield 1982), which breaks down at P = .14 N
projection  J = X⁺X without its diagonal (Kanter & Sompolinsky 1987), good to P = N

and two questions are asked of each, for P from 5 to 80. *Retention*: started at a pattern, does
it stay there? *Reconstruction*: shown a pattern with noise of twice its size, how well does the
response correlate with it? Couplings of the three rules differ in size. With one precision and one
strength of evidence for all of them their sizes would be compared; so each rule is given the pair
that suits it best at each load.

The learning rule subtracts what was predicted, and so stores of each pattern what the others do not
hold already. It comes to do what the projection rule does, though it sees one pattern at a time and
inverts no matrix. Spisak & Friston (2026, simulation 5) claim that it holds well beyond .14 N. It
does: what it keeps, up to .8 N; what it finds again under so much noise, up to .2 N or a bit more.
Two methods that know all the patterns show how far there is to go: a linear projection onto their
span, and looking up the nearest one.

It takes about twenty seconds; ``--repeats 1 --most 40`` is a short run.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

SIZE, COUNTS = 100, (5, 10, 14, 20, 30, 40, 60, 80)
NOISE, KEPT = 2.0, 0.9
PRECISIONS, STRENGTHS = (0.5, 2.0, 10.0, 50.0), (0.03, 0.1, 0.3, 1.0)
# A rule makes couplings of shape (N, N) of patterns of shape (P, N), with a seed if it needs one.
RULES: Mapping[str, Any] = {
    "learned": lambda patterns, seed: dp.analysis.learned_couplings(patterns, seed=seed),
    "Hebb": lambda patterns, _: dp.analysis.hebbian_couplings(patterns),
    "projection": lambda patterns, _: dp.analysis.projection_couplings(patterns),
}


def curves(counts: list[int], repeats: int, seed: int) -> dict[str, dp.analysis.CapacityCurve]:
    """All rules store and are shown the same patterns with the same noise."""
    return {
        name: dp.analysis.capacity_curve(
            rule,
            counts,
            SIZE,
            repeats=repeats,
            precision=PRECISIONS,
            evidence_strength=STRENGTHS,
            noise=NOISE,
            seed=seed,
        )
        for name, rule in RULES.items()
    }


def knowing_the_patterns(counts: list[int], seed: int) -> tuple[Array, Array]:
    """What a linear projection and a look-up score in the reconstruction, both of shape (L,)."""
    rng = np.random.default_rng(seed)
    linear, nearest = [], []
    for count in counts:
        patterns = dp.datasets.random_patterns(count, SIZE, rng)
        noisy = patterns + NOISE * rng.standard_normal(patterns.shape)
        projected = dp.analysis.linear_reconstruction(noisy, patterns)
        found = patterns[np.argmax(noisy @ patterns.T, axis=1)]
        linear.append(dp.analysis.correlation(projected, patterns).mean())
        nearest.append(dp.analysis.correlation(found, patterns).mean())
    return np.array(linear), np.array(nearest)


def tell(found: Mapping[str, dp.analysis.CapacityCurve], seed: int) -> None:
    some = found["learned"]
    print(f"N = {SIZE}, {some.retention.shape[1]} networks for each number of patterns")
    for measure in ("retention", "reconstruction"):
        print(f"\n{measure}: mean correlation with the pattern")
        heads = "".join(f"{count:>7}" for count in some.counts.tolist())
        print(f"  {'P':<26}{heads}{f'r ≥ {KEPT:g} up to':>16}")
        for name, curve in found.items():
            row(name, curve.mean(measure), f"{curve.capacity(KEPT, measure):.2f} N")
        if measure == "reconstruction":
            row("the noisy pattern itself", some.mean("noisy"))
            linear, nearest = knowing_the_patterns(some.counts.tolist(), seed)
            row("linear projection", linear)
            row("looking up the nearest", nearest)


def row(name: str, values: Array, capacity: str = "") -> None:
    numbers = "".join(f"{value:>7.2f}" for value in values)
    print(f"  {name:<26}{numbers}{capacity:>16}".rstrip())


def draw(found: Mapping[str, dp.analysis.CapacityCurve], folder: Path) -> None:
    some = found["learned"]
    print()
    for measure in ("retention", "reconstruction"):
        shown = {
            name: (curve.mean(measure), curve.deviation(measure)) for name, curve in found.items()
        }
        if measure == "reconstruction":
            shown["noisy input"] = (some.mean("noisy"), some.deviation("noisy"))
        figure = dp.figures.capacity_curves(some.loads, shown, f"{measure} (r)", size=SIZE)
        save(figure, folder / f"capacity_{measure}.png")


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=150)
    print(f"wrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="How many random patterns does a network keep?")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3, help="networks per number of patterns")
    parser.add_argument("--most", type=int, default=max(COUNTS), help="patterns")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    counts = [count for count in COUNTS if count <= options.most]
    found = curves(counts, options.repeats, options.seed)
    tell(found, options.seed)
    draw(found, options.out)


if __name__ == "__main__":
    main()
