"""What callers give to a figure, checked before anything is drawn.

NaN is allowed in every array: it is what a measure says where it has nothing to say, and a figure
shows it as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError, SettingTypeError

if TYPE_CHECKING:
    from deepparticle.analysis.recall import Recall

__all__ = ["array_of", "images_of", "of_one_network", "some", "titles_of"]


def array_of(value: Any, where: str, what: str, *shape: int | str) -> FloatArray:
    """Return `value` as a float64 array of the wanted shape.

    Parameters
    ----------
    value : array_like
    where, what : str
        The figure and its argument, for the message.
    *shape : int or str
        One per axis: its length, or the name of an axis of any length.

    Raises
    ------
    SettingTypeError
        If it does not hold numbers.
    SettingError
        If it has another shape.

    Examples
    --------
    >>> array_of([1, 2], "free_run", "labels", "frames")
    array([1., 2.])
    >>> array_of([1, 2], "free_run", "states", "frames", 64)
    Traceback (most recent call last):
        ...
    deepparticle.blankets.errors.SettingError: free_run: states has shape (frames, 64) (got (2,)).
    Mend: give an array with these axes.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise SettingTypeError(
            Fault(where, f"{what} holds numbers", repr(value)[:60], "give an array of floats")
        ) from None
    fits = array.ndim == len(shape) and all(
        isinstance(wanted, str) or wanted == length
        for wanted, length in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
        raise SettingError(
            Fault(where, f"{what} has shape {wanted}", f"{array.shape}", _mend(array, shape))
        )
    return array


def _mend(array: FloatArray, shape: tuple[int | str, ...]) -> str:
    missing = len(shape) - array.ndim
    return "give an array with these axes" if missing else "give axes of these lengths"


def images_of(value: Any, shape: tuple[int, int], where: str, what: str) -> FloatArray:
    """Return `value` as patterns of shape (P, N) that fit images of `shape`; P may be 0.

    Examples
    --------
    >>> images_of([[1.0, 2.0]], (2, 2), "face_gallery", "images")
    Traceback (most recent call last):
        ...
    deepparticle.blankets.errors.SettingError: face_gallery: images fit images of 2 × 2 pixels
    (got 2 numbers each). Mend: give shape=(rows, columns) with rows × columns = 2.
    """
    size = shape[0] * shape[1]
    if np.size(value) == 0:
        return np.zeros((0, size))
    array = array_of(value, where, what, "patterns", "pixels")
    if array.shape[1] != size:
        raise SettingError(
            Fault(
                where,
                f"{what} fit images of {shape[0]} × {shape[1]} pixels",
                f"{array.shape[1]} numbers each",
                f"give shape=(rows, columns) with rows × columns = {array.shape[1]}",
            )
        )
    return array


def of_one_network(trials: Recall, where: str) -> Recall:
    """Return trials of a single network, refuse those of several.

    Raises
    ------
    SettingError
        If they have an axis of networks, or if there are none.
    """
    if trials.targets.ndim != 2 or not len(trials.targets):
        raise SettingError(
            Fault(
                where,
                "recall has trials of one network, shape (trials, N)",
                f"{trials.targets.shape}",
                "give at least one trial, and of several networks one: Recall(chosen[:, r], "
                "targets[:, r], noisy[:, r], responses[:, r])",
            )
        )
    return trials


def some(values: Any, where: str, what: str) -> Any:
    """Return a collection that is not empty.

    Raises
    ------
    SettingError
        If it is empty.

    Examples
    --------
    >>> some({"complexity": [1.0]}, "free_energy_curves", "series")
    {'complexity': [1.0]}
    """
    if not len(values):
        raise SettingError(
            Fault(where, f"{what} holds at least one", "none", f"give {what} something to draw")
        )
    return values


def titles_of(titles: Sequence[str] | None, count: int, where: str, what: str) -> list[str]:
    """Return one title for each of `count` things; None for empty ones.

    Examples
    --------
    >>> titles_of(None, 2, "face_gallery", "titles")
    ['', '']
    """
    if titles is None:
        return [""] * count
    if len(titles) != count:
        raise SettingError(
            Fault(where, f"{what} has {count} entries", f"{len(titles)}", "give one for each")
        )
    return [str(title) for title in titles]
