r"""The stationary law of two states in continuous time, from its Fokker-Planck equation.

.. math:: \partial_t p = -\nabla \cdot (f p - \nabla p), \qquad f = c + K\sigma,

on :math:`[-1, 1]^2`, where nothing flows through the walls. The square is cut into cells; between
two of them flows what an exponential profile would let flow (Scharfetter & Gummel 1969), so that
the law of a symmetric K is exact in each row of cells and errors fall like the square of their
width.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from deepparticle.blankets._types import FloatArray, IntArray
from support.quadrature import Law

__all__ = ["fokker_planck"]


def _bernoulli(z: FloatArray) -> FloatArray:
    small = np.abs(z) < 1e-8
    result: FloatArray = np.where(small, 1 - z / 2, z / np.expm1(np.where(small, 1.0, z)))
    return result


def fokker_planck(c: FloatArray, K: FloatArray, cells: int = 100) -> Law:
    """The stationary law of dσ = (c + Kσ)dt + √2 dW between reflecting walls, on a grid.

    Parameters
    ----------
    c : ndarray of shape (2,)
    K : ndarray of shape (2, 2)
    cells : int
        Along each axis.
    """
    width = 2 / cells
    x = -1 + width * (np.arange(cells) + 0.5)
    number = np.arange(cells * cells).reshape(cells, cells)
    entries: list[FloatArray] = []
    places: list[tuple[IntArray, IntArray]] = []
    for axis in (0, 1):
        here, there = (
            np.take(number, range(cells - 1), axis),
            np.take(number, range(1, cells), axis),
        )
        # The drift along an axis at the faces depends on the other state, and on K_ii not at all.
        drift = c[axis] + K[axis, 1 - axis] * np.expand_dims(x, axis)
        step = width * np.broadcast_to(drift, here.shape)
        for source, target, z in ((here, there, -step), (there, here, step)):
            rate = (_bernoulli(z) / width**2).ravel()
            places += [(target.ravel(), source.ravel()), (source.ravel(), source.ravel())]
            entries += [rate, -rate]
    rows, columns = (np.concatenate(part) for part in zip(*places, strict=True))
    kept = rows != 0  # one equation follows from the others, and gives way to Σp = 1
    ones = np.ones(cells * cells)
    matrix = coo_array(
        (
            np.concatenate([np.concatenate(entries)[kept], ones]),
            (
                np.concatenate([rows[kept], np.zeros(ones.size, dtype=np.intp)]),
                np.concatenate([columns[kept], number.ravel()]),
            ),
        ),
        shape=(ones.size, ones.size),
    )
    right = np.zeros(ones.size)
    right[0] = 1.0
    points = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    return Law(points, spsolve(matrix.tocsc(), right))
