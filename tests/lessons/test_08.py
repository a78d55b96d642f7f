"""Lesson 8 tells the numbers that come out: the loop, its cuts, and what is learned."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("marimo")

from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons


def run(**values: Any) -> dict[str, Any]:
    return find_lesson(8).run(values)[1]


def test_the_loop_keeps_the_body_and_its_actions_replayed_do_not() -> None:
    found = run(noise=0.1, acting=0.3, sensing=4.0)
    distance = {name: found["far"](warmth) for name, (warmth, _) in found["found"].items()}
    action = {name: acts[100:].mean() for name, (_, acts) in found["found"].items()}
    assert distance["closed loop"] == pytest.approx(0.30, abs=0.005)
    assert distance["replayed"] == pytest.approx(3.6, abs=0.05)
    assert min(distance["it cannot sense"], distance["it cannot act"]) > 10
    for name in ("closed loop", "replayed"):
        assert action[name] == pytest.approx(-found["DRIFT"], abs=0.005)
    assert action["it cannot act"] == 0.0
    assert abs(action["it cannot sense"]) < 0.02


def test_there_is_a_best_strength_and_it_grows_with_the_noise() -> None:
    best = []
    for noise in (0.1, 0.2, 0.4):
        found = run(noise=noise)
        best.append(found["best"])
        assert found["distances"][0] > found["distances"].min() < found["distances"][-1]
    assert best == [0.3, 0.4, 0.6]
    # Less than the drift cannot undo it: the warmth goes on rising.
    warmth, _ = run(acting=0.0)["run"](4.0, 0.04, 0.1)
    assert warmth[-100:].mean() - warmth[-200:-100].mean() > 0.5


def test_without_noise_the_replayed_actions_do_as_well() -> None:
    found = run(noise=0.0)
    assert found["distances"].min() == pytest.approx(0.26, abs=0.005)
    loop, replayed = (found["far"](found["found"][name][0]) for name in ("closed loop", "replayed"))
    assert replayed == pytest.approx(loop, abs=0.02)


def test_it_learns_to_act_where_the_world_is_as_the_rule_assumes() -> None:
    slow, fast = run(rate=2), run(rate=20)
    alone, rng, value = slow["Body"](), np.random.default_rng(0), 1.6
    for _ in range(40_000):
        value = alone(value, np.zeros(1), rng)
    # Neighbours correlate: the mean of 2 η² has a standard error of about .06.
    assert np.mean(2 * np.square(alone.values)) == pytest.approx(5.3, abs=0.2)
    assert [one["weights"][-1].mean() for one in (slow, fast)] == pytest.approx(
        [-0.42, -0.64], abs=0.005
    )
    assert [one["surprises"][-10:].mean() for one in (slow, fast)] == pytest.approx(
        [0.38, 0.28], abs=0.006
    )


def test_in_a_contrary_world_it_runs_away() -> None:
    found = run(rate=1, contrary=True)
    assert found["weights"][-1].mean() == pytest.approx(-118, abs=0.5)
    assert found["surprises"][-10:].mean() > 500_000
