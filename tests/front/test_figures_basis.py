"""Simulation 1: images and attractors, free energies, one recall, projections, the network."""

from typing import Any

import numpy as np
import pytest
from support.figures import assert_readable, words

from deepparticle.blankets.errors import SettingError
from deepparticle.datasets import cross_and_bar
from deepparticle.figures import (
    free_energy_curves,
    network_drawing,
    orthogonal_basis,
    projections_over_time,
    recall_panel,
)


def attractors(count: int) -> np.ndarray:
    return np.tanh(np.random.default_rng(0).normal(size=(count, 25)))


def test_images_and_attractors_are_drawn_as_given() -> None:
    images, found = cross_and_bar(), attractors(2)
    figure: Any = orthogonal_basis(images, found, (5, 5))
    upper, _, lower, matrix = figure.axes
    np.testing.assert_array_equal(upper.images[1].get_array(), images[1].reshape(5, 5))
    np.testing.assert_array_equal(lower.images[0].get_array(), found[0].reshape(5, 5))
    np.testing.assert_allclose(matrix.images[0].get_array(), np.corrcoef(found))
    assert upper.get_title(loc="left") == "training images: r = 0.77"
    assert {"0.77", "1.00"} <= words(figure)
    assert_readable(figure)


@pytest.mark.parametrize(("count", "said"), [(0, "none"), (1, "one")])
def test_less_than_a_pair_of_attractors(count: int, said: str) -> None:
    figure: Any = orthogonal_basis(cross_and_bar(), attractors(count), (5, 5))
    assert [len(ax.images) for ax in figure.axes] == [2, 1, count]
    assert figure.axes[2].get_title(loc="left") == f"attractors: {said}"
    assert_readable(figure)


def test_many_attractors_are_summed_up() -> None:
    found = attractors(7)
    figure: Any = orthogonal_basis(cross_and_bar(), found, (5, 5))
    mean = np.abs(np.corrcoef(found)[np.triu_indices(7, 1)]).mean()
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert f"attractors: mean |r| = {mean:.2f}" in titles
    assert_readable(figure)


def test_an_attractor_of_zeros_correlates_with_nothing() -> None:
    figure: Any = orthogonal_basis(cross_and_bar(), [np.zeros(25), np.ones(25)], (5, 5))
    assert figure.axes[2].get_title(loc="left") == "attractors: r = –"


def test_free_energies_have_a_panel_and_a_name_each() -> None:
    rng = np.random.default_rng(0)
    names = ["complexity", "accuracy", "local free energy", "published free energy"]
    series = {name: rng.normal(size=400) for name in names}
    figure: Any = free_energy_curves(series, smooth=20)
    assert [ax.get_title(loc="left") for ax in figure.axes] == names
    raw, mean = figure.axes[2].lines
    np.testing.assert_array_equal(raw.get_ydata(), series["local free energy"])
    np.testing.assert_allclose(mean.get_ydata()[0], series["local free energy"][:20].mean())
    assert mean.get_xdata()[0] == 10.5
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    assert {"step", "nats", "single steps", "mean of 20 steps"} <= words(figure)
    assert_readable(figure)


def test_a_single_short_series() -> None:
    assert_readable(free_energy_curves({"complexity": [2.0, np.nan, 1.0]}))


def test_series_of_different_lengths_are_refused() -> None:
    with pytest.raises(SettingError) as caught:
        free_energy_curves({"complexity": [1.0, 2.0], "accuracy": [1.0]})
    assert str(caught.value) == (
        "free_energy_curves: series['accuracy'] has shape (2,) (got (1,)). "
        "Mend: give axes of these lengths."
    )


def test_no_series_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        free_energy_curves({})
    assert str(caught.value) == (
        "free_energy_curves: series holds at least one (got none). "
        "Mend: give series something to draw."
    )


def test_one_recall_with_its_correlations() -> None:
    target = cross_and_bar()[0]
    figure: Any = recall_panel(target, -target, 2.0 * target, (5, 5), title="retrieval")
    assert {"r = −1.00", "r = 1.00", "noisy input", "response", "true image"} <= words(figure)
    assert [image.get_array().max() for image in figure.axes[0].images] == [
        pytest.approx(value.max()) for value in (-target, 2.0 * target, target)
    ]
    assert_readable(figure)


def test_projections_and_how_often_each_value_was_taken() -> None:
    rng = np.random.default_rng(0)
    projections = rng.normal(size=(300, 2))
    projections[0, 0] = np.nan
    figure: Any = projections_over_time(projections, ["first", "second"], smooth=1)
    ax, side = figure.axes
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), projections[:, 1])
    assert len(side.patches) == 2
    assert {"first", "second", "density", "projection onto attractor"} <= words(figure)
    assert_readable(figure)


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SettingError) as caught:
        projections_over_time(np.zeros((5, 2)), ["first"])
    assert str(caught.value) == (
        "projections_over_time: labels has 2 entries (got 1). Mend: give one for each."
    )


def test_the_strongest_couplings_are_arrows_of_their_sign() -> None:
    J = np.zeros((4, 4))
    J[1, 0], J[2, 3], J[3, 2] = 2.0, -1.5, 0.1
    figure: Any = network_drawing(J, threshold=1.0)
    ax = figure.axes[0]
    assert ax.get_title() == "2 of 12 couplings: |J| ≥ 1.00"
    positive, negative = ax.patches
    assert positive.get_linestyle() in ("-", "solid")
    assert negative.get_linestyle() in ("--", "dashed")
    # The widest arrow is the strongest coupling.
    assert positive.get_linewidth() > negative.get_linewidth()
    assert_readable(figure)


def test_without_a_threshold_twice_as_many_couplings_as_nodes() -> None:
    J = np.random.default_rng(0).normal(size=(16, 16))
    figure: Any = network_drawing(J, (4, 4), states=np.linspace(-1, 1, 16))
    assert figure.axes[0].get_title().startswith("32 of 240 couplings")
    np.testing.assert_allclose(figure.axes[0].collections[0].get_offsets()[5], [1.0, -1.0])
    assert_readable(figure)


@pytest.mark.parametrize("threshold", [None, 5.0])
def test_a_network_without_such_couplings(threshold: float | None) -> None:
    figure: Any = network_drawing(np.zeros((3, 3)), threshold=threshold)
    assert figure.axes[0].get_title().startswith("0 of 6 couplings")
    assert_readable(figure)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(SettingError) as caught:
        orthogonal_basis(np.zeros((2, 25)), np.zeros((2, 25)), (4, 4))
    assert str(caught.value) == (
        "orthogonal_basis: images fit images of 4 × 4 pixels (got 25 numbers each). "
        "Mend: give shape=(rows, columns) with rows × columns = 25."
    )
