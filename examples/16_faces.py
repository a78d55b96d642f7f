"""A hundred faces: kept, found again in noise, and what simpler methods do (simulation 6).

625 subparticles, one per pixel, learn a hundred faces of 25 × 25 pixels (from *Labeled Faces in the
Wild*, Huang et al. 2007; they ship with scikit-image, so ``pip install "deepparticle[examples]"``).
Spisak & Friston (2026, simulation 6) use larger ones, which scikit-learn downloads: ``--dataset
olivetti`` does the same with 400 faces of 64 × 64 pixels, and takes far longer.

1. *Retention.* Started at a face, without evidence and noise, what is left of it? Faces are much
   alike, and the network keeps what distinguishes them only in part: many end in the same state.
   Random states lead to some twenty attractors, of which about half are negatives of others.
2. *Reconstruction.* A face with noise of twice its size is evidence. The response is far nearer to
   the face than the input was.
3. *Beside it.* That it is nearer says little by itself: so is any smooth face. A network without
   couplings gives the noisy input back. Principal components, fitted on the clean faces, know as
   much as the network does, and are *better* at this task, by a projection.
4. *Precision and evidence.* How much a response owes to what was learned and how much to what is
   seen, is set by two numbers.

The whole protocol, 10 000 presentations of ten steps, and the tests take about a minute on two
cores; ``--epochs 500 --starts 20 --faces 40`` is a short run.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import deepparticle as dp

Array = NDArray[np.floating[Any]]

EVIDENCE, PRECISION, LEARNING_RATE = 1.0, 0.7, 1e-4
EPOCHS, STEPS = 10_000, 10
SAME = 0.2  # states that differ by less, everywhere, are one
RECALL = 2.0  # the precision of reconstruction
COMPONENTS = 20
# The projection rule gives couplings of no size of their own: the best of these counts.
GAINS = (10.0, 30.0)
PANEL_PRECISIONS, PANEL_EVIDENCE = (0.4, 0.6, 0.8, 1.0, 1.2), (0.1, 0.2, 0.3, 0.4)


def learn(faces: Array, epochs: int, seed: int) -> dp.Simulator:
    size = faces.shape[1]
    world = dp.from_couplings(
        np.zeros((size, size)), name="faces", precision=PRECISION, learning_rate=LEARNING_RATE
    )
    simulator = dp.Simulator(world, backend="auto", dtype="float32", seed=seed)
    begun = time.perf_counter()
    # Each presentation begins at state 0: that of the last face would be learned along.
    simulator.learn(faces, EVIDENCE, epochs, STEPS, reset=True, record=())
    print(
        f"{len(faces)} faces of {size} pixels, {epochs} × {STEPS} steps in "
        f"{time.perf_counter() - begun:.1f} s (backend {simulator.backend})"
    )
    return simulator


# ------------------------------------------------------------------------------ what is kept


def resting(simulator: dp.Simulator, faces: Array) -> Array:
    """The states after 150 deterministic steps from each face, without evidence."""
    chains = simulator.fork(chains=len(faces))
    # A standardised face reaches beyond [−1, 1], a state cannot.
    start = np.clip(faces, -1.0, 1.0)
    chains.infer(steps=150, mode="deterministic", start=start, precision=100.0, record=())
    return chains.state


def kept(simulator: dp.Simulator, faces: Array, starts: int, seed: int) -> tuple[Array, Array]:
    """The resting states of all faces, and the attractors that random states lead to."""
    states = resting(simulator, faces)
    r = dp.analysis.correlation(states, faces)
    print("\nretention: correlation of a face and the state that is left of it")
    print(
        f"  learned           {r.mean():.3f} ± {r.std(ddof=1):.3f} (standard deviation over faces)"
    )
    rival = dp.analysis.retention(dp.analysis.projection_couplings(faces), faces)
    print(f"  projection rule   {rival.mean():.3f} ± {rival.std(ddof=1):.3f}")
    ends, _ = dp.analysis.distinct_states(states, SAME)
    found = dp.analysis.attractors(
        simulator, starts, tolerance=SAME, residual=1e-5, precision=1.0, max_steps=500, seed=seed
    )
    distinct, _ = dp.analysis.distinct_states(found.states, SAME, modulo_sign=True)
    print(
        f"  different states that the faces end in: {len(ends)}\n"
        f"  attractors that {starts} random states end in, at precision 1: {len(found)}, "
        f"modulo sign {len(distinct)} ({found.open} are still moving)"
    )
    return states, distinct


# ------------------------------------------------------------------------------ found in noise


def reconstruct(simulator: dp.Simulator, faces: Array, seed: int) -> dict[str, Array]:
    """The correlation with each face of what several methods make of it in noise."""
    # The same seed gives the same noise to all of them.
    shown = dp.analysis.reconstruction(simulator, faces, precision=RECALL, seed=seed)
    # Without couplings states are independent, and their mean is known: L(β u).
    nothing = dp.ContinuousBernoulli().mean(RECALL * shown.noisy)
    couplings = dp.analysis.projection_couplings(faces)
    rivals = [
        dp.analysis.reconstruction(
            gain * couplings, faces, precision=RECALL, seed=seed
        ).signed_output
        for gain in GAINS
    ]
    components = dp.analysis.principal_components(faces, COMPONENTS)
    linear = dp.analysis.reconstruct_from_components(shown.noisy, components)
    scores = {
        "noisy input": shown.signed_input,
        "no couplings, J = 0": dp.analysis.correlation(nothing, faces),
        "learned": shown.signed_output,
        "projection rule, best gain": max(rivals, key=np.mean),
        f"PCA, {COMPONENTS} components": dp.analysis.correlation(linear, faces),
    }
    print("\nreconstruction: correlation with the face, noise of two standard deviations")
    for name, r in scores.items():
        print(f"  {name:<28}{r.mean():.3f} ± {r.std(ddof=1):.3f}")
    return scores


def panel(simulator: dp.Simulator, face: Array, seed: int) -> tuple[Array, Array]:
    """One noisy face, and the responses at several precisions (rows) and strengths of evidence."""
    noisy = face + 2.0 * face.std() * np.random.default_rng(seed).standard_normal(face.shape)
    evidence = np.multiply.outer(PANEL_EVIDENCE, noisy)
    rows = []
    for precision in PANEL_PRECISIONS:
        chains = simulator.fork(chains=len(evidence), seed=seed)
        start = np.clip(evidence, -1.0, 1.0)
        run = chains.infer(evidence, 90, 10, start=start, precision=precision, record=())
        rows.append(run.mean)
    return noisy, np.stack(rows)


# ------------------------------------------------------------------------------ pictures


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=150)
    print(f"wrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Faces, kept and found again in noise.")
    parser.add_argument("--out", type=Path, default=Path("examples-output"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="10 000 as published")
    parser.add_argument("--starts", type=int, default=200, help="random states, for attractors")
    parser.add_argument("--faces", type=int, help="so many of them; by default all")
    parser.add_argument("--dataset", choices=("lfw", "olivetti"), default="lfw")
    options = parser.parse_args()
    try:
        data = dp.datasets.faces(options.dataset)
    except dp.SettingError as missing:
        parser.error(str(missing))
    options.out.mkdir(parents=True, exist_ok=True)

    faces, shape = data.patterns[: options.faces], data.shape
    simulator = learn(faces, options.epochs, options.seed)
    states, distinct = kept(simulator, faces, options.starts, options.seed)
    scores = reconstruct(simulator, faces, options.seed)
    noisy, responses = panel(simulator, faces[0], options.seed)
    print()
    r = dp.analysis.correlation(states, faces)
    save(dp.figures.retention_panel(faces, states, r, shape), options.out / "faces_retention.png")
    words = "attractors from random states, modulo sign"
    save(
        dp.figures.face_gallery(distinct, shape, title=words), options.out / "faces_attractors.png"
    )
    statistics = {name: (float(r.mean()), float(r.std(ddof=1))) for name, r in scores.items()}
    noise = ("noisy input", statistics.pop("noisy input")[0])
    save(
        dp.figures.method_bars(statistics, reference=noise, highlighted="learned"),
        options.out / "faces_methods.png",
    )
    save(
        dp.figures.reconstruction_panel(
            faces[0], noisy, responses, PANEL_EVIDENCE, PANEL_PRECISIONS, shape
        ),
        options.out / "faces_reconstruction.png",
    )


if __name__ == "__main__":
    main()
