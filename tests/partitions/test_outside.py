"""Which variables lie outside of whom, for every way to give the evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.errors import says

import deepparticle as dp
from deepparticle.partitions.borders import Borders
from deepparticle.partitions.outside import Outside, outside_of

STEPS, CHAINS = 5, 3


def world() -> Any:
    """a senses the scene, b the scene and the sound, c nothing; b also senses a."""
    made = dp.Partition("world")
    for name in "abc":
        made.add_subparticle(name)
    made.couple("a", "b", 0.5)
    made.couple("c", "a", 0.0)
    scene, sound = made.add_external("scene", 0.5), made.add_external("sound", 2.0)
    made.sense(scene, [made["a"], made["b"]], [1.0, 3.0])
    made.sense(sound, "b", -1.0)
    return made


def outside(made: dp.Partition, evidence: Any, shape: tuple[int, ...] = (STEPS, CHAINS)) -> Outside:
    return outside_of(made, Borders(made), ["a", "b", "c"], shape, evidence)


def test_states_that_a_dirac_boundary_shows_are_known() -> None:
    found = outside(world(), None)
    assert found.names == ("scene", "sound")
    # Row by row: a, b, c, scene, sound. A coupling of 0 shows nothing.
    assert found.known.astype(int).tolist() == [[0, 0, 0, 1, 0], [1, 0, 0, 1, 1], [0, 0, 0, 0, 0]]
    assert found.series.shape == (STEPS, CHAINS, 2)
    assert np.all(found.evidence == [0.5, 1.5 - 2.0, 0.0])


def test_values_by_step_and_chain() -> None:
    values = np.random.default_rng(0).normal(size=(STEPS, CHAINS, 1))
    for key in ("scene", None):
        made = world()
        found = outside(made, {made["scene"] if key is None else key: values})
        np.testing.assert_array_equal(found.series[..., :1], values)
        np.testing.assert_allclose(found.evidence[..., 1], 3.0 * values[..., 0] - 2.0)


def test_without_a_chain_axis() -> None:
    values = np.random.default_rng(0).normal(size=(STEPS, 1))
    found = outside(world(), {"scene": values}, (STEPS,))
    np.testing.assert_array_equal(found.series[:, 0, 0], values[:, 0])
    assert found.evidence.shape == (STEPS, 1, 3)


def test_one_value_for_each_that_senses_it_is_as_many_variables() -> None:
    values = np.random.default_rng(0).normal(size=(STEPS, CHAINS, 2))
    found = outside(world(), {"scene": values})
    assert found.names == ("scene[a]", "scene[b]", "sound")
    assert found.known[:, 3:].astype(int).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    np.testing.assert_allclose(found.evidence[..., 0], values[..., 0])
    np.testing.assert_allclose(found.evidence[..., 1], 3.0 * values[..., 1] - 2.0)
    made = world()
    made["scene"].value = [0.1, 0.2]
    assert outside(made, None).names == ("scene[a]", "scene[b]", "sound")


def test_sums_are_variables_where_only_they_are_given() -> None:
    rng = np.random.default_rng(0)
    sums = np.zeros((STEPS, CHAINS, 3))
    sums[..., :2] = rng.normal(size=(STEPS, CHAINS, 2))
    found = outside(world(), sums)
    assert found.names == ("the evidence of a", "the evidence of b")
    assert found.known[:, 3:].astype(int).tolist() == [[1, 0], [0, 1], [0, 0]]
    # The same up to a factor and a constant: to know the one is to know the other.
    sums[..., 1] = 3.0 * sums[..., 0] - 2.0
    assert outside(world(), sums).known[:2, 3:].all()
    # What does not vary is no variable.
    assert outside(world(), np.array([1.0, 2.0, 0.0])).names == ()


def test_a_process_needs_its_answers() -> None:
    made = world()
    made["sound"].process = lambda value, actions, rng: value
    with pytest.raises(dp.SettingError) as caught:
        outside(made, None)
    assert str(caught.value) == (
        "certify, 'sound': what a process answered is given, since a run does not record it (got "
        "no evidence for it). Mend: give evidence={'sound': values} of shape (5, 3, 1)."
    )
    assert outside(made, {"sound": 1.0}).names == ("scene", "sound")
    made.uncouple("sound", "b")
    assert outside(made, None).names == ("scene",)


@pytest.mark.parametrize(
    ("evidence", "error", "message"),
    [
        (
            {"scene": np.zeros((4, 1, 1))},
            dp.SettingError,
            (
                "certify, evidence['scene']: the values broadcast to (5, 3, 1) or (5, 3, 2): steps "
                "first ... (got shape (4, 1, 1)). Mend: give shape (5, 3, 1) for one number per"
            ),
        ),
        ({"seen": 1.0}, dp.UnknownPathError, "certify, evidence: a path names ... 'scene'?"),
        ({"scene": "x"}, dp.SettingTypeError, "certify, evidence['scene']: evidence holds numbers"),
        ({"scene": np.nan}, dp.SettingError, "certify, evidence['scene']: evidence is finite"),
        (np.zeros(4), dp.SettingError, "certify, evidence: evidence broadcasts to (5, 3, 3)"),
        (
            [0.0, 0.0, 1.0],
            dp.BlanketError,
            (
                "certify, evidence, 'c': evidence reaches a subparticle only through a macro-scale "
                "sensory state, and it senses nothing"
            ),
        ),
    ],
)
def test_evidence_that_cannot_be_used(evidence: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=says(message)):
        outside(world(), evidence)
