"""Published and measured numbers in units of their spread."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, words

from deepparticle.blankets.errors import SettingError
from deepparticle.figures import published_against_measured
from deepparticle.figures.style import BLUE, VERMILION

ROWS: list[Any] = [
    ("retrieval (gain in r²)", 0.292, 0.288, 0.013, [0.28, 0.30, 0.29, 0.275]),
    ("attractors", 10, 9.4, 0.6, [9, 10, 9, 10]),
    ("published free energy, last 500 steps", None, -535.5, 1.2, [-535.0, -536.0]),
    ("retention", 0.4658, 0.583, 0.012, [0.75, 0.71, 0.70]),
    ("attractors, low complexity", 1, 1, 0.0, [1, 1]),
]


def test_values_are_drawn_in_standard_deviations_from_their_reference() -> None:
    figure: Any = published_against_measured(ROWS, title="Simulation 2")
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == [row[0] for row in ROWS]
    points = ax.collections[0].get_offsets()
    np.testing.assert_allclose(points[:, 0], (np.array(ROWS[0][4]) - 0.288) / 0.013)
    np.testing.assert_allclose(points[:, 1], 0.0)
    bands = [bar.get_width() / 2 for bar in ax.patches]
    np.testing.assert_allclose(bands, 4 / np.sqrt([4, 4, 2, 3, 2]))
    assert_readable(figure)


def test_means_outside_of_their_band_have_another_colour() -> None:
    ax: Any = published_against_measured(ROWS).axes[0]
    means = [line for line in ax.lines if len(line.get_xdata()) == 2][1:]
    assert [line.get_color() for line in means] == [BLUE, BLUE, BLUE, VERMILION, BLUE]
    # What is beyond the axis is drawn at its end.
    assert means[3].get_xdata()[0] == 8.0


def test_numbers_are_written_to_a_tenth_of_their_spread() -> None:
    said = words(published_against_measured(ROWS))
    assert {"0.292", "0.286", "10.00", "9.50", "–", "−535.5", "1.000"} <= said
    assert {
        "published",
        "this run",
        "this run, inside",
        "outside",
        "band of the mean, 4/√n",
    } <= said


def test_without_spread_only_equality_is_inside() -> None:
    ax: Any = published_against_measured([("attractors", 1, 1, 0.0, [2, 1])]).axes[0]
    assert ax.lines[-1].get_color() == VERMILION
    assert ax.lines[-1].get_xdata()[0] == 8.0


@pytest.mark.parametrize("values", [[0.29], [np.nan, np.nan]])
def test_one_value_and_none_that_is_known(values: list[float]) -> None:
    figure: Any = published_against_measured([("retrieval", np.nan, 0.288, 0.013, values)])
    assert_readable(figure)


def test_no_rows_and_no_values_are_refused() -> None:
    with pytest.raises(SettingError, match="rows holds at least one"):
        published_against_measured([])
    with pytest.raises(SettingError, match="values of 'retrieval' holds at least one"):
        published_against_measured([("retrieval", 0.3, 0.3, 0.1, [])])
