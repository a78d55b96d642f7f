"""Learning rules: what each asks for, on every backend, and which backend refuses which."""

from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.agents.learning import learning_rule_named, register_learning_rule
from deepparticle.blankets._types import FloatArray
from deepparticle.compile.backends.choosing import installed_backends

CB = dp.ContinuousBernoulli()
BIAS = np.array([0.3, -0.1, 0.2])
J = np.array([[0.0, 0.5, -0.3], [0.2, 0.0, 0.9], [-0.4, 0.1, 0.0]])
U = np.array([0.4, -1.0, 0.2])
START = np.array([0.5, -0.7, 0.1])
RATE = 0.1
BUILT_IN = ("published", "previous-presynaptic", "hebbian", "frozen")

every_backend = pytest.mark.parametrize("backend", ["objects", *installed_backends()])
every_rule = pytest.mark.parametrize("rule", BUILT_IN)
every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)


@register_learning_rule("decay towards 0, in a test", looks_back=False)
def decay(state: Any, prediction: Any, source: Any, previous: Any, weight: Any) -> Any:
    return (state - prediction) * source - 0.5 * weight


@register_learning_rule("temporal difference, in a test")
def temporal_difference(
    state: Any, prediction: Any, source: Any, previous: Any, weight: Any
) -> Any:
    return state * (source - previous)


OWN = ("decay towards 0, in a test", "temporal difference, in a test")


def net(**settings: Any) -> dp.Partition:
    return dp.from_couplings(J, bias=BIAS, name="net", **settings)


def learned(backend: str, rule: Any, schedule: str = "synchronous", **options: Any) -> FloatArray:
    """The change of J in one step from START."""
    settings = {"learning_rate": RATE, "stream": "shared", "seed": 4, **options}
    simulator = dp.Simulator(net(), backend, schedule, **settings)
    simulator.state = START
    simulator.learn(U, steps=1, learning_rule=rule, record=())
    change: FloatArray = simulator.couplings - J
    return change


# ---------------------------------------------------------------------- formulas


@every_backend
@every_rule
def test_a_synchronous_step_asks_for_what_the_rule_says(backend: str, rule: str) -> None:
    uniforms = np.random.default_rng(4).random(3)
    field = BIAS + J @ START
    new, prediction = CB.sample(field + U, uniforms), CB.mean(field)
    asked = {
        "published": np.outer(new - prediction, new),
        "previous-presynaptic": np.outer(new - prediction, START),
        "hebbian": np.outer(new, new),
        "frozen": np.zeros((3, 3)),
    }[rule]
    np.fill_diagonal(asked, 0.0)
    np.testing.assert_allclose(learned(backend, rule), RATE * asked, atol=1e-15)


@pytest.mark.parametrize("backend", ["objects", "numpy"])
def test_in_a_scan_the_previous_state_is_the_one_that_was_seen(backend: str) -> None:
    # Row 2 saw the new states of rows 0 and 1; row 0 the old ones of both.
    uniforms = np.random.default_rng(4).random(3)
    state, expected = START.copy(), np.zeros((3, 3))
    for row in range(3):
        field = BIAS[row] + J[row] @ state
        seen = state.copy()
        state[row] = CB.sample(field + U[row], uniforms[row])
        expected[row] = (state[row] - CB.mean(field)) * seen
    np.fill_diagonal(expected, 0.0)
    change = learned(backend, "previous-presynaptic", "sequential")
    np.testing.assert_allclose(change, RATE * expected, atol=1e-15)


def test_the_previous_state_makes_it_the_gradient_of_the_log_likelihood() -> None:
    # ∂ ln p(σ'_i; h_i)/∂J_ij, by differences.
    uniforms = np.random.default_rng(4).random(3)
    new = CB.sample(BIAS + J @ START + U, uniforms)

    def likelihood(couplings: FloatArray) -> float:
        field = BIAS + couplings @ START
        return float(np.sum(field * new - CB.log_partition(field)))

    gradient = np.zeros((3, 3))
    for at in np.argwhere(~np.eye(3, dtype=bool)).tolist():
        move = np.zeros((3, 3))
        move[tuple(at)] = 1e-5
        gradient[tuple(at)] = (likelihood(J + move) - likelihood(J - move)) / 2e-5
    np.testing.assert_allclose(learned("numpy", "previous-presynaptic"), RATE * gradient, atol=1e-9)
    assert np.abs(learned("numpy", "published") - RATE * gradient).max() > 1e-2


