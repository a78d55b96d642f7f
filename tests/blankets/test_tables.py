"""Information in a table of probabilities, against sums over all cases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from deepparticle.blankets.tables import table_information


@pytest.mark.parametrize("seed", range(10))
def test_the_information_is_the_mean_log_ratio(seed: int) -> None:
    table = np.random.default_rng(seed).dirichlet(np.ones(24)).reshape(2, 3, 2, 2)
    # I(0; 1 | 3), the axis 2 summed over.
    p = table.sum(axis=2)
    total = 0.0
    for x, y, z in itertools.product(range(2), range(3), range(2)):
        ratio = p[x, y, z] * p[:, :, z].sum() / (p[x, :, z].sum() * p[:, y, z].sum())
        total += p[x, y, z] * np.log(ratio)
    assert table_information(table, [0], [1], [3]) == pytest.approx(total)


def test_a_product_has_none_and_an_impossible_case_does_no_harm() -> None:
    product = np.multiply.outer([0.2, 0.8], [0.0, 0.3, 0.7])
    assert table_information(product, [0], [1]) == pytest.approx(0.0, abs=1e-15)
    assert table_information(product, [], [1]) == 0.0


def test_a_parity_is_known_only_from_both_of_the_others() -> None:
    table = np.zeros((2, 2, 2))
    for x, y in itertools.product(range(2), range(2)):
        table[x, y, x ^ y] = 0.25
    assert table_information(table, [0], [1]) == pytest.approx(0.0, abs=1e-15)
    assert table_information(table, [0], [1], [2]) == pytest.approx(np.log(2.0))


def test_the_information_of_a_density_does_not_depend_on_the_quadrature() -> None:
    """A bivariate normal in a box wide enough: -ln(1 - ρ²)/2 from two different grids."""
    rho = 0.6
    for count in (40, 60):
        nodes, weights = np.polynomial.legendre.leggauss(count)
        x, w = 7.0 * nodes, 7.0 * weights
        form = (x[:, None] ** 2 - 2 * rho * x[:, None] * x + x**2) / (1 - rho**2)
        table = np.exp(-form / 2.0) * w[:, None] * w
        found = table_information(table / table.sum(), [0], [1])
        assert found == pytest.approx(-0.5 * np.log(1 - rho**2), abs=1e-6)
