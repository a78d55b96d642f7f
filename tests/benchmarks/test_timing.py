"""Contenders take turns, warm up uncounted, and are reported per unit of work."""

import pytest

from deepparticle.benchmarks.timing import Contender, Elapsed, fitting_amount, in_turns, timed


def test_contenders_take_turns_and_each_is_first_once() -> None:
    calls: list[str] = []

    def contender(name: str) -> Contender:
        def measure(amount: int) -> Elapsed:
            calls.append(name)
            return Elapsed(1.0)

        return Contender(name, measure, amount=1)

    found = in_turns([contender(name) for name in "abc"], repeats=3, seconds=1.0)
    warming, rounds = calls[:3], calls[3:]
    assert warming == ["a", "b", "c"]
    assert [rounds[turn : turn + 3] for turn in (0, 3, 6)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
    ]
    assert list(found) == ["a", "b", "c"]
    assert found["a"].values == (1.0, 1.0, 1.0)


def test_times_are_per_unit_of_work_in_the_order_of_the_rounds() -> None:
    seconds = iter([99.0, 4.0, 8.0, 12.0])
    contender = Contender("x", lambda amount: Elapsed(next(seconds), 8.0), unit=2.0, amount=2)
    measured = in_turns([contender], repeats=3, seconds=1.0)["x"]
    assert measured.values == (1.0, 2.0, 3.0)
    assert measured.cores == pytest.approx(1.0)


def test_the_amount_fills_the_wanted_time() -> None:
    contender = Contender("x", lambda amount: Elapsed(0.001 * amount))
    amount = fitting_amount(contender, 0.5)
    assert 250 <= amount <= 1000


def test_an_amount_is_warmed_up_before_it_counts() -> None:
    seen: set[int] = set()

    def measure(amount: int) -> Elapsed:
        # The first call with a new amount compiles for ten seconds.
        new = amount not in seen
        seen.add(amount)
        return Elapsed(0.001 * amount + (10.0 if new else 0.0))

    found = in_turns([Contender("x", measure)], repeats=2, seconds=0.1)["x"]
    assert found.values == pytest.approx((0.001, 0.001))


def test_a_given_amount_is_kept() -> None:
    amounts: list[int] = []

    def measure(amount: int) -> Elapsed:
        amounts.append(amount)
        return Elapsed(1e-6)

    in_turns([Contender("x", measure, amount=7)], repeats=2, seconds=1.0)
    assert amounts == [7, 7, 7]


def test_the_clock_counts_processor_time_too() -> None:
    elapsed = timed(lambda amount: sum(range(amount)))(300_000)
    assert elapsed.wall > 0.0
    assert elapsed.processor >= 0.0


def test_a_contender_that_fails_drops_out_and_the_others_go_on() -> None:
    left = {"good": 9, "bad": 2}

    def contender(name: str) -> Contender:
        def measure(amount: int) -> Elapsed:
            left[name] -= 1
            if left[name] < 0:
                raise RuntimeError("it ran away")
            return Elapsed(1.0)

        return Contender(name, measure, amount=1)

    pair = [contender("bad"), contender("good")]
    told: list[str] = []
    found = in_turns(
        pair, repeats=4, seconds=1.0, failed=lambda name, error: told.append(f"{name}: {error}")
    )
    assert told == ["bad: it ran away"]
    assert {name: len(measured.values) for name, measured in found.items()} == {"good": 4}
    with pytest.raises(RuntimeError, match="ran away"):
        in_turns(pair, repeats=1, seconds=1.0)
