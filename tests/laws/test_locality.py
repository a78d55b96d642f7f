"""The law of locality: a subparticle reads its own blanket, and nothing else.

While one subparticle senses, infers, acts or learns, every read of another object is watched. It
may read itself, the boundary states that touch it, and, through such a boundary state, what the
state behind it shows. Everything else raises: other subparticles and external states, whatever is
asked of them, and the weights of other boundary states. So an honest subparticle passes, in any
world, and one that reads anything else fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.worlds import portrait, worlds_for

import deepparticle as dp
from deepparticle.blankets.boundary import ExplicitBoundary
from deepparticle.partitions.coupling_storage import CouplingStorage
from deepparticle.partitions.dense_couplings import DenseCouplings
from deepparticle.partitions.macroscale import MacroscaleState
from deepparticle.partitions.population import PopulationBoundary
from deepparticle.partitions.sparse_couplings import SparseCouplings

VERBS = ("sense", "infer", "diffuse", "act", "learn", "free_energy", "least_free_energy")
# What anyone may ask: what kind of thing it is, and what it shows to a boundary state.
PUBLIC = ("__class__", "is_external", "emission", "presynaptic")

every_schedule = pytest.mark.parametrize(
    "schedule", ["synchronous", "sequential", "chromatic", "random", "langevin"]
)


class NonLocalReadError(Exception):
    """A subparticle read something beyond its blanket."""


class Watch:
    """Who is acting now, through which boundary state it looks, and whom it has seen."""

    def __init__(self) -> None:
        self.actor: Any = None
        self.verb = ""
        self.seen_end: Any = None
        self.seen: list[tuple[str, str, str]] = []

    @contextmanager
    def acting(self, actor: Any, verb: str) -> Iterator[None]:
        self.actor, self.verb = actor, verb
        try:
            yield
        finally:
            self.actor = None

    @contextmanager
    def looking_at(self, end: Any) -> Iterator[None]:
        before, self.seen_end = self.seen_end, end
        try:
            yield
        finally:
            self.seen_end = before

    def refuse(self, what: str) -> None:
        raise NonLocalReadError(f"{self.actor._name} reads {what} to {self.verb}")

    def check_boundary(self, boundary: Any, what: str) -> None:
        if self.actor is not None and self.actor not in (boundary.source, boundary.target):
            with self.looking_at(None):
                self.refuse(f"{what} of a boundary state that does not touch it")


def watched_read(watch: Watch, original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Attribute access of a state (internal or external) under watch."""

    def read(end: Any, name: str) -> Any:
        if watch.actor is None:
            value = original(end, name)
            if name not in VERBS:
                return value

            def act(*arguments: Any, **named: Any) -> Any:
                with watch.acting(end, name):
                    return value(*arguments, **named)

            return act
        if end is watch.actor or end is watch.seen_end or name in PUBLIC:
            return original(end, name)
        return watch.refuse(f"{name} of {original(end, '_name')}")

    return read


def watched_show(watch: Watch, original: Any) -> Any:
    """What a state shows to a boundary state (`emission`, `presynaptic`) under watch."""

    def show(end: Any, boundary: Any) -> float:
        if watch.actor is not None:
            watch.check_boundary(boundary, "the source")
            if boundary.source is not end:
                watch.refuse("through a boundary state that comes from another")
            with watch.looking_at(end):
                watch.seen.append((watch.actor.path, watch.verb, end.path))
                return float(original(end, boundary))
        return float(original(end, boundary))

    return show


def watched_property(watch: Watch, original: Any, what: str) -> property:
    """A property of a boundary state under watch."""

    def read(boundary: Any) -> Any:
        watch.check_boundary(boundary, what)
        return original.fget(boundary)

    def write(boundary: Any, value: Any) -> None:
        watch.check_boundary(boundary, what)
        original.fset(boundary, value)

    return property(read, write)


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch every subparticle, external state and boundary state, in whatever world."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        for kind in (dp.Subparticle, dp.ExternalState):
            patch.setattr(kind, "emission", watched_show(watch, kind.emission))
            patch.setattr(kind, "presynaptic", watched_show(watch, kind.presynaptic))
            patch.setattr(kind, "__getattribute__", watched_read(watch, object.__getattribute__))
        for boundary in (ExplicitBoundary, MacroscaleState, PopulationBoundary):
            for what in ("conditional", "plastic"):
                watched = watched_property(watch, getattr(boundary, what), what)
                patch.setattr(boundary, what, watched)
        yield watch


# ---------------------------------------------------------------------- the honest ones


