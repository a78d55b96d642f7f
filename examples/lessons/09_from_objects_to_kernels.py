"""Lesson 9: from objects to kernels. Run it with ``deepparticle lessons 9``."""

import marimo

app = marimo.App(width="medium", app_title="9. From objects to kernels")


@app.cell
def _():
    import time

    import marimo as mo
    import numpy as np

    import deepparticle as dp
    from deepparticle import figures
    from deepparticle.figures import style

    return dp, figures, mo, np, style, time


@app.cell
def _(mo):
    mo.md(r"""
    # 9. From objects to kernels

    A world of particles is thought about in objects: this eye, that arm, the boundary state
    between them. An object knows its own blanket and nothing else, which is the whole point of
    it. A computer is fast at the opposite: a few large arrays, and one operation on all of them.
    *Lowering* takes the first to the second. This lesson follows every object to the place where
    it ends up, and checks that nothing was lost on the way.

    An animal: some eyes, which see a scene; a plan, which senses the eyes, the arm and nothing
    else; an arm, which acts on the scene.
    """)


@app.cell
def _(mo):
    eyes = mo.ui.slider(1, 8, 1, value=3, label="eyes", show_value=True)
    schedule = mo.ui.dropdown(
        ["synchronous", "sequential", "chromatic", "random"], value="synchronous", label="schedule"
    )
    thing = mo.ui.dropdown(
        ["eyes", "eyes/0", "motor", "motor/plan", "motor/arm"], value="motor/plan", label="frame"
    )
    mo.hstack([eyes, schedule, thing])
    return eyes, schedule, thing


@app.cell
def _(dp, eyes, np):
    def build():
        animal = dp.Partition("animal")
        seen = animal.add_partition("eyes")
        motor = animal.add_partition("motor", learning_rate=0.05)
        plan, arm = motor.add_subparticle("plan", bias=0.2), motor.add_subparticle("arm")
        for number in range(eyes.value):
            eye = seen.add_subparticle(str(number))
            animal.couple(eye, plan, 0.9 - 0.3 * number)
        animal.couple(plan, arm, 1.1)
        animal.couple(arm, plan, 0.4)
        animal.couple(plan, "eyes/0", 0.3)
        scene = animal.add_external("scene", np.linspace(0.8, -0.4, eyes.value))
        animal.sense(scene, seen)
        animal.act(arm, scene)
        return animal

    return (build,)


@app.cell
def _(build):
    build().draw().get_figure()


@app.cell
def _(mo):
    mo.md(r"""
    ## Which object became which slot

    Subparticles are numbered, depth first; each is a *row*. What it has of its own, its state σ,
    its bias b, its precision β and its rate of learning α, is one number in each of a few
    vectors. A boundary state leads from a source to a target and has a weight: it is the entry
    $J_{\text{target},\, \text{source}}$ of a matrix. External states have an array of their own;
    u is what a row senses of them, a is what acts on them.
    """)


@app.cell
def _(build, dp, figures, schedule, thing):
    program = dp.lower(build(), schedule=schedule.value)
    figures.slots(program, thing.value)
    return (program,)


@app.cell
def _(mo, np, program, thing):
    _own = next(
        (np.arange(one.start, one.stop) for one in program.partitions if one.path == thing.value),
        None,
    )
    _own = np.array([program.row(thing.value)]) if _own is None else _own
    _to, _from = program.entries
    _into, _out = np.isin(_to, _own), np.isin(_from, _own)
    _listing = "\n".join(
        f"    | `{path}` | `{slot}` |" for path, slot in program.slots() if thing.value in path
    )
    mo.md(f"""
    | of *{thing.value}* | entries of J |
    |---|---|
    | sensory states: in its rows, with the column outside | {np.sum(_into & ~_out)} |
    | active states: in its columns, with the row outside | {np.sum(_out & ~_into)} |
    | neither: both ends inside | {np.sum(_into & _out)} |

    External states add the entries of u and a. The blanket of a thing is a cross cut out of a
    matrix, its rows and its columns without what is inside; where the thing touches nothing, they
    are empty.

    | object | slot |
    |---|---|
{_listing}
    """)


