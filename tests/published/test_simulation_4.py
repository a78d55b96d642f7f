"""Simulation 4: a network left to itself forgets, slowly at precision 1 and by diffusion.

Nothing was published in numbers. The references are from independent runs of the protocol: after
50 000 free steps at precision 1, J correlates .974 with itself and retrieval has fallen from .294
to .219; after 250 000 it is −.05.
"""

from typing import Any

import numpy as np
import pytest

from deepparticle.reproduce.simulations.forgetting import drift_and_diffusion, one_network

pytestmark = pytest.mark.slow

TIMES = (0, 10_000, 50_000, 100_000, 250_000)
NETWORKS = 4


@pytest.fixture(scope="module")
def networks() -> dict[str, Any]:
    runs = [one_network(seed, 5000, TIMES, 100, "auto") for seed in range(NETWORKS)]
    return {name: np.array([run[name] for run in runs]) for name in runs[0]}


def test_couplings_at_precision_1_stay_like_themselves(networks: dict[str, Any]) -> None:
    likeness = networks["likeness"][:, 2, 0].mean()
    assert likeness == pytest.approx(0.974, abs=0.006)


def test_retrieval_falls_and_does_not_grow(networks: dict[str, Any]) -> None:
    before, after, late = (networks["retrieval"][:, time, 0] for time in (0, 2, 4))
    # A single network scatters by .013 before, and by .02 and .085 after the walk of J.
    assert before.mean() == pytest.approx(0.288, abs=4 * 0.013 / np.sqrt(NETWORKS))
    assert after.mean() == pytest.approx(0.219, abs=4 * 0.03 / np.sqrt(NETWORKS))
    assert late.mean() == pytest.approx(-0.05, abs=4 * 0.085 / np.sqrt(NETWORKS))
    assert np.all(before > after)
    assert np.all(after > late)


def test_frozen_couplings_forget_nothing(networks: dict[str, Any]) -> None:
    frozen = networks["frozen retrieval"]
    np.testing.assert_array_equal(frozen, np.broadcast_to(frozen[:, :1], frozen.shape))


def test_without_evidence_at_precision_1_couplings_diffuse(networks: dict[str, Any]) -> None:
    times = np.array(TIMES, dtype=np.float64)
    shares = []
    for column in (0, 1):
        kept = np.logical_not(networks["ran away"][:, :, column])
        of_each = []
        for displacement, calm in zip(networks["displacement"][:, :, column], kept, strict=True):
            D, V = drift_and_diffusion(times[calm], displacement[calm])
            last = times[calm][-1]
            of_each.append(V * last / (D + V * last))
        shares.append(float(np.mean(of_each)))
    assert shares[0] < 0.1
    assert shares[1] > 0.3
