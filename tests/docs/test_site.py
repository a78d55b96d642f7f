"""The pages of the site, before Sphinx sees them: links, names, navigation, what is vendored."""

import doctest
import importlib
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import pytest
from sitepages import links, pages, reference
from support.browser import missing

import deepparticle as dp

for needed in ("jax", "numba"):  # modules that need them have pages, too
    pytest.importorskip(needed)

ROOT = Path(__file__).resolve().parents[2]
MATHJAX = ROOT / "docs" / "_static" / "mathjax"
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)")


def sphinx_or_skip() -> None:
    if find_spec("sphinx") is None:
        missing("Sphinx is not installed (the extra docs)")


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """All pages but the lessons, which are tested elsewhere, and the reference."""
    return dict([*pages.written_pages(), *pages.example_pages()])


# What needs Sphinx is in the slow tier, which CI runs after it has made the site.
@pytest.mark.parametrize(
    "name", ["links", "reference", pytest.param("resolver", marks=pytest.mark.slow)]
)
def test_docstrings_of_the_site(name: str) -> None:
    if name == "resolver":
        sphinx_or_skip()
    result = doctest.testmod(importlib.import_module(f"sitepages.{name}"))
    assert (bool(result.attempted), result.failed) == (True, 0)


def test_every_page_of_docs_is_in_the_site_and_in_the_navigation(written: dict[str, str]) -> None:
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name in written
    named = [name for names in pages.NAVIGATION.values() for name in names]
    targets = [re.sub(r".*<(.*)>", r"\1", name) for name in named]
    assert len(set(targets)) == len(targets)
    at_the_root = {Path(name).stem for name in written if "/" not in name}
    assert at_the_root - {"index"} <= set(targets)
    assert all(name in written["index.md"] for name in targets)


def test_every_link_between_pages_leads_to_a_page(written: dict[str, str]) -> None:
    count = 0
    for name, text in written.items():
        for match in LINK.finditer(CODE.sub("", text)):
            target = os.path.normpath(PurePosixPath(name).parent / match[1])
            known = target in written or (ROOT / "docs" / target).is_file()
            assert known or target.startswith("lessons/"), f"{name} links to {match[1]}"
            count += 1
    assert count > 100


def test_links_inside_docs_are_left_as_a_code_host_has_them() -> None:
    path = ROOT / "docs" / "theory.md"
    text = "[a](glossary.md#words) [b](https://example.org) `[c](../README.md)` [d](#here)"
    assert links.rewritten(text, path, PurePosixPath("theory")) == text


def test_links_out_of_docs_lead_to_pages_that_show_what_is_there() -> None:
    path = ROOT / "docs" / "theory.md"
    text = "[a](../README.md#install) [b](../agents/spin.py) [c](../examples/04_digits.py)"
    there = "[a](project/readme.md#install) [b](source/agents/spin.md) [c](examples/04_digits.md)"
    assert links.rewritten(text, path, PurePosixPath("theory")) == there
    back = "[a](docs/tour.md) ![b](docs/images/digits.png) [c](blankets)"
    readme = links.rewritten(back, ROOT / "README.md", PurePosixPath("project/readme"))
    assert readme == "[a](../tour.md) ![b](../images/digits.png) [c](../source/blankets/index.md)"


def test_each_public_name_has_a_page_of_its_own() -> None:
    found = dict(reference.name_pages())
    names = [one for module in reference.public_modules() for one in reference.public_names(module)]
    # A file system may not tell capitals from small letters.
    assert len({one.page.lower() for one in names}) == len(names)
    assert all(one.path in found[one.page] for one in names)
    front = {one.name for one in names if one.home == "deepparticle"}
    assert front >= {name for name in dp.__all__ if callable(getattr(dp, name))}
    for module in (dp.analysis, dp.figures, dp.datasets):
        here = {one.name for one in names if one.home == module.__name__}
        assert here >= {name for name in module.__all__ if callable(getattr(module, name))}


def test_each_public_name_is_listed_once_under_its_module() -> None:
    for module in reference.public_modules():
        names = [one.name for _, group in reference.groups(module) for one in group]
        assert sorted(names) == sorted(one.name for one in reference.public_names(module))


@pytest.mark.slow
def test_references_lead_where_an_object_is_shown() -> None:
    sphinx_or_skip()
    from sitepages.resolver import found

    page = "reference/deepparticle.Partition"
    assert found("deepparticle.partitions.partition.Partition") == (page, "deepparticle.Partition")
    assert found("deepparticle.analysis.attractors.Attractors") == (
        "reference/deepparticle.analysis.Attractors-class",
        "deepparticle.analysis.Attractors",
    )
    assert found("deepparticle.figures") == ("reference/deepparticle.figures", "")
    assert found("numpy.ndarray") is None
    assert found("deepparticle.partitions.partition.nothing") is None


def test_what_sets_mathematics_is_here() -> None:
    script = (MATHJAX / "tex-chtml-full.js").read_text(encoding="utf-8")
    assert 'VERSION="3.2.2"' in script
    fonts = {path.name for path in (MATHJAX / "output/chtml/fonts/woff-v2").glob("*.woff")}
    assert set(re.findall(r"MathJax_[\w-]+\.woff", script)) <= fonts
    assert (MATHJAX / "LICENSE").is_file()


def make(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Make a site of one page, as strictly as that of all."""
    sphinx_or_skip()
    pages = folder / "pages"
    pages.mkdir(exist_ok=True)
    page = pages / "index.md"
    if not page.exists():
        page.write_text(text, encoding="utf-8")
    code = "import sys, pathlib as p; from sitepages.build import make_html as make; "
    code += "sys.exit(make(*map(p.Path, sys.argv[1:])))"
    command = [sys.executable, "-P", "-c", code, *map(str, (pages, folder / "html", folder))]
    path = os.pathsep.join(filter(None, [str(ROOT / "docs"), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[nowhere](nothing.md)", "nothing.md"),
        ("[here](#nowhere)", "nowhere"),
        ("```{nothing}\n```", "nothing"),
        ("```{eval-rst}\n:class:`deepparticle.Nothing`\n```", "deepparticle.Nothing"),
        ("```{eval-rst}\n:mod:`nothing.at_all`\n```", "nothing.at_all"),
    ],
)
def test_a_fault_on_a_page_fails_the_build(text: str, complaint: str, tmp_path: Path) -> None:
    for _ in range(2):  # also if nothing has changed since
        result = make(f"# A page\n\n{text}\n", tmp_path)
        assert result.returncode == 1
        (warning,) = [line for line in result.stderr.splitlines() if "WARNING" in line]
        assert complaint in warning


@pytest.mark.slow
def test_a_page_without_fault_is_built(tmp_path: Path) -> None:
    text = "# A page\n\nSet $x^2$.\n\n```{eval-rst}\n:class:`numpy.ndarray`, `parameter`\n```\n"
    result = make(text, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    page = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    assert r"\(x^2\)" in page
    assert "_static/mathjax/tex-chtml-full.js" in page
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=.(?:https?:)?//", page)
