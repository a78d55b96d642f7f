"""Files: saved worlds go on as they would have; broken files say what is broken."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from support.worlds import portrait, schedules_of, worlds

import deepparticle as dp
from deepparticle.partitions.files import storage


def small() -> dp.Partition:
    world = dp.Partition("world", precision=0.17)
    world.couple(world.add_subparticle("a", bias=0.1), world.add_subparticle("b"), 0.8)
    return world


def large() -> dp.Partition:
    rng = np.random.default_rng(0)
    world = dp.from_couplings(rng.normal(size=(40, 40)) * ~np.eye(40, dtype=bool))
    world.step(rng)
    return world


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # every example overwrites
)
@given(worlds(max_steps=3))
def test_a_world_comes_back_from_a_file(tmp_path: Path, world: dp.Partition) -> None:
    world.save(tmp_path / "world.json")
    again = dp.load(tmp_path / "world.json")
    assert portrait(again) == portrait(world)
    for schedule in schedules_of(world):
        for one in (world, again):
            one.step(3, schedule)
    assert portrait(again) == portrait(world)


def test_large_arrays_lie_beside(tmp_path: Path) -> None:
    world = large()
    world.save(tmp_path / "net.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json", "net.npz"]
    assert (tmp_path / "net.json").stat().st_size < 10_000
    assert portrait(dp.load(tmp_path / "net.json")) == portrait(world)


def test_small_worlds_are_one_file(tmp_path: Path) -> None:
    small().save(tmp_path / "world.json")
    assert [path.name for path in tmp_path.iterdir()] == ["world.json"]


def test_a_sparse_population_comes_back(tmp_path: Path) -> None:
    import scipy.sparse

    couplings = scipy.sparse.random_array((200, 200), density=0.05, rng=np.random.default_rng(1))
    couplings.setdiag(0)
    world = dp.from_couplings(couplings)
    world.save(tmp_path / "net.json")
    again = dp.load(tmp_path / "net.json")
    assert np.array_equal(again.couplings, world.couplings)
    assert np.array_equal(again["population"].exists_mask, world["population"].exists_mask)


def test_the_file_can_be_read_by_a_person(tmp_path: Path) -> None:
    world = small()
    world["a"].state = 0.5
    world.rename("a", "σ")
    world.save(tmp_path / "world.json")
    text = (tmp_path / "world.json").read_text(encoding="utf-8")
    assert text.splitlines()[:4] == [
        "{",
        '  "format": "deepparticle",',
        '  "version": 1,',
        '  "name": "world",',
    ]
    assert '"path": "σ"' in text
    assert max(map(len, text.splitlines())) <= 160
    assert text.endswith("}\n")
    assert json.loads(text)["settings"] == {"precision": 0.17}


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_of_either_kind_with_or_without_suffix(tmp_path: Path, kind: Any) -> None:
    small().save(kind(tmp_path / "world"))
    assert portrait(dp.load(kind(tmp_path / "world"))) == portrait(small())
    assert portrait(dp.load(kind(tmp_path / "world.json"))) == portrait(small())


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    large().save("net.json")
    assert portrait(dp.load("net.json")) == portrait(large())


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    expected = r"world\.yaml: a world is saved as a \.json file \(got suffix '\.yaml'\)"
    with pytest.raises(dp.SettingError, match=expected) as caught:
        small().save(tmp_path / "world.yaml")
    assert "use 'world.yaml.json'" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_any_file_of_the_right_content_is_loaded(tmp_path: Path) -> None:
    small().save(tmp_path / "world.json")
    (tmp_path / "world.json").rename(tmp_path / "world.txt")
    assert portrait(dp.load(tmp_path / "world.txt")) == portrait(small())


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        dp.load(tmp_path / "nothing.json")
    with pytest.raises(FileNotFoundError):
        dp.load(tmp_path / "nothing")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        small().save(tmp_path / "nowhere" / "world.json")


HEADER = b'{"format": "deepparticle", "version": 1, "name": "w", '


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "world.json, line 1, column 1: a spec file is JSON (got Expecting value)"),
        (b'{\n  "format": }', "world.json, line 2, column 13: a spec file is JSON"),
        (b"\xff\xfe\x00", "world.json: a spec file is JSON (got bytes that are not text)"),
        (b"[1, 2]", "world.json: the spec: a spec is an object"),
        (b"{}", "world.json: format: the format is 'deepparticle' (got nothing)"),
        (
            b'{"format": "deepparticle", "format": "x"}',
            "world.json: the spec: a key occurs once in an object (got 'format' twice)",
        ),
        (
            HEADER + b'"couplings": [{"source": "a"}]}',
            "world.json: couplings[0].target: the key 'target' is present (got nothing)",
        ),
        (
            HEADER + b'"settings": {"precision": NaN}}',
            "world.json: settings.precision: the precision is finite (got nan)",
        ),
        (
            HEADER + b'"settings": {"precision": 1e999}}',
            "world.json: settings.precision: the precision is finite (got inf)",
        ),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "world.json").write_bytes(content)
    with pytest.raises(dp.PartitionError, match=re.escape(message)) as caught:
        dp.load(tmp_path / "world.json")
    assert "Mend:" in str(caught.value)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    small().save(tmp_path / "world.json")
    text = (tmp_path / "world.json").read_bytes()
    (tmp_path / "world.json").write_bytes(b"\xef\xbb\xbf" + text)
    assert portrait(dp.load(tmp_path / "world.json")) == portrait(small())


# ---------------------------------------------------------------------- arrays


def refuses(folder: Path, message: str) -> None:
    with pytest.raises(dp.PartitionError, match=re.escape(message)) as caught:
        dp.load(folder / "net.json")
    assert "Mend:" in str(caught.value)


def test_missing_arrays(tmp_path: Path) -> None:
    large().save(tmp_path / "net.json")
    (tmp_path / "net.npz").unlink()
    refuses(
        tmp_path,
        "net.json: arrays_file: large arrays lie beside the JSON file (got no file 'net.npz')",
    )


def test_arrays_of_another_save(tmp_path: Path) -> None:
    world = large()
    world.save(tmp_path / "net.json")
    text = (tmp_path / "net.json").read_text(encoding="utf-8")
    world.step(1)
    world["population/0"].sensory["1"].weight = 7.0
    world.save(tmp_path / "net.json")
    (tmp_path / "net.json").write_text(text, encoding="utf-8")
    refuses(
        tmp_path,
        "net.json: arrays_file: the arrays were saved together with this file (got "
        "another 'net.npz' than the one saved)",
    )


def test_arrays_elsewhere(tmp_path: Path) -> None:
    large().save(tmp_path / "net.json")
    text = (tmp_path / "net.json").read_text(encoding="utf-8")
    text = text.replace('"net.npz"', '"../net.npz"')
    (tmp_path / "net.json").write_text(text, encoding="utf-8")
    refuses(tmp_path, "net.json: arrays_file: the arrays lie in the same folder (got '../net.npz')")


def with_arrays(folder: Path, content: Any) -> None:
    """Replace the arrays, with a digest that fits."""
    large().save(folder / "net.json")
    if isinstance(content, bytes):
        (folder / "net.npz").write_bytes(content)
    else:
        np.savez(folder / "net.npz", **content)
    raw = json.loads((folder / "net.json").read_text(encoding="utf-8"))
    raw["arrays_file"]["sha256"] = storage._digest(folder / "net.npz")
    (folder / "net.json").write_text(json.dumps(raw), encoding="utf-8")


class Bomb:
    """A pickle that would do something when it is read."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("exploded",)