# ---------------------------------------------------------------------- all backends are equal


@every_schedule
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("rule", [*BUILT_IN, *OWN, "mixed"])
def test_objects_and_numpy_learn_the_same(rule: str, layout: str, schedule: str) -> None:
    given = [BUILT_IN[1], OWN[1], BUILT_IN[2]] if rule == "mixed" else rule
    for axes in ({}, {"chains": 3, "networks": 2}):
        options: dict[str, Any] = {"layout": layout, "clock": [1, 2, 1], **axes}
        now = []
        for backend in ("objects", "numpy"):
            made = dp.Simulator(net(), backend, schedule, learning_rate=RATE, seed=4, **options)
            made.learn(U, steps=4, learning_rule=given, record=())
            now.append(made.variables.couplings)
        np.testing.assert_allclose(now[0], now[1], atol=1e-12)
        unchanged = bool(np.all(now[1] == made.program.couplings))
        assert unchanged == (rule == "frozen")


AXES: tuple[dict[str, Any], ...] = ({}, {"networks": 2, "chains": 3})
KERNELS = {
    "native": [
        (schedule, layout)
        for schedule in ("synchronous", "sequential", "langevin")
        for layout in ("dense", "sparse")
    ],
    "jax": [("synchronous", "dense"), ("langevin", "dense")],  # each is compiled anew
}


@pytest.mark.parametrize("backend", [name for name in installed_backends() if name in KERNELS])
@every_rule
def test_compiled_backends_learn_the_same(backend: str, rule: str) -> None:
    rng = np.random.default_rng(0)
    couplings = rng.normal(size=(70, 70)) * ~np.eye(70, dtype=bool) / 8
    world = dp.from_couplings(couplings, bias=rng.normal(size=70))
    evidence = rng.normal(size=70)
    for schedule, layout in KERNELS[backend]:
        if rule == "previous-presynaptic" and schedule == "sequential":
            continue
        for axes in AXES:
            now = []
            for name in ("numpy", backend):
                made = dp.Simulator(
                    world, name, schedule, layout=layout, stream="shared", seed=1, **axes
                )
                made.learn(evidence, steps=2, learning_rate=0.05, learning_rule=rule, record=())
                made.learn(evidence, steps=1, learning_rate=0.05, record=())  # and goes on
                now.append(made.variables)
            np.testing.assert_allclose(now[1].couplings, now[0].couplings, atol=1e-12)


def test_many_chains_by_products_look_back_too() -> None:
    pytest.importorskip("numba")
    couplings = np.random.default_rng(0).normal(size=(600, 600)) * ~np.eye(600, dtype=bool) / 25
    world, now = dp.from_couplings(couplings), []
    for name in ("numpy", "native"):
        made = dp.Simulator(world, name, chains=50, stream="shared", seed=1)
        made.learn(
            np.ones(600),
            steps=2,
            learning_rate=0.05,
            learning_rule="previous-presynaptic",
            record=(),
        )
        now.append(made.couplings)
    np.testing.assert_allclose(now[1], now[0], atol=1e-12)


# ---------------------------------------------------------------------- where it is set


@every_backend
def test_the_innermost_setting_wins_and_a_call_overrides_it(backend: str) -> None:
    if backend in ("native", "jax"):
        rules = ["hebbian", "hebbian", "frozen"]
    else:
        rules = ["hebbian", "published", "frozen"]
    world = dp.Partition("world", learning_rule=rules[1], learning_rate=RATE)
    inner = world.add_partition("inner", learning_rule="hebbian")
    a, b = inner.add_subparticle("a", bias=0.3), world.add_subparticle("b")
    c = world.add_subparticle("c", learning_rule="frozen")
    world.couple_all(0.4)
    assert [one.learning_rule for one in (a, b, c)] == rules
    assert dp.lower(world).learning_rule.tolist() == rules
    options: dict[str, Any] = {"backend": backend, "stream": "shared"}
    of_world = dp.Simulator(world, **options)
    own = dp.Simulator(world, learning_rule=rules, **options)
    for simulator in (of_world, own):
        simulator.learn(np.zeros(3), steps=3)
    np.testing.assert_array_equal(of_world.couplings, own.couplings)
    assert np.array_equal(own.couplings[2], [0.4, 0.4, 0.0])
    assert not np.array_equal(own.couplings[0], [0.0, 0.4, 0.4])
    before = own.couplings
    own.learn(np.zeros(3), steps=3, learning_rule="frozen")
    np.testing.assert_array_equal(own.couplings, before)