@app.cell
def _(mo):
    question_1 = mo.md(r"""
    **Question.** Frame `eyes`. Add eyes with the slider: what grows, and what does not? Then
    frame `motor/arm`: how many numbers does the arm read in a step?
    """)
    answer_1 = mo.md(r"""
    Each further eye brings one entry in the rows of what it acts on, the plan, and one weight
    with which it senses the scene. The blanket of `eyes` grows by these two. What the eyes sense
    of the rest of the animal stays a single entry, from the plan to eye 0.

    The arm reads five: the weight of its one boundary state, the state of the plan behind it, its
    own bias and precision, and a random number. It stays five however large the animal is. All
    other places in its row are empty, and that they are empty is the Markov blanket.
    """)
    mo.vstack([question_1, mo.accordion({"Show the answer": answer_1})])
    return answer_1, question_1


@app.cell
def _(mo, program):
    _, _, _rest = program.explain().partition("\none step (")
    code = "\n".join(line[2:] for line in _rest.partition("\n\n")[0].splitlines()[1:])
    _shown = "\n".join("    " + line for line in code.splitlines())
    mo.md(f"""
    ## One step, as array code

    This is what `program.explain()` prints for the schedule *{program.schedule}*:

    ```python
{_shown}
    ```

    `sample` draws a state from its law by a uniform number, `mean` is its expectation, and
    `plastic` says which entries learn. The first line is the whole of sensing: a row of the
    matrix times the vector of states adds up the boundary states of one subparticle, and all rows
    at once are a single product.

    Below, these very lines run for twenty steps beside the objects, with the same random numbers.
    """)
    return (code,)


@app.cell
def _(dp, np, program):
    def arrays_of(program):
        """What the lines of the step find when they begin: the slots, and a few functions."""
        law, size = dp.ContinuousBernoulli(), program.size
        evidence = np.zeros(size)
        for external in program.externals:
            evidence[external.sensing] += external.sensing_weights * external.value
        return {
            **{name: getattr(np, name) for name in ("outer", "where", "isin", "arange")},
            "sample": law.sample,
            "mean": law.mean,
            "N": size,
            "colours": program.turns,
            "J": program.couplings.copy(),
            "sigma": program.state.copy(),
            "b": program.bias,
            "beta": program.precision,
            "alpha": program.learning_rate,
            "plastic": program.plastic,
            "u": evidence,
            "h": np.zeros(size),
            "theta": np.zeros(size),
        }

    return (arrays_of,)


@app.cell
def _(arrays_of, build, code, np, program):
    STEPS = 20
    world, arrays = build(), arrays_of(program)
    _objects, _numbers = np.random.default_rng(7), np.random.default_rng(7)
    states, apart = [], []
    for _ in range(STEPS):
        world.step(_objects, program.schedule)
        arrays["uniforms"] = _numbers.random(program.size)
        if program.schedule == "random":
            arrays["sites"] = _numbers.integers(program.size, size=program.size)
        exec(code, arrays)
        states.append((world.states, arrays["sigma"].copy()))
        _difference = np.abs(world.couplings - arrays["J"]).max()
        apart.append(max(_difference, np.abs(world.states - arrays["sigma"]).max()))
    return STEPS, apart, states


@app.cell
def _(STEPS, apart, mo, program, states):
    _lines = "\n".join(
        f"    | {path} | {states[0][0][row]:.6f} | {states[0][1][row]:.6f} | "
        f"{states[-1][0][row]:.6f} | {states[-1][1][row]:.6f} |"
        for row, path in enumerate(program.paths)
    )
    mo.md(f"""
    | state σ | step 1: objects | arrays | step {STEPS}: objects | arrays |
    |---|---|---|---|---|
{_lines}

    The largest difference of any state or coupling in {STEPS} steps is **{max(apart):.1g}**, in
    numbers of which the last digit is worth about 2e-16.
    """)


@app.cell
def _(build, dp, mo, schedule):
    verification = dp.verify(build(), schedules=(schedule.value,))
    _far = max(one.deviation for one in verification.comparisons)
    mo.md(f"""
    `dp.verify(world)` makes such comparisons for you: {len(verification.comparisons)} of them in
    this schedule, with and without noise and learning. **{
        "All agree" if verification.ok else "They do not agree"
    }**; the largest deviation is {_far:.1g}.
    """)
    return (verification,)


