"""What makes the jax backend compile, and that it leaves the settings of JAX alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.compile.backends.base import Block
from deepparticle.compile.lowering import lower

pytest.importorskip("jax")

import jax

from deepparticle.compile.backends.jax import JaxBackend
from deepparticle.compile.backends.jax.blocks import traces


def small_world(seed: int, size: int) -> dp.Partition:
    rng = np.random.default_rng(seed)
    couplings = rng.normal(scale=0.5, size=(size, size)) * ~np.eye(size, dtype=bool)
    return dp.from_couplings(couplings, bias=rng.normal(size=size))


def random_block(backend: JaxBackend, seed: int, steps: int, **changes: Any) -> Block:
    rng = np.random.default_rng(seed)
    networks, chains, size = backend.networks, backend.chains, backend.program.size
    patterns = int(rng.integers(2, 9))
    given: dict[str, Any] = {
        "time": int(rng.integers(100)),
        "steps": steps,
        "stochastic": True,
        "evidence": rng.normal(size=(patterns, size)),
        "shown": rng.integers(patterns, size=(networks, steps, chains)),
        "precision": rng.random((networks, size)),
        "learning_rate": rng.random((networks, size)) * 1e-3,
        "clock": rng.integers(1, 4, size=size),
        "uniforms": None,
        "sites": None,
        "reset": rng.random(steps) < 0.1,
        "keep": ("state",),
        "kept": rng.random(steps) < 0.5,
    }
    return Block(**{**given, **changes})


@pytest.mark.parametrize("schedule", ["synchronous", "random"])
def test_numbers_do_not_compile_again(schedule: str) -> None:
    # A size of its own, so that no other test has compiled it.
    size = 11 if schedule == "synchronous" else 13
    before = traces()
    for seed, steps in enumerate((1, 700, 30, 8, 333)):
        backend = JaxBackend(lower(small_world(seed, size), schedule), 2, 1, np.dtype("float32"))
        backend.seed(np.random.default_rng(seed).integers(2**32, size=(2, 8), dtype=np.uint32))
        for number in range(2):
            backend.run(random_block(backend, 10 * seed + number, steps))
    assert traces() == before + 1


def test_long_blocks_compile_rarely() -> None:
    backend = JaxBackend(lower(small_world(0, 17)), 1, 1, np.dtype("float32"))
    before = traces()
    for steps in (1, 10, 1000, 10_000, 20_000, 50_000):
        backend.run(random_block(backend, steps, steps, keep=()))
    assert traces() <= before + 2


def test_float64_is_switched_on_for_the_backend_alone() -> None:
    config: Any = jax.config
    setting = config.jax_enable_x64
    backend = JaxBackend(lower(small_world(0, 5)), 1, 1, np.dtype("float64"))
    trace = backend.run(random_block(backend, 0, 5))
    assert trace.state.dtype == backend.variables.couplings.dtype == np.float64
    assert config.jax_enable_x64 is setting is False
    assert jax.numpy.ones(3).dtype == np.float32


def test_float32_stays_where_the_user_has_float64() -> None:
    with jax.enable_x64(True):
        backend = JaxBackend(lower(small_world(0, 5)), 1, 1, np.dtype("float32"))
        trace = backend.run(random_block(backend, 0, 5))
        assert backend._held.state.dtype == trace.state.dtype == np.float32
        assert jax.numpy.ones(3).dtype == np.float64


IN_FLOAT64 = """
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
import deepparticle as dp
from deepparticle.compile.backends.jax import JaxBackend
program = dp.lower(dp.from_couplings(np.zeros((3, 3))))
for dtype in ("float32", "float64"):
    backend = JaxBackend(program, 1, 1, np.dtype(dtype))
    assert backend.variables.state.dtype == backend._held.couplings.dtype == dtype
assert jax.numpy.ones(3).dtype == "float64"
"""


def test_a_user_who_has_float64_everywhere() -> None:
    subprocess.run([sys.executable, "-c", IN_FLOAT64], check=True, timeout=120)


def test_the_library_does_not_import_jax() -> None:
    code = "import sys, deepparticle; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
