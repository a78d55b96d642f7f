"""Attractors: distinct states, basins, and signs, on networks whose answer is known."""

import re
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import says

import deepparticle as dp
from deepparticle.analysis import attractors, attractors_of_each, distinct_states
from deepparticle.blankets._types import FloatArray

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
mean = dp.ContinuousBernoulli().mean


def ferromagnet(weight: float = 2.0, size: int = 6) -> dp.Simulator:
    return dp.Simulator(dp.from_couplings(weight * (1.0 - np.eye(size))))


def one_by_one(
    states: FloatArray, tolerance: float, modulo_sign: bool
) -> tuple[list[int], list[int]]:
    """The definition of distinct states: which are kept, and which of them each is."""
    kept: list[int] = []
    index: list[int] = []
    for number, state in enumerate(states):
        for place, other in enumerate(states[kept]):
            inverse = modulo_sign and np.abs(other + state).max() <= tolerance
            if np.abs(other - state).max() <= tolerance or inverse:
                index.append(place)
                break
        else:
            index.append(len(kept))
            kept.append(number)
    return kept, index


def test_distinct_states_keep_the_first_of_each() -> None:
    states = np.array([[0.0, 0.0], [0.5, 0.5], [0.009, 0.0], [0.5, 0.52]])
    kept, index = distinct_states(states, 0.01)
    np.testing.assert_array_equal(kept, states[[0, 1, 3]])
    assert index.tolist() == [0, 1, 0, 2]


@given(generators, st.integers(0, 40), st.integers(1, 40), st.booleans())
def test_distinct_states_are_those_of_the_definition(
    rng: np.random.Generator, count: int, size: int, modulo_sign: bool
) -> None:
    centres = rng.choice([-1.0, 1.0], size=(6, size))
    states = centres[rng.integers(6, size=count)] * rng.choice([-1.0, 1.0], size=(count, 1))
    states = states + rng.uniform(-0.008, 0.008, size=(count, size))
    kept, index = one_by_one(states, 0.01, modulo_sign)
    found = distinct_states(states, 0.01, modulo_sign=modulo_sign)
    np.testing.assert_array_equal(found[0], states[kept])
    assert found[1].tolist() == index


def test_states_that_differ_in_one_of_many_rows_are_distinct() -> None:
    state = np.random.default_rng(0).uniform(-1, 1, size=4096)
    states = np.tile(state, (200, 1))
    states[np.arange(1, 200), np.arange(1, 200) * 20] += 0.02
    assert len(distinct_states(states)[0]) == 200
    assert len(distinct_states(states, 0.05)[0]) == 1


def test_a_ferromagnet_has_two_attractors_and_reports_basins() -> None:
    starts = np.array([[0.3] * 6, [-0.3] * 6, [0.9] * 6, [0.0] * 6])
    found = attractors(ferromagnet(), starts)
    assert found.of_start[:3].tolist() == [0, 1, 0]
    assert len(found) == 3  # the unstable zero is a fixed point too, from exactly there
    np.testing.assert_allclose(found.states[0], -found.states[1])
    assert (found.orbits, found.open) == (0, 0)
    assert found.basins.tolist() == [0.5, 0.25, 0.25]


def test_modulo_sign_the_ferromagnet_has_one_attractor() -> None:
    found = attractors(ferromagnet(), [[0.3] * 6, [-0.3] * 6, [0.9] * 6], modulo_sign=True)
    assert found.of_start.tolist() == [0, 0, 0]
    assert found.basins.tolist() == [1.0]
    assert found.states[0, 0] > 0.0  # the first that was found


def test_orbits_are_not_attractors() -> None:
    found = attractors(ferromagnet(-2.0), [[0.3] * 6, [0.2] * 6])
    assert len(found) == 0
    assert found.orbits == 2
    assert found.of_start.tolist() == [-1, -1]
    assert found.basins.shape == (0,)


def test_runs_that_do_not_converge_are_counted_apart() -> None:
    found = attractors(ferromagnet(), [[0.3] * 6], max_steps=2)
    assert (len(found), found.open) == (0, 1)
    assert len(attractors(ferromagnet(), [[0.3] * 6], max_steps=2, residual=2.0)) == 1


