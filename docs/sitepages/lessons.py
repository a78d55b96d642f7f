"""Lessons as pages: each notebook is run, and what its cells show is written down.

Text is taken over as it was computed, figures become pictures, sliders and menus are named with
the value at which the page shows the lesson, and answers are folded away. The code is linked, not
repeated: a lesson is read for what it says.
"""

from __future__ import annotations

import ast
import html
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deepparticle.lessons import Lesson, is_control, lessons

__all__ = ["lesson_pages"]

_NOTE = (
    "```{{note}}\nThis page shows the lesson as it opens. With `deepparticle lessons {number}` it "
    'runs in your browser, and its sliders move (`pip install "deepparticle[lessons]"`).\n```\n'
)


def lesson_pages(folder: Path) -> Iterator[tuple[str, str]]:
    """The pages of all lessons, ``lessons/…md``; their pictures are written below `folder`."""
    shelf = lessons()
    listing = "# Lessons\n\nNine lessons, each with a question; they build on one another.\n\n"
    listing += "```{toctree}\n:maxdepth: 1\n\n" + "".join(f"{one.name}\n" for one in shelf)
    yield "lessons/index.md", listing + "```\n"
    for lesson in shelf:
        yield f"lessons/{lesson.name}.md", _page(lesson, folder / "lessons")


def _page(lesson: Lesson, folder: Path) -> str:
    outputs, found = lesson.run()
    parts: list[str] = []
    for number, (names, output) in enumerate(zip(_names_of_cells(lesson), outputs, strict=True)):
        answers = [name for name in names if name.startswith("answer")]
        if answers:
            question = found[answers[0].replace("answer", "question")]
            parts.append(_text(question))
            # A code host and MyST both read Markdown between lines of HTML.
            parts += ["<details><summary>Answer</summary>", _text(found[answers[0]]), "</details>"]
        elif hasattr(output, "savefig"):
            picture = f"{lesson.name}-{number}.png"
            folder.mkdir(parents=True, exist_ok=True)
            output.savefig(folder / picture, dpi=130)
            parts.append(f"![]({picture})")
        elif hasattr(output, "_repr_markdown_"):
            parts.append(_text(output))
        else:
            controls = [found[name] for name in names if is_control(found[name])]
            if controls:
                parts.append("\n".join(f"- *{_label(one)}*: {one.value}" for one in controls))
    title, _, rest = parts[0].partition("\n")
    return "\n\n".join([title, _NOTE.format(number=lesson.number), rest, *parts[1:]]) + "\n"


def _label(control: Any) -> str:
    """What stands beside a slider: it is in its HTML, as JSON."""
    label = re.search(r"data-label='([^']*)'", control.text)
    shown = json.loads(html.unescape(label[1])) if label else ""
    return re.sub(r"<[^>]+>", "", shown).strip()


def _text(shown: Any) -> str:
    return inspect.cleandoc(shown._repr_markdown_())


def _names_of_cells(lesson: Lesson) -> Iterator[list[str]]:
    """The names that each cell returns, in order."""
    for node in ast.parse(lesson.path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):  # a notebook defines nothing but its cells
            last = node.body[-1]
            value = last.value if isinstance(last, ast.Return) else None
            yield [one.id for one in getattr(value, "elts", []) if isinstance(one, ast.Name)]
