"""What a run leaves behind: recorded series, their mean, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingTypeError
from deepparticle.compile.axes import Axes
from deepparticle.compile.backends.base import Trace
from deepparticle.compile.energies import (
    local_free_energies,
    local_terms,
    mean_field_free_energy,
    published_terms,
)
from deepparticle.compile.groups import group_map
from deepparticle.compile.program import Program
from deepparticle.compile.series import Folder, Series
from deepparticle.partitions.stepping import checked_option

__all__ = ["RECORDS", "Recorder", "Run", "checked_records", "recorded"]

RECORDS = {
    "states": "σ, (steps, [networks,] [chains,] N)",
    "free_energy": "Σ F_i, local, (steps[, networks][, chains])",
    "local_free_energy": "F_i, (steps, [networks,] [chains,] N)",
    "complexity": "Σ KL[θ_i ‖ β_i b_i], of the local one, (steps[, networks][, chains])",
    "accuracy": "Σ β_i L(θ_i) (Σ_j J_ij σ_j + u_i), of the local one, the same shape",
    "mean_field": "mean-field free energy, (steps[, networks][, chains])",
    "published": "the paper's free energy, (steps[, networks][, chains])",
    "published_complexity": "its first term, (steps[, networks][, chains])",
    "published_accuracy": "its second term, which is subtracted, the same shape",
    "partition_free_energy": "Σ F_i inside each partition, (steps, [networks,] [chains,] P)",
    "partition_entropy": "Σ H(θ_i) of the beliefs inside each partition, the same shape",
    "partition_activity": "mean |σ_i| inside each partition, the same shape",
    "prediction_error": "mean square of ε, (steps[, networks][, chains])",
    "weight_change": "Frobenius norm of ΔJ, (steps[, networks])",
}

_PARTITIONS = ("partition_free_energy", "partition_entropy", "partition_activity")
_LOCAL_TERMS = ("complexity", "accuracy")
_PUBLISHED = ("published", "published_complexity", "published_accuracy")


def checked_records(record: Any, where: str) -> tuple[str, ...]:
    """The names of series to record, checked against `RECORDS`."""
    names = (record,) if isinstance(record, str) else record
    try:
        return tuple(checked_option(name, tuple(RECORDS), where, "record") for name in names)
    except TypeError:
        raise SettingTypeError(
            Fault(
                where,
                "record is a sequence of names",
                repr(record),
                'give for example record=("states", "free_energy")',
            )
        ) from None


@dataclass(frozen=True, eq=False)
class Run:
    """The record of one call of `Simulator.infer` or `Simulator.learn`.

    Parameters
    ----------
    records : mapping of str to ndarray
        The recorded series, by name; the first axis is the recorded steps.
    mean : ndarray of shape ([networks,] [chains,] N)
        The mean state over all steps after burn-in, recorded or not.
    steps : int
        Steps made, burn-in excluded.
    every : int
        Steps between two records.
    interrupted : bool
        Whether it was stopped by Ctrl-C; everything until then is kept.
    patterns : ndarray of shape (epochs[, networks]), optional
        Which pattern each epoch of learning presented.
    diverged : ndarray of bool, shape (networks,), optional
        Which networks ran away, where there are several (a single one raises an error).
    columns : mapping of str to int
        Which column of ``partition_free_energy``, ``partition_entropy`` and ``partition_activity``
        belongs to which partition or population, by path: ``""`` is the world, then depth first.
    """

    records: Mapping[str, FloatArray]
    mean: FloatArray
    steps: int
    every: int = 1
    interrupted: bool = False
    patterns: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    diverged: BoolArray | None = None
    columns: Mapping[str, int] = field(default_factory=dict)
    _folder: Any = field(default=None, repr=False)  # a temporary folder lives as long as the run

    def __getattr__(self, name: str) -> FloatArray:
        records = vars(self).get("records", {})  # without it, a copy in the making would recurse
        if name in records:
            found: FloatArray = records[name]
            return found
        if name in RECORDS:
            raise AttributeError(
                f"this run did not record {name!r}; ask for it: record=({name!r}, …)"
            )
        raise AttributeError(f"a Run has no {name!r}; recorded: {sorted(records)}")

    def __repr__(self) -> str:
        series = ", ".join(f"{name} {values.shape}" for name, values in self.records.items())
        ended = ", interrupted" if self.interrupted else ""
        return f"<Run of {self.steps} steps: {series}{ended}>"


class Recorder:
    """Collects series while a run goes on.

    Parameters
    ----------
    program : Program
    axes : Axes
    names : tuple of str
        Keys of `RECORDS`.
    every : int
        Record every so many steps, beginning with the first.
    steps : int
        How many steps will be made, to reserve the memory once; 0 where nobody knows.
    folder : Folder
        Where series that are too large for memory go.
    precision : ndarray of shape (R, N)
    held : bool
        Whether rows can be held: then their precision is that of an earlier step.
    learning : bool
        Whether couplings change.
    """

    def __init__(
        self,
        program: Program,
        axes: Axes,
        names: tuple[str, ...],
        every: int,
        steps: int,
        folder: Folder,
        *,
        precision: FloatArray,
        held: bool,
        learning: bool,
    ) -> None:
        self._program = program
        self._axes = axes
        self._names = names
        self.every = every
        self._capacity = -(-steps // every)
        self._folder = folder
        self._precision = precision
        self._held = held
        self._series: dict[str, Series] = {}
        self._total: FloatArray | None = None
        self.steps = 0
        local = ("argument", *["used_precision"] * held)
        wanted = {
            "states": ("state",),
            "prediction_error": ("state", "field"),
            "free_energy": local,
            "local_free_energy": local,
            "mean_field": ("argument",),
            "partition_free_energy": local,
            "partition_entropy": ("argument",),
            "partition_activity": ("state",),
            **dict.fromkeys(_LOCAL_TERMS, local),
            **dict.fromkeys(_PUBLISHED, ("state",)),
        }
        self.keep = tuple(dict.fromkeys(kept for name in names for kept in wanted.get(name, ())))
        self.needs_evidence = bool({"mean_field", *_PUBLISHED} & set(names))
        # Couplings that change are only known between blocks.
        self.needs_couplings = learning and self.needs_evidence
        self.needs_change = learning and "weight_change" in names
        self._before: FloatArray | None = None

    @property
    def records(self) -> bool:
        """Whether any series is recorded."""
        return bool(self._names)

    def cut(self, done: int, stop: int) -> int:
        """Where a block of the steps from `done` to `stop` has to end for what is recorded."""
        # Couplings that change are read between blocks: after each step that records them, and
        # before it, where the record is their change.
        if self.needs_couplings or self.needs_change:
            stop = min(stop, done + (-self.steps % self.every) + 1)
            following = self.steps + stop - done
            if (
                self.needs_change
                and stop - done > 1
                and recorded(self.steps, following, self.every)
            ):
                stop -= 1
        return stop

    def before(self, couplings: FloatArray) -> None:
        """Remember the couplings with which the next record compares."""
        self._before = couplings.copy()

    def set_bias(self, bias: FloatArray) -> None:
        """The biases of the blocks that follow, shape (N,)."""
        if not np.array_equal(bias, self._program.bias):
            self._program = replace(self._program, bias=bias.copy())

    def take(
        self,
        trace: Trace,
        steps: int,
        couplings: Callable[[], FloatArray],
        evidence: Callable[[], FloatArray],
    ) -> None:
        """Take note of a block.

        Parameters
        ----------
        trace : Trace
            With the variables of `keep` after the steps to be recorded.
        steps : int
            The steps of the block.
        couplings : callable
            Gives those after the block, shape (R, N, N) or (R, E).
        evidence : callable
            Gives that of the steps kept, shape (R, K, C, N).
        """
        if self._total is None:
            self._total = np.zeros(self._axes.shape)
        self._total += trace.total
        self.steps += steps
        if self._names and (count := recorded(self.steps - steps, self.steps, self.every)):
            for name in self._names:
                self._append(name, self._values(name, trace, count, couplings, evidence))

    def _append(self, name: str, values: FloatArray) -> None:
        # Blocks have networks first, a run has time first, and no axes that a caller lacks.
        records = np.moveaxis(values, 1, 0)
        if name != "weight_change":
            records = self._axes.seen(records, 1)
        elif self._axes.networks is None:
            records = records[:, 0]
        if name not in self._series:
            self._series[name] = Series(
                name, records.shape[1:], records.dtype, self._capacity, self._folder
            )
        self._series[name].append(records)

    def _values(
        self,
        name: str,
        trace: Trace,
        count: int,
        couplings: Callable[[], FloatArray],
        evidence: Callable[[], FloatArray],
    ) -> FloatArray:
        """The records of one series, with networks as first axis and time as second."""
        program, kept = self._program, trace.kept
        if name == "states":
            return kept["state"]
        if name == "partition_entropy":
            return _inside(program, group_map(program, "entropy", kept["argument"]))
        if name == "partition_activity":
            return _inside(program, np.abs(kept["state"]), mean=True)
        if name in ("free_energy", "local_free_energy", "partition_free_energy", *_LOCAL_TERMS):
            used = kept["used_precision"] if self._held else self._precision[:, None, None]
            if name in _LOCAL_TERMS:
                terms = local_terms(program, kept["argument"], used)
                term: FloatArray = terms[_LOCAL_TERMS.index(name)].sum(-1)
                return term
            local = local_free_energies(program, kept["argument"], used)
            if name == "partition_free_energy":
                return _inside(program, local)
            return local if name == "local_free_energy" else local.sum(-1)
        if name == "prediction_error":
            error = kept["state"] - group_map(program, "mean", kept["field"])
            square: FloatArray = np.mean(error * error, axis=-1)
            return square
        if name == "weight_change":
            if self._before is None:  # couplings are frozen
                return np.zeros((self._axes.shape[0], count))
            change = couplings() - self._before
            norms: FloatArray = np.linalg.norm(change.reshape(len(change), -1), axis=1)
            return norms[:, None]

        def together(values: FloatArray) -> FloatArray:
            return values.reshape(len(values), -1, program.size)

        if name == "mean_field":
            energy = mean_field_free_energy(
                program,
                together(kept["argument"]),
                couplings(),
                together(evidence()),
                self._precision[:, None],
            )
        else:
            complexity, accuracy = published_terms(
                program, together(kept["state"]), couplings(), together(evidence())
            )
            energy = {
                "published": complexity - accuracy,
                "published_complexity": complexity,
                "published_accuracy": accuracy,
            }[name]
        return energy.reshape(len(energy), count, -1)

    def run(
        self,
        interrupted: bool,
        patterns: IntArray | None = None,
        diverged: BoolArray | None = None,
    ) -> Run:
        """The run so far."""
        total = np.zeros(self._axes.shape) if self._total is None else self._total
        records = {}
        for name in self._names:
            if name in self._series:
                values = self._series[name].values()
            else:  # no step was made
                shape = self._axes.outer
                if name == "weight_change":
                    shape = shape[: self._axes.networks is not None]
                elif name in ("states", "local_free_energy"):
                    shape = (*shape, self._axes.size)
                elif name in _PARTITIONS:
                    shape = (*shape, len(self._program.partitions))
                values = np.zeros((0, *shape))
            records[name] = values
        return Run(
            records,
            self._axes.seen(total / max(self.steps, 1)),
            self.steps,
            self.every,
            interrupted,
            np.zeros(0, dtype=np.intp) if patterns is None else patterns,
            diverged,
            {one.path: column for column, one in enumerate(self._program.partitions)},
            self._folder,
        )

    def close(self) -> None:
        """Close the files of series on disk."""
        for series in self._series.values():
            series.close()


def _inside(program: Program, values: FloatArray, mean: bool = False) -> FloatArray:
    """Sums (or means) of values of shape (..., N) over the rows of each partition, (..., P)."""
    sums = np.zeros((*values.shape[:-1], len(program.partitions)), values.dtype)
    for column, (_, start, stop) in enumerate(program.partitions):
        if stop > start:  # an empty one has neither
            inside = values[..., start:stop]
            sums[..., column] = inside.mean(-1) if mean else inside.sum(-1)
    return sums


def recorded(start: int, stop: int, every: int) -> int:
    """How many of the steps from `start` to `stop` are recorded, the first step being 0."""
    return -(-stop // every) - -(-start // every)
