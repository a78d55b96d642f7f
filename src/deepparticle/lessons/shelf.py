"""Where the lessons are, what they are called, and what they compute."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.naming import nearest

__all__ = ["Lesson", "find_lesson", "is_control", "lessons", "require_marimo"]

# Beside this file in an installed package, in the examples of a checkout.
_FOLDERS = (
    Path(__file__).with_name("notebooks"),
    Path(__file__).resolve().parents[3] / "examples" / "lessons",
)
_HEAD = re.compile(r"Lesson (\d+): (.+?)\. ")


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Parameters
    ----------
    number : int
    title : str
    path : Path
        Its notebook, a Python file.
    """

    number: int
    title: str
    path: Path

    @property
    def name(self) -> str:
        """The name of its file, ``03_two_subparticles``."""
        return self.path.stem

    def app(self) -> Any:
        """The marimo app of the notebook.

        Raises
        ------
        SettingError
            Without marimo.
        """
        require_marimo()
        spec = spec_from_file_location(f"deepparticle_lesson_{self.number}", self.path)
        assert spec is not None  # it is the path of a Python file
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.app

    def run(self, values: Mapping[str, Any] | None = None) -> tuple[list[Any], dict[str, Any]]:
        """Run every cell without a browser.

        Parameters
        ----------
        values : mapping, optional
            What sliders and menus are set to, by the names that they have in the notebook; the
            others stay as they are.

        Returns
        -------
        outputs : list
            What each cell shows, in the order of the cells.
        definitions : dict
            What the cells define, by name.
        """
        app = self.app()
        if not values:
            outputs, found = app.run()
            return list(outputs), {name: found[name] for name in found}
        controls = _as_it_opens(self)
        unknown = sorted(set(values) - set(controls))
        if unknown:
            raise SettingError(
                Fault(
                    f"lesson {self.number}",
                    f"what can be set is {', '.join(controls)}",
                    ", ".join(unknown),
                    "give the name of a slider or menu",
                )
            )
        given = {name: _Set(values.get(name, value)) for name, value in controls.items()}
        outputs, found = app.run(defs=given)
        return list(outputs), {name: found[name] for name in found} | given


@cache
def _as_it_opens(lesson: Lesson) -> dict[str, Any]:
    """What its controls are set to, by name; the whole lesson runs once in order to know."""
    _, found = lesson.app().run()
    return {name: found[name].value for name in found if is_control(found[name])}


@dataclass(frozen=True)
class _Set:
    """A control at a value."""

    value: Any


def is_control(value: object) -> bool:
    """Whether something that a cell defines is a slider, a menu or another control."""
    import marimo

    ui = marimo.ui
    kinds = (ui.slider, ui.dropdown, ui.switch, ui.checkbox, ui.radio, ui.number, ui.button)
    return isinstance(value, kinds)


def require_marimo() -> None:
    """Raise a `SettingError` that names the extra, if marimo is not installed."""
    try:
        import marimo  # noqa: F401
    except ImportError:
        raise SettingError(
            Fault(
                "lessons",
                "lessons are run by marimo",
                "marimo is not installed",
                'pip install "deepparticle[lessons]"',
            )
        ) from None


def lessons() -> tuple[Lesson, ...]:
    """All lessons, in order.

    Examples
    --------
    >>> [lesson.number for lesson in lessons()][:3]
    [1, 2, 3]
    """
    folder = next((one for one in _FOLDERS if one.is_dir()), None)
    found = []
    for path in sorted(folder.glob("[0-9]*.py")) if folder else ():
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        head = _HEAD.match(text)
        if head:
            found.append(Lesson(int(head[1]), head[2], path))
    return tuple(sorted(found, key=lambda one: one.number))


def find_lesson(reference: str | int) -> Lesson:
    """A lesson by its number, or by the name of its file.

    Raises
    ------
    SettingError
        If there is none; the message names those that there are.

    Examples
    --------
    >>> find_lesson(3).title
    'two subparticles, exactly'
    """
    shelf = lessons()
    for lesson in shelf:
        name = lesson.name.partition("_")[2]
        if str(reference).lstrip("0") in (str(lesson.number), lesson.name.lstrip("0"), name):
            return lesson
    names = [lesson.name for lesson in shelf]
    close = nearest(str(reference), names, 1)
    raise SettingError(
        Fault(
            "lessons",
            f"there are lessons 1 to {len(shelf)}",
            repr(reference),
            f"did you mean {close[0]!r}?" if close else "`deepparticle lessons` lists them",
        )
    )
