"""Parts are kept, read again, and made again when anything on which they depend has changed."""

from pathlib import Path

import numpy as np
import pytest

from deepparticle.compile.run import Run
from deepparticle.reproduce.parts import Arrays, Part, completed, compute


class Counted:
    """A part that counts how often it is computed."""

    def __init__(self, name: str = "one", **parameters: object) -> None:
        self.calls = 0
        self.part = Part(name, self._make, parameters)

    def _make(self) -> Arrays:
        self.calls += 1
        return {"values": np.arange(3.0), "number": 0.5, "flag": True}


def test_what_is_kept_is_not_computed_again(tmp_path: Path) -> None:
    counted = Counted(seed=1)
    first = compute([counted.part], tmp_path)
    second = compute([counted.part], tmp_path)
    assert counted.calls == 1
    np.testing.assert_array_equal(first["one"]["values"], second["one"]["values"])
    assert (second["one"]["number"], second["one"]["flag"]) == (0.5, True)


def test_other_parameters_are_computed(tmp_path: Path) -> None:
    compute([Counted(seed=1).part], tmp_path)
    other = Counted(seed=2)
    compute([other.part], tmp_path)
    assert other.calls == 1


def test_fresh_computes_everything(tmp_path: Path) -> None:
    counted = Counted()
    compute([counted.part], tmp_path)
    compute([counted.part], tmp_path, fresh=True)
    assert counted.calls == 2


def test_without_a_folder_nothing_is_kept() -> None:
    counted = Counted()
    compute([counted.part], None)
    compute([counted.part], None)
    assert counted.calls == 2


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    first, last = Counted("first"), Counted("last")

    def stop() -> Arrays:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute([first.part, Part("middle", stop), last.part], tmp_path)
    middle = Counted("middle")
    found = compute([first.part, middle.part, last.part], tmp_path)
    assert (first.calls, middle.calls, last.calls) == (1, 1, 1)
    assert list(found) == ["first", "middle", "last"]


@pytest.mark.parametrize("left", [b"", b"PK\x03\x04 cut off", b"not an archive"])
def test_a_file_that_was_cut_off_is_made_again(tmp_path: Path, left: bytes) -> None:
    counted = Counted()
    compute([counted.part], tmp_path)
    (tmp_path / "one.npz").write_bytes(left)
    compute([counted.part], tmp_path)
    assert counted.calls == 2


def test_nothing_unfinished_is_left_behind(tmp_path: Path) -> None:
    compute([Counted().part], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]


def test_an_interrupted_simulator_interrupts_the_part() -> None:
    done, stopped = (Run({}, np.zeros(1), 1, interrupted=flag) for flag in (False, True))
    assert completed(done) is done
    with pytest.raises(KeyboardInterrupt):
        completed(stopped)


def test_a_bar_counts_only_what_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = Counted()
    compute([counted.part], tmp_path, progress=True, title="work")
    assert "work: 100%" in capsys.readouterr().err
    compute([counted.part], tmp_path, progress=True, title="work")
    assert capsys.readouterr().err == ""
