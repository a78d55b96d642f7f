"""Generated worlds, and a portrait of a world by which two can be compared.

`worlds` is a Hypothesis strategy over lawful nested worlds: their structure is drawn, so that a
failing example shrinks to few members; their numbers come from a generator with a drawn seed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse
from hypothesis import strategies as st

import deepparticle as dp
from deepparticle.blankets import ExplicitBoundary

DISTRIBUTIONS: tuple[dp.StateDistribution, ...] = (
    dp.ContinuousBernoulli(),
    dp.Spin(),
    dp.Gaussian(),
    dp.Gaussian(base_variance=0.5),
)

SCHEDULES = ("synchronous", "sequential", "chromatic", "random", "langevin")

SMOOTH = tuple(one for one in DISTRIBUTIONS if one.is_continuous)
"""Those whose states can move, as the schedule ``langevin`` asks."""

# With at most 12 leaves, precision ≤ 1.5 and variance ≤ 1, the couplings of Gaussian states stay
# below 12 × 0.04 × 1.5 = 0.72 in norm: their linear dynamics contracts.
_GAUSSIAN_WEIGHT = 0.04


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    min_leaves: int = 2,
    max_leaves: int = 12,
    max_depth: int = 4,
    distributions: Sequence[dp.StateDistribution] = DISTRIBUTIONS,
    populations: bool = True,
    externals: bool = True,
    settings: bool = True,
    max_steps: int = 0,
) -> dp.Partition:
    """Lawful worlds: nested, sparse, asymmetric, of mixed distributions and mixed settings.

    Parameters
    ----------
    min_leaves, max_leaves : int
        How many subparticles, members of populations included.
    max_depth : int
        How many names the longest path has; 1 is a world without partitions.
    distributions : sequence of StateDistribution
        What internal states may follow.
    populations, externals : bool
        Whether there may be some.
    settings : bool
        Whether precision, learning rate and clock differ from place to place.
    max_steps : int
        Up to how many steps the world has made when it is given out, learning on the way.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    world = dp.Partition("world", **_settings(draw, settings))
    _draw_members(
        draw, rng, world, min_leaves, max_leaves, max_depth, distributions, populations, settings
    )
    if externals:
        for number in range(draw(st.integers(0, 3))):
            world.add_external(f"outside{number}", float(rng.uniform(-1, 1)))
    _draw_connections(draw, rng, world)
    for external in world.externals:
        count = len(external.sensing)
        if count and draw(st.booleans()):
            external.value = rng.uniform(-1, 1, size=count)
    for _ in range(draw(st.integers(0, max_steps))):
        world.step(rng, draw(st.sampled_from(schedules_of(world))))
    return world


def worlds_for(schedule: str, **options: Any) -> st.SearchStrategy[dp.Partition]:
    """Worlds that can be stepped in a schedule; options as of `worlds`."""
    kinds = SMOOTH if schedule == "langevin" else DISTRIBUTIONS
    return worlds(distributions=kinds, **options)


def schedules_of(world: dp.Partition) -> tuple[str, ...]:
    """The schedules in which a world can be stepped."""
    smooth = all(leaf.distribution.is_continuous for leaf in world.subparticles)
    return SCHEDULES if smooth else SCHEDULES[:-1]


def add_noise(world: dp.Partition, rng: np.random.Generator) -> None:
    """Make some explicit boundary states noisy, in place; in every other world none."""
    if rng.random() < 0.5:
        return
    for boundary in world.boundaries():
        if isinstance(boundary, ExplicitBoundary) and boundary.kind == "boundary":
            noisy = rng.random() < 0.4
            sd = float(rng.choice([0.0, 0.1, 0.6]))
            if noisy:
                boundary.conditional = dp.GaussianBoundary(boundary.weight, sd)


def _settings(draw: st.DrawFn, wanted: bool) -> dict[str, Any]:
    if not wanted:
        return {}
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "precision": st.sampled_from([0.0, 0.17, 0.5, 1.5]),
                "learning_rate": st.sampled_from([0.0, 1e-4, 1e-3]),
                "clock": st.sampled_from([1, 2, 3]),
                "time_step": st.sampled_from([0.003, 0.05, 0.4]),
            },
        )
    )


