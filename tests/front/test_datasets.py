"""The data are the paper's; what is missing is said with its mend."""

import sys
import urllib.error
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.datasets import cross_and_bar, digits, faces, random_patterns, standardised


def test_ten_digits_train_and_1787_test() -> None:
    data = digits()
    assert data.train.shape == (10, 64)
    assert data.test.shape == (1787, 64)
    assert data.train_labels.tolist() == list(range(10))


def test_every_image_has_zero_mean_and_unit_deviation() -> None:
    for patterns in (digits().train, digits().test, cross_and_bar()):
        np.testing.assert_allclose(patterns.mean(axis=1), 0.0, atol=1e-12)
        np.testing.assert_allclose(patterns.std(axis=1), 1.0, rtol=1e-12)


def test_pixels_are_squared_before_they_are_standardised() -> None:
    from sklearn.datasets import load_digits

    image = load_digits().data[3]
    np.testing.assert_allclose(digits().train[3], standardised(image[None] ** 2)[0])


def test_the_two_images_share_their_bright_centre() -> None:
    cross = cross_and_bar().reshape(2, 5, 5)
    np.testing.assert_array_equal(cross[0], cross[1].T)
    assert np.unravel_index(cross[0].argmax(), (5, 5)) == (2, 2)


# ---------------------------------------------------------------------------------- faces


def test_lfw_are_the_100_faces_of_scikit_image() -> None:
    skimage_data = pytest.importorskip("skimage.data")
    data = faces("lfw")
    assert (data.patterns.shape, data.shape, data.name) == ((100, 625), (25, 25), "lfw")
    both = standardised(skimage_data.lfw_subset().reshape(200, -1))
    np.testing.assert_array_equal(data.patterns, both[:100])
    # Faces resemble each other; more than what the other half of the file shows.
    alike = [half @ half.mean(axis=0) / 625 for half in (both[:100], both[100:])]
    assert np.mean(alike[0]) > 1.2 * np.mean(alike[1])


def test_faces_without_scikit_image_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    message = "faces: the faces 'lfw' come with scikit-image (got which is not installed). Mend: "
    with pytest.raises(dp.SettingError, match=says(message + "pip install ... [examples]")) as got:
        faces()
    assert is_complete(got.value)


def cached_olivetti(folder: Path) -> np.ndarray[Any, Any]:
    """A stand-in for the file that scikit-learn keeps: 400 columns-first images of 64 × 64."""
    joblib = pytest.importorskip("joblib")  # scikit-learn brings it
    images = np.random.default_rng(0).integers(256, size=(400, 4096), dtype=np.uint8)
    joblib.dump(images, folder / "olivetti_py3.pkz", compress=6)
    return images


def test_olivetti_are_read_from_the_cache_of_scikit_learn(tmp_path: Path) -> None:
    images = cached_olivetti(tmp_path).reshape(400, 64, 64).transpose(0, 2, 1).reshape(400, -1)
    data = faces("olivetti", folder=tmp_path)
    assert (data.patterns.shape, data.shape) == ((400, 4096), (64, 64))
    np.testing.assert_allclose(data.patterns, standardised(images), atol=1e-5)
    np.testing.assert_allclose(data.patterns.std(axis=1), 1.0, rtol=1e-9)


def test_a_download_that_fails_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("sklearn.datasets._olivetti_faces._fetch_remote", refuse)
    message = (
        "faces: scikit-learn downloads the faces 'olivetti' once (got URLError: ... no route to "
        "host ... Mend: use faces('lfw') ... olivetti_py3.pkz ... "
    )
    with pytest.raises(dp.SettingError, match=says(message + str(tmp_path))) as caught:
        faces("olivetti", folder=tmp_path)
    assert is_complete(caught.value)


def test_a_failing_download_warns_only_through_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """scikit-learn warns before it tries again, and warnings are errors here."""
    tries = []

    def refuse(*_: Any) -> NoReturn:
        tries.append(1)
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("sklearn.datasets._base.urlretrieve", refuse)
    monkeypatch.setattr("sklearn.datasets._base.time.sleep", lambda _: None)
    with pytest.raises(dp.SettingError, match="no route to host"):
        faces("olivetti", folder=tmp_path)
    assert len(tries) == 2


def test_faces_of_another_name_are_refused() -> None:
    with pytest.raises(
        dp.SettingError, match=says("faces: the name is one of 'lfw', 'olivetti' (got 'yale')")
    ):
        faces("yale")


# ---------------------------------------------------------------------------------- random patterns


def test_random_patterns_are_independent_fair_signs() -> None:
    patterns = random_patterns(200, 500, seed=1)
    assert np.unique(patterns).tolist() == [-1.0, 1.0]
    count = patterns.size
    assert abs(patterns.mean()) < 4 / np.sqrt(count)
    overlaps = (patterns @ patterns.T / 500)[np.triu_indices(200, 1)]
    # Of independent signs, products are signs again: the mean square overlap is 1/N.
    squares = overlaps**2 * 500
    assert abs(squares.mean() - 1.0) < 4 * np.sqrt(2.0 / squares.size)


def test_random_patterns_follow_their_seed() -> None:
    np.testing.assert_array_equal(random_patterns(3, 9, seed=2), random_patterns(3, 9, seed=2))
    assert np.any(random_patterns(3, 9, seed=2) != random_patterns(3, 9, seed=3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5), "random_patterns: count is at least 1 (got 0)"),
        ((2, 2.5), "random_patterns: size is a whole number (got 2.5)"),
        ((2, 5, -1), "random_patterns: the seed is a whole number ≥ 0 (got -1)"),
    ],
)
def test_random_patterns_say_what_is_wrong(arguments: Any, message: str) -> None:
    with pytest.raises((dp.SettingError, dp.SettingTypeError), match=says(message)) as caught:
        random_patterns(*arguments)
    assert is_complete(caught.value)
