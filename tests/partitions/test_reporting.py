"""Reports: what they say of lawful worlds, of broken ones, and of blankets that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from support.worlds import worlds

import deepparticle as dp
from deepparticle.blankets import ExplicitBoundary


def organism() -> dp.Partition:
    world = dp.Partition("world")
    brain = world.add_partition("brain", precision=0.8)
    vision, motor = brain.add_partition("vision"), brain.add_partition("motor")
    for place, names in ((vision, ("left", "right")), (motor, ("plan", "arm"))):
        for name in names:
            place.add_subparticle(name)
    world.couple("brain/vision/left", "brain/motor/plan", 1.0)
    world.couple("brain/vision/right", "brain/motor/plan", -0.7)
    world.couple("brain/motor/plan", "brain/motor/arm", 1.1)
    world.couple("brain/motor/arm", "brain/motor/plan", 0.4)
    scene = world.add_external("scene")
    world.sense(scene, vision)
    world.act("brain/motor/arm", scene)
    return world


def test_what_a_report_says() -> None:
    report = organism().report()
    text = str(report)
    assert text.startswith("Partition 'world': lawful at every level\n")
    assert "path-wise:  holds at every level" in text
    assert "one step:   holds by construction" in text
    assert "equal time: K is not symmetric, nothing is implied" in text
    assert report.lawful
    assert not report.symmetric
    vision = report.levels[2]
    assert (vision.path, vision.depth, vision.leaves) == ("brain/vision", 2, 2)
    # Two sensory states from the scene, two active ones to plan; all show what is behind them.
    assert (vision.sensory, vision.active, vision.vacuous) == (2, 2, 4)
    # Those to plan are in the blanket of motor, too; those from the scene are in brain's, which is
    # around this one and not beside it.
    assert vision.shared == 2
    assert (vision.free_inside, vision.free_outside) == (0, 2)
    assert vision.listeners == 1
    assert [one.status for one in vision.equal_time] == ["vacuous", "vacuous"]
    assert [one.method for one in report.levels[0].equal_time] == ["exact", "exact"]


def test_one_boundary_state_is_in_two_blankets_and_is_counted_in_both() -> None:
    """Blankets overlap, insides do not: the report says so for every pair of partitions."""
    world = dp.Partition("world")
    for name in ("left", "middle", "right"):
        place = world.add_partition(name)
        for member in "ab":
            place.add_subparticle(member)
    for source, target in (("left", "middle"), ("middle", "right"), ("right", "left")):
        world.couple(f"{source}/a", f"{target}/b", 0.5)
    world.check()
    levels = {level.path: level for level in world.report().levels}
    for name in ("left", "middle", "right"):
        level = levels[name]
        assert (level.sensory, level.active, level.shared) == (1, 1, 2)
        blanket = world.blanket(name)
        others = [world.blanket(other) for other in levels if other not in ("", name)]
        for view in (*blanket.sensory, *blanket.active):
            owners = [
                other
                for other in others
                if view.boundary in {one.boundary for one in (*other.sensory, *other.active)}
            ]
            assert len(owners) == 1
    assert sum(level.leaves for path, level in levels.items() if path) == levels[""].leaves
    assert levels[""].shared == 0


def test_symmetric_couplings_are_said_to_imply_it() -> None:
    world = dp.from_couplings([[0.0, 1.0], [1.0, 0.0]])
    text = str(world.report())
    assert "K is symmetric, it is implied: by single-site schedules" in text
    # One population is all there is: nothing outside of it varies.
    assert [one.status for one in world.report().levels[1].equal_time] == ["vacuous"] * 2


def test_a_chain_depends_on_itself_as_the_theory_says() -> None:
    J = np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 2.0], [0.0, 2.0, 0.0]])
    level = dp.from_couplings(J).report().levels[0]
    assert level.listeners == 1
    synchronous, sequential = level.equal_time
    assert sequential.pairs == 0.0
    assert sequential.method == "law"
    # The two ends given the middle: a correlation of .36 (theory, section 4), so about .07 nats.
    assert synchronous.method == "exact"
    assert synchronous.pairs == pytest.approx(-0.5 * np.log1p(-(0.363**2)), rel=0.1)


def test_numbers_that_are_estimates_are_marked() -> None:
    rng = np.random.default_rng(0)
    J = 0.2 * rng.normal(size=(12, 12)) * (rng.random((12, 12)) < 0.4)
    np.fill_diagonal(J, 0.0)
    world = dp.from_couplings(J)
    assert "~" in str(world.report())
    assert world.report().levels[0].equal_time[0].method == "linearised"


def test_where_there_are_no_numbers_the_reason_is_said() -> None:
    world = organism()
    world["brain/motor"].clock = 3
    text = str(world.report())
    assert "(without numbers: clocks differ, so that the law is periodic)" in text
    assert "–" in text


def test_a_part_is_reported_with_what_surrounds_it() -> None:
    world = organism()
    whole, part = world.report(), world["brain/motor"].report()
    assert part.name == "brain/motor"
    assert [level.path for level in part.levels] == ["brain/motor"]
    assert part.levels[0].depth == 0
    inside = next(level for level in whole.levels if level.path == "brain/motor")
    assert part.levels[0].equal_time == inside.equal_time
    assert part.levels[0].sensory == inside.sensory


# ---------------------------------------------------------------------- it never raises


def stray(world: Any) -> None:
    world["brain/motor/arm"]._incoming[world["brain/vision/left"]] = (
        world["brain/motor/plan"].sensory["brain/vision/left"].boundary
    )


def stranger(world: Any) -> None:
    other = dp.Partition("elsewhere").add_subparticle("x")
    arm = world["brain/motor/arm"]
    arm._incoming[other] = ExplicitBoundary(other, arm, dp.Delta(1.0))
    world["scene"]._sensed_by[other] = ExplicitBoundary(world["scene"], other, dp.Delta(1.0))


def infinite(world: Any) -> None:
    view = world["brain/motor/arm"].sensory["brain/motor/plan"]
    object.__setattr__(view.conditional, "weight", np.inf)


def undefined(world: Any) -> None:
    world["brain/motor/arm"]._bias = np.nan


def overlapping(world: Any) -> None:
    world["brain/vision"]._members["arm"] = world["brain/motor/arm"]


def cyclic(world: Any) -> None:
    world["brain/vision"]._members["brain"] = world["brain"]


def huge(world: Any) -> None:
    world["brain"].precision = 1e300
    world["brain/motor/arm"].sensory["brain/motor/plan"].weight = 1e300


@pytest.mark.parametrize(
    "wrong",
    [stray, stranger, infinite, undefined, overlapping, cyclic, huge],
    ids=lambda f: f.__name__,
)
def test_a_report_never_raises(wrong: Any) -> None:
    world = organism()
    wrong(world)
    for place in (world, world["brain"], world["brain/motor"], world["brain/vision"]):
        assert str(place.report())
    if wrong is huge:  # large, and lawful
        world.check()
        return
    report = world.report()
    with pytest.raises(dp.PartitionError) as caught:
        world.check()
    assert report.faults == caught.value.faults
    assert "faults" in str(report)


def test_a_leak_is_said_at_its_level() -> None:
    world = organism()
    world["brain/vision/right"]._incoming[world["brain/motor/plan"]] = (
        world["brain/motor/arm"].sensory["brain/motor/plan"].boundary
    )
    report = world.report()
    leaking = {level.path: [fault.value for fault in level.leaks] for level in report.levels}
    path = "the path brain/motor/plan→brain/motor/arm → brain/vision/right"
    assert leaking == {"": [], "brain": [], "brain/vision": [], "brain/motor": [path]}
    assert "path-wise:  broken at 'brain/motor', see above" in str(report)
    assert "one step:   broken there, too" in str(report)
    assert [level.path_wise for level in report.levels] == [True, True, True, False]
    assert [level.one_step for level in report.levels] == [True, True, True, False]


def test_empty_worlds_have_reports() -> None:
    void = dp.Partition("void")
    assert "void" in str(void.report())
    void.add_partition("hollow")
    void.add_external("scene")
    assert len(void.report().levels) == 2


@settings(deadline=None, max_examples=60)
@given(worlds(max_steps=1))
def test_the_numbers_of_a_report_are_consistent(world: dp.Partition) -> None:
    report = world.report()
    assert str(report)
    for level in report.levels:
        blanket = world.blanket(level.path) if level.path else world.blanket()
        assert (level.sensory, level.active) == (len(blanket.sensory), len(blanket.active))
        assert level.vacuous <= level.sensory + level.active
        assert level.shared <= level.sensory + level.active
        assert 0 <= level.free_inside <= level.leaves
        assert not level.leaks
        for one in level.equal_time:
            vacuous = not level.free_inside or not level.free_outside
            assert (one.status == "vacuous") == vacuous
            assert one.leak is None or one.leak >= 0.0
            assert one.status != "leaks" or (one.leak or 0.0) > 0.0
