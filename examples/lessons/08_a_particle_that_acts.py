"""Lesson 8: a particle that acts. Run it with ``deepparticle lessons 8``."""

import marimo

app = marimo.App(width="medium", app_title="8. A particle that acts")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    import deepparticle as dp
    from deepparticle.figures import style

    return dp, mo, np, style


@app.cell
def _(mo):
    mo.md(r"""
    # 8. A particle that acts

    So far the world was shown to the particle, like a picture. But a blanket has two sides. By
    its *sensory* states the outside reaches the inside; by its *active* states the inside reaches
    the outside. If the outside answers, a loop is closed, and what a particle senses is in part
    of its own making.

    Here the world is a single number, the warmth $\eta$ of a body, which is 0 where it should be.
    Left alone it drifts upwards, and it is shaken. The particle has one internal state $\sigma$
    between −1 and 1, one sensory state $s$ and one active state $a$,

    $$s = w_s\, \eta, \qquad p(\sigma) \propto e^{s \sigma}, \qquad a = -w_a\, \sigma, \qquad
    \eta' = \eta + \tfrac{1}{20} + a + \text{noise} .$$

    Read it once round: if it is too warm, $\eta > 0$, the sensory state is positive, which makes
    a positive $\sigma$ more probable; $a$ is then negative, and it becomes less warm. Nobody
    computes what has to be done. The particle knows nothing but $s$, and the body nothing but
    $a$.
    """)


@app.cell
def _(dp, np):
    DRIFT, STEPS, RUNS = 0.05, 400, 8

    class Warmth:
        """The process η' = η + drift + Σ a + noise; it keeps a record of η and of the actions."""

        def __init__(self, noise, replayed=None):
            self.noise, self.replayed = noise, replayed
            self.values, self.actions = [], []

        def __call__(self, value, actions, rng):
            action = actions.sum() if self.replayed is None else next(self.replayed)
            following = value + DRIFT + action + self.noise * rng.standard_normal()
            self.values.append(float(following))
            self.actions.append(float(action))
            return following

    def build(sensing, acting, process):
        world = dp.Partition("animal")
        particle = world.add_subparticle("particle")
        warmth = world.add_external("warmth", 0.0, process)
        if sensing is not None:
            world.sense(warmth, particle, sensing)
        if acting is not None:
            world.act(particle, warmth, -acting)
        return world

    def run(sensing, acting, noise, replayed=None, seed=0):
        """Warmth and actions of several bodies side by side, shape (STEPS, RUNS)."""
        process = Warmth(noise, replayed)
        simulator = dp.Simulator(build(sensing, acting, process), networks=RUNS, seed=seed)
        simulator.infer(steps=STEPS, record=())
        return [np.reshape(one, (STEPS, RUNS)) for one in (process.values, process.actions)]

    def far(warmth):
        """How far from 0: the root mean square, once it has settled."""
        return float(np.sqrt(np.mean(warmth[100:] ** 2)))

    return DRIFT, STEPS, Warmth, build, far, run


@app.cell
def _(Warmth, build):
    build(4.0, 0.3, Warmth(0.1)).draw(title="the loop").get_figure()


@app.cell
def _(mo):
    sensing = mo.ui.slider(0, 8, 0.5, value=4, label="senses, wₛ", show_value=True)
    acting = mo.ui.slider(0, 1, 0.05, value=0.3, label="acts, wₐ", show_value=True)
    noise = mo.ui.slider(0, 0.4, 0.05, value=0.1, label="noise", show_value=True)
    mo.hstack([sensing, acting, noise])
    return acting, noise, sensing


@app.cell
def _(acting, noise, run, sensing):
    found = {
        "closed loop": run(sensing.value, acting.value, noise.value),
        "it cannot sense": run(None, acting.value, noise.value),
        "it cannot act": run(sensing.value, None, noise.value),
    }
    # What the particles did on another day, done again on this one.
    _, _other = run(sensing.value, acting.value, noise.value, seed=1)
    _replayed = iter(_other.ravel().tolist())
    found["replayed"] = run(sensing.value, acting.value, noise.value, _replayed)
    return (found,)


@app.cell
def _(STEPS, found, np, style):
    _figure = style.new_figure(style.PAGE, 2.8)
    _ax = _figure.subplots()
    for (_name, (_warmth, _)), (_colour, _, _dash) in zip(
        found.items(), style.SERIES, strict=False
    ):
        _ax.plot(
            np.arange(1, STEPS + 1), _warmth[:, 0], color=_colour, linestyle=_dash, label=_name
        )
    _ax.axhline(0.0, color=style.GREY, linewidth=0.7)
    _ax.set_ylim(-4, 8)
    style.legend(_ax, loc="lower left", ncols=4)
    style.plain(_ax, "one body, in four conditions", "step", "warmth η")
    _ax.get_figure()


