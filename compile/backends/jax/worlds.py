r"""External states within a compiled block: each step begins with their answers.

For chains c of one network, in float64 whatever the type of the states,

.. math:: \eta_c' = f(\eta_c,\; w \odot \sigma_c,\; \xi_c), \qquad
          u_{ci} \mathrel{+}= w_i \eta_{ci}', \qquad
          \Delta w_i = \alpha_i \frac{1}{C} \sum_c (\hat\eta - \eta_c')\, \sigma_{ci},

the last for active states that learn, as
:meth:`deepparticle.compile.evidence.Surroundings.advance` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from deepparticle.agents.array_processes import ArrayProcess, Draws
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.compile.array_worlds import Answered, ArrayWorld

__all__ = ["WORLD_AXES", "World", "WorldNow", "advanced", "answered", "begun", "fits", "given_to"]


class World(NamedTuple):
    """What a block is given of an external state; see `ArrayWorld`.

    The first four have a network axis.

    Parameters
    ----------
    value : Array of shape (R, C) or (R, C, k)
    weights : Array of shape (R, m)
    normals, uniforms : Array of shape (R, S, C, n)
    sensing, acting : Array of int32, shape (k,), (m,)
        Rows, in the order of the program.
    sensing_weights : Array of shape (k,)
    expectation : Array of shape (), or None
    plastic : Array of bool, shape (m,)
    """

    value: Any
    weights: Any
    normals: Any
    uniforms: Any
    sensing: Any
    acting: Any
    sensing_weights: Any
    expectation: Any
    plastic: Any


_OWN = ("value", "weights", "normals", "uniforms")
WORLD_AXES = World(*(0 if name in _OWN else None for name in World._fields))
"""Which of them have a network axis."""


class WorldNow(NamedTuple):
    """An external state in the course of a block, as of `Answered`, for one network."""

    value: Array
    before: Array
    weights: Array
    sound: Array


def given_to(world: ArrayWorld, own: Callable[[Any], Any], per_step: Callable[[Any], Any]) -> World:
    """What a block is given.

    Parameters
    ----------
    world : ArrayWorld
    own, per_step : callable
        What puts arrays with a network axis, and those with a step axis besides, on the devices.
    """
    return World(
        value=own(world.value),
        weights=own(world.acting_weights),
        normals=per_step(world.draws.normals),
        uniforms=per_step(world.draws.uniforms),
        sensing=world.sensing.astype(np.int32),
        acting=world.acting.astype(np.int32),
        sensing_weights=world.sensing_weights,
        expectation=None if world.expectation is None else np.float64(world.expectation),
        plastic=world.plastic,
    )


def begun(worlds: Sequence[World], order: Array | None) -> tuple[list[World], list[WorldNow]]:
    """The worlds of one network, their rows as they are held, and as they begin."""
    place = None if order is None else jnp.argsort(order)
    held = [
        world
        if place is None
        else world._replace(sensing=place[world.sensing], acting=place[world.acting])
        for world in worlds
    ]
    start = [WorldNow(one.value, one.value, one.weights, jnp.bool_(True)) for one in worlds]
    return held, start


def advanced(
    forms: Sequence[ArrayProcess],
    worlds: Sequence[World],
    now: Sequence[WorldNow],
    number: Array,
    state: Array,
    rate: Array | None,
    evidence: Array,
) -> tuple[list[WorldNow], Array]:
    """The worlds after they answered, and the evidence with what they show.

    Parameters
    ----------
    forms : sequence of ArrayProcess
    worlds : sequence of World
    now : sequence of WorldNow
    number : Array of int32
        The step of the block.
    state : Array of shape (C, N)
        What acts on them.
    rate : Array of shape (N,), or None
    evidence : Array of shape (C, N), or (1, N)
        What is shown besides.
    """
    shown = jnp.broadcast_to(evidence, state.shape).astype(np.float64)
    after = []
    for form, world, held in zip(forms, worlds, now, strict=True):
        acting = state[:, world.acting].astype(np.float64)
        draws = Draws(*(_at(numbers, number) for numbers in (world.normals, world.uniforms)))
        value = jax.vmap(_answer_of(form))(held.value, held.weights * acting, draws)
        weights = held.weights
        if rate is not None and world.expectation is not None:
            error = world.expectation - value
            pace = jnp.where(world.plastic, rate[world.acting].astype(np.float64), 0.0)
            weights = weights + pace * (error @ acting) / state.shape[0]
        sound = held.sound & jnp.all(jnp.isfinite(value)) & jnp.all(jnp.isfinite(weights))
        after.append(WorldNow(value, held.value, weights, sound))
        if world.sensing.shape[0]:
            seen = value if value.ndim == 2 else value[:, None]
            shown = shown.at[:, world.sensing].add(world.sensing_weights * seen)
    return after, shown.astype(evidence.dtype)


def answered(now: WorldNow, networks: int) -> Answered:
    """What a block hands back, without the networks that fill up the devices."""
    return Answered(*(np.array(np.asarray(values)[:networks]) for values in now))


def fits(world: ArrayWorld) -> bool:
    """Whether the value keeps its shape, as a compiled loop asks.

    Raises
    ------
    SettingTypeError
        If the process is not array code.
    """
    shape = world.value.shape[2:]
    try:
        return _shape_of_answer(world.form, shape, world.acting.size) == shape
    except (SettingError, SettingTypeError):
        raise
    except Exception as error:
        said = (str(error).splitlines() or [""])[0]
        raise SettingTypeError(
            Fault(
                f"the process of {world.path!r}",
                "array code computes with arrays of JAX, and asks for none of their values",
                f"{type(error).__name__}: {said}"[:160],
                "use xp in the place of np, xp.where in the place of if, or make it a plain "
                "process(value, actions, rng)",
            )
        ) from error


@lru_cache(maxsize=1024)
def _shape_of_answer(form: ArrayProcess, shape: tuple[int, ...], actions: int) -> tuple[int, ...]:
    with jax.enable_x64(True):
        given = [
            jax.ShapeDtypeStruct(one, np.float64)  # type: ignore[no-untyped-call]
            for one in (shape, (actions,), (form.normals,), (form.uniforms,))
        ]
        answer = jax.eval_shape(
            lambda value, acting, *draws: _answer_of(form)(value, acting, Draws(*draws)), *given
        )
    found: tuple[int, ...] = answer.shape
    return found


def _answer_of(form: ArrayProcess) -> Callable[[Array, Array, Draws], Array]:
    def answer(value: Array, actions: Array, draws: Draws) -> Array:
        found = form.function(value, actions, draws, jnp)
        if found is None:
            raise TypeError("it returns None")
        return jnp.asarray(found, np.float64)

    return answer


def _at(values: Array, number: Array) -> Array:
    item: Array = lax.dynamic_index_in_dim(values, number, keepdims=False)
    return item
