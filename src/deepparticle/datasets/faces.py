"""Faces, as in simulation 6 of Spisak & Friston (2026): grey images, each standardised.

* ``lfw``: 100 faces of 25 × 25 pixels, the first half of ``skimage.data.lfw_subset()`` (the other
  half is no faces), from *Labeled Faces in the Wild* (Huang et al. 2007). They ship with
  scikit-image.
* ``olivetti``: the 400 faces of 64 × 64 pixels, 10 of each of 40 people, that the paper uses
  (Samaria & Harter 1994). scikit-learn downloads them once (4 MB) and keeps them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from os import PathLike
from typing import Any

from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.datasets.images import standardised
from deepparticle.partitions.stepping import checked_option

__all__ = ["Faces", "faces"]

NAMES = ("lfw", "olivetti")

# How scikit-learn calls the file that it keeps.
_CACHED = "olivetti_py3.pkz"


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces to learn.

    Parameters
    ----------
    patterns : ndarray of shape (P, N)
        Standardised grey values.
    shape : tuple of int
        Rows and columns of an image, N in all.
    name : str
        Of the data set.
    """

    patterns: FloatArray
    shape: tuple[int, int]
    name: str


def faces(name: str = "lfw", *, folder: str | PathLike[str] | None = None) -> Faces:
    """Load faces, each standardised to zero mean and unit standard deviation.

    Parameters
    ----------
    name : {"lfw", "olivetti"}
        ``lfw`` needs scikit-image (extra ``examples``), ``olivetti`` a download.
    folder : path, optional
        Where scikit-learn keeps what it downloads; by default its own, ``~/scikit_learn_data``.

    Returns
    -------
    Faces
        100 × 625 or 400 × 4096.

    Raises
    ------
    SettingError
        If scikit-image is not installed, or the download fails; the message says what to do.

    Examples
    --------
    >>> data = faces("lfw")
    >>> data.patterns.shape, data.shape
    ((100, 625), (25, 25))
    """
    checked_option(name, NAMES, "faces", "name")
    images = _lfw() if name == "lfw" else _olivetti(folder)
    count, rows, columns = images.shape
    return Faces(standardised(images.reshape(count, -1)), (rows, columns), name)


def _lfw() -> FloatArray:
    try:
        from skimage.data import lfw_subset
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "skimage":
            raise
        raise SettingError(
            Fault(
                "faces",
                "the faces 'lfw' come with scikit-image",
                "which is not installed",
                "pip install 'deepparticle[examples]'",
            )
        ) from error
    load: Any = lfw_subset  # without type information
    half: FloatArray = load()[:100]
    return half


def _olivetti(folder: str | PathLike[str] | None) -> FloatArray:
    from sklearn.datasets import fetch_olivetti_faces, get_data_home

    try:
        with warnings.catch_warnings():
            # It warns before it tries again; if that fails too, the error says so.
            warnings.filterwarnings("ignore", "Retry downloading")
            images: FloatArray = fetch_olivetti_faces(data_home=folder, n_retries=1).images
    except OSError as error:  # no network, no such address, a broken file
        raise SettingError(
            Fault(
                "faces",
                "scikit-learn downloads the faces 'olivetti' once",
                f"{type(error).__name__}: {error}",
                "use faces('lfw'), which needs no download, or put the file "
                f"{_CACHED} from another machine into {get_data_home(folder)}",
            )
        ) from error
    return images
