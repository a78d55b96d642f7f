r"""The appendix: one continuous Bernoulli state, its mean, and two of them across a boundary state.

The states are those of :class:`deepparticle.agents.ContinuousBernoulli`,

.. math:: p(\sigma) \propto e^{b\sigma}, \qquad L(b) = \coth b - 1/b,

and the boundary state between two is a Dirac delta, :math:`s_{ij} \mid \sigma_j \sim
\delta(s - J_{ij}\sigma_j)`. It moves the density of :math:`\sigma_j` onto :math:`[-|J|, |J|]`,

.. math:: p(s) = p_{\sigma_j}(s / J) / |J|,

and its value adds to the bias of the target, whose posterior is continuous Bernoulli again,

.. math:: p(\sigma_i \mid \sigma_j) \propto e^{(b_i + J_{ij}\sigma_j)\sigma_i}, \qquad
   \mathrm{E}[\sigma_i \mid \sigma_j] = L(b_i + J_{ij}\sigma_j)

(Spisak & Friston 2026, parametrisation and appendices 1 to 4). Read as a function of
:math:`\sigma_j` for a given :math:`\sigma_i`, the normalised conditional is the likelihood of the
source's state, and times its prior density the posterior.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.blankets._types import ArrayLike, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.figures.arguments import array_of, some
from deepparticle.figures.style import (
    BLUE,
    COLUMN,
    GREY,
    INK,
    PAGE,
    SERIES,
    VERMILION,
    legend,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["delta_likelihood", "density_family", "mean_curve"]

_POINTS = 401
_STATE = ContinuousBernoulli()


def _density(x: FloatArray, bias: float) -> FloatArray:
    density: FloatArray = np.exp(bias * x - _STATE.log_partition(bias))
    return density


def density_family(biases: Sequence[float] = (-5.0, -2.0, 0.0, 1.0, 3.0)) -> Figure:
    """Draw the density of a continuous Bernoulli state for several biases.

    Parameters
    ----------
    biases : sequence of float
        Half the log-odds of the two ends.

    Returns
    -------
    matplotlib.figure.Figure
        One curve for each bias, with its mean as a dot on it.

    Examples
    --------
    >>> figure = density_family([0.0, 2.0])
    >>> [line.get_label() for line in figure.axes[0].lines[::2]]
    ['b = 0', 'b = 2']
    """
    given = array_of(some(biases, "density_family", "biases"), "density_family", "biases", "biases")
    figure = new_figure(COLUMN, 2.5)
    ax = figure.subplots()
    x = np.linspace(-1.0, 1.0, _POINTS)
    for bias, (colour, marker, style) in zip(given.tolist(), _series(given.size), strict=True):
        label = _true_minus(f"b = {bias:g}")
        ax.plot(x, _density(x, bias), color=colour, linestyle=style, linewidth=1.3, label=label)
        mean = np.array([_STATE.mean(bias)])
        ax.plot(mean, _density(mean, bias), color=colour, marker=marker, markersize=4)
    plain(ax, "", "state σ (markers: mean)", "density p(σ)")
    ax.set_xlim(-1.0, 1.0)
    ax.set_xticks([-1.0, -0.5, 0.0, 0.5, 1.0])
    ax.set_ylim(0.0, None)
    legend(ax, loc="upper center")
    return figure


def _series(count: int) -> list[tuple[str, str, str]]:
    return [SERIES[number % len(SERIES)] for number in range(count)]


def mean_curve(reach: float = 10.0) -> Figure:
    """Draw the mean of a continuous Bernoulli state against its bias, beside that of a spin.

    Parameters
    ----------
    reach : float
        Biases from −reach to reach.

    Returns
    -------
    matplotlib.figure.Figure
        The Langevin function L(b), its tangent at 0, which has slope 1/3, and tanh b, whose slope
        is 1.

    Examples
    --------
    >>> figure = mean_curve(5.0)
    >>> [line.get_label() for line in figure.axes[0].lines[:3]]
    ['L(b) = coth b − 1/b', 'b/3', 'tanh b (spin)']
    """
    if not 0.0 < reach < np.inf:
        raise SettingError(
            Fault("mean_curve", "reach is positive and finite", repr(reach), "give reach=10")
        )
    figure = new_figure(COLUMN, 2.5)
    ax = figure.subplots()
    b = np.linspace(-reach, reach, _POINTS)
    near = b[np.abs(b) <= 3.0]
    ax.plot(b, _STATE.mean(b), color=BLUE, linewidth=1.5, label="L(b) = coth b − 1/b")
    ax.plot(near, near / 3.0, color=INK, linewidth=1.0, linestyle=":", label="b/3")
    ax.plot(b, np.tanh(b), color=VERMILION, linewidth=1.2, linestyle="--", label="tanh b (spin)")
    ax.axhline(0.0, color=GREY, linewidth=0.5, zorder=0)
    ax.axvline(0.0, color=GREY, linewidth=0.5, zorder=0)
    plain(ax, "", "bias b", "mean state")
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-1.05, 1.05)
    legend(ax, loc="lower right")
    return figure


def delta_likelihood(
    coupling: float = 2.0,
    source_bias: float = 1.0,
    target_bias: float = 0.5,
    *,
    states: ArrayLike = (-1.0, 0.0, 1.0),
    couplings: ArrayLike = (-3.0, 0.5, 2.0),
) -> Figure:
    """Draw how a Dirac-delta coupling carries evidence from one state to another, and back.

    Parameters
    ----------
    coupling : float
        J_ij, from source j to target i; not 0.
    source_bias, target_bias : float
        b_j and b_i.
    states : array_like of shape (K,)
        Values of a state, −1…1: of σ_j in the upper row, of σ_i in the lower one.
    couplings : array_like of shape (C,)
        For the panel of means.

    Returns
    -------
    matplotlib.figure.Figure
        Six panels. Above, forwards: the density of σ_j; that of the boundary state s_ij = J_ij σ_j
        between −J and J, with an arrow for the delta that each marked σ_j becomes; the posterior
        density of σ_i for each of them. Below, backwards: the mean of σ_i against σ_j for several
        couplings; the likelihood of σ_j for given values of σ_i; the posterior density of σ_j.

    Examples
    --------
    >>> figure = delta_likelihood(coupling=-2.0)
    >>> [round(float(end), 1) for end in figure.axes[1].lines[0].get_xdata()[[0, -1]]]
    [-2.0, 2.0]
    """
    where = "delta_likelihood"
    if coupling == 0.0 or not np.isfinite(coupling):
        raise SettingError(
            Fault(where, "the coupling is finite and not 0", repr(coupling), "give coupling=2")
        )
    values = array_of(states, where, "states", "states")
    weights = array_of(couplings, where, "couplings", "couplings")
    if not np.all(np.abs(values) <= 1.0):
        raise SettingError(
            Fault(where, "states are in −1…1", str(values.tolist()), "give such states")
        )
    figure = new_figure(PAGE, 4.4)
    (source, boundary, target), (means, likelihood, posterior) = figure.subplots(2, 3)
    x = np.linspace(-1.0, 1.0, _POINTS)
    marks = list(zip(values.tolist(), _series(values.size), strict=True))
    _source(source, x, source_bias, marks)
    _boundary(boundary, x, coupling, source_bias, marks)
    for state, (colour, marker, style) in marks:
        bias = target_bias + coupling * state
        words = _true_minus(f"σⱼ = {state:g}")
        target.plot(x, _density(x, bias), color=colour, linestyle=style, label=words)
        mean = np.array([_STATE.mean(bias)])
        target.plot(mean, _density(mean, bias), color=colour, marker=marker, markersize=5)
        # The normalising constant of the target depends on the source.
        given = np.exp(
            (target_bias + coupling * x) * state - _STATE.log_partition(target_bias + coupling * x)
        )
        words = _true_minus(f"σᵢ = {state:g}")
        likelihood.plot(x, given, color=colour, linestyle=style, label=words)
        product = given * _density(x, source_bias)
        product /= np.trapezoid(product, x)
        posterior.plot(x, product, color=colour, linestyle=style, label=words)
    for weight, (colour, _, style) in zip(weights.tolist(), _series(weights.size), strict=True):
        curve = _STATE.mean(target_bias + weight * x)
        label = _true_minus(f"J = {weight:g}")
        means.plot(x, curve, color=colour, linestyle=style, label=label)
    means.axhline(0.0, color=GREY, linewidth=0.5, zorder=0)
    plain(target, _true_minus(f"target, bᵢ = {target_bias:g}"), "σᵢ", "p(σᵢ | sᵢⱼ)")
    plain(means, "mean of the target", "σⱼ", "E[σᵢ | σⱼ]")
    plain(likelihood, "likelihood of the source", "σⱼ", "p(σᵢ | σⱼ)")
    plain(posterior, "posterior of the source", "σⱼ", "p(σⱼ | σᵢ)")
    for ax in (source, target, means, likelihood, posterior):
        ax.set_xlim(-1.0, 1.0)
        ax.set_xticks([-1.0, 0.0, 1.0])
        if ax is means:
            ax.set_ylim(-1.05, 1.05)
        else:
            ax.set_ylim(0.0, None)
    for ax in (target, likelihood, posterior):
        legend(ax, loc="upper center")
    legend(means, loc="lower center", handlelength=1.4)
    return figure


def _true_minus(words: str) -> str:
    return words.replace("-", "−")


_Marks = list[tuple[float, tuple[str, str, str]]]


def _source(ax: Any, x: FloatArray, bias: float, marks: _Marks) -> None:
    ax.plot(x, _density(x, bias), color=INK, linewidth=1.3)
    for state, (colour, marker, _) in marks:
        height = _density(np.array([state]), bias)
        ax.plot([state], height, color=colour, marker=marker, markersize=5, clip_on=False)
    plain(ax, _true_minus(f"source, bⱼ = {bias:g}"), "σⱼ", "p(σⱼ)")


def _boundary(ax: Any, x: FloatArray, coupling: float, bias: float, marks: _Marks) -> None:
    s = np.sort(coupling * x)
    density = _density(s / coupling, bias) / abs(coupling)
    ax.plot(s, density, color=INK, linewidth=1.3, label="over all σⱼ")
    top = 1.15 * float(density.max())
    for state, (colour, marker, style) in marks:
        # A delta has no height: an arrow to the top of the panel stands for it.
        ax.annotate(
            "",
            (coupling * state, top),
            (coupling * state, 0.0),
            arrowprops={"arrowstyle": "->", "color": colour, "linestyle": style, "shrinkB": 0.0},
        )
        ax.plot([coupling * state], [0.0], color=colour, marker=marker, markersize=5, clip_on=False)
    words = _true_minus(f"boundary state, J = {coupling:g}")
    plain(ax, words, "sᵢⱼ = J σⱼ", "p(sᵢⱼ)")
    ax.set_ylim(0.0, 1.03 * top)
