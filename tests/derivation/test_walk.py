"""The walk and the command ``deepparticle teach``: forward, back, and with other numbers."""

import io
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.cli import main
from deepparticle.derivation import STEPS
from deepparticle.derivation.command import Classroom
from deepparticle.derivation.example import example_world


def test_it_goes_forward_and_back_and_stays_at_the_ends() -> None:
    course = dp.derivation.walk(example_world())
    assert course.step is STEPS[0]
    assert course.back().step is STEPS[0]
    assert course.forward().step is STEPS[1]
    assert course.go("joint-law").step.name == "joint-law"
    assert course.go(len(STEPS)).forward().step is STEPS[-1]
    assert f"{len(STEPS)} of {len(STEPS)}" in repr(course)


def test_a_number_is_changed_on_a_copy() -> None:
    world = example_world()
    course = dp.derivation.walk(world, at="joint-law")
    assert course.check.holds
    course.set("brain/eye -> brain/memory", 3.0)
    assert not course.check.holds
    course.set("brain/memory → brain/eye", 3.0)
    assert course.check.holds
    course.set("brain/eye -> brain/hand", 1.0)  # there was none
    assert course.check.broken == ("symmetric couplings",)
    assert world.couplings[1, 0] == 0.8
    assert world.couplings[2, 0] == 0.0
    course.set("precision", 0.5).set("brain/eye.bias", 2.0).set("scene.value", -1.0)
    course.set("brain/hand.clock", 2).set("brain/hand.state", 0.25).set("seed", 7)
    changed = course.partition
    assert changed["brain/eye"].bias == 2.0
    assert changed["brain/eye"].precision == 0.5
    assert changed["brain/hand"].clock == 2
    assert float(changed["scene"].value) == -1.0
    assert course.seed == 7
    assert world["brain/eye"].bias == 0.2


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("brain/eye.bais", "what can be set is bias, state, precision"),
        ("brain/ey.bias", "did you mean 'brain/eye'"),
        ("brain.bias", "brain: what can be set is precision"),
        ("brain/eye -> brain/ey", "did you mean 'brain/eye'"),
    ],
)
def test_what_is_not_there_cannot_be_set(what: str, message: str) -> None:
    with pytest.raises((dp.SettingError, dp.UnknownPathError), match=says(message)) as caught:
        dp.derivation.walk(example_world()).set(what, 1.0)
    assert is_complete(caught.value)


@pytest.mark.parametrize(
    ("what", "value", "message"),
    [
        ("seed", -1, "seed is at least 0 (got -1)"),
        ("seed", 1.5, "seed is a whole number (got 1.5)"),
        ("seed", float("inf"), "seed is a whole number (got inf)"),
        ("brain/eye.clock", 1.7, "brain/eye: the clock is a whole number of steps (got 1.7)"),
        ("brain/eye.clock", float("nan"), "the clock is a whole number of steps (got nan)"),
        ("brain/eye -> brain", 1.0, "joins two subparticles ... (got 'brain', a Partition)"),
        (3, 1.0, "what is set is named (got 3)"),
    ],
)
def test_what_cannot_be_is_not_set(what: Any, value: float, message: str) -> None:
    course = dp.derivation.walk(example_world())
    with pytest.raises((dp.SettingError, dp.SettingTypeError), match=says(message)) as caught:
        course.set(what, value)
    assert is_complete(caught.value)
    assert course.seed == 0
    assert course.partition["brain/eye"].clock == 1


def test_what_a_world_senses_and_does_can_be_set() -> None:
    course = dp.derivation.walk(example_world())
    course.set("scene -> brain/eye", 3.0).set("brain/hand -> scene", -2.0)  # there were such
    course.set("brain/memory -> scene", 0.5).set("scene -> brain/hand", 4.0)  # and no such
    found = {
        (one.source.path, one.target.path): one.weight for one in course.partition.boundaries()
    }
    assert found["scene", "brain/eye"] == 3.0
    assert found["brain/hand", "scene"] == -2.0
    assert found["brain/memory", "scene"] == 0.5
    assert found["scene", "brain/hand"] == 4.0


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    refused = (dp.SettingError, dp.SettingTypeError)
    with pytest.raises(refused) as of_a_walk:
        dp.derivation.walk(example_world(), seed=seed)
    with pytest.raises(refused) as of_a_check:
        dp.derivation.step("joint-law").check(example_world(), seed)
    assert is_complete(of_a_walk.value)
    assert is_complete(of_a_check.value)


def test_the_map_takes_a_name_too() -> None:
    assert dp.derivation.draw_dependencies("joint-law").axes
    with pytest.raises(dp.SettingError, match="did you mean 'joint-law'"):
        dp.derivation.draw_dependencies("joint-lw")


