"""The arrays of a lowered world, and what a thing owns of them."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from support.errors import is_complete, says
from support.figures import assert_readable, words

import deepparticle as dp
from deepparticle.figures import slots
from deepparticle.figures.style import GREEN, INK, ORANGE


def animal() -> dp.Partition:
    world = dp.Partition("world")
    eyes = world.add_partition("eyes")
    left, right = eyes.add_subparticle("left"), eyes.add_subparticle("right", bias=-0.25)
    motor = world.add_partition("motor", learning_rate=0.05, precision=2.0)
    plan, arm = motor.add_subparticle("plan"), motor.add_subparticle("arm", state=0.5)
    for source, target, weight in ((left, plan, 0.9), (right, plan, -0.7), (plan, arm, 1.1)):
        world.couple(source, target, weight)
    world.couple(plan, left, 0.3)
    scene = world.add_external("scene")
    world.sense(scene, eyes, [2.0, 3.0])
    world.act(arm, scene, -0.4)
    return world


def frames(ax: Any) -> dict[str, set[tuple[int, int]]]:
    """The row and the column of what is framed, by colour."""
    found: dict[str, set[tuple[int, int]]] = {}
    for patch in ax.patches:
        if isinstance(patch, Rectangle) and not patch.get_fill():
            place = round(patch.get_y() + 0.42), round(patch.get_x() + 0.42)
            found.setdefault(to_hex(patch.get_edgecolor()).upper(), set()).add(place)
    return found


def test_the_frames_of_a_thing_are_its_blanket() -> None:
    program = dp.lower(animal())
    figure: Any = slots(program, "motor", title="as arrays")
    matrix, table = figure.axes
    assert frames(matrix) == {GREEN: {(2, 0), (2, 1)}, ORANGE: {(0, 2)}, INK: {(3, 2)}}
    assert frames(table) == {ORANGE: {(3, 5)}}  # the arm acts on the scene
    blanket = animal().blanket("motor")
    assert len(blanket.sensory) == 2
    assert len(blanket.active) == 2
    assert {"0.9", "−0.7", "1.1", "0.3", "−0.25", "0.05", "eyes/left", "as arrays"} <= words(figure)
    assert_readable(figure)


def test_of_the_whole_everything_is_inside_but_what_meets_the_world() -> None:
    matrix, table = slots(dp.lower(animal())).axes
    assert frames(matrix) == {INK: {(2, 0), (2, 1), (3, 2), (0, 2)}}
    assert frames(table) == {GREEN: {(0, 4), (1, 4)}, ORANGE: {(3, 5)}}


def test_colours_are_the_couplings_and_nothing_else_is_coloured() -> None:
    world = animal()
    figure: Any = slots(dp.lower(world), "eyes/left")
    [image] = figure.axes[0].images
    shown = np.ma.filled(image.get_array(), np.nan)
    exists = world.couplings != 0.0
    np.testing.assert_array_equal(np.isfinite(shown), exists)
    np.testing.assert_array_equal(shown[exists], world.couplings[exists])


@pytest.mark.parametrize("size", [1, 13, 24])
def test_small_and_large_worlds_can_be_read(size: int) -> None:
    couplings = np.random.default_rng(0).normal(size=(size, size))
    np.fill_diagonal(couplings, 0.0)
    program = dp.lower(dp.from_couplings(couplings))
    assert_readable(slots(program, program.paths[-1]))


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(dp.SettingError, match=says("at most 24 rows")) as caught:
        slots(dp.lower(dp.from_couplings(np.zeros((25, 25)))))
    assert is_complete(caught.value)
    with pytest.raises(dp.UnknownPathError, match=says("did you mean 'motor'")):
        slots(dp.lower(animal()), "moter")
