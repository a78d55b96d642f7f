"""Lesson 5: why attractors become orthogonal. Run it with ``deepparticle lessons 5``."""

import marimo

app = marimo.App(width="medium", app_title="5. Why attractors become orthogonal")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    import deepparticle as dp
    from deepparticle import analysis, figures
    from deepparticle.figures import style, tiles

    return analysis, dp, figures, mo, np, style, tiles


@app.cell
def _(mo):
    mo.md(r"""
    # 5. Why attractors become orthogonal

    Two images of 5 × 5 pixels, a standing and a lying bar with a bright centre, are much alike:
    the angle between them, as vectors of 25 numbers, is 40°. (Two vectors $x$ and $y$ have the
    angle whose cosine is $x \cdot y / \Vert x \Vert \Vert y \Vert$: 0° if they point the same way,
    90° if they have nothing in common. At 90° they are **orthogonal**.) A network of 25
    subparticles sees them, as evidence $u_i = e x_i$, and learns as in lesson 4. What it keeps is
    *not* two copies. An attractor is again where the network comes to rest, from near an image,
    without evidence and without chance. The figure gives correlations $r$, the table angles.
    """)


@app.cell
def _(mo):
    strength = mo.ui.slider(10, 40, 5, value=30, label="strength of evidence e", show_value=True)
    precision = mo.ui.dropdown(
        ["0.03", "0.05", "0.1", "0.2", "0.5", "1"], value="0.1", label="precision β"
    )
    mo.hstack([strength, precision], justify="start")
    return precision, strength


@app.cell
def _(analysis, dp, np, precision, strength):
    images = dp.datasets.cross_and_bar()
    activation = dp.ContinuousBernoulli().mean  # L
    blank = dp.from_couplings(np.zeros((25, 25)), learning_rate=0.01)
    e, beta = float(strength.value), float(precision.value)
    sim = dp.Simulator(blank, precision=beta, seed=0, backend="numpy")
    _ = sim.learn(images, e, epochs=500, steps=10, record=())
    starts = activation(0.1 * images)
    found = analysis.attractors(sim, starts, precision=1.0)
    return activation, beta, blank, e, found, images, sim, starts


@app.cell
def _(figures, found, images):
    figures.orthogonal_basis(images, found.states, (5, 5))
    return


@app.cell
def _(activation, analysis, beta, e, found, images, mo, starts):
    hebbian = analysis.attractors(10 * analysis.hebbian_couplings(images), starts)
    _all = (images, activation(beta * e * images), found.states, hebbian.states)
    of_images, of_shown, of_attractors, of_hebb = (
        f"{analysis.angles_between(one)[0]:.0f}°" if len(one) > 1 else "only one" for one in _all
    )
    mo.md(f"""
    | | angle |
    |---|---|
    | the two images | {of_images} |
    | the two states in which the network shows them, $L(\\beta e x)$ | {of_shown} |
    | its two **attractors** | **{of_attractors}** |
    | attractors of Hebb's couplings for the same images | {of_hebb} |

    Part of the way is *saturation*: with strong evidence a state goes close to −1 or 1, the bright
    centre counts no more than the other pixels of the bar, and the images are less alike. That
    has nothing to do with learning. The rest is learning; and it is not Hebb's, whose couplings
    put both images into one attractor.
    """)
    return (hebbian,)


@app.cell
def _(mo):
    mo.md(r"""
    ## What is learned is what was not predicted

    The rule of lesson 4 is $\Delta J_{ij} = \alpha\, \varepsilon_i\, \sigma_j'$ with the prediction
    error $\varepsilon_i = \sigma_i' - L(h_i)$. Learning comes to rest where this is 0 on average,

    $$\langle \varepsilon_i\, \sigma_j' \rangle = 0 \qquad \text{for all } i \ne j:$$

    the error of $i$ goes with nothing that any other subparticle shows. This is the condition for
    least squares in a regression, where it says that the residual is orthogonal to what has been
    used to explain it.

    So show the network one image for a while, then the other. Of the second image it predicts what
    the two have in common, for that is part of the first. The error is the rest, and only the
    rest is stored. It is as if somebody built an orthogonal basis by subtracting from each new
    vector what the earlier ones explain (the method of Gram and Schmidt), without any of the
    subparticles knowing what a vector is.
    """)


@app.cell
def _(mo):
    shown = mo.ui.slider(
        0, 100, 5, value=30, label="presentations of the standing bar", show_value=True
    )
    mo.hstack([shown], justify="start")
    return (shown,)


@app.cell
def _(beta, blank, dp, e, images, np, shown):
    learner = dp.Simulator(blank, precision=beta, seed=0, backend="numpy")
    if shown.value:
        _ = learner.learn(images[:1], e, epochs=shown.value, steps=10, record=())
    state_of = dp.ContinuousBernoulli().mean(beta * e * images)  # before anything was learned

    predictions, errors, drives = [], [], []
    for _image in images:
        _run = learner.fork(seed=1).infer(e * _image, steps=1000, burn_in=20, record="states")
        _before, _after = _run.states[:-1], _run.states[1:]
        _expected = dp.ContinuousBernoulli().mean(_before @ learner.couplings.T)
        _drive = (_after - _expected).T @ _after / len(_after)
        predictions.append(_expected.mean(axis=0))
        errors.append((_after - _expected).mean(axis=0))
        drives.append(float(np.linalg.norm(_drive - np.diag(np.diag(_drive)))))
    return drives, errors, predictions, state_of


