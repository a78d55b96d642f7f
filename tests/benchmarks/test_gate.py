"""The gate: two programs that sample different laws are told apart, equal ones are not."""

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.benchmarks import runs
from deepparticle.benchmarks.gate import ALLOWED, OtherLawError, agreement, pass_gate
from deepparticle.benchmarks.results import Outcome
from deepparticle.benchmarks.runs import Trial, backend_contenders, inferring, moments
from deepparticle.benchmarks.timing import Contender, Elapsed
from deepparticle.blankets._types import FloatArray


def samples(mean: float, seed: int, count: int = 200) -> FloatArray:
    rng = np.random.default_rng(seed)
    values: FloatArray = mean + rng.normal(size=(count, 3))
    return values


def test_the_same_law_passes_and_another_does_not() -> None:
    assert pass_gate("one", samples(0.0, 1), "other", samples(0.0, 2)) < ALLOWED
    with pytest.raises(OtherLawError, match="one does not sample the law of other"):
        pass_gate("one", samples(0.0, 1), "other", samples(0.8, 2))


def test_correlated_samples_do_not_look_more_exact_than_they_are() -> None:
    independent, shifted = samples(0.0, 1), samples(0.3, 2)
    # Each sample ten times over: as many values, no more knowledge.
    repeated = agreement(np.repeat(independent, 10, axis=0), np.repeat(shifted, 10, axis=0))
    assert repeated == pytest.approx(agreement(independent, shifted))


def test_equal_runs_agree_and_numbers_that_are_none_do_not() -> None:
    one = samples(0.0, 1)
    assert agreement(one, one) == 0.0
    other = one.copy()
    other[3, 1] = np.nan
    assert agreement(one, other) == float("inf")


def test_moments_are_those_of_the_states() -> None:
    world = dp.from_couplings(np.zeros((5, 5)))
    run = dp.Simulator(world, chains=3).infer(steps=7)
    found = moments(run)
    assert found.shape == (7, 3)
    np.testing.assert_allclose(found[:, 0], np.mean(run.states**2, axis=(1, 2)))
    np.testing.assert_allclose(found[:, 1], np.mean(np.abs(run.states), axis=(1, 2)))
    np.testing.assert_allclose(found[:, 2], run.free_energy.mean(axis=1))


def test_a_backend_that_is_wrong_is_not_timed() -> None:
    outcome = Outcome()

    def make(name: str) -> Trial:
        mean = 1.0 if name == "wrong" else 0.0
        seed = len(name)
        return Trial(Contender(name, lambda amount: Elapsed(1.0)), lambda: samples(mean, seed))

    found = backend_contenders(outcome, "P1", make, backends=("numpy", "jax", "wrong"))
    assert [contender.name for contender in found] == ["numpy", "jax"]
    (omission,) = outcome.omissions
    assert omission.failed
    assert "wrong does not sample the law of numpy" in omission.why


def test_runs_that_are_compared_have_random_numbers_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    couplings = runs.random_couplings(6)
    # The definition and NumPy share a stream: with one seed they would agree to the last bit.
    one, other = (inferring(name, couplings, dtype="float64") for name in ("objects", "numpy"))
    assert 0.0 < agreement(one.sample(), other.sample()) < ALLOWED
    monkeypatch.setattr(runs, "_own_seed", lambda backend: 0)
    np.testing.assert_allclose(one.sample(), other.sample(), atol=1e-9)
