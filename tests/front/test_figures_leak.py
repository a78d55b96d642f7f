"""The leak against orthogonality: every network that has an angle and a leak is drawn."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable

from deepparticle.figures import leak_against_orthogonality


def test_networks_without_an_angle_or_a_leak_are_left_out() -> None:
    figure: Any = leak_against_orthogonality(
        [20.0, np.nan, 25.0, 30.0],
        {"learned": [0.1, 0.2, 0.0, 0.3], "random": [0.5, 0.5, 0.5, 0.5]},
        {"learned": [1.0, 1.0, 1.0, 1.0], "random": [2.0, 2.0, 2.0, 2.0]},
        data_deviation=23.0,
    )
    leaks, productions = figure.axes
    drawn = [np.asarray(each.get_offsets()).tolist() for each in leaks.collections]
    assert drawn == [[[20.0, 0.1], [30.0, 0.3]], [[20.0, 0.5], [25.0, 0.5], [30.0, 0.5]]]
    assert [len(each.get_offsets()) for each in productions.collections] == [3, 3]
    assert leaks.get_xlabel().startswith("deviation")
    assert leaks.lines[0].get_xdata()[0] == 23.0


def test_it_can_be_read() -> None:
    rng = np.random.default_rng(0)
    deviation = rng.uniform(10.0, 40.0, size=200)
    groups = {name: rng.lognormal(size=200) for name in ("learned", "random, equal norm")}
    assert_readable(leak_against_orthogonality(deviation, groups, groups, data_deviation=23.3))


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="learned"):
        leak_against_orthogonality([20.0, 30.0], {"learned": [0.1]}, {"learned": [0.1, 0.2]})
