"""Runs: what is recorded, when, in which shape, and by which formula."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.compile.run import RECORDS

CB = dp.ContinuousBernoulli()
BIAS = np.array([0.1, 0.0, -0.2])
J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
U = np.array([0.4, -1.0, 0.2])
BETA = np.array([0.5, 2.0, 1.0])
EVERYTHING = tuple(RECORDS)
PER_ROW = ("states", "local_free_energy")
PER_PARTITION = ("partition_free_energy", "partition_entropy", "partition_activity")

every_backend = pytest.mark.parametrize("backend", ["objects", "numpy"])


def simulator(**settings: Any) -> dp.Simulator:
    world = dp.from_couplings(J, bias=BIAS, name="net")
    return dp.Simulator(world, precision=BETA, learning_rate=0.1, **settings)


# ---------------------------------------------------------------------- shapes


@every_backend
@pytest.mark.parametrize("chains", [None, 1, 4])
def test_every_series_has_steps_then_chains_then_rows(backend: str, chains: int | None) -> None:
    axes = () if chains is None else (chains,)
    run = simulator(backend=backend, chains=chains).learn(U, steps=6, record=EVERYTHING)
    shapes = {name: values.shape for name, values in run.records.items()}
    assert tuple(shapes) == EVERYTHING
    for name, shape in shapes.items():
        expected = (6, *axes, 3) if name in PER_ROW else (6, *axes)
        if name in PER_PARTITION:  # the world, and its population
            expected = (6, *axes, 2)
        assert shape == ((6,) if name == "weight_change" else expected), name
    assert run.mean.shape == (*axes, 3)


def test_infer_records_states_and_free_energy_and_learn_the_free_energy() -> None:
    assert tuple(simulator().infer(steps=2).records) == ("states", "free_energy")
    assert tuple(simulator().learn(U).records) == ("free_energy",)


def test_one_name_can_be_given_as_a_string_and_nothing_as_an_empty_tuple() -> None:
    assert tuple(simulator().infer(steps=2, record="published").records) == ("published",)
    run = simulator().infer(steps=5, record=())
    assert dict(run.records) == {}
    assert (run.steps, run.mean.shape) == (5, (3,))


def test_recording_changes_nothing_that_happens() -> None:
    runs = [simulator().learn(U, steps=20, record=record) for record in (EVERYTHING, "states")]
    np.testing.assert_array_equal(runs[0].states, runs[1].states)


# ---------------------------------------------------------------------- every


@pytest.mark.parametrize("every", [1, 2, 3, 4, 7, 10, 11])
def test_every_records_the_first_step_and_then_every_so_many(every: int) -> None:
    whole = simulator().learn(U, steps=10, record=EVERYTHING)
    run = simulator().learn(U, steps=10, record=EVERYTHING, every=every)
    for name in EVERYTHING:
        np.testing.assert_array_equal(run.records[name], whole.records[name][::every])
    assert (run.steps, run.every) == (10, every)


def test_every_counts_from_the_end_of_burn_in_and_through_epochs() -> None:
    states = simulator().infer(U, steps=12).states
    run = simulator().infer(U, steps=7, burn_in=5, every=3)
    np.testing.assert_array_equal(run.states, states[5::3])
    whole = simulator().learn(np.diag(U), epochs=4, steps=5, record="states").states
    some = simulator().learn(np.diag(U), epochs=4, steps=5, record="states", every=3).states
    np.testing.assert_array_equal(some, whole[::3])


def test_the_mean_is_over_all_steps_recorded_or_not() -> None:
    states = simulator().infer(U, steps=10).states
    run = simulator().infer(U, steps=10, every=4)
    np.testing.assert_allclose(run.mean, states.mean(axis=0), atol=1e-15)
    assert not np.allclose(run.mean, run.states.mean(axis=0))


# ---------------------------------------------------------------------- formulas


@every_backend
def test_each_series_is_its_formula(backend: str) -> None:
    one = simulator(backend=backend)
    one.infer(U, steps=3)
    old, couplings = one.state, one.couplings
    run = one.learn(U, steps=1, record=EVERYTHING)
    field = BIAS + couplings @ old
    theta = BETA * (field + U)
    new = run.states[0]
    np.testing.assert_allclose(run.states[0], one.state)

    local = CB.log_partition(BETA * BIAS) - CB.log_partition(theta)
    np.testing.assert_allclose(run.local_free_energy[0], local, atol=1e-13)
    assert run.free_energy[0] == pytest.approx(local.sum(), abs=1e-13)

    mean = CB.mean(theta)
    sensed = couplings @ old + U
    # The world and its population hold the same three.
    np.testing.assert_allclose(run.partition_free_energy[0], [local.sum()] * 2, atol=1e-13)
    np.testing.assert_allclose(run.partition_entropy[0], [CB.entropy(theta).sum()] * 2, atol=1e-13)
    np.testing.assert_allclose(run.partition_activity[0], [np.abs(new).mean()] * 2, atol=1e-14)
    assert run.complexity[0] == pytest.approx(CB.kl(theta, BETA * BIAS).sum(), abs=1e-13)
    assert run.accuracy[0] == pytest.approx((BETA * mean) @ sensed, abs=1e-13)

    mean_field = (
        -(BETA * (BIAS + U)) @ mean
        - 0.5 * mean @ (np.diag(BETA) @ one.couplings) @ mean
        - CB.entropy(mean * 0 + theta).sum()
    )
    assert run.mean_field[0] == pytest.approx(mean_field, abs=1e-13)

    prior, posterior = BIAS + U, BIAS + U + one.couplings @ new
    expected = CB.mean(posterior)
    accuracy = prior @ expected + expected @ one.couplings @ expected
    published = CB.kl(posterior, prior).sum() - accuracy
    assert run.published[0] == pytest.approx(published, abs=1e-13)
    complexity = CB.kl(posterior, prior).sum()
    assert run.published_complexity[0] == pytest.approx(complexity, abs=1e-13)
    assert run.published_accuracy[0] == pytest.approx(accuracy, abs=1e-13)

    error = new - CB.mean(field)
    assert run.prediction_error[0] == pytest.approx(np.mean(error**2), abs=1e-14)
    assert run.weight_change[0] == pytest.approx(np.linalg.norm(one.couplings - couplings))


def test_chains_have_their_own_free_energies() -> None:
    one = simulator(chains=3)
    one.state = [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 1.0, -1.0]]
    run = one.infer(U, steps=1, mode="deterministic", record=("free_energy", "mean_field"))
    for chain, start in enumerate([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 1.0, -1.0]]):
        alone = simulator().infer(
            U, steps=1, mode="deterministic", start=start, record=("free_energy", "mean_field")
        )
        assert run.free_energy[0, chain] == pytest.approx(alone.free_energy[0], abs=1e-13)
        assert run.mean_field[0, chain] == pytest.approx(alone.mean_field[0], abs=1e-13)


# ---------------------------------------------------------------------- the object


def test_what_was_not_recorded_says_how_to_record_it() -> None:
    run = simulator().infer(steps=2)
    with pytest.raises(AttributeError, match=r"did not record 'mean_field'.*record=\('mean_field"):
        _ = run.mean_field


def test_what_no_run_has_says_what_it_has() -> None:
    run = simulator().infer(steps=2)
    with pytest.raises(AttributeError, match=r"no 'energy'; recorded: \['free_energy', 'states'\]"):
        _ = run.energy


def test_its_repr_tells_what_it_holds() -> None:
    run = simulator(chains=2).infer(steps=4, every=2)
    assert repr(run) == "<Run of 4 steps: states (2, 2, 3), free_energy (2, 2)>"


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda run: pickle.loads(pickle.dumps(run))]
)
def test_a_run_can_be_copied_and_pickled(twin: Any) -> None:
    run = simulator().learn(np.diag(U), epochs=3)
    other = twin(run)
    np.testing.assert_array_equal(other.free_energy, run.free_energy)
    np.testing.assert_array_equal(other.patterns, run.patterns)


def test_a_run_is_not_changed_by_what_comes_after() -> None:
    one = simulator()
    run = one.infer(U, steps=3)
    states, mean = run.states.copy(), run.mean.copy()
    one.learn(U, steps=5)
    np.testing.assert_array_equal(run.states, states)
    np.testing.assert_array_equal(run.mean, mean)
