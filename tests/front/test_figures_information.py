"""Information against orthogonality, entropy production, probability currents."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, words

from deepparticle.blankets.errors import SettingError
from deepparticle.figures import (
    current_field,
    entropy_production_curve,
    information_against_orthogonality,
)


def test_networks_without_an_angle_have_a_column_of_their_own() -> None:
    rng = np.random.default_rng(0)
    deviation = rng.uniform(15, 30, size=40)
    deviation[:7] = np.nan
    information, precision = rng.uniform(1, 2, size=40), np.geomspace(0.01, 1, 40)
    figure: Any = information_against_orthogonality(
        deviation, information, precision, input_information=2.1, data_deviation=23.26
    )
    ax, side = figure.axes[:2]
    points = ax.collections[0].get_offsets()
    np.testing.assert_allclose(points, np.stack([deviation, information], axis=1)[7:])
    np.testing.assert_allclose(side.collections[0].get_offsets()[:, 1], information[:7])
    np.testing.assert_array_equal(ax.collections[0].get_array(), precision[7:])
    assert ax.collections[0].get_clim() == side.collections[0].get_clim() == (0.01, 1.0)
    assert {"noisy input", " data", "no\nangle", "information (bits)"} <= words(figure)
    assert_readable(figure)


def test_one_network_and_only_single_attractors() -> None:
    assert_readable(information_against_orthogonality([20.0], [1.0], [0.1]))
    figure: Any = information_against_orthogonality([np.nan, np.nan], [1.0, 2.0], [0.1, 0.2])
    assert len(figure.axes[0].collections[0].get_offsets()) == 0
    assert_readable(figure)


def test_a_precision_of_zero_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        information_against_orthogonality([20.0], [1.0], [0.0])
    assert str(caught.value) == (
        "information_against_orthogonality: precisions are positive (got 0). "
        "Mend: leave such networks out."
    )


def test_entropy_production_with_two_standard_errors() -> None:
    k = np.linspace(0, 2, 6)
    fine = np.linspace(0, 2, 50)
    figure: Any = entropy_production_curve(
        k, 0.3 * k**2, np.full(6, 0.05), exact=(fine, 0.3 * fine**2)
    )
    ax = figure.axes[0]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), 0.3 * fine**2)
    bars = np.array(ax.containers[0][2][0].get_segments())[:, :, 1]
    np.testing.assert_allclose(bars, 0.3 * k[:, None] ** 2 + np.array([-0.1, 0.1]))
    assert {"exact", "measured ± 2 standard errors"} <= words(figure)
    assert_readable(figure)


def test_a_curve_without_errors_on_a_logarithmic_axis() -> None:
    figure: Any = entropy_production_curve([1.0, 10.0, 100.0], [0.1, np.nan, 0.0], logarithmic=True)
    assert figure.axes[0].get_xscale() == "log"
    assert "measured" in words(figure)
    assert_readable(figure)


def field() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = np.linspace(-1, 1, 30), np.linspace(-1, 1, 20)
    a, b = np.meshgrid(x, y, indexing="ij")
    return x, y, np.exp(2 * a + b)


def test_the_first_axis_is_the_first_state() -> None:
    x, y, density = field()
    figure: Any = current_field(x, y, density, np.ones((30, 20)), np.zeros((30, 20)))
    mesh, arrows = figure.axes[0].collections
    np.testing.assert_array_equal(mesh.get_array(), density.T)
    # The density is highest at the right, and all arrows point there.
    np.testing.assert_array_equal(arrows.U, 1.0)
    np.testing.assert_array_equal(arrows.V, 0.0)
    assert set(arrows.X.ravel()) <= set(x)
    assert set(arrows.Y.ravel()) <= set(y)
    # The longest arrow is no longer than the way to the next.
    assert arrows.U.max() / arrows.scale <= np.diff(np.unique(arrows.X)).max()
    assert_readable(figure)


def test_no_current_is_said() -> None:
    x, y, density = field()
    zero = np.zeros_like(density)
    figure: Any = current_field(x, y, density, zero, zero, names=("a", "b"))
    assert {"no current: detailed balance", "a", "b"} <= words(figure)
    assert_readable(figure)


def test_a_field_of_the_transposed_shape_is_refused() -> None:
    x, y, density = field()
    with pytest.raises(SettingError, match=r"density has shape \(30, 20\) \(got \(20, 30\)\)"):
        current_field(x, y, density.T, density, density)