@every_schedule
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_every_step_of_every_generated_world_is_local(schedule: str, data: st.DataObject) -> None:
    world = data.draw(worlds_for(schedule))
    twin = world.copy()
    with watching():
        for seed in range(4):
            world.step(seed, schedule)
    for seed in range(4):
        twin.step(seed, schedule)
    assert portrait(world) == portrait(twin)  # watching changes nothing


def chain(kind: Callable[..., dp.Subparticle] = dp.Subparticle) -> dp.Partition:
    """a → b → c in two partitions; b is of that kind, senses the scene and acts on it."""
    world = dp.Partition("chain", learning_rate=0.1)
    left, right = world.add_partition("left"), world.add_partition("right")
    left.add_subparticle("a", bias=0.3, state=0.5)
    left._adopt(kind("b", bias=-0.2, state=-0.4))
    right.add_subparticle("c", bias=0.1, state=0.7)
    world.couple("left/a", "left/b", 0.8)
    world.couple("left/b", "right/c", -0.6)
    world.couple("right/c", "left/a", 0.4)
    world.couple("left/b", "left/a", 0.2)
    world.add_external("scene", 0.9)
    world.add_external("elsewhere", 0.9)
    world.sense("scene", "left/b")
    world.sense("elsewhere", "left/a")
    world.act("left/b", "scene")
    return world


def live(particle: dp.Subparticle) -> None:
    """All that one subparticle does in a step, by hand."""
    particle.sense()
    particle.infer(uniform=0.3)
    particle.act()
    particle.learn()
    particle.free_energy()
    particle.least_free_energy()


def test_a_subparticle_reads_exactly_what_its_boundary_states_come_from() -> None:
    world = chain()
    with watching() as watch:
        live(world["left/b"])
    assert watch.seen == [
        ("left/b", "sense", "left/a"),
        ("left/b", "sense", "scene"),
        ("left/b", "learn", "left/a"),
    ]


def test_clamped_evidence_is_not_read() -> None:
    world = chain()
    with watching() as watch:
        world["left/b"].sense(evidence=0.3)
    assert watch.seen == [("left/b", "sense", "left/a")]


@every_schedule
def test_the_objects_backend_is_local(schedule: str) -> None:
    world = chain()
    simulator = dp.Simulator(world, "objects", schedule, chains=2)
    with watching() as watch:
        simulator.infer(steps=3)
    a, b, c = "left/a", "left/b", "right/c"
    ends = {(a, b), (a, c), (b, a), (c, b)}
    assert {(actor, end) for actor, _, end in watch.seen} <= ends
    if schedule != "random":
        assert {(actor, end) for actor, _, end in watch.seen} == ends


# ---------------------------------------------------------------------- cheats


class ReadsAnotherState(dp.Subparticle):
    """Knows the state of c, with which it shares no sensory state."""

    def cheat(self) -> None:
        world: Any = self.root
        self._field += world["right/c"].state

    def infer(self, *given: float | None) -> float:
        self.cheat()
        return super().infer(*given)

    def diffuse(self, *given: float | None) -> float:
        self.cheat()
        return super().diffuse(*given)


class ReadsBehindItsBlanket(dp.Subparticle):
    """Asks its neighbour for its state, instead of its sensory state."""

    def sense(self, evidence: float | None = None) -> None:
        super().sense(evidence)
        source: Any = next(self.incoming()).source
        self._field = self._bias + source.state


class ReadsWhatIsNotShown(dp.Subparticle):
    """Asks its neighbour for its bias."""

    def sense(self, evidence: float | None = None) -> None:
        super().sense(evidence)
        source: Any = next(self.incoming()).source
        self._field += source.bias


class BorrowsABoundaryState(dp.Subparticle):
    """Asks c to show its state to a boundary state that comes from a."""

    def sense(self, evidence: float | None = None) -> None:
        super().sense(evidence)
        world: Any = self.root
        self._field += world["right/c"].emission(next(self.incoming()))


class ReadsAnotherBoundaryState(dp.Subparticle):
    """Looks at what c sends to a."""

    def sense(self, evidence: float | None = None) -> None:
        super().sense(evidence)
        self._field += PRIVATE["c to a"].state


class ReadsAnotherWeight(dp.Subparticle):
    """Normalises by a weight that is not its own."""

    def learn(self, learning_rate: float | None = None) -> None:
        rate = self.learning_rate if learning_rate is None else learning_rate
        super().learn(rate / (1.0 + abs(PRIVATE["c to a"].weight)))


class ReadsAnotherPlasticity(dp.Subparticle):
    """Learns only where others do."""

    def learn(self, learning_rate: float | None = None) -> None:
        if PRIVATE["c to a"].plastic:
            super().learn(learning_rate)


