r"""The symmetric twin: the same network without the antisymmetric part of its couplings.

Its couplings are :math:`\tfrac12(K + K^T)`, with :math:`K = \mathrm{diag}(\beta)J`, and its biases
c: what is left when nothing flows. How far a network is from its twin is what the antisymmetric
part does to its stationary law; the claim that it does nothing (Spisak & Friston 2026) holds where
there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.analysis.frozen import LANGEVIN, FrozenNetwork, frozen_network
from deepparticle.blankets.naming import SEPARATOR
from deepparticle.compile.simulator import Simulator
from deepparticle.partitions.colouring import touching_rows
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.schedules import SCHEDULES

__all__ = ["symmetric_twin"]


def symmetric_twin(simulator: Simulator, network: FrozenNetwork) -> tuple[Simulator, FrozenNetwork]:
    """A simulator of the symmetric part, in the same schedule, on the same backend.

    Parameters
    ----------
    simulator : Simulator
    network : FrozenNetwork
        What was read off it.

    Returns
    -------
    simulator : Simulator
        With precision 1, and c as evidence.
    network : FrozenNetwork
        What is read off that.

    Examples
    --------
    >>> import deepparticle as dp
    >>> sim = dp.Simulator(dp.from_couplings([[0.0, 4.0], [0.0, 0.0]], bias=[0.5, -0.2]))
    >>> twin, read = symmetric_twin(sim, frozen_network(sim, precision=0.5))
    >>> twin.couplings.tolist(), read.drive.tolist()
    ([[0.0, 1.0], [1.0, 0.0]], [[0.25, -0.1]])
    """
    parts = network.symmetric_part().couplings
    world = Partition("symmetric part")
    drive = _free_name(network)
    leaves = _leaves(world, network)
    world.couple(leaves, leaves, _pattern(network, parts[0]))
    world.sense(world.add_external(drive), leaves)
    settings: dict[str, Any] = {}
    if network.schedule == LANGEVIN:
        alone = network.networks is None
        settings["time_step"] = network.time_step[0] if alone else network.time_step
    twin = Simulator(
        world,
        simulator.backend,
        simulator.program.schedule,
        networks=network.networks,
        dtype=str(simulator._dtype),
        layout=simulator.program.layout,
        clock=network.clock,
        **settings,
    )
    twin.couplings = parts[0] if network.networks is None else list(parts)
    evidence = network.drive[0] if network.networks is None else network.drive
    return twin, frozen_network(twin, evidence, where="symmetric_twin")


def _leaves(world: Partition, network: FrozenNetwork) -> Any:
    """Rows of the same families; at the same paths, where a schedule may depend on them."""
    kinds = network.distributions
    if network.schedule in SCHEDULES and len(network.program.groups) == 1:
        return world.add_population("rows", network.size, distribution=kinds[0])
    leaves, places = [], {"": world}
    for path, kind in zip(network.program.paths, kinds, strict=True):
        place, _, name = path.rpartition(SEPARATOR)
        leaves.append(_place(places, place).add_subparticle(name, distribution=kind))
    return leaves


def _place(places: dict[str, Partition], path: str) -> Partition:
    if path not in places:
        around, _, name = path.rpartition(SEPARATOR)
        places[path] = _place(places, around).add_partition(name)
    return places[path]


def _free_name(network: FrozenNetwork) -> str:
    """A name that no row's path begins with."""
    taken = {path.partition(SEPARATOR)[0] for path in network.program.paths}
    name = "drive"
    while name in taken:
        name += "'"
    return name


def _pattern(network: FrozenNetwork, example: Any) -> Any:
    """Couplings where there are any, in either direction: the colours of rows stay the same."""
    size = network.size
    if isinstance(example, np.ndarray) and network.program.coupling_count == size * (size - 1):
        return example
    return touching_rows(*network.program.entries, size).astype(np.float64)
