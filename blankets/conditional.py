r"""Conditional distributions that a boundary state owns: how it follows the state behind it.

The boundary state between a source :math:`j` and a target :math:`i` is conservative when it follows
its source without noise (Spisak & Friston 2026, "deep particular partitions and subparticles"),

.. math:: s_{ij} \mid \sigma_j \sim \delta(s_{ij} - J_{ij}\,\sigma_j),

a Dirac delta with the coupling :math:`J_{ij}` as its weight. The conditional is an object of its
own, so that other boundaries can follow: they subclass :class:`BoundaryConditional`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import finite_number

__all__ = ["BoundaryConditional", "Delta", "conditional_named"]


class BoundaryConditional(ABC):
    """How a boundary state is distributed, given the internal state that drives it."""

    kind: ClassVar[str]
    """The name of this conditional in spec files."""

    weight: float
    """The coupling :math:`J_{ij}`: boundary units per unit of the source's state."""

    @abstractmethod
    def value(self, source_state: float) -> float:
        r"""The boundary state :math:`s_{ij}` when the source's state is :math:`\sigma_j`."""

    @abstractmethod
    def with_weight(self, weight: float) -> Self:
        """The same conditional with another weight."""


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


_CONDITIONALS: dict[str, type[Delta]] = {Delta.kind: Delta}


def conditional_named(kind: str, weight: float) -> BoundaryConditional:
    """The conditional that spec files call `kind`, with a weight.

    Raises
    ------
    SettingError
        If no conditional has that name.

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
    return _CONDITIONALS[kind](weight)
