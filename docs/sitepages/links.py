"""Links: what a path of the checkout is in the site.

A page of ``docs/`` has its own name, a document at the root of the checkout a page under
``project/``, a script of ``examples/`` one under ``examples/``, a lesson one under ``lessons/``,
and any other file one under ``source/`` that shows it. Links of a page are rewritten accordingly,
all else is left as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["ROOT", "linked_files", "page_name", "rewritten"]

ROOT = Path(__file__).resolve().parents[2]

_LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=(?:#[^)\s]*)?\))")
_FENCED = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def page_name(path: PurePosixPath) -> PurePosixPath:
    """The page or the file of the site for a path of the checkout, without the suffix of a page.

    Examples
    --------
    >>> from pathlib import PurePosixPath as Path
    >>> [str(page_name(Path(name))) for name in ("docs/tour.md", "README.md", "examples")]
    ['tour', 'project/readme', 'examples/index']
    >>> str(page_name(Path("examples/lessons/03_two_subparticles.py")))
    'lessons/03_two_subparticles'
    >>> str(page_name(Path("agents/spin.py"))), str(page_name(Path("docs/images/digits.png")))
    ('source/agents/spin', 'images/digits.png')
    """
    if path == PurePosixPath("docs"):
        return PurePosixPath("index")
    if path.parts[0] == "docs" and path.suffix in (".md", ".png"):
        inside = path.relative_to("docs")
        return inside.with_suffix("") if path.suffix == ".md" else inside
    if path.parts[:2] == ("examples", "lessons"):
        path = path.relative_to("examples")
    if path.parts[0] in ("examples", "lessons"):
        return path.with_suffix("") if path.suffix else path / "index"
    if path.suffix == ".md":
        return PurePosixPath("project", path.stem.lower())
    if (ROOT / path).is_dir():
        return PurePosixPath("source", path, "index")
    return PurePosixPath("source") / (path.with_suffix("") if path.suffix == ".py" else path)


def _targets(text: str, origin: Path) -> Iterator[tuple[re.Match[str], PurePosixPath]]:
    """The links of a page that lead to a file or folder of the checkout."""
    code = [match.span() for match in _FENCED.finditer(text)]
    for match in _LINK.finditer(text):
        path = (origin.parent / match[1]).resolve()
        inside = any(start <= match.start() < end for start, end in code)
        if not inside and path.exists() and path.is_relative_to(ROOT):
            yield match, PurePosixPath(path.relative_to(ROOT).as_posix())


def linked_files(text: str, origin: Path) -> Iterator[PurePosixPath]:
    """The files and folders to which a page links and that need a page to be shown on."""
    for _, path in _targets(text, origin):
        if page_name(path).parts[0] == "source":
            yield path


def rewritten(text: str, origin: Path, name: PurePosixPath) -> str:
    """The text of the page at `origin`, with links that hold where the site has it, at `name`."""
    for match, path in reversed(list(_targets(text, origin))):
        target = page_name(path)
        there = str(target) if target.suffix == ".png" else f"{target}.md"
        link = os.path.relpath(there, name.parent).replace(os.sep, "/")
        text = text[: match.start()] + link + text[match.end() :]
    return text
