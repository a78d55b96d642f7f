"""The order in which patterns are presented while a network learns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from deepparticle.blankets._types import IntArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import finite_number
from deepparticle.compile.arguments import checked_array
from deepparticle.compile.axes import Axes
from deepparticle.compile.evidence import refuse_bypass, resolved_evidence
from deepparticle.compile.program import Program
from deepparticle.partitions.stepping import checked_option

__all__ = ["ORDERS", "Presentation"]

ORDERS = ("random", "cyclic")


class Presentation:
    """What is presented to a network that learns, epoch after epoch.

    Parameters
    ----------
    program : Program
    axes : Axes
    patterns : array_like of shape (P, N) or (P, [networks,] [chains,] N), mapping, or iterable
        A mapping ``{external: (P,) or (P, k)}``; an iterable gives single patterns ``(N,)``,
        ``([networks,] [chains,] N)`` or dicts, and is consumed as epochs go by. None is a single
        pattern that clamps nothing.
    strength : float or array_like of shape (networks,)
        Scales every pattern.
    order : {"random", "cyclic"} or sequence of int
        Which pattern each epoch presents.
    epochs : int or None
        None: each pattern (or entry of `order`) once, or the whole iterable.
    streams : sequence of numpy.random.Generator
        Each draws the random order of one network, and nothing else.

    Attributes
    ----------
    givens : list
        The patterns, as evidence for `Surroundings.evidence`; empty for an iterable.
    order : ndarray of int, shape (epochs, R)
        Which of them each epoch presents to each network.
    stream : iterator or None
        The evidence of one epoch after another, where patterns are an iterable.
    epochs : int
        0 where nobody knows.
    """

    def __init__(
        self,
        program: Program,
        axes: Axes,
        patterns: Any,
        strength: Any,
        order: str | Sequence[int],
        epochs: int | None,
        streams: Sequence[np.random.Generator],
    ) -> None:
        self._program = program
        self._axes = axes
        self._strength = self._checked_strength(strength)
        self.stream: Iterator[Any] | None = None
        self.givens: list[Any] = []
        self.order: IntArray = np.zeros((0, axes.shape[0]), dtype=np.intp)
        self.epochs = 0
        if patterns is None:  # the world is shown as it is
            patterns = [{}]
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
            self.givens = self._from_mapping(patterns)
        elif isinstance(patterns, Sequence) and any(isinstance(one, Mapping) for one in patterns):
            self.givens = [self._single(one) for one in patterns]
        elif isinstance(patterns, (np.ndarray, Sequence)):
            self.givens = self._from_array(patterns)
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
            self.stream = map(self._single, islice(patterns, epochs))
            self.epochs = epochs or 0
            return
        self.order = self._ordered(order, epochs, streams)
        self.epochs = len(self.order)

    def _checked_strength(self, strength: Any) -> Any:
        listed = isinstance(strength, Sequence) and not isinstance(strength, (str, bytes))
        if not listed and np.ndim(strength) == 0:
            return finite_number(strength, "learn", "evidence_strength")
        array = checked_array(strength, "learn", "evidence_strength")
        if self._axes.networks is None or array.shape != (self._axes.networks,):
            wanted = "a number"
            if self._axes.networks is not None:
                wanted += f" or has shape ({self._axes.networks},), one per network"
            raise SettingError(
                Fault(
                    "learn",
                    f"evidence_strength is {wanted}",
                    f"shape {array.shape}",
                    "scale the patterns themselves for anything else",
                )
            )
        return array.reshape(-1, 1, 1)

    def _from_array(self, patterns: Any) -> list[Any]:
        size = self._program.size
        array = checked_array(patterns, "learn", "patterns")
        if array.ndim == 1:
            array = array[None]
        full = None
        if array.ndim > 1 and array.shape[0]:
            full = self._axes.inner(array[0])
        if full is None:
            shapes = f"(P, {size})"
            if self._axes.outer:
                lead = ", ".join(map(str, self._axes.outer))
                shapes += f" or (P, {lead}, {size})"
            raise SettingError(
                Fault(
                    "learn",
                    f"patterns have shape {shapes} with P ≥ 1",
                    f"shape {np.shape(patterns)}",
                    "give one row per pattern, one column per subparticle",
                )
            )
        refuse_bypass(self._program, array, "learn")
        return [self._strength * self._axes.inner(one) for one in array]

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
            self._single({key: array[index] for key, array in arrays.items()})
            for index in range(counts.pop())
        ]

    def _ordered(
        self,
        order: str | Sequence[int],
        epochs: int | None,
        streams: Sequence[np.random.Generator],
    ) -> IntArray:
        count = len(self.givens)
        if isinstance(order, str):
            checked_option(order, ORDERS, "learn", "order")
            number = count if epochs is None else epochs
            if order == "random":
                return np.stack([one.integers(count, size=number) for one in streams], axis=1)
            return self._alike(np.arange(number) % count)
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
        return self._alike(indices[np.arange(number) % indices.size])

    def _alike(self, indices: IntArray) -> IntArray:
        return np.repeat(indices[:, None], self._axes.shape[0], axis=1).astype(np.intp)

    def __iter__(self) -> Iterator[list[Any]]:
        """What each network is given, epoch after epoch."""
        networks = self._axes.shape[0]
        if self.stream is None:
            for indices in self.order.tolist():
                yield [self.givens[index] for index in indices]
            return
        for given in self.stream:
            yield [given] * networks

    def presented(self, epochs: int) -> IntArray:
        """Which patterns the first epochs presented, shape (epochs, R); streams are counted."""
        if self.stream is None:
            return self.order[:epochs]
        return self._alike(np.arange(epochs))

    def _single(self, pattern: Any) -> Any:
        """One pattern as evidence."""
        given = resolved_evidence(self._program, pattern, self._axes, "learn")
        if given is None:
            rule, mend = "a pattern is an array or a dict", "give {} for what external states hold"
            raise SettingTypeError(Fault("learn", rule, "None", mend))
        if isinstance(given, dict):
            return {number: self._strength * value for number, value in given.items()}
        return self._strength * given
