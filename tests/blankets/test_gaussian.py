"""Information between Gaussian states, against other ways to the same number."""

from __future__ import annotations

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.gaussian import (
    conditional_information,
    equal_time_graph,
    partial_correlations,
)


def covariance(seed: int, size: int = 6) -> FloatArray:
    root = np.random.default_rng(seed).normal(size=(size, size))
    return root @ root.T + 0.1 * np.eye(size)


@pytest.mark.parametrize("seed", range(20))
def test_the_information_of_a_pair_is_that_of_its_partial_correlation(seed: int) -> None:
    matrix = covariance(seed)
    rho = partial_correlations(matrix)
    information = conditional_information(matrix, [1], [4], [0, 2, 3, 5])
    assert information == pytest.approx(-0.5 * np.log1p(-(rho[1, 4] ** 2)))


@pytest.mark.parametrize("seed", range(20))
def test_the_information_is_the_difference_of_residual_volumes(seed: int) -> None:
    """How much of X is left after Z, and after Y and Z: regressions instead of determinants."""
    matrix = covariance(seed)

    def left(rows: list[int], given: list[int]) -> float:
        own, cross = matrix[np.ix_(rows, rows)], matrix[np.ix_(rows, given)]
        rest = own - cross @ np.linalg.solve(matrix[np.ix_(given, given)], cross.T)
        return float(np.linalg.slogdet(rest)[1])

    expected = (left([0, 1], [5]) - left([0, 1], [2, 3, 5])) / 2.0
    assert conditional_information(matrix, [0, 1], [2, 3], [5]) == pytest.approx(expected)
    assert conditional_information(matrix, [2, 3], [0, 1], [5]) == pytest.approx(expected)


def test_the_chain_rule() -> None:
    matrix = covariance(1)
    whole = conditional_information(matrix, [0], [1, 2], [3])
    parts = conditional_information(matrix, [0], [1], [3])
    parts += conditional_information(matrix, [0], [2], [1, 3])
    assert whole == pytest.approx(parts)


def test_nothing_is_known_of_nothing() -> None:
    assert conditional_information(covariance(0), [], [1], [2]) == 0.0
    assert conditional_information(np.diag([1.0, 2.0, 3.0]), [0], [1], [2]) == 0.0


def test_a_block_diagonal_law_has_a_graph_of_blocks() -> None:
    matrix = np.zeros((4, 4))
    matrix[:2, :2], matrix[2:, 2:] = covariance(0, 2), covariance(1, 2)
    assert np.argwhere(equal_time_graph(matrix)).tolist() == [[0, 1], [1, 0], [2, 3], [3, 2]]


def test_a_law_that_is_not_spread_out_is_refused() -> None:
    with pytest.raises(dp.SettingError, match="the covariance is positive definite"):
        partial_correlations([[1.0, 1.0], [1.0, 1.0]])
