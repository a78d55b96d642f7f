r"""How an internal state is distributed: an exponential family on a line.

The internal state :math:`x` of a subparticle follows

.. math:: p(x; b) = m(x)\, e^{\,b x - \phi(b)}, \qquad
          \phi(b) = \ln \int m(x)\, e^{\,b x}\, dx,

with base measure :math:`m` and natural parameter :math:`b`, the *bias*, in nats per unit of state
(Spisak & Friston 2026, *Neurocomputing*, 133472). On states from -1 to 1,
:math:`\ln p(1)/p(-1) = 2b`: the bias is half the log-odds. All else follows from the log-partition
:math:`\phi`:

* mean :math:`L(b) = \phi'(b)` and variance :math:`\phi''(b)`;
* entropy :math:`H(b) = \phi(b) - b\,L(b) - \mathbb{E}_b[\ln m]`;
* divergence :math:`\mathrm{KL}[b_q \| b] = (b_q - b)\,L(b_q) - \phi(b_q) + \phi(b)`. This is the
  remainder of a Taylor expansion of :math:`\phi` around :math:`b_q`; with :math:`d = b - b_q`,

  .. math:: \mathrm{KL}[b_q \| b] = d^2 \int_0^1 (1 - t)\, \phi''(b_q + t d)\, dt,

  where nothing cancels. The integral (Gauss–Legendre) serves biases that are near each other,
  the difference of log-partitions those that are far apart.

A new family states its support and four kernels. A kernel receives arrays of one floating type and
one shape, with at least one axis; it must return a new array like them, and leave them as they are.
(A base measure that is not constant also needs ``_expected_log_base``, for the entropy. States that
fill their support say ``is_continuous = True``, and then ``_log_base_slope`` too.)

>>> from dataclasses import dataclass
>>> from deepparticle.agents.registry import distribution_named, register_distribution
>>> @register_distribution
... @dataclass(frozen=True)
... class Ternary(StateDistribution):
...     kind = "ternary, as in the recipe"
...     support = (-1.0, 1.0)
...
...     def _log_partition(self, b):
...         return np.logaddexp(np.logaddexp(b, -b), 0)
...
...     def _mean(self, b):
...         return 2 * np.sinh(b) / (1 + 2 * np.cosh(b))
...
...     def _variance(self, b):
...         return (2 * np.cosh(b) + 4) / (1 + 2 * np.cosh(b)) ** 2
...
...     def _sample(self, b, u):
...         low, zero, total = np.exp(-b), 1, 1 + 2 * np.cosh(b)
...         steps = np.heaviside(u - low / total, 1) + np.heaviside(u - (low + zero) / total, 1)
...         return steps - 1
>>> family = distribution_named("ternary, as in the recipe")
>>> round(family.mean(1.0), 6), family.sample(0.0, 0.9), round(family.kl(0.0, 3.0), 6)
(0.57521, 1.0, 1.952333)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from deepparticle.agents.elementwise import Number, for_each, for_pairs, in_blocks
from deepparticle.blankets._types import BoolArray, FloatArray

__all__ = ["StateDistribution"]

# Nodes t in [0, 1] and weights of the integral of (1 - t) f(t). The poles of a variance are no
# nearer to the real line than pi/2 (the spin's; continuous Bernoulli: pi), so on a path of length 2
# the error of n nodes falls like (pi/2 + sqrt(1 + pi^2/4))^-2n: 4e-22 for 20 nodes.
_NEAR = 2.0
_ROOTS, _ROOT_WEIGHTS = np.polynomial.legendre.leggauss(20)
_NODES = ((1 + _ROOTS) / 2)[:, None]
_WEIGHTS = _ROOT_WEIGHTS / 2 * (1 - _NODES[:, 0])

# The integral needs 20 variances per element; in blocks, its memory stays bounded (and in cache).
_BLOCK = 1024


class StateDistribution(ABC):
    r"""An exponential family :math:`p(x; b) \propto m(x)\,e^{bx}` of internal states.

    Every method takes Python numbers and gives a Python float, or takes arrays, broadcasts them,
    and gives a new array; float32 stays float32, integers become float64. Biases are finite, and
    kernels do not check them. Subclasses are frozen dataclasses; the recipe for one is in the
    description of this module.

    Examples
    --------
    >>> from deepparticle.agents.spin import Spin
    >>> round(Spin().mean(0.5), 6)
    0.462117
    >>> Spin().mean(np.array([0.0, 0.5]))
    array([0.        , 0.46211716])
    """

    kind: ClassVar[str]
    """The name of this family in spec files, for example ``"continuous-bernoulli"``."""

    is_continuous: ClassVar[bool] = False
    """Whether states fill the support, so that they can move in it (schedule ``langevin``)."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The least and the greatest expected state: the convex hull of the states."""

    @overload
    def log_partition(self, bias: Number) -> float: ...
    @overload
    def log_partition(self, bias: NDArray[Any]) -> FloatArray: ...
    def log_partition(self, bias: Number | NDArray[Any]) -> float | FloatArray:
        r"""The log-partition :math:`\phi(b) = \ln \int m(x)\,e^{bx}\,dx`.

        Parameters
        ----------
        bias : float or array
            The bias :math:`b`, in nats per unit of state; any shape.

        Returns
        -------
        float or array of the same shape
            :math:`\phi(b)`, in nats.

        Examples
        --------
        >>> from deepparticle.agents.spin import Spin
        >>> round(Spin().log_partition(0.0), 6)  # ln 2
        0.693147
        """
        if isinstance(bias, np.ndarray):
            return for_each(self._log_partition, bias)
        return self._log_partition_of(float(bias))

    @overload
    def mean(self, bias: Number) -> float: ...
    @overload
    def mean(self, bias: NDArray[Any]) -> FloatArray: ...
    def mean(self, bias: Number | NDArray[Any]) -> float | FloatArray:
        r"""The expected state :math:`L(b) = \phi'(b)`.

        Parameters
        ----------
        bias : float or array
            The bias :math:`b`, in nats per unit of state; any shape.

        Returns
        -------
        float or array of the same shape
            :math:`L(b)`, in units of state, inside the support.

        Examples
        --------
        >>> from deepparticle.agents.gaussian import Gaussian
        >>> Gaussian(2.0).mean(0.5)
        1.0
        """
        if isinstance(bias, np.ndarray):
            return for_each(self._mean, bias)
        return self._mean_of(float(bias))

    @overload
    def variance(self, bias: Number) -> float: ...
    @overload
    def variance(self, bias: NDArray[Any]) -> FloatArray: ...
    def variance(self, bias: Number | NDArray[Any]) -> float | FloatArray:
        r"""The variance of the state, :math:`\phi''(b) = L'(b)`: also the Fisher information.

        Parameters
        ----------
        bias : float or array
            The bias :math:`b`, in nats per unit of state; any shape.

        Returns
        -------
        float or array of the same shape
            :math:`\phi''(b)`, in squared units of state.

        Examples
        --------
        >>> from deepparticle.agents.spin import Spin
        >>> Spin().variance(0.0)
        1.0
        """
        if isinstance(bias, np.ndarray):
            return for_each(self._variance, bias)
        return float(self._variance(np.array([float(bias)]))[0])

    @overload
    def entropy(self, bias: Number) -> float: ...
    @overload
    def entropy(self, bias: NDArray[Any]) -> FloatArray: ...
    def entropy(self, bias: Number | NDArray[Any]) -> float | FloatArray:
        r"""The entropy :math:`H(b) = \phi(b) - b\,L(b) - \mathbb{E}_b[\ln m(x)]`.

        Parameters
        ----------
        bias : float or array
            The bias :math:`b`, in nats per unit of state; any shape.

        Returns
        -------
        float or array of the same shape
            :math:`H(b)`, in nats; differential, hence negative where a density is narrow.

        Examples
        --------
        >>> from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
        >>> round(ContinuousBernoulli().entropy(0.0), 6)  # uniform on [-1, 1]: ln 2
        0.693147
        """
        if isinstance(bias, np.ndarray):
            return for_each(self._entropy, bias)
        return float(self._entropy(np.array([float(bias)]))[0])

    @overload
    def kl(self, variational_bias: Number, bias: Number) -> float: ...
    @overload
    def kl(self, variational_bias: NDArray[Any], bias: Number | NDArray[Any]) -> FloatArray: ...
    @overload
    def kl(self, variational_bias: Number | NDArray[Any], bias: NDArray[Any]) -> FloatArray: ...
    def kl(
        self, variational_bias: Number | NDArray[Any], bias: Number | NDArray[Any]
    ) -> float | FloatArray:
        r"""The divergence :math:`\mathrm{KL}[p(\cdot; b_q) \,\|\, p(\cdot; b)] \ge 0`.

        .. math:: \mathrm{KL}[b_q \| b] = (b_q - b)\,L(b_q) - \phi(b_q) + \phi(b)

        Parameters
        ----------
        variational_bias : float or array
            The bias :math:`b_q` over which is averaged, in nats per unit of state.
        bias : float or array
            The bias :math:`b` of the other distribution; broadcasts against `variational_bias`.

        Returns
        -------
        float or array of the common shape
            The divergence, in nats.

        Examples
        --------
        >>> from deepparticle.agents.gaussian import Gaussian
        >>> Gaussian(2.0).kl(0.0, 3.0)  # variance × difference² / 2
        9.0
        """
        if isinstance(variational_bias, np.ndarray) or isinstance(bias, np.ndarray):
            return for_pairs(self._kl, variational_bias, bias)
        pair = np.array([float(variational_bias)]), np.array([float(bias)])
        return float(self._kl(*pair)[0])

    @overload
    def sample(self, bias: Number, uniform: Number) -> float: ...
    @overload
    def sample(self, bias: NDArray[Any], uniform: Number | NDArray[Any]) -> FloatArray: ...
    @overload
    def sample(self, bias: Number | NDArray[Any], uniform: NDArray[Any]) -> FloatArray: ...
    def sample(
        self, bias: Number | NDArray[Any], uniform: Number | NDArray[Any]
    ) -> float | FloatArray:
        r"""The state at a quantile: the inverse of :math:`P(x; b) = \int_{-\infty}^x p(y; b)\,dy`.

        A uniform random number makes this a sample. As `uniform` rises it rises or stays.

        Parameters
        ----------
        bias : float or array
            The bias :math:`b`, in nats per unit of state.
        uniform : float or array
            Numbers in [0, 1]; broadcasts against `bias`.

        Returns
        -------
        float or array of the common shape
            States, in the support and finite.

        Examples
        --------
        >>> from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
        >>> ContinuousBernoulli().sample(0.0, 0.75)
        0.5
        """
        if isinstance(bias, np.ndarray) or isinstance(uniform, np.ndarray):
            return for_pairs(self._sample, bias, uniform)
        return self._sample_of(float(bias), float(uniform))

    @overload
    def slope(self, bias: Number, state: Number) -> float: ...
    @overload
    def slope(self, bias: NDArray[Any], state: Number | NDArray[Any]) -> FloatArray: ...
    @overload
    def slope(self, bias: Number | NDArray[Any], state: NDArray[Any]) -> FloatArray: ...
    def slope(
        self, bias: Number | NDArray[Any], state: Number | NDArray[Any]
    ) -> float | FloatArray:
        r"""The slope of the log density at a state, which is the drift of its Langevin equation.

        .. math:: \frac{\partial}{\partial x} \ln p(x; b) = b + \frac{d}{dx} \ln m(x)

        Parameters
        ----------
        bias : float or array
            The bias :math:`b`, in nats per unit of state.
        state : float or array
            :math:`x`, inside the support; broadcasts against `bias`.

        Returns
        -------
        float or array of the common shape
            In nats per unit of state.

        Examples
        --------
        >>> from deepparticle.agents.gaussian import Gaussian
        >>> Gaussian(2.0).slope(0.5, 3.0)  # 0.5 - 3/2
        -1.0
        """
        if isinstance(bias, np.ndarray) or isinstance(state, np.ndarray):
            return for_pairs(self._slope, bias, state)
        return float(self._slope(np.array([float(bias)]), np.array([float(state)]))[0])

    # ------------------------------------------------------------------ a family states these

    @abstractmethod
    def _log_partition(self, b: FloatArray) -> FloatArray:
        """Kernel of `log_partition`."""

    @abstractmethod
    def _mean(self, b: FloatArray) -> FloatArray:
        """Kernel of `mean`."""

    @abstractmethod
    def _variance(self, b: FloatArray) -> FloatArray:
        """Kernel of `variance`: accurate in relative terms, for `kl` rests on it."""

    @abstractmethod
    def _sample(self, b: FloatArray, u: FloatArray) -> FloatArray:
        """Kernel of `sample`."""

    # ------------------------------------------------------------------ and may refine these

    def _expected_log_base(self, b: FloatArray) -> FloatArray:
        r""":math:`\mathbb{E}_b[\ln m(x)]`, in nats: zero where the base measure is constant."""
        return np.zeros_like(b)

    def _log_base_slope(self, x: FloatArray) -> FloatArray:
        r""":math:`d \ln m(x)/dx`, in nats per unit: zero where the base measure is constant."""
        return np.zeros_like(x)

    def _slope(self, b: FloatArray, x: FloatArray) -> FloatArray:
        return b + self._log_base_slope(x)

    def _entropy(self, b: FloatArray) -> FloatArray:
        return self._log_partition(b) - b * self._mean(b) - self._expected_log_base(b)

    def _kl(self, q: FloatArray, b: FloatArray) -> FloatArray:
        if q.ndim > 1 or q.size > _BLOCK:
            return in_blocks(self._kl, _BLOCK, q, b)
        near = self._is_near(q, b)
        count = np.count_nonzero(near)
        if count == near.size:
            return self._kl_near(q, b)
        if count == 0:
            return self._kl_far(q, b)
        divergence = np.empty_like(q)
        divergence[near] = self._kl_near(q[near], b[near])
        far = ~near
        divergence[far] = self._kl_far(q[far], b[far])
        return divergence

    def _is_near(self, q: FloatArray, b: FloatArray) -> BoolArray:
        """Where the variance is smooth enough between `q` and `b` for the integral."""
        return np.abs(b - q) <= _NEAR

    def _kl_near(self, q: FloatArray, b: FloatArray) -> FloatArray:
        """The divergence by its integral, for arrays with one axis."""
        step = b - q
        path = q + _NODES.astype(q.dtype) * step
        curvature = self._variance(path.reshape(-1)).reshape(path.shape)
        integral: FloatArray = _WEIGHTS.astype(q.dtype) @ curvature
        return step * (step * integral)

    def _kl_far(self, q: FloatArray, b: FloatArray) -> FloatArray:
        """The divergence by its definition; refine it where log-partitions cancel at a distance."""
        return (q - b) * self._mean(q) - self._log_partition(q) + self._log_partition(b)

    # The same for one Python float: a family may skip NumPy where a person steps by hand.

    def _log_partition_of(self, b: float) -> float:
        return float(self._log_partition(np.array([b]))[0])

    def _mean_of(self, b: float) -> float:
        return float(self._mean(np.array([b]))[0])

    def _sample_of(self, b: float, u: float) -> float:
        return float(self._sample(np.array([b]), np.array([u]))[0])
