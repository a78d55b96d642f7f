"""Evidence: arrays over rows, dicts over external states, what they hold, answering processes."""

from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray

CB = dp.ContinuousBernoulli()

every_backend = pytest.mark.parametrize("backend", ["objects", "numpy"])


def world() -> dp.Partition:
    """Four rows: a and c sense the scene, c and d sense the mood, b senses nothing; d acts."""
    made = dp.Partition("world")
    brain = made.add_partition("brain")
    a, b = brain.add_subparticle("a"), brain.add_subparticle("b")
    c, d = made.add_subparticle("c"), made.add_subparticle("d", state=0.5)
    scene, mood = made.add_external("scene", 0.5), made.add_external("mood", -2.0)
    made.sense(scene, [c, a], [2.0, 3.0])
    made.sense(mood, [c, d], [0.1, -1.0])
    made.act(d, mood, 4.0)
    made.act(b, mood, 1.0)
    made.couple(a, b, 0.3)
    return made


def seen(evidence: Any, made: dp.Partition | None = None, **settings: Any) -> FloatArray:
    """What each row is given in one step, from θ = h + u at a state where h = 0."""
    simulator = dp.Simulator(world() if made is None else made, **settings)
    simulator.infer(evidence, steps=1)
    argument: FloatArray = simulator.variables.argument[0]
    return argument if "chains" in settings else argument[0]


HELD = [1.5, 0.0, 0.5 * 2.0 - 2.0 * 0.1, 2.0]


# ---------------------------------------------------------------------- forms


@every_backend
def test_none_is_what_the_external_states_hold(backend: str) -> None:
    np.testing.assert_allclose(seen(None, backend=backend), HELD, atol=1e-15)


@every_backend
def test_an_array_clamps_the_sums_of_the_sensory_states(backend: str) -> None:
    np.testing.assert_array_equal(seen([7.0, 0.0, -3.0, 0.1], backend=backend), [7, 0, -3, 0.1])


@every_backend
@pytest.mark.parametrize("key", ["path", "object"])
def test_a_dict_clamps_external_states_and_the_others_hold_what_they_hold(
    backend: str, key: str
) -> None:
    made = world()
    name: Any = "scene" if key == "path" else made["scene"]
    expected = [3.0, 0.0, 2.0 - 0.2, 2.0]
    np.testing.assert_allclose(seen({name: 1.0}, made, backend=backend), expected, atol=1e-15)


@every_backend
def test_a_vector_has_one_entry_per_subparticle_that_senses_in_row_order(backend: str) -> None:
    # The scene was wired to c first, but a comes first in row order.
    given = {"scene": [10.0, 20.0], "mood": 0.0}
    np.testing.assert_allclose(seen(given, backend=backend), [30.0, 0.0, 40.0, 0.0])


def test_an_empty_dict_is_what_the_external_states_hold() -> None:
    np.testing.assert_allclose(seen({}), HELD, atol=1e-15)


def test_vectors_held_by_external_states_are_read_in_row_order() -> None:
    made = world()
    made["scene"].value = [10.0, 20.0]
    np.testing.assert_allclose(seen(None, made)[:1], [30.0])
    np.testing.assert_allclose(seen(None, made)[2], 40.0 - 0.2)


@every_backend
def test_each_chain_can_have_its_own_evidence(backend: str) -> None:
    rows = np.array([[1.0, 0.0, 2.0, 3.0], [4.0, 0.0, 5.0, 6.0]])
    np.testing.assert_array_equal(seen(rows, backend=backend, chains=2), rows)
    np.testing.assert_array_equal(seen(rows[1], backend=backend, chains=2), rows[[1, 1]])
    vectors = {"scene": [[1.0, 2.0], [3.0, 4.0]], "mood": 0.0}
    expected = [[3.0, 0.0, 4.0, 0.0], [9.0, 0.0, 8.0, 0.0]]
    np.testing.assert_allclose(seen(vectors, backend=backend, chains=2), expected)


def test_one_row_serves_a_simulator_without_chains() -> None:
    rows = np.array([[1.0, 0.0, 2.0, 3.0]])
    np.testing.assert_array_equal(seen(rows), rows[0])


def test_evidence_ends_with_its_call() -> None:
    simulator = dp.Simulator(world())
    simulator.infer({"scene": 9.0}, steps=1)
    simulator.infer([9.0, 0.0, 9.0, 9.0], steps=1)
    simulator.infer(None, steps=1)
    np.testing.assert_allclose(simulator.variables.argument[0, 0, [0, 2, 3]], [1.5, 0.8, 2.0])


