"""Yardsticks: what the machine can do, without this library.

- `Roofline`: the learning step of one dense network, written by hand in C (``roofline.c``),
  compiled for this machine into a temporary folder.
- `matrix_product`, `matrix_vector`: the float32 products of the BLAS behind NumPy, with the threads
  that it has in this process.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from deepparticle.benchmarks.timing import Contender, Elapsed, timed

__all__ = [
    "CompilerMissingError",
    "Roofline",
    "compiler",
    "compiler_version",
    "matrix_product",
    "matrix_vector",
]

COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-march=native", "-ffast-math")


class CompilerMissingError(RuntimeError):
    """There is no C compiler that makes the yardstick."""


def compiler() -> str | None:
    """The first C compiler that is found."""
    return next((found for name in COMPILERS if (found := shutil.which(name))), None)


def compiler_version(program: str) -> str:
    """The first line of what a compiler says of itself."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return (said.stdout or said.stderr).partition("\n")[0].strip() or "unknown"


class Roofline:
    """The hand-written learning step, as programs for the wanted sizes.

    Used as a context: the programs are removed at its end.

    Raises
    ------
    CompilerMissingError
        If there is no C compiler, or it does not take the program.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="deepparticle-roofline-")
        self._programs: dict[int, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def program(self, size: int) -> Path:
        """The program for networks of so many subparticles."""
        if size not in self._programs:
            self._programs[size] = self._compiled(size)
        return self._programs[size]

    def _compiled(self, size: int) -> Path:
        found = compiler()
        if found is None:
            raise CompilerMissingError(f"no C compiler ({', '.join(COMPILERS)})")
        target = Path(self._folder.name, f"roofline-{size}")
        source = resources.files("deepparticle.benchmarks") / "roofline.c"
        with resources.as_file(source) as path:
            command = [found, *FLAGS, f"-DN={size}", str(path), "-o", str(target), "-lm"]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            reason = result.stderr.partition("\n")[0]
            raise CompilerMissingError(f"the C compiler does not take roofline.c: {reason}")
        return target

    def contender(self, size: int, copies: int = 1) -> Contender:
        """The program as a contender: seconds per step and core, by its own clock.

        Parameters
        ----------
        size : int
            Subparticles.
        copies : int
            So many run at the same time, each on a core of its own; the mean of them counts.
        """
        program = self.program(size)

        def measure(amount: int) -> Elapsed:
            running = [
                subprocess.Popen([program, str(amount)], stdout=subprocess.PIPE, text=True)
                for _ in range(copies)
            ]
            seconds = []
            for process in running:
                said, _ = process.communicate()
                found = re.match(r"([\d.]+) us/step", said)
                if process.returncode != 0 or found is None:
                    raise RuntimeError(f"roofline.c said {said!r}")
                seconds.append(1e-6 * float(found[1]) * amount)
            # Each process has one thread: its processor time is its wall time.
            wall = float(np.mean(seconds))
            return Elapsed(wall, wall)

        cores = "one core" if copies == 1 else f"{copies} at once"
        # The program prints ten-thousandths of a microsecond: one step is not enough to tell.
        return Contender(f"roofline.c, {cores}", lambda amount: measure(100 * amount), 100.0)


def matrix_product(rows: int, size: int) -> Contender:
    """NumPy's float32 matrix product of (rows, size) with (size, size), in place."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((rows, size), dtype=np.float32)
    right = rng.standard_normal((size, size), dtype=np.float32)
    result = np.empty((rows, size), dtype=np.float32)

    def multiply(amount: int) -> None:
        for _ in range(amount):
            # The transpose is how a target × source matrix meets rows of states.
            np.matmul(left, right.T, out=result)

    return Contender("matrix product, NumPy", timed(multiply))


def matrix_vector(size: int) -> Contender:
    """NumPy's float32 product of a matrix (size, size) with a vector, in place."""
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((size, size), dtype=np.float32)
    vector = rng.standard_normal(size, dtype=np.float32)
    result = np.empty(size, dtype=np.float32)

    def multiply(amount: int) -> None:
        for _ in range(amount):
            np.matmul(matrix, vector, out=result)

    return Contender("matrix-vector product, NumPy", timed(multiply))
