"""Several networks in one simulator: shapes, seeds, settings of their own, divergence of one."""

import re
import warnings
from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.choosing import installed_backends
from deepparticle.compile.divergence import DivergenceWarning

J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
U = np.array([0.4, -1.0, 0.2])
PATTERNS = np.array([[1.0, 0.0, -1.0], [0.0, 0.5, 0.5], [-1.0, -1.0, 1.0]])
PER_ROW = ("states", "local_free_energy")
PER_PARTITION = ("partition_free_energy", "partition_entropy", "partition_activity")
EVERYTHING = tuple(dp.compile.run.RECORDS)

# Compiled kernels are compiled for every form of a world.
KERNELS = [
    pytest.param(name, marks=[] if name == "numpy" else pytest.mark.slow)
    for name in installed_backends()
]
every_kernel = pytest.mark.parametrize("backend", KERNELS)
every_backend = pytest.mark.parametrize("backend", ["objects", *KERNELS])
every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)


def net(**settings: Any) -> dp.Partition:
    return dp.from_couplings(J, bias=[0.1, 0.0, -0.2], name="net", **settings)


def batch(backend: str = "numpy", networks: int = 3, **settings: Any) -> dp.Simulator:
    settings = {"learning_rate": 0.1, "stream": "shared", **settings}
    return dp.Simulator(net(), backend, networks=networks, **settings)


# ---------------------------------------------------------------------- shapes


@every_backend
@pytest.mark.parametrize("chains", [None, 1, 2])
@pytest.mark.parametrize("networks", [1, 3])
def test_networks_are_an_axis_after_time_and_before_chains(
    backend: str, networks: int, chains: int | None
) -> None:
    simulator = batch(backend, networks, chains=chains)
    axes = (networks,) if chains is None else (networks, chains)
    run = simulator.learn(U, steps=4, record=EVERYTHING)
    for name, values in run.records.items():
        expected = (4, *axes, 3) if name in PER_ROW else (4, *axes)
        if name in PER_PARTITION:
            expected = (4, *axes, 2)
        assert values.shape == ((4, networks) if name == "weight_change" else expected), name
    assert run.mean.shape == simulator.state.shape == (*axes, 3)
    assert run.patterns.shape == (1, networks)
    assert simulator.couplings.shape == (networks, 3, 3)
    assert simulator.infer(steps=2).states.shape == (2, *axes, 3)


@pytest.mark.parametrize(
    ("networks", "chains", "axes"),
    [(None, None, ()), (2, None, (2,)), (None, 4, (4,)), (2, 4, (2, 4)), (1, 1, (1, 1))],
)
def test_a_relaxation_has_the_axes_of_its_simulator(
    networks: int | None, chains: int | None, axes: tuple[int, ...]
) -> None:
    simulator = dp.Simulator(net(), networks=networks, chains=chains)
    found = simulator.relax()
    assert found.states.shape == (*axes, 3)
    for values in (found.converged, found.steps, found.period):
        assert np.shape(values) == axes


def test_every_network_relaxes_from_every_start() -> None:
    simulator = batch(precision=[0.5, 1.0, 2.0])
    starts = np.random.default_rng(0).uniform(-1, 1, size=(3, 5, 3))
    found = simulator.relax(starts, U)
    assert found.states.shape == (3, 5, 3)
    for network, precision in enumerate((0.5, 1.0, 2.0)):
        alone = dp.Simulator(net(), precision=precision).relax(starts[network], U)
        np.testing.assert_allclose(found.states[network], alone.states, atol=1e-12)
        np.testing.assert_array_equal(np.asarray(found.steps)[network], alone.steps)


def test_a_simulator_says_how_many_networks_it_has() -> None:
    simulator = batch(chains=2)
    assert "3 networks, 2 chains" in repr(simulator)
    assert "networks" not in repr(dp.Simulator(net()))


# ---------------------------------------------------------------------- seeds


