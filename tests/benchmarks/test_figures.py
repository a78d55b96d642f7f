"""Figures show every curve and every goal."""

from typing import Any

import numpy as np

from deepparticle.benchmarks.figures import benchmark_figures, cost_figure, goals_figure
from deepparticle.benchmarks.results import Curve, Goal, Measurement, Outcome, Row
from deepparticle.benchmarks.settings import FULL, QUICK


def curve(contender: str, factor: float, figure: str = "N") -> Curve:
    sizes = (16.0, 64.0, 256.0)
    measured = tuple(
        Measurement((0.9 * factor * size, factor * size, 1.2 * factor * size)) for size in sizes
    )
    return Curve(figure, contender, sizes, measured)


def row(value: float) -> Row:
    return Row("P1", "work", f"x{value}", Measurement((1.0,)), "", value, Goal(2.0, "≤ 2"))


def test_every_contender_is_a_line_with_its_medians() -> None:
    figure = cost_figure("N", [curve("numpy", 1e-6), curve("roofline.c, one core", 1e-8)])
    (ax,) = figure.get_axes()
    assert [line.get_label() for line in ax.get_lines()] == ["NumPy", "roofline.c, one core"]
    np.testing.assert_allclose(np.asarray(ax.get_lines()[0].get_ydata()), [1.6e-5, 6.4e-5, 2.56e-4])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_xlabel() == "subparticles N"
    assert ax.get_ylabel() == "time per step"
    assert len(ax.collections) == 2  # the bands of the quartiles


def test_contenders_differ_by_more_than_colour() -> None:
    figure = cost_figure("R", [curve(name, 1e-6, "R") for name in ("numpy", "native", "jax")])
    lines: Any = figure.get_axes()[0].get_lines()
    assert len({line.get_marker() for line in lines}) == 3
    assert len({line.get_color() for line in lines}) == 3


def test_every_goal_is_a_line_left_or_right_of_its_bound() -> None:
    figure = goals_figure(Outcome([row(1.0), row(8.0)]))
    (ax,) = figure.get_axes()
    texts = {text.get_text() for text in ax.texts}
    assert texts == {"0.5", "4", "◂ reached", "missed ▸"}
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "P1  x1.0: ≤ 2",
        "P1  x8.0: ≤ 2",
    ]


def test_there_is_a_figure_for_what_was_measured() -> None:
    outcome = Outcome([row(1.0)], [], [curve("numpy", 1e-6), curve("jax", 1e-6, "edges")])
    assert list(benchmark_figures(outcome, FULL)) == ["N", "edges", "goals"]
    assert list(benchmark_figures(outcome, QUICK)) == ["N", "edges"]
    assert benchmark_figures(Outcome(), FULL) == {}
    for figure in benchmark_figures(outcome, FULL).values():
        figure.canvas.draw()