@app.cell
def _(DRIFT, far, found, mo):
    _lines = "\n".join(
        f"    | {name} | {far(warmth):.2f} | {warmth[100:].mean():.2f} | {acts[100:].mean():.3f} |"
        for name, (warmth, acts) in found.items()
    )
    mo.md(f"""
    | eight bodies | far from 0 | mean warmth | mean action |
    |---|---|---|---|
{_lines}

    *Far from 0* is the root mean square of η after the first 100 steps. The drift is {DRIFT} in
    each step.
    """)


@app.cell
def _(mo):
    mo.md(r"""
    **Cutting the loop.** Cut it in one place, and the body drifts away: a particle that cannot
    sense acts all the time, but not *because* of anything; one that cannot act can but watch. The
    fourth condition is the strictest. *Replayed*, the body receives exactly the actions of
    another particle in another body, which kept that one well. They have the right mean, and the
    right variance. They undo the drift, but not this body's noise. What keeps a body where it is
    is not the movement, it is the loop.

    In the closed loop the mean action is minus the drift: if it were not, the warmth would move
    on until it is.
    """)


@app.cell
def _(far, mo, noise, np, run, sensing, style):
    strengths = np.array([0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0])
    distances = np.array([far(run(sensing.value, one, noise.value)[0]) for one in strengths])
    best = float(strengths[distances.argmin()])
    _figure = style.new_figure(style.COLUMN, 2.3)
    _ax = _figure.subplots()
    _ax.plot(strengths, distances, "o-", color=style.BLUE, markersize=4)
    _ax.set_ylim(0, min(3.0, 1.1 * distances.max()))
    style.plain(_ax, f"closest at {best:g}", "strength of action", "how far from 0")
    _ax.get_figure()
    return best, distances


@app.cell
def _(mo):
    question_1 = mo.md(r"""
    **Question.** Is a stronger action better? Why does the curve rise at both ends, and where is
    the best strength when the world becomes noisier? And set the noise to 0: why is *replayed*
    then as good as the loop?
    """)
    answer_1 = mo.md(r"""
    A weak action is too slow, and an action of less than .05 can never undo a drift of .05, as σ
    is at most 1. A strong one is too rough: σ is drawn at random, and each draw pushes the body
    by up to $w_a$. At the noise .1 the best strength is .3, which keeps the body within .30. The
    particle itself is then the larger part of what shakes it. Without any noise of the world the
    best is still .26.

    In a noisier world more has to be undone, and stronger action pays: the best strength is .4 at
    the noise .2, and .6 at .4.

    Without noise all bodies are the same, and what was right for another one is right here. There
    is nothing left of which only this particle's senses could tell. With the noise .1 the
    replayed actions let the body stray by 3.6, twelve times as far as the loop does.
    """)
    mo.vstack([question_1, mo.accordion({"Show the answer": answer_1})])
    return answer_1, question_1


@app.cell
def _(mo):
    mo.md(r"""
    ## Learning to act

    The weights were given. Can a particle find out what its actions do? Now $w$, the weight of
    the active state, starts at 0, and the body left alone rests where it is far too warm, at 1.6.
    The particle expects to sense 0. It has a *prior* over its sensations,
    $p(\eta) \propto e^{-\eta^2 / 2 c^2}$ with $c = \tfrac12$, and it is surprised by

    $$-\ln p(\eta) = \frac{\eta^2}{2 c^2} + \text{constant} .$$

    Perception can reduce surprise by changing what is believed, as in the lessons before. Action
    can reduce it by changing what is sensed. A boundary state inside a particle learns from the
    prediction error at its target. The target of an active state is the world, which predicts
    nothing; what stands in its place is what the particle expected of the warmth, minus what it
    became:

    $$\Delta w = \alpha\, \varepsilon\, \sigma , \qquad \varepsilon = 0 - \eta' .$$

    Both factors are at the two ends of this one boundary state. An action that was followed by
    too much warmth becomes weaker, one that was followed by too little becomes stronger. The rule
    takes for granted that a push upwards moves the body upwards. In a *contrary world* that is
    false.
    """)


