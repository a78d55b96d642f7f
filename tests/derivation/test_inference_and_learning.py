"""What the common tests leave open of the steps from one particle's inference to the recursion."""

from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.derivation import step
from deepparticle.derivation.beliefs import expectations, log_normalisers
from deepparticle.derivation.particles import states_of
from deepparticle.derivation.steps import ownership
from deepparticle.derivation.subject import subject_of
from deepparticle.derivation.transitions import log_transition


def chain(clock: int = 1) -> dp.Partition:
    """Three subparticles, a ↔ b ↔ c with symmetric couplings; c has a clock of its own."""
    world = dp.Partition("world")
    leaves = [world.add_subparticle(name, bias=0.2) for name in "ab"]
    leaves.append(world.add_subparticle("c", bias=-0.4, clock=clock))
    for first, second in ((0, 1), (1, 2)):
        world.couple(leaves[first], leaves[second], 1.5)
        world.couple(leaves[second], leaves[first], 1.5)
    return world


# ------------------------------------------------------------------------------ integrals


@pytest.mark.parametrize(
    "distribution", [dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian(), dp.Gaussian(0.3)]
)
@pytest.mark.parametrize("argument", [-60.0, -2.0, 0.0, 1e-6, 3.0, 90.0])
def test_integrals_over_beliefs_are_those_of_the_families(
    distribution: dp.StateDistribution, argument: float
) -> None:
    world = dp.Partition("world")
    world.add_subparticle("a", distribution=distribution)
    subject, arguments = subject_of(world), np.array([argument])
    close: dict[str, Any] = {"rel": 1e-11, "abs": 1e-11}
    log_partition = distribution.log_partition(argument)
    assert log_normalisers(subject, arguments)[0] == pytest.approx(log_partition, **close)
    mean = expectations(subject, arguments, lambda states, _: states)[0]
    assert mean == pytest.approx(distribution.mean(argument), **close)
    square = expectations(subject, arguments, lambda states, _: (states - mean) ** 2)[0]
    assert square == pytest.approx(distribution.variance(argument), rel=1e-8, abs=1e-12)


def test_the_density_of_a_step_integrates_to_one() -> None:
    subject = subject_of(chain())
    nodes, weights = np.polynomial.legendre.leggauss(20)
    mesh = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3)
    masses = np.einsum("i,j,k->ijk", weights, weights, weights).reshape(-1)
    old = np.broadcast_to(np.array([0.3, -0.9, 0.5]), mesh.shape)
    assert masses @ np.exp(log_transition(subject, old, mesh)) == pytest.approx(1.0, abs=1e-12)


# ------------------------------------------------------------------------------ states


def test_a_world_that_has_no_states_yet_is_looked_at_in_random_ones() -> None:
    world = chain()
    subject = subject_of(world)
    assert np.all(states_of(subject) != 0.0)
    assert np.array_equal(states_of(subject), states_of(subject_of(world)))
    assert not np.array_equal(states_of(subject), states_of(subject_of(world, seed=1)))
    for name in ("local-free-energy", "complexity-accuracy", "learning-rule", "ownership"):
        assert np.max(np.abs(step(name).check(world).left)) > 1e-3, name
    world["b"].state = 0.7
    assert states_of(subject_of(world)).tolist() == [0.0, 0.7, 0.0]


# ------------------------------------------------------------------------------ schedules


def test_unequal_clocks_break_littles_law_and_not_boltzmanns() -> None:
    check = step("schedules").check(chain(clock=2))
    assert check.broken == ("equal clocks",)
    apart = np.abs(check.left - check.right)
    single = np.array(["single-site" in entry for entry in check.entries])
    assert np.max(apart[single]) <= check.tolerance
    assert np.max(apart[~single]) > 0.1
    assert step("schedules").check(chain()).holds


# ------------------------------------------------------------------------------ learning


def test_the_published_update_can_make_surprise_rise() -> None:
    example = step("learning-rule").counterexample()
    assert example is not None
    published, gradient = float(example.check.left[0]), float(example.check.right[0])
    assert published > 0.5
    assert gradient < -0.5


def test_a_boundary_state_learns_from_its_two_ends_alone() -> None:
    subject = subject_of(chain())
    # b → a: while they infer, both blankets matter; once they have, only the two.
    before, after = ownership._influences(subject, target=0, source=1)
    assert np.all(before > 1e-6)
    assert np.all(after[:2] > 1e-6)
    assert after[2] == 0.0


def test_the_source_cannot_know_what_its_target_learns() -> None:
    seen = []
    for other in (-1.0, 1.0):
        leaves = ownership._beside(other)
        seen.append([leaves[0].state, leaves[0].field, leaves[0].evidence])
    assert seen[0] == seen[1]


def test_both_ways_out_of_the_linear_regime_leave_an_overlap() -> None:
    example = step("orthogonalisation").counterexample()
    assert example is not None
    assert np.all(example.check.left > example.margin)


# ------------------------------------------------------------------------------ the whole


def test_the_posterior_of_three_is_also_integrated() -> None:
    world = chain()
    scene = world.add_external("scene", 0.8)
    world.sense(scene, "c", 2.0)
    check = step("macro-posterior").check(world)
    assert check.holds
    assert check.entries[-3:] == tuple(f"mean of {name} after a sweep" for name in "abc")
    assert abs(check.right[-1] - dp.ContinuousBernoulli().mean(-0.4 + 1.6)) > 0.01


def test_a_unit_that_orders_by_itself_has_nothing_to_compare() -> None:
    world = dp.Partition("world")
    pair = world.add_partition("pair")
    first, second = pair.add_subparticle("a"), pair.add_subparticle("b")
    world.couple(first, second, 6.0)
    world.couple(second, first, 6.0)
    with pytest.raises(dp.SettingError):
        world.coarsen(1)
    assert step("recursion").check(world).vacuous
    assert "orders by itself" in step("recursion").figure(world).axes[0].get_title()


def test_a_response_close_to_ordering_is_still_met() -> None:
    world = dp.Partition("world")
    pair = world.add_partition("pair")
    first, second = pair.add_subparticle("a"), pair.add_subparticle("b")
    world.couple(first, second, 2.9)
    world.couple(second, first, 2.9)
    check = step("recursion").check(world)
    assert check.holds
    # The gain of the pair, (1/3) / (1 − 2.9/3): thirty times that of a member.
    assert check.right[1] == pytest.approx(10.0, rel=1e-9)
