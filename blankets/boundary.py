r"""Boundary states: what stands between two things, and the two views of it.

One boundary state joins a *source* to a *target*. The target calls it a sensory state, the source
an active state, and it is one and the same state (Spisak & Friston 2026, figure 1):

.. math:: s_{ij} = a_{ji} \sim \delta(J_{ij}\,\sigma_j),

with target :math:`i` and source :math:`j`. Three kinds occur, told apart by what they join:

=============  =============================  ==============================================
kind           joins                          is
=============  =============================  ==============================================
``boundary``   subparticle → subparticle      micro-scale :math:`s_{ij} = a_{ji}`
``sensory``    external → subparticle         macro-scale sensory state :math:`s_i`
``active``     subparticle → external         macro-scale active state :math:`a_i`
=============  =============================  ==============================================

A boundary state owns its conditional distribution, its plasticity and its learning,

.. math:: \Delta J_{ij} = \alpha_i\,\varepsilon_i\,\sigma'_j ,

for which the target sends the prediction error :math:`\varepsilon_i` and the boundary reads the
state of its own source: it touches both ends, so nothing non-local is needed. This is the published
rule; others know no more than that (`Boundary.asked`). The target of an active state is the world:
what was expected of it minus what it became stands for :math:`\varepsilon`, and :math:`\sigma` is
what the source showed to it (:mod:`deepparticle.agents.external`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Literal, Protocol, TypeVar

from deepparticle.blankets.conditional import BoundaryConditional
from deepparticle.blankets.errors import (
    Fault,
    PartitionError,
    SettingTypeError,
    UnknownPathError,
)
from deepparticle.blankets.numbers import finite_number

__all__ = [
    "ActiveState",
    "Boundary",
    "BoundaryEnd",
    "BoundaryKind",
    "BoundaryViews",
    "ExplicitBoundary",
    "SensoryState",
    "checked_conditional",
]

BoundaryKind = Literal["boundary", "sensory", "active"]


class BoundaryEnd(Protocol):
    """What a boundary state may read of the two states that it touches."""

    @property
    def name(self) -> str:
        """The short name."""

    @property
    def path(self) -> str:
        """The path from the root."""

    @property
    def is_external(self) -> bool:
        """Whether this is an external state."""

    def emission(self, boundary: Boundary) -> float:
        """What this end last showed to `boundary`."""

    def presynaptic(self, boundary: Boundary) -> float:
        """The state of this end now, as `boundary` sees it when it learns."""


class Boundary(ABC):
    """A boundary state, wherever its numbers live."""

    __slots__ = ("__weakref__",)

    @property
    @abstractmethod
    def source(self) -> BoundaryEnd:
        """The state that drives this one."""

    @property
    @abstractmethod
    def target(self) -> BoundaryEnd:
        """The state that this one drives."""

    @property
    @abstractmethod
    def conditional(self) -> BoundaryConditional:
        r"""The distribution of this state given its source: :math:`p(s_{ij} | \\sigma_j)`."""

    @conditional.setter
    @abstractmethod
    def conditional(self, conditional: BoundaryConditional) -> None: ...

    @property
    @abstractmethod
    def plastic(self) -> bool:
        """Whether learning changes the weight."""

    @plastic.setter
    @abstractmethod
    def plastic(self, plastic: bool) -> None: ...

    @property
    def kind(self) -> BoundaryKind:
        """``"boundary"``, or ``"sensory"`` / ``"active"`` at the macro scale."""
        if self.source.is_external:
            return "sensory"
        return "active" if self.target.is_external else "boundary"

    @property
    def weight(self) -> float:
        """The coupling :math:`J_{ij}`, from source to target."""
        return self.conditional.weight

    @weight.setter
    def weight(self, weight: float) -> None:
        self.conditional = self.conditional.with_weight(finite_number(weight, str(self), "weight"))

    @property
    def deviate(self) -> float:
        """The standard normal deviate of a noisy boundary in this step; can be set by hand."""
        return 0.0

    @deviate.setter
    def deviate(self, deviate: float) -> None:
        raise SettingTypeError(
            Fault(
                str(self),
                "a boundary state that lives in an array has no noise",
                f"deviate={deviate!r}",
                "couple explicit subparticles instead",
            )
        )

    @property
    def state(self) -> float:
        r"""The boundary state :math:`s_{ij} = J_{ij}\sigma_j`, for what the source last showed.

        A noisy one has the noise of this step on top.
        """
        conditional, shown = self.conditional, self.source.emission(self)
        if conditional.is_noisy:
            return conditional.sample(shown, self.deviate)
        return conditional.value(shown)

    def increment(self, error: float, rate: float) -> float:
        r"""The change that learning asks for: :math:`\alpha\,\varepsilon_i\,\sigma'_j`.

        Parameters
        ----------
        error : float
            The target's prediction error :math:`\varepsilon_i`, in units of its state.
        rate : float
            The learning rate :math:`\alpha_i` of the target.

        Returns
        -------
        float
            :math:`\Delta J_{ij}`; 0 for a boundary that is not plastic.
        """
        return rate * error * self.source.presynaptic(self) if self.plastic else 0.0

    def learn(self, error: float, rate: float) -> None:
        r"""Change the weight by :math:`\alpha\,\varepsilon_i\,\sigma'_j` (see `increment`)."""
        if self.plastic:
            self.change(self.increment(error, rate))

    def change(self, change: float) -> None:
        """Add to the weight, without a word about the ends: nothing else is read."""
        self.conditional = self.conditional.with_weight(self.weight + change)

    def asked(
        self,
        change: Callable[[float, float, float, float, float], float],
        state: float,
        prediction: float,
        previous: float,
    ) -> float:
        r"""What a learning rule asks for, per unit of learning rate.

        Parameters
        ----------
        change : callable
            ``change(state, prediction, source, previous, weight)``.
        state, prediction : float
            Of the target: :math:`\sigma'_i`, and :math:`L(h_i)`.
        previous : float
            The state of the source that had entered :math:`h_i`.

        Returns
        -------
        float
            0 for a boundary that is not plastic.
        """
        if not self.plastic:
            return 0.0
        return change(state, prediction, self.source.presynaptic(self), previous, self.weight)

    def __str__(self) -> str:
        return f"{self.source.path} → {self.target.path}"

    def __repr__(self) -> str:
        frozen = "" if self.plastic else ", plastic=False"
        return f"<{self.kind} state {self}: {self.conditional!r}{frozen}>"


class ExplicitBoundary(Boundary):
    """A boundary state that is an object of its own.

    Parameters
    ----------
    source, target : BoundaryEnd
        The two ends.
    conditional : BoundaryConditional
        How the state follows its source, for example ``Delta(0.8)``.
    plastic : bool
        Whether learning changes the weight.
    """

    __slots__ = ("_conditional", "_deviate", "_plastic", "_source", "_target")

    def __init__(
        self,
        source: BoundaryEnd,
        target: BoundaryEnd,
        conditional: BoundaryConditional,
        plastic: bool = True,
    ) -> None:
        self._source = source
        self._target = target
        self._conditional = conditional
        self._plastic = plastic
        self._deviate = 0.0

    @property
    def source(self) -> BoundaryEnd:
        """The state that drives this one."""
        return self._source

    @property
    def target(self) -> BoundaryEnd:
        """The state that this one drives."""
        return self._target

    @property
    def conditional(self) -> BoundaryConditional:
        """The distribution of this state given its source."""
        return self._conditional

    @conditional.setter
    def conditional(self, conditional: BoundaryConditional) -> None:
        self._conditional = checked_conditional(conditional, self)

    @property
    def deviate(self) -> float:
        """The standard normal deviate of a noisy boundary in this step; can be set by hand."""
        return self._deviate

    @deviate.setter
    def deviate(self, deviate: float) -> None:
        self._deviate = finite_number(deviate, str(self), "deviate")

    @property
    def plastic(self) -> bool:
        """Whether learning changes the weight."""
        return self._plastic

    @plastic.setter
    def plastic(self, plastic: bool) -> None:
        self._plastic = bool(plastic)


def checked_conditional(conditional: object, boundary: Boundary) -> BoundaryConditional:
    """Return `conditional` if it is one, else raise an error that names `boundary`."""
    if not isinstance(conditional, BoundaryConditional):
        raise SettingTypeError(
            Fault(
                str(boundary),
                "a boundary state owns a conditional distribution",
                repr(conditional),
                "give for example Delta(0.8)",
            )
        )
    if conditional.is_noisy and boundary.kind != "boundary":
        raise SettingTypeError(
            Fault(
                str(boundary),
                "a noisy boundary state lies between two subparticles",
                repr(conditional),
                "give the external state a process that is noisy",
            )
        )
    return conditional


class _View:
    """What the two views of a boundary state share."""

    __slots__ = ("_boundary",)

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary

    @property
    def boundary(self) -> Boundary:
        """The boundary state behind this view, the same object from both sides."""
        return self._boundary

    @property
    def weight(self) -> float:
        """The coupling; setting it changes the boundary state, as seen from either side."""
        return self._boundary.weight

    @weight.setter
    def weight(self, weight: float) -> None:
        self._boundary.weight = weight

    @property
    def plastic(self) -> bool:
        """Whether learning changes the weight."""
        return self._boundary.plastic

    @plastic.setter
    def plastic(self, plastic: bool) -> None:
        self._boundary.plastic = plastic

    @property
    def conditional(self) -> BoundaryConditional:
        """The conditional distribution, for example ``Delta(0.8)``."""
        return self._boundary.conditional

    @conditional.setter
    def conditional(self, conditional: BoundaryConditional) -> None:
        self._boundary.conditional = conditional

    @property
    def state(self) -> float:
        """The value of the boundary state."""
        return self._boundary.state

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _View)
            and type(other) is type(self)
            and other._boundary == self._boundary
        )

    def __hash__(self) -> int:
        return hash((type(self), self._boundary))


class SensoryState(_View):
    r"""A boundary state seen by its target: :math:`s_{ij}`, what :math:`i` senses of :math:`j`."""

    __slots__ = ()

    @property
    def source(self) -> BoundaryEnd:
        """What is sensed."""
        return self._boundary.source

    def __repr__(self) -> str:
        return (
            f"<SensoryState of {self._boundary.target.path!r} from "
            f"{self._boundary.source.path!r}: weight={self.weight:.6g}>"
        )


class ActiveState(_View):
    r"""A boundary state seen by its source: :math:`a_{ji}`, how :math:`j` acts on :math:`i`."""

    __slots__ = ()

    @property
    def target(self) -> BoundaryEnd:
        """What is acted upon."""
        return self._boundary.target

    def __repr__(self) -> str:
        return (
            f"<ActiveState of {self._boundary.source.path!r} on "
            f"{self._boundary.target.path!r}: weight={self.weight:.6g}>"
        )


View = TypeVar("View", bound=_View)


class BoundaryViews(Mapping[str, View], Generic[View]):
    """The sensory (or active) states of one subparticle, by the path of the other end.

    ``b.sensory["brain/a"]`` always works, the short name ``b.sensory["a"]`` when it is unique, and
    so does the object itself, ``b.sensory[a]``.

    Parameters
    ----------
    owner : str
        The path of the subparticle, for messages.
    view : type
        `SensoryState` or `ActiveState`.
    boundaries : callable
        Gives the boundary states, in a deterministic order.
    lookup : callable
        Gives the boundary state that joins the owner to an object, or None.
    """

    __slots__ = ("_boundaries", "_lookup", "_owner", "_view")

    def __init__(
        self,
        owner: str,
        view: type[View],
        boundaries: Callable[[], Iterator[Boundary]],
        lookup: Callable[[BoundaryEnd], Boundary | None],
    ) -> None:
        self._owner = owner
        self._view = view
        self._boundaries = boundaries
        self._lookup = lookup

    def _other(self, boundary: Boundary) -> BoundaryEnd:
        return boundary.source if self._view is SensoryState else boundary.target

    def __getitem__(self, key: object) -> View:
        if isinstance(key, int):  # the members of a population are numbered
            key = str(key)
        if not isinstance(key, str):
            found = self._lookup(key)  # type: ignore[arg-type]
            if found is not None:
                return self._view(found)
            raise self._missing(getattr(key, "path", repr(key)))
        short: list[Boundary] = []
        for boundary in self._boundaries():
            other = self._other(boundary)
            if other.name == key or key.endswith(other.name):
                if other.path == key:
                    return self._view(boundary)
                if other.name == key:
                    short.append(boundary)
        if len(short) == 1:
            return self._view(short[0])
        if short:
            paths = " or ".join(repr(self._other(boundary).path) for boundary in short)
            raise PartitionError(
                Fault(self._owner, "a short name is unique", repr(key), f"use the path: {paths}")
            )
        raise self._missing(key)

    def _missing(self, key: str) -> Exception:
        from deepparticle.blankets.naming import unknown_path

        side = "sensory" if self._view is SensoryState else "active"
        return unknown_path(f"{self._owner}.{side}", key, list(self))

    def __iter__(self) -> Iterator[str]:
        for boundary in self._boundaries():
            yield self._other(boundary).path

    def __len__(self) -> int:
        return sum(1 for _ in self._boundaries())

    def __contains__(self, key: object) -> bool:
        try:
            self[key]
        except UnknownPathError:
            return False
        except PartitionError:  # a short name that is not unique is there more than once
            return True
        return True

    def __repr__(self) -> str:
        entries = list(self)
        shown = ", ".join(repr(entry) for entry in entries[:6])
        return (
            f"<{self._view.__name__}s of {self._owner!r}: "
            f"{shown}{', …' if len(entries) > 6 else ''}>"
        )
