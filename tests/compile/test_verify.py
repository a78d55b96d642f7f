"""Verification says yes on lawful worlds, and no as soon as a kernel does something else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from support.worlds import portrait, worlds

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile import Comparison, lowering
from deepparticle.compile.backends.numpy_backend import NumpyBackend
from deepparticle.compile.backends.stepping import Randomness, StepInput
from deepparticle.compile.verify import lipschitz_bound
from deepparticle.partitions.arrays import coupling_entries

Patch = pytest.MonkeyPatch


def world() -> dp.Partition:
    """Biased, asymmetric, partly plastic, mixed, of unequal precision and clock; all sense."""
    made = dp.Partition("mixed", precision=0.7, learning_rate=0.05)
    inner = made.add_partition("inner", precision=1.3)
    slow = made.add_partition("slow", clock=2)
    a = inner.add_subparticle("a", bias=0.4)
    b = inner.add_subparticle("b", bias=-0.3, distribution=dp.Spin())
    c = slow.add_subparticle("c", bias=0.2)
    pair = made.add_population("pair", 2, couplings=[[0.0, 0.6], [-0.8, 0.0]], bias=0.1)
    made.couple(a, b, 0.5)
    made.couple(b, a, -0.4, plastic=False)
    made.couple(b, c, 0.9)
    made.couple(c, pair[0], 0.7)
    made.couple(pair[1], a, -0.6)
    scene = made.add_external("scene")
    made.sense(scene, made.subparticles)
    return made


# ---------------------------------------------------------------------- lawful worlds


@settings(max_examples=20, deadline=None, derandomize=True)
@given(worlds())
def test_every_generated_world_is_verified_and_left_as_it_is(made: dp.Partition) -> None:
    before = portrait(made)
    found = dp.verify(made, steps=3)
    assert found.ok, found
    found.raise_if_failed()
    assert portrait(made) == before


def test_every_schedule_and_mode_is_compared_in_state_couplings_field_and_free_energy() -> None:
    found = dp.verify(world(), steps=4)
    expected = {
        f"numpy = objects, {schedule}, {mode}: {quantity}"
        for schedule in ("synchronous", "sequential", "chromatic", "random")
        for mode in ("stochastic", "deterministic")
        for quantity in "σJhF"
    }
    stepped = [one for one in found.comparisons if one.steps == 4]
    assert expected <= {one.what for one in stepped}
    assert all(one.deviation <= one.tolerance <= 1e-10 for one in stepped)
    assert found.comparisons[0].what == "lowering: 7 boundary states = entries of J"


def test_free_runs_are_compared_where_the_network_contracts() -> None:
    calm = dp.verify(dp.from_couplings([[0.0, 1.0], [1.0, 0.0]]))
    wild = dp.verify(dp.from_couplings([[0.0, 9.0], [9.0, 0.0]]))
    assert calm.comparisons[-1].what == "numpy = objects, free run: σ"
    assert not calm.notes
    assert "free run" not in wild.comparisons[-1].what
    assert "can stretch differences by 3" in wild.notes[0]
    assert calm.ok
    assert wild.ok


def test_the_stretch_of_a_step_is_bounded_by_the_largest_row() -> None:
    made = dp.Partition("world")
    made.add_subparticle("cb", precision=2.0)
    made.add_subparticle("spin", distribution=dp.Spin())
    made.add_subparticle("gauss", distribution=dp.Gaussian(0.5))
    made.couple("spin", "cb", -0.6)
    made.couple("gauss", "cb", 0.3)
    assert lipschitz_bound(dp.lower(made)) == pytest.approx(2.0 * 0.9 / 3.0)
    made.couple("cb", "spin", 0.7)
    assert lipschitz_bound(dp.lower(made)) == pytest.approx(0.7)
    made.couple("cb", "gauss", -1.6)
    assert lipschitz_bound(dp.lower(made)) == pytest.approx(0.8)


def test_a_world_whose_learning_runs_away_is_verified_all_the_same() -> None:
    couplings = 2.0 * (np.ones((6, 6)) - np.eye(6))
    dp.verify(dp.from_couplings(couplings, distribution=dp.Gaussian())).raise_if_failed()


def test_the_report_can_be_printed() -> None:
    text = str(dp.verify(world(), steps=2))
    assert text.startswith("Verification of 'mixed': objects and kernel agree\n")
    assert "numpy = objects, random, deterministic: J" in text
    assert "DIFFER" not in text


def test_a_deviation_that_is_not_a_number_is_a_difference() -> None:
    assert not Comparison("σ", 1, float("nan"), 1e-12).ok
    assert not Comparison("σ", 1, float("inf"), 1e-12).ok
    assert Comparison("σ", 1, 1e-12, 1e-12).ok


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"steps": 0}, ValueError, "verify: steps is at least 1"),
        ({"steps": 2.0}, TypeError, "verify: steps is a whole number"),
        ({"backends": ("numpi",)}, ValueError, "did you mean 'numpy'"),
    ],
)
def test_wrong_arguments_are_refused(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        dp.verify(world(), **given)


# ---------------------------------------------------------------------- sabotage

SYNCHRONOUS: Any = NumpyBackend._synchronous
SCAN: Any = NumpyBackend._scan
LEARN: Any = NumpyBackend._learn
STEP: Any = NumpyBackend.step


def replaced(given: StepInput, **changes: Any) -> StepInput:
    return StepInput(**{**vars(given), **changes})


def without_bias(patch: Patch) -> None:
    def synchronous(self: Any, given: StepInput) -> Any:
        self._bias = np.zeros_like(self._bias)
        return SYNCHRONOUS(self, given)

    patch.setattr(NumpyBackend, "_synchronous", synchronous)


def without_precision(patch: Patch) -> None:
    def synchronous(self: Any, given: StepInput) -> Any:
        return SYNCHRONOUS(self, replaced(given, precision=np.ones_like(given.precision)))

    patch.setattr(NumpyBackend, "_synchronous", synchronous)


def without_clocks(patch: Patch) -> None:
    def synchronous(self: Any, given: StepInput) -> Any:
        return SYNCHRONOUS(self, replaced(given, clock=None))

    patch.setattr(NumpyBackend, "_synchronous", synchronous)


def transposed(patch: Patch) -> None:
    def synchronous(self: Any, given: StepInput) -> Any:
        if self.program.layout == "sparse":
            return SYNCHRONOUS(self, given)
        values = self._couplings.values
        values[:] = values.swapaxes(1, 2).copy()
        updated = SYNCHRONOUS(self, given)
        values[:] = values.swapaxes(1, 2).copy()
        return updated

    patch.setattr(NumpyBackend, "_synchronous", synchronous)


def reversed_scan(patch: Patch) -> None:
    def scan(self: Any, given: StepInput) -> Any:
        blocks, self.program = self.program, replace(self.program, turns=self.program.turns[::-1])
        try:
            return SCAN(self, given)
        finally:
            self.program = blocks

    patch.setattr(NumpyBackend, "_scan", scan)


def next_random_number(patch: Patch) -> None:
    def scan(self: Any, given: StepInput) -> Any:
        drawn = given.randomness
        if drawn.uniforms is not None:
            rolled = Randomness(np.roll(drawn.uniforms, 1, axis=-1), drawn.sites)
            given = replaced(given, randomness=rolled)
        return SCAN(self, given)

    patch.setattr(NumpyBackend, "_scan", scan)


def evidence_in_the_prediction(patch: Patch) -> None:
    def step(self: Any, given: StepInput) -> None:
        self.given = given
        STEP(self, given)

    def learn(self: Any, rates: FloatArray, updated: Any) -> None:
        now, field = self._cells, self._cells.field
        now.field = field + self.given.evidence
        LEARN(self, rates, updated)
        now.field = field

    patch.setattr(NumpyBackend, "step", step)
    patch.setattr(NumpyBackend, "_learn", learn)


def precision_in_the_prediction(patch: Patch) -> None:
    def learn(self: Any, rates: FloatArray, updated: Any) -> None:
        now, field = self._cells, self._cells.field
        now.field = now.used_precision * field
        LEARN(self, rates, updated)
        now.field = field

    patch.setattr(NumpyBackend, "_learn", learn)


def old_state_in_the_learning_rule(patch: Patch) -> None:
    def step(self: Any, given: StepInput) -> None:
        self.old = self._cells.state.copy()
        STEP(self, given)

    def learn(self: Any, rates: FloatArray, updated: Any) -> None:
        learn_from, self._couplings.learn = self._couplings.learn, lambda error, state: None
        self._couplings.learn = lambda error, state: learn_from(error, self.old.reshape(-1))
        LEARN(self, rates, updated)
        self._couplings.learn = learn_from

    patch.setattr(NumpyBackend, "step", step)
    patch.setattr(NumpyBackend, "_learn", learn)


def diagonal_not_zeroed(patch: Patch) -> None:
    def learn(self: Any, rates: FloatArray, updated: Any) -> None:
        if self.program.layout == "dense":
            self._couplings._mask = self._couplings._mask + np.eye(self.program.size)
        LEARN(self, rates, updated)

    patch.setattr(NumpyBackend, "_learn", learn)


def fixed_couplings_learn(patch: Patch) -> None:
    def learn(self: Any, rates: FloatArray, updated: Any) -> None:
        if self.program.layout == "dense":
            self._couplings._mask = self.program.exists.astype(float)
        LEARN(self, rates, updated)

    patch.setattr(NumpyBackend, "_learn", learn)


def held_rows_learn(patch: Patch) -> None:
    patch.setattr(NumpyBackend, "_learn", lambda self, rates, updated: LEARN(self, rates, None))


def a_little_too_fast(patch: Patch) -> None:
    def learn(self: Any, rates: FloatArray, updated: Any) -> None:
        LEARN(self, rates * (1.0 + 1e-8), updated)

    patch.setattr(NumpyBackend, "_learn", learn)


def one_shared_learning_rate(patch: Patch) -> None:
    def learn(self: Any, rates: FloatArray, updated: Any) -> None:
        LEARN(self, np.full_like(rates, rates.max()), updated)

    patch.setattr(NumpyBackend, "_learn", learn)


def rows_and_columns_confused(patch: Patch) -> None:
    def confused(made: dp.Partition) -> Any:
        found = coupling_entries(made)
        order = np.lexsort((found.targets, found.sources))
        return replace(
            found,
            targets=found.sources[order],
            sources=found.targets[order],
            weights=found.weights[order],
            plastic=found.plastic[order],
        )

    patch.setattr(lowering, "coupling_entries", confused)


SABOTAGES = [
    (without_bias, "synchronous, deterministic: h"),
    (without_precision, "synchronous, deterministic: σ"),
    (without_clocks, "synchronous, deterministic: σ"),
    (transposed, "synchronous, deterministic: h"),
    (reversed_scan, "sequential, deterministic: σ"),
    (next_random_number, "chromatic, stochastic: σ"),
    (evidence_in_the_prediction, "synchronous, deterministic: J"),
    (precision_in_the_prediction, "sequential, deterministic: J"),
    (old_state_in_the_learning_rule, "synchronous, deterministic: J"),
    (diagonal_not_zeroed, "random, deterministic: J"),
    (fixed_couplings_learn, "synchronous, stochastic: J"),
    (held_rows_learn, "synchronous, stochastic: J"),
    (a_little_too_fast, "synchronous, deterministic: J"),
    (one_shared_learning_rate, "sequential, stochastic: J"),
]


def test_the_world_that_is_sabotaged_is_verified() -> None:
    made = world()
    made["inner/a"].learning_rate = 0.5
    dp.verify(made).raise_if_failed()


@pytest.mark.parametrize(
    ("sabotage", "where"), SABOTAGES, ids=[sabotage.__name__ for sabotage, _ in SABOTAGES]
)
def test_a_kernel_that_does_something_else_is_found_out(
    sabotage: Callable[[Patch], None], where: str, monkeypatch: Patch
) -> None:
    made = world()
    made["inner/a"].learning_rate = 0.5
    sabotage(monkeypatch)
    found = dp.verify(made)
    assert not found.ok
    differing = [one for one in found.comparisons if not one.ok]
    assert f"numpy = objects, {where}" in [one.what for one in differing]
    assert str(found).startswith("Verification of 'mixed': objects and kernel DIFFER\n")
    with pytest.raises(AssertionError, match=r"DIFFERS"):
        found.raise_if_failed()


def test_a_lowering_that_confuses_rows_and_columns_is_found_out(monkeypatch: Patch) -> None:
    made = world()
    rows_and_columns_confused(monkeypatch)
    with pytest.raises((dp.UnknownPathError, AssertionError)):
        dp.verify(made).raise_if_failed()
    both_ways = dp.from_couplings([[0.0, 0.3], [0.9, 0.0]])
    found = dp.verify(both_ways)
    assert not found.comparisons[0].ok
    assert found.comparisons[0].deviation == pytest.approx(0.6)


def test_a_verification_passes_again_when_the_sabotage_is_gone() -> None:
    dp.verify(world()).raise_if_failed()
