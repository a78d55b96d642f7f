"""``deepparticle teach``: the derivation in a terminal, step by step, on a world of one's own."""

from __future__ import annotations

import argparse
import cmd
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deepparticle.blankets.errors import Fault, PartitionError, SettingError, SettingTypeError
from deepparticle.blankets.naming import nearest
from deepparticle.derivation.argument import STEPS
from deepparticle.derivation.example import example_world
from deepparticle.derivation.trace import trace
from deepparticle.derivation.walk import Walk
from deepparticle.partitions.partition import Partition

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["Classroom", "add_command", "run_command"]

_REFUSALS = (PartitionError, SettingError, SettingTypeError)


class Classroom(cmd.Cmd):
    """The course, as commands that are typed in: ``help`` lists them.

    Parameters
    ----------
    course : Walk
    """

    prompt = "\nteach> "

    def __init__(self, course: Walk, **streams: object) -> None:
        super().__init__(**streams)  # type: ignore[arg-type]
        self.course = course

    # ------------------------------------------------------------------ going

    def do_next(self, line: str) -> None:
        """Go on to the next step (so does Enter)."""
        if self.course.step is STEPS[-1]:
            self._say("That was the last step. `quit` leaves; `list` shows them all.")
        else:
            self._show(self.course.forward())

    def do_back(self, line: str) -> None:
        """Go back to the step before."""
        self._show(self.course.back())

    def do_go(self, line: str) -> None:
        """Go to a step by its number or name: go STEP."""
        self._show(self.course.go(line))

    def do_list(self, line: str) -> None:
        """List all steps."""
        for number, one in enumerate(STEPS, start=1):
            mark = ">" if one is self.course.step else " "
            self._say(f"{mark}{number:>3}  {one.name:<26} {one.title}")

    def do_again(self, line: str) -> None:
        """Show this step again."""
        self._show(self.course)

    # ------------------------------------------------------------------ looking closer

    def do_proof(self, line: str) -> None:
        """Run the symbolic proof of this step."""
        proof = self.course.step.prove()
        self._say(str(proof) if proof else "This step is not a matter of algebra; see its check.")

    def do_counter(self, line: str) -> None:
        """Compute the case in which the manuscript's wording fails."""
        example = self.course.step.counterexample()
        self._say(str(example) if example else "The wording stands as it is.")

    def do_figure(self, line: str) -> None:
        """Draw this step into a file: figure [FILE]."""
        self._say(f"wrote {draw(self.course, Path(line.strip() or self.course.step.name))}")

    def do_trace(self, line: str) -> None:
        """Trace one step of inference and learning with live numbers: trace [SCHEDULE]."""
        schedule = line.strip() or "synchronous"
        self._say(str(trace(self.course.partition, schedule=schedule, seed=self.course.seed)))

    # ------------------------------------------------------------------ other numbers

    def do_set(self, line: str) -> None:
        """Set another number: set brain/eye.bias 1, or set a -> b -0.5, or set precision 2."""
        what, _, value = line.strip().rpartition(" ")
        try:
            number = float(value)
        except ValueError:
            self._say(f"{value!r} is no number; write, for example: set precision 0.5")
            return
        if not what:
            self._say("say what to set; write, for example: set precision 0.5")
            return
        self._show(self.course.set(what, number))

    def do_quit(self, line: str) -> bool:
        """Leave (so does the end of the input)."""
        return True

    def do_EOF(self, line: str) -> bool:  # noqa: N802 (the name that cmd calls)
        """Leave at the end of the input."""
        self._say("")
        return True

    # ------------------------------------------------------------------ how lines are read

    def emptyline(self) -> bool:
        """Enter goes on."""
        self.do_next("")
        return False

    def onecmd(self, line: str) -> bool:
        """Do what a line says; what is refused is said, and the course goes on."""
        try:
            return bool(super().onecmd(line))
        except _REFUSALS as error:
            self._say(str(error))
            return False

    def do_help(self, arg: str) -> None:
        """List the commands, or say what one does: help COMMAND."""
        if arg.strip() and not hasattr(self, f"do_{arg.strip()}"):
            self.default(arg)
        else:
            super().do_help(arg)

    def default(self, line: str) -> None:
        """A line that is no command: a number is a step; else the closest command is named."""
        word = line.split()[0]
        if word.isdecimal():
            self._show(self.course.go(word))
            return
        known = [name.removeprefix("do_") for name in self.get_names() if name.startswith("do_")]
        close = nearest(word, known, 1)
        hint = f"did you mean {close[0]!r}?" if close else "`help` lists the commands."
        self._say(f"there is no command {word!r}; {hint}")

    def _show(self, course: Walk) -> None:
        self._say(f"\n{course}")

    def _say(self, text: str) -> None:
        self.stdout.write(f"{text}\n")


