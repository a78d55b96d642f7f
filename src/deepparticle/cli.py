"""The command line: ``deepparticle demo``, ``teach``, ``lessons``, ``reproduce``, ``bench``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deepparticle._version import __version__

__all__ = ["main"]


def _seed(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"a seed is a whole number ≥ 0 (got {text})")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Build, teach and compile deep particular partitions.",
        epilog="Documentation: the docs folder and the docstrings (python -m pydoc deepparticle).",
    )
    parser.add_argument("--version", action="version", version=f"deepparticle {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    demo = commands.add_parser(
        "demo",
        help="learn and recall handwritten digits with a network compiled from objects",
        description="Build the digits network out of objects, check it, step a small world by "
        "hand, verify objects = kernel, learn ten digits, recall noisy and unseen ones, find "
        "attractors; "
        "print published | expected band | this run, and write a figure. Under a minute.",
    )
    demo.add_argument("--seed", type=_seed, default=0, help="for everything random (default: 0)")
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("deepparticle-demo"),
        metavar="FOLDER",
        help="folder for the figure and results.json (default: %(default)s)",
    )
    demo.add_argument("--quick", action="store_true", help="learn a tenth as long")
    from deepparticle.benchmarks.command import add_command as add_bench
    from deepparticle.derivation.command import add_command as add_teach
    from deepparticle.lessons.command import add_command as add_lessons
    from deepparticle.reproduce.command import add_command as add_reproduce

    add_teach(commands)
    add_lessons(commands)
    add_reproduce(commands)
    add_bench(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "bench":
        from deepparticle.benchmarks.command import run_command

        return run_command(options)
    if options.command == "reproduce":
        from deepparticle.reproduce.command import run_command as run_reproduce

        return run_reproduce(options)
    if options.command == "teach":
        from deepparticle.derivation.command import run_command as run_teach

        return run_teach(options)
    if options.command == "lessons":
        from deepparticle.lessons.command import run_command as run_lessons

        return run_lessons(options)
    from deepparticle.demo import run_demo

    # A file in the place of the folder is found out now, not after a minute of learning.
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(
            f"deepparticle: --out {options.out}: {error.strerror}; name a folder that can be "
            "written",
            file=sys.stderr,
        )
        return 2
    result = run_demo(options.seed, options.out, options.quick, progress=sys.stderr.isatty())
    complete = not options.quick and not result.run.interrupted
    if complete and not all(measure.inside for measure in result.measures):
        print(
            "deepparticle: a measure is outside its band (4 standard deviations)", file=sys.stderr
        )
        return 1
    return 130 if result.run.interrupted else 0