@app.cell
def _(mo, program):
    turns = {"synchronous": 1, "random": program.size}.get(program.schedule, len(program.turns))
    question_2 = mo.md(rf"""
    **Question.** A step of the schedule *{program.schedule}* takes {turns} turn{
        "s" if turns > 1 else ""
    }, one after another, and within a turn rows update at once. Choose `sequential`, then
    `chromatic`, and add eyes. Which of the two needs more turns the larger the animal is, and why
    may the other do with fewer?
    """)
    answer_2 = mo.md(r"""
    `sequential` takes one turn for each row, `chromatic` two, however many eyes there are: the
    plan in one of them, everything else in the other. No eye is coupled to another, nor to the
    arm. Given the plan they are independent, so it makes no difference whether they update one
    after another or at once. The empty places of the matrix allow it, and it is what makes large
    worlds fast on parallel hardware.

    The one turn of `synchronous` is something else. There the plan and the eyes, which *are*
    coupled, update at once from each other's old states, which has another law (lesson 3).
    """)
    mo.vstack([question_2, mo.accordion({"Show the answer": answer_2})])
    return answer_2, question_2, turns


@app.cell
def _(mo):
    mo.md(r"""
    ## What it is for

    The same step for all-to-all worlds of 8, 32 and 128 subparticles, measured now, on the
    machine that runs this page: once with the objects, each of which senses, infers and acts, and
    once with the arrays.
    """)


@app.cell
def _(dp, np, time):
    sizes = (8, 32, 128)
    paces: dict[str, list[float]] = {"objects": [], "arrays": []}
    for _size in sizes:
        _couplings = np.random.default_rng(_size).normal(size=(_size, _size)) / np.sqrt(_size)
        np.fill_diagonal(_couplings, 0.0)
        _world = dp.from_couplings(_couplings)
        _simulator = dp.Simulator(_world, seed=0)
        _ = _simulator.infer(steps=5, record=())  # whatever is made once is made here
        for _name, _steps in (("objects", 1), ("arrays", 200)):
            _start = time.perf_counter()
            if _name == "objects":
                _world.step(0, learn=False)
            else:
                _ = _simulator.infer(steps=_steps, record=())
            paces[_name].append((time.perf_counter() - _start) / _steps)
    return paces, sizes


@app.cell
def _(paces, sizes, style):
    _figure = style.new_figure(style.COLUMN, 2.4)
    _ax = _figure.subplots()
    for (_name, _seconds), (_colour, _marker, _dash) in zip(
        paces.items(), style.SERIES, strict=False
    ):
        _ax.loglog(sizes, _seconds, color=_colour, marker=_marker, linestyle=_dash, label=_name)
    _ax.set_xticks(sizes, [str(size) for size in sizes])
    _ax.set_xticks([], minor=True)
    style.legend(_ax)
    style.plain(_ax, "one step", "subparticles", "seconds")
    _ax.get_figure()


@app.cell
def _(mo):
    mo.md(r"""
    The objects say what a step *is*, the arrays are what runs. There are other kernels for the
    same arrays, compiled for a processor (`native`) or for an accelerator (`jax`);
    `backend="auto"` takes the fastest that is installed, and each of them has to agree with the
    objects.

    ## And back

    What arrays have learned is taken back by the objects: `write_back` puts every entry of the
    matrix into the boundary state that it came from.
    """)


@app.cell
def _(build, dp, mo, np, schedule):
    learned = build()
    _simulator = dp.Simulator(learned, schedule=schedule.value, seed=3)
    _ = _simulator.learn(None, steps=500, record=())
    _sensory = learned["motor/plan"].sensory
    _before = {name: one.weight for name, one in _sensory.items()}
    _simulator.write_back()
    _lines = "\n".join(
        f"    | {name} | {_before[name]:.3f} | {one.weight:.3f} |" for name, one in _sensory.items()
    )
    _same = np.array_equal(learned.couplings, _simulator.couplings)
    mo.md(f"""
    | what the plan senses | weight before | after 500 steps |
    |---|---|---|
{_lines}

    Every coupling of the world is that of the simulator: **{_same}**.
    """)
    return (learned,)


@app.cell
def _(mo):
    mo.md(r"""
    ## What was said

    - A subparticle is a row, a boundary state is an entry, a schedule is a loop. The laws of
      blankets are the empty places of a matrix.
    - The step of the arrays is the step of the objects, bit by bit or to rounding, and there is a
      test that says so for any world.
    - Nothing is decided by the arrays: what a step means is written in the objects, each of which
      reads its own blanket only.
    """)


if __name__ == "__main__":
    app.run()
