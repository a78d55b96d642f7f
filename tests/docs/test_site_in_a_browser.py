"""The site in a browser with the network cut: nothing is asked for elsewhere, everything is set.

The pages are opened as files, so that no server is needed. What a page asks for is recorded; the
context is offline besides, so that a request to any host would fail, and be seen to fail.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.browser import chromium, missing

fcntl = pytest.importorskip("fcntl", reason="locks are those of POSIX")

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Pages of every kind: mathematics in prose, in tables and in docstrings, code, pictures, lists.
WITH_MATHEMATICS = (
    "theory",
    "readers-of-the-paper",
    "glossary",
    "how-to",
    "extending",
    "derivation",
    "lessons/01_what_separates_two_things",
    "lessons/03_two_subparticles",
    "reference/deepparticle.analysis.attractors",
    "reference/deepparticle.StateDistribution",
    "reference/modules/deepparticle.partitions.coarsening",
    "reference/modules/deepparticle.analysis.fokker_planck",
)
WITHOUT = (
    "index",
    "tour",
    "gallery",
    "project/readme",
    "examples/01_two_subparticles",
    "reference/index",
    "source/partitions/stepping",
)

# Text that TeX would have to be made of, where no code is.
UNSET = re.compile(r"\$[^$\n]+\$|\\[(\[]|\\begin\{|\\(?:frac|sigma|theta|beta|mathrm)\b")

STATE = """async () => {
  if (window.MathJax) await MathJax.startup.promise;
  await document.fonts.ready;
  const text = document.querySelector("article").cloneNode(true);
  text.querySelectorAll("pre, code, mjx-container, script").forEach(one => one.remove());
  const right = document.querySelector("article").getBoundingClientRect().right + 1;
  const scrolls = one => {
    for (; one.tagName !== "ARTICLE"; one = one.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(one).overflowX)) return true;
    return false;
  };
  const wide = [...document.querySelectorAll("article mjx-container, article pre, article img")]
    .filter(one => one.getBoundingClientRect().right > right && !scrolls(one));
  return {
    cut: wide.map(one => one.textContent.slice(0, 60) || one.src),
    written: document.querySelectorAll("article .math").length,
    set: document.querySelectorAll("article mjx-container").length,
    errors: document.querySelectorAll("article mjx-merror").length,
    fonts: [...document.fonts].filter(font => font.status === "error").map(font => font.family),
    pictures: [...document.images].filter(one => !one.naturalWidth).map(one => one.src),
    width: document.documentElement.scrollWidth,
    text: text.textContent,
  };
}"""


@pytest.fixture(scope="module")
def site() -> Path:
    """The site, where `make docs` has it, made again if something has changed."""
    if find_spec("sphinx") is None:
        missing("Sphinx is not installed (the extra docs)")
    path = os.pathsep.join(filter(None, [str(ROOT / "docs"), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", "-m", "sitepages"]
    lock = ROOT / ".cache" / "site.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:  # one worker makes it, the others find it made
        fcntl.flock(held, fcntl.LOCK_EX)
        result = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    return ROOT / "docs" / "_build" / "html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


class Visit:
    """One page, opened with the network cut, and what happened meanwhile."""

    def __init__(self, browser: Any, address: str, width: int = 1280) -> None:
        self.asked: list[str] = []
        self.failed: list[str] = []
        self.said: list[str] = []
        self.context = browser.new_context(
            offline=True, viewport={"width": width, "height": 900}, service_workers="block"
        )
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on(
            "console",
            lambda m: self.said.append(m.text) if m.type in ("error", "warning") else None,
        )
        self.page.goto(address, wait_until="load")

    @property
    def foreign(self) -> list[str]:
        return [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))]


def test_the_network_is_cut(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<script src='https://example.org/x.js'></script>", encoding="utf-8")
    visit = Visit(browser, page.as_uri())
    assert visit.foreign == visit.failed == ["https://example.org/x.js"]
    visit.context.close()


@pytest.mark.parametrize("name", WITH_MATHEMATICS + WITHOUT)
@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_needs_nothing_from_elsewhere(
    browser: Any, site: Path, name: str, width: int
) -> None:
    visit = Visit(browser, (site / f"{name}.html").as_uri(), width)
    state = visit.page.evaluate(STATE)
    visit.context.close()
    assert len(visit.asked) > 3  # styles and scripts, at least
    assert (visit.foreign, visit.failed, visit.said) == ([], [], [])
    assert (state["fonts"], state["pictures"]) == ([], [])
    assert state["errors"] == 0
    assert state["set"] == state["written"]
    assert bool(state["set"]) == (name in WITH_MATHEMATICS)
    assert not UNSET.search(state["text"])
    # A page does not scroll sideways; what is too wide does, and is not cut off.
    assert state["width"] <= width
    assert state["cut"] == []


@pytest.mark.parametrize(("formula", "errors"), [(r"\(\nothing\)", 1), (r"\(\frac{1\)", 0)])
def test_mathematics_that_cannot_be_set_is_found(
    browser: Any, site: Path, tmp_path: Path, formula: str, errors: int
) -> None:
    source = (site / "theory.html").read_text(encoding="utf-8")
    assert r"\(\sigma\)" in source
    spoilt = site / f"{tmp_path.name}.html"  # beside the scripts and styles that it asks for
    spoilt.write_text(source.replace(r"\(\sigma\)", formula, 1), encoding="utf-8")
    try:
        visit = Visit(browser, spoilt.as_uri())
        state = visit.page.evaluate(STATE)
        visit.context.close()
    finally:
        spoilt.unlink()
    assert state["errors"] == errors
    assert bool(UNSET.search(state["text"])) == (state["set"] < state["written"]) == (not errors)


@pytest.mark.parametrize(
    ("query", "page"),
    [("langevin", "/theory.html"), ("coarsen", "/deepparticle.Partition.html#deepparticle")],
)
def test_the_search_finds_words_and_names(browser: Any, site: Path, query: str, page: str) -> None:
    visit = Visit(browser, f"{(site / 'search.html').as_uri()}?q={query}")
    link = f"#search-results li a[href*='{page.removeprefix('/')}']"
    visit.page.wait_for_selector(link, timeout=20_000)
    visit.context.close()
    assert (visit.foreign, visit.failed, visit.said) == ([], [], [])


def test_the_navigation_leads_from_page_to_page(browser: Any, site: Path) -> None:
    visit = Visit(browser, (site / "index.html").as_uri())
    for title in ("Theory", "For readers of the paper", "Reference"):
        visit.page.locator(".sidebar-tree").get_by_role("link", name=title, exact=True).click()
        visit.page.wait_for_load_state()
        assert title in visit.page.locator("h1").inner_text()
    assert (visit.foreign, visit.failed) == ([], [])
    visit.context.close()
