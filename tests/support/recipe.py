"""The backend of the page on extending, taken from the page; a plugin that registers it.

``pytest -p support.recipe`` runs the shared tests on it too, since they take every backend that is
registered before they are collected.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

import deepparticle as dp
from deepparticle.compile import Backend

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extending.md"


def code_of(heading: str) -> str:
    """The first block of code below a heading of the page."""
    below = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    found = re.search(r"^```python\n(.*?)^```$", below, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def register() -> type[Backend]:
    """Run the recipe, which registers its backend."""
    names: dict[str, Any] = {"np": np, "dp": dp, "__name__": "recipe"}
    exec(compile(code_of("A backend"), str(PAGE), "exec"), names)
    made: type[Backend] = names["Masks"]
    return made


def pytest_configure() -> None:
    """As a plugin."""
    register()
