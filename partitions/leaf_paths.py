"""The paths of the leaves of a partition; a million need not be written to be asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from deepparticle.blankets.naming import SEPARATOR

__all__ = ["LeafPaths"]


class LeafPaths(Sequence[str]):
    """The paths of leaves in row order, a string at a time.

    Equal to every sequence of the same strings; ``paths.rows`` is the mapping from path to row.

    Parameters
    ----------
    runs : sequence of (tuple of str) or (str, int)
        One after the other: the paths of explicit leaves, or a population's path and its size.

    Examples
    --------
    >>> paths = LeafPaths([("a", "b"), ("cortex", 1_000_000)])
    >>> len(paths), paths[1], paths[-1]
    (1000002, 'b', 'cortex/999999')
    >>> paths.rows["cortex/7"], paths.rows.get("cortex/x")
    (9, None)
    """

    def __init__(self, runs: Sequence[tuple[str, ...] | tuple[str, int]]) -> None:
        self._starts: list[int] = []
        self._names: list[tuple[str, ...] | None] = []
        self._prefixes: list[str] = []
        self._populations: dict[str, tuple[int, int]] = {}
        self._explicit: dict[str, int] | None = None
        self._count = 0
        for run in runs:
            self._starts.append(self._count)
            size = run[-1] if len(run) == 2 else None
            if isinstance(size, int):
                prefix = str(run[0]) + SEPARATOR
                self._names.append(None)
                self._prefixes.append(prefix)
                self._populations[prefix] = (self._count, size)
                self._count += size
            else:
                self._names.append(run)  # type: ignore[arg-type]
                self._prefixes.append("")
                self._count += len(run)

    @property
    def rows(self) -> Mapping[str, int]:
        """From path to row, without making the paths of populations."""
        return _Rows(self)

    def _row(self, path: object) -> int | None:
        if not isinstance(path, str):
            return None
        cut = path.rfind(SEPARATOR) + 1
        population = self._populations.get(path[:cut])
        if population is not None:
            start, size = population
            number = path[cut:]
            # "007" is not a name, "7" is; what is longer than the size is no number to read.
            if not number.isdecimal() or len(number) > len(str(size)) or str(int(number)) != number:
                return None
            return start + int(number) if int(number) < size else None
        if self._explicit is None:
            self._explicit = {
                name: start + offset
                for start, names in zip(self._starts, self._names, strict=True)
                if names is not None
                for offset, name in enumerate(names)
            }
        return self._explicit.get(path)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[str, ...]: ...
    def __getitem__(self, row: int | slice) -> str | tuple[str, ...]:
        if isinstance(row, slice):
            return tuple(self[one] for one in range(*row.indices(self._count)))
        place = range(self._count)[row]
        run = bisect_right(self._starts, place) - 1
        names, offset = self._names[run], place - self._starts[run]
        return f"{self._prefixes[run]}{offset}" if names is None else names[offset]

    def __iter__(self) -> Iterator[str]:
        ends = [*self._starts[1:], self._count]
        for start, end, names, prefix in zip(
            self._starts, ends, self._names, self._prefixes, strict=True
        ):
            if names is None:
                yield from (f"{prefix}{offset}" for offset in range(end - start))
            else:
                yield from names

    def __contains__(self, path: object) -> bool:
        return self._row(path) is not None

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The row of a path; ValueError if there is none."""
        row = self._row(value)
        if row is None or row not in range(*slice(start, stop).indices(self._count)):
            raise ValueError(f"{value!r} is not one of the paths")
        return row

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str) or not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == its for mine, its in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(repr(path) for path in self[:4])
        return f"<{self._count} paths: {shown}{', …' if self._count > 4 else ''}>"


class _Rows(Mapping[str, int]):
    """The other direction of `LeafPaths`."""

    def __init__(self, paths: LeafPaths) -> None:
        self._paths = paths

    def __getitem__(self, path: str) -> int:
        row = self._paths._row(path)
        if row is None:
            raise KeyError(path)
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
