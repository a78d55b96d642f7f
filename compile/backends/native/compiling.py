"""How kernels are compiled: without the interpreter's lock, and remembered on disk if possible.

Numba keeps compiled kernels beside the source, or in the user's cache folder, or where
``NUMBA_CACHE_DIR`` says. It takes a kernel for unchanged as long as the file that defines it is
unchanged; here kernels are put together from several files, and all of them count. Where nothing
can be written, kernels are compiled anew in each process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepparticle.compile.backends.native.toolkit import numba

__all__ = ["inlined", "kernel"]


def _sources() -> tuple[str, int]:
    """What stands for the contents of this package: a digest and a length."""
    digest, length = hashlib.sha256(), 0
    for path in sorted(Path(__file__).parent.glob("*.py")):
        content = path.read_bytes()
        digest.update(content)
        length += len(content)
    return digest.hexdigest(), length


_SOURCES = _sources()

# Division by zero gives what the machine gives, as in NumPy, instead of an exception: kernels that
# run in several threads and wait for each other must not leave halfway.
# Arrays are not counted: kernels make none, and those they are given outlive the call.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "_nrt": False,
    "no_cfunc_wrapper": True,
}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function for the types it is first called with, and remember the result."""
    try:
        compiled: Any = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # no folder that can be written
        compiled = numba.njit(**_OPTIONS)(function)
    else:
        # The stamp by which numba knows that a remembered kernel is out of date.
        file: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
        if hasattr(file, "_source_stamp"):
            file._source_stamp = _SOURCES
    return compiled


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function into the kernels that call it."""
    # It is never called from Python, and wrapping its arguments would take most of the time.
    return numba.njit(no_cpython_wrapper=True, forceinline=True, **_OPTIONS)(function)
