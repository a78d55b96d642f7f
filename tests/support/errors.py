"""What the tests of error messages share: a pattern for a message, and a world to do wrong to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

import deepparticle as dp

Case: TypeAlias = tuple[type[Exception], Callable[[Any], object], str]
"""What is raised, what is done to a world, and the message."""


def says(message: str) -> str:
    """A regular expression for `message`, in which ``" ... "`` stands for any text.

    >>> bool(re.search(says("a: a bias ... (got nan)"), "a: a bias is finite (got nan)."))
    True
    """
    return "(?s)" + ".*".join(re.escape(part) for part in message.split(" ... "))


def is_complete(error: BaseException) -> bool:
    """Whether every fault names the object, the rule, the value and the mend."""
    faults: tuple[dp.Fault, ...] = error.faults  # type: ignore[attr-defined]
    return all(fault.where and fault.rule and fault.value and fault.mend for fault in faults)


def example() -> dp.Partition:
    """A world with one of everything."""
    world = dp.Partition("world")
    brain = world.add_partition("brain", precision=0.5)
    a, b = brain.add_subparticle("a", bias=0.2), brain.add_subparticle("b")
    world.add_partition("inner").add_partition("core").add_subparticle("c")
    world.add_population("cortex", 3, couplings=np.ones((3, 3)) - np.eye(3))
    scene = world.add_external("scene")
    world.add_external("screen", [1.0, 2.0])
    brain.couple(a, b, 0.8)
    world.sense(scene, a)
    world.act(b, scene)
    world.add_subparticle("lonely")
    return world


STRANGER = dp.Partition("elsewhere").add_subparticle("a")
"""An object of another world."""
