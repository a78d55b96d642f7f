"""The order in which patterns are presented while a network learns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import finite_number
from deepparticle.compile.arguments import checked_array
from deepparticle.compile.evidence import array_evidence, dict_evidence
from deepparticle.compile.program import Program
from deepparticle.partitions.stepping import checked_option

__all__ = ["ORDERS", "Presentation"]

ORDERS = ("random", "cyclic")


class Presentation:
    """An iterator over ``(index, evidence)``, one per epoch.

    Parameters
    ----------
    program : Program
    patterns : array_like of shape (P, N), mapping, or iterable
        A mapping ``{external: (P,) or (P, k)}``; an iterable gives single patterns ``(N,)``,
        ``(chains, N)`` or dicts, and is consumed as epochs go by.
    strength : float
        Scales every pattern.
    order : {"random", "cyclic"} or sequence of int
        Which pattern each epoch presents.
    epochs : int or None
        None: each pattern (or entry of `order`) once, or the whole iterable.
    chains : int or None
        For patterns with a chain axis.
    rng : numpy.random.Generator
        Draws the random order, and nothing else.
    """

    def __init__(
        self,
        program: Program,
        patterns: Any,
        strength: float,
        order: str | Sequence[int],
        epochs: int | None,
        chains: int | None,
        rng: np.random.Generator,
    ) -> None:
        self._program = program
        self._strength = finite_number(strength, "learn", "evidence_strength")
        self._chains = chains
        self._stream: Iterator[Any] | None = None
        self._given: list[Any] = []
        self._order: list[int] = []
        self.epochs = 0
        if isinstance(patterns, (str, bytes)) or not isinstance(patterns, (Mapping, Iterable)):
            raise SettingTypeError(
                Fault(
                    "learn",
                    "patterns are an array, a dict or an iterable",
                    repr(patterns)[:60],
                    "give an array of shape (P, N)",
                )
            )
        if isinstance(patterns, Mapping):
            self._given = self._from_mapping(patterns)
        elif isinstance(patterns, Sequence) and any(isinstance(one, Mapping) for one in patterns):
            self._given = [self._from_stream(one) for one in patterns]
        elif isinstance(patterns, (np.ndarray, Sequence)):
            self._given = self._from_array(patterns)
        else:
            if not isinstance(order, str):
                raise SettingError(
                    Fault(
                        "learn",
                        "an iterable is presented in its own order",
                        f"order={order!r}"[:60],
                        "give a list or an array of patterns, or leave order out",
                    )
                )
            checked_option(order, ORDERS, "learn", "order")
            self._stream = iter(patterns)
            self.epochs = epochs or 0
            return
        self._order = self._ordered(order, epochs, rng)
        self.epochs = len(self._order)

    def _from_array(self, patterns: Any) -> list[Any]:
        size = self._program.size
        array = checked_array(patterns, "learn", "patterns")
        if array.ndim == 1:
            array = array[None]
        if array.ndim != 2 or array.shape[1] != size or not array.shape[0]:
            raise SettingError(
                Fault(
                    "learn",
                    f"patterns have shape (P, {size}) with P ≥ 1",
                    f"shape {np.shape(patterns)}",
                    "give one row per pattern, one column per subparticle",
                )
            )
        return list(array_evidence(self._program, array, "learn") * self._strength)

    def _from_mapping(self, patterns: Mapping[Any, Any]) -> list[Any]:
        arrays = {
            key: checked_array(value, "learn", f"patterns[{key!r}]")
            for key, value in patterns.items()
        }
        counts = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
        if len(counts) != 1 or 0 in counts:
            shapes = {str(key): array.shape for key, array in arrays.items()}
            raise SettingError(
                Fault(
                    "learn",
                    "the patterns of a dict have the same number of rows",
                    repr(shapes),
                    "give arrays of shape (P,) or (P, k)",
                )
            )
        return [
            dict_evidence(
                self._program,
                {key: array[index] * self._strength for key, array in arrays.items()},
                "learn",
                self._chains,
            )
            for index in range(counts.pop())
        ]

    def _ordered(
        self, order: str | Sequence[int], epochs: int | None, rng: np.random.Generator
    ) -> list[int]:
        count = len(self._given)
        if isinstance(order, str):
            checked_option(order, ORDERS, "learn", "order")
            number = count if epochs is None else epochs
            if order == "random":
                return [int(index) for index in rng.integers(count, size=number)]
            return [index % count for index in range(number)]
        try:
            indices = np.asarray(order)
        except ValueError:
            indices = np.zeros(())
        if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer) or not indices.size:
            raise SettingTypeError(
                Fault(
                    "learn",
                    "order is 'random', 'cyclic' or a sequence of whole numbers",
                    repr(order)[:60],
                    "give for example order=[0, 1, 2]",
                )
            )
        if indices.min() < 0 or indices.max() >= count:
            raise SettingError(
                Fault(
                    "learn",
                    f"order names patterns 0…{count - 1}",
                    f"{indices.min()}…{indices.max()}",
                    "use existing indices",
                )
            )
        number = indices.size if epochs is None else epochs
        return [int(indices[index % indices.size]) for index in range(number)]

    def _from_stream(self, pattern: Any) -> Any:
        if isinstance(pattern, Mapping):
            scaled = {
                key: self._strength * checked_array(value, "learn", f"patterns[{key!r}]")
                for key, value in pattern.items()
            }
            return dict_evidence(self._program, scaled, "learn", self._chains)
        array = array_evidence(self._program, pattern, "learn") * self._strength
        if array.ndim == 2 and array.shape[0] != (self._chains or 1):
            raise SettingError(
                Fault(
                    "learn",
                    f"a pattern per chain has {self._chains or 1} rows",
                    f"shape {array.shape}",
                    "give shape (N,)",
                )
            )
        return array

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        if self._stream is None:
            for index in self._order:
                yield index, self._given[index]
            return
        for index, pattern in enumerate(self._stream):
            yield index, self._from_stream(pattern)
            if self.epochs and index + 1 == self.epochs:
                return
