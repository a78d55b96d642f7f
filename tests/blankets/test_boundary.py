"""Boundary states: one state, two views; what they hold, and how they learn."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deepparticle as dp
from deepparticle.blankets import BoundaryConditional, BoundaryViews, ExplicitBoundary
from deepparticle.blankets.conditional import conditional_named
from deepparticle.blankets.naming import checked_name, name_fault, nearest, unknown_path
from deepparticle.blankets.numbers import finite_number

NUMBERS = st.floats(-1e6, 1e6)


def pair(weight: float = 0.8, *, plastic: bool = True) -> tuple[dp.Subparticle, dp.Subparticle]:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a"), world.add_subparticle("b")
    world.couple(a, b, weight, plastic=plastic)
    return a, b


def test_one_state_two_views() -> None:
    a, b = pair()
    sensory, active = b.sensory["a"], a.active["b"]
    assert sensory.boundary is active.boundary
    assert isinstance(sensory, dp.SensoryState)
    assert isinstance(active, dp.ActiveState)
    assert sensory.source is a
    assert active.target is b
    assert sensory.boundary.source is a
    assert sensory.boundary.target is b
    assert sensory.boundary.kind == "boundary"


@given(NUMBERS)
def test_a_change_from_either_side_is_seen_from_the_other(weight: float) -> None:
    a, b = pair()
    b.sensory["a"].weight = weight
    assert a.active["b"].weight == weight
    a.active["b"].weight = -weight
    assert b.sensory["a"].weight == -weight
    b.sensory["a"].plastic = False
    assert not a.active["b"].plastic
    a.active["b"].conditional = dp.Delta(0.5)
    assert b.sensory["a"].conditional == dp.Delta(0.5)


@given(NUMBERS, st.floats(-1, 1))
def test_the_state_is_weight_times_what_the_source_showed(weight: float, state: float) -> None:
    a, b = pair(weight)
    a.state = state
    assert b.sensory["a"].state == a.active["b"].state == weight * state
    a.infer(uniform=0.9)
    # Inferred, and not shown yet: the blanket still has the old state.
    assert b.sensory["a"].state == weight * state
    a.act()
    assert b.sensory["a"].state == weight * a.state


@given(st.floats(-1, 1), st.floats(-2, 2), st.floats(0, 1))
def test_learning_is_rate_times_error_times_state_of_the_source(
    state: float, error: float, rate: float
) -> None:
    a, b = pair()
    a.state = state
    boundary = b.sensory["a"].boundary
    increment = boundary.increment(error, rate)
    assert increment == rate * error * state
    boundary.learn(error, rate)
    assert boundary.weight == 0.8 + increment


def test_what_is_not_plastic_does_not_learn() -> None:
    a, b = pair(plastic=False)
    a.state = 1.0
    boundary = b.sensory["a"].boundary
    assert boundary.increment(1.0, 1.0) == 0.0
    boundary.learn(1.0, 1.0)
    assert boundary.weight == 0.8


def test_three_kinds() -> None:
    world = dp.Partition("world")
    a = world.add_subparticle("a")
    scene = world.add_external("scene", 0.5)
    assert world.sense(scene, a).boundary.kind == "sensory"
    assert world.act(a, scene).boundary.kind == "active"
    assert world.couple(a, world.add_subparticle("b")).kind == "boundary"


def test_keys_are_paths_short_names_where_unique_and_objects() -> None:
    world = dp.Partition("world")
    left, right = world.add_partition("left"), world.add_partition("right")
    b = left.add_subparticle("b")
    for place in (left, right):
        world.couple(place.add_subparticle("a"), b)
    world.couple(right.add_subparticle("c"), b)
    assert list(b.sensory) == ["left/a", "right/a", "right/c"]
    assert b.sensory["right/a"].source is right["a"]
    assert b.sensory[right["a"]].source is right["a"]
    assert b.sensory["c"].source is right["c"]
    assert len(b.sensory) == 3
    assert "c" in b.sensory
    assert right["c"] in b.sensory  # type: ignore[comparison-overlap]
    assert "d" not in b.sensory
    assert b not in b.sensory  # type: ignore[comparison-overlap]
    assert [key for key, _ in b.sensory.items()] == list(b.sensory)
    with pytest.raises(dp.PartitionError) as caught:
        b.sensory["a"]
    for fragment in ("left/a", "right/a"):
        assert fragment in str(caught.value)
    assert "'left/a'" in repr(b.sensory)


def test_the_root_path_wins_over_the_short_name() -> None:
    world = dp.Partition("world")
    inner = world.add_partition("inner")
    b = world.add_subparticle("b")
    world.couple(world.add_subparticle("a"), b, 1.0)
    world.couple(inner.add_subparticle("a"), b, 2.0)
    assert b.sensory["a"].weight == 1.0
    assert b.sensory["inner/a"].weight == 2.0


def test_views_can_be_shown() -> None:
    a, b = pair()
    boundary = b.sensory["a"].boundary
    assert str(boundary) == "a → b"
    assert repr(boundary) == "<boundary state a → b: Delta(weight=0.8)>"
    assert repr(b.sensory["a"]) == "<SensoryState of 'b' from 'a': weight=0.8>"
    assert repr(a.active["b"]) == "<ActiveState of 'a' on 'b': weight=0.8>"
    boundary.plastic = False
    assert "plastic=False" in repr(boundary)


def test_views_are_equal_where_they_view_the_same() -> None:
    a, b = pair()
    assert b.sensory["a"] == b.sensory["a"]
    assert b.sensory["a"] != a.active["b"]
    assert b.sensory["a"] != "a"
    assert len({b.sensory["a"], b.sensory["a"], a.active["b"]}) == 2
    assert isinstance(b.sensory, BoundaryViews)


# ---------------------------------------------------------------------- conditionals


class Doubled(BoundaryConditional):
    """Another way to follow a source."""

    kind = "doubled"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def value(self, source_state: float) -> float:
        return 2 * self.weight * source_state

    def with_weight(self, weight: float) -> Doubled:
        return Doubled(weight)


def test_another_conditional_can_follow() -> None:
    a, b = pair()
    b.sensory["a"].conditional = Doubled(0.5)
    a.state = 0.25
    assert b.sensory["a"].state == 0.25
    b.sensory["a"].weight = 2.0
    assert isinstance(a.active["b"].conditional, Doubled)
    assert b.sensory["a"].state == 1.0
    b.sensory["a"].boundary.learn(1.0, 1.0)
    assert b.sensory["a"].weight == 2.25


def test_a_delta_is_a_value() -> None:
    assert dp.Delta(1).weight == 1.0
    assert dp.Delta(0.5) == dp.Delta(0.5)
    assert hash(dp.Delta(0.5)) == hash(dp.Delta(0.5))
    assert conditional_named("delta", 0.5) == dp.Delta(0.5)
    with pytest.raises(AttributeError):
        dp.Delta(0.5).weight = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: dp.Delta(math.nan), dp.SettingError),
        (lambda: dp.Delta(math.inf), dp.SettingError),
        (lambda: dp.Delta("x"), dp.SettingTypeError),  # type: ignore[arg-type]
        (lambda: dp.Delta(True), dp.SettingTypeError),
        (lambda: conditional_named("gauss", 1.0), dp.SettingError),
        (lambda: finite_number(None, "a", "bias"), dp.SettingTypeError),
        (lambda: finite_number(1j, "a", "bias"), dp.SettingTypeError),
    ],
)
def test_conditionals_refuse_what_is_no_weight(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="Mend:"):
        make()


def test_an_explicit_boundary_refuses_what_is_no_conditional() -> None:
    a, b = pair()
    boundary = b.sensory["a"].boundary
    assert isinstance(boundary, ExplicitBoundary)
    with pytest.raises(dp.SettingTypeError, match="a → b: a boundary state owns a conditional"):
        boundary.conditional = 0.5  # type: ignore[assignment]
    assert boundary.weight == 0.8
    assert a.active["b"].weight == 0.8


# ---------------------------------------------------------------------- names, errors


@given(st.text(max_size=5))
def test_a_name_is_lawful_or_says_why(name: str) -> None:
    fault = name_fault(name, "here")
    if fault is None:
        assert checked_name(name, "here") == name
        assert name.strip()
        assert "/" not in name
    else:
        assert fault.where == "here"
        assert fault.mend


def test_nearest_names() -> None:
    assert nearest("brian/a", ["brain/a", "scene"]) == ["brain/a"]
    assert nearest("xyz", ["brain/a"]) == []
    many = unknown_path("world", "q", [f"member{i}" for i in range(9)])
    assert "known paths are 'member0', 'member1'" in str(many)
    assert str(many).endswith(", ….") or ", …" in str(many)


def test_errors_carry_their_faults() -> None:
    one = dp.Fault("a", "a rule", "3", "do that")
    two = dp.Fault("b", "another rule", "4", "what?")
    error = dp.PartitionError([one, two])
    assert error.faults == (one, two)
    assert str(error) == (
        "2 faults:\n  1. a: a rule (got 3). Mend: do that.\n"
        "  2. b: another rule (got 4). Mend: what?"
    )
    assert str(dp.PartitionError(one)) == str(one)
    for kind in (dp.PartitionError, dp.SettingTypeError, dp.UnknownPathError, dp.DivergenceError):
        again = pickle.loads(pickle.dumps(kind([one, two])))
        assert type(again) is kind
        assert again.faults == (one, two)
        assert str(again) == str(kind([one, two]))
