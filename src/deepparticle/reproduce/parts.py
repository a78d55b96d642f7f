"""Parts of a long computation, each kept on disk as soon as it is done.

A part is a function of its parameters (its seed among them). What it returned is written to one
``.npz`` file, together with the parameters; when the same part is asked for again, with the same
parameters and the same version of the library, it is read instead. So a run that was interrupted
goes on where it was, and one that is complete is only drawn again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from tqdm.auto import tqdm

from deepparticle._version import __version__

__all__ = ["Arrays", "Part", "completed", "compute"]

Arrays = dict[str, Any]
"""Arrays and numbers by name."""

_KEY = "parameters_of_this_part"


def completed(run: Any) -> Any:
    """The run, if nobody interrupted it: a simulator returns what it has at Ctrl-C."""
    if run.interrupted:
        raise KeyboardInterrupt
    return run


@dataclass(frozen=True)
class Part:
    """One part.

    Parameters
    ----------
    name : str
        Its file, and what the progress bar says.
    make : callable
        Computes it: ``make()`` returns a dict of arrays and numbers.
    parameters : mapping
        Everything on which the result depends, as JSON understands it.
    weight : float
        How long it takes, relative to the others: for the time left.
    """

    name: str
    make: Callable[[], Arrays]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0

    @property
    def key(self) -> str:
        """Parameters and version, as a text to compare."""
        given = {"version": __version__, **self.parameters}
        return json.dumps(given, sort_keys=True)


def compute(
    parts: Sequence[Part],
    folder: Path | None,
    *,
    fresh: bool = False,
    progress: bool = False,
    title: str = "",
) -> dict[str, Arrays]:
    """Compute all parts, or read those that are there.

    Parameters
    ----------
    parts : sequence of Part
        With names of their own.
    folder : path or None
        Where they are kept; None keeps nothing.
    fresh : bool
        Compute all of them again.
    progress : bool
        Show a bar with the time left.
    title : str
        In front of the bar.

    Returns
    -------
    dict of str to dict
        What each part returned, by its name.

    Examples
    --------
    >>> compute([Part("half", lambda: {"value": 0.5})], None)
    {'half': {'value': 0.5}}
    """
    found: dict[str, Arrays] = {}
    kept = {} if fresh or folder is None else {part.name: _read(part, folder) for part in parts}
    open_ = [part for part in parts if kept.get(part.name) is None]
    # What is read takes no time, and must not make the time left look shorter than it is.
    with tqdm(
        total=sum(part.weight for part in open_),
        desc=title,
        disable=not progress or not open_,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left{postfix}",
    ) as bar:
        for part in parts:
            have = kept.get(part.name)
            if have is None:
                bar.set_postfix_str(part.name)
                have = part.make()
                if folder is not None:
                    _write(part, have, folder)
                bar.update(part.weight)
            found[part.name] = have
    return found


def _path(part: Part, folder: Path) -> Path:
    return folder / f"{part.name}.npz"


def _read(part: Part, folder: Path) -> Arrays | None:
    """What is kept of a part; None if there is nothing, or nothing that fits."""
    try:
        with _path(part, folder).open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if str(file[_KEY]) != part.key:
                return None
            return {name: _plain(file[name]) for name in file.files if name != _KEY}
    except (OSError, KeyError, ValueError, EOFError, BadZipFile):
        return None  # none yet, or one that was cut off: it is made again


def _plain(array: Any) -> Any:
    return array if array.ndim else array.item()


def _write(part: Part, arrays: Arrays, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(part, folder)
    # Under another name until it is complete, so that no half of a part is ever read.
    unfinished = path.with_suffix(".unfinished.npz")
    content: dict[str, Any] = {_KEY: np.array(part.key), **arrays}
    np.savez(unfinished, **content)
    unfinished.replace(path)
