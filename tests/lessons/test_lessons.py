"""The lessons run without a browser, at every end of every slider, and say what they should."""

import ast
import socket
import time
from pathlib import Path

import pytest
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.cli import main

marimo = pytest.importorskip("marimo")

from deepparticle.lessons import Lesson, find_lesson, is_control, lessons  # noqa: E402

pytestmark = pytest.mark.lessons

LESSONS = lessons()
LONGEST = 20.0  # seconds, on a machine with two cores

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def test_there_are_nine_in_order() -> None:
    assert [lesson.number for lesson in LESSONS] == list(range(1, 10))
    for lesson in LESSONS:
        assert lesson.name.startswith(f"{lesson.number:02d}_")


@each_lesson
def test_a_lesson_runs_and_shows_text_figures_and_a_question(lesson: Lesson) -> None:
    start = time.perf_counter()
    outputs, found = lesson.run()
    assert time.perf_counter() - start < LONGEST
    text = [one._repr_markdown_() for one in outputs if hasattr(one, "_repr_markdown_")]
    assert text[0].lstrip().lower().startswith(f"# {lesson.number}. {lesson.title}".lower())
    assert any(hasattr(one, "savefig") for one in outputs)
    assert sum(is_control(value) for value in found.values()) >= 2
    questions = [name for name in found if name.startswith("question")]
    assert questions
    for name in questions:
        assert len(found[name.replace("question", "answer")]._repr_markdown_()) > 80


def ends(control: object) -> list[object]:
    """The values at which a control is tried: the ends of a slider, all entries of a menu."""
    if isinstance(control, marimo.ui.slider | marimo.ui.number):
        return [control.start, control.stop]
    if isinstance(control, marimo.ui.dropdown | marimo.ui.radio):
        return list(control.options.values())
    return [False, True]


@each_lesson
def test_a_lesson_runs_wherever_its_controls_are(lesson: Lesson) -> None:
    _, found = lesson.run()
    controls = {name: value for name, value in found.items() if is_control(value)}
    longest = max(len(ends(control)) for control in controls.values())
    for place in range(longest):  # all controls at once, each at its own end
        values = {name: ends(one)[place % len(ends(one))] for name, one in controls.items()}
        outputs, _ = lesson.run(values)
        assert any(hasattr(one, "savefig") for one in outputs)


@each_lesson
def test_what_a_control_moves_is_seen(lesson: Lesson) -> None:
    def numbers(values: dict[str, object]) -> list[str]:
        return [
            one._repr_markdown_()
            for one in lesson.run(values)[0]
            if hasattr(one, "_repr_markdown_")
        ]

    _, found = lesson.run()
    controls = {name: value for name, value in found.items() if is_control(value)}
    now = {name: control.value for name, control in controls.items()}
    shown = numbers(now)
    moved = [
        name
        for name, control in controls.items()
        for value in ends(control)
        if value != now[name] and numbers({**now, name: value}) != shown
    ]
    assert moved, f"no control of {lesson.name} changes a number"


@each_lesson
def test_a_lesson_uses_public_names_only(lesson: Lesson) -> None:
    tree = ast.parse(lesson.path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deepparticle"):
            assert (node.module or "").count(".") <= 2, node.module
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_"), node.attr


# ------------------------------------------------------------------------------ the shelf


def test_lessons_are_found_by_number_and_name() -> None:
    third = find_lesson(3)
    for reference in ("3", "03", "03_two_subparticles", "two_subparticles"):
        assert find_lesson(reference) == third
    for reference, mend in (("30", "lists them"), ("03_two_subparticle", "did you mean")):
        with pytest.raises(dp.SettingError, match=says(mend)) as caught:
            find_lesson(reference)
        assert is_complete(caught.value)


def test_only_what_can_be_set_is_set() -> None:
    _, found = find_lesson(3).run({"forth": 0.0, "back": 4.0, "schedule": "random"})
    assert found["law"].correlations[0, 1] == pytest.approx(0.379, abs=5e-4)
    with pytest.raises(dp.SettingError, match=says("what can be set is")) as caught:
        find_lesson(3).run({"fourth": 0.0})
    assert is_complete(caught.value)


def test_the_command_lists_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons"]) == 0
    shown = capsys.readouterr().out
    assert all(lesson.name in shown for lesson in LESSONS)
    assert main(["lessons", "99"]) == 2
    assert "there are lessons 1 to 9" in capsys.readouterr().err


def test_the_list_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons"]) == 0
    lines = capsys.readouterr().out.splitlines()[: len(LESSONS)]
    for line, lesson in zip(lines, LESSONS, strict=True):
        assert line.endswith(lesson.title)
    starts = {
        line.index(lesson.title, len(lesson.name))
        for line, lesson in zip(lines, LESSONS, strict=True)
    }
    assert len(starts) == 1


@pytest.mark.parametrize("port", [-5, 0, 99999999])
def test_a_port_that_there_is_not(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lessons", "1", "--headless", "--port", str(port)]) == 2
    assert f"a port is a number from 1 to 65535 (got {port})" in capsys.readouterr().err


def test_a_port_in_use_is_not_served(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["lessons", "1", "--headless", "--port", str(port)]) == 2
    error = capsys.readouterr().err
    assert f"the port is free (got port {port}: " in error
    assert "Mend: give another" in error


def test_a_folder_that_cannot_be_written_gets_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*paths: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.copyfile", refuse)
    monkeypatch.chdir(tmp_path)
    assert main(["lessons", "3", "--edit", "--headless"]) == 2
    assert "(got Permission denied). Mend: go to a folder" in capsys.readouterr().err


def test_a_lesson_to_edit_is_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called: list[list[str]] = []

    class Done:
        returncode = 0

    def run(command: list[str], check: bool) -> Done:
        called.append(command)
        return Done()

    monkeypatch.setattr("subprocess.run", run)
    monkeypatch.chdir(tmp_path)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    assert main(["lessons", "3", "--edit", "--headless", "--port", port]) == 0
    copy = tmp_path / "03_two_subparticles.py"
    assert copy.read_text() == find_lesson(3).path.read_text()
    assert called[0][3:] == [
        "marimo", "edit", copy.name, "--host", "127.0.0.1", "--port", port, "--headless",
    ]  # fmt: skip
    copy.write_text("mine")
    assert main(["lessons", "3", "--edit"]) == 0
    assert copy.read_text() == "mine"
    assert "yours to change" in capsys.readouterr().out
    assert main(["lessons", "3"]) == 0
    assert called[-1][4:6] == ["run", str(find_lesson(3).path)]
