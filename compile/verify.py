r"""Verification: objects and kernel do the same, shown on the user's own graph.

Every schedule, in both modes, with learning: the two backends are fed the same random numbers and
resynchronised before each step, and :math:`\sigma`, :math:`J`, the field and the free energy after
the step are compared. Where the network is contractive, they are also compared over a free
deterministic run; chaotic networks amplify rounding, and a healthy graph must not fail for that.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import DivergenceError
from deepparticle.compile.backends.base import Variables
from deepparticle.compile.energies import local_free_energies
from deepparticle.compile.program import Program
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.stepping import MODES, SCHEDULES

__all__ = ["Comparison", "Verification", "lipschitz_bound", "verify"]

# So many steps per comparison, for up to so many couplings; fewer for more.
_STEPS = 20
_FEW_COUPLINGS = 2000

# Unbounded states (Gaussian) can run away; far out there is nothing more to compare.
_LARGE_FIELD = 1e4


@dataclass(frozen=True)
class Comparison:
    """One thing that was compared.

    Parameters
    ----------
    what : str
    steps : int
    deviation : float
        The largest difference, relative to max(1, magnitude).
    tolerance : float
    """

    what: str
    steps: int
    deviation: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the deviation is within the tolerance."""
        return bool(self.deviation <= self.tolerance)

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "DIFFERS"
        numbers = f"{self.steps:>6}{self.deviation:>12.1e}{self.tolerance:>10.0e}"
        return f"{self.what:<52}{numbers}  {verdict}"


@dataclass(frozen=True)
class Verification:
    """The report of `verify`: printable.

    Parameters
    ----------
    name : str
        The world.
    comparisons : tuple of Comparison
    notes : tuple of str
        What was left out, and why.
    """

    name: str
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return all(comparison.ok for comparison in self.comparisons)

    def raise_if_failed(self) -> None:
        """Raise AssertionError with the report unless everything agrees."""
        if not self.ok:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        head = f"{'compared':<52}{'steps':>6}{'deviation':>12}{'tolerance':>10}"
        verdict = "objects and kernel agree" if self.ok else "objects and kernel DIFFER"
        return "\n".join(
            [
                f"Verification of {self.name!r}: {verdict}",
                head,
                *map(str, self.comparisons),
                *self.notes,
            ]
        )

    __repr__ = __str__


def lipschitz_bound(program: Program) -> float:
    r"""A bound on how much one step can stretch differences, in the maximum norm.

    :math:`\max_i \sum_j |\beta_i J_{ij}| \sup \phi_i''`; below 1 the deterministic dynamics
    contract.
    """
    slopes = np.empty(program.size)
    for group in program.groups:
        # The variance of the families here is largest at 0; a Gaussian's is constant.
        slopes[group.rows] = group.distribution.variance(0.0)
    stretch = np.abs(program.couplings * program.precision[:, None]).sum(axis=1)
    return float(np.max(stretch * slopes))


def _deviation(left: FloatArray, right: FloatArray) -> float:
    if left.size == 0:
        return 0.0
    scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
    difference = np.abs(left - right) / scale
    return float(np.max(np.where(np.isnan(difference), np.inf, difference)))


def _compare(program: Program, left: Variables, right: Variables) -> dict[str, float]:
    return {
        "σ": _deviation(left.state, right.state),
        "J": _deviation(left.couplings, right.couplings),
        "h": _deviation(left.field, right.field),
        "F": _deviation(local_free_energies(program, left), local_free_energies(program, right)),
    }


