"""What figures share, how it is judged whether one is readable, and the digits at a glance."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, trials, words

from deepparticle import figures
from deepparticle.blankets.errors import SettingError, SettingTypeError
from deepparticle.datasets import digits
from deepparticle.figures import digits_overview
from deepparticle.figures.arguments import array_of
from deepparticle.figures.style import COLUMN, new_figure, plain, raw_and_mean, show_pattern
from deepparticle.figures.tiles import Tiles


def overview(steps: int = 500) -> Any:
    rng = np.random.default_rng(0)
    return digits_overview(
        digits().train,
        np.tanh(digits().train),
        [0, 1, 2, 3, 4, 5, 6, 6, 7, -1],
        trials(1),
        trials(2),
        rng.normal(size=(64, 64)),
        rng.normal(size=steps),
        title="Digits",
    )


@pytest.fixture(scope="module")
def digits_figure() -> Any:
    return overview()


def test_the_overview_has_all_its_panels(digits_figure: Any) -> None:
    # 2 × 10 patterns, 2 × (3 × 5) examples, three panels and a colour bar.
    assert [len(ax.images) for ax in digits_figure.axes[:3]] == [20, 15, 15]
    assert len(digits_figure.axes) == 7
    said = words(digits_figure)
    assert {"learned", "attractor", "noisy", "response", "true", "couplings J"} <= said
    assert {"target", "Σ local free energy (nats)", "r² of the response", "trained"} <= said
    assert_readable(digits_figure)


def test_attractors_are_numbered_and_missing_ones_said(digits_figure: Any) -> None:
    written = [text.get_text() for text in digits_figure.axes[0].texts]
    assert written.count("attractor 7") == 2
    assert written.count("not at rest") == 1


def test_every_trial_is_a_point(digits_figure: Any) -> None:
    (scatter,) = [ax for ax in digits_figure.axes if ax.get_xlabel() == "r² of the noisy input"]
    points = [np.asarray(collection.get_offsets()) for collection in scatter.collections]
    assert [len(offsets) for offsets in points] == [20, 20]
    np.testing.assert_allclose(points[0][:, 0], trials(1).input_variance)
    np.testing.assert_allclose(points[0][:, 1], trials(1).output_variance)


def test_a_very_short_run_can_be_drawn() -> None:
    assert_readable(overview(steps=3))


def test_all_public_figures_are_listed() -> None:
    assert sorted(figures.__all__) == figures.__all__
    assert all(hasattr(figures, name) for name in figures.__all__)


def test_the_package_is_imported_without_matplotlib() -> None:
    code = "import sys, deepparticle.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("place", "size", "fault"),
    [
        ((0.5, 0.5), 8.0, "cover each other"),
        ((-0.1, 0.1), 8.0, "is cut at the left"),
        ((0.95, 0.1), 8.0, "is cut at the right"),
        ((0.1, 1.0), 8.0, "is cut above"),
        ((0.1, 0.1), 5.0, "a word"),
    ],
)
def test_what_is_not_readable_is_noticed(
    place: tuple[float, float], size: float, fault: str
) -> None:
    figure: Any = new_figure(COLUMN, 2.0)
    figure.text(0.5, 0.5, "a word that is there")
    figure.texts[0].set_fontsize(8)
    figure.text(*place, "a word", fontsize=size)
    with pytest.raises(AssertionError, match=fault):
        assert_readable(figure)


def test_tiles_are_equally_large_and_apart() -> None:
    patterns = np.random.default_rng(0).normal(size=(5, 6))
    tiles = Tiles(
        [list(patterns[:3]), [patterns[3], None, patterns[4]]],
        (3, 2),
        ("up", "down"),
        above=[["a", "b", "c"]],
        below=[[], ["two\nlines", "", "c"]],
    )
    figure: Any = tiles.figure(COLUMN)
    extents = np.array([image.get_extent() for image in figure.axes[0].images])
    np.testing.assert_allclose(extents[:, 1] - extents[:, 0], 1.0)
    np.testing.assert_allclose(extents[:, 2] - extents[:, 3], 1.5)
    # The empty place stays empty.
    assert extents[4, 0] == extents[2, 0]
    assert {"up", "down", "a", "two\nlines"} <= words(figure)
    assert_readable(figure)


def test_a_tile_without_a_number_is_empty() -> None:
    figure: Any = Tiles([[np.full(4, np.nan), np.zeros(4)]], (2, 2)).figure(COLUMN)
    assert [image.get_clim() for image in figure.axes[0].images] == [(-1.0, 1.0)] * 2
    assert_readable(figure)


def test_raw_series_and_running_mean() -> None:
    figure: Any = new_figure(COLUMN, 2.0)
    ax = figure.subplots()
    raw_and_mean(ax, np.arange(1000.0))
    raw, mean = ax.lines
    assert raw.get_rasterized()
    # Of a straight line, the running mean is the line itself.
    np.testing.assert_allclose(mean.get_ydata(), mean.get_xdata() - 1.0)
    assert len(mean.get_ydata()) == 991


def test_faces_are_light_where_they_are_high() -> None:
    ax = new_figure(COLUMN, 2.0).subplots()
    assert show_pattern(ax, np.eye(2).ravel(), (2, 2), cmap="gray").get_cmap().name == "gray"
    assert show_pattern(ax, np.eye(2).ravel(), (2, 2)).get_cmap().name == "gray_r"


def test_axes_are_plain() -> None:
    ax = plain(new_figure(COLUMN, 2.0).subplots(), "title", "across", "up")
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("title", "across", "up")
    assert not ax.spines["top"].get_visible()


def test_what_is_no_array_is_refused() -> None:
    with pytest.raises(SettingTypeError) as caught:
        array_of([[1.0], [1.0, 2.0]], "landscape", "values", "evidences")
    assert str(caught.value) == (
        "landscape: values holds numbers (got [[1.0], [1.0, 2.0]]). Mend: give an array of floats."
    )
    with pytest.raises(SettingError, match=r"values has shape \(3, names\) \(got \(2,\)\)"):
        array_of([1.0, 2.0], "landscape", "values", 3, "names")
