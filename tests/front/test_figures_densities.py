"""Exact laws of two states, side by side."""

from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says
from support.figures import assert_readable, words

import deepparticle as dp
from deepparticle.figures import pair_currents, pair_densities

COUPLINGS = [[0.0, 2.0], [2.0, 0.0]]


def test_the_densities_are_those_of_the_laws_on_one_scale() -> None:
    schedules = ("random", "synchronous")
    laws = [dp.analysis.stationary_law(COUPLINGS, [0.5, -0.2], schedule=one) for one in schedules]
    figure: Any = pair_densities(laws)
    left, right = figure.axes[:2]
    assert {"random: r = .57", "synchronous: r = .00", "density"} <= words(figure)
    tops = [ax.collections[0].get_clim() for ax in (left, right)]
    assert tops[0] == tops[1]
    # The second state runs upwards: an integral over the square is 1, and the mean is the law's.
    shown = left.collections[0].get_array().reshape(61, 61)
    nodes, weights = np.polynomial.legendre.leggauss(61)
    assert weights @ shown @ weights == pytest.approx(1.0, abs=1e-9)
    assert weights @ shown @ (weights * nodes) == pytest.approx(laws[0].mean[0], abs=1e-9)
    assert_readable(figure)


def test_titles_and_names_can_be_given() -> None:
    law = dp.analysis.stationary_law(COUPLINGS, schedule="random")
    figure: Any = pair_densities([law], ["both"], names=("a", "b"))
    assert {"both", "a", "b"} <= words(figure)
    assert_readable(figure)


def test_other_laws_are_refused() -> None:
    one = dp.analysis.stationary_law([[0.0]], schedule="random")
    pair = dp.Simulator(spin_and_another())
    spin = dp.analysis.stationary_law(pair)
    for law, got in ((one, "got 1 states"), (spin, "discrete or without bounds")):
        with pytest.raises(dp.SettingError, match=says(got)) as caught:
            pair_densities([law])
        assert is_complete(caught.value)
    with pytest.raises(dp.SettingError, match=says("pair_currents")):
        pair_currents([dp.analysis.exact_currents(pair)])


def spin_and_another() -> dp.Partition:
    world = dp.Partition("world")
    world.add_subparticle("a", distribution=dp.Spin())
    world.add_subparticle("b")
    return world


@pytest.mark.parametrize("schedule", ["random", "langevin"])
def test_the_arrows_are_the_currents_between_the_nodes(schedule: str) -> None:
    # The world is the same with the states turned by a quarter, and so is the field.
    turning = np.array([[0.0, -2.0], [2.0, 0.0]])
    found = dp.analysis.exact_currents(turning, schedule=schedule)
    figure: Any = pair_currents([found])
    arrows = figure.axes[0].collections[1]
    assert arrows.U.size == 121
    u, v = arrows.U.reshape(11, 11), arrows.V.reshape(11, 11)  # rows are the second state
    scale = np.abs(u).max()
    # A quarter turn takes (x, y) to (−y, x), and the vector (u, v) there to (−v, u).
    np.testing.assert_allclose(u[:, ::-1].T, -v, atol=1e-6 * scale)
    np.testing.assert_allclose(v[:, ::-1].T, u, atol=1e-6 * scale)
    assert u[0, 5] > 0  # at the bottom to the right: the first state leads
    assert arrows.U.max() / arrows.scale <= 2 / 11 + 1e-9
    assert_readable(figure)


def test_currents_have_one_scale_and_vanish_in_equilibrium() -> None:
    weak, strong, none = (
        dp.analysis.exact_currents([[0.0, 1.0 - a], [1.0 + a, 0.0]], schedule="langevin")
        for a in (0.5, 2.0, 0.0)
    )
    figure: Any = pair_currents([weak, strong], ["weak", "strong"], names=("a", "b"))
    scales = [ax.collections[1].scale for ax in figure.axes[:2]]
    assert scales[0] == scales[1]
    assert {"weak", "strong", "a", "b", "density"} <= words(figure)
    assert_readable(figure)
    still: Any = pair_currents([none])
    assert len(still.axes[0].collections) == 1
    assert "langevin: rotation 0.00" in words(still)
