"""Projections onto a basis, and how much of a state lies in its span."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.errors import says

import deepparticle as dp
from deepparticle.analysis import explained_by_span, projections

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
leads = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@given(generators, leads, st.integers(1, 5), st.integers(2, 9))
def test_cosines_and_correlations_are_those_of_each_pair(
    rng: np.random.Generator, lead: tuple[int, ...], count: int, size: int
) -> None:
    states, basis = rng.normal(size=(*lead, size)), rng.normal(size=(count, size))
    cosines = projections(states, basis)
    correlations = projections(states, basis, kind="correlation")
    assert cosines.shape == correlations.shape == (*lead, count)
    for place in np.ndindex(*lead):
        for number, row in enumerate(basis):
            norms = np.linalg.norm(states[place]) * np.linalg.norm(row)
            assert cosines[(*place, number)] == pytest.approx(states[place] @ row / norms)
            expected = np.corrcoef(states[place], row)[0, 1]
            assert correlations[(*place, number)] == pytest.approx(expected, abs=1e-12)


@given(generators, st.integers(1, 4))
def test_coordinates_rebuild_what_lies_in_the_span(rng: np.random.Generator, count: int) -> None:
    basis, coordinates = rng.normal(size=(count, 9)), rng.normal(size=(6, count))
    outside = np.linalg.qr(basis.T, mode="complete")[0][:, count:].T
    states = coordinates @ basis + rng.normal(size=(6, 9 - count)) @ outside
    np.testing.assert_allclose(projections(states, basis, kind="coordinates"), coordinates)
    share = ((coordinates @ basis) ** 2).sum(axis=1) / (states**2).sum(axis=1)
    np.testing.assert_allclose(explained_by_span(states, basis), share)


@given(generators, st.integers(1, 5), st.integers(5, 9))
def test_the_span_does_not_depend_on_the_basis_that_spans_it(
    rng: np.random.Generator, count: int, size: int
) -> None:
    states, basis = rng.normal(size=(7, size)), rng.normal(size=(count, size))
    mixing = rng.normal(size=(count, count)) + 3 * np.eye(count)
    redundant = np.concatenate([mixing @ basis, basis[:1]])
    explained = explained_by_span(states, basis)
    np.testing.assert_allclose(explained_by_span(states, redundant), explained, atol=1e-9)
    np.testing.assert_allclose(explained_by_span(basis, basis), 1.0)
    assert np.all((explained >= 0.0) & (explained <= 1.0))


def test_orthogonal_rows_explain_their_squared_cosines() -> None:
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(12, 4)))[0].T * [[1.0], [2.0], [0.5], [3.0]]
    states = rng.normal(size=(5, 12))
    squares = (projections(states, basis) ** 2).sum(axis=1)
    np.testing.assert_allclose(explained_by_span(states, basis), squares)


def test_random_directions_explain_their_share() -> None:
    # The share has a beta distribution with parameters K/2 and (N − K)/2.
    rng = np.random.default_rng(1)
    explained = explained_by_span(rng.normal(size=(4000, 20)), rng.normal(size=(5, 20)))
    deviation = np.sqrt(2 * 5 * 15 / (20**2 * 22))
    assert abs(explained.mean() - 5 / 20) <= 4 * deviation / np.sqrt(4000)
    assert explained.std() == pytest.approx(deviation, rel=0.05)


def test_what_has_no_direction_projects_to_zero() -> None:
    basis = np.array([[1.0, 2.0, 3.0], [0.1, 0.1, 0.1], [0.0, 0.0, 0.0]])
    states = np.array([[0.0, 0.0, 0.0], [0.7, 0.7, 0.7], [1.0, 2.0, 4.0]])
    assert projections(states, basis)[0].tolist() == [0.0, 0.0, 0.0]
    assert projections(states, basis)[:, 2].tolist() == [0.0, 0.0, 0.0]
    correlations = projections(states, basis, kind="correlation")
    assert np.count_nonzero(correlations) == 1
    assert correlations[2, 0] == pytest.approx(0.982, abs=1e-3)
    assert explained_by_span(states, basis[2]).tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(explained_by_span(states[1], basis[1]), 1.0)


def test_a_run_is_projected_over_time() -> None:
    attractor = np.array([1.0, -1.0, 1.0, -1.0])
    simulator = dp.Simulator(
        dp.from_couplings(3.0 * (np.outer(attractor, attractor) - np.eye(4))), chains=2
    )
    run = simulator.infer(start=[0.1 * attractor, -0.1 * attractor], mode="deterministic", steps=50)
    seen = projections(run.states, attractor)
    assert seen.shape == (50, 2, 1)
    np.testing.assert_allclose(seen[:, 0], 1.0)
    np.testing.assert_allclose(seen[:, 1], -1.0)


@pytest.mark.parametrize("shapes", [((3, 4), (2, 5)), ((4,), (2, 2, 4)), ((), (2, 4))])
@pytest.mark.parametrize("function", [projections, explained_by_span])
def test_states_and_basis_fit_each_other(function: Any, shapes: Any) -> None:
    message = says(
        f"{function.__name__}: states have shape (..., N) and the basis (K, N), with the same N "
        f"(got shapes {shapes[0]} and {shapes[1]}). Mend: give one row of N numbers per pattern."
    )
    with pytest.raises(dp.SettingError, match=message):
        function(np.ones(shapes[0]), np.ones(shapes[1]))


def test_other_kinds_are_refused() -> None:
    with pytest.raises(dp.SettingError, match=says("the kind is one of 'cosine', ... 'cosine'?")):
        projections([1.0], [1.0], kind="cosin")  # type: ignore[arg-type]
    with pytest.raises(dp.SettingError, match=says("projections: the state is finite (got nan")):
        projections([np.nan], [1.0])
