"""Recorded series: in memory while they are small, in a file of their own beyond that.

A series grows along its first axis. One that outgrows the memory set aside for it goes on in an
ordinary ``.npy`` file, which is mapped into memory when the run ends: a run can record more than
fits.
"""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, BinaryIO
from weakref import finalize

import numpy as np

from deepparticle.blankets._types import FloatArray

__all__ = ["Folder", "Series"]

# What one series may hold in memory, in bytes.
_IN_MEMORY = 2**29


class Folder:
    """Where series are kept on disk: a folder of the caller, or one that vanishes with the run.

    Parameters
    ----------
    path : Path or None
        None: a temporary folder, made when first needed.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._temporary: Path | None = None

    @property
    def wanted(self) -> bool:
        """Whether the caller asked for files."""
        return self._path is not None

    def file(self, name: str) -> Path:
        """The file of a series."""
        if self._path is not None:
            self._path.mkdir(parents=True, exist_ok=True)
            return self._path / f"{name}.npy"
        if self._temporary is None:
            self._temporary = Path(mkdtemp(prefix="deepparticle-"))
            finalize(self, rmtree, self._temporary, ignore_errors=True)
        return self._temporary / f"{name}.npy"


class Series:
    """One recorded quantity, step after step.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Of one record.
    dtype : numpy dtype
    capacity : int
        How many records are expected; 0 where nobody knows.
    folder : Folder

    Examples
    --------
    >>> series = Series("states", (2,), np.dtype(float), 0, Folder(None))
    >>> series.append(np.zeros((3, 2)))
    >>> series.values().shape
    (3, 2)
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        capacity: int,
        folder: Folder,
    ) -> None:
        self.name = name
        self.count = 0
        self._shape = shape
        self._dtype = np.dtype(dtype)
        self._folder = folder
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._size = int(np.prod(shape, dtype=np.int64)) * self._dtype.itemsize
        self._held: FloatArray = np.empty((0, *shape), self._dtype)
        if folder.wanted or capacity * self._size > _IN_MEMORY:
            self._open()
        else:
            self._held = np.empty((capacity, *shape), self._dtype)

    def append(self, values: FloatArray) -> None:
        """Add records, shape (K, ...)."""
        end = self.count + len(values)
        if self._file is None and end > len(self._held):
            if end * self._size > _IN_MEMORY:
                self._open()
            else:
                grown = np.empty((max(end, 2 * len(self._held)), *self._shape), self._dtype)
                grown[: self.count] = self._held[: self.count]
                self._held = grown
        if self._file is None:
            self._held[self.count : end] = values
        else:
            self._file.write(np.ascontiguousarray(values, dtype=self._dtype).tobytes())
        self.count = end

    def _open(self) -> None:
        self._path = self._folder.file(self.name)
        self._path.unlink(missing_ok=True)  # an earlier run may have the file mapped
        self._file = self._path.open("w+b")
        self._write_header()
        self._file.write(self._held[: self.count].tobytes())
        self._held = self._held[:0]

    def _write_header(self) -> None:
        # NumPy leaves room in the header for the first axis to grow: its length is constant.
        assert self._file is not None
        self._file.seek(0)
        header = {
            "shape": (self.count, *self._shape),
            "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(self._dtype),
        }
        np.lib.format.write_array_header_1_0(self._file, header)

    def values(self) -> FloatArray:
        """All records; from a file, mapped into memory."""
        if self._file is None or self._path is None:
            return self._held[: self.count]
        self._complete()
        if self.count * self._size == 0:  # nothing to map
            return np.empty((self.count, *self._shape), self._dtype)
        mapped: FloatArray = np.load(self._path, mmap_mode="r")
        return mapped

    def _complete(self) -> None:
        """Say in the header how much there is; go on at the end."""
        if self._file is not None and not self._file.closed:
            self._write_header()
            self._file.seek(0, 2)
            self._file.flush()

    def close(self) -> None:
        """Close the file, if there is one, so that it can be read."""
        if self._file is not None:
            self._complete()
            self._file.close()