@every_backend
@every_schedule
def test_a_sequence_of_seeds_gives_each_network_its_own(backend: str, schedule: str) -> None:
    seeds = [7, 8, 7]
    options: dict[str, Any] = {"epochs": 5, "steps": 3, "record": ("states", "published")}
    whole = batch(backend, schedule=schedule, seed=seeds).learn(PATTERNS, **options)
    np.testing.assert_array_equal(whole.states[:, 0], whole.states[:, 2])
    for network, one in enumerate(seeds):
        alone = dp.Simulator(
            net(), backend, schedule, learning_rate=0.1, stream="shared", seed=one
        ).learn(PATTERNS, **options)
        np.testing.assert_allclose(whole.states[:, network], alone.states, atol=1e-11)
        np.testing.assert_allclose(whole.published[:, network], alone.published, atol=1e-10)
        np.testing.assert_array_equal(whole.patterns[:, network], alone.patterns)


@pytest.mark.parametrize("seed", [0, [1, 2, 3, 4], np.random.SeedSequence(5), None])
def test_one_seed_gives_every_network_another_stream(seed: Any) -> None:
    run = batch(networks=3, seed=seed).learn(PATTERNS, epochs=20, steps=1, record="states")
    assert len(np.unique(run.states[-1, :, 0])) == 3
    assert len(np.unique(run.patterns, axis=1).T) == 3


def test_seeds_may_be_an_array_or_a_tuple() -> None:
    runs = [batch(seed=seed).infer(steps=5).states for seed in ([1, 2, 3], (1, 2, 3))]
    np.testing.assert_array_equal(runs[0], runs[1])
    of_array = batch(seed=np.array([1, 2, 3])).infer(steps=5).states
    np.testing.assert_array_equal(runs[0], of_array)


@every_kernel
@every_schedule
def test_own_streams_give_the_same_run_for_the_same_seed(backend: str, schedule: str) -> None:
    runs = [
        batch(backend, schedule=schedule, stream="own", seed=seed).infer(steps=6).states
        for seed in ([1, 2, 3], [1, 2, 3], [1, 5, 3])
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0][:, [0, 2]], runs[2][:, [0, 2]])
    assert not np.array_equal(runs[0][:, 1], runs[2][:, 1])


@every_kernel
@every_schedule
def test_own_streams_of_networks_are_those_of_single_simulators(
    backend: str, schedule: str
) -> None:
    simulator = batch(backend, 2, schedule=schedule, stream="own", seed=[4, 9])
    states = simulator.infer(steps=6).states
    for network, one in enumerate((4, 9)):
        alone = dp.Simulator(net(), backend, schedule, seed=one).infer(steps=6).states
        np.testing.assert_allclose(states[:, network], alone, atol=1e-11)


# ---------------------------------------------------------------------- settings of their own


@every_backend
def test_each_network_has_its_own_precision_rate_and_strength(backend: str) -> None:
    beta, alpha, strength = [0.1, 1.0, 3.0], [0.0, 0.1, 0.5], [1.0, 2.0, 0.0]
    simulator = batch(backend, precision=beta, learning_rate=alpha, seed=[1, 1, 1])
    simulator.learn(PATTERNS, strength, epochs=4, steps=2)
    np.testing.assert_array_equal(simulator.couplings[0], J)
    for network in range(3):
        alone = dp.Simulator(net(), backend, stream="shared", seed=1, precision=beta[network])
        alone.learn(PATTERNS, strength[network], epochs=4, steps=2, learning_rate=alpha[network])
        np.testing.assert_allclose(simulator.couplings[network], alone.couplings, atol=1e-11)


@pytest.mark.parametrize(
    "value",
    [2.0, [0.5, 1.0, 2.0], [[0.5], [1.0], [2.0]], [[0.5, 1.0, 1.5, 2.0]], np.ones((3, 4)) * 0.3],
)
def test_settings_are_per_network_or_per_network_and_row(value: Any) -> None:
    world = dp.from_couplings(np.zeros((4, 4)), bias=0.5)
    simulator = dp.Simulator(world, networks=3, precision=value)
    run = simulator.infer(steps=1, mode="deterministic")
    expected = np.broadcast_to(np.asarray(value)[:, None] if np.ndim(value) == 1 else value, (3, 4))
    np.testing.assert_allclose(run.states[0], dp.ContinuousBernoulli().mean(0.5 * expected))
    of_call = dp.Simulator(world, networks=3).infer(steps=1, mode="deterministic", precision=value)
    np.testing.assert_array_equal(of_call.states, run.states)


def test_settings_of_the_world_hold_in_every_network() -> None:
    world = net()
    world["population"].precision = 0.25
    run = dp.Simulator(world, networks=2).infer(steps=1, mode="deterministic")
    alone = dp.Simulator(world).infer(steps=1, mode="deterministic")
    np.testing.assert_allclose(run.states[:, 1], alone.states, atol=1e-15)


