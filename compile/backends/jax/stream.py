r"""The backend's own stream of random numbers: counters, not state.

The number of row i of chain c in step t of a network with key k is a function of these alone,

.. math:: \mathrm{bits} = \mathrm{Threefry}_k(t,\; c N + i),

with Threefry-2x32 of 20 rounds (Salmon, Moraes, Dror & Shaw 2011, *SC '11*). So a run depends
neither on how its steps are cut into blocks nor on how its networks are spread over devices. With
``t = 0`` these are the bits that ``jax.random.bits`` draws from the same key; they are computed
here because JAX compiles Threefry to a loop on CPUs, where the rounds written out cost a sixth (4
instead of 24 ns per number) and become part of the computation that consumes them.

Of the bits, the upper 24 (float32) or 53 (float64) make a multiple of :math:`2^{-24}`
(:math:`2^{-53}`) in [0, 1), as on NumPy. The rows of the random schedule come from a second key,
as :math:`\lfloor N \cdot \mathrm{bits}/2^{32} \rfloor`: a row's probability is 1/N up to
:math:`2^{-32}`. Uniform numbers from a third key become the noise of boundary states: what all of a
row's add to its field is one normal number, with the sum of their variances.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy.special import ndtri
from numpy.typing import NDArray

__all__ = ["Moment", "keys_at", "normals", "rows_drawn", "threefry", "uniforms"]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_ROUNDS = 20


def threefry(key: tuple[Any, Any], high: Any, low: Any) -> tuple[Any, Any]:
    """Threefry-2x32: scramble the counter (high, low) by a key.

    Parameters
    ----------
    key : pair of uint32
    high, low : uint32
        The halves of the counter. All four are arrays of NumPy or JAX that broadcast.

    Returns
    -------
    pair of uint32
        64 random bits per element.
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(_PARITY))
    x, y = high + schedule[0], low + schedule[1]
    for turn in range(_ROUNDS // 4):
        for distance in _ROTATIONS[turn % 2]:
            x = x + y
            y = (y << np.uint32(distance)) | (y >> np.uint32(32 - distance))
            y = x ^ y
        x = x + schedule[(turn + 1) % 3]
        y = y + schedule[(turn + 2) % 3] + np.uint32(turn + 1)
    return x, y


def keys_at(words: NDArray[np.uint32], time: int) -> NDArray[np.uint32]:
    """The keys with which the counter holds the lower half of the time only.

    Parameters
    ----------
    words : ndarray of uint32, shape (R, 8)
    time : int
        A step number.

    Returns
    -------
    ndarray of uint32, shape (R, 3, 2)
        For each network, a key for uniform numbers, one for rows and one for noise. They change
        every :math:`2^{32}` steps.
    """
    keys = np.concatenate([words[:, :4], words[:, 6:8]], axis=1).reshape(-1, 3, 2)
    turn = np.full(keys.shape[:2], time >> 32, dtype=np.uint32)
    if not turn.any():
        return keys
    change = threefry((words[:, 4:5], words[:, 5:6]), turn, np.arange(3, dtype=np.uint32))
    changed: NDArray[np.uint32] = keys ^ np.stack(change, axis=-1)
    return changed


class Moment(NamedTuple):
    """A step of one network, as the stream sees it.

    Parameters
    ----------
    keys : Array of uint32, shape (3, 2)
        See `keys_at`.
    time : Array of uint32
        The lower half of the step number.
    rows : Array of uint32, shape (N,)
        The numbers of the rows, in the order in which they are held.
    chains : int
        C.
    """

    keys: Array
    time: Array
    rows: Array
    chains: int

    def bits(self, purpose: int) -> tuple[Array, Array]:
        """Two words for each chain and row, shape (C, N)."""
        size = self.rows.shape[0]
        shape = (self.chains, size)
        chain = lax.broadcasted_iota(np.uint32, shape, 0)
        counter = chain * np.uint32(size) + jnp.broadcast_to(self.rows, shape)
        key = self.keys[purpose]
        return threefry((key[0], key[1]), jnp.broadcast_to(self.time, shape), counter)


def uniforms(moment: Moment, dtype: Any, purpose: int = 0) -> Array:
    """The uniform numbers of a step, in [0, 1), shape (C, N)."""
    high, low = moment.bits(purpose)
    if dtype == np.float32:
        return ((high ^ low) >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    both = (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)
    return (both >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(moment: Moment, dtype: Any) -> Array:
    """Standard normal numbers of a step, finite, shape (C, N): quantiles of a third of its keys."""
    step = np.finfo(dtype).epsneg
    return ndtri(jnp.clip(uniforms(moment, dtype, 2), step, 1 - step))


def rows_drawn(moment: Moment) -> Array:
    """The rows of a step of the random schedule, int32 of shape (C, N)."""
    high, low = moment.bits(1)
    return _scaled(high ^ low, moment.rows.shape[0]).astype(np.int32)


def _scaled(bits: Array, size: int) -> Array:
    # floor(bits × size / 2^32) by halves, for there may be no integers of 64 bits; size < 2^31.
    half = np.uint32(16)
    mask = np.uint32(0xFFFF)
    size_low, size_high = np.uint32(size & 0xFFFF), np.uint32(size >> 16)
    low, high = bits & mask, bits >> half
    first = low * size_low
    second = high * size_low + (first >> half)
    third = low * size_high + (second & mask)
    return high * size_high + (second >> half) + (third >> half)
