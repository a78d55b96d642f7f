r"""Simulation 3: a sequence makes asymmetric couplings, which run through it by themselves.

The digits 1, 2, 3 are shown in this order, over and over, one step each (evidence 20, precision 1,
learning rate .001, 2000 steps). Then the couplings are taken apart: the symmetric part alone rests
in fixed points, and the whole, without evidence, runs through the digits. The walk is measured by
`deepparticle.analysis.sequence_statistics`, its irreversibility by its entropy production.

Controls: the same images in random order, ten steps each (which is how all other simulations show
them); and the classical rule for sequences, :math:`J = \frac{g}{N}\sum_k x_{k+1} x_k^T`, at a gain
g at which it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.analysis import (
    SequenceStatistics,
    asymmetry,
    attractors,
    correlation,
    limit_cycles,
    sequence_statistics,
    symmetric_part,
)
from deepparticle.analysis.entropy_production import entropy_production
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.simulator import Simulator
from deepparticle.datasets import digits
from deepparticle.partitions.constructors import from_couplings
from deepparticle.reproduce.measures import Claim, Comparison, Measure, Reproduction
from deepparticle.reproduce.parts import Arrays, Part, completed
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation

__all__ = ["SEQUENCE"]

LABELS = ("1", "2", "3")
EVIDENCE, PRECISION, RATE, STEPS = 20.0, 1.0, 1e-3, 2000
CONTROL_STEPS = 10  # of each presentation, in random order
GAIN = 10.0  # of the classical rule: far beyond 3, where the mean is no contraction
CHAINS, TRANSIENT = 20, 50
SHORT = 100


def patterns() -> FloatArray:
    """The digits 1, 2, 3, standardised; shape (3, 64)."""
    return digits().train[1:4]


def walk(couplings: FloatArray, seed: int, steps: int, backend: str) -> Arrays:
    """Run freely from random starts, and measure the walk and its entropy production.

    Returns
    -------
    dict
        The numbers of `SequenceStatistics`, ``entropy production`` with its ``error``, and one run
        with its ``states``, ``overlaps`` and all dwell times.
    """
    simulator = Simulator(from_couplings(couplings), backend, chains=CHAINS, seed=seed)
    starts = np.random.default_rng(seed).uniform(-1.0, 1.0, size=(CHAINS, len(couplings)))
    run = completed(simulator.infer(steps=steps, burn_in=TRANSIENT, start=starts, record="states"))
    found = sequence_statistics(run.states, patterns())
    irreversible = entropy_production(
        Simulator(from_couplings(couplings), backend, seed=seed),
        steps=steps,
        burn_in=TRANSIENT,
        chains=CHAINS,
        seed=seed,
    )
    return {
        **_numbers(found),
        "short dwell": _short_dwell(found),
        "entropy production": float(irreversible.value),
        "error": float(irreversible.standard_error),
        "states": run.states[:, 0],
        "overlaps": found.overlaps[:, 0],
        "dwells": found.dwells,
        "transitions": found.transitions,
    }


def _short_dwell(found: SequenceStatistics) -> float:
    """The mean dwell in records of a hundred steps, dwells counted that the record cuts off.

    That is how the reference was measured; complete dwells are a little longer.
    """
    best = found.best[:SHORT]
    visits = best.shape[1] + np.count_nonzero(np.diff(best, axis=0))
    return float(best.size / visits)


def _numbers(found: SequenceStatistics) -> dict[str, float]:
    return {
        "forward": found.forward,
        "backward": found.backward,
        "dwell": found.mean_dwell,
        "period": found.mean_period,
        "dominant period": found.dominant_period,
        "inverted runs": found.inverted_runs,
        "sign flips": float(np.mean(found.sign_flips)),
    }


def one_network(seed: int, steps: int, free_steps: int, backend: str) -> Arrays:
    """Learn the sequence, take the couplings apart, run freely."""
    shown = patterns()
    size = shown.shape[1]
    simulator = Simulator(from_couplings(np.zeros((size, size)), name="digits"), backend, seed=seed)
    completed(
        simulator.learn(
            shown,
            EVIDENCE,
            steps,
            1,
            "cyclic",
            learning_rate=RATE,
            precision=PRECISION,
            record=(),
        )
    )
    J = np.asarray(simulator.couplings)
    starts = ContinuousBernoulli().mean(0.1 * EVIDENCE * shown)
    rest = attractors(symmetric_part(J), starts)
    cycles = limit_cycles(J, CHAINS, seed=seed)
    found = {
        "couplings": J,
        "asymmetry": asymmetry(J),
        "attractors": rest.states,
        # How much each digit correlates with the attractor that it leads to, and 0 without one.
        "likeness": np.array(
            [
                float(correlation(rest.states[number], one)) if number >= 0 else 0.0
                for number, one in zip(rest.of_start, shown, strict=True)
            ]
        ),
        "deterministic periods": cycles.periods,
        "deterministic basins": cycles.basins,
    }
    return found | walk(J, seed, free_steps, backend)


def controls(seed: int, steps: int, free_steps: int, backend: str) -> Arrays:
    """The same images in random order, and the classical rule for sequences."""
    shown = patterns()
    size = shown.shape[1]
    simulator = Simulator(from_couplings(np.zeros((size, size))), backend, seed=seed)
    completed(
        simulator.learn(
            shown,
            EVIDENCE,
            steps // CONTROL_STEPS,
            CONTROL_STEPS,
            learning_rate=RATE,
            precision=PRECISION,
            record=(),
        )
    )
    classical = GAIN / size * np.roll(shown, -1, axis=0).T @ shown
    np.fill_diagonal(classical, 0.0)
    found: Arrays = {}
    for name, J in (("random", np.asarray(simulator.couplings)), ("classical", classical)):
        walked = walk(J, seed, free_steps, backend)
        kept = ("forward", "dwell", "period", "entropy production", "inverted runs")
        found |= {f"{name} {part}": walked[part] for part in kept}
        found[f"{name} asymmetry"] = asymmetry(J)
    return found


def _sizes(settings: Settings) -> tuple[int, int]:
    return (STEPS, 200) if settings.quick else (STEPS, 2000)


def _parameters(settings: Settings) -> dict[str, Any]:
    steps, free_steps = _sizes(settings)
    return {
        "subparticles": 64,
        "patterns": "digits 1, 2, 3 in cyclic order, one step each",
        "evidence": EVIDENCE,
        "precision": PRECISION,
        "learning rate": RATE,
        "learning steps": steps,
        "free steps, recorded": free_steps,
        "free runs": CHAINS,
        "steps before the record": TRANSIENT,
        "gain of the classical rule": GAIN,
    }


def _parts(settings: Settings) -> list[Part]:
    steps, free_steps = _sizes(settings)
    backend, parts = settings.backend, []
    for seed in settings.seeds:
        given = {"seed": seed, "backend": backend, **_parameters(settings)}
        arguments = (seed, steps, free_steps, backend)
        parts += [
            Part(f"network-{seed}", partial(one_network, *arguments), given),
            Part(f"controls-{seed}", partial(controls, *arguments), given),
        ]
    return parts


def _conclude(settings: Settings, found: Mapping[str, Arrays]) -> Reproduction:
    networks = [found[f"network-{seed}"] for seed in settings.seeds]
    others = [found[f"controls-{seed}"] for seed in settings.seeds]

    def values(name: str) -> tuple[float, ...]:
        return tuple(float(one[name]) for one in networks)

    likeness = np.array([one["likeness"] for one in networks])
    measures = (
        Measure("asymmetry ‖J − Jᵀ‖ / ‖J‖", values("asymmetry"), 0.981247, (0.9813, 0.0021)),
        Measure(
            "attractors of the symmetric part",
            tuple(float(len(one["attractors"])) for one in networks),
            3.0,
            (3.0, 0.0),
        ),
        *(
            Measure(f"digit {label} and its attractor (r)", tuple(likeness[:, column].tolist()))
            for column, label in enumerate(LABELS)
        ),
        Measure("changes that follow the order 1, 2, 3 (share)", values("forward")),
        Measure(
            "dwell in a digit, in records of 100 steps (steps)",
            values("short dwell"),
            None,
            (3.7, 0.1),
            "cut-off dwells counted",
        ),
        Measure("dwell in a digit (steps)", values("dwell")),
        Measure("period, from returns (steps)", values("period")),
        Measure("period, from the overlaps (steps)", values("dominant period")),
        Measure("runs in the sign-inverted cycle (share)", values("inverted runs")),
        Measure("entropy production (nats per step)", values("entropy production"), None, None),
    )

    def compared(text: str, name: str) -> Comparison:
        return Comparison(
            text,
            {
                "this network": values(name),
                "the same images in random order": tuple(
                    float(one[f"random {name}"]) for one in others
                ),
                "classical rule for sequences": tuple(
                    float(one[f"classical {name}"]) for one in others
                ),
            },
        )

    comparisons = (
        compared("changes in order (share)", "forward"),
        compared("dwell (steps)", "dwell"),
        compared("asymmetry", "asymmetry"),
        compared("entropy production (nats per step)", "entropy production"),
    )
    return Reproduction(
        measures,
        comparisons,
        _claims(networks, others, likeness, measures),
        *_figures(networks[0]),
        details={
            "deterministic cycles": [
                {"periods": one["deterministic periods"], "basins": one["deterministic basins"]}
                for one in networks
            ],
            "standard errors of the entropy production": values("error"),
            "sign flips per run": values("sign flips"),
        },
    )


def _claims(
    networks: list[Arrays],
    others: list[Arrays],
    likeness: FloatArray,
    measures: tuple[Measure, ...],
) -> tuple[Claim, ...]:
    by_name = {measure.name: measure for measure in measures}
    forward = by_name["changes that follow the order 1, 2, 3 (share)"]
    dwell = by_name["dwell in a digit (steps)"]
    period = by_name["period, from returns (steps)"]
    inverted = by_name["runs in the sign-inverted cycle (share)"]
    production = by_name["entropy production (nats per step)"]
    lopsided = by_name["asymmetry ‖J − Jᵀ‖ / ‖J‖"]
    random = float(np.mean([one["random asymmetry"] for one in others]))
    still = float(np.mean([one["random entropy production"] for one in others]))
    count = [len(one["attractors"]) for one in networks]
    return (
        Claim(
            "a fixed, fast order of presentation makes couplings asymmetric",
            "holds" if lopsided.mean > 0.5 else "does not hold",
            f"‖J − Jᵀ‖/‖J‖ = {lopsided.mean:.3f} (in random order, ten steps each: {random:.2f})",
        ),
        Claim(
            "the symmetric part alone has one attractor for each digit",
            "holds" if set(count) == {3} and likeness.min() > 0.8 else "holds in part",
            f"{np.mean(count):.1f} attractors; correlations with the digits "
            + ", ".join(f"{each:.2f}" for each in likeness.mean(axis=0)),
        ),
        Claim(
            "left to itself, the network recalls 1 → 2 → 3 → 1 …",
            "holds in part" if forward.mean > 0.95 and dwell.mean > 1.5 else "does not hold",
            f"{100 * forward.mean:.1f} % of the changes are in order, but each digit stays for "
            f"{dwell.mean:.1f} steps, a cycle takes {period.mean:.1f}, and "
            f"{100 * inverted.mean:.0f} % of the runs go through inverted digits",
        ),
        Claim(
            "the antisymmetric part drives currents that break detailed balance",
            "holds" if production.mean > 10.0 * max(abs(still), 1e-9) else "holds in part",
            f"entropy production {production.mean:.2f} nats per step (in random order {still:.2g})",
        ),
    )


def _figures(shown: Arrays) -> tuple[dict[str, Any], dict[str, str]]:
    from deepparticle import figures

    data = digits()
    frames = shown["states"][:45]
    overlaps = shown["overlaps"]
    best = np.abs(overlaps).argmax(axis=1)
    names = [
        ("−" if overlaps[step, number] < 0.0 else "") + LABELS[number]
        for step, number in enumerate(best[: len(frames)])
    ]
    return {
        "couplings": figures.coupling_parts(shown["couplings"]),
        "attractors": figures.attractors_beside_patterns(
            patterns(), shown["attractors"], data.shape, labels=LABELS
        ),
        "free-run": figures.free_run(frames, data.shape, names),
        "cycle": figures.cycle_overview(
            overlaps,
            shown["dwells"],
            shown["transitions"],
            shown["period"],
            labels=LABELS,
            steps=min(120, len(overlaps)),
        ),
    }, {
        "couplings": "Couplings that a sequence leaves, their symmetric and antisymmetric part.",
        "attractors": "The digits, and the attractors of the symmetric part.",
        "free-run": "A free run, step by step, with the digit that matches best (− inverted).",
        "cycle": "Overlaps of one run with the digits, dwell times and transitions.",
    }


SEQUENCE = Simulation(
    name="sequence",
    title="Simulation 3: a sequence of digits, and the cycle that it leaves",
    story="64 subparticles see the digits 1, 2, 3 in fixed order, one step each. How asymmetric do "
    "their couplings become, what are the attractors of the symmetric part, and how faithfully "
    "does the network run through the sequence when it is left to itself?",
    seeds=(12, 2),
    parameters=_parameters,
    parts=_parts,
    conclude=_conclude,
)
