"""Certificates: calibrated on lawful worlds, powerful on planted leaks, and clear about both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from support.errors import says

import deepparticle as dp
from deepparticle.blankets._types import FloatArray
from deepparticle.blankets.linear import covariance_of_steps
from deepparticle.blankets.score_test import two_sided
from deepparticle.partitions.certificate import KINDS, Certificate

CB, SPIN, GAUSSIAN = dp.ContinuousBernoulli(), dp.Spin(), dp.Gaussian()


def network(
    seed: int, distributions: Any = (CB,), count: int = 6, scale: float = 2.0, sense: float = 0.0
) -> dp.Partition:
    """Two partitions of three, coupled one way or the other; one or all sense the scene."""
    rng = np.random.default_rng(seed)
    world = dp.Partition("world")
    places = [world.add_partition("left"), world.add_partition("right")]
    for number in range(count):
        distribution = distributions[number % len(distributions)]
        places[2 * number // count].add_subparticle(
            f"a{number}",
            bias=float(0.5 * rng.normal()),
            distribution=distribution,
            precision=float(rng.choice([0.5, 1.0, 1.5])),
            state=-1.0 if isinstance(distribution, dp.Spin) else 0.0,
        )
    leaves: Any = world.subparticles
    for target in leaves:
        for source in leaves:
            if source is not target and rng.random() < 0.35:
                weak = dp.Gaussian in (type(target.distribution), type(source.distribution))
                world.couple(source, target, float(rng.normal()) * scale * (0.15 if weak else 1.0))
    scene = world.add_external("scene")
    for number, leaf in enumerate(leaves):
        if sense or number == 0:
            world.sense(scene, leaf, float(rng.normal()) * sense if number else 1.0)
    return world


def run_of(
    world: dp.Partition,
    seed: int,
    steps: int,
    chains: int = 4,
    schedule: str = "synchronous",
    scene: FloatArray | None = None,
) -> Any:
    """A run in which every chain sees a scene of its own, (chains, 1)."""
    simulator = dp.Simulator(world, schedule=schedule, chains=chains, seed=seed)
    columns = len(world["scene"].sensing)
    values = np.zeros((chains, 1)) if scene is None else scene
    evidence = {"scene": np.repeat(values, columns, axis=1)}
    return simulator.infer(evidence, steps=steps + 2, burn_in=20, record="states")


def scenes(seed: int, chains: int = 4) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(chains, 1))


# ---------------------------------------------------------------------- false alarms


def false_alarms(
    runs: int, distributions: Any, schedule: str, steps: int
) -> tuple[FloatArray, float, FloatArray]:
    """The share of p-values up to .05 in each run, how often a run fails, and all statistics."""
    rates, failed, statistics = [], 0, []
    for seed in range(runs):
        world, scene = network(seed, distributions), scenes(1000 + seed)
        run = run_of(world, seed, steps, schedule=schedule, scene=scene)
        certificate = world.certify(run, {"scene": scene}, schedule=schedule)
        z = certificate.statements.statistics
        rates.append(np.mean(two_sided(z) <= 0.05))
        failed += not certificate.ok
        statistics.append(z)
    return np.array(rates), failed / runs, np.concatenate(statistics)


def test_false_alarms_are_as_frequent_as_they_say() -> None:
    """400 runs of lawful networks, 500 transitions each, and 250 statements about each."""
    rates, failed, z = false_alarms(400, (CB,), "synchronous", 125)
    error = float(rates.std(ddof=1)) / np.sqrt(len(rates))
    assert error < 0.002
    # Measured: .047 ± .001. The guard of the statistic takes a little away.
    assert 0.042 < rates.mean() < 0.05 + 4.0 * error
    # Any false alarm at all, at .05: binomial, so at most .05 + 3 √(.05 · .95 / 400) = .083.
    assert failed < 0.083
    assert 0.95 < z.std() < 1.02
    assert abs(z.mean()) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(
    ("distributions", "schedule"),
    [
        ((CB,), "chromatic"),
        ((SPIN,), "synchronous"),
        ((GAUSSIAN,), "synchronous"),
        ((CB, SPIN, GAUSSIAN), "synchronous"),
        ((CB, SPIN, GAUSSIAN), "sequential"),
    ],
    ids=str,
)
def test_false_alarms_of_other_states_and_schedules(distributions: Any, schedule: str) -> None:
    rates, failed, z = false_alarms(100, distributions, schedule, 250)
    error = float(rates.std(ddof=1)) / np.sqrt(len(rates))
    assert 0.03 < rates.mean() < 0.05 + 4.0 * error
    assert failed < 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / 100)
    assert 0.9 < z.std() < 1.03


def test_rarely_flipping_spins_raise_no_alarms() -> None:
    """Couplings of 5 and few transitions: far from the normal law, and on the safe side of it."""
    failed, rates = 0, []
    for seed in range(60):
        world = network(seed, (SPIN,), scale=5.0)
        certificate = world.certify(run_of(world, seed, 40), {"scene": 0.0})
        failed += not certificate.ok
        rates.append(np.mean(two_sided(certificate.statements.statistics) <= 0.05))
    assert failed <= 3
    assert np.mean(rates) < 0.05


# ---------------------------------------------------------------------- power


def leaky(world: dp.Partition, seed: int, weight: float) -> tuple[dp.Partition, Any, Any]:
    """A copy with a hidden coupling between two that were not coupled, and these two."""
    twin = world.copy(name=world.name)
    leaves = twin.subparticles
    pairs = [
        (source, target)
        for target in leaves
        for source in leaves
        if source is not target and target.boundary_from(source) is None
    ]
    source, target = pairs[np.random.default_rng(seed).integers(len(pairs))]
    twin.couple(source, target, weight)
    return twin, source, target


def power(steps: int, weight: float, runs: int) -> tuple[float, float]:
    """How often a hidden coupling is found, and how often it is also the clearest finding."""
    found = named = 0
    for seed in range(runs):
        world = network(seed)
        twin, source, target = leaky(world, seed, weight)
        certificate = world.certify(run_of(twin, seed, steps), {"scene": 0.0})
        found += not certificate.ok
        worst = certificate.worst
        assert worst is not None
        words = f"{target.path} depends on {source.path} although it does not sense it"
        named += not certificate.ok and worst.words == words
    return found / runs, named / runs


def test_a_hidden_coupling_is_found_and_named() -> None:
    """Couplings of .8 beside lawful ones of 2. Measured: .16 of the short runs, all long ones."""
    few, _ = power(25, 0.8, 25)
    many, named = power(800, 0.8, 25)
    assert few < 0.6
    assert many == 1.0
    assert named > 0.6


@pytest.mark.slow
def test_power_grows_to_one_with_run_length() -> None:
    """Transitions: 100, 400, 1600, 6400. Measured for .4: .03, .13, .55, 1.00."""
    powers = [power(steps, 0.4, 40)[0] for steps in (25, 100, 400, 1600)]
    assert powers == sorted(powers)
    assert powers[0] < 0.2
    assert powers[-1] > 0.95


def test_power_in_the_linear_case_is_what_the_covariance_says() -> None:
    """Gaussian states under the synchronous schedule are linear: E z / √t in closed form."""
    J = np.array([[0.0, 0.5, 0.0], [0.3, 0.0, 0.4], [0.0, -0.5, 0.0]])
    hidden, weight = J.copy(), 0.15
    hidden[0, 2] = weight

    def world_of(couplings: FloatArray) -> dp.Partition:
        world = dp.Partition("world")
        for name in "abc":
            world.add_subparticle(name, distribution=GAUSSIAN)
        leaves: Any = world.subparticles
        for target, source in np.argwhere(couplings).tolist():
            world.couple(leaves[source], leaves[target], float(couplings[target, source]))
        return world

    declared, transitions = world_of(J), 20_000
    states = dp.Simulator(world_of(hidden), chains=20, seed=0).infer(
        steps=transitions // 20 + 2, burn_in=50, record="states"
    )
    certificate = declared.certify(states)
    variance = covariance_of_steps(hidden, np.ones(3))[2, 2]
    # r = w g + ξ: E[r g] = w v, and E[r²g²] = 3 w²v² + v exceeds E[φ'' g²] = v.
    expected = weight * variance / np.sqrt(3.0 * weight**2 * variance**2 + variance)
    told = certificate.statements
    index = (told.kinds == KINDS.index("state")) & (told.subjects == 0) & (told.first == 2)
    z = float(told.statistics[index][0])
    # The standard error of z is about 1.
    assert z == pytest.approx(expected * np.sqrt(transitions), abs=4.0)
    assert certificate.worst is not None
    assert certificate.worst.words == "a depends on c although it does not sense it"
    # Nothing else leaks: c and b are as declared.
    assert {finding.path for finding in certificate.findings} == {"a"}


# ---------------------------------------------------------------------- the control


def partial_correlation_alarm(world: dp.Partition, states: FloatArray, scene: FloatArray) -> bool:
    """What one would do first: correlate with what is outside, given the blanket, linearly."""
    count = states.shape[-1]
    before, after = states[1:-1].reshape(-1, count), states[2:].reshape(-1, count)
    seen = np.broadcast_to(scene, (len(states) - 2, *scene.shape)).reshape(-1, 1)
    p_values = []
    for row in range(count):
        neighbours = np.flatnonzero(world.couplings[row])
        given = np.column_stack([np.ones(len(before)), before[:, neighbours], seen])
        left = after[:, row] - given @ np.linalg.lstsq(given, after[:, row], rcond=None)[0]
        for other in np.setdiff1d(np.arange(count), neighbours):
            rest = before[:, other]
            rest = rest - given @ np.linalg.lstsq(given, rest, rcond=None)[0]
            rho, degrees = np.corrcoef(rest, left)[0, 1], len(before) - given.shape[1] - 1
            t = rho * np.sqrt(degrees / (1.0 - rho**2))
            p_values.append(2.0 * scipy.stats.t.sf(abs(t), degrees))
    return bool(min(p_values) * len(p_values) <= 0.05)


def test_partial_correlation_rejects_lawful_networks_and_the_score_test_does_not() -> None:
    """All six sense the scene, each in its own way: what is common to them is not linear.

    Measured: partial correlation finds a leak in .88 of these lawful networks (in .95 with four
    times the data), the score test in .03.
    """
    partial = score = 0
    for seed in range(60):
        world, scene = network(seed, scale=1.0, sense=3.0), scenes(seed, 50)
        run = run_of(world, seed, 20, chains=50, scene=scene)
        partial += partial_correlation_alarm(world, run.states, scene)
        score += not world.certify(run, {"scene": scene}).ok
    assert partial / 60 > 0.75
    assert score / 60 < 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / 60)


def test_in_the_linear_case_partial_correlation_is_right_too() -> None:
    partial = score = 0
    for seed in range(30):
        world, scene = network(seed, (GAUSSIAN,), sense=1.0), scenes(seed, 50)
        run = run_of(world, seed, 20, chains=50, scene=scene)
        partial += partial_correlation_alarm(world, run.states, scene)
        score += not world.certify(run, {"scene": scene}).ok
    assert partial <= 5  # .05 of 30, and three standard errors
    assert score <= 5


# ---------------------------------------------------------------------- every kind of leak


def small() -> Any:
    """left/a → left/b → right/c → right/d; b senses the scene."""
    world = dp.Partition("world")
    for name, members in (("left", "ab"), ("right", "cd")):
        place = world.add_partition(name)
        for member in members:
            place.add_subparticle(member)
    world.couple("left/a", "left/b", 1.0)
    world.couple("left/b", "right/c", 1.0)
    world.couple("right/c", "right/d", 1.0)
    world.sense(world.add_external("scene"), "left/b")
    return world


Extra = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


def sampled(extra: Extra, steps: int = 1500, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """States of `small` with something added to each θ: of (σ, the σ before, the scene)."""
    rng = np.random.default_rng(seed)
    J = small().couplings
    states, scene = np.zeros((steps, 4)), rng.normal(size=(steps, 1))
    for step in range(2, steps):
        theta = J @ states[step - 1]
        theta[1] += scene[step, 0]
        theta += extra(states[step - 1], states[step - 2], scene[step])
        states[step] = CB.sample(theta, rng.random(4))
    return states, scene


def only(row: int, value: float) -> FloatArray:
    theta = np.zeros(4)
    theta[row] = value
    return theta


@pytest.mark.parametrize(
    ("extra", "kind", "words"),
    [
        (
            lambda now, before, scene: only(0, scene[0]),
            "state",
            "left/a depends on scene although it does not sense it",
        ),
        (
            lambda now, before, scene: only(0, 1.5 * now[3]),
            "state",
            "left/a depends on right/d although it does not sense it",
        ),
        (
            lambda now, before, scene: only(3, 1.5 * now[3]),
            "state",
            "right/d depends on its own last state although nothing shows it to it",
        ),
        (
            lambda now, before, scene: only(0, 6.0 * (now[3] ** 2 - 0.4)),
            "square",
            "left/a depends on the square of right/d although it does not sense it",
        ),
        (
            lambda now, before, scene: only(3, 1.5 * before[2]),
            "earlier",
            "right/d depends on right/c one step earlier than it could sense it",
        ),
        (
            lambda now, before, scene: only(3, 4.0 * now[0] * now[2]),
            "product",
            "right/d depends on the product of left/a and right/c, one of which it does not sense",
        ),
        (
            lambda now, before, scene: only(3, 1.5 * now[2]),
            "declared",
            "right/d does not follow right/c as declared",
        ),
        (
            lambda now, before, scene: only(0, 1.0),
            "declared",
            "left/a does not have its declared mean",
        ),
    ],
)
def test_every_kind_of_leak_is_found_and_named(extra: Extra, kind: str, words: str) -> None:
    states, scene = sampled(extra)
    certificate = small().certify(states, {"scene": scene})
    worst: Any = certificate.worst
    assert (worst.kind, worst.words) == (kind, words)
    assert worst.p_value < 1e-6
    assert not certificate.ok
    assert str(worst).startswith(f"{words}, p = ")


def test_without_anything_added_nothing_is_found() -> None:
    states, scene = sampled(lambda now, before, scene: np.zeros(4))
    small().certify(states, {"scene": scene}).raise_if_failed()


def test_shared_noise_is_found() -> None:
    rng = np.random.default_rng(0)
    J, states = small().couplings, np.zeros((1500, 4))
    for step in range(1, 1500):
        normal = rng.normal(size=4)
        normal[3] = 0.6 * normal[0] + 0.8 * normal[3]
        states[step] = CB.sample(J @ states[step - 1], scipy.stats.norm.cdf(normal))
    certificate = small().certify(states, {"scene": 0.0})
    worst: Any = certificate.worst
    assert worst.words == "left/a and right/d share noise within a step"
    assert certificate.level("left").together == worst.p_value
    assert certificate.level("left").inwards == 1.0


def test_a_leak_that_is_too_thin_for_each_is_found_for_the_partition_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    world = dp.Partition("world")
    for name in ("left", "right"):
        place = world.add_partition(name)
        for number in range(12):
            place.add_subparticle(f"a{number}")
    states = np.zeros((2500, 24))
    for step in range(1, 2500):
        theta = np.zeros(24)
        theta[:12] = 0.035 * states[step - 1, 12:].sum()
        states[step] = CB.sample(theta, rng.random(24))
    certificate = world.certify(states)
    worst: Any = certificate.worst
    assert worst.words == "left as a whole depends on what lies outside of its blanket"
    assert worst.kind == "inwards"
    assert worst.path == "left"
    # The same leak, seen from the other side.
    whole = {finding.kind: finding.path for finding in certificate.findings}
    assert whole["outwards"] == "right"


# ---------------------------------------------------------------------- levels


def test_what_a_blanket_shows_is_vacuous_for_the_partition_and_not_for_its_members() -> None:
    """a depends on the scene, which b beside it senses: a leak for a, and none for left."""
    states, scene = sampled(lambda now, before, scene: only(0, scene[0]))
    certificate = small().certify(states, {"scene": scene})
    assert certificate.findings[0].path == "left/a"
    left = certificate.level("left")
    assert left.inwards is not None
    assert left.inwards > 0.05
    # left/b shows itself to c, and is known; a is not, and nothing outside depends on it.
    assert left.outwards is not None
    assert left.outwards > 0.05
    # For right the scene is not in the blanket, but nothing there depends on it.
    assert certificate.level("right").inwards is not None
    # Outside of the world there is the scene alone, and b senses it. What it was before is not
    # shown; without asking for that nothing is left.
    certificate = small().certify(states, {"scene": scene}, functions=("state", "product"))
    assert certificate.level("").inwards is None
    assert certificate.level("").outwards is None
    assert "vacuous" in str(certificate)


def test_a_leak_across_a_border_is_one_of_the_level() -> None:
    states, scene = sampled(lambda now, before, scene: only(0, 1.5 * now[3]))
    certificate = small().certify(states, {"scene": scene})
    left, right = certificate.level("left"), certificate.level("right")
    assert left.inwards == right.outwards == certificate.p_values.min()
    assert left.outwards is not None
    assert left.outwards > 0.05
    with pytest.raises(dp.UnknownPathError, match="did you mean 'left'"):
        certificate.level("lefft")


def test_everything_shown_is_everything_vacuous() -> None:
    world = dp.from_couplings(0.3 * (np.ones((3, 3)) - np.eye(3)), name="net")
    run = dp.Simulator(world, seed=0).infer(steps=300, record="states")
    certificate = world.certify(run, functions="state")
    # Six couplings, and the evidence of each, are shown; what is left is its own last state.
    assert certificate.vacuous == 9
    assert set(certificate.statements.kinds.tolist()) == {0, 1}
    assert [level.inwards for level in certificate.levels] == [None, None]


# ---------------------------------------------------------------------- ways to call it


def test_chains_networks_and_arrays_are_one() -> None:
    world, scene = network(0), scenes(0)
    run = run_of(world, 0, 100, scene=scene)
    expected = world.certify(run, {"scene": scene}).statements.statistics
    for states in (run.states, run.states.tolist(), run.states.reshape(102, 2, 2, 6)):
        shaped = scene.reshape(2, 2, 1) if np.ndim(states) == 4 else scene
        found = world.certify(states, {"scene": shaped}).statements.statistics
        np.testing.assert_allclose(found, expected)


def test_precision_clock_and_time_are_those_of_the_run() -> None:
    world = network(0)
    simulator = dp.Simulator(world, chains=8, seed=0)
    clock = [1, 2, 1, 3, 1, 1]
    run = simulator.infer(
        {"scene": 0.0}, steps=400, burn_in=7, precision=0.7, clock=clock, record="states"
    )
    certificate = world.certify(run, {"scene": 0.0}, precision=np.full(6, 0.7), clock=clock, time=7)
    assert certificate.ok
    with pytest.raises(dp.SettingError, match="it is held in step"):
        world.certify(run, {"scene": 0.0}, precision=0.7, clock=clock)
    assert not world.certify(run, {"scene": 0.0}, clock=clock, time=7).ok
    with pytest.raises(dp.SettingError, match="one per subparticle"):
        world.certify(run, {"scene": 0.0}, clock=[1, 2], time=7)


def test_a_run_with_other_evidence_is_said_not_to_be_as_declared() -> None:
    world, scene = network(0, sense=1.0), 2.0 * scenes(0)
    certificate = world.certify(run_of(world, 0, 500, scene=scene), {"scene": 0.0})
    assert not certificate.ok
    assert "What ran is not what is declared" in str(certificate)


@pytest.mark.parametrize("correction", ["holm", "benjamini-hochberg", "none"])
def test_corrections(correction: str) -> None:
    world = network(0)
    certificate = world.certify(run_of(world, 0, 200), {"scene": 0.0}, correction=correction)
    raw = two_sided(certificate.statements.statistics)
    assert np.all(certificate.p_values >= raw - 1e-15)
    assert len(certificate.p_values) == len(certificate.statements)
    if correction == "none":
        np.testing.assert_array_equal(certificate.p_values, raw)
    assert repr(correction) in str(certificate)


def test_a_certificate_is_ordered_and_printable() -> None:
    states, scene = sampled(lambda now, before, scene: only(0, 1.5 * now[3]))
    certificate = small().certify(states, {"scene": scene}, significance=0.01)
    p_values = [finding.p_value for finding in certificate.findings]
    assert p_values == sorted(p_values)
    assert certificate.worst == certificate.findings[0]
    assert all(p <= 0.01 for p in p_values)
    text = str(certificate)
    assert "the one-step law is REJECTED" in text
    assert "! left/a depends on right/d although it does not sense it, p = " in text
    assert isinstance(certificate, Certificate)
    assert isinstance(certificate, dp.Certificate)
    with pytest.raises(AssertionError, match="left/a depends on right/d"):
        certificate.raise_if_failed()


def test_functions_are_chosen() -> None:
    world = network(0)
    run = run_of(world, 0, 100)
    certificate = world.certify(run, {"scene": 0.0}, functions=("state", "noise"))
    kinds = {KINDS[kind] for kind in certificate.statements.kinds.tolist()}
    assert kinds == {"declared", "state", "noise"}
    assert "not asked about: square, earlier, product, partition" in str(certificate)
    # 6 states and the scene, which did not vary.
    assert certificate.constant == 5


def test_short_runs_say_that_they_are_rough() -> None:
    world = network(0)
    assert "fewer than 200 transitions" in str(world.certify(run_of(world, 0, 10), {"scene": 0.0}))


def test_many_variables_are_not_multiplied_with_each_other() -> None:
    world = dp.from_couplings(np.zeros((20, 20)))
    run = dp.Simulator(world, seed=0).infer(steps=300, record="states")
    certificate = world.certify(run)
    assert "product" not in {KINDS[kind] for kind in certificate.statements.kinds.tolist()}
    assert certificate.ok


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_larger_networks(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    J = np.where(rng.random((24, 24)) < 0.15, rng.normal(size=(24, 24)), 0.0)
    np.fill_diagonal(J, 0.0)
    world = dp.from_couplings(J)
    evidence = rng.normal(size=(10, 24))
    sim = dp.Simulator(world, chains=10, seed=1, dtype=dtype)
    run = sim.infer(evidence, steps=100, record="states")
    certificate = world.certify(run, evidence)
    assert certificate.ok
    assert certificate.variables[3] == "the evidence of population/3"
    assert not world.certify(run, 1.5 * evidence).ok


# ---------------------------------------------------------------------- what is refused


def lawless(world: Any, run: Any) -> object:
    world["left/a0"]._bias = np.nan
    return world.certify(run, {"scene": 0.0})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda world, run: world["left"].certify(run),
            (
                "certify: a run is one of a whole world (got the partition 'left'). "
                "Mend: use world.certify(run).level('left')."
            ),
        ),
        (
            lambda world, run: world.certify(run, significance=5),
            "certify: the significance lies between 0 and 1 (got 5). Mend: give 0.05.",
        ),
        (
            lambda world, run: world.certify(run, functions=["states"]),
            "certify: functions are among 'state', 'square' ... (got 'states')",
        ),
        (
            lambda world, run: world.certify(run, correction="sidak"),
            "correction: the correction is one of 'holm', 'benjamini-hochberg', 'none'",
        ),
        (
            lambda world, run: world.certify(run, schedule="random"),
            "certify, schedule 'random': what each update saw can be told from the states",
        ),
        (
            lambda world, run: world.certify(
                dp.Simulator(world).infer(steps=9, mode="deterministic")
            ),
            "certify: new states are drawn, so that there is something to test",
        ),
        (
            lambda world, run: world.certify(
                dp.Simulator(world).learn([[0.0] * 6], learning_rate=0.1, record="states")
            ),
            "certify: couplings are frozen, as the world declares them (got a run of learning)",
        ),
        (lawless, "left/a0: the bias is finite (got nan)"),
    ],
)
def test_what_cannot_be_certified(call: Any, message: str) -> None:
    world = network(0)
    with pytest.raises(ValueError, match=says(message)):
        call(world, run_of(world, 0, 20))


class Noisy(dp.BoundaryConditional):
    """A boundary state that does not tell its source."""

    kind = "noisy, in a test of certificates"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def value(self, source_state: float) -> float:
        return self.weight * source_state

    def with_weight(self, weight: float) -> Noisy:
        return Noisy(weight)


def test_noisy_boundaries_are_refused() -> None:
    world = small()
    world["left/b"].sensory["left/a"].boundary.conditional = Noisy(1.0)
    with pytest.raises(dp.SettingError, match="every boundary state is a Dirac delta"):
        world.certify(np.zeros((5, 4)))


def test_too_many_statements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from deepparticle.partitions import certifying

    monkeypatch.setattr(certifying, "_MANY", 30)
    world = network(0)
    with pytest.raises(dp.SettingError, match="there are at most 30 statements about each"):
        world.certify(run_of(world, 0, 20), {"scene": 0.0})
