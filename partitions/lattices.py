"""Rings and lattices: who is whose neighbour, as arrays of rows and as couplings.

The sites of a lattice of shape :math:`(n_1, …, n_d)` are rows in C order, the last index fastest.
Neighbours differ by 1 in one index; where the lattice is periodic, the last and the first site of a
line are neighbours, too. A line of two has one pair of neighbours, whether it is periodic or not.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import IntArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError
from deepparticle.blankets.numbers import finite_number

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["checked_shape", "lattice_couplings", "lattice_edges", "ring_edges"]


def checked_shape(shape: Any, where: str) -> tuple[int, ...]:
    """Return the sides of a lattice as whole numbers, or raise an error that names `where`.

    Examples
    --------
    >>> checked_shape([8, 8], "lattice")
    (8, 8)
    """
    try:
        sides = tuple(operator.index(side) for side in shape)
    except TypeError:
        raise SettingTypeError(
            Fault(
                where,
                "the shape of a lattice holds whole numbers",
                repr(shape),
                "give for example (8, 8)",
            )
        ) from None
    return sides


def ring_edges(count: int, directed: bool) -> tuple[IntArray, IntArray]:
    """The sources and targets of a ring of `count` leaves.

    Examples
    --------
    >>> [rows.tolist() for rows in ring_edges(3, directed=True)]
    [[0, 1, 2], [1, 2, 0]]
    """
    sources = np.arange(count if count > 1 else 0)
    targets = (sources + 1) % max(count, 1)
    if directed or count == 2:
        # A ring of two has one pair, which "both ways" must not make twice.
        return sources, targets
    return np.concatenate([sources, targets]), np.concatenate([targets, sources])


def lattice_edges(sides: tuple[int, ...], periodic: bool) -> tuple[IntArray, IntArray]:
    """The sources and targets of a lattice, both ways, by source and then by target.

    Examples
    --------
    >>> [rows.tolist() for rows in lattice_edges((1, 3), periodic=False)]
    [[0, 1, 1, 2], [1, 0, 2, 1]]
    """
    sites = np.arange(int(np.prod(sides))).reshape(sides)
    ones, others = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=np.intp)]
    for axis, side in enumerate(sides):
        # Two sites are neighbours once, even around a line of two.
        around = periodic and side > 2
        ones.append(np.take(sites, range(side if around else side - 1), axis).ravel())
        others.append(
            np.take(np.roll(sites, -1, axis), range(side if around else side - 1), axis).ravel()
        )
    one, other = np.concatenate(ones), np.concatenate(others)
    sources, targets = np.concatenate([one, other]), np.concatenate([other, one])
    order = np.argsort(sources * sites.size + targets)
    return sources[order], targets[order]


def lattice_couplings(
    shape: Any, weight: float = 1.0, *, periodic: bool = False
) -> scipy.sparse.csr_array:
    """The couplings of a lattice, of which only those between neighbours are there.

    Parameters
    ----------
    shape : sequence of int
        The sides, for example ``(1000, 1000)``.
    weight : float
        The coupling of every pair, the same in both directions.
    periodic : bool
        Whether opposite edges meet.

    Returns
    -------
    scipy.sparse.csr_array of shape (N, N)
        N is the product of the sides; sites are in C order.

    Raises
    ------
    SettingError, SettingTypeError
        For sides that are not whole numbers ≥ 1, or a weight that is not finite.

    Examples
    --------
    >>> lattice_couplings((3,), 0.5).toarray()
    array([[0. , 0.5, 0. ],
           [0.5, 0. , 0.5],
           [0. , 0.5, 0. ]])
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> world.add_population("spins", 4096, couplings=lattice_couplings((64, 64), periodic=True))
    <Population 'spins': 4096 × ContinuousBernoulli(), 16384 boundary states>
    """
    import scipy.sparse

    sides = checked_shape(shape, "lattice_couplings")
    if not sides or min(sides) < 1:
        raise SettingError(
            Fault(
                "lattice_couplings",
                "the sides of a lattice are at least 1",
                f"shape {sides}",
                "give for example (8, 8)",
            )
        )
    value = finite_number(weight, "lattice_couplings", "weight")
    targets, sources = lattice_edges(sides, bool(periodic))
    size = int(np.prod(sides))
    starts = np.searchsorted(targets, np.arange(size + 1))
    return scipy.sparse.csr_array((np.full(len(targets), value), sources, starts), (size, size))
