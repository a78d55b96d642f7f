"""What a run leaves behind: recorded series, their mean, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.errors import Fault, SettingTypeError
from deepparticle.compile.backends.base import Variables
from deepparticle.compile.backends.numpy_backend import group_map
from deepparticle.compile.energies import (
    local_free_energies,
    mean_field_free_energy,
    published_free_energy,
)
from deepparticle.compile.program import Program
from deepparticle.partitions.stepping import checked_option

__all__ = ["RECORDS", "Recorder", "Run", "checked_records"]

RECORDS = {
    "states": "σ, (steps, [chains,] N)",
    "free_energy": "Σ F_i, local, (steps[, chains])",
    "local_free_energy": "F_i, (steps, [chains,] N)",
    "mean_field": "mean-field free energy, (steps[, chains])",
    "published": "the paper's free energy, (steps[, chains])",
    "prediction_error": "mean square of ε, (steps[, chains])",
    "weight_change": "Frobenius norm of ΔJ, (steps,)",
}


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
    mean : ndarray of shape ([chains,] N)
        The mean state over all steps after burn-in, recorded or not.
    steps : int
        Steps made, burn-in excluded.
    every : int
        Steps between two records.
    interrupted : bool
        Whether it was stopped by Ctrl-C; everything until then is kept.
    patterns : ndarray of shape (epochs,), optional
        Which pattern each epoch of learning presented.
    """

    records: Mapping[str, FloatArray]
    mean: FloatArray
    steps: int
    every: int = 1
    interrupted: bool = False
    patterns: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

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
    names : tuple of str
        Keys of `RECORDS`.
    every : int
        Record every so many steps, beginning with the first.
    steps : int
        How many steps will be made, to reserve the memory once; 0 where nobody knows.
    chains : int or None
        The size of the chain axis; None drops it.
    """

    def __init__(
        self, program: Program, names: tuple[str, ...], every: int, steps: int, chains: int | None
    ) -> None:
        self._program = program
        self._names = names
        self._every = every
        self._chains = chains
        self._capacity = -(-steps // every)
        self._series: dict[str, FloatArray] = {}
        self._count = 0
        self._total: FloatArray | None = None
        self.steps = 0
        self._before: FloatArray | None = None

    def before(self, now: Variables) -> None:
        """Remember what the next record compares with."""
        if "weight_change" in self._names and self.steps % self._every == 0:
            self._before = now.couplings.copy()

    def after(self, now: Variables, evidence: FloatArray, precision: FloatArray) -> None:
        """Take note of a step that was made."""
        if self._total is None:
            self._total = np.zeros(now.state.shape)
        self._total += now.state
        if self.steps % self._every == 0 and self._names:
            for name in self._names:
                self._append(name, self._value(name, now, evidence, precision))
            self._count += 1
        self.steps += 1

    def _append(self, name: str, value: Any) -> None:
        if name not in self._series:
            shape = (max(1, self._capacity), *np.shape(value))
            self._series[name] = np.empty(shape, dtype=np.result_type(value))
        elif self._count == len(self._series[name]):  # a stream of unknown length
            held = self._series[name]
            self._series[name] = np.concatenate([held, np.empty_like(held)])
        self._series[name][self._count] = value

    def _value(
        self, name: str, now: Variables, evidence: FloatArray, precision: FloatArray
    ) -> FloatArray | float:
        program = self._program
        if name == "states":
            return now.state
        if name == "free_energy":
            total: FloatArray = local_free_energies(program, now).sum(-1)
            return total
        if name == "local_free_energy":
            return local_free_energies(program, now)
        if name == "mean_field":
            return mean_field_free_energy(program, now, evidence, precision)
        if name == "published":
            return published_free_energy(program, now, evidence)
        if name == "prediction_error":
            error = now.state - group_map(program, "mean", now.field)
            square: FloatArray = np.mean(error * error, axis=-1)
            return square
        assert self._before is not None
        return float(np.linalg.norm(now.couplings - self._before))

    def run(self, interrupted: bool, patterns: list[int] | None = None) -> Run:
        """The run so far."""
        shape = (self._chains or 1, self._program.size)
        total = np.zeros(shape) if self._total is None else self._total
        mean = total / max(self.steps, 1)
        records = {name: values[: self._count] for name, values in self._series.items()}
        for name in self._names:  # no step was made
            axes = {"weight_change": 0, "states": 2, "local_free_energy": 2}.get(name, 1)
            records.setdefault(name, np.zeros((0, *shape[:axes])))
        if self._chains is None:
            mean = mean[0]
            records = {
                name: values if name == "weight_change" else values[:, 0]
                for name, values in records.items()
            }
        return Run(
            records,
            mean,
            self.steps,
            self._every,
            interrupted,
            np.array(patterns or [], dtype=np.intp),
        )
