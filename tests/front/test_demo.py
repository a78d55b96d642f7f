"""The main job, short: every part runs and says what it did."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepparticle import demo
from deepparticle.cli import main


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[demo.DemoResult, list[str]]:
    lines: list[str] = []
    folder = tmp_path_factory.mktemp("demo")
    return demo.run_demo(3, folder, quick=True, say=lines.append, progress=False), lines


def test_the_network_is_built_from_objects_and_verified(
    quick: tuple[demo.DemoResult, list[str]],
) -> None:
    result, lines = quick
    assert len(result.world.subparticles) == 64
    assert any("4032 boundary states" in line for line in lines)
    assert all(verification.ok for verification in result.verifications)


def test_what_was_learned_is_written_back(quick: tuple[demo.DemoResult, list[str]]) -> None:
    result, _ = quick
    np.testing.assert_array_equal(result.world.couplings, result.simulator.couplings)
    assert np.any(result.world.couplings != 0.0)


def test_a_quick_run_already_recalls(quick: tuple[demo.DemoResult, list[str]]) -> None:
    result, _ = quick
    assert result.retrieval.score > 0.1


def test_free_energy_falls(quick: tuple[demo.DemoResult, list[str]]) -> None:
    curve = quick[0].run.free_energy
    assert curve.shape == (5000,)
    assert curve[-1000:].mean() < curve[:1000].mean()


def test_the_table_has_a_row_for_every_measure(quick: tuple[demo.DemoResult, list[str]]) -> None:
    result, lines = quick
    table = next(line for line in lines if "published" in line and "this run" in line)
    for measure in result.measures:
        assert measure.name in table
        assert f"{measure.mean:.3f}" in table


def test_figure_and_results_are_written(quick: tuple[demo.DemoResult, list[str]]) -> None:
    result, _ = quick
    assert result.figure is not None
    assert result.figure.read_bytes().startswith(b"\x89PNG")
    results = json.loads((result.figure.parent / "results.json").read_text())
    assert results["seed"] == 3
    for written, measure in zip(results["measures"], result.measures, strict=True):
        assert written["value"] == (measure.mean if np.isfinite(measure.mean) else None)


def test_stepping_by_hand_shows_true_numbers() -> None:
    lines: list[str] = []
    demo.by_hand(lines.append)
    assert "h = +0.4000" in lines[0]  # J·σ = 0.8 × 0.5
    assert "θ = +0.3200" in lines[1]  # β h = 0.8 × 0.4


def test_the_command_line_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("deepparticle 0.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND"),
        (["dmeo"], "demo"),
        (["demo", "--seed", "x"], "--seed"),
        (["demo", "--seed", "-1"], "--seed"),
        (["demo", "--sede", "1"], "--sede"),
    ],
)
def test_a_typo_is_named(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_file_in_place_of_the_folder_is_found_out_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "taken"
    blocked.write_text("a file")
    assert main(["demo", "--quick", "--out", str(blocked)]) == 2
    captured = capsys.readouterr()
    assert str(blocked) in captured.err
    assert captured.out == ""


def test_the_command_runs_and_names_its_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--quick", "--seed", "1", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "published       expected band    this run" in said
    assert str(tmp_path / "digits.png") in said
    assert (tmp_path / "digits.png").stat().st_size > 50_000
