r"""What noisy boundary states tell of the states behind them, as more variables of a joint law.

A noisy boundary state that is read at one instant, :math:`s_{ij} = J_{ij}\sigma_j + sd_{ij}\,z`,
does not determine :math:`\sigma_j`. Several that tell of one state are, by sufficiency, like one:

.. math:: y_j = \sigma_j + \kappa_j^{-1/2} z, \qquad \kappa_j = \sum_i J_{ij}^2 / sd_{ij}^2,
          \qquad z \sim N(0, 1) .

A blanket is given when the states are given that it determines, and the :math:`y_j` of the others.
For a Gaussian law they are more rows of the covariance; for a table each is one more axis, on a
grid so fine that sums over it are integrals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from deepparticle.agents.continuous_bernoulli import ContinuousBernoulli
from deepparticle.blankets._types import FloatArray

__all__ = ["observed_covariance", "observed_table"]

# The grid of an observation: steps per standard deviation, and how many of these beyond the states.
_STEPS = 3.0
_BEYOND = 6.5

# A table has up to so many entries: a tenth of a second.
_ENTRIES = 4_000_000

# Where states are nodes of a quadrature, it has to be this good for the density of what is told.
_QUADRATURE = 1e-5


def observed_covariance(
    covariance: FloatArray, told: Mapping[int, float]
) -> tuple[FloatArray, list[int]]:
    r"""The joint covariance of Gaussian states and of what is told of some of them.

    Parameters
    ----------
    covariance : ndarray of shape (n, n)
    told : dict of int to float
        :math:`\kappa_j > 0` by row.

    Returns
    -------
    covariance : ndarray of shape (n + k, n + k)
    rows : list of int
        Those of the k observations.

    Examples
    --------
    >>> observed_covariance(np.array([[1.0, 0.5], [0.5, 1.0]]), {1: 4.0})[0]
    array([[1.  , 0.5 , 0.5 ],
           [0.5 , 1.  , 1.  ],
           [0.5 , 1.  , 1.25]])
    """
    size = len(covariance)
    chosen = [*range(size), *told]
    result: FloatArray = covariance[np.ix_(chosen, chosen)].copy()
    rows = list(range(size, len(chosen)))
    result[rows, rows] += 1.0 / np.array(list(told.values()), dtype=np.float64)
    return result, rows


def observed_table(
    table: FloatArray,
    nodes: Sequence[tuple[FloatArray, FloatArray]],
    told: Mapping[int, float],
) -> tuple[FloatArray, list[int]] | None:
    r"""The joint table of states and of what is told of some of them.

    Parameters
    ----------
    table : ndarray of shape (m_1, ..., m_n)
        Joint probabilities.
    nodes : sequence of (ndarray, ndarray)
        The values and the weights of each axis.
    told : dict of int to float
        :math:`\kappa_j > 0` by axis.

    Returns
    -------
    table : ndarray of shape (m_1, ..., m_n, k_1, ..., k_o)
    axes : list of int
        Those of the observations.
    None
        In the place of both where a table would be too large, or too coarse for so little noise.

    Examples
    --------
    A fair spin, told with an error of 1: .337 of its .693 nats get through.

    >>> from deepparticle.blankets.tables import table_information
    >>> spin = np.array([-1.0, 1.0]), np.ones(2)
    >>> joint, axes = observed_table(np.array([0.5, 0.5]), [spin], {0: 1.0})
    >>> round(table_information(joint, [0], axes), 4)
    0.3368
    """
    axes = []
    for axis, kappa in told.items():
        values, weights = nodes[axis]
        sd = kappa**-0.5
        low, high = float(values.min()) - _BEYOND * sd, float(values.max()) + _BEYOND * sd
        count = int(np.ceil((high - low) / sd * _STEPS)) + 1
        if table.size * count > _ENTRIES:
            return None
        y = np.linspace(low, high, count)
        density = np.exp(-(((y[:, None] - values) / sd) ** 2) / 2.0)
        if not _fine_enough(y, density, weights, sd):
            return None
        density /= density.sum(axis=0)
        shape = [1] * table.ndim
        shape[axis] = len(values)
        axes.append(table.ndim)
        table = table[..., None] * density.T.reshape(*shape, count)
    return table, axes


def _fine_enough(y: FloatArray, density: FloatArray, weights: FloatArray, sd: float) -> bool:
    """Whether the nodes of a state tell the integral of what is told of it: on [-1, 1]."""
    from scipy.special import ndtr

    if np.all(weights == 1.0):  # states that are values, and no nodes
        return True
    low, high = ContinuousBernoulli().support
    exact = np.sqrt(2.0 * np.pi) * sd * (ndtr((high - y) / sd) - ndtr((low - y) / sd))
    return bool(np.max(np.abs(density @ weights - exact)) < _QUADRATURE * np.max(exact))
