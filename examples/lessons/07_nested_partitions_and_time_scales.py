"""Lesson 7: nested partitions and time scales. Run it with ``deepparticle lessons 7``."""

import marimo

app = marimo.App(width="medium", app_title="7. Nested partitions and time scales")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    import deepparticle as dp
    from deepparticle import analysis, figures
    from deepparticle.figures import style

    return analysis, dp, figures, mo, np, style


@app.cell
def _(mo):
    mo.md(r"""
    # 7. Nested partitions and time scales

    A cell is a thing, and so is the tissue that it is part of, and the organ, and the animal.
    Each has an inside, and a blanket that separates it from what is outside: sensory states, by
    which the outside reaches the inside, and active states, by which the inside reaches out. The
    partition is *deep*: the inside of each thing is made of things.

    A deep partition can be looked at from several distances. From close by one sees subparticles,
    from further away only units made of many. It is said that the closer one looks, the faster
    things move. This lesson asks when that is true, and then whether the units can be taken for
    subparticles themselves.

    ## A world with four levels

    Two areas; in each a *context* of three subparticles and two columns; in each column a *tone*
    of three, and eight *cells*. Contexts drive tones, tones drive cells. The cells of the left
    area see a scene, and drive the tones of the right one.

    Three numbers can be set. The **clock ratio** $k$: cells update in every step, tones every $k$
    steps, contexts every $k^2$; in between a state is held. The **coupling between levels**: how
    strongly contexts drive tones and tones drive cells. And the **coupling inside**: how strongly
    the cells of a column drive each other.
    """)


@app.cell
def _(mo):
    ratio = mo.ui.slider(1, 6, 1, value=4, label="clock ratio", show_value=True)
    between = mo.ui.slider(0, 3, 0.25, value=2.5, label="between levels", show_value=True)
    inside = mo.ui.slider(0, 4, 0.25, value=0, label="inside a column", show_value=True)
    mo.hstack([ratio, between, inside])
    return between, inside, ratio


@app.cell
def _(between, dp, inside, np, ratio):
    CELLS = 8
    world = dp.Partition("world")
    _among = inside.value / CELLS * (1.0 - np.eye(CELLS)) if inside.value else None
    for _name in ("left", "right"):
        _area = world.add_partition(_name, clock=ratio.value**2)
        _context = _area.add_population("context", 3)
        for _number in "12":
            _column = _area.add_partition(f"column{_number}", clock=ratio.value)
            _tone = _column.add_population("tone", 3)
            _cells = _column.add_population("cells", CELLS, clock=1, couplings=_among)
            world.couple(_context, _tone, between.value / 3)
            world.couple(_tone, _cells, between.value / 3)
    scene = world.add_external("scene")
    for _number, _sensitivity in (("1", 1.0), ("2", -0.5)):
        world.sense(scene, f"left/column{_number}/cells", _sensitivity)
        _target = f"right/column{_number}/tone"
        world.couple(f"left/column{_number}/cells", _target, between.value / CELLS)
    world.check()
    return CELLS, world


@app.cell
def _(world):
    world.draw().get_figure()


@app.cell
def _(mo, world):
    _rows = [world.level(depth) for depth in range(4)]
    _lines = "\n".join(
        f"    | {depth} | {len(level)} | {len(level.between)} |"
        for depth, level in enumerate(_rows)
    )
    mo.md(f"""
    `world.level(depth)` cuts the nesting at a depth. The units of a level have no internal state
    in common; what separates them are the boundary states between them.

    | depth | units | boundary states between them |
    |---|---|---|
{_lines}
    | | {world.leaf_count} subparticles | |
    """)


@app.cell
def _(mo):
    mo.md(r"""
    ## How slow is a unit?

    The state of a unit is here the *mean* of the states inside. How long it remembers is measured
    by its **autocorrelation time**

    $$\tau = 1 + 2 \sum_{t \ge 1} \rho(t) ,$$

    where $\rho(t)$ is the correlation of the state with itself $t$ steps later. It is how many
    steps are worth one independent sample: 1 if every step is drawn anew, $k$ if it is held for
    $k$ steps.
    """)


@app.cell
def _(analysis, dp, world):
    fine = dp.Simulator(world, chains=8, seed=0)
    states = fine.infer(steps=2000, burn_in=100, record="states").states
    times = analysis.time_scales(states, world)
    _paths = times.paths
    groups = {
        "a cell": [path for path in _paths if "/cells/" in path],
        "the cells": [path for path in _paths if path.endswith("/cells")],
        "a column": [path for path in _paths if "column" in path and path.count("/") == 1],
        "an area": ["left", "right"],
        "the world": [""],
    }
    mean_times = {
        name: sum(float(times[path].value) for path in paths) / len(paths)
        for name, paths in groups.items()
    }
    return fine, groups, mean_times, states, times


