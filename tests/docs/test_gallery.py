"""The gallery shows every figure, with the line that draws it; its script draws them again."""

import ast
import inspect
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib.image
import pytest

import deepparticle as dp

DOCS = Path(__file__).resolve().parents[2] / "docs"
PICTURES = DOCS / "images" / "gallery"
FUNCTIONS = {name for name in dp.figures.__all__ if inspect.isfunction(getattr(dp.figures, name))}
# All of it is kept in the repository.
MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "make_gallery.py"))


@pytest.fixture(scope="module")
def entries(script: dict[str, Any]) -> list[Any]:
    return list(script["entries"]((DOCS / "gallery.md").read_text(encoding="utf-8")))


def test_every_figure_is_on_the_page_once(entries: list[Any]) -> None:
    assert sorted(entry.name for entry in entries) == sorted(FUNCTIONS)


def test_every_line_calls_the_function_that_it_shows(
    script: dict[str, Any], entries: list[Any]
) -> None:
    for entry in entries:
        tree = ast.parse(entry.code, mode="eval")
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert f"dp.figures.{entry.name}" in called
        assert entry.part in script["PARTS"]


def test_every_picture_is_there_and_no_other(entries: list[Any]) -> None:
    pictures = sorted(PICTURES.iterdir())
    assert [path.name for path in pictures] == sorted(entry.picture for entry in entries)
    for path in pictures:
        assert matplotlib.image.imread(path).std() > 0
    assert sum(path.stat().st_size for path in pictures) < MOST_BYTES


@pytest.mark.parametrize(
    "name",
    [
        "network_drawing",
        "delta_likelihood",
        pytest.param("cycle_overview", marks=pytest.mark.slow),
        pytest.param("published_against_measured", marks=pytest.mark.slow),
        pytest.param("polar_angles", marks=pytest.mark.slow),
        pytest.param("drift_and_diffusion", marks=pytest.mark.slow),
        pytest.param("current_field", marks=pytest.mark.slow),
    ],
)
def test_the_script_draws_them_again(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-W", "error", str(DOCS / "make_gallery.py")]
    done = subprocess.run(
        [*command, name, "--out", str(tmp_path / "out")],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    [path] = (tmp_path / "out").iterdir()
    assert path.name == f"{name}.png"
    drawn, kept = (matplotlib.image.imread(each) for each in (path, PICTURES / path.name))
    assert drawn.shape == kept.shape
