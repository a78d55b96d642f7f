"""Laws and entropy production under turns of one's own, against every state of a few spins.

With spins a step is a matrix of 2^N × 2^N probabilities, made here from the definition of a turn:
its rows see the old states of each other, and the new ones of the turns before.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.schedules import OWN

import deepparticle as dp
from deepparticle.analysis.frozen import frozen_network
from deepparticle.analysis.symmetric_twin import symmetric_twin
from deepparticle.blankets._types import FloatArray
from deepparticle.partitions import schedules

DRIVE = np.array([0.5, -0.2, 0.1])
ASYMMETRIC = np.array([[0.0, 0.5, 0.4], [0.2, 0.0, -0.7], [0.6, 0.3, 0.0]])
SYMMETRIC = np.array([[0.0, 0.5, 0.4], [0.5, 0.0, -0.6], [0.4, -0.6, 0.0]])
# Rows 0 and 2 do not touch, so that they may as well update one by one.
APART = np.array([[0.0, 0.9, 0.0], [0.3, 0.0, -0.8], [0.0, 0.4, 0.0]])
TURNS = [[0, 2], [1]]

STATES = np.array(list(product([-1.0, 1.0], repeat=3)))


def chance(couplings: FloatArray, row: int, new: float, seen: FloatArray) -> float:
    argument = DRIVE[row] + couplings[row] @ seen
    return float(np.exp(new * argument) / (2.0 * np.cosh(argument)))


class Transition(NamedTuple):
    """The probabilities of a sweep, from row to column, and of its reversal, the same way."""

    ahead: FloatArray
    back: FloatArray

    def produced(self, start: FloatArray, end: FloatArray) -> float:
        """The divergence of what happens from what happens backwards."""
        ahead, back = start[:, None] * self.ahead, end * self.back
        taken = ahead > 0.0
        return float(np.sum(ahead[taken] * np.log(ahead[taken] / back[taken])))


def transition(couplings: FloatArray, turns: Sequence[Sequence[int]] = TURNS) -> Transition:
    """Every transition, and its reversal: the turns in the opposite order."""
    ahead = np.ones((len(STATES), len(STATES)))
    back = ahead.copy()
    held = sorted({0, 1, 2} - {row for rows in turns for row in rows})
    for (a, old), (b, new) in product(enumerate(STATES), repeat=2):
        if np.any(old[held] != new[held]):
            ahead[a, b] = back[a, b] = 0.0
            continue
        now = old.copy()
        for rows in turns:
            after = now.copy()
            after[list(rows)] = new[list(rows)]
            for row in rows:
                ahead[a, b] *= chance(couplings, row, new[row], now)
                back[a, b] *= chance(couplings, row, old[row], after)
            now = after
    return Transition(ahead, back)


def stationary(matrix: FloatArray) -> FloatArray:
    """The left eigenvector of a transition."""
    values, vectors = np.linalg.eig(matrix.T)
    law: FloatArray = np.real(vectors[:, np.argmax(np.real(values))])
    law /= law.sum()
    return law


def spins(couplings: FloatArray) -> dp.Partition:
    return dp.from_couplings(couplings, distribution=dp.Spin())


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    before = dict(schedules._TURNS)
    yield
    schedules._TURNS.clear()
    schedules._TURNS.update(before)


# ---------------------------------------------------------------------- laws


@pytest.mark.parametrize("couplings", [ASYMMETRIC, SYMMETRIC, APART])
def test_the_stationary_law_is_that_of_the_turns(couplings: FloatArray) -> None:
    simulator = dp.Simulator(spins(couplings), schedule=OWN)
    law = dp.analysis.stationary_law(simulator, DRIVE)
    expected = stationary(transition(couplings).ahead)
    order = [law.points.tolist().index(state) for state in STATES.tolist()]
    np.testing.assert_allclose(law.probabilities[order], expected, atol=1e-10)


def test_symmetric_couplings_have_the_law_of_boltzmann_where_no_row_touches_its_turn() -> None:
    chain = APART + APART.T
    own = dp.analysis.stationary_law(chain, DRIVE, schedule=OWN)
    gibbs = dp.analysis.stationary_law(chain, DRIVE, schedule="sequential")
    assert own.method == gibbs.method == "Boltzmann"
    np.testing.assert_array_equal(own.probabilities, gibbs.probabilities)
    # Where they touch it is neither that, nor that of Little.
    touching = dp.analysis.stationary_law(SYMMETRIC, DRIVE, schedule=OWN)
    assert touching.method == "transition"
    for schedule in ("sequential", "synchronous"):
        other = dp.analysis.stationary_law(SYMMETRIC, DRIVE, schedule=schedule)
        assert dp.analysis.total_variation(touching, other) > 1e-3


@pytest.mark.parametrize("couplings", [4.0 * ASYMMETRIC, 4.0 * SYMMETRIC])
def test_one_turn_is_the_synchronous_schedule(couplings: FloatArray) -> None:
    dp.register_schedule("one turn")(lambda paths, touching: [range(len(paths))])
    laws = [
        dp.analysis.stationary_law(couplings, DRIVE, schedule=schedule)
        for schedule in ("one turn", "synchronous")
    ]
    np.testing.assert_allclose(laws[0].probabilities, laws[1].probabilities, atol=1e-10)


# ---------------------------------------------------------------------- entropy production


@pytest.mark.parametrize("couplings", [ASYMMETRIC, SYMMETRIC, APART])
def test_the_entropy_production_is_that_of_the_turns(couplings: FloatArray) -> None:
    simulator = dp.Simulator(spins(couplings), schedule=OWN)
    found = dp.analysis.entropy_production(simulator, DRIVE, steps=2000, chains=64)
    assert found.unit == "nats per sweep"
    sweep = transition(couplings)
    law = stationary(sweep.ahead)
    expected = sweep.produced(law, law)
    assert abs(found.value - expected) < 4.0 * found.standard_error
    assert found.standard_error < 0.005
    # Turns of rows that touch produce entropy even where couplings are symmetric.
    assert expected > 0.01


def test_clocks_that_differ_are_taken_into_account() -> None:
    # The second row is held in every other step: the sweep of even steps, and that of odd ones.
    simulator = dp.Simulator(spins(ASYMMETRIC), schedule=OWN, clock=[1, 2, 1])
    found = dp.analysis.entropy_production(simulator, DRIVE, steps=2000, chains=64)
    full, part = transition(ASYMMETRIC), transition(ASYMMETRIC, [[0, 2]])
    law = stationary(full.ahead @ part.ahead)
    middle = law @ full.ahead
    expected = (full.produced(law, middle) + part.produced(middle, law)) / 2.0
    assert abs(found.value - expected) < 4.0 * found.standard_error
    assert found.standard_error < 0.005


def test_of_a_pair_the_integral_is_that_of_the_schedule_with_the_same_turns() -> None:
    exact = partial(dp.analysis.exact_entropy_production, evidence=[0.5, -0.2])
    dp.register_schedule("one turn")(lambda paths, touching: [[0, 1]])
    dp.register_schedule("second first")(lambda paths, touching: [[1], [0]])
    pair = np.array([[0.0, 3.0], [0.5, 0.0]])
    assert exact(pair, schedule="one turn") == pytest.approx(exact(pair, schedule="synchronous"))
    turned = dp.analysis.exact_entropy_production(
        pair[::-1, ::-1], evidence=[-0.2, 0.5], schedule="sequential"
    )
    assert exact(pair, schedule="second first") == pytest.approx(turned)


# ---------------------------------------------------------------------- analyses of runs


def test_the_symmetric_twin_has_the_same_turns() -> None:
    world = dp.Partition("world")
    inner = world.add_partition("drive").add_partition("inner")
    for place, name in ((world, "a"), (inner, "b"), (world["drive"], "c")):
        place.add_subparticle(name)
    world.couple_all(0.5)
    seen: list[Any] = []

    @dp.register_schedule("by depth")
    def by_depth(paths: Any, touching: Any) -> Any:
        seen.append((list(paths), touching.toarray().tolist()))
        depth = np.array([path.count("/") for path in paths])
        return [np.flatnonzero(depth == one) for one in np.unique(depth)]

    simulator = dp.Simulator(world, schedule="by depth")
    twin, _ = symmetric_twin(simulator, frozen_network(simulator))
    assert all(one == seen[0] for one in seen)
    for one, other in zip(simulator.program.turns, twin.program.turns, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_symmetric_twin_of_a_lattice_has_its_colours_in_both_layouts() -> None:
    world = dp.Partition("grid")
    world.add_population("sites", 16)
    world.couple_lattice((4, 4), 0.4)
    for layout in ("dense", "sparse"):
        simulator = dp.Simulator(world, schedule="chromatic", layout=layout)
        twin, _ = symmetric_twin(simulator, frozen_network(simulator))
        assert [len(rows) for rows in twin.program.turns] == [8, 8]
        np.testing.assert_array_equal(twin.program.turns[0], simulator.program.turns[0])


def test_a_run_is_certified_for_its_own_turns_and_not_for_others() -> None:
    world = dp.from_couplings(6.0 * ASYMMETRIC, bias=DRIVE)
    run = dp.Simulator(world, schedule=OWN, seed=0).infer(steps=4000)
    assert world.certify(run, schedule=OWN).ok
    assert not world.certify(run, schedule="synchronous").ok
    assert not world.certify(run, schedule="sequential").ok


def test_circulation_sees_what_each_row_saw() -> None:
    # Row 0 drives row 1, which drives row 2; those of a turn see old states, the others new ones.
    chain = 2.0 * np.array([[0.0, 0.0, 0.5], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    sweep = transition(chain)
    law = stationary(sweep.ahead)
    lagged = np.zeros((3, 3))
    for (a, old), (b, new) in product(enumerate(STATES), repeat=2):
        for source, target in product(range(3), repeat=2):
            seen = new if (source, target) in {(0, 1), (2, 1)} else old
            change = new[target] - old[target]
            lagged[source, target] += law[a] * sweep.ahead[a, b] * seen[source] * change
    found = dp.analysis.circulation(
        dp.Simulator(spins(chain), schedule=OWN), DRIVE, steps=4000, chains=64, seed=2
    )
    off = ~np.eye(3, dtype=bool)
    assert np.all(np.abs(found.values - (lagged - lagged.T))[off] < 4.0 * found.standard_error[off])
    assert np.all(found.standard_error < 0.01)
    assert np.abs(found.values).max() > 1.0
