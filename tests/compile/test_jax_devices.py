"""Several devices give the numbers of one, and really share the arrays."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.compile.lowering import lower

pytest.importorskip("jax")

import jax

from deepparticle.compile.backends.jax import JaxBackend

# The number of devices is settled when JAX starts, hence the process of its own.
ON_FOUR_DEVICES = """
import numpy as np
import jax
import deepparticle as dp
from deepparticle.compile.backends.base import Block
from deepparticle.compile.backends.jax import JaxBackend

SIZE, STEPS = 8, 20
rng = np.random.default_rng(0)
couplings = rng.normal(scale=0.3, size=(SIZE, SIZE)) * ~np.eye(SIZE, dtype=bool)
program = dp.lower(dp.from_couplings(couplings, bias=rng.normal(size=SIZE)))


def result(networks, devices):
    backend = JaxBackend(program, networks, 1, np.dtype("float64"), devices=devices)
    words = np.random.default_rng(1).integers(2**32, size=(networks, 8), dtype=np.uint32)
    backend.seed(words)
    given = np.random.default_rng(2)
    shown = given.integers(3, size=(networks, STEPS, 1))
    precision = given.random((networks, SIZE))
    for time in (0, STEPS):
        trace = backend.run(
            Block(time, STEPS, True, given.normal(size=(3, SIZE)), shown, precision,
                  np.full((networks, SIZE), 0.01), None, None, None, None, ("state",),
                  np.ones(STEPS, dtype=bool))
        )
    return backend, trace


assert len(jax.devices()) == 4
one = jax.devices()[:1]
for networks, share in ((4, 1), (6, 2)):
    divided, trace = result(networks, None)
    single, expected = result(networks, one)
    np.testing.assert_allclose(trace.kept["state"], expected.kept["state"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        divided.variables.couplings, single.variables.couplings, rtol=1e-12, atol=1e-12
    )
    assert divided.variables.couplings.shape == (networks, SIZE, SIZE)
    shards = divided._held.couplings.addressable_shards
    assert {shard.device for shard in shards} == set(jax.devices())
    assert {shard.data.shape for shard in shards} == {(share, SIZE, SIZE)}
    assert single._held.couplings.sharding.device_set == set(one)

rows, trace = result(1, jax.devices())
single, expected = result(1, None)
np.testing.assert_allclose(trace.kept["state"], expected.kept["state"], rtol=1e-12, atol=1e-12)
np.testing.assert_allclose(
    rows.variables.couplings, single.variables.couplings, rtol=1e-12, atol=1e-12
)
shards = rows._held.couplings.addressable_shards
assert {shard.data.shape for shard in shards} == {(1, SIZE // 4, SIZE)}
assert len(single._held.couplings.sharding.device_set) == 1

runs = []
for devices in (jax.devices(), None):
    simulator = dp.Simulator(
        dp.from_couplings(couplings), "jax", devices=devices, learning_rate=0.01, seed=5
    )
    simulator.learn(np.eye(SIZE), epochs=3, record=())
    runs.append(simulator.couplings)
np.testing.assert_allclose(runs[0], runs[1], rtol=1e-12, atol=1e-12)

world = dp.from_couplings(couplings, bias=rng.normal(size=SIZE), precision=0.5)
level = world.add_external("level", 0.2, dp.LinearGaussian(0.7, deviation=0.3))
world.sense(level, world.subparticles)
world.act(world.subparticles[0], level)
runs = []
for devices in (jax.devices(), jax.devices()[:1]):
    simulator = dp.Simulator(world, "jax", networks=6, chains=2, devices=devices, seed=5)
    assert simulator._engine.backend.holds_worlds
    runs.append((simulator.infer(steps=40).states, simulator._engine.surroundings.values[1]))
assert runs[0][1].shape == (6, 2)
for left, right in zip(*runs):
    np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)

for networks, message in ((2, "4 devices for 2 networks"), (3, "give fewer devices")):
    try:
        JaxBackend(program, networks, 1, np.dtype("float64"), devices=jax.devices())
    except dp.SettingError as error:
        assert message in str(error), error
    else:
        raise AssertionError("devices that have nothing to do were accepted")
"""


def test_four_devices() -> None:
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
    environment = {**os.environ, "XLA_FLAGS": flags.strip(), "JAX_PLATFORMS": "cpu"}
    finished = subprocess.run(
        [sys.executable, "-c", ON_FOUR_DEVICES],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def test_one_device_by_name() -> None:
    program = lower(dp.from_couplings(np.zeros((3, 3))))
    backend = JaxBackend(program, 2, 1, np.dtype("float32"), devices=jax.devices()[:1])
    assert backend._held.state.sharding.device_set == set(jax.devices()[:1])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"devices": jax.devices(), "backend": "numpy"}, ValueError, r"\(got backend 'numpy'\)"),
        ({"devices": "cpu", "backend": "jax"}, (TypeError, ValueError), "devices"),
        ({"devices": [], "backend": "jax"}, TypeError, r"jax.devices\(\)"),
        ({"devices": 2, "backend": "jax"}, TypeError, r"sequence of jax devices \(got 2\)"),
    ],
)
def test_devices_that_are_none_are_refused(given: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        dp.Simulator(dp.from_couplings(np.zeros((3, 3))), **given)
