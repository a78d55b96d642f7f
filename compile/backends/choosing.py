"""Which backend runs a program: the one that was asked for, or the fastest that fits.

A backend of your own is a class, which `register_backend` makes known by its name.
"""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

from deepparticle.agents.array_processes import array_form
from deepparticle.agents.external import offered
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.naming import checked_registration
from deepparticle.compile.backends.base import Backend
from deepparticle.compile.backends.numpy_backend import NumpyBackend
from deepparticle.compile.backends.object_backend import ObjectBackend
from deepparticle.compile.program import Program
from deepparticle.compile.rules import rules_of

__all__ = [
    "BACKENDS",
    "backend_class",
    "backend_names",
    "chosen_backend",
    "installed_backends",
    "register_backend",
]

Kind = TypeVar("Kind", bound=Backend)

BACKENDS = ("auto", "native", "jax", "numpy", "objects")
"""Those that come with the library, and ``auto``."""

# What a backend needs beside this package; its extra has the name of the backend.
_NEEDS = {"native": "numba", "jax": "jax"}


_REGISTERED: dict[str, type[Backend]] = {}


def register_backend(kind: type[Kind]) -> type[Kind]:
    """Make a backend known by its ``name``, to simulators and `verify`.

    Parameters
    ----------
    kind : type of Backend
        With a ``name`` of its own; made as ``kind(program, networks, chains, dtype)``. Registering
        a name of yours again replaces the backend. ``auto`` does not choose it: it is asked for.

    Returns
    -------
    type of Backend
        The class itself: this is a class decorator.

    Raises
    ------
    SettingTypeError
        If it is no class of a backend, has no name, or lacks a method.
    SettingError
        If the name is that of a backend that comes with the library.

    Examples
    --------
    >>> import deepparticle as dp
    >>> from deepparticle.compile.backends.numpy_backend import NumpyBackend
    >>> @register_backend
    ... class Strict(NumpyBackend):
    ...     name = "strict, as in the recipe"
    ...
    ...     def run(self, block):
    ...         with np.errstate(all="raise"):
    ...             return super().run(block)
    >>> world = dp.from_couplings([[0.0, 0.5], [0.2, 0.0]])
    >>> dp.Simulator(world, backend="strict, as in the recipe").infer(steps=5).states.shape
    (5, 2)
    """
    given: Any = kind
    where = getattr(given, "__qualname__", repr(given))
    if not inspect.isclass(given) or not issubclass(given, Backend):
        mend = "write class Mine(dp.compile.SteppingBackend), and @dp.register_backend above it"
        raise SettingTypeError(Fault(where, "a backend is a class of Backend", repr(given), mend))
    mend = 'write name = "..." in the class'
    given_name = getattr(given, "name", None)
    name = checked_registration(given_name, BACKENDS, where, "a backend", mend)
    missing = ", ".join(sorted(getattr(given, "__abstractmethods__", ())))
    if missing:
        rule = "a backend has every method of Backend"
        raise SettingTypeError(Fault(where, rule, f"none for {missing}", "write it in the class"))
    _REGISTERED[name] = kind
    return kind


def backend_names() -> tuple[str, ...]:
    """What can be asked for: ``auto``, the backends of the library, and those registered."""
    return (*BACKENDS, *_REGISTERED)


def installed_backends() -> tuple[str, ...]:
    """The names of the kernels that can run here, the definition (``objects``) left out."""
    ours = (
        name
        for name in BACKENDS
        if name not in ("auto", "objects") and (name not in _NEEDS or find_spec(_NEEDS[name]))
    )
    return (*_REGISTERED, *ours)


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
    if name in _REGISTERED:
        return _REGISTERED[name]
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
        One of `backend_names`; ``auto`` takes the fastest that is installed and fits.
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
    # Where the world answers, Python is asked in every step, but for array code in the loop of jax.
    if "jax" in installed_backends() and (_answers_in_arrays(program) or _has_accelerator()):
        return ("jax", "native", "numpy")
    if networks == 1 and program.layout == "dense" and program.at_once and program.size >= _LARGE:
        return ("numpy",)
    return ("native", "numpy")


def _answers_in_arrays(program: Program) -> bool:
    # What is settled beforehand is evidence to every backend, whether the others are array code.
    answering = [
        slot
        for slot in program.externals
        if slot.process is not None and offered(slot.process, "ahead") is None
    ]
    forms = [array_form(slot.process, slot.value.shape) for slot in answering]
    return bool(forms) and None not in forms


def _has_accelerator() -> bool:
    import jax

    return bool(jax.default_backend() != "cpu")
