r"""External states: the world outside, :math:`\eta`.

An external state is clamped evidence, a number or one number per subparticle that senses it, or a
process that answers to action,

.. math:: \eta' = f(\eta, a, \mathrm{rng}),

where :math:`a` holds the active states that reach it. It meets subparticles only through
macro-scale sensory states :math:`s_i = w_i \eta` and active states :math:`a_i = w_i \sigma_i`.

Active states can learn. A boundary state between subparticles learns from the prediction error that
its target sends; the target of an active state is the world, which predicts nothing. In its place
stands what was *expected* of it, :math:`\hat\eta`, and the world's own response:

.. math:: \Delta w_i = \alpha_i\, \varepsilon_\eta\, \sigma_i, \qquad
          \varepsilon_\eta = \hat\eta - \eta' ,

where :math:`\sigma_i` is the state that :math:`i` was showing when the world answered with
:math:`\eta'`. Both can be read off at the boundary state, which touches both ends. Where
:math:`\partial\eta' / \partial a_i` is positive, this descends
:math:`\tfrac12 \varepsilon_\eta^2`, in the mean over time, by the rule of least mean squares: for
:math:`\eta' = A\eta + g\,a + \xi` and :math:`\hat\eta = 0` learning is at rest where
:math:`w = -A \langle\eta\sigma\rangle / (g \langle\sigma^2\rangle)`, that is where no
other weight leaves less of :math:`\langle\eta'^2\rangle` one step ahead. The sign of the response
is a prior of the particle: in a world that answers the other way round, the rule learns the wrong
thing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from deepparticle.agents.member import Member
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.boundary import Boundary, BoundaryEnd
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import finite_number, real_array

__all__ = ["Expectation", "ExternalState", "Process", "forked", "offered", "response_error"]

# Any for the arrays: a function written for NDArray[np.float64] is a process, too.
Process: TypeAlias = Callable[[Any, Any, np.random.Generator], ArrayLike]
"""``process(value, actions, rng) -> new value``; arrays of shapes ``(k,)`` or ``()``, ``(m,)``."""

Expectation: TypeAlias = float | Callable[[float], float]
"""What those who act on it expect of it: a number, or a function of the value before."""


def forked(process: Process | None) -> Process | None:
    """The process itself, or its fork, if it remembers something and so has a method ``fork``.

    Examples
    --------
    >>> from deepparticle.agents.streams import Stream
    >>> tide = Stream([1.0, 2.0])
    >>> forked(tide) is tide, forked(abs) is abs
    (False, True)
    """
    fork = getattr(process, "fork", None)
    made: Process | None = fork() if callable(fork) else process
    return made


def offered(process: Process | None, method: str) -> Callable[..., Any] | None:
    """A method that stands in for calling a process, if its class has one.

    A subclass that answers in another way, and does not say so there, does not have it.

    Examples
    --------
    >>> from deepparticle.agents.streams import Stream
    >>> class Loud(Stream):
    ...     def __call__(self, value, actions, rng):
    ...         return 10.0 * super().__call__(value, actions, rng)
    >>> offered(Stream([1.0]), "ahead") is None, offered(Loud([1.0]), "ahead") is None
    (False, True)
    """
    for kind in type(process).__mro__:
        if method in vars(kind):
            found: Callable[..., Any] = getattr(process, method)
            return found
        if "__call__" in vars(kind):
            return None
    return None


def response_error(
    expectation: Expectation, before: FloatArray, after: FloatArray, where: str
) -> float:
    r"""What was expected of an external state minus what it became, :math:`\hat\eta - \eta'`.

    Parameters
    ----------
    expectation : float or callable
    before, after : ndarray of shape ()
        The values before and after the answer.
    where : str
        The external state, for messages.

    Raises
    ------
    SettingError
        If it has several components, of which no one can tell which an action answers for.

    Examples
    --------
    >>> response_error(lambda value: 0.5 * value, np.array(2.0), np.array(1.5), "level")
    -0.5
    """
    if before.ndim or after.ndim:
        raise SettingError(
            Fault(
                where,
                "active states learn from an external state that is one number",
                f"shape {after.shape}",
                "make one external state per component, or leave expectation= out",
            )
        )
    if callable(expectation):
        expectation = finite_number(expectation(float(before)), where, "expectation")
    return expectation - float(after)


class ExternalState(Member):
    r"""A state of the world outside.

    Parameters
    ----------
    name : str
        Unique among the members of the root.
    value : float or array_like of shape (k,)
        The clamped value: one number for all, or one per subparticle that senses it, in row order.
    process : callable, optional
        ``process(value, actions, rng) -> value``, called once at the beginning of every step with
        the active states that reach this external state, in row order. One that remembers
        something has a method ``fork()`` (:mod:`deepparticle.agents.streams`).
    expectation : float or callable, optional
        :math:`\hat\eta`, from which plastic active states learn: what those who act on this state
        expect of it, a number, or a function of the value before. None: no active state learns.

    Examples
    --------
    >>> scene = ExternalState("scene", 0.5)
    >>> scene.value
    0.5
    """

    is_external = True

    def __init__(
        self,
        name: str,
        value: ArrayLike = 0.0,
        process: Process | None = None,
        expectation: Expectation | None = None,
    ) -> None:
        super().__init__(name)
        if process is not None and not callable(process):
            raise SettingTypeError(
                Fault(
                    name,
                    "a process is a callable process(value, actions, rng)",
                    repr(process),
                    "give a function, or None for clamped evidence",
                )
            )
        self.process = process
        # Insertion-ordered: who senses this state, and who acts on it, one by one; then, in whole
        # blocks, populations that do.
        self._sensed_by: dict[BoundaryEnd, Boundary] = {}
        self._acted_on_by: dict[BoundaryEnd, Boundary] = {}
        self.blocks: list[Any] = []
        """The blocks of macro-scale boundary states between this state and whole populations."""
        self._order: tuple[object, dict[BoundaryEnd, int]] | None = None
        self._value: FloatArray = np.zeros(())
        self.value = value
        self._expectation: Expectation | None = None
        self.expectation = expectation
        self._error: float | None = None

    def _unfolded(self, inwards: bool) -> dict[BoundaryEnd, Boundary]:
        ends = self._sensed_by if inwards else self._acted_on_by
        for block in [one for one in self.blocks if one.inwards == inwards]:
            ends.update(block.unfold())
        return ends

    @property
    def _outgoing(self) -> dict[BoundaryEnd, Boundary]:
        return self._unfolded(True)

    @property
    def _incoming(self) -> dict[BoundaryEnd, Boundary]:
        return self._unfolded(False)

    def count_of(self, inwards: bool) -> int:
        """How many subparticles sense this state (`inwards`), or act on it."""
        explicit = self._sensed_by if inwards else self._acted_on_by
        return len(explicit) + sum(len(one) for one in self.blocks if one.inwards == inwards)

    def _single_block(self, inwards: bool) -> Any:
        """The block that holds all who sense this state, or act on it, if there is one."""
        blocks = [one for one in self.blocks if one.inwards == inwards]
        explicit = self._sensed_by if inwards else self._acted_on_by
        return blocks[0] if len(blocks) == 1 and not explicit else None

    @property
    def value(self) -> float | FloatArray:
        """The value of η: a float, or an array of shape ``(k,)``, one entry per sensing leaf."""
        return self._value.item() if self._value.ndim == 0 else self._value.copy()

    @value.setter
    def value(self, value: ArrayLike) -> None:
        self._value = self.checked_value(value)

    def checked_value(self, value: ArrayLike) -> FloatArray:
        """Return `value` as an array of shape ``()`` or ``(k,)``.

        Raises
        ------
        SettingError, SettingTypeError
            If it is not finite, not numeric, or has another length than the number of subparticles
            that sense this state.
        """
        try:
            # A copy: what the caller does to its array later is not the state's.
            array = real_array(value)
        except (TypeError, ValueError):
            raise SettingTypeError(
                Fault(str(self), "an external state holds numbers", repr(value), "give floats")
            ) from None
        if not np.all(np.isfinite(array)):
            raise SettingError(
                Fault(str(self), "an external state is finite", repr(value), "replace NaN and inf")
            )
        count = self.count_of(inwards=True)
        if array.ndim > 1 or (array.ndim == 1 and count and array.size != count):
            raise SettingError(
                Fault(
                    str(self),
                    f"its value is one number, or one per sensing subparticle ({count})",
                    f"shape {array.shape}",
                    f"give a scalar or an array of shape ({count},)",
                )
            )
        return array

    @property
    def sensing(self) -> tuple[BoundaryEnd, ...]:
        """The subparticles that sense this state, in row order."""
        return tuple(self._indices())

    @property
    def acting(self) -> tuple[BoundaryEnd, ...]:
        """The subparticles that act on this state, in row order."""
        return tuple(self._in_row_order(self._incoming))

    @property
    def actions(self) -> FloatArray:
        r"""The active states that reach this state, :math:`w_i\sigma_i`, shape ``(m,)``."""
        block = self._single_block(inwards=False)
        if block is not None:
            values: FloatArray = block.values()
            return values
        return np.array([self._incoming[end].state for end in self.acting], dtype=np.float64)

    def boundary_from(self, source: BoundaryEnd) -> Boundary | None:
        """The macro-scale active state of `source` on this state, if there is one."""
        return self._boundary_with(source, inwards=False)

    def boundary_to(self, target: BoundaryEnd) -> Boundary | None:
        """The macro-scale sensory state of `target`, if there is one."""
        return self._boundary_with(target, inwards=True)

    def _boundary_with(self, end: Any, inwards: bool) -> Boundary | None:
        population = getattr(end, "population", None)
        for block in self.blocks:
            if block.inwards == inwards and block.population is population:
                found: Boundary = block.state(end.row)
                return found
        return (self._sensed_by if inwards else self._acted_on_by).get(end)

    @property
    def expectation(self) -> Expectation | None:
        r"""What those who act on it expect of it, :math:`\hat\eta`; None: they do not learn."""
        return self._expectation

    @expectation.setter
    def expectation(self, expectation: Expectation | None) -> None:
        if expectation is not None and not callable(expectation):
            expectation = finite_number(expectation, str(self), "expectation")
        self._expectation = expectation

    def advance(self, rng: np.random.Generator) -> None:
        """Let the process answer once; clamped evidence stays."""
        self._error = None
        if self.process is not None:
            before = self._value.copy()
            self.value = self.process(before.copy(), self.actions, rng)
            if self._expectation is not None:
                self._error = response_error(self._expectation, before, self._value, str(self))

    def learn(self) -> None:
        r"""Send what it failed to become to its plastic active states, once it has answered.

        .. math:: \Delta w_i = \alpha_i\, (\hat\eta - \eta')\, \sigma_i

        with the learning rates of those who act. Without an expectation, and where nothing has
        answered (clamped), nothing is learned.

        Examples
        --------
        >>> from deepparticle.partitions import Partition
        >>> world = Partition("world", learning_rate=0.1)
        >>> particle = world.add_subparticle("particle", state=0.5)
        >>> level = world.add_external("level", 1.0, lambda v, a, rng: v + a.sum(), expectation=0.0)
        >>> active = world.act(particle, level, 2.0, plastic=True)
        >>> level.advance(np.random.default_rng(0))  # answers 1 + 2 · 0.5
        >>> level.learn()  # 0.1 · (0 − 2) · 0.5
        >>> active.weight
        1.9
        """
        if self._error is None:
            return
        states = [one for block in self.blocks if not block.inwards for one in block]
        for boundary in (*self._acted_on_by.values(), *states):
            source: Any = boundary.source
            if boundary.plastic and source.learning_rule != "frozen":
                boundary.learn(self._error, source.learning_rate)

    def emission(self, boundary: Boundary) -> float:
        """The component of η that `boundary` senses."""
        if self._value.ndim == 0:
            return float(self._value)
        block = self._single_block(inwards=True)
        target: Any = boundary.target
        if block is not None and getattr(target, "population", None) is block.population:
            return float(self._value[target.row])
        return float(self._value[self._indices()[target]])

    def presynaptic(self, boundary: Boundary) -> float:
        """The same component, as `boundary` would learn from it."""
        return self.emission(boundary)

    def _in_row_order(self, ends: dict[BoundaryEnd, Boundary]) -> list[BoundaryEnd]:
        rows: Any = getattr(self.root, "row_of", None)
        return sorted(ends, key=rows) if rows is not None else list(ends)

    def _indices(self) -> dict[BoundaryEnd, int]:
        # Which component belongs to whom changes only with the structure of the world.
        stamp = (getattr(self.root, "revision", None), self.count_of(inwards=True))
        if self._order is None or self._order[0] != stamp:
            order = {end: index for index, end in enumerate(self._in_row_order(self._outgoing))}
            self._order = (stamp, order)
        return self._order[1]

    def __repr__(self) -> str:
        learned = "" if self._expectation is None else f", expectation={self._expectation!r}"
        shown = f"{self.value:.6g}" if self._value.ndim == 0 else f"array of {self._value.size}"
        process = "" if self.process is None else f", process={self.process!r}"
        sensing, acting = self.count_of(inwards=True), self.count_of(inwards=False)
        return (
            f"<ExternalState {str(self)!r}: value={shown}, sensed by {sensing}, "
            f"acted on by {acting}{process}{learned}>"
        )