def verify(
    world: Partition,
    steps: int | None = None,
    seed: int = 0,
    tolerance: float = 1e-12,
    backends: tuple[str, ...] = ("numpy",),
    progress: bool = False,
) -> Verification:
    """Prove on this world that the objects and the compiled kernels do the same.

    Parameters
    ----------
    world : Partition
        Left as it is.
    steps : int, optional
        Steps per comparison; by default 20, and fewer (at least 2) for more than 2000 couplings,
        since stepping objects takes microseconds per coupling.
    seed : int
        For the random numbers and the evidence.
    tolerance : float
        The largest deviation per step, relative to max(1, magnitude).
    backends : tuple of str
        Kernels to hold against ``objects``.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Verification
        Print it; ``.ok``; ``.raise_if_failed()``.

    Examples
    --------
    >>> import deepparticle as dp
    >>> world = dp.from_couplings([[0.0, 0.5], [0.2, 0.0]], name="pair")
    >>> dp.verify(world).ok
    True
    """
    from deepparticle.compile.arguments import checked_count

    comparisons = [_compare_slots(world)]
    if steps is None:
        couplings = max(1, sum(1 for _ in world.boundaries()))
        steps = min(_STEPS, max(2, _STEPS * _FEW_COUPLINGS // couplings))
    steps = checked_count(steps, "verify", "steps", 1)
    notes: list[str] = []
    rng = np.random.default_rng(seed)
    combinations = list(product(backends, SCHEDULES, MODES))
    for backend, schedule, mode in tqdm(combinations, desc="verify", disable=not progress):
        worst, program = _resynchronised(world, backend, schedule, mode, steps, rng)
        for quantity, deviation in worst.items():
            what = f"{backend} = objects, {schedule}, {mode}: {quantity}"
            comparisons.append(Comparison(what, steps, deviation, tolerance))
    for backend in backends:
        bound = lipschitz_bound(program)
        if bound < 1.0:
            deviation = _free_run(world, backend, steps, seed)
            comparisons.append(
                Comparison(
                    f"{backend} = objects, free run: σ", steps, deviation, max(1e-10, tolerance)
                )
            )
        else:
            notes.append(f"no free run compared: one step can stretch differences by {bound:.3g}")
    return Verification(world.name, tuple(comparisons), tuple(notes))


def _compare_slots(world: Partition) -> Comparison:
    from deepparticle.compile.lowering import lower

    program = lower(world)
    wrong, count = 0.0, 0
    for boundary in world.boundaries():
        if boundary.kind == "boundary":
            row, column = program.row(boundary.target.path), program.row(boundary.source.path)
            wrong = max(wrong, abs(program.couplings[row, column] - boundary.weight))
            count += 1
    missing = abs(int(program.exists.sum()) - count)
    return Comparison(
        f"lowering: {count} boundary states = entries of J", 0, max(wrong, float(missing)), 0.0
    )


def _evidence(program: Program, rng: np.random.Generator) -> FloatArray:
    return np.where(program.senses, rng.normal(size=program.size), 0.0)


def _pair(world: Partition, backend: str, schedule: str, seed: Any) -> tuple[Any, Any]:
    from deepparticle.compile.simulator import Simulator

    return (
        Simulator(world, "objects", schedule, seed=seed),
        Simulator(world, backend, schedule, seed=seed),
    )


def _resynchronised(
    world: Partition, backend: str, schedule: str, mode: str, steps: int, rng: np.random.Generator
) -> tuple[dict[str, float], Program]:
    objects, kernel = _pair(world, backend, schedule, int(rng.integers(2**31)))
    program: Program = kernel.program
    start = objects.variables
    worst: dict[str, float] = {}
    # Rows that do not learn by themselves are still checked while learning.
    rate = np.where(program.learning_rate > 0.0, program.learning_rate, 1e-2)
    for _ in range(steps):
        kernel.variables = objects.variables
        evidence = _evidence(program, rng)
        for simulator in (objects, kernel):
            # A step that runs away is compared like any other.
            with suppress(DivergenceError):
                simulator.learn(
                    evidence, epochs=1, steps=1, mode=mode, learning_rate=rate, record=()
                )
        deviations = _compare(program, objects.variables, kernel.variables)
        worst = {name: max(worst.get(name, 0.0), value) for name, value in deviations.items()}
        if not np.all(np.abs(objects.variables.field) < _LARGE_FIELD):
            objects.variables = start
    return worst, program


def _free_run(world: Partition, backend: str, steps: int, seed: int) -> float:
    objects, kernel = _pair(world, backend, "synchronous", seed)
    evidence = _evidence(kernel.program, np.random.default_rng(seed))
    runs = [
        simulator.infer(evidence, steps, mode="deterministic") for simulator in (objects, kernel)
    ]
    return _deviation(runs[0].states, runs[1].states)
