"""Lesson 9 tells what is so: the printed step is the step, and the blanket grows as it says."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("marimo")

import deepparticle as dp
from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons

SCHEDULES = ("synchronous", "sequential", "chromatic", "random")


def run(**values: Any) -> dict[str, Any]:
    return find_lesson(9).run(values)[1]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_printed_lines_do_what_the_objects_do(schedule: str) -> None:
    found = run(schedule=schedule, eyes=4)
    assert len(found["apart"]) == found["STEPS"]
    assert max(found["apart"]) < 1e-12
    first, last = found["states"][0][0], found["states"][-1][0]
    assert np.abs(first - last).max() > 0.1  # something happened
    assert found["verification"].ok
    # Learning has changed what is learned, and the world has taken it back.
    assert not np.array_equal(found["learned"].couplings, found["build"]().couplings)


def test_turns_are_as_many_as_it_says() -> None:
    assert [run(schedule=schedule, eyes=8)["turns"] for schedule in SCHEDULES] == [1, 10, 2, 10]
    assert run(schedule="chromatic", eyes=1)["turns"] == 2


def test_the_blanket_of_the_eyes_grows_by_two_for_each_eye() -> None:
    for eyes in (1, 8):
        animal = run(eyes=eyes)["build"]()
        blanket = animal.blanket("eyes")
        inner = [one for one in blanket.sensory if not isinstance(one.source, dp.ExternalState)]
        assert [str(one.source.path) for one in inner] == ["motor/plan"]
        assert len(blanket.sensory) == 1 + eyes
        assert len(blanket.active) == eyes
        program = dp.lower(animal)
        row = program.matrix(program.couplings)[program.row("motor/arm")]
        assert np.flatnonzero(row).tolist() == [program.row("motor/plan")]
        assert not program.senses[program.row("motor/arm")]


def test_arrays_are_faster_and_the_page_says_so_only_in_a_picture() -> None:
    outputs, found = find_lesson(9).run()
    assert found["paces"]["objects"][-1] > found["paces"]["arrays"][-1] > 0
    again, _ = find_lesson(9).run()
    texts = [
        [one._repr_markdown_() for one in shown if hasattr(one, "_repr_markdown_")]
        for shown in (outputs, again)
    ]
    assert texts[0] == texts[1]
