"""The plan of the house: imports point one way, the rooms have one name, the front door is light.

The rules are read off the source with `ast`, so that an import inside a function or under
``TYPE_CHECKING`` counts as well.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import deepparticle

ROOT = Path(__file__).resolve().parents[2]

MAY_IMPORT: dict[str, set[str]] = {
    "blankets": set(),
    "agents": {"blankets"},
    "partitions": {"blankets", "agents"},
    "compile": {"blankets", "agents", "partitions"},
}
ROOMS = tuple(MAY_IMPORT)


class Import(NamedTuple):
    """One imported name: where it is written, and its dotted name (leading dots if relative)."""

    place: str
    name: str


def imports(folder: Path) -> Iterator[Import]:
    """Every import in the Python files of a folder, in a deterministic order."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for node in ast.walk(tree):
            place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(place, alias.name)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    yield Import(place, f"{module}.{alias.name}")


def shown(faults: list[Import]) -> str:
    return "\n".join(f"{fault.place}: {fault.name}" for fault in faults)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_one_way(room: str) -> None:
    allowed = {room, *MAY_IMPORT[room]}
    faults = [
        found
        for found in imports(ROOT / room)
        if found.name.split(".")[0] == "deepparticle" and found.name.split(".")[1] not in allowed
    ]
    assert not faults, f"{room} may import only {sorted(allowed)} of ours:\n{shown(faults)}"


@pytest.mark.parametrize("folder", [*ROOMS, "src/deepparticle"])
def test_no_import_is_relative(folder: str) -> None:
    faults = [found for found in imports(ROOT / folder) if found.name.startswith(".")]
    assert not faults, f"write the full name, deepparticle.<room>:\n{shown(faults)}"


@pytest.mark.parametrize("folder", [*ROOMS, "src/deepparticle", "tests", "examples", "docs"])
def test_no_import_uses_a_bare_room_name(folder: str) -> None:
    faults = [found for found in imports(ROOT / folder) if found.name.split(".")[0] in ROOMS]
    assert not faults, f"write deepparticle.<room>:\n{shown(faults)}"


@pytest.mark.parametrize("room", ROOMS)
def test_front_door_leads_to_the_rooms(room: str) -> None:
    door = ROOT / "src" / "deepparticle" / room
    if not door.is_dir():
        pytest.skip("a checkout without links: the package finds the rooms at the root")
    assert door.resolve() == ROOT / room


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter that stands in `folder`, which is then on its search path."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("room", ROOMS)
def test_bare_room_names_cannot_be_imported_elsewhere(room: str, tmp_path: Path) -> None:
    result = run(f"import {room}", tmp_path)
    assert result.returncode == 1
    assert f"No module named '{room}'" in result.stderr


def test_importing_the_package_stays_light(tmp_path: Path) -> None:
    result = run("import deepparticle, json, sys; print(json.dumps(sorted(sys.modules)))", tmp_path)
    assert result.returncode == 0, result.stderr
    loaded = {name.split(".")[0] for name in json.loads(result.stdout)}
    assert "deepparticle" in loaded
    heavy = {"jax", "matplotlib", "networkx", "pydantic", "scipy", "sklearn"}
    assert not loaded & heavy


def test_every_place_names_one_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    cited = re.search(r"^version: (\S+)$", citation, flags=re.MULTILINE)
    assert cited is not None
    assert cited[1] == deepparticle.__version__
