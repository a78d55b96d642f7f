"""Symmetric and antisymmetric parts, of matrices and of simulators."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.errors import says

import deepparticle as dp
from deepparticle.analysis import antisymmetric_part, asymmetry, symmetric_part

shapes = st.lists(st.integers(1, 4), max_size=2).map(tuple)
generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@given(generators, shapes, st.integers(1, 6))
def test_the_parts_add_up_and_are_orthogonal(
    rng: np.random.Generator, lead: tuple[int, ...], size: int
) -> None:
    couplings = rng.normal(size=(*lead, size, size))
    even, odd = symmetric_part(couplings), antisymmetric_part(couplings)
    np.testing.assert_allclose(even + odd, couplings, atol=1e-15)
    np.testing.assert_array_equal(even, even.mT)
    np.testing.assert_array_equal(odd, -odd.mT)
    np.testing.assert_allclose((even * odd).sum(axis=(-2, -1)), 0.0, atol=1e-13)
    power = [(part**2).sum(axis=(-2, -1)) for part in (even, odd, couplings)]
    np.testing.assert_allclose(power[0] + power[1], power[2])
    np.testing.assert_allclose(asymmetry(couplings), 2 * np.sqrt(power[1] / power[2]))
    assert np.shape(asymmetry(couplings)) == lead


def test_asymmetry_of_the_two_extremes() -> None:
    part = np.triu(np.arange(9.0).reshape(3, 3), 1)
    assert asymmetry(part + part.T) == 0.0
    assert asymmetry(part - part.T) == pytest.approx(2.0)
    assert asymmetry(part) == pytest.approx(np.sqrt(2.0))
    assert asymmetry(np.zeros((3, 3))) == 0.0
    assert isinstance(asymmetry(part), float)


def test_each_of_several_networks_has_its_own_parts() -> None:
    several = np.random.default_rng(0).normal(size=(3, 4, 4)) * ~np.eye(4, dtype=bool)
    simulator = dp.Simulator(dp.from_couplings(np.zeros((4, 4))), networks=3)
    simulator.couplings = several
    np.testing.assert_array_equal(symmetric_part(simulator), (several + several.mT) / 2)
    assert asymmetry(simulator).tolist() == [asymmetry(each) for each in several]


def test_a_sparse_network_has_the_parts_of_its_matrix() -> None:
    couplings = np.zeros((40, 40))
    couplings[np.arange(39), np.arange(1, 40)] = 1.0
    simulator = dp.Simulator(dp.from_couplings(couplings), layout="sparse")
    np.testing.assert_array_equal(antisymmetric_part(simulator), (couplings - couplings.T) / 2)


def test_a_fork_runs_the_symmetric_part_with_the_settings_of_a_simulator() -> None:
    world = dp.from_couplings([[0.0, 2.0], [1.0, 0.0]], bias=[0.3, -0.1], precision=0.5)
    simulator = dp.Simulator(world)
    twin = simulator.fork()
    twin.couplings = symmetric_part(simulator)
    expected = dp.Simulator(
        dp.from_couplings([[0.0, 1.5], [1.5, 0.0]], bias=[0.3, -0.1], precision=0.5)
    )
    run = twin.infer(steps=5, mode="deterministic")
    np.testing.assert_array_equal(run.states, expected.infer(steps=5, mode="deterministic").states)
    assert simulator.couplings.tolist() == [[0.0, 2.0], [1.0, 0.0]]


@pytest.mark.parametrize("function", [symmetric_part, antisymmetric_part, asymmetry])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)])
def test_couplings_are_square(function: type, shape: tuple[int, ...]) -> None:
    message = says(
        f"{function.__name__}: couplings are square matrices, target × source (got shape {shape})."
        " Mend: give an array of shape (..., N, N)."
    )
    with pytest.raises(dp.SettingError, match=message):
        function(np.zeros(shape))
