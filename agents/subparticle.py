r"""A subparticle :math:`\pi_i`: one internal state with its own blanket, and nothing else.

One step of a subparticle, with :math:`\sigma` the old states (Spisak & Friston 2026, "Inference"
and "Learning"; theory notes in ``docs/theory.md``):

1. *sense* — the prior prediction field and the evidence,
   :math:`h_i = b_i + \sum_j s_{ij}`, :math:`u_i = \sum_k s_{ik}` (macro-scale);
2. *infer* — :math:`\theta_i = \beta_i (h_i + u_i)`; stochastic
   :math:`\sigma'_i \sim p(\cdot\,;\theta_i)`, or deterministic ("least action")
   :math:`\sigma'_i = L(\theta_i)`; in continuous time *diffuse* instead, which moves
   :math:`\sigma_i` for a short time along :math:`\theta_i`;
3. *act* — show the new state to every active state, :math:`a_{ij} = J_{ji}\,\sigma'_i`;
4. *learn* — send the prediction error :math:`\varepsilon_i = \sigma'_i - L(h_i)` to every
   micro-scale sensory state, which changes its weight by
   :math:`\alpha_i\,\varepsilon_i\,\sigma'_j` (or by another rule, see
   :mod:`deepparticle.agents.learning`).

The prediction :math:`L(h_i)` is made without the evidence and without :math:`\beta`: it is what the
particle expected before the evidence came. A subparticle reads its own blanket, and only that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.diffusion import diffused, drifted, refuse_jumping
from deepparticle.agents.distribution import StateDistribution
from deepparticle.agents.learning import learning_rule_named
from deepparticle.agents.member import Member, checked_non_negative, checked_positive
from deepparticle.blankets.boundary import (
    ActiveState,
    Boundary,
    BoundaryEnd,
    BoundaryViews,
    SensoryState,
)
from deepparticle.blankets.errors import BlanketError, Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import finite_number

__all__ = ["LocalFreeEnergy", "Subparticle", "checked_distribution", "checked_state"]


@dataclass(frozen=True, slots=True)
class LocalFreeEnergy:
    r"""The free energy of one subparticle, from its own blanket alone.

    .. math:: F_i(b_q) =
              \underbrace{\mathrm{KL}[p(\cdot;b_q)\,\|\,p(\cdot;\beta_i b_i)]}_{complexity}
              - \underbrace{\beta_i L(b_q)\,(\sum_j J_{ij}\sigma_j + u_i)}_{accuracy}

    in nats. It is least at :math:`b_q = \theta_i`, where it equals
    :math:`\phi(\beta_i b_i) - \phi(\theta_i)`.
    """

    complexity: float
    accuracy: float

    @property
    def value(self) -> float:
        """Complexity minus accuracy, in nats."""
        return self.complexity - self.accuracy


def checked_distribution(distribution: object, where: str) -> StateDistribution:
    """Return `distribution` if it is one, else raise an error that names `where`."""
    if not isinstance(distribution, StateDistribution):
        raise SettingTypeError(
            Fault(
                where,
                "the distribution is a StateDistribution",
                repr(distribution),
                "give for example ContinuousBernoulli()",
            )
        )
    return distribution


def checked_state(state: object, distribution: StateDistribution, where: str) -> float:
    """Return `state` as a float inside the support of `distribution`, else raise an error."""
    number = finite_number(state, where, "state")
    low, high = distribution.support
    if not low <= number <= high:
        raise SettingError(
            Fault(
                where,
                f"the state of {distribution!r} lies in [{low:g}, {high:g}]",
                repr(number),
                "give a state inside the support",
            )
        )
    return number


class Subparticle(Member):
    r"""One internal state :math:`\sigma_i` with its own sensory and active states.

    Parameters
    ----------
    name : str
        Unique among its siblings.
    bias : float
        Prior bias :math:`b_i`: half the log-odds before any evidence (nats per unit of state).
    distribution : StateDistribution
        How the internal state is distributed; ``ContinuousBernoulli()`` by default.
    state : float
        The initial state, inside the support.
    precision, learning_rate, clock, time_step, learning_rule : optional
        Override what is inherited from the partition around.

    Raises
    ------
    SettingError, SettingTypeError
        For a bias or state that is not finite, or a state outside the support.

    Examples
    --------
    >>> a = Subparticle("a", bias=0.2)
    >>> a.sense()
    >>> round(a.infer(), 6)  # least action: L(0.2)
    0.06649
    >>> round(a.infer(uniform=0.3), 6)  # a sample, by inverse CDF
    -0.311865
    """

    def __init__(
        self,
        name: str,
        *,
        bias: float = 0.0,
        distribution: StateDistribution | None = None,
        state: float = 0.0,
        **settings: Any,
    ) -> None:
        super().__init__(name, **settings)
        self._distribution: StateDistribution = ContinuousBernoulli()
        if distribution is not None:
            self._distribution = checked_distribution(distribution, str(self))
        self._incoming: dict[BoundaryEnd, Boundary] = {}
        self._outgoing: dict[BoundaryEnd, Boundary] = {}
        # What its sources had shown when it sensed them, for rules that look back.
        self._seen: dict[BoundaryEnd, float] = {}
        self._initialise(
            finite_number(bias, str(self), "bias"),
            checked_state(state, self._distribution, str(self)),
        )

    def _initialise(self, bias: float, state: float) -> None:
        self._bias = bias
        self._state = state
        self._emitted = state
        # What the last inference rested on: field h, evidence u, argument theta, precision beta.
        self._field = bias
        self._evidence = 0.0
        self._argument = bias
        self._used_precision = 1.0

    # ------------------------------------------------------------------ what it holds

    @property
    def distribution(self) -> StateDistribution:
        """The distribution of the internal state."""
        return self._distribution

    @property
    def bias(self) -> float:
        """The prior bias :math:`b_i`, in nats per unit of state."""
        return self._bias

    @bias.setter
    def bias(self, bias: float) -> None:
        self._bias = finite_number(bias, str(self), "bias")

    @property
    def state(self) -> float:
        r"""The internal state :math:`\sigma_i`; setting it shows it to the blanket at once."""
        return self._state

    @state.setter
    def state(self, state: float) -> None:
        self._state = checked_state(state, self._distribution, str(self))
        self._emitted = self._state

    @property
    def field(self) -> float:
        r"""The prior prediction field :math:`h_i = b_i + \sum_j s_{ij}`, as last sensed."""
        return self._field

    @property
    def evidence(self) -> float:
        r"""The macro-scale evidence :math:`u_i`, as last sensed."""
        return self._evidence

    @property
    def argument(self) -> float:
        r"""The variational bias :math:`b_q = \theta_i = \beta_i(h_i + u_i)`, as last inferred."""
        return self._argument

    @property
    def prediction(self) -> float:
        r"""The state expected before the evidence, :math:`L(h_i)`."""
        return self._distribution.mean(self._field)

    @property
    def prediction_error(self) -> float:
        r""":math:`\varepsilon_i = \sigma_i - L(h_i)`."""
        return self._state - self.prediction

    # ------------------------------------------------------------------ its blanket

    @property
    def sensory(self) -> BoundaryViews[SensoryState]:
        """What it senses, by the path (or unique short name) of the source."""
        return BoundaryViews(str(self), SensoryState, self.incoming, self.boundary_from)

    @property
    def active(self) -> BoundaryViews[ActiveState]:
        """What it acts on, by the path (or unique short name) of the target."""
        return BoundaryViews(str(self), ActiveState, self.outgoing, self.boundary_to)

    def incoming(self) -> Iterator[Boundary]:
        """The boundary states that it senses, in the order in which they were made."""
        return iter(self._incoming.values())

    def outgoing(self) -> Iterator[Boundary]:
        """The boundary states that it acts through, in the order in which they were made."""
        return iter(self._outgoing.values())

    def boundary_from(self, source: BoundaryEnd) -> Boundary | None:
        """The boundary state that comes from `source`, if there is one."""
        return self._incoming.get(source)

    def boundary_to(self, target: BoundaryEnd) -> Boundary | None:
        """The boundary state that leads to `target`, if there is one."""
        return self._outgoing.get(target)

    def emission(self, boundary: Boundary) -> float:
        """What it last showed to its active states."""
        return self._emitted

    def presynaptic(self, boundary: Boundary) -> float:
        """The state that `boundary` learns from: the new one; where it acts, the one it showed."""
        return self._emitted if boundary.target.is_external else self._state

    # ------------------------------------------------------------------ what it does

    def sense(self, evidence: float | None = None) -> None:
        r"""Read its sensory states: :math:`h_i = b_i + \sum_j s_{ij}` and :math:`u_i`.

        Parameters
        ----------
        evidence : float, optional
            Clamps the sum of its macro-scale sensory states to this value; by default they are
            read.

        Raises
        ------
        BlanketError
            If evidence is given to a subparticle that senses no external state.
        """
        field = self._bias
        sensed = 0.0
        exposed = False
        looks_back = learning_rule_named(self.learning_rule).looks_back
        seen: dict[BoundaryEnd, float] = {}
        for boundary in self.incoming():
            if boundary.source.is_external:
                exposed = True
                if evidence is None:
                    sensed += boundary.state
            else:
                field += boundary.state
                if looks_back:
                    seen[boundary.source] = boundary.source.emission(boundary)
        if evidence is not None:
            sensed = finite_number(evidence, str(self), "evidence")
            if sensed != 0.0 and not exposed:
                raise BlanketError(
                    Fault(
                        str(self),
                        "evidence reaches a subparticle only through a macro-scale "
                        "sensory state, and it has none",
                        repr(sensed),
                        f"connect it first: world.sense(external, {str(self)!r})",
                    )
                )
        self._field = field
        self._evidence = sensed
        self._seen = seen

    def infer(self, uniform: float | None = None, precision: float | None = None) -> float:
        r"""Update the internal state from what was sensed.

        Parameters
        ----------
        uniform : float, optional
            A uniform random number in [0, 1): the new state is the inverse CDF of
            :math:`p(\cdot;\theta_i)` at it. None is deterministic, :math:`\sigma'_i = L(\theta_i)`.
        precision : float, optional
            :math:`\beta_i` for this inference only.

        Returns
        -------
        float
            The new state, not yet shown to the blanket (see `act`).
        """
        self._weigh(uniform, precision)
        if uniform is None:
            self._state = self._distribution.mean(self._argument)
        else:
            self._state = self._distribution.sample(self._argument, uniform)
        return self._state

    def _weigh(self, uniform: float | None, precision: float | None) -> None:
        """Check what an inference is given, and weigh what was sensed."""
        if uniform is not None and not 0.0 <= finite_number(uniform, str(self), "uniform") <= 1.0:
            raise SettingError(
                Fault(
                    str(self),
                    "a uniform random number lies in [0, 1]",
                    repr(uniform),
                    "use rng.random()",
                )
            )
        if precision is not None:
            precision = checked_non_negative(precision, str(self), "precision")
        self._used_precision = self.precision if precision is None else precision
        self._argument = self._used_precision * (self._field + self._evidence)

    def diffuse(
        self,
        uniform: float | None = None,
        precision: float | None = None,
        time_step: float | None = None,
    ) -> float:
        r"""Move the internal state for a short time, instead of drawing it anew as `infer` does.

        .. math:: \sigma'_i = \mathrm{fold}(\sigma_i + \tau f_i + \sqrt{2\tau}\,z), \qquad
                  f_i = \theta_i + \frac{d}{d\sigma} \ln m(\sigma_i)

        with :math:`\theta_i` as of `infer`: one step of the Langevin equation between reflecting
        walls (:mod:`deepparticle.agents.diffusion`).

        Parameters
        ----------
        uniform : float, optional
            A uniform random number in [0, 1), of which :math:`z` is the normal quantile. None is
            deterministic: the drift alone, stopped at a wall.
        precision, time_step : float, optional
            :math:`\beta_i`, and :math:`\tau` in units of time, for this step only.

        Returns
        -------
        float
            The new state, not yet shown to the blanket (see `act`).

        Raises
        ------
        SettingError
            For states that can only jump, such as spins.

        Examples
        --------
        >>> a = Subparticle("a", bias=0.2, time_step=0.02)
        >>> a.sense()
        >>> round(a.diffuse(), 6), round(a.diffuse(uniform=0.9), 6)
        (0.004, 0.26431)
        """
        refuse_jumping(self._distribution, str(self))
        self._weigh(uniform, precision)
        if time_step is None:
            step = self.time_step
        else:
            step = checked_positive(time_step, str(self), "time_step")
        argument, state, tau = (np.array([one]) for one in (self._argument, self._state, step))
        if uniform is None:
            moved = drifted(self._distribution, argument, state, tau)
        else:
            number = np.array([float(uniform)])
            moved = diffused(self._distribution, argument, state, tau, number)
        self._state = float(moved[0])
        return self._state

    def act(self) -> None:
        r"""Show the internal state to every active state: :math:`a_{ij} = J_{ji}\,\sigma_i`."""
        self._emitted = self._state

    def learn(self, learning_rate: float | None = None) -> None:
        r"""Send what it knows to the micro-scale sensory states, which learn by `learning_rule`.

        By the published rule what they need is the prediction error :math:`\varepsilon_i`.

        Parameters
        ----------
        learning_rate : float, optional
            :math:`\alpha_i` for this step only.
        """
        for boundary, change in self.changes(learning_rate):
            if boundary.plastic:
                boundary.change(change)

    def changes(self, learning_rate: float | None = None) -> Iterator[tuple[Boundary, float]]:
        r"""What its micro-scale sensory states would learn now, each its :math:`\Delta J_{ij}`.

        Parameters
        ----------
        learning_rate : float, optional
            As of `learn`.
        """
        if learning_rate is not None:
            learning_rate = checked_non_negative(learning_rate, str(self), "learning_rate")
        rate = self.learning_rate if learning_rate is None else learning_rate
        rule, prediction = learning_rule_named(self.learning_rule), self.prediction
        error = self._state - prediction
        for boundary in self.incoming():
            source = boundary.source
            if source.is_external:
                continue
            if rule.name == "published":
                yield boundary, boundary.increment(error, rate)
                continue
            previous = math.nan
            if rule.looks_back:  # one that it had not sensed yet counts as it is
                previous = self._seen.get(source, math.nan)
                previous = source.emission(boundary) if math.isnan(previous) else previous
            yield boundary, rate * boundary.asked(rule.change, self._state, prediction, previous)

    def free_energy(self, variational_bias: float | None = None) -> LocalFreeEnergy:
        r"""Its own free energy :math:`F_i(b_q)`, for what it last sensed.

        Parameters
        ----------
        variational_bias : float, optional
            :math:`b_q`; by default the one that it inferred, :math:`\theta_i`.

        Returns
        -------
        LocalFreeEnergy
            ``complexity``, ``accuracy`` and their difference ``value``, in nats.

        Examples
        --------
        >>> a = Subparticle("a", bias=0.2)
        >>> a.sense()
        >>> _ = a.infer()
        >>> a.free_energy().value  # nothing sensed: the prior is the posterior
        0.0
        """
        b_q = self._argument
        if variational_bias is not None:
            b_q = finite_number(variational_bias, str(self), "variational_bias")
        beta = self._used_precision
        sensed = self._field - self._bias + self._evidence
        return LocalFreeEnergy(
            complexity=self._distribution.kl(b_q, beta * self._bias),
            accuracy=beta * self._distribution.mean(b_q) * sensed,
        )

    def least_free_energy(self) -> float:
        r"""The minimum of `free_energy`, :math:`\phi(\beta_i b_i) - \phi(\theta_i)`, in nats."""
        return self._distribution.log_partition(
            self._used_precision * self._bias
        ) - self._distribution.log_partition(self._argument)

    def __repr__(self) -> str:
        return (
            f"<Subparticle {str(self)!r}: {self._distribution!r}, state={self._state:.6g}, "
            f"bias={self._bias:.6g}, senses {len(self.sensory)}, acts on {len(self.active)}>"
        )
