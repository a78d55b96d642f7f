"""Many chains of a large network: BLAS makes the products, and the steps stay what they are."""

from typing import Any

import numpy as np
import pytest

import deepparticle as dp
from deepparticle.blankets._types import FloatArray

pytest.importorskip("numba")

from deepparticle.compile.backends.native import layouts

CHAINS = 5


def world(learns_everywhere: bool) -> dp.Partition:
    rng = np.random.default_rng(3)
    couplings = rng.normal(size=(70, 70))
    np.fill_diagonal(couplings, 0.0)
    made = dp.from_couplings(couplings, bias=rng.normal(size=70), precision=0.3)
    if not learns_everywhere:
        made["population/3"].sensory["7"].plastic = False
    return made


def run(backend: str, learns_everywhere: bool, networks: int | None, **given: Any) -> Any:
    simulator = dp.Simulator(
        world(learns_everywhere), backend, chains=CHAINS, networks=networks, stream="shared", seed=4
    )
    patterns: FloatArray = np.random.default_rng(5).normal(size=(3, 70))
    learned = simulator.learn(
        patterns, epochs=4, steps=3, learning_rate=0.01, record=("states", "free_energy"), **given
    )
    inferred = simulator.infer(patterns[0], steps=4, record="states", every=2)
    made = simulator._engine.backend
    return learned, inferred, simulator.variables, type(getattr(made, "_layout", None))


@pytest.mark.parametrize("learns_everywhere", [True, False])
@pytest.mark.parametrize("networks", [None, 2])
@pytest.mark.parametrize(
    "given", [{}, {"mode": "deterministic"}, {"reset": True}, {"clock": [1, 2] * 35}]
)
def test_steps_are_those_of_numpy(
    monkeypatch: pytest.MonkeyPatch,
    learns_everywhere: bool,
    networks: int | None,
    given: dict[str, Any],
) -> None:
    monkeypatch.setattr(layouts, "_MANY_CHAINS", 2)
    monkeypatch.setattr(layouts, "_LARGE_PRODUCT", 0)
    expected = run("numpy", learns_everywhere, networks, **given)
    found = run("native", learns_everywhere, networks, **given)
    assert found[3] is layouts._Products
    for left, right in zip(found[:2], expected[:2], strict=True):
        for name, values in right.records.items():
            np.testing.assert_allclose(left.records[name], values, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(left.mean, right.mean, atol=1e-9)
    for name, values in vars(expected[2]).items():
        np.testing.assert_allclose(getattr(found[2], name), values, atol=1e-9, err_msg=name)


def test_its_own_stream_does_not_depend_on_threads_or_cuts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layouts, "_MANY_CHAINS", 2)
    monkeypatch.setattr(layouts, "_LARGE_PRODUCT", 0)
    states = []
    for members, cuts in ((1, (12,)), (3, (5, 7))):
        monkeypatch.setattr(layouts, "processors", lambda members=members: members)
        simulator = dp.Simulator(world(True), "native", chains=CHAINS, seed=1)
        runs = [simulator.infer(steps=steps, record="states") for steps in cuts]
        states.append(np.concatenate([one.states for one in runs]))
    np.testing.assert_array_equal(states[0], states[1])
