r"""Simulation 5: time per step, and how many patterns a network holds.

**Time.** One network learns, at several sizes, on every backend that is installed
(`deepparticle.benchmarks`); a step costs at least one pass over its :math:`N^2` couplings.

**Memory.** P random patterns of ±1 are stored by three rules: the learning rule
(`deepparticle.analysis.learned_couplings`), Hebb's, and the projection rule. What is kept is
measured twice: *retention*, the correlation of a pattern with the state to which the network takes
it without noise, and *reconstruction*, that of the mean response to the pattern with noise of twice
its size; for reconstruction each rule takes the best of the same list of precisions and strengths
of evidence. Hebb's rule is known to fail beyond :math:`P = .138\,N`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from deepparticle.analysis import (
    capacity_curve,
    hebbian_couplings,
    learned_couplings,
    projection_couplings,
)
from deepparticle.blankets._types import FloatArray
from deepparticle.reproduce.measures import Claim, Comparison, Measure, Reproduction
from deepparticle.reproduce.parts import Arrays, Part
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation

__all__ = ["SCALING"]

LOADS = (0.05, 0.1, 0.14, 0.2, 0.3, 0.5, 0.75, 1.0)
QUICK_LOADS = (0.1, 0.3)
SIZES, QUICK_SIZES = (100, 200, 500, 1000), (50,)
# From this size on, one network at loads up to a half, half as many presentations at twice the
# rate: learning costs the third power of the size.
LARGE = 1000
LARGE_LOADS = LOADS[:6]
LIMIT = 0.138  # Hebb's rule: Amit, Gutfreund & Sompolinsky (1985)
THRESHOLD = 0.9
# Every rule chooses among these pairs of precision and strength of evidence. A gain g of couplings
# is a precision g times as large with evidence 1 / g: the last pairs are for the classical rules,
# whose couplings are small.
PRECISIONS = (0.5, 2.0, 8.0, 2.0, 8.0, 8.0, 20.0, 40.0)
STRENGTHS = (1.0, 1.0, 1.0, 0.25, 0.25, 0.1, 0.1, 0.05)
RULES = ("learning rule", "Hebb", "projection rule")
NOTE = (
    "The text of the paper at hand gives no number for this simulation; the authors report sizes "
    "to 50 000, where dense couplings alone take 10 GB in float32. Sizes here end where a run of "
    "minutes ends."
)


def couplings_by(
    rule: str, patterns: FloatArray, seed: int, epochs: int | None, b: str
) -> FloatArray:
    """Couplings of one of the three rules."""
    if rule == "Hebb":
        return hebbian_couplings(patterns)
    if rule == "projection rule":
        return projection_couplings(patterns)
    count, size = patterns.shape
    if size >= LARGE:
        epochs, rate = 50 * count, 0.2 / size
        return learned_couplings(patterns, learning_rate=rate, epochs=epochs, backend=b, seed=seed)
    return learned_couplings(patterns, epochs=epochs, backend=b, seed=seed)


def memory(
    seed: int, size: int, load: float, rule: str, epochs: int | None, backend: str
) -> Arrays:
    """Retention and reconstruction of one network."""
    count = max(1, round(load * size))

    def train(patterns: FloatArray, own_seed: int) -> FloatArray:
        return couplings_by(rule, patterns, own_seed, epochs, backend)

    curve = capacity_curve(
        train,
        [count],
        size,
        repeats=1,
        precision=PRECISIONS,
        evidence_strength=STRENGTHS,
        backend=backend,
        seed=seed,
    )
    return {
        "retention": float(curve.retention[0, 0]),
        "reconstruction": float(curve.reconstruction[0, 0]),
        "noisy": float(curve.noisy[0, 0]),
    }


def throughput(quick: bool) -> Arrays:
    """Seconds per learning step, of every backend that is installed."""
    from deepparticle.benchmarks.settings import FULL, QUICK
    from deepparticle.benchmarks.works.scaling import against_size

    sizes = replace(QUICK if quick else FULL, repeats=3)
    outcome = against_size(sizes, progress=False)
    found: Arrays = {"sizes": np.array(sizes.sizes, dtype=np.float64)}
    for curve in outcome.curves:
        values = np.full((len(sizes.sizes), 3), np.nan)
        for size, measured in zip(curve.sizes, curve.measured, strict=True):
            low, high = measured.quartiles
            values[sizes.sizes.index(int(size))] = measured.median, low, high
        found[f"seconds, {curve.contender}"] = values
    return found


def _sizes(settings: Settings) -> tuple[int, ...]:
    return QUICK_SIZES if settings.quick else SIZES


def _parameters(settings: Settings) -> dict[str, Any]:
    sizes = _sizes(settings)
    return {
        "subparticles": list(sizes),
        "patterns per subparticle": {str(size): list(_loads(settings, size)) for size in sizes},
        "learning rule": "defaults of learned_couplings"
        + (
            " with 200 epochs"
            if settings.quick
            else f"; from N = {LARGE} on 50 presentations of each pattern at a rate of 0.2 / N"
        ),
        "retention": "precision 100, 150 deterministic steps",
        "reconstruction": "noise 2 standard deviations, 100 steps, burn-in 5",
        "precisions and strengths of evidence tried": list(zip(PRECISIONS, STRENGTHS, strict=True)),
    }


def _loads(settings: Settings, size: int) -> tuple[float, ...]:
    """Patterns per subparticle, for networks of a size."""
    if settings.quick:
        return QUICK_LOADS
    return LARGE_LOADS if size >= LARGE else LOADS


def _seeds(settings: Settings, size: int) -> tuple[int, ...]:
    """Which networks there are of a size."""
    return settings.seeds[:1] if size >= LARGE else settings.seeds


def _name(seed: int, size: int, load: float, rule: str) -> str:
    return f"memory-{seed}-{size}-{load:g}-{rule.replace(' ', '-')}"


def _parts(settings: Settings) -> list[Part]:
    sizes = _sizes(settings)
    epochs, backend, parts = 200 if settings.quick else None, settings.backend, []
    for size in sizes:
        for seed in _seeds(settings, size):
            for load in _loads(settings, size):
                for rule in RULES:
                    learns = rule == "learning rule"
                    given = {"seed": seed, "size": size, "load": load, "rule": rule}
                    given |= {"precisions": PRECISIONS, "strengths": STRENGTHS}
                    parts.append(
                        Part(
                            _name(seed, size, load, rule),
                            partial(memory, seed, size, load, rule, epochs, backend),
                            {**given, "backend": backend, "epochs": epochs},
                            # A presentation costs N², and there are as many as patterns.
                            weight=0.3 + (load * (size / 100) ** 3 if learns else 0.0),
                        )
                    )
    # The clock comes last: nothing else runs then.
    parts.append(
        Part("throughput", partial(throughput, settings.quick), {"quick": settings.quick}, 60.0)
    )
    return parts


def _conclude(settings: Settings, found: Mapping[str, Arrays]) -> Reproduction:
    from deepparticle import figures

    sizes = _sizes(settings)
    largest = sizes[-1]
    loads = _loads(settings, largest)

    def table(size: int, rule: str, measure: str) -> FloatArray:
        """Networks × loads."""
        return np.array(
            [
                [found[_name(seed, size, load, rule)][measure] for load in _loads(settings, size)]
                for seed in _seeds(settings, size)
            ]
        )

    measures = tuple(
        Measure(
            f"N = {size}, {rule}: largest load retained (r ≥ {THRESHOLD:g})",
            tuple(_capacity(_loads(settings, size), row) for row in table(size, rule, "retention")),
            LIMIT if rule == "Hebb" else None,
        )
        for size in sizes
        for rule in RULES
    )
    comparisons = tuple(
        Comparison(
            f"{measure} (r), N = {largest}, P = {load:g} N",
            {
                **{rule: _column(table(largest, rule, measure), loads, load) for rule in RULES},
                **(
                    {
                        "the noisy input itself": _column(
                            table(largest, RULES[0], "noisy"), loads, load
                        )
                    }
                    if measure == "reconstruction"
                    else {}
                ),
            },
        )
        for measure in ("retention", "reconstruction")
        for load in loads[1::2]
    )
    drawn, captions = {}, {}
    for measure in ("retention", "reconstruction"):
        noisy = float(np.mean([table(size, RULES[0], "noisy").mean() for size in sizes]))
        for size in sizes:
            curves = {}
            for rule in RULES:
                values = table(size, rule, measure)
                spread = (
                    values.std(axis=0, ddof=1)
                    if len(values) > 1
                    else np.full(values.shape[1], np.nan)
                )
                curves[rule] = (values.mean(axis=0), spread)
            drawn[f"{measure}-{size}"] = figures.capacity_curves(
                _loads(settings, size),
                curves,
                f"{measure} (r)",
                size=size,
                references={"noisy input": noisy} if measure == "reconstruction" else None,
                limit=LIMIT,
            )
            captions[f"{measure}-{size}"] = (
                f"{measure.capitalize()} against the number of stored patterns, N = {size}."
            )
    clock = found["throughput"]
    seconds = {
        name.removeprefix("seconds, "): values
        for name, values in clock.items()
        if name.startswith("seconds, ")
    }
    drawn["throughput"] = figures.throughput(
        clock["sizes"],
        {name: (values[:, 0], values[:, 1:].T) for name, values in seconds.items()},
    )
    captions["throughput"] = "Time of a learning step, and couplings per second, against the size."
    return Reproduction(
        measures,
        comparisons,
        _claims(
            loads,
            {rule: table(largest, rule, "retention") for rule in RULES},
            largest,
            {rule: table(largest, rule, "reconstruction") for rule in RULES},
            clock,
            seconds,
        ),
        drawn,
        captions,
        notes=(NOTE,),
        details={
            "loads": {str(size): _loads(settings, size) for size in sizes},
            **{
                f"{measure}, N = {size}, {rule}": table(size, rule, measure)
                for measure in ("retention", "reconstruction")
                for size in sizes
                for rule in RULES
            },
            "sizes timed": clock["sizes"],
            "seconds per step (median, quartiles)": seconds,
        },
    )


def _column(values: FloatArray, loads: tuple[float, ...], load: float) -> tuple[float, ...]:
    return tuple(values[:, loads.index(load)].tolist())


def _capacity(loads: tuple[float, ...], retained: FloatArray) -> float:
    """The largest load up to which retention is nowhere below the threshold; 0 without any."""
    kept = retained >= THRESHOLD
    below = len(kept) if kept.all() else int(np.argmin(kept))
    return loads[below - 1] if below else 0.0


def _claims(
    loads: tuple[float, ...],
    retained: Mapping[str, FloatArray],
    size: int,
    rebuilt: Mapping[str, FloatArray],
    clock: Arrays,
    seconds: Mapping[str, FloatArray],
) -> tuple[Claim, ...]:
    learned, hebb, projected = ([_capacity(loads, row) for row in retained[rule]] for rule in RULES)
    beyond = min(load for load in loads if load > LIMIT)
    at = loads.index(beyond)
    fastest = min(seconds, key=lambda name: np.nanmin(seconds[name][-1:, 0], initial=np.inf))
    last = float(seconds[fastest][-1, 0])
    return (
        Claim(
            "retention holds well beyond .14 N stored patterns",
            "holds" if min(learned) > LIMIT else "does not hold",
            f"N = {size}: r ≥ {THRESHOLD:g} up to P = {np.mean(learned):.2g} N; Hebb "
            f"{np.mean(hebb):.2g} N, projection rule {np.mean(projected):.2g} N",
        ),
        Claim(
            "so does the reconstruction of noisy patterns",
            "holds"
            if rebuilt[RULES[0]][:, at].mean() > rebuilt["Hebb"][:, at].mean()
            else "holds in part",
            f"N = {size}, P = {beyond:g} N: {rebuilt[RULES[0]][:, at].mean():.3f}, Hebb "
            f"{rebuilt['Hebb'][:, at].mean():.3f}, projection rule "
            f"{rebuilt['projection rule'][:, at].mean():.3f}",
        ),
        Claim(
            "the network scales to thousands of subparticles",
            "holds" if np.isfinite(last) else "does not hold",
            f"N = {clock['sizes'][-1]:.0f}: {1e3 * last:.3g} ms per learning step ({fastest})",
        ),
    )


SCALING = Simulation(
    name="scaling",
    title="Simulation 5: time per step, and memory capacity",
    story="How does the time of a step grow with the number of subparticles, and how many random "
    "patterns does the learning rule store, beside Hebb's rule, the projection rule, and the limit "
    "of .138 N at which Hebb's rule fails?",
    seeds=(3, 1),
    parameters=_parameters,
    parts=_parts,
    conclude=_conclude,
)
