"""Names and paths: what members and registered things may be called, and what a typo meant."""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable

from deepparticle.blankets.errors import (
    Fault,
    PartitionError,
    SettingError,
    SettingTypeError,
    UnknownPathError,
)

__all__ = [
    "SEPARATOR",
    "checked_name",
    "checked_registration",
    "name_fault",
    "nearest",
    "unknown_path",
]

SEPARATOR = "/"
"""Between the names of a path: ``"brain/a"``."""


def name_fault(name: object, where: str) -> Fault | None:
    """Say what is wrong with `name`, if anything.

    Examples
    --------
    >>> name_fault("a", "world") is None
    True
    >>> print(name_fault("", "world"))
    world: a name is not empty (got ''). Mend: give the member a name.
    """
    if not isinstance(name, str):
        return Fault(where, "a name is a string", repr(name), f"use {str(name)!r}")
    if not name.strip():
        return Fault(where, "a name is not empty", repr(name), "give the member a name")
    if SEPARATOR in name:
        mend = f"use {name.replace(SEPARATOR, '_')!r}, or nest partitions"
        return Fault(
            where, "a name has no '/', which separates the names of a path", repr(name), mend
        )
    return None


def checked_name(name: object, where: str) -> str:
    """Return `name` if it is lawful.

    Raises
    ------
    PartitionError
        If the name is empty or contains ``"/"``.
    SettingTypeError
        If it is not a string.

    Examples
    --------
    >>> checked_name("left", "world")
    'left'
    """
    fault = name_fault(name, where)
    if fault is not None:
        raise PartitionError(fault) if isinstance(name, str) else SettingTypeError(fault)
    return str(name)


def checked_registration(
    name: object, taken: Container[str], where: str, what: str, mend: str
) -> str:
    """Return the name under which something is registered: a string of its own, not one of ours.

    Parameters
    ----------
    name : object
        What was given.
    taken : container of str
        The names that come with the library.
    where, what : str
        Who registers it, and what it is: ``"a rule"``.
    mend : str
        How to give a name.

    Raises
    ------
    SettingTypeError
        If it is not a string, or empty.
    SettingError
        If it comes with the library.

    Examples
    --------
    >>> checked_registration("oja", {"hebbian"}, "register_learning_rule", "a rule", "name it")
    'oja'
    """
    if not isinstance(name, str) or not name:
        raise SettingTypeError(Fault(where, f"{what} has a name, a string", repr(name), mend))
    if name in taken:
        rule = f"{name!r} comes with the library"
        raise SettingError(Fault(where, rule, repr(name), "choose another name"))
    return name


def nearest(name: str, candidates: Iterable[str], count: int = 3) -> list[str]:
    """The candidates most like `name`, best first.

    Examples
    --------
    >>> nearest("brian/a", ["brain/a", "brain/b", "scene"])
    ['brain/a', 'brain/b']
    """
    return difflib.get_close_matches(name, list(candidates), n=count, cutoff=0.5)


def unknown_path(where: str, path: str, candidates: Iterable[str]) -> UnknownPathError:
    """The error for a path that leads nowhere, with the nearest names.

    Examples
    --------
    >>> print(unknown_path("world", "brian", ["brain", "scene"]))
    world: a path names an existing object (got 'brian'). Mend: did you mean 'brain'?
    """
    known = list(candidates)
    close = nearest(path, known)
    if close:
        mend = "did you mean " + " or ".join(repr(name) for name in close) + "?"
    elif known:
        some = ", ".join(repr(name) for name in known[:5])
        mend = f"known paths are {some}{', …' if len(known) > 5 else ''}"
    else:
        mend = "it is empty: add a member first"
    return UnknownPathError(Fault(where, "a path names an existing object", repr(path), mend))
