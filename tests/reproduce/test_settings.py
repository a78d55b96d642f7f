"""Seeds are read as a count, a list or a range."""

import pytest

from deepparticle.reproduce.settings import seeds_of


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("1", (0,)), ("3", (0, 1, 2)), ("3,", (3,)), ("7,3", (7, 3)), ("4-6", (4, 5, 6))],
)
def test_seeds_are_a_count_a_list_or_a_range(text: str, seeds: tuple[int, ...]) -> None:
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["0", "-1", "x", "", "1.5", "6-4", "3,3", "1,,2"])
def test_what_is_no_seed_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ValueError, match=r"got .*; "):
        seeds_of(text)
