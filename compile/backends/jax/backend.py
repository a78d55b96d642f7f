"""The ``jax`` backend: keeps the variables on the devices and runs blocks there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from deepparticle.compile.array_worlds import ArrayWorld
from deepparticle.compile.backends.base import Backend, Block, Trace, Variables
from deepparticle.compile.backends.jax.blocks import BlockGiven, Form, Held, Outcome, run_block
from deepparticle.compile.backends.jax.devices import division_of
from deepparticle.compile.backends.jax.distributions import can_diffuse, has_kernels
from deepparticle.compile.backends.jax.planning import plan_of, tables_of
from deepparticle.compile.backends.jax.steps import Tables
from deepparticle.compile.backends.jax.stream import keys_at
from deepparticle.compile.backends.jax.worlds import answered, fits, given_to
from deepparticle.compile.program import Program
from deepparticle.compile.rules import PUBLISHED, RowsOfRule, product_refusal

__all__ = ["JaxBackend"]

_NAMES = ("state", "field", "argument", "used_precision", "couplings")

_ROOM = 2**14
"""Inputs are padded to so many numbers without a thought (64 KiB): all shorter ones share a
compilation."""

_KEPT_ROOM = 2**18
"""The same for what is kept (1 MiB of float32), which is only allocated, not sent."""


class _Copied(Variables):
    """Variables that are copied from the devices when they are read: J may be large."""

    def __init__(
        self,
        held: Held,
        copies: dict[str, NDArray[Any]],
        copied: Callable[[Array], NDArray[Any]],
    ) -> None:
        self._held = held
        self._copies = copies
        self._copied = copied

    def __getattr__(self, name: str) -> NDArray[Any]:
        if name not in _NAMES:
            raise AttributeError(name)
        if name not in self._copies:
            copy = self._copied(getattr(self._held, name))
            copy.setflags(write=False)
            self._copies[name] = copy
        return self._copies[name]

    def holds(self, name: str, held: Held) -> bool:
        """Whether this variable is the one on the devices: nothing was put in its place."""
        return self._held is held and name not in vars(self)

    def copy(self) -> Variables:
        return Variables(*(np.array(getattr(self, name)) for name in _NAMES))


class JaxBackend(Backend):
    """Blocks of steps compiled by XLA.

    The compiled functions are shared by all backends of the same form (schedule, distributions,
    layout) and sizes, and compiled again only when what must be known to the compiler changes:
    whether states are sampled, whether couplings learn, what is kept; and when a block is longer
    than the next power of two.

    Networks are divided over all devices of JAX's default kind, if there is one for each, and the
    rest of the work is as on one device, number by number. One dense network is divided by its rows
    where several `devices` are asked for.

    float64 is used where the backend asks for it, whatever ``jax_enable_x64`` says: your own JAX
    code in the same process keeps its setting.

    Parameters
    ----------
    program : Program
    networks, chains : int
    dtype : numpy dtype
    devices : sequence of jax.Device, optional
        The devices to use, such as ``jax.devices()[:1]``.

    Raises
    ------
    SettingError
        If the work cannot be divided over the devices asked for.
    """

    name: ClassVar[str] = "jax"
    own_stream: ClassVar[bool] = True
    holds_worlds: ClassVar[bool] = True

    def __init__(
        self,
        program: Program,
        networks: int,
        chains: int,
        dtype: np.dtype[Any],
        devices: Sequence[jax.Device] | None = None,
    ) -> None:
        super().__init__(program, networks, chains, np.dtype(dtype))
        self._plan = plan_of(program)
        self.division = division_of(program, networks, devices)
        with self._precision():
            tables = tables_of(program, self._plan, self.dtype)
            self._tables: Tables = jax.tree.map(self.division.whole, tables)
        self._words = np.zeros((networks, 8), dtype=np.uint32)
        self._cells = networks * chains * program.size
        self._copies: dict[str, NDArray[Any]] = {}
        self._sent: dict[str, tuple[NDArray[Any], Array]] = {}
        self._held: Held
        self.variables = self.initial()

    @classmethod
    def refusal(
        cls, program: Program, networks: int, chains: int, dtype: np.dtype[Any]
    ) -> str | None:
        """Why it cannot run this, or None: each distribution needs kernels that JAX can compile."""
        if program.touches:
            return "it knows no turns of rows that touch each other"
        for group in program.groups:
            if not has_kernels(group.distribution):
                return (
                    f"it knows no kernels of {type(group.distribution).__name__}; register them "
                    "with @deepparticle.compile.backends.jax.jax_kernels.register"
                )
            if program.diffuses and not can_diffuse(group.distribution):
                return (
                    f"its kernels of {type(group.distribution).__name__} do not say how states "
                    "move; give them a log_base_slope"
                )
        return None

    @classmethod
    def rule_refusal(cls, program: Program, rules: tuple[RowsOfRule, ...]) -> str | None:
        """Why it cannot learn by these rules: it makes outer products, the same for all rows."""
        return product_refusal(program, rules)

    def _precision(self, worlds: bool = False) -> AbstractContextManager[Any]:
        # Worlds are computed in float64 on every backend, whatever the type of the states.
        double = worlds or self.dtype == np.float64
        context: AbstractContextManager[Any] = jax.enable_x64(double)
        return context

    def takes(self, worlds: tuple[ArrayWorld, ...]) -> bool:
        """Whether their values keep their shapes: then they are compiled into the loop."""
        return all(fits(world) for world in worlds)

    # ------------------------------------------------------------------ variables

    @property
    def variables(self) -> Variables:
        """The variables now, each copied from the devices when it is read, as a read-only array.

        The next block uses the arrays on the devices up: read, or ``copy()``, before it.
        """
        return _Copied(self._held, self._copies, self._numpy)

    @variables.setter
    def variables(self, variables: Variables) -> None:
        held, kept = {}, set()
        with self._precision():
            for name in _NAMES:
                if isinstance(variables, _Copied) and variables.holds(name, self._held):
                    held[name] = getattr(self._held, name)
                    kept.add(name)
                else:
                    value = getattr(variables, name)
                    put = getattr(self.division, "couplings" if name == "couplings" else "networks")
                    held[name] = put(np.asarray(value, self.dtype))
            copies = {name: copy for name, copy in self._copies.items() if name in kept}
            self._held, self._copies = Held(**held), copies

    def set_bias(self, bias: NDArray[Any]) -> None:
        """Go on with these biases, shape (N,)."""
        with self._precision():
            held = jnp.asarray(bias.astype(self.dtype)[np.asarray(self._tables.rows)])
            self._tables = replace(self._tables, bias=self.division.whole(held))

    def seed(self, words: NDArray[np.uint32]) -> None:
        """Begin the own stream: a network's numbers follow from its words and the step number."""
        self._words = np.array(words, dtype=np.uint32)

    # ------------------------------------------------------------------ running

    def run(self, block: Block) -> Trace:
        """Make the steps of a block in one compiled call."""
        kept = np.flatnonzero(block.kept)
        own = block.stochastic and block.uniforms is None
        factors = PUBLISHED if block.learning_rate is None else block.factors
        assert factors is not None
        form = Form(
            plan=self._plan,
            own_uniforms=own,
            own_sites=own and self.program.schedule == "random" and block.sites is None,
            keep=block.keep,
            capacity=_capacity(kept.size, self._cells, _KEPT_ROOM) if block.keep else 0,
            division=self.division,
            factors=factors,
            worlds=tuple(world.form for world in block.worlds),
        )
        with self._precision(bool(block.worlds)):
            given = self._given(block, form, kept)
            outcome = run_block(form, self._tables, self._held, given)
            self._held = outcome.held
            self._copies = {}
            return self._trace(kept.size, outcome)

    def _given(self, block: Block, form: Form, kept: NDArray[Any]) -> BlockGiven:
        given = block.uniforms if block.sites is None else block.sites
        each = self.networks * self.chains if given is None else self._cells
        each *= 1 + sum(world.form.normals + world.form.uniforms for world in block.worlds)
        capacity = _capacity(block.steps, each)
        slots = None
        if form.keep:
            slots = np.full(capacity, form.capacity, dtype=np.int32)
            slots[kept] = np.arange(kept.size)
        phase = clock = None
        if block.clock is not None:
            clock = block.clock.astype(np.int32)
            phase = (block.time % block.clock).astype(np.int32)
        keys = None
        if form.own_uniforms or form.own_sites:
            last = block.time + max(block.steps, 1) - 1
            keys = np.stack([keys_at(self._words, block.time), keys_at(self._words, last)], axis=1)
        uniforms = block.uniforms if block.stochastic else None
        noise = None
        if block.deviates is not None and self.program.noise is not None:
            noise = self.program.noise.added(block.deviates, self.program.size)
        arrays: dict[str, Any] = {
            "shown": self._passed(block.shown, capacity, np.int32),
            "precision": self._unless_sent("precision", block.precision),
            "rate": self._unless_sent("rate", block.learning_rate),
            "time_step": self._unless_sent("time_step", block.time_step),
            "uniforms": self._passed(uniforms, capacity, self.dtype),
            "noise": self._passed(noise, capacity, self.dtype),
            "sites": self._passed(block.sites, capacity, np.int32),
            "keys": None if keys is None else self.division.passed(keys),
            "evidence": self._evidence(block.evidence),
            "steps": np.int32(block.steps),
            "time": np.uint32(block.time & 0xFFFFFFFF),
            "phase": phase,
            "clock": clock,
            "reset": None,
            "slots": slots,
            "worlds": tuple(
                given_to(
                    world,
                    self.division.passed,
                    lambda values: self._passed(values, capacity, np.float64),
                )
                for world in block.worlds
            ),
        }
        if block.reset is not None:
            arrays["reset"] = _lengthened(block.reset, 0, capacity, np.bool_)
        return BlockGiven(**arrays)

    def _passed(self, values: NDArray[Any] | None, capacity: int, dtype: Any) -> Any:
        """What is given for each network and step."""
        if values is None:
            return None
        return self.division.passed(_lengthened(values, 1, capacity, dtype))

    def _unless_sent(self, name: str, values: NDArray[Any] | None) -> Array | None:
        """What is often the same from block to block goes to the devices when it changes."""
        if values is None:
            return None
        before = self._sent.get(name)
        if before is None or not np.array_equal(before[0], values):
            put = self.division.whole if name == "evidence" else self.division.networks
            before = np.array(values), put(values.astype(self.dtype))
            self._sent[name] = before
        return before[1]

    def _evidence(self, evidence: NDArray[Any]) -> Array | None:
        # A single vector needs no lookup, which is a form of its own.
        count = len(evidence)
        capacity = 1 if count == 1 else _capacity(count, self.program.size)
        if capacity > count:
            evidence = _lengthened(evidence, 0, capacity, self.dtype)
        return self._unless_sent("evidence", evidence)

    def _numpy(self, values: Array | NDArray[Any]) -> NDArray[Any]:
        return np.array(np.asarray(values)[: self.networks])

    def _trace(self, count: int, outcome: Outcome) -> Trace:
        # On NumPy's side, for a slice of JAX is a compiled function for each length.
        kept = {name: np.asarray(values)[:, :count] for name, values in outcome.kept.items()}
        return Trace(
            kept={name: self._numpy(values) for name, values in kept.items()},
            total=self._numpy(outcome.total),
            previous=self._numpy(outcome.previous),
            state=self._numpy(outcome.held.state),
            field=self._numpy(outcome.held.field),
            worlds=tuple(answered(world, self.networks) for world in outcome.worlds),
        )


def _capacity(count: int, size: int, room: int = _ROOM) -> int:
    """For how many items of `size` numbers to make room: one of few values, at least `count`."""
    capacity = 1 << max(4, (room // size).bit_length() - 1)
    while capacity < count:
        capacity *= 4
    return capacity


def _lengthened(values: NDArray[Any], axis: int, length: int, dtype: Any) -> NDArray[Any]:
    """`values` with zeros behind, up to `length` along an axis."""
    shape = (*values.shape[:axis], length, *values.shape[axis + 1 :])
    longer = np.zeros(shape, dtype)
    longer[(slice(None),) * axis + (slice(values.shape[axis]),)] = values
    return longer
