r"""What one subparticle believes, and the free energy of every belief that it could hold.

.. math:: F_i(b_q) = \mathrm{KL}[p(\cdot\,;b_q)\,\|\,p(\cdot\,;\beta_i b_i)]
                     - \beta_i L(b_q)\,x_i, \qquad x_i = \sum_j J_{ij}\sigma_j + u_i

is least at Bayes' posterior, :math:`b_q = \theta_i = \beta_i (b_i + x_i)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.agents.subparticle import Subparticle
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.numbers import finite_number
from deepparticle.figures.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAGE,
    VERMILION,
    legend,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["belief_and_free_energy"]

_POINTS = 241
_STATE = ContinuousBernoulli()


def belief_and_free_energy(
    particle: Subparticle,
    belief: float | None = None,
    *,
    reach: float | None = None,
    title: str = "",
) -> Figure:
    r"""Draw prior, likelihood, posterior and a belief, and the free energy of all beliefs.

    Parameters
    ----------
    particle : Subparticle
        With a continuous Bernoulli state, after it has sensed and inferred.
    belief : float, optional
        The natural parameter :math:`b_q` of a belief to mark in both panels; without it, only the
        posterior :math:`\theta` is marked.
    reach : float, optional
        Beliefs are drawn from −reach to reach; by default as far as prior and posterior need.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Left, densities over the state: the likelihood is scaled to an area of 1. Right, complexity,
        accuracy with its sign turned, and their sum F in nats against :math:`b_q`.

    Raises
    ------
    SettingError
        For a state of another kind, or a belief that is not finite.

    Examples
    --------
    >>> particle = Subparticle("a", bias=1.0)
    >>> particle.sense()
    >>> _ = particle.infer()
    >>> figure = belief_and_free_energy(particle, belief=-0.5)
    >>> [line.get_label() for line in figure.axes[1].lines[:3]]
    ['complexity', '− accuracy', 'free energy F']
    """
    where = "belief_and_free_energy"
    if not isinstance(particle.distribution, ContinuousBernoulli):
        rule, mend = "the state is continuous Bernoulli", "give a subparticle of the default kind"
        raise SettingError(Fault(where, rule, repr(particle.distribution), mend))
    marked = None if belief is None else finite_number(belief, where, "belief")
    figure = new_figure(PAGE, 2.7, title)
    left, right = figure.subplots(1, 2)
    prior = particle.argument - _weight(particle)
    _densities(left, prior, particle.argument, marked)
    ends = [1.0, *(abs(one) for one in (prior, particle.argument, marked) if one is not None)]
    _energies(right, particle, prior, marked, 2.0 * max(ends) if reach is None else reach)
    return figure


def _weight(particle: Subparticle) -> float:
    """β x: what was sensed, times the precision of the last inference."""
    # At a belief with the mean m the accuracy is β x m; so it tells β x, whatever β was used.
    tilted = 1.0
    return particle.free_energy(tilted).accuracy / _STATE.mean(tilted)


def _density(x: FloatArray, bias: float) -> FloatArray:
    density: FloatArray = np.exp(bias * x - _STATE.log_partition(bias))
    return density


def _densities(ax: Any, prior: float, posterior: float, marked: float | None) -> None:
    x = np.linspace(-1.0, 1.0, _POINTS)
    ax.plot(x, _density(x, prior), "--", color=GREY, label="prior")
    ax.plot(x, _density(x, posterior - prior), ":", color=BLUE, label="likelihood, scaled")
    ax.plot(x, _density(x, posterior), "-", color=INK, linewidth=1.8, label="posterior")
    if marked is not None:
        ax.plot(x, _density(x, marked), "-.", color=VERMILION, label="belief q")
    plain(ax, "", "state σ", "density")
    ax.set_xlim(-1.0, 1.0)
    ax.set_xticks([-1.0, -0.5, 0.0, 0.5, 1.0])
    ax.set_ylim(0.0, None)
    legend(ax, loc="best")


def _energies(
    ax: Any, particle: Subparticle, prior: float, marked: float | None, reach: float
) -> None:
    beliefs = np.linspace(-reach, reach, _POINTS)
    terms = [particle.free_energy(float(one)) for one in beliefs]
    ax.plot(beliefs, [one.complexity for one in terms], "--", color=ORANGE, label="complexity")
    ax.plot(beliefs, [-one.accuracy for one in terms], ":", color=BLUE, label="− accuracy")
    values = [one.value for one in terms]
    ax.plot(beliefs, values, "-", color=INK, linewidth=1.8, label="free energy F")
    ax.axvline(prior, color=GREY, linewidth=0.7, linestyle="--")
    ax.plot(
        particle.argument,
        particle.least_free_energy(),
        "o",
        color=INK,
        markersize=6,
        label="posterior θ",
    )
    if marked is not None:
        value = particle.free_energy(marked).value
        ax.plot(marked, value, "^", color=VERMILION, markersize=6, label="belief q")
    ax.axhline(0.0, color=GREY, linewidth=0.5, zorder=0)
    plain(ax, "", "belief $b_q$ (dashed: prior)", "nats")
    ax.set_xlim(-reach, reach)
    legend(ax, loc="best")
