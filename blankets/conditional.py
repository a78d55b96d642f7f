r"""Conditional distributions that a boundary state owns: how it follows the state behind it.

The boundary state between a source :math:`j` and a target :math:`i` is conservative when it follows
its source without noise (Spisak & Friston 2026, "deep particular partitions and subparticles"),

.. math:: s_{ij} \mid \sigma_j \sim \delta(s_{ij} - J_{ij}\,\sigma_j),

a Dirac delta with the coupling :math:`J_{ij}` as its weight. A noisy one is Gaussian,

.. math:: s_{ij} \mid \sigma_j \sim \mathcal N(J_{ij}\,\sigma_j,\; sd^2),

and then does not *determine* its source, so that what is said of a blanket at one instant need not
be vacuous. The conditional is an object of its own, so that other boundaries can follow: they
subclass :class:`BoundaryConditional`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Self

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import finite_number

__all__ = ["BoundaryConditional", "Delta", "GaussianBoundary", "conditional_named"]


class BoundaryConditional(ABC):
    """How a boundary state is distributed, given the internal state that drives it."""

    kind: ClassVar[str]
    """The name of this conditional in spec files."""

    is_noisy: ClassVar[bool] = False
    """Whether the boundary state depends on chance."""

    weight: float
    """The coupling :math:`J_{ij}`: boundary units per unit of the source's state."""

    @abstractmethod
    def value(self, source_state: float) -> float:
        r"""The boundary state :math:`s_{ij}` when the source's state is :math:`\sigma_j`."""

    @abstractmethod
    def with_weight(self, weight: float) -> Self:
        """The same conditional with another weight."""

    def sample(self, source_state: float, deviate: float) -> float:
        """The boundary state for a standard normal deviate, which only noisy ones use."""
        return self.value(source_state)


@dataclass(frozen=True, slots=True)
class Delta(BoundaryConditional):
    r"""The Dirac delta :math:`\delta(s - J\sigma)`: the boundary state copies, scaled.

    Parameters
    ----------
    weight : float
        The coupling :math:`J_{ij}`, finite.

    Raises
    ------
    SettingError, SettingTypeError
        If `weight` is not a finite number.

    Examples
    --------
    >>> Delta(0.8).value(0.5)
    0.4
    """

    kind: ClassVar[str] = "delta"
    weight: float

    def __post_init__(self) -> None:
        # The fast path costs a tenth of the checked one; a million boundaries pass here.
        if type(self.weight) is not float or not math.isfinite(self.weight):
            object.__setattr__(self, "weight", finite_number(self.weight, "Delta", "weight"))

    def value(self, source_state: float) -> float:
        r"""The boundary state :math:`J\sigma`.

        Examples
        --------
        >>> Delta(-2.0).value(0.5)
        -1.0
        """
        return self.weight * source_state

    def with_weight(self, weight: float) -> Delta:
        """A delta with another weight.

        Examples
        --------
        >>> Delta(0.8).with_weight(0.1)
        Delta(weight=0.1)
        """
        return Delta(weight)


@dataclass(frozen=True, slots=True)
class GaussianBoundary(BoundaryConditional):
    r"""A noisy boundary, :math:`s \sim \mathcal N(J\sigma, sd^2)`: a copy, scaled, with an error.

    (Not to be taken for `Gaussian`, which is a distribution of internal states.)

    Parameters
    ----------
    weight : float
        The coupling :math:`J_{ij}`, finite.
    sd : float
        The standard deviation of the noise, ≥ 0, in units of the boundary state. It is drawn anew
        in each step, and is left out in deterministic mode.

    Raises
    ------
    SettingError, SettingTypeError
        If a number is not finite, or `sd` is negative.

    Examples
    --------
    >>> noisy = GaussianBoundary(0.8, sd=0.1)
    >>> noisy.value(0.5), noisy.sample(0.5, deviate=2.0)
    (0.4, 0.6000000000000001)
    """

    kind: ClassVar[str] = "gaussian"
    is_noisy: ClassVar[bool] = True
    weight: float
    sd: float

    def __post_init__(self) -> None:
        for name in ("weight", "sd"):
            number = finite_number(getattr(self, name), "GaussianBoundary", name)
            object.__setattr__(self, name, number)
        if self.sd < 0:
            rule, mend = "the sd is not negative", "give a standard deviation ≥ 0"
            raise SettingError(Fault("GaussianBoundary", rule, repr(self.sd), mend))

    def value(self, source_state: float) -> float:
        r"""The expected boundary state :math:`J\sigma`."""
        return self.weight * source_state

    def sample(self, source_state: float, deviate: float) -> float:
        r"""The boundary state :math:`J\sigma + sd \cdot z`."""
        return self.weight * source_state + self.sd * deviate

    def with_weight(self, weight: float) -> GaussianBoundary:
        """The same noise with another weight.

        Examples
        --------
        >>> GaussianBoundary(0.8, 0.1).with_weight(0.2)
        GaussianBoundary(weight=0.2, sd=0.1)
        """
        return GaussianBoundary(weight, self.sd)


_CONDITIONALS: dict[str, type[Delta | GaussianBoundary]] = {
    Delta.kind: Delta,
    GaussianBoundary.kind: GaussianBoundary,
}


def conditional_named(kind: str, weight: float, **parameters: float) -> BoundaryConditional:
    """The conditional that spec files call `kind`, with a weight and its other parameters.

    Raises
    ------
    SettingError
        If no conditional has that name, or it has other parameters.

    Examples
    --------
    >>> conditional_named("delta", 0.5)
    Delta(weight=0.5)
    """
    if kind not in _CONDITIONALS:
        known = ", ".join(repr(name) for name in _CONDITIONALS)
        raise SettingError(
            Fault(
                "conditional",
                f"the kind of a conditional is one of {known}",
                repr(kind),
                "use a registered kind",
            )
        )
    made = _CONDITIONALS[kind]
    known_parameters = [field.name for field in fields(made) if field.name != "weight"]
    if sorted(parameters) != known_parameters:
        raise SettingError(
            Fault(
                "conditional",
                f"a conditional of kind {kind!r} has a weight"
                + "".join(f" and a parameter {name!r}" for name in known_parameters),
                ", ".join(sorted(parameters)) or "the weight alone",
                "give these and no others",
            )
        )
    return made(weight, **parameters)
