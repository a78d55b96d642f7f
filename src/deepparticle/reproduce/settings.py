"""How a reproduction is run: which seeds, which backend, how long."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Settings", "seeds_of"]


@dataclass(frozen=True)
class Settings:
    """How a reproduction is run.

    Parameters
    ----------
    seeds : tuple of int
        One network each.
    quick : bool
        A small version, which shows that everything works; its numbers are not judged.
    backend : str
        As of `deepparticle.Simulator`; ``auto`` takes the fastest that is installed and fits.
    dataset : str
        Of the faces.
    progress : bool
        Show progress bars.
    """

    seeds: tuple[int, ...]
    quick: bool = False
    backend: str = "auto"
    dataset: str = "lfw"
    progress: bool = False


def seeds_of(text: str) -> tuple[int, ...]:
    """Read seeds: a count, a list, or a range.

    Parameters
    ----------
    text : str
        ``"5"`` is the five seeds 0 … 4, ``"3,7"`` are these two, ``"10-14"`` these five.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        For anything else, no seed, or the same one twice.

    Examples
    --------
    >>> seeds_of("3"), seeds_of("4,2"), seeds_of("10-12")
    ((0, 1, 2), (4, 2), (10, 11, 12))
    """
    hint = "give a count (5), a list (3,7) or a range (10-14)"
    if re.fullmatch(r"\d+", text):
        found = tuple(range(int(text)))
    elif match := re.fullmatch(r"(\d+)-(\d+)", text):
        found = tuple(range(int(match[1]), int(match[2]) + 1))
    elif re.fullmatch(r"\d+(,\d+)*,?", text):
        found = tuple(int(part) for part in text.rstrip(",").split(","))
    else:
        raise ValueError(f"seeds are whole numbers ≥ 0 (got {text!r}); {hint}")
    if not found:
        raise ValueError(f"at least one seed is needed (got {text!r}); {hint}")
    if len(set(found)) < len(found):
        raise ValueError(f"each seed is a network of its own (got {text!r}); name each once")
    return found
