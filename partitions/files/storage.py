"""Worlds in files: ``world.json``, which a person can read, and ``world.npz`` for large arrays.

A file is either the old one or the new one, whatever interrupts: it is written under another name
in the same folder and then takes the place of the old one. The JSON holds a digest of the arrays,
so that two files that do not belong together are noticed. Loading executes nothing: there are no
pickles, and processes of external states, which are functions, have to be given again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from deepparticle.agents.external import Process
from deepparticle.blankets.errors import Fault, PartitionError, SettingError

if TYPE_CHECKING:
    from deepparticle.partitions.partition import Partition

__all__ = ["load", "save"]

# The entry by which an .npz file is known as one of ours, which may be replaced.
_MARK = "deepparticle"


def save(partition: Partition, path: str | PathLike[str], *, processes: str = "refuse") -> Path:
    """Save a world as JSON; arrays with more than 1000 numbers go to an ``.npz`` file beside it.

    Saved are the structure, the couplings, settings, states and the time: a world that is loaded
    goes on as the saved one would have. (The format: :mod:`deepparticle.partitions.files.spec`.)

    Parameters
    ----------
    partition : Partition
        A world; a partition inside one is saved as a world of its own, without the boundary states
        that lead out of it.
    path : str or path
        The JSON file; the suffix ``.json`` may be left out.
    processes : {"refuse", "drop"}
        What to do with external states that have a process, which is a Python function and cannot
        be saved: refuse, or save their values only.

    Returns
    -------
    Path
        The JSON file.

    Raises
    ------
    PartitionError
        If the world breaks a law.
    SettingError
        If the path has another suffix, an external state has a process, or an ``.npz`` file that
        holds something else would be overwritten.

    Examples
    --------
    >>> import tempfile
    >>> from deepparticle.partitions import Partition
    >>> world = Partition("world")
    >>> _ = world.add_subparticle("a", bias=0.2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(load(save(world, folder + "/world.json"))["a"].bias)
    0.2
    """
    # pydantic takes a tenth of a second to import, and only files need it.
    from deepparticle.partitions.files.models import ArraysFileSpec
    from deepparticle.partitions.files.writing import to_spec

    target = _with_suffix(path)
    spec = to_spec(partition, processes=processes)
    if spec.arrays:
        beside = target.with_suffix(".npz")
        _refuse_foreign(beside)
        digest = _replace(beside, lambda file: _write_arrays(file, spec.arrays))
        arrays_file = ArraysFileSpec(name=beside.name, sha256=digest)
        spec = spec.model_copy(update={"arrays_file": arrays_file})
    text = formatted(spec.model_dump(exclude_unset=True)) + "\n"
    _replace(target, lambda file: file.write(text.encode("utf-8")))
    return target


def load(path: str | PathLike[str], *, processes: Mapping[str, Process] | None = None) -> Partition:
    """Load a world that `save` wrote.

    Parameters
    ----------
    path : str or path
        The JSON file; the suffix ``.json`` may be left out.
    processes : mapping, optional
        The processes of external states by their names, which a file cannot hold.

    Returns
    -------
    Partition

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    PartitionError
        With *all* faults of the file, each with its place in it.

    Warns
    -----
    UserWarning
        If an external state had a process and is not given one: it stays clamped.
    """
    from deepparticle.partitions.files.reading import from_spec, header_fault

    given = Path(path)
    source = given if given.exists() or given.suffix else given.with_name(given.name + ".json")
    source = source.resolve()
    try:
        raw = json.loads(source.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
        # Another format or version may keep its arrays in another way.
        arrays = _read_arrays(raw, source) if header_fault(raw) is None else {}
        return from_spec(raw, arrays=arrays, processes=processes)
    except PartitionError as error:
        faults = [
            Fault(f"{source.name}: {fault.where}", fault.rule, fault.value, fault.mend)
            for fault in error.faults
        ]
        raise PartitionError(faults) from None
    except UnicodeDecodeError:
        found, place = "bytes that are not text", source.name
    except json.JSONDecodeError as error:
        found, place = error.msg, f"{source.name}, line {error.lineno}, column {error.colno}"
    raise PartitionError(
        Fault(place, "a spec file is JSON", found, "load a file that save() wrote")
    )


def formatted(value: Any, depth: int = 0, width: int = 120) -> str:
    """JSON in which whatever fits on a line is on one line.

    Examples
    --------
    >>> print(formatted({"name": "world", "members": [{"path": "a"}]}, width=30))
    {
      "name": "world",
      "members": [{"path": "a"}]
    }
    """
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    pad = "  " * (depth + 1)
    numbers = isinstance(value, (list, tuple)) and not isinstance(
        next(iter(value), 0), (dict, tuple)
    )
    if len(line) + len(pad) <= width or numbers or not isinstance(value, (dict, list, tuple)):
        return line
    if isinstance(value, dict):
        # A short value shares the line with its key, which the width does not count: a rough rule.
        lines = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {formatted(entry, depth + 1, width)}"
            for key, entry in value.items()
        ]
        opening, closing = "{}"
    else:
        lines = [pad + formatted(entry, depth + 1, width) for entry in value]
        opening, closing = "[]"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{'  ' * depth}{closing}"


def _with_suffix(path: str | PathLike[str]) -> Path:
    given = Path(path)
    if not given.suffix:
        given = given.with_name(given.name + ".json")
    elif given.suffix != ".json":
        raise SettingError(
            Fault(
                str(path),
                "a world is saved as a .json file",
                f"suffix {given.suffix!r}",
                f"use {given.name + '.json'!r}",
            )
        )
    # What a link points to is replaced, not the link.
    return given.resolve()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise PartitionError(
                Fault(
                    "the spec",
                    "a key occurs once in an object",
                    f"{key!r} twice",
                    "remove or rename one of them",
                )
            )
        found[key] = value
    return found


def _replace(path: Path, write: Callable[[BinaryIO], object]) -> str:
    """Write a file under another name, let it take its place, and return its digest."""
    if not path.parent.is_dir():
        # Said here, or the message would name the temporary file.
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist", str(path.parent))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        digest = _digest(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---------------------------------------------------------------------- arrays


def _write_arrays(file: BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> None:
    named: dict[str, Any] = {_MARK: np.array(1), **arrays}
    np.savez(file, **named)


def _refuse_foreign(path: Path) -> None:
    if not path.exists():
        return
    ours = zipfile.is_zipfile(path)
    if ours:
        with zipfile.ZipFile(path) as archive:
            ours = f"{_MARK}.npy" in archive.namelist()
    if not ours:
        raise SettingError(
            Fault(
                str(path),
                "large arrays are saved beside the JSON file, and nothing else is overwritten",
                "a file that save() did not write",
                "choose another name for the world, or move that file",
            )
        )


def _read_arrays(raw: Any, source: Path) -> dict[str, NDArray[Any]]:
    entry = raw.get("arrays_file") if isinstance(raw, dict) else None
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(name, str):
        return {}
    if Path(name).name != name:
        raise PartitionError(
            Fault(
                "arrays_file",
                "the arrays lie in the same folder",
                repr(name),
                "put the file beside this one and give its name",
            )
        )
    path = source.with_name(name)
    if not path.is_file():
        raise PartitionError(
            Fault(
                "arrays_file",
                "large arrays lie beside the JSON file",
                f"no file {name!r}",
                "keep both files together",
            )
        )
    if _digest(path) != entry.get("sha256"):
        raise PartitionError(
            Fault(
                "arrays_file",
                "the arrays were saved together with this file",
                f"another {name!r} than the one saved",
                "keep both files of one save together, or save again",
            )
        )
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise PartitionError(
            Fault(
                "arrays_file",
                f"{name!r} is an .npz file of plain arrays",
                str(error),
                "save the world again",
            )
        ) from None
