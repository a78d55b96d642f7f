"""The gate before the ratio: two programs that sample different laws are told apart."""

import numpy as np
import pytest

from deepparticle.benchmarks import gate
from deepparticle.benchmarks.results import Outcome
from deepparticle.benchmarks.settings import QUICK
from deepparticle.benchmarks.works import lattice as work
from deepparticle.benchmarks.works.lattice_law import Lattice, moments


def test_the_lattice_has_its_edges_once_and_couples_both_ways() -> None:
    lattice = Lattice.random(5)
    assert lattice.pairs.shape == (2 * 5 * 4, 2)
    couplings = lattice.couplings.toarray()
    np.testing.assert_array_equal(couplings, couplings.T)
    assert np.count_nonzero(couplings) == 2 * len(lattice.pairs)
    left, right = lattice.pairs.T
    np.testing.assert_array_equal(couplings[left, right], lattice.weights)


def test_moments_are_those_of_the_definition() -> None:
    lattice = Lattice.random(4)
    spins = np.sign(np.random.default_rng(0).normal(size=(3, 16)))
    couplings = lattice.couplings.toarray()
    for spin, (coupling, bias, mean) in zip(spins, moments(lattice, spins), strict=True):
        assert coupling == pytest.approx(-0.5 * spin @ couplings @ spin / 16)
        assert bias == pytest.approx(-lattice.bias @ spin / 16)
        assert mean == pytest.approx(spin.mean())


def test_what_samples_another_law_gets_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("thrml")
    monkeypatch.setattr(gate, "agreement", lambda one, other: 12.3)
    monkeypatch.setattr(work, "BACKENDS", ("numpy",))
    outcome: Outcome = work.measure(QUICK, False)
    (row,) = [row for row in outcome.rows if row.contender == "numpy"]
    assert (row.compared, row.value, row.goal) == ("", None, None)
    (omission,) = outcome.omissions
    assert omission.failed
    assert "moments differ by 12.3 standard errors" in omission.why
