"""All pages of the site, written to one folder, and the navigation on the index."""

from __future__ import annotations

import ast
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import deepparticle
from sitepages.derivation import derivation_page
from sitepages.lessons import lesson_pages
from sitepages.links import ROOT, linked_files, page_name, rewritten
from sitepages.reference import module_pages, name_pages

__all__ = ["NAVIGATION", "write_pages"]

NAVIGATION = {
    "User guide": (
        "At a glance <project/readme>",
        "tour",
        "how-to",
        "extending",
        "gallery",
        "examples/index",
    ),
    "Lessons": ("lessons/index", "derivation"),
    "Theory": ("theory", "readers-of-the-paper", "glossary", "reproduction"),
    "Reference": ("reference/index",),
    "Project": (
        "limitations",
        "benchmarks",
        "design-principles",
        "project/contributing",
        "project/changelog",
    ),
}
MARK = "computed-from"  # the file that says of what the computed pages were made
OUTSIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def navigation() -> str:
    """The tables of contents of the site, which a code host would show as they are written."""
    parts = (
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```\n"
        for caption, names in NAVIGATION.items()
    )
    return "\n" + "\n".join(parts)


def first_line(path: Path) -> str:
    """What a module says first, without its stop."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].rstrip(".")


def shown(path: PurePosixPath) -> str:
    """A page that shows a file of the checkout, or lists the modules of a folder."""
    if (ROOT / path).is_dir():
        modules = sorted(one for one in (ROOT / path).rglob("*.py") if first_line(one))
        rows = (f"- `{one.relative_to(ROOT).as_posix()}`: {first_line(one)}\n" for one in modules)
        return f"---\norphan: true\nnosearch: true\n---\n\n# `{path}`\n\n{''.join(rows)}"
    language = {".py": "python", ".cff": "yaml"}.get(path.suffix, "text")
    code = (ROOT / path).read_text(encoding="utf-8")
    return f"---\norphan: true\nnosearch: true\n---\n\n# `{path}`\n\n````{language}\n{code}````\n"


def shown_example(path: Path) -> str:
    """A page that shows a script: what its docstring says, and all of it."""
    code = path.read_text(encoding="utf-8")
    return (
        f"# {first_line(path)}\n\n`{path.relative_to(ROOT).as_posix()}`\n\n````python\n{code}````\n"
    )


def example_pages() -> Iterator[tuple[str, str]]:
    scripts = sorted((ROOT / "examples").glob("*.py"))
    listing = "# Examples\n\nScripts that tell what they show; each takes seconds.\n\n"
    listing += "```{toctree}\n:maxdepth: 1\n\n"
    for script in scripts:
        title = " ".join(script.stem.split("_")[1:]).capitalize()
        listing += f"{title} <{script.stem}>\n"
    yield "examples/index.md", listing + "```\n"
    for script in scripts:
        yield f"examples/{script.stem}.md", shown_example(script)


def written_pages() -> Iterator[tuple[str, str]]:
    """The pages of docs/ and the documents at the root of the checkout, and what they link to."""
    linked: set[PurePosixPath] = set()
    for path in [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in OUTSIDE)]:
        text = path.read_text(encoding="utf-8")
        linked |= set(linked_files(text, path))
        name = page_name(PurePosixPath(path.relative_to(ROOT).as_posix()))
        text = rewritten(text, path, name)
        yield f"{name}.md", text + (navigation() if str(name) == "index" else "")
    for file in sorted(linked):
        yield f"{page_name(file)}.md", shown(file)


def fingerprint() -> str:
    """What computed pages depend on: the lessons, the library, and how pages are made."""
    package = Path(deepparticle.__file__).parent
    rooms = [(package / room).resolve() for room in ("blankets", "agents", "partitions", "compile")]
    folders = [package, *rooms, ROOT / "examples" / "lessons", Path(__file__).parent]
    files = sorted({path for folder in folders for path in folder.rglob("*.py")})
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def computed_pages(folder: Path) -> Iterator[tuple[str, str]]:
    """The lessons and the derivation; run again only if something has changed that they run."""
    mark = folder / MARK
    if mark.exists() and mark.read_text(encoding="utf-8") == fingerprint():
        for path in [*sorted((folder / "lessons").glob("*.md")), folder / "derivation.md"]:
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
    else:
        yield from lesson_pages(folder)
        yield derivation_page(folder)


def all_pages(folder: Path) -> Iterator[tuple[str, str]]:
    yield from written_pages()
    yield from example_pages()
    yield from computed_pages(folder)
    for pages in (name_pages(), module_pages()):
        yield from ((f"{name}.rst", text) for name, text in pages)


def write_pages(folder: Path) -> int:
    """Write every page and picture to a folder, touching only what has changed.

    Returns
    -------
    int
        How many pages there are. Pages of an earlier call that are no more are deleted.
    """
    pages = dict(all_pages(folder))
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    for path in [*folder.rglob("*.md"), *folder.rglob("*.rst")]:
        if path.relative_to(folder).as_posix() not in pages:
            path.unlink()
    (folder / MARK).write_text(fingerprint(), encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "images", folder / "images", dirs_exist_ok=True)
    return len(pages)
