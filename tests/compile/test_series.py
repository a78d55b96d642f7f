"""Series: in memory while they are small, in files beyond that or when asked for."""

import gc
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile import engine, series
from deepparticle.compile.series import Folder, Series

J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
PATTERNS = np.array([[1.0, 0.0, -1.0], [0.0, 0.5, 0.5], [-1.0, -1.0, 1.0]])
EVERYTHING = tuple(dp.compile.run.RECORDS)


def simulator(**settings: Any) -> dp.Simulator:
    world = dp.from_couplings(J, bias=[0.1, 0.0, -0.2], name="net")
    return dp.Simulator(world, **{"learning_rate": 0.1, "seed": 3, **settings})


def on_disk(values: Any) -> bool:
    while values is not None and not isinstance(values, np.memmap):
        values = getattr(values, "base", None)
    return values is not None


# ---------------------------------------------------------------------- a series by itself


@pytest.mark.parametrize("capacity", [0, 3, 10, 100])
@pytest.mark.parametrize("limit", [0, 1, 100, 2**29])
@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_it_holds_what_was_appended_wherever_that_is(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], limit: int, capacity: int
) -> None:
    monkeypatch.setattr(series, "_IN_MEMORY", limit)
    made = Series("states", shape, np.dtype(float), capacity, Folder(None))
    parts = [np.random.default_rng(n).normal(size=(n, *shape)) for n in (1, 0, 4, 2, 3)]
    for number, part in enumerate(parts):
        made.append(part)
        if number == 2:  # it can be read in between, and goes on
            np.testing.assert_array_equal(made.values(), np.concatenate(parts[:3]))
    found = made.values()
    np.testing.assert_array_equal(found, np.concatenate(parts))
    assert on_disk(found) == (max(10, capacity) * 8 * int(np.prod(shape)) > limit)
    made.close()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_file_is_an_ordinary_npy_file(tmp_path: Path, dtype: str) -> None:
    made = Series("states", (2,), np.dtype(dtype), 0, Folder(tmp_path / "new" / "folder"))
    values = np.arange(24.0).reshape(12, 2)
    made.append(values[:5])
    made.append(values[5:])
    found = made.values()
    made.close()
    loaded = np.load(tmp_path / "new" / "folder" / "states.npy")
    np.testing.assert_array_equal(loaded, values)
    assert found.dtype == loaded.dtype == np.dtype(dtype)


def test_its_header_has_room_for_any_length(tmp_path: Path) -> None:
    made = Series("states", (), np.dtype(float), 0, Folder(tmp_path))
    for count in (1, 9, 90, 900, 9000, 90_000):
        made.append(np.full(count, float(count)))
        found = made.values()
        assert found.shape == (made.count,)
        assert found[-1] == count
        assert found[0] == 1.0
    made.close()


def test_nothing_is_an_empty_series(tmp_path: Path) -> None:
    for folder in (Folder(None), Folder(tmp_path)):
        made = Series("states", (2,), np.dtype(float), 7, folder)
        assert made.values().shape == (0, 2)
        made.close()
        assert made.values().shape == (0, 2)


def test_what_was_closed_can_still_be_read(tmp_path: Path) -> None:
    made = Series("states", (2,), np.dtype(float), 0, Folder(tmp_path))
    made.append(np.ones((3, 2)))
    made.close()
    np.testing.assert_array_equal(np.load(tmp_path / "states.npy"), np.ones((3, 2)))
    np.testing.assert_array_equal(made.values(), np.ones((3, 2)))


