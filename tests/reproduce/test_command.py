"""The command: what it writes, how it goes on, and what it says of a typo."""

import json
import xml.etree.ElementTree
from pathlib import Path

import matplotlib.image
import pytest

from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.cli import main
from deepparticle.reproduce.simulations import SIMULATIONS
from deepparticle.reproduce.suite import reproduce

NEEDS_AN_EXTRA = {"faces": "skimage"}


@pytest.fixture(scope="module", params=list(SIMULATIONS))
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """Each simulation, run short from the command line."""
    name = request.param
    if name in NEEDS_AN_EXTRA:
        pytest.importorskip(NEEDS_AN_EXTRA[name])
    folder = tmp_path_factory.mktemp(name) / "out"
    assert main(["reproduce", name, "--quick", "--seeds", "2", "--out", str(folder)]) == 0
    return name, folder


def test_figures_numbers_and_a_report_are_written(written: tuple[str, Path]) -> None:
    name, folder = written
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["simulation"] == name
    assert (results["quick"], results["seeds"]) == (True, [0, 1])
    assert {"deepparticle", "NumPy", "Python"} <= set(results["versions"])
    assert results["parameters"]
    assert results["measures"] or results["comparisons"]
    report = (folder / "report.md").read_text(encoding="utf-8")
    pictures = sorted(folder.glob("*.png"))
    assert pictures
    for path in pictures:
        assert matplotlib.image.imread(path).std() > 0
        assert f"({path.name})" in report
        drawn = path.with_suffix(".svg")
        assert xml.etree.ElementTree.parse(drawn).getroot().tag.endswith("svg")
    for measure in results["measures"]:
        assert measure["name"].replace("|", "∣") in report
        assert measure["values"]


def test_a_second_run_reads_what_the_first_one_computed(
    written: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, folder = written
    before = (folder / "results.json").read_text(encoding="utf-8")

    def never(*arguments: object) -> None:
        raise AssertionError("a part was computed again")

    monkeypatch.setattr("deepparticle.reproduce.parts._write", never)
    done = reproduce(name, folder, quick=True, seeds=(0, 1), say=lambda _: None)
    assert done.outside == ()
    after = (folder / "results.json").read_text(encoding="utf-8")
    for part in ("measures", "comparisons", "claims", "details"):
        assert json.loads(before)[part] == json.loads(after)[part]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reproduce"], "NAME"),
        (["reproduce", "digit"], "digits"),
        (["reproduce", "digits", "--seeds", "none"], "3,7"),
        (["reproduce", "digits", "--backend", "torch"], "native"),
        (["reproduce", "digits", "--quik"], "--quik"),
        (["reproduce", "faces", "--dataset", "lwf"], "lfw"),
    ],
)
def test_a_typo_is_named(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_name_that_does_not_exist_is_refused_from_python() -> None:
    with pytest.raises(ValueError, match="basis"):
        reproduce("bases", say=lambda _: None)


def test_a_file_in_place_of_the_folder_is_found_out_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "taken"
    blocked.write_text("a file")
    assert main(["reproduce", "basis", "--quick", "--out", str(blocked)]) == 2
    captured = capsys.readouterr()
    assert str(blocked) in captured.err
    assert captured.out == ""


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object, **settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deepparticle.reproduce.suite.compute", interrupted)
    assert main(["reproduce", "basis", "--quick", "--out", str(tmp_path)]) == 130
    assert str(tmp_path / "parts") in capsys.readouterr().err


def test_what_cannot_be_had_is_said_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = Fault("faces", "they come with scikit-image", "none", "pip install it")

    def missing(name: str) -> None:
        raise SettingError(fault)

    monkeypatch.setattr("deepparticle.reproduce.simulations.faces.faces", missing)
    chosen = {name: SIMULATIONS[name] for name in ("faces", "appendix")}
    monkeypatch.setattr("deepparticle.reproduce.command.SIMULATIONS", chosen)
    assert main(["reproduce", "all", "--quick", "--out", str(tmp_path)]) == 2
    assert f"faces: {fault}" in capsys.readouterr().err
    assert (tmp_path / "appendix" / "report.md").exists()


def test_all_has_a_folder_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only = {"appendix": SIMULATIONS["appendix"]}
    monkeypatch.setattr("deepparticle.reproduce.command.SIMULATIONS", only)
    assert main(["reproduce", "all", "--quick", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "appendix" / "report.md").exists()