@app.cell
def _(figures, groups, times):
    figures.time_scales(times, groups)


@app.cell
def _(np, states, style, world):
    _figure = style.new_figure(style.PAGE, 2.4)
    _ax = _figure.subplots()
    _span = slice(200, 200 + 160)
    _shown = {
        "a cell": states[_span, 0, world.row_of(world["left/column1/cells/0"])],
        "its column": world.level(2).mean(states[_span, 0])[
            :, world.level(2).index("left/column1")
        ],
        "its area": world.level(1).mean(states[_span, 0])[:, 0],
    }
    for _place, (_name, _values) in enumerate(_shown.items()):
        _colour, _, _ = style.SERIES[_place]
        _ax.axhline(-1.6 * _place, color=style.GREY, linewidth=0.5)
        _ax.plot(np.arange(160), _values - 1.6 * _place, color=_colour, linewidth=1.1)
        _ax.text(162, -1.6 * _place, _name, color=_colour, fontsize=8, va="center")
    _ax.set(xlim=(0, 160), yticks=[], xticks=range(0, 161, 20))
    style.plain(_ax, "one run, at three levels", "step")
    _ax.get_figure()


@app.cell
def _(mean_times, mo):
    _lines = "\n".join(
        f"    | {name.removeprefix('the ')} | {time:.2f} |" for name, time in mean_times.items()
    )
    mo.md(f"""
    | | autocorrelation time in steps |
    |---|---|
{_lines}
    """)


@app.cell
def _(mo):
    question_1 = mo.md(r"""
    **Question.** Is a level slow because it is further out? Set the clock ratio to 1 and the
    coupling between levels to 0. Then bring back one of the three at a time.
    """)
    answer_1 = mo.md(r"""
    Without clocks and couplings every level has the same time, 1 step: a mean of independent
    states is no slower than one of them. Levels as such have no pace.

    - *Clocks* (ratio 4): a cell stays at 1, the area has 3.5, because slow contexts and tones are
      part of it.
    - *Coupling between levels* (2.5, with the ratio 4): now the cells follow their slow tone. A
      single cell has 2.9 steps, the mean of the eight 6.1. They share the tone, and each adds
      noise of its own; the noise is fast, and averages out in the mean. What is left is slow.
    - *Coupling inside* (2, all else 0): a cell has 1.3 steps, the mean of the eight 3.7, without
      any clock. A change that they share is passed on among them, and outlives those who made it.

    So it is true that the whole is slower than its parts, *if* something slow is shared by the
    parts: what drives them, or what they do to each other.
    """)
    mo.vstack([question_1, mo.accordion({"Show the answer": answer_1})])
    return answer_1, question_1


@app.cell
def _(mo):
    mo.md(r"""
    ## A unit as a subparticle

    If the network is a particle made of particles, can a unit stand in for its members?
    `world.coarsen` makes a world in which each context, each tone and each population of cells is
    *one* subparticle with one state, the mean $S_A$ of the unit $A$. What it needs is found
    around the resting state of the fine world: with the gain $D$ of the members (by how much a
    state changes with its field) and the couplings $J_{AA}$ inside, a unit answers a change of
    the field by

    $$\delta S_A = w_A^T (I - D J_{AA})^{-1} D\, \delta h_A ,$$

    where $w_A$ takes the mean. The couplings inside have become part of the gain: a subparticle
    is not coupled to itself. Both worlds are now shown the same scenes, from −4 to 4.
    """)


@app.cell
def _(dp, world):
    try:
        coarse = world.coarsen([one for one in world.walk() if isinstance(one, dp.Population)])
        refusal = ""
    except dp.SettingError as error:
        coarse, refusal = None, str(error)
    return coarse, refusal


@app.cell
def _(analysis, coarse, fine, np):
    scenes = np.linspace(-4.0, 4.0, 7)
    exact = noisy = None
    if coarse is not None:
        _shown = [{"scene": value} for value in scenes]
        _span = {"steps": 150, "burn_in": 40, "seed": 1}
        exact = analysis.compare_levels(fine, coarse, _shown, mode="deterministic", **_span)
        noisy = analysis.compare_levels(fine, coarse, _shown, chains=24, **_span)
    return exact, noisy, scenes