# ---------------------------------------------------------------------- runs in a folder


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize(("networks", "chains"), [(None, None), (2, 3)])
def test_a_run_in_a_folder_is_the_same_run(
    tmp_path: Path, networks: int | None, chains: int | None, every: int
) -> None:
    options: dict[str, Any] = {"epochs": 4, "steps": 3, "record": EVERYTHING, "every": every}
    made = [simulator(networks=networks, chains=chains) for _ in range(2)]
    expected = made[0].learn(PATTERNS, **options)
    run = made[1].learn(PATTERNS, folder=tmp_path / "run", **options)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted(
        f"{name}.npy" for name in EVERYTHING
    )
    for name, values in expected.records.items():
        np.testing.assert_array_equal(run.records[name], values)
        found = np.load(tmp_path / "run" / f"{name}.npy").reshape(values.shape)
        np.testing.assert_array_equal(found, values)
        assert on_disk(run.records[name])


def test_the_file_has_the_axes_that_the_caller_sees(tmp_path: Path) -> None:
    run = simulator().infer(steps=4, folder=tmp_path)
    assert run.states.shape == (4, 3)
    assert np.load(tmp_path / "states.npy").shape == (4, 3)
    assert np.load(tmp_path / "free_energy.npy").shape == (4,)


@pytest.mark.parametrize("form", [str, Path])
def test_inference_writes_to_a_folder_given_as_text_or_as_a_path(tmp_path: Path, form: Any) -> None:
    run = simulator().infer(steps=5, burn_in=2, folder=form(tmp_path / "a" / "b"))
    expected = simulator().infer(steps=5, burn_in=2)
    np.testing.assert_array_equal(run.states, expected.states)
    np.testing.assert_array_equal(run.mean, expected.mean)
    assert (tmp_path / "a" / "b" / "states.npy").exists()


def test_a_second_run_in_the_folder_replaces_the_files(tmp_path: Path) -> None:
    made = simulator()
    made.infer(steps=9, folder=tmp_path)
    second = made.infer(steps=4, folder=tmp_path)
    loaded = np.load(tmp_path / "states.npy")
    np.testing.assert_array_equal(loaded.reshape(4, 3), second.states)
    assert loaded.size == 12


def test_the_first_run_outlives_a_second_one_in_its_folder(tmp_path: Path) -> None:
    # In a process of its own: reading a mapped file that was cut short kills it.
    program = """
import sys
import numpy as np
import deepparticle as dp
made = dp.Simulator(dp.from_couplings(np.zeros((3, 3))))
first = made.infer(steps=3000, folder=sys.argv[1])
before = np.array(first.states)
made.infer(steps=2, folder=sys.argv[1])
np.testing.assert_array_equal(first.states, before)
"""
    ended = subprocess.run(
        [sys.executable, "-P", "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, (signal.strsignal(abs(ended.returncode)), ended.stderr[-300:])


def test_a_run_goes_on_where_its_folder_vanishes(tmp_path: Path) -> None:
    run = simulator().infer(steps=5, folder=tmp_path / "run")
    expected = np.array(run.states)
    for path in (tmp_path / "run").iterdir():
        path.unlink()
    (tmp_path / "run").rmdir()
    np.testing.assert_array_equal(run.states, expected)
    again = simulator().infer(steps=5, folder=tmp_path / "run")
    np.testing.assert_array_equal(again.states, expected)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda path: path / "file", dp.SettingError, "series are written to a folder .*file"),
        (lambda path: 3, dp.SettingTypeError, r"folder is a path \(got 3\)"),
        (lambda path: path / "file" / "inside", dp.SettingError, "series are written to a folder"),
    ],
    ids=["file", "number", "inside a file"],
)
@pytest.mark.parametrize("call", ["infer", "learn"])
def test_what_is_no_folder_is_refused_before_anything_runs(
    tmp_path: Path, call: str, make: Any, error: Any, message: str
) -> None:
    (tmp_path / "file").write_text("mine")
    made = simulator()
    given = {} if call == "infer" else {"patterns": PATTERNS}
    with pytest.raises(error, match=message):
        getattr(made, call)(steps=3, folder=make(tmp_path), **given)
    assert made.time == 0
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_is_written_where_nothing_is_recorded(tmp_path: Path) -> None:
    run = simulator().infer(steps=5, record=(), folder=tmp_path / "run")
    assert dict(run.records) == {}
    assert run.steps == 5


