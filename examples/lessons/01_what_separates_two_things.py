"""Lesson 1: what separates two things. Run it with ``deepparticle lessons 1``."""

import marimo

app = marimo.App(width="medium", app_title="1. What separates two things")


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
    # 1. What separates two things

    Everything in this course is made of *states*: numbers that change in time, partly by chance.
    Some states drive others. Draw an arrow wherever one does, and ask of a group of them: is this
    a thing, with an inside and an outside? There is an answer that does not depend on what the
    thing is made of. A thing meets its outside only through a **blanket**.

    Relative to a thing, every state has one of four roles. Their letters come back in all nine
    lessons:

    - **internal** states, $\mu$: the inside;
    - **external** states, $\eta$: the outside;
    - **sensory** states, $s$: driven from outside, they drive the inside;
    - **active** states, $a$: driven from inside, they drive the outside.

    Sensory and active states together are the blanket.

    Below is a world with one external state, a scene. A body looks at it with an eye, thinks with
    a brain and touches it with a hand; each of the three is a thing as well, inside a thing. The
    circles are **subparticles**: the smallest things, with one internal state each. What one of
    them shows to another crosses the borders of both as a **boundary state**, $s_{ij} = J_{ij}
    \sigma_j$: the state $\sigma_j$ of the sender $j$ times a number, the **coupling** $J_{ij}$ to
    the receiver $i$. For the sender it is an active state (diamond), for the receiver a sensory one
    (disc): one state, seen from two sides.
    """)


@app.cell
def _(mo):
    gain = mo.ui.slider(-3, 3, 0.5, value=2, label="coupling from eye to brain", show_value=True)
    thing = mo.ui.dropdown(
        ["body", "body/eye", "body/brain", "body/hand", "body/brain/b"],
        value="body/brain",
        label="the thing",
    )
    mo.hstack([gain, thing])
    return gain, thing


@app.cell
def _(dp, gain, np):
    def build(hidden=0.0):
        world = dp.Partition("world")
        body = world.add_partition("body")
        eye, brain, hand = (body.add_partition(name) for name in ("eye", "brain", "hand"))
        left, right = (eye.add_subparticle(name) for name in ("left", "right"))
        a, b = (brain.add_subparticle(name) for name in ("a", "b"))
        grip = hand.add_subparticle("grip")
        world.couple(left, a, gain.value)
        world.couple(right, a, gain.value)
        for source, target, weight in ((a, b, 2.0), (b, a, -1.0), (b, grip, 2.0), (grip, left, 1)):
            world.couple(source, target, weight)
        light = np.random.default_rng(1).uniform(-2.0, 2.0, 1000)
        scene = world.add_external("scene", process=dp.Stream(light, then="cycle"))
        world.sense(scene, eye)
        world.act(grip, scene)
        if hidden:
            world.couple(left, b, hidden)
        return world, light

    return (build,)


@app.cell
def _(build):
    world, light = build()
    world.draw().get_figure()
    return light, world


@app.cell
def _(mo, thing, world):
    _blanket = world.blanket(thing.value)
    mo.md(f"""
    The blanket of `{thing.value}` has **{len(_blanket.sensory)} sensory** and
    **{len(_blanket.active)} active** states. Here are all states in their roles. Choose another
    thing above, and the same states change their roles: the eye is inside the body, and outside
    the brain. What joins two states on the same side is drawn as a plain arrow.
    """)


@app.cell
def _(figures, thing, world):
    figures.particular_partition(world.graph, thing.value)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## The law

    Write $f$ for the **flow** of a state: how it changes, given what drives it. The picture says
    which arguments each flow may have:

    $$\dot\eta = f_\eta(\eta, s, a), \quad \dot s = f_s(\eta, s, a), \quad
    \dot a = f_a(s, a, \mu), \quad \dot\mu = f_\mu(s, a, \mu),$$

    each with a noise of its own (the dot is the rate of change). This is a **particular
    partition**: $\mu$ is missing in the first two, $\eta$ in the last two. If it holds, then

    $$\eta(\cdot) \perp \mu(\cdot) \mid s(\cdot), a(\cdot):$$

    who has watched the blanket all the time learns nothing about the inside from the outside
    ($\perp$ reads "is independent of", the bar "given", and $(\cdot)$ means the whole path through
    time). It takes no equation to see whether it holds: *no arrow joins inside and outside, and no
    state is driven by both*. The library checks that at every level. Plant a leak with the menu;
    the thing is the one that you chose above.
    """)


