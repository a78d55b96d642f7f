"""Build the site: ``python -m sitepages``, as ``make docs`` does.

Warnings are errors, a reference that leads nowhere is one, and all of them are shown before the
build fails.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx_build

from sitepages.links import ROOT
from sitepages.pages import write_pages


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sitepages", description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "_build" / "html")
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "site")
    given = parser.parse_args(arguments)
    pages = given.work / "pages"
    print(f"{write_pages(pages)} pages in {pages}", flush=True)
    strict = ["--fail-on-warning", "--keep-going", "--nitpicky", "--jobs=auto", "--quiet"]
    folders = ["-c", str(ROOT / "docs"), "-d", str(given.work / "doctrees")]
    status = sphinx_build([*strict, *folders, str(pages), str(given.out)])
    if status == 0:
        print(f"The site is in {given.out / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
