"""Lesson 6 tells the numbers that come out: production and force, the pace of a sequence."""

from typing import Any

import pytest

pytest.importorskip("marimo")

from deepparticle.lessons import find_lesson

pytestmark = pytest.mark.lessons

UNITS = {"langevin": 1.0, "sequential": 1.0, "random": 0.5, "synchronous": 2.0}


def run(**values: Any) -> dict[str, Any]:
    return find_lesson(6).run(values)[1]


@pytest.mark.parametrize("schedule", UNITS)
def test_twice_the_force_is_four_times_the_production(schedule: str) -> None:
    once, twice = (run(holding=0.0, turning=a, schedule=schedule) for a in (1.0, 2.0))
    assert twice["exact"] / once["exact"] == pytest.approx(4.0, abs=0.05)
    for a, found in ((1.0, once), (2.0, twice)):
        product = UNITS[schedule] * a * found["currents"].rotation
        assert found["exact"] == pytest.approx(product, rel=1e-6)
        measured = found["measured"]
        # Steps of .01 leave out a part of their order in continuous time.
        assert abs(measured.value - found["exact"]) < 4 * measured.standard_error + 0.02
    if schedule == "langevin":
        assert (once["exact"], twice["exact"]) == pytest.approx((0.563, 2.254), abs=5e-4)


def test_the_step_of_the_derivation_holds_for_the_pair() -> None:
    for turning in (-3.0, 0.0, 2.0):
        check = run(turning=turning, schedule="synchronous")["check"]
        assert check.promised
        assert check.residual < 1e-9


@pytest.mark.parametrize("schedule", UNITS)
def test_without_turning_nothing_is_produced(schedule: str) -> None:
    assert abs(run(turning=0.0, schedule=schedule)["exact"]) < 1e-9


def test_the_pace_is_that_of_the_balance_of_the_parts() -> None:
    learned, slow, fast = (run(share=share) for share in (1.0, 0.75, 2.0))
    assert learned["walk"].forward == 1.0
    assert learned["walk"].transitions.sum() > 2000
    dwells = [found["walk"].mean_dwell for found in (fast, learned, slow)]
    assert dwells == pytest.approx([2.3, 3.8, 19.6], abs=0.06)
    assert learned["produced"].value == pytest.approx(63, abs=0.5)
    assert fast["produced"].value == pytest.approx(259, abs=1)
    for share in (0.0, 0.5):  # thirty runs of 400 steps: it rests
        assert run(share=share)["walk"].transitions.sum() < 10
    assert abs(run(share=0.0)["produced"].value) < 1e-9


def test_what_makes_couplings_symmetric() -> None:
    from deepparticle.analysis import asymmetry

    taught = {"cyclic": 1, "slowly": 4, "random": 1}
    found = {
        name: run(order="random" if name == "random" else "cyclic", shown=shown)
        for name, shown in taught.items()
    }
    measured = [float(asymmetry(one["learner"].couplings)) for one in found.values()]
    assert measured == pytest.approx([0.98, 0.41, 0.21], abs=0.005)
    assert found["slowly"]["walk"].transitions.sum() < 100
