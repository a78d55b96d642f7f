r"""A stream of random numbers without a state: each is a function of who asks and when.

Threefry-4x32 with 20 rounds (Salmon, Moraes, Dror & Shaw 2011, *Parallel random numbers: as easy as
1, 2, 3*, SC11) turns a counter of 128 bits into four random words, under a key of 128 bits. Key and
offset of the counter are the eight words of a network's seed; the counter itself is

====  ==========================================================================
word  counts
====  ==========================================================================
0     steps of the backend's life, low half
1     high half; its first bit tells uniforms from sites
2     chains
3     places in groups of four (two in double precision) times `LANES`
====  ==========================================================================

so that a number does not depend on how steps are cut into blocks, on the order of rows or on the
number of threads. Uniforms are the centres of :math:`2^{23}` (:math:`2^{52}`) equal intervals: they
are symmetric about ½ and never 0 or 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepparticle.compile.backends.native.compiling import inlined
from deepparticle.compile.backends.native.expressions import Expression
from deepparticle.compile.backends.native.lanes import LANES, _address, _splat, _vector_pointer
from deepparticle.compile.backends.native.toolkit import intrinsic, ir, types

__all__ = ["GROUP", "draw_sites", "draw_uniforms", "threefry"]

GROUP = 4 * LANES
"""Words that are made at once; buffers of random numbers hold whole groups."""

# Rotations of the two pairs of words in eight successive rounds, and the constant that completes
# the key, from the paper's reference implementation.
_ROTATIONS = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
_PARITY = 0x1BD11BDA
_ROUNDS = 20


def threefry(key: Sequence[Expression], counter: Sequence[Expression]) -> list[Expression]:
    """Four random words from four words of a key and four of a counter."""
    keys = list(key)
    keys.append(keys[0] ^ keys[1] ^ keys[2] ^ keys[3] ^ _PARITY)
    x = [word.plus(by) for word, by in zip(counter, keys[:4], strict=True)]
    for number in range(_ROUNDS):
        # Even rounds mix 0 with 1 and 2 with 3, odd rounds 0 with 3 and 2 with 1.
        partners = (1, 3) if number % 2 == 0 else (3, 1)
        rotations = _ROTATIONS[number % 8]
        for left, right, rotation in zip((0, 2), partners, rotations, strict=True):
            x[left] = x[left].plus(x[right])
            x[right] = x[right].rotated(rotation) ^ x[left]
        if number % 4 == 3:
            injection = number // 4 + 1
            x = [word.plus(keys[(injection + i) % 5]) for i, word in enumerate(x)]
            x[3] = x[3].plus(injection)
    return x


def _uniforms(words: list[Expression], single: bool) -> list[Expression]:
    # Random bits behind the point of a number in [1, 2), less 1 but for half an interval.
    if single:
        one = 0x3F800000
        return [((word >> 9) | one).from_bits() - (1.0 - 2.0**-24) for word in words]
    one = 0x3FF0000000000000
    pairs = [words[2 * i].widened() << 32 | words[2 * i + 1].widened() for i in range(2)]
    return [((pair >> 12) | one).from_bits() - (1.0 - 2.0**-53) for pair in pairs]


@intrinsic
def _store_random(
    _context: Any, buffer: Any, index: Any, keys: Any, first_key: Any, words: Any, place: Any
) -> Any:
    """Fill a part of a buffer: with uniforms if it holds floats, with words if it holds uint32.

    `keys` has the eight words of a network from `first_key` on, `words` are the first three of the
    counter, `place` the fourth in the first lane.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target, at, key_array, key_at, counter, start = values

        def seed(number: int) -> Any:
            offset = builder.add(key_at, ir.Constant(key_at.type, number))
            return builder.load(_address(context, builder, signature.args[2], key_array, offset))

        low = [builder.extract_value(counter, i) for i in range(3)]
        scalars = [builder.add(word, seed(4 + i)) for i, word in enumerate([*low, start])]
        vectors = [_splat(builder, word) for word in scalars]
        vectors[3] = builder.add(vectors[3], ir.Constant(vectors[3].type, list(range(LANES))))
        drawn = threefry(
            [Expression(builder, _splat(builder, seed(i))) for i in range(4)],
            [Expression(builder, vector) for vector in vectors],
        )
        kind = signature.args[0]
        if isinstance(kind.dtype, types.Float):
            drawn = _uniforms(drawn, kind.dtype.bitwidth == 32)
        for number, vector in enumerate(drawn):
            offset = builder.add(at, ir.Constant(at.type, number * LANES))
            address = _address(context, builder, kind, target, offset)
            stored = builder.store(vector.value, _vector_pointer(builder, address))
            stored.align = kind.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(
        buffer, types.intp, keys, types.intp, types.UniTuple(types.uint32, 3), types.uint32
    ), generate


@inlined
def draw_uniforms(
    buffer: Any, start: Any, stop: Any, keys: Any, network: Any, step: Any, chain: Any, place: Any
) -> None:
    """Fill a buffer of floats from `start` up to at least `stop`, with the numbers from `place` on.

    Buffer and places are counted in whole groups of 64: `stop - start` is rounded up, and `place`
    is a multiple of 64.
    """
    words = (np.uint32(step), np.uint32((step >> 32) & 0x7FFFFFFF), np.uint32(chain))
    each = np.intp(GROUP * 4 // buffer.itemsize)  # how many floats a group of words makes
    lanes = np.uint32(place // each * LANES)
    for at in range(start, stop, each):
        _store_random(buffer, at, keys, network * 8, words, lanes)
        lanes += np.uint32(LANES)


@inlined
def draw_sites(
    sites: Any,
    begin: Any,
    count: Any,
    keys: Any,
    network: Any,
    step: Any,
    chain: Any,
    words: Any,
    words_at: Any,
) -> None:
    r"""Draw `count` rows below `count` with replacement, into `sites` from `begin` on.

    A word w becomes :math:`\lfloor w N / 2^{32} \rfloor`: no row is more than one part in
    :math:`2^{32}/N` more probable than another. `words` is working memory for a group.
    """
    counter = (np.uint32(step), np.uint32((step >> 32) | 0x80000000), np.uint32(chain))
    lanes = np.uint32(0)
    for at in range(0, count, GROUP):
        _store_random(words, words_at, keys, network * 8, counter, lanes)
        lanes += np.uint32(LANES)
        for turn in range(at, min(at + GROUP, count)):
            word = np.uint64(words[words_at + turn - at])
            sites[begin + turn] = (word * np.uint64(count)) >> np.uint64(32)
