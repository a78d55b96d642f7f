r"""Simulation 2: which settings of learning make which attractors, and what they are good for.

The grid of `deepparticle.reproduce.simulations.digits_grid`, one per seed; the three regimes of the
paper's panels; the classical couplings on the same trials; the learning rate that the text names;
and what the responses tell of the digit that was shown.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from deepparticle.analysis import (
    angles_between,
    deviation_from_orthogonality,
    explained_variance,
    hebbian_couplings,
    projection_couplings,
    recall,
    symmetric_part,
)
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.divergence import DivergenceWarning
from deepparticle.compile.simulator import Simulator
from deepparticle.datasets import digits
from deepparticle.partitions.constructors import from_couplings
from deepparticle.reproduce.measures import Claim, Comparison, Measure, Reproduction
from deepparticle.reproduce.parts import Arrays, Part, completed
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation
from deepparticle.reproduce.simulations.comparing import at_best_gain, side_by_side
from deepparticle.reproduce.simulations.digits_grid import (
    CELLS,
    EVIDENCES,
    PRECISIONS,
    REGIMES,
    STEPS,
    cell_number,
    evaluate_grid,
    learn_grid,
    settings_of_all,
    trials_of,
)
from deepparticle.reproduce.simulations.digits_information import (
    STRENGTH,
    information_along_precision,
)

__all__ = ["DIGITS"]

TEXT_RATE = 0.01  # the learning rate in the text of the paper; its figures come from .001
SHAPE = (len(EVIDENCES), len(PRECISIONS))
TESTED = ("retrieval", "generalisation")

LETTERS = {"C": "high complexity", "D": "balanced", "E": "low complexity"}
CAPTIONS = {
    "landscapes": "Retrieval, one-shot generalisation, deviation of attractors from orthogonality "
    "(hatched: a single attractor) and their number, over evidence and precision while learning; "
    "means over seeds. Lines: the best regions of retrieval and generalisation.",
    "regimes": "Three regimes: attractors, angles between them, explained variance before and "
    "after, examples.",
    "angles": "Angles between the attractors of the balanced network, and between the digits.",
    "paired-variance": "Explained variance of the noisy input and of the response, trial by trial; "
    "balanced network.",
    "recalled": "Noisy digits that were learned, as the balanced network recalls them.",
    "generalised": "Noisy digits that it never saw.",
    "information": "What responses tell of the digit that was shown (a lower bound), against the "
    "deviation of attractors from orthogonality; evidence 11, every precision. No response can "
    "tell more than its input.",
}
NOTES = (
    "r² is blind to sign. The signed scores (gain in r instead of r²) are in results.json.",
    (
        "Pairs of attractors that are one pattern up to sign are left out of the angles, as in "
        "the paper; without the ten zeros of the diagonal, which the paper averages for the "
        "data, the digits themselves deviate by 23.26°."
    ),
    (
        "Trials follow one another in one network without a reset, as in the paper. A network of "
        "high precision stays in an attractor for long, and the memory of the last trial costs "
        "it part of its score."
    ),
)


def one_grid(seed: int, epochs: int, trials: int, backend: str) -> Arrays:
    """Learn and evaluate all 380 networks of one seed."""
    found = evaluate_grid(learn_grid(seed, backend, epochs), seed, trials)
    told = information_along_precision(found["couplings"], seed, max(10 * trials, 300), backend)
    return found | told


def baselines(seed: int, trials: int, backend: str) -> Arrays:
    """What the classical couplings, none, and a linear projection score in the balanced regime.

    The trials are drawn as for the networks, with the evidence of the balanced regime.
    """
    data = digits()
    found: Arrays = {}
    strength = 0.1 * REGIMES["balanced"][0]
    span = np.linalg.pinv(data.train) @ data.train
    size = data.train.shape[1]
    for number, (name, shown) in enumerate(
        (("retrieval", data.train), ("generalisation", data.test))
    ):

        def scores(couplings: FloatArray, shown: FloatArray = shown, n: int = number) -> FloatArray:
            trial = recall(
                side_by_side(couplings, backend, seed=seed),
                shown,
                evidence_strength=strength,
                precision=1.0,
                trials=trials,
                seed=2 * seed + n + 1,
            )
            return trial.scores

        rng = np.random.default_rng(2 * seed + number + 1)
        targets = shown[rng.integers(len(shown), size=trials)]
        noisy = targets + rng.normal(size=targets.shape)
        gain = explained_variance(noisy @ span, targets) - explained_variance(noisy, targets)
        found |= {
            f"{name} none": float(scores(np.zeros((1, size, size)))[0]),
            f"{name} Hebb": at_best_gain(hebbian_couplings(data.train), scores),
            f"{name} projection rule": at_best_gain(projection_couplings(data.train), scores),
            f"{name} linear": float(np.median(gain)),
        }
    return found


def text_rate(seed: int, epochs: int, backend: str) -> Arrays:
    """The balanced network at the learning rate of the text, as far as it goes.

    Returns
    -------
    dict
        ``lowest``: the lowest eigenvalue of J†; ``diverged``: whether that was noticed.
    """
    evidence, number = REGIMES["balanced"]
    data = digits()
    size = data.train.shape[1]
    simulator = Simulator(
        from_couplings(np.zeros((size, size))),
        backend,
        networks=1,
        seed=seed,
        precision=PRECISIONS[number],
        learning_rate=TEXT_RATE,
    )
    with warnings.catch_warnings():
        # It is what is asked here; a single network would raise.
        warnings.simplefilter("ignore", DivergenceWarning)
        run = completed(simulator.learn(data.train, evidence, epochs, STEPS, record=()))
    lowest = np.linalg.eigvalsh(symmetric_part(simulator.couplings[0]))[0]
    return {"lowest": float(lowest), "diverged": bool(run.diverged[0])}


def _sizes(settings: Settings) -> tuple[int, int]:
    return (100, 10) if settings.quick else (5000, 100)


def _parameters(settings: Settings) -> dict[str, Any]:
    epochs, trials = _sizes(settings)
    return {
        "subparticles": 64,
        "evidence": "1 … 20",
        "precision": "19 values from .01 to 1, evenly spaced in the logarithm",
        "learning rate": 1e-3,
        "epochs": epochs,
        "steps per epoch": STEPS,
        "trials": trials,
        "arithmetic": "float32",
    }


def _parts(settings: Settings) -> list[Part]:
    epochs, trials = _sizes(settings)
    backend, parts = settings.backend, []
    for seed in settings.seeds:
        given = {"seed": seed, "backend": backend, **_parameters(settings)}
        parts += [
            Part(
                f"grid-{seed}", partial(one_grid, seed, epochs, trials, backend), given, weight=20.0
            ),
            Part(f"baselines-{seed}", partial(baselines, seed, trials, backend), given),
            Part(
                f"text-rate-{seed}",
                partial(text_rate, seed, epochs, backend),
                {**given, "learning rate": TEXT_RATE},
                weight=0.5,
            ),
        ]
    return parts


_NAMES = {
    "retrieval": "retrieval, gain in r²",
    "generalisation": "one-shot generalisation, gain in r²",
    "attractors": "number of attractors",
    "deviation": "deviation from 90° (degrees)",
}


def _conclude(settings: Settings, found: Mapping[str, Arrays]) -> Reproduction:
    grids = [found[f"grid-{seed}"] for seed in settings.seeds]
    rivals = [found[f"baselines-{seed}"] for seed in settings.seeds]
    measures = []
    for regime, cell in CELLS.items():
        evidence, precision = REGIMES[regime]
        for name, (published, reference) in cell.items():
            values = tuple(float(grid[name][cell_number(regime)]) for grid in grids)
            label = f"{regime} ({evidence} / {PRECISIONS[precision]:.4f}): {_NAMES[name]}"
            measures.append(Measure(label, values, published, reference))
    means = {name: _mean_over(grids, name) for name in (*_NAMES, "asymmetry", "lowest")}
    comparisons = tuple(_comparison(name, grids, rivals) for name in TESTED)
    told = _told(grids)
    claims = _claims(settings, grids, means, found, comparisons, told)
    drawn, captions = _figures(grids[0], means, told)
    return Reproduction(
        tuple(measures),
        comparisons,
        claims,
        drawn,
        captions,
        notes=NOTES,
        details={
            "grid": {name: values.reshape(SHAPE) for name, values in means.items()},
            "grid of signed scores": {
                name: _mean_over(grids, f"signed {name}").reshape(SHAPE) for name in TESTED
            },
            "evidences": EVIDENCES,
            "precisions": PRECISIONS,
            "starts at rest": float(np.mean([grid["resting"] for grid in grids])),
            "information": told,
        },
    )


def _told(grids: list[Arrays]) -> dict[str, FloatArray]:
    """Information and orthogonality of the networks of all seeds at one strength of evidence."""
    return {
        "information": np.concatenate([grid["response"] for grid in grids]),
        "deviation": np.concatenate([grid["deviation"][grid["informed"]] for grid in grids]),
        "precision": np.concatenate([settings_of_all()[1][grid["informed"]] for grid in grids]),
        "input": np.array([grid["input"] for grid in grids]),
    }


def _mean_over(grids: list[Arrays], name: str) -> FloatArray:
    """The mean over seeds where there is any, shape (380,)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        mean: FloatArray = np.nanmean([grid[name] for grid in grids], axis=0)
    return mean