def test_steps_are_found_by_name_and_number() -> None:
    assert dp.derivation.step(1) is dp.derivation.step("1") is STEPS[0]
    for reference, message in (
        (0, f"steps are numbered from 1 to {len(STEPS)} (got 0)."),
        (99, f"steps are numbered from 1 to {len(STEPS)} (got 99)."),
        ("joint-lav", "Mend: did you mean 'joint-law'?"),
        ("zzz", "the names are"),
    ):
        with pytest.raises(dp.SettingError, match=says(message)) as caught:
            dp.derivation.step(reference)
        assert is_complete(caught.value)


def test_a_notebook_shows_everything() -> None:
    shown = dp.derivation.walk(example_world(), at="joint-law")._repr_markdown_()
    assert "$$" in shown
    assert "**Proof.**" in shown
    assert "**Counter-example.**" in shown


def test_a_notebook_without_sympy_shows_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    shown = dp.derivation.walk(example_world(), at="joint-law")._repr_markdown_()
    assert 'Mend: pip install "deepparticle[lessons]"' in shown
    assert "both sides agree" in shown
    assert "**Counter-example.**" in shown


# ------------------------------------------------------------------------------ the command


def typed(*lines: str, at: str | int = 1) -> str:
    output = io.StringIO()
    room = Classroom(
        dp.derivation.walk(example_world(), at=at),
        stdin=io.StringIO("".join(f"{line}\n" for line in lines)),
        stdout=output,
    )
    room.use_rawinput = False
    room.cmdloop("")
    return output.getvalue()


def test_a_class_in_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "step.png"
    shown = typed(
        "",
        "back",
        "go joint-law",
        "set brain/eye -> brain/memory 2",
        "proof",
        "counter",
        "trace sequential",
        f"figure {path}",
        "list",
        "again",
        "2",
        "help",
        "quit",
    )
    assert STEPS[1].title in shown
    assert "✗ precision times coupling is the same in both directions of every pair" in shown
    assert "✓ with the factor ½" in shown
    assert "total variation" in shown
    assert "step 1 of 'world', sequential, stochastic" in shown
    assert path.stat().st_size > 1000
    assert all(step.name in shown for step in STEPS)
    assert "Documented commands" in shown


def test_what_is_mistyped_is_answered_and_the_class_goes_on() -> None:
    shown = typed(
        "prof",
        "set brain/eye.bias x",
        "set 3",
        "set brain/ey.bias 1",
        "go 99",
        "'",
        "list",
        "help prof",
        "figure a.zzz",
    )
    assert shown.count("did you mean 'proof'?") == 2
    assert "a.zzz). Mend" in shown
    assert "'x' is no number" in shown
    assert "say what to set" in shown
    assert "did you mean 'brain/eye'" in shown
    assert "steps are numbered" in shown
    assert STEPS[-1].name in shown


def test_the_last_step_is_the_last() -> None:
    assert "That was the last step" in typed("next", at=len(STEPS))


def test_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["teach", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f" {step.name} " in listed for step in STEPS)

    rng = np.random.default_rng(0)
    half = np.triu(rng.normal(size=(4, 4)), 1)
    dp.from_couplings(half + half.T, name="mine").save(str(tmp_path / "mine.json"))
    figure = tmp_path / "figure.png"
    options = ["--world", str(tmp_path / "mine.json"), "--once", "--figure", str(figure)]
    assert main(["teach", "joint-law", *options]) == 0
    shown = capsys.readouterr().out
    assert "✓ precision times coupling" in shown
    assert "and 74 more" in shown  # 4 subparticles at 20 states each, of which 6 are shown
    assert "Counter-example" in shown
    assert figure.exists()

    monkeypatch.setattr("sys.stdin", io.StringIO("next\nquit\n"))
    assert main(["teach", "1"]) == 0
    assert STEPS[1].title in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["joint"], "there is a step of that name (got 'joint')"),
        (["--world", "missing.json"], "missing.json: ... (got No such file or directory). Mend"),
        (["--world", "."], ".: ... Mend: give the path of a file"),
        (["--seed", "-1"], "seed is at least 0 (got -1)"),
        (["1", "--figure", "a.png"], "--figure: it is drawn with --once"),
        (["1", "--once", "--figure", "nowhere/a.png"], "(got nowhere/a.png: No such file"),
        (["1", "--once", "--figure", "a.zzz"], "a figure is a picture file (got a.zzz). Mend: use"),
        (["1", "--once", "--figure", "."], "a figure is a file (got the folder .)"),
    ],
)
def test_the_command_line_refuses(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["teach", *arguments]) == 2
    assert re.search(says(message), capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_class(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", pressed)
    assert main(["teach"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_file_that_is_not_unicode_gets_the_equations_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="cp1252"))
    assert main(["teach", "flows", "--once"]) == 0
    sys.stdout.flush()
    assert "η̇ = f_η(η, s, a)" in written.getvalue().decode("utf-8")
