"""What a run shows of each update, against the objects that made it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import says
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.partitions.borders import Borders
from deepparticle.partitions.columns import leaf_columns
from deepparticle.partitions.transitions import (
    Transitions,
    declared_transitions,
    recorded_states,
)

SCHEDULES = ("synchronous", "sequential", "chromatic")


def transitions(
    world: dp.Partition, states: FloatArray, evidence: FloatArray, schedule: str, time: int = 0
) -> Transitions:
    columns = leaf_columns(world)
    chained = states[:, None, :]
    return declared_transitions(
        world, Borders(world), columns, chained, evidence[:, None, :], schedule, time
    )


@settings(deadline=None, max_examples=60)
@given(worlds(), st.sampled_from(SCHEDULES), st.integers(0, 2**32 - 1))
def test_residuals_are_those_of_the_objects(world: dp.Partition, schedule: str, seed: int) -> None:
    """Every object remembers the argument of its last inference; the run does not, and need not."""
    rng = np.random.default_rng(seed)
    start = world.time
    states, arguments, evidence = [], [], []
    for _ in range(6):
        world.step(rng, schedule, learn=False)
        columns = leaf_columns(world)
        states.append(columns.state)
        arguments.append(columns.argument)
        evidence.append(columns.evidence)
    t = transitions(world, np.array(states), np.array(evidence), schedule, start)
    due = (start + np.arange(2, 6))[:, None] % columns.clock == 0
    for distribution, rows in columns.distributions:
        theta = np.array(arguments)[2:, rows]
        expected = np.array(states)[2:, rows] - distribution.mean(theta)
        scale = 1.0 + np.abs(theta)
        own = due[:, rows]
        assert np.all(np.abs((t.residuals[:, rows] - expected) * own) <= 1e-9 * scale)
        variances = distribution.variance(theta) * own
        np.testing.assert_allclose(t.variances[:, rows], variances, rtol=1e-6, atol=1e-12)
        assert np.all(t.residuals[:, rows][~own] == 0.0)
    np.testing.assert_array_equal(t.after, np.array(states)[2:])
    np.testing.assert_array_equal(t.before, np.array(states)[1:-1])
    np.testing.assert_array_equal(t.earlier, np.array(states)[:-2])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_what_a_row_could_see(schedule: str) -> None:
    world = dp.from_couplings(np.ones((4, 4)) - np.eye(4))
    states = np.arange(12.0).reshape(3, 4) / 12.0
    t = transitions(world, states, np.zeros((3, 4)), schedule)
    seen = t.seen_by(2)[0]
    expected = states[1].copy()
    if schedule != "synchronous":
        expected[:2] = states[2, :2]  # those before it are new
    np.testing.assert_array_equal(seen, expected)
    missed = states[0].copy()
    if schedule != "synchronous":
        missed[:2] = states[1, :2]
    np.testing.assert_array_equal(t.missed_by(2)[0], missed)


def test_large_sparse_worlds_are_multiplied_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    from deepparticle.partitions import transitions as module

    world = dp.from_couplings(dp.lattice_couplings((6, 6), 0.3))
    rng = np.random.default_rng(0)
    states, evidence = rng.uniform(-1, 1, (4, 36)), rng.normal(size=(4, 36))
    dense = transitions(world, states, evidence, "sequential").residuals
    monkeypatch.setattr(module, "_LARGE", 1)
    monkeypatch.setattr(module, "_SPARSE_DENSITY", 1.0)
    sparse = transitions(world, states, evidence, "sequential").residuals
    np.testing.assert_allclose(sparse, dense, atol=1e-12)


# ---------------------------------------------------------------------- what is refused


class Fake:
    """What a run looks like from here."""

    def __init__(self, **changes: Any) -> None:
        self.records: dict[str, Any] = {"states": np.zeros((5, 2))}
        self.every = 1
        self.patterns = np.zeros(0)
        for name, value in changes.items():
            setattr(self, name, value)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (Fake(records={"free_energy": 0}), "certify: the run has recorded its states"),
        (Fake(every=3), "certify: the states of every step are recorded (got every=3). Mend: run"),
        (
            Fake(patterns=np.zeros(4)),
            "certify: couplings are frozen ... (got a run of learning). Mend: write_back()",
        ),
        (np.zeros((5, 3)), "certify: states have shape (steps, [chains,] 2) (got shape (5, 3))."),
        (np.zeros(5), "certify: states have shape (steps, [chains,] 2) (got shape (5,))."),
        (np.full((5, 2), np.nan), "certify: states are finite (got NaN or inf). Mend: certify a"),
        (np.zeros((2, 2)), "certify: there are at least 3 steps (got 2). Mend: certify a longer"),
        ("states", "certify: the run is a Run or an array of states (got 'states'). Mend: give"),
    ],
)
def test_runs_that_cannot_be_certified(run: Any, message: str) -> None:
    with pytest.raises((dp.SettingError, dp.SettingTypeError), match=says(message)):
        recorded_states(run, 2)


@pytest.mark.parametrize("schedule", ["random", "langevin"])
def test_schedules_of_which_a_run_does_not_tell(schedule: str) -> None:
    world = dp.from_couplings(np.zeros((2, 2)))
    with pytest.raises(dp.SettingError) as caught:
        transitions(world, np.zeros((4, 2)), np.zeros((4, 2)), schedule)
    assert f"certify, schedule {schedule!r}: what each update saw can be told" in str(caught.value)
    assert 'certify a run of the schedule "synchronous"' in str(caught.value)


def test_a_state_that_moves_although_its_clock_holds_it() -> None:
    world = dp.from_couplings(np.zeros((2, 2)))
    world["population"].clock = 2
    states = np.array([[0.1], [0.1], [0.2], [0.2], [0.3], [0.3]]) * np.ones(2)
    transitions(world, states, 0.0 * states, "synchronous")
    with pytest.raises(dp.SettingError) as caught:
        transitions(world, states, 0.0 * states, "synchronous", time=1)
    assert str(caught.value) == (
        "certify, 'population/0': with clock 2 it is held in step 3 (got a state that moved). "
        "Mend: give time=, the number of the step that made the first states, and the clock= that "
        "was used."
    )
