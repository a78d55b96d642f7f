r"""Simulation 4: whether spontaneous activity reinforces what was learned.

The balanced network of simulation 2 (evidence 11, precision .1668) is left to itself: no evidence,
learning goes on. The text names no precision for this phase, the published notebook runs it at 1;
here it is run at both, that of learning and 1, to 250 000 steps.

At precision 1 and without evidence each new state is drawn from exactly what was predicted of it,
and under synchronous updates :math:`\sigma'_i` and :math:`\sigma'_j` are independent given σ, so
that :math:`E[\Delta J_{ij}] = \alpha E[(\sigma'_i - L(h_i)) \sigma'_j] = 0`: no drift, J diffuses.
Displacement is therefore measured as

.. math:: \lVert J(t) - J(0) \rVert^2 \approx D\, t + V t^2 ,

with a diffusive part D t and a drift V t², fitted by least squares through the origin. At the
precision of learning there is a drift, and in the end learning runs away; what was measured after
that is shown, and not fitted.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from deepparticle.analysis import recall
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.divergence import DivergenceWarning
from deepparticle.compile.simulator import Simulator
from deepparticle.datasets import digits
from deepparticle.partitions.constructors import from_couplings
from deepparticle.reproduce.measures import Claim, Comparison, Measure, Reproduction
from deepparticle.reproduce.parts import Arrays, Part, completed
from deepparticle.reproduce.settings import Settings
from deepparticle.reproduce.simulation import Simulation
from deepparticle.reproduce.simulations.digits_grid import PRECISIONS, REGIMES, STEPS

__all__ = ["FORGETTING"]

EVIDENCE, NUMBER = REGIMES["balanced"]
PRECISION = float(PRECISIONS[NUMBER])
RATE = 1e-3
FREE_PRECISIONS = {"precision 1": 1.0, f"precision {PRECISION:.3f}": PRECISION}
TIMES = (0, 1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 150_000, 200_000, 250_000)
QUICK_TIMES = (0, 500, 1_000, 2_000)
TESTED = ("retrieval", "generalisation")


def one_network(
    seed: int, epochs: int, times: tuple[int, ...], trials: int, backend: str
) -> Arrays:
    """Learn, then run free at both precisions side by side, tested at given times.

    Returns
    -------
    dict
        ``likeness`` (correlation of J with itself at the start), ``displacement`` (squared),
        ``ran away`` (whether learning has diverged by then), ``retrieval`` and
        ``generalisation``, each of shape (times, 2); the scores of the frozen network, tested with
        the same trials, under ``frozen …`` of shape (times,); ``before`` (64, 64) and ``after``
        (2, 64, 64).
    """
    data = digits()
    size = data.train.shape[1]
    world = from_couplings(np.zeros((size, size)), name="digits")
    taught = Simulator(world, backend, seed=seed)
    completed(
        taught.learn(
            data.train,
            EVIDENCE,
            epochs,
            STEPS,
            learning_rate=RATE,
            precision=PRECISION,
            record=(),
        )
    )
    J = np.asarray(taught.couplings)
    precisions = np.array(list(FREE_PRECISIONS.values()))
    free = Simulator(world, backend, networks=len(precisions), seed=seed, precision=precisions)
    free.couplings = np.stack([J] * len(precisions))
    frozen = Simulator(world, backend, networks=1, seed=seed)
    frozen.couplings = J[None]
    names = (
        *("likeness", "displacement", "ran away", *TESTED),
        *(f"frozen {name}" for name in TESTED),
    )
    series: dict[str, list[Any]] = {name: [] for name in names}
    nothing, ran_away = np.zeros((1, size)), np.zeros(len(precisions), dtype=np.bool_)
    for before, now in zip((0, *times), times, strict=False):
        if now > before:
            epochs = (now - before) // STEPS
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DivergenceWarning)  # it is recorded instead
                run = completed(
                    free.learn(nothing, 1.0, epochs, STEPS, learning_rate=RATE, record=())
                )
            ran_away |= run.diverged
        series["ran away"].append(ran_away.copy())
        moved = np.asarray(free.couplings)
        series["likeness"].append([_likeness(J, each) for each in moved])
        series["displacement"].append(((moved - J) ** 2).sum(axis=(1, 2)))
        for number, name in enumerate(TESTED):
            for prefix, simulator in (("", free), ("frozen ", frozen)):
                scores = recall(
                    simulator,
                    (data.train, data.test)[number],
                    evidence_strength=0.1 * EVIDENCE,
                    precision=1.0,
                    trials=trials,
                    seed=10 * seed + number + 1,
                ).scores
                series[prefix + name].append(scores if not prefix else scores[0])
    return {
        **{name: np.array(values) for name, values in series.items()},
        "before": J,
        "after": np.asarray(free.couplings),
    }


def _likeness(first: FloatArray, second: FloatArray) -> float:
    """The correlation of couplings, without the diagonal."""
    off = ~np.eye(len(first), dtype=np.bool_)
    return float(np.corrcoef(first[off], second[off])[0, 1])


def drift_and_diffusion(times: FloatArray, displacement: FloatArray) -> tuple[float, float]:
    """D and V of a displacement D t + V t², neither negative.

    Parameters
    ----------
    times, displacement : ndarray of shape (T,)

    Returns
    -------
    tuple of float
        Per step, and per step squared.

    Examples
    --------
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> [round(part, 9) for part in drift_and_diffusion(t, 2.0 * t + 3.0 * t**2)]
    [2.0, 3.0]
    """
    from scipy.optimize import nnls

    moved = times > 0
    t, d = times[moved], displacement[moved]
    # Relative deviations count alike at early and late times.
    terms = np.stack([t, t**2], axis=1) / d[:, None]
    scale = np.abs(terms).max(axis=0)
    found, _ = nnls(terms / scale, np.ones(len(t)))
    diffusion, drift = found / scale
    return float(diffusion), float(drift)


def _sizes(settings: Settings) -> dict[str, Any]:
    quick = settings.quick
    return {
        "epochs": 200 if quick else 5000,
        "times": QUICK_TIMES if quick else TIMES,
        "trials": 10 if quick else 100,
    }


def _parameters(settings: Settings) -> dict[str, Any]:
    sizes = _sizes(settings)
    return {
        "evidence": EVIDENCE,
        "precision while learning": round(PRECISION, 4),
        "precision while free": [round(each, 4) for each in FREE_PRECISIONS.values()],
        "learning rate": RATE,
        "epochs": sizes["epochs"],
        "steps per epoch": STEPS,
        "tested after so many free steps": list(sizes["times"]),
        "trials": sizes["trials"],
    }


def _parts(settings: Settings) -> list[Part]:
    sizes = _sizes(settings)
    return [
        Part(
            f"network-{seed}",
            partial(one_network, seed, **sizes, backend=settings.backend),
            {"seed": seed, "backend": settings.backend, **_parameters(settings)},
        )
        for seed in settings.seeds
    ]


def _conclude(settings: Settings, found: Mapping[str, Arrays]) -> Reproduction:
    from deepparticle import figures

    networks = [found[f"network-{seed}"] for seed in settings.seeds]
    times = np.array(_sizes(settings)["times"], dtype=np.float64)

    def series(name: str, column: int) -> FloatArray:
        return np.array([one[name][:, column] for one in networks])

    measures, fits, spans = [], {}, {}
    for column, label in enumerate(FREE_PRECISIONS):
        for steps in (50_000, 250_000):
            if steps not in times:
                continue
            at = int(np.flatnonzero(times == steps)[0])
            for name, text in (
                ("likeness", "correlation of J with itself"),
                *((each, f"{each}, gain in r²") for each in TESTED),
            ):
                measures.append(
                    Measure(
                        f"{label}, after {steps} free steps: {text}",
                        tuple(series(name, column)[:, at].tolist()),
                    )
                )
        displacement = series("displacement", column)
        calm = np.logical_not(series("ran away", column))
        fits[label] = [
            drift_and_diffusion(times[kept], each[kept])
            for each, kept in zip(displacement, calm, strict=True)
        ]
        ended = [times[each].max() for each in calm]
        spans[label] = np.array(ended)
    shares = {
        label: np.array([V * T / (D + V * T) for (D, V), T in zip(each, spans[label], strict=True)])
        for label, each in fits.items()
    }
    gone = [np.mean(series("ran away", column)[:, -1]) for column in range(len(FREE_PRECISIONS))]
    for label, share in shares.items():
        measures.append(
            Measure(f"{label}: share of drift in the displacement", tuple(share.tolist()))
        )
    frozen = {name: np.array([one[f"frozen {name}"] for one in networks]) for name in TESTED}
    comparisons = tuple(
        Comparison(
            f"{name} at the end, gain in r²",
            {
                "before the free run": tuple(series(name, 0)[:, 0].tolist()),
                **{
                    f"free run with learning, {label}": tuple(series(name, column)[:, -1].tolist())
                    for column, label in enumerate(FREE_PRECISIONS)
                },
                "couplings frozen": tuple(frozen[name][:, -1].tolist()),
            },
        )
        for name in TESTED
    )
    shown = {
        label: {
            "correlation of J with itself": series("likeness", column),
            **{name: series(name, column) for name in TESTED},
        }
        for column, label in enumerate(FREE_PRECISIONS)
    }
    first = networks[0]
    return Reproduction(
        tuple(measures),
        comparisons,
        _claims(times, shown, frozen, shares, gone),
        {
            "forgetting": figures.forgetting(times, shown, dict.fromkeys(shown, frozen)),
            "drift-and-diffusion": figures.drift_and_diffusion(
                times,
                {
                    label: np.where(
                        series("ran away", column), np.nan, series("displacement", column)
                    )
                    for column, label in enumerate(shown)
                },
                {label: tuple(np.mean(each, axis=0)) for label, each in fits.items()},
            ),
            "couplings": figures.couplings_before_and_after(first["before"], first["after"][0]),
        },
        {
            "forgetting": "Couplings and scores against the time for which the network was left to "
            "itself, at both precisions; bands are standard deviations over networks, dashed: the "
            "same tests of the frozen network.",
            "drift-and-diffusion": "Squared displacement of J, with its diffusive part (∝ t) and "
            "its drift (∝ t²); until learning ran away, where it did.",
            "couplings": "Couplings before and after the free run at precision 1.",
        },
        details={
            "times": times,
            "calm until": spans,
            "diffusion per step, drift per step squared": fits,
            **{f"series, {label}": values for label, values in shown.items()},
            "frozen": frozen,
        },
    )


def _claims(
    times: FloatArray,
    shown: Mapping[str, Mapping[str, FloatArray]],
    frozen: Mapping[str, FloatArray],
    shares: Mapping[str, FloatArray],
    gone: list[Any],
) -> tuple[Claim, ...]:
    label, other = shown
    ends = {each: values["retrieval"][:, [0, -1]].mean(axis=0) for each, values in shown.items()}
    near = int(np.argmin(np.abs(times - 50_000)))
    early = shown[label]["retrieval"][:, [0, near]]
    lost = early[:, 0] - early[:, 1]
    error = lost.std(ddof=1) / np.sqrt(len(lost)) if len(lost) > 1 else float("nan")
    likeness = shown[label]["correlation of J with itself"][:, near].mean()
    return (
        Claim(
            "spontaneous activity reinforces memories and prevents their forgetting",
            "does not hold" if ends[label][1] < 0.5 * ends[label][0] else "holds in part",
            f"{label}: retrieval {ends[label][0]:.3f} → {ends[label][1]:.3f} after "
            f"{times[-1]:.0f} free steps (frozen: {frozen['retrieval'][:, -1].mean():.3f}); "
            f"{other}: {ends[other][0]:.3f} → {ends[other][1]:.3f}, where learning ran away in "
            f"{100 * gone[1]:.0f} % of the networks",
        ),
        Claim(
            "after as many free steps as it learned, couplings and performance are very similar",
            "holds in part" if likeness > 0.9 and lost.mean() > 2.0 * error else "does not hold",
            f"{label}, {times[near]:.0f} steps: J correlates {likeness:.3f} with itself, retrieval "
            f"falls by {lost.mean():.3f} ± {error:.3f} (standard error)",
        ),
        Claim(
            "without evidence at precision 1 the couplings diffuse, without drift (theory)",
            "holds" if shares[label].mean() < 0.1 else "does not hold",
            f"share of drift in the displacement {shares[label].mean():.2f} at precision 1, "
            f"{shares[other].mean():.2f} at the precision of learning",
        ),
    )


FORGETTING = Simulation(
    name="forgetting",
    title="Simulation 4: a network left to itself",
    story="The balanced digits network goes on learning without evidence, to 250 000 steps, at the "
    "precision of the published notebook and at that of learning. Does spontaneous activity "
    "reinforce what was learned, or is it forgotten, and by drift or by diffusion?",
    seeds=(6, 2),
    parameters=_parameters,
    parts=_parts,
    conclude=_conclude,
)
