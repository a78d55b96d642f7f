"""The main job: digits, learned and recalled by a network compiled from explicit objects.

Every number in the table comes from this run; *published* are the paper's (Spisak & Friston 2026,
simulation 2, balanced regime), *band* is what independent runs of the same protocol gave, mean ± 4
standard deviations of a single network.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepparticle._version import __version__
from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.analysis import (
    Attractors,
    Recall,
    asymmetry,
    attractors,
    deviation_from_orthogonality,
    recall,
)
from deepparticle.compile.run import Run
from deepparticle.compile.simulator import Simulator
from deepparticle.compile.verify import Verification, verify
from deepparticle.datasets import Digits, digits
from deepparticle.partitions.partition import Partition
from deepparticle.reproduce.measures import Measure

__all__ = ["BALANCED", "DemoResult", "Regime", "digits_world", "evaluate", "run_demo"]


@dataclass(frozen=True)
class Regime:
    """How a digits network is trained.

    Parameters
    ----------
    evidence : float
        Scales the patterns while learning.
    precision : float
        β while learning.
    learning_rate : float
        α.
    epochs, steps : int
        Presentations, and steps of each.
    """

    evidence: float
    precision: float
    learning_rate: float = 1e-3
    epochs: int = 5000
    steps: int = 10


BALANCED = Regime(evidence=11.0, precision=0.1668)
"""The balanced regime of simulation 2."""


@dataclass(frozen=True, eq=False)
class DemoResult:
    """Everything that the demo measured."""

    measures: tuple[Measure, ...]
    verifications: tuple[Verification, ...]
    world: Partition
    simulator: Simulator
    run: Run
    found: Attractors
    retrieval: Recall
    generalisation: Recall
    seconds: float
    figure: Path | None = None


def digits_world(shape: tuple[int, int] = (8, 8)) -> Partition:
    """A world with one subparticle per pixel, each coupled to all others and sensing the digit.

    Examples
    --------
    >>> world = digits_world((2, 2))
    >>> len(world.subparticles), int((world.couplings == 0).all())
    (4, 1)
    """
    world = Partition("world")
    retina = world.add_partition("retina")
    for row in range(shape[0]):
        for column in range(shape[1]):
            retina.add_subparticle(f"r{row}c{column}")
    retina.couple_all(0.0)
    digit = world.add_external("digit")
    world.sense(digit, retina)
    return world


def small_world() -> Partition:
    """A nested world that is small enough to read: two areas, five subparticles, one scene."""
    world = Partition("small")
    left = world.add_partition("left", precision=0.8)
    right = world.add_partition("right", learning_rate=0.05)
    inner = right.add_partition("inner", clock=2)
    a, b = left.add_subparticle("a", bias=0.2, state=0.5), left.add_subparticle("b")
    c = right.add_subparticle("c")
    d, e = inner.add_subparticle("d"), inner.add_subparticle("e", bias=-0.1)
    for source, target, weight in (
        (a, b, 0.8),
        (b, a, 0.5),
        (b, c, 0.6),
        (c, d, -0.7),
        (d, e, 0.9),
        (e, b, 0.4),
    ):
        world.couple(source, target, weight)
    scene = world.add_external("scene", 0.5)
    world.sense(scene, a)
    world.act(e, scene)
    return world


def by_hand(say: Callable[[str], None]) -> None:
    """Step one subparticle by hand and read every number off it."""
    world = small_world()
    b: Any = world["left/b"]
    b.sense()
    say(
        f"    b.sense()             h = {b.field:+.4f}   (from a: J·σ = "
        f"{b.sensory['left/a'].weight:g} × {world['left/a'].state:g})"
    )
    b.infer(uniform=0.8)
    say(
        f"    b.infer(uniform=0.8)  θ = {b.argument:+.4f}   σ = {b.state:+.4f}   "
        f"F = {b.free_energy().value:+.4f} nats"
    )
    b.act()
    view = b.active["right/c"]
    say(
        f"    b.act()               a = {view.state:+.4f}   is what c senses: "
        f"{world['right/c'].sensory['left/b'].state:+.4f}"
    )
    before = b.sensory["left/a"].weight
    b.learn(learning_rate=0.1)
    say(
        f"    b.learn()             ε = {b.prediction_error:+.4f}   J = {before:g} → "
        f"{b.sensory['left/a'].weight:.4f}"
    )


def evaluate(
    simulator: Simulator, data: Digits, regime: Regime, seed: int
) -> tuple[Attractors, Recall, Recall]:
    """Attractors, retrieval and one-shot generalisation, by the paper's protocol.

    Attractors start at L(0.1 · evidence · pattern); responses are means of 100 steps with a tenth
    of the evidence; both at precision 1.
    """
    weak = 0.1 * regime.evidence
    starts = ContinuousBernoulli().mean(weak * data.train)
    found = attractors(simulator, starts)
    retrieval = recall(simulator, data.train, evidence_strength=weak, seed=seed + 1)
    generalisation = recall(simulator, data.test, evidence_strength=weak, seed=seed + 2)
    return found, retrieval, generalisation


def _measures(found: Attractors, retrieval: Recall, generalisation: Recall) -> tuple[Measure, ...]:
    # As in the paper's analysis: pairs that are one pattern up to sign are left out.
    deviation = deviation_from_orthogonality(found.states, exclude=1.0)
    return (
        Measure("retrieval (gain in r²)", (retrieval.score,), 0.292, (0.288, 0.013)),
        Measure("one-shot generalisation", (generalisation.score,), 0.07, (0.064, 0.016)),
        Measure("number of attractors", (float(len(found)),), 10.0, (9.4, 0.6)),
        Measure("deviation from 90° (degrees)", (deviation,), 17.3, (19.8, 1.9)),
    )


def table(measures: tuple[Measure, ...], complete: bool) -> str:
    """The table *published | expected band | this run*."""
    lines = [f"  {'':<30}{'published':>10}{'expected band':>20}{'this run':>12}"]
    for measure in measures:
        low, high = measure.band or (np.nan, np.nan)
        verdict = "" if not complete else "  inside" if measure.inside else "  OUTSIDE"
        lines.append(
            f"  {measure.name:<30}{measure.published:>10.4g}"
            f"{f'{low:.3f} … {high:.3f}':>20}{measure.mean:>12.3f}{verdict}"
        )
    if not complete:
        lines.append(
            "  (a quick run learns a tenth as long: its numbers are not meant for the band)"
        )
    return "\n".join(lines)


def run_demo(
    seed: int = 0,
    out: Path | str | None = "deepparticle-demo",
    quick: bool = False,
    say: Callable[[str], None] = print,
    progress: bool = True,
) -> DemoResult:
    """Build, check, step, verify, learn, recall; print a table and write a figure.

    Parameters
    ----------
    seed : int
        For learning and for the tests of recall.
    out : path or None
        The folder for ``digits.png`` and ``results.json``; None writes nothing.
    quick : bool
        A tenth of the epochs.
    say : callable
        Where lines go.
    progress : bool
        Show progress bars.

    Returns
    -------
    DemoResult
    """
    begun = time.perf_counter()
    regime = BALANCED if not quick else Regime(BALANCED.evidence, BALANCED.precision, epochs=500)
    data = digits()

    say("1  Build: one subparticle per pixel, every pair joined by boundary states")
    world = digits_world(data.shape)
    world.check()
    count, senses = sum(1 for _ in world.boundaries()), len(world.blanket().sensory)
    say(
        f"    {len(world.subparticles)} subparticles, "
        f"{count - senses} boundary states between them, {senses} macro-scale sensory states; "
        "world.check() passes"
    )

    say("2  Step a small world by hand")
    by_hand(say)

    say("3  Verify: objects = compiled kernel")
    verifications = (verify(small_world(), seed=seed), verify(world, steps=2, seed=seed))
    for verification in verifications:
        worst = max(comparison.deviation for comparison in verification.comparisons)
        say(
            f"    {verification.name}: {len(verification.comparisons)} comparisons, "
            f"largest deviation {worst:.1e}"
        )
        verification.raise_if_failed()

    say(
        f"4  Learn ten digits: evidence {regime.evidence:g}, precision {regime.precision:g}, "
        f"learning rate {regime.learning_rate:g}, {regime.epochs} × {regime.steps} steps"
    )
    simulator = Simulator(world, seed=seed)
    run = simulator.learn(
        data.train,
        regime.evidence,
        regime.epochs,
        regime.steps,
        learning_rate=regime.learning_rate,
        precision=regime.precision,
        progress=progress,
    )
    if run.interrupted:
        say(f"    interrupted after {len(run.patterns)} epochs; going on with what was learned")
    simulator.write_back()
    say(f"    written back: {world['retina/r3c3'].sensory['retina/r3c4']!r}")

    say("5  Recall noisy digits and unseen ones, find attractors")
    found, retrieval, generalisation = evaluate(simulator, data, regime, seed)
    measures = _measures(found, retrieval, generalisation)
    complete = not quick and not run.interrupted
    say(table(measures, complete))
    say(
        f"    {found.orbits} orbits of period 2, {found.open} starts not at rest; "
        f"asymmetry of J {asymmetry(simulator.couplings):.2f}"
    )

    figure = None
    if out is not None:
        figure = _write(
            Path(out), seed, quick, data, simulator, run, found, retrieval, generalisation, measures
        )
        say(f"6  Figure: {figure}")
    seconds = time.perf_counter() - begun
    say(f"   {seconds:.1f} s")
    return DemoResult(
        measures,
        verifications,
        world,
        simulator,
        run,
        found,
        retrieval,
        generalisation,
        seconds,
        figure,
    )


def _write(
    folder: Path,
    seed: int,
    quick: bool,
    data: Digits,
    simulator: Simulator,
    run: Run,
    found: Attractors,
    retrieval: Recall,
    generalisation: Recall,
    measures: tuple[Measure, ...],
) -> Path:
    from deepparticle.figures.digits import digits_overview

    folder.mkdir(parents=True, exist_ok=True)
    relaxed = simulator.relax(ContinuousBernoulli().mean(0.1 * BALANCED.evidence * data.train))
    figure = digits_overview(
        data.train,
        relaxed.states,
        found.of_start,
        retrieval,
        generalisation,
        simulator.couplings,
        run.free_energy,
        shape=data.shape,
        title="Ten handwritten digits, learned by 64 subparticles"
        + (" (quick run)" if quick else ""),
    )
    path = folder / "digits.png"
    figure.savefig(path, dpi=150)
    results = {
        "version": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seed": seed,
        "quick": quick,
        "epochs": len(run.patterns),
        "measures": [
            {
                "name": measure.name,
                "published": measure.published,
                "band": measure.band,
                # JSON has no NaN: no pair of attractors, no angle.
                "value": measure.mean if np.isfinite(measure.mean) else None,
            }
            for measure in measures
        ],
    }
    (folder / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return path