@app.cell
def _(mo):
    leak = mo.ui.dropdown(
        ["none", "scene → b", "left → b", "b → scene", "scene → a→b"],
        value="scene → b",
        label="a leak",
    )
    mo.hstack([leak], justify="start")
    return (leak,)


@app.cell
def _(figures, leak, thing, world):
    between = "body/brain/a→body/brain/b"
    edges = {
        "scene → b": ("scene", "body/brain/b"),
        "left → b": ("body/eye/left", "body/brain/b"),
        "b → scene": ("body/brain/b", "scene"),
        "scene → a→b": ("scene", between),
    }
    graph = world.graph.copy()
    graph.add_edges_from([edges[leak.value]] if leak.value in edges else [])
    figures.particular_partition(graph, thing.value)
    return (graph,)


@app.cell
def _(dp, graph, mo):
    faults = []
    try:
        dp.from_networkx(graph)
    except dp.PartitionError as error:
        faults.extend(error.faults)
    _levels = ", ".join(dict.fromkeys(f"`{one.where}`" for one in faults if "→" not in one.where))
    _lines = "\n".join(f"- `{one.where}`: {one.rule} (there is `{one.value}`)" for one in faults)
    mo.md(
        f"**{len(faults)} faults**. What leaks: {_levels}.\n\n{_lines}"
        if faults
        else "**Lawful at every level**: `world.check()` has nothing to say."
    )
    return (faults,)


@app.cell
def _(mo):
    question_1 = mo.md(r"""
    **Question.** The leak *left → b* is found at the eye, at the brain and at two subparticles.
    Why not at the body? And which leaks of the menu does the body have?
    """)
    answer_1 = mo.md(r"""
    Both ends are inside the body: relative to it, one internal state drives another, which breaks
    nothing. The body leaks where one end is the scene: with *scene → b*, *b → scene* and
    *scene → a→b*. A leak is a leak *of a thing*, so each level has to be asked.
    """)
    mo.vstack([question_1, mo.accordion({"Show the answer": answer_1})])
    return answer_1, question_1


@app.cell
def _(mo):
    mo.md(r"""
    ## Seen in data

    The law speaks of wiring. It can also be tested without looking at the wires. Given what its
    blanket shows *now*, the *next* state of a subparticle depends on nothing else. So run the
    world, take of every next state what was expected of it given its blanket, and see whether
    what remains goes with anything outside. Each such statement gives a score that is a standard
    normal number under the law (a bell of width 1 around 0). Let *left* secretly drive $b$, and
    certify the run against the world as it is declared, without that coupling.
    """)


@app.cell
def _(mo):
    hidden = mo.ui.slider(
        0, 1.5, 0.1, value=0.6, label="hidden coupling, left to b", show_value=True
    )
    steps = mo.ui.dropdown(["500", "2000", "8000"], value="2000", label="steps")
    mo.hstack([hidden, steps])
    return hidden, steps


@app.cell
def _(build, dp, hidden, light, np, steps, world):
    count = int(steps.value)
    run = dp.Simulator(build(hidden.value)[0], backend="numpy", seed=0).infer(
        steps=count, record="states"
    )
    shown = np.resize(light, count)[:, None] * np.ones(2)
    certificate = world.certify(run, evidence={"scene": shown})
    return (certificate,)


@app.cell
def _(certificate, np, style):
    _scores = certificate.statements.statistics
    _reach = max(5.0, 1.1 * np.abs(_scores).max())
    _width = _reach / 30
    _ax = style.new_figure(style.COLUMN * 1.4, 2.2).subplots()
    _ax.hist(_scores, np.arange(-_reach, _reach + _width, _width), color=style.SKY, label="scores")
    _z = np.linspace(-5, 5, 101)
    _law = len(_scores) * _width * np.exp(-(_z**2) / 2) / np.sqrt(2 * np.pi)
    _ax.plot(_z, _law, color=style.INK, label="under the law")
    style.plain(_ax, "", "score", "statements")
    style.legend(_ax)
    _ax.get_figure()
    return


