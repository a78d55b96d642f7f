"""What the analyses accept as a network: a simulator, or a matrix of couplings."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.constructors import from_couplings

__all__ = ["Network", "couplings_of", "simulator_of"]

Network: TypeAlias = Simulator | ArrayLike
"""A `Simulator`, or the couplings J, target × source: (N, N), or (networks, N, N) of several."""


def simulator_of(network: Network, **settings: Any) -> Simulator:
    """A simulator as it is, or one of the given couplings without bias.

    Parameters
    ----------
    network : Simulator, or array_like of shape (N, N) or (networks, N, N)
    **settings
        As of `Simulator`, for couplings; a simulator has its own.

    Returns
    -------
    Simulator
        The very same, or a new one.

    Examples
    --------
    >>> simulator_of([[0.0, 1.0], [1.0, 0.0]], schedule="sequential")
    <Simulator of 'network': 2 subparticles, numpy, sequential, float64, t = 0>
    """
    if isinstance(network, Simulator):
        return network
    if not _is_stack(network):
        return Simulator(from_couplings(network, name="network"), **settings)
    several = np.asarray(network)
    world = from_couplings(several[0], name="network")
    simulator = Simulator(world, networks=len(several), **settings)
    simulator.couplings = several
    return simulator


def _is_stack(couplings: Any) -> bool:
    """Whether these are the couplings of several networks."""
    if hasattr(couplings, "tocoo"):
        return False
    try:
        return np.ndim(couplings) == 3 and len(couplings) > 0
    except ValueError:  # rows of different length, which `from_couplings` refuses with a word
        return False


def couplings_of(network: Network) -> FloatArray:
    """The couplings of a simulator or a matrix as a dense array.

    Parameters
    ----------
    network : Simulator or array_like of shape (N, N)

    Returns
    -------
    ndarray of shape ([networks,] N, N)

    Examples
    --------
    >>> couplings_of([[0.0, 1.0], [2.0, 0.0]])
    array([[0., 1.],
           [2., 0.]])
    """
    found = network.couplings if isinstance(network, Simulator) else network
    if isinstance(found, list) and found and hasattr(found[0], "toarray"):
        return np.stack([each.toarray() for each in found])
    dense = found.toarray() if hasattr(found, "toarray") else found
    return np.asarray(dense, dtype=np.float64)