def test_a_world_by_hand_learns_by_its_rule_and_remembers_it_in_files(tmp_path: Any) -> None:
    world = dp.from_couplings(J, bias=BIAS, learning_rule="previous-presynaptic", learning_rate=0.1)
    simulator = dp.Simulator(world, seed=2)
    world.save(tmp_path / "world.json")
    again = dp.load(tmp_path / "world.json")
    assert again.learning_rule == "previous-presynaptic"
    for one in (world, again):
        rng = np.random.default_rng(2)
        for _ in range(5):
            one.step(rng)
    simulator.learn(np.zeros(3), steps=5)
    np.testing.assert_allclose(world.couplings, simulator.couplings, atol=1e-12)
    np.testing.assert_array_equal(again.couplings, world.couplings)


def test_what_was_not_sensed_yet_counts_as_it_is() -> None:
    world = dp.Partition("world", learning_rule="previous-presynaptic")
    a, b = world.add_subparticle("a", state=0.5), world.add_subparticle("b", state=0.2)
    boundary = world.couple(a, b, 1.0)
    b.learn(0.1)
    assert boundary.weight == pytest.approx(1.0 + 0.1 * 0.2 * 0.5)


# ---------------------------------------------------------------------- refusals


def test_compiled_backends_refuse_rules_that_they_do_not_know() -> None:
    for backend in installed_backends():
        if backend == "numpy":
            continue
        simulator = dp.Simulator(net(), backend, "sequential", learning_rate=RATE)
        for rule, reason in (
            (OWN[0], f"it knows no '{OWN[0]}'"),
            ("previous-presynaptic", "no 'previous-presynaptic' in the sequential schedule"),
            (["hebbian", "published", "frozen"], "one rule for all rows, not 'hebbian' and 'pub"),
        ):
            message = rf"learn: backend '{backend}' can learn by the rule \(got .*{reason}"
            with pytest.raises(dp.SettingError, match=message):
                simulator.learn(U, learning_rule=rule)
        simulator.learn(U, learning_rule=["hebbian", "hebbian", "frozen"])
    assert dp.Simulator(net(learning_rule=OWN[0]), "auto").backend == "numpy"


def test_verify_leaves_out_what_a_backend_refuses() -> None:
    world = net(learning_rule=OWN[1])
    assert dp.verify(world, steps=2).ok
    for backend in installed_backends():
        if backend != "numpy":
            found = dp.verify(world, steps=2, backends=(backend,))
            assert any("can learn by the rule" in note for note in found.notes)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hebian", r"'frozen'.* \(got 'hebian'\)\. Mend: did you mean 'hebbian'\?"),
        (3, "learning_rule is one of 'published'"),
        (["published"] * 2, r"learning_rule is a name, or 3 of them \(got 2 names\)"),
    ],
)
def test_rules_that_cannot_be(value: Any, message: str) -> None:
    with pytest.raises(dp.SettingError, match=message):
        dp.Simulator(net(), learning_rule=value)
    with pytest.raises(dp.SettingError, match=message):
        dp.Simulator(net(), learning_rate=RATE).learn(U, learning_rule=value)


def test_names_are_checked_where_rules_are_made_and_set() -> None:
    with pytest.raises(dp.SettingError, match="'published' comes with the library"):
        register_learning_rule("published")
    with pytest.raises(dp.SettingTypeError, match="a rule has a name"):
        register_learning_rule(decay)
    with pytest.raises(dp.SettingTypeError, match="a rule is a function"):
        register_learning_rule("nothing")(3)  # type: ignore[arg-type]
    with pytest.raises(dp.SettingError, match=r"^brain: the learning_rule is one of"):
        dp.Partition("brain", learning_rule="nothing")
    with pytest.raises(dp.SettingError, match="the learning_rule is one of"):
        learning_rule_named("nothing")