class ReadsItsSourcesOtherWeights(dp.Subparticle):
    """Learns by how strongly its neighbour is driven: a non-local rule."""

    def learn(self, learning_rate: float | None = None) -> None:
        source: Any = next(self.incoming()).source
        drive = sum(boundary.weight for boundary in source.incoming())
        super().learn(0.1 * drive)


class LearnsFromAnothersError(dp.Subparticle):
    """Learns from the prediction error of c, as backpropagation would."""

    def learn(self, learning_rate: float | None = None) -> None:
        target: Any = next(iter(self.outgoing())).target
        for boundary in self.incoming():
            boundary.learn(target.prediction_error, 0.1)


class LearnsFromTheMean(dp.Subparticle):
    """Learns from the size of the mean state of the world."""

    def learn(self, learning_rate: float | None = None) -> None:
        world: Any = self.root
        super().learn(abs(float(np.mean(world.states))))


class ReadsTheCouplings(dp.Subparticle):
    """Reads the whole matrix of couplings."""

    def cheat(self) -> None:
        world: Any = self.root
        self._field += float(world.couplings.sum())

    def infer(self, *given: float | None) -> float:
        self.cheat()
        return super().infer(*given)

    def diffuse(self, *given: float | None) -> float:
        self.cheat()
        return super().diffuse(*given)


class ReadsAnExternalState(dp.Subparticle):
    """Sees the scene itself, past its macro-scale sensory state."""

    def sense(self, evidence: float | None = None) -> None:
        super().sense(evidence)
        world: Any = self.root
        self._evidence = world["scene"].value


class ReadsAnExternalStateItDoesNotSense(dp.Subparticle):
    """Sees what only a senses."""

    def sense(self, evidence: float | None = None) -> None:
        super().sense(evidence)
        self._evidence += PRIVATE["elsewhere to a"].state


class MakesAnotherLearn(dp.Subparticle):
    """Reaches into c."""

    def learn(self, learning_rate: float | None = None) -> None:
        world: Any = self.root
        world["right/c"].learn(0.1)


PRIVATE: dict[str, Any] = {}
CHEATS = {
    ReadsAnotherState: "b reads state of c to (infer|diffuse)",
    ReadsBehindItsBlanket: "b reads state of a to sense",
    ReadsWhatIsNotShown: "b reads bias of a to sense",
    BorrowsABoundaryState: "b reads through a boundary state that comes from another to sense",
    ReadsAnotherBoundaryState: "b reads conditional of a boundary state that does not touch it",
    ReadsAnotherWeight: "b reads conditional of a boundary state that does not touch it to learn",
    ReadsAnotherPlasticity: "b reads plastic of a boundary state that does not touch it to learn",
    ReadsItsSourcesOtherWeights: "b reads incoming of a to learn",
    LearnsFromAnothersError: "b reads prediction_error of c to learn",
    LearnsFromTheMean: "b reads state of a to learn",
    ReadsTheCouplings: "b reads (_incoming of a|conditional of a boundary.*) to (infer|diffuse)",
    ReadsAnExternalState: "b reads value of scene to sense",
    ReadsAnExternalStateItDoesNotSense: "b reads conditional of a boundary state",
    MakesAnotherLearn: "b reads learn of c to learn",
}


