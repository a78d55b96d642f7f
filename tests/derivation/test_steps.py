"""Every step of the derivation: its proof, its check, its counter-example, its figure."""

import re
import sys
import unicodedata
from typing import Any

import networkx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.errors import is_complete, says
from support.worlds import worlds

import deepparticle as dp
from deepparticle.derivation import STEPS, Step
from deepparticle.derivation.check import compared
from deepparticle.derivation.example import example_world
from deepparticle.derivation.text import WIDTH

each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)

slow_to_draw = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


# ------------------------------------------------------------------------------ the argument


def test_the_argument_goes_forward() -> None:
    seen: set[str] = set()
    for step in STEPS:
        assert set(step.rests_on) <= seen, step.name
        seen.add(step.name)
    graph = dp.derivation.dependencies()
    assert networkx.is_directed_acyclic_graph(graph)
    assert set(graph) == seen
    assert set(networkx.get_node_attributes(graph, "title").values()) == {s.title for s in STEPS}


def test_every_assumption_is_used_and_known() -> None:
    used = {name for step in STEPS for name in step.assumptions}
    assert used == set(dp.derivation.ASSUMPTIONS)


@each_step
def test_a_step_says_what_it_is(step: Step) -> None:
    assert 200 <= len(step.statement) <= 1200
    assert step.equation
    assert step.latex.count("{") == step.latex.count("}")
    assert "$" not in step.latex
    assert step.source
    assert (step.condition is None) == (step.refuting is None)
    assert step.title in str(step)
    assert step.title in step._repr_markdown_()
    assert all(len(line) <= 100 for line in str(step).splitlines())


# Letters that are no quantities: indices, Euler's number, differentials, functions, words.
NO_SYMBOLS = {"i", "j", "e", "d", "ds", "exp", "ln", "sinh", "coth"}


def letters(equation: str) -> set[str]:
    """The symbols of an equation without their subscripts, dots, daggers and primes."""
    plain = re.sub(r"_[^\W\d_]+|_\\|_{[^}]*}", "", unicodedata.normalize("NFD", equation))
    found = set(re.findall(r"[^\W\d_]+", plain))
    words = {one for one in found if len(one) >= 3 and one.isascii()}
    shorts = {"all", "at", "in", "of", "one", "to", "a", "from", "its"}
    quantities = found - words - shorts - NO_SYMBOLS
    single = {letter for one in quantities for letter in split(one) if letter.isalpha()}
    return single - NO_SYMBOLS


def split(run: str) -> set[str]:
    """``KL`` is one symbol, ``βb`` are two."""
    return {run} if run == "KL" else set(run) - {"ᵀ"}


def test_every_symbol_is_explained_where_it_first_appears() -> None:
    known: set[str] = set()
    for step in STEPS:
        explained = {one for symbol in step.symbols for one in letters(symbol)}
        assert letters(step.equation) <= known | explained, step.name
        known |= explained
        for symbol in step.symbols:
            base = next(iter(letters(symbol)), symbol)
            assert base in f"{step.equation} {step.latex}" or symbol in step.equation
            assert symbol in str(step)
            assert f"`{symbol}`" in step._repr_markdown_()


def test_no_line_is_wider_than_a_terminal_beside_an_editor() -> None:
    world = example_world()
    for step in STEPS:
        shown = [str(one) for one in (step, step.check(world), step.counterexample())]
        for line in "\n".join(shown).splitlines():
            assert len(line) <= WIDTH, line


def test_a_check_of_long_names_stays_in_the_terminal() -> None:
    path = "a/" * 60 + "b"
    shown = str(compared(("left " * 12, [1.0]), ("right " * 12, [2.0]), entries=(path,)))
    assert all(len(line) <= WIDTH for line in shown.splitlines())
    assert "left: left left" in shown
    assert "…" in shown
    assert "a/b" in shown


# ------------------------------------------------------------------------------ proofs


@each_step
def test_the_proof_is_run_and_every_line_holds(step: Step) -> None:
    proof = step.prove()
    if proof is None:
        return
    assert proof.lines
    for line in proof.lines:
        assert line.holds, f"{line.words}: {line.remainder}"
        assert line.latex
    assert "✗" not in str(proof)


def test_most_steps_are_proven() -> None:
    assert sum(step.proving is not None for step in STEPS) >= 0.6 * len(STEPS)


def test_a_wrong_line_does_not_hold() -> None:
    from deepparticle.derivation.proof import Proof, equality, symbolic_algebra

    sympy = symbolic_algebra()
    x = sympy.Symbol("x", positive=True)
    wrong = equality("wrong", sympy.Derivative(x**2, x), 3 * x)
    assert not wrong.holds
    assert not Proof([wrong]).holds
    assert "✗" in str(Proof([wrong]))


def test_without_sympy_a_proof_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(
        dp.SettingError, match=says('pip install "deepparticle[lessons]"')
    ) as caught:
        dp.derivation.step("joint-law").prove()
    assert is_complete(caught.value)
    assert dp.derivation.step("joint-law").check(example_world()).holds  # numbers need no algebra


# ------------------------------------------------------------------------------ checks