def test_an_external_state_that_nobody_senses_gives_no_evidence() -> None:
    made = world()
    made.add_external("elsewhere", [1.0, 2.0, 3.0])
    np.testing.assert_allclose(seen(None, made), HELD, atol=1e-15)
    np.testing.assert_allclose(seen({"elsewhere": 5.0}, made), HELD, atol=1e-15)


# ---------------------------------------------------------------------- processes


class Recorded:
    """A process that counts: its value grows by one per step; it keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, list[float]]] = []

    def __call__(self, value: FloatArray, actions: FloatArray, rng: np.random.Generator) -> Any:
        self.calls.append((value.tolist(), actions.tolist()))
        return value + 1.0


@every_backend
def test_a_process_answers_once_per_step_to_the_actions_of_the_step_before(backend: str) -> None:
    made, process = world(), Recorded()
    made["mood"].process = process
    simulator = dp.Simulator(made, backend)
    run = simulator.infer(steps=3)
    assert [value for value, _ in process.calls] == [-2.0, -1.0, 0.0]
    assert process.calls[0][1] == [0.0, 2.0]  # b and d in row order, by their weights 1 and 4
    for step, (_, actions) in enumerate(process.calls[1:]):
        np.testing.assert_allclose(actions, run.states[step, [1, 3]] * [1.0, 4.0])
    assert simulator.variables.argument[0, 0, 3] == -1.0  # the third answer, 1, by the weight -1
    assert made["mood"].value == -2.0  # the world stays as it is


def test_a_process_goes_on_where_it_was_in_the_next_call() -> None:
    made, process = world(), Recorded()
    made["mood"].process = process
    simulator = dp.Simulator(made)
    for _ in range(3):
        simulator.infer(steps=1, burn_in=1)
    assert [value for value, _ in process.calls] == [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]


def test_each_chain_has_its_own_process_value() -> None:
    made = world()
    made["mood"].process = lambda value, actions, rng: value + actions.sum()
    simulator = dp.Simulator(made, chains=2)
    values = np.array([-2.0, -2.0])
    for states in ([[0.0, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, -0.5]], np.ones((2, 4))):
        simulator.state = states
        simulator.infer(steps=1)
        values += np.array(states) @ [0.0, 1.0, 0.0, 4.0]
        np.testing.assert_allclose(simulator.variables.argument[0, :, 3], -values)


@pytest.mark.parametrize("evidence", [{"mood": 3.0}, np.zeros(4)])
def test_a_clamped_external_state_does_not_answer(evidence: Any) -> None:
    made, process = world(), Recorded()
    made["mood"].process = process
    dp.Simulator(made).infer(evidence, steps=5)
    assert process.calls == []


def test_relaxation_does_not_let_processes_answer() -> None:
    made, process = world(), Recorded()
    made["mood"].process = process
    dp.Simulator(made).relax()
    assert process.calls == []


@every_backend
def test_a_process_draws_from_the_stream_after_the_states(backend: str) -> None:
    made = world()
    drawn: list[float] = []

    def process(value: FloatArray, actions: FloatArray, rng: np.random.Generator) -> float:
        drawn.append(rng.random())
        return drawn[-1]

    made["mood"].process = process
    dp.Simulator(made, backend, "random", seed=6).infer(steps=2)
    rng = np.random.default_rng(6)
    expected = []
    for _ in range(2):
        rng.random(4)
        rng.integers(4, size=4)
        expected.append(rng.random())
    assert drawn == expected


@every_backend
@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ([1.0, 2.0, 3.0], ValueError, r"process of 'mood'.*senses it \(2\) \(got shape \(3,\)\)"),
        ([[1.0, 2.0]], ValueError, r"process of 'mood'.*\(got shape \(1, 2\)\)"),
        (np.nan, ValueError, r"process of 'mood': its answer is finite"),
        ("good", TypeError, r"process of 'mood': its answer holds numbers \(got 'good'\)"),
        (None, (TypeError, ValueError), r"process of 'mood': its answer"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    backend: str, answer: Any, error: Any, message: str
) -> None:
    made = world()
    made["mood"].process = lambda value, actions, rng: answer
    with pytest.raises(error, match=message):
        dp.Simulator(made, backend).infer(steps=1)


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize("call", ["infer", "learn", "relax"])
def test_evidence_for_a_row_that_senses_nothing_would_bypass_its_blanket(call: str) -> None:
    simulator = dp.Simulator(world(), learning_rate=0.1)
    argument = "patterns" if call == "learn" else "evidence"
    with pytest.raises(dp.BlanketError) as caught:
        getattr(simulator, call)(**{argument: [1.0, 2.0, 0.0, 0.0]})
    message = str(caught.value)
    assert message.startswith(f"{call}, 'brain/b': evidence reaches a subparticle only through")
    assert "(got 2 in row 1)" in message
    assert "world.sense(external, 'brain/b')" in message
    assert simulator.time == 0


def test_the_message_names_a_row_and_counts_the_others() -> None:
    made = dp.Partition("world")
    for name in "abc":
        made.add_subparticle(name)
    with pytest.raises(dp.BlanketError, match=r"'a'.*got 1 in row 0 and 2 more rows"):
        dp.Simulator(made).infer([1.0, 1.0, 1.0])


def test_one_chain_is_enough_to_bypass_a_blanket() -> None:
    rows = np.zeros((2, 4))
    rows[1, 1] = 0.1
    with pytest.raises(dp.BlanketError, match=r"world\.sense"):
        dp.Simulator(world(), chains=2).infer(rows)


@pytest.mark.parametrize(
    ("evidence", "error", "message"),
    [
        (np.zeros(3), ValueError, r"shape \(4,\) or \(2, 4\) \(got shape \(3,\)\)"),
        (1.0, ValueError, r"shape \(4,\) or \(2, 4\) \(got shape \(\)\)"),
        (np.zeros((1, 2, 4)), ValueError, r"\(got shape \(1, 2, 4\)\)"),
        (np.zeros((3, 4)), ValueError, r"\(4,\) or \(2, 4\) \(got shape \(3, 4\)\).*chains=3"),
        ([0.0, 0.0, np.nan, 0.0], ValueError, r"evidence is finite \(got nan at \[2\]\)"),
        ([0.0, 0.0, np.inf, 0.0], ValueError, r"evidence is finite \(got inf at \[2\]\)"),
        (["a", "b", "c", "d"], TypeError, "evidence holds numbers"),
        ([[0.0] * 4, [0.0]], TypeError, "evidence holds numbers"),
        (np.zeros(4) * 1j, TypeError, "evidence holds numbers"),
        ("scene", TypeError, r"evidence is an array, a dict or None .*\{'scene': value\}"),
        ({"scenery": 1.0}, KeyError, r"a path names an existing .*did you mean 'scene'\?"),
        ({"brain/a": 1.0}, KeyError, r"'brain/a'.*known paths are 'scene', 'mood'"),
        ({3: 1.0}, KeyError, r"\(got '3'\)"),
        (
            {"scene": [1.0, 2.0, 3.0]},
            ValueError,
            r"senses it: .*\(2,\) .*\(got shape \(3,\)\)",
        ),
        ({"scene": np.zeros((3, 2))}, ValueError, r"\(2,\) or \(2, 2\) \(got shape \(3, 2\)\)"),
        ({"scene": np.zeros((1, 1, 2))}, ValueError, r"got shape \(1, 1, 2\)"),
        ({"scene": np.nan}, ValueError, r"evidence\['scene'\]: a value is finite"),
        ({"scene": "bright"}, TypeError, r"evidence\['scene'\]: a value holds numbers"),
    ],
)
def test_evidence_that_does_not_fit_is_refused_before_anything_runs(
    evidence: Any, error: type[Exception], message: str
) -> None:
    simulator = dp.Simulator(world(), chains=2)
    with pytest.raises(error, match=message):
        simulator.infer(evidence)
    assert simulator.time == 0
    expected = dp.Simulator(world(), chains=2).infer(steps=3).states
    np.testing.assert_array_equal(simulator.infer(steps=3).states, expected)


def test_evidence_keyed_by_an_object_of_another_world_is_refused() -> None:
    worlds_ = [dp.from_couplings(np.zeros((2, 2)), name=name) for name in ("mine", "yours")]
    simulator = dp.Simulator(worlds_[0])
    mine, yours = (world["evidence"] for world in worlds_)
    simulator.infer({mine: 1.0}, steps=1)
    for call in (
        lambda: simulator.infer({yours: 1.0}, steps=1),
        lambda: simulator.relax(evidence={yours: 1.0}),
        lambda: simulator.learn({yours: [1.0]}, learning_rate=0.1),
    ):
        with pytest.raises(dp.PartitionError, match=r"'mine' \(got 'evidence' of world 'your"):
            call()
    with pytest.raises(dp.SettingError, match="'evidence' twice"):
        simulator.infer({mine: 1.0, "evidence": 2.0}, steps=1)
