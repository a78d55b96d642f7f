r"""The stationary law of a few subparticles in continuous time, from the Fokker–Planck equation.

States that follow :math:`d\sigma = (c + K\sigma)\,dt + \sqrt2\,dW` in the box [−1, 1]ᴺ with
reflecting walls have a density p and a probability current j with

.. math:: j = (c + K\sigma)\,p - \nabla p, \qquad \nabla \cdot j = 0, \qquad
          j \cdot n = 0 \text{ at the walls}

(Risken 1996, *The Fokker–Planck Equation*, chapter 6). In weak form, :math:`\int \nabla\psi \cdot j
= 0` for every function :math:`\psi`, the walls take care of themselves. Density and :math:`\psi`
are polynomials here (Galerkin's method), with the density at the nodes of a Gauss–Legendre grid as
unknowns; the integrals are then exact. The law of symmetric K is Boltzmann's, which is found to
rounding. With asymmetric K the two wall conditions contradict each other in the corners, where they
want :math:`K_{12}\,p` and :math:`K_{21}\,p` of the same mixed derivative: convergence is algebraic
there, yet in a pair thirty nodes give twelve digits of a moment, and eight of :math:`\int |j|^2/p`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from deepparticle.analysis.quadrature import Grid, interpolation
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError

__all__ = ["current_of", "stationary_density"]

# With this many points in three dimensions the factors of the equation fill hundreds of megabytes.
_MOST_POINTS = 10_000


def _derivative(nodes: FloatArray) -> FloatArray:
    """The matrix that differentiates the polynomial through values at some nodes."""
    # The columns are the cardinal polynomials.
    slopes: FloatArray = interpolation(nodes, np.eye(nodes.size)).derivative(nodes)
    return slopes


def _along(matrix: FloatArray, grid: Grid, row: int) -> Any:
    """A matrix that acts on one axis of a grid, on all points: a sparse array."""
    from scipy.sparse import csr_array, eye_array, kron

    before = math.prod(grid.shape[:row])
    after = math.prod(grid.shape[row + 1 :])
    return csr_array(kron(kron(eye_array(before), csr_array(matrix)), eye_array(after)))


def current_of(
    density: FloatArray, grid: Grid, couplings: FloatArray, drive: FloatArray
) -> FloatArray:
    """The probability current of a density.

    Parameters
    ----------
    density : ndarray of shape (M,)
        At the points of the grid, per unit of volume.
    grid : Grid
        Of continuous Bernoulli states.
    couplings : ndarray of shape (N, N)
        K.
    drive : ndarray of shape (N,)
        c.

    Returns
    -------
    ndarray of shape (M, N)
        j, in units of state per unit of volume and time.
    """
    drift = drive + grid.points @ couplings.T
    shaped = density.reshape(grid.shape)
    slopes = [
        np.moveaxis(np.tensordot(_derivative(axis.nodes), shaped, axes=(1, row)), 0, row)
        for row, axis in enumerate(grid.axes)
    ]
    return drift * density[:, None] - np.stack([slope.reshape(-1) for slope in slopes], axis=1)


def stationary_density(grid: Grid, couplings: FloatArray, drive: FloatArray) -> FloatArray:
    """The stationary density at the points of a grid.

    Parameters
    ----------
    grid : Grid
        Of continuous Bernoulli states.
    couplings : ndarray of shape (N, N)
        K.
    drive : ndarray of shape (N,)
        c.

    Returns
    -------
    ndarray of shape (M,)
        Per unit of volume; its integral is 1.

    Raises
    ------
    SettingError
        If the grid has too many points.

    Examples
    --------
    >>> from deepparticle import ContinuousBernoulli
    >>> from deepparticle.analysis.quadrature import grid_of
    >>> grid = grid_of([ContinuousBernoulli()], 12, "example")
    >>> density = stationary_density(grid, np.zeros((1, 1)), np.ones(1))
    >>> exact = np.exp(grid.points[:, 0]) / (2 * np.sinh(1.0))  # without couplings: p ∝ e^(cx)
    >>> bool(np.allclose(density, exact))
    True
    """
    count = grid.weights.size
    if count > _MOST_POINTS:
        raise SettingError(
            Fault(
                "the Fokker-Planck equation",
                f"the grid has at most {_MOST_POINTS} points",
                f"{count} points for {len(grid.axes)} states",
                "give fewer nodes, or sample instead",
            )
        )
    from scipy.sparse import csr_array, diags_array, vstack
    from scipy.sparse.linalg import spsolve

    drift = drive + grid.points @ couplings.T
    balance = csr_array((count, count))
    for row, axis in enumerate(grid.axes):
        slope = _along(_derivative(axis.nodes), grid, row)
        flow = diags_array(drift[:, row]) - slope
        balance = balance + slope.T @ diags_array(grid.weights) @ flow
    # What leaves anywhere arrives elsewhere: the rows of the balance add up to zero, so that one of
    # them says nothing new, and gives its place to the total probability.
    equations = vstack([csr_array(balance)[:-1], csr_array(grid.weights[None, :])], format="csc")
    total = np.zeros(count)
    total[-1] = 1.0
    density: FloatArray = spsolve(equations, total)
    return density
