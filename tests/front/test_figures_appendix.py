"""The appendix: densities integrate to one, means are Langevin's, likelihoods are conditionals."""

from typing import Any

import numpy as np
import pytest
from scipy.integrate import trapezoid
from support.figures import assert_readable, words

from deepparticle.agents import ContinuousBernoulli
from deepparticle.blankets.errors import SettingError
from deepparticle.figures import delta_likelihood, density_family, mean_curve


def test_densities_of_several_biases() -> None:
    figure: Any = density_family([-5.0, 0.0, 2.0])
    curves, means = figure.axes[0].lines[::2], figure.axes[0].lines[1::2]
    for curve, mean, bias in zip(curves, means, (-5.0, 0.0, 2.0), strict=True):
        x, density = curve.get_data()
        assert trapezoid(density, x) == pytest.approx(1.0, abs=1e-4)
        # ln p(1) / p(−1) = 2 b.
        assert np.log(density[-1] / density[0]) == pytest.approx(2 * bias)
        assert mean.get_xdata()[0] == ContinuousBernoulli().mean(bias)
    assert {"b = −5", "b = 0", "density p(σ)"} <= words(figure)
    assert_readable(figure)
    assert_readable(density_family())


def test_the_mean_has_slope_one_third_and_lies_below_tanh() -> None:
    figure: Any = mean_curve(10.0)
    langevin, tangent, spin = (line.get_data() for line in figure.axes[0].lines[:3])
    x = langevin[0]
    np.testing.assert_array_equal(langevin[1], ContinuousBernoulli().mean(x))
    np.testing.assert_allclose(tangent[1], tangent[0] / 3)
    right = x > 0
    assert np.all(langevin[1][right] < spin[1][right])
    assert_readable(figure)


@pytest.mark.parametrize("coupling", [2.0, -0.5])
def test_a_delta_moves_the_density_of_the_source(coupling: float) -> None:
    figure: Any = delta_likelihood(coupling, 1.0, 0.5)
    _, boundary, target, _, likelihood, posterior = figure.axes
    s, density = boundary.lines[0].get_data()
    np.testing.assert_allclose(s[[0, -1]], [-abs(coupling), abs(coupling)])
    assert trapezoid(density, s) == pytest.approx(1.0, abs=1e-4)
    # A marked source state of 1 becomes a delta at J.
    marks = [line.get_xdata()[0] for line in boundary.lines[1:]]
    np.testing.assert_allclose(marks, coupling * np.array([-1.0, 0.0, 1.0]))
    for curves in (target.lines[::2], posterior.lines):
        for line in curves:
            assert trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(1.0, abs=1e-3)
    # At σ_j = 1 the likelihood of σ_i = −1 is the density of the target there.
    assert likelihood.lines[0].get_ydata()[-1] == pytest.approx(target.lines[4].get_ydata()[0])
    assert_readable(figure)


def test_the_mean_of_the_target_is_a_sigmoid_of_the_source() -> None:
    figure: Any = delta_likelihood(couplings=[-3.0, 2.0], target_bias=0.5)
    x, mean = figure.axes[3].lines[1].get_data()
    np.testing.assert_allclose(mean, ContinuousBernoulli().mean(0.5 + 2.0 * x))
    assert {"J = −3", "E[σᵢ | σⱼ]"} <= words(figure)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        delta_likelihood(0.0)
    assert str(caught.value) == (
        "delta_likelihood: the coupling is finite and not 0 (got 0.0). Mend: give coupling=2."
    )
    with pytest.raises(SettingError, match="states are in −1…1"):
        delta_likelihood(states=[0.0, 2.0])
    with pytest.raises(SettingError, match="reach is positive and finite"):
        mean_curve(0.0)
    with pytest.raises(SettingError, match="biases holds at least one"):
        density_family([])
