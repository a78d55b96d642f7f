r"""Worlds in array code: processes that a compiler can put inside its loop.

A plain process ``process(value, actions, rng)`` may do anything, so a compiled backend has to come
back to Python in every step to ask it. One in *array code* is a pure function of arrays,

.. math:: \eta' = f(\eta, a, \xi, \upsilon), \qquad
          \xi \sim \mathcal N(0, 1)^n, \quad \upsilon \sim \mathcal U[0, 1)^m,

which says beforehand how many random numbers a step of it needs, and computes with a namespace that
it is given, NumPy's or JAX's. It is a process like any other on ``objects`` and ``numpy``; ``jax``
compiles it together with the step, and draws the random numbers of a whole block of steps in
advance, from the same generator in the same order. So all backends make the same run.

Any object can offer such a form: it has a method ``array_form(shape)`` that returns an
`ArrayProcess`, or None, for values of that shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any, NamedTuple, TypeAlias, overload

import numpy as np

from deepparticle.agents.external import Process, offered
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError

__all__ = ["ArrayFunction", "ArrayProcess", "Draws", "array_form", "array_process"]


class Draws(NamedTuple):
    """The random numbers of one answer.

    Parameters
    ----------
    normals : array of shape (n,)
        Standard normal.
    uniforms : array of shape (m,)
        Uniform in [0, 1).
    """

    normals: Any
    uniforms: Any


ArrayFunction: TypeAlias = Callable[[Any, Any, Draws, Any], Any]
"""``function(value, actions, draws, xp) -> new value``, all arrays of the namespace ``xp``."""


@dataclass(frozen=True)
class ArrayProcess:
    r"""A process in array code; see `array_process`.

    Parameters
    ----------
    function : callable
        ``function(value, actions, draws, xp)`` with the value :math:`\eta`, of shape ``()`` or
        ``(k,)``, the active states :math:`a_i = w_i\sigma_i`, of shape ``(m,)``, `Draws`, and the
        namespace to compute with, that of NumPy or JAX.
    normals, uniforms : int
        How many of each an answer draws: first the normals, then the uniforms.

    Raises
    ------
    SettingError, SettingTypeError
        If the function is none, or a number is not a whole one ≥ 0.

    Examples
    --------
    >>> def decay(value, actions, draws, xp):
    ...     return 0.5 * value + xp.tanh(actions.sum())
    >>> float(ArrayProcess(decay)(4.0, np.zeros(2), np.random.default_rng(0)))
    2.0
    """

    function: ArrayFunction
    normals: int = 0
    uniforms: int = 0

    def __post_init__(self) -> None:
        where = "array_process"
        function: Any = self.function
        if not callable(function):
            rule = "array code is a function of value, actions, draws and xp"
            raise SettingTypeError(Fault(where, rule, repr(function), "give a function"))
        if not isinstance(function, (FunctionType, MethodType)):
            # A method can be hashed whatever its object is, and what is compiled has to be.
            object.__setattr__(self, "function", function.__call__)
        for name in ("normals", "uniforms"):
            count: Any = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
                rule = f"{name} is a whole number of draws per answer"
                raise SettingTypeError(Fault(where, rule, repr(count), f"give {name}=1"))
            if count < 0:
                rule = f"{name} is at least 0"
                raise SettingError(Fault(where, rule, repr(count), f"give {name}=0 for none"))
            object.__setattr__(self, name, int(count))

    def draw(self, rng: np.random.Generator) -> Draws:
        """The random numbers of one answer."""
        return Draws(rng.standard_normal(self.normals), rng.random(self.uniforms))

    def __call__(self, value: Any, actions: Any, rng: np.random.Generator) -> Any:
        """The next value, by NumPy."""
        return self.function(np.asarray(value), np.asarray(actions), self.draw(rng), np)

    def array_form(self, shape: tuple[int, ...]) -> ArrayProcess:
        """Itself, whatever the shape of the value."""
        return self

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", repr(self.function))
        return f"ArrayProcess({name}, normals={self.normals}, uniforms={self.uniforms})"


@overload
def array_process(function: ArrayFunction, /) -> ArrayProcess: ...


@overload
def array_process(
    *, normals: int = 0, uniforms: int = 0
) -> Callable[[ArrayFunction], ArrayProcess]: ...


def array_process(
    function: ArrayFunction | None = None, /, *, normals: int = 0, uniforms: int = 0
) -> ArrayProcess | Callable[[ArrayFunction], ArrayProcess]:
    r"""Make a process of a function in array code.

    The function is pure: its answer follows from its arguments alone, of which it changes none. It
    is called once or a few times to be compiled and never again, so that what it reads from outside
    is read then. It computes with ``xp``, and lets no branch depend on a value (``xp.where`` does).

    Parameters
    ----------
    function : callable
        ``function(value, actions, draws, xp)``, see `ArrayProcess`.
    normals, uniforms : int
        How many standard normal and uniform random numbers an answer needs.

    Returns
    -------
    ArrayProcess or callable
        The process; given numbers of draws, what makes one of the function: a decorator.

    Examples
    --------
    A ball in a double well, pushed and jostled:

    >>> @array_process(normals=1)
    ... def ball(value, actions, draws, xp):
    ...     slope = value - value**3 + xp.sum(actions)
    ...     return value + 0.1 * slope + 0.05 * draws.normals[0]
    >>> round(float(ball(0.5, np.array([0.2]), np.random.default_rng(0))), 4)
    0.5638
    """

    def made(function: ArrayFunction) -> ArrayProcess:
        return ArrayProcess(function, normals, uniforms)

    return made if function is None else made(function)


def array_form(process: Process | None, shape: tuple[int, ...]) -> ArrayProcess | None:
    """The form in array code that a process offers for values of a shape, if any.

    Parameters
    ----------
    process : callable or None
    shape : tuple of int

    Examples
    --------
    >>> array_form(abs, ()) is None
    True
    """
    method = offered(process, "array_form")
    form: ArrayProcess | None = None if method is None else method(shape)
    return form