def _comparison(name: str, grids: list[Arrays], rivals: list[Arrays]) -> Comparison:
    def of(key: str) -> tuple[float, ...]:
        return tuple(float(one[f"{name} {key}"]) for one in rivals)

    return Comparison(
        f"{name}, gain in r²",
        {
            "this network, balanced": tuple(
                float(grid[name][cell_number("balanced")]) for grid in grids
            ),
            "the best of the grid (mean over seeds)": (float(np.max(_mean_over(grids, name))),),
            "no couplings (J = 0)": of("none"),
            "Hebb, at its best gain": of("Hebb"),
            "projection rule, at its best gain": of("projection rule"),
            "linear projection onto the ten digits": of("linear"),
        },
    )


def _best_precisions(score: FloatArray) -> FloatArray:
    """For each evidence, the precision with the best score; shape (20,)."""
    best: FloatArray = PRECISIONS[np.argmax(score.reshape(SHAPE), axis=1)]
    return best


def _claims(
    settings: Settings,
    grids: list[Arrays],
    means: dict[str, FloatArray],
    found: Mapping[str, Arrays],
    comparisons: tuple[Comparison, ...],
    told: Mapping[str, Any],
) -> tuple[Claim, ...]:
    evidence, precision = settings_of_all()
    of_data = deviation_from_orthogonality(digits().train)
    best = {name: _best_precisions(means[name]) for name in TESTED}
    top = {name: int(np.argmax(means[name])) for name in best}
    balanced, complex_ = (
        np.array([grid["deviation"][cell_number(regime)] for grid in grids])
        for regime in ("balanced", "high complexity")
    )
    likeness = _likeness(grids)
    low = cell_number("low complexity")
    alone = np.array([grid["attractors"][low] for grid in grids])
    ran_away = [found[f"text-rate-{seed}"] for seed in settings.seeds]
    parts = means["asymmetry"]
    inside = np.mean((best["retrieval"] >= 0.1) & (best["retrieval"] <= 0.5))
    below = np.mean(best["generalisation"] < 0.1)
    retrieval, generalisation = (comparison.statistics for comparison in comparisons)
    linear, mine = "linear projection onto the ten digits", "this network, balanced"
    angles = means["deviation"][np.isfinite(means["deviation"])]
    below_data = 100.0 * np.count_nonzero(angles < of_data) / max(len(angles), 1)
    per_precision = told["information"].reshape(-1, len(PRECISIONS)).mean(axis=0)
    several = np.isfinite(told["deviation"])
    deviation, information, beta = (
        told[name][several] for name in ("deviation", "information", "precision")
    )
    relation = spearmanr(deviation, information)
    held = _with_third_held(
        relation.statistic,
        spearmanr(deviation, beta).statistic,
        spearmanr(information, beta).statistic,
    )
    return (
        Claim(
            "retrieval is best at precisions between .1 and .5",
            _verdict(inside),
            f"the best precision is there for {100 * inside:.0f} % of the evidences; best of all: "
            f"evidence {evidence[top['retrieval']]:.0f}, precision "
            f"{precision[top['retrieval']]:.2g}, {means['retrieval'].max():.3f}",
        ),
        Claim(
            "generalisation prefers precisions below .1",
            _verdict(below),
            f"the best precision is there for {100 * below:.0f} % of the evidences; best of all: "
            f"evidence {evidence[top['generalisation']]:.0f}, precision "
            f"{precision[top['generalisation']]:.2g}, {means['generalisation'].max():.3f}",
        ),
        Claim(
            "attractors are more orthogonal than the data",
            "holds in part"
            if balanced.mean() < of_data <= complex_.mean()
            else ("holds" if max(balanced.mean(), complex_.mean()) < of_data else "does not hold"),
            f"deviation from 90°: data {of_data:.1f}°; balanced {balanced.mean():.1f}°, high "
            f"complexity {complex_.mean():.1f}°; {below_data:.0f} % of the networks with several "
            "attractors are below the data",
        ),
        Claim(
            "at high precision attractors match the training images",
            "holds" if likeness > 0.95 else "holds in part" if likeness > 0.8 else "does not hold",
            f"mean |r| between an image and its attractor {likeness:.3f} (high complexity)",
        ),
        Claim(
            "at low precision one attractor is left, and the network still generalises",
            "holds"
            if np.all(alone == 1) and means["generalisation"][low] > 0.0
            else "does not hold",
            f"{alone.mean():.1f} attractors in the low regime, the zero state; generalisation "
            f"{means['generalisation'][low]:+.3f}, J = 0 "
            f"{generalisation['no couplings (J = 0)'][0]:+.3f}",
        ),
        Claim(
            "patterns in random order leave couplings very close to symmetric",
            "holds" if np.max(parts) < 0.1 else "does not hold",
            f"‖J − Jᵀ‖/‖J‖ from {parts.min():.2f} to {parts.max():.2f} over the grid, median "
            f"{np.median(parts):.2f}",
        ),
        Claim(
            f"the digits were learned at a learning rate of {TEXT_RATE:g} (text)",
            "does not hold" if all(one["diverged"] for one in ran_away) else "holds in part",
            f"learning runs away: lowest eigenvalue of J† "
            f"{min(one['lowest'] for one in ran_away):.0f} … "
            f"{max(one['lowest'] for one in ran_away):.0f}; the figures come from .001",
        ),
        Claim(
            "orthogonal attractors raise the information between causes and responses",
            "holds"
            if held < -0.2
            else ("holds in part" if relation.statistic < -0.2 else "does not hold"),
            f"rank correlation of deviation from 90° with the information of the response "
            f"{relation.statistic:+.2f} (p = {relation.pvalue:.1g}) over {np.sum(several)} "
            f"networks at evidence {STRENGTH:.0f}, {held:+.2f} with the precision held; the "
            f"response tells {per_precision[0]:.2f} nats at the lowest precision, "
            f"{per_precision[REGIMES['balanced'][1]]:.2f} at the balanced and "
            f"{per_precision[-1]:.2f} at the highest, the input {told['input'].mean():.2f}: "
            "no response can tell more than its input",
        ),
        Claim(
            "the network is an efficient associative memory",
            "holds in part" if retrieval[mine][0] < retrieval[linear][0] else "holds",
            f"retrieval {retrieval[mine][0]:.3f}, generalisation {generalisation[mine][0]:.3f}; "
            f"projecting the input linearly onto the ten digits gives {retrieval[linear][0]:.3f} "
            f"and {generalisation[linear][0]:.3f}",
        ),
    )


