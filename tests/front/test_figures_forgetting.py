"""Simulation 4: what is left after free running, drift and diffusion, couplings compared."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, words

from deepparticle.blankets.errors import SettingError
from deepparticle.figures import couplings_before_and_after, drift_and_diffusion, forgetting

TIMES = np.array([0.0, 1e3, 1e4, 5e4, 2.5e5])
RNG = np.random.default_rng(0)
RUNS = {
    f"precision {precision}": {
        "correlation of J with itself": np.exp(-TIMES / 2e5) + 0.01 * RNG.normal(size=(4, 5)),
        "retrieval (gain in r²)": 0.3 * np.exp(-TIMES / 2e5) + 0.02 * RNG.normal(size=(4, 5)),
    }
    for precision in (0.17, 1)
}
FROZEN = {"precision 1": {"retrieval (gain in r²)": np.full((2, 5), 0.3)}}


@pytest.mark.parametrize("logarithmic", [False, True])
def test_mean_band_and_control_per_precision(logarithmic: bool) -> None:
    figure: Any = forgetting(TIMES, RUNS, FROZEN, logarithmic=logarithmic)
    upper, lower = figure.axes
    assert upper.get_title(loc="left") == "correlation of J with itself"
    values = RUNS["precision 1"]["retrieval (gain in r²)"]
    line = {each.get_label(): each for each in lower.lines}["precision 1 (n = 4)"]
    np.testing.assert_array_equal(line.get_xdata(), TIMES)
    np.testing.assert_allclose(line.get_ydata(), values.mean(axis=0))
    band = lower.collections[1].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx((values.mean(0) + values.std(0, ddof=1)).max())
    control = {each.get_label(): each for each in lower.lines}["precision 1, frozen J"]
    np.testing.assert_allclose(control.get_ydata(), 0.3)
    # 0 is on the axis, also on a logarithmic one.
    assert lower.get_xlim()[0] == 0.0
    assert lower.get_xscale() == ("symlog" if logarithmic else "linear")
    assert {"precision 0.17 (n = 4)", "precision 1, frozen J", "free steps"} <= words(figure)
    assert_readable(figure)


def test_a_single_seed_has_no_band() -> None:
    one = {"precision 1": {"retrieval": [[0.3, 0.2, 0.1, 0.1, np.nan]]}}
    figure: Any = forgetting(TIMES, one)
    assert not figure.axes[0].collections
    assert "precision 1 (n = 1)" in words(figure)
    assert_readable(figure)


def test_another_number_of_times_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        forgetting(TIMES, {"precision 1": {"retrieval": np.zeros((3, 4))}})
    assert str(caught.value) == (
        "forgetting: measures['precision 1']['retrieval'] has shape (seeds, 5) (got (3, 4)). "
        "Mend: give axes of these lengths."
    )


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(SettingError, match="forgetting: measures holds at least one"):
        forgetting(TIMES, {"precision 1": {}})


def test_displacement_with_its_two_parts() -> None:
    moved = {
        label: a * TIMES + c * TIMES**2 + RNG.normal(size=(3, 5))
        for label, a, c in (("precision 0.17", 1e-3, 2e-8), ("precision 1", 4e-4, -1e-10))
    }
    fits = {"precision 0.17": (1e-3, 2e-8), "precision 1": (4e-4, -1e-10)}
    figure: Any = drift_and_diffusion(TIMES, moved, fits)
    assert [ax.get_title() for ax in figure.axes] == list(moved)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_allclose(
        lines["measured (n = 3)"].get_ydata(), moved["precision 0.17"].mean(axis=0)
    )
    parts = [lines[name] for name in ("diffusion, ∝ t", "drift, ∝ t²")]
    np.testing.assert_allclose(
        sum(part.get_ydata() for part in parts), lines["fit"].get_ydata(), atol=1e-12
    )
    assert parts[0].get_ydata()[-1] == pytest.approx(1e-3 * TIMES[-1])
    assert parts[1].get_ydata()[-1] == pytest.approx(2e-8 * TIMES[-1] ** 2)
    assert {"‖J(t) − J(0)‖²", "free steps", "fit"} <= words(figure)
    assert_readable(figure)


def test_one_precision_and_one_seed() -> None:
    figure: Any = drift_and_diffusion(TIMES, {"it": [TIMES]}, {"it": (1.0, 0.0)})
    assert not figure.axes[0].collections
    assert_readable(figure)


def test_a_missing_fit_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        drift_and_diffusion(TIMES, {"it": [TIMES]}, {})
    assert str(caught.value) == (
        "drift_and_diffusion: fits['it'] has shape (2,) (got (0,)). "
        "Mend: give axes of these lengths."
    )


def test_couplings_before_and_after_on_one_scale() -> None:
    before = RNG.normal(size=(20, 20))
    after = 0.9 * before + 0.3 * RNG.normal(size=(20, 20))
    np.fill_diagonal(before, 0.0)
    np.fill_diagonal(after, 0.0)
    figure: Any = couplings_before_and_after(before, after)
    first, second, both = figure.axes[:3]
    np.testing.assert_array_equal(first.images[0].get_array(), before)
    np.testing.assert_array_equal(second.images[0].get_array(), after)
    assert first.images[0].get_clim() == second.images[0].get_clim()
    # Every coupling off the diagonal is counted, also those beyond the scale.
    assert both.collections[0].get_array().sum() == 20 * 19
    off = ~np.eye(20, dtype=bool)
    assert both.get_title() == f"r = {np.corrcoef(before[off], after[off])[0, 1]:.3f}"
    assert {"after learning", "after free running", "couplings"} <= words(figure)
    assert_readable(figure)


def test_couplings_that_were_and_are_zero() -> None:
    figure: Any = couplings_before_and_after(np.zeros((4, 4)), np.zeros((4, 4)))
    assert figure.axes[2].get_title() == "r = –"
    assert_readable(figure)
