"""Lesson 4: a network that remembers. Run it with ``deepparticle lessons 4``."""

import marimo

app = marimo.App(width="medium", app_title="4. A network that remembers")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    import deepparticle as dp
    from deepparticle import analysis, figures

    return analysis, dp, figures, mo, np


@app.cell
def _(mo):
    mo.md(r"""
    # 4. A network that remembers

    Sixty-four subparticles, one for each pixel of an image of 8 × 8. Each sees its own pixel: the
    brightness $x_i$ (scaled to mean 0 and spread 1) times a strength $e$ is its evidence, $u_i = e
    x_i$. Each also senses all the others, $s_{ij} = J_{ij} \sigma_j$. In the beginning all
    couplings $J_{ij}$ are 0: nobody says anything to anybody. There is no teacher, and nothing
    sees the image as a whole. Still the network will keep it.

    ## The learning rule

    From lesson 2: $h_i = b_i + \sum_j J_{ij} \sigma_j$ is what subparticle $i$ goes by before the
    evidence comes, so that it *expects* the state $L(h_i)$. Then it draws a new state $\sigma_i'$,
    with the evidence. The difference is its prediction error,

    $$\varepsilon_i = \sigma_i' - L(h_i) .$$

    The new state was a surprise of $-\ln p(\sigma_i'; h_i)$ nats for somebody with that
    expectation. To be less surprised next time, a coupling should move against the slope of this
    number, and the slope with respect to $J_{ij}$ is $-\varepsilon_i$ times the state of $j$. Hence
    the rule,

    $$\Delta J_{ij} = \alpha\, \varepsilon_i\, \sigma_j' = \alpha \bigl( \sigma_i' \sigma_j' -
    L(h_i)\, \sigma_j' \bigr),$$

    with a small learning rate $\alpha$ (and the new state of $j$, as in the published model; the
    slope has the old one). The first term is **Hebb's rule**: what is active together is coupled
    together. The second takes away what was expected of it anyway. A coupling stops growing when
    what it would say is no news. Everything in the rule is at the two ends of the one boundary
    state that learns.

    The bias here is 0, and $L(h_i)$ is made *without* the evidence. Somebody who predicted with the
    evidence would have nothing left to learn from it.
    """)


@app.cell
def _(mo):
    count = mo.ui.slider(1, 10, 1, value=5, label="digits shown", show_value=True)
    strength = mo.ui.slider(1, 20, 1, value=11, label="strength of evidence e", show_value=True)
    precision = mo.ui.dropdown(["0.03", "0.1", "0.3", "1"], value="0.3", label="precision β")
    mo.hstack([count, strength, precision])
    return count, precision, strength


@app.cell
def _(count, dp, np, precision, strength):
    images = dp.datasets.digits().train[: count.value]
    world = dp.from_couplings(
        np.zeros((64, 64)), precision=float(precision.value), learning_rate=0.001
    )
    sim = dp.Simulator(world, seed=0, backend="numpy")
    _ = sim.learn(images, float(strength.value), epochs=1000, steps=10, record=())
    return images, sim


@app.cell
def _(analysis, dp, images, mo, np, sim, strength):
    starts = dp.ContinuousBernoulli().mean(0.1 * strength.value * images)
    found = analysis.attractors(sim, starts, precision=1.0)
    size = float(np.abs(found.states).max(initial=0.0))
    mo.md(f"""
    ## What it keeps

    There were a thousand presentations of ten steps each, in random order. Now the evidence is
    taken away, and chance as well (every state is replaced by its expectation, at precision 1),
    and the network is left where an image would put it. Its states move until they rest, where
    $\\sigma = L(J \\sigma)$. Such a point is an **attractor**: a memory. From {len(images)} images
    it came to **{len(found)}** of them; their largest state is {size:.2f}. (If that is 0, there is
    one attractor, the zero state, and no memory.) The size of all couplings together is
    $\\Vert J \\Vert$ = {np.linalg.norm(sim.couplings):.1f}. Below each image is the attractor that
    is most like it, with their correlation $r$.
    """)
    return found, size


