"""Draw the pictures of docs/gallery.md: every line of code on the page is run as it stands there.

``python docs/make_gallery.py`` takes a minute or two. Each part of the page has a function here
that makes, in small and seeded runs, the arrays that the lines of this part name. It needs
the extras ``native`` and ``examples``.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

import deepparticle as dp

PAGE = Path(__file__).with_name("gallery.md")
FOLDER = PAGE.parent / "images" / "gallery"
DPI = 110

L = dp.ContinuousBernoulli().mean


class Entry(NamedTuple):
    """A figure on the page: its part, the name of the function, its picture and its line."""

    part: str
    name: str
    picture: str
    code: str


def entries(text: str) -> Iterator[Entry]:
    """The figures of the page, in its order."""
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title = part.partition("\n")[0]
        for one in re.split(r"^### ", part, flags=re.MULTILINE)[1:]:
            found = re.match(
                r"`(\w+)`\n.*?\]\(images/gallery/([\w-]+\.png)\)\n\n`([^`]+)`$",
                one,
                re.DOTALL | re.MULTILINE,
            )
            if found is None:
                raise SystemExit(f"{PAGE.name}: no picture or no line of code at {one[:40]!r}")
            yield Entry(title, found[1], found[2], found[3])


def blank(size: int, **settings: Any) -> dp.Partition:
    return dp.from_couplings(np.zeros((size, size)), **settings)


# ------------------------------------------------------------------------------ the parts


@cache
def two_images() -> dict[str, Any]:
    images = dp.datasets.cross_and_bar()
    sim = dp.Simulator(blank(25, precision=0.1, learning_rate=0.01), seed=0)
    run = sim.learn(images, 30.0, 500, 10, record=("complexity", "accuracy", "free_energy"))
    attractors = sim.relax(L(0.1 * images), precision=1.0).states
    noisy = images[1] + np.random.default_rng(0).normal(size=25)
    shown = sim.fork(seed=1).infer(0.3 * noisy, 1000, precision=1.0)
    return {
        "images": images,
        "J": sim.couplings,
        "run": run,
        "attractors": attractors,
        "noisy": noisy,
        "response": shown.mean,
        "states": shown.states,
    }


EVIDENCES, PRECISIONS = np.array([2.0, 6.0, 11.0, 16.0, 20.0]), np.geomspace(0.01, 1.0, 19)
REGIMES = {"C": (16.0, 14), "D": (11.0, 11), "E": (6.0, 4)}


@cache
def digits() -> dict[str, Any]:
    data = dp.datasets.digits()
    grid = (len(EVIDENCES), len(PRECISIONS))
    evidence, precision = (a.ravel() for a in np.meshgrid(EVIDENCES, PRECISIONS, indexing="ij"))
    sim = dp.Simulator(
        blank(64, learning_rate=1e-3), "auto", networks=evidence.size, precision=precision, seed=0
    )
    sim.learn(data.train, evidence, 5000, 10, record=())
    tests = [
        dp.analysis.recall(sim, shown, evidence_strength=0.1 * evidence, precision=1.0, seed=seed)
        for seed, shown in enumerate((data.train, data.test))
    ]
    starts = L(0.1 * evidence[:, None, None] * data.train)
    each = dp.analysis.attractors_of_each(sim, starts, precision=1.0)
    panels = []
    for name, (strength, place) in REGIMES.items():
        at = int(np.flatnonzero((evidence == strength) & (precision == PRECISIONS[place]))[0])
        trials = [
            dp.analysis.Recall(
                one.chosen[:, at], one.targets[:, at], one.noisy[:, at], one.responses[:, at]
            )
            for one in tests
        ]
        panels.append(dp.figures.RegimePanel(name, each[at].states, *trials))
    deviations = [dp.analysis.deviation_from_orthogonality(one.states, exclude=1.0) for one in each]
    return {
        "data": data,
        "evidences": EVIDENCES,
        "precisions": PRECISIONS,
        "retrieval": tests[0].scores.reshape(grid),
        "generalisation": tests[1].scores.reshape(grid),
        "attractors": np.array([float(len(one)) for one in each]).reshape(grid),
        "deviation": np.array(deviations).reshape(grid),
        "of_data": dp.analysis.deviation_from_orthogonality(data.train),
        "regimes": {name: (at[0], float(PRECISIONS[at[1]])) for name, at in REGIMES.items()},
        "panels": panels,
        "balanced": panels[1],
        "networks": sim,
        **one_network(data),
    }


def one_network(data: dp.datasets.Digits) -> dict[str, Any]:
    """The balanced network again, with its free energy."""
    sim = dp.Simulator(blank(64, precision=0.1668, learning_rate=1e-3), "auto", seed=0)
    run = sim.learn(data.train, 11.0, 5000, 10)
    starts = L(1.1 * data.train)
    return {
        "J": sim.couplings,
        "free_energy": run.free_energy,
        "rests": sim.relax(starts, precision=1.0).states,
        "found": dp.analysis.attractors(sim, starts, precision=1.0),
    }


@cache
def sequence() -> dict[str, Any]:
    patterns = dp.datasets.digits().train[1:4]
    sim = dp.Simulator(blank(64, learning_rate=1e-3), seed=0)
    sim.learn(patterns, 20.0, 2000, 1, "cyclic", record=())
    even = dp.analysis.symmetric_part(sim)
    chains = sim.fork(chains=20, seed=1)
    starts = np.random.default_rng(0).uniform(-1.0, 1.0, (20, 64))
    states = chains.infer(steps=600, burn_in=60, start=starts, record="states").states
    walk = dp.analysis.sequence_statistics(states, patterns)
    upright = int(np.argmin(walk.inverted))
    return {
        "patterns": patterns,
        "J": sim.couplings,
        "attractors": dp.analysis.attractors(even, L(0.1 * patterns)).states,
        "states": states,
        "walk": walk,
        "upright": upright,
        "words": [str(1 + best) for best in walk.best[:30, upright]],
    }


@cache
def left_alone() -> dict[str, Any]:
    data, count = dp.datasets.digits(), 3
    sim = dp.Simulator(
        blank(64, precision=0.1668, learning_rate=1e-3), "auto", networks=count, seed=0
    )
    sim.learn(data.train, 11.0, 5000, 10, record=())
    before = np.concatenate([sim.couplings, sim.couplings])
    free = dp.Simulator(
        blank(64, learning_rate=1e-3),
        "auto",
        networks=2 * count,
        precision=np.repeat([1.0, 0.1668], count),
        seed=0,
    )
    free.couplings = before
    off = ~np.eye(64, dtype=np.bool_)
    times = np.array([0, 5000, 10_000, 20_000, 30_000, 40_000, 50_000])
    looks = []
    for number, span in enumerate(np.diff(times, prepend=0).tolist()):
        if span:
            free.learn(np.zeros((1, 64)), epochs=span // 10, steps=10, record=())
        J = free.couplings
        scores = dp.analysis.recall(
            free, data.train, evidence_strength=1.1, precision=1.0, seed=number
        ).scores
        moved = ((J - before) ** 2).sum(axis=(1, 2))
        looks.append([dp.analysis.correlation(J[:, off], before[:, off]), scores, moved])
    # Times come last; networks at precision 1 first.
    likeness, scores, moved = np.moveaxis(np.array(looks), 0, -1)
    measures, displacement, fits = {}, {}, {}
    for label, part in (("precision 1", slice(count)), ("precision 0.1668", slice(count, None))):
        measures[label] = {"correlation of J": likeness[part], "retrieval": scores[part]}
        displacement[label] = moved[part]
        ratio = moved[part].mean(axis=0)[1:] / times[1:]
        fits[label] = tuple(np.polynomial.polynomial.polyfit(times[1:], ratio, 1))
    return {
        "times": times,
        "measures": measures,
        "displacement": displacement,
        "fits": fits,
        "before": before[0],
        "after": J[0],
    }


@cache
def scaling() -> dict[str, Any]:
    rules: dict[str, Any] = {
        "learned": lambda patterns, seed: dp.analysis.learned_couplings(patterns, seed=seed),
        "Hebb": lambda patterns, _: dp.analysis.hebbian_couplings(patterns),
        "projection": lambda patterns, _: dp.analysis.projection_couplings(patterns),
    }
    curves = {
        name: dp.analysis.capacity_curve(
            rule,
            [4, 8, 12, 18, 24, 36],
            60,
            precision=(0.5, 2.0, 10.0, 50.0),
            evidence_strength=(0.03, 0.1, 0.3, 1.0),
        )
        for name, rule in rules.items()
    }
    sizes = [32, 64, 128, 256, 512]
    return {
        "loads": curves["learned"].loads,
        "kept": {name: (one.mean(), one.deviation()) for name, one in curves.items()},
        "found": {
            name: (one.mean("reconstruction"), one.deviation("reconstruction"))
            for name, one in curves.items()
        },
        "sizes": sizes,
        "seconds": {name: paces(name, sizes) for name in ("numpy", "native")},
    }


def paces(backend: str, sizes: list[int]) -> tuple[Any, Any]:
    """Seconds per step of learning: medians of shape (S,) and quartiles of shape (2, S)."""
    found = []
    for size in sizes:
        pattern = dp.datasets.random_patterns(1, size)
        sim = dp.Simulator(blank(size, learning_rate=1e-5), backend, dtype="float32")
        epochs = max(1, 40_000_000 // (20 * size * size))
        spans = []
        for _ in range(8):
            begun = time.perf_counter()
            sim.learn(pattern, epochs=epochs, steps=20, record=())
            spans.append((time.perf_counter() - begun) / (20 * epochs))
        found.append(np.quantile(spans[1:], [0.5, 0.25, 0.75]))  # the first one compiles
    median, low, high = np.transpose(found)
    return median, np.stack([low, high])


@cache
def people() -> dict[str, Any]:
    data = dp.datasets.faces()
    faces = data.patterns
    sim = dp.Simulator(
        blank(faces.shape[1], precision=0.7, learning_rate=1e-4), "auto", dtype="float32", seed=0
    )
    sim.learn(faces, 1.0, 10_000, 10, reset=True, record=())
    rests = sim.fork(chains=len(faces))
    rests.infer(steps=150, mode="deterministic", start=np.clip(faces, -1, 1), precision=2.0)
    shown = dp.analysis.reconstruction(sim, faces)
    components = dp.analysis.principal_components(faces, 20)
    linear = dp.analysis.reconstruct_from_components(shown.noisy, components)
    scores = {
        "learned": shown.signed_output,
        "no couplings, J = 0": dp.analysis.correlation(L(2.0 * shown.noisy), faces),
        "PCA, 20 components": dp.analysis.correlation(linear, faces),
    }
    strengths, precisions = [0.1, 0.2, 0.4], [0.4, 0.8, 1.2]
    noisy = shown.noisy[4]
    chains = [sim.fork(chains=len(strengths), seed=1) for _ in precisions]
    evidence = np.multiply.outer(strengths, noisy)
    return {
        "faces": faces,
        "shape": data.shape,
        "rests": rests.state,
        "r": dp.analysis.correlation(rests.state, faces),
        "scores": {name: (float(r.mean()), float(r.std(ddof=1))) for name, r in scores.items()},
        "input_r": float(shown.signed_input.mean()),
        "noisy": noisy,
        "strengths": strengths,
        "precisions": precisions,
        "responses": np.stack(
            [
                one.infer(evidence, 90, 10, precision=beta, record=()).mean
                for one, beta in zip(chains, precisions, strict=True)
            ]
        ),
    }


@cache
def steady_states() -> dict[str, Any]:
    grid = digits()
    data, sim = grid["data"], grid["networks"]
    deviation = grid["deviation"].ravel()
    precision = np.tile(PRECISIONS, len(EVIDENCES))
    row = np.arange(2 * len(PRECISIONS), 3 * len(PRECISIONS))  # evidence 11
    trials = dp.analysis.recall(
        sim, data.train, evidence_strength=1.1, precision=1.0, trials=400, seed=3
    )
    told = [
        dp.analysis.recall_information(
            trials, network=int(at), classifier=LinearDiscriminantAnalysis()
        )
        for at in row
    ]
    return {
        "deviation": deviation[row],
        "precision": precision[row],
        "bits": np.array([response.bound for _, response in told]) / np.log(2.0),
        "input_bits": float(np.mean([given.bound for given, _ in told])) / np.log(2.0),
        "of_data": grid["of_data"],
        **leaks(sim, deviation),
        **a_pair(),
        **a_cycle(),
    }


def leaks(sim: dp.Simulator, deviation: Any) -> dict[str, Any]:
    """How far antisymmetric parts move the stationary law, for networks with several attractors."""
    kept = np.flatnonzero(np.isfinite(deviation))[::2]
    J = np.asarray(sim.couplings)[kept]
    odd = dp.analysis.antisymmetric_part(J)
    drawn = dp.analysis.antisymmetric_part(np.random.default_rng(0).normal(size=J.shape))
    norms = [np.linalg.norm(part, axis=(1, 2), keepdims=True) for part in (odd, drawn)]
    found: dict[str, Any] = {"several": deviation[kept], "leak": {}, "production": {}}
    for name, part in (("learned", odd), ("random", drawn * norms[0] / norms[1])):
        other = dp.Simulator(blank(64), "auto", networks=len(kept), dtype="float32")
        other.couplings = dp.analysis.symmetric_part(J) + part
        state = dp.analysis.steady_state(other, steps=1000, chains=8, samples=0)
        found["leak"][name] = state.moment_distance.second_moments_beyond_noise
        found["production"][name] = state.entropy_production.value
    return found


def a_pair() -> dict[str, Any]:
    """Two subparticles, couplings 2 ± k: what an antisymmetric part produces."""
    strengths, fine = np.linspace(0.0, 3.0, 7), np.linspace(0.0, 3.0, 31)

    def pair(k: float) -> list[list[float]]:
        return [[0.0, 2.0 - k], [2.0 + k, 0.0]]

    sampled = [dp.analysis.entropy_production(pair(k), chains=64, seed=0) for k in strengths]
    exact = [dp.analysis.exact_entropy_production(pair(k)) for k in fine]
    return {
        "k": strengths,
        "produced": np.array([one.value for one in sampled]),
        "errors": np.array([one.standard_error for one in sampled]),
        "exact": (fine, np.array(exact)),
    }


def a_cycle() -> dict[str, Any]:
    """The free run of the sequence, in the plane in which it moves most."""
    states = sequence()["states"]
    upright = states[:, sequence()["walk"].inverted < 0.5]
    plane = dp.analysis.principal_components(upright.reshape(-1, 64), 2)
    return {"flow": dp.analysis.probability_currents(upright, plane=plane.vectors, bins=12)}


@cache
def fast_inside_slow() -> dict[str, Any]:
    world = dp.Partition("world")
    for name in ("left", "right"):
        area = world.add_partition(name, clock=16)
        context = area.add_population("context", 3)
        for number in "12":
            column = area.add_partition(f"column{number}", clock=4)
            tone = column.add_population("tone", 3)
            cells = column.add_population("cells", 8, clock=1)
            world.couple(context, tone, 2.5 / 3)
            world.couple(tone, cells, 2.5 / 3)
    run = dp.Simulator(world, chains=8, seed=0).infer(steps=2000, burn_in=100)
    return {"world": world, "run": run}


@cache
def an_animal() -> dict[str, Any]:
    animal = dp.Partition("animal")
    eyes = animal.add_partition("eyes")
    left, right = eyes.add_subparticle("left"), eyes.add_subparticle("right")
    motor = animal.add_partition("motor", learning_rate=0.05)
    plan, arm = motor.add_subparticle("plan", bias=0.2), motor.add_subparticle("arm", state=0.5)
    for source, target, weight in ((left, plan, 0.9), (right, plan, -0.7), (plan, arm, 1.1)):
        animal.couple(source, target, weight)
    animal.couple(plan, left, 0.3)
    scene = animal.add_external("scene")
    animal.sense(scene, eyes)
    animal.act(arm, scene)
    return {"animal": animal}


@cache
def several_networks() -> dict[str, Any]:
    images = dp.datasets.cross_and_bar()
    seeds = list(range(8))
    sim = dp.Simulator(
        blank(25, precision=0.1, learning_rate=0.01), networks=len(seeds), seed=seeds
    )
    run = sim.learn(images, 30.0, 500, 10, record="published")
    rests = sim.relax(np.broadcast_to(L(0.1 * images), (len(seeds), *images.shape)), precision=1.0)
    between = dp.analysis.correlation(rests.states[:, 0], rests.states[:, 1])
    # The name, the published value, mean and standard deviation of independent runs, and ours.
    rows = [
        ("correlation of attractors", -0.19, -0.19, 0.035, between),
        ("free energy, last 500 steps", None, -535.5, 1.2, run.published[-500:].mean(axis=0)),
        ("asymmetry of J", None, 0.79, 0.02, dp.analysis.asymmetry(sim)),
    ]
    return {"rows": rows}


def a_thing() -> dict[str, Any]:
    """A brain between an eye and a hand; and a subparticle that has sensed something."""
    world = dp.Partition("world")
    eye, brain = world.add_partition("eye"), world.add_partition("brain")
    left, right = eye.add_subparticle("left"), eye.add_subparticle("right")
    a, b = brain.add_subparticle("a", bias=1.0), brain.add_subparticle("b")
    hand = world.add_subparticle("hand")
    scene = world.add_external("scene", 0.8)
    world.sense(scene, eye)
    world.act(hand, scene)
    for source, target in ((left, a), (right, a), (a, b), (b, a), (b, hand), (hand, left)):
        world.couple(source, target, 1.0)
    left.state, right.state = -1.0, -0.5
    a.sense()
    a.infer()
    leaking = world.graph.copy()
    leaking.add_edge("scene", "brain/b")
    return {"particle": a, "leaking": leaking}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "Simulation 1: an orthogonal basis": two_images,
    "Simulation 2: regimes of learning": digits,
    "Simulation 3: a sequence": sequence,
    "Simulation 4: forgetting": left_alone,
    "Simulation 5: capacity and pace": scaling,
    "Simulation 6: faces": people,
    "Information and steady states": steady_states,
    "Things and beliefs": a_thing,
    "Levels": fast_inside_slow,
    "A world as arrays": an_animal,
    "The appendix: one state, and two": dict,  # its curves need no runs
    "Published and measured": several_networks,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the pictures of docs/gallery.md.")
    parser.add_argument("names", nargs="*", help="functions of dp.figures; by default all")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for entry in entries(PAGE.read_text(encoding="utf-8")):
        if options.names and entry.name not in options.names:
            continue
        # The page is ours: what is evaluated is its own code.
        figure = eval(entry.code, {"dp": dp, "np": np, **PARTS[entry.part]()})
        figure.savefig(options.out / entry.picture, dpi=DPI, pil_kwargs={"optimize": True})
        print(f"{entry.part}: {entry.picture}")


if __name__ == "__main__":
    main()
