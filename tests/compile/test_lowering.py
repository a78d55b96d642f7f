"""Lowering: which object becomes which number, what is refused, and how new types are taught."""

from dataclasses import dataclass

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.agents.member import Member
from deepparticle.compile.lowering import Flat, flatten, flatten_rule
from deepparticle.compile.program import Program


def household() -> dp.Partition:
    """Three levels, explicit leaves and a population, mixed settings, two external states."""
    world = dp.Partition("household", precision=0.5)
    scene = world.add_external("scene", 0.25)
    brain = world.add_partition("brain", learning_rate=0.1)
    a = brain.add_subparticle("a", bias=0.2, state=-0.5)
    cortex = brain.add_population("cortex", 2, couplings=[[0.0, 0.7], [0.0, 0.0]], precision=2.0)
    deep = brain.add_partition("deep", clock=3)
    spin = deep.add_subparticle("spin", distribution=dp.Spin(), state=1.0)
    outcome = world.add_external("outcome")
    last = world.add_subparticle("last", distribution=dp.Gaussian(2.0), precision=0.0)
    world.couple(a, spin, 0.8)
    world.couple(spin, a, -0.3, plastic=False)
    world.couple(cortex[1], last, 0.0)
    world.sense(scene, [spin, a], [2.0, 3.0])
    world.act(last, outcome, -1.5)
    world.act(a, scene)
    return world


# ---------------------------------------------------------------------- what becomes what


LEAVES = ("brain/a", "brain/cortex", "brain/deep/spin", "last")


def test_rows_are_the_leaves_in_order_at_any_depth() -> None:
    world = household()
    assert flatten(world).leaves == [world[path] for path in LEAVES]
    paths = ("brain/a", "brain/cortex/0", "brain/cortex/1", "brain/deep/spin", "last")
    assert dp.lower(world).paths == paths


def test_each_array_holds_what_the_objects_hold() -> None:
    world = household()
    program = dp.lower(world)
    np.testing.assert_array_equal(program.couplings, world.couplings)
    np.testing.assert_array_equal(program.bias, [0.2, 0, 0, 0, 0])
    np.testing.assert_array_equal(program.state, [-0.5, 0, 0, 1, 0])
    np.testing.assert_array_equal(program.precision, [0.5, 2, 2, 0.5, 0])
    np.testing.assert_array_equal(program.learning_rate, [0.1, 0.1, 0.1, 0.1, 0])
    np.testing.assert_array_equal(program.clock, [1, 1, 1, 3, 1])


@pytest.mark.parametrize("backend", ["objects", "numpy"])
def test_a_world_that_was_stepped_by_hand_goes_on_from_there(backend: str) -> None:
    world = household()
    world.step(0)
    now = dp.Simulator(world, backend, chains=2).variables
    for name in ("state", "field", "argument"):
        held = [getattr(leaf, name) for leaf in world.subparticles]
        np.testing.assert_array_equal(getattr(now, name), [[held, held]])
    np.testing.assert_array_equal(now.couplings[0], world.couplings)
    assert np.any(now.field[0, 0] != dp.lower(world).bias)


def test_a_boundary_state_of_weight_zero_exists_and_one_of_no_plasticity_does_not_learn() -> None:
    program = dp.lower(household())
    exists = [[0, 3], [1, 2], [2, 1], [3, 0], [4, 2]]
    assert np.transpose(program.entries).tolist() == exists
    assert np.argwhere(program.plastic).tolist() == exists[1:]  # spin → a is fixed
    assert program.couplings[4, 2] == 0.0


def test_a_dense_matrix_makes_every_boundary_state_and_a_sparse_one_only_its_entries() -> None:
    from scipy.sparse import coo_array

    dense = dp.lower(dp.from_couplings(np.zeros((3, 3))))
    assert dense.learns_everywhere
    entries = coo_array(([0.0, 0.5], ([0, 2], [1, 0])), shape=(3, 3))
    sparse = dp.lower(dp.from_couplings(entries))
    assert np.argwhere(sparse.plastic).tolist() == [[0, 1], [2, 0]]
    assert not sparse.learns_everywhere


def test_external_states_keep_who_senses_them_and_who_acts_in_row_order() -> None:
    scene, outcome = dp.lower(household()).externals
    assert (scene.path, outcome.path) == ("scene", "outcome")
    assert scene.value == 0.25
    assert scene.sensing.tolist() == [0, 3]  # wired as spin, a; rows come in row order
    assert scene.sensing_weights.tolist() == [3.0, 2.0]
    assert (scene.acting.tolist(), scene.acting_weights.tolist()) == ([0], [1.0])
    assert (outcome.sensing.size, outcome.acting.tolist()) == (0, [4])
    assert outcome.acting_weights.tolist() == [-1.5]


def test_rows_with_the_same_distribution_form_one_group() -> None:
    groups = dp.lower(household()).groups
    assert [group.distribution for group in groups] == [
        dp.ContinuousBernoulli(),
        dp.Spin(),
        dp.Gaussian(2.0),
    ]
    assert [group.rows.tolist() for group in groups] == [[0, 1, 2], [3], [4]]


def test_a_program_is_a_snapshot() -> None:
    world = household()
    program = dp.lower(world)
    world["brain/a"].bias = 9.0
    world["brain/a"].active["brain/deep/spin"].weight = 9.0
    world["scene"].value = 9.0
    assert (program.bias[0], program.couplings[3, 0]) == (0.2, 0.8)
    assert program.externals[0].value == 0.25


