"""Patterns to learn from, preprocessed as in simulations 1 and 2 of Spisak & Friston (2026)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepparticle.blankets._types import ArrayLike, FloatArray, IntArray

__all__ = ["Digits", "cross_and_bar", "digits", "standardised"]


def standardised(images: ArrayLike) -> FloatArray:
    r"""Scale each image to zero mean and unit standard deviation.

    Parameters
    ----------
    images : array_like of shape (P, N)

    Returns
    -------
    ndarray of shape (P, N)
        :math:`(x - \bar x) / s`, dimensionless.

    Examples
    --------
    >>> standardised([[0.0, 1.0, 0.0, 1.0]])
    array([[-1.,  1., -1.,  1.]])
    """
    array = np.asarray(images, dtype=np.float64)
    centred = array - array.mean(axis=-1, keepdims=True)
    result: FloatArray = centred / array.std(axis=-1, keepdims=True)
    return result


@dataclass(frozen=True, eq=False)
class Digits:
    """Handwritten digits, 8 × 8 pixels.

    Parameters
    ----------
    train, test : ndarray of shape (10, 64) and (1787, 64)
        Standardised squared pixels; ``train`` holds the first image of each digit 0…9.
    train_labels, test_labels : ndarray of int
        The digits.
    """

    train: FloatArray
    test: FloatArray
    train_labels: IntArray
    test_labels: IntArray
    shape: tuple[int, int] = (8, 8)


def digits() -> Digits:
    """The handwritten digits that scikit-learn ships, as the paper uses them.

    Pixels are squared (which enhances contrast), then each image is standardised. The first ten
    images are one example of each digit: the training set. All others are unseen.

    Examples
    --------
    >>> data = digits()
    >>> data.train.shape, data.test.shape, data.train_labels.tolist()
    ((10, 64), (1787, 64), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    patterns = standardised(np.square(images))
    return Digits(
        patterns[:10], patterns[10:], labels[:10].astype(np.intp), labels[10:].astype(np.intp)
    )


def cross_and_bar() -> FloatArray:
    """Two correlated 5 × 5 images (r = .77): a vertical and a horizontal bar with a bright centre.

    Returns
    -------
    ndarray of shape (2, 25)
        Standardised.

    Examples
    --------
    >>> float(np.corrcoef(cross_and_bar())[0, 1].round(3))
    0.771
    """
    vertical = np.tile([0.0, 0.0, 1.0, 0.0, 0.0], (5, 1))
    horizontal = vertical.T.copy()
    vertical[2, 2] = horizontal[2, 2] = 4.0
    return standardised(np.stack([vertical.ravel(), horizontal.ravel()]))
