"""Simulation 6: faces, retention, reconstruction, and simpler methods beside them."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, words

from deepparticle.blankets.errors import SettingError
from deepparticle.figures import face_gallery, method_bars, reconstruction_panel, retention_panel

SHAPE = (10, 8)
FACES = np.random.default_rng(0).normal(size=(24, 80))


def test_light_is_high() -> None:
    figure: Any = face_gallery(FACES, SHAPE, [str(number) for number in range(24)])
    images = figure.axes[0].images
    assert len(images) == 24
    np.testing.assert_array_equal(images[23].get_array(), FACES[23].reshape(SHAPE))
    assert images[0].to_rgba(np.array([9.0]))[0, 0] == 1.0
    assert {"0", "23"} <= words(figure)
    assert_readable(figure)


@pytest.mark.parametrize("count", [0, 1])
def test_a_gallery_of_one_and_of_none(count: int) -> None:
    figure: Any = face_gallery(FACES[:count], SHAPE)
    assert len(figure.axes[0].images) == count
    assert_readable(figure)


def test_faces_from_the_lowest_to_the_highest_correlation() -> None:
    r = np.linspace(-0.5, 1.0, 24)
    r[0] = np.nan
    figure: Any = retention_panel(FACES, np.sign(FACES), r, SHAPE, count=4)
    images = [image.get_array().ravel() for image in figure.axes[0].images]
    chosen = [1, 8, 16, 23]
    np.testing.assert_array_equal(images[:4], FACES[chosen])
    np.testing.assert_array_equal(images[4:], np.sign(FACES[chosen]))
    bars = [patch.get_height() for patch in figure.axes[1].patches]
    assert sum(bars) == 23
    said = words(figure)
    assert f"retention: mean r = {np.nanmean(r):.2f} of 23 (1 not at rest)" in said
    assert {"face", "attractor", "r = 1.00"} <= said
    assert_readable(figure)


def test_no_face_at_rest() -> None:
    figure: Any = retention_panel(FACES[:2], FACES[:2], [np.nan, np.nan], SHAPE)
    assert "retention: mean r = – of 0 (2 not at rest)" in words(figure)
    assert_readable(figure)


def test_a_grid_of_reconstructions() -> None:
    rng = np.random.default_rng(1)
    noisy = FACES[0] + rng.normal(size=80)
    grid = FACES[0] + rng.normal(size=(2, 4, 80)) * np.array([0.5, 1.0, 2.0, 4.0])[:, None]
    figure: Any = reconstruction_panel(FACES[0], noisy, grid, [0.1, 0.3, 1, 3], [0.5, 2], SHAPE)
    left, right = figure.axes
    assert [len(left.images), len(right.images)] == [2, 8]
    np.testing.assert_array_equal(right.images[5].get_array(), grid[1, 1].reshape(SHAPE))
    said = words(figure)
    assert {"precision 0.5", "precision 2", "evidence 0.1", "original", "noisy"} <= said
    scores = [np.corrcoef(image, FACES[0])[0, 1] for image in grid.reshape(8, 80)]
    bold = {text.get_text() for text in right.texts if text.get_fontweight() == "bold"}
    assert bold == {f"{max(scores):.2f}"}
    assert_readable(figure)


def test_one_reconstruction_that_is_constant() -> None:
    figure: Any = reconstruction_panel(
        FACES[0], FACES[0], np.zeros((1, 1, 80)), [1.0], [2.0], SHAPE
    )
    assert "–" in words(figure)
    assert_readable(figure)


def test_a_grid_of_another_shape_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        reconstruction_panel(FACES[0], FACES[0], np.zeros((2, 1, 80)), [1.0, 2.0], [2.0], SHAPE)
    assert str(caught.value) == (
        "reconstruction_panel: images has shape (1, 2, 80) (got (2, 1, 80)). "
        "Mend: give axes of these lengths."
    )


def test_methods_from_the_best_down() -> None:
    scores = {
        "J = 0": (0.425, 0.003),
        "PCA (clean faces)": (0.84, 0.01),
        "deep particle": (0.738, 0.001),
        "projection": (0.71, np.nan),
    }
    figure: Any = method_bars(scores, reference=("noisy input", 0.449), highlighted="deep particle")
    ax = figure.axes[0]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["PCA (clean faces)", "deep particle", "projection", "J = 0"]
    assert [bar[0].get_xdata()[0] for bar in ax.containers] == [0.84, 0.738, 0.71, 0.425]
    assert [bool(bar[2]) for bar in ax.containers] == [True, True, False, True]
    markers = [bar[0].get_marker() for bar in ax.containers]
    assert markers == ["o", "D", "o", "o"]
    # The best is above.
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert {"noisy input 0.45", "0.738", "correlation with the original"} <= words(figure)
    assert_readable(figure)


def test_a_single_method() -> None:
    assert_readable(method_bars({"deep particle": (0.738, 0.0)}))


def test_scores_without_a_spread_are_refused() -> None:
    with pytest.raises(SettingError, match=r"scores has shape \(methods, 2\)"):
        method_bars({"PCA": 0.84})  # type: ignore[dict-item]
