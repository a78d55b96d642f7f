"""Pairs with a common listener, against their definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from deepparticle.partitions import lattice_couplings, listeners
from deepparticle.partitions.listeners import listener_pairs


@pytest.mark.parametrize("matrix", [1, 1024], ids=["pair by pair", "as a matrix"])
@pytest.mark.parametrize("seed", range(8))
def test_pairs_are_those_of_the_definition(
    seed: int, matrix: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "_MATRIX", matrix)
    rng = np.random.default_rng(seed)
    listens = rng.random((12, 12)) < rng.choice([0.05, 0.2, 0.5])
    np.fill_diagonal(listens, False)
    targets, sources = np.nonzero(listens)
    found = listener_pairs(targets, sources, 12)
    assert found is not None
    for start, stop in ((0, 12), (3, 9), (5, 6), (4, 4)):
        expected = sum(
            not listens[j, k] and not listens[k, j] and bool(np.any(listens[:, j] & listens[:, k]))
            for j, k in combinations(range(start, stop), 2)
        )
        assert found.within(start, stop) == expected


def test_on_a_lattice_everyone_shares_listeners_with_the_next_but_one() -> None:
    couplings = lattice_couplings((40, 40), 0.3, periodic=True).tocoo()
    rows, columns = couplings.row.astype(np.intp), couplings.col.astype(np.intp)
    found = listener_pairs(rows, columns, 1600)
    assert found is not None
    # Eight sites at two steps, each pair counted once.
    assert found.within(0, 1600) == 1600 * 8 // 2


def test_too_many_to_count() -> None:
    size = 3000
    sources = np.arange(1, size)
    assert listener_pairs(np.zeros_like(sources), sources, size) is None
