"""What a notebook and a terminal show: well-formed, escaped, complete, and short."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import portrait, worlds

import deepparticle as dp
from deepparticle.partitions.pictures.layout import layout
from deepparticle.partitions.pictures.markup import counts, html, svg, tree_text

SVG = "{http://www.w3.org/2000/svg}"


def roles(picture: str) -> Counter[tuple[str, str]]:
    return Counter(
        (element.get("class", ""), element.get("data-path", ""))
        for element in ElementTree.fromstring(picture).iter()
        if element.get("class")
    )


def small() -> dp.Partition:
    world = dp.Partition("world", precision=0.5)
    brain = world.add_partition("brain", clock=2)
    a, b = brain.add_subparticle("a", bias=0.2, state=0.25), brain.add_subparticle("b")
    brain.couple(a, b, 0.8)
    scene = world.add_external("scene")
    world.sense(scene, a)
    world.act(b, scene, -1.5)
    return world


# ------------------------------------------------------------------------------ SVG


@settings(deadline=None, max_examples=25)
@given(worlds(max_leaves=12))
def test_the_picture_is_well_formed_and_complete(world: dp.Partition) -> None:
    before = portrait(world)
    found = roles(svg(world))
    plan = layout(world)
    for spot in plan.spots:
        assert found[spot.kind, spot.path] == 1
    for box in plan.boxes:
        assert found["box", box.path] == 1
    for link in plan.links:
        assert found["coupling", f"{link.source}→{link.target}"] == 1
    crossings = Counter((c.kind, c.box) for link in plan.links for c in link.crossings)
    for kind in ("sensory", "active"):
        for box in plan.boxes:
            assert found[kind, box.path] == crossings[kind, box.path]
    assert portrait(world) == before


def test_tooltips_tell_paths_and_values() -> None:
    titles = [title.text for title in ElementTree.fromstring(svg(small())).iter(f"{SVG}title")]
    assert titles[0] == "Partition world"
    for expected in (
        "brain/a: state +0.25",
        "brain/a → brain/b: weight 0.8",
        "brain: partition of 2, blanket of 1 sensory and 1 active states",
        "sensory state of brain: scene → brain/a: weight 1",
        "active state of world: brain/b → scene: weight -1.5",
    ):
        assert expected in titles


def test_a_tooltip_is_the_first_child() -> None:
    world = small()
    world.add_population("cortex", 3, couplings=np.zeros((3, 3)))
    for element in ElementTree.fromstring(svg(world)).iter():
        tags = [child.tag for child in element]
        assert f"{SVG}title" not in tags[1:]


AWKWARD = ['<b>&"', "a'b", "]]>", "<script>alert(1)</script>", "\x00\x1b[31m", "☃", "line\nbreak"]


@pytest.mark.parametrize("name", AWKWARD)
def test_names_are_escaped(name: str) -> None:
    # A "/" cannot be in a name.
    name = name.replace("/", "")
    world = dp.Partition(name)
    world.add_partition(name).add_subparticle(name)
    world.add_population(name + "2", 2)
    world.sense(world.add_external(name + "3"), f"{name}/{name}")
    for markup in (svg(world), html(world)):
        tree = ElementTree.fromstring(markup)
        assert not list(tree.iter(f"{SVG}script"))
        assert not list(tree.iter(f"{SVG}b"))
        texts = [element.text for element in tree.iter(f"{SVG}text")]
        shown = "".join(letter if letter.isprintable() else "�" for letter in name)
        assert any(text and (text == shown or text[:2] == shown[:2]) for text in texts)
    assert "\x1b" not in tree_text(world)


@settings(deadline=None, max_examples=30)
@given(st.text(min_size=1).filter(lambda name: name.strip() and "/" not in name))
def test_any_name_leaves_well_formed_markup(name: str) -> None:
    world = dp.Partition(name)
    world.add_subparticle(name)
    ElementTree.fromstring(svg(world))
    ElementTree.fromstring(html(world))
    assert len(tree_text(world).split("\n")) == 2


def test_the_picture_stands_alone_on_its_own_paper() -> None:
    picture = svg(small())
    assert picture.count("http") == 1  # the name space
    assert "<script" not in picture
    assert "<style" not in picture
    assert "href" not in picture
    root = ElementTree.fromstring(picture)
    x, y, width, height = (float(number) for number in root.attrib["viewBox"].split())
    paper = next(root.iter(f"{SVG}rect"))
    assert paper.attrib["fill"].lower() == "#ffffff"
    assert [float(paper.attrib[key]) for key in ("x", "y", "width", "height")] == [
        x,
        y,
        width,
        height,
    ]


def test_images_of_populations_keep_their_colours() -> None:
    world = dp.Partition("world")
    world.add_population("cortex", 3, couplings=[[0, 1, 0], [-1, 0, 0], [0, 0, 0]])
    image = next(
        element
        for element in ElementTree.fromstring(svg(world)).iter()
        if element.get("class") == "couplings"
    )
    fills = {path.get("fill"): path.get("d", "") for path in image.iter(f"{SVG}path")}
    assert fills["#c4452d"].count("M") == fills["#2b66b1"].count("M") == 1
    # Runs of equal neighbours: two in the first row, one in the second, one of three in the third.
    assert fills["#faf9f6"].count("M") == 4


# ------------------------------------------------------------------------------ HTML and counts


def test_the_summary_tells_counts_and_settings() -> None:
    summary = "".join(ElementTree.fromstring(html(small()))[0].itertext())
    for expected in (
        "world",
        "1 partition",
        "2 subparticles",
        "3 boundary states",
        "1 external",
        "precision=0.5",
        "learning_rate=0",
        "clock=1",
    ):
        assert f"{expected} " in f"{summary} "
    assert "clock=2" in html(small()["brain"])


@settings(deadline=None, max_examples=40)
@given(worlds(max_leaves=16))
def test_counts(world: dp.Partition) -> None:
    for place in (world, *(m for m in world.walk() if isinstance(m, dp.Partition))):
        found = counts(place)
        assert found["subparticles"] == len(place.subparticles)
        assert found["boundary states"] == sum(1 for _ in place.boundaries())
        assert found["partitions"] == sum(
            isinstance(member, (dp.Partition, dp.Population)) for member in place.walk()
        )
    assert counts(world)["externals"] == len(world.externals)


def test_hooks() -> None:
    world = small()
    assert repr(world) == tree_text(world)
    assert world._repr_svg_() == svg(world)
    assert world._repr_html_() == html(world)


# ------------------------------------------------------------------------------ text


def test_the_tree() -> None:
    assert (
        tree_text(small())
        == """\
