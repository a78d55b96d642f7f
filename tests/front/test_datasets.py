"""The data are the paper's."""

import numpy as np

from deepparticle.datasets import cross_and_bar, digits, standardised


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