def test_the_passes_have_names_and_say_what_they_did() -> None:
    reports = dp.lower(household(), "random").passes
    assert [report.name for report in reports] == [
        "flatten",
        "index",
        "layout",
        "schedule",
        "specialise",
    ]
    text = "\n".join(map(str, reports))
    for fragment in (
        "5 subparticles → rows 0…4; 2 external states",
        "5 boundary states",
        "dense 5 × 5, 25% of the pairs coupled",
        "random: 5 rows per step",
        "nothing to drop",
    ):
        assert fragment in text


@pytest.mark.parametrize(
    ("world", "dropped"),
    [
        (dp.from_couplings(np.zeros((2, 2))), "no plasticity mask, no clocks, one distribution"),
        (dp.from_couplings(np.zeros((2, 2)), plastic=False), "no learning, no clocks"),
    ],
)
def test_specialising_drops_what_is_not_needed(world: dp.Partition, dropped: str) -> None:
    assert dropped in dp.lower(world).passes[-1].summary


# ---------------------------------------------------------------------- what is refused


def test_a_partition_inside_a_world_is_refused_and_its_copy_is_not() -> None:
    world = household()
    with pytest.raises(dp.PartitionError, match=r"a whole world .*world\['brain'\]\.copy\(\)"):
        dp.lower(world["brain"])
    assert dp.lower(world["brain"].copy()).size == 4


def test_an_empty_world_is_refused() -> None:
    world = dp.Partition("desert")
    world.add_external("sun")
    with pytest.raises(dp.PartitionError, match=r"desert: .* has subparticles .*add_subparticle"):
        dp.lower(world)


def test_something_that_is_no_partition_is_refused() -> None:
    with pytest.raises(dp.SettingTypeError, match=r"a world is a Partition \(got 'world\.json'\)"):
        dp.lower("world.json")  # type: ignore[arg-type]


def test_an_unknown_schedule_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(dp.SettingError, match=r"'synchronus'.*did you mean 'synchronous'\?"):
        dp.lower(household(), "synchronus")


def test_an_unlawful_world_is_refused_with_all_its_faults() -> None:
    world = household()
    world["brain/a"]._bias = float("nan")
    world["last"]._state = float("inf")
    with pytest.raises(dp.PartitionError) as caught:
        dp.lower(world)
    assert sorted(fault.where for fault in caught.value.faults) == ["brain/a", "last"]


def test_a_nesting_with_a_cycle_ends_in_a_message() -> None:
    world = household()
    world["brain/deep"]._members["brain"] = world["brain"]
    with pytest.raises(dp.PartitionError, match="without cycles"):
        dp.lower(world)


# ---------------------------------------------------------------------- new types


class Remark(Member):
    """A member that lowering was never taught."""


class Column(dp.Partition):
    """A partition with a rule of its own, see below."""


class Pacemaker(dp.Subparticle):
    """A subparticle without a rule of its own."""


LOWERED: list[str] = []


@flatten_rule.register
def _(member: Column, flat: Flat) -> None:
    LOWERED.append(member.path)
    for inner in member:
        flatten_rule(inner, flat)


def test_an_unknown_type_is_refused_with_the_types_that_have_a_rule() -> None:
    world = household()
    world["brain"]._adopt(Remark("remark"))
    with pytest.raises(dp.SettingTypeError) as caught:
        dp.lower(world)
    message = str(caught.value)
    assert message.startswith("brain/remark: lowering has a rule for ")
    for known in ("Subparticle", "Population", "ExternalState", "Partition", "Column"):
        assert known in message
    assert "(got a Remark)" in message
    assert "@flatten_rule.register" in message


def test_a_registered_type_is_lowered_by_its_own_rule() -> None:
    world = dp.Partition("world")
    column = Column("column")
    world._adopt(column)
    column.add_subparticle("a", bias=0.5)
    LOWERED.clear()
    program = dp.lower(world)
    assert LOWERED == ["column"]
    assert (list(program.paths), program.bias.tolist()) == (["column/a"], [0.5])


def test_a_subclass_is_lowered_by_the_rule_of_its_base() -> None:
    world = dp.Partition("world")
    world._adopt(Pacemaker("beat", bias=0.5))
    program: Program = dp.lower(world)
    assert program.paths == ("beat",)
    dp.verify(world).raise_if_failed()


@dataclass(frozen=True)
class Halved(dp.BoundaryConditional):
    """A boundary state that copies half of what its weight says."""

    weight: float
    kind = "halved"

    def value(self, source_state: float) -> float:
        return 0.5 * self.weight * source_state

    def with_weight(self, weight: float) -> "Halved":
        return Halved(weight)


class Stubborn(dp.Subparticle):
    """A subparticle that never changes its mind."""

    def infer(self, uniform: float | None = None, precision: float | None = None) -> float:
        return self.state


def test_a_conditional_that_no_kernel_knows_is_refused() -> None:
    world = dp.Partition("world")
    a, b = world.add_subparticle("a", state=0.5), world.add_subparticle("b")
    world.couple(a, b, 0.8).conditional = Halved(0.8)
    assert b.sensory["a"].state == pytest.approx(0.2)  # the objects know it
    with pytest.raises(dp.SettingTypeError, match=r"a → b: .* Dirac deltas or Gauss.*Halved"):
        dp.lower(world)


def test_a_subparticle_with_verbs_of_its_own_is_refused() -> None:
    world = dp.Partition("world")
    world._adopt(Stubborn("mule", state=0.5))
    with pytest.raises(dp.SettingTypeError, match=r"mule: .* a Stubborn with its own infer"):
        dp.lower(world)