@pytest.mark.parametrize("strength", [[1.0, 2.0, 0.5], np.array([1.0, 2.0, 0.5])])
@pytest.mark.parametrize(
    "patterns",
    [PATTERNS, {"evidence": PATTERNS}, [{"evidence": row} for row in PATTERNS], iter(PATTERNS)],
    ids=["array", "dict", "dicts", "stream"],
)
def test_strengths_scale_patterns_of_every_form(patterns: Any, strength: Any) -> None:
    if not isinstance(patterns, (np.ndarray, dict, list)):
        patterns = iter(PATTERNS)
    simulator = batch(precision=1.0)
    run = simulator.learn(
        patterns, strength, order="cyclic", steps=1, mode="deterministic", record="states"
    )
    scaled = np.asarray(strength)[:, None] * PATTERNS[:, None]
    expected = batch(precision=1.0)
    same = expected.learn(scaled, order="cyclic", steps=1, mode="deterministic", record="states")
    np.testing.assert_allclose(run.states, same.states, atol=1e-15)


# ---------------------------------------------------------------------- evidence and processes


@every_backend
def test_evidence_per_network_chain_and_row(backend: str) -> None:
    rng = np.random.default_rng(0)
    for shape in ((3,), (1, 1, 3), (2, 1, 3), (1, 4, 3), (2, 4, 3)):
        evidence = rng.normal(size=shape)
        simulator = batch(backend, 2, chains=4)
        given = np.broadcast_to(evidence, (2, 4, 3))
        field = simulator.program.bias
        expected = dp.ContinuousBernoulli().mean(field + given)
        for form in (evidence, {"evidence": evidence}):
            simulator.state = np.zeros(3)
            run = simulator.infer(form, steps=1, mode="deterministic")
            np.testing.assert_allclose(run.states[0], expected, atol=1e-14)


def test_an_external_state_has_a_value_in_each_network() -> None:
    def process(value: FloatArray, actions: FloatArray, rng: np.random.Generator) -> FloatArray:
        return rng.normal(size=value.shape)

    world = net()
    world["evidence"].process = process
    run = dp.Simulator(world, networks=2, seed=[3, 4]).infer(steps=10)
    for network, one in enumerate((3, 4)):
        alone = dp.Simulator(world, seed=one).infer(steps=10)
        np.testing.assert_allclose(run.states[:, network], alone.states, atol=1e-12)


# ---------------------------------------------------------------------- couplings


def test_couplings_are_set_for_all_networks_or_for_each() -> None:
    simulator = batch()
    each = np.stack([0.0 * J, J, 2.0 * J])
    for given, expected in ((each, each), (J, np.stack([J] * 3)), (J[None], np.stack([J] * 3))):
        simulator.couplings = given
        np.testing.assert_array_equal(simulator.couplings, expected)
    simulator.couplings = [one.copy() for one in each]
    np.testing.assert_array_equal(simulator.couplings, each)


def test_what_is_handed_out_and_in_is_copied() -> None:
    simulator = batch()
    simulator.couplings[:] = 5.0
    simulator.state[:] = 0.5
    given = np.stack([J] * 3)
    simulator.couplings = given
    given[:] = 7.0
    np.testing.assert_array_equal(simulator.couplings, np.stack([J] * 3))
    np.testing.assert_array_equal(simulator.state, 0.0)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_one_network_is_written_back(layout: str) -> None:
    world = net()
    simulator = dp.Simulator(
        world, networks=3, layout=layout, learning_rate=[0.1, 0.2, 0.3], seed=2
    )
    simulator.learn(PATTERNS, epochs=5)
    learned = [one if layout == "dense" else one.toarray() for one in list(simulator.couplings)]
    numbers: list[Any] = [2, 0, np.int64(1)]
    for network in numbers:
        simulator.write_back(network=network, states=True)
        np.testing.assert_array_equal(world.couplings, learned[network])
        states = [leaf.state for leaf in world.subparticles]
        np.testing.assert_array_equal(states, simulator.state[network])


