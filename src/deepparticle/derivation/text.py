"""Text for a terminal: its width, and numbers as a person reads them."""

from __future__ import annotations

import textwrap

__all__ = ["WIDTH", "number_text", "wrapped"]

WIDTH = 88
"""Columns of text: what a terminal beside an editor has."""


def wrapped(text: str, indent: str = "") -> str:
    """Text in lines of at most `WIDTH` columns."""
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)


def number_text(value: float) -> str:
    """A number with as many digits as a person reads.

    Examples
    --------
    >>> number_text(0.123456789), number_text(-0.0), number_text(1234567.0)
    ('0.12346', '0', '1.2346e+06')
    """
    return f"{value + 0.0:.5g}"
