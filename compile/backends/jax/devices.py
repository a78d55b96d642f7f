"""Over which devices a backend spreads its arrays.

Networks are independent, so that a device each (or some each) is the natural division: the same
compiled block runs on every device with its share of the networks, and nothing is exchanged. A
number of networks that the devices do not divide is filled up with copies of the last one.

One network alone can be divided by the rows of its dense J: each device computes the fields of its
rows and learns them, and all exchange the states, once per step. That pays where J is too large for
one device, or takes longer to read than the states take to exchange; so it is done only when asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.compile.program import Program

__all__ = ["AXIS", "Division", "division_of", "spec"]

AXIS = "shares"


def spec(*axes: str | None) -> PartitionSpec:
    """Which axes of an array are divided."""
    return PartitionSpec(*axes)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Division:
    """How arrays are divided over devices; hashable, since compiled blocks depend on it.

    Parameters
    ----------
    mesh : Mesh or None
        The devices, along one axis. None: the default device.
    by : {"networks", "rows", "nothing"}
        What they divide.
    """

    mesh: Mesh | None
    by: str

    @property
    def filling(self) -> int:
        """Of how many networks there is a multiple."""
        return self.mesh.size if self.mesh is not None and self.by == "networks" else 1

    def whole(self, values: Any) -> Array:
        """Put an array on every device."""
        return self._put(values, spec())

    def networks(self, values: NDArray[Any]) -> Array:
        """Put an array with a network axis on the devices, each its share."""
        missing = -len(values) % self.filling
        if missing:
            values = np.concatenate([values, np.repeat(values[-1:], missing, axis=0)])
        return self._put(values, spec(AXIS) if self.by == "networks" else spec())

    def passed(self, values: NDArray[Any]) -> Array | NDArray[Any]:
        """The same for what is used once: a compiled block takes it itself, if to one device."""
        return values if self.mesh is None else self.networks(values)

    def couplings(self, values: NDArray[Any]) -> Array:
        """Put J on the devices."""
        if self.by == "rows":
            return self._put(values, spec(None, AXIS))
        return self.networks(values)

    def rows(self, couplings: Array) -> Array:
        """Keep J of one network divided, while it is computed with."""
        if self.by != "rows":
            return couplings
        assert self.mesh is not None
        sharding = NamedSharding(self.mesh, spec(AXIS))
        kept: Array = lax.with_sharding_constraint(couplings, sharding)  # type: ignore[no-untyped-call]
        return kept

    def _put(self, values: Any, share: PartitionSpec) -> Array:
        if self.mesh is None:
            # A copy always: JAX could otherwise go on with the memory of the caller.
            return jnp.array(values, copy=True)
        placed: Array = jax.device_put(values, NamedSharding(self.mesh, share), may_alias=False)
        return placed


def division_of(program: Program, networks: int, devices: Sequence[jax.Device] | None) -> Division:
    """How to divide the arrays of a backend.

    Parameters
    ----------
    program : Program
    networks : int
    devices : sequence of jax.Device or None
        None: all local devices, if there is a network for each, else the default one.

    Raises
    ------
    SettingError
        If the rows of the one network cannot be divided equally over the devices asked for, or are
        sparse; or if there are fewer networks than devices.
    """
    given = jax.local_devices() if devices is None else list(devices)
    if devices is None and (len(given) == 1 or networks < len(given)):
        return Division(None, "nothing")
    mesh = Mesh(np.array(given), (AXIS,))
    if len(given) == 1:
        return Division(mesh, "nothing")
    if networks >= len(given):
        return Division(mesh, "networks")
    if networks > 1 or program.layout == "sparse" or program.size % len(given):
        raise SettingError(
            Fault(
                "JaxBackend",
                "devices share the networks, or the rows of one dense network in equal parts",
                f"{len(given)} devices for {networks} networks of {program.size} rows "
                f"({program.layout})",
                "give fewer devices",
            )
        )
    return Division(mesh, "rows")
