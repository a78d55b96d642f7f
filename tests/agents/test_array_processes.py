"""Processes in array code: what they draw, what they are called with, what they refuse."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.agents.array_processes import Draws, array_form

NOBODY = np.zeros(0)


def seeded() -> np.random.Generator:
    return np.random.default_rng(4)


def answer(value: Any, actions: Any, draws: Draws, xp: Any) -> Any:
    return value + xp.sum(actions) + xp.sum(draws.normals) - xp.sum(draws.uniforms)


@dataclass
class Spring:
    """A callable object, which cannot be hashed."""

    stiffness: float

    def __call__(self, value: Any, actions: Any, draws: Draws, xp: Any) -> Any:
        return (1.0 - self.stiffness) * value


def test_it_draws_the_normals_then_the_uniforms() -> None:
    process = dp.array_process(normals=3, uniforms=2)(answer)
    rng = seeded()
    normals, uniforms = rng.standard_normal(3), rng.random(2)
    expected = 1.0 + 0.5 + normals.sum() - uniforms.sum()
    used = seeded()
    assert float(process(1.0, np.array([0.5]), used)) == pytest.approx(expected, abs=1e-15)
    assert used.bit_generator.state == rng.bit_generator.state


def test_without_draws_the_generator_stays_where_it_is() -> None:
    rng = seeded()
    dp.array_process(answer)(1.0, NOBODY, rng)
    assert rng.bit_generator.state == seeded().bit_generator.state


def test_it_is_given_arrays_and_numpy() -> None:
    seen: list[Any] = []

    @dp.array_process(normals=1)
    def watch(value: Any, actions: Any, draws: Draws, xp: Any) -> Any:
        seen.append((value.shape, actions.shape, draws.normals.shape, draws.uniforms.shape, xp))
        return value

    watch([1.0, 2.0], [0.5], seeded())
    watch(1.0, NOBODY, seeded())
    assert seen == [((2,), (1,), (1,), (0,), np), ((), (0,), (1,), (0,), np)]


def test_a_plain_process_offers_no_form_and_an_array_process_is_its_own() -> None:
    process = dp.array_process()(answer)
    assert array_form(process, (3,)) is process
    assert array_form(lambda value, actions, rng: value, ()) is None
    assert array_form(dp.Stream([1.0]), ()) is None
    assert array_form(None, ()) is None


def test_a_subclass_that_answers_otherwise_offers_no_form() -> None:
    class Clipped(dp.LinearGaussian):
        def __call__(self, value: Any, actions: Any, rng: np.random.Generator) -> Any:
            return np.clip(super().__call__(value, actions, rng), -1.0, 1.0)

    class Named(dp.LinearGaussian):
        """It answers as its parent does."""

    assert array_form(Clipped(0.5), ()) is None
    assert array_form(Named(0.5), ()) is not None


def test_what_is_compiled_once_is_found_again() -> None:
    """Forms of one object are equal and hash alike, whatever the object is."""
    linear = dp.LinearGaussian(np.eye(2))
    assert linear.array_form((2,)) == linear.array_form((2,))
    assert hash(linear.array_form((2,))) == hash(linear.array_form((2,)))
    assert linear.array_form((2,)) != dp.LinearGaussian(np.eye(2)).array_form((2,))
    spring = Spring(0.5)
    first, second = dp.ArrayProcess(spring), dp.ArrayProcess(spring)
    assert first == second
    assert hash(first) == hash(second)
    assert first != dp.ArrayProcess(Spring(0.5))
    assert float(first(4.0, NOBODY, seeded())) == 2.0


def test_it_prints_itself_and_can_be_pickled() -> None:
    process = dp.array_process(normals=2)(answer)
    assert repr(process) == "ArrayProcess(answer, normals=2, uniforms=0)"
    assert pickle.loads(pickle.dumps(process)) == process


@pytest.mark.parametrize(
    ("process", "shape", "actions"),
    [
        (dp.LinearGaussian(0.5, deviation=0.3, offset=1.0), (), 2),
        (dp.LinearGaussian(0.5, [0.3, -0.2], covariance=[[2.0]]), (), 2),
        (dp.LinearGaussian([[0.5, 0.1], [0.0, 0.2]], deviation=[0.3, 0.0]), (2,), 3),
        (
            dp.LinearGaussian(np.eye(2), [[1.0], [2.0]], covariance=[[2.0, 1.0], [1.0, 2.0]]),
            (2,),
            1,
        ),
        (dp.LinearGaussian(np.eye(3), [0.5, 0.1]), (), 2),
        (dp.StochasticDifferential(lambda v, a, xp: xp.sin(v), 0.5, array_code=True), (), 1),
        (
            dp.StochasticDifferential(
                lambda v, a, xp: a.sum() - v**3, lambda v, xp: xp.cosh(v), 0.2, array_code=True
            ),
            (3,),
            2,
        ),
    ],
)
def test_ready_made_worlds_are_the_same_in_array_code(
    process: Any, shape: tuple[int, ...], actions: int
) -> None:
    rng = np.random.default_rng(1)
    value, acting = rng.normal(size=shape), rng.normal(size=actions)
    form = array_form(process, shape)
    assert form is not None
    left, right = seeded(), seeded()
    assert np.array_equal(process(value, acting, left), form(value, acting, right))
    assert left.bit_generator.state == right.bit_generator.state


def test_a_drift_in_array_code_is_that_of_a_plain_one() -> None:
    plain = dp.StochasticDifferential(lambda value, actions: np.sin(value), 0.4, 0.1)
    array = dp.StochasticDifferential(lambda v, a, xp: xp.sin(v), 0.4, 0.1, array_code=True)
    value = np.array([0.3, -2.0])
    assert np.array_equal(plain(value, NOBODY, seeded()), array(value, NOBODY, seeded()))
    assert array_form(plain, (2,)) is None


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: dp.ArrayProcess(3.0), "array code is a function of value, actions"),  # type: ignore[arg-type]
    (lambda: dp.array_process(normals=-1)(answer), "normals is at least 0 (got -1)"),
    (lambda: dp.array_process(uniforms=1.5)(answer), "uniforms is a whole number"),  # type: ignore[call-overload]
    (lambda: dp.array_process(normals=True)(answer), "normals is a whole number"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=[case[1][:40] for case in WRONG])
def test_an_error_says_what_to_do(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises((dp.SettingError, dp.SettingTypeError), match=says(message)) as raised:
        wrong()
    assert is_complete(raised.value)
