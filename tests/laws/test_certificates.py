"""Certificates of generated worlds: the objects' own runs pass, whatever the world and schedule."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.worlds import add_noise, worlds

import deepparticle as dp
from deepparticle.blankets.score_test import two_sided
from deepparticle.partitions.columns import leaf_columns

SCHEDULES = ("synchronous", "sequential", "chromatic")


@settings(deadline=None, max_examples=60, derandomize=True)
@given(worlds(max_leaves=7), st.sampled_from(SCHEDULES), st.integers(0, 2**32 - 1))
def test_the_objects_keep_the_law(world: dp.Partition, schedule: str, seed: int) -> None:
    """Nested, of mixed distributions, precisions and clocks, some noisy: all that can be said."""
    rng = np.random.default_rng(seed)
    add_noise(world, rng)
    start = world.time
    states = []
    for _ in range(150):
        world.step(rng, schedule, learn=False)
        states.append(world.states)
    columns = leaf_columns(world)
    if not np.any(np.diff(np.array(states), axis=0)):
        return  # no one is due so soon
    certificate = world.certify(np.array(states), schedule=schedule, time=start)
    assert str(certificate)
    # Uncorrected, in so short a run: some are small. None is as small as a leak would make it:
    # 60 worlds with 200 statements each reach 1e-4 by chance.
    p_values = two_sided(certificate.statements.statistics)
    assert p_values.min(initial=1.0) > 1e-6
    paths = [level.path for level in certificate.levels]
    assert paths[0] == ""
    assert len(paths) == 1 + sum(
        isinstance(member, (dp.Partition, dp.Population)) for member in world.walk()
    )
    assert list(certificate.paths) == list(columns.paths)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(worlds(max_leaves=7, settings=False, externals=False), st.integers(0, 2**32 - 1), st.data())
def test_a_strong_hidden_coupling_does_not_pass(
    world: dp.Partition, seed: int, data: st.DataObject
) -> None:
    leaves = world.subparticles
    pairs = [
        (source, target)
        for target in leaves
        for source in leaves
        if source is not target
        and target.boundary_from(source) is None
        and not isinstance(target.distribution, dp.Gaussian)
        and not isinstance(source.distribution, dp.Gaussian)
        and abs(source.bias) < 0.8
        and abs(target.bias) < 0.8
    ]
    assume(pairs)
    source, target = data.draw(st.sampled_from(pairs))
    leaky = world.copy(name="leaky")
    leaky.couple(source.path, target.path, 3.0)
    rng = np.random.default_rng(seed)
    states = []
    for _ in range(600):
        leaky.step(rng, learn=False)
        states.append(leaky.states)
    certificate = world.certify(np.array(states))
    assert not certificate.ok
    worst = certificate.worst
    assert worst is not None
    assert worst.path == target.path