@app.cell
def _(figures, found, images):
    labels = [str(number) for number in range(len(images))]
    figures.attractors_beside_patterns(images, found.states, (8, 8), labels=labels)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## What it makes of noise

    Now it gets an image that somebody has spoilt: noise is added to every pixel, and the whole is
    shown as evidence of a tenth of the strength that it had while learning. Nobody says which
    digit it was. The network runs for a hundred steps at precision 1, and the mean of its states
    is its answer.
    """)


@app.cell
def _(mo):
    noise = mo.ui.slider(
        0, 3, 0.25, value=1, label="noise, in units of the image's spread", show_value=True
    )
    mo.hstack([noise], justify="start")
    return (noise,)


@app.cell
def _(analysis, dp, images, noise, np, sim, strength):
    hebbian = analysis.hebbian_couplings(images)
    hebbian *= np.linalg.norm(sim.couplings) / np.linalg.norm(hebbian)
    couplings = {
        "learned couplings": sim.couplings,
        "Hebb's couplings": hebbian,
        "no couplings": np.zeros((64, 64)),
    }
    trials = {
        name: analysis.recall(
            dp.Simulator(dp.from_couplings(one), backend="numpy"),
            images,
            evidence_strength=0.1 * strength.value,
            noise=noise.value,
            trials=60,
            reset=True,
            seed=1,
        )
        for name, one in couplings.items()
    }
    return (trials,)


@app.cell
def _(figures, trials):
    figures.recall_examples(trials["learned couplings"], (8, 8), which="first")
    return


@app.cell
def _(analysis, images, np, trials):
    _learned = trials["learned couplings"]
    _mixture = analysis.linear_reconstruction(_learned.noisy, images)
    scores = {name: one.signed_output for name, one in trials.items()}
    scores["mixture of the images"] = analysis.correlation(_mixture, _learned.targets)
    medians = {name: float(np.median(one)) for name, one in scores.items()}
    of_input = float(np.median(_learned.signed_input))
    return medians, of_input, scores


@app.cell
def _(figures, medians, np, of_input, scores):
    figures.method_bars(
        {name: (medians[name], float(np.std(one))) for name, one in scores.items()},
        reference=("noisy input", of_input),
        highlighted="learned couplings",
        label="correlation with the true image (median, sd of 60 trials)",
    )
    return


@app.cell
def _(medians, mo, of_input):
    mo.md(f"""
    The correlation of the spoilt image with the true one is {of_input:.2f}. The answer of the
    network has **{medians["learned couplings"]:.2f}**. A score says little without company:

    - *no couplings*, {medians["no couplings"]:.2f}: each subparticle answers to its own pixel;
    - *Hebb's couplings*, {medians["Hebb's couplings"]:.2f}: the first term of the rule alone, for
      the same images, with the same size of all couplings together;
    - *mixture of the images*, {medians["mixture of the images"]:.2f}: the weighted sum of the true
      images that is nearest to the spoilt one, for somebody who has them all at hand.
    """)


@app.cell
def _(mo):
    question_1 = mo.md(r"""
    **Question.** Show the network one digit only, and Hebb's couplings are as good as the learned
    ones. Show it more, and they are not. Why?
    """)
    answer_1 = mo.md(r"""
    With one image both rules come to similar couplings (they correlate by .91). With several,
    Hebb's rule adds them up, and what is strongest in the sum wins: for five digits its couplings
    have one single attractor, whichever digit the network starts from, and answer with .64 where
    even no couplings have .69. The learned ones have four attractors for the five digits, and .92.
    What the digits have in common (they correlate by .33 on average, in magnitude) is predicted as
    soon as some of them are known, and what is predicted is not learned again. Lesson 5 looks at
    this closely.
    """)
    mo.vstack([question_1, mo.accordion({"Show the answer": answer_1})])
    return answer_1, question_1


@app.cell
def _(mo):
    question_2 = mo.md(r"""
    **Question.** With five digits, set the noise to .25. Does the network improve on what it is
    shown?
    """)
    answer_2 = mo.md(r"""
    No: the spoilt image correlates by .97 with the true one, and the answer by .94. Without any
    noise the answer is no better, .94 again. The network answers with its own memories, and these
    resemble the digits, but are not copies of them. That pays where there is much noise to remove:
    with a noise of 2 the image has .46 and the answer .84, with 3 it is .33 and .66.
    """)
    mo.vstack([question_2, mo.accordion({"Show the answer": answer_2})])
    return answer_2, question_2


@app.cell
def _(mo):
    question_3 = mo.md(r"""
    **Question.** Learn with evidence of strength 1 (five digits, precision .3, noise 1). Is there a
    memory? Is the network better than one without couplings?
    """)
    answer_3 = mo.md(r"""
    There is no memory: the only attractor is the zero state. With so little evidence states were
    nearly random while it learned, and the couplings stayed small (3.3 in all, against 13.9). And
    yet the answer has .69, and without couplings it would be .44: couplings that are too weak to
    hold an image still strengthen one that is being shown. (The spoilt image itself has .71.)
    """)
    mo.vstack([question_3, mo.accordion({"Show the answer": answer_3})])
    return answer_3, question_3


if __name__ == "__main__":
    app.run()
