"""Wiring: blocks, rings, lattices, populations beside explicit leaves, and the views of it all."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import networkx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets import ExplicitBoundary


def leaves(count: int) -> dp.Partition:
    world = dp.Partition("world")
    for number in range(count):
        world.add_subparticle(f"a{number}")
    return world


def mixed() -> dp.Partition:
    """A population between explicit leaves."""
    world = dp.Partition("world")
    world.add_subparticle("first")
    couplings = np.arange(9.0).reshape(3, 3) * ~np.eye(3, dtype=bool)
    world.add_population("cortex", 3, couplings=couplings)
    world.add_subparticle("last")
    return world


# ---------------------------------------------------------------------- pairs and blocks


def test_a_coupling_is_target_by_source() -> None:
    world = leaves(2)
    boundary = world.couple("a0", "a1", 0.8)
    assert world.couplings.tolist() == [[0, 0], [0.8, 0]]
    assert world["a1"].sensory["a0"].boundary is boundary
    assert world["a0"].active["a1"].boundary is boundary
    assert boundary.plastic
    assert not world.couple("a1", "a0", plastic=False).plastic


def test_a_matrix_wires_block_to_block() -> None:
    world = dp.Partition("world")
    for name, size in (("left", 2), ("right", 3)):
        part = world.add_partition(name)
        for number in range(size):
            part.add_subparticle(str(number))
    weights = np.arange(6.0).reshape(3, 2)
    made = world.couple("left", "right", weights)
    # Every boundary state of a dense block exists, zero or not.
    assert len(made) == 6
    assert [str(one) for one in made[:2]] == ["left/0 → right/0", "left/1 → right/0"]
    assert np.array_equal(world.couplings[2:, :2], weights)
    assert np.count_nonzero(world.couplings) == 5
    world.check()


def test_a_sparse_block_makes_only_what_it_stores() -> None:
    world = leaves(4)
    weights = scipy.sparse.coo_array(([0.5, 0.0], ([0, 1], [1, 0])), shape=(2, 2))
    made = world.couple(["a0", "a1"], ["a2", "a3"], weights)
    assert [str(one) for one in made] == ["a1 → a2", "a0 → a3"]
    assert [one.weight for one in made] == [0.5, 0.0]


def test_a_number_couples_all_pairs_but_the_diagonal() -> None:
    world = leaves(3)
    assert len(world.couple(["a0", "a1"], ["a1", "a2"], 0.5)) == 3
    expected = [[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0]]
    assert world.couplings.tolist() == expected


def test_a_block_of_one_and_nested_sequences() -> None:
    world = leaves(3)
    assert len(world.couple(["a0"], "a1")) == 1
    nested: Any = ["a0", [world["a1"]]]
    assert len(world.couple(nested, ["a2"])) == 2


def test_a_weight_of_any_real_kind() -> None:
    world = leaves(4)
    world.couple("a0", "a1", np.float32(0.5))
    world.couple("a0", "a2", 1)
    world.couple(["a0"], ["a3"], np.array(0.25))
    assert world.couplings[:, 0].tolist() == [0, 0.5, 1, 0.25]


def test_uncouple() -> None:
    world = mixed()
    world.couple("first", "last", 0.5)
    world.sense(world.add_external("scene"), "first")
    world.act("last", "scene")
    for source, target in [
        ("first", "last"),
        ("cortex/1", "cortex/0"),
        ("scene", "first"),
        ("last", "scene"),
    ]:
        world.uncouple(source, target)
        assert source not in getattr(world[target], "sensory", {})
        assert target not in getattr(world[source], "active", {})
        world.check()
    assert "cortex/2" in world["cortex/0"].sensory
    world.couple("cortex/1", "cortex/0", 0.7)
    assert world["cortex"].weights[0, 1] == 0.7


# ---------------------------------------------------------------------- shapes


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_all_to_all(count: int) -> None:
    world = leaves(count)
    made = world.couple_all(0.5)
    assert len(made) == count * max(0, count - 1)
    assert np.array_equal(world.couplings, 0.5 * (1 - np.eye(count)))


def test_all_to_all_with_a_matrix() -> None:
    world = leaves(3)
    weights = np.arange(9.0).reshape(3, 3) * ~np.eye(3, dtype=bool)
    world.couple_all(weights)
    assert np.array_equal(world.couplings, weights)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 6])
def test_a_ring(count: int, directed: bool) -> None:
    world = leaves(count)
    world.couple_ring(0.5, directed=directed)
    expected = np.zeros((count, count))
    for row in range(count):
        if count > 1:
            expected[(row + 1) % count, row] = 0.5
            if not directed:
                expected[row, (row + 1) % count] = 0.5
    assert np.array_equal(world.couplings, expected)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.booleans())
def test_a_lattice(shape: list[int], periodic: bool) -> None:
    world = leaves(int(np.prod(shape)))
    world.couple_lattice(shape, 0.5, periodic=periodic)
    sites = list(np.ndindex(*shape))
    expected = np.zeros((len(sites), len(sites)))
    for row, site in enumerate(sites):
        for axis, side in enumerate(shape):
            for step in (-1, 1):
                other = list(site)
                other[axis] += step
                if periodic:
                    other[axis] %= side
                if 0 <= other[axis] < side and tuple(other) != site:
                    expected[sites.index(tuple(other)), row] = 0.5
    assert np.array_equal(world.couplings, expected)


@pytest.mark.parametrize("periodic", [False, True])
def test_a_square_lattice_is_that_of_networkx(periodic: bool) -> None:
    world = leaves(12)
    made = world.couple_lattice((3, 4), periodic=periodic)
    grid = networkx.grid_2d_graph(3, 4, periodic=periodic)
    assert np.array_equal(world.couplings, networkx.to_numpy_array(grid, sorted(grid)))
    assert len(made) == 2 * grid.number_of_edges()


def test_shapes_follow_the_rows_of_a_partition_of_any_kind() -> None:
    world = mixed()
    world["cortex"].set_plastic(None, None, False)
    world.uncouple("cortex/0", "cortex/1")
    for pair in [
        ("cortex/1", "cortex/2"),
        ("cortex/2", "cortex/1"),
        ("cortex/1", "cortex/0"),
        ("cortex/0", "cortex/2"),
        ("cortex/2", "cortex/0"),
    ]:
        world.uncouple(*pair)
    world.couple_ring(0.5, directed=True)
    assert list(world["cortex/0"].sensory) == ["first"]
    assert list(world["cortex/1"].sensory) == ["cortex/0"]
    assert list(world["first"].sensory) == ["last"]
    assert world["cortex/1"].sensory["0"].plastic


def test_wiring_is_deterministic() -> None:
    def made() -> list[str]:
        world = leaves(6)
        found = [*world.couple_lattice((2, 3))]
        world.uncouple("a0", "a1")
        return [str(one) for one in found]

    assert made() == made()
    assert made()[:3] == ["a0 → a1", "a0 → a3", "a1 → a0"]


# ---------------------------------------------------------------------- sense and act


def test_sense_and_act_return_views() -> None:
    world = mixed()
    scene = world.add_external("scene", 2.0)
    one = world.sense(scene, "first", 0.5)
    assert isinstance(one, dp.SensoryState)
    assert one == world["first"].sensory["scene"]
    assert one.state == 1.0
    many = world.sense("scene", "cortex", [1.0, 2.0, 3.0])
    assert [view.weight for view in many] == [1.0, 2.0, 3.0]
    acted = world.act("last", scene, -1.0)
    assert isinstance(acted, dp.ActiveState)
    assert acted.boundary is world["last"].active["scene"].boundary
    assert len(world.act(["first", "cortex/1"], "scene")) == 2
    assert [end.path for end in scene.acting] == ["first", "cortex/1", "last"]
    world.check()


def test_the_outside_can_be_reached_from_inside() -> None:
    world = dp.Partition("world")
    brain = world.add_partition("brain")
    brain.add_subparticle("a")
    world.add_external("scene")
    brain.sense("scene", "a")
    brain.act("a", "scene")
    world.check()
    assert list(brain["a"].sensory) == ["scene"]


def test_a_vector_has_one_component_for_each_that_senses_in_row_order() -> None:
    world = mixed()
    scene = world.add_external("scene")
    world.sense(scene, "last")
    world.sense(scene, ["cortex/2", "first"])
    scene.value = [1.0, 2.0, 3.0]
    assert [end.path for end in scene.sensing] == ["first", "cortex/2", "last"]
    assert world["first"].sensory["scene"].state == 1.0
    assert world["cortex/2"].sensory["scene"].state == 2.0
    assert world["last"].sensory["scene"].state == 3.0


# ---------------------------------------------------------------------- populations beside leaves


def test_a_population_mixes_with_explicit_leaves() -> None:
    world = mixed()
    world.couple("first", "cortex/0", 0.5)
    world.couple("cortex", "last", [[1.0, 2.0, 3.0]])
    world.check()
    expected = np.zeros((5, 5))
    expected[1:4, 1:4] = np.arange(9.0).reshape(3, 3) * ~np.eye(3, dtype=bool)
    expected[1, 0] = 0.5
    expected[4, 1:4] = [1, 2, 3]
    assert np.array_equal(world.couplings, expected)
    assert list(world["cortex/0"].sensory) == ["cortex/1", "cortex/2", "first"]
    assert list(world["cortex/0"].active) == ["cortex/1", "cortex/2", "last"]
    world.step(0)


def test_writing_through_a_view_changes_the_array() -> None:
    world = mixed()
    cortex = world["cortex"]
    view = cortex[2].sensory["1"]
    view.weight = 0.25
    assert cortex.weights[2, 1] == 0.25
    assert world.couplings[3, 2] == 0.25
    assert cortex[1].active["2"].weight == 0.25
    cortex.weights[2, 1] = 0.75
    assert view.weight == 0.75
    view.conditional = dp.Delta(0.5)
    assert cortex.weights[2, 1] == 0.5
    view.plastic = False
    assert not cortex[1].active["2"].plastic
    assert cortex[1].sensory["2"].plastic
    cortex[2].state = 0.5
    cortex[2].bias = -1.0
    assert world.states.tolist() == [0, 0, 0, 0.5, 0]
    assert world.biases.tolist() == [0, 0, 0, -1.0, 0]
    assert world["cortex"]["2"] is cortex[2] is cortex[-1] is world["cortex/2"]


def test_a_boundary_is_one_object_from_both_sides() -> None:
    world = mixed()
    world.couple("first", "cortex/1", 0.5)
    for path, other in [("cortex/2", "cortex/1"), ("cortex/1", "first")]:
        target, source = world[path], world[other]
        assert target.sensory[other].boundary is source.active[path].boundary
        assert target.sensory[source].boundary is source.active[target].boundary
        assert target.sensory[other] == target.sensory[source]
        assert target.sensory[other] != source.active[path]
        assert hash(target.sensory[other]) == hash(target.sensory[source])


def test_views_of_a_population_are_made_when_asked_for() -> None:
    population = dp.Population("big", 300, couplings=np.zeros((300, 300)))
    assert len(population._members) == 0
    assert len(population[7].sensory) == 299
    gc.collect()
    assert len(population._members) < 5 or len(population._views) < 300
    assert len(population._views) < 300


def test_names_in_a_population_are_its_rows() -> None:
    population = dp.Population("n", 3)
    assert population.find("2") is population[2]
    assert [population.find(name) for name in ("3", "-1", "02", "x", "²")] == [None] * 5
    assert [member.path for member in population] == ["0", "1", "2"]


# ---------------------------------------------------------------------- views


def test_the_blanket_of_a_partition() -> None:
    world = dp.Partition("world")
    brain = world.add_partition("brain")
    brain.couple_all()
    a, b = brain.add_subparticle("a"), brain.add_subparticle("b")
    c = world.add_subparticle("c")
    brain.couple(a, b, 0.8)
    world.couple(c, a, 0.1)
    world.couple(b, c, 0.2)
    world.sense(world.add_external("scene"), b)
    world.act(a, "scene")
    blanket = world.blanket("brain")
    assert blanket.of == "brain"
    assert [str(view.boundary) for view in blanket.sensory] == ["c → brain/a", "scene → brain/b"]
    assert [str(view.boundary) for view in blanket.active] == ["brain/a → scene", "brain/b → c"]
    assert len(blanket) == 4
    assert "2 sensory, 2 active" in repr(blanket)
    assert [str(view.boundary) for view in world.blanket(b).sensory] == [
        "brain/a → brain/b",
        "scene → brain/b",
    ]
    # The world meets only what is external.
    assert {view.boundary.kind for view in (*world.blanket().sensory, *world.blanket().active)} == {
        "sensory",
        "active",
    }


def test_the_blanket_of_a_population() -> None:
    world = mixed()
    world.couple("first", "cortex/0", 0.5)
    world.couple("cortex/2", "last", 0.5)
    blanket = world.blanket("cortex")
    assert [str(view.boundary) for view in blanket.sensory] == ["first → cortex/0"]
    assert [str(view.boundary) for view in blanket.active] == ["cortex/2 → last"]
    # A member of it has its siblings outside.
    assert len(world.blanket("cortex/0").sensory) == 3


@settings(deadline=None, max_examples=80)
@given(worlds())
def test_blankets_hold_what_crosses_and_nothing_else(world: dp.Partition) -> None:
    everything = {str(one): one for one in world.boundaries()}
    for member in world.walk():
        if isinstance(member, dp.ExternalState):
            continue
        inside = (
            {member.path}
            if isinstance(member, dp.Subparticle)
            else {
                leaf.path
                for leaf in member.subparticles  # type: ignore[attr-defined]
            }
        )
        blanket = world.blanket(member)
        expected_in = {
            key
            for key, one in everything.items()
            if one.target.path in inside and one.source.path not in inside
        }
        expected_out = {
            key
            for key, one in everything.items()
            if one.source.path in inside and one.target.path not in inside
        }
        assert {str(view.boundary) for view in blanket.sensory} == expected_in
        assert {str(view.boundary) for view in blanket.active} == expected_out


@settings(deadline=None, max_examples=80)
@given(worlds())
def test_the_graph_shows_every_state_and_flow(world: dp.Partition) -> None:
    graph = world.graph
    assert len(graph) == (
        len(world.subparticles) + len(world.externals) + len(list(world.boundaries()))
    )
    for one in world.boundaries():
        node = f"{one.source.path}→{one.target.path}"
        data = graph.nodes[node]
        assert data["kind"] == one.kind
        assert data["weight"] == one.weight
        assert data["plastic"] == one.plastic
        assert (data["active_of"], data["sensory_of"]) == (one.source.path, one.target.path)
        assert list(graph.predecessors(node)) == [one.source.path]
        assert list(graph.successors(node)) == [one.target.path]
    for leaf in world.subparticles:
        data = graph.nodes[leaf.path]
        assert (data["kind"], data["path"], data["bias"]) == ("internal", leaf.path, leaf.bias)
    # A graph is a copy: changing it does not change the world.
    graph.clear()
    assert len(world.graph) > 0


@settings(deadline=None, max_examples=80)
@given(worlds())
def test_the_nesting_is_a_tree_of_paths(world: dp.Partition) -> None:
    tree = world.nesting
    assert networkx.is_arborescence(tree)
    assert tree.nodes[""]["kind"] == "partition"
    for node, data in tree.nodes(data=True):
        if node:
            assert list(tree.predecessors(node)) == [node.rpartition("/")[0]]
            assert data["name"] == node.rpartition("/")[2]
    assert [node for node, data in tree.nodes(data=True) if data["kind"] == "subparticle"] == [
        leaf.path for leaf in world.subparticles
    ]


@settings(deadline=None, max_examples=80)
@given(worlds(max_steps=1))
def test_the_report_of_a_lawful_world(world: dp.Partition) -> None:
    report = world.report()
    assert report.lawful
    assert report.levels[0].leaves == len(world.subparticles)
    for level in report.levels[1:]:
        blanket = world.blanket(level.path)
        assert (level.sensory, level.active) == (len(blanket.sensory), len(blanket.active))
        assert level.depth == level.path.count("/") + 1
    assert "lawful at every level" in str(report)


def test_a_report_never_raises() -> None:
    for world in (dp.Partition("void"), leaves(1), mixed()):
        assert str(world.report())
    broken = mixed()
    broken["cortex"].weights[0, 1] = np.nan
    broken["first"]._state = np.inf
    stranger = dp.Partition("elsewhere").add_subparticle("x")
    boundary = ExplicitBoundary(stranger, broken["first"], dp.Delta(1.0))
    broken["last"]._incoming[stranger] = boundary
    broken._members["again"] = broken["first"]
    report = broken.report()
    assert not report.lawful
    assert len(report.faults) >= 4
    assert str(report)


def test_a_report_of_a_nesting_with_a_cycle() -> None:
    """Not even where only reaching into objects can have made it."""
    world = dp.Partition("world")
    outer = world.add_partition("outer")
    inner = outer.add_partition("inner")
    inner._members["outer"] = outer
    report = world.report()
    assert not report.lawful
    assert "the nesting is a tree" in str(report)


def test_the_couplings_of_a_large_sparse_world_are_sparse() -> None:
    size = 2100
    couplings = scipy.sparse.random_array(
        (size, size), density=0.001, rng=np.random.default_rng(0)
    ).tolil()
    couplings.setdiag(0)
    world = dp.Partition("world")
    world.add_population("n", size, couplings=couplings.tocsr())
    world.couple(world.add_subparticle("a"), "n/5", 0.5)
    found: Any = world.couplings
    assert hasattr(found, "tocoo")
    assert found[5, size] == 0.5
    assert np.array_equal(found.toarray()[:size, :size], couplings.toarray())


@settings(deadline=None, max_examples=80)
@given(worlds())
def test_couplings_are_the_weights_of_the_boundary_states(world: dp.Partition) -> None:
    rows = {leaf.path: row for row, leaf in enumerate(world.subparticles)}
    expected: Any = np.zeros((len(rows), len(rows)))
    for one in world.boundaries():
        if one.kind == "boundary":
            expected[rows[one.target.path], rows[one.source.path]] = one.weight
    assert np.array_equal(world.couplings, expected)


def test_a_vector_set_before_wiring_meets_as_many_subparticles() -> None:
    world = dp.Partition("world")
    leaves = [world.add_subparticle(name) for name in "ab"]
    light = world.add_external("light", [1.0, -0.5])
    world.sense(light, leaves)
    assert [leaf.sensory["light"].state for leaf in leaves] == [1.0, -0.5]
    with pytest.raises(dp.SettingError, match="2 entries and 3 to sense it"):
        world.sense(light, world.add_subparticle("c"))


def test_faults_come_in_row_order() -> None:
    world = dp.Partition("world")
    inner = world.add_partition("inner")
    for particle in (inner.add_subparticle("a"), world.add_subparticle("b")):
        particle._bias = float("nan")
    with pytest.raises(dp.PartitionError) as refused:
        world.check()
    assert [fault.where for fault in refused.value.faults] == ["inner/a", "b"]


def test_a_weight_without_a_boundary_state_is_a_fault_and_couples_nothing() -> None:
    world = dp.Partition("world")
    cortex = world.add_population("cortex", 2)
    cortex.weights[0, 1] = 2.0
    assert not world.couplings.any()
    with pytest.raises(dp.PartitionError, match=r"1 → cortex/0: .* a weight of 2 where none"):
        world.check()


def test_a_deep_copy_and_a_pickle_are_worlds_of_their_own() -> None:
    world = dp.from_couplings(np.ones((2, 2)) - np.eye(2))
    boundary = world["population/0"].sensory["1"].boundary  # a view that is alive
    for twin in (copy.deepcopy(world), pickle.loads(pickle.dumps(world))):
        twin["population/0"].sensory["1"].weight = 7.0
        assert twin.couplings[0, 1] == 7.0
    assert boundary.weight == world.couplings[0, 1] == 1.0


def test_members_of_a_population_are_sensed_by_number_too() -> None:
    cortex = dp.from_couplings([[0.0, 2.0], [3.0, 0.0]])["population"]
    assert cortex[0].sensory[1].weight == 2.0


@pytest.mark.parametrize(
    "build",
    [
        lambda: dp.from_couplings(np.array([[0, 1j], [0, 0]])),
        lambda: dp.from_couplings(scipy.sparse.csr_array(np.array([[0, 1j], [0, 0]]))),
        lambda: dp.Partition("w").add_population("p", 2, bias=np.array([1j, 0])),
        lambda: dp.Partition("w").add_external("e", np.array([1j])),
    ],
)
def test_complex_numbers_are_refused(build: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"number"):
        build()
