"""Which backend runs a program: the one that was asked for, or the fastest that fits."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.backends.base import Backend
from deepparticle.compile.backends.numpy_backend import NumpyBackend
from deepparticle.compile.backends.object_backend import ObjectBackend
from deepparticle.compile.program import Program
from deepparticle.compile.rules import rules_of

__all__ = ["BACKENDS", "backend_class", "chosen_backend", "installed_backends"]

BACKENDS = ("auto", "native", "jax", "numpy", "objects")

# What a backend needs beside this package; its extra has the name of the backend.
_NEEDS = {"native": "numba", "jax": "jax"}


def installed_backends() -> tuple[str, ...]:
    """The names of the kernels that can run here, the definition (``objects``) left out."""
    return tuple(
        name
        for name in BACKENDS
        if name not in ("auto", "objects") and (name not in _NEEDS or find_spec(_NEEDS[name]))
    )


def backend_class(name: str) -> type[Backend]:
    """The backend of that name.

    Raises
    ------
    SettingError
        If it is not installed; the message names the extra.
    """
    if name == "numpy":
        return NumpyBackend
    if name == "objects":
        return ObjectBackend
    try:
        if name == "native":
            from deepparticle.compile.backends.native.backend import NativeBackend

            return NativeBackend
        from deepparticle.compile.backends.jax.backend import JaxBackend
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in (_NEEDS[name], f"{name}lib"):
            raise
        raise SettingError(
            Fault(
                "Simulator",
                f"backend {name!r} needs {_NEEDS[name]}",
                "which is not installed",
                f"pip install 'deepparticle[{name}]', or use backend='numpy'",
            )
        ) from error
    return JaxBackend


def chosen_backend(
    name: str, program: Program, networks: int, chains: int, dtype: np.dtype[Any]
) -> type[Backend]:
    """The backend to run a program.

    Parameters
    ----------
    name : str
        One of `BACKENDS`; ``auto`` takes the fastest that is installed and fits.
    program : Program
    networks, chains : int
    dtype : numpy dtype

    Raises
    ------
    SettingError
        If the backend asked for is not installed, or cannot run this program.
    """
    if name != "auto":
        found = backend_class(name)
        reason = found.refusal(program, networks, chains, dtype)
        if reason is not None:
            raise SettingError(
                Fault(
                    f"Simulator of {program.name!r}",
                    f"backend {name!r} can run the program",
                    reason,
                    "use backend='numpy', which runs every program, or 'auto'",
                )
            )
        return found
    for candidate in _by_speed(program, networks):
        if candidate in installed_backends():
            found = backend_class(candidate)
            fits = found.refusal(program, networks, chains, dtype) is None
            if fits and found.rule_refusal(program, rules_of(program.learning_rule)) is None:
                return found
    return NumpyBackend


# One dense network of so many rows learns faster where J is written many steps at a time: at 1024
# rows ``native`` takes half the time of ``numpy``, at 4096 rows one and a half times as long.
_LARGE = 3000


def _by_speed(program: Program, networks: int) -> tuple[str, ...]:
    if "jax" in installed_backends() and _has_accelerator():
        return ("jax", "native", "numpy")
    if networks == 1 and program.layout == "dense" and program.at_once and program.size >= _LARGE:
        return ("numpy",)
    return ("native", "numpy")


def _has_accelerator() -> bool:
    import jax

    return bool(jax.default_backend() != "cpu")
