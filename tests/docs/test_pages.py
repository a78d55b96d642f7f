"""The pages: their code runs and prints what they say, and every link and name leads somewhere.

A page is run as one program in an interpreter of its own, so that what it registers, draws or
interrupts stays there. The program has the lines of the page, with everything but code left blank:
a traceback names the line of the page. After a change that is meant,
``python tests/docs/test_pages.py`` writes what the blocks print into the pages.
"""

import doctest
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import deepparticle as dp

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXECUTED = ("tour", "how-to", "extending")

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]*)\)")
BETWEEN = "\0"

# Whoever runs the tests in the background of a shell may have Ctrl-C ignored, which is inherited.
LISTENING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); del signal"


class Block(NamedTuple):
    """A block of code, and the block of text below it that says what the code prints."""

    line: int
    code: str
    printed: re.Match[str] | None


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[Block]:
    fences = list(FENCE.finditer(text))
    for fence, after in zip_longest(fences, fences[1:]):
        if fence[1] == "python":
            below = after is not None and not text[fence.end() : after.start()].strip()
            printed = after if below and after is not None and after[1] == "text" else None
            yield Block(text[: fence.start()].count("\n") + 1, fence[2], printed)


def program(text: str) -> str:
    """The code of a page at its own lines; a mark is printed after each block."""
    lines = [LISTENING] + [""] * text.count("\n")  # the first line of a page is its title
    for block in blocks(text):
        code = [*block.code.splitlines(), f"print({BETWEEN!r}, end='')"]
        lines[block.line : block.line + len(code)] = code
    return "\n".join(lines) + "\n"


def run(page: Path, folder: Path) -> list[str]:
    """What each block of a page prints."""
    text = page.read_text(encoding="utf-8")
    script = folder / page.with_suffix(".py").name
    script.write_text(program(text), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-P", "-W", "error", script.name],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, f"{relative(page)}:\n{result.stderr}"
    return result.stdout.split(BETWEEN)[:-1]


@pytest.mark.parametrize("name", EXECUTED)
def test_code_prints_what_the_page_says(name: str, tmp_path: Path) -> None:
    page = ROOT / "docs" / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    checker = doctest.OutputChecker()
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    for block, got in zip(blocks(text), run(page, tmp_path), strict=True):
        where = f"{relative(page)}, line {block.line}"
        if block.printed is None:
            assert not got, f"{where} prints what the page does not show:\n{got}"
        else:
            want = block.printed[2]
            assert checker.check_output(want, got, options), f"{where} prints:\n{got}\nnot:\n{want}"


def test_code_on_other_pages_is_run_too() -> None:
    shown = {relative(page) for page in PAGES if any(blocks(page.read_text(encoding="utf-8")))}
    assert shown == {"README.md", *(f"docs/{name}.md" for name in EXECUTED)}


def anchors(page: Path) -> set[str]:
    """The anchors that a code host gives to the headings of a page."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{relative(page)} links to {link}, which does not exist"
        assert target.is_relative_to(ROOT)
        assert not anchor or anchor in anchors(target), f"{relative(page)}: no heading for {link}"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_public_names_exist(page: Path) -> None:
    for name in re.findall(r"\bdp((?:\.[A-Za-z_]\w*)+)", page.read_text(encoding="utf-8")):
        found: Any = dp
        for part in name.split(".")[1:]:
            assert hasattr(found, part), f"{relative(page)} mentions dp{name}, which does not exist"
            found = getattr(found, part)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_files_that_are_named_exist(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for name in re.findall(r"`((?:[\w-]+/)+[\w-]+\.\w+)`", text):
        assert (ROOT / name).exists(), f"{relative(page)} names {name}, which does not exist"


def test_the_index_leads_to_every_page_and_example() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / link).resolve() for link in LINK.findall(text)}
    pages = {page for page in PAGES if page.name != "index.md"}
    assert linked >= pages | set((ROOT / "examples").glob("*.py"))


def rewrite(page: Path) -> None:
    """Write what the blocks of a page print into the blocks of text below them."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        printed = run(page, Path(folder))
    # From the end, so that the places of earlier blocks stay.
    for block, got in reversed(list(zip(blocks(text), printed, strict=True))):
        if block.printed is not None:
            lines = "".join(f"{line.rstrip()}\n" for line in got.splitlines())
            text = text[: block.printed.start(2)] + lines + text[block.printed.end(2) :]
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in EXECUTED:
        rewrite(ROOT / "docs" / f"{name}.md")
