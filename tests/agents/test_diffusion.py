"""Moving a state for a short time: mirrors, slopes, steps, and who cannot move."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

import deepparticle as dp
from deepparticle.agents.diffusion import diffused, drifted, fold

CB = dp.ContinuousBernoulli()
SMOOTH = [CB, dp.Gaussian(), dp.Gaussian(2.5)]

every_smooth_family = pytest.mark.parametrize("family", SMOOTH, ids=repr)


def mirrored(x: float, low: float, high: float) -> float:
    """A ball thrown against walls, one reflection after another."""
    while not low <= x <= high:
        x = 2 * low - x if x < low else 2 * high - x
    return x


# ---------------------------------------------------------------------- mirrors


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    x=st.floats(-50.0, 50.0),
    walls=st.sampled_from(
        [(-1.0, 1.0), (0.0, 1.0), (-0.3, 2.1), (-math.inf, 1.0), (0.5, math.inf)]
    ),
)
def test_folding_is_reflection_after_reflection(x: float, walls: tuple[float, float]) -> None:
    assert fold(x, walls) == pytest.approx(mirrored(x, *walls), abs=1e-13)


@given(x=st.floats(-1.0, 1.0))
def test_what_lies_inside_stays_to_the_last_bit(x: float) -> None:
    assert fold(x, (-1.0, 1.0)) == x


@given(x=st.floats(-1e300, 1e300))
def test_nothing_gets_out_however_far_it_was_thrown(x: float) -> None:
    assert -1.0 <= fold(x, (-1.0, 1.0)) <= 1.0


def test_without_walls_nothing_is_mirrored_and_arrays_keep_their_type() -> None:
    far = np.array([-1e9, 1e9], dtype=np.float32)
    np.testing.assert_array_equal(fold(far, (-math.inf, math.inf)), far)
    assert fold(far, (-1.0, 1.0)).dtype == np.float32


# ---------------------------------------------------------------------- steps


@every_smooth_family
@pytest.mark.parametrize("bias", [-3.0, 0.0, 0.7])
def test_the_slope_is_that_of_the_log_density(family: dp.StateDistribution, bias: float) -> None:
    # ln p(y) − ln p(x) = b(y − x) + ln m(y) − ln m(x), and a Gaussian's ln m is −x²/2v.
    variance = getattr(family, "base_variance", math.inf)

    def log_density(x: float) -> float:
        return bias * x - x * x / (2 * variance)

    for x in (-0.8, 0.0, 0.55):
        slope = (log_density(x + 1e-6) - log_density(x - 1e-6)) / 2e-6
        assert family.slope(bias, x) == pytest.approx(slope, abs=1e-8)
    both = family.slope(np.full(3, bias), np.array([-0.8, 0.0, 0.55]))
    np.testing.assert_array_equal(both, [family.slope(bias, x) for x in (-0.8, 0.0, 0.55)])


@every_smooth_family
def test_a_step_is_its_formula(family: dp.StateDistribution) -> None:
    rng = np.random.default_rng(1)
    theta, state, uniform = rng.normal(size=50), rng.uniform(-1, 1, 50), rng.random(50)
    tau = rng.uniform(0.001, 0.3, 50)
    drift = state + tau * family.slope(theta, state)
    shaken = drift + np.sqrt(2 * tau) * ndtri(uniform)
    low, high = family.support
    moved = diffused(family, theta, state, tau, uniform)
    expected = [x if math.isinf(low) else mirrored(x, low, high) for x in shaken.tolist()]
    np.testing.assert_allclose(moved, expected, atol=1e-14)
    np.testing.assert_allclose(
        drifted(family, theta, state, tau), np.clip(drift, low, high), atol=1e-14
    )


def test_the_ends_of_the_random_numbers_are_finite() -> None:
    ends = np.array([0.0, 1.0])
    moved = diffused(dp.Gaussian(), np.zeros(2), np.zeros(2), np.array(0.5), ends)
    np.testing.assert_allclose(moved, [-8.21, 8.21], atol=0.01)


def test_a_subparticle_moves_by_what_it_sensed() -> None:
    world = dp.Partition("world", precision=0.5, time_step=0.04)
    a, b = world.add_subparticle("a", bias=0.3), world.add_subparticle("b", state=0.6)
    world.couple(b, a, 1.5)
    a.state = 0.2
    a.sense()
    theta = 0.5 * (0.3 + 1.5 * 0.6)
    assert a.diffuse() == pytest.approx(0.2 + 0.04 * theta)
    assert [a.argument, a.field] == pytest.approx([theta, 1.2])
    a.state = 0.2
    z = float(ndtri(0.3))
    assert a.diffuse(uniform=0.3) == pytest.approx(0.2 + 0.04 * theta + math.sqrt(0.08) * z)
    assert b.boundary_to(a).state == 1.5 * 0.6  # type: ignore[union-attr]
    a.state = 0.2
    assert a.diffuse(precision=2.0, time_step=0.01) == pytest.approx(0.2 + 0.01 * 2.0 * 1.2)
    assert a.free_energy().value == pytest.approx(a.least_free_energy())


def test_the_time_step_is_inherited_inwards() -> None:
    world = dp.Partition("world", time_step=0.02)
    slow = world.add_partition("slow", time_step=0.001)
    inner, outer = slow.add_subparticle("inner"), world.add_subparticle("outer")
    assert (outer.time_step, inner.time_step) == (0.02, 0.001)
    slow.time_step = None
    assert inner.time_step == 0.02
    assert dp.Partition("other").time_step == 0.01


# ---------------------------------------------------------------------- who cannot


def test_spins_cannot_move() -> None:
    world = dp.Partition("world")
    a = world.add_subparticle("a")
    world.add_subparticle("b", distribution=dp.Spin())
    message = (
        r"^b: schedule 'langevin' moves continuous states \(got Spin\(\) states\)\. Mend: use "
        r"another schedule, or ContinuousBernoulli\(\) or Gaussian\(\) states; a family of your "
        r"own says is_continuous = True\.$"
    )
    with pytest.raises(dp.SettingError, match=message):
        world.step(0, "langevin")
    assert a.state == 0.0  # none has moved
    assert world.time == 0
    with pytest.raises(dp.SettingError, match=message):
        world["b"].diffuse(0.5)
    with pytest.raises(dp.SettingError, match=message):
        dp.lower(world, "langevin")
    dp.lower(world, "sequential")


@pytest.mark.parametrize("value", [0.0, -0.1, math.inf, math.nan])
def test_a_time_step_is_above_zero(value: float) -> None:
    with pytest.raises(dp.SettingError, match=r"time_step is (above zero|finite)"):
        dp.Partition("world", time_step=value)
    with pytest.raises(dp.SettingError, match=r"time_step is (above zero|finite)"):
        dp.Subparticle("a").diffuse(time_step=value)


def test_numbers_outside_the_unit_interval_are_refused() -> None:
    with pytest.raises(dp.SettingError, match=r"a uniform random number lies in \[0, 1\]"):
        dp.Subparticle("a").diffuse(1.5)