def test_orthogonal_patterns_are_found_in_their_couplings() -> None:
    # Three rows of a Hadamard matrix, and no other state, are eigenvectors with eigenvalue 64 g.
    patterns = scipy.linalg.hadamard(64)[[1, 2, 4]].astype(float)
    couplings = 0.2 * patterns.T @ patterns
    np.fill_diagonal(couplings, 0.0)
    found = attractors(couplings, 0.5 * patterns)
    assert len(found) == 3
    similarity = np.corrcoef(found.states, patterns)[:3, 3:]
    np.testing.assert_allclose(similarity, np.eye(3), atol=1e-9)
    both = np.concatenate([0.5 * patterns, -0.5 * patterns])
    assert len(attractors(couplings, both)) == 6
    assert attractors(couplings, both, modulo_sign=True).of_start.tolist() == [0, 1, 2] * 2


def test_random_starts_are_a_number_and_a_seed() -> None:
    found = attractors(ferromagnet(), 50, seed=3)
    starts = np.random.default_rng(3).uniform(-1, 1, size=(50, 6))
    same = attractors(ferromagnet(), starts)
    np.testing.assert_array_equal(found.of_start, same.of_start)
    np.testing.assert_array_equal(found.states, same.states)
    assert len(attractors(ferromagnet(), modulo_sign=True).of_start) == 200


@settings(max_examples=30, deadline=None)
@given(generators, st.integers(1, 7), st.floats(0.5, 6.0), st.booleans())
def test_fixed_points_are_fixed_and_every_start_is_accounted_for(
    rng: np.random.Generator, size: int, scale: float, biased: bool
) -> None:
    couplings = scale * rng.normal(size=(size, size)) * ~np.eye(size, dtype=bool)
    bias = rng.normal(size=size) * biased
    simulator = dp.Simulator(dp.from_couplings(couplings, bias=bias))
    options: dict[str, Any] = {"starts": 12, "seed": rng.integers(2**32), "max_steps": 500}
    found = attractors(simulator, **options)
    for state in found.states:
        np.testing.assert_allclose(mean(bias + couplings @ state), state, atol=1e-8)
    outside = (found.orbits + found.open) / 12
    assert found.basins.sum() + outside == pytest.approx(1.0)
    up_to_sign = attractors(simulator, modulo_sign=True, **options)
    assert len(found) / 2 <= len(up_to_sign) <= len(found)
    np.testing.assert_array_equal(up_to_sign.of_start < 0, found.of_start < 0)


def test_networks_side_by_side_have_the_attractors_of_each() -> None:
    rng = np.random.default_rng(0)
    several = 3.0 * rng.normal(size=(4, 5, 5)) * ~np.eye(5, dtype=bool)
    several = several + several.mT
    together = attractors_of_each(several, 30, seed=1, modulo_sign=True)
    for couplings, found in zip(several, together, strict=True):
        alone = attractors(couplings, 30, seed=1, modulo_sign=True)
        np.testing.assert_allclose(found.states, alone.states, atol=1e-12)
        np.testing.assert_array_equal(found.of_start, alone.of_start)
    own = np.random.default_rng(1).uniform(-1, 1, size=(4, 30, 5))
    of_own = attractors_of_each(several, own)
    assert [len(one) for one in of_own] == [
        len(attractors(J, starts)) for J, starts in zip(several, own, strict=True)
    ]


@pytest.mark.parametrize(
    ("network", "starts", "message"),
    [
        (
            np.zeros((2, 3, 3)),
            5,
            "attractors: it looks at one network (got 2 networks). Mend: use attractors_of_each.",
        ),
        (
            np.zeros((3, 3)),
            0,
            "attractors: starts is at least 1 (got 0). Mend: give starts ≥ 1.",
        ),
        (
            np.zeros((3, 3)),
            np.zeros((2, 4)),
            (
                "attractors: starts are a whole number or have shape (P, 3) (got shape (2, 4)). "
                "Mend: give one row of states per start, or starts=200, for example."
            ),
        ),
    ],
)
def test_what_does_not_fit_is_refused(network: Any, starts: Any, message: str) -> None:
    with pytest.raises(dp.SettingError, match=says(message)):
        attractors(network, starts)


def test_starts_of_several_networks_fit_them() -> None:
    message = says("shape (P, 3) or (2, P, 3) (got shape (5, 4, 3))")
    with pytest.raises(dp.SettingError, match=message):
        attractors_of_each(np.zeros((2, 3, 3)), np.zeros((5, 4, 3)))
    with pytest.raises(dp.SettingError, match=says("several networks (got one). Mend: use attr")):
        attractors_of_each(np.zeros((3, 3)), 5)


def test_rows_of_different_length_are_refused_with_a_word() -> None:
    with pytest.raises(dp.SettingTypeError, match=re.escape("the couplings are a matrix")):
        attractors([[0.0, 1.0], [1.0]])
    with pytest.raises(dp.SettingError, match=says("states have shape (P, N) (got shape (3,))")):
        distinct_states([0.0, 1.0, 2.0])
