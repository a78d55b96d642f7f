r"""States with few values: what the table of their joint probabilities says about dependence.

For any distribution, with the entropy :math:`H` of its marginals,

.. math:: I(X; Y \mid Z) = H(X, Z) + H(Y, Z) - H(Z) - H(X, Y, Z) ,

which is 0 if and only if :math:`X` and :math:`Y` are independent given :math:`Z`. A density on the
nodes of a product quadrature is a table, too: density × weight. The weights cancel in the
difference of entropies, so that the information is that of the densities.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepparticle.blankets._types import FloatArray

__all__ = ["table_information"]


def table_information(
    table: FloatArray, first: Sequence[int], second: Sequence[int], given: Sequence[int] = ()
) -> float:
    r"""The mutual information of two sets of axes of a table, given a third.

    Parameters
    ----------
    table : ndarray of shape (m_1, ..., m_n)
        Joint probabilities, which sum to 1.
    first, second, given : sequence of int
        Axes of the three sets, which do not overlap; the other axes are summed over.

    Returns
    -------
    float
        In nats.

    Examples
    --------
    A fair bit and its copy share :math:`\ln 2` nats:

    >>> round(table_information(np.array([[0.5, 0.0], [0.0, 0.5]]), [0], [1]), 6)
    0.693147
    """
    if not len(first) or not len(second):
        return 0.0

    def entropy(*parts: Sequence[int]) -> float:
        kept = {int(axis) for part in parts for axis in part}
        summed = tuple(axis for axis in range(table.ndim) if axis not in kept)
        p = table.sum(axis=summed)
        return -float(np.sum(p * np.log(np.where(p > 0.0, p, 1.0))))

    information = entropy(first, given) + entropy(second, given)
    information -= entropy(given) + entropy(first, second, given)
    return max(0.0, information)
