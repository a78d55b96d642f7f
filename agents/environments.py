r"""Linear and stochastic worlds: processes :math:`\eta' = f(\eta, a, \mathrm{rng})` ready made.

A process is any callable ``process(value, actions, rng)``; a plain function stays one. These two
come back again and again (Spisak & Friston 2026, "Particular partitions": the external states
follow a flow and fluctuate):

==========================  ========================================================================
process                     answer
==========================  ========================================================================
`LinearGaussian`            :math:`\eta' = c + A\eta + Ba + \xi`, with
                            :math:`\xi \sim \mathcal N(0, Q)`
`StochasticDifferential`    :math:`\eta' = \eta + \tau f(\eta, a) + g(\eta)\sqrt\tau\,\xi`,
                            with :math:`\xi \sim \mathcal N(0, 1)`: a step of Euler and Maruyama
                            for :math:`d\eta = f\,dt + g\,dW`
==========================  ========================================================================

All randomness comes from ``rng``, and nothing is remembered: the same arguments give the same
answer. Values one after another are a :class:`deepparticle.agents.streams.Stream`. Both have a form
in array code (:mod:`deepparticle.agents.array_processes`), with which the backend ``jax`` compiles
the whole loop; a differential equation has one if its drift does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from deepparticle.agents.array_processes import ArrayProcess, Draws
from deepparticle.agents.member import checked_positive
from deepparticle.agents.streams import checked_numbers
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError

__all__ = ["LinearGaussian", "StochasticDifferential"]

Flow: TypeAlias = Callable[..., ArrayLike]
"""``flow(value, actions)``, of the shape of the value; in array code also given ``xp``."""

Amplitude: TypeAlias = Callable[..., ArrayLike]
"""``amplitude(value)``, of the shape of the value; in array code also given ``xp``."""


# ---------------------------------------------------------------------------------- linear


@dataclass(frozen=True, eq=False)
class LinearGaussian:
    r"""A linear world with Gaussian noise.

    .. math:: \eta' = c + A\eta + Ba + \xi, \qquad \xi \sim \mathcal N(0, Q)

    With subparticles that have Gaussian states the whole loop is linear, and its stationary
    covariance :math:`\Sigma = M \Sigma M^T + N` has a closed form (a discrete Lyapunov equation).

    Parameters
    ----------
    transition : float or array_like of shape (k, k)
        :math:`A`. A number: :math:`\eta` is one number. Otherwise it has k components, one for each
        subparticle that senses it.
    action : float or array_like of shape (m,) or (k, m)
        :math:`B`, for m active states. A number multiplies their sum, in every component.
    deviation : float or array_like of shape (k,)
        The standard deviation of the noise, in units of :math:`\eta`; independent components.
    offset : float or array_like of shape (k,)
        :math:`c`.
    covariance : array_like of shape (k, k), optional
        :math:`Q`, in the place of `deviation`.

    Raises
    ------
    SettingError, SettingTypeError
        For shapes that do not fit, numbers that are not finite, or a covariance that is none.

    Examples
    --------
    >>> decay = LinearGaussian(0.5, offset=1.0)
    >>> rng = np.random.default_rng(0)
    >>> float(decay(4.0, np.array([0.25, -0.5]), rng))
    2.75
    >>> turn = LinearGaussian([[0.0, -1.0], [1.0, 0.0]], [[1.0], [0.0]])
    >>> turn(np.array([1.0, 0.0]), np.array([0.5]), rng).tolist()
    [0.5, 1.0]
    """

    transition: ArrayLike
    action: ArrayLike = 1.0
    deviation: ArrayLike = 0.0
    offset: ArrayLike = 0.0
    covariance: ArrayLike | None = None
    _root: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        where = "LinearGaussian"
        transition = checked_numbers(self.transition, where, "transition", 2)
        if transition.ndim == 1 or (transition.ndim == 2 and len(set(transition.shape)) != 1):
            rule = "the transition is a number or a square matrix"
            mend = "give shape (k, k) for k components"
            raise SettingError(Fault(where, rule, f"shape {transition.shape}", mend))
        size = len(transition) if transition.ndim else None
        parts = {
            "transition": transition,
            "action": checked_numbers(self.action, where, "action", 2),
        }
        action = parts["action"]
        if action.ndim == 2 and len(action) != (size or 1):
            rule = f"the action has one row per component ({size or 1})"
            mend = f"give shape ({size or 1}, m) for m active states"
            raise SettingError(Fault(where, rule, f"shape {action.shape}", mend))
        for name in ("deviation", "offset"):
            part = parts[name] = checked_numbers(getattr(self, name), where, name, 1)
            if part.ndim and part.shape != (size,):
                rule = f"the {name} is a number, or one per component ({size or 'a number'})"
                mend = "give a number" if size is None else f"give shape ({size},)"
                raise SettingError(Fault(where, rule, f"shape {part.shape}", mend))
        if np.any(parts["deviation"] < 0.0):
            mend = "give a deviation ≥ 0"
            rule = "a standard deviation is not negative"
            raise SettingError(Fault(where, rule, repr(self.deviation), mend))
        root = parts["deviation"]
        if self.covariance is not None:
            parts["covariance"] = checked_numbers(self.covariance, where, "covariance", 2)
            root = _root_of(parts["covariance"], size, bool(np.any(root)))
        for name, part in (*parts.items(), ("_root", root)):
            object.__setattr__(self, name, part)

    def __call__(self, value: Any, actions: Any, rng: np.random.Generator) -> FloatArray:
        """The next value, of shape ``()`` or ``(k,)``."""
        form = self.array_form(np.shape(value))
        given = np.asarray(value, dtype=np.float64), np.asarray(actions, dtype=np.float64)
        return np.asarray(self._answer(*given, form.draw(rng), np))

    def array_form(self, shape: tuple[int, ...]) -> ArrayProcess:
        """The same in array code; a normal number per component of the noise."""
        transition: Any = self.transition
        return ArrayProcess(self._answer, normals=len(transition) if transition.ndim else 1)

    def _answer(self, value: Any, actions: Any, draws: Draws, xp: Any) -> Any:
        transition: Any = self.transition
        action: Any = self.action
        if action.ndim and action.shape[-1] != actions.size:
            rule = f"the action is for {action.shape[-1]} active states"
            mend = "give one column per subparticle that acts on it, or a number"
            got = f"{actions.size} of them"
            raise SettingError(Fault("LinearGaussian", rule, got, mend))
        _refuse_misfit(value.shape, transition)
        pushed = action @ actions if action.ndim else action * actions.sum()
        if not transition.ndim:
            noise = self._root * draws.normals[0]
            return self.offset + transition * value + xp.sum(pushed) + noise
        noise = self._root @ draws.normals if self._root.ndim == 2 else self._root * draws.normals
        eta = xp.broadcast_to(value, (len(transition),))
        return self.offset + transition @ eta + pushed + noise


def _root_of(covariance: FloatArray, size: int | None, twice: bool) -> FloatArray:
    """A matrix R with R Rᵀ = Q."""
    where, shape = "LinearGaussian", (size or 1,) * 2
    if twice:
        rule, mend = "the noise is given once", "leave deviation= or covariance= out"
        raise SettingError(Fault(where, rule, "a deviation and a covariance", mend))
    matrix = covariance.reshape(1, 1) if covariance.size == 1 else covariance
    if matrix.shape != shape or not np.allclose(matrix, matrix.T):
        rule = f"the covariance is symmetric and has shape {shape}"
        got = f"shape {covariance.shape}"
        raise SettingError(Fault(where, rule, got, "give Q as a symmetric matrix"))
    values, vectors = np.linalg.eigh(matrix)
    # Rounding may turn a zero into a small negative number.
    if values[0] < -1e-12 * max(float(values[-1]), 1.0):
        rule, mend = "a covariance has no negative eigenvalue", "check Q, or give deviation="
        raise SettingError(Fault(where, rule, f"{values[0]:g}", mend))
    root: FloatArray = vectors * np.sqrt(np.maximum(values, 0.0))
    return root if size is not None else np.sqrt(matrix[0, 0])


def _refuse_misfit(shape: tuple[int, ...], transition: FloatArray) -> None:
    """Raise SettingError if the transition is not for a value of this shape."""
    where, got = "LinearGaussian", f"shape {shape}"
    if not transition.ndim and shape:
        rule = "with a number as transition the external state is one number"
        mend = "set its value to a number, or give a matrix"
        raise SettingError(Fault(where, rule, got, mend))
    if transition.ndim and shape not in ((), (len(transition),)):
        rule = f"the transition is for an external state of {len(transition)} components"
        mend = f"let {len(transition)} subparticles sense it, or give another matrix"
        raise SettingError(Fault(where, rule, got, mend))


# ---------------------------------------------------------------------------------- differential


@dataclass(frozen=True, eq=False)
class StochasticDifferential:
    r"""A stochastic differential equation, one step of Euler and Maruyama per step of the world.

    .. math:: d\eta = f(\eta, a)\,dt + g(\eta)\,dW
              \quad\to\quad \eta' = \eta + \tau f(\eta, a) + g(\eta)\sqrt\tau\,\xi

    of weak order 1 in :math:`\tau` (Kloeden & Platen 1992, chapter 10). For
    :math:`f = -k\eta`, :math:`g` constant, the stationary variance is
    :math:`g^2 / (2k - k^2\tau)`.

    Parameters
    ----------
    drift : callable
        ``drift(value, actions)``: :math:`f`, of the shape of the value.
    diffusion : float, array_like of shape (k,), or callable
        :math:`g`, or ``diffusion(value)``.
    time_step : float
        :math:`\tau`, the time that passes in one step of the world.
    array_code : bool
        Whether drift and diffusion are array code, which the backend ``jax`` can compile: pure
        functions ``drift(value, actions, xp)`` and ``diffusion(value, xp)`` that compute with the
        namespace ``xp`` (:func:`deepparticle.array_process`).

    Raises
    ------
    SettingError, SettingTypeError
        If the drift is no function, the time step is not above zero, or an answer has another shape
        than the value.

    Examples
    --------
    >>> fall = StochasticDifferential(lambda value, actions: actions.sum() - value, 0.0, 0.5)
    >>> float(fall(2.0, np.array([1.0]), np.random.default_rng(0)))
    1.5
    >>> sway = StochasticDifferential(lambda v, a, xp: xp.sin(v), 0.0, array_code=True)
    >>> float(sway(0.0, np.zeros(0), np.random.default_rng(0)))
    0.0
    """

    drift: Flow
    diffusion: ArrayLike | Amplitude = 1.0
    time_step: float = 0.01
    array_code: bool = False

    def __post_init__(self) -> None:
        where = "StochasticDifferential"
        if not callable(self.drift):
            rule, mend = "the drift is a function of value and actions", "give a function f(η, a)"
            raise SettingTypeError(Fault(where, rule, repr(self.drift), mend))
        step = checked_positive(self.time_step, where, "time_step")
        object.__setattr__(self, "time_step", step)
        if not callable(self.diffusion):
            given = checked_numbers(self.diffusion, where, "diffusion", 1)
            object.__setattr__(self, "diffusion", given)

    def __call__(self, value: Any, actions: Any, rng: np.random.Generator) -> FloatArray:
        """The value a time step later, of the same shape."""
        eta = np.asarray(value, dtype=np.float64)
        noise = rng.standard_normal(eta.shape)
        if self.array_code:
            return np.asarray(self._moved(eta, actions, noise, np, (np,)))
        return np.asarray(self._moved(eta, actions, noise, np, ()))

    def array_form(self, shape: tuple[int, ...]) -> ArrayProcess | None:
        """The same in array code, with a normal number per component; None if it is none."""
        if not self.array_code:
            return None
        return ArrayProcess(self._answer, normals=shape[0] if shape else 1)

    def _answer(self, value: Any, actions: Any, draws: Draws, xp: Any) -> Any:
        noise = draws.normals if value.ndim else draws.normals[0]
        return self._moved(value, actions, noise, xp, (xp,))

    def _moved(
        self, value: Any, actions: Any, noise: Any, xp: Any, namespace: tuple[Any, ...]
    ) -> Any:
        given: Any = self.diffusion
        slope = self._fitting(self.drift(value, actions, *namespace), value, "drift", xp)
        amplitude = given(value, *namespace) if callable(given) else given
        amplitude = self._fitting(amplitude, value, "diffusion", xp)
        return value + self.time_step * slope + amplitude * np.sqrt(self.time_step) * noise

    @staticmethod
    def _fitting(part: ArrayLike, value: Any, what: str, xp: Any) -> Any:
        array = xp.asarray(part, dtype=xp.float64)
        if array.shape not in ((), value.shape):
            rule = f"the {what} has the shape of the value, {value.shape}"
            mend = "return one number per component"
            got = f"shape {array.shape}"
            raise SettingError(Fault("StochasticDifferential", rule, got, mend))
        return array
