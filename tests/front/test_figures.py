"""Figures have the panels, labels and data that they say."""

import numpy as np
from matplotlib.figure import Figure

from deepparticle.analysis.recall import Recall
from deepparticle.figures import digits_overview


def trials(seed: int, count: int = 20) -> Recall:
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(count, 64))
    noisy = targets + rng.normal(size=targets.shape)
    return Recall(np.zeros(count, dtype=np.intp), targets, noisy, 0.5 * (targets + noisy))


def overview(steps: int = 500) -> Figure:
    rng = np.random.default_rng(0)
    return digits_overview(
        rng.normal(size=(10, 64)),
        rng.uniform(-1, 1, size=(10, 64)),
        [0, 1, 2, 3, 4, 5, 6, 6, 7, -1],
        trials(1),
        trials(2),
        rng.normal(size=(64, 64)),
        rng.normal(size=steps),
        title="Digits",
    )


def test_the_overview_has_all_its_panels() -> None:
    figure = overview()
    axes = figure.get_axes()
    labels = {ax.get_ylabel() for ax in axes}
    assert {"learned", "attractor", "noisy", "recalled", "true"} <= labels
    assert {"target subparticle", "Σ local free energy (nats)", "r² of the response"} <= labels
    # 2 × 10 tiles, 2 × 3 × 5 examples, three panels and a colour bar.
    assert len(axes) == 20 + 30 + 4


def test_attractors_are_numbered_and_missing_ones_said() -> None:
    labels = [ax.get_xlabel() for ax in overview().get_axes()]
    assert labels.count("attractor 7") == 2
    assert labels.count("not at rest") == 1


def test_every_trial_is_a_point() -> None:
    figure = overview()
    (scatter,) = [ax for ax in figure.get_axes() if ax.get_xlabel() == "r² of the noisy input"]
    points = [collection.get_offsets() for collection in scatter.collections]
    assert [len(np.asarray(offsets)) for offsets in points] == [20, 20]
    expected = trials(1)
    np.testing.assert_allclose(np.asarray(points[0])[:, 1], expected.output_variance)


def test_a_very_short_run_can_be_drawn() -> None:
    overview(steps=3).canvas.draw()