@each_step
@slow_to_draw
@given(world=worlds(max_leaves=6, max_steps=2))
def test_the_check_holds_where_it_is_promised(step: Step, world: dp.Partition) -> None:
    before = world.states.copy()
    check = step.check(world)
    assert np.all(np.isfinite(check.left)), check.left_name
    assert np.all(np.isfinite(check.right)), check.right_name
    assert check.left.shape == check.right.shape
    assert check.entries == () or len(check.entries) == check.left.size
    if check.promised:
        assert check.holds, str(check)
    assert np.array_equal(world.states, before)


@st.composite
def networks(draw: st.DrawFn) -> dp.Partition:
    """A flat network with symmetric couplings, unit precision and a scene: all is promised."""
    size = draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    half = np.triu(rng.normal(size=(size, size)), 1)
    world = dp.Partition("network", learning_rate=0.01)
    leaves = [
        world.add_subparticle(f"p{row}", bias=rng.normal(), state=rng.uniform(-1, 1))
        for row in range(size)
    ]
    for source in range(size):
        for target in range(size):
            if source != target:
                weight = (half + half.T)[target, source]
                world.couple(leaves[source], leaves[target], weight)
    scene = world.add_external("scene", rng.uniform(-1, 1, size))
    world.sense(scene, leaves)
    return world


@each_step
@slow_to_draw
@given(world=networks())
def test_on_a_symmetric_network_every_check_is_promised_and_holds(
    step: Step, world: dp.Partition
) -> None:
    check = step.check(world)
    assert check.promised, check.broken
    assert not check.vacuous
    assert check.holds, str(check)


@pytest.mark.parametrize("name", [s.name for s in STEPS if "symmetric couplings" in s.assumptions])
def test_without_symmetry_the_sides_differ_and_it_is_said_why(name: str) -> None:
    world = example_world()
    world.couple("brain/eye", "brain/hand", 2.0)
    check = dp.derivation.step(name).check(world)
    assert check.broken == ("symmetric couplings",)
    assert not check.promised
    assert not check.holds
    assert "symmetric couplings" in str(check)


@each_step
def test_the_same_seed_gives_the_same_check(step: Step) -> None:
    world = example_world()
    first, second = step.check(world, seed=4), step.check(world, seed=4)
    assert np.array_equal(first.left, second.left)
    assert np.array_equal(first.right, second.right)


@each_step
def test_noisy_boundary_states_are_no_deltas(step: Step) -> None:
    world = example_world()
    for boundary in [one for one in world.boundaries() if one.kind == "boundary"][:2]:
        boundary.conditional = dp.GaussianBoundary(boundary.weight, sd=0.5)
    check = step.check(world)
    assert ("delta couplings" in check.broken) == ("delta couplings" in step.assumptions)
    assert check.holds or not check.promised
    step.figure(world)


@each_step
def test_it_works_for_one_particle_alone(step: Step) -> None:
    world = dp.Partition("world")
    world.add_subparticle("alone", bias=0.7, state=0.2)
    check = step.check(world)
    assert check.holds or not check.promised
    assert str(check)
    step.figure(world)


def test_what_is_no_partition_is_refused() -> None:
    step = STEPS[0]
    refused: list[tuple[Any, type[Exception], str]] = [
        (np.zeros((2, 2)), dp.SettingTypeError, "it is checked on a partition (got ndarray)."),
        (dp.Partition("empty"), dp.SettingError, "it is checked on 1 to 256 subparticles (got 0)."),
        (
            dp.from_couplings(np.zeros((300, 300))),
            dp.SettingError,
            "it is checked on 1 to 256 subparticles (got 300).",
        ),
    ]
    for world, kind, message in refused:
        with pytest.raises(kind, match=says(message)) as caught:
            step.check(world)
        assert is_complete(caught.value)


# ------------------------------------------------------------------------------ conditions


@each_step
def test_a_counterexample_is_one(step: Step) -> None:
    example = step.counterexample()
    if example is None:
        return
    assert example.margin > 0
    assert example.margin > 100 * example.check.tolerance
    assert example.refutes, f"{example.words}: {example.check}"


def test_most_steps_have_a_condition() -> None:
    assert sum(step.condition is not None for step in STEPS) >= len(STEPS) // 2


# ------------------------------------------------------------------------------ figures


@each_step
@pytest.mark.parametrize("size", [3, 30])
def test_the_figure_has_axes_with_names(step: Step, size: int) -> None:
    if size == 3:
        world = example_world()
    else:
        rng = np.random.default_rng(0)
        half = np.triu(rng.normal(size=(size, size)), 1) / size
        world = dp.from_couplings(half + half.T, bias=rng.normal(size=size))
    figure = step.figure(world)
    figure.draw_without_rendering()  # a label that does not fit is a warning, and an error here
    assert figure.axes
    named = [ax for ax in figure.axes if ax.get_xlabel() or ax.get_ylabel() or ax.get_title()]
    assert named or any(ax.texts for ax in figure.axes)
    assert any(ax.has_data() or ax.texts for ax in figure.axes)


def test_the_map_of_the_argument_has_a_box_for_every_step() -> None:
    figure = dp.derivation.draw_dependencies(STEPS[-1])
    figure.draw_without_rendering()
    shown = [text.get_text().replace("\n", " ") for text in figure.axes[0].texts]
    for number, step in enumerate(STEPS, start=1):
        assert any(text.startswith(f"{number}. ") for text in shown), step.title