def draw(course: Walk, path: Path) -> Path:
    """Draw the step that a course is at into a file, a PNG if its name has no suffix.

    Raises
    ------
    SettingError
        If it cannot be written, or for a suffix of no picture.
    """
    if path.is_dir():
        raise SettingError(
            Fault(
                "figure",
                "a figure is a file",
                f"the folder {path}",
                f"name a file in it, {path}/step.png",
            )
        )
    figure = course.figure()
    target = path if path.suffix else path.with_name(f"{path.name}.png")
    suffix, known = target.suffix[1:].lower(), sorted(figure.canvas.get_supported_filetypes())
    if suffix not in known:
        raise SettingError(
            Fault("figure", "a figure is a picture file", str(target), f"use {', '.join(known)}")
        )
    try:
        figure.savefig(target, dpi=150)
    except OSError as error:
        got = f"{target}: {error.strerror or error}"
        mend = "name a file in a folder that exists and can be written"
        raise SettingError(Fault("figure", "its file can be written", got, mend)) from None
    return target


def add_command(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``teach`` to the command line."""
    parser = commands.add_parser(
        "teach",
        help="the derivation step by step, on a world of your own",
        description="Go through the derivation in the terminal: every step with its equation, "
        "its assumptions, its check on your world, its proof and its counter-example. Enter goes "
        "on; `help` lists what else can be typed.",
    )
    parser.add_argument(
        "step", nargs="?", default=None, metavar="STEP", help="where to begin: a number or a name"
    )
    parser.add_argument(
        "--world", type=Path, metavar="FILE", help="a world as world.save() writes it"
    )
    parser.add_argument("--seed", type=int, default=0, help="for the states that checks draw")
    parser.add_argument("--list", action="store_true", help="list the steps and leave")
    parser.add_argument(
        "--once", action="store_true", help="show one step, with its proof, and leave"
    )
    parser.add_argument("--figure", type=Path, metavar="FILE", help="with --once: draw it, too")


def run_command(options: argparse.Namespace, say: Callable[[str], object] | None = None) -> int:
    """Carry out ``deepparticle teach``; returns the exit status."""
    write = say or _written
    try:
        world = _loaded(options.world) if options.world else example_world()
        course = Walk(world, 1 if options.step is None else options.step, options.seed)
        if options.figure and not options.once:
            raise SettingError(
                Fault(
                    "--figure",
                    "it is drawn with --once",
                    "a course without it",
                    "add --once, or type `figure FILE` on the way",
                )
            )
    except _REFUSALS as error:
        sys.stderr.write(f"deepparticle teach: {error}\n")
        return 2
    _speak_greek()
    room = Classroom(course)
    if options.list:
        room.do_list("")
        return 0
    if not options.once:
        try:
            room.cmdloop(f"{course}\n\nEnter goes on, `help` lists what else can be typed.")
        except KeyboardInterrupt:
            write("")
            return 130
        return 0
    write(str(course))
    for heading, command in (("Proof", "proof"), ("Counter-example", "counter")):
        write(f"\n{heading}")
        room.onecmd(command)
    if options.figure:
        try:
            write(f"wrote {draw(course, options.figure)}")
        except SettingError as error:
            sys.stderr.write(f"deepparticle teach: {error}\n")
            return 2
    return 0 if course.check.holds or course.check.broken else 1


def _loaded(path: Path) -> Partition:
    """A world from a file; what the system refuses is said as every other refusal."""
    from deepparticle.partitions.files.storage import load

    try:
        return load(path)
    except OSError as error:
        got = error.strerror or str(error)
        mend = "give the path of a file that world.save() wrote"
        raise SettingError(Fault(str(path), "a world is read from its file", got, mend)) from None


def _written(text: str) -> object:
    return sys.stdout.write(f"{text}\n")


def _speak_greek() -> None:
    """Where output is not Unicode (a file or pipe on Windows), make it so: equations need it."""
    try:
        "σ̇ ⟂ ✓".encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