def _with_third_held(r_xy: float, r_xz: float, r_yz: float) -> float:
    """The partial correlation of x and y given z."""
    return float((r_xy - r_xz * r_yz) / np.sqrt((1.0 - r_xz**2) * (1.0 - r_yz**2)))


def _verdict(share: Any) -> Any:
    return "holds" if share >= 0.75 else "holds in part" if share >= 0.25 else "does not hold"


def _likeness(grids: list[Arrays]) -> float:
    """The mean |r| of the training images with the attractors they lead to, at high precision."""
    data, values = digits().train, []
    for grid in grids:
        states, of_start = grid["states, high complexity"], grid["of start, high complexity"]
        values += [
            np.sqrt(explained_variance(states[number], image))
            for image, number in zip(data, of_start, strict=True)
            if number >= 0
        ]
    return float(np.mean(values))


def _figures(
    shown: Arrays, means: dict[str, FloatArray], told: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    from deepparticle import figures

    data = digits()
    grid = {name: means[name].reshape(SHAPE) for name in _NAMES}
    marked = {
        letter: (REGIMES[regime][0], float(PRECISIONS[REGIMES[regime][1]]))
        for letter, regime in LETTERS.items()
    }
    panels = [
        figures.RegimePanel(
            f"{letter}: {regime}",
            shown[f"states, {regime}"],
            *(trials_of(shown, regime, name) for name in TESTED),
        )
        for letter, regime in LETTERS.items()
    ]
    balanced = panels[list(LETTERS.values()).index("balanced")]
    states = np.asarray(balanced.attractors)
    angles = angles_between(states) if len(states) else np.zeros(0)
    return {
        "landscapes": figures.landscapes(
            grid["retrieval"],
            grid["generalisation"],
            grid["deviation"],
            grid["attractors"],
            EVIDENCES,
            PRECISIONS,
            marked=marked,
            reference_deviation=deviation_from_orthogonality(data.train),
        ),
        "regimes": figures.regime_overview(data.train, panels, data.shape),
        "angles": figures.polar_angles(angles, angles_between(data.train)),
        "paired-variance": figures.paired_variance(balanced.retrieval, balanced.generalisation),
        "recalled": figures.recall_examples(balanced.retrieval, data.shape),
        "generalised": figures.recall_examples(balanced.generalisation, data.shape),
        "information": figures.information_against_orthogonality(
            told["deviation"],
            told["information"],
            told["precision"],
            input_information=float(told["input"].mean()),
            data_deviation=deviation_from_orthogonality(data.train),
            unit="nats",
        ),
    }, CAPTIONS


DIGITS = Simulation(
    name="digits",
    title="Simulation 2: ten handwritten digits, in 380 regimes of learning",
    story="64 subparticles learn one image of each digit, at 20 strengths of evidence and 19 "
    "precisions. Which of the 380 networks recall noisy digits, which reconstruct digits they "
    "never saw, how many attractors do they have, and how orthogonal are these?",
    seeds=(5, 1),
    parameters=_parameters,
    parts=_parts,
    conclude=_conclude,
)
