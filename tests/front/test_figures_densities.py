"""Exact laws of two states, side by side."""

from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says
from support.figures import assert_readable, words

import deepparticle as dp
from deepparticle.figures import pair_densities

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
    world = dp.Partition("world")
    world.add_subparticle("a", distribution=dp.Spin())
    world.add_subparticle("b")
    spin = dp.analysis.stationary_law(dp.Simulator(world))
    for law, got in ((one, "got 1 states"), (spin, "discrete or without bounds")):
        with pytest.raises(dp.SettingError, match=says(got)) as caught:
            pair_densities([law])
        assert is_complete(caught.value)
