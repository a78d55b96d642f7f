"""The flows: what they may depend on, and that they are those of a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import Case, example, is_complete, says
from support.worlds import SMOOTH, worlds

import deepparticle as dp

KINDS = ("external", "sensory", "active", "internal")
LAWFUL = {
    "external": {"external", "sensory", "active"},
    "sensory": {"external", "sensory", "active"},
    "active": {"sensory", "active", "internal"},
    "internal": {"sensory", "active", "internal"},
}


def drift(value: Any, actions: Any, rng: np.random.Generator) -> Any:
    return 0.9 * value + 0.1 * actions.sum() + 0.2 * np.tanh(value)


def places(world: dp.Partition) -> list[Any]:
    """The partitions, populations and subparticles of a world, itself included."""
    inside = [member for member in world.walk() if not member.is_external]
    return [world, *inside]


def jacobian(flows: dp.Flows) -> dict[tuple[str, str], Any]:
    """The change of each flow with each kind of state, by central differences."""
    now = np.concatenate(flows.now)
    cuts = np.cumsum(flows.sizes)[:-1]
    step = 1e-6

    def whole(states: Any) -> Any:
        return np.concatenate(flows(*np.split(states, cuts, axis=-1)), axis=-1)

    shifts = step * np.eye(now.size)
    change = (whole(now + shifts) - whole(now - shifts)) / (2 * step)  # column, row
    edges = [0, *cuts.tolist(), now.size]
    spans = {kind: slice(*edges[n : n + 2]) for n, kind in enumerate(KINDS)}
    return {
        (flow, argument): change[spans[argument], spans[flow]].T
        for flow in KINDS
        for argument in KINDS
    }


@settings(max_examples=40, deadline=None)
@given(worlds(), st.data())
def test_flows_depend_on_their_lawful_arguments_only(world: dp.Partition, data: Any) -> None:
    for external in world.externals:
        external.process = data.draw(st.sampled_from([None, drift]))
    flows = world.flows(data.draw(st.sampled_from(places(world))))
    for (flow, argument), block in jacobian(flows).items():
        if argument not in LAWFUL[flow]:
            assert not np.any(block), (flow, argument)


def around() -> dp.Partition:
    """A brain of two, a body, and two external states: all four kinds of states are there."""
    world = dp.Partition("world", precision=0.8)
    brain = world.add_partition("brain")
    a, b = brain.add_subparticle("a", bias=0.3), brain.add_subparticle("b", state=-0.4)
    body = world.add_subparticle("body", state=0.7)
    brain.couple(a, b, 0.5)
    brain.couple(b, a, -0.9)
    world.couple(body, a, 1.1)
    world.couple(b, body, 0.7)
    scene = world.add_external("scene", 0.5, drift)
    place = world.add_external("place")
    world.sense(scene, a, 2.0)
    world.sense(place, [b, body], [1.0, -1.0])
    place.value = [0.2, -0.3]
    world.act([a, body], scene, [0.4, -0.6])
    return world


def test_where_the_law_allows_it_flows_do_depend() -> None:
    found = jacobian(around().flows("brain"))
    seen = {key for key, block in found.items() if np.any(np.abs(block) > 1e-3)}
    assert seen == {
        ("external", "external"),
        ("external", "active"),
        ("sensory", "external"),
        ("sensory", "active"),
        ("sensory", "sensory"),
        ("active", "sensory"),
        ("active", "active"),
        ("active", "internal"),
        ("internal", "sensory"),
        ("internal", "internal"),
    }


def test_names_sizes_and_values() -> None:
    flows = around().flows("brain")
    assert flows.names.external == ("body", "scene", "place[0]", "place[1]")
    assert flows.names.sensory == ("body→brain/a", "scene→brain/a", "place→brain/b")
    assert flows.names.active == ("brain/a→scene", "brain/b→body")
    assert flows.names.internal == ("brain/a", "brain/b")
    assert flows.sizes == (4, 3, 2, 2)
    np.testing.assert_allclose(flows.now.external, [0.7, 0.5, 0.2, -0.3])
    np.testing.assert_allclose(flows.now.sensory, [0.77, 1.0, 0.2])
    np.testing.assert_allclose(flows.now.active, [0.0, -0.28])
    assert repr(flows) == (
        "<synchronous flows of 'brain': 4 external, 3 sensory, 2 active, 2 internal>"
    )


@settings(max_examples=40, deadline=None)
@given(worlds(), st.data())
def test_the_flows_are_the_changes_in_a_synchronous_step(world: dp.Partition, data: Any) -> None:
    for external in world.externals:
        external.process = data.draw(st.sampled_from([None, drift]))
    for member in (world, *world.walk()):  # flows are those of states that are due
        member.clock = None
    member = data.draw(st.sampled_from(places(world)))
    flows = world.flows(member)
    eta, s, a, mu = flows.now
    macro = np.array([v.boundary.kind == "sensory" for v in world.blanket(member).sensory], bool)
    outer = len(world.subparticles) - len(mu)
    # External states answer first, and are sensed as they are then.
    moved, sensed = eta.copy(), s.copy()
    moved[outer:] += flows.external(eta, s, a)[outer:]
    sensed[macro] += flows.sensory(eta, s, a)[macro]
    world.step(mode="deterministic", learn=False)
    now = world.flows(member).now
    np.testing.assert_allclose(mu + flows.internal(sensed, a, mu), now.internal, atol=1e-12)
    np.testing.assert_allclose(a + flows.active(sensed, a, mu), now.active, atol=1e-12)
    moved[:outer] += flows.external(moved, s, a)[:outer]
    np.testing.assert_allclose(moved, now.external, atol=1e-12)
    micro = flows.sensory(np.concatenate([eta[:outer], moved[outer:]]), s, a)[~macro]
    np.testing.assert_allclose(s[~macro] + micro, now.sensory[~macro], atol=1e-12)


def test_noise_inside_is_averaged_and_noise_of_the_border_is_given() -> None:
    world = dp.Partition("world")
    left, right = world.add_partition("left", precision=1.4), world.add_partition("right")
    a, b = left.add_subparticle("a", bias=0.3), left.add_subparticle("b", bias=-0.2)
    c = right.add_subparticle("c")
    for source, target, weight, sd in ((a, b, 1.5, 2.0), (c, a, -0.8, 1.0)):
        world.couple(source, target, weight).conditional = dp.GaussianBoundary(weight, sd)
    world.couple(b, c, 0.6)
    mean, z = dp.ContinuousBernoulli().mean, np.linspace(-9.0, 9.0, 40_001)
    density = np.exp(-z * z / 2.0) / np.exp(-z * z / 2.0).sum()
    states = {"a": 0.4, "b": -0.1, "c": 0.7}
    through = float(density @ mean(1.4 * (-0.2 + 1.5 * 0.4 + 2.0 * z)))
    shown = -1.9  # whatever the noise made of -0.8 × 0.7
    inside = world.flows("left").internal([shown], [0.6 * -0.1], [0.4, -0.1])
    expected = [mean(1.4 * (0.3 + shown)) - states["a"], through - states["b"]]
    np.testing.assert_allclose(inside, expected, atol=1e-9)
    # From the other side, a and b are outside, and the same holds for them.
    outside = world.flows("right").external([0.4, -0.1], [0.6 * -0.1], [shown])
    np.testing.assert_allclose(outside, expected, atol=1e-9)
    # Of the whole, nothing crosses a border: a is averaged as well.
    whole = world.flows().internal([], [], [0.4, -0.1, 0.7])
    averaged = float(density @ mean(1.4 * (0.3 - 0.8 * 0.7 + 1.0 * z)))
    assert whole[0] == pytest.approx(averaged - 0.4, abs=1e-9)
    # It is the expected change: 40 000 steps from there.
    sim = dp.Simulator(world, chains=40_000, seed=0)
    after = sim.infer(steps=1, start=[0.4, -0.1, 0.7], record="states").states[-1]
    error = after.std(axis=0) / 200.0
    assert np.all(np.abs(after.mean(axis=0) - [0.4, -0.1, 0.7] - whole) < 4.0 * error)


@settings(max_examples=40, deadline=None)
@given(worlds(distributions=SMOOTH, externals=False, settings=False), st.data())
def test_langevin_flows_are_the_drift(world: dp.Partition, data: Any) -> None:
    # c + Kσ with c = βb, K = βJ, and -σ/v for Gaussian states.
    member = data.draw(st.sampled_from(places(world)))
    flows = world.flows(member, "langevin")
    beta = np.array([leaf.precision for leaf in world.subparticles])
    drift = beta * (world.biases + world.couplings @ world.states)
    for row, leaf in enumerate(world.subparticles):
        if isinstance(leaf.distribution, dp.Gaussian):
            drift[row] -= leaf.state / leaf.distribution.base_variance
    at = {leaf.path: row for row, leaf in enumerate(world.subparticles)}
    eta, s, a, mu = flows.now
    for names, found in (
        (flows.names.external, flows.external(eta, s, a)),
        (flows.names.internal, flows.internal(s, a, mu)),
    ):
        np.testing.assert_allclose(found, drift[[at[name] for name in names]], atol=1e-12)
    views = world.blanket(member)
    for boundaries, found in (
        ([view.boundary for view in views.sensory], flows.sensory(eta, s, a)),
        ([view.boundary for view in views.active], flows.active(s, a, mu)),
    ):
        expected = [one.weight * drift[at[one.source.path]] for one in boundaries]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_states_may_have_leading_axes() -> None:
    flows = around().flows("brain")
    rng = np.random.default_rng(3)
    states = [rng.uniform(-1, 1, size=(2, 3, size)) for size in flows.sizes]
    whole = flows(*states)
    for at in np.ndindex(2, 3):
        single = flows(*(part[at] for part in states))
        for many, one in zip(whole, single, strict=True):
            np.testing.assert_allclose(many[at], one, atol=1e-15)


def test_random_answers_are_averaged() -> None:
    def noisy(value: Any, actions: Any, rng: np.random.Generator) -> Any:
        return 0.5 * value + rng.normal()

    world = around()
    world["scene"].process = noisy
    one, many = world.flows("brain"), world.flows("brain", draws=4000)
    eta, s, a, _ = one.now
    assert np.array_equal(one.external(eta, s, a), one.external(eta, s, a))  # a function
    assert abs(many.external(eta, s, a)[1] - (0.5 - 1.0) * 0.5) < 4 / np.sqrt(4000)


def test_a_population_and_the_whole() -> None:
    world = dp.from_couplings(np.array([[0.0, 0.5], [0.2, 0.0]]), bias=0.1)
    for member, inside in ((None, 2), ("population", 2), ("population/1", 1)):
        flows = world.flows(member)
        assert len(flows.names.internal) == inside
        assert flows.now.external.shape == (3 - inside,)
    assert world.add_partition("empty").flows().internal([], [], []).shape == (0,)


ERRORS: dict[str, Case] = {
    "an external state": (
        dp.PartitionError,
        lambda w: w.flows("scene"),
        "scene: a particle has a blanket (got an external state). Mend: ask for the blanket of a",
    ),
    "an unknown path": (
        dp.UnknownPathError,
        lambda w: w.flows("brian"),
        "world: a path names an existing object (got 'brian'). Mend: did you mean 'brain",
    ),
    "an unknown kind": (
        dp.SettingError,
        lambda w: w.flows("brain", "gradient"),
        "flows of 'brain': the kind is one of 'synchronous', 'langevin' (got 'gradient')",
    ),
    "no draws": (
        dp.SettingError,
        lambda w: w.flows("brain", draws=0),
        "flows of 'brain': draws is a whole number ≥ 1 (got 0). Mend: give draws=1, for example.",
    ),
    "states of another number": (
        dp.SettingError,
        lambda w: w.flows("brain").internal([0.1, 0.2], [0.0], [0.0, 0.0]),
        (
            "the flows of 'brain': the sensory states have shape (…, 1) (got shape (2,)). Mend: "
            "give one number for each of flows.names.sensory."
        ),
    ),
    "states that are words": (
        dp.SettingTypeError,
        lambda w: w.flows("brain").internal("up", [0.0], [0.0, 0.0]),
        "the flows of 'brain': the sensory states are numbers (got 'up'). Mend: give floats.",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    kind, act, message = ERRORS[name]
    with pytest.raises(kind, match=says(message)) as caught:
        act(example())
    assert is_complete(caught.value)
