"""What a simulation is made of: parts to compute, and a conclusion to draw from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deepparticle.reproduce.measures import Reproduction
from deepparticle.reproduce.parts import Arrays, Part
from deepparticle.reproduce.settings import Settings

__all__ = ["Simulation"]


@dataclass(frozen=True)
class Simulation:
    """One simulation of the paper.

    Parameters
    ----------
    name : str
        On the command line.
    title : str
    story : str
        What is done and asked, in a paragraph.
    seeds : tuple of int
        How many networks by default, and in a quick run.
    parameters : mapping
        The protocol, for ``results.json`` and the report.
    parts : callable
        ``parts(settings)`` lists what is to be computed.
    conclude : callable
        ``conclude(settings, found)`` makes measures, claims and figures of it.
    """

    name: str
    title: str
    story: str
    seeds: tuple[int, int]
    parameters: Callable[[Settings], Mapping[str, Any]]
    parts: Callable[[Settings], Sequence[Part]]
    conclude: Callable[[Settings, Mapping[str, Arrays]], Reproduction]