@pytest.mark.parametrize(
    ("network", "networks", "message"),
    [
        (None, 3, r"write_back: .*network=None of 3\)\. Mend: give network=0…2"),
        (3, 3, r"write_back: .*\(got network=3 of 3\)"),
        (0, None, r"write_back: .*\(got network=0 of one\)\. Mend: leave network= out"),
        (-1, 3, r"write_back: network is at least 0 \(got -1\)"),
        (True, 3, r"write_back: network is a whole number \(got True\)"),
        (1.0, 3, r"write_back: network is a whole number \(got 1\.0\)"),
        ("first", 3, r"write_back: network is a whole number \(got 'first'\)"),
    ],
)
def test_writing_back_names_which_network(network: Any, networks: int | None, message: str) -> None:
    world = net()
    simulator = dp.Simulator(world, networks=networks, learning_rate=0.1)
    simulator.learn(PATTERNS)
    with pytest.raises((ValueError, TypeError), match=message):
        simulator.write_back(network=network)
    np.testing.assert_array_equal(world.couplings, J)


def test_a_fork_keeps_the_networks_and_their_couplings() -> None:
    simulator = batch()
    simulator.learn(PATTERNS, epochs=4)
    fork = simulator.fork(chains=2, seed=[1, 2, 3])
    np.testing.assert_array_equal(fork.couplings, simulator.couplings)
    assert fork.state.shape == (3, 2, 3)
    fork.learn(PATTERNS)
    assert not np.array_equal(fork.couplings, simulator.couplings)


def test_variables_of_networks_carry_everything_over() -> None:
    simulator = batch(seed=1)
    simulator.learn(PATTERNS, epochs=3)
    other = batch(seed=9)
    other.variables = simulator.variables
    runs = [one.infer(steps=5, mode="deterministic").states for one in (simulator, other)]
    np.testing.assert_array_equal(runs[0], runs[1])


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("what", ["networks", "chains"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, dp.SettingError, r"is at least 1 \(got 0\)"),
        (-2, dp.SettingError, r"is at least 1 \(got -2\)"),
        (True, dp.SettingTypeError, r"is a whole number \(got True\)"),
        (2.5, dp.SettingTypeError, r"is a whole number \(got 2\.5\)"),
        ("3", dp.SettingTypeError, r"is a whole number \(got '3'\)"),
    ],
)
def test_wrong_counts_are_refused(
    what: str, value: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"Simulator: {what} {message}"):
        dp.Simulator(net(), **{what: value})


def test_a_misspelled_stream_is_refused_with_what_was_meant() -> None:
    with pytest.raises(dp.SettingError, match=r"stream .*'sharred'.*did you mean 'shared'\?"):
        dp.Simulator(net(), stream="sharred")


@pytest.mark.parametrize("what", ["precision", "learning_rate"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones(3), r"(2,) or (2, 3) (got shape (3,))"),
        (np.ones((2, 2)), r"(2,) or (2, 3) (got shape (2, 2))"),
        (np.ones((3, 3)), r"(2,) or (2, 3) (got shape (3, 3))"),
        (np.ones((2, 1, 3)), r"(2,) or (2, 3) (got shape (2, 1, 3))"),
        ([1.0, -1.0], r"is not negative (got -1.0)"),
        ([1.0, np.nan], r"is finite (got nan at [1])"),
    ],
)
def test_settings_that_do_not_fit_the_networks_are_refused(
    what: str, value: Any, message: str
) -> None:
    expected = f"{what}.*{re.escape(message)}"
    with pytest.raises(dp.SettingError, match=f"Simulator: {expected}"):
        dp.Simulator(net(), networks=2, **{what: value})
    simulator = dp.Simulator(net(), networks=2, learning_rate=0.1)
    with pytest.raises(dp.SettingError, match=f"learn: {expected}") as caught:
        simulator.learn(U, **{what: value})
    assert all(fault.mend for fault in caught.value.faults)
    assert simulator.time == 0


@pytest.mark.parametrize(
    ("strength", "message"),
    [
        ([1.0, 2.0, 3.0], r"has shape \(2,\), one per network \(got shape \(3,\)\)"),
        (np.ones((2, 3)), r"has shape \(2,\), one per network \(got shape \(2, 3\)\)"),
        ([1.0, np.inf], r"evidence_strength is finite \(got inf at \[1\]\)"),
        ([[1.0], [1.0, 2.0]], r"learn: evidence_strength"),
    ],
)
def test_strengths_that_do_not_fit_the_networks_are_refused(strength: Any, message: str) -> None:
    simulator = dp.Simulator(net(), networks=2, learning_rate=0.1)
    with pytest.raises((dp.SettingError, dp.SettingTypeError), match=message):
        simulator.learn(U, strength)
    with pytest.raises(dp.SettingError, match=r"evidence_strength is a number \(got shape"):
        dp.Simulator(net(), learning_rate=0.1).learn(U, [1.0, 2.0])


