"""The sparse layout: only couplings that exist have a place, and nothing else is different."""

import time
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.special import ellipk

import deepparticle as dp
from deepparticle.compile.backends.choosing import installed_backends

EVERYTHING = tuple(dp.compile.run.RECORDS)

# Compiled kernels are compiled for every form of a world.
KERNELS = [
    pytest.param(name, marks=[] if name == "numpy" else pytest.mark.slow)
    for name in installed_backends()
]
every_backend = pytest.mark.parametrize("backend", ["objects", *KERNELS])
every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)


def ring(size: int = 8, **settings: Any) -> dp.Partition:
    """Each row hears the one before and the one after, but row 0 hears nobody."""
    rng = np.random.default_rng(0)
    couplings = np.zeros((size, size))
    for row in range(1, size):
        couplings[row, row - 1], couplings[row, (row + 1) % size] = rng.uniform(-1, 1, size=2)
    couplings[3, 2] = 0.0  # it exists
    matrix = scipy.sparse.csr_array(couplings)
    entries = scipy.sparse.coo_array(
        (
            np.append(matrix.data, 0.0),
            (
                np.append(np.repeat(np.arange(size), np.diff(matrix.indptr)), 3),
                np.append(matrix.indices, 2),
            ),
        ),
        shape=(size, size),
    )
    return dp.from_couplings(entries, bias=rng.uniform(-1, 1, size=size), name="ring", **settings)


def dense(couplings: Any) -> Any:
    """Couplings as arrays, of one network or of several."""
    if isinstance(couplings, list):
        return np.stack([one.toarray() for one in couplings])
    return couplings.toarray() if hasattr(couplings, "toarray") else couplings


# ---------------------------------------------------------------------- the same numbers


@every_backend
@every_schedule
@pytest.mark.parametrize(("networks", "chains"), [(None, None), (2, None), (3, 2), (7, None)])
def test_both_layouts_make_the_same_run(
    backend: str, schedule: str, networks: int | None, chains: int | None
) -> None:
    world = ring()
    world["population"][3].sensory["population/4"].plastic = False
    patterns = np.random.default_rng(1).normal(size=(3, 8))
    runs, found = [], []
    for layout in ("dense", "sparse"):
        made = dp.Simulator(
            world,
            backend,
            schedule,
            networks=networks,
            chains=chains,
            layout=layout,
            stream="shared",
            learning_rate=0.1,
            clock=[1, 2, 1, 1, 3, 1, 1, 1],
        )
        runs.append(made.learn(patterns, epochs=3, steps=4, record=EVERYTHING))
        found.append(dense(made.couplings))
        made.infer(steps=2)
    for name, values in runs[0].records.items():
        np.testing.assert_allclose(runs[1].records[name], values, atol=1e-10, err_msg=name)
    np.testing.assert_allclose(found[1], found[0], atol=1e-11)
    start = world.couplings
    start = dense(start)
    assert np.all(found[1][..., 3, 4] == start[3, 4])
    assert np.any(found[1][..., 3, 2] != start[3, 2])


@pytest.mark.parametrize("schedule", ["synchronous", "sequential", "chromatic"])
@pytest.mark.parametrize("networks", [2, 3, 10])
def test_what_many_networks_learned_is_sent(schedule: str, networks: int) -> None:
    made = dp.Simulator(
        ring(), schedule=schedule, networks=networks, layout="sparse", learning_rate=0.5
    )
    made.learn(np.ones((1, 8)), epochs=4)
    # One that is given these couplings and states sends the same.
    given = made.fork()
    given.variables = made.variables
    runs = [one.infer(steps=1, mode="deterministic", record="states") for one in (made, given)]
    np.testing.assert_allclose(runs[0].states, runs[1].states, atol=1e-12)


@every_backend
@pytest.mark.parametrize("schedule", ["synchronous", "chromatic"])
def test_a_row_that_hears_nobody_and_a_world_without_couplings(backend: str, schedule: str) -> None:
    world = dp.from_couplings(scipy.sparse.csr_array((4, 4)), bias=0.3)
    made = dp.Simulator(world, backend, schedule, layout="sparse", stream="shared", networks=3)
    run = made.learn(
        np.ones(4), steps=3, learning_rate=0.1, record=EVERYTHING, mode="deterministic"
    )
    np.testing.assert_allclose(run.states, dp.ContinuousBernoulli().mean(np.array(1.3)))
    assert np.all(run.weight_change == 0.0)
    assert [one.nnz for one in made.couplings] == [0, 0, 0]


