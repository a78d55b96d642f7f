"""A world as arrays: which boundary state became which entry, and what a thing owns of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepparticle.blankets._types import BoolArray, FloatArray
from deepparticle.blankets.errors import Fault, SettingError
from deepparticle.blankets.naming import unknown_path
from deepparticle.figures.numbers import written
from deepparticle.figures.style import (
    GREEN,
    INK,
    ORANGE,
    PAGE,
    legend,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepparticle.compile.program import Program

__all__ = ["slots"]

# Of more rows neither names nor numbers can be read.
_MOST = 24

# In so many columns a number still fits into its entry.
_WRITTEN = 12

_ROW, _AROUND = 0.22, 1.2  # inches
_SHADE = "#E4E9F0"

# What couplings and boundary states look like in a drawn world; told apart without colour too.
_COUPLINGS = "RdBu_r"
_DASHES = {GREEN: "-", ORANGE: "--", INK: ":"}


def slots(program: Program, inside: str = "", *, title: str = "") -> Figure:
    """Draw the arrays of a lowered world, and frame those that belong to one thing.

    Parameters
    ----------
    program : Program
        As of `deepparticle.lower`.
    inside : str
        The path of a partition, a population or a subparticle; by default the whole.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        The couplings, target × source, with an entry for every boundary state; beside them the
        state σ, bias b, precision β and rate of learning α of every row, the weight with which
        it senses external states (u) and that with which it acts on them (a), their sums where it
        senses or acts on several. The rows of the thing are shaded; its sensory states are framed
        in green, its active states in dashed orange, what stays inside it in dotted black.

    Raises
    ------
    SettingError
        For more than 24 rows.
    UnknownPathError
        If nothing has this path.

    Examples
    --------
    >>> import deepparticle as dp
    >>> world = dp.Partition("world")
    >>> _, _ = world.add_subparticle("a"), world.add_subparticle("b")
    >>> _ = world.couple("a", "b", 0.8)
    >>> figure = slots(dp.lower(world), "b")
    >>> [text.get_text() for text in figure.axes[0].texts], figure.axes[0].get_title()
    (['0.8'], 'J')
    """
    if program.size > _MOST:
        raise SettingError(
            Fault(
                "slots",
                f"a picture of slots has at most {_MOST} rows",
                f"{program.size} subparticles",
                "lower a smaller world, or print program.explain()",
            )
        )
    own = _rows_of(program, inside)
    sensed, acted = _external_weights(program)
    columns = {
        "σ": program.state,
        "b": program.bias,
        "β": program.precision,
        "α": program.learning_rate,
        "u": sensed,
        "a": acted,
    }
    figure = new_figure(PAGE, _AROUND + _ROW * program.size, title)
    matrix, table = figure.subplots(1, 2, sharey=True, width_ratios=[program.size + 2, 8])
    _couplings(matrix, program, own)
    _vectors(table, columns, own)
    for colour, words in ((GREEN, "sensory"), (ORANGE, "active"), (INK, "inside")):
        matrix.plot([], [], color=colour, linestyle=_DASHES[colour], linewidth=1.6, label=words)
    legend(figure, loc="outside lower center", ncols=3, handlelength=2.6)
    return figure


def _rows_of(program: Program, path: str) -> BoolArray:
    own = np.zeros(program.size, dtype=bool)
    for partition in program.partitions:
        if partition.path == path:
            own[partition.start : partition.stop] = True
            return own
    if path not in program.paths:
        known = [one.path for one in program.partitions] + list(program.paths)
        raise unknown_path("slots", path, known)
    own[program.row(path)] = True
    return own


def _external_weights(program: Program) -> tuple[FloatArray, FloatArray]:
    """With which weight each row senses and acts; NaN where it does not."""
    found = np.full((2, program.size), np.nan)
    for external in program.externals:
        for side, rows, weights in (
            (0, external.sensing, external.sensing_weights),
            (1, external.acting, external.acting_weights),
        ):
            found[side, rows] = np.nan_to_num(found[side, rows]) + weights
    return found[0], found[1]


def _couplings(ax: Any, program: Program, own: BoolArray) -> None:
    targets, sources = program.entries
    shown = np.full((program.size, program.size), np.nan)
    dense = np.asarray(program.matrix(program.couplings))
    shown[targets, sources] = dense[targets, sources]
    # The darkest half of the colours is left out: frames and numbers are read on them.
    top = 2.0 * float(np.abs(dense).max(initial=0.0)) or 1.0
    ax.imshow(shown, cmap=_COUPLINGS, vmin=-top, vmax=top, aspect="auto")
    for row in np.flatnonzero(own).tolist():
        ax.axhspan(row - 0.5, row + 0.5, color=_SHADE, zorder=-1)
    for row, column in zip(targets.tolist(), sources.tolist(), strict=True):
        if program.size <= _WRITTEN:
            _number(ax, column, row, float(shown[row, column]))
        if own[row] or own[column]:
            into, out = own[row] and not own[column], own[column] and not own[row]
            _frame(ax, column, row, GREEN if into else ORANGE if out else INK)
    ax.set_yticks(range(program.size), list(program.paths))
    ax.set_xticks(range(program.size))
    plain(ax, "J", "source row", "")


def _vectors(ax: Any, columns: dict[str, FloatArray], own: BoolArray) -> None:
    for row in np.flatnonzero(own).tolist():
        ax.axhspan(row - 0.5, row + 0.5, color=_SHADE, zorder=-1)
    for place, (name, values) in enumerate(columns.items()):
        for row in np.flatnonzero(np.isfinite(values)).tolist():
            _number(ax, place, row, float(values[row]))
            if own[row] and name in "ua":
                _frame(ax, place, row, GREEN if name == "u" else ORANGE)
    ax.set_xticks(range(len(columns)), list(columns))
    ax.set_xlim(-0.6, len(columns) - 0.4)
    plain(ax, "for each row")
    ax.tick_params(left=False, labelleft=False, bottom=False, labeltop=False)
    ax.spines[:].set_visible(False)


def _number(ax: Any, x: float, y: float, value: float) -> None:
    words = written(value).rstrip("0").rstrip(".") if value else "0"
    ax.text(x, y, words, ha="center", va="center", fontsize=7, color=INK)


def _frame(ax: Any, column: int, row: int, colour: str) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle(
            (column - 0.42, row - 0.42),
            0.84,
            0.84,
            fill=False,
            edgecolor=colour,
            linestyle=_DASHES[colour],
            linewidth=1.6,
        )
    )