<Partition 'world': 1 partition, 2 subparticles, 3 boundary states, 1 external; precision=0.5>
├─ brain: clock=2
│  ├─ a: ContinuousBernoulli(), state=0.25, bias=0.2
│  └─ b: ContinuousBernoulli(), state=0, bias=0
└─ scene: external, value=0, sensed by 1, acted on by 1"""
    )


def test_the_tree_of_a_population_and_of_vectors() -> None:
    world = dp.Partition("world")
    world.add_population("cortex", 5, couplings=np.zeros((5, 5)), learning_rate=0.01)
    world.sense(world.add_external("scene"), "cortex")
    world["scene"].value = np.zeros(5)
    _, cortex, scene = tree_text(world).split("\n")
    what = "population of 5 × ContinuousBernoulli(), 20 boundary states, learning_rate=0.01"
    assert cortex == f"├─ cortex: {what}"
    assert scene == "└─ scene: external, value=array of 5, sensed by 5, acted on by 0"


@settings(deadline=None, max_examples=40)
@given(worlds(max_leaves=40, populations=False))
def test_the_tree_is_short_and_shows_what_fits(world: dp.Partition) -> None:
    lines = tree_text(world).split("\n")
    assert len(lines) <= 24
    members = list(world.walk())
    if len(members) <= 23:
        assert [line.split(": ")[0].lstrip("├─│└ ") for line in lines[1:]] == [
            member.name for member in members
        ]


def test_a_large_first_partition_hides_no_other() -> None:
    world = dp.Partition("world")
    for number in range(5):
        part = world.add_partition(f"part{number}")
        for leaf in range(100):
            part.add_subparticle(f"{leaf}")
    text = tree_text(world)
    assert len(text.split("\n")) <= 24
    assert all(f"─ part{number}" in text for number in range(5))
    assert text.count("… and 98 more") == 5


def test_very_many_members_are_counted() -> None:
    world = dp.Partition("world")
    for number in range(40):
        world.add_partition(f"part{number}").add_subparticle("a")
    lines = tree_text(world).split("\n")
    assert len(lines) == 24
    assert lines[1] == "├─ part0: 1 member"
    assert lines[-1] == "└─ … and 18 more"


def test_an_empty_world() -> None:
    world = dp.Partition("nothing")
    assert tree_text(world) == (
        "<Partition 'nothing': 0 partitions, 0 subparticles, 0 boundary states, 0 externals>"
    )
    assert ("box", "") in roles(svg(world))
