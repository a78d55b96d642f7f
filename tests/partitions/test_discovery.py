"""Discovery: planted parts come back, noise has none, and the proposal becomes a lawful world."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_rand_score
from support.errors import is_complete, says

import deepparticle as dp
from deepparticle.partitions.discovering import building
from deepparticle.partitions.discovering.activity import effective_couplings
from deepparticle.partitions.discovering.chance import exchanged, tail
from deepparticle.partitions.discovering.clustering import CLUSTERINGS
from deepparticle.partitions.discovering.leak import (
    border_size,
    coupling_strengths,
    filled,
    leak_of,
    merged,
)

Array = NDArray[np.floating[Any]]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Planted:
    """A matrix, and the module and submodule of each row."""

    couplings: Array
    modules: Rows
    submodules: Rows

    def agreement(self, proposal: dp.Proposal) -> tuple[float, float]:
        """The adjusted Rand indices of the outermost and of the innermost parts."""
        outer = proposal.labels[min(1, proposal.depth)]
        return (
            float(adjusted_rand_score(self.modules, outer)),
            float(adjusted_rand_score(self.submodules, proposal.labels[-1])),
        )


def planted(
    modules: int = 4,
    submodules: int = 3,
    units: int = 6,
    *,
    strengths: tuple[float, float] = (1.0, 0.3),
    noise: float = 0.1,
    seed: int = 0,
    scale: float = 1.0,
    symmetric: bool = False,
) -> Planted:
    """Couplings of random sign and size, strong in submodules, weaker in modules, and noise.

    ``J = scale × (level × sign × uniform(.5, 1.5) + noise × normal)``, rows in random order.
    """
    rng = np.random.default_rng(seed)
    size = modules * submodules * units
    module = np.repeat(np.arange(modules), submodules * units)
    submodule = np.repeat(np.arange(modules * submodules), units)
    level = np.where(module[:, None] == module, strengths[1], 0.0)
    level[submodule[:, None] == submodule] = strengths[0]
    sign = rng.choice([-1.0, 1.0], size=(size, size))
    matrix = level * sign * rng.uniform(0.5, 1.5, size=(size, size))
    matrix += noise * rng.normal(size=(size, size))
    if symmetric:
        matrix = np.triu(matrix) + np.triu(matrix).T
    np.fill_diagonal(matrix, 0.0)
    order = rng.permutation(size)
    return Planted(scale * matrix[np.ix_(order, order)], module[order], submodule[order])


SMALL = (3, 2, 5)
"""A planted partition of 30."""


def noise(size: int, seed: int) -> Array:
    matrix = np.random.default_rng(seed).normal(size=(size, size))
    np.fill_diagonal(matrix, 0.0)
    return matrix


# ------------------------------------------------------------------------------ the score


@st.composite
def divided(draw: st.DrawFn) -> tuple[Array, Rows]:
    """Strengths, and a division into at least two parts."""
    size = draw(st.integers(3, 9))
    matrix = noise(size, draw(st.integers(0, 2**32 - 1)))
    matrix *= np.abs(matrix) > draw(st.sampled_from([0.0, 0.5, 1.0]))
    labels = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    numbered = np.unique([0, 1, *labels[2:]], return_inverse=True)[1]
    return coupling_strengths(matrix), numbered


@given(divided())
def test_the_leak_is_the_ratio_of_two_sums_over_pairs(case: tuple[Array, Rows]) -> None:
    strengths, labels = case
    network, ends = filled(strengths), strengths.sum(axis=1)
    x = np.sqrt(np.diag(network))
    pairs = list(itertools.permutations(range(len(ends)), 2))
    crossing = [(i, j) for i, j in pairs if labels[i] != labels[j]]
    leak = leak_of(network, labels)
    if ends.sum() == 0.0:
        assert (leak.crossing, leak.expected, leak.ratio) == (0.0, 0.0, 0.0)
        return
    total = sum(strengths[i, j] for i, j in pairs)
    assert leak.crossing == pytest.approx(sum(strengths[i, j] for i, j in crossing) / total)
    if ends.max() < 0.4 * ends.sum():  # far from a star, chance has the ends that there are
        assert x * (x.sum() - x) == pytest.approx(ends, rel=1e-6)
        by_chance = sum(x[i] * x[j] for i, j in crossing)
        assert leak.expected == pytest.approx(by_chance / total, rel=1e-6)
    assert leak.kept == pytest.approx(leak.expected - leak.crossing)
    if leak.expected > 0:
        assert leak.ratio == pytest.approx(leak.crossing / leak.expected)
    meets = {i for i, j in crossing if strengths[i, j] != 0.0}
    assert border_size(strengths, labels) == len(meets)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_where_all_are_coupled_alike_every_split_leaks_as_much_as_chance(sizes: list[int]) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    uniform = 0.7 * (1.0 - np.eye(len(labels)))
    assert leak_of(filled(uniform), labels).ratio == pytest.approx(1.0)


def test_merging_siblings_that_are_coupled_alike_leaves_the_leak_and_keeps_less() -> None:
    labels = np.repeat(np.arange(4), 5)
    network = filled(np.where(labels[:, None] == labels, 1.0, 0.2) - np.eye(20))
    four, two = leak_of(network, labels), leak_of(network, labels // 2)
    assert two.ratio == pytest.approx(four.ratio)
    assert two.kept < four.kept
    finer = np.repeat(np.arange(5), [2, 3, 5, 5, 5])
    assert leak_of(network, finer).ratio > four.ratio
    assert leak_of(network, finer).kept < four.kept


def test_in_the_filled_network_the_leak_has_three_other_names() -> None:
    club = nx.karate_club_graph()
    labels = np.unique([club.nodes[node]["club"] for node in club], return_inverse=True)[1]
    network = filled(nx.to_numpy_array(club))
    leak = leak_of(network, labels)
    # In networkx a loop adds twice its weight to the ends of a node.
    graph = nx.from_numpy_array(network - np.diag(np.diag(network) / 2))
    sides = [set(np.flatnonzero(labels == side).tolist()) for side in (0, 1)]
    ends, total = network.sum(axis=1), network.sum()
    shares = np.array([ends[labels == side].sum() / total for side in (0, 1)])
    mixing = merged(network, labels) / total
    assortativity = (np.trace(mixing) - shares @ shares) / (1 - shares @ shares)
    assert leak.ratio == pytest.approx(1 - assortativity)
    assert leak.ratio == pytest.approx(nx.normalized_cut_size(graph, *sides, weight="weight"))
    modularity = nx.community.modularity(graph, sides)
    assert leak.kept == pytest.approx(modularity * total / (total - np.trace(network)))


def test_signs_and_directions_do_not_move_a_border() -> None:
    matrix = planted(2, 2, 5).couplings
    given_ = dp.propose_partition(matrix).labels
    for other in (np.abs(matrix), -matrix.T):
        found = dp.propose_partition(other).labels
        assert all(np.array_equal(a, b) for a, b in zip(given_, found, strict=True))


def test_merged_keeps_all_strength() -> None:
    strengths, labels = coupling_strengths(noise(7, 0)), np.array([0, 1, 2, 0, 1, 2, 2])
    between = merged(strengths, labels)
    assert between.sum() == pytest.approx(strengths.sum())
    assert between[0, 1] == pytest.approx(strengths[np.ix_(labels == 0, labels == 1)].sum())


# ------------------------------------------------------------------------------ chance


@given(
    st.integers(4, 14),
    st.floats(0.1, 1.0),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_exchanged_couplings_keep_partners_and_strengths(
    size: int, density: float, seed: int, whole: bool
) -> None:
    rng = np.random.default_rng(seed)
    half = np.triu(rng.uniform(1, 2, (size, size)) * (rng.random((size, size)) < density), 1)
    strengths = half + half.T
    sides = rng.integers(0, 2, size)
    free = ~np.eye(size, dtype=bool) if whole else sides[:, None] != sides[None, :]
    other = exchanged(strengths, free, rng)
    assert np.array_equal(other, other.T)
    assert np.array_equal(other[~free], strengths[~free])
    assert np.allclose(np.sort(other, axis=None), np.sort(strengths, axis=None))
    assert np.array_equal((other != 0).sum(axis=0), (strengths != 0).sum(axis=0))


def test_exchanging_leaves_little_at_its_place() -> None:
    strengths = nx.to_numpy_array(nx.random_regular_graph(6, 100, seed=0))
    free = ~np.eye(100, dtype=bool)
    other = exchanged(strengths, free, np.random.default_rng(0))
    # Of 600 in 4950 places, independent ones share 300 × 600 / 4950 = 36 ± 6.
    assert abs(np.count_nonzero((other > 0) & (strengths > 0)) / 2 - 36) < 4 * 6


def test_the_tail_is_the_rank_and_beyond_it_gumbels() -> None:
    rng = np.random.default_rng(0)
    false = [tail(rng.gumbel(), rng.gumbel(size=200)) < 0.01 for _ in range(4000)]
    # Mean and deviation are estimates from 200 values, which widens the tail a little.
    assert abs(np.mean(false) - 0.01) < 0.005
    # It is cautious with normal values, where 20 do.
    assert np.mean([tail(rng.normal(), rng.normal(size=20)) < 0.01 for _ in range(4000)]) < 0.01
    values = rng.normal(size=20)
    assert tail(float(values.max()), values) == pytest.approx(2 / 21)
    assert tail(float(values.min()), values) == 1.0
    assert tail(2.0, np.ones(20)) == 0.0
    assert tail(1.0, np.ones(20)) == 1.0


@pytest.mark.parametrize("size", [6, 20])
def test_without_structure_there_is_one_flat_partition(size: int) -> None:
    depths = [dp.propose_partition(noise(size, seed), seed=seed).depth for seed in range(20)]
    assert depths.count(0) >= 18


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "size"),
    [("spectral", 150), *itertools.product(sorted(CLUSTERINGS), [24, 50])],
)
def test_without_structure_no_method_finds_any(method: str, size: int) -> None:
    found = [
        dp.propose_partition(noise(size, seed), seed=seed, method=method).depth
        for seed in range(20)
    ]
    assert found.count(0) >= 18


@pytest.mark.parametrize(
    "graph",
    [nx.barabasi_albert_graph(60, 3, seed=2), nx.star_graph(20), nx.complete_graph(12)],
    ids=["hubs", "star", "complete"],
)
def test_hubs_are_no_modules(graph: nx.Graph) -> None:
    assert dp.propose_partition(graph).depth == 0


# ------------------------------------------------------------------------------ planted parts


@pytest.mark.parametrize("shape", [SMALL, (4, 3, 6)], ids=["30", "72"])
def test_planted_levels_come_back(shape: tuple[int, int, int]) -> None:
    case = planted(*shape, noise=0.2)
    proposal = dp.propose_partition(case.couplings)
    assert proposal.depth == 2
    assert case.agreement(proposal) == (1.0, 1.0)
    assert proposal.splits[""].parts == (shape[1] * shape[2],) * shape[0]


@pytest.mark.slow
def test_three_levels_come_back() -> None:
    rng = np.random.default_rng(0)
    labels = [np.repeat(np.arange(count), 96 // count) for count in (2, 6, 24)]
    level = sum(
        weight * (label[:, None] == label)
        for weight, label in zip((0.05, 0.15, 0.8), labels, strict=True)
    )
    matrix = np.asarray(level * rng.choice([-1, 1], (96, 96)) + 0.02 * rng.normal(size=(96, 96)))
    np.fill_diagonal(matrix, 0.0)
    proposal = dp.propose_partition(matrix)
    assert proposal.depth == 3
    for planted_, found in zip(labels, proposal.labels[1:], strict=True):
        assert adjusted_rand_score(planted_, found) == 1.0


def test_leaks_grow_inwards_and_stay_below_chance() -> None:
    proposal = dp.propose_partition(planted(*SMALL).couplings)
    assert [len(leaks) for leaks in proposal.leaks] == [1, 3]
    for split in proposal.splits.values():
        if split.accepted:
            assert split.leak.ratio < split.by_chance.min()
            assert split.leak.kept > 0
            assert split.p_value < 0.01
    assert proposal.leaks[0].max() < proposal.leaks[1].min()


@pytest.mark.parametrize("method", sorted(CLUSTERINGS))
def test_every_method_finds_clear_parts(method: str) -> None:
    case = planted(3, 2, 5, strengths=(1.0, 0.1), noise=0.01, seed=1)
    assert case.agreement(dp.propose_partition(case.couplings, method=method)) == (1.0, 1.0)


def agreements(shape: tuple[int, int, int], noise_: float, seeds: range) -> Array:
    """The agreement of outer and inner parts, for each seed: shape ``(seeds, 2)``."""
    found = []
    for seed in seeds:
        case = planted(*shape, noise=noise_, seed=seed)
        found.append(case.agreement(dp.propose_partition(case.couplings)))
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "moderate", "much"),
    [
        ((2, 3, 4), 0.05, 0.7),  # N = 24
        ((4, 3, 6), 0.3, 1.0),  # N = 72
        ((3, 3, 12), 0.3, 1.0),  # N = 108
        ((4, 4, 12), 0.4, 1.0),  # N = 192
        ((4, 4, 25), 0.5, 1.3),  # N = 400
    ],
)
def test_agreement_falls_with_noise_and_more_is_found_in_more(
    shape: tuple[int, int, int], moderate: float, much: float
) -> None:
    seeds = range(2 if shape[2] > 20 else 8)
    at_moderate = agreements(shape, moderate, seeds)
    between = agreements(shape, 0.6 * moderate + 0.4 * much, seeds[:4])
    at_most = agreements(shape, much, seeds[:4])
    # A level is false once in a hundred: of eight networks with two or three, one may have one.
    assert np.count_nonzero(at_moderate.min(axis=1) < 0.95) <= len(seeds) // 8
    assert at_moderate[:, 1].mean() >= 0.95
    means = [values.mean() for values in (at_moderate, between, at_most)]
    assert means[0] > means[1] > means[2] - 1e-12
    assert means[2] < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    case = planted(*SMALL, noise=0.4, seed=seed)  # so noisy that errors are made
    order = np.random.default_rng(seed).permutation(30)
    given_ = dp.propose_partition(case.couplings)
    other = dp.propose_partition(case.couplings[np.ix_(order, order)])
    assert given_.depth == other.depth
    for a, b in zip(given_.labels, other.labels, strict=True):
        assert adjusted_rand_score(a[order], b) == 1.0


@pytest.mark.parametrize("method", ["spectral", "louvain"])
def test_the_same_seed_gives_the_same_proposal(method: str) -> None:
    matrix = planted(2, 2, 5, noise=0.3).couplings
    first, second = (dp.propose_partition(matrix, seed=5, method=method) for _ in range(2))
    assert str(first) == str(second)
    assert np.array_equal(first.order, second.order)
    generators = (np.random.default_rng(5), np.random.default_rng(5))
    third, fourth = (dp.propose_partition(matrix, seed=rng, method=method) for rng in generators)
    assert str(third) == str(fourth)


def test_depth_limits_the_levels_from_outside() -> None:
    case = planted(*SMALL)
    outer = dp.propose_partition(case.couplings, depth=1)
    assert outer.depth == 1
    assert adjusted_rand_score(case.modules, outer.labels[-1]) == 1.0
    assert dp.propose_partition(case.couplings, depth=0).depth == 0


def test_what_falls_apart_is_apart_and_who_is_alone_stays_alone() -> None:
    ring = nx.cycle_graph(5)
    graph = nx.disjoint_union_all([ring, ring, nx.empty_graph(2)])
    proposal = dp.propose_partition(graph)
    split = proposal.splits[""]
    assert split.parts == (5, 5, 1, 1)
    assert (split.leak.ratio, split.border, split.p_value, len(split.by_chance)) == (0, 0, 0, 0)
    world = proposal.partition()
    assert [member.name for member in world] == ["10", "11", "part0", "part1"]
    # One piece and someone alone beside it is no division.
    assert dp.propose_partition(nx.disjoint_union(ring, nx.empty_graph(2))).depth == 0


# ------------------------------------------------------------------------------ activity


def recorded(
    couplings: Array, schedule: str, steps: int, chains: int | None = None, seed: int = 0
) -> dp.Run:
    world = dp.from_couplings(couplings)
    simulator = dp.Simulator(world, schedule=schedule, chains=chains, seed=seed)
    return simulator.infer(steps=steps, burn_in=50, record="states")


def test_planted_levels_come_back_from_synchronous_activity() -> None:
    case = planted(*SMALL, noise=0.05)
    run = recorded(case.couplings, "synchronous", 1000)
    proposal = dp.propose_partition(run)
    assert case.agreement(proposal) == (1.0, 1.0)
    assert str(dp.propose_partition(run.states)) == str(proposal)


def test_planted_levels_come_back_from_sequential_activity_of_chains() -> None:
    case = planted(*SMALL, noise=0.05, scale=0.5, symmetric=True)
    run = recorded(case.couplings, "sequential", 1000, chains=5)
    proposal = dp.propose_partition(run, estimate="partial")
    assert case.agreement(proposal) == (1.0, 1.0)


@pytest.mark.slow
def test_each_estimate_is_for_its_schedule() -> None:
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(4):
        case = planted(noise=0.05, scale=0.5, symmetric=True, seed=seed)
        for schedule in ("synchronous", "sequential"):
            run = recorded(case.couplings, schedule, 400, seed=seed)
            for estimate in ("transfer", "partial"):
                proposal = dp.propose_partition(run, estimate=estimate)
                found.setdefault((schedule, estimate), []).append(case.agreement(proposal)[1])
    mean = {key: float(np.mean(values)) for key, values in found.items()}
    assert mean["synchronous", "transfer"] >= 0.95
    assert mean["sequential", "partial"] >= 0.85
    assert mean["synchronous", "partial"] < 0.3
    assert mean["sequential", "transfer"] < mean["sequential", "partial"] - 0.2


def test_transfer_estimates_couplings_up_to_the_gain() -> None:
    matrix = planted(2, 2, 3, noise=0.0, scale=0.3).couplings
    found = effective_couplings(recorded(matrix, "synchronous", 20_000).states[:, None, :])
    # L'(0) = 1/3. Standard error of a slope: 1/√20 000, for noise and signal of one size.
    assert np.abs(found - matrix / 3).max() < 5 / np.sqrt(20_000)


def test_partial_correlations_have_the_zeros_of_a_chain() -> None:
    rng, size = np.random.default_rng(0), 5
    precision = np.eye(size) + np.diag([-0.4] * 4, 1) + np.diag([-0.4] * 4, -1)
    states = rng.multivariate_normal(np.zeros(size), np.linalg.inv(precision), size=(50_000, 1))
    found = effective_couplings(states, "partial")
    assert np.abs(found - (np.eye(size) - precision)).max() < 5 / np.sqrt(50_000)


@pytest.mark.parametrize("estimate", ["transfer", "partial"])
def test_who_never_moves_is_coupled_to_none(estimate: str) -> None:
    states = np.random.default_rng(0).normal(size=(200, 1, 3))
    states[:, :, 1] = 0.5
    found = effective_couplings(states, estimate)
    assert np.all(np.isfinite(found))
    assert not found[1].any()
    assert not found[:, 1].any()
    assert not effective_couplings(np.ones((50, 2, 3)), estimate).any()


def test_a_chain_has_a_mean_of_its_own() -> None:
    rng = np.random.default_rng(0)
    states = rng.normal(size=(500, 4, 6)) + 10.0 * rng.normal(size=(1, 4, 6))
    for estimate in ("transfer", "partial"):
        assert np.abs(effective_couplings(states, estimate)).max() < 5 / np.sqrt(2000)


@pytest.mark.parametrize("estimate", ["transfer", "partial"])
def test_independent_activity_has_no_parts(estimate: str) -> None:
    depths = []
    for seed in range(20):
        states = np.random.default_rng(seed).uniform(-1, 1, size=(300, 12))
        depths.append(dp.propose_partition(states, estimate=estimate, seed=seed).depth)
    assert depths.count(0) >= 18


# ------------------------------------------------------------------------------ real networks


def test_the_karate_club_splits_as_it_did_but_for_one_member() -> None:
    graph = nx.karate_club_graph()
    club = [graph.nodes[node]["club"] for node in graph]
    agreements = []
    for seed in range(2):
        # The two sides are made of few communities: p is not far from 0.01, the limit.
        proposal = dp.propose_partition(graph, significance=0.05, seed=seed)
        assert proposal.splits[""].parts == (18, 16)
        agreements.append(adjusted_rand_score(club, proposal.labels[1]))
    assert agreements == pytest.approx([0.882] * 2, abs=5e-4)
    communities = dp.propose_partition(graph, depth=1, method="louvain")
    assert adjusted_rand_score(club, communities.labels[1]) > 0.4


def test_the_characters_of_a_novel_nest() -> None:
    graph = nx.les_miserables_graph()
    proposal = dp.propose_partition(graph)
    world = proposal.partition("novel")
    world.check()
    assert len(world.subparticles) == 77
    together = proposal.labels[-1][[proposal.names.index(n) for n in ("Enjolras", "Courfeyrac")]]
    assert together[0] == together[1]
    split = proposal.splits[""]
    assert split.leak.ratio < 0.45 < split.by_chance.mean()


# ------------------------------------------------------------------------------ the world


def assert_is_proposed(world: dp.Partition, proposal: dp.Proposal) -> None:
    """The world has the couplings, in the known order, and the parts of the proposal."""
    world.check()
    order = proposal.order
    dense = np.asarray(
        proposal.couplings.toarray()
        if hasattr(proposal.couplings, "toarray")
        else proposal.couplings
    )
    found = world.couplings
    found = found.toarray() if hasattr(found, "toarray") else found
    assert np.array_equal(found, dense[np.ix_(order, order)])
    for particle, row in zip(world.subparticles, order.tolist(), strict=True):
        assert particle.path.startswith(proposal.paths[row])


def test_a_dense_matrix_becomes_a_world_in_which_all_are_joined() -> None:
    case = planted(2, 2, 4, noise=0.05)
    proposal = dp.propose_partition(case.couplings)
    bias = np.arange(16) / 16
    world = proposal.partition(
        "net", bias=bias, plastic=False, distribution=dp.Spin(), precision=0.5
    )
    assert_is_proposed(world, proposal)
    assert sum(1 for _ in world.boundaries()) == 16 * 15
    assert np.array_equal(world.biases, bias[proposal.order])
    assert world.name == "net"
    assert {type(one.distribution) for one in world.subparticles} == {dp.Spin}
    assert all(one.precision == 0.5 for one in world.subparticles)
    assert not any(boundary.plastic for boundary in world.boundaries())
    assert [one.name for one in world.subparticles] == [str(row) for row in proposal.order]
    again = dp.discover(case.couplings, name="net", bias=bias, precision=0.5)
    assert np.array_equal(again.couplings, world.couplings)
    assert dp.Simulator(again, seed=0).infer(steps=3).states.shape == (3, 16)


def test_a_sparse_matrix_becomes_the_boundary_states_that_it_stores() -> None:
    case = planted(2, 2, 4, noise=0.05)
    matrix = csr_array(np.where(np.abs(case.couplings) > 0.1, case.couplings, 0.0))
    matrix.data[:3] = 0.0  # stored, and 0: it exists
    proposal = dp.propose_partition(matrix)
    world = proposal.partition()
    assert_is_proposed(world, proposal)
    assert sum(1 for _ in world.boundaries()) == matrix.nnz


@pytest.mark.parametrize("sparse", [False, True])
def test_many_boundary_states_live_in_populations(
    sparse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_EXPLICIT", 100)
    case = planted(2, 2, 4, noise=0.05)
    matrix: Any = case.couplings
    if sparse:
        matrix = csr_array(np.where(np.abs(matrix) > 0.1, matrix, 0.0))
        matrix.data[:3] = 0.0
    proposal = dp.propose_partition(matrix)
    world = proposal.partition(bias=np.arange(16.0))
    assert_is_proposed(world, proposal)
    assert isinstance(world["part0/part1"], dp.Population)
    count = sum(1 for _ in world.boundaries())
    assert count == (matrix.nnz if sparse else 16 * 15)
    assert np.array_equal(world.biases, proposal.order)
    flat = dp.propose_partition(noise(12, 0)).partition()
    assert isinstance(flat["population"], dp.Population)
    monkeypatch.setattr(building, "_CROSSING", 10)
    with pytest.raises(dp.SettingError, match=says("at most 10 boundary states ... Mend: leave")):
        proposal.partition()


def test_a_graph_keeps_its_names_attributes_and_directions() -> None:
    cliques = nx.ring_of_cliques(3, 5)
    graph = nx.DiGraph()
    for node in cliques:
        graph.add_node(f"n{node}", bias=node / 100)
    for u, v in cliques.edges:
        graph.add_edge(f"n{u}", f"n{v}", weight=-2.0, plastic=False)
    proposal = dp.propose_partition(graph)
    world = proposal.partition("ring", precision=0.5)
    assert_is_proposed(world, proposal)
    assert proposal.names[7] == "n7"
    path = f"{proposal.paths[7]}/n7"
    assert world[path].bias == 0.07
    assert world[path].precision == 0.5
    boundary = next(iter(world.boundaries()))
    assert (boundary.weight, boundary.plastic) == (-2.0, False)
    assert sum(1 for _ in world.boundaries()) == cliques.number_of_edges()
    same = dp.from_networkx(graph, nesting=proposal.nesting())
    assert np.array_equal(same.couplings, world.couplings)


def test_the_weights_of_a_graph_are_where_the_caller_says() -> None:
    graph = nx.complete_graph(10)
    for u, v, data in graph.edges(data=True):
        data["strength"] = 1.0 if u // 5 == v // 5 else 0.01
    assert dp.propose_partition(graph).depth == 0
    proposal = dp.propose_partition(graph, weight="strength")
    assert proposal.splits[""].parts == (5, 5)
    assert_is_proposed(proposal.partition(), proposal)


def test_parts_make_way_for_subparticles_of_their_name() -> None:
    graph = nx.relabel_nodes(
        nx.disjoint_union_all([nx.cycle_graph(5), nx.cycle_graph(5), nx.empty_graph(1)]),
        {10: "part0"},
    )
    world = dp.discover(graph)
    world.check()
    assert [member.name for member in world] == ["part0", "part_0", "part_1"]


def test_labels_paths_and_order_tell_one_story() -> None:
    proposal = dp.propose_partition(nx.les_miserables_graph())
    assert sorted(proposal.order.tolist()) == list(range(77))
    assert not proposal.labels[0].any()
    for outer, inner in itertools.pairwise(proposal.labels):
        # Who is together inside is together outside.
        assert len(np.unique(inner)) == len(np.unique(np.stack([outer, inner]), axis=1).T)
        assert len(np.unique(inner)) > len(np.unique(outer))
    for path, branch in proposal.branches():
        for row in branch.direct.tolist():
            assert proposal.paths[row] == path
    shown = str(proposal)
    assert "77 subparticles" in shown
    assert all(path.rpartition("/")[2] in shown for path in proposal.splits)


def test_progress_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    dp.propose_partition(noise(6, 0), progress=True)
    assert "discover: 20 networks" in capsys.readouterr().err
    dp.propose_partition(noise(6, 0))
    assert not capsys.readouterr().err


# ------------------------------------------------------------------------------ refusals

NOT_FINITE = np.array([[0.0, np.nan], [1.0, 0.0]])
STATES = np.zeros((30, 4))
HOLED = np.where(np.arange(120).reshape(30, 4) == 41, np.nan, 0.5)

REFUSED: list[tuple[str, type[Exception], Callable[[], object], str]] = [
    (
        "not square, wide",
        dp.SettingError,
        lambda: dp.discover(np.zeros((2, 3))),
        "discover: couplings are square, target × source, ... (got shape (2, 3)). Mend: transpose",
    ),
    (
        "not square",
        dp.SettingError,
        lambda: dp.discover(np.zeros((3, 2)), kind="couplings"),
        "discover: the couplings are a square matrix, ... (got shape (3, 2)). Mend: give an array",
    ),
    (
        "not square, sparse",
        dp.SettingError,
        lambda: dp.discover(csr_array((3, 2))),
        "discover: the couplings are a square matrix, ... (got shape (3, 2)).",
    ),
    (
        "NaN",
        dp.SettingError,
        lambda: dp.discover(NOT_FINITE),
        "discover: the couplings are finite (got nan at [0, 1]). Mend: replace NaN and inf.",
    ),
    (
        "NaN, sparse",
        dp.SettingError,
        lambda: dp.discover(csr_array(NOT_FINITE)),
        "discover: the couplings are finite (got nan at [0, 1]).",
    ),
    (
        "diagonal",
        dp.SettingError,
        lambda: dp.discover(np.eye(3)),
        'discover: a subparticle is not coupled to itself (got J[0, 0] = 1). ... kind="activity"',
    ),
    (
        "diagonal, sparse",
        dp.SettingError,
        lambda: dp.discover(csr_array(np.diag([0.0, 2.0]))),
        "discover: a subparticle is not coupled to itself (got J[1, 1] = 2).",
    ),
    (
        "empty",
        dp.SettingError,
        lambda: dp.discover(np.zeros((0, 0))),
        "discover: the couplings are a square matrix, ... (got shape (0, 0)).",
    ),
    (
        "empty graph",
        dp.SettingError,
        lambda: dp.discover(nx.Graph()),
        "discover: something can be divided (got 0 subparticles). Mend: give at least two.",
    ),
    (
        "one node",
        dp.SettingError,
        lambda: dp.discover([[0.0]]),
        "discover: something can be divided (got 1 subparticle). Mend: give at least two.",
    ),
    (
        "too many",
        dp.SettingError,
        lambda: dp.discover(csr_array((9000, 9000))),
        "discover: a partition is proposed for at most 8192 subparticles (got 9000).",
    ),
    (
        "no numbers",
        dp.SettingTypeError,
        lambda: dp.discover("karate"),
        "discover: a partition is proposed for couplings, a graph or activity (got 'karate').",
    ),
    (
        "a world",
        dp.SettingTypeError,
        lambda: dp.discover(dp.Partition("world")),
        "(got a partition already). Mend: give its couplings, world.couplings.",
    ),
    (
        "no graph",
        dp.SettingTypeError,
        lambda: dp.discover(np.zeros((3, 3)), kind="graph"),
        "discover: the graph is a networkx graph (got array",
    ),
    (
        "graph of states",
        dp.SettingError,
        lambda: dp.discover(dp.from_couplings(np.zeros((3, 3))).graph),
        "(got a graph of states, which has its blankets already). Mend: give the couplings",
    ),
    (
        "self-loop",
        dp.PartitionError,
        lambda: dp.discover(nx.Graph([(0, 1), (1, 1)])),
        "edge 1 – 1: a subparticle is not coupled to itself",
    ),
    (
        "weight",
        dp.PartitionError,
        lambda: dp.discover(nx.Graph([(0, 1, {"weight": np.inf})])),
        "edge 0 – 1: the weight is finite (got inf).",
    ),
    (
        "short series",
        dp.SettingError,
        lambda: dp.discover(STATES[:9]),
        "discover: activity has more than 9 steps, for 4 subparticles (got 9 steps). Mend: record",
    ),
    (
        "short chains",
        dp.SettingError,
        lambda: dp.discover(np.zeros((5, 2, 4))),
        "discover: activity has more than 5 steps, for 4 subparticles in 2 chains (got 5 steps).",
    ),
    (
        "holes",
        dp.SettingError,
        lambda: dp.discover(HOLED),
        "discover: activity is finite (got nan of subparticle 1 at step 10). Mend: leave out",
    ),
    (
        "networks",
        dp.SettingError,
        lambda: dp.discover(np.zeros((30, 2, 2, 4)), kind="activity"),
        "(got shape (30, 2, 2, 4)). Mend: give run.states, of several networks run.states[:, 0]",
    ),
    (
        "no activity",
        dp.SettingTypeError,
        lambda: dp.discover("states", kind="activity"),
        "discover: activity is an array of numbers (got 'states'). Mend: give run.states.",
    ),
    (
        "method",
        dp.SettingError,
        lambda: dp.discover(STATES, method="spectrum"),
        "discover: the method is one of ... (got 'spectrum'). Mend: did you mean 'spectral'?",
    ),
    (
        "estimate",
        dp.SettingError,
        lambda: dp.discover(STATES, estimate="transfers"),
        "discover: the estimate is one of 'transfer', 'partial' (got 'transfers').",
    ),
    (
        "kind",
        dp.SettingError,
        lambda: dp.discover(STATES, kind="matrix"),
        "discover: the kind is one of 'auto', 'couplings', 'graph', 'activity' (got 'matrix').",
    ),
    (
        "permutations",
        dp.SettingError,
        lambda: dp.discover(STATES, permutations=2),
        "discover: permutations is at least 5 (got 2). Mend: give permutations ≥ 5.",
    ),
    (
        "permutations, type",
        dp.SettingTypeError,
        lambda: dp.discover(STATES, permutations=20.5),  # type: ignore[arg-type]
        "discover: permutations is a whole number (got 20.5). Mend: give permutations=100",
    ),
    (
        "depth",
        dp.SettingError,
        lambda: dp.discover(STATES, depth=-1),
        "discover: depth is at least 0 (got -1). Mend: give depth ≥ 0.",
    ),
    (
        "depth, type",
        dp.SettingTypeError,
        lambda: dp.discover(STATES, depth=True),
        "discover: depth is a whole number (got True).",
    ),
    (
        "significance",
        dp.SettingError,
        lambda: dp.discover(STATES, significance=1.0),
        "discover: the significance lies between 0 and 1 (got 1.0). Mend: give significance=0.01.",
    ),
    (
        "bias",
        dp.SettingError,
        lambda: dp.discover(noise(4, 0), bias=[1.0, 2.0]),
        "world: the bias is a number or has shape (4,) (got shape (2,)). Mend: give 4 numbers",
    ),
]


@pytest.mark.parametrize(
    ("kind", "call", "message"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_refusals_say_what_to_do(
    kind: type[Exception], call: Callable[[], object], message: str
) -> None:
    with pytest.raises(kind, match=says(message)) as caught:
        call()
    assert is_complete(caught.value)
