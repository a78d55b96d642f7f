"""Simulation 3: parts of the couplings, a free run, its cycle, attractors beside patterns."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, words

from deepparticle.blankets.errors import SettingError
from deepparticle.datasets import digits
from deepparticle.figures import (
    attractors_beside_patterns,
    coupling_parts,
    cycle_overview,
    free_run,
)

SHAPE = (8, 8)


def test_the_two_parts_add_up_on_one_scale() -> None:
    J = np.random.default_rng(0).normal(size=(12, 12))
    figure: Any = coupling_parts(J, title="digits 1, 2, 3")
    whole, even, odd = (ax.images[0].get_array() for ax in figure.axes[:3])
    np.testing.assert_array_equal(whole, J)
    np.testing.assert_allclose(even + odd, J)
    np.testing.assert_array_equal(odd, -odd.T)
    assert len({ax.images[0].get_clim() for ax in figure.axes[:3]}) == 1
    ratio = np.linalg.norm(J - J.T) / np.linalg.norm(J)
    assert f"J: asymmetry {ratio:.2f}" in words(figure)
    assert f"antisymmetric part: {ratio**2 / 4:.0%}" in words(figure)
    assert {"source", "target", "coupling"} <= words(figure)
    assert_readable(figure)


def test_couplings_that_are_all_zero() -> None:
    figure: Any = coupling_parts(np.zeros((3, 3)))
    assert {"J: asymmetry 0.00", "symmetric part: 0%"} <= words(figure)
    assert_readable(figure)


def test_couplings_that_are_not_square_are_refused() -> None:
    with pytest.raises(SettingError) as caught:
        coupling_parts(np.zeros((3, 4)))
    assert str(caught.value) == (
        "coupling_parts: couplings has shape (3, 3) (got (3, 4)). Mend: give axes of these lengths."
    )


def test_a_free_run_is_a_strip_of_frames() -> None:
    states = np.tanh(digits().test[:22])
    labels = [str(number % 3 + 1) for number in range(22)]
    figure: Any = free_run(states, SHAPE, labels, first=101, columns=10)
    images = figure.axes[0].images
    assert len(images) == 22
    np.testing.assert_array_equal(images[21].get_array(), states[21].reshape(SHAPE))
    written = [text.get_text() for text in figure.axes[0].texts]
    # A row begins with its first step.
    assert [text for text in written if len(text) > 1] == ["101", "111", "121"]
    assert [text for text in written if len(text) == 1] == labels
    # Frames of a short last row are as large as the others.
    width = np.ptp(images[0].get_extent()[:2])
    assert np.ptp(images[21].get_extent()[:2]) == pytest.approx(width)
    assert_readable(figure)


@pytest.mark.parametrize("frames", [1, 6])
def test_a_short_free_run(frames: int) -> None:
    figure: Any = free_run(np.tanh(digits().test[:frames]), SHAPE)
    assert len(figure.axes[0].images) == frames
    assert_readable(figure)


def test_a_free_run_without_frames_is_refused() -> None:
    with pytest.raises(SettingError, match="free_run: states holds at least one"):
        free_run([], SHAPE)


def test_each_pattern_stands_above_its_best_attractor() -> None:
    patterns = digits().train[1:4]
    # In another order, one inverted, and one that belongs to none.
    found = np.tanh(np.stack([patterns[2], -patterns[0], digits().train[7], patterns[1]]))
    figure: Any = attractors_beside_patterns(patterns, found, SHAPE, labels=["one", "two", "three"])
    images = [image.get_array().ravel() for image in figure.axes[0].images]
    np.testing.assert_array_equal(images[:3], patterns)
    np.testing.assert_array_equal(images[3:], found[[1, 3, 0, 2]])
    said = words(figure)
    assert {"one", "two", "three", "pattern", "attractor"} <= said
    r = np.corrcoef(patterns[0], found[1])[0, 1]
    assert r < 0
    assert f"r = {r:.2f}".replace("-", "−") in said
    assert_readable(figure)


def test_patterns_without_attractors_and_one_of_zeros() -> None:
    figure: Any = attractors_beside_patterns(digits().train[1:4], [], SHAPE)
    assert "no attractor" in words(figure)
    assert_readable(figure)
    figure = attractors_beside_patterns(digits().train[1:2], np.zeros((1, 64)), SHAPE)
    assert "r = –" in words(figure)
    assert_readable(figure)


def cycle(steps: int = 240) -> np.ndarray:
    phase = 2 * np.pi * (np.arange(steps)[:, None] / 12 - np.arange(3) / 3)
    waves: np.ndarray = np.cos(phase)
    return waves


def test_a_cycle_with_dwell_times_and_transitions() -> None:
    moves = np.array([[0, 18, 2], [0, 0, 20], [20, 0, 0]])
    figure: Any = cycle_overview(
        cycle(), [4.0] * 50 + [3.0] * 10, moves, 12.0, labels=["1", "2", "3"]
    )
    overlaps, dwell, transitions = figure.axes
    np.testing.assert_array_equal(overlaps.lines[1].get_ydata(), cycle()[-120:, 1])
    assert overlaps.lines[0].get_xdata()[-1] == 240
    assert [bar.get_height() for bar in dwell.patches] == [10, 50]
    np.testing.assert_allclose(
        transitions.images[0].get_array(), [[0.0, 0.9, 0.1], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    )
    assert (transitions.get_xlabel(), transitions.get_ylabel()) == ("to", "from")
    assert {"period 12.0 steps", "90%", "100%"} <= words(figure)
    assert "dwell time: 3.8 ± 0.4 steps" in words(figure)
    assert_readable(figure)


def test_no_cycle_at_all() -> None:
    figure: Any = cycle_overview(cycle(1), [], np.zeros((3, 3)), float("nan"))
    assert {"no cycle", "no visit ended", "–"} <= words(figure)
    assert_readable(figure)


def test_transitions_of_another_number_of_patterns_are_refused() -> None:
    with pytest.raises(SettingError) as caught:
        cycle_overview(cycle(), [1.0], np.zeros((2, 2)), 3.0)
    assert str(caught.value) == (
        "cycle_overview: transitions has shape (3, 3) (got (2, 2)). "
        "Mend: give axes of these lengths."
    )
