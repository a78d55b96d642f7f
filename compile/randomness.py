"""The random numbers of a block, in the order that is promised.

Per step and network: one array of uniforms (C, N) unless deterministic; then, for the random
schedule, the rows (C, N); then, for M noisy boundary states, one array of uniforms (C, M) unless
deterministic; then what each process in array code draws, chain by chain. Where a step draws one
thing only, all steps are drawn at once, which gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from deepparticle.agents.array_processes import ArrayProcess, Draws
from deepparticle.agents.elementwise import normal_quantile
from deepparticle.blankets._types import FloatArray, IntArray

__all__ = ["Drawn", "drawn"]


class Drawn(NamedTuple):
    """The random numbers of a block, as `Block` names them, and of each world in array code."""

    uniforms: FloatArray | None
    sites: IntArray | None
    deviates: FloatArray | None
    worlds: tuple[Draws, ...] = ()


def drawn(
    streams: Sequence[np.random.Generator],
    shape: tuple[int, int, int, int],
    dtype: np.dtype[Any],
    *,
    uniforms: bool,
    sites: bool,
    deviates: int,
    worlds: Sequence[ArrayProcess] = (),
) -> Drawn:
    """Draw what the steps of a block need.

    Parameters
    ----------
    streams : sequence of numpy.random.Generator
        One per network.
    shape : tuple of int
        (R, S, C, N).
    dtype : numpy dtype
        Of uniforms and deviates; worlds compute in float64.
    uniforms, sites : bool
        Whether they are needed.
    deviates : int
        How many noisy boundary states draw.
    worlds : sequence of ArrayProcess
    """
    size, kind = shape[-1], dtype.type
    numbers = np.empty(shape, dtype) if uniforms else None
    rows = np.empty(shape, dtype=np.intp) if sites else None
    normal = np.empty((*shape[:3], deviates), dtype) if deviates else None
    own = tuple(
        Draws(np.empty((*shape[:3], one.normals)), np.empty((*shape[:3], one.uniforms)))
        for one in worlds
    )

    def draw_uniforms(stream: Any, at: Any) -> None:
        assert numbers is not None
        stream.random(dtype=kind, out=numbers[at])

    def draw_sites(stream: Any, at: Any) -> None:
        assert rows is not None
        rows[at] = stream.integers(size, size=rows[at].shape)

    def draw_deviates(stream: Any, at: Any) -> None:
        assert normal is not None
        normal[at] = normal_quantile(stream.random(normal[at].shape, dtype=kind))

    tasks: list[Callable[[Any, Any], None]] = []
    if uniforms:
        tasks.append(draw_uniforms)
    if sites:
        tasks.append(draw_sites)
    if deviates:
        tasks.append(draw_deviates)
    tasks += [_drawing(one) for one in own if one.normals.size or one.uniforms.size]
    for network, stream in enumerate(streams):
        if len(tasks) == 1:
            tasks[0](stream, network)
        else:
            for step in range(shape[1] if tasks else 0):
                for task in tasks:
                    task(stream, (network, step))
    return Drawn(numbers, rows, normal, own)


def _drawing(draws: Draws) -> Callable[[Any, Any], None]:
    normals, uniforms = draws

    def draw(stream: Any, at: Any) -> None:
        if not uniforms.size:
            stream.standard_normal(out=normals[at])
        elif not normals.size:
            stream.random(out=uniforms[at])
        else:
            lead = normals[at].shape[:-1]
            for place in np.ndindex(lead):
                stream.standard_normal(out=normals[at][place])
                stream.random(out=uniforms[at][place])

    return draw
