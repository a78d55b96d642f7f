"""Coarse worlds: their numbers, their externals, and every refusal."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from support.errors import Case, example, is_complete, says

import deepparticle as dp

CB, SPIN = dp.ContinuousBernoulli(), dp.Spin()


def two_blocks(**settings: Any) -> dp.Partition:
    """Left (3 leaves) and right (2 leaves), coupled both ways, left senses a scene."""
    world = dp.Partition("world", **settings)
    left, right = world.add_partition("left"), world.add_partition("right")
    for name in "abc":
        left.add_subparticle(name)
    for name in "de":
        right.add_subparticle(name)
    world.couple(left, right, 0.2)
    world.couple(right, left, -0.1)
    world.sense(world.add_external("scene"), left, [1.0, 2.0, 3.0])
    return world


def test_couplings_add_over_sources_and_average_over_targets() -> None:
    coarse = two_blocks().coarsen(1)
    np.testing.assert_allclose(coarse.couplings, [[0.0, -0.2], [0.6, 0.0]], rtol=1e-12)
    assert coarse["left"].sensory["scene"].weight == pytest.approx(2.0)
    assert [leaf.precision for leaf in coarse.subparticles] == pytest.approx([1.0, 1.0])


def test_members_count_by_their_gain() -> None:
    # Two members of different precision: p ∝ β at a fixed point where both have the variance 1/3.
    world = dp.Partition("world")
    pair = world.add_partition("pair")
    pair.add_subparticle("deaf", precision=0.5)
    pair.add_subparticle("keen", precision=1.5)
    other = world.add_subparticle("other")
    world.couple(other, pair["deaf"], 1.0)
    world.couple(other, pair["keen"], 2.0)
    coarse = world.coarsen(1)
    assert coarse["pair"].sensory["other"].weight == pytest.approx(0.25 * 1.0 + 0.75 * 2.0)
    assert coarse["pair"].precision == pytest.approx(1.0)
    np.testing.assert_allclose(coarse.coarsening.fields, [0.25, 0.75, 1.0])


def test_without_precision_nothing_is_listened_to() -> None:
    coarse = two_blocks(precision=0.0).coarsen(1)
    assert [leaf.precision for leaf in coarse.subparticles] == [0.0, 0.0]
    np.testing.assert_allclose(coarse.couplings, [[0.0, -0.2], [0.6, 0.0]], rtol=1e-12)


def test_settings_nesting_and_plasticity_are_carried_over() -> None:
    world = dp.Partition("world", learning_rate=0.01)
    area = world.add_partition("area", precision=0.5, clock=4)
    for column in ("one", "two"):
        for name in "ab":
            place = area[column] if column in area else area.add_partition(column)
            place.add_subparticle(name)
    area["one/a"].clock = 2
    area["one/b"].clock = 6
    area["two/a"].learning_rate = 0.03
    world.couple("area/one", "area/two", 0.1, plastic=False)
    world.couple("area/two/a", "area/one/a", 0.1)
    coarse = world.coarsen(2)
    assert [list(coarse.level(depth).paths) for depth in (1, 2)] == [
        ["area"],
        ["area/one", "area/two"],
    ]
    assert coarse["area"].own_settings == area.own_settings
    one, two = coarse["area/one"], coarse["area/two"]
    assert (one.clock, two.clock) == (4, 4)
    assert "clock" not in one.own_settings  # inherited, as it was
    assert (one.learning_rate, two.learning_rate) == pytest.approx((0.01, 0.02))
    assert two.sensory["area/one"].plastic is False
    assert one.sensory["area/two"].plastic is True


def test_the_rule_that_members_share_is_that_of_the_unit() -> None:
    world = two_blocks()
    world["left"].learning_rule = "hebbian"
    world["right/d"].learning_rule = "frozen"
    coarse = world.coarsen(1)
    assert coarse["left"].learning_rule == "hebbian"
    assert coarse["right"].learning_rule == "published"  # members differ: as inherited


def test_clocks_of_independent_members_give_the_right_pace() -> None:
    # Clocks 1 and 9, equal variances: the integrated autocorrelation time of the mean is 5.
    world = dp.Partition("world")
    pair = world.add_partition("pair")
    pair.add_subparticle("a")
    pair.add_subparticle("b", clock=9)
    coarse = world.coarsen(1)
    assert coarse["pair"].clock == 5
    times = []
    for one in (world, coarse):
        run = dp.Simulator(one, chains=100, seed=1).infer(steps=3000, record="states")
        times.append(dp.analysis.time_scales(run, one)["pair"])
    for time in times:
        assert abs(time.value - 5.0) < 4 * time.standard_error
        assert time.standard_error < 0.2


@pytest.mark.parametrize(
    ("members", "weights", "expected"),
    [
        ((CB, CB), None, CB),
        ((SPIN, SPIN), None, SPIN),
        ((SPIN, SPIN), [1.0, -1.0], SPIN),
        ((SPIN, CB), None, CB),
        ((dp.Gaussian(0.5), dp.Gaussian(1.5)), None, dp.Gaussian(0.5)),
        ((CB, dp.Gaussian(1.0)), None, dp.Gaussian((1 / 3 + 1) / 4)),
    ],
)
def test_the_distribution_of_a_unit(
    members: tuple[dp.StateDistribution, ...], weights: Any, expected: dp.StateDistribution
) -> None:
    world = dp.Partition("world")
    pair = world.add_partition("pair")
    for name, member in zip("ab", members, strict=True):
        pair.add_subparticle(name, distribution=member)
    options = {} if weights is None else {"state": "projection", "direction": weights}
    found = world.coarsen(1, **options)["pair"].distribution
    assert type(found) is type(expected)
    if isinstance(found, dp.Gaussian) and isinstance(expected, dp.Gaussian):
        assert found.base_variance == pytest.approx(expected.base_variance)


def test_a_gaussian_unit_has_the_variance_of_the_mean() -> None:
    world = dp.Partition("world")
    world.add_partition("cells").add_population("n", 50, bias=0.8)
    coarse = world.coarsen(1, distribution="gaussian")
    run = dp.Simulator(world, chains=400, seed=2).infer(steps=50, record="states")
    macro = coarse.coarsening.states(run.states)
    unit = coarse["cells"]
    assert unit.distribution.mean(unit.precision * unit.bias) == pytest.approx(CB.mean(0.8))
    samples = macro.ravel()
    spread = samples.var() * np.sqrt(2 / samples.size)
    assert abs(unit.distribution.base_variance - samples.var()) < 4 * spread
    own = world.coarsen(1, distribution=dp.Gaussian(0.3))["cells"]
    assert own.distribution == dp.Gaussian(0.3)
    assert own.distribution.mean(own.precision * own.bias) == pytest.approx(CB.mean(0.8))


def test_a_projection_reads_a_stored_pattern() -> None:
    pattern = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
    couplings = 0.2 * np.outer(pattern, pattern)
    np.fill_diagonal(couplings, 0.0)
    world = dp.from_couplings(couplings, name="memory")
    coarse = world.coarsen(1, "projection", direction=pattern)
    made = coarse.coarsening
    np.testing.assert_allclose(made.states(pattern), [1.0])
    np.testing.assert_allclose(made.lifted([0.5]), 0.5 * pattern)
    np.testing.assert_allclose(made.evidence(2.0 * pattern), [2.0])
    gain = 1 / 3 / (1 - 1 / 3 * 0.2 * 5)
    assert coarse["population"].precision == pytest.approx(3 * gain)
    again = world.coarsen(1, "projection")  # the leading eigenvector is the pattern
    np.testing.assert_allclose(np.abs(again.coarsening.weights), 1 / 6, atol=1e-12)


def test_a_large_unit_is_solved_sparsely() -> None:
    size = 500
    ring = dp.lattice_couplings((size,), 0.5, periodic=True)
    world = dp.Partition("world")
    world.add_population("ring", size, couplings=ring)
    gain = 1 / 3 / (1 - 1 / 3 * 1.0)
    for state in ("mean", "projection"):
        coarse = world.coarsen(1, state)
        assert coarse["ring"].precision == pytest.approx(3 * gain, rel=1e-9)


@pytest.mark.parametrize("spread", [0.5, 2.5])
def test_a_large_dense_unit(spread: float) -> None:
    # Against the equations as they stand. The eigenvalues of D J fill a disc of radius spread/3;
    # the symmetric part alone reaches √2 spread/3, which is above 1 for the wider spread.
    size = 450
    couplings = np.random.default_rng(0).normal(size=(size, size)) * spread / np.sqrt(size)
    np.fill_diagonal(couplings, 0.0)
    world = dp.from_couplings(couplings)
    ones = np.ones(size)
    response = np.linalg.solve(np.eye(size) - couplings / 3, ones / 3)
    coarse = world.coarsen(1)
    assert coarse.coarsening.gains[0] == pytest.approx(response.mean(), rel=1e-9)
    couplings += 4.5 / size * (1 - np.eye(size))
    with pytest.raises(dp.SettingError, match=says("a unit has a response while it does not")):
        dp.from_couplings(couplings).coarsen(1)


def test_a_function_is_linearised() -> None:
    world = two_blocks()
    mean = world.coarsen(1)
    same = world.coarsen(1, lambda states: states.mean(axis=-1))
    np.testing.assert_allclose(same.couplings, mean.couplings, atol=1e-8)
    np.testing.assert_allclose(same.coarsening.weights, mean.coarsening.weights, atol=1e-9)
    world["left/a"].bias = 1.0
    squashed = world.coarsen(1, lambda states: np.tanh(states.sum(axis=-1)) / 2)
    made = squashed.coarsening
    np.testing.assert_allclose(
        made.states(made.reference)[0], np.tanh(made.reference[:3].sum()) / 2
    )
    fixed = dp.Simulator(squashed).relax(tolerance=1e-13).states
    np.testing.assert_allclose(fixed, made.resting, atol=1e-12)
    # To first order under evidence, too.
    u = 1e-4 * np.array([1.0, -1.0, 0.5, 0.0, 0.0])
    fine = dp.Simulator(world).relax(evidence=u, tolerance=1e-14).states
    coarse = dp.Simulator(squashed).relax(evidence=made.evidence(u), tolerance=1e-14).states
    moved = (made.states(fine) - made.resting)[0]
    assert (coarse - made.resting)[0] == pytest.approx(moved, rel=1e-2)


def test_the_fixed_point_can_be_an_attractor() -> None:
    # A block that orders by itself has no response at 0, and one in each of its two attractors.
    size = 8
    couplings = np.full((size, size), 6.0 / size)
    np.fill_diagonal(couplings, 0.0)
    world = dp.from_couplings(couplings, name="net")
    with pytest.raises(
        dp.SettingError, match=says("a unit has a response while it does not order")
    ):
        world.coarsen(1)
    up = world.coarsen(1, start=np.full(size, 0.9))
    assert up.coarsening.resting[0] > 0.5
    down = world.coarsen(1, start=np.full(size, -0.9))
    np.testing.assert_allclose(down.coarsening.resting, -up.coarsening.resting, atol=1e-10)
    assert up["population"].precision == pytest.approx(down["population"].precision)
    shown = world.coarsen(1, evidence=np.full(size, 2.0)).coarsening
    np.testing.assert_allclose(shown.evidence(np.full(size, 2.0)), [2.0])
    world.coarsen(1, internal="ignore").check()


@dataclass(frozen=True)
class Doubled(dp.BoundaryConditional):
    """A boundary state that shows twice the weight."""

    kind = "doubled, in a test"
    weight: float

    def value(self, source_state: float) -> float:
        return 2 * self.weight * source_state

    def with_weight(self, weight: float) -> Doubled:
        return Doubled(weight)


def test_single_subparticles_keep_their_boundary_states() -> None:
    world = two_blocks()
    a, b = world.add_subparticle("x"), world.add_subparticle("y")
    world.couple(a, b, 0.5).conditional = Doubled(0.5)
    world.sense("scene", a).boundary.conditional = Doubled(1.0)
    world["left/a"].active["right/d"].conditional = Doubled(0.2)
    coarse = world.coarsen(1)
    assert coarse["y"].sensory["x"].conditional == Doubled(0.5)
    assert coarse["x"].sensory["scene"].conditional == Doubled(1.0)
    assert type(coarse["right"].sensory["left"].conditional) is dp.Delta
    assert world.coarsen(2)["right/d"].sensory["left/a"].conditional == Doubled(0.2)


# ------------------------------------------------------------------ external states


def test_values_for_each_become_means_for_each_unit() -> None:
    world = two_blocks()
    world["scene"].value = [1.0, 0.0, 0.5]
    coarse = world.coarsen(1)
    # u = p·(w η) = (1 + 0 + 1.5)/3 = w_A η_A with w_A = 2.
    np.testing.assert_allclose(coarse["scene"].value, [2.5 / 6])
    np.testing.assert_allclose(
        coarse.coarsening.evidence({"scene": [0.0, 0.0, 2.0]})["scene"], [1.0]
    )
    assert coarse.coarsening.evidence({"scene": 3.0})["scene"] == 3.0
    assert coarse.coarsening.evidence(None) is None


def test_weights_that_cancel() -> None:
    world = dp.Partition("world")
    pair = world.add_partition("pair")
    pair.add_subparticle("a")
    pair.add_subparticle("b")
    world.sense(world.add_external("scene"), pair, [1.0, -1.0])
    assert world.coarsen(1)["pair"].sensory["scene"].weight == 0.0  # one number says nothing …
    world["scene"].value = [1.0, 0.5]  # … one for each does
    coarse = world.coarsen(1)
    assert coarse["pair"].sensory["scene"].state == pytest.approx(0.25)


def test_a_process_goes_on_answering_to_subparticles() -> None:
    seen = []

    def process(value: Any, actions: Any, rng: np.random.Generator) -> Any:
        seen.append((np.shape(value), actions.copy()))
        return value + actions.sum()

    world = two_blocks()
    scene = world["scene"]
    scene.process = process
    world.act("left", scene, [1.0, 2.0, 3.0])
    for value in (0.5, [0.1, 0.2, 0.3]):
        scene.value = value
        coarse = world.coarsen(1)
        coarse["left"].state = 0.25
        assert coarse["left"].active["scene"].state == pytest.approx(6 * 0.25)
        seen.clear()
        before = np.array(coarse["scene"].value)
        coarse["scene"].advance(np.random.default_rng(0))
        assert seen[0][0] == np.shape(value)
        np.testing.assert_allclose(seen[0][1], 0.25 * np.array([1.0, 2.0, 3.0]))
        np.testing.assert_allclose(coarse["scene"].value, before + 1.5)
    dp.Simulator(coarse, seed=0).infer(steps=3)
    # Single subparticles keep the very same process.
    assert world.coarsen(2)["scene"].process is process


def test_a_process_that_remembers_is_forked() -> None:
    world = two_blocks()
    world["scene"].process = dp.Stream([1.0, 2.0, 3.0])
    world.act("left", "scene")
    coarse = world.coarsen(1)
    rng = np.random.default_rng(0)
    for expected in (1.0, 2.0):
        coarse["scene"].advance(rng)
        assert coarse["scene"].value == expected
    copied = coarse.copy()
    for one, expected in ((copied, 3.0), (coarse, 3.0), (world, 1.0)):
        one["scene"].advance(rng)
        assert one["scene"].value == expected


def test_active_states_go_on_learning() -> None:
    world = two_blocks(learning_rate=0.1)
    scene = world["scene"]
    scene.process, scene.expectation = (lambda value, actions, rng: value + actions.sum()), 0.5
    world.act("left/a", scene, 1.0, plastic=True)
    world.act(["left/b", "right/d"], scene, 1.0)
    coarse = world.coarsen(1)
    assert coarse["scene"].expectation == 0.5
    assert coarse["left"].active["scene"].plastic
    assert not coarse["right"].active["scene"].plastic
    coarse["left"].state = 0.5
    scene = coarse["scene"]
    scene.advance(np.random.default_rng(0))  # answers 0 + (1 + 1) · 0.5
    scene.learn()  # 0.1 · (0.5 − 1) · 0.5
    assert coarse["left"].active["scene"].weight == pytest.approx(2.0 - 0.025)


def test_a_coarse_world_is_saved_and_pickled_and_coarsened_again(tmp_path: Any) -> None:
    world = dp.Partition("world")
    for area in "AB":
        for column in "12":
            inner = world.add_partition(area) if area not in world else world[area]
            inner.add_partition(column).add_population("cells", 4)
    world.couple("A", "B", 0.1)
    coarse = world.coarsen(2)
    coarsest = coarse.coarsen(1)
    np.testing.assert_allclose(coarsest.couplings, world.coarsen(1).couplings, rtol=1e-12)
    np.testing.assert_allclose(coarsest.couplings, [[0.0, 0.0], [0.8, 0.0]], rtol=1e-12)
    coarse.save(tmp_path / "coarse.json")
    again = dp.load(tmp_path / "coarse.json")
    assert np.array_equal(again.couplings, coarse.couplings)
    with pytest.raises(dp.PartitionError, match="a world that coarsen\\(\\) made knows"):
        _ = again.coarsening  # a file holds the world, not where it came from
    assert pickle.loads(pickle.dumps(coarse)).coarsening.states(np.zeros(16)).tolist() == [0.0] * 4


# ------------------------------------------------------------------ refusals

FULL = np.zeros(7)

ERRORS: dict[str, Case] = {
    "an unknown state": (
        dp.SettingError,
        lambda w: w.coarsen(1, "means"),
        "world.coarsen: the state is one of 'mean', 'projection' (got 'means'). Mend: did you mean",
    ),
    "an unknown way with couplings inside": (
        dp.SettingError,
        lambda w: w.coarsen(1, internal="respond"),
        "world.coarsen: the way with couplings inside is one of 'response', 'ignore'",
    ),
    "a direction for the mean": (
        dp.SettingError,
        lambda w: w.coarsen(1, direction=FULL),
        "world.coarsen: a direction belongs to a projection (got state='mean'). Mend: give state=",
    ),
    "a direction of another length": (
        dp.SettingError,
        lambda w: w.coarsen(1, "projection", direction=[1.0]),
        "world.coarsen: a direction is finite and has shape (7,) (got shape (1,))",
    ),
    "a direction of words": (
        dp.SettingTypeError,
        lambda w: w.coarsen(1, "projection", direction="up"),
        "world.coarsen: a direction holds numbers (got 'up'). Mend: give floats.",
    ),
    "a direction that is 0 in a unit": (
        dp.SettingError,
        lambda w: w.coarsen(1, "projection", direction=[1, 1, 1, 0, 0, 0, 1]),
        "world.coarsen, 'cortex': the direction of a projection is not zero (got 0 for every",
    ),
    "a start of another length": (
        dp.SettingError,
        lambda w: w.coarsen(1, start=[0.0]),
        "world.coarsen: a start is finite and has shape (7,) (got shape (1,))",
    ),
    "evidence that is not finite": (
        dp.SettingError,
        lambda w: w.coarsen(1, evidence=[np.nan] * 7),
        "world.coarsen: evidence is finite and has shape (7,) (got NaN or inf)",
    ),
    "a distribution that is none": (
        dp.SettingTypeError,
        lambda w: w.coarsen(1, distribution="normal"),
        'world.coarsen: the distribution of units is a StateDistribution, "gaussian" or None',
    ),
    "a function that gives another shape": (
        dp.SettingError,
        lambda w: w.coarsen(1, lambda states: states.mean()),
        (
            "the state of 'brain': the function gives shape (4,) for states (4, 2) (got shape ()). "
            "Mend: let it work along the last axis"
        ),
    ),
    "a function that gives words": (
        dp.SettingTypeError,
        lambda w: w.coarsen(1, lambda states: "up"),
        "the state of 'brain': the function gives numbers for an array of states (got ValueError",
    ),
    "a function that gives NaN": (
        dp.SettingError,
        lambda w: w.coarsen(1, lambda states: states.mean(axis=-1) * np.nan),
        "the state of 'brain': the function gives finite numbers (got NaN or inf)",
    ),
    "a function that is constant": (
        dp.SettingError,
        lambda w: w.coarsen(1, lambda states: np.zeros(states.shape[:-1])),
        "the state of 'brain': a macro-scale state changes with the states of its members",
    ),
    "a function that leaves the support": (
        dp.SettingError,
        lambda w: w.coarsen(1, lambda states: 2.0 + states.mean(axis=-1)),
        "world.coarsen, 'brain': the state of a unit rests inside the support of ContinuousBernoul",
    ),
    "a unit that orders by itself": (
        dp.SettingError,
        lambda w: w["cortex"].weights.__imul__(8.0) is None or w.coarsen(1),
        (
            "world.coarsen, 'cortex': a unit has a response while it does not order by itself ... "
            "(got 5.333). Mend: coarsen a finer level"
        ),
    ),
    "states of another number": (
        dp.SettingError,
        lambda w: w.coarsen(1).coarsening.states([0.0, 1.0]),
        "coarsening: states have shape (..., 7) (got shape (2,)). Mend: give one number for each",
    ),
    "evidence for an external state that is none": (
        dp.UnknownPathError,
        lambda w: w.coarsen(1).coarsening.evidence({"scenes": 1.0}),
        "evidence: a path names an existing object (got 'scenes'). Mend: did you mean 'scene' or",
    ),
    "a value of another length": (
        dp.SettingError,
        lambda w: w.coarsen(1).coarsening.evidence({"scene": [1.0, 2.0]}),
        "scene: its value is one number, or one per sensing subparticle (1) (got shape (2,))",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    kind, act, message = ERRORS[name]
    with pytest.raises(kind, match=says(message)) as caught:
        act(example())
    assert is_complete(caught.value)


def test_gaussian_states_that_run_away_do_not_come_to_rest() -> None:
    world = dp.Partition("world")
    a, b = (world.add_subparticle(n, bias=1.0, distribution=dp.Gaussian()) for n in "ab")
    world.couple(a, b, 1.0)
    world.couple(b, a, 1.0)
    with pytest.raises(dp.SettingError, match=says("the expected states come to rest")) as caught:
        world.coarsen(0)
    assert is_complete(caught.value)