@app.cell
def _(mo, noisy, refusal, scenes, style):
    _figure = style.new_figure(style.COLUMN + 1, 2.6)
    _ax = _figure.subplots()
    for _place, _path in enumerate(("left/column1", "left/column2", "right/column1")):
        if noisy is None:
            break
        _colour, _marker, _ = style.SERIES[_place]
        _unit = noisy.units.index(f"{_path}/cells")
        _means, _errors = noisy.fine.value[:, _unit], noisy.fine.standard_error[:, _unit]
        _look = {"color": _colour, "fmt": _marker, "markersize": 4, "markerfacecolor": "white"}
        _ax.errorbar(scenes, _means, 2 * _errors, label=f"cells of {_path}", **_look)
        _ax.plot(scenes, noisy.coarse.value[:, _unit], color=_colour, linewidth=1.4)
        style.legend(_ax, loc="upper center")
    _ax.set_ylim(-1, 1.35)
    style.plain(_ax, "points: fine, ± 2 standard errors; lines: coarse", "scene", "mean state")
    mo.md(f"**It refuses.** {refusal}") if refusal else _figure
    return


@app.cell
def _(analysis, coarse, dp, exact, groups, mean_times, mo, noisy, np, world):
    if coarse is None:
        _shown = "There is no coarse world with these couplings inside."
    else:
        _run = dp.Simulator(coarse, chains=8, seed=1).infer(steps=2000, burn_in=100)
        _times = analysis.time_scales(_run, coarse)
        _pace = np.mean([_times[path].value for path in groups["the cells"]])
        _unit = noisy.units.index("left/column1/cells")
        _one, _many = exact.relative_error.value[_unit], noisy.relative_error
        _expected = "below 1e-12" if _one < 1e-12 else f"{_one:.3f}"
        _noisy = f"{_many.value[_unit] + 0.0:.3f} ± {_many.standard_error[_unit]:.3f}"
        _shown = f"""
    | | fine | coarse |
    |---|---|---|
    | subparticles | {world.leaf_count} | {coarse.leaf_count} |
    | couplings | {np.count_nonzero(world.couplings)} | {np.count_nonzero(coarse.couplings)} |
    | autocorrelation time of the cells of a column | {mean_times["the cells"]:.2f} | {_pace:.2f} |
    | error of expected states, cells of left/column1 | | {_expected} |
    | the same of means of noisy runs | | {_noisy} |
    """
    mo.md(_shown)


@app.cell
def _(mo):
    mo.md(r"""
    The *error* is the mean square of the difference between the two worlds over all scenes, in
    units of how much the fine one varies from scene to scene. Expected states are those of a
    world without noise, in which every state is its mean.
    """)


@app.cell
def _(mo):
    question_2 = mo.md(r"""
    **Question.** What is lost when a unit becomes a subparticle? Leave the clock ratio and the
    coupling between levels at 1 and 0, and turn the coupling inside up, from 0 to 2 and to 3.5.
    """)
    answer_2 = mo.md(r"""
    Without couplings inside, nothing of the expected states: eight equal cells that do not know
    of each other do what one of them does, and the two worlds agree to rounding.

    At 2 the means still agree to an error of .015. But the mean of the cells remembers 3.7 steps
    in the fine world, and 1.0 in the coarse one, which is drawn anew in every step. The memory
    was in the couplings inside, of which the coarse subparticle has only the gain. It is assumed
    that a unit is faster than what it listens to.

    At 3.5 the coarse world is refused. The eigenvalue of $D J_{AA}$ passes 1 (it is $
    frac13 \cdot    frac78 \cdot 3.5 = 1.02$, since $D =    frac13$ at rest): the cells now order
    by themselves and settle at one of two values, and a single subparticle that remembers nothing
    cannot stand for something that remembers which. That is where the next level begins to have a
    life of its own.
    """)
    mo.vstack([question_2, mo.accordion({"Show the answer": answer_2})])
    return answer_2, question_2


@app.cell
def _(mo):
    mo.md(r"""
    ## What was said

    - A deep partition is one world seen from several distances. Every level has its own units,
      and its own blankets between them.
    - Levels are slow inside out where clocks or couplings make them so. What is fast and
      independent averages out, what is shared stays.
    - A unit can be replaced by one subparticle with the same response: exactly in its expected
      states where its members are equal and independent, nearly where they are not, and not at
      all where they remember together.
    """)


if __name__ == "__main__":
    app.run()
