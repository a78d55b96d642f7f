"""The native backend's own random numbers: known answers, independence of cuts, statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

pytest.importorskip("numba")

import numba

from deepparticle.compile.backends.native import random_numbers


@numba.njit
def _fill(buffer: Any, seeds: Any, network: Any, step: Any, chain: Any, place: Any) -> None:
    random_numbers.draw_uniforms(buffer, 0, buffer.size, seeds, network, step, chain, place)


@numba.njit
def _choose(sites: Any, seeds: Any, step: Any, words: Any) -> None:
    random_numbers.draw_sites(sites, 0, sites.size, seeds, 0, step, 0, words, 0)


def _seeds(networks: int = 1) -> Any:
    rng = np.random.default_rng(7)
    return rng.integers(2**32, size=8 * networks, dtype=np.uint32)


def _drawn(dtype: Any, count: int, steps: int, chain: int = 0, network: int = 0) -> Any:
    buffer, seeds = np.empty(count, dtype), _seeds(3)
    rows = []
    for step in range(steps):
        _fill(buffer, seeds, network, step, chain, 0)
        rows.append(buffer.copy())
    return np.array(rows)


def test_threefry_gives_the_known_answers() -> None:
    # Of the reference implementation, Random123, for a counter and a key of zeros, of ones, and of
    # the digits of pi: threefry4x32, 20 rounds.
    words = np.empty(64, dtype=np.uint32)  # of sixteen lanes, one after the other
    _fill(words, np.zeros(8, dtype=np.uint32), 0, 0, 0, 0)
    assert [hex(word) for word in words[::16]] == [
        "0x9c6ca96a",
        "0xe17eae66",
        "0xfc10ecd4",
        "0x5256a7d8",
    ]
    _fill(words, np.full(8, 2**32 - 1, dtype=np.uint32), 0, 0, 0, 0)
    assert [hex(word) for word in words[::16]] == [
        "0x2a881696",
        "0x57012287",
        "0xf6c7446e",
        "0xa16a6732",
    ]
    key = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344]
    pi = [0xA4093822, 0x299F31D0, 0x082EFA98, 0xEC4E6C89]
    for seeds in (key + pi, pi + key):
        _fill(words, np.array(seeds, dtype=np.uint32), 0, 0, 0, 0)
        if hex(words[0]) == "0x59cd1dbb":
            break
    assert [hex(word) for word in words[::16]] == [
        "0x59cd1dbb",
        "0xb8879579",
        "0x86b5d00c",
        "0xac8b6d84",
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniforms_are_symmetric_and_inside(dtype: Any) -> None:
    drawn = _drawn(dtype, 640, 100)
    assert 0 < drawn.min() < drawn.max() < 1
    scaled = drawn.astype(np.float64) * 2.0 ** (24 if dtype == np.float32 else 53)
    assert np.all(scaled % 2 == 1)  # odd multiples of half an interval
    assert np.array_equal(1 - drawn, (1 - drawn.astype(np.float64)).astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_do_not_depend_on_where_a_buffer_begins(dtype: Any) -> None:
    whole, part = _drawn(dtype, 640, 1)[0], np.empty(128, dtype)
    _fill(part, _seeds(3), 0, 0, 0, 256)
    assert np.array_equal(part, whole[256:384])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniforms_are_uniform_and_independent(dtype: Any) -> None:
    # A million numbers: the p-values of good ones are uniform, below 1e-4 once in ten thousand.
    drawn = _drawn(dtype, 1024, 1024).astype(np.float64)
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > 1e-4
    pairs, _, _ = np.histogram2d(drawn[:, ::2].ravel(), drawn[:, 1::2].ravel(), bins=32)
    assert stats.chisquare(pairs.ravel()).pvalue > 1e-4
    # Low bits too: the eight least of the 23.
    low = np.floor(drawn * 2.0**23).astype(np.int64) % 256
    assert stats.chisquare(np.bincount(low.ravel(), minlength=256)).pvalue > 1e-4
    # Correlations with the neighbour in rows, steps, chains and networks; standard error 1/sqrt(n).
    centred = (drawn - 0.5) * np.sqrt(12.0)
    others = {
        "row": (centred[:, 1:], centred[:, :-1]),
        "16 rows": (centred[:, 16:], centred[:, :-16]),
        "step": (centred[1:], centred[:-1]),
        "chain": (centred, (_drawn(dtype, 1024, 1024, chain=1) - 0.5) * np.sqrt(12.0)),
        "network": (centred, (_drawn(dtype, 1024, 1024, network=1) - 0.5) * np.sqrt(12.0)),
    }
    for name, (left, right) in others.items():
        z = float(np.mean(left * right)) * np.sqrt(left.size)
        assert abs(z) < 4.5, name  # once in 150 000


def test_runs_are_geometric() -> None:
    # How often a fair coin shows the same side k times in a row, along steps.
    heads = (_drawn(np.float32, 64, 8192) > 0.5).T.ravel()
    ends = np.flatnonzero(np.diff(heads))
    lengths = np.minimum(np.diff(ends), 12)
    seen = np.bincount(lengths, minlength=13)[1:]
    expected = np.array([0.5**k for k in range(1, 12)] + [0.5**11]) * len(lengths)
    assert stats.chisquare(seen, expected).pvalue > 1e-4


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_sites_are_uniform(size: int) -> None:
    sites, words = np.empty(size, dtype=np.int64), np.empty(64, dtype=np.uint32)
    counts = np.zeros(size)
    steps = 20_000 // size + 1
    for step in range(steps):
        _choose(sites, _seeds(), step, words)
        assert sites.min() >= 0
        assert sites.max() < size
        counts += np.bincount(sites, minlength=size)
    if size > 1:
        assert stats.chisquare(counts).pvalue > 1e-4
