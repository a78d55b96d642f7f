"""What every figure must be: at most a page wide, its words of a size, apart, inside."""

from __future__ import annotations

from itertools import combinations
from typing import Any
from unittest.mock import patch

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from deepparticle.analysis import Recall

__all__ = ["assert_readable", "drawn_texts", "trials", "words"]


def drawn_texts(figure: Figure) -> list[Text]:
    """The texts that appear when a figure is drawn (ticks out of sight do not)."""
    seen: list[Text] = []
    draw: Any = Text.draw

    def noted(self: Text, *arguments: Any, **named: Any) -> None:
        draw(self, *arguments, **named)
        if self.get_visible() and self.get_text().strip():
            seen.append(self)

    canvas: Any = FigureCanvasAgg(figure)
    with patch.object(Text, "draw", noted):
        canvas.draw()
    return seen


def words(figure: Figure) -> set[str]:
    """All that is written in a figure."""
    return {text.get_text() for text in drawn_texts(figure)}


def assert_readable(figure: Figure) -> None:
    """Draw a figure; its words are 7 to 9 points, inside of it, and none covers another."""
    assert 1.0 <= figure.get_size_inches()[0] <= 7.21
    texts = drawn_texts(figure)
    boxes = [text.get_window_extent().padded(-1.0) for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert 6.9 <= float(text.get_fontsize()) <= 9.1, text
        assert figure.bbox.containsx(box.x0), f"{text} is cut at the left"
        assert figure.bbox.containsx(box.x1), f"{text} is cut at the right"
        assert figure.bbox.containsy(box.y0), f"{text} is cut below"
        assert figure.bbox.containsy(box.y1), f"{text} is cut above"
    for (a, first), (b, second) in combinations(zip(texts, boxes, strict=True), 2):
        assert not first.overlaps(second), f"{a} and {b} cover each other"


def trials(seed: int, count: int = 20, size: int = 64) -> Recall:
    """Trials in which the response is half way between the noisy input and the truth."""
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(count, size))
    noisy = targets + rng.normal(size=targets.shape)
    return Recall(np.zeros(count, dtype=np.intp), targets, noisy, 0.5 * (targets + noisy))
