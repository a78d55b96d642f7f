"""Lesson 2: one subparticle. Run it with ``deepparticle lessons 2``."""

import marimo

app = marimo.App(width="medium", app_title="2. One subparticle")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    import deepparticle as dp
    from deepparticle import figures
    from deepparticle.figures import style

    return dp, figures, mo, np, style


@app.cell
def _(mo):
    mo.md(r"""
    # 2. One subparticle

    The smallest thing has one internal state, $\sigma$, a number between −1 and 1. It does not have
    a value for good: in every step it is drawn anew, from a density with a single parameter, the
    **bias** $b$,

    $$p(\sigma; b) = \frac{e^{b\sigma}}{\int_{-1}^{1} e^{bx}\,dx} \propto e^{b\sigma}.$$

    ($\propto$ reads "is proportional to": what is left out does not depend on $\sigma$, and makes
    the area 1.) With $b = 0$ all values are equally likely. A positive bias prefers the upper end:
    the upper end is $e^{2b}$ times as likely as the lower one, so that $b$ is half the logarithm of
    the odds. This is the *continuous Bernoulli* density. Its mean is called $L(b)$, after Langevin:

    $$L(b) = \coth b - \frac1b .$$

    It rises from −1 to 1 like the activation of a neuron. Move the bias, and look at a thousand
    draws.
    """)


@app.cell
def _(mo):
    bias = mo.ui.slider(-6, 6, 0.5, value=1, label="bias b", show_value=True)
    mo.hstack([bias], justify="start")
    return (bias,)


@app.cell
def _(bias, dp, np, style):
    alone = dp.Partition("world").add_subparticle("a", bias=bias.value)
    alone.sense()
    draws = np.array([alone.infer(uniform) for uniform in np.random.default_rng(0).random(1000)])
    _x = np.linspace(-1, 1, 101)
    _log_density = bias.value * _x - alone.distribution.log_partition(bias.value)
    _ax = style.new_figure(style.COLUMN * 1.4, 2.2).subplots()
    _ax.hist(draws, np.linspace(-1, 1, 21), density=True, color=style.SKY, label="1000 draws")
    _ax.plot(_x, np.exp(_log_density), color=style.INK, label="density")
    style.plain(_ax, "", "state σ", "density")
    style.legend(_ax)
    _ax.get_figure()
    return (draws,)


