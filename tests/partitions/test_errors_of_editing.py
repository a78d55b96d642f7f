"""Errors of editing, addressing and setting, of `check` and of `report`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from support.errors import STRANGER, Case, example, is_complete, says
from support.worlds import portrait

import deepparticle as dp

NAN, INF = math.nan, math.inf

EDITING: dict[str, Case] = {
    "removing what is not there": (
        dp.UnknownPathError,
        lambda w: w.remove("brain/x"),
        "world: a path names an existing object (got 'brain/x'). Mend: did you mean 'brain/",
    ),
    "removing the root": (
        dp.PartitionError,
        lambda w: w.remove(w),
        "world: the root cannot be removed (got 'world'). Mend: name something inside it.",
    ),
    "removing one member of a population": (
        dp.PartitionError,
        lambda w: w.remove("cortex/1"),
        (
            "cortex/1: a member of a population cannot be removed by itself (got 'cortex/1') "
            "... Mend: edit the whole population"
        ),
    ),
    "renaming one member of a population": (
        dp.PartitionError,
        lambda w: w.rename("cortex/1", "x"),
        (
            "cortex/1: a member of a population cannot be renamed by itself ... Mend: edit the "
            "whole population"
        ),
    ),
    "renaming to a name that is taken": (
        dp.PartitionError,
        lambda w: w.rename("brain/a", "b"),
        "brain/a: the names of siblings differ (got 'b'). Mend: choose a name that is not taken.",
    ),
    "renaming to nothing": (
        dp.PartitionError,
        lambda w: w.rename("brain/a", ""),
        "brain/a: a name is not empty (got ''). Mend: give the member a name.",
    ),
    "renaming to a path": (
        dp.PartitionError,
        lambda w: w.rename("brain/a", "c/d"),
        "brain/a: a name has no '/' ... (got 'c/d'). Mend: use 'c_d'",
    ),
    "moving a partition into itself": (
        dp.PartitionError,
        lambda w: w.move("inner", "inner"),
        (
            "inner: the nesting is a tree, without cycles (got a move into itself) "
            "... Mend: move it elsewhere"
        ),
    ),
    "moving a partition into what it holds": (
        dp.PartitionError,
        lambda w: w.move("inner", "inner/core"),
        (
            "inner: the nesting is a tree, without cycles (got a move into 'inner/core', which "
            "lies ... Mend: move it elsewhere"
        ),
    ),
    "moving the root": (
        dp.PartitionError,
        lambda w: w.move(w, "brain"),
        "world: the root cannot be moved ... name something inside it",
    ),
    "moving an external state": (
        dp.BlanketError,
        lambda w: w.move("scene", "brain"),
        "scene: only the root holds external states (got a move into 'brain'). Mend: leave it",
    ),
    "moving into a subparticle": (
        dp.PartitionError,
        lambda w: w.move("lonely", "brain/a"),
        "brain/a: only a partition holds members (got a Subparticle). Mend: name a partition.",
    ),
    "moving into a population": (
        dp.PartitionError,
        lambda w: w.move("lonely", "cortex"),
        "cortex: only a partition holds members (got a Population). Mend: name a partition.",
    ),
    "moving into another world": (
        dp.PartitionError,
        lambda w: w.move("lonely", dp.Partition("elsewhere")),
        "world: only objects of one world can be joined (got 'elsewhere' of world 'elsewhere')",
    ),
    "copying beside the original without a name": (
        dp.PartitionError,
        lambda w: w.copy("brain"),
        "world: the names of siblings differ (got 'brain'). Mend: give the copy another name",
    ),
    "copying under a name with a slash": (
        dp.PartitionError,
        lambda w: w.copy("brain", "x/y"),
        "brain: a name has no '/' ... (got 'x/y'). Mend: use 'x_y'",
    ),
    "copying the root into itself": (
        dp.PartitionError,
        lambda w: w.copy(w, "x"),
        "world: the root cannot be copied ... name something inside it",
    ),
    "copying one member of a population": (
        dp.PartitionError,
        lambda w: w.copy("cortex/1", "x"),
        "cortex/1: a member of a population cannot be copied by itself",
    ),
    "copying an external state into a partition": (
        dp.BlanketError,
        lambda w: w.copy("scene", "x", "brain"),
        "scene: only the root holds external states (got a copy into 'brain'). Mend: copy it",
    ),
    "copying into a subparticle": (
        dp.PartitionError,
        lambda w: w.copy("lonely", "x", "brain/a"),
        "brain/a: only a partition holds members (got a Subparticle). Mend: name a partition.",
    ),
}

LOOKING: dict[str, Case] = {
    "an unknown path": (
        dp.UnknownPathError,
        lambda w: w["brian/a"],
        "world: a path names an existing object (got 'brian/a'). Mend: did you mean 'brain/a' or",
    ),
    "an unknown path from inside": (
        dp.UnknownPathError,
        lambda w: w["brain"]["x"],
        "brain: a path names an existing object (got 'x'). Mend: known paths are 'a', 'b'.",
    ),
    "something in a subparticle": (
        dp.UnknownPathError,
        lambda w: w["brain/a/x"],
        "(got 'brain/a/x'). Mend: did you mean",
    ),
    "an empty path": (
        dp.UnknownPathError,
        lambda w: w[""],
        "(got ''). Mend: known paths",
    ),
    "something in an empty world": (
        dp.UnknownPathError,
        lambda w: dp.Partition("void")["a"],
        "void: a path names an existing object (got 'a'). Mend: it is empty: add a member first.",
    ),
    "a number as path": (
        dp.SettingTypeError,
        lambda w: w[3],
        "world: a path is a string (got 3). Mend: use for example world['brain/a'].",
    ),
    "a row beyond a population": (
        dp.UnknownPathError,
        lambda w: w["cortex/3"],
        "(got 'cortex/3') ... Mend:",
    ),
    "a row of another world": (
        dp.PartitionError,
        lambda w: w.row_of(STRANGER),
        "world: a row belongs to a subparticle of this partition (got a). Mend: ask the world",
    ),
    "a sensory state that is not there": (
        dp.UnknownPathError,
        lambda w: w["brain/b"].sensory["lonely"],
        (
            "brain/b.sensory: a path names an existing object (got 'lonely'). Mend: known paths "
            "are 'brain/a'."
        ),
    ),
    "an active state that is not there": (
        dp.UnknownPathError,
        lambda w: w["brain/a"].active["brian/b"],
        "brain/a.active: ... (got 'brian/b'). Mend: did you mean 'brain/b'?",
    ),
    "the blanket of an external state": (
        dp.PartitionError,
        lambda w: w.blanket("scene"),
        "scene: a particle has a blanket (got an external state). Mend: ask for the blanket of a",
    ),
}

SETTING: dict[str, Case] = {
    "a weight that is NaN": (
        dp.SettingError,
        lambda w: setattr(w["brain/b"].sensory["a"], "weight", NAN),
        "brain/a → brain/b: the weight is finite (got nan). Mend: give a finite weight.",
    ),
    "a weight in a population that is NaN": (
        dp.SettingError,
        lambda w: setattr(w["cortex/1"].sensory["0"], "weight", NAN),
        "cortex/0 → cortex/1: the weight is finite (got nan). Mend: give a finite weight.",
    ),
    "a conditional that is none": (
        dp.SettingTypeError,
        lambda w: setattr(w["brain/b"].sensory["a"], "conditional", 0.5),
        (
            "brain/a → brain/b: a boundary state owns a conditional distribution (got 0.5) ... "
            "Mend: give for example Delta(0.8)"
        ),
    ),
    "a bias that is text": (
        dp.SettingTypeError,
        lambda w: setattr(w["brain/a"], "bias", "high"),
        "brain/a: the bias is a real number (got 'high'). Mend: give the bias as a float.",
    ),
    "a state outside the support": (
        dp.SettingError,
        lambda w: setattr(w["cortex/1"], "state", -1.5),
        (
            "cortex/1: the state of ContinuousBernoulli() lies in [-1, 1] (got -1.5). Mend: "
            "give a st"
        ),
    ),
    "a negative learning rate": (
        dp.SettingError,
        lambda w: setattr(w["brain"], "learning_rate", -0.1),
        "brain: the learning_rate is not negative (got -0.1). Mend: give a learning_rate ≥ 0.",
    ),
    "true as a clock": (
        dp.SettingTypeError,
        lambda w: setattr(w["brain"], "clock", True),
        "brain: the clock is a whole number of steps (got True). Mend: give 1, 2, 3",
    ),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in [("editing", EDITING), ("looking", LOOKING), ("setting", SETTING)]
    for name, case in cases.items()
}


@pytest.mark.parametrize(("error", "action", "message"), CASES.values(), ids=CASES.keys())
def test_a_refusal_says_what_is_wrong_and_changes_nothing(
    error: type[Exception], action: Callable[[Any], object], message: str
) -> None:
    world = example()
    with pytest.raises(error, match=says(message)) as caught:
        action(world)
    assert is_complete(caught.value)
    assert portrait(world) == portrait(example())
    world.check()


def test_moving_beside_one_of_the_same_name() -> None:
    world = example()
    world.rename("lonely", "a")
    before = portrait(world)
    with pytest.raises(
        dp.PartitionError,
        match=says(
            "brain: the names of siblings differ (got 'a'). Mend: rename one of them first."
        ),
    ):
        world.move("a", "brain")
    assert portrait(world) == before


def test_errors_are_of_builtin_kinds() -> None:
    assert issubclass(dp.PartitionError, ValueError)
    assert issubclass(dp.BlanketError, dp.PartitionError)
    assert issubclass(dp.UnknownPathError, KeyError)
    assert issubclass(dp.SettingError, ValueError)
    assert issubclass(dp.SettingTypeError, TypeError)


# ---------------------------------------------------------------------- check


def test_check_reports_all_faults_at_once() -> None:
    """Faults that only reaching into objects can make; each in its own place."""
    world = example()
    a, b = world["brain/a"], world["brain/b"]
    a._bias = INF
    world["lonely"]._state = 3.0
    world["cortex"].weights[2, 1] = NAN
    world["cortex"].weights[1, 1] = 0.5
    del a._outgoing[b]
    a._incoming[STRANGER] = a.sensory["scene"].boundary
    world["brain"]._members["x"] = world["inner/core/c"]
    with pytest.raises(dp.PartitionError) as caught:
        world.check()
    text = str(caught.value)
    for message in [
        "inner/core/c: the nesting is a tree ... lies in two places",
        "cortex: the couplings are finite (got nan at [2, 1])",
        "cortex/1: a subparticle is not coupled to itself (got weight 0.5)",
        "brain/a: the bias is finite (got inf)",
        "lonely: the state lies in [-1, 1] (got 3.0)",
        "brain/a → brain/b: complete coverage ... only one end holds",
        "a → brain/a: a boundary state joins the two states that hold it",
    ]:
        assert re.search(says(message), text), f"{message} in\n{text}"
    assert len(caught.value.faults) >= 7
    assert text.startswith(f"{len(caught.value.faults)} faults:")


def test_report_states_what_check_raises() -> None:
    world = example()
    assert world.report().lawful
    world["brain/a"]._bias = INF
    world["cortex"].weights[2, 1] = NAN
    report = world.report()
    assert not report.lawful
    with pytest.raises(dp.PartitionError) as caught:
        world.check()
    assert report.faults == caught.value.faults
    assert "the bias is finite" in str(report)