def test_pickles_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with_arrays(tmp_path, {"population.couplings.weights": np.array([Bomb()], dtype=object)})
    refuses(tmp_path, "net.json: arrays_file: 'net.npz' is an .npz file of plain arrays (got")
    assert not (tmp_path / "exploded").exists()


def test_arrays_that_are_no_npz(tmp_path: Path) -> None:
    with_arrays(tmp_path, b"PK\x03\x04 not really")
    refuses(tmp_path, "net.json: arrays_file: 'net.npz' is an .npz file of plain arrays (got")


def test_arrays_without_one(tmp_path: Path) -> None:
    with_arrays(tmp_path, {"other": np.zeros(3)})
    refuses(
        tmp_path,
        "net.json: members[0].couplings.weights of 'population': a stored array is in "
        "the file of arrays (got no array 'population.couplings.weights')",
    )


def test_arrays_of_another_shape(tmp_path: Path) -> None:
    with_arrays(tmp_path, {"population.couplings.weights": np.zeros((40, 39))})
    refuses(
        tmp_path,
        "members[0].couplings.weights of 'population': it has shape (40, 40) (got shape (40, 39))",
    )


def test_arrays_of_text(tmp_path: Path) -> None:
    with_arrays(tmp_path, {"population.couplings.weights": np.full((40, 40), "x")})
    refuses(
        tmp_path,
        "members[0].couplings.weights of 'population': it holds numbers (got an array of <U1)",
    )