@app.cell
def _(bias, dp, draws, mo, np):
    odds, mean = np.exp(2 * bias.value), dp.ContinuousBernoulli().mean(bias.value)
    mo.md(f"""
    The upper end is **{odds:.3g}** times as likely as the lower one. The draws have the mean
    {draws.mean():.3f}, and $L(b)$ = **{mean:.3f}**.
    """)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Evidence adds to the bias

    The bias is what the subparticle believes beforehand: the **prior**. Now it senses something: a
    number $u$ comes in through its sensory states, the **evidence**. What does a number say about
    $\sigma$? In this model a state $\sigma$ would make $u$ likely by the factor $e^{u\sigma}$, the
    **likelihood**: positive evidence speaks for high states, negative evidence for low ones, and
    the larger the number, the louder. Bayes' rule multiplies prior and likelihood, and exponents
    add up:

    $$e^{b\sigma} \times e^{u\sigma} = e^{(b + u)\sigma} .$$

    The **posterior**, what it believes afterwards, is a density of the same family, with the bias
    $b + u$. That is the whole computation. What other subparticles show, $s_{ij} = J_{ij}
    \sigma_j$ (lesson 1), adds up in the same way. So for subparticle $i$

    $$\theta_i = \beta_i \Bigl( b_i + \sum_j J_{ij} \sigma_j + u_i \Bigr), \qquad
    \sigma_i' \sim p(\cdot\,; \theta_i):$$

    $\theta$ is the bias of the posterior, the prime marks the new state, and $\sim$ reads "is drawn
    from". $\beta$, the **precision**, multiplies everything, prior and evidence alike: a
    temperature upside down. The left panel below is this multiplication of densities; the right
    one is explained under it.
    """)


@app.cell
def _(mo):
    prior = mo.ui.slider(-3, 3, 0.25, value=1, label="prior bias b", show_value=True)
    evidence = mo.ui.slider(-6, 6, 0.25, value=-2.5, label="evidence u", show_value=True)
    precision = mo.ui.slider(0.1, 3, 0.1, value=1, label="precision β", show_value=True)
    belief = mo.ui.slider(-6, 6, 0.25, value=1, label="a belief", show_value=True)
    mo.vstack([mo.hstack([prior, evidence]), mo.hstack([precision, belief])])
    return belief, evidence, precision, prior


@app.cell
def _(dp, evidence, precision, prior):
    world = dp.Partition("world", precision=precision.value)
    particle = world.add_subparticle("a", bias=prior.value)
    light = world.add_external("light", evidence.value)
    world.sense(light, particle)
    particle.sense()
    _ = particle.infer()
    return (particle,)


@app.cell
def _(belief, figures, particle):
    figures.belief_and_free_energy(particle, belief.value)
    return


@app.cell
def _(belief, mo, particle):
    now, best = particle.free_energy(belief.value), particle.free_energy()
    excess = now.value - particle.least_free_energy()
    _lines = ["| $b_q$ | complexity | accuracy | free energy | above the least |", "|---" * 5 + "|"]
    for _name, _one, _above in (
        (f"yours, {belief.value:g}", now, excess),
        (f"posterior, {particle.argument:g}", best, 0.0),
    ):
        _terms = (_one.complexity, _one.accuracy, _one.value, _above)
        _lines.append(
            f"| {_name} | " + " | ".join(f"{round(x, 3) + 0.0:.3f}" for x in _terms) + " |"
        )
    mo.md("\n".join(_lines))
    return best, excess, now


@app.cell
def _(mo):
    mo.md(r"""
    ## The same, as a descent

    The left panel above is Bayes' rule. The right one is another way to the same place. Suppose
    the subparticle could not multiply densities, but held *some* belief $q = p(\cdot\,; b_q)$ and
    rated it by a number made of two parts, in nats:

    - **complexity**, how far the belief is from the prior, $\mathrm{KL}[q \Vert \text{prior}]$.
      (The Kullback–Leibler divergence of two densities: the mean, under the first, of the
      logarithm of their ratio. It is 0 if they are equal and positive otherwise.) Changing one's
      mind has a price.
    - **accuracy**, how well the belief explains what was sensed: the mean, under $q$, of the
      logarithm of the likelihood, which is $\beta u L(b_q)$.

    Complexity minus accuracy is the **free energy** of the belief,

    $$F(b_q) = \mathrm{KL}[\,b_q \Vert \beta b\,] - \beta\, u\, L(b_q) .$$

    (With neighbours, $u + \sum_j J_{ij} \sigma_j$ stands in the place of $u$.) Put in the
    definitions, and it says the same in another way: $F(b_q) = \mathrm{KL}[\,b_q \Vert \theta\,] +
    F(\theta)$. Whatever the belief, its free energy is above that of the posterior, by
    exactly the divergence from the posterior: the last column of the table. So who goes downhill
    arrives at Bayes' rule, and the valley has no other bottom. All that is needed to see the
    slope is the subparticle's own bias and what its own blanket shows. That is the free energy
    principle for the smallest thing; the network of lesson 4 is made of such things only.
    """)


@app.cell
def _(mo):
    question_1 = mo.md(r"""
    **Question.** Set the prior to 2, the evidence to −2 and the precision to 1. What does the
    subparticle believe? It is back where somebody is who has never seen anything and has no prior.
    Has nothing happened?
    """)
    answer_1 = mo.md(r"""
    The posterior is $\theta = 0$: all states are equally likely. But something has happened: it has
    paid .595 nats of complexity to give up its prior. Had it kept the prior ($b_q = 2$), complexity
    would be 0 and accuracy $-2 L(2) = -1.075$, so a free energy of 1.075. At $b_q = 0$ accuracy is
    0, and the free energy is .595: changing one's mind was worth its price. Going further, to
    $b_q = -2$, buys an accuracy of 1.075 at a complexity of 2.149, which is 1.075 again.
    """)
    mo.vstack([question_1, mo.accordion({"Show the answer": answer_1})])
    return answer_1, question_1


@app.cell
def _(mo):
    question_2 = mo.md(r"""
    **Question.** Is a high precision the same as strong evidence? Try prior 1, evidence −1, and
    precisions from .1 to 3.
    """)
    answer_2 = mo.md(r"""
    No: the posterior stays at 0 for every precision. The precision multiplies the prior as well as
    the evidence, and two that cancel still cancel. What it does is to sharpen a belief that has a
    direction: with prior 1 and evidence 1, $\theta$ is $2\beta$, and the expected state rises from
    .07 at $\beta = .1$ to .83 at $\beta = 3$. At low precision states are nearly random whatever is
    known: the network of lesson 4 will use that to move about.
    """)
    mo.vstack([question_2, mo.accordion({"Show the answer": answer_2})])
    return answer_2, question_2


@app.cell
def _(mo):
    mo.md(r"""
    ## One step, line by line

    In the library a step has three verbs. `a.sense()` reads the blanket. `a.infer(uniform)` draws
    the new state; a random number between 0 and 1 makes the draw, and without it the expected
    state $L(\theta)$ is taken. `a.act()` shows the state to others. Here is $a$, with the prior,
    the evidence and the precision from above, and a neighbour $n$ in the state .5, coupled to it
    by $J$. The sum $h = b + s$ is what $a$ goes by before the evidence comes.
    """)


@app.cell
def _(mo):
    coupling = mo.ui.slider(-4, 4, 0.5, value=2, label="coupling J from n to a", show_value=True)
    chance = mo.ui.slider(0, 1, 0.05, value=0.3, label="random number", show_value=True)
    mo.hstack([coupling, chance])
    return chance, coupling


@app.cell
def _(chance, coupling, dp, evidence, mo, precision, prior):
    pair = dp.Partition("pair", precision=precision.value)
    a = pair.add_subparticle("a", bias=prior.value)
    n = pair.add_subparticle("n", state=0.5)
    pair.couple(n, a, coupling.value)
    pair.sense(pair.add_external("light", evidence.value), a)
    a.sense()
    _ = a.infer(chance.value)
    energy, sensed = a.free_energy(), a.sensory["n"].state
    beta, u = precision.value, a.evidence
    mo.md(f"""
    | | | |
    |---|---|---|
    | sense | $s = J \\sigma_n$ | {coupling.value:g} × 0.5 = {sensed:g} |
    | | $h = b + s$ | {prior.value:g} + ({sensed:g}) = {a.field:g} |
    | | $u$ | {u:g} |
    | infer | $\\theta = \\beta (h + u)$ | {beta:g} × ({a.field:g} + ({u:g})) = **{a.argument:g}** |
    | | $L(\\theta)$, expected | {a.distribution.mean(a.argument):.4f} |
    | | $\\sigma'$, drawn | **{a.state:.4f}** |
    | | complexity, accuracy | {energy.complexity:.4f}, {energy.accuracy + 0.0:.4f} |
    | | $F$, their difference | {energy.value:.4f} |
    | later | $\\varepsilon = \\sigma' - L(h)$ | {a.prediction_error:.4f} |
    """)
    return (a,)


@app.cell
def _(mo):
    mo.md(r"""
    The last line is the **prediction error** $\varepsilon$: what came, minus what was expected
    before the evidence. From it the subparticle will learn, in lesson 4. Before that, lesson 3 puts
    two of them together. (`dp.derivation.trace(world)` writes such lines for every subparticle of
    a world of yours.)
    """)


if __name__ == "__main__":
    app.run()
