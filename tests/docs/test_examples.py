"""The examples: each runs as a script, with public names only, and writes what it says."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import matplotlib.image
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
NAMES = [script.stem for script in SCRIPTS]
# The whole runs take up to a minute; they are those of `deepparticle reproduce`, too.
QUICK = {
    "04_digits": ("--epochs", "200"),
    "07_discover": ("--repeats", "1"),
    "12_regimes": ("--epochs", "1000"),
    "14_forgetting": ("--epochs", "2000", "--steps", "20000"),
    "15_capacity": ("--repeats", "1", "--most", "30"),
    "16_faces": ("--epochs", "300", "--starts", "5", "--faces", "40"),
}
NEEDS_AN_EXTRA = {"16_faces": "skimage"}


class Output(NamedTuple):
    """What an example left behind."""

    printed: str
    folder: Path


def run(name: str, folder: Path, *arguments: str) -> Output:
    command = [sys.executable, "-P", "-W", "error", str(EXAMPLES / f"{name}.py")]
    result = subprocess.run(
        [*command, "--out", str(folder), *arguments],
        cwd=folder.parent,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    return Output(result.stdout, folder)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Output]:
    """Runs an example once, however many tests look at what it left."""
    done: dict[str, Output] = {}

    def of(name: str) -> Output:
        if name in NEEDS_AN_EXTRA:
            pytest.importorskip(NEEDS_AN_EXTRA[name])
        if name not in done:
            folder = tmp_path_factory.mktemp(name) / "out"
            done[name] = run(name, folder, *QUICK.get(name, ()))
        return done[name]

    return of


def check(found: Output) -> None:
    """Every file that was announced is there and not empty, and there is no other."""
    announced = re.findall(r"^wrote (\S+?);?(?: .*)?$", found.printed, re.MULTILINE)
    assert announced
    assert {Path(name) for name in announced} == set(found.folder.iterdir())
    for path in found.folder.iterdir():
        assert path.stat().st_size > 0
        if path.suffix == ".png":
            assert matplotlib.image.imread(path).std() > 0


@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs_and_writes_what_it_says(
    name: str, output: Callable[[str], Output]
) -> None:
    check(output(name))


def test_two_subparticles_agree_with_quadrature(output: Callable[[str], Output]) -> None:
    printed = output("01_two_subparticles").printed
    rows = re.findall(r"⟨.*⟩ +(-?[\d.]+) +(-?[\d.]+) +([\d.]+)$", printed, re.MULTILINE)
    assert len(rows) == 9
    for exact, sampled, error in rows:
        assert abs(float(sampled) - float(exact)) <= 4 * float(error) + 1e-4


def test_two_images_become_nearly_orthogonal(output: Callable[[str], Output]) -> None:
    printed = output("03_orthogonal_basis").printed
    found = re.search(r"two attractors +([+-][\d.]+)$", printed, re.MULTILINE)
    assert found is not None
    assert abs(float(found[1]) + 0.19) <= 4 * 0.035


def test_evidence_spreads_to_the_sides_that_formed(output: Callable[[str], Output]) -> None:
    printed = output("05_from_networkx").printed
    found = re.search(r"both leaders speak, precision 1 .* (\d+) of 34$", printed, re.MULTILINE)
    assert found is not None
    assert int(found[1]) >= 31


def test_planted_parts_are_discovered_and_a_club_splits_as_it_did(
    output: Callable[[str], Output],
) -> None:
    printed = output("07_discover").printed
    assert "agreement: modules 1.00, submodules 1.00\n" in printed
    found = re.search(r"^agreement of level 1 with the split: ([\d.]+)$", printed, re.MULTILINE)
    assert found is not None
    assert float(found[1]) > 0.88


def test_the_loop_keeps_the_world_in_place(output: Callable[[str], Output]) -> None:
    printed = output("06_world_that_answers").printed
    means = dict(re.findall(r"^  (\w.*?)  +([+-][\d.]+) ", printed, re.MULTILINE))
    closed = float(means.pop("closed loop"))
    assert len(means) == 2
    assert all(abs(closed) < 0.5 < 3.0 < float(mean) for mean in means.values())


def test_levels_are_slow_from_the_inside_out(output: Callable[[str], Output]) -> None:
    printed = output("08_levels").printed
    rows = re.findall(r"^(partitions|subparticles).* ([\d.]+) ± [\d.]+ *$", printed, re.MULTILINE)
    times = [float(time) for _, time in rows]
    assert len(times) == 5
    assert times == sorted(times, reverse=True)
    assert times[0] > 2 * times[-1]


def test_a_coarse_world_predicts_the_means_of_a_fine_one(output: Callable[[str], Output]) -> None:
    printed = output("08_levels").printed
    rows = re.findall(r"< 1e-12 +([\d.]+) +(-?[\d.]+) ± ([\d.]+)", printed)
    assert len(rows) == 3  # expected states agree to rounding, in all of them
    for correlation, error, spread in rows:
        assert float(correlation) > 0.97
        assert float(error) < 0.05 + 2 * float(spread)


def test_precision_takes_a_network_from_one_attractor_to_several(
    output: Callable[[str], Output],
) -> None:
    printed = output("12_regimes").printed
    rows = re.findall(r"^ +([\d.]+) +([+-][\d.]+) +[+-][\d.]+ +(\d+) ", printed, re.MULTILINE)
    assert len(rows) == 19
    counts = [int(row[2]) for row in rows]
    assert set(counts[:5]) == {1}
    assert min(counts[-3:]) > 1
    scores = dict(re.findall(r"^  (C|D|E|J|linear)\b.*?([+-]0\.\d+) \(", printed, re.MULTILINE))
    assert float(scores["D"]) > 0.2 > 0.1 > float(scores["E"]) > 0.0 > float(scores["J"])
    # What a projection onto the ten images does without any dynamics.
    assert float(scores["linear"]) > float(scores["D"])


def test_a_sequence_is_run_through_in_its_order(output: Callable[[str], Output]) -> None:
    cyclic, random = output("13_sequence").printed.split("random order")
    share = re.search(r"in the trained order in ([\d.]+)% of them", cyclic)
    assert share is not None
    assert float(share[1]) > 99.5
    asymmetry = [
        float(found[1])
        for part in (cyclic, random)
        if (found := re.search(r"‖J‖ +([\d.]+)$", part, re.MULTILINE))
    ]
    assert asymmetry[0] > 0.97 > 0.4 > asymmetry[1]


def test_couplings_diffuse_at_precision_1_and_drift_at_another(
    output: Callable[[str], Output],
) -> None:
    printed = output("14_forgetting").printed
    kept = re.findall(r"^ +20000 +([\d.]+) ", printed, re.MULTILINE)
    assert all(0.5 < float(likeness) < 0.999 for likeness in kept)
    at_one, at_other = re.findall(r"share of drift .*: ([+-]\d+)%", printed)
    assert abs(int(at_one)) < 25 < int(at_other)


def test_hebb_forgets_first(output: Callable[[str], Output]) -> None:
    retention, _, reconstruction = output("15_capacity").printed.partition("reconstruction:")
    pattern = r"^  (learned|Hebb|projection) +.*?([\d.]+)  +[\d.]+ N$"
    kept, found = (
        {name: float(r) for name, r in re.findall(pattern, part, re.MULTILINE)}
        for part in (retention, reconstruction)
    )
    assert kept["learned"] > 0.99 > 0.7 > kept["Hebb"]
    assert found["learned"] > found["Hebb"] + 0.1
    assert abs(found["learned"] - found["projection"]) < 0.1


def test_noisy_faces_are_reconstructed_and_better_by_components(
    output: Callable[[str], Output],
) -> None:
    printed = output("16_faces").printed.partition("reconstruction:")[2]
    rows = re.findall(r"^  (noisy|no couplings|learned|PCA).*? (0\.\d+) ±", printed, re.MULTILINE)
    scores = {name: float(r) for name, r in rows}
    assert scores["PCA"] > scores["learned"] > scores["noisy"] + 0.05
    assert scores["noisy"] > scores["no couplings"]


# ---------------------------------------------------------------------- worked worlds

# Every loop beats every control, in which it is cut somewhere, by a stated margin that holds four
# standard errors of both away from their means. Ten independent runs or more of each.


def test_a_tracker_beats_each_way_to_cut_its_loop(output: Callable[[str], Output]) -> None:
    """The target stays twice as near as with the loop cut, and in the fovea."""
    printed = output("09_tracker").printed
    runs = re.search(r"^(\d+) runs of", printed, re.MULTILINE)
    assert runs is not None
    assert int(runs[1]) >= 10
    pattern = r"^  (\w[\w ]*?)  +([\d.]+) ± ([\d.]+) +(\d+)%$"
    rows = {
        name: (float(offset), float(error), int(share))
        for name, offset, error, share in re.findall(pattern, printed, re.MULTILINE)
    }
    offset, error, share = rows.pop("closed loop")
    assert set(rows) == {"blind", "nerve cut", "muscles cut", "replayed"}
    assert share >= 90
    for name, (cut, uncertain, seen) in rows.items():
        assert cut - 4 * uncertain > 2 * (offset + 4 * error), name
        assert seen < 50, name


def test_a_particle_that_learns_to_act_is_surprised_less(output: Callable[[str], Output]) -> None:
    """Late surprise is 5 nats below every control that comes to rest, and falls on the way."""
    printed = output("10_learning_to_act").printed
    runs = re.search(r"^(\d+) particles;", printed, re.MULTILINE)
    assert runs is not None
    assert int(runs[1]) >= 10
    pattern = r"^  (\w[\w ]*?)  +([\d.]+) ± ([\d.]+) +([\d.]+) ± ([\d.]+)$"
    rows = {
        name: [float(one) for one in numbers]
        for name, *numbers in re.findall(pattern, printed, re.MULTILINE)
    }
    early, early_error, late, late_error = rows.pop("closed loop")
    assert early - 4 * early_error > late + 4 * late_error
    assert set(rows) == {"loop cut", "no learning", "random signs"}
    for name in ("loop cut", "no learning"):
        *_, cut, uncertain = rows[name]
        assert cut - 4 * uncertain > late + 4 * late_error + 5.0, name
    # Other signs, other worlds: how bad it gets differs much from one to the next.
    *_, cut, uncertain = rows["random signs"]
    assert cut - 2 * uncertain > late + 4 * late_error + 5.0
    # The sign of the response is taken for granted.
    assert re.search(r"^  contrary world +ran away$", printed, re.MULTILINE)


def test_two_that_meet_through_their_blankets_predict_one_another(
    output: Callable[[str], Output],
) -> None:
    """Each predicts .15 bits more of a sound than with its loop cut, or another pair's partner."""
    printed = output("11_mutual_prediction").printed
    found = re.search(r"(\d+) pairs; ([\d.]+) can be reached", printed)
    assert found is not None
    assert int(found[1]) >= 10
    pattern = r"^  (\w[\w ]*?)  +([+-][\d.]+) ± ([\d.]+)  +([+-][\d.]+) ± ([\d.]+)$"
    rows = {
        name: [float(one) for one in numbers]
        for name, *numbers in re.findall(pattern, printed, re.MULTILINE)
    }
    closed = rows.pop("closed loop")
    assert set(rows) == {"loop cut", "shuffled partner", "only left learns"}
    for side in (0, 2):
        least = closed[side] - 4 * closed[side + 1]
        for name in ("loop cut", "shuffled partner"):
            assert least > rows[name][side] + 4 * rows[name][side + 1] + 0.15, (name, side)
    # Who does not learn predicts nothing.
    assert closed[2] - 4 * closed[3] > rows["only left learns"][2] + 0.15
    # What was learned is the other's reflex, with its sign.
    couplings = re.findall(r"^  (left|right) +([+-][\d.]+) ± ([\d.]+) ", printed, re.MULTILINE)
    assert [name for name, *_ in couplings] == ["left", "right"]
    for (_, weight, error), reflex in zip(couplings, (-1.0, 1.0), strict=True):
        assert abs(float(weight) - reflex) < 0.1 + 4 * float(error)


def test_without_its_extra_the_example_says_what_to_install(tmp_path: Path) -> None:
    blocked = "import sys; sys.modules['skimage'] = None; sys.argv = sys.argv[1:]"
    script = EXAMPLES / "16_faces.py"
    result = subprocess.run(
        [
            *(sys.executable, "-P", "-c"),
            f"{blocked}; import runpy; runpy.run_path(sys.argv[0], run_name='__main__')",
            *(str(script), "--out", str(tmp_path / "out")),
        ],
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert result.returncode == 2
    assert "pip install 'deepparticle[examples]'" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_half_a_digit_is_completed(tmp_path: Path) -> None:
    found = run("04_digits", tmp_path / "out")
    check(found)
    row = re.search(r"^  trained +([\d.]+) +\(.*: ([\d.]+)\)$", found.printed, re.MULTILINE)
    assert row is not None
    # What was learned is filled in, and much better than by a guess.
    assert float(row[1]) > 0.9 > float(row[2])


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_an_example_uses_public_names_only(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert "import deepparticle as dp\n" in text
    assert not re.search(r"from deepparticle|import deepparticle\.", text)
    assert not re.search(r"(?<!self)\._[a-z]", text)
