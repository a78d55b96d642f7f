r"""One step of one network in each schedule, as array code that XLA compiles.

With states of shape (C, N), a step of the synchronous schedule is

.. math:: h = b + \sigma J^T, \quad \theta = \beta (h + u), \quad \sigma' \sim p(\cdot; \theta).

The schedule ``langevin`` moves the states instead of drawing them
(:mod:`deepparticle.agents.diffusion`). The others update stretches of rows (the colours, each as
many rows as it has), single rows, or a drawn row of each chain, one after another; loops over rows
are loops of the compiled program. What is learned afterwards is, with
:math:`\varepsilon = \sigma' - L(h)`,

.. math:: \Delta J_{ij} = \frac{1}{C} \sum_c \alpha_i \varepsilon_i^{(c)} \sigma_j'^{(c)}.

Rows may be held in another order than the program's, so that the rows that update at once, or
share a distribution, are neighbours: slices are much faster than gathers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.learning import Factors
from deepparticle.compile.backends.jax.distributions import diffused, jax_kernels
from deepparticle.compile.backends.jax.layouts import Entries, Layout, Neighbours

__all__ = ["Plan", "Stepped", "Stretch", "StepGiven", "Tables", "learn", "step"]


class Stretch(NamedTuple):
    """Consecutive rows that share a distribution."""

    distribution: StateDistribution
    start: int
    stop: int


@dataclass(frozen=True)
class Plan:
    """In which order rows update, and how they are distributed: known when a step is compiled.

    Parameters
    ----------
    updates : {"together", "stretches", "rows", "sites"}
        All rows at once; one stretch after another; row by row; or at drawn rows.
    scan : tuple of Stretch
        For ``stretches``, those that update one after another.
    stretches : tuple of Stretch
        All rows, by distribution. Empty for ``rows`` and ``sites`` where there are several
        distributions: `Tables.kinds` tells them apart.
    distributions : tuple of StateDistribution
        The distinct ones.
    """

    updates: str
    scan: tuple[Stretch, ...]
    stretches: tuple[Stretch, ...]
    distributions: tuple[StateDistribution, ...]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Tables:
    """What all networks share, on the device.

    Parameters
    ----------
    layout : Layout
    bias : Array of shape (N,)
    rows : Array of uint32, shape (N,)
        The row of the program that each row is.
    kinds : Array of int32, shape (N,), or None
        Which of `Plan.distributions` each row has, where they are mixed.
    turns : Array of int32, shape (N,), or None
        For ``rows``, in which order they update; None: as they are held.
    order : Array of int32, shape (N,), or None
        The row of the program that each row here is; None: the same.
    deviations : Array of shape (N,), or None
        The standard deviations of the noise of each row; None: no boundary state is noisy.
    """

    layout: Layout
    bias: Array
    rows: Array
    kinds: Array | None
    turns: Array | None
    order: Array | None
    deviations: Array | None


class StepGiven(NamedTuple):
    """What a step of one network is given.

    Parameters
    ----------
    evidence : Array of shape (C, N), or (1, N) for all chains
    precision : Array of shape (N,)
    uniforms : Array of shape (C, N), or None
    sites : Array of int32, shape (C, N), or None
    due : Array of bool, shape (N,), or None
        Which rows may update; None: all.
    time_step : Array of shape (N,), or None
        For the schedule ``langevin``.
    noise : Array of shape (C, N), or None
        What noisy boundary states add to the fields.
    """

    evidence: Array
    precision: Array
    uniforms: Array | None
    sites: Array | None
    due: Array | None
    time_step: Array | None = None
    noise: Array | None = None


class Stepped(NamedTuple):
    """States, fields and arguments, (C, N), and which rows updated: None where all did."""

    state: Array
    field: Array
    argument: Array
    updated: Array | None


def step(plan: Plan, tables: Tables, couplings: Array, now: Stepped, given: StepGiven) -> Stepped:
    """Make one step."""
    if plan.updates == "together":
        return _together(plan, tables, couplings, now, given)
    if plan.updates == "stretches":
        return _stretches(plan, tables, couplings, now, given)
    if plan.updates == "rows":
        return _rows(plan, tables, couplings, now, given)
    return _sites(plan, tables, couplings, now, given)


def learn(
    plan: Plan,
    tables: Tables,
    couplings: Array,
    before: Array,
    new: Stepped,
    rate: Array,
    factors: Factors,
) -> Array:
    """The couplings after a step, for learning rates of shape (N,) and the states before it."""
    error = new.state
    if factors.subtracts_prediction:
        error = error - _expected(plan, tables, new.field)
    error = error * rate
    if new.updated is not None:
        error = jnp.where(new.updated, error, jnp.zeros_like(error))
    chains = error.shape[0]
    if chains > 1:
        error = error / chains
    sources = before if factors.looks_back else new.state
    return tables.layout.learned(couplings, error, sources)


# ------------------------------------------------------------------------------ distributions


def _expected(plan: Plan, tables: Tables, field: Array) -> Array:
    if plan.stretches:
        parts = [
            jax_kernels(kind).mean(field[:, start:stop]) for kind, start, stop in plan.stretches
        ]
        return parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=1)
    return _drawn(plan.distributions, tables.kinds, field, None)


def _drawn(
    distributions: tuple[StateDistribution, ...],
    kinds: Array | None,
    argument: Array,
    uniform: Array | None,
) -> Array:
    """New states: samples, or expectations without uniform numbers; `kinds` broadcasts."""
    states = []
    for distribution in distributions:
        kernels = jax_kernels(distribution)
        if uniform is None:
            states.append(kernels.mean(argument))
        else:
            states.append(kernels.sample(argument, uniform))
    state = states[0]
    for number, other in enumerate(states[1:], start=1):
        assert kinds is not None
        state = jnp.where(kinds == number, other, state)
    return state


def _part(values: Array | None, start: int, stop: int) -> Array | None:
    return None if values is None else values[..., start:stop]


def _noisy(bias: Array, noise: Array | None) -> Array:
    """The field but for what states send."""
    return bias if noise is None else bias + noise


# ------------------------------------------------------------------------------ schedules


def _together(
    plan: Plan, tables: Tables, couplings: Array, now: Stepped, given: StepGiven
) -> Stepped:
    assert not isinstance(tables.layout, Entries)
    size = tables.bias.shape[0]
    field = _noisy(tables.bias, given.noise) + tables.layout.inputs(couplings, now.state, 0, size)
    argument = given.precision * (field + given.evidence)
    parts = [
        _drawn((kind,), None, argument[:, start:stop], _part(given.uniforms, start, stop))
        if given.time_step is None
        else diffused(
            kind,
            argument[:, start:stop],
            now.state[:, start:stop],
            given.time_step[start:stop],
            _part(given.uniforms, start, stop),
        )
        for kind, start, stop in plan.stretches
    ]
    state = parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=1)
    return _where_due(now, given.due, state, field, argument)


def _where_due(
    now: Stepped, due: Array | None, state: Array, field: Array, argument: Array
) -> Stepped:
    if due is None:
        return Stepped(state, field, argument, None)
    return Stepped(
        jnp.where(due, state, now.state),
        jnp.where(due, field, now.field),
        jnp.where(due, argument, now.argument),
        jnp.broadcast_to(due, state.shape),
    )


def _stretches(
    plan: Plan, tables: Tables, couplings: Array, now: Stepped, given: StepGiven
) -> Stepped:
    assert not isinstance(tables.layout, Entries)
    state = now.state
    parts = []
    for kind, start, stop in plan.scan:
        here = Stepped(
            state[:, start:stop], now.field[:, start:stop], now.argument[:, start:stop], None
        )
        field = _noisy(tables.bias[start:stop], _part(given.noise, start, stop))
        field = field + tables.layout.inputs(couplings, state, start, stop)
        argument = given.precision[start:stop] * (field + given.evidence[:, start:stop])
        drawn = _drawn((kind,), None, argument, _part(given.uniforms, start, stop))
        part = _where_due(here, _part(given.due, start, stop), drawn, field, argument)
        state = lax.dynamic_update_slice_in_dim(state, part.state, start, axis=1)
        parts.append(part)
    return Stepped(
        state,
        jnp.concatenate([part.field for part in parts], axis=1),
        jnp.concatenate([part.argument for part in parts], axis=1),
        None if given.due is None else jnp.broadcast_to(given.due, state.shape),
    )


def _rows(plan: Plan, tables: Tables, couplings: Array, now: Stepped, given: StepGiven) -> Stepped:
    assert not isinstance(tables.layout, Neighbours)
    layout = tables.layout
    evidence = jnp.broadcast_to(given.evidence, now.state.shape)

    def update(turn: Array, held: tuple[Array, ...]) -> tuple[Array, ...]:
        row = turn
        if tables.turns is not None:
            row = lax.dynamic_index_in_dim(tables.turns, turn, keepdims=False)

        def column(values: Array) -> Array:
            item: Array = lax.dynamic_index_in_dim(
                values, row, axis=values.ndim - 1, keepdims=False
            )
            return item

        noise = None if given.noise is None else column(given.noise)
        field = _noisy(column(tables.bias), noise) + layout.row_inputs(couplings, held[0], row)
        argument = column(given.precision) * (field + column(evidence))
        state = _drawn(
            plan.distributions,
            None if tables.kinds is None else column(tables.kinds),
            argument,
            None if given.uniforms is None else column(given.uniforms),
        )
        new: tuple[Array, ...] = (state, field, argument)
        if given.due is not None:
            due = column(given.due)
            new = tuple(jnp.where(due, x, column(y)) for x, y in zip(new, held, strict=True))
        return tuple(
            lax.dynamic_update_index_in_dim(y, x, row, axis=1)
            for x, y in zip(new, held, strict=True)
        )

    size = now.state.shape[1]
    held = (now.state, now.field, now.argument)
    state, field, argument = lax.fori_loop(np.int32(0), np.int32(size), update, held)
    updated = None if given.due is None else jnp.broadcast_to(given.due, state.shape)
    return Stepped(state, field, argument, updated)


def _sites(plan: Plan, tables: Tables, couplings: Array, now: Stepped, given: StepGiven) -> Stepped:
    assert not isinstance(tables.layout, Neighbours)
    assert given.sites is not None
    layout, sites, uniforms = tables.layout, given.sites, given.uniforms
    chains, size = now.state.shape
    evidence = jnp.broadcast_to(given.evidence, now.state.shape)
    every = jnp.arange(chains, dtype=np.int32)

    def at(values: Array, rows: Array) -> Array:
        if chains == 1:
            axis = values.ndim - 1
            item: Array = lax.dynamic_index_in_dim(values, rows[0], axis=axis, keepdims=False)
            return item.reshape(1)
        if values.ndim == 1:
            return values.at[rows].get(mode="promise_in_bounds")
        return values.at[every, rows].get(mode="promise_in_bounds")

    def put(values: Array, rows: Array, new: Array) -> Array:
        if chains == 1:
            return lax.dynamic_update_slice(values, new[None], (np.int32(0), rows[0]))
        return values.at[every, rows].set(new, mode="promise_in_bounds")

    def update(turn: Array, held: tuple[Array, ...]) -> tuple[Array, ...]:
        rows = lax.dynamic_index_in_dim(sites, turn, axis=1, keepdims=False)
        noise = None if given.noise is None else at(given.noise, rows)
        field = _noisy(at(tables.bias, rows), noise) + layout.site_inputs(couplings, held[0], rows)
        argument = at(given.precision, rows) * (field + at(evidence, rows))
        state = _drawn(
            plan.distributions,
            None if tables.kinds is None else at(tables.kinds, rows),
            argument,
            None
            if uniforms is None
            else lax.dynamic_index_in_dim(uniforms, turn, axis=1, keepdims=False),
        )
        new: tuple[Array, ...] = (state, field, argument, jnp.ones_like(rows, dtype=np.bool_))
        if given.due is not None:
            due = at(given.due, rows)
            new = tuple(jnp.where(due, x, at(y, rows)) for x, y in zip(new, held, strict=True))
        return tuple(put(y, rows, x) for x, y in zip(new, held, strict=True))

    updated = jnp.zeros(now.state.shape, dtype=np.bool_)
    held = (now.state, now.field, now.argument, updated)
    return Stepped(*lax.fori_loop(np.int32(0), np.int32(size), update, held))
