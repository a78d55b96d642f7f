"""How the cost changes with N, with the number of networks, and with the edges of a graph."""

from __future__ import annotations

from collections.abc import Callable

from deepparticle.benchmarks.results import Curve, Measurement, Outcome
from deepparticle.benchmarks.runs import (
    add_contenders,
    backend_contenders,
    inferring,
    learning,
    race,
    sparse_couplings,
)
from deepparticle.benchmarks.settings import Settings
from deepparticle.benchmarks.timing import Contender
from deepparticle.benchmarks.yardstick import Roofline

__all__ = ["against_edges", "against_networks", "against_size"]

Points = dict[str, list[tuple[float, Measurement]]]


def _measured(
    outcome: Outcome,
    figure: str,
    sizes: tuple[int, ...],
    make: Callable[[int], list[Contender]],
    settings: Settings,
    progress: bool,
) -> None:
    points: Points = {}
    for size in sizes:
        found = race(outcome, figure, make(size), settings, progress, title=f"{figure} {size}")
        for name, measured in found.items():
            points.setdefault(name, []).append((float(size), measured))
    for name, curve in points.items():
        places, measurements = zip(*curve, strict=True)
        outcome.curves.append(Curve(figure, name, places, measurements))


def against_size(settings: Settings, progress: bool) -> Outcome:
    """One network, learning, against its subparticles; beside the hand-written step."""
    outcome = Outcome()
    with Roofline() as roofline:

        def make(size: int) -> list[Contender]:
            contenders = backend_contenders(outcome, "N", lambda name: learning(name, size))
            add_contenders(outcome, "N", contenders, "roofline.c", lambda: roofline.contender(size))
            return contenders

        _measured(outcome, "N", settings.sizes, make, settings, progress)
    return outcome


def against_networks(settings: Settings, progress: bool) -> Outcome:
    """Networks of 64 side by side, learning, per network-step, against their number."""
    outcome = Outcome()

    def make(count: int) -> list[Contender]:
        return backend_contenders(outcome, "R", lambda name: learning(name, settings.size, count))

    _measured(outcome, "R", settings.network_counts, make, settings, progress)
    return outcome


def against_edges(settings: Settings, progress: bool) -> Outcome:
    """A sparse network, inference, per step, against its boundary states."""
    outcome = Outcome()

    def make(edges: int) -> list[Contender]:
        couplings = sparse_couplings(edges)
        return backend_contenders(outcome, "edges", lambda name: inferring(name, couplings))

    _measured(outcome, "edges", settings.edges, make, settings, progress)
    return outcome
