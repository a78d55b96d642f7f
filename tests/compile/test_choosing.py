"""Which backend runs a program, and what is said where one is missing or refuses."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.compile.backends import choosing
from deepparticle.compile.backends.base import Backend
from deepparticle.compile.backends.choosing import (
    BACKENDS,
    backend_class,
    chosen_backend,
    installed_backends,
)
from deepparticle.compile.backends.numpy_backend import NumpyBackend
from deepparticle.compile.backends.object_backend import ObjectBackend

FLOAT64 = np.dtype("float64")
LIBRARIES = {"native": "numba", "jax": "jax"}


@pytest.fixture(autouse=True)
def _only_those_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_REGISTERED", {})


def world() -> dp.Partition:
    return dp.from_couplings([[0.0, 0.5], [0.2, 0.0]], name="pair")


class Fast(NumpyBackend):
    """A backend as it could be."""

    name = "native"


class Refusing(NumpyBackend):
    """One that runs nothing."""

    name = "native"

    @classmethod
    def refusal(
        cls, program: dp.Program, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> str | None:
        return f"it knows no {program.schedule} schedule"


def pretend(monkeypatch: pytest.MonkeyPatch, **found: type[Backend]) -> None:
    """Let these be the compiled backends that are installed."""

    def spec(name: str) -> ModuleSpec | None:
        return ModuleSpec(name, None) if name in {LIBRARIES[one] for one in found} else None

    monkeypatch.setattr(choosing, "find_spec", spec)
    original = choosing.backend_class
    monkeypatch.setattr(
        choosing, "backend_class", lambda name: found[name] if name in found else original(name)
    )
    monkeypatch.setattr(choosing, "_has_accelerator", lambda: False)


# ---------------------------------------------------------------------- what is installed


def test_what_is_installed_is_what_can_be_made() -> None:
    assert installed_backends()[-1] == "numpy"
    assert set(installed_backends()) <= set(BACKENDS) - {"auto", "objects"}
    for name in installed_backends():
        assert backend_class(name).name == name
        assert dp.Simulator(world(), name).backend == name
    assert backend_class("objects") is ObjectBackend


def test_nothing_but_numpy_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    assert installed_backends() == ("numpy",)
    assert dp.Simulator(world(), "auto").backend == "numpy"


@pytest.mark.parametrize("name", ["native", "jax"])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    package = f"deepparticle.compile.backends.{name}"
    for module in list(sys.modules):
        if module == package or module.startswith(f"{package}."):
            monkeypatch.delitem(sys.modules, module)
        if module.split(".")[0] == LIBRARIES[name]:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, LIBRARIES[name], None)
    message = (
        f"Simulator: backend '{name}' needs {LIBRARIES[name]} .got which is not installed.*"
        rf"pip install 'deepparticle\[{name}\]', or use backend='numpy'"
    )
    with pytest.raises(dp.SettingError, match=message) as caught:
        dp.Simulator(world(), name)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize("name", ["native", "jax"])
def test_what_else_is_missing_inside_a_backend_is_not_blamed_on_the_extra(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    package = f"deepparticle.compile.backends.{name}"
    monkeypatch.setitem(sys.modules, f"{package}.backend", None)
    if find_spec(LIBRARIES[name]) is None:
        pytest.skip("the extra is not installed")
    with pytest.raises(ModuleNotFoundError, match=f"{name}"):
        backend_class(name)


def test_the_default_imports_no_extra() -> None:
    program = (
        "import sys, numpy as np, deepparticle as dp\n"
        "dp.Simulator(dp.from_couplings(np.zeros((2, 2)))).infer(steps=2)\n"
        "assert not {'jax', 'numba'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", program], check=True)


# ---------------------------------------------------------------------- auto


def test_auto_takes_the_fastest_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, native=Fast)
    program = dp.lower(world())
    assert chosen_backend("auto", program, 1, 1, FLOAT64) is Fast
    made = dp.Simulator(world(), "auto")
    assert made.backend == "native"
    assert made.infer(steps=2).states.shape == (2, 2)


def test_auto_passes_over_one_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, native=Refusing)
    assert dp.Simulator(world(), "auto").backend == "numpy"


def test_auto_prefers_jax_where_there_is_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, native=Fast, jax=type("Jax", (Fast,), {"name": "jax"}))
    assert dp.Simulator(world(), "auto").backend == "native"
    monkeypatch.setattr(choosing, "_has_accelerator", lambda: True)
    assert dp.Simulator(world(), "auto").backend == "jax"


def test_auto_is_not_asked_of_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, native=Fast)

    def never() -> bool:
        raise AssertionError("jax is not installed")

    monkeypatch.setattr(choosing, "_has_accelerator", never)
    assert dp.Simulator(world(), "auto").backend == "native"


def test_auto_makes_the_run_of_numpy_with_the_shared_stream() -> None:
    runs = [
        dp.Simulator(world(), name, stream="shared", seed=4).infer(steps=20).states
        for name in ("auto", "numpy")
    ]
    np.testing.assert_allclose(runs[0], runs[1], atol=1e-11)


# ---------------------------------------------------------------------- what is refused


def test_a_backend_that_refuses_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, native=Refusing)
    with pytest.raises(dp.SettingError) as caught:
        dp.Simulator(world(), "native", "sequential")
    assert str(caught.value) == (
        "Simulator of 'pair': backend 'native' can run the program "
        "(got it knows no sequential schedule). "
        "Mend: use backend='numpy', which runs every program, or 'auto'."
    )


@pytest.mark.parametrize(
    ("given", "meant"),
    [("natve", "native"), ("numppy", "numpy"), ("jaxx", "jax"), ("atuo", "auto")],
)
def test_a_misspelled_backend_is_refused_with_what_was_meant(given: str, meant: str) -> None:
    with pytest.raises(dp.SettingError, match=rf"the backend .*'{given}'.*'{meant}'\?"):
        dp.Simulator(world(), given)


class Odd(dp.ContinuousBernoulli):
    """States that no compiled kernel knows."""


@pytest.mark.parametrize("name", installed_backends())
def test_every_backend_runs_or_refuses_states_of_its_users(name: str) -> None:
    made = dp.from_couplings(np.zeros((2, 2)), distribution=Odd())
    try:
        simulator = dp.Simulator(made, name)
    except dp.SettingError as error:
        assert name != "numpy"
        assert "Odd" in str(error)  # noqa: PT017 - refusing is one of two good answers
    else:
        assert simulator.infer(steps=2).states.shape == (2, 2)
    assert dp.Simulator(made, "auto").infer(steps=2).states.shape == (2, 2)