def _draw_members(
    draw: st.DrawFn,
    rng: np.random.Generator,
    world: dp.Partition,
    min_leaves: int,
    max_leaves: int,
    max_depth: int,
    distributions: Sequence[dp.StateDistribution],
    populations: bool,
    settings: bool,
) -> None:
    places = [(world, 1)]
    wanted = draw(st.integers(min_leaves, max_leaves))
    kinds = ["subparticle", "partition"] + ["population"] * populations
    for number in itertools.count():
        missing = wanted - len(world.subparticles)
        if missing == 0:
            return
        # A world of partitions alone would never be done.
        kind = draw(st.sampled_from(kinds)) if number < 2 * max_leaves else "subparticle"
        place, depth = draw(st.sampled_from(places))
        own = _settings(draw, settings)
        if kind == "partition":
            if depth < max_depth:
                places.append((place.add_partition(f"p{number}", **own), depth + 1))
        elif kind == "population":
            if depth < max_depth and missing >= 2:
                size = draw(st.integers(2, min(4, missing)))
                distribution = draw(st.sampled_from(distributions))
                _add_population(draw, rng, place, f"n{number}", size, distribution, own)
        else:
            place.add_subparticle(
                f"a{number}",
                bias=float(rng.uniform(-1, 1)),
                distribution=draw(st.sampled_from(distributions)),
                state=float(rng.choice([-1.0, 0.0, 1.0])),
                **own,
            )


def _add_population(
    draw: st.DrawFn,
    rng: np.random.Generator,
    place: dp.Partition,
    name: str,
    size: int,
    distribution: dp.StateDistribution,
    settings: dict[str, Any],
) -> None:
    scale = _GAUSSIAN_WEIGHT if isinstance(distribution, dp.Gaussian) else 1.0
    couplings: Any = rng.uniform(-scale, scale, size=(size, size)) * ~np.eye(size, dtype=bool)
    kind = draw(st.sampled_from(["dense", "sparse", "none"]))
    if kind == "sparse":
        couplings = scipy.sparse.csr_array(couplings * (rng.random((size, size)) < 0.5))
    population = place.add_population(
        name,
        size,
        couplings=None if kind == "none" else couplings,
        bias=rng.uniform(-1, 1, size=size),
        distribution=distribution,
        plastic=draw(st.booleans()),
        **settings,
    )
    if draw(st.booleans()):
        population[0].state = float(rng.choice([-1.0, 1.0]))
        population[size - 1].precision = 0.5
    for view in population[0].sensory.values():
        view.plastic = bool(rng.random() < 0.5)


def _draw_connections(draw: st.DrawFn, rng: np.random.Generator, world: dp.Partition) -> None:
    leaves = world.subparticles
    density = draw(st.sampled_from([0.0, 0.2, 0.5]))
    wires: list[tuple[Any, Any]] = [
        (source, target)
        for source in leaves
        for target in leaves
        if source is not target and target.boundary_from(source) is None and rng.random() < density
    ]
    for external in world.externals:
        wires += [(external, leaf) for leaf in leaves if rng.random() < 0.4]
        wires += [(leaf, external) for leaf in leaves if rng.random() < 0.2]
    # The order in which boundary states are made is part of a world.
    if draw(st.booleans()):
        rng.shuffle(wires)
    for source, target in wires:
        weight = float(rng.uniform(-1, 1))
        if source.is_external:
            world.sense(source, target, weight)
        elif target.is_external:
            world.act(source, target, weight)
        else:
            if dp.Gaussian in (type(source.distribution), type(target.distribution)):
                weight *= _GAUSSIAN_WEIGHT
            world.couple(source, target, weight, plastic=bool(rng.random() < 0.8))


_CELLS = ("_bias", "_state", "_emitted", "_field", "_evidence", "_argument", "_used_precision")


def portrait(world: dp.Partition) -> dict[str, Any]:
    """Everything that tells one world from another, read off the objects themselves.

    Floats are given by `float.hex`, so that equal portraits are equal bit by bit.
    """
    found: dict[str, Any] = {
        "name": world.name,
        "time": world.time,
        "settings": dict(world.own_settings),
    }
    members: list[Any] = []
    for member in world.walk():
        entry: dict[str, Any] = {
            "path": member.path,
            "type": type(member).__name__,
            "settings": dict(member.own_settings),
        }
        if isinstance(member, dp.ExternalState):
            entry["value"] = np.asarray(member.value).tolist()
            entry["process"] = member.process
        elif isinstance(member, dp.Partition):
            entry["time"] = member.time
        elif isinstance(member, dp.Population):
            entry["distribution"] = member.distribution
        members.append(entry)
    found["members"] = members
    found["leaves"] = [_leaf(leaf) for leaf in world.subparticles]
    found["externals"] = [
        (
            external.path,
            [end.path for end in external._incoming],
            [end.path for end in external._outgoing],
        )
        for external in world.externals
    ]
    return found


def _leaf(leaf: dp.Subparticle) -> dict[str, Any]:
    return {
        "path": leaf.path,
        "settings": dict(leaf.own_settings),
        "distribution": leaf.distribution,
        "cells": [float(getattr(leaf, cell)).hex() for cell in _CELLS],
        "senses": [_boundary(view.boundary) for view in leaf.sensory.values()],
        "acts on": [_boundary(view.boundary) for view in leaf.active.values()],
    }


def _boundary(boundary: dp.Boundary) -> tuple[Any, ...]:
    return (
        str(boundary),
        boundary.kind,
        type(boundary.conditional).__name__,
        float(boundary.weight).hex(),
        boundary.plastic,
    )
