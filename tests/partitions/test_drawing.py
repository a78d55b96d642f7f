"""The picture shows everything, says it with words that fit, and leaves the world as it is."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from support.worlds import portrait, worlds

import deepparticle as dp
from deepparticle.partitions.pictures.drawing import draw, scene, state_colour
from deepparticle.partitions.pictures.layout import layout


@pytest.fixture(autouse=True)
def without_windows() -> Iterator[None]:
    with mpl.rc_context({"backend": "Agg"}):
        yield
        import matplotlib.pyplot as plt

        plt.close("all")


def axes(size: tuple[float, float] = (8.0, 6.0)) -> Axes:
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def save(ax: Axes) -> None:
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(io.BytesIO(), dpi=40)


def gids(ax: Axes) -> Counter[str]:
    artists = [*ax.patches, *ax.texts, *ax.images]
    return Counter(str(artist.get_gid()) for artist in artists)


def creature() -> dp.Partition:
    """Three levels, twelve leaves, two externals, couplings across all borders."""
    world = dp.Partition("creature")
    brain, body = world.add_partition("brain"), world.add_partition("body")
    for place, names in (
        (brain.add_partition("visual"), ("v1", "v2", "v3", "v4")),
        (brain.add_partition("motor"), ("m1", "m2", "m3")),
        (body, ("eye", "arm", "left leg")),
        (brain, ("hub", "memory")),
    ):
        for number, name in enumerate(names):
            place.add_subparticle(name, state=number / 2 - 1)
    brain["visual"].couple_ring(0.6)
    world.couple("body/eye", "brain/visual/v1", 0.9)
    world.couple("brain/visual/v3", "brain/hub", 0.5)
    world.couple("brain/motor/m3", "body/arm", -0.8)
    scene, food = world.add_external("scene", 0.4), world.add_external("something to eat")
    world.sense(scene, "body/eye")
    world.act("body/arm", food, -1.0)
    return world


def deep(levels: int) -> dp.Partition:
    world = dp.Partition("outermost")
    place = world
    for level in range(levels):
        place = place.add_partition(f"level {level}")
        place.add_subparticle("leaf")
    return world


def crowd() -> dp.Partition:
    world = dp.Partition("crowd")
    for number in range(12):
        part = world.add_partition(f"group {number}")
        for leaf in range(25):
            part.add_subparticle(f"{leaf}")
        part.couple_ring(0.5)
    return world


def people() -> dp.Partition:
    world = dp.Partition("people")
    world.add_population("few", 3, couplings=np.ones((3, 3)) - np.eye(3))
    world.add_population("many", 64, couplings=np.zeros((64, 64)))
    world.add_population("very many", 1000)
    world.sense(world.add_external("evidence"), "many")
    return world


WORLDS = {
    "empty": lambda: dp.Partition("empty"),
    "single": lambda: deep(1),
    "deep": lambda: deep(4),
    "creature": creature,
    "people": people,
    "crowd": crowd,
}


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_can_be_drawn_and_kept(name: str) -> None:
    world = WORLDS[name]()
    before = portrait(world)
    ax = world.draw(axes())
    save(ax)
    assert portrait(world) == before
    assert gids(ax)["box:"] == 1


@settings(deadline=None, max_examples=15)
@given(worlds(max_leaves=12))
def test_every_part_has_its_artist(world: dp.Partition) -> None:
    ax = draw(world, axes())
    found = gids(ax)
    plan = layout(world)
    for leaf in world.subparticles:
        kind = "cell" if isinstance(leaf.parent, dp.Population) else "leaf"
        assert found[f"{kind}:{leaf.path}"] == 1
    for external in world.externals:
        assert found[f"external:{external.path}"] == 1
    for box in plan.boxes:
        assert found[f"box:{box.path}"] == found[f"title:{box.path}"] == 1
        for kind in ("sensory", "active"):
            marks = [c for link in plan.links for c in link.crossings]
            expected = sum(c.box == box.path and c.kind == kind for c in marks)
            assert found[f"{kind}:{box.path}"] == expected
    for link in plan.links:
        assert found[f"coupling:{link.source}→{link.target}"] == 1
        assert found[f"head:{link.source}→{link.target}"] == 1


def test_sensory_and_active_states_differ_in_shape_and_colour() -> None:
    ax = draw(creature(), axes())
    kinds: dict[str, set[tuple[str, str]]] = {"sensory": set(), "active": set()}
    for patch in ax.patches:
        kind = str(patch.get_gid()).split(":")[0]
        if kind in kinds:
            kinds[kind].add((type(patch).__name__, to_hex(patch.get_facecolor())))
    assert all(len(looks) == 1 for looks in kinds.values())
    (sensory,), (active,) = kinds["sensory"], kinds["active"]
    assert sensory[0] != active[0]
    assert sensory[1] != active[1]


def test_colours_and_widths_show_the_couplings() -> None:
    world = dp.Partition("world")
    for name in "abc":
        world.add_subparticle(name)
    world.couple("a", "b", 1.0)
    world.couple("b", "c", 0.1)
    world.couple("c", "a", -1.0)
    lines = {p.get_gid(): p for p in draw(world, axes()).patches}
    strong, weak, negative = (lines[f"coupling:{ends}"] for ends in ("a→b", "b→c", "c→a"))
    assert strong.get_linewidth() > 1.5 * weak.get_linewidth()
    assert strong.get_edgecolor() == weak.get_edgecolor() != negative.get_edgecolor()
    plain = {p.get_gid(): p for p in draw(world, axes(), weights=False).patches}
    assert len({plain[f"coupling:{ends}"].get_linewidth() for ends in ("a→b", "b→c")}) == 1
    assert plain["coupling:a→b"].get_edgecolor() == plain["coupling:c→a"].get_edgecolor()


def test_a_head_points_at_its_target() -> None:
    world = dp.Partition("world")
    for name in "ab":
        world.add_subparticle(name)
    world.couple("a", "b")
    plan = layout(world)
    a, b = plan.spots
    (head,) = (shape for shape in scene(plan).shapes if shape.role == "head")
    tip = np.array(head.points[0])  # type: ignore[attr-defined]
    base = np.mean(head.points[1:], axis=0)  # type: ignore[attr-defined]
    towards = np.array([b.x, b.y]) - base
    assert np.linalg.norm(tip - (b.x, b.y)) == pytest.approx(b.radius)
    assert towards @ (tip - base) > 0.9 * np.linalg.norm(towards) * np.linalg.norm(tip - base)
    assert a.x < b.x


def test_options() -> None:
    world = creature()
    everything = {gid.split(":")[0] for gid in gids(draw(world, axes()))}
    assert {"name", "legend", "title", "weight"} - everything == {"weight"}  # too many to write out
    bare = {gid.split(":")[0] for gid in gids(draw(world, axes(), labels=False, legend=False))}
    assert not bare & {"name", "legend"}
    assert draw(world, axes(), title="A creature").get_title() == "A creature"


def test_a_handful_of_weights_is_written_out() -> None:
    world = dp.Partition("world")
    world.add_subparticle("a")
    world.add_subparticle("b")
    world.couple("a", "b", -0.25)
    texts = {text.get_gid(): text.get_text() for text in draw(world, axes()).texts}
    assert texts["weight:a→b"] == "−0.25"


def test_a_summary_says_so() -> None:
    world = dp.Partition("dense")
    for number in range(25):
        world.add_subparticle(f"{number}")
    world.couple_all(np.random.default_rng(0).normal(size=(25, 25)) * ~np.eye(25, dtype=bool))
    plan = layout(world)
    caption = " ".join(t.get_text() for t in draw(world, axes()).texts if t.get_gid() == "caption:")
    assert f"{len(plan.links)} strongest of 600" in caption


def test_axes_and_figures() -> None:
    import matplotlib.pyplot as plt

    ax = axes()
    assert draw(creature(), ax) is ax
    assert not plt.get_fignums()
    assert not ax.axison
    assert ax.get_aspect() == 1.0
    draw(creature())
    assert len(plt.get_fignums()) == 1  # which is how a notebook finds it


def test_only_what_holds_nothing_is_called_empty() -> None:
    world = dp.Partition("world")
    world.add_partition("outer").add_partition("inner")
    notes = [text.get_gid() for text in draw(world, axes()).texts if text.get_text() == "empty"]
    assert notes == ["note:outer/inner"]


def test_names_are_no_mathematics() -> None:
    world = dp.Partition("price in $")
    world.add_subparticle("$x^$")
    ax = draw(world, axes())
    save(ax)
    assert "$x^$" in [text.get_text() for text in ax.texts]


# ------------------------------------------------------------------------------ words fit


def boxes_of(ax: Axes, *roles: str) -> list[tuple[Text, Bbox]]:
    return [
        (text, Text.get_window_extent(text))
        for text in ax.texts
        if str(text.get_gid()).split(":")[0] in roles
    ]


@pytest.mark.parametrize("name", ["single", "deep", "creature", "people"])
def test_words_do_not_overlap(name: str) -> None:
    ax = draw(WORLDS[name](), axes((12.0, 9.0)))
    for (a, box_a), (b, box_b) in combinations(boxes_of(ax, "title", "name", "legend"), 2):
        # The boxes of texts have a rim above and below the letters.
        both = Bbox.intersection(box_a, box_b)
        assert both is None or both.height < 0.25 * box_a.height or both.width < 1.0, (a, b)


def test_titles_fit_into_their_boxes_and_short_names_into_their_circles() -> None:
    world = creature()
    world["brain/visual"].add_partition("a name that is much too long for such a small partition")
    ax = draw(world, axes((12.0, 9.0)))
    patches = {patch.get_gid(): patch.get_window_extent() for patch in ax.patches}
    for text, extent in boxes_of(ax, "title"):
        box = patches[str(text.get_gid()).replace("title:", "box:")]
        assert box.x0 < extent.x0
        assert extent.x1 < box.x1
    for text, extent in boxes_of(ax, "name"):
        if text.get_text() in ("v1", "hub", "arm"):
            circle = patches[str(text.get_gid()).replace("name:", "leaf:")]
            assert circle.x0 < extent.x0
            assert extent.x1 < circle.x1


# ------------------------------------------------------------------------------ colours


def test_states_have_colours_in_order() -> None:
    def channels(value: float) -> np.ndarray:
        colour = state_colour(value)
        return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])

    steps = np.array([channels(value) for value in np.linspace(-1, 1, 21)])
    assert (np.diff(steps[:, 0].astype(int) - steps[:, 2]) >= 0).all()  # from blue to red
    assert steps[10].min() > 240
    assert state_colour(-3.0) == state_colour(-1.0) != state_colour(1.0) == state_colour(99.0)
    assert state_colour(None) == state_colour(float("nan")) != state_colour(0.0)
