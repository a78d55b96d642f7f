"""Where in a world biases change in time, and setting them for a step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepparticle.agents.biasing import BiasProcess, bias_at
from deepparticle.partitions.population import Population
from deepparticle.partitions.tree import Tree

if TYPE_CHECKING:
    from deepparticle.agents.member import Member
    from deepparticle.partitions.partition import Partition

__all__ = ["BiasRows", "bias_rows", "set_biases"]


@dataclass(frozen=True, eq=False)
class BiasRows:
    """A bias process and the rows that it sets, from `start` up to `stop`."""

    process: BiasProcess
    start: int
    stop: int
    path: str


def bias_rows(world: Partition) -> tuple[BiasRows, ...]:
    """The bias processes of a world, from outside inwards: those that come later win.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> brain = world.add_partition("brain")
    >>> a, b = brain.add_subparticle("a"), world.add_subparticle("b")
    >>> brain.bias_process, b.bias_process = [0.5, -0.5], lambda t: 0.1 * t
    >>> [(one.path, one.start, one.stop) for one in bias_rows(world)]
    [('brain', 0, 1), ('b', 1, 2)]
    """
    return tuple(_inside(world, 0))


def _inside(member: Member, start: int) -> Iterator[BiasRows]:
    if member.bias_process is not None:
        yield BiasRows(member.bias_process, start, start + _count(member), str(member))
    if isinstance(member, Tree):
        for inner in member:
            if not inner.is_external:
                yield from _inside(inner, start)
                start += _count(inner)
    elif isinstance(member, Population):
        for row, one in sorted(member._members.items()):
            if one.bias_process is not None:
                yield BiasRows(one.bias_process, start + row, start + row + 1, str(one))


def _count(member: Member) -> int:
    if isinstance(member, Tree):
        return member.leaf_count
    return member.size if isinstance(member, Population) else 1


def set_biases(world: Partition, time: int) -> None:
    """Set the biases of a step, where they change in time."""
    processes = bias_rows(world)
    if not processes:
        return
    leaves = world.subparticles
    for one in processes:
        biases = bias_at(one.process, time, one.stop - one.start, one.path)
        for leaf, bias in zip(leaves[one.start : one.stop], biases.tolist(), strict=True):
            leaf.bias = bias
