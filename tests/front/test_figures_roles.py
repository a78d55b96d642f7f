"""A thing and its blanket, drawn: states in their roles, and what breaks the law in red."""

from typing import Any

import networkx
import pytest
from hypothesis import given, settings
from matplotlib.patches import FancyArrowPatch
from support.errors import is_complete, says
from support.figures import assert_readable, words
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets.laws import particular_partition as roles_of
from deepparticle.figures import particular_partition
from deepparticle.figures.roles import _LEAK


def nested() -> dp.Partition:
    world = dp.Partition("world")
    eye, brain = world.add_partition("eye"), world.add_partition("brain")
    left = eye.add_subparticle("left")
    a, b = brain.add_subparticle("a"), brain.add_subparticle("b")
    world.couple(left, a, 1.0)
    world.couple(a, b, 1.0)
    world.sense(world.add_external("scene"), left)
    return world


def arrows(figure: Any) -> list[FancyArrowPatch]:
    return [one for one in figure.axes[0].patches if isinstance(one, FancyArrowPatch)]


def red(figure: Any) -> int:
    from matplotlib.colors import to_hex

    return sum(to_hex(one.get_edgecolor()) == _LEAK.lower() for one in arrows(figure))


def column(figure: Any, name: str) -> float:
    places = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts}
    return float(places[name])


def test_states_stand_in_the_columns_of_their_roles() -> None:
    figure: Any = particular_partition(nested().graph, "brain", title="brain")
    assert column(figure, "scene") == column(figure, "left") == column(figure, "external η")
    assert column(figure, "left→a") == column(figure, "sensory s")
    assert column(figure, "a") == column(figure, "b") == column(figure, "internal μ")
    # What joins two states of one side is an arrow: scene→left and a→b; left→a has two.
    assert len(arrows(figure)) == 4
    assert not red(figure)
    assert {"brain"} <= words(figure)
    assert "breaks the law" not in words(figure)
    assert_readable(figure)


def test_the_roles_depend_on_the_thing() -> None:
    graph = nested().graph
    whole: Any = particular_partition(graph)
    assert column(whole, "left") == column(whole, "internal μ")
    assert column(whole, "scene→left") == column(whole, "sensory s")
    leaf: Any = particular_partition(graph, "brain/a")
    assert column(leaf, "b") == column(leaf, "external η")
    assert column(leaf, "a→b") == column(leaf, "active a")


@pytest.mark.parametrize(
    ("inside", "edge", "count"),
    [
        ("brain", ("scene", "brain/b"), 1),  # past the blanket
        ("brain", ("brain/a", "scene"), 1),
        ("eye", ("scene", "eye/left→brain/a"), 2),  # an active state driven from both sides
        ("brain", ("scene", "brain/a→brain/b"), 1),  # into a state between two that are inside
    ],
)
def test_what_breaks_the_law_is_red(inside: str, edge: tuple[str, str], count: int) -> None:
    graph = nested().graph.copy()
    graph.add_edge(*edge)
    figure: Any = particular_partition(graph, inside)
    assert red(figure) == count
    assert "breaks the law" in words(figure)
    assert_readable(figure)


@settings(max_examples=15, deadline=None)
@given(worlds(max_leaves=5))
def test_lawful_worlds_have_no_red_arrow_and_show_every_state(world: dp.Partition) -> None:
    graph = world.graph
    for leaf in world.subparticles[:2]:
        figure: Any = particular_partition(graph, leaf.path)
        assert not red(figure)
        roles = roles_of(graph, {leaf.path})
        # The blanket in the middle, and nothing that joins two states of one side.
        texts = [text.get_text() for text in figure.axes[0].texts]
        assert sum("→" in text for text in texts) == len(roles.blanket)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(dp.SettingError, match=says("did you mean 'brain'")) as caught:
        particular_partition(nested().graph, "brian")
    assert is_complete(caught.value)
    large = dp.from_networkx(networkx.complete_graph(9, networkx.DiGraph))
    with pytest.raises(dp.SettingError, match=says("81 states")) as caught:
        particular_partition(large.graph)
    assert is_complete(caught.value)
