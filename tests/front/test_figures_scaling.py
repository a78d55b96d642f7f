"""Simulation 5: run time, throughput and capacity."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, words

from deepparticle.blankets.errors import SettingError
from deepparticle.figures import capacity_curves, throughput

SIZES = np.array([64, 256, 1024, 4096])


def times(start: float, slope: float) -> tuple[np.ndarray, np.ndarray]:
    median = start + slope * SIZES**2.0
    return median, np.stack([0.9 * median, 1.2 * median])


def test_times_throughput_and_the_square_law() -> None:
    slow = times(1e-4, 1e-6)
    slow[0][2:] = np.nan
    measured = {"objects": slow, "numpy": times(8e-6, 8e-10), "native": times(5e-7, 9e-11)}
    figure: Any = throughput(SIZES, measured)
    left, right = figure.axes
    assert (left.get_xscale(), left.get_yscale()) == ("log", "log")
    lines = {line.get_label(): line for line in left.lines}
    np.testing.assert_array_equal(left.containers[1][0].get_ydata(), measured["numpy"][0])
    np.testing.assert_allclose(right.containers[2][0].get_ydata(), SIZES**2 / measured["native"][0])
    reference = lines["∝ N²"].get_ydata()
    np.testing.assert_allclose(reference / reference[0], (SIZES / 64) ** 2)
    assert reference[-1] == pytest.approx(measured["native"][0][-1])
    assert {"objects", "numpy", "native", "∝ N²", "seconds per step"} <= words(figure)
    assert_readable(figure)


def test_quartiles_are_the_ends_of_the_bars() -> None:
    median, quartiles = times(1e-6, 1e-10)
    figure: Any = throughput(SIZES, {"native": (median, quartiles)})
    segments = np.array(figure.axes[0].containers[0][2][0].get_segments())
    np.testing.assert_allclose(segments[:, :, 1].T, quartiles)
    # The slower quartile of the time is the lower one of the throughput.
    segments = np.array(figure.axes[1].containers[0][2][0].get_segments())
    np.testing.assert_allclose(segments[:, :, 1].T, SIZES**2 / quartiles[::-1])


def test_a_single_size() -> None:
    assert_readable(throughput([64], {"numpy": ([1e-5], [[1e-5], [2e-5]])}))


def test_quartiles_of_another_shape_are_refused() -> None:
    with pytest.raises(SettingError) as caught:
        throughput([64, 128], {"numpy": ([1e-5, 2e-5], [1e-5, 2e-5])})
    assert str(caught.value) == (
        "throughput: quartiles of 'numpy' has shape (2, 2) (got (2,)). "
        "Mend: give an array with these axes."
    )


LOADS = np.array([0.02, 0.1, 0.2, 0.5, 0.9])
CURVES = {
    "published rule": (1.0 - 0.3 * LOADS, 0.03 + 0 * LOADS),
    "projection": (1.0 - 0.05 * LOADS, 0.01 + 0 * LOADS),
    "Hebb": (1.0 / (1.0 + (LOADS / 0.2) ** 3), 0.04 + 0 * LOADS),
}


def test_curves_band_limit_and_a_count_of_patterns() -> None:
    figure: Any = capacity_curves(LOADS, CURVES, size=200, references={"noisy input": 0.58})
    ax = figure.axes[0]
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_array_equal(lines["Hebb"].get_ydata(), CURVES["Hebb"][0])
    assert lines["P = 0.14 N"].get_xdata()[0] == pytest.approx(0.138)
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx((CURVES["published rule"][0] + 0.03).max())
    assert {"patterns P (N = 200)", "retention (r)", "noisy input"} <= words(figure)
    (counts,) = ax.child_axes
    np.testing.assert_allclose(counts.get_xlim(), 200 * np.array(ax.get_xlim()))
    assert_readable(figure)


def test_without_limit_and_size_and_with_a_gap() -> None:
    values = np.array([1.0, np.nan, 0.5, 0.2, 0.1])
    figure: Any = capacity_curves(
        LOADS, {"Hebb": (values, 0 * LOADS)}, "reconstruction (r²)", limit=None
    )
    assert len(figure.axes[0].lines) == 1
    assert not figure.axes[0].child_axes
    assert_readable(figure)


def test_a_size_of_nothing_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        capacity_curves(LOADS, CURVES, size=0)
    assert str(caught.value) == "capacity_curves: size is at least 1 (got 0). Mend: give size=N."
