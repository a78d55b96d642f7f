"""What is measured in an interpreter of its own: import, first call, memory.

Such things happen once per process, and a process that has done others before would flatter them.
A probe prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["build", "first_call", "main", "peak_memory", "probe"]

# Nothing but the library may be imported before the clock has stopped.
IMPORT = """
import sys, time
begun = time.perf_counter()
import deepparticle
seconds = time.perf_counter() - begun
import json
modules = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"seconds": seconds, "modules": modules}))
"""
OTHER = "from deepparticle.benchmarks.probe import main; main()"


class ProbeError(RuntimeError):
    """The interpreter of a probe ended with an error."""


def probe(command: str, *arguments: str, forget: bool = False) -> dict[str, Any]:
    """Run a command in a new interpreter: ``import``, ``first-call BACKEND`` or ``build COUNT``.

    Parameters
    ----------
    command, *arguments : str
    forget : bool
        Whether compiled code that earlier processes left on disk is not to be found.

    Raises
    ------
    ImportError
        If a package is missing there.
    ProbeError
        If it fails otherwise; the message is the last line that it said.
    """
    code = (IMPORT,) if command == "import" else (OTHER, command, *arguments)
    with tempfile.TemporaryDirectory(prefix="deepparticle-probe-") as folder:
        # -P: what lies in the present folder must not be imported by a bare name.
        result = subprocess.run(
            [sys.executable, "-P", "-c", *code],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "NUMBA_CACHE_DIR": folder} if forget else None,
        )
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines() or [f"exit status {result.returncode}"]
        raise ProbeError(lines[-1])
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    if "missing" in answer:
        raise ImportError(answer["missing"])
    return answer


def main() -> None:
    """Answer the command in the arguments of this process."""
    commands: dict[str, Callable[[str], dict[str, Any]]] = {
        "first-call": first_call,
        "build": lambda count: build(int(count)),
    }
    command, argument = sys.argv[1:]
    sys.stdout.write(json.dumps(commands[command](argument)) + "\n")


def first_call(backend: str) -> dict[str, Any]:
    """Seconds of the first simulator and its first ten learning steps, and of the second time."""
    from deepparticle.benchmarks.runs import learning
    from deepparticle.blankets.errors import SettingError, SettingTypeError

    def run() -> float:
        begun = time.perf_counter()
        learning(backend, 64).contender.measure(1)
        return time.perf_counter() - begun

    try:
        return {"seconds": run(), "again": run()}
    except (ImportError, SettingError, SettingTypeError) as error:
        return {"missing": str(error)}


def build(count: int) -> dict[str, Any]:
    """Seconds to build, check and lower a world of explicit objects, and its largest memory.

    Each subparticle senses ten others of its own area, areas have a hundred subparticles, and
    each coupling is made by a call of its own, which is the slowest way to say it.
    """
    import deepparticle as dp

    before = peak_memory()
    begun = time.perf_counter()
    world = dp.Partition("world")
    remaining = count
    while remaining > 0:
        area = world.add_partition(f"area{remaining}")
        members = [area.add_subparticle(f"p{number}") for number in range(100)]
        for number in range(min(1000, remaining)):
            target, offset = divmod(number, 10)
            world.couple(members[(target + offset + 1) % 100], members[target], 0.1)
        remaining -= 1000
    built = time.perf_counter()
    world.check()
    checked = time.perf_counter()
    program = dp.lower(world)
    lowered = time.perf_counter()
    after = peak_memory()
    assert program.size == len(world.subparticles)
    return {
        "build": built - begun,
        "check": checked - built,
        "lower": lowered - checked,
        "memory": None if before is None or after is None else after - before,
    }


def peak_memory() -> int | None:
    """The most memory that this process has held so far, in bytes; None where nobody says."""
    try:
        # Not getrusage: on Linux its maximum is inherited from the process that started this one.
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("VmHWM")), None)
    return None if found is None else 1024 * int(found.split()[1])
