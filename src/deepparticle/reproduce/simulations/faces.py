r"""Simulation 6: faces, stored and reconstructed.

100 faces of 25 × 25 pixels that scikit-image ships (``lfw``), or 400 of 64 × 64 that scikit-learn
downloads (``olivetti``), are learned (evidence 1, precision .7, learning rate 1e-4, 10 000 epochs
of 10 steps, the state set back to 0 at each). Measured are *retention* (precision 100, 150
deterministic steps from each face), the number of *attractors* that 200 random starts reach
(precision 1; different if they differ by more than .2 somewhere), and the *reconstruction* of noisy
faces (noise of two standard deviations, precision 2, 100 steps of which 5 are burn-in).

A score of reconstruction says little alone. Beside it stand a network without couplings, principal
components fitted to the *clean* faces, and the projection rule at its best gain.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from deepparticle.analysis import (
    Recall,
    attractors,
    correlation,
    linear_reconstruction,
    principal_components,
    projection_couplings,
    reconstruct_from_components,
    reconstruction,
    retention,
)
from deepparticle.analysis.attractors import distinct_states
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.simulator import Simulator
from deepparticle.datasets import faces
from deepparticle.partitions.constructors import from_couplings
from deepparticle.reproduce.measures import Claim, Comparison, Measure, Reproduction
from deepparticle.reproduce.parts import Arrays, Part, completed
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation
from deepparticle.reproduce.simulations.comparing import at_best_gain, side_by_side

__all__ = ["FACES"]

EVIDENCE, PRECISION, RATE, STEPS = 1.0, 0.7, 1e-4, 10
STARTS, TOLERANCE = 200, 0.2
NOISE, RECALL_PRECISION = 2.0, 2.0
STRENGTHS = (0.1, 0.2, 0.3, 0.4)
PRECISIONS = (0.4, 0.6, 0.8, 1.0, 1.2)
COMPONENTS = (10, 20, 30, 50, 80)

PUBLISHED: dict[str, dict[str, float]] = {
    "olivetti": {
        "retention": 0.4658,
        "attractors": 52.0,
        "noisy": 0.4479,
        "reconstruction": 0.7580,
    },
    "lfw": {},
}
"""What the published notebook prints: one run, of the Olivetti faces."""

REFERENCES: dict[str, dict[str, tuple[float, float]]] = {
    "lfw": {
        "retention": (0.583, 0.012),
        "attractors": (22.6, 2.7),
        "reconstruction": (0.738, 0.001),
    },
    "olivetti": {},
}
"""Mean and standard deviation of single networks, from independent runs of the protocol."""

NOTES = {
    "lfw": "The published numbers are of the Olivetti faces; those of lfw have other references.",
    "olivetti": "The published numbers are one run of the authors' code.",
}


def _arithmetic(size: int) -> str:
    """Double precision, where a matrix of this size does not make it slow."""
    return "float64" if size <= 1000 else "float32"


def one_network(
    seed: int, dataset: str, epochs: int, starts: int, tested: int | None, backend: str
) -> Arrays:
    """Learn the faces; retention, attractors, reconstruction and the panel of one network."""
    data = faces(dataset)
    size = data.patterns.shape[1]
    blank = from_couplings(np.zeros((size, size), dtype=np.float32), name="faces")
    simulator = Simulator(blank, backend, seed=seed, dtype=_arithmetic(size))
    completed(
        simulator.learn(
            data.patterns,
            EVIDENCE,
            epochs,
            STEPS,
            reset=True,
            learning_rate=RATE,
            precision=PRECISION,
            record=(),
        )
    )
    kept = retention(simulator, data.patterns[:tested])
    # Convergence as published: no state moves by more than 1e-5.
    found = attractors(simulator, starts, tolerance=TOLERANCE, residual=1e-5, seed=seed)
    shown = reconstruction(
        simulator, data.patterns[:tested], noise=NOISE, precision=RECALL_PRECISION, seed=seed
    )
    rest = simulator.relax(np.clip(data.patterns[:20], -1.0, 1.0), tolerance=1e-5, max_steps=500)
    return {
        "retention": kept,
        "attractors": len(found),
        "attractors modulo sign": len(
            distinct_states(found.states, TOLERANCE, modulo_sign=True)[0]
        ),
        "resting": float(np.mean(found.of_start >= 0)),
        "states": found.states[:30].astype(np.float32),
        "rest": rest.states.astype(np.float32),
        "noisy": shown.signed_input,
        "reconstruction": shown.signed_output,
        **_panel(simulator, data.patterns, seed),
    }


def _panel(simulator: Simulator, patterns: FloatArray, seed: int) -> Arrays:
    """One noisy face at several precisions and strengths of evidence."""
    rng = np.random.default_rng(seed)
    face = patterns[rng.integers(len(patterns))]
    noisy = face + NOISE * face.std() * rng.normal(size=face.shape)
    chains = simulator.fork(chains=len(STRENGTHS), seed=seed)
    evidence = np.multiply.outer(STRENGTHS, noisy)
    images = [
        completed(
            chains.infer(
                evidence,
                90,
                10,
                start=np.clip(evidence, -1.0, 1.0),
                precision=precision,
                record=(),
            )
        ).mean
        for precision in PRECISIONS
    ]
    return {"face": face, "noisy face": noisy, "panel": np.array(images)}


def baselines(seed: int, dataset: str, tested: int | None, backend: str) -> Arrays:
    """What simpler methods make of the same kind of noisy faces, of the first so many."""
    stored = faces(dataset).patterns
    patterns = stored[:tested]
    size = patterns.shape[1]
    nothing = reconstruction(
        np.zeros((size, size)), patterns, noise=NOISE, precision=RECALL_PRECISION, seed=seed
    )
    components = [
        correlation(
            reconstruct_from_components(nothing.noisy, principal_components(stored, count)),
            patterns,
        ).mean()
        for count in COMPONENTS
    ]

    def score(couplings: FloatArray) -> FloatArray:
        # One after another: several networks of thousands of states do not fit side by side.
        return np.array([_mean(_rebuilt(one[None], patterns, seed, backend)) for one in couplings])

    projected = projection_couplings(stored)
    return {
        "none": _mean(nothing),
        "components": float(max(components)),
        "linear": float(correlation(linear_reconstruction(nothing.noisy, stored), patterns).mean()),
        "projection rule": at_best_gain(projected, score),
        "retention, projection rule": float(retention(30.0 * projected, patterns).mean()),
    }


def _rebuilt(couplings: FloatArray, patterns: FloatArray, seed: int, backend: str) -> Recall:
    size = couplings.shape[-1]
    simulator = side_by_side(couplings, backend, seed=seed, dtype=_arithmetic(size))
    return reconstruction(simulator, patterns, noise=NOISE, precision=RECALL_PRECISION, seed=seed)


def _mean(shown: Recall) -> float:
    return float(shown.signed_output.mean())


def _sizes(settings: Settings) -> tuple[int, int, int | None]:
    """Epochs, random starts, and how many faces are tested (None: all)."""
    return (100, 20, 10) if settings.quick else (10_000, STARTS, None)


def _parameters(settings: Settings) -> dict[str, Any]:
    epochs, starts, tested = _sizes(settings)
    return {
        "faces": settings.dataset,
        "evidence": EVIDENCE,
        "precision": PRECISION,
        "learning rate": RATE,
        "epochs": epochs,
        "steps per epoch": STEPS,
        "state at each epoch": "set back to 0",
        "random starts": starts,
        "faces tested": "all" if tested is None else tested,
        "noise (standard deviations)": NOISE,
        "arithmetic": "float64 up to a thousand subparticles, else float32",
        "numbers of principal components tried": COMPONENTS,
    }


def _parts(settings: Settings) -> list[Part]:
    epochs, starts, tested = _sizes(settings)
    backend, dataset, parts = settings.backend, settings.dataset, []
    for seed in settings.seeds:
        given = {"seed": seed, "backend": backend, **_parameters(settings)}
        parts += [
            Part(
                f"network-{dataset}-{seed}",
                partial(one_network, seed, dataset, epochs, starts, tested, backend),
                given,
                weight=4.0,
            ),
            Part(
                f"baselines-{dataset}-{seed}",
                partial(baselines, seed, dataset, tested, backend),
                given,
            ),
        ]
    return parts


def _conclude(settings: Settings, found: Mapping[str, Arrays]) -> Reproduction:
    dataset = settings.dataset
    networks = [found[f"network-{dataset}-{seed}"] for seed in settings.seeds]
    rivals = [found[f"baselines-{dataset}-{seed}"] for seed in settings.seeds]

    def values(name: str) -> tuple[float, ...]:
        return tuple(float(np.mean(one[name])) for one in networks)

    names = {
        "retention": "retention (mean r)",
        "attractors": f"attractors reached by {_sizes(settings)[1]} random starts",
        "noisy": "noisy face and original (mean r)",
        "reconstruction": "reconstruction and original (mean r)",
    }
    measures = (
        *(
            Measure(
                text,
                values(name),
                PUBLISHED[dataset].get(name),
                REFERENCES[dataset].get(name),
            )
            for name, text in names.items()
        ),
        Measure("attractors, an inverse not counted again", values("attractors modulo sign")),
        Measure("random starts that came to rest (share)", values("resting")),
    )

    def of(name: str) -> tuple[float, ...]:
        return tuple(float(one[name]) for one in rivals)

    comparison = Comparison(
        "reconstruction (mean r)",
        {
            "this network": values("reconstruction"),
            "the noisy face itself": values("noisy"),
            "no couplings (J = 0)": of("none"),
            "PCA of the clean faces, at its best": of("components"),
            "linear projection onto the faces": of("linear"),
            "projection rule, at its best gain": of("projection rule"),
        },
    )
    kept = Comparison(
        "retention (mean r)",
        {
            "this network": values("retention"),
            "projection rule, at a gain of 30": of("retention, projection rule"),
        },
    )
    return Reproduction(
        measures,
        (comparison, kept),
        _claims(measures, comparison, kept),
        *_figures(dataset, networks[0], comparison),
        notes=(NOTES[dataset],),
        details={"retention of each face": [one["retention"] for one in networks]},
    )


def _claims(
    measures: tuple[Measure, ...], comparison: Comparison, kept: Comparison
) -> tuple[Claim, ...]:
    retained = measures[0]
    scores = {name: mean for name, (mean, _) in comparison.statistics.items()}
    mine, noisy = scores["this network"], scores["the noisy face itself"]
    components = scores["PCA of the clean faces, at its best"]
    return (
        Claim(
            "stored faces are fixed points of the deterministic dynamics",
            "holds" if retained.mean > 0.95 else "does not hold",
            f"the state to which a face relaxes correlates {retained.mean:.3f} with it on average "
            f"(projection rule {kept.statistics['projection rule, at a gain of 30'][0]:.3f})",
        ),
        Claim(
            "the response to a noisy face is nearer to the original than its input",
            "holds" if mine > noisy else "does not hold",
            f"r = {noisy:.3f} → {mine:.3f}; without couplings {scores['no couplings (J = 0)']:.3f}",
        ),
        Claim(
            "it reconstructs better than simpler methods do",
            "holds"
            if mine > max(components, scores["projection rule, at its best gain"])
            else "does not hold",
            f"{mine:.3f}; principal components of the clean faces {components:.3f}, projection "
            f"rule {scores['projection rule, at its best gain']:.3f}",
        ),
    )


def _figures(
    dataset: str, shown: Arrays, comparison: Comparison
) -> tuple[dict[str, Any], dict[str, str]]:
    from deepparticle import figures

    data = faces(dataset)
    scores = comparison.statistics
    noisy = scores.pop("the noisy face itself")
    count = len(shown["rest"])
    patterns = data.patterns[:count]
    likeness = correlation(shown["rest"], patterns)
    return {
        "attractors": figures.face_gallery(shown["states"], data.shape),
        "retention": figures.retention_panel(patterns, shown["rest"], likeness, data.shape),
        "reconstruction": figures.reconstruction_panel(
            shown["face"], shown["noisy face"], shown["panel"], STRENGTHS, PRECISIONS, data.shape
        ),
        "methods": figures.method_bars(
            scores, reference=("noisy face", noisy[0]), highlighted="this network"
        ),
    }, {
        "attractors": "Attractors that random starts reach.",
        "retention": "Faces, and the states to which they relax at precision 1.",
        "reconstruction": "One noisy face at several precisions (rows) and strengths of evidence.",
        "methods": "Reconstruction of noisy faces by the network and by simpler methods.",
    }


FACES = Simulation(
    name="faces",
    title="Simulation 6: faces, stored and reconstructed",
    story="A network with one subparticle per pixel learns faces. Does it keep them as fixed "
    "points, how many attractors does it have, and how well does it reconstruct noisy faces, "
    "beside a network without couplings, principal components and the projection rule?",
    seeds=(5, 1),
    parameters=_parameters,
    parts=_parts,
    conclude=_conclude,
)
