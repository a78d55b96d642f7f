r"""The flows of a particular partition, each with its lawful arguments and no others.

For a partition with internal states :math:`\mu`, sensory and active states :math:`s, a` and the
outside :math:`\eta` (Spisak & Friston 2026, "Particular partitions"),

.. math:: \dot\eta = f_\eta(\eta, s, a), \quad \dot s = f_s(\eta, s, a), \quad
          \dot a = f_a(s, a, \mu), \quad \dot\mu = f_\mu(s, a, \mu),

up to noise: the flow of a state is its expected change. Here :math:`\mu` are the internal states of
the subparticles inside, :math:`\eta` those outside and the external states, :math:`s` and :math:`a`
the boundary states that cross the border. A boundary state copies its source, :math:`s = J\sigma`,
so its flow is that of its source, scaled.

``kind="synchronous"``: the change in one synchronous step, with :math:`E[\sigma'] = L(\theta)`,

.. math:: f_\mu = L(\theta) - \mu, \quad \theta_i = \beta_i \Bigl(b_i + \sum_{j \in \mu} J_{ij}\mu_j
          + \sum_{s \to i} s\Bigr), \quad f_a = J\,L(\theta) - a,

and likewise :math:`f_\eta = L(\theta(\eta, a)) - \eta` for subparticles outside,
:math:`f_s = J\,L(\theta(\eta, a)) - s`. An external state that is clamped does not flow; one with a
process changes by what the process answers to :math:`(\eta, a)`. In a step of a world the external
states answer first, so that the inside meets the macro-scale sensory states after they have moved.

``kind="langevin"``: the drift of :math:`d\sigma = (c + K\sigma)\,dt + \sqrt2\,dW`,
:math:`f_\mu = \theta` for a flat base measure (else :math:`\theta + d \ln m/d\sigma`), and
:math:`\dot s = J \dot\sigma`; a process counts per unit of time. Walls are not part of the drift.

Where boundary states are noisy, those of the border are given as they are, noise included, and flow
to what they are expected to be. Those that do not cross it are no arguments: :math:`L(\theta)` is
averaged over their noise (:mod:`deepparticle.agents.field_noise`).

Clocks are left out: these are the flows of states that are due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import real_array
from deepparticle.partitions.columns import leaf_columns
from deepparticle.partitions.flow_terms import LeafFlow, Places, rows_of, sparse_matrix, times
from deepparticle.partitions.stepping import checked_option

if TYPE_CHECKING:
    import scipy.sparse

    from deepparticle.partitions.partition import Partition

__all__ = ["KINDS", "Flows", "ParticularStates", "flows_of"]

KINDS = ("synchronous", "langevin")


class ParticularStates(NamedTuple):
    r"""Something for each of the four kinds of states: values, changes, names or sizes."""

    external: Any
    r""":math:`\eta`: subparticles outside in row order, then the numbers that external states
    hold."""
    sensory: Any
    r""":math:`s`, in the order of ``world.blanket(path).sensory``."""
    active: Any
    r""":math:`a`, in the order of ``world.blanket(path).active``."""
    internal: Any
    r""":math:`\mu`: the subparticles inside, in row order."""


class Flows:
    r"""The four flows of a partition: a snapshot of its numbers, made by ``world.flows(path)``.

    States may have leading axes, ``(…, number of states)``, and so have their flows.

    Examples
    --------
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> brain = world.add_partition("brain")
    >>> a, b = brain.add_subparticle("a", bias=1.0), world.add_subparticle("b", state=0.5)
    >>> _ = world.couple(b, a, 2.0), world.couple(a, b, -1.0)
    >>> flows = world.flows("brain")
    >>> flows.names  # doctest: +NORMALIZE_WHITESPACE
    ParticularStates(external=('b',), sensory=('b→brain/a',), active=('brain/a→b',),
                     internal=('brain/a',))
    >>> eta, s, a, mu = flows.now
    >>> flows.internal(s, a, mu).round(4)  # L(1 + s) - mu, with s = 2 × 0.5
    array([0.5373])
    >>> flows.sensory(eta, s, a)  # 2 L(a) - s, with a = 0
    array([-1.])
    """

    def __init__(self, member: Any, kind: str, draws: int, seed: int) -> None:
        world: Partition = member.root
        columns, blanket = leaf_columns(world), world.blanket(member)
        inside = rows_of(world, member)
        outside = np.setdiff1d(np.arange(len(columns.bias)), inside)
        sensory = [view.boundary for view in blanket.sensory]
        active = [view.boundary for view in blanket.active]
        places = Places(world, inside, outside)
        self.path: str = member.path
        """The partition."""
        self.kind = kind
        """``"synchronous"`` or ``"langevin"``."""
        self.names = ParticularStates(
            places.names(columns),
            tuple(f"{one.source.path}→{one.target.path}" for one in sensory),
            tuple(f"{one.source.path}→{one.target.path}" for one in active),
            tuple(columns.paths[row] for row in inside.tolist()),
        )
        """The names of the states."""
        self.now = ParticularStates(
            np.concatenate(
                [columns.state[outside], *(np.ravel(one.value) for one in world.externals)]
            ),
            np.array([one.state for one in sensory], dtype=np.float64),
            np.array([one.state for one in active], dtype=np.float64),
            columns.state[inside],
        )
        """Their values when the flows were made."""
        self.sizes = ParticularStates(*map(len, self.names))
        """How many of each there are."""
        self._draws, self._seed = draws, seed
        noise = places.noise()
        self._inside = LeafFlow(
            columns,
            inside,
            places.couplings(inside),
            sparse_matrix(
                [(places.of(one.target), n, 1.0) for n, one in enumerate(sensory)],
                (self.sizes.internal, self.sizes.sensory),
            ),
            noise[inside],
        )
        self._outside = LeafFlow(
            columns,
            outside,
            places.couplings_outside(self.sizes.external),
            sparse_matrix(
                [
                    (places.of(one.target), n, 1.0)
                    for n, one in enumerate(active)
                    if not one.target.is_external
                ],
                (len(outside), self.sizes.active),
            ),
            noise[outside],
        )
        # A boundary state follows what is behind it.
        self._behind_sensory = sparse_matrix(
            [(n, places.behind(one), one.weight) for n, one in enumerate(sensory)],
            (self.sizes.sensory, self.sizes.external),
        )
        self._behind_active = sparse_matrix(
            [(n, places.of(one.source), one.weight) for n, one in enumerate(active)],
            (self.sizes.active, self.sizes.internal),
        )
        self._answers = places.answers(active, self.sizes)

    # ------------------------------------------------------------------ the four flows

    def external(self, external: ArrayLike, sensory: ArrayLike, active: ArrayLike) -> FloatArray:
        r"""The flow of the outside, :math:`f_\eta(\eta, s, a)`, shape ``(…, external)``."""
        eta, s, a = self._checked(external=external, sensory=sensory, active=active)
        change = np.zeros((*_lead(eta, s, a), self.sizes.external))
        count = len(self._outside)
        change[..., :count] = self._outside.flow(eta[..., :count], eta, a, self.kind)
        for answer in self._answers:
            change[..., answer.places] = answer.flow(eta, a, self._draws, self._seed)
        return change

    def sensory(self, external: ArrayLike, sensory: ArrayLike, active: ArrayLike) -> FloatArray:
        r"""The flow of the sensory states, :math:`f_s(\eta, s, a)`, shape ``(…, sensory)``."""
        eta, s, _ = self._checked(external=external, sensory=sensory, active=active)
        change = self.external(external, sensory, active)
        return self._following(self._behind_sensory, eta, change, s)

    def active(self, sensory: ArrayLike, active: ArrayLike, internal: ArrayLike) -> FloatArray:
        r"""The flow of the active states, :math:`f_a(s, a, \mu)`, shape ``(…, active)``."""
        _, a, mu = self._checked(sensory=sensory, active=active, internal=internal)
        change = self.internal(sensory, active, internal)
        return self._following(self._behind_active, mu, change, a)

    def internal(self, sensory: ArrayLike, active: ArrayLike, internal: ArrayLike) -> FloatArray:
        r"""The flow of the inside, :math:`f_\mu(s, a, \mu)`, shape ``(…, internal)``."""
        s, a, mu = self._checked(sensory=sensory, active=active, internal=internal)
        change = np.zeros((*_lead(s, a, mu), self.sizes.internal))
        change[...] = self._inside.flow(mu, mu, s, self.kind)
        return change

    def __call__(
        self, external: ArrayLike, sensory: ArrayLike, active: ArrayLike, internal: ArrayLike
    ) -> ParticularStates:
        """All four, for all four kinds of states."""
        return ParticularStates(
            self.external(external, sensory, active),
            self.sensory(external, sensory, active),
            self.active(sensory, active, internal),
            self.internal(sensory, active, internal),
        )

    def _following(
        self,
        behind: scipy.sparse.csr_array,
        states: FloatArray,
        change: FloatArray,
        now: FloatArray,
    ) -> FloatArray:
        if self.kind == "langevin":
            return times(behind, change)
        return times(behind, states + change) - now

    def _checked(self, **states: ArrayLike) -> list[FloatArray]:
        return [
            _checked_states(value, getattr(self.sizes, name), f"the flows of {self.path!r}", name)
            for name, value in states.items()
        ]

    def __repr__(self) -> str:
        shown = ", ".join(f"{size} {name}" for name, size in self.sizes._asdict().items())
        return f"<{self.kind} flows of {self.path!r}: {shown}>"


def flows_of(member: Any, kind: str, draws: int = 1, seed: int = 0) -> Flows:
    """The flows of a partition, population or subparticle; see `Partition.flows`."""
    where = f"flows of {str(member)!r}"
    checked_option(kind, KINDS, where, "kind")
    number: Any = draws
    if not isinstance(number, (int, np.integer)) or number < 1:
        raise SettingError(
            Fault(where, "draws is a whole number ≥ 1", repr(draws), "give draws=1, for example")
        )
    return Flows(member, kind, int(number), seed)


def _lead(*states: FloatArray) -> tuple[int, ...]:
    return np.broadcast_shapes(*(part.shape[:-1] for part in states))


def _checked_states(value: ArrayLike, size: int, where: str, what: str) -> FloatArray:
    try:
        array = real_array(value)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(where, f"the {what} states are numbers", repr(value)[:60], "give floats")
        ) from None
    if array.ndim == 0 or array.shape[-1] != size:
        raise SettingError(
            Fault(
                where,
                f"the {what} states have shape (…, {size})",
                f"shape {array.shape}",
                f"give one number for each of flows.names.{what}",
            )
        )
    return array