@app.cell
def _(certificate, mo):
    _worst = certificate.worst
    mo.md(f"""
    {len(certificate.statements)} statements: the law is
    **{"not rejected" if certificate.ok else "rejected"}**. Clearest: {_worst.words}, score
    {_worst.statistic:.1f}, with probability p = {_worst.p_value:.2g} under the law (corrected for
    how many statements were tried).
    """)


@app.cell
def _(mo):
    question_2 = mo.md(r"""
    **Question.** Set the hidden coupling to .2. How many steps does it take until the run is
    rejected? And how many for twice that coupling?
    """)
    answer_2 = mo.md(r"""
    With a coupling of .2, 500 steps are not enough and 2000 are; with .4, 500 do. The score of a
    leak grows with the coupling and with the *square root* of the number of steps: twice the
    coupling needs a quarter of the steps. (This is one run per setting; another seed may be
    luckier or less lucky by one unit of the score.) At .1 even 8000 steps do not tell: "not
    rejected" is no proof. The wiring is.
    """)
    mo.vstack([question_2, mo.accordion({"Show the answer": answer_2})])
    return answer_2, question_2


@app.cell
def _(mo):
    mo.md(r"""
    ## One instant is not the whole path

    It is tempting to read the law at a single instant: "given the blanket *now*, inside and outside
    are independent *now*". That is another statement, and often a false one. Take three
    subparticles in a row, 1 – 2 – 3. No boundary state joins 1 and 3; all that passes between them
    passes through 2. The wiring is lawful. Let the row run for a long time, stop it, and look at
    the three states, once with the subparticles updating one after another, and once all of them
    at the same time. What 1 and 3 tell of each other is counted in nats, the unit of information
    that belongs to the natural logarithm (one nat is 1.44 bits).
    """)


@app.cell
def _(mo):
    row = mo.ui.slider(0, 3, 0.25, value=2, label="couplings in the row", show_value=True)
    mo.hstack([row], justify="start")
    return (row,)


@app.cell
def _(analysis, dp, mo, row):
    _k = row.value
    three = dp.from_couplings([[0, _k, 0], [_k, 0, _k], [0, _k, 0]], name="row")
    three.check()  # path-wise, all is well
    left_over = {one.schedule: one.pairs for one in three.report().levels[0].equal_time}
    _law = {one: analysis.stationary_law(dp.Simulator(three), schedule=one) for one in left_over}
    together = {one: law.correlations[0, 2] for one, law in _law.items()}
    mo.md(f"""
    | update | correlation of 1 and 3 | what they tell of each other once 2 is known, in nats |
    |---|---|---|
    | one by one | {together["sequential"]:.3f} | {left_over["sequential"]:.3f} |
    | at once | {together["synchronous"]:.3f} | {left_over["synchronous"]:.3f} |
    """)
    return left_over, three, together


@app.cell
def _(mo):
    question_3 = mo.md(r"""
    **Question.** The correlation of 1 and 3 is the same in both rows. Knowing the middle one
    removes it in the first row, and not in the second. Why?
    """)
    answer_3 = mo.md(r"""
    What 1 and 3 have in common is what 2 *showed* them. If all update at once, that is the state of
    2 one step *before*, and its present state says nothing about it. The blanket that separates 1
    and 3 is the *path* of 2. One by one, with equal couplings both ways, the present state happens
    to be enough. With unequal ones it depends on who comes last: with couplings of 3 from the
    middle to the ends and 1 back, and the middle one last, .069 nats are left. So the law of this
    lesson is path-wise, and what holds at one instant is a question of its own, which
    `world.report()` answers with a number.
    """)
    mo.vstack([question_3, mo.accordion({"Show the answer": answer_3})])
    return answer_3, question_3


@app.cell
def _(mo):
    mo.md(r"""
    What you should take along: *who drives whom* decides what is a thing; a blanket consists of the
    boundary states that cross the border; things nest. The smallest thing is a subparticle with
    its own small blanket. What goes on in there is the subject of the next lesson.
    """)


if __name__ == "__main__":
    app.run()
