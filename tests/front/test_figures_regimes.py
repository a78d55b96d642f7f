"""Simulation 2: attractors, angles, explained variance and examples of the regimes."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, trials, words

from deepparticle.analysis import Recall, angles_between
from deepparticle.blankets.errors import SettingError
from deepparticle.datasets import digits
from deepparticle.figures import (
    RegimePanel,
    attractor_gallery,
    paired_variance,
    polar_angles,
    recall_examples,
    regime_overview,
)

SHAPE = (8, 8)


def states(count: int) -> np.ndarray:
    return np.tanh(digits().test[:count])


def test_a_gallery_numbers_its_states() -> None:
    figure: Any = attractor_gallery(states(12), SHAPE)
    assert len(figure.axes[0].images) == 12
    np.testing.assert_array_equal(
        figure.axes[0].images[11].get_array(), states(12)[11].reshape(SHAPE)
    )
    assert {str(number) for number in range(1, 13)} <= words(figure)
    assert all(image.get_clim() == (-1.0, 1.0) for image in figure.axes[0].images)
    assert_readable(figure)


def test_a_gallery_of_one_and_of_none() -> None:
    assert_readable(attractor_gallery(np.zeros((1, 64)), SHAPE, ["all zero"]))
    figure: Any = attractor_gallery([], SHAPE)
    assert words(figure) == {"none"}
    assert_readable(figure)


def test_the_area_of_a_sector_is_the_share_of_angles_in_it() -> None:
    angles = [85.0, 87.0, 92.0, 175.0]
    figure: Any = polar_angles(angles)
    bars = figure.axes[0].patches
    shares = np.histogram(angles, np.linspace(0, 180, 19))[0] / 4
    np.testing.assert_allclose([bar.get_height() ** 2 for bar in bars], shares)
    np.testing.assert_allclose(np.degrees([bar.get_width() for bar in bars]), 10.0)
    assert figure.axes[0].get_thetamin() == 0.0
    assert figure.axes[0].get_thetamax() == 180.0
    (right_angle,) = figure.axes[0].lines
    np.testing.assert_allclose(np.degrees(right_angle.get_xdata()), 90.0)
    assert_readable(figure)


def test_reference_angles_are_an_outline() -> None:
    figure: Any = polar_angles(angles_between(states(9)), angles_between(digits().train))
    assert {"attractors", "training patterns", "90°"} <= words(figure)
    assert len(figure.axes[0].lines) == 2
    assert_readable(figure)


@pytest.mark.parametrize("angles", [[], [float("nan")]])
def test_a_single_attractor_has_no_angle(angles: list[float]) -> None:
    figure: Any = polar_angles(angles)
    assert "no pair of attractors:\nno angle" in words(figure)
    assert_readable(figure)


def test_radians_beyond_the_half_circle_are_refused() -> None:
    with pytest.raises(SettingError) as caught:
        polar_angles([20.0, 270.0])
    assert str(caught.value) == (
        "polar_angles: angles are degrees, 0…180 (got 20 … 270). "
        "Mend: give them as angles_between does."
    )


def test_every_trial_is_a_line_from_its_input_to_its_response() -> None:
    first, second = trials(1), trials(2)
    figure: Any = paired_variance(first, second, ("retrieval", "new"))
    for ax, recall in zip(figure.axes, (first, second), strict=True):
        ends = [tuple(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 2]
        pairs = zip(recall.input_variance, recall.output_variance, strict=True)
        assert set(pairs) <= set(ends)
        assert ax.get_ylim() == (-0.02, 1.02)
    assert {"retrieval", "new", "r² with the true pattern"} <= words(figure)
    assert f"gain {first.score:+.2f}\n100% better" in words(figure)
    assert_readable(figure)


def test_responses_that_are_all_worse_and_a_single_trial() -> None:
    good = trials(1, count=1)
    bad = Recall(good.chosen, good.targets, good.targets, good.noisy)
    figure: Any = paired_variance(good, bad)
    assert any("0% better" in text for text in words(figure))
    assert_readable(figure)


def test_recall_of_several_networks_is_refused() -> None:
    one = trials(1)
    several = Recall(
        one.chosen[:, None], *(x[:, None] for x in (one.targets, one.noisy, one.responses))
    )
    with pytest.raises(
        SettingError, match=r"recall has trials of one network, shape \(trials, N\)"
    ):
        paired_variance(several, several)


@pytest.mark.parametrize("which", ["median", "best", "worst", "first"])
def test_examples_are_those_that_they_say(which: str) -> None:
    recall = trials(3, count=21)
    gains = recall.output_variance - recall.input_variance
    ranked = np.argsort(gains)
    expected = {
        "median": ranked[9:12],
        "best": ranked[18:],
        "worst": ranked[:3],
        "first": np.arange(3),
    }[which]
    figure: Any = recall_examples(recall, SHAPE, count=3, which=which)  # type: ignore[arg-type]
    images = [image.get_array().ravel() for image in figure.axes[0].images]
    for row, given in enumerate((recall.noisy, recall.responses, recall.targets)):
        np.testing.assert_array_equal(images[3 * row : 3 * row + 3], given[expected])
    said = words(figure)
    assert f"{recall.output_variance[expected[0]]:.2f}" in said
    assert {"noisy", "response", "true"} <= said
    assert any(text.startswith("3 of 21 trials") for text in said)
    assert_readable(figure)


def test_no_more_examples_than_trials() -> None:
    figure: Any = recall_examples(trials(0, count=2), SHAPE, count=8)
    assert len(figure.axes[0].images) == 6
    assert_readable(figure)


def test_another_choice_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        recall_examples(trials(0), SHAPE, which="nicest")  # type: ignore[arg-type]
    assert str(caught.value) == (
        'recall_examples: which is "median", "best", "worst" or "first" (got \'nicest\'). '
        'Mend: give which="median".'
    )


def test_the_overview_shows_three_regimes_side_by_side() -> None:
    panels = [
        RegimePanel("C: high complexity", states(10), trials(1), trials(2)),
        RegimePanel("D: balanced complexity", states(9), trials(3), trials(4)),
        RegimePanel("E: low complexity", np.zeros((1, 64)), trials(5), trials(6)),
    ]
    figure: Any = regime_overview(digits().train, panels)
    # Training patterns; then per regime attractors, angles, two tests and their examples.
    assert [len(ax.images) for ax in figure.axes] == [
        10, *[10, 0, 0, 9, 0, 9], *[9, 0, 0, 9, 0, 9], *[1, 0, 0, 9, 0, 9]
    ]  # fmt: skip
    said = words(figure)
    assert {"C: high complexity\n10 attractors", "E: low complexity\n1 attractor"} <= said
    assert "no pair of attractors:\nno angle" in said
    assert_readable(figure)


def test_an_overview_of_one_regime_without_attractors() -> None:
    figure: Any = regime_overview(digits().train, [RegimePanel("none", [], trials(1), trials(2))])
    assert "none\n0 attractors" in words(figure)
    assert_readable(figure)


def test_an_overview_of_nothing_is_refused() -> None:
    with pytest.raises(SettingError, match="regimes holds at least one"):
        regime_overview(digits().train, [])
