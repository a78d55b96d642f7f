"""A proposed partition: its tree, its levels, the splits that made it, and the world it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.blankets.naming import SEPARATOR
from deepparticle.partitions.discovering.branches import Branch, Split
from deepparticle.partitions.discovering.sources import Source

if TYPE_CHECKING:
    import networkx

    from deepparticle.partitions.partition import Partition

__all__ = ["Proposal"]


@dataclass(frozen=True)
class Proposal:
    """What `propose_partition` found.

    Parameters
    ----------
    source : Source
        The couplings that were divided, with the names of the subparticles.
    root : Branch
        The tree: rows, parts inside, and the split that was tried.

    Examples
    --------
    >>> from deepparticle.partitions import propose_partition
    >>> cliques = np.kron(np.eye(2), np.ones((5, 5))) - np.eye(10)
    >>> cliques[4, 5] = 0.5
    >>> proposal = propose_partition(cliques)
    >>> proposal.depth, proposal.labels[1].tolist()
    (1, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    >>> proposal.splits[""].border
    2
    """

    source: Source
    root: Branch

    @property
    def couplings(self) -> Any:
        """The couplings in the order of rows in which they were given (or estimated)."""
        return self.source.couplings

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the subparticles, in the given order of rows."""
        return self.source.names

    @cached_property
    def _prefix(self) -> str:
        # A subparticle beside the parts may be called "part0".
        prefix = "part"
        while any(name.startswith(prefix) for name in self.names):
            prefix += "_"
        return prefix

    def branches(self) -> Iterator[tuple[str, Branch]]:
        """The parts by path, the world first (``""``), each before what is inside it."""
        yield from self._inside("", self.root)

    def _inside(self, path: str, branch: Branch) -> Iterator[tuple[str, Branch]]:
        yield path, branch
        for number, part in enumerate(branch.parts):
            name = f"{self._prefix}{number}"
            yield from self._inside(f"{path}{SEPARATOR}{name}" if path else name, part)

    @cached_property
    def splits(self) -> dict[str, Split]:
        """Every split that was tried, by the path of what was to be split."""
        return {path: part.split for path, part in self.branches() if part.split is not None}

    @cached_property
    def depth(self) -> int:
        """The number of levels below the world; 0 if it is one whole."""
        return max(_level(path) for path, _ in self.branches())

    @cached_property
    def order(self) -> IntArray:
        """The given rows in the order of the world: ``world.couplings == J[order][:, order]``."""
        return np.concatenate([branch.direct for _, branch in self.branches()])

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The path of the part in which each subparticle lies, in the given order of rows."""
        paths = [""] * len(self.names)
        for path, branch in self.branches():
            for row in branch.direct.tolist():
                paths[row] = path
        return tuple(paths)

    @cached_property
    def labels(self) -> tuple[IntArray, ...]:
        """For each level, from the world on inwards, the part of each subparticle, ``(N,)``.

        Level 0 is the world, one part; ``labels[-1]`` are the innermost parts. A subparticle that
        lies beside the parts of a level is one of its own.
        """
        levels = []
        for level in range(self.depth + 1):
            labels = np.zeros(len(self.names), dtype=np.intp)
            number = 0
            for path, branch in self.branches():
                if _level(path) == level or (_level(path) < level and not branch.parts):
                    labels[branch.rows] = number
                    number += 1
                elif _level(path) < level:
                    labels[branch.direct] = number + np.arange(len(branch.direct))
                    number += len(branch.direct)
            levels.append(labels)
        return tuple(levels)

    @cached_property
    def leaks(self) -> tuple[FloatArray, ...]:
        """For each level, from the outermost borders on inwards, the leaks of its splits."""
        return tuple(
            np.array(
                [
                    split.leak.ratio
                    for path, split in self.splits.items()
                    if split.accepted and _level(path) == level
                ]
            )
            for level in range(self.depth)
        )

    def nesting(self, name: str = "world") -> networkx.DiGraph:
        """The tree of parts and subparticles, from outside inwards, for `from_networkx`.

        Parameters
        ----------
        name : str
            The name of the root.

        Returns
        -------
        networkx.DiGraph
            Leaves are the nodes of the graph that was given, or else the names of subparticles.
        """
        import networkx

        graph = self.source.graph
        leaves = list(self.names if graph is None else graph)
        tree = networkx.DiGraph()
        for path, branch in self.branches():
            holder, _, own = path.rpartition(SEPARATOR)
            tree.add_node(("part", path), name=own or name)
            if path:
                tree.add_edge(("part", holder), ("part", path))
            for row in branch.direct.tolist():
                tree.add_node(leaves[row], name=self.names[row])
                tree.add_edge(("part", path), leaves[row])
        return tree

    def partition(self, name: str = "world", **options: Any) -> Partition:
        """The world with these parts.

        Parameters
        ----------
        name : str
        **options
            ``bias`` (in the given order of rows), ``distribution``, ``plastic`` as of
            `from_couplings`; for a graph those of `from_networkx`. Further ``precision``,
            ``learning_rate``, ``clock`` of the world.

        Returns
        -------
        Partition
            Explicit subparticles, called by their names. Where there would be more than 200 000
            boundary states, the innermost parts are populations, whose members have numbers;
            `order` says which rows they are.
        """
        from deepparticle.partitions.discovering.building import build

        return build(self, name, options)

    def __str__(self) -> str:
        levels = f"{self.depth} level{'s' if self.depth > 1 else ''} of parts"
        parts = levels if self.depth else "one whole"
        lines = [
            f"{len(self.names)} subparticles, {parts}",
            f"  {'':<22}{'size':>6}  {'into':<20}{'leak':>6}{'by chance':>15}{'p':>9}{'border':>8}",
        ]
        for path, split in self.splits.items():
            shown = "  " * _level(path) + (path.rpartition(SEPARATOR)[2] or "world")
            sizes = " + ".join(map(str, split.parts)) if split.accepted else "whole"
            by_chance = p_value = "–"
            if len(split.by_chance):
                by_chance = f"{split.by_chance.mean():.3f} ± {split.by_chance.std(ddof=1):.3f}"
                # Read off a few dozen values, a smaller one is a figure of speech.
                p_value = "< 1e-4" if split.p_value < 1e-4 else f"{split.p_value:.1g}"
            lines.append(
                f"  {shown:<22}{split.size:>6}  {_cut(sizes, 19):<20}{split.leak.ratio:>6.3f}"
                f"{by_chance:>15}{p_value:>9}{split.border:>8}"
            )
        return "\n".join(lines)

    __repr__ = __str__


def _level(path: str) -> int:
    return path.count(SEPARATOR) + bool(path)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