def test_arrays_with_nan(tmp_path: Path) -> None:
    values = np.zeros((40, 40))
    values[3, 5] = np.nan
    with_arrays(tmp_path, {"population.couplings.weights": values})
    refuses(
        tmp_path,
        "members[0].couplings.weights of 'population': its numbers are finite (got nan at [3, 5])",
    )


def test_a_file_that_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", faces=np.ones(3))
    before = (tmp_path / "net.npz").read_bytes()
    expected = "nothing else is overwritten .got a file that save.. did not write"
    with pytest.raises(dp.SettingError, match=expected):
        large().save(tmp_path / "net.json")
    (tmp_path / "net.npz").write_bytes(b"a letter")
    with pytest.raises(dp.SettingError, match=expected):
        large().save(tmp_path / "net.json")
    (tmp_path / "net.npz").write_bytes(before)
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]
    small().save(tmp_path / "net.json")
    assert (tmp_path / "net.npz").read_bytes() == before


# ---------------------------------------------------------------------- atomic


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_an_interrupted_save_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    world = large()
    world.save(tmp_path / "net.json")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    world["population/0"].bias = 3.0
    monkeypatch.setattr(os if at == "fsync" else Path, at, interrupt)
    with pytest.raises(KeyboardInterrupt):
        world.save(tmp_path / "net.json")
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert dp.load(tmp_path / "net.json")["population/0"].bias == 0.0


def test_a_save_between_two_files_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = large()
    world.save(tmp_path / "net.json")
    replace = Path.replace

    def interrupt(path: Path, target: Path) -> Path:
        if target.suffix == ".json":
            raise KeyboardInterrupt
        return replace(path, target)

    world["population/0"].sensory["1"].weight = 7.0
    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        world.save(tmp_path / "net.json")
    monkeypatch.undo()
    refuses(tmp_path, "the arrays were saved together with this file")


def test_a_refused_save_keeps_the_old_file(tmp_path: Path) -> None:
    world = small()
    world.save(tmp_path / "world.json")
    before = (tmp_path / "world.json").read_bytes()
    world["a"]._state = 7.0
    with pytest.raises(dp.PartitionError):
        world.save(tmp_path / "world.json")
    assert (tmp_path / "world.json").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_link_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "net.json"
    try:
        link.symlink_to(tmp_path / "there" / "net.json")
    except OSError:
        pytest.skip("links cannot be made here")
    large().save(link)
    assert link.is_symlink()
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["net.json", "net.npz"]
    assert portrait(dp.load(link)) == portrait(large())


# ---------------------------------------------------------------------- processes, parts


def drift(value: Any, actions: Any, rng: np.random.Generator) -> Any:
    return value + 0.1


def test_processes(tmp_path: Path) -> None:
    world = small()
    world.sense(world.add_external("scene", 0.5, drift), "a")
    with pytest.raises(dp.SettingError, match=r"scene: a file holds no Python function.*got drift"):
        world.save(tmp_path / "world.json")
    assert list(tmp_path.iterdir()) == []
    world.save(tmp_path / "world.json", processes="drop")
    with pytest.warns(UserWarning, match="'drift' of this external state was not saved"):
        dp.load(tmp_path / "world.json")
    again = dp.load(tmp_path / "world.json", processes={"scene": drift})
    world.step(0)
    again.step(0)
    assert portrait(again) == portrait(world)


def test_a_partition_is_saved_as_a_world(tmp_path: Path) -> None:
    world = dp.Partition("world")
    brain = world.add_partition("brain", precision=0.5)
    brain.couple(brain.add_subparticle("a"), brain.add_subparticle("b"), 0.8)
    world.couple(world.add_subparticle("c"), "brain/a", 0.3)
    brain.save(tmp_path / "brain.json")
    again = dp.load(tmp_path / "brain.json")
    assert again.name == "brain"
    assert again.couplings.tolist() == [[0, 0], [0.8, 0]]
    assert again["a"].precision == 0.5


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"the folder does not exist: '.*nowhere'"):
        dp.Partition("world").save(tmp_path / "nowhere" / "world.json")
