"""The command ``deepparticle reproduce``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from deepparticle.blankets.errors import SettingError
from deepparticle.compile.backends.choosing import BACKENDS
from deepparticle.reproduce.settings import seeds_of
from deepparticle.reproduce.simulations import SIMULATIONS
from deepparticle.reproduce.suite import reproduce

__all__ = ["add_command", "run_command"]

_FOLDER = Path("deepparticle-paper")


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return seeds_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_command(commands: Any) -> None:
    """Add ``reproduce`` to the commands of an argument parser."""
    listed = "; ".join(f"{name}: {each.title}" for name, each in SIMULATIONS.items())
    command = commands.add_parser(
        "reproduce",
        help="run a simulation of the paper and hold it against the published numbers",
        description="Run a simulation of Spisak & Friston (2026) and write figures (PNG and SVG), "
        "results.json and report.md: published numbers beside this run's, with their spread, what "
        "simpler methods score on the same data, and which statements hold. A run that was "
        f"interrupted goes on where it was when it is called again. {listed}.",
    )
    command.add_argument(
        "name",
        choices=(*SIMULATIONS, "all"),
        metavar="NAME",
        help=f"{', '.join(SIMULATIONS)}, or all",
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help="a small version in seconds; its numbers are not judged",
    )
    command.add_argument(
        "--seeds",
        type=_seeds,
        metavar="SEEDS",
        help="networks to run: a count (5 is 0 … 4), a list (3,7) or a range (10-14)",
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help=f"folder for what is written (default: {_FOLDER}/NAME; with all: {_FOLDER}, with one "
        "folder for each)",
    )
    command.add_argument(
        "--backend", choices=BACKENDS, default="auto", help="what runs it (default: %(default)s)"
    )
    command.add_argument(
        "--dataset",
        choices=("lfw", "olivetti"),
        default="lfw",
        help="the faces: lfw comes with scikit-image, olivetti is downloaded (default: lfw)",
    )
    command.add_argument(
        "--fresh", action="store_true", help="compute everything again, whatever is in the folder"
    )


def run_command(options: argparse.Namespace) -> int:
    """Run ``reproduce``; returns the exit status."""
    names = tuple(SIMULATIONS) if options.name == "all" else (options.name,)
    # A line is shown at once, also in a pipe.
    say = partial(print, flush=True)
    outside: list[str] = []
    failed = False
    for name in names:
        given: Path | None = options.out
        folder = given if given and options.name != "all" else (given or _FOLDER) / name
        try:
            # A file in the place of the folder is found out now, not after a minute of learning.
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            print(
                f"deepparticle: --out {folder}: {error.strerror}; name a folder that can be "
                "written",
                file=sys.stderr,
            )
            return 2
        try:
            done = reproduce(
                name,
                folder,
                quick=options.quick,
                seeds=options.seeds,
                backend=options.backend,
                dataset=options.dataset,
                fresh=options.fresh,
                say=say,
                progress=sys.stderr.isatty(),
            )
        except KeyboardInterrupt:
            print(
                f"deepparticle: interrupted; what is done is kept in {folder / 'parts'}, and the "
                "same command goes on from there",
                file=sys.stderr,
            )
            return 130
        except (ImportError, OSError, SettingError) as error:
            # Something is not installed or cannot be had: the others of "all" go on without it.
            print(f"deepparticle: {name}: {error}", file=sys.stderr)
            failed = True
            continue
        outside += [f"{name}: {measure}" for measure in done.outside]
    if outside:
        print(f"deepparticle: outside their bands: {'; '.join(outside)}", file=sys.stderr)
    return 2 if failed else 1 if outside else 0