# ---------------------------------------------------------------------- divergence


def linear(networks: int | None = None, **settings: Any) -> dp.Simulator:
    """Linear states that amplify each other where couplings are large."""
    world = dp.Partition("linear")
    coupling = 0.5 * (1.0 - np.eye(2))
    world.add_population("p", 2, couplings=coupling, bias=0.1, distribution=dp.Gaussian())
    simulator = dp.Simulator(world, networks=networks, **settings)
    if networks is not None:
        factor = np.ones(networks)
        factor[networks // 2] = 20.0
        simulator.couplings = coupling * factor[:, None, None]
    return simulator


@every_backend
def test_a_network_that_runs_away_is_named_and_the_others_go_on(backend: str) -> None:
    simulator = linear(3, backend=backend, stream="shared", seed=[1, 2, 3])
    with pytest.warns(DivergenceWarning, match="network 1 of 'linear'.*the other networks go on"):
        run = simulator.infer(steps=60)
    assert run.diverged is not None
    assert run.diverged.tolist() == [False, True, False]
    assert run.steps == simulator.time == 60
    for network, one in ((0, 1), (2, 3)):
        alone = linear(backend=backend, stream="shared", seed=one).infer(steps=60)
        np.testing.assert_allclose(run.states[:, network], alone.states, atol=1e-10)


@pytest.mark.parametrize("record", EVERYTHING)
def test_a_network_of_numbers_that_are_lost_is_recorded_without_noise(record: str) -> None:
    # It runs on until its numbers overflow; nothing but the one warning is said of it.
    simulator = linear(2, learning_rate=0.0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        simulator.learn(np.zeros(2), steps=700, learning_rate=0.0, record=record, every=50)
    assert [warning.category for warning in said] == [DivergenceWarning]


def test_each_network_is_warned_of_once() -> None:
    simulator = linear(3)
    simulator.couplings = 20.0 * (1.0 - np.eye(2))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", DivergenceWarning)
        run = simulator.infer(steps=40)
    assert sorted(str(warning.message)[:22] for warning in said) == [
        f"inference of network {network}" for network in range(3)
    ]
    assert run.diverged is not None
    assert run.diverged.all()


def test_one_network_on_its_axis_is_warned_of_and_without_the_axis_is_stopped() -> None:
    with pytest.warns(DivergenceWarning, match="network 0 of 'linear'"):
        linear(1).infer(steps=60)
    alone = linear()
    alone.couplings = 10.0 * (1.0 - np.eye(2))
    with pytest.raises(dp.DivergenceError):
        alone.infer(steps=60)


def test_without_networks_nothing_is_said_of_divergence() -> None:
    assert dp.Simulator(net()).infer(steps=2).diverged is None
    several = batch().infer(steps=2).diverged
    assert several is not None
    assert several.tolist() == [False] * 3


def test_learning_too_fast_in_one_network_names_its_rate() -> None:
    couplings = -6.0 * (1.0 - np.eye(6))
    simulator = dp.Simulator(
        dp.from_couplings(couplings), seed=[1, 1, 1], networks=3, learning_rate=[1e-6, 0.3, 1e-6]
    )
    with pytest.warns(DivergenceWarning, match=r"network 1 of 'net'.*than 0\.3, a tenth"):
        run = simulator.learn([[0.5] * 6], epochs=400, precision=0.5)
    assert run.diverged is not None
    assert run.diverged.tolist() == [False, True, False]


def test_a_network_that_ran_away_is_not_written_back() -> None:
    simulator = linear(3, learning_rate=[0.0, 0.5, 0.0])
    with pytest.warns(DivergenceWarning, match="network 1"):
        simulator.learn(np.zeros(2), steps=400, epochs=3, record=())
    simulator.write_back(network=0)
    with pytest.raises(dp.DivergenceError, match=r"write_back .* finite"):
        simulator.write_back(network=1)
