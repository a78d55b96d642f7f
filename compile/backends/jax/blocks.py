"""Blocks of steps as one compiled call, for all networks.

What is fixed when a block is compiled is its `Form`: which kernels, which schedule, what is kept.
Everything else (couplings, evidence, rates, clocks, the number of steps) is an argument, and what
varies in length is padded to a power of two, so that a few compilations serve all calls. The
functions belong to this module, not to a simulator: simulators of the same form and sizes share
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from deepparticle.agents.array_processes import ArrayProcess
from deepparticle.agents.learning import Factors
from deepparticle.compile.backends.jax.devices import AXIS, Division, spec
from deepparticle.compile.backends.jax.steps import (
    Plan,
    StepGiven,
    Stepped,
    Tables,
    learn,
    step,
)
from deepparticle.compile.backends.jax.stream import Moment, normals, rows_drawn, uniforms
from deepparticle.compile.backends.jax.worlds import WORLD_AXES, World, WorldNow, advanced, begun
from deepparticle.compile.rules import PUBLISHED

__all__ = ["BlockGiven", "Form", "Held", "Outcome", "run_block", "traces"]

_traces: list[Form] = []


def traces() -> int:
    """How often a block was traced, hence compiled, since this module was imported."""
    return len(_traces)


@dataclass(frozen=True)
class Form:
    """What is fixed when a block is compiled.

    Parameters
    ----------
    plan : Plan
    own_uniforms : bool
        Whether uniform numbers, where needed, come from the backend's own stream.
    own_sites : bool
        The same for the rows of the random schedule.
    keep : tuple of str
        The variables to keep.
    capacity : int
        For how many kept steps there is room.
    division : Division
        Over which devices, and how.
    factors : Factors
        The product by which couplings learn, where they do.
    worlds : tuple of ArrayProcess
        The processes of the external states that answer.
    """

    plan: Plan
    own_uniforms: bool
    own_sites: bool
    keep: tuple[str, ...]
    capacity: int
    division: Division
    factors: Factors = PUBLISHED
    worlds: tuple[ArrayProcess, ...] = ()


class Held(NamedTuple):
    """The variables, as :class:`~deepparticle.compile.backends.base.Variables` names them.

    On the device they keep the order of the program's rows.
    """

    state: Array
    field: Array
    argument: Array
    used_precision: Array
    couplings: Array


class BlockGiven(NamedTuple):
    """What the steps of a block are given; see :class:`~deepparticle.compile.backends.base.Block`.

    The first eight have a network axis. S and T are padded. Most are arrays of NumPy until they get
    here.

    Parameters
    ----------
    shown : Array of int32, shape (R, S, C)
    precision : Array of shape (R, N)
    rate : Array of shape (R, N), or None
    time_step : Array of shape (R, N), or None
    uniforms : Array of shape (R, S, C, N), or None
    noise : Array of shape (R, S, C, N), or None
        What noisy boundary states add to the fields.
    sites : Array of int32, shape (R, S, C, N), or None
    keys : Array of uint32, shape (R, 2, 3, 2), or None
        The keys of the stream at the first step, and at the last: they differ where the lower half
        of the time comes round in between.
    evidence : Array of shape (T, N)
    steps : Array of int32
    time : Array of uint32
        The lower half of the number of the first step.
    phase, clock : Array of int32, shape (N,), or None
        The time modulo the clock at the first step, and the clock.
    reset : Array of bool, shape (S,), or None
    slots : Array of int32, shape (S,), or None
        Where the variables are kept after each step; beyond the last place, they are not.
    worlds : tuple of World
        The external states that answer.
    """

    shown: Array
    precision: Array
    rate: Array | None
    time_step: Array | None
    uniforms: Array | None
    noise: Array | None
    sites: Array | None
    keys: Array | None
    evidence: Array
    steps: Array
    time: Array
    phase: Array | None
    clock: Array | None
    reset: Array | None
    slots: Array | None
    worlds: tuple[World, ...] = ()


# Which of them have a network axis.
_OWN = ("shown", "precision", "rate", "time_step", "uniforms", "noise", "sites", "keys")


def _axes(form: Form) -> BlockGiven:
    axes: dict[str, Any] = {name: 0 if name in _OWN else None for name in BlockGiven._fields}
    return BlockGiven(**{**axes, "worlds": (WORLD_AXES,) * len(form.worlds)})


class Outcome(NamedTuple):
    """What a block leaves behind; see :class:`~deepparticle.compile.backends.base.Trace`."""

    held: Held
    total: Array
    previous: Array
    kept: dict[str, Array]
    worlds: list[WorldNow]


class _Carry(NamedTuple):
    now: Stepped
    used_precision: Array | None
    couplings: Array
    total: Array
    lost: Array | None
    previous: Array
    kept: dict[str, Array]
    worlds: list[WorldNow]


@partial(jax.jit, static_argnums=0, donate_argnums=2)
def run_block(form: Form, tables: Tables, held: Held, given: BlockGiven) -> Outcome:
    """Make the steps of a block, for all networks; compiled once per form and sizes.

    Parameters
    ----------
    form : Form
    tables : Tables
    held : Held
        The variables, which are used up: their memory holds the new ones.
    given : BlockGiven
    """
    _traces.append(form)
    division = form.division
    if division.by != "networks":
        return _networks(form, tables, held, given)
    shared, own = spec(), spec(AXIS)
    specs = jax.tree.map(
        lambda axis: shared if axis is None else own, _axes(form), is_leaf=lambda axis: axis is None
    )
    share = jax.shard_map(
        partial(_networks, form),
        mesh=division.mesh,
        in_specs=(shared, own, specs),
        out_specs=own,
        check_vma=False,
    )
    return share(tables, held, given)


def _networks(form: Form, tables: Tables, held: Held, given: BlockGiven) -> Outcome:
    if held.state.shape[0] > 1:
        one = partial(_one_network, form, tables)
        return jax.vmap(one, in_axes=(0, _axes(form)))(held, given)
    # A network axis of length 1 would cost a quarter: products of matrices become batches of one.
    first = given._replace(
        **{name: value[0] for name in _OWN if (value := getattr(given, name)) is not None},
        worlds=tuple(
            World(*(x if axis is None else x[0] for x, axis in zip(one, WORLD_AXES, strict=True)))
            for one in given.worlds
        ),
    )
    outcome = _one_network(form, tables, Held(*(value[0] for value in held)), first)
    added: Outcome = jax.tree.map(lambda value: value[None], outcome)
    return added


def _one_network(form: Form, tables: Tables, held: Held, given: BlockGiven) -> Outcome:
    order = tables.order
    given = given._replace(
        precision=_in_order(given.precision, order),
        rate=_in_order(given.rate, order),
        time_step=_in_order(given.time_step, order),
        uniforms=_in_order(given.uniforms, order),
        noise=_in_order(given.noise, order),
        evidence=_in_order(given.evidence, order),
        phase=_in_order(given.phase, order),
        clock=_in_order(given.clock, order),
    )
    worlds, beginning = begun(given.worlds, order)
    given = given._replace(worlds=tuple(worlds))
    full = given.clock is None and form.plan.updates != "sites"
    state = _in_order(held.state, order)
    zeros = jnp.zeros_like(state)
    start = _Carry(
        now=Stepped(state, _in_order(held.field, order), _in_order(held.argument, order), None),
        used_precision=None if full else _in_order(held.used_precision, order),
        couplings=tables.layout.enter(held.couplings),
        total=zeros,
        lost=zeros if state.dtype == np.float32 else None,
        previous=state,
        kept={
            name: jnp.zeros((form.capacity + 1, *state.shape), state.dtype) for name in form.keep
        },
        worlds=beginning,
    )
    body = partial(_one_step, form, tables, given)
    end: _Carry = lax.fori_loop(np.int32(0), given.steps, body, start)
    used = end.used_precision
    if used is None:
        now = jnp.broadcast_to(given.precision, state.shape)
        used = jnp.where(given.steps > 0, now, _in_order(held.used_precision, order))
    back = None if order is None else jnp.argsort(order)
    return Outcome(
        Held(
            _in_order(end.now.state, back),
            _in_order(end.now.field, back),
            _in_order(end.now.argument, back),
            _in_order(used, back),
            tables.layout.leave(end.couplings),
        ),
        _in_order(end.total, back),
        _in_order(end.previous, back),
        {name: _in_order(values, back) for name, values in end.kept.items()},
        end.worlds,
    )


def _in_order(values: Any, order: Array | None) -> Any:
    if values is None or order is None:
        return values
    return values.at[..., order].get(mode="promise_in_bounds")


def _one_step(
    form: Form, tables: Tables, given: BlockGiven, number: Array, carry: _Carry
) -> _Carry:
    state = carry.now.state
    if given.reset is not None:
        reset = _at(given.reset, number)
        state = jnp.where(reset, jnp.zeros_like(state), state)
    due = None
    if given.clock is not None and given.phase is not None:
        due = (given.phase + number) % given.clock == 0
    evidence, after = _evidence(given, number), carry.worlds
    if form.worlds:
        after, evidence = advanced(
            form.worlds, given.worlds, after, number, state, given.rate, evidence
        )
    numbers, noise, sites = _randomness(form, tables, given, number, state)
    new = step(
        form.plan,
        tables,
        carry.couplings,
        carry.now._replace(state=state),
        StepGiven(evidence, given.precision, numbers, sites, due, given.time_step, noise),
    )
    couplings = carry.couplings
    if given.rate is not None:
        learned = learn(form.plan, tables, couplings, state, new, given.rate, form.factors)
        couplings = form.division.rows(learned)
    used = carry.used_precision
    if used is not None:
        assert new.updated is not None
        used = jnp.where(new.updated, given.precision, used)
    total, lost = _added(carry.total, carry.lost, new.state)
    kept = carry.kept
    if given.slots is not None:
        values = {
            "state": new.state,
            "field": new.field,
            "argument": new.argument,
            "used_precision": jnp.broadcast_to(given.precision, state.shape)
            if used is None
            else used,
            "evidence": jnp.broadcast_to(evidence, state.shape),
        }
        slot = _at(given.slots, number)
        kept = {
            name: lax.dynamic_update_index_in_dim(buffer, values[name], slot, axis=0)
            for name, buffer in kept.items()
        }
    return _Carry(new._replace(updated=None), used, couplings, total, lost, state, kept, after)


def _at(values: Array, number: Array) -> Array:
    item: Array = lax.dynamic_index_in_dim(values, number, keepdims=False)
    return item


def _evidence(given: BlockGiven, number: Array) -> Array:
    shown = _at(given.shown, number)
    if given.evidence.shape[0] == 1:
        return given.evidence
    if shown.shape[0] == 1:
        one: Array = lax.dynamic_index_in_dim(given.evidence, shown[0])
        return one
    return given.evidence.at[shown].get(mode="promise_in_bounds")


def _randomness(
    form: Form, tables: Tables, given: BlockGiven, number: Array, state: Array
) -> tuple[Array | None, Array | None, Array | None]:
    """The uniform numbers, the noise and the rows of a step, where it needs them."""
    numbers = None if given.uniforms is None else _at(given.uniforms, number)
    noise = None if given.noise is None else _at(given.noise, number)
    sites = None if given.sites is None else _at(given.sites, number)
    if given.keys is None:
        return numbers, noise, sites
    time = given.time + number.astype(np.uint32)
    keys = jnp.where(time < given.time, given.keys[1], given.keys[0])
    moment = Moment(keys, time, tables.rows, state.shape[0])
    if form.own_uniforms:
        numbers = uniforms(moment, state.dtype)
        if tables.deviations is not None:
            noise = tables.deviations * normals(moment, state.dtype)
    if form.own_sites:
        sites = rows_drawn(moment)
    return numbers, noise, sites


def _added(total: Array, lost: Array | None, state: Array) -> tuple[Array, Array | None]:
    if lost is None:
        return total + state, None
    # In float32 a plain sum of many states loses digits; `lost` is what the last sum rounded away.
    term = state - lost
    result = total + term
    return result, (result - total) - term
