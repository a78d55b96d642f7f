r"""Who may drive whom: the flows of a random dynamical system with a thing in it.

.. math:: \dot\eta = f_\eta(\eta, s, a) + \omega_\eta, \quad \dot s = f_s(\eta, s, a) + \omega_s,
          \quad \dot a = f_a(s, a, \mu) + \omega_a, \quad \dot\mu = f_\mu(s, a, \mu) + \omega_\mu .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepparticle.blankets._types import FloatArray, IntArray
from deepparticle.derivation.check import Check, compared
from deepparticle.derivation.proof import Proof, equality, symbolic_algebra
from deepparticle.derivation.step import Step
from deepparticle.derivation.subject import Subject
from deepparticle.partitions.columns import write_states
from deepparticle.partitions.stepping import update_states

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STEP"]

# How many boundary states are read at most; of a large world some sources are moved, not all.
_READS = 200_000

# The central difference of a step h misses h² K³ φ''''/6, and rounding 1e-16 θ / h.
_STEP = 1e-4

# In a matrix of more subparticles dots would hide what they mark.
_DOTTED = 60


def _inside(subject: Subject) -> FloatArray:
    """The present states, moved off the ends of their support, so that both sides can be tried."""
    states = subject.state.copy()
    for family, rows in subject.families():
        low, high = family.support
        states[rows] = np.clip(states[rows], low + _STEP, high - _STEP)
    return states


def _step(subject: Subject) -> float:
    return _STEP / max(1.0, float(np.max(np.abs(subject.scaled), initial=0.0)))


def _slopes(subject: Subject, sources: IntArray) -> FloatArray:
    """How the expected new states change with the state of some, shape (N, len(sources)).

    The objects are stepped: every subparticle reads its sensory states and infers.
    """
    world, states = subject.copy(), _inside(subject)
    leaves, rows = world.subparticles, [range(subject.size)]
    step = _step(subject)
    slopes = np.empty((subject.size, len(sources)))
    for place, source in enumerate(sources.tolist()):
        ends = []
        for sign in (1.0, -1.0):
            moved = states.copy()
            moved[source] += sign * step
            write_states(world, moved)
            update_states(leaves, "synchronous", 0, None, rows)
            ends.append((moved[source], world.states))
        (above, up), (below, down) = ends
        slopes[:, place] = (up - down) / (above - below)
    return slopes


def _check(subject: Subject) -> Check:
    count = max(1, min(subject.size, _READS // (2 * (len(subject.boundaries) + subject.size))))
    sources = np.sort(subject.rng("flows").permutation(subject.size)[:count])
    slopes = _slopes(subject, sources)
    states = _inside(subject)
    variance = subject.variance(subject.argument(states))
    expected = variance[:, None] * subject.scaled
    # What the mean of a state is computed from, over the step of the difference.
    sizes = np.abs(subject.drive) + np.abs(subject.scaled) @ np.abs(states)
    # The pairs that share a boundary state come first: they are what there is to see.
    coupled = np.zeros((subject.size, subject.size), dtype=bool)
    coupled[tuple(subject.ends.T)] = True
    order = np.argsort(~coupled[:, sources].ravel(), kind="stable")
    pairs = [(subject.paths[j], subject.paths[i]) for i in range(subject.size) for j in sources]
    return compared(
        ("∂E[σ_i']/∂σ_j, by moving σ_j", slopes.ravel()[order]),
        ("φ''(θ_i) K_ij, 0 without a boundary state", expected[:, sources].ravel()[order]),
        tolerance=1e-6,
        terms=(variance * sizes + 1e-3) / _step(subject),  # a mean near 1 has an error of 1e-16
        entries=tuple("{} → {}".format(*pairs[place]) for place in order.tolist()),
    )


def _prove() -> Proof:
    sympy = symbolic_algebra()
    eta, s, a, mu = sympy.symbols("eta s a mu", real=True)
    f_eta, f_mu = sympy.Function("f_eta")(eta, s, a), sympy.Function("f_mu")(s, a, mu)
    beta, b, weight = sympy.symbols("beta b J", positive=True)
    state = sympy.Symbol("sigma", positive=True)
    theta = beta * (b + weight * state)
    return Proof(
        [
            equality(
                "the outside is no argument of the inside", sympy.Derivative(f_mu, eta), sympy.S(0)
            ),
            equality("nor the inside of the outside", sympy.Derivative(f_eta, mu), sympy.S(0)),
            equality(
                "a subparticle that senses another through s = Jσ has the slope φ''(θ) βJ",
                sympy.Derivative(sympy.coth(theta) - 1 / theta, state),
                beta * weight * (1 / theta**2 - 1 / sympy.sinh(theta) ** 2),
            ),
        ]
    )


def _figure(subject: Subject) -> Figure:
    from deepparticle.derivation.matrix_frame import frame_of_subparticles
    from deepparticle.figures.style import (
        COLUMN,
        DIVERGING,
        INK,
        colour_bar,
        legend,
        new_figure,
    )

    slopes = subject.variance(subject.argument(subject.state))[:, None] * subject.scaled
    figure = new_figure(COLUMN, COLUMN)
    axes = figure.subplots()
    limit = float(np.max(np.abs(slopes), initial=0.0)) or 1.0
    shown = axes.imshow(slopes, cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest")
    frame_of_subparticles(axes, subject)
    if subject.size <= _DOTTED:
        down, across = subject.ends.T
        size = min(3.0, 60.0 / subject.size)
        axes.plot(across, down, "o", color=INK, markersize=size, mew=0, label="boundary state")
        legend(axes, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    colour_bar(axes, shown, "∂E[σ_target']/∂σ_source", shrink=0.7)
    return figure


STEP = Step(
    name="flows",
    title="Who may drive whom",
    statement=(
        "Take anything that changes in time, partly by rule and partly by chance. To say that "
        "there is a thing in it is to say who may drive whom. The states inside (μ) and those "
        "outside (η) never drive each other directly: between them lie sensory states s, which "
        "the outside drives, and active states a, which the inside drives. So the rule by which "
        "the inside changes, its flow, has s, a and μ as arguments, but not η. In a network of "
        "subparticles this reads: the expected next state of one depends on the present state of "
        "another only if a boundary state leads from the other to it."
    ),
    equation=(
        "η̇ = f_η(η, s, a) + ω_η\nṡ = f_s(η, s, a) + ω_s\n"
        "ȧ = f_a(s, a, μ) + ω_a\nμ̇ = f_μ(s, a, μ) + ω_μ"
    ),
    latex=(
        r"\begin{aligned} \dot\eta &= f_\eta(\eta, s, a) + \omega_\eta & "
        r"\dot s &= f_s(\eta, s, a) + \omega_s \\ \dot a &= f_a(s, a, \mu) + \omega_a & "
        r"\dot\mu &= f_\mu(s, a, \mu) + \omega_\mu \end{aligned}"
    ),
    symbols={
        "η": "the external state",
        "s": "the sensory one",
        "a": "the active one",
        "μ": "the internal one",
        "η̇": "how fast η changes, and so with the others",
        "f": "a flow, the part of the change that follows a rule",
        "ω": "a fluctuation, the part that is chance",
    },
    assumptions=("sparse flows", "independent fluctuations"),
    rests_on=(),
    source="equation particular-partition",
    comparing=_check,
    drawing=_figure,
    proving=_prove,
)
