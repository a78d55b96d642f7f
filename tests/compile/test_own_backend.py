"""A backend of one's own: that of the page on extending does what the others do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from support import recipe
from support.schedules import OWN
from support.worlds import schedules_of, worlds

import deepparticle as dp
from deepparticle.compile import Backend, SteppingBackend, Trace
from deepparticle.compile.backends import choosing
from deepparticle.compile.backends.numpy_backend import NumpyBackend

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def masks() -> Iterator[type[Backend]]:
    before = dict(choosing._REGISTERED)
    yield recipe.register()
    choosing._REGISTERED.clear()
    choosing._REGISTERED.update(before)


def net(**given: Any) -> dp.Partition:
    return dp.from_couplings([[0.0, 0.5], [0.2, 0.0]], name="pair", **given)


# ---------------------------------------------------------------------- the recipe


@settings(max_examples=12, deadline=None, derandomize=True)
@given(worlds())
def test_it_is_verified_on_every_generated_world(world: dp.Partition) -> None:
    orders = (*schedules_of(world), OWN)
    found = dp.verify(world, steps=2, backends=("masks",), schedules=orders)
    assert found.ok, found
    compared = {one.what.split(",")[1].strip() for one in found.comparisons if one.steps == 2}
    assert set(orders) <= compared


def test_it_learns_by_rules_of_ones_own_in_every_schedule() -> None:
    @dp.register_learning_rule("oja, of one's own backend")
    def oja(state: Any, prediction: Any, source: Any, previous: Any, weight: Any) -> Any:
        return state * previous - state**2 * weight

    world = net(learning_rate=0.1)
    world.learning_rule = "oja, of one's own backend"
    dp.verify(world, steps=5, backends=("masks",)).raise_if_failed()


@pytest.mark.slow
@pytest.mark.parametrize(
    "tests",
    [
        "compile/test_blocks.py",
        "compile/test_networks.py",
        "compile/test_sparse_layout.py",
        "compile/test_bias_process.py",
        "compile/test_learning_rules.py",
        "laws/test_networks_law.py",
        "laws/test_levels_recorded.py",
    ],
)
def test_it_passes_the_shared_tests(tests: str, tmp_path: Path) -> None:
    # In an interpreter of its own: what is shared is collected for all that are registered.
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "support.recipe"]
    command += ["-m", "slow or not slow", "-k", "masks", "-o", f"cache_dir={tmp_path}"]
    result = subprocess.run(
        [*command, str(ROOT / "tests" / tests)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert " passed" in result.stdout


def test_it_makes_the_run_of_numpy() -> None:
    runs = [
        dp.Simulator(net(), backend, dtype=dtype, seed=4).infer(steps=20).states
        for dtype in ("float64", "float32")
        for backend in ("masks", "numpy")
    ]
    np.testing.assert_allclose(runs[0], runs[1], atol=1e-12)
    np.testing.assert_allclose(runs[2], runs[3], atol=1e-4)
    simulator = dp.Simulator(net(), "masks")
    assert simulator.backend == "masks"
    assert simulator.relax().converged
    assert simulator.fork(chains=3).infer(steps=2).states.shape == (2, 3, 2)


def test_what_it_does_not_know_it_refuses_with_its_own_word() -> None:
    world = dp.Partition("noisy")
    a, b = world.add_subparticle("a"), world.add_subparticle("b")
    world.couple(a, b, 0.8).conditional = dp.GaussianBoundary(0.8, sd=0.3)
    with pytest.raises(dp.SettingError, match=r"'masks' can run .*it knows no noisy boundary"):
        dp.Simulator(world, "masks")
    found = dp.verify(world, steps=2, backends=("masks",))
    assert found.ok
    assert "it knows no noisy boundary states" in " ".join(found.notes)


# ---------------------------------------------------------------------- names


def test_it_is_asked_for_by_name_and_auto_leaves_it_alone(masks: type[Backend]) -> None:
    assert choosing.backend_class("masks") is masks
    assert "masks" in choosing.installed_backends()
    assert dp.Simulator(net(), "auto").backend in ("native", "jax", "numpy")
    with pytest.raises(dp.SettingError, match=r"the backend is one of .*did you mean 'masks'\?"):
        dp.Simulator(net(), "mask")
    with pytest.raises(dp.SettingError, match=r"the backend is one of .*did you mean 'masks'\?"):
        dp.verify(net(), backends=("mask",))


def test_a_backend_that_is_wrong_is_found_out(masks: Any) -> None:
    def learns_nothing(self: Any, given: Any, seen: Any, updated: Any) -> None: ...

    forgetful = {"name": "forgetful", "_learn": learns_nothing}
    dp.register_backend(type("Forgetful", (masks,), forgetful))
    found = dp.verify(net(learning_rate=0.1), steps=3, backends=("forgetful",))
    assert {one.what[-1] for one in found.comparisons if not one.ok} == {"J"}


def test_a_name_of_ones_own_can_be_given_again() -> None:
    for _ in range(2):

        @dp.register_backend
        class Quick(NumpyBackend):
            name = "quick"

        assert choosing.backend_class("quick") is Quick


def test_one_that_makes_whole_blocks_needs_no_steps() -> None:
    made = []

    @dp.register_backend
    class Counted(NumpyBackend):
        name = "counted"

        def run(self, block: Any) -> Trace:
            made.append(block.steps)
            return super().run(block)

    dp.Simulator(net(), "counted").infer(steps=50)
    assert sum(made) == 50


class Nameless(SteppingBackend):
    """Without a name."""


class Unfinished(SteppingBackend):
    """Without most methods."""

    name = "unfinished"

    def step(self, given: Any) -> None: ...


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (Nameless, TypeError, "Nameless: a backend has a name, a string .got None"),
        (Unfinished, TypeError, "every method of Backend .got none for cell, set_bias, variables"),
        (type("Native", (NumpyBackend,), {"name": "native"}), ValueError, "comes with the library"),
        (type("Auto", (NumpyBackend,), {"name": "auto"}), ValueError, "comes with the library"),
        (NumpyBackend, ValueError, "'numpy' comes with the library"),
        (type("Empty", (NumpyBackend,), {"name": ""}), TypeError, "has a name"),
        (dict, TypeError, "a backend is a class of Backend"),
        ("masks", TypeError, "a backend is a class of Backend"),
    ],
)
def test_what_is_no_backend_is_refused(kind: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        dp.register_backend(kind)
