"""The machine and the versions behind the numbers."""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from deepparticle._version import __version__

__all__ = ["OtherWork", "core_count", "describe_machine"]


def core_count() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_name() -> str:
    """The model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_text() -> str:
    """The memory of the machine."""
    try:
        count = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return "unknown"
    return f"{count / 2**30:.0f} GiB"


def version_of(package: str) -> str:
    """The version of an installed package, without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def matrix_library() -> str:
    """The BLAS behind NumPy's matrix products, and its threads."""
    # It comes with scikit-learn, and looks at what is loaded, not at what is installed; it has no
    # annotations.
    threadpoolctl: Any = import_module("threadpoolctl")
    found = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
    # NumPy's is loaded first; SciPy may bring another one.
    for info in found[:1]:
        return f"{info['internal_api']} {info['version']}, {info['num_threads']} threads"
    return "unknown"


def compiler_text() -> str:
    """The C compiler that makes the yardstick."""
    from deepparticle.benchmarks.yardstick import compiler, compiler_version

    found = compiler()
    return "none" if found is None else compiler_version(found)


class OtherWork:
    """How many cores are busy with something else, on average since this was made.

    Benchmarks want a quiet machine; whether it was one is part of the result.
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._all, self._own = _busy_seconds(), _own_seconds()

    def cores(self) -> float | None:
        """Cores that others used; None where the system does not say."""
        seconds = time.monotonic() - self._begun
        now = _busy_seconds()
        if now is None or self._all is None or seconds <= 0.0:
            return None
        return max(0.0, now - self._all - (_own_seconds() - self._own)) / seconds


def _own_seconds() -> float:
    """Processor time of this process and of the processes that it has started and seen end."""
    return sum(os.times()[:4])


def _busy_seconds() -> float | None:
    """Processor time that anything took, since the machine was started; time stolen included."""
    try:
        first = Path("/proc/stat").read_text(encoding="utf-8").partition("\n")[0]
        ticks = [float(text) for text in first.split()[1:]]
        rate = os.sysconf("SC_CLK_TCK")
    except (AttributeError, OSError, ValueError):
        return None
    user, nice, system, _, _, interrupt, soft, stolen = ticks[:8]
    return (user + nice + system + interrupt + soft + stolen) / rate


def describe_machine() -> dict[str, str]:
    """What the numbers depend on, as pairs of a name and a text."""
    description = {
        "date": datetime.now(UTC).date().isoformat(),
        "deepparticle": __version__,
        "processor": processor_name(),
        "cores": str(core_count()),
        "memory": memory_text(),
        "system": platform.platform(terse=True),
        "Python": f"{platform.python_version()} ({sys.implementation.name})",
        "NumPy": version_of("numpy"),
        "BLAS of NumPy": matrix_library(),
        "C compiler": compiler_text(),
    }
    for package in ("scipy", "numba", "jax", "jaxlib", "thrml"):
        description[package] = version_of(package)
    return description