@app.cell
def _(mo):
    rate = mo.ui.slider(1, 20, 1, value=2, label="rate of learning, α × 1000", show_value=True)
    contrary = mo.ui.switch(label="contrary world")
    mo.hstack([rate, contrary], justify="start")
    return contrary, rate


@app.cell
def _(contrary, dp, np, rate):
    BODIES, LOOK, LOOKS = 6, 20, 40  # bodies; steps between two looks at the weights

    class Body:
        """The process η' = .95 η + .08 ± ½ Σ a + noise, which rests at 1.6."""

        def __init__(self):
            self.values = []

        def __call__(self, value, actions, rng):
            push = (-0.5 if contrary.value else 0.5) * actions.sum()
            following = 0.95 * value + 0.08 + push + 0.1 * rng.standard_normal()
            self.values.append(float(following))
            return following

    world = dp.Partition("animal")
    particle = world.add_subparticle("particle", learning_rate=rate.value / 1000)
    body = Body()
    warmth = world.add_external("warmth", 1.6, body, expectation=0.0)
    world.sense(warmth, particle, 3.0)
    world.act(particle, warmth, 0.0, plastic=True)
    _learner, _weights = dp.Simulator(world, networks=BODIES, seed=0), []
    for _ in range(LOOKS):
        _ = _learner.learn(None, steps=LOOK, record=())
        _weights.append(_learner.action_weights["warmth"][:, 0])
    weights = np.array(_weights)
    surprises = 2.0 * np.reshape(body.values, (LOOKS, LOOK, BODIES)) ** 2  # c = ½
    surprises = surprises.mean(axis=1)
    return Body, LOOK, LOOKS, surprises, weights


@app.cell
def _(LOOK, LOOKS, np, style, surprises, weights):
    _figure = style.new_figure(style.PAGE, 2.5)
    _left, _right = _figure.subplots(1, 2)
    _steps = LOOK * np.arange(1, LOOKS + 1)
    _left.plot(_steps, surprises, color=style.BLUE, linewidth=0.6, alpha=0.5)
    _left.plot(_steps, surprises.mean(axis=1), color=style.BLUE, linewidth=1.8)
    _left.set(yscale="log", ylim=(0.05, 200))
    style.plain(_left, "six bodies, and their mean", "step", "surprise above the least (nats)")
    _right.plot(_steps, weights, color=style.VERMILION, linewidth=1.0)
    _right.set_ylim(-1.2, 0.2)
    _right.axhline(0.0, color=style.GREY, linewidth=0.7)
    style.plain(_right, "what its action became", "step", "weight of the active state")
    _right.get_figure()


@app.cell
def _(mo, surprises, weights):
    _last = surprises[-10:].mean()
    mo.md(f"""
    | | |
    |---|---|
    | surprise in the first 200 steps | {surprises[:10].mean():.3g} nats |
    | surprise in the last 200 steps | {_last:.3g} nats{" (it ran away)" if _last > 1000 else ""} |
    | weight in the end, mean of six | {weights[-1].mean():.3g} |
    """)


@app.cell
def _(mo):
    question_2 = mo.md(r"""
    **Question.** Nobody told the particle that it has to push *against* what it senses. Where
    does the minus of its weight come from? Then switch to the contrary world, at the slowest
    rate.
    """)
    answer_2 = mo.md(r"""
    From what goes together. The body is too warm, so ε is negative; the particle senses warmth,
    so σ is positive more often than not. Their product is negative, and $w$ falls with every
    step, until what the particle shows and what is amiss in the next step no longer go together.
    After 800 steps the weight is −.42, and the surprise has gone from 5.3 nats, left alone, to
    .38; ten times as fast, it is −.64 and .28.

    In the contrary world the same minus makes a warm body warmer. There more is amiss, so it
    learns more of the wrong thing, and runs away: a weight of −118 and more than 500,000 nats, at
    the slowest rate. The weight that it needs there is positive, and the rule cannot find it,
    because it does not ask what an action *did*, only what was amiss afterwards. That a push
    upwards moves the body upwards is knowledge about the world which the particle was born with.
    """)
    mo.vstack([question_2, mo.accordion({"Show the answer": answer_2})])
    return answer_2, question_2


@app.cell
def _(mo):
    mo.md(r"""
    ## What was said

    - An external state that answers closes a loop through the blanket. Inside and outside still
      meet nowhere else.
    - What regulates is the loop and not the movement: the same actions, replayed, do not keep
      another body.
    - Actions can be learned from what they were followed by, with nothing but the two ends of a
      boundary state. Learning needs an assumption about the world, and fails where it is false.
    """)


if __name__ == "__main__":
    app.run()
