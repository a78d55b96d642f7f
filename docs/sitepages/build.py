"""Building the site: the pages are written, then Sphinx makes a site of them, strictly.

Warnings are errors, a reference that leads nowhere is one, and all of them are shown before the
build fails.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.cmd.build import main as sphinx_build

from sitepages.links import ROOT
from sitepages.pages import write_pages

__all__ = ["OUT", "WORK", "build", "make_html"]

OUT = ROOT / "docs" / "_build" / "html"
WORK = ROOT / ".cache" / "site"


def make_html(pages: Path, out: Path, work: Path) -> int:
    """Run Sphinx on a folder of pages; the exit status, 0 if there was nothing to complain of."""
    strict = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--jobs=auto"]
    folders = ["-c", str(ROOT / "docs"), "-d", str(work / "doctrees"), str(pages), str(out)]
    status: int = sphinx_build([*strict, *folders])
    if status:  # pages that were read are not read again, and would not be complained of again
        shutil.rmtree(work / "doctrees", ignore_errors=True)
    return status


def build(out: Path = OUT, work: Path = WORK) -> int:
    """Write all pages below `work` and make the site in `out`; only what has changed is made again.

    Returns
    -------
    int
        The exit status.
    """
    pages = work / "pages"
    print(f"{write_pages(pages)} pages in {pages}", flush=True)
    status = make_html(pages, out, work)
    if status == 0:
        print(f"The site is in {out / 'index.html'}")
    return status
