"""What figures of the derivation share: matrices over subparticles, with the partitions in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepparticle.derivation.subject import Subject
from deepparticle.partitions.flow_terms import rows_of
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.population import Population

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["frame_of_subparticles", "strongest_pair"]

# Paths of more subparticles than these are not readable beside a matrix at the size of a column.
_NAMED = 10


def strongest_pair(subject: Subject) -> tuple[int, int, float]:
    """Target, source and K of the strongest coupling; of none, the first and the last row, and 0.

    Examples
    --------
    >>> from deepparticle.derivation.subject import subject_of
    >>> world = Partition("world", precision=0.5)
    >>> a, b = world.add_subparticle("a"), world.add_subparticle("b")
    >>> _ = world.couple(a, b, -2.0)
    >>> strongest_pair(subject_of(world))
    (1, 0, -1.0)
    """
    strength = abs(subject.scaled)
    if not strength.any():
        return 0, subject.size - 1, 0.0
    target, source = divmod(int(strength.argmax()), subject.size)
    return target, source, float(subject.scaled[target, source])


def frame_of_subparticles(axes: Axes, subject: Subject) -> Any:
    """Axes of a matrix target × source: names where they are few, and a square per partition."""
    from matplotlib.patches import Rectangle

    from deepparticle.figures.style import INK, plain

    world = subject.world
    for member in world.walk():
        if isinstance(member, Partition | Population) and member is not world:
            rows = rows_of(world, member)
            if rows.size:
                corner = rows[0] - 0.5
                axes.add_patch(
                    Rectangle((corner, corner), rows.size, rows.size, fill=False, ec=INK, lw=0.8)
                )
    axes.set_xlim(-0.5, subject.size - 0.5)
    axes.set_ylim(subject.size - 0.5, -0.5)
    axes.set_aspect("equal")
    if subject.size <= _NAMED:
        axes.set_xticks(range(subject.size), subject.paths, rotation=90)
        axes.set_yticks(range(subject.size), subject.paths)
        return plain(axes, "", "source", "target")
    return plain(axes, "", "source (row)", "target (row)")
