"""Lesson 4 tells what comes out: memories, scores, and what simpler couplings score."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("marimo")

from deepparticle.analysis import attractors, hebbian_couplings
from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons


def run(**values: Any) -> dict[str, Any]:
    return find_lesson(4).run(values)[1]


def told(found: dict[str, Any], *names: str) -> list[float]:
    return [found["medians"][f"{name} couplings"] for name in names]


def test_five_digits_have_four_memories_and_hebbs_couplings_one() -> None:
    found = run()
    assert len(found["found"]) == 4
    assert told(found, "learned", "Hebb's", "no") == pytest.approx([0.92, 0.64, 0.69], abs=6e-3)
    J = found["sim"].couplings
    hebbian = hebbian_couplings(found["images"])
    hebbian *= np.linalg.norm(J) / np.linalg.norm(hebbian)
    assert len(attractors(hebbian, found["starts"])) == 1
    pairs = np.corrcoef(found["images"])[np.triu_indices(5, 1)]
    assert np.abs(pairs).mean() == pytest.approx(0.33, abs=5e-3)


def test_one_digit_is_learned_as_hebb_would() -> None:
    found = run(count=1)
    learned, hebbian = told(found, "learned", "Hebb's")
    assert learned == pytest.approx(hebbian, abs=0.01)
    apart = ~np.eye(64, dtype=bool)
    pair = found["sim"].couplings[apart], hebbian_couplings(found["images"])[apart]
    assert np.corrcoef(*pair)[0, 1] == pytest.approx(0.91, abs=5e-3)


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_more_digits_are_not(count: int) -> None:
    learned, hebbian = told(run(count=count), "learned", "Hebb's")
    assert learned > hebbian + 0.1


@pytest.mark.parametrize(
    ("noise", "of_input", "answer"),
    [(0.0, 1.0, 0.94), (0.25, 0.97, 0.94), (2.0, 0.46, 0.84), (3.0, 0.33, 0.66)],
)
def test_an_answer_pays_where_there_is_much_noise(
    noise: float, of_input: float, answer: float
) -> None:
    found = run(noise=noise)
    assert found["of_input"] == pytest.approx(of_input, abs=6e-3)
    assert told(found, "learned") == pytest.approx([answer], abs=6e-3)


def test_little_evidence_leaves_no_memory_but_some_help() -> None:
    found = run(strength=1)
    assert len(found["found"]) == 1
    assert found["size"] < 1e-6
    assert told(found, "learned", "no") == pytest.approx([0.69, 0.44], abs=6e-3)
    assert found["of_input"] == pytest.approx(0.71, abs=6e-3)
    sizes = [np.linalg.norm(one["sim"].couplings) for one in (found, run())]
    assert sizes == pytest.approx([3.3, 13.9], abs=0.05)
