"""The command ``deepparticle bench``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from deepparticle.benchmarks.suite import WORKS, run_benchmarks

__all__ = ["add_command", "run_command"]


def _repeats(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"repetitions are a whole number ≥ 1 (got {text})")
    return number


def add_command(commands: Any) -> None:
    """Add ``bench`` to the commands of an argument parser."""
    bench = commands.add_parser(
        "bench",
        help="measure how fast everything is, beside yardsticks on the same machine",
        description="Time every backend in turns with its yardstick (a hand-written C program, the "
        "matrix products behind NumPy, thrml), print a table, and write a page, figures and the "
        "raw numbers. What a machine does not have is left out, with a word why. The exit status "
        "says whether everything could be measured, not whether goals were reached. Takes about a "
        "quarter of an hour; keep the machine quiet.",
    )
    bench.add_argument(
        "--only",
        nargs="+",
        choices=tuple(WORKS),
        default=(),
        metavar="NAME",
        help=f"measure only these: {', '.join(WORKS)}",
    )
    bench.add_argument(
        "--quick",
        action="store_true",
        help="small sizes, which show that everything works; goals are not judged",
    )
    bench.add_argument(
        "--repeats",
        type=_repeats,
        metavar="COUNT",
        help="repetitions of each measurement (default: 5; 3 with --quick)",
    )
    bench.add_argument(
        "--out",
        type=Path,
        default=Path("deepparticle-benchmarks"),
        metavar="FOLDER",
        help="folder for benchmarks.md, benchmarks.json and images (default: %(default)s)",
    )


def run_command(options: argparse.Namespace) -> int:
    """Run ``bench``; returns the exit status."""
    result = run_benchmarks(
        options.only,
        options.out,
        quick=options.quick,
        repeats=options.repeats,
        # A line that is measured is shown at once, also in a pipe.
        say=partial(print, flush=True),
        progress=sys.stderr.isatty(),
    )
    if result.interrupted:
        return 130
    return 1 if result.failed else 0
