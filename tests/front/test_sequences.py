"""Sequences, measured on walks whose order, dwell times, period and sign were planted."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import says

import deepparticle as dp
from deepparticle.analysis import sequence_statistics
from deepparticle.blankets._types import FloatArray, IntArray

PATTERNS = np.random.default_rng(7).normal(size=(4, 50))
generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def shown(best: Any, sign: Any = 1.0, noise: float = 0.5, seed: int = 0) -> FloatArray:
    """States that show these patterns, noisy, each scaled by a positive number of its own."""
    rng = np.random.default_rng(seed)
    clean = PATTERNS[np.asarray(best)] * np.asarray(sign, dtype=np.float64)[..., None]
    scale = rng.uniform(0.5, 2.0, size=(*clean.shape[:-1], 1))
    result: FloatArray = scale * (clean + noise * rng.normal(size=clean.shape))
    return result


def planted(rng: np.random.Generator, rounds: int, order: Any) -> tuple[IntArray, IntArray]:
    """Which pattern is visited for how many steps, round after round."""
    visited = np.tile(order, rounds)
    return visited, rng.integers(1, 8, size=visited.size)


@settings(deadline=None, max_examples=50)
@given(generators, st.integers(2, 12), st.permutations(range(4)), st.sampled_from([1.0, -1.0]))
def test_a_planted_walk_is_read_off(
    rng: np.random.Generator, rounds: int, order: list[int], sign: float
) -> None:
    visited, dwells = planted(rng, rounds, order)
    best = np.repeat(visited, dwells)
    found = sequence_statistics(shown(best, np.full(best.size, sign)), PATTERNS, order=order)
    np.testing.assert_array_equal(found.best, best)
    np.testing.assert_array_equal(found.signs, sign)
    np.testing.assert_array_equal(found.dwells, dwells[1:-1])
    np.testing.assert_array_equal(found.dwelt_in, visited[1:-1])
    assert found.transitions.sum() == visited.size - 1
    assert (found.forward, found.backward) == (1.0, 0.0)
    assert found.mean_dwell == pytest.approx(dwells[1:-1].mean())
    assert found.deviation_of_dwell == pytest.approx(dwells[1:-1].std(ddof=1))
    # A pattern is entered once per round; the very first entry is not seen.
    entries = np.concatenate([[0], np.cumsum(dwells)[:-1]])
    expected = [
        np.diff([at for at in entries[visited == pattern] if at > 0]) for pattern in range(4)
    ]
    np.testing.assert_array_equal(found.periods, np.concatenate(expected))
    assert found.inverted == (sign < 0)
    assert found.sign_flips == 0


def test_a_walk_against_the_order_is_backward() -> None:
    best = np.repeat([3, 2, 1, 0] * 5, 3)
    found = sequence_statistics(shown(best), PATTERNS)
    assert (found.forward, found.backward) == (0.0, 1.0)
    assert sequence_statistics(shown(best), PATTERNS, order=[3, 2, 1, 0]).forward == 1.0
    jumps = np.repeat([0, 2, 1, 2], 3)  # a jump over one, then one back and one forth
    found = sequence_statistics(shown(jumps), PATTERNS)
    assert found.forward == found.backward == pytest.approx(1 / 3)
    assert found.transitions[0, 2] == found.transitions[2, 1] == found.transitions[1, 2] == 1


def test_a_brief_return_does_not_end_a_cycle() -> None:
    # The walk enters 0 at steps 4, 8 and 12, and has seen all others only by the last; 1 at 6 and
    # 13; 2 at 10 and 14; 3 at 11 and 15, since the beginning of a record is no entry.
    best = [3, 3, 3, 3, 0, 0, 1, 1, 0, 0, 2, 3, 0, 1, 2, 3]
    found = sequence_statistics(shown(best), PATTERNS)
    assert found.periods.tolist() == [12 - 4, 13 - 6, 14 - 10, 15 - 11]


def test_many_runs_are_pooled() -> None:
    rng = np.random.default_rng(3)
    walks = [np.repeat(*planted(rng, 30, [0, 1, 2, 3])) for _ in range(6)]
    steps = min(map(len, walks))
    best = np.stack([walk[:steps] for walk in walks], axis=1)
    signs = np.where(np.arange(6) < 2, -1.0, 1.0) * np.ones((steps, 1))
    states = shown(best, signs)
    together = sequence_statistics(states, PATTERNS)
    alone = [sequence_statistics(states[:, run], PATTERNS) for run in range(6)]
    for name in ("dwells", "dwelt_in", "periods"):
        expected = np.concatenate([getattr(one, name) for one in alone])
        np.testing.assert_array_equal(getattr(together, name), expected)
    np.testing.assert_array_equal(together.transitions, sum(one.transitions for one in alone))
    assert together.inverted.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert together.inverted_runs == pytest.approx(1 / 3)
    nested = sequence_statistics(states.reshape(steps, 2, 3, 50), PATTERNS)
    assert nested.inverted.shape == nested.sign_flips.shape == (2, 3)
    np.testing.assert_array_equal(nested.dwells, together.dwells)
    assert nested.dominant_period == pytest.approx(together.dominant_period)


def test_a_run_that_flips_its_sign_is_counted() -> None:
    best = np.repeat([0, 1, 2, 3] * 6, 2)
    signs = np.stack([np.where(np.arange(48) < 20, 1.0, -1.0), np.ones(48)], axis=1)
    found = sequence_statistics(shown(np.stack([best, best], axis=1), signs), PATTERNS)
    assert found.sign_flips.tolist() == [1, 0]
    assert found.inverted.tolist() == [28 / 48, 0.0]
    assert found.inverted_runs == 0.5


def test_a_state_without_direction_has_no_sign() -> None:
    states = shown([0, 1, 2, 3], [1.0, 1.0, -1.0, -1.0])
    states[1] = 0.3
    found = sequence_statistics(states, PATTERNS)
    assert found.signs.tolist() == [1.0, 0.0, -1.0, -1.0]
    assert found.sign_flips == 1


@pytest.mark.parametrize("dwell", [1, 3, 4])
def test_both_periods_of_a_clock_agree(dwell: int) -> None:
    found = sequence_statistics(shown(np.repeat([0, 1, 2, 3] * 50, dwell), noise=0.1), PATTERNS)
    assert found.mean_period == 4 * dwell
    assert found.deviation_of_period == 0.0
    assert found.dominant_period == pytest.approx(4 * dwell, abs=0.05)
    assert found.revival > 0.95


def test_both_periods_of_a_jittered_clock_agree() -> None:
    rng = np.random.default_rng(5)
    dwells = rng.choice([3, 4, 5], size=(400, 4))
    found = sequence_statistics(shown(np.repeat(np.tile(range(4), 400), dwells.ravel())), PATTERNS)
    # A round has mean 16 and variance 4 × 2/3; the revival leans to the short side a little.
    assert abs(found.mean_period - 16.0) <= 4 * np.sqrt(8 / 3 / 400)
    assert found.dominant_period == pytest.approx(16.0, abs=0.3)
    assert 0.3 < found.revival < 0.95


def test_where_signs_alternate_the_dominant_period_is_twice_the_period() -> None:
    best = np.repeat([0, 1, 2, 3] * 40, 3)
    signs = np.where(np.arange(best.size) // 12 % 2, -1.0, 1.0)
    found = sequence_statistics(shown(best, signs), PATTERNS)
    assert found.mean_period == 12.0
    assert found.dominant_period == pytest.approx(24.0, abs=0.1)
    assert found.sign_flips == 39


def test_dwells_of_a_markov_chain_are_geometric() -> None:
    # Each step moves on with probability 1/5: dwells have mean 5 and variance 20.
    rng = np.random.default_rng(11)
    best = np.cumsum(rng.random((4000, 8)) < 0.2, axis=0) % 4
    found = sequence_statistics(shown(best, noise=0.2), PATTERNS)
    count = found.dwells.size
    assert abs(found.mean_dwell - 5.0) <= 4 * np.sqrt(20 / count)
    assert found.deviation_of_dwell == pytest.approx(np.sqrt(20.0), rel=0.05)
    assert found.forward == 1.0
    assert found.mean_period == pytest.approx(20.0, abs=4 * np.sqrt(80 / (count / 4)))


def test_noise_has_no_order_and_no_revival() -> None:
    rng = np.random.default_rng(2)
    states = rng.normal(size=(2000, 10, 50))
    found = sequence_statistics(states, PATTERNS[:3])
    total = found.transitions.sum()
    assert abs(found.forward - 0.5) <= 4 * 0.5 / np.sqrt(total)
    assert found.forward + found.backward == pytest.approx(1.0)
    assert found.revival < 0.05


def test_what_does_not_move_has_no_times() -> None:
    found = sequence_statistics(np.tile(PATTERNS[1], (10, 1)), PATTERNS)
    assert np.isnan([found.forward, found.backward, found.mean_dwell, found.mean_period]).all()
    assert np.isnan([found.deviation_of_dwell, found.deviation_of_period]).all()
    assert np.isnan([found.dominant_period, found.revival]).all()
    assert found.transitions.sum() == found.dwells.size == found.periods.size == 0
    single = sequence_statistics(PATTERNS[:1], PATTERNS)
    assert single.best.tolist() == [0]
    assert np.isnan(single.dominant_period)


@pytest.mark.parametrize(
    ("states", "patterns", "options", "message"),
    [
        (
            np.ones(4),
            np.eye(4),
            {},
            (
                "states have shape (steps, ..., N) and patterns (K, N), with K ≥ 2 (got shapes "
                "(4,) and (4, 4)). Mend: give all steps, and at least two patterns."
            ),
        ),
        (np.ones((5, 4)), np.eye(4)[:1], {}, "(got shapes (5, 4) and (1, 4))"),
        (np.ones((5, 4)), np.eye(3), {}, "with the same N (got shapes (5, 4) and (3, 3))"),
        (
            np.ones((5, 3)),
            np.array([[1.0, 2.0, 0.0], [0.1, 0.1, 0.1]]),
            {},
            "a pattern has a direction (got pattern 1, which is constant). Mend: leave it out.",
        ),
        (
            np.ones((5, 3)),
            np.eye(3),
            {"order": [0, 1, 1]},
            (
                "the order names each of the 3 patterns once (got [0, 1, 1]). "
                "Mend: give order=[0, 1, 2]."
            ),
        ),
        (np.ones((5, 3)), np.eye(3), {"order": "cyclic"}, "(got 'cyclic')"),
    ],
)
def test_what_does_not_fit_is_refused(
    states: FloatArray, patterns: FloatArray, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(dp.SettingError, match=says(message)):
        sequence_statistics(states, patterns, **options)
