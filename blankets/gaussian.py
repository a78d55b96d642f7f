r"""Gaussian states at one instant: what their covariance says about who depends on whom.

For a Gaussian vector with covariance :math:`\Sigma` and :math:`P = \Sigma^{-1}`,

.. math:: \rho_{ij} = -\frac{P_{ij}}{\sqrt{P_{ii} P_{jj}}}, \qquad
          I(X; Y \mid Z) = \tfrac12 \ln
          \frac{|\Sigma_{XZ}|\,|\Sigma_{YZ}|}{|\Sigma_Z|\,|\Sigma_{XYZ}|} :

the partial correlation of two states given all the others, and the information that two sets have
of each other given a third. Two states are independent given all the others exactly where
:math:`P_{ij} = 0`; their information is then 0, and otherwise
:math:`-\tfrac12\ln(1 - \rho_{ij}^2)` (S. L. Lauritzen, *Graphical Models*, 1996, section 5.1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepparticle.blankets._types import ArrayLike, BoolArray, FloatArray
from deepparticle.blankets.matrices import (
    TOLERANCE,
    inverse_of_positive,
    square_matrix,
    without_diagonal,
)

__all__ = ["conditional_information", "equal_time_graph", "partial_correlations"]


def partial_correlations(covariance: ArrayLike) -> FloatArray:
    r"""The correlation of every two states given all the others.

    .. math:: \rho_{ij} = -P_{ij} / \sqrt{P_{ii} P_{jj}}, \qquad P = \Sigma^{-1}

    Parameters
    ----------
    covariance : array_like of shape (n, n)
        :math:`\Sigma`, positive definite.

    Returns
    -------
    ndarray of shape (n, n)
        With ones on the diagonal.

    Examples
    --------
    >>> from deepparticle.blankets.linear import covariance_of_flow
    >>> chain = [[-1.0, 0.4, 0.0], [0.4, -1.0, 0.4], [0.0, 0.4, -1.0]]
    >>> partial_correlations(covariance_of_flow(chain, [1.0, 1.0, 1.0])).round(3) + 0.0
    array([[1. , 0.4, 0. ],
           [0.4, 1. , 0.4],
           [0. , 0.4, 1. ]])
    """
    precision = inverse_of_positive(square_matrix(covariance, "covariance"), "covariance")
    scale = np.sqrt(np.diagonal(precision))
    result: FloatArray = -precision / np.outer(scale, scale)
    np.fill_diagonal(result, 1.0)
    return result


def equal_time_graph(covariance: ArrayLike, tolerance: float = TOLERANCE) -> BoolArray:
    r"""Which states depend on each other at one instant, given all the others.

    The entries of :math:`\Sigma^{-1}` that are not zero, without the diagonal.

    Parameters
    ----------
    covariance : array_like of shape (n, n)
        :math:`\Sigma`, positive definite.
    tolerance : float
        Partial correlations up to this size count as zero.

    Returns
    -------
    ndarray of bool, shape (n, n)

    Examples
    --------
    >>> from deepparticle.blankets.linear import covariance_of_flow
    >>> chain = [[-1.0, 0.4, 0.0], [0.4, -1.0, 0.4], [0.0, 0.4, -1.0]]
    >>> equal_time_graph(covariance_of_flow(chain, [1.0, 1.0, 1.0]))[0].tolist()
    [False, True, False]
    """
    joined: BoolArray = np.abs(partial_correlations(covariance)) > tolerance
    return without_diagonal(joined)


def conditional_information(
    covariance: ArrayLike,
    first: Sequence[int],
    second: Sequence[int],
    given: Sequence[int] = (),
) -> float:
    r"""The mutual information of two sets of Gaussian states, given a third.

    .. math:: I(X; Y \mid Z) = \tfrac12 \ln
              \frac{|\Sigma_{XZ}|\,|\Sigma_{YZ}|}{|\Sigma_Z|\,|\Sigma_{XYZ}|}

    Parameters
    ----------
    covariance : array_like of shape (n, n)
        :math:`\Sigma`, positive definite.
    first, second, given : sequence of int
        Rows of the three sets, which do not overlap.

    Returns
    -------
    float
        In nats; 0 if and only if the sets are independent given the third.

    Examples
    --------
    >>> round(conditional_information([[1.0, 0.6], [0.6, 1.0]], [0], [1]), 4)  # -ln(1 - .36) / 2
    0.2231
    """
    matrix = square_matrix(covariance, "covariance")

    def volume(*parts: Sequence[int]) -> float:
        rows = np.concatenate([np.asarray(part, dtype=np.intp) for part in parts])
        return float(np.linalg.slogdet(matrix[np.ix_(rows, rows)])[1])

    if not len(first) or not len(second):
        return 0.0
    joint = volume(first, second, given)
    information = (volume(first, given) + volume(second, given) - volume(given) - joint) / 2.0
    return max(0.0, information)
