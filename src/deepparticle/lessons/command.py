"""``deepparticle lessons``: list the lessons, and run one as an app in the browser."""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.lessons.shelf import find_lesson, lessons, require_marimo

__all__ = ["add_command", "run_command"]

_HOST = "127.0.0.1"


def add_command(commands: Any) -> None:
    """Add ``lessons`` to the commands of an argument parser."""
    command = commands.add_parser(
        "lessons",
        help="nine lessons with sliders, as apps in the browser",
        description="List the lessons, or run one as an app: it opens in the browser, is served "
        "to this machine only, and ends with Ctrl-C.",
    )
    command.add_argument(
        "lesson", nargs="?", metavar="LESSON", help="a number or a name; without it, the list"
    )
    command.add_argument(
        "--edit",
        action="store_true",
        help="copy the notebook into this folder, and open it with its code",
    )
    command.add_argument("--port", type=int, metavar="PORT", help="where it is served")
    command.add_argument(
        "--headless", action="store_true", help="serve it without opening a browser"
    )


def run_command(options: argparse.Namespace) -> int:
    """Carry out ``deepparticle lessons``; returns the exit status."""
    if options.lesson is None:
        shelf = lessons()
        width = max((len(lesson.name) for lesson in shelf), default=0)
        for lesson in shelf:
            sys.stdout.write(f"{lesson.number:>3}  {lesson.name:<{width}}  {lesson.title}\n")
        sys.stdout.write("\ndeepparticle lessons 1 runs the first as an app in the browser.\n")
        return 0
    try:
        lesson = find_lesson(options.lesson)
        require_marimo()
        _require_free(options.port)
    except SettingError as error:
        sys.stderr.write(f"deepparticle lessons: {error}\n")
        return 2
    path, mode = lesson.path, "run"
    if options.edit:
        mode, path = "edit", Path(lesson.path.name)
        if not path.exists():  # a copy that somebody worked on is theirs
            try:
                shutil.copyfile(lesson.path, path)
            except OSError as error:
                got = error.strerror or str(error)
                mend = "go to a folder that can be written"
                fault = Fault(str(path), "the notebook is copied into this folder", got, mend)
                sys.stderr.write(f"deepparticle lessons: {fault}\n")
                return 2
        sys.stdout.write(f"{path} is yours to change.\n")
    served = ["--host", _HOST]
    served += ["--port", str(options.port)] if options.port is not None else []
    served += ["--headless"] if options.headless else []
    try:
        return subprocess.run(
            [sys.executable, "-P", "-m", "marimo", mode, str(path), *served], check=False
        ).returncode
    except KeyboardInterrupt:
        return 130


def _require_free(port: int | None) -> None:
    """Raise a `SettingError` unless something can be served at a port of this machine."""
    if port is None:
        return
    if not 1 <= port <= 65535:
        got, rule = f"{port}", "a port is a number from 1 to 65535"
    else:
        with socket.socket() as trial:
            # As the server does it: a port that was left a moment ago is free.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((_HOST, port))
            except OSError as error:
                got, rule = f"port {port}: {error.strerror}", "the port is free"
            else:
                return
    raise SettingError(Fault("--port", rule, got, "give another, or none: then one is found"))
