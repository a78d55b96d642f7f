r"""Another partition as the world: a process that is somebody else.

Two worlds can be closed upon each other. What the other one does, its active states on one of its
external states, is what this one senses; and what this one does becomes what the other senses:

.. math:: a \to \eta^{hears} \to s \to \sigma \to a^{speaks}, \qquad \eta' = \sum_k a^{speaks}_k .

In every step of the world that holds the process, the other world is told the actions that reached
it, makes a step of its own, and answers with what its active states show then: it has the first
turn. It is stepped object by object, from the same random numbers ``rng``, after its own external
states, if they have processes, have answered.

An alternative is to put both partitions into one root, where they meet through an external state
that both touch, and act at the same time. It is compiled, and `check` and `report` see both. Here,
what is outside of a world is opaque to it, as it is to a particle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepparticle.agents.external import ExternalState
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, PartitionError, SettingTypeError
from deepparticle.partitions.partition import Partition
from deepparticle.partitions.schedules import checked_schedule
from deepparticle.partitions.stepping import MODES, checked_option

__all__ = ["OtherPartition"]


class OtherPartition:
    """A process: another world, met through two of its external states.

    Parameters
    ----------
    world : Partition
        A root. It is stepped, and may learn: it changes. In a simulator, and in a copy of the world
        that holds this process, it is a copy.
    hears : str
        The external state whose value is set to what reaches this process: the sum of the actions.
    speaks : str
        The external state whose active states are the answer.
    each : bool
        Answer with each active state by itself, shape ``(m,)``, instead of their sum.
    schedule, mode, learn
        How it is stepped, see `Partition.step`.

    Raises
    ------
    PartitionError, UnknownPathError, SettingTypeError
        If it is no root, or has no such external states; if nothing acts on the one that speaks.

    Examples
    --------
    >>> def someone(gain):
    ...     world = Partition("someone")
    ...     particle = world.add_subparticle("particle")
    ...     world.sense(world.add_external("ear"), particle, gain)
    ...     _ = world.act(particle, world.add_external("mouth"))
    ...     return world
    >>> process = OtherPartition(someone(3.0), hears="ear", speaks="mouth", mode="deterministic")
    >>> answer = process(0.0, np.array([1.0]), np.random.default_rng(0))
    >>> round(float(answer), 4), round(someone(3.0)["particle"].distribution.mean(3.0), 4)
    (0.6716, 0.6716)
    """

    __slots__ = ("_each", "_how", "_names", "_world")

    def __init__(
        self,
        world: Partition,
        *,
        hears: str,
        speaks: str,
        each: bool = False,
        schedule: str = "synchronous",
        mode: str = "stochastic",
        learn: bool = False,
    ) -> None:
        where = "OtherPartition"
        if not isinstance(world, Partition):
            rule, mend = "the other one is a partition", "give a dp.Partition"
            raise SettingTypeError(Fault(where, rule, repr(world), mend))
        if world.parent is not None:
            rule, mend = "the other one is a world, a root", "give a copy of it: part.copy()"
            raise PartitionError(Fault(where, rule, f"{world.path!r} inside another", mend))
        for name in (hears, speaks):
            if not isinstance(world[name], ExternalState):
                rule = "worlds meet through external states"
                mend = f"add one to {world.name!r} with add_external()"
                raise PartitionError(Fault(where, rule, repr(world[name]), mend))
        if not world[speaks].acting:
            rule, mend = "the answer consists of active states", f"world.act(..., {speaks!r})"
            raise PartitionError(Fault(where, rule, f"nothing acts on {speaks!r}", mend))
        checked_schedule(schedule, where)
        checked_option(mode, MODES, where, "mode")
        self._world = world
        self._names = hears, speaks
        self._each = bool(each)
        self._how: dict[str, Any] = {"schedule": schedule, "mode": mode, "learn": bool(learn)}

    @property
    def world(self) -> Partition:
        """The other world, as it is now."""
        return self._world

    def fork(self) -> OtherPartition:
        """Another one around a copy of the world as it is now."""
        hears, speaks = self._names
        return OtherPartition(
            self._world.copy(), hears=hears, speaks=speaks, each=self._each, **self._how
        )

    def __call__(self, value: Any, actions: Any, rng: np.random.Generator) -> FloatArray:
        """Tell it the actions, let it make a step, and return what it does."""
        hears, speaks = self._names
        self._world[hears].value = float(np.sum(actions))
        self._world.step(rng, **self._how)
        answer: FloatArray = self._world[speaks].actions
        return answer if self._each else np.asarray(answer.sum())

    def __repr__(self) -> str:
        hears, speaks = self._names
        return f"OtherPartition({self._world.name!r}, hears={hears!r}, speaks={speaks!r})"