@pytest.mark.parametrize("networks", [None, 3])
def test_relaxation_is_the_same_in_both_layouts(networks: int | None) -> None:
    found = [
        dp.Simulator(ring(), networks=networks, layout=layout).relax()
        for layout in ("dense", "sparse")
    ]
    np.testing.assert_allclose(found[0].states, found[1].states, atol=1e-9)
    np.testing.assert_array_equal(found[0].steps, found[1].steps)


# ---------------------------------------------------------------------- choosing it


def test_auto_takes_it_for_large_worlds_with_few_couplings() -> None:
    def layout(size: int, **settings: Any) -> str:
        return dp.Simulator(ring(size), **settings).program.layout

    assert layout(8) == layout(127) == "dense"
    assert layout(128) == "sparse"
    assert layout(128, layout="dense") == "dense"
    assert layout(8, layout="sparse") == "sparse"
    assert dp.lower(dp.from_couplings(np.zeros((128, 128)))).layout == "dense"


def test_a_misspelled_layout_is_refused_with_what_was_meant() -> None:
    with pytest.raises(dp.SettingError, match=r"layout .*'sparce'.*did you mean 'sparse'\?"):
        dp.Simulator(ring(), layout="sparce")


# ---------------------------------------------------------------------- couplings


def test_couplings_are_handed_out_as_sparse_matrices_of_what_exists() -> None:
    world = ring()
    made: Any = dp.Simulator(world, layout="sparse")
    handed_out: Any = made.couplings
    assert isinstance(handed_out, scipy.sparse.csr_array)
    assert handed_out.nnz == made.program.coupling_count == 14
    np.testing.assert_array_equal(handed_out.toarray(), dense(world.couplings))
    handed_out.data[:] = 9.0
    np.testing.assert_array_equal(made.couplings.toarray(), dense(world.couplings))
    several = dp.Simulator(world, layout="sparse", networks=2).couplings
    assert [one.shape for one in several] == [(8, 8)] * 2


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "matrix", "array", "duplicates", "shuffled"])
def test_couplings_are_set_from_any_kind_of_matrix(layout: str, form: str) -> None:
    made = dp.Simulator(ring(), layout=layout)
    wanted = 2.0 * dense(made.couplings)
    matrix = scipy.sparse.coo_array(wanted)
    row, column = matrix.coords
    given: Any = {
        "csr": matrix.tocsr(),
        "csc": matrix.tocsc(),
        "coo": matrix,
        "matrix": scipy.sparse.csr_matrix(matrix),
        "array": wanted,
        "duplicates": scipy.sparse.coo_array(
            (np.tile(matrix.data / 2, 2), (np.tile(row, 2), np.tile(column, 2))), shape=(8, 8)
        ),
        "shuffled": scipy.sparse.coo_array(
            (matrix.data[::-1], (row[::-1], column[::-1])), shape=(8, 8)
        ),
    }[form]
    made.couplings = given
    np.testing.assert_allclose(dense(made.couplings), wanted, rtol=1e-15)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_a_matrix_that_is_handed_in_stays_as_it_is(layout: str) -> None:
    made = dp.Simulator(ring(), layout=layout)
    given = scipy.sparse.csr_array(dense(made.couplings))
    given.data[0] = 0.0
    count = given.nnz
    made.couplings = given
    assert given.nnz == count
    given.data[:] = 5.0
    assert not np.any(dense(made.couplings) == 5.0)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_each_network_is_set_from_a_list(layout: str) -> None:
    made = dp.Simulator(ring(), layout=layout, networks=3)
    whole = dense(made.couplings)
    whole = whole * np.array([1.0, 2.0, 3.0])[:, None, None]
    made.couplings = [scipy.sparse.csr_array(one) for one in whole]
    np.testing.assert_array_equal(dense(made.couplings), whole)
    made.couplings = scipy.sparse.csr_array(whole[1])
    np.testing.assert_array_equal(dense(made.couplings), np.stack([whole[1]] * 3))
    made.couplings = whole
    np.testing.assert_array_equal(dense(made.couplings), whole)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda J: J[:4], r"couplings have shape \(8, 8\)"),
        (lambda J: [J, J], r"couplings have shape .*\(got .*(2 |\(8, 8\), \(8, 8\))"),
        (lambda J: [J, J[:, :4], J], r"couplings have shape .*\(8, 4\)"),
        (lambda J: J * np.nan, "couplings is finite"),
        (lambda J: [J, J.toarray(), J.tocsc()], None),
        (lambda J: J + scipy.sparse.eye_array(8), r"at \[0, 0\], where none exists.*couple "),
    ],
    ids=["shape", "count", "shape of one", "nan", "mixed", "stray"],
)
def test_couplings_that_do_not_fit_are_refused(
    layout: str, change: Any, message: str | None
) -> None:
    made = dp.Simulator(ring(), layout=layout, networks=3)
    before = dense(made.couplings)
    given = change(scipy.sparse.csr_array(before[0]))
    if message is None:
        made.couplings = given
    else:
        with pytest.raises(dp.SettingError, match=message):
            made.couplings = given
    np.testing.assert_array_equal(dense(made.couplings), before)


