"""The subparticles of a partition, asked one by one: what the objects know and do."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.boundary import Boundary
from deepparticle.derivation.subject import Subject

__all__ = ["placed", "plastic_boundaries", "sensed", "states_of"]


def states_of(subject: Subject) -> FloatArray:
    """The present states; of a world in which all are still 0, random ones.

    Where nobody says anything, an equation about what is heard would hold emptily.
    """
    return subject.state if np.any(subject.state) else subject.draw(1, "states")[0]


def placed(subject: Subject, states: Iterable[float] | None = None) -> tuple[Subparticle, ...]:
    """The subparticles of a copy of the world, each showing its state to its blanket.

    Parameters
    ----------
    subject : Subject
    states : iterable of N floats, optional
        By default those of `states_of`.
    """
    leaves = tuple(subject.copy().subparticles)
    given = states_of(subject) if states is None else states
    for leaf, state in zip(leaves, given, strict=True):
        leaf.state = float(state)
    for leaf in leaves:
        leaf.act()
    return leaves


def sensed(
    subject: Subject,
    states: Iterable[float] | None = None,
    uniforms: FloatArray | None = None,
) -> tuple[Subparticle, ...]:
    """The same, after all have sensed, and then inferred: their new states are not yet shown.

    Parameters
    ----------
    subject : Subject
    states : iterable of N floats, optional
    uniforms : ndarray of shape (N,), optional
        Random numbers of the samples; by default the new states are the expected ones.

    Examples
    --------
    >>> from deepparticle.derivation.subject import subject_of
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> a, b = world.add_subparticle("a", bias=0.3), world.add_subparticle("b")
    >>> _ = world.couple(a, b, 2.0)
    >>> [leaf.argument for leaf in sensed(subject_of(world), [0.5, 0.0])]
    [0.3, 1.0]
    """
    leaves = placed(subject, states)
    for leaf in leaves:
        leaf.sense()
    for row, leaf in enumerate(leaves):
        leaf.infer(None if uniforms is None else float(uniforms[row]))
    return leaves


def plastic_boundaries(
    subject: Subject, leaves: tuple[Subparticle, ...], what: str, most: int
) -> list[Boundary]:
    """The boundary states between subparticles that can learn; of many, some, by the name `what`.

    Parameters
    ----------
    subject : Subject
    leaves : tuple of Subparticle
        Of a copy of its world.
    what : str
        What they are for: a generator of its own chooses among them.
    most : int

    Returns
    -------
    list of Boundary
        By target, then by source.
    """
    found = [
        boundary
        for leaf in leaves
        for boundary in leaf.incoming()
        if boundary.plastic and not boundary.source.is_external
    ]
    if len(found) > most:
        places = subject.rng(what).choice(len(found), most, replace=False)
        found = [found[place] for place in sorted(places.tolist())]
    return found
