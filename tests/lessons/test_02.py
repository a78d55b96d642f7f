"""Lesson 2 tells what comes out: what a belief costs, and what a precision does."""

from typing import Any

import pytest

pytest.importorskip("marimo")

from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons


def run(**values: Any) -> dict[str, Any]:
    return find_lesson(2).run(values)[1]


@pytest.mark.parametrize(
    ("belief", "complexity", "accuracy", "energy"),
    [(2.0, 0.0, -1.075, 1.075), (0.0, 0.595, 0.0, 0.595), (-2.0, 2.149, 1.075, 1.075)],
)
def test_giving_up_a_prior_has_its_price(
    belief: float, complexity: float, accuracy: float, energy: float
) -> None:
    found = run(prior=2.0, evidence=-2.0, precision=1.0, belief=belief)
    now = found["now"]
    assert found["particle"].argument == 0.0
    told = (complexity, accuracy, energy)
    assert (now.complexity, now.accuracy, now.value) == pytest.approx(told, abs=6e-4)


@pytest.mark.parametrize("precision", [0.1, 1.0, 3.0])
def test_what_cancels_still_cancels(precision: float) -> None:
    assert run(prior=1.0, evidence=-1.0, precision=precision)["particle"].argument == 0.0


@pytest.mark.parametrize(("precision", "expected"), [(0.1, 0.07), (3.0, 0.83)])
def test_precision_sharpens_what_has_a_direction(precision: float, expected: float) -> None:
    particle = run(prior=1.0, evidence=1.0, precision=precision)["particle"]
    assert particle.argument == pytest.approx(2 * precision)
    assert particle.state == pytest.approx(expected, abs=5e-3)


@pytest.mark.parametrize("belief", [-6.0, -1.0, 2.5])
def test_above_the_least_is_the_divergence_from_the_posterior(belief: float) -> None:
    found = run(prior=1.0, evidence=-2.5, precision=0.5, belief=belief)
    particle = found["particle"]
    divergence = particle.distribution.kl(belief, particle.argument)
    assert found["excess"] == pytest.approx(divergence, abs=1e-12)
    assert found["best"].value <= found["now"].value


def test_the_draws_have_the_mean_of_the_bias() -> None:
    from deepparticle import ContinuousBernoulli

    law = ContinuousBernoulli()
    for bias in (-4.0, 0.0, 1.0):
        draws = run(bias=bias)["draws"]
        error = (law.variance(bias) / draws.size) ** 0.5
        assert abs(draws.mean() - law.mean(bias)) < 4 * error
