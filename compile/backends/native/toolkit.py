"""Numba and its code generator, as far as kernels need them.

Their type information covers a part of what is used here; this module gives them out without any.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = [
    "binding",
    "cgutils",
    "intrinsic",
    "ir",
    "models",
    "numba",
    "overload",
    "register_model",
    "types",
]

numba: Any = import_module("numba")
ir: Any = import_module("llvmlite.ir")
binding: Any = import_module("llvmlite.binding")
types: Any = import_module("numba.core.types")
cgutils: Any = import_module("numba.core.cgutils")

_extending: Any = import_module("numba.extending")
models: Any = _extending.models
register_model: Any = _extending.register_model


def intrinsic(function: Callable[..., Any]) -> Any:
    """Make a function that writes instructions callable in kernels."""
    return _extending.intrinsic(function)


def overload(symbol: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Say what an operator or function does in kernels, for types that it did not know."""
    decorator: Callable[[Callable[..., Any]], Any] = _extending.overload(symbol)
    return decorator
