"""Seeds: one stream of random numbers per network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepparticle.partitions.stepping import checked_generator

__all__ = ["STREAMS", "checked_streams"]

STREAMS = ("own", "shared")


def checked_streams(seed: Any, networks: int | None, where: str) -> list[np.random.Generator]:
    """One generator per network.

    Parameters
    ----------
    seed : int, sequence of int, numpy.random.SeedSequence or None
        A sequence with one seed per network gives each its own; anything else is spawned.
    networks : int or None
    where : str

    Examples
    --------
    >>> first, second = checked_streams([7, 8], 2, "Simulator")
    >>> bool(second.random() == np.random.default_rng(8).random())
    True
    """
    if networks is None:
        return [checked_generator(seed, where)]
    if isinstance(seed, (Sequence, np.ndarray)) and len(seed) == networks:
        return [checked_generator(one, where) for one in seed]
    return checked_generator(seed, where).spawn(networks)
