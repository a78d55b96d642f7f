r"""Verification: objects and kernel do the same, shown on the user's own graph.

Every schedule of the library that the states allow, and yours on request, in both modes, in the
dense and the sparse layout, with learning, and for several networks and chains: the two backends
are fed the same random numbers and resynchronised before each step, and :math:`\sigma`, :math:`J`,
the field and the free energy after the step are compared.
Where the network is contractive, they are also compared over a free deterministic run; chaotic
networks amplify rounding, and a healthy graph must not fail for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
from tqdm.auto import tqdm

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import DivergenceError, SettingError
from deepparticle.blankets.numbers import checked_count
from deepparticle.compile.backends.base import Variables
from deepparticle.compile.backends.choosing import installed_backends
from deepparticle.compile.divergence import DivergenceWarning
from deepparticle.compile.energies import local_free_energies
from deepparticle.compile.lowering import LAYOUTS, lower
from deepparticle.compile.program import Program
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.schedules import SCHEDULES, checked_schedule
from deepparticle.partitions.stepping import MODES

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
    targets, _ = program.entries
    weights = program.couplings
    weights = weights[program.entries] if program.layout == "dense" else weights
    sums = np.bincount(targets, np.abs(weights), minlength=program.size)
    stretch = sums * program.precision
    return float(np.max(stretch * slopes))


def _deviation(left: FloatArray, right: FloatArray) -> float:
    if left.size == 0:
        return 0.0
    scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
    difference = np.abs(left - right) / scale
    return float(np.max(np.where(np.isnan(difference), np.inf, difference)))


def _compare(program: Program, left: Variables, right: Variables) -> dict[str, float]:
    free = [local_free_energies(program, one.argument, one.used_precision) for one in (left, right)]
    return {
        "σ": _deviation(left.state, right.state),
        "J": _deviation(left.couplings, right.couplings),
        "h": _deviation(left.field, right.field),
        "F": _deviation(*free),
    }


@dataclass(frozen=True)
class _Case:
    """One way to run a world."""

    backend: str
    schedule: str
    mode: str
    layout: str
    networks: int | None = None
    chains: int | None = None

    def __str__(self) -> str:
        said = f"{self.backend} = objects, {self.schedule}, {self.mode}"
        if self.layout == "sparse":
            said += ", sparse"
        if self.networks is not None:
            said += f", {self.networks} networks × {self.chains} chains"
        return said

    def pair(self, world: Partition, seed: Any) -> tuple[Any, Any]:
        """The definition and the kernel, fed the same random numbers."""
        from deepparticle.compile.simulator import Simulator

        # Networks differ in precision, and with it in what they learn.
        precision = None if self.networks is None else np.linspace(0.5, 1.0, self.networks)
        return tuple(  # type: ignore[return-value]
            Simulator(
                world,
                name,
                self.schedule,
                networks=self.networks,
                chains=self.chains,
                layout=self.layout,
                stream="shared",
                precision=precision,
                seed=seed,
            )
            for name in ("objects", self.backend)
        )


def _cases(backend: str, schedules: Sequence[str]) -> list[_Case]:
    single = [_Case(backend, *one) for one in product(schedules, MODES, LAYOUTS[1:])]
    several = [
        _Case(backend, schedule, "stochastic", layout, 2, 3)
        for schedule, layout in product(schedules, LAYOUTS[1:])
    ]
    return single + several


def verify(
    world: Partition,
    steps: int | None = None,
    seed: int = 0,
    tolerance: float = 1e-12,
    backends: tuple[str, ...] = ("numpy",),
    progress: bool = False,
    schedules: Sequence[str] = SCHEDULES,
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
        Kernels to hold against ``objects``: ``"numpy"``, ``"native"``, ``"jax"``, your own.
    progress : bool
        Show a progress bar.
    schedules : sequence of str
        By default the five that come with the library.

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
    comparisons = [_compare_slots(world)]
    if steps is None:
        couplings = max(1, sum(1 for _ in world.boundaries()))
        steps = min(_STEPS, max(2, _STEPS * _FEW_COUPLINGS // couplings))
    steps = checked_count(steps, "verify", "steps", 1)
    notes: list[str] = []
    rng = np.random.default_rng(seed)
    orders = [checked_schedule(one, "verify") for one in schedules]
    try:
        lower(world, "langevin")
    except SettingError as error:
        if "langevin" in orders:
            orders.remove("langevin")
            notes.append(f"langevin left out: {error}")
    cases = [case for backend in backends for case in _cases(backend, orders)]
    refused: set[str] = set()
    for case in tqdm(cases, desc="verify", disable=not progress):
        number = int(rng.integers(2**31))
        try:
            objects, kernel = case.pair(world, number)
            worst = _resynchronised(objects, kernel, case.mode, steps, rng)
        except SettingError as error:
            if case.backend == "numpy" or case.backend not in installed_backends():
                raise
            if case.backend not in refused:
                notes.append(f"{case}: {error}")
            refused.add(case.backend)
            continue
        for quantity, deviation in worst.items():
            comparisons.append(Comparison(f"{case}: {quantity}", steps, deviation, tolerance))
    bound = lipschitz_bound(lower(world, layout="dense"))
    for backend in backends:
        if bound >= 1.0:
            notes.append(f"no free run compared: one step can stretch differences by {bound:.3g}")
        elif backend not in refused:
            deviation = _free_run(world, backend, steps, seed)
            what = f"{backend} = objects, free run: σ"
            comparisons.append(Comparison(what, steps, deviation, max(1e-10, tolerance)))
    return Verification(world.name, tuple(comparisons), tuple(notes))


def _compare_slots(world: Partition) -> Comparison:
    programs = [lower(world, layout=layout) for layout in LAYOUTS[1:]]
    wrong, count = 0.0, 0
    held = []
    for program in programs:
        targets, sources = (rows.tolist() for rows in program.entries)
        values = program.couplings
        if program.layout == "dense":
            values = values[program.entries]
        held.append(dict(zip(zip(targets, sources, strict=True), values.tolist(), strict=True)))
    for boundary in world.boundaries():
        if boundary.kind == "boundary":
            rows = programs[0].row(boundary.target.path), programs[0].row(boundary.source.path)
            count += 1
            for entries in held:
                wrong = max(wrong, abs(entries.get(rows, np.inf) - boundary.weight))
    missing = max(abs(len(entries) - count) for entries in held)
    return Comparison(
        f"lowering: {count} boundary states = entries of J", 0, max(wrong, float(missing)), 0.0
    )


def _evidence(program: Program, rng: np.random.Generator) -> FloatArray:
    return np.where(program.senses, rng.normal(size=program.size), 0.0)


def _resynchronised(
    objects: Any, kernel: Any, mode: str, steps: int, rng: np.random.Generator
) -> dict[str, float]:
    program: Program = kernel.program
    start = objects.variables
    worst: dict[str, float] = {}
    # Rows that do not learn by themselves are still checked while learning.
    rate = np.where(program.learning_rate > 0.0, program.learning_rate, 1e-2)
    if start.state.shape[0] > 1:
        rate = rate[None]
    for _ in range(steps):
        kernel.variables = objects.variables
        evidence = _evidence(program, rng)
        for simulator in (objects, kernel):
            # A step that runs away is compared like any other.
            with suppress(DivergenceError), catch_warnings():
                simplefilter("ignore", DivergenceWarning)
                simulator.learn(
                    evidence, epochs=1, steps=1, mode=mode, learning_rate=rate, record=()
                )
        deviations = _compare(program, objects.variables, kernel.variables)
        worst = {name: max(worst.get(name, 0.0), value) for name, value in deviations.items()}
        if not np.all(np.abs(objects.variables.field) < _LARGE_FIELD):
            objects.variables = start
    return worst


def _free_run(world: Partition, backend: str, steps: int, seed: int) -> float:
    objects, kernel = _Case(backend, "synchronous", "deterministic", "auto").pair(world, seed)
    evidence = _evidence(kernel.program, np.random.default_rng(seed))
    runs = [
        simulator.infer(evidence, steps, mode="deterministic") for simulator in (objects, kernel)
    ]
    return _deviation(runs[0].states, runs[1].states)
