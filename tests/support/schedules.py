"""Schedules of one's own, as the tests use them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import deepparticle as dp

OWN = "every other row"


@dp.register_schedule(OWN)
def every_other_row(paths: Sequence[str], touching: Any) -> Any:
    """Even rows at once, then odd ones: those of a turn touch each other, or not."""
    rows = np.arange(len(paths))
    return [rows[::2], rows[1::2]]
