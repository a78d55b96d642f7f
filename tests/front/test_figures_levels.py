"""Autocorrelation times by level."""

from typing import Any

import numpy as np
import pytest
from support.errors import is_complete, says
from support.figures import assert_readable, words

import deepparticle as dp
from deepparticle.figures import time_scales


def nested() -> dp.Partition:
    world = dp.Partition("world")
    slow = world.add_partition("slow", clock=8)
    slow.add_population("cells", 3)
    world.add_population("fast", 4)
    return world


def measured(world: dp.Partition) -> dp.analysis.TimeScales:
    run = dp.Simulator(world, seed=0, chains=8).infer(steps=800)
    return dp.analysis.time_scales(run, world)


def test_every_unit_is_a_dot_in_the_column_of_its_level() -> None:
    times = measured(nested())
    figure: Any = time_scales(times, title="by level")
    [ax] = figure.axes
    assert {"subparticles", "depth 2", "depth 1", "the whole", "by level"} <= words(figure)
    dots = [line for line in ax.lines if line.get_marker() == "." and line.get_xdata().size]
    expected = [times.leaf, ~times.leaf & (times.depths == 2), ~times.leaf & (times.depths == 1)]
    for place, chosen in enumerate(expected):
        np.testing.assert_array_equal(dots[place].get_ydata(), times.times.value[chosen])
        assert np.all(np.abs(dots[place].get_xdata() - place) < 0.5)
    bars = [line.get_ydata() for line in ax.lines if line.get_linewidth() == 2.2]
    assert bars[0] == pytest.approx([times.at(None).value] * 2)
    assert bars[3] == pytest.approx([times[""].value] * 2)
    assert_readable(figure)


def test_groups_are_those_that_are_given() -> None:
    times = measured(nested())
    figure: Any = time_scales(times, {"slow ones": ["slow", "slow/cells"], "others": ["fast"]})
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["slow ones", "others"]
    assert_readable(figure)
    with pytest.raises(dp.UnknownPathError, match=says("did you mean 'fast'")):
        time_scales(times, {"others": ["fats"]})


def test_what_does_not_change_is_left_out() -> None:
    world = nested()
    still = np.zeros((100, 7))
    moving = still.copy()
    moving[:, :3] = np.random.default_rng(0).random((100, 3))
    figure: Any = time_scales(dp.analysis.time_scales(moving, world))
    assert len(figure.axes[0].lines[0].get_xdata()) == 3
    with pytest.raises(dp.SettingError, match=says("some of the units change")) as caught:
        time_scales(dp.analysis.time_scales(still, world))
    assert is_complete(caught.value)