@pytest.mark.parametrize("kind", [dp.Subparticle, *CHEATS], ids=lambda kind: kind.__name__)
@every_schedule
def test_only_the_honest_subparticle_passes(
    kind: type[dp.Subparticle], schedule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = chain(kind)
    a = world["left/a"]
    monkeypatch.setitem(PRIVATE, "c to a", a.sensory["right/c"].boundary)
    monkeypatch.setitem(PRIVATE, "elsewhere to a", a.sensory["elsewhere"].boundary)
    assert [leaf.path for leaf in world.subparticles] == ["left/a", "left/b", "right/c"]

    def steps() -> None:
        for seed in range(8):  # the random schedule may skip b for a while
            world.step(seed, schedule)

    if kind is dp.Subparticle:
        with watching():
            steps()
        return
    with watching(), pytest.raises(NonLocalReadError, match=CHEATS[kind]):
        steps()
    # What it does is no error by itself: it is the watch that finds it out.
    steps()


# ---------------------------------------------------------------------- boundary states that cheat


class Gossip(ExplicitBoundary):
    """A boundary state that learns from another boundary state of its target."""

    __slots__ = ()

    def increment(self, error: float, rate: float) -> float:
        gossip: float = PRIVATE["c to a"].weight
        return super().increment(error, rate) * gossip


class Spy(ExplicitBoundary):
    """A boundary state that shows what its source's neighbour does."""

    __slots__ = ()

    @property
    def state(self) -> float:
        source: Any = self.source
        heard: float = next(source.incoming()).source.state
        return super().state + heard


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (ExplicitBoundary, None),
        (Gossip, "b reads conditional of a boundary state that does not touch it to learn"),
        (Spy, "b reads incoming of a to sense"),
    ],
)
def test_only_the_honest_boundary_state_passes(
    kind: type[ExplicitBoundary], found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = chain()
    world.uncouple("left/a", "left/b")
    monkeypatch.setattr("deepparticle.partitions.wiring.ExplicitBoundary", kind)
    world.couple("left/a", "left/b", 0.8)
    monkeypatch.setitem(PRIVATE, "c to a", world["left/a"].sensory["right/c"].boundary)
    with watching():
        if found is None:
            live(world["left/b"])
        else:
            with pytest.raises(NonLocalReadError, match=found):
                live(world["left/b"])


# ---------------------------------------------------------------------- populations


class WatchedRows:
    """The numbers of a population, one per member, of which each member reads its own."""

    def __init__(self, watch: Watch, values: Any) -> None:
        self._watch, self._values = watch, values

    def _check(self, row: Any) -> None:
        actor, end = self._watch.actor, self._watch.seen_end
        if actor is not None and row not in (actor.row, None if end is None else end.row):
            self._watch.refuse(f"row {row} of its population")

    def __getitem__(self, row: Any) -> Any:
        self._check(row)
        return self._values[row]

    def __setitem__(self, row: Any, value: float) -> None:
        self._check(row)
        self._values[row] = value

    def __array__(self, *arguments: Any, **named: Any) -> Any:
        if self._watch.actor is not None:
            self._watch.refuse("all of its population")
        return self._values


class WatchedWeights(WatchedRows):
    """The couplings of a population, of which each member reads its own row and column."""

    def _check(self, row: Any) -> None:
        actor = self._watch.actor
        if actor is not None and actor.row not in row:
            self._watch.refuse(f"entry {row} of the couplings")


class WatchedStorage:
    """Where a population keeps its couplings, of which each member asks for its own."""

    def __init__(self, watch: Watch, storage: CouplingStorage) -> None:
        self._watch, self._storage = watch, storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    @property
    def weights(self) -> WatchedWeights:
        return WatchedWeights(self._watch, self._storage.weights)

    def weight(self, row: int, column: int) -> float:
        self.weights._check((row, column))
        return self._storage.weight(row, column)

    def set_weight(self, row: int, column: int, weight: float) -> None:
        self.weights._check((row, column))
        self._storage.set_weight(row, column, weight)


def watch_arrays(watch: Watch, population: Any) -> None:
    population.cells = {
        cell: WatchedRows(watch, values) for cell, values in population.cells.items()
    }
    population.storage = WatchedStorage(watch, population.storage)


def member_reading(cheat: Callable[[Any], float]) -> Any:
    def learn(leaf: Any, learning_rate: float | None = None) -> None:
        cheat(leaf)

    return learn


def trio() -> dp.Partition:
    return dp.from_couplings(
        [[0.0, 0.5, 0.0], [0.2, 0.0, -0.4], [0.3, 0.1, 0.0]], bias=0.2, learning_rate=0.1
    )


@every_schedule
@pytest.mark.parametrize("form", [DenseCouplings, SparseCouplings])
def test_members_of_a_population_read_their_own_rows_of_its_arrays(
    schedule: str, form: type
) -> None:
    world, twin = trio(), trio()
    if form is SparseCouplings:
        targets, sources, weights, _ = world["population"].storage.entries()
        world["population"].storage = SparseCouplings(3, targets, sources, weights, True)
    with watching() as watch:
        watch_arrays(watch, world["population"])
        for seed in range(4):
            world.step(seed, schedule)
    for seed in range(4):
        twin.step(seed, schedule)
    np.testing.assert_array_equal(world.couplings, twin.couplings)
    np.testing.assert_array_equal(world.states, twin.states)


@pytest.mark.parametrize(
    ("cheat", "found"),
    [
        (lambda leaf: leaf.population.cells["_state"][(leaf.row + 1) % 3], "row 1 of its popul"),
        (lambda leaf: np.mean(leaf.population.cells["_state"]), "all of its population"),
        (lambda leaf: leaf.population.weights[1, 2], r"entry \(1, 2\) of the couplings"),
        (lambda leaf: leaf.population[2].state, "reads state of 2 to learn"),
    ],
)
def test_a_member_of_a_population_that_reads_other_rows_is_found_out(
    cheat: Callable[[Any], float], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = trio()
    monkeypatch.setattr(dp.Subparticle, "learn", member_reading(cheat))
    with watching() as watch:
        watch_arrays(watch, world["population"])
        with pytest.raises(NonLocalReadError, match=found):
            world.step(0)
