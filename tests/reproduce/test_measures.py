"""Measures know their band, comparisons their spread."""

import numpy as np
import pytest

from deepparticle.reproduce.measures import Comparison, Measure


def test_a_measure_of_one_network_has_four_deviations_of_room() -> None:
    assert Measure("x", (1.39,), None, (1.0, 0.1)).inside
    assert not Measure("x", (1.41,), None, (1.0, 0.1)).inside


def test_the_band_narrows_with_the_number_of_networks() -> None:
    measure = Measure("x", (1.1,) * 16, None, (1.0, 0.1))
    assert measure.band == pytest.approx((0.9, 1.1))
    assert Measure("x", (1.11,) * 16, None, (1.0, 0.1)).inside is False


def test_networks_without_a_value_do_not_count() -> None:
    measure = Measure("x", (1.0, float("nan"), 3.0), None, (2.0, 1.0))
    assert (measure.count, measure.mean) == (2, 2.0)
    assert measure.deviation == pytest.approx(np.sqrt(2.0))
    assert measure.inside


def test_no_value_at_all_is_outside_the_band_of_one() -> None:
    measure = Measure("x", (float("nan"),), None, (2.0, 1.0))
    assert measure.inside is False
    assert measure.band == (-2.0, 6.0)
    assert np.isnan(measure.mean)


def test_without_a_reference_nothing_is_judged() -> None:
    assert Measure("x", (1.0,), 1.0).inside is None


def test_a_reference_without_spread_wants_the_very_number() -> None:
    assert Measure("x", (10.0, 10.0), None, (10.0, 0.0)).inside
    assert not Measure("x", (10.0, 9.0), None, (10.0, 0.0)).inside


def test_a_comparison_has_the_spread_of_each_method() -> None:
    statistics = Comparison("score", {"a": (1.0, 3.0), "b": (2.0,)}).statistics
    assert statistics["a"] == pytest.approx((2.0, np.sqrt(2.0)))
    assert statistics["b"][0] == 2.0
    assert np.isnan(statistics["b"][1])


def test_one_network_without_a_value_is_not_inside() -> None:
    assert not Measure("x", (float("nan"),), None, (1.0, 0.1)).inside
