"""Beliefs and their free energies, drawn: the curves are those of the particle."""

from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says
from support.figures import assert_readable, words

import deepparticle as dp
from deepparticle.figures import belief_and_free_energy


def particle(bias: float, evidence: float, precision: float = 1.0) -> dp.Subparticle:
    world = dp.Partition("world", precision=precision)
    one = world.add_subparticle("one", bias=bias)
    world.sense(world.add_external("light", evidence), one)
    one.sense()
    one.infer()
    return one


def curves(figure: Any) -> dict[str, tuple[Any, Any]]:
    lines = [line for ax in figure.axes for line in ax.lines]
    return {str(line.get_label()): line.get_data() for line in lines}


@pytest.mark.parametrize(
    ("bias", "evidence", "precision"), [(1.0, -2.5, 1.0), (0.0, 3.0, 0.2), (-2.0, 0.0, 2.0)]
)
def test_posterior_is_prior_times_likelihood(
    bias: float, evidence: float, precision: float
) -> None:
    shown = curves(belief_and_free_energy(particle(bias, evidence, precision)))
    x, prior = shown["prior"]
    product = prior * np.exp(precision * evidence * x)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    mass = weights @ np.exp(precision * (bias + evidence) * nodes)
    np.testing.assert_allclose(
        shown["posterior"][1], np.exp(precision * (bias + evidence) * x) / mass, rtol=1e-10
    )
    ratio = shown["posterior"][1] / product
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    assert "belief q" not in shown


def test_the_free_energy_is_least_at_the_posterior() -> None:
    one = particle(1.0, -2.5)
    figure: Any = belief_and_free_energy(one, belief=0.8, title="one")
    shown = curves(figure)
    beliefs, values = shown["free energy F"]
    np.testing.assert_allclose(values, shown["complexity"][1] + shown["− accuracy"][1], atol=1e-12)
    place, least = (float(np.squeeze(end)) for end in shown["posterior θ"])
    assert place == pytest.approx(-1.5)
    assert least <= values.min()
    assert beliefs[values.argmin()] == pytest.approx(place, abs=np.diff(beliefs)[0])
    marked = figure.axes[1].lines[-2]
    assert marked.get_label() == "belief q"
    assert float(np.squeeze(marked.get_ydata())) == one.free_energy(0.8).value
    assert {"one", "state σ", "nats"} <= words(figure)
    assert_readable(figure)


def test_how_far_beliefs_reach_can_be_given() -> None:
    figure: Any = belief_and_free_energy(particle(0.0, 0.5), reach=4.0)
    assert figure.axes[1].get_xlim() == (-4.0, 4.0)


def test_other_states_and_beliefs_are_refused() -> None:
    spin = dp.Partition("world").add_subparticle("spin", distribution=dp.Spin())
    for one, belief, got in ((spin, None, "Spin"), (particle(0.0, 1.0), np.nan, "finite")):
        with pytest.raises(dp.SettingError, match=says(got)) as caught:
            belief_and_free_energy(one, belief)
        assert is_complete(caught.value)
