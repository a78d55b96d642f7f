"""Which pattern each epoch presents: orders, arrays, dicts, lists and streams."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import deepparticle as dp

PATTERNS = np.array([[1.0, -1.0, 0.5], [-2.0, 0.3, 0.0], [0.1, 0.2, -0.7], [4.0, 0.0, 1.0]])


def simulator(**settings: Any) -> dp.Simulator:
    world = dp.from_couplings(np.zeros((3, 3)), bias=0.2)
    return dp.Simulator(world, learning_rate=0.1, **settings)


def learned(patterns: Any, **settings: Any) -> dp.Run:
    return simulator().learn(patterns, mode="deterministic", record="states", **settings)


# ---------------------------------------------------------------------- orders


def test_cyclic_goes_round() -> None:
    run = simulator().learn(PATTERNS, epochs=9, order="cyclic")
    assert run.patterns.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0]


def test_a_sequence_of_indices_goes_round_too() -> None:
    run = simulator().learn(PATTERNS, epochs=5, order=[3, 1, 1])
    assert run.patterns.tolist() == [3, 1, 1, 3, 1]
    indices: Any = np.array([2, 0])
    run = simulator().learn(PATTERNS, order=indices)
    assert run.patterns.tolist() == [2, 0]


def test_random_presents_every_pattern_about_equally_often() -> None:
    run = simulator().learn(PATTERNS, epochs=2000, steps=1, order="random", record=())
    counts = np.bincount(run.patterns, minlength=4)
    # Binomial counts: 500 ± 19.4.
    assert np.all(np.abs(counts - 500) < 4 * 19.4)
    assert not np.array_equal(run.patterns[:1000], run.patterns[1000:])


def test_the_random_order_depends_on_the_seed_alone() -> None:
    def order(**settings: Any) -> list[int]:
        one = simulator(**settings)
        if "chains" in settings:
            one.infer(steps=5)  # the states draw from another stream
        presented: list[int] = one.learn(PATTERNS, epochs=20, steps=3).patterns.tolist()
        return presented

    assert order(seed=4) == order(seed=4, chains=2) == order(seed=4, backend="objects")
    assert order(seed=4) == order(seed=4, schedule="random")
    assert order(seed=4) != order(seed=5)


def test_a_second_call_draws_a_new_order() -> None:
    one = simulator()
    first, second = (one.learn(PATTERNS, epochs=20).patterns.tolist() for _ in range(2))
    assert first != second


def test_by_default_each_pattern_is_one_epoch() -> None:
    assert simulator().learn(PATTERNS, order="cyclic").patterns.tolist() == [0, 1, 2, 3]
    assert simulator().learn(PATTERNS).patterns.size == 4


# ---------------------------------------------------------------------- forms of patterns


def test_the_pattern_of_an_epoch_is_its_evidence() -> None:
    run = learned(PATTERNS, order=[2, 0], steps=1)
    means = dp.ContinuousBernoulli().mean(0.2 + PATTERNS)
    np.testing.assert_allclose(run.states[0], means[2], atol=1e-14)


FORMS: dict[str, Callable[[], Any]] = {
    "list": lambda: PATTERNS.tolist(),
    "list of arrays": lambda: list(PATTERNS),
    "dict by path": lambda: {"evidence": PATTERNS},
    "list of dicts": lambda: [{"evidence": row} for row in PATTERNS],
    "tuple of dicts": lambda: tuple({"evidence": row.tolist()} for row in PATTERNS),
    "stream of arrays": lambda: iter(PATTERNS),
    "stream of dicts": lambda: ({"evidence": row} for row in PATTERNS),
    "stream of lists": lambda: (row.tolist() for row in PATTERNS),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_presents_the_same(form: str) -> None:
    expected = learned(PATTERNS, order="cyclic", evidence_strength=2.0)
    run = learned(FORMS[form](), order="cyclic", evidence_strength=2.0)
    np.testing.assert_array_equal(run.states, expected.states)
    assert run.patterns.tolist() == expected.patterns.tolist() == [0, 1, 2, 3]


def test_one_pattern_needs_no_axis() -> None:
    np.testing.assert_array_equal(learned(PATTERNS[0]).states, learned(PATTERNS[:1]).states)


def test_a_dict_of_numbers_gives_one_value_per_pattern_to_all_who_sense() -> None:
    run = learned({"evidence": [0.5, -0.5]}, order="cyclic", steps=1)
    means = dp.ContinuousBernoulli().mean(np.array([0.7, -0.3]))
    np.testing.assert_allclose(run.states[0], means[0], atol=1e-14)


def test_a_dict_can_name_external_states_by_object() -> None:
    world = dp.from_couplings(np.zeros((3, 3)), bias=0.2)
    one = dp.Simulator(world, learning_rate=0.1)
    given = {world["evidence"]: PATTERNS}
    run = one.learn(given, order="cyclic", mode="deterministic", record="states")
    np.testing.assert_array_equal(run.states, learned(PATTERNS, order="cyclic").states)


# ---------------------------------------------------------------------- streams


def counted(taken: list[int], limit: int = 100) -> Iterator[Any]:
    for index in range(limit):
        taken.append(index)
        yield PATTERNS[index % 4]


def test_a_stream_is_consumed_one_pattern_per_epoch_and_no_further() -> None:
    taken: list[int] = []
    run = simulator().learn(counted(taken), epochs=5, steps=2)
    assert taken == run.patterns.tolist() == [0, 1, 2, 3, 4]
    assert run.steps == 10


def test_a_stream_without_epochs_is_consumed_whole() -> None:
    taken: list[int] = []
    run = simulator().learn(counted(taken, 33), steps=3, record=("states", "free_energy"))
    assert len(taken) == run.patterns.size == 33
    assert run.states.shape == (99, 3)
    assert run.free_energy.shape == (99,)


def test_a_stream_that_ends_early_ends_the_run() -> None:
    run = simulator().learn(counted([], 3), epochs=5, steps=2, record="states")
    assert run.states.shape == (6, 3)
    assert not run.interrupted


def test_a_pattern_that_the_stream_changes_in_place_is_taken_as_it_was() -> None:
    def stream() -> Iterator[Any]:
        buffer = np.zeros(3)
        for row in PATTERNS:
            buffer[:] = row
            yield buffer
            buffer[:] = 99.0

    expected = learned(PATTERNS, order="cyclic")
    np.testing.assert_array_equal(learned(stream()).states, expected.states)


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("patterns", "error", "message"),
    [
        ("evidence", TypeError, "patterns are an array, a dict or an iterable"),
        (3.0, TypeError, "patterns are an array, a dict or an iterable"),
        (np.zeros((2, 4)), ValueError, r"shape \(P, 3\) with P ≥ 1 \(got shape \(2, 4\)\)"),
        (np.zeros((0, 3)), ValueError, r"with P ≥ 1 \(got shape \(0, 3\)\)"),
        (np.zeros((1, 2, 3)), ValueError, r"\(got shape \(1, 2, 3\)\)"),
        ([[1.0, 2.0, 3.0], [1.0]], TypeError, "patterns holds numbers"),
        ([["a", "b", "c"]], TypeError, "patterns holds numbers"),
        ([[1.0, np.nan, 3.0]], ValueError, r"patterns is finite \(got nan at \[0, 1\]\)"),
        ([], ValueError, "with P ≥ 1"),
        ({}, ValueError, "the same number of rows"),
        ({"evidence": 1.0}, ValueError, r"arrays of shape \(P,\) or \(P, k\)"),
        (
            {"evidence": np.zeros((2, 4))},
            ValueError,
            r"one per subparticle that senses it: shape \(3,\)",
        ),
        ({"evidense": np.zeros(2)}, KeyError, "did you mean 'evidence'"),
        ([{"evidence": 1.0}, {"evidense": 1.0}], KeyError, "did you mean 'evidence'"),
    ],
)
def test_patterns_that_do_not_fit_are_refused_before_anything_runs(
    patterns: Any, error: type[Exception], message: str
) -> None:
    one = simulator()
    with pytest.raises(error, match=message):
        one.learn(patterns, epochs=4)
    assert one.time == 0
    expected = simulator().learn(PATTERNS, epochs=9).patterns
    np.testing.assert_array_equal(one.learn(PATTERNS, epochs=9).patterns, expected)


def test_the_parts_of_a_dict_have_the_same_number_of_patterns() -> None:
    world = dp.from_couplings(np.zeros((3, 3)))
    world.sense(world.add_external("mood"), "population/0")
    one = dp.Simulator(world, learning_rate=0.1)
    with pytest.raises(dp.SettingError, match=r"'evidence': \(2, 3\), 'mood': \(4,\)"):
        one.learn({"evidence": np.zeros((2, 3)), "mood": np.zeros(4)})


@pytest.mark.parametrize(
    ("order", "message"),
    [([0, 1], "an iterable is presented in its own order"), ("cyclc", "did you mean 'cyclic'")],
)
def test_a_stream_has_its_own_order(order: Any, message: str) -> None:
    with pytest.raises(dp.SettingError, match=message):
        simulator().learn(iter(PATTERNS), order=order)


def test_a_pattern_of_a_stream_that_does_not_fit_is_refused_when_it_comes() -> None:
    one = simulator()
    with pytest.raises(dp.SettingError, match=r"evidence has shape \(3,\)"):
        one.learn(iter([PATTERNS[0], np.zeros(2)]), steps=5)
    assert one.time == 5


def test_patterns_per_chain_need_as_many_rows_as_chains() -> None:
    with pytest.raises(dp.SettingError, match=r"\(3,\) or \(2, 3\) \(got shape \(3, 3\)\)"):
        simulator(chains=2).learn(iter([np.zeros((3, 3))]))
    with pytest.raises(dp.SettingError, match=r"\(3,\) or \(2, 3\) \(got shape \(3, 3\)\)"):
        simulator(chains=2).learn({"evidence": np.zeros((5, 3, 3))})