def test_entries_that_exist_at_zero_are_learned_and_written_back() -> None:
    world = ring()
    made = dp.Simulator(world, layout="sparse", learning_rate=0.2)
    made.learn(np.ones((1, 8)), epochs=2)
    made.write_back()
    np.testing.assert_array_equal(dense(world.couplings), made.couplings.toarray())
    assert world["population"][3].sensory["population/2"].weight != 0.0
    assert dense(world.couplings)[0].tolist() == [0.0] * 8


def test_float32_stays_float32() -> None:
    made = dp.Simulator(ring(), layout="sparse", networks=3, dtype="float32", learning_rate=0.1)
    run = made.learn(np.ones((1, 8)), record="states")
    assert run.states.dtype == np.float32
    assert {one.dtype for one in made.couplings} == {np.dtype(np.float32)}


@pytest.mark.slow
@pytest.mark.parametrize("backend", [name for name in installed_backends() if name != "jax"])
def test_a_lattice_of_a_million_leaves_infers_and_learns(backend: str) -> None:
    size = 1000 * 1000
    world = dp.from_couplings(dp.lattice_couplings((1000, 1000), 0.3), distribution=dp.Spin())
    simulator = dp.Simulator(world, backend, "chromatic", dtype="float32", learning_rate=0.01)
    assert simulator.program.layout == "sparse"
    assert len(simulator.program.scan) == 2
    run = simulator.infer(steps=20, record="states", every=20)
    assert set(np.unique(run.states)) == {-1.0, 1.0}
    # Onsager's solution: how much neighbours agree in an infinite lattice, here ± 0.0007.
    spins = simulator.state.reshape(1000, 1000)
    agreement = 0.5 * (np.mean(spins[1:] * spins[:-1]) + np.mean(spins[:, 1:] * spins[:, :-1]))
    modulus = 2.0 * np.sinh(0.6) / np.cosh(0.6) ** 2
    rest = 1.0 + 2.0 / np.pi * (2.0 * np.tanh(0.6) ** 2 - 1.0) * ellipk(modulus**2)
    assert agreement == pytest.approx(0.5 / np.tanh(0.6) * rest, abs=0.004)
    simulator.learn(np.ones(size), epochs=1, steps=2, record=())
    assert np.any(simulator.couplings.data != np.float32(0.3))


@pytest.mark.slow
def test_a_hundred_thousand_explicit_couplings_take_less_than_five_seconds() -> None:
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    world = dp.Partition("world")
    leaves = [world.add_subparticle(f"s{row}") for row in range(1000)]
    for row in range(1000):
        for offset in range(1, 101):
            world.couple(leaves[row], leaves[(row + offset) % 1000], rng.normal())
    world.check()
    program = dp.lower(world)
    assert time.perf_counter() - began < 5.0
    assert program.coupling_count == 100_000