# ---------------------------------------------------------------------- runs that outgrow memory


@pytest.mark.parametrize("limit", [0, 100, 1000])
@pytest.mark.parametrize("numbers", [1, 2**21])
def test_a_run_that_outgrows_memory_is_the_same_run(
    monkeypatch: pytest.MonkeyPatch, limit: int, numbers: int
) -> None:
    expected = simulator(chains=2).learn(PATTERNS, epochs=4, steps=3, record=EVERYTHING)
    monkeypatch.setattr(series, "_IN_MEMORY", limit)
    monkeypatch.setattr(engine, "_NUMBERS", numbers)
    run = simulator(chains=2).learn(PATTERNS, epochs=4, steps=3, record=EVERYTHING)
    for name, values in expected.records.items():
        np.testing.assert_allclose(run.records[name], values, atol=1e-12)
        assert on_disk(run.records[name]) == (12 * values[0].size * 8 > limit), name


def test_a_stream_of_unknown_length_outgrows_memory_on_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = simulator().learn(PATTERNS, epochs=30, order="cyclic", record="states")
    monkeypatch.setattr(series, "_IN_MEMORY", 1000)
    stream = (PATTERNS[epoch % 3] for epoch in range(30))
    run = simulator().learn(stream, record="states")
    np.testing.assert_allclose(run.states, expected.states, atol=1e-11)
    assert on_disk(run.states)


def test_temporary_files_live_as_long_as_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "_IN_MEMORY", 0)
    run = simulator().infer(steps=5)
    values: Any = run.states
    while not isinstance(values, np.memmap) or values.filename is None:
        values = values.base
    path = Path(values.filename)
    assert path.exists()
    del values
    run = None  # type: ignore[assignment]
    gc.collect()
    assert not path.parent.exists()


# ---------------------------------------------------------------------- runs that end early


def press(epoch: int) -> Iterator[FloatArray]:
    """Patterns during which Ctrl-C is pressed."""
    for index in range(1000):
        if index == epoch:
            signal.raise_signal(signal.SIGINT)
        yield PATTERNS[index % 3]


def test_an_interrupted_run_keeps_everything_until_then(tmp_path: Path) -> None:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run = simulator().learn(press(4), steps=5, record=EVERYTHING, folder=tmp_path)
    finally:
        signal.signal(signal.SIGINT, previous)
    assert run.interrupted
    expected = simulator().learn(PATTERNS, epochs=4, steps=5, order="cyclic", record=EVERYTHING)
    for name, values in expected.records.items():
        assert run.records[name].shape == values.shape == (20, *values.shape[1:])
        np.testing.assert_allclose(run.records[name], values, atol=1e-11)
        np.testing.assert_array_equal(
            np.load(tmp_path / f"{name}.npy").reshape(values.shape), run.records[name]
        )


def test_a_run_that_diverges_keeps_everything_until_then(tmp_path: Path) -> None:
    world = dp.from_couplings(3.0 * (1.0 - np.eye(2)), bias=0.1, distribution=dp.Gaussian())
    with pytest.raises(dp.DivergenceError) as caught:
        dp.Simulator(world).infer(steps=500, folder=tmp_path)
    run = caught.value.run
    assert run.states.shape == (run.steps, 2)
    np.testing.assert_array_equal(np.load(tmp_path / "states.npy").reshape(-1, 2), run.states)


def test_what_was_written_before_an_error_can_be_read(tmp_path: Path) -> None:
    count = 0

    def process(value: FloatArray, actions: FloatArray, rng: np.random.Generator) -> FloatArray:
        nonlocal count
        count += 1
        if count > 4:
            raise RuntimeError("the world ended")
        return value

    world = dp.from_couplings(J)
    world["evidence"].process = process
    with pytest.raises(RuntimeError, match="the world ended"):
        dp.Simulator(world).infer(steps=9, folder=tmp_path)
    assert len(np.load(tmp_path / "states.npy")) == 4
