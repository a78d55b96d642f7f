"""The trace: live numbers of a step, which are those of the step itself."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.errors import is_complete, says
from support.worlds import worlds

import deepparticle as dp
from deepparticle.derivation.example import example_world


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    world=worlds(max_leaves=6, max_steps=2),
    schedule=st.sampled_from(["synchronous", "sequential", "chromatic"]),
    mode=st.sampled_from(["stochastic", "deterministic"]),
    seed=st.integers(0, 99),
)
def test_the_numbers_are_those_of_the_step(
    world: dp.Partition, schedule: str, mode: str, seed: int
) -> None:
    other = world.copy()
    (particles,) = dp.derivation.trace(world, schedule=schedule, mode=mode, seed=seed).steps
    before = other.states.copy()
    time = other.time
    other.step(np.random.default_rng(seed), schedule, mode=mode)
    weights = {
        (one.source.path, one.target.path): one.weight
        for one in other.boundaries()
        if not one.source.is_external and not one.target.is_external
    }
    for row, (leaf, shown) in enumerate(zip(other.subparticles, particles, strict=True)):
        assert shown.path == leaf.path
        assert shown.state == leaf.state
        assert shown.old_state == before[row]
        assert shown.due == (time % leaf.clock == 0)
        if not shown.due:
            assert len(shown.equations()) == 1
            continue
        assert shown.field == leaf.field
        inner = math.fsum(one.value for one in shown.sensed if not one.external)
        assert shown.bias + inner == pytest.approx(leaf.field, abs=1e-12)
        outer = math.fsum(one.value for one in shown.sensed if one.external)
        assert outer == pytest.approx(leaf.evidence, abs=1e-12)
        assert shown.argument == pytest.approx(leaf.precision * (leaf.field + leaf.evidence))
        assert shown.complexity - shown.accuracy == pytest.approx(leaf.free_energy().value)
        for one in shown.sensed:
            if not one.external:
                after = one.weight + one.change
                assert after == pytest.approx(weights[one.source, leaf.path], abs=1e-12)
                if leaf.learning_rule == "published" and one.change:
                    asked = leaf.learning_rate * shown.error * one.new_source_state
                    assert one.change == pytest.approx(asked, abs=1e-12)


def test_noise_of_a_boundary_is_in_what_is_sensed() -> None:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a", state=0.5), world.add_subparticle("b")
    world.couple(a, b, 0.8).conditional = dp.GaussianBoundary(0.8, sd=0.3)
    ((_, shown),) = dp.derivation.trace(world, seed=1).steps
    (one,) = shown.sensed
    assert one.value != pytest.approx(0.4)
    assert shown.field == one.value


def test_steps_follow_each_other() -> None:
    course = dp.derivation.trace(example_world(), steps=3)
    assert len(course.steps) == 3
    for earlier, later in zip(course.steps[:-1], course.steps[1:], strict=True):
        assert [one.state for one in earlier] == [one.old_state for one in later]
    text = str(course)
    assert text.count("step ") >= 3
    assert repr(course) == text
    assert "| learn |" in course._repr_markdown_()


def test_the_world_is_left_as_it_is() -> None:
    world = example_world()
    states, couplings = world.states.copy(), world.couplings.copy()
    dp.derivation.trace(world, steps=2)
    assert np.array_equal(world.states, states)
    assert np.array_equal(world.couplings, couplings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "(got 0)"),
        ({"schedule": "random"}, "drawn once per step (got the schedule 'random')."),
        ({"schedule": "sequental"}, "Mend: did you mean 'sequential'?"),
        ({"mode": "random"}, "trace: the mode is one of 'stochastic', 'deterministic'"),
    ],
)
def test_refusals(options: dict[str, object], message: str) -> None:
    with pytest.raises(dp.SettingError, match=says(message)) as caught:
        dp.derivation.trace(example_world(), **options)  # type: ignore[arg-type]
    assert is_complete(caught.value)
