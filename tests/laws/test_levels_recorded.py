"""What is recorded of a partition is what its subparticles say, at every level and backend."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.worlds import worlds

import deepparticle as dp
from deepparticle.compile.backends.choosing import installed_backends

SERIES = ("partition_free_energy", "partition_entropy", "partition_activity")


@pytest.mark.parametrize("schedule", ["synchronous", "random"])
@settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(world=worlds(min_leaves=4), seed=st.integers(0, 2**32 - 1))
def test_a_partition_is_the_sum_of_its_subparticles(
    schedule: str, world: dp.Partition, seed: int
) -> None:
    run = dp.Simulator(world, schedule=schedule, seed=seed).infer(steps=3, record=SERIES)
    inner = [member for member in world.walk() if isinstance(member, dp.Partition | dp.Population)]
    assert list(run.columns) == ["", *(one.path for one in inner if one is not world)]
    rng = np.random.default_rng(seed)
    for step in range(3):
        world.step(rng, schedule, learn=False)
        for path, column in run.columns.items():
            leaves = world.subparticles
            if path:
                leaves = tuple(one for one in leaves if one.path.startswith(f"{path}/"))
            expected = (
                sum(one.free_energy().value for one in leaves),
                sum(one.distribution.entropy(one.argument) for one in leaves),
                sum(abs(one.state) for one in leaves) / max(1, len(leaves)),
            )
            for name, value in zip(SERIES, expected, strict=True):
                assert run.records[name][step, column] == pytest.approx(value, rel=1e-9, abs=1e-9)


def nested() -> dp.Partition:
    world = dp.Partition("world")
    brain = world.add_partition("brain", precision=0.5)
    vision, motor = brain.add_partition("vision"), brain.add_partition("motor")
    for place in (vision, motor, motor, world):
        place.add_subparticle(f"a{len(world.subparticles)}", bias=0.3)
    world.add_population("pool", 3, bias=-0.2)
    world.add_partition("empty")
    world.couple_all(0.4)
    return world


@pytest.mark.parametrize("backend", ["objects", *installed_backends()])
def test_all_backends_record_the_same(backend: str) -> None:
    options = {"chains": 2, "networks": 2, "stream": "shared", "seed": 1}
    runs = [
        dp.Simulator(nested(), name, learning_rate=0.1, **options).learn(  # type: ignore[arg-type]
            np.zeros((1, 7)), steps=5, record=SERIES, every=2
        )
        for name in ("numpy", backend)
    ]
    paths = ["", "brain", "brain/vision", "brain/motor", "pool", "empty"]
    assert list(runs[0].columns) == list(runs[1].columns) == paths
    for name in SERIES:
        assert runs[1].records[name].shape == (3, 2, 2, 6)
        np.testing.assert_allclose(runs[1].records[name], runs[0].records[name], atol=1e-11)
    energy = runs[0].partition_free_energy
    parts = [runs[0].columns[path] for path in ("brain/vision", "brain/motor")]
    np.testing.assert_allclose(energy[..., parts].sum(-1), energy[..., runs[0].columns["brain"]])
    assert not energy[..., runs[0].columns["empty"]].any()
