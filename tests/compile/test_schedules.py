"""Schedules of one's own: their turns, what they are equal to, and what is refused."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import portrait, worlds

import deepparticle as dp
from deepparticle.compile.backends.choosing import installed_backends
from deepparticle.compile.backends.numpy_backend import NumpyBackend
from deepparticle.partitions import schedules
from deepparticle.partitions.colouring import colours_of
from deepparticle.partitions.schedules import turns_inside

KERNELS = [name for name in installed_backends() if name != "numpy"]


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    before = dict(schedules._TURNS)
    yield
    schedules._TURNS.clear()
    schedules._TURNS.update(before)


def register(name: str, turns: Any) -> str:
    """A schedule with these turns, whatever the world."""
    dp.register_schedule(name)(turns if callable(turns) else lambda paths, touching: turns)
    return name


def drawn_turns(paths: Any, touching: Any) -> list[list[int]]:
    """Turns that look like any other, and depend on the world alone."""
    rng = np.random.default_rng(zlib.crc32("|".join(paths).encode()))
    order = rng.permutation(len(paths))
    cuts = np.flatnonzero(rng.random(len(paths)) < 0.5)
    return [part.tolist() for part in np.split(order, cuts)]


def three() -> dp.Partition:
    """Mixed states, a part with a clock, asymmetric couplings; all sense."""
    world = dp.Partition("three", learning_rate=0.2)
    a = world.add_subparticle("a", bias=0.4)
    slow = world.add_partition("slow", clock=2)
    b = slow.add_subparticle("b", distribution=dp.Spin(), bias=-0.2)
    c = slow.add_subparticle("c", bias=0.1)
    for source, target, weight in ((a, b, 0.8), (b, a, -0.5), (b, c, 1.1), (c, a, 0.7)):
        world.couple(source, target, weight)
    world.sense(world.add_external("scene"), [a, b, c])
    return world


def runs_of(world: dp.Partition, *orders: str, **given: Any) -> list[dp.Run]:
    """The same learning run in several schedules."""
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(2, world.leaf_count))
    found = []
    for order in orders:
        simulator = dp.Simulator(world, schedule=order, stream="shared", seed=3, **given)
        patterns = np.where(simulator.program.senses, patterns, 0.0)
        record = ("states", "local_free_energy", "weight_change")
        found.append(simulator.learn(patterns, epochs=4, steps=5, learning_rate=0.1, record=record))
    return found


def assert_same(runs: list[dp.Run], tolerance: float = 0.0) -> None:
    first, *others = runs
    for other in others:
        assert np.any(first.records["weight_change"] > 0.0)
        for name, values in first.records.items():
            np.testing.assert_allclose(other.records[name], values, rtol=0, atol=tolerance)


# ---------------------------------------------------------------------- what they are equal to


@pytest.mark.parametrize("backend", ["objects", "numpy"])
@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_the_schedules_of_the_library_are_turns(backend: str, layout: str) -> None:
    register("one turn", lambda paths, touching: [range(len(paths))])
    register("row by row", lambda paths, touching: [[row] for row in range(len(paths))])
    register("by colour", lambda paths, touching: colours_of(touching))
    for own, known in (
        ("one turn", "synchronous"),
        ("row by row", "sequential"),
        ("by colour", "chromatic"),
    ):
        runs = runs_of(three(), known, own, backend=backend, layout=layout, chains=2)
        assert_same(runs, 1e-13)


def test_a_step_is_that_of_its_definition() -> None:
    world = three()
    register("a after the others", [[1, 2], [0]])
    for leaf, state in zip(world.subparticles, [0.3, -1.0, 0.6], strict=True):
        leaf.state = state
    world["scene"].value = [0.5, 0.2, -0.4]
    uniforms = np.random.default_rng(7).random(3)
    J, mean, spin, continuous = world.couplings, [], dp.Spin(), dp.ContinuousBernoulli()
    now = world.states
    # b and c at once, so that c does not see what b becomes; then a, which sees both.
    h = world.biases + J @ now
    b = spin.sample(h[1] + 0.2, uniforms[1])
    c = continuous.sample(h[2] - 0.4, uniforms[2])
    h[0] = 0.4 + J[0] @ [0.3, b, c]
    a = continuous.sample(h[0] + 0.5, uniforms[0])
    new = np.array([a, b, c])
    mean = [continuous.mean(h[0]), spin.mean(h[1]), continuous.mean(h[2])]
    learned = J + 0.2 * np.outer(new - mean, new) * (J != 0.0)

    world.step(np.random.default_rng(7), "a after the others")
    np.testing.assert_allclose(world.states, new, atol=1e-14)
    np.testing.assert_allclose(world.couplings, learned, atol=1e-14)
    # In the next step the clock holds b and c.
    held = world.states[1:]
    world.step(np.random.default_rng(8), "a after the others")
    np.testing.assert_array_equal(world.states[1:], held)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(worlds())
def test_any_turns_are_verified_on_any_world(world: dp.Partition) -> None:
    register("drawn", drawn_turns)
    before = portrait(world)
    found = dp.verify(world, steps=3, schedules=("drawn",))
    assert found.ok, found
    assert {one.what.split(", ")[1] for one in found.comparisons if one.steps == 3} <= {
        "drawn",
        "free run: σ",
    }
    assert portrait(world) == before


@settings(max_examples=15, deadline=None, derandomize=True)
@given(worlds(), st.booleans(), st.integers(0, 2**31))
def test_a_step_of_the_world_is_a_step_of_the_simulator(
    world: dp.Partition, learn: bool, number: int
) -> None:
    register("drawn", drawn_turns)
    simulator, rng = (
        dp.Simulator(world, schedule="drawn", seed=number),
        np.random.default_rng(number),
    )
    for _ in range(5):
        world.step(rng, "drawn", learn=learn)
    if learn:
        rate = simulator.program.learning_rate
        simulator.learn([{}], epochs=1, steps=5, learning_rate=rate)
    else:
        simulator.infer(steps=5)
    np.testing.assert_allclose(simulator.state, world.states, atol=1e-9)


def test_a_part_that_is_stepped_has_turns_of_its_own() -> None:
    world = three()
    seen = []

    @dp.register_schedule("last first")
    def last_first(paths: Any, touching: Any) -> Any:
        seen.append((list(paths), touching.toarray().tolist()))
        return [[row] for row in reversed(range(len(paths)))]

    world["slow"].step(np.random.default_rng(0), "last first")
    assert seen[0] == (["slow/b", "slow/c"], [[False, True], [True, False]])
    assert world.states[0] == 0.0


@pytest.mark.parametrize("rule", ["previous-presynaptic", "hebbian"])
def test_what_was_seen_is_what_is_learned_from(rule: str) -> None:
    register("pairs", [[2, 0], [1]])
    world = three()
    found = dp.verify(world, schedules=("pairs",), steps=10)
    assert found.ok
    for one in world.subparticles:
        one.learning_rule = rule
    dp.verify(world, schedules=("pairs",), steps=10).raise_if_failed()


def test_a_kernel_that_updates_the_rows_of_a_turn_one_by_one_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scan: Any = NumpyBackend._scan

    def one_by_one(self: Any, given: Any) -> Any:
        whole = self.program
        rows = [np.array([row]) for turn in whole.turns for row in turn]
        self.program = replace(whole, turns=tuple(rows))
        try:
            return scan(self, given)
        finally:
            self.program = whole

    monkeypatch.setattr(NumpyBackend, "_scan", one_by_one)
    assert dp.verify(three(), schedules=("sequential",)).ok
    found = dp.verify(three(), schedules=(register("both", [[0, 1], [2]]),))
    assert {one.what[-1] for one in found.comparisons if not one.ok} == {"σ", "h", "F", "J"}


# ---------------------------------------------------------------------- programs


def test_a_program_holds_its_turns_and_says_so() -> None:
    world = three()
    program = dp.lower(world, register("ends", [[2, 0], [1]]))
    assert [rows.tolist() for rows in program.turns] == [[0, 2], [1]]
    assert program.touches
    assert not program.at_once
    assert not dp.lower(world, register("apart", [[2], [0], [1]])).touches
    text = program.explain()
    assert "ends: 2 turns, the rows of each at once" in text
    assert "for rows in turns:                     # rows that update at once" in text
    with pytest.raises(ValueError, match="read-only"):
        program.turns[0][0] = 1


def test_turns_are_asked_for_once_per_structure_and_function() -> None:
    asked = []

    def counted(paths: Any, touching: Any) -> Any:
        asked.append(list(paths))
        return [range(len(paths))]

    world = three()
    register("counted", counted)
    rng = np.random.default_rng(0)
    for _ in range(3):
        world.step(rng, "counted")
    assert len(asked) == 2  # the second time to see whether they are the same
    world.rename("slow/b", "d")
    world.step(rng, "counted")
    assert len(asked) == 4
    assert asked[-1] == ["a", "slow/d", "slow/c"]
    register("counted", [[0], [1, 2]])
    world.step(rng, "counted")
    assert [rows.tolist() for rows in turns_inside(world, "counted")] == [[0], [1, 2]]


def test_empty_turns_are_left_out() -> None:
    register("gaps", [[], [1], np.zeros(0, dtype=int), [0, 2], []])
    assert [rows.tolist() for rows in dp.lower(three(), "gaps").turns] == [[1], [0, 2]]


def test_relaxation_and_cycles_follow_the_turns() -> None:
    # Two that copy and invert each other turn round in four steps at once, and in two turns in 2.
    couplings = [[0.0, 30.0], [-30.0, 0.0]]
    world = dp.from_couplings(couplings, distribution=dp.Spin())
    register("one turn", [[0, 1]])
    register("two turns", [[0], [1]])
    for own, known in (("one turn", "synchronous"), ("two turns", "sequential")):
        found = [
            dp.analysis.limit_cycles(dp.Simulator(world, schedule=order), starts=[[1.0, 1.0]])
            for order in (own, known)
        ]
        assert found[0].periods.tolist() == found[1].periods.tolist()
    calm = dp.Simulator(three(), schedule=register("drawn", drawn_turns)).relax()
    reference = dp.Simulator(three()).relax()
    assert calm.converged
    np.testing.assert_allclose(calm.states, reference.states, atol=1e-7)


# ---------------------------------------------------------------------- compiled backends


@pytest.mark.parametrize("backend", KERNELS)
def test_kernels_run_turns_of_rows_that_do_not_touch(backend: str) -> None:
    grid = dp.Partition("grid")
    grid.add_population("sites", 36, bias=0.1)
    grid.couple_lattice((6, 6), 0.4)
    grid.sense(grid.add_external("scene"), grid.subparticles)
    register("odd first", lambda paths, touching: colours_of(touching)[::-1])
    for layout in ("dense", "sparse"):
        for chains in (None, 3):
            given = {"layout": layout, "chains": chains}
            runs = [
                *runs_of(grid, "odd first", backend="numpy", **given),
                *runs_of(grid, "odd first", backend=backend, **given),
            ]
            assert_same(runs, 1e-9)


@pytest.mark.parametrize("backend", KERNELS)
def test_kernels_refuse_turns_of_rows_that_touch_and_auto_passes_them_over(backend: str) -> None:
    world = dp.from_couplings([[0.0, 0.5], [0.2, 0.0]])
    register("both", [[0, 1]])
    with pytest.raises(dp.SettingError, match="knows no turns of rows that touch each other"):
        dp.Simulator(world, backend, "both")
    assert dp.Simulator(world, "auto", "both").backend == "numpy"
    notes = dp.verify(world, steps=2, backends=(backend,), schedules=("both",)).notes
    assert "turns of rows that touch" in notes[0]


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        ([[0, 1]], "every row has one turn in a step .got no turn for row 2, 'slow/c'"),
        ([[0, 1, 2], [1]], "got 2 turns for row 1, 'slow/b'"),
        ([[0, 0], [1, 2]], "got 2 turns for row 0, 'a'"),
        ([], r"no turn for row 0, 'a' \(2 more like it\)"),
        ([[0, 1], [3]], "rows 0…2 .got row 3"),
        ([[0, 1], [-1]], "rows 0…2 .got row -1"),
        ([[0.0, 1.0], [2.0]], "sequences of rows 0…2 .got a turn"),
        ([[True, True, True]], "sequences of rows 0…2 .got a turn"),
        ([0, 1, 2], "sequences of rows 0…2 .got a turn"),
        ([["a"], ["b"], ["c"]], "sequences of rows 0…2 .got a turn"),
        ([[0, [1]], [2]], "sequences of rows 0…2"),
        (7, "sequences of rows 0…2 .got 7"),
        (None, "sequences of rows 0…2 .got None"),
    ],
)
def test_turns_that_are_none_are_refused(turns: Any, message: str) -> None:
    register("wrong", lambda paths, touching: turns)
    for use in (
        lambda: dp.Simulator(three(), schedule="wrong"),
        lambda: three().step(np.random.default_rng(0), "wrong"),
    ):
        with pytest.raises(dp.SettingError, match=f"^schedule 'wrong': .*{message}"):
            use()


def test_turns_that_are_drawn_anew_are_refused() -> None:
    rng = np.random.default_rng(0)
    register("unsteady", lambda paths, touching: [[row] for row in rng.permutation(len(paths))])
    with pytest.raises(dp.SettingError, match=r"others the second time.*fixed seed"):
        dp.Simulator(dp.from_couplings(np.zeros((9, 9))), schedule="unsteady")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("synchronous", ValueError, "'synchronous' comes with the library"),
        ("langevin", ValueError, "'langevin' comes with the library"),
        ("", TypeError, "a schedule has a name"),
        (None, TypeError, "a schedule has a name"),
        (len, TypeError, "a schedule has a name"),
    ],
)
def test_a_name_is_ones_own(name: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        dp.register_schedule(name)


def test_a_schedule_is_a_function() -> None:
    wrong: Any = [[0], [1]]
    with pytest.raises(dp.SettingTypeError, match="a schedule is a function"):
        dp.register_schedule("list")(wrong)


def test_a_misspelled_schedule_is_refused_with_what_was_meant() -> None:
    register("outside-in", [[0, 1, 2]])
    world = three()
    for use in (
        lambda: dp.Simulator(world, schedule="outside in"),
        lambda: dp.lower(world, "outside in"),
        lambda: world.step(0, "outside in"),
        lambda: dp.verify(world, schedules=("outside in",)),
        lambda: dp.analysis.stationary_law(np.zeros((2, 2)), schedule="outside in"),
        lambda: world.certify(np.zeros((5, 3)), schedule="outside in"),
    ):
        with pytest.raises(dp.SettingError, match=r"the schedule is one of .*'outside-in'\?"):
            use()
    with pytest.raises(dp.SettingError, match="register it: @register_schedule"):
        dp.Simulator(world, schedule="zzz")
