r"""What a step does to a law: transition operators of a few subparticles on a grid.

A row that is due samples its state given the others',

.. math:: k_i(y_i \mid x) = m(y_i)\,e^{y_i\theta_i(x) - \phi_i(\theta_i(x))}, \qquad
          \theta_i = c_i + \sum_{j \ne i} K_{ij}\,x_j ,

and a step is made of such updates: all at once (synchronous), one after another (sequential and
chromatic), turn after turn (your own), or N times one at a row drawn at random. On the
nodes of a quadrature the integral operator becomes a matrix (Nyström's method; Atkinson 1997, *The
Numerical Solution of Integral Equations of the Second Kind*, chapter 4), which is never formed:
each update is a contraction of the law with its conditionals.

An operator works forward on laws, :math:`p \mapsto \sum_x p(x)\,P(x, \cdot)`, and backward on
functions, :math:`f \mapsto E[f(y) \mid x]`. Both are arrays with one axis per row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from deepparticle.analysis.frozen import FrozenNetwork
from deepparticle.analysis.quadrature import Grid
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError

__all__ = ["Composition", "Mixture", "Operator", "Update", "conditionals", "step_operators"]

# A contraction of more multiplications than this takes seconds, and finding a law takes dozens.
_MOST_WORK = 2**28

_BEFORE, _AFTER = "abcd", "ABCD"


class Operator(Protocol):
    """What a transition does to laws and to functions on a grid."""

    def forward(self, law: FloatArray) -> FloatArray:
        """The law after the transition."""
        ...

    def backward(self, function: FloatArray) -> FloatArray:
        """The expected value after the transition, as a function of the state before."""
        ...


def conditionals(network: FrozenNetwork, grid: Grid, row: int) -> tuple[FloatArray, list[int]]:
    r"""The probabilities of a row's new states given those that drive it.

    Parameters
    ----------
    network : FrozenNetwork
        One network.
    grid : Grid
    row : int

    Returns
    -------
    probabilities : ndarray
        One axis per driving row, in order, and a last one for the new state of `row`; the weights
        of the quadrature are in them.
    sources : list of int
        The rows that drive it: those with :math:`K_{ij} \ne 0`.
    """
    weights = network.dense[0][row]
    sources = np.flatnonzero(weights).tolist()
    theta = np.full((1,) * len(sources), network.drive[0, row])
    for place, source in enumerate(sources):
        shape = [1] * len(sources)
        shape[place] = -1
        theta = theta + weights[source] * grid.axes[source].nodes.reshape(shape)
    axis = grid.axes[row]
    log_partition = np.asarray(network.distributions[row].log_partition(np.atleast_1d(theta)))
    exponents = theta[..., None] * axis.nodes - log_partition.reshape(theta.shape)[..., None]
    return np.exp(exponents) * axis.weights, sources


class Update:
    """Some rows take new states at once, each given the old states of the others.

    Parameters
    ----------
    network : FrozenNetwork
        One network of at most four rows.
    grid : Grid
    rows : sequence of int
        Those that are due.

    Raises
    ------
    SettingError
        If the contraction is too large.
    """

    def __init__(self, network: FrozenNetwork, grid: Grid, rows: Sequence[int]) -> None:
        parts = [conditionals(network, grid, row) for row in rows]
        self._tensors = [probabilities for probabilities, _ in parts]
        names = [
            "".join(_BEFORE[source] for source in sources) + _AFTER[row]
            for row, (_, sources) in zip(rows, parts, strict=True)
        ]
        before = _BEFORE[: network.size]
        after = "".join(
            (_AFTER if row in set(rows) else _BEFORE)[row] for row in range(network.size)
        )
        sizes = dict(zip(_BEFORE, grid.shape, strict=False))
        sizes.update(zip(_AFTER, grid.shape, strict=False))
        self._forward = _contraction([before, *names], after, sizes)
        # What is expected depends on the states of rows that are held or that drive one.
        driving = set("".join([after, *names]))
        kept = "".join(letter for letter in before if letter in driving)
        self._backward = _contraction([after, *names], kept, sizes)
        self._shape = grid.shape
        self._kept = [
            size if letter in kept else 1 for letter, size in zip(before, grid.shape, strict=True)
        ]

    def forward(self, law: FloatArray) -> FloatArray:
        """The law after the update."""
        expression, path = self._forward
        result: FloatArray = np.einsum(expression, law, *self._tensors, optimize=path)
        return result

    def backward(self, function: FloatArray) -> FloatArray:
        """The expected value after the update."""
        expression, path = self._backward
        result: FloatArray = np.einsum(expression, function, *self._tensors, optimize=path)
        return np.broadcast_to(result.reshape(self._kept), self._shape)


def _contraction(names: list[str], result: str, sizes: dict[str, int]) -> tuple[str, Any]:
    """An einsum expression and the order in which to contract it."""
    expression = ",".join(names) + "->" + result
    empty = [np.broadcast_to(0.0, [sizes[letter] for letter in name]) for name in names]
    path: Any = np.einsum_path(expression, *empty, optimize="optimal")[0]
    work, left = 0, list(names)
    for pair in path[1:]:
        met = [left.pop(place) for place in sorted(pair, reverse=True)]
        letters = set("".join(met))
        work = max(work, math.prod(sizes[letter] for letter in letters))
        left.append("".join(sorted(letters & set("".join(left) + result))))
    if work > _MOST_WORK:
        raise SettingError(
            Fault(
                "the transition of a few subparticles",
                f"one step on the grid takes at most {_MOST_WORK} multiplications",
                f"{work}",
                "give fewer nodes, couple fewer subparticles, or sample instead",
            )
        )
    return expression, path


class Mixture:
    """One of some operators, drawn at random; with the rest of the probability nothing happens.

    Parameters
    ----------
    operators : sequence of Operator
    probability : float
        Of each of them.
    """

    def __init__(self, operators: Sequence[Operator], probability: float) -> None:
        self._operators = operators
        self._probability = probability
        self._rest = max(0.0, 1.0 - probability * len(operators))

    def forward(self, law: FloatArray) -> FloatArray:
        """The law after the draw."""
        moved = [self._probability * operator.forward(law) for operator in self._operators]
        return sum(moved, self._rest * law)

    def backward(self, function: FloatArray) -> FloatArray:
        """The expected value after the draw."""
        moved = [self._probability * operator.backward(function) for operator in self._operators]
        return sum(moved, self._rest * function)


class Composition:
    """One operator after another.

    Parameters
    ----------
    operators : sequence of Operator
        The first acts first.
    """

    def __init__(self, operators: Sequence[Operator]) -> None:
        self.operators = tuple(operators)

    def forward(self, law: FloatArray) -> FloatArray:
        """The law after all of them."""
        for operator in self.operators:
            law = operator.forward(law)
        return law

    def backward(self, function: FloatArray) -> FloatArray:
        """The expected value after all of them."""
        for operator in reversed(self.operators):
            function = operator.backward(function)
        return function


def step_operators(network: FrozenNetwork, grid: Grid) -> list[Composition]:
    """The transition of each step of a period, in order; the first is that of time 0.

    Parameters
    ----------
    network : FrozenNetwork
        One network of at most four rows, in a schedule of discrete time.
    grid : Grid

    Returns
    -------
    list of Composition
        As many as the clocks have phases.

    Examples
    --------
    >>> from deepparticle.analysis.frozen import frozen_network
    >>> from deepparticle.analysis.quadrature import grid_of
    >>> network = frozen_network([[0.0, 4.0], [0.0, 0.0]], schedule="sequential")
    >>> grid = grid_of(network.distributions, 24, "example")
    >>> [step] = step_operators(network, grid)
    >>> bool(np.allclose(step.backward(np.ones(grid.shape)), 1.0))  # probabilities add up
    True
    """
    every = np.arange(network.size)
    made: dict[tuple[int, ...], Update] = {}

    def update(rows: list[int]) -> Update:
        key = tuple(rows)
        if key not in made:
            made[key] = Update(network, grid, rows)
        return made[key]

    found: list[Composition] = []
    for due in network.due(np.arange(network.period)):
        updates: list[Operator] = [update(rows) for rows in network.updates(every[due].tolist())]
        if network.schedule == "random":
            draw = Mixture(updates, 1.0 / network.size)
            updates = [draw] * network.size
        found.append(Composition(updates))
    return found
