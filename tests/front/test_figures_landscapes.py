"""Simulation 2: four landscapes over precision and evidence."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, words

from deepparticle.blankets.errors import SettingError
from deepparticle.figures import best_region, landscape, landscapes

EVIDENCES, PRECISIONS = np.arange(1.0, 21.0), np.geomspace(0.01, 1.0, 19)


def peak(evidence: float, precision: float) -> np.ndarray:
    x = np.log10(PRECISIONS / precision)
    y = (EVIDENCES - evidence) / 6.0
    hill: np.ndarray = 0.4 * np.exp(-(x**2) - y[:, None] ** 2) - 0.1
    return hill


def deviations() -> np.ndarray:
    values = 20.0 + 10.0 * peak(18, 0.5)
    values[:5, :5] = np.nan
    return values


@pytest.fixture(scope="module")
def four() -> Any:
    return landscapes(
        peak(10, 0.2),
        peak(8, 0.05),
        deviations(),
        np.where(np.isfinite(deviations()), 7, 1),
        EVIDENCES,
        PRECISIONS,
        marked={"C": (16, 0.3594), "D": (11, 0.1668), "E": (6, 0.0278)},
        reference_deviation=23.26,
    )


def test_the_four_maps_hold_the_values_given(four: Any) -> None:
    maps = four.axes[:4]
    for ax, values in zip(maps[:3], (peak(10, 0.2), peak(8, 0.05), deviations()), strict=True):
        drawn = ax.collections[0].get_array()
        np.testing.assert_array_equal(np.ma.getmaskarray(drawn), np.isnan(values))
        np.testing.assert_array_equal(np.ma.filled(drawn, np.nan), values)
        assert ax.get_xscale() == "log"
    assert_readable(four)


def test_gains_are_white_at_zero_and_deviations_at_the_data(four: Any) -> None:
    for ax, centre in zip(four.axes[:3], (0.0, 0.0, 23.26), strict=True):
        low, high = ax.collections[0].get_clim()
        assert (low + high) / 2 == pytest.approx(centre)


def test_outlines_of_the_best_regions_lie_where_they_should(four: Any) -> None:
    counts = [len(ax.collections) - 1 for ax in four.axes[:4]]
    assert counts == [1, 1, 2, 2]
    outline = four.axes[3].collections[1].get_paths()[0].vertices
    assert outline[:, 0].min() < 0.2 < outline[:, 0].max()
    assert outline[:, 1].min() < 10 < outline[:, 1].max()


def test_what_is_hatched_outlined_and_marked_is_said(four: Any) -> None:
    said = words(four)
    assert {"C", "D", "E", "best 10% of retrieval", "best 10% of generalisation"} <= said
    assert {"no value (a single attractor has no angle)", "line: data"} <= said
    assert {"precision", "evidence strength", "gain in r²", "number"} <= said
    marks = {text.get_text(): text.get_position() for text in four.axes[0].texts}
    assert marks["D"] == (0.1668, 11)


def test_cells_are_around_their_settings() -> None:
    figure: Any = landscape(peak(10, 0.2), EVIDENCES, PRECISIONS)
    corners = figure.axes[0].collections[0].get_coordinates()
    np.testing.assert_allclose(corners[0, :, 0][[0, -1]], [0.01 / 10 ** (1 / 18), 10 ** (1 / 18)])
    np.testing.assert_allclose(corners[:, 0, 1], np.arange(0.5, 21.0))


def test_one_landscape_with_two_outlines() -> None:
    figure: Any = landscape(
        deviations(),
        EVIDENCES,
        PRECISIONS,
        "deviation",
        label="degrees",
        contours={"retrieval": peak(10, 0.2), "generalisation": peak(8, 0.05)},
        marked={"D": (11, 0.1668)},
    )
    assert {"no value", "best 10% of generalisation", "degrees", "deviation"} <= words(figure)
    assert_readable(figure)


def test_extreme_cells_do_not_take_the_colours_of_the_others() -> None:
    values = peak(10, 0.2)
    values[0, 0] = 50.0
    figure: Any = landscape(values, EVIDENCES, PRECISIONS)
    assert figure.axes[0].collections[0].get_clim()[1] < 1.0
    assert figure.axes[0].collections[0].colorbar.extend == "max"


@pytest.mark.parametrize("value", [np.nan, 0.0, 3.0])
def test_equal_values_and_none_at_all(value: float) -> None:
    same = np.full((20, 19), value)
    figure: Any = landscape(same, EVIDENCES, PRECISIONS, contours={"it": same})
    assert len(figure.axes[0].collections) == 1
    assert_readable(figure)


def test_a_single_cell() -> None:
    assert_readable(landscape([[0.2]], [11.0], [0.17], marked={"D": (11.0, 0.17)}))


def test_the_best_region_knows_no_grain_and_no_nan() -> None:
    rng = np.random.default_rng(0)
    values = peak(10, 0.2)
    values[3, 4] = np.nan
    smooth, level = best_region(values + 0.05 * rng.normal(size=values.shape), share=0.1)
    best = smooth >= level
    assert np.isnan(smooth[3, 4])
    assert best.sum() == 38
    # The region is around the peak, in spite of a noise that is as large as a tenth of it.
    rows, columns = np.nonzero(best)
    assert abs(EVIDENCES[rows].mean() - 10) < 1.5
    assert abs(np.log10(PRECISIONS[columns].mean() / 0.2)) < 0.15


def test_a_landscape_of_another_shape_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        landscape(np.zeros((19, 20)), EVIDENCES, PRECISIONS)
    assert str(caught.value) == (
        "landscape: values has shape (20, 19) (got (19, 20)). Mend: give axes of these lengths."
    )