@app.cell
def _(analysis, errors, predictions, state_of, style, tiles):
    overlap = float(analysis.projections(errors[1], state_of[0])[0])
    tiles.Tiles(
        [[state_of[0], state_of[1], predictions[1], errors[1]]],
        (5, 5),
        above=[["standing bar", "lying bar", "predicted of it", "error"]],
        limit=1.0,
    ).figure(style.COLUMN * 1.3)
    return (overlap,)


@app.cell
def _(analysis, drives, mo, np, overlap, state_of):
    _alike = float(analysis.projections(state_of[1], state_of[0])[0])
    whole, rest = (f"{np.degrees(np.arccos(one)):.0f}°" for one in (_alike, overlap))
    mo.md(f"""
    Angle to the standing bar: of the lying bar {whole}, of the error that is left of it **{rest}**.
    The pull on all couplings together, $\\Vert \\langle \\varepsilon_i \\sigma_j' \\rangle
    \\Vert$, is {drives[0]:.2f} while the standing bar is shown, and {drives[1]:.2f} while the lying
    one is.
    """)


@app.cell
def _(mo):
    question_1 = mo.md(r"""
    **Question.** (Evidence 30, precision .1.) Move the presentations from 0 to 30. What becomes of
    the two pulls, and what of the angle of the error? Where does the angle end up at precision .5?
    """)
    answer_1 = mo.md(r"""
    While the standing bar is shown, the pull falls from 4.7 to .6: it is known, and there is little
    left to learn from it. For the lying bar it stays at 4.7 to 4.8. The lying bar itself is at 76°
    to the standing one, its error at 91°: what the two have in common has gone out of it. That is
    no identity, though: at precision .05 the angle comes to 81° only, and at .5 to 110°, where the
    network predicts more than what the two have in common.
    """)
    mo.vstack([question_1, mo.accordion({"Show the answer": answer_1})])
    return answer_1, question_1


@app.cell
def _(mo):
    mo.md(r"""
    ## When they are orthogonal, and when not

    "Attractors become orthogonal" is a statement with a condition. Here is the angle between the
    two attractors against the precision while learning, at your strength of evidence, for three
    networks each. It is 0° where there is only one attractor, 180° where the second is the first
    with its sign turned, and left out where there is none but the zero state.
    """)


@app.cell
def _(analysis, blank, dp, e, images, np, starts):
    betas = np.geomspace(0.02, 1.0, 12)
    many = dp.Simulator(blank, precision=np.repeat(betas, 3), networks=36, seed=0, backend="numpy")
    _ = many.learn(images, e, epochs=500, steps=10, record=())
    _rests = many.relax(np.broadcast_to(starts, (36, 2, 25)), precision=1.0)
    angles = np.array(
        [
            analysis.angles_between(one)[0] if np.abs(one).max() > 0.05 else np.nan
            for one in _rests.states
        ]
    ).reshape(12, 3)
    return angles, betas


@app.cell
def _(activation, analysis, angles, betas, e, images, np, style):
    _ax = style.new_figure(style.COLUMN * 1.4, 2.6).subplots()
    _ax.plot(np.repeat(betas, 3), angles.ravel(), "o", color=style.VERMILION, label="attractors")
    _fine = np.geomspace(0.02, 1.0, 60)
    _shown = [analysis.angles_between(activation(one * e * images))[0] for one in _fine]
    _ax.plot(_fine, _shown, color=style.BLUE, label="states shown, L(βex)")
    _ax.axhline(analysis.angles_between(images)[0], color=style.GREY, ls=":", label="images")
    _ax.axhline(90.0, color=style.INK, lw=0.8, ls="--", label="orthogonal")
    _ax.set(xscale="log", ylim=(-5, 185), yticks=(0, 45, 90, 135, 180))
    style.plain(_ax, "", "precision β while learning", "angle, degrees")
    style.legend(_ax, ncols=2)
    _ax.get_figure()
    return


@app.cell
def _(mo):
    question_2 = mo.md(r"""
    **Question.** At precision 1 the attractors have an angle of 69°, far more than the 40° of the
    images. Is that the work of learning?
    """)
    answer_2 = mo.md(r"""
    No. Push every pixel of both images to its nearer end, −1 or 1, and the angle between them is
    69° already. The attractors *are* these two: each correlates by 1.00 with its image so pushed.
    The blue line shows what saturation does at each precision. Learning has done what is above
    it: at evidence 30 and precision .1 that is 92° against 76°.
    """)
    mo.vstack([question_2, mo.accordion({"Show the answer": answer_2})])
    return answer_2, question_2


@app.cell
def _(mo):
    mo.md(r"""
    Low precision: states are too random for the two images to be told apart, and both end in one
    attractor. High precision: hardly any chance is left, each image is predicted completely from
    its own copy, and nothing is gained by keeping what they have in common once only; the
    attractors are copies with their pixels pushed to the ends. Between the two lies the
    *balanced* range, where states are neither random nor certain and the attractors come to 90°,
    or beyond. With stronger evidence it moves to lower precisions: the angle passes 90° where
    $\beta e$ is about 3.

    Why it matters: attractors that have nothing in common can be combined. A state that lies
    between two memories tells how much of each is in it, and images that the network has never
    seen can be answered, in part, by mixing memories. So far each memory was a state at rest. In
    lesson 6 they begin to follow each other.
    """)


if __name__ == "__main__":
    app.run()
