"""The README: two commands come first, and its example runs as it stands."""

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def fences() -> list[tuple[str, str]]:
    found = FENCE.findall(README.read_text(encoding="utf-8"))
    return [(language, text) for language, text in found]


def test_the_two_commands_come_first(fences: list[tuple[str, str]]) -> None:
    assert fences[0] == ("sh", "make demo\nmake test\n")
    assert fences[1] == ("sh", "pip install deepparticle\n")
    assert [language for language, _ in fences[2:]] == ["python"]


def test_the_example_has_at_most_fifteen_lines(fences: list[tuple[str, str]]) -> None:
    assert len(fences[2][1].splitlines()) <= 15


def test_the_example_prints_what_its_comments_say(
    fences: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    code = fences[2][1]
    exec(compile(code, str(README), "exec"), {"__name__": "readme"})
    said = re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)
    assert said
    assert capsys.readouterr().out.splitlines() == said
